/** Routes of backtests: jobs, their results and the lists of a result. */
import {
  BACKTEST_STATUSES,
  type BacktestJob,
  type BacktestList,
  type BacktestStatus,
  hasEnded,
} from "../../runtime/ports/backtest.ts";
import { StoreError } from "../../runtime/ports/store.ts";
import { cell } from "../export.ts";
import { Problem } from "../problem.ts";
import { PAGING, type QuerySpec } from "../query.ts";
import { replyBody } from "../reply.ts";
import type { Route } from "../router.ts";
import type { Services } from "../services.ts";
import { BACKTEST_UNITS, backtestDraft, backtestRow, TRADE_UNITS, tradeDraft } from "../views/backtest.ts";
import type { Source } from "../wire.ts";
import { NO_NEXT_PAGE } from "../views/ledger.ts";
import { paged, pageOf } from "./ledger.ts";

/** Largest body of a request: 100,000 inline rows. */
export const BACKTEST_BODY_BYTES_MAX = 12 * 1024 * 1024;

/** Rows that are read from the store at a time. */
const PART_ROWS = 500;

/** Points of a curve in one body; as many as are kept. */
const EQUITY_POINTS_MAX = 20_000;

const FORMAT: QuerySpec = {
  format: { type: "choice", words: ["json", "csv"], default: "json", meaning: "csv: all rows as CSV" },
};

const TRADE_COLUMNS = [
  "id",
  "token",
  "agent",
  "qty",
  "opened",
  "closed",
  "entry_price",
  "exit_price",
  "pnl",
  "pnl_ratio",
  "fees",
  "adverse_ratio",
  "favourable_ratio",
  "cause",
] as const;

/** The routes. */
export function backtestRoutes(services: Services): readonly Route[] {
  const found = (id: string): BacktestJob => {
    const job = services.backtests().job(id);
    if (job) return job;
    throw new Problem(404, `there is no backtest "${id.slice(0, 128)}"`);
  };
  const sourceOf = (job: BacktestJob): Source => job.simulated ? "simulated" : services.source();
  const meta = (source: Source, units: Readonly<Record<string, string>>) => ({
    source,
    asOfMs: services.clock.nowMs(),
    units,
  });
  return [
    {
      method: "POST",
      path: "/backtest",
      summary: "Takes on a backtest; answers with its id",
      scope: "trade",
      shape: "BacktestId",
      bodyBytesMax: BACKTEST_BODY_BYTES_MAX,
      handle: async ({ body }) => {
        const answer = await kept(() => services.backtests().submit(body));
        switch (answer.kind) {
          case "queued":
            return {
              json: replyBody({ id: answer.id, status: "queued" }, meta(services.source(), {})),
              headers: { location: `/backtest/${answer.id}` },
            };
          case "invalid": {
            const detail = answer.problems.map(({ field, message }) => `${field}: ${message}`).join("; ");
            throw new Problem(422, detail.slice(0, 4_000), { errors: answer.problems });
          }
          case "full":
            throw new Problem(503, `${answer.queued} backtests are waiting already`, {
              headers: { "retry-after": String(answer.retryAfterS) },
            });
          default:
            return answer satisfies never;
        }
      },
    },
    {
      method: "GET",
      path: "/backtest/history",
      summary: "Backtests, newest first",
      scope: "read",
      shape: "BacktestHistory",
      query: {
        ...PAGING,
        status: { type: "choice", words: BACKTEST_STATUSES, meaning: "Only in this state" },
      },
      handle: ({ query }) => {
        const status = query.status as BacktestStatus | undefined;
        const { items, total, nextCursor } = paged(() =>
          services.backtests().history({ status }, pageOf(query))
        );
        const backtests = items.map((job) => backtestRow(job, services.backtests().progress(job.id)));
        const draft = { backtests, total, next_cursor: nextCursor ?? NO_NEXT_PAGE };
        return { json: replyBody(draft, meta(services.source(), BACKTEST_UNITS)) };
      },
    },
    {
      method: "GET",
      path: "/backtest/:id",
      summary: "A backtest: status, and its result when it has ended",
      scope: "read",
      shape: "Backtest",
      handle: ({ params }) => {
        const job = found(params.id!);
        const draft = backtestDraft(job, services.backtests().progress(job.id));
        return { json: replyBody(draft, meta(sourceOf(job), BACKTEST_UNITS)) };
      },
    },
    {
      method: "DELETE",
      path: "/backtest/:id",
      summary: "Cancels a backtest that waits or runs; what it found so far is kept",
      scope: "trade",
      shape: "Backtest",
      handle: async ({ params }) => {
        const answer = await kept(() => services.backtests().cancel(params.id!));
        const job = found(params.id!);
        if (answer === "ended") throw new Problem(409, `the backtest has ended: it is ${job.status}`);
        return { json: replyBody(backtestDraft(job, null), meta(sourceOf(job), BACKTEST_UNITS)) };
      },
    },
    {
      method: "GET",
      path: "/backtest/:id/trades",
      summary: "Trades of a backtest, newest first; with format=csv all of them, oldest first",
      scope: "read",
      shape: "BacktestTrades",
      query: { ...PAGING, ...FORMAT },
      handle: ({ params, query }) => {
        const job = found(params.id!);
        if (query.format === "csv") return csv(services, job, "trades", TRADE_COLUMNS, sourceOf(job));
        const limit = query.limit as number;
        const { count } = services.backtests().rows(job.id, "trades", 0, 0);
        const end = paged(() => endOf(query.cursor as string | undefined, count)) -
          (query.offset as number | undefined ?? 0);
        const first = Math.max(0, end - limit);
        const rows = end <= 0 ? [] : services.backtests().rows(job.id, "trades", first, end - first).rows;
        const draft = {
          trades: rows.toReversed().map(tradeDraft),
          total: count,
          next_cursor: first > 0 ? String(first) : NO_NEXT_PAGE,
        };
        return { json: replyBody(draft, meta(sourceOf(job), TRADE_UNITS)) };
      },
    },
    {
      method: "GET",
      path: "/backtest/:id/equity",
      summary: "Equity of a backtest over time",
      scope: "read",
      shape: "BacktestEquity",
      query: FORMAT,
      handle: ({ params, query }) => {
        const job = found(params.id!);
        if (query.format === "csv") return csv(services, job, "equity", ["time", "equity"], sourceOf(job));
        const live = services.backtests().progress(job.id);
        const rows = live
          ? live.equity
          : services.backtests().rows(job.id, "equity", 0, EQUITY_POINTS_MAX).rows;
        const draft = { status: job.status, complete: hasEnded(job.status), equity: rows };
        return { json: replyBody(draft, meta(sourceOf(job), { equity: "[Unix s, base units]" })) };
      },
    },
    {
      method: "WS",
      path: "/backtest/ws/:id",
      summary: "Progress of a backtest, at most 10 frames a second, then its result and close 1000",
      scope: "read",
      connect: (socket, params) => services.jobSockets.connect(socket, params.id!),
    },
  ];
}

