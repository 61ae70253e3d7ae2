//! What a user does with a finger rather than with a key: slide, pull, scroll on,
//! close.

use mprun_frame::element::{Element, Event};

use super::{Pick, Which};
use crate::page::Program;
use crate::test::driver::{TestPage, fail};

impl<P: Program> TestPage<P> {
    /// Slides the slider with this label to a number.
    ///
    /// # Panics
    /// If there is not exactly one, or if it does not have that number.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pages/cafe.in"));
    /// # fn main() {
    /// let mut t = mprun::test::open::<App>("menu");
    /// t.slide("Sugar", 3);
    /// assert_eq!(t.page::<Menu>().sugar, 3);
    /// # }
    /// ```
    #[track_caller]
    pub fn slide(&mut self, label: &str, number: i64) {
        Pick { page: self, which: Which::Only }.slide(label, number);
    }

    /// Asks for what is shown anew: pulls the view with `on:refresh` down.
    ///
    /// # Panics
    /// If there is not exactly one that offers it.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pages/cafe.in"));
    /// # fn main() {
    /// let mut t = mprun::test::open::<App>("menu");
    /// t.refresh();
    /// t.assert_text("Looked: 1");
    /// # }
    /// ```
    #[track_caller]
    pub fn refresh(&mut self) {
        Pick { page: self, which: Which::Only }.refresh();
    }

    /// Asks for more: comes to the end of the view or list with
    /// `on:reach-bottom`.
    ///
    /// # Panics
    /// If there is not exactly one that offers it.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pages/cafe.in"));
    /// # fn main() {
    /// let mut t = mprun::test::open::<App>("menu");
    /// t.reach_bottom();
    /// t.assert_text("Old order 2");
    /// # }
    /// ```
    #[track_caller]
    pub fn reach_bottom(&mut self) {
        Pick { page: self, which: Which::Only }.reach_bottom();
    }

    /// Closes the dialog with this label, without pressing anything in it. The
    /// program is told by `on:close`.
    ///
    /// # Panics
    /// If there is not exactly one with `on:close`.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pages/cafe.in"));
    /// # fn main() {
    /// let mut t = mprun::test::open::<App>("menu");
    /// t.tap("Allergens");
    /// assert!(t.page::<Menu>().asking);
    /// t.close("What is in it");
    /// assert!(!t.page::<Menu>().asking);
    /// # }
    /// ```
    #[track_caller]
    pub fn close(&mut self, label: &str) {
        Pick { page: self, which: Which::Only }.close(label);
    }
}

impl<P: Program> Pick<'_, P> {
    /// As [`TestPage::slide`].
    ///
    /// # Panics
    /// As there.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pages/cafe.in"));
    /// # fn main() {
    /// let mut t = mprun::test::open::<App>("menu");
    /// t.first().slide("Sugar", 1);
    /// # }
    /// ```
    #[track_caller]
    pub fn slide(self, label: &str, number: i64) {
        let position = self.find("slide", label, |page, position| {
            page.elements.get(position).is_some_and(|field| field.element == Element::Slider)
        });
        let value = number.to_string();
        let range = self.page.elements.get(position).map(super::Shown::range);
        match range.filter(|range| !range.has(&value)) {
            Some(range) => fail(format!(
                "the slider {label:?} does not have {value}: it has {} to {} in steps of {}",
                range.min, range.max, range.step
            )),
            None => self.page.change(position, value),
        }
    }

    /// As [`TestPage::refresh`].
    ///
    /// # Panics
    /// As there.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pages/cafe.in"));
    /// # fn main() {
    /// let mut t = mprun::test::open::<App>("menu");
    /// t.first().refresh();
    /// # }
    /// ```
    #[track_caller]
    pub fn refresh(self) {
        self.ask_for(Event::Refresh);
    }

    /// As [`TestPage::reach_bottom`].
    ///
    /// # Panics
    /// As there.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pages/cafe.in"));
    /// # fn main() {
    /// let mut t = mprun::test::open::<App>("menu");
    /// t.within("Old order").reach_bottom();
    /// # }
    /// ```
    #[track_caller]
    pub fn reach_bottom(self) {
        self.ask_for(Event::ReachBottom);
    }

    /// As [`TestPage::close`].
    ///
    /// # Panics
    /// As there.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pages/cafe.in"));
    /// # fn main() {
    /// let mut t = mprun::test::open::<App>("menu");
    /// t.tap("Allergens");
    /// t.first().close("What is in it");
    /// # }
    /// ```
    #[track_caller]
    pub fn close(self, label: &str) {
        let position = self.find("close", label, |page, position| {
            page.elements.get(position).is_some_and(|dialog| dialog.message(Event::Close).is_some())
        });
        let told = self.page.elements.get(position).and_then(|dialog| dialog.message(Event::Close)).map(<[u8]>::to_vec);
        if let Some(message) = told {
            self.page.user(Event::Close.name(), message, Vec::new());
        }
    }

    #[track_caller]
    fn ask_for(self, event: Event) {
        let offering = self.positions(|element| element.message(event).is_some());
        let chosen = self.choose_from(&offering).and_then(|position| self.page.elements.get(position));
        match chosen.and_then(|element| element.message(event)).map(<[u8]>::to_vec) {
            Some(message) => {
                self.page.user(event.name(), message, Vec::new());
            }
            None => fail(format!(
                "there are {} parts with `on:{}` on the page `{}`",
                offering.len(),
                event.name(),
                self.page.route()
            )),
        }
    }
}
