//! One round of the native figures for `scripts/bench/features.ts`: nanoseconds per event of a batch, per slot step,
//! and per feature of a whole update (an event for each of 256 features, then the slot step), as JSON. Time that the
//! thread was on a processor, where the system tells it.

use rustcore::engine::{Aggregation, Engine, BATCH, FEATURES};
use std::hint::black_box;
use std::time::Instant;

const EVENTS: usize = 8_000_000;
const SLOTS: usize = 40_000;

/// Nanoseconds that an action takes.
fn timed(action: impl FnOnce()) -> f64 {
    let (cpu, wall) = (on_processor_ns(), Instant::now());
    action();
    match (cpu, on_processor_ns()) {
        (Some(before), Some(after)) => after - before,
        _ => wall.elapsed().as_nanos() as f64,
    }
}

fn on_processor_ns() -> Option<f64> {
    std::fs::read_to_string("/proc/thread-self/schedstat").ok()?.split(' ').next()?.parse().ok()
}

fn main() {
    let mut engine = Box::new(Engine::new([Aggregation::Sum; FEATURES]));
    let mut seed = 1u64;
    for k in 0..BATCH {
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        engine.batch_index[k] = (k % FEATURES) as i32;
        engine.batch_value[k] = (seed >> 11) as f64 / (1u64 << 53) as f64 - 0.5;
    }
    let batch = timed(|| {
        for _ in 0..EVENTS / BATCH {
            black_box(&mut engine).push_batch(black_box(BATCH));
        }
    }) / (EVENTS / BATCH * BATCH) as f64;
    let slot = timed(|| {
        for slot in 0..SLOTS {
            black_box(&mut engine).on_slot_end(slot as f64);
            black_box(engine.output());
        }
    }) / SLOTS as f64;
    let update = timed(|| {
        for slot in 0..SLOTS {
            black_box(&mut engine).push_batch(black_box(FEATURES));
            black_box(&mut engine).on_slot_end(slot as f64);
            black_box(engine.output());
        }
    }) / (SLOTS * FEATURES) as f64;
    println!("{{\"batch\":{batch},\"slot\":{slot},\"update\":{update}}}");
}
