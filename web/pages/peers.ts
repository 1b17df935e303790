/** The node's peers: a table, and how their latencies are distributed. */
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatHeight,
  formatNumber,
  formatStamp,
  formatWhen,
  shortenAll,
} from "../format.ts";
import { addPanel, chart, lackOf } from "../panel.ts";
import type { View } from "../router.ts";
import { type DataColumn, DataTable } from "../table.ts";
import type { PeerBody } from "../../src/server/wire.ts";

/** Upper ends of the latency classes; the last class is open. */
const LATENCY_EDGES_MS = [10, 25, 50, 75, 100, 150, 250, 500];

const yesNo = (value: unknown) => value === true ? "yes" : "no";

/** Adds the table of peers. */
export function addPeers(view: View): void {
  const { store } = view.app;
  const columns: readonly DataColumn<PeerBody>[] = [
    { id: "id", label: "Peer", path: "peers[].id", value: ({ id }) => id, format: String },
    {
      id: "address",
      label: "Address",
      priority: 3,
      path: "peers[].address",
      value: ({ address }) => address,
      format: String,
    },
    {
      id: "latency_ms",
      label: "Latency",
      num: true,
      path: "peers[].latency_ms",
      value: ({ latency_ms }) => latency_ms,
      format: (ms) => formatDuration(Number(ms)),
    },
    {
      id: "height",
      label: "Height",
      num: true,
      priority: 1,
      path: "peers[].height",
      value: ({ height }) => height,
      format: (height) => formatHeight(Number(height)),
    },
    { id: "synced", label: "Synced", path: "peers[].synced", value: ({ synced }) => synced, format: yesNo },
    {
      id: "is_validator",
      label: "Validator",
      priority: 1,
      path: "peers[].is_validator",
      value: ({ is_validator }) => is_validator,
      format: yesNo,
    },
    {
      id: "version",
      label: "Version",
      priority: 2,
      path: "peers[].version",
      value: ({ version }) => version,
      format: String,
    },
    {
      id: "reputation",
      label: "Reputation",
      num: true,
      priority: 1,
      path: "peers[].reputation",
      value: ({ reputation }) => reputation,
      format: (score) => formatNumber(Number(score), 3),
    },
    {
      id: "requests",
      label: "Requests",
      num: true,
      priority: 2,
      path: "peers[].requests",
      value: ({ requests }) => requests,
      format: (count) => formatCount(Number(count)),
    },
    {
      id: "bytes_sent",
      label: "Sent",
      num: true,
      priority: 2,
      path: "peers[].bytes_sent",
      value: ({ bytes_sent }) => bytes_sent,
      format: (bytes) => formatBytes(Number(bytes)),
    },
    {
      id: "connected_at",
      label: "Connected",
      num: true,
      priority: 4,
      path: "peers[].connected_at",
      value: ({ connected_at }) => connected_at,
      format: (at) => formatWhen(Number(at) * 1_000, store.nowMs()),
      full: ({ connected_at }) => connected_at === null ? undefined : formatStamp(connected_at * 1_000),
    },
    {
      id: "throttle_reason",
      label: "Throttled for",
      priority: 3,
      path: "peers[].throttle_reason",
      value: ({ throttle_reason }) => throttle_reason,
      format: String,
    },
  ];
  addPanel(view, {
    id: "peers",
    title: "Peers",
    span: 8,
    medium: 12,
    topics: ["peers"],
    lack: () => {
      const { peers, _meta } = store.get("peers")!;
      if (peers?.length === 0) {
        return { state: "empty", text: "The node has no peers. They appear here as they connect." };
      }
      return lackOf(peers, _meta, "peers", "peers");
    },
    build(body, panel) {
      panel.el.classList.add("tall");
      const table = new DataTable<PeerBody>(view, {
        name: "Peers",
        columns,
        keyOf: ({ id }) => id,
        sort: ["latency_ms", false],
        shorten: (ids) => shortenAll(ids, "peer"),
      });
      body.append(table.el);
      return () => {
        const { peers, active_peers: active, persisted_peers: persisted, _meta: meta } = store.get("peers")!;
        panel.subtitle = [
          active === null ? "" : `${formatCount(active)} active`,
          persisted === null ? "" : `${formatCount(persisted)} known`,
        ].filter(Boolean).join(" · ");
        table.show(peers ?? [], meta);
      };
    },
  });
}

/** Adds the distribution of latencies. */
export function addLatencies(view: View): void {
  const { store } = view.app;
  const known = () => (store.get("peers")?.peers ?? []).flatMap(({ latency_ms }) => latency_ms ?? []);
  const labels = [...LATENCY_EDGES_MS.map((edge) => `≤${edge}`), `>${LATENCY_EDGES_MS.at(-1)}`];
  addPanel(view, {
    id: "latencies",
    title: "Peer latency, ms",
    span: 4,
    medium: 6,
    topics: ["peers"],
    lack: () => {
      const { peers, _meta } = store.get("peers")!;
      if (!peers) return lackOf(peers, _meta, "peers", "peers");
      return lackOf(known()[0] ?? null, _meta, "peers[].latency_ms", "latencies of peers");
    },
    build(body) {
      body.append(chart(view, {
        kind: "bars",
        label: "Peers by latency",
        series: [{ label: "Peers", token: "--accent" }],
        format: (count) => formatCount(count),
        bars: () => ({ labels, values: classes(known()) }),
      }));
      return () => {};
    },
  });
}

/** How many values fall into each latency class. */
function classes(values: readonly number[]): Float64Array {
  const counts = new Float64Array(LATENCY_EDGES_MS.length + 1);
  for (const value of values) {
    const found = LATENCY_EDGES_MS.findIndex((edge) => value <= edge);
    counts[found < 0 ? LATENCY_EDGES_MS.length : found]!++;
  }
  return counts;
}
