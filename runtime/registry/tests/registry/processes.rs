//! Several processes and one registry. The test binary starts itself again as
//! each of them; here is what they do, and what happens when they do it at once.

use std::{
    env, fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use mprun_core::{
    bundle,
    trust::{Admitted, Lineages, Rotation, Signature},
};
use mprun_registry::{Attachments, Outcome, Registry, RegistryError};
use rusqlite::Connection;

use crate::{
    fixtures::{NOW, Publisher, Release, admit, app_id, state, unsigned},
    kill,
};

/// Tells the test binary that it is a child, with the folder to work in.
const FOLDER: &str = "MPRUN_TEST_REGISTRY";
/// What the child is to do there.
const JOB: &str = "MPRUN_TEST_REGISTRY_JOB";
/// How lines begin that a child says; the test harness says others.
const SAYS: &str = "child says: ";

/// A folder with a registry and the bundles that children install.
pub(crate) struct Yard {
    folder: tempfile::TempDir,
}

impl Yard {
    pub(crate) fn new() -> Yard {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("inputs")).unwrap();
        Yard { folder }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn registry(&self) -> PathBuf {
        registry(self.path())
    }

    /// Puts a bundle where children find it under `name`.
    pub(crate) fn put(&self, name: &str, release: &Release, by: Option<&Publisher>) {
        let path = |suffix: &str| self.path().join("inputs").join(format!("{name}.{suffix}"));
        fs::write(path("wasm"), release.bytes()).unwrap();
        if let Some(author) = by {
            fs::write(path("minisig"), release.signed.signatures[0].text()).unwrap();
            fs::write(path("pub"), author.key().to_string()).unwrap();
        }
        if let Some(rotation) = release.signed.rotations.first() {
            fs::write(path("rotation"), rotation.text()).unwrap();
        }
    }
}

fn registry(folder: &Path) -> PathBuf {
    folder.join("data/registry")
}

/// What [`Yard::put`] has written.
pub(crate) fn load(folder: &Path, name: &str) -> Release {
    let read = |suffix: &str| fs::read(folder.join("inputs").join(format!("{name}.{suffix}")));
    let text = |suffix: &str| read(suffix).ok().map(|bytes| String::from_utf8(bytes).unwrap());
    let bundle = bundle::verify(read("wasm").unwrap()).unwrap();
    let mut signed = Attachments::default();
    let mut lineages = Lineages::default();
    for rotation in text("rotation").map(|text| Rotation::decode_all(&text).unwrap()).unwrap_or_default() {
        lineages.add(rotation.clone()).unwrap();
        signed.rotations.push(rotation);
    }
    let Some(signature) = text("minisig") else {
        return Release { admitted: Admitted::development(bundle), signed };
    };
    signed.signatures.push(Signature::decode(&signature).unwrap());
    let key = text("pub").unwrap().parse().unwrap();
    Release { admitted: admit(&key, bundle, &signed, &lineages), signed }
}

/// Not a test of its own: what children do. Without [`FOLDER`] it is nothing.
#[test]
fn child() {
    let Some(folder) = env::var_os(FOLDER) else { return };
    let folder = Path::new(&folder);
    let job = env::var(JOB).unwrap();
    let open = || Registry::open(&registry(folder));
    match job.split_once(' ').unwrap_or((job.as_str(), "")) {
        ("install", name) => {
            let release = load(folder, name);
            say("ready");
            std::io::stdin().read_line(&mut String::new()).unwrap();
            say(&match open().and_then(|registry| release.install(&registry)) {
                Ok(Outcome::Installed { .. }) => "installed".to_owned(),
                Ok(Outcome::AlreadyInstalled) => "already installed".to_owned(),
                Err(error) => format!("{error:?}"),
            });
        }
        ("collect", _) => {
            let registry = open().unwrap();
            say("ready");
            loop {
                registry.collect().unwrap();
                thread::sleep(Duration::from_micros(200));
            }
        }
        ("work", _) => kill::work(folder, &open().unwrap()),
        other => panic!("no such job: {other:?}"),
    }
}

/// Tells the parent, in one write: a line is there or not.
pub(crate) fn say(line: &str) {
    let mut out = std::io::stdout();
    out.write_all(format!("\n{SAYS}{line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

/// A running child.
pub(crate) struct Process {
    child: Child,
    said: mpsc::Receiver<String>,
}

impl Process {
    /// Starts this binary as a child with a job.
    pub(crate) fn start(yard: &Yard, job: &str) -> Process {
        Process::start_through(Command::new(env::current_exe().unwrap()), yard, job)
    }

    /// As [`Process::start`], through a command that runs what comes after it.
    pub(crate) fn start_through(mut command: Command, yard: &Yard, job: &str) -> Process {
        let arguments = ["--exact", "processes::child", "--nocapture", "--test-threads=1"];
        let mut child = command
            .args(arguments)
            .env(FOLDER, yard.path())
            .env(JOB, job)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let out = child.stdout.take().unwrap();
        let (say, said) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                // Nobody may listen any more.
                let _ = line.strip_prefix(SAYS).map(|line| say.send(line.to_owned()));
            }
        });
        Process { child, said }
    }

    /// What it says next; `None` after its end.
    pub(crate) fn next(&self) -> Option<String> {
        match self.said.recv_timeout(Duration::from_secs(120)) {
            Ok(line) => Some(line),
            Err(mpsc::RecvTimeoutError::Disconnected) => None,
            Err(mpsc::RecvTimeoutError::Timeout) => panic!("a child says nothing"),
        }
    }

    pub(crate) fn go(&mut self) {
        self.child.stdin.as_mut().unwrap().write_all(b"go\n").unwrap();
    }

    /// Ends it at once, wherever it is, and answers what else it had said.
    pub(crate) fn kill(mut self) -> Vec<String> {
        assert!(self.child.try_wait().unwrap().is_none(), "a child ended by itself");
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::iter::from_fn(|| self.next()).collect()
    }

    /// What it says after it was told to go on, and that it ended well.
    pub(crate) fn answer(mut self) -> String {
        let answer = self.next();
        assert!(self.child.wait().unwrap().success());
        answer.unwrap()
    }
}

/// Has children install these bundles at the same moment; answers what each says.
fn install_at_once(yard: &Yard, names: &[&str]) -> Vec<String> {
    let mut processes: Vec<_> = names.iter().map(|name| Process::start(yard, &format!("install {name}"))).collect();
    for process in &processes {
        assert_eq!(process.next().as_deref(), Some("ready"));
    }
    for process in &mut processes {
        process.go();
    }
    processes.into_iter().map(Process::answer).collect()
}

#[test]
fn the_same_bundle_installed_twice_at_once_is_installed_once() {
    // There is no registry before: the two make it, too.
    for _ in 0..5 {
        let yard = Yard::new();
        yard.put("one", &unsigned("coffee", 1, ""), None);
        let mut said = install_at_once(&yard, &["one", "one", "one"]);
        said.sort();
        assert_eq!(said, ["already installed", "already installed", "installed"]);
        let registry = Registry::open(&yard.registry()).unwrap();
        assert_eq!(registry.check().unwrap().programs, 1);
        assert_eq!(registry.history(None).unwrap().len(), 1);
        assert_eq!(registry.collect().unwrap().files, 0);
    }
}

#[test]
fn different_bundles_installed_at_once_are_all_there() {
    for _ in 0..5 {
        let yard = Yard::new();
        let names = ["coffee", "tea", "milk"];
        for name in names {
            yard.put(name, &unsigned(name, 1, ""), None);
        }
        assert_eq!(install_at_once(&yard, &names), ["installed"; 3]);
        let registry = Registry::open(&yard.registry()).unwrap();
        assert_eq!(registry.check().unwrap().programs, 3);
        assert_eq!(registry.generation().unwrap(), 3);
    }
}

#[test]
fn of_two_versions_installed_at_once_the_higher_one_stays() {
    for _ in 0..5 {
        let yard = Yard::new();
        let author = Publisher::new();
        let (old, new) = (author.release("coffee", 1, ""), author.release("coffee", 2, ""));
        yard.put("old", &old, Some(&author));
        yard.put("new", &new, Some(&author));
        let said = install_at_once(&yard, &["old", "new"]);
        assert!(said[0] == "installed" || said[0].starts_with("Lower {"), "{said:?}");
        assert_eq!(said[1], "installed");
        let registry = Registry::open(&yard.registry()).unwrap();
        registry.check().unwrap();
        assert_eq!(state(&registry), [("coffee".to_owned(), new.digest())]);
    }
}

#[test]
fn nothing_is_collected_that_another_process_installs() {
    let yard = Yard::new();
    let registry = Registry::open(&yard.registry()).unwrap();
    let collectors = [Process::start(&yard, "collect"), Process::start(&yard, "collect")];
    for collector in &collectors {
        assert_eq!(collector.next().as_deref(), Some("ready"));
    }
    let releases = [unsigned("coffee", 1, ""), unsigned("coffee", 2, ""), unsigned("coffee", 3, "")];
    for round in 0..20 {
        for release in &releases {
            release.install(&registry).unwrap();
            assert_eq!(registry.read(&release.digest()).unwrap(), release.bytes(), "round {round}");
        }
        registry.remove(&app_id("coffee"), NOW).unwrap();
    }
    for collector in collectors {
        collector.kill();
    }
    registry.collect().unwrap();
    assert_eq!(registry.check().unwrap().orphans.files, 0);
}

#[test]
fn a_process_that_holds_the_registry_for_long_is_not_waited_for_for_ever() {
    let yard = Yard::new();
    let registry = Registry::open(&yard.registry()).unwrap();
    let release = unsigned("coffee", 1, "");
    release.install(&registry).unwrap();
    let holder = Connection::open(yard.registry().join("index.sqlite")).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let started = Instant::now();
    let error = registry.remove(&app_id("coffee"), NOW).unwrap_err();
    assert!(matches!(error, RegistryError::Busy), "{error:?}");
    assert_eq!(error.to_string(), "the registry has been in use by another process for 10 seconds");
    assert!(error.hint().is_some());
    assert!((9..60).contains(&started.elapsed().as_secs()));
    // Whoever only reads does not wait at all.
    assert_eq!(state(&registry), [("coffee".to_owned(), release.digest())]);
    assert_eq!(registry.read(&release.digest()).unwrap(), release.bytes());
    holder.execute_batch("ROLLBACK").unwrap();
    registry.remove(&app_id("coffee"), NOW).unwrap();
}
