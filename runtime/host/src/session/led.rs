//! Where those are led who show a page that has been left without them: a timer or a
//! reply has navigated, and no request waited for the answer. They are told that
//! something has changed, ask, and this is the answer.
//!
//! - A lead is set on the page that navigates, and on every page that this closes, by
//!   whoever carries out a navigation for which no request waits. Where a user has
//!   pressed something, the one who pressed is answered; their other tabs stay.
//! - It is for those who show the page already: it is followed for `_keep`, for the
//!   answer to an event that was handled just before it was set, and on a closed page
//!   for everything, because nothing can be done there any more.
//! - Being followed does not end it: an answer can be lost, and a page can be shown in
//!   two tabs. That of an open page ends when the page is shown (a reload, the
//!   browser's Back), when something is done on it, and when it lies on top again. So
//!   nobody is sent away from a page to which they have gone themselves.
//! - It is followed from page to page to where it ends. Where that is the page itself,
//!   or where a page on the way is not kept any more, the user stays.

use mprun_core::identity::PageId;
use mprun_storage::PageRow;

use super::below::Below;
use super::outcome::{Outcome, Place};
use super::shown::Shown;
use super::wire::{Reader, Wire, Writer};
use super::{Session, place_of};
use crate::failure::Fault;

/// Pages over which a lead is followed: as many as lie on each other.
const STEPS_MAX: u32 = 10;

/// Where a page leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Led {
    /// To the page that was opened on it, or in its place.
    To(PageId),
    /// To what lies below: it was closed.
    Back,
}

impl Wire for Led {
    fn write(&self, writer: &mut Writer) {
        match self {
            Led::To(page) => writer.u8(0).array(page.as_bytes()),
            Led::Back => writer.u8(1),
        };
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        match reader.u8()? {
            0 => Some(Led::To(PageId::from_bytes(reader.array()?))),
            1 => Some(Led::Back),
            _ => None,
        }
    }
}

/// Sets where a page leads, or ends that.
pub(super) fn lead(page: &mut PageRow, led: Option<Led>) {
    let shown = Shown::of(&page.drafts);
    if shown.led != led {
        page.drafts = Shown { led, ..shown }.to_drafts();
    }
}

/// Sets that a page which was closed leads back, over what lay below it.
pub(super) fn lead_back(page: &mut PageRow, below: Below) {
    page.drafts = Shown { led: Some(Led::Back), below, ..Shown::default() }.to_drafts();
}

impl Session<'_> {
    /// Where a page leads whose lead is `led`; none where the user stays.
    pub(super) async fn follow(&self, from: &PageRow, led: Led) -> Result<Option<Outcome>, Fault> {
        let (mut parent, mut below, mut led) = (from.parent, Shown::of(&from.drafts).below, led);
        for _ in 0..STEPS_MAX {
            let next = match led {
                Led::To(page) => page,
                Led::Back => match self.way_back(&self.stack(parent).await?, &below) {
                    Outcome::Show(Place { page: Some(page), .. }) => page,
                    // Nothing that is open.
                    outcome => return Ok(Some(outcome)),
                },
            };
            if next == from.id {
                return Ok(None);
            }
            let Some(page) = self.host.storage.page(&self.scope, next).await? else { return Ok(None) };
            let shown = Shown::of(&page.drafts);
            led = match shown.led {
                Some(led) => led,
                // The user has closed it, or this version does not have it.
                None if page.closed || !self.program.has_page(&page.route) => Led::Back,
                None => return Ok(Some(Outcome::Show(place_of(&page)))),
            };
            (parent, below) = (page.parent, shown.below);
        }
        Ok(None)
    }
}
