//! Decides what a command line can say: every command, flag, default and unit,
//! and the help that a newcomer works from. Values are checked here, so that the
//! commands see only ones that make sense.

use std::{ffi::OsString, net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::{
    ArgAction, Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum,
    error::{ContextKind, ContextValue, ErrorKind},
};
use mprun_frame::url::{is_route, query_pairs};

use crate::{
    env,
    error::{self, CommandError, Kind},
};

/// Most memory that a program can be given, in MiB.
pub(crate) const MEMORY_MIB_MAX: u32 = 4095;

const EXAMPLES: &str = "\
Examples:
  mprun coffee.wasm                        use a mini-program in this terminal
  mprun coffee.wasm --page menu | less     print one of its pages as text
  mprun coffee.wasm --format html > a.html … or as HTML
  mprun serve coffee.wasm                  use it in a browser: http://127.0.0.1:7878
  mprun build samples/hello                make a bundle from its source
  mprun inspect coffee.wasm                what it is, what it may do, what it costs

On the screen: Tab and arrows move, Enter presses, typing fills in, Space switches,
Esc goes back, PgUp and PgDn scroll, q or Ctrl-C quits.

A file that is named like a command is run by its path: mprun ./serve

Exit codes: 0 done; 1 the error says what to do; 2 the command line makes no sense;
3 nobody reads the output any more; 255 a failure of mprun or of this machine.";

const SERVE_EXAMPLES: &str = "\
Examples:
  mprun serve coffee.wasm
  mprun serve dist/*.wasm --listen 0.0.0.0:8080 --data /var/lib/mprun

/ lists what is installed, /miniapp/<app_id>/<page> shows a page, /healthz answers
while the server lives. Ctrl-C (or SIGTERM) lets open requests finish, then stops.";

const BUILD_EXAMPLES: &str = "\
Examples:
  mprun build                              the mini-program in this folder
  mprun build samples/coffee -o coffee.wasm

The folder has a Cargo.toml with a library, a manifest.json and, where there are
pictures, assets/. The same sources make the same bytes, whoever builds them.";

const INSPECT_EXAMPLES: &str = "\
Examples:
  mprun inspect coffee.wasm
  mprun inspect coffee.wasm --json | jq .imports

The digest is the BLAKE3 of the file: `b3sum coffee.wasm` prints the same.";

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
    override_usage = "mprun [OPTIONS] <BUNDLE>\n       mprun <COMMAND> …",
    after_long_help = EXAMPLES,
    after_help = "Try `mprun --help` for examples, keys and exit codes."
)]
struct CommandLine {
    #[command(subcommand)]
    command: Option<OtherCommand>,
    #[command(flatten)]
    run: RunArgs,
}

#[derive(Debug, Subcommand)]
enum OtherCommand {
    /// Serve mini-programs as HTML pages that need no script.
    // Without a usage of our own, options whose variables are set look required.
    #[command(
        after_help = SERVE_EXAMPLES,
        max_term_width = 100,
        override_usage = "mprun serve [OPTIONS] <BUNDLE>..."
    )]
    Serve(ServeArgs),
    /// Build a mini-program from its source into one file.
    #[command(after_help = BUILD_EXAMPLES, max_term_width = 100)]
    Build(BuildArgs),
    /// Say what a bundle is: digest, manifest, imports, sizes, templates, budget.
    #[command(after_help = INSPECT_EXAMPLES, max_term_width = 100)]
    Inspect(InspectArgs),
}

/// What is to be done.
#[derive(Debug)]
pub(crate) enum Command {
    Run(RunArgs),
    Serve(ServeArgs),
    Build(BuildArgs),
    Inspect(InspectArgs),
}

/// `mprun BUNDLE`
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The mini-program to run, a `.wasm` file
    #[arg(value_name = "BUNDLE", required = true)]
    bundle: Option<PathBuf>,

    /// The page to begin with, with its parameters: `menu` or `product?id=7`
    ///
    /// By default the entry page that the manifest names.
    #[arg(long, value_name = "PAGE", value_parser = Address::parse)]
    pub(crate) page: Option<Address>,

    /// How to show the page
    ///
    /// `auto` is an interactive screen where stdin and stdout are a terminal, and
    /// text otherwise. The others print the page on stdout and end.
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Auto)]
    pub(crate) format: Format,

    #[command(flatten)]
    pub(crate) data: DataArgs,

    /// Instructions that one call of the program may use, in units of fuel
    ///
    /// A thousand million is about 90 ms of arithmetic.
    #[arg(long, value_name = "N", default_value = "500000000", value_parser = fuel)]
    pub(crate) fuel: u64,

    /// Memory that the program may use, in MiB, 1 to 4095
    #[arg(
        long,
        value_name = "N",
        default_value_t = 64,
        value_parser = clap::value_parser!(u32).range(1..=i64::from(MEMORY_MIB_MAX))
    )]
    pub(crate) memory_mib: u32,
}

impl RunArgs {
    /// The bundle. Empty only if clap let a command line without one through.
    pub(crate) fn bundle(&self) -> PathBuf {
        self.bundle.clone().unwrap_or_default()
    }
}

/// Where rows are kept.
#[derive(Debug, Args)]
pub(crate) struct DataArgs {
    /// Folder in which states and stored values are kept; made where it is missing
    ///
    /// By default `$XDG_DATA_HOME/mprun`, which is usually `~/.local/share/mprun`.
    #[arg(long = "data", value_name = "DIR", env = env::DATA)]
    pub(crate) folder: Option<PathBuf>,
}

/// `mprun serve`
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// The mini-programs to serve, `.wasm` files
    #[arg(value_name = "BUNDLE", required = true)]
    pub(crate) bundles: Vec<PathBuf>,

    /// Address and port to listen on; port 0 takes a free one
    ///
    /// A port alone, `8080` or `:8080`, is for this machine only: `127.0.0.1:8080`.
    #[arg(long, value_name = "ADDR", env = env::LISTEN, default_value = "127.0.0.1:7878", value_parser = listen)]
    pub(crate) listen: SocketAddr,

    #[command(flatten)]
    pub(crate) data: DataArgs,

    /// Browsers reach this server by https only, through a proxy: mark cookies `Secure`
    #[arg(long)]
    pub(crate) https: bool,

    /// Leave out of error pages what is for a program's developer; the log has it
    #[arg(long)]
    pub(crate) no_details: bool,

    /// Memory for views that need not be computed again, in MiB; 0 for none
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(..=65_536))]
    pub(crate) view_cache_mib: u32,
}

/// `mprun build`
#[derive(Debug, Args)]
pub(crate) struct BuildArgs {
    /// Folder of the mini-program's source
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) folder: PathBuf,

    /// The bundle to write; by default `DIR/dist/<app_id>.wasm`
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// `mprun inspect`
#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// The bundle, a `.wasm` file
    #[arg(value_name = "BUNDLE")]
    pub(crate) bundle: PathBuf,

    /// Print JSON, for other programs
    #[arg(long)]
    pub(crate) json: bool,
}

/// How `mprun BUNDLE` shows a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A screen on a terminal, text otherwise
    Auto,
    /// Plain text
    Text,
    /// HTML
    Html,
    /// JSON: the elements with all their attributes
    Json,
}

/// A page and its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// As it was given.
    pub(crate) text: String,
    pub(crate) route: String,
    pub(crate) parameters: Vec<(String, String)>,
}

impl Address {
    /// Reads `route?name=value&…`, percent-encoded.
    pub(crate) fn parse(text: &str) -> Result<Address, String> {
        let (route, query) = text.split_once('?').unwrap_or((text, ""));
        if !is_route(route) {
            return Err("expected a page such as `menu` or `product?id=7`".to_owned());
        }
        let parameters: Vec<_> =
            query_pairs(query).map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        if let Some((name, _)) = parameters.iter().find(|(name, _)| name.starts_with('_')) {
            return Err(format!("the parameter `{name}` belongs to the host, as all that begin with `_`"));
        }
        Ok(Address { text: text.to_owned(), route: route.to_owned(), parameters })
    }
}

fn fuel(text: &str) -> Result<u64, String> {
    match text.replace('_', "").parse() {
        Ok(0) => Err("expected at least 1".to_owned()),
        Ok(fuel) => Ok(fuel),
        Err(_) => Err("expected a whole number such as `500_000_000`".to_owned()),
    }
}

/// An address; a name such as `localhost` is not looked up but known. A port
/// without one must not let the whole network in.
fn listen(text: &str) -> Result<SocketAddr, String> {
    let digits = Some(text).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let port = text.strip_prefix("localhost:").or_else(|| text.strip_prefix(':')).or(digits);
    let address = match port {
        Some(port) => format!("127.0.0.1:{port}"),
        None => text.to_owned(),
    };
    address.parse().map_err(|_| {
        "expected an address and a port such as `127.0.0.1:7878` or `[::1]:7878`, or a port such as `7878`".to_owned()
    })
}

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
    fn explain(cause: clap::Error, arguments: &[OsString]) -> End {
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
        Some(OtherCommand::Build(args)) => Command::Build(args),
        Some(OtherCommand::Inspect(args)) => Command::Inspect(args),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Command, End> {
        parse_from(line.split_whitespace().map(OsString::from))
    }

    /// All that is said where a line is no command.
    fn said(result: Result<Command, End>) -> String {
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
        let Ok(Command::Run(args)) = read("mprun coffee.wasm --page product?id=7&size=l%20x --fuel 1_000") else {
            panic!()
        };
        assert_eq!(args.bundle(), PathBuf::from("coffee.wasm"));
        let page = args.page.unwrap();
        assert_eq!(page.route, "product");
        assert_eq!(page.parameters, [("id".into(), "7".into()), ("size".into(), "l x".into())]);
        assert_eq!((args.fuel, args.memory_mib, args.format), (1_000, 64, Format::Auto));

        assert!(matches!(read("mprun ./serve"), Ok(Command::Run(args)) if args.bundle() == *"./serve"));
        assert!(matches!(read("mprun --format json -- serve"), Ok(Command::Run(args)) if args.bundle() == *"serve"));
        assert!(matches!(read("mprun serve a.wasm b.wasm"), Ok(Command::Serve(args)) if args.bundles.len() == 2));
        assert!(matches!(read("mprun build"), Ok(Command::Build(args)) if args.folder == *"."));
        assert!(matches!(read("mprun inspect a.wasm --json"), Ok(Command::Inspect(args)) if args.json));
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_what_was_expected() {
        for (line, said) in [
            ("mprun", "Usage"),
            ("mprun a.wasm --page ../etc", "expected a page such as"),
            ("mprun a.wasm --page menu?_page=x", "belongs to the host"),
            ("mprun a.wasm --fuel 0", "at least 1"),
            ("mprun a.wasm --memory-mib 0", "1..=4095"),
            ("mprun serve", "BUNDLE"),
            ("mprun serve a.wasm --listen nowhere", "127.0.0.1:7878"),
            ("mprun serve a.wasm --listen 65536", "127.0.0.1:7878"),
            ("mprun serve a.wasm --listen :", "127.0.0.1:7878"),
            ("mprun help nonsense", "nonsense"),
            ("mprun a.wasm --format pdf", "possible values"),
        ] {
            let text = self::said(read(line));
            assert!(text.contains(said), "{line}: {text}");
        }
    }

    #[test]
    fn a_port_alone_is_one_of_this_machine() {
        for (text, address) in [
            ("7878", "127.0.0.1:7878"),
            (":7878", "127.0.0.1:7878"),
            ("localhost:0", "127.0.0.1:0"),
            ("0.0.0.0:80", "0.0.0.0:80"),
            ("[::1]:7878", "[::1]:7878"),
        ] {
            assert_eq!(listen(text).map(|address| address.to_string()).as_deref(), Ok(address));
        }
    }

    #[test]
    fn several_bundles_are_for_the_server() {
        for (line, hint) in [
            ("mprun a.wasm b.wasm", "several are for the server: mprun serve a.wasm b.wasm"),
            ("mprun a.wasm --fuel 7 b.wasm c.wasm --nonsense", "mprun serve a.wasm b.wasm c.wasm"),
            ("mprun a.wasm b.wasm --help", "mprun serve a.wasm b.wasm"),
            ("mprun a.wasm inspect", "write the command first: mprun inspect a.wasm"),
            ("mprun --fuel 7 serve a.wasm", "write the command first: mprun serve a.wasm"),
        ] {
            let text = said(read(line));
            assert!(text.ends_with(hint), "{line}: {text}");
        }
        assert!(said(read("mprun a.wasm b.wasm")).starts_with("one mini-program at a time, got `a.wasm`, `b.wasm`"));
        assert!(said(read("mprun a.wasm --fuel 1 --fuel 2")).contains("cannot be used multiple times"));
    }

    #[test]
    fn an_empty_name_is_called_empty() {
        for (line, name) in [
            (&["mprun", ""][..], "BUNDLE is empty"),
            (&["mprun", "serve", "a.wasm", ""], "BUNDLE is empty"),
            (&["mprun", "inspect", ""], "BUNDLE is empty"),
            (&["mprun", "build", ""], "DIR is empty"),
        ] {
            let text = said(parse_from(line.iter().map(OsString::from)));
            assert!(text.starts_with(name) && text.contains("variable"), "{line:?}: {text}");
        }
        // A value that is missing is not an empty one.
        assert!(said(read("mprun a.wasm --page")).contains("a value is required for '--page <PAGE>'"));
    }

    #[test]
    fn help_names_every_command_and_key() {
        for line in ["mprun --help", "mprun help"] {
            let help = said(read(line));
            for word in ["serve", "build", "inspect", "--page", "--data", "Esc goes back", "Exit codes"] {
                assert!(help.contains(word), "{line}: {word} is missing:\n{help}");
            }
        }
        for line in ["mprun serve --help", "mprun help serve"] {
            let help = said(read(line));
            assert!(help.contains("Usage: mprun serve [OPTIONS] <BUNDLE>..."), "{line}:\n{help}");
        }
    }
}
