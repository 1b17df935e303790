import type { Random } from "../engine/random.ts";

/** The hidden state of the economy. `calm` is the absence of regimes. */
export type RegimeName = "calm" | "trend-up" | "trend-down" | "revert" | "chop" | "rug";

/** What one regime does. Per block, in natural logarithms of the price. */
export interface Regime {
  /** Mean number of blocks before the next regime; `Infinity` never ends. */
  readonly meanBlocks: number;
  readonly drift: number;
  /** Standard deviation of the independent normal part of the return. */
  readonly sigma: number;
  /** Factor on the scenario's demand. */
  readonly demand: number;
  /** Added to the utilization that the market tends to. */
  readonly utilizationShift: number;
  /** Chance of being the next regime, relative. */
  readonly weight: number;
}

/**
 * The regimes. One is in force at a time for all four markets; markets differ in how strongly the drift moves
 * them ({@link DRIFT_BETA}) and in their own noise.
 *
 * | regime | mean blocks | drift per block | noise per block | demand | what reveals it |
 * |---|---|---|---|---|---|
 * | `calm` | ∞ | 0 | 0.0006 | 1.0 | nothing |
 * | `trend-up` | 100 | +0.0008 | 0.0012 | 1.3 | returns of one sign, price above its average, utilization up |
 * | `trend-down` | 100 | −0.0008 | 0.0012 | 0.9 | returns of one sign, price below its average, utilization down |
 * | `revert` | 140 | pull to a slow anchor | 0.0016 | 1.0 | a damped oscillation of about 63 blocks around the anchor |
 * | `chop` | 60 | 0 | 0.0040 | 1.1 | high volatility without direction |
 * | `rug` | 90 exactly | −0.004 for 30, then +0.002 for 60 | 0.0030 | 1 → 0.1 → 1 | volume and provider count collapse, then recover |
 *
 * `revert` is a noisy spring, a second-order Ornstein–Uhlenbeck process: with x the log price, a the anchor (an
 * average over 400 blocks) and v the velocity, v ← v − 0.01·clamp(x − a, ±0.03) − 0.03v + 0.0003z₁ and
 * x ← x + v + 0.0016z₂.
 */
export const REGIMES: Readonly<Record<RegimeName, Regime>> = {
  "calm": { meanBlocks: Infinity, drift: 0, sigma: 0.0006, demand: 1, utilizationShift: 0, weight: 0 },
  "trend-up": {
    meanBlocks: 100,
    drift: 0.0008,
    sigma: 0.0012,
    demand: 1.3,
    utilizationShift: 0.15,
    weight: 28,
  },
  "trend-down": {
    meanBlocks: 100,
    drift: -0.0008,
    sigma: 0.0012,
    demand: 0.9,
    utilizationShift: -0.15,
    weight: 28,
  },
  "revert": { meanBlocks: 140, drift: 0, sigma: 0.0016, demand: 1, utilizationShift: 0, weight: 24 },
  "chop": { meanBlocks: 60, drift: 0, sigma: 0.004, demand: 1.1, utilizationShift: 0.05, weight: 15 },
  "rug": { meanBlocks: 90, drift: 0, sigma: 0.003, demand: 1, utilizationShift: -0.3, weight: 5 },
};

/** How strongly drifts move a market, in the order of `MARKETS`. */
export const DRIFT_BETA: readonly number[] = [1, 0.8, 1.2, 1];

/** Blocks during which a rug collapses. */
export const RUG_COLLAPSE_BLOCKS = 30;
/** Blocks that a whole rug lasts. */
export const RUG_BLOCKS = 90;

const RUG_COLLAPSE_DRIFT = -0.004;
const RUG_RECOVERY_DRIFT = 0.002;
const RUG_DEMAND_FLOOR = 0.1;

const STRESS_REGIMES: readonly RegimeName[] = ["trend-up", "trend-down", "revert", "chop", "rug"];
const WEIGHT_TOTAL = STRESS_REGIMES.reduce((total, name) => total + REGIMES[name].weight, 0);

/** The drift of the log price in this block of a regime. */
export function driftOf(name: RegimeName, age: number): number {
  if (name !== "rug") return REGIMES[name].drift;
  return age < RUG_COLLAPSE_BLOCKS ? RUG_COLLAPSE_DRIFT : RUG_RECOVERY_DRIFT;
}

/** The factor on demand in this block of a regime. */
export function demandOf(name: RegimeName, age: number): number {
  if (name !== "rug") return REGIMES[name].demand;
  const fallen = age < RUG_COLLAPSE_BLOCKS
    ? age / RUG_COLLAPSE_BLOCKS
    : 1 - (age - RUG_COLLAPSE_BLOCKS) / (RUG_BLOCKS - RUG_COLLAPSE_BLOCKS);
  return 1 - (1 - RUG_DEMAND_FLOOR) * fallen;
}

/** Whether a regime that is `age` blocks old ends with this block. */
export function endsNow(name: RegimeName, age: number, random: Random): boolean {
  if (name === "calm") return false;
  if (name === "rug") return age >= RUG_BLOCKS;
  return random.chance(1 / REGIMES[name].meanBlocks);
}

/** Draws the regime that follows another one. */
export function drawRegime(random: Random, previous?: RegimeName): RegimeName {
  for (;;) {
    let point = random.next() * WEIGHT_TOTAL;
    const drawn = STRESS_REGIMES.find((name) => (point -= REGIMES[name].weight) < 0) ?? "revert";
    if (drawn !== previous) return drawn;
  }
}
