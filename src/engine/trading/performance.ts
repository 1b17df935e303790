/**
 * Performance of an equity curve. Conventions, chosen once:
 *
 * - The curve holds cash and open positions. It is sampled at the closes of intervals aligned to UTC, one day unless
 *   said otherwise; an interval without a point keeps the last close. The first close is the base, so n intervals give
 *   n − 1 returns.
 * - A year has 365 days. Sharpe = mean(r − f) / s · √P with s over n − 1 and P intervals a year; Sortino takes
 *   √(Σ min(r − f, 0)² / n) instead of s; Calmar = CAGR / largest drawdown.
 * - Drawdown is taken over every point, not over the closes.
 * - What is undefined is absent with a reason, never a sentinel.
 */
import { absent, type Known } from "../reason.ts";
import { type Moments, momentsOf, normalCdf, Z_95 } from "./moments.ts";

/** One day. */
export const DAY_MS = 86_400_000;

/** The year of every annualised figure. */
export const YEAR_MS = 365 * DAY_MS;

/** Returns below which a figure is said to rest on few. */
export const FEW_RETURNS = 30;

/** Intervals that a curve may span. */
export const INTERVALS_MAX = 1_000_000;

/** Shortest curve that a yearly growth is told for. */
const GROWTH_SPAN_MIN_MS = DAY_MS;

/** An equity curve: `length` points of times, which do not fall, and money. */
export interface EquityCurve {
  /** Unix milliseconds. */
  readonly timesMs: Float64Array;
  /** Base units. */
  readonly equity: Float64Array;
  readonly length: number;
}

/** The worst fall of a curve. */
export interface Drawdown {
  /** Largest fall below the peak before it, ratio. */
  readonly ratio: number;
  /** The same in money; both may belong to different falls. */
  readonly amount: number;
  readonly peakMs: number;
  readonly troughMs: number;
  /** When the peak was reached again; null = not yet. */
  readonly recoveredMs: number | null;
  /** Longest time below a peak; to the end of the curve when it was not reached again. */
  readonly longestMs: number;
}

/** Figures of an equity curve. */
export interface EquityStatistics {
  readonly intervalMs: number;
  readonly periodsPerYear: number;
  /** Returns that the figures rest on. */
  readonly samples: number;
  readonly fewSamples: boolean;
  readonly startMs: number;
  readonly endMs: number;
  readonly returnRatio: Known<number>;
  readonly cagr: Known<number>;
  /** Standard deviation of returns a year. */
  readonly volatility: Known<number>;
  readonly sharpe: Known<number>;
  /** 95 % interval of Sharpe. */
  readonly sharpeLow: Known<number>;
  readonly sharpeHigh: Known<number>;
  /** Probability that the true Sharpe is above 0. */
  readonly probabilisticSharpe: Known<number>;
  readonly sortino: Known<number>;
  readonly calmar: Known<number>;
  readonly drawdown: Known<Drawdown>;
  /** Loss of one interval that was exceeded in 5 % of them, and the mean of those, ratios of equity. */
  readonly valueAtRisk: Known<number>;
  readonly expectedShortfall: Known<number>;
}

/** How a curve is judged. */
export interface StatisticsOptions {
  readonly intervalMs: number;
  /** Return a year that is had without risk, ratio. */
  readonly riskFreeRatio: number;
}

/** Days, and nothing without risk. */
export const DEFAULT_STATISTICS: StatisticsOptions = { intervalMs: DAY_MS, riskFreeRatio: 0 };

/**
 * Figures of an equity curve.
 *
 * @throws {RangeError} If the interval is not a whole number of milliseconds within 1 ms to a year
 */
