/**
 * A feature engine for JavaScript. Buffers are shared: `output` and the batch are views of the module's memory, which
 * must be taken anew when that memory has grown.
 */
export class RustFeatureEngine {
    __destroy_into_raw() {
        const ptr = this.__wbg_ptr;
        this.__wbg_ptr = 0;
        RustFeatureEngineFinalization.unregister(this);
        return ptr;
    }
    free() {
        const ptr = this.__destroy_into_raw();
        wasm.__wbg_rustfeatureengine_free(ptr, 0);
    }
    /**
     * Address of the 4096 i32 of the batch.
     * @returns {number}
     */
    batchIndexAddress() {
        const ret = wasm.rustfeatureengine_batchIndexAddress(this.__wbg_ptr);
        return ret >>> 0;
    }
    /**
     * Address of the 4096 f64 of the batch.
     * @returns {number}
     */
    batchValueAddress() {
        const ret = wasm.rustfeatureengine_batchValueAddress(this.__wbg_ptr);
        return ret >>> 0;
    }
    /**
     * Not finite, out of range, bad index, clamped.
     * @returns {Uint32Array}
     */
    counters() {
        try {
            const retptr = wasm.__wbindgen_add_to_stack_pointer(-16);
            wasm.rustfeatureengine_counters(retptr, this.__wbg_ptr);
            var r0 = getDataViewMemory0().getInt32(retptr + 4 * 0, true);
            var r1 = getDataViewMemory0().getInt32(retptr + 4 * 1, true);
            var v1 = getArrayU32FromWasm0(r0, r1).slice();
            wasm.__wbindgen_export(r0, r1 * 4, 4);
            return v1;
        } finally {
            wasm.__wbindgen_add_to_stack_pointer(16);
        }
    }
    /**
     * @returns {Uint8Array}
     */
    exportState() {
        try {
            const retptr = wasm.__wbindgen_add_to_stack_pointer(-16);
            wasm.rustfeatureengine_exportState(retptr, this.__wbg_ptr);
            var r0 = getDataViewMemory0().getInt32(retptr + 4 * 0, true);
            var r1 = getDataViewMemory0().getInt32(retptr + 4 * 1, true);
            var v1 = getArrayU8FromWasm0(r0, r1).slice();
            wasm.__wbindgen_export(r0, r1 * 1, 1);
            return v1;
        } finally {
            wasm.__wbindgen_add_to_stack_pointer(16);
        }
    }
    /**
     * @param {Uint8Array} state
     */
    importState(state) {
        try {
            const retptr = wasm.__wbindgen_add_to_stack_pointer(-16);
            const ptr0 = passArray8ToWasm0(state, wasm.__wbindgen_export2);
            const len0 = WASM_VECTOR_LEN;
            wasm.rustfeatureengine_importState(retptr, this.__wbg_ptr, ptr0, len0);
            var r0 = getDataViewMemory0().getInt32(retptr + 4 * 0, true);
            var r1 = getDataViewMemory0().getInt32(retptr + 4 * 1, true);
            if (r1) {
                throw takeObject(r0);
            }
        } finally {
            wasm.__wbindgen_add_to_stack_pointer(16);
        }
    }
    /**
     * @param {number} index
     * @returns {number}
     */
    mean(index) {
        const ret = wasm.rustfeatureengine_mean(this.__wbg_ptr, index);
        return ret;
    }
    /**
     * One aggregation code per feature: 0 last, 1 sum, 2 count, 3 mean, 4 delta.
     * @param {Uint8Array} modes
     */
    constructor(modes) {
        try {
            const retptr = wasm.__wbindgen_add_to_stack_pointer(-16);
            const ptr0 = passArray8ToWasm0(modes, wasm.__wbindgen_export2);
            const len0 = WASM_VECTOR_LEN;
            wasm.rustfeatureengine_new(retptr, ptr0, len0);
            var r0 = getDataViewMemory0().getInt32(retptr + 4 * 0, true);
            var r1 = getDataViewMemory0().getInt32(retptr + 4 * 1, true);
            var r2 = getDataViewMemory0().getInt32(retptr + 4 * 2, true);
            if (r2) {
                throw takeObject(r1);
            }
            this.__wbg_ptr = r0 >>> 0;
            RustFeatureEngineFinalization.register(this, this.__wbg_ptr, this);
            return this;
        } finally {
            wasm.__wbindgen_add_to_stack_pointer(16);
        }
    }
    /**
     * @param {number} slot
     */
    onSlotEnd(slot) {
        wasm.rustfeatureengine_onSlotEnd(this.__wbg_ptr, slot);
    }
    /**
     * Address of the 768 f32 of the output.
     * @returns {number}
     */
    outputAddress() {
        const ret = wasm.rustfeatureengine_outputAddress(this.__wbg_ptr);
        return ret >>> 0;
    }
    /**
     * Adds the first `length` events of the batch buffers.
     * @param {number} length
     */
    pushBatch(length) {
        wasm.rustfeatureengine_pushBatch(this.__wbg_ptr, length);
    }
    /**
     * @param {number} index
     * @param {number} value
     */
    pushEvent(index, value) {
        wasm.rustfeatureengine_pushEvent(this.__wbg_ptr, index, value);
    }
    /**
     * @param {number} place
     * @returns {number}
     */
    raw(place) {
        const ret = wasm.rustfeatureengine_raw(this.__wbg_ptr, place);
        return ret;
    }
    reset() {
        wasm.rustfeatureengine_reset(this.__wbg_ptr);
    }
    /**
     * @param {number} index
     * @returns {number}
     */
    seen(index) {
        const ret = wasm.rustfeatureengine_seen(this.__wbg_ptr, index);
        return ret >>> 0;
    }
    /**
     * @returns {number}
     */
    slot() {
        const ret = wasm.rustfeatureengine_slot(this.__wbg_ptr);
        return ret;
    }
    /**
     * @param {number} index
     * @returns {number}
     */
    variance(index) {
        const ret = wasm.rustfeatureengine_variance(this.__wbg_ptr, index);
        return ret;
    }
}
if (Symbol.dispose) RustFeatureEngine.prototype[Symbol.dispose] = RustFeatureEngine.prototype.free;
export function __wbg_Error_8c4e43fe74559d73(arg0, arg1) {
    const ret = Error(getStringFromWasm0(arg0, arg1));
    return addHeapObject(ret);
}
export function __wbg___wbindgen_throw_be289d5034ed271b(arg0, arg1) {
    throw new Error(getStringFromWasm0(arg0, arg1));
}
const RustFeatureEngineFinalization = (typeof FinalizationRegistry === 'undefined')
    ? { register: () => {}, unregister: () => {} }
    : new FinalizationRegistry(ptr => wasm.__wbg_rustfeatureengine_free(ptr >>> 0, 1));

