//! The life of an installed program, and what two views of one registry see.

use std::fs;

use mprun_core::{identity::ProgramId, trust::SIGNATURES_MAX};
use mprun_registry::{Attachments, Collected, Outcome, RecordKind, Registry, RegistryError};

use crate::fixtures::{NOW, Place, Publisher, Release, app_id, files, state, unsigned};

#[test]
fn a_registry_can_be_shared_between_threads() {
    fn shared<T: Clone + Send + Sync + 'static>() {}
    shared::<Registry>();
}

#[test]
fn a_new_registry_is_empty_and_for_its_owner_only() {
    let place = Place::new();
    assert!(place.registry.list().unwrap().programs.is_empty());
    assert!(place.registry.history(None).unwrap().is_empty());
    assert_eq!(place.registry.generation().unwrap(), 0);
    assert_eq!(place.registry.collect().unwrap(), Collected::default());
    assert_eq!(place.registry.get(&app_id("coffee")).unwrap().map(|i| i.digest), None);
    assert_eq!(place.registry.remove(&app_id("coffee"), NOW).unwrap().map(|i| i.digest), None);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        unsigned("coffee", 1, "").install(&place.registry).unwrap();
        let mut all = files(&place.path);
        all.push(place.path.clone());
        all.push(place.path.join("bundles"));
        for path in all {
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{}", path.display());
        }
    }
}

#[test]
fn a_program_is_installed_listed_read_and_removed() {
    let place = Place::new();
    let author = Publisher::new();
    let release = author.release("coffee", 3, "");
    let outcome = release.install(&place.registry).unwrap();
    assert!(matches!(outcome, Outcome::Installed { before: None, .. }), "{outcome:?}");

    let installed = place.registry.get(&app_id("coffee")).unwrap().unwrap();
    assert_eq!(installed.program, *release.admitted.program_id());
    assert_eq!(installed.digest, release.digest());
    assert_eq!((installed.version_code, installed.version_name.as_str()), (3, "3.0"));
    assert_eq!(installed.manifest, *release.admitted.bundle().manifest());
    assert_eq!(installed.bytes, release.bytes().len() as u64);
    assert_eq!((installed.installed_at, installed.source.as_str()), (NOW, "a test"));
    assert_eq!(installed.attachments.signatures[0].text(), release.signed.signatures[0].text());
    assert!(!installed.development);
    assert_eq!(place.registry.list().unwrap().programs.len(), 1);
    assert_eq!(place.registry.read(&release.digest()).unwrap(), release.bytes());

    let removed = place.registry.remove(&app_id("coffee"), NOW + 5).unwrap().unwrap();
    assert_eq!(removed.digest, release.digest());
    assert!(place.registry.list().unwrap().programs.is_empty());
    // The file is there until somebody collects.
    assert_eq!(place.registry.read(&release.digest()).unwrap(), release.bytes());
    let collected = place.registry.collect().unwrap();
    assert_eq!(collected, Collected { files: 1, bytes: release.bytes().len() as u64 });
    let error = place.registry.read(&release.digest()).unwrap_err();
    assert!(matches!(error, RegistryError::NotInstalled { .. }), "{error}");

    let history = place.registry.history(None).unwrap();
    let kinds: Vec<_> = history.iter().map(|record| (record.at, record.what)).collect();
    assert_eq!(kinds, [(NOW, RecordKind::Installed), (NOW + 5, RecordKind::Removed)]);
    assert!(history.iter().all(|record| record.digest == release.digest() && record.version_code == 3));
    assert_eq!(place.registry.history(Some(&app_id("coffee"))).unwrap(), history);
    assert_eq!(place.registry.history(Some(&app_id("tea"))).unwrap(), []);
}

#[test]
fn programs_are_listed_by_app_id() {
    let place = Place::new();
    for name in ["tea", "a.b", "coffee", "a-b"] {
        unsigned(name, 1, "").install(&place.registry).unwrap();
    }
    let names: Vec<_> = state(&place.registry).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["a-b", "a.b", "coffee", "tea"]);
    assert_eq!(place.registry.check().unwrap().programs, 4);
}

#[test]
fn an_update_says_what_it_replaces() {
    let place = Place::new();
    let author = Publisher::new();
    let (first, second) = (author.release("coffee", 1, ""), author.release("coffee", 2, ""));
    first.install(&place.registry).unwrap();
    let Outcome::Installed { before: Some(before), .. } = second.install(&place.registry).unwrap() else {
        panic!("expected an update");
    };
    assert_eq!(before.digest, first.digest());
    assert_eq!(state(&place.registry), [("coffee".to_owned(), second.digest())]);
    assert_eq!(place.registry.history(None).unwrap()[1].what, RecordKind::Updated);
    // The old file goes, the new one stays.
    assert_eq!(place.registry.check().unwrap().orphans.files, 1);
    assert_eq!(place.registry.collect().unwrap().files, 1);
    assert_eq!(files(&place.path.join("bundles")), [place.blob(&second.digest())]);
    assert_eq!(place.registry.check().unwrap().orphans, Collected::default());
}

