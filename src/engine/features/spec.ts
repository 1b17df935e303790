/**
 * The features: one table that feeds the engine, generates the documentation and the schema, and is hashed, so that a
 * reader of a vector can tell what its numbers are. An index never changes its meaning; new features take new ones.
 */
import { lastPrice, type PricePoint } from "../activity.ts";
import type { CoreState } from "../state.ts";
import { gateOf, sliceValue } from "../state.ts";
import type { GateState } from "../gate.ts";
import { MARKET_IDS, type MarketId, MARKETS } from "../market.ts";
import { activeProviders, concentration, providerMargin, utilization } from "../market_health.ts";
import { blockTimeMs, finalityLag, type Measured, reorgs100, tps } from "../network.ts";
import { absent, isKnown, type Known, mapKnown } from "../reason.ts";
import type { Receipt } from "../receipt.ts";
import type { Aggregation } from "./engine.ts";

/** What a feature is about: one market, or all of them. */
export type FeatureScope = MarketId | "all";

/** One feature. */
export interface Feature {
  readonly index: number;
  readonly name: string;
  readonly market: FeatureScope;
  /** What it is computed from. */
  readonly source: string;
  readonly unit: string;
  readonly aggregation: Aggregation;
  readonly normalization: "z-score";
  /** Version of the table that it came with. */
  readonly since: number;
  readonly meaning: string;
  /** For values that a slot has one of: the value when the slot ends. */
  readonly atSlot?: (state: CoreState, height: number) => Known<number>;
  /** For values that receipts bring: what one receipt adds. */
  readonly ofReceipt?: (receipt: Receipt) => number;
}

/** Version of the table. */
export const FEATURE_TABLE_VERSION = 1;

/** Price points that volatility and the moving average look back over. */
const VOLATILITY_POINTS = 32;
const EMA_POINTS = 96;
const EMA_ALPHA = 2 / 33;

/** How open a gate is. */
const GATE_VALUE: Readonly<Record<GateState, number | null>> = {
  open: 1,
  throttled: 0.5,
  closed: 0,
  unknown: null,
};

type Draft = Omit<Feature, "index" | "normalization" | "since">;

const value = (known: Known<Measured>): Known<number> => mapKnown(known, (measured) => measured.value);

const scheduler = (state: CoreState) => sliceValue(state, "scheduler");

/** The six that the project has always named, in their order and units. */
const GENERAL: readonly Draft[] = [
  {
    name: "market_utilization",
    market: "all",
    source: "market answers, governor.status",
    unit: "%",
    aggregation: "last",
    meaning: "mean utilisation of the markets that report one",
    atSlot: (state) => {
      const known = MARKET_IDS.map((id) => utilization(state, id)).filter(isKnown);
      if (known.length === 0) return absent("NOT_OFFERED", "no market reports its utilisation");
      return known.reduce((sum, ppm) => sum + ppm, 0) / known.length / 10_000;
    },
  },
  {
    name: "operation_volume",
    market: "all",
    source: "receipts",
    unit: "receipts per block",
    aggregation: "count",
    meaning: "receipts of the slot",
    ofReceipt: () => 1,
  },
  {
    name: "cost_delta",
    market: "all",
    source: "receipts",
    unit: "base units",
    aggregation: "delta",
    meaning: "what was paid in the slot, less what was paid in the slot before",
    ofReceipt: ({ amount }) => Number(amount),
  },
  {
    name: "provider_count",
    market: "all",
    source: "receipts",
    unit: "providers",
    aggregation: "last",
    meaning: "distinct providers in receipts of the last 100 blocks",
    atSlot: (state) => MARKET_IDS.reduce((sum, id) => sum + state.activity[id].providers.size, 0),
  },
  {
    name: "queue_depth",
    market: "all",
    source: "scheduler",
    unit: "operations",
    aggregation: "last",
    meaning: "operations that wait in the scheduler",
    atSlot: (state) => mapKnown(scheduler(state), ({ queueDepth }) => queueDepth),
  },
  {
    name: "finality_lag",
    market: "all",
    source: "consensus.finality_status",
    unit: "blocks",
    aggregation: "last",
    meaning: "blocks between the tip and the newest final one",
    atSlot: finalityLag,
  },
];

