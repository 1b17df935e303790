/** The result of a backtest as a table for people. */
import type { BacktestRequest } from "../backtest/request.ts";
import { Absent } from "../engine/reason.ts";

type Result = Readonly<Record<string, unknown>>;

/** A table of two columns; what is not known says why. */
export function summaryTable(request: BacktestRequest, status: string, result: Result): string {
  const metrics = result.metrics as Result;
  const trades = metrics.trades as Result;
  const guardrails = result.guardrails as Result;
  const mark = result.final_mark as Result;
  const data = result.data as Result;
  const analysis = (result.analysis ?? {}) as Result;
  const range = (value: unknown, low: unknown, high: unknown, digits: number) =>
    typeof value === "number" && typeof low === "number" && typeof high === "number"
      ? `${value.toFixed(digits)}  (95 %: ${low.toFixed(digits)} … ${high.toFixed(digits)})`
      : show(value, digits);
  const rows: (readonly [string, string])[] = [
    ["status", status],
    ["data", `${show(data.bars)} bars, ${time(data.from)} … ${time(data.to)}, ${show(data.gaps)} gaps`],
    ["agents", request.agents.map(({ name, params }) => `${name} ${JSON.stringify(params)}`).join("; ")],
    ["capital → equity", `${show(request.capital, 2)} → ${show(result.final_equity, 2)}`],
    ["profit", `${show(result.pnl, 2)}  (${percent(result.pnl_ratio)})`],
    ["largest drawdown", percent(result.drawdown)],
    ["trades", `${show(result.trades)} closed, ${show(result.open_trades)} open at the end`],
    ["win rate", range(trades.win_rate, trades.win_rate_low_95, trades.win_rate_high_95, 4)],
    ["expectancy", range(trades.expectancy, trades.expectancy_low_95, trades.expectancy_high_95, 4)],
    ["profit factor", show(trades.profit_factor, 3)],
    [
      `Sharpe √${show(metrics.periods_per_year)}`,
      `${range(metrics.sharpe, metrics.sharpe_low_95, metrics.sharpe_high_95, 3)}  n = ${
        show(metrics.samples)
      }`,
    ],
    ["Sortino, Calmar", `${show(metrics.sortino, 3)}, ${show(metrics.calmar, 3)}`],
    ["fees paid", show(metrics.fees, 2)],
    ["exposure", percent(metrics.exposure_ratio)],
    ["guardrails", `${show(guardrails.state)}; denied ${JSON.stringify(guardrails.denied)}`],
    ["limit reached", show(result.limit_breach)],
    [
      "final mark",
      `cash ${show(mark.cash, 2)}, ${(mark.positions as unknown[]).length} open positions at the last price`,
    ],
    ["sha256 of trades", show(result.trades_sha256)],
  ];
  for (const [name, part] of Object.entries(analysis)) {
    if (!(part instanceof Absent)) rows.push([name.replace("_", " "), analysisLine(name, part as Result)]);
  }
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join("\n");
}

function analysisLine(name: string, part: Result): string {
  switch (name) {
    case "lookahead":
      return `${part.passed ? "passed" : "FAILED"} at ${show(part.points)} points, ${
        show(part.decisions_compared)
      } decisions compared`;
    case "walk_forward":
      return `${show(part.mode)}: ${show(part.profitable_folds)} of ${
        (part.folds as unknown[]).length
      } folds profitable, out of sample ${percent(part.out_of_sample_pnl_ratio)}`;
    case "monte_carlo": {
      const drawdown = part.drawdown instanceof Absent ? {} : part.drawdown as Result;
      return `${show(part.runs)} orders: drawdown 5 % ${percent(drawdown.p05)}, median ${
        percent(drawdown.p50)
      }, 95 % ${percent(drawdown.p95)}`;
    }
    case "grid": {
      const best = part.best instanceof Absent ? {} : part.best as Result;
      return `${show(part.variants_tried)} variants tried; best ${JSON.stringify(best.params)} ${
        percent(best.pnl_ratio)
      }, chance that it is more than luck ${percent(part.deflated_sharpe_probability)}`;
    }
    default:
      return JSON.stringify(part);
  }
}

function show(value: unknown, digits = 0): string {
  if (value instanceof Absent) return `– (${value.because})`;
  if (typeof value !== "number") return String(value);
  return Number.isInteger(value) && digits === 0 ? String(value) : value.toFixed(digits);
}

function percent(value: unknown): string {
  return typeof value === "number" ? `${(value * 100).toFixed(2)} %` : show(value);
}

function time(value: unknown): string {
  return typeof value === "number" ? new Date(value * 1000).toISOString().slice(0, 19) + "Z" : show(value);
}
