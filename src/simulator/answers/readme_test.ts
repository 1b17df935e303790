// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertGreater, assertThrows } from "@std/assert";
import { SimulatedChain } from "../chain.ts";
import { writeJson } from "../json.ts";
import { SCENARIO_NAMES, type ScenarioName } from "../scenario.ts";
import { README_METHODS } from "./readme.ts";
import { RpcError } from "./common.ts";

// deno-lint-ignore no-explicit-any -- answers are asserted field by field
type Answer = any;

function node(scenario: ScenarioName = "calm", seed = 1) {
  const chain = new SimulatedChain({ seed, scenario, dialect: "readme" });
  const ask = (method: string, tip: number, params: unknown = {}): Answer =>
    JSON.parse(writeJson(README_METHODS.get(method)!(params, chain.viewAt(tip), { callNumber: 0 })));
  return { chain, ask };
}

/** The keys of an answer; of the first item where it is a list. */
function keysOf(answer: Answer): string[] {
  return Object.keys(Array.isArray(answer) ? answer[0] : answer).sort();
}

const SHAPES: Readonly<Record<string, string>> = {
  "consensus.block_height": "height",
  "consensus.finality_status": "blocks_until_finality current_height finalized_hash finalized_height syncing",
  "consensus.stats": "active_stake avg_block_time_ms total_stake tps validator_count",
  "consensus.difficulty": "difficulty",
  "light.headers": "difficulty hash height miner parent_hash reward timestamp_ms tx_count",
  "light.latest_header":
    "difficulty finality_time hash height miner number parent_hash reward timestamp_ms tx_count",
  "net.peers": "peers",
  "net.stats": "active_connections avg_latency_ms bandwidth_in bandwidth_out tps",
  "net.overlay_status": "active_peers backend database_path persisted_peers",
  "mempool.stats": "age_p50 age_p95 fee_floor fee_p50 fee_p90 size",
  "balance": "amount",
  "scheduler.stats": "active_jobs avg_wait_time_ms ops_per_block ops_per_second pending_operations",
  "compute_market.stats":
    "active_jobs avg_utilization pending_operations price_micro provider_margin_ppm providers status total_revenue " +
    "utilization_ppm",
  "storage.stats":
    "avg_price capacity_used pending_operations provider_margin_ppm providers status total_stored utilization_ppm",
  "energy.market_state":
    "active_traders avg_price credits disputes governance pending_operations provider_margin_ppm providers receipts " +
    "status total_credits utilization_ppm volume_24h",
  "ad_market.stats":
    "active_campaigns avg_cpm pending_operations provider_margin_ppm providers status total_impressions " +
    "total_revenue utilization_ppm",
  "receipt.audit": "next_start_height receipts scanned_range schema_version truncated",
  "simulator.info": "account dialect height scenario seed",
  "simulator.truth": "heights receipts",
};

Deno.test("README_METHODS answers every documented method in its shape", () => {
  const { ask } = node();
  for (const [method, keys] of Object.entries(SHAPES)) {
    assertEquals(keysOf(ask(method, 299)).join(" "), keys, method);
  }
  assertEquals([...README_METHODS.keys()].sort(), [...Object.keys(SHAPES), "governor.status"].sort());
});

Deno.test("net.peers lists 24 peers in calm and 2 in an outage, with every field", () => {
  assertEquals(
    keysOf(node().ask("net.peers", 299).peers).join(" "),
    "address connected_at height id is_validator latency_ms reputation version",
  );
  assertEquals(node().ask("net.peers", 299).peers.length, 24);
  const { ask } = node("outage");
  assertEquals([119, 120, 179, 180].map((tip) => ask("net.peers", tip).peers.length), [24, 2, 2, 24]);
});

Deno.test("scheduler.stats grows during an outage and drains after it", () => {
  const { ask } = node("outage");
  const depth = (tip: number) => ask("scheduler.stats", tip).pending_operations as number;
  assertGreater(depth(178), depth(130) + 300);
  assert(depth(260) < 100, `still ${depth(260)} queued`);
});

