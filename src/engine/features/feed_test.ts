// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  blockEvents,
  coreWith,
  gateNamed,
  governorWith,
  headerAt,
  LEFT_OUT,
  marketAnswer,
  observed,
  receiptAt,
  schedulerAnswer,
  T0,
  unavailable,
} from "../../../tests/support/engine.ts";
import { Core } from "../core.ts";
import type { EngineEvent } from "../event.ts";
import { MARKET_IDS, perMarket } from "../market.ts";
import { Random } from "../random.ts";
import type { Receipt } from "../receipt.ts";
import { BATCH_LENGTH, type FeatureEngine, TypeScriptFeatureEngine, WARM_SLOTS } from "./engine.ts";
import { unavailable as unavailableOf } from "./feed.ts";
import { FEATURE_MODES, FEATURES } from "./spec.ts";
import { WasmFeatureEngine } from "./wasm.ts";

const DEPTH = 8;

/** A node of which everything is offered. */
const NODE: EngineEvent = {
  kind: "node",
  atMs: T0,
  dialect: "readme",
  simulated: null,
  capabilities: [{
    id: "receipts",
    question: "",
    status: "offered",
    dialect: "readme",
    methods: [],
    detail: null,
  }],
};

function featureNamed(name: string) {
  const feature = FEATURES.find((one) => one.name === name);
  assert(feature, `there is no feature ${name}`);
  return feature;
}

function rawOf(core: Core, name: string): number {
  return core.state.engine.raw(featureNamed(name).index);
}

function seenOf(core: Core, name: string): number {
  return core.state.engine.stats(featureNamed(name).index).seen;
}

/** A block a second with receipts whose prices and providers vary. */
function randomBlock(random: Random, height: number): readonly EngineEvent[] {
  const receipts = Array.from({ length: random.integer(0, 6) }, (_, index): Receipt =>
    receiptAt(height, {
      id: `${height}-${index}-${random.uint32()}`,
      index,
      market: random.pick(MARKET_IDS),
      amount: BigInt(random.integer(1, 1_000_000)),
      units: BigInt(random.integer(1, 1_000)),
      provider: `p${random.integer(0, 5)}`,
      verified: random.pick([true, false, null]),
    }));
  const hash = `${height}-${random.uint32()}`;
  const atMs = T0 + 1_000 * height;
  return blockEvents(headerAt(height, { hash, timestampMs: atMs }), atMs, receipts);
}

/** Random blocks with reorganisations of at most {@link DEPTH} blocks, and what is canonical in the end. */
function randomChain(seed: number, blocks: number) {
  const random = new Random("feature-feed", seed);
  const canonical = new Map<number, readonly EngineEvent[]>();
  const all: EngineEvent[] = [];
  let highest = -1;
  for (let height = 0; height < blocks; height++) {
    canonical.set(height, randomBlock(random, height));
    all.push(...canonical.get(height)!);
    highest = Math.max(highest, height);
    if (!random.chance(0.08) || highest < DEPTH || height <= highest - DEPTH) continue;
    const toHeight = random.integer(highest - DEPTH, height - 1);
    all.push({ kind: "reorg", atMs: T0 + 1_000 * height, toHeight });
    height = toHeight;
  }
  return { all, canonical: [...canonical.values()].flat() };
}

function newCore(engine?: FeatureEngine): Core {
  const options = { finalityDepth: DEPTH, enabled: perMarket(() => true) };
  return new Core(engine ? { ...options, engine } : options);
}

Deno.test("features, price index and posterior after reorganisations are those of a run that saw none", () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const { all, canonical } = randomChain(seed, 400);
    const [mixed, straight] = [newCore(), newCore()];
    for (const event of all) mixed.apply(event);
    for (const event of canonical) straight.apply(event);
    assert(mixed.state.chain.reorgCount > 5, `seed ${seed}`);
    assertEquals(mixed.state.index, straight.state.index, `seed ${seed}`);
    const vectors = [mixed, straight].map(({ state }) => state.engine.output().slice());
    for (const { index, name } of FEATURES) {
      if (name === "reorgs") continue; // Counts what only one of them has seen.
      const where = `${name}, seed ${seed}`;
      assertEquals(mixed.state.engine.stats(index), straight.state.engine.stats(index), where);
      for (const lag of [0, 256, 512]) {
        assertEquals(vectors[0]![index + lag], vectors[1]![index + lag], where);
      }
    }
    assertEquals(mixed.state.posterior, straight.state.posterior, `seed ${seed}`);
    const warm = FEATURES.filter(({ index }) => straight.state.engine.stats(index).seen >= WARM_SLOTS);
    assert(warm.length > 35, `${warm.length} features are warm`);
  }
});

