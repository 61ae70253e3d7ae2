//! The bundles as files, each named by its digest: `bundles/<first 2 digits>/<digest>.wasm`.
//!
//! A file appears under its name only when it is whole and on the disk, by a
//! rename from `bundles/tmp`. It is believed only after its digest was compared
//! with its name. Nothing here follows a link: what lies in the folder and is not
//! a file or a folder of ours is refused or left alone, never written through and
//! never cleaned up behind.
//!
//! All changes happen under the write lock of the index, so that no other process
//! removes what this one is about to name.

use std::{
    collections::BTreeSet,
    fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use mprun_core::{bundle::BUNDLE_BYTES_MAX, identity::Digest};

use crate::{Collected, RegistryError};

/// The folder of the files, in the registry's folder.
const FOLDER: &str = "bundles";
/// The folder of files that are being written, in [`FOLDER`].
const UNFINISHED: &str = "tmp";
/// How the name of a bundle's file ends.
const SUFFIX: &str = ".wasm";

/// The folder of the bundles. It need not exist before something is written.
#[derive(Debug)]
pub(crate) struct Blobs {
    root: PathBuf,
}

impl Blobs {
    pub(crate) fn new(registry: &Path) -> Blobs {
        Blobs { root: registry.join(FOLDER) }
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        let name = digest.to_string();
        let shard: String = name.chars().take(2).collect();
        self.root.join(shard).join(name + SUFFIX)
    }

    /// Whether there is any bundle.
    pub(crate) fn any(&self) -> Result<bool, RegistryError> {
        Ok(self.walk()?.iter().any(|file| file.digest.is_some()))
    }

    /// Makes sure that `bytes` are there under their digest, whole and on the disk.
    /// What is there and has another digest is replaced.
    pub(crate) fn write(&self, digest: &Digest, bytes: &[u8]) -> Result<(), RegistryError> {
        let path = self.path(digest);
        let shard = path.parent().unwrap_or(&self.root);
        make_folder(&self.root)?;
        make_folder(shard)?;
        if !matches!(self.read(digest), Ok(Some(_))) {
            self.write_anew(&path, bytes)?;
        }
        // Also where the file was there: whoever put it there may have been killed
        // before this.
        sync(shard)?;
        sync(&self.root)
    }

    fn write_anew(&self, path: &Path, bytes: &[u8]) -> Result<(), RegistryError> {
        let unfinished = self.root.join(UNFINISHED);
        make_folder(&unfinished)?;
        if fs::symlink_metadata(path).is_ok_and(|found| found.is_dir()) {
            return Err(not_ours(path, "a file"));
        }
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(|_| RegistryError::Random)?;
        let temporary = unfinished.join(format!("{:032x}", u128::from_be_bytes(random)));
        let written = write_file(&temporary, bytes).and_then(|()| fs::rename(&temporary, path));
        written.map_err(|error| {
            // The error says enough; what stays behind is collected later.
            let _ = fs::remove_file(&temporary);
            RegistryError::writing(format!("the bundle `{}`", path.display()))(error)
        })
    }

    /// The bundle; `None` where there is no file.
    ///
    /// # Errors
    /// [`RegistryError::Damaged`] where the file is not what its name says.
    pub(crate) fn read(&self, digest: &Digest) -> Result<Option<Vec<u8>>, RegistryError> {
        let path = self.path(digest);
        let reading = || RegistryError::reading(format!("the bundle `{}`", path.display()));
        // Looked at before it is opened: a link would be followed, and a pipe waited
        // for. Whoever can put one there in between owns this folder.
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_file() => {}
            Ok(_) => return Err(not_ours(&path, "a file")),
            Err(error) if is_missing(&error) => return Ok(None),
            Err(error) => return Err(reading()(error)),
        }
        let file = match fs::File::open(&path) {
            Ok(file) => file,
            Err(error) if is_missing(&error) => return Ok(None),
            Err(error) => return Err(reading()(error)),
        };
        let mut bytes = Vec::new();
        file.take(BUNDLE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).map_err(reading())?;
        if bytes.len() > BUNDLE_BYTES_MAX {
            return Err(altered(&path, &format!("expected at most {BUNDLE_BYTES_MAX} bytes, got more")));
        }
        let got = Digest::of(&bytes);
        if got != *digest {
            return Err(altered(&path, &format!("expected digest {digest}, got {got}")));
        }
        Ok(Some(bytes))
    }

    /// The files that nothing needs: bundles that are not in `named`, and whatever
    /// was not written to its end.
    fn orphans(&self, named: &BTreeSet<Digest>) -> Result<Vec<File>, RegistryError> {
        let mut files = self.walk()?;
        files.retain(|file| file.digest.is_none_or(|digest| !named.contains(&digest)));
        Ok(files)
    }

    /// How much [`Blobs::collect`] would remove.
    pub(crate) fn count_orphans(&self, named: &BTreeSet<Digest>) -> Result<Collected, RegistryError> {
        Ok(sum(&self.orphans(named)?))
    }

    /// Removes the bundles that are not in `named`, and what was not written to its
    /// end. Files with names that are not ours stay.
    pub(crate) fn collect(&self, named: &BTreeSet<Digest>) -> Result<Collected, RegistryError> {
        let mut removed = self.orphans(named)?;
        let mut failed = None;
        removed.retain(|file| match fs::remove_file(&file.path) {
            Ok(()) => true,
            Err(error) if is_missing(&error) => false,
            Err(error) => {
                // The others can go all the same.
                let what = format!("`{}` (to remove it)", file.path.display());
                failed.get_or_insert_with(|| RegistryError::writing(what)(error));
                false
            }
        });
        match failed {
            Some(error) => Err(error),
            None => Ok(sum(&removed)),
        }
    }

    /// Every file of ours, in no order: bundles, and unfinished files.
    fn walk(&self) -> Result<Vec<File>, RegistryError> {
        let mut files = Vec::new();
        for (name, path, found) in entries(&self.root)? {
            if !found.is_dir() {
                continue;
            }
            let unfinished = name == UNFINISHED;
            for (file, path, found) in entries(&path)? {
                let digest: Option<Digest> = file.strip_suffix(SUFFIX).and_then(|digest| digest.parse().ok());
                let ours = unfinished || (digest.is_some() && file.starts_with(&name) && name.len() == 2);
                if ours && !found.is_dir() {
                    files.push(File { path, bytes: found.len(), digest: digest.filter(|_| !unfinished) });
                }
            }
        }
        Ok(files)
    }
}

