/** The tables of paper trading: what is asked for has a column, the rest is the encoded record. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { TradingChange } from "../engine/change.ts";
import { decode, encode } from "../engine/codec.ts";
import type { Fill, Order } from "../engine/trading/order.ts";
import type { ClosedTrade } from "../engine/trading/state.ts";
import type {
  EquityRow,
  FillRow,
  OrderFilter,
  OrderRow,
  Page,
  PageRequest,
  TradingQueries,
} from "../runtime/ports/store.ts";
import { conditions, type Order as PageOrder, Pager } from "./pager.ts";
import type { Row } from "./rows.ts";

/** Tables whose rows belong to a row of the journal. */
export const TRADING_TABLES = ["orders", "fills", "trades", "equity"] as const;

const NEWEST_ORDERS: PageOrder = { table: "orders", columns: ["n"] };

/** Writes and reads orders, fills, closed trades and equity. */
export class TradingTables implements TradingQueries {
  readonly #db: DatabaseSync;
  readonly #pager: Pager;
  readonly #putOrder: StatementSync;
  readonly #putFill: StatementSync;
  readonly #putTrade: StatementSync;
  readonly #putEquity: StatementSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#pager = new Pager(db);
    this.#putOrder = db.prepare(
      "INSERT INTO orders (id, seq, epoch, client_order_id, token, agent, status, placed_ms, body) " +
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) " +
        "ON CONFLICT (id) DO UPDATE SET status = excluded.status, body = excluded.body",
    );
    this.#putFill = db.prepare(
      "INSERT INTO fills (id, seq, epoch, order_id, time_ms, body) VALUES (?, ?, ?, ?, ?, ?) " +
        "ON CONFLICT (id) DO NOTHING",
    );
    this.#putTrade = db.prepare(
      "INSERT INTO trades (id, seq, epoch, closed_ms, body) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
    );
    this.#putEquity = db.prepare(
      "INSERT INTO equity (epoch, t, equity, low, high, cash, realized, seq) VALUES (?1, ?2, ?3, ?3, ?3, ?4, ?5, ?6) " +
        "ON CONFLICT (epoch, t) DO UPDATE SET equity = ?3, low = MIN(low, ?3), high = MAX(high, ?3), cash = ?4, " +
        "realized = ?5",
    );
  }

  /** Projects one change that came with the event `seq`. */
  apply(change: TradingChange, seq: number): void {
    const { epoch } = change;
    switch (change.kind) {
      case "order": {
        const { id, clientOrderId, token, agent, status, placedMs } = change.order;
        const body = encode(change.order);
        this.#putOrder.run(id, seq, epoch, clientOrderId, token, agent, status, placedMs, body);
        return;
      }
      case "fill": {
        const { id, orderId, timeMs } = change.fill;
        this.#putFill.run(id, seq, epoch, orderId, timeMs, encode(change.fill));
        return;
      }
      case "trade": {
        const { id, closedMs } = change.trade;
        this.#putTrade.run(`${epoch}/${id}`, seq, epoch, closedMs, encode(change.trade));
        return;
      }
      case "equity": {
        const { timeMs, equity, cash, realized } = change.point;
        this.#putEquity.run(epoch, Math.floor(timeMs / 60_000) * 60, equity, cash, realized, seq);
        return;
      }
      default:
        return change satisfies never;
    }
  }

  orders(filter: OrderFilter, page: PageRequest): Page<OrderRow> {
    const where = conditions([
      ["epoch = ?", filter.epoch],
      ["token = ?", filter.token],
      ["status = ?", filter.status],
      ["agent = ?", filter.agent],
    ]);
    return this.#pager.page(NEWEST_ORDERS, where, page, toOrder, null);
  }

  order(id: string): OrderRow | null {
    return this.#one("SELECT * FROM orders WHERE id = ?", id);
  }

  orderOfClient(clientOrderId: string): OrderRow | null {
    return this.#one("SELECT * FROM orders WHERE client_order_id = ?", clientOrderId);
  }

  fillsOf(orderId: string): readonly Fill[] {
    const rows = this.#pager.prepared("SELECT * FROM fills WHERE order_id = ? ORDER BY seq, rowid").all(
      orderId,
    );
    return (rows as Row[]).map((row) => toFill(row).fill);
  }

  fills(epoch: number, fromMs: number, limit: number): readonly Fill[] {
    const sql =
      "SELECT * FROM fills WHERE epoch = ? AND time_ms >= ? ORDER BY time_ms DESC, seq DESC, rowid DESC LIMIT ?";
    return (this.#pager.prepared(sql).all(epoch, fromMs, limit) as Row[]).map((row) => toFill(row).fill)
      .reverse();
  }

  trades(epoch: number, fromMs: number, limit: number): readonly ClosedTrade[] {
    const sql =
      "SELECT * FROM trades WHERE epoch = ? AND closed_ms >= ? ORDER BY closed_ms DESC, seq DESC, rowid DESC LIMIT ?";
    return (this.#pager.prepared(sql).all(epoch, fromMs, limit) as Row[])
      .map((row) => decode(row.body as string) as ClosedTrade).reverse();
  }

  tradeCount(epoch: number): number {
    return this.#pager.count("trades", conditions([["epoch = ?", epoch]]));
  }

  equity(epoch: number, fromMs: number, toMs: number): readonly EquityRow[] {
    const sql = "SELECT epoch, t, equity, low, high, cash, realized FROM equity " +
      "WHERE epoch = ? AND t BETWEEN ? AND ? ORDER BY t";
    return this.#pager.prepared(sql).all(
      epoch,
      Math.floor(fromMs / 1000),
      Math.floor(toMs / 1000),
    ) as unknown as EquityRow[];
  }

  equityCloses(epoch: number, fromMs: number, toMs: number): readonly EquityRow[] {
    const columns = "epoch, t, equity, low, high, cash, realized";
    // SQLite takes the other columns from the row that has the maximum.
    const sql =
      `SELECT * FROM (SELECT ${columns} FROM equity WHERE epoch = ?1 AND t < ?2 ORDER BY t DESC LIMIT 1) ` +
      `UNION ALL SELECT epoch, MAX(t) AS t, equity, low, high, cash, realized FROM equity ` +
      "WHERE epoch = ?1 AND t BETWEEN ?2 AND ?3 GROUP BY t / 86400 ORDER BY t";
    return this.#pager.prepared(sql).all(
      epoch,
      Math.floor(fromMs / 1000),
      Math.floor(toMs / 1000),
    ) as unknown as EquityRow[];
  }

  /** Event time of the newest row; null when there is none. Orders are refused without an account as well. */
  newestMs(): number | null {
    const sql =
      "SELECT MAX(t) AS t FROM (SELECT MAX(t) * 1000 AS t FROM equity UNION ALL SELECT MAX(placed_ms) FROM orders)";
    return (this.#pager.prepared(sql).get() as { t: number | null }).t;
  }

  /** Deletes the oldest rows; returns how many went. Orders that still work are kept. */
  retain(beforeMs: number, rowsMax: number): number {
    let deleted = 0;
    const drop = (table: string, term: string, before: number) => {
      const sql = `DELETE FROM ${table} WHERE id IN (SELECT id FROM ${table} WHERE ${term} LIMIT ${rowsMax})`;
      deleted += Number(this.#db.prepare(sql).run(before).changes);
    };
    drop("fills", "time_ms < ?", beforeMs);
    drop("trades", "closed_ms < ?", beforeMs);
    drop("orders", "placed_ms < ? AND status NOT IN ('accepted', 'working', 'partially_filled')", beforeMs);
    deleted += Number(
      this.#db.prepare("DELETE FROM equity WHERE t < ?").run(Math.floor(beforeMs / 1000)).changes,
    );
    return deleted;
  }

  #one(sql: string, key: string): OrderRow | null {
    const row = this.#pager.prepared(sql).get(key) as Row | undefined;
    return row ? toOrder(row) : null;
  }
}

/** A fill of its row. */
export function toFill(row: Row): FillRow {
  return { epoch: row.epoch as number, fill: decode(row.body as string) as Fill };
}

function toOrder(row: Row): OrderRow {
  return { epoch: row.epoch as number, order: decode(row.body as string) as Order };
}
