//! Keys that were replaced: the program stays the same one, and no statement makes
//! it another.

use mprun_core::trust::{RotationError, namespace};
use mprun_registry::{Attachments, Downgrade, Outcome, RegistryError};

use crate::fixtures::{NOW, Place, Publisher, Release, app_id, bundle, lineages, state, unsigned};

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
    assert!(matches!(outcome, Outcome::Installed { before: Some(_), .. }), "{outcome:?}");
    let known = lineages(&place.registry);
    assert_eq!(known.root(&new.key()), old.key());
    assert_eq!(known.successor(&old.key()), Some(&new.key()));

    // Recorded: the next bundle need not bring the statement again. It brings the
    // next one.
    let next = new.rotate(&newest);
    let third = newest.release_with(bundle("coffee", 3, ""), &[statement], &[next]);
    third.install(&place.registry).unwrap();
    assert_eq!(lineages(&place.registry).root(&newest.key()), old.key());
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
    assert_eq!(lineages(&place.registry).root(&thief.key()), thief.key());
}

#[test]
fn statements_about_reviewers_are_recorded_too() {
    let place = Place::new();
    let (author, other, reviewer, next, newest) =
        (Publisher::new(), Publisher::new(), Publisher::new(), Publisher::new(), Publisher::new());
    let statements = [reviewer.rotate(&next), next.rotate(&newest)];
    author.release_with(bundle("coffee", 1, ""), &[], &statements[..1]).install(&place.registry).unwrap();
    assert_eq!(place.registry.rotations().unwrap(), &statements[..1]);
    let installed = place.registry.get(&app_id("coffee")).unwrap().unwrap();
    assert_eq!(installed.attachments.rotations, &statements[..1]);
    // By whatever program, also one that is only run; in the order in which they came.
    let generation = place.registry.generation().unwrap();
    let release = other.release_with(bundle("tea", 1, ""), &[], &statements);
    release.observe(&place.registry, Downgrade::Refused).unwrap();
    assert_eq!(place.registry.rotations().unwrap(), statements);
    assert!(place.registry.generation().unwrap() > generation);
    // The identities of neither have anything to do with it.
    assert_eq!(installed.program.namespace(), namespace(&author.key()));
    assert_eq!(release.admitted.program_id().namespace(), namespace(&other.key()));

    // What comes with an unsigned program is nobody's word.
    let stolen = author.rotate(&Publisher::new());
    let signed = Attachments { signatures: Vec::new(), rotations: vec![stolen] };
    let release = Release { signed, ..unsigned("milk", 1, "") };
    release.install(&place.registry).unwrap();
    assert_eq!(lineages(&place.registry).successor(&author.key()), None);
    place.registry.check().unwrap();
}

#[test]
fn what_a_reviewer_has_published_counts_for_the_reviewer_alone() {
    let place = Place::new();
    let (author, anna, next) = (Publisher::new(), Publisher::new(), Publisher::new());
    next.release("coffee", 9, "").observe(&place.registry, Downgrade::Refused).unwrap();
    let statement = [anna.rotate(&next)];
    author.release_with(bundle("tea", 1, ""), &[], &statement).install(&place.registry).unwrap();
    // It is the reviewer's lineage that has seen version 9, not the author's.
    author.release("coffee", 1, "").install(&place.registry).unwrap();
    place.registry.remove(&app_id("coffee"), NOW).unwrap();
    let error = anna.release("coffee", 8, "").install(&place.registry).unwrap_err();
    assert!(matches!(error, RegistryError::Lower { highest: 9, .. }), "{error}");
}

#[test]
fn a_statement_about_others_does_not_rename_what_is_installed_and_is_in_nobodys_way() {
    let place = Place::new();
    let (author, old, new) = (Publisher::new(), Publisher::new(), Publisher::new());
    let coffee = new.release("coffee", 1, "");
    coffee.install(&place.registry).unwrap();
    // Anybody can put the genuine statement beside somebody else's bundle.
    let tea = author.release_with(bundle("tea", 1, ""), &[], &[old.rotate(&new)]);
    tea.observe(&place.registry, Downgrade::Refused).unwrap();
    tea.install(&place.registry).unwrap();
    assert_eq!(place.registry.rotations().unwrap(), []);
    coffee.install(&place.registry).unwrap();
    assert_eq!(state(&place.registry).len(), 2);
    place.registry.check().unwrap();
}

#[test]
fn a_stolen_key_that_rotated_first_is_won_back() {
    let place = Place::new();
    let (plum, thief, plum2, stranger) = (Publisher::new(), Publisher::new(), Publisher::new(), Publisher::new());
    plum.release("coffee", 1, "").install(&place.registry).unwrap();
    let (by_thief, genuine) = (plum.rotate(&thief), plum.rotate(&plum2));
    let on = thief.rotate(&stranger);
    let bad = thief.release_with(bundle("coffee", 2, ""), &[], &[by_thief.clone(), on.clone()]);
    bad.install(&place.registry).unwrap();
    let good = plum2.release_with(bundle("coffee", 3, ""), &[], std::slice::from_ref(&genuine));
    assert!(matches!(good.install(&place.registry), Err(RegistryError::Rotation(RotationError::Fork { .. }))));

    // What the caller's trust file makes void is forgotten, and nothing else.
    let generation = place.registry.generation().unwrap();
    place.registry.strike(&[]).unwrap();
    place.registry.strike(&[genuine.clone(), stranger.rotate(&plum)]).unwrap();
    assert_eq!(place.registry.generation().unwrap(), generation);
    place.registry.strike(&[by_thief.clone(), genuine.clone()]).unwrap();
    assert_eq!(place.registry.generation().unwrap(), generation + 1);
    assert_eq!(place.registry.rotations().unwrap(), std::slice::from_ref(&on));
    place.registry.strike(&[by_thief]).unwrap();
    assert_eq!(place.registry.generation().unwrap(), generation + 1);

    good.install(&place.registry).unwrap();
    assert_eq!(place.registry.rotations().unwrap(), [on, genuine]);
    assert_eq!(state(&place.registry), [("coffee".to_owned(), good.digest())]);
    assert_eq!(good.admitted.program_id().namespace(), namespace(&plum.key()));
    place.registry.check().unwrap();
}

#[test]
fn what_is_run_without_being_installed_brings_its_statements() {
    let place = Place::new();
    let (old, new) = (Publisher::new(), Publisher::new());
    let release = new.release_with(bundle("coffee", 1, ""), &[], &[old.rotate(&new)]);
    release.observe(&place.registry, Downgrade::Refused).unwrap();
    assert_eq!(lineages(&place.registry).root(&new.key()), old.key());
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
    assert!(error.hint().unwrap().ends_with("mprun remove coffee --forget"), "{:?}", error.hint());
    assert!(late.observe(&place.registry, Downgrade::Refused).is_err());
    assert_eq!(lineages(&place.registry).root(&new.key()), new.key());

    // Once it is removed, the statement counts, and what was seen is not forgotten.
    place.registry.remove(&app_id("coffee"), NOW).unwrap();
    late.install(&place.registry).unwrap();
    assert_eq!(lineages(&place.registry).root(&new.key()), old.key());
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
