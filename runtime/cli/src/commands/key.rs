//! `mprun key`: makes keys, replaces them, and says what others need to know of one.
//! A file that holds a key is never written over.

use std::{fmt::Write as _, fs, io, path::Path};

use mprun_core::trust::{KeyError, Lineages, PublicKey, Rotation, namespace};

use super::{
    beside,
    trust::{name_a_trust_file, read_key},
};
use crate::{
    args::{KeyArgs, KeyCommand, KeyGenerateArgs, KeyRotateArgs, KeyShowArgs},
    error::{self, CommandError},
    files, output,
    secret::{self, SecretKey},
};

/// Runs the command.
pub(crate) fn key(args: &KeyArgs) -> Result<(), CommandError> {
    match &args.command {
        KeyCommand::Generate(args) => generate(args),
        KeyCommand::Rotate(args) => rotate(args),
        KeyCommand::Show(args) => show(args),
    }
}

fn generate(args: &KeyGenerateArgs) -> Result<(), CommandError> {
    let secret_file = args.output.clone().unwrap_or_else(|| format!("{}.key", args.name).into());
    if secret_file.extension().is_some_and(|extension| extension == "pub") {
        return Err(error::usage(format_args!("`{}` is to be the secret key's file", secret_file.display()))
            .hint("the public one gets its name from it: -o NAME.key makes NAME.key and NAME.pub"));
    }
    let public_file = secret_file.with_extension("pub");
    // Before anybody thinks of a password.
    for path in [&secret_file, &public_file] {
        if path.symlink_metadata().is_ok() {
            return Err(taken(path));
        }
    }
    let password = if args.no_password { None } else { Some(secret::new_password()?) };
    let made = SecretKey::generate(password)?;
    let written = |path: &Path, text: &str, secret: bool| {
        files::write_new(path, text, secret).map_err(|cause| match cause.kind() {
            io::ErrorKind::AlreadyExists => taken(path),
            _ => files::not_written(path, cause),
        })
    };
    written(&secret_file, &made.secret_file, true)?;
    if let Err(error) = written(&public_file, &made.public_file, false) {
        // Half of a pair, made a moment ago: nobody has signed anything with it.
        let _ = fs::remove_file(&secret_file);
        return Err(error);
    }
    if args.no_password {
        output::warning(&format!("whoever can read `{}` can sign as you: it has no password", secret_file.display()));
    }
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{}  the secret key: nobody but you gets it; keep a copy", secret_file.display());
    let _ = writeln!(text, "{}  the public key, for everybody", public_file.display());
    text.push_str(&for_operators(&made.key, &args.name));
    output::data(text.as_bytes())
}

fn taken(path: &Path) -> CommandError {
    error::user(format_args!("there is something already at `{}`", path.display()))
        .hint("a key is never written over: give this one another name with --name or -o")
}

/// What an operator writes down of a key: lines for a trust file.
fn for_operators(key: &PublicKey, name: &str) -> String {
    format!(
        "\n# Who wants your mini-programs writes into the trust file, with the app_ids that you publish:\n\
         [keys.{name}]\npublic_key = \"{key}\"\nroles = [\"author\"]\nmay_publish = [\"my-app\"]\n"
    )
}

fn rotate(args: &KeyRotateArgs) -> Result<(), CommandError> {
    let (old, new) = (SecretKey::read(&args.old)?, SecretKey::read(&args.new)?);
    let mut rotations = earlier(args, old.public())?;
    let statement = Rotation::statement(old.public(), new.public());
    let (from, to) = (old.public().key_id(), new.public().key_id());
    let comment = format!("{to} takes the place of {from}");
    let (by_old, by_new) = (old.sign(statement.as_bytes(), &comment)?, new.sign(statement.as_bytes(), &comment)?);
    let rotation = Rotation::assemble(old.public(), new.public(), &by_old, &by_new).map_err(|cause| {
        let hint = cause.hint();
        error::user_with("the keys do not replace each other", cause).maybe_hint(hint)
    })?;
    rotations.push(rotation);
    check_lineage(&rotations)?;
    let text = beside::rotation_text(&rotations);
    files::write_whole(&args.output, text.as_bytes()).map_err(|cause| files::not_written(&args.output, cause))?;
    output::data(
        format!(
            "{}\n  {from} was replaced by {to}\n\nSend it with every bundle that the new key signs: \
             mprun sign BUNDLE --key KEY --rotation {}\n",
            args.output.display(),
            args.output.display()
        )
        .as_bytes(),
    )
}

/// The statements that are in the file already. They have to lead to the old key.
fn earlier(args: &KeyRotateArgs, old: &PublicKey) -> Result<Vec<Rotation>, CommandError> {
    if args.output.symlink_metadata().is_err() {
        return Ok(Vec::new());
    }
    let rotations = beside::read_rotations(&args.output)?;
    match rotations.last() {
        Some(last) if last.new_key() != old => Err(error::user(format_args!(
            "`{}` ends with the key {}, and not with {}",
            args.output.display(),
            last.new_key().key_id(),
            old.key_id()
        ))
        .hint("write it into another file: -o FILE")),
        _ => Ok(rotations),
    }
}

/// That nobody will refuse these statements together.
fn check_lineage(rotations: &[Rotation]) -> Result<(), CommandError> {
    let mut lineages = Lineages::default();
    for rotation in rotations {
        lineages.add(rotation.clone()).map_err(|cause| {
            let hint = cause.hint();
            error::user_with("nobody would believe these statements together", cause).maybe_hint(hint)
        })?;
    }
    Ok(())
}

fn show(args: &KeyShowArgs) -> Result<(), CommandError> {
    let key = match read_key(&args.file) {
        Ok(key) => key,
        // The public half of a secret key, for whoever has lost its file.
        Err(error) if error.error.downcast_ref::<KeyError>() == Some(&KeyError::Secret) => {
            SecretKey::read(&args.file)?.public().clone()
        }
        Err(error) => return Err(error),
    };
    let stem = args.file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let is_name = |name: &String| {
        !name.is_empty()
            && name.len() <= 64
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let name = stem.filter(is_name).unwrap_or_else(|| "name".to_owned());
    let text = format!(
        "# key id     {}\n# namespace  {} (of its programs, if it replaced no other key)\n{}",
        key.key_id(),
        namespace(&key),
        for_operators(&key, &name)
    );
    output::data(text.as_bytes())?;
    if !output::is_stderr_terminal() {
        return Ok(());
    }
    output::hint(&format!("whoever uses the trust file can {}", name_a_trust_file()));
    Ok(())
}
