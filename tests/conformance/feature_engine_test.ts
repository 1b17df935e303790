/** What a feature engine promises, for each implementation; docs/FEATURES.md has the formula. */
// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  type Aggregation,
  aggregationCodes,
  AGGREGATIONS,
  BATCH_LENGTH,
  FEATURE_COUNT,
  type FeatureEngine,
  OUTPUT_LENGTH,
  STATE_BYTES,
  TypeScriptFeatureEngine,
  VALUE_LIMIT,
  WARM_SLOTS,
} from "../../src/engine/features/engine.ts";
import { WasmFeatureEngine } from "../../src/engine/features/wasm.ts";
import { Random } from "../../src/engine/random.ts";
import { PlainFeatureEngine } from "../support/plain_features.ts";

/** As much of an engine as the vectors need. */
type Probe = Pick<FeatureEngine, "pushEvent" | "onSlotEnd" | "raw" | "stats" | "slot" | "free">;

type EngineClass<T = FeatureEngine> = new (modes: Uint8Array) => T;

const ENGINES: readonly (readonly [string, EngineClass])[] = [
  ["TypeScriptFeatureEngine", TypeScriptFeatureEngine],
  ["WasmFeatureEngine", WasmFeatureEngine],
];

const PROBES: readonly (readonly [string, EngineClass<Probe>])[] = [
  ...ENGINES,
  ["PlainFeatureEngine", PlainFeatureEngine],
];

/** An engine whose features take the last event, but for those that are named. */
function engineWith<T>(Engine: EngineClass<T>, aggregations: Readonly<Record<number, Aggregation>> = {}): T {
  return new Engine(
    aggregationCodes(Array.from({ length: FEATURE_COUNT }, (_, i) => aggregations[i] ?? "last")),
  );
}

/** Raw values that are not 0, by place. */
function rawValues(engine: Probe): Record<number, number> {
  const values: Record<number, number> = {};
  for (let place = 0; place < OUTPUT_LENGTH; place++) {
    if (engine.raw(place) !== 0) values[place] = engine.raw(place);
  }
  return values;
}

interface Expected {
  readonly x: number;
  readonly mean: number;
  readonly variance: number;
  readonly z: number;
}

function expectedScores(): readonly Expected[] {
  const path = new URL("../fixtures/features/z_scores.txt", import.meta.url);
  return Deno.readTextFileSync(path).trim().split("\n").slice(1).map((line) => {
    const [x, mean, variance, z] = line.split(" ").map(Number);
    return { x: x!, mean: mean!, variance: variance!, z: z! };
  });
}

function assertClose(actual: number, expected: number, what: string): void {
  const error = Math.abs(actual - expected) / Math.max(1e-300, Math.abs(expected));
  assert(error < 1e-12, `${what}: ${actual} instead of ${expected}`);
}

for (const [name, Engine] of PROBES) {
  Deno.test(`${name} aggregates a slot into the raw values of vectors F1 and F3`, () => {
    const engine = engineWith(Engine, { 0: "sum", 1: "sum", 64: "sum", 65: "count", 66: "sum" });
    engine.pushEvent(0, 10);
    engine.pushEvent(1, -0.1);
    for (const amount of [5, -2]) {
      engine.pushEvent(64, amount);
      engine.pushEvent(65, 1);
    }
    engine.pushEvent(66, 250);
    engine.onSlotEnd(1);
    assertEquals(rawValues(engine), { 0: 10, 1: -0.1, 64: 3, 65: 2, 66: 250 }, "F1");
    engine.pushEvent(64, 3);
    engine.pushEvent(65, 1);
    engine.pushEvent(66, 50);
    engine.onSlotEnd(2);
    assertEquals(rawValues(engine), {
      ...{ 64: 3, 65: 1, 66: 50 },
      ...{ 256: 10, 257: -0.1, 320: 3, 321: 2, 322: 250 },
    }, "F3");
    engine.onSlotEnd(3);
    assertEquals(rawValues(engine), {
      ...{ 320: 3, 321: 1, 322: 50 },
      ...{ 512: 10, 513: -0.1, 576: 3, 577: 2, 578: 250 },
    }, "F3, an empty slot later");
    engine.onSlotEnd(4);
    assertEquals(rawValues(engine), { 576: 3, 577: 1, 578: 50 }, "F3, two empty slots later");
    assertEquals(engine.slot, 4);
    engine.free();
  });

  Deno.test(`${name} advances its statistics as vector F2 with one event a slot`, () => {
    const engine = engineWith(Engine);
    const events: Readonly<Record<number, readonly number[]>> = {
      0: [10],
      1: [-0.1],
      64: [5, -2],
      65: [1, 1],
      66: [0, 250],
    };
    for (const slot of [0, 1]) {
      for (const [index, values] of Object.entries(events)) {
        if (values[slot] !== undefined) engine.pushEvent(Number(index), values[slot]);
      }
      engine.onSlotEnd(slot);
    }
    const expected: Readonly<Record<number, readonly [mean: number, variance: number]>> = {
      0: [0.05, 0.4975],
      1: [-0.0005, 4.975e-5],
      64: [0.014875, 0.144153734375],
      65: [0.009975, 0.009875499375],
      66: [1.25, 310.9375],
    };
    for (const [index, [mean, variance]] of Object.entries(expected)) {
      const stats = engine.stats(Number(index));
      assertClose(stats.mean, mean, `mean of ${index}`);
      assertClose(stats.variance, variance, `variance of ${index}`);
      assertEquals(stats.seen, events[Number(index)]!.length);
    }
    engine.free();
  });

  Deno.test(`${name} gives the z-scores that 60-digit arithmetic gives, over 160 slots`, () => {
    const engine = engineWith(Engine);
    for (const [slot, { x, mean, variance, z }] of expectedScores().entries()) {
      engine.pushEvent(7, x);
      const output = engine.onSlotEnd(slot);
      assertClose(engine.stats(7).mean, mean, `mean of slot ${slot}`);
      assertClose(engine.stats(7).variance, variance, `variance of slot ${slot}`);
      assertEquals(output[7], slot + 1 < WARM_SLOTS ? 0 : Math.fround(z), `z of slot ${slot}`);
    }
    engine.free();
  });
}

