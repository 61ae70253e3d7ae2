//! Compiles a mini-program with cargo. Everything that shapes the bytes stands in
//! this file: the profile and the flags of the linker; [`super::wrapper`] keeps
//! the machine's folders out. Nothing of the author's environment changes them,
//! or digests would differ between two machines. While a program is written, a
//! second matters more than the bytes: [`dev`] says how it is compiled then.

use std::{
    io::{self, BufRead as _, BufReader},
    path::PathBuf,
    process::{Command, Stdio},
};

use serde::Deserialize;

use crate::{
    build::{TARGET, project::Project, toolchain::Toolchain, wrapper::Folders},
    env,
    error::{self, CommandError},
};

/// How programs are optimised. Panics end the call anyway, so nothing unwinds;
/// numbers that overflow panic as they do under `cargo test`, so that no shop
/// ever sells for a wrapped price. Dependencies from elsewhere are spared that:
/// on the menu of samples/coffee it cost a tenth of the instructions. `"s"` saves a
/// fifth of the bytes there and costs a sixth more instructions; 3 gains nothing.
const PROFILE: &[&str] = &[
    "opt-level=2",
    "lto=\"fat\"",
    "codegen-units=1",
    "panic=\"abort\"",
    "overflow-checks=true",
    "package.\"*\".overflow-checks=false",
    "debug-assertions=false",
    "debug=false",
    "strip=\"debuginfo\"",
    "incremental=false",
];

/// Each call runs on a fresh memory, so it should be small and never grow: the
/// stack is what a call may use, and the allocator begins inside of the memory
/// that is there.
const LINKER: &[&str] = &["-zstack-size=65536", "--initial-memory=2097152"];

/// The profile of [`DEV_SETTINGS`]. A name of its own, so that cargo keeps what it
/// made with it apart from what it made to be handed on.
const DEV_PROFILE: &str = "mprun-dev";

/// How a program is compiled while it is written: only what was changed, in many
/// parts, and without LTO, which would look at everything again. The templates of
/// all views arrive nevertheless (see `Writer::instance` of the SDK). What the
/// program does is the same: sums are checked, panics end the call.
const DEV_SETTINGS: &[&str] = &[
    "inherits=\"release\"",
    "opt-level=1",
    "lto=\"off\"",
    "codegen-units=16",
    "panic=\"abort\"",
    "overflow-checks=true",
    "package.\"*\".opt-level=2",
    "package.\"*\".overflow-checks=false",
    "debug-assertions=false",
    "debug=false",
    "strip=\"debuginfo\"",
    "incremental=true",
];

/// Functions that are optimised less take more of the stack: twice as much, or a
/// program would end here that does not when it is built to be handed on.
const DEV_LINKER: &[&str] = &["-zstack-size=131072", "--initial-memory=2097152"];

/// Variables that would change what is compiled, or where it is put.
const OVERRULED: &[&str] =
    &["RUSTFLAGS", "RUSTC_WORKSPACE_WRAPPER", "CARGO_BUILD_TARGET", "CARGO_BUILD_BUILD_DIR", "CARGO_TARGET_DIR"];

/// Compiles the library of `project` and returns the file of the core module.
///
/// # Errors
/// Cargo failed; it has said why on stderr.
pub(crate) fn compile(project: &Project, toolchain: &Toolchain) -> Result<PathBuf, CommandError> {
    let mut cargo = command(project, toolchain, "release", PROFILE, LINKER, "json-render-diagnostics");
    let this_program =
        env::this_program().map_err(|cause| error::internal("cannot find the running program's own file", cause))?;
    cargo.env("RUSTC_WRAPPER", this_program).env(env::WRAP, folders(project, toolchain).encode());
    let mut child = cargo.stdout(Stdio::piped()).spawn().map_err(not_started)?;
    let mut module = None;
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines() {
            let line = line.map_err(|cause| error::internal("cannot read cargo's messages", cause))?;
            module = artifact(&line, &project.package).or(module);
        }
    }
    let status = child.wait().map_err(|cause| error::internal("cannot wait for cargo", cause))?;
    if !status.success() {
        return Err(error::user("the program does not compile; cargo says why above"));
    }
    module.ok_or_else(|| error::user("cargo compiled no WebAssembly module for this package"))
}

/// The cargo that compiles the library of `project` quickly. On stdout it sends its
/// messages as JSON, with what the compiler says in them, in `colours` or without.
pub(crate) fn dev(project: &Project, toolchain: &Toolchain, colours: bool) -> Command {
    let messages = if colours { "json-diagnostic-rendered-ansi" } else { "json" };
    let mut cargo = command(project, toolchain, DEV_PROFILE, DEV_SETTINGS, DEV_LINKER, messages);
    cargo.env("CARGO_TERM_COLOR", if colours { "always" } else { "never" });
    // Where machines build for others it is often off, and every save would cost all.
    cargo.env_remove("CARGO_INCREMENTAL");
    cargo
}

