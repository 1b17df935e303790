/** Routes about instruments, their prices, and what trading them came to. */
import { ratioOf } from "../../engine/amount.ts";
import type { Candle } from "../../engine/candle.ts";
import { type MarketId, marketOf } from "../../engine/market.ts";
import { priceVolatility } from "../../engine/market_health.ts";
import { absent, isKnown, type Known, mapKnown } from "../../engine/reason.ts";
import { ACTIVITY_WINDOW_BLOCKS, type CoreState, gateOf } from "../../engine/state.ts";
import type { DeskState } from "../../engine/trading/desk.ts";
import { INSTRUMENTS, marketOfToken, type Token, TOKENS } from "../../engine/trading/instrument.ts";
import { marketTick } from "../../engine/trading/market_tick.ts";
import type { EquityRow } from "../../runtime/ports/store.ts";
import { TRADES_MAX } from "../../runtime/trading_figures.ts";
import { Problem } from "../problem.ts";
import type { QuerySpec, QueryValues } from "../query.ts";
import { replyBody } from "../reply.ts";
import type { Reply, Route } from "../router.ts";
import type { Services } from "../services.ts";
import { type Period, PERIODS, periodTrades, strategiesDraft, STRATEGY_UNITS } from "../views/strategies.ts";
import { openedAccount } from "../views/trading.ts";
import { round } from "../views/view.ts";
import { chainMeta } from "./ledger.ts";

/** Widths of a chart in seconds, and the candles that they are made of. */
const CHART_WIDTHS = {
  "1s": 1,
  "1m": 60,
  "5m": 300,
  "15m": 900,
  "1H": 3_600,
  "4H": 14_400,
  "1D": 86_400,
} as const;

const DAY_S = 86_400;

/** Days that one answer of `/pnl/daily` holds. */
const DAYS_MAX = 365;

const DAY_NOT_KEPT = absent("NO_SAMPLES", "what the account was worth before is not kept");

const SPAN: QuerySpec = {
  from: { type: "integer", min: 0, max: 100_000_000_000, meaning: "Begin, Unix seconds of event time" },
  to: { type: "integer", min: 0, max: 100_000_000_000, meaning: "End, Unix seconds of event time" },
};

const CHART: QuerySpec = {
  ...SPAN,
  tf: { type: "choice", words: Object.keys(CHART_WIDTHS), default: "1m", meaning: "Width of a candle" },
  limit: { type: "integer", min: 1, max: 500, default: 300, meaning: "Candles, the newest of the span" },
  cursor: { type: "text", maxLength: 16, pattern: /^\d+$/, meaning: "next_cursor of the page before" },
};

const PERIOD: QuerySpec = {
  period: { type: "choice", words: Object.keys(PERIODS), default: "7d", meaning: "How far back" },
};

