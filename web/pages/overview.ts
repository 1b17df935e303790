/** Overview: is it healthy, and what needs me. Also home of the panels that other pages show as well. */
import { el, Rows, setAttr, setText, text, type Value } from "../dom.ts";
import {
  formatAmount,
  formatCompact,
  formatCount,
  formatDuration,
  formatHeight,
  formatPpm,
  formatPrice,
  formatPriceUnit,
  formatRate,
  formatTime,
  numberWord,
} from "../format.ts";
import { GATE_LEVELS } from "../history.ts";
import { Icon, type Tone } from "../icons.ts";
import {
  addPanel,
  chart,
  type Column,
  exact,
  facts,
  isOld,
  keyedTable,
  lackOf,
  rangePicker,
} from "../panel.ts";
import type { Page, View } from "../router.ts";
import type { Bodies } from "../store.ts";
import type { GateBody, MarketHealth, MempoolLaneBody } from "../../src/server/wire.ts";

/** The markets, in the order in which they are always shown, with the dashes of their lines. */
export const MARKETS = [
  { id: "compute", label: "Compute", dash: [] },
  { id: "storage", label: "Storage", dash: [6, 2] },
  { id: "energy", label: "Energy", dash: [2, 2] },
  { id: "ad", label: "Ad", dash: [8, 2, 2, 2] },
] as const;

const GATE_TONES = { open: "ok", throttled: "warn", closed: "bad", unknown: "unknown" } as const;
const MARKET_TONES = {
  healthy: "ok",
  idle: "warn",
  closed: "bad",
  unavailable: "bad",
  disabled: "unknown",
} as const;
const OVERALL_TONES = { healthy: "ok", degraded: "warn", down: "bad", unknown: "unknown" } as const;
const ENGINE_TONES = { ok: "ok", degraded: "warn", down: "bad" } as const;

/** What each sync status means, and its tone; without a sentence the markets have the word. */
const SYNC: Readonly<Record<Bodies["health"]["sync_status"], readonly [Tone, string]>> = {
  unreachable: ["bad", "The node does not answer"],
  halted: ["bad", "The chain was reorganised deeper than can be followed; following has stopped"],
  empty: ["warn", "The chain has no block yet"],
  stalled: ["bad", "The chain stands still: no new block"],
  syncing: ["warn", "The node is still catching up"],
  standalone: ["warn", ""],
  synced: ["ok", ""],
};

/** Shows everything at a glance; the places of the panels to come are marked. */
export const page: Page = {
  title: "Overview",
  mount(view) {
    const rangeMs = rangePicker(view);
    addVerdict(view);
    // Here: profit and loss (4), equity and drawdown (8).
    addGates(view, rangeMs);
    addChain(view, rangeMs);
    addScheduler(view, rangeMs);
    addMarkets(view, 8);
    addMempool(view, 12);
    addUtilization(view, rangeMs);
    // Here: latest operations (8), latest receipts (4).
  },
};

/** The feeds that the verdict rests on, and whose age it counts. */
const FEEDS = ["health", "status", "gates", "network", "markets", "scheduler", "mempool"] as const;

/** What the verdict rests on; undefined where nothing has come yet. */
export type VerdictFacts = { readonly [T in (typeof FEEDS)[number]]?: Bodies[T] };

/** One remark beside the verdict. */
export interface Remark {
  readonly id: string;
  readonly tone: Tone;
  readonly text: string;
  readonly href: string;
}

/** Feeds whose data is past its time. */
export type OldFeeds = ReadonlySet<(typeof FEEDS)[number]>;

/** The state of everything in one sentence, the gravest thing first. */
export function verdictOf({ health, gates, markets }: VerdictFacts, old: OldFeeds): string {
  if (!health) return "Waiting for the first data.";
  const [, sentence] = SYNC[health.sync_status];
  if (health.sync_status !== "unreachable" && old.has("health")) {
    return `No news since ${formatTime(health._meta.as_of_ms)} UTC.`;
  }
  if (sentence !== "") return `${sentence}.`;
  const peers = health.sync_status === "synced" ? "" : ", without peers";
  if (!markets) return `The chain advances${peers}.`;
  const opening = {
    healthy: "Healthy",
    degraded: "Degraded",
    down: "No market is healthy",
    unknown: "No market answers",
  }[markets.overall_status];
  return `${opening}${peers}${gates ? gateClause(gates) : ""}.`;
}

