/** How variants are compared: the Sharpe ratio per bar, which short stretches have too. */
import { absent, type Known } from "../engine/reason.ts";
import { momentsOf, normalCdf } from "../engine/trading/moments.ts";
import { sharpeError } from "../engine/trading/performance.ts";
import type { RunState } from "./run.ts";

/** Figures of one variant over one stretch. */
export interface Score {
  readonly bars: number;
  readonly pnlRatio: number;
  readonly drawdown: number;
  readonly trades: number;
  /** Mean over standard deviation of the returns per bar; NaN where they do not vary. */
  readonly sharpePerBar: number;
  /** Its standard error. */
  readonly error: number;
}

/** Scores a run that has ended. */
export function scoreOf({ account, equity, from, bar }: RunState): Score {
  const bars = bar - from;
  const returns = new Float64Array(bars);
  for (let i = 0; i < bars; i++) returns[i] = equity[i]! > 0 ? equity[i + 1]! / equity[i]! - 1 : 0;
  const moments = momentsOf(returns);
  const sharpe = bars > 1 && moments.deviation > 0 ? moments.mean / moments.deviation : NaN;
  return {
    bars,
    pnlRatio: account.equity / account.capital - 1,
    drawdown: account.maxDrawdownRatio,
    trades: account.closedTrades,
    sharpePerBar: sharpe,
    error: Number.isNaN(sharpe) ? NaN : sharpeError(sharpe, moments),
  };
}

/** A score as it is shown. */
export function scoreDraft(
  { bars, pnlRatio, drawdown, trades, sharpePerBar }: Score,
): Record<string, unknown> {
  return {
    bars,
    pnl_ratio: pnlRatio,
    drawdown,
    trades,
    sharpe_per_bar: Number.isNaN(sharpePerBar)
      ? absent("UNDEFINED", "returns do not vary: nothing was traded")
      : sharpePerBar,
  };
}

/** Whether `a` is better; a variant that never traded is worse than every one that did. */
export function isBetter(a: Score, b: Score | null): boolean {
  if (b === null || Number.isNaN(b.sharpePerBar)) return b === null || !Number.isNaN(a.sharpePerBar);
  return a.sharpePerBar > b.sharpePerBar;
}

/** Euler's constant. */
const GAMMA = 0.5772156649015329;

/**
 * Probability that the best of several variants has a true Sharpe above the one that the luckiest of as many worthless
 * variants would show.
 *
 * D. Bailey and M. López de Prado, "The deflated Sharpe ratio" (2014).
 */
export function deflatedSharpe(best: Score, all: readonly Score[]): Known<number> {
  const known = all.map(({ sharpePerBar }) => sharpePerBar).filter((value) => !Number.isNaN(value));
  if (known.length < 2 || Number.isNaN(best.sharpePerBar) || !(best.error > 0)) {
    return absent("UNDEFINED", "it needs two variants that traded");
  }
  const { deviation } = momentsOf(known);
  const n = known.length;
  const luck = deviation *
    ((1 - GAMMA) * normalQuantile(1 - 1 / n) + GAMMA * normalQuantile(1 - 1 / (n * Math.E)));
  return normalCdf((best.sharpePerBar - luck) / best.error);
}

/** Inverse of the normal distribution function, by bisection: exact to the last digits of {@link normalCdf}. */
export function normalQuantile(p: number): number {
  let low = -40;
  let high = 40;
  for (let i = 0; i < 200 && low < high; i++) {
    const middle = (low + high) / 2;
    if (normalCdf(middle) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