for (const [name, Engine] of ENGINES) {
  Deno.test(`${name} refuses and counts what it cannot use, and keeps everything else`, () => {
    const engine = engineWith(Engine, { 3: "sum", 5: "sum" });
    engine.pushEvent(3, 1);
    for (const value of [NaN, Infinity, -Infinity]) engine.pushEvent(3, value);
    for (const value of [1e308, -VALUE_LIMIT * 1.0000001]) engine.pushEvent(3, value);
    for (const index of [-1, FEATURE_COUNT, 2 ** 32, 2 ** 32 + 3, 1.5, NaN, Infinity]) {
      engine.pushEvent(index, 1);
    }
    for (let i = 0; i < 3; i++) engine.pushEvent(5, VALUE_LIMIT);
    engine.pushEvent(6, Number.MIN_VALUE);
    engine.onSlotEnd(0);
    assertEquals(engine.counters(), { notFinite: 3, outOfRange: 2, badIndex: 7, clamped: 1 });
    assertEquals([engine.raw(3), engine.raw(5), engine.raw(6)], [1, VALUE_LIMIT, Number.MIN_VALUE]);
    assertEquals([engine.raw(-1), engine.raw(OUTPUT_LENGTH)], [NaN, NaN]);
    engine.free();
  });

  Deno.test(`${name} lets a gauge without a sample rest and shows no z-score before its ${WARM_SLOTS}nd slot`, () => {
    const engine = engineWith(Engine);
    for (let slot = 0; slot < WARM_SLOTS - 1; slot++) {
      engine.pushEvent(9, slot % 5);
      assertEquals(engine.onSlotEnd(slot)[9], 0);
    }
    const before = engine.stats(9);
    for (let slot = 0; slot < 50; slot++) assertEquals(engine.onSlotEnd(slot)[9], 0, "resting does not warm");
    assertEquals(engine.stats(9), before);
    assertEquals(engine.raw(9), (WARM_SLOTS - 2) % 5);
    engine.pushEvent(9, 4);
    assert(engine.onSlotEnd(0)[9]! > 0);
    engine.free();
  });

  Deno.test(`${name}.pushBatch() is many pushEvent(), up to ${BATCH_LENGTH}`, () => {
    const random = new Random("feature-batch");
    const [batched, single] = [engineWith(Engine, { 1: "sum" }), engineWith(Engine, { 1: "sum" })];
    for (let slot = 0; slot < 20; slot++) {
      const length = random.integer(0, BATCH_LENGTH);
      const { index, value } = batched.batch();
      for (let i = 0; i < length; i++) {
        index[i] = random.integer(-1, FEATURE_COUNT);
        value[i] = random.chance(0.01) ? NaN : random.normal();
        single.pushEvent(index[i]!, value[i]!);
      }
      batched.pushBatch(length);
      assertEquals(batched.onSlotEnd(slot), single.onSlotEnd(slot));
    }
    assertEquals(batched.exportState(), single.exportState());
    batched.free();
    single.free();
  });

  Deno.test(`${name} keeps its views and its numbers when others are made beside it`, () => {
    const first = engineWith(Engine);
    for (let slot = 0; slot < WARM_SLOTS; slot++) {
      first.pushEvent(0, slot);
      first.onSlotEnd(slot);
    }
    const z = first.output()[0]!;
    assert(z > 1);
    // Enough of them for the module to ask for more memory.
    const others = Array.from({ length: 64 }, () => engineWith(Engine));
    for (const [i, other] of others.entries()) {
      other.pushEvent(0, i);
      other.onSlotEnd(0);
    }
    assertEquals(first.output()[0], z);
    const { index, value } = first.batch();
    [index[0], value[0]] = [0, WARM_SLOTS];
    first.pushBatch(1);
    assertEquals(first.onSlotEnd(WARM_SLOTS)[0], first.output()[0]);
    assertEquals(first.raw(0), WARM_SLOTS);
    for (const [i, other] of others.entries()) assertEquals(other.raw(0), i);
    for (const engine of [first, ...others]) engine.free();
  });

  Deno.test(`${name} refuses aggregations that are not 256 known ones`, () => {
    for (const modes of [new Uint8Array(0), new Uint8Array(255), new Uint8Array(257)]) {
      assertThrows(() => new Engine(modes), Error, "FEATURE_MODES");
    }
    assertThrows(() => new Engine(new Uint8Array(256).fill(5)), Error, "FEATURE_MODES");
  });

  Deno.test(`${name}.importState() continues bit for bit what exportState() left, in either engine`, () => {
    for (const [other, Other] of ENGINES) {
      const random = new Random("feature-state", other);
      const engine = new Engine(modesOf(random));
      feed(engine, random, 100);
      // In the middle of a slot, so that what is open comes along.
      engine.pushEvent(3, 12);
      const copy = new Other(engine.exportState().slice(8, 8 + FEATURE_COUNT));
      copy.importState(engine.exportState());
      const more = (target: FeatureEngine) => feed(target, new Random("feature-more"), 100);
      more(engine);
      more(copy);
      assertEquals(copy.exportState(), engine.exportState(), other);
      assertEquals(copy.output(), engine.output(), other);
      engine.reset();
      assertEquals(engine.slot, -1);
      assertEquals(rawValues(engine), {});
      engine.free();
      copy.free();
    }
  });

  Deno.test(`${name}.importState() refuses 1,000 mutations with a named error and stays as it was`, () => {
    const random = new Random("feature-mutations");
    const engine = new Engine(modesOf(random));
    feed(engine, random, 50);
    const state = engine.exportState();
    assertEquals(state.length, STATE_BYTES);
    const named = new Map<string, number>();
    for (let i = 0; i < 1_000; i++) {
      const mutated = mutate(state, random);
      const error = assertThrows(() => engine.importState(mutated), Error);
      const code = /^FEATURE_STATE_[A-Z]+/.exec(error.message)?.[0];
      assert(code, `mutation ${i}: ${error.message}`);
      named.set(code, (named.get(code) ?? 0) + 1);
    }
    assertEquals(engine.exportState(), state);
    assertEquals([...named.keys()].sort(), [
      "FEATURE_STATE_CHECKSUM",
      "FEATURE_STATE_LENGTH",
      "FEATURE_STATE_MAGIC",
      "FEATURE_STATE_VERSION",
    ]);
    engine.free();
  });

  Deno.test(`${name}.importState() refuses a state that is whole and cannot be true`, () => {
    const engine = engineWith(Engine);
    const state = engine.exportState();
    const meanAt = 8 + FEATURE_COUNT + 8 + 16 + 3 * 8 * FEATURE_COUNT;
    const varianceAt = meanAt + 8 * FEATURE_COUNT;
    for (
      const [at, value] of [[meanAt, NaN], [meanAt, 1e300], [varianceAt, -1], [varianceAt, NaN]] as const
    ) {
      const wrong = state.slice();
      new DataView(wrong.buffer).setFloat64(at, value, true);
      assertThrows(() => engine.importState(withChecksum(wrong)), Error, "FEATURE_STATE_VALUE");
    }
    const other = engineWith(Engine, { 200: "sum" });
    assertThrows(() => other.importState(state), Error, "FEATURE_STATE_MODES");
    engine.free();
    other.free();
  });
}