function gateClause(gates: Bodies["gates"]): string {
  const [first, ...others] = MARKETS.filter(({ id }) => gates[id].enabled && gates[id].state !== "open");
  if (!first) return ", with all gates open";
  return others.length === 0
    ? `, with the ${first.id} gate ${gates[first.id].state}`
    : `, with ${numberWord(others.length + 1)} gates not open`;
}

/** The remarks beside the verdict. What is good or middling in old data is no longer known to be so. */
export function remarksOf(facts: VerdictFacts, old: OldFeeds): readonly Remark[] {
  const { health, status, gates, markets, scheduler } = facts;
  const remarks: Remark[] = [];
  const add = (id: string, feed: (typeof FEEDS)[number], tone: Tone, text: string, href: string) =>
    remarks.push({ id, tone: old.has(feed) && tone !== "bad" ? "unknown" : tone, text, href });
  if (health) {
    const [tone] = SYNC[health.sync_status];
    add("chain", "health", tone, `chain ${health.sync_status}`, "#/network?panel=figures");
  }
  if (status) {
    const word = status.status === "ok" ? "running" : status.status;
    add("engine", "status", ENGINE_TONES[status.status], `engine ${word}`, "#/network?panel=capabilities");
  }
  if (gates) {
    const shut = MARKETS.filter(({ id }) => gates[id].state !== "open");
    if (shut.length === 0) add("gates", "gates", "ok", "gates open", "#/theblock?panel=gates");
    for (const { id } of shut) {
      const { state, enabled } = gates[id];
      const word = `${id} ${enabled ? state : "disabled"}`;
      add(`gate-${id}`, "gates", GATE_TONES[state], word, "#/theblock?panel=gates");
    }
  }
  if (markets) {
    const counts = `markets ${markets.healthy_markets} of ${markets.total_markets}`;
    add("markets", "markets", OVERALL_TONES[markets.overall_status], counts, "#/theblock?panel=markets");
  }
  const depth = scheduler?.queue_depth ?? null;
  if (depth !== null) {
    const tone = depth < 100 ? "ok" : depth < 500 ? "warn" : "bad";
    add("queue", "scheduler", tone, `queue ${formatCount(depth)}`, "#/theblock?panel=scheduler");
  }
  const feeds = `${old.size} stale ${old.size === 1 ? "feed" : "feeds"}`;
  remarks.push({
    id: "feeds",
    tone: old.size === 0 ? "ok" : "warn",
    text: feeds,
    href: "#/network?panel=capabilities",
  });
  return remarks;
}

function addVerdict(view: View): void {
  const { store } = view.app;
  const sentence = text();
  const list = el("ul", { class: "remarks" });
  const rows = new Rows<Remark>(list, ({ id }) => id, () => {
    const mark = new Icon();
    const words = text();
    const anchor = el("a", {}, mark.el, words);
    return {
      el: el("li", {}, anchor),
      update: (remark) => {
        mark.show(remark.tone);
        setText(words, remark.text);
        setAttr(anchor, "data-tone", remark.tone);
        setAttr(anchor, "href", remark.href);
      },
    };
  });
  const parts = [el("p", { class: "sentence" }, sentence), list];
  view.root.append(el("section", { class: "verdict w12", "aria-label": "Verdict", id: "verdict" }, ...parts));
  const show = () => {
    const facts = Object.fromEntries(FEEDS.map((feed) => [feed, store.get(feed)])) as VerdictFacts;
    const old = new Set(FEEDS.filter((feed) => isOld(facts[feed]?._meta, store.shownMs())));
    setText(sentence, verdictOf(facts, old));
    rows.show(remarksOf(facts, old));
  };
  view.watch(FEEDS, show);
  view.everySecond(show);
  show();
}

type MarketId = (typeof MARKETS)[number]["id"];
type Row<T> = T & { readonly id: MarketId; readonly label: string };

/** A body's four markets as rows. */
function marketRows<T extends object>(markets: Readonly<Record<MarketId, T>>): Row<T>[] {
  return MARKETS.map(({ id, label }) => ({ ...markets[id], id, label }));
}

const MARKET_HEAD = ["Market", ({ id, label }: Row<object>) => [
  el("span", { class: "square", "data-market": id }),
  label,
]] as const;

