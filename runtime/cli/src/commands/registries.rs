//! Opens the registry of this machine, and finds the way to those of others: what
//! is a reference, who we are there.

use std::path::Path;

use mprun_core::{
    bundle::Bundle,
    trust::{Admitted, Rotation},
};
use mprun_registry::{
    Attachments, Downgrade, Installed, Registry, RegistryError,
    oci::{Client, Credentials, OciError, PlainHttp, Pulled, Pushed, Reference},
};

use crate::{
    args::DataArgs,
    commands, env,
    error::{self, CommandError},
    output::Transfer,
};

/// The registry in the data folder, made where it is missing.
pub(super) fn open(args: &DataArgs) -> Result<Registry, CommandError> {
    let folder = commands::registry_folder(&commands::data_folder(args)?);
    Registry::open(&folder)
        .map_err(|cause| failed(format!("cannot open the registry in `{}`", folder.display()), cause))
}

/// The registry in the data folder, if something was ever kept there. To look makes
/// nothing.
pub(super) fn open_existing(args: &DataArgs) -> Result<Option<Registry>, CommandError> {
    let folder = commands::registry_folder(&commands::data_path(args)?);
    if folder.is_dir() { open(args).map(Some) } else { Ok(None) }
}

/// What this registry has heard about replaced keys.
pub(super) fn rotations(registry: &Registry) -> Result<Vec<Rotation>, CommandError> {
    registry.rotations().map_err(|cause| failed("cannot read which keys were replaced", cause))
}

/// Whether the rule of versions lets an installed program be used: not where a newer
/// one is on record, unless somebody says that it may, which goes on record too.
pub(super) fn may_load(
    registry: &Registry,
    installed: &Installed,
    admitted: &Admitted,
    downgrade: Downgrade,
) -> Result<(), RegistryError> {
    match registry.may_load(installed) {
        Err(RegistryError::Lower { .. }) if downgrade == Downgrade::Allowed => {
            registry.observe(admitted, &Attachments::default(), downgrade, env::unix_seconds())
        }
        decided => decided,
    }
}

/// What the registry did not do.
pub(super) fn failed(message: impl Into<String>, cause: RegistryError) -> CommandError {
    let hint = cause.hint();
    match cause {
        cause @ (RegistryError::Io { .. } | RegistryError::Random) => error::internal(message.into(), cause),
        cause => error::user_with(message.into(), cause),
    }
    .maybe_hint(hint)
}

/// Whether a word names something in a registry: a path with a host in front, and
/// no file.
pub(super) fn reference(source: &Path) -> Result<Option<Reference>, CommandError> {
    let Some(text) = source.to_str().filter(|text| is_reference(text) && !source.exists()) else { return Ok(None) };
    text.parse::<Reference>().map(Some).map_err(|cause| {
        let hint = cause.hint();
        error::user_with(format!("`{text}` is no file, and nothing in a registry"), cause).maybe_hint(hint)
    })
}

fn is_reference(text: &str) -> bool {
    let Some((host, _)) = text.split_once('/') else { return false };
    let is_folder = host.bytes().all(|byte| byte == b'.');
    !is_folder && (host == "localhost" || host.contains(['.', ':']))
}

/// Gets what a registry has, showing how far it is.
pub(super) fn pull(reference: &Reference) -> Result<Pulled, CommandError> {
    let progress = Transfer::default();
    commands::runtime()?
        .block_on(client().pull(reference, &progress))
        .map_err(|cause| refused(format!("cannot pull `{reference}`"), cause))
}

/// Sends a bundle and what lies beside it, showing how far it is.
pub(super) fn push(reference: &Reference, bundle: &Bundle, attachments: &Attachments) -> Result<Pushed, CommandError> {
    let progress = Transfer::default();
    commands::runtime()?
        .block_on(client().push(reference, bundle, attachments, &progress))
        .map_err(|cause| refused(format!("cannot push to `{reference}`"), cause))
}

/// A client that is whoever Docker's configuration says.
fn client() -> Client {
    let client = Client::new(Credentials::from_docker_config(env::docker_folder()), PlainHttp::Loopback);
    match env::https_proxy() {
        Some((address, except)) => client.with_proxy(address, except),
        None => client,
    }
}

/// What a registry of others did not do.
fn refused(message: String, cause: OciError) -> CommandError {
    let hint = cause.hint();
    error::user_with(message, cause).maybe_hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_has_a_host_in_front() {
        for (text, is) in [
            ("registry.example.com/shop/coffee:2", true),
            ("localhost/coffee:2", true),
            ("localhost:5000/coffee", true),
            ("[::1]:5000/coffee", true),
            ("coffee.wasm", false),
            ("coffee", false),
            ("dist/coffee.wasm", false),
            ("./coffee.wasm", false),
            ("../coffee.wasm", false),
            ("/srv/a.b/coffee.wasm", false),
        ] {
            assert_eq!(is_reference(text), is, "{text}");
        }
        let folder = tempfile::tempdir().unwrap();
        assert!(reference(folder.path()).unwrap().is_none());
    }
}
