//! The queries. Each is one statement, so that what it answers is of one moment.

use mprun_core::identity::{Digest, PageId, UserId};
use rusqlite::{Connection, Params, Row, types::Type};

use super::{failed, int};
use crate::{
    AppRow, Ask, AskFilter, AskId, AskKind, EventId, PageRow, PageSummary, ReadError, Scope, Snapshot, StorageError,
    limits,
};

// Columns as macros, because `concat!` takes literals only and prepared
// statements are looked up by their text: it should cost nothing to make it.

// Whose: the program is the first parameter, the user the second. Everything else is
// found by the row's `scope`.
macro_rules! apps_of_scope {
    () => {
        "a.user = ?2 AND a.program = (SELECT id FROM programs WHERE name = ?1)"
    };
}

macro_rules! count_columns {
    () => {
        "a.revision, a.bytes_stored, a.next_ask_id, a.pages, a.timers, a.toasts, a.navigations"
    };
}
const COUNT_COLUMNS: usize = 7;

// With these, `app_joins` is needed.
macro_rules! app_columns {
    () => {
        concat!(count_columns!(), ", ao.digest, coalesce(al.bytes, a.state)")
    };
}
const APP_COLUMNS: usize = COUNT_COLUMNS + 2;

// Outer joins also where there always is a row: SQLite then keeps the order.
macro_rules! app_joins {
    () => {
        " LEFT JOIN origins ao ON ao.id = a.origin LEFT JOIN large al ON al.id = a.state "
    };
}

// With these, `origins` is needed as `o`.
macro_rules! summary_columns {
    () => {
        "p.id, p.parent, o.route, p.parameters, o.digest, p.opened_at_ms, \
         p.opened_at_ms + p.touched_after_ms, p.closed, p.reply IS NOT NULL"
    };
}
const SUMMARY_COLUMNS: usize = 9;

// With these, `page_joins` is needed.
macro_rules! page_columns {
    () => {
        concat!(summary_columns!(), ", p.reply, coalesce(d.bytes, p.drafts), coalesce(s.bytes, p.state)")
    };
}

macro_rules! page_joins {
    () => {
        " LEFT JOIN origins o ON o.id = p.origin \
          LEFT JOIN large d ON d.id = p.drafts LEFT JOIN large s ON s.id = p.state "
    };
}

// With these, `origins` is needed as `o`.
macro_rules! ask_columns {
    () => {
        "k.id, k.kind, k.page, o.route, k.due_at_ms, o.digest, k.payload, k.message"
    };
}
const ASK_COLUMNS: usize = 8;

pub(super) fn knows(connection: &Connection, user: &UserId) -> Result<bool, StorageError> {
    let known = one(
        connection,
        "looking for a user",
        "SELECT EXISTS (SELECT 1 FROM apps WHERE user = ?1)",
        (user.as_str(),),
        |row| row.get(0),
    )?;
    Ok(known.unwrap_or(false))
}

pub(super) fn app(connection: &Connection, scope: &Scope) -> Result<AppRow, StorageError> {
    let row = one(
        connection,
        "reading a program's row",
        concat!("SELECT ", app_columns!(), " FROM apps a", app_joins!(), "WHERE ", apps_of_scope!()),
        (scope.program.to_string(), scope.user.as_str()),
        app_row,
    )?;
    Ok(row.unwrap_or_default())
}

/// What a commit has to know of the program's row.
#[derive(Default)]
pub(super) struct Own {
    /// The number that stands for user and program in all other tables; 0, which no
    /// row has, before the first commit.
    pub(super) scope: i64,
    /// The program's number; 0 before the first commit.
    pub(super) program: i64,
    /// The row without its state: that can be large, and is not needed to change it.
    pub(super) app: AppRow,
    /// Where the state is in `large`, if it is there.
    pub(super) large_state: Option<i64>,
}

