// @ts-types="#types/std_assert.d.ts"
import { assertEquals, assertThrows } from "@std/assert";
import { decode, encode } from "./codec.ts";
import { Random } from "./random.ts";
import { absent } from "./reason.ts";

Deno.test("decode(encode()) gives every kind of value back", () => {
  const values: readonly unknown[] = [
    null,
    true,
    "a \"text\" with 'quotes', \u2028 and \u0000",
    0,
    -0,
    1.5e-9,
    NaN,
    Infinity,
    -Infinity,
    0n,
    -(2n ** 64n),
    absent("NO_PRICE", "because"),
    Uint8Array.of(0, 127, 255),
    new Uint8Array(100_000).fill(7),
    [],
    {},
    new Map(),
    new Map<unknown, unknown>([[1, new Map([["a", 2n]])], [2, [absent("AUTH", "")]]]),
    { a: { b: [1n, { c: null }] }, "1": 2 },
  ];
  for (const value of values) assertEquals(decode(encode(value)), value);
  assertEquals(Object.is(decode(encode(-0)), -0), true);
});

Deno.test("decode(encode()) never takes a name that a node made up for a tag", () => {
  const hostile: readonly unknown[] = [
    { $n: 5n },
    { $n: "not a number" },
    { $m: 1 },
    { $a: [] },
    { $b: "!" },
    { $u: 0 },
    { $o: [["a", 1]] },
    { $: 1, $$n: 2 },
    { a: 1, $n: "5" },
    { subsidies: { $m: 5n, read: 1n } },
    new Map([["$n", { $f: "NaN" }]]),
  ];
  for (const value of hostile) {
    const back = decode(encode(value));
    assertEquals(back, value);
    assertEquals(encode(back), encode(value));
  }
  // A name of Object.prototype stays a plain member.
  const odd = JSON.parse('{"__proto__":{"x":1},"$y":2}');
  assertEquals(JSON.stringify(decode(encode(odd))), JSON.stringify(odd));
});

Deno.test("encode() gives equal texts for maps that were filled in another order", () => {
  const ascending = new Map([["a", 1], ["b", 2], ["c", 3]]);
  const other = new Map([["c", 3], ["a", 1], ["b", 2]]);
  assertEquals(encode(ascending), encode(other));
  assertEquals(
    encode(new Map([[2, "b"], [10, "c"], [1, "a"]])),
    encode(new Map([[1, "a"], [2, "b"], [10, "c"]])),
  );
});

Deno.test("encode() leaves members out that are undefined, as JSON does", () => {
  assertEquals(encode({ a: undefined, b: 1 }), '{"b":1}');
  assertEquals(Object.keys(decode(encode({ a: undefined })) as object), []);
});

Deno.test("encode() refuses what cannot be kept, decode() refuses what encode() did not write", () => {
  assertThrows(() => encode(() => 1), TypeError, "function");
  assertThrows(() => encode([Symbol("x")]), TypeError, "symbol");
  assertThrows(() => decode('{"a":'), SyntaxError);
  assertThrows(() => decode('{"$n":"1.5"}'), SyntaxError);
});

Deno.test("decode(encode()) gives random trees back (property)", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = new Random("codec", seed);
    const value = randomValue(random, 4);
    assertEquals(decode(encode(value)), value, `seed ${seed}`);
  }
});

function randomValue(random: Random, depth: number): unknown {
  const names = ["a", "$n", "$m", "$", "__x", "1", "ü", ""];
  const size = random.integer(0, 4);
  const children = () => Array.from({ length: size }, () => randomValue(random, depth - 1));
  switch (depth === 0 ? random.integer(0, 4) : random.integer(0, 7)) {
    case 0:
      return null;
    case 1:
      return random.integer(-1_000_000, 1_000_000) / 7;
    case 2:
      return BigInt(random.integer(0, 1_000_000)) ** 5n;
    case 3:
      return `{"$n":"${random.integer(0, 9)}"}`;
    case 4:
      return absent("UNDEFINED", String(random.integer(0, 9)));
    case 5:
      return children();
    case 6:
      return new Map(children().map((item, i) => [names[i]!, item]));
    default:
      return Object.fromEntries(children().map((item) => [random.pick(names), item]));
  }
}
