//! Decides what a signer is called: a public key as minisign writes it, 42 bytes
//! (`Ed`, 8 bytes of id, 32 bytes of key) in 56 characters of base64. Anything
//! else is refused, and so are the few keys that anybody can sign for.
//!
//! The id is a label: whoever makes a key chooses it, and nothing binds it to the
//! 32 bytes. So the id only helps to find a key, and two keys are equal if their
//! 32 bytes are, whatever their ids say. Otherwise one person's key under two ids
//! would be two reviewers.

use std::{cmp, fmt, hash, str::FromStr};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

/// How minisign begins the first line of its files.
const UNTRUSTED: &str = "untrusted comment:";
/// A key's text. 42 bytes fill it without padding or stray bits, so there is one
/// spelling.
const KEY_CHARS: usize = 56;
/// How the text of a secret key begins, with and without a password.
const SECRET: [&str; 2] = ["RWRTY0Iy", "RWQAAEIy"];
/// What separates the purpose of [`namespace`] from every other use of blake3. It
/// names stored rows for ever: it must never change.
const NAMESPACE_CONTEXT: &str = "mprun 2026-11-22 lineage of a publisher";

/// Why a text is no [`PublicKey`]. No message repeats the text: it may be a secret
/// key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Too short or too long.
    #[error("expected a minisign public key of {KEY_CHARS} characters, got {chars}")]
    Length {
        /// How many characters there are.
        chars: usize,
    },
    /// A secret key.
    #[error("expected a public key, got a secret one")]
    Secret,
    /// Not base64.
    #[error("expected a minisign public key in base64, got other characters")]
    Base64,
    /// A key for another algorithm.
    #[error("expected a minisign public key, which begins with `RW`, got a key of another kind")]
    Algorithm,
    /// One of the points of small order, or a second spelling of one: signatures
    /// that fit such a key can be made without any secret.
    #[error("the key is not safe: anybody can make signatures that fit it")]
    Unsafe,
    /// More lines than a key file has, or another first one.
    #[error("expected a public key, alone or after a line `{UNTRUSTED} …`, got {lines} lines")]
    File {
        /// How many lines there are.
        lines: usize,
    },
}

impl KeyError {
    /// Where the right key is, where that is clear.
    pub fn hint(&self) -> Option<String> {
        match self {
            KeyError::Secret => Some(
                "never give it away; the public key is in the `.pub` file beside it, or: mprun key show FILE"
                    .to_owned(),
            ),
            KeyError::Unsafe => Some("whoever published this key did it by mistake, or on purpose".to_owned()),
            _ => Some("the public key is the second line of a `.pub` file, it begins with `RW`".to_owned()),
        }
    }
}

/// The id of a key, for people and for finding it. It proves nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 8]);

impl KeyId {
    pub(super) const fn from_bytes(bytes: [u8; 8]) -> KeyId {
        KeyId(bytes)
    }
}

impl fmt::Display for KeyId {
    /// As minisign shows it: 16 upper-case hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016X}", u64::from_le_bytes(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// A minisign public key. As text, one line of base64: `RW…`, 56 characters.
/// Equality, order and hash are those of the 32 bytes of key, without the id.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicKey {
    id: KeyId,
    point: [u8; 32],
}

impl PublicKey {
    /// Reads what minisign writes into a `.pub` file (a comment, then the key), or
    /// the key alone. Space around is left out.
    ///
    /// # Errors
    /// Another number of lines, another first line, or a text that is no key.
    pub fn parse_file(text: &str) -> Result<PublicKey, KeyError> {
        let mut lines = text.trim().lines();
        match (lines.next(), lines.next(), lines.next()) {
            (Some(key), None, _) => key.trim().parse(),
            (Some(comment), Some(key), None) if comment.starts_with(UNTRUSTED) => key.trim().parse(),
            (None, ..) => Err(KeyError::Length { chars: 0 }),
            _ => Err(KeyError::File { lines: text.trim().lines().count() }),
        }
    }

