//! Decides which key continues which: a publisher who gets a new key says so with
//! both, and every program keeps its namespace, storage and grants.
//!
//! ```text
//! mprun key rotation 1                        ┐
//! RW…  the old key                            │ what both sign
//! RW…  the new key                            ┘
//! untrusted comment: …  ┐
//! RU…                   │ the old key's signature of the three lines, each with
//! trusted comment: …    │ its LF: nobody takes over a lineage without its key
//! …                     ┘
//! untrusted comment: …  … and the new key's: nobody draws another's key, and with
//!                       it another's programs, into a lineage of theirs
//! ```
//!
//! Line ends and untrusted comments mean as little as in a signature. A bundle
//! begins with other bytes, so neither signature can be taken for one of a bundle.
//!
//! Forks and circles are refused: a key is replaced at most once and replaces at
//! most one. Whoever holds a stolen key can make a rotation too. Hosts keep the one
//! that they saw first; only the operator can tell who is right: with `revoked` for
//! the thief's key in the trust file, the thief's statement counts for nothing (see
//! [`Trust::known`](super::Trust::known)).

use std::{collections::BTreeMap, fmt, iter::successors};

use super::{KeyError, KeyId, PublicKey, SIGNATURE_BYTES_MAX, Signature, SignatureError};
use crate::identity::quoted;

/// Most rotations in one text, and most that lead from the first key of a lineage
/// to its last.
pub const ROTATIONS_MAX: usize = 32;
/// Largest text of rotations, in bytes.
pub const ROTATIONS_BYTES_MAX: usize = ROTATIONS_MAX * (2 * SIGNATURE_BYTES_MAX + 256);

/// The first line of a rotation.
const HEAD: &str = "mprun key rotation 1";
/// What comes before the number of another version.
const HEAD_OF_ANY: &str = "mprun key rotation ";
/// Lines of one rotation.
const LINES: usize = 3 + 4 + 4;

/// One of the two keys of a rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Party {
    /// The one that is replaced.
    Old,
    /// The one that replaces it.
    New,
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Party::Old => "old",
            Party::New => "new",
        })
    }
}

/// Why a text is no rotation, or one that cannot be added to what is known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RotationError {
    /// Larger than [`ROTATIONS_BYTES_MAX`].
    #[error("expected at most {ROTATIONS_BYTES_MAX} bytes of key rotations, got {bytes}")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// More than [`ROTATIONS_MAX`] in one text.
    #[error("expected at most {ROTATIONS_MAX} key rotations, got {count}")]
    TooMany {
        /// How many.
        count: usize,
    },
    /// Not a multiple of 11 lines, or none.
    #[error("expected {LINES} lines for each key rotation, got {lines} lines")]
    Lines {
        /// How many lines there are.
        lines: usize,
    },
    /// Another first line.
    #[error("expected a key rotation, which begins with `{HEAD}`, got `{got}`")]
    NotARotation {
        /// The line, cut to a readable length.
        got: String,
    },
    /// A rotation of another version.
    #[error("expected a key rotation of version 1, got `{got}`")]
    Version {
        /// The first line, cut to a readable length.
        got: String,
    },
    /// One of the two keys is none.
    #[error("the {party} key: {reason}")]
    Key {
        /// Which one.
        party: Party,
        /// Why.
        reason: KeyError,
    },
    /// One of the two signatures is none, or does not fit the statement.
    #[error("the signature by the {party} key: {reason}")]
    Signature {
        /// Whose.
        party: Party,
        /// Why.
        reason: SignatureError,
    },
    /// A key cannot replace itself, under another id neither.
    #[error("expected two different keys, got `{key_id}` twice")]
    SameKey {
        /// The old one's.
        key_id: KeyId,
    },
    /// The old key was replaced by another one already.
    #[error("the key {old} was replaced by {}, so {} cannot replace it too", known.key_id(), new.key_id())]
    Fork {
        /// The key that would be replaced twice.
        old: KeyId,
        /// Its known successor. A whole key, as the hint is a line of the trust file.
        known: PublicKey,
        /// The other one.
        new: PublicKey,
    },
    /// The new key replaced another one already.
    #[error("the key {new} replaced {known}, so it cannot replace {old} too")]
    Join {
        /// The key that would replace two.
        new: KeyId,
        /// The one that it is known to have replaced.
        known: KeyId,
        /// The other one.
        old: KeyId,
    },
    /// The new key came before the old one.
    #[error("the key {new} came before {old}, so it cannot replace it")]
    Circle {
        /// The key that would be its own ancestor.
        new: KeyId,
        /// The key that it would replace.
        old: KeyId,
    },
    /// More than [`ROTATIONS_MAX`] from the first key to the last.
    #[error("expected at most {ROTATIONS_MAX} key rotations one after the other, got {count}")]
    TooLong {
        /// How many.
        count: usize,
    },
}

