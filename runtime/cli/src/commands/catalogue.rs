//! What a server offers, as its host sees it: the files that it was given, or
//! everything that is installed. Each is decided upon when it is loaded, and again
//! when the trust file changes or a day ends, so that a key which is revoked or has
//! expired counts for nothing a moment later. What may not be used any more stays
//! listed, and is refused: its users are told so.

use std::sync::{Arc, Mutex, PoisonError};

use mprun_core::{
    bundle,
    identity::{Digest, ProgramId},
    manifest::Manifest,
    trust::{Admitted, Occasion},
};
use mprun_host::{Catalogue, Listing};
use mprun_registry::{Attachments, Listed, Registry, RegistryError};

use super::{
    registries,
    trust::{self, Candidate, Policy, Unsigned},
};
use crate::{args::TrustArgs, commands, error::CommandError};

/// A file that is served: what was read when the server began.
pub(crate) struct File {
    /// What messages call it.
    pub(crate) name: String,
    /// Whose it was then. It is never served as anybody else's.
    pub(crate) program: ProgramId,
    pub(crate) digest: Digest,
    pub(crate) manifest: Arc<Manifest>,
    pub(crate) bytes: Vec<u8>,
    /// Everything that lay beside it.
    pub(crate) attachments: Attachments,
}

/// The programs, the registry and the trust file of one server.
pub(crate) struct Offered {
    /// `None` for everything that is installed.
    files: Option<Vec<File>>,
    registry: Registry,
    args: TrustArgs,
    /// As of the last list.
    policy: Mutex<Arc<Policy>>,
}

impl Offered {
    /// These files.
    pub(crate) fn files(files: Vec<File>, registry: Registry, args: TrustArgs) -> Result<Offered, CommandError> {
        Offered::new(Some(files), registry, args)
    }

    /// Whatever is installed.
    pub(crate) fn installed(registry: Registry, args: TrustArgs) -> Result<Offered, CommandError> {
        Offered::new(None, registry, args)
    }

    fn new(files: Option<Vec<File>>, registry: Registry, args: TrustArgs) -> Result<Offered, CommandError> {
        let policy = Mutex::new(Arc::new(policy_of(&args)?));
        Ok(Offered { files, registry, args, policy })
    }

    fn policy(&self) -> Arc<Policy> {
        // Nothing panics while it is held.
        Arc::clone(&self.policy.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn list_installed(&self, policy: &Policy, decision: u64) -> Result<Vec<Listing>, String> {
        let Listed { programs, damaged } = self.registry.list().map_err(|error| error.to_string())?;
        for damage in damaged {
            tracing::error!("not served: {}", RegistryError::from(damage));
        }
        let (usable, unsigned): (Vec<_>, Vec<_>) =
            programs.into_iter().partition(|program| !program.development || policy.is_dev());
        for program in unsigned {
            tracing::warn!(program = %program.program, "installed unsigned, and not served without --dev");
        }
        Ok(usable
            .into_iter()
            .map(|program| Listing {
                program: program.program,
                digest: program.digest,
                manifest: Arc::new(program.manifest),
                decision,
            })
            .collect())
    }

    fn admit_file(&self, file: &File) -> Result<Admitted, CommandError> {
        let policy = self.policy();
        let bundle = bundle::verify(file.bytes.clone()).map_err(|cause| commands::no_bundle(&file.name, cause))?;
        let (name, attachments) = (file.name.clone(), file.attachments.clone());
        let candidate = Candidate { name, bundle, attachments, pulled: false };
        // It was new when the server began. A key that was replaced since then has not
        // signed anything new.
        policy.admit(candidate, &policy.recorded(&self.registry)?, Occasion::Load).map(|(admitted, _)| admitted)
    }

    fn admit_installed(&self, listing: &Listing) -> Result<Admitted, String> {
        let policy = self.policy();
        let found = self.registry.get(listing.program.app_id()).map_err(|error| error.to_string())?;
        let installed = found.ok_or("it is not installed any more")?;
        let bytes = self.registry.read(&installed.digest).map_err(|error| error.to_string())?;
        let recorded = policy.recorded(&self.registry).map_err(said)?;
        let admitted = policy.admit_installed(&installed, bytes, &recorded).map_err(said)?;
        registries::may_load(&self.registry, &installed, &admitted, trust::downgrade(&self.args))
            .map_err(|error| error.to_string())?;
        Ok(admitted)
    }
}

impl Catalogue for Offered {
    fn generation(&self) -> Result<u64, String> {
        let trusted = trust::stamp(self.args.file.as_deref()).map_err(said)?;
        if self.files.is_some() {
            return Ok(trusted);
        }
        let installed = self.registry.generation().map_err(|error| error.to_string())?;
        // Two changes at once that cancel each other out are not to be had.
        Ok(installed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ trusted)
    }

    fn list(&self) -> Result<Vec<Listing>, String> {
        let decision = trust::stamp(self.args.file.as_deref()).map_err(said)?;
        // First of all: whatever else cannot be read, this decides from now on.
        let policy = Arc::new(policy_of(&self.args).map_err(said)?);
        *self.policy.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&policy);
        match &self.files {
            Some(files) => Ok(files
                .iter()
                .map(|file| Listing {
                    program: file.program.clone(),
                    digest: file.digest,
                    manifest: Arc::clone(&file.manifest),
                    decision,
                })
                .collect()),
            None => self.list_installed(&policy, decision),
        }
    }

    fn admit(&self, listing: &Listing) -> Result<Admitted, String> {
        let Some(files) = &self.files else { return self.admit_installed(listing) };
        let file = files.iter().find(|file| file.digest == listing.digest && file.program == listing.program);
        self.admit_file(file.ok_or("it is not served any more")?).map_err(said)
    }
}

fn policy_of(args: &TrustArgs) -> Result<Policy, CommandError> {
    Ok(Policy::of(args, Unsigned::Refused)?.in_log())
}

/// A command's error on one line, for the log.
fn said(error: CommandError) -> String {
    format!("{:#}", error.error)
}
