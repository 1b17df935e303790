/**
 * Bars as columns: what a backtest runs over. Plain typed arrays, so that millions of bars cost no object, and a
 * column moves to a worker without being copied.
 */
import type { GateState } from "../engine/gate.ts";
import type { Token } from "../engine/trading/instrument.ts";
import type { FieldError } from "../runtime/ports/backtest.ts";

/** Bars of one run. With eight columns that is below 1 GiB. */
export const BARS_MAX = 10_000_000;

/** Bad rows that are told one by one; the others are counted. */
export const BAD_ROWS_SHOWN_MAX = 20;

/** A column that grows by doubling. */
export class Column {
  #values: Float64Array;
  length = 0;

  constructor(capacity = 1_024) {
    this.#values = new Float64Array(capacity);
  }

  push(value: number): void {
    if (this.length === this.#values.length) {
      const grown = new Float64Array(this.length * 2);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.length++] = value;
  }

  /** The last value, or NaN. */
  get last(): number {
    return this.length === 0 ? NaN : this.#values[this.length - 1]!;
  }

  /** A view of what was pushed. */
  values(): Float64Array {
    return this.#values.subarray(0, this.length);
  }
}

/** Bars of one instrument; all columns have the length of the series. NaN: no price has ever been known. */
export interface Bars {
  readonly token: Token;
  /** Price at which an order of the bar before fills first; the close where the data have one price per bar. */
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  /** Units that were traded, NaN where a bar does not say; null where no bar does. */
  readonly volume: Float64Array | null;
  /** Places in {@link GATES}; null = always open. */
  readonly gate: Uint8Array | null;
  /** 1 where the price is older than it may be; null = never. */
  readonly stale: Uint8Array | null;
}

/** Gate words by place. */
export const GATES: readonly GateState[] = ["open", "throttled", "closed", "unknown"];

/** What was found in the data, besides the bars. */
export interface DataReport {
  readonly bars: number;
  /** Unix seconds. */
  readonly from: number | null;
  readonly to: number | null;
  /** Rows that repeated the one before in everything, and were left out. */
  readonly duplicates: number;
  /** Steps of more than {@link GAP_FACTOR} times the median step. They are counted and left as they are. */
  readonly gaps: number;
  readonly longestGapSeconds: number;
  readonly medianStepSeconds: number | null;
}

/** Bars to run over. */
export interface Series {
  readonly length: number;
  /** Unix milliseconds; strictly rising but for reorganisations of a recorded chain. */
  readonly timesMs: Float64Array;
  /** Block heights; null = the number of the bar. */
  readonly heights: Float64Array | null;
  readonly instruments: readonly Bars[];
  /** Four columns, one after the other: trend, revert, chop, rug. NaN where nothing has been learned; null = never. */
  readonly posterior: Float64Array | null;
  readonly report: DataReport;
}

/** A step is a gap when it is longer than so many median steps. */
export const GAP_FACTOR = 1.5;

/** Data that cannot be run over, with every reason. */
export class DataError extends Error {
  override readonly name = "DataError";
  readonly errors: readonly FieldError[];

  constructor(message: string, errors: readonly FieldError[]) {
    super(message);
    this.errors = errors;
  }
}

/** Looks for gaps. */
export function reportOn(timesMs: Float64Array, duplicates: number): DataReport {
  const bars = timesMs.length;
  const steps = new Float64Array(Math.max(0, bars - 1));
  for (let i = 1; i < bars; i++) steps[i - 1] = timesMs[i]! - timesMs[i - 1]!;
  const median = steps.length === 0 ? null : Float64Array.from(steps).sort()[steps.length >> 1]!;
  let gaps = 0;
  let longestMs = 0;
  for (const step of steps) {
    if (median === null || step <= GAP_FACTOR * median) continue;
    gaps++;
    longestMs = Math.max(longestMs, step);
  }
  return {
    bars,
    from: bars === 0 ? null : timesMs[0]! / 1000,
    to: bars === 0 ? null : timesMs[bars - 1]! / 1000,
    duplicates,
    gaps,
    longestGapSeconds: longestMs / 1000,
    medianStepSeconds: median === null ? null : median / 1000,
  };
}

/** The first bars of a series, with columns of their own: nothing of what follows can be reached through them. */
export function truncated(series: Series, length: number): Series {
  const cut = <T extends Float64Array | Uint8Array | null>(column: T): T =>
    (column === null ? null : column.slice(0, length)) as T;
  const instruments = series.instruments.map((bars): Bars => ({
    token: bars.token,
    open: cut(bars.open),
    high: cut(bars.high),
    low: cut(bars.low),
    close: cut(bars.close),
    volume: cut(bars.volume),
    gate: cut(bars.gate),
    stale: cut(bars.stale),
  }));
  let posterior: Float64Array | null = null;
  if (series.posterior) {
    posterior = new Float64Array(length * 4);
    for (let i = 0; i < 4; i++) {
      posterior.set(series.posterior.subarray(i * series.length, i * series.length + length), i * length);
    }
  }
  const timesMs = cut(series.timesMs);
  return {
    length,
    timesMs,
    heights: cut(series.heights),
    instruments,
    posterior,
    report: reportOn(timesMs, 0),
  };
}
