/** Backtests: a form, the queue and the history, the opened run with its live progress, and two runs side by side. */
import type { ChartSource } from "../charts/chart.ts";
import { el, setAttr, setHidden } from "../dom.ts";
import {
  formatCompactProfit,
  formatCount,
  formatDuration,
  formatNumber,
  formatRatio,
  formatStamp,
} from "../format.ts";
import { addPanel, chart, keyedTable, type Panel } from "../panel.ts";
import { Reading } from "../reading.ts";
import type { Page, View } from "../router.ts";
import type { Agents, BacktestHistory } from "../../src/server/wire.ts";
import { type Figure, FIGURES, numberAt, wordsOf } from "./backtest_figures.ts";
import { addForm } from "./backtest_form.ts";
import { Job, type Point } from "./backtest_job.ts";
import { addResult, STATUS_TONES } from "./backtest_result.ts";

/** The newest backtests that are listed. */
const LISTED = 50;

/** The page. */
export const page: Page = {
  title: "Backtest",
  mount(view) {
    const agents = new Reading<Agents>(view, { path: () => "/strategy/agents", everyMs: 600_000 });
    const history = new Reading<BacktestHistory>(view, {
      path: () => `/backtest/history?limit=${LISTED}`,
      everyMs: 2_000,
      locked: true,
    });
    let panels: readonly Panel[] = [];
    let comparison: Panel | null = null;
    let drawing = false;
    // A run brings up to ten frames a second: they are shown as often as the screen changes.
    const changed = () => {
      if (drawing) return;
      drawing = true;
      requestAnimationFrame(() => {
        drawing = false;
        if (view.signal.aborted) return;
        for (const panel of panels) panel.update();
        comparison?.update();
      });
    };
    const [job, other] = [new Job(view, changed), new Job(view, changed)];
    addForm(view, agents, (id) => {
      view.setParam("with", null);
      view.setParam("id", id);
      history.again();
    });
    addHistory(view, history);
    panels = addResult(view, job, () => history.again());
    comparison = addComparison(view, job, other);
    // Beside the form, which is tall, stand the list, the run and its curve.
    const stack = el("div", { class: "w8 m12 stack" });
    view.root.firstElementChild!.after(stack);
    stack.append(
      ...["backtests", "backtest-run", "backtest-equity"].map((id) => view.root.querySelector(`#${id}`)!),
    );
    const follow = () => {
      job.follow(view.param("id"));
      other.follow(view.param("with"));
    };
    view.onQuery(follow);
    view.everySecond(follow);
  },
};

type HistoryRow = BacktestHistory["backtests"][number];

function addHistory(view: View, reading: Reading<BacktestHistory>): void {
  addPanel(view, {
    id: "backtests",
    title: "Queue and history",
    span: 8,
    medium: 12,
    topics: [],
    readings: [reading],
    lack: () =>
      reading.body!.backtests.length > 0
        ? null
        : { state: "empty", text: "No backtest yet. What is started waits, runs and stays here." },
    build(body, panel) {
      const meta = () => reading.body!._meta;
      const table = keyedTable<HistoryRow>("Backtests, newest first", ({ id }) => id, [
        "Backtest",
        (cell) => {
          let row: HistoryRow;
          const words = document.createTextNode("");
          const button = cell.appendChild(
            el("button", { class: "copy", click: () => view.setParam("id", row.id) }, words),
          );
          return (now) => {
            row = now;
            words.data = `${now.data}: ${now.agents.join(", ")}`;
            setAttr(button, "aria-label", `Open backtest ${words.data}, ${now.status}, ${now.id}`);
            setAttr(button, "aria-current", view.param("id") === now.id ? "true" : null);
          };
        },
      ], [
        {
          label: "Status",
          tone: ({ status, progress }) => [
            STATUS_TONES[status],
            status === "running" ? `running ${formatNumber(progress * 100, 0)} %` : status,
          ],
        },
        {
          label: "Profit",
          num: true,
          class: "profit",
          show: (value, { pnl }) => {
            value.show(pnl, formatCompactProfit, meta(), "backtests[].pnl");
            setAttr(value.el, "data-sign", pnl === null ? null : String(Math.sign(pnl)));
          },
        },
        {
          label: "Drawdown",
          num: true,
          priority: 2,
          show: (value, { drawdown }) => value.show(drawdown, formatRatio, meta(), "backtests[].drawdown"),
        },
        {
          label: "Trades",
          num: true,
          priority: 2,
          show: (value, { trades }) => value.show(trades, formatCount, meta(), "backtests[].trades"),
        },
        {
          label: "Requested",
          num: true,
          priority: 3,
          show: (value, { created }) => value.write(formatStamp(created * 1_000)),
        },
        {
          label: "",
          num: true,
          priority: 1,
          fill: (cell) => {
            let id = "";
            const button = cell.appendChild(
              el("button", {
                class: "button",
                click: () => view.setParam("with", view.param("with") === id ? null : id),
              }, "Compare"),
            );
            return (row) => {
              id = row.id;
              setHidden(button, view.param("id") === null || view.param("id") === id);
              setAttr(button, "aria-label", `Compare the opened backtest with ${row.id}`);
              setAttr(button, "aria-pressed", String(view.param("with") === id));
            };
          },
        },
      ]);
      table.el.classList.add("tall-list", "wrap-heads");
      body.append(table.el);
      const show = () => {
        if (!reading.body) return;
        const { backtests, total } = reading.body;
        panel.subtitle = total > backtests.length
          ? `the newest ${formatCount(backtests.length)} of ${formatCount(total)}`
          : formatCount(total);
        table.show(backtests);
      };
      view.onQuery(show);
      return show;
    },
  });
}

