//! `mprun remove`: takes a program away from those that are installed. What its
//! users stored stays, and so does the record of its versions: installed again, it
//! is the same program, and none that is older. Its name stays its publisher's too,
//! unless `--forget` says that another one may have it.

use std::fmt::Write as _;

use mprun_storage::Storage as _;

use super::registries;
use crate::{
    args::RemoveArgs,
    commands, env,
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
    // After it: nobody is to get a name under which something is installed.
    let released = args.forget && release(args)?;
    if removed.is_none() && !released {
        let and = if args.forget { ", and its name is nobody's" } else { "" };
        return Err(error::user(format_args!("`{app_id}` is not installed{and}")).hint("what is says: mprun list"));
    }

    let mut text = String::new();
    // Writing to a string cannot fail.
    if let Some(removed) = &removed {
        let _ = writeln!(text, "removed {app_id} {} ({})", removed.version_name, removed.version_code);
        let _ = writeln!(
            text,
            "what its users stored and the record of its versions are kept; its file goes with: mprun gc"
        );
        if !args.forget && !removed.development {
            let _ = writeln!(
                text,
                "its name stays its publisher's; to let another have it: mprun remove {app_id} --forget"
            );
        }
    }
    if args.forget {
        let _ = writeln!(text, "the name `{app_id}` is free: the next publisher whose program is used here has it");
        let _ = writeln!(text, "what is stored for the one before stays theirs, and is seen by no other program");
    }
    output::data(text.as_bytes())
}

/// Takes the name back from the publisher who has it. To look makes nothing.
fn release(args: &RemoveArgs) -> Result<bool, CommandError> {
    if !commands::data_path(&args.data)?.join(commands::DATA_FILE).is_file() {
        return Ok(false);
    }
    let storage = commands::open_storage(&args.data)?;
    commands::runtime()?
        .block_on(storage.release(&args.app_id))
        .map_err(|cause| error::internal(format!("the name `{}` is not free", args.app_id), cause))
}
