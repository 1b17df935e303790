// @ts-types="#types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { ManualClock } from "./clock.ts";

Deno.test("ManualClock stands still until it is advanced, and starts where it is told", async () => {
  const clock = new ManualClock(1_000);
  assertEquals([clock.nowMs(), clock.monotonicMs()], [1_000, 0]);
  await clock.advance(250);
  assertEquals([clock.nowMs(), clock.monotonicMs()], [1_250, 250]);
});

Deno.test("ManualClock.advance() shows each sleeper the time at which it was due", async () => {
  const clock = new ManualClock(0);
  const seen: number[] = [];
  for (const ms of [30, 10, 20]) clock.sleep(ms).then(() => seen.push(clock.nowMs()));
  await clock.advance(25);
  assertEquals([seen, clock.nowMs(), clock.sleeping], [[10, 20], 25, 1]);
  await clock.advance(5);
  assertEquals([seen, clock.sleeping], [[10, 20, 30], 0]);
});

Deno.test("ManualClock.advance() wakes equal due times in the order of sleeping", async () => {
  const clock = new ManualClock();
  const woken: number[] = [];
  for (const who of [1, 2, 3]) clock.sleep(10).then(() => woken.push(who));
  await clock.advance(10);
  assertEquals(woken, [1, 2, 3]);
});

Deno.test("ManualClock.advance() runs a loop that sleeps again and again, as often as fits", async () => {
  const clock = new ManualClock(0);
  const ticks: number[] = [];
  const stop = new AbortController();
  const loop = (async () => {
    while (!stop.signal.aborted) {
      await clock.sleep(100, stop.signal);
      if (!stop.signal.aborted) ticks.push(clock.nowMs());
    }
  })();
  await clock.advance(350);
  assertEquals(ticks, [100, 200, 300]);
  stop.abort();
  await loop;
  assertEquals(clock.sleeping, 0);
});

Deno.test("ManualClock.advance() lets released code run before it returns", async () => {
  const clock = new ManualClock();
  let steps = 0;
  clock.sleep(1).then(() => steps++).then(() => steps++).then(() => steps++);
  await clock.advance(1);
  assertEquals(steps, 3);
});
