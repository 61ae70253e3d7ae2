//! What is installed: kept, listed, updated, removed, served and run by its name,
//! by several processes at once. And the files that come from a registry (what comes
//! from there byte by byte is in `oci`).

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mprun_core::capability::Capability;
use mprun_core::manifest::Permission;
use serde_json::Value;

use crate::support::keys::{Key, beside, refused, said, text, trust_file};
use crate::support::oci::Registry;
use crate::support::server::Server;
use crate::support::{changed, guest, run, stdout_of};

const COUNTER: &str = "/miniapp/counter/index";
/// A server sees within a second what is installed; then somebody has to look.
const PATIENCE: Duration = Duration::from_secs(20);

/// A folder for files and data, a key, and a trust file that allows it everything.
struct Place {
    folder: tempfile::TempDir,
    key: Key,
    trust: String,
    data: String,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let key = Key::generate(folder.path(), "plum");
        let trust = text(&trust_file(folder.path(), &[&key.author("*")]));
        let data = text(&folder.path().join("data"));
        Self { folder, key, trust, data }
    }

    /// A guest in another version, signed.
    fn signed(&self, name: &str, code: u32) -> PathBuf {
        let path = self.folder.path().join(format!("{name}-{code}.wasm"));
        changed(&guest(name), &path, |manifest| {
            manifest.version.code = code;
            manifest.version.name = format!("{code}.0.0");
        });
        self.key.sign(&path);
        path
    }

    fn install(&self, bundle: &Path) -> String {
        stdout_of(&["install", &text(bundle), "--trust", &self.trust, "--data", &self.data])
    }

    fn installed(&self) -> Vec<Value> {
        serde_json::from_str(&stdout_of(&["list", "--json", "--data", &self.data])).expect("JSON")
    }

    fn serve(&self) -> Server {
        Server::start_on_with(&[], Path::new(&self.data), "127.0.0.1:0", &["--trust", &self.trust])
    }
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < PATIENCE, "expected {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn what_is_installed_is_listed_run_and_removed_by_its_name() {
    let place = Place::new();
    let (counter, loops) = (place.signed("counter", 1), place.signed("loops", 4));
    let installed = place.install(&counter);
    let digest = blake3::hash(&fs::read(&counter).expect("the bundle can be read")).to_hex();
    for part in ["installed counter 1.0.0 (1)\n", "  program  k", digest.as_str(), "signed by plum (key "] {
        assert!(installed.contains(part), "`{part}` is missing in: {installed}");
    }
    assert!(place.install(&counter).contains("counter 1.0.0 (1) was installed already"));
    place.install(&loops);

    let listed = stdout_of(&["list", "--data", &place.data]);
    let lines: Vec<_> = listed.lines().collect();
    assert_eq!(lines.len(), 2, "{listed}");
    assert!(
        lines[0].starts_with("counter  1.0.0 (1)  signed by ") && lines[1].starts_with("loops    4.0.0"),
        "{listed}"
    );
    let json = place.installed();
    assert_eq!(json[0]["digest"], digest.as_str());
    assert_eq!((&json[0]["development"], &json[1]["version"]["code"]), (&Value::Bool(false), &Value::from(4)));

    // The files are not needed any more.
    for path in [&counter, &loops] {
        fs::remove_file(path).expect("removed");
    }
    let page = stdout_of(&["counter", "--trust", &place.trust, "--data", &place.data]);
    assert!(page.contains("here 0, shared 0, stored 0."), "{page}");
    // It is decided each time anew.
    refused(&["counter", "--data", &place.data], "`counter` is signed, and no trust file says", "--trust FILE");
    refused(&["counter", "--data", &place.data, "--dev"], "`counter` is signed, and no trust file says", "");
    let nobody = place.folder.path().join("nobody");
    fs::create_dir(&nobody).expect("made");
    let nobody = text(&trust_file(&nobody, &["[keys]\n"]));
    refused(&["counter", "--trust", &nobody, "--data", &place.data], "`counter` is refused", "[keys.NAME]");

    let removed = stdout_of(&["remove", "counter", "--data", &place.data]);
    assert!(removed.contains("removed counter 1.0.0 (1)") && removed.contains("are kept"), "{removed}");
    refused(&["remove", "counter", "--data", &place.data], "`counter` is not installed", "mprun list");
    refused(&["counter", "--data", &place.data], "cannot open `counter`", "nothing that is installed (mprun list)");
    assert!(stdout_of(&["gc", "--data", &place.data]).starts_with("deleted 1 file, "));
    assert!(stdout_of(&["gc", "--data", &place.data]).starts_with("deleted 0 files, "));
    assert_eq!(place.installed().len(), 1);
}

