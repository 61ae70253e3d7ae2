//! Registries of others: what goes there comes back, other tools read it, and one
//! that lies is not believed. The real one is Debian's; see `support/oci.rs` for
//! what is played.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use mprun_core::bundle;
use serde_json::{Value, json};

use crate::support::keys::{Key, beside, refused, said, text};
use crate::support::oci::{INDEX, LOGIN, Liar, Lie, Listing, MANIFEST, Registry, WRONG_LOGIN, docker_config, sha256};
use crate::support::{command, guest, load, run, stdout_of};

const SIGNATURE: &str = "application/vnd.mprun.signature.v1";
const CONFIG: &str = "application/vnd.wasm.config.v0+json";
const WASM: &str = "application/wasm";

/// A folder with a bundle in it.
struct Place {
    folder: tempfile::TempDir,
    bundle: PathBuf,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let bundle = folder.path().join("counter.wasm");
        fs::copy(guest("counter"), &bundle).expect("the bundle can be copied");
        Self { folder, bundle }
    }

    /// The same, signed by somebody with this name.
    fn signed_by(&self, name: &str) -> Key {
        let key = Key::generate(self.folder.path(), name);
        key.sign(&self.bundle);
        key
    }

    fn bytes(&self) -> Vec<u8> {
        fs::read(&self.bundle).expect("the bundle can be read")
    }

    fn push(&self, reference: &str) -> String {
        digest_in(&stdout_of(&["push", &text(&self.bundle), reference]))
    }

    /// Pulls into a new file and says which.
    fn pull(&self, reference: &str) -> PathBuf {
        let file = self.folder.path().join("pulled").join(reference.replace(['/', ':', '@'], "_"));
        fs::create_dir_all(file.parent().expect("a folder")).expect("the folder can be made");
        stdout_of(&["pull", reference, "-o", &text(&file), "--force"]);
        file
    }
}

/// The artifact's digest in what `push` or `pull` said.
fn digest_in(said: &str) -> String {
    let words = said.split_whitespace().find(|word| word.starts_with("sha256:"));
    words.unwrap_or_else(|| panic!("expected a digest in: {said}")).to_owned()
}

/// The signatures beside a file, in no order of their own.
fn signatures_beside(file: &Path) -> Vec<String> {
    let names = (1..).map(|number| match number {
        1 => beside(file, ".minisig"),
        number => beside(file, &format!(".{number}.minisig")),
    });
    let mut texts: Vec<_> = names.map_while(|name| fs::read_to_string(name).ok()).collect();
    texts.sort();
    texts
}

/// The signatures that these keys made.
fn signatures_of(keys: &[&Key], bundle: &Path) -> Vec<String> {
    let mut texts: Vec<_> =
        keys.iter().map(|key| fs::read_to_string(key.signature(bundle)).expect("a signature")).collect();
    texts.sort();
    texts
}

/// `sha256:…` as the tag under which clients keep a list.
fn list_tag(digest: &str) -> String {
    digest.replace(':', "-")
}

#[test]
fn a_bundle_and_its_signatures_come_back_byte_by_byte() {
    let (place, registry) = (Place::new(), Registry::start());
    let (anna, ben) = (place.signed_by("anna"), place.signed_by("ben"));
    let reference = format!("{}/plum/counter:1.0", registry.host());
    let digest = place.push(&reference);
    let by_digest = format!("{}/plum/counter@{digest}", registry.host());
    for reference in [&reference, &by_digest] {
        let file = place.pull(reference);
        assert_eq!(fs::read(&file).expect("it is there"), place.bytes(), "{reference}");
        assert_eq!(signatures_beside(&file), signatures_of(&[&anna, &ben], &place.bundle), "{reference}");
    }

    // The same bundle is the same artifact, here, elsewhere, and signed or not.
    assert_eq!(place.push(&reference), digest);
    let unsigned = Place::new();
    assert_eq!(unsigned.push(&format!("{}/other/name:x", registry.host())), digest);
    assert_eq!(unsigned.push(&reference), digest);
    assert_eq!(signatures_beside(&place.pull(&reference)).len(), 2, "what was attached before stays");
}

