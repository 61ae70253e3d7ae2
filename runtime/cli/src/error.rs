//! Decides how a command ends badly: what kind of failure it is, what is printed
//! and which exit code the shell sees. Kinds are chosen where the cause is known,
//! prefix and code in one place ([`Kind::face`]).

use std::{error::Error, fmt, io, process::ExitCode};

use anyhow::anyhow;

use crate::output;

/// Whose turn it is to do something about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The user's, or the author's: a file, a bundle, a program that fails.
    User,
    /// The user's: the command line is not one.
    Usage,
    /// Nobody's: who read the output went away.
    BrokenPipe,
    /// Ours, or the machine's.
    Internal,
}

impl Kind {
    /// What stands before the message, and the exit code.
    pub(crate) fn face(self) -> (Option<&'static str>, ExitCode) {
        let (prefix, code) = match self {
            Kind::User => (Some("error"), 1),
            Kind::Usage => (Some("error"), 2),
            // Whoever closed the pipe knows; a message would only disturb.
            Kind::BrokenPipe => (None, 3),
            Kind::Internal => (Some("internal error"), 255),
        };
        (prefix, ExitCode::from(code))
    }
}

/// How a command failed.
#[derive(Debug)]
pub(crate) struct CommandError {
    pub(crate) kind: Kind,
    pub(crate) error: anyhow::Error,
    /// Each says the exact thing to do, on a line of its own.
    pub(crate) hints: Vec<String>,
}

impl CommandError {
    fn new(kind: Kind, error: anyhow::Error) -> CommandError {
        CommandError { kind, error, hints: Vec::new() }
    }

    /// Adds what to do about it.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> CommandError {
        self.hints.push(hint.into());
        self
    }

    /// As [`CommandError::hint`], where there may be none.
    pub(crate) fn maybe_hint(mut self, hint: Option<impl Into<String>>) -> CommandError {
        self.hints.extend(hint.map(Into::into));
        self
    }

    /// Says on stderr what happened, and chooses the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        let (prefix, code) = self.kind.face();
        if let Some(prefix) = prefix {
            output::error(prefix, &chain(self.error.as_ref()));
            for hint in &self.hints {
                output::hint(hint);
            }
        }
        code
    }
}

/// The message and its causes. A cause that the message already contains (many
/// libraries put it there as well) is not said twice.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let said = cause.to_string();
        if !text.contains(&said) {
            text.push_str("\n  caused by: ");
            text.push_str(&said.replace('\n', "\n    "));
        }
        source = cause.source();
    }
    text
}

/// A failure that the user or the author can do something about.
pub(crate) fn user(message: impl fmt::Display) -> CommandError {
    CommandError::new(Kind::User, anyhow!("{message}"))
}

/// A command line that makes no sense.
pub(crate) fn usage(message: impl fmt::Display) -> CommandError {
    CommandError::new(Kind::Usage, anyhow!("{message}"))
}

/// As [`user`], with what caused it.
pub(crate) fn user_with(
    message: impl fmt::Display + fmt::Debug + Send + Sync + 'static,
    cause: impl Into<anyhow::Error>,
) -> CommandError {
    CommandError::new(Kind::User, cause.into().context(message))
}

/// A failure of this machine or of mprun itself.
pub(crate) fn internal(
    message: impl fmt::Display + fmt::Debug + Send + Sync + 'static,
    cause: impl Into<anyhow::Error>,
) -> CommandError {
    CommandError::new(Kind::Internal, cause.into().context(message))
}

/// What a failed write to stdout means.
pub(crate) fn stdout(error: io::Error) -> CommandError {
    let (kind, hint) = match error.kind() {
        io::ErrorKind::BrokenPipe => (Kind::BrokenPipe, None),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            (Kind::User, Some("no space left: make some, or send the output somewhere else"))
        }
        _ => (Kind::User, None),
    };
    CommandError::new(kind, anyhow::Error::new(error).context("cannot write to stdout")).maybe_hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_said_once_and_in_order() {
        let io = io::Error::other("disk is full");
        let error = user_with("cannot write `a`", io);
        assert_eq!(chain(error.error.as_ref()), "cannot write `a`\n  caused by: disk is full");

        let io = io::Error::other("disk is full");
        let error = user_with("cannot write `a`: disk is full", io);
        assert_eq!(chain(error.error.as_ref()), "cannot write `a`: disk is full");
    }

    #[test]
    fn a_closed_pipe_is_a_kind_of_its_own() {
        let closed = stdout(io::ErrorKind::BrokenPipe.into());
        assert_eq!((closed.kind, closed.hints.len()), (Kind::BrokenPipe, 0));
        let full = stdout(io::ErrorKind::StorageFull.into());
        assert_eq!(full.kind, Kind::User);
        assert!(full.hints[0].starts_with("no space left"), "{:?}", full.hints);
    }
}