#[test]
fn to_look_makes_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("data");
    for line in [&["list"][..], &["list", "--history"], &["list", "--json"], &["gc"]] {
        let output = run(&[line, &["--data", &text(&data)]].concat());
        assert!(output.status.success(), "{line:?}: {}", said(&output));
    }
    refused(&["remove", "counter", "--data", &text(&data)], "`counter` is not installed", "mprun list");
    refused(&["counter", "--data", &text(&data)], "cannot open `counter`", "no command (mprun --help)");
    assert!(!data.exists());
}

#[test]
fn an_update_says_what_it_replaces_and_which_powers_are_new() {
    let place = Place::new();
    let (first, second) = (place.signed("counter", 1), place.signed("counter", 2));
    place.install(&first);
    let updated = place.install(&second);
    assert!(updated.contains("installed counter 2.0.0 (2) in the place of 1.0.0 (1)"), "{updated}");
    assert!(!updated.contains("\n! "), "{updated}");

    let third = place.folder.path().join("counter-3.wasm");
    changed(&second, &third, |manifest| {
        manifest.version.code = 3;
        let clock = Capability::ALL.into_iter().find(|capability| {
            capability.needs_permission() && !manifest.req_permissions.iter().any(|known| known.name == *capability)
        });
        let (name, reason) = (clock.expect("a capability that is not requested"), "For the test".to_owned());
        let scope = None;
        manifest.req_permissions.push(Permission { name, reason, scope });
    });
    place.key.sign(&third);
    let updated = place.install(&third);
    assert!(updated.contains("\n! the permission `"), "{updated}");
    assert!(updated.ends_with("this update widens what the program may do\n"), "{updated}");

    let (second, third) = (text(&second), text(&third));
    let difference = stdout_of(&["diff", &second, &third]);
    assert!(difference.lines().any(|line| line.starts_with("! ")), "{difference}");
    assert!(difference.trim_end().ends_with("this update widens what the program may do"), "{difference}");
    let json: Value = serde_json::from_str(&stdout_of(&["diff", &second, &third, "--json"])).expect("JSON");
    assert_eq!((&json["version_code"]["old"], &json["version_code"]["new"]), (&Value::from(2), &Value::from(3)));
    assert!(!stdout_of(&["diff", &third, &second]).contains("widens"));
}

#[test]
fn a_server_serves_what_is_installed_as_it_changes() {
    let place = Place::new();
    let (first, second, loops) = (place.signed("counter", 1), place.signed("counter", 2), place.signed("loops", 1));
    place.install(&first);
    let server = place.serve();
    let client = server.client();
    client.get("/").follow("Counter Utilities").assert_text("here 0, shared 0").press("Add").assert_text("stored 1.");

    // Another process installs, updates, removes.
    place.install(&loops);
    until("the new program", || client.get("/").text().contains("Loops"));
    place.install(&second);
    until("the new version", || client.get(COUNTER).text().contains("2.0.0"));
    client.get(COUNTER).assert_text("here 0, shared 1, stored 1.");
    stdout_of(&["remove", "counter", "--data", &place.data]);
    until("that it is gone", || client.get(COUNTER).status == 404);
    client.get("/").assert_text("Loops");

    // What was stored was kept for it.
    place.install(&second);
    until("the program again", || client.get(COUNTER).status == 200);
    client.get(COUNTER).assert_text("here 0, shared 1, stored 1.");

    // A key that is revoked counts for nothing from then on.
    let trust = fs::read_to_string(&place.trust).expect("the trust file can be read");
    fs::write(&place.trust, format!("{trust}revoked = \"stolen\"\n")).expect("written");
    until("that it is not trusted", || client.get(COUNTER).status == 503);
    fs::write(&place.trust, trust).expect("written");
    until("that it is trusted", || client.get(COUNTER).status == 200);
}