#[test]
fn where_a_registry_keeps_no_list_we_share_one_with_others() {
    let (place, registry) = (Place::new(), Registry::start());
    let repository = "plum/counter";
    let reference = format!("{}/{repository}:1", registry.host());
    let anna = place.signed_by("anna");
    let digest = place.push(&reference);
    let list = registry.manifest(repository, &list_tag(&digest)).expect("a list");
    assert_eq!(list["mediaType"], INDEX);
    assert_eq!(list["manifests"][0]["artifactType"], SIGNATURE);
    assert_eq!(list["manifests"].as_array().map(Vec::len), Some(1));

    // Somebody attaches something else, with fields that we do not know.
    let empty = registry.put_blob(repository, b"{}");
    let sbom = json!({
        "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": "application/spdx+json",
        "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": empty, "size": 2},
        "layers": [{"mediaType": "application/spdx+json", "digest": empty, "size": 2}],
        "subject": {"mediaType": MANIFEST, "digest": digest, "size": 1},
    });
    let entry = json!({
        "mediaType": MANIFEST, "digest": registry.put_manifest(repository, None, &sbom),
        "size": sbom.to_string().len(), "artifactType": "application/spdx+json",
        "platform": {"architecture": "wasm", "os": "wasip2"}, "annotations": {"a": "b"},
    });
    let mut shared = list.clone();
    shared["manifests"].as_array_mut().expect("entries").push(entry.clone());
    registry.put_manifest(repository, Some(&list_tag(&digest)), &shared);

    let ben = place.signed_by("ben");
    assert_eq!(place.push(&reference), digest);
    let list = registry.manifest(repository, &list_tag(&digest)).expect("a list");
    let entries = list["manifests"].as_array().expect("entries");
    assert_eq!(entries.len(), 3, "{list}");
    assert!(entries.contains(&entry), "{list}");
    assert_eq!(signatures_beside(&place.pull(&reference)), signatures_of(&[&anna, &ben], &place.bundle));

    // Where the list should be is something else: the bundle is there, and it says
    // what is not.
    let taken = format!("{}/taken/counter:1", registry.host());
    let unsigned = Place::new();
    assert_eq!(unsigned.push(&taken), digest);
    let config = registry.put_blob("taken/counter", b"{}");
    let other = json!({
        "schemaVersion": 2, "mediaType": MANIFEST, "layers": [],
        "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": config, "size": 2},
    });
    registry.put_manifest("taken/counter", Some(&list_tag(&digest)), &other);
    refused(&["push", &text(&place.bundle), &taken], "is something else than a list", "`.minisig`");
    assert_eq!(signatures_beside(&place.pull(&taken)).len(), 0);
}

#[test]
fn a_registry_that_keeps_a_list_is_asked_for_it() {
    let (place, registry) = (Place::new(), Registry::start());
    let listing = Listing::before(&registry);
    let keys = [place.signed_by("anna"), place.signed_by("ben"), place.signed_by("cleo")];
    let reference = format!("{}/plum/counter:1", listing.host());
    let digest = place.push(&reference);
    assert_eq!(listing.listed(&digest).len(), 3);
    assert_eq!(registry.manifest("plum/counter", &list_tag(&digest)), None, "no list of our own beside it");

    let file = place.pull(&reference);
    assert_eq!(fs::read(&file).expect("it is there"), place.bytes());
    let [anna, ben, cleo] = &keys;
    assert_eq!(signatures_beside(&file), signatures_of(&[anna, ben, cleo], &place.bundle));
    assert_eq!(listing.asked(), 3, "three pages of one entry each");
}

