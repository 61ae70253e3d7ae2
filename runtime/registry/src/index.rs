//! Opens the index and decides whether it is ours to use: refuses files that are
//! no index, indexes of newer versions, and an empty index beside bundles, which
//! would mean that the record of the highest versions was lost. Indexes of older
//! versions are brought up to date, in one transaction; an `mprun` of before that has
//! one open goes on with it.
//!
//! Write-ahead logging, because readers then never wait for an installation and a
//! commit is one append; `synchronous = FULL`, because a version that was seen
//! must still be known after a power cut. Several processes may open one new
//! folder at the same moment, so every step either happens inside a transaction
//! that looks again, or can be repeated.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use rusqlite::{
    Connection,
    Error::{FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, SqlInputError, Utf8Error},
    ErrorCode, OpenFlags, Params, Row, Transaction, TransactionBehavior,
};

use crate::{RegistryError, blobs::Blobs};

/// The name of the file, in the registry's folder.
pub(crate) const FILE: &str = "index.sqlite";

/// Marks a database file as ours (`PRAGMA application_id`): "mprg".
const APPLICATION_ID: i64 = 0x6d70_7267;

/// The newest schema that this code knows (`PRAGMA user_version`).
const SCHEMA_VERSION: i64 = 2;

/// How long we wait for a process that is writing, in seconds. The longest that
/// one writes is a bundle of 8 MiB on a slow disk.
pub(crate) const BUSY_SECONDS: u64 = 10;
const BUSY_TIMEOUT: Duration = Duration::from_secs(BUSY_SECONDS);

/// Namespaces and app ids are columns of their own: most questions are about one
/// of the two. `versions` only grows: nothing that was installed, removed or forgotten
/// makes an old version new again. `rotations` loses only what the operator's trust
/// file has made void.
const SCHEMA: &str = "
CREATE TABLE state (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    generation INTEGER NOT NULL
) STRICT;
INSERT INTO state (id, generation) VALUES (1, 0);

CREATE TABLE installed (
    app_id TEXT NOT NULL PRIMARY KEY,
    namespace TEXT NOT NULL,
    digest BLOB NOT NULL,
    version_code INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    installed_at INTEGER NOT NULL,
    source TEXT NOT NULL,
    manifest BLOB NOT NULL,
    signatures TEXT NOT NULL,
    rotations TEXT NOT NULL
) STRICT;

CREATE TABLE versions (
    namespace TEXT NOT NULL,
    app_id TEXT NOT NULL,
    version_code INTEGER NOT NULL,
    digest BLOB NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (namespace, app_id, version_code)
) STRICT, WITHOUT ROWID;

CREATE TABLE rotations (
    id INTEGER PRIMARY KEY,
    old_key TEXT NOT NULL UNIQUE,
    new_key TEXT NOT NULL UNIQUE,
    statement TEXT NOT NULL,
    recorded_at INTEGER NOT NULL
) STRICT;

CREATE TABLE history (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    namespace TEXT NOT NULL,
    app_id TEXT NOT NULL,
    what INTEGER NOT NULL,
    digest BLOB NOT NULL,
    version_code INTEGER NOT NULL,
    widenings TEXT NOT NULL DEFAULT '[]'
) STRICT;
CREATE INDEX history_by_program ON history (app_id, namespace);
";

/// From version 1 to 2: what an update may do more, as a JSON list of texts. Nobody
/// has noted it before.
const FROM_1: &str = "ALTER TABLE history ADD COLUMN widenings TEXT NOT NULL DEFAULT '[]'";

/// The connection that writes. Creates the file, readable for its owner only, and
/// the schema where they are missing.
pub(crate) fn open_writer(folder: &Path, blobs: &Blobs) -> Result<Connection, RegistryError> {
    let path = folder.join(FILE);
    create_file(&path)?;
    let connection = connect(&path)?;
    prepare(&connection, blobs)?;
    Ok(connection)
}

fn prepare(connection: &Connection, blobs: &Blobs) -> Result<(), RegistryError> {
    let opening = failed(connection, "opening the index");
    let found = version(connection)?;
    use_wal(connection)?;
    connection.pragma_update(None, "synchronous", "FULL").map_err(&opening)?;
    if found == Some(SCHEMA_VERSION) {
        return Ok(());
    }
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate).map_err(&opening)?;
    // Another process may have been here since we looked.
    match version(&transaction)? {
        None => {
            if blobs.any()? {
                let path = path_of(connection);
                return Err(RegistryError::Damaged {
                    what: format!("`{}` is empty or was removed, but there are bundles", path.display()),
                    repair: repair(&path),
                });
            }
            transaction.execute_batch(SCHEMA).map_err(&opening)?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(&opening)?;
        }
        Some(1) => transaction.execute_batch(FROM_1).map_err(&opening)?,
        Some(_) => return Ok(()),
    }
    transaction.pragma_update(None, "user_version", SCHEMA_VERSION).map_err(&opening)?;
    transaction.commit().map_err(&opening)
}

