//! Keeps what happened on pages, for whoever writes their program: which events,
//! what they used, and the states after each. Nothing where tracing is off; and
//! never more than so many pages, events and bytes: the oldest are forgotten.
//! It lies in memory only, and an event hangs on nothing that is kept here.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mprun_core::identity::{Digest, PageId};
use mprun_storage::Scope;

use crate::meter::{Meter, Spent};

/// Pages that are remembered; the least recently used go first.
const PAGES_MAX: usize = 64;
/// Events of a page.
const EVENTS_MAX: usize = 100;
/// States of a page, those that it was opened with included, in bytes. Two of the
/// largest states are an eighth of it.
const STATES_BYTES_MAX: usize = 4 << 20;

/// Something that happened on a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TracedEvent {
    /// Counts the events of the page, from 1 upwards.
    pub seq: u64,
    /// What it was: what the user did (`tap`, `change`, `input`, `submit`, `refresh`,
    /// `reach-bottom`), what came (`timer`, `reply`), or what became of the page
    /// (`load`; `hidden` by another one; `back` on top again).
    pub kind: String,
    /// What the user pressed is called, if it is called anything.
    pub label: Option<String>,
    /// What it used.
    pub spent: Spent,
    /// What showing it used, once it was shown.
    pub showing: Option<Showing>,
    /// The revision that came of it.
    pub revision: u64,
}

/// What it took to show a page after an event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Showing {
    /// Microseconds for reading the view and for writing all of it.
    pub render_us: u64,
    /// Microseconds for comparing it with what was shown before.
    pub diff_us: u64,
    /// Bytes of what has changed; `None` where the whole page was sent.
    pub patch_bytes: Option<u64>,
}

/// The states of a program and a page of one moment, written by the same bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) app: Vec<u8>,
    pub(crate) page: Vec<u8>,
    pub(crate) digest: Digest,
}

/// An event that is being committed.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) page: PageId,
    pub(crate) kind: String,
    pub(crate) label: Option<String>,
    pub(crate) spent: Spent,
    /// The states that it began with; none where it opens the page.
    pub(crate) before: Option<Moment>,
    /// The states that it leads to; where there are none, it is not kept.
    pub(crate) after: Option<Moment>,
}

/// What is known of one page.
#[derive(Debug)]
struct Record {
    scope: Scope,
    page: PageId,
    /// How many events there were.
    last: u64,
    /// The event whose states the page was given last; 0 for those it was opened with.
    at: u64,
    /// The states that the first event found.
    opened: Arc<Moment>,
    /// Each with the states after it, the oldest first.
    events: VecDeque<(TracedEvent, Arc<Moment>)>,
}

/// What is known of all pages, the least recently used first; `None`: tracing is off.
#[derive(Debug)]
pub(crate) struct Traces(Option<Mutex<VecDeque<Record>>>);

impl Moment {
    fn bytes(&self) -> usize {
        self.app.len() + self.page.len()
    }
}

impl Record {
    fn add(&mut self, step: Step, after: Arc<Moment>, revision: u64) {
        let Step { kind, label, spent, .. } = step;
        self.last += 1;
        self.at = self.last;
        self.events.push_back((TracedEvent { seq: self.last, kind, label, spent, showing: None, revision }, after));
        while self.is_too_much() && self.events.pop_front().is_some() {}
    }

    fn is_too_much(&self) -> bool {
        let states: usize = self.events.iter().map(|(_, after)| after.bytes()).sum();
        self.events.len() > EVENTS_MAX || self.opened.bytes() + states > STATES_BYTES_MAX
    }

    fn moment(&self, seq: u64) -> Option<Arc<Moment>> {
        match seq {
            0 => Some(Arc::clone(&self.opened)),
            _ => self.events.iter().find(|(event, _)| event.seq == seq).map(|(_, after)| Arc::clone(after)),
        }
    }
}

impl Traces {
    pub(crate) fn new(on: bool) -> Traces {
        Traces(on.then(Mutex::default))
    }

    pub(crate) fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// For one request.
    pub(crate) fn meter(&self) -> Meter {
        Meter::new(self.is_on())
    }

