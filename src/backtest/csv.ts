/**
 * CSV of prices, read piece by piece straight from bytes: `timestamp,price[,volume]` or
 * `timestamp,open,high,low,close[,volume]`, in any order of columns, with a header. Further columns are ignored.
 */
import type { Token } from "../engine/trading/instrument.ts";
import { BARS_MAX, DataError, type Series } from "./series.ts";
import { RowChecker } from "./row_checker.ts";

/** Longest line. */
export const LINE_BYTES_MAX = 4_096;

/** Columns of a file. */
const COLUMNS_MAX = 64;

const LF = 10;
const CR = 13;
const QUOTE = 34;
const COMMA = 44;
const MINUS = 45;
const DOT = 46;
const ZERO = 48;
const NINE = 57;

/** What a column of the file is to us. */
const ROLES = ["timestamp", "open", "high", "low", "close", "volume"] as const;

/** Names that a header may use. */
const NAMES: Readonly<Record<string, (typeof ROLES)[number]>> = {
  timestamp: "timestamp",
  time: "timestamp",
  date: "timestamp",
  open: "open",
  high: "high",
  low: "low",
  close: "close",
  price: "close",
  volume: "volume",
};

/** Powers of ten that a float64 holds exactly. */
const POWERS = Array.from({ length: 23 }, (_, i) => 10 ** i);

/** Reads one file. */
export class CsvReader {
  readonly #name: string;
  readonly #decoder = new TextDecoder();
  #rest: Uint8Array = new Uint8Array(0);
  #line = 0;
  /** Index into a row's values for each column of the file; −1 where it is none of ours. */
  #roles: number[] = [];
  #rows: RowChecker | null = null;
  readonly #values = new Float64Array(ROLES.length);

  /** @param name Name of the file, for errors */
  constructor(name: string) {
    this.#name = name;
  }

  /** Rows that were read. */
  get rows(): number {
    return this.#rows?.length ?? 0;
  }

