// @ts-types="#types/std_assert.d.ts"
import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { AMOUNT_MAX, fitsNumber, floorDiv, parseAmount, ratioOf, sumAmounts } from "./amount.ts";
import { Random } from "./random.ts";

Deno.test("AMOUNT_MAX is the largest u64", () => {
  assertEquals(AMOUNT_MAX, 2n ** 64n - 1n);
});

Deno.test("fitsNumber() holds up to 2^53 − 1 in both directions and no further", () => {
  const edge = 2n ** 53n - 1n;
  assertEquals([0n, edge, -edge].map(fitsNumber), [true, true, true]);
  assertEquals([edge + 1n, -edge - 1n, AMOUNT_MAX].map(fitsNumber), [false, false, false]);
});

Deno.test("parseAmount() reads integers exactly, signs and leading zeros included", () => {
  assertEquals(parseAmount("18446744073709551615"), AMOUNT_MAX);
  assertEquals(parseAmount("-7"), -7n);
  assertEquals(parseAmount("0007"), 7n);
});

Deno.test("parseAmount() refuses whatever is not a short decimal integer, and quotes it", () => {
  for (const text of ["", "-", "1.0", "1e3", " 1", "1 ", "0x10", "+1", "1_000", "NaN", "9".repeat(41)]) {
    assertThrows(() => parseAmount(text), SyntaxError, "expected a decimal integer");
  }
  assertThrows(() => parseAmount("twelve"), SyntaxError, 'amount "twelve"');
});

Deno.test("sumAmounts() adds beyond 2^64 without a loss", () => {
  assertEquals(sumAmounts([AMOUNT_MAX, AMOUNT_MAX, 1n]), 2n ** 65n - 1n);
  assertEquals(sumAmounts([]), 0n);
});

Deno.test("floorDiv() rounds towards negative infinity for every combination of signs", () => {
  assertEquals(floorDiv(7n, 2n), 3n);
  assertEquals(floorDiv(-7n, 2n), -4n);
  assertEquals(floorDiv(7n, -2n), -4n);
  assertEquals(floorDiv(-7n, -2n), 3n);
  assertEquals(floorDiv(-8n, 2n), -4n);
  assertEquals(floorDiv(0n, 5n), 0n);
});

Deno.test("floorDiv() is the q with q·d ≤ n < (q+1)·d for positive d (property)", () => {
  for (let seed = 0; seed < 500; seed++) {
    const random = new Random("floorDiv", seed);
    const n = BigInt(random.integer(-1_000_000, 1_000_000)) * BigInt(random.uint32());
    const d = BigInt(random.integer(1, 1_000_000));
    const q = floorDiv(n, d);
    assertEquals(q * d <= n && n < (q + 1n) * d, true, `seed ${seed}: floorDiv(${n}, ${d}) = ${q}`);
  }
});

Deno.test("ratioOf() keeps the precision of a float far beyond 2^53 and close to 0", () => {
  assertEquals(ratioOf(1n, 4n), 0.25);
  assertEquals(ratioOf(AMOUNT_MAX, AMOUNT_MAX), 1);
  assertAlmostEquals(ratioOf(3n * 10n ** 30n, 10n ** 30n), 3, 1e-15);
  const tiny = ratioOf(1n, 10n ** 30n);
  assertAlmostEquals(tiny * 1e30, 1, 1e-15);
});
