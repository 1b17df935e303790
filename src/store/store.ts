/** The store of one chain: journal, snapshots and query tables in one SQLite file. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Alert } from "../engine/alert.ts";
import type { Candle, CandleStep } from "../engine/candle.ts";
import type { EngineEvent } from "../engine/event.ts";
import type { MarketId } from "../engine/market.ts";
import type { ReceiptSource } from "../engine/receipt.ts";
import type { Fill } from "../engine/trading/order.ts";
import type { ClosedTrade } from "../engine/trading/state.ts";
import {
  type Applied,
  type EngineStore,
  type EquityRow,
  type ExportKind,
  type ExportPart,
  type FeatureRange,
  type FeatureSample,
  type HistorySample,
  type Journal,
  type OperationFilter,
  type OperationRow,
  type OrderFilter,
  type OrderRow,
  type OutboxMessage,
  type OwnOperation,
  type Page,
  type PageRequest,
  type ReceiptFilter,
  type ReceiptRow,
  type Recovery,
  StoreError,
} from "../runtime/ports/store.ts";
import { BacktestTable } from "./backtests.ts";
import { guarded, openDatabase, SCHEMA_VERSION } from "./database.ts";
import { SqliteJournal } from "./journal.ts";
import { FEATURE_ROWS_MAX, KEPT_SECONDS, Projection } from "./projection.ts";
import { TableQueries } from "./queries.ts";
import { Snapshots } from "./snapshots.ts";
import { TRADING_TABLES, TradingTables } from "./trading_tables.ts";

/** Rows that one deletion takes, so that no transaction holds the store for long. */
const DELETE_ROWS = 5_000;

/** Pages that are given back to the file system at a time; more than {@link DELETE_ROWS} rows fill. */
const VACUUM_PAGES = 4_000;

/**
 * Receipts of each of the node's lists that stay, however old they are. Such a list can only be read as a whole, and
 * what is known of it is decided by the rows that we hold: it would be booked again as soon as we had forgotten it.
 */
const LISTED_KEPT = 1_024;

/** Sources that are lists without a place to read on from. */
const LISTS: readonly ReceiptSource[] = [
  "energy.receipts",
  "compute_market.sla_history",
  "settlement.audit",
];

/** How much is kept. */
export interface Retention {
  readonly days: number;
  readonly bytesMax: number;
}

/** A store in a file, or in memory. */
export class SqliteStore implements EngineStore {
  readonly schemaVersion = SCHEMA_VERSION;
  readonly backtests: BacktestTable;
  readonly #path: string;
  readonly #db: DatabaseSync;
  readonly #journal: SqliteJournal;
  readonly #snapshots: Snapshots;
  readonly #projection: Projection;
  readonly #queries: TableQueries;
  readonly #trading: TradingTables;
  readonly #retention: Retention;
  readonly #addHistory: StatementSync;
  /** Alerts that could not be kept: a store that fails must still say that it does. */
  readonly #unsavedAlerts = new Map<string, Alert>();

