//! Bad bundles and bad sources, through the real commands: refused with the cause
//! and the way on, nothing left behind. And what `inspect` says of good ones.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use mprun_core::bundle::{self, AssetFile};
use serde_json::{Value, json};

use crate::support::{build_to, command, guest, load, root, run, stdout_of};

/// What a command said on its way out.
struct Said {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

fn said(output: Output) -> Said {
    Said {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("stdout is UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("stderr is UTF-8"),
    }
}

/// A refusal with this cause and, where there is one, this hint.
fn check_refusal(what: &str, said: &Said, cause: &str, hint: &str) {
    assert_eq!(said.code, Some(1), "{what}: {}", said.stderr);
    assert_eq!(said.stdout, "", "{what}");
    assert!(said.stderr.lines().any(|line| line.starts_with("error: ")), "{what}: {}", said.stderr);
    assert!(said.stderr.contains(cause), "{what}: expected `{cause}` in: {}", said.stderr);
    let hints: Vec<_> = said.stderr.lines().skip_while(|line| !line.starts_with("hint: ")).collect();
    assert!(hints.join("\n").contains(hint), "{what}: expected the hint `{hint}` in: {}", said.stderr);
    assert!(!said.stderr.contains("panicked"), "{what}: {}", said.stderr);
}

/// A component without our sections, from its text.
fn component(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("the text is a component")
}

/// Another component with the sections of a guest's bundle.
fn with_sections_of(name: &str, component: &[u8]) -> Vec<u8> {
    let whole = std::fs::read(guest(name)).expect("the bundle can be read");
    let plain = bundle::verify(whole).expect("a bundle");
    [component, &plain.bytes()[plain.component().len()..]].concat()
}

/// The component of a guest's bundle.
fn component_of(name: &str) -> Vec<u8> {
    let whole = std::fs::read(guest(name)).expect("the bundle can be read");
    bundle::verify(whole).expect("a bundle").component().to_vec()
}

/// The same bytes with a name changed to one of the same length, everywhere.
fn renamed(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut out = bytes.to_vec();
    let mut count = 0;
    while let Some(at) = out.windows(from.len()).position(|window| window == from.as_bytes()) {
        out[at..at + to.len()].copy_from_slice(to.as_bytes());
        count += 1;
    }
    assert!(count > 0, "`{from}` is not there");
    out
}

#[test]
fn a_file_that_is_no_usable_bundle_is_refused_with_its_cause() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let storage = "mprun:host/storage@0.1.0";
    let counter = std::fs::read(guest("counter")).expect("the bundle can be read");
    // Near the end of the file is the picture.
    let mut picture = counter.clone();
    let at = picture.len() - 10;
    picture[at] ^= 1;
    let cases: Vec<(&str, Vec<u8>, &str, &str)> = vec![
        ("empty", Vec::new(), "got an empty file", "copy or download it again"),
        ("text", b"#!/bin/sh\necho hello\n".to_vec(), "got a file that is not WebAssembly", "mprun build DIR"),
        ("module", component("(module (func (export \"run\")))"), "got a core module", "`mprun build` makes a bundle"),
        (
            "component",
            component("(component)"),
            "not a mini-program: it has no manifest",
            "`mprun build` makes a bundle",
        ),
        ("broken", component("(component)")[..6].to_vec(), "expected a WebAssembly component", "mprun build DIR"),
        (
            "world",
            with_sections_of(
                "traps",
                &component(r#"(component (instance) (export "demo:other/thing@1.0.0" (instance 0)))"#),
            ),
            "made for another world: it does not export `mprun:app/program`, but `demo:other/thing@1.0.0`",
            "a mini-program exports `mprun:app/program@0.1.0`",
        ),
        (
            "unknown",
            with_sections_of("counter", &renamed(&component_of("counter"), storage, "mprun:host/garages@0.1.0")),
            "unknown import `mprun:host/garages@0.1.0`",
            "mprun:host/storage",
        ),
        (
            "wasi",
            with_sections_of("counter", &renamed(&component_of("counter"), storage, "wasi:filesystem/x@0.2.10")),
            "unknown import `wasi:filesystem/x@0.2.10`",
            "mini-programs have no WASI",
        ),
        (
            "unrequested",
            // The manifest of another program, which requests nothing.
            with_sections_of("traps", &component_of("counter")),
            "imports `mprun:host/storage` without requesting the permission `storage`",
            r#"add to `req_permissions` in the manifest: { "name": "storage", "reason": "…" }"#,
        ),
        ("trailing", [counter.as_slice(), &[0]].concat(), "invalid at byte", ""),
        ("cut", counter[..counter.len() / 2].to_vec(), "invalid at byte", "copy or download it again: it is cut off"),
        ("picture", picture, "the asset `icon.svg` is broken: expected digest", "copy or download it again"),
        ("large", vec![0; 8 * 1024 * 1024 + 1], "expected a file of at most 8388608 bytes", ""),
    ];
    for (name, bytes, cause, hint) in cases {
        let file = folder.path().join(format!("{name}.wasm"));
        std::fs::write(&file, bytes).expect("the file can be written");
        let data = folder.path().join(format!("data of {name}"));
        let (path, kept) = (file.to_string_lossy(), data.to_string_lossy());
        check_refusal(name, &said(run(&["inspect", &path])), cause, hint);
        check_refusal(name, &said(run(&[&path, "--data", &kept])), cause, hint);
        check_refusal(name, &said(run(&["serve", &path, "--listen", "127.0.0.1:0", "--data", &kept])), cause, hint);
        assert_nothing_kept(&data);
    }
}

/// No row of any program lies in this folder.
fn assert_nothing_kept(data: &Path) {
    if !data.exists() {
        return;
    }
    let left: Vec<_> =
        std::fs::read_dir(data).expect("the folder can be read").map(|entry| entry.expect("an entry").path()).collect();
    assert_eq!(left, Vec::<PathBuf>::new(), "left behind");
}

#[test]
fn a_page_that_does_not_exist_is_refused_with_the_pages_there_are() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (bundle, data) = (guest("counter"), folder.path().join("data"));
    let said = said(run(&[&bundle.to_string_lossy(), "--page", "nope", "--data", &data.to_string_lossy()]));
    check_refusal("--page nope", &said, "the mini-program `counter` has no page `nope`", "its pages are `index`");
    let missing = folder.path().join("nothing.wasm");
    let said = self::said(run(&[&missing.to_string_lossy(), "--data", &data.to_string_lossy()]));
    check_refusal("no file", &said, "cannot open", "mprun build DIR");
}

#[test]
fn what_the_program_says_is_not_there_is_refused_with_the_whole_address() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (bundle, data) = (guest("moody"), folder.path().join("data"));
    let page = "index?mood=missing";
    let said = said(run(&[&bundle.to_string_lossy(), "--page", page, "--data", &data.to_string_lossy()]));
    let cause = "error: the page `index?mood=missing` does not exist in `moody`\nhint: ";
    check_refusal(page, &said, cause, "check the parameters: for `mood=missing`");
}

