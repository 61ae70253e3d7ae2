//! What is installed, as a running host sees it: the list from the registry, and
//! each program decided upon when it is first asked for, by the trust file as it is
//! then. A key that is revoked in the file counts for nothing a second later.

use std::sync::{Arc, Mutex, PoisonError};

use mprun_core::trust::Admitted;
use mprun_host::{Catalogue, Listing};
use mprun_registry::Registry;

use super::trust::{self, Policy, Unsigned};
use crate::{args::TrustArgs, error::CommandError};

/// The registry and the trust file of one server.
pub(crate) struct Installed {
    registry: Registry,
    args: TrustArgs,
    /// As of the last list.
    policy: Mutex<Policy>,
}

impl Installed {
    pub(crate) fn new(registry: Registry, args: TrustArgs) -> Result<Installed, CommandError> {
        let policy = Mutex::new(Policy::of(&args, Unsigned::Refused)?);
        Ok(Installed { registry, args, policy })
    }

    fn policy(&self) -> std::sync::MutexGuard<'_, Policy> {
        // Nothing panics while it is held.
        self.policy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Catalogue for Installed {
    fn generation(&self) -> Result<u64, String> {
        let installed = self.registry.generation().map_err(|error| error.to_string())?;
        let trusted = trust::stamp(self.args.file.as_deref()).map_err(said)?;
        // Two changes at once that cancel each other out are not to be had.
        Ok(installed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ trusted)
    }

    fn list(&self) -> Result<Vec<Listing>, String> {
        let decision = trust::stamp(self.args.file.as_deref()).map_err(said)?;
        let policy = Policy::of(&self.args, Unsigned::Refused).map_err(said)?;
        let installed = self.registry.list().map_err(|error| error.to_string())?;
        let (usable, unsigned): (Vec<_>, Vec<_>) =
            installed.into_iter().partition(|program| !program.development || policy.is_dev());
        for program in unsigned {
            tracing::warn!(program = %program.program, "installed unsigned, and not served without --dev");
        }
        *self.policy() = policy;
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

    fn admit(&self, listing: &Listing) -> Result<Admitted, String> {
        let found = self.registry.get(listing.program.app_id()).map_err(|error| error.to_string())?;
        let installed = found.ok_or("it is not installed any more")?;
        let bytes = self.registry.read(&installed.digest).map_err(|error| error.to_string())?;
        let known = self.registry.lineages().map_err(|error| error.to_string())?;
        self.policy().admit_installed(&installed, bytes, &known).map_err(said)
    }
}

/// A command's error on one line, for the log.
fn said(error: CommandError) -> String {
    format!("{:#}", error.error)
}
