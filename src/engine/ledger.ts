/**
 * Our books, double entry and exact. Every entry moves one amount from one account to another, so all accounts
 * together are always zero. What is ours is decided by identity: somebody else's receipt is never booked.
 */
import { HEADER_WINDOW } from "./chain.ts";
import { MARKET_IDS, type MarketId, perMarket } from "./market.ts";
import { type Receipt, subsidyTotal } from "./receipt.ts";

/** Who we are. */
export interface Identities {
  /** Names that are ours in each market: addresses, provider ids, advertisers. */
  readonly byMarket: Readonly<Record<MarketId, readonly string[]>>;
  /** The account that receipts are paid from and to; null when none is configured. */
  readonly account: string | null;
  /** The account that block rewards go to. */
  readonly miner: string | null;
}

/** Why an amount moved. */
export type EntryKind = "revenue" | "cost" | "subsidy" | "mining" | "unclassified";

/** One movement. Amounts are base units, and never negative but where a balance says so (`unclassified`, `mining`). */
export interface LedgerEntry {
  readonly id: string;
  readonly kind: EntryKind;
  readonly market: MarketId | null;
  readonly receiptId: string | null;
  readonly height: number;
  /** Whether a reorganisation of the height takes it back. */
  readonly anchored: boolean;
  readonly timeMs: number;
  readonly amount: bigint;
  readonly debit: string;
  readonly credit: string;
}

/** Sums of one market, or of mining, over some time. */
export interface PnlSums {
  revenue: bigint;
  costs: bigint;
  subsidies: bigint;
  /** Receipts of ours. */
  own: number;
  /** All receipts that were read. */
  receipts: number;
}

/** Where sums are kept apart. */
export type PnlPart = MarketId | "mining";

/** Sums by part; a part without a movement is missing. */
export type PnlParts = Map<PnlPart, PnlSums>;

/** What is known of one account's balance. */
export interface BalanceState {
  actual: bigint;
  /** Balance before the first entry; null until it has been seen often enough to be sure. */
  opening: bigint | null;
  /** actual − Σ entries, as last seen, and how often in a row. */
  difference: bigint;
  sightings: number;
  /** What was booked because no receipt explained it, rewards included. */
  assigned: bigint;
  /** The part of it that is no reward. */
  unclassified: bigint;
  /** Reorganisations when it was booked last. */
  reorgs: number;
}

/** State of the books. */
export interface LedgerState {
  identities: Identities;
  accounts: Map<string, bigint>;
  total: PnlParts;
  /** Sums by minute of event time, for the last day. */
  minutes: Map<number, PnlParts>;
  /** Sums by quarter of an hour, for the last 30 days. */
  quarters: Map<number, PnlParts>;
  balances: Map<string, BalanceState>;
  disputes: { count: number; amount: bigint };
  /** What was booked by height, for as long as a reorganisation can reach. */
  recent: Map<number, Booked>;
  /** Up to these, heights and buckets have been forgotten. */
  forgotten: { height: number; minute: number; quarter: number };
}

/** What was booked for one height. */
export interface Booked {
  readonly entries: LedgerEntry[];
  readonly receipts: CountedReceipt[];
}

/** A receipt as it was counted, so that it can be taken back. */
interface CountedReceipt {
  readonly market: MarketId;
  readonly timeMs: number;
  readonly own: boolean;
  /** Amount of a receipt of ours that is disputed. */
  readonly disputed: bigint | null;
  readonly anchored: boolean;
}

const MINUTE_MS = 60_000;
const QUARTER_MS = 900_000;

/** A day and two hours, and 30 days and a day: what is shown, and what a falling tip may need again. */
const MINUTES_KEPT = 1_560;
const QUARTERS_KEPT = 2_976;

/** A difference counts once it was seen so often in a row, because a poll can fall between a block and its receipts. */
const SIGHTINGS_NEEDED = 3;

const NOBODY: Identities = { byMarket: perMarket(() => []), account: null, miner: null };

