/** Routes about what settled: profit and loss, operations, receipts, history. */
import { CANDLE_STEPS } from "../../engine/candle.ts";
import { noSums, PNL_PARTS, PNL_WINDOWS, pnlTotal, type PnlWindow } from "../../engine/ledger.ts";
import { MARKET_IDS, type MarketId } from "../../engine/market.ts";
import { absent } from "../../engine/reason.ts";
import { metricIndex, METRICS } from "../../runtime/history.ts";
import { OPERATION_STATUSES, type OperationStatus } from "../../engine/operation.ts";
import type { PageRequest } from "../../runtime/ports/store.ts";
import { Problem } from "../problem.ts";
import { PAGING, type QuerySpec, type QueryValues } from "../query.ts";
import { replyBody } from "../reply.ts";
import type { Reply, Route, RouteContext } from "../router.ts";
import type { Services } from "../services.ts";
import { ALERT_UNITS, alertsDraft } from "../views/alerts.ts";
import {
  DEFAULT_LIMIT,
  operationDraft,
  operationsDraft,
  PNL_UNITS,
  pnlDraft,
  RECEIPT_UNITS,
  receiptsDraft,
} from "../views/ledger.ts";

/** Points that one answer holds. */
export const POINTS_MAX = 10_000;

const HEIGHTS: QuerySpec = {
  from_height: { type: "integer", min: 0, max: Number.MAX_SAFE_INTEGER, meaning: "Lowest block" },
  to_height: { type: "integer", min: 0, max: Number.MAX_SAFE_INTEGER, meaning: "Highest block" },
};

const WHOSE: QuerySpec = {
  market: { type: "choice", words: MARKET_IDS, meaning: "Only this market" },
  provider: { type: "text", maxLength: 512, meaning: "Only this provider" },
  own: { type: "choice", words: ["true", "false"], meaning: "Only ours, or only those of others" },
};

const TIMES: QuerySpec = {
  from: { type: "integer", min: 0, max: 100_000_000_000, meaning: "Begin, Unix seconds of event time" },
  to: { type: "integer", min: 0, max: 100_000_000_000, meaning: "End, Unix seconds of event time" },
  step: { type: "choice", words: CANDLE_STEPS.map(String), default: "60", meaning: "Seconds per point" },
};

/** The routes. */
export function ledgerRoutes(services: Services): readonly Route[] {
  return [
    {
      method: "GET",
      path: "/theblock/pnl",
      summary: "Our profit and loss",
      scope: "public",
      shape: "Pnl",
      query: { window: { type: "choice", words: PNL_WINDOWS, default: "all", meaning: "How far back" } },
      handle: ({ query }) => {
        if (query.window === "all") return { topic: "pnl" };
        const draft = pnlDraft(services.state(), query.window as PnlWindow, services.queries());
        return { json: replyBody(draft, chainMeta(services, PNL_UNITS)) };
      },
    },
    {
      method: "GET",
      path: "/theblock/pnl/series",
      summary: "Revenue and costs over time",
      scope: "public",
      shape: "PnlSeries",
      query: { step: { type: "choice", words: ["60", "900"], default: "60", meaning: "Seconds per point" } },
      handle: ({ query }) => pnlSeries(services, Number(query.step)),
    },
    {
      method: "GET",
      path: "/theblock/operations",
      summary: "Operations, newest first",
      scope: "public",
      shape: "Operations",
      query: {
        ...PAGING,
        ...WHOSE,
        ...HEIGHTS,
        status: { type: "choice", words: OPERATION_STATUSES, meaning: "Only in this state" },
      },
      handle: (context) => {
        if (isFirstPage(context)) return { topic: "operations" };
        const filter = {
          ...filterOf(context.query),
          status: context.query.status as OperationStatus | undefined,
        };
        const draft = paged(() => operationsDraft(services.queries(), filter, pageOf(context.query)));
        return { json: replyBody(draft, chainMeta(services, { "operations.amount": "base units" })) };
      },
    },
    {
      method: "GET",
      path: "/theblock/operations/:id",
      summary: "One operation",
      scope: "public",
      shape: "Operation",
      handle: ({ params }) => {
        const row = services.queries().operation(params.id!);
        if (!row) throw new Problem(404, `there is no operation "${params.id!.slice(0, 128)}"`);
        // The time of this body is the operation's own.
        const meta = { source: services.source(), asOfMs: row.timeMs, units: { amount: "base units" } };
        return { json: replyBody(operationDraft(row), meta) };
      },
    },
    {
      method: "GET",
      path: "/theblock/receipts",
      summary: "Receipts, newest first",
      scope: "public",
      shape: "Receipts",
      query: {
        ...PAGING,
        ...WHOSE,
        ...HEIGHTS,
        disputed: {
          type: "choice",
          words: ["true", "false"],
          meaning: "Only disputed ones, or only the others",
        },
      },
      handle: (context) => {
        if (isFirstPage(context)) return { topic: "receipts" };
        const filter = { ...filterOf(context.query), disputed: flag(context.query.disputed) };
        const draft = paged(() => receiptsDraft(services.queries(), filter, pageOf(context.query)));
        return { json: replyBody(draft, chainMeta(services, RECEIPT_UNITS)) };
      },
    },
    {
      method: "GET",
      path: "/theblock/alerts",
      summary: "Alerts, newest first",
      scope: "public",
      shape: "Alerts",
      query: { ...PAGING, state: { type: "choice", words: ["open", "resolved"], meaning: "Only those" } },
      handle: (context) => {
        if (isFirstPage(context)) return { topic: "alerts" };
        const { state } = context.query;
        const open = state === undefined ? undefined : state === "open";
        const draft = paged(() => alertsDraft(services.queries(), pageOf(context.query), open));
        return { json: replyBody(draft, chainMeta(services, ALERT_UNITS)) };
      },
    },
    {
      method: "GET",
      path: "/theblock/history",
      summary: "Metrics over time: 1 s for an hour, 1 min for a day, 15 min for 30 days",
      scope: "public",
      shape: "History",
      query: {
        ...TIMES,
        metric: {
          type: "text",
          maxLength: 1_024,
          meaning: `Names, by comma: ${METRICS.map(({ name }) => name).join(", ")}`,
        },
      },
      handle: ({ query }) => history(services, query),
    },
  ];
}

