//! The way back over pages that were never stored. A page that is only looked at
//! leaves no row, so whoever goes on from it takes along what it was: in the
//! address, then in the recipe, then in the row of the page that is stored at
//! last. A client can write what it likes there: it says only which pages of this
//! program Back opens, and anybody can open those.

use mprun_core::identity::PageId;

use super::outcome::Place;
use super::wire::{Reader, Wire, Writer};
use crate::api::check_parameters;
use crate::loader::Program;

/// With the page on them, the ten of a page stack.
const PAGES_MAX: usize = 9;

/// Bytes of routes and parameters; the farthest pages are forgotten first.
const BYTES_MAX: usize = 1024;

/// A page that can be opened: which one, and with what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageAddress {
    /// Which page.
    pub route: String,
    /// With what it is opened, in order.
    pub parameters: Vec<(String, String)>,
}

/// What lies below a page whose parent is not stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Below {
    /// The pages, the nearest first.
    pub pages: Vec<PageAddress>,
    /// The page on which the farthest of them lies.
    pub base: Option<PageId>,
}

impl PageAddress {
    fn bytes(&self) -> usize {
        self.route.len() + self.parameters.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>()
    }
}

impl Below {
    /// Whether nothing is known to lie below.
    pub fn is_empty(&self) -> bool {
        self.pages.is_empty()
    }

    /// What lies below a page that is opened from `here`, which lies on `parent`
    /// and on all this.
    pub(crate) fn under(&self, here: PageAddress, parent: Option<PageId>) -> Below {
        let base = if self.is_empty() { parent } else { self.base };
        Below { pages: std::iter::once(here).chain(self.pages.iter().cloned()).collect(), base }.cut(|_| true)
    }

    /// What a client says, as far as `program` has these pages.
    pub(crate) fn openable(&self, program: &Program) -> Below {
        self.clone().cut(|page| program.has_page(&page.route) && check_parameters(&page.parameters).is_ok())
    }

    /// Ends where a page cannot be, or where there is too much.
    fn cut(mut self, can_be: impl Fn(&PageAddress) -> bool) -> Below {
        let mut bytes = 0;
        let fits = |page: &&PageAddress| {
            bytes += page.bytes();
            bytes <= BYTES_MAX && can_be(page)
        };
        let kept = self.pages.iter().take(PAGES_MAX).take_while(fits).count();
        if kept < self.pages.len() {
            self.pages.truncate(kept);
            self.base = None;
        }
        self
    }

    /// Forgets the farthest page; false where there is none.
    pub(crate) fn shorten(&mut self) -> bool {
        self.base = None;
        self.pages.pop().is_some()
    }

    /// Where Back leads: the nearest page, opened again.
    pub(crate) fn back(self) -> Option<Place> {
        let Below { pages, base } = self;
        let mut rest = pages.into_iter();
        let PageAddress { route, parameters } = rest.next()?;
        let place = Place::fresh(route, parameters);
        let pages: Vec<_> = rest.collect();
        Some(match pages.is_empty() {
            true => Place { parent: base, ..place },
            false => Place { below: Below { pages, base }, ..place },
        })
    }
}

impl Wire for Below {
    fn write(&self, writer: &mut Writer) {
        // There are never more than `PAGES_MAX`.
        writer.u8(u8::try_from(self.pages.len()).unwrap_or(u8::MAX));
        for page in self.pages.iter().take(u8::MAX.into()) {
            writer.str(&page.route).pairs(&page.parameters);
        }
        writer.option(self.base, |writer, base| {
            writer.array(base.as_bytes());
        });
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let length = reader.u8()?;
        let page = |_| Some(PageAddress { route: reader.str()?, parameters: reader.pairs()? });
        let pages = (0..length).map(page).collect::<Option<_>>()?;
        Some(Below { pages, base: reader.option(|reader| reader.array().map(PageId::from_bytes))? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(number: usize) -> PageAddress {
        PageAddress { route: "shelf".to_owned(), parameters: vec![("at".to_owned(), number.to_string())] }
    }

    fn id(byte: u8) -> PageId {
        PageId::from_bytes([byte; 16])
    }

    #[test]
    fn back_walks_over_every_page_and_then_to_what_is_stored() {
        let mut below = Below::default();
        for number in 1..=3 {
            below = below.under(page(number), Some(id(u8::try_from(number).unwrap())));
        }
        assert_eq!((below.pages.len(), below.base), (3, Some(id(1))));
        assert_eq!(Below::from_bytes(&below.to_bytes()), Some(below.clone()));
        let third = below.back().unwrap();
        assert_eq!((third.parameters, third.parent), (page(3).parameters, None));
        let first = third.below.back().unwrap().below.back().unwrap();
        assert_eq!((first.parameters, first.parent, first.below), (page(1).parameters, Some(id(1)), Below::default()));
    }

    #[test]
    fn what_is_too_much_is_forgotten_from_the_far_end() {
        let mut below = Below::default();
        for number in 1..=20 {
            below = below.under(page(number), Some(id(7)));
        }
        assert_eq!((below.pages.len(), below.base), (PAGES_MAX, None));
        assert_eq!(below.pages.first(), Some(&page(20)));
        let long = PageAddress { route: "a".to_owned(), parameters: vec![("q".to_owned(), "x".repeat(600))] };
        let below = Below::default().under(long.clone(), None).under(long, None);
        assert_eq!(below.pages.len(), 1);
    }
}
