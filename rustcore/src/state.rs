//! The state of an engine as bytes: a header, every array little-endian, a CRC-32 over all of it.

use crate::engine::{Aggregation, Engine, FEATURES, LIMIT, OUTPUT};

/// First bytes of a state.
pub const MAGIC: [u8; 4] = *b"BBFE";
/// Version of the layout.
pub const VERSION: u32 = 1;
/// Length of a state in bytes.
pub const STATE_BYTES: usize =
    4 + 4 + FEATURES + 8 + 4 * 4 + 5 * 8 * FEATURES + 2 * 4 * FEATURES + 8 * OUTPUT + 4 * OUTPUT + 4;

/// Why a state was refused.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub enum StateError {
    Length,
    Magic,
    Version,
    Checksum,
    Modes,
    Value,
}

impl StateError {
    pub fn message(self) -> &'static str {
        match self {
            Self::Length => "FEATURE_STATE_LENGTH: the state does not have the length of a state",
            Self::Magic => "FEATURE_STATE_MAGIC: this is no state of a feature engine",
            Self::Version => "FEATURE_STATE_VERSION: the state has another version",
            Self::Checksum => "FEATURE_STATE_CHECKSUM: the state is damaged",
            Self::Modes => "FEATURE_STATE_MODES: the state is of an engine with other aggregations",
            Self::Value => "FEATURE_STATE_VALUE: the state holds a value that no engine can have",
        }
    }
}

/// CRC-32 (IEEE 802.3), as zlib computes it.
pub fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xEDB8_8320 & (0u32.wrapping_sub(crc & 1)));
        }
    }
    !crc
}

impl Engine {
    /// The whole state, batch buffers excepted.
    pub fn export_state(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(STATE_BYTES);
        bytes.extend(MAGIC);
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend(self.modes.iter().map(|mode| *mode as u8));
        bytes.extend(self.slot.to_le_bytes());
        for count in [
            self.counters.not_finite,
            self.counters.out_of_range,
            self.counters.bad_index,
            self.counters.clamped,
        ] {
            bytes.extend(count.to_le_bytes());
        }
        for array in [&self.sum, &self.last, &self.before, &self.mean, &self.variance] {
            bytes.extend(array.iter().flat_map(|value| value.to_le_bytes()));
        }
        for array in [&self.count, &self.seen] {
            bytes.extend(array.iter().flat_map(|value| value.to_le_bytes()));
        }
        bytes.extend(self.raw.iter().flat_map(|value| value.to_le_bytes()));
        bytes.extend(self.output.iter().flat_map(|value| value.to_le_bytes()));
        let checksum = crc32(&bytes);
        bytes.extend(checksum.to_le_bytes());
        bytes
    }

    /// Takes over a state; on an error nothing changes.
    pub fn import_state(&mut self, bytes: &[u8]) -> Result<(), StateError> {
        if bytes.len() != STATE_BYTES {
            return Err(StateError::Length);
        }
        let (body, checksum) = bytes.split_at(STATE_BYTES - 4);
        if body[..4] != MAGIC {
            return Err(StateError::Magic);
        }
        if body[4..8] != VERSION.to_le_bytes() {
            return Err(StateError::Version);
        }
        if crc32(body).to_le_bytes() != checksum {
            return Err(StateError::Checksum);
        }
        let mut reader = Reader { bytes: body, at: 8 };
        for mode in &self.modes {
            if Aggregation::from_code(reader.u8()) != Some(*mode) {
                return Err(StateError::Modes);
            }
        }
        let mut next = Engine::new(self.modes);
        next.slot = reader.f64();
        next.counters.not_finite = reader.u32();
        next.counters.out_of_range = reader.u32();
        next.counters.bad_index = reader.u32();
        next.counters.clamped = reader.u32();
        for array in [&mut next.sum, &mut next.last, &mut next.before, &mut next.mean, &mut next.variance] {
            array.fill_with(|| reader.f64());
        }
        for array in [&mut next.count, &mut next.seen] {
            array.fill_with(|| reader.u32());
        }
        next.raw.fill_with(|| reader.f64());
        next.output.fill_with(|| reader.f32());
        let sane = next.raw.iter().chain(&next.last).chain(&next.mean).all(|value| value.abs() <= LIMIT)
            && next.variance.iter().all(|value| *value >= 0.0)
            && next.sum.iter().chain(&next.before).all(|value| !value.is_nan())
            && next.output.iter().all(|value| value.is_finite());
        if !sane {
            return Err(StateError::Value);
        }
        *self = next;
        Ok(())
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let mut value = [0; N];
        value.copy_from_slice(&self.bytes[self.at..self.at + N]);
        self.at += N;
        value
    }

    fn u8(&mut self) -> u8 {
        self.take::<1>()[0]
    }

    fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.take())
    }

    fn f32(&mut self) -> f32 {
        f32::from_le_bytes(self.take())
    }

    fn f64(&mut self) -> f64 {
        f64::from_le_bytes(self.take())
    }
}
