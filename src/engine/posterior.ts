/**
 * The posterior: how likely the markets are about to trend, to turn or to chop, and how likely activity is about to
 * collapse. Two small linear models learn online from what really happened, and are only believed once they have
 * predicted better than the base rates.
 *
 * At the end of slot T the model predicts from the features of T. When slot u is H + D blocks old, everything that
 * decides its label is settled: the price index over (u, u + H]. Then the old prediction is scored, and the model takes
 * one step. So no prediction can know anything of its own future, and no reorganisation of up to D blocks has to
 * unlearn.
 *
 * Labels: with e the signed efficiency ratio of the index over (u, u + H], `trend` if e ≥ 0.35, `revert` if e ≤ −0.35,
 * else `chop`. `rug` if the receipts per block over (u, u + H] fell below half of those over (u − 2H, u], and those were
 * at least 20. A slot around which nothing settled has no label.
 */
import { decode, encode } from "./codec.ts";
import { hashText } from "./hash.ts";
import { efficiency, type IndexPoint } from "./price_index.ts";

/** Blocks that a prediction looks ahead. */
export const HORIZON = 20;

/** Features that the models see, by index from 0. */
export const MODEL_INPUTS = 12;

/** Least efficiency of a move that counts as one. */
const EFFICIENT = 0.35;

/** Share of the usual receipts below which activity has collapsed, and how many there must usually be to tell. */
const COLLAPSE = 0.5;
const COLLAPSE_MIN_RECEIPTS = 20;

const LEARNING_RATE = 0.003;
const WEIGHT_DECAY = 0.001;

/** Limits of weights and of inputs. */
const WEIGHT_MAX = 5;
const INPUT_MAX = 4;

/** Logits beyond this change no float. */
const LOGIT_MAX = 40;

/** Least probability that a score is taken of. */
const PROBABILITY_MIN = 1e-6;

/** Scores that make one batch; labels overlap over H blocks, so single scores are not independent. */
const BATCH_SCORES = 60;

/** Batches that the rolling gain is taken over, and how many it needs. */
const BATCHES_MAX = 50;
const BATCHES_MIN = 25;

/** Two-sided 95 % quantile of Student's t for 24 to 49 degrees of freedom, rounded up. */
const T_QUANTILE = 2.07;

const BINS = 10;
const VERSION = 1;

/** Regimes in the order of the weights. */
export const REGIMES = ["trend", "revert", "chop"] as const;

/** A regime. */
export type Regime = (typeof REGIMES)[number];

/** What happened after a slot. */
export interface Label {
  /** Place in {@link REGIMES}. */
  readonly regime: number;
  readonly rug: boolean;
}

/** Probabilities. */
export interface Probabilities {
  readonly trend: number;
  readonly revert: number;
  readonly chop: number;
  readonly rug: number;
}

/** A prediction that waits for its label. */
interface Pending {
  readonly inputs: readonly number[];
  readonly model: readonly number[];
  readonly base: readonly number[];
}

/** What the models are after training on a slot. */
interface Weights {
  /** Rows trend, revert, chop, rug; the last column is the intercept. */
  readonly rows: readonly (readonly number[])[];
  /** How often each regime, rug and not rug happened, with one imagined of each to begin with. */
  readonly counts: readonly number[];
}

/** Sums of one batch of scores: index 0 is the regime model, 1 the rug model. */
interface Batch {
  n: number;
  gain: number[];
  modelLoss: number[];
  baseLoss: number[];
  modelBrier: number[];
  baseBrier: number[];
}

/** One bin of the reliability diagram of one class. */
interface Bin {
  n: number;
  predicted: number;
  happened: number;
}

/** State of the posterior. */
export interface PosteriorState {
  /** Weights by the slot that they were last trained on, as far back as a reorganisation can reach. */
  weights: Map<number, Weights>;
  trainedThrough: number;
  pending: Map<number, Pending>;
  batches: Batch[];
  /** Reliability bins per class: trend, revert, chop, rug. */
  bins: Bin[][];
  samples: number;
}

/** Decides labels; tests put others in its place. */
export type Labeller = (index: readonly IndexPoint[], height: number) => Label | null;

