//! What a commit does inside its transaction, in the order that the trait
//! promises: say what cannot work first, then check, then write.
//!
//! The program's row counts pages, open asks and stored bytes, so that nobody has
//! to count them to show a page; here is the only place that changes either. And the
//! only place that gives out the numbers that stand for long names: what a refused
//! commit was given goes back with all else.

use std::collections::BTreeSet;

use mprun_core::identity::{Digest, PageId};
use rusqlite::{
    Connection, Params, ToSql,
    types::{ToSqlOutput, Value, ValueRef},
};

use super::{failed, int, read, schema::INLINE_BYTES_MAX};
use crate::{
    AppRow, Ask, AskId, AskKind, Commit, CommitError, Committed, EventRow, PageRow, Scope, StorageError, limits,
};

/// Does all of `commit` or fails. Whoever calls takes back what a failed commit
/// has written.
pub(super) fn apply(connection: &Connection, scope: &Scope, commit: &Commit) -> Result<Committed, CommitError> {
    let own = read::own(connection, scope)?;
    let mut write = Write { connection, scope: own.scope, program: own.program, user: scope.user.as_str() };
    if let Some(event) = &commit.event
        && let Some(outcome) = write.outcome(event)?
    {
        return Err(CommitError::Duplicate { outcome });
    }
    let done = write.open_kinds(commit)?;
    let mut app = own.app;
    if app.revision != commit.base_revision {
        return Err(CommitError::Conflict { current: app.revision });
    }
    limits::check(commit, &app)?;

    if write.scope == 0 {
        write.program = write.number_of_program(&scope.program.to_string())?;
        write.scope = write.new_scope()?;
    }
    app.revision += 1;
    write.asks(commit, &done, &mut app)?;
    let evicted = write.pages(commit, &mut app)?;
    write.entries(commit, &mut app)?;
    write.app(commit, &app, own.large_state)?;
    if let Some((id, outcome)) = &commit.amended {
        write.run(
            "amending an event",
            "UPDATE events SET outcome = ?3 WHERE scope = ?1 AND id = ?2",
            (write.scope, read::kept_id(*id), outcome),
        )?;
    }
    if let Some(event) = &commit.event {
        write.event(event)?;
    }
    Ok(Committed { revision: app.revision, evicted })
}

/// Forgets those of `events` that are from before `before_ms`: since somebody looked,
/// one may have been forgotten already, and have happened again.
pub(super) fn prune(connection: &Connection, before_ms: u64, events: &[read::EventKey]) -> Result<u64, StorageError> {
    let failed = failed("pruning events");
    let mut delete =
        connection.prepare_cached("DELETE FROM events WHERE scope = ?1 AND id = ?2 AND at_ms < ?3").map_err(&failed)?;
    let mut pruned = 0;
    for (scope, id) in events {
        pruned += delete.execute((scope, id, int(before_ms))).map_err(&failed)? as u64;
    }
    Ok(pruned)
}

/// Bytes as a row keeps them.
enum Kept<'a> {
    /// In the row itself.
    Here(&'a [u8]),
    /// In this row of `large`.
    Large(i64),
}

impl ToSql for Kept<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Kept::Here(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
            Kept::Large(id) => ToSqlOutput::Owned(Value::Integer(*id)),
        })
    }
}

/// The connection, and what every row of a commit says of whose it is.
struct Write<'a> {
    connection: &'a Connection,
    /// 0 until something is written for the first time.
    scope: i64,
    program: i64,
    user: &'a str,
}

