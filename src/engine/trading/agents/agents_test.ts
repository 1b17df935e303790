// @ts-types="#types/std_assert.d.ts"
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { Desk, hashOf, quoteAt, rulesWith } from "../../../../tests/support/trading.ts";
import { decode, encode } from "../../codec.ts";
import { Random } from "../../random.ts";
import { openAccount } from "../account.ts";
import { type AgentView, type PosteriorView, resolveParameters } from "./agent.ts";
import { agentOf, AGENTS, type AnyAgent } from "./registry.ts";
import { kellyUnits } from "./sizing.ts";
import template from "./template.ts";
import { createView, refreshView } from "./view.ts";

const TREND: PosteriorView = { trend: 0.8, revert: 0.1, chop: 0.1, rug: 0.05 };
const REVERT: PosteriorView = { trend: 0.1, revert: 0.8, chop: 0.1, rug: 0.9 };

const ALL: readonly AnyAgent[] = [...AGENTS, template];

/** An agent with its memory at a desk. */
class Trader {
  readonly desk: Desk;
  readonly agent: AnyAgent;
  readonly view: AgentView = createView(["COMPUTE"]);
  memory: unknown;
  readonly parameters;

  constructor(agent: AnyAgent, given: Record<string, number> = {}) {
    const rules = rulesWith({
      fees: { ratio: 0.001 },
      costs: { impactRatio: 1, participationMaxRatio: 0.5 },
    });
    this.desk = new Desk(openAccount(100_000, rules, "agents"), rules);
    this.agent = agent;
    const { parameters, problems } = resolveParameters(agent, given);
    assertEquals(problems, []);
    this.parameters = parameters;
    this.memory = agent.memory(parameters);
  }

  tick(price: number, posterior: PosteriorView | null, volume: number | null = 1000): this {
    this.desk.tick({ COMPUTE: quoteAt(price, { volume }) });
    refreshView(this.view, this.desk.account, this.desk.rules, this.agent.name, posterior);
    for (const intent of this.agent.decide(this.view, this.parameters, this.memory)) {
      this.desk.order({ ...intent, agent: this.agent.name });
    }
    return this;
  }

  sides(): string[] {
    return this.desk.seen.orders.filter(({ status }) => status === "working").map(({ side }) => side);
  }
}

function posteriorAt(i: number): PosteriorView | null {
  return i < 60 ? null : Math.floor(i / 40) % 2 === 0 ? TREND : REVERT;
}

Deno.test("AGENTS have their own names, a hypothesis and checked defaults", () => {
  assertEquals(new Set(ALL.map(({ name }) => name)).size, ALL.length);
  for (const agent of ALL) {
    assert(agent.hypothesis.length > 60, agent.name);
    assertEquals(resolveParameters(agent, {}).problems, [], agent.name);
    for (const { name, meaning, unit } of agent.parameters) assert(name && meaning && unit);
    assertEquals(agentOf(agent.name), AGENTS.includes(agent) ? agent : undefined);
  }
});

Deno.test("resolveParameters() names every wrong value, unknown name and broken relation", () => {
  const agent = agentOf("ema_cross")!;
  const { problems } = resolveParameters(agent, { fast: 0, slow: 2.5, speed: 1, qty: "1", stake_ratio: NaN });
  assertEquals(problems.map(({ field }) => field).sort(), ["fast", "qty", "slow", "speed", "stake_ratio"]);
  assertEquals(resolveParameters(agent, { fast: 30, slow: 20 }).problems, [
    { field: "parameters", message: "fast must be shorter than slow" },
  ]);
  assertEquals(resolveParameters(agent, JSON.parse('{"__proto__": 1}')).problems.length, 1);
});

Deno.test("agents trade, replay to the same account, and go on from a memory that was written and read", () => {
  for (const agent of ALL) {
    const given = agent.name === "ema_cross" ? { fast: 3, slow: 8 } : {};
    const traders = [new Trader(agent, given), new Trader(agent, given)];
    traders.forEach((trader, k) => {
      const random = new Random("agents", agent.name);
      let price = 100;
      for (let i = 0; i < 400; i++) {
        price *= 1 + 0.01 * random.normal();
        trader.tick(price, posteriorAt(i), 500 + 500 * random.next());
        if (k === 1) trader.memory = decode(encode(trader.memory));
      }
    });
    const [first, second] = traders;
    assert(first!.desk.seen.fills.length >= 2, `${agent.name} never traded`);
    assertEquals(hashOf(second!.desk.account), hashOf(first!.desk.account), agent.name);
  }
});

