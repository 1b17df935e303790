/** System: the program, its store and streams, this page, what the node offers, the log, and a bundle of all of it. */
import { el, Value } from "../dom.ts";
import {
  formatAge,
  formatBytes,
  formatCount,
  formatDuration,
  formatHeight,
  formatNumber,
  formatStamp,
  NONE,
} from "../format.ts";
import { Status } from "../icons.ts";
import { addPanel, facts, fixed, keyedTable } from "../panel.ts";
import type { Page, View } from "../router.ts";
import type { Topic } from "../store.ts";
import { addCapabilities } from "./capabilities.ts";
import { addDiagnostics } from "./diagnostics.ts";
import { addLogs } from "./logs.ts";

const TONES = { ok: "ok", degraded: "warn", down: "bad" } as const;

/** The page. */
export const page: Page = {
  title: "System",
  mount(view) {
    addProcess(view);
    addIngest(view);
    addStreams(view);
    addTopics(view);
    addApiMap(view);
    addCapabilities(view);
    addLogs(view);
    addDiagnostics(view);
  },
};

/** A list of labelled values that are written by hand. */
function lines(names: readonly string[]): { readonly el: HTMLElement; readonly values: readonly Value[] } {
  const list = el("dl", { class: "facts" });
  const values = names.map((name) => {
    const value = new Value();
    list.append(el("div", {}, el("dt", {}, name), value.el));
    return value;
  });
  return { el: list, values };
}

function addProcess(view: View): void {
  const { store } = view.app;
  addPanel(view, {
    id: "process",
    title: "Process",
    span: 4,
    topics: ["status"],
    build(body) {
      const status = new Status(el("p"));
      const { el: list, values } = lines([
        "Version",
        "Mode",
        "Uptime",
        "Memory, resident",
        "Memory, heap",
        "Event loop lag",
        "Journal entries",
      ]);
      body.append(status.el, list);
      return () => {
        const { status: word, version, mode, uptime_seconds: up, process, journal_seq: seq } = store.get(
          "status",
        )!;
        status.show(TONES[word], word === "ok" ? "running" : word);
        const written = [
          version,
          mode,
          formatDuration(up * 1_000),
          formatBytes(process.rss_bytes),
          formatBytes(process.heap_bytes),
          formatDuration(process.event_loop_lag_ms),
          formatCount(seq),
        ];
        written.forEach((content, i) => values[i]!.write(content));
      };
    },
  });
}

function addIngest(view: View): void {
  const { store } = view.app;
  addPanel(view, {
    id: "ingest",
    title: "Node and ingest",
    span: 4,
    topics: ["status", "health", "capabilities"],
    build(body) {
      const link = new Status(el("p"));
      const { el: list, values } = lines([
        "Node",
        "Dialect",
        "Since",
        "Stream",
        "Ingested height",
        "Behind",
        "Gaps",
      ]);
      const calls = facts(store, [
        ["Answer p50 / p95", ["capabilities", "rpc_p50_ms", formatDuration], [
          "capabilities",
          "rpc_p95_ms",
          formatDuration,
        ]],
        ["Reorganisations", ["health", "reorgs", formatCount]],
      ]);
      body.append(link.el, list, calls.el);
      return () => {
        const { node, ingest, _meta: meta } = store.get("status")!;
        const { node_reason: reason, last_gap: gap } = store.get("health")!;
        link.show(node.up ? "ok" : "bad", node.up ? "answers" : reason ?? "does not answer");
        const [host, dialect, since, stream, height, lag, gaps] = values;
        host!.write(node.host);
        dialect!.show(node.dialect, String, meta, "node.dialect");
        since!.show(node.since_ms, formatStamp, meta, "node.since_ms");
        stream!.write(node.stream);
        height!.show(ingest.height, formatHeight, meta, "ingest.height");
        lag!.show(ingest.lag_ms, formatDuration, meta, "ingest.lag_ms");
        const last = gap === null
          ? null
          : `the last from ${gap.source} at ${formatStamp(gap.at * 1_000)}: ${gap.detail}`;
        gaps!.write(formatCount(ingest.gaps), last);
        calls.show();
      };
    },
  });
}

function addStreams(view: View): void {
  const { store } = view.app;
  addPanel(view, {
    id: "streams",
    title: "Streams and store",
    span: 4,
    topics: ["status"],
    build(body) {
      const { el: list, values } = lines([
        "Clients",
        "Closing",
        "Subscriptions",
        "Frames sent",
        "Evicted for slowness",
        "Store size",
        "Store schema",
        "Writing",
      ]);
      body.append(list);
      return () => {
        const { streams, store: file, _meta: meta } = store.get("status")!;
        const [clients, closing, subscriptions, frames, evicted, bytes, schema, error] = values;
        clients!.write(formatCount(streams.clients));
        closing!.write(formatCount(streams.closing));
        subscriptions!.write(formatCount(streams.subscriptions));
        frames!.write(formatCount(streams.frames_sent));
        evicted!.write(formatCount(streams.evicted));
        bytes!.show(file.bytes, formatBytes, meta, "store.bytes");
        schema!.write(formatCount(file.schema));
        error!.write(file.error ?? "works", file.error);
      };
    },
  });
}

