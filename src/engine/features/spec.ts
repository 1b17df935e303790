/**
 * The features: one table that feeds the engine, generates the documentation and the schema, and is hashed, so that a
 * reader of a vector can tell what its numbers are. An index never changes its meaning; new features take new ones.
 */
import { hashText } from "../hash.ts";
import type { CoreState } from "../state.ts";
import { gateOf, sliceValue } from "../state.ts";
import type { GateState } from "../gate.ts";
import { MARKET_IDS, type MarketId, MARKETS } from "../market.ts";
import { activeProviders, concentration, providerMargin, utilization } from "../market_health.ts";
import { finalityLag, type Measured, reorgs100, tps } from "../network.ts";
import type { ObservationKey } from "../observation.ts";
import { absent, isKnown, type Known, mapKnown } from "../reason.ts";
import { type Aggregation, aggregationCodes, FEATURE_COUNT } from "./engine.ts";
import {
  blockInterval,
  indexEfficiency,
  indexEmaGap,
  indexReturn,
  indexVolatility,
  priceEmaGap,
  priceReturn,
  priceVolatility,
  volumeTrend,
} from "./formula.ts";

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
  readonly atSlot?: (state: CoreState) => Known<number>;
  /**
   * The answers that a value of a slot is computed from. What the node says now tells nothing about a block that is
   * fetched later, so such a value is only sampled for a block that came live, while one of the answers is current.
   */
  readonly polls?: readonly ObservationKey[];
  /** For values that receipts bring: what one receipt adds; null when it says nothing about it. */
  readonly ofReceipt?: (receipt: SlotReceipt) => number | null;
}

/** As much of a receipt as features need. */
export interface SlotReceipt {
  readonly market: MarketId;
  readonly height: number;
  /** Whether it is work; else a movement of money that belongs to work listed elsewhere. */
  readonly work: boolean;
  /** What was paid, base units; null for the side of a movement that pays. */
  readonly amount: number | null;
}

/** Version of the table. */
export const FEATURE_TABLE_VERSION = 1;

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

const work = ({ work }: SlotReceipt) => (work ? 1 : null);
const paid = ({ amount }: SlotReceipt) => amount;

/** The six that the project has always named, in their order and units; then the price index. */
const GENERAL: readonly Draft[] = [
  {
    name: "market_utilization",
    market: "all",
    source: "market answers, governor.status",
    unit: "%",
    aggregation: "last",
    meaning: "mean utilisation of the markets that report one",
    polls: ["governor", ...MARKET_IDS],
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
    meaning: "receipts that became known in the slot",
    ofReceipt: work,
  },
  {
    name: "cost_delta",
    market: "all",
    source: "receipts",
    unit: "base units",
    aggregation: "delta",
    meaning: "what was paid in the slot, less what was paid in the slot before",
    ofReceipt: paid,
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
    polls: ["scheduler"],
    atSlot: (state) => mapKnown(scheduler(state), ({ queueDepth }) => queueDepth),
  },
  {
    name: "finality_lag",
    market: "all",
    source: "consensus.finality_status",
    unit: "blocks",
    aggregation: "last",
    meaning: "blocks between the tip and the newest final one",
    polls: ["finality"],
    atSlot: finalityLag,
  },
  {
    name: "price_index_return",
    market: "all",
    source: "receipts",
    unit: "ln",
    aggregation: "sum",
    meaning: "log return of the price index: the mean over the markets that have a unit price",
    atSlot: indexReturn,
  },
  {
    name: "price_index_ema_gap",
    market: "all",
    source: "receipts",
    unit: "ln",
    aggregation: "last",
    meaning: "price index less its exponential average (α = 2/33, the last 96 slots)",
    atSlot: indexEmaGap,
  },
  {
    name: "price_index_efficiency_20",
    market: "all",
    source: "receipts",
    unit: "−1..1",
    aggregation: "last",
    meaning: "what the price index moved over the last 20 slots, over the way that it took",
    atSlot: (state) => indexEfficiency(state, 20),
  },
  {
    name: "price_index_efficiency_60",
    market: "all",
    source: "receipts",
    unit: "−1..1",
    aggregation: "last",
    meaning: "the same over the last 60 slots",
    atSlot: (state) => indexEfficiency(state, 60),
  },
  {
    name: "price_index_volatility",
    market: "all",
    source: "receipts",
    unit: "ln per slot",
    aggregation: "last",
    meaning: "root mean square of the last 32 log returns of the price index",
    atSlot: indexVolatility,
  },
  {
    name: "volume_trend",
    market: "all",
    source: "receipts",
    unit: "ln",
    aggregation: "last",
    meaning: "ln((r₂₀ + 1) / (r₁₀₀ / 5 + 1)) with rₙ the receipts of the last n slots",
    atSlot: volumeTrend,
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
      polls: ["governor", id],
      atSlot: (state) => mapKnown(utilization(state, id), (ppm) => ppm / 10_000),
    }, "utilization"),
    own({
      source: "market answer, governor.status",
      unit: "%",
      aggregation: "last",
      meaning: "provider margin",
      polls: ["governor", id],
      atSlot: (state) => mapKnown(providerMargin(state, id), (ppm) => ppm / 10_000),
    }, "margin"),
    own({
      source: "receipts",
      unit: "receipts per block",
      aggregation: "count",
      meaning: "receipts that became known in the slot",
      ofReceipt: work,
    }, "volume"),
    own({
      source: "receipts",
      unit: "base units",
      aggregation: "sum",
      meaning: "what was paid in the slot",
      ofReceipt: paid,
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
      polls: ["governor", id],
      atSlot: (state) => GATE_VALUE[gateOf(state, id).state] ?? absent("UNDEFINED", "the gate is unknown"),
    }, "gate"),
    own({
      source: "market answer, receipts",
      unit: "providers",
      aggregation: "last",
      meaning: "providers at work",
      polls: [id],
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
      meaning: "log return of the unit price against the slot before; 0 while nothing settles",
      atSlot: (state) => priceReturn(state, id),
    }, "price_log_return"),
    own({
      source: "receipts",
      unit: "ln per slot",
      aggregation: "last",
      meaning: "root mean square of the last 32 log returns",
      atSlot: (state) => priceVolatility(state, id),
    }, "realized_volatility"),
    own({
      source: "receipts",
      unit: "ln",
      aggregation: "last",
      meaning: "ln of the unit price over its exponential average (α = 2/33, the last 96 slots)",
      atSlot: (state) => priceEmaGap(state, id),
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
    polls: ["mempool"],
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
    polls: ["mempool"],
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
    polls: ["head", "chainStats"],
    atSlot: (state) => value(tps(state)),
  },
  {
    name: "block_interval",
    market: "all",
    source: "headers",
    unit: "ms",
    aggregation: "last",
    meaning: "time between the block and the one before it",
    atSlot: blockInterval,
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

const FEATURE_AT: ReadonlyMap<number, Feature> = new Map(FEATURES.map((feature) => [feature.index, feature]));

/** The aggregation codes of the table, for an engine. */
export const FEATURE_MODES: Uint8Array = aggregationCodes(
  Array.from({ length: FEATURE_COUNT }, (_, index) => FEATURE_AT.get(index)?.aggregation ?? "last"),
);

/** Hash of everything in the table that gives a number its meaning. */
export const FEATURE_SCHEMA: string = hashText(
  JSON.stringify([
    FEATURE_TABLE_VERSION,
    FEATURES.map(({ index, name, market, source, unit, aggregation, normalization, meaning }) => [
      index,
      name,
      market,
      source,
      unit,
      aggregation,
      normalization,
      meaning,
    ]),
  ]),
);
