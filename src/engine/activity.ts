/**
 * What receipts say about one market lately: counts and volumes over the last 100 blocks and the last 24 hours,
 * who delivered, and the unit price.
 *
 * A reorganisation must leave exactly what would be there if the replaced blocks had never been seen. So nothing
 * is forgotten when it leaves a window: sums move by a boundary that can move back, and the receipts behind it are
 * kept for as long as a reorganisation can reach.
 */
import { floorDiv } from "./amount.ts";
import { HEADER_WINDOW } from "./chain.ts";
import type { Market } from "./market.ts";
import type { Receipt } from "./receipt.ts";
import { subsidyTotal } from "./receipt.ts";

/** Length of the block window. */
export const ACTIVITY_BLOCKS = 100;

const DAY_MINUTES = 1_440;
const MINUTE_MS = 60_000;

/** Sums over the block window. */
export interface ActivitySums {
  count: number;
  amount: bigint;
  units: bigint;
  verified: number;
  unverified: number;
  disputed: number;
}

/** One provider's part of the block window. */
export interface ProviderSums {
  count: number;
  amount: bigint;
  units: bigint;
  disputed: number;
}

/** Count, amount and units of some receipts. */
export interface VolumeSums {
  count: number;
  amount: bigint;
  units: bigint;
}

/** A volume-weighted unit price of one block. */
export interface PricePoint {
  readonly height: number;
  readonly timeMs: number;
  /** Micro base units per price unit. */
  readonly priceMicro: bigint;
  readonly amount: bigint;
  readonly units: bigint;
}

/** As much of a receipt as the sums need. */
export interface ActivityReceipt {
  /** Event time that it was counted at. */
  readonly timeMs: number;
  /** 0 for a movement of money that belongs to work listed elsewhere. */
  readonly count: 0 | 1;
  readonly anchored: boolean;
  readonly amount: bigint;
  readonly units: bigint;
  readonly subsidy: bigint;
  readonly provider: string | null;
  readonly verified: boolean | null;
  readonly disputed: boolean;
}

/** Rolling activity of one market. */
export interface ActivityState {
  byHeight: Map<number, ActivityReceipt[]>;
  /** The block window holds the heights above this one. */
  windowAbove: number;
  window: ActivitySums;
  providers: Map<string, ProviderSums>;
  /** Sums by minute of event time. */
  minutes: Map<number, VolumeSums>;
  /** The day holds the minutes above this one. */
  dayAbove: number;
  /** Minutes up to this one are forgotten: no block that a reorganisation can return to has them in its day. */
  minutesAbove: number;
  day: VolumeSums;
  prices: PricePoint[];
  /** Everything since ingest began. */
  total: VolumeSums & { subsidies: bigint; disputed: number };
}

/** Activity of a market from which nothing has been read. */
export function emptyActivity(): ActivityState {
  return {
    byHeight: new Map(),
    windowAbove: -1,
    window: { count: 0, amount: 0n, units: 0n, verified: 0, unverified: 0, disputed: 0 },
    providers: new Map(),
    minutes: new Map(),
    dayAbove: -1,
    minutesAbove: -1,
    day: { count: 0, amount: 0n, units: 0n },
    prices: [],
    total: { count: 0, amount: 0n, units: 0n, subsidies: 0n, disputed: 0 },
  };
}

/** Counts one receipt whose block has event time `timeMs`. */
export function addReceipt(state: ActivityState, full: Receipt, timeMs: number): void {
  const receipt: ActivityReceipt = {
    timeMs,
    count: full.kind === "work" ? 1 : 0,
    anchored: full.anchored,
    // Of the two sides of a movement only the one that is paid counts as volume.
    amount: full.kind === "movement" && full.provider === null ? 0n : full.amount,
    units: full.units,
    subsidy: subsidyTotal(full),
    provider: full.provider,
    verified: full.verified,
    disputed: full.disputes.length > 0,
  };
  if (full.height > state.windowAbove - HEADER_WINDOW) {
    const held = state.byHeight.get(full.height);
    if (held) held.push(receipt);
    else state.byHeight.set(full.height, [receipt]);
  }
  if (full.height > state.windowAbove) countInWindow(state, receipt, 1);
  countInMinutes(state, receipt, 1);
  countInTotal(state, receipt, 1);
}

/** Takes back every receipt above `toHeight` that is anchored there. */
export function revertReceipts(state: ActivityState, toHeight: number): void {
  for (const [height, receipts] of state.byHeight) {
    if (height <= toHeight) continue;
    const kept: ActivityReceipt[] = [];
    for (const receipt of receipts) {
      if (!receipt.anchored) {
        kept.push(receipt);
        continue;
      }
      if (height > state.windowAbove) countInWindow(state, receipt, -1);
      countInMinutes(state, receipt, -1);
      countInTotal(state, receipt, -1);
    }
    if (kept.length > 0) state.byHeight.set(height, kept);
    else state.byHeight.delete(height);
  }
  while (state.prices.length > 0 && state.prices[state.prices.length - 1]!.height > toHeight) {
    state.prices.pop();
  }
}

/**
 * Moves the windows so that they end at the tip; forgets what no reorganisation can bring back.
 *
 * @param reachTimeMs Event time of the oldest block that a reorganisation can return to
 */
