// @ts-types="#types/std_assert.d.ts"
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import {
  agentWith,
  requestOver,
  runOver,
  scripted,
  seriesOf,
  walkOf,
} from "../../tests/support/backtests.ts";
import { hashOf, resultOf } from "./report.ts";
import { rulesOf } from "./rules.ts";
import { run } from "./run.ts";

const PRICES = [10, 11, 12, 11, 10];

function close(actual: readonly number[], expected: readonly number[]): void {
  assertEquals(actual.length, expected.length);
  for (const [i, value] of expected.entries()) assertAlmostEquals(actual[i]!, value, 1e-9, `point ${i}`);
}

Deno.test("run() gives the known curve, profit and drawdown of momentum with fills at the same bar", () => {
  const { state, curve, trades } = runOver(PRICES);
  close(curve, [1000, 1000, 999.9834945, 1000.9834945, 999.967, 999.967]);
  assertAlmostEquals(state.account.equity - 1000, -0.033, 1e-9);
  assertAlmostEquals(state.account.maxDrawdownRatio, 0.00101549577, 1e-11);
  assertEquals(trades.length, 1);
  assertEquals([state.end, state.denied.size], ["data", 0]);
});

Deno.test("run() fills at the next bar unless it is asked not to", () => {
  const { trades, curve } = runOver(PRICES, { fill: "next_bar" });
  // Decided at 11, filled at 12; the fall to 11 sells at 10.
  assertEquals(trades.length, 1);
  assertAlmostEquals(trades[0]!.entryPrice, 12 * 1.0005, 1e-12);
  assertAlmostEquals(trades[0]!.exitPrice, 10 * 0.9995, 1e-12);
  const profit = 9.995 - 12.006 - 0.001 * (9.995 + 12.006);
  close(curve, [1000, 1000, 1000, 1000 - 12.006 * 1.001 + 12, 1000 - 12.006 * 1.001 + 11, 1000 + profit]);
});

Deno.test("run() fills at the open of the next bar where bars have one", () => {
  const prices = [10, 11, 12, 13, 12, 11];
  const request = requestOver(prices, { fill: "next_bar", fees: { rate: 0 }, slippage: { rate: 0 } });
  const entered: number[] = [];
  run({
    series: seriesOf(prices, [10, 10.25, 11.25, 12.25, 12.75, 11.75]),
    agents: [agentWith("momentum", { qty: 1 })],
    rules: rulesOf(request),
    capital: 1000,
    hooks: { onTrade: ({ entryPrice, exitPrice }) => entered.push(entryPrice, exitPrice) },
  });
  assertEquals(entered, [11.25, 11.75]);
});

// The ten accounting flaws of the runner that this one succeeds, each with what is right.

Deno.test("run() 1: open trades are counted as open, so max_concurrent_trades = 1 does not block the closing sell", () => {
  const limited = runOver(PRICES, { guardrails: { max_concurrent_trades: 1 } });
  close(limited.curve, runOver(PRICES).curve);
  assertEquals([limited.state.denied.size, limited.trades.length, limited.state.end], [0, 1, "data"]);
  // A second position at the same time is what the limit is for.
  const agents = [
    scripted(({ height }) => (height === 0 ? [{}] : []), "first"),
    scripted(({ height }) => (height === 1 ? [{}] : []), "second"),
  ];
  const two = runOver(PRICES, { guardrails: { max_concurrent_trades: 1 } }, { agents });
  assertEquals([...two.state.denied], [["MAX_CONCURRENT", 1]]);
  assertEquals(two.state.account.positions.map(({ agent }) => agent), ["first"]);
});

Deno.test("run() 2: max_position is checked before the fill, and nothing of the refused order is in the curve", () => {
  const { state, curve, trades } = runOver([10, 11, 12], { guardrails: { max_position: 5 } });
  assertEquals([...state.denied.keys()], ["MAX_POSITION"]);
  assertEquals(state.deniedAt.get("MAX_POSITION"), 1, "at the first buy");
  assertEquals([curve, trades.length, state.account.cash], [[1000, 1000, 1000, 1000], 0, 1000]);
});