/** What a body says that was computed for one request from what the chain gave. */
export function chainMeta(services: Services, units: Readonly<Record<string, string>> = {}) {
  const head = services.state().slices.head;
  const asOfMs = head?.asOfMs ?? services.clock.nowMs();
  const ttlMs = head?.ttlMs ?? 0;
  return { source: services.source(), asOfMs, ttlMs, stale: services.clock.nowMs() > asOfMs + ttlMs, units };
}

/** The topic's own body is the first page without a filter. */
export function isFirstPage({ url, query }: RouteContext): boolean {
  return [...url.searchParams.keys()].every((name) => name === "limit") && query.limit === DEFAULT_LIMIT;
}

function filterOf(query: QueryValues) {
  return {
    market: query.market as MarketId | undefined,
    provider: query.provider as string | undefined,
    own: flag(query.own),
    fromHeight: query.from_height as number | undefined,
    toHeight: query.to_height as number | undefined,
  };
}

function flag(text: string | number | undefined): boolean | undefined {
  return text === undefined ? undefined : text === "true";
}

/** The page that a query asks for. */
export function pageOf(query: QueryValues): PageRequest {
  return {
    limit: query.limit as number,
    offset: query.offset as number | undefined,
    cursor: query.cursor as string | undefined,
  };
}

/** A cursor that we did not give is the client's mistake. */
export function paged<T>(build: () => T): T {
  try {
    return build();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new Problem(400, `query parameter "cursor": ${error.message}`, {
      errors: [{ field: "cursor", message: error.message }],
    });
  }
}

function pnlSeries(services: Services, step: number): Reply {
  const { ledger } = services.state();
  const buckets = step === 60 ? ledger.minutes : ledger.quarters;
  const series = [...buckets].sort(([a], [b]) => a - b).map(([bucket, parts]) => {
    const total = pnlTotal(parts);
    return {
      t: bucket * step,
      revenue: total.revenue,
      costs: total.costs,
      net: total.revenue - total.costs,
      subsidies: total.subsidies,
      own_receipts: total.own,
      receipts: total.receipts,
      by_market: Object.fromEntries(PNL_PARTS.map((part) => {
        const sums = parts.get(part) ?? noSums();
        return [part, sums.revenue - sums.costs];
      })),
    };
  });
  const units = { "series.t": "Unix s", "series.revenue": "base units", "series.costs": "base units" };
  return { json: replyBody({ step, series }, chainMeta(services, units)) };
}

function history(services: Services, query: QueryValues): Reply {
  const names = (query.metric as string | undefined ?? METRICS[0]!.name).split(",").map((name) =>
    name.trim()
  );
  const unknown = names.filter((name) => metricIndex(name) < 0);
  if (unknown.length > 0) {
    const message = `knows no metric ${unknown.map((name) => `"${name.slice(0, 64)}"`).join(", ")}`;
    throw new Problem(400, `query parameter "metric" ${message}`, { errors: [{ field: "metric", message }] });
  }
  const step = Number(query.step) as 1 | 60 | 900;
  const tip = services.state().chain.blocks.at(-1);
  const to = query.to as number | undefined ?? Math.floor((tip?.timeMs ?? services.clock.nowMs()) / 1000);
  const from = query.from as number | undefined ?? Math.max(0, to - 3_600);
  if (from > to) {
    throw new Problem(400, 'query parameter "from" must not be after "to"', {
      errors: [{ field: "from", message: "must not be after to" }],
    });
  }
  const first = Math.ceil(from / step) * step;
  const points = Math.max(0, Math.floor((to - first) / step) + 1);
  if (points * names.length > POINTS_MAX) {
    const enough = CANDLE_STEPS.find((wide) =>
      Math.ceil((to - from) / wide + 1) * names.length <= POINTS_MAX
    );
    const message = enough
      ? `${
        points * names.length
      } points are more than ${POINTS_MAX}; the smallest step that fits is ${enough}`
      : `${
        points * names.length
      } points are more than ${POINTS_MAX}, and no step is wide enough; ask for less time`;
    throw new Problem(400, message, { errors: [{ field: "step", message }] });
  }
  const places = names.map(metricIndex);
  const rows = new Map(services.queries().history(step, from, to).map(({ t, values }) => [t, values]));
  const gap = absent("NO_SAMPLES", "nothing was measured in this interval");
  const t = Array.from({ length: points }, (_, i) => first + i * step);
  const v = t.map((at) => {
    const values = rows.get(at);
    return places.map((place) => {
      const value = values?.[place];
      return value === undefined || Number.isNaN(value) ? gap : value;
    });
  });
  const units = Object.fromEntries(places.map((place) => [METRICS[place]!.name, METRICS[place]!.unit]));
  return { json: replyBody({ metrics: names, step, t, v }, chainMeta(services, units)) };
}
