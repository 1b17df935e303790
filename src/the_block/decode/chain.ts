/** Decoders of answers about blocks, finality and the mempool. */
import type { Header } from "../../engine/event.ts";
import type {
  ChainStatsObservation,
  DifficultyObservation,
  FinalityObservation,
  HeadObservation,
  MempoolLane,
} from "../../engine/observation.ts";
import { absent, type Known, mapKnown } from "../../engine/reason.ts";
import type { Field } from "./field.ts";

/** `light.headers`: oldest first, contiguous. Dialects name the height `height` or `number`. */
export function decodeHeaders(field: Field): readonly Header[] {
  return field.list().map(decodeHeader);
}

/** One header; everything but height and hash may be missing. */
export function decodeHeader(field: Field): Header {
  return {
    height: field.any("height", "number", "block_height").count(),
    hash: field.get("hash").id(128),
    parentHash: field.first("parent_hash", "previous_hash", "prev_hash")?.id(128) ?? null,
    timestampMs: field.first("timestamp_ms", "timestamp_millis")?.count() ?? null,
    txCount: field.first("tx_count", "transaction_count")?.count() ?? null,
    miner: field.optional("miner")?.id() ?? null,
    reward: field.optional("reward")?.u64() ?? null,
  };
}

/** `consensus.block_height`: `{height}` or a bare number. */
export function decodeBlockHeight(field: Field): HeadObservation {
  return {
    height: typeof field.raw === "object" ? field.any("height", "block_height").count() : field.count(),
  };
}

/** `consensus.finality_status`. */
export function decodeFinality(field: Field): FinalityObservation {
  return {
    finalizedHeight: field.known(["finalized_height", "finalized_block"], (height) => height.count()),
    syncing: decodeSyncing(field),
    finalityTimeS: field.known("finality_time", (seconds) => seconds.positive()),
  };
}

function decodeSyncing(field: Field): Known<boolean> {
  const status = field.optional("sync_status");
  if (status) return status.text() !== "synced";
  return field.known(["syncing", "is_syncing"], (flag) => flag.boolean());
}

/** `consensus.stats`. */
export function decodeChainStats(field: Field): ChainStatsObservation {
  return {
    tps: field.known("tps", (tps) => tps.positive()),
    blockTimeMs: field.known(["avg_block_time_ms", "block_time_ms"], (ms) => ms.positive()),
    validatorCount: field.known(["validator_count", "validators"], (count) => count.count()),
    totalStake: field.known("total_stake", (stake) => stake.u64()),
    activeStake: field.known("active_stake", (stake) => stake.u64()),
  };
}

/** `consensus.difficulty`. */
export function decodeDifficulty(field: Field): DifficultyObservation {
  return { bits: field.get("difficulty").count() };
}

/** `mempool.stats` of one lane; fees are in base units, ages in milliseconds. */
export function decodeMempoolLane(lane: string, field: Field): MempoolLane {
  return {
    lane,
    size: field.get("size").count(),
    ageP50Ms: field.get("age_p50").positive(),
    ageP95Ms: field.get("age_p95").positive(),
    feeP50: field.get("fee_p50").u64(),
    feeP90: field.get("fee_p90").u64(),
    feeFloor: field.get("fee_floor").u64(),
  };
}

/** `balance`: `{amount}`, or `{balance}` on some nodes. */
export function decodeBalance(field: Field): bigint {
  return field.any("amount", "balance").u64();
}

/** Ratio 0..1 to parts per million. */
export function ppmOfRatio(ratio: Known<number>): Known<number> {
  return mapKnown(
    ratio,
    (value) =>
      value >= 0 && value <= 10
        ? Math.round(value * 1_000_000)
        : absent("UNDEFINED", "the node's ratio is not one"),
  );
}
