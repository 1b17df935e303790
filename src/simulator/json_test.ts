// @ts-types="#types/std_assert.d.ts"
import { assertEquals, assertThrows } from "@std/assert";
import { writeJson } from "./json.ts";

Deno.test("writeJson() sorts keys at every level and leaves out undefined members", () => {
  assertEquals(
    writeJson({ b: [{ d: 1, c: undefined, a: null }], a: "x\n" }),
    '{"a":"x\\n","b":[{"a":null,"d":1}]}',
  );
});

Deno.test("writeJson() writes integers above 2^53 exactly", () => {
  assertEquals(writeJson({ amount: 18_446_744_073_709_551_615n }), '{"amount":18446744073709551615}');
  assertEquals(writeJson(-9_007_199_254_740_993n), "-9007199254740993");
});

Deno.test("writeJson() writes what JSON cannot hold as null", () => {
  assertEquals(writeJson([NaN, Infinity, undefined, null, 0.1, true]), "[null,null,null,null,0.1,true]");
});

Deno.test("writeJson() refuses a function", () => {
  assertThrows(() => writeJson({ a: () => 1 }), TypeError, "Cannot write a function");
});
