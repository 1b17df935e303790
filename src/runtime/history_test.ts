// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import { blocksUpTo, coreWith, headerAt, receiptAt, T0 } from "../../tests/support/engine.ts";
import { perMarket } from "../engine/market.ts";
import { metricIndex, METRICS, sampleHistory } from "./history.ts";

/** The table as it was kept from the beginning: a name never moves and never goes, because samples are kept by place. */
const FIRST_METRICS = [
  "block_height",
  "finality_lag",
  "block_time_ms",
  "tps",
  "peer_count",
  "network_strength",
  "mempool_size",
  "queue_depth",
  "queue_wait_ms",
  "processed_per_block",
  "throughput",
  "rpc_p95_ms",
  "bandwidth_in",
  "bandwidth_out",
  "net_profit",
  "total_revenue",
  "total_costs",
  ...["compute", "storage", "energy", "ad"].flatMap((market) =>
    ["utilization_ppm", "provider_margin_ppm", "unit_price_micro", "volume_100", "receipts_100"]
      .map((name) => `${name}.${market}`)
  ),
];

Deno.test("METRICS keeps every name in its place and its names apart", () => {
  const names = METRICS.map(({ name }) => name);
  assertEquals(names.slice(0, FIRST_METRICS.length), FIRST_METRICS);
  assertEquals(new Set(names).size, names.length);
  for (const [place, name] of names.entries()) assertEquals(metricIndex(name), place);
  assertEquals(metricIndex("nothing"), -1);
});

Deno.test("sampleHistory() has a value or NaN for every metric, at the time of the newest block", () => {
  const core = coreWith(blocksUpTo(5));
  const sample = sampleHistory(core.state);
  assertEquals(sample?.t, T0 / 1000 + 5);
  assertEquals(sample?.values.length, METRICS.length);
  assertEquals(sample?.values[metricIndex("block_height")], 5);
  assertEquals(sample?.values[metricIndex("block_time_ms")], 1_000);
  assert(Number.isNaN(sample?.values[metricIndex("peer_count")]), "nobody said how many peers there are");
  assert(
    Number.isNaN(sample?.values[metricIndex("net_profit")]),
    "nobody is configured whose profit it could be",
  );
});

Deno.test("sampleHistory() counts profit once we are somebody, and volume of every market", () => {
  const identities = { account: "acc", miner: null, byMarket: perMarket(() => ["p0"]) };
  const core = coreWith([{ kind: "identities", atMs: T0, identities }, ...blocksUpTo(0)]);
  core.apply({ kind: "receipts", atMs: T0, receipts: [receiptAt(0)], through: 0 });
  const { values } = sampleHistory(core.state)!;
  assertEquals([values[metricIndex("net_profit")], values[metricIndex("volume_100.compute")]], [
    1_000,
    1_000,
  ]);
  assertEquals(values[metricIndex("receipts_100.energy")], 0);
});

Deno.test("sampleHistory() takes nothing without a block, in catch-up, and while the node does not answer", () => {
  assertEquals(sampleHistory(coreWith().state), null);
  const late = coreWith([{ kind: "block", atMs: T0, header: headerAt(0), catchUp: true }]);
  assertEquals(sampleHistory(late.state), null);
  const down = coreWith(blocksUpTo(2));
  down.apply({ kind: "link", atMs: T0 + 5_000, up: false, reason: "gone" });
  assertEquals(sampleHistory(down.state), null);
});
