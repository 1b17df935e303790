import { tipOf } from "../../engine/chain.ts";
import { absent } from "../../engine/reason.ts";
import { blockHeight, syncStatus } from "../../engine/sync.ts";
import type { Status } from "../wire.ts";
import { round, type View } from "./view.ts";

/** The process samples itself every 5 s. */
const STATUS_TTL_MS = 10_000;

/** `GET /theblock/status`: the program itself. */
export const statusView: View<Status> = {
  units: {
    uptime_seconds: "s",
    "ingest.lag_ms": "ms",
    "store.bytes": "bytes",
    "process.rss_bytes": "bytes",
    "process.heap_bytes": "bytes",
    "process.event_loop_lag_ms": "ms",
    "node.since_ms": "Unix ms",
  },
  build: (state, ambient) => {
    const { chain, link, node } = state;
    const sync = syncStatus(state);
    const tip = tipOf(chain);
    return {
      draft: {
        status: sync === "unreachable" || sync === "halted"
          ? "down"
          : sync === "stalled" || ambient.storeError !== null
          ? "degraded"
          : "ok",
        uptime_seconds: Math.floor(ambient.uptimeSeconds),
        version: ambient.version,
        mode: ambient.mode,
        epoch: ambient.epoch,
        ingest: {
          height: blockHeight(state),
          lag_ms: tip
            ? Math.max(0, state.nowMs - (chain.lastAdvanceMs ?? tip.atMs))
            : absent("NO_SAMPLES", "no block has been read yet"),
          gaps: chain.gapCount,
        },
        node: {
          host: ambient.nodeHost,
          dialect: node?.dialect ?? absent("NODE_DOWN", link.reason ?? "the node has not answered yet"),
          up: link.up,
          since_ms: link.sinceMs ?? absent("WARMING_UP", "the node has not been asked yet"),
          capabilities: node?.capabilities.filter(({ status }) => status === "offered").length ?? 0,
          stream: ambient.nodeStream,
        },
        streams: {
          clients: ambient.streams.clients,
          closing: ambient.streams.closing,
          subscriptions: ambient.streams.subscriptions,
          frames_sent: ambient.streams.framesSent,
          evicted: ambient.streams.evicted,
        },
        store: {
          bytes: ambient.queries.bytes() ?? absent("DISABLED", "the store is in memory"),
          schema: ambient.queries.schemaVersion,
          error: ambient.storeError ?? absent("UNDEFINED", "the store can be written"),
        },
        journal_seq: ambient.queries.journalSeq(),
        process: {
          rss_bytes: ambient.process.rssBytes,
          heap_bytes: ambient.process.heapBytes,
          event_loop_lag_ms: round(ambient.process.eventLoopLagMs, 2),
        },
      },
      slices: [],
      ttlMs: STATUS_TTL_MS,
      source: "engine",
    };
  },
};
