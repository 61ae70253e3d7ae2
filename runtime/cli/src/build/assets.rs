//! Collects the pictures of a mini-program: every file in `assets/`, by its path
//! there. What a bundle cannot carry is refused with its name, not left out;
//! hidden files are left out, since desktops leave them everywhere.

use std::{fs, path::Path};

use mprun_core::bundle::AssetFile;

use crate::error::{self, CommandError};

/// Folders inside each other that are looked into.
const DEPTH_MAX: usize = 8;

/// Everything in `folder`, sorted by path; nothing where there is no such folder.
///
/// # Errors
/// A file that cannot be read; a link; a name that is not UTF-8; too deep.
pub(crate) fn collect(folder: &Path) -> Result<Vec<AssetFile>, CommandError> {
    let mut files = Vec::new();
    if folder.is_dir() {
        visit(folder, "", 0, &mut files)?;
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn visit(folder: &Path, prefix: &str, depth: usize, files: &mut Vec<AssetFile>) -> Result<(), CommandError> {
    let shown = folder.display().to_string();
    let unreadable = |cause| error::user_with(format!("cannot read `{shown}`"), cause);
    if depth >= DEPTH_MAX {
        return Err(error::user(format_args!(
            "`{shown}` lies too deep: expected at most {DEPTH_MAX} folders inside each other"
        )));
    }
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let Ok(name) = entry.file_name().into_string() else {
            return Err(error::user(format_args!("the name of `{}` is not UTF-8", entry.path().display())));
        };
        if name.starts_with('.') {
            continue;
        }
        let path = format!("{prefix}{name}");
        let kind = entry.file_type().map_err(unreadable)?;
        if kind.is_dir() {
            visit(&entry.path(), &format!("{path}/"), depth + 1, files)?;
        } else if kind.is_file() {
            let data = fs::read(entry.path())
                .map_err(|cause| error::user_with(format!("cannot read `{}`", entry.path().display()), cause))?;
            files.push(AssetFile { path, data });
        } else {
            // A link could carry any file of this machine into the bundle.
            return Err(error::user(format_args!("`{}` is not a plain file", entry.path().display()))
                .hint("put a copy there instead of a link"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_sorted_by_path_and_hidden_ones_left_out() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("icons")).unwrap();
        for name in ["b.svg", "icons/a.svg", ".DS_Store", "a.svg"] {
            fs::write(folder.path().join(name), name).unwrap();
        }
        let files = collect(folder.path()).unwrap();
        let paths: Vec<_> = files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, ["a.svg", "b.svg", "icons/a.svg"]);
        assert!(collect(&folder.path().join("none")).unwrap().is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("a.svg")).unwrap();
        assert!(collect(folder.path()).unwrap_err().error.to_string().contains("not a plain file"));
    }
}