#[test]
fn other_tools_read_what_is_pushed() {
    let (place, registry) = (Place::new(), Registry::start());
    let reference = format!("{}/plum/counter:1", registry.host());
    place.signed_by("anna");
    let digest = place.push(&reference);

    let copy = place.folder.path().join("copy");
    let mut skopeo = Command::new("skopeo");
    skopeo.args(["copy", "--insecure-policy", "--src-tls-verify=false"]);
    skopeo.arg(format!("docker://{reference}")).arg(format!("dir:{}", copy.display()));
    let output = skopeo.output().expect("skopeo starts: `make test` installs it");
    assert!(output.status.success(), "{}", said(&output));
    let manifest = fs::read(copy.join("manifest.json")).expect("a manifest");
    assert_eq!(sha256(&manifest), digest);
    let manifest: Value = serde_json::from_slice(&manifest).expect("JSON");
    let blob = |descriptor: &Value| {
        let digest = descriptor["digest"].as_str().expect("a digest");
        fs::read(copy.join(digest.trim_start_matches("sha256:"))).expect("a blob")
    };
    assert_eq!(blob(&manifest["layers"][0]), place.bytes());
    let known = bundle::verify(place.bytes()).expect("a bundle");
    assert_eq!(manifest["annotations"]["dev.mprun.digest"], known.digest().to_string());

    // The configuration as other hosts of WebAssembly want it.
    let config: Value = serde_json::from_slice(&blob(&manifest["config"])).expect("JSON");
    assert_eq!(config["layerDigests"], json!([sha256(&place.bytes())]));
    assert_eq!(config["component"]["exports"], json!(["mprun:app/program@0.1.0"]));
    let imports = config["component"]["imports"].as_array().expect("a list");
    for import in known.imports() {
        assert!(imports.contains(&json!(import.interface)), "{} in {imports:?}", import.interface);
    }

    // Not in Debian; where somebody has it, it has to understand us.
    let file = place.folder.path().join("wkg.wasm");
    let mut wkg = Command::new("wkg");
    wkg.args(["oci", "pull", "--insecure", registry.host(), &reference, "-o"]).arg(&file);
    match wkg.output() {
        Ok(output) => {
            assert!(output.status.success(), "{}", said(&output));
            assert_eq!(fs::read(&file).expect("it is there"), place.bytes());
        }
        Err(_) => eprintln!("note: `wkg` is not installed, so it did not read the artifact (skopeo did)"),
    }
}

/// Runs a command with this folder as Docker's configuration.
fn run_as(folder: &Path, arguments: &[&str]) -> Output {
    let _busy = load::busy();
    let mut command = command(arguments);
    // A helper is found where commands are.
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths([folder.to_owned()].into_iter().chain(std::env::split_paths(&path)));
    command.env("DOCKER_CONFIG", folder).env("PATH", path.expect("a path"));
    command.output().expect("mprun starts")
}

#[test]
fn a_login_is_taken_from_dockers_configuration() {
    let (place, registry) = (Place::new(), Registry::with_login());
    place.signed_by("anna");
    let host = registry.host();
    let reference = format!("{host}/plum/counter:1");
    let file = text(&place.folder.path().join("pulled.wasm"));
    let push = ["push", &text(&place.bundle), &reference];
    let pull = ["pull", &reference, "-o", &file];

    let nobody = ["without a file", "without this host"].map(|name| place.folder.path().join(name));
    docker_config(&nobody[1], "ghcr.io", LOGIN);
    for folder in &nobody {
        for arguments in [&push[..], &pull[..]] {
            let output = run_as(folder, arguments);
            assert_eq!(output.status.code(), Some(1));
            let said = said(&output);
            assert!(said.contains(&format!("`{host}` asks for a login")), "{said}");
            assert!(said.contains(&format!("docker login {host}")), "{said}");
        }
    }

    let wrong = place.folder.path().join("wrong");
    docker_config(&wrong, host, WRONG_LOGIN);
    for arguments in [&push[..], &pull[..]] {
        let output = run_as(&wrong, arguments);
        assert_eq!(output.status.code(), Some(1));
        let said = said(&output);
        assert!(said.contains("refuses the login of `anna`") && said.contains("docker login"), "{said}");
        assert!(!said.contains("guess") && !said.contains(WRONG_LOGIN), "{said}");
    }

    let right = place.folder.path().join("right");
    docker_config(&right, host, LOGIN);
    for arguments in [&push[..], &pull[..]] {
        let output = run_as(&right, arguments);
        assert!(output.status.success(), "{}", said(&output));
    }
    assert_eq!(fs::read(&file).expect("it is there"), place.bytes());
    assert_eq!(signatures_beside(Path::new(&file)).len(), 1);

    // A program that knows the login.
    let helped = place.folder.path().join("helped");
    fs::create_dir(&helped).expect("made");
    fs::write(helped.join("config.json"), "{\"credsStore\": \"mprun-test\"}").expect("written");
    let (script, helper) = (helped.join("script"), helped.join("docker-credential-mprun-test"));
    fs::write(&script, "#!/bin/sh\ncat >&2\necho '{\"Username\":\"anna\",\"Secret\":\"secret\"}'\n").expect("written");
    // A file that this process has just written may be busy for a moment.
    let copied = Command::new("install").args(["-m", "755"]).args([&script, &helper]).status().expect("install starts");
    assert!(copied.success());
    let output = run_as(&helped, &pull);
    assert!(output.status.success(), "{}", said(&output));

    let broken = place.folder.path().join("broken");
    fs::create_dir(&broken).expect("made");
    fs::write(broken.join("config.json"), "{\"auths\": {").expect("written");
    let output = run_as(&broken, &pull);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("config.json` is broken"), "{}", said(&output));
}

