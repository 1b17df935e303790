/** Network metrics: what the node reports, and what we measure where it does not. */
import { blockTimes, headerTps, recentReorgs, tipOf } from "./chain.ts";
import { completionRates, type CoreState, sliceValue } from "./state.ts";
import { healthyShare, usableGateShare } from "./market_health.ts";
import { absent, isKnown, type Known, mapKnown } from "./reason.ts";
import { scoreStrength, type Strength } from "./strength.ts";
import { blockHeight, finalizedHeight, peerCount } from "./sync.ts";

/** Blocks in an epoch of the governor. */
const EPOCH_BLOCKS = 120;

/** A value, and how it was made when it is not the node's own. */
export interface Measured {
  readonly value: number;
  readonly method: string | null;
}

/** Mean block interval in milliseconds. */
export function blockTimeMs(state: CoreState): Known<Measured> {
  const stats = sliceValue(state, "chainStats");
  if (isKnown(stats) && isKnown(stats.blockTimeMs)) return { value: stats.blockTimeMs, method: null };
  const height = blockHeight(state);
  if (!isKnown(height)) return height;
  return mapKnown(blockTimes(state.chain), ({ meanMs, method }) => ({ value: meanMs, method }));
}

/** Transactions per second. */
export function tps(state: CoreState): Known<Measured> {
  const stats = sliceValue(state, "chainStats");
  if (isKnown(stats) && isKnown(stats.tps)) return { value: stats.tps, method: null };
  const height = blockHeight(state);
  if (!isKnown(height)) return height;
  const counted = headerTps(state.chain);
  if (isKnown(counted)) return { value: counted.tps, method: counted.method };
  return counted.code === "NOT_OFFERED" ? epochTps(state) : counted;
}

/** The governor counts the transactions of an epoch; it samples them every two minutes or less often. */
function epochTps(state: CoreState): Known<Measured> {
  const governor = sliceValue(state, "governor");
  if (!isKnown(governor)) return governor;
  const interval = blockTimeMs(state);
  if (!isKnown(governor.epochTxCount)) {
    return absent(
      "NOT_OFFERED",
      "this node counts transactions only through its governor, which is disabled",
    );
  }
  if (!isKnown(interval)) return interval;
  if (interval.value <= 0) return absent("UNDEFINED", "the block interval is 0");
  return {
    value: governor.epochTxCount * 1000 / (EPOCH_BLOCKS * interval.value),
    method:
      `transactions of the governor's last epoch of ${EPOCH_BLOCKS} blocks over the measured block interval`,
  };
}

/** Blocks between the tip and the newest final one. */
export function finalityLag(state: CoreState): Known<number> {
  const height = blockHeight(state);
  const finalized = finalizedHeight(state);
  if (!isKnown(finalized)) return finalized;
  return isKnown(height) ? Math.max(0, height - finalized) : height;
}

/** Seconds from a block to its finality. */
export function finalityTimeS(state: CoreState): Known<Measured> {
  const finality = sliceValue(state, "finality");
  if (isKnown(finality) && isKnown(finality.finalityTimeS)) {
    return { value: finality.finalityTimeS, method: null };
  }
  const lag = finalityLag(state);
  const interval = blockTimeMs(state);
  if (!isKnown(lag)) return lag;
  if (!isKnown(interval)) return interval;
  return { value: lag * interval.value / 1000, method: "finality lag in blocks × mean block interval" };
}

/** Reorganisations within the last 100 blocks; unknown until a block has been seen to arrive. */
export function reorgs100(state: CoreState): Known<number> {
  if (!tipOf(state.chain)) return absent("NO_SAMPLES", "no block has been read yet");
  return recentReorgs(state.chain, 100);
}

/** Average wait in the queues, or the oldest one where that is all that the node reports. */
export function queueWaitMs(state: CoreState): Known<Measured> {
  const scheduler = sliceValue(state, "scheduler");
  if (isKnown(scheduler) && isKnown(scheduler.averageWaitMs)) {
    return { value: scheduler.averageWaitMs, method: null };
  }
  const oldest = oldestWaitMs(state);
  if (isKnown(oldest)) return { value: oldest, method: "longest wait in the compute lanes" };
  return isKnown(scheduler) ? scheduler.averageWaitMs as Known<never> : scheduler;
}

/** Longest wait in the compute lanes. */
export function oldestWaitMs(state: CoreState): Known<number> {
  const compute = sliceValue(state, "compute");
  return isKnown(compute) ? compute.oldestWaitMs : compute;
}

/** Operations per second: the node's figure, else measured from its counter. */
export function throughput(state: CoreState): Known<Measured> {
  return rate(state, "throughput", ({ perSecond }) => perSecond);
}

/** Operations per block: the node's figure, else measured from its counter. */
export function processedPerBlock(state: CoreState): Known<Measured> {
  return rate(state, "processedPerBlock", ({ perBlock }) => perBlock);
}

function rate(
  state: CoreState,
  field: "throughput" | "processedPerBlock",
  pick: (rates: { perSecond: number; perBlock: Known<number> }) => Known<number>,
): Known<Measured> {
  const scheduler = sliceValue(state, "scheduler");
  if (!isKnown(scheduler)) return scheduler;
  const reported = scheduler[field];
  if (isKnown(reported)) return { value: reported, method: null };
  if (!isKnown(scheduler.completedTotal)) return reported as Known<never>;
  return mapKnown(completionRates(state), (rates) =>
    mapKnown(pick(rates), (value) => ({
      value,
      method: `growth of the node's counter of completed jobs over ${Math.round(rates.spanMs / 1000)} s`,
    })));
}

/** The strength score of the network. */
export function networkStrength(state: CoreState): Strength {
  const rpc = sliceValue(state, "rpc");
  const scheduler = sliceValue(state, "scheduler");
  const value = (known: Known<Measured>): Known<number> => mapKnown(known, (measured) => measured.value);
  return scoreStrength({
    finality_lag: finalityLag(state),
    block_interval: value(blockTimeMs(state)),
    reorgs: reorgs100(state),
    peers: peerCount(state),
    rpc_p95: isKnown(rpc) ? rpc.p95Ms : rpc,
    healthy_markets: healthyShare(state),
    usable_gates: usableGateShare(state),
    queue_depth: isKnown(scheduler) ? scheduler.queueDepth : scheduler,
    queue_wait: value(queueWaitMs(state)),
  });
}
