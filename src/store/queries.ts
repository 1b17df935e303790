/** Questions to the query tables. Pages are cut by key, so a deep page costs what the first one does. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Alert } from "../engine/alert.ts";
import type { Candle, CandleStep } from "../engine/candle.ts";
import { type MarketId, perMarket } from "../engine/market.ts";
import {
  type ExportKind,
  type ExportPart,
  type ExportRow,
  type HistorySample,
  type OperationFilter,
  type OperationRow,
  type OwnOperation,
  type Page,
  type PageRequest,
  type ReceiptFilter,
  type ReceiptRow,
} from "../runtime/ports/store.ts";
import { subsidyTotal } from "../engine/receipt.ts";
import { type Row, toAlert, toCandle, toEntry, toOperation, toOwnOperation, toReceipt } from "./rows.ts";

/** Prepared statements that are kept for reuse. */
const STATEMENTS_MAX = 256;

type Parameter = string | number;

/** A filter as SQL. */
interface Where {
  readonly terms: readonly string[];
  readonly parameters: readonly Parameter[];
}

/** How a table is paged: the columns of its order, all descending. */
interface Order {
  readonly table: string;
  readonly columns: readonly string[];
}

const RECEIPT_ORDER: Order = { table: "receipts", columns: ["height", "idx", "id"] };
const OPERATION_ORDER: Order = { table: "operations", columns: ["time_ms", "idx", "id"] };
const ALERT_ORDER: Order = { table: "alerts", columns: ["raised_ms", "id"] };

/** How a table is exported: in the order of time. */
interface ExportPlan {
  readonly sql: string;
  readonly key: readonly string[];
  readonly range: (fromS: number, toS: number) => readonly [number, number];
  readonly toRow: (row: Row) => ExportRow;
}

const inMs = (fromS: number, toS: number) => [fromS * 1000, toS * 1000 + 999] as const;

const EXPORTS: Readonly<Record<ExportKind, ExportPlan>> = {
  receipts: {
    sql: "SELECT * FROM receipts WHERE time_ms BETWEEN ? AND ?",
    key: ["time_ms", "height", "idx", "id"],
    range: inMs,
    toRow: (row) => {
      const { receipt, timeMs, own } = toReceipt(row);
      return {
        time: timeMs / 1000,
        id: receipt.id,
        market: receipt.market,
        block_height: receipt.height,
        receipt_index: receipt.index,
        provider: receipt.provider,
        consumer: receipt.consumer,
        amount: receipt.amount.toString(),
        deducted: receipt.deducted.toString(),
        units: receipt.units.toString(),
        subsidies: subsidyTotal(receipt).toString(),
        verified: receipt.verified === null ? null : String(receipt.verified),
        disputes: receipt.disputes.length,
        own: String(own),
        source: receipt.source,
        digest: receipt.digest,
      };
    },
  },
  operations: {
    sql: "SELECT * FROM operations WHERE time_ms BETWEEN ? AND ?",
    key: ["time_ms", "idx", "id"],
    range: inMs,
    toRow: (row) => {
      const operation = toOperation(row);
      return {
        time: operation.timeMs / 1000,
        id: operation.id,
        type: operation.type,
        status: operation.status,
        block_height: operation.height,
        provider: operation.provider,
        consumer: operation.consumer,
        amount: operation.amount.toString(),
        own: String(operation.own),
      };
    },
  },
  pnl: {
    sql: "SELECT * FROM entries WHERE time_ms BETWEEN ? AND ?",
    key: ["time_ms", "id"],
    range: inMs,
    toRow: (row) => {
      const entry = toEntry(row);
      return {
        time: entry.timeMs / 1000,
        id: entry.id,
        kind: entry.kind,
        market: entry.market,
        block_height: entry.height,
        amount: entry.amount.toString(),
        debit: entry.debit,
        credit: entry.credit,
        receipt_id: entry.receiptId,
      };
    },
  },
  candles: {
    sql: "SELECT * FROM candles WHERE t BETWEEN ? AND ?",
    key: ["t", "step", "market"],
    range: (fromS, toS) => [fromS, toS],
    toRow: (row) => {
      const candle = toCandle(row);
      return {
        time: candle.t,
        step: row.step as number,
        market: row.market as string,
        open_micro: candle.open.toString(),
        high_micro: candle.high.toString(),
        low_micro: candle.low.toString(),
        close_micro: candle.close.toString(),
        amount: candle.amount.toString(),
        units: candle.units.toString(),
        count: candle.count,
        price_source: candle.source,
      };
    },
  },
};