#[test]
fn what_is_no_bundle_and_no_project_is_refused_with_what_is() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (text, nowhere) = (folder.path().join("text.txt"), folder.path().join("nowhere"));
    std::fs::write(&text, "hello\n").expect("written");
    let (inside, text, nowhere) = (folder.path().to_string_lossy(), text.to_string_lossy(), nowhere.to_string_lossy());
    let project = "one with Cargo.toml and manifest.json: mprun build DIR";
    for (line, cause, hint) in [
        (&[&*inside][..], "expected a bundle, got the folder", "a bundle is one file"),
        (&["inspect", &*inside], "expected a bundle, got the folder", "mprun build DIR"),
        (&["build", &*nowhere], "cannot open the folder", project),
        (&["build", &*text], "expected a folder, got the file", project),
        (&["build", &*inside], "is not a mini-program", project),
        (&["nofile"], "cannot open `nofile`", "no command (mprun --help)"),
        (&["inspect", "nofile"], "cannot open `nofile`", "make a bundle from a program's source: mprun build DIR"),
    ] {
        let said = said(run(line));
        check_refusal(&line.join(" "), &said, cause, hint);
        assert_eq!(said.stderr.matches("hint: ").count(), 1, "{line:?}: {}", said.stderr);
    }
}

/// A copy of a guest's source that stands alone; `edit` changes files by name.
fn copied(name: &str, folder: &Path, edit: impl Fn(&str, String) -> String) -> PathBuf {
    let (from, to) = (root().join("tests/guests").join(name), folder.join(name));
    for part in ["src", "assets"] {
        std::fs::create_dir_all(to.join(part)).expect("the folder can be made");
        for entry in std::fs::read_dir(from.join(part)).expect("the folder can be read") {
            let entry = entry.expect("an entry");
            std::fs::copy(entry.path(), to.join(part).join(entry.file_name())).expect("the file can be copied");
        }
    }
    let sdk = root().join("sdk/rust");
    let cargo = format!(
        "[package]\nname = \"copy-of-{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
         [lib]\ncrate-type = [\"cdylib\", \"rlib\"]\n\n\
         [dependencies]\nmprun-sdk = {{ path = {:?} }}\n\n[workspace]\n",
        sdk.display().to_string()
    );
    let manifest = std::fs::read_to_string(from.join("manifest.json")).expect("the manifest");
    let source = std::fs::read_to_string(from.join("src/lib.rs")).expect("the source");
    std::fs::write(to.join("Cargo.toml"), edit("Cargo.toml", cargo)).expect("written");
    std::fs::write(to.join("manifest.json"), edit("manifest.json", manifest)).expect("written");
    std::fs::write(to.join("src/lib.rs"), edit("lib.rs", source)).expect("written");
    // The versions that are tested here, and are there without a network.
    std::fs::copy(root().join("Cargo.lock"), to.join("Cargo.lock")).expect("the lock file can be copied");
    to
}

/// Builds a copy, next to everything that is compiled already.
fn build_copy(project: &Path, bundle: &Path) -> Said {
    let _busy = load::busy();
    let mut build = command(&["build", &project.to_string_lossy(), "-o", &bundle.to_string_lossy()]);
    said(build.env("CARGO_TARGET_DIR", root().join("target")).output().expect("mprun starts"))
}

#[test]
fn a_wrong_manifest_is_refused_with_the_place_and_the_nearest_key() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let cases = [
        ("\"pages\"", "\"page\"", "`page`: unknown key, did you mean `pages`?"),
        ("\"app_id\": \"counter\"", "\"app_id\": \"Counter!\"", "`app_id`: expected"),
        ("\"code\": 1", "\"code\": \"one\"", "`version.code`: expected"),
        ("\"min_code\": 1", "\"minCode\": 1", "did you mean `min_code`?"),
        ("\"min_code\": 1", "\"min_code\": 99", "the program needs a host with platform code 99"),
        ("\"category\": \"utilities\"", "\"category\": \"utilitys\"", "did you mean `utilities`?"),
        ("\"name\": \"storage\"", "\"name\": \"storrage\"", "`req_permissions[0].name`: expected"),
        ("\"reason\": \"The test is about it\"", "\"reason\": \"\"", "`req_permissions[0].reason`: expected"),
        ("{", "", "expected JSON, got a mistake in line"),
    ];
    for (number, (from, to, cause)) in cases.into_iter().enumerate() {
        let project = copied("counter", &folder.path().join(number.to_string()), |file, text| match file {
            "manifest.json" => text.replacen(from, to, 1),
            _ => text,
        });
        let bundle = project.join("out.wasm");
        check_refusal(to, &build_copy(&project, &bundle), cause, "");
        assert!(!bundle.exists(), "{to}: a bundle was left behind");
        assert!(!project.join("dist").exists() && !project.join("target").exists(), "{to}: something was left behind");
    }
}

