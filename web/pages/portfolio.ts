/** The paper account: equity over time, risk figures with their reasons, what is locked, and what each day brought. */
import { act, wordsOf } from "../act.ts";
import type { ChartSource } from "../charts/chart.ts";
import { el, setAttr, setHidden, setText, text, Value } from "../dom.ts";
import {
  formatCompact,
  formatCount,
  formatNumber,
  formatQuantity,
  formatRatio,
  formatStamp,
  formatUnitPrice,
  formatWhen,
} from "../format.ts";
import { Status } from "../icons.ts";
import { addPanel, chart, facts, fixed, keyedTable, type Lack } from "../panel.ts";
import { Reading } from "../reading.ts";
import type { Page, View } from "../router.ts";
import type {
  DailyPnl,
  EquityChart,
  LockBody,
  MarketsPnl,
  PositionBody,
  RiskPortfolio,
} from "../../src/server/wire.ts";
import { positionsOf, showAmount, showProfit, STATE_TONES } from "./account.ts";
import { chainNowMs } from "./latest.ts";

/** The page. */
export const page: Page = {
  title: "Portfolio",
  mount(view) {
    const equity = new Reading<EquityChart>(view, {
      path: () => "/chart/portfolio?tf=1m&limit=500",
      everyMs: 5_000,
      locked: true,
    });
    addAccount(view);
    addEquity(view, equity);
    addRisk(view);
    addDrawdown(view, equity);
    addLimits(view);
    addPositions(view);
    addDaily(view);
    addMarkets(view);
    addLocks(view);
    addEvents(view);
  },
};

/** Without an account there is nothing to show of it. */
function noAccount(view: View): Lack | null {
  const risk = view.app.store.get("risk")!;
  return risk.equity !== null ? null : {
    state: "empty",
    text: "No paper account has been opened. Switch to paper mode on the page Trading to open one.",
  };
}

function addAccount(view: View): void {
  const { store } = view.app;
  addPanel(view, {
    id: "account",
    title: "Equity",
    span: 4,
    topics: ["risk"],
    lack: () => noAccount(view),
    build(body, panel) {
      const equity = new Value(el("p", { class: "kpi" }));
      const profits = (["change", "realized", "unrealized"] as const).map((field) => ({
        field,
        value: new Value(el("dd", { class: "profit" })),
      }));
      const percent = new Value();
      const state = new Status(el("dd"));
      const rest = facts(store, [
        ["Capital", ["risk", "capital", formatCompact]],
        ["Cash", ["risk", "cash", formatCompact]],
        ["Fees paid", ["risk", "fees", formatCompact]],
      ]);
      const names = { change: "Within a day", realized: "Realised", unrealized: "Unrealised" };
      body.append(
        equity.el,
        el(
          "dl",
          { class: "facts" },
          ...profits.map(({ field, value }) => el("div", {}, el("dt", {}, names[field]), value.el)),
          el("div", {}, el("dt", {}, "Within a day, %"), percent.el),
          el("div", {}, el("dt", {}, "Trading"), state.el),
        ),
        rest.el,
      );
      return () => {
        const risk = store.get("risk")!;
        const { _meta: meta } = risk;
        panel.subtitle = "base units";
        showAmount(equity, risk.equity, meta, "equity");
        for (const { field, value } of profits) showProfit(value, risk[field], meta, field);
        percent.show(risk.change_pct, (known) => `${formatNumber(known, 2)} %`, meta, "change_pct");
        state.show(
          STATE_TONES[risk.state],
          risk.halt_reason === null ? risk.state : `${risk.state}: ${risk.halt_reason}`,
        );
        rest.show();
      };
    },
  });
}

/** Points of the equity curve in the order of time, one value each. */
function seriesOf(
  body: EquityChart | undefined,
  values: (equity: Float64Array) => Float64Array,
): ChartSource | null {
  const points = body?.series ?? [];
  if (points.length === 0) return null;
  const times = Float64Array.from(points, ([at]) => at);
  const [first, last] = [times[0]!, times.at(-1)!];
  return {
    times,
    values: [values(Float64Array.from(points, ([, equity]) => equity))],
    domain: [Math.min(first, last - 60_000), last],
    note: `account ${body!.epoch}, chain time`,
  };
}

/** How far each point is below the highest one before it, percent. */
export function drawdowns(equity: Float64Array): Float64Array {
  let peak = -Infinity;
  return equity.map((value) => {
    peak = Math.max(peak, value);
    return peak > 0 ? 100 * (peak - value) / peak : NaN;
  });
}

