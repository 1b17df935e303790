// @ts-types="#types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { ManualClock } from "../runtime/clock.ts";
import { NODE_LIMITS, RateLimiter } from "./rate_limit.ts";

Deno.test("RateLimiter.take() allows one second's burst, then bans for exactly banMs", async () => {
  const clock = new ManualClock();
  const limiter = new RateLimiter(NODE_LIMITS.requestsPerSecond, NODE_LIMITS.banMs, clock);
  const take = () => limiter.take("a");
  assertEquals(Array.from({ length: 100 }, take), Array(100).fill("ok"));
  assertEquals([take(), take()], ["limited", "banned"]);
  await clock.advance(30_000);
  assertEquals(take(), "banned");
  await clock.advance(29_999);
  assertEquals(take(), "banned", "asking during the ban must not extend it");
  await clock.advance(1);
  assertEquals(take(), "ok");
});

Deno.test("RateLimiter.take() never rejects a client that keeps to the rate", async () => {
  const clock = new ManualClock();
  const limiter = new RateLimiter(100, 60_000, clock);
  for (let i = 0; i < 1_000; i++) {
    assertEquals(limiter.take("a"), "ok", `request ${i}`);
    await clock.advance(10);
  }
});

Deno.test("RateLimiter.take() rejects the 17th energy read at once", () => {
  const limiter = new RateLimiter(NODE_LIMITS.energyReadsPerSecond, NODE_LIMITS.banMs, new ManualClock());
  const verdicts = Array.from({ length: 18 }, () => limiter.take("a"));
  assertEquals(verdicts, [...Array(16).fill("ok"), "limited", "banned"]);
});

Deno.test("RateLimiter.take() keeps clients apart", () => {
  const limiter = new RateLimiter(1, 60_000, new ManualClock());
  assertEquals([limiter.take("a"), limiter.take("a"), limiter.take("b")], ["ok", "limited", "ok"]);
});
