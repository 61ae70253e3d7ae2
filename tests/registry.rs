//! What is installed: kept, listed, updated, removed, served and run by its name,
//! by several processes at once. And the files that come from a registry (what comes
//! from there byte by byte is in `oci`).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use mprun_core::bundle;
use mprun_core::capability::Capability;
use mprun_core::manifest::Permission;
use serde_json::Value;

use crate::support::keys::{Key, beside, refused, said, text, trust_file};
use crate::support::oci::Registry;
use crate::support::server::Server;
use crate::support::{changed, guest, load, run, stdout_of};

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

    /// Serves these files, or what is installed.
    fn serve_files(&self, bundles: &[PathBuf]) -> Server {
        Server::start_on_with(bundles, Path::new(&self.data), "127.0.0.1:0", &["--trust", &self.trust])
    }

    fn serve(&self) -> Server {
        self.serve_files(&[])
    }

    fn trusted(&self) -> String {
        fs::read_to_string(&self.trust).expect("the trust file can be read")
    }

    /// Another trust file in its place, whole at any moment.
    fn trust(&self, text: &str) {
        let new = self.folder.path().join("trust.toml.new");
        fs::write(&new, text).expect("written");
        fs::rename(&new, &self.trust).expect("renamed");
    }

    /// Runs a command with this trust file and these data.
    fn run(&self, line: &[&str]) -> std::process::Output {
        run(&[line, &["--trust", &self.trust, "--data", &self.data]].concat())
    }

    fn refused(&self, line: &[&str], cause: &str, hint: &str) {
        refused(&[line, &["--trust", &self.trust, "--data", &self.data]].concat(), cause, hint);
    }

    /// Does something to the registry's index that no command would do.
    fn meddle(&self, sql: &str) {
        let index = Path::new(&self.data).join("registry/index.sqlite");
        let script = "import sqlite3, sys\nc = sqlite3.connect(sys.argv[1])\nc.executescript(sys.argv[2])\nc.close()";
        let _busy = load::busy();
        let output = Command::new("python3").args(["-c", script, &text(&index), sql]).output().expect("python3 starts");
        assert!(output.status.success(), "{}", said(&output));
    }
}

/// The same bundle with another module in it, which nobody uses and which begins with
/// more memory than a program may have: it is valid, and runs nowhere.
fn too_heavy(bundle: &Path) {
    let bytes = fs::read(bundle).expect("the bundle can be read");
    let component = bundle::verify(bytes.clone()).expect("a bundle").component().len();
    let module = wat::parse_str("(module (memory 2000))").expect("a module");
    let length = u8::try_from(module.len()).ok().filter(|length| *length < 128).expect("a short module");
    let (component, ours) = bytes.split_at(component);
    fs::write(bundle, [component, &[1, length], &module, ours].concat()).expect("written");
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
    // That is kept, for whoever has to consent to it later.
    let history = stdout_of(&["list", "--history", "--data", &place.data]);
    let widened: Vec<_> = history.lines().map(|line| line.contains("! the permission `")).collect();
    assert_eq!(widened, [false, false, true], "{history}");
    let json = stdout_of(&["list", "--history", "--json", "--data", &place.data]);
    let json: Vec<Value> = serde_json::from_str(&json).expect("JSON");
    assert_eq!(
        (&json[1]["widenings"], json[2]["widenings"].as_array().map(Vec::len)),
        (&Value::Array(vec![]), Some(1))
    );

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

    // Somebody else's program of the same name comes after it is gone only, and has
    // not got the name by trying.
    let signed = text(&place.signed("counter", 2));
    place.refused(&["install", &signed], "is installed already as the program of another publisher", "mprun remove");
    assert_eq!(place.installed().len(), 2);
    stdout_of(&["remove", "counter", "--data", &place.data]);
    let eve = Key::generate(place.folder.path(), "eve");
    place.trust(&format!("{}{}", place.trusted(), eve.author("*")));
    let hers = place.folder.path().join("hers.wasm");
    fs::copy(guest("counter"), &hers).expect("copied");
    eve.sign(&hers);
    assert!(place.install(&hers).contains("installed counter 1.0.0 (1)"));
}

