//! Decides which statements about replaced keys count under a trust file. Three
//! things are refused here, none of them with an error, because whoever may put files
//! beside a bundle must not be able to make it uninstallable:
//!
//! - A statement whose *new* key is revoked in the trust file. Whoever steals a key can
//!   make a successor for it before its owner does; `revoked` for that successor takes
//!   the statement back, so that the owner's own one is no fork any more. This is the
//!   only thing that undoes a statement.
//! - A statement about keys that nobody here knows. It says nothing, and a registry
//!   that kept it would keep what anybody sends.
//! - A statement that contradicts those before it. What was recorded first stays.

use std::collections::BTreeSet;

use super::{Lineages, PublicKey, Rotation, RotationError, Trust};

/// What the statements that were recorded here and those that came with a bundle mean
/// under one trust file.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// To decide with: all recorded statements but [`void`](Known::void), and
    /// [`used`](Known::used).
    pub lineages: Lineages,
    /// Of those that were brought: the ones that count, in their order, also where they
    /// were recorded before. Of several that say the same, the first. What a registry
    /// keeps and records.
    pub used: Vec<Rotation>,
    /// Of those that were brought: the ones that say nothing here, in their order, and
    /// why. For a line in the log; never a reason to refuse.
    pub ignored: Vec<(Rotation, Ignored)>,
    /// Of those that were recorded: the ones that count for nothing any more, because
    /// their new key is revoked in the trust file. What a registry forgets.
    pub void: Vec<Rotation>,
}

/// Why a statement that came with a bundle counts for nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Ignored {
    /// The new key is revoked.
    #[error("the new key is that of `{name}`, which was revoked: {reason}")]
    Revoked {
        /// The new key's name in the trust file.
        name: String,
        /// As the trust file says.
        reason: String,
    },
    /// Nothing leads from its keys to one of the trust file, or to a recorded one.
    #[error("neither of its keys is known here")]
    Unconnected,
    /// It contradicts what was recorded, or another one that came with it.
    #[error(transparent)]
    Contradiction(#[from] RotationError),
}

impl Ignored {
    /// What to do about it, where that is clear.
    pub fn hint(&self) -> Option<String> {
        match self {
            Ignored::Contradiction(error) => error.hint(),
            Ignored::Revoked { .. } | Ignored::Unconnected => None,
        }
    }
}

impl Trust {
    /// What the statements that are recorded here and those that came with a bundle mean
    /// under this trust file.
    ///
    /// Recorded ones come first, in their order; of two that contradict each other the
    /// first one counts. Of those that were brought, the ones that are connected count:
    /// one of their keys is in the trust file, or in a recorded statement that counts,
    /// or in another brought one that counts.
    pub fn known(&self, recorded: &[Rotation], brought: &[Rotation]) -> Known {
        let mut known = Known::default();
        let mut connected: BTreeSet<&PublicKey> = self.keys.values().map(|entry| &entry.key).collect();
        for rotation in recorded {
            if self.revoked(rotation.new_key()).is_some() {
                known.void.push(rotation.clone());
            } else if known.lineages.add(rotation.clone()).is_ok() {
                connected.extend([rotation.old(), rotation.new_key()]);
            }
        }

        let mut used: Vec<(usize, &Rotation)> = Vec::new();
        let mut ignored: Vec<(usize, &Rotation, Ignored)> = Vec::new();
        let mut open: Vec<(usize, &Rotation)> = brought.iter().enumerate().collect();
        // Of one that came twice, the first text.
        open.retain(|&(at, rotation)| !brought.iter().take(at).any(|other| says_the_same(other, rotation)));
        loop {
            let before = open.len();
            // One that counts connects others, which may stand before it. One that does
            // not count connects nothing: what hangs on it is a stranger's too.
            open.retain(|&(at, rotation)| {
                if let Some(why) = self.revoked(rotation.new_key()) {
                    ignored.push((at, rotation, why));
                    return false;
                }
                if !connected.contains(rotation.old()) && !connected.contains(rotation.new_key()) {
                    return true;
                }
                match known.lineages.add(rotation.clone()) {
                    Ok(_) => {
                        connected.extend([rotation.old(), rotation.new_key()]);
                        used.push((at, rotation));
                    }
                    Err(error) => ignored.push((at, rotation, error.into())),
                }
                false
            });
            if open.len() == before {
                break;
            }
        }
        ignored.extend(open.into_iter().map(|(at, rotation)| (at, rotation, Ignored::Unconnected)));
        used.sort_by_key(|(at, _)| *at);
        ignored.sort_by_key(|(at, ..)| *at);
        known.used = used.into_iter().map(|(_, rotation)| rotation.clone()).collect();
        known.ignored = ignored.into_iter().map(|(_, rotation, why)| (rotation.clone(), why)).collect();
        known
    }

    /// Whether the file itself revokes this key. What an ancestor's entry says is no
    /// answer: an owner revokes the key that was stolen and goes on with its successor.
    fn revoked(&self, key: &PublicKey) -> Option<Ignored> {
        let (name, entry) = self.keys.iter().find(|(_, entry)| entry.key == *key)?;
        let reason = entry.revoked.clone()?;
        Some(Ignored::Revoked { name: name.clone(), reason })
    }
}

/// Two texts of one statement differ in their comments and the times of signing.
fn says_the_same(one: &Rotation, other: &Rotation) -> bool {
    one.old() == other.old() && one.new_key() == other.new_key()
}
