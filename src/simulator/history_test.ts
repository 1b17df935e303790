// @ts-types="#types/std_assert.d.ts"
import { assertEquals, assertLessOrEqual, assertThrows } from "@std/assert";
import { Random } from "../engine/random.ts";
import { CHECKPOINT_BLOCKS, SteppedHistory } from "./history.ts";

function powers(onStep = () => {}) {
  return new SteppedHistory({ value: 1 }, ({ value }, height) => {
    onStep();
    return { value: (value * 3 + height) % 1_000_003 };
  });
}

Deno.test("SteppedHistory.at() gives the same values in any order", () => {
  const sequential = powers();
  const expected = Array.from({ length: 12_000 }, (_, height) => sequential.at(height).value);
  const shuffled = powers();
  const random = new Random("order");
  for (let i = 0; i < 400; i++) {
    const height = random.integer(0, 11_999);
    assertEquals(shuffled.at(height).value, expected[height], `height ${height}`);
  }
});

Deno.test("SteppedHistory.at() takes each height once when read in order", () => {
  let steps = 0;
  const history = powers(() => steps++);
  for (let height = 0; height < 5_000; height++) history.at(height);
  assertEquals(steps, 4_999);
});

Deno.test("SteppedHistory.at() costs at most 1,000 steps to go back", () => {
  let steps = 0;
  const history = powers(() => steps++);
  history.at(20_000);
  steps = 0;
  history.at(4_321);
  assertLessOrEqual(steps, CHECKPOINT_BLOCKS);
});

Deno.test("SteppedHistory.at() refuses a height that is not an integer ≥ 0", () => {
  assertThrows(() => powers().at(-1), RangeError, "Cannot read height -1");
  assertThrows(() => powers().at(0.5), RangeError, "expected an integer");
});
