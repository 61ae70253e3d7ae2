//! Makes the same sources give the same bytes in every folder and on every
//! machine. Cargo runs this program in place of the compiler, and for what goes
//! into the bundle two things are changed: the folders of the machine get fixed
//! names, and a crate's identity is made from what it is and not from where it
//! lies (cargo takes the whole path of dependencies outside of the workspace,
//! and so every symbol's name, and the order of functions, would follow it).
//!
//! Flags alone cannot do this, and cargo's own `trim-paths` is not stable yet.

use std::{
    env::ArgsOs,
    ffi::{OsStr, OsString},
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use mprun_core::identity::Digest;

use crate::{build::TARGET, env, output};

/// Between a folder and its name, and between two folders: no path has these.
const NAME: u8 = 0x1e;
const NEXT: u8 = 0x1f;

/// Folders of this machine and the names that they get, the general ones first:
/// the compiler lets the last fitting one win.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Folders(pub(crate) Vec<(PathBuf, String)>);

impl Folders {
    /// As one variable of the environment.
    pub(crate) fn encode(&self) -> OsString {
        let mut bytes = Vec::new();
        for (folder, name) in &self.0 {
            bytes.extend_from_slice(folder.as_os_str().as_bytes());
            bytes.push(NAME);
            bytes.extend_from_slice(name.as_bytes());
            bytes.push(NEXT);
        }
        OsStr::from_bytes(&bytes).to_owned()
    }

    fn decode(text: &OsStr) -> Folders {
        let entries = text.as_bytes().split(|byte| *byte == NEXT).filter_map(|entry| {
            let at = entry.iter().position(|byte| *byte == NAME)?;
            let (folder, name) = entry.split_at_checked(at)?;
            Some((PathBuf::from(OsStr::from_bytes(folder)), String::from_utf8(name.get(1..)?.to_vec()).ok()?))
        });
        Folders(entries.collect())
    }

    /// The name of a folder, or the folder itself where it has none.
    fn name(&self, path: &Path) -> OsString {
        let named = self.0.iter().rev().find_map(|(folder, name)| {
            let inside = path.strip_prefix(folder).ok()?;
            Some(Path::new(name).join(inside).into_os_string())
        });
        named.unwrap_or_else(|| path.as_os_str().to_owned())
    }
}

/// Does what cargo wanted the compiler to do. `folders` is what
/// [`Folders::encode`] made.
pub(crate) fn run(folders: &OsStr, mut arguments: ArgsOs) -> ExitCode {
    let Some(compiler) = arguments.by_ref().nth(1) else { return ExitCode::FAILURE };
    let arguments = match env::package() {
        Some(package) => rewrite(arguments.collect(), &Folders::decode(folders), &package),
        None => arguments.collect(),
    };
    match Command::new(&compiler).args(arguments).status() {
        Ok(status) => ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(101)),
        Err(cause) => {
            output::error("error", &format!("cannot start `{}`: {cause}", compiler.display()));
            ExitCode::FAILURE
        }
    }
}

/// The package that the compiler is started for, as cargo says.
#[derive(Debug, Clone)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) folder: PathBuf,
}

/// The same command line with fixed names. Macros and build scripts are left as
/// they are: they run here and get into no bundle.
fn rewrite(mut arguments: Vec<OsString>, folders: &Folders, package: &Package) -> Vec<OsString> {
    if !arguments.windows(2).any(|pair| matches!(pair, [flag, target] if flag == "--target" && target == TARGET)) {
        return arguments;
    }
    let identity = identity(&arguments, folders, package);
    for argument in &mut arguments {
        if argument.as_bytes().starts_with(b"metadata=") {
            *argument = format!("metadata={identity}").into();
        }
    }
    for (folder, name) in &folders.0 {
        let mut flag = OsString::from("--remap-path-prefix=");
        flag.push(folder);
        flag.push("=");
        flag.push(name);
        arguments.push(flag);
    }
    arguments
}

/// What a crate is: its package, its name and its features.
fn identity(arguments: &[OsString], folders: &Folders, package: &Package) -> String {
    let folder = folders.name(&package.folder);
    let mut parts: Vec<&[u8]> = vec![package.name.as_bytes(), package.version.as_bytes(), folder.as_bytes()];
    for pair in arguments.windows(2) {
        if let [flag, value] = pair
            && (flag == "--crate-name" || flag == "--cfg")
        {
            parts.push(value.as_bytes());
        }
    }
    let mut digest = Digest::of(&parts.join(&NEXT)).to_string();
    digest.truncate(16);
    digest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders(home: &str) -> Folders {
        Folders(vec![(home.into(), "/home".into()), (format!("{home}/shop").into(), "/src".into())])
    }

    fn package(folder: &str) -> Package {
        Package { name: "a".into(), version: "1.0.0".into(), folder: folder.into() }
    }

    fn line(text: &str) -> Vec<OsString> {
        text.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn folders_survive_the_environment() {
        let folders = folders("/home/ada = b");
        assert_eq!(Folders::decode(&folders.encode()), folders);
        assert_eq!(Folders::decode(OsStr::new("")), Folders(Vec::new()));
        assert_eq!(folders.name(Path::new("/home/ada = b/shop/a")), "/src/a");
        assert_eq!(folders.name(Path::new("/opt/a")), "/opt/a");
    }

    #[test]
    fn two_machines_give_one_crate_one_identity() {
        let here = "--crate-name a --cfg feature=\"x\" -C metadata=1234 -C extra-filename=-1234 --target wasm32-unknown-unknown";
        let there = here.replace("1234", "5678");
        let of = |text: &str, home: &str, folder: &str| rewrite(line(text), &folders(home), &package(folder));
        let one = of(here, "/home/ada", "/home/ada/shop/a");
        let two = of(&there, "/root", "/root/shop/a");
        assert_eq!(one[5], two[5]);
        assert_ne!(one[5], "metadata=1234");
        assert_eq!(one[7], "extra-filename=-1234", "names of files on this machine stay");
        assert_eq!(one.last().unwrap(), "--remap-path-prefix=/home/ada/shop=/src");
        // Another feature is another crate.
        assert_ne!(of(&here.replace("\"x\"", "\"y\""), "/root", "/root/shop/a")[5], one[5]);
    }

    #[test]
    fn what_runs_on_this_machine_is_left_as_it_is() {
        let text = "--crate-name build_script_build -C metadata=1234";
        assert_eq!(rewrite(line(text), &folders("/root"), &package("/root/shop/a")), line(text));
    }
}
