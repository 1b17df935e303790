/**
 * The price index: how the unit prices of all markets together have moved. Its level is a sum of log returns, each the
 * mean over the markets that have a price; a market in which nothing settled since the slot before adds 0.
 */
import { type ActivityState, lastPrice } from "./activity.ts";
import { MARKET_IDS, type MarketId } from "./market.ts";

/** One slot of the index. */
export interface IndexPoint {
  readonly height: number;
  /** Sum of log returns since the first price. */
  readonly level: number;
  /** Sum of the absolute log returns, for the efficiency of a move. */
  readonly path: number;
  /** Receipts that became known in the slot. */
  readonly receipts: number;
  /** Newest unit price per market, µ base units, in the order of the markets; null while nothing has settled. */
  readonly prices: readonly (number | null)[];
}

/** Slots that features and labels look back over. */
const LOOK_BACK = 128;

/** How many slots are kept so that a reorganisation of `depth` blocks leaves enough to look back over. */
export function indexKept(depth: number): number {
  return depth + LOOK_BACK;
}

/**
 * Appends the slot of a block.
 *
 * @param receipts Receipts that became known in the slot
 * @param depth Deepest reorganisation, in blocks
 */
export function extendIndex(
  index: IndexPoint[],
  activity: Readonly<Record<MarketId, ActivityState>>,
  height: number,
  receipts: number,
  depth: number,
): void {
  const before = index[index.length - 1];
  const prices = MARKET_IDS.map((id) => {
    const last = lastPrice(activity[id]);
    return last && last.priceMicro > 0n ? Number(last.priceMicro) : null;
  });
  let priced = 0;
  let sum = 0;
  for (const [i, price] of prices.entries()) {
    if (price === null) continue;
    priced++;
    sum += logReturn(before?.prices[i], price);
  }
  const change = priced > 0 ? sum / priced : 0;
  index.push({
    height,
    level: (before?.level ?? 0) + change,
    path: (before?.path ?? 0) + Math.abs(change),
    receipts,
    prices,
  });
  while (index[0]!.height <= height - indexKept(depth)) index.shift();
}

/** Takes back the slots above a height. */
export function revertIndex(index: IndexPoint[], toHeight: number): void {
  while (index.length > 0 && index[index.length - 1]!.height > toHeight) index.pop();
}

/** Log return of a price; 0 where there is none to compare with. */
export function logReturn(before: number | null | undefined, now: number | null | undefined): number {
  return before && now && before > 0 && now > 0 ? Math.log(now / before) : 0;
}

/**
 * Kaufman's efficiency ratio with the sign of the move: what the index moved over the way that it took, −1..1.
 *
 * @returns Undefined when the index did not move at all
 */
export function efficiency(from: IndexPoint, to: IndexPoint): number | undefined {
  const path = to.path - from.path;
  return path > 0 ? (to.level - from.level) / path : undefined;
}
