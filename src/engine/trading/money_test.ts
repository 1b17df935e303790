// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import { Random } from "../random.ts";
import { floorUnits, MICRO, microOf, MONEY_MAX, quantize, quantizeCost, unitsOf } from "./money.ts";

Deno.test("quantize() rounds cash flows against us, and takes the noise of float64 for what it is", () => {
  assertEquals([11.7, -11.3, 11, -11, 0, -0.2].map((flow) => quantize(flow, 1)), [11, -12, 11, -11, 0, -1]);
  assertEquals([quantize(10 * 1.1, 1), quantizeCost(10 * 1.1, 1)], [11, 11]); // 11.000000000000002
  assertEquals([quantize(17, 5), quantize(-17, 5), quantizeCost(17, 5)], [15, -20, 20]);
  assertEquals([quantize(1.25, 0), quantizeCost(1.25, 0)], [1.25, 1.25]);
  assert(!Object.is(quantize(0.5, 1), -0) && !Object.is(quantizeCost(0, 1), -0));
});

Deno.test("quantize() never gives us more than the flow, by no more than one quantum", () => {
  const random = new Random("quantize");
  for (let i = 0; i < 20_000; i++) {
    const flow = (random.next() - 0.5) * 10 ** random.integer(0, 15);
    const quantum = random.pick([1, 2, 1000]);
    const money = quantize(flow, quantum);
    assertEquals(Math.abs(money % quantum), 0, `seed "quantize", flow ${flow}`);
    assert(
      money <= flow + Math.abs(flow) * 2 ** -50 && flow - money < quantum,
      `flow ${flow} became ${money}`,
    );
    assert(Number.isSafeInteger(quantize(Math.sign(flow) * MONEY_MAX, 1)));
  }
});

Deno.test("microOf() takes up to 6 decimals exactly and nothing else", () => {
  assertEquals([1, 0.1, 0.000001, 123456.654321, 1e9].map(microOf), [1e6, 1e5, 1, 123456654321, 1e15]);
  for (const units of [0, -1, NaN, Infinity, 1e-7, 0.0000015, 1e9 + 1]) {
    assertEquals(microOf(units), undefined);
  }
  const random = new Random("micro");
  for (let i = 0; i < 20_000; i++) {
    const micro = random.integer(1, 10 ** random.integer(1, 15));
    assertEquals(microOf(Number(`${micro}e-6`)), micro);
    assertEquals(microOf(unitsOf(micro)), micro);
  }
});

Deno.test("floorUnits() gives a quantity that can be ordered, never more", () => {
  const random = new Random("floor");
  for (let i = 0; i < 20_000; i++) {
    const units = random.next() * 10 ** random.integer(0, 10);
    const floor = floorUnits(units);
    assert(floor <= units);
    if (units >= 1 / MICRO) assert(microOf(floor) !== undefined, `${units} became ${floor}`);
  }
  assertEquals([floorUnits(-1), floorUnits(NaN), floorUnits(Infinity)], [0, 0, 1e9]);
});
