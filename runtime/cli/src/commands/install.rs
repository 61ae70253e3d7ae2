//! `mprun install`: a file, or what a registry has, becomes the installed program of
//! its `app_id`. Nothing is kept before everything is known: that it is a bundle,
//! that it may be used here, that it runs.

use std::fmt::Write as _;

use mprun_core::{
    bundle::{self, Bundle, Verified},
    identity::AppId,
    trust::{Admitted, Occasion},
};
use mprun_registry::{Installed, Outcome, Registry, oci::Reference};

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
    let known = registries::lineages(&registry)?;
    let (admitted, attachments) = policy.admit(candidate, known, Occasion::Install)?;
    machine::prepare(&args.data, &args.source, &admitted)?;

    let before = bundle_of(&registry, &admitted.bundle().manifest().app_id);
    let outcome = registry
        .install(&admitted, &attachments, &source, trust::downgrade(&args.trust), env::unix_seconds())
        .map_err(|cause| registries::failed(format!("`{source}` is not installed"), cause))?;
    output::data(summary(&admitted, &outcome, before.as_deref()).as_bytes())
}

/// A bundle that a registry has, with what it has beside it.
fn pulled(reference: &Reference) -> Result<Candidate, CommandError> {
    let name = reference.to_string();
    let pulled = registries::pull(reference)?;
    let bundle = bundle::verify(pulled.bytes).map_err(|cause| commands::no_bundle(&name, cause))?;
    Ok(Candidate { name, bundle, attachments: pulled.attachments, pulled: true })
}

/// What is installed under this `app_id`, to compare with. That it cannot be read
/// is no reason not to replace it.
fn bundle_of(registry: &Registry, app_id: &AppId) -> Option<Verified<Bundle>> {
    let installed = registry.get(app_id).ok()??;
    bundle::verify(registry.read(&installed.digest).ok()?).ok()
}

fn summary(admitted: &Admitted, outcome: &Outcome, before: Option<&Bundle>) -> String {
    let bundle = admitted.bundle();
    let manifest = bundle.manifest();
    let (app_id, version) = (&manifest.app_id, &manifest.version);
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = match outcome {
        Outcome::AlreadyInstalled => {
            writeln!(text, "{app_id} {} ({}) was installed already", version.name, version.code)
        }
        Outcome::Installed { before: None } => {
            writeln!(text, "installed {app_id} {} ({})", version.name, version.code)
        }
        Outcome::Installed { before: Some(Installed { version_code, version_name, .. }) } => writeln!(
            text,
            "installed {app_id} {} ({}) in the place of {version_name} ({version_code})",
            version.name, version.code
        ),
    };
    let _ = writeln!(text, "  program  {}", admitted.program_id());
    let _ = writeln!(text, "  digest   {}", bundle.digest());
    let _ = writeln!(text, "  trust    {}", trust::describe(admitted.standing()));
    if matches!(outcome, Outcome::Installed { .. })
        && let Some(before) = before
    {
        let difference = bundle::diff(before, bundle);
        for widening in difference.widenings() {
            let _ = writeln!(text, "! {widening}");
        }
        if difference.widens() {
            let _ = writeln!(text, "this update widens what the program may do");
        }
    }
    text
}
