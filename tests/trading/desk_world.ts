/** A world with a trading desk that all agents and an operator trade at. */
import type { Random } from "../../src/engine/random.ts";
import { AGENTS } from "../../src/engine/trading/agents/registry.ts";
import type { AgentSettings } from "../../src/engine/trading/desk.ts";
import { type Token, TOKENS } from "../../src/engine/trading/instrument.ts";
import { DEFAULT_RULES, type TradingRules } from "../../src/engine/trading/rules.ts";
import type { UserAgent } from "../../src/runtime/user_agents.ts";
import type { ScenarioName } from "../../src/simulator/scenario.ts";
import { intentOf } from "../support/trading.ts";
import { World } from "../truth/world.ts";

const CAPITAL = 1_000_000_000;

const RULES: TradingRules = {
  ...DEFAULT_RULES,
  limits: { ...DEFAULT_RULES.limits, maxDrawdownRatio: null },
  exits: { stopLossRatio: 0.05, takeProfitRatio: 0.1 },
  protections: [{ kind: "cooldown", lockMs: 5_000 }],
};

/** Parameters with which an agent trades within minutes. */
const QUICK: Readonly<Record<string, Readonly<Record<string, number>>>> = { ema_cross: { fast: 3, slow: 9 } };

/** A world whose desk is open in paper mode with every shipped agent on. */
export async function openDesk(
  folder: string,
  scenario: ScenarioName,
  seed = 1,
  users: readonly UserAgent[] = [],
): Promise<World> {
  const trading = { rules: RULES, capital: CAPITAL, users };
  const world = new World({ seed, scenario, dialect: "readme", folder, startBlocks: 30, trading });
  world.start();
  await world.pass(5_000);
  const agents: Record<string, AgentSettings> = {};
  for (const { name } of AGENTS) agents[name] = { enabled: true, share: 0.2, params: QUICK[name] ?? {} };
  world.life.trading.command({
    type: "set",
    patch: { mode: "paper", running: true, settings: { agents } },
  });
  return world;
}

/** Mines, while the operator places and cancels orders. */
export async function mine(world: World, blocks: number, random: Random): Promise<void> {
  for (let i = 0; i < blocks; i++) {
    world.tip++;
    await world.pass(1_000);
    const { trading, loop } = world.life;
    await trading.idle();
    if (random.chance(0.1)) {
      trading.place(intentOf({
        token: TOKENS[random.integer(0, 3)] as Token,
        side: random.chance(0.6) ? "buy" : "sell",
        qty: random.integer(1, 2_000),
        clientOrderId: `c-${loop.state.desk.orderCount}`,
      }));
    }
    const working = loop.state.desk.account!.orders;
    if (working.length > 0 && random.chance(0.05)) trading.cancel(random.pick(working).id);
  }
  await world.settle();
}
