// @ts-types="#types/std_assert.d.ts"
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  agentWith,
  requestOver,
  runOver,
  scripted,
  seriesOf,
  walkOf,
} from "../../tests/support/backtests.ts";
import { perMarket } from "../engine/market.ts";
import { Core } from "../engine/core.ts";
import { isKnown, type Known } from "../engine/reason.ts";
import { AGENTS } from "../engine/trading/agents/registry.ts";
import { normalCdf } from "../engine/trading/moments.ts";
import { SimulatedChain } from "../simulator/chain.ts";
import { chainEvents } from "../simulator/events.ts";
import { analyses, plannedBars } from "./analyses.ts";
import { type AnalysisInput, type Effort, StopAnalysis } from "./effort.ts";
import { searchGrid, variantsOf } from "./grid.ts";
import { type AgentsOver, checkLookahead, LOOKAHEAD_WINDOW_BARS } from "./lookahead.ts";
import { shuffleTrades } from "./monte_carlo.ts";
import { ChainRecorder } from "./recorder.ts";
import { rulesOf } from "./rules.ts";
import { type PreparedAgent } from "./run.ts";
import { deflatedSharpe, normalQuantile, type Score } from "./score.ts";
import { DataError, type Series } from "./series.ts";
import { foldsOf, walkForward } from "./walk_forward.ts";

function effort(): Effort {
  return { spent: 0, onBeat: () => false };
}

/** What an analysis looks at, over prices. */
function inputOver(
  prices: readonly number[],
  agents: readonly PreparedAgent[],
  changes: object = {},
): AnalysisInput {
  const request = requestOver(prices, { fill: "next_bar", ...changes });
  const { state, trades } = runOver(prices, { fill: "next_bar", ...changes }, { agents });
  return { request, series: seriesOf(prices), agents, rules: rulesOf(request), trades, state };
}

/** Four markets of a simulated chain, with a posterior that knows something from half-time on. */
function simulated(slots: number): Series {
  const recorder = new ChainRecorder(
    new Core({ finalityDepth: 32, enabled: perMarket(() => true) }),
    true,
    60_000,
  );
  const chain = new SimulatedChain({ seed: 3, scenario: "stress", dialect: "readme" });
  for (const event of chainEvents(chain, slots)) recorder.apply(event);
  const series = recorder.finish("simulator", null, null);
  // The real posterior needs thousands of blocks to learn; here one that follows the price stands in.
  const { length, instruments: [bars] } = series;
  const posterior = new Float64Array(4 * length).fill(NaN);
  for (let i = length >> 1; i < length; i++) {
    const up = bars!.close[i]! > bars!.close[i - 10]!;
    posterior.set([up ? 0.8 : 0.1], i);
    posterior.set([up ? 0.05 : 0.7], length + i);
    posterior.set([up ? 0.15 : 0.2], 2 * length + i);
    posterior.set([up ? 0.01 : 0.6], 3 * length + i);
  }
  return { ...series, posterior };
}

/** Parameters with which every agent trades within a few hundred bars. */
const BUSY: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  posterior_kelly: { edge_min: 0.01, kelly_fraction: 1 },
  volume_aware: { threshold: 0.1 },
  ema_cross: { fast: 3, slow: 8 },
  momentum: {},
};

Deno.test("checkLookahead() passes every shipped agent at 100 points and more, and each of them decides something", () => {
  const series = simulated(700);
  const request = requestOver([1, 2], { capital: 1_000_000, fill: "next_bar" });
  const rules = rulesOf({ ...request, data: { kind: "simulator", seed: 3, scenario: "stress", slots: 700 } });
  for (const { name } of AGENTS) {
    const agents = [agentWith(name, BUSY[name]!)];
    const found = checkLookahead({ series, agents, rules, request }, 120, 1, effort());
    assertEquals([found.passed, found.points, found.points_that_differ], [true, 120, 0], name);
    assert((found.decisions as number) > 0, `${name} decided nothing`);
    assert((found.decisions_compared as number) > 0, name);
  }
});

/** Buys before the price rises: it looks at the bar behind the present one. */
const cheater: AgentsOver = (series) => [
  scripted(({ height, instruments }) => {
    const { close } = series.instruments[0]!;
    const next = close[height + 1];
    const { qty, working } = instruments[0]!;
    if (next === undefined || working) return [];
    if (next > close[height]! && qty === 0) return [{ qty: 1 }];
    return next < close[height]! && qty > 0 ? [{ side: "sell", qty }] : [];
  }, "cheater"),
];

