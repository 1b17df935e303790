import { MARKET_IDS, type MarketId } from "../engine/market.ts";
import { keyOf, Random } from "../engine/random.ts";
import { PROVIDER_COUNT } from "./identity.ts";
import { demandOf, drawRegime, DRIFT_BETA, driftOf, endsNow, RUG_COLLAPSE_BLOCKS } from "./regime.ts";
import { type RegimeName, REGIMES } from "./regime.ts";
import { isInside, type Scenario } from "./scenario.ts";

/** Timestamp of block 0: 2026-01-01T00:00:00Z. */
export const GENESIS_MS = 1_767_225_600_000;
/** Nominal block interval of a healthy network. */
export const BLOCK_INTERVAL_MS = 1_000;

/** Price per price unit of each market at genesis, in base units, in the order of `MARKETS`. */
export const START_PRICE: readonly number[] = [1_000, 250, 120_000, 3_000_000];

const INTERVAL_JITTER = 0.15;
const OUTAGE_INTERVAL_FACTOR = 3;
const UTILIZATION_MEAN: readonly number[] = [0.62, 0.55, 0.48, 0.7];
const ANCHOR_BLOCKS = 400;
/** Stress pulls the log price weakly to its start, so that years of trends do not end on a bound. */
const HOME_BLOCKS = 20_000;
const LOG_PRICE_MAX = Math.log(20);
const SPRING = 0.01;
const DAMPING = 0.03;
const SPRING_GAP_MAX = 0.03;
const VELOCITY_SIGMA = 0.0003;
const PROVIDER_CHANGE_CHANCE = 1 / 150;
const RUG_LEAVE_CHANCE = 0.25;
const RUG_RETURN_CHANCE = 0.2;
const RUG_PROVIDERS_MIN = 2;

/** One market at one height. */
export interface MarketState {
  /** Base units per price unit. */
  readonly price: number;
  /** ln(price / start price) */
  readonly logPrice: number;
  /** Slow average of `logPrice` that `revert` pulls to. */
  readonly anchor: number;
  /** Change per block of the oscillation in `revert`, else 0. */
  readonly velocity: number;
  /** 0..1 */
  readonly utilization: number;
  /** Bit i is set while provider i takes part. */
  readonly active: number;
}

/** The economy at one height: everything that depends on what came before. */
export interface ModelState {
  readonly height: number;
  readonly timestampMs: number;
  readonly regime: RegimeName;
  /** Blocks since the regime began. */
  readonly regimeAge: number;
  /** In the order of `MARKETS`. */
  readonly markets: readonly MarketState[];
}

/**
 * The market model: steps the economy block by block. The state at a height is a pure function of seed, scenario
 * and height, because the randomness of each block is keyed by its height.
 */
export class MarketModel {
  readonly #key: number;
  readonly #scenario: Scenario;

  constructor(seed: number, scenarioName: string, scenario: Scenario) {
    this.#key = keyOf("model", seed, scenarioName);
    this.#scenario = scenario;
  }

  /** The state at height 0. */
  genesis(): ModelState {
    return {
      height: 0,
      timestampMs: GENESIS_MS,
      regime: this.#scenario.regimes ? drawRegime(new Random(this.#key, 0)) : "calm",
      regimeAge: 0,
      markets: MARKET_IDS.map((id, index) => ({
        price: START_PRICE[index]!,
        logPrice: 0,
        anchor: 0,
        velocity: 0,
        utilization: UTILIZATION_MEAN[index]!,
        active: allProviders(id),
      })),
    };
  }

