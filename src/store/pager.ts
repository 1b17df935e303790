/** Pages of tables, cut by key, so a deep page costs what the first one does. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Page, PageRequest } from "../runtime/ports/store.ts";
import type { Row } from "./rows.ts";

/** Prepared statements that are kept for reuse. */
const STATEMENTS_MAX = 256;

/** A value of a statement. */
export type Parameter = string | number;

/** A filter as SQL. */
export interface Where {
  readonly terms: readonly string[];
  readonly parameters: readonly Parameter[];
}

/** How a table is paged: the columns of its order, all descending; the last may be a text, the others are whole numbers. */
export interface Order {
  readonly table: string;
  readonly columns: readonly string[];
}

/** Reads pages of an open database. */
export class Pager {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** @throws {RangeError} If the cursor is not one that we gave */
  page<T>(
    { table, columns }: Order,
    where: Where,
    page: PageRequest,
    toItem: (row: Row) => T,
    total: number | null,
  ): Page<T> {
    const after = page.cursor === undefined ? null : readCursor(page.cursor, columns);
    const key = `(${columns.join(", ")})`;
    const terms = after ? [...where.terms, `${key} < (${columns.map(() => "?").join(", ")})`] : where.terms;
    const order = columns.map((column) => `${column} DESC`).join(", ");
    const sql = `SELECT * FROM ${table}${whereSql(terms)} ORDER BY ${order} LIMIT ? OFFSET ?`;
    const rows = this.prepared(sql)
      .all(...where.parameters, ...(after ?? []), page.limit + 1, page.offset ?? 0) as Row[];
    const shown = rows.slice(0, page.limit);
    const last = shown[shown.length - 1];
    return {
      items: shown.map(toItem),
      total: total ?? this.count(table, where),
      nextCursor: last && rows.length > page.limit
        ? writeCursor(columns.map((column) => last[column] as Parameter))
        : null,
    };
  }

  /** Rows that match. */
  count(table: string, { terms, parameters }: Where): number {
    const sql = `SELECT COUNT(*) AS n FROM ${table}${whereSql(terms)}`;
    return (this.prepared(sql).get(...parameters) as { n: number }).n;
  }

  /** A statement, prepared once. */
  prepared(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      if (this.#statements.size >= STATEMENTS_MAX) this.#statements.clear();
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/** The terms whose value is given. */
export function conditions(given: readonly (readonly [term: string, value: Parameter | undefined])[]): Where {
  const used = given.filter((pair): pair is readonly [string, Parameter] => pair[1] !== undefined);
  return { terms: used.map(([term]) => term), parameters: used.map(([, value]) => value) };
}

/** A truth as SQLite keeps it. */
export function flag(value: boolean | undefined): number | undefined {
  return value === undefined ? undefined : Number(value);
}

/** A key as a text for the client. */
export function writeCursor(key: readonly Parameter[]): string {
  return btoa(JSON.stringify(key)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Columns of a key that hold texts; the others hold whole numbers. */
const TEXT_COLUMNS: ReadonlySet<string> = new Set(["id", "market"]);

/**
 * Reads the values of some columns from a cursor.
 *
 * @throws {RangeError} If the text is not a cursor that we gave
 */
export function readCursor(text: string, columns: readonly string[]): readonly Parameter[] {
  try {
    const key: unknown = JSON.parse(atob(text.replaceAll("-", "+").replaceAll("_", "/")));
    const isKey = Array.isArray(key) && key.length === columns.length &&
      columns.every((column, i) =>
        TEXT_COLUMNS.has(column) ? typeof key[i] === "string" : Number.isSafeInteger(key[i])
      );
    if (isKey) return key;
  } catch {
    // Falls through to the error.
  }
  throw new RangeError("the cursor is not one that this server gave");
}

function whereSql(terms: readonly string[]): string {
  return terms.length === 0 ? "" : ` WHERE ${terms.join(" AND ")}`;
}
