// @ts-types="#types/std_assert.d.ts"
import { assertEquals, assertThrows } from "@std/assert";
import { plain, recorded } from "../../../tests/support/fixtures.ts";
import { NodeError } from "../errors.ts";
import { fieldOf } from "./field.ts";
import {
  decodeAdBudget,
  decodeAdInventory,
  decodeAdReadiness,
  decodeAdStats,
  decodeComputeStats,
  decodeEnergyMarket,
  decodeStorageProviders,
  decodeStorageStats,
} from "./market.ts";

/** An observation of which nothing is offered. */
const NOTHING = {
  utilizationPpm: "!NOT_OFFERED",
  providerMarginPpm: "!NOT_OFFERED",
  activeProviders: "!NOT_OFFERED",
  pendingOperations: "!NOT_OFFERED",
  quote: "!NOT_OFFERED",
  providers: "!NOT_OFFERED",
  oldestWaitMs: "!NOT_OFFERED",
  ready: "!NOT_OFFERED",
  readyReason: "!NOT_OFFERED",
  figures: [],
  tables: {},
};

Deno.test("decodeComputeStats() reads the live node's idle market: nothing waits, nothing is quoted", () => {
  assertEquals(plain(decodeComputeStats(recorded("compute_market.stats", "idle"))), {
    ...NOTHING,
    utilizationPpm: 0,
    pendingOperations: 0,
    quote: "!NO_PRICE",
    oldestWaitMs: "!NO_SAMPLES",
    figures: [
      { label: "Industrial backlog", value: 0, unit: "units" },
      { label: "Industrial units, total", value: 0, unit: "units" },
      { label: "Industrial price per unit", value: 0, unit: "base units" },
    ],
    tables: { lanes: [], pending: [], lane_starvation: [] },
  });
});

Deno.test("decodeComputeStats() reads a busy live market, the longest wait and totals above 2^53", () => {
  assertEquals(plain(decodeComputeStats(recorded("compute_market.stats", "busy"))), {
    ...NOTHING,
    utilizationPpm: 570_000,
    pendingOperations: 1,
    quote: { priceMicro: 1_100_000_000n, source: "industrial_price_per_unit" },
    oldestWaitMs: 33_000,
    figures: [
      { label: "Industrial backlog", value: 7, unit: "units" },
      { label: "Industrial units, total", value: "9007199254740993", unit: "units" },
      { label: "Industrial price per unit", value: 1_100, unit: "base units" },
      { label: "Industrial price, weighted", value: 1_050, unit: "base units" },
      { label: "Industrial price, base", value: 900, unit: "base units" },
    ],
    tables: {
      lanes: [
        { lane: "fast", bids: 2, asks: 1, oldest_bid_wait_ms: 1_500 },
        { lane: "bulk", bids: 1, asks: 0, oldest_bid_wait_ms: 33_000 },
      ],
      pending: [{ job_id: "j1", priority: "high", effective_priority: 1.5 }],
      lane_starvation: [{ lane: "bulk", job_id: "j1", waited_for_secs: 33, updated_at: 1_767_225_600 }],
    },
  });
});

Deno.test("decodeComputeStats() tells the README's shape from the live one by its fields", () => {
  assertEquals(plain(decodeComputeStats(recorded("compute_market.stats", "readme"))), {
    ...NOTHING,
    utilizationPpm: 571_234,
    providerMarginPpm: 180_000,
    activeProviders: 12,
    pendingOperations: 9,
    quote: { priceMicro: 1_000_000_123n, source: "price_micro" },
    figures: [
      { label: "Active jobs", value: 5, unit: "jobs" },
      { label: "Total revenue", value: 5_000_000, unit: "base units" },
    ],
  });
  assertEquals(
    plain(decodeComputeStats(fieldOf("compute_market.stats", { avg_utilization: 0.57 })).utilizationPpm),
    570_000,
  );
});

Deno.test("decodeComputeStats() does not believe a percentage that cannot be one", () => {
  const stats = (industrial_utilization: number) =>
    plain(decodeComputeStats(fieldOf("compute_market.stats", { industrial_utilization })).utilizationPpm);
  assertEquals([stats(100), stats(1_000), stats(1_001), stats(2 ** 64)], [
    1_000_000,
    10_000_000,
    "!UNDEFINED",
    "!UNDEFINED",
  ]);
});

Deno.test("decodeStorageStats() reads the README's names", () => {
  assertEquals(plain(decodeStorageStats(recorded("storage.stats", "full"))), {
    ...NOTHING,
    utilizationPpm: 420_000,
    providerMarginPpm: 120_000,
    activeProviders: 10,
    pendingOperations: 3,
    quote: { priceMicro: 250_000_000n, source: "avg_price" },
    figures: [
      { label: "Stored", value: 123_456_789_012, unit: "bytes" },
      { label: "Average price", value: 250, unit: "base units" },
      { label: "Capacity used", value: 0.42, unit: "ratio" },
    ],
  });
});

