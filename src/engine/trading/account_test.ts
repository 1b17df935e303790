// @ts-types="#types/std_assert.d.ts"
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  Desk,
  hashOf,
  intentOf,
  quoteAt,
  type RuleChanges,
  rulesWith,
} from "../../../tests/support/trading.ts";
import { decode, encode } from "../codec.ts";
import {
  type AccountState,
  cancelOrder,
  emergencyStop,
  flatten,
  openAccount,
  reduceOnly,
  resume,
  resumeAgent,
  submitOrder,
  suspendAgent,
  tradingState,
} from "./account.ts";
import { resolveParameters } from "./agents/agent.ts";
import { momentum } from "./agents/momentum.ts";
import { createView, refreshView } from "./agents/view.ts";
import { MONEY_MAX } from "./money.ts";

function desk(changes: RuleChanges = {}, capital = 10_000): Desk {
  const rules = rulesWith(changes);
  return new Desk(openAccount(capital, rules, "test"), rules);
}

Deno.test("openAccount() names everything that is wrong with capital and rules at once", () => {
  const rules = rulesWith({ fees: { ratio: 2 }, quantum: 1, limits: { maxDrawdownRatio: -1 } });
  const error = assertThrows(() => openAccount(1.5, rules), RangeError);
  assertEquals(
    error.message,
    'Cannot open account "account": fees.ratio must be within 0..0.5, found 2; limits.maxDrawdownRatio must be ' +
      "within 0..1, found -1; capital must be a multiple of 1, found 1.5",
  );
  for (const capital of [0, -1, NaN, Infinity, MONEY_MAX * 2]) {
    assertThrows(() => openAccount(capital, rulesWith()), RangeError, "capital must be within");
  }
});

Deno.test("advance() fills an order at the next tick, never at the price that it was decided on", () => {
  const at = desk().tick({ COMPUTE: 100 });
  assertEquals(at.order({ qty: 2 }).status, "working");
  assertEquals(at.seen.fills, []);
  at.tick({ COMPUTE: 110 });
  assertEquals(at.seen.fills.map(({ price, qtyMicro, height }) => [price, qtyMicro, height]), [[
    110,
    2e6,
    1,
  ]]);
  assertEquals(at.seen.orders.map(({ status }) => status), ["working", "filled"]);
});

Deno.test("advance() fills at the open of a bar that has one, and marks at its close", () => {
  const at = desk().tick({ COMPUTE: 100 });
  at.order({ qty: 2 });
  at.tick({ COMPUTE: quoteAt(120, { open: 105 }) });
  assertEquals(at.seen.fills[0]!.price, 105);
  assertEquals(at.account.equity, 10_000 + 2 * 15);
});

Deno.test("advance() does not fill at a height that was seen before the order, as after a reorganisation", () => {
  const at = desk().tick({ COMPUTE: 100 }).tick({ COMPUTE: 100 }).tick({ COMPUTE: 100 });
  at.order();
  at.account.height = 0; // The next tick has height 1, then 2, where the order was placed.
  at.tick({ COMPUTE: 100 }).tick({ COMPUTE: 100 });
  assertEquals(at.seen.fills.length, 0);
  at.tick({ COMPUTE: 100 });
  assertEquals(at.seen.fills.length, 1);
});

Deno.test("submitOrder() fills at once in a same_bar account, at the price that it was decided on", () => {
  const at = desk({ fill: "same_bar" }).tick({ COMPUTE: 100 });
  assertEquals(at.order({ qty: 2 }).status, "filled");
  assertEquals(at.seen.fills[0]!.price, 100);
  assertEquals(at.account.cash, 9_800);
});

Deno.test("submitOrder() denies without any effect: the risk check comes before the fill", () => {
  // The original filled first and asked afterwards: a refused trade was in its books already.
  const at = desk({ fill: "same_bar", limits: { maxPosition: 500 } }).tick({ COMPUTE: 100 });
  const before = encode({ ...at.account, entryTimes: [] });
  const order = at.order({ qty: 6 });
  assertEquals([order.status, order.denial], ["denied", { code: "MAX_POSITION", limit: 500, actual: 600 }]);
  assertEquals(encode({ ...at.account, entryTimes: [] }), before);
  assertEquals(at.seen.fills, []);
});

