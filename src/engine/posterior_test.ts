// @ts-types="#types/std_assert.d.ts"
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  emptyPosterior,
  exportPosterior,
  HORIZON,
  importPosterior,
  type Label,
  labelOf,
  MODEL_INPUTS,
  type Posterior,
  readPosterior,
  revertPosterior,
  stepPosterior,
} from "./posterior.ts";
import type { IndexPoint } from "./price_index.ts";
import { Random } from "./random.ts";

const DEPTH = 4;
const CHOP: Label = { regime: 2, rug: false };

function point(height: number, level: number, path: number, receipts = 5): IndexPoint {
  return { height, level, path, receipts, prices: [1, null, null, null] };
}

/** An index that moves by `change` in each slot. */
function steady(slots: number, change: (height: number) => number, receipts: (height: number) => number) {
  const index: IndexPoint[] = [];
  for (let height = 0; height < slots; height++) {
    const before = index[height - 1];
    index.push(point(
      height,
      (before?.level ?? 0) + change(height),
      (before?.path ?? 0) + Math.abs(change(height)),
      receipts(height),
    ));
  }
  return index;
}

function inputsOf(random: Random): number[] {
  return Array.from({ length: MODEL_INPUTS }, () => random.normal());
}

function sumOfRegimes({ probabilities: { trend, revert, chop } }: Posterior): number {
  return trend + revert + chop;
}

Deno.test("labelOf() names trend, revert and chop by the efficiency of what followed, and a collapse of receipts", () => {
  const at = 50;
  const label = (change: (height: number) => number, receipts = (_height: number) => 5) =>
    labelOf(steady(120, change, receipts), at);
  assertEquals(label(() => 0.01), { regime: 0, rug: false });
  assertEquals(label(() => -0.01), { regime: 1, rug: false });
  assertEquals(label((height) => (height % 2 === 0 ? 0.01 : -0.01)), CHOP);
  // What came before the slot has no part in it.
  assertEquals(label((height) => (height <= at ? -0.01 : 0.01)), { regime: 0, rug: false });
  assertEquals(label(() => 0.01, (height) => (height > at ? 2 : 5)), { regime: 0, rug: true });
  assertEquals(label(() => 0.01, (height) => (height > at ? 3 : 5)), { regime: 0, rug: false });
  assertEquals(label(() => 0, (height) => (height > at ? 0 : 5)), { regime: 2, rug: true }, "stands still");
  assertEquals(label(() => 0, () => 0), null, "nothing ever settled");
});

Deno.test("labelOf() gives nothing where the index does not reach", () => {
  const index = steady(120, () => 0.01, () => 5);
  assertEquals(labelOf(index, 120 - HORIZON), null, "the future is missing");
  assertEquals(labelOf(index, 2 * HORIZON - 1), null, "the past is missing");
  assertEquals(labelOf(index.slice(40), 60), null, "the past is forgotten");
  assertEquals(labelOf(index.slice(20), 60), { regime: 0, rug: false });
  assertEquals(labelOf([], 0), null);
});

Deno.test("stepPosterior() begins at the base rates, with one collapse in twenty", () => {
  const state = emptyPosterior();
  assertEquals(readPosterior(state, 0), null);
  stepPosterior(state, 0, new Array(MODEL_INPUTS).fill(3), [], DEPTH);
  const { probabilities, regime, rug } = readPosterior(state, 0)!;
  assertAlmostEquals(probabilities.trend, 1 / 3);
  assertAlmostEquals(probabilities.revert, 1 / 3);
  assertAlmostEquals(probabilities.chop, 1 / 3);
  assertAlmostEquals(probabilities.rug, 1 / 20);
  assertEquals([regime.status, rug.status, regime.gain], ["prior", "prior", null]);
});

Deno.test("stepPosterior() stays within its limits for inputs of any size, over 20,000 slots", () => {
  const random = new Random("posterior-limits");
  const state = emptyPosterior();
  for (let height = 0; height < 20_000; height++) {
    const inputs = inputsOf(random).map((value) => value * 10 ** random.integer(0, 300));
    stepPosterior(state, height, inputs, [], DEPTH, () => ({ regime: Number(inputs[0]! > 0), rug: true }));
    const read = readPosterior(state, height)!;
    assertAlmostEquals(sumOfRegimes(read), 1, 1e-9);
    for (const p of Object.values(read.model)) assert(p >= 0 && p <= 1, `${p} in slot ${height}`);
  }
  for (const { rows } of state.weights.values()) {
    for (const weight of rows.flat()) assert(Math.abs(weight) <= 5, `weight ${weight}`);
  }
  assert(state.weights.size <= DEPTH + 2, `${state.weights.size} weights are kept`);
  assert(state.pending.size <= HORIZON + DEPTH + 1, `${state.pending.size} predictions wait`);
  assert(state.batches.length <= 51);
});

