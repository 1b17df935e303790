/**
 * Candles of a unit price, in three widths. A reorganisation takes points back, so each point remembers the candles
 * as they were before it.
 */
import { HEADER_WINDOW } from "./chain.ts";

/** Widths in seconds. */
export const CANDLE_STEPS = [1, 60, 900] as const;

/** Width of a candle. */
export type CandleStep = (typeof CANDLE_STEPS)[number];

/** One candle; prices in micro base units per price unit. */
export interface Candle {
  /** Begin, Unix seconds of event time. */
  readonly t: number;
  readonly open: bigint;
  readonly high: bigint;
  readonly low: bigint;
  readonly close: bigint;
  /** Amount paid, base units. */
  readonly amount: bigint;
  /** Receipt units delivered. */
  readonly units: bigint;
  readonly count: number;
  /** `receipts`, or the node's field that stood in. */
  readonly source: string;
}

/** A price to be drawn. */
export interface CandlePoint {
  readonly height: number;
  readonly timeMs: number;
  readonly priceMicro: bigint;
  readonly amount: bigint;
  readonly units: bigint;
  readonly count: number;
  readonly source: string;
}

/** The open candles of one market, by width, and how to go back. */
export interface CandleState {
  open: (Candle | null)[];
  undo: { height: number; before: (Candle | null)[] }[];
}

/** A candle that changed. */
export interface CandleChange {
  readonly step: CandleStep;
  readonly candle: Candle;
}

/** No candle yet. */
export function emptyCandles(): CandleState {
  return { open: CANDLE_STEPS.map(() => null), undo: [] };
}

/** Draws a point; returns the candles as they are now. A point older than an open candle is left out of it. */
export function addPoint(state: CandleState, point: CandlePoint): readonly CandleChange[] {
  state.undo.push({ height: point.height, before: [...state.open] });
  while (state.undo.length > 0 && state.undo[0]!.height <= point.height - HEADER_WINDOW) state.undo.shift();
  return CANDLE_STEPS.flatMap((step, i) => {
    const t = Math.floor(point.timeMs / (1000 * step)) * step;
    const open = state.open[i] ?? null;
    if (open !== null && t < open.t) return [];
    const candle = open !== null && open.t === t ? grown(open, point) : begun(t, point);
    state.open[i] = candle;
    return [{ step, candle }];
  });
}

/**
 * Takes back the points above `toHeight`.
 *
 * @returns For each width the candle that is open now; later ones are no longer true
 */
export function revertPoints(
  state: CandleState,
  toHeight: number,
): readonly { readonly step: CandleStep; readonly candle: Candle | null }[] {
  let changed = false;
  while (state.undo.length > 0 && state.undo[state.undo.length - 1]!.height > toHeight) {
    state.open = state.undo.pop()!.before;
    changed = true;
  }
  return changed ? CANDLE_STEPS.map((step, i) => ({ step, candle: state.open[i] ?? null })) : [];
}

function begun(t: number, { priceMicro, amount, units, count, source }: CandlePoint): Candle {
  return {
    t,
    open: priceMicro,
    high: priceMicro,
    low: priceMicro,
    close: priceMicro,
    amount,
    units,
    count,
    source,
  };
}

function grown(candle: Candle, point: CandlePoint): Candle {
  return {
    ...candle,
    high: point.priceMicro > candle.high ? point.priceMicro : candle.high,
    low: point.priceMicro < candle.low ? point.priceMicro : candle.low,
    close: point.priceMicro,
    amount: candle.amount + point.amount,
    units: candle.units + point.units,
    count: candle.count + point.count,
    source: point.source,
  };
}
