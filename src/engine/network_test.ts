// @ts-types="#types/std_assert.d.ts"
import { assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import {
  blocksUpTo,
  codeOf,
  coreWith,
  governorWith,
  LEFT_OUT,
  marketAnswer,
  observed,
  schedulerAnswer,
  T0,
  unavailable,
} from "../../tests/support/engine.ts";
import type { EngineEvent } from "./event.ts";
import {
  blockTimeMs,
  finalityLag,
  finalityTimeS,
  networkStrength,
  oldestWaitMs,
  processedPerBlock,
  queueWaitMs,
  reorgs100,
  throughput,
  tps,
} from "./network.ts";
import type { ChainStatsObservation } from "./observation.ts";
import { isKnown, type Known } from "./reason.ts";

function chainStats(given: Partial<ChainStatsObservation>): EngineEvent {
  return observed("chainStats", {
    tps: LEFT_OUT,
    blockTimeMs: LEFT_OUT,
    validatorCount: LEFT_OUT,
    totalStake: LEFT_OUT,
    activeStake: LEFT_OUT,
    ...given,
  });
}

function finality(finalizedHeight: Known<number>, finalityTimeS: Known<number> = LEFT_OUT): EngineEvent {
  return observed("finality", { finalizedHeight, syncing: false, finalityTimeS });
}

function scheduler(completedTotal: Known<number>, atMs = T0): EngineEvent {
  return observed("scheduler", schedulerAnswer({ completedTotal }), atMs);
}

/** Eleven blocks, one a second, of 20 transactions each. */
const COUNTED = blocksUpTo(10, 0, (height) => ({ timestampMs: T0 + 1_000 * height, txCount: 20 }));
const PLAIN = blocksUpTo(10);

Deno.test("blockTimeMs() prefers the node's figure and says how ours was measured", () => {
  assertEquals(blockTimeMs(coreWith([...PLAIN, chainStats({ blockTimeMs: 0 })]).state), {
    value: 0,
    method: null,
  });
  const measured = blockTimeMs(coreWith([...PLAIN, chainStats({})]).state);
  assertEquals(isKnown(measured) && measured.value, 1_000);
  assertStringIncludes(isKnown(measured) ? measured.method ?? "" : "", "arrival of the last 11 blocks");
  assertEquals(codeOf(blockTimeMs(coreWith([]).state)), "WARMING_UP");
});

Deno.test("tps() is the node's, else counted in headers, else the governor's epoch over the block interval", () => {
  const governor = observed("governor", governorWith([], { epochTxCount: 360 }));
  assertEquals(tps(coreWith([...COUNTED, governor, chainStats({ tps: 7 })]).state), {
    value: 7,
    method: null,
  });
  const counted = tps(coreWith([...COUNTED, governor]).state);
  assertEquals(isKnown(counted) && counted.value, 20);
  const epoch = tps(coreWith([...PLAIN, governor]).state);
  assertEquals(isKnown(epoch) && epoch.value, 3); // 360 transactions in 120 blocks of 1 s.
  assertStringIncludes(isKnown(epoch) ? epoch.method ?? "" : "", "epoch of 120 blocks");
});

Deno.test("tps() is absent with the reason where nothing counts transactions", () => {
  assertEquals(codeOf(tps(coreWith([...PLAIN, unavailable("governor")]).state)), "NOT_OFFERED");
  assertEquals(
    codeOf(tps(coreWith([...PLAIN, observed("governor", governorWith([]))]).state)),
    "NOT_OFFERED",
  );
  const zero = [
    ...PLAIN,
    observed("governor", governorWith([], { epochTxCount: 1 })),
    chainStats({ blockTimeMs: 0 }),
  ];
  assertEquals(codeOf(tps(coreWith(zero).state)), "UNDEFINED");
});

Deno.test("finalityLag() is the distance from the tip to the final block, never negative", () => {
  assertEquals(finalityLag(coreWith([...PLAIN, finality(7)]).state), 3);
  assertEquals(finalityLag(coreWith([...PLAIN, finality(12)]).state), 0);
  assertEquals(finalityLag(coreWith([...PLAIN, finality(LEFT_OUT)]).state), LEFT_OUT);
  assertEquals(
    codeOf(finalityLag(coreWith([finality(7), observed("head", { height: null })]).state)),
    "NO_SAMPLES",
  );
});

Deno.test("finalityTimeS() is the node's, else lag × block interval", () => {
  assertEquals(finalityTimeS(coreWith([...PLAIN, finality(7, 2.5)]).state), { value: 2.5, method: null });
  assertEquals(finalityTimeS(coreWith([...PLAIN, finality(7)]).state), {
    value: 3,
    method: "finality lag in blocks × mean block interval",
  });
  assertEquals(codeOf(finalityTimeS(coreWith([...PLAIN, unavailable("finality")]).state)), "NOT_OFFERED");
});

Deno.test("reorgs100() counts within the last 100 blocks and is absent before the first block", () => {
  assertEquals(codeOf(reorgs100(coreWith([]).state)), "NO_SAMPLES");
  const core = coreWith(PLAIN);
  assertEquals(reorgs100(core.state), 0);
  core.apply({ kind: "reorg", atMs: T0 + 20_000, toHeight: 8 });
  assertEquals(reorgs100(core.state), 1);
});

Deno.test("queueWaitMs() is the average that the node reports, else the oldest wait in the lanes", () => {
  const waiting = observed("compute", marketAnswer({ oldestWaitMs: 900 }));
  const average = observed("scheduler", schedulerAnswer({ averageWaitMs: 40 }));
  assertEquals(queueWaitMs(coreWith([waiting, average]).state), { value: 40, method: null });
  const oldest = queueWaitMs(coreWith([waiting, observed("scheduler", schedulerAnswer())]).state);
  assertEquals(oldest, { value: 900, method: "longest wait in the compute lanes" });
  assertEquals(oldestWaitMs(coreWith([waiting]).state), 900);
  const nothing = coreWith([observed("compute", marketAnswer()), observed("scheduler", schedulerAnswer())]);
  assertEquals(queueWaitMs(nothing.state), LEFT_OUT);
  assertEquals(codeOf(queueWaitMs(coreWith([unavailable("scheduler", "no", "AUTH")]).state)), "AUTH");
});

Deno.test("throughput() and processedPerBlock() are the node's figures where it has them", () => {
  const reported = observed(
    "scheduler",
    schedulerAnswer({ throughput: 2, processedPerBlock: 0, completedTotal: 9 }),
  );
  const core = coreWith([reported]);
  assertEquals(throughput(core.state), { value: 2, method: null });
  assertEquals(processedPerBlock(core.state), { value: 0, method: null });
});

Deno.test("throughput() and processedPerBlock() come from the growth of the node's counter", () => {
  const core = coreWith([...blocksUpTo(4), scheduler(100, T0 + 4_000)]);
  assertEquals(codeOf(throughput(core.state)), "WARMING_UP");
  for (const event of blocksUpTo(14, 5)) core.apply(event);
  core.apply(scheduler(150, T0 + 14_000));
  assertEquals(throughput(core.state), {
    value: 5,
    method: "growth of the node's counter of completed jobs over 10 s",
  });
  assertEquals(isKnown(processedPerBlock(core.state)) && processedPerBlock(core.state), {
    value: 5,
    method: "growth of the node's counter of completed jobs over 10 s",
  });
});

Deno.test("throughput() starts anew when the counter falls, because the node restarted", () => {
  const core = coreWith([scheduler(100), scheduler(200, T0 + 10_000), scheduler(3, T0 + 20_000)]);
  assertEquals(codeOf(throughput(core.state)), "WARMING_UP");
  core.apply(scheduler(13, T0 + 30_000));
  assertEquals(isKnown(throughput(core.state)) && (throughput(core.state) as { value: number }).value, 1);
});

Deno.test("throughput() looks back a minute, not to the beginning", () => {
  const core = coreWith([scheduler(0)]);
  for (let s = 10; s <= 300; s += 10) core.apply(scheduler(s < 200 ? 0 : s - 200, T0 + 1_000 * s));
  const rate = throughput(core.state);
  assertAlmostEquals(isKnown(rate) ? rate.value : NaN, 1, 1e-9);
});

Deno.test("throughput() is absent with the node's reason where it neither reports nor counts", () => {
  assertEquals(throughput(coreWith([scheduler(LEFT_OUT)]).state), LEFT_OUT);
  assertEquals(
    codeOf(processedPerBlock(coreWith([scheduler(1), scheduler(2, T0 + 5_000)]).state)),
    "WARMING_UP",
  );
});

Deno.test("networkStrength() scores what is measured and lets the rest leave the sums", () => {
  const core = coreWith([
    ...COUNTED,
    finality(5), // Lag 5: 15 of 15.
    observed("overlay", { activePeers: 8, persistedPeers: LEFT_OUT, backend: LEFT_OUT }), // 3 of 15.
    observed("rpc", { p50Ms: 1, p95Ms: 280, calls: 9, errors: 0 }), // 8 of 10.
    observed("scheduler", schedulerAnswer({ queueDepth: 300, averageWaitMs: 200 })), // 5 and 7.5 of 10.
    unavailable("governor"),
    ...(["compute", "storage", "energy", "ad"] as const).map((id) => unavailable(id)),
  ]);
  const { score, points, max, factors } = networkStrength(core.state);
  assertAlmostEquals(points, 15 + 10 + 5 + 3 + 8 + 5 + 7.5, 1e-9);
  assertEquals([max, score], [75, 71]); // 53.5 / 75 = 71.3 %.
  const missing = factors.filter(({ points }) => !isKnown(points)).map(({ id }) => id);
  assertEquals(missing, ["healthy_markets", "usable_gates"]);
});

Deno.test("networkStrength() gives no score while hardly anything is known", () => {
  const { score, max } = networkStrength(coreWith([]).state);
  assertEquals([score, max], [null, 0]);
});
