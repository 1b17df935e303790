/**
 * The feature engine of `rustcore/` as WebAssembly. Nothing may import this file statically: a module that does not
 * compile would end the program. `runtime/feature_loader.ts` imports it and falls back to the TypeScript engine.
 */
import { RustFeatureEngine } from "./rustcore.js";
import { memory } from "./rustcore_bg.wasm";
import {
  BATCH_LENGTH,
  type FeatureBatch,
  type FeatureCounters,
  type FeatureEngine,
  type FeatureStats,
  OUTPUT_LENGTH,
} from "./engine.ts";

/** The engine in WebAssembly. */
export class WasmFeatureEngine implements FeatureEngine {
  readonly kind = "wasm";
  readonly #rust: RustFeatureEngine;
  /** The memory that the views are of; a grown memory has a new buffer, and the old one is detached. */
  #buffer: ArrayBuffer | null = null;
  #output = new Float32Array(0);
  #batch: FeatureBatch = { index: new Int32Array(0), value: new Float64Array(0) };

  /**
   * @param modes One aggregation code per feature
   * @throws {Error} `FEATURE_MODES` for anything else
   */
  constructor(modes: Uint8Array) {
    this.#rust = new RustFeatureEngine(modes);
  }

  get slot(): number {
    return this.#rust.slot();
  }

  pushEvent(index: number, value: number): void {
    // The boundary would turn 1.5 into 1 and 2^32 into 0.
    this.#rust.pushEvent(index >>> 0 === index ? index : -1, value);
  }

  batch(): FeatureBatch {
    this.#view();
    return this.#batch;
  }

  pushBatch(length: number): void {
    this.#rust.pushBatch(length);
  }

  onSlotEnd(slot: number): Float32Array {
    this.#rust.onSlotEnd(slot);
    return this.output();
  }

  output(): Float32Array {
    this.#view();
    return this.#output;
  }

  raw(place: number): number {
    return this.#rust.raw(place);
  }

  stats(index: number): FeatureStats {
    return {
      mean: this.#rust.mean(index),
      variance: this.#rust.variance(index),
      seen: this.#rust.seen(index),
    };
  }

  counters(): FeatureCounters {
    const [notFinite, outOfRange, badIndex, clamped] = this.#rust.counters();
    return { notFinite: notFinite!, outOfRange: outOfRange!, badIndex: badIndex!, clamped: clamped! };
  }

  reset(): void {
    this.#rust.reset();
  }

  exportState(): Uint8Array {
    return this.#rust.exportState();
  }

  importState(state: Uint8Array): void {
    this.#rust.importState(state);
  }

  free(): void {
    this.#rust.free();
  }

  #view(): void {
    if (this.#buffer === memory.buffer) return;
    const buffer = memory.buffer as ArrayBuffer;
    this.#buffer = buffer;
    this.#output = new Float32Array(buffer, this.#rust.outputAddress(), OUTPUT_LENGTH);
    this.#batch = {
      index: new Int32Array(buffer, this.#rust.batchIndexAddress(), BATCH_LENGTH),
      value: new Float64Array(buffer, this.#rust.batchValueAddress(), BATCH_LENGTH),
    };
  }
}
