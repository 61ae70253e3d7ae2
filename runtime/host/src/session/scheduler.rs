//! Carries out what is due: timers, and navigations whose process died between
//! the commit and the carrying out. One task for the host; several hosts on the
//! same data do not hurt each other, because an ask can be ended only once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt};
use mprun_core::identity::ProgramId;
use mprun_storage::{Ask, AskKind, Commit, CommitError, Scope, StorageError};

use super::{ATTEMPTS, Session, now_ms};
use crate::failure::PageError;
use crate::host::{Environment, Host};

/// Asks that are read at a time. Each may have 256 KiB.
const BATCH: u32 = 256;
/// Programs whose asks are carried out at a time.
const PROGRAMS_AT_ONCE: usize = 16;
/// Asks of one program that are carried out at a time.
const OF_PROGRAM_AT_ONCE: usize = 2;
/// How long what was read is begun with. What is still waiting then is behind slow
/// ones of its own program, and goes to the end of the queue.
const ROUND: Duration = Duration::from_secs(1);
/// When to look again at an ask that did not get its turn.
const LATE_MS: u64 = 5_000;
/// How long the scheduler sleeps at most: another process may have asked.
const SLEEP_MAX: Duration = Duration::from_secs(10);
/// When to look again at an ask whose program is not installed here.
const ABSENT_MS: u64 = 60_000;
/// When to look again at an ask for which the host was too busy.
const BUSY_MS: u64 = 5_000;
/// How long event ids are kept; longer than a rendering is valid.
const EVENTS_KEPT_MS: u64 = 48 * 60 * 60 * 1000;
/// How often old event ids are forgotten.
const PRUNE_EVERY: Duration = Duration::from_secs(60 * 60);

/// The running scheduler; it stops when this is dropped.
#[derive(Debug)]
pub struct Scheduler(tokio::task::JoinHandle<()>);

impl Drop for Scheduler {
    fn drop(&mut self) {
        // Between two awaits: what is not committed has not happened.
        self.0.abort();
    }
}

impl Host {
    /// Starts the task that carries out what is due and forgets old event ids.
    /// Needs a running tokio runtime.
    pub fn start_scheduler(self: &Arc<Self>) -> Scheduler {
        let host = Arc::clone(self);
        Scheduler(tokio::spawn(async move { host.schedule().await }))
    }

    async fn schedule(&self) {
        // All events are looked at to find the old ones: no timer waits for that.
        tokio::join!(self.forget_events(), self.carry_out_due());
    }

    async fn forget_events(&self) {
        loop {
            if let Err(error) = self.storage.prune(now_ms().saturating_sub(EVENTS_KEPT_MS)).await {
                tracing::error!("old event ids were not forgotten: {error}");
            }
            tokio::time::sleep(PRUNE_EVERY).await;
        }
    }

    async fn carry_out_due(&self) {
        loop {
            let pause = match self.run_due().await {
                Ok(_) => self.until_next().await,
                Err(error) => {
                    tracing::error!("asks that are due cannot be read: {error}");
                    SLEEP_MAX
                }
            };
            // A commit with something due wakes it earlier.
            let _ = tokio::time::timeout(pause, self.wake.notified()).await;
        }
    }

    async fn until_next(&self) -> Duration {
        match self.storage.next_due().await {
            Ok(Some(due)) => Duration::from_millis(due.saturating_sub(now_ms())).min(SLEEP_MAX),
            Ok(None) => SLEEP_MAX,
            Err(error) => {
                tracing::error!("when the next ask is due cannot be read: {error}");
                SLEEP_MAX
            }
        }
    }

    /// Carries out everything that is due now, or gives it another time where its
    /// program is slow, absent or busy; returns how many asks that were.
    /// For hosts without [`Host::start_scheduler`], and for tests.
    ///
    /// # Errors
    /// The storage's, where what is due cannot be read. Everything else is the
    /// ask's own business and in the log.
    pub async fn run_due(&self) -> Result<usize, StorageError> {
        let mut total = 0;
        loop {
            let due = self.storage.due(now_ms(), BATCH).await?;
            if due.is_empty() {
                return Ok(total);
            }
            let full = due.len() >= BATCH as usize;
            total += due.len();
            let mut of_programs: BTreeMap<ProgramId, Vec<(Scope, Ask)>> = BTreeMap::new();
            for (scope, ask) in due {
                of_programs.entry(scope.program.clone()).or_default().push((scope, ask));
            }
            let end = Instant::now() + ROUND;
            let programs = stream::iter(of_programs.into_values());
            let carry_out = |(scope, ask)| async move {
                match Instant::now() < end {
                    true => self.carry_out(scope, ask).await,
                    false => self.postpone(&scope, &ask, LATE_MS).await,
                }
            };
            programs
                .for_each_concurrent(PROGRAMS_AT_ONCE, |asks| {
                    stream::iter(asks).for_each_concurrent(OF_PROGRAM_AT_ONCE, carry_out)
                })
                .await;
            if !full {
                return Ok(total);
            }
        }
    }

    async fn carry_out(&self, scope: Scope, ask: Ask) {
        let Some(program) = self.program_of(&scope.program).await else {
            // Installed later, or never: it waits and does not stand in the way.
            self.postpone(&scope, &ask, ABSENT_MS).await;
            return;
        };
        let environment = self.pairs(&Environment::default());
        let session = Session { host: self, program: &program, scope, environment, meter: self.traces.meter() };
        let done = match self.locks.lock(&session.scope, self.queue_wait).await {
            Ok(_locked) => match ask.kind {
                AskKind::Timer => match session.fire(&ask).await {
                    Ok(Some(recorded)) => session.carry_on(recorded, false).await.map(drop),
                    Ok(None) => Ok(()),
                    Err(error) => Err(error),
                },
                AskKind::Navigation => match session.navigate(&ask, false).await {
                    Ok(recorded) => session.carry_on(recorded, false).await.map(drop),
                    Err(error) => Err(error),
                },
                // Toasts wait for a rendering and are never due.
                AskKind::Toast => Ok(()),
            },
            Err(error) => Err(error),
        };
        if let Err(error) = done {
            let id = &session.scope.program;
            match error {
                PageError::Busy { .. } => tracing::debug!(program = %id, ask = ask.id.0, "too busy, later"),
                other => program.journal().line(id, || {
                    tracing::warn!(program = %id, ask = ask.id.0, "an ask was not carried out: {other}");
                }),
            }
            self.postpone(&session.scope, &ask, BUSY_MS).await;
        }
    }

    /// Gives an ask another time, so that it does not stand in the way of others.
    async fn postpone(&self, scope: &Scope, ask: &Ask, by_ms: u64) {
        for _ in 0..ATTEMPTS {
            let Ok(row) = self.storage.app(scope).await else { return };
            let commit = Commit {
                base_revision: row.revision,
                postponed: vec![(ask.id, Some(now_ms().saturating_add(by_ms)))],
                ..Commit::default()
            };
            match self.storage.commit(scope, commit).await {
                Err(CommitError::Conflict { .. }) => {}
                // Whatever else happened, it is found again when it is due.
                Ok(_) | Err(_) => return,
            }
        }
    }
}
