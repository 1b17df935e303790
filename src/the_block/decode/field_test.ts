// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { AMOUNT_MAX } from "../../engine/amount.ts";
import { isKnown } from "../../engine/reason.ts";
import { NodeError } from "../errors.ts";
import { DEPTH_MAX } from "../json.ts";
import { type Field, fieldOf, LIST_MAX, TEXT_MAX } from "./field.ts";

/** The message of the error that reading ends in. */
function failureOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    assertInstanceOf(error, NodeError);
    assertEquals([error.kind, error.method], ["decode", "m"]);
    return error.message;
  }
  throw new Error("reading did not fail");
}

function field(raw: unknown): Field {
  return fieldOf("m", raw);
}

Deno.test("Field errors name the method, the whole path, what was wanted and what was found", () => {
  const deep = field({ a: [{ b: {} }, { b: { c: "x" } }] });
  assertEquals(
    failureOf(() => deep.get("a").list()[1]!.get("b").get("c").count()),
    'm: result.a[1].b.c must be an integer 0..2^53−1, found "x"',
  );
});

Deno.test("Field errors describe every kind of value that can be found", () => {
  const found = [
    [null, "null"],
    [[1, 2], "a list of 2"],
    [{ a: 1 }, "an object"],
    [true, "true"],
    [1.5, "1.5"],
    [Infinity, "Infinity"],
    [2n ** 70n, "1180591620717411303424"],
    ["x".repeat(99), `"${"x".repeat(40)}"`],
    ["a\u0000b\u202ec", '"a\ufffdb\ufffdc"'],
  ] as const;
  for (const [raw, text] of found) {
    assert(failureOf(() => field(raw).u64()).endsWith(`, found ${text}`), text);
  }
});

Deno.test("Field.get() finds own members only and lists what there is instead", () => {
  assertEquals(field({ a: 1 }).get("a").path, "result.a");
  assertEquals(
    failureOf(() => field({ b: 1, c: 2 }).get("a")),
    'm: result must have a field "a", found only b, c',
  );
  assertEquals(failureOf(() => field({}).get("a")), 'm: result must have a field "a", found only no fields');
  for (const name of ["constructor", "toString", "__proto__"]) failureOf(() => field({}).get(name));
  const hostile = failureOf(() => field({ [`\u0007${"k".repeat(10_000)}`]: 1 }).get("a"));
  assert(hostile.length < 250 && !hostile.includes("\u0007"), hostile);
});

Deno.test("Field.get() and optional() read nothing out of what is no object", () => {
  for (const raw of [null, undefined, 5, "text", [1], true, 5n]) {
    assert(failureOf(() => field(raw).get("a")).includes("result must be an object"));
    assert(failureOf(() => field(raw).optional("a")).includes("result must be an object"));
  }
});

Deno.test("Field.optional() takes null for missing, and falsy values for present", () => {
  const object = field({ none: null, zero: 0, no: false, empty: "" });
  assertEquals([object.optional("none"), object.optional("other")], [undefined, undefined]);
  assertEquals([
    object.optional("zero")?.count(),
    object.optional("no")?.boolean(),
    object.optional("empty")?.text(),
  ], [
    0,
    false,
    "",
  ]);
});

Deno.test("Field.any() and first() try spellings in order and skip null", () => {
  const object = field({ b: null, c: 3, d: 4 });
  assertEquals([object.first("a", "b", "c", "d")?.raw, object.any("d", "c").raw], [3, 4]);
  assertEquals(object.first("a", "b"), undefined);
  assert(failureOf(() => object.any("a", "b")).includes('a field "a"'));
});

Deno.test("Field.known() is NOT_OFFERED for a missing member and an error for a wrong one", () => {
  const object = field({ a: 1, wrong: "x" });
  assertEquals(object.known("a", (value) => value.count()), 1);
  assertEquals(object.known(["z", "a"], (value) => value.count()), 1);
  const missing = object.known(["z", "y"], (value) => value.count());
  assertEquals(isKnown(missing) ? null : [missing.code, missing.because], [
    "NOT_OFFERED",
    'm has no field "z" on this node',
  ]);
  assert(failureOf(() => object.known("wrong", (value) => value.count())).includes("result.wrong"));
});

Deno.test("Field.entries() leaves null members out, cleans names and refuses too many", () => {
  const entries = field(JSON.parse(`{"a":1,"n":null,"__proto__":2,"${"k".repeat(500)}":3,"x\\u0000y":4}`))
    .entries();
  assertEquals(entries.map(([name, value]) => [name.length, value.raw]), [[1, 1], [9, 2], [128, 3], [3, 4]]);
  assertEquals(entries[3]![1].path, "result.x\ufffdy");
  const many = Object.fromEntries(Array.from({ length: LIST_MAX + 1 }, (_, i) => [`k${i}`, 1]));
  assert(failureOf(() => field(many).entries()).includes("at most 20000 fields, found 20001 fields"));
});