    /// The id, as signatures name it.
    pub fn key_id(&self) -> KeyId {
        self.id
    }
}

impl FromStr for PublicKey {
    type Err = KeyError;
    fn from_str(text: &str) -> Result<Self, KeyError> {
        if text.len() != KEY_CHARS {
            let is_secret = SECRET.iter().any(|secret| text.starts_with(secret));
            return Err(if is_secret { KeyError::Secret } else { KeyError::Length { chars: text.chars().count() } });
        }
        let mut bytes = [0; 42];
        if !matches!(STANDARD.decode_slice(text, &mut bytes), Ok(42)) {
            return Err(KeyError::Base64);
        }
        if !bytes.starts_with(b"Ed") {
            return Err(KeyError::Algorithm);
        }
        let (mut id, mut point) = ([0; 8], [0; 32]);
        id.copy_from_slice(&bytes[2..10]);
        point.copy_from_slice(&bytes[10..]);
        if is_unsafe(&point) {
            return Err(KeyError::Unsafe);
        }
        Ok(PublicKey { id: KeyId(id), point })
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = [0; 42];
        bytes[..2].copy_from_slice(b"Ed");
        bytes[2..10].copy_from_slice(&self.id.0);
        bytes[10..].copy_from_slice(&self.point);
        f.write_str(&STANDARD.encode(bytes))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

impl TryFrom<String> for PublicKey {
    type Error = KeyError;
    fn try_from(text: String) -> Result<Self, KeyError> {
        text.parse()
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> String {
        key.to_string()
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.point == other.point
    }
}

impl Eq for PublicKey {}

impl PartialOrd for PublicKey {
    fn partial_cmp(&self, other: &Self) -> Option<cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for PublicKey {
    fn cmp(&self, other: &Self) -> cmp::Ordering {
        self.point.cmp(&other.point)
    }
}

impl hash::Hash for PublicKey {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.point.hash(state);
    }
}

/// The namespace of a publisher's programs: `k` and 40 hexadecimal digits, made of
/// the first key of the lineage. The id is not part of it.
pub fn namespace(root: &PublicKey) -> String {
    let digest = blake3::Hash::from_bytes(blake3::derive_key(NAMESPACE_CONTEXT, &root.point));
    let mut namespace = String::from("k");
    namespace.extend(digest.to_hex().chars().take(40));
    namespace
}

/// The points of order 8 have one of these as their y, little-endian.
const ORDER_8: [[u8; 32]; 2] = [
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf,
        0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20,
        0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
];

/// minisign refuses the points of small order when it verifies; the crate that
/// verifies here refuses only one of them. Of y, 255 bits, all of p - 1 and above
/// is refused: p - 1 has order 2, and from p on every point is spelled a second
/// time.
fn is_unsafe(point: &[u8; 32]) -> bool {
    let mut y = *point;
    // The highest bit is the sign of x.
    y[31] &= 0x7f;
    let is_0_or_1 = y[0] <= 1 && y[1..].iter().all(|byte| *byte == 0);
    let is_high = y[0] >= 0xec && y[1..31].iter().all(|byte| *byte == 0xff) && y[31] == 0x7f;
    is_0_or_1 || is_high || ORDER_8.contains(&y)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the documentation of minisign.
    const KEY: &str = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";

    fn spelled(algorithm: &[u8; 2], id: [u8; 8], point: [u8; 32]) -> String {
        STANDARD.encode([algorithm.as_slice(), &id, &point].concat())
    }

    #[test]
    fn keys_read_what_minisign_prints() {
        let key: PublicKey = KEY.parse().unwrap();
        assert_eq!(key.to_string(), KEY);
        assert_eq!(key.key_id().to_string(), "E7620F1842B4E81F");
        let file = format!("{UNTRUSTED} minisign public key E7620F1842B4E81F\n{KEY}\n");
        for text in [KEY, &file, &file.replace('\n', "\r\n"), &format!("{KEY}\n"), &format!("  {KEY}\r\n\n")] {
            assert_eq!(PublicKey::parse_file(text).unwrap().to_string(), KEY, "{text:?}");
        }
        assert_eq!(serde_json::to_string(&key).unwrap(), format!("\"{KEY}\""));
        assert_eq!(serde_json::from_str::<PublicKey>(&format!("\"{KEY}\"")).unwrap(), key);
    }

    #[test]
    fn other_texts_are_no_keys() {
        let legacy_spelling = KEY.replacen("RW", "RU", 1);
        let cases: [(&str, KeyError); 7] = [
            ("", KeyError::Length { chars: 0 }),
            (&KEY[1..], KeyError::Length { chars: 55 }),
            (&format!("{KEY} "), KeyError::Length { chars: 57 }),
            (&KEY.replace('7', "-"), KeyError::Base64),
            (&format!("{}==", &KEY[..54]), KeyError::Base64),
            (&legacy_spelling, KeyError::Algorithm),
            (&"é".repeat(28), KeyError::Base64),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<PublicKey>(), Err(expected), "{text}");
        }
        assert_eq!(
            PublicKey::parse_file(&format!("some comment\n{KEY}")).unwrap_err().to_string(),
            "expected a public key, alone or after a line `untrusted comment: …`, got 2 lines"
        );
        assert_eq!(PublicKey::parse_file(&"a\n".repeat(99)), Err(KeyError::File { lines: 99 }));
        assert_eq!(PublicKey::parse_file(" \n"), Err(KeyError::Length { chars: 0 }));
    }

    #[test]
    fn a_secret_key_is_not_repeated() {
        for start in [*b"EdScB2", *b"Ed\0\0B2"] {
            let mut bytes = start.to_vec();
            bytes.resize(158, 7);
            let file = format!("{UNTRUSTED} minisign encrypted secret key\n{}\n", STANDARD.encode(bytes));
            let error = PublicKey::parse_file(&file).unwrap_err();
            assert_eq!(error, KeyError::Secret);
            assert_eq!(error.to_string(), "expected a public key, got a secret one");
        }
    }

    #[test]
    fn a_key_is_its_32_bytes() {
        let one: PublicKey = spelled(b"Ed", [1; 8], [9; 32]).parse().unwrap();
        let same: PublicKey = spelled(b"Ed", [2; 8], [9; 32]).parse().unwrap();
        let other: PublicKey = spelled(b"Ed", [1; 8], [8; 32]).parse().unwrap();
        assert_eq!(one, same);
        assert_ne!(one.key_id(), same.key_id());
        assert_ne!(one, other);
        assert!(other < one);
        assert_eq!(namespace(&one), namespace(&same));
    }

    #[test]
    fn keys_that_anybody_can_sign_for_are_refused() {
        let mut high = [0xff; 32];
        high[31] = 0x7f;
        let mut points = vec![[0; 32]];
        points.push([0; 32]);
        points[1][0] = 1;
        // p - 1, p, p + 1 and the last spelling of all.
        for low in [0xec, 0xed, 0xee, 0xff] {
            high[0] = low;
            points.push(high);
        }
        points.extend(ORDER_8);
        for mut point in points {
            for sign in [0, 0x80] {
                point[31] = point[31] & 0x7f | sign;
                assert_eq!(spelled(b"Ed", [1; 8], point).parse::<PublicKey>(), Err(KeyError::Unsafe), "{point:?}");
            }
        }
        high[0] = 0xeb;
        assert!(spelled(b"Ed", [1; 8], high).parse::<PublicKey>().is_ok());
    }

    #[test]
    fn the_namespace_of_a_key_never_changes() {
        // The rest of `b3sum --derive-key` over the 32 bytes.
        assert_eq!(namespace(&KEY.parse().unwrap()), "k9f60dcb6f1a7de64f77743ce398c9e015a7a0569");
    }
}
