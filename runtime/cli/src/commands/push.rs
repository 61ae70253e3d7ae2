//! `mprun push`: a bundle and what lies beside it go to a registry. Whether anybody
//! trusts it is for those to decide who pull it.

use super::{beside, registries};
use crate::{args::PushArgs, commands, error::CommandError, output};

/// Runs the command.
pub(crate) fn push(args: &PushArgs) -> Result<(), CommandError> {
    let bundle = commands::read_verified(&args.bundle)?;
    let attachments = beside::read(&args.bundle)?;
    let pushed = registries::push(&args.reference, &bundle, &attachments)?;
    let count = attachments.signatures.len();
    if count == 0 {
        output::warning("there is no signature beside it: others will refuse it");
        output::hint(&format!("sign it, and push it again: mprun sign {} --key KEY", args.bundle.display()));
    }
    let noun = if count == 1 { "signature" } else { "signatures" };
    output::data(
        format!(
            "pushed {}\n  artifact  {}\n  digest    {}\n  with      {count} {noun}\n",
            args.reference,
            pushed.digest,
            bundle.digest()
        )
        .as_bytes(),
    )
}