Deno.test("Field.list() reads lists up to its limit, and refuses a longer one rather than cut it", () => {
  assertEquals(field([7, 8]).list().map(({ path, raw }) => [path, raw]), [["result[0]", 7], [
    "result[1]",
    8,
  ]]);
  assertEquals([field([]).isList(), field({}).isList(), field(null).isList()], [true, false, false]);
  assertEquals(
    failureOf(() => field([1, 2, 3]).list(2)),
    "m: result must have at most 2 items, found 3 items",
  );
  for (const raw of [{}, null, "ab", { length: 1 }]) failureOf(() => field(raw).list());
});

Deno.test("Field.text() cuts and cleans, Field.id() does neither silently", () => {
  assertEquals(field("a\u0000\n\u009f\u2028\u202e\u2066z").text(), "a\ufffd\ufffd\ufffd\ufffd\ufffd\ufffdz");
  assertEquals([field("").text(), field("x".repeat(9_999)).text().length, field("abc").text(2)], [
    "",
    TEXT_MAX,
    "ab",
  ]);
  assertEquals([field("id").id(), field("x".repeat(TEXT_MAX)).id().length], ["id", TEXT_MAX]);
  assert(failureOf(() => field("").id()).includes("1 to 512 characters"));
  assert(failureOf(() => field("x".repeat(TEXT_MAX + 1)).id()).includes("1 to 512 characters"));
  for (const raw of [5, null, ["a"], { toString: "x" }]) {
    failureOf(() => field(raw).text());
    failureOf(() => field(raw).id());
  }
});

Deno.test("Field.u64() is exact from 0 to 2^64 − 1 and takes nothing else", () => {
  const accepted = [[0, 0n], [-0, 0n], [2 ** 53 - 1, 2n ** 53n - 1n], [AMOUNT_MAX, AMOUNT_MAX], [
    7n,
    7n,
  ]] as const;
  for (const [raw, value] of accepted) assertEquals(field(raw).u64(), value);
  for (const raw of [-1, -1n, AMOUNT_MAX + 1n, 1.5, 2 ** 53, 1e20, NaN, Infinity, "7", null, true, [7]]) {
    assert(failureOf(() => field(raw).u64()).includes("0..2^64−1"), String(raw));
  }
});

Deno.test("Field.i64() is exact from −2^63 to 2^63 − 1 and takes nothing else", () => {
  for (const raw of [-(2n ** 63n), 2n ** 63n - 1n]) assertEquals(field(raw).i64(), raw);
  assertEquals(field(-5).i64(), -5n);
  for (const raw of [-(2n ** 63n) - 1n, 2n ** 63n, -1.5, -(2 ** 53), "-5"]) failureOf(() => field(raw).i64());
});

Deno.test("Field.count() is a number from 0 to 2^53 − 1", () => {
  assertEquals([field(0).count(), field(2 ** 53 - 1).count(), field(12n).count()], [0, 2 ** 53 - 1, 12]);
  for (const raw of [-1, 2n ** 53n, 0.5, NaN, "1", null]) failureOf(() => field(raw).count());
});

Deno.test("Field.number() is within ±2^64, Field.positive() not below 0", () => {
  assertEquals([field(-0.25).number(), field(2n ** 60n).number(), field(-(2 ** 64)).number()], [
    -0.25,
    2 ** 60,
    -(2 ** 64),
  ]);
  for (const raw of [Infinity, -Infinity, NaN, 1e300, -(10n ** 40n), "1", true]) {
    failureOf(() => field(raw).number());
  }
  assertEquals([field(0).positive(), field(2.5).positive()], [0, 2.5]);
  assertEquals(failureOf(() => field(-0.1).positive()), "m: result must be a number ≥ 0, found -0.1");
});

Deno.test("Field.ppm() rounds and refuses what cannot be a ratio", () => {
  assertEquals([field(123_456.7).ppm(), field(-10_000_000).ppm(), field(0).ppm()], [123_457, -10_000_000, 0]);
  for (const raw of [10_000_001, -10_000_001, Infinity, "5"]) failureOf(() => field(raw).ppm());
});

Deno.test("Field.boolean() takes no truthy value for true", () => {
  assertEquals([field(true).boolean(), field(false).boolean()], [true, false]);
  for (const raw of [1, 0, "true", null, []]) failureOf(() => field(raw).boolean());
});

Deno.test("Field.json() writes canonical JSON and refuses what nests too deep", () => {
  assertEquals(field({ b: 2n ** 64n, a: [1] }).json(), '{"a":[1],"b":18446744073709551616}');
  const deep = JSON.parse("[".repeat(50_000) + "]".repeat(50_000));
  assertEquals(
    failureOf(() => field(deep).json()),
    `m: result must nest at most ${DEPTH_MAX} levels deep, found more`,
  );
});