  /**
   * Opens or creates a store.
   *
   * @param path File, or `:memory:`
   * @param readOnly Only for questions, beside a program that writes
   * @throws {StoreError} If it cannot be used
   */
  constructor(
    path: string,
    retention: Retention = { days: 30, bytesMax: Number.MAX_SAFE_INTEGER },
    readOnly = false,
  ) {
    this.#path = path;
    this.#retention = retention;
    this.#db = openDatabase(path, readOnly);
    try {
      [this.#journal, this.#snapshots, this.#trading] = guarded(
        path,
        () =>
          [new SqliteJournal(this.#db, path), new Snapshots(this.#db), new TradingTables(this.#db)] as const,
      );
      this.#projection = guarded(path, () => new Projection(this.#db, this.#trading));
      this.#queries = new TableQueries(this.#db);
      this.backtests = new BacktestTable(this.#db, {
        read: (action) => this.#guard(action),
        write: (action) => this.#transaction(action),
      });
      this.#addHistory = guarded(
        path,
        () => this.#db.prepare("INSERT OR REPLACE INTO history (step, t, v) VALUES (?, ?, ?)"),
      );
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  get journal(): Journal {
    return this.#journal;
  }

  recover(
    restore: (state: string | null) => void,
    visit: (event: EngineEvent, seq: number) => void,
  ): Recovery {
    const { snapshot, damaged } = this.#guard(() => this.#snapshots.newest());
    const first = this.#guard(() => this.#db.prepare("SELECT MIN(seq) AS seq FROM journal").get()) as {
      seq: number | null;
    };
    if (!snapshot && damaged > 0 && first.seq !== 1) {
      throw new StoreError(
        "corrupt",
        `Cannot recover ${this.#path}: none of its ${damaged} snapshots is whole and the journal does not reach back ` +
          `to the beginning; restore a backup, or reset the store and read the chain again`,
      );
    }
    if (!snapshot && first.seq !== null && first.seq !== 1) {
      throw new StoreError(
        "corrupt",
        `Cannot recover ${this.#path}: the journal begins at row ${first.seq} and no snapshot leads to it`,
      );
    }
    restore(snapshot?.state ?? null);
    const fromSeq = snapshot?.seq ?? 0;
    let lastSeq = fromSeq;
    let cutAt: number | null = null;
    try {
      this.#journal.replayChecked(fromSeq, snapshot ? snapshot.checksum : 0, (event, seq) => {
        visit(event, seq);
        lastSeq = seq;
      });
    } catch (error) {
      if (!(error instanceof StoreError) || error.kind !== "corrupt") throw error;
      cutAt = lastSeq + 1;
    }
    if (cutAt !== null || this.#journal.lastSeq() !== lastSeq) {
      this.#cutAfter(lastSeq, snapshot?.checksum ?? 0, fromSeq);
    }
    return { snapshotSeq: fromSeq, replayed: lastSeq - fromSeq, cutAt, damagedSnapshots: damaged };
  }

  replayStart(): { readonly state: string | null; readonly seq: number } {
    return this.#guard(() => {
      const first = this.#db.prepare("SELECT MIN(seq) AS seq FROM journal").get() as { seq: number | null };
      return first.seq === null || first.seq === 1 ? { state: null, seq: 0 } : this.#snapshots.oldest();
    });
  }

  commit(applied: readonly Applied[], durable = false): void {
    if (durable) this.#guard(() => this.#db.exec("PRAGMA synchronous = FULL"));
    try {
      this.#commit(applied);
    } finally {
      if (durable) this.#guard(() => this.#db.exec("PRAGMA synchronous = NORMAL"));
    }
  }

  #commit(applied: readonly Applied[]): void {
    const { checksum } = this.#journal;
    const seq = this.#journal.lastSeq();
    try {
      this.#transaction(() => {
        for (const { event, changes } of applied) {
          const at = this.#journal.append([slim(event)]);
          for (const change of changes) this.#projection.apply(change, at);
        }
      });
    } catch (error) {
      this.#journal.rewind(seq, checksum);
      throw error;
    }
  }

  saveSnapshot(state: string, atMs: number): void {
    this.#transaction(() =>
      this.#snapshots.save(this.#journal.lastSeq(), this.#journal.checksum, state, atMs)
    );
  }

  addHistory({ t, values }: HistorySample): void {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    this.#transaction(() => {
      for (const step of [1, 60, 900]) this.#addHistory.run(step, Math.floor(t / step) * step, bytes);
    });
  }

  saveOperation(operation: OwnOperation): void {
    this.#guard(() => this.#db.exec("PRAGMA synchronous = FULL"));
    try {
      this.#transaction(() => this.#projection.saveOperation(operation));
    } finally {
      this.#guard(() => this.#db.exec("PRAGMA synchronous = NORMAL"));
    }
  }

  ownOperation(clientOperationId: string): OwnOperation | null {
    return this.#guard(() => this.#queries.ownOperation(clientOperationId));
  }

  recentOperations(sinceMs: number, limit: number): readonly OwnOperation[] {
    return this.#guard(() => this.#queries.recentOperations(sinceMs, limit));
  }

  saveAlerts(alerts: readonly Alert[], outbox: readonly string[], atMs: number): void {
    for (const alert of alerts) this.#unsavedAlerts.set(alert.id, alert);
    this.#transaction(() => {
      const save = this.#db.prepare(
        "INSERT OR REPLACE INTO alerts (id, rule, severity, message, raised_ms, resolved_ms) VALUES (?, ?, ?, ?, ?, ?)",
      );
      for (const { id, rule, severity, message, raisedMs, resolvedMs } of alerts) {
        save.run(id, rule, severity, message, raisedMs, resolvedMs);
      }
      const put = this.#db.prepare("INSERT INTO outbox (body, created_ms, next_ms) VALUES (?, ?, ?)");
      for (const body of outbox) put.run(body, atMs, atMs);
    });
    for (const { id } of alerts) this.#unsavedAlerts.delete(id);
  }

  dueMessages(nowMs: number, limit: number): readonly OutboxMessage[] {
    const rows = this.#guard(() =>
      this.#db.prepare("SELECT * FROM outbox WHERE done_ms IS NULL ORDER BY id LIMIT ?").all(limit)
    ) as { id: number; body: string; attempts: number; created_ms: number; next_ms: number }[];
    // A message that waits for its next attempt holds back the ones behind it: they are told in order.
    const waiting = rows.findIndex(({ next_ms }) => next_ms > nowMs);
    return (waiting < 0 ? rows : rows.slice(0, waiting))
      .map(({ id, body, attempts, created_ms }) => ({ id, body, attempts, createdMs: created_ms }));
  }

  settleMessage(
    id: number,
    { delivered, nextMs }: { readonly delivered: boolean; readonly nextMs: number },
  ): void {
    const sql = "UPDATE outbox SET attempts = attempts + 1, next_ms = ?, done_ms = ? WHERE id = ?";
    this.#transaction(() => this.#db.prepare(sql).run(nextMs, delivered ? nextMs : null, id));
  }

  alertState(): { readonly open: readonly Alert[]; readonly count: number } {
    const open = this.alerts({ limit: 500 }, true).items;
    const ids = this.#guard(() => this.#db.prepare("SELECT id FROM alerts").all()) as { id: string }[];
    return {
      open,
      count: ids.reduce((most, { id }) => Math.max(most, Number(/-(\d+)$/.exec(id)?.[1] ?? 0)), 0),
    };
  }

  /**
   * Deletes what is older than its keep. The journal is only cut behind a snapshot that was read back and found
   * whole. When the file is over its limit, the oldest rows of every table go, however young they are.
   */
  retain(nowMs: number): number {
    const { days, bytesMax } = this.#retention;
    const tight = this.#bytesUsed() > bytesMax;
    const before = tight ? Number.MAX_SAFE_INTEGER : nowMs - days * 86_400_000;
    // What settled has the chain's time, which on a simulated chain is far from ours.
    const settledBefore = (table: string) => {
      if (tight) return before;
      // What we sent has the time of our clock.
      const settled = table === "operations" ? " WHERE receipt_id IS NOT NULL" : "";
      const newest = this.#guard(() =>
        this.#db.prepare(`SELECT MAX(time_ms) AS ms FROM ${table}${settled}`).get()
      ) as { ms: number | null };
      return Math.min(nowMs, newest.ms ?? nowMs) - days * 86_400_000;
    };
    let deleted = 0;
    const drop = (sql: string, ...parameters: number[]) => {
      deleted += this.#guard(() => Number(this.#db.prepare(sql).run(...parameters).changes));
    };
    const keepFrom = tight ? this.#snapshots.newest().snapshot?.seq ?? null : this.#snapshots.oldestSeq();
    if (keepFrom !== null) {
      // Only the first rows are looked at: there is no index by time, and what follows is younger.
      drop(
        "DELETE FROM journal WHERE seq IN (SELECT seq FROM (SELECT seq, at_ms FROM journal WHERE seq <= ? " +
          `ORDER BY seq LIMIT ${DELETE_ROWS}) WHERE at_ms < ?)`,
        keepFrom,
        before,
      );
    }
    drop(
      `DELETE FROM entries WHERE id IN (SELECT id FROM entries WHERE time_ms < ? ORDER BY time_ms LIMIT ${DELETE_ROWS})`,
      settledBefore("entries"),
    );
    deleted += this.#guard(() =>
      this.#dropCounted("receipts", "market", "time_ms < ?", settledBefore("receipts"))
    );
    deleted += this.#guard(() =>
      this.#dropCounted(
        "operations",
        "type",
        "receipt_id IS NOT NULL AND time_ms < ?",
        settledBefore("operations"),
      )
    );
    // What we sent goes by age alone, and never before its outcome is known: it is what keeps it from being sent twice.
    deleted += this.#guard(() =>
      this.#dropCounted(
        "operations",
        "type",
        "client_operation_id IS NOT NULL AND status NOT IN ('pending', 'submitted') AND updated_ms < ?",
        nowMs - days * 86_400_000,
      )
    );
    // Where the file is over its limit, a part of the oldest goes each time.
    drop(
      `DELETE FROM features WHERE height IN (SELECT height FROM features WHERE height <= (SELECT MAX(height) FROM features) - ? ORDER BY height LIMIT ${DELETE_ROWS})`,
      tight ? 0 : FEATURE_ROWS_MAX,
    );
    for (const [step, seconds] of Object.entries(KEPT_SECONDS)) {
      for (const table of ["candles", "history"]) {
        const newest = this.#guard(() =>
          this.#db.prepare(`SELECT MAX(t) AS t FROM ${table} WHERE step = ?`).get(Number(step))
        ) as { t: number | null };
        if (newest.t !== null) {
          drop(`DELETE FROM ${table} WHERE step = ? AND t < ?`, Number(step), newest.t - seconds);
        }
      }
    }
    // The newest one of each stays, because the next one is numbered after it.
    drop(
      `DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE done_ms < ? ORDER BY id LIMIT ${DELETE_ROWS}) ` +
        "AND id < (SELECT MAX(id) FROM outbox)",
      before,
    );
    const tradedBefore = Math.min(nowMs, this.#guard(() => this.#trading.newestMs()) ?? nowMs) -
      days * 86_400_000;
    deleted += this.#guard(() => this.#trading.retain(tradedBefore, DELETE_ROWS));
    drop(
      "DELETE FROM alerts WHERE resolved_ms < ? AND raised_ms < (SELECT MAX(raised_ms) FROM alerts)",
      nowMs - days * 86_400_000,
    );
    // Each step gives back one page, and exec() takes only one.
    if (deleted > 0) this.#guard(() => this.#db.prepare(`PRAGMA incremental_vacuum(${VACUUM_PAGES})`).all());
    return deleted;
  }

  chainIdentity(): string | null {
    return this.#meta("chain_identity");
  }

  setChainIdentity(hash: string): void {
    const sql = "INSERT OR REPLACE INTO meta (key, value) VALUES ('chain_identity', ?)";
    this.#transaction(() => this.#db.prepare(sql).run(hash));
  }

  receipts(filter: ReceiptFilter, page: PageRequest): Page<ReceiptRow> {
    return this.#guard(() => this.#queries.receipts(filter, page));
  }

  receipt(id: string): ReceiptRow | null {
    return this.#guard(() => this.#queries.receipt(id));
  }

  hasReceipt(id: string): boolean {
    return this.#guard(() => this.#queries.hasReceipt(id));
  }

  operations(filter: OperationFilter, page: PageRequest): Page<OperationRow> {
    return this.#guard(() => this.#queries.operations(filter, page));
  }

  operation(id: string): OperationRow | null {
    return this.#guard(() => this.#queries.operation(id));
  }

  operationCounts(filter: OperationFilter): Readonly<Record<MarketId, number>> {
    return this.#guard(() => this.#queries.operationCounts(filter));
  }

  pendingOperations(): number {
    return this.#guard(() => this.#queries.pendingOperations());
  }

  candles(market: MarketId, step: CandleStep, fromT: number, toT: number, limit: number): readonly Candle[] {
    return this.#guard(() => this.#queries.candles(market, step, fromT, toT, limit));
  }

  history(step: 1 | 60 | 900, fromT: number, toT: number): readonly HistorySample[] {
    return this.#guard(() => this.#queries.history(step, fromT, toT));
  }

  orders(filter: OrderFilter, page: PageRequest): Page<OrderRow> {
    return this.#guard(() => this.#trading.orders(filter, page));
  }

  order(id: string): OrderRow | null {
    return this.#guard(() => this.#trading.order(id));
  }

  orderOfClient(clientOrderId: string): OrderRow | null {
    return this.#guard(() => this.#trading.orderOfClient(clientOrderId));
  }

  fillsOf(orderId: string): readonly Fill[] {
    return this.#guard(() => this.#trading.fillsOf(orderId));
  }

  fills(epoch: number, fromMs: number, limit: number): readonly Fill[] {
    return this.#guard(() => this.#trading.fills(epoch, fromMs, limit));
  }

  trades(epoch: number, fromMs: number, limit: number): readonly ClosedTrade[] {
    return this.#guard(() => this.#trading.trades(epoch, fromMs, limit));
  }

  tradeCount(epoch: number): number {
    return this.#guard(() => this.#trading.tradeCount(epoch));
  }

  equity(epoch: number, fromMs: number, toMs: number): readonly EquityRow[] {
    return this.#guard(() => this.#trading.equity(epoch, fromMs, toMs));
  }

  equityCloses(epoch: number, fromMs: number, toMs: number): readonly EquityRow[] {
    return this.#guard(() => this.#trading.equityCloses(epoch, fromMs, toMs));
  }

  features(range: FeatureRange): readonly FeatureSample[] {
    return this.#guard(() => this.#queries.features(range));
  }

  exportPart(kind: ExportKind, fromS: number, toS: number, after: string | null, limit: number): ExportPart {
    return this.#guard(() => this.#queries.exportPart(kind, fromS, toS, after, limit));
  }

  alerts(page: PageRequest, open: boolean | undefined): Page<Alert> {
    const kept = this.#guard(() => this.#queries.alerts(page, open));
    if (this.#unsavedAlerts.size === 0 || page.cursor !== undefined || (page.offset ?? 0) > 0) return kept;
    const unsaved = [...this.#unsavedAlerts.values()].reverse()
      .filter(({ resolvedMs }) => open === undefined || (resolvedMs === null) === open);
    const others = kept.items.filter(({ id }) => !this.#unsavedAlerts.has(id));
    return {
      items: [...unsaved, ...others].slice(0, page.limit),
      total: kept.total - kept.items.length + unsaved.length + others.length,
      nextCursor: kept.nextCursor,
    };
  }

  journalSeq(): number {
    return this.#journal.lastSeq();
  }

  bytes(): number | null {
    if (this.#path === ":memory:") return null;
    const pages = this.#guard(() =>
      this.#db.prepare("SELECT page_count * page_size AS n FROM pragma_page_count(), pragma_page_size()")
        .get()
    ) as { n: number };
    return pages.n;
  }

  close(): void {
    this.#db.close();
  }

  #meta(key: string): string | null {
    const row = this.#guard(() => this.#db.prepare("SELECT value FROM meta WHERE key = ?").get(key)) as
      | { value: string }
      | undefined;
    return row?.value ?? null;
  }

  /** Removes everything that came after a row, because what follows it cannot be trusted. */
  #cutAfter(seq: number, snapshotChecksum: number, snapshotSeq: number): void {
    this.#transaction(() => {
      const dependent = ["journal", "receipts", "entries", "operations", "features", "snapshots"];
      for (const table of [...dependent, ...TRADING_TABLES]) {
        this.#db.prepare(`DELETE FROM ${table} WHERE seq > ?`).run(seq);
      }
      const row = this.#db.prepare("SELECT checksum FROM journal WHERE seq = ?").get(seq) as {
        checksum: number;
      } | undefined;
      this.#journal.rewind(seq, row?.checksum ?? (seq === snapshotSeq ? snapshotChecksum : 0));
    });
    this.#recount();
  }

  /** Deletes the oldest rows of a counted table and takes them out of its counters. */
  #dropCounted(
    table: "receipts" | "operations",
    part: string,
    condition: string,
    before: number,
  ): number {
    return this.#transaction(() => {
      const oldest = this.#db
        .prepare(
          `SELECT rowid AS n, ${part} AS part, ${
            table === "receipts" ? "source" : "NULL"
          } AS source FROM ${table} ` +
            `WHERE ${condition} ORDER BY time_ms LIMIT ${DELETE_ROWS}`,
        )
        .all(before) as { n: number; part: string; source: ReceiptSource | null }[];
      const kept = new Set(
        LISTS.filter((list) => oldest.some(({ source }) => source === list))
          .flatMap((list) => this.#listed(list)),
      );
      const drop = this.#db.prepare(`DELETE FROM ${table} WHERE rowid = ?`);
      const count = this.#db.prepare("UPDATE counters SET value = value - 1 WHERE name = ?");
      const gone = oldest.filter(({ n }) => !kept.has(n));
      for (const row of gone) {
        drop.run(row.n);
        count.run(`${table}:${row.part}`);
      }
      return gone.length;
    });
  }

  /** The newest rows of a list, which are not forgotten. */
  #listed(source: ReceiptSource): readonly number[] {
    const rows = this.#db
      .prepare(
        "SELECT rowid AS n FROM receipts WHERE market = ? AND source = ? ORDER BY height DESC, idx DESC, id DESC " +
          `LIMIT ${LISTED_KEPT}`,
      )
      .all(source === "energy.receipts" ? "energy" : "compute", source) as { n: number }[];
    return rows.map(({ n }) => n);
  }

  /** What the rows take, without the pages of the file that are free to be used again. */
  #bytesUsed(): number {
    const sql = "SELECT (page_count - freelist_count) * page_size AS n " +
      "FROM pragma_page_count(), pragma_freelist_count(), pragma_page_size()";
    return (this.#guard(() => this.#db.prepare(sql).get()) as { n: number }).n;
  }

  #recount(): void {
    this.#transaction(() => {
      this.#db.exec("DELETE FROM counters");
      this.#db.exec(
        "INSERT INTO counters SELECT 'receipts:' || market, COUNT(*) FROM receipts GROUP BY market",
      );
      this.#db.exec(
        "INSERT INTO counters SELECT 'operations:' || type, COUNT(*) FROM operations GROUP BY type",
      );
    });
  }

  #transaction<T>(action: () => T): T {
    return this.#guard(() => {
      this.#db.exec("BEGIN IMMEDIATE");
      try {
        const result = action();
        this.#db.exec("COMMIT");
        return result;
      } catch (error) {
        try {
          this.#db.exec("ROLLBACK");
        } catch {
          // SQLite has rolled back already.
        }
        throw error;
      }
    });
  }

  #guard<T>(action: () => T): T {
    try {
      return guarded(this.#path, action);
    } catch (error) {
      // A bad cursor is the caller's mistake, not the store's.
      if (error instanceof StoreError && error.cause instanceof RangeError) throw error.cause;
      throw error;
    }
  }
}

/** The journal does without what only the receipts table shows. */
function slim(event: EngineEvent): EngineEvent {
  if (event.kind !== "receipts" || event.receipts.length === 0) return event;
  return { ...event, receipts: event.receipts.map((receipt) => ({ ...receipt, payload: "" })) };
}
