/// <reference lib="deno.ns" />
// @ts-types="#types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { History, HISTORY_SECONDS } from "./history.ts";
import type { Store } from "./store.ts";

/** A store that knows a queue depth, taken at a time. */
function storeOf(queueDepth: number | null, asOfMs: number, ttlMs = 4_000): Pick<Store, "live"> {
  const body = { queue_depth: queueDepth, _meta: { as_of_ms: asOfMs, ttl_ms: ttlMs } };
  return { live: ((topic: string) => topic === "scheduler" ? body : undefined) as Store["live"] };
}

const depths = (
  history: History,
  fromMs = 0,
  toMs = Infinity,
) => [...history.stretch(["queue_depth"], fromMs, toMs).values[0]!];

Deno.test("History.sample() takes one sample a second, of what is current", () => {
  const history = new History();
  history.sample(storeOf(1, 1_000), 1_000);
  history.sample(storeOf(2, 1_500), 1_500);
  history.sample(storeOf(3, 2_000), 2_000);
  assertEquals(depths(history), [1, 3]);
  assertEquals([history.firstMs, history.lastMs], [1_000, 2_000]);
});

Deno.test("History.sample() begins with the first thing known, and shows what is unknown or too old as gaps", () => {
  const history = new History();
  history.sample(storeOf(null, 1_000), 1_000);
  assertEquals(Number.isNaN(history.firstMs), true);
  history.sample(storeOf(5, 2_000), 2_000);
  history.sample(storeOf(null, 3_000), 3_000);
  history.sample(storeOf(7, 4_000), 4_000);
  history.sample(storeOf(7, 4_000, 1_000), 8_000);
  assertEquals(depths(history), [5, NaN, 7, NaN]);
});

Deno.test("History.sample() marks a stretch without samples as a gap", () => {
  const history = new History();
  history.sample(storeOf(1, 1_000), 1_000);
  history.sample(storeOf(2, 60_000), 60_000);
  assertEquals(depths(history), [1, NaN, 2]);
});

Deno.test("History keeps an hour and drops what is older", () => {
  const history = new History();
  for (let second = 1; second <= HISTORY_SECONDS + 10; second++) {
    history.sample(storeOf(second, second * 1_000), second * 1_000);
  }
  const all = depths(history);
  assertEquals([all.length, all[0], all.at(-1)], [HISTORY_SECONDS, 11, HISTORY_SECONDS + 10]);
  assertEquals(depths(history, 20_000, 22_000), [20, 21, 22]);
  assertEquals(history.firstMs, 11_000);
});
