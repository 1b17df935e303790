//! The feature engine itself, free of any binding.
//!
//! Per feature, the events of a slot are aggregated into one raw value; at the end of the slot the statistics advance
//! once on that value and the z-score is taken with the advanced statistics:
//!
//! ```text
//! δ = x − m;  m ← m + (1−λ)δ;  v ← λ(v + (1−λ)δ²);  z = (x − m) / √(v + ε)
//! ```
//!
//! with λ = 0.995 per slot (half-life ≈ 138 slots) and ε = 1e-8, all in f64; only the result is rounded to f32. The
//! order of operations is part of the contract: a TypeScript twin is compared with this bit for bit, so nothing here
//! may be fused, reassociated or approximated. The update is the exponentially weighted form of Welford's method in
//! T. Finch, "Incremental calculation of weighted mean and variance" (2009), section 9.

/// Number of features.
pub const FEATURES: usize = 256;
/// Slots in the output: now, one ago, two ago.
pub const LAGS: usize = 3;
/// Length of the output vector.
pub const OUTPUT: usize = FEATURES * LAGS;
/// Weight of the past, per slot.
pub const LAMBDA: f64 = 0.995;
/// Keeps the z-score finite while there is no variance.
pub const EPSILON: f64 = 1e-8;
/// Slots that a feature must have seen before its z-score is shown.
pub const WARM_SLOTS: u32 = 32;
/// Events that one batch can carry.
pub const BATCH: usize = 4096;
/// Largest magnitude that a value may have.
pub const LIMIT: f64 = 3.4028234663852886e38;

const REST: f64 = 1.0 - LAMBDA;

/// How the events of a slot become one value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Aggregation {
    /// The last event; a slot without one keeps the value and rests.
    Last = 0,
    /// The sum; 0 in a slot without events.
    Sum = 1,
    /// How many events there were.
    Count = 2,
    /// The mean; a slot without events keeps the value and rests.
    Mean = 3,
    /// The sum less the sum of the slot before.
    Delta = 4,
}

impl Aggregation {
    /// The aggregation with this code, as the state and the bindings write it.
    pub fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            0 => Self::Last,
            1 => Self::Sum,
            2 => Self::Count,
            3 => Self::Mean,
            4 => Self::Delta,
            _ => return None,
        })
    }
}

/// What was refused or changed, since the engine began.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Counters {
    pub not_finite: u32,
    pub out_of_range: u32,
    pub bad_index: u32,
    pub clamped: u32,
}

/// One engine. All arrays are indexed by feature.
pub struct Engine {
    pub(crate) modes: [Aggregation; FEATURES],
    pub(crate) sum: [f64; FEATURES],
    pub(crate) last: [f64; FEATURES],
    pub(crate) count: [u32; FEATURES],
    /// Sum of the slot before, for [`Aggregation::Delta`].
    pub(crate) before: [f64; FEATURES],
    /// Raw values of the last three slots.
    pub(crate) raw: [f64; OUTPUT],
    pub(crate) mean: [f64; FEATURES],
    pub(crate) variance: [f64; FEATURES],
    pub(crate) seen: [u32; FEATURES],
    pub(crate) output: [f32; OUTPUT],
    pub(crate) counters: Counters,
    pub(crate) slot: f64,
    pub batch_index: [i32; BATCH],
    pub batch_value: [f64; BATCH],
}

impl Engine {
    /// An engine that has seen nothing.
    pub fn new(modes: [Aggregation; FEATURES]) -> Self {
        Self {
            modes,
            sum: [0.0; FEATURES],
            last: [0.0; FEATURES],
            count: [0; FEATURES],
            before: [0.0; FEATURES],
            raw: [0.0; OUTPUT],
            mean: [0.0; FEATURES],
            variance: [0.0; FEATURES],
            seen: [0; FEATURES],
            output: [0.0; OUTPUT],
            counters: Counters::default(),
            slot: -1.0,
            batch_index: [0; BATCH],
            batch_value: [0.0; BATCH],
        }
    }

    /// Forgets everything but the aggregations.
    pub fn reset(&mut self) {
        self.sum = [0.0; FEATURES];
        self.last = [0.0; FEATURES];
        self.count = [0; FEATURES];
        self.before = [0.0; FEATURES];
        self.raw = [0.0; OUTPUT];
        self.mean = [0.0; FEATURES];
        self.variance = [0.0; FEATURES];
        self.seen = [0; FEATURES];
        self.output = [0.0; OUTPUT];
        self.counters = Counters::default();
        self.slot = -1.0;
    }

    /// Adds one event to the slot; a value that cannot be used is counted and changes nothing else.
    #[inline]
    pub fn push_event(&mut self, index: i32, value: f64) {
        let Some(i) = usize::try_from(index).ok().filter(|i| *i < FEATURES) else {
            self.counters.bad_index = self.counters.bad_index.saturating_add(1);
            return;
        };
        // Not `value.abs() <= LIMIT`: that would call NaN out of range.
        if !value.is_finite() {
            self.counters.not_finite = self.counters.not_finite.saturating_add(1);
            return;
        }
        if value.abs() > LIMIT {
            self.counters.out_of_range = self.counters.out_of_range.saturating_add(1);
            return;
        }
        self.sum[i] += value;
        self.last[i] = value;
        self.count[i] = self.count[i].saturating_add(1);
    }

