//! One file per command, and what several of them do alike: reading a bundle,
//! opening the folder of rows, starting a host; in [`beside`] what lies next to a
//! bundle, in [`trust`] whether it may be used, in [`registries`] the way to the
//! installed ones and to those of others, in [`catalogue`] what a server offers, in
//! [`phone`] how a phone gets to it.

pub(crate) mod beside;
pub(crate) mod build;
pub(crate) mod catalogue;
pub(crate) mod dev;
pub(crate) mod diff;
pub(crate) mod doctor;
pub(crate) mod gc;
pub(crate) mod inspect;
pub(crate) mod install;
pub(crate) mod key;
pub(crate) mod list;
pub(crate) mod machine;
pub(crate) mod new;
pub(crate) mod phone;
pub(crate) mod pull;
pub(crate) mod push;
pub(crate) mod registries;
pub(crate) mod remove;
pub(crate) mod run;
pub(crate) mod serve;
pub(crate) mod sign;
pub(crate) mod trust;
pub(crate) mod verify;

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use mprun_core::bundle::{self, BUNDLE_BYTES_MAX, Bundle, BundleError, Verified};
use mprun_host::{Host, HostConfig, InstallError};
use mprun_storage::sqlite::SqliteStorage;
use tokio::runtime::Runtime;

use crate::{
    args::DataArgs,
    env,
    error::{self, CommandError},
    files,
};

/// The file of rows inside of the data folder.
const DATA_FILE: &str = "mprun.sqlite";
/// The folder of the installed programs inside of the data folder.
const REGISTRY_FOLDER: &str = "registry";

/// Reads a bundle's file, and never much more than a bundle can have.
fn read_bundle(path: &Path) -> Result<Vec<u8>, CommandError> {
    files::read_at_most(path, BUNDLE_BYTES_MAX).map_err(|cause| match cause.kind() {
        io::ErrorKind::IsADirectory => is_folder(path),
        _ => not_opened(path, cause),
    })
}

fn not_opened(path: &Path, cause: io::Error) -> CommandError {
    let missing = cause.kind() == io::ErrorKind::NotFound;
    let error = error::user_with(format!("cannot open `{}`", path.display()), cause);
    if missing { error.hint("make a bundle from a program's source: mprun build DIR") } else { error }
}

/// A folder in place of a bundle: of its source, or the one that it lies in.
fn is_folder(path: &Path) -> CommandError {
    let shown = path.display();
    let error = error::user(format_args!("expected a bundle, got the folder `{shown}`"));
    if path.join("manifest.json").is_file() {
        return error.hint(format!("build it first: mprun build {shown}"));
    }
    match bundle_in(path) {
        Some(bundle) => error.hint(format!("name the bundle itself: {}", bundle.display())),
        None => error.hint("a bundle is one file; make it from a program's source: mprun build DIR"),
    }
}

/// The first file of a folder that may be a bundle.
fn bundle_in(folder: &Path) -> Option<PathBuf> {
    let files = fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    files.filter(|path| path.extension().is_some_and(|extension| extension == "wasm")).min()
}

/// Reads a bundle and checks it. Before anything else is done: a file that is
/// refused leaves nothing behind, no folder and no row.
fn read_verified(path: &Path) -> Result<Verified<Bundle>, CommandError> {
    bundle::verify(read_bundle(path)?).map_err(|cause| no_bundle(path.display(), cause))
}

/// Something that is no bundle: `name` is the file, or what else it is called.
fn no_bundle(name: impl fmt::Display, cause: BundleError) -> CommandError {
    let hint = cause.hint();
    error::user_with(format!("`{name}` is not a bundle that can be used"), cause).maybe_hint(hint)
}

/// Opens the rows, in a folder that only this user can read.
fn open_storage(args: &DataArgs) -> Result<SqliteStorage, CommandError> {
    let folder = data_folder(args)?;
    let file = folder.join(DATA_FILE);
    SqliteStorage::open(&file)
        .map_err(|cause| error::user_with(format!("cannot keep data in `{}`", file.display()), cause))
}