Deno.test("submitOrder() gives the fills of the original's paper connector: 101 with fee 1.01, 95 with fee 9.5", () => {
  // Price 100, 1,000 units on offer, impact = share of the volume up to 5 %, fee 0.1 %.
  const at = desk({ fees: { ratio: 0.001 }, costs: { impactRatio: 1 } }, 100_000);
  const offer = quoteAt(100, { volume: 1000 });
  at.tick({ COMPUTE: offer });
  at.order({ qty: 10 });
  at.tick({ COMPUTE: offer });
  const [buy] = at.seen.fills;
  assertAlmostEquals(buy!.price, 101, 1e-12);
  assertAlmostEquals(buy!.slippage, 1, 1e-12);
  assertAlmostEquals(buy!.fee, 1.01, 1e-12);
  at.order({ qty: 90 });
  at.tick({ COMPUTE: offer });
  at.order({ qty: 100, side: "sell" });
  at.tick({ COMPUTE: offer });
  const sell = at.seen.fills[2]!;
  assertAlmostEquals(sell.price, 95, 1e-12);
  assertAlmostEquals(sell.slippage, 5, 1e-12);
  assertAlmostEquals(sell.fee, 9.5, 1e-12);
});

Deno.test("submitOrder() gives the original's momentum curve where the original was right", () => {
  // Prices 10, 11, 12, 11, 10 from 1,000 with fee 0.1 % and slippage 0.05 %, decided and filled on the same bar.
  // Buy at 11.0055 (fee 0.0110055), sell at 10.9945 (fee 0.0109945): profit −0.033.
  const at = desk(
    { fill: "same_bar", fees: { ratio: 0.001 }, costs: { slippageRatio: 0.0005 } },
    1000,
  );
  const { parameters } = resolveParameters(momentum, { qty: 1 });
  const memory = momentum.memory(parameters);
  const view = createView(["COMPUTE"]);
  const curve = [at.account.equity];
  for (const price of [10, 11, 12, 11, 10]) {
    at.tick({ COMPUTE: price });
    refreshView(view, at.account, at.rules, null, null);
    for (const intent of momentum.decide(view, parameters, memory)) at.order(intent);
    curve.push(at.account.equity);
  }
  const right = [1000, 1000, 999.9834945, 1000.9834945, 999.967, 999.967];
  curve.forEach((equity, i) => assertAlmostEquals(equity, right[i]!, 1e-9, `bar ${i}`));
  assertAlmostEquals(at.account.realized, -0.033, 1e-9);
  assertAlmostEquals(at.account.maxDrawdownRatio, 0.00101549577, 1e-11);
  // The original called this a breach of max_concurrent_trades = 1, because it counted orders and not positions.
  const one = desk({ fill: "same_bar", limits: { maxConcurrentTrades: 1 } }, 1000).tick({ COMPUTE: 11 });
  assertEquals(one.order().status, "filled");
  assertEquals(one.order({ side: "sell" }).status, "filled");
  assertEquals(one.order().status, "filled");
});

Deno.test("equity holds the cash: what the original called a fall from 1269 to 268 is a fall by one fee", () => {
  // Buy 10 at 100, price 127, sell 10 at 127, fees 0.1 %. The original left cash out: equity 10·127 − 1 = 1269, after
  // the sale 268, "drawdown" 79 %. With cash: 10,000 − 1 + 270 = 10,269, then less the fee of 1.27.
  const at = desk({ fees: { ratio: 0.001 } }).tick({ COMPUTE: 100 });
  at.order({ qty: 10 });
  at.tick({ COMPUTE: 100 });
  assertAlmostEquals(at.account.equity, 9_999, 1e-9);
  at.tick({ COMPUTE: 127 });
  assertAlmostEquals(at.account.equity, 10_269, 1e-9);
  at.order({ qty: 10, side: "sell" });
  at.tick({ COMPUTE: 127 });
  assertAlmostEquals(at.account.equity, 10_267.73, 1e-9);
  assertAlmostEquals(at.account.drawdownRatio, 1.27 / 10_269, 1e-12);
  assertAlmostEquals(at.account.realized, 267.73, 1e-9);
});

