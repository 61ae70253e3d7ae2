//! Decides what belongs to a bundle although it is not in it: what lies beside the
//! file under its name, `app.wasm.minisig`, `app.wasm.*.minisig` and
//! `app.wasm.rotation`. What is there and cannot be read is an error and not left
//! out: a bundle with a broken signature must not pass for an unsigned one.

use std::{
    fs,
    path::{Path, PathBuf},
};

use mprun_core::trust::{ROTATIONS_BYTES_MAX, Rotation, SIGNATURE_BYTES_MAX, SIGNATURES_MAX, Signature};
use mprun_registry::Attachments;

use crate::{
    error::{self, CommandError},
    files,
};

/// What a signature's file ends in.
pub(super) const SIGNATURE: &str = ".minisig";
/// What the file of statements about keys ends in.
const ROTATION: &str = ".rotation";

/// Everything that lies beside a bundle.
pub(super) fn read(bundle: &Path) -> Result<Attachments, CommandError> {
    let signatures = read_signatures(&signature_files(bundle)?)?;
    Ok(Attachments { signatures, rotations: read_rotations_of(bundle)? })
}

/// The signatures of these files.
pub(super) fn read_signatures(files: &[PathBuf]) -> Result<Vec<Signature>, CommandError> {
    if files.len() > SIGNATURES_MAX {
        return Err(error::user(format_args!("expected at most {SIGNATURES_MAX} signatures, got {}", files.len()))
            .hint("take those away that nobody asks for"));
    }
    files.iter().map(|path| read_signature(path)).collect()
}

/// The signature in a file.
pub(super) fn read_signature(path: &Path) -> Result<Signature, CommandError> {
    let text = files::read_text(path, SIGNATURE_BYTES_MAX)?;
    Signature::decode(&text).map_err(|cause| {
        let hint = cause.hint();
        error::user_with(format!("`{}` is not a signature that can be used", path.display()), cause)
            .maybe_hint(hint)
            .hint("or take the file away")
    })
}

/// The files of all signatures beside a bundle, by name.
pub(super) fn signature_files(bundle: &Path) -> Result<Vec<PathBuf>, CommandError> {
    // A path without a name is none of a file, and then nothing lies beside it.
    let Some(name) = bundle.file_name() else { return Ok(Vec::new()) };
    let folder = files::folder_of(bundle);
    let unlisted = |cause| error::user_with(format!("cannot list the folder `{}`", folder.display()), cause);
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(unlisted)? {
        let entry = entry.map_err(unlisted)?.file_name();
        let rest = entry.as_encoded_bytes().strip_prefix(name.as_encoded_bytes());
        if rest.is_some_and(|rest| rest.starts_with(b".") && rest.ends_with(SIGNATURE.as_bytes())) {
            found.push(entry);
        }
    }
    found.sort();
    // As the bundle was named: not `./app.wasm.minisig` for `app.wasm`.
    Ok(found.into_iter().map(|entry| bundle.with_file_name(entry)).collect())
}

/// The file of the statements beside a bundle.
pub(super) fn rotation_file(bundle: &Path) -> PathBuf {
    files::with_suffix(bundle, ROTATION)
}

/// The statements beside a bundle; none where there is no file.
pub(super) fn read_rotations_of(bundle: &Path) -> Result<Vec<Rotation>, CommandError> {
    let path = rotation_file(bundle);
    // A link that leads nowhere is a mistake to hear of.
    if path.symlink_metadata().is_ok() { read_rotations(&path) } else { Ok(Vec::new()) }
}

/// The statements in a file.
pub(super) fn read_rotations(path: &Path) -> Result<Vec<Rotation>, CommandError> {
    let text = files::read_text(path, ROTATIONS_BYTES_MAX)?;
    Rotation::decode_all(&text).map_err(|cause| {
        let hint = cause.hint();
        error::user_with(format!("`{}` does not say which key replaced which", path.display()), cause).maybe_hint(hint)
    })
}

/// The text of a file of statements, oldest first.
pub(super) fn rotation_text(rotations: &[Rotation]) -> String {
    rotations.iter().map(Rotation::text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_found_by_the_name_of_their_bundle() {
        let folder = tempfile::tempdir().unwrap();
        let bundle = folder.path().join("app.wasm");
        for name in [
            "app.wasm",
            "app.wasm.minisig",
            "app.wasm.anna.minisig",
            "app.wasm.2.minisig",
            "app.wasm2.minisig",
            "app.wasmminisig",
            "other.wasm.minisig",
            "app.minisig",
            "app.wasm.minisig.bak",
        ] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let found = signature_files(&bundle).unwrap();
        let names: Vec<_> = found.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["app.wasm.2.minisig", "app.wasm.anna.minisig", "app.wasm.minisig"]);
        assert!(found.iter().all(|path| path.parent() == Some(folder.path())));
    }

    #[test]
    fn a_broken_signature_is_not_overlooked() {
        let folder = tempfile::tempdir().unwrap();
        let bundle = folder.path().join("app.wasm");
        assert!(read(&bundle).unwrap().signatures.is_empty());
        fs::write(folder.path().join("app.wasm.minisig"), "untrusted comment: x\n").unwrap();
        let error = read(&bundle).unwrap_err();
        assert!(error.error.to_string().contains("app.wasm.minisig` is not a signature"), "{}", error.error);
        assert!(error.hints.iter().any(|hint| hint.contains("take the file away")), "{:?}", error.hints);

        fs::write(folder.path().join("app.wasm.minisig"), "x".repeat(SIGNATURE_BYTES_MAX + 1)).unwrap();
        assert!(read(&bundle).unwrap_err().error.to_string().contains("at most 4096 bytes"));
    }

    #[test]
    fn there_are_only_so_many_signatures() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..=SIGNATURES_MAX {
            fs::write(folder.path().join(format!("app.wasm.{number}.minisig")), "").unwrap();
        }
        let error = read(&folder.path().join("app.wasm")).unwrap_err();
        assert!(error.error.to_string().contains("at most 32 signatures, got 33"), "{}", error.error);
    }
}
