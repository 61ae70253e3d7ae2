//! `log`: messages for the developer. The only capability without permission,
//! and the only one that works in `view`.

use mprun_core::capability::Capability;

use crate::bindings::mprun::host::log;
use crate::call::{Call, cut};
use crate::gate::{InView, Stop};

impl log::Host for Call {
    fn write(&mut self, level: u32, message: String) -> wasmtime::Result<()> {
        self.pass(Capability::Log, "write", message.len()).map_err(ended)?;
        if self.log_left == 0 {
            self.log_dropped += 1;
            return Ok(());
        }
        self.log_left -= 1;
        let message = cut(&message, self.log_message_bytes_max);
        let program = self.program.id();
        let line = |write: &dyn Fn()| self.program.journal().line(program, write);
        match level {
            1 => line(&|| tracing::error!(target: "mprun::program", %program, "{message}")),
            2 => line(&|| tracing::warn!(target: "mprun::program", %program, "{message}")),
            // Written only where somebody asked for them.
            3 => tracing::info!(target: "mprun::program", %program, "{message}"),
            _ => tracing::debug!(target: "mprun::program", %program, "{message}"),
        }
        Ok(())
    }

    fn panic(&mut self, message: String) -> wasmtime::Result<()> {
        self.pass(Capability::Log, "panic", message.len()).map_err(ended)?;
        self.panicked(&message);
        Ok(())
    }
}

fn ended(stop: Stop) -> wasmtime::Error {
    stop.into()
}

impl log::Host for InView<'_> {
    fn write(&mut self, level: u32, message: String) -> wasmtime::Result<()> {
        self.0.write(level, message)
    }

    fn panic(&mut self, message: String) -> wasmtime::Result<()> {
        self.0.panic(message)
    }
}