Deno.test("a round trip 100 → 102 makes 20 less both fees", () => {
  const at = desk({ fees: { ratio: 0.001 } }).tick({ COMPUTE: 100 });
  at.order({ qty: 10 });
  at.tick({ COMPUTE: 100 });
  at.order({ qty: 10, side: "sell" });
  at.tick({ COMPUTE: 102 });
  assertAlmostEquals(at.account.realized, 20 - 1 - 1.02, 1e-9);
  assertEquals(at.account.maxDrawdownRatio < 0.0002, true);
});

Deno.test("the drawdown limit halts entries and lets exits pass", () => {
  // The original refused every trade above the limit, so nobody could get out.
  const at = desk({ limits: { maxDrawdownRatio: 0.1 } }).tick({ COMPUTE: 100 });
  at.order({ qty: 50 });
  at.tick({ COMPUTE: 100 });
  at.order({ qty: 1, limit: 70 });
  at.tick({ COMPUTE: 80 });
  assertEquals([tradingState(at.account), at.account.halt!.code], ["HALTED", "DRAWDOWN_HALT"]);
  assertEquals(at.account.orders, []); // The working entry was cancelled.
  assertEquals(at.order().denial, { code: "DRAWDOWN_HALT", limit: 0.1, actual: 0.1 });
  assertEquals(at.order({ side: "sell", qty: 50 }).status, "working");
  at.tick({ COMPUTE: 80 });
  assertEquals(at.account.positions, []);
  resume(at.account, at.account.timeMs, at.seen);
  at.tick({ COMPUTE: 80 });
  assertEquals(tradingState(at.account), "ACTIVE");
  assertAlmostEquals(at.account.maxDrawdownRatio, 0.1, 1e-12);
  assertEquals(at.seen.risks.map(({ kind }) => kind), ["halted", "resumed"]);
});

Deno.test("a position that is sold out does not come back after a restart", () => {
  const at = desk().tick({ COMPUTE: 100 });
  at.order({ qty: 2 });
  at.tick({ COMPUTE: 100 });
  at.order({ qty: 2, side: "sell" });
  at.tick({ COMPUTE: 100 });
  const again = decode(encode(at.account)) as AccountState;
  assertEquals([again.positions, again.cash], [[], 10_000]);
});

Deno.test("an account that was written and read goes on as if nothing had happened", () => {
  // The original raised a KeyError at the first buy into a position that it had read back.
  const at = desk({ quantum: 1, fees: { ratio: 0.001 } }).tick({ COMPUTE: 100 });
  at.order({ qty: 2 });
  at.tick({ COMPUTE: 100 });
  const other = new Desk(decode(encode(at.account)) as AccountState, at.rules);
  for (const each of [at, other]) {
    submitOrder(each.account, each.rules, intentOf({ qty: 3 }), "later", each.account.timeMs);
    each.tick({ COMPUTE: 110 });
  }
  assertEquals(hashOf(other.account), hashOf(at.account));
  assertEquals(at.account.positions[0]!.cost, 2 * 100 + 3 * 110);
});

Deno.test("money is rounded against us and stays whole where the quantum is 1", () => {
  const at = desk({ quantum: 1, fees: { ratio: 0.001 } }).tick({ COMPUTE: 10.3 });
  at.order({ qty: 0.1 });
  at.tick({ COMPUTE: 10.3 }); // 1.03 is paid as 2, the fee of 0.002 as 1.
  assertEquals([at.account.cash, at.account.positions[0]!.cost], [9_997, 2]);
  assertEquals(at.account.equity, 9_998); // The position counts 1.
  at.order({ qty: 0.1, side: "sell" });
  at.tick({ COMPUTE: 10.3 }); // 1.03 brings 1, which the fee takes: a sell never costs money.
  assertEquals([at.account.cash, at.account.realized], [9_997, -3]);
});

