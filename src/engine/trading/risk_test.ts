// @ts-types="#types/std_assert.d.ts"
import { assertAlmostEquals, assertEquals } from "@std/assert";
import {
  Desk,
  intentOf,
  quoteAt,
  type RuleChanges,
  rulesWith,
  TICK_MS,
} from "../../../tests/support/trading.ts";
import { openAccount, submitOrder } from "./account.ts";
import type { Denial } from "./denial.ts";
import type { OrderIntent } from "./order.ts";

function desk(changes: RuleChanges = {}): Desk {
  const rules = rulesWith(changes);
  return new Desk(openAccount(10_000, rules, "risk"), rules).tick({ COMPUTE: 100, ENERGY: 50 });
}

/** The answer to one order at a price of 100. */
function answer(changes: RuleChanges, intent: Partial<OrderIntent> = {}): Denial | null {
  return desk(changes).order(intent).denial;
}

Deno.test("checkOrder() compares what it says: limit and actual of each denial", () => {
  assertEquals(answer({}, { qty: 0.0000001 }), { code: "INVALID_QUANTITY", limit: 1e9, actual: 1e-7 });
  assertEquals(answer({}, { qty: NaN }), { code: "INVALID_QUANTITY", limit: 1e9, actual: null });
  assertEquals(answer({}, { limit: 0 }), { code: "INVALID_LIMIT", limit: 1e12, actual: 0 });
  assertEquals(answer({ mode: "monitor" })?.code, "MODE_FORBIDS");
  assertEquals(answer({ mode: "live" })?.code, "MODE_FORBIDS");
  const enabled = { COMPUTE: false, STORAGE: true, ENERGY: true, AD: true };
  assertEquals(answer({ enabled })?.code, "MARKET_DISABLED");
  assertEquals(answer({}, { reduceOnly: true })?.code, "REDUCE_ONLY");
  assertEquals(answer({}, { side: "sell" }), { code: "POSITION_TOO_SMALL", limit: 0, actual: 1 });
  assertEquals(answer({}, { token: "AD" })?.code, "NO_PRICE");
  assertEquals(answer({ limits: { maxOrder: 99 } }), { code: "MAX_ORDER", limit: 99, actual: 100 });
  assertEquals(answer({ limits: { maxPosition: 99 } }), { code: "MAX_POSITION", limit: 99, actual: 100 });
  assertEquals(answer({ limits: { maxExposureRatio: 0.5 } }, { qty: 51 }), {
    code: "MAX_EXPOSURE",
    limit: 5000,
    actual: 5100,
  });
  assertEquals(answer({ shares: { a: 0.1 } }, { qty: 11, agent: "a" }), {
    code: "CAPITAL_SHARE",
    limit: 1000,
    actual: 1100,
  });
  assertEquals(answer({ limits: { maxConcurrentTrades: 0 } }), {
    code: "MAX_CONCURRENT",
    limit: 0,
    actual: 1,
  });
});

Deno.test("checkOrder() reserves the cash of working entries, costs and fees included", () => {
  const at = desk({ fees: { ratio: 0.01 }, costs: { spreadRatio: 0.02 } });
  assertEquals(at.order({ qty: 60 }).status, "working");
  const { denial } = at.order({ qty: 40 });
  assertEquals(denial!.code, "INSUFFICIENT_CASH");
  assertAlmostEquals(denial!.limit!, 10_000 - 60 * 101 * 1.01, 1e-9);
  assertAlmostEquals(denial!.actual!, 40 * 101 * 1.01, 1e-9);
  // A limit below the price needs less.
  assertEquals(at.order({ qty: 40, limit: 90 }).status, "working");
});

Deno.test("checkOrder() counts positions and entries that work, per owner and instrument, not orders", () => {
  const at = desk({ limits: { maxConcurrentTrades: 2 } });
  assertEquals(at.order().status, "working");
  assertEquals(at.order().status, "working"); // The same position.
  assertEquals(at.order({ token: "ENERGY" }).status, "working");
  assertEquals(at.order({ agent: "a" }).denial, { code: "MAX_CONCURRENT", limit: 2, actual: 3 });
  at.tick({ COMPUTE: 100, ENERGY: 50 });
  at.order({ side: "sell", qty: 2 });
  at.tick({ COMPUTE: 100, ENERGY: 50 });
  assertEquals(at.order({ agent: "a" }).status, "working");
});

Deno.test("checkOrder() calls a price stale by its age or by its word, and a gate closed on doubt", () => {
  const at = desk({ limits: { staleAfterMs: 5000 } });
  const late = submitOrder(at.account, at.rules, intentOf(), "late", at.account.timeMs + 5001);
  assertEquals(late.denial, { code: "STALE_DATA", limit: 5000, actual: 5001 });
  at.tick({ COMPUTE: quoteAt(100, { stale: true }) });
  assertEquals(at.order().denial?.code, "STALE_DATA");
  at.tick({});
  assertEquals(at.order().denial?.code, "STALE_DATA");
  for (const gate of ["throttled", "closed", "unknown"] as const) {
    at.tick({ COMPUTE: quoteAt(100, { gate }) });
    assertEquals(at.order().denial?.code, "GATE_CLOSED", gate);
  }
});

Deno.test("checkOrder() limits entries within a sliding window; exits and cancels pass", () => {
  const at = desk({ limits: { orderRate: { count: 2, windowMs: 3 * TICK_MS } } });
  at.order();
  at.order({ qty: 1000 }); // Refused for its cost, counted all the same.
  assertEquals(at.order().denial, { code: "RATE_LIMIT", limit: 2, actual: 3 });
  at.tick({ COMPUTE: 100 });
  assertEquals(at.order({ side: "sell" }).status, "working");
  at.tick({ COMPUTE: 100 }).tick({ COMPUTE: 100 });
  assertEquals(at.order().status, "working");
});

Deno.test("checkOrder() stops entries into an instrument that lost too much, and only into that one", () => {
  const at = desk({ limits: { tokenMaxDrawdownRatio: 0.02 } });
  at.order({ qty: 10 });
  at.tick({ COMPUTE: 100, ENERGY: 50 }).tick({ COMPUTE: 75, ENERGY: 50 });
  assertEquals(at.order().denial, { code: "TOKEN_DRAWDOWN", limit: 0.02, actual: 0.025 });
  assertEquals(at.order({ token: "ENERGY" }).status, "working");
  assertEquals(at.order({ side: "sell", qty: 10 }).status, "working");
});