/// A file of ours, or a link in its place: never what the link points to.
struct File {
    path: PathBuf,
    bytes: u64,
    /// Its name; `None` where it is unfinished.
    digest: Option<Digest>,
}

fn sum(files: &[File]) -> Collected {
    Collected { files: files.len() as u64, bytes: files.iter().map(|file| file.bytes).sum() }
}

/// What is in a folder, links not followed; nothing where there is no folder.
/// Names that are no text are not ours.
fn entries(folder: &Path) -> Result<Vec<(String, PathBuf, fs::Metadata)>, RegistryError> {
    let reading = || RegistryError::reading(format!("the folder `{}`", folder.display()));
    match fs::symlink_metadata(folder) {
        Ok(found) if found.is_dir() => {}
        Ok(_) => return Err(not_ours(folder, "a folder")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(reading()(error)),
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(reading())? {
        let entry = entry.map_err(reading())?;
        let metadata = match entry.metadata() {
            Ok(metadata) => metadata,
            // Gone since the folder was read.
            Err(error) if is_missing(&error) => continue,
            Err(error) => return Err(reading()(error)),
        };
        if let Ok(name) = entry.file_name().into_string() {
            found.push((name, entry.path(), metadata));
        }
    }
    Ok(found)
}

/// Makes the registry's folder and those above it, for their owner only.
pub(crate) fn make_root(folder: &Path) -> Result<(), RegistryError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let made = builder.create(folder);
    // A link to a folder is fine here: it is the operator's own.
    match (made, fs::metadata(folder)) {
        (_, Ok(found)) if found.is_dir() => Ok(()),
        (_, Ok(_)) => Err(not_ours(folder, "a folder")),
        (Err(error), _) | (Ok(()), Err(error)) => {
            Err(RegistryError::writing(format!("the folder `{}`", folder.display()))(error))
        }
    }
}

/// Makes a folder of ours in one of ours, for its owner only.
fn make_folder(folder: &Path) -> Result<(), RegistryError> {
    let what = || format!("the folder `{}`", folder.display());
    let mut builder = fs::DirBuilder::new();
    builder.recursive(false);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(folder) {
        Ok(()) => match folder.parent() {
            Some(parent) => sync(parent),
            None => Ok(()),
        },
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let found = fs::symlink_metadata(folder).map_err(RegistryError::reading(what()))?;
            if found.is_dir() { Ok(()) } else { Err(not_ours(folder, "a folder")) }
        }
        Err(error) => Err(RegistryError::writing(what())(error)),
    }
}

fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes names in a folder survive a power cut.
pub(crate) fn sync(folder: &Path) -> Result<(), RegistryError> {
    #[cfg(unix)]
    fs::File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(RegistryError::writing(format!("the folder `{}`", folder.display())))?;
    // Elsewhere folders cannot be synced, and need not be.
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

/// Not there, or its folder is a file.
fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn altered(path: &Path, what: &str) -> RegistryError {
    RegistryError::Damaged {
        what: format!("the bundle `{}` was altered: {what}", path.display()),
        repair: "install the program again from its file: mprun install FILE".to_owned(),
    }
}

fn not_ours(path: &Path, expected: &str) -> RegistryError {
    RegistryError::Damaged {
        what: format!("expected {expected}, got something else: `{}`", path.display()),
        repair: format!("move `{}` away", path.display()),
    }
}
