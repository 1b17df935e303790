// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import { Random } from "../../src/engine/random.ts";
import { type AccountState, advance, openAccount, submitOrder } from "../../src/engine/trading/account.ts";
import { type PosteriorView, resolveParameters } from "../../src/engine/trading/agents/agent.ts";
import { AGENTS } from "../../src/engine/trading/agents/registry.ts";
import { createView, refreshView } from "../../src/engine/trading/agents/view.ts";
import { marketTick } from "../../src/engine/trading/market_tick.ts";
import type { OrderIntent } from "../../src/engine/trading/order.ts";
import { portfolioOf } from "../../src/engine/trading/portfolio.ts";
import { DEFAULT_RULES, type TradingRules } from "../../src/engine/trading/rules.ts";
import type { Tick } from "../../src/engine/trading/tick.ts";
import { attribute } from "../../src/engine/trading/trade_statistics.ts";
import { tipOf } from "../../src/engine/chain.ts";
import { SCENARIO_NAMES, type ScenarioName } from "../../src/simulator/scenario.ts";
import { hashOf, Recorder } from "../support/trading.ts";
import { World } from "../truth/world.ts";

const BLOCKS = 150;
const CAPITAL = 1_000_000_000;

const RULES: TradingRules = {
  ...DEFAULT_RULES,
  limits: { ...DEFAULT_RULES.limits, maxDrawdownRatio: 0.5 },
  exits: { stopLossRatio: 0.05, takeProfitRatio: 0.1 },
  protections: [{ kind: "cooldown", lockMs: 5_000 }],
  shares: { posterior_kelly: 0.25, volume_aware: 0.25, ema_cross: 0.25, momentum: 0.25 },
};

/** What a journal would hold of the trading: ticks, and intents with the ids of their orders. */
type Entry =
  | { readonly kind: "tick"; readonly tick: Tick }
  | { readonly kind: "intent"; readonly intent: OrderIntent; readonly id: string; readonly nowMs: number };

/** Lets every agent trade on a simulated chain. */
async function trade(scenario: ScenarioName): Promise<{
  readonly account: AccountState;
  readonly seen: Recorder;
  readonly journal: readonly Entry[];
}> {
  const folder = await Deno.makeTempDir();
  const world = new World({ seed: 1, scenario, dialect: "readme", folder, startBlocks: 30 });
  const account = openAccount(CAPITAL, RULES, "paper");
  const seen = new Recorder();
  const journal: Entry[] = [];
  const traders = AGENTS.map((agent) => {
    const given = agent.name === "ema_cross" ? { fast: 3, slow: 9 } : {};
    const { parameters } = resolveParameters(agent, given);
    return { agent, parameters, memory: agent.memory(parameters) };
  });
  const random = new Random("posterior", scenario);
  const view = createView();
  let orders = 0;
  try {
    world.start();
    for (let i = 0; i < BLOCKS; i++) {
      await world.pass(1_000);
      const { state } = world.life.core;
      const tick = marketTick(state, tipOf(state.chain)?.height ?? 0, RULES.limits.staleAfterMs);
      journal.push({ kind: "tick", tick });
      advance(account, RULES, tick, seen);
      const posterior = posteriorAt(random);
      for (const { agent, parameters, memory } of traders) {
        refreshView(view, account, RULES, agent.name, posterior);
        for (const wanted of agent.decide(view, parameters, memory)) {
          const intent = { ...wanted, agent: agent.name };
          const id = `o${++orders}`;
          journal.push({ kind: "intent", intent, id, nowMs: tick.timeMs });
          submitOrder(account, RULES, intent, id, tick.timeMs, seen);
        }
      }
      world.tip++;
    }
    await world.stop();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  return { account, seen, journal };
}

function posteriorAt(random: Random): PosteriorView {
  const trend = random.next();
  const revert = (1 - trend) * random.next();
  return { trend, revert, chop: 1 - trend - revert, rug: 0.2 * random.next() };
}

for (const scenario of SCENARIO_NAMES) {
  Deno.test(`agents on a simulated chain (${scenario}): figures reconcile with fills, a replay gives the same`, async () => {
    const { account, seen, journal } = await trade(scenario);
    assert(seen.fills.length >= 20, `${seen.fills.length} fills`);
    const rows = attribute(seen.fills);
    const found = portfolioOf(account);
    const sum = (pick: (row: typeof rows[number]) => number) => rows.reduce((all, row) => all + pick(row), 0);
    // Whole base units: equal, not close.
    assertEquals(sum(({ realized }) => realized), found.realized);
    assertEquals(sum(({ fees }) => fees), found.fees);
    assertEquals(found.cash + found.exposure, found.equity);
    assertEquals(found.capital + found.realized + found.unrealized, found.equity);
    for (const { agent, token, qtyMicro } of rows) {
      const held = account.positions.find((position) => position.agent === agent && position.token === token);
      assertEquals(held?.qtyMicro ?? 0, qtyMicro, `${agent} ${token}`);
    }
    assert(new Set(rows.map(({ agent }) => agent)).size >= 2, "several agents trade");

    const again = openAccount(CAPITAL, RULES, "paper");
    const replayed = new Recorder();
    for (const entry of journal) {
      if (entry.kind === "tick") advance(again, RULES, entry.tick, replayed);
      else submitOrder(again, RULES, entry.intent, entry.id, entry.nowMs, replayed);
    }
    assertEquals(replayed.fills, seen.fills);
    assertEquals(hashOf(again), hashOf(account));
  });
}
