//! What can go wrong with a page, in two languages: a sentence for the user that
//! says what happened and that nothing was changed, and a detail for whoever
//! wrote the program. Of a failed call nothing is kept, whatever it was.

use std::time::Duration;

use crate::bindings::exports::mprun::app::program::Failure;
use crate::budget::Limit;
use crate::call::cut;

/// Bytes that are kept of a failure's message.
const MESSAGE_BYTES_MAX: usize = 2_000;
/// Entries that are kept of a failure's details, and bytes of each text in them.
const DETAILS_MAX: usize = 64;
const DETAIL_BYTES_MAX: usize = 500;

/// Why there is no page, or why an event was not handled. The text is for
/// developers; [`PageError::plain`] is for users.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// The manifest has no such page, or the program says that there is nothing
    /// to show.
    #[error("page `{route}` does not exist")]
    NotFound {
        /// The page's route.
        route: String,
    },
    /// The program refused.
    #[error("the program refused: {message}")]
    Guest {
        /// What it says to the user.
        message: String,
    },
    /// The program broke: a panic, or another trap, or an answer that the
    /// contract does not allow.
    #[error("the program broke ({what}): {detail}")]
    Trap {
        /// `panic`, `trap` or `contract`.
        what: &'static str,
        /// The panic's text with file and line, or the trap and where it was.
        detail: String,
    },
    /// The program used up a limit.
    #[error("the program reached the limit `{limit}`: {detail}")]
    Exhausted {
        /// Which one.
        limit: Limit,
        /// Where.
        detail: String,
    },
    /// The frame that `view` returned breaks the grammar.
    #[error("the view is not valid: {detail}")]
    View {
        /// Which operation, and why.
        detail: String,
    },
    /// The request is not one that a page of ours would send.
    #[error("the request is not valid: {what}")]
    Invalid {
        /// What is wrong with it.
        what: String,
    },
    /// What was typed is more than is kept, or taken: nothing of it is, because a
    /// part would not be what the user wrote.
    #[error("what was typed is too large: {what}")]
    TooLarge {
        /// What is, and how large it may be.
        what: String,
    },
    /// Too many requests are waiting, for the program or the user's data.
    #[error("the host is busy")]
    Busy {
        /// When it is worth trying again.
        retry_after: Duration,
    },
    /// The host itself failed. The log has the details under `id`.
    #[error("the host failed, see `{id}` in its log")]
    Internal {
        /// What to look for in the log.
        id: String,
    },
}

impl PageError {
    /// A host failure: writes the details to the log and keeps a name for them.
    pub(crate) fn internal(error: &dyn std::fmt::Display) -> PageError {
        let mut bytes = [0; 6];
        // Without random bytes the id is worth less, and the message all the same.
        let _ = getrandom::fill(&mut bytes);
        let id: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        tracing::error!(id, "{error}");
        PageError::Internal { id }
    }

    pub(crate) fn busy() -> PageError {
        PageError::Busy { retry_after: Duration::from_secs(1) }
    }

    /// A name for the kind of error: `not-found`, `guest`, `trap`, `exhausted`,
    /// `view`, `invalid`, `too-large`, `busy` or `internal`.
    pub fn kind(&self) -> &'static str {
        match self {
            PageError::NotFound { .. } => "not-found",
            PageError::Guest { .. } => "guest",
            PageError::Trap { .. } => "trap",
            PageError::Exhausted { .. } => "exhausted",
            PageError::View { .. } => "view",
            PageError::Invalid { .. } => "invalid",
            PageError::TooLarge { .. } => "too-large",
            PageError::Busy { .. } => "busy",
            PageError::Internal { .. } => "internal",
        }
    }

    /// What a user is told.
    pub fn plain(&self) -> String {
        match self {
            PageError::NotFound { .. } => "This page does not exist.".to_owned(),
            PageError::Guest { message } => message.clone(),
            PageError::Trap { .. } => {
                "The mini-program stopped because of a mistake in it. Nothing was changed.".to_owned()
            }
            PageError::Exhausted { limit, .. } => {
                format!("The mini-program {} and was stopped. Nothing was changed.", limit.plain())
            }
            PageError::View { .. } => "The mini-program made a page that cannot be shown.".to_owned(),
            PageError::Invalid { .. } => "This request cannot be understood. Nothing was changed.".to_owned(),
            PageError::TooLarge { .. } => {
                "This is more text than can be kept of a page. Nothing was changed. Please shorten what you typed."
                    .to_owned()
            }
            PageError::Busy { .. } => "There is a lot to do just now. Please try again in a moment.".to_owned(),
            PageError::Internal { .. } => {
                "Something went wrong here, not with you and not with the mini-program. Please try again.".to_owned()
            }
        }
    }

    /// What a developer wants to know, where there is more than the kind.
    pub fn detail(&self) -> Option<&str> {
        match self {
            PageError::Trap { detail, .. } | PageError::Exhausted { detail, .. } | PageError::View { detail } => {
                Some(detail)
            }
            PageError::Invalid { what } | PageError::TooLarge { what } => Some(what),
            PageError::Internal { id } => Some(id),
            PageError::NotFound { route } => Some(route),
            PageError::Guest { .. } | PageError::Busy { .. } => None,
        }
    }

    /// The limit that was reached, if it was one.
    pub fn limit(&self) -> Option<Limit> {
        match self {
            PageError::Exhausted { limit, .. } => Some(*limit),
            _ => None,
        }
    }

    /// Whether it came out of the program's own code, be it wrong or as it meant.
    pub fn is_of_program(&self) -> bool {
        self.is_programs_fault() || matches!(self, PageError::Guest { .. } | PageError::NotFound { .. })
    }

    /// Whether the program is to blame: its developer should know.
    pub(crate) fn is_programs_fault(&self) -> bool {
        matches!(self, PageError::Trap { .. } | PageError::Exhausted { .. } | PageError::View { .. })
    }
}