export function equityStatistics(
  curve: EquityCurve,
  options: StatisticsOptions = DEFAULT_STATISTICS,
): EquityStatistics {
  const { intervalMs, riskFreeRatio } = options;
  if (!(Number.isInteger(intervalMs) && intervalMs >= 1 && intervalMs <= YEAR_MS)) {
    throw new RangeError(
      `Cannot compute statistics: interval must be within 1..${YEAR_MS} ms, found ${intervalMs}`,
    );
  }
  const { timesMs, equity, length } = curve;
  const periodsPerYear = YEAR_MS / intervalMs;
  const returns = intervalReturns(curve, intervalMs);
  const samples = returns instanceof Float64Array ? returns.length : 0;
  const startMs = length > 0 ? timesMs[0]! : 0;
  const endMs = length > 0 ? timesMs[length - 1]! : 0;
  const drawdown = drawdownOf(curve);
  const cagr = growthOf(curve);
  const tail = returns instanceof Float64Array ? historicalTail(returns) : returns;
  const ratios = returns instanceof Float64Array
    ? ratiosOf(returns, periodsPerYear, riskFreeRatio / periodsPerYear)
    : null;
  const missing = returns instanceof Float64Array ? null : returns;
  return {
    intervalMs,
    periodsPerYear,
    samples,
    fewSamples: samples < FEW_RETURNS,
    startMs,
    endMs,
    returnRatio: length > 0 && equity[0]! > 0
      ? equity[length - 1]! / equity[0]! - 1
      : absent("NO_SAMPLES", "the curve is empty"),
    cagr,
    volatility: missing ?? ratios!.volatility,
    sharpe: missing ?? ratios!.sharpe,
    sharpeLow: missing ?? ratios!.sharpeLow,
    sharpeHigh: missing ?? ratios!.sharpeHigh,
    probabilisticSharpe: missing ?? ratios!.probabilisticSharpe,
    sortino: missing ?? ratios!.sortino,
    calmar: calmarOf(cagr, drawdown),
    drawdown,
    valueAtRisk: "valueAtRisk" in tail ? tail.valueAtRisk : tail,
    expectedShortfall: "expectedShortfall" in tail ? tail.expectedShortfall : tail,
  };
}

/** Simple returns between the closes of UTC intervals, or why there are none. */
export function intervalReturns(curve: EquityCurve, intervalMs: number): Known<Float64Array> {
  const { timesMs, equity, length } = curve;
  const needs = absent("NO_SAMPLES", "it needs the closes of two intervals");
  if (length === 0) return needs;
  const first = Math.floor(timesMs[0]! / intervalMs);
  const count = Math.floor(timesMs[length - 1]! / intervalMs) - first;
  if (!(count >= 1)) return needs;
  if (count > INTERVALS_MAX) {
    return absent("UNDEFINED", `the curve spans more than ${INTERVALS_MAX} intervals`);
  }
  const returns = new Float64Array(count);
  let before = 0;
  let at = 0;
  for (let interval = 0; interval <= count; interval++) {
    const end = (first + interval + 1) * intervalMs;
    while (at < length && timesMs[at]! < end) at++;
    const close = equity[at - 1]!;
    if (!(close > 0)) return absent("UNDEFINED", "equity was not positive at a close");
    if (interval > 0) returns[interval - 1] = close / before - 1;
    before = close;
  }
  return returns;
}

interface Ratios {
  readonly volatility: Known<number>;
  readonly sharpe: Known<number>;
  readonly sharpeLow: Known<number>;
  readonly sharpeHigh: Known<number>;
  readonly probabilisticSharpe: Known<number>;
  readonly sortino: Known<number>;
}

function ratiosOf(returns: Float64Array, periodsPerYear: number, riskFree: number): Ratios {
  const excess = returns.map((value) => value - riskFree);
  const moments = momentsOf(excess);
  const year = Math.sqrt(periodsPerYear);
  const few = absent("NO_SAMPLES", "it needs two returns");
  const flat = absent("UNDEFINED", "returns do not vary");
  const sortino = sortinoOf(excess, moments.mean, year);
  if (returns.length < 2) {
    return {
      volatility: few,
      sharpe: few,
      sharpeLow: few,
      sharpeHigh: few,
      probabilisticSharpe: few,
      sortino,
    };
  }
  const volatility = moments.deviation * year;
  if (!(moments.deviation > 0)) {
    return {
      volatility,
      sharpe: flat,
      sharpeLow: flat,
      sharpeHigh: flat,
      probabilisticSharpe: flat,
      sortino,
    };
  }
  const sharpe = moments.mean / moments.deviation;
  const error = sharpeError(sharpe, moments);
  return {
    volatility,
    sharpe: sharpe * year,
    sharpeLow: (sharpe - Z_95 * error) * year,
    sharpeHigh: (sharpe + Z_95 * error) * year,
    probabilisticSharpe: error > 0
      ? normalCdf(sharpe / error)
      : absent("UNDEFINED", "the error of Sharpe is 0"),
    sortino,
  };
}

