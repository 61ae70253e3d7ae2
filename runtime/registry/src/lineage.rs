//! Which keys replaced which, as far as it was recorded here.
//!
//! A statement is recorded when a program that its publisher signed is installed or
//! run, whoever's keys it is about: the publisher's, so that the program keeps its name
//! and its data, and the reviewers', so that a program that a new key has reviewed can
//! be loaded again, and that an old key reviews nothing new for anybody. Which
//! statements mean something here is decided before, by
//! [`Trust::known`](mprun_core::trust::Trust::known): what leads to no key of the trust
//! file never gets here. What is recorded stays, until the trust file revokes its new
//! key and makes it void.
//!
//! What unsigned programs bring is nobody's word, and is not recorded.

use mprun_core::{
    identity::AppId,
    trust::{Admitted, Lineages, Rotation, Standing, namespace},
};
use rusqlite::Connection;

use crate::{
    Attachments, RegistryError,
    index::{int, many, one, path_of, repair, run},
    versions,
};

/// All statements that were recorded, in the order in which they were.
pub(crate) fn recorded(index: &Connection) -> Result<Vec<Rotation>, RegistryError> {
    let (rotations, _) = read(index)?;
    Ok(rotations)
}

/// The statements, and what they mean together: none contradicts another.
fn read(index: &Connection) -> Result<(Vec<Rotation>, Lineages), RegistryError> {
    let sql = "SELECT statement FROM rotations ORDER BY id";
    let texts = many(index, "reading the statements about keys", sql, (), |row| row.get::<_, String>(0))?;
    let damaged = |error: &dyn std::fmt::Display| RegistryError::Damaged {
        what: format!("a recorded statement about a replaced key: {error}"),
        repair: repair(&path_of(index)),
    };
    let (mut rotations, mut lineages) = (Vec::new(), Lineages::default());
    for text in texts {
        for rotation in Rotation::decode_all(&text).map_err(|error| damaged(&error))? {
            lineages.add(rotation.clone()).map_err(|error| damaged(&error))?;
            rotations.push(rotation);
        }
    }
    Ok((rotations, lineages))
}

/// The statements that came with a bundle and have to be recorded.
///
/// # Errors
/// [`RegistryError::Rotation`] where one contradicts what is known,
/// [`RegistryError::LateRotation`] where one would rename installed programs of the
/// bundle's author, and [`RegistryError::LineageMoved`] where the bundle was admitted
/// under a name that is not its publisher's.
pub(crate) fn unrecorded<'a>(
    index: &Connection,
    admitted: &Admitted,
    signed: &'a Attachments,
) -> Result<Vec<&'a Rotation>, RegistryError> {
    let Standing::Signed { author_key, .. } = admitted.standing() else {
        return Ok(Vec::new());
    };
    let (_, mut lineages) = read(index)?;
    let mut added = Vec::new();
    for rotation in &signed.rotations {
        if lineages.add(rotation.clone()).map_err(RegistryError::Rotation)? {
            added.push(rotation);
        }
    }
    let program = admitted.program_id();
    let root = lineages.root(author_key);
    if namespace(&root) != program.namespace() {
        return Err(RegistryError::LineageMoved { program: program.clone() });
    }
    let mut new = Vec::new();
    for rotation in added {
        match installed_of(index, &namespace(rotation.new_key()))? {
            None => new.push(rotation),
            // A lineage is a line: keys with one root are in one.
            Some(app_id) if lineages.root(rotation.new_key()) == root => {
                return Err(RegistryError::LateRotation { key: rotation.new_key().clone(), app_id });
            }
            // Nor does it rename the programs of somebody else. But that is no fault of
            // this bundle, beside which anybody may have put it.
            Some(_) => {}
        }
    }
    Ok(new)
}

/// Records what [`unrecorded`] has answered. What was seen of programs under the name
/// of a key that is a successor now counts for its publisher.
pub(crate) fn record(index: &Connection, rotations: &[&Rotation], now: u64) -> Result<(), RegistryError> {
    if rotations.is_empty() {
        return Ok(());
    }
    for rotation in rotations {
        run(
            index,
            "recording a replaced key",
            "INSERT INTO rotations (old_key, new_key, statement, recorded_at) VALUES (?1, ?2, ?3, ?4)",
            (rotation.old().to_string(), rotation.new_key().to_string(), rotation.text(), int(now)),
        )?;
    }
    let (_, lineages) = read(index)?;
    for rotation in rotations {
        let publisher = lineages.root(rotation.new_key());
        versions::inherit(index, &namespace(rotation.new_key()), &namespace(&publisher))?;
    }
    Ok(())
}

/// Forgets these statements; answers how many there were. The versions that were seen
/// by them stay: that a bundle was here is true whoever signed it.
pub(crate) fn strike(index: &Connection, void: &[Rotation]) -> Result<usize, RegistryError> {
    let mut gone = 0;
    for rotation in void {
        gone += run(
            index,
            "forgetting a void statement about a key",
            "DELETE FROM rotations WHERE old_key = ?1 AND new_key = ?2",
            [rotation.old().to_string(), rotation.new_key().to_string()],
        )?;
    }
    Ok(gone)
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
