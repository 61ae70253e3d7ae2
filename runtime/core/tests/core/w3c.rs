//! The manifest cases of the W3C's MiniApp test suite (`mnf-*` of
//! w3c/miniapp-tests), one for one: what a host of ours makes of each, or why it
//! does not apply, in the words that an author reads. What is then to be seen is
//! tested where pages are made (`runtime/server/src/w3c.rs`).

use std::{fs, path::Path};

use mprun_core::manifest::{Manifest, ManifestError, left_out};

/// What comes of a case here.
enum Outcome {
    /// As the case wants it. The colour of the ground, as the manifest then has it.
    AsWanted { background: Option<&'static str> },
    /// The key is refused; the reason stands beside it in `left_out`.
    Refused { key: &'static str },
    /// There is no key to refuse, and the page is not what the case wants: this
    /// stands in `docs/manifest.md`.
    Otherwise { documented: &'static str },
}

struct Case {
    id: &'static str,
    /// The case's own `window`, where it has one.
    window: Option<&'static str>,
    outcome: Outcome,
}

const CASES: [Case; 7] = [
    Case {
        id: "mnf-window-background-color",
        window: Some(r##"{"background_color": "#00FF00"}"##),
        outcome: Outcome::AsWanted { background: Some("#00ff00") },
    },
    Case {
        id: "mnf-window-background-color-default",
        window: None,
        outcome: Outcome::Otherwise {
            documented: "Without it the page stands on the host's paper: nearly white, and nearly black for who prefers dark",
        },
    },
    Case { id: "mnf-window-fullscreen-default", window: None, outcome: Outcome::AsWanted { background: None } },
    Case {
        id: "mnf-window-fullscreen-true",
        window: Some(r#"{"fullscreen": true}"#),
        outcome: Outcome::Refused { key: "window.fullscreen" },
    },
    Case {
        id: "mnf-window-orientation-default",
        window: None,
        outcome: Outcome::Otherwise { documented: "the device and who holds it decide which way up a page is" },
    },
    Case {
        id: "mnf-window-orientation-landscape",
        window: Some(r#"{"orientation": "landscape"}"#),
        outcome: Outcome::Refused { key: "window.orientation" },
    },
    Case {
        id: "mnf-window-orientation-portrait",
        window: Some(r#"{"orientation": "portrait"}"#),
        outcome: Outcome::Refused { key: "window.orientation" },
    },
];

/// A manifest of ours with the case's `window` in it.
fn read(window: Option<&str>) -> Result<Manifest, ManifestError> {
    let window = window.map(|window| format!(r#", "window": {window}"#)).unwrap_or_default();
    let json = format!(
        r#"{{
            "app_id": "w3c", "name": "Case", "version": {{"code": 1, "name": "1"}},
            "platform_version": {{"min_code": 1}}, "category": "utilities",
            "icons": [{{"src": "icon.svg"}}], "pages": ["pages/home/home"]{window}
        }}"#
    );
    Manifest::parse(json.as_bytes())
}

#[test]
fn each_manifest_case_of_the_w3c_applies_or_says_why_not() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/manifest.md");
    let docs = fs::read_to_string(docs).unwrap();
    for Case { id, window, outcome } in CASES {
        assert!(docs.contains(&format!("`{id}`")), "docs/manifest.md does not name {id}");
        let manifest = read(window);
        match outcome {
            Outcome::AsWanted { background } => {
                let manifest = manifest.unwrap_or_else(|error| panic!("{id}: {error}"));
                let color = manifest.window.background_color.map(|color| color.to_string());
                assert_eq!(color.as_deref(), background, "{id}");
            }
            Outcome::Refused { key } => {
                let (_, reason) = left_out().find(|(path, _)| path == key).unwrap_or_else(|| panic!("{id}: {key}"));
                let said = manifest.unwrap_err().to_string();
                assert_eq!(said, format!("`{key}`: key of the W3C drafts that is left out: {reason}"), "{id}");
            }
            Outcome::Otherwise { documented } => {
                assert!(manifest.is_ok(), "{id}");
                assert!(docs.contains(documented), "{id}: docs/manifest.md does not say: {documented}");
            }
        }
    }
}
