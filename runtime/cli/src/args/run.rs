//! What `mprun BUNDLE` and `mprun serve` can be told: what to run, whose programs
//! are trusted, where rows are kept, what a call may use.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, ValueEnum};
use mprun_frame::url::{is_route, query_pairs};

use crate::env;

/// Most memory that a program can be given, in MiB.
pub(crate) const MEMORY_MIB_MAX: u32 = 4095;

pub(super) const SERVE_EXAMPLES: &str = "\
Examples:
  mprun serve                                      everything that is installed
  mprun serve coffee.wasm --trust trust.toml       a file that this trust file allows
  mprun serve dist/*.wasm --dev                    files of your own, unsigned
  mprun serve --listen 0.0.0.0:8080 --data /var/lib/mprun
  mprun serve coffee.wasm --dev --listen 0.0.0.0:7878 --qr

/ lists what is installed, /miniapp/<app_id>/<page> shows a page, /healthz answers
while the server lives. Ctrl-C (or SIGTERM) lets open requests finish, then stops.";

/// `mprun BUNDLE|APP_ID`
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The mini-program to run: a `.wasm` file, or the app_id of an installed one
    #[arg(value_name = "BUNDLE|APP_ID", required = true)]
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

    /// Print a code that brings a phone here: the terminal and the phone on the same cart
    ///
    /// Serves the program and its data to the network (0.0.0.0) for as long as it runs
    /// here. The first one who opens the link is the user of this terminal.
    #[arg(long)]
    pub(crate) qr: bool,

    #[command(flatten)]
    pub(crate) trust: TrustArgs,

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
    /// The bundle, or the `app_id` of an installed one. Empty only if clap let a
    /// command line without one through.
    pub(crate) fn bundle(&self) -> PathBuf {
        self.bundle.clone().unwrap_or_default()
    }
}

/// Where rows and installed programs are kept.
#[derive(Debug, Args)]
pub(crate) struct DataArgs {
    /// Folder in which states, stored values and installed programs are kept; made where it is missing
    ///
    /// By default `$XDG_DATA_HOME/mprun`, which is usually `~/.local/share/mprun`.
    #[arg(long = "data", value_name = "DIR", env = env::DATA)]
    pub(crate) folder: Option<PathBuf>,
}

/// Whose programs may be used.
#[derive(Debug, Clone, Args)]
pub(crate) struct TrustArgs {
    /// The file that says whose mini-programs may be used here
    ///
    /// By default `$MPRUN_TRUST`, else `$XDG_CONFIG_HOME/mprun/trust.toml` where
    /// there is one; that is usually `~/.config/mprun/trust.toml`.
    // The variable is not clap's business: `verify --key` would conflict with it.
    #[arg(long = "trust", value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,

    /// For development: accept unsigned local files, and say so wherever they are shown
    #[arg(long)]
    pub(crate) dev: bool,

    /// Accept an older version than the newest that was ever used here; it is recorded
    #[arg(long)]
    pub(crate) allow_downgrade: bool,
}

/// `mprun serve`
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// The mini-programs to serve, `.wasm` files; without one, all that are installed
    #[arg(value_name = "BUNDLE")]
    pub(crate) bundles: Vec<PathBuf>,

    /// Address and port to listen on; port 0 takes a free one
    ///
    /// A port alone, `8080` or `:8080`, is for this machine only: `127.0.0.1:8080`.
    #[arg(long, value_name = "ADDR", env = env::LISTEN, default_value = "127.0.0.1:7878", value_parser = listen)]
    pub(crate) listen: SocketAddr,

    #[command(flatten)]
    pub(crate) trust: TrustArgs,

    #[command(flatten)]
    pub(crate) data: DataArgs,

    /// Print a code of the address that phones in this network can open
    #[arg(long, conflicts_with = "https")]
    pub(crate) qr: bool,

    /// Browsers reach this server by https only, through a proxy: mark cookies `Secure`
    #[arg(long)]
    pub(crate) https: bool,

    /// Fetch no pictures of other servers for programs that may show them; their texts are shown
    #[arg(long)]
    pub(crate) no_remote_images: bool,

    /// Leave out of error pages what is for a program's developer; the log has it
    #[arg(long)]
    pub(crate) no_details: bool,

    /// Memory for views that need not be computed again, in MiB; 0 for none
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(..=65_536))]
    pub(crate) view_cache_mib: u32,
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
pub(super) fn listen(text: &str) -> Result<SocketAddr, String> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{
        Command,
        tests::{read, said},
    };

    #[test]
    fn a_page_has_a_route_and_parameters() {
        let Ok(Command::Run(args)) = read("mprun coffee.wasm --page product?id=7&size=l%20x --fuel 1_000") else {
            panic!()
        };
        assert_eq!(args.bundle(), PathBuf::from("coffee.wasm"));
        let page = args.page.unwrap();
        assert_eq!(page.route, "product");
        assert_eq!(page.parameters, [("id".into(), "7".into()), ("size".into(), "l x".into())]);
        assert_eq!((args.fuel, args.memory_mib, args.format), (1_000, 64, Format::Auto));
        assert!(!args.trust.dev && !args.trust.allow_downgrade && args.trust.file.is_none());
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_what_was_expected() {
        for (line, expected) in [
            ("mprun", "Usage"),
            ("mprun a.wasm --page ../etc", "expected a page such as"),
            ("mprun a.wasm --page menu?_page=x", "belongs to the host"),
            ("mprun a.wasm --fuel 0", "at least 1"),
            ("mprun a.wasm --memory-mib 0", "1..=4095"),
            ("mprun serve a.wasm --listen nowhere", "127.0.0.1:7878"),
            ("mprun serve a.wasm --listen 65536", "127.0.0.1:7878"),
            ("mprun serve a.wasm --listen :", "127.0.0.1:7878"),
            ("mprun serve a.wasm --qr --https", "cannot be used with"),
            ("mprun help nonsense", "nonsense"),
            ("mprun a.wasm --format pdf", "possible values"),
        ] {
            let text = said(read(line));
            assert!(text.contains(expected), "{line}: {text}");
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
    fn a_phone_is_asked_for() {
        assert!(matches!(read("mprun coffee --qr"), Ok(Command::Run(args)) if args.qr));
        assert!(matches!(read("mprun coffee"), Ok(Command::Run(args)) if !args.qr));
        assert!(matches!(read("mprun serve --qr --listen 0.0.0.0:0"), Ok(Command::Serve(args)) if args.qr));
    }

    #[test]
    fn pictures_of_other_servers_are_fetched_unless_they_are_not_wanted() {
        assert!(matches!(read("mprun serve"), Ok(Command::Serve(args)) if !args.no_remote_images));
        assert!(matches!(read("mprun serve --no-remote-images"), Ok(Command::Serve(args)) if args.no_remote_images));
    }

    #[test]
    fn a_server_takes_files_or_nothing() {
        let bundles = |line| match read(line) {
            Ok(Command::Serve(args)) => args.bundles.len(),
            other => panic!("{other:?}"),
        };
        assert_eq!(bundles("mprun serve a.wasm b.wasm --dev"), 2);
        assert_eq!(bundles("mprun serve --trust trust.toml"), 0);
    }
}
