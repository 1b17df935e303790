/** What the runtime and the server need of the store. */
import type { Alert } from "../../engine/alert.ts";
import type { Candle, CandleStep } from "../../engine/candle.ts";
import type { Change } from "../../engine/change.ts";
import type { EngineEvent } from "../../engine/event.ts";
import type { FeatureRow } from "../../engine/features/feed.ts";
import type { MarketId } from "../../engine/market.ts";
import type { BacktestStore } from "./backtest.ts";
import type { OperationStatus, OperationType } from "../../engine/operation.ts";
import type { Receipt } from "../../engine/receipt.ts";
import type { Token } from "../../engine/trading/instrument.ts";
import type { Fill, Order, OrderStatus } from "../../engine/trading/order.ts";
import type { ClosedTrade } from "../../engine/trading/state.ts";

/** Why the store failed. */
export type StoreErrorKind =
  /** No space, or the folder's quota is used up. */
  | "full"
  | "read_only"
  /** The disk does not do what it should. */
  | "io"
  /** The file is damaged. */
  | "corrupt"
  /** Written by a newer program. */
  | "newer"
  /** Holds another chain. */
  | "other_chain"
  /** Another process has it. */
  | "locked"
  | "other";

/** The one error of the store that callers catch. */
export class StoreError extends Error {
  override readonly name = "StoreError";
  readonly kind: StoreErrorKind;

