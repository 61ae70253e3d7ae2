//! `mprun remove`: takes a program away from those that are installed. What its
//! users stored stays, and so does the record of its versions: installed again, it
//! is the same program, and none that is older.

use super::registries;
use crate::{
    args::RemoveArgs,
    env,
    error::{self, CommandError},
    output,
};

/// Runs the command.
pub(crate) fn remove(args: &RemoveArgs) -> Result<(), CommandError> {
    let app_id = &args.app_id;
    let removed = match registries::open_existing(&args.data)? {
        Some(registry) => registry
            .remove(app_id, env::unix_seconds())
            .map_err(|cause| registries::failed(format!("`{app_id}` is not removed"), cause))?,
        None => None,
    };
    let Some(removed) = removed else {
        return Err(error::user(format_args!("`{app_id}` is not installed")).hint("what is says: mprun list"));
    };
    output::data(
        format!(
            "removed {app_id} {} ({})\nwhat its users stored and the record of its versions are kept; \
             its file goes with: mprun gc\n",
            removed.version_name, removed.version_code
        )
        .as_bytes(),
    )
}