  /** The state one block later. */
  next(previous: ModelState): ModelState {
    const height = previous.height + 1;
    const random = new Random(this.#key, height);
    const jitter = 1 + INTERVAL_JITTER * (2 * random.next() - 1);
    const slow = isInside(this.#scenario.outage, height) ? OUTAGE_INTERVAL_FACTOR : 1;
    const ended = endsNow(previous.regime, previous.regimeAge + 1, random);
    const regime = ended ? drawRegime(random, previous.regime) : previous.regime;
    const regimeAge = ended ? 0 : previous.regimeAge + 1;
    const changed = random.chance(PROVIDER_CHANGE_CHANCE) ? random.integer(0, MARKET_IDS.length - 1) : -1;
    const before = previous.markets;
    return {
      height,
      timestampMs: previous.timestampMs + Math.round(BLOCK_INTERVAL_MS * slow * jitter),
      regime,
      regimeAge,
      markets: [
        nextMarket(before[0]!, 0, regime, regimeAge, changed === 0, random),
        nextMarket(before[1]!, 1, regime, regimeAge, changed === 1, random),
        nextMarket(before[2]!, 2, regime, regimeAge, changed === 2, random),
        nextMarket(before[3]!, 3, regime, regimeAge, changed === 3, random),
      ],
    };
  }
}

/** The mean number of receipts of a market in the block of this state, before gates. */
export function demandAt(state: ModelState, scenario: Scenario, market: MarketId): number {
  const base = scenario.demand * demandOf(state.regime, state.regimeAge);
  return market === "ad" ? base * scenario.adDemand : base;
}

/** How many providers of a market take part. */
export function activeProviders(market: MarketState): number {
  return bitCount(market.active);
}

/** Whether provider `index` takes part. */
export function isActive(market: MarketState, index: number): boolean {
  return (market.active >>> index & 1) === 1;
}

function nextMarket(
  market: MarketState,
  index: number,
  regime: RegimeName,
  age: number,
  providersChange: boolean,
  random: Random,
): MarketState {
  const parameters = REGIMES[regime];
  const noise = parameters.sigma * random.normal();
  let velocity = 0;
  let logPrice = market.logPrice + noise;
  if (regime !== "calm") {
    logPrice += driftOf(regime, age) * DRIFT_BETA[index]! - market.logPrice / HOME_BLOCKS;
    if (regime === "revert") {
      const gap = Math.min(SPRING_GAP_MAX, Math.max(-SPRING_GAP_MAX, market.logPrice - market.anchor));
      velocity = market.velocity * (1 - DAMPING) - SPRING * gap + VELOCITY_SIGMA * random.normal();
      logPrice += velocity;
    }
  }
  logPrice = reflect(logPrice);
  const target = UTILIZATION_MEAN[index]! + parameters.utilizationShift;
  const utilization = market.utilization + 0.02 * (target - market.utilization) +
    0.01 * (random.next() - 0.5);
  return {
    price: START_PRICE[index]! * Math.exp(logPrice),
    logPrice,
    anchor: market.anchor + (logPrice - market.anchor) / ANCHOR_BLOCKS,
    velocity,
    utilization: Math.min(0.98, Math.max(0.02, utilization)),
    active: nextProviders(market.active, index, regime, age, providersChange, random),
  };
}

/** Keeps the log price within ±ln 20: what would overshoot is mirrored. */
function reflect(logPrice: number): number {
  if (logPrice > LOG_PRICE_MAX) return Math.max(0, 2 * LOG_PRICE_MAX - logPrice);
  if (logPrice < -LOG_PRICE_MAX) return Math.min(0, -2 * LOG_PRICE_MAX - logPrice);
  return logPrice;
}

/** Lets a provider leave or return. Provider 0 (ours) always stays. */
function nextProviders(
  active: number,
  index: number,
  regime: RegimeName,
  age: number,
  change: boolean,
  random: Random,
): number {
  if (regime !== "rug" && !change) return active;
  const count = PROVIDER_COUNT[MARKET_IDS[index]!];
  const bit = 1 << random.integer(1, count - 1);
  const present = (active & bit) !== 0;
  if (regime === "rug") {
    if (age < RUG_COLLAPSE_BLOCKS) {
      const leaves = present && bitCount(active) > RUG_PROVIDERS_MIN && random.chance(RUG_LEAVE_CHANCE);
      return leaves ? active & ~bit : active;
    }
    return random.chance(RUG_RETURN_CHANCE) ? active | bit : active;
  }
  if (!present) return active | bit;
  return bitCount(active) > count / 2 && random.chance(0.25) ? active & ~bit : active;
}

function allProviders(market: MarketId): number {
  return (1 << PROVIDER_COUNT[market]) - 1;
}

function bitCount(bits: number): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++;
  return count;
}
