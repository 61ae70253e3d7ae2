//! Decides what is said to a command line that is none: clap's own words, or ours
//! where those would not help.

use std::{ffi::OsString, path::PathBuf, process::ExitCode};

use clap::{
    ArgAction, CommandFactory as _,
    error::{ContextKind, ContextValue, ErrorKind},
};

use super::CommandLine;
use crate::error::{self, CommandError, Kind};

/// The command line is no command: help was asked for, or it is wrong.
#[derive(Debug)]
pub(crate) enum End {
    /// What clap has to say.
    Clap(clap::Error),
    /// What we say better.
    Ours(CommandError),
}

impl End {
    /// Prints it; what clap has to say, in its own colours.
    pub(crate) fn report(self) -> ExitCode {
        let error = match self {
            End::Clap(error) => error,
            End::Ours(error) => return error.report(),
        };
        // A closed pipe is the only thing that can go wrong, and then nobody listens.
        let _ = error.print();
        match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
            _ => Kind::Usage.face().1,
        }
    }

    /// The same mistake in our words, where clap's would not help.
    pub(super) fn explain(cause: clap::Error, arguments: &[OsString]) -> End {
        let ours = match cause.kind() {
            ErrorKind::InvalidValue => empty_name(&cause),
            ErrorKind::ArgumentConflict => several_names(&cause, arguments),
            _ => None,
        };
        ours.map_or(End::Clap(cause), End::Ours)
    }
}

/// An empty name, as an unset variable of the shell makes one. Options are left
/// to clap, which tells an empty value from a missing one as little as we could.
fn empty_name(cause: &clap::Error) -> Option<CommandError> {
    let Some(ContextValue::String(argument)) = cause.get(ContextKind::InvalidArg) else { return None };
    let Some(ContextValue::String(value)) = cause.get(ContextKind::InvalidValue) else { return None };
    if !value.is_empty() || argument.starts_with('-') {
        return None;
    }
    let name = argument.trim_matches(|c: char| !c.is_ascii_alphabetic());
    Some(
        error::usage(format_args!("{name} is empty: expected the name of a file or a folder"))
            .hint("is a variable that should hold it not set? Examples are in mprun --help"),
    )
}

/// Several names where one bundle is expected. Clap takes the second for a
/// command that is not known.
fn several_names(cause: &clap::Error, arguments: &[OsString]) -> Option<CommandError> {
    cause.get(ContextKind::InvalidSubcommand)?;
    // Read once more, as if several were allowed, to know which there are.
    let lenient = CommandLine::command()
        .ignore_errors(true)
        .disable_help_flag(true)
        .disable_version_flag(true)
        .mut_arg("bundle", |bundle| bundle.action(ArgAction::Append).num_args(1..));
    let matches = lenient.try_get_matches_from(arguments).ok()?;
    let bundles = matches.try_get_many::<PathBuf>("bundle").ok().flatten()?;
    let mut names: Vec<_> = bundles.map(|path| path.display().to_string()).collect();
    if names.len() < 2 {
        return None;
    }
    let is_command = |name: &String| CommandLine::command().find_subcommand(name).is_some();
    if let Some(position) = names.iter().position(is_command) {
        let command = names.remove(position);
        return Some(
            error::usage(format_args!("the command `{command}` comes after something else"))
                .hint(format!("write the command first: mprun {command} {}", names.join(" "))),
        );
    }
    Some(
        error::usage(format_args!("one mini-program at a time, got `{}`", names.join("`, `")))
            .hint(format!("several are for the server: mprun serve {}", names.join(" "))),
    )
}

#[cfg(test)]
mod tests {
    use crate::args::tests::{parse_words, read, said};

    #[test]
    fn several_bundles_are_for_the_server() {
        for (line, hint) in [
            ("mprun a.wasm b.wasm", "several are for the server: mprun serve a.wasm b.wasm"),
            ("mprun a.wasm --fuel 7 b.wasm c.wasm --nonsense", "mprun serve a.wasm b.wasm c.wasm"),
            ("mprun a.wasm b.wasm --help", "mprun serve a.wasm b.wasm"),
            ("mprun a.wasm inspect", "write the command first: mprun inspect a.wasm"),
            ("mprun --fuel 7 serve a.wasm", "write the command first: mprun serve a.wasm"),
            ("mprun a.wasm install", "write the command first: mprun install a.wasm"),
        ] {
            let text = said(read(line));
            assert!(text.ends_with(hint), "{line}: {text}");
        }
        assert!(said(read("mprun a.wasm b.wasm")).starts_with("one mini-program at a time, got `a.wasm`, `b.wasm`"));
        assert!(said(read("mprun a.wasm --fuel 1 --fuel 2")).contains("cannot be used multiple times"));
    }

    #[test]
    fn an_empty_name_is_called_empty() {
        for (words, name) in [
            (&["mprun", ""][..], "BUNDLE|APP_ID is empty"),
            (&["mprun", "serve", "a.wasm", ""], "BUNDLE is empty"),
            (&["mprun", "inspect", ""], "BUNDLE is empty"),
            (&["mprun", "install", ""], "FILE|REF is empty"),
            (&["mprun", "build", ""], "DIR is empty"),
        ] {
            let text = said(parse_words(words));
            assert!(text.starts_with(name) && text.contains("variable"), "{words:?}: {text}");
        }
        // A value that is missing is not an empty one.
        assert!(said(read("mprun a.wasm --page")).contains("a value is required for '--page <PAGE>'"));
    }
}
