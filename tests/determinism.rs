//! A bundle is its sources: the same ones make the same bytes in another folder,
//! for somebody with another home, and today as yesterday; other ones make
//! another program. What is built knows nothing of the machine.
//!
//! The other folder and the other home lie in `target/elsewhere` and stay there,
//! so that only the first run compiles everything anew.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::support::{load, mprun, nowhere, root, sample, stdout_of};

/// What a checkout consists of, as far as cargo needs it.
const SOURCES: [&str; 9] =
    ["Cargo.toml", "Cargo.lock", "rust-toolchain.toml", "runtime", "sdk", "samples", "tests", "wit", "bench"];

/// Names of folders that hold outputs.
const OUTPUTS: [&str; 3] = ["target", "dist", "corpus"];

/// A clone of the checkout, with a home of its own.
struct Elsewhere {
    folder: PathBuf,
    _file: fs::File,
    _lock: MutexGuard<'static, ()>,
    _busy: load::Busy,
}

/// The user's folder of this name: where a variable says, else in the home.
fn users(variable: &str, below_home: &str) -> PathBuf {
    std::env::var_os(variable).map_or_else(|| home().join(below_home), PathBuf::from)
}

fn home() -> PathBuf {
    std::env::home_dir().expect("a user has a home")
}

/// Copies what has changed. A file that is the same stays untouched, and what
/// cargo made of it stays valid.
fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).expect("a folder can be made");
        for entry in fs::read_dir(from).expect("a folder of the checkout can be read") {
            let name = entry.expect("an entry").file_name();
            if !OUTPUTS.iter().any(|output| name == *output) {
                copy(&from.join(&name), &to.join(&name));
            }
        }
        for entry in fs::read_dir(to).expect("the copy can be read") {
            let entry = entry.expect("an entry");
            if !from.join(entry.file_name()).exists() && !OUTPUTS.iter().any(|output| entry.file_name() == *output) {
                let path = entry.path();
                let gone = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
                gone.expect("what is not in the checkout any more can be removed");
            }
        }
        return;
    }
    let bytes = fs::read(from).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
    if fs::read(to).ok().as_ref() != Some(&bytes) {
        fs::write(to, bytes).expect("the copy can be written");
    }
}

impl Elsewhere {
    fn clone_here() -> Self {
        static ONE: Mutex<()> = Mutex::new(());
        let busy = load::busy();
        let lock = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = root().join("target/elsewhere");
        fs::create_dir_all(&folder).expect("the folder can be made");
        // Another run of these tests may be in it.
        let file = fs::File::create(folder.join("lock")).expect("the lock can be made");
        file.lock().expect("the lock can be had");
        let cargo = folder.join("somebody/.cargo");
        fs::create_dir_all(&cargo).expect("the home can be made");
        // Packages that were fetched once need no network again.
        let registry = cargo.join("registry");
        if !registry.exists() {
            std::os::unix::fs::symlink(users("CARGO_HOME", ".cargo").join("registry"), &registry).expect("a link");
        }
        let clone = folder.join("a clone/mprun");
        fs::create_dir_all(&clone).expect("the clone's folder can be made");
        for source in SOURCES.iter().filter(|source| root().join(source).exists()) {
            copy(&root().join(source), &clone.join(source));
        }
        Self { folder, _file: file, _lock: lock, _busy: busy }
    }

    fn home(&self) -> PathBuf {
        self.folder.join("somebody")
    }

    fn sample(&self, name: &str) -> PathBuf {
        self.folder.join("a clone/mprun/samples").join(name)
    }

    /// Builds a sample as somebody else.
    fn build(&self, name: &str) -> PathBuf {
        let bundle = self.folder.join(format!("{name}.wasm"));
        let _ = fs::remove_file(&bundle);
        let output = Command::new(mprun())
            .current_dir(&self.folder)
            .arg("build")
            .arg(self.sample(name))
            .arg("-o")
            .arg(&bundle)
            .env("HOME", self.home())
            .env("CARGO_HOME", self.home().join(".cargo"))
            // The toolchain is the same one; it is not what is looked at.
            .env("RUSTUP_HOME", users("RUSTUP_HOME", ".rustup"))
            .env(
                "MPRUN_CACHE",
                std::env::var_os("MPRUN_CACHE")
                    .map_or_else(|| users("XDG_CACHE_HOME", ".cache").join("mprun"), PathBuf::from),
            )
            .env("CARGO_TARGET_DIR", self.folder.join("target"))
            .env("RUSTFLAGS", "-Cdebuginfo=2")
            .output()
            .expect("mprun starts");
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        bundle
    }
}

