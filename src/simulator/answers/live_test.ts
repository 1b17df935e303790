// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertGreater, assertThrows } from "@std/assert";
import { SimulatedChain, unexplainedTransfers } from "../chain.ts";
import { writeJson } from "../json.ts";
import type { ScenarioName } from "../scenario.ts";
import { RpcError } from "./common.ts";
import { LIVE_METHODS } from "./live.ts";

// deno-lint-ignore no-explicit-any -- answers are asserted field by field
type Answer = any;

function node(scenario: ScenarioName = "calm", seed = 1) {
  const chain = new SimulatedChain({ seed, scenario, dialect: "live" });
  const ask = (method: string, tip: number, params: unknown = {}): Answer =>
    JSON.parse(writeJson(LIVE_METHODS.get(method)!(params, chain.viewAt(tip), { callNumber: 0 })));
  return { chain, ask };
}

Deno.test("LIVE_METHODS offers nothing that today's node lacks", () => {
  const absent = [
    "consensus.block_height",
    "consensus.stats",
    "receipt.audit",
    "net.peers",
    "scheduler.stats",
  ];
  assertEquals(absent.filter((method) => LIVE_METHODS.has(method)), []);
});

Deno.test("light.headers has height, hash and difficulty only", () => {
  const { ask } = node();
  assertEquals(Object.keys(ask("light.headers", 9, { start: 9 })[0]), ["difficulty", "hash", "height"]);
  assertEquals(Object.keys(ask("light.latest_header", 9)), ["difficulty", "hash", "height"]);
  assertEquals(ask("light.headers", -1), []);
});

Deno.test("energy.receipts paged to the end gives every receipt once, newest block first", () => {
  for (const scenario of ["calm", "reorgs"] as const) {
    const { chain, ask } = node(scenario, 5);
    for (const tip of [399, (chain.forkAt(1_210)?.height ?? 1_210) + 1]) {
      const view = chain.viewAt(tip);
      const expected: string[] = [];
      for (let height = tip; height >= 0; height--) {
        for (const receipt of view.receipts(height)) {
          if (receipt.market !== "energy") continue;
          expected.push(`${height} ${receipt.amount} ${receipt.units / 1_000_000}`);
        }
      }
      for (const size of [7, 250]) {
        const seen: string[] = [];
        for (let page = 0;; page++) {
          const answer = ask("energy.receipts", tip, { page, page_size: size });
          assertEquals([answer.page, answer.page_size, answer.total], [page, size, expected.length]);
          if (answer.receipts.length === 0) break;
          for (const row of answer.receipts) {
            seen.push(`${row.block_settled} ${row.price_paid} ${row.kwh_delivered}`);
          }
        }
        assertEquals(seen, expected, `${scenario}, tip ${tip}, page size ${size}`);
      }
    }
  }
});

Deno.test("energy.receipts filters by seller and clamps the page size to 1..250", () => {
  const { ask } = node();
  const all = ask("energy.receipts", 299, { page_size: 250 }).receipts as Answer[];
  const rest = ask("energy.receipts", 299, { page_size: 250, page: 1 }).receipts as Answer[];
  const ours = [...all, ...rest].filter((row) => row.seller === "sim-energy-00");
  const filtered = ask("energy.receipts", 299, { provider_id: "sim-energy-00", page_size: 9_999 });
  assertEquals(filtered.receipts, ours);
  assertEquals([filtered.page_size, filtered.total], [250, ours.length]);
  assertEquals(ask("energy.receipts", 299, { page_size: 0 }).page_size, 1);
  assertEquals(ask("energy.receipts", 299, { provider_id: "nobody" }).total, 0);
});

Deno.test("energy.receipts, credits and disputes insist on an object", () => {
  const view = node().chain.viewAt(20);
  for (const method of ["energy.receipts", "energy.credits", "energy.disputes"]) {
    for (const params of [undefined, null, [], "x"]) {
      const failing = () => LIVE_METHODS.get(method)!(params, view, { callNumber: 0 });
      const error = assertThrows(failing, RpcError, "parameters must be an object") as RpcError;
      assertEquals(error.code, -32602);
    }
  }
});

Deno.test("energy.disputes filters by status and refuses another word", () => {
  const { chain, ask } = node();
  const all = ask("energy.disputes", 3_000, { page_size: 250 }).disputes as Answer[];
  assertGreater(all.length, 3);
  const open = ask("energy.disputes", 3_000, { status: "open", page_size: 250 }).disputes;
  assertEquals(open, all.filter((row) => row.status === "open"));
  assertThrows(
    () => LIVE_METHODS.get("energy.disputes")!({ status: "bogus" }, chain.viewAt(9), { callNumber: 0 }),
    RpcError,
    "invalid dispute status",
  );
});

