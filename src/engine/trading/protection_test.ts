// @ts-types="#types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { Desk, type RuleChanges, rulesWith, TICK_MS } from "../../../tests/support/trading.ts";
import { deleteLock, openAccount, tradingState } from "./account.ts";
import type { Protection } from "./rules.ts";

const WINDOW_MS = 100 * TICK_MS;
const LOCK_MS = 10 * TICK_MS;

function desk(protection: Protection, changes: RuleChanges = {}): Desk {
  const rules = rulesWith({ ...changes, protections: [protection] });
  return new Desk(openAccount(1000, rules, "p"), rules).tick({ COMPUTE: 100, ENERGY: 100 });
}

/** Buys one unit at 100 and sells it at this price; takes three ticks. */
function roundTrip(at: Desk, price: number, token: "COMPUTE" | "ENERGY" = "COMPUTE"): void {
  at.order({ token });
  at.tick({ COMPUTE: 100, ENERGY: 100 });
  at.order({ token, side: "sell" });
  at.tick({ COMPUTE: 100, ENERGY: 100, [token]: price });
  at.tick({ COMPUTE: 100, ENERGY: 100 });
}

function locks(at: Desk): unknown[] {
  return at.account.locks.map(({ token, protection }) => [token, protection]);
}

Deno.test("cooldown locks the instrument of each closed trade, and ends by itself", () => {
  const at = desk({ kind: "cooldown", lockMs: LOCK_MS });
  const [entry, other] = [at.order({ limit: 1 }), at.order({ token: "ENERGY", limit: 1 })];
  roundTrip(at, 110);
  assertEquals(locks(at), [["COMPUTE", "cooldown"]]);
  assertEquals([entry.status, other.status], ["cancelled", "working"]);
  const { denial } = at.order();
  assertEquals(denial, { code: "LOCKED", limit: at.account.locks[0]!.untilMs, actual: at.account.timeMs });
  assertEquals(at.order({ token: "ENERGY" }).status, "working");
  for (let i = 0; i < 9; i++) at.tick({ COMPUTE: 100, ENERGY: 100 });
  assertEquals(locks(at), []);
  assertEquals(at.order().status, "working");
  assertEquals(at.seen.risks.map(({ kind }) => kind), ["locked", "unlocked"]);
});

Deno.test("stoploss_guard counts losing stop-loss exits, everywhere or per instrument", () => {
  for (const perToken of [false, true]) {
    const at = desk({
      kind: "stoploss_guard",
      lookbackMs: WINDOW_MS,
      tradeLimit: 2,
      lockMs: LOCK_MS,
      perToken,
    }, {
      exits: { stopLossRatio: 0.1 },
    });
    for (const token of ["COMPUTE", "ENERGY"] as const) {
      at.order({ token });
      at.tick({ COMPUTE: 100, ENERGY: 100 });
      at.tick({ COMPUTE: 100, ENERGY: 100, [token]: 80 }).tick({ COMPUTE: 80, ENERGY: 80 });
      at.tick({ COMPUTE: 100, ENERGY: 100 });
    }
    assertEquals(at.seen.trades.map(({ cause }) => cause), ["stop_loss", "stop_loss"]);
    assertEquals(locks(at), perToken ? [] : [[null, "stoploss_guard"]]);
    assertEquals(tradingState(at.account), perToken ? "ACTIVE" : "REDUCING");
  }
  const at = desk({
    kind: "stoploss_guard",
    lookbackMs: WINDOW_MS,
    tradeLimit: 1,
    lockMs: LOCK_MS,
    perToken: false,
  });
  roundTrip(at, 50); // A loss, but nobody's stop.
  assertEquals(locks(at), []);
});

Deno.test("low_profit_tokens locks an instrument whose trades made too little together", () => {
  const at = desk({
    kind: "low_profit_tokens",
    lookbackMs: WINDOW_MS,
    tradeLimit: 2,
    lockMs: LOCK_MS,
    requiredProfitRatio: 0.01,
  });
  roundTrip(at, 90);
  roundTrip(at, 90, "ENERGY");
  assertEquals(locks(at), []); // One trade each.
  roundTrip(at, 105, "ENERGY");
  assertEquals(locks(at), [["ENERGY", "low_profit_tokens"]]);
  roundTrip(at, 120); // −10 % + 20 % is enough.
  assertEquals(locks(at), [["ENERGY", "low_profit_tokens"]]);
});

Deno.test("max_drawdown judges the running profit of closed trades within its window", () => {
  const at = desk({
    kind: "max_drawdown",
    lookbackMs: 6 * TICK_MS,
    tradeLimit: 2,
    lockMs: LOCK_MS,
    maxDrawdownRatio: 0.05,
  });
  roundTrip(at, 70); // −3 % of the capital.
  roundTrip(at, 110);
  for (let i = 0; i < 6; i++) at.tick({ COMPUTE: 100, ENERGY: 100 });
  roundTrip(at, 70); // The first loss is out of the window.
  assertEquals(locks(at), []);
  roundTrip(at, 70);
  assertEquals(locks(at), [[null, "max_drawdown"]]);
});

Deno.test("equity_drawdown sees open positions, locks everything, and cancels the entries that work", () => {
  const at = desk({
    kind: "equity_drawdown",
    lookbackMs: WINDOW_MS,
    lockMs: LOCK_MS,
    maxDrawdownRatio: 0.05,
  });
  at.order({ qty: 5 });
  at.tick({ COMPUTE: 100, ENERGY: 100 });
  const entry = at.order({ limit: 10 });
  at.tick({ COMPUTE: 91, ENERGY: 100 });
  assertEquals(locks(at), []);
  at.tick({ COMPUTE: 90, ENERGY: 100 });
  assertEquals([locks(at), entry.status], [[[null, "equity_drawdown"]], "cancelled"]);
  assertEquals(at.order({ token: "ENERGY" }).denial?.code, "LOCKED");
  assertEquals(at.order({ side: "sell", qty: 5 }).status, "working");
  const [lock] = at.account.locks;
  assertEquals(deleteLock(at.account, lock!.id, at.account.timeMs, at.seen), true);
  assertEquals(deleteLock(at.account, lock!.id, at.account.timeMs, at.seen), false);
  assertEquals(tradingState(at.account), "ACTIVE");
});

Deno.test("equity_drawdown forgets a peak that is older than its window", () => {
  const at = desk({
    kind: "equity_drawdown",
    lookbackMs: 20 * TICK_MS,
    lockMs: LOCK_MS,
    maxDrawdownRatio: 0.05,
  });
  at.order({ qty: 5 });
  at.tick({ COMPUTE: 100 });
  for (let price = 100; price > 60; price -= 0.4) at.tick({ COMPUTE: price });
  assertEquals(locks(at), []); // It fell 20 % in all, but never 5 % within 20 ticks.
  at.tick({ COMPUTE: 55 });
  assertEquals(locks(at), [[null, "equity_drawdown"]]);
});
