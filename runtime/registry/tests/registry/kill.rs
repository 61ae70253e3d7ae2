//! Death at any moment: a process that installs, updates, removes and collects in
//! a loop is killed 200 times, and each time the registry is what it was before
//! the step, or what it should be after it.

use std::{path::Path, thread, time::Duration};

use mprun_core::identity::Digest;
use mprun_registry::Registry;

use crate::{
    fixtures::{NOW, Publisher, app_id, bundle, files, lineages, state, unsigned},
    processes::{Process, Yard, load, say},
};

/// How often.
const KILLS: u64 = 200;

/// Bundles, and the programs that they are versions of. Those of `two` are large,
/// so that many kills hit the middle of a file; its second one is signed by
/// another key and brings the statement.
const BUNDLES: [(&str, &str); 4] = [("one-1", "one"), ("two-1", "two"), ("one-2", "one"), ("two-2", "two")];

/// How many steps until everything is as at the beginning.
const ROUND: u64 = 6;

/// What is installed after so many steps. Each step counts the generation up by
/// one, so that it says all.
fn expected(steps: u64) -> &'static [&'static str] {
    match steps % ROUND {
        0 => &[],
        1 => &["one-1"],
        2 => &["one-1", "two-1"],
        3 => &["one-2", "two-1"],
        4 => &["one-2", "two-2"],
        _ => &["two-2"],
    }
}

/// What the child does until it is killed.
pub(crate) fn work(folder: &Path, registry: &Registry) {
    let releases = BUNDLES.map(|(name, _)| load(folder, name));
    loop {
        let steps = registry.generation().unwrap();
        say(&format!("begin {steps}"));
        match steps % ROUND {
            4 => drop(registry.remove(&app_id("one"), NOW).unwrap()),
            5 => drop(registry.remove(&app_id("two"), NOW).unwrap()),
            step => {
                let release = &releases[usize::try_from(step).unwrap()];
                release.force(registry).unwrap();
            }
        }
        say(&format!("done {steps}"));
        if steps % ROUND > 3 {
            registry.collect().unwrap();
            say("collected");
        }
    }
}

/// Where kills have hit.
#[derive(Debug, Default)]
struct Hits {
    /// A step had begun, and nothing of it is there.
    before: u64,
    /// A step had begun and is there, but nobody was told.
    untold: u64,
    /// After a step, or while files were collected.
    between: u64,
    /// There was a file that was not written to its end.
    unfinished: u64,
    /// There was a whole file that nothing named yet, or any more.
    unnamed: u64,
}

#[test]
fn two_hundred_kills_leave_the_registry_consistent() {
    let yard = Yard::new();
    let (old, new) = (Publisher::new(), Publisher::new());
    let large = |letter: &str| letter.repeat(1 << 20);
    yard.put("one-1", &unsigned("one", 1, ""), None);
    yard.put("one-2", &unsigned("one", 2, ""), None);
    yard.put("two-1", &old.release("two", 1, &large("a")), Some(&old));
    let second = new.release_with(bundle("two", 2, &large("b")), &[], &[old.rotate(&new)]);
    yard.put("two-2", &second, Some(&new));
    let digests = BUNDLES.map(|(name, _)| load(yard.path(), name).digest());
    let installed = |name: &&str| -> (String, Digest) {
        let at = BUNDLES.iter().position(|(bundle, _)| bundle == name).unwrap();
        (BUNDLES[at].1.to_owned(), digests[at])
    };

    let mut hits = Hits::default();
    let mut before = 0;
    for kill in 0..KILLS {
        let child = Process::start(&yard, "work");
        let mut last = child.next().unwrap();
        // Every other one has done something, also where the disk is slow.
        while kill % 2 == 1 && !last.starts_with("done") {
            last = child.next().unwrap();
        }
        // Moments that differ from run to run would be failures that nobody can
        // repeat; the machine varies them enough.
        thread::sleep(Duration::from_micros(kill * 7_919 % 30_000));
        if let Some(line) = child.kill().pop() {
            last = line;
        }

        let registry = Registry::open(&yard.registry()).unwrap();
        let steps = registry.generation().unwrap();
        assert!(steps >= before, "kill {kill}: {steps} steps, {before} before");
        before = steps;
        let checked = registry.check().unwrap_or_else(|error| panic!("kill {kill}, after `{last}`: {error}"));
        let expected: Vec<_> = expected(steps).iter().map(installed).collect();
        assert_eq!(state(&registry), expected, "kill {kill}, after `{last}`");
        // One entry for each step: none is lost, none is there without its step.
        assert_eq!(registry.history(None).unwrap().len() as u64, steps, "kill {kill}, after `{last}`");
        let replaced = lineages(&registry).successor(&old.key()) == Some(&new.key());
        assert_eq!(replaced, steps > 3, "kill {kill}, after `{last}`");

        match last.split_once(' ') {
            Some(("begin", step)) if step == steps.to_string() => hits.before += 1,
            Some(("begin", step)) if step == (steps - 1).to_string() => hits.untold += 1,
            Some(("done", step)) if step == (steps - 1).to_string() => hits.between += 1,
            None if last == "collected" => hits.between += 1,
            _ => panic!("kill {kill}: `{last}`, but there are {steps} steps"),
        }
        let unfinished = files(&yard.registry().join("bundles/tmp")).len() as u64;
        hits.unfinished += u64::from(unfinished > 0);
        hits.unnamed += u64::from(checked.orphans.files > unfinished);
        if kill % 10 == 9 {
            registry.collect().unwrap();
            assert_eq!(files(&yard.registry().join("bundles")).len(), expected.len(), "kill {kill}");
        }
    }
    println!("{KILLS} kills, {before} steps: {hits:?}");
    // A test that has hit only one side would show nothing.
    assert!(hits.before > 0 && hits.untold + hits.between > 0, "{hits:?}");
    assert!(hits.unfinished + hits.unnamed > 0, "{hits:?}");
    assert!(before >= KILLS / 2, "{before} steps");
}
