/// <reference lib="deno.ns" />
// @ts-types="#types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { type ChipFacts, chipOf } from "./shell.ts";

const facts = (fields: Partial<ChipFacts>): ChipFacts => ({
  state: { kind: "open" },
  simulated: false,
  nodeUp: true,
  ageMs: 400,
  polling: false,
  nowMs: 10_000,
  ...fields,
});
const waiting = { kind: "waiting", attempt: 3, retryAtMs: 14_200 } as const;

for (
  const [name, given, says] of [
    ["a real node answers", {}, "LIVE 0.4 s"],
    ["a simulated node answers, never LIVE", { simulated: true }, "SIM 0.4 s"],
    [
      "the node is gone, though the server is there",
      { nodeUp: false, simulated: true },
      "OFFLINE node does not answer",
    ],
    ["nothing is known yet", { nodeUp: null }, "OFFLINE waiting for data"],
    ["it connects for the first time", { state: { kind: "connecting", attempt: 0 } }, "OFFLINE connecting"],
    ["the browser has no network", { state: { kind: "offline" } }, "OFFLINE no network"],
    ["the link is lost", { state: waiting }, "RECONNECTING 3 in 5 s"],
    [
      "the link is lost and polls get through",
      { state: waiting, polling: true },
      "RECONNECTING 3 in 5 s, polling",
    ],
    ["it tries again", { state: { kind: "connecting", attempt: 3 } }, "RECONNECTING 3 now"],
    [
      "the time of the next try has passed",
      { state: { ...waiting, retryAtMs: 9_000 } },
      "RECONNECTING 3 in 0 s",
    ],
  ] as const satisfies readonly (readonly [string, Partial<ChipFacts>, string])[]
) {
  Deno.test(`chipOf() says ${says} when ${name}`, () => {
    const chip = chipOf(facts(given));
    assertEquals(`${chip.word} ${chip.detail}`, says);
  });
}