Deno.test("receipt.audit paged with any limit loses nothing and repeats only cut blocks", () => {
  for (const scenario of ["stress", "reorgs"] as const) {
    const { chain, ask } = node(scenario, 7);
    const tip = 400;
    const view = chain.viewAt(tip);
    const expected: string[] = [];
    for (let height = 0; height <= tip; height++) {
      for (const { index } of view.receipts(height)) {
        expected.push(`${height}/${index}/${chain.digestOf(height, view.variantOf(height), index)}`);
      }
    }
    for (const limit of [30, 128, 512]) {
      const seen: string[] = [];
      let start = 0;
      let pages = 0;
      for (let truncated = true; truncated; pages++) {
        const page = ask("receipt.audit", tip, { start_height: start, limit });
        assert(page.receipts.length <= limit);
        for (const item of page.receipts) {
          seen.push(`${item.block_height}/${item.receipt_index}/${item.digest_hex}`);
        }
        assert(page.next_start_height > start || !page.truncated, `limit ${limit} stuck at ${start}`);
        truncated = page.truncated;
        start = page.next_start_height;
      }
      assertGreater(pages, 1);
      assertEquals(start, tip + 1);
      assertEquals([...new Set(seen)], expected, `${scenario}, limit ${limit}`);
    }
  }
});

Deno.test("receipt.audit cuts a block in its middle and says to read it again", () => {
  const { chain, ask } = node("stress", 7);
  const block = Array.from({ length: 100 }, (_, height) => height).find((h) =>
    chain.receiptsAt(h).length > 8
  )!;
  const page = ask("receipt.audit", 400, { start_height: block, limit: 5 });
  assertEquals([page.receipts.length, page.truncated, page.next_start_height], [5, true, block]);
  assertEquals(page.scanned_range, { start: block, end: block });
});

Deno.test("receipt.audit filters by market, provider and range before it counts", () => {
  const { ask } = node();
  const all = ask("receipt.audit", 299, { start_height: 200, end_height: 250, limit: 512 })
    .receipts as Answer[];
  const filtered = (params: object) =>
    ask("receipt.audit", 299, { start_height: 200, end_height: 250, limit: 512, ...params }).receipts;
  assertEquals(filtered({ market: "energy" }), all.filter((item) => item.receipt_type === "Energy"));
  const ours = all.filter((item) => item.provider_identity === "sim-ad-00");
  assertEquals(filtered({ provider_id: "sim-ad-00" }), ours);
  assertEquals(new Set(all.map((item) => item.block_height)).has(251), false);
  assertThrows(
    () => README_METHODS.get("receipt.audit")!({ market: "gold" }, node().chain.viewAt(9), { callNumber: 0 }),
    RpcError,
    "unknown market",
  );
});

Deno.test("receipt.audit ends after the tip, and starting beyond it is empty", () => {
  const { ask } = node();
  const last = ask("receipt.audit", 299, { start_height: 299 });
  assertEquals([last.truncated, last.next_start_height], [false, 300]);
  const beyond = ask("receipt.audit", 299, { start_height: 300 });
  assertEquals([beyond.receipts, beyond.truncated, beyond.next_start_height], [[], false, 300]);
});

Deno.test("receipt.audit items carry the documented payload of each market", () => {
  const { ask } = node();
  const items = ask("receipt.audit", 299, { start_height: 0, limit: 512 }).receipts as Answer[];
  const payload = (kind: string) =>
    keysOf(items.find((item) => item.receipt_type === kind).receipt).join(" ");
  assertEquals(payload("Compute"), "compute_units consumer job_id payment provider verified");
  assertEquals(payload("Storage"), "bytes_stored consumer contract_id cost provider");
  assertEquals(payload("Energy"), "buyer cost kwh_delivered meter_hash seller");
  assertEquals(payload("Ad"), "advertiser campaign_id impressions publisher spend");
  assertEquals(
    keysOf(items).join(" "),
    "amount audit_queries block_height causality digest_hex disputes invariants provider_identity receipt " +
      "receipt_index receipt_type subsidies",
  );
  assertEquals(keysOf(items[0].subsidies).join(" "), "ad compute read rebate storage");
  const disputed = items.find((item) => item.disputes.length > 0);
  assertEquals(keysOf(disputed.disputes).join(" "), "id opened_height reason status");
});

