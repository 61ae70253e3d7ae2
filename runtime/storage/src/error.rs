//! Why storage refused or failed: one enum for each kind of operation, so that a
//! caller cannot forget the refusal that only its operation has.

use std::sync::Arc;

use crate::AskId;

/// The backend could not do it. A commit that ends like this has not happened as
/// far as anybody can read; only where the disk failed in the middle of it, it may
/// be there after a restart.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StorageError {
    /// The data were written by a newer version of this program.
    #[error("the data have schema version {found}, expected at most {known}")]
    NewerSchema {
        /// The version found.
        found: i64,
        /// The newest version that this program knows.
        known: i64,
    },
    /// The file is a database, but not one of ours.
    #[error("the file is a database of another application")]
    Foreign,
    /// A row cannot be what was written.
    #[error("the data are damaged: {what}")]
    Damaged {
        /// Which row or value, and what was expected.
        what: String,
    },
    /// Somebody else (another process) holds the data for longer than we wait.
    #[error("the data are locked by another process")]
    Busy,
    /// The backend was closed, or its writer ended after a failure.
    #[error("storage is closed")]
    Closed,
    /// The operating system gave no random bytes.
    #[error("no random bytes for a new secret")]
    Random,
    /// The backend's own words.
    #[error("{doing} failed")]
    Backend {
        /// What was being done.
        doing: &'static str,
        /// The backend's error.
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
}

/// Why a read at a revision has no answer.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Another commit got ahead: what was read so far is no longer true.
    #[error("the data have moved on to revision {current}")]
    Moved {
        /// The revision now.
        current: u64,
    },
    /// The backend could not do it.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why a commit did not happen.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// The event was committed before.
    #[error("the event was committed before")]
    Duplicate {
        /// Its recorded outcome.
        outcome: Vec<u8>,
    },
    /// An ask that the commit consumes is done or taken back already.
    #[error("ask `{}` is no longer open", ask.0)]
    Gone {
        /// Which ask.
        ask: AskId,
    },
    /// Another commit got ahead.
    #[error("the data have moved on to revision {current}")]
    Conflict {
        /// The revision now.
        current: u64,
    },
    /// More than may be kept.
    #[error("{what}: expected at most {max}, got {got}")]
    Limit {
        /// What there is too much of, with its unit.
        what: &'static str,
        /// How much there may be.
        max: u64,
        /// How much there would be.
        got: u64,
    },
    /// The commit contradicts itself or the data: the host's mistake.
    #[error("a commit that makes no sense: {what}")]
    Invalid {
        /// What is wrong with it.
        what: &'static str,
    },
    /// The backend could not do it.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why an `app_id` was not bound.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The `app_id` belongs to somebody else.
    #[error("`{app_id}` belongs to the namespace `{namespace}` on this host")]
    Taken {
        /// The `app_id`.
        app_id: String,
        /// Whose it is.
        namespace: String,
    },
    /// The backend could not do it.
    #[error(transparent)]
    Storage(#[from] StorageError),
}
