// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import { ManualClock } from "../runtime/clock.ts";
import { SimulatedChain } from "./chain.ts";
import { Miner } from "./miner.ts";

function miner(speed: number, tip = 299) {
  const chain = new SimulatedChain({ seed: 1, scenario: "calm", dialect: "readme" });
  const clock = new ManualClock();
  const mined: number[] = [];
  return { chain, clock, mined, miner: new Miner(chain, clock, tip, speed, (height) => mined.push(height)) };
}

Deno.test("Miner.start() mines each block when its time has come, at any speed and without drift", async () => {
  for (const speed of [0.01, 1, 100, 1_000]) {
    const { chain, clock, miner: running } = miner(speed);
    running.start();
    const start = chain.stateAt(299).timestampMs;
    for (const elapsedMs of [1, 700 / speed, 5_000 / speed, 37, 60_000 / speed]) {
      await clock.advance(elapsedMs);
      const chainMs = start + clock.monotonicMs() * speed;
      // A sleep of at least 5 ms lets up to 5 ms × speed of chain time wait for the next wake-up.
      const late = chain.stateAt(running.tip + 1).timestampMs;
      assert(chain.stateAt(running.tip).timestampMs <= chainMs, `speed ${speed}: mined before its time`);
      assert(late > chainMs - 5 * speed, `speed ${speed}: ${chainMs - late} chain ms late`);
    }
    await running.stop();
    assertEquals(clock.sleeping, 0);
  }
});

Deno.test("Miner.start() catches up in one wake-up after a long sleep and skips no block", async () => {
  const { clock, mined, miner: running } = miner(1_000);
  running.start();
  await clock.advance(10_000);
  assert(running.tip > 9_900, `tip ${running.tip}`);
  assertEquals(mined, Array.from({ length: running.tip - 299 }, (_, index) => 300 + index));
  await running.stop();
});

Deno.test("Miner.mine() adds blocks at once and goes on from there by the clock", async () => {
  const { clock, miner: running } = miner(1);
  running.start();
  running.mine(50);
  assertEquals(running.tip, 349);
  await clock.advance(3_500);
  assert(running.tip >= 351 && running.tip <= 353, `tip ${running.tip}`);
  await running.stop();
});
