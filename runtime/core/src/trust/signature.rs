//! Decides what a signature is: the four lines that minisign writes.
//!
//! ```text
//! untrusted comment: signature from minisign secret key
//! RUQf6LRCGA9i559r3g7V1qNyJDApGip8MfqcadIgT9CuhV3E…      `ED`, key id, signature of the file's BLAKE2b
//! trusted comment: timestamp:1556193335 file:test
//! y/rUw2y8/hOUYjZU71eHp/Wo1KZ40fGy2VJEDl34XMJM+TX4…      signature of the one above and this comment
//! ```
//!
//! Only the text of the first line, after `untrusted comment: `, may be changed by
//! anybody; it is never shown and nothing depends on it. Lines end in LF or in
//! CRLF, and the last one may have no end: mail and editors change that. Nothing
//! else has two spellings. Refused are signatures of the old kind, which sign the
//! file itself instead of its hash (minisign has not made them by default for
//! years, and two kinds are one too many), control characters in the trusted comment
//! (it is printed), and every line after the fourth.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{KeyId, PublicKey};

/// Largest signature, in bytes of text; minisign's are about 330.
pub const SIGNATURE_BYTES_MAX: usize = 4096;
/// Most signatures that are looked at for one bundle. Each may cost a pass over the
/// whole file.
pub const SIGNATURES_MAX: usize = 32;

/// How the first line begins. minisign, too, refuses others.
const UNTRUSTED: &str = "untrusted comment: ";
/// How the third line begins.
const TRUSTED: &str = "trusted comment: ";
/// Algorithm, key id, Ed25519.
const SIGNATURE_BYTES: usize = 2 + 8 + 64;
/// Ed25519.
const GLOBAL_BYTES: usize = 64;

/// Why a text is no signature, or why it is not one of these bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Larger than [`SIGNATURE_BYTES_MAX`].
    #[error("expected a signature of at most {SIGNATURE_BYTES_MAX} bytes, got {bytes}")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// Not four lines.
    #[error("expected the 4 lines of a minisign signature, got {lines}")]
    Lines {
        /// How many there are.
        lines: usize,
    },
    /// A line that begins in another way.
    #[error("line {line} of the signature: expected `{expected}…`, got something else")]
    Comment {
        /// Which one, counted from 1.
        line: usize,
        /// How it has to begin.
        expected: &'static str,
    },
    /// A line that is not base64 of so many bytes.
    #[error("line {line} of the signature: expected {bytes} bytes in base64, got something else")]
    Base64 {
        /// Which one, counted from 1.
        line: usize,
        /// How many bytes.
        bytes: usize,
    },
    /// The trusted comment could change what a terminal shows.
    #[error("the signature's trusted comment has control characters")]
    Control,
    /// Signs the file itself instead of its hash.
    #[error("the signature is of the old kind, over the file itself instead of its hash")]
    Legacy,
    /// Of another algorithm.
    #[error("the signature is of an unknown kind")]
    Algorithm,
    /// Made with another key than the one it is compared with.
    #[error("expected a signature by the key {expected}, got one by {got}")]
    OtherKey {
        /// The key.
        expected: KeyId,
        /// The one that the signature names.
        got: KeyId,
    },
    /// Not what that key signed: other bytes, another comment, or a forgery.
    #[error("the signature by the key {key_id} does not fit: what was signed is something else")]
    Mismatch {
        /// The key that the signature names.
        key_id: KeyId,
    },
}

impl SignatureError {
    /// What to do about it, where that is clear.
    pub fn hint(&self) -> Option<String> {
        match self {
            SignatureError::Legacy => {
                Some("sign the file again: mprun sign FILE --key KEY, or: minisign -S -H -m FILE".to_owned())
            }
            SignatureError::Mismatch { .. } => {
                Some("get the file and its signature again; whoever changes a file has to sign it again".to_owned())
            }
            SignatureError::OtherKey { .. } | SignatureError::Control | SignatureError::Algorithm => None,
            _ => Some("a signature is a file `.minisig`, as `mprun sign` or `minisign -S` writes it".to_owned()),
        }
    }
}

/// One detached minisign signature, decoded and not yet verified: until
/// [`Signature::verify`] agrees, anybody may have written it.
#[derive(Clone)]
pub struct Signature {
    text: String,
    trusted_comment: String,
    key_id: KeyId,
    decoded: minisign_verify::Signature,
}

