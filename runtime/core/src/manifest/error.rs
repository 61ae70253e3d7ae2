//! Says what is wrong with a manifest: where, what was expected, what was there,
//! and the known name that is nearest to an unknown one.

use std::fmt;

use super::MANIFEST_BYTES_MAX;
use crate::capability::PLATFORM_CODE;

/// More problems than this are only counted.
pub(super) const PROBLEMS_MAX: usize = 20;

/// Why a manifest is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// Larger than [`MANIFEST_BYTES_MAX`].
    #[error("expected a manifest of at most {MANIFEST_BYTES_MAX} bytes, got {bytes}")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// Not JSON.
    #[error("expected JSON, got a mistake in line {line}, column {column}: {message}")]
    Syntax {
        /// Counted from 1.
        line: usize,
        /// Counted from 1, in bytes.
        column: usize,
        /// What the JSON reader says.
        message: String,
    },
    /// Made for a newer host: nothing else in it was looked at.
    #[error(
        "`platform_version.min_code`: the program needs a host with platform code {min_code}, this one has {PLATFORM_CODE}"
    )]
    TooNew {
        /// What it needs.
        min_code: u32,
    },
    /// It is JSON, but not a manifest.
    #[error("{}", Problem::list(problems, *more))]
    Problems {
        /// What is wrong, in the order of the text, at most 20.
        problems: Vec<Problem>,
        /// How many more there are.
        more: usize,
    },
}

/// One thing that is wrong with a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where: `req_permissions[1].name`; empty for the whole manifest.
    pub path: String,
    /// What.
    pub kind: ProblemKind,
}

/// What is wrong at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProblemKind {
    /// A required key is not there.
    Missing {
        /// What its value would be.
        expected: String,
    },
    /// No such key.
    UnknownKey {
        /// A known key that it might have been.
        nearest: Option<&'static str>,
    },
    /// A key of the W3C drafts that no host of ours would act upon.
    LeftOut {
        /// Why not.
        reason: &'static str,
    },
    /// The key stands twice in its object.
    DoubledKey,
    /// The value is not what it should be.
    Wrong {
        /// What it should be.
        expected: String,
        /// What it is.
        got: String,
        /// A known word that it might have been.
        nearest: Option<&'static str>,
    },
    /// The value stands in its list already.
    Doubled {
        /// The value.
        got: String,
        /// The path of the first one.
        first: String,
    },
}

impl Problem {
    fn list(problems: &[Problem], more: usize) -> String {
        if let ([problem], 0) = (problems, more) {
            return problem.to_string();
        }
        let mut text = format!("{} problems", problems.len() + more);
        for problem in problems {
            text.push_str("\n  ");
            text.push_str(&problem.to_string());
        }
        if more > 0 {
            text.push_str(&format!("\n  … and {more} more"));
        }
        text
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "`{}`: ", self.path)?;
        }
        self.kind.fmt(f)
    }
}

impl fmt::Display for ProblemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProblemKind::Missing { expected } => write!(f, "missing, expected {expected}"),
            ProblemKind::UnknownKey { nearest } => {
                f.write_str("unknown key")?;
                did_you_mean(f, *nearest)
            }
            ProblemKind::LeftOut { reason } => write!(f, "key of the W3C drafts that is left out: {reason}"),
            ProblemKind::DoubledKey => f.write_str("key stands twice"),
            ProblemKind::Wrong { expected, got, nearest } => {
                write!(f, "expected {expected}, got {got}")?;
                did_you_mean(f, *nearest)
            }
            ProblemKind::Doubled { got, first } => {
                write!(f, "expected no value twice, got `{got}` again after `{first}`")
            }
        }
    }
}

fn did_you_mean(f: &mut fmt::Formatter<'_>, nearest: Option<&'static str>) -> fmt::Result {
    match nearest {
        Some(nearest) => write!(f, ", did you mean `{nearest}`?"),
        None => Ok(()),
    }
}

/// The candidate that `text` was probably meant to be: few letters differ, case
/// and separators aside (`appId` is near `app_id`).
pub(crate) fn nearest(text: &str, candidates: impl IntoIterator<Item = &'static str>) -> Option<&'static str> {
    // Distances of long hostile texts are not worth their time.
    if text.len() > 64 {
        return None;
    }
    let plain =
        |text: &str| -> String { text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect() };
    let text = plain(text);
    let allowed = (text.chars().count() / 3).clamp(1, 3);
    candidates
        .into_iter()
        .map(|candidate| (strsim::osa_distance(&text, &plain(candidate)), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn the_nearest_name_is_near() {
        let keys = ["app_id", "name", "pages", "req_permissions", "icons"];
        assert_eq!(nearest("appId", keys), Some("app_id"));
        assert_eq!(nearest("req-permision", keys), Some("req_permissions"));
        assert_eq!(nearest("page", keys), Some("pages"));
        assert_eq!(nearest("iocns", keys), Some("icons"));
        assert_eq!(nearest("title", keys), None);
        assert_eq!(nearest("", keys), None);
        assert_eq!(nearest(&"name".repeat(1000), keys), None);
    }
}
