//! What the host knows of one call: the data of a store. It lives and dies with
//! its instance; what should outlive a success is in its transaction.

use std::sync::Arc;

use tokio::time::Instant;

use crate::budget::Usage;
use crate::loader::Program;
use crate::session::transaction::Transaction;

/// Bytes that are kept of a panic's text.
const PANIC_BYTES_MAX: usize = 2 * 1024;

/// Why the host itself ended a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// Another event of the same user got ahead: run again.
    Moved,
    /// The storage failed; the text is for the log.
    Storage(String),
}

impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            End::Moved => f.write_str("another event got ahead"),
            End::Storage(error) => write!(f, "the storage failed: {error}"),
        }
    }
}

/// The data of a store.
#[derive(Debug)]
pub(crate) struct Call {
    /// Whose code runs.
    pub(crate) program: Arc<Program>,
    /// What was used up so far.
    pub(crate) usage: Usage,
    /// When it has to be over.
    pub(crate) deadline: Instant,
    /// What the event reads and wants to change; `None` in `view`.
    pub(crate) transaction: Option<Transaction>,
    /// Why the host ended it.
    pub(crate) end: Option<End>,
    /// The text of the program's last panic.
    pub(crate) panic: Option<String>,
    /// Messages for the log that are still allowed.
    pub(crate) log_left: usize,
    /// Bytes of one such message.
    pub(crate) log_message_bytes_max: usize,
    /// How many messages were beyond that.
    pub(crate) log_dropped: u64,
}

impl Call {
    /// Keeps the text of a panic: the program is about to trap.
    pub(crate) fn panicked(&mut self, message: &str) {
        self.panic = Some(cut(message, PANIC_BYTES_MAX).to_owned());
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if self.log_dropped > 0 {
            self.program.journal().line(self.program.id(), || {
                tracing::warn!(
                    target: "mprun::program",
                    program = %self.program.id(),
                    dropped = self.log_dropped,
                    "more log messages than one event may write"
                );
            });
        }
    }
}

/// The beginning of `text`, at most `bytes` long, whole characters.
pub(crate) fn cut(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or_default()
}
