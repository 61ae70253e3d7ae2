//! The thread that writes, and the queue in front of it.
//!
//! What waits in the queue is done in one transaction, each job in a savepoint of
//! its own: a refused job leaves nothing behind and disturbs no other. Nobody is
//! answered before the transaction is on the disk; if that fails, everybody in
//! it is told so.

use std::{sync::Arc, thread};

use mprun_core::identity::{AppId, NAMESPACE_DEV, ProgramId};
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::{commit, failed, read};
use crate::{BindError, Commit, CommitError, Committed, Scope, StorageError};

/// Jobs that may wait; whoever comes then waits for a place in the queue.
const QUEUE_MAX: usize = 1_024;

/// Jobs that share a transaction at most: what a first one waits for the others.
const BATCH_MAX: usize = 64;

type Answer<T, E> = oneshot::Sender<Result<T, E>>;

/// Something to be written.
pub(super) enum Job {
    /// See [`crate::Storage::commit`].
    Commit { scope: Scope, commit: Box<Commit>, answer: Answer<Committed, CommitError> },
    /// See [`crate::Storage::secret`].
    Secret { name: String, answer: Answer<[u8; 32], StorageError> },
    /// See [`crate::Storage::prune`]; of these events.
    Prune { before_ms: u64, events: Vec<read::EventKey>, answer: Answer<u64, StorageError> },
    /// See [`crate::Storage::bind`].
    Bind { program: ProgramId, answer: Answer<(), BindError> },
    /// See [`crate::Storage::release`].
    Release { app_id: AppId, answer: Answer<bool, StorageError> },
}

