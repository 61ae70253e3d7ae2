//! What the tests have in common: finding the built command, building guests
//! with it once, running a server, being a browser without script.
//!
//! Nothing here replaces a real part: guests are built by `mprun build`, pages
//! come from `mprun serve`.

pub(crate) mod browser;
pub(crate) mod client;
pub(crate) mod keys;
pub(crate) mod load;
pub(crate) mod local;
pub(crate) mod oci;
pub(crate) mod server;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, OnceLock};

use mprun_core::bundle::{self, AssetFile};
use mprun_core::manifest::Manifest;

/// The root of the checkout.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the checkout")
}

/// The folder that cargo built this test into: `target/debug`.
fn built() -> PathBuf {
    let exe = std::env::current_exe().expect("a test knows its own path");
    exe.ancestors().nth(2).expect("tests lie in target/debug/deps").to_owned()
}

/// The `mprun` that was built beside this test.
pub(crate) fn mprun() -> PathBuf {
    let path = built().join("mprun");
    assert!(path.exists(), "{} is missing: run `cargo build -p mprun` first, or `make test`", path.display());
    path
}

/// A folder in which nothing is: for configuration and data that nobody has.
pub(crate) fn nowhere() -> PathBuf {
    built().join("test-nothing")
}

/// A command of `mprun` that sees nothing of this machine's settings but the
/// guest compiler's cache.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(mprun());
    command.args(arguments).env("NO_COLOR", "1").stdin(Stdio::null());
    for variable in ["MPRUN_LOG", "MPRUN_DATA", "MPRUN_TRUST", "MPRUN_KEY_PASSWORD"] {
        command.env_remove(variable);
    }
    for variable in ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "DOCKER_CONFIG"] {
        command.env(variable, nowhere());
    }
    command
}

/// Runs `mprun` to its end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    let _busy = load::busy();
    command(arguments).output().expect("mprun starts")
}

/// Standard output of a run that must succeed.
pub(crate) fn stdout_of(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(
        output.status.success(),
        "mprun {arguments:?} failed with {}:\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("output is UTF-8")
}

/// The bundle of a sample.
pub(crate) fn sample(name: &str) -> PathBuf {
    build(&root().join("samples").join(name))
}

/// The bundle of a guest of `tests/guests`.
pub(crate) fn guest(name: &str) -> PathBuf {
    build(&root().join("tests/guests").join(name))
}

/// Builds a mini-program, once in this process; `mprun build` itself is
/// incremental.
fn build(project: &Path) -> PathBuf {
    static BUILT: OnceLock<Mutex<HashMap<PathBuf, PathBuf>>> = OnceLock::new();
    // Before the lock: who holds that must never wait for silence to end.
    let _busy = load::busy();
    // A test that failed here fails the others that need the same guest; the
    // lock being poisoned says nothing more.
    let mut built_before = BUILT.get_or_init(Mutex::default).lock().unwrap_or_else(|error| error.into_inner());
    if let Some(bundle) = built_before.get(project) {
        return bundle.clone();
    }
    let name = project.file_name().expect("a project has a name").to_string_lossy();
    let bundle = built().join("test-bundles").join(format!("{name}.wasm"));
    std::fs::create_dir_all(bundle.parent().expect("it has a folder")).expect("the folder can be made");
    build_to(project, &bundle);
    built_before.insert(project.to_owned(), bundle.clone());
    bundle
}

/// Builds the mini-program in `project` into the file `bundle`.
pub(crate) fn build_to(project: &Path, bundle: &Path) {
    stdout_of(&["build", &project.to_string_lossy(), "-o", &bundle.to_string_lossy()]);
}

/// The same bundle with another manifest, written into the file `to`: an update that
/// its author might have built.
pub(crate) fn changed(bundle: &Path, to: &Path, change: impl FnOnce(&mut Manifest)) {
    let old = bundle::verify(std::fs::read(bundle).expect("the bundle can be read")).expect("a bundle");
    let mut manifest = old.manifest().clone();
    change(&mut manifest);
    let templates: Vec<&[u8]> = old.templates().as_slice().iter().map(|template| template.encoding()).collect();
    let assets = old.assets().map(|asset| AssetFile { path: asset.path.to_string(), data: asset.data.to_vec() });
    let assets: Vec<_> = assets.collect();
    let style = old.style().map(|style| style.source());
    let new = bundle::pack(old.component(), &manifest, &templates, style, &assets).expect("it can be packed");
    std::fs::write(to, new.bytes()).expect("the bundle can be written");
}
