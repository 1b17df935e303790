// @ts-types="#types/std_assert.d.ts"
import { assert, assertAlmostEquals, assertEquals, assertNotEquals } from "@std/assert";
import { keyOf, mix32, Random } from "./random.ts";

Deno.test("mix32() changes about half of the output bits when one input bit changes", () => {
  let flips = 0;
  for (let bit = 0; bit < 32; bit++) {
    for (let value = 1; value <= 64; value++) {
      let changed = mix32(value * 0x9e3779b9) ^ mix32((value * 0x9e3779b9) ^ (1 << bit));
      for (; changed !== 0; changed &= changed - 1) flips++;
    }
  }
  assertAlmostEquals(flips / (32 * 64), 16, 0.5);
});

Deno.test("keyOf() tells apart order, kind, and numbers above 2^32", () => {
  const keys = [
    keyOf(1, 2),
    keyOf(2, 1),
    keyOf("1", "2"),
    keyOf("12"),
    keyOf(1 + 2 ** 32, 2),
    keyOf(1),
    keyOf(-1),
    keyOf(),
  ];
  assertEquals(new Set(keys).size, keys.length);
});

Deno.test("Random gives the same sequence for the same key, on every machine", () => {
  const random = new Random("golden", 7);
  assertEquals([random.uint32(), random.uint32(), random.uint32()], [GOLDEN[0], GOLDEN[1], GOLDEN[2]]);
  assertNotEquals(new Random("golden", 8).uint32(), GOLDEN[0]);
});

Deno.test("Random.next() is uniform on [0, 1)", () => {
  const random = new Random("next");
  const counts = new Array<number>(16).fill(0);
  for (let i = 0; i < 16_000; i++) {
    const value = random.next();
    assert(value >= 0 && value < 1);
    counts[Math.floor(value * 16)]!++;
  }
  const chiSquare = counts.reduce((sum, count) => sum + (count - 1_000) ** 2 / 1_000, 0);
  assert(chiSquare < 37.7, `χ² ${chiSquare} with 15 degrees of freedom`); // p = 0.001
});

Deno.test("Random.integer() reaches both ends and nothing beyond", () => {
  const random = new Random("integer");
  const seen = new Set(Array.from({ length: 1_000 }, () => random.integer(-2, 3)));
  assertEquals([...seen].sort((a, b) => a - b), [-2, -1, 0, 1, 2, 3]);
});

Deno.test("Random.chance() follows its probability, and never and always are exact", () => {
  const random = new Random("chance");
  let hits = 0;
  for (let i = 0; i < 10_000; i++) {
    if (random.chance(0.2)) hits++;
    assertEquals([random.chance(0), random.chance(1)], [false, true]);
  }
  assertAlmostEquals(hits / 10_000, 0.2, 0.02);
});

Deno.test("Random.normal() has mean 0, variance 1 and no skew", () => {
  const random = new Random("normal");
  let [sum, squares, cubes] = [0, 0, 0];
  for (let i = 0; i < 40_000; i++) {
    const x = random.normal();
    sum += x;
    squares += x * x;
    cubes += x ** 3;
  }
  assertAlmostEquals(sum / 40_000, 0, 0.02);
  assertAlmostEquals(squares / 40_000, 1, 0.03);
  assertAlmostEquals(cubes / 40_000, 0, 0.06);
});

Deno.test("Random.poisson() has mean and variance equal to its mean, and 0 for mean 0", () => {
  const random = new Random("poisson");
  let [sum, squares] = [0, 0];
  for (let i = 0; i < 20_000; i++) {
    const count = random.poisson(2.5);
    assert(Number.isInteger(count) && count >= 0);
    sum += count;
    squares += count * count;
  }
  const mean = sum / 20_000;
  assertAlmostEquals(mean, 2.5, 0.06);
  assertAlmostEquals(squares / 20_000 - mean ** 2, 2.5, 0.12);
  assertEquals(random.poisson(0), 0);
});

Deno.test("Random.pick() gives every item and no other", () => {
  const random = new Random("pick");
  const seen = new Set(Array.from({ length: 200 }, () => random.pick(["a", "b", "c"])));
  assertEquals([...seen].sort(), ["a", "b", "c"]);
});

/** The first numbers of `new Random("golden", 7)`; simulated chains and tests depend on them. */
const GOLDEN = [38841514, 1722717378, 2398102481];
