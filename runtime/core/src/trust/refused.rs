//! Says why a bundle may not be used here, and which line of the trust file, or which
//! step of whom, would change that. Names are those of the trust file; nothing of the
//! bundle or its signatures is repeated but its app id and the ids of keys.

use std::fmt;

use super::{Date, KeyId, PublicKey, SIGNATURES_MAX};
use crate::identity::{AppId, IdentityError};

/// Why a bundle may not be used here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is no signature at all.
    #[error("`{app_id}` is not signed")]
    Unsigned {
        /// The program.
        app_id: AppId,
    },
    /// More than [`SIGNATURES_MAX`]: none was looked at.
    #[error("expected at most {SIGNATURES_MAX} signatures, got {count}")]
    TooManySignatures {
        /// How many.
        count: usize,
    },
    /// A known key signed something else, or not at all: no signature of it fits the
    /// file.
    #[error("no signature by `{name}` (key {key_id}) fits the file: it is not the one that was signed")]
    Altered {
        /// The key's name.
        name: String,
        /// The key, as the signature names it.
        key_id: KeyId,
    },
    /// Nobody in the trust file signed it.
    #[error("{}", unknown(app_id, key_ids, *expected))]
    UnknownSigner {
        /// The program.
        app_id: AppId,
        /// Who signed it, as the signatures say.
        key_ids: Vec<KeyId>,
        /// The only key that is trusted, where there is no file.
        expected: Option<KeyId>,
    },
    /// Signed by reviewers only.
    #[error("expected a signature by an author of `{app_id}`, got one by `{name}`, who is a reviewer only")]
    NotAnAuthor {
        /// The reviewer's name.
        name: String,
        /// The program.
        app_id: AppId,
    },
    /// The author's key counts for nothing any more.
    #[error("the key of `{name}` was revoked: {reason}")]
    Revoked {
        /// The key's name.
        name: String,
        /// As the trust file says.
        reason: String,
    },
    /// The author may publish other programs.
    #[error("`{name}` may not publish `{app_id}`, only {}", list(may_publish))]
    MayNotPublish {
        /// The key's name.
        name: String,
        /// The program.
        app_id: AppId,
        /// The patterns of the trust file.
        may_publish: Vec<String>,
    },
    /// The author's key counts from a later day on.
    #[error("the key of `{name}` is valid from {from} on, today is {today}")]
    NotYetValid {
        /// The key's name.
        name: String,
        /// The first day.
        from: Date,
        /// The day of the decision.
        today: Date,
    },
    /// The author's key has counted until an earlier day.
    #[error("the key of `{name}` was valid until {until}, today is {today}")]
    Expired {
        /// The key's name.
        name: String,
        /// The last day.
        until: Date,
        /// The day of the decision.
        today: Date,
    },
    /// The author has a newer key, and the old one may not sign anything new.
    #[error("`{name}` has replaced the key {key_id} by {}, so it signs nothing new", by.key_id())]
    Replaced {
        /// The key's name.
        name: String,
        /// The old key.
        key_id: KeyId,
        /// The next one.
        by: PublicKey,
    },
    /// The author's signature is there, those of reviewers are not.
    #[error("{}", too_few(*needed, *have, of, passed_over))]
    TooFewReviewers {
        /// The program.
        app_id: AppId,
        /// How many reviewers have to sign.
        needed: usize,
        /// How many did.
        have: usize,
        /// Whose signatures count.
        of: Vec<String>,
        /// Those of them who signed in vain, and why.
        passed_over: Vec<(String, PassedOver)>,
    },
    /// The lineage has no name. Cannot happen with the namespaces of this version;
    /// better refused than stored under another program's name.
    #[error(transparent)]
    Namespace(#[from] IdentityError),
}

/// Why a reviewer's signature does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PassedOver {
    /// It is the author's own, or one of the author's lineage.
    Author,
    /// Another key of the same lineage has counted already.
    Again,
    /// The key was revoked.
    Revoked,
    /// The key counts from a later day on.
    NotYetValid,
    /// The key has counted until an earlier day.
    Expired,
    /// The key was replaced.
    Replaced,
}

impl fmt::Display for PassedOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PassedOver::Author => "is the author",
            PassedOver::Again => "has counted under another name",
            PassedOver::Revoked => "was revoked",
            PassedOver::NotYetValid => "is not valid yet",
            PassedOver::Expired => "is not valid any more",
            PassedOver::Replaced => "has a newer key",
        })
    }
}

