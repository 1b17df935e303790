/// <reference lib="deno.ns" />
// @ts-types="#types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { candlesOf } from "./candle_groups.ts";

const at = (height: number, price: number | null) => ({ height, t: height * 1_000, price_micro: price });

Deno.test("candlesOf() groups blocks by height and leaves blocks without a price out", () => {
  const found = candlesOf([at(9, 4), at(10, 7), at(11, null), at(12, 2), at(14, 5), at(20, 6)])!;
  assertEquals([...found.times], [5, 10, 20]);
  assertEquals(found.values.map((values) => [...values]), [[4, 7, 6], [4, 7, 6], [4, 2, 6], [4, 5, 6]]);
});

Deno.test("candlesOf() has nothing to show without prices", () => {
  assertEquals(candlesOf([]), null);
  assertEquals(candlesOf([at(1, null)]), null);
});
