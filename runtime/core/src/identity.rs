//! Decides what names a program, a user, a page and a file, and refuses every
//! spelling but one: these names are keys of stored rows and parts of addresses,
//! so two spellings of one thing would be two things.

use std::{borrow::Cow, fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// The namespace of unsigned programs. In this version every program is one.
pub const NAMESPACE_DEV: &str = "dev";

/// Longest `app_id`, in bytes.
pub const APP_ID_BYTES_MAX: usize = 64;

/// Longest user id, in bytes.
pub const USER_ID_BYTES_MAX: usize = 64;

/// Why a text is not the name that it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// Not an [`AppId`].
    #[error(
        "expected an app id: a lower-case letter, then at most 63 lower-case letters, digits, `.` or `-`, got `{got}`"
    )]
    AppId {
        /// What was found, cut to a readable length.
        got: String,
    },
    /// Not a namespace of a [`ProgramId`].
    #[error(
        "expected a namespace: a lower-case letter, then at most 63 lower-case letters, digits, `.` or `-`, got `{got}`"
    )]
    Namespace {
        /// What was found, cut to a readable length.
        got: String,
    },
    /// Not a [`ProgramId`].
    #[error("expected a program id: namespace, `/`, app id, got `{got}`")]
    ProgramId {
        /// What was found, cut to a readable length.
        got: String,
    },
    /// Not a [`UserId`].
    #[error("expected a user id: 1 to 64 letters, digits, `_` or `-`, got `{got}`")]
    UserId {
        /// What was found, cut to a readable length.
        got: String,
    },
    /// Not a [`PageId`].
    #[error("expected a page id: 22 characters of base64url, got `{got}`")]
    PageId {
        /// What was found, cut to a readable length.
        got: String,
    },
    /// Not a [`Digest`].
    #[error("expected a digest: 64 lower-case hexadecimal digits, got `{got}`")]
    Digest {
        /// What was found, cut to a readable length.
        got: String,
    },
}

pub(crate) use mprun_frame::quoted;

/// Gives a text type its conversions: strings in (checked), strings out.
macro_rules! text_conversions {
    ($name:ident) => {
        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        text_conversions!(@strings $name);
    };
    (@strings $name:ident) => {
        impl TryFrom<String> for $name {
            type Error = IdentityError;
            fn try_from(text: String) -> Result<Self, IdentityError> {
                text.parse()
            }
        }
        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.to_string()
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }
    };
}

/// The name that a program's author chose: the manifest's `app_id`. It stands in
/// addresses, so it is lower case: `[a-z][a-z0-9.-]{0,63}`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AppId(String);

text_conversions!(AppId);

impl JsonSchema for AppId {
    fn schema_name() -> Cow<'static, str> {
        "AppId".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[a-z][a-z0-9.-]{0,63}$" })
    }
}

impl FromStr for AppId {
    type Err = IdentityError;
    fn from_str(text: &str) -> Result<Self, IdentityError> {
        if is_dotted_name(text) { Ok(AppId(text.to_owned())) } else { Err(IdentityError::AppId { got: quoted(text) }) }
    }
}

impl fmt::Display for AppId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whose program it is: the key of everything that is stored for it. Written
/// `namespace/app_id`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProgramId {
    namespace: String,
    app_id: AppId,
}

impl ProgramId {
    /// An unsigned program: namespace [`NAMESPACE_DEV`].
    pub fn dev(app_id: AppId) -> ProgramId {
        ProgramId { namespace: NAMESPACE_DEV.to_owned(), app_id }
    }

    /// A program of a namespace. Fails if `namespace` is not spelled like an
    /// `app_id`.
    pub fn new(namespace: &str, app_id: AppId) -> Result<ProgramId, IdentityError> {
        if !is_dotted_name(namespace) {
            return Err(IdentityError::Namespace { got: quoted(namespace) });
        }
        Ok(ProgramId { namespace: namespace.to_owned(), app_id })
    }

    /// The publisher's part.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The author's part.
    pub fn app_id(&self) -> &AppId {
        &self.app_id
    }
}

text_conversions!(@strings ProgramId);

impl FromStr for ProgramId {
    type Err = IdentityError;
    fn from_str(text: &str) -> Result<Self, IdentityError> {
        let Some((namespace, app_id)) = text.split_once('/') else {
            return Err(IdentityError::ProgramId { got: quoted(text) });
        };
        ProgramId::new(namespace, app_id.parse()?)
    }
}

impl fmt::Display for ProgramId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.app_id)
    }
}

/// Whose data it is: an opaque text of 1 to 64 characters `[A-Za-z0-9_-]`, made
/// by the host. No program ever sees it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UserId(String);

text_conversions!(UserId);

impl UserId {
    /// The one user of a terminal: `local`.
    pub fn local() -> UserId {
        UserId("local".to_owned())
    }
}

