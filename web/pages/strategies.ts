/** Strategies: the agents with their switches and parameters, what each made, and how far the figures carry. */
import { el, setAttr, setHidden, setText, text } from "../dom.ts";
import {
  formatAmount,
  formatCompact,
  formatCompactProfit,
  formatCount,
  formatNumber,
  formatRatio,
} from "../format.ts";
import { Status } from "../icons.ts";
import { addPanel, fixed, keyedTable } from "../panel.ts";
import { Reading } from "../reading.ts";
import type { Page, View } from "../router.ts";
import type {
  Agents,
  Strategies,
  StrategyBody,
  StrategyMatrix,
  StrategyRisk,
} from "../../src/server/wire.ts";
import { showAmount, showProfit } from "./account.ts";
import { AgentCard } from "./agent_card.ts";
import { addRunning } from "./settings_engine.ts";

const PERIODS = ["24h", "7d", "30d", "all"];

/** The page. */
export const page: Page = {
  title: "Strategies",
  mount(view) {
    const period = () => PERIODS.find((name) => name === view.param("period")) ?? "7d";
    addPeriod(view, period);
    const agents = new Reading<Agents>(view, { path: () => "/strategy/agents", everyMs: 600_000 });
    addRunning(view);
    addAgents(view, agents);
    addPerformance(view, period);
    addRisk(view);
    addMatrix(view, period);
  },
};

function addPeriod(view: View, chosen: () => string): void {
  const group = el("fieldset", { class: "range" }, el("legend", { class: "sr" }, "Period of the figures"));
  for (const name of PERIODS) {
    const radio = el("input", {
      type: "radio",
      name: "period",
      class: "sr",
      change: () => view.setParam("period", name),
    });
    group.append(el("label", {}, radio, name));
    view.onQuery(() => radio.checked = chosen() === name);
  }
  view.actions.append(group);
}

/** One card per agent: its switch, its share of equity, its parameters. */
function addAgents(view: View, agents: Reading<Agents>): void {
  const { store } = view.app;
  addPanel(view, {
    id: "agents",
    title: "Agents",
    span: 12,
    topics: ["engine", "strategies"],
    readings: [agents],
    build(body, panel) {
      const grid = el("div", { class: "cards" });
      const cards = new Map<string, AgentCard>();
      body.append(grid);
      return () => {
        for (const agent of agents.body!.agents) {
          let card = cards.get(agent.id);
          if (!card) {
            cards.set(agent.id, card = new AgentCard(view.app, agent));
            grid.append(card.el);
          }
          card.show(
            store.get("engine")!,
            store.get("strategies")!.strategies.find(({ id }) => id === agent.id),
          );
        }
        const on = Object.values(store.get("engine")!.settings.agents).filter(({ enabled }) =>
          enabled
        ).length;
        panel.subtitle = `${formatCount(on)} of ${
          formatCount(cards.size)
        } switched on; every change is saved at once`;
      };
    },
  });
}

/** A ratio with its interval. */
function between(low: number | null, high: number | null, format: (value: number) => string): string {
  return low === null || high === null ? "" : ` (${format(low)} to ${format(high)})`;
}

function addPerformance(view: View, period: () => string): void {
  const reading = new Reading<Strategies>(view, {
    path: () => `/strategy/performance?period=${period()}`,
    everyMs: 5_000,
  });
  const meta = () => reading.body!._meta;
  const percent = (value: number) => `${formatNumber(value * 100, 1)} %`;
  addPanel(view, {
    id: "performance",
    title: "Performance",
    span: 12,
    topics: [],
    readings: [reading],
    build(body, panel) {
      const table = keyedTable<StrategyBody>("Performance by strategy", ({ id }) => id, [
        "Strategy",
        fixed(({ title }) => [title]),
      ], [
        {
          label: "State",
          tone: ({ id, enabled, suspended }) =>
            suspended !== null
              ? ["bad", "suspended"]
              : id === "operator"
              ? ["info", "by hand"]
              : enabled
              ? ["ok", "on"]
              : ["unknown", "off"],
        },
        {
          label: "Profit",
          num: true,
          class: "profit",
          show: (value, { pnl }) => showProfit(value, pnl, meta(), "strategies[].pnl"),
        },
        {
          label: "Realised",
          num: true,
          class: "profit",
          priority: 3,
          show: (value, row) => showProfit(value, row.realized, meta(), "strategies[].realized"),
        },
        {
          label: "Fees",
          num: true,
          priority: 4,
          show: (value, row) => showAmount(value, row.fees, meta(), "strategies[].fees"),
        },
        { label: "Trades, n", num: true, show: (value, { trades }) => value.write(formatCount(trades)) },
        {
          label: "Win rate (95 %)",
          num: true,
          priority: 1,
          show: (value, row) =>
            value.show(
              row.win_rate,
              (known) => `${percent(known)}${between(row.win_rate_low, row.win_rate_high, percent)}`,
              meta(),
              "strategies[].win_rate",
            ),
        },
        {
          label: "Profit factor",
          num: true,
          priority: 3,
          show: (value, row) =>
            value.show(
              row.profit_factor,
              (known) => formatNumber(known, 2),
              meta(),
              "strategies[].profit_factor",
            ),
        },
        {
          label: "Mean per trade (95 %)",
          num: true,
          priority: 2,
          show: (value, row) =>
            value.show(
              row.expectancy,
              (known) =>
                `${formatCompact(known)}${between(row.expectancy_low, row.expectancy_high, formatCompact)}`,
              meta(),
              "strategies[].expectancy",
            ),
        },
        {
          label: "Evidence",
          priority: 0,
          tone: ({ few_trades: few }) => few ? ["warn", "too few trades"] : ["ok", "30 or more"],
        },
      ]);
      table.el.classList.add("wrap-heads", "wrap-cells");
      body.append(
        table.el,
        el(
          "p",
          { class: "hint" },
          "Intervals cover 95 %. Below 30 trades a figure says more about luck than about the strategy. " +
            "A period counts trades that were closed within it.",
        ),
      );
      return () => {
        const { epoch, strategies } = reading.body!;
        panel.subtitle = `${period()} · ${
          epoch === 0 ? "no account has been opened" : `account ${formatCount(epoch)}`
        }`;
        table.show(strategies);
      };
    },
  });
}

