// @ts-types="#types/std_assert.d.ts"
import { assertEquals, assertInstanceOf, assertMatch, assertStrictEquals } from "@std/assert";
import { Absent, absent, isKnown, type Known, knownOr, mapKnown, REASON_CODES } from "./reason.ts";

Deno.test("REASON_CODES are the codes of the contract, each with a sentence", () => {
  assertEquals(Object.keys(REASON_CODES).sort(), [
    "AUTH",
    "DISABLED",
    "NODE_DOWN",
    "NOT_OFFERED",
    "NO_ACCOUNT",
    "NO_PRICE",
    "NO_SAMPLES",
    "OUT_OF_RANGE",
    "UNDEFINED",
    "WARMING_UP",
  ]);
  for (const sentence of Object.values(REASON_CODES)) assertMatch(sentence, /^[A-Z].{10,}\.$/);
});

Deno.test("absent() keeps the code and the sentence", () => {
  const why = absent("AUTH", "no token");
  assertInstanceOf(why, Absent);
  assertEquals([why.code, why.because], ["AUTH", "no token"]);
});

Deno.test("isKnown() takes falsy values for known", () => {
  assertEquals([0, "", false, 0n, null].map((value) => isKnown(value)), [true, true, true, true, true]);
  assertEquals(isKnown(absent("NO_SAMPLES", "none")), false);
});

Deno.test("mapKnown() applies to known values and hands a reason through unchanged", () => {
  const why = absent("NODE_DOWN", "gone");
  assertEquals(mapKnown(2, (value) => value * 3), 6);
  assertStrictEquals(mapKnown(why as Known<number>, (value) => value * 3), why);
  assertStrictEquals(mapKnown(0, () => why), why);
});

Deno.test("knownOr() falls back only where nothing is known", () => {
  assertEquals(knownOr(0, 5), 0);
  assertEquals(knownOr(absent("NO_PRICE", "none") as Known<number>, null), null);
});
