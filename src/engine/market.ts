/**
 * The four service markets of The Block. Adding a market is a row here, its decoder and its dialects.
 */

/** Stable identifier of a market, as it appears on our wire. */
export type MarketId = "compute" | "storage" | "energy" | "ad";

/** What the engine has to know about one market. */
export interface Market {
  readonly id: MarketId;
  /** Instrument symbol, upper case. */
  readonly symbol: string;
  /** `receipt_type` of this market in the node's receipts. */
  readonly receiptKind: string;
  /** Name of the governor gate that opens and closes the market. */
  readonly gate: string;
  /** The unit that one unit price is quoted for. */
  readonly priceUnit: string;
  /** The unit in which receipts count what was delivered. */
  readonly receiptUnit: string;
  /** How many receipt units make one price unit (bytes in a MiB, milliwatt-hours in a kWh, …). */
  readonly receiptUnitsPerPriceUnit: bigint;
  /** Configuration key that switches the market off. */
  readonly flag: string;
}

/** One row per market, in the order in which they are shown. */
export const MARKETS: readonly Market[] = [
  {
    id: "compute",
    symbol: "COMPUTE",
    receiptKind: "Compute",
    gate: "compute",
    priceUnit: "compute unit",
    receiptUnit: "compute unit",
    receiptUnitsPerPriceUnit: 1n,
    flag: "compute_enabled",
  },
  {
    id: "storage",
    symbol: "STORAGE",
    receiptKind: "Storage",
    gate: "storage",
    priceUnit: "MiB",
    receiptUnit: "byte",
    receiptUnitsPerPriceUnit: 1_048_576n,
    flag: "storage_enabled",
  },
  {
    id: "energy",
    symbol: "ENERGY",
    receiptKind: "Energy",
    gate: "energy",
    priceUnit: "kWh",
    receiptUnit: "mWh",
    receiptUnitsPerPriceUnit: 1_000_000n,
    flag: "energy_enabled",
  },
  {
    id: "ad",
    symbol: "AD",
    receiptKind: "Ad",
    gate: "ad_targeting_contextual",
    priceUnit: "1,000 impressions",
    receiptUnit: "impression",
    receiptUnitsPerPriceUnit: 1_000n,
    flag: "ad_enabled",
  },
];

/** The identifiers alone, in the order of {@link MARKETS}. */
export const MARKET_IDS: readonly MarketId[] = MARKETS.map((market) => market.id);

const BY_ID = new Map(MARKETS.map((market) => [market.id as string, market]));

/** The row of a market. */
export function marketOf(id: MarketId): Market {
  return BY_ID.get(id)!;
}

/** Whether a string names a market. */
export function isMarketId(text: string): text is MarketId {
  return BY_ID.has(text);
}

/** Builds a record with one value per market, in table order. */
export function perMarket<T>(valueOf: (market: Market) => T): Record<MarketId, T> {
  return Object.fromEntries(MARKETS.map((market) => [market.id, valueOf(market)])) as Record<MarketId, T>;
}
