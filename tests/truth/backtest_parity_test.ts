/** What paper trading did, the recorded journal gives again: the same ticks, the same decisions, the same fills. */
// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import { ChainRecorder } from "../../src/backtest/recorder.ts";
import { journalSource } from "../../src/backtest/journal_source.ts";
import { readRequest } from "../../src/backtest/request.ts";
import { rulesOf } from "../../src/backtest/rules.ts";
import { run } from "../../src/backtest/run.ts";
import { decode } from "../../src/engine/codec.ts";
import { Core } from "../../src/engine/core.ts";
import type { EngineEvent } from "../../src/engine/event.ts";
import { perMarket } from "../../src/engine/market.ts";
import type { DeskCommand } from "../../src/engine/trading/desk.ts";
import type { Fill } from "../../src/engine/trading/order.ts";
import { DEFAULT_RULES } from "../../src/engine/trading/rules.ts";
import type { EngineLoop } from "../../src/runtime/engine_loop.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { Trading } from "../../src/runtime/trading.ts";
import { SimulatedChain } from "../../src/simulator/chain.ts";
import { chainEvents } from "../../src/simulator/events.ts";
import type { ScenarioName } from "../../src/simulator/scenario.ts";
import { SqliteStore } from "../../src/store/store.ts";
import { Log } from "../../src/telemetry/log.ts";
import { agentWith } from "../support/backtests.ts";

const CAPITAL = 5_000_000;
const OPTIONS = { finalityDepth: 32, enabled: perMarket(() => true) };
const RULES = { ...DEFAULT_RULES, limits: { ...DEFAULT_RULES.limits, maxDrawdownRatio: 0.9 } };
const AGENTS = {
  ema_cross: { fast: 4, slow: 12 },
  momentum: { stake_ratio: 0.05 },
};

/** What is compared of a fill; ids of orders are whatever the caller counts. */
function figures({ token, side, agent, qtyMicro, price, gross, fee, height, timeMs }: Fill) {
  return { token, side, agent, qtyMicro, price, gross, fee, height, timeMs };
}

/** The program's side: events arrive one by one and are kept, and after each block the agents are asked. */
function paper(store: SqliteStore, scenario: ScenarioName, blocks: number): readonly Fill[] {
  const core = new Core(OPTIONS);
  const trading = new Trading({
    loop: () => ({ state: core.state }) as EngineLoop,
    clock: systemClock,
    log: new Log("error", () => {}),
  });
  const fills: Fill[] = [];
  const apply = (event: EngineEvent) => {
    core.apply(event);
    const changes = core.takeChanges();
    for (const change of changes) if (change.kind === "fill") fills.push(change.fill);
    store.commit([{ event, changes }]);
  };
  const desk = (command: DeskCommand) => apply({ kind: "desk", atMs: 0, command });
  desk({ type: "configure", rules: RULES, capital: CAPITAL });
  const agents = Object.fromEntries(
    Object.entries(AGENTS).map(([name, params]) => [name, { enabled: true, share: 1, params }]),
  );
  desk({ type: "set", patch: { mode: "paper", running: true, settings: { agents } } });
  for (const event of chainEvents(new SimulatedChain({ seed: 5, scenario, dialect: "readme" }), blocks)) {
    apply(event);
    if (event.kind === "slot") trading.afterSlot(core.state, event).forEach(apply);
  }
  return fills;
}

for (const scenario of ["stress", "reorgs", "outage"] satisfies ScenarioName[]) {
  Deno.test(`the recorded journal of ${scenario} gives the fills that paper trading had`, async () => {
    const store = new SqliteStore(":memory:");
    try {
      const live = paper(store, scenario, 400);
      const read = readRequest({
        data: { kind: "journal", catch_up: false },
        agents: Object.entries(AGENTS).map(([name, params]) => ({ name, params })),
        capital: CAPITAL,
      }, RULES);
      assert("request" in read);
      const recorder = new ChainRecorder(new Core(OPTIONS), false, RULES.limits.staleAfterMs);
      const { coreState, pieces } = journalSource(store);
      assertEquals(coreState, null);
      const decoder = new TextDecoder();
      for await (const piece of pieces) {
        for (const line of decoder.decode(piece).split("\n")) {
          if (line !== "") recorder.apply(decode(line) as EngineEvent);
        }
      }
      const replayed: Fill[] = [];
      run({
        series: recorder.finish("journal", null, null),
        agents: read.request.agents.map(({ name, params }) => agentWith(name, params)),
        rules: rulesOf(read.request, RULES),
        capital: CAPITAL,
        hooks: { onFill: (fill) => replayed.push(fill) },
      });
      assert(live.length > 50, `only ${live.length} fills`);
      assertEquals(replayed.map(figures), live.map(figures));
    } finally {
      store.close();
    }
  });
}
