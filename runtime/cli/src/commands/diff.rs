//! `mprun diff`: what an update changes. A power that the old one did not have is
//! marked, for whoever has to consent to it.

use mprun_core::bundle;

use crate::{args::DiffArgs, commands, error::CommandError, output};

/// Runs the command.
pub(crate) fn diff(args: &DiffArgs) -> Result<(), CommandError> {
    let (old, new) = (commands::read_verified(&args.old)?, commands::read_verified(&args.new)?);
    let difference = bundle::diff(&old, &new);
    let text = if args.json { format!("{:#}\n", serde_json::json!(difference)) } else { format!("{difference}\n") };
    output::data(text.as_bytes())
}