Deno.test("simulator.truth tells what a height will hold, receipt.audit what it shows now", () => {
  const { chain, ask } = node("reorgs");
  const fork = chain.forkAt(200)!;
  const tip = fork.height + fork.depth;
  const range = { from: fork.height, to: tip, start_height: fork.height, limit: 512 };
  const later = tip + 20;
  assertEquals(ask("simulator.truth", tip, range), ask("simulator.truth", later, range));
  assertEquals(
    ask("receipt.audit", later, { ...range, end_height: tip }).receipts,
    ask("simulator.truth", tip, range).receipts,
  );
  const shown = ask("receipt.audit", tip, range).receipts as Answer[];
  const canonical = new Set(
    ask("simulator.truth", tip, range).receipts.map((item: Answer) => item.digest_hex),
  );
  for (const item of shown) {
    assertEquals(
      canonical.has(item.digest_hex),
      item.block_height <= fork.height,
      `height ${item.block_height}`,
    );
  }
});

Deno.test("consensus.finality_status and light.headers agree in every scenario", () => {
  for (const scenario of SCENARIO_NAMES) {
    const { ask } = node(scenario, 3);
    for (const tip of [0, 2, 130, 299, 1_111]) {
      const status = ask("consensus.finality_status", tip);
      const [header] = ask("light.headers", tip, { start: status.finalized_height, limit: 1 });
      assertEquals(header.hash, status.finalized_hash);
      assertEquals(status.current_height, tip);
      assertEquals(status.blocks_until_finality, tip - status.finalized_height);
    }
  }
});

Deno.test("light.headers takes start and limit, and silently replaces wrong types", () => {
  const { ask } = node();
  const heights = (params: unknown) =>
    ask("light.headers", 299, params).map((header: Answer) => header.height);
  assertEquals(heights({ start: 297 }), [297, 298, 299]);
  assertEquals(heights({ start: 10, limit: 2 }), [10, 11]);
  assertEquals(heights({ start: 300 }), []);
  assertEquals(heights({ start: "5", limit: -1 }).length, 200);
  assertEquals(heights([5, 1]).length, 200);
});

Deno.test("energy.market_state lists the active providers and counts what they delivered", () => {
  const { chain, ask } = node();
  const state = ask("energy.market_state", 299);
  assertEquals(state.providers[0].provider_id, "sim-energy-00");
  assertEquals(state.providers[0].owner, chain.identities.address);
  let delivered = 0;
  let revenue = 0;
  for (let height = 0; height <= 299; height++) {
    for (const receipt of chain.receiptsAt(height)) {
      if (receipt.market !== "energy") continue;
      revenue += receipt.amount;
      if (receipt.provider === 0) delivered += receipt.units;
    }
  }
  assertEquals(state.providers[0].total_delivered_kwh, Math.floor(delivered / 1_000_000));
  assertEquals(state.volume_24h, revenue);
});

Deno.test("simulator.info names the account under which we appear in receipts", () => {
  const { ask } = node();
  const { account, height, seed, scenario, dialect } = ask("simulator.info", 299);
  assertEquals({ height, seed, scenario, dialect }, {
    height: 299,
    seed: 1,
    scenario: "calm",
    dialect: "readme",
  });
  assertEquals(account.miner, "sim-miner-00");
  assertEquals(account.identities.ad, ["sim-ad-00", account.address, "adv-00"]);
  const { receipts } = ask("simulator.truth", 299);
  for (const market of ["compute", "storage", "energy", "ad"]) {
    const names = new Set<string>(account.identities[market]);
    const ours = receipts.filter((item: Answer) =>
      item.receipt_type.toLowerCase() === market &&
      Object.values(item.receipt).some((value) => typeof value === "string" && names.has(value))
    );
    assertGreater(ours.length, 20, market);
  }
});