/** The routes. */
export function portfolioRoutes(services: Services): readonly Route[] {
  return [
    {
      method: "GET",
      path: "/assets",
      summary: "What can be traded, with prices and where they come from",
      scope: "public",
      shape: "Assets",
      handle: () => assets(services),
    },
    {
      method: "GET",
      path: "/chart/portfolio",
      summary: "Equity over time, open positions included; thinning keeps the extremes",
      scope: "read",
      shape: "EquityChart",
      query: {
        ...SPAN,
        tf: {
          type: "choice",
          words: Object.keys(CHART_WIDTHS),
          default: "1m",
          meaning: "Narrowest distance",
        },
        limit: { type: "integer", min: 2, max: 500, default: 300, meaning: "Points at most" },
      },
      handle: ({ query }) => equityChart(services, query),
    },
    {
      method: "GET",
      path: "/chart/:symbol",
      summary: "Candles of a unit price, oldest first",
      scope: "public",
      shape: "PriceChart",
      query: CHART,
      handle: ({ params, query }) => priceChart(services, params.symbol!, query),
    },
    {
      method: "GET",
      path: "/market/active",
      summary: "The instruments with volume, volatility and liquidity",
      scope: "public",
      shape: "ActiveMarkets",
      handle: () => activeMarkets(services),
    },
    {
      method: "GET",
      path: "/strategy/performance",
      summary: "What each agent made and how far the figures carry",
      scope: "public",
      shape: "Strategies",
      query: PERIOD,
      handle: ({ query }) => strategies(services, query.period as Period),
    },
    {
      method: "GET",
      path: "/strategy/breakdown",
      summary: "The same over the life of the account",
      scope: "public",
      shape: "Strategies",
      handle: () => ({ topic: "strategies" }),
    },
    {
      method: "GET",
      path: "/strategy/agents",
      summary: "The agents with what can be set for them",
      scope: "public",
      shape: "Agents",
      handle: () => agents(services),
    },
    {
      method: "GET",
      path: "/strategy/risk",
      summary: "Sharpe, Sortino, Calmar, volatility and drawdown of the account, with their conventions",
      scope: "public",
      shape: "StrategyRisk",
      handle: () => strategyRisk(services),
    },
    {
      method: "GET",
      path: "/strategy/matrix",
      summary: "Profit of closed trades per UTC day and agent",
      scope: "public",
      shape: "StrategyMatrix",
      query: PERIOD,
      handle: ({ query }) => strategyMatrix(services, query.period as Period),
    },
    {
      method: "GET",
      path: "/pnl/realized",
      summary: "Profit realised since the account was opened, and within a day",
      scope: "read",
      shape: "RealizedPnl",
      handle: () => realized(services),
    },
    {
      method: "GET",
      path: "/pnl/daily",
      summary: "Profit per UTC day",
      scope: "read",
      shape: "DailyPnl",
      query: { days: { type: "integer", min: 1, max: DAYS_MAX, default: 14, meaning: "Days, the newest" } },
      handle: ({ query }) => daily(services, query.days as number),
    },
    {
      method: "GET",
      path: "/pnl/markets",
      summary: "Realised profit per instrument, after each of the newest fills",
      scope: "read",
      shape: "MarketsPnl",
      query: { limit: { type: "integer", min: 1, max: 500, default: 48, meaning: "Fills, the newest" } },
      handle: ({ query }) => perMarket(services, query.limit as number),
    },
    {
      method: "GET",
      path: "/license",
      summary: "The licence that the program runs under",
      scope: "public",
      shape: "License",
      handle: () => {
        const none = absent("UNDEFINED", "no licence is configured");
        const draft = { mode: "none", wallet: none, issued_at: none, expires_at: none };
        return { json: replyBody(draft, { source: "engine", asOfMs: services.clock.nowMs() }) };
      },
    },
  ];
}

function assets(services: Services): Reply {
  const state = services.state();
  const height = state.chain.blocks.at(-1)?.height ?? -1;
  const { quotes } = marketTick(state, height, state.desk.rules?.limits.staleAfterMs ?? 0);
  const instruments = INSTRUMENTS.map(({ token, market, unit }) => {
    const quote = quotes[token];
    return {
      id: token,
      symbol: token,
      market,
      unit,
      enabled: state.options.enabled[market],
      price: quote?.price ??
        (state.options.enabled[market]
          ? absent("NO_PRICE", "the market has neither receipts nor a quote")
          : absent("DISABLED", `markets.${market}_enabled is false`)),
      stale: quote?.stale ?? true,
      gate: gateOf(state, market).state,
    };
  });
  const draft = {
    assets: TOKENS.filter((token) => state.options.enabled[marketOfToken(token)]),
    instruments,
  };
  return { json: replyBody(draft, chainMeta(services, { "instruments.price": "base units per unit" })) };
}

