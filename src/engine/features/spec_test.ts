// @ts-types="#types/std_assert.d.ts"
import { assert, assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import { codeOf, coreWith, headerAt, T0 } from "../../../tests/support/engine.ts";
import { appendBlock } from "../chain.ts";
import { MARKET_IDS } from "../market.ts";
import { AGGREGATIONS, FEATURE_COUNT } from "./engine.ts";
import {
  blockInterval,
  indexEfficiency,
  indexEmaGap,
  indexReturn,
  indexVolatility,
  priceEmaGap,
  priceReturn,
  priceVolatility,
  volumeTrend,
} from "./formula.ts";
import { FEATURE_MODES, FEATURE_SCHEMA, FEATURES } from "./spec.ts";

Deno.test("FEATURES names every index and every name once, in ascending order, with a unit and a meaning", () => {
  const indices = FEATURES.map(({ index }) => index);
  assertEquals(indices, [...new Set(indices)].sort((a, b) => a - b));
  assert(indices.every((index) => index >= 0 && index < FEATURE_COUNT));
  assertEquals(new Set(FEATURES.map(({ name }) => name)).size, FEATURES.length);
  for (const feature of FEATURES) {
    assert(feature.unit && feature.meaning && feature.source, feature.name);
    assert(
      (feature.atSlot === undefined) !== (feature.ofReceipt === undefined),
      `${feature.name} has one formula`,
    );
    assert(Object.hasOwn(AGGREGATIONS, feature.aggregation));
    assertEquals(FEATURE_MODES[feature.index], AGGREGATIONS[feature.aggregation]);
  }
  assertMatch(FEATURE_SCHEMA, /^[0-9a-f]{32}$/);
});

Deno.test("FEATURES begins with the README's six in their order and units", () => {
  assertEquals(FEATURES.slice(0, 6).map(({ index, name, unit }) => [index, name, unit]), [
    [0, "market_utilization", "%"],
    [1, "operation_volume", "receipts per block"],
    [2, "cost_delta", "base units"],
    [3, "provider_count", "providers"],
    [4, "queue_depth", "operations"],
    [5, "finality_lag", "blocks"],
  ]);
});

Deno.test("FEATURES has the same features for every market", () => {
  const parts = (id: string) =>
    FEATURES.filter(({ market }) => market === id).map(({ name, index }) => [name.split(".")[0], index % 16]);
  for (const id of MARKET_IDS) assertEquals(parts(id), parts("compute"), id);
  assertEquals(parts("compute").length, 12);
});

/** A state whose index has these prices of the compute market, and as many receipts as given. */
function stateWith(prices: readonly (number | null)[], receipts: (height: number) => number = () => 0) {
  const { state } = coreWith();
  let level = 0;
  let path = 0;
  for (const [height, price] of prices.entries()) {
    const before = prices[height - 1] ?? null;
    const change = price === null || before === null ? 0 : Math.log(price / before);
    level += change;
    path += Math.abs(change);
    state.index.push({ height, level, path, receipts: receipts(height), prices: [price, null, null, null] });
  }
  return state;
}

Deno.test("returns and efficiencies are those of the slots they name", () => {
  const prices = [null, 100, 110, 99, 99];
  const state = stateWith(prices);
  assertEquals(priceReturn(state, "compute"), 0);
  state.index.pop();
  assertAlmostEquals(priceReturn(state, "compute") as number, Math.log(0.9));
  assertAlmostEquals(indexReturn(state) as number, Math.log(0.9));
  assertEquals(codeOf(priceReturn(state, "storage")), "NO_PRICE");
  const wave = stateWith(Array.from({ length: 21 }, (_, i) => 100 * 1.01 ** (i % 2)));
  assertAlmostEquals(indexEfficiency(wave, 20) as number, 0, 1e-9);
  assertEquals(codeOf(indexEfficiency(wave, 60)), "WARMING_UP");
  const rise = stateWith(Array.from({ length: 61 }, (_, i) => 100 * 1.01 ** i));
  assertAlmostEquals(indexEfficiency(rise, 60) as number, 1, 1e-9);
  assertEquals(codeOf(indexEfficiency(stateWith(new Array(61).fill(5)), 60)), "UNDEFINED");
});

Deno.test("volatilities are the root mean square of 32 log returns", () => {
  const prices = Array.from({ length: 60 }, (_, i) => 100 * 1.02 ** (i % 2));
  const state = stateWith(prices);
  assertAlmostEquals(priceVolatility(state, "compute") as number, Math.log(1.02), 1e-12);
  assertAlmostEquals(indexVolatility(state) as number, Math.log(1.02), 1e-12);
  assertEquals(codeOf(priceVolatility(state, "ad")), "WARMING_UP");
  assertEquals(codeOf(indexVolatility(stateWith(prices.slice(0, 32)))), "WARMING_UP");
});

Deno.test("EMA gaps are what lies between a price and its exponential average", () => {
  assertEquals(priceEmaGap(stateWith([null, 100, 100]), "compute"), 0);
  assertEquals(codeOf(priceEmaGap(stateWith([null]), "compute")), "NO_PRICE");
  const state = stateWith([100, 133]);
  assertAlmostEquals(priceEmaGap(state, "compute") as number, Math.log(133 / 102));
  assertAlmostEquals(indexEmaGap(state) as number, Math.log(1.33) * (1 - 2 / 33));
  assertEquals(codeOf(indexEmaGap(stateWith([100, 100]))), "NO_PRICE");
});

Deno.test("volumeTrend() compares the last 20 slots with the last 100", () => {
  const flat = new Array(100).fill(1);
  assertEquals(volumeTrend(stateWith(flat, () => 3)), 0);
  assertAlmostEquals(
    volumeTrend(stateWith(flat, (height) => (height >= 80 ? 4 : 0))) as number,
    Math.log(81 / 17),
  );
  assertEquals(volumeTrend(stateWith(flat, () => 0)), 0);
  assertEquals(codeOf(volumeTrend(stateWith(flat.slice(1), () => 3))), "WARMING_UP");
});

Deno.test("blockInterval() is by the headers' times; arrivals count only while blocks come live", () => {
  const interval = (stamped: boolean, catchUp: boolean) => {
    const { state } = coreWith();
    for (const height of [0, 1]) {
      const timestampMs = stamped ? T0 + 900 * height : null;
      appendBlock(state.chain, headerAt(height, { timestampMs }), T0 + 1_000 * height, catchUp);
    }
    return blockInterval(state);
  };
  assertEquals([interval(true, false), interval(true, true), interval(false, false)], [900, 900, 1_000]);
  assertEquals(codeOf(interval(false, true)), "WARMING_UP");
  assertEquals(codeOf(blockInterval(coreWith().state)), "WARMING_UP");
});
