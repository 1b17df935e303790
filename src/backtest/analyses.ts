/** What a job does besides the run itself, each with its own file, and how many bars that takes. */
import { absent } from "../engine/reason.ts";
import { type AnalysisInput, type Effort, StopAnalysis } from "./effort.ts";
import { searchGrid, variantsOf } from "./grid.ts";
import { checkLookahead, lookaheadBars } from "./lookahead.ts";
import { shuffleTrades } from "./monte_carlo.ts";
import type { BacktestRequest } from "./request.ts";
import { foldsOf, walkForward, walkForwardBars } from "./walk_forward.ts";

/** Bars that all analyses of one job may run together. */
export const ANALYSIS_BARS_MAX = 2_000_000_000;

/** Bars of the run and of everything that was asked for besides. */
export function plannedBars({ analysis }: BacktestRequest, length: number): number {
  const { lookahead, walk_forward: walk, grid } = analysis;
  const variants = grid ? variantsOf(grid).length : 1;
  return length + (lookahead ? lookaheadBars(length, lookahead.points) : 0) + (grid ? variants * length : 0) +
    (walk ? walkForwardBars(foldsOf(length, walk), grid ? variants : 1) : 0);
}

/**
 * Everything that was asked for; what was not says so.
 *
 * @throws {RangeError} If it would run more than {@link ANALYSIS_BARS_MAX} bars
 */
export function analyses(input: AnalysisInput, effort: Effort): Record<string, unknown> {
  const { request, series } = input;
  const { lookahead, walk_forward: walk, monte_carlo: monteCarlo, grid } = request.analysis;
  const planned = plannedBars(request, series.length);
  if (planned > ANALYSIS_BARS_MAX) {
    throw new RangeError(
      `the analyses would run ${planned} bars, at most ${ANALYSIS_BARS_MAX} are; try fewer variants or folds`,
    );
  }
  const notAsked = absent("DISABLED", "not asked for");
  const result: Record<string, unknown> = {
    lookahead: notAsked,
    walk_forward: notAsked,
    monte_carlo: notAsked,
    grid: notAsked,
  };
  try {
    if (lookahead) result.lookahead = checkLookahead(input, lookahead.points, request.seed, effort);
    if (grid) result.grid = searchGrid(input, grid, effort);
    if (walk) result.walk_forward = walkForward(input, walk, grid, effort);
    if (monteCarlo) result.monte_carlo = shuffleTrades(input, monteCarlo.runs, request.seed, effort);
  } catch (error) {
    if (!(error instanceof StopAnalysis)) throw error;
  }
  return result;
}
