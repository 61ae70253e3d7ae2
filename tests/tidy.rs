//! What must hold of the sources themselves: dependencies point one way, power
//! enters in one place, every file says what it is for, and the tables of
//! `wit/README.md` are those of the code.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use mprun_frame::element::{Attribute, AttributeKind, Content, Element};
use mprun_frame::url::UrlKind;

use crate::support::root;

/// Files under `folder` that end with `suffix`; build outputs left out.
fn files(folder: &Path, suffix: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of the checkout can be read") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                if name != "target" && name != "dist" && name != "node_modules" && !name.starts_with('.') {
                    folders.push(path);
                }
            } else if name.ends_with(suffix) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The path as it is named in messages.
fn short(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

/// The product's code of a file: tests at its end are cut off.
fn product(text: &str) -> &str {
    text.split_once("#[cfg(test)]\nmod tests {").map_or(text, |(product, _)| product)
}

#[test]
fn every_source_file_says_first_what_it_is_for() {
    let silent: Vec<_> = ["runtime", "sdk", "samples", "tests", "bench"]
        .iter()
        .flat_map(|folder| files(&root().join(folder), ".rs"))
        // Programs that are to fail: their first line is part of what is compared.
        .filter(|path| !short(path).contains("/tests/ui/"))
        .filter(|path| !read(path).starts_with("//! "))
        .map(|path| short(&path))
        .collect();
    assert_eq!(silent, Vec::<String>::new(), "files without a first line `//! …`");
}

#[test]
fn dependencies_point_one_way() {
    let allowed: &[(&str, &[&str])] = &[
        ("runtime/frame", &[]),
        ("runtime/core", &["mprun-frame"]),
        ("runtime/storage", &["mprun-core"]),
        ("runtime/registry", &["mprun-core"]),
        ("runtime/host", &["mprun-core", "mprun-frame", "mprun-storage"]),
        ("runtime/server", &["mprun-core", "mprun-frame", "mprun-host", "mprun-storage"]),
        (
            "runtime/cli",
            &["mprun-core", "mprun-frame", "mprun-host", "mprun-registry", "mprun-server", "mprun-storage"],
        ),
        ("sdk/rust", &["mprun-frame", "mprun-sdk-macros"]),
        ("sdk/rust/macros", &["mprun-frame"]),
    ];
    for (folder, allowed) in allowed {
        let manifest = read(&root().join(folder).join("Cargo.toml"));
        let product = manifest.split("[dev-dependencies]").next().unwrap_or_default();
        let ours: BTreeSet<_> = product
            .lines()
            .skip_while(|line| !line.starts_with("[dependencies]"))
            .filter_map(|line| line.split(['.', ' ', '=']).next())
            .filter(|name| name.starts_with("mprun"))
            .collect();
        for name in &ours {
            assert!(allowed.contains(name), "{folder} must not depend on {name}");
        }
        let has = |name: &str| product.lines().any(|line| line.split(['.', ' ', '=']).next() == Some(name));
        assert!(!has("wasmtime") || *folder == "runtime/host", "{folder}: wasmtime lives in runtime/host only");
        if *folder == "runtime/frame" || *folder == "runtime/core" {
            for impure in ["tokio", "wasmtime", "getrandom", "rusqlite", "axum"] {
                assert!(!has(impure), "{folder} decides without I/O, and so without {impure}");
            }
        }
    }
}

#[test]
fn power_enters_in_the_command_only() {
    let words = ["std::env::", "env::var", "ambient_authority", "home_dir"];
    for path in files(&root().join("runtime"), ".rs") {
        let name = short(&path);
        if name == "runtime/cli/src/env.rs" || name.contains("/tests/") {
            continue;
        }
        let text = read(&path);
        for word in words {
            let found = product(&text).lines().find(|line| line.contains(word) && !line.trim_start().starts_with("//"));
            assert_eq!(found, None, "{name}: `{word}` belongs into runtime/cli/src/env.rs");
        }
    }
}

#[test]
fn one_thing_is_unsafe_in_the_runtime() {
    let mut found = Vec::new();
    for path in files(&root().join("runtime"), ".rs") {
        let text = read(&path);
        let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        let count = lines.flat_map(|line| {
            ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern"].into_iter().flat_map(|word| line.matches(word))
        });
        found.extend(count.map(|_| short(&path)));
    }
    assert_eq!(found, ["runtime/host/src/compile/mod.rs"], "whoever needs another one first asks why");
}

#[test]
fn the_pure_crates_read_no_file_and_no_clock() {
    for folder in ["runtime/frame/src", "runtime/core/src"] {
        for path in files(&root().join(folder), ".rs") {
            let text = read(&path);
            for word in ["std::fs", "std::net", "std::process", "SystemTime", "Instant::now", "async fn"] {
                assert!(!product(&text).contains(word), "{}: `{word}` in a pure crate", short(&path));
            }
        }
    }
}

#[test]
fn nothing_is_left_for_later() {
    // Split, or this file would find itself.
    let words = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("unimpl", "emented!")];
    for folder in ["runtime", "sdk", "samples", "tests", "bench", "wit", "scripts"] {
        for suffix in [".rs", ".wit", ".sh", ".md", ".css"] {
            for path in files(&root().join(folder), suffix) {
                let text = read(&path);
                for word in words {
                    assert!(!text.contains(word), "{}: `{word}`", short(&path));
                }
            }
        }
    }
}

