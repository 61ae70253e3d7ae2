//! Decides which servers a program can name: by a full host name in its one
//! spelling, or by all names below one. Refused are addresses in numbers, ports,
//! and what would be a whole top-level domain.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;

use crate::identity::quoted;

/// Longest name, in bytes, as DNS has it.
const HOST_BYTES_MAX: usize = 253;
/// Longest part of a name between its dots, in bytes.
const LABEL_BYTES_MAX: usize = 63;

/// Why a text names no servers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a host name in lower case such as `cdn.example.org`, or `*.example.org` for all names below it, got `{got}`"
)]
pub struct HostPatternError {
    /// What was found, cut to a readable length.
    pub got: String,
}

/// A host name, `cdn.example.org`; or all names below one at any depth, but not
/// that name itself: `*.example.org`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct HostPattern(String);

impl HostPattern {
    /// The pattern as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the server of this name, in lower case, is meant.
    pub fn matches(&self, host: &str) -> bool {
        match self.parent() {
            None => host == self.0,
            Some(parent) => is_name(host) && host.strip_suffix(parent).is_some_and(|below| below.ends_with('.')),
        }
    }

    /// Whether this means every server that `other` does.
    pub fn covers(&self, other: &HostPattern) -> bool {
        match (self.parent(), other.parent()) {
            (None, _) => self == other,
            (Some(_), None) => self.matches(&other.0),
            (Some(parent), Some(below)) => parent == below || self.matches(below),
        }
    }

    /// Below which name; `None` for a name itself.
    fn parent(&self) -> Option<&str> {
        self.0.strip_prefix("*.")
    }
}

/// Two names or more with dots between them, the last of which is no number.
fn is_name(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=LABEL_BYTES_MAX).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    text.len() <= HOST_BYTES_MAX
        && text.split('.').all(is_label)
        && text.rsplit_once('.').is_some_and(|(_, last)| last.starts_with(|first: char| first.is_ascii_lowercase()))
}

impl FromStr for HostPattern {
    type Err = HostPatternError;
    fn from_str(text: &str) -> Result<Self, HostPatternError> {
        if is_name(text.strip_prefix("*.").unwrap_or(text)) {
            Ok(HostPattern(text.to_owned()))
        } else {
            Err(HostPatternError { got: quoted(text) })
        }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HostPattern({})", self.0)
    }
}

impl JsonSchema for HostPattern {
    fn schema_name() -> Cow<'static, str> {
        "HostPattern".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "maxLength": HOST_BYTES_MAX + "*.".len(),
            "pattern": r"^(\*\.)?([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]([a-z0-9-]*[a-z0-9])?$",
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pattern(text: &str) -> HostPattern {
        text.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn a_server_is_named_in_one_way() {
        let long = ["a".repeat(63), "b".repeat(63), "c".repeat(63), "d".repeat(61)].join(".");
        for good in ["example.org", "cdn-2.example.co.uk", "*.example.org", "7.xn--bcher-kva.example", "a.b", &long] {
            assert_eq!(pattern(good).as_str(), good);
        }
        let bad = "* *. . org *.org localhost .example.org example.org. a..b Example.org exämple.org -a.org a-.org \
                   a_b.org **.example.org *.*.example.org a.*.example.org *a.example.org https://example.org \
                   example.org/a example.org:443 user@example.org 127.0.0.1 0x7f.1 127.0.0.0x1 *.0.0.1 [::1] \
                   example.org? example.org#";
        let long = [format!("{}.org", "a".repeat(64)), format!("{long}d"), format!("*.{long}d")];
        let bad = bad.split(' ').chain(["", "a b.org", "a.org\n"]).chain(long.iter().map(String::as_str));
        for bad in bad {
            assert!(bad.parse::<HostPattern>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_pattern_means_what_is_below_a_name_and_not_the_name() {
        let (one, below) = (pattern("cdn.example.org"), pattern("*.example.org"));
        for (host, is_one, is_below) in [
            ("cdn.example.org", true, true),
            ("a.cdn.example.org", false, true),
            ("example.org", false, false),
            (".example.org", false, false),
            ("cdn.example.org.", false, false),
            ("CDN.example.org", false, false),
            ("cdn.badexample.org", false, false),
            ("badexample.org", false, false),
            ("cdn.example.org.evil.net", false, false),
            ("evil.net/.example.org", false, false),
            ("evil.net#.example.org", false, false),
            ("evil.net:80@a.example.org", false, false),
            ("*.example.org", false, false),
            ("", false, false),
        ] {
            assert_eq!((one.matches(host), below.matches(host)), (is_one, is_below), "{host}");
        }
    }

    #[test]
    fn what_a_pattern_covers_it_means_all_of() {
        let all = ["example.org", "cdn.example.org", "*.example.org", "*.cdn.example.org", "example.net"];
        let covered =
            |of: &str| -> Vec<&str> { all.into_iter().filter(|other| pattern(of).covers(&pattern(other))).collect() };
        assert_eq!(covered("example.org"), ["example.org"]);
        assert_eq!(covered("*.example.org"), ["cdn.example.org", "*.example.org", "*.cdn.example.org"]);
        assert_eq!(covered("*.cdn.example.org"), ["*.cdn.example.org"]);
    }

    /// Names that are nearly, and sometimes exactly, below `parent`.
    fn near(parent: String) -> impl Strategy<Value = (String, String)> {
        let texts = prop_oneof![
            4 => "[a-z0-9-]{1,3}(\\.[a-z0-9-]{1,3}){0,2}\\.",
            2 => "[a-zA-Z0-9.*@:/#? %_-]{0,8}",
            1 => "\\PC{0,8}",
        ];
        let ends = prop_oneof![6 => Just(String::new()), 1 => "[a-z0-9./:#-]{1,3}"];
        (Just(parent), texts, ends).prop_map(|(parent, before, after)| {
            let text = format!("{before}{parent}{after}");
            (parent, text)
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

        /// Written a second time, from the end of the name.
        #[test]
        fn nothing_but_a_name_below_it_matches_a_pattern(
            (parent, text) in "[a-z]{1,3}(\\.[a-z]{1,3}){1,2}".prop_flat_map(near)
        ) {
            let (labels, own): (Vec<&str>, Vec<&str>) = (text.split('.').collect(), parent.split('.').collect());
            let is_plain = |label: &&str| {
                let letters: Vec<char> = label.chars().collect();
                let inner = |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '-';
                letters.iter().all(inner) && letters.first().is_some_and(|c| *c != '-') && letters.last() != Some(&'-')
            };
            let is_below = labels.len() > own.len() && labels.ends_with(&own) && labels.iter().all(is_plain);
            prop_assert_eq!(pattern(&format!("*.{parent}")).matches(&text), is_below, "{}", text);
            prop_assert_eq!(pattern(&parent).matches(&text), text == parent, "{}", text);
        }
    }
}
