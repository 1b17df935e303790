/**
 * The chain as we follow it: a contiguous window of canonical headers up to the tip, and what can be derived from
 * it. Blocks that were fetched in catch-up tell nothing about rates, because we did not see when they arrived.
 */
import type { Header } from "./event.ts";
import { absent, type Known } from "./reason.ts";
import { median, quantile } from "./statistics.ts";

/** Headers kept; also the deepest reorganisation that can be followed is bounded by this. */
export const HEADER_WINDOW = 512;

/** Reorganisations remembered. */
const REORGS_MAX = 64;

/** How many of the newest live blocks the rates are computed over. */
const RATE_WINDOW = 120;

/** A header with the times that we know of it. */
export interface ChainBlock extends Header {
  /** When we first saw the block, by our clock. */
  readonly atMs: number;
  /** Event time: the block's own timestamp when it has one, else its arrival. */
  readonly timeMs: number;
  readonly catchUp: boolean;
}

/** A reorganisation that we followed. */
export interface Reorg {
  /** Height of the last block that stayed. */
  readonly toHeight: number;
  /** How many of our blocks it replaced. */
  readonly depth: number;
  readonly atMs: number;
}

/** State of the followed chain. */
export interface ChainState {
  /** True on a node that answered and has no block; null until the node answered. */
  empty: boolean | null;
  /** Ascending and contiguous; the last one is the tip. */
  blocks: ChainBlock[];
  /** Arrival of the newest height, or the first answer about an empty chain. */
  lastAdvanceMs: number | null;
  reorgs: Reorg[];
  reorgCount: number;
  gapCount: number;
  lastGap: { atMs: number; source: string; detail: string } | null;
  halted: string | null;
}

/** A chain of which nothing is known yet. */
export function emptyChain(): ChainState {
  return {
    empty: null,
    blocks: [],
    lastAdvanceMs: null,
    reorgs: [],
    reorgCount: 0,
    gapCount: 0,
    lastGap: null,
    halted: null,
  };
}

/** The newest canonical block. */
export function tipOf(chain: ChainState): ChainBlock | undefined {
  return chain.blocks[chain.blocks.length - 1];
}

/** The canonical block at a height, while it is inside the window. */
export function blockAt(chain: ChainState, height: number): ChainBlock | undefined {
  const first = chain.blocks[0];
  return first && chain.blocks[height - first.height];
}

/**
 * Appends the next block.
 *
 * @throws {RangeError} If the height does not follow the tip; ingest must never let that happen
 */
export function appendBlock(chain: ChainState, header: Header, atMs: number, catchUp: boolean): ChainBlock {
  const tip = tipOf(chain);
  if (tip && header.height !== tip.height + 1) {
    throw new RangeError(`Cannot append block ${header.height}: the tip is ${tip.height}`);
  }
  const block: ChainBlock = { ...header, atMs, timeMs: header.timestampMs ?? atMs, catchUp };
  chain.blocks.push(block);
  if (chain.blocks.length > HEADER_WINDOW) chain.blocks.splice(0, chain.blocks.length - HEADER_WINDOW);
  chain.empty = false;
  chain.lastAdvanceMs = atMs;
  return block;
}

/** Drops every block above `toHeight` and records the reorganisation; returns the dropped blocks. */
export function revertTo(chain: ChainState, toHeight: number, atMs: number): readonly ChainBlock[] {
  const first = chain.blocks[0];
  if (!first) return [];
  const dropped = chain.blocks.splice(Math.max(0, toHeight - first.height + 1));
  if (dropped.length === 0) return dropped;
  chain.reorgCount++;
  chain.reorgs.push({ toHeight, depth: dropped.length, atMs });
  if (chain.reorgs.length > REORGS_MAX) chain.reorgs.shift();
  return dropped;
}

/**
 * Intervals between live blocks in milliseconds, newest window. From header timestamps where the node gives them,
 * else from arrivals, where blocks that arrived in one poll share the time since the poll before.
 */
export function blockIntervals(chain: ChainState): readonly number[] {
  const intervals: number[] = [];
  const blocks = chain.blocks.slice(-(RATE_WINDOW + 1));
  for (let i = 1; i < blocks.length;) {
    const previous = blocks[i - 1]!;
    const block = blocks[i]!;
    let together = 1;
    if (block.timestampMs === null && block.atMs === previous.atMs) {
      // The window begins inside a group that arrived together: how long that took is not known any more.
      i++;
      continue;
    }
    if (block.timestampMs !== null && previous.timestampMs !== null) {
      if (!block.catchUp && !previous.catchUp) intervals.push(block.timestampMs - previous.timestampMs);
    } else {
      while (i + together < blocks.length && blocks[i + together]!.atMs === block.atMs) together++;
      if (!block.catchUp && !previous.catchUp) {
        for (let k = 0; k < together; k++) intervals.push((block.atMs - previous.atMs) / together);
      }
    }
    i += together;
  }
  return intervals;
}

/** Block interval statistics in milliseconds, with how they were obtained. */
export interface BlockTimes {
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly samples: number;
  readonly method: string;
}

/** Block interval statistics over the newest live blocks. */
export function blockTimes(chain: ChainState): Known<BlockTimes> {
  const intervals = blockIntervals(chain);
  if (intervals.length === 0) {
    return absent("WARMING_UP", "no two blocks have arrived one after the other yet");
  }
  let sum = 0;
  for (const interval of intervals) sum += interval;
  const stamped = tipOf(chain)?.timestampMs !== null;
  return {
    meanMs: sum / intervals.length,
    p50Ms: median(intervals)!,
    p95Ms: quantile(intervals, 0.95)!,
    samples: intervals.length,
    method: stamped
      ? `header timestamps of the last ${intervals.length + 1} blocks`
      : `arrival of the last ${intervals.length + 1} blocks, as polled`,
  };
}

/** Transactions per second over the newest live blocks whose headers count transactions. */
export function headerTps(chain: ChainState): Known<{ tps: number; method: string }> {
  let count = 0;
  let ms = 0;
  let blocks = 0;
  const window = chain.blocks.slice(-(RATE_WINDOW + 1));
  for (let i = 1; i < window.length; i++) {
    const previous = window[i - 1]!;
    const block = window[i]!;
    if (block.catchUp || previous.catchUp || block.txCount === null) continue;
    count += block.txCount;
    ms += block.timeMs - previous.timeMs;
    blocks++;
  }
  if (tipOf(chain)?.txCount === null) {
    return absent("NOT_OFFERED", "this node's headers do not count transactions");
  }
  if (blocks === 0 || ms <= 0) {
    return absent("WARMING_UP", "no two blocks have arrived one after the other yet");
  }
  return { tps: count * 1000 / ms, method: `transactions in the headers of the last ${blocks} blocks` };
}

/** Reorganisations among the last `span` heights. */
export function recentReorgs(chain: ChainState, span: number): number {
  const tip = tipOf(chain);
  if (!tip) return 0;
  return chain.reorgs.filter((reorg) => reorg.toHeight > tip.height - span).length;
}

/** After how much silence the chain counts as stalled: max(30 s, 10 × median interval). */
export function stallAfterMs(chain: ChainState): number {
  return Math.max(30_000, 10 * (median(blockIntervals(chain)) ?? 0));
}
