// @ts-types="#types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { absent } from "../engine/reason.ts";
import { estimated, plain } from "./body.ts";

Deno.test("plain() passes known values on as they are", () => {
  const draft = { a: 1, b: "x", c: false, d: [], e: {}, f: [1, "2", true], g: { h: -0.5 } };
  assertEquals(plain(draft), { value: draft, partial: {}, estimated: {} });
});

Deno.test("plain() turns an absence into null and says why under its dotted path", () => {
  const { value, partial } = plain({
    tps: absent("NOT_OFFERED", "this node reports none"),
    node: { since_ms: absent("WARMING_UP", "not asked yet"), up: true },
  });
  assertEquals(value, { tps: null, node: { since_ms: null, up: true } });
  assertEquals(partial, {
    tps: "NOT_OFFERED: this node reports none",
    "node.since_ms": "WARMING_UP: not asked yet",
  });
});

Deno.test("plain() names an array once, with the first reason found in it", () => {
  const { value, partial } = plain({
    peers: [
      { id: "a", latency_ms: 3 },
      { id: "b", latency_ms: absent("NOT_OFFERED", "first") },
      { id: "c", latency_ms: absent("NO_SAMPLES", "second") },
    ],
    rows: [[absent("NO_PRICE", "in a list of lists")]],
  });
  assertEquals(value.peers, [{ id: "a", latency_ms: 3 }, { id: "b", latency_ms: null }, {
    id: "c",
    latency_ms: null,
  }]);
  assertEquals(partial, {
    "peers[].latency_ms": "NOT_OFFERED: first",
    "rows[][]": "NO_PRICE: in a list of lists",
  });
});

Deno.test("plain() records how an estimate was made and keeps its value", () => {
  const result = plain({
    tps: estimated(4.5, "our count over 60 s"),
    markets: [{ count: estimated(7, "distinct providers") }, { count: estimated(8, "another method") }],
  });
  assertEquals(result.value, { tps: 4.5, markets: [{ count: 7 }, { count: 8 }] });
  assertEquals(result.partial, {});
  assertEquals(result.estimated, { tps: "our count over 60 s", "markets[].count": "distinct providers" });
});

Deno.test("plain() sends amounts up to 2^53 − 1 as numbers", () => {
  const max = BigInt(Number.MAX_SAFE_INTEGER);
  const { value, partial } = plain({ zero: 0n, max, min: -max });
  assertEquals(value, { zero: 0, max: Number.MAX_SAFE_INTEGER, min: -Number.MAX_SAFE_INTEGER });
  assertEquals(partial, {});
});

Deno.test("plain() sends larger amounts as null with the exact decimal beside them", () => {
  const { value, partial } = plain({
    total: 18_446_744_073_709_551_615n,
    first: 9_007_199_254_740_992n,
    debt: -9_007_199_254_740_992n,
    rows: [{ fee: 18_446_744_073_709_551_615n }],
  });
  assertEquals(value, {
    total: null,
    total_exact: "18446744073709551615",
    first: null,
    first_exact: "9007199254740992",
    debt: null,
    debt_exact: "-9007199254740992",
    rows: [{ fee: null, fee_exact: "18446744073709551615" }],
  });
  assertEquals(partial, {
    total: "OUT_OF_RANGE: the exact amount is in total_exact",
    first: "OUT_OF_RANGE: the exact amount is in first_exact",
    debt: "OUT_OF_RANGE: the exact amount is in debt_exact",
    "rows[].fee": "OUT_OF_RANGE: the exact amount is in rows[].fee_exact",
  });
});

Deno.test("plain() keeps the exact decimal of an estimated amount", () => {
  const result = plain({ volume: estimated(2n ** 64n, "sum of receipts") });
  assertEquals(result.value, { volume: null, volume_exact: "18446744073709551616" });
  assertEquals(result.estimated, { volume: "sum of receipts" });
  assertEquals(result.partial, { volume: "OUT_OF_RANGE: the exact amount is in volume_exact" });
});

Deno.test("plain() never lets a number through that JSON does not have", () => {
  const { value, partial } = plain({ a: NaN, b: Infinity, c: [-Infinity, 1], d: estimated(NaN, "0 / 0") });
  assertEquals(value, { a: null, b: null, c: [null, 1], d: null });
  for (const path of ["a", "b", "c[]", "d"]) {
    assertEquals(partial[path], "UNDEFINED: the formula has no finite value here", path);
  }
});

Deno.test("plain() gives a reason to a null that came from outside", () => {
  const { value, partial } = plain({ lines: [{ fields: { until: null } }] });
  assertEquals(value, { lines: [{ fields: { until: null } }] });
  assertEquals(partial, { "lines[].fields.until": "UNDEFINED: the source says null" });
});
