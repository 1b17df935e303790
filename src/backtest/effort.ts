/** What all analyses share: what they look at, and how they count their work and hear that they are to stop. */
import type { TradingRules } from "../engine/trading/rules.ts";
import type { ClosedTrade } from "../engine/trading/state.ts";
import type { BacktestRequest } from "./request.ts";
import type { PreparedAgent, RunState } from "./run.ts";
import type { Series } from "./series.ts";

/** What has been run so far, and who hears of it. */
export interface Effort {
  spent: number;
  /** @returns Whether to stop */
  onBeat(phase: string, bars: number): boolean;
}

/** What the analyses look at. */
export interface AnalysisInput {
  readonly request: BacktestRequest;
  readonly series: Series;
  readonly agents: readonly PreparedAgent[];
  readonly rules: TradingRules;
  readonly trades: readonly ClosedTrade[];
  readonly state: RunState;
}

/** Thrown to leave an analysis that was cancelled. */
export class StopAnalysis extends Error {}

/** Hooks for a run that is a part of an analysis: counts its bars, and leaves when the job is cancelled. */
export function hooksOf(effort: Effort, phase: string) {
  const before = effort.spent;
  return {
    onBeat: (running: RunState) => {
      if (effort.onBeat(phase, before + running.bar - running.from)) throw new StopAnalysis();
      return false;
    },
  };
}

/** Counts a run that has ended. */
export function spend(effort: Effort, phase: string, bars: number): void {
  effort.spent += bars;
  if (effort.onBeat(phase, effort.spent)) throw new StopAnalysis();
}