  /**
   * Reads the next piece.
   *
   * @throws {DataError} If this is no such file, or it is too long
   */
  push(chunk: Uint8Array): void {
    let bytes = chunk;
    if (this.#rest.length > 0) {
      bytes = new Uint8Array(this.#rest.length + chunk.length);
      bytes.set(this.#rest);
      bytes.set(chunk, this.#rest.length);
    }
    let start = 0;
    for (;;) {
      const end = bytes.indexOf(LF, start);
      if (end < 0) break;
      this.#take(bytes, start, end);
      start = end + 1;
    }
    this.#rest = bytes.slice(start);
    if (this.#rest.length > LINE_BYTES_MAX) this.#refuse(`is longer than ${LINE_BYTES_MAX} bytes`);
  }

  /**
   * The series of the whole file.
   *
   * @throws {DataError} With every row that is wrong
   */
  finish(token: Token): Series {
    if (this.#rest.length > 0) this.#take(this.#rest, 0, this.#rest.length);
    this.#rest = new Uint8Array(0);
    if (!this.#rows) throw new DataError(`${this.#name} is empty`, []);
    return this.#rows.finish(token, this.#name);
  }

  #take(bytes: Uint8Array, start: number, lineEnd: number): void {
    this.#line++;
    const end = lineEnd > start && bytes[lineEnd - 1] === CR ? lineEnd - 1 : lineEnd;
    if (end - start > LINE_BYTES_MAX) this.#refuse(`is longer than ${LINE_BYTES_MAX} bytes`);
    if (end === start) return; // An empty line says nothing.
    if (this.#rows === null) this.#header(this.#decoder.decode(bytes.subarray(start, end)));
    else this.#row(this.#rows, bytes, start, end);
  }

  #header(text: string): void {
    const names = text.replace(/^\ufeff/, "").split(",").map((cell) =>
      cell.trim().replace(/^"(.*)"$/, "$1").toLowerCase()
    );
    if (names.length > COLUMNS_MAX) this.#refuse(`has more than ${COLUMNS_MAX} columns`);
    const roles = names.map((name) => Object.hasOwn(NAMES, name) ? NAMES[name]! : null);
    const has = (role: string) => roles.some((known) => known === role);
    for (const role of ROLES) {
      if (roles.filter((known) => known === role).length > 1) {
        this.#refuse(`names the column ${role} more than once`);
      }
    }
    const ohlc = has("open") || has("high") || has("low");
    const missing = (ohlc ? ["timestamp", "open", "high", "low", "close"] : ["timestamp", "close"])
      .filter((role) => !has(role));
    if (missing.length > 0) {
      const wanted = missing.map((role) => role === "close" && !ohlc ? "price" : role).join(", ");
      this.#refuse(`must be a header with timestamp,price[,volume] or OHLCV; it lacks ${wanted}`);
    }
    this.#roles = roles.map((role) => role === null ? -1 : ROLES.indexOf(role));
    this.#rows = new RowChecker(
      { ohlc, volume: has("volume") },
      (row, column) => `${this.#name}:${row}:${column}`,
    );
  }

  #row(rows: RowChecker, bytes: Uint8Array, start: number, end: number): void {
    const values = this.#values;
    const roles = this.#roles;
    let column = 0;
    let cellStart = start;
    for (let at = start; at <= end; at++) {
      if (at < end && bytes[at] !== COMMA) continue;
      if (column < roles.length) {
        const role = roles[column]!;
        if (role >= 0) {
          const value = numberAt(bytes, cellStart, at);
          values[role] = !Number.isNaN(value) ? value : this.#slowNumber(bytes, cellStart, at, role === 0);
        }
      }
      column++;
      cellStart = at + 1;
    }
    if (column !== roles.length) {
      return rows.reject(this.#line, "*", `has ${column} cells, the header has ${roles.length}`);
    }
    rows.add(this.#line, values[0]!, values[1]!, values[2]!, values[3]!, values[4]!, values[5]!);
    if (rows.length > BARS_MAX) this.#refuse(`is row ${BARS_MAX + 1}; more are not taken`);
  }

  /** A number in a spelling that is rare, or a date; NaN where it is neither. */
  #slowNumber(bytes: Uint8Array, start: number, end: number, isTime: boolean): number {
    const text = this.#decoder.decode(bytes.subarray(start, end)).trim().replace(/^"(.*)"$/, "$1");
    if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?$/i.test(text)) return Number(text);
    if (!isTime || !/^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/.test(text)) {
      return NaN;
    }
    const zoned = /([Z]|[+-]\d\d:?\d\d)$/.test(text.slice(10)) || text.length === 10 ? text : `${text}Z`;
    return Date.parse(zoned.replace(" ", "T")) / 1000;
  }

  #refuse(problem: string): never {
    const message = `line ${Math.max(1, this.#line)} ${problem}`;
    throw new DataError(`${this.#name}: ${message}`, [{
      field: `${this.#name}:${Math.max(1, this.#line)}:*`,
      message: problem,
    }]);
  }
}

/**
 * A plain decimal number, exactly as `Number()` would read it; NaN for every other spelling, also for one with more
 * digits than can be scaled exactly.
 */
function numberAt(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  const negative = bytes[at] === MINUS;
  if (negative) at++;
  if (at >= end || bytes[at] === QUOTE) return NaN;
  let digits = 0;
  let mantissa = 0;
  let decimals = -1;
  for (; at < end; at++) {
    const byte = bytes[at]!;
    if (byte === DOT && decimals < 0) decimals = 0;
    else if (byte >= ZERO && byte <= NINE) {
      mantissa = mantissa * 10 + (byte - ZERO);
      if (mantissa > 0) digits++;
      if (decimals >= 0) decimals++;
    } else return NaN;
  }
  if (
    digits > 15 || decimals > 22 || decimals === 0 ||
    end - start - (negative ? 1 : 0) === (decimals < 0 ? 0 : 1)
  ) {
    return NaN;
  }
  const value = decimals > 0 ? mantissa / POWERS[decimals]! : mantissa;
  return negative ? -value : value;
}
