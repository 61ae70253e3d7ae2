//! `clock`: the time, frozen when the event was first handled.

use mprun_core::capability::Capability;

use super::in_view;
use crate::bindings::mprun::host::clock;
use crate::call::Call;
use crate::gate::{InView, Stop};

impl clock::Host for Call {
    fn now(&mut self) -> Result<u64, Stop> {
        self.pass(Capability::Clock, "now", 8)?;
        Ok(self.transaction()?.now_ms)
    }
}

impl clock::Host for InView<'_> {
    fn now(&mut self) -> Result<u64, Stop> {
        Err(in_view("clock.now"))
    }
}