impl Write<'_> {
    fn run(&self, doing: &'static str, sql: &str, parameters: impl Params) -> Result<usize, StorageError> {
        let failed = failed(doing);
        let mut statement = self.connection.prepare_cached(sql).map_err(&failed)?;
        statement.execute(parameters).map_err(&failed)
    }

    /// The number that stands for the program.
    fn number_of_program(&self, name: &str) -> Result<i64, StorageError> {
        let found = read::one(
            self.connection,
            "looking for a program",
            "SELECT id FROM programs WHERE name = ?1",
            (name,),
            |row| row.get(0),
        )?;
        if let Some(id) = found {
            return Ok(id);
        }
        self.run("writing a program", "INSERT INTO programs (name) VALUES (?1)", (name,))?;
        Ok(self.connection.last_insert_rowid())
    }

    /// A number that stood for no user in any program before.
    fn new_scope(&self) -> Result<i64, StorageError> {
        let counted = read::one(
            self.connection,
            "counting scopes",
            "UPDATE counters SET value = value + 1 WHERE name = 'scopes' RETURNING value",
            (),
            |row| row.get(0),
        )?;
        counted.ok_or_else(|| StorageError::Damaged { what: "nothing counts scopes".to_owned() })
    }

    /// The number that stands for a bundle with one of its pages, or with none where
    /// the route is empty.
    fn origin(&self, digest: &Digest, route: &str) -> Result<i64, StorageError> {
        let found = read::one(
            self.connection,
            "looking for an origin",
            "SELECT id FROM origins WHERE digest = ?1 AND route = ?2",
            (digest.as_bytes(), route),
            |row| row.get(0),
        )?;
        if let Some(id) = found {
            return Ok(id);
        }
        self.run(
            "writing an origin",
            "INSERT INTO origins (digest, route) VALUES (?1, ?2)",
            (digest.as_bytes(), route),
        )?;
        Ok(self.connection.last_insert_rowid())
    }

    /// Puts bytes where they belong; the answer belongs into their row. `before` is
    /// where in `large` that row's bytes were until now, if they were there.
    fn keep<'b>(&self, bytes: &'b [u8], before: Option<i64>) -> Result<Kept<'b>, StorageError> {
        if bytes.len() <= INLINE_BYTES_MAX {
            self.forget(before)?;
            return Ok(Kept::Here(bytes));
        }
        self.run(
            "writing large bytes",
            "INSERT INTO large (id, bytes) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET bytes = excluded.bytes",
            (before, bytes),
        )?;
        Ok(Kept::Large(before.unwrap_or_else(|| self.connection.last_insert_rowid())))
    }

    /// Removes bytes from `large`, if they were there.
    fn forget(&self, large: Option<i64>) -> Result<(), StorageError> {
        if let Some(id) = large {
            self.run("removing large bytes", "DELETE FROM large WHERE id = ?1", (id,))?;
        }
        Ok(())
    }

    /// What is recorded of an event.
    fn outcome(&self, event: &EventRow) -> Result<Option<Vec<u8>>, StorageError> {
        read::one(
            self.connection,
            "reading an event",
            "SELECT outcome FROM events WHERE scope = ?1 AND id = ?2",
            (self.scope, read::kept_id(event.id)),
            |row| row.get(0),
        )
    }

    /// The kinds of the asks that `commit` consumes; fails where one that it
    /// consumes or postpones is not open.
    fn open_kinds(&self, commit: &Commit) -> Result<Vec<AskKind>, CommitError> {
        let kind = |ask: AskId| {
            let kind = read::one(
                self.connection,
                "looking for an ask",
                "SELECT kind FROM asks WHERE scope = ?1 AND id = ?2",
                (self.scope, int(ask.0)),
                |row| read::kind(row, 0),
            )?;
            kind.ok_or(CommitError::Gone { ask })
        };
        for (ask, _) in &commit.postponed {
            kind(*ask)?;
        }
        commit.done.iter().copied().map(kind).collect()
    }

    fn asks(&self, commit: &Commit, done: &[AskKind], app: &mut AppRow) -> Result<(), CommitError> {
        for (ask, kind) in commit.done.iter().zip(done) {
            self.run("closing an ask", "DELETE FROM asks WHERE scope = ?1 AND id = ?2", (self.scope, int(ask.0)))?;
            let open = open_asks(app, *kind);
            *open = open.saturating_sub(1);
        }
        for (ask, due_at_ms) in &commit.postponed {
            self.run(
                "postponing an ask",
                "UPDATE asks SET due_at_ms = ?3 WHERE scope = ?1 AND id = ?2",
                (self.scope, int(ask.0), due_at_ms.map(int)),
            )?;
        }
        for ask in &commit.asks {
            self.ask(ask)?;
            *open_asks(app, ask.kind) += 1;
            app.next_ask_id = ask.id.0 + 1;
        }
        app.next_ask_id = app.next_ask_id.max(commit.next_ask_id);
        for kind in [AskKind::Navigation, AskKind::Timer, AskKind::Toast] {
            let (what, max) = limits::open_asks(kind);
            limits::at_most(what, max as usize, *open_asks(app, kind) as usize)?;
        }
        Ok(())
    }

    fn ask(&self, ask: &Ask) -> Result<(), StorageError> {
        self.run(
            "writing an ask",
            "INSERT INTO asks
                (scope, id, program, user, kind, page, origin, due_at_ms, payload, message)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            (
                self.scope,
                int(ask.id.0),
                self.program,
                self.user,
                read::kind_number(ask.kind),
                ask.page.map(|page| *page.as_bytes()),
                self.origin(&ask.digest, &ask.route)?,
                ask.due_at_ms.map(int),
                &ask.payload,
                &ask.message,
            ),
        )?;
        Ok(())
    }

    /// Removes, writes and evicts pages; answers the evicted ones.
    fn pages(&self, commit: &Commit, app: &mut AppRow) -> Result<Vec<PageId>, CommitError> {
        for page in &commit.removed_pages {
            app.pages = app.pages.saturating_sub(self.remove_page(*page)?);
        }
        for page in &commit.pages {
            app.pages += self.page(page)?;
        }
        let evicted = self.superfluous(commit, app.pages)?;
        for page in &evicted {
            app.pages = app.pages.saturating_sub(self.remove_page(*page)?);
        }
        limits::at_most("page instances", limits::PAGES_MAX as usize, app.pages as usize)?;
        Ok(evicted)
    }

    /// Writes a page; answers how many pages there are more.
    fn page(&self, page: &PageRow) -> Result<u32, StorageError> {
        let large = self.large_of_page(page.id)?;
        let [large_drafts, large_state] = large.unwrap_or_default();
        let parameters = match page.parameters.as_slice() {
            [] => None,
            some => Some(serde_json::to_string(some).map_err(|error| StorageError::Backend {
                doing: "writing a page",
                source: std::sync::Arc::new(error),
            })?),
        };
        self.run(
            "writing a page",
            "INSERT INTO pages (scope, id, parent, origin, parameters, opened_at_ms,
                touched_after_ms, closed, reply, drafts, state)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
             ON CONFLICT DO UPDATE SET parent = ?3, origin = ?4, parameters = ?5,
                opened_at_ms = ?6, touched_after_ms = ?7, closed = ?8, reply = ?9,
                drafts = ?10, state = ?11",
            (
                self.scope,
                page.id.as_bytes(),
                page.parent.map(|parent| *parent.as_bytes()),
                self.origin(&page.digest, &page.route)?,
                parameters,
                int(page.opened_at_ms),
                // Neither is below 0, so neither is their difference too large.
                int(page.touched_at_ms) - int(page.opened_at_ms),
                page.closed,
                &page.reply,
                self.keep(&page.drafts, large_drafts)?,
                self.keep(&page.state, large_state)?,
            ),
        )?;
        Ok(u32::from(large.is_none()))
    }

    /// Where drafts and state of a page are in `large`; `None` where there is no page.
    fn large_of_page(&self, page: PageId) -> Result<Option<[Option<i64>; 2]>, StorageError> {
        read::one(
            self.connection,
            "looking for a page",
            "SELECT drafts, state FROM pages WHERE scope = ?1 AND id = ?2",
            (self.scope, page.as_bytes()),
            |row| Ok([read::large(row, 0)?, read::large(row, 1)?]),
        )
    }

    fn remove_page(&self, page: PageId) -> Result<u32, StorageError> {
        let Some([drafts, state]) = self.large_of_page(page)? else {
            return Ok(0);
        };
        self.forget(drafts)?;
        self.forget(state)?;
        self.run("removing a page", "DELETE FROM pages WHERE scope = ?1 AND id = ?2", (self.scope, page.as_bytes()))?;
        Ok(1)
    }

    /// The pages that have to go where there are `pages` of them now.
    fn superfluous(&self, commit: &Commit, pages: u32) -> Result<Vec<PageId>, StorageError> {
        let too_many = pages.saturating_sub(limits::PAGES_MAX) as usize;
        if too_many == 0 {
            return Ok(Vec::new());
        }
        let kept: BTreeSet<PageId> = commit.pages.iter().map(|page| page.id).collect();
        let candidates = read::many(
            self.connection,
            "looking for a page to evict",
            "SELECT p.id FROM pages p
              WHERE p.scope = ?1 AND p.id NOT IN
                (SELECT page FROM asks WHERE scope = ?1 AND page IS NOT NULL)
              ORDER BY p.closed DESC, p.opened_at_ms + p.touched_after_ms, p.id",
            (self.scope,),
            |row| Ok(PageId::from_bytes(row.get(0)?)),
        )?;
        let candidates = candidates.into_iter().filter(|page| !kept.contains(page));
        Ok(candidates.take(too_many).collect())
    }

    fn entries(&self, commit: &Commit, app: &mut AppRow) -> Result<(), CommitError> {
        for (key, value) in &commit.writes {
            let before = read::one(
                self.connection,
                "looking for a key",
                "SELECT coalesce(length(l.bytes), length(e.value)), e.value
                   FROM entries e LEFT JOIN large l ON l.id = e.value
                  WHERE e.scope = ?1 AND e.key = ?2",
                (self.scope, key.as_bytes()),
                |row| Ok((read::number(row, 0)?, read::large(row, 1)?)),
            )?;
            if let Some((bytes, _)) = before {
                let bytes = bytes + key.len() as u64;
                app.bytes_stored = app.bytes_stored.saturating_sub(bytes);
            }
            let large = before.and_then(|(_, large)| large);
            match value {
                Some(value) => {
                    self.run(
                        "writing a key",
                        "INSERT INTO entries (scope, key, value) VALUES (?1, ?2, ?3)
                         ON CONFLICT DO UPDATE SET value = excluded.value",
                        (self.scope, key.as_bytes(), self.keep(value, large)?),
                    )?;
                    app.bytes_stored += (key.len() + value.len()) as u64;
                }
                None if before.is_some() => {
                    self.forget(large)?;
                    self.run(
                        "removing a key",
                        "DELETE FROM entries WHERE scope = ?1 AND key = ?2",
                        (self.scope, key.as_bytes()),
                    )?;
                }
                None => {}
            }
        }
        // Not while it goes: a program may put first and remove afterwards.
        if app.bytes_stored > limits::STORED_BYTES_MAX {
            return Err(CommitError::Limit {
                what: "bytes of keys and values",
                max: limits::STORED_BYTES_MAX,
                got: app.bytes_stored,
            });
        }
        Ok(())
    }

    /// Writes the program's row; a state that the commit does not name stays.
    fn app(&self, commit: &Commit, app: &AppRow, large_state: Option<i64>) -> Result<(), StorageError> {
        let (origin, state) = match &commit.app_state {
            Some((state, digest)) => (Some(self.origin(digest, "")?), Some(self.keep(state, large_state)?)),
            None => (None, None),
        };
        self.run(
            "writing a program's row",
            "INSERT INTO apps (user, program, scope, revision, bytes_stored, next_ask_id, pages,
                timers, toasts, navigations, origin, state)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
             ON CONFLICT DO UPDATE SET revision = ?4, bytes_stored = ?5, next_ask_id = ?6,
                pages = ?7, timers = ?8, toasts = ?9, navigations = ?10,
                origin = coalesce(?11, origin), state = coalesce(?12, state)",
            (
                self.user,
                self.program,
                self.scope,
                int(app.revision),
                int(app.bytes_stored),
                int(app.next_ask_id),
                app.pages,
                app.timers,
                app.toasts,
                app.navigations,
                origin,
                state,
            ),
        )?;
        Ok(())
    }

    fn event(&self, event: &EventRow) -> Result<(), StorageError> {
        self.run(
            "writing an event",
            "INSERT INTO events (scope, id, at_ms, outcome) VALUES (?1, ?2, ?3, ?4)",
            (self.scope, read::kept_id(event.id), int(event.at_ms), &event.outcome),
        )?;
        Ok(())
    }
}

fn open_asks(app: &mut AppRow, kind: AskKind) -> &mut u32 {
    match kind {
        AskKind::Navigation => &mut app.navigations,
        AskKind::Timer => &mut app.timers,
        AskKind::Toast => &mut app.toasts,
    }
}
