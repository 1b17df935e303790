// @ts-types="#types/std_assert.d.ts"
import { assertAlmostEquals, assertEquals } from "@std/assert";
import {
  blockEvents,
  codeOf,
  coreWith,
  gateNamed,
  governorWith,
  headerAt,
  marketAnswer,
  observed,
  receiptAt,
  T0,
  unavailable,
} from "../../tests/support/engine.ts";
import type { Core } from "./core.ts";
import type { EngineEvent } from "./event.ts";
import { MARKET_IDS, type MarketId, marketOf, perMarket } from "./market.ts";
import {
  activeProviders,
  concentration,
  healthyShare,
  marketStatus,
  overallStatus,
  priceUnitOf,
  providerMargin,
  unitPrice,
  usableGateShare,
  utilization,
} from "./market_health.ts";
import type { MarketObservation } from "./observation.ts";
import { absent, isKnown } from "./reason.ts";
import type { Receipt } from "./receipt.ts";

/** A governor whose gates of the four markets are in these states. */
function gates(states: Partial<Record<MarketId, string>>): EngineEvent {
  const named = MARKET_IDS.flatMap((id) => (states[id] ? [gateNamed(marketOf(id).gate, states[id])] : []));
  return observed("governor", governorWith(named));
}

const ALL_OPEN = gates({ compute: "active", storage: "active", energy: "active", ad: "active" });

function answers(given: Partial<MarketObservation> = {}): readonly EngineEvent[] {
  return MARKET_IDS.map((id) => observed(id, marketAnswer(given)));
}

function settled(height: number, receipts: readonly Receipt[]): readonly EngineEvent[] {
  return blockEvents(headerAt(height), T0 + 1_000 * height, receipts);
}

function statuses(core: Core): readonly string[] {
  return MARKET_IDS.map((id) => marketStatus(core.state, id));
}

Deno.test("marketStatus() is healthy with a receipt in the last 100 blocks and a gate that is not closed", () => {
  const core = coreWith([
    ...answers(),
    gates({ compute: "active", storage: "rehearsal", energy: "surprise", ad: "inactive" }),
    ...settled(0, MARKET_IDS.map((market, index) => receiptAt(0, { market, index }))),
  ]);
  assertEquals(statuses(core), ["healthy", "healthy", "healthy", "closed"]);
});

Deno.test("marketStatus() is idle once the last receipt has left the window", () => {
  const core = coreWith([...answers(), ALL_OPEN, ...settled(0, [receiptAt(0)])]);
  for (let height = 1; height <= 99; height++) {
    for (const event of settled(height, [])) core.apply(event);
  }
  assertEquals(marketStatus(core.state, "compute"), "healthy");
  for (const event of settled(100, [])) core.apply(event);
  assertEquals(marketStatus(core.state, "compute"), "idle");
});

Deno.test("marketStatus() is unavailable where no source answers, and not where receipts do", () => {
  const core = coreWith([
    ...MARKET_IDS.map((id) => unavailable(id)),
    ...settled(0, [receiptAt(0)]),
  ]);
  assertEquals(statuses(core), ["healthy", "unavailable", "unavailable", "unavailable"]);
});

Deno.test("marketStatus() of a market that is switched off is disabled whatever happens in it", () => {
  const core = coreWith([...answers(), ALL_OPEN, ...settled(0, [receiptAt(0)])], {
    enabled: { ...perMarket(() => true), compute: false },
  });
  assertEquals(marketStatus(core.state, "compute"), "disabled");
});

Deno.test("overallStatus() is healthy from three, degraded from one, down at none, unknown without a source", () => {
  assertEquals(overallStatus(["healthy", "healthy", "healthy", "closed"]), "healthy");
  assertEquals(overallStatus(["healthy", "healthy", "idle", "unavailable"]), "degraded");
  assertEquals(overallStatus(["healthy", "unavailable", "unavailable", "disabled"]), "degraded");
  assertEquals(overallStatus(["idle", "unavailable", "unavailable", "unavailable"]), "down");
  assertEquals(overallStatus(["closed", "closed", "closed", "closed"]), "down");
  assertEquals(overallStatus(["unavailable", "unavailable", "disabled", "disabled"]), "unknown");
});

Deno.test("unitPrice() is the newest price of receipts, whatever is quoted", () => {
  const quoted = marketAnswer({ quote: { priceMicro: 5n, source: "price_micro" } });
  const core = coreWith([observed("compute", quoted)]);
  assertEquals(unitPrice(core.state, "compute"), { priceMicro: 5n, source: "price_micro" });
  for (const event of settled(0, [receiptAt(0)])) core.apply(event);
  assertEquals(unitPrice(core.state, "compute"), { priceMicro: 100_000_000n, source: "receipts" });
});

Deno.test("unitPrice() says NO_PRICE without receipts and quote, and the node's reason without an answer", () => {
  const core = coreWith([
    observed("compute", marketAnswer()),
    observed("energy", marketAnswer({ quote: absent("NO_PRICE", "no energy provider quotes a price") })),
    unavailable("storage"),
  ]);
  assertEquals(codeOf(unitPrice(core.state, "compute")), "NO_PRICE");
  const energy = unitPrice(core.state, "energy");
  assertEquals(isKnown(energy) ? "" : energy.because, "no energy provider quotes a price");
  assertEquals(codeOf(unitPrice(core.state, "storage")), "NOT_OFFERED");
  assertEquals(codeOf(unitPrice(core.state, "ad")), "WARMING_UP");
});

