/** The flags that choose a simulated chain, shared by `start` and `simulator`. */
import { DIALECTS, SCENARIO_NAMES } from "../simulator/scenario.ts";
import type { SimulateOptions } from "../app.ts";
import { type Arguments, choiceFlag, type Flag, numberFlag } from "./args.ts";

/** Flags that describe the chain. */
export const CHAIN_FLAGS: readonly Flag[] = [
  {
    name: "scenario",
    value: "NAME",
    meaning: `what happens on it: ${SCENARIO_NAMES.join(", ")} (default calm)`,
  },
  { name: "seed", value: "N", meaning: "which chain of that scenario (default 1)" },
  { name: "speed", value: "X", meaning: "chain seconds per second, 0.01..1000 (default 1)" },
  { name: "dialect", value: "readme|live", meaning: "how the node spells its answers (default readme)" },
];

/** Reads them. */
export function chainFlags(args: Arguments): SimulateOptions {
  return {
    scenario: choiceFlag(args, "scenario", "calm", SCENARIO_NAMES),
    seed: numberFlag(args, "seed", 1, { min: 0, max: 4_294_967_295, integer: true }),
    speed: numberFlag(args, "speed", 1, { min: 0.01, max: 1_000, integer: false }),
    dialect: choiceFlag(args, "dialect", "readme", DIALECTS),
  };
}