/** Books in which nothing stands. */
export function emptyLedger(): LedgerState {
  return {
    identities: NOBODY,
    accounts: new Map(),
    total: new Map(),
    minutes: new Map(),
    quarters: new Map(),
    balances: new Map(),
    disputes: { count: 0, amount: 0n },
    recent: new Map(),
    forgotten: { height: -1, minute: -1, quarter: -1 },
  };
}

/** Whether a receipt is ours, and on which side. */
export function sidesOf(
  identities: Identities,
  receipt: Receipt,
): { readonly provider: boolean; readonly consumer: boolean } {
  const names = identities.byMarket[receipt.market];
  const isOurs = (name: string | null) =>
    name !== null && (names.includes(name) || (name === identities.account));
  return { provider: isOurs(receipt.provider), consumer: isOurs(receipt.consumer) };
}

/** Books a receipt; returns the entries, none when it is not ours. */
export function bookReceipt(ledger: LedgerState, receipt: Receipt, timeMs: number): readonly LedgerEntry[] {
  const { provider, consumer } = sidesOf(ledger.identities, receipt);
  const entries: LedgerEntry[] = [];
  const assets = assetsOf(ledger.identities.account);
  const base = {
    market: receipt.market,
    receiptId: receipt.id,
    height: receipt.height,
    anchored: receipt.anchored,
    timeMs,
  };
  const add = (kind: EntryKind, amount: bigint, debit: string, credit: string) => {
    if (amount !== 0n) entries.push({ ...base, id: `${receipt.id}:${kind}`, kind, amount, debit, credit });
  };
  if (provider) {
    add("revenue", receipt.amount - receipt.deducted, assets, `revenue:${receipt.market}`);
    add("subsidy", subsidyTotal(receipt), assets, `subsidy:${receipt.market}`);
  }
  if (consumer) add("cost", receipt.amount, `cost:${receipt.market}`, assets);
  for (const entry of entries) post(ledger, entry, 1);
  const own = provider || consumer;
  const counted: CountedReceipt = {
    market: receipt.market,
    timeMs,
    own,
    disputed: own && receipt.disputes.length > 0 ? receipt.amount : null,
    anchored: receipt.anchored,
  };
  const work = receipt.kind === "work" ? [counted] : [];
  for (const one of work) countReceipt(ledger, one, 1);
  remember(ledger, receipt.height, entries, work);
  return entries;
}

/** Books a block reward of ours. */
export function bookReward(ledger: LedgerState, height: number, amount: bigint, timeMs: number): LedgerEntry {
  const entry: LedgerEntry = {
    id: `${height}:mining`,
    kind: "mining",
    market: null,
    receiptId: null,
    height,
    anchored: true,
    timeMs,
    amount,
    debit: assetsOf(ledger.identities.miner),
    credit: "mining",
  };
  post(ledger, entry, 1);
  remember(ledger, height, [entry], []);
  return entry;
}

/**
 * Compares the books with the balance that the node reports. What no entry explains is booked as unclassified, or
 * as mining on an account that only rewards go to.
 */
