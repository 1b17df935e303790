/** Figures of closed trades, and what each agent contributed. Money is net of fees. */
import { absent, type Known } from "../reason.ts";
import type { Token } from "./instrument.ts";
import { momentsOf, studentQuantile, Z_95 } from "./moments.ts";
import type { Fill } from "./order.ts";
import type { ClosedTrade } from "./state.ts";

/** Trades below which figures are said to rest on few. */
export const FEW_TRADES = 30;

/** Figures of closed trades. A trade that made exactly nothing is neither won nor lost. */
export interface TradeStatistics {
  readonly trades: number;
  readonly fewTrades: boolean;
  readonly won: number;
  readonly lost: number;
  readonly winRate: Known<number>;
  /** 95 % interval of the win rate (Wilson). */
  readonly winRateLow: Known<number>;
  readonly winRateHigh: Known<number>;
  readonly profit: number;
  readonly grossProfit: number;
  /** Positive. */
  readonly grossLoss: number;
  readonly fees: number;
  readonly profitFactor: Known<number>;
  /** Mean profit of a trade, base units, and its 95 % interval (Student's t). */
  readonly expectancy: Known<number>;
  readonly expectancyLow: Known<number>;
  readonly expectancyHigh: Known<number>;
  readonly averageWin: Known<number>;
  readonly averageLoss: Known<number>;
  /** System quality number: √n · mean / standard deviation of profit. */
  readonly sqn: Known<number>;
  readonly averageHeldMs: Known<number>;
  readonly longestLosingStreak: number;
  /** Worst and best price against the entry over all trades, ratios. */
  readonly worstAdverseRatio: Known<number>;
  readonly bestFavourableRatio: Known<number>;
}

/** What the figures need of a trade. */
export type TradeFigures = Pick<
  ClosedTrade,
  "profit" | "fees" | "openedMs" | "closedMs" | "adverseRatio" | "favourableRatio"
>;

/** Figures of trades in the order in which they were closed. */
export function tradeStatistics(trades: readonly TradeFigures[]): TradeStatistics {
  const count = trades.length;
  let won = 0, lost = 0, grossProfit = 0, grossLoss = 0, fees = 0, heldMs = 0;
  let streak = 0, longestLosingStreak = 0, worst = 0, best = 0;
  const profits = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const trade = trades[i]!;
    const { profit } = trade;
    profits[i] = profit;
    fees += trade.fees;
    heldMs += trade.closedMs - trade.openedMs;
    if (trade.adverseRatio < worst) worst = trade.adverseRatio;
    if (trade.favourableRatio > best) best = trade.favourableRatio;
    streak = profit < 0 ? streak + 1 : 0;
    if (streak > longestLosingStreak) longestLosingStreak = streak;
    if (profit > 0) {
      won++;
      grossProfit += profit;
    } else if (profit < 0) {
      lost++;
      grossLoss -= profit;
    }
  }
  const none = absent("NO_SAMPLES", "no trade was closed");
  const { mean, deviation } = momentsOf(profits);
  const margin = count > 1 ? studentQuantile(count - 1) * deviation / Math.sqrt(count) : NaN;
  const two = absent("NO_SAMPLES", "it needs two closed trades");
  const [low, high] = wilson(won, count);
  return {
    trades: count,
    fewTrades: count < FEW_TRADES,
    won,
    lost,
    winRate: count > 0 ? won / count : none,
    winRateLow: count > 0 ? low : none,
    winRateHigh: count > 0 ? high : none,
    profit: grossProfit - grossLoss,
    grossProfit,
    grossLoss,
    fees,
    profitFactor: count === 0
      ? none
      : lost > 0
      ? grossProfit / grossLoss
      : absent("UNDEFINED", "no trade lost anything"),
    expectancy: count > 0 ? mean : none,
    expectancyLow: count > 1 ? mean - margin : two,
    expectancyHigh: count > 1 ? mean + margin : two,
    averageWin: won > 0 ? grossProfit / won : absent("NO_SAMPLES", "no trade won"),
    averageLoss: lost > 0 ? grossLoss / lost : absent("NO_SAMPLES", "no trade lost"),
    sqn: count < 2
      ? two
      : deviation > 0
      ? Math.sqrt(count) * mean / deviation
      : absent("UNDEFINED", "all trades made the same"),
    averageHeldMs: count > 0 ? heldMs / count : none,
    longestLosingStreak,
    worstAdverseRatio: count > 0 ? worst : none,
    bestFavourableRatio: count > 0 ? best : none,
  };
}

/** 95 % interval of a share, after E. B. Wilson (1927). */
export function wilson(hits: number, count: number): readonly [number, number] {
  if (count === 0) return [0, 1];
  const share = hits / count;
  const square = Z_95 * Z_95;
  const centre = (share + square / (2 * count)) / (1 + square / count);
  const half = Z_95 / (1 + square / count) *
    Math.sqrt(share * (1 - share) / count + square / (4 * count * count));
  // At the ends the formula gives 0 and 1 but for rounding.
  return [hits === 0 ? 0 : centre - half, hits === count ? 1 : centre + half];
}

/** What one agent, or the operator, did in one instrument. */
export interface Attribution {
  readonly agent: string | null;
  readonly token: Token;
  fills: number;
  /** Money that changed hands, without fees. */
  turnover: number;
  fees: number;
  /** Realised after fees. */
  realized: number;
  /** Bought less sold, micro units: what is held. */
  qtyMicro: number;
  /** Money lost against the unmoved prices. */
  slippageCost: number;
}

/** Sums fills per agent and instrument, in order of first appearance; the sums add up to the account's. */
export function attribute(fills: Iterable<Fill>): readonly Attribution[] {
  const rows: Attribution[] = [];
  for (const fill of fills) addFill(rows, fill);
  return rows;
}

/** Adds one fill to the sums of its agent and instrument. */
export function addFill(rows: Attribution[], fill: Fill): void {
  const { agent, token } = fill;
  let row = rows.find((known) => known.agent === agent && known.token === token);
  if (!row) {
    row = { agent, token, fills: 0, turnover: 0, fees: 0, realized: 0, qtyMicro: 0, slippageCost: 0 };
    rows.push(row);
  }
  row.fills++;
  row.turnover += fill.gross;
  row.fees += fill.fee;
  row.realized += fill.realized;
  row.qtyMicro += fill.side === "buy" ? fill.qtyMicro : -fill.qtyMicro;
  row.slippageCost += fill.slippage * fill.qtyMicro / 1_000_000;
}