#[test]
fn the_same_bundle_again_changes_nothing() {
    let place = Place::new();
    let release = Publisher::new().release("coffee", 1, "");
    release.install(&place.registry).unwrap();
    let generation = place.registry.generation().unwrap();
    let again = place.registry.install(
        &release.admitted,
        &release.signed,
        "somewhere else",
        mprun_registry::Downgrade::Refused,
        NOW + 99,
    );
    assert!(matches!(again.unwrap(), Outcome::AlreadyInstalled));
    assert_eq!(place.registry.generation().unwrap(), generation);
    let installed = place.registry.get(&app_id("coffee")).unwrap().unwrap();
    assert_eq!((installed.installed_at, installed.source.as_str()), (NOW, "a test"));
    assert_eq!(place.registry.history(None).unwrap().len(), 1);
}

#[test]
fn attachments_are_those_that_came_last() {
    let place = Place::new();
    let (author, reviewer) = (Publisher::new(), Publisher::new());
    let release = author.release("coffee", 1, "");
    release.install(&place.registry).unwrap();
    let generation = place.registry.generation().unwrap();
    let mut signed = release.signed.clone();
    signed.signatures.push(reviewer.sign(release.bytes()));
    let release = Release { signed, ..release };
    assert!(matches!(release.install(&place.registry).unwrap(), Outcome::AlreadyInstalled));
    let installed = place.registry.get(&app_id("coffee")).unwrap().unwrap();
    let texts: Vec<_> = installed.attachments.signatures.iter().map(|signature| signature.text()).collect();
    let expected: Vec<_> = release.signed.signatures.iter().map(|signature| signature.text()).collect();
    assert_eq!(texts, expected);
    assert_eq!(place.registry.generation().unwrap(), generation + 1);
}

#[test]
fn one_app_id_is_one_publishers() {
    let place = Place::new();
    let (one, other) = (Publisher::new(), Publisher::new());
    let first = one.release("coffee", 1, "");
    first.install(&place.registry).unwrap();
    for second in [other.release("coffee", 9, ""), unsigned("coffee", 9, "")] {
        let error = second.install(&place.registry).unwrap_err();
        let expected = format!(
            "`coffee` is installed already as the program of another publisher, `{}`",
            first.admitted.program_id()
        );
        assert_eq!(error.to_string(), expected);
        assert!(error.hint().unwrap().ends_with("mprun remove coffee --forget"), "{:?}", error.hint());
    }
    assert_eq!(state(&place.registry), [("coffee".to_owned(), first.digest())]);
    place.registry.remove(&app_id("coffee"), NOW).unwrap();
    unsigned("coffee", 9, "").install(&place.registry).unwrap();
    let installed = place.registry.get(&app_id("coffee")).unwrap().unwrap();
    assert_eq!(installed.program, ProgramId::dev(app_id("coffee")));
    assert!(installed.development);
}

#[test]
fn two_views_of_one_folder_see_each_other() {
    let place = Place::new();
    let other = Registry::open(&place.path).unwrap();
    let generation = other.generation().unwrap();
    let release = unsigned("coffee", 1, "");
    release.install(&place.registry).unwrap();
    assert!(other.generation().unwrap() > generation);
    assert_eq!(state(&other), [("coffee".to_owned(), release.digest())]);
    other.remove(&app_id("coffee"), NOW).unwrap();
    assert!(place.registry.list().unwrap().programs.is_empty());
    // Nothing was removed: nothing has changed.
    let generation = other.generation().unwrap();
    assert!(place.registry.remove(&app_id("coffee"), NOW).unwrap().is_none());
    other.collect().unwrap();
    assert_eq!(other.generation().unwrap(), generation);
}

#[test]
fn what_was_installed_is_there_after_reopening() {
    let place = Place::new();
    let release = Publisher::new().release("coffee", 1, "");
    release.install(&place.registry).unwrap();
    let Place { folder: _folder, path, registry } = place;
    drop(registry);
    // The last to close leaves one file of the index, and the bundle.
    assert_eq!(files(&path).len(), 2);
    let registry = Registry::open(&path).unwrap();
    assert_eq!(state(&registry), [("coffee".to_owned(), release.digest())]);
    assert_eq!(registry.check().unwrap().bytes, release.bytes().len() as u64);
}

#[test]
fn more_attachments_than_a_host_looks_at_are_refused() {
    let place = Place::new();
    let release = unsigned("coffee", 1, "");
    let signature = Publisher::new().sign(release.bytes());
    let signed = Attachments { signatures: vec![signature; SIGNATURES_MAX + 1], rotations: Vec::new() };
    let release = Release { signed, ..release };
    let error = release.install(&place.registry).unwrap_err();
    assert_eq!(error.to_string(), "expected at most 32 signatures, got 33");
    assert!(place.registry.list().unwrap().programs.is_empty());
}