/** The same rule on the last two bars, which it may know. */
const honest: AgentsOver = (series) => [
  scripted(({ height, instruments }) => {
    const { close } = series.instruments[0]!;
    const { qty, working } = instruments[0]!;
    if (height === 0 || working) return [];
    if (close[height]! > close[height - 1]! && qty === 0) return [{ qty: 1 }];
    return close[height]! < close[height - 1]! && qty > 0 ? [{ side: "sell", qty }] : [];
  }, "honest"),
];

Deno.test("checkLookahead() catches a planted cheater, and not its honest twin", () => {
  const prices = walkOf(600, 7);
  const input = inputOver(prices, []);
  const caught = checkLookahead(input, 100, 5, effort(), cheater);
  assertEquals([caught.passed, caught.points], [false, 100]);
  assert((caught.points_that_differ as number) > 30);
  const [difference] = caught.differences as { cut: number; bar: number; whole: string; truncated: string }[];
  assertEquals(difference!.bar, difference!.cut - 1, "it misses what lies behind the cut");
  assertEquals(difference!.truncated, "nothing");
  assertEquals(checkLookahead(input, 100, 5, effort(), honest).passed, true);
});

Deno.test("checkLookahead() catches an agent whose indicator was made from all of the data", () => {
  const prices = walkOf(600, 8);
  const centred: AgentsOver = ({ instruments }) => {
    const { close } = instruments[0]!;
    const mean = close.reduce((sum, price) => sum + price, 0) / close.length;
    return [scripted(({ instruments: [shown] }) => {
      if (shown!.working) return [];
      if (shown!.price < mean && shown!.qty === 0) return [{ qty: 1 }];
      return shown!.price > mean && shown!.qty > 0 ? [{ side: "sell", qty: shown!.qty }] : [];
    })];
  };
  assertEquals(checkLookahead(inputOver(prices, []), 100, 1, effort(), centred).passed, false);
});

Deno.test("checkLookahead() chooses different cuts by its seed and stays within its window", () => {
  const prices = walkOf(LOOKAHEAD_WINDOW_BARS + 500, 9);
  const asked: number[] = [];
  const counting: AgentsOver = (series) => (asked.push(series.length), []);
  checkLookahead(inputOver(prices, []), 20, 2, effort(), counting);
  const cuts = asked.slice(1);
  assertEquals([new Set(cuts).size, asked[0]], [20, prices.length]);
  assert(cuts.every((cut) => cut >= 1 && cut < LOOKAHEAD_WINDOW_BARS));
  const few = checkLookahead(inputOver(walkOf(10, 1), []), 100, 2, effort(), honest);
  assertEquals([few.points, few.passed], [9, true]);
});

Deno.test("foldsOf() cuts data into folds whose tests follow each other up to the last bar", () => {
  const rolling = foldsOf(1_000, { mode: "rolling", folds: 4, train_ratio: 2 });
  assertEquals(rolling.map(({ from, to, end }) => [from, to, end]), [
    [4, 336, 502],
    [170, 502, 668],
    [336, 668, 834],
    [502, 834, 1_000],
  ]);
  const anchored = foldsOf(1_000, { mode: "anchored", folds: 4, train_ratio: 2 });
  assertEquals(
    anchored.map(({ from, to, end }) => [from, to, end]),
    rolling.map(({ to, end }) => [0, to, end]),
  );
  assertEquals(foldsOf(30, { mode: "rolling", folds: 4, train_ratio: 2 }), []);
});

Deno.test("walkForward() chooses on the past alone and tests on what follows", () => {
  // Rises in the first half, where only a buyer earns; falls in the second, where he loses.
  const prices = Array.from({ length: 400 }, (_, i) => 100 + (i < 200 ? i : 400 - i) + Math.sin(i));
  const agents = [agentWith("ema_cross", { fast: 2, slow: 4, qty: 1 })];
  const input = inputOver(prices, agents, {
    agents: [{ name: "ema_cross", params: { fast: 2, slow: 4, qty: 1 } }],
  });
  const grid = { fast: [2, 30], slow: [4, 60] };
  const found = walkForward(input, { mode: "rolling", folds: 3, train_ratio: 1 }, grid, effort());
  assertEquals([found.variants_tried, (found.folds as unknown[]).length], [4, 3]);
  const changed = prices.map((price, i) => (i < 300 ? price : price * 2));
  const other = walkForward(
    { ...input, series: seriesOf(changed) },
    { mode: "rolling", folds: 3, train_ratio: 1 },
    grid,
    effort(),
  );
  const chosen = (result: Record<string, unknown>) =>
    (result.folds as { params: unknown }[]).map(({ params }) => params);
  assertEquals(chosen(other), chosen(found), "the last test changes nothing of what was chosen before it");
  assertThrows(
    () =>
      walkForward(
        inputOver(walkOf(20, 1), agents),
        { mode: "rolling", folds: 5, train_ratio: 3 },
        null,
        effort(),
      ),
    DataError,
  );
});