/** A posterior that has learned nothing. */
export function emptyPosterior(): PosteriorState {
  return {
    weights: new Map(),
    trainedThrough: -1,
    pending: new Map(),
    batches: [],
    bins: [0, 1, 2, 3].map(() => Array.from({ length: BINS }, () => ({ n: 0, predicted: 0, happened: 0 }))),
    samples: 0,
  };
}

/** Weights before any training: each regime as likely as the others, a collapse one time in twenty. */
const UNTRAINED: Weights = {
  rows: [0, 0, 0, -Math.log(19)].map((
    intercept,
  ) => [...Array.from({ length: MODEL_INPUTS }, () => 0), intercept]),
  counts: [1, 1, 1, 1, 19],
};

/**
 * Ends a slot: trains on the slot that has just become settled enough, then predicts from this slot's features.
 *
 * @param features z-scores of this slot, at least {@link MODEL_INPUTS}; 0 for a feature that is not warm
 * @param index The price index up to this slot
 * @param depth Blocks below which nothing changes any more
 */
export function stepPosterior(
  state: PosteriorState,
  height: number,
  features: ArrayLike<number>,
  index: readonly IndexPoint[],
  depth: number,
  label: Labeller = labelOf,
): void {
  const settled = height - HORIZON - depth;
  if (settled > state.trainedThrough) train(state, settled, label(index, settled));
  const weights = weightsAt(state, settled);
  const inputs = Array.from({ length: MODEL_INPUTS }, (_, i) => clampTo(features[i] ?? 0, INPUT_MAX));
  state.pending.set(height, { inputs, model: predict(weights, inputs), base: baseRates(weights) });
  for (const key of state.weights.keys()) if (key < settled - depth) state.weights.delete(key);
}

/** Takes back the predictions of slots above a height. What was learned is older than any reorganisation. */
export function revertPosterior(state: PosteriorState, toHeight: number): void {
  for (const height of state.pending.keys()) if (height > toHeight) state.pending.delete(height);
}

/** The rule by which slots are labelled; null where the index does not reach. */
export function labelOf(index: readonly IndexPoint[], height: number): Label | null {
  const first = index[0]?.height ?? 0;
  const at = (wanted: number): IndexPoint | undefined => index[wanted - first];
  const now = at(height);
  const then = at(height + HORIZON);
  const before = at(height - 2 * HORIZON);
  if (!now || !then || !before) return null;
  let ahead = 0;
  let behind = 0;
  for (let k = 1; k <= HORIZON; k++) ahead += at(height + k)!.receipts;
  for (let k = 0; k < 2 * HORIZON; k++) behind += at(height - k)!.receipts;
  const moved = efficiency(now, then);
  // A market that stands still after it was at work is a collapse without direction; one that never was says nothing.
  if (moved === undefined) {
    return behind < COLLAPSE_MIN_RECEIPTS ? null : { regime: 2, rug: 2 * ahead < COLLAPSE * behind };
  }
  return {
    regime: moved >= EFFICIENT ? 0 : moved <= -EFFICIENT ? 1 : 2,
    rug: behind >= COLLAPSE_MIN_RECEIPTS && 2 * ahead < COLLAPSE * behind,
  };
}

function train(state: PosteriorState, height: number, label: Label | null): void {
  const weights = weightsAt(state, height - 1);
  const waiting = state.pending.get(height);
  state.pending.delete(height);
  state.trainedThrough = height;
  if (!label || !waiting) {
    state.weights.set(height, weights);
    return;
  }
  score(state, waiting, label);
  const probabilities = predict(weights, waiting.inputs);
  const rows = weights.rows.map((row, k) => {
    const happened = k === 3 ? label.rug : label.regime === k;
    const error = Number(happened) - probabilities[k]!;
    return row.map((weight, i) => {
      const isIntercept = i === MODEL_INPUTS;
      const gradient = error * (isIntercept ? 1 : waiting.inputs[i]!) -
        (isIntercept ? 0 : WEIGHT_DECAY * weight);
      return clampTo(weight + LEARNING_RATE * gradient, WEIGHT_MAX);
    });
  });
  const counts = weights.counts.map((count, k) =>
    count + Number(k < 3 ? label.regime === k : k === 3 ? label.rug : !label.rug)
  );
  state.weights.set(height, { rows, counts });
  state.samples++;
}

