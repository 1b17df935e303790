/* tslint:disable */
/* eslint-disable */

/**
 * A feature engine for JavaScript. Buffers are shared: `output` and the batch are views of the module's memory, which
 * must be taken anew when that memory has grown.
 */
export class RustFeatureEngine {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * Address of the 4096 i32 of the batch.
     */
    batchIndexAddress(): number;
    /**
     * Address of the 4096 f64 of the batch.
     */
    batchValueAddress(): number;
    /**
     * Not finite, out of range, bad index, clamped.
     */
    counters(): Uint32Array;
    exportState(): Uint8Array;
    importState(state: Uint8Array): void;
    mean(index: number): number;
    /**
     * One aggregation code per feature: 0 last, 1 sum, 2 count, 3 mean, 4 delta.
     */
    constructor(modes: Uint8Array);
    onSlotEnd(slot: number): void;
    /**
     * Address of the 768 f32 of the output.
     */
    outputAddress(): number;
    /**
     * Adds the first `length` events of the batch buffers.
     */
    pushBatch(length: number): void;
    pushEvent(index: number, value: number): void;
    raw(place: number): number;
    reset(): void;
    seen(index: number): number;
    slot(): number;
    variance(index: number): number;
}
