//! Reads a trust file and refuses what it cannot mean: names of keys and values that
//! this version does not know, a reviewer who is not in the file, one key under two
//! names, an author who may publish nothing. It goes on after a problem, so that an
//! operator sees all of them at once, each with its place.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::{
    Date, KEY_NAME_BYTES_MAX, PublicKey, TRUST_KEYS_MAX, TRUST_REVIEWS_MAX, TrustFileError, TrustProblem,
    file::{Entry, Pattern, Review, Trust},
};
use crate::identity::quoted;

/// More problems than this are only counted.
const PROBLEMS_MAX: usize = 20;
/// Most patterns in one list.
const PATTERNS_MAX: usize = 1_000;
/// Longest reason for a revocation, in characters.
const REASON_CHARS_MAX: usize = 200;

const ROOT: &[&str] = &["keys", "reviews"];
const KEY: &[&str] = &["public_key", "roles", "may_publish", "valid_from", "valid_until", "revoked"];
const REVIEW: &[&str] = &["app_ids", "reviewers", "threshold"];
const ROLES: &[&str] = &["author", "reviewer"];

/// Collects problems. What reads a value answers `None` only after it has noted
/// why.
#[derive(Default)]
pub(super) struct Check {
    problems: Vec<TrustProblem>,
    more: usize,
}

/// What a key is for.
struct Roles {
    author: bool,
    reviewer: bool,
}

impl Check {
    pub(super) fn file(mut self, root: &Table) -> Result<Trust, TrustFileError> {
        self.known_keys(root, "", ROOT);
        let entries = root.get("keys").and_then(|keys| self.keys(keys)).unwrap_or_default();
        let reviews = root.get("reviews").and_then(|reviews| self.reviews(reviews, &entries)).unwrap_or_default();
        let keys = entries.into_iter().filter_map(|(name, entry)| Some((name, entry?))).collect();
        if !self.problems.is_empty() {
            return Err(TrustFileError::Problems { problems: self.problems, more: self.more });
        }
        Ok(Trust { keys, reviews, only: None })
    }

    /// Names and their entries; `None` for an entry with problems.
    fn keys(&mut self, value: &Value) -> Option<BTreeMap<String, Option<Entry>>> {
        let Value::Table(table) = value else {
            return self.wrong("keys", "tables like `[keys.anna]`", value);
        };
        if table.len() > TRUST_KEYS_MAX {
            return self.wrong_text("keys", &format!("at most {TRUST_KEYS_MAX} keys"), &table.len().to_string());
        }
        let mut entries = BTreeMap::new();
        let mut names: BTreeMap<PublicKey, &str> = BTreeMap::new();
        for (name, value) in table {
            let path = format!("keys.{}", quoted(name));
            if !is_key_name(name) {
                let expected = format!("a name of 1 to {KEY_NAME_BYTES_MAX} ASCII letters, digits, `_` or `-`");
                self.wrong_text::<()>(&path, &expected, &format!("\"{}\"", quoted(name)));
                continue;
            }
            let entry = self.entry(value, &path);
            if let Some(entry) = &entry {
                // Compared without the ids: see `PublicKey`.
                if let Some(first) = names.get(&entry.key) {
                    let message = format!("expected no key twice, got that of `keys.{first}` again");
                    self.note(&format!("{path}.public_key"), message);
                } else {
                    names.insert(entry.key.clone(), name);
                }
            }
            entries.insert(name.clone(), entry);
        }
        Some(entries)
    }

