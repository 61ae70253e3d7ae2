//! Decides how secret keys are read, unlocked and used. The format is minisign's,
//! encrypted or not, so that its files work here and ours work there; and each guess
//! of a password costs as much as with minisign. A password comes from the terminal
//! or from a variable, never from the command line, where every other process can
//! read it; a secret never gets into a message.

use std::{io, path::Path};

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
/// Where what is encrypted begins in it: the key's id.
const ENCRYPTED_AT: usize = 54;
/// Where the limit of memory stands in it.
const MEMORY_AT: usize = 46;
/// The checksum at its end.
const CHECKSUM_BYTES: usize = 32;
/// The random bytes that make the same password another one for each key.
const SALT_BYTES: usize = 32;
/// How much work a guess of the password is, as the logarithm of scrypt's N: what
/// minisign takes, 1 GiB of memory and some seconds. The crate's own function for
/// this takes a 32nd of it.
const WORK: u8 = 20;
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
        SecretKey::generate_with(password, WORK)
    }

    fn generate_with(password: Option<String>, work: u8) -> Result<Generated, CommandError> {
        let failed = |cause: minisign::PError| error::internal("no key could be made", cause);
        let pair = KeyPair::generate_unencrypted_keypair().map_err(failed)?;
        let secret_file = match password {
            Some(password) => {
                let _progress = Progress::start("locking the key", 0);
                let locked = lock(&pair.sk.to_bytes(), &password, work)?;
                format!("untrusted comment: mprun encrypted secret key\n{}\n", STANDARD.encode(locked))
            }
            None => pair.sk.to_box(Some("mprun secret key, not encrypted")).map_err(failed)?.into_string(),
        };
        let key =
            pair.pk.to_base64().parse::<PublicKey>().map_err(|cause| error::internal("no key could be made", cause))?;
        Ok(Generated { secret_file, public_file: pair.pk.to_box().map_err(failed)?.into_string(), key })
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

/// Encrypts the bytes of a secret key that is not encrypted, as minisign does: the
/// key's id, the key and the checksum, with what scrypt makes of the password.
fn lock(key: &[u8], password: &str, work: u8) -> Result<Vec<u8>, CommandError> {
    const FAILED: &str = "the key could not be locked";
    let plain = key.get(ENCRYPTED_AT..ENCODED_BYTES).unwrap_or_default();
    // What minisign's limits are for these parameters: it computes the parameters
    // from them.
    let (operations, memory) = (32_u64 << work, 1024_u64 << work);
    check_memory(memory)?;
    let mut salt = [0; SALT_BYTES];
    getrandom::fill(&mut salt).map_err(|cause| error::internal(FAILED, cause))?;
    let parameters = scrypt::Params::new(work, 8, 1, scrypt::Params::RECOMMENDED_LEN)
        .map_err(|cause| error::internal(FAILED, io::Error::other(cause.to_string())))?;
    let mut stream = [0; ENCODED_BYTES - ENCRYPTED_AT];
    scrypt::scrypt(password.as_bytes(), &salt, &parameters, &mut stream)
        .map_err(|cause| error::internal(FAILED, io::Error::other(cause.to_string())))?;
    let mut locked = Vec::with_capacity(ENCODED_BYTES);
    locked.extend_from_slice(b"EdScB2");
    locked.extend_from_slice(&salt);
    locked.extend_from_slice(&operations.to_le_bytes());
    locked.extend_from_slice(&memory.to_le_bytes());
    locked.extend(plain.iter().zip(stream).map(|(plain, stream)| plain ^ stream));
    Ok(locked)
}

/// Whether there is room for what scrypt wants, which ends the process otherwise.
fn check_memory(bytes: u64) -> Result<(), CommandError> {
    let mut room = Vec::<u8>::new();
    let there = usize::try_from(bytes).is_ok_and(|bytes| room.try_reserve_exact(bytes).is_ok());
    // Nobody writes into it, and it has to be asked for all the same.
    std::hint::black_box(&room);
    if there {
        return Ok(());
    }
    Err(error::user(format_args!("the password needs {} MiB of memory, and there is not so much", bytes >> 20))
        .hint("as with minisign, it is to be slow to guess: use the key on a machine with more memory"))
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
    /// The user did not say the password, or there is no memory to try it.
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
            let memory = bytes.get(MEMORY_AT..).and_then(|rest| rest.first_chunk()).copied().map(u64::from_le_bytes);
            // More than minisign knows is refused for that.
            check_memory(memory.unwrap_or_default().min(1024 << WORK)).map_err(Problem::Asking)?;
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

    /// Enough to be right, and quick.
    const LITTLE_WORK: u8 = 12;

    #[test]
    fn guessing_a_password_is_as_much_work_as_with_minisign() {
        // Of Debian's `minisign -G`: 33,554,432 operations, 1 GiB.
        const LIMITS: &str = "AAAAAgAAAAAAAABAAAAAAA==";
        let made = SecretKey::generate(Some("open sesame".to_owned())).ok().unwrap();
        let bytes = STANDARD.decode(made.secret_file.lines().nth(1).unwrap()).unwrap();
        assert_eq!(bytes.len(), ENCODED_BYTES);
        assert_eq!(STANDARD.encode(&bytes[MEMORY_AT - 8..ENCRYPTED_AT]), LIMITS);
        assert_eq!(decoded(&made.secret_file, "open sesame"), Ok(made.key.to_string()));
    }

    #[test]
    fn more_memory_than_there_is_is_said_so() {
        assert!(check_memory(1 << 20).is_ok());
        let error = check_memory(u64::MAX).unwrap_err();
        assert!(error.error.to_string().contains("of memory"), "{}", error.error);
    }

    #[test]
    fn a_key_is_unlocked_by_its_password_only() {
        let made = SecretKey::generate_with(Some("open sesame".to_owned()), LITTLE_WORK).ok().unwrap();
        let again = SecretKey::generate_with(Some("open sesame".to_owned()), LITTLE_WORK).ok().unwrap();
        assert_ne!(made.secret_file, again.secret_file);
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