#[test]
fn a_source_that_uses_what_it_does_not_request_makes_no_bundle() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let project = copied("counter", folder.path(), |file, text| match file {
        "manifest.json" => {
            let mut manifest: Value = serde_json::from_str(&text).expect("JSON");
            manifest.as_object_mut().expect("an object").remove("req_permissions");
            manifest.to_string()
        }
        _ => text,
    });
    let bundle = folder.path().join("counter.wasm");
    // What was built before stays as it is.
    std::fs::write(&bundle, "the old one").expect("written");
    let said = build_copy(&project, &bundle);
    check_refusal(
        "counter",
        &said,
        "the program uses `storage` (get, set) but",
        r#"add to "req_permissions": { "name": "storage", "reason": "#,
    );
    assert_eq!(std::fs::read_to_string(&bundle).expect("it is there"), "the old one");
    let left: Vec<_> =
        std::fs::read_dir(folder.path()).expect("read").map(|entry| entry.expect("an entry").file_name()).collect();
    assert_eq!(left.len(), 2, "left behind: {left:?}");
}

/// What `inspect --json` says of a bundle.
fn inspected(bundle: &Path) -> Value {
    serde_json::from_str(&stdout_of(&["inspect", "--json", &bundle.to_string_lossy()])).expect("JSON")
}

