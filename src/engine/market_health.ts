/** Verdicts over markets, by written rules. */
import { lastPrice, type PricePoint } from "./activity.ts";
import { type CoreState, gateOf, marketValue, sliceValue } from "./state.ts";
import { MARKET_IDS, type MarketId, marketOf } from "./market.ts";
import { type Absent, absent, isKnown, type Known } from "./reason.ts";

/** How a market does. */
export type MarketStatus = "healthy" | "idle" | "closed" | "unavailable" | "disabled";

/** A unit price with where it comes from. */
export interface UnitPrice {
  readonly priceMicro: bigint;
  readonly source: string;
}

/** The status of a market: healthy needs a receipt within the last 100 blocks and a gate that is not closed. */
export function marketStatus(state: CoreState, id: MarketId): MarketStatus {
  if (!state.options.enabled[id]) return "disabled";
  const receipts = state.activity[id].window.count;
  if (receipts === 0 && !isKnown(marketValue(state, id))) return "unavailable";
  if (gateOf(state, id).state === "closed") return "closed";
  return receipts > 0 ? "healthy" : "idle";
}

/** The verdict over all markets: healthy from three healthy ones on, degraded from one on. */
export function overallStatus(
  statuses: readonly MarketStatus[],
): "healthy" | "degraded" | "down" | "unknown" {
  if (statuses.every((status) => status === "unavailable" || status === "disabled")) return "unknown";
  const healthy = statuses.filter((status) => status === "healthy").length;
  return healthy >= 3 ? "healthy" : healthy >= 1 ? "degraded" : "down";
}

/** The current unit price: the newest one from receipts, else what the market quotes. */
export function unitPrice(state: CoreState, id: MarketId): Known<UnitPrice> {
  const point = lastPrice(state.activity[id]);
  if (point) return { priceMicro: point.priceMicro, source: "receipts" };
  const own = marketValue(state, id);
  if (!isKnown(own)) return own;
  if (isKnown(own.quote)) return own.quote;
  return own.quote.code === "NO_PRICE"
    ? own.quote
    : absent("NO_PRICE", "the market has no receipt yet and quotes no price");
}

/** Utilisation: the market's own answer, else the governor's sample of it. */
export function utilization(state: CoreState, id: MarketId): Known<number> {
  return ownOrGovernor(state, id, "utilizationPpm");
}

/** Provider margin: the market's own answer, else the governor's sample of it. */
export function providerMargin(state: CoreState, id: MarketId): Known<number> {
  return ownOrGovernor(state, id, "providerMarginPpm");
}

function ownOrGovernor(
  state: CoreState,
  id: MarketId,
  field: "utilizationPpm" | "providerMarginPpm",
): Known<number> {
  const own = marketValue(state, id);
  if (isKnown(own) && isKnown(own[field])) return own[field];
  const governor = sliceValue(state, "governor");
  const sample = isKnown(governor) ? governor.economics[id] : undefined;
  if (sample && state.options.enabled[id]) return sample[field];
  return isKnown(own) ? own[field] : own;
}

/** Providers at work: as the market lists them, else as receipts of the last 100 blocks show them. */
export function activeProviders(
  state: CoreState,
  id: MarketId,
): Known<{ count: number; fromReceipts: boolean }> {
  const own = marketValue(state, id);
  if (isKnown(own) && isKnown(own.activeProviders)) {
    return { count: own.activeProviders, fromReceipts: false };
  }
  const seen = state.activity[id].providers.size;
  if (seen > 0) return { count: seen, fromReceipts: true };
  return isKnown(own) ? own.activeProviders as Known<never> : own;
}

/**
 * Concentration of a market: the Herfindahl–Hirschman index Σ(vᵢ/Σv)² of the amounts that providers earned within
 * the last 100 blocks; 1 is a monopoly.
 */
export function concentration(state: CoreState, id: MarketId): Known<number> {
  const { window, providers } = state.activity[id];
  if (window.amount === 0n) return absent("NO_SAMPLES", "no receipt within the last 100 blocks");
  // Exact, so that the order in which providers came makes no difference.
  let squares = 0n;
  for (const { amount } of providers.values()) squares += amount * amount;
  return Number(squares) / Number(window.amount * window.amount);
}

/** Price points that volatility looks back on. */
export const VOLATILITY_POINTS = 32;

/** Root mean square of the last log returns of a unit price, per priced block. */
export function priceVolatility(prices: readonly PricePoint[]): Known<number> {
  const points = prices.slice(-(VOLATILITY_POINTS + 1));
  if (points.length < 3) return absent("NO_SAMPLES", "fewer than three prices");
  let sum = 0;
  for (let i = 1; i < points.length; i++) {
    const [now, before] = [Number(points[i]!.priceMicro), Number(points[i - 1]!.priceMicro)];
    sum += now > 0 && before > 0 ? Math.log(now / before) ** 2 : 0;
  }
  return Math.sqrt(sum / (points.length - 1));
}

/** Share of the enabled markets that are healthy. */
export function healthyShare(state: CoreState): Known<number> {
  const statuses = MARKET_IDS.filter((id) => state.options.enabled[id]).map((id) => marketStatus(state, id));
  if (statuses.length === 0) return absent("DISABLED", "every market is switched off");
  if (statuses.every((status) => status === "unavailable")) {
    return absent("NOT_OFFERED", "this node answers for no market");
  }
  return statuses.filter((status) => status === "healthy").length / statuses.length;
}

/** Share of the enabled markets whose gate is known and not closed. */
export function usableGateShare(state: CoreState): Known<number> {
  const gates = MARKET_IDS.filter((id) => state.options.enabled[id]).map((id) => gateOf(state, id).state);
  if (gates.length === 0) return absent("DISABLED", "every market is switched off");
  const governor = sliceValue(state, "governor");
  if (!isKnown(governor)) return governor;
  if (!governor.enabled) return absent("DISABLED", "the node's governor is disabled");
  return gates.filter((gate) => gate === "open" || gate === "throttled").length / gates.length;
}

/** The unit that a market's price is quoted for, with what it is a price of. */
export function priceUnitOf(id: MarketId): string {
  return `µ base units per ${marketOf(id).priceUnit}`;
}

/** Why volumes of a market cannot be known, or null when receipts of it can be read. */
export function receiptsOffered(state: CoreState, id: MarketId): Absent | null {
  if (!state.options.enabled[id]) return absent("DISABLED", `markets.${marketOf(id).flag} is false`);
  if (state.activity[id].total.count > 0) return null;
  const node = state.node;
  if (node === null) {
    return absent(
      state.link.everUp ? "WARMING_UP" : "NODE_DOWN",
      state.link.reason ?? "the node has not answered yet",
    );
  }
  const sources = node.capabilities.filter((capability) => RECEIPT_SOURCES[id].includes(capability.id));
  if (sources.some(({ status }) => status === "offered")) return null;
  if (sources.some(({ status }) => status === "unknown") || sources.length === 0) {
    return absent("WARMING_UP", "the node has not been asked for receipts yet");
  }
  return absent("NOT_OFFERED", `this node gives no receipts of the ${id} market`);
}

/** Which capabilities can bring receipts of a market. */
const RECEIPT_SOURCES: Readonly<Record<MarketId, readonly string[]>> = {
  compute: ["receipts", "slaHistory", "settlementAudit"],
  storage: ["receipts"],
  energy: ["receipts", "energyReceipts"],
  ad: ["receipts"],
};
