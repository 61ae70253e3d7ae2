//! Manifests as files: `tests/manifests/valid/*.json` beside their canonical
//! form, `invalid/*.json` beside what is said of them. After a change of
//! messages, `UPDATE_EXPECT=1` writes the texts anew; then read the difference.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use mprun_core::manifest::{MANIFEST_BYTES_MAX, Manifest, ManifestError, render_json_schema};

fn cases(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/manifests").join(folder);
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|e| e == "json")).collect();
    files.sort();
    files
}

fn check(case: &Path, got: &str) {
    let expected = case.with_extension("txt");
    let got = format!("{got}\n");
    if env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&expected, &got).unwrap();
    }
    let expected = fs::read_to_string(&expected).unwrap_or_default();
    assert_eq!(got, expected, "{}", case.display());
}

#[test]
fn valid_manifests_have_one_canonical_form() {
    let cases = cases("valid");
    assert!(cases.len() >= 3);
    for case in cases {
        let manifest =
            Manifest::parse(&fs::read(&case).unwrap()).unwrap_or_else(|error| panic!("{}: {error}", case.display()));
        let canonical = manifest.to_canonical_json();
        let again = Manifest::parse(&canonical).unwrap();
        assert_eq!(again, manifest, "{}", case.display());
        assert_eq!(again.to_canonical_json(), canonical);
        check(&case, &String::from_utf8(canonical).unwrap());
    }
}

#[test]
fn invalid_manifests_are_refused_with_place_and_reason() {
    let cases = cases("invalid");
    assert!(cases.len() >= 20);
    for case in cases {
        match Manifest::parse(&fs::read(&case).unwrap()) {
            Ok(_) => panic!("{} is accepted", case.display()),
            Err(error) => check(&case, &error.to_string()),
        }
    }
}

#[test]
fn large_and_deep_manifests_are_refused() {
    let large = vec![b' '; MANIFEST_BYTES_MAX + 1];
    assert_eq!(Manifest::parse(&large), Err(ManifestError::TooLarge { bytes: MANIFEST_BYTES_MAX + 1 }));
    let deep = "[".repeat(MANIFEST_BYTES_MAX);
    assert!(matches!(Manifest::parse(deep.as_bytes()), Err(ManifestError::Syntax { .. })));
}

#[test]
fn many_problems_are_counted() {
    let keys: Vec<_> = (0..100).map(|n| format!("\"k{n}\": 0")).collect();
    let json = format!("{{{}}}", keys.join(","));
    match Manifest::parse(json.as_bytes()) {
        Err(ManifestError::Problems { problems, more }) => {
            assert_eq!(problems.len(), 20);
            assert_eq!(more, 100 + 7 - 20);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_entry_page_is_the_first_one_unless_given() {
    let read = |name: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/manifests/valid");
        Manifest::parse(&fs::read(folder.join(name)).unwrap()).unwrap()
    };
    assert_eq!(read("minimal.json").entry_page().unwrap().as_str(), "index");
    assert_eq!(read("full.json").entry_page().unwrap().as_str(), "menu");
    assert!(read("full.json").has_page("orders/detail"));
    assert!(!read("full.json").has_page("orders"));
}

#[test]
fn the_schema_is_json_and_names_what_is_required() {
    let schema: serde_json::Value = serde_json::from_str(&render_json_schema()).unwrap();
    let mut required: Vec<_> = schema["required"].as_array().unwrap().iter().map(|key| key.as_str().unwrap()).collect();
    required.sort_unstable();
    assert_eq!(required, ["app_id", "category", "icons", "name", "pages", "platform_version", "version"]);
}