export function observeBalance(
  ledger: LedgerState,
  address: string,
  actual: bigint,
  height: number,
  timeMs: number,
  reorgs: number,
): LedgerEntry | null {
  const known = ledger.balances.get(address);
  const booked = ledger.accounts.get(assetsOf(address)) ?? 0n;
  const difference = actual - (booked - (known?.assigned ?? 0n));
  const balance: BalanceState = known ??
    { actual, opening: null, difference, sightings: 0, assigned: 0n, unclassified: 0n, reorgs };
  balance.actual = actual;
  balance.sightings = balance.difference === difference ? balance.sightings + 1 : 1;
  balance.difference = difference;
  ledger.balances.set(address, balance);
  if (balance.sightings < SIGHTINGS_NEEDED) return null;
  if (balance.opening === null) {
    balance.opening = difference;
    return null;
  }
  const amount = difference - balance.opening - balance.assigned;
  if (amount === 0n) return null;
  const { account, miner } = ledger.identities;
  // Only rewards go to the miner's own account, and only a reorganisation takes one back.
  const isReward = address === miner && address !== account && (amount > 0n || reorgs > balance.reorgs);
  const kind: EntryKind = isReward ? "mining" : "unclassified";
  balance.assigned += amount;
  if (!isReward) balance.unclassified += amount;
  balance.reorgs = reorgs;
  const entry: LedgerEntry = {
    // Two differences of one height have the sightings between them, and so two times.
    id: `${address}:${height}:${timeMs}:${balance.assigned}`,
    kind,
    market: null,
    receiptId: null,
    height,
    anchored: false,
    timeMs,
    amount,
    debit: assetsOf(address),
    credit: kind,
  };
  post(ledger, entry, 1);
  return entry;
}

/** Takes back everything above `toHeight` that is anchored there. */
export function revertLedger(ledger: LedgerState, toHeight: number): void {
  for (const [height, { entries, receipts }] of ledger.recent) {
    if (height <= toHeight) continue;
    for (const entry of entries) if (entry.anchored) post(ledger, entry, -1);
    for (const receipt of receipts) if (receipt.anchored) countReceipt(ledger, receipt, -1);
    const kept = {
      entries: entries.filter(({ anchored }) => !anchored),
      receipts: receipts.filter(({ anchored }) => !anchored),
    };
    if (kept.entries.length + kept.receipts.length > 0) ledger.recent.set(height, kept);
    else ledger.recent.delete(height);
  }
}

/** Forgets what no reorganisation and no chart can ask for any more. */
export function trimLedger(ledger: LedgerState, tipHeight: number, tipTimeMs: number): void {
  const { forgotten } = ledger;
  forgotten.height = forget(ledger.recent, forgotten.height, tipHeight - HEADER_WINDOW);
  forgotten.minute = forget(
    ledger.minutes,
    forgotten.minute,
    Math.floor(tipTimeMs / MINUTE_MS) - MINUTES_KEPT,
  );
  forgotten.quarter = forget(
    ledger.quarters,
    forgotten.quarter,
    Math.floor(tipTimeMs / QUARTER_MS) - QUARTERS_KEPT,
  );
}

/** Windows that profit and loss can be asked for. */
export const PNL_WINDOWS = ["24h", "7d", "all"] as const;

/** A window of profit and loss. */
export type PnlWindow = (typeof PNL_WINDOWS)[number];

/** Sums over a window that ends at `nowMs`, event time. The day counts in minutes, the week in quarters of an hour. */
export function pnlOf(ledger: LedgerState, window: PnlWindow, nowMs: number): PnlParts {
  if (window === "all") return ledger.total;
  const [buckets, sizeMs, count] = window === "24h"
    ? [ledger.minutes, MINUTE_MS, 1_440] as const
    : [ledger.quarters, QUARTER_MS, 672] as const;
  const above = Math.floor(nowMs / sizeMs) - count;
  const parts: PnlParts = new Map();
  for (const [bucket, sums] of buckets) {
    if (bucket <= above) continue;
    for (const [part, amounts] of sums) addSums(sumsOf(parts, part), amounts);
  }
  return parts;
}

/** All parts together. */
export function pnlTotal(parts: PnlParts): PnlSums {
  const total = noSums();
  for (const sums of parts.values()) addSums(total, sums);
  return total;
}

/** Sums of zero. */
export function noSums(): PnlSums {
  return { revenue: 0n, costs: 0n, subsidies: 0n, own: 0, receipts: 0 };
}

/** The parts in the order in which they are shown. */
export const PNL_PARTS: readonly PnlPart[] = [...MARKET_IDS, "mining"];

/** Name of the asset account of an address. */
export function assetsOf(address: string | null): string {
  return `assets:${address ?? "unnamed"}`;
}