    /// Keeps an event that was committed.
    pub(crate) fn add(&self, scope: &Scope, mut step: Step, revision: u64) {
        let (Some(mut records), Some(after)) = (self.records(), step.after.take()) else { return };
        let (page, after) = (step.page, Arc::new(after));
        let opened = step.before.take();
        let mut record = take(&mut records, scope, page).unwrap_or_else(|| Record {
            scope: scope.clone(),
            page,
            last: 0,
            at: 0,
            opened: opened.map_or_else(|| Arc::clone(&after), Arc::new),
            events: VecDeque::new(),
        });
        record.add(step, after, revision);
        records.push_back(record);
        while records.len() > PAGES_MAX && records.pop_front().is_some() {}
    }

    /// Says what it took to show a page as it was at `revision`: it belongs to the
    /// newest event until then, unless that was shown before.
    pub(crate) fn shown(&self, scope: &Scope, page: PageId, revision: u64, showing: Showing) {
        self.with(scope, page, |record| {
            let event = record.events.iter_mut().rev().map(|(event, _)| event).find(|event| event.revision <= revision);
            if let Some(event) = event.filter(|event| event.showing.is_none()) {
                event.showing = Some(showing);
            }
        });
    }

    /// The states after an event of a page; 0 for those it was opened with.
    pub(crate) fn moment(&self, scope: &Scope, page: PageId, seq: u64) -> Option<Arc<Moment>> {
        self.with(scope, page, |record| record.moment(seq)).flatten()
    }

    /// Says that a page was given the states after an event.
    pub(crate) fn went(&self, scope: &Scope, page: PageId, seq: u64) {
        self.with(scope, page, |record| record.at = seq);
    }

    /// The events of a page, and the one whose states it was given last.
    pub(crate) fn events(&self, scope: &Scope, page: PageId) -> (u64, Vec<TracedEvent>) {
        let seen = self
            .with(scope, page, |record| (record.at, record.events.iter().map(|(event, _)| event.clone()).collect()));
        seen.unwrap_or_default()
    }

    /// Looks at what is known of a page, which makes it the most recently used one.
    fn with<T>(&self, scope: &Scope, page: PageId, look: impl FnOnce(&mut Record) -> T) -> Option<T> {
        let mut records = self.records()?;
        let mut record = take(&mut records, scope, page)?;
        let seen = look(&mut record);
        records.push_back(record);
        Some(seen)
    }

