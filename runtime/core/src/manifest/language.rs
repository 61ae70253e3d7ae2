//! Decides what a language tag is, how it is spelled, and which tags are looked up
//! for what a user asks for (RFC 4647, lookup). Well-formed is enough (BCP 47):
//! whether a tag is registered is not looked up.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;

use crate::identity::quoted;

/// Longest tag, in bytes.
pub(crate) const TAG_BYTES_MAX: usize = 35;

/// Why a text is no language tag.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LanguageTagError {
    /// Not well-formed.
    #[error("expected a language tag like `en` or `zh-Hans-CN`, got `{got}`")]
    Malformed {
        /// What was found, cut to a readable length.
        got: String,
    },
    /// Well-formed, and there is a more usual way to write it.
    #[error("expected the usual spelling `{usual}`, got `{got}`")]
    Spelling {
        /// What was found.
        got: String,
        /// The same in its usual spelling.
        usual: LanguageTag,
    },
}

/// A language tag in its usual spelling: `zh-Hant-TW`. At most 35 bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct LanguageTag(String);

impl LanguageTag {
    /// The tag as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The tag that `text` means, whatever letters are large in it; `None` where it
    /// means none.
    pub fn read(text: &str) -> Option<LanguageTag> {
        if text.len() > TAG_BYTES_MAX {
            return None;
        }
        let mut tag = String::with_capacity(text.len());
        for (position, part) in text.split('-').enumerate() {
            let letters = part.bytes().all(|byte| byte.is_ascii_alphabetic());
            if position == 0 {
                if !letters || !(2..=8).contains(&part.len()) {
                    return None;
                }
                tag.push_str(&part.to_ascii_lowercase());
                continue;
            }
            if !(1..=8).contains(&part.len()) || !part.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                return None;
            }
            tag.push('-');
            match part.split_at_checked(1) {
                _ if part.len() == 2 && letters => tag.push_str(&part.to_ascii_uppercase()),
                Some((first, rest)) if part.len() == 4 && letters => {
                    tag.push_str(&first.to_ascii_uppercase());
                    tag.push_str(&rest.to_ascii_lowercase());
                }
                _ => tag.push_str(&part.to_ascii_lowercase()),
            }
        }
        Some(LanguageTag(tag))
    }

    /// What to look up for somebody who asks for this language, the best first: the
    /// tag, then ever shorter ones. Chinese is written in two scripts, and who asks
    /// for `zh-TW` has said which without naming it.
    pub(super) fn ranges(&self) -> Vec<String> {
        let mut ranges = Vec::new();
        let mut rest = Some(self.0.as_str());
        while let Some(range) = rest {
            ranges.push(range.to_owned());
            rest = range.rsplit_once('-').map(|(shorter, _)| match shorter.rsplit_once('-') {
                // A single letter begins something; it means nothing at the end.
                Some((before, single)) if single.len() == 1 => before,
                _ => shorter,
            });
        }
        if let Some((script, region)) = self.chinese() {
            // After what names the region, before `zh` alone.
            let at = ranges.len().saturating_sub(1).max(1);
            let of_region = region.map(|region| format!("zh-{script}-{region}"));
            ranges.splice(at..at, of_region.into_iter().chain([format!("zh-{script}")]));
        }
        ranges
    }

    /// The script that a tag for Chinese leaves out, and the region.
    fn chinese(&self) -> Option<(&'static str, Option<&str>)> {
        let mut parts = self.0.split('-');
        if parts.next() != Some("zh") {
            return None;
        }
        let next = parts.next();
        match next {
            Some("TW" | "HK" | "MO") => Some(("Hant", next)),
            Some(region) if region.len() == 2 => Some(("Hans", next)),
            None => Some(("Hans", None)),
            Some(_) => None,
        }
    }
}

impl FromStr for LanguageTag {
    type Err = LanguageTagError;
    fn from_str(text: &str) -> Result<Self, LanguageTagError> {
        let got = quoted(text);
        match LanguageTag::read(text) {
            Some(tag) if tag.0 == text => Ok(tag),
            Some(usual) => Err(LanguageTagError::Spelling { got, usual }),
            None => Err(LanguageTagError::Malformed { got }),
        }
    }
}

impl fmt::Display for LanguageTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl JsonSchema for LanguageTag {
    fn schema_name() -> Cow<'static, str> {
        "LanguageTag".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "maxLength": TAG_BYTES_MAX,
            "pattern": "^[a-z]{2,8}(-[A-Za-z0-9]{1,8})*$",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_has_one_usual_spelling() {
        for (text, usual) in [("EN", "en"), ("de-at", "de-AT"), ("ZH-hant-tw", "zh-Hant-TW"), ("es-419", "es-419")] {
            assert_eq!(LanguageTag::read(text).unwrap().as_str(), usual);
            assert_eq!(usual.parse::<LanguageTag>().unwrap().as_str(), usual);
        }
        assert!(matches!("zh-hans".parse::<LanguageTag>(), Err(LanguageTagError::Spelling { .. })));
        for bad in ["", "*", "x", "e n", "en_US", "en-", "-en", "en-<b>", "12", "en-abcdefghi", &"en-aaaa".repeat(9)] {
            assert_eq!(LanguageTag::read(bad), None, "{bad}");
            assert!(matches!(bad.parse::<LanguageTag>(), Err(LanguageTagError::Malformed { .. })), "{bad}");
        }
    }

    #[test]
    fn shorter_tags_are_looked_up_after_longer_ones() {
        for (tag, ranges) in [
            ("de", &["de"][..]),
            ("de-CH-1996", &["de-CH-1996", "de-CH", "de"]),
            ("en-a-bbb-x-ccc", &["en-a-bbb-x-ccc", "en-a-bbb", "en"]),
            ("zh", &["zh", "zh-Hans"]),
            ("zh-CN", &["zh-CN", "zh-Hans-CN", "zh-Hans", "zh"]),
            ("zh-TW", &["zh-TW", "zh-Hant-TW", "zh-Hant", "zh"]),
            ("zh-Hant-CN", &["zh-Hant-CN", "zh-Hant", "zh"]),
            ("zh-yue", &["zh-yue", "zh"]),
        ] {
            assert_eq!(LanguageTag::read(tag).unwrap().ranges(), ranges, "{tag}");
        }
    }
}
