//! Files that are not what was written: each is noticed, named and explained, none
//! is used, and nothing outside of the registry is touched.

use std::{fs, path::Path};

use mprun_core::bundle::BUNDLE_BYTES_MAX;
use mprun_registry::{Collected, Outcome, Registry, RegistryError};
use rusqlite::Connection;

use crate::fixtures::{NOW, Place, Publisher, app_id, blob, files, state, unsigned};

/// Expects damage, with something to do about it.
fn damaged<T: std::fmt::Debug>(result: Result<T, RegistryError>, what: &str) -> RegistryError {
    let error = result.unwrap_err();
    assert!(matches!(error, RegistryError::Damaged { .. }), "{what}: {error:?}");
    assert!(error.hint().is_some(), "{what}");
    error
}

/// Runs SQL on the index, as nobody should.
fn meddle(place: &Place, sql: &str) {
    Connection::open(place.path.join("index.sqlite")).unwrap().execute_batch(sql).unwrap();
}

/// The names of what is readable, and of what is not.
fn names(place: &Place) -> (Vec<String>, Vec<String>) {
    let listed = place.registry.list().unwrap();
    let programs = listed.programs.iter().map(|installed| installed.program.app_id().to_string());
    (programs.collect(), listed.damaged.into_iter().map(|damage| damage.app_id).collect())
}

#[test]
fn altered_bundles_are_refused_until_they_are_installed_again() {
    let place = Place::new();
    let release = Publisher::new().release("coffee", 1, "");
    release.install(&place.registry).unwrap();
    let path = place.blob(&release.digest());
    let bytes = release.bytes();
    let mut flipped = bytes.to_vec();
    flipped[bytes.len() / 2] ^= 1;
    let longer = [bytes, b"\0"].concat();
    let other = unsigned("tea", 1, "").bytes().to_vec();
    let cases: [(&str, &[u8]); 5] = [
        ("a flipped bit", &flipped),
        ("cut off", &bytes[..bytes.len() - 1]),
        ("empty", b""),
        ("a byte more", &longer),
        ("another bundle", &other),
    ];
    for (what, altered) in cases {
        fs::write(&path, altered).unwrap();
        let error = damaged(place.registry.read(&release.digest()), what);
        assert!(error.to_string().contains(&format!("expected digest {}", release.digest())), "{what}: {error}");
        damaged(place.registry.check(), what);
        // Lists do not read bundles.
        assert_eq!(place.registry.list().unwrap().programs.len(), 1, "{what}");
        assert!(matches!(release.install(&place.registry).unwrap(), Outcome::AlreadyInstalled), "{what}");
        assert_eq!(place.registry.read(&release.digest()).unwrap(), bytes, "{what}");
        place.registry.check().unwrap();
    }
}

#[test]
fn a_file_that_is_too_large_is_not_read_to_its_end() {
    let place = Place::new();
    let release = unsigned("coffee", 1, "");
    release.install(&place.registry).unwrap();
    let file = fs::File::create(place.blob(&release.digest())).unwrap();
    // Sparse: it takes no space, and would take all memory.
    file.set_len(1 << 40).unwrap();
    let error = damaged(place.registry.read(&release.digest()), "large");
    assert!(error.to_string().ends_with(&format!("expected at most {BUNDLE_BYTES_MAX} bytes, got more")), "{error}");
}

#[test]
fn a_missing_bundle_is_damage_where_a_program_needs_it() {
    let place = Place::new();
    let release = unsigned("coffee", 1, "");
    release.install(&place.registry).unwrap();
    fs::remove_file(place.blob(&release.digest())).unwrap();
    let error = damaged(place.registry.read(&release.digest()), "missing");
    assert!(error.to_string().ends_with("is missing"), "{error}");
    damaged(place.registry.check(), "missing");
    release.install(&place.registry).unwrap();
    place.registry.check().unwrap();
}

#[test]
fn an_index_that_is_no_index_is_left_alone() {
    let place = Place::new();
    unsigned("coffee", 1, "").install(&place.registry).unwrap();
    let Place { folder: _folder, path, registry } = place;
    drop(registry);
    let index = path.join("index.sqlite");
    let good = fs::read(&index).unwrap();
    let mut holes = good.clone();
    holes[4_096..].fill(0x5a);
    let garbage = b"not a database, but long enough to look at ".repeat(99);
    for (what, bytes) in [("garbage", garbage), ("holes", holes), ("cut off", good[..good.len() / 2].to_vec())] {
        fs::write(&index, &bytes).unwrap();
        let found = Registry::open(&path).and_then(|registry| {
            // Nothing that cannot read what is installed may remove files.
            assert!(registry.collect().is_err(), "{what}");
            registry.check()
        });
        let error = damaged(found, what);
        let message = error.to_string();
        assert!(message.contains("index.sqlite"), "{what}: {message}");
        let hint = error.hint().unwrap();
        assert!(hint.contains(&path.display().to_string()) && hint.contains("install"), "{what}: {hint}");
        assert_eq!(files(&path.join("bundles")).len(), 1, "{what}");
    }
    fs::write(&index, good).unwrap();
    Registry::open(&path).unwrap().check().unwrap();
}

