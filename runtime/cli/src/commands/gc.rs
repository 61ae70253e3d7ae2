//! `mprun gc`: deletes the files of what is not installed any more.

use mprun_registry::Collected;

use super::registries;
use crate::{args::GcArgs, error::CommandError, output};

/// Runs the command.
pub(crate) fn gc(args: &GcArgs) -> Result<(), CommandError> {
    let collected = match registries::open_existing(&args.data)? {
        Some(registry) => registry.collect().map_err(|cause| registries::failed("the files are not deleted", cause))?,
        None => Collected::default(),
    };
    let noun = if collected.files == 1 { "file" } else { "files" };
    let size = output::size(usize::try_from(collected.bytes).unwrap_or(usize::MAX));
    output::data(format!("deleted {} {noun}, {size}\n", collected.files).as_bytes())
}