/** The features of one market. */
function ofMarket(id: MarketId): readonly Draft[] {
  const own = (draft: Omit<Draft, "market" | "name">, name: string): Draft => ({
    ...draft,
    name: `${name}.${id}`,
    market: id,
  });
  return [
    own({
      source: "market answer, governor.status",
      unit: "%",
      aggregation: "last",
      meaning: "utilisation",
      atSlot: (state) => mapKnown(utilization(state, id), (ppm) => ppm / 10_000),
    }, "utilization"),
    own({
      source: "market answer, governor.status",
      unit: "%",
      aggregation: "last",
      meaning: "provider margin",
      atSlot: (state) => mapKnown(providerMargin(state, id), (ppm) => ppm / 10_000),
    }, "margin"),
    own({
      source: "receipts",
      unit: "receipts per block",
      aggregation: "count",
      meaning: "receipts of the slot",
      ofReceipt: () => 1,
    }, "volume"),
    own({
      source: "receipts",
      unit: "base units",
      aggregation: "sum",
      meaning: "what was paid in the slot",
      ofReceipt: ({ amount }) => Number(amount),
    }, "spend"),
    own({
      source: "receipts",
      unit: "receipts per 100 blocks",
      aggregation: "last",
      meaning: "receipts of the last 100 blocks",
      atSlot: (state) => state.activity[id].window.count,
    }, "receipt_velocity"),
    own({
      source: "receipts",
      unit: "ratio",
      aggregation: "last",
      meaning: "share of the judged receipts of the last 100 blocks that were verified",
      atSlot: (state) => {
        const { verified, unverified } = state.activity[id].window;
        if (verified + unverified === 0) {
          return absent("NO_SAMPLES", "no receipt says whether the work was verified");
        }
        return verified / (verified + unverified);
      },
    }, "success_rate"),
    own({
      source: "governor.status",
      unit: "1 open, 0.5 throttled, 0 closed",
      aggregation: "last",
      meaning: "the gate",
      atSlot: (state) => GATE_VALUE[gateOf(state, id).state] ?? absent("UNDEFINED", "the gate is unknown"),
    }, "gate"),
    own({
      source: "market answer, receipts",
      unit: "providers",
      aggregation: "last",
      meaning: "providers at work",
      atSlot: (state) => mapKnown(activeProviders(state, id), ({ count }) => count),
    }, "provider_count"),
    own({
      source: "receipts",
      unit: "HHI 0..1",
      aggregation: "last",
      meaning: "Herfindahl–Hirschman index of what providers earned in the last 100 blocks",
      atSlot: (state) => concentration(state, id),
    }, "provider_concentration"),
    own({
      source: "receipts",
      unit: "ln",
      aggregation: "sum",
      meaning: "log return of the unit price against the block that settled before; 0 while nothing settles",
      atSlot: (state, height) => lastReturn(state.activity[id].prices, height),
    }, "price_log_return"),
    own({
      source: "receipts",
      unit: "ln per price",
      aggregation: "last",
      meaning: `root mean square of the last ${VOLATILITY_POINTS} log returns`,
      atSlot: (state) => volatility(state.activity[id].prices),
    }, "realized_volatility"),
    own({
      source: "receipts",
      unit: "ln",
      aggregation: "last",
      meaning: `ln of the unit price over its exponential average (α = 2/33, the last ${EMA_POINTS} prices)`,
      atSlot: (state) => emaGap(state.activity[id].prices),
    }, "ema_gap"),
  ];
}