#[test]
fn bundles_without_an_index_are_not_forgotten_silently() {
    let place = Place::new();
    unsigned("coffee", 1, "").install(&place.registry).unwrap();
    let Place { folder: _folder, path, registry } = place;
    drop(registry);
    let index = path.join("index.sqlite");
    for what in ["removed", "emptied"] {
        fs::remove_file(&index).unwrap();
        if what == "emptied" {
            fs::write(&index, "").unwrap();
        }
        let error = damaged(Registry::open(&path), what);
        assert!(error.to_string().ends_with("is empty or was removed, but there are bundles"), "{what}: {error}");
        assert_eq!(files(&path.join("bundles")).len(), 1, "{what}");
    }
}

#[test]
fn indexes_of_newer_versions_and_of_others_are_refused() {
    let place = Place::new();
    meddle(&place, "PRAGMA user_version = 3");
    let error = Registry::open(&place.path).unwrap_err();
    assert_eq!(error.to_string(), "the registry has schema version 3, expected at most 2");
    assert!(error.hint().unwrap().contains("newer mprun"));
    meddle(&place, "PRAGMA user_version = 0");
    let error = damaged(Registry::open(&place.path), "of no version");
    assert!(error.to_string().ends_with("has schema version 0, expected 1 to 2"), "{error}");
    meddle(&place, "PRAGMA user_version = 2; PRAGMA application_id = 7");
    let error = damaged(Registry::open(&place.path), "of others");
    assert!(error.to_string().ends_with("is a database of another application"), "{error}");
}

#[test]
fn tables_that_are_gone_are_damage() {
    let place = Place::new();
    meddle(&place, "DROP TABLE versions; DELETE FROM state");
    damaged(place.registry.generation(), "generation");
    damaged(Publisher::new().release("coffee", 1, "").install(&place.registry), "versions");
}

#[test]
fn an_entry_that_is_unreadable_is_named_and_can_be_replaced_or_removed() {
    let place = Place::new();
    let release = Publisher::new().release("coffee", 1, "");
    unsigned("tea", 1, "").install(&place.registry).unwrap();
    for sql in [
        "UPDATE installed SET manifest = x'7b7d' WHERE app_id = 'coffee'",
        "UPDATE installed SET version_code = 7 WHERE app_id = 'coffee'",
        "UPDATE installed SET signatures = '[\"none\"]' WHERE app_id = 'coffee'",
        "UPDATE installed SET rotations = 'none' WHERE app_id = 'coffee'",
        "UPDATE installed SET manifest = (SELECT manifest FROM installed WHERE app_id = 'tea') WHERE app_id = 'coffee'",
    ] {
        release.install(&place.registry).unwrap();
        meddle(&place, sql);
        for error in [damaged(place.registry.get(&app_id("coffee")), sql), damaged(place.registry.check(), sql)] {
            assert!(error.to_string().contains("the entry of `coffee`"), "{sql}: {error}");
        }
        assert_eq!(names(&place), (vec!["tea".to_owned()], vec!["coffee".to_owned()]), "{sql}");
        release.install(&place.registry).unwrap();
        place.registry.check().unwrap();

        meddle(&place, sql);
        let error = damaged(place.registry.remove(&app_id("coffee"), NOW), sql);
        assert!(error.to_string().ends_with("it was removed"), "{sql}: {error}");
        assert_eq!(state(&place.registry).len(), 1, "{sql}");
    }
}

#[test]
fn an_entry_that_is_no_entry_hides_no_other_and_can_be_removed() {
    let place = Place::new();
    let release = Publisher::new().release("coffee", 1, "");
    for name in ["beer", "tea"] {
        unsigned(name, 1, "").install(&place.registry).unwrap();
    }
    let others = || vec!["beer".to_owned(), "tea".to_owned()];
    for sql in [
        "UPDATE installed SET digest = x'00' WHERE app_id = 'coffee'",
        "UPDATE installed SET version_code = -1 WHERE app_id = 'coffee'",
        "UPDATE installed SET bytes = -1 WHERE app_id = 'coffee'",
        "UPDATE installed SET signatures = CAST(x'ff' AS TEXT) WHERE app_id = 'coffee'",
        "UPDATE installed SET namespace = 'Nobody!' WHERE app_id = 'coffee'",
    ] {
        release.install(&place.registry).unwrap();
        meddle(&place, sql);
        assert_eq!(names(&place), (others(), vec!["coffee".to_owned()]), "{sql}");
        // Whose program it was is not known, so nothing takes its place.
        for error in [
            damaged(place.registry.get(&app_id("coffee")), sql),
            damaged(release.install(&place.registry), sql),
            damaged(place.registry.check(), sql),
        ] {
            assert!(error.to_string().contains("the entry of `coffee`"), "{sql}: {error}");
            assert!(error.hint().unwrap().contains("mprun remove coffee"), "{sql}");
        }
        let error = damaged(place.registry.remove(&app_id("coffee"), NOW), sql);
        assert!(error.to_string().ends_with("it was removed"), "{sql}: {error}");
        assert_eq!(names(&place), (others(), vec![]), "{sql}");
        place.registry.check().unwrap();
    }
}

