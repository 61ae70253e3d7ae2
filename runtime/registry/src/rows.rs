//! Rows of installed programs and of the history: how they are written and how
//! they are believed. A row is checked as if it came from a stranger: names are
//! parsed, the manifest is parsed and compared with the other columns. One that is not
//! readable is [`Damage`] of its own, so that it hides no other row.

use std::collections::BTreeSet;

use mprun_core::{
    identity::{AppId, Digest, ProgramId},
    manifest::Manifest,
    trust::{Admitted, Rotation, Signature},
};
use rusqlite::{Connection, types::Type};

use crate::{
    Attachments, Damage, Installed, Record, RecordKind, RegistryError,
    index::{int, many, number, one, run},
};

/// Longest `source` that is kept, in characters.
const SOURCE_CHARS_MAX: usize = 1_024;

/// A row of `installed` as it is in the index: nothing of it is believed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) app_id: String,
    pub(crate) namespace: String,
    pub(crate) digest: Digest,
    pub(crate) version_code: u32,
    pub(crate) bytes: u64,
    pub(crate) installed_at: u64,
    pub(crate) source: String,
    /// Canonical JSON.
    pub(crate) manifest: Vec<u8>,
    /// A JSON list of texts.
    pub(crate) signatures: String,
    /// A JSON list of texts.
    pub(crate) rotations: String,
}

macro_rules! columns {
    () => {
        "app_id, namespace, digest, version_code, bytes, installed_at, source, manifest, signatures, rotations"
    };
}

impl Row {
    /// The row of a bundle.
    pub(crate) fn of(admitted: &Admitted, signed: &Attachments, source: &str, now: u64) -> Row {
        let bundle = admitted.bundle();
        let program = admitted.program_id();
        let signatures: serde_json::Value = signed.signatures.iter().map(Signature::text).collect();
        let rotations: serde_json::Value = signed.rotations.iter().map(Rotation::text).collect();
        Row {
            app_id: program.app_id().to_string(),
            namespace: program.namespace().to_owned(),
            digest: bundle.digest(),
            version_code: bundle.manifest().version.code,
            bytes: bundle.bytes().len() as u64,
            installed_at: now,
            source: source.chars().take(SOURCE_CHARS_MAX).collect(),
            manifest: bundle.manifest().to_canonical_json(),
            signatures: signatures.to_string(),
            rotations: rotations.to_string(),
        }
    }

    /// Never an error of the statement: other rows may follow.
    fn read(row: &rusqlite::Row<'_>) -> Result<Row, Damage> {
        Row::columns(row).map_err(|error| {
            let name = row.get_ref(0).ok().and_then(|name| name.as_bytes().ok()).unwrap_or_default();
            damage(&String::from_utf8_lossy(name), &error)
        })
    }

    fn columns(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
        Ok(Row {
            app_id: row.get(0)?,
            namespace: row.get(1)?,
            digest: Digest::from_bytes(row.get(2)?),
            version_code: row.get(3)?,
            bytes: number(row, 4)?,
            installed_at: number(row, 5)?,
            source: row.get(6)?,
            manifest: row.get(7)?,
            signatures: row.get(8)?,
            rotations: row.get(9)?,
        })
    }

    /// Whose program it is.
    pub(crate) fn program(&self) -> Result<ProgramId, Damage> {
        let app_id: AppId = self.app_id.parse().map_err(|error| self.damaged(&error))?;
        ProgramId::new(&self.namespace, app_id).map_err(|error| self.damaged(&error))
    }

    /// What the row says, checked.
    pub(crate) fn decode(self) -> Result<Installed, Damage> {
        let program = self.program()?;
        let manifest = Manifest::parse(&self.manifest).map_err(|error| self.damaged(&error))?;
        if manifest.app_id != *program.app_id() || manifest.version.code != self.version_code {
            return Err(self.damaged(&"its manifest is that of another bundle"));
        }
        let mut attachments = Attachments::default();
        for text in self.texts(&self.signatures)? {
            attachments.signatures.push(Signature::decode(&text).map_err(|error| self.damaged(&error))?);
        }
        for text in self.texts(&self.rotations)? {
            attachments.rotations.extend(Rotation::decode_all(&text).map_err(|error| self.damaged(&error))?);
        }
        Ok(Installed {
            digest: self.digest,
            version_code: self.version_code,
            version_name: manifest.version.name.clone(),
            manifest,
            bytes: self.bytes,
            installed_at: self.installed_at,
            development: is_development(&program),
            program,
            source: self.source,
            attachments,
        })
    }

    fn texts(&self, json: &str) -> Result<Vec<String>, Damage> {
        serde_json::from_str(json).map_err(|error| self.damaged(&error))
    }

    fn damaged(&self, error: &dyn std::fmt::Display) -> Damage {
        damage(&self.app_id, error)
    }
}

fn damage(app_id: &str, error: &dyn std::fmt::Display) -> Damage {
    Damage { app_id: app_id.escape_debug().to_string(), what: error.to_string() }
}

/// Whether the rule of versions and the record of keys are not for this program:
/// nobody has signed it.
pub(crate) fn is_development(program: &ProgramId) -> bool {
    program.namespace() == mprun_core::identity::NAMESPACE_DEV
}

