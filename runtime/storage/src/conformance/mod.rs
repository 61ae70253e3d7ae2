//! What every backend has to pass: [`run`] for each promise of
//! [`Storage`](crate::Storage) in turn, [`replay`] for long random histories beside
//! a model that is too simple to be wrong.
//!
//! Nothing here panics: a failed promise is an error that names the case and says
//! what was expected, whichever test harness calls.

mod asks;
mod commits;
mod limits;
mod model;
mod pages;
mod shared;

use std::{fmt::Debug, sync::Arc};

use mprun_core::identity::{Digest, PageId, ProgramId, UserId};

use crate::{Ask, AskId, AskKind, Commit, CommitError, EventId, EventRow, PageRow, Scope, Storage};

pub use model::{Page, Step, replay};

/// A promise that the backend does not keep.
#[derive(Debug, thiserror::Error)]
#[error("{case}: {what}")]
pub struct Failure {
    /// Which promise.
    pub case: &'static str,
    /// What was expected, and what came instead.
    pub what: String,
}

/// A case's verdict: what was expected, and what came instead.
type Verdict = Result<(), String>;

/// Fails the case where two values differ.
macro_rules! same {
    ($got:expr, $expected:expr) => {
        match (&$got, &$expected) {
            (got, expected) => {
                if got != expected {
                    return Err(format!("line {}: expected {expected:?}, got {got:?}", line!()));
                }
            }
        }
    };
}

/// Fails the case where a value does not match a pattern.
macro_rules! like {
    ($got:expr, $pattern:pat $(if $guard:expr)?) => {
        match &$got {
            $pattern $(if $guard)? => {}
            got => {
                return Err(format!(
                    "line {}: expected {}, got {got:?}",
                    line!(),
                    stringify!($pattern $(if $guard)?)
                ));
            }
        }
    };
}

use {like, same};

/// Checks each promise of [`Storage`] on `storage`, which must be empty and in use
/// by nobody else. Needs a tokio runtime. Fails with the first promise that is not
/// kept.
pub async fn run(storage: Arc<dyn Storage>) -> Result<(), Failure> {
    macro_rules! cases {
        ($($module:ident :: $case:ident)*) => {$(
            if let Err(what) = $module::$case(&storage).await {
                return Err(Failure { case: stringify!($case), what });
            }
        )*};
    }
    cases! {
        // First, because it looks at what all users share.
        asks::due_asks_come_in_order
        commits::nothing_is_there_at_first
        commits::a_commit_is_read_back_whole
        commits::the_later_of_two_commits_conflicts
        commits::an_event_happens_once
        commits::a_refused_commit_leaves_nothing
        commits::reads_notice_that_the_data_moved
        commits::keys_are_listed_by_their_bytes
        commits::users_and_programs_are_apart
        commits::commits_at_the_same_moment_lose_nothing
        asks::an_ask_is_consumed_once
        asks::ask_ids_are_never_used_twice
        asks::postponed_asks_come_later
        pages::pages_are_replaced_and_removed
        pages::what_grows_and_shrinks_is_read_back
        pages::a_stack_is_followed_to_its_end
        pages::too_many_pages_are_evicted
        limits::sizes_are_limited
        limits::stored_bytes_are_counted_and_limited
        limits::open_asks_are_limited
        limits::nonsense_is_refused
        shared::a_secret_is_made_once
        shared::an_app_id_belongs_to_the_first
        shared::a_released_app_id_goes_to_the_next
        shared::old_events_are_forgotten
        shared::a_user_is_known_by_a_commit
    }
    Ok(())
}

/// A user of a program that no other case uses.
fn scope(user: &str) -> Result<Scope, String> {
    scope_of("dev/conformance", user)
}

fn scope_of(program: &str, user: &str) -> Result<Scope, String> {
    Ok(Scope { program: fine(program.parse::<ProgramId>())?, user: fine(user.parse::<UserId>())? })
}

/// The value, or the error in words.
fn fine<T, E: Debug>(result: Result<T, E>) -> Result<T, String> {
    result.map_err(|error| format!("expected success, got {error:?}"))
}

/// Commits on the newest revision; answers the new one.
async fn commit(storage: &Arc<dyn Storage>, scope: &Scope, commit: Commit) -> Result<u64, String> {
    fine(try_commit(storage, scope, commit).await?)
}

/// Commits on the newest revision; the refusal is for the caller to look at.
async fn try_commit(
    storage: &Arc<dyn Storage>,
    scope: &Scope,
    commit: Commit,
) -> Result<Result<u64, CommitError>, String> {
    let base_revision = fine(storage.app(scope).await)?.revision;
    let commit = Commit { base_revision, ..commit };
    let committed = storage.commit(scope, commit).await;
    Ok(committed.map(|committed| committed.revision))
}

fn digest() -> Digest {
    Digest::of(b"a bundle")
}

fn page_id(number: u16) -> PageId {
    let mut id = [7; 16];
    id[..2].copy_from_slice(&number.to_be_bytes());
    PageId::from_bytes(id)
}

fn page(number: u16) -> PageRow {
    PageRow {
        id: page_id(number),
        parent: None,
        route: "menu".to_owned(),
        parameters: Vec::new(),
        state: Vec::new(),
        digest: digest(),
        drafts: Vec::new(),
        reply: None,
        opened_at_ms: 1_000,
        touched_at_ms: 1_000,
        closed: false,
    }
}

fn ask(id: u64, kind: AskKind, due_at_ms: Option<u64>) -> Ask {
    Ask {
        id: AskId(id),
        page: None,
        route: "menu".to_owned(),
        kind,
        payload: b"what to do".to_vec(),
        message: b"what to say then".to_vec(),
        due_at_ms,
        digest: digest(),
    }
}

fn event(number: u8, outcome: &[u8]) -> EventRow {
    EventRow { id: EventId([number; 32]), outcome: outcome.to_vec(), at_ms: 1_000 }
}

fn write(key: &str, value: &[u8]) -> (String, Option<Vec<u8>>) {
    (key.to_owned(), Some(value.to_vec()))
}
