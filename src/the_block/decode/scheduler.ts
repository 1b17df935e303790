/** Decoders of answers about the scheduler. */
import type { SchedulerObservation } from "../../engine/observation.ts";
import { absent } from "../../engine/reason.ts";
import type { Field } from "./field.ts";

/** `scheduler.stats` of a node that offers the README's names. */
export function decodeSchedulerStats(field: Field): SchedulerObservation {
  return {
    queueDepth: field.any("pending_operations", "queue_depth").count(),
    activeJobs: field.known("active_jobs", (count) => count.count()),
    queuedHigh: field.known("queued_high", (count) => count.count()),
    queuedNormal: field.known("queued_normal", (count) => count.count()),
    queuedLow: field.known("queued_low", (count) => count.count()),
    averageWaitMs: field.known("avg_wait_time_ms", (ms) => ms.positive()),
    processedPerBlock: field.known(["ops_per_block", "processed_per_block"], (rate) => rate.positive()),
    throughput: field.known(["ops_per_second", "throughput"], (rate) => rate.positive()),
    completedTotal: field.known(["success", "completed_total"], (count) => count.count()),
  };
}

/** `compute_market.scheduler_stats`: queues by priority and counters, no waits and no rates. */
export function decodeComputeScheduler(field: Field): SchedulerObservation {
  const high = field.get("queued_high").count();
  const normal = field.get("queued_normal").count();
  const low = field.get("queued_low").count();
  return {
    queueDepth: high + normal + low,
    activeJobs: field.get("active_jobs").count(),
    queuedHigh: high,
    queuedNormal: normal,
    queuedLow: low,
    averageWaitMs: absent("NOT_OFFERED", "this node reports no average wait, only the oldest one"),
    processedPerBlock: absent("NOT_OFFERED", "this node reports no rate"),
    throughput: absent("NOT_OFFERED", "this node reports no rate"),
    completedTotal: field.get("success").count(),
  };
}
