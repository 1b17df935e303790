/** Network: how strong it is and why, who is in it, what it offers, and a check of all of it on demand. */
import { el, setAttr, setText, svg, text, Value } from "../dom.ts";
import {
  formatBytes,
  formatCompact,
  formatCount,
  formatDuration,
  formatHeight,
  formatNumber,
  formatRate,
  NONE,
} from "../format.ts";
import { addPanel, chart, facts, type Field, fixed, keyedTable, lackOf, rangePicker } from "../panel.ts";
import type { Page, View } from "../router.ts";
import { reasonOf } from "../store.ts";
import type { NetworkMetrics, StrengthFactorBody } from "../../src/server/wire.ts";
import type { ChartSpec } from "../charts/chart.ts";
import { addMarkets, addMempool } from "./market_panels.ts";
import { addLatencies, addPeers } from "./peers.ts";
import { addProofBoard } from "./proof_board.ts";

/** Mean time between blocks that the chain aims at. */
const TARGET_INTERVAL_MS = 1_000;

/** The page. */
export const page: Page = {
  title: "Network",
  mount(view) {
    const rangeMs = rangePicker(view);
    addStrength(view);
    addFigures(view);
    addTrends(view, rangeMs);
    addPeers(view);
    addMempool(view, 6);
    addLatencies(view);
    addMarkets(view, 12);
    addProofBoard(view);
  },
};

interface FactorText {
  readonly label: string;
  readonly format: (value: number) => string;
  /** Field of the network's or the scheduler's body whose reason says why the factor is unknown. */
  readonly field: string;
}

const share = (value: number) => `${formatNumber(value * 100)} %`;

const FACTORS: Readonly<Record<string, FactorText>> = {
  finality_lag: { label: "Finality lag", format: (v) => `${formatCount(v)} blocks`, field: "finality_lag" },
  block_interval: { label: "Block interval", format: formatDuration, field: "block_time_ms" },
  reorgs: { label: "Reorganisations", format: (v) => `${formatCount(v)} in 100`, field: "reorgs_100" },
  peers: { label: "Peers", format: formatCount, field: "peer_count" },
  rpc_p95: { label: "Node answers, p95", format: formatDuration, field: "rpc_p95_ms" },
  healthy_markets: { label: "Healthy markets", format: share, field: "strength.factors[].value" },
  usable_gates: { label: "Gates not closed", format: share, field: "strength.factors[].value" },
  queue_depth: { label: "Queue depth", format: formatCount, field: "queue_depth" },
  queue_wait: { label: "Queue wait", format: formatDuration, field: "avg_wait_time_ms" },
};

const UNNAMED: FactorText = { label: "Factor", format: String, field: "strength.factors[].value" };

/** Length of the ring of the score. */
const RING = 2 * Math.PI * 40;

function addStrength(view: View): void {
  const { store } = view.app;
  const textOf = ({ id }: StrengthFactorBody) => FACTORS[id] ?? { ...UNNAMED, label: id };
  addPanel(view, {
    id: "strength",
    title: "Network strength",
    span: 7,
    medium: 6,
    topics: ["network", "scheduler"],
    build(body, panel) {
      const score = new Value(el("b", { class: "score" }));
      const arc = svg("circle", { class: "arc", cx: 48, cy: 48, r: 40 });
      const ring = svg(
        "svg",
        { class: "ring", viewBox: "0 0 96 96", width: 96, height: 96, "aria-hidden": "true" },
        svg("circle", { cx: 48, cy: 48, r: 40 }),
        arc,
      );
      const sums = text();
      const meters = new Map<string, HTMLMeterElement>();
      const limit = (label: string, which: "good" | "warn") => ({
        label,
        num: true,
        priority: 2 as const,
        class: "dim",
        show: (value: Value, factor: StrengthFactorBody) => value.write(textOf(factor).format(factor[which])),
      });
      const table = keyedTable<StrengthFactorBody>(
        "Factors of the strength score",
        ({ id }) => id,
        ["Factor", fixed((factor) => [textOf(factor).label])],
        [
          { label: "Value", num: true, show: showFactor },
          limit("Full at", "good"),
          limit("None at", "warn"),
          {
            label: "Points",
            num: true,
            show: (value, { id, points, max }) => {
              value.write(`${points === null ? NONE : formatNumber(points, 1)} / ${max}`);
              let meter = meters.get(id);
              if (!meter) {
                meters.set(id, meter = el("meter", { min: 0, max, "aria-hidden": "true" }));
                value.el.append(meter);
              }
              setAttr(meter, "value", String(points ?? 0));
            },
          },
        ],
      );
      const scoreBox = el("div", { class: "score-box" }, el("div", { class: "ring-box" }, ring, score.el));
      scoreBox.append(el("p", { class: "dim" }, sums));
      body.append(el("div", { class: "strength" }, scoreBox, table.el));
      return () => {
        const { strength, network_strength: points, _meta: meta } = store.get("network")!;
        score.show(points, formatCount, meta, "network_strength");
        setAttr(arc, "stroke-dasharray", `${RING * (points ?? 0) / 100} ${RING}`);
        setText(sums, `${formatNumber(strength.points, 1)} of ${formatCount(strength.max)} points`);
        const unknown = strength.factors.filter(({ value }) => value === null).length;
        panel.subtitle = unknown === 0
          ? ""
          : `${unknown} of ${strength.factors.length} factors unknown, left out`;
        table.show(strength.factors);
      };
    },
  });

  /** A list in a body has one reason for all; that of the field which the factor comes from is its own. */
  function showFactor(value: Value, factor: StrengthFactorBody): void {
    const { format, field } = textOf(factor);
    const metas = [store.get("network")!._meta, store.get("scheduler")!._meta] as const;
    if (factor.value !== null) return value.show(factor.value, format, metas[0], field);
    value.none(reasonOf(metas[0], field) ?? reasonOf(metas[1], field) ?? reasonOf(metas[0], UNNAMED.field));
  }
}