pub(crate) fn installed(index: &Connection, app_id: &AppId) -> Result<Option<Result<Row, Damage>>, RegistryError> {
    one(
        index,
        "looking for a program",
        concat!("SELECT ", columns!(), " FROM installed WHERE app_id = ?1"),
        [app_id.as_str()],
        |row| Ok(Row::read(row)),
    )
}

pub(crate) fn all_installed(index: &Connection) -> Result<Vec<Result<Row, Damage>>, RegistryError> {
    let sql = concat!("SELECT ", columns!(), " FROM installed ORDER BY app_id");
    many(index, "listing programs", sql, (), |row| Ok(Row::read(row)))
}

/// The bundles of all installed programs.
pub(crate) fn named(index: &Connection) -> Result<BTreeSet<Digest>, RegistryError> {
    let digests =
        many(index, "listing bundles", "SELECT digest FROM installed", (), |row| Ok(Digest::from_bytes(row.get(0)?)))?;
    Ok(digests.into_iter().collect())
}

/// Makes `row` the installed program of its `app_id`.
pub(crate) fn put(index: &Connection, row: &Row) -> Result<(), RegistryError> {
    run(
        index,
        "writing a program",
        concat!("INSERT OR REPLACE INTO installed (", columns!(), ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"),
        (
            &row.app_id,
            &row.namespace,
            row.digest.as_bytes(),
            row.version_code,
            int(row.bytes),
            int(row.installed_at),
            &row.source,
            &row.manifest,
            &row.signatures,
            &row.rotations,
        ),
    )?;
    Ok(())
}

pub(crate) fn remove(index: &Connection, app_id: &AppId) -> Result<(), RegistryError> {
    run(index, "removing a program", "DELETE FROM installed WHERE app_id = ?1", [app_id.as_str()])?;
    Ok(())
}

/// Counts a change of what is installed.
pub(crate) fn count_change(index: &Connection) -> Result<(), RegistryError> {
    run(index, "counting a change", "UPDATE state SET generation = generation + 1", ())?;
    Ok(())
}

pub(crate) fn generation(index: &Connection) -> Result<u64, RegistryError> {
    let found =
        one(index, "reading the generation", "SELECT generation FROM state WHERE id = 1", (), |row| number(row, 0))?;
    found.ok_or_else(|| RegistryError::Damaged {
        what: "the index has no generation".to_owned(),
        repair: crate::index::repair(&crate::index::path_of(index)),
    })
}

/// The numbers that stand for kinds in rows: never given to another kind.
fn kind_number(kind: RecordKind) -> i64 {
    match kind {
        RecordKind::Installed => 1,
        RecordKind::Updated => 2,
        RecordKind::Downgraded => 3,
        RecordKind::Removed => 4,
    }
}

macro_rules! record_columns {
    () => {
        "at, namespace, app_id, what, digest, version_code, widenings"
    };
}

/// Writes into the history.
pub(crate) fn record(index: &Connection, record: &Record) -> Result<(), RegistryError> {
    let widenings: serde_json::Value = record.widenings.iter().map(String::as_str).collect();
    run(
        index,
        "writing the history",
        concat!("INSERT INTO history (", record_columns!(), ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"),
        (
            int(record.at),
            record.program.namespace(),
            record.program.app_id().as_str(),
            kind_number(record.what),
            record.digest.as_bytes(),
            record.version_code,
            widenings.to_string(),
        ),
    )?;
    Ok(())
}

/// The history, oldest first; of one `app_id`, or all.
pub(crate) fn history(index: &Connection, app_id: Option<&AppId>) -> Result<Vec<Record>, RegistryError> {
    many(
        index,
        "reading the history",
        concat!("SELECT ", record_columns!(), " FROM history WHERE ?1 IS NULL OR app_id = ?1 ORDER BY id"),
        [app_id.map(AppId::as_str)],
        read_record,
    )
}

/// What was last written into the history about a program.
pub(crate) fn last_record(index: &Connection, program: &ProgramId) -> Result<Option<Record>, RegistryError> {
    one(
        index,
        "reading the history",
        concat!(
            "SELECT ",
            record_columns!(),
            " FROM history WHERE app_id = ?1 AND namespace = ?2 ORDER BY id DESC LIMIT 1"
        ),
        [program.app_id().as_str(), program.namespace()],
        read_record,
    )
}

fn read_record(row: &rusqlite::Row<'_>) -> rusqlite::Result<Record> {
    let namespace: String = row.get(1)?;
    let app_id: String = row.get(2)?;
    let app_id = app_id.parse().map_err(|error| unreadable(2, error))?;
    let what = match row.get(3)? {
        1 => RecordKind::Installed,
        2 => RecordKind::Updated,
        3 => RecordKind::Downgraded,
        4 => RecordKind::Removed,
        other => return Err(rusqlite::Error::IntegralValueOutOfRange(3, other)),
    };
    let widenings: String = row.get(6)?;
    let widenings = serde_json::from_str(&widenings)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(6, Type::Text, Box::new(error)))?;
    Ok(Record {
        at: number(row, 0)?,
        program: ProgramId::new(&namespace, app_id).map_err(|error| unreadable(1, error))?,
        what,
        digest: Digest::from_bytes(row.get(4)?),
        version_code: row.get(5)?,
        widenings,
    })
}

fn unreadable(column: usize, error: mprun_core::identity::IdentityError) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
}