impl FromStr for UserId {
    type Err = IdentityError;
    fn from_str(text: &str) -> Result<Self, IdentityError> {
        let fits = (1..=USER_ID_BYTES_MAX).contains(&text.len());
        if fits && text.bytes().all(is_base64url) {
            Ok(UserId(text.to_owned()))
        } else {
            Err(IdentityError::UserId { got: quoted(text) })
        }
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Names one instance of a page: 16 random bytes, written as 22 characters of
/// base64url. Random bytes come from the caller: this crate has no source of them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PageId([u8; 16]);

text_conversions!(@strings PageId);

impl PageId {
    /// The page named by `bytes`.
    pub const fn from_bytes(bytes: [u8; 16]) -> PageId {
        PageId(bytes)
    }

    /// The bytes of the name.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl FromStr for PageId {
    type Err = IdentityError;
    fn from_str(text: &str) -> Result<Self, IdentityError> {
        // The decoder refuses padding and stray bits in the last character, so
        // each id has one spelling.
        let mut bytes = [0; 16];
        match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
            Ok(16) => Ok(PageId(bytes)),
            Ok(_) | Err(_) => Err(IdentityError::PageId { got: quoted(text) }),
        }
    }
}

impl fmt::Display for PageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

/// What a file is: the blake3 of all its bytes, written as 64 lower-case
/// hexadecimal digits, as `b3sum` prints it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

text_conversions!(@strings Digest);

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Digest {
        Digest(*blake3::hash(bytes).as_bytes())
    }

    /// A digest that was computed before, from a row or a recipe.
    pub const fn from_bytes(bytes: [u8; 32]) -> Digest {
        Digest(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl FromStr for Digest {
    type Err = IdentityError;
    fn from_str(text: &str) -> Result<Self, IdentityError> {
        // `blake3::Hash` reads upper case too; one spelling is enough.
        let lower = !text.bytes().any(|b| b.is_ascii_uppercase());
        match blake3::Hash::from_hex(text) {
            Ok(hash) if lower => Ok(Digest(*hash.as_bytes())),
            Ok(_) | Err(_) => Err(IdentityError::Digest { got: quoted(text) }),
        }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&blake3::Hash::from_bytes(self.0).to_hex())
    }
}

fn is_dotted_name(text: &str) -> bool {
    text.len() <= APP_ID_BYTES_MAX
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'.' || b == b'-')
}

fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn app_ids_have_one_spelling() {
        for good in ["a", "coffee", "com.example.coffee-2", &"a".repeat(64)] {
            assert_eq!(good.parse::<AppId>().unwrap().to_string(), good);
        }
        for bad in ["", "Coffee", "2go", "-a", ".a", "a_b", "a/b", "a b", "café", &"a".repeat(65)] {
            assert!(bad.parse::<AppId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn program_ids_are_namespace_and_app_id() {
        let id = ProgramId::dev("coffee".parse().unwrap());
        assert_eq!(id.to_string(), "dev/coffee");
        assert_eq!("dev/coffee".parse::<ProgramId>().unwrap(), id);
        for bad in ["coffee", "/coffee", "dev/", "dev/a/b", "Dev/a"] {
            assert!(bad.parse::<ProgramId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn user_ids_are_opaque_and_short() {
        for good in ["local", "A-_9", &"x".repeat(64)] {
            assert!(good.parse::<UserId>().is_ok(), "{good}");
        }
        for bad in ["", "a b", "a/b", "é", &"x".repeat(65)] {
            assert!(bad.parse::<UserId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn page_ids_round_trip_and_have_one_spelling() {
        let id = PageId::from_bytes([0xfb; 16]);
        let text = id.to_string();
        assert_eq!(text.len(), 22);
        assert_eq!(text.parse::<PageId>().unwrap(), id);
        // The last character carries two bits only; the others must be zero.
        let stray = format!("{}x", &text[..21]);
        for bad in
            ["", "AAAA", &stray, &format!("{text}=="), &text.replace('-', "+"), &"A".repeat(23), &"A".repeat(400)]
        {
            assert!(bad.parse::<PageId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn digests_read_what_b3sum_prints() {
        let digest = Digest::of(b"");
        let text = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262";
        assert_eq!(digest.to_string(), text);
        assert_eq!(text.parse::<Digest>().unwrap(), digest);
        assert!(text.to_uppercase().parse::<Digest>().is_err());
        assert!(text[1..].parse::<Digest>().is_err());
    }

    #[test]
    fn serde_checks_what_it_reads() {
        assert_eq!(serde_json::to_string(&UserId::local()).unwrap(), "\"local\"");
        assert!(serde_json::from_str::<AppId>("\"Coffee\"").is_err());
        assert!(serde_json::from_str::<PageId>("\"short\"").is_err());
    }

    #[test]
    fn messages_do_not_repeat_control_characters() {
        let error = "a\u{1b}[2J".parse::<AppId>().unwrap_err().to_string();
        assert!(!error.contains('\u{1b}'), "{error}");
    }
}
