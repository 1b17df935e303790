/** A backtest while it runs and when it has ended: progress, figures with n and intervals, equity, trades, guardrails. */
import { act, wordsOf as problemWords } from "../act.ts";
import type { ChartSource } from "../charts/chart.ts";
import { el, setAttr, setHidden, setText, text } from "../dom.ts";
import {
  formatAmount,
  formatCompact,
  formatCount,
  formatDuration,
  formatNumber,
  formatQuantity,
  formatRatio,
  formatStamp,
  formatUnitPrice,
} from "../format.ts";
import { Status, type Tone } from "../icons.ts";
import { jsonTree } from "../json_tree.ts";
import { addPanel, chart, fixed, keyedTable, type Lack, type Panel } from "../panel.ts";
import { Reading } from "../reading.ts";
import type { View } from "../router.ts";
import { saveFile } from "../save.ts";
import type { Backtest, BacktestTrade, BacktestTrades } from "../../src/server/wire.ts";
import { showProfit } from "./account.ts";
import { type Figure, FIGURES, numberAt, wordsOf } from "./backtest_figures.ts";
import { hasEnded, type Job, type Point } from "./backtest_job.ts";

/** How a backtest stands. */
export const STATUS_TONES: Readonly<Record<Backtest["status"], Tone>> = {
  queued: "clock",
  running: "clock",
  done: "ok",
  cancelled: "warn",
  failed: "bad",
  limit: "warn",
};

/** Newest trades that are shown. */
const TRADES = 100;

const simulatedBy = (job: Job) => () => job.body?._meta.source === "simulated";

/** Nothing chosen, or nothing there yet. */
function lackOf(job: Job): Lack | null {
  if (job.id === null) return { state: "empty", text: "Start a backtest, or open one of the list." };
  if (job.problem !== null && !job.body) return { state: "empty", text: `Not loaded: ${job.problem}.` };
  return job.body ? null : { state: "empty", text: "Loading…" };
}

/** Adds the panels of the opened backtest; the result are those that have to be told of changes. */
export function addResult(view: View, job: Job, changed: () => void): readonly Panel[] {
  return [
    addProgress(view, job, changed),
    addEquity(view, job),
    addFigures(view, job),
    addTrades(view, job),
    addMore(view, job),
  ];
}

function addProgress(view: View, job: Job, changed: () => void): Panel {
  const { app } = view;
  return addPanel(view, {
    id: "backtest-run",
    title: "Opened backtest",
    span: 8,
    medium: 12,
    topics: [],
    simulated: simulatedBy(job),
    lack: () => lackOf(job),
    build(body, panel) {
      const status = new Status(el("p", { role: "status" }));
      const bar = el("progress", { max: 1, "aria-label": "Progress of the backtest" });
      const detail = text();
      const error = text();
      const errorEl = el("p", { class: "form-error", role: "alert", hidden: true }, error);
      const cancel = el("button", {
        class: "button",
        click: async () => {
          cancel.disabled = true;
          setHidden(errorEl, true);
          try {
            const path = `/backtest/${encodeURIComponent(job.id!)}`;
            await act(app, "Cancelling needs a key with the scope “trade”.", () => app.api.delete(path));
          } catch (problem) {
            setText(error, `Not cancelled: ${problemWords(problem)}`);
            setHidden(errorEl, false);
          } finally {
            cancel.disabled = false;
            void job.read();
            changed();
          }
        },
      }, "Cancel backtest");
      body.append(
        el("div", { class: "run-row" }, status.el, bar, el("span", { class: "dim" }, detail), cancel),
        errorEl,
      );
      return () => {
        const run = job.body!;
        const ended = hasEnded(run);
        const { frame } = job;
        const part = ended ? run.progress : frame?.progress ?? run.progress;
        const word = ended ? run.status : frame?.status ?? run.status;
        status.show(STATUS_TONES[word], run.reason === null ? word : `${word}: ${run.reason}`);
        bar.value = part;
        setHidden(cancel, ended);
        setText(
          detail,
          ended
            ? [
              run.duration_ms === null ? "" : `took ${formatDuration(run.duration_ms)}`,
              run.limit_breach ? `first guardrail that acted: ${run.limit_breach}` : "",
            ].filter(Boolean).join(" · ")
            : frame
            ? `${formatNumber(part * 100, 0)} % · ${frame.phase.replaceAll("_", " ")} · ${
              formatCount(Math.round(frame.bars_per_s))
            } bars/s · ${formatCount(frame.trades ?? 0)} trades${
              frame.eta_ms === null ? "" : ` · about ${formatDuration(frame.eta_ms)} left`
            }`
            : "",
        );
        panel.subtitle = `${run.id} · asked for ${formatStamp(run.created * 1_000)}`;
      };
    },
  });
}