function priceChart(services: Services, symbol: string, query: QueryValues): Reply {
  const token = symbol.toUpperCase();
  const instrument = INSTRUMENTS.find((known) => known.token === token);
  if (!instrument) {
    throw new Problem(404, `there is no instrument "${symbol.slice(0, 64)}"; there are ${TOKENS.join(", ")}`);
  }
  const tf = query.tf as keyof typeof CHART_WIDTHS;
  const width = CHART_WIDTHS[tf];
  const step = width >= 900 ? 900 : width >= 60 ? 60 : 1;
  const limit = query.limit as number;
  const [fromS, toS] = spanOf(services, query);
  const end = query.cursor === undefined ? toS : Math.min(toS, Number(query.cursor));
  const begin = Math.max(fromS, (Math.floor(end / width) - limit + 1) * width);
  const rows = services.queries().candles(instrument.market, step, begin, end, limit * (width / step));
  const candles = widened(rows, width).map((candle) => ({
    t: candle.t,
    open: Number(candle.open) / 1e6,
    high: Number(candle.high) / 1e6,
    low: Number(candle.low) / 1e6,
    close: Number(candle.close) / 1e6,
    volume: candle.units === 0n
      ? 0
      : ratioOf(candle.units, marketOf(instrument.market).receiptUnitsPerPriceUnit),
    amount: candle.amount,
    count: candle.count,
    price_source: candle.source,
  }));
  const older = begin > fromS &&
    services.queries().candles(instrument.market, step, fromS, begin - 1, 1).length > 0;
  const draft = {
    symbol: token,
    tf,
    unit: instrument.unit,
    candles,
    next_cursor: older ? String(begin - 1) : absent("UNDEFINED", "this is the last page"),
  };
  const units = {
    "candles.t": "Unix s",
    "candles.open": `base units per ${instrument.unit}`,
    "candles.volume": instrument.unit,
    "candles.amount": "base units",
  };
  return { json: replyBody(draft, chainMeta(services, units)) };
}

/** Candles put together into wider ones. */
function widened(candles: readonly Candle[], width: number): readonly Candle[] {
  const wide: Candle[] = [];
  for (const candle of candles) {
    const t = Math.floor(candle.t / width) * width;
    const last = wide[wide.length - 1];
    if (!last || last.t !== t) {
      wide.push({ ...candle, t });
      continue;
    }
    wide[wide.length - 1] = {
      t,
      open: last.open,
      high: candle.high > last.high ? candle.high : last.high,
      low: candle.low < last.low ? candle.low : last.low,
      close: candle.close,
      amount: last.amount + candle.amount,
      units: last.units + candle.units,
      count: last.count + candle.count,
      source: candle.source,
    };
  }
  return wide;
}

function equityChart(services: Services, query: QueryValues): Reply {
  const { desk } = services.state();
  const [fromS, toS] = spanOf(services, query);
  const rows = desk.epoch === 0 ? [] : services.queries().equity(desk.epoch, fromS * 1000, toS * 1000 + 999);
  const width = CHART_WIDTHS[query.tf as keyof typeof CHART_WIDTHS];
  const span = rows.length === 0 ? 0 : rows[rows.length - 1]!.t - rows[0]!.t;
  // Two points per bucket, its lowest and its highest, and the first and the last of all.
  const buckets = Math.max(1, Math.floor(((query.limit as number) - 2) / 2));
  const distance = Math.max(width, Math.ceil(span / buckets));
  const series = thinned(rows, distance, query.limit as number);
  const draft = { epoch: desk.epoch, series };
  return {
    json: replyBody(draft, chainMeta(services, { series: "Unix ms, base units" })),
  };
}

function thinned(
  rows: readonly EquityRow[],
  distance: number,
  limit: number,
): readonly (readonly [number, number])[] {
  if (rows.length <= limit && distance <= 60) return rows.map(({ t, equity }) => [t * 1000, equity]);
  const points: [number, number][] = [];
  for (let i = 0; i < rows.length;) {
    const bucket = Math.floor(rows[i]!.t / distance);
    let low = rows[i]!;
    let high = rows[i]!;
    while (i < rows.length && Math.floor(rows[i]!.t / distance) === bucket) {
      if (rows[i]!.low < low.low) low = rows[i]!;
      if (rows[i]!.high > high.high) high = rows[i]!;
      i++;
    }
    const pair: [number, number][] = [[low.t * 1000, low.low], [high.t * 1000, high.high]];
    points.push(...pair.sort(([a], [b]) => a - b));
  }
  const last = rows[rows.length - 1];
  if (last) points.push([last.t * 1000, last.equity]);
  return points.slice(-limit);
}

