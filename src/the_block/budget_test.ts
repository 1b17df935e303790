// @ts-types="#types/std_assert.d.ts"
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { ManualClock } from "../runtime/clock.ts";
import { type BudgetGroup, RequestBudget } from "./budget.ts";

const FOREVER = new AbortController().signal;

function start(limits: Partial<{ requestsPerSecond: number; energyPerSecond: number; banMs: number }> = {}) {
  const clock = new ManualClock();
  const budget = new RequestBudget(clock, {
    requestsPerSecond: 20,
    energyPerSecond: 4,
    banMs: 60_000,
    ...limits,
  });
  return { clock, budget };
}

/** When each of several requests that are asked for at once may be sent. */
async function timesOf(
  { clock, budget }: ReturnType<typeof start>,
  groups: readonly BudgetGroup[],
  overMs: number,
): Promise<readonly number[]> {
  const times: number[] = [];
  const all = groups.map(async (group, i) => {
    await budget.acquire(group, FOREVER);
    times[i] = Math.round(clock.monotonicMs());
  });
  await clock.advance(overMs);
  await Promise.all(all);
  return times;
}

Deno.test("RequestBudget lets one second's worth through at once and then spaces evenly", async () => {
  const times = await timesOf(start(), new Array<BudgetGroup>(24).fill("general"), 1_000);
  assertEquals(times.slice(0, 20), new Array(20).fill(0));
  assertEquals(times.slice(20), [50, 100, 150, 200]);
});

Deno.test("RequestBudget never lets more than rate × time + burst through (any window)", async () => {
  const subject = start({ requestsPerSecond: 8 });
  const times = await timesOf(subject, new Array<BudgetGroup>(100).fill("general"), 20_000);
  assertEquals(times.length, 100);
  for (let from = 0; from < times.length; from++) {
    const inSecond = times.filter((time) => time >= times[from]! && time < times[from]! + 1_000).length;
    assertEquals(inSecond <= 16, true, `${inSecond} requests in the second from ${times[from]} ms`);
  }
  assertAlmostEquals(times[99]!, 92 / 8 * 1_000, 1);
});

Deno.test("RequestBudget does not save up more than one second's worth while idle", async () => {
  const subject = start();
  await subject.clock.advance(3_600_000);
  const times = await timesOf(subject, new Array<BudgetGroup>(21).fill("general"), 1_000);
  assertEquals(times[19], 3_600_000);
  assertEquals(times[20], 3_600_050);
});

Deno.test("RequestBudget draws energy requests from both buckets", async () => {
  const times = await timesOf(start(), new Array<BudgetGroup>(6).fill("energy"), 2_000);
  assertEquals(times, [0, 0, 0, 0, 250, 500]);
  const mixed = await timesOf(start({ requestsPerSecond: 2 }), ["energy", "energy", "general"], 2_000);
  assertEquals(mixed, [0, 0, 500], "energy requests count against the general bucket as well");
});

Deno.test("RequestBudget.acquire() says whether it had to wait", async () => {
  const { budget, clock } = start({ requestsPerSecond: 1 });
  assertEquals(await budget.acquire("general", FOREVER), false);
  const second = budget.acquire("general", FOREVER);
  await clock.advance(1_000);
  assertEquals(await second, true);
});

Deno.test("RequestBudget.acquire() ends early when its signal aborts", async () => {
  const { budget, clock } = start({ requestsPerSecond: 0.01 });
  await budget.acquire("general", FOREVER);
  const stop = new AbortController();
  const waiting = budget.acquire("general", stop.signal);
  stop.abort();
  await waiting;
  assertEquals(clock.sleeping, 0);
});

Deno.test("RequestBudget.pause() without a length lets one probe through every 4 s, until the ban ends", async () => {
  const { budget, clock } = start();
  assertEquals(budget.paused("general"), false);
  assertEquals(budget.pause("general", null), 60_000);
  const passed: number[] = [];
  for (let ms = 0; ms < 61_000; ms += 500) {
    if (!budget.paused("general")) passed.push(clock.monotonicMs());
    await clock.advance(500);
  }
  assertEquals(passed.filter((ms) => ms < 60_000), Array.from({ length: 14 }, (_, i) => 4_000 * (i + 1)));
  assertEquals(passed.filter((ms) => ms >= 60_000), [60_000, 60_500]);
});

Deno.test("RequestBudget.pause() lets nobody through before a Retry-After has passed", async () => {
  const { budget, clock } = start();
  assertEquals(budget.pause("general", 9_000), 9_000);
  for (const ms of [0, 4_000, 4_999]) {
    await clock.advance(ms);
    assertEquals(budget.paused("general"), true, `${clock.monotonicMs()} ms`);
  }
  await clock.advance(1);
  assertEquals(budget.paused("general"), false);
});

Deno.test("RequestBudget.pause() does not move the end of a ban that is known", async () => {
  const { budget, clock } = start();
  budget.pause("general", null);
  await clock.advance(40_000);
  assertEquals(budget.pause("general", null), 20_000);
  await clock.advance(20_000);
  assertEquals(budget.paused("general"), false);
  assertEquals(budget.pause("general", null), 60_000, "a new ban after the old one has ended");
});

Deno.test("RequestBudget.pause() takes the node's word over its own guess", async () => {
  const { budget, clock } = start();
  budget.pause("general", null);
  await clock.advance(4_000);
  assertEquals(budget.pause("general", 3_000), 3_000);
  await clock.advance(2_999);
  assertEquals(budget.paused("general"), true);
  await clock.advance(1);
  assertEquals(budget.paused("general"), false);
});

Deno.test("RequestBudget pauses energy alone, or everything", () => {
  const { budget } = start();
  budget.pause("energy", null);
  assertEquals([budget.paused("energy"), budget.paused("general")], [true, false]);
  budget.resume("general");
  assertEquals(budget.paused("energy"), true, "an answer to another question says nothing about energy");
  budget.resume("energy");
  assertEquals(budget.paused("energy"), false);
  budget.pause("general", null);
  assertEquals([budget.paused("energy"), budget.paused("general")], [true, true]);
  budget.resume("energy");
  assertEquals([budget.paused("energy"), budget.paused("general")], [false, false]);
});
