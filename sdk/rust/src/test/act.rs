//! What a user does: press, fill in, choose, submit.

mod gesture;

use mprun_frame::element::{Attribute, Element, Event};

use super::driver::{TestPage, fail};
use super::shown::Shown;
use crate::page::Program;

/// Which of several elements an action means.
#[derive(Debug, Clone)]
enum Which {
    Only,
    Nth(usize),
    Within(String),
}

/// An action that says which of several elements it means.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pages/cafe.in"));
/// # fn main() {
/// let mut t = mprun::test::open::<App>("menu");
/// t.within("Tea").tap("Add");
/// t.first().tap("Add");
/// t.nth(1).tap("Add");
/// assert_eq!(t.app::<Shop>().cart, ["Tea", "Latte", "Tea"]);
/// # }
/// ```
#[derive(Debug)]
#[must_use = "say what to do: `.tap(…)`"]
pub struct Pick<'a, P: Program> {
    page: &'a mut TestPage<P>,
    which: Which,
}

impl<P: Program> TestPage<P> {
    /// The next action means the first element that it fits.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pages/cafe.in"));
    /// # fn main() {
    /// let mut t = mprun::test::open::<App>("menu");
    /// t.first().tap("Add");
    /// # }
    /// ```
    pub fn first(&mut self) -> Pick<'_, P> {
        self.nth(0)
    }

    /// The next action means the element that it fits after skipping `position`
    /// others.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pages/cafe.in"));
    /// # fn main() {
    /// let mut t = mprun::test::open::<App>("menu");
    /// t.nth(1).tap("Add");
    /// assert_eq!(t.app::<Shop>().cart, ["Tea"]);
    /// # }
    /// ```
    pub fn nth(&mut self, position: usize) -> Pick<'_, P> {
        Pick { page: self, which: Which::Nth(position) }
    }

    /// The next action means the element nearest to this text: in the smallest
    /// part of the page that contains both.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pages/cafe.in"));
    /// # fn main() {
    /// let mut t = mprun::test::open::<App>("menu");
    /// t.within("Tea").tap("Add");
    /// assert_eq!(t.app::<Shop>().cart, ["Tea"]);
    /// # }
    /// ```
    pub fn within(&mut self, text: &str) -> Pick<'_, P> {
        Pick { page: self, which: Which::Within(text.to_owned()) }
    }

    /// Presses what is called so: a button, a link, or anything with `on:tap`.
    /// A button of a form submits it, one that only closes its dialog does so.
    ///
    /// # Panics
    /// If there is not exactly one; the message lists what can be pressed.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pages/cafe.in"));
    /// # fn main() {
    /// let mut t = mprun::test::open::<App>("menu");
    /// t.tap("About");
    /// # }
    /// ```
    #[track_caller]
    pub fn tap(&mut self, name: &str) {
        Pick { page: self, which: Which::Only }.tap(name);
    }

    /// Types into the field with this label. With `on:input` and `on:change` the
    /// program is told at once, otherwise when its form is submitted.
    ///
    /// # Panics
    /// If there is not exactly one; the message lists the fields.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pages/cafe.in"));
    /// # fn main() {
    /// let mut t = mprun::test::open::<App>("menu");
    /// t.fill("Your name", "Ada");
    /// # }
    /// ```
    #[track_caller]
    pub fn fill(&mut self, label: &str, text: &str) {
        Pick { page: self, which: Which::Only }.fill(label, text);
    }

    /// Chooses an option, by its text, of the picker or radio group with this
    /// label.
    ///
    /// # Panics
    /// If there is no such field or option; the message lists what there is.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pages/cafe.in"));
    /// # fn main() {
    /// let mut t = mprun::test::open::<App>("menu");
    /// t.choose("Size", "Large");
    /// assert_eq!(t.page::<Menu>().size, "l");
    /// # }
    /// ```
    #[track_caller]
    pub fn choose(&mut self, label: &str, option: &str) {
        Pick { page: self, which: Which::Only }.choose(label, option);
    }

    /// Ticks or unticks the checkbox or switch with this label.
    ///
    /// # Panics
    /// If there is not exactly one; the message lists the fields.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pages/cafe.in"));
    /// # fn main() {
    /// let mut t = mprun::test::open::<App>("menu");
    /// t.check("Gift", true);
    /// assert!(t.page::<Menu>().gift);
    /// # }
    /// ```
    #[track_caller]
    pub fn check(&mut self, label: &str, on: bool) {
        Pick { page: self, which: Which::Only }.check(label, on);
    }

    /// Submits the page's form.
    ///
    /// # Panics
    /// If there is not exactly one.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pages/cafe.in"));
    /// # fn main() {
    /// let mut t = mprun::test::open::<App>("menu");
    /// t.fill("Note", "no sugar");
    /// t.submit();
    /// # }
    /// ```
    #[track_caller]
    pub fn submit(&mut self) {
        Pick { page: self, which: Which::Only }.submit();
    }

    /// What can be pressed by `tap`.
    fn pressable(&self, position: usize) -> bool {
        self.elements.get(position).is_some_and(|element| {
            element.message(Event::Tap).is_some()
                || element.attribute(Attribute::To).is_some()
                || element.attribute(Attribute::FormType) == Some("submit")
                || self.told_by(position).is_some()
        })
    }

    /// What the program is told when a button does nothing but close the dialog
    /// around it.
    fn told_by(&self, position: usize) -> Option<Vec<u8>> {
        let element = self.elements.get(position)?;
        let submits = element.attribute(Attribute::FormType) == Some("submit");
        if element.attribute(Attribute::Closes).is_none() || submits {
            return None;
        }
        let mut around = element.around.iter().rev().filter_map(|around| self.elements.get(*around));
        let dialog = around.find(|around| around.element == Element::Dialog)?;
        dialog.message(Event::Close).map(<[u8]>::to_vec)
    }

    /// A change of a field: told to the program, or kept until its form is
    /// submitted.
    #[track_caller]
    fn change(&mut self, position: usize, value: String) {
        let Some(field) = self.elements.get(position).cloned() else { return };
        if field.is_disabled() {
            fail(format!("{} cannot be used now", field.describe()));
        }
        let label = field.attribute(Attribute::Label).unwrap_or_default().to_owned();
        self.typed.retain(|(known, _)| *known != label);
        self.typed.push((label.clone(), value.clone()));
        // As a browser does: typed, then changed. What the program makes of the
        // first may leave nothing for the second.
        for event in [Event::Input, Event::Change] {
            let same = self.elements.get(position).filter(|now| {
                now.element == field.element && now.attribute(Attribute::Label).unwrap_or_default() == label
            });
            let Some(message) = same.and_then(|now| now.message(event)).map(<[u8]>::to_vec) else { continue };
            if !self.user(event.name(), message, vec![("value".to_owned(), value.clone())]) {
                return;
            }
            // What is handed in with its form stays typed until then.
            if event == Event::Change || field.attribute(Attribute::Name).is_none() {
                self.typed.retain(|(known, _)| *known != label);
            }
        }
    }

    #[track_caller]
    fn submit_form(&mut self, form: usize) {
        let Some(message) = self.elements.get(form).and_then(|form| form.message(Event::Submit)) else {
            fail("the form has no `on:submit`");
        };
        let message = message.to_vec();
        let mut values = Vec::new();
        let mut labels = Vec::new();
        for (position, element) in self.elements.iter().enumerate() {
            if !element.element.is_field() || element.is_disabled() || !element.around.contains(&form) {
                continue;
            }
            if let Some(name) = element.attribute(Attribute::Name) {
                values.push((name.to_owned(), self.value(position)));
                labels.extend(element.attribute(Attribute::Label).map(str::to_owned));
            }
        }
        if self.user("submit", message, values) {
            self.typed.retain(|(known, _)| !labels.contains(known));
        }
    }
}