#[test]
fn names_that_nobody_has_checked_are_escaped() {
    let place = Place::new();
    unsigned("tea", 1, "").install(&place.registry).unwrap();
    for (sql, name) in [
        ("UPDATE installed SET app_id = char(27) || '[2J'", "\\u{1b}[2J"),
        ("UPDATE installed SET app_id = CAST(x'07ff' AS TEXT)", "\\u{7}\u{fffd}"),
    ] {
        meddle(&place, sql);
        let listed = place.registry.list().unwrap();
        assert!(listed.programs.is_empty());
        let [damage] = listed.damaged.as_slice() else { panic!("{:?}", listed.damaged) };
        assert_eq!(damage.app_id, name);
        assert!(!damage.what.contains(char::is_control), "{:?}", damage.what);
    }
}

#[test]
fn a_damaged_history_is_said() {
    for sql in ["UPDATE history SET widenings = 'none'", "UPDATE history SET what = 9"] {
        let place = Place::new();
        unsigned("tea", 1, "").install(&place.registry).unwrap();
        meddle(&place, sql);
        damaged(place.registry.history(None), sql);
        damaged(place.registry.check(), sql);
    }
}

#[test]
fn an_entry_must_describe_its_bundle() {
    let place = Place::new();
    let release = Publisher::new().release("coffee", 1, "");
    for (sql, expected) in [
        ("UPDATE installed SET digest = zeroblob(32)", "is missing"),
        ("UPDATE installed SET bytes = 1", "expected a bundle of 1 bytes, got"),
        (
            "UPDATE installed SET manifest = CAST(replace(CAST(manifest AS TEXT), 'Test', 'Rest') AS BLOB)",
            "its manifest",
        ),
        ("DELETE FROM versions", "version code 1 is not remembered"),
    ] {
        release.force(&place.registry).unwrap();
        meddle(&place, sql);
        let error = damaged(place.registry.check(), sql);
        assert!(error.to_string().contains(expected), "{sql}: {error}");
        release.force(&place.registry).unwrap();
        place.registry.check().unwrap();
        meddle(&place, "DELETE FROM installed; DELETE FROM versions");
    }
}

#[test]
fn a_file_in_the_place_of_the_folder_is_said() {
    let place = Place::new();
    fs::write(place.path.join("bundles"), "a file").unwrap();
    let generation = place.registry.generation().unwrap();
    let error = damaged(unsigned("coffee", 1, "").install(&place.registry), "bundles");
    assert!(error.to_string().contains("expected a folder, got something else"), "{error}");
    damaged(place.registry.collect(), "bundles");
    assert!(place.registry.list().unwrap().programs.is_empty());
    assert_eq!(place.registry.generation().unwrap(), generation);
    assert_eq!(fs::read_to_string(place.path.join("bundles")).unwrap(), "a file");

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("registry");
    fs::write(&path, "a file").unwrap();
    damaged(Registry::open(&path), "the registry");
    damaged_or_io(Registry::open(&path.join("below")));
    let path = folder.path().join("other");
    fs::create_dir_all(path.join("index.sqlite")).unwrap();
    damaged(Registry::open(&path), "the index");
}

/// A folder that cannot be made: whatever the system calls it.
fn damaged_or_io(result: Result<Registry, RegistryError>) {
    let error = result.unwrap_err();
    assert!(matches!(error, RegistryError::Damaged { .. } | RegistryError::Io { .. }), "{error:?}");
    assert!(error.hint().is_some());
}

#[test]
fn a_folder_in_the_place_of_a_bundle_is_said() {
    let place = Place::new();
    let release = unsigned("coffee", 1, "");
    let path = place.blob(&release.digest());
    fs::create_dir_all(&path).unwrap();
    let error = damaged(release.install(&place.registry), "a folder");
    assert_eq!(error.hint().unwrap(), format!("move `{}` away", path.display()));
    assert!(place.registry.list().unwrap().programs.is_empty());
    damaged(place.registry.read(&release.digest()), "a folder");
    // Not ours: it stays.
    place.registry.collect().unwrap();
    fs::remove_dir(&path).unwrap();
    release.install(&place.registry).unwrap();
    place.registry.check().unwrap();
}