Deno.test("three feature engines agree bit for bit over 1,000,000 random events", () => {
  for (const seed of [1, 2, 3, 4]) {
    const random = new Random("feature-engines", seed);
    const modes = modesOf(random);
    const plain = new PlainFeatureEngine(modes);
    const engines = ENGINES.map(([, Engine]) => new Engine(modes));
    let slot = 0;
    for (let pushed = 0; pushed < 250_000;) {
      const events = random.integer(0, 600);
      for (let i = 0; i < events; i++, pushed++) {
        const index = randomIndex(random);
        const value = randomValue(random);
        plain.pushEvent(index, value);
        for (const engine of engines) engine.pushEvent(index, value);
      }
      const expected = plain.onSlotEnd(slot);
      for (const engine of engines) assertSame(engine, plain, slot, expected, seed);
      slot++;
    }
    for (const engine of engines) assertEquals(engine.counters(), plain.counters(), `seed ${seed}`);
    assertEquals(engines[0]!.exportState(), engines[1]!.exportState(), `seed ${seed}`);
    for (const engine of engines) engine.free();
  }
});

/** Compares everything that can be asked, as bits: 0 and −0 are not the same. */
function assertSame(engine: FeatureEngine, plain: Probe, slot: number, z: Float32Array, seed: number): void {
  const bits = (view: Float32Array) => new Uint32Array(view.buffer, view.byteOffset, view.length);
  const actual = bits(engine.onSlotEnd(slot));
  const expected = bits(z);
  const where = () => `${engine.kind}, slot ${slot}, seed ${seed}`;
  for (let i = 0; i < OUTPUT_LENGTH; i++) assert(actual[i] === expected[i], `place ${i}: ${where()}`);
  for (let i = 0; i < FEATURE_COUNT; i++) {
    const { mean, variance, seen } = plain.stats(i);
    const stats = engine.stats(i);
    assert(
      Object.is(engine.raw(i), plain.raw(i)) && Object.is(stats.mean, mean) &&
        Object.is(stats.variance, variance) &&
        stats.seen === seen,
      `feature ${i}: ${where()}`,
    );
  }
}

