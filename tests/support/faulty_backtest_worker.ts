/** A backtest worker that does what the seed of its job says: it works, or it fails in one of the known ways. */
import { parentPort } from "node:worker_threads";
import type { ToWorker, WorkerJob } from "../../src/backtest/protocol.ts";
import { WorkerLoop } from "../../src/backtest/worker_loop.ts";
import { Core } from "../../src/engine/core.ts";
import type { MarketId } from "../../src/engine/market.ts";
import { SimulatedChain } from "../../src/simulator/chain.ts";
import { chainEvents } from "../../src/simulator/events.ts";
import type { ScenarioName } from "../../src/simulator/scenario.ts";
import { FAULT } from "./faults_of_workers.ts";

const loop = new WorkerLoop({
  post: (message, transfer = []) => parentPort!.postMessage(message, [...transfer]),
  nowMs: () => performance.now(),
  simulate: ({ seed, scenario, slots }) =>
    chainEvents(new SimulatedChain({ seed, scenario: scenario as ScenarioName, dialect: "readme" }), slots),
  newCore: ({ core }: WorkerJob) =>
    new Core({ ...core, enabled: core.enabled as Readonly<Record<MarketId, boolean>> }),
});

parentPort!.on("message", (message: ToWorker) => {
  const seed = message.kind === "run" ? message.job.request.seed : null;
  switch (seed) {
    case FAULT.loop:
      for (;;);
    case FAULT.memory: {
      const hoard: unknown[] = [];
      for (;;) hoard.push(new Array(1_000).fill(Math.random()));
    }
    case FAULT.exit:
      return Deno.exit(7);
    default:
      loop.onMessage(message);
  }
});
