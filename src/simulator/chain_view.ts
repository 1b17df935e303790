import { MARKET_IDS, type MarketId } from "../engine/market.ts";
import type { SimulatedChain, SimulatedHeader } from "./chain.ts";
import { CHECKPOINT_BLOCKS } from "./history.ts";
import { COLUMN, OPENING_BALANCE, type TotalsRow } from "./ledger.ts";
import type { MarketState, ModelState } from "./model.ts";
import type { SimulatedReceipt } from "./receipts.ts";
import { CANONICAL, type Fork, ORPHAN, type Variant } from "./reorg.ts";

/** Heights over which rates are averaged. */
const RATE_BLOCKS = 20;
/** What a node calls a day: blocks at the nominal interval. */
export const DAY_BLOCKS = 86_400;

/** The chain as a node shows it while its tip is at one height: a pure function of chain and tip. */
export class ChainView {
  readonly chain: SimulatedChain;
  /** Height of the newest block, −1 on an empty chain. */
  readonly tip: number;
  /** The reorganization that is still to come, when the tip stands on an orphan. */
  readonly openFork: Fork | undefined;
  readonly #orphanTotals = new Map<number, TotalsRow>();

  constructor(chain: SimulatedChain, tip: number) {
    this.chain = chain;
    this.tip = tip;
    this.openFork = chain.openForkAt(tip);
  }

  /** The state of the economy at the tip. */
  get state(): ModelState {
    return this.chain.stateAt(Math.max(0, this.tip));
  }

  /** The state of one market at the tip. */
  market(market: MarketId): MarketState {
    return this.state.markets[MARKET_IDS.indexOf(market)]!;
  }

  /** Which content of a height is visible. */
  variantOf(height: number): Variant {
    return this.openFork !== undefined && height > this.openFork.height ? ORPHAN : CANONICAL;
  }

  header(height: number): SimulatedHeader {
    return this.chain.headerAt(height, this.variantOf(height));
  }

  receipts(height: number): readonly SimulatedReceipt[] {
    return this.chain.receiptsAt(height, this.variantOf(height));
  }

  /** Running totals over the visible blocks 0..height. */
  totals(height = this.tip): TotalsRow {
    const fork = this.openFork;
    if (fork === undefined || height <= fork.height) return this.chain.totalsAt(height);
    let row = this.#orphanTotals.get(height);
    if (row === undefined) {
      row = this.chain.addBlock(this.totals(height - 1), height, ORPHAN);
      this.#orphanTotals.set(height, row);
    }
    return row;
  }

  /** A running total at the tip less the same total at `height`. */
  since(height: number, column: number): bigint {
    return this.totals()[column]! - this.totals(Math.max(-1, height))[column]!;
  }

  /**
   * The last block that will never be taken back: `finalityLag` behind the tip, and never above a block where the
   * network still disagrees.
   */
  get finalizedHeight(): number {
    const settled = Math.max(0, this.tip - this.chain.scenario.finalityLag);
    return this.openFork === undefined ? settled : Math.min(settled, this.openFork.height);
  }

  /** Mean interval of the last 20 blocks. */
  get blockIntervalMs(): number {
    const from = Math.max(0, this.tip - RATE_BLOCKS);
    if (this.tip <= from) return 0;
    return (this.state.timestampMs - this.chain.stateAt(from).timestampMs) / (this.tip - from);
  }

  /** Transactions per second over the last 20 blocks. */
  get transactionsPerSecond(): number {
    const from = Math.max(0, this.tip - RATE_BLOCKS);
    if (this.tip <= from) return 0;
    const seconds = (this.state.timestampMs - this.chain.stateAt(from).timestampMs) / 1_000;
    return Number(this.since(from, COLUMN.transactions)) / seconds;
  }

  /**
   * The balance of an address or miner label, base units. Only our account and our miner label are booked; every
   * other address has 0, as an unknown one has on a real node.
   */
  balance(address: string): bigint {
    const { identities } = this.chain;
    if (address === identities.address) return OPENING_BALANCE + this.totals()[COLUMN.ours]!;
    if (address === identities.miner) return this.totals()[COLUMN.miner]!;
    return 0n;
  }

  /**
   * The lowest visible height at which a running total has reached `target`. Searches the checkpoints first, so it
   * recomputes at most one stretch of 1,000 blocks.
   *
   * @param column One whose total never falls
   * @throws {RangeError} If the total has not reached `target` at the tip
   */
  heightReaching(column: number, target: bigint): number {
    if (this.totals()[column]! < target) {
      throw new RangeError(
        `Cannot find where column ${column} reaches ${target}: the tip ${this.tip} has not`,
      );
    }
    const reached = (height: number) => this.totals(height)[column]! >= target;
    const stretch = lowest(
      0,
      Math.floor(this.tip / CHECKPOINT_BLOCKS),
      (k) => reached(k * CHECKPOINT_BLOCKS),
    );
    const end = Math.min(this.tip, stretch * CHECKPOINT_BLOCKS);
    return lowest(Math.max(0, (stretch - 1) * CHECKPOINT_BLOCKS), end, reached);
  }
}

/** The lowest integer in [low, high] that fulfils a monotone condition; high + 1 if none does. */
function lowest(low: number, high: number, holds: (value: number) => boolean): number {
  let from = low;
  let to = high + 1;
  while (from < to) {
    const middle = Math.floor((from + to) / 2);
    if (holds(middle)) to = middle;
    else from = middle + 1;
  }
  return from;
}
