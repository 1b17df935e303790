/** The composition root of a backtest worker: the only other file that knows the concrete classes. */
import { parentPort } from "node:worker_threads";
import type { ToWorker, WorkerJob } from "./backtest/protocol.ts";
import { WorkerLoop } from "./backtest/worker_loop.ts";
import { Core } from "./engine/core.ts";
import type { MarketId } from "./engine/market.ts";
import { SimulatedChain } from "./simulator/chain.ts";
import { chainEvents } from "./simulator/events.ts";
import type { ScenarioName } from "./simulator/scenario.ts";

const port = parentPort;
if (!port) throw new TypeError("This file is a worker; it is started by the backtest pool");

const loop = new WorkerLoop({
  post: (message, transfer = []) => port.postMessage(message, [...transfer]),
  nowMs: () => performance.now(),
  simulate: ({ seed, scenario, slots }) =>
    chainEvents(
      new SimulatedChain({ seed, scenario: scenario as ScenarioName, dialect: "readme" }),
      slots,
    ),
  newCore: ({ core, coreState }: WorkerJob) => {
    const made = new Core({ ...core, enabled: core.enabled as Readonly<Record<MarketId, boolean>> });
    if (coreState !== null) made.restore(coreState);
    return made;
  },
});
port.on("message", (message: ToWorker) => loop.onMessage(message));
