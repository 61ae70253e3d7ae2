//! Decides what a command line can say: every command, flag, default and unit,
//! and the help that a newcomer works from. Values are checked here, so that the
//! commands see only ones that make sense.

use std::{ffi::OsString, net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum, error::ErrorKind};
use mprun_frame::url::{is_route, query_pairs};

use crate::{env, error::Kind};

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
    disable_help_subcommand = true,
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
    #[command(after_help = SERVE_EXAMPLES, max_term_width = 100)]
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
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=4095))]
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
    #[arg(long, value_name = "ADDR", env = env::LISTEN, default_value = "127.0.0.1:7878", value_parser = listen)]
    pub(crate) listen: SocketAddr,

    #[command(flatten)]
    pub(crate) data: DataArgs,

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
        Ok(Address { route: route.to_owned(), parameters })
    }
}

fn fuel(text: &str) -> Result<u64, String> {
    match text.replace('_', "").parse() {
        Ok(0) => Err("expected at least 1".to_owned()),
        Ok(fuel) => Ok(fuel),
        Err(_) => Err("expected a whole number such as `500_000_000`".to_owned()),
    }
}

/// An address; a name such as `localhost` is not looked up but known.
fn listen(text: &str) -> Result<SocketAddr, String> {
    let address = match text.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}"),
        None => text.to_owned(),
    };
    address.parse().map_err(|_| "expected an address and a port such as `127.0.0.1:7878` or `[::1]:7878`".to_owned())
}

/// The command line is no command: help was asked for, or it is wrong.
#[derive(Debug)]
pub(crate) struct End(clap::Error);

impl End {
    /// Prints what clap has to say, in its own colours.
    pub(crate) fn report(self) -> ExitCode {
        // A closed pipe is the only thing that can go wrong, and then nobody listens.
        let _ = self.0.print();
        match self.0.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
            _ => Kind::Usage.face().1,
        }
    }
}

/// Reads this process's command line.
pub(crate) fn parse() -> Result<Command, End> {
    parse_from(env::arguments())
}

fn parse_from(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, End> {
    let matches = CommandLine::command().try_get_matches_from(arguments).map_err(End)?;
    let line = CommandLine::from_arg_matches(&matches).map_err(End)?;
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
            ("mprun serve a.wasm --listen 7878", "127.0.0.1:7878"),
            ("mprun a.wasm --format pdf", "possible values"),
        ] {
            let text = read(line).unwrap_err().0.to_string();
            assert!(text.contains(said), "{line}: {text}");
        }
        let Ok(Command::Serve(args)) = read("mprun serve a.wasm --listen localhost:0") else { panic!() };
        assert_eq!(args.listen.to_string(), "127.0.0.1:0");
    }

    #[test]
    fn help_names_every_command_and_key() {
        let help = read("mprun --help").unwrap_err().0.to_string();
        for word in ["serve", "build", "inspect", "--page", "--data", "Esc goes back", "Exit codes"] {
            assert!(help.contains(word), "{word} is missing:\n{help}");
        }
    }
}
