import { MARKET_IDS, type MarketId, perMarket } from "../engine/market.ts";
import { keyOf, Random } from "../engine/random.ts";
import { ChainView } from "./chain_view.ts";
import { blockHash, HASH_TAG, hex256 } from "./hash.ts";
import { SteppedHistory } from "./history.ts";
import {
  MINER_COUNT,
  minerLabel,
  type OurIdentities,
  ourIdentities,
  type ProviderProfile,
  providerProfiles,
} from "./identity.ts";
import { addBlock, emptyTotals, type TotalsRow, transferAt } from "./ledger.ts";
import { demandAt, MarketModel, type ModelState } from "./model.ts";
import { ReceiptSource, type SimulatedReceipt } from "./receipts.ts";
import type { RegimeName } from "./regime.ts";
import { CANONICAL, type Fork, forkOf, openForkAt, ORPHAN, type Variant } from "./reorg.ts";
import { type Dialect, isInside, type Scenario, type ScenarioName, scenarioOf } from "./scenario.ts";

/** Blocks whose receipts stay in memory. */
const RECEIPT_CACHE_MAX = 4_096;
const OUR_BLOCK_SHARE = 1 / 8;
const BLOCK_REWARD = 50_000;
const REWARD_PER_TRANSACTION = 20;
const ZERO_HASH = "0".repeat(64);

/** What identifies a chain. */
export interface ChainOptions {
  /** Integer, 0..2^53 − 1. */
  readonly seed: number;
  readonly scenario: ScenarioName;
  readonly dialect: Dialect;
}

/** One block header. */
export interface SimulatedHeader {
  readonly height: number;
  readonly variant: Variant;
  /** 64 lower-case hexadecimal digits. */
  readonly hash: string;
  readonly parentHash: string;
  /** Leading zero bits of the hash. */
  readonly difficulty: number;
  readonly timestampMs: number;
  readonly transactions: number;
  /** Index of the miner; 0 is ours. */
  readonly miner: number;
  /** Base units. */
  readonly reward: number;
}

/**
 * A deterministic chain without any I/O. Every answer is a pure function of (seed, scenario, dialect, height, tip);
 * the caches below only make it fast. Heights start at 0 and have no end: nothing is mined, a tip is chosen
 * by {@link viewAt}.
 */
export class SimulatedChain {
  readonly seed: number;
  readonly scenarioName: ScenarioName;
  readonly scenario: Scenario;
  readonly dialect: Dialect;
  /** Keys every hash of this chain. */
  readonly key: number;
  readonly identities: OurIdentities;
  readonly providers: Readonly<Record<MarketId, readonly ProviderProfile[]>>;
  readonly #states: SteppedHistory<ModelState>;
  readonly #totals: SteppedHistory<TotalsRow>;
  readonly #receiptSource: ReceiptSource;
  readonly #receipts = new Map<number, readonly SimulatedReceipt[]>();
  readonly #forkKey: number;
  readonly #headerKey: number;
  #latestView: ChainView | undefined;