function addRisk(view: View): void {
  const reading = new Reading<StrategyRisk>(view, { path: () => "/strategy/risk", everyMs: 10_000 });
  addPanel(view, {
    id: "strategy-risk",
    title: "All strategies together",
    span: 5,
    medium: 12,
    topics: [],
    readings: [reading],
    build(body, panel) {
      type Row = readonly [id: keyof StrategyRisk, label: string, format: (value: number) => string];
      const figure = (value: number) => formatNumber(value, 2);
      const rows: readonly Row[] = [
        ["sharpe", "Sharpe", figure],
        ["sortino", "Sortino", figure],
        ["calmar", "Calmar", figure],
        ["volatility", "Volatility a year", formatRatio],
        ["cagr", "Growth a year", formatRatio],
        ["drawdown", "Drawdown now", formatRatio],
        ["max_drawdown", "Drawdown, largest", formatRatio],
      ];
      const table = keyedTable<Row>("Risk of all strategies together", ([id]) => id, [
        "Figure",
        fixed(([, label]) => [label]),
      ], [{
        label: "Value",
        num: true,
        show: (value, [id, , format]) => {
          const risk = reading.body!;
          const interval = id === "sharpe" ? between(risk.sharpe_low, risk.sharpe_high, figure) : "";
          value.show(risk[id] as number | null, (known) => `${format(known)}${interval}`, risk._meta, id);
        },
      }]);
      const few = new Status(el("p"));
      const convention = text();
      body.append(table.el, few.el, el("p", { class: "hint" }, convention));
      return () => {
        const risk = reading.body!;
        panel.subtitle = `${formatCount(risk.samples)} ${risk.samples === 1 ? "day" : "days"}`;
        table.show(rows);
        setHidden(few.el, !risk.few_samples);
        few.show("warn", "Too few days: below 30 returns these figures carry little");
        setText(convention, risk.convention);
      };
    },
  });
}

function addMatrix(view: View, period: () => string): void {
  const reading = new Reading<StrategyMatrix>(view, {
    path: () => `/strategy/matrix?period=${period()}`,
    everyMs: 15_000,
  });
  addPanel(view, {
    id: "matrix",
    title: "Profit of closed trades by day",
    span: 7,
    medium: 12,
    topics: [],
    readings: [reading],
    lack: () =>
      reading.body!.matrix.length > 0
        ? null
        : { state: "empty", text: "No trade was closed within this period." },
    build(body) {
      // Which strategies there are only shows with the data, so the table is made anew when they change.
      const place = el("div", { class: "short scroll-x" });
      let names = "";
      let show = (_rows: StrategyMatrix["matrix"]) => {};
      body.append(place);
      return () => {
        const { matrix } = reading.body!;
        const found = [...new Set(matrix.flatMap(({ strategies }) => Object.keys(strategies)))].toSorted();
        if (found.join() !== names) {
          names = found.join();
          const table = matrixTable(found);
          place.replaceChildren(table.el);
          show = table.show;
        }
        show(matrix.toReversed());
      };
    },
  });
}

function matrixTable(names: readonly string[]) {
  return keyedTable<StrategyMatrix["matrix"][number]>(
    "Profit of closed trades by day and strategy",
    ({ id }) => id,
    ["Day, UTC", fixed(({ date }) => [date])],
    names.map((name) => ({
      label: name.replaceAll("_", " "),
      num: true,
      class: "profit",
      show: (value, { strategies }) => {
        const cell = strategies[name];
        if (!cell) return value.write("·", "no trade was closed");
        value.write(
          formatCompactProfit(cell.pnl),
          `${formatAmount(cell.pnl)} base units in ${formatCount(cell.trades)} trades`,
        );
        setAttr(value.el, "data-sign", String(Math.sign(cell.pnl)));
      },
    })),
  );
}