Deno.test("a limit is never crossed: only what stays within it is filled", () => {
  // Impact is the share of the volume: 10 of 1,000 move the price by 1 %, the limit allows 0.5 %, so 5 units.
  const at = desk({ costs: { impactRatio: 1 } });
  const offer = quoteAt(100, { volume: 1000 });
  at.tick({ COMPUTE: offer });
  const order = at.order({ qty: 10, limit: 100.5 });
  at.tick({ COMPUTE: offer });
  assertEquals([order.status, order.filledMicro], ["partially_filled", 4_999_999]);
  assert(at.seen.fills[0]!.price <= 100.5);
  at.tick({ COMPUTE: quoteAt(101, { volume: 1000 }) });
  assertEquals(order.filledMicro, 4_999_999);
  at.tick({ COMPUTE: offer });
  assertEquals(order.filledMicro, 9_999_998);
  const sell = at.order({ qty: 5, side: "sell", limit: 101 });
  at.tick({ COMPUTE: quoteAt(100.9, { volume: 1000 }) });
  assertEquals(sell.filledMicro, 0);
  at.tick({ COMPUTE: quoteAt(102, { volume: 1e6 }) });
  assertEquals(sell.status, "filled");
});

Deno.test("orders of one tick share what is on offer, oldest first, and pay the impact of all before them", () => {
  const at = desk({ costs: { impactRatio: 1, participationMaxRatio: 0.02 } });
  const offer = quoteAt(100, { volume: 1000 });
  at.tick({ COMPUTE: offer });
  const [first, second] = [at.order({ qty: 15 }), at.order({ qty: 15 })];
  at.tick({ COMPUTE: offer });
  assertEquals([first.filledMicro, second.filledMicro], [15e6, 5e6]);
  const [a, b] = at.seen.fills;
  assertAlmostEquals(a!.price, 101.5, 1e-9);
  assertAlmostEquals(b!.price, 102, 1e-9);
  at.tick({ COMPUTE: quoteAt(100, { volume: 0 }) });
  assertEquals(second.filledMicro, 5e6);
});

Deno.test("an order that has become too dear is filled as far as the cash goes", () => {
  for (const quantum of [0, 1, 100]) {
    const at = desk({ quantum, fees: { ratio: 0.02 }, costs: { spreadRatio: 0.01 } }).tick({ COMPUTE: 97 });
    const order = at.order({ qty: 100 });
    at.tick({ COMPUTE: 130 });
    assertEquals(order.status, "partially_filled");
    assert(at.account.cash >= 0 && at.account.cash < 0.001 + 5 * quantum, `${at.account.cash} left`);
  }
});

Deno.test("a sell never brings more money than an account can count", () => {
  const at = desk({ quantum: 1 }, MONEY_MAX / 2).tick({ COMPUTE: 1 });
  at.order({ qty: 1e6 });
  at.tick({ COMPUTE: 1 });
  const order = at.order({ qty: 1e6, side: "sell" });
  at.tick({ COMPUTE: 1e10 });
  assertEquals(order.status, "partially_filled");
  assert(at.account.cash <= MONEY_MAX && Number.isSafeInteger(at.account.cash));
});

Deno.test("a position never holds more units than can be counted, whatever its price", () => {
  const at = desk().tick({ COMPUTE: 1e-9 });
  at.order({ qty: 1e9 });
  at.order({ qty: 1e9 });
  at.tick({ COMPUTE: 1e-9 });
  assertEquals(at.account.positions[0]!.qtyMicro, 1e15);
  assertEquals(at.tick({ COMPUTE: 1e-13 }).account.instruments.COMPUTE.price, 1e-9); // That is no price.
});

Deno.test("no fill passes a limit of value, also together with the fills before it in the same tick", () => {
  const at = desk({ limits: { maxPosition: 1000 } }).tick({ COMPUTE: 100 });
  const [first, second] = [at.order({ qty: 5 }), at.order({ qty: 5 })];
  at.tick({ COMPUTE: 160 }); // 5 · 160 = 800 leave 200 for the second: 1.25 units.
  assertEquals([first.filledMicro, second.filledMicro], [5e6, 1.25e6]);
});