#[test]
fn unsigned_programs_are_installed_and_served_by_those_who_say_so() {
    let place = Place::new();
    let counter = text(&guest("counter"));
    let data = ["--data", &place.data];
    refused(&[&["install", &counter][..], &data].concat(), "is unsigned, and no trust file says", "--dev");
    assert!(place.installed().is_empty());
    let installed = stdout_of(&[&["install", &counter, "--dev"][..], &data].concat());
    assert!(installed.contains("  program  dev/counter") && installed.contains("unsigned"), "{installed}");
    assert!(stdout_of(&[&["list"][..], &data].concat()).contains("unsigned, development"));

    let path = Path::new(&place.data);
    let server = Server::start_on_with(&[], path, "127.0.0.1:0", &["--dev"]);
    let page = server.client().get(COUNTER).assert_text("here 0");
    assert!(!page.select(".mp-unsigned").is_empty(), "{}", page.html);
    drop(server);
    // Without it, the others are served and this one is not.
    let loops = place.signed("loops", 1);
    place.install(&loops);
    let server = place.serve();
    assert_eq!(server.client().get(COUNTER).status, 404);
    assert_eq!(server.client().get("/miniapp/loops/index").status, 200);
    drop(server);

    // Somebody else's program of the same name comes after it is gone only.
    let signed = text(&place.signed("counter", 2));
    let install = ["install", &signed, "--trust", &place.trust, "--data", &place.data];
    let output = run(&install);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(place.installed().len(), 2, "{}", said(&output));
}

#[test]
fn what_a_registry_has_becomes_files_that_replace_no_others() {
    let place = Place::new();
    let registry = Registry::start();
    let counter = place.signed("counter", 2);
    let anna = Key::generate(place.folder.path(), "anna");
    anna.sign(&counter);
    let rotation = text(&beside(&counter, ".rotation"));
    stdout_of(&["key", "rotate", "--old", &text(&anna.file), "--new", &text(&place.key.file), "-o", &rotation]);

    let reference = format!("{}/shop/counter:2", registry.host());
    let pushed = stdout_of(&["push", &text(&counter), &reference]);
    assert!(pushed.contains(&format!("pushed {reference}\n")) && pushed.contains("with      2 signatures"), "{pushed}");

    let folder = place.folder.path().join("elsewhere");
    fs::create_dir(&folder).expect("made");
    let file = folder.join("pulled.wasm");
    let pull = ["pull", &reference, "-o", &text(&file)];
    let pulled = stdout_of(&pull);
    let artifact = |text: &str| text.lines().find(|line| line.contains("artifact")).map(str::to_owned);
    assert_eq!(artifact(&pulled), artifact(&pushed));
    assert_eq!(fs::read(&file).expect("it is there"), fs::read(&counter).expect("it is there"), "byte by byte");
    let mut signatures: Vec<_> = [".minisig", ".2.minisig"]
        .iter()
        .map(|suffix| fs::read_to_string(beside(&file, suffix)).expect("a signature"))
        .collect();
    let mut sent = [&place.key, &anna].map(|key| fs::read_to_string(key.signature(&counter)).expect("a signature"));
    signatures.sort();
    sent.sort();
    assert_eq!(signatures, sent);
    assert_eq!(fs::read_to_string(beside(&file, ".rotation")).ok(), fs::read_to_string(&rotation).ok());

    // Again: nothing has changed. Something else is not written over.
    stdout_of(&pull);
    fs::write(&file, "mine").expect("written");
    refused(&pull, "there is something else at", "--force");
    assert_eq!(fs::read(&file).expect("it is there"), b"mine");
    stdout_of(&[&pull[..], &["--force"]].concat());
    assert_eq!(fs::read(&file).expect("it is there"), fs::read(&counter).expect("it is there"));

    // Straight into what is installed: as strict as from a file.
    let data = text(&place.folder.path().join("other data"));
    refused(&["install", &reference, "--dev", "--data", &data], "no trust file says", "--trust FILE");
    let installed = stdout_of(&["install", &reference, "--trust", &place.trust, "--data", &data]);
    assert!(installed.contains("installed counter 2.0.0 (2)"), "{installed}");
    let listed: Value = serde_json::from_str(&stdout_of(&["list", "--json", "--data", &data])).expect("JSON");
    assert_eq!(listed[0]["source"], reference.as_str());

    let missing = format!("{}/shop/tea:1", registry.host());
    refused(&["pull", &missing], &format!("cannot pull `{missing}`"), "");
    refused(&["install", "ghcr.io/Not A Name", "--dev"], "is no file, and nothing in a registry", "");
}