/// The functions that it lists for an interface, sorted.
fn functions(inspected: &Value, interface: &str) -> Vec<String> {
    let imports = inspected["imports"].as_array().expect("a list");
    let found =
        imports.iter().find(|import| import["interface"].as_str().is_some_and(|name| name.starts_with(interface)));
    let functions = found.map(|import| import["functions"].as_array().expect("a list").clone()).unwrap_or_default();
    let mut names: Vec<_> = functions.iter().map(|name| name.as_str().expect("a name").to_owned()).collect();
    names.sort();
    names
}

#[test]
fn the_digest_is_what_b3sum_says() {
    for name in ["counter", "traps"] {
        let bundle = guest(name);
        let b3sum = Command::new("b3sum")
            .arg("--no-names")
            .arg(&bundle)
            .output()
            .expect("b3sum starts: `make test` installs it");
        let digest = String::from_utf8(b3sum.stdout).expect("ASCII");
        let inspected = inspected(&bundle);
        assert_eq!(inspected["digest"], json!(digest.trim()), "{name}");
        assert_eq!(inspected["digest"], json!(blake3::hash(&std::fs::read(&bundle).expect("read")).to_hex().as_str()));
        assert!(stdout_of(&["inspect", &bundle.to_string_lossy()]).contains(digest.trim()), "{name}");
    }
}

#[test]
fn a_bundle_is_a_component_that_carries_no_path_of_this_machine() {
    let bytes = std::fs::read(guest("panics")).expect("the bundle can be read");
    assert!(bytes.starts_with(b"\0asm\x0d\0\x01\0"));
    let home = std::env::var("HOME").expect("a home folder");
    for path in [home.as_str(), &root().display().to_string()] {
        let found = bytes.windows(path.len()).any(|window| window == path.as_bytes());
        // A root folder as short as `/` is in every file.
        assert!(!found || path.len() < 4, "`{path}` is in the bundle");
    }
}

#[test]
fn the_imports_are_exactly_the_functions_that_the_code_uses() {
    let plain = inspected(&guest("counter"));
    assert_eq!(functions(&plain, "mprun:host/storage"), ["get", "set"]);
    assert_eq!(functions(&inspected(&guest("nags")), "mprun:host/timer"), ["after"]);
    for capability in ["clock", "random", "system", "navigation", "timer", "toast"] {
        assert_eq!(functions(&plain, &format!("mprun:host/{capability}")), Vec::<String>::new());
    }

    // One use of one function more, and then gone again.
    let folder = tempfile::tempdir().expect("a temporary folder");
    let bundle = folder.path().join("counter.wasm");
    let uses = "Msg::Note(value) => cx.set(\"note\", &value.get()?)?,";
    let build = |with: bool| {
        let project = copied("counter", folder.path(), |file, text| match (file, with) {
            ("lib.rs", true) => {
                assert!(text.contains(uses), "the guest has changed");
                text.replace(uses, "Msg::Note(value) => { cx.set(\"note\", &value.get()?)?; self.here = cx.keys(\"\")?.len() as u32; }")
            }
            _ => text,
        });
        let said = build_copy(&project, &bundle);
        assert_eq!(said.code, Some(0), "{}", said.stderr);
        inspected(&bundle)
    };
    let with = build(true);
    assert_eq!(functions(&with, "mprun:host/storage"), ["get", "keys", "set"]);
    let without = build(false);
    assert_eq!(functions(&without, "mprun:host/storage"), ["get", "set"]);
    assert_eq!(without["imports"], plain["imports"]);
    assert_ne!(with["digest"], without["digest"]);
}

#[test]
fn a_bundle_can_be_taken_apart_and_put_together_again() {
    let whole = std::fs::read(guest("counter")).expect("the bundle can be read");
    let plain = bundle::verify(whole.clone()).expect("a bundle");
    let assets: Vec<_> =
        plain.assets().map(|asset| AssetFile { path: asset.path.to_string(), data: asset.data.to_vec() }).collect();
    let templates: Vec<&[u8]> = plain.templates().as_slice().iter().map(|template| template.encoding()).collect();
    let style = plain.style().map(|style| style.source());
    let again =
        bundle::pack(plain.component(), plain.manifest(), &templates, style, &assets).expect("it can be packed");
    assert_eq!(again.bytes(), whole);
}

#[test]
fn building_twice_makes_the_same_bytes() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let second = folder.path().join("again.wasm");
    let first = std::fs::read(guest("counter")).expect("the bundle can be read");
    build_to(&root().join("tests/guests/counter"), &second);
    assert_eq!(std::fs::read(&second).expect("the bundle can be read"), first);
}
