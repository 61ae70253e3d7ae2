//! What a test looks at: the page as text, the states, what the user was told.

use mprun_frame::element::{Attribute, Element};

use super::driver::{TestPage, fail};
use super::shown;
use crate::codec::{self, State};
use crate::page::Program;

impl<P: Program> TestPage<P> {
    /// The route of the page on top.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pages/cafe.in"));
    /// # fn main() {
    /// let mut t = mprun::test::open::<App>("menu");
    /// t.tap("About");
    /// assert_eq!(t.route(), "about");
    /// # }
    /// ```
    pub fn route(&self) -> &str {
        self.stack.last().map_or("", |page| page.route.as_str())
    }

    /// How many pages lie on each other.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pages/cafe.in"));
    /// # fn main() {
    /// let mut t = mprun::test::open::<App>("menu");
    /// t.tap("About");
    /// assert_eq!(t.depth(), 2);
    /// # }
    /// ```
    pub fn depth(&self) -> usize {
        self.stack.len()
    }

    /// The program's state.
    ///
    /// # Panics
    /// If `S` is not its type.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pages/cafe.in"));
    /// # fn main() {
    /// let mut t = mprun::test::open::<App>("menu");
    /// t.first().tap("Add");
    /// assert_eq!(t.app::<Shop>().cart, ["Latte"]);
    /// # }
    /// ```
    #[track_caller]
    pub fn app<S: State>(&self) -> S {
        read(&self.app)
    }

    /// The state of the page on top.
    ///
    /// # Panics
    /// If `S` is not its type.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pages/cafe.in"));
    /// # fn main() {
    /// let mut t = mprun::test::open::<App>("menu");
    /// t.fill("Your name", "Ada");
    /// assert_eq!(t.page::<Menu>().name, "Ada");
    /// # }
    /// ```
    #[track_caller]
    pub fn page<S: State>(&self) -> S {
        read(self.stack.last().map_or(&[], |page| page.state.as_slice()))
    }

    /// The page as lines of text: fields as `label: value`, buttons as `[text]`.
    /// What is in a dialog, a tab or a disclosure is always in it.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pages/cafe.in"));
    /// # fn main() {
    /// let mut t = mprun::test::open::<App>("menu");
    /// t.tap("About");
    /// assert_eq!(t.text(), "Since 1998");
    /// # }
    /// ```
    pub fn text(&self) -> String {
        shown::text(&self.elements, |position| self.value(position))
    }

    /// What a field shows: what was typed, or what the program believes.
    pub(super) fn value(&self, position: usize) -> String {
        let Some(field) = self.elements.get(position) else { return String::new() };
        let label = field.attribute(Attribute::Label).unwrap_or_default();
        if let Some((_, typed)) = self.typed.iter().find(|(known, _)| known == label) {
            return typed.clone();
        }
        match field.element {
            Element::Checkbox | Element::Switch => field.attribute(Attribute::Checked).is_some().to_string(),
            Element::Slider => field.range().value(field.attribute(Attribute::Value).unwrap_or_default()).to_string(),
            _ => field.attribute(Attribute::Value).unwrap_or_default().to_owned(),
        }
    }

    /// Fails the test unless the page's text contains this.
    ///
    /// # Panics
    /// With the whole text, if it does not.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pages/cafe.in"));
    /// # fn main() {
    /// let t = mprun::test::open::<App>("menu");
    /// t.assert_text("0 in the cart, 4.20 each");
    /// # }
    /// ```
    #[track_caller]
    pub fn assert_text(&self, expected: &str) {
        let text = self.text();
        if !text.contains(expected) {
            fail(format!("expected {expected:?} on the page `{}`, which shows:\n{text}", self.route()));
        }
    }

    /// Fails the test if the page's text contains this.
    ///
    /// # Panics
    /// With the whole text, if it does.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pages/cafe.in"));
    /// # fn main() {
    /// let t = mprun::test::open::<App>("menu");
    /// t.assert_no_text("Ready");
    /// # }
    /// ```
    #[track_caller]
    pub fn assert_no_text(&self, unexpected: &str) {
        let text = self.text();
        if text.contains(unexpected) {
            fail(format!("expected no {unexpected:?} on the page `{}`, which shows:\n{text}", self.route()));
        }
    }

    /// Toasts since the last call of this.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pages/cafe.in"));
    /// # fn main() {
    /// let mut t = mprun::test::open::<App>("menu");
    /// t.first().tap("Add");
    /// assert_eq!(t.toasts(), ["In the cart"]);
    /// assert!(t.toasts().is_empty());
    /// # }
    /// ```
    pub fn toasts(&mut self) -> Vec<String> {
        std::mem::take(&mut self.toasts)
    }

    /// What the last action's failure told the user.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pages/cafe.in"));
    /// # fn main() {
    /// let mut t = mprun::test::open::<App>("menu");
    /// t.tap("Clear");
    /// assert_eq!(t.alert(), Some("The cart is empty"));
    /// # }
    /// ```
    pub fn alert(&self) -> Option<&str> {
        self.alert.as_deref()
    }

    /// Field names and what was wrong with each, if the last action was refused.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pages/cafe.in"));
    /// # fn main() {
    /// let mut t = mprun::test::open::<App>("menu");
    /// t.submit();
    /// assert_eq!(t.field_errors()[0].0, "note");
    /// # }
    /// ```
    pub fn field_errors(&self) -> &[(String, String)] {
        &self.field_errors
    }

    /// What the program logged: level (1 error … 4 debug) and message.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pages/cafe.in"));
    /// # fn main() {
    /// let mut t = mprun::test::open::<App>("menu");
    /// t.within("Tea").tap("Add");
    /// assert_eq!(t.logs(), [(3, "adding Tea".to_owned())]);
    /// # }
    /// ```
    pub fn logs(&self) -> &[(u32, String)] {
        &self.host.logs
    }

    /// What the program keeps under a key.
    ///
    /// # Panics
    /// If it is no `T`.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pages/cafe.in"));
    /// # fn main() {
    /// let mut t = mprun::test::open::<App>("menu");
    /// t.fill("Note", "no sugar");
    /// t.submit();
    /// assert_eq!(t.stored::<String>("note").as_deref(), Some("no sugar"));
    /// # }
    /// ```
    #[track_caller]
    pub fn stored<T: serde::de::DeserializeOwned>(&self, key: &str) -> Option<T> {
        let bytes = self.host.storage.get(key)?;
        match codec::decode_cbor(bytes) {
            Ok(value) => Some(value),
            Err(error) => fail(format!("what is kept under `{key}` is something else: {error}")),
        }
    }
}

#[track_caller]
fn read<S: State>(bytes: &[u8]) -> S {
    match codec::decode_named(bytes) {
        Ok(state) => state,
        Err(error) => fail(format!("this is not the type of the state: {error}")),
    }
}
