//! Decides what a command line can say: every command, flag, default and unit,
//! and the help that a newcomer works from. Values are checked here, so that the
//! commands see only ones that make sense.
//!
//! One file for each group of commands, in the order of the help: [`run`] things,
//! [`author`] them, keep them in a [`registry`]. [`mistakes`] answers the rest.

mod author;
mod mistakes;
mod registry;
mod run;

use std::ffi::OsString;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

pub(crate) use self::{
    author::{
        BuildArgs, DevArgs, DiffArgs, InspectArgs, KeyArgs, KeyCommand, KeyGenerateArgs, KeyRotateArgs, KeyShowArgs,
        NewArgs, SignArgs, VerifyArgs,
    },
    mistakes::End,
    registry::{DoctorArgs, GcArgs, InstallArgs, ListArgs, PullArgs, PushArgs, RemoveArgs},
    run::{Address, DataArgs, Format, MEMORY_MIB_MAX, RunArgs, ServeArgs, TrustArgs},
};
use crate::env;

const EXAMPLES: &str = "\
Examples:
  mprun coffee.wasm                        use a mini-program in this terminal
  mprun coffee.wasm --page menu | less     print one of its pages as text
  mprun coffee.wasm --format html > a.html … or as HTML
  mprun serve coffee.wasm --dev            use it in a browser: http://127.0.0.1:7878
  mprun new shop && cd shop && mprun dev   write one, and see every change at once
  mprun build samples/hello                make a bundle from its source
  mprun inspect coffee.wasm                what it is, what it may do, what it costs
  mprun key generate                       make a key, then
  mprun sign coffee.wasm --key mprun.key   say that the bundle is yours
  mprun install coffee.wasm                keep it here: `mprun coffee` runs it then

On the screen: Tab and arrows move, Enter presses, typing fills in, Space switches,
Esc goes back, 1 to 5 open tabs, PgUp and PgDn scroll, q or Ctrl-C quits.

A file that is named like a command is run by its path: mprun ./serve

Whose mini-programs may be used says a trust file: --trust, else $MPRUN_TRUST, else
$XDG_CONFIG_HOME/mprun/trust.toml. Without one, `mprun FILE` runs unsigned files of
yours; serve and install need --dev for them.

Exit codes: 0 done; 1 the error says what to do; 2 the command line makes no sense;
3 nobody reads the output any more; 255 a failure of mprun or of this machine.";

/// Run mini-programs: WebAssembly components that can do only what they were
/// granted, shown in a terminal or served as HTML.
#[derive(Debug, Parser)]
#[command(
    name = "mprun",
    version,
    max_term_width = 100,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    arg_required_else_help = true,
    subcommand_help_heading = "Other commands",
    subcommand_value_name = "COMMAND",
    override_usage = "mprun [OPTIONS] <BUNDLE|APP_ID>\n       mprun <COMMAND> …",
    after_long_help = EXAMPLES,
    after_help = "Try `mprun --help` for examples, keys and exit codes."
)]
struct CommandLine {
    #[command(subcommand)]
    command: Option<OtherCommand>,
    #[command(flatten)]
    run: RunArgs,
}

// The help lists them in this order: run, author, registries, this machine. Clap
// has headings for groups of options only; between commands, order is all there is.
#[derive(Debug, Subcommand)]
enum OtherCommand {
    /// Serve mini-programs as HTML pages that need no script.
    // Without a usage of our own, options whose variables are set look required.
    #[command(
        after_help = run::SERVE_EXAMPLES,
        max_term_width = 100,
        override_usage = "mprun serve [OPTIONS] [BUNDLE]..."
    )]
    Serve(ServeArgs),

    /// Begin a mini-program: a small one that works, in a folder of its own.
    #[command(after_help = author::NEW_EXAMPLES, max_term_width = 100)]
    New(NewArgs),
    /// Show a mini-program while you write it: every save is built and shown at once.
    #[command(after_help = author::DEV_EXAMPLES, max_term_width = 100, override_usage = "mprun dev [OPTIONS] [DIR]")]
    Dev(DevArgs),
    /// Build a mini-program from its source into one file.
    #[command(after_help = author::BUILD_EXAMPLES, max_term_width = 100)]
    Build(BuildArgs),
    /// Sign a bundle with your key.
    #[command(after_help = author::SIGN_EXAMPLES, max_term_width = 100)]
    Sign(SignArgs),
    /// Make keys, replace them, show what others need to know of them.
    #[command(after_help = author::KEY_EXAMPLES, max_term_width = 100)]
    Key(KeyArgs),
    /// Say whether a bundle is signed by whom you trust.
    #[command(
        after_help = author::VERIFY_EXAMPLES,
        max_term_width = 100,
        override_usage = "mprun verify [OPTIONS] <BUNDLE>"
    )]
    Verify(VerifyArgs),
    /// Say what an update changes: powers, pages, sizes, pictures.
    #[command(after_help = author::DIFF_EXAMPLES, max_term_width = 100)]
    Diff(DiffArgs),
    /// Say what a bundle is: digest, manifest, imports, sizes, templates, budget.
    #[command(after_help = author::INSPECT_EXAMPLES, max_term_width = 100)]
    Inspect(InspectArgs),

    /// Keep a mini-program here, from a file or a registry.
    #[command(
        after_help = registry::INSTALL_EXAMPLES,
        max_term_width = 100,
        override_usage = "mprun install [OPTIONS] <FILE|REF>"
    )]
    Install(InstallArgs),
    /// List what is installed here.
    #[command(max_term_width = 100, override_usage = "mprun list [OPTIONS]")]
    List(ListArgs),
    /// Take an installed mini-program away; what its users stored stays.
    #[command(max_term_width = 100, override_usage = "mprun remove [OPTIONS] <APP_ID>")]
    Remove(RemoveArgs),
    /// Delete the files of what is not installed any more.
    #[command(max_term_width = 100, override_usage = "mprun gc [OPTIONS]")]
    Gc(GcArgs),
    /// Push a bundle and its signatures to a registry.
    #[command(after_help = registry::PUSH_EXAMPLES, max_term_width = 100)]
    Push(PushArgs),
    /// Pull a bundle and its signatures from a registry into files.
    #[command(after_help = registry::PULL_EXAMPLES, max_term_width = 100)]
    Pull(PullArgs),

    /// Say what protects this machine from what it runs, and what is missing.
    #[command(max_term_width = 100, override_usage = "mprun doctor [OPTIONS]")]
    Doctor(DoctorArgs),
}