#[test]
fn collecting_leaves_alone_what_is_not_ours() {
    let place = Place::new();
    let release = unsigned("coffee", 1, "");
    release.install(&place.registry).unwrap();
    let bundles = place.path.join("bundles");
    let orphan = unsigned("tea", 1, "").digest();
    let name = blob(&place.path, &orphan).file_name().unwrap().to_str().unwrap().to_owned();
    let stay = [
        bundles.join("readme.txt"),
        bundles.join(&name),
        bundles.join("notes").join(&name),
        bundles.join("zz").join(&name),
        bundles.join(&name[..2]).join("readme.txt"),
        bundles.join(&name[..2]).join(name.to_uppercase()),
        bundles.join("tmp/folder/file"),
    ];
    let go = [bundles.join(&name[..2]).join(&name), bundles.join("tmp/unfinished"), bundles.join("tmp").join(&name)];
    for path in stay.iter().chain(&go) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "12345").unwrap();
    }
    let expected = Collected { files: 3, bytes: 15 };
    assert_eq!(place.registry.check().unwrap().orphans, expected);
    assert_eq!(place.registry.collect().unwrap(), expected);
    assert!(stay.iter().all(|path| path.exists()));
    assert!(go.iter().all(|path| !path.exists()));
    place.registry.check().unwrap();
}

#[cfg(unix)]
mod links {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_link_in_the_place_of_a_bundle_is_replaced_and_not_followed() {
        let place = Place::new();
        let release = unsigned("coffee", 1, "");
        release.install(&place.registry).unwrap();
        let outside = tempfile::tempdir().unwrap();
        let target = outside.path().join("file");
        // Even where the bytes are right.
        for bytes in [release.bytes(), b"precious"] {
            fs::write(&target, bytes).unwrap();
            let path = place.blob(&release.digest());
            fs::remove_file(&path).unwrap();
            symlink(&target, &path).unwrap();
            damaged(place.registry.read(&release.digest()), "a link");
            release.install(&place.registry).unwrap();
            assert!(fs::symlink_metadata(&path).unwrap().is_file());
            assert_eq!(fs::read(&target).unwrap(), bytes);
        }
        // A link that nothing needs goes; what it points to stays.
        place.registry.remove(&app_id("coffee"), NOW).unwrap();
        fs::remove_file(place.blob(&release.digest())).unwrap();
        symlink(&target, place.blob(&release.digest())).unwrap();
        symlink(&target, place.path.join("bundles/tmp/link")).unwrap();
        symlink(outside.path(), place.path.join("bundles/tmp/folder")).unwrap();
        assert_eq!(place.registry.collect().unwrap().files, 3);
        assert_eq!(fs::read(&target).unwrap(), b"precious");
    }

    #[test]
    fn folders_that_are_links_are_neither_written_nor_cleaned() {
        let release = unsigned("coffee", 1, "");
        let path = blob(Path::new(""), &release.digest());
        let name = path.file_name().unwrap();
        for link in [Path::new("bundles"), path.parent().unwrap(), Path::new("bundles/tmp")] {
            let place = Place::new();
            let outside = tempfile::tempdir().unwrap();
            fs::write(outside.path().join(name), "precious").unwrap();
            let at = place.path.join(link);
            fs::create_dir_all(at.parent().unwrap()).unwrap();
            symlink(outside.path(), &at).unwrap();
            damaged(release.install(&place.registry), &link.display().to_string());
            // It may refuse, or see nothing of its own.
            if let Ok(collected) = place.registry.collect() {
                assert_eq!(collected, Collected::default(), "{}", link.display());
            }
            assert_eq!(files(outside.path()), [outside.path().join(name)]);
            assert_eq!(fs::read(outside.path().join(name)).unwrap(), b"precious");
            assert!(place.registry.list().unwrap().programs.is_empty());
        }
    }

    #[test]
    fn an_index_that_is_a_link_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("precious");
        fs::write(&target, "").unwrap();
        let path = folder.path().join("registry");
        fs::create_dir(&path).unwrap();
        symlink(&target, path.join("index.sqlite")).unwrap();
        damaged(Registry::open(&path), "a link");
        assert_eq!(fs::read(&target).unwrap(), b"");
        // The folder itself may be one: it is the operator's own.
        let link = folder.path().join("link");
        let elsewhere = tempfile::tempdir().unwrap();
        symlink(elsewhere.path(), &link).unwrap();
        unsigned("coffee", 1, "").install(&Registry::open(&link).unwrap()).unwrap();
    }
}
