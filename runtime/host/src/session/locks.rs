//! Keeps events of one user in one program in line within this process, so that
//! they need not run twice. Correctness does not hang on it: commits do that.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mprun_storage::Scope;
use tokio::sync::OwnedMutexGuard;

use crate::failure::PageError;

/// How many events of one user in one program may be here at once, the one that
/// runs included.
const QUEUE_MAX: usize = 32;

/// Locks that somebody holds or waits for.
#[derive(Debug, Default)]
pub(crate) struct Locks(Mutex<HashMap<Scope, Entry>>);

#[derive(Debug)]
struct Entry {
    lock: Arc<tokio::sync::Mutex<()>>,
    users: usize,
}

/// The lock of one user in one program.
#[derive(Debug)]
pub(crate) struct Locked<'a> {
    // Released before its entry is looked at.
    guard: Option<OwnedMutexGuard<()>>,
    locks: &'a Locks,
    scope: Scope,
}

impl Locks {
    /// Waits for one's turn, at most `wait`.
    pub(crate) async fn lock(&self, scope: &Scope, wait: Duration) -> Result<Locked<'_>, PageError> {
        let lock = {
            let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let entry = entries.entry(scope.clone()).or_insert_with(|| Entry { lock: Arc::default(), users: 0 });
            if entry.users >= QUEUE_MAX {
                return Err(PageError::busy());
            }
            entry.users += 1;
            Arc::clone(&entry.lock)
        };
        // From here on counted out also when the request is dropped.
        let mut locked = Locked { guard: None, locks: self, scope: scope.clone() };
        match tokio::time::timeout(wait, lock.lock_owned()).await {
            Ok(guard) => {
                locked.guard = Some(guard);
                Ok(locked)
            }
            Err(_) => Err(PageError::busy()),
        }
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        drop(self.guard.take());
        let mut entries = self.locks.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = entries.get_mut(&self.scope) {
            entry.users -= 1;
            if entry.users == 0 {
                entries.remove(&self.scope);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mprun_core::identity::{ProgramId, UserId};

    fn scope(user: &str) -> Scope {
        Scope { program: ProgramId::dev("a".parse().unwrap()), user: user.parse::<UserId>().unwrap() }
    }

    #[tokio::test]
    async fn one_at_a_time_and_nothing_left_behind() {
        let locks = Locks::default();
        let wait = Duration::from_millis(20);
        let first = locks.lock(&scope("u"), wait).await.unwrap();
        assert!(locks.lock(&scope("v"), wait).await.is_ok());
        assert_eq!(locks.lock(&scope("u"), wait).await.unwrap_err().kind(), "busy");
        drop(first);
        drop(locks.lock(&scope("u"), wait).await.unwrap());
        assert!(locks.0.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn who_gives_up_waiting_is_counted_out() {
        let locks = Arc::new(Locks::default());
        let first = locks.lock(&scope("u"), Duration::from_secs(5)).await.unwrap();
        let waiting = {
            let locks = Arc::clone(&locks);
            tokio::spawn(async move { locks.lock(&scope("u"), Duration::from_secs(5)).await.map(drop) })
        };
        tokio::task::yield_now().await;
        waiting.abort();
        assert!(waiting.await.is_err());
        drop(first);
        assert!(locks.0.lock().unwrap().is_empty());
    }
}
