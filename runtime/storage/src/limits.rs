//! How much may be kept. Every backend enforces these inside the commit, also
//! where the host has checked before: the host sees the data of one moment, the
//! commit sees what is there.

use std::collections::BTreeSet;

use crate::{AppRow, AskKind, Commit, CommitError, PageRow};

/// Longest key, in bytes. The shortest is 1.
pub const KEY_BYTES_MAX: usize = 256;
/// Largest value, in bytes.
pub const VALUE_BYTES_MAX: usize = 1 << 20;
/// Keys and values of a user in a program together, in bytes.
pub const STORED_BYTES_MAX: u64 = 10 << 20;
/// Largest state of a program or of a page, in bytes.
pub const STATE_BYTES_MAX: usize = 256 << 10;
/// Largest drafts of a page, in bytes.
pub const DRAFTS_BYTES_MAX: usize = 256 << 10;
/// Route and parameters of a page together, in bytes.
pub const ADDRESS_BYTES_MAX: usize = 8 << 10;
/// Page instances of a user in a program.
pub const PAGES_MAX: u32 = 256;
/// How far [`crate::Storage::stack`] follows parents: more than any page stack is
/// deep, so that a chain that should not be is cut and not followed for ever.
pub const STACK_DEPTH_MAX: u32 = 32;
/// Open timers of a user in a program.
pub const TIMERS_MAX: u32 = 64;
/// Toasts of a user in a program that wait for a rendering.
pub const TOASTS_MAX: u32 = 4;
/// Navigations of a user in a program that are not carried out yet: one is the
/// rule, more can only be left by processes that died in between.
pub const NAVIGATIONS_MAX: u32 = 16;
/// New asks of one commit.
pub const COMMIT_ASKS_MAX: usize = 16;
/// Payload, message and route of an ask together, in bytes. Also the message of
/// a page's opener.
pub const ASK_BYTES_MAX: usize = 256 << 10;
/// Largest outcome of an event, in bytes.
pub const OUTCOME_BYTES_MAX: usize = 64 << 10;

/// The largest number that a row keeps: times, revisions and ids have 63 bits.
pub const NUMBER_MAX: u64 = i64::MAX as u64;

/// Checks what can be seen from the commit and the program's row alone. What
/// depends on the data themselves (open asks, stored bytes, pages) the backend
/// checks with [`at_most`] where it knows.
pub(crate) fn check(commit: &Commit, app: &AppRow) -> Result<(), CommitError> {
    if let Some((state, _)) = &commit.app_state {
        at_most("bytes of the program's state", STATE_BYTES_MAX, state.len())?;
    }
    for page in &commit.pages {
        check_page(page)?;
    }
    check_distinct("a page twice", commit.pages.iter().map(|page| page.id))?;
    check_distinct("a page removed twice", commit.removed_pages.iter().copied())?;
    for (key, value) in &commit.writes {
        if key.is_empty() {
            return Err(CommitError::Invalid { what: "an empty key" });
        }
        at_most("bytes of a key", KEY_BYTES_MAX, key.len())?;
        let value = value.as_ref().map_or(0, Vec::len);
        at_most("bytes of a value", VALUE_BYTES_MAX, value)?;
    }
    let closed = commit.done.iter().copied();
    let moved = commit.postponed.iter().map(|(id, _)| *id);
    check_distinct("an open ask named twice", closed.chain(moved))?;
    for due_at_ms in commit.postponed.iter().filter_map(|(_, due)| *due) {
        check_number(due_at_ms)?;
    }
    at_most("asks of an event", COMMIT_ASKS_MAX, commit.asks.len())?;
    check_number(commit.next_ask_id)?;
    let mut next_id = app.next_ask_id;
    for ask in &commit.asks {
        if ask.id.0 < next_id {
            return Err(CommitError::Invalid { what: "an ask's id that was given out before" });
        }
        check_number(ask.id.0)?;
        next_id = ask.id.0 + 1;
        check_number(ask.due_at_ms.unwrap_or(0))?;
        let bytes = ask.payload.len() + ask.message.len() + ask.route.len();
        at_most("bytes of an ask", ASK_BYTES_MAX, bytes)?;
    }
    if let Some(event) = &commit.event {
        check_number(event.at_ms)?;
        at_most("bytes of an outcome", OUTCOME_BYTES_MAX, event.outcome.len())?;
    }
    if let Some((_, outcome)) = &commit.amended {
        at_most("bytes of an outcome", OUTCOME_BYTES_MAX, outcome.len())?;
    }
    Ok(())
}

fn check_page(page: &PageRow) -> Result<(), CommitError> {
    at_most("bytes of a page's state", STATE_BYTES_MAX, page.state.len())?;
    at_most("bytes of a page's drafts", DRAFTS_BYTES_MAX, page.drafts.len())?;
    let reply = page.reply.as_ref().map_or(0, Vec::len);
    at_most("bytes of an ask", ASK_BYTES_MAX, reply)?;
    let parameters = page.parameters.iter();
    let parameters: usize = parameters.map(|(name, value)| name.len() + value.len()).sum();
    at_most("bytes of a page's address", ADDRESS_BYTES_MAX, page.route.len() + parameters)?;
    check_number(page.opened_at_ms)?;
    check_number(page.touched_at_ms)
}

fn check_distinct<T: Ord>(what: &'static str, items: impl Iterator<Item = T>) -> Result<(), CommitError> {
    let mut seen = BTreeSet::new();
    for item in items {
        if !seen.insert(item) {
            return Err(CommitError::Invalid { what });
        }
    }
    Ok(())
}

fn check_number(number: u64) -> Result<(), CommitError> {
    if number > NUMBER_MAX {
        return Err(CommitError::Invalid { what: "a number of more than 63 bits" });
    }
    Ok(())
}

/// Fails with [`CommitError::Limit`] where there is more than `max` of `what`.
pub(crate) fn at_most(what: &'static str, max: usize, got: usize) -> Result<(), CommitError> {
    if got > max {
        return Err(CommitError::Limit { what, max: max as u64, got: got as u64 });
    }
    Ok(())
}

/// How many asks of a kind may be open, and what they are called in a refusal.
pub(crate) fn open_asks(kind: AskKind) -> (&'static str, u32) {
    match kind {
        AskKind::Navigation => ("open navigations", NAVIGATIONS_MAX),
        AskKind::Timer => ("open timers", TIMERS_MAX),
        AskKind::Toast => ("waiting toasts", TOASTS_MAX),
    }
}
