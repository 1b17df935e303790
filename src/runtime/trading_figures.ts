/**
 * Figures of the account that need its past: they read the store, so they are made once a minute of event time and not
 * with every block.
 */
import type { CoreState } from "../engine/state.ts";
import { INSTRUMENTS, type Token } from "../engine/trading/instrument.ts";
import { type EquityCurve, type EquityStatistics, equityStatistics } from "../engine/trading/performance.ts";
import type { ClosedTrade } from "../engine/trading/state.ts";
import type { Queries } from "./ports/store.ts";

const DAY_MS = 86_400_000;

/** Days of equity that statistics look back on. */
const STATISTICS_DAYS = 365;

/** Minutes of prices that the tail risk looks back on. */
const PRICE_MINUTES = 1_440;

/** Closed trades that figures rest on at most: the newest. */
export const TRADES_MAX = 10_000;

/** What was computed from the store. */
export interface TradingFigures {
  readonly statistics: EquityStatistics;
  /** Equity a day ago, or what a younger account began with; null where that is not kept. */
  readonly equityDayAgo: number | null;
  /** Closes per minute and instrument at the same times, oldest first; a minute without one keeps the last. */
  readonly closes: Readonly<Partial<Record<Token, readonly number[]>>>;
}

/** Makes the figures, at most once a minute of event time. */
export class FigureCache {
  readonly #history = new EquityHistory();
  #key = "";
  #figures: TradingFigures | null = null;
  #tradesKey = "";
  #tradesOf: Queries | null = null;
  #trades: readonly ClosedTrade[] = [];

  /** The figures as of the present minute. */
  of({ desk }: CoreState, queries: Queries): TradingFigures {
    const { epoch, epochMs, nowMs, account } = desk;
    const key = `${epoch} ${Math.floor(nowMs / 60_000)}`;
    if (this.#figures === null || key !== this.#key) {
      this.#history.update(epoch, nowMs, queries);
      const dayAgoMs = nowMs - DAY_MS;
      this.#figures = {
        statistics: equityStatistics(this.#history.curve()),
        equityDayAgo: epochMs >= dayAgoMs ? account?.capital ?? null : this.#history.from(dayAgoMs),
        closes: minuteCloses(nowMs, queries),
      };
      this.#key = key;
    }
    return this.#figures;
  }

  /** Closed trades of the present account, oldest first; read again when one came or went. */
  trades({ desk: { epoch, account } }: CoreState, queries: Queries): readonly ClosedTrade[] {
    if (epoch === 0) return [];
    const key = `${epoch} ${account?.closedTrades} ${queries.tradeCount(epoch)}`;
    if (key !== this.#tradesKey || queries !== this.#tradesOf) {
      this.#trades = queries.trades(epoch, 0, TRADES_MAX);
      this.#tradesKey = key;
      this.#tradesOf = queries;
    }
    return this.#trades;
  }
}

/** Equity of one account as far as statistics look back. A year has half a million rows: only the new ones are read. */
class EquityHistory {
  readonly #timesMs: number[] = [];
  readonly #equity: number[] = [];
  #epoch = 0;
  #queries: Queries | null = null;

  update(epoch: number, nowMs: number, queries: Queries): void {
    const fromMs = nowMs - STATISTICS_DAYS * DAY_MS;
    if (epoch !== this.#epoch || queries !== this.#queries || (this.#timesMs.at(-1) ?? 0) > nowMs) {
      this.#drop(Infinity);
    }
    this.#epoch = epoch;
    this.#queries = queries;
    const lastMs = this.#timesMs.pop() ?? fromMs; // The newest minute was not over.
    this.#equity.pop();
    for (const { t, equity } of queries.equity(epoch, lastMs, nowMs)) {
      this.#timesMs.push(t * 1000);
      this.#equity.push(equity);
    }
    this.#drop(fromMs);
  }

  curve(): EquityCurve {
    const { length } = this.#equity;
    return { timesMs: Float64Array.from(this.#timesMs), equity: Float64Array.from(this.#equity), length };
  }

  /** Equity of the first minute at or after a time; null without one. */
  from(ms: number): number | null {
    return this.#equity[this.#timesMs.findLastIndex((timeMs) => timeMs < ms) + 1] ?? null;
  }

  #drop(beforeMs: number): void {
    const kept = this.#timesMs.findIndex((timeMs) => timeMs >= beforeMs);
    const count = kept < 0 ? this.#timesMs.length : kept;
    this.#timesMs.splice(0, count);
    this.#equity.splice(0, count);
  }
}

function minuteCloses(nowMs: number, queries: Queries): TradingFigures["closes"] {
  const to = Math.floor(nowMs / 60_000) * 60;
  const from = to - (PRICE_MINUTES - 1) * 60;
  const found = INSTRUMENTS.map(({ token, market }) => ({
    token,
    candles: queries.candles(market, 60, from, to, PRICE_MINUTES),
  })).filter(({ candles }) => candles.length > 0);
  // All lists begin where the youngest instrument does, so that they speak of the same minutes.
  const begin = Math.max(...found.map(({ candles }) => candles[0]!.t));
  return Object.fromEntries(found.map(({ token, candles }) => {
    const closes: number[] = [];
    let at = 0;
    let close = 0;
    for (let t = begin; t <= to; t += 60) {
      while (at < candles.length && candles[at]!.t <= t) close = Number(candles[at++]!.close) / 1e6;
      closes.push(close);
    }
    return [token, closes];
  }));
}
