/**
 * The lookahead check: an agent that only knows the past decides the same when the future is cut off. The data are cut
 * at many bars, each time the agents run anew over what is left, and every decision is compared with that of the
 * whole run.
 */
import { Random } from "../engine/random.ts";
import { type AnalysisInput, type Effort, hooksOf, spend } from "./effort.ts";
import { type Decision, type PreparedAgent, run } from "./run.ts";
import { type Series, truncated } from "./series.ts";

/** Bars from the begin of the data that the check looks at, so that it costs as much for a year as for a day. */
export const LOOKAHEAD_WINDOW_BARS = 5_000;

/** Differences that are told. */
const DIFFERENCES_MAX = 10;

/** Agents for a series. Only a test makes them look at it; the shipped ones do not get it. */
export type AgentsOver = (series: Series) => readonly PreparedAgent[];

/** Bars that the check runs, on average. */
export function lookaheadBars(length: number, points: number): number {
  const window = Math.min(length, LOOKAHEAD_WINDOW_BARS);
  return window + Math.round(points * window / 2);
}

/** Cuts the data at `points` different bars, chosen by the seed. */
export function checkLookahead(
  { series, agents, rules, request }: Pick<AnalysisInput, "series" | "agents" | "rules" | "request">,
  points: number,
  seed: number,
  effort: Effort,
  agentsOver: AgentsOver = () => agents,
): Record<string, unknown> {
  const window = Math.min(series.length, LOOKAHEAD_WINDOW_BARS);
  const cuts = cutsOf(window, points, seed);
  const { capital } = request;
  const whole: Decision[] = [];
  const decide = (over: Series, heard: (decision: Decision) => void) => {
    run({
      series: over,
      agents: agentsOver(over),
      rules,
      capital,
      to: over.length,
      hooks: { ...hooksOf(effort, "lookahead"), onDecision: heard },
    });
    spend(effort, "lookahead", over.length);
  };
  // The whole run sees all of the data, beyond the window too, as the backtest itself does.
  run({
    series,
    agents: agentsOver(series),
    rules,
    capital,
    to: window,
    hooks: { ...hooksOf(effort, "lookahead"), onDecision: (decision) => whole.push(decision) },
  });
  spend(effort, "lookahead", window);
  const differences: Record<string, unknown>[] = [];
  let differing = 0;
  let compared = 0;
  for (const cut of cuts) {
    const seen: Decision[] = [];
    decide(truncated(series, cut), (decision) => seen.push(decision));
    const expected = whole.filter(({ bar }) => bar < cut);
    compared += expected.length;
    const at = firstDifference(expected, seen);
    if (at < 0) continue;
    if (differing++ < DIFFERENCES_MAX) {
      const bar = Math.min(expected[at]?.bar ?? Infinity, seen[at]?.bar ?? Infinity);
      const agent = expected[at]?.agent ?? seen[at]?.agent ?? "";
      differences.push({ cut, bar, agent, whole: textOf(expected[at]), truncated: textOf(seen[at]) });
    }
  }
  return {
    passed: differing === 0,
    points: cuts.length,
    window_bars: window,
    decisions: whole.length,
    decisions_compared: compared,
    points_that_differ: differing,
    differences,
    method: "the agents decide the same when the data end at the cut; cuts by seed within the window",
  };
}

/** Different bars within the window, rising. */
function cutsOf(window: number, points: number, seed: number): readonly number[] {
  const random = new Random("lookahead", seed);
  const cuts = new Set<number>();
  const wanted = Math.min(points, window - 1);
  while (cuts.size < wanted) cuts.add(random.integer(1, window - 1));
  return [...cuts].sort((a, b) => a - b);
}

function firstDifference(a: readonly Decision[], b: readonly Decision[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    if (textOf(a[i]) !== textOf(b[i])) return i;
  }
  return -1;
}

function textOf(decision: Decision | undefined): string {
  if (!decision) return "nothing";
  const { bar, agent, intent } = decision;
  return `bar ${bar}: ${agent} ${intent.side} ${intent.qty} ${intent.token} limit ${intent.limit}`;
}
