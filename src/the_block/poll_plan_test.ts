// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import { MARKET_IDS } from "../engine/market.ts";
import { HEAD_EVERY_MS, POLL_PLAN, ttlOf } from "./poll_plan.ts";

/** Requests that a spelling really sends, where one method is asked several times. */
const REPEATED: Readonly<Record<string, number>> = { "mempool.stats": 2 };

Deno.test("POLL_PLAN asks each question once, and each market under its own name", () => {
  const keys = POLL_PLAN.map(({ key }) => key);
  assertEquals(new Set(keys).size, keys.length);
  for (const { key, question, market } of POLL_PLAN) {
    assertEquals(question.id, key, "capabilities and slices go by the same name");
    assertEquals(market, MARKET_IDS.find((id) => id === key) ?? null);
  }
  assertEquals(MARKET_IDS.every((id) => keys.includes(id)), true);
});

Deno.test("POLL_PLAN stays below eight requests a second with headers and receipts, in either dialect", () => {
  for (const dialect of ["readme", "live"] as const) {
    let perSecond = 2 * 1_000 / HEAD_EVERY_MS;
    for (const { question, everyMs } of POLL_PLAN) {
      const spelling = question.spellings.find((candidate) =>
        candidate.dialect === null || candidate.dialect === dialect
      );
      const requests = (spelling?.methods ?? []).reduce((sum, method) => sum + (REPEATED[method] ?? 1), 0);
      perSecond += requests * 1_000 / everyMs;
    }
    assert(perSecond < 7.5, `${dialect}: ${perSecond} requests a second`); // Half of one is left for balances.
  }
});

Deno.test("ttlOf() lets an answer be current for two polls, and at least 2.5 s", () => {
  assertEquals([ttlOf(1_000), ttlOf(1_250), ttlOf(10_000)], [2_500, 2_500, 20_000]);
});