fn command(
    project: &Project,
    toolchain: &Toolchain,
    profile: &str,
    settings: &[&str],
    linker: &[&str],
    messages: &str,
) -> Command {
    let mut cargo = Command::new("cargo");
    cargo
        .current_dir(&project.folder)
        // `rustc` and not `build`: with a crate type of its own the library is
        // linked with LTO even if its Cargo.toml also asks for an rlib.
        .args(["rustc", "--lib", "--crate-type", "cdylib", "--profile", profile, "--target", TARGET])
        .args(["--message-format", messages, "--package", &project.package])
        // Apart from the author's own builds, so that neither waits for the
        // other nor throws its results away.
        .arg("--target-dir")
        .arg(&project.target_folder)
        .args(settings.iter().flat_map(|setting| ["--config".to_owned(), format!("profile.{profile}.{setting}")]))
        .arg("--")
        .args(linker.iter().map(|argument| format!("-Clink-arg={argument}")))
        .stdin(Stdio::null());
    for variable in OVERRULED {
        cargo.env_remove(variable);
    }
    // Set and empty: flags of the author's configuration do not count either.
    cargo.env("CARGO_ENCODED_RUSTFLAGS", "");
    if toolchain.prepared {
        cargo.env("RUSTC", &toolchain.rustc);
    }
    cargo
}

/// Cargo could not be started at all.
pub(crate) fn not_started(cause: io::Error) -> CommandError {
    error::user_with("cannot start `cargo`", cause).hint("install Rust: https://rustup.rs")
}

/// One of cargo's messages, as far as it matters here.
#[derive(Deserialize)]
struct Message {
    reason: String,
    package_id: Option<String>,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

/// The module, where `line` announces it.
pub(crate) fn artifact(line: &str, package: &str) -> Option<PathBuf> {
    let message: Message = serde_json::from_str(line).ok()?;
    if message.reason != "compiler-artifact" || message.package_id.as_deref() != Some(package) {
        return None;
    }
    message.filenames.into_iter().find(|file| file.extension().is_some_and(|extension| extension == "wasm"))
}

/// Names for everything on this machine that could get into the bytes, the
/// general ones first.
fn folders(project: &Project, toolchain: &Toolchain) -> Folders {
    let home = env::home().map(|home| (home, "/home".to_owned()));
    let cargo = env::cargo_home().map(|home| (home, "/cargo".to_owned()));
    let library = toolchain.library.clone();
    Folders(home.into_iter().chain(cargo).chain(project.source_folders.iter().cloned()).chain([library]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `cargo` is told, as one line.
    fn told(cargo: &Command) -> String {
        cargo.get_args().map(|argument| argument.to_string_lossy()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_is_handed_on_and_what_is_being_written_are_compiled_apart() {
        let project = Project {
            folder: "/shop".into(),
            manifest: mprun_core::manifest::Manifest::parse(
                br#"{"app_id":"shop","name":"Shop","version":{"code":1,"name":"1"},"platform_version":{"min_code":1},
                "category":"shopping","icons":[{"src":"icon.svg"}],"pages":["index"]}"#,
            )
            .unwrap(),
            manifest_file: "/shop/manifest.json".into(),
            package: "path+file:///shop#1.0.0".into(),
            target_folder: "/shop/target/mprun".into(),
            source_folders: Vec::new(),
        };
        let toolchain = Toolchain {
            rustc: "rustc".into(),
            prepared: false,
            version: "rustc 1".into(),
            library: ("/lib".into(), "/rustc/1".into()),
        };
        let dev = told(&dev(&project, &toolchain, false));
        for part in
            ["--profile mprun-dev ", "profile.mprun-dev.incremental=true", "profile.mprun-dev.lto=\"off\"", "json "]
        {
            assert!(dev.contains(part), "{part} is missing in: {dev}");
        }
        assert!(!dev.contains("profile.release"), "{dev}");
        let release = told(&command(&project, &toolchain, "release", PROFILE, LINKER, "json-render-diagnostics"));
        assert!(release.contains("--profile release ") && release.contains("profile.release.incremental=false"));
        assert!(!release.contains("mprun-dev"), "{release}");
    }

    #[test]
    fn only_the_packages_own_module_is_taken() {
        let line = |reason: &str, package: &str, file: &str| {
            format!(
                r#"{{"reason":"{reason}","package_id":"{package}","target":{{}},"filenames":["{file}"],"fresh":true}}"#
            )
        };
        let module = Some(PathBuf::from("/t/a.wasm"));
        assert_eq!(artifact(&line("compiler-artifact", "a", "/t/a.wasm"), "a"), module);
        assert_eq!(artifact(&line("compiler-artifact", "b", "/t/a.wasm"), "a"), None);
        assert_eq!(artifact(&line("build-script-executed", "a", "/t/a.wasm"), "a"), None);
        assert_eq!(artifact(&line("compiler-artifact", "a", "/t/a.rlib"), "a"), None);
        assert_eq!(artifact("warning: something", "a"), None);
    }
}
