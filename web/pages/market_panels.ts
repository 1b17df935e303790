/** Panels about markets that several pages show: the four side by side, their lines, and the mempool. */
import {
  formatAmount,
  formatCompact,
  formatCount,
  formatDuration,
  formatPpm,
  formatPrice,
  formatPriceUnit,
} from "../format.ts";
import { MARKETS } from "../history.ts";
import type { Tone } from "../icons.ts";
import { addPanel, chart, type Column, exact, fixed, keyedTable, lackOf } from "../panel.ts";
import type { SeriesSpec } from "../charts/chart.ts";
import type { View } from "../router.ts";
import type { MarketHealth, MarketStatus, MempoolLaneBody } from "../../src/server/wire.ts";
import { MARKET_HEAD, marketRows, type Row } from "./overview.ts";

/** How good a market's state is. */
export const MARKET_TONES: Readonly<Record<MarketStatus, Tone>> = {
  healthy: "ok",
  idle: "warn",
  closed: "bad",
  unavailable: "bad",
  disabled: "unknown",
};

/** The four markets side by side. */
export function addMarkets(view: View, span: number): void {
  const { store } = view.app;
  type Market = Row<MarketHealth>;
  addPanel(view, {
    id: "markets",
    title: "Markets",
    span,
    medium: 12,
    topics: ["markets"],
    build(body, panel) {
      /** A column of one field, with its exact value on hover. */
      const column = (
        label: string,
        field: keyof MarketHealth,
        format: (value: never) => string,
        unit: string,
        options: Partial<Column<Market>> = { num: true },
      ): Column<Market> => ({
        label,
        ...options,
        show: (value, row) => {
          const known = exact(row, field);
          const full = known === null || unit === "" ? undefined : `${formatAmount(known)} ${unit}`;
          const { _meta } = store.get("markets")!;
          value.show(known, format as (known: unknown) => string, _meta, `markets.${row.id}.${field}`, full);
        },
      });
      const table = keyedTable<Market>("Health of the four markets", ({ id }) => id, MARKET_HEAD, [
        { label: "Status", tone: ({ status }) => [MARKET_TONES[status], status] },
        column("Utilisation", "utilization_ppm", formatPpm, "ppm", { num: true, class: "tiny" }),
        column("Margin", "provider_margin_ppm", formatPpm, "ppm", { num: true, priority: 1 }),
        column("Providers", "active_providers", formatCount, "", { num: true, priority: 2 }),
        column("Unit price", "unit_price_micro", formatPrice, "µ base units"),
        column("", "price_unit", formatPriceUnit, "", { priority: 2, class: "unit dim" }),
        column("Price from", "price_source", (name: string) => name.replaceAll("_", " "), "", {
          priority: 3,
          class: "clip dim",
        }),
        column("24 h volume", "volume_24h", formatCompact, "base units", { num: true, priority: 2 }),
      ]);
      body.append(table.el);
      return () => {
        const { markets, healthy_markets: healthy, total_markets: total } = store.get("markets")!;
        panel.subtitle = `${healthy} of ${total} healthy`;
        table.show(marketRows(markets));
      };
    },
  });
}

/** Pending transactions, lane by lane. */
export function addMempool(view: View, medium: number): void {
  const { store } = view.app;
  const pair = (a: number | null, b: number | null, format: (value: number) => string) =>
    a === null || b === null ? null : `${format(a)} / ${format(b)}`;
  addPanel(view, {
    id: "mempool",
    title: "Mempool",
    span: 4,
    medium,
    topics: ["mempool"],
    lack: () => lackOf(store.get("mempool")!.lanes, store.get("mempool")!._meta, "lanes", "mempool lanes"),
    build(body, panel) {
      const meta = () => store.get("mempool")!._meta;
      const table = keyedTable<MempoolLaneBody>("Pending transactions by lane", ({ id }) => id, [
        "Lane",
        fixed(({ id }) => [id]),
      ], [
        { label: "Pending", num: true, show: (value, lane) => value.write(formatCount(lane.size)) },
        {
          label: "Age p50 / p95",
          num: true,
          show: (value, lane) =>
            value.show(pair(lane.age_p50_ms, lane.age_p95_ms, formatDuration), String, meta(), ""),
        },
        {
          label: "Fee p50 / p90",
          num: true,
          class: "tiny",
          show: (value, lane) =>
            value.show(pair(lane.fee_p50, lane.fee_p90, formatAmount), String, meta(), "lanes[].fee_p50"),
        },
        {
          label: "Floor",
          num: true,
          priority: 0,
          show: (value, lane) => value.show(lane.fee_floor, formatAmount, meta(), "lanes[].fee_floor"),
        },
      ]);
      body.append(table.el);
      return () => {
        const { size, lanes } = store.get("mempool")!;
        panel.subtitle = size === null ? "" : `${formatCount(size)} pending`;
        table.show(lanes!);
      };
    },
  });
}

/** How much of the four markets is used, over time. */
export function addUtilization(view: View, span: number, rangeMs: () => number): void {
  addPanel(view, {
    id: "utilization",
    title: "Utilisation",
    span,
    medium: 12,
    topics: ["markets"],
    build(body) {
      body.append(chart(view, {
        kind: "line",
        label: "Utilisation of the four markets",
        series: marketSeries("utilization_ppm"),
        format: formatPpm,
        axis: { per: 10_000, unit: " %" },
        floor: 0,
        rangeMs,
      }));
      return () => {};
    },
  });
}

/** A line for each market. */
export function marketSeries(
  field: "utilization_ppm" | "provider_margin_ppm" | "receipts_100",
): readonly SeriesSpec[] {
  return MARKETS.map(({ id, label, dash }) => ({
    label,
    metric: `${field}.${id}` as const,
    token: `--m-${id}`,
    dash,
  }));
}
