//! The rule of versions when something that is installed is loaded: what was good when
//! it was installed is an old version once a higher one was seen.

use mprun_registry::{Downgrade, Installed, Outcome, RecordKind, RegistryError};

use crate::fixtures::{NOW, Place, Publisher, app_id, unsigned};

fn coffee(place: &Place) -> Installed {
    place.registry.get(&app_id("coffee")).unwrap().unwrap()
}

fn kinds(place: &Place) -> Vec<(RecordKind, u32)> {
    let history = place.registry.history(Some(&app_id("coffee"))).unwrap();
    history.iter().map(|record| (record.what, record.version_code)).collect()
}

/// Expects that a version may not be loaded, because of a higher one.
fn refused(place: &Place, installed: &Installed, by: u32) {
    let error = place.registry.may_load(installed).unwrap_err();
    let code = installed.version_code;
    assert_eq!(
        error.to_string(),
        format!("`coffee` {code}.0 has version code {code}, but code {by} was seen here before")
    );
    assert!(error.hint().unwrap().ends_with("--allow-downgrade"), "{:?}", error.hint());
}

#[test]
fn an_installed_version_is_not_loaded_once_a_higher_one_was_seen() {
    let place = Place::new();
    let author = Publisher::new();
    let [three, five, six] = [3, 5, 6].map(|code| author.release("coffee", code, ""));
    three.install(&place.registry).unwrap();
    let installed = coffee(&place);
    place.registry.may_load(&installed).unwrap();
    let generation = place.registry.generation().unwrap();
    five.observe(&place.registry, Downgrade::Refused).unwrap();
    // Whoever serves it hears of it.
    assert!(place.registry.generation().unwrap() > generation);
    refused(&place, &installed, 5);

    // To install it again is an answer only where somebody says so.
    let error = three.install(&place.registry).unwrap_err();
    assert!(matches!(error, RegistryError::Lower { code: 3, highest: 5, .. }), "{error}");
    refused(&place, &installed, 5);
    for _ in 0..2 {
        assert!(matches!(three.force(&place.registry).unwrap(), Outcome::AlreadyInstalled));
        place.registry.may_load(&installed).unwrap();
        assert!(matches!(three.install(&place.registry).unwrap(), Outcome::AlreadyInstalled));
    }
    assert_eq!(kinds(&place), [(RecordKind::Installed, 3), (RecordKind::Downgraded, 3)]);
    // It stays allowed, whatever is seen, until something else is done.
    six.observe(&place.registry, Downgrade::Refused).unwrap();
    place.registry.may_load(&installed).unwrap();
    six.install(&place.registry).unwrap();
    refused(&place, &installed, 6);
    place.registry.may_load(&coffee(&place)).unwrap();
    place.registry.check().unwrap();
}

#[test]
fn an_allowed_downgrade_is_loaded_until_it_is_removed() {
    let place = Place::new();
    let author = Publisher::new();
    let [three, five] = [3, 5].map(|code| author.release("coffee", code, ""));
    five.install(&place.registry).unwrap();
    place.registry.may_load(&coffee(&place)).unwrap();
    three.force(&place.registry).unwrap();
    let installed = coffee(&place);
    place.registry.may_load(&installed).unwrap();
    // What is done with other programs is not about this one.
    author.release("tea", 1, "").install(&place.registry).unwrap();
    place.registry.may_load(&installed).unwrap();

    place.registry.remove(&app_id("coffee"), NOW).unwrap();
    refused(&place, &installed, 5);
    assert!(three.install(&place.registry).is_err());
    three.force(&place.registry).unwrap();
    place.registry.may_load(&installed).unwrap();
    five.install(&place.registry).unwrap();
    refused(&place, &installed, 5);
}

#[test]
fn only_the_last_downgrade_is_allowed() {
    let place = Place::new();
    let author = Publisher::new();
    let [three, four, five] = [3, 4, 5].map(|code| author.release("coffee", code, ""));
    five.install(&place.registry).unwrap();
    three.force(&place.registry).unwrap();
    let installed = coffee(&place);
    // Somebody runs the file of another old version.
    four.observe(&place.registry, Downgrade::Allowed).unwrap();
    refused(&place, &installed, 5);
    three.force(&place.registry).unwrap();
    place.registry.may_load(&installed).unwrap();
}

#[test]
fn the_rule_is_for_each_program_and_not_for_unsigned_ones() {
    let place = Place::new();
    let (author, other) = (Publisher::new(), Publisher::new());
    other.release("coffee", 9, "").observe(&place.registry, Downgrade::Refused).unwrap();
    author.release("tea", 9, "").install(&place.registry).unwrap();
    author.release("coffee", 1, "").install(&place.registry).unwrap();
    place.registry.may_load(&coffee(&place)).unwrap();
    place.registry.remove(&app_id("coffee"), NOW).unwrap();

    unsigned("coffee", 5, "").install(&place.registry).unwrap();
    let before = coffee(&place);
    unsigned("coffee", 2, "").install(&place.registry).unwrap();
    place.registry.may_load(&coffee(&place)).unwrap();
    place.registry.may_load(&before).unwrap();
}
