// @ts-types="#types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { absent } from "../engine/reason.ts";
import { estimated } from "./body.ts";
import { replyBody } from "./reply.ts";

Deno.test("replyBody() gives one-off bodies the same timestamp and _meta as topics have", () => {
  const body = replyBody(
    { a: estimated(1, "guess"), b: absent("NO_PRICE", "none"), c: 2n ** 63n },
    { source: "engine", asOfMs: 1_767_225_600_999, units: { c: "base units" } },
  );
  assertEquals(body, {
    a: 1,
    b: null,
    c: null,
    c_exact: "9223372036854775808",
    timestamp: 1_767_225_600,
    _meta: {
      source: "engine",
      as_of_ms: 1_767_225_600_999,
      ttl_ms: 0,
      stale: false,
      seq: 0,
      units: { c: "base units" },
      partial: { b: "NO_PRICE: none", c: "OUT_OF_RANGE: the exact amount is in c_exact" },
      estimated: { a: "guess" },
    },
  });
});
