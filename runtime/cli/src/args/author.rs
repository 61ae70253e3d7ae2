//! What the commands of authors can be told: begin, try, build, keys, signatures,
//! differences.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Subcommand};
use mprun_core::identity::AppId;

use super::run::{DataArgs, listen};
use crate::env;

pub(super) const NEW_EXAMPLES: &str = "\
Examples:
  mprun new shop && cd shop && mprun dev   begin, and see it grow
  mprun new com.example.shop

The name is the app_id, which stands in addresses and never changes. The folder is
called the same; it must be new or empty.";

pub(super) const DEV_EXAMPLES: &str = "\
Examples:
  mprun dev                                the mini-program in this folder
  mprun dev samples/coffee --listen 8080

Saved changes of src/, assets/, app.css, manifest.json and Cargo.toml are built and
shown at once; states stay. What does not compile is said here and on the page. On
the page, Ctrl+` opens the inspector. Ctrl-C ends.";

pub(super) const BUILD_EXAMPLES: &str = "\
Examples:
  mprun build                              the mini-program in this folder
  mprun build samples/coffee -o coffee.wasm

The folder has a Cargo.toml with a library, a manifest.json and, where there are
pictures, assets/. The same sources make the same bytes, whoever builds them.";

pub(super) const SIGN_EXAMPLES: &str = "\
Examples:
  mprun sign coffee.wasm --key mprun.key               writes coffee.wasm.minisig
  mprun sign coffee.wasm --key anna.key -o coffee.wasm.anna.minisig

Any number of people can sign the same file: every coffee.wasm.minisig and
coffee.wasm.*.minisig beside it counts. The password comes from the terminal, or
from MPRUN_KEY_PASSWORD. `minisign -Vm coffee.wasm -p mprun.pub` agrees.";

pub(super) const KEY_EXAMPLES: &str = "\
Examples:
  mprun key generate                       mprun.key and mprun.pub in this folder
  mprun key show mprun.pub                 what operators need to know of it
  mprun key rotate --old old.key --new new.key -o coffee.wasm.rotation

Keys are minisign's: its files work here, and ours there. A password is as slow to
guess as there: locking and unlocking a key takes 1 GiB of memory and some seconds.";

pub(super) const VERIFY_EXAMPLES: &str = "\
Examples:
  mprun verify coffee.wasm --key mprun.pub
  mprun verify coffee.wasm --key RWQ…
  mprun verify coffee.wasm --trust trust.toml

Signatures are found beside the file: coffee.wasm.minisig, coffee.wasm.*.minisig.";

pub(super) const DIFF_EXAMPLES: &str = "\
Examples:
  mprun diff coffee-1.wasm coffee-2.wasm
  mprun diff coffee-1.wasm coffee-2.wasm --json | jq .powers

A line that begins with `!` is a power that the old one did not have.";

pub(super) const INSPECT_EXAMPLES: &str = "\
Examples:
  mprun inspect coffee.wasm
  mprun inspect coffee.wasm --json | jq .imports

The digest is the BLAKE3 of the file: `b3sum coffee.wasm` prints the same.";

/// `mprun new`
#[derive(Debug, Args)]
pub(crate) struct NewArgs {
    /// What the program is called in addresses: its app_id, and the folder to make
    #[arg(value_name = "NAME")]
    pub(crate) name: AppId,
}

/// `mprun dev`
#[derive(Debug, Args)]
pub(crate) struct DevArgs {
    /// Folder of the mini-program's source
    #[arg(id = "source", value_name = "DIR", default_value = ".")]
    pub(crate) folder: PathBuf,

    /// Address and port to listen on; port 0 takes a free one
    ///
    /// A port alone, `8080` or `:8080`, is for this machine only: `127.0.0.1:8080`.
    #[arg(long, value_name = "ADDR", env = env::LISTEN, default_value = "127.0.0.1:7878", value_parser = listen)]
    pub(crate) listen: SocketAddr,

    #[command(flatten)]
    pub(crate) data: DataArgs,
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

/// `mprun sign`
#[derive(Debug, Args)]
pub(crate) struct SignArgs {
    /// The bundle to sign, a `.wasm` file
    #[arg(value_name = "BUNDLE")]
    pub(crate) bundle: PathBuf,

    /// The secret key: a file of `mprun key generate` or of `minisign -G`
    #[arg(short, long, value_name = "FILE")]
    pub(crate) key: PathBuf,

    /// What the signature says besides; by default time, file, app_id, version and digest
    ///
    /// It is signed too. One line, at most 1024 bytes.
    #[arg(long, value_name = "TEXT", value_parser = comment)]
    pub(crate) comment: Option<String>,

    /// The signature to write; by default `BUNDLE.minisig`
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Statements of `mprun key rotate` to put beside the bundle, as `BUNDLE.rotation`
    #[arg(long, value_name = "FILE")]
    pub(crate) rotation: Option<PathBuf>,
}

/// `mprun key`
#[derive(Debug, Args)]
pub(crate) struct KeyArgs {
    #[command(subcommand)]
    pub(crate) command: KeyCommand,
}

/// What is done with keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Make a key to sign with: a secret file and a public one
    #[command(max_term_width = 100)]
    Generate(KeyGenerateArgs),
    /// State that one key takes the place of another; both sign it
    #[command(max_term_width = 100)]
    Rotate(KeyRotateArgs),
    /// Print a public key and the lines for a trust file
    #[command(max_term_width = 100)]
    Show(KeyShowArgs),
}

/// `mprun key generate`
#[derive(Debug, Args)]
pub(crate) struct KeyGenerateArgs {
    /// What the key is called: the names of its files, and in trust files
    #[arg(long, value_name = "NAME", default_value = "mprun", value_parser = key_name)]
    pub(crate) name: String,

    /// The secret key's file; the public one lies beside it. By default `NAME.key`
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Leave the secret key unencrypted, for machines that sign alone
    ///
    /// Otherwise the password comes from the terminal, or from `MPRUN_KEY_PASSWORD`.
    #[arg(long)]
    pub(crate) no_password: bool,
}

/// `mprun key rotate`
#[derive(Debug, Args)]
pub(crate) struct KeyRotateArgs {
    /// The secret key that is replaced
    #[arg(long, value_name = "KEY")]
    pub(crate) old: PathBuf,

    /// The secret key that takes its place
    #[arg(long, value_name = "KEY")]
    pub(crate) new: PathBuf,

    /// The statement to write; one that is there already is continued
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
}

/// `mprun key show`
#[derive(Debug, Args)]
pub(crate) struct KeyShowArgs {
    /// A key's file, the public one or the secret one
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
}

/// `mprun verify`
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// The bundle to verify, a `.wasm` file
    #[arg(value_name = "BUNDLE")]
    pub(crate) bundle: PathBuf,

    /// The public key of its author: a file, or the key itself
    #[arg(short, long, value_name = "FILE|BASE64", conflicts_with = "trust")]
    pub(crate) key: Option<PathBuf>,

    /// The file that says whose mini-programs may be used
    ///
    /// By default `$MPRUN_TRUST`, else `$XDG_CONFIG_HOME/mprun/trust.toml` where
    /// there is one.
    #[arg(long, value_name = "FILE")]
    pub(crate) trust: Option<PathBuf>,

    /// A signature; several can be given. By default those beside the bundle
    #[arg(long = "signature", value_name = "FILE")]
    pub(crate) signatures: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) data: DataArgs,
}

/// `mprun diff`
#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    /// The bundle as it was
    #[arg(value_name = "OLD")]
    pub(crate) old: PathBuf,

    /// The bundle as it is to be
    #[arg(value_name = "NEW")]
    pub(crate) new: PathBuf,

    /// Print JSON, for other programs
    #[arg(long)]
    pub(crate) json: bool,
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

/// Longest trusted comment, in bytes: with the rest of a signature it stays under
/// the size that readers accept.
const COMMENT_BYTES_MAX: usize = 1024;

/// minisign's files have one line for it.
fn comment(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() || text.len() > COMMENT_BYTES_MAX || text.chars().any(|c| c.is_control() && c != '\t') {
        return Err(format!("expected one line of 1 to {COMMENT_BYTES_MAX} bytes"));
    }
    Ok(text.to_owned())
}

/// A name that needs no quotes in a trust file, and is a file's name everywhere.
fn key_name(text: &str) -> Result<String, String> {
    let good = (1..=64).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    if good { Ok(text.to_owned()) } else { Err("expected 1 to 64 letters, digits, `-` or `_`".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{
        Command,
        tests::{parse_words, read, said},
    };

    #[test]
    fn a_name_is_an_app_id() {
        for name in ["shop", "com.example.tea-house", "a2048"] {
            let line = format!("mprun new {name}");
            assert!(matches!(read(&line), Ok(Command::New(args)) if args.name.as_str() == name), "{name}");
        }
        for name in ["Shop", "2048", "../shop", "my_shop", "tea house", ".", "apps/shop", &"a".repeat(65)] {
            let text = said(parse_words(&["mprun", "new", name]));
            assert!(text.contains("expected an app id"), "{name}: {text}");
        }
        assert!(said(read("mprun new")).contains("NAME"));
    }

    #[test]
    fn a_program_is_tried_on_this_machine() {
        assert!(matches!(read("mprun dev"), Ok(Command::Dev(args)) if args.folder == *"."));
        let Ok(Command::Dev(args)) = read("mprun dev shop --listen 8080 --data d") else { panic!() };
        assert_eq!((args.folder, args.listen.to_string()), (PathBuf::from("shop"), "127.0.0.1:8080".to_owned()));
        assert!(said(read("mprun dev --listen nowhere")).contains("127.0.0.1:7878"));
    }

    #[test]
    fn authors_can_say_what_they_want() {
        assert!(matches!(read("mprun build"), Ok(Command::Build(args)) if args.folder == *"."));
        assert!(matches!(read("mprun inspect a.wasm --json"), Ok(Command::Inspect(args)) if args.json));
        assert!(matches!(read("mprun diff a.wasm b.wasm"), Ok(Command::Diff(args)) if args.new == *"b.wasm"));
        let Ok(Command::Key(KeyArgs { command: KeyCommand::Generate(args) })) = read("mprun key generate") else {
            panic!()
        };
        assert_eq!((args.name.as_str(), args.output, args.no_password), ("mprun", None, false));
        let Ok(Command::Sign(args)) = parse_words(&["mprun", "sign", "a.wasm", "-k", "k", "--comment", " for anna "])
        else {
            panic!()
        };
        assert_eq!(args.comment.as_deref(), Some("for anna"));
        let Ok(Command::Verify(args)) = read("mprun verify a.wasm --signature 1 --signature 2 --key RWQ") else {
            panic!()
        };
        assert_eq!(args.signatures.len(), 2);
    }

    #[test]
    fn what_would_not_fit_into_a_file_is_refused() {
        for (words, expected) in [
            (&["mprun", "key", "generate", "--name", "a b"][..], "letters, digits"),
            (&["mprun", "key", "generate", "--name", "../a"], "letters, digits"),
            (&["mprun", "sign", "a.wasm", "--key", "k", "--comment", "two\nlines"], "one line"),
            (&["mprun", "sign", "a.wasm"], "--key"),
            (&["mprun", "verify", "a.wasm", "--key", "k", "--trust", "t"], "cannot be used with"),
            (&["mprun", "key"], "generate"),
            (&["mprun", "key", "rotate", "--old", "a", "--new", "b"], "--output"),
        ] {
            let text = said(parse_words(words));
            assert!(text.contains(expected), "{words:?}: {text}");
        }
    }
}
