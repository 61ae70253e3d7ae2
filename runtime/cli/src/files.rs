//! Decides how files are read and written: never more of one than it may have,
//! whole or not at all, and never over something that somebody else may need.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, File},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use crate::error::{self, CommandError};

/// Reads a file, and one byte more than `bytes_max` at most: enough for whoever
/// judges its size to see that it is too large.
pub(crate) fn read_at_most(path: &Path, bytes_max: usize) -> io::Result<Vec<u8>> {
    let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads a text of at most `bytes_max` bytes.
pub(crate) fn read_text(path: &Path, bytes_max: usize) -> Result<String, CommandError> {
    let shown = path.display();
    let bytes = read_at_most(path, bytes_max).map_err(|cause| match cause.kind() {
        io::ErrorKind::IsADirectory => error::user(format_args!("expected a file, got the folder `{shown}`")),
        _ => error::user_with(format!("cannot open `{shown}`"), cause),
    })?;
    if bytes.len() > bytes_max {
        return Err(error::user(format_args!("expected a file of at most {bytes_max} bytes, got `{shown}`")));
    }
    String::from_utf8(bytes).map_err(|_| error::user(format_args!("expected text in UTF-8, got `{shown}`")))
}

/// The same path with `suffix` at its end: `app.wasm` and `.minisig`.
pub(crate) fn with_suffix(path: &Path, suffix: impl AsRef<OsStr>) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

/// The folder that a file lies in.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// Writes beside the file and renames, so that nobody ever sees half of it.
/// Missing folders are made. In a folder where others write too, nobody can guess
/// the name of the new file, and a link in its place, or in that of the old one, is
/// not followed.
pub(crate) fn write_whole(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = folder_of(file);
    fs::create_dir_all(folder)?;
    let name = file.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    let new = folder.join(format!(".{}.{:016x}.new", name.display(), u64::from_le_bytes(random)));
    let mut made = File::options().write(true).create_new(true).open(&new)?;
    let written = made.write_all(bytes).and_then(|()| made.sync_all()).and_then(|()| fs::rename(&new, file));
    if written.is_err() {
        // What happened before is the error to tell.
        let _ = fs::remove_file(&new);
    }
    written
}

/// Writes a file that is not there yet; a `secret` one, for this user only.
pub(crate) fn write_new(path: &Path, text: &str, secret: bool) -> io::Result<()> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if secret {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    if written.is_err() {
        // It was made here, a moment ago.
        let _ = fs::remove_file(path);
    }
    written
}

/// What went wrong with writing.
pub(crate) fn not_written(path: &Path, cause: io::Error) -> CommandError {
    error::user_with(format!("cannot write `{}`", path.display()), cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("dist/a.wasm");
        write_whole(&file, b"one").unwrap();
        write_whole(&file, b"two").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"two");

        let taken = folder.path().join("taken");
        fs::create_dir_all(taken.join("inside")).unwrap();
        assert!(write_whole(&taken, b"three").is_err());
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left.len(), 2, "{left:?}");
    }

    #[cfg(unix)]
    #[test]
    fn no_planted_link_is_followed() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let victim = folder.path().join("victim");
        fs::write(&victim, b"precious").unwrap();
        let file = folder.path().join("a.wasm");
        // In place of the file, and under the name that it once had before it was
        // renamed.
        symlink(&victim, &file).unwrap();
        symlink(&victim, folder.path().join(format!(".a.wasm.{}.new", std::process::id()))).unwrap();
        write_whole(&file, b"one").unwrap();
        assert_eq!(fs::read(&victim).unwrap(), b"precious");
        assert_eq!(fs::read(&file).unwrap(), b"one");
        assert!(file.symlink_metadata().unwrap().is_file());
        // A secret is not written through a link either.
        let link = folder.path().join("a.key");
        symlink(folder.path().join("nowhere"), &link).unwrap();
        assert_eq!(write_new(&link, "one", true).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert!(!folder.path().join("nowhere").exists());
    }

    #[test]
    fn a_new_file_is_never_written_over_another() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.key");
        write_new(&file, "one", true).unwrap();
        assert_eq!(write_new(&file, "two", true).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&file).unwrap(), b"one");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_large_file_is_not_read_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large");
        File::create(&path).unwrap().set_len(1_000_000).unwrap();
        assert_eq!(read_at_most(&path, 100).unwrap().len(), 101);
        let error = read_text(&path, 100).unwrap_err();
        assert!(error.error.to_string().contains("at most 100 bytes"), "{}", error.error);
        assert!(read_text(folder.path(), 100).unwrap_err().error.to_string().contains("got the folder"));
        fs::write(&path, [0xff]).unwrap();
        assert!(read_text(&path, 100).unwrap_err().error.to_string().contains("UTF-8"));
    }

    #[test]
    fn a_suffix_goes_to_the_end_of_the_whole_name() {
        assert_eq!(with_suffix(Path::new("dist/app.wasm"), ".minisig"), Path::new("dist/app.wasm.minisig"));
        assert_eq!(folder_of(Path::new("app.wasm")), Path::new("."));
        assert_eq!(folder_of(Path::new("dist/app.wasm")), Path::new("dist"));
    }
}