/// Where the data folder is, or is to be.
fn data_path(args: &DataArgs) -> Result<PathBuf, CommandError> {
    match &args.folder {
        Some(folder) => Ok(folder.clone()),
        None => env::data_folder().ok_or_else(|| {
            error::user("there is no place to keep data: neither $XDG_DATA_HOME nor $HOME is set")
                .hint("name a folder: --data DIR")
        }),
    }
}

/// The data folder, made where it is missing.
fn data_folder(args: &DataArgs) -> Result<PathBuf, CommandError> {
    let folder = data_path(args)?;
    create_private(&folder).map_err(|cause| {
        error::user_with(format!("cannot make the data folder `{}`", folder.display()), cause)
            .hint("name another one: --data DIR")
    })?;
    Ok(folder)
}

/// Where the installed programs are kept in a data folder.
fn registry_folder(data: &Path) -> PathBuf {
    data.join(REGISTRY_FOLDER)
}

/// What is stored there is one user's, or one operator's.
#[cfg(unix)]
fn create_private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn create_private(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

fn runtime() -> Result<Runtime, CommandError> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|cause| error::internal("cannot start threads", cause))
}

async fn start_host(config: HostConfig, storage: SqliteStorage) -> Result<Arc<Host>, CommandError> {
    Host::new(config, Arc::new(storage)).await.map_err(|cause| error::internal("cannot start the host", cause))
}

/// A bundle that may be used but cannot: `path` is its file, or what else names it.
pub(crate) fn not_installed(path: &Path, cause: impl Into<Arc<InstallError>>) -> CommandError {
    let cause: Arc<InstallError> = cause.into();
    let hint = cause.hint();
    let message = format!("`{}` cannot be used", path.display());
    let is_ours = matches!(*cause, InstallError::Internal { .. });
    let error = if is_ours { error::internal(message, cause) } else { error::user_with(message, cause) };
    error.maybe_hint(hint)
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    #[test]
    fn what_is_no_file_is_refused_with_the_way_on() {
        let folder = tempfile::tempdir().unwrap();
        for (path, said, hinted) in [
            (folder.path().join("a.wasm"), "cannot open", "mprun build DIR"),
            (PathBuf::from("sevre"), "cannot open `sevre`", "mprun build DIR"),
            (folder.path().to_owned(), "got the folder", "mprun build DIR"),
        ] {
            let error = read_bundle(&path).unwrap_err();
            assert!(error.error.to_string().contains(said), "{}", error.error);
            assert!(error.hints.concat().contains(hinted), "{:?}", error.hints);
        }
        for name in ["b.wasm", "a.wasm", "a.txt"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let first = folder.path().join("a.wasm");
        let hints = read_bundle(folder.path()).unwrap_err().hints;
        assert_eq!(hints, [format!("name the bundle itself: {}", first.display())]);
        fs::write(folder.path().join("manifest.json"), "{}").unwrap();
        assert!(read_bundle(folder.path()).unwrap_err().hints[0].starts_with("build it first"));
    }

    #[test]
    fn a_large_file_is_not_read_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large");
        File::create(&path).unwrap().set_len(10 * BUNDLE_BYTES_MAX as u64).unwrap();
        assert_eq!(read_bundle(&path).unwrap().len(), BUNDLE_BYTES_MAX + 1);
    }

    #[cfg(unix)]
    #[test]
    fn the_data_folder_is_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let args = DataArgs { folder: Some(folder.path().join("a/b")) };
        let made = data_folder(&args).unwrap();
        assert_eq!(fs::metadata(&made).unwrap().permissions().mode() & 0o777, 0o700);
        assert!(data_folder(&args).is_ok());

        fs::write(folder.path().join("file"), "").unwrap();
        let args = DataArgs { folder: Some(folder.path().join("file/b")) };
        assert!(data_folder(&args).unwrap_err().hints[0].contains("--data"));
    }
}
