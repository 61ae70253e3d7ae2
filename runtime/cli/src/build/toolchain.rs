//! Decides which compiler builds a mini-program: the ordinary one where it has
//! the target, else the one that `scripts/guest-toolchain.sh` has prepared in the
//! cache. Where there is neither, the error is the command that gets one; nothing
//! is downloaded here unasked.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{
    build::TARGET,
    env,
    error::{self, CommandError},
};

/// Where the script puts the finished compiler, inside of the cache folder.
const PREPARED: &str = "toolchain/debian";

/// Who compiles.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Toolchain {
    /// The compiler; cargo is told only where it is not the ordinary one.
    pub(crate) rustc: PathBuf,
    /// Whether cargo has to be told.
    pub(crate) prepared: bool,
    /// `rustc 1.95.0 (59807616e 2026-04-14)`, for the manifest.
    pub(crate) version: String,
    /// Where the source of the standard library lies, if it does, and what its
    /// own build calls it.
    pub(crate) library: (PathBuf, String),
}

impl Toolchain {
    /// Finds a compiler for the package in `folder` (a `rust-toolchain.toml` there
    /// is heeded, as cargo does).
    ///
    /// # Errors
    /// There is none: how to get one.
    pub(crate) fn find(folder: &Path) -> Result<Toolchain, CommandError> {
        let ordinary = env::rustc();
        let library = ask(&ordinary, folder, &["--print", "target-libdir", "--target", TARGET]);
        if library.is_some_and(|library| has_library(Path::new(&library))) {
            return Toolchain::describe(ordinary, false, folder);
        }
        if let Some(rustc) = env::cache_folder().and_then(|cache| prepared(&cache)) {
            return Toolchain::describe(rustc, true, folder);
        }
        if ask(&ordinary, folder, &["--version"]).is_none() {
            return Err(error::user(format_args!("`{}` does not run: there is no Rust compiler", ordinary.display()))
                .hint("install Rust: https://rustup.rs")
                .hint(format!("then: rustup target add {TARGET}")));
        }
        let error = error::user(format_args!("the Rust compiler cannot compile for `{TARGET}`"));
        Err(remedies().into_iter().fold(error, CommandError::hint))
    }

    fn describe(rustc: PathBuf, prepared: bool, folder: &Path) -> Result<Toolchain, CommandError> {
        let answers = (ask(&rustc, folder, &["-vV"]), ask(&rustc, folder, &["--print", "sysroot"]));
        let (Some(version), Some(sysroot)) = answers else {
            return Err(error::user(format_args!("the compiler `{}` does not say its version", rustc.display())));
        };
        let field = |name: &str| version.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        // A compiler that was not built from a commit is known by its release, and
        // so are the paths in its library.
        let commit = field("commit-hash:").filter(|hash| *hash != "unknown").or_else(|| field("release:"));
        Ok(Toolchain {
            library: (
                Path::new(&sysroot).join("lib/rustlib/src/rust"),
                format!("/rustc/{}", commit.unwrap_or("unknown")),
            ),
            version: version.lines().next().unwrap_or("rustc").to_owned(),
            rustc,
            prepared,
        })
    }
}

/// What the compiler answers, if it runs and succeeds.
fn ask(rustc: &Path, folder: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new(rustc).current_dir(folder).args(arguments).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim_end().to_owned())
}

/// The compiler names the folder also where the target is missing; only the
/// library inside tells.
fn has_library(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|entries| {
        entries.flatten().any(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.starts_with("libcore-") && name.ends_with(".rlib")
        })
    })
}

/// The prepared compiler, if the script finished and the linker that it borrows
/// is still there.
fn prepared(cache: &Path) -> Option<PathBuf> {
    let home = cache.join(PREPARED);
    let links = fs::read_dir(home.join("usr/lib/rustlib"))
        .ok()?
        .flatten()
        .any(|host| host.path().join("bin/rust-lld").exists());
    let rustc = home.join("bin/rustc");
    (links && home.join("stamp").is_file() && rustc.is_file()).then_some(rustc)
}

/// The commands that help here, the easiest first.
fn remedies() -> Vec<String> {
    let rustup = if env::on_path("rustup") {
        format!("rustup target add {TARGET}")
    } else {
        format!("install Rust with rustup (https://rustup.rs), then: rustup target add {TARGET}")
    };
    let script = env::places().iter().find_map(|place| {
        place.ancestors().map(|folder| folder.join("scripts/guest-toolchain.sh")).find(|script| script.is_file())
    });
    let by_hand = match script {
        Some(script) if env::is_debian() => {
            Some(format!("without a way to rustup's server, Debian's compiler can be prepared: {}", script.display()))
        }
        None if env::is_debian() => Some(
            "without a way to rustup's server, Debian's compiler can be prepared: scripts/guest-toolchain.sh in mprun's source"
                .to_owned(),
        ),
        _ => None,
    };
    std::iter::once(rustup).chain(by_hand).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unfinished_compiler_is_not_used() {
        let cache = tempfile::tempdir().unwrap();
        let home = cache.path().join(PREPARED);
        assert_eq!(prepared(cache.path()), None);
        fs::create_dir_all(home.join("bin")).unwrap();
        fs::write(home.join("bin/rustc"), "").unwrap();
        assert_eq!(prepared(cache.path()), None);
        fs::create_dir_all(home.join("usr/lib/rustlib/x/bin")).unwrap();
        fs::write(home.join("usr/lib/rustlib/x/bin/rust-lld"), "").unwrap();
        assert_eq!(prepared(cache.path()), None);
        fs::write(home.join("stamp"), "").unwrap();
        assert_eq!(prepared(cache.path()), Some(home.join("bin/rustc")));
    }

    #[test]
    fn a_folder_without_the_core_library_has_no_target() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!has_library(folder.path()));
        fs::write(folder.path().join("libcore-123.rlib"), "").unwrap();
        assert!(has_library(folder.path()));
    }

    #[test]
    fn the_remedy_is_a_command() {
        assert!(remedies()[0].contains("rustup target add wasm32-unknown-unknown"));
    }
}
