//! What checking a manifest is made of: values are read, problems noted, and the
//! walk goes on after one. What reads a value answers `None` only after it has
//! noted why.

use std::{collections::HashMap, fmt::Display, hash::Hash, str::FromStr};

use super::{
    Problem, ProblemKind, Word,
    error::{PROBLEMS_MAX, nearest},
    json::Json,
    keys::Keys,
    text,
};
use crate::identity::quoted;

/// An object whose keys were checked.
pub(super) struct Object<'a> {
    path: String,
    entries: &'a [(String, Json)],
}

impl<'a> Object<'a> {
    fn get(&self, key: &str) -> Option<&'a Json> {
        let entry = self.entries.iter().find(|(name, _)| name == key)?;
        Some(&entry.1)
    }

    fn path(&self, key: &str) -> String {
        join(&self.path, key)
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// Collects problems.
#[derive(Default)]
pub(super) struct Check {
    pub(super) problems: Vec<Problem>,
    pub(super) more: usize,
}

impl Check {
    // What values are made of.

    pub(super) fn object<'a>(&mut self, json: &'a Json, path: String, keys: &Keys) -> Option<Object<'a>> {
        let Json::Object(entries) = json else {
            return self.wrong(&path, "an object", json);
        };
        let object = Object { path, entries };
        for (position, (key, _)) in entries.iter().enumerate() {
            let left_out = keys.left_out.iter().find(|(name, _)| name == key);
            let kind = if let Some(&(_, reason)) = left_out {
                ProblemKind::LeftOut { reason }
            } else if !keys.known.contains(&key.as_str()) {
                ProblemKind::UnknownKey { nearest: nearest(key, keys.known.iter().copied()) }
            } else if entries[..position].iter().any(|(earlier, _)| earlier == key) {
                ProblemKind::DoubledKey
            } else {
                continue;
            };
            let path = object.path(&quoted(key));
            self.note(path, kind);
        }
        Some(object)
    }

    /// An object whose keys are names of something: each with its path.
    pub(super) fn map<'a>(
        &mut self,
        json: &'a Json,
        path: &str,
        most: usize,
        what: &str,
    ) -> Option<Vec<(&'a str, String, &'a Json)>> {
        let Json::Object(entries) = json else {
            return self.wrong(path, "an object", json);
        };
        if entries.len() > most {
            return self.wrong(path, format!("at most {most} {what}"), entries.len());
        }
        let mut all = Vec::with_capacity(entries.len());
        for (position, (key, value)) in entries.iter().enumerate() {
            let path = join(path, &quoted(key));
            if entries[..position].iter().any(|(earlier, _)| earlier == key) {
                self.note(path, ProblemKind::DoubledKey);
            } else {
                all.push((key.as_str(), path, value));
            }
        }
        Some(all)
    }

    pub(super) fn required<T>(
        &mut self,
        object: &Object<'_>,
        key: &str,
        expected: &str,
        read: impl FnOnce(&mut Self, &Json, &str) -> Option<T>,
    ) -> Option<T> {
        let Some(json) = object.get(key) else {
            let expected = expected.to_owned();
            self.note(object.path(key), ProblemKind::Missing { expected });
            return None;
        };
        read(self, json, &object.path(key))
    }

    pub(super) fn optional<T>(
        &mut self,
        object: &Object<'_>,
        key: &str,
        read: impl FnOnce(&mut Self, &Json, &str) -> Option<T>,
    ) -> Option<T> {
        read(self, object.get(key)?, &object.path(key))
    }

    /// An optional text of at most so many characters.
    pub(super) fn optional_text(&mut self, object: &Object<'_>, key: &str, chars_max: usize) -> Option<String> {
        self.optional(object, key, |check, json, path| check.text(json, path, chars_max))
    }

    pub(super) fn list<T>(
        &mut self,
        json: &Json,
        path: &str,
        (least, most): (usize, usize),
        what: &str,
        mut read: impl FnMut(&mut Self, &Json, &str) -> Option<T>,
    ) -> Option<Vec<T>> {
        let expected = || format!("a list of {least} to {most} {what}");
        let Json::List(items) = json else {
            return self.wrong(path, expected(), json);
        };
        if !(least..=most).contains(&items.len()) {
            return self.wrong(path, expected(), items.len());
        }
        let mut all = Vec::with_capacity(items.len());
        for (position, item) in items.iter().enumerate() {
            all.extend(read(self, item, &format!("{path}[{position}]")));
        }
        (all.len() == items.len()).then_some(all)
    }

    pub(super) fn no_doubles<T: Eq + Hash + Display>(
        &mut self,
        path: &str,
        key: &str,
        values: impl IntoIterator<Item = T>,
    ) {
        let mut seen = HashMap::new();
        for (position, value) in values.into_iter().enumerate() {
            let place = format!("{path}[{position}]{key}");
            if let Some(first) = seen.get(&value) {
                let kind = ProblemKind::Doubled { got: value.to_string(), first: String::clone(first) };
                self.note(place, kind);
            } else {
                seen.insert(value, place);
            }
        }
    }

    /// A text with a type and an error message of its own: "expected …, got …".
    pub(super) fn spelled<T: FromStr<Err: Display>>(&mut self, json: &Json, path: &str) -> Option<T> {
        let Json::Text(text) = json else {
            return self.wrong(path, "a text", json);
        };
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => self.misspelt(&error, json, path),
        }
    }

    /// What the error of a text's type says of it.
    pub(super) fn misspelt<T>(&mut self, error: &impl Display, got: impl Display, path: &str) -> Option<T> {
        let message = error.to_string();
        let message = message.strip_prefix("expected ").unwrap_or(&message);
        let expected = message.split(", got ").next().unwrap_or(message);
        self.wrong(path, expected, got)
    }

    pub(super) fn text(&mut self, json: &Json, path: &str, chars_max: usize) -> Option<String> {
        let Json::Text(text) = json else {
            return self.wrong(path, format!("1 to {chars_max} characters of text"), json);
        };
        match text::check(text, chars_max) {
            Ok(()) => Some(text.clone()),
            Err((expected, got)) => self.wrong(path, expected, got),
        }
    }

    pub(super) fn matching(
        &mut self,
        json: &Json,
        path: &str,
        expected: &str,
        fits: fn(&str) -> bool,
    ) -> Option<String> {
        match json {
            Json::Text(text) if fits(text) => Some(text.clone()),
            _ => self.wrong(path, expected, json),
        }
    }

    pub(super) fn word<W: Word>(&mut self, json: &Json, path: &str) -> Option<W> {
        let found = match json {
            Json::Text(text) => W::WORDS.iter().find(|(word, _)| word == text),
            _ => None,
        };
        match found {
            Some((_, value)) => Some(*value),
            None => {
                let words: Vec<_> = W::WORDS.iter().map(|(word, _)| *word).collect();
                self.wrong_word(json, path, &words)
            }
        }
    }

    pub(super) fn number_from_1(&mut self, json: &Json, path: &str) -> Option<u32> {
        let number = match json {
            Json::Whole(number) => u32::try_from(*number).ok().filter(|number| *number > 0),
            _ => None,
        };
        if number.is_none() {
            return self.wrong(path, format!("a whole number from 1 to {}", u32::MAX), json);
        }
        number
    }

    // How problems are noted.

    pub(super) fn wrong_word<T>(&mut self, json: &Json, path: &str, words: &[&'static str]) -> Option<T> {
        let nearest = match json {
            Json::Text(text) => nearest(text, words.iter().copied()),
            _ => None,
        };
        let kind = ProblemKind::Wrong { expected: list_words(words.iter().copied()), got: json.to_string(), nearest };
        self.note(path.to_owned(), kind);
        None
    }

    pub(super) fn wrong<T>(&mut self, path: &str, expected: impl Into<String>, got: impl Display) -> Option<T> {
        let kind = ProblemKind::Wrong { expected: expected.into(), got: got.to_string(), nearest: None };
        self.note(path.to_owned(), kind);
        None
    }

    pub(super) fn note(&mut self, path: String, kind: ProblemKind) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(Problem { path, kind });
        } else {
            self.more += 1;
        }
    }
}

pub(super) fn one_of<W: Word>() -> String {
    list_words(W::WORDS.iter().map(|(word, _)| *word))
}

pub(super) fn list_words<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let words: Vec<_> = words.map(|word| format!("`{word}`")).collect();
    format!("one of {}", words.join(", "))
}