/** What cannot be kept is not taken on. */
async function kept<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    throw new Problem(503, `nothing can be kept at present: ${error.message}`, {
      headers: { "retry-after": "5" },
    });
  }
}

/** Index behind the newest trade of a page. */
function endOf(cursor: string | undefined, count: number): number {
  if (cursor === undefined) return count;
  const end = Number(cursor);
  if (!/^\d{1,9}$/.test(cursor) || end > count) throw new RangeError("is not a cursor of this list");
  return end;
}

function csv(
  services: Services,
  job: BacktestJob,
  list: BacktestList,
  columns: readonly string[],
  source: Source,
): Response {
  const encoder = new TextEncoder();
  let first = -1;
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      if (first < 0) {
        first = 0;
        const about = JSON.stringify({ export: `backtest ${list}`, id: job.id, source, status: job.status });
        controller.enqueue(encoder.encode(`# ${about}\r\n${columns.join(",")}\r\n`));
        return;
      }
      const { rows, count } = services.backtests().rows(job.id, list, first, PART_ROWS);
      first += rows.length;
      if (rows.length > 0) controller.enqueue(encoder.encode(rows.map((row) => line(row, columns)).join("")));
      if (rows.length === 0 || first >= count) controller.close();
    },
  });
  const mark = source === "simulated" ? "-SIMULATED" : "";
  return new Response(stream, {
    headers: {
      "content-type": "text/csv; charset=utf-8",
      "cache-control": "no-store",
      "content-disposition": `attachment; filename="backtest-${job.id}-${list}${mark}.csv"`,
    },
  });
}

function line(row: unknown, columns: readonly string[]): string {
  const values = Array.isArray(row)
    ? row
    : columns.map((name) => (row as Readonly<Record<string, unknown>>)[name] ?? null);
  return `${values.map((value) => cell(value as string | number | null)).join(",")}\r\n`;
}
