/**
 * The price index: how the unit prices of all markets together have moved. Its level is a sum of log returns, each the
 * mean over the markets that have a price; a market in which nothing settled in a block adds 0.
 */
import type { ActivityState } from "./activity.ts";
import { HEADER_WINDOW } from "./chain.ts";
import { MARKET_IDS, type MarketId } from "./market.ts";

/** One slot of the index. */
export interface IndexPoint {
  readonly height: number;
  /** Sum of log returns since the first price. */
  readonly level: number;
  /** Sum of the absolute log returns, for the efficiency of a move. */
  readonly path: number;
  /** Receipts of the slot. */
  readonly receipts: number;
  /** Distinct providers within the last 100 blocks. */
  readonly providers: number;
}

/** How far back the index is kept: what a reorganisation can reach, and what is looked back over from there. */
export const INDEX_KEPT = HEADER_WINDOW + 256;

/** Appends the slot of a block. */
export function extendIndex(
  index: IndexPoint[],
  activity: Readonly<Record<MarketId, ActivityState>>,
  height: number,
): void {
  let priced = 0;
  let sum = 0;
  let receipts = 0;
  let providers = 0;
  for (const id of MARKET_IDS) {
    const { prices, byHeight, providers: seen } = activity[id];
    receipts += byHeight.get(height)?.length ?? 0;
    providers += seen.size;
    const last = prices[prices.length - 1];
    if (!last) continue;
    priced++;
    const before = prices[prices.length - 2];
    if (last.height === height && before) sum += logRatio(last.priceMicro, before.priceMicro);
  }
  const change = priced > 0 ? sum / priced : 0;
  const last = index[index.length - 1];
  index.push({
    height,
    level: (last?.level ?? 0) + change,
    path: (last?.path ?? 0) + Math.abs(change),
    receipts,
    providers,
  });
  while (index[0]!.height <= height - INDEX_KEPT) index.shift();
}

/** Takes back the slots above a height. */
export function revertIndex(index: IndexPoint[], toHeight: number): void {
  while (index.length > 0 && index[index.length - 1]!.height > toHeight) index.pop();
}

/** Log ratio of two prices; 0 where one of them is not positive. */
export function logRatio(now: bigint, before: bigint): number {
  const ratio = Number(now) / Number(before);
  return ratio > 0 && Number.isFinite(ratio) ? Math.log(ratio) : 0;
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
