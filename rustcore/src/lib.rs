//! The feature engine of block-buster and its bindings for WebAssembly.

pub mod engine;
pub mod state;

use engine::{Aggregation, Engine, FEATURES};
use wasm_bindgen::prelude::*;

/// A feature engine for JavaScript. Buffers are shared: `output` and the batch are views of the module's memory, which
/// must be taken anew when that memory has grown.
#[wasm_bindgen]
pub struct RustFeatureEngine {
    engine: Box<Engine>,
}

#[wasm_bindgen]
impl RustFeatureEngine {
    /// One aggregation code per feature: 0 last, 1 sum, 2 count, 3 mean, 4 delta.
    #[wasm_bindgen(constructor)]
    pub fn new(modes: &[u8]) -> Result<RustFeatureEngine, JsError> {
        if modes.len() != FEATURES {
            return Err(JsError::new("FEATURE_MODES: there must be 256 aggregations"));
        }
        let mut known = [Aggregation::Last; FEATURES];
        for (mode, code) in known.iter_mut().zip(modes) {
            *mode = Aggregation::from_code(*code).ok_or_else(|| JsError::new("FEATURE_MODES: unknown aggregation"))?;
        }
        Ok(Self { engine: Box::new(Engine::new(known)) })
    }

    #[wasm_bindgen(js_name = pushEvent)]
    pub fn push_event(&mut self, index: i32, value: f64) {
        self.engine.push_event(index, value);
    }

    /// Adds the first `length` events of the batch buffers.
    #[wasm_bindgen(js_name = pushBatch)]
    pub fn push_batch(&mut self, length: u32) {
        self.engine.push_batch(length as usize);
    }

    #[wasm_bindgen(js_name = onSlotEnd)]
    pub fn on_slot_end(&mut self, slot: f64) {
        self.engine.on_slot_end(slot);
    }

    /// Address of the 768 f32 of the output.
    #[wasm_bindgen(js_name = outputAddress)]
    pub fn output_address(&self) -> *const f32 {
        self.engine.output().as_ptr()
    }

    /// Address of the 4096 i32 of the batch.
    #[wasm_bindgen(js_name = batchIndexAddress)]
    pub fn batch_index_address(&self) -> *const i32 {
        self.engine.batch_index.as_ptr()
    }

    /// Address of the 4096 f64 of the batch.
    #[wasm_bindgen(js_name = batchValueAddress)]
    pub fn batch_value_address(&self) -> *const f64 {
        self.engine.batch_value.as_ptr()
    }

    pub fn raw(&self, place: u32) -> f64 {
        self.engine.raw(place as usize)
    }

    pub fn mean(&self, index: u32) -> f64 {
        self.engine.stats(index as usize).0
    }

    pub fn variance(&self, index: u32) -> f64 {
        self.engine.stats(index as usize).1
    }

    pub fn seen(&self, index: u32) -> u32 {
        self.engine.stats(index as usize).2
    }

    pub fn slot(&self) -> f64 {
        self.engine.slot()
    }

    /// Not finite, out of range, bad index, clamped.
    pub fn counters(&self) -> Vec<u32> {
        let counters = self.engine.counters();
        vec![counters.not_finite, counters.out_of_range, counters.bad_index, counters.clamped]
    }

    pub fn reset(&mut self) {
        self.engine.reset();
    }

    #[wasm_bindgen(js_name = exportState)]
    pub fn export_state(&self) -> Vec<u8> {
        self.engine.export_state()
    }

    #[wasm_bindgen(js_name = importState)]
    pub fn import_state(&mut self, state: &[u8]) -> Result<(), JsError> {
        self.engine.import_state(state).map_err(|error| JsError::new(error.message()))
    }
}