Deno.test("searchGrid() says how many variants were tried and left out, best first", () => {
  const prices = walkOf(1_500, 11);
  const agents = [agentWith("ema_cross", { fast: 3, slow: 9, qty: 1 })];
  const input = inputOver(prices, agents);
  const grid = { fast: [3, 20], slow: [9, 40, 80] };
  assertEquals(variantsOf(grid).length, 6);
  const found = searchGrid(input, grid, effort());
  assertEquals([found.variants_tried, found.variants_left_out], [5, 1]);
  const scores = (found.variants as { sharpe_per_bar: number }[]).map(({ sharpe_per_bar }) => sharpe_per_bar);
  assertEquals(scores, scores.toSorted((a, b) => b - a));
  assertEquals((found.best as { sharpe_per_bar: number }).sharpe_per_bar, scores[0]);
  const luck = found.deflated_sharpe_probability as Known<number>;
  assert(isKnown(luck) && luck >= 0 && luck <= 1);
});

Deno.test("deflatedSharpe() believes less, the more variants were tried", () => {
  const score = (sharpePerBar: number): Score => ({
    bars: 1_000,
    pnlRatio: 0,
    drawdown: 0,
    trades: 10,
    sharpePerBar,
    error: 0.03,
  });
  const of = (variants: number) => {
    const all = Array.from({ length: variants }, (_, i) => score(0.05 * Math.sin(i + 1)));
    return deflatedSharpe(score(0.1), all) as number;
  };
  assert(of(5) > of(50) && of(50) > of(500), `${[of(5), of(50), of(500)]}`);
  assert(!isKnown(deflatedSharpe(score(0.1), [score(0.1)])));
  for (const p of [0.001, 0.1, 0.5, 0.975, 0.9999]) assertAlmostEquals(normalCdf(normalQuantile(p)), p, 1e-9);
});

Deno.test("shuffleTrades() gives bands by its seed; the order changes the drawdown and not the profit", () => {
  const input = inputOver(walkOf(3_000, 12), [agentWith("momentum", { qty: 1 })]);
  const once = shuffleTrades(input, 400, 9, effort());
  assertEquals(shuffleTrades(input, 400, 9, effort()), once);
  assert(JSON.stringify(shuffleTrades(input, 400, 10, effort())) !== JSON.stringify(once));
  const { drawdown, equity_bands: bands, runs, trades } = once as {
    drawdown: Record<string, number>;
    equity_bands: Record<string, number>[];
    runs: number;
    trades: number;
  };
  assertEquals([runs, trades, bands.length, bands.at(-1)!.trade], [400, input.trades.length, 20, trades]);
  assert(drawdown.p05! < drawdown.p50! && drawdown.p50! < drawdown.p95!);
  const profit = input.trades.reduce((sum, trade) => sum + trade.profit, 0);
  for (const level of ["p05", "p50", "p95"]) assertAlmostEquals(bands.at(-1)![level]!, 1_000 + profit, 1e-6);
  assert(bands[9]!.p05! < bands[9]!.p95!);
  const none = shuffleTrades({ ...input, trades: [] }, 400, 9, effort());
  assertEquals([none.runs, isKnown(none.drawdown)], [0, false]);
});

Deno.test("analyses() leave out what was not asked for, count their bars and stop when they are told to", () => {
  const prices = walkOf(9_000, 13);
  const agents = [agentWith("ema_cross", { fast: 3, slow: 9, qty: 1 })];
  const analysis = {
    lookahead: { points: 5 },
    grid: { fast: [3, 4], slow: [9, 12] },
    walk_forward: {},
    monte_carlo: {},
  };
  const changes = { agents: [{ name: "ema_cross", params: { fast: 3, slow: 9, qty: 1 } }], analysis };
  const input = inputOver(prices, agents, changes);
  const spent = effort();
  const found = analyses(input, spent);
  assertEquals(Object.values(found).filter(isKnown).length, 4);
  // Cuts are random, so the plan is only the mean.
  assertAlmostEquals(spent.spent, plannedBars(input.request, prices.length) - prices.length, 15_000);
  const none = analyses({ ...input, request: requestOver(prices) }, effort());
  assertEquals(Object.values(none).filter(isKnown), []);
  let beats = 0;
  const stopped = analyses(input, { spent: 0, onBeat: () => ++beats > 3 });
  assertEquals([isKnown(stopped.lookahead), isKnown(stopped.grid)], [false, false]);
  assertEquals(new StopAnalysis() instanceof Error, true);
});
