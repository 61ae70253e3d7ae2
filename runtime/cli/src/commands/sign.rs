//! `mprun sign`: a signature in minisign's form beside a bundle. What is no bundle is
//! not signed, and what others signed is not written over.

use std::path::{Path, PathBuf};

use mprun_core::{
    bundle::Bundle,
    render::escape,
    trust::{PublicKey, Signature},
};

use super::beside;
use crate::{
    args::SignArgs,
    commands, env,
    error::{self, CommandError},
    files, output,
    secret::SecretKey,
};

/// Runs the command.
pub(crate) fn sign(args: &SignArgs) -> Result<(), CommandError> {
    let bundle = commands::read_verified(&args.bundle)?;
    let rotations = args.rotation.as_deref().map(|path| rotation_beside(path, &args.bundle)).transpose()?;
    let secret = SecretKey::read(&args.key)?;
    let key = secret.public();
    let file = args.output.clone().unwrap_or_else(|| files::with_suffix(&args.bundle, beside::SIGNATURE));
    check_replaceable(&file, key, args)?;
    let comment = args.comment.clone().unwrap_or_else(|| comment(&args.bundle, &bundle, env::unix_seconds()));
    let text = secret.sign(bundle.bytes(), &comment)?;
    // What is written is what others will read.
    Signature::decode(&text)
        .and_then(|signature| signature.verify(key, bundle.bytes()))
        .map_err(|cause| error::internal("the signature is not one", cause))?;
    if let Some((path, text)) = &rotations {
        files::write_whole(path, text.as_bytes()).map_err(|cause| files::not_written(path, cause))?;
    }
    files::write_whole(&file, text.as_bytes()).map_err(|cause| files::not_written(&file, cause))?;

    let manifest = bundle.manifest();
    output::data(
        format!(
            "{}\n  program  {} {} ({})\n  digest   {}\n  key      {}\n  check    minisign -Vm {} -x {} -P {key}\n",
            file.display(),
            manifest.app_id,
            manifest.version.name,
            manifest.version.code,
            bundle.digest(),
            key.key_id(),
            args.bundle.display(),
            file.display(),
        )
        .as_bytes(),
    )
}

/// As minisign says it by default, and then what it is: all of this is signed.
fn comment(file: &Path, bundle: &Bundle, now: u64) -> String {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let manifest = bundle.manifest();
    let text = format!(
        "timestamp:{now}\tfile:{name}\thashed\tapp_id:{}\tversion:{} ({})\tdigest:{}",
        manifest.app_id,
        manifest.version.name,
        manifest.version.code,
        bundle.digest()
    );
    // One line, whatever the file is called.
    escape::clean(&text).chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }).collect()
}

/// A signature that is there may be replaced by one of the same key.
fn check_replaceable(file: &Path, key: &PublicKey, args: &SignArgs) -> Result<(), CommandError> {
    if file.symlink_metadata().is_err() {
        return Ok(());
    }
    let elsewhere = || {
        let stem = args.key.file_stem().unwrap_or_default().to_string_lossy();
        let other = files::with_suffix(&args.bundle, format!(".{stem}{}", beside::SIGNATURE));
        format!("write this one beside it: -o {}", other.display())
    };
    let there = beside::read_signature(file).map_err(|error| error.hint(elsewhere()))?;
    if there.key_id() == key.key_id() {
        return Ok(());
    }
    Err(error::user(format_args!("`{}` is a signature by another key, {}", file.display(), there.key_id()))
        .hint(elsewhere()))
}

/// The file of statements beside the bundle, and what is to be in it. Statements
/// that are there already must not get lost.
fn rotation_beside(path: &Path, bundle: &Path) -> Result<(PathBuf, String), CommandError> {
    let rotations = beside::read_rotations(path)?;
    for there in beside::read_rotations_of(bundle)? {
        let is_kept =
            rotations.iter().any(|rotation| rotation.old() == there.old() && rotation.new_key() == there.new_key());
        if !is_kept {
            return Err(error::user(format_args!(
                "`{}` says that {} replaced {}, and `{}` does not",
                beside::rotation_file(bundle).display(),
                there.new_key().key_id(),
                there.old().key_id(),
                path.display()
            ))
            .hint("if it belongs to another bundle, take it away"));
        }
    }
    Ok((beside::rotation_file(bundle), beside::rotation_text(&rotations)))
}
