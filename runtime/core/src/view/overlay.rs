//! What lies over a view without being the program's: text that a user typed and
//! the program has not taken yet, and what a refused submit says about fields.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::identity::FieldKey;

/// Drafts and errors of one page, by field.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overlay {
    /// Typed, and not the program's value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub drafts: BTreeMap<FieldKey, Draft>,
    /// What is wrong with a field, a sentence of the program.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub errors: BTreeMap<FieldKey, String>,
}

/// What a user typed into a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// The program's value at that time ([`super::field::Field::value`]). The
    /// draft is shown only as long as the program still has it: a program that
    /// sets a field wins over what was typed before.
    pub belief: String,
    /// What was typed.
    pub typed: String,
}

impl Overlay {
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.drafts.is_empty() && self.errors.is_empty()
    }
}