#[test]
fn every_file_of_tests_is_part_of_the_suite() {
    let suite = read(&root().join("tests/suite.rs"));
    for path in files(&root().join("tests"), ".rs") {
        let Ok(inside) = path.strip_prefix(root().join("tests")) else { continue };
        if inside.components().count() == 1 && inside != Path::new("suite.rs") {
            let name = inside.file_stem().unwrap_or_default().to_string_lossy();
            assert!(suite.contains(&format!("\nmod {name};")), "tests/suite.rs does not list {name}");
        }
    }
}

#[test]
fn the_readme_of_the_contract_has_the_tables_of_the_code() {
    let readme = read(&root().join("wit/README.md"));
    for attribute in Attribute::ALL {
        let value = match attribute.kind() {
            AttributeKind::Text => "text".to_owned(),
            AttributeKind::Flag => "flag".to_owned(),
            AttributeKind::Name => "name".to_owned(),
            AttributeKind::Classes => "classes".to_owned(),
            AttributeKind::Integer(least, most) => format!("{least} to {most}"),
            AttributeKind::Word(words) => format!("one of `{}`", words.join("`, `")),
            AttributeKind::Url(kinds) => {
                let kinds: Vec<_> = kinds
                    .iter()
                    .map(|kind| match kind {
                        UrlKind::Asset => "`asset:`",
                        UrlKind::Page => "`page:`",
                        UrlKind::Web => "`https:`",
                    })
                    .collect();
                format!("address: {}", kinds.join(", "))
            }
        };
        let row = format!("| {} | `{}` | {value} |", attribute.number(), attribute.name());
        assert!(readme.contains(&row), "wit/README.md lacks the row `{row}`");
    }
    for element in Element::ALL {
        let definition = element.definition();
        let content = match definition.content {
            Content::Empty => "nothing".to_owned(),
            Content::Text => "text".to_owned(),
            Content::Children => "elements".to_owned(),
            Content::Only(kinds) => {
                kinds.iter().map(|kind| format!("`{}`", kind.name())).collect::<Vec<_>>().join(", ")
            }
        };
        let attributes: Vec<_> = definition
            .attributes
            .iter()
            .map(|attribute| {
                let mut name = format!("`{}`", attribute.name());
                if definition.fixed.contains(attribute) {
                    name = format!("*{name}*");
                }
                if definition.required.contains(attribute) {
                    name = format!("**{name}**");
                }
                name
            })
            .collect();
        let events: Vec<_> = definition.events.iter().map(|event| format!("`{}`", event.name())).collect();
        let or_none = |list: Vec<String>| if list.is_empty() { "–".to_owned() } else { list.join(", ") };
        let row = format!(
            "| {} | `{}` | {content} | {} | {} |",
            element.number(),
            element.name(),
            or_none(attributes),
            or_none(events)
        );
        assert!(readme.contains(&row), "wit/README.md lacks the row `{row}`");
    }
}
