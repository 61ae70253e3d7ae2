//! Finds what belongs to a mini-program's source and says exactly what is
//! missing: a folder, its `Cargo.toml` with a library, its `manifest.json`.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use mprun_core::manifest::Manifest;
use serde::Deserialize;

use crate::{
    build::TARGET,
    error::{self, CommandError},
};

/// What an author begins with.
const MANIFEST_EXAMPLE: &str = r#"write a manifest.json, to begin with:
{
  "app_id": "hello",
  "name": "Hello",
  "version": { "code": 1, "name": "1.0.0" },
  "platform_version": { "min_code": 1 },
  "category": "utilities",
  "icons": [{ "src": "icon.svg" }],
  "pages": ["index"]
}
and a picture, assets/icon.svg"#;

const LIBRARY_EXAMPLE: &str = "put the program into src/lib.rs";

const PROJECT: &str = "name the folder of a mini-program, one with Cargo.toml and manifest.json: mprun build DIR";

/// The source of a mini-program.
#[derive(Debug)]
pub(crate) struct Project {
    /// The folder.
    pub(crate) folder: PathBuf,
    /// What it says of itself.
    pub(crate) manifest: Manifest,
    /// Where `manifest` was read.
    pub(crate) manifest_file: PathBuf,
    /// Cargo's id of the package.
    pub(crate) package: String,
    /// Where cargo may write for us.
    pub(crate) target_folder: PathBuf,
    /// Folders of sources and the names that they get inside of the bundle, the
    /// general ones first.
    pub(crate) source_folders: Vec<(PathBuf, String)>,
}

impl Project {
    /// Looks around in `folder`. `compiler` is for cargo, which asks it about the
    /// target.
    ///
    /// # Errors
    /// What is missing or wrong, with what to do about it.
    pub(crate) fn find(folder: &Path) -> Result<Project, CommandError> {
        let shown = folder.display();
        let folder = match fs::canonicalize(folder) {
            Ok(folder) if folder.is_dir() => folder,
            Ok(_) => {
                return Err(error::user(format_args!("expected a folder, got the file `{shown}`"))
                    .hint(enclosing_or_project(folder)));
            }
            Err(cause) => {
                let hint = matches!(cause.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory);
                return Err(error::user_with(format!("cannot open the folder `{shown}`"), cause)
                    .maybe_hint(hint.then_some(PROJECT)));
            }
        };
        let cargo_file = folder.join("Cargo.toml");
        let manifest_file = folder.join("manifest.json");
        match (cargo_file.is_file(), manifest_file.is_file()) {
            (true, true) => {}
            (false, true) => {
                return Err(error::user(format_args!("`{shown}` has a manifest.json, but no Cargo.toml"))
                    .hint("cargo init --lib"));
            }
            (true, false) => {
                return Err(error::user(format_args!("`{shown}` has a Cargo.toml, but no manifest.json"))
                    .hint(MANIFEST_EXAMPLE));
            }
            (false, false) => {
                return Err(error::user(format_args!("`{shown}` is not a mini-program: it has no Cargo.toml"))
                    .hint(enclosing_or_project(&folder)));
            }
        }
        let manifest = read_manifest(&manifest_file)?;
        let metadata = metadata(&folder)?;
        let package = metadata
            .packages
            .iter()
            .find(|package| fs::canonicalize(&package.manifest_path).is_ok_and(|path| path == cargo_file))
            .ok_or_else(|| {
                error::user(format_args!("`{}` describes no package", cargo_file.display()))
                    .hint("name the folder of one mini-program, not of a workspace: mprun build DIR")
            })?;
        if !package.targets.iter().any(Target::is_library) {
            return Err(
                error::user(format_args!("the package `{}` has no library", package.name)).hint(LIBRARY_EXAMPLE)
            );
        }
        Ok(Project {
            package: package.id.clone(),
            target_folder: metadata.target_directory.join("mprun"),
            source_folders: metadata.source_folders(),
            folder,
            manifest,
            manifest_file,
        })
    }
}

fn read_manifest(file: &Path) -> Result<Manifest, CommandError> {
    let bytes = fs::read(file).map_err(|cause| error::user_with(format!("cannot read `{}`", file.display()), cause))?;
    Manifest::parse(&bytes).map_err(|cause| error::user_with(format!("`{}` is no manifest", file.display()), cause))
}

/// What was meant in place of `path`, as far as that can be known.
fn enclosing_or_project(path: &Path) -> String {
    enclosing_package(path).map_or(PROJECT.to_owned(), |found| format!("mprun build {}", found.display()))
}