Deno.test("decodeStorageProviders() counts each provider once though the live node lists it twice", () => {
  const listing = { available: "!NOT_OFFERED", capacityUnit: "bytes", reputation: 1 };
  assertEquals(plain(decodeStorageProviders(recorded("storage.discover_providers", "twice"))), {
    ...NOTHING,
    activeProviders: 2,
    providers: [
      { ...listing, id: "sp-2", capacity: 100_000_000, price: 2n, region: "eu", stake: 0n },
      { ...listing, id: "sp-1", capacity: 1_000_000_000, price: 3n, region: "us-east", stake: 1_000n },
    ],
    quote: { priceMicro: 2_000_000n, source: "price_per_block" },
    figures: [{ label: "Listed capacity", value: 1_100_000_000, unit: "bytes" }],
  });
});

Deno.test("decodeStorageProviders() reads an empty list as no provider, no price and no capacity", () => {
  assertEquals(plain(decodeStorageProviders(recorded("storage.discover_providers", "idle"))), {
    ...NOTHING,
    activeProviders: 0,
    providers: [],
    quote: "!NO_PRICE",
    figures: [{ label: "Listed capacity", value: "!NO_SAMPLES", unit: "bytes" }],
  });
});

Deno.test("decodeEnergyMarket() reads the live node's idle market", () => {
  assertEquals(plain(decodeEnergyMarket(recorded("energy.market_state", "idle"))), {
    ...NOTHING,
    utilizationPpm: "!NO_SAMPLES",
    activeProviders: 0,
    providers: [],
    quote: "!NO_PRICE",
    tables: { providers: [], credits: [], disputes: [] },
  });
});

Deno.test("decodeEnergyMarket() derives the use of capacity, quotes the lowest price and keeps u64 exact", () => {
  const { utilizationPpm, activeProviders, quote, providers, tables } = decodeEnergyMarket(
    recorded("energy.market_state", "filled"),
  );
  assertEquals(plain({ utilizationPpm, activeProviders, quote, providers }), {
    utilizationPpm: 550_000, // 1 − (250 + 650) / 2,000
    activeProviders: 2,
    quote: { priceMicro: 120_000_000_000n, source: "price_per_kwh" },
    providers: [
      {
        id: "e1",
        capacity: 1_000,
        available: 250,
        capacityUnit: "kWh",
        price: 2n ** 64n - 1n,
        region: "US_CA",
        reputation: 0.9,
        stake: 2n ** 53n + 1n,
      },
      {
        id: "e2",
        capacity: 1_000,
        available: 650,
        capacityUnit: "kWh",
        price: 120_000n,
        region: "DE",
        reputation: 0.5,
        stake: 1_000n,
      },
    ],
  });
  assertEquals(tables.providers?.[0]?.price_per_kwh, "18446744073709551615");
  assertEquals(tables.credits, [{
    provider: "e1",
    amount_kwh: 12,
    timestamp: 1_767_225_600,
    meter_hash: "ab",
  }]);
  assertEquals(tables.disputes, [{
    id: 1,
    provider_id: "e1",
    meter_hash: "ab",
    reporter: "r",
    reason: "late",
    status: "open",
    opened_at: 5,
  }]);
});

Deno.test("decodeEnergyMarket() reads the README's names, where providers may be a count", () => {
  assertEquals(plain(decodeEnergyMarket(recorded("energy.market_state", "readme"))), {
    ...NOTHING,
    utilizationPpm: 400_000,
    providerMarginPpm: 90_000,
    activeProviders: 8,
    pendingOperations: 2,
    quote: { priceMicro: 120_000_500_000n, source: "avg_price" },
    figures: [
      { label: "Credits", value: 900, unit: "kWh" },
      { label: "Average price", value: 120_000.5, unit: "base units per kWh" },
      { label: "Active traders", value: 8, unit: "accounts" },
      { label: "Volume, 24 h, as the node counts it", value: 777, unit: "base units" },
    ],
    tables: { providers: [], credits: [], disputes: [] },
  });
});

Deno.test("decodeEnergyMarket() does not derive a use from more free capacity than there is", () => {
  const provider = { provider_id: "e", capacity_kwh: 1, available_kwh: 5 };
  const market = decodeEnergyMarket(fieldOf("energy.market_state", { providers: [provider] }));
  assertEquals(plain(market.utilizationPpm), "!UNDEFINED");
});