/** Two curves over the time since their beginnings, in percent of their first equity; each keeps its last value. */
export function comparedCurves(first: readonly Point[], second: readonly Point[]): ChartSource | null {
  if (first.length === 0 || second.length === 0) return null;
  const both = [first, second].map((curve) => {
    const [begin, base] = curve[0]!;
    return curve.map(([t, equity]) =>
      [1_000 * (t - begin), base === 0 ? NaN : 100 * (equity / base - 1)] as const
    );
  });
  const times = Float64Array.from(new Set(both.flatMap((curve) => curve.map(([at]) => at)))).toSorted();
  const values = both.map((curve) => {
    let i = 0;
    return times.map((at) => {
      while (i + 1 < curve.length && curve[i + 1]![0] <= at) i++;
      return at > curve.at(-1)![0] ? NaN : curve[i]![1];
    });
  });
  return { times, values, domain: [0, Math.max(1, times.at(-1)!)], note: "time since the beginning of each" };
}

function addComparison(view: View, job: Job, other: Job): Panel {
  return addPanel(view, {
    id: "backtest-compare",
    title: "Comparison",
    span: 12,
    topics: [],
    simulated: () => [job, other].some(({ body }) => body?._meta.source === "simulated"),
    lack: () =>
      other.id === null || job.id === null
        ? {
          state: "empty",
          text: "Open a backtest and press Compare on another one to see them side by side.",
        }
        : job.body?.metrics === undefined || other.body?.metrics === undefined
        ? { state: "empty", text: "The comparison appears when both have ended with a result." }
        : null,
    build(body, panel) {
      const value = (of: Job, label: string) => ({
        label,
        num: true as const,
        show: (
          cell: Parameters<NonNullable<Parameters<typeof keyedTable<Figure>>[3][number]["show"]>>[0],
          figure: Figure,
        ) =>
          cell.show(
            numberAt(of.body, figure.id),
            (known) => wordsOf(of.body!, figure, known),
            of.body!._meta,
            figure.id,
          ),
      });
      const table = keyedTable<Figure>("Two backtests side by side", ({ id }) => id, [
        "Figure",
        (cell) => {
          const name = cell.appendChild(document.createTextNode(""));
          return ({ label }) => name.data = label;
        },
      ], [
        value(job, "Opened"),
        value(other, "Other"),
        {
          label: "Opened less other",
          num: true,
          priority: 1,
          show: (cell, figure) => {
            const [mine, theirs] = [numberAt(job.body, figure.id), numberAt(other.body, figure.id)];
            if (mine === null || theirs === null) cell.none(null);
            else cell.write(figure.format(mine - theirs));
          },
        },
      ]);
      table.el.classList.add("wrap-heads", "wrap-cells");
      body.append(
        chart(view, {
          kind: "line",
          label: "Equity of both, percent of the beginning",
          series: [
            { label: "Opened", token: "--m-compute" },
            { label: "Other", token: "--m-ad", dash: [6, 2] },
          ],
          format: (percent) => `${formatNumber(percent, 2)} %`,
          axis: { per: 1, unit: " %" },
          x: { label: "Since the beginning", format: formatDuration },
          source: () => comparedCurves(job.curve, other.curve),
        }),
        table.el,
      );
      return () => {
        panel.subtitle = `${job.id} and ${other.id}`;
        table.show(FIGURES);
      };
    },
  });
}