    /// Adds the first `length` events of the batch buffers.
    pub fn push_batch(&mut self, length: usize) {
        for k in 0..length.min(BATCH) {
            self.push_event(self.batch_index[k], self.batch_value[k]);
        }
    }

    /// Ends the slot: aggregates, advances the statistics once, shifts the lags.
    pub fn on_slot_end(&mut self, slot: f64) {
        self.slot = slot;
        self.raw.copy_within(0..2 * FEATURES, FEATURES);
        self.output.copy_within(0..2 * FEATURES, FEATURES);
        let mut active = [0u64; FEATURES];
        let mut warm = [0u64; FEATURES];
        for i in 0..FEATURES {
            let (value, advances) = self.aggregate(i);
            self.raw[i] = value;
            if advances {
                active[i] = u64::MAX;
                self.seen[i] = self.seen[i].saturating_add(1);
            }
            if self.seen[i] >= WARM_SLOTS {
                warm[i] = u64::MAX;
            }
            self.sum[i] = 0.0;
            self.count[i] = 0;
        }
        self.advance(&active, &warm);
    }

    /// The slot's raw value, and whether the statistics advance on it.
    fn aggregate(&mut self, i: usize) -> (f64, bool) {
        let sampled = self.count[i] > 0;
        let (value, advances) = match self.modes[i] {
            Aggregation::Last if sampled => (self.last[i], true),
            Aggregation::Mean if sampled => (self.sum[i] / f64::from(self.count[i]), true),
            Aggregation::Last | Aggregation::Mean => return (self.raw[i], false),
            Aggregation::Sum => (self.sum[i], true),
            Aggregation::Count => (f64::from(self.count[i]), true),
            Aggregation::Delta => {
                let delta = self.sum[i] - self.before[i];
                self.before[i] = self.sum[i];
                (delta, true)
            }
        };
        if value.abs() <= LIMIT {
            return (value, advances);
        }
        self.counters.clamped = self.counters.clamped.saturating_add(1);
        // A sum of finite values can be infinite, and a difference of two such is no number at all.
        let clamped = if value > 0.0 { LIMIT } else if value < 0.0 { -LIMIT } else { 0.0 };
        (clamped, advances)
    }

    #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
    fn advance(&mut self, active: &[u64; FEATURES], warm: &[u64; FEATURES]) {
        for i in 0..FEATURES {
            let x = self.raw[i];
            if active[i] != 0 {
                let delta = x - self.mean[i];
                self.mean[i] += REST * delta;
                self.variance[i] = LAMBDA * (self.variance[i] + REST * (delta * delta));
            }
            let z = (x - self.mean[i]) / (self.variance[i] + EPSILON).sqrt();
            self.output[i] = if warm[i] != 0 { z as f32 } else { 0.0 };
        }
    }

    /// Two features at a time; the same operations in the same order as the scalar form.
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    fn advance(&mut self, active: &[u64; FEATURES], warm: &[u64; FEATURES]) {
        use core::arch::wasm32::*;
        let rest = f64x2_splat(REST);
        let lambda = f64x2_splat(LAMBDA);
        let epsilon = f64x2_splat(EPSILON);
        for i in (0..FEATURES).step_by(2) {
            // SAFETY: i and i + 1 are below FEATURES, the length of each array that is read or written here.
            unsafe {
                let x = v128_load(self.raw.as_ptr().add(i).cast());
                let mean = v128_load(self.mean.as_ptr().add(i).cast());
                let variance = v128_load(self.variance.as_ptr().add(i).cast());
                let is_active = v128_load(active.as_ptr().add(i).cast());
                let is_warm = v128_load(warm.as_ptr().add(i).cast());
                let delta = f64x2_sub(x, mean);
                let next_mean = f64x2_add(mean, f64x2_mul(rest, delta));
                let next_variance =
                    f64x2_mul(lambda, f64x2_add(variance, f64x2_mul(rest, f64x2_mul(delta, delta))));
                let mean = v128_bitselect(next_mean, mean, is_active);
                let variance = v128_bitselect(next_variance, variance, is_active);
                v128_store(self.mean.as_mut_ptr().add(i).cast(), mean);
                v128_store(self.variance.as_mut_ptr().add(i).cast(), variance);
                let z = f64x2_div(f64x2_sub(x, mean), f64x2_sqrt(f64x2_add(variance, epsilon)));
                let shown = f32x4_demote_f64x2_zero(v128_and(z, is_warm));
                v128_store64_lane::<0>(shown, self.output.as_mut_ptr().add(i).cast());
            }
        }
    }

    /// The last output: now | one slot ago | two slots ago.
    pub fn output(&self) -> &[f32; OUTPUT] {
        &self.output
    }

    /// Raw value of a place of the output; NaN outside.
    pub fn raw(&self, place: usize) -> f64 {
        self.raw.get(place).copied().unwrap_or(f64::NAN)
    }

    /// Mean, variance and slots seen of a feature; NaN outside.
    pub fn stats(&self, index: usize) -> (f64, f64, u32) {
        if index >= FEATURES {
            return (f64::NAN, f64::NAN, 0);
        }
        (self.mean[index], self.variance[index], self.seen[index])
    }

    pub fn counters(&self) -> Counters {
        self.counters
    }

    pub fn slot(&self) -> f64 {
        self.slot
    }
}
