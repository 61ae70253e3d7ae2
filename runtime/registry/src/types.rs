//! What goes into the registry and what comes out of it.

use std::fmt;

use mprun_core::{
    identity::{Digest, ProgramId},
    manifest::Manifest,
    trust::{ROTATIONS_MAX, Rotation, SIGNATURES_MAX, Signature},
};

use crate::RegistryError;

/// Whether a version may be lower than the highest that was ever seen here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Downgrade {
    /// It may not: old versions have known holes.
    Refused,
    /// It may, and the history says so.
    Allowed,
}

/// What came with a bundle.
#[derive(Debug, Default, Clone)]
pub struct Attachments {
    /// Detached signatures, verified or not: whoever loads the program judges them
    /// again. At most [`SIGNATURES_MAX`].
    pub signatures: Vec<Signature>,
    /// Statements about keys that were replaced; of those that came with the bundle,
    /// the ones that count here ([`mprun_core::trust::Known::used`]). At most
    /// [`ROTATIONS_MAX`].
    pub rotations: Vec<Rotation>,
}

impl Attachments {
    /// Refuses more than a row should hold.
    pub(crate) fn check(&self) -> Result<(), RegistryError> {
        for (what, max, got) in [
            ("signatures", SIGNATURES_MAX, self.signatures.len()),
            ("statements about replaced keys", ROTATIONS_MAX, self.rotations.len()),
        ] {
            if got > max {
                return Err(RegistryError::TooMany { what, max, got });
            }
        }
        Ok(())
    }
}

/// What an installation has changed.
#[derive(Debug, Clone)]
#[allow(clippy::large_enum_variant, reason = "one is made per installation, and looked at once")]
pub enum Outcome {
    /// The bundle is the installed one now.
    Installed {
        /// What was installed before; nothing, too, where its entry was unreadable.
        before: Option<Installed>,
        /// What the program may do more than the one before, a line for each, as
        /// [`mprun_core::bundle::Difference::widenings`] says it. Where the file before
        /// cannot be read, one line that says so. Kept in the history.
        widenings: Vec<String>,
    },
    /// The same bundle was installed already. Its attachments are those that came
    /// with it now, and its file is whole again if it was not.
    AlreadyInstalled,
}

/// An installed program.
#[derive(Debug, Clone)]
pub struct Installed {
    /// Whose program it is, as it was decided when it was installed.
    pub program: ProgramId,
    /// The bundle; [`crate::Registry::read`] has its bytes.
    pub digest: Digest,
    /// The manifest's `version.code`.
    pub version_code: u32,
    /// The manifest's `version.name`.
    pub version_name: String,
    /// A copy of the bundle's manifest, for lists. What the program may do is
    /// decided by the bundle itself.
    pub manifest: Manifest,
    /// Size of the bundle, in bytes.
    pub bytes: u64,
    /// When it was installed, in seconds since 1970, UTC.
    pub installed_at: u64,
    /// Where it came from, as the caller has said: a path or a reference.
    pub source: String,
    /// What came with it last.
    pub attachments: Attachments,
    /// Whether it is an unsigned program, of the namespace `dev`.
    pub development: bool,
}

/// What [`crate::Registry::list`] has found.
#[derive(Debug, Clone, Default)]
pub struct Listed {
    /// The installed programs, by `app_id`.
    pub programs: Vec<Installed>,
    /// Entries that nobody can read. They hide no others, and are gone when they are
    /// removed, or when the program is installed again.
    pub damaged: Vec<Damage>,
}

/// An entry that is not what was written. As a [`RegistryError`] it has a hint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The program's name as the entry has it, with everything escaped that is not
    /// printable: nobody has checked it.
    pub app_id: String,
    /// What is wrong with it.
    pub what: String,
}

impl From<Damage> for RegistryError {
    fn from(damage: Damage) -> RegistryError {
        let Damage { app_id, what } = damage;
        RegistryError::Damaged {
            what: format!("the entry of `{app_id}`: {what}"),
            repair: format!(
                "remove it and install it again from its file: mprun remove {app_id}, then mprun install FILE"
            ),
        }
    }
}

/// What [`crate::Registry::collect`] has removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Collected {
    /// How many files.
    pub files: u64,
    /// Their size together, in bytes.
    pub bytes: u64,
}

/// What [`crate::Registry::check`] has looked at, and found as it should be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Checked {
    /// Installed programs.
    pub programs: u64,
    /// Their bundles together, in bytes.
    pub bytes: u64,
    /// Files that nothing names; [`crate::Registry::collect`] would remove them.
    pub orphans: Collected,
}

/// An entry of the history, which is kept for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// When, in seconds since 1970, UTC.
    pub at: u64,
    /// Whose program.
    pub program: ProgramId,
    /// What happened.
    pub what: RecordKind,
    /// The bundle that was installed, run or removed.
    pub digest: Digest,
    /// Its `version.code`.
    pub version_code: u32,
    /// What it may do more than the bundle in whose place it was installed, as
    /// [`Outcome::Installed`] has said it. Kept for the question whether somebody has
    /// agreed to it.
    pub widenings: Vec<String>,
}

/// What a [`Record`] tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RecordKind {
    /// Installed where nothing was.
    Installed,
    /// Installed in the place of another bundle.
    Updated,
    /// Installed, or run without being installed, although a higher version was
    /// seen here before: somebody has allowed it. Also where it was installed already,
    /// before the higher one was seen.
    Downgraded,
    /// Removed.
    Removed,
}

impl RecordKind {
    /// The word for it: `installed`, `updated`, `downgraded`, `removed`.
    pub const fn as_str(self) -> &'static str {
        match self {
            RecordKind::Installed => "installed",
            RecordKind::Updated => "updated",
            RecordKind::Downgraded => "downgraded",
            RecordKind::Removed => "removed",
        }
    }
}

impl fmt::Display for RecordKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
