//! What a commit does inside its transaction, in the order that the trait
//! promises: say what cannot work first, then check, then write.
//!
//! The program's row counts pages, open asks and stored bytes, so that nobody has
//! to count them to show a page; here is the only place that changes either.

use std::collections::BTreeSet;

use mprun_core::identity::PageId;
use rusqlite::{Connection, Params};

use super::{failed, int, read};
use crate::{
    AppRow, Ask, AskId, AskKind, Commit, CommitError, Committed, EventRow, PageRow, Scope, StorageError, limits,
};

/// Does all of `commit` or fails. Whoever calls takes back what a failed commit
/// has written.
pub(super) fn apply(connection: &Connection, scope: &Scope, commit: &Commit) -> Result<Committed, CommitError> {
    if let Some(event) = &commit.event
        && let Some(outcome) = read::event(connection, scope, event.id)?
    {
        return Err(CommitError::Duplicate { outcome });
    }
    let write = Write { connection, program: scope.program.to_string(), user: scope.user.as_str() };
    let done = write.open_kinds(commit)?;
    let mut app = read::app(connection, scope)?;
    if app.revision != commit.base_revision {
        return Err(CommitError::Conflict { current: app.revision });
    }
    limits::check(commit, &app)?;

    app.revision += 1;
    write.asks(commit, &done, &mut app)?;
    let evicted = write.pages(commit, &mut app)?;
    write.entries(commit, &mut app)?;
    write.app(commit, &app)?;
    if let Some((id, outcome)) = &commit.amended {
        write.run(
            "amending an event",
            "UPDATE events SET outcome = ?4 WHERE program = ?1 AND user = ?2 AND id = ?3",
            (&write.program, write.user, id.0, outcome),
        )?;
    }
    if let Some(event) = &commit.event {
        write.event(event)?;
    }
    Ok(Committed { revision: app.revision, evicted })
}

/// Forgets at most `limit` events from before `before_ms`.
pub(super) fn prune(connection: &Connection, before_ms: u64, limit: u32) -> Result<u64, StorageError> {
    let failed = failed("pruning events");
    let pruned = connection
        .prepare_cached(
            "DELETE FROM events WHERE (program, user, id) IN
                (SELECT program, user, id FROM events WHERE at_ms < ?1 LIMIT ?2)",
        )
        .map_err(&failed)?
        .execute((int(before_ms), limit))
        .map_err(&failed)?;
    Ok(pruned as u64)
}

/// The connection, and the key of every row of a commit.
struct Write<'a> {
    connection: &'a Connection,
    program: String,
    user: &'a str,
}