/// What is to be done.
#[derive(Debug)]
pub(crate) enum Command {
    Run(RunArgs),
    Serve(ServeArgs),
    New(NewArgs),
    Dev(DevArgs),
    Build(BuildArgs),
    Sign(SignArgs),
    Key(KeyArgs),
    Verify(VerifyArgs),
    Diff(DiffArgs),
    Inspect(InspectArgs),
    Install(InstallArgs),
    List(ListArgs),
    Remove(RemoveArgs),
    Gc(GcArgs),
    Push(PushArgs),
    Pull(PullArgs),
    Doctor(DoctorArgs),
}

/// Reads this process's command line.
pub(crate) fn parse() -> Result<Command, End> {
    parse_from(env::arguments())
}

fn parse_from(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, End> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let matches =
        CommandLine::command().try_get_matches_from(&arguments).map_err(|cause| End::explain(cause, &arguments))?;
    let line = CommandLine::from_arg_matches(&matches).map_err(End::Clap)?;
    Ok(match line.command {
        None => Command::Run(line.run),
        Some(OtherCommand::Serve(args)) => Command::Serve(args),
        Some(OtherCommand::New(args)) => Command::New(args),
        Some(OtherCommand::Dev(args)) => Command::Dev(args),
        Some(OtherCommand::Build(args)) => Command::Build(args),
        Some(OtherCommand::Sign(args)) => Command::Sign(args),
        Some(OtherCommand::Key(args)) => Command::Key(args),
        Some(OtherCommand::Verify(args)) => Command::Verify(args),
        Some(OtherCommand::Diff(args)) => Command::Diff(args),
        Some(OtherCommand::Inspect(args)) => Command::Inspect(args),
        Some(OtherCommand::Install(args)) => Command::Install(args),
        Some(OtherCommand::List(args)) => Command::List(args),
        Some(OtherCommand::Remove(args)) => Command::Remove(args),
        Some(OtherCommand::Gc(args)) => Command::Gc(args),
        Some(OtherCommand::Push(args)) => Command::Push(args),
        Some(OtherCommand::Pull(args)) => Command::Pull(args),
        Some(OtherCommand::Doctor(args)) => Command::Doctor(args),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    pub(super) fn read(line: &str) -> Result<Command, End> {
        parse_from(line.split_whitespace().map(OsString::from))
    }

    /// Where a word is empty, or holds a space.
    pub(super) fn parse_words(words: &[&str]) -> Result<Command, End> {
        parse_from(words.iter().map(OsString::from))
    }

    /// All that is said where a line is no command.
    pub(super) fn said(result: Result<Command, End>) -> String {
        match result.unwrap_err() {
            End::Clap(error) => error.to_string(),
            End::Ours(error) => {
                assert_eq!(error.kind, Kind::Usage);
                format!("{}\n{}", error.error, error.hints.concat())
            }
        }
    }

    #[test]
    fn the_definition_is_consistent() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn a_path_runs_and_a_word_commands() {
        assert!(matches!(read("mprun coffee.wasm"), Ok(Command::Run(args)) if args.bundle() == *"coffee.wasm"));
        assert!(matches!(read("mprun coffee --dev"), Ok(Command::Run(args)) if args.bundle() == *"coffee"));
        assert!(matches!(read("mprun ./serve"), Ok(Command::Run(args)) if args.bundle() == *"./serve"));
        assert!(matches!(read("mprun --format json -- serve"), Ok(Command::Run(args)) if args.bundle() == *"serve"));
        assert!(matches!(read("mprun serve a.wasm b.wasm"), Ok(Command::Serve(args)) if args.bundles.len() == 2));
    }

    #[test]
    fn help_names_every_command_and_key() {
        for line in ["mprun --help", "mprun help"] {
            let help = said(read(line));
            for word in ["--page", "--data", "--trust", "--dev", "Esc goes back", "Exit codes"] {
                assert!(help.contains(word), "{line}: {word} is missing:\n{help}");
            }
            // In the order in which they are needed.
            let mut rest = help.as_str();
            for word in [
                "serve", "new", "dev", "build", "sign", "key", "verify", "diff", "inspect", "install", "list",
                "remove", "gc", "push", "pull", "doctor",
            ] {
                let listed = format!("\n  {word} ");
                let at = rest.find(&listed).unwrap_or_else(|| panic!("{line}: {word} is missing in:\n{rest}"));
                rest = &rest[at + 1..];
            }
        }
        for line in ["mprun serve --help", "mprun help serve"] {
            let help = said(read(line));
            assert!(help.contains("Usage: mprun serve [OPTIONS] [BUNDLE]..."), "{line}:\n{help}");
        }
    }
}