pub(super) fn own(connection: &Connection, scope: &Scope) -> Result<Own, StorageError> {
    let own = one(
        connection,
        "reading a program's row",
        concat!("SELECT ", count_columns!(), ", a.scope, a.program, a.state FROM apps a WHERE ", apps_of_scope!()),
        (scope.program.to_string(), scope.user.as_str()),
        |row| {
            Ok(Own {
                scope: row.get(COUNT_COLUMNS)?,
                program: row.get(COUNT_COLUMNS + 1)?,
                app: counts(row)?,
                large_state: large(row, COUNT_COLUMNS + 2)?,
            })
        },
    )?;
    Ok(own.unwrap_or_default())
}

pub(super) fn snapshot(connection: &Connection, scope: &Scope, page: PageId) -> Result<Snapshot, StorageError> {
    // A page never exists without its program's row.
    let snapshot = one(
        connection,
        "reading a page",
        concat!(
            "SELECT ",
            app_columns!(),
            ", ",
            page_columns!(),
            " FROM apps a",
            app_joins!(),
            "LEFT JOIN pages p ON p.scope = a.scope AND p.id = ?3",
            page_joins!(),
            "WHERE ",
            apps_of_scope!()
        ),
        (scope.program.to_string(), scope.user.as_str(), page.as_bytes()),
        |row| {
            let found: Option<[u8; 16]> = row.get(APP_COLUMNS)?;
            Ok(Snapshot { app: app_row(row)?, page: found.map(|_| page_row(row, APP_COLUMNS)).transpose()? })
        },
    )?;
    Ok(snapshot.unwrap_or_default())
}

pub(super) fn page(connection: &Connection, scope: &Scope, page: PageId) -> Result<Option<PageRow>, StorageError> {
    one(
        connection,
        "reading a page",
        concat!(
            "SELECT ",
            page_columns!(),
            " FROM apps a JOIN pages p ON p.scope = a.scope AND p.id = ?3",
            page_joins!(),
            "WHERE ",
            apps_of_scope!()
        ),
        (scope.program.to_string(), scope.user.as_str(), page.as_bytes()),
        |row| page_row(row, 0),
    )
}

pub(super) fn pages(connection: &Connection, scope: &Scope) -> Result<Vec<PageSummary>, StorageError> {
    many(
        connection,
        "listing pages",
        concat!(
            "SELECT ",
            summary_columns!(),
            " FROM apps a JOIN pages p ON p.scope = a.scope
              LEFT JOIN origins o ON o.id = p.origin
              WHERE ",
            apps_of_scope!(),
            " ORDER BY p.opened_at_ms + p.touched_after_ms DESC, p.id"
        ),
        (scope.program.to_string(), scope.user.as_str()),
        |row| summary(row, 0),
    )
}

pub(super) fn stack(connection: &Connection, scope: &Scope, page: PageId) -> Result<Vec<PageSummary>, StorageError> {
    many(
        connection,
        "reading a page stack",
        concat!(
            "WITH RECURSIVE chain (scope, id, depth) AS (
                SELECT a.scope, ?3, 0 FROM apps a WHERE ",
            apps_of_scope!(),
            "   UNION ALL
                SELECT chain.scope, c.parent, chain.depth + 1
                  FROM chain JOIN pages c ON c.scope = chain.scope AND c.id = chain.id
                 WHERE c.parent IS NOT NULL AND chain.depth + 1 < ?4
             )
             SELECT ",
            summary_columns!(),
            " FROM chain JOIN pages p ON p.scope = chain.scope AND p.id = chain.id
              LEFT JOIN origins o ON o.id = p.origin
              ORDER BY chain.depth"
        ),
        (scope.program.to_string(), scope.user.as_str(), page.as_bytes(), limits::STACK_DEPTH_MAX),
        |row| summary(row, 0),
    )
}

pub(super) fn get(
    connection: &Connection,
    scope: &Scope,
    revision: u64,
    key: &str,
) -> Result<Option<Vec<u8>>, ReadError> {
    let found = one(
        connection,
        "reading a key",
        concat!(
            "SELECT a.revision, coalesce(l.bytes, e.value)
               FROM apps a LEFT JOIN entries e ON e.scope = a.scope AND e.key = ?3
               LEFT JOIN large l ON l.id = e.value
              WHERE ",
            apps_of_scope!()
        ),
        (scope.program.to_string(), scope.user.as_str(), key.as_bytes()),
        |row| Ok((optional_number(row, 0)?, row.get(1)?)),
    )?;
    let (current, value) = found.unwrap_or_default();
    at_revision(revision, current)?;
    Ok(value)
}

