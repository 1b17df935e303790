/** Writes what events mean into the query tables, inside the transaction of the journal. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Candle, CandleStep } from "../engine/candle.ts";
import type { Change } from "../engine/change.ts";
import type { FeatureRow } from "../engine/features/feed.ts";
import type { LedgerEntry } from "../engine/ledger.ts";
import type { MarketId } from "../engine/market.ts";
import type { Receipt } from "../engine/receipt.ts";
import type { OperationStatus } from "../engine/operation.ts";
import type { OwnOperation, ReceiptRow } from "../runtime/ports/store.ts";
import {
  ENTRY_COLUMNS,
  entryValues,
  OWN_OPERATION_COLUMNS,
  ownOperationValues,
  RECEIPT_COLUMNS,
  receiptValues,
  rowChecksum,
} from "./rows.ts";
import { TradingTables } from "./trading_tables.ts";

/** Seconds that candles and history of each width are kept. */
export const KEPT_SECONDS: Readonly<Record<CandleStep, number>> = { 1: 3_600, 60: 86_400, 900: 2_592_000 };

/** Slots whose features are kept: a day at a block a second, 12 days at one in 10 s; about 80 MB. */
export const FEATURE_ROWS_MAX = 100_000;

/** Projects changes. */
export class Projection {
  readonly #insertReceipt: StatementSync;
  readonly #insertEntry: StatementSync;
  readonly #insertOperation: StatementSync;
  readonly #insertOwnOperation: StatementSync;
  readonly #updateOwnOperation: StatementSync;
  readonly #upsertCandle: StatementSync;
  readonly #dropCandles: StatementSync;
  readonly #count: StatementSync;
  readonly #revert: readonly {
    readonly counts: StatementSync;
    readonly drop: StatementSync;
    readonly counter: string;
  }[];
  readonly #revertEntries: StatementSync;
  readonly #trading: TradingTables;
  readonly #insertFeatures: StatementSync;
  readonly #revertFeatures: StatementSync;

  constructor(db: DatabaseSync, trading: TradingTables) {
    this.#trading = trading;
    this.#insertReceipt = db.prepare(insertSql("receipts", [...RECEIPT_COLUMNS, "checksum"]));
    this.#insertEntry = db.prepare(insertSql("entries", [...ENTRY_COLUMNS, "checksum"]));
    this.#insertOperation = db.prepare(insertSql("operations", OPERATION_COLUMNS));
    const own = [...OWN_OPERATION_COLUMNS, "checksum"];
    this.#insertOwnOperation = db.prepare(insertSql("operations", own));
    this.#updateOwnOperation = db.prepare(
      `UPDATE operations SET ${own.map((column) => `${column} = ?`).join(", ")} WHERE id = ?`,
    );
    this.#upsertCandle = db.prepare(
      "INSERT OR REPLACE INTO candles (market, step, t, open, high, low, close, amount, units, count, source) " +
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    );
    this.#dropCandles = db.prepare("DELETE FROM candles WHERE market = ? AND step = ? AND t > ?");
    this.#count = db.prepare(
      "INSERT INTO counters (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
    );
    this.#revert = [
      {
        counter: "receipts",
        counts: db.prepare(
          "SELECT market AS part, COUNT(*) AS n FROM receipts WHERE height > ? AND anchored = 1 GROUP BY market",
        ),
        drop: db.prepare("DELETE FROM receipts WHERE height > ? AND anchored = 1"),
      },
      {
        counter: "operations",
        counts: db.prepare(
          "SELECT type AS part, COUNT(*) AS n FROM operations WHERE height > ? AND anchored = 1 GROUP BY type",
        ),
        drop: db.prepare("DELETE FROM operations WHERE height > ? AND anchored = 1"),
      },
    ];
    this.#revertEntries = db.prepare("DELETE FROM entries WHERE height > ? AND anchored = 1");
    this.#insertFeatures = db.prepare(
      "INSERT OR REPLACE INTO features (height, seq, time_ms, schema, raw, z) VALUES (?, ?, ?, ?, ?, ?)",
    );
    this.#revertFeatures = db.prepare("DELETE FROM features WHERE height > ?");
  }

  /** Projects one change that came with the event `seq`. */
  apply(change: Change, seq: number): void {
    switch (change.kind) {
      case "receipt":
        return this.#receipt(change, seq);
      case "entry":
        return this.#entry(change.entry, seq);
      case "candle":
        return this.#candle(change.market, change.step, change.candle);
      case "candles-after":
        return this.#candlesAfter(change.market, change.step, change.candle);
      case "features":
        return this.#features(change.row, seq);
      case "revert":
        return this.#revertAbove(change.toHeight);
      default:
        return this.#trading.apply(change, seq);
    }
  }

  #receipt(row: ReceiptRow, seq: number): void {
    const values = receiptValues(row, seq);
    const added = this.#insertReceipt.run(...values, rowChecksum(values)).changes;
    if (added) this.#count.run(`receipts:${row.receipt.market}`, 1);
    if (row.receipt.kind === "work") this.#operation(row.receipt, row, seq);
  }

  /** A receipt is also an operation that ended. */
  #operation(receipt: Receipt, { timeMs, own }: ReceiptRow, seq: number): void {
    const status: OperationStatus = receipt.verified === false ? "failed" : "confirmed";
    const details = JSON.stringify({
      receipt_id: receipt.id,
      receipt_index: receipt.index,
      units: receipt.units.toString(),
      source: receipt.source,
      disputes: receipt.disputes.length,
    });
    const added = this.#insertOperation.run(
      operationId(receipt),
      seq,
      receipt.height,
      receipt.index,
      Number(receipt.anchored),
      receipt.market,
      status,
      timeMs,
      receipt.provider,
      receipt.consumer,
      Number(own),
      receipt.amount.toString(),
      receipt.id,
      details,
    ).changes;
    if (added) this.#count.run(`operations:${receipt.market}`, 1);
  }

  /** Keeps an operation of ours, new or changed. */
  saveOperation(operation: OwnOperation): void {
    const values = ownOperationValues(operation);
    const row = [...values, rowChecksum(values)];
    const added = this.#insertOwnOperation.run(...row).changes;
    if (added) this.#count.run(`operations:${operation.type}`, 1);
    else this.#updateOwnOperation.run(...row, operation.id);
  }

  #entry(entry: LedgerEntry, seq: number): void {
    const values = entryValues(entry, seq);
    this.#insertEntry.run(...values, rowChecksum(values));
  }

  #candle(market: MarketId, step: CandleStep, candle: Candle): void {
    this.#upsertCandle.run(
      market,
      step,
      candle.t,
      candle.open.toString(),
      candle.high.toString(),
      candle.low.toString(),
      candle.close.toString(),
      candle.amount.toString(),
      candle.units.toString(),
      candle.count,
      candle.source,
    );
  }

  #candlesAfter(market: MarketId, step: CandleStep, candle: Candle | null): void {
    this.#dropCandles.run(market, step, candle?.t ?? -1);
    if (candle) this.#candle(market, step, candle);
  }

  #features({ height, timeMs, schema, raw, z }: FeatureRow, seq: number): void {
    this.#insertFeatures.run(
      height,
      seq,
      timeMs,
      schema,
      new Uint8Array(raw.buffer),
      new Uint8Array(z.buffer),
    );
  }

  #revertAbove(toHeight: number): void {
    for (const { counts, drop, counter } of this.#revert) {
      for (const row of counts.all(toHeight) as { part: string; n: number }[]) {
        this.#count.run(`${counter}:${row.part}`, -row.n);
      }
      drop.run(toHeight);
    }
    this.#revertEntries.run(toHeight);
    this.#revertFeatures.run(toHeight);
  }
}

/** `<market>-<height>-<index>`; receipts without an index of their own keep their identity. */
function operationId(receipt: Receipt): string {
  return receipt.source === "receipt.audit"
    ? `${receipt.market}-${receipt.height}-${receipt.index}`
    : receipt.id;
}

const OPERATION_COLUMNS = [
  "id",
  "seq",
  "height",
  "idx",
  "anchored",
  "type",
  "status",
  "time_ms",
  "provider",
  "consumer",
  "own",
  "amount",
  "receipt_id",
  "details",
];

/** A row that is there already came from the same event, before a crash. */
function insertSql(table: string, columns: readonly string[]): string {
  return `INSERT INTO ${table} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")}) ` +
    "ON CONFLICT (id) DO NOTHING";
}
