//! The vectors that every implementation of the feature engine is held to, on the native build.

use rustcore::engine::{Aggregation, Engine, FEATURES, LIMIT, OUTPUT, WARM_SLOTS};
use rustcore::state::{StateError, STATE_BYTES};

fn engine_with(changes: &[(usize, Aggregation)]) -> Engine {
    let mut modes = [Aggregation::Last; FEATURES];
    for (index, mode) in changes {
        modes[*index] = *mode;
    }
    Engine::new(modes)
}

fn raw_values(engine: &Engine) -> Vec<(usize, f64)> {
    (0..OUTPUT).map(|place| (place, engine.raw(place))).filter(|(_, value)| *value != 0.0).collect()
}

fn close(actual: f64, expected: f64) -> bool {
    (actual - expected).abs() <= 1e-12 * expected.abs().max(1e-300)
}

/// Numbers without a pattern, the same in each run (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.next() as f64 / u64::MAX as f64).sum::<f64>() - 6.0
    }
}

#[test]
fn slots_aggregate_into_the_raw_values_of_vectors_f1_and_f3() {
    use Aggregation::{Count, Sum};
    let mut engine = engine_with(&[(0, Sum), (1, Sum), (64, Sum), (65, Count), (66, Sum)]);
    for (index, value) in [(0, 10.0), (1, -0.1), (64, 5.0), (65, 1.0), (64, -2.0), (65, 1.0), (66, 250.0)] {
        engine.push_event(index, value);
    }
    engine.on_slot_end(1.0);
    assert_eq!(raw_values(&engine), [(0, 10.0), (1, -0.1), (64, 3.0), (65, 2.0), (66, 250.0)]);
    for (index, value) in [(64, 3.0), (65, 1.0), (66, 50.0)] {
        engine.push_event(index, value);
    }
    engine.on_slot_end(2.0);
    assert_eq!(
        raw_values(&engine),
        [(64, 3.0), (65, 1.0), (66, 50.0), (256, 10.0), (257, -0.1), (320, 3.0), (321, 2.0), (322, 250.0)]
    );
    engine.on_slot_end(3.0);
    engine.on_slot_end(4.0);
    assert_eq!(raw_values(&engine), [(576, 3.0), (577, 1.0), (578, 50.0)]);
}

#[test]
fn statistics_advance_as_vector_f2_with_one_event_a_slot() {
    let mut engine = engine_with(&[]);
    for events in [
        &[(0, 10.0), (1, -0.1), (64, 5.0), (65, 1.0), (66, 0.0)][..],
        &[(64, -2.0), (65, 1.0), (66, 250.0)][..],
    ] {
        for (index, value) in events {
            engine.push_event(*index, *value);
        }
        engine.on_slot_end(0.0);
    }
    for (index, mean, variance) in [
        (0, 0.05, 0.4975),
        (1, -0.0005, 4.975e-5),
        (64, 0.014875, 0.144153734375),
        (65, 0.009975, 0.009875499375),
        (66, 1.25, 310.9375),
    ] {
        let stats = engine.stats(index);
        assert!(close(stats.0, mean) && close(stats.1, variance), "{index}: {stats:?}");
    }
}

#[test]
fn z_scores_are_those_of_60_digit_arithmetic_over_160_slots() {
    let table = include_str!("../../tests/fixtures/features/z_scores.txt");
    let mut engine = engine_with(&[]);
    for (slot, line) in table.lines().skip(1).enumerate() {
        let row: Vec<f64> = line.split(' ').map(|cell| cell.parse().unwrap()).collect();
        engine.push_event(7, row[0]);
        engine.on_slot_end(slot as f64);
        let (mean, variance, seen) = engine.stats(7);
        assert!(close(mean, row[1]) && close(variance, row[2]), "slot {slot}");
        let expected = if seen < WARM_SLOTS { 0.0 } else { row[3] as f32 };
        assert_eq!(engine.output()[7].to_bits(), expected.to_bits(), "slot {slot}");
    }
    assert_eq!(engine.slot(), 159.0);
}

#[test]
fn what_cannot_be_used_is_counted_and_changes_nothing_else() {
    let mut engine = engine_with(&[(3, Aggregation::Sum), (5, Aggregation::Sum)]);
    engine.push_event(3, 1.0);
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e308, -LIMIT * 1.0000001] {
        engine.push_event(3, value);
    }
    for index in [-1, 256, i32::MIN, i32::MAX] {
        engine.push_event(index, 1.0);
    }
    for _ in 0..3 {
        engine.push_event(5, LIMIT);
    }
    engine.on_slot_end(0.0);
    let counters = engine.counters();
    assert_eq!(
        [counters.not_finite, counters.out_of_range, counters.bad_index, counters.clamped],
        [3, 2, 4, 1]
    );
    assert_eq!((engine.raw(3), engine.raw(5)), (1.0, LIMIT));
    assert!(engine.raw(OUTPUT).is_nan() && engine.stats(FEATURES).0.is_nan());
}

#[test]
fn a_state_continues_bit_for_bit_and_every_mutation_of_it_is_refused() {
    let mut random = Random(1);
    let mut modes = [Aggregation::Last; FEATURES];
    for mode in &mut modes {
        *mode = Aggregation::from_code(random.below(5) as u8).unwrap();
    }
    let feed = |engine: &mut Engine, random: &mut Random| {
        for slot in 0..100 {
            for _ in 0..random.below(300) {
                engine.push_event(random.below(258) as i32 - 1, random.normal());
            }
            engine.on_slot_end(f64::from(slot));
        }
    };
    let mut engine = Engine::new(modes);
    feed(&mut engine, &mut random);
    engine.push_event(3, 12.0);
    let state = engine.export_state();
    assert_eq!(state.len(), STATE_BYTES);
    let mut copy = Engine::new(modes);
    copy.import_state(&state).unwrap();
    feed(&mut engine, &mut Random(2));
    feed(&mut copy, &mut Random(2));
    assert_eq!(copy.export_state(), engine.export_state());

    let held = copy.export_state();
    for i in 0..1_000 {
        let mut mutated = state.clone();
        match random.below(3) {
            0 => mutated.truncate(random.below(STATE_BYTES)),
            1 => mutated.push(0),
            _ => mutated[random.below(STATE_BYTES)] ^= 1 << random.below(8),
        }
        let error = copy.import_state(&mutated).unwrap_err();
        assert!(error.message().starts_with("FEATURE_STATE_"), "mutation {i}");
    }
    assert_eq!(copy.export_state(), held);
    assert_eq!(engine_with(&[]).import_state(&state), Err(StateError::Modes));
}
