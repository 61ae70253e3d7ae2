//! The trait that every backend implements: what can be read, and the one way to
//! change anything.
//!
//! Reads answer what is committed. Whoever reads more than once while an event
//! is handled names the revision that it began with, and is told when somebody
//! else got ahead ([`ReadError::Moved`]) instead of being shown a mixture of two
//! moments that never existed together.

use std::pin::Pin;

use mprun_core::identity::{AppId, PageId, ProgramId, UserId};

use crate::{
    AppRow, Ask, AskFilter, AskId, BindError, Commit, CommitError, Committed, EventId, PageRow, PageSummary, ReadError,
    Scope, Snapshot, StorageError,
};

/// What a method of [`Storage`] returns: a boxed future, so that the host can
/// hold any backend as `Arc<dyn Storage>`.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Where page instances, program states, keys, asks and event ids are kept.
///
/// Everything of one user in one program hangs on one serial revision: a commit
/// names the revision that it was made from and fails as
/// [`CommitError::Conflict`] where that is no longer the current one. Nothing is
/// shared between users except [`Storage::secret`], [`Storage::bind`] and
/// [`Storage::release`].
///
/// A commit that was answered with `Ok` survives the death of the process and of
/// the machine. A commit whose answer never arrived (the future was dropped, the
/// process died) may or may not have happened: sending it again with the same
/// event id tells.
pub trait Storage: Send + Sync {
    /// Whether anything was ever committed for this user, in any program.
    fn knows<'a>(&'a self, user: &'a UserId) -> Answer<'a, Result<bool, StorageError>>;

    /// The program's row for this user; revision 0 and empty where there is none.
    fn app<'a>(&'a self, scope: &'a Scope) -> Answer<'a, Result<AppRow, StorageError>>;

    /// The program's row and a page of the same moment.
    fn snapshot<'a>(&'a self, scope: &'a Scope, page: PageId) -> Answer<'a, Result<Snapshot, StorageError>>;

    /// A page instance, `None` where there is none (any more).
    fn page<'a>(&'a self, scope: &'a Scope, page: PageId) -> Answer<'a, Result<Option<PageRow>, StorageError>>;

    /// All page instances of this user in this program, most recently touched
    /// first; without states and drafts.
    fn pages<'a>(&'a self, scope: &'a Scope) -> Answer<'a, Result<Vec<PageSummary>, StorageError>>;

    /// The page, its parent, the parent's parent and so on, as far as they still
    /// exist and at most [`crate::limits::STACK_DEPTH_MAX`]; empty where the page
    /// itself is gone. Closed pages are part of the answer.
    fn stack<'a>(&'a self, scope: &'a Scope, page: PageId) -> Answer<'a, Result<Vec<PageSummary>, StorageError>>;

    /// The value under `key` at `revision`.
    ///
    /// Fails with [`ReadError::Moved`] where `revision` is no longer the current one.
    fn get<'a>(
        &'a self,
        scope: &'a Scope,
        revision: u64,
        key: &'a str,
    ) -> Answer<'a, Result<Option<Vec<u8>>, ReadError>>;

    /// Keys at `revision` that begin with `prefix` and come after `after`, in
    /// order of their bytes, at most `limit` of them.
    ///
    /// Fails with [`ReadError::Moved`] where `revision` is no longer the current one.
    fn keys<'a>(
        &'a self,
        scope: &'a Scope,
        revision: u64,
        prefix: &'a str,
        after: Option<&'a str>,
        limit: u32,
    ) -> Answer<'a, Result<Vec<String>, ReadError>>;

    /// The recorded outcome of an event, `None` where it was never committed (or
    /// has been pruned).
    fn event<'a>(&'a self, scope: &'a Scope, event: EventId) -> Answer<'a, Result<Option<Vec<u8>>, StorageError>>;

    /// An open ask, `None` where it is done, taken back or was never committed.
    fn ask<'a>(&'a self, scope: &'a Scope, ask: AskId) -> Answer<'a, Result<Option<Ask>, StorageError>>;

    /// The open asks that match, in order of their ids.
    fn asks<'a>(&'a self, scope: &'a Scope, filter: AskFilter) -> Answer<'a, Result<Vec<Ask>, StorageError>>;

    /// Open asks of all users and programs whose time has come at `now_ms`, the
    /// longest due first, at most `limit`. Asks without a time are never due.
    fn due(&self, now_ms: u64, limit: u32) -> Answer<'_, Result<Vec<(Scope, Ask)>, StorageError>>;

    /// When the next ask is due (it may be in the past), `None` where none is open.
    fn next_due(&self) -> Answer<'_, Result<Option<u64>, StorageError>>;

    /// Does everything that `commit` says, or nothing.
    ///
    /// Checked in this order, so that a retry learns the most useful thing first:
    /// the event is recorded already ([`CommitError::Duplicate`], with its
    /// outcome); an ask that it consumes is gone ([`CommitError::Gone`]); another
    /// commit got ahead ([`CommitError::Conflict`]); a limit
    /// ([`CommitError::Limit`]) or an order that makes no sense
    /// ([`CommitError::Invalid`]).
    fn commit<'a>(&'a self, scope: &'a Scope, commit: Commit) -> Answer<'a, Result<Committed, CommitError>>;

    /// 32 random bytes under `name`, made once and then always the same, also for
    /// other processes on the same data.
    fn secret<'a>(&'a self, name: &'a str) -> Answer<'a, Result<[u8; 32], StorageError>>;

    /// Forgets events recorded before `before_ms`; returns how many. What is recorded
    /// meanwhile may stay until the next time.
    fn prune(&self, before_ms: u64) -> Answer<'_, Result<u64, StorageError>>;

    /// Binds the program's `app_id` to its namespace, until somebody releases it. The
    /// first one wins; binding the same again is fine. Development programs (namespace `dev`) bind
    /// nothing: trying a program must not keep its publisher out.
    ///
    /// Fails with [`BindError::Taken`] where the `app_id` belongs to another
    /// namespace: otherwise anybody could claim another's `app_id` and inherit its
    /// addresses.
    fn bind<'a>(&'a self, program: &'a ProgramId) -> Answer<'a, Result<(), BindError>>;

    /// Takes an `app_id` back from whomever it is bound to: the next program of that
    /// name that is bound has it, whosever it is. Rows stay where they are, under the
    /// identity that wrote them; only that identity ever sees them again. `false`
    /// where it was bound to nobody.
    fn release<'a>(&'a self, app_id: &'a AppId) -> Answer<'a, Result<bool, StorageError>>;
}