Deno.test("stepPosterior() learns what the inputs tell, leaves prior, and its bins hold what happened", () => {
  const random = new Random("posterior-learns");
  const state = emptyPosterior();
  const inputs: number[][] = [];
  let read: Posterior | null = null;
  for (let height = 0; height < 4_000; height++) {
    inputs.push(inputsOf(random));
    stepPosterior(state, height, inputs[height]!, [], DEPTH, (_index, slot) => ({
      regime: inputs[slot]![0]! > 0.5 ? 0 : inputs[slot]![1]! > 0.5 ? 1 : 2,
      rug: inputs[slot]![2]! > 1,
    }));
    read = readPosterior(state, height);
  }
  const { regime, rug, samples, model, probabilities } = read!;
  assertEquals([regime.status, rug.status], ["learned", "learned"]);
  assert(regime.gainLow! > 0.1 && regime.gainLow! < regime.gain! && regime.gain! < regime.gainHigh!);
  assertAlmostEquals(regime.gain!, regime.baseLogLoss! - regime.logLoss!, 1e-9);
  assert(regime.brier! < regime.baseBrier!);
  assertEquals(probabilities, model);
  assertEquals(samples, 4_000 - HORIZON - DEPTH);
  for (const [k, bins] of state.bins.entries()) {
    assertEquals(bins.reduce((sum, { n }) => sum + n, 0), samples);
    for (const [i, { n, predicted, happened }] of bins.entries()) {
      assert(
        n === 0 || (predicted / n >= i / 10 - 1e-9 && predicted / n <= (i + 1) / 10 + 1e-9),
        `class ${k}`,
      );
      assert(happened <= n);
    }
  }
});

Deno.test("stepPosterior() comes to the same state whether or not it has seen blocks that were replaced", () => {
  const random = new Random("posterior-reorgs");
  const labels = (_index: readonly IndexPoint[], height: number): Label => ({
    regime: height % 3,
    rug: height % 7 === 0,
  });
  const kept = new Map<number, number[]>();
  const mixed = emptyPosterior();
  let highest = 0;
  for (let height = 0; height < 600; height++) {
    kept.set(height, inputsOf(random));
    stepPosterior(mixed, height, kept.get(height)!, [], DEPTH, labels);
    highest = Math.max(highest, height);
    const reach = highest - DEPTH;
    if (!random.chance(0.1) || reach < 0 || height === reach) continue;
    const toHeight = random.integer(reach, height - 1);
    revertPosterior(mixed, toHeight);
    height = toHeight;
  }
  const straight = emptyPosterior();
  for (let height = 0; height < 600; height++) {
    stepPosterior(straight, height, kept.get(height)!, [], DEPTH, labels);
  }
  assertEquals(readPosterior(mixed, 599), readPosterior(straight, 599));
  assertEquals(exportPosterior(mixed, "s"), exportPosterior(straight, "s"));
});

Deno.test("importPosterior() continues what exportPosterior() left", () => {
  const random = new Random("posterior-export");
  const state = emptyPosterior();
  const label = () => ({ regime: random.integer(0, 2), rug: random.chance(0.1) });
  for (let height = 0; height < 300; height++) {
    stepPosterior(state, height, inputsOf(random), [], DEPTH, label);
  }
  const copy = importPosterior(exportPosterior(state, "schema"), "schema");
  for (let height = 300; height < 500; height++) {
    const inputs = inputsOf(random);
    for (const each of [state, copy]) stepPosterior(each, height, inputs, [], DEPTH, () => CHOP);
  }
  assertEquals(exportPosterior(copy, "schema"), exportPosterior(state, "schema"));
});

Deno.test("importPosterior() refuses another version, other features, and 1,000 damaged texts, each by name", () => {
  const random = new Random("posterior-damage");
  const state = emptyPosterior();
  for (let height = 0; height < 100; height++) {
    stepPosterior(state, height, inputsOf(random), [], DEPTH, () => CHOP);
  }
  const text = exportPosterior(state, "schema");
  assertThrows(() => importPosterior(text, "other"), Error, "POSTERIOR_SCHEMA");
  const other = JSON.stringify({ ...JSON.parse(text), version: 2 });
  assertThrows(() => importPosterior(other, "schema"), Error, "POSTERIOR_VERSION");
  const { checksum: _, ...without } = JSON.parse(text);
  assertThrows(() => importPosterior(JSON.stringify(without), "schema"), Error, "POSTERIOR_CHECKSUM");
  for (const odd of ["", "null", "1", "[]", "{}"]) {
    assertThrows(() => importPosterior(odd, "schema"), Error, "POSTERIOR_");
  }
  for (let i = 0; i < 1_000; i++) {
    const at = random.integer(0, text.length - 1);
    const char = String.fromCharCode(random.integer(32, 126));
    const damaged = random.chance(0.2) ? text.slice(0, at) : text.slice(0, at) + char + text.slice(at + 1);
    if (damaged === text) continue;
    const error = assertThrows(() => importPosterior(damaged, "schema"), Error);
    assert(
      /^POSTERIOR_(VERSION|SCHEMA|CHECKSUM): /.test(error.message),
      `${error.message}: ${damaged.slice(0, 80)}`,
    );
  }
});
