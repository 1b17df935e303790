/** The agents that are shipped. Adding one is its file, a row here and its test. */
import type { Agent } from "./agent.ts";
import { emaCross } from "./ema_cross.ts";
import { momentum } from "./momentum.ts";
import { posteriorKelly } from "./posterior_kelly.ts";
import { volumeAware } from "./volume_aware.ts";

/** An agent whose memory nobody but itself looks into. */
export type AnyAgent = Agent<unknown>;

/** Every shipped agent, in the order in which they are asked. */
export const AGENTS: readonly AnyAgent[] = [
  posteriorKelly,
  volumeAware,
  emaCross,
  momentum,
];

/** The shipped agent of this name. */
export function agentOf(name: string): AnyAgent | undefined {
  return AGENTS.find((agent) => agent.name === name);
}
