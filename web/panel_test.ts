/// <reference lib="deno.ns" />
// @ts-types="#types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { conditionOf, type Facts, lackOf } from "./panel.ts";
import type { Meta } from "../src/server/wire.ts";

const meta = (fields: Partial<Meta> = {}): Meta => ({
  source: "node",
  as_of_ms: 0,
  ttl_ms: 4_000,
  stale: false,
  seq: 1,
  units: {},
  partial: {},
  estimated: {},
  ...fields,
});
const facts = (fields: Partial<Facts>): Facts => ({
  metas: [meta()],
  problems: [undefined],
  lack: null,
  nowMs: 1_000,
  ...fields,
});
const problem = { code: "503", detail: "full" };

for (
  const [name, given, condition] of [
    ["nothing has come", { metas: [meta(), undefined], problems: [undefined, undefined] }, "loading"],
    ["what has not come cannot be had", { metas: [undefined], problems: [problem] }, "error"],
    ["data is there though its topic failed since", { problems: [problem] }, "fresh"],
    ["data is young", { nowMs: 5_400 }, "fresh"],
    [
      "the oldest data is past its time",
      { metas: [meta({ ttl_ms: 60_000 }), meta()], nowMs: 5_600 },
      "stale",
    ],
    ["the server calls it stale", { metas: [meta({ stale: true })] }, "stale"],
    ["data is five times too old", { nowMs: 20_001 }, "dead"],
    ["short-lived data is ten seconds old", { metas: [meta({ ttl_ms: 1_000 })], nowMs: 9_999 }, "stale"],
    ["short-lived data is older than that", { metas: [meta({ ttl_ms: 1_000 })], nowMs: 10_001 }, "dead"],
    ["the node does not offer it", { lack: { state: "unsupported", text: "" } }, "unsupported"],
    ["a lack is no excuse for dead data", { lack: { state: "empty", text: "" }, nowMs: 99_999 }, "dead"],
    ["it has no topics", { metas: [], problems: [] }, "fresh"],
  ] as const satisfies readonly (readonly [string, Partial<Facts>, string])[]
) {
  Deno.test(`conditionOf() is ${condition} when ${name}`, () =>
    assertEquals(conditionOf(facts(given)), condition));
}

Deno.test("lackOf() tells what a node does not offer from what is not there yet", () => {
  const known = meta({
    partial: { a: "NOT_OFFERED: net.x: method not found", b: "WARMING_UP: one block seen" },
  });
  assertEquals(lackOf(null, known, "a", "peers"), {
    state: "unsupported",
    text: "This node does not offer peers.",
  });
  assertEquals(lackOf(null, known, "b", "peers"), { state: "empty", text: "No peers yet: one block seen." });
  assertEquals(lackOf(0, known, "a", "peers"), null);
});
