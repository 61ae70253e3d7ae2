//! What authors see when they make a mistake: every error of the compiler, at
//! which token, in which words.
//!
//! A case is a file in `tests/ui`. Below a line with a mistake stands a comment
//! whose carets mark the token, followed by what the error has to begin with.
//! Errors that no comment announces, and comments without an error, fail. The
//! compiler is called directly, on the library that these tests are linked with:
//! building it a second time would take minutes.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may end by a panic, its helpers as well")]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// An error: line, first column, column behind the last, message.
type Found = (u64, u64, u64, String);

#[test]
fn every_mistake_is_reported_at_its_token() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut cases: Vec<PathBuf> =
        std::fs::read_dir(here.join("tests/ui")).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    let mut problems = String::new();
    for case in cases.iter().filter(|case| case.extension().is_some_and(|extension| extension == "rs")) {
        let expected = expected(&std::fs::read_to_string(case).unwrap());
        let mut found = errors(here, case);
        for (line, from, to, message) in expected {
            let position = found.iter().position(|(at, start, end, text)| {
                (*at, *start, *end) == (line, from, to) && text.starts_with(&message)
            });
            match position {
                Some(position) => drop(found.remove(position)),
                None => problems.push_str(&format!("{}:{line}:{from}-{to}: not reported: {message}\n", name(case))),
            }
        }
        for (line, from, to, message) in found {
            problems.push_str(&format!("{}:{line}:{from}-{to}: reported: {message}\n", name(case)));
        }
    }
    assert!(problems.is_empty(), "\n{problems}");
}

fn name(case: &Path) -> String {
    case.file_name().unwrap().to_string_lossy().into_owned()
}

/// What the comments of a case announce.
fn expected(text: &str) -> Vec<Found> {
    let mut expected = Vec::new();
    let mut code = 0;
    for (number, line) in text.lines().enumerate() {
        let carets = line.trim_start().strip_prefix("//").filter(|rest| rest.trim_start().starts_with('^'));
        let Some(rest) = carets else {
            code = number as u64 + 1;
            continue;
        };
        let from = line.chars().count() - rest.trim_start().chars().count();
        let count = rest.trim_start().chars().take_while(|letter| *letter == '^').count();
        let message = rest.trim_start().trim_start_matches('^').trim().to_owned();
        expected.push((code, from as u64 + 1, (from + count) as u64 + 1, message));
    }
    assert!(!expected.is_empty(), "a case announces at least one error");
    expected
}

/// What the compiler says to a case.
fn errors(here: &Path, case: &Path) -> Vec<Found> {
    let folder = std::env::current_exe().unwrap().parent().unwrap().to_owned();
    let library = newest_library(&folder);
    let output = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
        .args(["--edition=2024", "--crate-type=lib", "--crate-name=case", "--emit=metadata", "--error-format=json"])
        .args(["-A", "warnings", "-o"])
        .arg(std::env::temp_dir().join(format!("mprun-ui-{}.rmeta", std::process::id())))
        .arg("-L")
        .arg(format!("dependency={}", folder.display()))
        .arg("--extern")
        .arg(format!("mprun={}", library.display()))
        .arg(case)
        .env("CARGO_MANIFEST_DIR", here)
        .current_dir(here)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    let messages = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let errors = messages.filter(|message| message["level"] == "error");
    // The last one only counts the others.
    errors.filter(|error| error["spans"].as_array().is_some_and(|spans| !spans.is_empty())).map(found).collect()
}

fn found(error: Value) -> Found {
    let spans = error["spans"].as_array().unwrap();
    let primary = spans.iter().find(|span| span["is_primary"] == true).unwrap();
    let mut span = primary;
    // Inside of a macro's expansion: where it was written.
    while !span["file_name"].as_str().unwrap().contains("tests/ui") {
        span = &span["expansion"]["span"];
    }
    let number = |name: &str| span[name].as_u64().unwrap();
    let message = error["message"].as_str().unwrap().to_owned();
    (number("line_start"), number("column_start"), number("column_end"), message)
}

/// The library as cargo built it last, which is just now or still true.
fn newest_library(folder: &Path) -> PathBuf {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let libraries = files.filter(|path| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("libmprun-"))
            && path.extension().is_some_and(|extension| extension == "rlib")
    });
    libraries.max_by_key(|path| path.metadata().unwrap().modified().unwrap()).expect("the library is built")
}
