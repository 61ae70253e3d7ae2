//! What an update may do more than the version before is found when it is installed,
//! and kept: somebody may have to agree to it later.

use std::fs;

use mprun_core::bundle::Verified;
use mprun_registry::{Outcome, RecordKind, Registry};

use crate::fixtures::{NOW, Place, Publisher, Release, app_id, bundle_asking};

const RANDOM: &str = "the permission `random`: get unpredictable bytes";
const TOAST: &str = "the permission `toast`: show a short message over the page";

fn release(author: &Publisher, code: u32, permissions: &[&str]) -> Release {
    author.release_with(bundle_asking("coffee", code, "", permissions), &[], &[])
}

/// Installs it, and answers what it may do more. The history says the same.
fn widenings(registry: &Registry, release: &Release) -> Vec<String> {
    let Outcome::Installed { widenings, .. } = release.force(registry).unwrap() else { panic!("installed already") };
    let history = registry.history(Some(&app_id("coffee"))).unwrap();
    assert_eq!(history.last().unwrap().widenings, widenings);
    widenings
}

#[test]
fn an_update_that_widens_says_so_and_the_history_keeps_it() {
    let place = Place::new();
    let author = Publisher::new();
    let none: [&str; 0] = [];
    // The first one widens nothing: there is nothing before it.
    assert_eq!(widenings(&place.registry, &release(&author, 1, &["random"])), none);
    assert_eq!(widenings(&place.registry, &release(&author, 2, &[])), none);
    assert_eq!(widenings(&place.registry, &release(&author, 3, &["random", "toast"])), [RANDOM, TOAST]);
    // Going back can widen too.
    assert_eq!(widenings(&place.registry, &release(&author, 2, &[])), none);
    assert_eq!(widenings(&place.registry, &release(&author, 1, &["random"])), [RANDOM]);
    // The same again is no update.
    let again = release(&author, 1, &["random"]).force(&place.registry).unwrap();
    assert!(matches!(again, Outcome::AlreadyInstalled), "{again:?}");
    place.registry.remove(&app_id("coffee"), NOW).unwrap();
    assert_eq!(widenings(&place.registry, &release(&author, 4, &["toast"])), none);

    let history = place.registry.history(None).unwrap();
    let kept: Vec<_> =
        history.iter().map(|record| (record.what, record.version_code, record.widenings.len())).collect();
    let expected = [
        (RecordKind::Installed, 1, 0),
        (RecordKind::Updated, 2, 0),
        (RecordKind::Updated, 3, 2),
        (RecordKind::Downgraded, 2, 0),
        (RecordKind::Downgraded, 1, 1),
        (RecordKind::Removed, 1, 0),
        (RecordKind::Installed, 4, 0),
    ];
    assert_eq!(kept, expected);
    assert_eq!(Registry::open(&place.path).unwrap().history(None).unwrap(), history);
}

#[test]
fn what_cannot_be_compared_is_not_called_harmless() {
    let place = Place::new();
    let author = Publisher::new();
    let releases = [1, 2, 3].map(|code| release(&author, code, &[]));
    releases[0].install(&place.registry).unwrap();
    fs::remove_file(place.blob(&releases[0].digest())).unwrap();
    let unknown = ["unknown: the bundle that was installed before cannot be read"];
    assert_eq!(widenings(&place.registry, &releases[1]), unknown);
    fs::write(place.blob(&releases[1].digest()), "another file").unwrap();
    assert_eq!(widenings(&place.registry, &releases[2]), unknown);
    place.registry.check().unwrap();
}

#[test]
fn unsigned_programs_are_compared_too() {
    let place = Place::new();
    let unsigned = |bundle: Verified<_>| Release {
        admitted: mprun_core::trust::Admitted::development(bundle),
        signed: mprun_registry::Attachments::default(),
    };
    unsigned(bundle_asking("coffee", 1, "", &[])).install(&place.registry).unwrap();
    let next = unsigned(bundle_asking("coffee", 1, "another", &["toast"]));
    assert_eq!(widenings(&place.registry, &next), [TOAST]);
}