Deno.test("an unknown volume costs the largest impact unless the rules say that there is none", () => {
  for (
    const [unknownVolume, impactRatio, price] of [["worst", 1, 105.1], ["ignore", 1, 100.1], [
      "worst",
      0,
      100.1,
    ]] as const
  ) {
    const at = desk({ costs: { unknownVolume, impactRatio, spreadRatio: 0.002 } }).tick({ COMPUTE: 100 });
    at.order();
    const limited = at.order({ limit: price - 0.001 });
    at.tick({ COMPUTE: 100 });
    assertAlmostEquals(at.seen.fills[0]!.price, price, 1e-9);
    assertEquals(limited.filledMicro, 0);
  }
});

Deno.test("nothing is filled at a stale price, without one, or behind a closed gate", () => {
  const at = desk().tick({ COMPUTE: 100 });
  at.order();
  at.tick({}).tick({ COMPUTE: quoteAt(100, { stale: true }) });
  at.tick({ COMPUTE: quoteAt(NaN) }).tick({ COMPUTE: quoteAt(-5) }).tick({ COMPUTE: quoteAt(Infinity) });
  at.tick({ COMPUTE: quoteAt(100, { gate: "closed" }) }).tick({
    COMPUTE: quoteAt(100, { gate: "throttled" }),
  });
  assertEquals([at.seen.fills.length, at.account.equity], [0, 10_000]);
  at.tick({ COMPUTE: 100 });
  assertEquals(at.seen.fills.length, 1);
  at.order({ side: "sell" });
  at.tick({ COMPUTE: quoteAt(100, { gate: "unknown" }) });
  assertEquals(at.seen.fills.length, 1);
  at.tick({ COMPUTE: quoteAt(100, { gate: "throttled" }) });
  assertEquals(at.seen.fills.length, 2);
});

Deno.test("times in force end as their table says", () => {
  const at = desk({ costs: { participationMaxRatio: 0.5 }, orderMaxAgeMs: 5000 });
  const thin = quoteAt(100, { volume: 2 });
  at.tick({ COMPUTE: thin });
  const ioc = at.order({ qty: 3, timeInForce: "ioc" });
  at.tick({ COMPUTE: thin });
  assertEquals([ioc.status, ioc.filledMicro], ["expired", 1e6]);
  const fok = at.order({ qty: 3, timeInForce: "fok" });
  at.tick({ COMPUTE: thin });
  assertEquals([fok.status, fok.filledMicro], ["expired", 0]);
  const whole = at.order({ qty: 1, timeInForce: "fok" });
  at.tick({ COMPUTE: thin });
  assertEquals(whole.status, "filled");
  const gtc = at.order({ qty: 1, limit: 1 });
  const day = at.order({ qty: 1, limit: 1, timeInForce: "day" });
  for (let i = 0; i < 5; i++) at.tick({ COMPUTE: thin });
  assertEquals([gtc.status, day.status], ["expired", "working"]);
  at.account.timeMs = 86_400_000;
  at.account.height = 86_400;
  at.tick({ COMPUTE: thin });
  assertEquals(day.status, "expired");
});

Deno.test("cancelOrder() takes a working order back in every state, once", () => {
  const at = desk().tick({ COMPUTE: 100 });
  at.order();
  at.tick({ COMPUTE: 100 });
  const exit = at.order({ side: "sell", limit: 200 });
  emergencyStop(at.account, "test", at.account.timeMs, at.seen);
  assertEquals(cancelOrder(at.account, exit.id, at.account.timeMs, at.seen)?.status, "cancelled");
  assertEquals(cancelOrder(at.account, exit.id, at.account.timeMs, at.seen), null);
  assertEquals(cancelOrder(at.account, "none", at.account.timeMs), null);
});