function activeMarkets(services: Services): Reply {
  const state = services.state();
  const markets = INSTRUMENTS.map(({ token, market, unit }) => ({
    id: token,
    symbol: `${token} / BLOCK`,
    market,
    unit,
    gate: gateOf(state, market).state,
    ...marketFigures(state, market),
    spread: absent("NOT_OFFERED", "the markets settle by receipt: there is no order book"),
  }));
  const active = markets.filter(({ receipts }) => receipts > 0).length;
  const draft = { markets, overview: { total_markets: markets.length, active } };
  const units = {
    "markets.volume": "base units in 24 h",
    "markets.volatility": "ratio per priced block, of the last 32",
    "markets.liquidity": "units settled per block, over the last 100",
  };
  return { json: replyBody(draft, chainMeta(services, units)) };
}

function marketFigures(state: CoreState, market: MarketId) {
  const { day, window, prices } = state.activity[market];
  return {
    receipts: window.count,
    volume: day.amount,
    volatility: priceVolatility(prices),
    liquidity: Number(window.units) / Number(marketOf(market).receiptUnitsPerPriceUnit) /
      ACTIVITY_WINDOW_BLOCKS,
  };
}

function strategies(services: Services, period: Period): Reply {
  const state = services.state();
  const draft = strategiesDraft(
    state,
    periodTrades(state.desk, services.queries(), period),
    services.trading.agents,
    period,
  );
  return { json: replyBody(draft, chainMeta(services, STRATEGY_UNITS)) };
}

function agents(services: Services): Reply {
  const draft = {
    agents: services.trading.agents.map(({ name, title, hypothesis, parameters }) => ({
      id: name,
      title,
      hypothesis,
      parameters: parameters.map(({ name: id, ...parameter }) => ({ id, ...parameter })),
    })),
  };
  return { json: replyBody(draft, { source: "engine", asOfMs: services.clock.nowMs() }) };
}

function strategyRisk(services: Services): Reply {
  const { desk } = services.state();
  const account = openedAccount(desk);
  const statistics = isKnown(account) ? services.tradingFigures().statistics : null;
  const missing = isKnown(account) ? null : account;
  const draft = {
    epoch: desk.epoch,
    sharpe: statistics?.sharpe ?? missing!,
    sharpe_low: statistics?.sharpeLow ?? missing!,
    sharpe_high: statistics?.sharpeHigh ?? missing!,
    sortino: statistics?.sortino ?? missing!,
    calmar: statistics?.calmar ?? missing!,
    volatility: statistics?.volatility ?? missing!,
    cagr: statistics?.cagr ?? missing!,
    max_drawdown: isKnown(account) ? account.maxDrawdownRatio : account,
    drawdown: isKnown(account) ? account.drawdownRatio : account,
    samples: statistics?.samples ?? 0,
    few_samples: statistics?.fewSamples ?? true,
    convention: "daily closes UTC with open positions, a year of 365 days, no risk-free return",
  };
  return { json: replyBody(draft, chainMeta(services)) };
}

function strategyMatrix(services: Services, period: Period): Reply {
  const { desk } = services.state();
  const days = new Map<string, Map<string, { pnl: number; trades: number }>>();
  const trades = periodTrades(desk, services.queries(), period);
  for (const { closedMs, agent, profit } of trades) {
    const date = dateOf(closedMs / 1000);
    const row = days.get(date) ?? new Map();
    days.set(date, row);
    const cell = row.get(agent ?? "operator") ?? { pnl: 0, trades: 0 };
    row.set(agent ?? "operator", { pnl: cell.pnl + profit, trades: cell.trades + 1 });
  }
  const matrix = [...days].map(([date, row]) => ({ id: date, date, strategies: Object.fromEntries(row) }));
  const draft = { period, epoch: desk.epoch, truncated: trades.length >= TRADES_MAX, matrix };
  return { json: replyBody(draft, chainMeta(services)) };
}

