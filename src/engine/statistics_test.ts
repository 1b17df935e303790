// @ts-types="#types/std_assert.d.ts"
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { Random } from "./random.ts";
import { clamp, mean, median, quantile } from "./statistics.ts";

Deno.test("mean() is undefined for nothing and exact for small integers", () => {
  assertEquals(mean([]), undefined);
  assertEquals(mean([1, 2, 6]), 3);
});

Deno.test("quantile() interpolates as type 7 of Hyndman and Fan (values of R's quantile())", () => {
  const values = [15, 3, 9, 1]; // R: quantile(c(1, 3, 9, 15), c(0, .1, .25, .5, .9, .95, 1))
  const expected = [[0, 1], [0.1, 1.6], [0.25, 2.5], [0.5, 6], [0.9, 13.2], [0.95, 14.1], [1, 15]] as const;
  for (const [q, value] of expected) assertAlmostEquals(quantile(values, q)!, value, 1e-12);
  assertEquals(values, [15, 3, 9, 1], "the argument is not sorted in place");
});

Deno.test("quantile() of one value is that value, of none is undefined", () => {
  assertEquals([quantile([4], 0), quantile([4], 0.5), quantile([4], 1)], [4, 4, 4]);
  assertEquals(quantile([], 0.5), undefined);
});

Deno.test("quantile() sorts numerically, not as texts", () => {
  assertEquals(quantile([10, 9, 100], 0), 9);
  assertEquals(quantile([10, 9, 100], 1), 100);
});

Deno.test("quantile() stays within the values and grows with q (property)", () => {
  for (let seed = 0; seed < 200; seed++) {
    const random = new Random("quantile", seed);
    const values = Array.from({ length: random.integer(1, 40) }, () => random.normal());
    let last = -Infinity;
    for (let q = 0; q <= 1; q += 0.125) {
      const value = quantile(values, q)!;
      assertEquals(
        value >= last - 1e-12 && value <= Math.max(...values) + 1e-12,
        true,
        `seed ${seed}, q ${q}`,
      );
      last = value;
    }
  }
});

Deno.test("median() is the middle of an odd list and the mean of the two middles of an even one", () => {
  assertEquals([median([]), median([3, 1, 2]), median([4, 1, 3, 2])], [undefined, 2, 2.5]);
});

Deno.test("clamp() limits on both sides", () => {
  assertEquals([clamp(-1, 0, 1), clamp(0.5, 0, 1), clamp(2, 0, 1)], [0, 0.5, 1]);
});
