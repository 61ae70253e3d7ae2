//! Which keys replaced which, as far as it was recorded here.
//!
//! A statement is recorded when a program that its publisher signed is installed
//! or run, and kept for ever: the name of the publisher, and with it the data of
//! the publisher's programs, hangs on it. So only statements about the author's
//! own keys are recorded. Others (those of reviewers, or of strangers) are kept
//! beside the bundle that they came with and count for nothing else: otherwise
//! any author could bring in a statement about keys that were stolen from another.

use mprun_core::{
    identity::{AppId, ProgramId},
    trust::{Admitted, Lineages, Rotation, Standing, namespace},
};
use rusqlite::Connection;

use crate::{
    Attachments, RegistryError,
    index::{int, many, one, path_of, repair, run},
    versions,
};

/// All statements that were recorded.
pub(crate) fn recorded(index: &Connection) -> Result<Lineages, RegistryError> {
    let sql = "SELECT statement FROM rotations ORDER BY id";
    let texts = many(index, "reading the statements about keys", sql, (), |row| row.get::<_, String>(0))?;
    let damaged = |error: &dyn std::fmt::Display| RegistryError::Damaged {
        what: format!("a recorded statement about a replaced key: {error}"),
        repair: repair(&path_of(index)),
    };
    let mut lineages = Lineages::default();
    for text in texts {
        for rotation in Rotation::decode_all(&text).map_err(|error| damaged(&error))? {
            lineages.add(rotation).map_err(|error| damaged(&error))?;
        }
    }
    Ok(lineages)
}

/// The statements that came with a bundle, are about its author's keys, and are
/// not recorded yet.
///
/// # Errors
/// [`RegistryError::Rotation`] where one contradicts what is known,
/// [`RegistryError::LateRotation`] where one would rename installed programs, and
/// [`RegistryError::LineageMoved`] where the bundle was admitted under a name that
/// is not its publisher's.
pub(crate) fn unrecorded<'a>(
    index: &Connection,
    admitted: &Admitted,
    signed: &'a Attachments,
) -> Result<Vec<&'a Rotation>, RegistryError> {
    let Standing::Signed { author_key, .. } = admitted.standing() else {
        return Ok(Vec::new());
    };
    let mut lineages = recorded(index)?;
    let mut new = Vec::new();
    for rotation in &signed.rotations {
        if lineages.add(rotation.clone()).map_err(RegistryError::Rotation)? {
            new.push(rotation);
        }
    }
    let program = admitted.program_id();
    let root = lineages.root(author_key);
    if namespace(&root) != program.namespace() {
        return Err(RegistryError::LineageMoved { program: program.clone() });
    }
    // A lineage is a line: keys with one root are in one.
    new.retain(|rotation| lineages.root(rotation.new_key()) == root);
    for rotation in &new {
        if let Some(app_id) = installed_of(index, &namespace(rotation.new_key()))? {
            return Err(RegistryError::LateRotation { key: rotation.new_key().clone(), app_id });
        }
    }
    Ok(new)
}

/// Records what [`unrecorded`] has answered. What was seen of programs under the
/// name of a key that is a successor now counts for the program's publisher.
pub(crate) fn record(
    index: &Connection,
    program: &ProgramId,
    rotations: &[&Rotation],
    now: u64,
) -> Result<(), RegistryError> {
    for rotation in rotations {
        run(
            index,
            "recording a replaced key",
            "INSERT INTO rotations (old_key, new_key, statement, recorded_at) VALUES (?1, ?2, ?3, ?4)",
            (rotation.old().to_string(), rotation.new_key().to_string(), rotation.text(), int(now)),
        )?;
        versions::inherit(index, &namespace(rotation.new_key()), program.namespace())?;
    }
    Ok(())
}

/// A program that is installed under this namespace.
fn installed_of(index: &Connection, namespace: &str) -> Result<Option<AppId>, RegistryError> {
    let found = one(
        index,
        "looking for a publisher's programs",
        "SELECT app_id FROM installed WHERE namespace = ?1 ORDER BY app_id LIMIT 1",
        [namespace],
        |row| row.get::<_, String>(0),
    )?;
    found
        .map(|app_id| {
            app_id.parse().map_err(|error| RegistryError::Damaged {
                what: format!("an entry's name: {error}"),
                repair: repair(&path_of(index)),
            })
        })
        .transpose()
}