/** The chain and its mempool. */
const CHAIN: readonly Draft[] = [
  {
    name: "mempool_size",
    market: "all",
    source: "mempool.stats",
    unit: "transactions",
    aggregation: "last",
    meaning: "pending transactions of all lanes",
    atSlot: (state) =>
      mapKnown(sliceValue(state, "mempool"), ({ lanes }) => lanes.reduce((sum, { size }) => sum + size, 0)),
  },
  {
    name: "fee_p50",
    market: "all",
    source: "mempool.stats",
    unit: "base units",
    aggregation: "last",
    meaning: "median fee of the consumer lane",
    atSlot: (state) =>
      mapKnown(
        sliceValue(state, "mempool"),
        ({ lanes }) => lanes[0] ? Number(lanes[0].feeP50) : absent("NOT_OFFERED", "no lane"),
      ),
  },
  {
    name: "tps",
    market: "all",
    source: "consensus.stats, headers, governor.status",
    unit: "1/s",
    aggregation: "last",
    meaning: "transactions per second",
    atSlot: (state) => value(tps(state)),
  },
  {
    name: "block_interval",
    market: "all",
    source: "consensus.stats, headers",
    unit: "ms",
    aggregation: "last",
    meaning: "mean block interval",
    atSlot: (state) => value(blockTimeMs(state)),
  },
  {
    name: "reorgs",
    market: "all",
    source: "headers",
    unit: "per 100 blocks",
    aggregation: "last",
    meaning: "reorganisations among the last 100 blocks",
    atSlot: reorgs100,
  },
];

/** First index of each group; groups have room to grow. */
const FIRST = { general: 0, market: 16, perMarket: 16, chain: 96 } as const;

function numbered(drafts: readonly Draft[], first: number): readonly Feature[] {
  return drafts.map((draft, i) => ({
    ...draft,
    index: first + i,
    normalization: "z-score" as const,
    since: 1,
  }));
}

/** Every feature, by ascending index. Indices without a row are 0 in the vector. */
export const FEATURES: readonly Feature[] = [
  ...numbered(GENERAL, FIRST.general),
  ...MARKETS.flatMap(({ id }, i) => numbered(ofMarket(id), FIRST.market + i * FIRST.perMarket)),
  ...numbered(CHAIN, FIRST.chain),
];

function lastReturn(prices: readonly PricePoint[], height: number): Known<number> {
  const last = prices[prices.length - 1];
  const before = prices[prices.length - 2];
  if (!last || !before || last.height !== height) {
    return absent("NO_SAMPLES", "nothing settled in this block");
  }
  return logRatio(last, before);
}

function volatility(prices: readonly PricePoint[]): Known<number> {
  const points = prices.slice(-(VOLATILITY_POINTS + 1));
  if (points.length < 3) return absent("NO_SAMPLES", "fewer than three prices");
  let sum = 0;
  for (let i = 1; i < points.length; i++) sum += logRatio(points[i]!, points[i - 1]!) ** 2;
  return Math.sqrt(sum / (points.length - 1));
}

function emaGap(prices: readonly PricePoint[]): Known<number> {
  const points = prices.slice(-EMA_POINTS);
  const last = points[points.length - 1];
  if (!last || last.priceMicro <= 0n) return absent("NO_PRICE", "nothing has settled yet");
  let ema = Number(points[0]!.priceMicro);
  for (const { priceMicro } of points.slice(1)) ema += EMA_ALPHA * (Number(priceMicro) - ema);
  return ema > 0 ? Math.log(Number(last.priceMicro) / ema) : absent("UNDEFINED", "the average price is 0");
}

function logRatio(now: PricePoint, before: PricePoint): number {
  const ratio = Number(now.priceMicro) / Number(before.priceMicro);
  return ratio > 0 && Number.isFinite(ratio) ? Math.log(ratio) : 0;
}

/** The newest unit price of a market as a float; null while nothing has settled. */
export function priceOf(state: CoreState, id: MarketId): number | null {
  const point = lastPrice(state.activity[id]);
  return point && point.priceMicro > 0n ? Number(point.priceMicro) : null;
}