impl Refused {
    /// What would change the decision: a line of the trust file, or who has to do what.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Refused::Unsigned { .. } => {
                "its author signs it with: mprun sign BUNDLE --key KEY; for your own program while you write it: --dev"
                    .to_owned()
            }
            Refused::TooManySignatures { .. } => {
                "keep those of the author and the reviewers, and remove the others".to_owned()
            }
            Refused::Altered { .. } => {
                "get the file and its signatures again; whoever changes a file has to sign it again".to_owned()
            }
            Refused::UnknownSigner { expected: Some(_), .. } => {
                "ask the publisher for their public key, and compare it on another way than the file came".to_owned()
            }
            Refused::UnknownSigner { app_id, key_ids, expected: None } => {
                let ids: Vec<_> = key_ids.iter().map(KeyId::to_string).collect();
                format!(
                    "if you trust the publisher, get their public key from them and add to the trust file:\n  \
                     [keys.NAME]\n  \
                     public_key = \"RW…\"    # the key with the id {}\n  \
                     roles = [\"author\"]\n  \
                     may_publish = [\"{app_id}\"]",
                    ids.join(" or ")
                )
            }
            Refused::NotAnAuthor { app_id, .. } => format!(
                "the author's signature is missing beside the file; the author is a key in the trust file with:\n  \
                 roles = [\"author\"]\n  \
                 may_publish = [\"{app_id}\"]"
            ),
            Refused::Revoked { name, .. } => format!(
                "get a version that is signed with another key; only if the revocation was a mistake, remove \
                 `revoked` under `[keys.{name}]` in the trust file"
            ),
            Refused::MayNotPublish { name, app_id, may_publish } => {
                let quoted = may_publish.iter().map(String::as_str).chain([app_id.as_str()]);
                let quoted: Vec<_> = quoted.map(|pattern| format!("\"{pattern}\"")).collect();
                format!(
                    "to allow it, write under `[keys.{name}]` in the trust file:\n  may_publish = [{}]",
                    quoted.join(", ")
                )
            }
            Refused::NotYetValid { name, today, .. } => format!(
                "if the clock of this machine is right, to allow it, write under `[keys.{name}]` in the trust file:\n  \
                 valid_from = {today}"
            ),
            Refused::Expired { name, today, .. } => format!(
                "ask the publisher whether the key is still theirs; to allow it, write under `[keys.{name}]` in the \
                 trust file a later day than today ({today}):\n  valid_until = …"
            ),
            Refused::Replaced { by, .. } => {
                format!("get a version that is signed with the key {}: {by}", by.key_id())
            }
            Refused::TooFewReviewers { app_id, needed, have, .. } => format!(
                "{} more of them must sign the file, with: mprun sign BUNDLE --key KEY; who has to is said in the \
                 trust file by `[[reviews]]` whose `app_ids` fit `{app_id}`",
                needed.saturating_sub(*have)
            ),
            Refused::Namespace(_) => return None,
        };
        Some(hint)
    }

    /// Which of several reasons is said: the one with the lowest number.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Refused::Namespace(_) | Refused::TooManySignatures { .. } => 0,
            Refused::TooFewReviewers { .. } => 1,
            Refused::Replaced { .. } => 2,
            Refused::Expired { .. } => 3,
            Refused::NotYetValid { .. } => 4,
            Refused::Revoked { .. } => 5,
            Refused::MayNotPublish { .. } => 6,
            Refused::UnknownSigner { .. } => 7,
            Refused::NotAnAuthor { .. } => 8,
            // One by somebody who would count is said before all of these.
            Refused::Altered { .. } => 9,
            Refused::Unsigned { .. } => 10,
        }
    }
}

fn unknown(app_id: &AppId, key_ids: &[KeyId], expected: Option<KeyId>) -> String {
    let ids: Vec<_> = key_ids.iter().map(KeyId::to_string).collect();
    let (keys, ids) = (if ids.len() == 1 { "the key" } else { "the keys" }, ids.join(", "));
    match expected {
        Some(expected) => format!("expected a signature of `{app_id}` by the key {expected}, got one by {keys} {ids}"),
        None => format!("`{app_id}` is signed by nobody in the trust file, only by {keys} {ids}"),
    }
}

fn too_few(needed: usize, have: usize, of: &[String], passed_over: &[(String, PassedOver)]) -> String {
    let mut text = format!("expected signatures by {needed} of the reviewers {}, got {have}", list(of));
    for (index, (name, why)) in passed_over.iter().enumerate() {
        text.push_str(if index == 0 { " (" } else { ", " });
        text.push_str(&format!("`{name}` {why}"));
    }
    if !passed_over.is_empty() {
        text.push(')');
    }
    text
}

fn list(names: &[String]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}