#[test]
fn what_a_server_was_given_is_decided_upon_again_when_the_trust_file_changes() {
    let place = Place::new();
    let (counter, loops) = (place.signed("counter", 1), place.signed("loops", 1));
    let eve = Key::generate(place.folder.path(), "eve");
    eve.sign(&loops);
    fs::remove_file(place.key.signature(&loops)).expect("removed");
    let trust = format!("{}{}", eve.author("loops"), place.trusted());
    place.trust(&trust);
    let server = place.serve_files(&[counter, loops]);
    let client = server.client();
    let status = |app_id: &str| client.get(&format!("/miniapp/{app_id}/index")).status;
    client.get(COUNTER).press("Add").assert_text("stored 1.");
    assert_eq!(status("loops"), 200);

    place.trust(&format!("{trust}revoked = \"stolen\"\n"));
    until("that it is not trusted", || status("counter") == 503);
    assert_eq!(status("loops"), 200, "the others go on");
    assert!(!client.get("/").text().contains("Counter"), "nobody is led to it");
    place.trust(&format!("{trust}valid_until = 2001-01-01\n"));
    until("that it is decided again", || client.get(COUNTER).detail().contains("was valid until 2001-01-01"));
    place.trust(&trust);
    until("that it is trusted", || status("counter") == 200);
    client.get(COUNTER).assert_text("here 0, shared 1, stored 1.");
}

#[test]
fn a_mistake_in_the_trust_file_changes_nothing_until_it_is_mended() {
    let place = Place::new();
    let counter = place.signed("counter", 1);
    place.install(&counter);
    let trust = place.trusted();
    for bundles in [vec![], vec![counter]] {
        place.trust(&trust);
        let server = place.serve_files(&bundles);
        let client = server.client();
        assert_eq!(client.get(COUNTER).status, 200);
        place.trust(&format!("{trust}revokd = \"stolen\"\n"));
        // It looks once a second.
        std::thread::sleep(Duration::from_secs(3));
        assert_eq!(client.get(COUNTER).status, 200, "the last one that could be read decides");
        fs::remove_file(&place.trust).expect("removed");
        std::thread::sleep(Duration::from_secs(2));
        assert_eq!(client.get(COUNTER).status, 200, "also where it is gone");
        place.trust(&format!("{trust}revoked = \"stolen\"\n"));
        until("that it is not trusted", || client.get(COUNTER).status == 503);
    }
    // Nothing begins with a mistake.
    place.trust(&format!("{trust}revokd = \"stolen\"\n"));
    place.refused(&["serve", "--listen", "127.0.0.1:0"], "is not a trust file that can be used", "");
}

#[test]
fn an_entry_that_cannot_be_read_hides_no_other() {
    let place = Place::new();
    for name in ["counter", "loops", "moody"] {
        place.install(&place.signed(name, 1));
    }
    let server = place.serve();
    let client = server.client();
    let status = |app_id: &str| client.get(&format!("/miniapp/{app_id}/index")).status;
    assert_eq!((status("counter"), status("loops")), (200, 200));
    place.meddle(
        "UPDATE installed SET manifest = x'7b' WHERE app_id = 'loops'; UPDATE state SET generation = generation + 1;",
    );
    until("that it is gone", || status("loops") == 404);
    assert_eq!((status("counter"), status("moody")), (200, 200));
    // What is decided is decided for the others as before.
    place.trust(&format!("{}revoked = \"stolen\"\n", place.trusted()));
    until("that they are not trusted", || (status("counter"), status("moody")) == (503, 503));

    for line in [&["list"][..], &["list", "--json"]] {
        let output = run(&[line, &["--data", &place.data]].concat());
        assert!(output.status.success(), "{}", said(&output));
        let (listed, said) = (String::from_utf8_lossy(&output.stdout).into_owned(), said(&output));
        assert!(listed.contains("counter") && listed.contains("moody") && !listed.contains("loops"), "{listed}");
        assert!(said.starts_with("warning: ") && said.contains("`loops`"), "{said}");
        assert!(said.contains("mprun remove loops"), "{said}");
    }
}

