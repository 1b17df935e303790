/** The result of a run: figures with their conventions, what the guardrails did, the final mark, and the lists. */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { absent, type Known } from "../engine/reason.ts";
import type { DenialCode } from "../engine/trading/denial.ts";
import { unitsOf } from "../engine/trading/money.ts";
import { equityStatistics } from "../engine/trading/performance.ts";
import type { TradingRules } from "../engine/trading/rules.ts";
import { type ClosedTrade, tradingState } from "../engine/trading/state.ts";
import { tradeStatistics } from "../engine/trading/trade_statistics.ts";
import type { BacktestPart } from "../runtime/ports/backtest.ts";
import type { RunState } from "./run.ts";
import type { Series } from "./series.ts";

/** Points of the curve that are kept. */
export const EQUITY_POINTS_MAX = 10_000;

/** Points of the curve that the result itself holds. */
const CURVE_POINTS_MAX = 1_000;

/** Rows of one part of a list. */
const TRADE_PART_ROWS = 500;
const EQUITY_PART_ROWS = 5_000;

/** Guardrails of a request and the codes by which the account refuses because of them. */
const GUARDRAILS: readonly (readonly [name: string, code: DenialCode])[] = [
  ["max_drawdown", "DRAWDOWN_HALT"],
  ["max_position", "MAX_POSITION"],
  ["max_concurrent_trades", "MAX_CONCURRENT"],
];

/** What a report is made of. */
export interface ReportInput {
  readonly series: Series;
  readonly state: RunState;
  readonly trades: readonly ClosedTrade[];
  readonly rules: TradingRules;
  readonly capital: number;
}

/** The result without its lists. Values that are not known say why. */
export function resultOf(input: ReportInput): Record<string, unknown> {
  const { series, state, trades, rules, capital } = input;
  const { account } = state;
  const bars = state.bar - state.from;
  const stats = equityStatistics(curveOf(series, state));
  const traded = tradeStatistics(trades);
  const { drawdown } = stats;
  return {
    progress: series.length === 0 ? 0 : state.bar / series.length,
    bars,
    pnl: account.equity - capital,
    pnl_ratio: account.equity / capital - 1,
    final_equity: account.equity,
    drawdown: account.maxDrawdownRatio,
    sharpe: stats.sharpe,
    win_rate: traded.winRate,
    trades: trades.length,
    open_trades: account.positions.length,
    limit_breach: breachOf(state),
    trades_sha256: hashOf(trades),
    metrics: {
      interval_ms: stats.intervalMs,
      periods_per_year: stats.periodsPerYear,
      samples: stats.samples,
      few_samples: stats.fewSamples,
      return_ratio: stats.returnRatio,
      cagr: stats.cagr,
      volatility: stats.volatility,
      sharpe: stats.sharpe,
      sharpe_low_95: stats.sharpeLow,
      sharpe_high_95: stats.sharpeHigh,
      probabilistic_sharpe: stats.probabilisticSharpe,
      sortino: stats.sortino,
      calmar: stats.calmar,
      value_at_risk_95: stats.valueAtRisk,
      expected_shortfall_95: stats.expectedShortfall,
      drawdown: "ratio" in drawdown
        ? {
          ratio: drawdown.ratio,
          amount: drawdown.amount,
          peak: drawdown.peakMs / 1000,
          trough: drawdown.troughMs / 1000,
          recovered: drawdown.recoveredMs === null
            ? absent("UNDEFINED", "equity has not come back to that peak")
            : drawdown.recoveredMs / 1000,
          longest_seconds: drawdown.longestMs / 1000,
        }
        : drawdown,
      trades: {
        n: traded.trades,
        few_trades: traded.fewTrades,
        won: traded.won,
        lost: traded.lost,
        win_rate: traded.winRate,
        win_rate_low_95: traded.winRateLow,
        win_rate_high_95: traded.winRateHigh,
        profit_factor: traded.profitFactor,
        expectancy: traded.expectancy,
        expectancy_low_95: traded.expectancyLow,
        expectancy_high_95: traded.expectancyHigh,
        average_win: traded.averageWin,
        average_loss: traded.averageLoss,
        sqn: traded.sqn,
        average_held_seconds: secondsOf(traded.averageHeldMs),
        longest_losing_streak: traded.longestLosingStreak,
        worst_adverse_ratio: traded.worstAdverseRatio,
        best_favourable_ratio: traded.bestFavourableRatio,
      },
      exposure_ratio: bars > 0 ? state.exposedBars / bars : absent("NO_SAMPLES", "no bar was run"),
      turnover: account.turnover,
      fees: account.fees,
      fills: state.fills,
      orders: state.orders,
    },
    guardrails: {
      state: tradingState(account),
      halted_at_bar: state.haltedAt ?? absent("NO_SAMPLES", "the account was never halted"),
      halt_reason: account.halt?.reason ?? absent("NO_SAMPLES", "the account was never halted"),
      denied: Object.fromEntries([...state.denied].sort(([a], [b]) => (a < b ? -1 : 1))),
      first_denied_at_bar: Object.fromEntries([...state.deniedAt].sort(([a], [b]) => (a < b ? -1 : 1))),
      suspended_agents: account.suspended.map(({ agent, reason, atMs }) => ({
        agent,
        reason,
        time: atMs / 1000,
      })),
      events: state.riskEvents.map(({ kind, atMs, detail }) => ({ kind, time: atMs / 1000, detail })),
      event_count: state.riskEventCount,
    },
    final_mark: finalMark(series, state),
    by_agent: byAgent(trades),
    data: dataDraft(series),
    rules: {
      fill: rules.fill,
      fee_ratio: rules.fees.ratio,
      spread_ratio: rules.costs.spreadRatio,
      slippage_ratio: rules.costs.slippageRatio,
      impact_ratio: rules.costs.impactRatio,
      participation_max_ratio: rules.costs.participationMaxRatio,
      quantum: rules.quantum,
    },
    equity_curve: curvePoints(series, state, CURVE_POINTS_MAX),
  };
}

