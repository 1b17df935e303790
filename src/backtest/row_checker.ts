/**
 * The rules that every row of given data has to meet, whether it comes from a file or inline:
 *
 * - a time is Unix seconds (or milliseconds, from 10¹¹ on), a price is above 0, a volume is not negative; all finite;
 * - low ≤ open, close ≤ high;
 * - times rise; a row that repeats the one before in everything is left out and counted, one that has its time and
 *   says something else is wrong;
 * - gaps stay gaps: nothing is filled in, they are counted.
 */
import type { Token } from "../engine/trading/instrument.ts";
import type { FieldError } from "../runtime/ports/backtest.ts";
import {
  BAD_ROWS_SHOWN_MAX,
  type Bars,
  BARS_MAX,
  Column,
  DataError,
  reportOn,
  type Series,
} from "./series.ts";

/** Times from here on are milliseconds. */
const MILLISECONDS_FROM = 1e11;

/** Latest time that is believed: the year 9999. */
const TIME_MS_MAX = 253_402_300_799_999;

/** Which columns the rows have. */
export interface RowShape {
  readonly ohlc: boolean;
  readonly volume: boolean;
}

/** Takes rows in, and says what is wrong with them. */
export class RowChecker {
  readonly #shape: RowShape;
  readonly #nameOf: (row: number, column: string) => string;
  readonly #times = new Column();
  readonly #open: Column;
  readonly #high: Column;
  readonly #low: Column;
  readonly #close = new Column();
  readonly #volume: Column;
  readonly #errors: FieldError[] = [];
  #bad = 0;
  #duplicates = 0;

  /** @param nameOf How a place in the data is called in an error */
  constructor(shape: RowShape, nameOf: (row: number, column: string) => string) {
    this.#shape = shape;
    this.#nameOf = nameOf;
    this.#open = shape.ohlc ? new Column() : this.#close;
    this.#high = shape.ohlc ? new Column() : this.#close;
    this.#low = shape.ohlc ? new Column() : this.#close;
    this.#volume = new Column(shape.volume ? 1_024 : 1);
  }

  /** How many rows were wrong. */
  get bad(): number {
    return this.#bad;
  }

  /** Rows that were taken in. */
  get length(): number {
    return this.#times.length;
  }

  /** Counts a row as wrong. */
  reject(row: number, column: string, message: string): void {
    if (this.#bad++ < BAD_ROWS_SHOWN_MAX) {
      this.#errors.push({ field: this.#nameOf(row, column), message });
    }
  }

  /**
   * Takes a row in. Without open, high and low in the shape, these are ignored.
   *
   * @param row Number of the row, for errors
   */
  add(
    row: number,
    time: number,
    open: number,
    high: number,
    low: number,
    close: number,
    volume: number,
  ): void {
    const { ohlc } = this.#shape;
    const priceName = ohlc ? "close" : "price";
    if (!(time >= 0 && time < Infinity)) return this.reject(row, "timestamp", "is not a time");
    const timeMs = time >= MILLISECONDS_FROM ? time : time * 1000;
    if (timeMs > TIME_MS_MAX) return this.reject(row, "timestamp", "is later than the year 9999");
    if (!(close > 0 && close < Infinity)) return this.reject(row, priceName, PRICE_RULE);
    if (ohlc) {
      if (!(open > 0 && open < Infinity)) return this.reject(row, "open", PRICE_RULE);
      if (!(high > 0 && high < Infinity)) return this.reject(row, "high", PRICE_RULE);
      if (!(low > 0 && low < Infinity)) return this.reject(row, "low", PRICE_RULE);
      if (low > open || low > close) return this.reject(row, "low", "is above open or close");
      if (high < open || high < close) return this.reject(row, "high", "is below open or close");
    }
    if (this.#shape.volume && !(volume >= 0 && volume < Infinity)) {
      return this.reject(row, "volume", "must be a number that is not negative");
    }
    const times = this.#times;
    if (times.length > 0 && timeMs <= times.last) {
      if (timeMs < times.last) return this.reject(row, "timestamp", "is before that of the row above");
      const same = close === this.#close.last &&
        (!ohlc || open === this.#open.last && high === this.#high.last && low === this.#low.last) &&
        (!this.#shape.volume || volume === this.#volume.last);
      if (!same) return this.reject(row, "timestamp", "is that of the row above, with other values");
      this.#duplicates++;
      return;
    }
    times.push(timeMs);
    if (ohlc) {
      this.#open.push(open);
      this.#high.push(high);
      this.#low.push(low);
    }
    this.#close.push(close);
    if (this.#shape.volume) this.#volume.push(volume);
  }

  /**
   * The series.
   *
   * @throws {DataError} If a row was wrong, or there are too few or too many
   */
  finish(token: Token, name: string): Series {
    if (this.#bad > 0) {
      const more = this.#bad - this.#errors.length;
      const rows = `${this.#bad} ${this.#bad === 1 ? "row is" : "rows are"} wrong`;
      throw new DataError(
        `${name}: ${rows}${more > 0 ? `, the first ${this.#errors.length} are told` : ""}`,
        [
          ...this.#errors,
        ],
      );
    }
    const { length } = this.#times;
    if (length < 2) throw new DataError(`${name}: ${length} rows are too few; a run needs at least 2`, []);
    if (length > BARS_MAX) throw new DataError(`${name}: more than ${BARS_MAX} rows`, []);
    const bars: Bars = {
      token,
      open: this.#open.values(),
      high: this.#high.values(),
      low: this.#low.values(),
      close: this.#close.values(),
      volume: this.#shape.volume ? this.#volume.values() : null,
      gate: null,
      stale: null,
    };
    const timesMs = this.#times.values();
    const report = reportOn(timesMs, this.#duplicates);
    return { length, timesMs, heights: null, instruments: [bars], posterior: null, report };
  }
}

const PRICE_RULE = "must be a number above 0";