#[test]
fn what_cannot_run_was_not_seen() {
    let place = Place::new();
    let (first, ninth) = (place.signed("counter", 1), place.signed("counter", 9));
    too_heavy(&ninth);
    place.key.sign(&ninth);
    let (first, ninth) = (text(&first), text(&ninth));
    for line in
        [&["serve", "--listen", "127.0.0.1:0", ninth.as_str()][..], &[ninth.as_str()], &["install", ninth.as_str()]]
    {
        let output = place.run(line);
        assert_eq!(output.status.code(), Some(1), "{line:?}: {}", said(&output));
        assert!(said(&output).contains("the limit `memory` is reached"), "{line:?}: {}", said(&output));
    }
    // So it is no reason to refuse an older one.
    for line in [&[first.as_str()][..], &["install", first.as_str()], &["counter"]] {
        let output = place.run(line);
        assert!(output.status.success(), "{line:?}: {}", said(&output));
    }
}

#[test]
fn an_installed_version_is_too_old_once_a_newer_one_ran() {
    let place = Place::new();
    let (first, second) = (place.signed("counter", 1), place.signed("counter", 2));
    place.install(&first);
    let server = place.serve_files(std::slice::from_ref(&second));
    assert_eq!(server.client().get(COUNTER).status, 200);
    drop(server);
    place.refused(&["counter"], "code 2 was seen here before", "--allow-downgrade");
    let server = place.serve();
    assert_eq!(server.client().get(COUNTER).status, 503);
    drop(server);

    // Somebody says that it may be, on the record.
    assert!(place.run(&["counter", "--allow-downgrade"]).status.success());
    let history = stdout_of(&["list", "--history", "--data", &place.data]);
    assert!(history.lines().last().is_some_and(|line| line.contains(" downgraded ")), "{history}");
    let output = place.run(&["counter"]);
    assert!(output.status.success(), "{}", said(&output));
    // The newer one in its place needs nobody's word.
    place.install(&second);
    let output = place.run(&["counter"]);
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
fn a_name_belongs_to_the_first_until_it_is_forgotten() {
    let place = Place::new();
    let eve = Key::generate(place.folder.path(), "eve");
    place.trust(&format!("{}{}", place.trusted(), eve.author("*")));
    let (first, hers) = (place.signed("counter", 1), place.folder.path().join("hers.wasm"));
    fs::copy(&first, &hers).expect("copied");
    eve.sign(&hers);
    place.install(&first);
    let server = place.serve();
    let client = server.client();
    client.get(COUNTER).press("Add").assert_text("stored 1.");

    let install = ["install", &text(&hers)];
    place.refused(
        &install,
        "is installed already as the program of another publisher",
        "mprun remove counter --forget",
    );
    let removed = stdout_of(&["remove", "counter", "--data", &place.data]);
    assert!(removed.contains("its name stays its publisher's") && removed.contains("--forget"), "{removed}");
    until("that it is gone", || client.get(COUNTER).status == 404);
    for line in [&install[..], &[&text(&hers)]] {
        place.refused(line, "`counter` belongs to the namespace `k", "mprun remove counter --forget");
    }
    // Nothing is installed any more, and the name is still somebody's.
    let forget = ["remove", "counter", "--forget", "--data", &place.data];
    let forgotten = stdout_of(&forget);
    assert!(forgotten.contains("the name `counter` is free"), "{forgotten}");
    assert!(forgotten.contains("seen by no other program"), "{forgotten}");
    refused(&forget, "is not installed, and its name is nobody's", "mprun list");

    place.install(&hers);
    until("hers", || client.get(COUNTER).status == 200);
    client.get(COUNTER).assert_text("here 0, shared 0, stored 0.").press("Add").assert_text("stored 1.");
    client.get(COUNTER).press("Add").assert_text("stored 2.");
    // And back: each has what is theirs.
    let forgotten = stdout_of(&forget);
    assert!(forgotten.contains("removed counter 1.0.0 (1)") && forgotten.contains("is free"), "{forgotten}");
    place.install(&first);
    until("the first again", || {
        let page = client.get(COUNTER);
        page.status == 200 && page.text().contains("stored 1.")
    });
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