Deno.test("run() 3: a run that the drawdown ended, or that was cancelled, has the right drawdown and ratios", () => {
  const { state, curve } = runOver(PRICES, { guardrails: { max_drawdown: 1e-4 } });
  assertEquals([state.end, state.haltedAt, state.bar], ["halted", 3, 4]);
  assertAlmostEquals(state.account.maxDrawdownRatio, 0.0010155, 1e-7);
  close(curve, [1000, 1000, 999.9834945, 1000.9834945, 999.967]);
  const prices = walkOf(20_000, 1);
  const stopped = runOver(prices, { fill: "next_bar" }, { hooks: { onBeat: () => true } });
  assertEquals([stopped.state.end, stopped.state.bar], ["cancelled", 4_096]);
  let peak = 0;
  let worst = 0;
  for (const value of stopped.curve) {
    peak = Math.max(peak, value);
    worst = Math.max(worst, (peak - value) / peak);
  }
  assert(worst > 0);
  assertAlmostEquals(stopped.state.account.maxDrawdownRatio, worst, 1e-12);
  const result = resultOf({
    series: seriesOf(prices),
    state: stopped.state,
    trades: stopped.trades,
    rules: rulesOf(requestOver(prices)),
    capital: 1_000,
  });
  assert(typeof result.sharpe === "number" && result.sharpe !== 0, "three days of bars");
  assertEquals(result.bars, 4_096);
});

Deno.test("run() 4: does the same work per bar however many there are", () => {
  const bars = (length: number) => {
    let beats = 0;
    const { state } = runOver(
      Array.from({ length }, (_, i) => 10 + i / 1000),
      {},
      { hooks: { onBeat: () => (beats++, false) } },
    );
    return { beats, points: state.equity.length };
  };
  assertEquals(bars(8_192), { beats: 2, points: 8_193 });
  assertEquals(bars(81_920), { beats: 20, points: 81_921 });
});

Deno.test("run() 5: cash never becomes negative", () => {
  const greedy = scripted(() => [{ qty: 40 }, { qty: 40 }, { qty: 40 }]);
  for (const fill of ["same_bar", "next_bar"]) {
    let low = Infinity;
    const prices = walkOf(500, 3, 0.2);
    const { state } = runOver(prices, { fill, capital: 5_000 }, {
      agents: [greedy],
      hooks: { onDecision: () => low = Math.min(low, 0) },
    });
    assert(state.fills > 0);
    assert(state.account.cash >= 0, fill);
    assert((state.denied.get("INSUFFICIENT_CASH") ?? 0) > 0, fill);
    assert(state.account.maxDrawdownRatio <= 1, fill);
  }
});

Deno.test("run() 6: a run is an account of its own; nothing of it is left for the next", () => {
  const first = runOver(walkOf(3_000, 4));
  const second = runOver(walkOf(3_000, 4));
  assertEquals(second.curve, first.curve);
  assertEquals(hashOf(second.trades), hashOf(first.trades));
  assertEquals(first.state.account.id, "backtest");
});

Deno.test("run() 7: an order that is refused does not make the agent believe that it holds something", () => {
  // The first buy is refused; once prices allow it, the agent buys, and sells what it really has.
  const { state, trades } = runOver([10, 11, 4, 4.5, 4], { guardrails: { max_position: 5 } });
  assertEquals([...state.denied], [["MAX_POSITION", 1]]);
  assertEquals(trades.map(({ qtyMicro }) => qtyMicro), [1_000_000]);
});

Deno.test("run() 8: quantities follow the capital, and every agent of the request runs", () => {
  const prices = walkOf(400, 5);
  const sized = (capital: number) =>
    runOver(prices, { capital, agents: [{ name: "momentum", params: { stake_ratio: 0.5 } }] }).trades[0]!
      .qtyMicro;
  assertAlmostEquals(sized(100_000) / sized(1_000), 100, 0.01);
  const both = runOver(prices, {
    agents: [{ name: "momentum", params: { qty: 1 } }, {
      name: "ema_cross",
      params: { fast: 3, slow: 8, qty: 1 },
    }],
  });
  assertEquals(new Set(both.trades.map(({ agent }) => agent)), new Set(["momentum", "ema_cross"]));
});