/**
 * Standard error of a Sharpe ratio per interval, for returns that are not normal.
 *
 * E. Mertens, "Comments on variance of the IID estimator in Lo" (2002), as used by D. Bailey and M. López de Prado,
 * "The Sharpe ratio efficient frontier" (2012).
 */
export function sharpeError(sharpe: number, { count, skewness, kurtosis }: Moments): number {
  const spread = 1 - skewness * sharpe + (kurtosis - 1) / 4 * sharpe * sharpe;
  return Math.sqrt(Math.max(0, spread) / (count - 1));
}

function sortinoOf(excess: Float64Array, mean: number, year: number): Known<number> {
  let sum = 0;
  for (const value of excess) if (value < 0) sum += value * value;
  if (sum === 0) return absent("UNDEFINED", "no return was below the target");
  return mean / Math.sqrt(sum / excess.length) * year;
}

/** Compound growth a year. */
function growthOf({ timesMs, equity, length }: EquityCurve): Known<number> {
  const spanMs = length > 0 ? timesMs[length - 1]! - timesMs[0]! : 0;
  if (!(spanMs >= GROWTH_SPAN_MIN_MS)) return absent("NO_SAMPLES", "it needs a curve of one day");
  const growth = (equity[length - 1]! / equity[0]!) ** (YEAR_MS / spanMs) - 1;
  return Number.isFinite(growth) ? growth : absent("UNDEFINED", "growth a year is beyond any number");
}

function calmarOf(cagr: Known<number>, drawdown: Known<Drawdown>): Known<number> {
  if (typeof cagr !== "number") return cagr;
  if (!("ratio" in drawdown)) return drawdown;
  return drawdown.ratio > 0 ? cagr / drawdown.ratio : absent("UNDEFINED", "equity never fell");
}

/** The worst fall over every point of a curve. */
export function drawdownOf({ timesMs, equity, length }: EquityCurve): Known<Drawdown> {
  if (length === 0) return absent("NO_SAMPLES", "the curve is empty");
  let peak = equity[0]!;
  let peakMs = timesMs[0]!;
  let ratio = 0, amount = 0, longestMs = 0;
  let worstPeakMs = peakMs, worstPeak = peak, troughMs = peakMs;
  let recoveredMs: number | null = peakMs;
  for (let i = 1; i < length; i++) {
    const value = equity[i]!;
    const timeMs = timesMs[i]!;
    if (value >= peak) {
      if (timeMs - peakMs > longestMs && equity[i - 1]! < peak) longestMs = timeMs - peakMs;
      peak = value;
      peakMs = timeMs;
      if (recoveredMs === null && value >= worstPeak) recoveredMs = timeMs;
      continue;
    }
    if (timeMs - peakMs > longestMs) longestMs = timeMs - peakMs;
    if (peak - value > amount) amount = peak - value;
    const fall = (peak - value) / peak;
    if (fall > ratio) {
      ratio = fall;
      worstPeakMs = peakMs;
      worstPeak = peak;
      troughMs = timeMs;
      recoveredMs = null;
    }
  }
  return { ratio, amount, peakMs: worstPeakMs, troughMs, recoveredMs, longestMs };
}

/** Returns that a historical tail needs; the 5 % tail of fewer has less than one of them. */
const TAIL_MIN = 20;

/** The lower 5 % of returns as they were: where it begins, and its mean, as losses (≥ 0). */
export function historicalTail(
  returns: ArrayLike<number>,
  samplesMin = TAIL_MIN,
): Known<{ readonly valueAtRisk: number; readonly expectedShortfall: number }> {
  if (returns.length < Math.max(1, samplesMin)) {
    return absent("NO_SAMPLES", `it needs ${samplesMin} returns, there are ${returns.length}`);
  }
  const sorted = Float64Array.from(returns).sort();
  const position = (sorted.length - 1) * 0.05;
  const below = Math.floor(position);
  const low = sorted[below]!;
  const border = low + (sorted[Math.min(below + 1, sorted.length - 1)]! - low) * (position - below);
  let sum = 0;
  let count = 0;
  while (count < sorted.length && sorted[count]! <= border) sum += sorted[count++]!;
  return { valueAtRisk: Math.max(0, -border), expectedShortfall: Math.max(0, -sum / count) };
}
