import { absent } from "../../engine/reason.ts";
import type { PageRequest, Queries } from "../../runtime/ports/store.ts";
import type { Draft } from "../body.ts";
import type { Alerts } from "../wire.ts";
import type { View } from "./view.ts";

/** Alerts of the first page. */
const LIMIT = 50;

/** The rules are tested every second. */
const TTL_MS = 5_000;

/** Units of a page of alerts. */
export const ALERT_UNITS = { "alerts.raised_at": "Unix s", "alerts.resolved_at": "Unix s" };

/** `GET /theblock/alerts`: what is wrong, and what was. */
export const alertsView: View<Alerts> = {
  units: ALERT_UNITS,
  build: (_state, { queries }) => ({
    draft: alertsDraft(queries, { limit: LIMIT }, undefined),
    slices: [],
    ttlMs: TTL_MS,
    source: "engine",
  }),
};

/** A page of alerts. */
export function alertsDraft(
  queries: Queries,
  page: PageRequest,
  open: boolean | undefined,
): { readonly [K in keyof Alerts]: Draft<Alerts[K]> } {
  const { items, total, nextCursor } = queries.alerts(page, open);
  const unresolved = queries.alerts({ limit: 500 }, true).items;
  return {
    alerts: items.map((alert) => ({
      id: alert.id,
      rule: alert.rule,
      severity: alert.severity,
      state: alert.resolvedMs === null ? "open" as const : "resolved" as const,
      message: alert.message,
      raised_at: Math.floor(alert.raisedMs / 1000),
      resolved_at: alert.resolvedMs === null
        ? absent("UNDEFINED", "it is still open")
        : Math.floor(alert.resolvedMs / 1000),
    })),
    open: unresolved.length,
    critical: unresolved.filter(({ severity }) => severity === "critical").length,
    total,
    limit: page.limit,
    offset: page.offset ?? 0,
    next_cursor: nextCursor ?? absent("UNDEFINED", "this is the last page"),
  };
}
