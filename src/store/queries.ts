/** Questions to the query tables. Pages are cut by key, so a deep page costs what the first one does. */
import type { DatabaseSync } from "node:sqlite";
import type { Alert } from "../engine/alert.ts";
import type { Candle, CandleStep } from "../engine/candle.ts";
import { type MarketId, perMarket } from "../engine/market.ts";
import {
  type ExportKind,
  type ExportPart,
  type ExportRow,
  type FeatureRange,
  type FeatureSample,
  type HistorySample,
  type OperationFilter,
  type OperationRow,
  type OwnOperation,
  type Page,
  type PageRequest,
  type ReceiptFilter,
  type ReceiptRow,
} from "../runtime/ports/store.ts";
import { FEATURE_SCHEMA, FEATURES } from "../engine/features/spec.ts";
import { subsidyTotal } from "../engine/receipt.ts";
import {
  conditions,
  flag,
  type Order,
  Pager,
  type Parameter,
  readCursor,
  type Where,
  writeCursor,
} from "./pager.ts";
import { unitsOf } from "../engine/trading/money.ts";
import { toFill } from "./trading_tables.ts";
import {
  type Row,
  toAlert,
  toCandle,
  toEntry,
  toFeatures,
  toOperation,
  toOwnOperation,
  toReceipt,
} from "./rows.ts";

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
  fills: {
    sql: "SELECT * FROM fills WHERE time_ms BETWEEN ? AND ?",
    key: ["time_ms", "id"],
    range: inMs,
    toRow: (row) => {
      const { epoch, fill } = toFill(row);
      return {
        time: fill.timeMs / 1000,
        id: fill.id,
        order_id: fill.orderId,
        epoch,
        token: fill.token,
        side: fill.side,
        agent: fill.agent,
        quantity: unitsOf(fill.qtyMicro),
        price: fill.price,
        slippage: fill.slippage,
        amount: fill.gross,
        fee: fill.fee,
        realized: fill.realized,
        cause: fill.cause,
        block_height: fill.height,
      };
    },
  },
  equity: {
    sql: "SELECT epoch, t, equity, low, high, cash, realized FROM equity WHERE t BETWEEN ? AND ?",
    key: ["t", "epoch"],
    range: (fromS, toS) => [fromS, toS],
    toRow: (row) => ({
      time: row.t as number,
      epoch: row.epoch as number,
      equity: row.equity as number,
      low: row.low as number,
      high: row.high as number,
      cash: row.cash as number,
      realized: row.realized as number,
    }),
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
  features: {
    sql: `SELECT * FROM features WHERE schema = '${FEATURE_SCHEMA}' AND time_ms BETWEEN ? AND ?`,
    key: ["time_ms", "height"],
    range: inMs,
    toRow: (row) => {
      const { height, timeMs, raw, z } = toFeatures(row);
      const cells: Record<string, string | number | null> = { time: timeMs / 1000, block_height: height };
      for (const [at, { name }] of FEATURES.entries()) {
        cells[name] = knownNumber(raw[at]!);
        cells[`${name}.z`] = knownNumber(Number(z[at]!.toPrecision(9)));
      }
      return cells;
    },
  },
};

function knownNumber(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}

/** Reads the query tables of an open database. */
export class TableQueries {
  readonly #pager: Pager;

  constructor(db: DatabaseSync) {
    this.#pager = new Pager(db);
  }

  receipts(filter: ReceiptFilter, page: PageRequest): Page<ReceiptRow> {
    const toHeight = page.cursor === undefined
      ? filter.toHeight
      : lowerOf(filter.toHeight, readCursor(page.cursor, RECEIPT_ORDER.columns)[0] as number);
    const where = receiptConditions({ ...filter, toHeight });
    return this.#pager.page(RECEIPT_ORDER, where, page, toReceipt, this.#receiptCount(filter));
  }

  receipt(id: string): ReceiptRow | null {
    const row = this.#pager.prepared("SELECT * FROM receipts WHERE id = ?").get(id) as Row | undefined;
    return row ? toReceipt(row) : null;
  }

  hasReceipt(id: string): boolean {
    return this.#pager.prepared("SELECT 1 FROM receipts WHERE id = ?").get(id) !== undefined;
  }

  operations(filter: OperationFilter, page: PageRequest): Page<OperationRow> {
    const total = this.#countOf("operations", filter, filter.market);
    return this.#pager.page(OPERATION_ORDER, operationConditions(filter), page, toOperation, total);
  }

  operation(id: string): OperationRow | null {
    const row = this.#pager.prepared("SELECT * FROM operations WHERE id = ?").get(id) as Row | undefined;
    return row ? toOperation(row) : null;
  }

