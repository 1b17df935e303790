// @ts-types="#types/std_assert.d.ts"
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { Desk, rulesWith } from "../../../tests/support/trading.ts";
import { Absent } from "../reason.ts";
import { openAccount } from "./account.ts";
import { portfolioOf, tailRisk } from "./portfolio.ts";
import { attribute } from "./trade_statistics.ts";

function desk(): Desk {
  const rules = rulesWith({ fees: { ratio: 0.001 } });
  return new Desk(openAccount(10_000, rules, "p"), rules).tick({ COMPUTE: 100, ENERGY: 50 });
}

Deno.test("portfolioOf() adds up: cash + exposure = equity, realised + unrealised = profit", () => {
  const at = desk();
  at.order({ qty: 10, agent: "a" });
  at.order({ qty: 20, token: "ENERGY" });
  at.tick({ COMPUTE: 100, ENERGY: 50 });
  at.order({ qty: 5, side: "sell", agent: "a" });
  at.tick({ COMPUTE: 110, ENERGY: 40 });
  const found = portfolioOf(at.account);
  assertAlmostEquals(found.cash + found.exposure, found.equity, 1e-9);
  assertAlmostEquals(found.realized + found.unrealized, found.equity - found.capital, 1e-9);
  assertEquals([found.exposure, found.largestPosition, found.unrealized], [1350, 800, -150]);
  assertAlmostEquals(found.leverage as number, 1350 / found.equity, 1e-12);
  assertAlmostEquals(found.fees, 1 + 1 + 0.55, 1e-12);
  assertEquals(found.holdings[0]!.averageCost, 100);
  assert(found.holdings[3]!.price instanceof Absent && found.holdings[3]!.averageCost instanceof Absent);
});

Deno.test("tailRisk() is the loss of the present positions over past moves", () => {
  const at = desk();
  assertEquals(tailRisk(at.account, {}), { samples: 0, valueAtRisk: 0, expectedShortfall: 0 });
  at.order({ qty: 10 });
  at.tick({ COMPUTE: 102, ENERGY: 50 });
  const prices = [100, 101, 99, 103, 102];
  const found = tailRisk(at.account, { COMPUTE: prices }, 1);
  assert("valueAtRisk" in found);
  assertAlmostEquals(found.valueAtRisk, 18.6538, 5e-5);
  assertEquals(found.samples, 4);
  assert(tailRisk(at.account, { COMPUTE: prices }) instanceof Absent);
  assert(tailRisk(at.account, {}, 1) instanceof Absent);
  assert(tailRisk(at.account, { COMPUTE: [1, 0, 1, 0] }, 1) instanceof Absent);
});

Deno.test("tailRisk() lets what moves against each other cancel out", () => {
  const at = desk();
  at.order({ qty: 10 });
  at.order({ qty: 20, token: "ENERGY" });
  at.tick({ COMPUTE: 100, ENERGY: 50 });
  const compute = Array.from({ length: 40 }, (_, i) => i % 2 === 0 ? 100 : 110);
  const energy = compute.map((price) => 1000 / price);
  const one = tailRisk(at.account, { COMPUTE: compute, ENERGY: compute.map(() => 50) });
  const both = tailRisk(at.account, { COMPUTE: compute, ENERGY: energy });
  assert("valueAtRisk" in one && "valueAtRisk" in both);
  assert(one.valueAtRisk > 90 && both.valueAtRisk < 10, `${one.valueAtRisk} ${both.valueAtRisk}`);
});

Deno.test("attribute() shares fills out by owner and instrument, to the last bit of the account", () => {
  const at = desk();
  for (const agent of ["a", "b", null]) at.order({ qty: 3, agent });
  at.tick({ COMPUTE: 100, ENERGY: 50 });
  at.order({ qty: 3, agent: "a", side: "sell" });
  at.order({ qty: 1, agent: "b", side: "sell" });
  at.tick({ COMPUTE: 120, ENERGY: 50 });
  const rows = attribute(at.seen.fills);
  assertEquals(rows.map(({ agent, fills, qtyMicro }) => [agent, fills, qtyMicro]), [
    ["a", 2, 0],
    ["b", 2, 2e6],
    [null, 1, 3e6],
  ]);
  const sum = (pick: (row: typeof rows[number]) => number) => rows.reduce((all, row) => all + pick(row), 0);
  assertAlmostEquals(sum(({ realized }) => realized), at.account.realized, 1e-9);
  assertAlmostEquals(sum(({ fees }) => fees), at.account.fees, 1e-9);
  assertAlmostEquals(sum(({ turnover }) => turnover), at.account.turnover, 1e-9);
});