#[test]
fn what_is_no_mini_program_is_refused() {
    let (place, registry) = (Place::new(), Registry::start());
    place.signed_by("anna");
    let repository = "plum/other";
    let wasm = registry.put_blob(repository, b"\0asm\x01\0\0\0");
    let text_file = registry.put_blob(repository, b"hello");
    let config = registry.put_blob(repository, b"{}");
    let layer =
        |media_type: &str, digest: &str, size: usize| json!({"mediaType": media_type, "digest": digest, "size": size});
    let manifest = |config_type: &str, layers: &[Value]| {
        json!({
            "schemaVersion": 2, "mediaType": MANIFEST, "layers": layers,
            "config": {"mediaType": config_type, "digest": config, "size": 2},
        })
    };
    let tar = "application/vnd.oci.image.layer.v1.tar+gzip";
    let image = manifest("application/vnd.oci.image.config.v1+json", &[layer(tar, &wasm, 8)]);
    let image_digest = registry.put_manifest(repository, Some("image"), &image);
    let index = json!({
        "schemaVersion": 2, "mediaType": INDEX,
        "manifests": [{"mediaType": MANIFEST, "digest": image_digest, "size": image.to_string().len(),
                       "platform": {"architecture": "amd64", "os": "linux"}}],
    });
    registry.put_manifest(repository, Some("index"), &index);
    let two = manifest(CONFIG, &[layer(WASM, &wasm, 8), layer(WASM, &text_file, 5)]);
    registry.put_manifest(repository, Some("two"), &two);
    registry.put_manifest(repository, Some("none"), &manifest(CONFIG, &[]));
    registry.put_manifest(repository, Some("tar"), &manifest(CONFIG, &[layer(tar, &wasm, 8)]));
    registry.put_manifest(repository, Some("large"), &manifest(CONFIG, &[layer(WASM, &wasm, 8 * 1024 * 1024 + 1)]));
    registry.put_manifest(repository, Some("text"), &manifest(CONFIG, &[layer(WASM, &text_file, 5)]));
    registry.put_manifest(repository, Some("module"), &manifest(CONFIG, &[layer(WASM, &wasm, 8)]));

    let file = text(&place.folder.path().join("pulled.wasm"));
    for (tag, cause) in [
        ("image", "is not a mini-program: expected a configuration `application/vnd.wasm.config.v0+json`"),
        ("index", "is not a mini-program: expected one manifest, got a list of several"),
        ("two", "is not a mini-program: expected one layer, got 2"),
        ("none", "is not a mini-program: expected one layer, got 0"),
        ("tar", "is not a mini-program: expected a layer `application/wasm`, got `application/vnd.oci.image.layer"),
        ("large", "the bundle from"),
        // The layout is right, and what is in it is not.
        ("text", "not WebAssembly"),
        ("module", "core module"),
        ("missing", "is not in the registry"),
    ] {
        let reference = format!("{}/{repository}:{tag}", registry.host());
        refused(&["pull", &reference, "-o", &file], cause, "");
        assert!(!Path::new(&file).exists(), "{tag}");
    }
    let by_digest = format!("{}/plum/counter@{}", registry.host(), sha256(b"x"));
    refused(&["pull", &by_digest, "-o", &file], "is not in the registry", "");
    refused(&["push", &text(&place.bundle), &by_digest], "expected an address with a tag", "leave the digest out");
}

