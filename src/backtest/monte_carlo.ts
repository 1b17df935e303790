/**
 * Monte Carlo over the trades. Shuffled, they make the same profit by other ways: the bands of the drawdown say how
 * much of it was luck of the order. Drawn with replacement, the profit itself varies.
 */
import { absent } from "../engine/reason.ts";
import { Random } from "../engine/random.ts";
import { type AnalysisInput, type Effort, StopAnalysis } from "./effort.ts";

/** Points of the bands along the trades. */
const BAND_POINTS = 20;

/** Trades that all runs draw together; more runs than that allows are not made. */
const DRAWS_MAX = 200_000_000;

/** Draws between two signs of life. */
const BEAT_DRAWS = 500_000;

const LEVELS = [0.05, 0.25, 0.5, 0.75, 0.95] as const;

/** Shuffles and draws the trades of a run. */
export function shuffleTrades(
  { trades, request }: Pick<AnalysisInput, "trades" | "request">,
  runsWanted: number,
  seed: number,
  effort: Effort,
): Record<string, unknown> {
  const count = trades.length;
  if (count < 2) {
    return { runs: 0, trades: count, drawdown: absent("NO_SAMPLES", "it needs two closed trades") };
  }
  const runs = Math.max(1, Math.min(runsWanted, Math.floor(DRAWS_MAX / (2 * count))));
  const { capital } = request;
  const profits = Float64Array.from(trades, ({ profit }) => profit);
  const random = new Random("monte-carlo", seed);
  const points = Math.min(BAND_POINTS, count);
  const paths = Array.from({ length: points }, () => new Float64Array(runs));
  const drawdowns = new Float64Array(runs);
  const finals = new Float64Array(runs);
  const order = profits.slice();
  let ruined = 0;
  let draws = 0;
  const beat = () => {
    draws += count;
    if (draws < BEAT_DRAWS) return;
    draws = 0;
    if (effort.onBeat("monte-carlo", effort.spent)) throw new StopAnalysis();
  };
  for (let i = 0; i < runs; i++) {
    for (let k = count - 1; k > 0; k--) {
      const other = random.integer(0, k);
      const profit = order[k]!;
      order[k] = order[other]!;
      order[other] = profit;
    }
    drawdowns[i] = walk(order, capital, (step, equity) => {
      const point = Math.ceil((step + 1) * points / count) - 1;
      if (Math.floor((point + 1) * count / points) - 1 === step) paths[point]![i] = equity;
    });
    beat();
    let sum = 0;
    for (let k = 0; k < count; k++) sum += profits[random.integer(0, count - 1)]!;
    finals[i] = sum;
    if (capital + sum <= 0) ruined++;
    beat();
  }
  const observed = walk(profits, capital, () => {});
  return {
    runs,
    trades: count,
    seed,
    drawdown: bands(drawdowns),
    drawdown_of_trades: observed,
    share_with_larger_drawdown: drawdowns.reduce((sum, value) => sum + (value > observed ? 1 : 0), 0) / runs,
    equity_bands: paths.map((values, point) => ({
      trade: Math.floor((point + 1) * count / points),
      ...bands(values),
    })),
    pnl_resampled: bands(finals),
    share_of_losses: finals.reduce((sum, value) => sum + (value < 0 ? 1 : 0), 0) / runs,
    share_of_ruin: ruined / runs,
    method: "drawdown and equity: the trades in random order; profit: as many trades drawn with replacement",
  };
}

/** Largest drawdown of capital and profits one after the other, ratio of the peak. */
function walk(profits: Float64Array, capital: number, visit: (step: number, equity: number) => void): number {
  let equity = capital;
  let peak = capital;
  let worst = 0;
  for (let i = 0; i < profits.length; i++) {
    equity += profits[i]!;
    if (equity > peak) peak = equity;
    else if ((peak - equity) / peak > worst) worst = (peak - equity) / peak;
    visit(i, equity);
  }
  return worst;
}

/** Quantiles by linear interpolation. */
function bands(values: Float64Array): Record<string, number> {
  const sorted = values.slice().sort();
  return Object.fromEntries(LEVELS.map((level) => {
    const position = (sorted.length - 1) * level;
    const below = Math.floor(position);
    const low = sorted[below]!;
    const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
    return [`p${String(Math.round(level * 100)).padStart(2, "0")}`, low + (high - low) * (position - below)];
  }));
}
