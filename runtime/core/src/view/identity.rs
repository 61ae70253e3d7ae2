//! Decides under which names a client speaks of handlers, fields and forms, and
//! refuses every other spelling.
//!
//! A handler's name is a *token*: a keyed hash of where it stands (through list
//! keys, not positions), which event it takes and the message's bytes. So it
//! survives a reordered list, dies with a changed message, and cannot be made up
//! by a client. A field's name has to survive more: it does not depend on values.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mprun_frame::element::Event;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The name of every handler's button in a posted form; its value is the token.
pub const HANDLER_NAME: &str = "_h";

/// What a field's name in a posted form begins with; a [`FieldKey`] follows.
pub const FIELD_PREFIX: &str = "f.";

/// Why a text is no name of this module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NameError {
    /// Not a [`Token`].
    #[error("expected a token: 16 characters of base64url")]
    Token,
    /// Not a [`FieldKey`].
    #[error("expected a field key: 12 characters of base64url")]
    FieldKey,
}

/// Where an instance stands: a running hash over the slots and list keys that
/// lead to it.
///
/// The hash is quick and not cryptographic. Only a program can choose what goes
/// in, and two places with one path are a disadvantage only to its own page: the
/// token still covers the event and the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Path(u64);

impl Path {
    /// The instance that is the page.
    pub const ROOT: Self = Self(0);

    /// The instance in a child slot of this one.
    pub fn child(self, slot: usize) -> Self {
        Self(mix(self.0, slot as u64))
    }

    /// The instance under `key` in a list slot of this one.
    pub fn item(self, slot: usize, key: &str) -> Self {
        let mut hash = mix(mix(self.0, slot as u64), key.len() as u64);
        for chunk in key.as_bytes().chunks(8) {
            let word = chunk.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
            hash = mix(hash, word);
        }
        Self(hash)
    }
}

fn mix(hash: u64, word: u64) -> u64 {
    let mut mixed = (hash.rotate_left(5) ^ word).wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

/// The element that something is about: the instance, the template and the
/// element's position there, in the order of the encoding, the root at 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The instance.
    pub path: Path,
    /// The template's id.
    pub template: u64,
    /// The element's position in the template.
    pub element: u32,
}

/// The key of one page's tokens. Made by the host, the same for every rendering
/// of the page, unknown to program and client.
#[derive(Clone)]
pub struct TokenKey([u8; 32]);

impl TokenKey {
    /// A key from 32 bytes that nobody can guess.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The name of the handler in `slot` of the instance at `path`.
    pub fn token(&self, path: Path, slot: usize, event: Event, message: &[u8]) -> Token {
        const HEAD: usize = 8 + 8 + 1;
        let mut head = [0; HEAD];
        head[..8].copy_from_slice(&path.0.to_le_bytes());
        head[8..16].copy_from_slice(&(slot as u64).to_le_bytes());
        head[16] = event.number();
        let mut input = [0; 128];
        // Most messages are short; then everything is one block of the hash.
        let hash = match input.get_mut(..HEAD + message.len()) {
            Some(input) => {
                input[..HEAD].copy_from_slice(&head);
                input[HEAD..].copy_from_slice(message);
                blake3::keyed_hash(&self.0, input)
            }
            None => blake3::Hasher::new_keyed(&self.0).update(&head).update(message).finalize(),
        };
        let mut text = [0; 16];
        encode(hash.as_bytes().get(..12).unwrap_or_default(), &mut text);
        Token(text)
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKey(…)")
    }
}

/// The name of a handler that a view offers: 12 bytes, written as 16 characters
/// of base64url.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Token([u8; 16]);

/// The name of a field: 9 bytes, written as 12 characters of base64url. It does
/// not change as long as the field stands in the same place (in a form: as long
/// as it has the same name in the same form).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FieldKey([u8; 12]);

impl FieldKey {
    /// The key of a field that belongs to no form or has no name: by its place.
    pub fn placed(place: Place) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"mprun field, placed");
        hasher.update(&place.path.0.to_le_bytes());
        hasher.update(&place.template.to_le_bytes());
        hasher.update(&place.element.to_le_bytes());
        Self::finish(&hasher)
    }

    /// The key of a field with a name in a form. `path` is its instance's;
    /// `ordinal` tells fields of one name in one instance apart.
    pub fn named(form: FormId, path: Path, name: &str, ordinal: u32) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"mprun field, named");
        hasher.update(&form.0.to_le_bytes());
        hasher.update(&path.0.to_le_bytes());
        hasher.update(&ordinal.to_le_bytes());
        hasher.update(name.as_bytes());
        Self::finish(&hasher)
    }

    fn finish(hasher: &blake3::Hasher) -> Self {
        let mut text = [0; 12];
        encode(hasher.finalize().as_bytes().get(..9).unwrap_or_default(), &mut text);
        Self(text)
    }

    /// The field's name in a posted form: `f.` and the key.
    pub fn input_name(&self) -> String {
        format!("{FIELD_PREFIX}{self}")
    }

    /// The field that a name in a posted form means, if it means one.
    pub fn from_input_name(name: &str) -> Option<Self> {
        name.strip_prefix(FIELD_PREFIX)?.parse().ok()
    }
}

