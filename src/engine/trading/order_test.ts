// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { Desk, rulesWith } from "../../../tests/support/trading.ts";
import { openAccount } from "./account.ts";
import { DENIAL_CODES } from "./denial.ts";
import { INSTRUMENTS, isToken, marketOfToken, TOKENS } from "./instrument.ts";
import {
  averagePrice,
  isTerminal,
  moveOrder,
  ORDER_STATES,
  ORDER_TRANSITIONS,
  type OrderStatus,
} from "./order.ts";
import { TRADING_STATES } from "./state.ts";

const STATES = Object.keys(ORDER_TRANSITIONS) as OrderStatus[];

Deno.test("ORDER_TRANSITIONS has the contract's states, all reached from received, and five that end", () => {
  assertEquals(STATES, [
    "received",
    "accepted",
    "denied",
    "working",
    "partially_filled",
    "filled",
    "cancelled",
    "expired",
    "rejected",
  ]);
  const reached = new Set<OrderStatus>(["received"]);
  for (const state of reached) for (const next of ORDER_TRANSITIONS[state]) reached.add(next);
  assertEquals(reached.size, STATES.length);
  assertEquals(STATES.filter(isTerminal), ["denied", "filled", "cancelled", "expired", "rejected"]);
  for (const state of STATES) assertMatch(ORDER_STATES[state], /^[a-z]/);
});

Deno.test("moveOrder() goes where the table leads and nowhere else", () => {
  const rules = rulesWith();
  const at = new Desk(openAccount(1000, rules), rules).tick({ COMPUTE: 1 });
  const order = at.order();
  for (const from of STATES) {
    for (const to of STATES) {
      order.status = from;
      if ((ORDER_TRANSITIONS[from] as readonly OrderStatus[]).includes(to)) moveOrder(order, to, 5);
      else assertThrows(() => moveOrder(order, to, 5), TypeError, `from ${from} to ${to}`);
    }
  }
});

Deno.test("averagePrice() is money over units, and nothing before the first fill", () => {
  const rules = rulesWith();
  const at = new Desk(openAccount(1000, rules), rules).tick({ COMPUTE: 10 });
  const order = at.order({ qty: 0.5 });
  assertEquals(averagePrice(order), null);
  at.tick({ COMPUTE: 12 });
  assertEquals(averagePrice(order), 12);
});

Deno.test("INSTRUMENTS are the four markets with their units", () => {
  assertEquals(TOKENS, ["COMPUTE", "STORAGE", "ENERGY", "AD"]);
  for (const { token, market, unit } of INSTRUMENTS) {
    assertEquals(marketOfToken(token), market);
    assert(unit.length > 0);
  }
  for (const text of ["compute", "", "constructor", "__proto__", "BLOCK"]) assertEquals(isToken(text), false);
});

Deno.test("DENIAL_CODES and TRADING_STATES have a sentence each, and the codes that the issue names", () => {
  for (const { sentence } of Object.values(DENIAL_CODES)) assertMatch(sentence, /^[A-Z].{10,}\.$/);
  for (const sentence of Object.values(TRADING_STATES)) assert(sentence.length > 10);
  for (
    const code of [
      "MAX_EXPOSURE",
      "MAX_POSITION",
      "MAX_CONCURRENT",
      "DRAWDOWN_HALT",
      "POSITION_TOO_SMALL",
      "GATE_CLOSED",
      "RATE_LIMIT",
      "STALE_DATA",
      "MODE_FORBIDS",
      "INSUFFICIENT_CASH",
      "NO_PRICE",
      "MARKET_DISABLED",
    ]
  ) assert(Object.hasOwn(DENIAL_CODES, code), code);
});
