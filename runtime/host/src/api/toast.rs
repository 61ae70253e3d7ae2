//! `toast`: a short message with the next rendering.

use mprun_core::capability::Capability;
use mprun_storage::AskKind;

use super::in_view;
use crate::bindings::mprun::host::toast;
use crate::call::Call;
use crate::gate::{InView, Stop};

/// Characters of one toast.
const CHARACTERS_MAX: usize = 200;

impl toast::Host for Call {
    fn show(&mut self, text: String) -> Result<u64, Stop> {
        self.pass(Capability::Toast, "show", text.len())?;
        let characters = text.chars().count();
        if !(1..=CHARACTERS_MAX).contains(&characters) {
            return Err(Stop::invalid(format!("expected 1 to {CHARACTERS_MAX} characters, got {characters}")));
        }
        if text.chars().any(char::is_control) {
            return Err(Stop::invalid("expected one line without control characters"));
        }
        let transaction = self.transaction()?;
        let max = transaction.limits.toasts_waiting_max;
        if transaction.toasts_waiting() >= max {
            return Err(Stop::limited(format!("at most {max} toasts wait at a time")));
        }
        transaction.ask(AskKind::Toast, text.into_bytes(), Vec::new(), None)
    }
}

impl toast::Host for InView<'_> {
    fn show(&mut self, _text: String) -> Result<u64, Stop> {
        Err(in_view("toast.show"))
    }
}