/// How a page came not to be: like [`PageError`], but for the session, which runs
/// events again.
#[derive(Debug)]
pub(crate) enum Fault {
    /// Another event of the same user got ahead: run again.
    Moved,
    /// Nothing can be done.
    Page(PageError),
}

impl From<PageError> for Fault {
    fn from(error: PageError) -> Fault {
        Fault::Page(error)
    }
}

impl From<mprun_storage::StorageError> for Fault {
    fn from(error: mprun_storage::StorageError) -> Fault {
        Fault::Page(storage_failed(&error))
    }
}

/// The storage's failure as a page's.
pub(crate) fn storage_failed(error: &mprun_storage::StorageError) -> PageError {
    match error {
        mprun_storage::StorageError::Busy => PageError::busy(),
        other => {
            let mut text = other.to_string();
            let mut source = std::error::Error::source(other);
            while let Some(error) = source {
                text.push_str(": ");
                text.push_str(&error.to_string());
                source = error.source();
            }
            PageError::internal(&text)
        }
    }
}

/// A refusal of the program, cut to what is kept of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// A message for the user.
    Error(String),
    /// Nothing to show.
    NotFound(String),
    /// Fields that are wrong, by their name, with the reason; and a sentence.
    Invalid(String, Vec<(String, String)>),
    /// A state or message of another version.
    Incompatible(String),
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Refusal {
        let message = clean(&failure.message, MESSAGE_BYTES_MAX);
        match failure.code {
            2 => Refusal::NotFound(message),
            3 => Refusal::Invalid(
                message,
                failure
                    .details
                    .iter()
                    .take(DETAILS_MAX)
                    .map(|(name, why)| (cut(name, DETAIL_BYTES_MAX).to_owned(), clean(why, DETAIL_BYTES_MAX)))
                    .collect(),
            ),
            4 => Refusal::Incompatible(message),
            _ => Refusal::Error(message),
        }
    }
}

impl Refusal {
    /// What the user is told where nothing better can be done with it.
    pub(crate) fn message(&self) -> String {
        let message = match self {
            Refusal::Error(message)
            | Refusal::NotFound(message)
            | Refusal::Invalid(message, _)
            | Refusal::Incompatible(message) => message,
        };
        if message.is_empty() { "The mini-program could not do this.".to_owned() } else { message.clone() }
    }

    /// The refusal of `launch`, `load` or `view` of the page `route`.
    pub(crate) fn of_page(self, route: &str) -> PageError {
        match self {
            Refusal::NotFound(_) => PageError::NotFound { route: route.to_owned() },
            other => PageError::Guest { message: other.message() },
        }
    }
}

/// Text of a program as the host shows it: cut, and without characters that
/// could move a terminal's cursor.
fn clean(text: &str, bytes: usize) -> String {
    cut(text, bytes).chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_cut_and_have_no_control_characters() {
        let failure = |code, message: String, details| Failure { code, message, details };
        let Refusal::Error(message) = failure(1, "é".repeat(2_000), Vec::new()).into() else { panic!() };
        assert_eq!(message.len(), 2_000);
        let Refusal::Error(message) = failure(77, "a\u{1b}[2J".into(), Vec::new()).into() else { panic!() };
        assert_eq!(message, "a\u{fffd}[2J");
        let details = (0..100).map(|n| (n.to_string(), "x".repeat(1_000))).collect();
        let Refusal::Invalid(_, details) = failure(3, String::new(), details).into() else { panic!() };
        assert_eq!(details.len(), 64);
        assert!(details.iter().all(|(_, why)| why.len() == 500));
    }

    #[test]
    fn users_are_not_told_of_traps_and_limits() {
        let trap = PageError::Trap { what: "panic", detail: "src/lib.rs:7: oh".into() };
        assert!(!trap.plain().contains("src/lib.rs"));
        assert_eq!(trap.detail(), Some("src/lib.rs:7: oh"));
        let fuel = PageError::Exhausted { limit: Limit::Fuel, detail: String::new() };
        assert_eq!(fuel.plain(), "The mini-program took too long and was stopped. Nothing was changed.");
        assert_eq!(fuel.limit(), Some(Limit::Fuel));
    }
}
