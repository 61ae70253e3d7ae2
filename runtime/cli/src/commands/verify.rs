//! `mprun verify`: whether a bundle is signed by whom a key or a trust file names, and
//! why. It asks them what `mprun install` asks them, and changes nothing. What else an
//! installation may meet is not asked: a newer version that was seen here, another
//! publisher's program of the same name, code that does not run on this machine.

use std::path::Path;

use mprun_core::trust::{Occasion, Signature, Standing, Trust};

use crate::{
    args::VerifyArgs,
    commands::{
        self, beside, registries,
        trust::{self, Candidate, Policy},
    },
    error::{self, CommandError},
    output,
};

/// Runs the command.
pub(crate) fn verify(args: &VerifyArgs) -> Result<(), CommandError> {
    let policy = Policy::strict(trust_of(args)?);
    let candidate = candidate(&args.bundle, args)?;
    let recorded = match registries::open_existing(&args.data)? {
        Some(registry) => registries::rotations(&registry)?,
        None => Vec::new(),
    };
    let (admitted, attachments) = policy.admit(candidate, &recorded, Occasion::Install)?;

    let bundle = admitted.bundle();
    let manifest = bundle.manifest();
    let mut text = format!(
        "{}\n  program  {} {} ({})\n  digest   {}\n  trust    {}\n",
        args.bundle.display(),
        admitted.program_id(),
        manifest.version.name,
        manifest.version.code,
        bundle.digest(),
        trust::describe(admitted.standing()),
    );
    if let Standing::Signed { author_key, .. } = admitted.standing() {
        let by_author = |signature: &&Signature| signature.verify(author_key, bundle.bytes()).is_ok();
        if let Some(signature) = attachments.signatures.iter().find(by_author) {
            text.push_str(&format!("  comment  {}\n", signature.trusted_comment().replace('\t', "  ")));
        }
    }
    output::data(text.as_bytes())
}

/// The key or the trust file that decides.
fn trust_of(args: &VerifyArgs) -> Result<Trust, CommandError> {
    if let Some(key) = &args.key {
        return trust::read_key(key).map(Trust::of_key);
    }
    trust::find(args.trust.as_deref())?.ok_or_else(|| {
        error::usage("nothing says whose signature is expected")
            .hint("name the author's public key: --key FILE, or --key RWQ…")
            .hint(format!("or a trust file; {}", trust::name_a_trust_file()))
    })
}

/// The bundle, with the signatures that were named, or those beside it.
fn candidate(path: &Path, args: &VerifyArgs) -> Result<Candidate, CommandError> {
    if args.signatures.is_empty() {
        return Candidate::read(path);
    }
    let mut candidate = Candidate {
        name: path.display().to_string(),
        bundle: commands::read_verified(path)?,
        attachments: mprun_registry::Attachments::default(),
        pulled: false,
    };
    candidate.attachments.signatures = beside::read_signatures(&args.signatures)?;
    candidate.attachments.rotations = beside::read_rotations_of(path)?;
    Ok(candidate)
}
