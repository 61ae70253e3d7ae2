//! Opens the database file and decides whether it is ours to use: refuses files
//! of other applications and of newer versions, creates what is missing.
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
const SCHEMA_VERSION: i64 = 1;

/// How long a connection waits for another process that is writing. A commit
/// holds the lock for milliseconds; whoever holds it for longer than this is ill.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Statements kept prepared per connection: more than there are.
const STATEMENTS_MAX: usize = 64;

/// Above this the write-ahead log is cut back to, after a checkpoint.
const WAL_BYTES_KEPT: i64 = 16 << 20;

/// Keys are bytes and not text, so that they sort by bytes and a prefix has an
/// upper bound. Large columns stand last in their rows: SQLite reads a row from
/// its beginning and stops at the last column that it needs.
const SCHEMA: &str = "
CREATE TABLE apps (
    program TEXT NOT NULL,
    user TEXT NOT NULL,
    revision INTEGER NOT NULL,
    bytes_stored INTEGER NOT NULL,
    next_ask_id INTEGER NOT NULL,
    pages INTEGER NOT NULL,
    timers INTEGER NOT NULL,
    toasts INTEGER NOT NULL,
    navigations INTEGER NOT NULL,
    digest BLOB,
    state BLOB,
    PRIMARY KEY (program, user)
) STRICT;

CREATE TABLE pages (
    program TEXT NOT NULL,
    user TEXT NOT NULL,
    id BLOB NOT NULL,
    parent BLOB,
    route TEXT NOT NULL,
    parameters TEXT NOT NULL,
    digest BLOB NOT NULL,
    opened_at_ms INTEGER NOT NULL,
    touched_at_ms INTEGER NOT NULL,
    closed INTEGER NOT NULL,
    reply BLOB,
    drafts BLOB NOT NULL,
    state BLOB NOT NULL,
    PRIMARY KEY (program, user, id)
) STRICT;

CREATE TABLE entries (
    program TEXT NOT NULL,
    user TEXT NOT NULL,
    key BLOB NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (program, user, key)
) STRICT;

CREATE TABLE asks (
    program TEXT NOT NULL,
    user TEXT NOT NULL,
    id INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    page BLOB,
    route TEXT NOT NULL,
    due_at_ms INTEGER,
    digest BLOB NOT NULL,
    payload BLOB NOT NULL,
    message BLOB NOT NULL,
    PRIMARY KEY (program, user, id)
) STRICT;
CREATE INDEX asks_by_due_time ON asks (due_at_ms) WHERE due_at_ms IS NOT NULL;

CREATE TABLE events (
    program TEXT NOT NULL,
    user TEXT NOT NULL,
    id BLOB NOT NULL,
    at_ms INTEGER NOT NULL,
    outcome BLOB NOT NULL,
    PRIMARY KEY (program, user, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX events_by_time ON events (at_ms);

CREATE TABLE secrets (
    name TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE bindings (
    app_id TEXT NOT NULL PRIMARY KEY,
    namespace TEXT NOT NULL
) STRICT, WITHOUT ROWID;
";

/// The connection that writes. Creates the file, readable for its owner only (it
/// holds secrets), and the schema where they are missing.
pub(super) fn open_writer(path: &Path, durability: Durability) -> Result<Connection, StorageError> {
    create_file(path)?;
    let mut connection = connect(path)?;
    let opening = failed("opening the database");
    if version(&connection)?.is_none() {
        use_wal(&connection)?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(&opening)?;
        // Another process may have been here since we looked.
        if version(&transaction)?.is_none() {
            transaction.execute_batch(SCHEMA).map_err(&opening)?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(&opening)?;
            transaction.pragma_update(None, "user_version", SCHEMA_VERSION).map_err(&opening)?;
        }
        transaction.commit().map_err(&opening)?;
    } else {
        use_wal(&connection)?;
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
        assert_eq!(error.to_string(), "the data have schema version 7, expected at most 1");
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
