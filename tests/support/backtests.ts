/** Short ways to make what the tests of backtests need. */
import { type BacktestRequest, readRequest } from "../../src/backtest/request.ts";
import { rulesOf } from "../../src/backtest/rules.ts";
import { type PreparedAgent, run, type RunOptions, type RunState } from "../../src/backtest/run.ts";
import { reportOn, type Series } from "../../src/backtest/series.ts";
import { resolveParameters } from "../../src/engine/trading/agents/agent.ts";
import { agentOf, type AnyAgent } from "../../src/engine/trading/agents/registry.ts";
import type { OrderIntent } from "../../src/engine/trading/order.ts";
import { Random } from "../../src/engine/random.ts";
import type { ClosedTrade } from "../../src/engine/trading/state.ts";
import type { Token } from "../../src/engine/trading/instrument.ts";
import { T0 } from "./engine.ts";

/** The §7 set-up of the runner that this one succeeds: one unit per trade, a tenth of a percent fee, half of that slippage. */
export const BASE = {
  agents: [{ name: "momentum", params: { qty: 1 } }],
  capital: 1_000,
  fees: { rate: 0.001 },
  slippage: { rate: 0.0005 },
  fill: "same_bar",
} as const;

/** Inline rows of prices, a minute apart. */
export function rowsOf(prices: readonly number[], volume?: number): readonly (readonly number[])[] {
  return prices.map((price, i) => [T0 / 1000 + 60 * i, price, ...(volume === undefined ? [] : [volume])]);
}

/** A checked request over prices. @throws {Error} With its problems, if it is not a right one */
export function requestOver(prices: readonly number[], changes: object = {}): BacktestRequest {
  const read = readRequest({ data: { kind: "inline", rows: rowsOf(prices) }, ...BASE, ...changes });
  if ("problems" in read) throw new Error(JSON.stringify(read.problems));
  return read.request;
}

/** A series with one price per bar, a minute apart; `opens` sets other prices at the begin of the bars. */
export function seriesOf(prices: readonly number[], opens: readonly number[] = prices): Series {
  const close = Float64Array.from(prices);
  const open = Float64Array.from(opens);
  const timesMs = Float64Array.from(prices, (_, i) => T0 + 60_000 * i);
  return {
    length: prices.length,
    timesMs,
    heights: null,
    instruments: [{
      token: "COMPUTE",
      open,
      high: close,
      low: close,
      close,
      volume: null,
      gate: null,
      stale: null,
    }],
    posterior: null,
    report: reportOn(timesMs, 0),
  };
}

/** A random walk of prices. */
export function walkOf(length: number, seed: number, step = 0.01): readonly number[] {
  const random = new Random("walk", seed);
  let price = 100;
  return Array.from({ length }, () => price *= Math.exp(step * random.normal()));
}

/** A shipped agent with parameters. */
export function agentWith(name: string, params: Readonly<Record<string, number>> = {}): PreparedAgent {
  const agent = agentOf(name)!;
  return { agent, parameters: resolveParameters(agent, params).parameters };
}

/** An agent that does what a function says at each tick. */
export function scripted(
  decide: (view: Parameters<AnyAgent["decide"]>[0]) => readonly Partial<OrderIntent>[],
  name = "scripted",
): PreparedAgent {
  const whole = (intent: Partial<OrderIntent>): OrderIntent => ({
    token: "COMPUTE" as Token,
    side: "buy",
    qty: 1,
    limit: null,
    timeInForce: "gtc",
    reduceOnly: false,
    clientOrderId: null,
    agent: null,
    ...intent,
  });
  const agent: AnyAgent = {
    name,
    title: name,
    hypothesis: "",
    parameters: [],
    warmup: () => 0,
    memory: () => null,
    decide: (view) => decide(view).map(whole),
  };
  return { agent, parameters: {} };
}

/** What a run gave. */
export interface Ran {
  readonly state: RunState;
  readonly trades: readonly ClosedTrade[];
  readonly curve: readonly number[];
}

/** Runs a request over prices. */
export function runOver(
  prices: readonly number[],
  changes: object = {},
  options: Partial<RunOptions> = {},
): Ran {
  const request = requestOver(prices, changes);
  const trades: ClosedTrade[] = [];
  const state = run({
    series: seriesOf(prices),
    agents: request.agents.map(({ name, params }) => agentWith(name, params)),
    rules: rulesOf(request),
    capital: request.capital,
    ...options,
    hooks: { onTrade: (trade) => trades.push(trade), ...options.hooks },
  });
  return { state, trades, curve: [...state.equity.subarray(0, state.bar - state.from + 1)] };
}
