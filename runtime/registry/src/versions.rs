//! The rule of versions: of each program, the highest version that was ever seen
//! here is remembered for ever, also after it was removed. A lower one is refused
//! unless somebody says that it may be, and one version is one bundle. The rule is
//! asked before something is installed or run, and again whenever something that is
//! installed is loaded: a version that was good when it was installed is an old one as
//! soon as a higher one was seen.
//!
//! Unsigned programs are free of it: anybody may write any version into them, so
//! that a rule would protect nobody.

use mprun_core::{
    identity::{Digest, ProgramId},
    manifest::Version,
    trust::Admitted,
};
use rusqlite::{Connection, OptionalExtension};

use crate::{
    Downgrade, RecordKind, RegistryError,
    index::{failed, int, run},
    rows::{self, is_development},
};

/// What the rule says of a bundle that may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Judged {
    /// Whether this version has to be remembered: it was never seen here.
    pub(crate) unseen: bool,
    /// Whether a higher one was seen here.
    pub(crate) lower: bool,
}

/// Asks the rule.
///
/// # Errors
/// [`RegistryError::Lower`] and [`RegistryError::SameCode`].
pub(crate) fn judge(index: &Connection, admitted: &Admitted, downgrade: Downgrade) -> Result<Judged, RegistryError> {
    let program = admitted.program_id();
    if is_development(program) {
        return Ok(Judged { unseen: false, lower: false });
    }
    let bundle = admitted.bundle();
    let version = &bundle.manifest().version;
    let highest = highest(index, program)?;
    let lower = highest.is_some_and(|highest| version.code < highest);
    if lower && downgrade == Downgrade::Refused {
        return Err(refusal(program, version, highest.unwrap_or_default()));
    }
    let known = digest_of(index, program, version.code)?;
    if let Some(known) = known.filter(|known| *known != bundle.digest()) {
        return Err(RegistryError::SameCode {
            app_id: program.app_id().clone(),
            code: version.code,
            known,
            got: bundle.digest(),
        });
    }
    Ok(Judged { unseen: known.is_none(), lower })
}

/// The highest version that was seen here, where it is higher than `code` and nobody
/// has allowed this bundle since: the last thing that happened to the program is not
/// that somebody went back to it.
pub(crate) fn superseded(
    index: &Connection,
    program: &ProgramId,
    digest: &Digest,
    code: u32,
) -> Result<Option<u32>, RegistryError> {
    if is_development(program) {
        return Ok(None);
    }
    let Some(highest) = highest(index, program)?.filter(|highest| code < *highest) else { return Ok(None) };
    let last = rows::last_record(index, program)?;
    let is_allowed = last.is_some_and(|last| last.what == RecordKind::Downgraded && last.digest == *digest);
    Ok((!is_allowed).then_some(highest))
}

/// Says that a version is too low.
pub(crate) fn refusal(program: &ProgramId, version: &Version, highest: u32) -> RegistryError {
    RegistryError::Lower {
        app_id: program.app_id().clone(),
        code: version.code,
        highest,
        version: version.name.clone(),
    }
}

/// Remembers that a version was seen. The caller has asked [`judge`].
pub(crate) fn remember(index: &Connection, admitted: &Admitted, now: u64) -> Result<(), RegistryError> {
    let program = admitted.program_id();
    run(
        index,
        "remembering a version",
        "INSERT INTO versions (namespace, app_id, version_code, digest, seen_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        (
            program.namespace(),
            program.app_id().as_str(),
            admitted.bundle().manifest().version.code,
            admitted.bundle().digest().as_bytes(),
            int(now),
        ),
    )?;
    Ok(())
}

/// What was seen of the programs of `from` counts for those of `to` as well: the
/// two turned out to be one publisher. Where both have a version, that of `to`
/// stays.
pub(crate) fn inherit(index: &Connection, from: &str, to: &str) -> Result<(), RegistryError> {
    run(
        index,
        "remembering versions",
        "INSERT OR IGNORE INTO versions (namespace, app_id, version_code, digest, seen_at)
         SELECT ?2, app_id, version_code, digest, seen_at FROM versions WHERE namespace = ?1",
        [from, to],
    )?;
    Ok(())
}

/// The bundle that is this version of the program, if one was seen.
pub(crate) fn digest_of(index: &Connection, program: &ProgramId, code: u32) -> Result<Option<Digest>, RegistryError> {
    let failed = failed(index, "looking for a version");
    let found: Option<[u8; 32]> = index
        .prepare_cached("SELECT digest FROM versions WHERE namespace = ?1 AND app_id = ?2 AND version_code = ?3")
        .map_err(&failed)?
        .query_row((program.namespace(), program.app_id().as_str(), code), |row| row.get(0))
        .optional()
        .map_err(&failed)?;
    Ok(found.map(Digest::from_bytes))
}

fn highest(index: &Connection, program: &ProgramId) -> Result<Option<u32>, RegistryError> {
    let failed = failed(index, "looking for the highest version");
    index
        .prepare_cached("SELECT max(version_code) FROM versions WHERE namespace = ?1 AND app_id = ?2")
        .map_err(&failed)?
        .query_row((program.namespace(), program.app_id().as_str()), |row| row.get(0))
        .map_err(&failed)
}