/** Compares a prediction with what happened, and with what the base rates would have said. */
function score(state: PosteriorState, { model, base }: Pending, { regime, rug }: Label): void {
  let batch = state.batches[state.batches.length - 1];
  if (!batch || batch.n === BATCH_SCORES) {
    const zero = () => [0, 0];
    batch = {
      n: 0,
      gain: zero(),
      modelLoss: zero(),
      baseLoss: zero(),
      modelBrier: zero(),
      baseBrier: zero(),
    };
    state.batches.push(batch);
    if (state.batches.length > BATCHES_MAX + 1) state.batches.shift();
  }
  batch.n++;
  const happened = [0, 1, 2].map((k) => Number(k === regime));
  const truth = [happened, [Number(rug), Number(!rug)]];
  const views = (p: readonly number[]) => [p.slice(0, 3), [p[3]!, 1 - p[3]!]];
  for (const [head, outcome] of truth.entries()) {
    const said = views(model)[head]!;
    const usual = views(base)[head]!;
    const modelLoss = logLoss(said, outcome);
    const baseLoss = logLoss(usual, outcome);
    batch.modelLoss[head]! += modelLoss;
    batch.baseLoss[head]! += baseLoss;
    batch.gain[head]! += baseLoss - modelLoss;
    batch.modelBrier[head]! += brier(said, outcome);
    batch.baseBrier[head]! += brier(usual, outcome);
  }
  for (const [k, bins] of state.bins.entries()) {
    const bin = bins[Math.min(BINS - 1, Math.floor(model[k]! * BINS))]!;
    bin.n++;
    bin.predicted += model[k]!;
    bin.happened += k === 3 ? Number(rug) : happened[k]!;
  }
}

function logLoss(said: readonly number[], outcome: readonly number[]): number {
  return -Math.log(Math.max(PROBABILITY_MIN, said[outcome.indexOf(1)]!));
}

function brier(said: readonly number[], outcome: readonly number[]): number {
  return said.reduce((sum, p, k) => sum + (p - outcome[k]!) ** 2, 0);
}

/** Softmax over the regimes, logistic for rug; safe for any logit. */
function predict({ rows }: Weights, inputs: readonly number[]): readonly number[] {
  const logits = rows.map((row) => {
    let sum = row[MODEL_INPUTS]!;
    for (let i = 0; i < MODEL_INPUTS; i++) sum += row[i]! * inputs[i]!;
    return sum;
  });
  const highest = Math.max(logits[0]!, logits[1]!, logits[2]!);
  const powers = [0, 1, 2].map((k) => Math.exp(logits[k]! - highest));
  const total = powers[0]! + powers[1]! + powers[2]!;
  return [...powers.map((power) => power / total), 1 / (1 + Math.exp(-clampTo(logits[3]!, LOGIT_MAX)))];
}

function baseRates({ counts }: Weights): readonly number[] {
  const regimes = counts[0]! + counts[1]! + counts[2]!;
  return [
    counts[0]! / regimes,
    counts[1]! / regimes,
    counts[2]! / regimes,
    counts[3]! / (counts[3]! + counts[4]!),
  ];
}

/** The weights after training on a slot; the oldest that are kept for one before them. */
function weightsAt({ weights }: PosteriorState, height: number): Weights {
  const kept = weights.get(height);
  if (kept || height < 0) return kept ?? UNTRAINED;
  const [oldest] = weights.values();
  return oldest ?? UNTRAINED;
}

function clampTo(value: number, limit: number): number {
  return Math.min(limit, Math.max(-limit, value));
}

/** How one model has done lately against the base rate. */
export interface Skill {
  /** `learned` once the lower bound of the gain is above 0, else `prior`. */
  readonly status: "prior" | "learned";
  readonly samples: number;
  /** Mean log loss of the model and of the base rate, nats. */
  readonly logLoss: number | null;
  readonly baseLogLoss: number | null;
  /** Mean gain in log loss, with its 95 % interval. */
  readonly gain: number | null;
  readonly gainLow: number | null;
  readonly gainHigh: number | null;
  readonly brier: number | null;
  readonly baseBrier: number | null;
}