Deno.test("settlement.audit keeps 256 gapless entries whose balances follow from their deltas", () => {
  const { chain, ask } = node("reorgs", 2);
  for (const tip of [30, 800, chain.forkAt(900)!.height + 1]) {
    const entries = ask("settlement.audit", tip) as Answer[];
    assertEquals(ask("compute_market.audit", tip), entries);
    if (tip >= 800) assertEquals(entries.length, 256);
    const balances = new Map<string, number>();
    entries.forEach((entry, position) => {
      if (position > 0) assertEquals(entry.sequence, entries[position - 1].sequence + 1);
      const before = balances.get(entry.entity);
      if (before !== undefined) {
        assertEquals(entry.balance, before + entry.delta, `sequence ${entry.sequence}`);
      }
      balances.set(entry.entity, entry.balance);
    });
    for (const { provider, balance } of ask("compute_market.provider_balances", tip).providers) {
      assertEquals(balances.get(provider) ?? balance, balance, provider);
      assertEquals(ask("settlement_status", tip, { provider }), { balance, mode: "real" });
    }
  }
});

Deno.test("balance moves by our energy receipts and settlement entries and nothing else", () => {
  const { chain, ask } = node("calm", 4);
  const address = chain.identities.address;
  let audited = new Map<number, number>();
  for (let tip = 1; tip < 400; tip++) {
    const delta = ask("balance", tip, { address }).amount - ask("balance", tip - 1, { address }).amount;
    let explained = 0;
    for (const row of ask("energy.receipts", tip, { page_size: 50 }).receipts as Answer[]) {
      if (row.block_settled !== tip) continue;
      if (row.seller === "sim-energy-00") explained += row.price_paid - row.treasury_fee - row.slash_applied;
      if (row.buyer === address) explained -= row.price_paid;
    }
    const entries = new Map<number, number>();
    for (const row of ask("settlement.audit", tip) as Answer[]) {
      if (row.entity === "sim-compute-00" || row.entity === address) entries.set(row.sequence, row.delta);
    }
    for (const [sequence, change] of entries) if (!audited.has(sequence)) explained += change;
    audited = new Map([...audited, ...entries]);
    const transfers = unexplainedTransfers(chain, tip, tip).reduce(
      (sum, { amount }) => sum + Number(amount),
      0,
    );
    assertEquals(delta, explained + transfers, `tip ${tip}`);
  }
});

Deno.test("simulator.truth has energy and compute receipts only, energy in milliwatt-hours", () => {
  const { ask } = node();
  const { receipts } = ask("simulator.truth", 299);
  assertEquals(new Set(receipts.map((item: Answer) => item.receipt_type)), new Set(["Compute", "Energy"]));
  const total = ask("energy.receipts", 299).total;
  const energy = receipts.filter((item: Answer) => item.receipt_type === "Energy");
  assertEquals(energy.length, total);
  assert(energy.every((item: Answer) => item.receipt.kwh_delivered >= 1_000_000));
});

Deno.test("storage.discover_providers answers each provider twice, cheapest first, with an expiry ahead", () => {
  const { chain, ask } = node();
  const { providers } = ask("storage.discover_providers", 299, { object_size: 1_024, shares: 1 });
  const names = providers.map((row: Answer) => row.provider);
  assertEquals(names.length, 2 * new Set(names).size);
  names.forEach((name: string, index: number) => assertEquals(name, names[index - index % 2]));
  const prices = providers.map((row: Answer) => row.price_per_block);
  assertEquals(prices, [...prices].sort((a: number, b: number) => a - b));
  const now = chain.stateAt(299).timestampMs / 1_000;
  for (const row of providers) assert(row.expires_at > now && row.expires_at <= now + 900);
  assertEquals(ask("storage.discover_providers", 299, { max_price_per_block: 1 }).providers, []);
});

Deno.test("net.peer_stats_all pages by offset and limit", () => {
  const { ask } = node();
  const ids = (params: object) => ask("net.peer_stats_all", 299, params).map((row: Answer) => row.peer_id);
  const all = ids({});
  assertEquals(all.length, 24);
  assertEquals(new Set(all).size, 24);
  assertEquals(ids({ offset: 20, limit: 10 }), all.slice(20));
  assertEquals(ids({ offset: 2, limit: 3 }), all.slice(2, 5));
});

Deno.test("ad_market.budget spends what advertisers pay, in its own unit", () => {
  const { chain, ask } = node();
  let spend = 0n;
  for (let height = 0; height <= 299; height++) {
    for (const receipt of chain.receiptsAt(height)) {
      if (receipt.market === "ad" && receipt.consumer === 3) spend += BigInt(receipt.amount);
    }
  }
  const campaign = ask("ad_market.budget", 299).campaigns[3];
  assertEquals(campaign.total_budget - campaign.remaining_budget, Number(spend / 100n));
});

Deno.test("ad_market.readiness is not ready while the ad gates rehearse", () => {
  assertEquals(node().ask("ad_market.readiness", 299).ready, true);
  const throttled = node("throttled-ads").ask("ad_market.readiness", 299);
  assertEquals([throttled.ready, throttled.blockers], [false, ["insufficient_unique_viewers"]]);
});
