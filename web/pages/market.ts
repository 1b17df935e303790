/** One market: its figures, gate, prices, history, what only this market has, and who provides. */
import { el, Value } from "../dom.ts";
import {
  formatAmount,
  formatBytes,
  formatCompact,
  formatCount,
  formatDuration,
  formatHeight,
  formatNumber,
  formatPpm,
  formatPrice,
  formatPriceUnit,
  formatRatio,
  formatUnits,
} from "../format.ts";
import { type MarketId, MARKETS } from "../history.ts";
import { Status } from "../icons.ts";
import { addPanel, chart, exact, facts, type Field, lackOf, rangePicker } from "../panel.ts";
import type { Page, View } from "../router.ts";
import { candlesOf } from "./candle_groups.ts";
import { addDomainTables } from "./domain_tables.ts";
import { MARKET_TONES } from "./market_panels.ts";
import { GATE_TONES } from "./overview.ts";
import { addProviderTable } from "./providers.ts";

/** The page of a market. */
export function marketPage(id: MarketId): Page {
  const { label } = MARKETS.find((market) => market.id === id)!;
  return {
    title: `${label} market`,
    mount(view) {
      const rangeMs = rangePicker(view);
      addFigures(view, id);
      addGate(view, id);
      addOwnFigures(view, id);
      addPrices(view, id);
      addHistory(view, id, rangeMs);
      addDomainTables(view, id);
      const { store } = view.app;
      addProviderTable(view, `market.${id}`, () => store.get(`market.${id}`)!.providers, 12);
    },
  };
}

function addFigures(view: View, id: MarketId): void {
  const { store } = view.app;
  const topic = `market.${id}` as const;
  const units = () => store.get(topic)?.receipt_unit ?? "";
  const field = (name: string, format: (value: never) => string): Field => [topic, name, format];
  addPanel(view, {
    id: "figures",
    title: "Figures",
    span: 8,
    medium: 12,
    topics: [topic],
    build(body, panel) {
      const status = new Status();
      const list = facts(store, [
        ["Utilisation", field("utilization_ppm", formatPpm)],
        ["Provider margin", field("provider_margin_ppm", formatPpm)],
        ["Active providers", field("active_providers", formatCount)],
        ["Pending operations", field("pending_operations", formatCount)],
        ["Unit price", field("unit_price_micro", formatPrice)],
        ["Price is per", field("price_unit", (unit: string) => formatPriceUnit(unit).slice(2))],
        ["Price from", field("price_source", (name: string) => name.replaceAll("_", " "))],
        ["Volume, 24 h", field("volume_24h", formatCompact)],
        ["Volume, 100 blocks", field("volume_100", formatCompact)],
        [
          "Units, 100 blocks",
          field("units_100", (count: number) => amountOfWork(count, units())),
        ],
        ["Receipts, 24 h", field("receipts_24h", formatCount)],
        ["Receipts, 100 blocks", field("receipts_100", formatCount)],
        ["Disputes, 100 blocks", field("disputes_100", formatCount)],
        ["Verified work", field("success_rate_ppm", formatPpm)],
        ["Concentration, HHI", field("provider_concentration", (hhi: number) => formatNumber(hhi, 3))],
        ["Oldest wait", field("oldest_wait_ms", formatDuration)],
      ]);
      list.el.classList.add("two");
      body.append(el("p", {}, status.el), list.el);
      return () => {
        const market = store.get(topic)!;
        status.show(
          MARKET_TONES[market.status],
          market.enabled ? market.status : "disabled in the configuration",
        );
        panel.subtitle = `${market.symbol} · amounts in base units`;
        list.show();
      };
    },
  });
}

function addGate(view: View, id: MarketId): void {
  const { store } = view.app;
  const topic = `market.${id}` as const;
  addPanel(view, {
    id: "gate",
    title: "Gate",
    span: 4,
    medium: 6,
    topics: [topic],
    build(body) {
      const state = new Status(el("p", { class: "gate-state" }));
      const list = el("dl", { class: "facts" });
      const line = (label: string) => {
        const value = new Value();
        list.append(el("div", {}, el("dt", {}, label), value.el));
        return value;
      };
      const [name, said, since, enter, exit] = [
        line("Gate"),
        line("The node says"),
        line("Since"),
        line("Streak to open"),
        line("Streak to close"),
      ];
      const reason = new Value(el("p", { class: "why-gate" }));
      body.append(state.el, reason.el, list);
      return () => {
        const { gate_detail: gate, _meta: meta } = store.get(topic)!;
        const words = (text: string) => text.replaceAll("_", " ");
        state.show(GATE_TONES[gate.state], gate.enabled ? gate.state : "disabled");
        reason.show(gate.reason, words, meta, "gate_detail.reason");
        name.write(words(gate.gate_name));
        said.show(gate.node_state, String, meta, "gate_detail.node_state");
        since.show(gate.since_height, formatHeight, meta, "gate_detail.since_height");
        const of = (count: number | null, field: string, value: Value) => {
          const { streak_required: required } = gate;
          value.show(
            count === null ? null : required === null ? formatCount(count) : `${count} of ${required}`,
            String,
            meta,
            `gate_detail.${field}`,
          );
        };
        of(gate.enter_streak, "enter_streak", enter!);
        of(gate.exit_streak, "exit_streak", exit!);
      };
    },
  });
}