pub(super) fn keys(
    connection: &Connection,
    scope: &Scope,
    revision: u64,
    prefix: &str,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<String>, ReadError> {
    let rows = many(
        connection,
        "listing keys",
        // At least one row wherever there is a program's row, so that the revision
        // is known also where no key matches.
        concat!(
            "SELECT a.revision, e.key
               FROM apps a LEFT JOIN entries e
                 ON e.scope = a.scope AND e.key >= ?3 AND e.key < ?4 AND e.key > ?5
              WHERE ",
            apps_of_scope!(),
            " ORDER BY e.key LIMIT ?6"
        ),
        (
            scope.program.to_string(),
            scope.user.as_str(),
            prefix.as_bytes(),
            end_of_prefix(prefix),
            after.unwrap_or_default().as_bytes(),
            limit.max(1),
        ),
        |row| {
            let key: Option<Vec<u8>> = row.get(1)?;
            let key = key.map(|key| String::from_utf8(key).map_err(|e| damaged(1, e)));
            Ok((optional_number(row, 0)?, key.transpose()?))
        },
    )?;
    at_revision(revision, rows.first().and_then(|(current, _)| *current))?;
    let keys = rows.into_iter().filter_map(|(_, key)| key);
    Ok(keys.take(limit as usize).collect())
}

/// The first bytes after everything that begins with `prefix`. UTF-8 has no byte
/// 255, so the last byte can always be counted up, and 255 itself comes after
/// every key.
fn end_of_prefix(prefix: &str) -> Vec<u8> {
    let mut end = prefix.as_bytes().to_vec();
    match end.last_mut() {
        Some(last) => *last += 1,
        None => end.push(u8::MAX),
    }
    end
}

fn at_revision(expected: u64, current: Option<u64>) -> Result<(), ReadError> {
    let current = current.unwrap_or(0);
    if current == expected { Ok(()) } else { Err(ReadError::Moved { current }) }
}

pub(super) fn event(connection: &Connection, scope: &Scope, event: EventId) -> Result<Option<Vec<u8>>, StorageError> {
    one(
        connection,
        "reading an event",
        concat!(
            "SELECT e.outcome FROM apps a JOIN events e ON e.scope = a.scope AND e.id = ?3 WHERE ",
            apps_of_scope!()
        ),
        (scope.program.to_string(), scope.user.as_str(), kept_id(event)),
        |row| row.get(0),
    )
}

/// As much of an event's id as is kept.
pub(super) fn kept_id(event: EventId) -> [u8; 16] {
    // Of 32 bytes there are always 16.
    event.0.first_chunk().copied().unwrap_or_default()
}

/// Where an event is: its scope and as much of its id as is kept.
pub(super) type EventKey = (i64, [u8; 16]);

/// Comes before every event: scopes begin with 1.
pub(super) const BEFORE_ALL_EVENTS: EventKey = (0, [0; 16]);

/// What a look at some events found.
pub(super) struct OldEvents {
    /// Those that are old enough.
    pub(super) old: Vec<EventKey>,
    /// The last that was looked at; `None` where there are no more.
    pub(super) last: Option<EventKey>,
}

/// Looks at `limit` events after `after`, in the order in which they lie in the file.
pub(super) fn old_events(
    connection: &Connection,
    before_ms: u64,
    after: EventKey,
    limit: u32,
) -> Result<OldEvents, StorageError> {
    let events: Vec<(EventKey, bool)> = many(
        connection,
        "looking for old events",
        "SELECT scope, id, at_ms < ?1 FROM events WHERE (scope, id) > (?2, ?3) ORDER BY scope, id LIMIT ?4",
        (int(before_ms), after.0, after.1, limit),
        |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)),
    )?;
    let last = events.last().filter(|_| events.len() >= limit as usize).map(|(event, _)| *event);
    Ok(OldEvents { old: events.into_iter().filter(|(_, old)| *old).map(|(event, _)| event).collect(), last })
}

