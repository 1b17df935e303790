/** Overview: is it healthy, and what needs me. Also home of the panels that other pages show as well. */
import { el, Rows, setAttr, setText, text, Value } from "../dom.ts";
import {
  formatAmount,
  formatClock,
  formatCompact,
  formatCompactProfit,
  formatCount,
  formatDuration,
  formatHeight,
  formatNumber,
  formatRate,
  numberWord,
} from "../format.ts";
import { GATE_LEVELS, type MarketId, MARKETS } from "../history.ts";
import { Icon, type Tone } from "../icons.ts";
import { addPanel, chart, exact, facts, fixed, isOld, keyedTable, lackOf, rangePicker } from "../panel.ts";
import type { Page, View } from "../router.ts";
import type { Bodies } from "../store.ts";
import type { GateBody } from "../../src/server/wire.ts";

/** How good a gate's state is. */
export const GATE_TONES = { open: "ok", throttled: "warn", closed: "bad", unknown: "unknown" } as const;
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

/** Shows everything at a glance. */
export const page: Page = {
  title: "Overview",
  mount(view) {
    const rangeMs = rangePicker(view);
    addVerdict(view);
    addProfit(view);
    addProfitChart(view, rangeMs);
    addGates(view, rangeMs);
    addChain(view, rangeMs);
    addScheduler(view, rangeMs);
    return addLower(view, rangeMs);
  },
};

/** What is below is fetched so long after the page at the latest. */
const BELOW_MS = 4_000;

/** The lower half does not hold up the first paint, and what lies below the window is fetched when it nears. */
async function addLower(view: View, rangeMs: () => number): Promise<void> {
  const latest = await import("./latest.ts");
  if (view.signal.aborted) return;
  latest.addLatestOperations(view);
  latest.addOpenAlerts(view);
  latest.addLatestReceipts(view);
  const below = view.root.appendChild(el("div", { class: "w12" }));
  const add = async () => {
    const markets = await import("./market_panels.ts");
    below.remove();
    if (view.signal.aborted) return;
    markets.addUtilization(view, 4, rangeMs);
    markets.addMarkets(view, 8);
    markets.addMempool(view, 12);
  };
  // An address may lead to what is below.
  if (view.param("panel") !== null) return add();
  const seen = new IntersectionObserver(([entry]) => entry!.isIntersecting && begin(), {
    rootMargin: "100px",
  });
  let timer = setTimeout(() => begin(), BELOW_MS);
  const begin = () => {
    seen.disconnect();
    clearTimeout(timer);
    if (view.signal.aborted) return;
    // The server is away; what is below comes when it is back.
    add().catch(() => timer = setTimeout(begin, BELOW_MS));
  };
  seen.observe(below);
  view.signal.addEventListener("abort", begin, { once: true });
}

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
    return `No news since ${formatClock(health._meta.as_of_ms)}.`;
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
    add("engine", "status", ENGINE_TONES[status.status], `engine ${word}`, "#/system?panel=capabilities");
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
    href: "#/system?panel=capabilities",
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

/** A market of a body, with its names. */
export type Row<T> = T & { readonly id: MarketId; readonly label: string };

/** A body's four markets as rows. */
export function marketRows<T extends object>(markets: Readonly<Record<MarketId, T>>): Row<T>[] {
  return MARKETS.map(({ id, label }) => ({ ...markets[id], id, label }));
}

/** The first column of a table of markets. */
export const MARKET_HEAD = [
  "Market",
  fixed<Row<object>>(({ id, label }) => [el("span", { class: "square", "data-market": id }), label]),
] as const;

function addProfit(view: View): void {
  const { store } = view.app;
  addPanel(view, {
    id: "profit",
    title: "Profit and loss",
    span: 4,
    topics: ["pnl"],
    lack: () => {
      const pnl = store.get("pnl")!;
      return lackOf(exact(pnl, "net_profit"), pnl._meta, "net_profit", "profit and loss of ours");
    },
    build(body, panel) {
      const net = new Value(el("p", { class: "kpi" }));
      const list = facts(store, [
        ["Revenue", ["pnl", "total_revenue", formatCompact]],
        ["Costs", ["pnl", "total_costs", formatCompact]],
        ["Margin", ["pnl", "profit_margin", (percent: number) => `${formatNumber(percent, 1)} %`]],
        ["Subsidies, apart", ["pnl", "subsidies", formatCompact]],
        ["Pending operations, ours", ["pnl", "pending_operations", formatCount]],
        ["Receipts, ours / all", ["pnl", "own_receipts", formatCount], [
          "pnl",
          "total_receipts",
          formatCount,
        ]],
      ]);
      body.append(net.el, list.el);
      return () => {
        const pnl = store.get("pnl")!;
        const profit = exact(pnl, "net_profit");
        net.show(
          profit,
          formatCompactProfit,
          pnl._meta,
          "net_profit",
          `${formatAmount(profit ?? 0)} base units`,
        );
        setAttr(net.el, "data-sign", String(Math.sign(Number(profit ?? 0))));
        panel.subtitle = pnl.since_height === null
          ? "base units"
          : `base units since ${formatHeight(pnl.since_height)}`;
        list.show();
      };
    },
  });
}

function addProfitChart(view: View, rangeMs: () => number): void {
  const { store } = view.app;
  addPanel(view, {
    id: "profit-series",
    title: "Net profit",
    span: 8,
    topics: ["pnl"],
    lack: () =>
      lackOf(exact(store.get("pnl")!, "net_profit"), store.get("pnl")!._meta, "net_profit", "profit of ours"),
    build(body, panel) {
      panel.subtitle = "from receipts, since ingest began";
      body.append(chart(view, {
        kind: "area",
        label: "Net profit",
        series: [{ label: "Net profit", metric: "net_profit", server: "net_profit", token: "--accent" }],
        format: formatCompact,
        axis: "auto",
        rangeMs,
      }));
      return () => {};
    },
  });
}

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
