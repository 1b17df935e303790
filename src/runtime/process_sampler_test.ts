// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import { ManualClock } from "./clock.ts";
import type { Clock } from "./ports/clock.ts";
import { ProcessSampler } from "./process_sampler.ts";

Deno.test("ProcessSampler has a sample from the start, without lag", () => {
  const { sample } = new ProcessSampler(new ManualClock());
  assert(sample.rssBytes > 1_000_000 && sample.heapBytes > 0);
  assertEquals(sample.eventLoopLagMs, 0);
});

Deno.test("ProcessSampler closes a sample every 5 s and stops when told", async () => {
  const clock = new ManualClock();
  const sampler = new ProcessSampler(clock);
  let samples = 0;
  const running = sampler.run(() => samples++);
  await clock.advance(4_999);
  assertEquals(samples, 0);
  await clock.advance(10_001);
  assertEquals(samples, 3);
  sampler.stop();
  await running;
  assertEquals(clock.sleeping, 0);
});

Deno.test("ProcessSampler reports the longest delay of a timer within the sample, and forgets it after", async () => {
  const manual = new ManualClock();
  let tick = 0;
  const late: Clock = {
    nowMs: () => manual.nowMs(),
    monotonicMs: () => manual.monotonicMs(),
    sleep: (ms, signal) => manual.sleep(++tick === 10 ? ms + 700 : ms, signal),
  };
  const lags: number[] = [];
  const sampler = new ProcessSampler(late);
  const running = sampler.run(() => lags.push(sampler.sample.eventLoopLagMs));
  await manual.advance(10_100);
  sampler.stop();
  await running;
  assertEquals(lags, [700, 0]);
});