pub(super) fn ask(connection: &Connection, scope: &Scope, ask: AskId) -> Result<Option<Ask>, StorageError> {
    one(
        connection,
        "reading an ask",
        concat!(
            "SELECT ",
            ask_columns!(),
            " FROM apps a JOIN asks k ON k.scope = a.scope AND k.id = ?3
              LEFT JOIN origins o ON o.id = k.origin
              WHERE ",
            apps_of_scope!()
        ),
        (scope.program.to_string(), scope.user.as_str(), int(ask.0)),
        ask_row,
    )
}

pub(super) fn asks(connection: &Connection, scope: &Scope, filter: AskFilter) -> Result<Vec<Ask>, StorageError> {
    many(
        connection,
        "listing asks",
        concat!(
            "SELECT ",
            ask_columns!(),
            " FROM apps a JOIN asks k ON k.scope = a.scope
              LEFT JOIN origins o ON o.id = k.origin
              WHERE ",
            apps_of_scope!(),
            "   AND (?3 IS NULL OR k.kind = ?3) AND (?4 IS NULL OR k.page = ?4)
              ORDER BY k.id"
        ),
        (
            scope.program.to_string(),
            scope.user.as_str(),
            filter.kind.map(kind_number),
            filter.page.map(|page| *page.as_bytes()),
        ),
        ask_row,
    )
}

pub(super) fn due(connection: &Connection, now_ms: u64, limit: u32) -> Result<Vec<(Scope, Ask)>, StorageError> {
    many(
        connection,
        "looking for due asks",
        concat!(
            "SELECT ",
            ask_columns!(),
            ", g.name, k.user FROM asks k
              LEFT JOIN origins o ON o.id = k.origin LEFT JOIN programs g ON g.id = k.program
              WHERE k.due_at_ms <= ?1
              ORDER BY k.due_at_ms, g.name, k.user, k.id LIMIT ?2"
        ),
        (int(now_ms), limit),
        |row| {
            let program: String = row.get(ASK_COLUMNS)?;
            let user: String = row.get(ASK_COLUMNS + 1)?;
            let scope = Scope {
                program: program.parse().map_err(|e| damaged(ASK_COLUMNS, e))?,
                user: user.parse().map_err(|e| damaged(ASK_COLUMNS + 1, e))?,
            };
            Ok((scope, ask_row(row)?))
        },
    )
}

pub(super) fn next_due(connection: &Connection) -> Result<Option<u64>, StorageError> {
    one(
        connection,
        "looking for the next due ask",
        "SELECT due_at_ms FROM asks WHERE due_at_ms IS NOT NULL ORDER BY due_at_ms LIMIT 1",
        (),
        |row| number(row, 0),
    )
}

pub(super) fn secret(connection: &Connection, name: &str) -> Result<Option<[u8; 32]>, StorageError> {
    one(connection, "reading a secret", "SELECT value FROM secrets WHERE name = ?1", (name,), |row| row.get(0))
}

