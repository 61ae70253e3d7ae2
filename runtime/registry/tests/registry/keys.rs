//! Keys that were replaced: the program stays the same one, and no statement makes
//! it another.

use mprun_core::trust::{Rotation, RotationError};
use mprun_registry::{Attachments, Downgrade, Outcome, RegistryError};

use crate::fixtures::{NOW, Place, Publisher, Release, app_id, bundle, state, unsigned};

#[test]
fn a_program_stays_the_same_when_its_key_is_replaced() {
    let place = Place::new();
    let (old, new, newest) = (Publisher::new(), Publisher::new(), Publisher::new());
    let first = old.release("coffee", 1, "");
    first.install(&place.registry).unwrap();

    let statement = old.rotate(&new);
    let second = new.release_with(bundle("coffee", 2, ""), &[], std::slice::from_ref(&statement));
    assert_eq!(second.admitted.program_id(), first.admitted.program_id());
    let outcome = second.install(&place.registry).unwrap();
    assert!(matches!(outcome, Outcome::Installed { before: Some(_) }), "{outcome:?}");
    let lineages = place.registry.lineages().unwrap();
    assert_eq!(lineages.root(&new.key()), old.key());
    assert_eq!(lineages.successor(&old.key()), Some(&new.key()));

    // Recorded: the next bundle need not bring the statement again. It brings the
    // next one.
    let next = new.rotate(&newest);
    let third = newest.release_with(bundle("coffee", 3, ""), &[statement], &[next]);
    third.install(&place.registry).unwrap();
    assert_eq!(place.registry.lineages().unwrap().root(&newest.key()), old.key());
    assert_eq!(state(&place.registry), [("coffee".to_owned(), third.digest())]);
    let installed = place.registry.get(&app_id("coffee")).unwrap().unwrap();
    assert_eq!(installed.attachments.rotations.len(), 1);
    place.registry.check().unwrap();
}

#[test]
fn a_key_has_one_successor_whatever_is_installed_next() {
    let place = Place::new();
    let (old, new, thief) = (Publisher::new(), Publisher::new(), Publisher::new());
    let first = new.release_with(bundle("coffee", 1, ""), &[], &[old.rotate(&new)]);
    first.install(&place.registry).unwrap();
    let generation = place.registry.generation().unwrap();
    let second = thief.release_with(bundle("coffee", 2, ""), &[], &[old.rotate(&thief)]);
    assert_eq!(second.admitted.program_id(), first.admitted.program_id());
    for error in
        [second.install(&place.registry).unwrap_err(), second.observe(&place.registry, Downgrade::Refused).unwrap_err()]
    {
        assert!(matches!(error, RegistryError::Rotation(RotationError::Fork { .. })), "{error}");
        assert!(error.hint().is_some());
    }
    assert_eq!(state(&place.registry), [("coffee".to_owned(), first.digest())]);
    assert_eq!(place.registry.generation().unwrap(), generation);
    assert_eq!(place.registry.lineages().unwrap().root(&thief.key()), thief.key());
}

#[test]
fn statements_about_keys_of_others_are_not_recorded() {
    let place = Place::new();
    let (author, other, thief) = (Publisher::new(), Publisher::new(), Publisher::new());
    let stolen: Rotation = other.rotate(&thief);
    let release = author.release_with(bundle("coffee", 1, ""), &[], std::slice::from_ref(&stolen));
    release.install(&place.registry).unwrap();
    release.observe(&place.registry, Downgrade::Refused).unwrap();
    assert_eq!(place.registry.lineages().unwrap().successor(&other.key()), None);
    // They stay with the bundle.
    let installed = place.registry.get(&app_id("coffee")).unwrap().unwrap();
    assert_eq!(installed.attachments.rotations, std::slice::from_ref(&stolen));

    let signed = Attachments { signatures: Vec::new(), rotations: vec![stolen] };
    let release = Release { signed, ..unsigned("tea", 1, "") };
    release.install(&place.registry).unwrap();
    assert_eq!(place.registry.lineages().unwrap().successor(&other.key()), None);
}

#[test]
fn what_is_run_without_being_installed_brings_its_statements() {
    let place = Place::new();
    let (old, new) = (Publisher::new(), Publisher::new());
    let release = new.release_with(bundle("coffee", 1, ""), &[], &[old.rotate(&new)]);
    release.observe(&place.registry, Downgrade::Refused).unwrap();
    assert_eq!(place.registry.lineages().unwrap().root(&new.key()), old.key());
    let generation = place.registry.generation().unwrap();
    release.observe(&place.registry, Downgrade::Refused).unwrap();
    assert_eq!(place.registry.generation().unwrap(), generation);
}

#[test]
fn a_name_that_is_not_the_publishers_any_more_is_refused() {
    let place = Place::new();
    let (old, new) = (Publisher::new(), Publisher::new());
    new.release_with(bundle("coffee", 1, ""), &[], &[old.rotate(&new)]).install(&place.registry).unwrap();
    // Admitted by somebody who has not heard of it.
    let unaware = new.release("tea", 1, "");
    let error = unaware.install(&place.registry).unwrap_err();
    assert!(matches!(error, RegistryError::LineageMoved { .. }), "{error}");
    assert!(unaware.observe(&place.registry, Downgrade::Refused).is_err());
}

#[test]
fn a_statement_does_not_rename_what_is_installed() {
    let place = Place::new();
    let (old, new) = (Publisher::new(), Publisher::new());
    // Installed before anybody has heard that the key replaced another.
    new.release("coffee", 5, "").install(&place.registry).unwrap();
    let late = new.release_with(bundle("tea", 1, ""), &[], &[old.rotate(&new)]);
    let error = late.install(&place.registry).unwrap_err();
    assert!(matches!(error, RegistryError::LateRotation { .. }), "{error}");
    assert!(error.hint().unwrap().ends_with("mprun remove coffee"), "{:?}", error.hint());
    assert!(late.observe(&place.registry, Downgrade::Refused).is_err());
    assert_eq!(place.registry.lineages().unwrap().root(&new.key()), new.key());

    // Once it is removed, the statement counts, and what was seen is not forgotten.
    place.registry.remove(&app_id("coffee"), NOW).unwrap();
    late.install(&place.registry).unwrap();
    assert_eq!(place.registry.lineages().unwrap().root(&new.key()), old.key());
    let known = [old.rotate(&new)];
    let lower = new.release_with(bundle("coffee", 3, ""), &known, &[]);
    let error = lower.install(&place.registry).unwrap_err();
    assert!(matches!(error, RegistryError::Lower { highest: 5, .. }), "{error}");
    let other = new.release_with(bundle("coffee", 5, "another"), &known, &[]);
    let error = other.install(&place.registry).unwrap_err();
    assert!(matches!(error, RegistryError::SameCode { .. }), "{error}");
    new.release_with(bundle("coffee", 6, ""), &known, &[]).install(&place.registry).unwrap();
    place.registry.check().unwrap();
}