function addEquity(view: View, reading: Reading<EquityChart>): void {
  addPanel(view, {
    id: "equity",
    title: "Equity over time",
    span: 8,
    topics: ["risk"],
    readings: [reading],
    lack: () => noAccount(view),
    build(body, panel) {
      panel.subtitle = "open positions included; thinning keeps the extremes";
      body.append(chart(view, {
        kind: "line",
        label: "Equity",
        series: [{ label: "Equity", token: "--accent" }],
        format: formatCompact,
        axis: "auto",
        source: () => seriesOf(reading.body, (equity) => equity),
      }));
      return () => {};
    },
  });
}

function addRisk(view: View): void {
  const { store } = view.app;
  addPanel(view, {
    id: "risk-figures",
    title: "Risk",
    span: 4,
    topics: ["risk"],
    lack: () => noAccount(view),
    build(body, panel) {
      const list = facts(store, [
        ["Exposure", ["risk", "exposure", formatCompact]],
        ["Leverage, of equity", ["risk", "leverage", (ratio: number) => formatNumber(ratio, 3)]],
        ["Largest position", ["risk", "position_size", formatCompact]],
        ["Drawdown now", ["risk", "drawdown", formatRatio]],
        ["Drawdown, largest", ["risk", "max_drawdown", formatRatio]],
        ["Value at risk, 95 %, a minute", ["risk", "var_95", formatCompact]],
        ["Expected shortfall, 95 %", ["risk", "es_95", formatCompact]],
        ["Sharpe, a year", ["risk", "sharpe", ratio]],
        ["Sortino, a year", ["risk", "sortino", ratio]],
        ["Calmar", ["risk", "calmar", ratio]],
        ["Volatility, a year", ["risk", "volatility", formatRatio]],
      ]);
      body.append(list.el);
      return () => {
        const { risk_samples: minutes, statistics_samples: days } = store.get("risk")!;
        panel.subtitle = `from ${formatCount(minutes)} minutes and ${formatCount(days)} days`;
        list.show();
      };
    },
  });
}

const ratio = (value: number) => formatNumber(value, 2);

function addDrawdown(view: View, reading: Reading<EquityChart>): void {
  const { store } = view.app;
  const limit = () => store.get("risk")?.limits.max_drawdown ?? null;
  addPanel(view, {
    id: "drawdown",
    title: "Drawdown over time",
    span: 8,
    topics: ["risk"],
    readings: [reading],
    lack: () => noAccount(view),
    build(body, panel) {
      body.append(chart(view, {
        kind: "area",
        label: "Drawdown",
        series: [{ label: "Drawdown", token: "--loss" }],
        format: (percent) => `${formatNumber(percent, 3)} %`,
        axis: { per: 1, unit: " %" },
        floor: 0,
        source: () => seriesOf(reading.body, drawdowns),
      }));
      return () => {
        panel.subtitle = `below the highest equity shown before${
          limit() === null ? "" : `; trading halts at ${formatRatio(limit()!)}`
        }`;
      };
    },
  });
}

/** How much of each limit is used. */
function limitRows({ exposure, equity, position_size, drawdown, limits }: RiskPortfolio, positions: number) {
  const rows: ({
    id: string;
    used: number | null;
    limit: number | null;
    format: (value: number) => string;
    said?: string;
  })[] = [
    { id: "Drawdown that halts", used: drawdown, limit: limits.max_drawdown, format: formatRatio },
    {
      id: "Exposure",
      used: exposure,
      limit: equity === null ? null : limits.max_exposure * equity,
      format: formatCompact,
      said: `${formatRatio(limits.max_exposure)} of equity`,
    },
    { id: "Largest position", used: position_size, limit: limits.max_position, format: formatCompact },
    { id: "Positions at once", used: positions, limit: limits.max_concurrent_trades, format: formatCount },
  ];
  return rows;
}

