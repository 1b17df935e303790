/// <reference lib="deno.ns" />
// @ts-types="#types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { compareValues, ROWS_DRAWN_MAX, rowWindow } from "./table.ts";

Deno.test("rowWindow() draws every row of a short table wherever it is scrolled", () => {
  assertEquals(rowWindow(ROWS_DRAWN_MAX, 9_999, 400), [0, ROWS_DRAWN_MAX]);
});

Deno.test("rowWindow() draws what is in sight of a long table and a little around", () => {
  assertEquals(rowWindow(1_000, 0, 280, 28), [0, 20]);
  assertEquals(rowWindow(1_000, 2_800, 280, 28), [90, 120]);
  assertEquals(rowWindow(1_000, 27_720, 280, 28), [980, 1_000]);
});

Deno.test("rowWindow() is empty rather than backward when the table has shrunk below the scroll position", () => {
  assertEquals(rowWindow(201, 99_999, 280, 28), [201, 201]);
});

Deno.test("compareValues() orders numbers, words and truths, with unknown ones last in both directions", () => {
  const sorted = (values: (string | number | boolean | null)[], descending: boolean) =>
    values.toSorted((a, b) => compareValues(a, b, descending));
  assertEquals(sorted([3, null, 1, 2], false), [1, 2, 3, null]);
  assertEquals(sorted([3, null, 1, 2], true), [3, 2, 1, null]);
  assertEquals(sorted(["b", "a", null], false), ["a", "b", null]);
  assertEquals(sorted([false, null, true], true), [true, false, null]);
});
