//! The rule of versions: the highest is remembered for ever, and one version is
//! one bundle.

use mprun_registry::{Downgrade, Outcome, RecordKind, RegistryError};

use crate::fixtures::{NOW, Place, Publisher, app_id, state, unsigned};

fn kinds(place: &Place) -> Vec<(RecordKind, u32)> {
    place.registry.history(None).unwrap().iter().map(|record| (record.what, record.version_code)).collect()
}

#[test]
fn lower_versions_are_refused_also_after_removal() {
    let place = Place::new();
    let author = Publisher::new();
    let (old, new) = (author.release("coffee", 3, ""), author.release("coffee", 5, ""));
    old.install(&place.registry).unwrap();
    new.install(&place.registry).unwrap();
    let refused = |what: &str| {
        let error = old.install(&place.registry).unwrap_err();
        assert_eq!(error.to_string(), "`coffee` 3.0 has version code 3, but code 5 was seen here before", "{what}");
        assert!(error.hint().unwrap().ends_with("--allow-downgrade"), "{what}");
    };
    refused("installed");
    place.registry.remove(&app_id("coffee"), NOW).unwrap();
    refused("removed");
    place.registry.collect().unwrap();
    refused("removed and collected");
    assert!(place.registry.list().unwrap().programs.is_empty());
    new.install(&place.registry).unwrap();
    refused("installed again");
    assert_eq!(state(&place.registry), [("coffee".to_owned(), new.digest())]);
    let expected =
        [(RecordKind::Installed, 3), (RecordKind::Updated, 5), (RecordKind::Removed, 5), (RecordKind::Installed, 5)];
    assert_eq!(kinds(&place), expected);
}

#[test]
fn an_allowed_downgrade_is_on_the_record_and_the_highest_stays() {
    let place = Place::new();
    let author = Publisher::new();
    let releases = [3, 4, 5].map(|code| author.release("coffee", code, ""));
    let [three, four, five] = &releases;
    five.install(&place.registry).unwrap();
    three.force(&place.registry).unwrap();
    assert_eq!(state(&place.registry), [("coffee".to_owned(), three.digest())]);
    // What is installed may stay, and nothing between it and the highest may come.
    assert!(matches!(three.install(&place.registry).unwrap(), Outcome::AlreadyInstalled));
    let error = four.install(&place.registry).unwrap_err();
    assert!(matches!(error, RegistryError::Lower { code: 4, highest: 5, .. }), "{error}");
    place.registry.remove(&app_id("coffee"), NOW).unwrap();
    assert!(three.install(&place.registry).is_err());
    three.force(&place.registry).unwrap();
    five.install(&place.registry).unwrap();
    let expected = [
        (RecordKind::Installed, 5),
        (RecordKind::Downgraded, 3),
        (RecordKind::Removed, 3),
        (RecordKind::Downgraded, 3),
        (RecordKind::Updated, 5),
    ];
    assert_eq!(kinds(&place), expected);
    place.registry.check().unwrap();
}

#[test]
fn one_version_is_one_bundle_for_ever() {
    let place = Place::new();
    let author = Publisher::new();
    let (old, new) = (author.release("coffee", 3, ""), author.release("coffee", 5, ""));
    old.install(&place.registry).unwrap();
    new.install(&place.registry).unwrap();
    for other in [author.release("coffee", 5, "another"), author.release("coffee", 3, "another")] {
        let error = other.force(&place.registry).unwrap_err();
        let code = other.admitted.bundle().manifest().version.code;
        let known = if code == 5 { new.digest() } else { old.digest() };
        let expected = format!(
            "another bundle is version code {code} of `coffee` here: expected digest {known}, got {}",
            other.digest()
        );
        assert_eq!(error.to_string(), expected);
        assert!(error.hint().unwrap().contains("version.code"));
    }
    place.registry.remove(&app_id("coffee"), NOW).unwrap();
    assert!(author.release("coffee", 5, "another").install(&place.registry).is_err());
    assert!(place.registry.list().unwrap().programs.is_empty());
}

#[test]
fn unsigned_programs_have_no_rule() {
    let place = Place::new();
    for (code, text) in [(5, ""), (5, "another"), (2, ""), (3, "")] {
        let release = unsigned("coffee", code, text);
        release.observe(&place.registry, Downgrade::Refused).unwrap();
        release.install(&place.registry).unwrap();
        assert_eq!(state(&place.registry), [("coffee".to_owned(), release.digest())]);
    }
    let expected =
        [(RecordKind::Installed, 5), (RecordKind::Updated, 5), (RecordKind::Downgraded, 2), (RecordKind::Updated, 3)];
    assert_eq!(kinds(&place), expected);
    // Nothing of this counts for a publisher who takes the name later.
    place.registry.remove(&app_id("coffee"), NOW).unwrap();
    Publisher::new().release("coffee", 1, "").install(&place.registry).unwrap();
}

#[test]
fn the_versions_of_publishers_do_not_mix() {
    let place = Place::new();
    let (one, other) = (Publisher::new(), Publisher::new());
    one.release("coffee", 9, "").install(&place.registry).unwrap();
    one.release("tea", 1, "").install(&place.registry).unwrap();
    place.registry.remove(&app_id("coffee"), NOW).unwrap();
    other.release("coffee", 2, "").install(&place.registry).unwrap();
    place.registry.check().unwrap();
}

#[test]
fn what_is_run_without_being_installed_counts_too() {
    let place = Place::new();
    let author = Publisher::new();
    let (old, new) = (author.release("coffee", 3, ""), author.release("coffee", 5, ""));
    new.observe(&place.registry, Downgrade::Refused).unwrap();
    assert!(place.registry.list().unwrap().programs.is_empty());
    assert!(place.registry.history(None).unwrap().is_empty());
    let error = old.observe(&place.registry, Downgrade::Refused).unwrap_err();
    assert!(matches!(error, RegistryError::Lower { .. }), "{error}");
    assert!(old.install(&place.registry).is_err());
    let other = author.release("coffee", 5, "another");
    let error = other.observe(&place.registry, Downgrade::Allowed).unwrap_err();
    assert!(matches!(error, RegistryError::SameCode { .. }), "{error}");
    // Again and again the same one: one entry.
    for _ in 0..3 {
        old.observe(&place.registry, Downgrade::Allowed).unwrap();
    }
    assert_eq!(kinds(&place), [(RecordKind::Downgraded, 3)]);
    new.observe(&place.registry, Downgrade::Refused).unwrap();
    assert!(old.observe(&place.registry, Downgrade::Refused).is_err());
}
