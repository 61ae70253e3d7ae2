//! Everything in one file: SQLite with write-ahead logging.
//!
//! One thread writes, because SQLite has one writer anyway and a queue in front of
//! it is fairer than a lock; what waits in the queue shares one transaction and
//! so one wait for the disk. Reads run where they are asked for, on connections
//! of their own: they never wait for the writer. Several processes may use one
//! file.

mod commit;
mod read;
mod schema;
mod writer;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use mprun_core::identity::{AppId, PageId, ProgramId, UserId};
use rusqlite::{Connection, ErrorCode};

use crate::{
    Answer, AppRow, Ask, AskFilter, AskId, BindError, Commit, CommitError, Committed, EventId, PageRow, PageSummary,
    ReadError, Scope, Snapshot, Storage, StorageError,
};
use writer::{Job, Writer};

/// Idle read connections that are kept. There are never more in use than threads
/// that read; each takes up to 2 MiB of page cache.
const IDLE_READERS_MAX: usize = 16;

/// Events that are looked at in one go, so that a thread has other things to do in
/// between, and about as many are forgotten in one transaction, so that commits get
/// in between.
const PRUNE_STEP: u32 = 1_000;

/// What an acknowledged commit survives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Durability {
    /// The death of the process, of the system and of the power.
    #[default]
    Full,
    /// The death of the process. After a power cut the last commits may be
    /// missing; the file stays whole.
    Normal,
}

/// [`Storage`] in one SQLite file.
pub struct SqliteStorage {
    // Dropped in this order: the writer finishes what it was given, then the
    // last connection to close cleans up the write-ahead log.
    writer: Writer,
    readers: Readers,
}

impl SqliteStorage {
    /// Opens the file at `path`, or creates it; its folder must exist. Every
    /// acknowledged commit survives a power cut.
    ///
    /// Fails with [`StorageError::Foreign`] or [`StorageError::NewerSchema`] where
    /// the file is not ours to use; it is left as it was.
    pub fn open(path: &Path) -> Result<SqliteStorage, StorageError> {
        SqliteStorage::open_with(path, Durability::Full)
    }

    /// As [`SqliteStorage::open`], with a choice of what a commit waits for.
    pub fn open_with(path: &Path, durability: Durability) -> Result<SqliteStorage, StorageError> {
        let writer = Writer::start(schema::open_writer(path, durability)?)?;
        let readers = Readers { path: path.to_owned(), idle: Mutex::new(Vec::new()) };
        Ok(SqliteStorage { writer, readers })
    }
}