/** The posterior as it is to be shown. */
export interface Posterior {
  /** What to go by: the model where it has earned it, the base rates elsewhere. */
  readonly probabilities: Probabilities;
  readonly model: Probabilities;
  readonly base: Probabilities;
  readonly regime: Skill;
  readonly rug: Skill;
  readonly samples: number;
}

/** Reads the posterior of the newest slot; null before the first. */
export function readPosterior(state: PosteriorState, height: number): Posterior | null {
  const waiting = state.pending.get(height);
  if (!waiting) return null;
  const regime = skillOf(state, 0);
  const rug = skillOf(state, 1);
  const model = named(waiting.model);
  const base = named(waiting.base);
  const shown = regime.status === "learned" ? model : base;
  return {
    probabilities: { ...shown, rug: rug.status === "learned" ? model.rug : base.rug },
    model,
    base,
    regime,
    rug,
    samples: state.samples,
  };
}

/** What agents may go by: the probabilities of the newest slot, once the regime model has earned them; else null. */
export function earnedProbabilities(state: PosteriorState, height: number): Probabilities | null {
  const read = readPosterior(state, height);
  return read?.regime.status === "learned" ? read.probabilities : null;
}

function named([trend, revert, chop, rug]: readonly number[]): Probabilities {
  return { trend: trend!, revert: revert!, chop: chop!, rug: rug! };
}

/** Means over the whole batches of the window; the interval treats batches as independent. */
function skillOf(state: PosteriorState, head: 0 | 1): Skill {
  const whole = state.batches.filter(({ n }) => n === BATCH_SCORES).slice(-BATCHES_MAX);
  const samples = whole.length * BATCH_SCORES;
  if (whole.length < 2) {
    return {
      status: "prior",
      samples,
      logLoss: null,
      baseLogLoss: null,
      gain: null,
      gainLow: null,
      gainHigh: null,
      brier: null,
      baseBrier: null,
    };
  }
  const mean = (pick: (batch: Batch) => number[]) =>
    whole.reduce((sum, batch) => sum + pick(batch)[head]!, 0) / samples;
  const gain = mean((batch) => batch.gain);
  const spread = whole.reduce((sum, batch) => sum + (batch.gain[head]! / BATCH_SCORES - gain) ** 2, 0);
  const error = T_QUANTILE * Math.sqrt(spread / (whole.length - 1) / whole.length);
  return {
    status: whole.length >= BATCHES_MIN && gain - error > 0 ? "learned" : "prior",
    samples,
    logLoss: mean((batch) => batch.modelLoss),
    baseLogLoss: mean((batch) => batch.baseLoss),
    gain,
    gainLow: gain - error,
    gainHigh: gain + error,
    brier: mean((batch) => batch.modelBrier),
    baseBrier: mean((batch) => batch.baseBrier),
  };
}

/** The state with its version and a checksum, bound to the table of features that it was learned on. */
export function exportPosterior(state: PosteriorState, schemaHash: string): string {
  const body = encode(state);
  return JSON.stringify({ version: VERSION, schema: schemaHash, checksum: hashText(body), body });
}

/**
 * Reads an exported state.
 *
 * @throws {Error} `POSTERIOR_VERSION`, `POSTERIOR_SCHEMA` or `POSTERIOR_CHECKSUM`
 */
export function importPosterior(text: string, schemaHash: string): PosteriorState {
  let wrapped: { version?: unknown; schema?: unknown; checksum?: unknown; body?: unknown };
  try {
    wrapped = JSON.parse(text);
  } catch {
    throw new Error("POSTERIOR_CHECKSUM: the posterior is damaged");
  }
  if (wrapped?.version !== VERSION) throw new Error("POSTERIOR_VERSION: the posterior has another version");
  if (wrapped.schema !== schemaHash) {
    throw new Error("POSTERIOR_SCHEMA: the posterior was learned on other features");
  }
  if (typeof wrapped.body !== "string" || hashText(wrapped.body) !== wrapped.checksum) {
    throw new Error("POSTERIOR_CHECKSUM: the posterior is damaged");
  }
  return decode(wrapped.body) as PosteriorState;
}