const rate = (bytes: number) => `${formatBytes(bytes)}/s`;

const FIGURES = (
  [
    ["Height", "block_height", formatHeight],
    ["Finalised", "finalized_height", formatHeight],
    ["Finality lag", "finality_lag", (blocks: number) => `${formatCount(blocks)} blocks`],
    ["Time to finality", "finality_time", (seconds: number) => formatDuration(seconds * 1_000)],
    ["Block interval", "block_time_ms", formatDuration],
    ["Throughput", "tps", (tps: number) => `${formatRate(tps)} tps`],
    ["Bandwidth in", "bandwidth_in", rate],
    ["Bandwidth out", "bandwidth_out", rate],
    ["Peers", "peer_count", formatCount],
    ["Connections", "active_connections", formatCount],
    ["Mean latency", "avg_latency_ms", formatDuration],
    ["Validators", "validator_count", formatCount],
    ["Active stake", "active_stake", formatCompact],
    ["Total stake", "total_stake", formatCompact],
    ["Difficulty, bits", "difficulty", formatCount],
    ["Reorgs in 100 blocks", "reorgs_100", formatCount],
    ["Node answers p50", "rpc_p50_ms", formatDuration],
    ["Node answers p95", "rpc_p95_ms", formatDuration],
  ] as const satisfies readonly (readonly [string, keyof NetworkMetrics, Field[2]])[]
).map(([label, field, format]) => [label, ["network", field, format]] as const);

function addFigures(view: View): void {
  addPanel(view, {
    id: "figures",
    title: "Figures",
    span: 5,
    medium: 6,
    topics: ["network"],
    build(body) {
      const list = facts(view.app.store, FIGURES);
      list.el.classList.add("two");
      body.append(list.el);
      return list.show;
    },
  });
}

function addTrends(view: View, rangeMs: () => number): void {
  const { store } = view.app;
  const trend = (
    id: string,
    title: string,
    field: keyof NetworkMetrics,
    spec: Omit<ChartSpec, "label" | "floor" | "rangeMs">,
  ) =>
    addPanel(view, {
      id,
      title,
      span: 4,
      topics: ["network"],
      lack: () =>
        lackOf(store.get("network")![field], store.get("network")!._meta, field, title.toLowerCase()),
      build(body) {
        body.append(chart(view, { label: title, floor: 0, rangeMs, ...spec }));
        return () => {};
      },
    });
  trend("block-time", "Block interval", "block_time_ms", {
    kind: "line",
    series: [{ label: "mean", metric: "block_time_ms", token: "--accent" }],
    thresholds: [{ value: TARGET_INTERVAL_MS, label: "target 1 s" }],
    format: formatDuration,
    axis: { per: 1_000, unit: " s" },
  });
  trend("tps", "Transactions per second", "tps", {
    kind: "area",
    series: [{ label: "tps", metric: "tps", token: "--accent" }],
    format: formatRate,
  });
  trend("peer-count", "Peers over time", "peer_count", {
    kind: "step",
    series: [{ label: "peers", metric: "peer_count", token: "--accent" }],
    format: formatCount,
    least: 1,
  });
}