Deno.test("emergencyStop() cancels entries, keeps exits and positions, and only resume() ends it", () => {
  const at = desk().tick({ COMPUTE: 100 });
  at.order({ qty: 5 });
  at.tick({ COMPUTE: 100 });
  const entry = at.order({ limit: 50 });
  const exit = at.order({ side: "sell", limit: 150 });
  emergencyStop(at.account, "fire", at.account.timeMs, at.seen);
  assertEquals([entry.status, exit.status, at.account.positions.length], ["cancelled", "working", 1]);
  assertEquals(at.order().denial?.code, "EMERGENCY_STOP");
  assertEquals(at.order({ side: "sell", qty: 2 }).status, "working");
  // Everything goes at the market; the exits that waited for a price would hold it back.
  const sold = flatten(at.account, at.rules, at.account.timeMs, at.seen);
  assertEquals([sold.map(({ qtyMicro }) => qtyMicro), exit.status], [[5e6], "cancelled"]);
  at.tick({ COMPUTE: 100 });
  assertEquals(at.account.positions, []);
  resume(at.account, at.account.timeMs, at.seen);
  assertEquals(at.order().status, "working");
});

Deno.test("reduceOnly() admits exits and refuses entries until resume()", () => {
  const at = desk().tick({ COMPUTE: 100 });
  at.order({ qty: 5 });
  at.tick({ COMPUTE: 100 });
  reduceOnly(at.account, "calm down", at.account.timeMs, at.seen);
  assertEquals(tradingState(at.account), "REDUCING");
  assertEquals(at.order().denial?.code, "REDUCING");
  assertEquals(at.order({ side: "sell" }).status, "working");
  resume(at.account, at.account.timeMs);
  assertEquals(at.order().status, "working");
});

Deno.test("suspendAgent() stops one agent's entries and nobody else's", () => {
  const at = desk().tick({ COMPUTE: 100 });
  at.order({ agent: "a", qty: 2 });
  at.order({ agent: "b" });
  at.tick({ COMPUTE: 100 });
  const [a, b] = [at.order({ agent: "a", limit: 50 }), at.order({ agent: "b", limit: 50 })];
  suspendAgent(at.account, "a", "loops", at.account.timeMs, at.seen);
  suspendAgent(at.account, "a", "loops", at.account.timeMs, at.seen);
  assertEquals([a.status, b.status], ["cancelled", "working"]);
  assertEquals(at.order({ agent: "a" }).denial?.code, "AGENT_SUSPENDED");
  assertEquals(at.order({ agent: "a", side: "sell" }).status, "working");
  assertEquals(at.order({ agent: "b" }).status, "working");
  assertEquals(resumeAgent(at.account, "a", at.account.timeMs, at.seen), true);
  assertEquals(resumeAgent(at.account, "a", at.account.timeMs), false);
  assertEquals(at.seen.risks.map(({ kind }) => kind), ["agent_suspended", "agent_resumed"]);
});

Deno.test("an agent sells only its own; the operator sells the own first, then the agents'", () => {
  const at = desk().tick({ COMPUTE: 100 });
  at.order({ agent: "a", qty: 2 });
  at.order({ agent: "b", qty: 2 });
  at.order({ qty: 1 });
  at.tick({ COMPUTE: 100 });
  assertEquals(at.order({ agent: "a", qty: 3, side: "sell" }).denial, {
    code: "POSITION_TOO_SMALL",
    limit: 2,
    actual: 3,
  });
  const waiting = at.order({ agent: "a", qty: 2, side: "sell", limit: 1000 });
  assertEquals(at.order({ agent: "a", qty: 1, side: "sell" }).denial?.limit, 0);
  assertEquals(at.order({ qty: 4, side: "sell" }).denial?.limit, 3); // Two are being sold already.
  at.order({ qty: 3, side: "sell" });
  at.tick({ COMPUTE: 100 });
  assertEquals(at.seen.fills.slice(3).map(({ agent, qtyMicro }) => [agent, qtyMicro]), [[null, 1e6], [
    "a",
    2e6,
  ]]);
  assertEquals(at.seen.fills.slice(3).map(({ id }) => id), ["o8-1", "o8-2"]);
  at.tick({ COMPUTE: 100 });
  assertEquals([waiting.status, waiting.detail], ["cancelled", "nothing is left to sell"]);
});