/// Names a form in one page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FormId(u64);

impl FormId {
    /// The form at this place.
    pub fn of(place: Place) -> Self {
        Self(mix(mix(place.path.0, place.template), u64::from(place.element)))
    }
}

/// 3 bytes become 4 characters; both lengths are fixed by the callers.
fn encode(bytes: &[u8], text: &mut [u8]) {
    let written = URL_SAFE_NO_PAD.encode_slice(bytes, text);
    debug_assert!(written.is_ok());
}

macro_rules! text_conversions {
    ($name:ident, $bytes:literal, $error:expr) => {
        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                // Only characters of base64url are ever put in.
                std::str::from_utf8(&self.0).unwrap_or_default()
            }
        }
        impl FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                let mut bytes = [0; $bytes];
                match (text.as_bytes().try_into(), URL_SAFE_NO_PAD.decode_slice(text, &mut bytes)) {
                    (Ok(characters), Ok($bytes)) => Ok(Self(characters)),
                    _ => Err($error),
                }
            }
        }
        impl TryFrom<String> for $name {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                text.parse()
            }
        }
        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.as_str().to_owned()
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }
    };
}

text_conversions!(Token, 12, NameError::Token);
text_conversions!(FieldKey, 9, NameError::FieldKey);

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> TokenKey {
        TokenKey::from_bytes([7; 32])
    }

    #[test]
    fn a_token_depends_on_everything_that_it_stands_for() {
        let path = Path::ROOT.item(3, "latte");
        let token = key().token(path, 1, Event::Tap, b"add");
        assert_eq!(token, key().token(path, 1, Event::Tap, b"add"));
        let others = [
            key().token(Path::ROOT.item(3, "mocha"), 1, Event::Tap, b"add"),
            key().token(Path::ROOT.item(2, "latte"), 1, Event::Tap, b"add"),
            key().token(Path::ROOT.child(3), 1, Event::Tap, b"add"),
            key().token(path, 2, Event::Tap, b"add"),
            key().token(path, 1, Event::Change, b"add"),
            key().token(path, 1, Event::Tap, b"ad"),
            key().token(path, 1, Event::Tap, &[b'a'; 4096]),
            TokenKey::from_bytes([8; 32]).token(path, 1, Event::Tap, b"add"),
        ];
        for other in others {
            assert_ne!(other, token);
        }
    }

    #[test]
    fn long_and_short_messages_are_hashed_alike() {
        for length in [0, 110, 111, 112, 4096] {
            let message = vec![5; length];
            let mut input = Path::ROOT.0.to_le_bytes().to_vec();
            input.extend(9_u64.to_le_bytes());
            input.push(1);
            input.extend(&message);
            let hash = blake3::keyed_hash(&[7; 32], &input);
            let token = key().token(Path::ROOT, 9, Event::Tap, &message);
            assert_eq!(token.as_str(), URL_SAFE_NO_PAD.encode(&hash.as_bytes()[..12]), "{length}");
        }
    }

    #[test]
    fn keys_of_items_do_not_run_into_each_other() {
        let mut paths = Vec::new();
        for key in ["", "\0", "\0\0", "a", "ab", "abcdefgh", "abcdefgh\0", "abcdefghi", "b"] {
            paths.push(Path::ROOT.item(0, key).0);
            paths.push(Path::ROOT.item(1, key).0);
            paths.push(Path::ROOT.child(0).item(0, key).0);
        }
        let count = paths.len();
        paths.sort_unstable();
        paths.dedup();
        assert_eq!(paths.len(), count);
    }

    #[test]
    fn names_have_one_spelling() {
        let token = key().token(Path::ROOT, 0, Event::Tap, b"");
        assert_eq!(token.to_string().len(), 16);
        assert_eq!(token.to_string().parse(), Ok(token));
        let field = FieldKey::placed(Place { path: Path::ROOT, template: 1, element: 2 });
        assert_eq!(field.input_name().len(), 14);
        assert_eq!(FieldKey::from_input_name(&field.input_name()), Some(field));
        let long = "A".repeat(17);
        for bad in ["", "AAAA", "AAAAAAAAAAAAAAA=", "AAAAAAAA AAAAAAA", "AAAAAAAAAAAAAAA+", long.as_str()] {
            assert_eq!(bad.parse::<Token>(), Err(NameError::Token), "{bad}");
            assert_eq!(FieldKey::from_input_name(bad), None, "{bad}");
        }
        assert!(serde_json::from_str::<FieldKey>("\"x\"").is_err());
    }

    #[test]
    fn a_key_is_not_printed() {
        assert_eq!(format!("{:?}", key()), "TokenKey(…)");
    }
}
