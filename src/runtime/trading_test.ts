// @ts-types="#types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { blocksUpTo, coreWith, T0 } from "../../tests/support/engine.ts";
import type { EngineEvent, SlotEvent } from "../engine/event.ts";
import { type Agent, buyIntent, INTENTS_MAX, NOTHING } from "../engine/trading/agents/agent.ts";
import type { DeskCommand } from "../engine/trading/desk.ts";
import { DEFAULT_RULES } from "../engine/trading/rules.ts";
import { silentLog } from "../telemetry/log.ts";
import { ManualClock } from "./clock.ts";
import type { EngineLoop } from "./engine_loop.ts";
import { Trading } from "./trading.ts";

function agent(name: string, decide: Agent<{ asked: number }>["decide"]): Agent<unknown> {
  return {
    name,
    title: name,
    hypothesis: "none",
    parameters: [],
    warmup: () => 0,
    memory: () => ({ asked: 0 }),
    decide: (view, parameters, memory) => decide(view, parameters, memory as { asked: number }),
  };
}

Deno.test("afterSlot() suspends the agents that fail, and keeps what the others want", () => {
  const agents = [
    agent("throws", () => {
      throw new Error("no");
    }),
    agent("buys", (_view, _parameters, memory) => {
      memory.asked++;
      return [buyIntent("COMPUTE", 1)];
    }),
    agent("floods", () => new Array(INTENTS_MAX + 1).fill(buyIntent("COMPUTE", 1))),
    agent("off", () => NOTHING),
  ];
  const core = coreWith(blocksUpTo(3));
  const apply = (command: DeskCommand) => core.apply({ kind: "desk", atMs: T0, command });
  apply({ type: "configure", rules: DEFAULT_RULES, capital: 1_000_000 });
  const on = { enabled: true, share: 0.5, params: {} };
  const settings = { agents: { throws: on, buys: on, floods: on } };
  apply({ type: "set", patch: { mode: "paper", running: true, settings } });
  const trading = new Trading({
    loop: () => ({ state: core.state }) as EngineLoop,
    clock: new ManualClock(T0),
    log: silentLog(),
    agents,
  });
  const slot: SlotEvent = { kind: "slot", atMs: T0, height: 3 };
  const events = trading.afterSlot(core.state, slot);
  const commands = (list: readonly EngineEvent[]) =>
    list.map((event) => event.kind === "desk" ? event.command : null);
  const wanted = (id: string) => [{ id, intent: { ...buyIntent("COMPUTE", 1), agent: "buys" } }];
  assertEquals(commands(events), [
    { type: "suspend", agent: "throws", reason: "no" },
    { type: "suspend", agent: "floods", reason: "it wants 17 orders at once, more than 16" },
    { type: "decided", height: 3, orders: wanted("o-1"), memories: { buys: { asked: 1 } } },
  ]);
  for (const event of events) core.apply(event);
  assertEquals(commands(trading.afterSlot(core.state, slot)), [
    { type: "decided", height: 3, orders: wanted("o-2"), memories: { buys: { asked: 2 } } },
  ]);
  apply({ type: "set", patch: { running: false } });
  assertEquals(trading.afterSlot(core.state, slot), []);
});