function addHeapObject(obj) {
    if (heap_next === heap.length) heap.push(heap.length + 1);
    const idx = heap_next;
    heap_next = heap[idx];

    heap[idx] = obj;
    return idx;
}

function dropObject(idx) {
    if (idx < 132) return;
    heap[idx] = heap_next;
    heap_next = idx;
}

function getArrayU32FromWasm0(ptr, len) {
    ptr = ptr >>> 0;
    return getUint32ArrayMemory0().subarray(ptr / 4, ptr / 4 + len);
}

function getArrayU8FromWasm0(ptr, len) {
    ptr = ptr >>> 0;
    return getUint8ArrayMemory0().subarray(ptr / 1, ptr / 1 + len);
}

let cachedDataViewMemory0 = null;
function getDataViewMemory0() {
    if (cachedDataViewMemory0 === null || cachedDataViewMemory0.buffer.detached === true || (cachedDataViewMemory0.buffer.detached === undefined && cachedDataViewMemory0.buffer !== wasm.memory.buffer)) {
        cachedDataViewMemory0 = new DataView(wasm.memory.buffer);
    }
    return cachedDataViewMemory0;
}

function getStringFromWasm0(ptr, len) {
    ptr = ptr >>> 0;
    return decodeText(ptr, len);
}

let cachedUint32ArrayMemory0 = null;
function getUint32ArrayMemory0() {
    if (cachedUint32ArrayMemory0 === null || cachedUint32ArrayMemory0.byteLength === 0) {
        cachedUint32ArrayMemory0 = new Uint32Array(wasm.memory.buffer);
    }
    return cachedUint32ArrayMemory0;
}

let cachedUint8ArrayMemory0 = null;
function getUint8ArrayMemory0() {
    if (cachedUint8ArrayMemory0 === null || cachedUint8ArrayMemory0.byteLength === 0) {
        cachedUint8ArrayMemory0 = new Uint8Array(wasm.memory.buffer);
    }
    return cachedUint8ArrayMemory0;
}

function getObject(idx) { return heap[idx]; }

let heap = new Array(128).fill(undefined);
heap.push(undefined, null, true, false);

let heap_next = heap.length;

function passArray8ToWasm0(arg, malloc) {
    const ptr = malloc(arg.length * 1, 1) >>> 0;
    getUint8ArrayMemory0().set(arg, ptr / 1);
    WASM_VECTOR_LEN = arg.length;
    return ptr;
}

function takeObject(idx) {
    const ret = getObject(idx);
    dropObject(idx);
    return ret;
}

let cachedTextDecoder = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });
cachedTextDecoder.decode();
const MAX_SAFARI_DECODE_BYTES = 2146435072;
let numBytesDecoded = 0;
function decodeText(ptr, len) {
    numBytesDecoded += len;
    if (numBytesDecoded >= MAX_SAFARI_DECODE_BYTES) {
        cachedTextDecoder = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });
        cachedTextDecoder.decode();
        numBytesDecoded = len;
    }
    return cachedTextDecoder.decode(getUint8ArrayMemory0().subarray(ptr, ptr + len));
}

let WASM_VECTOR_LEN = 0;


let wasm;
export function __wbg_set_wasm(val) {
    wasm = val;
}