interface TopicRow {
  readonly topic: Topic;
}

/** What this page is sent: how often, how old, and whether something is wrong. */
function addTopics(view: View): void {
  const { store, link } = view.app;
  const before = new Map<Topic, number>();
  let beforeMs = Date.now();
  const rates = new Map<Topic, number>();
  addPanel(view, {
    id: "page-streams",
    title: "This page",
    span: 7,
    medium: 12,
    topics: [],
    simulated: () => [...store.bodies()].some(({ _meta }) => _meta.source === "simulated"),
    build(body) {
      const { el: list, values } = lines([
        "Link",
        "Round trip",
        "Messages",
        "Losses",
        "Resyncs",
        "Screen updates",
      ]);
      list.classList.add("inline");
      const table = keyedTable<TopicRow>("Topics of this page", ({ topic }) => topic, [
        "Topic",
        fixed(({ topic }) => [el("span", { class: "mono" }, topic)]),
      ], [
        {
          label: "Messages",
          num: true,
          show: (value, { topic }) => value.write(formatCount(store.received.get(topic) ?? 0)),
        },
        {
          label: "Per second",
          num: true,
          priority: 1,
          show: (value, { topic }) =>
            value.write(rates.has(topic) ? formatNumber(rates.get(topic)!, 1) : NONE),
        },
        {
          label: "Age",
          num: true,
          show: (value, { topic }) => {
            const body = store.get(topic);
            value.write(body ? formatAge(store.shownMs() - body._meta.as_of_ms) : NONE);
          },
        },
        {
          label: "State",
          tone: ({ topic }) => {
            const problem = store.problem(topic);
            if (problem) return ["bad", problem.code];
            return store.get(topic)?._meta.stale ? ["warn", "stale"] : ["ok", "current"];
          },
        },
      ]);
      body.append(list, table.el);
      const show = () => {
        const seconds = (Date.now() - beforeMs) / 1_000;
        const topics = [...store.received.keys()].toSorted();
        if (seconds >= 4) {
          for (const topic of topics) {
            const count = store.received.get(topic)!;
            rates.set(topic, (count - (before.get(topic) ?? count)) / seconds);
            before.set(topic, count);
          }
          beforeMs = Date.now();
        }
        const [state, rtt, messages, losses, resyncs, flushes] = values;
        state!.write(
          link.state.kind === "open" ? "WebSocket open" : link.polled ? "polling" : link.state.kind,
        );
        rtt!.write(link.rttMs === null ? NONE : formatDuration(link.rttMs));
        messages!.write(formatCount(link.messages));
        losses!.write(formatCount(link.losses));
        resyncs!.write(formatCount(link.resyncs));
        flushes!.write(formatCount(store.flushes));
        table.show(topics.map((topic) => ({ topic })));
      };
      for (const [topic, count] of store.received) before.set(topic, count);
      view.everySecond(show);
      return show;
    },
  });
}

interface Endpoint {
  readonly method: string;
  readonly path: string;
  readonly summary: string;
  readonly scope: string;
}

/** Every route of the server, as it lists them itself. */
function addApiMap(view: View): void {
  addPanel(view, {
    id: "api-map",
    title: "API",
    span: 5,
    medium: 12,
    topics: [],
    build(body, panel) {
      const table = keyedTable<Endpoint>("Routes of the server", ({ method, path }) => `${method} ${path}`, [
        "Route",
        fixed(({ method, path }) => [el("span", { class: "mono" }, `${method} ${path}`)]),
      ], [
        { label: "Key", show: (value, { scope }) => value.write(scope) },
        { label: "What", class: "dim wrap", priority: 1, show: (value, { summary }) => value.write(summary) },
      ]);
      table.el.classList.add("scroll");
      table.el.setAttribute("tabindex", "0");
      table.el.setAttribute("role", "region");
      table.el.setAttribute("aria-label", "Routes of the server");
      const note = el("p", { class: "dim" }, "Asking the server…");
      body.append(
        note,
        table.el,
        el(
          "p",
          { class: "hint" },
          "The same as OpenAPI: ",
          el(
            "a",
            { href: `${view.app.api.base}/openapi.json`, target: "_blank", rel: "noopener" },
            "openapi.json",
          ),
        ),
      );
      view.app.api.get("/").then(
        (index) => {
          const { endpoints } = index as { readonly endpoints: readonly Endpoint[] };
          panel.subtitle = `${formatCount(endpoints.length)} routes on one port`;
          note.remove();
          table.show(endpoints);
        },
        (problem) => note.textContent = `Not read: ${problem instanceof Error ? problem.message : problem}.`,
      );
      return () => {};
    },
  });
}
