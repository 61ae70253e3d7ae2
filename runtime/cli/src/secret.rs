//! Decides how secret keys are read, unlocked and used. The format is minisign's,
//! encrypted or not, so that its files work here and ours work there. A password
//! comes from the terminal or from a variable, never from the command line, where
//! every other process can read it; a secret never gets into a message.

use std::path::Path;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use minisign::{ErrorKind, KeyPair, SecretKeyBox};
use mprun_core::trust::PublicKey;

use crate::{
    env,
    error::{self, CommandError},
    files,
    output::{self, Progress},
};

/// Largest secret key's file, in bytes; they have some 260.
const SECRET_BYTES_MAX: usize = 4096;
/// A secret key: algorithm, encryption and checksum (2 bytes each), salt (32), the
/// encryption's limits (8 and 8), key id (8), key (64), checksum (32).
const ENCODED_BYTES: usize = 158;
/// The checksum at its end.
const CHECKSUM_BYTES: usize = 32;
/// Longest password, in bytes, as minisign has it.
const PASSWORD_BYTES_MAX: usize = 1024;

/// A key that can sign.
// No `Debug`: minisign's prints the key.
pub(crate) struct SecretKey {
    secret: minisign::SecretKey,
    public: minisign::PublicKey,
    key: PublicKey,
}

/// A key that was just made, as its two files.
pub(crate) struct Generated {
    pub(crate) secret_file: String,
    pub(crate) public_file: String,
    pub(crate) key: PublicKey,
}

impl SecretKey {
    /// Reads a secret key's file, and asks for its password if it has one.
    pub(crate) fn read(path: &Path) -> Result<SecretKey, CommandError> {
        let shown = path.display();
        let text =
            files::read_text(path, SECRET_BYTES_MAX).map_err(|error| error.hint("make a key: mprun key generate"))?;
        let secret = decode(&text, || {
            let password = ask(&format!("password of {shown}: "))?;
            Ok((password, Progress::start("unlocking the key", 0)))
        });
        let secret = secret.map_err(|problem| match problem {
            Problem::Asking(error) => error,
            Problem::Password => error::user(format_args!("`{shown}` has another password"))
                .maybe_hint(env::key_password().map(|_| format!("it was taken from ${}", env::KEY_PASSWORD))),
            Problem::Public => error::user(format_args!("expected a secret key, got the public key `{shown}`"))
                .hint("name the file that lies beside it and ends in `.key`"),
            Problem::Format(what) => error::user(format_args!("`{shown}` is not a secret key: {what}"))
                .hint("expected a file of `mprun key generate` or of `minisign -G`"),
        })?;
        let broken = |cause: minisign::PError| {
            error::user_with(format!("`{shown}` is not a secret key that can be used"), cause)
        };
        let public = minisign::PublicKey::from_secret_key(&secret).map_err(broken)?;
        let key = public
            .to_base64()
            .parse::<PublicKey>()
            .map_err(|cause| error::user_with(format!("`{shown}` is not a secret key that can be used"), cause))?;
        Ok(SecretKey { secret, public, key })
    }

    /// Makes a new one, encrypted where there is a password.
    pub(crate) fn generate(password: Option<String>) -> Result<Generated, CommandError> {
        let failed = |cause: minisign::PError| error::internal("no key could be made", cause);
        let (pair, comment) = match password {
            Some(password) => {
                let _progress = Progress::start("locking the key", 0);
                let pair = KeyPair::generate_encrypted_keypair(Some(password)).map_err(failed)?;
                (pair, "mprun encrypted secret key")
            }
            None => (KeyPair::generate_unencrypted_keypair().map_err(failed)?, "mprun secret key, not encrypted"),
        };
        let key =
            pair.pk.to_base64().parse::<PublicKey>().map_err(|cause| error::internal("no key could be made", cause))?;
        Ok(Generated {
            secret_file: pair.sk.to_box(Some(comment)).map_err(failed)?.into_string(),
            public_file: pair.pk.to_box().map_err(failed)?.into_string(),
            key,
        })
    }

    /// Its public half.
    pub(crate) fn public(&self) -> &PublicKey {
        &self.key
    }

    /// Signs as `minisign -S` does: the four lines of a signature file.
    pub(crate) fn sign(&self, bytes: &[u8], trusted_comment: &str) -> Result<String, CommandError> {
        let untrusted = format!("signature by the key {}", self.key.key_id());
        // With the public half, the signature is verified before it is handed out.
        minisign::sign(Some(&self.public), &self.secret, bytes, Some(trusted_comment), Some(&untrusted))
            .map(minisign::SignatureBox::into_string)
            .map_err(|cause| {
                error::user_with("the key does not sign", cause).hint("is the key's file damaged? Take it from a copy")
            })
    }
}

/// A password for a new key: from the variable, or asked for twice.
pub(crate) fn new_password() -> Result<String, CommandError> {
    let password = ask("password for the new key: ")?;
    if password.is_empty() {
        return Err(error::user("expected a password, got an empty one")
            .hint("a key without one is made by: mprun key generate --no-password"));
    }
    if env::key_password().is_none() && ask("the same password again: ")? != password {
        return Err(error::user("the two passwords differ"));
    }
    Ok(password)
}

/// From the variable, or from the person at the terminal.
fn ask(prompt: &str) -> Result<String, CommandError> {
    let password = match env::key_password() {
        Some(password) => password,
        None if output::can_ask() => rpassword::prompt_password(prompt)
            .map_err(|cause| error::user_with("cannot ask for the password", cause))?,
        None => {
            return Err(error::user("the key needs a password, and there is no terminal to ask for it")
                .hint(format!("in a script, put it into ${}", env::KEY_PASSWORD)));
        }
    };
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(error::user(format_args!("expected a password of at most {PASSWORD_BYTES_MAX} bytes")));
    }
    Ok(password)
}

