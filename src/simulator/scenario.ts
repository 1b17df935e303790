/**
 * The scenarios: what kind of chain is simulated. A scenario is a row of {@link SCENARIOS}; nothing else in this
 * room branches on a scenario's name.
 */

/** How the node spells its answers: `readme` offers every documented method, `live` imitates today's real node. */
export type Dialect = "readme" | "live";

/** Every dialect. */
export const DIALECTS: readonly Dialect[] = ["readme", "live"];

/** Recurring stretch of blocks: height h is inside when `from ≤ h % period < to`. */
export interface BlockWindow {
  readonly period: number;
  readonly from: number;
  readonly to: number;
}

/** The parameters of one scenario. */
export interface Scenario {
  /** One sentence for `--help` and the documentation. */
  readonly summary: string;
  /** Blocks between the tip and the finalized height. */
  readonly finalityLag: number;
  /** Mean number of receipts per market and block. */
  readonly demand: number;
  /** Whether the hidden regimes of `regime.ts` drive prices, demand and providers. */
  readonly regimes: boolean;
  /** Whether the chain reorganizes (see `reorg.ts`). */
  readonly reorgs: boolean;
  /** When the network is down to two peers and the compute and storage gates are shut. */
  readonly outage?: BlockWindow;
  /** When the mempool holds 15 times as much at 20 times the fee. */
  readonly feeSpike?: BlockWindow;
  /** Factor on the demand of the ad market; below 1 the ad gates stay in rehearsal. */
  readonly adDemand: number;
}

/**
 * Every scenario.
 *
 * | name | what it is for |
 * |---|---|
 * | `calm` | independent normal returns (0.06 % per block), constant demand, no regime: nothing in the past predicts the future, so a strategy that earns here is wrong |
 * | `stress` | a hidden regime (trend, revert, chop, rug) shared by the four markets; past returns, gaps to averages and volatility carry information |
 * | `outage` | blocks 120–179 of every 240: 2 peers, compute and storage gates `inactive` and without receipts, block interval × 3, a growing queue that drains afterwards |
 * | `fee-spike` | blocks 100–139 of every 200: mempool × 15, fees × 20, queue and waits up |
 * | `throttled-ads` | the ad gates never leave `rehearsal`: their streak climbs to 13 of 14 and resets; few ad receipts |
 * | `reorgs` | about one reorganization per 40 blocks, depth 1–6, rarely 12 |
 */
export const SCENARIOS = {
  "calm": {
    summary: "independent returns, constant demand, healthy network",
    finalityLag: 3,
    demand: 1.2,
    regimes: false,
    reorgs: false,
    adDemand: 1,
  },
  "stress": {
    summary: "hidden market regimes: trends, mean reversion, chop and rugs",
    finalityLag: 4,
    demand: 2.6,
    regimes: true,
    reorgs: false,
    adDemand: 1,
  },
  "outage": {
    summary: "a quarter of the time two peers, closed compute and storage gates and slow blocks",
    finalityLag: 6,
    demand: 1.2,
    regimes: false,
    reorgs: false,
    outage: { period: 240, from: 120, to: 180 },
    adDemand: 1,
  },
  "fee-spike": {
    summary: "a fifth of the time a full mempool, high fees and long waits",
    finalityLag: 5,
    demand: 1.2,
    regimes: false,
    reorgs: false,
    feeSpike: { period: 200, from: 100, to: 140 },
    adDemand: 1,
  },
  "throttled-ads": {
    summary: "the ad market never leaves rehearsal",
    finalityLag: 2,
    demand: 1.2,
    regimes: false,
    reorgs: false,
    adDemand: 0.15,
  },
  "reorgs": {
    summary: "about one reorganization per 40 blocks, up to 12 deep",
    finalityLag: 8,
    demand: 1.2,
    regimes: false,
    reorgs: true,
    adDemand: 1,
  },
} as const satisfies Record<string, Scenario>;

/** The name of a scenario. */
export type ScenarioName = keyof typeof SCENARIOS;

/** Every scenario's name, in table order. */
export const SCENARIO_NAMES = Object.keys(SCENARIOS) as readonly ScenarioName[];

/** Whether a string names a scenario. */
export function isScenarioName(text: string): text is ScenarioName {
  return Object.hasOwn(SCENARIOS, text);
}

/** The parameters of a scenario. */
export function scenarioOf(name: ScenarioName): Scenario {
  return SCENARIOS[name];
}

/** Whether a height lies in a recurring window; an absent window never does. */
export function isInside(window: BlockWindow | undefined, height: number): boolean {
  if (window === undefined) return false;
  const phase = height % window.period;
  return phase >= window.from && phase < window.to;
}

/** The height at which the window was last entered or left, 0 before the first time. */
export function lastEdge(window: BlockWindow | undefined, height: number): number {
  if (window === undefined) return 0;
  const phase = height % window.period;
  const start = height - phase;
  if (phase >= window.to) return start + window.to;
  if (phase >= window.from) return start + window.from;
  return Math.max(0, start - window.period + window.to);
}
