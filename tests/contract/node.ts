/** A program beside a simulated node that the test holds in its hand: blocks come only when it says so. */
import { systemClock } from "../../src/runtime/clock.ts";
import { type RunningSimulator, startSimulator } from "../../src/simulator/rpc_server.ts";
import type { Dialect, ScenarioName } from "../../src/simulator/scenario.ts";
import { type Program, type ProgramOptions, withProgram } from "./harness.ts";

/** How to start both. */
export interface NodeOptions extends Omit<ProgramOptions, "dialect" | "scenario" | "speed"> {
  readonly dialect: Dialect;
  readonly scenario?: ScenarioName;
  /** Told the method of every question that the node is asked. */
  readonly onAsked?: (method: string) => void;
}

/** Runs a test against a program and its node. */
export async function withNode(
  options: NodeOptions,
  test: (program: Program, node: RunningSimulator) => Promise<void>,
): Promise<void> {
  const node = await startSimulator({
    seed: 1,
    scenario: options.scenario ?? "calm",
    dialect: options.dialect,
    speed: 1,
    clock: systemClock,
    mining: false,
    intercept: ({ method }) => {
      options.onAsked?.(method);
      return undefined;
    },
  });
  try {
    await withProgram({
      ...options,
      dialect: null,
      config: `[ingest]\nstart = "genesis"\n${options.config ?? ""}`,
      env: { TB_RPC_URL: node.url, TB_WS_URL: node.wsUrl, ...options.env },
    }, (program) => test(program, node));
  } finally {
    await node.stop();
  }
}
