/** What the posterior learns, and when it says so, on simulated chains with and without something to learn. */
// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import {
  emptyPosterior,
  HORIZON,
  type Label,
  type Labeller,
  labelOf,
  type Posterior,
  readPosterior,
  stepPosterior,
} from "../../src/engine/posterior.ts";
import { Random } from "../../src/engine/random.ts";
import { DEPTH, type SimulatedSlots, simulatedSlots } from "../support/simulated_slots.ts";

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
const BLOCKS = 3_600;

/** Two-sided 95 % quantile of Student's t for 9 degrees of freedom. */
const T_9 = 2.2622;

/** How a posterior did on some slots. */
interface Run {
  /** What it predicted at the end of each slot. */
  readonly predictions: readonly Posterior[];
  /** Whether it ever left `prior`. */
  readonly left: boolean;
}

/** Runs a posterior over slots; `index` may hold the future. */
function run({ features, index }: SimulatedSlots, label: Labeller = labelOf): Run {
  const state = emptyPosterior();
  const predictions: Posterior[] = [];
  for (const [height, inputs] of features.entries()) {
    stepPosterior(state, height, inputs, index, DEPTH, label);
    predictions.push(readPosterior(state, height)!);
  }
  return { predictions, left: predictions.some(({ regime }) => regime.status === "learned") };
}

/** Labels of all slots, put onto other slots. */
function shuffledLabels({ index }: SimulatedSlots, seed: number): Labeller {
  const random = new Random("shuffled-labels", seed);
  const labels: Label[] = index.map(({ height }) => labelOf(index, height)).filter((label) => label !== null);
  for (let i = labels.length - 1; i > 0; i--) {
    const j = random.integer(0, i);
    [labels[i], labels[j]] = [labels[j]!, labels[i]!];
  }
  return (_index, height) => labels[height % labels.length]!;
}

function lastGain({ predictions }: Run): number {
  return predictions[predictions.length - 1]!.regime.gain!;
}

let kept:
  | { readonly stress: readonly SimulatedSlots[]; readonly calm: readonly SimulatedSlots[] }
  | undefined;

function chains() {
  return kept ??= {
    stress: SEEDS.map((seed) => simulatedSlots(seed, "stress", BLOCKS)),
    calm: SEEDS.map((seed) => simulatedSlots(seed, "calm", BLOCKS)),
  };
}

Deno.test("the posterior gains on the base rate in scenario stress, over 10 seeds, with 95 % confidence", () => {
  const runs = chains().stress.map((slots) => run(slots));
  const gains = runs.map(lastGain);
  const mean = gains.reduce((sum, gain) => sum + gain, 0) / gains.length;
  const spread = gains.reduce((sum, gain) => sum + (gain - mean) ** 2, 0);
  const error = Math.sqrt(spread / (gains.length - 1) / gains.length);
  const found = `mean gain ${mean.toFixed(4)} nats ± ${(T_9 * error).toFixed(4)}, t = ${
    (mean / error).toFixed(2)
  }`;
  assert(mean - T_9 * error > 0, found);
  assert(runs.filter(({ left }) => left).length >= 8, found);
});

Deno.test("the posterior stays prior in scenario calm, where nothing predicts anything", () => {
  const left = chains().calm.map((slots) => run(slots)).filter((one) => one.left).length;
  assert(left <= 1, `${left} of ${SEEDS.length} left prior`);
});

Deno.test("the posterior stays prior when the labels of stress are shuffled", () => {
  for (const [i, slots] of chains().stress.entries()) {
    const shuffled = run(slots, shuffledLabels(slots, SEEDS[i]!));
    assert(!shuffled.left, `seed ${SEEDS[i]}`);
    assert(lastGain(shuffled) < 0.02, `seed ${SEEDS[i]}`);
  }
});

Deno.test("no prediction knows anything of what came after its slot: cutting the future off changes none", () => {
  const slots = chains().stress[0]!;
  const random = new Random("truncation");
  const whole = run(slots).predictions;
  const cut = (end: number): SimulatedSlots => ({
    features: slots.features.slice(0, end + 1),
    index: slots.index.slice(0, end + 1),
  });
  const points = Array.from({ length: 120 }, () => random.integer(10 * HORIZON, BLOCKS / 3));
  for (const end of points) {
    const known = run(cut(end)).predictions;
    assertEquals(known[end], whole[end], `cut after slot ${end}`);
  }
  // The same test finds one that looks ahead.
  const cheat: Labeller = (index, height) => labelOf(index, height + DEPTH + 1) ?? labelOf(index, height);
  const end = points[0]!;
  assertNotEquals(run(cut(end), cheat).predictions[end], run(slots, cheat).predictions[end]);
});
