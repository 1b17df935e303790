// @ts-types="#types/std_assert.d.ts"
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { emptyActivity } from "./activity.ts";
import { perMarket } from "./market.ts";
import {
  efficiency,
  extendIndex,
  indexKept,
  type IndexPoint,
  logReturn,
  revertIndex,
} from "./price_index.ts";

const DEPTH = 4;

/** Puts a price of a height into a market. */
function settle(activity: ReturnType<typeof emptyActivity>, height: number, price: number): void {
  activity.prices.push({ height, timeMs: height, priceMicro: BigInt(price), amount: 1n, units: 1n });
}

Deno.test("extendIndex() takes the mean of the log returns over the markets that have a price", () => {
  const activity = perMarket(() => emptyActivity());
  const index: IndexPoint[] = [];
  const extend = (height: number, receipts: number) => extendIndex(index, activity, height, receipts, DEPTH);
  extend(0, 0);
  assertEquals(index[0], { height: 0, level: 0, path: 0, receipts: 0, prices: [null, null, null, null] });
  settle(activity.compute, 1, 100);
  extend(1, 1);
  assertEquals([index[1]!.level, index[1]!.receipts], [0, 1], "a first price is no return");
  settle(activity.compute, 2, 110);
  extend(2, 1);
  assertAlmostEquals(index[2]!.level, Math.log(1.1));
  settle(activity.storage, 3, 50);
  extend(3, 1);
  assertAlmostEquals(index[3]!.level, Math.log(1.1), 1e-12);
  settle(activity.compute, 4, 99);
  settle(activity.storage, 4, 50);
  extend(4, 2);
  assertAlmostEquals(index[4]!.level, Math.log(1.1) + Math.log(0.9) / 2);
  assertAlmostEquals(index[4]!.path, Math.log(1.1) - Math.log(0.9) / 2);
});

Deno.test("extendIndex() counts a price that becomes known later in the slot in which it does", () => {
  const activity = perMarket(() => emptyActivity());
  const index: IndexPoint[] = [];
  settle(activity.ad, 0, 100);
  for (const height of [0, 1, 2]) extendIndex(index, activity, height, 0, DEPTH);
  settle(activity.ad, 2, 200);
  extendIndex(index, activity, 3, 1, DEPTH);
  assertEquals(index.map(({ level }) => level), [0, 0, 0, Math.log(2)]);
});

Deno.test("revertIndex() takes slots back, and the index forgets what no reorganisation can bring back", () => {
  const activity = perMarket(() => emptyActivity());
  const index: IndexPoint[] = [];
  for (let height = 0; height < 400; height++) extendIndex(index, activity, height, height, DEPTH);
  assertEquals(index.length, indexKept(DEPTH));
  revertIndex(index, 395);
  assertEquals(index[index.length - 1]!.height, 395);
  extendIndex(index, activity, 396, 0, DEPTH);
  assertEquals(index.map(({ height }) => height).at(-1), 396);
  revertIndex(index, 0);
  assertEquals(index, []);
});

Deno.test("efficiency() is what was moved over the way that it took, with its sign", () => {
  const at = (level: number, path: number): IndexPoint => ({
    height: 0,
    level,
    path,
    receipts: 0,
    prices: [],
  });
  assertEquals(efficiency(at(1, 1), at(3, 3)), 1);
  assertEquals(efficiency(at(1, 1), at(0, 2)), -1);
  assertEquals(efficiency(at(0, 0), at(1, 4)), 0.25);
  assertEquals(efficiency(at(1, 1), at(1, 1)), undefined);
});

Deno.test("logReturn() is 0 where there is no price to compare with", () => {
  assertEquals([logReturn(null, 5), logReturn(undefined, 5), logReturn(5, null), logReturn(0, 5)], [
    0,
    0,
    0,
    0,
  ]);
  assertAlmostEquals(logReturn(2, 1), -Math.LN2);
});
