/**
 * Feeds the feature engine: collects what a slot brings, hands it over in one batch when the slot ends, and takes
 * slots back when their blocks are replaced.
 *
 * What was handed over is kept as far back as a reorganisation can reach, with a state of the engine before it. So the
 * engine itself is never part of the state: it is the newest kept state and the slots after it.
 */
import { blockAt } from "../chain.ts";
import { MARKET_IDS } from "../market.ts";
import { receiptsOffered } from "../market_health.ts";
import { Absent, absent, isKnown, type Known } from "../reason.ts";
import type { Receipt } from "../receipt.ts";
import type { CoreState } from "../state.ts";
import { BATCH_LENGTH, type FeatureEngine, WARM_SLOTS } from "./engine.ts";
import { type Feature, FEATURE_SCHEMA, FEATURES } from "./spec.ts";
import type { FeatureState } from "./state.ts";

/** Slots between two kept states of the engine. */
const CHECKPOINT_SLOTS = 16;

/** Receipts of blocks that lie further back than this tell nothing about now, and are not fed. */
const LATE_BLOCKS = 100;

/** One slot for the query tables, in the order of the table of features. */
export interface FeatureRow {
  readonly height: number;
  readonly timeMs: number;
  readonly schema: string;
  /** NaN where the feature is not available. */
  readonly raw: Float64Array;
  /** NaN where the feature is not available or not warm. */
  readonly z: Float32Array;
}

/** Notes receipts for the slot that comes. */
export function feedReceipts(features: FeatureState, receipts: readonly Receipt[]): void {
  for (const { market, height, kind, amount, provider } of receipts) {
    if (height < features.height - LATE_BLOCKS) continue;
    const work = kind === "work";
    features.open.push({ market, height, work, amount: work || provider !== null ? Number(amount) : null });
  }
}

/** Receipts of work that became known since the newest slot. */
export function openReceipts(features: FeatureState): number {
  return features.open.reduce((count, { work }) => count + Number(work), 0);
}

/** Ends the slot of a block whose price index is already extended. */
export function endSlot(state: CoreState, height: number): void {
  const { features, engine } = state;
  const events: number[] = [];
  for (const receipt of features.open) {
    for (const { index, market, ofReceipt } of OF_RECEIPTS) {
      const value = market === "all" || market === receipt.market ? ofReceipt(receipt) : null;
      if (value !== null) events.push(index, value);
    }
  }
  features.missing.clear();
  for (const feature of FEATURES) {
    const known = feature.atSlot ? sample(state, feature, height) : notOffered(state, feature);
    if (known instanceof Absent) features.missing.set(feature.index, known);
    else if (known !== null) events.push(feature.index, known);
  }
  handOver(engine, height, events);
  features.slots.push({ height, events, late: features.open.filter((receipt) => receipt.height < height) });
  features.open = [];
  features.height = height;
  keep(features, engine, state.options.finalityDepth);
}

/** Takes back the slots above a height; receipts of blocks that stay count in the slot that comes. */
export function revertSlots(features: FeatureState, engine: FeatureEngine, toHeight: number): void {
  const gone = features.slots.filter(({ height }) => height > toHeight);
  features.open = [...gone.flatMap(({ late }) => late), ...features.open]
    .filter(({ height }) => height <= toHeight);
  if (gone.length === 0) return;
  features.slots = features.slots.filter(({ height }) => height <= toHeight);
  features.checkpoints = features.checkpoints.filter(({ height }) => height <= toHeight);
  // Deeper than anything that is kept: nothing of it is true any more.
  if (features.checkpoints.length === 0) features.checkpoints.push({ height: -1, state: null });
  rebuild(features, engine);
}

/**
 * Brings an engine to where the feed is.
 *
 * @throws {Error} `FEATURE_STATE_…`, if a kept state is none of this engine's
 */
export function rebuild(features: FeatureState, engine: FeatureEngine): void {
  const { height, state } = features.checkpoints[features.checkpoints.length - 1]!;
  if (state) engine.importState(state);
  else engine.reset();
  for (const slot of features.slots) if (slot.height > height) handOver(engine, slot.height, slot.events);
  features.height = features.slots[features.slots.length - 1]?.height ?? height;
}

/** Why a feature cannot be had from this node, or null; a value that is only missing just now can. */
export function unavailable({ missing }: FeatureState, { index }: Feature): Absent | null {
  const why = missing.get(index);
  return why && NOT_HERE.has(why.code) ? why : null;
}

/** The newest slot for the query tables. */
export function featureRow({ features, engine }: CoreState, timeMs: number): FeatureRow {
  const raw = new Float64Array(FEATURES.length).fill(NaN);
  const z = new Float32Array(FEATURES.length).fill(NaN);
  const output = engine.output();
  for (const [at, feature] of FEATURES.entries()) {
    const { seen } = engine.stats(feature.index);
    if (seen === 0 || unavailable(features, feature)) continue;
    raw[at] = engine.raw(feature.index);
    if (seen >= WARM_SLOTS) z[at] = output[feature.index]!;
  }
  return { height: features.height, timeMs, schema: FEATURE_SCHEMA, raw, z };
}

/** Reasons that lie with the node or the configuration. */
const NOT_HERE: ReadonlySet<string> = new Set(["NOT_OFFERED", "DISABLED", "AUTH", "NO_ACCOUNT", "NODE_DOWN"]);

type ReceiptFeature = Feature & Required<Pick<Feature, "ofReceipt">>;

const OF_RECEIPTS = FEATURES.filter((feature): feature is ReceiptFeature => feature.ofReceipt !== undefined);

function sample(state: CoreState, { atSlot, polls }: Feature, height: number): Known<number> {
  const value = atSlot!(state);
  if (!polls || !isKnown(value)) return value;
  if (blockAt(state.chain, height)?.catchUp !== false) {
    return absent("WARMING_UP", "sampled with live blocks only, and this one was fetched later");
  }
  const current = polls.some((key) => {
    const slice = state.slices[key];
    return slice !== undefined && isKnown(slice.value) && state.nowMs <= slice.asOfMs + slice.ttlMs;
  });
  return current ? value : absent("NO_SAMPLES", "the node's last answer has expired");
}

/** Why the node gives no receipts of what the feature is about, or null. */
function notOffered(state: CoreState, { market }: Feature): Absent | null {
  if (market !== "all") return receiptsOffered(state, market);
  const reasons = MARKET_IDS.map((id) => receiptsOffered(state, id));
  return reasons.includes(null) ? null : reasons[0]!;
}

function handOver(engine: FeatureEngine, slot: number, events: readonly number[]): void {
  for (let at = 0; at < events.length;) {
    const { index, value } = engine.batch();
    let length = 0;
    for (; length < BATCH_LENGTH && at < events.length; at += 2, length++) {
      index[length] = events[at]!;
      value[length] = events[at + 1]!;
    }
    engine.pushBatch(length);
  }
  engine.onSlotEnd(slot);
}

/** Keeps a state now and then, and forgets what no reorganisation of `depth` blocks can reach. */
function keep(features: FeatureState, engine: FeatureEngine, depth: number): void {
  const { checkpoints, slots, height } = features;
  const since = slots.filter((slot) => slot.height > checkpoints[checkpoints.length - 1]!.height).length;
  if (since < CHECKPOINT_SLOTS) return;
  checkpoints.push({ height, state: engine.exportState() });
  while (checkpoints.length > 1 && checkpoints[1]!.height <= height - depth) checkpoints.shift();
  features.slots = slots.filter((slot) => slot.height > checkpoints[0]!.height);
}
