/**
 * The network strength score. Every factor is shown with its value and thresholds, and a factor that cannot be
 * measured leaves both sums, so the score never rests on a guess.
 */
import { isKnown, type Known } from "./reason.ts";
import { clamp } from "./statistics.ts";

/** Definition of one factor: full points at `good`, none at `warn`. */
export interface StrengthFactorDefinition {
  readonly id: string;
  readonly group: "consensus" | "network" | "markets" | "scheduler";
  readonly unit: string;
  readonly good: number;
  readonly warn: number;
  readonly max: number;
}

/** The factors in the order in which they are shown. */
export const STRENGTH_FACTORS = [
  { id: "finality_lag", group: "consensus", unit: "blocks", good: 5, warn: 50, max: 15 },
  { id: "block_interval", group: "consensus", unit: "ms", good: 1_000, warn: 2_000, max: 10 },
  { id: "reorgs", group: "consensus", unit: "per 100 blocks", good: 0, warn: 3, max: 5 },
  { id: "peers", group: "network", unit: "peers", good: 20, warn: 5, max: 15 },
  { id: "rpc_p95", group: "network", unit: "ms", good: 100, warn: 1_000, max: 10 },
  { id: "healthy_markets", group: "markets", unit: "share", good: 1, warn: 0, max: 15 },
  { id: "usable_gates", group: "markets", unit: "share", good: 1, warn: 0, max: 10 },
  { id: "queue_depth", group: "scheduler", unit: "operations", good: 100, warn: 500, max: 10 },
  { id: "queue_wait", group: "scheduler", unit: "ms", good: 100, warn: 500, max: 10 },
] as const satisfies readonly StrengthFactorDefinition[];

/** Identifier of a factor. */
export type StrengthFactorId = (typeof STRENGTH_FACTORS)[number]["id"];

/** Below this many reachable points no score is given. */
export const STRENGTH_MIN_MAX = 40;

/** One factor with its value and points. */
export interface StrengthFactor extends StrengthFactorDefinition {
  readonly value: Known<number>;
  readonly points: Known<number>;
}

/** The score with everything that explains it. */
export interface Strength {
  /** 0 to 100; null when fewer than {@link STRENGTH_MIN_MAX} points could be reached. */
  readonly score: number | null;
  readonly points: number;
  readonly max: number;
  readonly factors: readonly StrengthFactor[];
}

/** Scores the network: max × clamp((warn − v) / (warn − good), 0, 1) per factor, 100 · Σpoints / Σmax in all. */
export function scoreStrength(values: Readonly<Record<StrengthFactorId, Known<number>>>): Strength {
  let points = 0;
  let max = 0;
  const factors = STRENGTH_FACTORS.map((definition) => {
    const value = values[definition.id];
    if (!isKnown(value)) return { ...definition, value, points: value };
    const share = clamp((definition.warn - value) / (definition.warn - definition.good), 0, 1);
    points += share * definition.max;
    max += definition.max;
    return { ...definition, value, points: share * definition.max };
  });
  return { score: max < STRENGTH_MIN_MAX ? null : Math.round(100 * points / max), points, max, factors };
}