function addLimits(view: View): void {
  const { store } = view.app;
  addPanel(view, {
    id: "limits",
    title: "Limits",
    span: 4,
    topics: ["risk", "positions"],
    build(body, panel) {
      type Row = ReturnType<typeof limitRows>[number];
      const table = keyedTable<Row>("Limits and how much of them is used", ({ id }) => id, [
        "Limit",
        fixed(({ id }) => [id]),
      ], [
        {
          label: "Used",
          num: true,
          show: (value, row) => row.used === null ? value.none(null) : value.write(row.format(row.used)),
        },
        {
          label: "Allowed",
          num: true,
          show: (value, row) => value.write(row.limit === null ? row.said ?? "off" : row.format(row.limit)),
        },
        {
          label: "Share",
          num: true,
          priority: 0,
          fill: (cell) => {
            const meter = cell.appendChild(el("meter", { min: 0, max: 1 }));
            return ({ used, limit, id }) => {
              const share = used === null || limit === null || limit === 0 ? null : Math.min(1, used / limit);
              setHidden(meter, share === null);
              meter.value = share ?? 0;
              setAttr(meter, "aria-label", share === null ? null : `${id}: ${formatRatio(share)} used`);
            };
          },
        },
      ]);
      body.append(table.el);
      return () => {
        const risk = store.get("risk")!;
        panel.subtitle = `${formatCount(risk.limits.orders_per_minute)} orders a minute, prices of ${
          formatCount(risk.limits.stale_after)
        } s`;
        table.show(limitRows(risk, positionsOf(store.get("positions")!).length));
      };
    },
  });
}

function addPositions(view: View): void {
  const { store } = view.app;
  const meta = () => store.get("positions")!._meta;
  addPanel(view, {
    id: "positions",
    title: "Positions",
    span: 8,
    topics: ["positions"],
    lack: () =>
      positionsOf(store.get("positions")!).length > 0 ? null : { state: "empty", text: "Nothing is held." },
    build(body, panel) {
      const table = keyedTable<PositionBody>("Positions", ({ token }) => token, [
        "Instrument",
        fixed(({ token }) => [el("span", { class: "square", "data-market": token.toLowerCase() }), token]),
      ], [
        {
          label: "Quantity",
          num: true,
          priority: 0,
          show: (value, { qty }) => value.write(formatQuantity(qty)),
        },
        {
          label: "Mean cost",
          num: true,
          priority: 3,
          show: (value, { cost, token }) => value.show(cost, formatUnitPrice, meta(), `${token}.cost`),
        },
        {
          label: "Price",
          num: true,
          priority: 2,
          show: (value, { price, token }) => value.show(price, formatUnitPrice, meta(), `${token}.price`),
        },
        {
          label: "Value",
          num: true,
          show: (value, row) => showAmount(value, row.value, meta(), `${row.token}.value`),
        },
        {
          label: "Unrealised",
          num: true,
          class: "profit",
          show: (value, row) => showProfit(value, row.unrealized, meta(), `${row.token}.unrealized`),
        },
        {
          label: "Drawdown, largest",
          num: true,
          priority: 3,
          show: (value, row) => value.write(formatRatio(row.max_drawdown)),
        },
        {
          label: "Price is",
          priority: 2,
          tone: ({ stale }) => stale ? ["warn", "stale"] : ["ok", "fresh"],
        },
      ]);
      body.append(table.el, el("p", { class: "more-link" }, el("a", { href: "#/trading" }, "Trade")));
      return () => {
        const rows = positionsOf(store.get("positions")!);
        panel.subtitle = formatCount(rows.length);
        table.show(rows);
      };
    },
  });
}

function addDaily(view: View): void {
  const reading = new Reading<DailyPnl>(view, {
    path: () => "/pnl/daily?days=14",
    everyMs: 15_000,
    locked: true,
  });
  addPanel(view, {
    id: "daily",
    title: "Profit by day",
    span: 6,
    medium: 12,
    topics: ["risk"],
    readings: [reading],
    lack: () =>
      noAccount(view) ??
        (reading.body!.days.length > 0 ? null : { state: "empty", text: "No day has been recorded yet." }),
    build(body, panel) {
      panel.subtitle = "UTC, base units";
      const meta = () => reading.body!._meta;
      const table = keyedTable<DailyPnl["days"][number]>("Profit by day", ({ id }) => id, [
        "Day",
        fixed(({ date }) => [date]),
      ], [
        {
          label: "Realised",
          num: true,
          class: "profit",
          show: (value, { pnl }) => showProfit(value, pnl, meta(), "days[].pnl"),
        },
        {
          label: "Equity, change",
          num: true,
          class: "profit",
          show: (value, row) => showProfit(value, row.equity_change, meta(), "days[].equity_change"),
        },
        {
          label: "Equity",
          num: true,
          priority: 0,
          show: (value, { equity }) => showAmount(value, equity, meta(), "days[].equity"),
        },
        {
          label: "Realised in all",
          num: true,
          class: "profit",
          priority: 2,
          show: (value, { total }) => showProfit(value, total, meta(), "days[].total"),
        },
      ]);
      table.el.classList.add("short");
      body.append(table.el);
      return () => table.show(reading.body!.days.toReversed());
    },
  });
}

