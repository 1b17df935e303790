// @ts-types="#types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { plain, recorded } from "../../../tests/support/fixtures.ts";
import { decodeComputeScheduler, decodeSchedulerStats } from "./scheduler.ts";

Deno.test("decodeSchedulerStats() reads the README's names and their other spellings", () => {
  assertEquals(plain(decodeSchedulerStats(recorded("scheduler.stats", "full"))), {
    queueDepth: 12,
    activeJobs: 5,
    queuedHigh: "!NOT_OFFERED",
    queuedNormal: "!NOT_OFFERED",
    queuedLow: "!NOT_OFFERED",
    averageWaitMs: 42.5,
    processedPerBlock: 8.5,
    throughput: 8.25,
    completedTotal: "!NOT_OFFERED",
  });
  assertEquals(plain(decodeSchedulerStats(recorded("scheduler.stats", "other"))), {
    queueDepth: 0,
    activeJobs: "!NOT_OFFERED",
    queuedHigh: "!NOT_OFFERED",
    queuedNormal: "!NOT_OFFERED",
    queuedLow: "!NOT_OFFERED",
    averageWaitMs: "!NOT_OFFERED",
    processedPerBlock: 0,
    throughput: 0,
    completedTotal: 7,
  });
});

Deno.test("decodeComputeScheduler() adds the live node's queues and reports neither waits nor rates", () => {
  const silent = {
    averageWaitMs: "!NOT_OFFERED",
    processedPerBlock: "!NOT_OFFERED",
    throughput: "!NOT_OFFERED",
  };
  assertEquals(plain(decodeComputeScheduler(recorded("compute_market.scheduler_stats", "idle"))), {
    ...silent,
    queueDepth: 0,
    activeJobs: 0,
    queuedHigh: 0,
    queuedNormal: 0,
    queuedLow: 0,
    completedTotal: 0,
  });
  assertEquals(plain(decodeComputeScheduler(recorded("compute_market.scheduler_stats", "busy"))), {
    ...silent,
    queueDepth: 6,
    activeJobs: 4,
    queuedHigh: 1,
    queuedNormal: 2,
    queuedLow: 3,
    completedTotal: 1_234,
  });
});
