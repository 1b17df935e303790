/// <reference lib="deno.ns" />
// @ts-types="#types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { extended, hasEnded } from "./backtest_job.ts";

Deno.test("extended() goes on where a frame begins, and overwrites what it sends again", () => {
  assertEquals(extended([], 0, [[1, 10]]), [[1, 10]]);
  assertEquals(extended([[1, 10], [2, 20]], 2, [[3, 30]]), [[1, 10], [2, 20], [3, 30]]);
  assertEquals(extended([[1, 10], [2, 20]], 1, [[2, 21], [3, 30]]), [[1, 10], [2, 21], [3, 30]]);
  assertEquals(extended([[1, 10], [2, 20]], 0, []), []);
});

Deno.test("hasEnded() holds for every state but queued and running", () => {
  const states = ["queued", "running", "done", "cancelled", "failed", "limit"] as const;
  assertEquals(states.filter((status) => hasEnded({ status })), ["done", "cancelled", "failed", "limit"]);
});