/// The manifest of a bundle, right in every respect.
fn good_manifest(bytes: &[u8]) -> Vec<u8> {
    let manifest = json!({
        "schemaVersion": 2, "mediaType": MANIFEST,
        "config": {"mediaType": CONFIG, "digest": sha256(b"{}"), "size": 2},
        "layers": [{"mediaType": WASM, "digest": sha256(bytes), "size": bytes.len()}],
    });
    manifest.to_string().into_bytes()
}

#[test]
fn a_registry_that_lies_is_not_believed() {
    let place = Place::new();
    let bytes = place.bytes();
    let mut altered = bytes.clone();
    let last = altered.len() - 1;
    altered[last] ^= 1;
    let signature = json!({
        "mediaType": MANIFEST, "digest": sha256(b"x"), "size": 100, "artifactType": SIGNATURE,
    });
    let list = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [signature]}).to_string();

    // What it lies about, and what is said then.
    type Answer = Box<dyn Fn(&str) -> Option<Lie> + Send + Sync>;
    let cases: Vec<(&str, Answer, &str)> = vec![
        (
            "other bytes",
            Box::new(move |path| path.contains("/blobs/").then(|| Lie::Bytes(WASM, altered.clone()))),
            "is altered: expected sha256:",
        ),
        ("an endless bundle", Box::new(|path| path.contains("/blobs/").then_some(Lie::Endless)), "expected at most"),
        ("an endless manifest", Box::new(|_| Some(Lie::Endless)), "the manifest from"),
        (
            "an endless list of signatures",
            Box::new(|path| path.contains("/manifests/sha256-").then_some(Lie::Endless)),
            "the list of signatures from",
        ),
        (
            "another signature",
            Box::new(move |path| match path {
                path if path.contains("/referrers/") => Some(Lie::Bytes(INDEX, list.clone().into_bytes())),
                path if path.ends_with(&sha256(b"x")) => Some(Lie::Bytes(MANIFEST, b"{}".to_vec())),
                _ => None,
            }),
            "the manifest of a signature from",
        ),
        ("a page for browsers", Box::new(|_| Some(Lie::Bytes("text/html", b"<html>".to_vec()))), "not a mini-program"),
    ];
    for (what, lie, cause) in cases {
        let bytes = bytes.clone();
        let liar = Liar::start(move |path| {
            lie(path).unwrap_or_else(|| match path {
                path if path.contains("/referrers/") || path.contains("/manifests/sha256-") => Lie::Nothing,
                path if path.contains("/manifests/") => Lie::Bytes(MANIFEST, good_manifest(&bytes)),
                _ => Lie::Bytes(WASM, bytes.clone()),
            })
        });
        let reference = format!("{}/plum/counter:1", liar.host());
        let file = place.folder.path().join("pulled.wasm");
        let begun = Instant::now();
        let output = run(&["pull", &reference, "-o", &text(&file)]);
        let said = said(&output);
        assert_eq!(output.status.code(), Some(1), "{what}: {said}");
        assert!(said.contains(cause), "{what}: expected `{cause}` in: {said}");
        assert!(!file.exists(), "{what}");
        // Some megabytes lie in the buffers between the two.
        assert!(liar.poured() < 32 * 1024 * 1024, "{what}: {} bytes", liar.poured());
        assert!(begun.elapsed() < Duration::from_secs(30), "{what}");
    }
}

#[test]
fn a_host_without_a_registry_is_named() {
    let place = Place::new();
    place.signed_by("anna");
    // A port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let host = free.local_addr().expect("its address").to_string();
    drop(free);
    let reference = format!("{host}/plum/counter:1");
    refused(&["pull", &reference], &format!("no connection to `{host}`"), "see whether the host is spelt rightly");
    refused(&["push", &text(&place.bundle), &reference], &format!("no connection to `{host}`"), "");
}
