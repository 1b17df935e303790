// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import { SimulatedChain } from "./chain.ts";
import { activeProviders, GENESIS_MS, isActive, START_PRICE } from "./model.ts";
import { RUG_COLLAPSE_BLOCKS } from "./regime.ts";
import type { ScenarioName } from "./scenario.ts";
import { SCENARIO_NAMES } from "./scenario.ts";

const BLOCKS = 20_000;

function chainOf(scenario: ScenarioName, seed = 1): SimulatedChain {
  return new SimulatedChain({ seed, scenario, dialect: "readme" });
}

function returnsOf(chain: SimulatedChain, market: number, blocks = BLOCKS): number[] {
  const returns: number[] = [];
  for (let height = 1; height <= blocks; height++) {
    returns.push(
      Math.log(
        chain.stateAt(height).markets[market]!.price / chain.stateAt(height - 1).markets[market]!.price,
      ),
    );
  }
  return returns;
}

function correlation(x: readonly number[], y: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const [mx, my] = [mean(x), mean(y)];
  let [xy, xx, yy] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    xy += (x[i]! - mx) * (y[i]! - my);
    xx += (x[i]! - mx) ** 2;
    yy += (y[i]! - my) ** 2;
  }
  return xy / Math.sqrt(xx * yy);
}

function autocorrelation(values: readonly number[], lag: number): number {
  return correlation(values.slice(lag), values.slice(0, -lag));
}

Deno.test("MarketModel.next() in calm draws returns whose past says nothing about their future", () => {
  const bound = 3 / Math.sqrt(BLOCKS);
  for (const seed of [1, 2]) {
    const chain = chainOf("calm", seed);
    for (let market = 0; market < 4; market++) {
      const returns = returnsOf(chain, market);
      const sizes = returns.map(Math.abs);
      assertLess(Math.abs(autocorrelation(returns, 1)), bound, `seed ${seed} market ${market}: returns`);
      assertLess(Math.abs(autocorrelation(sizes, 1)), bound, `seed ${seed} market ${market}: volatility`);
      const sigma = Math.sqrt(returns.reduce((sum, value) => sum + value * value, 0) / BLOCKS);
      assert(sigma > 0.00057 && sigma < 0.00063, `seed ${seed} market ${market}: sigma ${sigma}`);
    }
  }
});

/** Measured over seeds 1..3: ρ₁ of returns 0.28–0.43, ρ₁ of their sizes 0.30–0.36. */
Deno.test("MarketModel.next() in stress lets past returns, gaps and volatility carry information", () => {
  const chain = chainOf("stress");
  for (let market = 0; market < 4; market++) {
    const returns = returnsOf(chain, market);
    assertGreater(autocorrelation(returns, 1), 0.15, `market ${market}: next return`);
    assertGreater(autocorrelation(returns, 10), 0.1, `market ${market}: return ten blocks on`);
    assertGreater(autocorrelation(returns.map(Math.abs), 1), 0.15, `market ${market}: volatility`);
    let average = 0;
    const gaps: number[] = [];
    for (let height = 0; height < BLOCKS; height++) {
      const { logPrice } = chain.stateAt(height).markets[market]!;
      average += (logPrice - average) / 20;
      gaps.push(logPrice - average);
    }
    assertGreater(correlation(gaps, returns), 0.15, `market ${market}: gap to the 20-block average`);
  }
});

Deno.test("MarketModel.next() in stress keeps regimes for their documented lengths", () => {
  const chain = chainOf("stress");
  const runs = new Map<string, number[]>();
  let length = 1;
  for (let height = 1; height < 200_000; height++) {
    if (chain.regimeAt(height) === chain.regimeAt(height - 1)) length++;
    else {
      const name = chain.regimeAt(height - 1);
      runs.set(name, [...(runs.get(name) ?? []), length]);
      length = 1;
    }
  }
  const mean = (name: string) => runs.get(name)!.reduce((a, b) => a + b, 0) / runs.get(name)!.length;
  assertEquals([...runs.keys()].sort(), ["chop", "revert", "rug", "trend-down", "trend-up"]);
  for (
    const [name, blocks] of [["trend-up", 100], ["trend-down", 100], ["revert", 140], ["chop", 60]] as const
  ) {
    assert(Math.abs(mean(name) / blocks - 1) < 0.2, `${name} lasts ${mean(name)} blocks on average`);
  }
  assertEquals(new Set(runs.get("rug")), new Set([90]));
});

Deno.test("MarketModel.next() in a rug loses volume and providers, then recovers", () => {
  const chain = chainOf("stress");
  let start = 1;
  while (chain.regimeAt(start) !== "rug") start++;
  const providers = (height: number) =>
    chain.stateAt(height).markets.reduce((sum, market) => sum + activeProviders(market), 0);
  const receipts = (from: number, to: number) => {
    let count = 0;
    for (let height = from; height < to; height++) count += chain.receiptsAt(height).length;
    return count / (to - from);
  };
  const bottom = start + RUG_COLLAPSE_BLOCKS;
  assertLess(providers(bottom), 0.75 * providers(start));
  assertGreater(providers(start + 89), providers(bottom));
  assertLess(receipts(bottom - 8, bottom + 8), 0.5 * receipts(start - 40, start));
});

Deno.test("MarketModel.next() keeps every price positive and within 0.05 and 20 times its start", () => {
  for (const scenario of ["calm", "stress"] as const) {
    for (const seed of [1, 2, 3]) {
      const chain = chainOf(scenario, seed);
      for (let height = 0; height < 60_000; height += 1) {
        chain.stateAt(height).markets.forEach((market, index) => {
          const ratio = market.price / START_PRICE[index]!;
          if (!(ratio >= 0.05 && ratio <= 20.000001)) {
            throw new Error(`${scenario} ${seed} ${height}: ${ratio}`);
          }
        });
      }
    }
  }
});

Deno.test("MarketModel.next() stamps strictly rising times within 15 % of the interval, three times that in an outage", () => {
  for (const scenario of SCENARIO_NAMES) {
    const chain = chainOf(scenario);
    assertEquals(chain.stateAt(0).timestampMs, GENESIS_MS);
    for (let height = 1; height < 2_000; height++) {
      const interval = chain.stateAt(height).timestampMs - chain.stateAt(height - 1).timestampMs;
      const slow = scenario === "outage" && height % 240 >= 120 && height % 240 < 180 ? 3 : 1;
      assert(interval >= 850 * slow && interval <= 1_150 * slow, `${scenario} ${height}: ${interval} ms`);
    }
  }
});

Deno.test("MarketModel.next() never lets our provider leave", () => {
  const chain = chainOf("stress");
  for (let height = 0; height < 30_000; height++) {
    assert(chain.stateAt(height).markets.every((market) => isActive(market, 0)), `height ${height}`);
  }
});
