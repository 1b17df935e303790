/// <reference lib="deno.ns" />
// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import {
  decimate,
  extent,
  nearest,
  niceDomain,
  niceStep,
  stepDecimals,
  summarize,
  ticks,
  timeTicks,
} from "./scale.ts";

const points = (line: { x: Float64Array; y: Float64Array; length: number }) =>
  Array.from({ length: line.length }, (_, i) => [line.x[i], line.y[i]]);

Deno.test("decimate() keeps every point of a line that is not dense", () => {
  assertEquals(points(decimate([0, 10, 20], [1, 2, 3], (x) => x)), [[0, 1], [10, 2], [20, 3]]);
});

Deno.test("decimate() keeps first, lowest, highest and last of a pixel, in their order", () => {
  const x = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 1];
  const y = [5, 6, 9, 4, 1, 3, 7];
  assertEquals(points(decimate(x, y, (at) => at)), [[0, 5], [0.2, 9], [0.4, 1], [0.5, 3], [1, 7]]);
});

Deno.test("decimate() keeps gaps as one gap each, wherever they are", () => {
  const y = [NaN, NaN, 1, NaN, NaN, 2, NaN];
  const line = decimate([0, 1, 2, 3, 4, 5, 6], y, (x) => x);
  assertEquals(points(line).map(([, value]) => value), [NaN, 1, NaN, 2, NaN]);
});

Deno.test("decimate() never joins what a gap parts within one pixel", () => {
  const line = decimate([0, 0.1, 0.2], [1, NaN, 2], (x) => x);
  assertEquals(points(line).map(([, value]) => value), [1, NaN, 2]);
});

Deno.test("decimate() draws at most four points per pixel of 3,600 and no extreme is lost", () => {
  const x = Array.from({ length: 3_600 }, (_, i) => i);
  const y = x.map((i) => Math.sin(i * 12.9898) * 43_758.5453 % 1);
  const line = decimate(x, y, (at) => at / 10);
  assert(line.length <= 4 * 360, `${line.length} points`);
  assertEquals(extent([line.y.subarray(0, line.length)]), extent([y]));
});

Deno.test("niceDomain() widens to round numbers, never below the floor, and gives a flat line room", () => {
  assertEquals(niceDomain([0.3, 9.2], 4), [0, 10]);
  assertEquals(niceDomain([48, 70], 4), [40, 70]);
  assertEquals(niceDomain([3, 3], 2, 0), [2, 4]);
  assertEquals(niceDomain([0, 0], 4, 0)[0], 0);
  assertEquals(niceDomain([24, 25], 4, 0, 1), [24, 25]);
});

Deno.test("ticks() are round and within the domain; whole things have whole ticks", () => {
  assertEquals(ticks([0, 10], 4), [0, 5, 10]);
  assertEquals(ticks([23, 25], 4, 1), [23, 24, 25]);
  assertEquals(niceStep(10, 5), 2);
});

Deno.test("stepDecimals() tells ticks apart", () => {
  assertEquals(
    [stepDecimals(0.002), stepDecimals(0.1), stepDecimals(0.5), stepDecimals(1), stepDecimals(20)],
    [
      3,
      1,
      1,
      0,
      0,
    ],
  );
});

Deno.test("timeTicks() stand at clock-round times", () => {
  const from = Date.UTC(2026, 0, 1, 12, 0, 7);
  const found = timeTicks([from, from + 300_000], 6).map((at) => new Date(at).toISOString().slice(14, 19));
  assertEquals(found, ["01:00", "02:00", "03:00", "04:00", "05:00"]);
});

Deno.test("extent() and summarize() leave gaps out; all gaps are nothing", () => {
  assertEquals(extent([[NaN, 3], [1, NaN]]), [1, 3]);
  assertEquals(extent([[NaN]]), null);
  assertEquals(summarize([NaN, 4, 9, 2, NaN]), { first: 4, last: 2, min: 2, max: 9 });
  assertEquals(summarize([NaN]), null);
});

Deno.test("nearest() finds the closest entry, and none in an empty list", () => {
  const list = [0, 10, 20];
  assertEquals([-5, 4, 6, 15, 99].map((value) => nearest(list, value)), [0, 0, 1, 1, 2]);
  assertEquals(nearest([], 3), -1);
});
