// @ts-types="#types/std_assert.d.ts"
import { assertEquals, assertThrows } from "@std/assert";
import { Random } from "../engine/random.ts";
import { canonicalJson, DEPTH_MAX, parseExact } from "./json.ts";

Deno.test("parseExact() keeps integers beyond 2^53 exact and small ones plain numbers", () => {
  assertEquals(parseExact('{"a":18446744073709551615,"b":9007199254740991,"c":9007199254740993}'), {
    a: 2n ** 64n - 1n,
    b: 2 ** 53 - 1,
    c: 2n ** 53n + 1n,
  });
  assertEquals(parseExact("[-9007199254740993]"), [-(2n ** 53n) - 1n]);
  assertEquals(parseExact("12"), 12);
});

Deno.test("parseExact() leaves fractions, exponents and texts of digits alone", () => {
  assertEquals(parseExact('["18446744073709551615", 0.1234567890123456789, 1e20]'), [
    "18446744073709551615",
    0.12345678901234568,
    1e20,
  ]);
  assertEquals(parseExact("[9007199254740993.0, 1e400, -1e400]"), [9007199254740992, Infinity, -Infinity]);
});

Deno.test("parseExact() does not read integers of more than 40 digits exactly", () => {
  assertEquals(parseExact(`[${"9".repeat(40)}]`), [10n ** 40n - 1n]);
  assertEquals(parseExact(`[${"9".repeat(41)}]`), [1e41]);
  assertEquals(parseExact(`[${"9".repeat(1_000_000)}]`), [Infinity]);
});

Deno.test("parseExact() gives members named like those of Object.prototype as plain members", () => {
  const value = parseExact('{"__proto__":{"polluted":true},"constructor":9007199254740993}') as object;
  assertEquals(Object.keys(value), ["__proto__", "constructor"]);
  assertEquals(({} as { polluted?: boolean }).polluted, undefined);
});

Deno.test("parseExact() throws SyntaxError for what is no JSON, with and without long integers", () => {
  for (const text of ["", "{", "[1,]", "NaN", "{'a':1}", "[9007199254740993", '{"a":01}', "<html>"]) {
    assertThrows(() => parseExact(text), SyntaxError);
  }
});

Deno.test("canonicalJson() sorts keys at every level and leaves lists in order", () => {
  assertEquals(
    canonicalJson({ b: 1, a: { d: [3, 1, { z: null, y: true }], c: "x" } }),
    '{"a":{"c":"x","d":[3,1,{"y":true,"z":null}]},"b":1}',
  );
});

Deno.test("canonicalJson() writes bigint as an integer and leaves undefined members out", () => {
  assertEquals(
    canonicalJson({ a: 2n ** 64n - 1n, b: undefined, c: -1n }),
    '{"a":18446744073709551615,"c":-1}',
  );
  assertEquals(canonicalJson([undefined, NaN]), "[null,null]");
});

Deno.test("canonicalJson() escapes texts and keys", () => {
  assertEquals(canonicalJson({ 'k"\n': "\u0000\\" }), '{"k\\"\\n":"\\u0000\\\\"}');
});

Deno.test("canonicalJson() refuses what nests deeper than it writes", () => {
  const nested = (levels: number) => JSON.parse("[".repeat(levels) + "]".repeat(levels));
  assertEquals(canonicalJson(nested(DEPTH_MAX + 1)).length, 2 * (DEPTH_MAX + 1));
  for (const levels of [DEPTH_MAX + 2, 100_000]) {
    assertThrows(() => canonicalJson(nested(levels)), RangeError, "64 levels");
  }
});

/** Any JSON value with exact integers in it. */
function anyValue(random: Random, depth: number): unknown {
  const kind = random.integer(0, depth > 0 ? 7 : 5);
  if (kind === 0) return null;
  if (kind === 1) return random.chance(0.5);
  if (kind === 2) return random.integer(-1_000, 1_000);
  if (kind === 3) return 2n ** BigInt(random.integer(54, 64)) + BigInt(random.uint32());
  if (kind === 4) return random.normal();
  if (kind === 5) return random.pick(["", "a", '"', "é\n", "9007199254740993", "__proto__"]);
  if (kind === 6) return Array.from({ length: random.integer(0, 4) }, () => anyValue(random, depth - 1));
  const keys = Array.from(
    { length: random.integer(0, 4) },
    () => random.pick(["a", "b", "c", "__proto__", "10", "2"]),
  );
  return Object.fromEntries(keys.map((key) => [key, anyValue(random, depth - 1)]));
}

Deno.test("parseExact() reads back what canonicalJson() writes, and equal values give equal texts (property)", () => {
  for (let seed = 0; seed < 500; seed++) {
    const value = anyValue(new Random("json", seed), 4);
    const text = canonicalJson(value);
    const back = parseExact(text);
    assertEquals(back, value, `seed ${seed}: ${text}`);
    assertEquals(canonicalJson(shuffled(back)), text, `seed ${seed}`);
  }
});

/** The same value with the keys of every object in the opposite order. */
function shuffled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffled);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).reverse().map(([key, item]) => [key, shuffled(item)]));
}
