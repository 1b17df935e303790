/// <reference lib="deno.ns" />
// @ts-types="#types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { remarksOf, type VerdictFacts, verdictOf } from "./overview.ts";
import type { GateWord, MarketsHealth, SyncStatus } from "../../src/server/wire.ts";

type Gates = Partial<Record<"compute" | "storage" | "energy" | "ad", GateWord>>;

function facts(
  sync: SyncStatus,
  overall: MarketsHealth["overall_status"] = "healthy",
  gates: Gates = {},
): VerdictFacts {
  const gate = (state: GateWord = "open") => ({ state, enabled: true });
  return {
    health: { sync_status: sync, _meta: { as_of_ms: 0 } },
    status: { status: "ok" },
    gates: {
      compute: gate(gates.compute),
      storage: gate(gates.storage),
      energy: gate(gates.energy),
      ad: gate(gates.ad),
    },
    markets: { overall_status: overall, healthy_markets: 3, total_markets: 4 },
    scheduler: { queue_depth: 120 },
  } as unknown as VerdictFacts;
}

for (
  const [name, given, sentence] of [
    ["nothing has come", {}, "Waiting for the first data."],
    ["only health has come", { health: { sync_status: "synced" } }, "The chain advances."],
    ["all is well", facts("synced"), "Healthy, with all gates open."],
    [
      "one gate is shut",
      facts("synced", "healthy", { ad: "throttled" }),
      "Healthy, with the ad gate throttled.",
    ],
    [
      "two gates are shut",
      facts("synced", "degraded", { ad: "closed", energy: "unknown" }),
      "Degraded, with two gates not open.",
    ],
    ["no market is healthy", facts("synced", "down"), "No market is healthy, with all gates open."],
    ["there are no peers", facts("standalone"), "Healthy, without peers, with all gates open."],
    ["the node is gone, whatever the markets said last", facts("unreachable"), "The node does not answer."],
    ["the chain stands still", facts("stalled"), "The chain stands still: no new block."],
  ] as const
) {
  Deno.test(`verdictOf() says “${sentence}” when ${name}`, () => {
    assertEquals(verdictOf(given as unknown as VerdictFacts, new Set()), sentence);
  });
}

Deno.test("verdictOf() claims nothing from old data, but says that the node is gone", () => {
  const old = new Set(["health"] as const);
  assertEquals(verdictOf(facts("synced"), old), "No news since 00:00:00 UTC.");
  assertEquals(verdictOf(facts("unreachable"), old), "The node does not answer.");
});

Deno.test("remarksOf() names every shut gate, judges the queue, and counts stale feeds", () => {
  const given = facts("synced", "degraded", { ad: "closed", energy: "throttled" });
  assertEquals(remarksOf(given, new Set()).map(({ tone, text }) => `${tone} ${text}`), [
    "ok chain synced",
    "ok engine running",
    "warn energy throttled",
    "bad ad closed",
    "warn markets 3 of 4",
    "warn queue 120",
    "ok 0 stale feeds",
  ]);
});

Deno.test("remarksOf() no longer vouches for what is old", () => {
  const old = new Set(["health", "gates", "network"] as const);
  const remarks = remarksOf(facts("synced", "healthy", { ad: "closed" }), old);
  assertEquals(remarks.map(({ tone, text }) => `${tone} ${text}`), [
    "unknown chain synced",
    "ok engine running",
    "bad ad closed",
    "ok markets 3 of 4",
    "warn queue 120",
    "warn 3 stale feeds",
  ]);
});

Deno.test("remarksOf() is silent about what has not come", () => {
  assertEquals(remarksOf({}, new Set()).map(({ id }) => id), ["feeds"]);
});
