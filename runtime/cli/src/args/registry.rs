//! What the commands of the registries can be told: the one of this machine, and
//! those that are reached over the network.

use std::path::PathBuf;

use clap::Args;
use mprun_core::identity::AppId;
use mprun_registry::oci::Reference;

use super::run::{DataArgs, TrustArgs};

pub(super) const INSTALL_EXAMPLES: &str = "\
Examples:
  mprun install coffee.wasm --trust trust.toml      a file that this trust file allows
  mprun install registry.example.com/shop/coffee:2  pulled from a registry, then the same
  mprun install coffee.wasm --dev                   a file of your own, unsigned

Then `mprun coffee` runs it, and `mprun serve` serves it with all others.";

pub(super) const PUSH_EXAMPLES: &str = "\
Examples:
  mprun push coffee.wasm registry.example.com/shop/coffee:2

The signatures beside the file go with it. Who you are says Docker's own
configuration: `docker login`, or $DOCKER_CONFIG/config.json.";

pub(super) const PULL_EXAMPLES: &str = "\
Examples:
  mprun pull registry.example.com/shop/coffee:2
  mprun pull registry.example.com/shop/coffee:2 -o new.wasm

Nothing is decided about what was pulled: `mprun verify` and `mprun install` do that.";

/// `mprun install`
#[derive(Debug, Args)]
pub(crate) struct InstallArgs {
    /// The mini-program: a `.wasm` file, or `HOST/REPOSITORY:TAG` of a registry
    #[arg(value_name = "FILE|REF")]
    pub(crate) source: PathBuf,

    #[command(flatten)]
    pub(crate) trust: TrustArgs,

    #[command(flatten)]
    pub(crate) data: DataArgs,
}

/// `mprun list`
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Print JSON, for other programs
    #[arg(long)]
    pub(crate) json: bool,

    /// What was ever installed, updated, downgraded and removed, oldest first
    #[arg(long)]
    pub(crate) history: bool,

    #[command(flatten)]
    pub(crate) data: DataArgs,
}

/// `mprun remove`
#[derive(Debug, Args)]
pub(crate) struct RemoveArgs {
    /// Which mini-program, as `mprun list` names it
    #[arg(value_name = "APP_ID")]
    pub(crate) app_id: AppId,

    /// Let another publisher have the name: it belongs to the one who had it first
    ///
    /// What is stored stays, under the identity of that publisher and for them alone.
    /// Also for a name under which nothing is installed any more.
    #[arg(long)]
    pub(crate) forget: bool,

    #[command(flatten)]
    pub(crate) data: DataArgs,
}

/// `mprun gc`
#[derive(Debug, Args)]
pub(crate) struct GcArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
}

/// `mprun push`
#[derive(Debug, Args)]
pub(crate) struct PushArgs {
    /// The bundle to push, a `.wasm` file
    #[arg(value_name = "BUNDLE")]
    pub(crate) bundle: PathBuf,

    /// Where to: `HOST[:PORT]/REPOSITORY:TAG`
    #[arg(value_name = "REF")]
    pub(crate) reference: Reference,
}

/// `mprun pull`
#[derive(Debug, Args)]
pub(crate) struct PullArgs {
    /// Where from: `HOST[:PORT]/REPOSITORY:TAG`, or `…@sha256:DIGEST`
    #[arg(value_name = "REF")]
    pub(crate) reference: Reference,

    /// The file to write; by default `<app_id>.wasm`. What is signed lies beside it
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Write over files that hold something else
    #[arg(long)]
    pub(crate) force: bool,
}

/// `mprun doctor`
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
}

#[cfg(test)]
mod tests {
    use crate::args::{
        Command,
        tests::{read, said},
    };

    #[test]
    fn registries_are_used_by_name() {
        assert!(matches!(read("mprun install a.wasm --dev"), Ok(Command::Install(args)) if args.trust.dev));
        assert!(matches!(read("mprun list --history"), Ok(Command::List(args)) if args.history && !args.json));
        assert!(matches!(read("mprun remove coffee"), Ok(Command::Remove(args)) if args.app_id.as_str() == "coffee"));
        for (line, forget) in [("mprun remove coffee", false), ("mprun remove coffee --forget", true)] {
            assert!(matches!(read(line), Ok(Command::Remove(args)) if args.forget == forget), "{line}");
        }
        assert!(matches!(read("mprun gc --data d"), Ok(Command::Gc(args)) if args.data.folder.is_some()));
        assert!(matches!(read("mprun push a.wasm localhost:5000/shop/a:1"), Ok(Command::Push(_))));
        assert!(matches!(read("mprun pull localhost:5000/a:1 --force"), Ok(Command::Pull(args)) if args.force));
        assert!(matches!(read("mprun doctor"), Ok(Command::Doctor(_))));
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for (line, expected) in [
            ("mprun remove Coffee!", "expected an app id"),
            ("mprun push a.wasm", "REF"),
            ("mprun install", "FILE|REF"),
        ] {
            let text = said(read(line));
            assert!(text.contains(expected), "{line}: {text}");
        }
    }
}