Deno.test("Core.restore() and the events after it give the live vector bit for bit, in either engine", () => {
  const { all } = randomChain(6, 300);
  const random = new Random("feature-restore");
  for (
    const [Live, Again] of [
      [WasmFeatureEngine, TypeScriptFeatureEngine],
      [TypeScriptFeatureEngine, WasmFeatureEngine],
    ] as const
  ) {
    const at = new Set(Array.from({ length: 8 }, () => random.integer(0, all.length - 1)));
    const live = newCore(new Live(FEATURE_MODES));
    const others: Core[] = [];
    for (const [i, event] of all.entries()) {
      for (const core of [live, ...others]) core.apply(event);
      if (!at.has(i)) continue;
      const other = newCore(new Again(FEATURE_MODES));
      assertEquals(other.restore(live.encode()), []);
      others.push(other);
    }
    for (const other of others) {
      assertEquals(other.hash(), live.hash());
      assertEquals(other.state.engine.exportState(), live.state.engine.exportState());
    }
  }
});

Deno.test("Core.restore() begins features or posterior anew, and says why, when they are not of this version", () => {
  const { all } = randomChain(7, 80);
  const core = newCore();
  for (const event of all) core.apply(event);
  const text = core.encode();
  const restored = (changed: string) => {
    const other = newCore();
    const refused = other.restore(changed);
    return { other, refused };
  };
  const schema = restored(text.replace(/"featureSchema":"\w+"/, '"featureSchema":"0"'));
  assertStringIncludes(schema.refused[0]!, "FEATURE_STATE_SCHEMA");
  assertEquals([schema.other.state.features.height, schema.other.state.engine.slot], [-1, -1]);
  assertEquals(schema.other.state.posterior, core.state.posterior);
  assert(core.state.features.checkpoints.length > 1);
  const state = restored(text.replace(/("height":\d+,"state":\{"\$b":"\w{40})./, "$1_").replace("_", "A"));
  assertStringIncludes(state.refused.join() || "FEATURE_STATE", "FEATURE_STATE");
  const posterior = restored(text.replace('"posterior":"{', '"posterior":"['));
  assertStringIncludes(posterior.refused[0]!, "POSTERIOR_CHECKSUM");
  assertEquals(posterior.other.state.posterior.samples, 0);
  assertEquals(posterior.other.state.engine.exportState(), core.state.engine.exportState());
  for (const { other } of [schema, posterior]) {
    for (const event of blockEvents(headerAt(80), T0)) other.apply(event);
  }
});

Deno.test("what is kept of the slots does not grow", () => {
  const core = coreWith([NODE], { finalityDepth: DEPTH });
  const random = new Random("feature-kept");
  for (let height = 0; height < 600; height++) {
    for (const event of randomBlock(random, height)) core.apply(event);
  }
  const { checkpoints, slots, open, missing } = core.state.features;
  assert(slots.length <= DEPTH + 32, `${slots.length} slots`);
  assert(checkpoints.length <= 3, `${checkpoints.length} states`);
  assertEquals(open, []);
  assert(missing.size < FEATURES.length);
});

Deno.test("a receipt counts in the slot in which it becomes known, and a reorganisation keeps that of a block that stays", () => {
  const core = coreWith([NODE], { finalityDepth: DEPTH });
  for (let height = 0; height <= 10; height++) {
    for (const event of blockEvents(headerAt(height), T0)) core.apply(event);
  }
  const late = receiptAt(9, { id: "late" });
  core.apply({ kind: "receipts", atMs: T0, receipts: [late], through: null });
  assertEquals(rawOf(core, "operation_volume"), 0);
  for (const event of blockEvents(headerAt(11), T0, [receiptAt(11)])) core.apply(event);
  assertEquals([rawOf(core, "operation_volume"), rawOf(core, "spend.compute")], [2, 2_000]);
  core.apply({ kind: "reorg", atMs: T0, toHeight: 10 });
  for (const event of blockEvents(headerAt(11, { hash: "other" }), T0)) core.apply(event);
  assertEquals([rawOf(core, "operation_volume"), rawOf(core, "spend.compute")], [1, 1_000]);
  core.apply({ kind: "reorg", atMs: T0, toHeight: 8 });
  for (const event of blockEvents(headerAt(9, { hash: "another" }), T0)) core.apply(event);
  assertEquals(rawOf(core, "operation_volume"), 0, "the block of the late receipt is gone");
});

Deno.test("receipts from long ago, and the paying side of a movement, are not fed", () => {
  const core = coreWith([NODE]);
  for (let height = 0; height <= 150; height++) {
    for (const event of blockEvents(headerAt(height), T0)) core.apply(event);
  }
  const receipts = [
    receiptAt(5, { id: "old" }),
    receiptAt(150, { id: "paid", kind: "movement", provider: null }),
    receiptAt(150, { id: "earned", kind: "movement", amount: 7n }),
  ];
  core.apply({ kind: "receipts", atMs: T0, receipts, through: null });
  for (const event of blockEvents(headerAt(151), T0)) core.apply(event);
  assertEquals([rawOf(core, "operation_volume"), rawOf(core, "spend.compute")], [0, 7]);
});

Deno.test("a slot may bring more events than one batch holds", () => {
  const core = coreWith([NODE]);
  const receipts = Array.from(
    { length: BATCH_LENGTH },
    (_, index) => receiptAt(0, { id: `r${index}`, index }),
  );
  for (const event of blockEvents(headerAt(0), T0, receipts)) core.apply(event);
  assertEquals([rawOf(core, "operation_volume"), rawOf(core, "volume.compute")], [
    BATCH_LENGTH,
    BATCH_LENGTH,
  ]);
});

Deno.test("what is polled is sampled for live blocks while the answer is current, and rests otherwise", () => {
  const core = coreWith([NODE, observed("scheduler", schedulerAnswer({ queueDepth: 5 }))]);
  const block = (height: number, atMs: number, catchUp: boolean) => {
    for (const event of blockEvents(headerAt(height), atMs, [], catchUp)) core.apply(event);
  };
  block(0, T0, true);
  assertEquals(seenOf(core, "queue_depth"), 0, "fetched later");
  assertEquals(core.state.features.missing.get(featureNamed("queue_depth").index)?.code, "WARMING_UP");
  block(1, T0 + 5_000, false);
  assertEquals([seenOf(core, "queue_depth"), rawOf(core, "queue_depth")], [1, 5]);
  block(2, T0 + 11_000, false);
  assertEquals([seenOf(core, "queue_depth"), rawOf(core, "queue_depth")], [1, 5], "expired");
  assertEquals(core.state.features.missing.get(featureNamed("queue_depth").index)?.code, "NO_SAMPLES");
  core.apply(observed("scheduler", schedulerAnswer({ queueDepth: 9 }), T0 + 12_000));
  block(3, T0 + 12_000, false);
  assertEquals([seenOf(core, "queue_depth"), rawOf(core, "queue_depth")], [2, 9]);
});

Deno.test("a feature is unavailable where the node or the configuration gives it no source", () => {
  const enabled = { ...perMarket(() => true), energy: false };
  const core = coreWith([NODE, unavailable("mempool")], { enabled });
  core.apply(observed("governor", governorWith([gateNamed("compute", "trade")])));
  core.apply(observed("compute", marketAnswer({ utilizationPpm: 620_000, providerMarginPpm: LEFT_OUT })));
  for (const event of blockEvents(headerAt(0), T0)) core.apply(event);
  const gone = (name: string) => unavailableOf(core.state.features, featureNamed(name))?.code ?? null;
  assertEquals(gone("mempool_size"), "NOT_OFFERED");
  assertEquals(gone("utilization.energy"), "DISABLED");
  assertEquals(gone("volume.energy"), "DISABLED");
  assertEquals([gone("utilization.compute"), gone("gate.compute"), gone("operation_volume")], [
    null,
    null,
    null,
  ]);
  assertEquals([rawOf(core, "utilization.compute"), rawOf(core, "gate.compute")], [62, 1]);
  assertEquals(gone("realized_volatility.compute"), null, "only not known yet");
  const row = core.takeChanges().find((change) => change.kind === "features")!.row;
  assertEquals(row.raw[FEATURES.indexOf(featureNamed("mempool_size"))], NaN);
  assertEquals(row.raw[FEATURES.indexOf(featureNamed("utilization.compute"))], 62);
  assert(row.z.every((z) => Number.isNaN(z)), "nothing is warm after one slot");
});