/** The equity of a run as the statistics want it: the capital at the time of the first bar, then every bar. */
export function curveOf(series: Series, state: RunState) {
  const bars = state.bar - state.from;
  const timesMs = new Float64Array(bars + 1);
  timesMs.set(series.timesMs.subarray(state.from, state.bar), 1);
  timesMs[0] = bars > 0 ? timesMs[1]! : 0;
  return { timesMs, equity: state.equity.subarray(0, bars + 1), length: bars + 1 };
}

/** The first of the three guardrails that did something. */
function breachOf(state: RunState): Known<string> {
  let first: { name: string; bar: number } | null = null;
  for (const [name, code] of GUARDRAILS) {
    const bar = name === "max_drawdown" ? state.haltedAt : state.deniedAt.get(code) ?? null;
    if (bar !== null && (first === null || bar < first.bar)) first = { name, bar };
  }
  return first?.name ?? absent("NO_SAMPLES", "no guardrail had to do anything");
}

/** Positions that are open at the end are not sold: they are valued at the last price, and said to be open. */
function finalMark(series: Series, { account, bar }: RunState) {
  return {
    time: bar > 0 ? series.timesMs[bar - 1]! / 1000 : 0,
    rule: "open positions are valued at the last price, without the costs of selling them",
    cash: account.cash,
    equity: account.equity,
    unrealized: account.equity - account.capital - account.realized,
    working_orders: account.orders.length,
    positions: account.positions.map(({ token, agent, qtyMicro, cost }) => ({
      token,
      agent: agent ?? "operator",
      qty: unitsOf(qtyMicro),
      price: account.instruments[token].price,
      value: unitsOf(qtyMicro) * account.instruments[token].price,
      cost,
    })),
  };
}

function byAgent(trades: readonly ClosedTrade[]) {
  const agents = new Map<string, { trades: number; won: number; profit: number; fees: number }>();
  for (const { agent, profit, fees } of trades) {
    const name = agent ?? "operator";
    const sums = agents.get(name) ?? { trades: 0, won: 0, profit: 0, fees: 0 };
    sums.trades++;
    if (profit > 0) sums.won++;
    sums.profit += profit;
    sums.fees += fees;
    agents.set(name, sums);
  }
  return [...agents].map(([name, sums]) => ({ name, ...sums }));
}

function dataDraft({ report, instruments }: Series) {
  const none = absent("NO_SAMPLES", "there is no bar");
  return {
    bars: report.bars,
    tokens: instruments.map(({ token }) => token),
    from: report.from ?? none,
    to: report.to ?? none,
    duplicates: report.duplicates,
    gaps: report.gaps,
    longest_gap_seconds: report.longestGapSeconds,
    median_step_seconds: report.medianStepSeconds ?? none,
  };
}

function secondsOf(known: Known<number>): Known<number> {
  return typeof known === "number" ? known / 1000 : known;
}

/** Trades that are hashed at once. */
const HASH_BATCH = 512;

