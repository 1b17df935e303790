/** The state of the core, and the questions that everybody asks of it. */
import { ACTIVITY_BLOCKS, type ActivityState, emptyActivity } from "./activity.ts";
import { type CandleState, emptyCandles } from "./candle.ts";
import { type ChainState, emptyChain } from "./chain.ts";
import type { Capability, DialectName, SimulationInfo } from "./event.ts";
import type { FeatureEngine } from "./features/engine.ts";
import { emptyFeatures, type FeatureState } from "./features/state.ts";
import { deriveGate, type Gate, type GateHistory } from "./gate.ts";
import { emptyLedger, type LedgerState } from "./ledger.ts";
import { type MarketId, marketOf, perMarket } from "./market.ts";
import type { MarketObservation, ObservationKey, Observations, Slice } from "./observation.ts";
import { emptyPosterior, type PosteriorState } from "./posterior.ts";
import type { IndexPoint } from "./price_index.ts";
import { Absent, absent, type Known } from "./reason.ts";
import type { ReceiptSource } from "./receipt.ts";
import { closedDesk, type DeskState } from "./trading/desk.ts";

/** What the core has to know of the configuration. */
export interface CoreOptions {
  /** Blocks below the tip that count as settled. */
  readonly finalityDepth: number;
  /** Markets that are switched on. */
  readonly enabled: Readonly<Record<MarketId, boolean>>;
  /** The feature engine, for this core alone; one in TypeScript when none is given. */
  readonly engine?: FeatureEngine;
}

/** The connection to the node. */
export interface LinkState {
  up: boolean;
  everUp: boolean;
  sinceMs: number | null;
  reason: string | null;
  bannedUntilMs: number | null;
}

/** What the probe found out about the node. */
export interface NodeState {
  dialect: DialectName;
  simulated: SimulationInfo | null;
  capabilities: readonly Capability[];
  atMs: number;
}

/** One sample of the scheduler's counter of completed jobs. */
export interface CompletedSample {
  readonly atMs: number;
  readonly height: number | null;
  readonly completed: number;
}

/** The whole state. Only `apply` writes to it; everybody else reads. */
export interface CoreState {
  readonly options: CoreOptions;
  /** What the features are computed by; its own state is rebuilt from {@link CoreState.features}. */
  readonly engine: FeatureEngine;
  /** Time of the newest event. */
  nowMs: number;
  link: LinkState;
  node: NodeState | null;
  chain: ChainState;
  slices: { [K in ObservationKey]?: Slice<Observations[K]> };
  gates: Record<MarketId, GateHistory | undefined>;
  activity: Record<MarketId, ActivityState>;
  ledger: LedgerState;
  candles: Record<MarketId, CandleState>;
  /** The price index, ascending and contiguous. */
  index: IndexPoint[];
  features: FeatureState;
  posterior: PosteriorState;
  completed: CompletedSample[];
  /** First height whose receipts are booked. */
  sinceHeight: number | null;
  sinceMs: number | null;
  /** Height up to which every receipt has been applied. */
  receiptsThrough: number | null;
  /** Lists without heights that have been read whole at least once. */
  swept: ReceiptSource[];
  desk: DeskState;
}

/** A state in which nothing has happened. */
export function initialState(options: CoreOptions, engine: FeatureEngine): CoreState {
  return {
    options,
    engine,
    nowMs: 0,
    link: { up: false, everUp: false, sinceMs: null, reason: null, bannedUntilMs: null },
    node: null,
    chain: emptyChain(),
    slices: {},
    gates: perMarket(() => undefined),
    activity: perMarket(() => emptyActivity()),
    ledger: emptyLedger(),
    candles: perMarket(() => emptyCandles()),
    index: [],
    features: emptyFeatures(),
    posterior: emptyPosterior(),
    completed: [],
    sinceHeight: null,
    sinceMs: null,
    receiptsThrough: null,
    swept: [],
    desk: closedDesk(),
  };
}

/** The latest value of a slice, or why there is none. */
export function sliceValue<K extends ObservationKey>(state: CoreState, key: K): Known<Observations[K]> {
  const slice = state.slices[key] as Slice<Observations[K]> | undefined;
  if (slice) return slice.value;
  return state.link.everUp
    ? absent("WARMING_UP", "the node has not been asked yet")
    : absent("NODE_DOWN", state.link.reason ?? "the node has not answered yet");
}

/** A market's own last answer; switched-off markets have none. */
export function marketValue(state: CoreState, id: MarketId): Known<MarketObservation> {
  if (!state.options.enabled[id]) return disabledMarket(id);
  return sliceValue(state, id);
}

/** A market's gate as of now. */
export function gateOf(state: CoreState, id: MarketId): Gate {
  const market = marketOf(id);
  if (!state.options.enabled[id]) return deriveGate(market, disabledMarket(id), disabledMarket(id));
  return deriveGate(market, sliceValue(state, "governor"), marketValue(state, id));
}

/** Rates of completed jobs over the last minute, from the node's counter. */
export function completionRates(
  state: CoreState,
): Known<{ perSecond: number; perBlock: Known<number>; spanMs: number }> {
  const first = state.completed[0];
  const last = state.completed[state.completed.length - 1];
  if (!first || !last || last.atMs <= first.atMs) {
    return absent("WARMING_UP", "two samples of the node's counter are needed");
  }
  const spanMs = last.atMs - first.atMs;
  const done = last.completed - first.completed;
  const blocks = first.height === null || last.height === null ? 0 : last.height - first.height;
  return {
    perSecond: done * 1000 / spanMs,
    perBlock: blocks > 0 ? done / blocks : absent("WARMING_UP", "no block arrived in the last minute"),
    spanMs,
  };
}

/** Number of blocks over which market activity is counted; shown beside the figures. */
export const ACTIVITY_WINDOW_BLOCKS = ACTIVITY_BLOCKS;

function disabledMarket(id: MarketId): Absent {
  return absent("DISABLED", `markets.${marketOf(id).flag} is false`);
}

/** Replaces the latest value of a slice; only the core does. */
export function setSlice<K extends ObservationKey>(state: CoreState, key: K, slice: Slice<unknown>): void {
  (state.slices as Record<ObservationKey, Slice<unknown> | undefined>)[key] = slice;
}