function modesOf(random: Random): Uint8Array {
  return Uint8Array.from({ length: FEATURE_COUNT }, () => random.integer(0, AGGREGATIONS.delta));
}

function feed(engine: FeatureEngine, random: Random, slots: number): void {
  for (let slot = 0; slot < slots; slot++) {
    for (let i = random.integer(0, 400); i > 0; i--) {
      engine.pushEvent(randomIndex(random), randomValue(random));
    }
    engine.onSlotEnd(slot);
  }
}

function randomIndex(random: Random): number {
  return random.chance(0.02)
    ? random.pick([-1, FEATURE_COUNT - 1, FEATURE_COUNT, 1e9, 0.5, -0, NaN])
    : random.integer(0, FEATURE_COUNT - 1);
}

const ODD_VALUES = [
  NaN,
  Infinity,
  -Infinity,
  1e308,
  -1e308,
  VALUE_LIMIT,
  -VALUE_LIMIT,
  Number.MIN_VALUE,
  -Number.MIN_VALUE,
  1e-310,
  2 ** -149,
  0,
  -0,
];

function randomValue(random: Random): number {
  if (random.chance(0.05)) return random.pick(ODD_VALUES);
  return random.normal() * 10 ** random.integer(-12, 12);
}

/** A state with a bit turned, a byte set, an end cut off, something put behind, or two parts swapped. */
function mutate(state: Uint8Array, random: Random): Uint8Array {
  const mutated = state.slice();
  switch (random.integer(0, 5)) {
    case 0:
      mutated[random.integer(0, 7)]! ^= 1 << random.integer(0, 7); // Magic or version.
      return mutated;
    case 1:
      return mutated.slice(0, random.integer(0, state.length - 1));
    case 2: {
      const longer = new Uint8Array(state.length + random.integer(1, 64));
      longer.set(state);
      return longer;
    }
    case 3: {
      const at = random.integer(8, state.length - 1);
      mutated[at] = (mutated[at]! + random.integer(1, 255)) % 256;
      return mutated;
    }
    default:
      mutated[random.integer(8, state.length - 1)]! ^= 1 << random.integer(0, 7);
      return mutated;
  }
}

/** Puts the checksum right again: CRC-32, bit by bit. */
function withChecksum(state: Uint8Array): Uint8Array {
  let crc = 0xffff_ffff;
  for (const byte of state.subarray(0, -4)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb8_8320 : crc >>> 1;
  }
  new DataView(state.buffer).setUint32(state.length - 4, ~crc >>> 0, true);
  return state;
}
