//! `random`: bytes that only this host can foresee, the same again when the same
//! event runs again.

use mprun_core::capability::Capability;

use super::in_view;
use crate::bindings::mprun::host::random;
use crate::call::Call;
use crate::gate::{InView, Stop};

/// Bytes of one call.
const BYTES_MAX: u32 = 64 * 1024;

impl random::Host for Call {
    fn bytes(&mut self, length: u32) -> Result<Vec<u8>, Stop> {
        self.pass(Capability::Random, "bytes", 4)?;
        if length > BYTES_MAX {
            return Err(Stop::limited(format!("expected at most {BYTES_MAX} bytes, got {length}")));
        }
        let length = length as usize;
        self.count(length)?;
        let mut bytes = vec![0; length];
        self.transaction()?.random.fill(&mut bytes);
        Ok(bytes)
    }
}

impl random::Host for InView<'_> {
    fn bytes(&mut self, _length: u32) -> Result<Vec<u8>, Stop> {
        Err(in_view("random.bytes"))
    }
}