impl RotationError {
    /// What to do about it, where that is clear.
    pub fn hint(&self) -> Option<String> {
        match self {
            RotationError::Lines { .. } | RotationError::NotARotation { .. } | RotationError::SameKey { .. } => {
                Some("both keys sign a rotation: mprun key rotate --old KEY --new KEY -o FILE".to_owned())
            }
            RotationError::Version { .. } => Some("it was made for a newer mprun: update this one".to_owned()),
            RotationError::Key { reason, .. } => reason.hint(),
            RotationError::Signature {
                reason: SignatureError::Mismatch { .. } | SignatureError::OtherKey { .. },
                ..
            } => Some("each key signs the first three lines: mprun key rotate --old KEY --new KEY -o FILE".to_owned()),
            RotationError::Signature { reason, .. } => reason.hint(),
            RotationError::Fork { known, new, .. } => Some(format!(
                "one of the two may be a thief's: ask the publisher which one is theirs, and add the other one to \
                 the trust file, so that the statement for it counts for nothing:\n  \
                 [keys.NAME]\n  \
                 public_key = \"{known}\"    # or \"{new}\"\n  \
                 roles = [\"reviewer\"]\n  \
                 revoked = \"why\""
            )),
            RotationError::Join { .. } => {
                Some("a key continues one other key: ask the publisher for a statement with another new key".to_owned())
            }
            _ => None,
        }
    }
}

/// The statement that a key was replaced by another. Both keys have signed it: that
/// was checked when it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    old: PublicKey,
    new: PublicKey,
    text: String,
}

impl Rotation {
    /// What both keys sign: three lines, each with its line feed.
    pub fn statement(old: &PublicKey, new: &PublicKey) -> String {
        format!("{HEAD}\n{old}\n{new}\n")
    }

    /// Puts a rotation together from the texts of the two signatures of
    /// [`Rotation::statement`].
    ///
    /// # Errors
    /// One key instead of two, or a signature that is none or does not fit.
    pub fn assemble(old: &PublicKey, new: &PublicKey, by_old: &str, by_new: &str) -> Result<Rotation, RotationError> {
        if old == new {
            return Err(RotationError::SameKey { key_id: old.key_id() });
        }
        let statement = Rotation::statement(old, new);
        let mut text = statement.clone();
        for (party, key, signature) in [(Party::Old, old, by_old), (Party::New, new, by_new)] {
            let wrong = |reason| RotationError::Signature { party, reason };
            let signature = Signature::decode(signature).map_err(wrong)?;
            signature.verify(key, statement.as_bytes()).map_err(wrong)?;
            for line in signature.text().lines() {
                text.push_str(line);
                text.push('\n');
            }
        }
        Ok(Rotation { old: old.clone(), new: new.clone(), text })
    }

    /// Reads one rotation or several, the oldest first. Whether they belong together
    /// is a question for [`Lineages::add`].
    ///
    /// # Errors
    /// A text that is too large, has other lines than these, or a signature that does
    /// not fit.
    pub fn decode_all(text: &str) -> Result<Vec<Rotation>, RotationError> {
        if text.len() > ROTATIONS_BYTES_MAX {
            return Err(RotationError::TooLarge { bytes: text.len() });
        }
        let lines: Vec<&str> = text.lines().collect();
        if let Some(head) = lines.first().filter(|line| **line != HEAD) {
            return Err(other_head(head));
        }
        if lines.is_empty() || !lines.len().is_multiple_of(LINES) {
            return Err(RotationError::Lines { lines: lines.len() });
        }
        if lines.len() > ROTATIONS_MAX * LINES {
            return Err(RotationError::TooMany { count: lines.len() / LINES });
        }
        lines.chunks_exact(LINES).map(Rotation::decode).collect()
    }

