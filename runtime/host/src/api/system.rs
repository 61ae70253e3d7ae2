//! `system`: where the program runs, the same names as the `environment` that
//! its exports get.

use mprun_core::capability::Capability;

use super::in_view;
use crate::bindings::mprun::host::system;
use crate::call::Call;
use crate::gate::{InView, Stop};

impl system::Host for Call {
    fn info(&mut self) -> Result<Vec<(String, String)>, Stop> {
        self.pass(Capability::System, "info", 0)?;
        let pairs = self.transaction()?.environment.to_vec();
        self.count(pairs.iter().map(|(name, value)| name.len() + value.len()).sum())?;
        Ok(pairs)
    }
}

impl system::Host for InView<'_> {
    fn info(&mut self) -> Result<Vec<(String, String)>, Stop> {
        Err(in_view("system.info"))
    }
}