    fn entry(&mut self, value: &Value, path: &str) -> Option<Entry> {
        let Value::Table(table) = value else {
            let expected = "a table with `public_key` and `roles`";
            return match value {
                // Not the text: it may be a secret key.
                Value::String(_) => self.wrong_text(path, expected, "a text"),
                _ => self.wrong(path, expected, value),
            };
        };
        self.known_keys(table, path, KEY);
        let at = |key: &str| format!("{path}.{key}");

        let key = self.required(table, path, "public_key", "the line that begins with `RW` in a `.pub` file");
        let key = key.and_then(|value| self.public_key(value, &at("public_key")));
        let roles = self.required(table, path, "roles", "[\"author\"], [\"reviewer\"] or both");
        let roles = roles.and_then(|value| self.roles(value, &at("roles")));
        let may_publish = table.get("may_publish").map(|value| self.patterns(value, &at("may_publish")));
        match (&roles, &may_publish) {
            (Some(Roles { author: true, .. }), None) => {
                let expected =
                    "missing, expected the app ids that this author may publish, like [\"coffee\"], or [\"*\"] for all";
                self.note(&at("may_publish"), expected.to_owned());
            }
            (Some(Roles { author: false, .. }), Some(_)) => {
                let message = "only authors publish: leave it out, or add \"author\" to the roles";
                self.note(&at("may_publish"), message.to_owned());
            }
            _ => {}
        }
        let valid_from = table.get("valid_from").map(|value| self.date(value, &at("valid_from")));
        let valid_until = table.get("valid_until").map(|value| self.date(value, &at("valid_until")));
        if let (Some(Some(from)), Some(Some(until))) = (valid_from, valid_until)
            && from > until
        {
            self.note(&at("valid_until"), format!("expected {from} or later, as `valid_from` says, got {until}"));
        }
        let revoked = table.get("revoked").map(|value| self.reason(value, &at("revoked")));
        Some(Entry {
            key: key?,
            is_reviewer: roles?.reviewer,
            may_publish: unless_broken(may_publish)?,
            valid_from: unless_broken(valid_from)?,
            valid_until: unless_broken(valid_until)?,
            revoked: unless_broken(revoked)?,
        })
    }

    fn public_key(&mut self, value: &Value, path: &str) -> Option<PublicKey> {
        let Value::String(text) = value else {
            return self.wrong(path, "a minisign public key in quotes", value);
        };
        match text.parse() {
            Ok(key) => Some(key),
            Err(error) => {
                // Not the text: it may be a secret key.
                self.note(path, format!("{error}"));
                None
            }
        }
    }

    fn roles(&mut self, value: &Value, path: &str) -> Option<Roles> {
        let texts = self.texts(value, path, "roles", ROLES.len())?;
        let mut roles = Roles { author: false, reviewer: false };
        let mut all_known = true;
        for (index, text) in texts.iter().enumerate() {
            match *text {
                "author" => roles.author = true,
                "reviewer" => roles.reviewer = true,
                _ => {
                    let near = did_you_mean(text, ROLES.iter().copied());
                    let message = format!("expected `author` or `reviewer`, got \"{}\"{near}", quoted(text));
                    self.note(&format!("{path}[{index}]"), message);
                    all_known = false;
                }
            }
        }
        all_known.then_some(roles)
    }

    fn patterns(&mut self, value: &Value, path: &str) -> Option<Vec<Pattern>> {
        let texts = self.texts(value, path, "app ids", PATTERNS_MAX)?;
        let mut patterns = Vec::with_capacity(texts.len());
        for (index, text) in texts.iter().enumerate() {
            if let Some(pattern) = Pattern::read(text) {
                patterns.push(pattern);
            } else {
                let expected = "an app id (a lower-case letter, then at most 63 lower-case letters, digits, `.` or `-`), \
                                the beginning of one with `*` after it, or `*`";
                self.wrong_text::<()>(&format!("{path}[{index}]"), expected, &format!("\"{}\"", quoted(text)));
            }
        }
        (patterns.len() == texts.len()).then_some(patterns)
    }

    fn date(&mut self, value: &Value, path: &str) -> Option<Date> {
        let date = match value {
            Value::Datetime(day) if day.time.is_none() && day.offset.is_none() => {
                day.date.and_then(|date| Date::new(date.year, date.month, date.day))
            }
            _ => None,
        };
        if date.is_none() {
            return self.wrong(path, "a date without quotes and time, like 2026-11-22", value);
        }
        date
    }

