import type { ChainView } from "../chain_view.ts";
import { peersAt } from "../network.ts";
import { integerOf } from "./common.ts";

/** `net.peer_stats_all`: no address, latency or version, only counters. */
export function livePeers(params: unknown, view: ChainView): unknown[] {
  const offset = integerOf(params, "offset", 0);
  const limit = integerOf(params, "limit", 100);
  const seconds = Math.floor(view.state.timestampMs / 1_000);
  return peersAt(view).slice(offset, offset + limit).map((peer, index) => {
    const age = Math.max(1, seconds - peer.connectedAtSeconds);
    const rate = 4 + (offset + index) % 7;
    return {
      peer_id: peer.id58,
      metrics: {
        requests: age * rate,
        bytes_sent: age * rate * 640,
        sends: age * rate * 2,
        drops: {},
        handshake_fail: {},
        handshake_success: 1 + Math.floor(age / 3_600),
        last_handshake_ms: Math.round(peer.latencyMs * 2),
        tls_errors: 0,
        reputation: { score: peer.reputation },
        last_updated: seconds,
        req_avg: rate,
        byte_avg: rate * 640,
        throttled_until: 0,
        throttle_reason: null,
        backoff_level: 0,
        sec_start: seconds,
      },
    };
  });
}
