//! Opens the database file and decides whether it is ours to use: refuses files
//! of other applications and of newer versions, creates what is missing, brings
//! files of an older version up to date without losing a row.
//!
//! Several processes may open one new file at the same moment, so every step
//! either happens inside a transaction that looks again, or can be repeated.

use std::{fs, io, path::Path, thread, time::Duration, time::Instant};

use rusqlite::{Connection, OpenFlags, TransactionBehavior, config::DbConfig};

use super::{Durability, failed};
use crate::StorageError;

/// Marks a database file as ours (`PRAGMA application_id`): "mprn".
const APPLICATION_ID: i64 = 0x6d70_726e;

/// The newest schema that this code knows (`PRAGMA user_version`).
const SCHEMA_VERSION: i64 = 2;

/// How long a connection waits for another process that is writing. A commit
/// holds the lock for milliseconds; whoever holds it for longer than this is ill.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// How long one waits while another process brings the file up to date.
const UPDATE_TIMEOUT: Duration = Duration::from_secs(600);

/// Statements kept prepared per connection: more than there are.
const STATEMENTS_MAX: usize = 64;

/// Above this the write-ahead log is cut back to, after a checkpoint.
const WAL_BYTES_KEPT: i64 = 16 << 20;

/// The most bytes of a state, of drafts or of a value that stand in the row itself.
/// With them a row has some 200: SQLite advises to keep rows of a table without row
/// ids below a twentieth of a page, and from a quarter on each would take an
/// overflow page of its own. What is larger stands in `large`.
pub(super) const INLINE_BYTES_MAX: usize = 150;

