//! Decides what a trust file is: who may publish what, and whose reviews it needs.
//! How each part is read is in `check`.

use std::{collections::BTreeMap, fmt};

use toml::Table;

use super::{Date, PublicKey, check::Check};
use crate::identity::AppId;

/// Largest trust file, in bytes.
pub const TRUST_BYTES_MAX: usize = 256 * 1024;
/// Most keys in a trust file.
pub const TRUST_KEYS_MAX: usize = 1_000;
/// Most `[[reviews]]` in a trust file.
pub const TRUST_REVIEWS_MAX: usize = 100;
/// Longest name of a key, in bytes.
pub const KEY_NAME_BYTES_MAX: usize = 64;

/// Why a trust file is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrustFileError {
    /// Larger than [`TRUST_BYTES_MAX`].
    #[error("expected a trust file of at most {TRUST_BYTES_MAX} bytes, got {bytes}")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// Not TOML.
    #[error("expected TOML, got a mistake in line {line}, column {column}: {message}")]
    Syntax {
        /// Counted from 1.
        line: usize,
        /// Counted from 1, in characters.
        column: usize,
        /// What the TOML reader says.
        message: String,
    },
    /// It is TOML, but not a trust file.
    #[error("{}", TrustProblem::list(problems, *more))]
    Problems {
        /// What is wrong, at most 20.
        problems: Vec<TrustProblem>,
        /// How many more there are.
        more: usize,
    },
}

impl TrustFileError {
    /// What to do about it, where that is clear.
    pub fn hint(&self) -> Option<String> {
        match self {
            TrustFileError::Syntax { .. } => {
                Some("names of keys stand in brackets: [keys.NAME], texts in quotes: public_key = \"RW…\"".to_owned())
            }
            TrustFileError::TooLarge { .. } | TrustFileError::Problems { .. } => None,
        }
    }
}

/// One thing that is wrong with a trust file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustProblem {
    /// Where: `keys.anna.roles`, `reviews[0].threshold`.
    pub path: String,
    /// What was expected there, and what was found.
    pub message: String,
}

impl TrustProblem {
    fn list(problems: &[TrustProblem], more: usize) -> String {
        if let ([problem], 0) = (problems, more) {
            return problem.to_string();
        }
        let mut text = format!("{} problems", problems.len() + more);
        for problem in problems {
            text.push_str(&format!("\n  {problem}"));
        }
        if more > 0 {
            text.push_str(&format!("\n  … and {more} more"));
        }
        text
    }
}

impl fmt::Display for TrustProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.path, self.message)
    }
}

/// The operator's file: whose programs may be used here.
#[derive(Debug, Clone)]
pub struct Trust {
    /// By name, so that the order of the file means nothing.
    pub(super) keys: BTreeMap<String, Entry>,
    pub(super) reviews: Vec<Review>,
    /// The one key of [`Trust::of_key`].
    pub(super) only: Option<PublicKey>,
}

/// What the file says of one key.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) key: PublicKey,
    /// Authors have this, others do not.
    pub(super) may_publish: Option<Vec<Pattern>>,
    pub(super) is_reviewer: bool,
    pub(super) valid_from: Option<Date>,
    pub(super) valid_until: Option<Date>,
    pub(super) revoked: Option<String>,
}

/// Which programs need which reviewers.
#[derive(Debug, Clone)]
pub(super) struct Review {
    pub(super) app_ids: Vec<Pattern>,
    /// Names of keys.
    pub(super) reviewers: Vec<String>,
    pub(super) threshold: usize,
}

/// One `app_id`, or all that begin alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pattern {
    One(AppId),
    Prefix(String),
}

impl Pattern {
    pub(super) fn read(text: &str) -> Option<Pattern> {
        match text.strip_suffix('*') {
            Some("") => Some(Pattern::Prefix(String::new())),
            // What an `app_id` can begin with is one itself.
            Some(prefix) => prefix.parse::<AppId>().ok().map(|prefix| Pattern::Prefix(prefix.to_string())),
            None => text.parse().ok().map(Pattern::One),
        }
    }

    pub(super) fn fits(&self, app_id: &AppId) -> bool {
        match self {
            Pattern::One(one) => one == app_id,
            Pattern::Prefix(prefix) => app_id.as_str().starts_with(prefix.as_str()),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Pattern::One(app_id) => app_id.fmt(f),
            Pattern::Prefix(prefix) => write!(f, "{prefix}*"),
        }
    }
}

impl Trust {
    /// Reads a trust file. One without keys trusts nobody.
    ///
    /// # Errors
    /// More than [`TRUST_BYTES_MAX`], a text that is not TOML, or all that is wrong
    /// with it otherwise.
    pub fn parse(toml: &str) -> Result<Trust, TrustFileError> {
        if toml.len() > TRUST_BYTES_MAX {
            return Err(TrustFileError::TooLarge { bytes: toml.len() });
        }
        let root: Table = toml.parse().map_err(|error| syntax(toml, &error))?;
        Check::default().file(&root)
    }

    /// Trust in one key, which may publish everything, without reviews. Its id is its
    /// name.
    pub fn of_key(key: PublicKey) -> Trust {
        let entry = Entry {
            key: key.clone(),
            may_publish: Some(vec![Pattern::Prefix(String::new())]),
            is_reviewer: false,
            valid_from: None,
            valid_until: None,
            revoked: None,
        };
        let keys = BTreeMap::from([(key.key_id().to_string(), entry)]);
        Trust { keys, reviews: Vec::new(), only: Some(key) }
    }
}

/// The reader's message is drawn for a terminal; place and reason are enough.
fn syntax(text: &str, error: &toml::de::Error) -> TrustFileError {
    let at = error.span().map_or(text.len(), |span| span.start.min(text.len()));
    let before = &text.as_bytes()[..at];
    let line_at = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let message = error.message().chars().take(200);
    TrustFileError::Syntax {
        line: before.iter().filter(|byte| **byte == b'\n').count() + 1,
        // Bytes that only continue a character are not counted.
        column: before[line_at..].iter().filter(|byte| **byte & 0xc0 != 0x80).count() + 1,
        message: message.map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect(),
    }
}
