/** Markets: the four side by side, in figures and over time. */
import { formatCount, formatPpm, formatPrice, formatPriceUnit } from "../format.ts";
import { MARKETS } from "../history.ts";
import { addPanel, chart, lackOf, rangePicker } from "../panel.ts";
import type { Page, View } from "../router.ts";
import { addMarkets, addUtilization, marketSeries } from "./market_panels.ts";

/** The page. */
export const page: Page = {
  title: "Markets",
  mount(view) {
    const rangeMs = rangePicker(view);
    addMarkets(view, 12);
    addUtilization(view, 4, rangeMs);
    addLines(view, rangeMs, "margin", "Provider margin", "provider_margin_ppm", formatPpm);
    addLines(view, rangeMs, "activity", "Receipts in 100 blocks", "receipts_100", formatCount);
    for (const market of MARKETS) addPrice(view, market, rangeMs);
  },
};

function addLines(
  view: View,
  rangeMs: () => number,
  id: string,
  title: string,
  field: "provider_margin_ppm" | "receipts_100",
  format: (value: number) => string,
): void {
  const { store } = view.app;
  addPanel(view, {
    id,
    title,
    span: 4,
    medium: 6,
    topics: ["markets"],
    lack: () => {
      const { markets, _meta } = store.get("markets")!;
      const known = MARKETS.find(({ id }) => markets[id][field] !== null);
      return known ? null : lackOf(null, _meta, `markets.compute.${field}`, title.toLowerCase());
    },
    build(body) {
      body.append(chart(view, {
        kind: "line",
        label: `${title} of the four markets`,
        series: marketSeries(field),
        format,
        axis: field === "receipts_100" ? "auto" : { per: 10_000, unit: " %" },
        floor: 0,
        least: field === "receipts_100" ? 1 : 0,
        rangeMs,
      }));
      return () => {};
    },
  });
}

/** Prices have units of their own, so each market has a chart of its own. */
function addPrice(view: View, { id, label }: (typeof MARKETS)[number], rangeMs: () => number): void {
  const { store } = view.app;
  addPanel(view, {
    id: `price-${id}`,
    title: `${label} price`,
    span: 3,
    medium: 6,
    topics: ["markets"],
    lack: () => {
      const { markets, _meta } = store.get("markets")!;
      return lackOf(markets[id].unit_price_micro, _meta, `markets.${id}.unit_price_micro`, `price of ${id}`);
    },
    build(body, panel) {
      body.append(chart(view, {
        kind: "line",
        label: `${label}, unit price`,
        series: [{ label: "price", server: `unit_price_micro.${id}`, token: `--m-${id}` }],
        format: formatPrice,
        axis: { per: 1e6, unit: "" },
        rangeMs,
      }));
      return () => {
        panel.subtitle = formatPriceUnit(store.get("markets")!.markets[id].price_unit);
      };
    },
  });
}