Deno.test("agents decide from the past alone: more bars change no earlier order", () => {
  for (const agent of ALL) {
    const given = agent.name === "ema_cross" ? { fast: 3, slow: 8 } : {};
    const orders = [150, 300].map((bars) => {
      const trader = new Trader(agent, given);
      const random = new Random("truncate", agent.name);
      for (let i = 0, price = 100; i < bars; i++) {
        price *= 1 + 0.01 * random.normal();
        trader.tick(price, posteriorAt(i), 500 + 500 * random.next());
      }
      return trader.desk.seen.orders.filter(({ placedHeight, status }) =>
        placedHeight < 150 && status === "working"
      );
    });
    assertEquals(
      orders[1]!.map(({ id, side, qtyMicro }) => [id, side, qtyMicro]),
      orders[0]!.map(({ id, side, qtyMicro }) => [id, side, qtyMicro]),
      agent.name,
    );
    assert(orders[0]!.length > 0, agent.name);
  }
});

Deno.test("agents leave an instrument alone that they cannot trade", () => {
  for (const agent of ALL) {
    const trader = new Trader(agent);
    const before = encode(trader.memory);
    for (let i = 0; i < 60; i++) {
      trader.desk.tick({ COMPUTE: quoteAt(100 + i % 7, { gate: "closed" }) });
      refreshView(trader.view, trader.desk.account, trader.desk.rules, agent.name, TREND);
      assertEquals(agent.decide(trader.view, trader.parameters, trader.memory), [], agent.name);
    }
    assertEquals(encode(trader.memory), before, agent.name);
  }
});

Deno.test("kellyUnits() gives the original's sizes with half-Kelly in the place of its Sharpe of 0.5", () => {
  const base = {
    equity: 1000,
    volatility: 0.05,
    liquidity: Infinity,
    price: 10,
    fraction: 0.5,
    liquidityRatio: 0.1,
    riskBudget: 40,
  };
  assertAlmostEquals(kellyUnits({ ...base, edge: 0.001 }), 20, 1e-9);
  assertAlmostEquals(kellyUnits({ ...base, edge: 0.39, liquidity: 20 }), 2, 1e-9);
  assertAlmostEquals(kellyUnits({ ...base, edge: 0.39, liquidity: 1e9 }), 50, 1e-9);
  assertEquals(kellyUnits({ ...base, edge: 0.39, volatility: 0.5 }), 8); // One σ of 8 · 10 is the budget of 40.
  for (const change of [{ edge: 0 }, { edge: -1 }, { edge: NaN }, { edge: 1, price: 0 }]) {
    assertEquals(kellyUnits({ ...base, ...change }), 0);
  }
});

Deno.test("posterior_kelly enters at the first learned edge: it needs no record of success", () => {
  // The original multiplied by the account's own Sharpe, which is 0 until it has traded, so it never could.
  const trader = new Trader(agentOf("posterior_kelly")!);
  for (let i = 0; i < 40; i++) trader.tick(100 + i % 2, null);
  assertEquals(trader.sides(), []);
  trader.tick(100, { ...TREND, trend: 0.4, revert: 0.39 }); // An edge below the least one.
  assertEquals(trader.sides(), []);
  trader.tick(100, TREND, null); // A volume that nobody knows.
  assertEquals(trader.sides(), []);
  trader.tick(100, TREND).tick(100, TREND).tick(100, REVERT);
  assertEquals(trader.sides(), ["buy", "sell"]);
});

Deno.test("volume_aware takes a fee as a reason against entering, and nothing without a posterior", () => {
  // The original added the fee to the reasons for it.
  for (const [fee, entries] of [[0.001, 1], [0.3, 0]] as const) {
    const trader = new Trader(agentOf("volume_aware")!, { volume_weight: 0 });
    for (let i = 0; i < 60; i++) trader.tick(100, null);
    assertEquals(trader.sides(), []);
    refreshView(trader.view, trader.desk.account, trader.desk.rules, null, TREND);
    trader.view.feeRatio = fee;
    assertEquals(trader.agent.decide(trader.view, trader.parameters, trader.memory).length, entries);
  }
});

Deno.test("momentum buys after a rise and sells after a fall, once each", () => {
  const trader = new Trader(agentOf("momentum")!, { qty: 1 });
  for (const price of [10, 11, 12, 12, 11, 10, 10]) trader.tick(price, null);
  assertEquals(trader.sides(), ["buy", "sell"]);
  assertEquals(trader.desk.seen.fills.map(({ height, side }) => [height, side]), [[2, "buy"], [5, "sell"]]);
});

Deno.test("ema_cross waits for its slow mean, then trades crosses and not what was above from the start", () => {
  const trader = new Trader(agentOf("ema_cross")!, { fast: 2, slow: 5 });
  for (let i = 0; i < 10; i++) trader.tick(100 + i, null);
  assertEquals(trader.sides(), []);
  for (let i = 0; i < 6; i++) trader.tick(100 - i * 3, null);
  for (let i = 0; i < 6; i++) trader.tick(100 + i * 3, null);
  for (let i = 0; i < 6; i++) trader.tick(100 - i * 3, null);
  assertEquals(trader.sides(), ["buy", "sell"]);
});
