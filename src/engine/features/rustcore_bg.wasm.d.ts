/* tslint:disable */
/* eslint-disable */
export const memory: WebAssembly.Memory;
export const __wbg_rustfeatureengine_free: (a: number, b: number) => void;
export const rustfeatureengine_batchIndexAddress: (a: number) => number;
export const rustfeatureengine_batchValueAddress: (a: number) => number;
export const rustfeatureengine_counters: (a: number, b: number) => void;
export const rustfeatureengine_exportState: (a: number, b: number) => void;
export const rustfeatureengine_importState: (a: number, b: number, c: number, d: number) => void;
export const rustfeatureengine_mean: (a: number, b: number) => number;
export const rustfeatureengine_new: (a: number, b: number, c: number) => void;
export const rustfeatureengine_onSlotEnd: (a: number, b: number) => void;
export const rustfeatureengine_outputAddress: (a: number) => number;
export const rustfeatureengine_pushBatch: (a: number, b: number) => void;
export const rustfeatureengine_pushEvent: (a: number, b: number, c: number) => void;
export const rustfeatureengine_raw: (a: number, b: number) => number;
export const rustfeatureengine_reset: (a: number) => void;
export const rustfeatureengine_seen: (a: number, b: number) => number;
export const rustfeatureengine_slot: (a: number) => number;
export const rustfeatureengine_variance: (a: number, b: number) => number;
export const __wbindgen_add_to_stack_pointer: (a: number) => number;
export const __wbindgen_export: (a: number, b: number, c: number) => void;
export const __wbindgen_export2: (a: number, b: number) => number;