/// The row that `sql` finds, if any.
pub(super) fn one<T>(
    connection: &Connection,
    doing: &'static str,
    sql: &str,
    parameters: impl Params,
    read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Option<T>, StorageError> {
    let failed = failed(doing);
    let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
    let mut rows = statement.query(parameters).map_err(&failed)?;
    match rows.next().map_err(&failed)? {
        Some(row) => read(row).map(Some).map_err(&failed),
        None => Ok(None),
    }
}

/// All rows that `sql` finds.
pub(super) fn many<T>(
    connection: &Connection,
    doing: &'static str,
    sql: &str,
    parameters: impl Params,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, StorageError> {
    let failed = failed(doing);
    let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
    let rows = statement.query_map(parameters, read).map_err(&failed)?;
    rows.collect::<Result<_, _>>().map_err(&failed)
}

fn app_row(row: &Row<'_>) -> rusqlite::Result<AppRow> {
    let digest: Option<[u8; 32]> = row.get(COUNT_COLUMNS)?;
    let state: Option<Vec<u8>> = row.get(COUNT_COLUMNS + 1)?;
    Ok(AppRow { state: state.zip(digest.map(Digest::from_bytes)), ..counts(row)? })
}

/// A program's row without its state.
fn counts(row: &Row<'_>) -> rusqlite::Result<AppRow> {
    Ok(AppRow {
        revision: number(row, 0)?,
        bytes_stored: number(row, 1)?,
        next_ask_id: number(row, 2)?,
        pages: row.get(3)?,
        timers: row.get(4)?,
        toasts: row.get(5)?,
        navigations: row.get(6)?,
        state: None,
    })
}

fn summary(row: &Row<'_>, first: usize) -> rusqlite::Result<PageSummary> {
    Ok(PageSummary {
        id: PageId::from_bytes(row.get(first)?),
        parent: row.get::<_, Option<_>>(first + 1)?.map(PageId::from_bytes),
        route: row.get(first + 2)?,
        parameters: parameters(row, first + 3)?,
        digest: Digest::from_bytes(row.get(first + 4)?),
        opened_at_ms: number(row, first + 5)?,
        touched_at_ms: number(row, first + 6)?,
        closed: row.get(first + 7)?,
        replies: row.get(first + 8)?,
    })
}

fn page_row(row: &Row<'_>, first: usize) -> rusqlite::Result<PageRow> {
    let summary = summary(row, first)?;
    let rest = first + SUMMARY_COLUMNS;
    Ok(PageRow {
        id: summary.id,
        parent: summary.parent,
        route: summary.route,
        parameters: summary.parameters,
        digest: summary.digest,
        opened_at_ms: summary.opened_at_ms,
        touched_at_ms: summary.touched_at_ms,
        closed: summary.closed,
        reply: row.get(rest)?,
        drafts: row.get(rest + 1)?,
        state: row.get(rest + 2)?,
    })
}

fn ask_row(row: &Row<'_>) -> rusqlite::Result<Ask> {
    Ok(Ask {
        id: AskId(number(row, 0)?),
        kind: kind(row, 1)?,
        page: row.get::<_, Option<_>>(2)?.map(PageId::from_bytes),
        route: row.get(3)?,
        due_at_ms: optional_number(row, 4)?,
        digest: Digest::from_bytes(row.get(5)?),
        payload: row.get(6)?,
        message: row.get(7)?,
    })
}

/// The numbers that stand for kinds in rows: never given to another kind.
pub(super) fn kind_number(kind: AskKind) -> i64 {
    match kind {
        AskKind::Navigation => 1,
        AskKind::Timer => 2,
        AskKind::Toast => 3,
    }
}

pub(super) fn kind(row: &Row<'_>, column: usize) -> rusqlite::Result<AskKind> {
    match row.get(column)? {
        1 => Ok(AskKind::Navigation),
        2 => Ok(AskKind::Timer),
        3 => Ok(AskKind::Toast),
        other => Err(rusqlite::Error::IntegralValueOutOfRange(column, other)),
    }
}

fn parameters(row: &Row<'_>, column: usize) -> rusqlite::Result<Vec<(String, String)>> {
    match row.get_ref(column)?.as_str_or_null()? {
        Some(text) => serde_json::from_str(text).map_err(|error| damaged(column, error)),
        None => Ok(Vec::new()),
    }
}

/// Where the bytes of a column are in `large`; `None` where they stand in the row.
pub(super) fn large(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<i64>> {
    Ok(row.get_ref(column)?.as_i64().ok())
}

pub(super) fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    optional_number(row, column).map(Option::unwrap_or_default)
}

fn optional_number(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<u64>> {
    let number: Option<i64> = row.get(column)?;
    number
        .map(|number| u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, number)))
        .transpose()
}

fn damaged(column: usize, error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Null, Box::new(error))
}
