//! An index of schema version 1 becomes one of version 2: nothing is lost, and what was
//! not kept before is empty.

use std::{fs, path::Path, thread};

use mprun_core::trust::Rotation;
use mprun_registry::{RecordKind, Registry};
use rusqlite::{Connection, params};

use crate::fixtures::{NOW, Publisher, Release, app_id, blob, bundle, bundle_asking, lineages, state};

/// As version 1 has made it. Never changed.
const SCHEMA_1: &str = "
CREATE TABLE state (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    generation INTEGER NOT NULL
) STRICT;
INSERT INTO state (id, generation) VALUES (1, 7);

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
    version_code INTEGER NOT NULL
) STRICT;
CREATE INDEX history_by_program ON history (app_id, namespace);
";

/// A registry of version 1, in which one program is installed that its publisher's
/// second key has signed.
fn version_1(folder: &Path, release: &Release, rotation: &Rotation) {
    let path = blob(folder, &release.digest());
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, release.bytes()).unwrap();
    let index = Connection::open(folder.join("index.sqlite")).unwrap();
    index.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(())).unwrap();
    index.execute_batch(SCHEMA_1).unwrap();
    index.pragma_update(None, "application_id", 0x6d70_7267_i64).unwrap();
    index.pragma_update(None, "user_version", 1).unwrap();
    let (namespace, digest) = (release.admitted.program_id().namespace(), release.digest());
    let manifest = release.admitted.bundle().manifest();
    let signatures = serde_json::json!([release.signed.signatures[0].text()]).to_string();
    index
        .execute(
            "INSERT INTO installed VALUES ('coffee', ?1, ?2, ?3, ?4, ?5, 'a file', ?6, ?7, ?8)",
            params![
                namespace,
                digest.as_bytes(),
                manifest.version.code,
                i64::try_from(release.bytes().len()).unwrap(),
                i64::try_from(NOW).unwrap(),
                manifest.to_canonical_json(),
                signatures,
                serde_json::json!([rotation.text()]).to_string(),
            ],
        )
        .unwrap();
    index
        .execute(
            "INSERT INTO versions VALUES (?1, 'coffee', ?2, ?3, 0)",
            params![namespace, manifest.version.code, digest.as_bytes()],
        )
        .unwrap();
    index
        .execute(
            "INSERT INTO history (at, namespace, app_id, what, digest, version_code)
             VALUES (5, ?1, 'coffee', 1, ?2, ?3)",
            params![namespace, digest.as_bytes(), manifest.version.code],
        )
        .unwrap();
    index
        .execute(
            "INSERT INTO rotations (old_key, new_key, statement, recorded_at) VALUES (?1, ?2, ?3, 0)",
            params![rotation.old().to_string(), rotation.new_key().to_string(), rotation.text()],
        )
        .unwrap();
}

fn version_of(folder: &Path) -> i64 {
    let index = Connection::open(folder.join("index.sqlite")).unwrap();
    index.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}

#[test]
fn an_index_of_version_1_is_brought_up_to_date_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (Publisher::new(), Publisher::new());
    let rotation = old.rotate(&new);
    let release = new.release_with(bundle("coffee", 3, ""), &[], std::slice::from_ref(&rotation));
    version_1(folder.path(), &release, &rotation);
    assert_eq!(version_of(folder.path()), 1);

    let registry = Registry::open(folder.path()).unwrap();
    assert_eq!(version_of(folder.path()), 2);
    assert_eq!(state(&registry), [("coffee".to_owned(), release.digest())]);
    assert_eq!(registry.generation().unwrap(), 7);
    assert_eq!(registry.rotations().unwrap(), [rotation]);
    assert_eq!(lineages(&registry).root(&new.key()), old.key());
    registry.check().unwrap();
    registry.may_load(&registry.get(&app_id("coffee")).unwrap().unwrap()).unwrap();
    let history = registry.history(None).unwrap();
    let [first] = history.as_slice() else { panic!("{history:?}") };
    assert_eq!((first.at, first.what, first.version_code), (5, RecordKind::Installed, 3));
    assert!(first.widenings.is_empty());

    // From here on it is an index like any other.
    let known = registry.rotations().unwrap();
    let lower = new.release_with(bundle("coffee", 2, ""), &known, &[]);
    assert!(lower.install(&registry).is_err());
    let next = new.release_with(bundle_asking("coffee", 4, "", &["toast"]), &known, &[]);
    next.install(&registry).unwrap();
    assert_eq!(registry.history(None).unwrap()[1].widenings.len(), 1);
    // An `mprun` of before, which has it open, goes on writing.
    let before = Connection::open(folder.path().join("index.sqlite")).unwrap();
    before
        .execute_batch(
            "INSERT INTO history (at, namespace, app_id, what, digest, version_code)
             SELECT at, namespace, app_id, what, digest, version_code FROM history WHERE id = 1",
        )
        .unwrap();
    drop(before);
    assert!(registry.history(None).unwrap()[2].widenings.is_empty());
    drop(registry);
    Registry::open(folder.path()).unwrap().check().unwrap();
}

#[test]
fn several_who_open_it_at_once_bring_it_up_to_date_once() {
    for _ in 0..5 {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = (Publisher::new(), Publisher::new());
        let rotation = old.rotate(&new);
        let release = new.release_with(bundle("coffee", 3, ""), &[], std::slice::from_ref(&rotation));
        version_1(folder.path(), &release, &rotation);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| Registry::open(folder.path()).unwrap().check().unwrap());
            }
        });
        assert_eq!(version_of(folder.path()), 2);
    }
}
