/** Decoders of answers about peers and traffic. */
import type {
  OverlayObservation,
  Peer,
  PeersObservation,
  TrafficObservation,
} from "../../engine/observation.ts";
import { absent, type Known } from "../../engine/reason.ts";
import type { Field } from "./field.ts";

/** `net.peers`: `{peers: […]}` or a bare list. */
export function decodePeers(field: Field): PeersObservation {
  const list = field.isList() ? field : field.get("peers");
  return { peers: list.list().map(decodePeer) };
}

function decodePeer(field: Field): Peer {
  return {
    id: field.any("id", "peer_id").id(),
    address: field.known("address", (address) => address.text()),
    connectedAtS: field.known(["connected_at", "connected_since"], (at) => at.count()),
    latencyMs: field.known("latency_ms", (ms) => ms.positive()),
    version: field.known(["version", "protocol_version"], (version) => version.text()),
    isValidator: field.known("is_validator", (flag) => flag.boolean()),
    height: field.known("height", (height) => height.count()),
    reputation: field.known("reputation", (score) => score.number()),
    requests: field.known("requests", (count) => count.count()),
    bytesSent: field.known("bytes_sent", (count) => count.count()),
    throttleReason: field.known("throttle_reason", (reason) => reason.text()),
  };
}

/** `net.peer_stats_all`: counters per peer, without addresses, latencies, versions or roles. */
export function decodePeerStats(field: Field): PeersObservation {
  return { peers: field.list().map(decodePeerStat) };
}

function decodePeerStat(field: Field): Peer {
  const metrics = field.get("metrics");
  const missing = (what: string): Known<never> =>
    absent("NOT_OFFERED", `net.peer_stats_all does not give a peer's ${what}`);
  return {
    id: field.get("peer_id").id(),
    address: missing("address"),
    connectedAtS: missing("connection time"),
    latencyMs: missing("latency"),
    version: missing("version"),
    isValidator: missing("role"),
    height: missing("height"),
    reputation: metrics.known("reputation", (reputation) => reputation.get("score").number()),
    requests: metrics.known("requests", (count) => count.count()),
    bytesSent: metrics.known("bytes_sent", (count) => count.count()),
    throttleReason: metrics.known("throttle_reason", (reason) => reason.text()),
  };
}

/** `net.overlay_status`. */
export function decodeOverlay(field: Field): OverlayObservation {
  return {
    activePeers: field.get("active_peers").count(),
    persistedPeers: field.known("persisted_peers", (count) => count.count()),
    backend: field.known("backend", (name) => name.text()),
  };
}

/** `net.stats`. */
export function decodeTraffic(field: Field): TrafficObservation {
  return {
    bandwidthIn: field.known("bandwidth_in", (rate) => rate.positive()),
    bandwidthOut: field.known("bandwidth_out", (rate) => rate.positive()),
    activeConnections: field.known("active_connections", (count) => count.count()),
    averageLatencyMs: field.known("avg_latency_ms", (ms) => ms.positive()),
  };
}