Deno.test("decodeAdReadiness() reads the live node's blockers, and no utilisation without a cohort", () => {
  const { figures, ...rest } = decodeAdReadiness(recorded("ad_market.readiness", "idle"));
  assertEquals(plain({ ...rest, figures: [] }), {
    ...NOTHING,
    ready: false,
    readyReason: "insufficient_unique_viewers, insufficient_host_diversity, insufficient_provider_diversity",
    activeProviders: 0,
    utilizationPpm: "!NO_SAMPLES",
  });
  assertEquals(figures.map(({ label, value }) => [label, value]), [
    ["Unique viewers", 0],
    ["Hosts", 0],
    ["Providers", 0],
    ["Settlements", 0],
    ["Settled", 0],
    ["Ready streak", 0],
  ]);
});

Deno.test("decodeAdReadiness() reads a ready market", () => {
  const { ready, readyReason, utilizationPpm, activeProviders, figures } = decodeAdReadiness(
    recorded("ad_market.readiness", "ready"),
  );
  assertEquals([ready, readyReason, utilizationPpm, activeProviders], [
    true,
    "the ad market reports that it is ready",
    512_345,
    11,
  ]);
  assertEquals(figures.find(({ unit }) => unit === "µUSD")?.value, "9007199254740993");
});

Deno.test("decodeAdInventory() quotes the lowest cohort price in µUSD, and none without a cohort", () => {
  assertEquals(plain(decodeAdInventory(recorded("ad_market.inventory", "idle"))), {
    quote: "!NO_PRICE",
    tables: { campaigns: [], cohort_prices: [] },
  });
  assertEquals(plain(decodeAdInventory(recorded("ad_market.inventory", "campaign")).tables.campaigns), [
    {
      advertiser_account: "adv-1",
      id: "cmp-1",
      remaining_budget_usd_micros: 5_000_000,
      reserved_budget_usd_micros: 0,
    },
  ]);
  assertEquals(decodeAdInventory(recorded("ad_market.inventory", "priced")).quote, {
    priceMicro: 290n,
    source: "ad cohort price, USD per MiB",
  });
});

Deno.test("decodeAdBudget() reads budgets in µUSD", () => {
  assertEquals(decodeAdBudget(recorded("ad_market.budget", "idle")), []);
  assertEquals(decodeAdBudget(recorded("ad_market.budget", "campaign")), [{
    campaign_id: "cmp-1",
    dual_price: 0,
    epoch_impressions: 0,
    epoch_spend: 0,
    epoch_target: 52_083.333333333336,
    remaining_budget: 5_000_000,
    total_budget: 5_000_000,
  }]);
});

Deno.test("decodeAdStats() reads the README's names", () => {
  assertEquals(plain(decodeAdStats(recorded("ad_market.stats", "full"))), {
    ...NOTHING,
    utilizationPpm: 350_000,
    providerMarginPpm: 600_000,
    activeProviders: 9,
    pendingOperations: 0,
    quote: { priceMicro: 3_000_000_000_000n, source: "avg_cpm" },
    figures: [
      { label: "Active campaigns", value: 6, unit: "campaigns" },
      { label: "Impressions, total", value: "9007199254740993", unit: "impressions" },
      { label: "Total revenue", value: 4_000, unit: "base units" },
      { label: "Average price per 1,000 impressions", value: 3_000_000, unit: "base units" },
    ],
  });
});

Deno.test("quotes of 0 are none, and quotes keep u64 and fractions", () => {
  const quote = (avg_price: unknown) =>
    plain(decodeStorageStats(fieldOf("storage.stats", { avg_price })).quote);
  assertEquals([quote(0), quote(0.0000001), quote(null)], ["!NO_PRICE", "!NO_PRICE", "!NOT_OFFERED"]);
  assertEquals(quote(2n ** 64n - 1n), { priceMicro: (2n ** 64n - 1n) * 1_000_000n, source: "avg_price" });
  assertEquals(quote(1.2345678), { priceMicro: 1_234_567n, source: "avg_price" });
  for (const wrong of ["5", -1, 1e300, Infinity]) {
    assertThrows(() => quote(wrong), NodeError, "result.avg_price");
  }
});

Deno.test("tables keep the scalar members of 200 rows", () => {
  const lanes = Array.from(
    { length: 300 },
    (_, i) => ({ lane: `l${i}`, nested: {}, list: [], on: true, big: 2n ** 60n }),
  );
  const { tables } = decodeComputeStats(fieldOf("compute_market.stats", { settlement_engine: {}, lanes }));
  assertEquals(tables.lanes?.length, 200);
  assertEquals(tables.lanes?.[199], { lane: "l199", on: true, big: "1152921504606846976" });
});
