//! Where page instances, program states, keys, asks and event ids are kept.
//!
//! [`Storage`] is the one trait; [`sqlite::SqliteStorage`] keeps everything in one
//! file; [`conformance`] is what every backend has to pass. An event changes
//! everything that it changes in one [`Commit`], once, whenever it is sent and
//! wherever a process dies.

pub mod conformance;
mod error;
pub mod limits;
mod rows;
pub mod sqlite;
mod storage;

pub use error::{BindError, CommitError, ReadError, StorageError};
pub use rows::{
    AppRow, Ask, AskFilter, AskId, AskKind, Commit, Committed, EventId, EventRow, PageRow, PageSummary, Scope, Snapshot,
};
pub use storage::{Answer, Storage};
