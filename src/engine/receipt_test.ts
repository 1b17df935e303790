// @ts-types="#types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { receiptAt } from "../../tests/support/engine.ts";
import { subsidyTotal } from "./receipt.ts";

Deno.test("subsidyTotal() adds every bucket exactly, and is 0 without one", () => {
  assertEquals(subsidyTotal(receiptAt(1)), 0n);
  const subsidies = { storage: 2n ** 64n - 1n, read: 1n, compute: 0n, ad: 5n, rebate: 7n };
  assertEquals(subsidyTotal(receiptAt(1, { subsidies })), 2n ** 64n + 12n);
});