/** What the node tells of this market alone. */
function addOwnFigures(view: View, id: MarketId): void {
  const { store } = view.app;
  const topic = `market.${id}` as const;
  addPanel(view, {
    id: "own-figures",
    title: "What the node adds",
    span: 4,
    medium: 6,
    topics: [topic],
    lack: () =>
      store.get(topic)!.figures.length > 0
        ? null
        : { state: "empty", text: "This node tells nothing more of this market." },
    build(body) {
      const list = el("dl", { class: "facts loose" });
      const values = new Map<string, Value>();
      body.append(list);
      return () => {
        const { figures, _meta: meta } = store.get(topic)!;
        for (const { id: name, value, unit } of figures) {
          let shown = values.get(name);
          if (!shown) {
            values.set(name, shown = new Value());
            list.append(el("div", {}, el("dt", {}, name), shown.el));
          }
          shown.show(value, (known) => figure(known, unit), meta, "figures[].value", `${value} ${unit}`);
        }
      };
    },
  });
}

/** Work in the unit that people speak of: receipts count bytes and thousandths of a watt hour. */
function amountOfWork(count: number, unit: string): string {
  if (unit === "byte") return formatBytes(count);
  return unit === "mWh" ? `${formatNumber(count / 1e6, 2)} kWh` : formatUnits(count, unit, formatCompact);
}

function figure(value: number | string | boolean, unit: string): string {
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "string") return value;
  if (unit === "bytes") return formatBytes(value);
  if (unit === "ppm") return formatPpm(value);
  if (unit === "ratio") return formatRatio(value);
  if (unit === "ms") return formatDuration(value);
  return `${Number.isInteger(value) ? formatCompact(value) : formatNumber(value, 3)} ${unit}`;
}

function addPrices(view: View, id: MarketId): void {
  const { store } = view.app;
  const topic = `market.${id}` as const;
  addPanel(view, {
    id: "prices",
    title: "Unit price",
    span: 8,
    medium: 12,
    topics: [topic],
    lack: () => {
      const { prices, unit_price_micro: price, price_source: source, _meta } = store.get(topic)!;
      if (prices.some(({ price_micro: known }) => known !== null)) return null;
      if (price === null) return lackOf(null, _meta, "unit_price_micro", "price");
      return {
        state: "empty",
        text:
          `Nothing with units has settled lately, so there is no price per block. The last price is a quote: ${
            String(source).replaceAll("_", " ")
          }, ${formatPrice(exact(store.get(topic)!, "unit_price_micro")!)}.`,
      };
    },
    build(body, panel) {
      body.append(chart(view, {
        kind: "candles",
        label: "Unit price by block",
        series: ["open", "high", "low", "close"].map((label) => ({ label, token: "--text-2" })),
        format: formatPrice,
        axis: { per: 1e6, unit: "" },
        x: { label: "From block", format: formatHeight },
        source: () => {
          const market = store.get(topic);
          return market ? candlesOf(market.prices) : null;
        },
      }));
      return () => {
        panel.subtitle = `${store.get(topic)!.price_unit.replace("µ ", "")}, volume-weighted per block`;
      };
    },
  });
}

function addHistory(view: View, id: MarketId, rangeMs: () => number): void {
  const topic = `market.${id}` as const;
  const trend = (panelId: string, title: string, kind: "line" | "area", field: "ratios" | "receipts_100") =>
    addPanel(view, {
      id: panelId,
      title,
      span: 6,
      topics: [topic, "markets"],
      build(body) {
        body.append(chart(view, {
          kind,
          label: title,
          series: field === "ratios"
            ? [
              { label: "Utilisation", metric: `utilization_ppm.${id}`, token: "--accent" },
              { label: "Margin", metric: `provider_margin_ppm.${id}`, token: "--text-2", dash: [6, 2] },
            ]
            : [{ label: "Receipts", metric: `receipts_100.${id}`, token: "--accent" }],
          format: field === "ratios" ? formatPpm : (count) => formatAmount(count),
          axis: field === "ratios" ? { per: 10_000, unit: " %" } : "auto",
          floor: 0,
          least: field === "ratios" ? 0 : 1,
          rangeMs,
        }));
        return () => {};
      },
    });
  trend("ratios", "Utilisation and margin", "line", "ratios");
  trend("activity", "Receipts in 100 blocks", "area", "receipts_100");
}
