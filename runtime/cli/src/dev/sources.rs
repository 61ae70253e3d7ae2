//! Decides what a program in the making consists of, and what has changed since
//! the last look: by content, since editors write files that are the same, and
//! files of their own beside them. What cargo and the program write is none of it.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use mprun_core::identity::Digest;

/// Folders of which everything counts.
pub(super) const FOLDERS: [&str; 2] = ["src", "assets"];

/// Files beside them that count.
const FILES: [&str; 4] = ["Cargo.toml", "build.rs", "manifest.json", "app.css"];

/// Folders inside each other that are looked into.
const DEPTH_MAX: usize = 16;

/// The files of a program, by their paths in its folder.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sources(BTreeMap<PathBuf, Digest>);

impl Sources {
    /// As they are now. What cannot be read is not there: whoever needs it says so.
    pub(super) fn read(folder: &Path) -> Sources {
        let mut files = BTreeMap::new();
        for name in FILES {
            add(folder, Path::new(name), &mut files);
        }
        for name in FOLDERS {
            visit(folder, Path::new(name), 0, &mut files);
        }
        Sources(files)
    }

    /// What is another one, new or gone in `newer`.
    pub(super) fn changed(&self, newer: &Sources) -> Changed {
        let is_other = |(path, digest): &(&PathBuf, &Digest)| self.0.get(*path) != Some(*digest);
        let mut paths: Vec<PathBuf> = newer.0.iter().filter(is_other).map(|(path, _)| path.clone()).collect();
        paths.extend(self.0.keys().filter(|path| !newer.0.contains_key(*path)).cloned());
        Changed(paths)
    }
}

fn visit(folder: &Path, inside: &Path, depth: usize, files: &mut BTreeMap<PathBuf, Digest>) {
    let Ok(entries) = fs::read_dir(folder.join(inside)) else { return };
    for entry in entries.flatten() {
        let path = inside.join(entry.file_name());
        if !is_source(&path) {
            continue;
        }
        // A link to a folder could lead out of the program, or around in a circle.
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && depth < DEPTH_MAX => visit(folder, &path, depth + 1, files),
            Ok(kind) if kind.is_dir() => {}
            _ => add(folder, &path, files),
        }
    }
}

fn add(folder: &Path, path: &Path, files: &mut BTreeMap<PathBuf, Digest>) {
    if let Ok(bytes) = fs::read(folder.join(path)) {
        files.insert(path.to_owned(), Digest::of(&bytes));
    }
}

/// Whether a path in the program's folder is one that counts, by its name alone.
pub(super) fn is_source(path: &Path) -> bool {
    let is_listed = FILES.iter().any(|name| path == Path::new(name));
    let is_inside = FOLDERS.iter().any(|folder| path.starts_with(folder));
    let is_visible = path.iter().all(|part| {
        let part = part.as_encoded_bytes();
        // Hidden, or an editor's copy.
        !part.starts_with(b".") && !part.ends_with(b"~")
    });
    is_visible && (is_listed || is_inside)
}

/// What has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Changed(Vec<PathBuf>);

impl Changed {
    /// Whether nothing has.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the package or what it says of itself may be another one.
    pub(super) fn is_of_project(&self) -> bool {
        self.0.iter().any(|path| path == Path::new("Cargo.toml") || path == Path::new("manifest.json"))
    }

    /// Whether dependencies may have to be compiled.
    pub(super) fn is_of_package(&self) -> bool {
        self.0.iter().any(|path| path == Path::new("Cargo.toml"))
    }

    /// Whether the compiler has to look. Styles and pictures are no code.
    pub(super) fn is_code(&self) -> bool {
        self.0.iter().any(|path| !path.starts_with("assets") && path != Path::new("app.css"))
    }

    /// What is said of it.
    pub(super) fn name(&self) -> String {
        match self.0.as_slice() {
            [] => "nothing".to_owned(),
            [one] => one.display().to_string(),
            [first, rest @ ..] => format!("{} and {} more", first.display(), rest.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, path: &str, text: &str) {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn names(changed: &Changed) -> Vec<String> {
        changed.0.iter().map(|path| path.display().to_string()).collect()
    }

    #[test]
    fn what_was_written_and_is_the_same_has_not_changed() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        for path in ["Cargo.toml", "manifest.json", "src/lib.rs", "src/pages/cart.rs", "assets/icon.svg"] {
            write(folder, path, path);
        }
        let first = Sources::read(folder);
        assert_eq!(first.0.len(), 5);
        write(folder, "src/lib.rs", "src/lib.rs");
        // Not of the program: outputs, hidden files, what editors leave.
        for path in ["target/a.rs", "dist/a.wasm", "src/.lib.rs.swp", "src/lib.rs~", "assets/.DS_Store", "Cargo.lock"] {
            write(folder, path, "x");
        }
        assert!(first.changed(&Sources::read(folder)).is_empty());

        write(folder, "src/lib.rs", "other");
        write(folder, "app.css", ".a { color: red }");
        fs::remove_file(folder.join("assets/icon.svg")).unwrap();
        let changed = first.changed(&Sources::read(folder));
        assert_eq!(names(&changed), ["app.css", "src/lib.rs", "assets/icon.svg"]);
        assert_eq!(changed.name(), "app.css and 2 more");
    }

    #[test]
    fn only_code_needs_the_compiler() {
        for (path, code, project) in [
            ("src/lib.rs", true, false),
            ("src/words.txt", true, false),
            ("manifest.json", true, true),
            ("Cargo.toml", true, true),
            ("app.css", false, false),
            ("assets/icon.svg", false, false),
        ] {
            let changed = Changed(vec![path.into()]);
            assert_eq!((changed.is_code(), changed.is_of_project()), (code, project), "{path}");
            assert_eq!(changed.name(), path);
            assert!(is_source(Path::new(path)), "{path}");
        }
        assert!(!Changed(vec!["manifest.json".into()]).is_of_package());
        for path in ["README.md", "tests/shop.rs", "target/app.css", "srcs/lib.rs", "src/.git/config"] {
            assert!(!is_source(Path::new(path)), "{path}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_a_folder_is_not_followed_and_depth_ends() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        write(folder, "src/lib.rs", "");
        std::os::unix::fs::symlink(folder, folder.join("src/around")).unwrap();
        assert_eq!(Sources::read(folder).0.len(), 1);
        let deep = (0..=DEPTH_MAX + 1).map(|_| "a").collect::<Vec<_>>().join("/");
        write(folder, &format!("src/{deep}/lib.rs"), "");
        assert_eq!(Sources::read(folder).0.len(), 1);
    }
}
