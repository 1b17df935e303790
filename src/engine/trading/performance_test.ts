// @ts-types="#types/std_assert.d.ts"
import { assert, assertAlmostEquals, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import figures from "../../../tests/fixtures/trading/figures.json" with { type: "json" };
import { Absent } from "../reason.ts";
import { normalCdf, studentQuantile, Z_95 } from "./moments.ts";
import {
  DAY_MS,
  type Drawdown,
  drawdownOf,
  type EquityCurve,
  equityStatistics,
  historicalTail,
} from "./performance.ts";
import { tradeStatistics, wilson } from "./trade_statistics.ts";

/** The generator of `tests/fixtures/trading/expected_figures.py`. */
class Lcg {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  next(bound: number): number {
    this.#state = (Math.imul(1664525, this.#state) + 1013904223) >>> 0;
    return (this.#state >>> 16) % bound;
  }
}

function curveOf(points: readonly (readonly [number, number])[]): EquityCurve {
  return {
    timesMs: Float64Array.from(points, ([timeMs]) => timeMs),
    equity: Float64Array.from(points, ([, equity]) => equity),
    length: points.length,
  };
}

function seededCurve(seed: number): EquityCurve {
  const random = new Lcg(seed);
  const points: [number, number][] = [];
  let equity = 1_000_000;
  let day = 20_000 + random.next(1000);
  const days = 30 + random.next(31);
  for (let i = 0; i < days; i++) {
    for (const half of [0, 1]) {
      equity = Math.max(1000, equity + (random.next(40_001) - 20_000) + random.next(500));
      points.push([day * DAY_MS + half * (DAY_MS / 2) + random.next(60_000), equity]);
    }
    day += random.next(10) !== 0 ? 1 : 3;
  }
  return curveOf(points);
}

function seededProfits(seed: number): number[] {
  const random = new Lcg(seed);
  return Array.from({ length: 2 + random.next(60) }, () => (random.next(40_001) - 19_000) / 8);
}

function assertClose(actual: unknown, expected: number | null, message: string): void {
  if (expected === null) return assertInstanceOf(actual, Absent, message);
  assert(typeof actual === "number", `${message} is absent`);
  assertAlmostEquals(actual, expected, 1e-9 * Math.max(1, Math.abs(expected)), message);
}

function tradeOf(profit: number) {
  return { profit, fees: 1, openedMs: 0, closedMs: 10, adverseRatio: -0.1, favourableRatio: 0.2 };
}

Deno.test(`equityStatistics() agrees with exact fractions on ${figures.equity.length} curves to 1e-9`, () => {
  assert(figures.equity.length >= 1000);
  figures.equity.forEach((expected, seed) => {
    const found = equityStatistics(seededCurve(seed));
    const drawdown = found.drawdown as Drawdown;
    [
      found.samples,
      found.returnRatio,
      found.cagr,
      found.volatility,
      found.sharpe,
      found.sharpeLow,
      found.sharpeHigh,
      found.probabilisticSharpe,
      found.sortino,
      found.calmar,
      drawdown.ratio,
      found.valueAtRisk,
      found.expectedShortfall,
    ].forEach((value, k) => assertClose(value, expected[k]!, `seed ${seed}, figure ${k}`));
  });
});

Deno.test(`tradeStatistics() agrees with exact fractions on ${figures.trades.length} lists to 1e-9`, () => {
  assert(figures.trades.length >= 1000);
  (figures.trades as (number | null)[][]).forEach((expected, seed) => {
    const found = tradeStatistics(seededProfits(seed).map(tradeOf));
    [
      found.trades,
      found.won,
      found.lost,
      found.winRate,
      found.winRateLow,
      found.winRateHigh,
      found.profitFactor,
      found.expectancy,
      found.expectancyLow,
      found.expectancyHigh,
      found.sqn,
    ].forEach((value, k) => assertClose(value, expected[k]!, `seed ${seed}, figure ${k}`));
  });
});

Deno.test("equityStatistics() says what is undefined and why, instead of a number that looks like one", () => {
  const empty = equityStatistics(curveOf([]));
  for (const value of [empty.sharpe, empty.cagr, empty.drawdown, empty.returnRatio, empty.valueAtRisk]) {
    assertInstanceOf(value, Absent);
  }
  const flat = equityStatistics(curveOf(Array.from({ length: 40 }, (_, day) => [day * DAY_MS, 100])));
  assertEquals([flat.volatility, flat.returnRatio, flat.cagr], [0, 0, 0]);
  assertEquals([flat.sharpe, flat.sortino, flat.calmar].map((value) => (value as Absent).code), [
    "UNDEFINED",
    "UNDEFINED",
    "UNDEFINED",
  ]);
  const short = equityStatistics(curveOf([[0, 100], [1000, 200]]));
  assertEquals([short.cagr, short.sharpe].map((value) => (value as Absent).code), [
    "NO_SAMPLES",
    "NO_SAMPLES",
  ]);
  const two = equityStatistics(curveOf([[0, 100], [DAY_MS, 1e300]]));
  assertEquals([(two.cagr as Absent).code, (two.sharpe as Absent).code], ["UNDEFINED", "NO_SAMPLES"]);
  const broke = equityStatistics(curveOf([[0, 100], [DAY_MS, 0], [2 * DAY_MS, 0]]));
  assertEquals((broke.sharpe as Absent).code, "UNDEFINED");
  const aeons = equityStatistics(curveOf([[0, 100], [1e18, 100]]), { intervalMs: 1000, riskFreeRatio: 0 });
  assertEquals((aeons.sharpe as Absent).code, "UNDEFINED");
  assertThrows(() => equityStatistics(curveOf([]), { intervalMs: 0, riskFreeRatio: 0 }), RangeError);
});

Deno.test("equityStatistics() counts a day without points as a day without change", () => {
  const gap = equityStatistics(curveOf([[0, 100], [DAY_MS, 110], [4 * DAY_MS, 121]]));
  const filled = equityStatistics(
    curveOf([[0, 100], [DAY_MS, 110], [2 * DAY_MS, 110], [3 * DAY_MS, 110], [4 * DAY_MS, 121]]),
  );
  assertEquals(gap.samples, 4);
  assertEquals(gap.sharpe, filled.sharpe);
});

Deno.test("equityStatistics() says the interval, the samples and whether they are few", () => {
  const hours = curveOf(Array.from({ length: 50 }, (_, hour) => [hour * 3_600_000, 100 + hour % 3]));
  const found = equityStatistics(hours, { intervalMs: 3_600_000, riskFreeRatio: 0.02 });
  assertEquals([found.intervalMs, found.samples, found.fewSamples], [3_600_000, 49, false]);
  assertEquals([found.periodsPerYear, equityStatistics(hours).fewSamples], [8760, true]);
});

Deno.test("drawdownOf() finds the worst fall, its way back, and the longest time under water", () => {
  const curve = curveOf([[0, 100], [1, 120], [2, 90], [3, 119], [4, 120], [5, 110], [9, 115]]);
  assertEquals(drawdownOf(curve), {
    ratio: 0.25,
    amount: 30,
    peakMs: 1,
    troughMs: 2,
    recoveredMs: 4,
    longestMs: 5,
  });
  assertEquals((drawdownOf(curveOf([[0, 100], [1, 50]])) as Drawdown).recoveredMs, null);
});

Deno.test("historicalTail() takes the original's quantile: VaR of 100, 101, 99, 103, 102 × 10 is 18.6538", () => {
  const prices = [100, 101, 99, 103, 102];
  const returns = prices.slice(1).map((price, i) => price / prices[i]! - 1);
  const tail = historicalTail(returns, 1);
  assert("valueAtRisk" in tail);
  assertAlmostEquals(tail.valueAtRisk * 10 * 102, 18.6538, 5e-5);
  // The original raised a TypeError here. One return lies beyond: 99 / 101 − 1.
  assertAlmostEquals(tail.expectedShortfall, 2 / 101, 1e-12);
  assertInstanceOf(historicalTail(returns), Absent);
});

Deno.test("tradeStatistics() has no profit factor without a loss, and says when there are few trades", () => {
  const won = tradeStatistics([5, 3].map(tradeOf));
  assertEquals((won.profitFactor as Absent).code, "UNDEFINED");
  assertEquals([won.winRate, won.fewTrades, won.profit], [1, true, 8]);
  const none = tradeStatistics([]);
  assertEquals([none.winRate, none.expectancy, none.sqn].map((value) => (value as Absent).code), [
    "NO_SAMPLES",
    "NO_SAMPLES",
    "NO_SAMPLES",
  ]);
  assertEquals(tradeStatistics(Array.from({ length: 30 }, () => tradeOf(1))).fewTrades, false);
  assertEquals(tradeStatistics([1, -1, -2, 0, -3].map(tradeOf)).longestLosingStreak, 2);
});

Deno.test("wilson() stays within 0..1 and holds the share", () => {
  assertEquals(wilson(0, 0), [0, 1]);
  assertEquals([wilson(0, 10)[0], wilson(10, 10)[1]], [0, 1]);
  const [low, high] = wilson(7, 10);
  assert(low < 0.7 && 0.7 < high);
});

Deno.test("normalCdf() is exact at known points, also far out", () => {
  assertEquals(normalCdf(0), 0.5);
  assertAlmostEquals(normalCdf(Z_95), 0.975, 1e-14);
  assertAlmostEquals(normalCdf(-1), 0.15865525393145707, 1e-14);
  assertAlmostEquals(normalCdf(4), 0.9999683287581669, 1e-14);
  assertAlmostEquals(normalCdf(-10) / 7.61985302416047e-24, 1, 1e-11);
});

Deno.test("studentQuantile() falls to the normal quantile and is exact at known points", () => {
  for (let degrees = 2; degrees < 400; degrees++) {
    const step = studentQuantile(degrees - 1) - studentQuantile(degrees);
    assert(step > 0, `at ${degrees}`);
    if (degrees > 100) assert(step < 0.0003, `at ${degrees}: ${step}`);
  }
  const known = [[1, 12.706204736432095], [2, 4.302652729749462], [3, 3.182446305283708], [
    30,
    2.0422724563012373,
  ]];
  for (const [degrees, quantile] of [...known, [60, 2.0002978220142604], [1000, 1.9623390808264074]]) {
    assertAlmostEquals(studentQuantile(degrees!), quantile!, 1e-10 * quantile!, `${degrees}`);
  }
  assertAlmostEquals(studentQuantile(1e9), Z_95, 1e-8);
});
