/** The figures of a backtest, where they stand in its body, and how they read. */
import { formatCompact, formatCompactProfit, formatCount, formatNumber } from "../format.ts";

/** One figure. */
export interface Figure {
  readonly id: string;
  readonly label: string;
  /** Interval of 95 %. */
  readonly low?: string;
  readonly high?: string;
  readonly format: (value: number) => string;
  /** Whether it is a gain or a loss. */
  readonly profit?: true;
}

const ratio = (value: number) => formatNumber(value, 2);
const percent = (value: number) => `${formatNumber(value * 100, 2)} %`;

/** Every figure that is shown, in its order. */
export const FIGURES: readonly Figure[] = [
  { id: "pnl", label: "Profit", format: formatCompactProfit, profit: true },
  { id: "pnl_ratio", label: "Profit, of the capital", format: percent },
  { id: "final_equity", label: "Equity at the end", format: formatCompact },
  { id: "drawdown", label: "Drawdown, largest", format: percent },
  {
    id: "metrics.sharpe",
    label: "Sharpe, a year (95 %)",
    low: "metrics.sharpe_low_95",
    high: "metrics.sharpe_high_95",
    format: ratio,
  },
  { id: "metrics.sortino", label: "Sortino, a year", format: ratio },
  { id: "metrics.calmar", label: "Calmar", format: ratio },
  { id: "metrics.volatility", label: "Volatility, a year", format: percent },
  { id: "metrics.samples", label: "Returns, n", format: formatCount },
  { id: "metrics.trades.n", label: "Closed trades, n", format: formatCount },
  {
    id: "metrics.trades.win_rate",
    label: "Win rate (95 %)",
    low: "metrics.trades.win_rate_low_95",
    high: "metrics.trades.win_rate_high_95",
    format: percent,
  },
  { id: "metrics.trades.profit_factor", label: "Profit factor", format: ratio },
  {
    id: "metrics.trades.expectancy",
    label: "Mean per trade (95 %)",
    low: "metrics.trades.expectancy_low_95",
    high: "metrics.trades.expectancy_high_95",
    format: formatCompact,
  },
  { id: "open_trades", label: "Still open at the end", format: formatCount },
  { id: "metrics.exposure_ratio", label: "Time with a position", format: percent },
  { id: "metrics.turnover", label: "Turnover", format: formatCompact },
  { id: "metrics.fees", label: "Fees", format: formatCompact },
  { id: "metrics.orders", label: "Orders", format: formatCount },
  { id: "metrics.fills", label: "Fills", format: formatCount },
  { id: "bars", label: "Bars", format: formatCount },
];

/** The number at a dotted path of a body, or null. */
export function numberAt(body: object | null, path: string): number | null {
  let value: unknown = body;
  for (const key of path.split(".")) value = (value as Record<string, unknown> | null | undefined)?.[key];
  return typeof value === "number" ? value : null;
}

/** A figure with its interval. */
export function wordsOf(body: object, { low, high, format }: Figure, value: number): string {
  const [from, to] = [low && numberAt(body, low), high && numberAt(body, high)];
  return typeof from === "number" && typeof to === "number"
    ? `${format(value)} (${format(from)} to ${format(to)})`
    : format(value);
}
