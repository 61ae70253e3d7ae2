//! Decides what a checked view looks like: as HTML, as text, as JSON. Nothing
//! else does. Programs give elements, attributes and texts of closed sets; what
//! they give as text stays text ([`escape`]).

use std::borrow::Cow;

pub mod accent;
pub mod escape;
pub mod html;
pub mod json;
pub mod text;

/// The default look of what [`html`] writes; every rule is under `.mp-page`.
/// [`accent::Accent::declarations`] may be set around it.
pub const STYLE: &str = include_str!("style.css");

/// The few words that the host itself puts into a view, in the user's language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// Hands over a changed field that stands in no form.
    pub apply: Cow<'static, str>,
    /// Stands in a picker where nothing is chosen.
    pub choose: Cow<'static, str>,
}

impl Default for Words {
    fn default() -> Self {
        Self { apply: Cow::Borrowed("Apply"), choose: Cow::Borrowed("Choose…") }
    }
}