    fn reason(&mut self, value: &Value, path: &str) -> Option<String> {
        match value {
            Value::String(text)
                if (1..=REASON_CHARS_MAX).contains(&text.chars().count()) && !text.contains(char::is_control) =>
            {
                Some(text.clone())
            }
            _ => self.wrong(
                path,
                &format!("the reason in quotes, 1 to {REASON_CHARS_MAX} characters in one line"),
                value,
            ),
        }
    }

    fn reviews(&mut self, value: &Value, keys: &BTreeMap<String, Option<Entry>>) -> Option<Vec<Review>> {
        let Value::Array(items) = value else {
            return self.wrong("reviews", "tables like `[[reviews]]`", value);
        };
        if items.len() > TRUST_REVIEWS_MAX {
            return self.wrong_text("reviews", &format!("at most {TRUST_REVIEWS_MAX}"), &items.len().to_string());
        }
        let mut reviews = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            reviews.extend(self.review(item, &format!("reviews[{index}]"), keys));
        }
        Some(reviews)
    }

    fn review(&mut self, value: &Value, path: &str, keys: &BTreeMap<String, Option<Entry>>) -> Option<Review> {
        let Value::Table(table) = value else {
            return self.wrong(path, "a table with `app_ids`, `reviewers` and `threshold`", value);
        };
        self.known_keys(table, path, REVIEW);
        let at = |key: &str| format!("{path}.{key}");
        let app_ids = self.required(table, path, "app_ids", "the app ids that need reviews, or [\"*\"] for all");
        let app_ids = app_ids.and_then(|value| self.patterns(value, &at("app_ids")));
        let reviewers = self.required(table, path, "reviewers", "names of keys with the role `reviewer`");
        let reviewers = reviewers.and_then(|value| self.reviewers(value, &at("reviewers"), keys));
        let threshold = self.required(table, path, "threshold", "how many of the reviewers have to sign");
        let most = reviewers.as_ref().map(Vec::len);
        let threshold = threshold.and_then(|value| self.threshold(value, &at("threshold"), most));
        Some(Review { app_ids: app_ids?, reviewers: reviewers?, threshold: threshold? })
    }

    fn reviewers(&mut self, value: &Value, path: &str, keys: &BTreeMap<String, Option<Entry>>) -> Option<Vec<String>> {
        let texts = self.texts(value, path, "names of keys", TRUST_KEYS_MAX)?;
        for (index, name) in texts.iter().enumerate() {
            let path = format!("{path}[{index}]");
            match keys.get(*name) {
                // Its own problem is the one to solve.
                Some(None) => {}
                Some(Some(entry)) if entry.is_reviewer => {}
                Some(Some(_)) => {
                    let message = format!("expected a reviewer, got `{name}`: add \"reviewer\" to `keys.{name}.roles`");
                    self.note(&path, message);
                }
                None => {
                    // There may be many of both; what is only counted needs no distances.
                    let is_shown = self.problems.len() < PROBLEMS_MAX;
                    let candidates = keys.keys().map(String::as_str).filter(|_| is_shown);
                    let near = did_you_mean(name, candidates);
                    let message = format!("expected the name of a key in this file, got \"{}\"{near}", quoted(name));
                    self.note(&path, message);
                }
            }
        }
        Some(texts.into_iter().map(str::to_owned).collect())
    }

    fn threshold(&mut self, value: &Value, path: &str, most: Option<usize>) -> Option<usize> {
        let threshold = match value {
            Value::Integer(number) => usize::try_from(*number).ok(),
            _ => None,
        };
        // Where the reviewers themselves are broken, that is the problem to solve.
        let most = most.unwrap_or(usize::MAX);
        let expected = || match most {
            usize::MAX => "a whole number from 1".to_owned(),
            1 => "1, as there is one reviewer".to_owned(),
            most => format!("a whole number from 1 to {most}, as there are {most} reviewers"),
        };
        match threshold.filter(|threshold| (1..=most).contains(threshold)) {
            Some(threshold) => Some(threshold),
            None => self.wrong(path, &expected(), value),
        }
    }

    // What values are made of.

    fn known_keys(&mut self, table: &Table, path: &str, known: &[&str]) {
        for name in table.keys().filter(|name| !known.contains(&name.as_str())) {
            let dot = if path.is_empty() { "" } else { "." };
            let near = did_you_mean(name, known.iter().copied());
            self.note(&format!("{path}{dot}{}", quoted(name)), format!("unknown key{near}"));
        }
    }

    fn required<'t>(&mut self, table: &'t Table, path: &str, key: &str, expected: &str) -> Option<&'t Value> {
        let value = table.get(key);
        if value.is_none() {
            self.note(&format!("{path}.{key}"), format!("missing, expected {expected}"));
        }
        value
    }

    /// A list of texts, none of them twice.
    fn texts<'t>(&mut self, value: &'t Value, path: &str, what: &str, most: usize) -> Option<Vec<&'t str>> {
        let expected = || format!("a list of 1 to {most} {what}");
        let Value::Array(items) = value else {
            return self.wrong(path, &expected(), value);
        };
        if !(1..=most).contains(&items.len()) {
            return self.wrong_text(path, &expected(), &items.len().to_string());
        }
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        let mut texts = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let Value::String(text) = item else {
                self.wrong::<()>(&format!("{path}[{index}]"), "a text in quotes", item);
                continue;
            };
            if let Some(first) = places.get(text.as_str()) {
                let message =
                    format!("expected no value twice, got \"{}\" again after `{path}[{first}]`", quoted(text));
                self.note(&format!("{path}[{index}]"), message);
            } else {
                places.insert(text, index);
            }
            texts.push(text.as_str());
        }
        (texts.len() == items.len()).then_some(texts)
    }

    // How problems are noted.

    fn wrong<T>(&mut self, path: &str, expected: &str, value: &Value) -> Option<T> {
        let got = match value {
            Value::String(text) => format!("\"{}\"", quoted(text)),
            Value::Integer(number) => format!("`{number}`"),
            Value::Float(number) => format!("`{number}`"),
            Value::Boolean(value) => format!("`{value}`"),
            Value::Datetime(moment) => format!("`{moment}`"),
            Value::Array(items) => format!("a list of {}", items.len()),
            Value::Table(_) => "a table".to_owned(),
        };
        self.wrong_text(path, expected, &got)
    }

    fn wrong_text<T>(&mut self, path: &str, expected: &str, got: &str) -> Option<T> {
        self.note(path, format!("expected {expected}, got {got}"));
        None
    }

    fn note(&mut self, path: &str, message: String) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(TrustProblem { path: path.to_owned(), message });
        } else {
            self.more += 1;
        }
    }
}

/// An outer `None` is a value that is not there, an inner one a problem.
fn unless_broken<T>(value: Option<Option<T>>) -> Option<Option<T>> {
    match value {
        Some(read) => read.map(Some),
        None => Some(None),
    }
}

/// What TOML takes without quotes, so that `keys.NAME` is the same in a message and
/// in the file.
fn is_key_name(name: &str) -> bool {
    (1..=KEY_NAME_BYTES_MAX).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// The candidate that `text` was probably meant to be: few letters differ, case
/// and separators aside.
fn did_you_mean<'c>(text: &str, candidates: impl Iterator<Item = &'c str>) -> String {
    // Distances of long texts are not worth their time.
    if text.len() > KEY_NAME_BYTES_MAX {
        return String::new();
    }
    let plain = |text: &str| text.replace(['-', '_', ' '], "").to_lowercase();
    let text = plain(text);
    let allowed = (text.chars().count() / 3).clamp(1, 3);
    let near = candidates.map(|candidate| (strsim::osa_distance(&text, &plain(candidate)), candidate));
    let nearest = near.filter(|(distance, _)| *distance <= allowed).min();
    nearest.map_or_else(String::new, |(_, nearest)| format!(", did you mean `{nearest}`?"))
}