    fn records(&self) -> Option<MutexGuard<'_, VecDeque<Record>>> {
        // A poisoned lock holds a valid value: nothing can panic while it is held.
        self.0.as_ref().map(|records| records.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn take(records: &mut VecDeque<Record>, scope: &Scope, page: PageId) -> Option<Record> {
    let at = records.iter().rposition(|record| record.page == page && record.scope == *scope)?;
    records.remove(at)
}

#[cfg(test)]
mod tests {
    use mprun_core::identity::ProgramId;

    use super::*;

    fn scope(user: &str) -> Scope {
        Scope { program: ProgramId::dev("a".parse().unwrap()), user: user.parse().unwrap() }
    }

    fn page(number: usize) -> PageId {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&(number as u64).to_le_bytes());
        PageId::from_bytes(bytes)
    }

    fn moment(page: &[u8]) -> Moment {
        Moment { app: b"app".to_vec(), page: page.to_vec(), digest: Digest::of(b"x") }
    }

    fn step(page: PageId, before: &[u8], after: &[u8]) -> Step {
        Step {
            page,
            kind: "tap".to_owned(),
            label: None,
            spent: Spent::default(),
            before: Some(moment(before)),
            after: Some(moment(after)),
        }
    }

    fn seqs(traces: &Traces, page: PageId) -> Vec<u64> {
        traces.events(&scope("u"), page).1.iter().map(|event| event.seq).collect()
    }

    #[test]
    fn states_are_kept_as_they_were_opened_and_after_each_event() {
        let (traces, scope) = (Traces::new(true), scope("u"));
        for (number, states) in ["01", "12", "23"].iter().enumerate() {
            let (before, after) = states.as_bytes().split_at(1);
            traces.add(&scope, step(page(7), before, after), 10 + number as u64);
        }
        for (seq, state) in [(0, Some("0")), (1, Some("1")), (2, Some("2")), (3, Some("3")), (4, None)] {
            let kept = traces.moment(&scope, page(7), seq).map(|moment| moment.page.clone());
            assert_eq!(kept.as_deref(), state.map(str::as_bytes), "{seq}");
        }
        assert_eq!((traces.events(&scope, page(7)).0, seqs(&traces, page(7))), (3, vec![1, 2, 3]));
        traces.went(&scope, page(7), 1);
        assert_eq!(traces.events(&scope, page(7)).0, 1);
        // What happens next is the newest, wherever it began.
        traces.add(&scope, step(page(7), b"1", b"5"), 20);
        assert_eq!((traces.events(&scope, page(7)).0, seqs(&traces, page(7))), (4, vec![1, 2, 3, 4]));
        // Somebody else's page is another one.
        assert!(traces.moment(&self::scope("v"), page(7), 0).is_none());
        // One that begins with being opened was opened with what came of it.
        traces.add(&scope, Step { before: None, ..step(page(8), b"", b"fresh") }, 21);
        assert_eq!(traces.moment(&scope, page(8), 0), traces.moment(&scope, page(8), 1));
    }

    #[test]
    fn showing_belongs_to_the_newest_event_that_was_shown_and_only_once() {
        let (traces, scope) = (Traces::new(true), scope("u"));
        traces.add(&scope, step(page(7), b"0", b"1"), 4);
        traces.add(&scope, step(page(7), b"1", b"2"), 6);
        for (revision, bytes) in [(3, 1), (5, 2), (5, 3), (9, 4), (9, 5)] {
            traces.shown(&scope, page(7), revision, Showing { patch_bytes: Some(bytes), ..Showing::default() });
        }
        let shown: Vec<_> =
            traces.events(&scope, page(7)).1.iter().map(|event| event.showing.and_then(|it| it.patch_bytes)).collect();
        assert_eq!(shown, [Some(2), Some(4)]);
    }

    #[test]
    fn a_page_has_so_many_events() {
        let traces = Traces::new(true);
        for number in 0..EVENTS_MAX + 2 {
            traces.add(&scope("u"), step(page(7), b"0", b"1"), number as u64);
        }
        let kept = seqs(&traces, page(7));
        assert_eq!((kept.len(), kept.first(), kept.last()), (EVENTS_MAX, Some(&3), Some(&102)));
        // How the page was opened is known to the end.
        assert!(traces.moment(&scope("u"), page(7), 2).is_none() && traces.moment(&scope("u"), page(7), 0).is_some());
    }

    #[test]
    fn a_page_has_so_many_bytes_of_states() {
        let (traces, large) = (Traces::new(true), vec![b'x'; STATES_BYTES_MAX / 8 - b"app".len()]);
        for number in 0..9 {
            traces.add(&scope("u"), step(page(7), &large, &large), number);
        }
        assert_eq!(seqs(&traces, page(7)), (3..=9).collect::<Vec<_>>());
        let more = [large.as_slice(), b"x"].concat();
        traces.add(&scope("u"), step(page(7), &large, &more), 9);
        assert_eq!(seqs(&traces, page(7)), (5..=10).collect::<Vec<_>>());
    }

    #[test]
    fn the_least_recently_used_pages_are_forgotten() {
        let traces = Traces::new(true);
        for number in 0..PAGES_MAX {
            traces.add(&scope("u"), step(page(number), b"0", b"1"), 1);
        }
        assert_eq!(seqs(&traces, page(0)), [1]);
        traces.add(&scope("u"), step(page(PAGES_MAX), b"0", b"1"), 1);
        for (number, kept) in [(0, 1), (1, 0), (2, 1), (PAGES_MAX, 1)] {
            assert_eq!(seqs(&traces, page(number)).len(), kept, "{number}");
        }
    }

    #[test]
    fn nothing_is_kept_where_nobody_traces() {
        let traces = Traces::new(false);
        traces.add(&scope("u"), step(page(7), b"0", b"1"), 1);
        assert_eq!((traces.is_on(), traces.meter().is_on(), seqs(&traces, page(7))), (false, false, vec![]));
        assert!(traces.moment(&scope("u"), page(7), 0).is_none());
    }
}
