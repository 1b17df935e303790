/**
 * Walk-forward: parameters are chosen on one stretch and tested on the next, fold after fold. Rolling stretches have
 * one length, anchored ones begin at the first bar. Without a grid the parameters stay, and the figures only compare
 * what the agent does on earlier and later data.
 */
import { absent } from "../engine/reason.ts";
import type { Parameters } from "../engine/trading/agents/agent.ts";
import { type AnalysisInput, type Effort, hooksOf, spend } from "./effort.ts";
import { variantsOf, withParameters } from "./grid.ts";
import type { AnalysisRequest, Grid } from "./request.ts";
import { type PreparedAgent, run } from "./run.ts";
import { isBetter, type Score, scoreDraft, scoreOf } from "./score.ts";
import { DataError } from "./series.ts";

/** Bars of the shortest stretch. */
const STRETCH_MIN = 10;

type WalkForward = NonNullable<AnalysisRequest["walk_forward"]>;

/** One fold: [from, to) to choose on, [to, end) to test on. */
export interface Fold {
  readonly from: number;
  readonly to: number;
  readonly end: number;
}

/** Cuts the data into folds; the tests follow each other without a gap up to the last bar. */
export function foldsOf(length: number, { mode, folds, train_ratio: ratio }: WalkForward): readonly Fold[] {
  const test = Math.floor(length / (folds + ratio));
  const train = Math.floor(test * ratio);
  if (test < STRETCH_MIN || train < STRETCH_MIN) return [];
  return Array.from({ length: folds }, (_, i) => {
    const end = length - (folds - 1 - i) * test;
    const to = end - test;
    return { from: mode === "anchored" ? 0 : to - train, to, end };
  });
}

/** Bars that are run. */
export function walkForwardBars(folds: readonly Fold[], variants: number): number {
  return folds.reduce((sum, { from, to, end }) => sum + variants * (to - from) + (end - to), 0);
}

/** @throws {DataError} If the data are too short */
export function walkForward(
  { series, agents, rules, request }: AnalysisInput,
  options: WalkForward,
  grid: Grid | null,
  effort: Effort,
): Record<string, unknown> {
  const folds = foldsOf(series.length, options);
  if (folds.length === 0) {
    throw new DataError(
      `walk-forward: ${series.length} bars are too few for ${options.folds} folds of at least ${STRETCH_MIN} bars`,
      [],
    );
  }
  const over = (who: readonly PreparedAgent[], from: number, to: number): Score => {
    const warmup = Math.max(...who.map(({ agent, parameters }) => agent.warmup(parameters)));
    const hooks = hooksOf(effort, "walk-forward");
    const state = run({ series, agents: who, rules, capital: request.capital, from, to, warmup, hooks });
    spend(effort, "walk-forward", to - from);
    return scoreOf(state);
  };
  const variants: readonly Parameters[] = grid ? variantsOf(grid) : [{}];
  let compound = 1;
  let profitable = 0;
  const rows = folds.map((fold) => {
    let best: { params: Parameters; who: readonly PreparedAgent[]; score: Score } | null = null;
    for (const params of variants) {
      const who = withParameters(agents, params);
      if (!who) continue;
      const score = over(who, fold.from, fold.to);
      if (best === null || isBetter(score, best.score)) best = { params, who, score };
    }
    if (best === null) throw new RangeError("the agent takes none of the grid's combinations");
    const test = over(best.who, fold.to, fold.end);
    compound *= 1 + test.pnlRatio;
    if (test.pnlRatio > 0) profitable++;
    return {
      train: { from: timeOf(fold.from), to: timeOf(fold.to - 1), ...scoreDraft(best.score) },
      test: { from: timeOf(fold.to), to: timeOf(fold.end - 1), ...scoreDraft(test) },
      params: best.params,
      scores: [best.score.sharpePerBar, test.sharpePerBar] as const,
    };
  });
  const known = rows.map(({ scores }) => scores).filter(([a, b]) => !Number.isNaN(a) && !Number.isNaN(b));
  const meanOf = (place: 0 | 1) => known.reduce((sum, scores) => sum + scores[place], 0) / known.length;
  return {
    mode: options.mode,
    folds: rows.map(({ scores: _, ...row }) => row),
    variants_tried: variants.length,
    profitable_folds: profitable,
    out_of_sample_pnl_ratio: compound - 1,
    efficiency: known.length > 0 && meanOf(0) > 0
      ? meanOf(1) / meanOf(0)
      : absent("UNDEFINED", "the mean Sharpe of the stretches to choose on is not positive"),
    method: "chosen by the Sharpe ratio per bar; each test begins with the capital and a warmed-up agent",
  };

  function timeOf(bar: number): number {
    return series.timesMs[bar]! / 1000;
  }
}
