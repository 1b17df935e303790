/// <reference lib="deno.ns" />
// @ts-types="#types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { sourceOf, stepFor } from "./server_series.ts";

Deno.test("stepFor() takes the finest step that is kept so long and fits into an answer", () => {
  assertEquals([stepFor(900, 4), stepFor(3_600, 1), stepFor(3_600, 4)], [1, 60, 60]);
  assertEquals([stepFor(86_400, 4), stepFor(604_800, 4), stepFor(2_592_000, 1)], [60, 900, 900]);
});

Deno.test("sourceOf() joins over a second without a block, and keeps a longer silence as a gap", () => {
  const answer = {
    step: 1,
    t: [10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20],
    v: [[1], [null], [3], [null], [null], [null], [null], [null], [null], [4], [5]],
  };
  const { times, values } = sourceOf(answer, 1, 10_000);
  assertEquals([...times], [10_000, 12_000, 13_000, 19_000, 20_000]);
  assertEquals([...values[0]!], [1, 3, NaN, 4, 5]);
});

Deno.test("sourceOf() starts where the chain does, when that is younger than the range", () => {
  const answer = { step: 60, t: [0, 60, 120, 180, 240], v: [[null], [null], [7], [8], [9]] };
  assertEquals(sourceOf(answer, 1, 240_000).domain, [120_000, 240_000]);
  assertEquals(sourceOf({ step: 1, t: [], v: [] }, 1, 60_000).times.length, 0);
});
