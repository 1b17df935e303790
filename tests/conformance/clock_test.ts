// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import { ManualClock, systemClock } from "../../src/runtime/clock.ts";
import type { Clock } from "../../src/runtime/ports/clock.ts";

/** A clock, and how to let its time pass. */
interface Subject {
  readonly clock: Clock;
  elapse(ms: number): Promise<void>;
}

const SUBJECTS: Readonly<Record<string, () => Subject>> = {
  systemClock: () => ({
    clock: systemClock,
    elapse: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  }),
  ManualClock: () => {
    const clock = new ManualClock();
    return { clock, elapse: (ms) => clock.advance(ms) };
  },
};

for (const [name, make] of Object.entries(SUBJECTS)) {
  Deno.test(`${name} tells milliseconds since the Unix epoch, later than 2025`, async () => {
    const { clock, elapse } = make();
    const before = clock.nowMs();
    await elapse(3);
    assert(before > Date.UTC(2025, 0), `${before}`);
    assert(clock.nowMs() >= before);
  });

  Deno.test(`${name}.monotonicMs() grows with time and never falls`, async () => {
    const { clock, elapse } = make();
    let last = clock.monotonicMs();
    for (let i = 0; i < 5; i++) {
      await elapse(2);
      const now = clock.monotonicMs();
      assert(now > last, `${now} after ${last}`);
      last = now;
    }
  });

  Deno.test(`${name}.sleep() lasts at least as long as asked, by the same clock`, async () => {
    const { clock, elapse } = make();
    const began = clock.monotonicMs();
    const slept = clock.sleep(20).then(() => clock.monotonicMs() - began);
    await elapse(40);
    assert(await slept >= 19); // Timers count whole milliseconds.
  });

  Deno.test(`${name}.sleep() wakes sleepers in the order of their due times`, async () => {
    const { clock, elapse } = make();
    const woken: string[] = [];
    const sleeps = [["c", 60], ["a", 0], ["b", 30]] as const;
    const all = sleeps.map(([who, ms]) => clock.sleep(ms).then(() => woken.push(who)));
    await elapse(90);
    await Promise.all(all);
    assertEquals(woken, ["a", "b", "c"]);
  });

  Deno.test(`${name}.sleep() resolves early, without an error, when its signal aborts`, async () => {
    const { clock } = make();
    const controller = new AbortController();
    const slept = clock.sleep(3_600_000, controller.signal);
    controller.abort(new Error("not this one"));
    assertEquals(await slept, undefined);
  });

  Deno.test(`${name}.sleep() returns at once for a signal that has aborted, and for no time at all`, async () => {
    const { clock, elapse } = make();
    assertEquals(await clock.sleep(3_600_000, AbortSignal.abort()), undefined);
    const none = [clock.sleep(0), clock.sleep(-5)];
    await elapse(5);
    assertEquals(await Promise.all(none), [undefined, undefined]);
  });

  Deno.test(`${name}.sleep() leaves nothing on its signal`, async () => {
    const { clock, elapse } = make();
    let listeners = 0;
    const { signal } = new AbortController();
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => (listeners++, add(...args));
    signal.removeEventListener = (...args: Parameters<typeof remove>) => (listeners--, remove(...args));
    const slept = clock.sleep(5, signal);
    assertEquals(listeners, 1);
    await elapse(20);
    await slept;
    assertEquals(listeners, 0);
  });
}