impl Write<'_> {
    fn run(&self, doing: &'static str, sql: &str, parameters: impl Params) -> Result<usize, StorageError> {
        let failed = failed(doing);
        let mut statement = self.connection.prepare_cached(sql).map_err(&failed)?;
        statement.execute(parameters).map_err(&failed)
    }

    /// The kinds of the asks that `commit` consumes; fails where one that it
    /// consumes or postpones is not open.
    fn open_kinds(&self, commit: &Commit) -> Result<Vec<AskKind>, CommitError> {
        let kind = |ask: AskId| {
            let kind = read::one(
                self.connection,
                "looking for an ask",
                "SELECT kind FROM asks WHERE program = ?1 AND user = ?2 AND id = ?3",
                (&self.program, self.user, int(ask.0)),
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
            self.run(
                "closing an ask",
                "DELETE FROM asks WHERE program = ?1 AND user = ?2 AND id = ?3",
                (&self.program, self.user, int(ask.0)),
            )?;
            let open = open_asks(app, *kind);
            *open = open.saturating_sub(1);
        }
        for (ask, due_at_ms) in &commit.postponed {
            self.run(
                "postponing an ask",
                "UPDATE asks SET due_at_ms = ?4 WHERE program = ?1 AND user = ?2 AND id = ?3",
                (&self.program, self.user, int(ask.0), due_at_ms.map(int)),
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
                (program, user, id, kind, page, route, due_at_ms, digest, payload, message)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            (
                &self.program,
                self.user,
                int(ask.id.0),
                read::kind_number(ask.kind),
                ask.page.map(|page| *page.as_bytes()),
                &ask.route,
                ask.due_at_ms.map(int),
                ask.digest.as_bytes(),
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
            // Not an upsert: that would not tell whether there is one page more.
            let replaced = self.page(
                page,
                "UPDATE pages SET parent = ?4, route = ?5, parameters = ?6, digest = ?7,
                    opened_at_ms = ?8, touched_at_ms = ?9, closed = ?10, reply = ?11,
                    drafts = ?12, state = ?13
                 WHERE program = ?1 AND user = ?2 AND id = ?3",
            )?;
            if replaced == 0 {
                self.page(
                    page,
                    "INSERT INTO pages
                        (program, user, id, parent, route, parameters, digest,
                         opened_at_ms, touched_at_ms, closed, reply, drafts, state)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
                )?;
                app.pages += 1;
            }
        }
        let evicted = self.superfluous(commit, app.pages)?;
        for page in &evicted {
            app.pages = app.pages.saturating_sub(self.remove_page(*page)?);
        }
        limits::at_most("page instances", limits::PAGES_MAX as usize, app.pages as usize)?;
        Ok(evicted)
    }

    fn page(&self, page: &PageRow, sql: &str) -> Result<usize, StorageError> {
        let parameters = serde_json::to_string(&page.parameters)
            .map_err(|error| StorageError::Backend { doing: "writing a page", source: std::sync::Arc::new(error) })?;
        self.run(
            "writing a page",
            sql,
            (
                &self.program,
                self.user,
                page.id.as_bytes(),
                page.parent.map(|parent| *parent.as_bytes()),
                &page.route,
                parameters,
                page.digest.as_bytes(),
                int(page.opened_at_ms),
                int(page.touched_at_ms),
                page.closed,
                &page.reply,
                &page.drafts,
                &page.state,
            ),
        )
    }

    fn remove_page(&self, page: PageId) -> Result<u32, StorageError> {
        let removed = self.run(
            "removing a page",
            "DELETE FROM pages WHERE program = ?1 AND user = ?2 AND id = ?3",
            (&self.program, self.user, page.as_bytes()),
        )?;
        Ok(u32::from(removed > 0))
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
              WHERE p.program = ?1 AND p.user = ?2 AND p.id NOT IN
                (SELECT page FROM asks
                  WHERE program = ?1 AND user = ?2 AND page IS NOT NULL)
              ORDER BY p.closed DESC, p.touched_at_ms, p.id",
            (&self.program, self.user),
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
                "SELECT length(value) FROM entries
                  WHERE program = ?1 AND user = ?2 AND key = ?3",
                (&self.program, self.user, key.as_bytes()),
                |row| read::number(row, 0),
            )?;
            if let Some(bytes) = before {
                let bytes = bytes + key.len() as u64;
                app.bytes_stored = app.bytes_stored.saturating_sub(bytes);
            }
            match value {
                Some(value) => {
                    self.run(
                        "writing a key",
                        "INSERT INTO entries (program, user, key, value)
                         VALUES (?1, ?2, ?3, ?4)
                         ON CONFLICT DO UPDATE SET value = excluded.value",
                        (&self.program, self.user, key.as_bytes(), value),
                    )?;
                    app.bytes_stored += (key.len() + value.len()) as u64;
                }
                None if before.is_some() => {
                    self.run(
                        "removing a key",
                        "DELETE FROM entries WHERE program = ?1 AND user = ?2 AND key = ?3",
                        (&self.program, self.user, key.as_bytes()),
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

    fn app(&self, commit: &Commit, app: &AppRow) -> Result<(), StorageError> {
        self.run(
            "writing a program's row",
            "INSERT INTO apps (program, user, revision, bytes_stored, next_ask_id, pages,
                timers, toasts, navigations, digest, state)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
             ON CONFLICT DO UPDATE SET revision = ?3, bytes_stored = ?4, next_ask_id = ?5,
                pages = ?6, timers = ?7, toasts = ?8, navigations = ?9,
                digest = coalesce(?10, digest), state = coalesce(?11, state)",
            (
                &self.program,
                self.user,
                int(app.revision),
                int(app.bytes_stored),
                int(app.next_ask_id),
                app.pages,
                app.timers,
                app.toasts,
                app.navigations,
                commit.app_state.as_ref().map(|(_, digest)| *digest.as_bytes()),
                commit.app_state.as_ref().map(|(state, _)| state),
            ),
        )?;
        Ok(())
    }

    fn event(&self, event: &EventRow) -> Result<(), StorageError> {
        self.run(
            "writing an event",
            "INSERT INTO events (program, user, id, at_ms, outcome)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            (&self.program, self.user, event.id.0, int(event.at_ms), &event.outcome),
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