Deno.test("utilization() and providerMargin() prefer the market's own word over the governor's sample", () => {
  const governor = governorWith([], {
    economics: { compute: { utilizationPpm: 11, providerMarginPpm: 22 } },
  });
  const core = coreWith([
    observed("governor", governor),
    observed("compute", marketAnswer({ utilizationPpm: 0 })),
    observed("storage", marketAnswer()),
  ]);
  assertEquals(utilization(core.state, "compute"), 0);
  assertEquals(providerMargin(core.state, "compute"), 22);
  assertEquals(codeOf(utilization(core.state, "storage")), "NOT_OFFERED");
  assertEquals(codeOf(providerMargin(core.state, "ad")), "WARMING_UP");
});

Deno.test("utilization() of a disabled market is DISABLED even when the governor samples it", () => {
  const governor = governorWith([], {
    economics: { compute: { utilizationPpm: 11, providerMarginPpm: 22 } },
  });
  const core = coreWith([observed("governor", governor)], {
    enabled: { ...perMarket(() => true), compute: false },
  });
  assertEquals(codeOf(utilization(core.state, "compute")), "DISABLED");
});

Deno.test("activeProviders() counts those that the market lists, else those in receipts, and says which", () => {
  const receipts = ["a", "b", "a", null].map((provider, index) => receiptAt(0, { index, provider }));
  const core = coreWith([observed("compute", marketAnswer()), ...settled(0, receipts)]);
  assertEquals(activeProviders(core.state, "compute"), { count: 2, fromReceipts: true });
  core.apply(observed("compute", marketAnswer({ activeProviders: 0 })));
  assertEquals(activeProviders(core.state, "compute"), { count: 0, fromReceipts: false });
  core.apply(observed("storage", marketAnswer()));
  assertEquals(codeOf(activeProviders(core.state, "storage")), "NOT_OFFERED");
});

Deno.test("concentration() is the Herfindahl–Hirschman index of the amounts", () => {
  const shares = [["a", 50n], ["b", 30n], ["c", 20n]] as const;
  const receipts = shares.map(([provider, amount], index) => receiptAt(0, { index, provider, amount }));
  const core = coreWith(settled(0, receipts));
  const index = concentration(core.state, "compute");
  assertAlmostEquals(isKnown(index) ? index : NaN, 0.25 + 0.09 + 0.04, 1e-12);
  const monopoly = coreWith(settled(0, [receiptAt(0, { amount: 2n ** 64n - 1n })]));
  assertEquals(concentration(monopoly.state, "compute"), 1);
  assertEquals(codeOf(concentration(core.state, "ad")), "NO_SAMPLES");
  assertEquals(
    codeOf(concentration(coreWith(settled(0, [receiptAt(0, { amount: 0n })])).state, "compute")),
    "NO_SAMPLES",
  );
});

Deno.test("healthyShare() is the share of the enabled markets", () => {
  const two = [receiptAt(0), receiptAt(0, { market: "ad", index: 1 })];
  const all = coreWith([...answers(), ALL_OPEN, ...settled(0, two)]);
  assertEquals(healthyShare(all.state), 0.5);
  const three = coreWith([...answers(), ALL_OPEN, ...settled(0, two)], {
    enabled: { ...perMarket(() => true), storage: false },
  });
  assertAlmostEquals(healthyShare(three.state) as number, 2 / 3, 1e-12);
});

Deno.test("healthyShare() is absent where every market is off or no source answers", () => {
  assertEquals(codeOf(healthyShare(coreWith([], { enabled: perMarket(() => false) }).state)), "DISABLED");
  assertEquals(codeOf(healthyShare(coreWith(MARKET_IDS.map((id) => unavailable(id))).state)), "NOT_OFFERED");
});

Deno.test("usableGateShare() counts open and throttled gates of the enabled markets", () => {
  const mixed = gates({ compute: "active", storage: "rehearsal", energy: "inactive", ad: "surprise" });
  assertEquals(usableGateShare(coreWith([mixed]).state), 0.5);
  const off = { enabled: { ...perMarket(() => true), energy: false, ad: false } };
  assertEquals(usableGateShare(coreWith([mixed], off).state), 1);
});

Deno.test("usableGateShare() is absent without a governor and 0 with one that names none of the gates", () => {
  assertEquals(codeOf(usableGateShare(coreWith([unavailable("governor")]).state)), "NOT_OFFERED");
  assertEquals(codeOf(usableGateShare(coreWith([], { enabled: perMarket(() => false) }).state)), "DISABLED");
  assertEquals(usableGateShare(coreWith([observed("governor", governorWith([]))]).state), 0);
});

Deno.test("priceUnitOf() names the unit of each market's price", () => {
  assertEquals(MARKET_IDS.map(priceUnitOf), [
    "µ base units per compute unit",
    "µ base units per MiB",
    "µ base units per kWh",
    "µ base units per 1,000 impressions",
  ]);
});
