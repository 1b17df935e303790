// @ts-types="#types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { ManualClock } from "../runtime/clock.ts";
import { Breaker } from "./breaker.ts";

const DOWN = "the node is not answering";
const RESTS = "the node closed the connection each time that this was asked";

Deno.test("Breaker opens after three silences in a row, over all methods, and lets probes through", () => {
  const breaker = new Breaker(new ManualClock());
  breaker.silent("a", false);
  breaker.silent("b", false);
  assertEquals([breaker.open, breaker.refuses("a", false)], [false, null]);
  breaker.silent("c", false);
  assertEquals([breaker.open, breaker.refuses("d", false), breaker.refuses("d", true)], [true, DOWN, null]);
});

Deno.test("Breaker closes with the first answer, and any answer between silences starts the count anew", () => {
  const breaker = new Breaker(new ManualClock());
  for (const method of ["a", "b", "c"]) breaker.silent(method, false);
  breaker.answered("a");
  assertEquals([breaker.open, breaker.refuses("b", false)], [false, null]);
  breaker.silent("a", false);
  breaker.silent("a", false);
  breaker.answered("z");
  breaker.silent("a", false);
  assertEquals(breaker.open, false);
});

Deno.test("Breaker rests a method that ends in empty replies, while the others go on", async () => {
  const clock = new ManualClock();
  const breaker = new Breaker(clock);
  breaker.silent("deadly", true);
  breaker.answered("other");
  assertEquals(breaker.refuses("deadly", false), null);
  breaker.silent("deadly", true);
  breaker.answered("other");
  assertEquals([breaker.refuses("deadly", false), breaker.refuses("other", false)], [RESTS, null]);
  assertEquals(breaker.refuses("deadly", true), null);
  await clock.advance(14_999);
  assertEquals(breaker.refuses("deadly", false), RESTS);
  await clock.advance(1);
  assertEquals(breaker.refuses("deadly", false), null);
});

Deno.test("Breaker doubles the rest with each further empty reply, up to ten minutes", async () => {
  const clock = new ManualClock();
  const breaker = new Breaker(clock);
  breaker.silent("deadly", true);
  const rests: number[] = [];
  for (let i = 0; i < 8; i++) {
    breaker.silent("deadly", true);
    breaker.answered("other");
    let ms = 0;
    while (breaker.refuses("deadly", false) !== null) {
      await clock.advance(5_000);
      ms += 5_000;
    }
    rests.push(ms / 1_000);
  }
  assertEquals(rests, [15, 30, 60, 120, 240, 480, 600, 600]);
});

Deno.test("Breaker forgets a method's empty replies once it answers", () => {
  const breaker = new Breaker(new ManualClock());
  breaker.silent("deadly", true);
  breaker.answered("deadly");
  breaker.silent("deadly", true);
  breaker.answered("other");
  assertEquals(breaker.refuses("deadly", false), null);
});

Deno.test("Breaker does not rest methods for having been asked while the whole node went away", () => {
  const breaker = new Breaker(new ManualClock());
  for (let i = 0; i < 6; i++) breaker.silent("a", true);
  assertEquals(breaker.open, true);
  breaker.answered("b");
  assertEquals([breaker.open, breaker.refuses("a", false)], [false, null]);
});

Deno.test("Breaker does not take a time-out for a method that kills its handler", () => {
  const breaker = new Breaker(new ManualClock());
  for (let i = 0; i < 5; i++) {
    breaker.silent("slow", false);
    breaker.answered("other");
  }
  assertEquals(breaker.refuses("slow", false), null);
});
