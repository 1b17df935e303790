/** Views of the node's parts: scheduler, peers, mempool, capabilities. */
import { sliceValue } from "../../engine/state.ts";
import { oldestWaitMs, processedPerBlock, throughput } from "../../engine/network.ts";
import type { Peer } from "../../engine/observation.ts";
import { absent, type Known, mapKnown } from "../../engine/reason.ts";
import { blockHeight } from "../../engine/sync.ts";
import type { Draft } from "../body.ts";
import type { Capabilities, Mempool, PeerBody, Peers, SchedulerStats } from "../wire.ts";
import { from } from "./network.ts";
import { measuredAs, round, type View } from "./view.ts";

/** Peers whose height differs by less count as synced. */
const SYNCED_WITHIN_BLOCKS = 5;

/** `GET /theblock/scheduler/stats`. */
export const schedulerView: View<SchedulerStats> = {
  units: {
    queue_depth: "operations",
    avg_wait_time_ms: "ms",
    oldest_wait_ms: "ms",
    processed_per_block: "operations per block",
    throughput: "operations/s",
  },
  build: (state) => ({
    draft: {
      queue_depth: from(state, "scheduler", ({ queueDepth }) => queueDepth),
      avg_wait_time_ms: from(state, "scheduler", ({ averageWaitMs }) => averageWaitMs),
      oldest_wait_ms: oldestWaitMs(state),
      processed_per_block: measuredAs(processedPerBlock(state), (rate) => round(rate, 3)),
      throughput: measuredAs(throughput(state), (rate) => round(rate, 3)),
      active_jobs: from(state, "scheduler", ({ activeJobs }) => activeJobs),
      queued_high: from(state, "scheduler", ({ queuedHigh }) => queuedHigh),
      queued_normal: from(state, "scheduler", ({ queuedNormal }) => queuedNormal),
      queued_low: from(state, "scheduler", ({ queuedLow }) => queuedLow),
    },
    slices: ["scheduler"],
    source: "node",
  }),
};

/** `GET /theblock/peers/list`. */
export const peersView: View<Peers> = {
  units: { "peers.latency_ms": "ms", "peers.connected_at": "Unix s", "peers.bytes_sent": "bytes" },
  build: (state) => {
    const height = blockHeight(state);
    const peers = sliceValue(state, "peers");
    return {
      draft: {
        peers: mapKnown(peers, (observed) => observed.peers.map((peer) => peerDraft(peer, height))),
        total: mapKnown(peers, (observed) => observed.peers.length),
        active_peers: from(state, "overlay", ({ activePeers }) => activePeers),
        persisted_peers: from(state, "overlay", ({ persistedPeers }) => persistedPeers),
      },
      slices: ["peers", "overlay"],
      source: "node",
    };
  },
};

function peerDraft(peer: Peer, ours: Known<number>): Draft<PeerBody> {
  return {
    id: peer.id,
    address: peer.address,
    connected_at: peer.connectedAtS,
    latency_ms: mapKnown(peer.latencyMs, (ms) => round(ms, 2)),
    version: peer.version,
    is_validator: peer.isValidator,
    synced: mapKnown(
      peer.height,
      (height) => mapKnown(ours, (our) => Math.abs(our - height) < SYNCED_WITHIN_BLOCKS),
    ),
    height: peer.height,
    reputation: mapKnown(peer.reputation, (score) => round(score, 4)),
    requests: peer.requests,
    bytes_sent: peer.bytesSent,
    throttle_reason: peer.throttleReason,
  };
}

/** `GET /theblock/mempool`. */
export const mempoolView: View<Mempool> = {
  units: {
    "lanes.age_p50_ms": "ms",
    "lanes.age_p95_ms": "ms",
    "lanes.fee_p50": "base units",
    "lanes.fee_p90": "base units",
    "lanes.fee_floor": "base units",
  },
  build: (state) => ({
    draft: {
      size: from(state, "mempool", ({ lanes }) => lanes.reduce((sum, { size }) => sum + size, 0)),
      lanes: from(state, "mempool", ({ lanes }) =>
        lanes.map((lane) => ({
          id: lane.lane,
          size: lane.size,
          age_p50_ms: lane.ageP50Ms,
          age_p95_ms: lane.ageP95Ms,
          fee_p50: lane.feeP50,
          fee_p90: lane.feeP90,
          fee_floor: lane.feeFloor,
        }))),
    },
    slices: ["mempool"],
    source: "node",
  }),
};

/** `GET /theblock/capabilities`: what this node offers, question by question. */
export const capabilitiesView: View<Capabilities> = {
  units: { rpc_p50_ms: "ms", rpc_p95_ms: "ms", rpc_calls: "per minute", rpc_errors: "per minute" },
  build: (state) => {
    const { node, link } = state;
    const none = absent(
      link.everUp ? "WARMING_UP" : "NODE_DOWN",
      link.reason ?? "the node has not been asked yet",
    );
    const capabilities = node?.capabilities ?? [];
    return {
      draft: {
        dialect: node?.dialect ?? none,
        simulated: node ? node.simulated !== null : none,
        simulation: node ? node.simulated ?? absent("UNDEFINED", "the node is a real one") : none,
        offered: capabilities.filter(({ status }) => status === "offered").length,
        missing:
          capabilities.filter(({ status }) => status === "missing" || status === "unauthorized").length,
        capabilities: capabilities.map((capability) => ({
          id: capability.id,
          question: capability.question,
          status: capability.status,
          dialect: capability.dialect ??
            absent(
              "UNDEFINED",
              isKnownStatus(capability.status) ? "all nodes spell it so" : "no spelling is offered",
            ),
          methods: capability.methods,
          detail: capability.detail ?? absent("UNDEFINED", "nothing to say about it"),
        })),
        rpc_calls: from(state, "rpc", ({ calls }) => calls),
        rpc_errors: from(state, "rpc", ({ errors }) => errors),
        rpc_p50_ms: from(state, "rpc", ({ p50Ms }) => mapKnown(p50Ms, (ms) => round(ms, 2))),
        rpc_p95_ms: from(state, "rpc", ({ p95Ms }) => mapKnown(p95Ms, (ms) => round(ms, 2))),
      },
      slices: ["rpc"],
      source: "engine",
    };
  },
};

function isKnownStatus(status: string): boolean {
  return status === "offered";
}
