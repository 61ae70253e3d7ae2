//! Keys and trust files as people make them: with the commands of `mprun`, or with
//! Debian's `minisign`. And what a command says.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::{load, run, stdout_of};

/// A key that signs without a password.
pub(crate) struct Key {
    /// In trust files.
    pub(crate) name: String,
    /// Of the secret key.
    pub(crate) file: PathBuf,
}

impl Key {
    /// Makes one with `mprun key generate`.
    pub(crate) fn generate(folder: &Path, name: &str) -> Self {
        let file = folder.join(format!("{name}.key"));
        stdout_of(&["key", "generate", "--no-password", "--name", name, "-o", &text(&file)]);
        Self { name: name.to_owned(), file }
    }

    /// The public key's file.
    pub(crate) fn public_file(&self) -> PathBuf {
        self.file.with_extension("pub")
    }

    /// The public key itself.
    pub(crate) fn public(&self) -> String {
        let file = std::fs::read_to_string(self.public_file()).expect("the public key can be read");
        file.lines().nth(1).expect("a comment, then the key").to_owned()
    }

    /// Signs a bundle, beside the signatures of others.
    pub(crate) fn sign(&self, bundle: &Path) {
        let signature = self.signature(bundle);
        stdout_of(&["sign", &text(bundle), "--key", &text(&self.file), "-o", &text(&signature)]);
    }

    /// Where [`Key::sign`] puts a signature.
    pub(crate) fn signature(&self, bundle: &Path) -> PathBuf {
        beside(bundle, &format!(".{}.minisig", self.name))
    }

    /// What a trust file says of an author.
    pub(crate) fn author(&self, may_publish: &str) -> String {
        format!("{}roles = [\"author\"]\nmay_publish = [\"{may_publish}\"]\n", self.entry())
    }

    /// What a trust file says of a reviewer.
    pub(crate) fn reviewer(&self) -> String {
        format!("{}roles = [\"reviewer\"]\n", self.entry())
    }

    fn entry(&self) -> String {
        format!("[keys.{}]\npublic_key = \"{}\"\n", self.name, self.public())
    }
}

/// Writes a trust file of these parts.
pub(crate) fn trust_file(folder: &Path, parts: &[&str]) -> PathBuf {
    let path = folder.join("trust.toml");
    std::fs::write(&path, parts.join("\n")).expect("the trust file can be written");
    path
}

/// Runs Debian's minisign, which is told `input`.
pub(crate) fn minisign(arguments: &[&str], input: &str) -> Output {
    let _busy = load::busy();
    let mut command = Command::new("minisign");
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("minisign starts: `make test` installs it");
    // It may have gone without asking.
    let _ = child.stdin.take().expect("stdin is piped").write_all(input.as_bytes());
    child.wait_with_output().expect("minisign ends")
}

/// The same path with something at its end.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// A path as an argument.
pub(crate) fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Everything that was said on stderr.
pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Runs a command that must be refused (exit code 1) with this cause and, if it is
/// not empty, this hint.
pub(crate) fn refused(arguments: &[&str], cause: &str, hint: &str) {
    let output = run(arguments);
    let said = said(&output);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
    assert!(said.starts_with("error: "), "{arguments:?}: {said}");
    assert!(said.contains(cause), "{arguments:?}: expected `{cause}` in: {said}");
    let hints: Vec<_> = said.lines().skip_while(|line| !line.starts_with("hint: ")).collect();
    assert!(hints.join("\n").contains(hint), "{arguments:?}: expected the hint `{hint}` in: {said}");
}