/// A connection that reads only. The file and its schema are there.
pub(crate) fn open_reader(folder: &Path) -> Result<Connection, RegistryError> {
    let connection = connect(&folder.join(FILE))?;
    connection.pragma_update(None, "query_only", true).map_err(failed(&connection, "opening the index"))?;
    Ok(connection)
}

fn connect(path: &Path) -> Result<Connection, RegistryError> {
    let opening = |error| convert(error, "opening the index", path);
    // A connection is used by one thread at a time: its own mutex is not needed.
    // No URI flag: a folder may be called anything.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(opening)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(opening)?;
    connection.pragma_update(None, "trusted_schema", false).map_err(opening)?;
    Ok(connection)
}

fn create_file(path: &Path) -> Result<(), RegistryError> {
    let what = || format!("`{}`", path.display());
    let mut options = fs::OpenOptions::new();
    // `create_new` follows no link.
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        // SQLite syncs the file but not the folder that names it.
        Ok(_) => match path.parent() {
            Some(folder) => crate::blobs::sync(folder),
            None => Ok(()),
        },
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let found = fs::symlink_metadata(path).map_err(RegistryError::reading(what()))?;
            if found.is_file() {
                return Ok(());
            }
            Err(RegistryError::Damaged {
                what: format!("expected a file, got something else: {}", what()),
                repair: repair(path),
            })
        }
        Err(error) => Err(RegistryError::writing(what())(error)),
    }
}

/// The schema version of the file; `None` where it is empty.
fn version(connection: &Connection) -> Result<Option<i64>, RegistryError> {
    // One statement: another process may be making the schema right now.
    let (tables, application, found) = connection
        .query_row(
            "SELECT (SELECT count(*) FROM sqlite_schema), application_id, user_version
               FROM pragma_application_id, pragma_user_version",
            [],
            |row| <(i64, i64, i64)>::try_from(row),
        )
        .map_err(failed(connection, "opening the index"))?;
    if tables == 0 && application == 0 && found == 0 {
        return Ok(None);
    }
    if application != APPLICATION_ID {
        let path = path_of(connection);
        return Err(RegistryError::Damaged {
            what: format!("`{}` is a database of another application", path.display()),
            repair: repair(&path),
        });
    }
    if found < 1 {
        let path = path_of(connection);
        return Err(RegistryError::Damaged {
            what: format!("`{}` has schema version {found}, expected 1 to {SCHEMA_VERSION}", path.display()),
            repair: repair(&path),
        });
    }
    if found > SCHEMA_VERSION {
        return Err(RegistryError::Newer { found, known: SCHEMA_VERSION });
    }
    Ok(Some(found))
}

fn use_wal(connection: &Connection) -> Result<(), RegistryError> {
    let opening = failed(connection, "opening the index");
    let deadline = Instant::now() + BUSY_TIMEOUT;
    loop {
        let mode = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0));
        match mode.map_err(&opening) {
            Ok(mode) if mode.eq_ignore_ascii_case("wal") => return Ok(()),
            Ok(mode) => {
                return Err(RegistryError::Io {
                    what: "opening the index".to_owned(),
                    source: format!("the file system has no write-ahead logging, journal mode is `{mode}`").into(),
                });
            }
            // The switch needs the file for itself for a moment, and SQLite does
            // not wait for that where waiting could be a deadlock.
            Err(RegistryError::Busy) if Instant::now() < deadline => thread::sleep(Duration::from_millis(5)),
            Err(error) => return Err(error),
        }
    }
}

/// Turns an error of SQLite into ours.
pub(crate) fn failed<'a>(
    connection: &'a Connection,
    doing: &'static str,
) -> impl Fn(rusqlite::Error) -> RegistryError + 'a {
    move |error| convert(error, doing, &path_of(connection))
}