function addGates(view: View, rangeMs: () => number): void {
  const { store } = view.app;
  addPanel(view, {
    id: "gates",
    title: "Gates",
    span: 5,
    topics: ["gates"],
    build(body) {
      const table = keyedTable<Row<GateBody>>("Market gates", ({ id }) => id, MARKET_HEAD, [
        { label: "State", tone: ({ state, enabled }) => [GATE_TONES[state], enabled ? state : "disabled"] },
        {
          label: "Why",
          num: true,
          class: "why",
          show: (why, gate) => showWhy(why, gate, store.get("gates")!),
        },
      ]);
      table.el.classList.add("headless");
      const strip = chart(view, {
        kind: "heat",
        label: "Gate states",
        series: MARKETS.map(({ id, label }) => ({ label, metric: `gate.${id}` as const, token: "--text-2" })),
        levels: ["--ok", "--warn", "--unknown", "--bad"],
        format: (level) => GATE_LEVELS[level] ?? "unknown",
        rangeMs,
      });
      body.append(table.el, strip);
      return () => table.show(marketRows(store.get("gates")!));
    },
  });
}

/** Since when a gate is open, or why it is not. */
function showWhy(why: Value, gate: Row<GateBody>, { _meta: meta }: Bodies["gates"]): void {
  const said = gate.node_state === null ? null : `${gate.gate_name}: the node says “${gate.node_state}”`;
  const since = gate.since_height === null ? null : `since ${formatHeight(gate.since_height)}`;
  if (gate.state === "open") {
    if (since === null) return why.show(null, String, meta, `${gate.id}.since_height`);
    return why.write(since, said);
  }
  if (gate.reason === null) return why.show(null, String, meta, `${gate.id}.reason`);
  const { enter_streak: streak, streak_required: required } = gate;
  const progress = streak === null || required === null ? null : `streak ${streak} of ${required}`;
  why.write([gate.reason.replaceAll("_", " "), progress, since].filter(Boolean).join(" · "), said);
}

function addChain(view: View, rangeMs: () => number): void {
  addPanel(view, {
    id: "chain",
    title: "Chain",
    span: 4,
    topics: ["health", "network"],
    build(body) {
      const list = facts(view.app.store, [
        [
          "Height / finalised",
          ["health", "block_height", formatHeight],
          ["health", "finalized_height", formatHeight],
        ],
        [
          "Block time p50 / p95",
          ["network", "block_time_p50_ms", formatDuration],
          ["network", "block_time_p95_ms", formatDuration],
        ],
        ["Throughput", ["network", "tps", (rate: number) => `${formatRate(rate)} tps`]],
      ]);
      const lag = chart(view, {
        kind: "spark",
        label: "Finality lag, blocks",
        series: [{ label: "Finality lag", metric: "finality_lag", token: "--accent" }],
        format: formatCount,
        floor: 0,
        rangeMs,
      });
      body.append(list.el, lag);
      return list.show;
    },
  });
}

function addScheduler(view: View, rangeMs: () => number): void {
  const { store } = view.app;
  addPanel(view, {
    id: "scheduler",
    title: "Scheduler",
    span: 3,
    topics: ["scheduler"],
    lack: () => {
      const { queue_depth: depth, throughput, _meta } = store.get("scheduler")!;
      return lackOf(depth ?? throughput, _meta, "queue_depth", "scheduler figures");
    },
    build(body) {
      const list = facts(store, [
        ["Queue", ["scheduler", "queue_depth", formatCount]],
        ["Average wait", ["scheduler", "avg_wait_time_ms", formatDuration]],
        ["Per block", ["scheduler", "processed_per_block", formatRate]],
        ["Throughput", ["scheduler", "throughput", (rate: number) => `${formatRate(rate)} /s`]],
      ]);
      const depth = chart(view, {
        kind: "spark",
        label: "Queue depth",
        series: [{ label: "Queue", metric: "queue_depth", token: "--accent" }],
        format: formatCount,
        floor: 0,
        rangeMs,
      });
      body.append(list.el, depth);
      return list.show;
    },
  });
}

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
        ({ id }) => [id],
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

function addUtilization(view: View, rangeMs: () => number): void {
  addPanel(view, {
    id: "utilization",
    title: "Utilisation",
    span: 12,
    topics: ["markets"],
    build(body) {
      body.append(chart(view, {
        kind: "line",
        label: "Utilisation of the four markets",
        series: MARKETS.map(({ id, label, dash }) => ({
          label,
          metric: `utilization.${id}` as const,
          token: `--m-${id}`,
          dash,
        })),
        format: formatPpm,
        axis: { per: 10_000, unit: " %" },
        floor: 0,
        rangeMs,
      }));
      return () => {};
    },
  });
}