impl Signature {
    /// Reads the text of a `.minisig` file.
    ///
    /// # Errors
    /// More than [`SIGNATURE_BYTES_MAX`], anything but four lines in their form, or a
    /// signature of the old kind.
    pub fn decode(text: &str) -> Result<Signature, SignatureError> {
        if text.len() > SIGNATURE_BYTES_MAX {
            return Err(SignatureError::TooLarge { bytes: text.len() });
        }
        let lines: Vec<&str> = text.lines().collect();
        let [untrusted, signature, trusted, global] = lines[..] else {
            return Err(SignatureError::Lines { lines: lines.len() });
        };
        if !untrusted.starts_with(UNTRUSTED) {
            return Err(SignatureError::Comment { line: 1, expected: UNTRUSTED });
        }
        let signature: [u8; SIGNATURE_BYTES] = decode_line(2, signature)?;
        match &signature[..2] {
            b"ED" => {}
            b"Ed" => return Err(SignatureError::Legacy),
            _ => return Err(SignatureError::Algorithm),
        }
        let wrong = SignatureError::Comment { line: 3, expected: TRUSTED };
        let trusted_comment = trusted.strip_prefix(TRUSTED).ok_or(wrong)?;
        // minisign itself writes tabs there.
        if trusted_comment.chars().any(|c| c.is_control() && c != '\t') {
            return Err(SignatureError::Control);
        }
        decode_line::<GLOBAL_BYTES>(4, global)?;
        let mut key_id = [0; 8];
        key_id.copy_from_slice(&signature[2..10]);
        // Its reader takes all that was taken above.
        let decoded = minisign_verify::Signature::decode(text).map_err(|_| SignatureError::Algorithm)?;
        Ok(Signature {
            text: text.to_owned(),
            trusted_comment: trusted_comment.to_owned(),
            key_id: KeyId::from_bytes(key_id),
            decoded,
        })
    }

    /// The key that made it, as it says. Nothing vouches for that.
    pub fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// What the signer says about it, often time and name of the file. Signed, so
    /// true as far as the signer is, once [`Signature::verify`] agrees. Free of
    /// control characters but tabs.
    pub fn trusted_comment(&self) -> &str {
        &self.trusted_comment
    }

    /// The text as it was read, for keeping and sending on.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Checks that `key` signed exactly these bytes and the trusted comment.
    ///
    /// # Errors
    /// [`SignatureError::OtherKey`] if the signature names another key,
    /// [`SignatureError::Mismatch`] if it fits something else.
    pub fn verify(&self, key: &PublicKey, bytes: &[u8]) -> Result<(), SignatureError> {
        let mismatch = SignatureError::Mismatch { key_id: self.key_id };
        if key.key_id() != self.key_id {
            return Err(SignatureError::OtherKey { expected: key.key_id(), got: self.key_id });
        }
        let key = minisign_verify::PublicKey::from_base64(&key.to_string()).map_err(|_| mismatch)?;
        // `false`: no signatures of the old kind.
        key.verify(bytes, &self.decoded, false).map_err(|_| mismatch)
    }
}

impl PartialEq for Signature {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Signature {}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature(by {}, {:?})", self.key_id, self.trusted_comment)
    }
}