function realized(services: Services): Reply {
  const { desk } = services.state();
  const account = openedAccount(desk);
  if (!isKnown(account)) {
    const draft = { epoch: 0, total: account, change: account, change_pct: account, as_of: account };
    return { json: replyBody(draft, chainMeta(services)) };
  }
  const dayAgoMs = desk.nowMs - DAY_S * 1000;
  const before = isKnown(opening(desk, dayAgoMs))
    ? 0
    : services.queries().equity(desk.epoch, dayAgoMs, desk.nowMs)[0]?.realized;
  const change = before === undefined ? DAY_NOT_KEPT : account.realized - before;
  const draft = {
    epoch: desk.epoch,
    total: account.realized,
    change,
    change_pct: mapKnown(change, (known) => round(100 * known / account.capital, 6)),
    as_of: desk.nowMs,
  };
  const units = {
    total: "base units",
    change: "base units within 24 h",
    change_pct: "% of the capital",
    as_of: "Unix ms",
  };
  return { json: replyBody(draft, chainMeta(services, units)) };
}

/** What the account began with, where it began at or after this time. */
function opening(
  desk: DeskState,
  fromMs: number,
): Known<{ readonly equity: number; readonly realized: number }> {
  return desk.epochMs >= fromMs ? { equity: desk.account!.capital, realized: 0 } : DAY_NOT_KEPT;
}

function daily(services: Services, count: number): Reply {
  const { desk } = services.state();
  const lastDay = Math.floor(desk.nowMs / 1000 / DAY_S);
  const firstS = (lastDay - count + 1) * DAY_S;
  const closes = desk.epoch === 0
    ? []
    : services.queries().equityCloses(desk.epoch, firstS * 1000, desk.nowMs);
  let before: Known<{ readonly equity: number; readonly realized: number }> = DAY_NOT_KEPT;
  const days: object[] = [];
  for (const close of closes) {
    const date = dateOf(close.t);
    const dayMs = Math.floor(close.t / DAY_S) * DAY_S * 1000;
    if (!isKnown(before)) before = opening(desk, dayMs);
    if (close.t >= firstS) {
      days.push({
        id: date,
        date,
        pnl: mapKnown(before, ({ realized }) => close.realized - realized),
        total: close.realized,
        equity_change: mapKnown(before, ({ equity }) => close.equity - equity),
        equity: close.equity,
      });
    }
    before = close;
  }
  const units = { "days.pnl": "base units realised on the day", "days.equity_change": "base units" };
  return { json: replyBody({ epoch: desk.epoch, days }, chainMeta(services, units)) };
}

function perMarket(services: Services, limit: number): Reply {
  const { desk } = services.state();
  const fills = desk.epoch === 0 ? [] : services.queries().fills(desk.epoch, 0, limit);
  const totals = Object.fromEntries(TOKENS.map((token) => [token, realizedOf(desk.attribution, token)]));
  const now = { ...totals };
  // Backwards from what is true now, so that the last point agrees with the account to the base unit.
  const series = [...fills].reverse().map((fill) => {
    const point = { timestamp: fill.timeMs, markets: { ...now } };
    now[fill.token] = now[fill.token]! - fill.realized;
    return point;
  }).reverse();
  const draft = { epoch: desk.epoch, markets: TOKENS, totals, series };
  return {
    json: replyBody(draft, chainMeta(services, { "series.timestamp": "Unix ms", totals: "base units" })),
  };
}

function realizedOf(
  rows: readonly { readonly token: Token; readonly realized: number }[],
  token: Token,
): number {
  return rows.reduce((sum, row) => row.token === token ? sum + row.realized : sum, 0);
}

function spanOf(services: Services, query: QueryValues): readonly [fromS: number, toS: number] {
  const { chain, nowMs } = services.state();
  const to = query.to as number | undefined ?? Math.floor((chain.blocks.at(-1)?.timeMs ?? nowMs) / 1000) + 60;
  const from = query.from as number | undefined ?? 0;
  if (from <= to) return [from, to];
  throw new Problem(400, 'query parameter "from" must not be after "to"', {
    errors: [{ field: "from", message: "must not be after to" }],
  });
}

function dateOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 10);
}