/** Reads the query tables of an open database. */
export class TableQueries {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  receipts(filter: ReceiptFilter, page: PageRequest): Page<ReceiptRow> {
    const where = conditions([
      ["market = ?", filter.market],
      ["provider = ?", filter.provider],
      ["own = ?", flag(filter.own)],
      ["disputed = ?", flag(filter.disputed)],
      ["height >= ?", filter.fromHeight],
      ["height <= ?", filter.toHeight],
    ]);
    return this.#page(
      RECEIPT_ORDER,
      where,
      page,
      toReceipt,
      this.#countOf("receipts", filter, filter.market),
    );
  }

  receipt(id: string): ReceiptRow | null {
    const row = this.#prepared("SELECT * FROM receipts WHERE id = ?").get(id) as Row | undefined;
    return row ? toReceipt(row) : null;
  }

  operations(filter: OperationFilter, page: PageRequest): Page<OperationRow> {
    const total = this.#countOf("operations", filter, filter.market);
    return this.#page(OPERATION_ORDER, operationConditions(filter), page, toOperation, total);
  }

  operation(id: string): OperationRow | null {
    const row = this.#prepared("SELECT * FROM operations WHERE id = ?").get(id) as Row | undefined;
    return row ? toOperation(row) : null;
  }

  ownOperation(clientOperationId: string): OwnOperation | null {
    const row = this.#prepared("SELECT * FROM operations WHERE client_operation_id = ?").get(
      clientOperationId,
    );
    return row ? toOwnOperation(row as Row) : null;
  }

  recentOperations(sinceMs: number, limit: number): readonly OwnOperation[] {
    const sql = "SELECT * FROM operations WHERE client_operation_id IS NOT NULL AND " +
      "(status IN ('pending', 'submitted') OR (status IN ('confirmed', 'reversed') AND updated_ms >= ?)) " +
      "ORDER BY time_ms, id LIMIT ?";
    return (this.#prepared(sql).all(sinceMs, limit) as Row[]).map(toOwnOperation);
  }

  operationCounts(filter: OperationFilter): Readonly<Record<MarketId, number>> {
    return perMarket(({ id }) => {
      if (filter.market !== undefined && filter.market !== id) return 0;
      const narrowed = { ...filter, market: id };
      return this.#countOf("operations", narrowed, id) ??
        this.#count("operations", operationConditions(narrowed));
    });
  }

  pendingOperations(): number {
    const sql = "SELECT COUNT(*) AS n FROM operations WHERE own = 1 AND status IN ('pending', 'submitted')";
    return (this.#prepared(sql).get() as { n: number }).n;
  }

  candles(market: MarketId, step: CandleStep, fromT: number, toT: number, limit: number): readonly Candle[] {
    const sql =
      "SELECT * FROM candles WHERE market = ? AND step = ? AND t BETWEEN ? AND ? ORDER BY t LIMIT ?";
    return (this.#prepared(sql).all(market, step, fromT, toT, limit) as Row[]).map(toCandle);
  }

  history(step: 1 | 60 | 900, fromT: number, toT: number): readonly HistorySample[] {
    const rows = this.#prepared("SELECT t, v FROM history WHERE step = ? AND t BETWEEN ? AND ? ORDER BY t")
      .all(step, fromT, toT) as { t: number; v: Uint8Array }[];
    return rows.map(({ t, v }) => ({ t, values: new Float64Array(v.slice().buffer) }));
  }

  alerts(page: PageRequest, open: boolean | undefined): Page<Alert> {
    const where: Where = {
      terms: open === undefined ? [] : [`resolved_ms IS ${open ? "" : "NOT "}NULL`],
      parameters: [],
    };
    return this.#page(ALERT_ORDER, where, page, toAlert, null);
  }

  exportPart(kind: ExportKind, fromS: number, toS: number, after: string | null, limit: number): ExportPart {
    const { sql, key, range, toRow } = EXPORTS[kind];
    const [from, to] = range(fromS, toS);
    const begin = after === null ? null : readCursor(after, key.length);
    const keyText = `(${key.join(", ")})`;
    const behind = begin ? ` AND ${keyText} > (${key.map(() => "?").join(", ")})` : "";
    const rows = this.#prepared(`${sql}${behind} ORDER BY ${key.join(", ")} LIMIT ?`)
      .all(from, to, ...(begin ?? []), limit) as Row[];
    const last = rows[rows.length - 1];
    return {
      rows: rows.map(toRow),
      next: last && rows.length === limit
        ? writeCursor(key.map((column) => last[column] as Parameter))
        : null,
    };
  }

  /** The kept count for a filter that is at most a market; null for any other. */
  #countOf(counter: string, filter: object, market: MarketId | undefined): number | null {
    const given = Object.entries(filter).filter(([, value]) => value !== undefined);
    if (given.some(([name]) => name !== "market")) return null;
    // Operations of ours count by their type, which is no market.
    const sql = `SELECT COALESCE(SUM(value), 0) AS n FROM counters WHERE name GLOB ?`;
    return (this.#prepared(sql).get(`${counter}:${market ?? "*"}`) as { n: number }).n;
  }

  #count(table: string, { terms, parameters }: Where): number {
    const sql = `SELECT COUNT(*) AS n FROM ${table}${whereSql(terms)}`;
    return (this.#prepared(sql).get(...parameters) as { n: number }).n;
  }

  #page<T>(
    { table, columns }: Order,
    where: Where,
    page: PageRequest,
    toItem: (row: Row) => T,
    total: number | null,
  ): Page<T> {
    const after = page.cursor === undefined ? null : readCursor(page.cursor, columns.length);
    const key = `(${columns.join(", ")})`;
    const terms = after ? [...where.terms, `${key} < (${columns.map(() => "?").join(", ")})`] : where.terms;
    const order = columns.map((column) => `${column} DESC`).join(", ");
    const sql = `SELECT * FROM ${table}${whereSql(terms)} ORDER BY ${order} LIMIT ? OFFSET ?`;
    const rows = this.#prepared(sql)
      .all(...where.parameters, ...(after ?? []), page.limit + 1, page.offset ?? 0) as Row[];
    const shown = rows.slice(0, page.limit);
    const last = shown[shown.length - 1];
    return {
      items: shown.map(toItem),
      total: total ?? this.#count(table, where),
      nextCursor: last && rows.length > page.limit
        ? writeCursor(columns.map((column) => last[column] as Parameter))
        : null,
    };
  }

  #prepared(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      if (this.#statements.size >= STATEMENTS_MAX) this.#statements.clear();
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

function operationConditions(filter: OperationFilter): Where {
  return conditions([
    ["type = ?", filter.market],
    ["status = ?", filter.status],
    ["provider = ?", filter.provider],
    ["own = ?", flag(filter.own)],
    ["height >= ?", filter.fromHeight],
    ["height <= ?", filter.toHeight],
  ]);
}

function conditions(given: readonly (readonly [term: string, value: Parameter | undefined])[]): Where {
  const used = given.filter((pair): pair is readonly [string, Parameter] => pair[1] !== undefined);
  return { terms: used.map(([term]) => term), parameters: used.map(([, value]) => value) };
}

function flag(value: boolean | undefined): number | undefined {
  return value === undefined ? undefined : Number(value);
}

function whereSql(terms: readonly string[]): string {
  return terms.length === 0 ? "" : ` WHERE ${terms.join(" AND ")}`;
}

function writeCursor(key: readonly Parameter[]): string {
  return btoa(JSON.stringify(key)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** @throws {RangeError} If the text is not a cursor that we gave */
function readCursor(text: string, length: number): readonly Parameter[] {
  try {
    const key: unknown = JSON.parse(atob(text.replaceAll("-", "+").replaceAll("_", "/")));
    const isKey = Array.isArray(key) && key.length === length && typeof key[length - 1] === "string" &&
      key.slice(0, -1).every((part) => Number.isSafeInteger(part));
    if (isKey) return key;
  } catch {
    // Falls through to the error.
  }
  throw new RangeError("the cursor is not one that this server gave");
}
