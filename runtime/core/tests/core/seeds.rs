//! What the fuzzers of `tests/fuzz` begin with, and what they have found: each is
//! tried here too, with the same question of what must hold of any bytes.

use std::{fs, path::Path};

#[allow(clippy::expect_used, unreachable_pub, reason = "elsewhere it is a crate of its own, made to panic")]
#[path = "../../../../tests/fuzz/src/lib.rs"]
mod fuzz;

/// Few and small: a review can look at them.
const SEEDS_MAX: usize = 40;
const SEED_BYTES_MAX: usize = 4096;

fn seeds(folder: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/seeds").join(folder);
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!((5..=SEEDS_MAX).contains(&files.len()), "{} seeds", files.len());
    let seeds: Vec<_> = files.iter().map(|file| (file.display().to_string(), fs::read(file).unwrap())).collect();
    for (name, bytes) in &seeds {
        assert!(bytes.len() < SEED_BYTES_MAX, "{name}: {} bytes", bytes.len());
    }
    seeds
}

#[test]
fn each_seed_of_a_bundle_is_read_as_it_must_be() {
    for (name, bytes) in seeds("bundle") {
        println!("{name}");
        fuzz::bundle(&bytes);
    }
}

#[test]
fn each_seed_of_keys_and_trust_is_read_as_it_must_be() {
    for (name, bytes) in seeds("trust") {
        println!("{name}");
        fuzz::trust(&bytes);
    }
}

#[test]
fn each_seed_of_a_view_is_shown_as_it_must_be() {
    for (name, bytes) in seeds("frame") {
        println!("{name}");
        fuzz::frame(&bytes);
    }
}

#[test]
fn each_seed_of_two_views_leads_from_one_to_the_other() {
    for (name, bytes) in seeds("patch") {
        println!("{name}");
        fuzz::patch(&bytes);
    }
}