Deno.test("an agent's exit takes back what it was still buying, and nobody else's orders", () => {
  const at = desk().tick({ COMPUTE: 100 });
  at.order({ agent: "a" });
  at.order();
  at.tick({ COMPUTE: 100 });
  const [own, other] = [at.order({ agent: "a", limit: 90 }), at.order({ agent: "b", limit: 90 })];
  const mine = at.order({ limit: 90 });
  at.order({ agent: "a", side: "sell" });
  at.order({ side: "sell" });
  assertEquals([own, other, mine].map(({ status }) => status), ["cancelled", "working", "working"]);
});

Deno.test("stop-loss and take-profit close by orders that pay their costs at the next tick", () => {
  const at = desk({ fees: { ratio: 0.001 }, exits: { stopLossRatio: 0.02, takeProfitRatio: 0.04 } });
  at.tick({ COMPUTE: 100, ENERGY: 100 });
  at.order();
  at.order({ token: "ENERGY" });
  at.tick({ COMPUTE: 100, ENERGY: 100 });
  at.tick({ COMPUTE: 98, ENERGY: 104 }).tick({ COMPUTE: 97, ENERGY: 105 });
  assertEquals(at.seen.trades.map(({ token, cause, exitPrice }) => [token, cause, exitPrice]), [
    ["COMPUTE", "stop_loss", 97],
    ["ENERGY", "take_profit", 105],
  ]);
  assertEquals(at.seen.trades.map(({ fees }) => fees), [0.1 + 0.097, 0.1 + 0.105]);
  assertEquals(at.seen.orders.filter(({ cause }) => cause !== "intent").map(({ id }) => id).slice(0, 2), [
    "test-stop-loss-1",
    "test-take-profit-2",
  ]);
});

Deno.test("a stop-loss takes the place of an exit that waits for a better price", () => {
  const at = desk({ exits: { stopLossRatio: 0.02 } }).tick({ COMPUTE: 100 });
  at.order();
  at.tick({ COMPUTE: 100 });
  const waiting = at.order({ side: "sell", limit: 150 });
  at.tick({ COMPUTE: 90 }).tick({ COMPUTE: 89 });
  assertEquals([waiting.status, at.account.positions.length], ["cancelled", 0]);
});

Deno.test("a stop-loss takes back what its owner still buys, and nothing of others", () => {
  const at = desk({ costs: { participationMaxRatio: 0.1 }, exits: { stopLossRatio: 0.02 } });
  const quote = (price: number) => ({ COMPUTE: quoteAt(price, { volume: 100 }) });
  at.tick(quote(100));
  const own = at.order({ agent: "a", qty: 25 });
  at.tick(quote(100)).tick(quote(90));
  const other = at.order({ agent: "b", qty: 25 });
  assertEquals([own.status, own.detail], ["cancelled", "stop-loss closes the position"]);
  for (let i = 0; i < 5; i++) at.tick(quote(90));
  assertEquals([own.status, other.status], ["cancelled", "filled"]);
  assertEquals(at.account.positions.map(({ agent }) => agent), ["b"]);
});

Deno.test("a closed trade knows its mean prices, its profit and how far it went", () => {
  const at = desk({ fees: { ratio: 0.01 } }).tick({ COMPUTE: 100 });
  at.order({ qty: 1 });
  at.tick({ COMPUTE: 100 });
  at.order({ qty: 1 });
  at.tick({ COMPUTE: 120 }).tick({ COMPUTE: 88 }).tick({ COMPUTE: 132 });
  at.order({ qty: 2, side: "sell" });
  at.tick({ COMPUTE: 130 });
  const [trade] = at.seen.trades;
  assertEquals([trade!.entryPrice, trade!.exitPrice, trade!.qtyMicro], [110, 130, 2e6]);
  assertAlmostEquals(trade!.profit, 40 - 1 - 1.2 - 2.6, 1e-9);
  assertAlmostEquals(trade!.adverseRatio, 88 / 110 - 1, 1e-12);
  assertAlmostEquals(trade!.favourableRatio, 132 / 110 - 1, 1e-12);
  assertEquals([trade!.openedHeight, trade!.closedHeight], [1, 5]);
});