export function moveWindows(
  state: ActivityState,
  tipHeight: number,
  tipTimeMs: number,
  reachTimeMs: number,
): void {
  const windowAbove = Math.max(-1, tipHeight - ACTIVITY_BLOCKS);
  crossed(state.byHeight, state.windowAbove, windowAbove, (receipts, sign) => {
    for (const receipt of receipts) countInWindow(state, receipt, sign);
  });
  forget(state.byHeight, state.windowAbove - HEADER_WINDOW, windowAbove - HEADER_WINDOW);
  state.windowAbove = windowAbove;

  const dayAbove = Math.floor(tipTimeMs / MINUTE_MS) - DAY_MINUTES;
  crossed(state.minutes, state.dayAbove, dayAbove, (sums, sign) => {
    addVolume(state.day, sums.amount, sums.units, sums.count, sign);
  });
  state.dayAbove = dayAbove;
  const minutesAbove = Math.max(
    state.minutesAbove,
    Math.min(dayAbove, Math.floor(reachTimeMs / MINUTE_MS) - DAY_MINUTES),
  );
  forget(state.minutes, state.minutesAbove, minutesAbove);
  state.minutesAbove = minutesAbove;
  // The newest price from before the kept blocks stays: a reorganisation may make it the last one again.
  while (state.prices.length > 1 && state.prices[1]!.height <= windowAbove - HEADER_WINDOW) {
    state.prices.shift();
  }
}

/**
 * Records the unit price of a block: floor(10⁶ · Σamount / Σunits), volume-weighted; nothing when no unit was
 * delivered. Receipts that come late put their price where its height belongs.
 *
 * @returns The newest price if this is it, else null
 */
export function addPrice(
  state: ActivityState,
  market: Market,
  height: number,
  timeMs: number,
): PricePoint | null {
  const receipts = state.byHeight.get(height);
  if (!receipts) return null;
  let amount = 0n;
  let units = 0n;
  for (const receipt of receipts) {
    amount += receipt.amount;
    units += receipt.units;
  }
  if (units === 0n) return null;
  const priceMicro = floorDiv(1_000_000n * amount * market.receiptUnitsPerPriceUnit, units);
  const point: PricePoint = { height, timeMs, priceMicro, amount, units };
  let at = state.prices.length;
  while (at > 0 && state.prices[at - 1]!.height >= height) at--;
  state.prices.splice(at, state.prices[at]?.height === height ? 1 : 0, point);
  return point === lastPrice(state) ? point : null;
}

/** The newest unit price from receipts. */
export function lastPrice(state: ActivityState): PricePoint | undefined {
  return state.prices[state.prices.length - 1];
}

/** Height of the newest receipt of a provider inside the kept blocks. */
export function lastHeightOf(state: ActivityState, provider: string): number | undefined {
  let last: number | undefined;
  for (const [height, receipts] of state.byHeight) {
    if (last !== undefined && height <= last) continue;
    if (receipts.some((receipt) => receipt.provider === provider)) last = height;
  }
  return last;
}

/**
 * Visits the entries that a boundary crosses when it moves: they leave (−1) when it rises, come back (+1) when it
 * falls.
 */
function crossed<T>(
  entries: Map<number, T>,
  from: number,
  to: number,
  visit: (entry: T, sign: 1 | -1) => void,
): void {
  const low = Math.min(from, to);
  const high = Math.max(from, to);
  const sign = to > from ? -1 : 1;
  if (high - low > entries.size) {
    for (const [key, entry] of entries) if (key > low && key <= high) visit(entry, sign);
    return;
  }
  for (let key = low + 1; key <= high; key++) {
    const entry = entries.get(key);
    if (entry !== undefined) visit(entry, sign);
  }
}

/** Deletes the entries up to `to`, knowing that those up to `from` are gone. */
function forget<T>(entries: Map<number, T>, from: number, to: number): void {
  if (to - from > entries.size) {
    for (const key of entries.keys()) if (key <= to) entries.delete(key);
    return;
  }
  for (let key = from + 1; key <= to; key++) entries.delete(key);
}

function countInWindow(state: ActivityState, receipt: ActivityReceipt, sign: 1 | -1): void {
  const disputed = receipt.disputed ? sign : 0;
  addVolume(state.window, receipt.amount, receipt.units, receipt.count, sign);
  state.window.disputed += disputed;
  if (receipt.verified === true) state.window.verified += sign;
  if (receipt.verified === false) state.window.unverified += sign;
  if (receipt.provider === null) return;
  const provider = state.providers.get(receipt.provider) ?? { count: 0, amount: 0n, units: 0n, disputed: 0 };
  addVolume(provider, receipt.amount, receipt.units, receipt.count, sign);
  provider.disputed += disputed;
  if (provider.count === 0 && provider.amount === 0n) state.providers.delete(receipt.provider);
  else state.providers.set(receipt.provider, provider);
}

function countInMinutes(state: ActivityState, receipt: ActivityReceipt, sign: 1 | -1): void {
  const minute = Math.floor(receipt.timeMs / MINUTE_MS);
  if (minute <= state.minutesAbove) return;
  const sums = state.minutes.get(minute) ?? { count: 0, amount: 0n, units: 0n };
  addVolume(sums, receipt.amount, receipt.units, receipt.count, sign);
  if (minute > state.dayAbove) addVolume(state.day, receipt.amount, receipt.units, receipt.count, sign);
  if (sums.count === 0 && sums.amount === 0n) state.minutes.delete(minute);
  else state.minutes.set(minute, sums);
}

function countInTotal(state: ActivityState, receipt: ActivityReceipt, sign: 1 | -1): void {
  addVolume(state.total, receipt.amount, receipt.units, receipt.count, sign);
  state.total.subsidies += BigInt(sign) * receipt.subsidy;
  if (receipt.disputed) state.total.disputed += sign;
}

function addVolume(sums: VolumeSums, amount: bigint, units: bigint, count: number, sign: 1 | -1): void {
  const signed = BigInt(sign);
  sums.count += sign * count;
  sums.amount += signed * amount;
  sums.units += signed * units;
}