/// Read connections that nobody uses at the moment.
struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    /// Runs `read` on a connection. One statement sees one moment; `read` must not
    /// compare what two statements say.
    fn with<T, E: From<StorageError>>(&self, read: impl FnOnce(&Connection) -> Result<T, E>) -> Result<T, E> {
        let idle = self.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => schema::open_reader(&self.path)?,
        };
        // One statement, which is over: also after an error nothing is left open.
        let answer = read(&connection);
        let mut idle = self.idle();
        if idle.len() < IDLE_READERS_MAX {
            idle.push(connection);
        }
        answer
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        // Only whole pushes and pops happen under the lock.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Storage for SqliteStorage {
    fn knows<'a>(&'a self, user: &'a UserId) -> Answer<'a, Result<bool, StorageError>> {
        Box::pin(async move { self.readers.with(|c| read::knows(c, user)) })
    }

    fn app<'a>(&'a self, scope: &'a Scope) -> Answer<'a, Result<AppRow, StorageError>> {
        Box::pin(async move { self.readers.with(|c| read::app(c, scope)) })
    }

    fn snapshot<'a>(&'a self, scope: &'a Scope, page: PageId) -> Answer<'a, Result<Snapshot, StorageError>> {
        Box::pin(async move { self.readers.with(|c| read::snapshot(c, scope, page)) })
    }

    fn page<'a>(&'a self, scope: &'a Scope, page: PageId) -> Answer<'a, Result<Option<PageRow>, StorageError>> {
        Box::pin(async move { self.readers.with(|c| read::page(c, scope, page)) })
    }

    fn pages<'a>(&'a self, scope: &'a Scope) -> Answer<'a, Result<Vec<PageSummary>, StorageError>> {
        Box::pin(async move { self.readers.with(|c| read::pages(c, scope)) })
    }

    fn stack<'a>(&'a self, scope: &'a Scope, page: PageId) -> Answer<'a, Result<Vec<PageSummary>, StorageError>> {
        Box::pin(async move { self.readers.with(|c| read::stack(c, scope, page)) })
    }

    fn get<'a>(
        &'a self,
        scope: &'a Scope,
        revision: u64,
        key: &'a str,
    ) -> Answer<'a, Result<Option<Vec<u8>>, ReadError>> {
        Box::pin(async move { self.readers.with(|c| read::get(c, scope, revision, key)) })
    }

    fn keys<'a>(
        &'a self,
        scope: &'a Scope,
        revision: u64,
        prefix: &'a str,
        after: Option<&'a str>,
        limit: u32,
    ) -> Answer<'a, Result<Vec<String>, ReadError>> {
        Box::pin(async move { self.readers.with(|c| read::keys(c, scope, revision, prefix, after, limit)) })
    }

    fn event<'a>(&'a self, scope: &'a Scope, event: EventId) -> Answer<'a, Result<Option<Vec<u8>>, StorageError>> {
        Box::pin(async move { self.readers.with(|c| read::event(c, scope, event)) })
    }

    fn ask<'a>(&'a self, scope: &'a Scope, ask: AskId) -> Answer<'a, Result<Option<Ask>, StorageError>> {
        Box::pin(async move { self.readers.with(|c| read::ask(c, scope, ask)) })
    }

    fn asks<'a>(&'a self, scope: &'a Scope, filter: AskFilter) -> Answer<'a, Result<Vec<Ask>, StorageError>> {
        Box::pin(async move { self.readers.with(|c| read::asks(c, scope, filter)) })
    }

    fn due(&self, now_ms: u64, limit: u32) -> Answer<'_, Result<Vec<(Scope, Ask)>, StorageError>> {
        Box::pin(async move { self.readers.with(|c| read::due(c, now_ms, limit)) })
    }

    fn next_due(&self) -> Answer<'_, Result<Option<u64>, StorageError>> {
        Box::pin(async move { self.readers.with(read::next_due) })
    }

    fn commit<'a>(&'a self, scope: &'a Scope, commit: Commit) -> Answer<'a, Result<Committed, CommitError>> {
        let scope = scope.clone();
        Box::pin(self.writer.ask(move |answer| Job::Commit { scope, commit: Box::new(commit), answer }))
    }

    fn secret<'a>(&'a self, name: &'a str) -> Answer<'a, Result<[u8; 32], StorageError>> {
        Box::pin(async move {
            if let Some(secret) = self.readers.with(|c| read::secret(c, name))? {
                return Ok(secret);
            }
            let name = name.to_owned();
            self.writer.ask(|answer| Job::Secret { name, answer }).await
        })
    }

    fn prune(&self, before_ms: u64) -> Answer<'_, Result<u64, StorageError>> {
        Box::pin(async move {
            let mut pruned = 0;
            let mut old = Vec::new();
            let mut next = Some(read::BEFORE_ALL_EVENTS);
            while let Some(after) = next {
                let looked = self.readers.with(|c| read::old_events(c, before_ms, after, PRUNE_STEP))?;
                old.extend(looked.old);
                next = looked.last;
                if old.len() >= PRUNE_STEP as usize || (next.is_none() && !old.is_empty()) {
                    let events = std::mem::take(&mut old);
                    pruned += self.writer.ask(|answer| Job::Prune { before_ms, events, answer }).await?;
                }
                tokio::task::yield_now().await;
            }
            Ok(pruned)
        })
    }

    fn bind<'a>(&'a self, program: &'a ProgramId) -> Answer<'a, Result<(), BindError>> {
        let program = program.clone();
        Box::pin(self.writer.ask(|answer| Job::Bind { program, answer }))
    }

    fn release<'a>(&'a self, app_id: &'a AppId) -> Answer<'a, Result<bool, StorageError>> {
        let app_id = app_id.clone();
        Box::pin(self.writer.ask(|answer| Job::Release { app_id, answer }))
    }
}

/// Turns an error of SQLite into ours.
fn failed(doing: &'static str) -> impl Fn(rusqlite::Error) -> StorageError {
    use rusqlite::Error::{FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, Utf8Error};
    move |error| match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StorageError::Busy,
        Some(ErrorCode::NotADatabase) => StorageError::Foreign,
        Some(ErrorCode::DatabaseCorrupt) => StorageError::Damaged { what: error.to_string() },
        _ => match error {
            FromSqlConversionFailure(..) | IntegralValueOutOfRange(..) | InvalidColumnType(..) | Utf8Error(..) => {
                StorageError::Damaged { what: format!("{doing}: {error}") }
            }
            error => StorageError::Backend { doing, source: Arc::new(error) },
        },
    }
}

/// A number as SQLite keeps it. Nothing above 63 bits is ever written
/// ([`crate::limits::check`]); in a comparison the largest number stands for all
/// that are larger.
fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