/// A row that a million users leave behind says nothing twice. What is long and
/// repeated stands in a table of its own and is named by a small number: a user in a
/// program (`scope`, given out by `counters`), a program (`programs`), and a bundle
/// with one of its pages (`origins`; the route is empty for a program's own state).
/// Scopes are never used again and rows of `apps` are never removed: an old number
/// cannot come to mean somebody else. `programs` and `origins` only grow, as installed
/// bundles do.
///
/// A usual page that was opened, used once and left costs, with 3 bytes for length and
/// place of each row, one byte of header for each column and one for the header, and
/// nothing for NULL, 0, 1 and what is empty:
///
/// | row      | bytes beside the state                                                    |
/// |----------|---------------------------------------------------------------------------|
/// | `apps`   | 52: 3 + 13, user 32, scope 3, origin 1                                     |
/// | `pages`  | 42: 3 + 12, scope 3, id 16, origin 1, opened 6, touched 1 (after hours: 4) |
/// | `events` | 67: 3 + 5, scope 3, id 16, time 6, outcome 34; pruned after two days       |
///
/// 161 and, as SQLite fills the leaves of such tables to nine tenths, some 180 in the
/// file; 105 without the event. A user's further pages cost no row of `apps`. What
/// stands in `large` costs another 13.
///
/// Events have no index by their time, which would cost as much as half of an event:
/// pruning looks through all of them. Of an event's id the first 16 bytes are kept: it
/// is a hash and compared with those of one user in one program only. By chance 128
/// bits never meet, and whoever makes two that do (2^64 tries) has lost an event of
/// their own.
///
/// Asks say once more whose they are, because somebody has to be found for those that
/// are due. `touched_after_ms` counts from `opened_at_ms`. `state`, `drafts` and
/// `value` are either the bytes or the number of a row of `large`. Keys are bytes and
/// not text, so that they sort by bytes and a prefix has an upper bound. What can be
/// large stands last in its row: SQLite reads a row from its beginning and stops at
/// the last column that it needs.
const SCHEMA: &str = "
CREATE TABLE programs (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE origins (
    id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL,
    route TEXT NOT NULL,
    UNIQUE (digest, route)
) STRICT;

CREATE TABLE counters (
    name TEXT NOT NULL PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO counters (name, value) VALUES ('scopes', 0);

CREATE TABLE large (
    id INTEGER PRIMARY KEY,
    bytes BLOB NOT NULL
) STRICT;

CREATE TABLE apps (
    user TEXT NOT NULL,
    program INTEGER NOT NULL,
    scope INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    bytes_stored INTEGER NOT NULL,
    next_ask_id INTEGER NOT NULL,
    pages INTEGER NOT NULL,
    timers INTEGER NOT NULL,
    toasts INTEGER NOT NULL,
    navigations INTEGER NOT NULL,
    origin INTEGER,
    state ANY,
    PRIMARY KEY (user, program)
) STRICT, WITHOUT ROWID;

CREATE TABLE pages (
    scope INTEGER NOT NULL,
    id BLOB NOT NULL,
    parent BLOB,
    origin INTEGER NOT NULL,
    parameters TEXT,
    opened_at_ms INTEGER NOT NULL,
    touched_after_ms INTEGER NOT NULL,
    closed INTEGER NOT NULL,
    reply BLOB,
    drafts ANY NOT NULL,
    state ANY NOT NULL,
    PRIMARY KEY (scope, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE entries (
    scope INTEGER NOT NULL,
    key BLOB NOT NULL,
    value ANY NOT NULL,
    PRIMARY KEY (scope, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE asks (
    scope INTEGER NOT NULL,
    id INTEGER NOT NULL,
    program INTEGER NOT NULL,
    user TEXT NOT NULL,
    kind INTEGER NOT NULL,
    page BLOB,
    origin INTEGER NOT NULL,
    due_at_ms INTEGER,
    payload BLOB NOT NULL,
    message BLOB NOT NULL,
    PRIMARY KEY (scope, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX asks_by_due_time ON asks (due_at_ms) WHERE due_at_ms IS NOT NULL;

CREATE TABLE events (
    scope INTEGER NOT NULL,
    id BLOB NOT NULL,
    at_ms INTEGER NOT NULL,
    outcome BLOB NOT NULL,
    PRIMARY KEY (scope, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE secrets (
    name TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE bindings (
    app_id TEXT NOT NULL PRIMARY KEY,
    namespace TEXT NOT NULL
) STRICT, WITHOUT ROWID;
";

/// Makes version 2 of version 1, which had program and user as text in every row and
/// index. Row ids of `apps` become scopes: nothing was ever removed from it. Large
/// bytes stay in their rows, where they can be read as well, until somebody writes
/// them. The file does not become smaller, but has room.
const FROM_VERSION_1: [&str; 3] = [
    "
DROP INDEX asks_by_due_time;
DROP INDEX events_by_time;
ALTER TABLE apps RENAME TO old_apps;
ALTER TABLE pages RENAME TO old_pages;
ALTER TABLE entries RENAME TO old_entries;
ALTER TABLE asks RENAME TO old_asks;
ALTER TABLE events RENAME TO old_events;
ALTER TABLE secrets RENAME TO old_secrets;
ALTER TABLE bindings RENAME TO old_bindings;
",
    SCHEMA,
    "
INSERT INTO programs (name) SELECT DISTINCT program FROM old_apps ORDER BY program;
INSERT INTO origins (digest, route)
    SELECT digest, '' FROM old_apps WHERE digest IS NOT NULL
    UNION SELECT digest, route FROM old_pages
    UNION SELECT digest, route FROM old_asks;
UPDATE counters SET value = (SELECT coalesce(max(rowid), 0) FROM old_apps) WHERE name = 'scopes';

INSERT INTO apps (user, program, scope, revision, bytes_stored, next_ask_id, pages, timers,
        toasts, navigations, origin, state)
    SELECT a.user, g.id, a.rowid, a.revision, a.bytes_stored, a.next_ask_id, a.pages, a.timers,
           a.toasts, a.navigations, o.id, a.state
      FROM old_apps a JOIN programs g ON g.name = a.program
      LEFT JOIN origins o ON o.digest = a.digest AND o.route = ''
     ORDER BY a.user, g.id;

INSERT INTO pages (scope, id, parent, origin, parameters, opened_at_ms, touched_after_ms,
        closed, reply, drafts, state)
    SELECT a.rowid, p.id, p.parent, o.id, nullif(p.parameters, '[]'), p.opened_at_ms,
           p.touched_at_ms - p.opened_at_ms, p.closed, p.reply, p.drafts, p.state
      FROM old_pages p LEFT JOIN old_apps a ON a.program = p.program AND a.user = p.user
      LEFT JOIN origins o ON o.digest = p.digest AND o.route = p.route
     ORDER BY a.rowid, p.id;

INSERT INTO entries (scope, key, value)
    SELECT a.rowid, e.key, e.value
      FROM old_entries e LEFT JOIN old_apps a ON a.program = e.program AND a.user = e.user
     ORDER BY a.rowid, e.key;

INSERT INTO asks (scope, id, program, user, kind, page, origin, due_at_ms, payload, message)
    SELECT a.rowid, k.id, g.id, k.user, k.kind, k.page, o.id, k.due_at_ms, k.payload, k.message
      FROM old_asks k LEFT JOIN old_apps a ON a.program = k.program AND a.user = k.user
      LEFT JOIN programs g ON g.name = k.program
      LEFT JOIN origins o ON o.digest = k.digest AND o.route = k.route
     ORDER BY a.rowid, k.id;

INSERT INTO events (scope, id, at_ms, outcome)
    SELECT a.rowid, substr(e.id, 1, 16), e.at_ms, e.outcome
      FROM old_events e LEFT JOIN old_apps a ON a.program = e.program AND a.user = e.user
     ORDER BY a.rowid, e.id;

INSERT INTO secrets (name, value) SELECT name, value FROM old_secrets;
INSERT INTO bindings (app_id, namespace) SELECT app_id, namespace FROM old_bindings;

DROP TABLE old_apps;
DROP TABLE old_pages;
DROP TABLE old_entries;
DROP TABLE old_asks;
DROP TABLE old_events;
DROP TABLE old_secrets;
DROP TABLE old_bindings;
",
];

/// The connection that writes. Creates the file, readable for its owner only (it
/// holds secrets), and the schema where they are missing.
pub(super) fn open_writer(path: &Path, durability: Durability) -> Result<Connection, StorageError> {
    create_file(path)?;
    let mut connection = connect(path)?;
    let opening = failed("opening the database");
    let found = version(&connection)?;
    use_wal(&connection)?;
    if found != Some(SCHEMA_VERSION) {
        // Another process may do it already, and a large file takes its time.
        connection.busy_timeout(UPDATE_TIMEOUT).map_err(&opening)?;
        bring_up_to_date(&mut connection)?;
        connection.busy_timeout(BUSY_TIMEOUT).map_err(&opening)?;
    }
    connection
        .pragma_update(
            None,
            "synchronous",
            match durability {
                Durability::Full => "FULL",
                Durability::Normal => "NORMAL",
            },
        )
        .map_err(&opening)?;
    connection.pragma_update_and_check(None, "journal_size_limit", WAL_BYTES_KEPT, |_| Ok(())).map_err(&opening)?;
    Ok(connection)
}

/// Creates the schema, or makes it of an older one, in one transaction: whoever dies
/// in it leaves the file as it was. Processes of the older version that have the file
/// open are told by SQLite that their columns are gone, and change nothing.
fn bring_up_to_date(connection: &mut Connection) -> Result<(), StorageError> {
    let opening = failed("opening the database");
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(&opening)?;
    // Another process may have been here since we looked.
    match version(&transaction)? {
        None => {
            transaction.execute_batch(SCHEMA).map_err(&opening)?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(&opening)?;
        }
        Some(1) => FROM_VERSION_1
            .iter()
            .try_for_each(|step| transaction.execute_batch(step))
            .map_err(failed("bringing the database up to date"))?,
        Some(_) => return Ok(()),
    }
    transaction.pragma_update(None, "user_version", SCHEMA_VERSION).map_err(&opening)?;
    transaction.commit().map_err(&opening)
}

/// A connection that reads only. The file and its schema are there.
pub(super) fn open_reader(path: &Path) -> Result<Connection, StorageError> {
    let connection = connect(path)?;
    connection.pragma_update(None, "query_only", true).map_err(failed("opening the database"))?;
    Ok(connection)
}

fn connect(path: &Path) -> Result<Connection, StorageError> {
    let opening = failed("opening the database");
    // A connection is used by one thread at a time: its own mutex is not needed.
    // No URI flag: a file may be called anything.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(&opening)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(&opening)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    // Plans never depend on bound values. Otherwise SQLite plans a statement anew
    // whenever a value changes that might matter: that made a page and
    // its program's row ten times slower to read.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(&opening)?;
    connection.pragma_update(None, "trusted_schema", false).map_err(&opening)?;
    Ok(connection)
}

fn create_file(path: &Path) -> Result<(), StorageError> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        // SQLite syncs the file but not the folder that names it: without this a
        // file that was just created can be gone after a power cut.
        #[cfg(unix)]
        Ok(_) => match path.parent().filter(|p| !p.as_os_str().is_empty()) {
            Some(folder) => fs::File::open(folder).and_then(|f| f.sync_all()),
            None => Ok(()),
        },
        #[cfg(not(unix))]
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
    .map_err(|error| StorageError::Backend { doing: "creating the database file", source: std::sync::Arc::new(error) })
}

/// The schema version of the file; `None` where it is empty.
fn version(connection: &Connection) -> Result<Option<i64>, StorageError> {
    // One statement: another process may be making the schema right now.
    let (tables, application, found) = connection
        .query_row(
            "SELECT (SELECT count(*) FROM sqlite_schema), application_id, user_version
               FROM pragma_application_id, pragma_user_version",
            [],
            |row| <(i64, i64, i64)>::try_from(row),
        )
        .map_err(failed("opening the database"))?;
    if tables == 0 && application == 0 && found == 0 {
        return Ok(None);
    }
    if application != APPLICATION_ID {
        return Err(StorageError::Foreign);
    }
    if found < 1 {
        return Err(StorageError::Damaged { what: format!("schema version {found}, expected 1 to {SCHEMA_VERSION}") });
    }
    if found > SCHEMA_VERSION {
        return Err(StorageError::NewerSchema { found, known: SCHEMA_VERSION });
    }
    Ok(Some(found))
}

/// Switches the file to write-ahead logging: readers and the writer do not block
/// each other, and a commit is one append.
fn use_wal(connection: &Connection) -> Result<(), StorageError> {
    let opening = failed("opening the database");
    let deadline = Instant::now() + BUSY_TIMEOUT;
    loop {
        let mode = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0));
        match mode.map_err(&opening) {
            Ok(mode) if mode.eq_ignore_ascii_case("wal") => return Ok(()),
            Ok(mode) => {
                return Err(StorageError::Backend {
                    doing: "opening the database",
                    source: std::sync::Arc::new(io::Error::other(format!(
                        "the file system has no write-ahead logging, journal mode is `{mode}`"
                    ))),
                });
            }
            // The switch needs the file for itself for a moment, and SQLite does
            // not wait for that where waiting could be a deadlock.
            Err(StorageError::Busy) if Instant::now() < deadline => {
                thread::sleep(Duration::from_millis(5));
            }
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::SqliteStorage;

    fn file() -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data.sqlite");
        (folder, path)
    }

    #[test]
    fn a_newer_file_is_refused_and_left_as_it_is() {
        let (_folder, path) = file();
        drop(SqliteStorage::open(&path).unwrap());
        let connection = Connection::open(&path).unwrap();
        connection.pragma_update(None, "user_version", 7).unwrap();
        drop(connection);
        let error = SqliteStorage::open(&path).err().unwrap();
        assert_eq!(error.to_string(), "the data have schema version 7, expected at most 2");
    }

    #[test]
    fn a_file_that_is_ours_and_of_no_version_is_refused() {
        let (_folder, path) = file();
        drop(SqliteStorage::open(&path).unwrap());
        let connection = Connection::open(&path).unwrap();
        connection.pragma_update(None, "user_version", 0).unwrap();
        drop(connection);
        let error = SqliteStorage::open(&path).err().unwrap();
        assert_eq!(error.to_string(), "the data are damaged: schema version 0, expected 1 to 2");
    }

    #[test]
    fn files_of_others_are_refused() {
        let (_folder, path) = file();
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch("CREATE TABLE t (a)").unwrap();
        drop(connection);
        let before = fs::read(&path).unwrap();
        assert!(matches!(SqliteStorage::open(&path).err(), Some(StorageError::Foreign)));
        assert_eq!(fs::read(&path).unwrap(), before);

        let (_folder, path) = file();
        fs::write(&path, "not a database, but long enough to look at ".repeat(9)).unwrap();
        assert!(matches!(SqliteStorage::open(&path).err(), Some(StorageError::Foreign)));
    }

    #[test]
    fn a_missing_folder_is_an_error_and_not_created() {
        let (folder, _) = file();
        let path = folder.path().join("missing").join("data.sqlite");
        assert!(SqliteStorage::open(&path).is_err());
        assert!(!folder.path().join("missing").exists());
    }

    #[cfg(unix)]
    #[test]
    fn the_files_are_for_their_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let (folder, path) = file();
        let _storage = SqliteStorage::open(&path).unwrap();
        for entry in fs::read_dir(folder.path()).unwrap() {
            let entry = entry.unwrap();
            let mode = entry.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{:?}", entry.path());
        }
    }

    #[test]
    fn many_may_open_a_new_file_at_the_same_moment() {
        for _ in 0..20 {
            let (_folder, path) = file();
            thread::scope(|scope| {
                let opened: Vec<_> = (0..4).map(|_| scope.spawn(|| SqliteStorage::open(&path).map(drop))).collect();
                for thread in opened {
                    thread.join().unwrap().unwrap();
                }
            });
        }
    }

    #[test]
    fn the_library_has_no_known_way_to_lose_commits() {
        // Up to 3.51.2 two connections that checkpoint at the same moment can lose
        // committed pages (the WAL-reset bug).
        assert!(rusqlite::version_number() >= 3_051_003);
    }
}
