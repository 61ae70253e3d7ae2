//! How much one program can make the host write into its log: its own messages
//! and the reports of its failures. A program that fails at every request must
//! not fill the operator's disk, nor hide what others have to say.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Lines of one program in one window.
const LINES_MAX: u32 = 100;

/// How long a window is.
const WINDOW: Duration = Duration::from_secs(10);

/// Counts the lines of one program.
#[derive(Debug, Default)]
pub(crate) struct Journal(Mutex<Window>);

#[derive(Debug, Default)]
struct Window {
    began: Option<Instant>,
    lines: u32,
    dropped: u64,
}

impl Journal {
    /// Writes a line with `write`, if the program may have one more now.
    pub(crate) fn line(&self, program: &mprun_core::identity::ProgramId, write: impl FnOnce()) {
        match self.admit(Instant::now()) {
            Some(0) => write(),
            Some(dropped) => {
                tracing::warn!(%program, dropped, "more lines than a program may write into the log");
                write();
            }
            None => {}
        }
    }

    /// Whether there may be one more line, and how many were dropped before it.
    fn admit(&self, now: Instant) -> Option<u64> {
        // A poisoned lock holds a valid value: nothing can panic while it is held.
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if window.began.is_none_or(|began| now.duration_since(began) >= WINDOW) {
            window.began = Some(now);
            window.lines = 0;
        }
        if window.lines == LINES_MAX {
            window.dropped += 1;
            return None;
        }
        window.lines += 1;
        Some(std::mem::take(&mut window.dropped))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_has_so_many_lines_in_a_window_and_is_told_on() {
        let (journal, start) = (Journal::default(), Instant::now());
        for _ in 0..LINES_MAX {
            assert_eq!(journal.admit(start), Some(0));
        }
        for _ in 0..7 {
            assert_eq!(journal.admit(start + WINDOW / 2), None);
        }
        assert_eq!(journal.admit(start + WINDOW), Some(7));
        assert_eq!(journal.admit(start + WINDOW), Some(0));
    }
}
