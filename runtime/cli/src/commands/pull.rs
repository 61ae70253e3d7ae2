//! `mprun pull`: what a registry has becomes files: the bundle, and beside it the
//! signatures and the statements about keys, under the names by which every other
//! command finds them. Nothing that is there is written over unless it is the same,
//! or somebody insists.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use mprun_core::bundle;
use mprun_registry::Attachments;

use super::{beside, registries};
use crate::{
    args::PullArgs,
    commands,
    error::{self, CommandError},
    files, output,
};

/// Runs the command.
pub(crate) fn pull(args: &PullArgs) -> Result<(), CommandError> {
    let pulled = registries::pull(&args.reference)?;
    let name = args.reference.to_string();
    // Also so that a file which ends in `.wasm` is a bundle.
    let bundle = bundle::verify(pulled.bytes).map_err(|cause| commands::no_bundle(&name, cause))?;
    let manifest = bundle.manifest();
    let file = args.output.clone().unwrap_or_else(|| PathBuf::from(format!("{}.wasm", manifest.app_id)));

    let files = files_of(&file, bundle.bytes(), &pulled.attachments);
    if !args.force {
        check_unused(&files)?;
    }
    // The bundle last: whoever sees it sees its signatures too.
    for (path, bytes) in files.iter().rev() {
        files::write_whole(path, bytes).map_err(|cause| files::not_written(path, cause))?;
    }
    let count = pulled.attachments.signatures.len();
    let noun = if count == 1 { "signature, not verified yet" } else { "signatures, not verified yet" };
    output::data(
        format!(
            "{}\n  program   {} {} ({})\n  digest    {}\n  artifact  {}\n  with      {count} {noun}\n",
            file.display(),
            manifest.app_id,
            manifest.version.name,
            manifest.version.code,
            bundle.digest(),
            pulled.digest,
        )
        .as_bytes(),
    )
}

/// Every file that is to be written, the bundle first.
fn files_of(file: &Path, bundle: &[u8], attachments: &Attachments) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = vec![(file.to_owned(), bundle.to_vec())];
    for (signature, number) in attachments.signatures.iter().zip(1..) {
        let suffix = match number {
            1 => beside::SIGNATURE.to_owned(),
            number => format!(".{number}{}", beside::SIGNATURE),
        };
        files.push((files::with_suffix(file, suffix), signature.text().as_bytes().to_vec()));
    }
    if !attachments.rotations.is_empty() {
        let text = beside::rotation_text(&attachments.rotations);
        files.push((beside::rotation_file(file), text.into_bytes()));
    }
    files
}

/// That no file which is there holds something else.
fn check_unused(files: &[(PathBuf, Vec<u8>)]) -> Result<(), CommandError> {
    let mut taken = Vec::new();
    for (path, bytes) in files {
        match fs::metadata(path) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {}
            _ if files::read_at_most(path, bytes.len()).is_ok_and(|there| there == *bytes) => {}
            _ => taken.push(format!("`{}`", path.display())),
        }
    }
    if taken.is_empty() {
        return Ok(());
    }
    Err(error::user(format_args!("there is something else at {}", taken.join(", ")))
        .hint("to write over it: --force")
        .hint("to write elsewhere: -o FILE"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_written_over_only_by_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("app.wasm");
        let files = files_of(&file, b"bundle", &Attachments::default());
        assert!(check_unused(&files).is_ok());
        fs::write(&file, "bundle").unwrap();
        assert!(check_unused(&files).is_ok());
        for other in ["bundlf", "bund", "bundles", ""] {
            fs::write(&file, other).unwrap();
            let error = check_unused(&files).unwrap_err();
            assert!(error.error.to_string().contains("app.wasm`"), "{}", error.error);
            assert!(error.hints.iter().any(|hint| hint.contains("--force")), "{:?}", error.hints);
        }
    }
}