/// The writing thread. Dropping it finishes what is in the queue and waits.
pub(super) struct Writer {
    /// `None` only while it is dropped.
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread that owns `connection`.
    pub(super) fn start(connection: Connection) -> Result<Writer, StorageError> {
        let (jobs, queue) = mpsc::channel(QUEUE_MAX);
        let thread = thread::Builder::new()
            .name("mprun-storage".to_owned())
            .spawn(move || run(&connection, queue))
            .map_err(|error| StorageError::Backend { doing: "starting the writer", source: Arc::new(error) })?;
        Ok(Writer { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Puts a job into the queue and waits for its answer.
    pub(super) async fn ask<T, E: From<StorageError>>(&self, job: impl FnOnce(Answer<T, E>) -> Job) -> Result<T, E> {
        let (answer, answered) = oneshot::channel();
        let job = job(answer);
        let sent = match &self.jobs {
            Some(jobs) => jobs.send(job).await.is_ok(),
            None => false,
        };
        if !sent {
            return Err(StorageError::Closed.into());
        }
        answered.await.unwrap_or_else(|_| Err(StorageError::Closed.into()))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Without senders the queue ends, and with it the thread.
        self.jobs = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("The thread that writes to storage has panicked.");
        }
    }
}

fn run(connection: &Connection, mut queue: mpsc::Receiver<Job>) {
    while let Some(first) = queue.blocking_recv() {
        let mut batch = vec![first];
        while batch.len() < BATCH_MAX
            && let Ok(job) = queue.try_recv()
        {
            batch.push(job);
        }
        write(connection, batch);
    }
}

/// Does a batch in one transaction, and answers everybody in it.
fn write(connection: &Connection, batch: Vec<Job>) {
    let mut done = Vec::with_capacity(batch.len());
    let mut jobs = batch.into_iter();
    let written = transact(connection, &mut jobs, &mut done);
    if let Err(error) = &written {
        tracing::error!(%error, "Storage could not write.");
        if !connection.is_autocommit()
            && let Err(error) = connection.execute_batch("ROLLBACK")
        {
            // The next batch will fail to begin, and say so.
            tracing::error!(%error, "Storage could not roll back.");
        }
    }
    for finished in done {
        finished.send(written.clone());
    }
    // Jobs that were not reached because the transaction ended before them.
    for job in jobs {
        job.refuse(written.clone().err().unwrap_or(StorageError::Closed));
    }
}

fn transact(
    connection: &Connection,
    jobs: &mut impl Iterator<Item = Job>,
    done: &mut Vec<Finished>,
) -> Result<(), StorageError> {
    // At once, not at the first write: a transaction that has read cannot be made
    // to wait for another process any more.
    execute(connection, "BEGIN IMMEDIATE")?;
    for job in jobs {
        execute(connection, "SAVEPOINT job")?;
        let (finished, good) = job.run(connection);
        done.push(finished);
        if !good {
            // Fails where SQLite has given up the whole transaction (disk full).
            execute(connection, "ROLLBACK TO job")?;
        }
        execute(connection, "RELEASE job")?;
    }
    execute(connection, "COMMIT")
}

fn execute(connection: &Connection, sql: &str) -> Result<(), StorageError> {
    let failed = failed("writing");
    let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
    statement.execute([]).map_err(&failed)?;
    Ok(())
}

/// A job that was done or refused, and is not on the disk yet.
enum Finished {
    Commit(Pending<Committed, CommitError>),
    Secret(Pending<[u8; 32], StorageError>),
    Prune(Pending<u64, StorageError>),
    Bind(Pending<(), BindError>),
    Release(Pending<bool, StorageError>),
}

struct Pending<T, E> {
    answer: Answer<T, E>,
    result: Result<T, E>,
}

impl<T, E: From<StorageError>> Pending<T, E> {
    /// Answers, once it is known whether the transaction was written. Whoever
    /// asked may be gone; then nobody needs to know.
    fn send(self, written: Result<(), StorageError>) {
        let result = match written {
            Ok(()) => self.result,
            Err(error) => Err(error.into()),
        };
        let _ = self.answer.send(result);
    }
}

impl Finished {
    fn send(self, written: Result<(), StorageError>) {
        match self {
            Finished::Commit(pending) => pending.send(written),
            Finished::Secret(pending) => pending.send(written),
            Finished::Prune(pending) => pending.send(written),
            Finished::Bind(pending) => pending.send(written),
            Finished::Release(pending) => pending.send(written),
        }
    }
}

impl Job {
    /// Does the job inside the open transaction. The flag says whether what it
    /// wrote may stay.
    fn run(self, connection: &Connection) -> (Finished, bool) {
        match self {
            Job::Commit { scope, commit, answer } => {
                let result = commit::apply(connection, &scope, &commit);
                let good = result.is_ok();
                (Finished::Commit(Pending { answer, result }), good)
            }
            Job::Secret { name, answer } => {
                let result = make_secret(connection, &name);
                let good = result.is_ok();
                (Finished::Secret(Pending { answer, result }), good)
            }
            Job::Prune { before_ms, events, answer } => {
                let result = commit::prune(connection, before_ms, &events);
                let good = result.is_ok();
                (Finished::Prune(Pending { answer, result }), good)
            }
            Job::Bind { program, answer } => {
                let result = bind(connection, &program);
                let good = result.is_ok();
                (Finished::Bind(Pending { answer, result }), good)
            }
            Job::Release { app_id, answer } => {
                let result = release(connection, &app_id);
                let good = result.is_ok();
                (Finished::Release(Pending { answer, result }), good)
            }
        }
    }

    /// Answers a job that was not tried.
    fn refuse(self, error: StorageError) {
        match self {
            Job::Commit { answer, .. } => drop(answer.send(Err(error.into()))),
            Job::Secret { answer, .. } => drop(answer.send(Err(error))),
            Job::Prune { answer, .. } => drop(answer.send(Err(error))),
            Job::Bind { answer, .. } => drop(answer.send(Err(error.into()))),
            Job::Release { answer, .. } => drop(answer.send(Err(error))),
        }
    }
}

fn make_secret(connection: &Connection, name: &str) -> Result<[u8; 32], StorageError> {
    // Somebody may have made it since the caller looked.
    if let Some(secret) = read::secret(connection, name)? {
        return Ok(secret);
    }
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(|_| StorageError::Random)?;
    let failed = failed("making a secret");
    connection
        .prepare_cached("INSERT INTO secrets (name, value) VALUES (?1, ?2)")
        .map_err(&failed)?
        .execute((name, secret))
        .map_err(&failed)?;
    Ok(secret)
}

fn bind(connection: &Connection, program: &ProgramId) -> Result<(), BindError> {
    let failed = failed("binding an app id");
    let app_id = program.app_id().as_str();
    if program.namespace() == NAMESPACE_DEV {
        return Ok(());
    }
    connection
        .prepare_cached(
            // Development programs were bound too, once.
            "INSERT INTO bindings (app_id, namespace) VALUES (?1, ?2) ON CONFLICT (app_id)
             DO UPDATE SET namespace = excluded.namespace WHERE namespace = 'dev'",
        )
        .map_err(&failed)?
        .execute((app_id, program.namespace()))
        .map_err(&failed)?;
    let namespace: String = connection
        .prepare_cached("SELECT namespace FROM bindings WHERE app_id = ?1")
        .map_err(&failed)?
        .query_row([app_id], |row| row.get(0))
        .map_err(&failed)?;
    if namespace == program.namespace() {
        Ok(())
    } else {
        Err(BindError::Taken { app_id: app_id.to_owned(), namespace })
    }
}

fn release(connection: &Connection, app_id: &AppId) -> Result<bool, StorageError> {
    let failed = failed("releasing an app id");
    let released = connection
        // Development programs were bound too, once: nobody misses those.
        .prepare_cached("DELETE FROM bindings WHERE app_id = ?1 AND namespace <> 'dev'")
        .map_err(&failed)?
        .execute([app_id.as_str()])
        .map_err(&failed)?;
    Ok(released > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::{Durability, schema};

    fn writer(prepare: impl FnOnce(&Connection)) -> (tempfile::TempDir, Writer) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data.sqlite");
        let connection = schema::open_writer(&path, Durability::Normal).unwrap();
        prepare(&connection);
        (folder, Writer::start(connection).unwrap())
    }

    fn commit(writer: &Writer, bytes: usize) -> Result<Committed, CommitError> {
        let job = |answer| Job::Commit {
            scope: Scope { program: "dev/test".parse().unwrap(), user: "a".parse().unwrap() },
            commit: Box::new(Commit { writes: vec![("key".to_owned(), Some(vec![0; bytes]))], ..Commit::default() }),
            answer,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(writer.ask(job))
    }

    #[test]
    fn a_full_disk_refuses_what_does_not_fit_and_nothing_else() {
        let (_folder, writer) = writer(|connection| {
            let pages: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
            let set = |_: &rusqlite::Row<'_>| Ok(());
            connection.pragma_update_and_check(None, "max_page_count", pages + 8, set).unwrap();
        });
        let refused = commit(&writer, 100_000);
        assert!(matches!(refused, Err(CommitError::Storage(StorageError::Backend { .. }))), "{refused:?}");
        assert_eq!(commit(&writer, 100).unwrap().revision, 1);
    }

    #[test]
    fn a_batch_is_refused_as_a_whole_where_its_transaction_ends() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data.sqlite");
        let connection = schema::open_writer(&path, Durability::Normal).unwrap();
        connection
            .execute_batch(
                "CREATE TEMP TRIGGER stop BEFORE INSERT ON bindings
                 BEGIN SELECT RAISE(ROLLBACK, 'the disk is gone'); END",
            )
            .unwrap();
        let (first, mut told_first) = oneshot::channel();
        let (second, mut told_second) = oneshot::channel();
        let (third, mut told_third) = oneshot::channel();
        let secret = |name: &str, answer| Job::Secret { name: name.to_owned(), answer };
        let program = "publisher/test".parse().unwrap();
        let bind = Job::Bind { program, answer: second };
        write(&connection, vec![secret("one", first), bind, secret("three", third)]);
        assert!(told_first.try_recv().unwrap().is_err());
        assert!(told_second.try_recv().unwrap().is_err());
        assert!(told_third.try_recv().unwrap().is_err());
        assert_eq!(read::secret(&connection, "one").unwrap(), None);
        assert!(connection.is_autocommit());
    }
}