impl<P: Program> Pick<'_, P> {
    /// As [`TestPage::tap`].
    ///
    /// # Panics
    /// As there.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pages/cafe.in"));
    /// # fn main() {
    /// let mut t = mprun::test::open::<App>("menu");
    /// t.first().tap("Add");
    /// # }
    /// ```
    #[track_caller]
    pub fn tap(self, name: &str) {
        let position = self.find("press", name, |page, position| page.pressable(position));
        let page = self.page;
        let Some(element) = page.elements.get(position).cloned() else { return };
        if element.is_disabled() {
            fail(format!("{} cannot be pressed now", element.describe()));
        }
        if let Some(message) = element.message(Event::Tap) {
            page.user("tap", message.to_vec(), Vec::new());
        } else if let Some(address) = element.attribute(Attribute::To) {
            if let Ok(mprun_frame::url::Url::Page { route, query }) = mprun_frame::url::Url::parse(address) {
                let parameters = mprun_frame::url::query_pairs(query).map(|(name, value)| (name.into(), value.into()));
                page.follow(route.to_owned(), parameters.collect());
            }
        } else if let Some(message) = page.told_by(position) {
            page.user("close", message, Vec::new());
        } else {
            let form = element
                .around
                .iter()
                .rev()
                .find(|around| page.elements.get(**around).is_some_and(|around| around.element == Element::Form));
            match form.copied() {
                Some(form) => page.submit_form(form),
                None => fail(format!("{} stands in no form", element.describe())),
            }
        }
    }

    /// As [`TestPage::fill`].
    ///
    /// # Panics
    /// As there.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pages/cafe.in"));
    /// # fn main() {
    /// let mut t = mprun::test::open::<App>("menu");
    /// t.first().fill("Note", "no sugar");
    /// # }
    /// ```
    #[track_caller]
    pub fn fill(self, label: &str, text: &str) {
        let position = self.find("fill in", label, |page, position| {
            page.elements.get(position).is_some_and(|field| matches!(field.element, Element::Input | Element::Textarea))
        });
        self.page.change(position, text.to_owned());
    }

    /// As [`TestPage::choose`].
    ///
    /// # Panics
    /// As there.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pages/cafe.in"));
    /// # fn main() {
    /// let mut t = mprun::test::open::<App>("menu");
    /// t.first().choose("Size", "Small");
    /// # }
    /// ```
    #[track_caller]
    pub fn choose(self, label: &str, option: &str) {
        let position = self.find("choose from", label, |page, position| {
            page.elements
                .get(position)
                .is_some_and(|field| matches!(field.element, Element::Picker | Element::RadioGroup))
        });
        let options: Vec<&Shown> =
            self.page.elements.iter().filter(|element| element.around.last() == Some(&position)).collect();
        let value = options.iter().find(|known| known.text == option && !known.is_disabled());
        match value.and_then(|option| option.attribute(Attribute::Value)).map(str::to_owned) {
            Some(value) => self.page.change(position, value),
            None => fail(format!("{label:?} has no option {option:?}; there are:\n{}", list(&options))),
        }
    }

    /// As [`TestPage::check`].
    ///
    /// # Panics
    /// As there.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pages/cafe.in"));
    /// # fn main() {
    /// let mut t = mprun::test::open::<App>("menu");
    /// t.first().check("Gift", true);
    /// # }
    /// ```
    #[track_caller]
    pub fn check(self, label: &str, on: bool) {
        let position = self.find("tick", label, |page, position| {
            page.elements
                .get(position)
                .is_some_and(|field| matches!(field.element, Element::Checkbox | Element::Switch))
        });
        self.page.change(position, on.to_string());
    }

    /// As [`TestPage::submit`].
    ///
    /// # Panics
    /// As there.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pages/cafe.in"));
    /// # fn main() {
    /// let mut t = mprun::test::open::<App>("menu");
    /// t.first().submit();
    /// # }
    /// ```
    #[track_caller]
    pub fn submit(self) {
        let forms: Vec<usize> = self.positions(|element| element.element == Element::Form);
        match self.choose_from(&forms) {
            Some(form) => self.page.submit_form(form),
            None => fail(format!("there are {} forms on the page `{}`", forms.len(), self.page.route())),
        }
    }

    fn positions(&self, fits: impl Fn(&Shown) -> bool) -> Vec<usize> {
        let elements = self.page.elements.iter().enumerate();
        elements.filter(|(_, element)| fits(element)).map(|(position, _)| position).collect()
    }

    #[track_caller]
    fn find(&self, what: &str, name: &str, fits: impl Fn(&TestPage<P>, usize) -> bool) -> usize {
        let all: Vec<usize> = self.positions(|_| true).into_iter().filter(|at| fits(self.page, *at)).collect();
        let element = |position: &usize| self.page.elements.get(*position);
        let called: Vec<usize> =
            all.iter().copied().filter(|at| element(at).is_some_and(|element| element.is_called(name))).collect();
        if let Some(position) = self.choose_from(&called) {
            return position;
        }
        let known: Vec<&Shown> = all.iter().filter_map(element).collect();
        let problem = match called.len() {
            0 => format!("there is nothing called {name:?} to {what}"),
            count => format!("there are {count} called {name:?} to {what}: use `first()`, `nth(…)` or `within(…)`"),
        };
        fail(format!("{problem}, on the page `{}`; there are:\n{}", self.page.route(), list(&known)))
    }

    fn choose_from(&self, positions: &[usize]) -> Option<usize> {
        match &self.which {
            Which::Only if positions.len() == 1 => positions.first().copied(),
            Which::Only => None,
            Which::Nth(skip) => positions.get(*skip).copied(),
            Which::Within(text) => {
                // How deep the smallest part lies that contains the text as well.
                let depth = |position: &usize| {
                    let around = &self.page.elements.get(*position)?.around;
                    around.iter().rposition(|around| {
                        self.page.elements.get(*around).is_some_and(|around| around.text.contains(text.as_str()))
                    })
                };
                let best = positions.iter().filter_map(depth).max()?;
                let mut nearest = positions.iter().filter(|position| depth(position) == Some(best));
                match (nearest.next(), nearest.next()) {
                    (Some(position), None) => Some(*position),
                    _ => None,
                }
            }
        }
    }
}

fn list(elements: &[&Shown]) -> String {
    elements.iter().map(|element| format!("  {}", element.describe())).collect::<Vec<_>>().join("\n")
}
