//! `mprun list`: what is installed here, and what ever was.

use mprun_core::{render::escape, trust::Date};
use mprun_registry::{Installed, Listed, Record, RegistryError};
use serde_json::{Value, json};

use super::registries;
use crate::{args::ListArgs, error::CommandError, output};

/// Runs the command.
pub(crate) fn list(args: &ListArgs) -> Result<(), CommandError> {
    let registry = registries::open_existing(&args.data)?;
    let unread = |cause| registries::failed("cannot read what is installed", cause);
    if args.history {
        let records = registry.map_or(Ok(Vec::new()), |registry| registry.history(None)).map_err(unread)?;
        let rows = records.iter().map(record_row).collect();
        return show(args.json, records.iter().map(record_json).collect(), rows, "nothing was ever installed here");
    }
    let listed = registry.map(|registry| registry.list()).transpose().map_err(unread)?;
    let (programs, damaged) = listed.map_or_else(Default::default, |Listed { programs, damaged }| (programs, damaged));
    let empty = if damaged.is_empty() { "nothing is installed here" } else { "nothing else is installed here" };
    // One that cannot be read does not hide the others.
    for cause in damaged.into_iter().map(RegistryError::from) {
        output::warning(&escape::clean(&cause.to_string()));
        if let Some(hint) = cause.hint() {
            output::hint(&escape::clean(&hint));
        }
    }
    let rows = programs.iter().map(row).collect();
    show(args.json, programs.iter().map(to_json).collect(), rows, empty)
}

fn show(as_json: bool, json: Vec<Value>, rows: Vec<Vec<String>>, empty: &str) -> Result<(), CommandError> {
    if as_json {
        return output::data(format!("{:#}\n", Value::Array(json)).as_bytes());
    }
    if rows.is_empty() {
        // Not data: whoever counts lines counts none.
        output::note(empty);
        output::hint("install something: mprun install FILE");
        return Ok(());
    }
    output::data(output::table(&rows).as_bytes())
}

/// Name, version, by whom, size, since when.
fn row(installed: &Installed) -> Vec<String> {
    vec![
        installed.program.app_id().to_string(),
        format!("{} ({})", escape::clean(&installed.version_name), installed.version_code),
        signers(installed),
        output::size(usize::try_from(installed.bytes).unwrap_or(usize::MAX)),
        moment(installed.installed_at),
    ]
}

/// The keys that have signed, as they say themselves: who they are is for the trust
/// file to know, and decided whenever the program is used.
fn signers(installed: &Installed) -> String {
    if installed.development {
        return "unsigned, development".to_owned();
    }
    format!("signed by {}", key_ids(installed).join(", "))
}

fn key_ids(installed: &Installed) -> Vec<String> {
    installed.attachments.signatures.iter().map(|signature| signature.key_id().to_string()).collect()
}

fn to_json(installed: &Installed) -> Value {
    json!({
        "app_id": installed.program.app_id().as_str(),
        "program": installed.program.to_string(),
        "name": installed.manifest.name,
        "version": { "code": installed.version_code, "name": installed.version_name },
        "digest": installed.digest.to_string(),
        "bytes": installed.bytes,
        "installed_at": installed.installed_at,
        "source": installed.source,
        "development": installed.development,
        "key_ids": key_ids(installed),
    })
}

/// When, what, which program, version, digest, what it may do more.
fn record_row(record: &Record) -> Vec<String> {
    vec![
        moment(record.at),
        record.what.to_string(),
        record.program.to_string(),
        format!("({})", record.version_code),
        record.digest.to_string(),
        record.widenings.iter().map(|widening| format!("! {}", escape::clean(widening))).collect::<Vec<_>>().join("  "),
    ]
}

fn record_json(record: &Record) -> Value {
    json!({
        "at": record.at,
        "what": record.what.as_str(),
        "program": record.program.to_string(),
        "version_code": record.version_code,
        "digest": record.digest.to_string(),
        "widenings": record.widenings,
    })
}

/// Day and minute, UTC.
fn moment(unix_seconds: u64) -> String {
    let of_day = unix_seconds % 86_400;
    format!("{} {:02}:{:02}", Date::from_unix_seconds(unix_seconds), of_day / 3_600, of_day % 3_600 / 60)
}

#[cfg(test)]
mod tests {
    #[test]
    fn moments_are_days_and_minutes() {
        for (seconds, text) in [(0, "1970-01-01 00:00"), (1_795_380_049, "2026-11-22 20:40")] {
            assert_eq!(super::moment(seconds), text);
        }
    }
}
