import { blockTimes } from "../../engine/chain.ts";
import { type CoreState, sliceValue } from "../../engine/state.ts";
import {
  blockTimeMs,
  finalityLag,
  finalityTimeS,
  networkStrength,
  reorgs100,
  tps,
} from "../../engine/network.ts";
import type { ObservationKey, Observations } from "../../engine/observation.ts";
import { absent, isKnown, type Known, mapKnown } from "../../engine/reason.ts";
import { STRENGTH_MIN_MAX } from "../../engine/strength.ts";
import { blockHeight, finalizedHeight, peerCount } from "../../engine/sync.ts";
import { estimated } from "../body.ts";
import type { NetworkMetrics } from "../wire.ts";
import { measured, measuredAs, round, type View } from "./view.ts";

/** `GET /theblock/network/metrics`. */
export const networkView: View<NetworkMetrics> = {
  units: {
    network_strength: "0..100",
    finality_lag: "blocks",
    finality_time: "s",
    block_time_ms: "ms",
    block_time_p50_ms: "ms",
    block_time_p95_ms: "ms",
    tps: "1/s",
    bandwidth_in: "bytes/s",
    bandwidth_out: "bytes/s",
    avg_latency_ms: "ms",
    total_stake: "base units",
    active_stake: "base units",
    difficulty: "leading zero bits",
    reorgs_100: "per 100 blocks",
    rpc_p50_ms: "ms",
    rpc_p95_ms: "ms",
  },
  build: (state) => {
    const strength = networkStrength(state);
    const score = strength.score ??
      absent(
        "WARMING_UP",
        `only ${strength.max} of the ${STRENGTH_MIN_MAX} points that a score needs can be measured`,
      );
    const times = blockTimes(state.chain);
    const height = blockHeight(state);
    const interval = (pick: "p50Ms" | "p95Ms") =>
      isKnown(times) ? estimated(round(times[pick], 1), times.method) : isKnown(height) ? times : height;
    return {
      draft: {
        network_strength: score,
        strength: {
          score,
          points: round(strength.points, 2),
          max: strength.max,
          factors: strength.factors.map((factor) => ({
            ...factor,
            value: mapKnown(factor.value, (value) => round(value, 3)),
            points: mapKnown(factor.points, (points) => round(points, 2)),
          })),
        },
        block_height: blockHeight(state),
        finalized_height: finalizedHeight(state),
        finality_lag: finalityLag(state),
        finality_time: measuredAs(finalityTimeS(state), (seconds) => round(seconds, 3)),
        block_time_ms: measuredAs(blockTimeMs(state), (ms) => round(ms, 1)),
        block_time_p50_ms: interval("p50Ms"),
        block_time_p95_ms: interval("p95Ms"),
        tps: measuredAs(tps(state), (rate) => round(rate, 3)),
        peer_count: peerCount(state),
        bandwidth_in: from(state, "traffic", (traffic) => traffic.bandwidthIn),
        bandwidth_out: from(state, "traffic", (traffic) => traffic.bandwidthOut),
        active_connections: from(state, "traffic", (traffic) => traffic.activeConnections),
        avg_latency_ms: from(state, "traffic", (traffic) => traffic.averageLatencyMs),
        validator_count: from(state, "chainStats", (stats) => stats.validatorCount),
        total_stake: from(state, "chainStats", (stats) => stats.totalStake),
        active_stake: from(state, "chainStats", (stats) => stats.activeStake),
        difficulty: from(state, "difficulty", ({ bits }) => bits),
        mempool_size: from(state, "mempool", ({ lanes }) => lanes.reduce((sum, { size }) => sum + size, 0)),
        reorgs_100: measured(mapKnown(reorgs100(state), (value) => ({ value, method: null }))),
        rpc_p50_ms: from(state, "rpc", ({ p50Ms }) => mapKnown(p50Ms, (ms) => round(ms, 2))),
        rpc_p95_ms: from(state, "rpc", ({ p95Ms }) => mapKnown(p95Ms, (ms) => round(ms, 2))),
      },
      slices: [
        "head",
        "finality",
        "chainStats",
        "traffic",
        "overlay",
        "mempool",
        "difficulty",
        "scheduler",
        "governor",
        "rpc",
      ],
      source: "node",
    };
  },
};

/** A field of a slice, or why there is none. */
export function from<K extends ObservationKey, T>(
  state: CoreState,
  key: K,
  pick: (value: Observations[K]) => Known<T>,
): Known<T> {
  return mapKnown(sliceValue(state, key), pick);
}