Deno.test("run() 9: what is open at the end is marked at the last price and said to be open", () => {
  const prices = [10, 11, 12];
  const { state, trades } = runOver(prices);
  const result = resultOf({
    series: seriesOf(prices),
    state,
    trades,
    rules: rulesOf(requestOver(prices)),
    capital: 1_000,
  });
  assertEquals([result.trades, result.open_trades], [0, 1]);
  const mark = result.final_mark as {
    cash: number;
    equity: number;
    positions: { price: number; value: number }[];
  };
  assertEquals(mark.positions.map(({ price, value }) => [price, value]), [[12, 12]]);
  assertAlmostEquals(mark.cash + mark.positions[0]!.value, mark.equity, 1e-9);
  assertAlmostEquals(mark.equity, 1000.9834945, 1e-9);
});

Deno.test("run() 10: agents see features of the market besides the bar: volume, gate and posterior", () => {
  const seen: unknown[] = [];
  const base = seriesOf([10, 11, 12]);
  const instruments = [{
    ...base.instruments[0]!,
    volume: Float64Array.of(5, NaN, 7),
    gate: Uint8Array.of(0, 2, 0),
  }];
  const posterior = Float64Array.of(NaN, 0.5, 0.6, NaN, 0.2, 0.1, NaN, 0.3, 0.3, NaN, 0.01, 0.02);
  run({
    series: { ...base, instruments, posterior },
    agents: [scripted(({ posterior, instruments }) => {
      const { volume, tradable } = instruments[0]!;
      seen.push([posterior?.trend ?? null, posterior?.rug ?? null, volume, tradable]);
      return [];
    })],
    rules: rulesOf(requestOver([10, 11, 12])),
    capital: 1_000,
  });
  assertEquals(seen, [[null, null, 5, true], [0.5, 0.01, -1, false], [0.6, 0.02, 7, true]]);
});

Deno.test("run() refuses a sell of what is not held and goes on", () => {
  const { state } = runOver(PRICES, {}, { agents: [scripted(() => [{ side: "sell" }])] });
  assertEquals([...state.denied], [["POSITION_TOO_SMALL", 5]]);
  assertEquals(state.end, "data");
});

Deno.test("run() lets exits through after a drawdown halt and ends once nothing is held", () => {
  // Falls from the start; the agent sells only three bars after the halt.
  const prices = [100, 100, 80, 79, 78, 77, 76, 75];
  const agent = scripted(({ height }) =>
    height === 0 ? [{ qty: 5 }] : height === 1 ? [] : height === 5 ? [{ side: "sell", qty: 5 }] : [{ qty: 1 }]
  );
  const { state } = runOver(prices, { fill: "next_bar", guardrails: { max_drawdown: 0.05 } }, {
    agents: [agent],
  });
  assertEquals([state.haltedAt, state.end, state.bar], [2, "halted", 7]);
  assertEquals(state.account.positions, []);
  assert((state.denied.get("DRAWDOWN_HALT") ?? 0) >= 3);
});

Deno.test("run() suspends an agent that wants too much at once or throws, and goes on with the others", () => {
  const flood = scripted(() => Array.from({ length: 17 }, () => ({ qty: 0.001 })), "flood");
  const broken = scripted(() => {
    throw new Error("no idea");
  }, "broken");
  const { state } = runOver(PRICES, {}, { agents: [flood, agentWith("momentum", { qty: 1 }), broken] });
  assertEquals(state.account.suspended.map(({ agent, reason }) => [agent, reason]), [
    ["flood", "it wants 17 orders at once, more than 16"],
    ["broken", "no idea"],
  ]);
  assertEquals([state.orders, state.fills, state.riskEvents.length], [2, 2, 2]);
});

Deno.test("run() lets all agents decide on the same state before anything is placed", () => {
  const seen: number[] = [];
  const first = scripted(({ height }) => (height === 0 ? [{ qty: 1 }] : []), "first");
  const second = scripted(({ available }) => (seen.push(available), []), "second");
  runOver([10, 11], {}, { agents: [first, second] });
  assertEquals(seen[0], 1_000);
});

Deno.test("run() warms agents up before the first bar without letting them trade", () => {
  const prices = walkOf(200, 6);
  let decided = 0;
  const warm = runOver(prices, { agents: [{ name: "ema_cross", params: { fast: 3, slow: 8, qty: 1 } }] }, {
    from: 100,
    warmup: 50,
    hooks: { onDecision: ({ bar }) => (decided++, assert(bar >= 100)) },
  });
  assert(decided > 0);
  assertEquals([warm.state.from, warm.state.bar, warm.state.equity.length], [100, 200, 101]);
  assertEquals(warm.state.equity[0], 1_000);
});