/** Points as a chart takes them. */
export function sourceOf(curve: readonly Point[], note: string): ChartSource | null {
  if (curve.length === 0) return null;
  const times = Float64Array.from(curve, ([t]) => t * 1_000);
  return {
    times,
    values: [Float64Array.from(curve, ([, equity]) => equity)],
    domain: [Math.min(times[0]!, times.at(-1)! - 60_000), times.at(-1)!],
    note,
  };
}

function addEquity(view: View, job: Job): Panel {
  return addPanel(view, {
    id: "backtest-equity",
    title: "Equity",
    span: 8,
    medium: 12,
    topics: [],
    simulated: simulatedBy(job),
    lack: () =>
      lackOf(job) ?? (job.curve.length > 0 ? null : { state: "empty", text: "No bar has been run yet." }),
    build(body, panel) {
      body.append(chart(view, {
        kind: "line",
        label: "Equity of the backtest",
        series: [{ label: "Equity", token: "--accent" }],
        format: formatCompact,
        axis: "auto",
        source: () => sourceOf(job.curve, "time of the data"),
      }));
      return () => {
        panel.subtitle = `${formatCount(job.curve.length)} points`;
      };
    },
  });
}

function addFigures(view: View, job: Job): Panel {
  return addPanel(view, {
    id: "backtest-figures",
    title: "Figures",
    span: 4,
    medium: 12,
    topics: [],
    simulated: simulatedBy(job),
    lack: () =>
      lackOf(job) ??
        (job.body!.metrics === undefined
          ? {
            state: "empty",
            text: hasEnded(job.body!)
              ? "It ended before there was a result."
              : "They appear when the backtest has ended.",
          }
          : null),
    build(body) {
      const table = keyedTable<Figure>("Figures of the backtest", ({ id }) => id, [
        "Figure",
        fixed(({ label }) => [label]),
      ], [{
        label: "Value",
        num: true,
        class: "profit",
        show: (value, figure) => {
          const run = job.body!;
          const known = numberAt(run, figure.id);
          value.show(known, (amount) => wordsOf(run, figure, amount), run._meta, figure.id);
          setAttr(value.el, "data-sign", figure.profit && known !== null ? String(Math.sign(known)) : null);
        },
      }]);
      const few = new Status(el("p"));
      table.el.classList.add("wrap-heads", "wrap-cells");
      body.append(table.el, few.el);
      return () => {
        table.show(FIGURES);
        const n = numberAt(job.body, "metrics.trades.n") ?? 0;
        setHidden(few.el, n >= 30);
        few.show("warn", `Only ${formatCount(n)} closed trades: below 30 a figure says more about luck`);
      };
    },
  });
}