  constructor(kind: StoreErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/** An event that was applied, and what the query tables learn from it. */
export interface Applied {
  readonly event: EngineEvent;
  readonly changes: readonly Change[];
}

/** Appends events and reads them back in order. */
export interface Journal {
  /**
   * @returns Sequence number of the last event
   * @throws {StoreError} If nothing was written
   */
  append(events: readonly EngineEvent[]): number;
  /** Visits every event after `afterSeq`, oldest first. */
  replay(afterSeq: number, visit: (event: EngineEvent, seq: number) => void): void;
  /** Encoded events after `afterSeq`, oldest first, at most `limit`, and the number of the last of them. */
  lines(afterSeq: number, limit: number): { readonly lines: readonly string[]; readonly lastSeq: number };
  /** Sequence number of the newest event; 0 when there is none. */
  lastSeq(): number;
}

/** A page of rows, newest first. */
export interface Page<T> {
  readonly items: readonly T[];
  /** How many match in all. */
  readonly total: number;
  readonly nextCursor: string | null;
}

/** How a page is chosen. */
export interface PageRequest {
  readonly limit: number;
  readonly offset?: number | undefined;
  readonly cursor?: string | undefined;
}

/** Which rows of what settled. */
interface SettledFilter {
  readonly market?: MarketId | undefined;
  readonly provider?: string | undefined;
  readonly own?: boolean | undefined;
  readonly fromHeight?: number | undefined;
  readonly toHeight?: number | undefined;
}

/** Which receipts. */
export interface ReceiptFilter extends SettledFilter {
  readonly disputed?: boolean | undefined;
}

/** A receipt as it is kept. */
export interface ReceiptRow {
  readonly receipt: Receipt;
  readonly timeMs: number;
  readonly own: boolean;
}

/** Which operations. */
export interface OperationFilter extends SettledFilter {
  readonly status?: OperationStatus | undefined;
}

/** An operation as it is kept. */
export interface OperationRow {
  readonly id: string;
  /** The market, or the kind of an operation of ours. */
  readonly type: string;
  readonly status: OperationStatus;
  readonly timeMs: number;
  readonly height: number | null;
  readonly provider: string | null;
  readonly consumer: string | null;
  readonly amount: bigint;
  readonly own: boolean;
  /** JSON. */
  readonly details: string;
}

/** Which orders. */
export interface OrderFilter {
  readonly epoch?: number | undefined;
  readonly token?: Token | undefined;
  readonly status?: OrderStatus | undefined;
  readonly agent?: string | undefined;
}

/** An order as it is kept. */
export interface OrderRow {
  readonly epoch: number;
  readonly order: Readonly<Order>;
}

/** A fill as it is kept. */
export interface FillRow {
  readonly epoch: number;
  readonly fill: Fill;
}

/** What an account was worth in one minute. */
export interface EquityRow {
  readonly epoch: number;
  /** Unix seconds of event time, the beginning of the minute. */
  readonly t: number;
  readonly equity: number;
  readonly low: number;
  readonly high: number;
  readonly cash: number;
  readonly realized: number;
}

/** Questions about what was traded. Times are event times in milliseconds, ends included. */
export interface TradingQueries {
  /** Newest first. @throws {RangeError} If the cursor is not one that we gave */
  orders(filter: OrderFilter, page: PageRequest): Page<OrderRow>;
  order(id: string): OrderRow | null;
  orderOfClient(clientOrderId: string): OrderRow | null;
  /** Fills of one order, oldest first. */
  fillsOf(orderId: string): readonly Fill[];
  /** The newest ones, oldest first. */
  fills(epoch: number, fromMs: number, limit: number): readonly Fill[];
  /** The newest ones, oldest first. */
  trades(epoch: number, fromMs: number, limit: number): readonly ClosedTrade[];
  tradeCount(epoch: number): number;
  /** Oldest first. */
  equity(epoch: number, fromMs: number, toMs: number): readonly EquityRow[];
  /** The last row of each UTC day, oldest first; begins with the last one before `fromMs`, if there is one. */
  equityCloses(epoch: number, fromMs: number, toMs: number): readonly EquityRow[];
}

/** An operation that we sent, or are about to send. */
export interface OwnOperation {
  readonly id: string;
  /** The idempotency key of whoever asked for it. */
  readonly clientOperationId: string;
  readonly type: OperationType;
  /** Type and parameters as canonical JSON: the same key with another request is a mistake. */
  readonly request: string;
  readonly status: OperationStatus;
  readonly createdMs: number;
  readonly updatedMs: number;
  /** Height at which it was seen; null before, and where nothing tells one. */
  readonly height: number | null;
  readonly provider: string | null;
  readonly consumer: string | null;
  /** What it takes from the account, without the fee. */
  readonly amount: bigint;
  /** JSON that may be shown. */
  readonly details: string;
  /** JSON that it is recognised by on the chain. */
  readonly proof: string;
}

/** Metrics of one moment, in the order of the history's metric table; NaN = unknown. */
export interface HistorySample {
  /** Unix seconds of event time. */
  readonly t: number;
  readonly values: Float64Array;
}

/** The features of one slot, in the order of their table. */
export type FeatureSample = Omit<FeatureRow, "schema">;

/** Which slots. */
export interface FeatureRange {
  /** Table of features that the slots have to be of. */
  readonly schema: string;
  /** Unix seconds of event time, both included. */
  readonly fromS: number;
  readonly toS: number;
  /** Only heights that are a multiple of this. */
  readonly every: number;
  /** Most slots; the oldest are given first. */
  readonly limit: number;
}

/** Tables that can be exported. */
export const EXPORT_KINDS = [
  "receipts",
  "candles",
  "operations",
  "pnl",
  "features",
  "fills",
  "equity",
] as const;

/** A table that can be exported. */
export type ExportKind = (typeof EXPORT_KINDS)[number];

/** A row of an export: plain values by column name; amounts are decimal text. */
export type ExportRow = Readonly<Record<string, string | number | null>>;

/** A part of an export, oldest first, and where the next part begins. */
export interface ExportPart {
  readonly rows: readonly ExportRow[];
  readonly next: string | null;
}

/** Questions to the query tables. */
export interface Queries extends TradingQueries {
  receipts(filter: ReceiptFilter, page: PageRequest): Page<ReceiptRow>;
  /** The receipt with this identity. */
  receipt(id: string): ReceiptRow | null;
  /** Whether there is one, without reading it. */
  hasReceipt(id: string): boolean;
  operations(filter: OperationFilter, page: PageRequest): Page<OperationRow>;
  operation(id: string): OperationRow | null;
  /** Operations per market that match. */
  operationCounts(filter: OperationFilter): Readonly<Record<MarketId, number>>;
  /** Operations of ours that are pending or submitted. */
  pendingOperations(): number;
  candles(market: MarketId, step: CandleStep, fromT: number, toT: number, limit: number): readonly Candle[];
  history(step: 1 | 60 | 900, fromT: number, toT: number): readonly HistorySample[];
  /** Slots with their features, by ascending height. */
  features(range: FeatureRange): readonly FeatureSample[];
  /**
   * A part of an export.
   *
   * @param fromS Begin, Unix seconds of event time, included
   * @param toS End, included
   * @param after Where the part before ended
   */
  exportPart(kind: ExportKind, fromS: number, toS: number, after: string | null, limit: number): ExportPart;
  alerts(page: PageRequest, open: boolean | undefined): Page<Alert>;
  /** Sequence number of the newest event. */
  journalSeq(): number;
  /** Size of the store on disk; null in memory. */
  bytes(): number | null;
  readonly schemaVersion: number;
}

/** Everything that the engine keeps. */
export interface EngineStore extends Queries {
  readonly journal: Journal;
  readonly backtests: BacktestStore;
  /**
   * The earliest state from which the journal can be replayed, encoded.
   *
   * @returns Null state and 0 to begin with nothing, where the journal reaches back to its first event
   */
  replayStart(): { readonly state: string | null; readonly seq: number };
  /**
   * Brings back the newest state that can be trusted: a snapshot whose digest is right, then every event after it
   * whose checksum is right. What follows the first damaged row is cut off; the node will be asked for it again.
   *
   * @param restore Receives the snapshot, or null to begin with nothing
   * @param visit Receives the events after it
   * @throws {StoreError} `corrupt`, if there is a journal but no snapshot to begin from
   */
  recover(
    restore: (state: string | null) => void,
    visit: (event: EngineEvent, seq: number) => void,
  ): Recovery;
  /**
   * Appends and projects in one transaction: all of it or nothing.
   *
   * @param durable Whether it has to survive a power cut before this returns; otherwise only a crash of the program
   */
  commit(applied: readonly Applied[], durable?: boolean): void;
  /** Keeps the encoded state as it is after the newest event. */
  saveSnapshot(state: string, atMs: number): void;
  addHistory(sample: HistorySample): void;
  /**
   * Keeps an operation of ours; on the disk when this returns.
   *
   * @throws {StoreError} If it is not kept
   */
  saveOperation(operation: OwnOperation): void;
  /** The operation of ours with this idempotency key. @throws {StoreError} `corrupt`, if its row is damaged */
  ownOperation(clientOperationId: string): OwnOperation | null;
  /** Operations of ours that wait for something, or have ended or been reversed since. */
  recentOperations(sinceMs: number, limit: number): readonly OwnOperation[];
  saveAlerts(alerts: readonly Alert[], outbox: readonly string[], atMs: number): void;
  /** Messages that wait to be delivered and are due. */
  dueMessages(nowMs: number, limit: number): readonly OutboxMessage[];
  /** Records an attempt: delivered, or to be tried again at `nextMs`. */
  settleMessage(id: number, outcome: { readonly delivered: boolean; readonly nextMs: number }): void;
  /** Alerts that are open, and how many there have ever been. */
  alertState(): { readonly open: readonly Alert[]; readonly count: number };
  /** Deletes what is older than its keep, a part at a time; returns how many rows went. */
  retain(nowMs: number): number;
  /** Hash of the first header of the chain that the store holds. */
  chainIdentity(): string | null;
  setChainIdentity(hash: string): void;
  close(): void;
}

/** How recovery went. */
export interface Recovery {
  readonly snapshotSeq: number;
  readonly replayed: number;
  /** First row that was damaged, with everything behind it cut off; null when nothing was. */
  readonly cutAt: number | null;
  /** Snapshots that were damaged and passed over. */
  readonly damagedSnapshots: number;
}

/** A message in the outbox. */
export interface OutboxMessage {
  readonly id: number;
  readonly body: string;
  readonly attempts: number;
  readonly createdMs: number;
}
