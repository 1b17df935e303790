/** Tries parameters of the first agent, and says how many were tried: the best of many is partly the luckiest. */
import { absent } from "../engine/reason.ts";
import { type Parameters, resolveParameters } from "../engine/trading/agents/agent.ts";
import { type AnalysisInput, type Effort, hooksOf, spend } from "./effort.ts";
import type { Grid } from "./request.ts";
import { type PreparedAgent, run } from "./run.ts";
import { deflatedSharpe, isBetter, type Score, scoreDraft, scoreOf } from "./score.ts";

/** Variants that are shown, best first. */
const SHOWN_MAX = 50;

/** Every combination of a grid's values. */
export function variantsOf(grid: Grid): readonly Parameters[] {
  let variants: Parameters[] = [{}];
  for (const [name, values] of Object.entries(grid)) {
    variants = variants.flatMap((variant) => values.map((value) => ({ ...variant, [name]: value })));
  }
  return variants;
}

/** The first agent with other parameters; null where the agent does not take them together. */
export function withParameters(
  agents: readonly PreparedAgent[],
  changed: Parameters,
): readonly PreparedAgent[] | null {
  const [first, ...others] = agents;
  const { parameters, problems } = resolveParameters(first!.agent, { ...first!.parameters, ...changed });
  return problems.length > 0 ? null : [{ agent: first!.agent, parameters }, ...others];
}

/** Runs every variant over the whole data. */
export function searchGrid(input: AnalysisInput, grid: Grid, effort: Effort): Record<string, unknown> {
  const { series, agents, rules, request } = input;
  const tried: { readonly params: Parameters; readonly score: Score }[] = [];
  let leftOut = 0;
  for (const params of variantsOf(grid)) {
    const variant = withParameters(agents, params);
    if (!variant) {
      leftOut++;
      continue;
    }
    const state = run({
      series,
      agents: variant,
      rules,
      capital: request.capital,
      hooks: hooksOf(effort, "grid"),
    });
    spend(effort, "grid", series.length);
    tried.push({ params, score: scoreOf(state) });
  }
  tried.sort((a, b) => (isBetter(a.score, b.score) ? -1 : isBetter(b.score, a.score) ? 1 : 0));
  const best = tried[0];
  return {
    variants_tried: tried.length,
    variants_left_out: leftOut,
    best: best
      ? { params: best.params, ...scoreDraft(best.score) }
      : absent("NO_SAMPLES", "the agent takes none of the combinations"),
    deflated_sharpe_probability: best
      ? deflatedSharpe(best.score, tried.map(({ score }) => score))
      : absent("NO_SAMPLES", "nothing was tried"),
    variants: tried.slice(0, SHOWN_MAX).map(({ params, score }) => ({ params, ...scoreDraft(score) })),
    method: "ranked by the Sharpe ratio per bar over all data; the best is chosen in hindsight",
  };
}