function addTrades(view: View, job: Job): Panel {
  const { app } = view;
  const reading = new Reading<BacktestTrades>(view, {
    path: () => job.body && hasEnded(job.body) ? `/backtest/${job.id}/trades?limit=${TRADES}` : null,
    everyMs: 3_600_000,
    locked: true,
  });
  const mine = () => job.body && hasEnded(job.body) ? reading.body : undefined;
  const panel = addPanel(view, {
    id: "backtest-trades",
    title: "Trades",
    span: 8,
    medium: 12,
    topics: [],
    simulated: simulatedBy(job),
    lack: () =>
      lackOf(job) ??
        (mine()?.trades.length ? null : {
          state: "empty",
          text: hasEnded(job.body!) ? "No trade was closed." : "They appear when the backtest has ended.",
        }),
    build(body, own) {
      const meta = () => reading.body!._meta;
      const error = text();
      const errorEl = el("p", { class: "form-error", role: "alert", hidden: true }, error);
      const save = async () => {
        setHidden(errorEl, true);
        try {
          const blob = await (await app.api.open(`/backtest/${job.id}/trades?format=csv`)).blob();
          const mark = job.body?._meta.source === "simulated" ? "-SIMULATED" : "";
          saveFile(`backtest-${job.id}-trades${mark}.csv`, "text/csv", [blob]);
        } catch (problem) {
          setText(error, `Not saved: ${problemWords(problem)}`);
          setHidden(errorEl, false);
        }
      };
      const table = keyedTable<BacktestTrade>(
        "Trades of the backtest, newest first",
        ({ id }) => String(id),
        [
          "Trade",
          fixed(({ qty, token }) => [`${formatQuantity(qty)} ${token}`]),
        ],
        [
          { label: "Agent", priority: 2, show: (value, { agent }) => value.write(agent) },
          {
            label: "Opened",
            num: true,
            priority: 3,
            show: (value, { opened }) => value.write(formatStamp(opened * 1_000)),
          },
          {
            label: "Entry",
            num: true,
            priority: 1,
            show: (value, row) => value.write(formatUnitPrice(row.entry_price)),
          },
          {
            label: "Exit",
            num: true,
            priority: 1,
            show: (value, row) => value.show(row.exit_price, formatUnitPrice, meta(), "trades[].exit_price"),
          },
          {
            label: "Profit",
            num: true,
            class: "profit",
            show: (value, row) => showProfit(value, row.pnl, meta(), "trades[].pnl"),
          },
          {
            label: "Of its cost",
            num: true,
            priority: 2,
            show: (value, row) => value.write(formatRatio(row.pnl_ratio)),
          },
          {
            label: "Fees",
            num: true,
            priority: 4,
            show: (value, { fees }) => value.write(formatCompact(fees), formatAmount(fees)),
          },
          {
            label: "Closed by",
            priority: 4,
            show: (value, { cause }) => value.write(cause.replaceAll("_", " ")),
          },
        ],
      );
      table.el.classList.add("tall-list");
      body.append(
        table.el,
        errorEl,
        el(
          "div",
          { class: "buttons" },
          el("button", { class: "button", click: () => void save() }, "Save all trades as CSV"),
        ),
      );
      return () => {
        const { trades, total } = reading.body!;
        own.subtitle = total > trades.length
          ? `the newest ${formatCount(trades.length)} of ${formatCount(total)}`
          : formatCount(total);
        table.show(trades);
      };
    },
  });
  reading.onChange(() => panel.update());
  return panel;
}

/** What was asked for, and what the guardrails and analyses found. */
function addMore(view: View, job: Job): Panel {
  return addPanel(view, {
    id: "backtest-more",
    title: "Request, guardrails, analyses",
    span: 12,
    topics: [],
    simulated: simulatedBy(job),
    lack: () => lackOf(job),
    build(body) {
      let shown: Backtest | null = null;
      const place = el("div", { class: "tree-columns" });
      body.append(place);
      return () => {
        const run = job.body!;
        // A tree is made once: open branches stay open.
        if (shown && shown.id === run.id && shown.status === run.status) return;
        shown = run;
        const { request, guardrails, analysis, final_mark, by_agent, data, rules, errors } = run;
        const parts: readonly (readonly [string, unknown])[] = [
          ["Request", request],
          ["Guardrails", guardrails],
          ["Analyses", analysis],
          ["By agent", by_agent],
          ["Data", data],
          ["Open positions at the end", final_mark],
          ["Rules", rules],
          ["Bad rows", errors.length > 0 ? errors : undefined],
        ];
        place.replaceChildren(
          ...parts.filter(([, value]) => value !== undefined).map(([name, value]) =>
            el("details", {}, el("summary", {}, name), jsonTree(value))
          ),
        );
      };
    },
  });
}