  /** @throws {RangeError} If the seed is not an integer within 0..2^53 − 1 */
  constructor({ seed, scenario, dialect }: ChainOptions) {
    if (!Number.isSafeInteger(seed) || seed < 0) {
      throw new RangeError(
        `Cannot simulate a chain with seed ${seed}: expected an integer within 0..2^53 − 1`,
      );
    }
    this.seed = seed;
    this.scenarioName = scenario;
    this.scenario = scenarioOf(scenario);
    this.dialect = dialect;
    this.key = keyOf("chain", seed, scenario, dialect);
    this.identities = ourIdentities(seed);
    this.providers = perMarket((market) => providerProfiles(seed, market.id));
    this.#forkKey = keyOf("forks", seed, scenario);
    this.#headerKey = keyOf("headers", seed, scenario);
    const model = new MarketModel(seed, scenario, this.scenario);
    this.#states = new SteppedHistory(model.genesis(), (previous) => model.next(previous));
    this.#receiptSource = new ReceiptSource(seed, scenario, this.scenario, dialect);
    this.#totals = new SteppedHistory(
      emptyTotals(),
      (previous, height) => this.#addBlock(previous, height, 0),
    );
  }

  /** The state of the economy at a height. It is the same on both branches of a fork. */
  stateAt(height: number): ModelState {
    return this.#states.at(height);
  }

  /** The regime in force at a height; ground truth that no answer reveals. */
  regimeAt(height: number): RegimeName {
    return this.stateAt(height).regime;
  }

  /** The planned reorganization in the window of a height, in a scenario that has any. */
  forkAt(height: number): Fork | undefined {
    return this.scenario.reorgs ? forkOf(this.#forkKey, height) : undefined;
  }

  /** The reorganization that is still to come at a tip, if the tip stands on an orphan. */
  openForkAt(tip: number): Fork | undefined {
    return this.scenario.reorgs ? openForkAt(this.#forkKey, tip) : undefined;
  }

  /** Leading zero bits that the block of a height needs: slowly varying within 12..18. */
  difficultyAt(height: number): number {
    return 15 + Math.round(3 * Math.sin(height / 900 + (this.key % 628) / 100));
  }

  /** The hash of a block. */
  hashAt(height: number, variant: Variant = CANONICAL): string {
    return blockHash(this.difficultyAt(height), this.key, HASH_TAG.block, height, variant);
  }

  /** The header of a block. An orphan's parent is the orphan below it, or the last common block. */
  headerAt(height: number, variant: Variant = CANONICAL): SimulatedHeader {
    const { timestampMs } = this.stateAt(height);
    const parentIsOrphan = variant === ORPHAN && height - 1 > (this.forkAt(height)?.height ?? 0);
    return {
      ...this.#rewards(height, variant),
      variant,
      hash: this.hashAt(height, variant),
      parentHash: height === 0 ? ZERO_HASH : this.hashAt(height - 1, parentIsOrphan ? ORPHAN : CANONICAL),
      difficulty: this.difficultyAt(height),
      timestampMs,
    };
  }

  /** The receipts of a block in block order. The last 4,096 blocks asked for stay in memory. */
  receiptsAt(height: number, variant: Variant = CANONICAL): readonly SimulatedReceipt[] {
    const key = height * 2 + variant;
    const known = this.#receipts.get(key);
    if (known !== undefined) {
      this.#receipts.delete(key);
      this.#receipts.set(key, known);
      return known;
    }
    const receipts = this.#receiptSource.receipts(this.stateAt(height), variant);
    this.#receipts.set(key, receipts);
    if (this.#receipts.size > RECEIPT_CACHE_MAX) this.#receipts.delete(this.#receipts.keys().next().value!);
    return receipts;
  }

  /** Running totals over the canonical blocks 0..height; zeros for height −1. */
  totalsAt(height: number): TotalsRow {
    return height < 0 ? emptyTotals() : this.#totals.at(height);
  }

  /** Running totals with one more block, of either branch, on top of `previous`. */
  addBlock(previous: TotalsRow, height: number, variant: Variant): TotalsRow {
    return this.#addBlock(previous, height, variant);
  }

  /** The digest of a receipt. */
  digestOf(height: number, variant: Variant, index: number): string {
    return hex256(this.key, HASH_TAG.digest, height, variant, index);
  }

  /** What a node shows whose tip is at this height. −1 is a chain without any block. */
  viewAt(tip: number): ChainView {
    if (this.#latestView?.tip !== tip) this.#latestView = new ChainView(this, tip);
    return this.#latestView;
  }

  #addBlock(previous: TotalsRow, height: number, variant: Variant): TotalsRow {
    const { transactions, miner, reward } = this.#rewards(height, variant);
    const known = this.#receipts.get(height * 2 + variant);
    const receipts = known ?? this.#receiptSource.receipts(this.stateAt(height), variant);
    const block = { height, transactions, minerIsOurs: miner === 0, reward };
    return addBlock(previous, block, receipts, transferAt(this.seed, height), this.dialect);
  }

  #rewards(height: number, variant: Variant) {
    if (height === 0) return { height, transactions: 0, miner: 1, reward: 0 };
    const random = new Random(this.#headerKey, height, variant);
    const demand = demandAt(this.stateAt(height), this.scenario, "compute") / 1.2;
    const crowd = isInside(this.scenario.feeSpike, height)
      ? 3
      : isInside(this.scenario.outage, height)
      ? 0.3
      : 1;
    const transactions = Math.max(1, Math.round(40 * demand * crowd * (0.7 + 0.6 * random.next())));
    const miner = random.chance(OUR_BLOCK_SHARE) ? 0 : random.integer(1, MINER_COUNT - 1);
    return { height, transactions, miner, reward: BLOCK_REWARD + REWARD_PER_TRANSACTION * transactions };
  }
}

/** A change of our balance that no receipt explains. */
export interface UnexplainedTransfer {
  readonly height: number;
  /** Base units, negative when the balance fell. */
  readonly amount: bigint;
}

/** Every unexplained transfer in the blocks from..to; the same on both branches of a fork. */
export function unexplainedTransfers(chain: SimulatedChain, from: number, to: number): UnexplainedTransfer[] {
  const transfers: UnexplainedTransfer[] = [];
  for (let height = Math.max(0, from); height <= to; height++) {
    const amount = transferAt(chain.seed, height);
    if (amount !== 0n) transfers.push({ height, amount });
  }
  return transfers;
}

/** The market's position in `MARKETS`. */
export function marketIndex(market: MarketId): number {
  return MARKET_IDS.indexOf(market);
}

/** The label of the miner of a block. */
export function minerOf(header: SimulatedHeader): string {
  return minerLabel(header.miner);
}