fn digest(bundle: &Path) -> String {
    blake3::hash(&fs::read(bundle).expect("the bundle can be read")).to_hex().to_string()
}

/// Asserts that no path of this machine stands in the file.
fn knows_no_path(bundle: &Path, paths: &[PathBuf]) {
    let bytes = fs::read(bundle).expect("the bundle can be read");
    let general = ["/root/", "/tmp/", "/Users/", "registry/src", ".cargo", ".rustup"].map(str::to_owned);
    let ours = paths.iter().map(|path| path.display().to_string()).filter(|path| path.len() > 1);
    for word in general.into_iter().chain(ours) {
        let found = bytes.windows(word.len()).position(|window| window == word.as_bytes());
        if let Some(at) = found {
            let around = &bytes[at.saturating_sub(40)..(at + 80).min(bytes.len())];
            panic!("{} contains `{word}`: …{}…", bundle.display(), String::from_utf8_lossy(around));
        }
    }
}

#[test]
fn another_folder_and_another_home_make_the_same_bytes() {
    let elsewhere = Elsewhere::clone_here();
    for name in ["hello", "coffee"] {
        let (here, there) = (sample(name), elsewhere.build(name));
        let paths = [root().to_owned(), home(), users("CARGO_HOME", ".cargo"), elsewhere.folder.clone()];
        for bundle in [&here, &there] {
            knows_no_path(bundle, &paths);
        }
        assert_eq!(digest(&there), digest(&here), "{name}: {} and {}", there.display(), here.display());
        // And `inspect` calls it by the same name.
        let said = stdout_of(&["inspect", "--json", &there.to_string_lossy()]);
        let said: serde_json::Value = serde_json::from_str(&said).expect("JSON");
        assert_eq!(said["digest"], digest(&here), "{said:#}");
    }
}

#[test]
fn building_anew_makes_the_same_bytes() {
    let elsewhere = Elsewhere::clone_here();
    let before = digest(&elsewhere.build("hello"));
    let source = elsewhere.sample("hello").join("src/lib.rs");
    let text = fs::read_to_string(&source).expect("the source can be read");
    // Another program, then the first one again: nothing is left of the other.
    fs::write(&source, text.replace("Hello, ", "Good day, ")).expect("the source can be written");
    let other = digest(&elsewhere.build("hello"));
    fs::write(&source, text).expect("the source can be written");
    assert_ne!(before, other);
    assert_eq!(before, digest(&elsewhere.build("hello")));
}

#[test]
fn a_renamed_product_is_on_the_printed_menu() {
    let elsewhere = Elsewhere::clone_here();
    let menu = elsewhere.sample("coffee").join("src/menu.rs");
    let text = fs::read_to_string(&menu).expect("the menu can be read");
    assert!(text.contains("name: \"Flat White\""), "the menu has a flat white");
    fs::write(&menu, text.replace("name: \"Flat White\"", "name: \"Plum Blossom White\""))
        .expect("the menu can be written");
    let bundle = elsewhere.build("coffee");
    let data = tempfile::tempdir().expect("a temporary folder");
    // As it stands in the README.
    let line =
        format!("'{}' '{}' --data '{}' | head -n 40", mprun().display(), bundle.display(), data.path().display());
    let mut shell = Command::new("sh");
    shell.args(["-c", &line]).env_remove("MPRUN_TRUST").env("XDG_CONFIG_HOME", nowhere());
    let output = shell.output().expect("sh starts");
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{complained}");
    assert_eq!(complained, "note: unsigned: `coffee` runs as a development program\n", "{said}");
    assert!(said.contains("Plum Blossom White") && said.contains("Espresso"), "{said}");
    assert!(!said.contains("Flat White"), "{said}");
}
