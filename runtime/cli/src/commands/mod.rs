//! One file per command, and what several of them do alike: reading a bundle,
//! opening the folder of rows, starting a host.

pub(crate) mod build;
pub(crate) mod inspect;
pub(crate) mod run;
pub(crate) mod serve;

use std::{
    fs::{self, File},
    io::{self, Read as _},
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
};

/// The file of rows inside of the data folder.
const DATA_FILE: &str = "mprun.sqlite";

/// Reads a bundle's file, and never much more than a bundle can have.
fn read_bundle(path: &Path) -> Result<Vec<u8>, CommandError> {
    let file = File::open(path).map_err(|cause| not_opened(path, cause))?;
    let mut bytes = Vec::new();
    // One byte more, so that the one judge of sizes sees that it is too large.
    let limit = u64::try_from(BUNDLE_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
    match file.take(limit).read_to_end(&mut bytes) {
        Ok(_) => Ok(bytes),
        Err(cause) if cause.kind() == io::ErrorKind::IsADirectory => Err(is_folder(path)),
        Err(cause) => Err(error::user_with(format!("cannot read `{}`", path.display()), cause)),
    }
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
    bundle::verify(read_bundle(path)?).map_err(|cause| no_bundle(path, cause))
}

/// A file that is no bundle.
fn no_bundle(path: &Path, cause: BundleError) -> CommandError {
    let hint = cause.hint();
    error::user_with(format!("`{}` is not a bundle that can be used", path.display()), cause).maybe_hint(hint)
}

/// Opens the rows, in a folder that only this user can read.
fn open_storage(args: &DataArgs) -> Result<SqliteStorage, CommandError> {
    let folder = data_folder(args)?;
    let file = folder.join(DATA_FILE);
    SqliteStorage::open(&file)
        .map_err(|cause| error::user_with(format!("cannot keep data in `{}`", file.display()), cause))
}

fn data_folder(args: &DataArgs) -> Result<PathBuf, CommandError> {
    let folder = match &args.folder {
        Some(folder) => folder.clone(),
        None => env::data_folder().ok_or_else(|| {
            error::user("there is no place to keep data: neither $XDG_DATA_HOME nor $HOME is set")
                .hint("name a folder: --data DIR")
        })?,
    };
    create_private(&folder).map_err(|cause| {
        error::user_with(format!("cannot make the data folder `{}`", folder.display()), cause)
            .hint("name another one: --data DIR")
    })?;
    Ok(folder)
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

/// A bundle that was read but cannot be installed.
fn not_installed(path: &Path, cause: InstallError) -> CommandError {
    let hint = cause.hint();
    let message = format!("`{}` cannot be used", path.display());
    match cause {
        cause @ InstallError::Internal { .. } => error::internal(message, cause),
        cause => error::user_with(message, cause),
    }
    .maybe_hint(hint)
}

#[cfg(test)]
mod tests {
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