fn decode_line<const N: usize>(line: usize, text: &str) -> Result<[u8; N], SignatureError> {
    let wrong = SignatureError::Base64 { line, bytes: N };
    // The decoder wants padding and refuses stray bits: one spelling.
    let bytes = STANDARD.decode(text).map_err(|_| wrong)?;
    bytes.try_into().map_err(|_| wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Written by minisign over the four bytes `test`.
    const KEY: &str = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
    const HASHED: &str = "untrusted comment: signature from minisign secret key
RUQf6LRCGA9i559r3g7V1qNyJDApGip8MfqcadIgT9CuhV3EMhHoN1mGTkUidF/z7SrlQgXdy8ofjb7bNJJylDOocrCo8KLzZwo=
trusted comment: timestamp:1556193335\tfile:test
y/rUw2y8/hOUYjZU71eHp/Wo1KZ40fGy2VJEDl34XMJM+TX48Ss/17u3IvIfbVR1FkZZSNCisQbuQY+bHwhEBg==
";
    const LEGACY: &str = "untrusted comment: signature from minisign secret key
RWQf6LRCGA9i59SLOFxz6NxvASXDJeRtuZykwQepbDEGt87ig1BNpWaVWuNrm73YiIiJbq71Wi+dP9eKL8OC351vwIasSSbXxwA=
trusted comment: timestamp:1555779966\tfile:test
QtKMXWyYcwdpZAlPF7tE2ENJkRd1ujvKjlj1m9RtHTBnZPa5WKU5uWRs5GoP5M/VqE81QFuMKI5k/SfNQUaOAA==
";

    fn key() -> PublicKey {
        KEY.parse().unwrap()
    }

    #[test]
    fn signatures_of_minisign_verify() {
        let signature = Signature::decode(HASHED).unwrap();
        assert_eq!(signature.key_id(), key().key_id());
        assert_eq!(signature.trusted_comment(), "timestamp:1556193335\tfile:test");
        assert_eq!(signature.text(), HASHED);
        assert_eq!(signature.verify(&key(), b"test"), Ok(()));
        let mismatch = SignatureError::Mismatch { key_id: key().key_id() };
        assert_eq!(signature.verify(&key(), b"Test"), Err(mismatch));
        assert_eq!(signature.verify(&key(), b""), Err(mismatch));
        let comment = Signature::decode(&HASHED.replace("file:test", "file:best")).unwrap();
        assert_eq!(comment.verify(&key(), b"test"), Err(mismatch));
    }

    #[test]
    fn line_ends_and_the_first_comment_mean_nothing() {
        for text in [
            HASHED.trim_end(),
            &HASHED.replace('\n', "\r\n"),
            &HASHED.replace("signature from minisign secret key", ""),
            &HASHED.replace("signature from", "\u{1b}[2J\t\u{202e}"),
        ] {
            assert_eq!(Signature::decode(text).unwrap().verify(&key(), b"test"), Ok(()), "{text:?}");
        }
    }

    #[test]
    fn other_texts_are_no_signatures() {
        let large = HASHED.replace("key", &"k".repeat(SIGNATURE_BYTES_MAX));
        let cases: [(&str, &str); 13] = [
            ("", "expected the 4 lines of a minisign signature, got 0"),
            (KEY, "expected the 4 lines of a minisign signature, got 1"),
            (&format!("{HASHED}\n"), "expected the 4 lines of a minisign signature, got 5"),
            (&format!("\n{HASHED}"), "expected the 4 lines of a minisign signature, got 5"),
            (&large, &format!("expected a signature of at most 4096 bytes, got {}", large.len())),
            (
                &HASHED.replacen('u', "U", 1),
                "line 1 of the signature: expected `untrusted comment: …`, got something else",
            ),
            (
                &HASHED.replace("\ntrusted comment: ", "\ntrusted comment:"),
                "line 3 of the signature: expected `trusted comment: …`, got something else",
            ),
            // Stray bits, missing padding, a space, another alphabet.
            (
                &HASHED.replace("Zwo=", "Zwp="),
                "line 2 of the signature: expected 74 bytes in base64, got something else",
            ),
            (
                &HASHED.replace("EBg==", "EBg="),
                "line 4 of the signature: expected 64 bytes in base64, got something else",
            ),
            (
                &HASHED.replace("Zwo=", "Zwo= "),
                "line 2 of the signature: expected 74 bytes in base64, got something else",
            ),
            (
                &HASHED.replace("y/rU", "y_rU"),
                "line 4 of the signature: expected 64 bytes in base64, got something else",
            ),
            (&HASHED.replace("file:", "\u{1b}[2J"), "the signature's trusted comment has control characters"),
            (&HASHED.replace("RUQf", "RQQf"), "the signature is of an unknown kind"),
        ];
        for (text, expected) in cases {
            assert_eq!(Signature::decode(text).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn the_old_kind_is_refused_with_the_command_to_sign_again() {
        let error = Signature::decode(LEGACY).unwrap_err();
        assert_eq!(error, SignatureError::Legacy);
        assert!(error.hint().is_some_and(|hint| hint.contains("mprun sign FILE --key KEY")));
    }

    #[test]
    fn a_signature_by_another_key_is_called_that() {
        let other = "RWSb8edwqsDlNtJURTtZTtOoQPkZQRBC3BvoPkiU4PXWKsOhGPO9r96a".parse().unwrap();
        let error = Signature::decode(HASHED).unwrap().verify(&other, b"test").unwrap_err();
        assert_eq!(error.to_string(), "expected a signature by the key 36E5C0AA70E7F19B, got one by E7620F1842B4E81F");
    }
}
