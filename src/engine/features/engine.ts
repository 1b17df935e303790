/**
 * The feature engine: what it promises, and the implementation in TypeScript. A WebAssembly module made from Rust
 * (`rustcore/`) keeps the same promise bit for bit; this one is its oracle, and takes its place where the module
 * does not load.
 */

/** Number of features. */
export const FEATURE_COUNT = 256;

/** Slots in the output: now, one ago, two ago. */
export const LAG_COUNT = 3;

/** Length of the output vector. */
export const OUTPUT_LENGTH = FEATURE_COUNT * LAG_COUNT;

/** Weight of the past, per slot; half-life ≈ 138 slots. */
export const LAMBDA = 0.995;

/** Keeps the z-score finite while there is no variance. */
export const EPSILON = 1e-8;

/** Slots that a feature must have seen before its z-score is shown. */
export const WARM_SLOTS = 32;

/** Events that one batch can carry. */
export const BATCH_LENGTH = 4_096;

/** Largest magnitude that a value may have: the largest f32. */
export const VALUE_LIMIT = 3.4028234663852886e38;

/** How the events of a slot become one value; the numbers stand in the state. */
export const AGGREGATIONS = { last: 0, sum: 1, count: 2, mean: 3, delta: 4 } as const;

/** Name of an aggregation. */
export type Aggregation = keyof typeof AGGREGATIONS;

/** What was refused or changed since the engine began. */
export interface FeatureCounters {
  readonly notFinite: number;
  readonly outOfRange: number;
  readonly badIndex: number;
  readonly clamped: number;
}

/** Statistics of one feature. */
export interface FeatureStats {
  readonly mean: number;
  readonly variance: number;
  /** Slots that the statistics have advanced on. */
  readonly seen: number;
}

/** Input buffers that are shared with the engine: fill them, then push. */
export interface FeatureBatch {
  /** Length {@link BATCH_LENGTH}; a feature each. */
  readonly index: Int32Array;
  /** Length {@link BATCH_LENGTH}; a value each. */
  readonly value: Float64Array;
}

/**
 * Normalizes market features slot by slot with an exponentially weighted z-score.
 *
 * For each feature with raw slot value x and δ = x − m: m ← m + (1−λ)δ, v ← λ(v + (1−λ)δ²), z = (x − m)/√(v + ε), where
 * λ = 0.995 per slot and ε = 1e-8, in float64; only z is rounded to float32. The order of operations is part of the
 * contract. The update is the exponentially weighted form of Welford's method in T. Finch, "Incremental calculation of
 * weighted mean and variance" (2009), section 9.
 */
export interface FeatureEngine {
  /** `wasm` or `typescript`. */
  readonly kind: "wasm" | "typescript";
  /** Adds one event to the slot. A value or index that cannot be used is counted and changes nothing else. */
  pushEvent(index: number, value: number): void;
  /** The shared input buffers; taken anew for each batch, because the module's memory may have moved. */
  batch(): FeatureBatch;
  /** Adds the first `length` events of the buffers. */
  pushBatch(length: number): void;
  /**
   * Ends the slot.
   *
   * @returns A view of {@link OUTPUT_LENGTH} f32: z now | one slot ago | two slots ago, 0 while a feature is not warm.
   * It is overwritten by the next slot
   */
  onSlotEnd(slot: number): Float32Array;
  /** The output as it is. */
  output(): Float32Array;
  /** Raw value at a place of the output; NaN outside. */
  raw(place: number): number;
  stats(index: number): FeatureStats;
  counters(): FeatureCounters;
  /** Number of the last slot that ended; −1 before the first. */
  readonly slot: number;
  /** Forgets everything but the aggregations. */
  reset(): void;
  /** The whole state with a version and a checksum; both implementations write the same bytes. */
  exportState(): Uint8Array;
  /**
   * Takes over a state; on an error nothing changes.
   *
   * @throws {Error} Whose message begins with `FEATURE_STATE_…`
   */
  importState(state: Uint8Array): void;
  /** Frees what the garbage collector does not see. */
  free(): void;
}

