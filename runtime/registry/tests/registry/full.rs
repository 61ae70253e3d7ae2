//! A disk that is full at any point of an installation: an error that says so, and
//! nothing has changed.
#![cfg(target_os = "linux")]

use std::{env, process::Command};

use mprun_registry::Registry;

use crate::{
    fixtures::{files, state, unsigned},
    processes::{Process, Yard},
};

/// A child whose files cannot become larger than this: the nearest to a full disk
/// that needs no rights. Ignoring the signal makes it an error of each write.
fn limited(blocks: u32) -> Command {
    let mut command = Command::new("sh");
    let script = format!("ulimit -f {blocks} && trap '' XFSZ && exec \"$0\" \"$@\"");
    command.arg("-c").arg(script).arg(env::current_exe().unwrap());
    command
}

#[test]
fn a_full_disk_refuses_what_does_not_fit_and_nothing_else() {
    let yard = Yard::new();
    let small = unsigned("small", 1, "");
    let large = unsigned("large", 1, &"x".repeat(600_000));
    yard.put("small", &small, None);
    yard.put("large", &large, None);
    // Kept open: the index and its log are there, and only grow.
    let registry = Registry::open(&yard.registry()).unwrap();
    unsigned("before", 1, "").install(&registry).unwrap();

    let (mut full, mut failed, mut installed) = (0, 0, 0);
    // Blocks of 512 or 1,024 bytes, depending on the shell. Some limits stop the
    // bundle, some the log of the index, the last ones nothing.
    let limits = [1, 8, 16, 32, 48, 64, 80, 96, 112, 128, 160, 200, 300, 500, 1_000, 20_000];
    for (release, name) in [(&small, "small"), (&large, "large")] {
        for blocks in limits {
            let before = (state(&registry), registry.generation().unwrap(), registry.history(None).unwrap());
            let mut child = Process::start_through(limited(blocks), &yard, &format!("install {name}"));
            assert_eq!(child.next().as_deref(), Some("ready"));
            child.go();
            let answer = child.answer();
            registry.check().unwrap();
            if answer == "installed" {
                installed += 1;
                assert_eq!(registry.read(&release.digest()).unwrap(), release.bytes());
                registry.remove(&name.parse().unwrap(), 0).unwrap();
            } else {
                if answer.starts_with("Full {") {
                    full += 1;
                } else {
                    assert!(answer.starts_with("Io {"), "{name}, {blocks} blocks: {answer}");
                    failed += 1;
                }
                let after = (state(&registry), registry.generation().unwrap(), registry.history(None).unwrap());
                assert_eq!(after, before, "{name}, {blocks} blocks: {answer}");
            }
            registry.collect().unwrap();
            assert_eq!(files(&yard.registry().join("bundles")).len(), 1, "{name}, {blocks} blocks");
        }
    }
    println!("bundles that did not fit: {full}, logs that did not fit: {failed}, installed: {installed}");
    assert!(full > 0 && installed > 0);
}