/**
 * SHA-256 of the trades: for each its token and agent as `token,agent\n`, and, behind the names of up to 512 of them,
 * their six numbers as little-endian float64: opened and closed (ms), quantity (micro units), entry and exit price,
 * profit. The same trades give the same hash, to the last bit of every number.
 */
export function hashOf(trades: readonly ClosedTrade[]): string {
  const hash = createHash("sha256");
  const numbers = new DataView(new ArrayBuffer(HASH_BATCH * 48));
  for (let first = 0; first < trades.length; first += HASH_BATCH) {
    const count = Math.min(HASH_BATCH, trades.length - first);
    let names = "";
    for (let i = 0; i < count; i++) {
      const { token, agent, openedMs, closedMs, qtyMicro, entryPrice, exitPrice, profit } =
        trades[first + i]!;
      names += `${token},${agent}\n`;
      numbers.setFloat64(i * 48, openedMs, true);
      numbers.setFloat64(i * 48 + 8, closedMs, true);
      numbers.setFloat64(i * 48 + 16, qtyMicro, true);
      numbers.setFloat64(i * 48 + 24, entryPrice, true);
      numbers.setFloat64(i * 48 + 32, exitPrice, true);
      numbers.setFloat64(i * 48 + 40, profit, true);
    }
    hash.update(names).update(new Uint8Array(numbers.buffer, 0, count * 48));
  }
  return hash.digest("hex");
}

/** The lists of a result in parts: trades, with those that are open last, and the curve. */
export function* partsOf({ series, state, trades }: ReportInput): Generator<BacktestPart> {
  const open = state.account.positions.map((position) => ({
    token: position.token,
    agent: position.agent ?? "operator",
    qty: unitsOf(position.boughtMicro),
    opened: position.openedMs / 1000,
    closed: null,
    entry_price: position.boughtGross / unitsOf(position.boughtMicro),
    exit_price: null,
    pnl: position.realized + unitsOf(position.qtyMicro) * state.account.instruments[position.token].price -
      position.cost,
    pnl_ratio:
      (position.realized + unitsOf(position.qtyMicro) * state.account.instruments[position.token].price -
        position.cost) / (position.boughtGross + position.fees),
    fees: position.fees,
    adverse_ratio: 0,
    favourable_ratio: 0,
    cause: "open",
  }));
  const total = trades.length + open.length;
  for (let first = 0; first < total; first += TRADE_PART_ROWS) {
    const rows: unknown[] = [];
    for (let i = first; i < Math.min(total, first + TRADE_PART_ROWS); i++) {
      rows.push({ id: i + 1, ...(i < trades.length ? tradeRow(trades[i]!) : open[i - trades.length]!) });
    }
    yield part("trades", first, rows);
  }
  const points = curvePoints(series, state, EQUITY_POINTS_MAX);
  for (let first = 0; first < points.length; first += EQUITY_PART_ROWS) {
    yield part("equity", first, points.slice(first, first + EQUITY_PART_ROWS));
  }
}

function tradeRow(trade: ClosedTrade) {
  return {
    token: trade.token,
    agent: trade.agent ?? "operator",
    qty: unitsOf(trade.qtyMicro),
    opened: trade.openedMs / 1000,
    closed: trade.closedMs / 1000,
    entry_price: trade.entryPrice,
    exit_price: trade.exitPrice,
    pnl: trade.profit,
    pnl_ratio: trade.profitRatio,
    fees: trade.fees,
    adverse_ratio: trade.adverseRatio,
    favourable_ratio: trade.favourableRatio,
    cause: trade.cause,
  };
}

function part(list: BacktestPart["list"], first: number, rows: readonly unknown[]): BacktestPart {
  return { list, first, count: rows.length, body: gzipSync(JSON.stringify(rows), { level: 1 }) };
}

/** The curve as `[Unix s, equity]`: all of it where it is short, else evenly thinned out, the last point kept. */
export function curvePoints(series: Series, state: RunState, pointsMax: number): readonly [number, number][] {
  const last = state.bar - state.from;
  const step = Math.max(1, Math.ceil(last / (pointsMax - 1)));
  const points: [number, number][] = [];
  // The first point is the capital, at the time of the first bar.
  const push = (point: number) => {
    points.push([series.timesMs[state.from + Math.max(0, point - 1)]! / 1000, state.equity[point]!]);
  };
  for (let point = 0; point <= last; point += step) push(point);
  if (last % step !== 0) push(last);
  return points;
}
