//! Says why the registry refused or failed, and what to do about it. Refusals by
//! rule (versions, identities) and failures of the machine are apart, so that a
//! caller can tell the user whose turn it is.

use std::{error::Error, io};

use mprun_core::{
    identity::{AppId, Digest, ProgramId},
    trust::{PublicKey, RotationError},
};

use crate::index::BUSY_SECONDS;

/// What to do where this process may not read or write.
const OWNER: &str = "run it as the user who owns the data folder, or name another one with MPRUN_DATA";

/// Why something was not done. Unless a message says otherwise, the registry is
/// as it was before.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// Another process changes the registry for longer than we wait.
    #[error("the registry has been in use by another process for {BUSY_SECONDS} seconds")]
    Busy,
    /// A disk, quota or file size limit is used up.
    #[error("there is no space for {what}: {reason}")]
    Full {
        /// What should have been written.
        what: String,
        /// The operating system's or SQLite's words.
        reason: String,
    },
    /// This process may not write there.
    #[error("the registry may not be written: {what}: {reason}")]
    ReadOnly {
        /// What was tried.
        what: String,
        /// The operating system's or SQLite's words.
        reason: String,
    },
    /// Something is there, and is not what was written.
    #[error("the registry is damaged: {what}")]
    Damaged {
        /// Which part, and what was expected.
        what: String,
        /// What repairs it.
        repair: String,
    },
    /// The index was written by a newer version of this program.
    #[error("the registry has schema version {found}, expected at most {known}")]
    Newer {
        /// The version found.
        found: i64,
        /// The newest version that this program knows.
        known: i64,
    },
    /// Older than what was seen here before, and nobody has allowed it
    /// ([`crate::Downgrade::Refused`]).
    #[error("`{app_id}` {version} has version code {code}, but code {highest} was seen here before")]
    Lower {
        /// The program.
        app_id: AppId,
        /// The `version.code` of the bundle.
        code: u32,
        /// The highest `version.code` of this program that was ever seen here.
        highest: u32,
        /// The `version.name` of the bundle.
        version: String,
    },
    /// Two different bundles say that they are the same version of a program.
    #[error("another bundle is version code {code} of `{app_id}` here: expected digest {known}, got {got}")]
    SameCode {
        /// The program.
        app_id: AppId,
        /// The `version.code` of both.
        code: u32,
        /// The digest of the one that was seen first.
        known: Digest,
        /// The digest of this one.
        got: Digest,
    },
    /// The installed program of this `app_id` is somebody else's.
    #[error("`{app_id}` is installed already as the program of another publisher, `{installed}`")]
    OtherProgram {
        /// The `app_id` of both.
        app_id: AppId,
        /// Whose program is installed.
        installed: ProgramId,
    },
    /// A statement says that a key replaced another, but here programs are
    /// installed already with that key as the first of its publisher: the
    /// statement would give them another identity, and so other data.
    #[error("the statement that `{key}` replaced another key comes too late: `{app_id}` is installed without it")]
    LateRotation {
        /// The key that is said to be a successor.
        key: PublicKey,
        /// A program that is installed as that of this key.
        app_id: AppId,
    },
    /// A statement about a replaced key contradicts what is known here.
    #[error("a statement about a replaced key contradicts what is recorded here: {0}")]
    Rotation(RotationError),
    /// What was admitted is named by other keys than those that are known here:
    /// another process has just recorded that a key was replaced.
    #[error("the publisher of `{program}` is known here by another key")]
    LineageMoved {
        /// The name that the caller was given.
        program: ProgramId,
    },
    /// More attachments than may be kept.
    #[error("expected at most {max} {what}, got {got}")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// How much there may be.
        max: usize,
        /// How much there is.
        got: usize,
    },
    /// No installed program has this bundle (any more).
    #[error("no installed program has the bundle {digest}")]
    NotInstalled {
        /// The bundle.
        digest: Digest,
    },
    /// The operating system gave no random bytes.
    #[error("no random bytes for the name of a file")]
    Random,
    /// Anything else that the machine could not do.
    #[error("{what} failed")]
    Io {
        /// What was being done.
        what: String,
        /// The operating system's or SQLite's error.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl RegistryError {
    /// What the user can do about it, where that is clear.
    pub fn hint(&self) -> Option<String> {
        match self {
            RegistryError::Busy => Some("try again when the other `mprun` is done".to_owned()),
            RegistryError::Full { .. } => Some(
                "make room on the disk; `mprun gc` removes the files of programs that are not installed".to_owned(),
            ),
            RegistryError::ReadOnly { .. } => Some(OWNER.to_owned()),
            RegistryError::Damaged { repair, .. } => Some(repair.clone()),
            RegistryError::Newer { .. } => {
                Some("use the newer mprun that wrote it, or name another data folder with MPRUN_DATA".to_owned())
            }
            RegistryError::Lower { .. } => Some(
                "older versions may have holes that are known: use the newer one; to use this one nevertheless, run \
                 its file, or install it again, with --allow-downgrade"
                    .to_owned(),
            ),
            RegistryError::SameCode { .. } => Some(
                "each release needs a `version.code` of its own: ask the author for one with a higher code".to_owned(),
            ),
            RegistryError::OtherProgram { app_id, .. } => Some(format!(
                "to install this one in its place, remove the other first, and give its name free: \
                 mprun remove {app_id} --forget"
            )),
            RegistryError::LateRotation { app_id, .. } => Some(format!(
                "leave the statement out (the file `.rotation` beside the bundle), or remove the program first; \
                 installed again, it begins without its data: mprun remove {app_id} --forget"
            )),
            RegistryError::Rotation(error) => error.hint(),
            RegistryError::LineageMoved { .. } => Some("try again".to_owned()),
            RegistryError::Io { source, .. } => {
                let denied =
                    source.downcast_ref::<io::Error>().map(io::Error::kind) == Some(io::ErrorKind::PermissionDenied);
                Some(if denied { OWNER } else { "see whether the disk is full or failing" }.to_owned())
            }
            RegistryError::TooMany { .. } | RegistryError::NotInstalled { .. } | RegistryError::Random => None,
        }
    }

    /// A write that the operating system did not do.
    pub(crate) fn writing(what: String) -> impl FnOnce(io::Error) -> RegistryError {
        move |error| match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                RegistryError::Full { what, reason: error.to_string() }
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                RegistryError::ReadOnly { what, reason: error.to_string() }
            }
            _ => RegistryError::Io { what: format!("writing {what}"), source: Box::new(error) },
        }
    }

    /// A read that the operating system did not do.
    pub(crate) fn reading(what: String) -> impl FnOnce(io::Error) -> RegistryError {
        move |error| RegistryError::Io { what: format!("reading {what}"), source: Box::new(error) }
    }
}