/// Why a text is no key that can be used.
enum Problem {
    /// The user did not say the password.
    Asking(CommandError),
    /// It is not the one that it was encrypted with.
    Password,
    /// It is the half that everybody may have.
    Public,
    /// It is something else.
    Format(String),
}

/// Reads the text of a secret key's file. What `password` returns beside the
/// password lives until the key is unlocked.
fn decode<T>(
    text: &str,
    password: impl FnOnce() -> Result<(String, T), CommandError>,
) -> Result<minisign::SecretKey, Problem> {
    let format = |what: &str| Problem::Format(what.to_owned());
    let encoded = text.lines().nth(1).map(str::trim);
    let Some(encoded) = encoded.filter(|_| text.starts_with("untrusted comment:")) else {
        return Err(format("expected a comment and a line of base64"));
    };
    if encoded.parse::<PublicKey>().is_ok() {
        return Err(Problem::Public);
    }
    let bytes = STANDARD.decode(encoded).map_err(|_| format("expected a comment and a line of base64"))?;
    if bytes.len() != ENCODED_BYTES || !bytes.starts_with(b"Ed") {
        return Err(Problem::Format(format!("expected {ENCODED_BYTES} bytes of an Ed25519 key")));
    }
    let damaged = |cause: minisign::PError| Problem::Format(cause.to_string());
    match bytes.get(2..4) {
        Some(b"Sc") => {
            let (password, _progress) = password().map_err(Problem::Asking)?;
            SecretKeyBox::from(text.to_owned()).into_secret_key(Some(password)).map_err(|cause| match cause.kind() {
                ErrorKind::Verify => Problem::Password,
                _ => damaged(cause),
            })
        }
        // Debian's minisign leaves the checksum of an unencrypted key empty.
        Some(b"\0\0") if bytes.ends_with(&[0; CHECKSUM_BYTES]) => {
            minisign::SecretKey::from_bytes(&bytes).map_err(damaged)
        }
        Some(b"\0\0") => SecretKeyBox::from(text.to_owned()).into_unencrypted_secret_key().map_err(damaged),
        _ => Err(format("it is encrypted in a way that is not known here")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key of Debian's `minisign -G -W`, made for this test, and its public half.
    const UNENCRYPTED: &str = "untrusted comment: minisign encrypted secret key\nRWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA7K2p/ZKPDSEuQZoQAFZcBpTF79CUSU422c8yxdc7pqdcD9nFbxhC4LmbHC5scuPV7RN/PMSn3ZIgWIBl8gApuGTW6Zm5WsLMAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
    const PUBLIC: &str = "RWTsran9ko8NIbmbHC5scuPV7RN/PMSn3ZIgWIBl8gApuGTW6Zm5WsLM";

    fn never() -> Result<(String, ()), CommandError> {
        Err(error::user("nobody should be asked"))
    }

    fn decoded(text: &str, password: &str) -> Result<String, String> {
        match decode(text, || Ok((password.to_owned(), ()))) {
            Ok(secret) => Ok(minisign::PublicKey::from_secret_key(&secret).unwrap().to_base64()),
            Err(Problem::Asking(error)) => Err(error.error.to_string()),
            Err(Problem::Password) => Err("password".to_owned()),
            Err(Problem::Public) => Err("public".to_owned()),
            Err(Problem::Format(what)) => Err(what),
        }
    }

    #[test]
    fn a_key_of_debians_minisign_signs() {
        let secret = decode(UNENCRYPTED, never).ok().unwrap();
        let public = minisign::PublicKey::from_secret_key(&secret).unwrap();
        assert_eq!(public.to_base64(), PUBLIC);
        let key = SecretKey { key: PUBLIC.parse().unwrap(), public, secret };
        let text = key.sign(b"hello", "timestamp:0\tfor a test").unwrap();
        assert_eq!(text.lines().count(), 4);
        let signature = mprun_core::trust::Signature::decode(&text).unwrap();
        assert_eq!(signature.trusted_comment(), "timestamp:0\tfor a test");
        assert!(signature.verify(key.public(), b"hello").is_ok());
        assert!(signature.verify(key.public(), b"hullo").is_err());
    }

    #[test]
    fn a_key_is_unlocked_by_its_password_only() {
        let made = SecretKey::generate(Some("open sesame".to_owned())).ok().unwrap();
        assert_eq!(decoded(&made.secret_file, "open sesame"), Ok(made.key.to_string()));
        assert_eq!(decoded(&made.secret_file, "open says me"), Err("password".to_owned()));
        assert!(made.public_file.ends_with(&format!("\n{}\n", made.key)), "{}", made.public_file);

        let made = SecretKey::generate(None).ok().unwrap();
        assert_eq!(decoded(&made.secret_file, "not needed"), Ok(made.key.to_string()));
    }

    #[test]
    fn what_is_no_secret_key_is_refused_without_being_repeated() {
        let made = SecretKey::generate(None).ok().unwrap();
        let line = made.secret_file.lines().nth(1).unwrap();
        let changed = made.secret_file.replace(&line[100..104], "AAAA");
        for (text, said) in [
            ("", "expected a comment"),
            ("hello\nworld\n", "expected a comment"),
            ("untrusted comment: x\n!!!\n", "line of base64"),
            ("untrusted comment: x\nRWQA\n", "expected 158 bytes"),
            (made.public_file.as_str(), "public"),
            (changed.as_str(), "Corrupted key"),
        ] {
            let error = decoded(text, "").unwrap_err();
            assert!(error.contains(said), "{error}");
            assert!(!error.contains(&line[60..]), "{error}");
        }
    }
}
