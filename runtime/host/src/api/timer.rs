//! `timer`: an event later, also when nobody looks.

use mprun_core::capability::Capability;
use mprun_storage::{AskId, AskKind};

use super::in_view;
use crate::bindings::mprun::host::timer;
use crate::call::{Call, End};
use crate::gate::{InView, Stop};

/// The longest delay: 30 days.
const DELAY_MS_MAX: u64 = 30 * 24 * 60 * 60 * 1000;
/// Bytes of a message that waits.
pub(super) const MESSAGE_BYTES_MAX: usize = 64 * 1024;

impl timer::Host for Call {
    async fn after(&mut self, delay_ms: u64, message: Vec<u8>) -> Result<u64, Stop> {
        self.pass(Capability::Timer, "after", message.len() + 8)?;
        if delay_ms > DELAY_MS_MAX {
            return Err(Stop::invalid(format!("expected a delay of at most {DELAY_MS_MAX} ms, got {delay_ms}")));
        }
        if message.len() > MESSAGE_BYTES_MAX {
            return Err(Stop::invalid(format!(
                "expected a message of at most {MESSAGE_BYTES_MAX} bytes, got {}",
                message.len()
            )));
        }
        let transaction = self.transaction()?;
        let max = transaction.limits.timers_open_max;
        if transaction.timers_open() >= max {
            return Err(Stop::limited(format!("at most {max} timers are open at a time")));
        }
        let due = transaction.now_ms.saturating_add(delay_ms);
        transaction.ask(AskKind::Timer, Vec::new(), message, Some(due))
    }

    async fn cancel(&mut self, id: u64) -> Result<bool, Stop> {
        self.pass(Capability::Timer, "cancel", 8)?;
        let transaction = self.transaction()?;
        if transaction.take_back_new_timer(AskId(id)) {
            return Ok(true);
        }
        if transaction.is_consumed(AskId(id)) {
            return Ok(false);
        }
        let (storage, scope) = transaction.source();
        match self.within(storage.ask(&scope, AskId(id))).await? {
            Ok(Some(ask)) if ask.kind == AskKind::Timer => {
                self.transaction()?.take_back_timer(ask.id);
                Ok(true)
            }
            Ok(_) => Ok(false),
            Err(error) => Err(self.end(End::Storage(error.to_string()))),
        }
    }
}

impl timer::Host for InView<'_> {
    async fn after(&mut self, _delay_ms: u64, _message: Vec<u8>) -> Result<u64, Stop> {
        Err(in_view("timer.after"))
    }

    async fn cancel(&mut self, _id: u64) -> Result<bool, Stop> {
        Err(in_view("timer.cancel"))
    }
}