function post(ledger: LedgerState, entry: LedgerEntry, sign: 1 | -1): void {
  const amount = BigInt(sign) * entry.amount;
  move(ledger.accounts, entry.debit, amount);
  move(ledger.accounts, entry.credit, -amount);
  if (entry.kind === "unclassified") return;
  forBuckets(ledger, entry.market ?? "mining", entry.timeMs, (sums) => {
    if (entry.kind === "revenue" || entry.kind === "mining") sums.revenue += amount;
    if (entry.kind === "cost") sums.costs += amount;
    if (entry.kind === "subsidy") sums.subsidies += amount;
  });
}

function countReceipt(ledger: LedgerState, receipt: CountedReceipt, sign: 1 | -1): void {
  forBuckets(ledger, receipt.market, receipt.timeMs, (sums) => {
    sums.receipts += sign;
    if (receipt.own) sums.own += sign;
  });
  if (receipt.disputed === null) return;
  ledger.disputes.count += sign;
  ledger.disputes.amount += BigInt(sign) * receipt.disputed;
}

/** Applies a change to the total and to both buckets of a time; buckets that come to nothing vanish. */
function forBuckets(
  ledger: LedgerState,
  part: PnlPart,
  timeMs: number,
  change: (sums: PnlSums) => void,
): void {
  changePart(ledger.total, part, change);
  const minute = Math.floor(timeMs / MINUTE_MS);
  if (minute > ledger.forgotten.minute) changeBucket(ledger.minutes, minute, part, change);
  const quarter = Math.floor(timeMs / QUARTER_MS);
  if (quarter > ledger.forgotten.quarter) changeBucket(ledger.quarters, quarter, part, change);
}

function changeBucket(
  buckets: Map<number, PnlParts>,
  bucket: number,
  part: PnlPart,
  change: (sums: PnlSums) => void,
): void {
  const parts: PnlParts = buckets.get(bucket) ?? new Map();
  changePart(parts, part, change);
  if (parts.size === 0) buckets.delete(bucket);
  else buckets.set(bucket, parts);
}

function changePart(parts: PnlParts, part: PnlPart, change: (sums: PnlSums) => void): void {
  const sums = sumsOf(parts, part);
  change(sums);
  const { revenue, costs, subsidies, own, receipts } = sums;
  if (revenue === 0n && costs === 0n && subsidies === 0n && own === 0 && receipts === 0) parts.delete(part);
}

function sumsOf(parts: PnlParts, part: PnlPart): PnlSums {
  const sums = parts.get(part) ?? noSums();
  parts.set(part, sums);
  return sums;
}

function addSums(into: PnlSums, sums: PnlSums): void {
  into.revenue += sums.revenue;
  into.costs += sums.costs;
  into.subsidies += sums.subsidies;
  into.own += sums.own;
  into.receipts += sums.receipts;
}

function move(accounts: Map<string, bigint>, account: string, amount: bigint): void {
  const balance = (accounts.get(account) ?? 0n) + amount;
  if (balance === 0n) accounts.delete(account);
  else accounts.set(account, balance);
}

/** Keeps what a reorganisation of the height would have to take back. */
function remember(
  ledger: LedgerState,
  height: number,
  entries: readonly LedgerEntry[],
  receipts: readonly CountedReceipt[],
): void {
  if (height <= ledger.forgotten.height) return;
  const held = ledger.recent.get(height) ?? { entries: [], receipts: [] };
  held.entries.push(...entries);
  held.receipts.push(...receipts);
  ledger.recent.set(height, held);
}

/** Deletes the keys up to `to`, knowing that those up to `from` are gone; returns where it has come to. */
function forget(entries: Map<number, unknown>, from: number, to: number): number {
  if (to <= from) return from;
  if (to - from > entries.size) {
    for (const key of entries.keys()) if (key <= to) entries.delete(key);
  } else {
    for (let key = from + 1; key <= to; key++) entries.delete(key);
  }
  return to;
}
