//! The samples as people meet them first: the one in the README is the one that
//! is built, it is small, and what was built with version 0.1 of the contract
//! still runs.

use std::collections::BTreeSet;
use std::process::Command;

use crate::support::server::Server;
use crate::support::{root, stdout_of};

/// What a bundle of the corpus is asked to do, and what is to be seen then.
struct Visit {
    bundle: &'static str,
    app_id: &'static str,
    /// What its entry page says, whoever renders it.
    entry: &'static str,
    /// A field's label and what is typed there.
    fill: Option<(&'static str, &'static str)>,
    press: &'static str,
    then: &'static str,
}

/// One line for each file in `tests/corpus/v0.1`.
const V0_1: &[Visit] = &[
    Visit {
        bundle: "coffee.wasm",
        app_id: "coffee",
        entry: "Flat White",
        fill: None,
        press: "Add Flat White",
        then: "Cart (1) · $5.50",
    },
    Visit {
        bundle: "hello.wasm",
        app_id: "hello",
        entry: "Your name",
        fill: Some(("Your name", "Ada")),
        press: "Apply: Your name",
        then: "Hello, Ada",
    },
];

fn hello() -> String {
    std::fs::read_to_string(root().join("samples/hello/src/lib.rs")).expect("the sample can be read")
}

#[test]
fn the_program_in_the_readme_is_the_sample() {
    let readme = std::fs::read_to_string(root().join("README.md")).expect("the README can be read");
    let (_, after) = readme.split_once("<!-- hello:").expect("the place is marked");
    let (_, block) = after.split_once("```rust\n").expect("a block of Rust");
    let (block, _) = block.split_once("```").expect("a block ends");
    assert_eq!(block, hello(), "README.md and samples/hello/src/lib.rs differ");
}

#[test]
fn the_smallest_program_is_small_and_well_formed() {
    let lines = hello().lines().count();
    assert!(lines <= 30, "{lines} lines");
    let formatted = Command::new("rustfmt")
        .args(["--edition", "2024", "--check"])
        .arg(root().join("samples/hello/src/lib.rs"))
        .output()
        .expect("rustfmt starts: `rustup component add rustfmt`");
    assert!(formatted.status.success(), "{}", String::from_utf8_lossy(&formatted.stdout));
}

#[test]
fn what_was_built_with_version_0_1_still_runs() {
    let corpus = root().join("tests/corpus/v0.1");
    let files: BTreeSet<String> = std::fs::read_dir(&corpus)
        .unwrap_or_else(|error| panic!("{}: {error}", corpus.display()))
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".wasm"))
        .collect();
    let known: BTreeSet<String> = V0_1.iter().map(|visit| visit.bundle.to_owned()).collect();
    assert_eq!(files, known, "each file of the corpus has a line in `V0_1`, and each line a file");

    let data = tempfile::tempdir().expect("a temporary folder");
    for visit in V0_1 {
        let bundle = corpus.join(visit.bundle);
        for format in ["text", "html", "json"] {
            let arguments = [&bundle.to_string_lossy(), "--format", format, "--data", &data.path().to_string_lossy()];
            let page = stdout_of(&arguments);
            assert!(page.contains(visit.entry), "{} as {format}: {page}", visit.bundle);
        }
        let server = Server::start(&[bundle]);
        let mut page = server.client().get(&format!("/miniapp/{}", visit.app_id)).assert_text(visit.entry);
        if let Some((label, value)) = visit.fill {
            page = page.fill(label, value);
        }
        page.press(visit.press).assert_text(visit.then);
    }
}
