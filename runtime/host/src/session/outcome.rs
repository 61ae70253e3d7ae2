//! Where an event leads the user. Recorded with the event, so that whoever sends
//! it again is led to the same place.

use mprun_core::identity::PageId;
use mprun_storage::AskId;

use super::below::Below;
use super::wire::{Reader, Wire, Writer};
use crate::loader::Program;

/// Where a user can be in a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The page instance; `None` for a page that is to be opened fresh.
    pub page: Option<PageId>,
    /// Which page.
    pub route: String,
    /// With what it is opened, in order.
    pub parameters: Vec<(String, String)>,
    /// The page below, for one that is to be opened fresh.
    pub parent: Option<PageId>,
    /// What lies below where `parent` is not stored.
    pub below: Below,
}

/// What became of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was handled, or refused with a message at the page; the user is here now.
    Show(Place),
    /// It was handled; the user is at the program's entry page, fresh.
    Entry,
    /// What was used is no longer offered: nothing happened. What was typed is
    /// kept, and the page says so.
    Stale(Place),
}

impl Place {
    /// A page without another one below.
    pub fn fresh(route: impl Into<String>, parameters: Vec<(String, String)>) -> Place {
        Place { page: None, route: route.into(), parameters, parent: None, below: Below::default() }
    }
}

impl Outcome {
    /// Where to go now.
    pub fn place(&self, program: &Program) -> Place {
        match self {
            Outcome::Show(place) | Outcome::Stale(place) => place.clone(),
            Outcome::Entry => Place::fresh(program.entry_route(), Vec::new()),
        }
    }
}

/// An event's outcome as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recorded {
    pub(crate) outcome: Outcome,
    /// A navigation that is committed and perhaps not carried out yet.
    pub(crate) pending: Option<AskId>,
}

impl Wire for Recorded {
    fn write(&self, writer: &mut Writer) {
        let (kind, place) = match &self.outcome {
            Outcome::Show(place) => (0, Some(place)),
            Outcome::Entry => (1, None),
            Outcome::Stale(place) => (2, Some(place)),
        };
        writer.u8(2).u8(kind);
        if let Some(place) = place {
            let page = |writer: &mut Writer, page: PageId| {
                writer.array(page.as_bytes());
            };
            writer.option(place.page, page).str(&place.route).pairs(&place.parameters).option(place.parent, page);
            place.below.write(writer);
        }
        writer.option(self.pending, |writer, ask| {
            writer.u64(ask.0);
        });
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        if reader.u8()? != 2 {
            return None;
        }
        let outcome = match reader.u8()? {
            0 => Outcome::Show(place(reader)?),
            1 => Outcome::Entry,
            2 => Outcome::Stale(place(reader)?),
            _ => return None,
        };
        let pending = reader.option(|reader| reader.u64().map(AskId))?;
        Some(Recorded { outcome, pending })
    }
}

fn place(reader: &mut Reader<'_>) -> Option<Place> {
    let page = |reader: &mut Reader<'_>| reader.array().map(PageId::from_bytes);
    Some(Place {
        page: reader.option(page)?,
        route: reader.str()?,
        parameters: reader.pairs()?,
        parent: reader.option(page)?,
        below: Below::read(reader)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_survives_its_record() {
        let place = Place {
            page: Some(PageId::from_bytes([1; 16])),
            route: "a".into(),
            parameters: vec![("id".into(), "7".into())],
            parent: None,
            below: Below { pages: vec![], base: Some(PageId::from_bytes([2; 16])) },
        };
        for recorded in [
            Recorded { outcome: Outcome::Show(place.clone()), pending: Some(AskId(3)) },
            Recorded { outcome: Outcome::Entry, pending: None },
            Recorded { outcome: Outcome::Stale(place), pending: None },
        ] {
            assert_eq!(Recorded::from_bytes(&recorded.to_bytes()), Some(recorded));
        }
        assert_eq!(Recorded::from_bytes(&[]), None);
    }
}
