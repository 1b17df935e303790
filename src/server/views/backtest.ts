/** Backtests as bodies and frames. */
import { absent, type Known } from "../../engine/reason.ts";
import { type BacktestJob, type BacktestProgress, hasEnded } from "../../runtime/ports/backtest.ts";

/** Points of the curve that a body or a first frame holds; `/backtest/{id}/equity` has all that are kept. */
export const CURVE_POINTS_MAX = 1_000;

/** Units of a job's body. */
export const BACKTEST_UNITS: Readonly<Record<string, string>> = {
  created: "Unix s",
  started: "Unix s",
  ended: "Unix s",
  duration_ms: "ms",
  progress: "ratio 0..1",
  eta_ms: "ms",
  pnl: "base units",
  pnl_ratio: "ratio of the capital",
  final_equity: "base units",
  drawdown: "ratio of the peak",
  win_rate: "ratio",
  sharpe: "ratio, daily returns, 365 days a year",
  equity_curve: "[Unix s, base units]",
};

/** Units of a trade. */
export const TRADE_UNITS: Readonly<Record<string, string>> = {
  "trades.opened": "Unix s",
  "trades.closed": "Unix s",
  "trades.qty": "units of the instrument",
  "trades.entry_price": "base units per unit",
  "trades.exit_price": "base units per unit",
  "trades.pnl": "base units, after all fees",
  "trades.pnl_ratio": "ratio of what was paid",
  "trades.fees": "base units",
};

/** A job with its result, or with how far it is. */
export function backtestDraft(
  job: BacktestJob,
  progress: BacktestProgress | null,
): Readonly<Record<string, unknown>> {
  return {
    ...headDraft(job, progress),
    request: withoutNulls(job.request),
    ...(job.result ? job.result : { ...figuresDraft(job, progress), equity_curve: progress?.equity ?? [] }),
    errors: job.errors,
  };
}

/** A job as a row of the history. */
export function backtestRow(
  job: BacktestJob,
  progress: BacktestProgress | null,
): Readonly<Record<string, unknown>> {
  const { data, agents } = job.request as { data?: { kind?: string }; agents?: readonly { name: string }[] };
  return {
    ...headDraft(job, progress),
    data: data?.kind ?? "unknown",
    agents: agents?.map(({ name }) => name) ?? [],
    ...figuresDraft(job, progress),
  };
}

/**
 * A frame of a job that goes on.
 *
 * @param from Points of the curve that the client has
 */
export function progressDraft(
  job: BacktestJob,
  progress: BacktestProgress | null,
  from: number,
): Readonly<Record<string, unknown>> {
  return {
    id: job.id,
    status: job.status,
    progress: progress?.progress ?? 0,
    phase: progress?.phase ?? "waiting",
    eta_ms: progress?.etaMs ?? WAITING,
    bars: progress?.bars ?? 0,
    bars_per_s: progress?.barsPerS ?? 0,
    ...figuresDraft(job, progress),
    equity_from: from,
    equity_curve: progress?.equity.slice(from) ?? [],
  };
}

const WAITING = absent("WARMING_UP", "the run has not begun");
const NO_RESULT = absent("NO_SAMPLES", "the job ended without a result");
const NOT_ASKED = absent("DISABLED", "not asked for");
const GOES_ON = absent("WARMING_UP", "the job has not ended");

/** A trade whose position is still open has no end. */
export function tradeDraft(row: unknown): Readonly<Record<string, unknown>> {
  const trade = row as Readonly<Record<string, unknown>>;
  const open = absent("UNDEFINED", "the position is open; its profit is at the final mark");
  return trade.closed === null ? { ...trade, closed: open, exit_price: open } : trade;
}

function headDraft(job: BacktestJob, progress: BacktestProgress | null): Readonly<Record<string, unknown>> {
  const { id, status, createdMs, startedMs, endedMs } = job;
  const ended = hasEnded(status);
  return {
    id,
    status,
    reason: job.reason ?? absent("NO_SAMPLES", "nothing has to be explained"),
    created: createdMs / 1000,
    started: startedMs === null ? WAITING : startedMs / 1000,
    ended: endedMs === null ? GOES_ON : endedMs / 1000,
    duration_ms: startedMs === null || endedMs === null
      ? (ended ? NO_RESULT : GOES_ON)
      : Math.max(0, endedMs - startedMs),
    progress: status === "done" ? 1 : progress?.progress ?? (job.result?.progress as number | undefined) ?? 0,
  };
}

/** The figures that progress and result share. */
function figuresDraft(
  job: BacktestJob,
  progress: BacktestProgress | null,
): Readonly<Record<string, unknown>> {
  const unknown = hasEnded(job.status) ? NO_RESULT : WAITING;
  const of = (key: string, live: Known<number> | undefined) => job.result?.[key] ?? live ?? unknown;
  return {
    trades: of("trades", progress?.trades),
    win_rate: of("win_rate", progress?.winRate),
    drawdown: of("drawdown", progress?.drawdown),
    sharpe: of("sharpe", progress?.sharpe),
    pnl: of("pnl", progress?.pnl),
  };
}

/** What was not asked for says so. */
function withoutNulls(value: unknown): unknown {
  if (value === null) return NOT_ASKED;
  if (typeof value !== "object" || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutNulls(item)]));
}