/// The next folder upwards that is a mini-program.
fn enclosing_package(path: &Path) -> Option<PathBuf> {
    let path = fs::canonicalize(path).ok()?;
    path.ancestors()
        .skip(1)
        .find(|folder| folder.join("Cargo.toml").is_file() && folder.join("manifest.json").is_file())
        .map(Path::to_owned)
}

/// What `cargo metadata` says, as far as it matters here.
#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    target_directory: PathBuf,
    workspace_root: PathBuf,
}

#[derive(Debug, Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    manifest_path: PathBuf,
    targets: Vec<Target>,
}

#[derive(Debug, Deserialize)]
struct Target {
    kind: Vec<String>,
}

impl Target {
    fn is_library(&self) -> bool {
        self.kind.iter().any(|kind| matches!(kind.as_str(), "lib" | "rlib" | "cdylib" | "dylib" | "staticlib"))
    }
}

impl Metadata {
    /// Where sources lie on this machine, and what they are called in panic
    /// messages instead: the same for everybody. Dependencies by their names,
    /// since the folder that holds them is named after the registry's address.
    fn source_folders(&self) -> Vec<(PathBuf, String)> {
        let mut folders = vec![(self.workspace_root.clone(), "/src".to_owned())];
        for package in &self.packages {
            if let Some(folder) =
                package.manifest_path.parent().filter(|folder| !folder.starts_with(&self.workspace_root))
            {
                folders.push((folder.to_owned(), format!("/deps/{}-{}", package.name, package.version)));
            }
        }
        folders
    }
}

/// Asks cargo what it would build in `folder`. Its own messages are the best ones
/// about a Cargo.toml, so they are passed on.
fn metadata(folder: &Path) -> Result<Metadata, CommandError> {
    let output = Command::new("cargo")
        .current_dir(folder)
        .args(["metadata", "--format-version", "1", "--filter-platform", TARGET])
        .stderr(std::process::Stdio::inherit())
        .output()
        .map_err(super::cargo::not_started)?;
    if !output.status.success() {
        return Err(error::user(format_args!("cargo cannot read `{}`", folder.join("Cargo.toml").display())));
    }
    serde_json::from_slice(&output.stdout)
        .map_err(|cause| error::internal("cargo's metadata are not as expected", cause))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_with(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    #[test]
    fn each_missing_thing_is_named() {
        let cargo = "[package]\nname = \"a\"\nversion = \"1.0.0\"\nedition = \"2024\"\n[workspace]\n";
        for (files, said, hinted) in [
            (&[][..], "it has no Cargo.toml", "mprun build DIR"),
            (&[("Cargo.toml", cargo)], "no manifest.json", "\"app_id\""),
            (&[("manifest.json", "{}")], "no Cargo.toml", "cargo init --lib"),
            (&[("Cargo.toml", cargo), ("manifest.json", "{")], "is no manifest", ""),
        ] {
            let folder = folder_with(files);
            let error = Project::find(folder.path()).unwrap_err();
            assert!(error.error.to_string().contains(said), "{said}: {}", error.error);
            assert!(error.hints.concat().contains(hinted), "{hinted}: {:?}", error.hints);
        }
        let error = Project::find(Path::new("/nowhere/at/all")).unwrap_err();
        assert!(error.error.to_string().contains("cannot open the folder"));
        assert_eq!(error.hints, [PROJECT]);

        let folder = folder_with(&[("text.txt", "")]);
        let error = Project::find(&folder.path().join("text.txt")).unwrap_err();
        assert!(error.error.to_string().contains("got the file"), "{}", error.error);
        assert_eq!(error.hints, [PROJECT]);
    }

    #[test]
    fn a_folder_inside_leads_to_the_one_around_it() {
        let folder = folder_with(&[("Cargo.toml", ""), ("manifest.json", "{}"), ("assets/a.svg", "")]);
        let error = Project::find(&folder.path().join("assets")).unwrap_err();
        let around = fs::canonicalize(folder.path()).unwrap();
        assert_eq!(error.hints, [format!("mprun build {}", around.display())]);
    }

    #[test]
    fn dependencies_are_called_by_their_names() {
        let package = |name: &str, path: &str| Package {
            id: String::new(),
            name: name.into(),
            version: "1.2.3".into(),
            manifest_path: path.into(),
            targets: Vec::new(),
        };
        let metadata = Metadata {
            packages: vec![
                package("own", "/w/own/Cargo.toml"),
                package("dep", "/h/registry/x-99/dep-1.2.3/Cargo.toml"),
            ],
            target_directory: "/w/target".into(),
            workspace_root: "/w".into(),
        };
        assert_eq!(
            metadata.source_folders(),
            [("/w".into(), "/src".into()), ("/h/registry/x-99/dep-1.2.3".into(), "/deps/dep-1.2.3".into())]
        );
    }
}
