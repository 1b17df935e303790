import { MARKET_IDS } from "../engine/market.ts";
import { keyOf, Random } from "../engine/random.ts";
import { ADVERTISER_COUNT, CONSUMER_COUNT, PROVIDER_COUNT } from "./identity.ts";
import type { SimulatedReceipt } from "./receipts.ts";
import type { Dialect } from "./scenario.ts";

/**
 * Running totals from genesis, one row per height: `BigInt64Array` because sums of u64-like amounts must stay
 * exact past 2^53. A row is never changed once it is handed out.
 */
export type TotalsRow = BigInt64Array;

/** Where each total stands in a {@link TotalsRow}. Names in the plural are the first of several columns. */
export const COLUMN = (() => {
  let next = 0;
  const take = (count: number): number => (next += count) - count;
  const markets = MARKET_IDS.length;
  return {
    /** Change of our balance since genesis, base units. */
    ours: take(1),
    /** Block rewards of our miner label, base units. */
    miner: take(1),
    /** Transactions. */
    transactions: take(1),
    /** Σ amount per market. */
    revenue: take(markets),
    /** Σ units per market, in receipt units. */
    units: take(markets),
    /** Receipts per market. */
    count: take(markets),
    /** Milliwatt-hours per energy provider. */
    energyUnits: take(PROVIDER_COUNT.energy),
    /** Receipts per energy provider. */
    energyCount: take(PROVIDER_COUNT.energy),
    /** Energy receipts with a dispute. */
    energyDisputes: take(1),
    /** Compute settlement per provider. */
    computeEarned: take(PROVIDER_COUNT.compute),
    /** Compute settlement per account, 0 is ours; what they paid, positive. */
    computePaid: take(CONSUMER_COUNT + 1),
    /** Σ spend per advertiser. */
    adSpend: take(ADVERTISER_COUNT),
    /** Impressions per advertiser. */
    adImpressions: take(ADVERTISER_COUNT),
    /** Number of columns. */
    width: next,
  };
})();

/** What a block contributes besides its receipts. */
export interface BlockTotals {
  readonly height: number;
  readonly transactions: number;
  readonly minerIsOurs: boolean;
  readonly reward: number;
}

/** Our balance before the first block, base units. */
export const OPENING_BALANCE = 50_000_000_000n;
/** Settlement balance of every buying account before the first block, base units (dialect `live`). */
export const SETTLEMENT_OPENING = 1_000_000_000_000n;

const TRANSFER_INTERVAL_BLOCKS = 400;
const TRANSFER_MAX = 2_000_000;

/** A row of zeros. */
export function emptyTotals(): TotalsRow {
  return new BigInt64Array(COLUMN.width);
}

/**
 * The totals after one more block.
 *
 * @param transfer What our balance changed by without any receipt
 */
export function addBlock(
  previous: TotalsRow,
  block: BlockTotals,
  receipts: readonly SimulatedReceipt[],
  transfer: bigint,
  dialect: Dialect,
): TotalsRow {
  const row = previous.slice();
  row[COLUMN.transactions]! += BigInt(block.transactions);
  if (block.minerIsOurs) row[COLUMN.miner]! += BigInt(block.reward);
  let ours = transfer;
  for (const receipt of receipts) {
    const m = MARKET_IDS.indexOf(receipt.market);
    const amount = BigInt(receipt.amount);
    const units = BigInt(receipt.units);
    row[COLUMN.revenue + m]! += amount;
    row[COLUMN.units + m]! += units;
    row[COLUMN.count + m]! += 1n;
    ours += ourChange(receipt, dialect);
    switch (receipt.market) {
      case "compute":
        row[COLUMN.computeEarned + receipt.provider]! += amount;
        row[COLUMN.computePaid + receipt.consumer]! += amount;
        break;
      case "storage":
        break;
      case "energy":
        row[COLUMN.energyUnits + receipt.provider]! += units;
        row[COLUMN.energyCount + receipt.provider]! += 1n;
        if (receipt.dispute !== "none") row[COLUMN.energyDisputes]! += 1n;
        break;
      case "ad":
        row[COLUMN.adSpend + receipt.consumer]! += amount;
        row[COLUMN.adImpressions + receipt.consumer]! += units;
        break;
    }
  }
  row[COLUMN.ours]! += ours;
  return row;
}

/** Whether a market settles on the chain in a dialect: today's real node settles only energy and compute. */
export function settles(receipt: SimulatedReceipt, dialect: Dialect): boolean {
  return dialect === "readme" || receipt.market === "energy" || receipt.market === "compute";
}

/** What our balance changes by because of one receipt, base units. */
export function ourChange(receipt: SimulatedReceipt, dialect: Dialect): bigint {
  if (!settles(receipt, dialect)) return 0n;
  if (receipt.provider === 0) {
    return BigInt(receipt.amount + receipt.subsidy - receipt.treasuryFee - receipt.slashApplied);
  }
  return receipt.consumer === 0 ? -BigInt(receipt.amount) : 0n;
}

/** A change of our balance that no receipt explains: about one per 400 blocks, in either direction. */
export function transferAt(seed: number, height: number): bigint {
  if (height === 0 || keyOf("transfer", seed, height) % TRANSFER_INTERVAL_BLOCKS !== 0) return 0n;
  const random = new Random("transfer-amount", seed, height);
  const amount = BigInt(random.integer(1_000, TRANSFER_MAX));
  return random.chance(0.5) ? amount : -amount;
}