const REST = 1 - LAMBDA;
const MAGIC = 0x4546_4242; // "BBFE", little-endian
const VERSION = 1;

/** Length of a state in bytes. */
export const STATE_BYTES = 8 + FEATURE_COUNT + 8 + 16 + 5 * 8 * FEATURE_COUNT + 2 * 4 * FEATURE_COUNT +
  8 * OUTPUT_LENGTH + 4 * OUTPUT_LENGTH + 4;

const U32_MAX = 0xffff_ffff;

/** Codes of a list of aggregations; features beyond it take the last event. */
export function aggregationCodes(aggregations: readonly Aggregation[]): Uint8Array {
  const codes = new Uint8Array(FEATURE_COUNT);
  for (const [i, aggregation] of aggregations.entries()) codes[i] = AGGREGATIONS[aggregation];
  return codes;
}

/** The engine in TypeScript. */
export class TypeScriptFeatureEngine implements FeatureEngine {
  readonly kind = "typescript";
  readonly #modes: Uint8Array;
  readonly #sum = new Float64Array(FEATURE_COUNT);
  readonly #last = new Float64Array(FEATURE_COUNT);
  readonly #count = new Uint32Array(FEATURE_COUNT);
  readonly #before = new Float64Array(FEATURE_COUNT);
  readonly #raw = new Float64Array(OUTPUT_LENGTH);
  readonly #mean = new Float64Array(FEATURE_COUNT);
  readonly #variance = new Float64Array(FEATURE_COUNT);
  readonly #seen = new Uint32Array(FEATURE_COUNT);
  readonly #output = new Float32Array(OUTPUT_LENGTH);
  readonly #batch: FeatureBatch = {
    index: new Int32Array(BATCH_LENGTH),
    value: new Float64Array(BATCH_LENGTH),
  };
  #notFinite = 0;
  #outOfRange = 0;
  #badIndex = 0;
  #clamped = 0;
  #slot = -1;

  /**
   * @param modes One aggregation code per feature
   * @throws {Error} `FEATURE_MODES` for anything else
   */
  constructor(modes: Uint8Array) {
    if (modes.length !== FEATURE_COUNT) throw new Error("FEATURE_MODES: there must be 256 aggregations");
    if (modes.some((code) => code > AGGREGATIONS.delta)) {
      throw new Error("FEATURE_MODES: unknown aggregation");
    }
    this.#modes = modes.slice();
  }

  get slot(): number {
    return this.#slot;
  }

  pushEvent(index: number, value: number): void {
    if (index >>> 0 !== index || index >= FEATURE_COUNT) this.#badIndex = bump(this.#badIndex);
    else if (!Number.isFinite(value)) this.#notFinite = bump(this.#notFinite);
    else if (Math.abs(value) > VALUE_LIMIT) this.#outOfRange = bump(this.#outOfRange);
    else {
      this.#sum[index]! += value;
      this.#last[index] = value;
      this.#count[index] = bump(this.#count[index]!);
    }
  }

  batch(): FeatureBatch {
    return this.#batch;
  }

  pushBatch(length: number): void {
    const { index, value } = this.#batch;
    const end = Math.min(length, BATCH_LENGTH);
    for (let k = 0; k < end; k++) this.pushEvent(index[k]!, value[k]!);
  }

  onSlotEnd(slot: number): Float32Array {
    this.#slot = slot;
    this.#raw.copyWithin(FEATURE_COUNT, 0, 2 * FEATURE_COUNT);
    this.#output.copyWithin(FEATURE_COUNT, 0, 2 * FEATURE_COUNT);
    for (let i = 0; i < FEATURE_COUNT; i++) {
      const advances = this.#aggregate(i);
      const x = this.#raw[i]!;
      if (advances) {
        this.#seen[i] = bump(this.#seen[i]!);
        const delta = x - this.#mean[i]!;
        this.#mean[i] = this.#mean[i]! + REST * delta;
        this.#variance[i] = LAMBDA * (this.#variance[i]! + REST * (delta * delta));
      }
      this.#output[i] = this.#seen[i]! >= WARM_SLOTS
        ? (x - this.#mean[i]!) / Math.sqrt(this.#variance[i]! + EPSILON)
        : 0;
      this.#sum[i] = 0;
      this.#count[i] = 0;
    }
    return this.#output;
  }

  output(): Float32Array {
    return this.#output;
  }

  raw(place: number): number {
    return this.#raw[place] ?? NaN;
  }

  stats(index: number): FeatureStats {
    return {
      mean: this.#mean[index] ?? NaN,
      variance: this.#variance[index] ?? NaN,
      seen: this.#seen[index] ?? 0,
    };
  }

  counters(): FeatureCounters {
    return {
      notFinite: this.#notFinite,
      outOfRange: this.#outOfRange,
      badIndex: this.#badIndex,
      clamped: this.#clamped,
    };
  }

  reset(): void {
    for (const array of [this.#sum, this.#last, this.#before, this.#raw, this.#mean, this.#variance]) {
      array.fill(0);
    }
    for (const array of [this.#count, this.#seen]) array.fill(0);
    this.#output.fill(0);
    this.#notFinite =
      this.#outOfRange =
      this.#badIndex =
      this.#clamped =
        0;
    this.#slot = -1;
  }

  exportState(): Uint8Array {
    const state = new Uint8Array(STATE_BYTES);
    const writer = new Cursor(state);
    writer.u32(MAGIC);
    writer.u32(VERSION);
    for (const code of this.#modes) writer.u8(code);
    writer.f64(this.#slot);
    for (const count of [this.#notFinite, this.#outOfRange, this.#badIndex, this.#clamped]) writer.u32(count);
    for (const array of this.#doubles()) for (const value of array) writer.f64(value);
    for (const array of [this.#count, this.#seen]) for (const value of array) writer.u32(value);
    for (const value of this.#raw) writer.f64(value);
    for (const value of this.#output) writer.f32(value);
    writer.u32(crc32(state.subarray(0, STATE_BYTES - 4)));
    return state;
  }

  importState(state: Uint8Array): void {
    const reader = new Cursor(checkedState(state));
    reader.at = 8;
    for (const code of this.#modes) {
      if (reader.readU8() !== code) {
        throw new Error("FEATURE_STATE_MODES: the state is of an engine with other aggregations");
      }
    }
    const next = new TypeScriptFeatureEngine(this.#modes);
    next.#slot = reader.readF64();
    next.#notFinite = reader.readU32();
    next.#outOfRange = reader.readU32();
    next.#badIndex = reader.readU32();
    next.#clamped = reader.readU32();
    for (const array of next.#doubles()) for (let i = 0; i < FEATURE_COUNT; i++) array[i] = reader.readF64();
    for (const array of [next.#count, next.#seen]) {
      for (let i = 0; i < FEATURE_COUNT; i++) array[i] = reader.readU32();
    }
    for (let i = 0; i < OUTPUT_LENGTH; i++) next.#raw[i] = reader.readF64();
    for (let i = 0; i < OUTPUT_LENGTH; i++) next.#output[i] = reader.readF32();
    if (!next.#isSane()) {
      throw new Error("FEATURE_STATE_VALUE: the state holds a value that no engine can have");
    }
    this.#takeOver(next);
  }

  free(): void {}

  #aggregate(i: number): boolean {
    const sampled = this.#count[i]! > 0;
    let value: number;
    switch (this.#modes[i]) {
      case AGGREGATIONS.last:
        if (!sampled) return false;
        value = this.#last[i]!;
        break;
      case AGGREGATIONS.mean:
        if (!sampled) return false;
        value = this.#sum[i]! / this.#count[i]!;
        break;
      case AGGREGATIONS.sum:
        value = this.#sum[i]!;
        break;
      case AGGREGATIONS.count:
        value = this.#count[i]!;
        break;
      default:
        value = this.#sum[i]! - this.#before[i]!;
        this.#before[i] = this.#sum[i]!;
    }
    if (!(Math.abs(value) <= VALUE_LIMIT)) {
      this.#clamped = bump(this.#clamped);
      // A sum of finite values can be infinite, and a difference of two such is no number at all.
      value = value > 0 ? VALUE_LIMIT : value < 0 ? -VALUE_LIMIT : 0;
    }
    this.#raw[i] = value;
    return true;
  }

  /** The float64 arrays in the order of the state. */
  #doubles(): readonly Float64Array[] {
    return [this.#sum, this.#last, this.#before, this.#mean, this.#variance];
  }

  #isSane(): boolean {
    return [this.#raw, this.#last, this.#mean].every((array) =>
      array.every((value) => Math.abs(value) <= VALUE_LIMIT)
    ) &&
      this.#variance.every((value) => value >= 0) &&
      [this.#sum, this.#before].every((array) => array.every((value) => !Number.isNaN(value))) &&
      this.#output.every((value) => Number.isFinite(value));
  }

  #takeOver(next: TypeScriptFeatureEngine): void {
    const theirs = next.#doubles();
    for (const [i, array] of this.#doubles().entries()) array.set(theirs[i]!);
    this.#count.set(next.#count);
    this.#seen.set(next.#seen);
    this.#raw.set(next.#raw);
    this.#output.set(next.#output);
    this.#notFinite = next.#notFinite;
    this.#outOfRange = next.#outOfRange;
    this.#badIndex = next.#badIndex;
    this.#clamped = next.#clamped;
    this.#slot = next.#slot;
  }
}

/** Checks length, magic, version and checksum of a state. */
function checkedState(state: Uint8Array): Uint8Array {
  if (state.length !== STATE_BYTES) {
    throw new Error("FEATURE_STATE_LENGTH: the state does not have the length of a state");
  }
  const reader = new Cursor(state);
  if (reader.readU32() !== MAGIC) {
    throw new Error("FEATURE_STATE_MAGIC: this is no state of a feature engine");
  }
  if (reader.readU32() !== VERSION) throw new Error("FEATURE_STATE_VERSION: the state has another version");
  reader.at = STATE_BYTES - 4;
  if (reader.readU32() !== crc32(state.subarray(0, STATE_BYTES - 4))) {
    throw new Error("FEATURE_STATE_CHECKSUM: the state is damaged");
  }
  return state;
}

/** Reads and writes little-endian numbers one after the other. */
class Cursor {
  readonly #view: DataView;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u8(value: number): void {
    this.#view.setUint8(this.at++, value);
  }

  u32(value: number): void {
    this.#view.setUint32(this.at, value, true);
    this.at += 4;
  }

  f32(value: number): void {
    this.#view.setFloat32(this.at, value, true);
    this.at += 4;
  }

  f64(value: number): void {
    this.#view.setFloat64(this.at, value, true);
    this.at += 8;
  }

  readU8(): number {
    return this.#view.getUint8(this.at++);
  }

  readU32(): number {
    this.at += 4;
    return this.#view.getUint32(this.at - 4, true);
  }

  readF32(): number {
    this.at += 4;
    return this.#view.getFloat32(this.at - 4, true);
  }

  readF64(): number {
    this.at += 8;
    return this.#view.getFloat64(this.at - 8, true);
  }
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

/** CRC-32 (IEEE 802.3), as zlib computes it. */
function crc32(bytes: Uint8Array): number {
  let crc = U32_MAX;
  for (const byte of bytes) crc = CRC_TABLE[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  return (crc ^ U32_MAX) >>> 0;
}

/** Counts up to the end of 32 bits and stays there. */
function bump(count: number): number {
  return count < U32_MAX ? count + 1 : count;
}