  ownOperation(clientOperationId: string): OwnOperation | null {
    const row = this.#pager.prepared("SELECT * FROM operations WHERE client_operation_id = ?").get(
      clientOperationId,
    );
    return row ? toOwnOperation(row as Row) : null;
  }

  recentOperations(sinceMs: number, limit: number): readonly OwnOperation[] {
    const sql = "SELECT * FROM operations WHERE client_operation_id IS NOT NULL AND " +
      "(status IN ('pending', 'submitted') OR (status IN ('confirmed', 'reversed') AND updated_ms >= ?)) " +
      "ORDER BY time_ms, id LIMIT ?";
    return (this.#pager.prepared(sql).all(sinceMs, limit) as Row[]).map(toOwnOperation);
  }

  operationCounts(filter: OperationFilter): Readonly<Record<MarketId, number>> {
    return perMarket(({ id }) => {
      if (filter.market !== undefined && filter.market !== id) return 0;
      const narrowed = { ...filter, market: id };
      return this.#countOf("operations", narrowed, id) ??
        this.#pager.count("operations", operationConditions(narrowed));
    });
  }

  pendingOperations(): number {
    const sql = "SELECT COUNT(*) AS n FROM operations WHERE own = 1 AND status IN ('pending', 'submitted')";
    return (this.#pager.prepared(sql).get() as { n: number }).n;
  }

  candles(market: MarketId, step: CandleStep, fromT: number, toT: number, limit: number): readonly Candle[] {
    const sql =
      "SELECT * FROM candles WHERE market = ? AND step = ? AND t BETWEEN ? AND ? ORDER BY t LIMIT ?";
    return (this.#pager.prepared(sql).all(market, step, fromT, toT, limit) as Row[]).map(toCandle);
  }

  history(step: 1 | 60 | 900, fromT: number, toT: number): readonly HistorySample[] {
    const rows = this.#pager.prepared(
      "SELECT t, v FROM history WHERE step = ? AND t BETWEEN ? AND ? ORDER BY t",
    )
      .all(step, fromT, toT) as { t: number; v: Uint8Array }[];
    return rows.map(({ t, v }) => ({ t, values: new Float64Array(v.slice().buffer) }));
  }

  alerts(page: PageRequest, open: boolean | undefined): Page<Alert> {
    const where: Where = {
      terms: open === undefined ? [] : [`resolved_ms IS ${open ? "" : "NOT "}NULL`],
      parameters: [],
    };
    return this.#pager.page(ALERT_ORDER, where, page, toAlert, null);
  }

  features({ schema, fromS, toS, every, limit }: FeatureRange): readonly FeatureSample[] {
    const sql = "SELECT * FROM features WHERE schema = ? AND time_ms BETWEEN ? AND ? AND height % ? = 0 " +
      "ORDER BY time_ms, height LIMIT ?";
    return (this.#pager.prepared(sql).all(schema, ...inMs(fromS, toS), every, limit) as Row[]).map(
      toFeatures,
    );
  }

  exportPart(kind: ExportKind, fromS: number, toS: number, after: string | null, limit: number): ExportPart {
    const { sql, key, range, toRow } = EXPORTS[kind];
    const [first, to] = range(fromS, toS);
    const begin = after === null ? null : readCursor(after, key);
    // The first column of every key is the time: a later part begins its search where the part before ended.
    const from = begin === null ? first : Math.max(first, begin[0] as number);
    const keyText = `(${key.join(", ")})`;
    const behind = begin ? ` AND ${keyText} > (${key.map(() => "?").join(", ")})` : "";
    const rows = this.#pager.prepared(`${sql}${behind} ORDER BY ${key.join(", ")} LIMIT ?`)
      .all(from, to, ...(begin ?? []), limit) as Row[];
    const last = rows[rows.length - 1];
    return {
      rows: rows.map(toRow),
      next: last && rows.length === limit
        ? writeCursor(key.map((column) => last[column] as Parameter))
        : null,
    };
  }

  /** Rare rows have an index of their own; those that are not such are counted as the rest. */
  #receiptCount(filter: ReceiptFilter): number {
    const { own, disputed, ...rest } = filter;
    if (own === false) {
      return this.#receiptCount({ ...rest, disputed }) - this.#receiptCount({ ...filter, own: true });
    }
    if (disputed === false) {
      return this.#receiptCount({ ...rest, own }) - this.#receiptCount({ ...filter, disputed: true });
    }
    return this.#countOf("receipts", filter, filter.market) ??
      this.#pager.count("receipts", receiptConditions(filter));
  }

  /** The kept count for a filter that is at most a market; null for any other. */
  #countOf(counter: string, filter: object, market: MarketId | undefined): number | null {
    const given = Object.entries(filter).filter(([, value]) => value !== undefined);
    if (given.some(([name]) => name !== "market")) return null;
    // Operations of ours count by their type, which is no market.
    const sql = "SELECT COALESCE(SUM(value), 0) AS n FROM counters WHERE name GLOB ?";
    return (this.#pager.prepared(sql).get(`${counter}:${market ?? "*"}`) as { n: number }).n;
  }
}

function receiptConditions(filter: ReceiptFilter): Where {
  // Rare rows are found by their own index; the plus keeps SQLite from taking one that finds many more.
  const index = filter.own === true || filter.disputed === true ? "+" : "";
  const { terms, parameters } = conditions([
    [`${index}market = ?`, filter.market],
    [`${index}provider = ?`, filter.provider],
    ["height >= ?", filter.fromHeight],
    ["height <= ?", filter.toHeight],
  ]);
  return {
    terms: [...terms, ...literal("own", filter.own), ...literal("disputed", filter.disputed)],
    parameters,
  };
}

/** A flag in the text itself: the index of the rare rows is only used for a value that SQLite can see. */
function literal(column: string, value: boolean | undefined): readonly string[] {
  return value === undefined ? [] : [`${column} = ${Number(value)}`];
}

function lowerOf(limit: number | undefined, other: number): number {
  return limit === undefined ? other : Math.min(limit, other);
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