fn convert(error: rusqlite::Error, doing: &str, path: &Path) -> RegistryError {
    let what = || format!("`{}`", path.display());
    let damaged = |reason: &dyn fmt::Display| RegistryError::Damaged {
        what: format!("`{}`: {doing}: {reason}", path.display()),
        repair: repair(path),
    };
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => RegistryError::Busy,
        Some(ErrorCode::DiskFull) => RegistryError::Full { what: what(), reason: error.to_string() },
        // The file is there, or was just made: whoever cannot open it may not.
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
            RegistryError::ReadOnly { what: what(), reason: error.to_string() }
        }
        // Unknown: the file says which schema it has, so that a table or a column that
        // is missing was taken away.
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt | ErrorCode::Unknown) => match &error {
            SqlInputError { msg, .. } => damaged(msg),
            error => damaged(error),
        },
        _ => match error {
            FromSqlConversionFailure(..) | IntegralValueOutOfRange(..) | InvalidColumnType(..) | Utf8Error(..) => {
                damaged(&error)
            }
            error => RegistryError::Io { what: format!("{doing} (`{}`)", path.display()), source: Box::new(error) },
        },
    }
}

/// What to do about an index that cannot be used. Nothing is lost but the record:
/// the bundles are files.
pub(crate) fn repair(index: &Path) -> String {
    let folder = index.parent().unwrap_or(index).display();
    format!("move `{folder}` away and install the programs again; their files are in its folder `bundles`")
}

pub(crate) fn path_of(connection: &Connection) -> PathBuf {
    connection.path().map_or_else(|| PathBuf::from(FILE), PathBuf::from)
}

/// Whether SQLite finds its own file in order.
pub(crate) fn check(connection: &Connection) -> Result<(), RegistryError> {
    let found = many(connection, "checking the index", "PRAGMA quick_check(1)", (), |row| row.get::<_, String>(0))?;
    match found.first().map(String::as_str) {
        Some("ok") => Ok(()),
        found => {
            let path = path_of(connection);
            Err(RegistryError::Damaged {
                what: format!("`{}`: {}", path.display(), found.unwrap_or("the check gave no answer")),
                repair: repair(&path),
            })
        }
    }
}

/// The row that `sql` finds, if any.
pub(crate) fn one<T>(
    connection: &Connection,
    doing: &'static str,
    sql: &str,
    parameters: impl Params,
    read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Option<T>, RegistryError> {
    let failed = failed(connection, doing);
    let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
    let mut rows = statement.query(parameters).map_err(&failed)?;
    match rows.next().map_err(&failed)? {
        Some(row) => read(row).map(Some).map_err(&failed),
        None => Ok(None),
    }
}

/// All rows that `sql` finds.
pub(crate) fn many<T>(
    connection: &Connection,
    doing: &'static str,
    sql: &str,
    parameters: impl Params,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, RegistryError> {
    let failed = failed(connection, doing);
    let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
    let rows = statement.query_map(parameters, read).map_err(&failed)?;
    rows.collect::<Result<_, _>>().map_err(&failed)
}

/// Runs `sql`, which changes rows; answers how many.
pub(crate) fn run(
    connection: &Connection,
    doing: &'static str,
    sql: &str,
    parameters: impl Params,
) -> Result<usize, RegistryError> {
    let failed = failed(connection, doing);
    let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
    statement.execute(parameters).map_err(&failed)
}

/// A number as SQLite keeps it: 63 bits are enough for sizes and seconds.
pub(crate) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number that is not negative.
pub(crate) fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| IntegralValueOutOfRange(column, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_that_cannot_grow_is_a_full_disk() {
        let folder = tempfile::tempdir().unwrap();
        let connection = open_writer(folder.path(), &Blobs::new(folder.path())).unwrap();
        let pages: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
        connection.pragma_update_and_check(None, "max_page_count", pages + 4, |_| Ok(())).unwrap();
        let insert = |statement: &str| {
            run(
                &connection,
                "testing",
                "INSERT INTO rotations (old_key, new_key, statement, recorded_at) VALUES (?1, ?1, ?1, 0)",
                [statement],
            )
        };
        let error = insert(&"x".repeat(100_000)).unwrap_err();
        assert!(matches!(error, RegistryError::Full { .. }), "{error:?}");
        assert!(error.hint().is_some());
        assert_eq!(insert("small").unwrap(), 1);
    }

    #[test]
    fn every_commit_is_on_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let connection = open_writer(folder.path(), &Blobs::new(folder.path())).unwrap();
        let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
        let synchronous: i64 = connection.pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap();
        assert_eq!((mode.as_str(), synchronous), ("wal", 2));
    }
}
