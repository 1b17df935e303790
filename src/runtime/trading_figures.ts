/**
 * Figures of the account that need its past: they read the store, so they are made once a minute of event time and not
 * with every block.
 */
import type { CoreState } from "../engine/state.ts";
import { INSTRUMENTS, type Token } from "../engine/trading/instrument.ts";
import type { DeskState } from "../engine/trading/desk.ts";
import { type EquityStatistics, equityStatistics } from "../engine/trading/performance.ts";
import type { Queries } from "./ports/store.ts";

/** Days of equity that statistics look back on. */
const STATISTICS_DAYS = 365;

/** Minutes of prices that the tail risk looks back on. */
const PRICE_MINUTES = 1_440;

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
  #key = "";
  #figures: TradingFigures | null = null;

  /** The figures as of the present minute. */
  of({ desk }: CoreState, queries: Queries): TradingFigures {
    const key = `${desk.epoch} ${Math.floor(desk.nowMs / 60_000)}`;
    if (this.#figures === null || key !== this.#key) {
      this.#figures = compute(desk, queries);
      this.#key = key;
    }
    return this.#figures;
  }
}

function compute({ epoch, epochMs, nowMs, account }: DeskState, queries: Queries): TradingFigures {
  const rows = queries.equity(epoch, nowMs - STATISTICS_DAYS * 86_400_000, nowMs);
  const dayAgoS = nowMs / 1000 - 86_400;
  return {
    statistics: equityStatistics({
      timesMs: Float64Array.from(rows, ({ t }) => t * 1000),
      equity: Float64Array.from(rows, ({ equity }) => equity),
      length: rows.length,
    }),
    equityDayAgo: epochMs >= dayAgoS * 1000
      ? account?.capital ?? null
      : rows.find(({ t }) => t >= dayAgoS)?.equity ?? null,
    closes: minuteCloses(nowMs, queries),
  };
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
