//! `mprun install`: a file, or what a registry has, becomes the installed program of
//! its `app_id`. Nothing is kept before everything is known: that it is a bundle,
//! that it may be used here, that it runs.

use std::fmt::Write as _;

use mprun_core::{
    bundle,
    trust::{Admitted, Occasion},
};
use mprun_registry::{Installed, Outcome, Registry, RegistryError, oci::Reference};

use crate::{
    args::InstallArgs,
    commands::{
        self, machine, registries,
        trust::{self, Candidate, Policy, Unsigned},
    },
    env,
    error::{self, CommandError},
    output,
};

/// Runs the command.
pub(crate) fn install(args: &InstallArgs) -> Result<(), CommandError> {
    let policy = Policy::of(&args.trust, Unsigned::Refused)?;
    let reference = registries::reference(&args.source)?;
    if reference.is_some() && policy.allows_nothing() {
        // Cheap to find out, so said before anything is fetched.
        return Err(error::usage("no trust file says whose programs may be used here").hint(trust::name_a_trust_file()));
    }
    let candidate = match &reference {
        Some(reference) => pulled(reference)?,
        None => Candidate::read(&args.source)?,
    };
    let registry = registries::open(&args.data)?;
    let source = candidate.name.clone();
    let (admitted, attachments) = policy.admit(candidate, &policy.recorded(&registry)?, Occasion::Install)?;
    let refused = |cause| registries::failed(format!("`{source}` is not installed"), cause);
    check_publisher(&registry, &admitted).map_err(refused)?;
    machine::prepare(&args.data, &args.source, &admitted)?;

    let outcome = registry
        .install(&admitted, &attachments, &source, trust::downgrade(&args.trust), env::unix_seconds())
        .map_err(refused)?;
    output::data(summary(&admitted, &outcome).as_bytes())
}

/// That nobody else's program is installed under the name. Asked before the name is
/// given to this one, which is for good.
fn check_publisher(registry: &Registry, admitted: &Admitted) -> Result<(), RegistryError> {
    let app_id = admitted.program_id().app_id();
    match registry.get(app_id) {
        Ok(Some(Installed { program, .. })) if program != *admitted.program_id() => {
            Err(RegistryError::OtherProgram { app_id: app_id.clone(), installed: program })
        }
        // An entry that cannot be read is no reason not to replace it.
        _ => Ok(()),
    }
}

/// A bundle that a registry has, with what it has beside it.
fn pulled(reference: &Reference) -> Result<Candidate, CommandError> {
    let name = reference.to_string();
    let pulled = registries::pull(reference)?;
    let bundle = bundle::verify(pulled.bytes).map_err(|cause| commands::no_bundle(&name, cause))?;
    Ok(Candidate { name, bundle, attachments: pulled.attachments, pulled: true })
}

fn summary(admitted: &Admitted, outcome: &Outcome) -> String {
    let bundle = admitted.bundle();
    let manifest = bundle.manifest();
    let (app_id, version) = (&manifest.app_id, &manifest.version);
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = match outcome {
        Outcome::AlreadyInstalled => {
            writeln!(text, "{app_id} {} ({}) was installed already", version.name, version.code)
        }
        Outcome::Installed { before: None, .. } => {
            writeln!(text, "installed {app_id} {} ({})", version.name, version.code)
        }
        Outcome::Installed { before: Some(Installed { version_code, version_name, .. }), .. } => writeln!(
            text,
            "installed {app_id} {} ({}) in the place of {version_name} ({version_code})",
            version.name, version.code
        ),
    };
    let _ = writeln!(text, "  program  {}", admitted.program_id());
    let _ = writeln!(text, "  digest   {}", bundle.digest());
    let _ = writeln!(text, "  trust    {}", trust::describe(admitted.standing()));
    if let Outcome::Installed { widenings, .. } = outcome
        && !widenings.is_empty()
    {
        for widening in widenings {
            let _ = writeln!(text, "! {widening}");
        }
        let _ = writeln!(text, "this update widens what the program may do");
    }
    text
}