    fn decode(lines: &[&str]) -> Result<Rotation, RotationError> {
        let [head, old, new, signatures @ ..] = lines else {
            return Err(RotationError::Lines { lines: lines.len() });
        };
        if *head != HEAD {
            return Err(other_head(head));
        }
        let key = |party, text: &str| text.parse::<PublicKey>().map_err(|reason| RotationError::Key { party, reason });
        let (old, new) = (key(Party::Old, old)?, key(Party::New, new)?);
        let (by_old, by_new) = signatures.split_at(signatures.len() / 2);
        Rotation::assemble(&old, &new, &by_old.join("\n"), &by_new.join("\n"))
    }

    /// The key that was replaced.
    pub fn old(&self) -> &PublicKey {
        &self.old
    }

    /// The key that replaced it.
    pub fn new_key(&self) -> &PublicKey {
        &self.new
    }

    /// The 11 lines, each with its line feed. Texts of several rotations can be put
    /// behind each other.
    pub fn text(&self) -> &str {
        &self.text
    }
}

fn other_head(line: &str) -> RotationError {
    let got = quoted(line);
    if line.starts_with(HEAD_OF_ANY) { RotationError::Version { got } } else { RotationError::NotARotation { got } }
}

/// Which keys replaced which, as far as it is known. No key is replaced twice, none
/// replaces two, none is its own ancestor.
#[derive(Debug, Clone, Default)]
pub struct Lineages {
    successors: BTreeMap<PublicKey, PublicKey>,
    predecessors: BTreeMap<PublicKey, PublicKey>,
}

impl Lineages {
    /// Adds what a rotation says; `false` if it was known already. The order of
    /// rotations does not matter.
    ///
    /// # Errors
    /// A fork, a circle, or more than [`ROTATIONS_MAX`] rotations one after the other.
    /// Nothing is added then.
    pub fn add(&mut self, rotation: Rotation) -> Result<bool, RotationError> {
        let Rotation { old, new, .. } = rotation;
        let ids = (old.key_id(), new.key_id());
        if let Some(known) = self.successors.get(&old) {
            if *known == new {
                return Ok(false);
            }
            return Err(RotationError::Fork { old: ids.0, known: known.clone(), new });
        }
        if let Some(known) = self.predecessors.get(&new) {
            return Err(RotationError::Join { new: ids.1, known: known.key_id(), old: ids.0 });
        }
        if self.ancestors(&old).any(|ancestor| *ancestor == new) {
            return Err(RotationError::Circle { new: ids.1, old: ids.0 });
        }
        let count = self.ancestors(&old).count() + 1 + self.descendants(&new).count();
        if count > ROTATIONS_MAX {
            return Err(RotationError::TooLong { count });
        }
        self.successors.insert(old.clone(), new.clone());
        self.predecessors.insert(new, old);
        Ok(true)
    }

    /// The first key of the lineage; the key itself, if it replaced none.
    pub fn root(&self, key: &PublicKey) -> PublicKey {
        self.ancestors(key).last().unwrap_or(key).clone()
    }

    /// The key that replaced this one.
    pub fn successor(&self, key: &PublicKey) -> Option<&PublicKey> {
        self.successors.get(key)
    }

    /// The keys before this one, the nearest first, without itself.
    pub fn ancestors<'a>(&'a self, key: &PublicKey) -> impl Iterator<Item = &'a PublicKey> + use<'a> {
        successors(self.predecessors.get(key), move |key| self.predecessors.get(*key))
    }

    /// The keys after this one, the nearest first, without itself.
    fn descendants<'a>(&'a self, key: &PublicKey) -> impl Iterator<Item = &'a PublicKey> + use<'a> {
        successors(self.successors.get(key), move |key| self.successors.get(*key))
    }

    /// All keys that replaced one.
    pub(super) fn replacements(&self) -> impl Iterator<Item = &PublicKey> {
        self.predecessors.keys()
    }
}
