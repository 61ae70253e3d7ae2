//! Trust files as files: `tests/trust/valid/*.toml` are taken, of `invalid/*.toml`
//! all is said that stands in their first lines, after `#! ` (a `…` at the end stands
//! for any end). After a change of messages, `UPDATE_EXPECT=1` writes the lines anew;
//! then read the difference.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use mprun_core::trust::{TRUST_BYTES_MAX, TRUST_KEYS_MAX, TRUST_REVIEWS_MAX, Trust, TrustFileError};
use proptest::prelude::*;

use super::{AUTHOR, Pair, REVIEWER};

const MARK: &str = "#! ";

fn cases(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/trust").join(folder);
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|e| e == "toml")).collect();
    files.sort();
    files
}

#[test]
fn valid_trust_files_are_taken() {
    let cases = cases("valid");
    assert!(cases.len() >= 4);
    for case in cases {
        let taken = Trust::parse(&fs::read_to_string(&case).unwrap());
        assert!(taken.is_ok(), "{}: {}", case.display(), taken.unwrap_err());
    }
}

#[test]
fn invalid_trust_files_are_refused_with_place_and_reason() {
    let cases = cases("invalid");
    assert!(cases.len() >= 20);
    for case in cases {
        let text = fs::read_to_string(&case).unwrap();
        let expected: Vec<_> = text.lines().map_while(|line| line.strip_prefix(MARK)).collect();
        let Err(error) = Trust::parse(&text) else { panic!("{} is accepted", case.display()) };
        let got = error.to_string();
        let fits = match expected.join("\n").strip_suffix('…') {
            Some(beginning) => got.starts_with(beginning),
            None => got == expected.join("\n"),
        };
        if fits {
            continue;
        }
        assert!(env::var_os("UPDATE_EXPECT").is_some(), "{}: {got}", case.display());
        let rest = text.lines().skip(expected.len()).map(str::to_owned);
        let lines: Vec<_> = got.lines().map(|line| format!("{MARK}{line}")).chain(rest).collect();
        fs::write(&case, lines.join("\n") + "\n").unwrap();
    }
}

#[test]
fn large_trust_files_are_refused() {
    let large = " ".repeat(TRUST_BYTES_MAX + 1);
    assert_eq!(Trust::parse(&large).unwrap_err(), TrustFileError::TooLarge { bytes: TRUST_BYTES_MAX + 1 });
    assert!(Trust::parse(&large[1..]).is_ok());
    let keys = |count: usize| (0..count).map(|n| format!("[keys.k{n}]\n")).collect::<String>();
    let error = Trust::parse(&keys(TRUST_KEYS_MAX + 1)).unwrap_err().to_string();
    assert_eq!(error, "`keys`: expected at most 1000 keys, got 1001");
    let error = Trust::parse(&"[[reviews]]\n".repeat(TRUST_REVIEWS_MAX + 1)).unwrap_err().to_string();
    assert_eq!(error, "`reviews`: expected at most 100, got 101");
    // Each lacks two lines.
    match Trust::parse(&keys(TRUST_KEYS_MAX)).unwrap_err() {
        TrustFileError::Problems { problems, more } => {
            assert_eq!((problems.len(), more), (20, 2 * TRUST_KEYS_MAX - 20));
        }
        other => panic!("{other}"),
    }
}

#[test]
fn a_full_trust_file_is_taken() {
    let pair = Pair::new();
    let mut text = pair.entry("a", AUTHOR);
    for n in 1..TRUST_KEYS_MAX {
        text.push_str(&Pair::new().entry(&format!("r{n}"), REVIEWER));
    }
    for _ in 0..TRUST_REVIEWS_MAX {
        text.push_str("[[reviews]]\napp_ids = [\"*\"]\nreviewers = [\"r1\", \"r2\"]\nthreshold = 1\n");
    }
    assert!(Trust::parse(&text).is_ok());
}

#[test]
fn deep_and_hostile_files_are_refused_without_their_control_characters() {
    for hostile in [
        "a = ".to_owned() + &"[".repeat(TRUST_BYTES_MAX - 10),
        "a.".repeat(TRUST_BYTES_MAX / 2 - 10) + "b = 1",
        "a = ".to_owned() + &"{ a = ".repeat(40_000),
        "\u{1b}[2J = 1".to_owned(),
        "[keys.\"\\u001b[2J\"]".to_owned(),
        "\"\\u001b[2J\" = 1".to_owned(),
        "[keys.a]\nroles = [\"\\u001b[2J\"]\npublic_key = \"\\u001b\"\nmay_publish = [\"\\u001b\"]".to_owned(),
        "[[reviews]]\nreviewers = [\"\\u001b[2J\", \"\\u001b[2J\"]".to_owned(),
    ] {
        let error = Trust::parse(&hostile).unwrap_err();
        let text = format!("{error} {}", error.hint().unwrap_or_default());
        assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
        assert!(text.len() < 4_000, "{} bytes", text.len());
    }
}

/// Parts of trust files, right and wrong.
fn part() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ -~\n]{0,40}",
        prop::sample::select(vec![
            "[keys]",
            "[keys.anna]",
            "[keys.\"\"]",
            "[[keys]]",
            "[reviews]",
            "[[reviews]]",
            "[[reviews.a]]",
            "public_key = \"RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3\"",
            "public_key = \"\"",
            "roles = [\"author\", \"reviewer\"]",
            "roles = [\"reviewer\", 1]",
            "may_publish = [\"*\", \"a*\"]",
            "may_publish = [[]]",
            "valid_from = 2026-01-01",
            "valid_until = 0000-01-01",
            "valid_until = 1979-05-27T07:32:00-07:00",
            "valid_from = 07:32:00",
            "revoked = \"lost\"",
            "app_ids = [\"*\"]",
            "reviewers = [\"anna\"]",
            "reviewers = [\"anna\", \"anna\"]",
            "threshold = 1",
            "threshold = -9223372036854775808",
            "threshold = 1e999",
            "keys = 1",
            "keys.anna.roles = {}",
            "a = '''",
        ])
        .prop_map(str::to_owned),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn no_trust_file_makes_the_reader_panic(parts in prop::collection::vec(part(), 0..16)) {
        if let Err(error) = Trust::parse(&parts.join("\n")) {
            prop_assert!(!error.to_string().contains(|c: char| c.is_control() && c != '\n'));
        }
    }
}
