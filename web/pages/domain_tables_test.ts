/// <reference lib="deno.ns" />
// @ts-types="#types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { formatCell } from "./domain_tables.ts";

for (
  const [value, field, shown] of [
    [true, "verified", "yes"],
    [640_000, "utilization_ppm", "64.0 %"],
    [1_040, "wait_ms", "1.04 s"],
    [49_992_397_339, "remaining_budget_usd_micros", "49,992.40"],
    [0.4, "dual_price", "0.400"],
    [14_660_000, "stake", "14,660,000"],
    ["54427e3ce783371a228b1b53771591491aefc1f75262ce17a569dea433195b23", "owner", "54427e3c…195b23"],
    ["meter reading out of range", "reason", "meter reading out of range"],
    ["x".repeat(60), "reason", `${"x".repeat(39)}…`],
  ] as const
) {
  Deno.test(`formatCell(${JSON.stringify(value).slice(0, 40)}, "${field}") is ${shown}`, () => {
    assertEquals(formatCell(value, field), shown);
  });
}