function addMarkets(view: View): void {
  const reading = new Reading<MarketsPnl>(view, {
    path: () => "/pnl/markets?limit=500",
    everyMs: 15_000,
    locked: true,
  });
  addPanel(view, {
    id: "by-market",
    title: "Realised profit by market",
    span: 6,
    medium: 12,
    topics: ["risk"],
    readings: [reading],
    lack: () => noAccount(view),
    build(body, panel) {
      type Row = { readonly id: string; readonly total: number };
      const table = keyedTable<Row>("Realised profit by market", ({ id }) => id, [
        "Instrument",
        fixed(({ id }) => [el("span", { class: "square", "data-market": id.toLowerCase() }), id]),
      ], [{
        label: "Realised",
        num: true,
        class: "profit",
        show: (value, { id, total }) => showProfit(value, total, reading.body!._meta, `totals.${id}`),
      }]);
      body.append(table.el);
      return () => {
        const { totals, series } = reading.body!;
        panel.subtitle = `after fees, over ${formatCount(series.length)} ${
          series.length === 1 ? "fill" : "fills"
        }`;
        table.show(Object.entries(totals).map(([id, total]) => ({ id, total })));
      };
    },
  });
}

function addLocks(view: View): void {
  const { app, app: { store } } = view;
  addPanel(view, {
    id: "locks",
    title: "Locks",
    span: 6,
    medium: 12,
    topics: ["risk"],
    build(body, panel) {
      const none = el(
        "p",
        { class: "dim" },
        "Nothing is locked. Protections lock an instrument, or everything, for a while.",
      );
      const error = text();
      const errorEl = el("p", { class: "form-error", role: "alert", hidden: true }, error);
      const lift = async (id: string, button: HTMLButtonElement) => {
        button.disabled = true;
        setHidden(errorEl, true);
        try {
          const path = `/risk/locks/${encodeURIComponent(id)}`;
          await act(app, "Lifting a lock needs a key with the scope “trade”.", () => app.api.delete(path));
        } catch (problem) {
          setText(error, `Not lifted: ${wordsOf(problem)}`);
          setHidden(errorEl, false);
        } finally {
          button.disabled = false;
        }
      };
      const table = keyedTable<LockBody>("Locks", ({ id }) => id, [
        "What",
        fixed(({ token, protection }) => [`${token ?? "everything"} by ${protection.replaceAll("_", " ")}`]),
      ], [
        { label: "Why", class: "why", priority: 1, show: (value, { reason }) => value.write(reason) },
        { label: "Until", num: true, show: (value, { until }) => value.write(formatStamp(until * 1_000)) },
        {
          label: "",
          num: true,
          fill: (cell) => {
            let id = "";
            const button = cell.appendChild(
              el("button", { class: "button", click: () => void lift(id, button) }, "Lift"),
            );
            return (row) => {
              id = row.id;
              setAttr(button, "aria-label", `Lift the lock of ${row.token ?? "everything"}`);
            };
          },
        },
      ]);
      body.append(none, errorEl, table.el);
      return () => {
        const { locks } = store.get("risk")!;
        panel.subtitle = formatCount(locks.length);
        setHidden(none, locks.length > 0);
        setHidden(table.el, locks.length === 0);
        table.show(locks);
      };
    },
  });
}

function addEvents(view: View): void {
  const { store } = view.app;
  addPanel(view, {
    id: "risk-events",
    title: "Risk events",
    span: 6,
    medium: 12,
    topics: ["risk"],
    build(body, panel) {
      const none = el("p", { class: "dim" }, "No halt, lock or suspension yet.");
      const table = keyedTable<RiskPortfolio["events"][number]>("Risk events, newest first", ({ id }) => id, [
        "What",
        fixed(({ kind }) => [kind.replaceAll("_", " ")]),
      ], [
        { label: "Detail", class: "why", show: (value, { detail }) => value.write(detail) },
        {
          label: "When",
          num: true,
          show: (value, { at }) =>
            value.write(formatWhen(at * 1_000, chainNowMs(store)), formatStamp(at * 1_000)),
        },
      ]);
      table.el.classList.add("short");
      body.append(none, table.el);
      return () => {
        const { events } = store.get("risk")!;
        panel.subtitle = events.length === 0 ? "" : `the newest ${formatCount(events.length)}`;
        setHidden(none, events.length > 0);
        setHidden(table.el, events.length === 0);
        table.show(events);
      };
    },
  });
}
