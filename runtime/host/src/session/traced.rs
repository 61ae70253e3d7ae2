//! The author's inspector: what an event of a page is called and leads to, for
//! [`crate::trace`]; what is known of a page; and the way to states that it had
//! before. Only where tracing is on, and only to states that are kept: everything
//! else is refused, and the program is never asked.

use std::sync::Arc;

use mprun_core::identity::{PageId, UserId};
use mprun_core::view::identity::Token;
use mprun_core::view::offers::{Offer, Offers};
use mprun_storage::{Ask, AskFilter, AskKind, Commit, PageRow, Scope, Snapshot};

use super::fields::Plan;
use super::shown::Shown;
use super::transaction::NavigationAsk;
use super::wire::Wire;
use super::{ATTEMPTS, CommitFault, Loaded, Session, now_ms};
use crate::api::Move;
use crate::call::cut;
use crate::failure::{Fault, PageError, storage_failed};
use crate::host::{Environment, Host};
use crate::loader::Program;
use crate::meter::Spent;
use crate::trace::{Moment, Showing, Step, TracedEvent};

/// Bytes that are kept of a label. The views in which it stood are not.
const LABEL_BYTES_MAX: usize = 120;

/// What is known of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traced {
    /// The event whose states the page was given last; 0 for those it was opened with.
    pub at: u64,
    /// The program's state now; `None` before its first event.
    pub app: Option<Vec<u8>>,
    /// The page's state now; `None` where it is not stored, or closed.
    pub page: Option<Vec<u8>>,
    /// What happened on it, the oldest first.
    pub events: Vec<TracedEvent>,
    /// What the program has asked for and not got yet, for any of its pages.
    pub asks: Vec<TracedAsk>,
}

/// Something that a program waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TracedAsk {
    /// `navigation`, `timer` or `toast`.
    pub kind: &'static str,
    /// The page that is to be opened, or the text that is to be shown.
    pub label: Option<String>,
    /// Milliseconds until it is due; `None` where it waits for something else than
    /// time.
    pub due_ms: Option<u64>,
}

/// Why a page does not have the states that were wanted.
#[derive(Debug, thiserror::Error)]
pub enum TravelError {
    /// They are not kept (any more), or there is no such page.
    #[error("these states are not kept")]
    NotKept,
    /// The host is busy, or failed.
    #[error(transparent)]
    Page(#[from] PageError),
}

impl Host {
    /// What is known of a page, or without one of the program alone; `None` where
    /// nothing is kept ([`crate::HostConfig::trace`]).
    ///
    /// # Errors
    /// The storage's.
    pub async fn traced(
        &self,
        program: &Program,
        user: &UserId,
        page: Option<PageId>,
    ) -> Result<Option<Traced>, PageError> {
        if !self.traces.is_on() {
            return Ok(None);
        }
        let scope = scope(program, user);
        let snapshot = match page {
            Some(page) => self.storage.snapshot(&scope, page).await,
            None => self.storage.app(&scope).await.map(|app| Snapshot { app, page: None }),
        };
        let snapshot = snapshot.map_err(|error| storage_failed(&error))?;
        let asks = self.storage.asks(&scope, AskFilter::default()).await.map_err(|error| storage_failed(&error))?;
        let (at, events) = page.map(|page| self.traces.events(&scope, page)).unwrap_or_default();
        let now = now_ms();
        Ok(Some(Traced {
            at,
            app: snapshot.app.state.map(|(state, _)| state),
            page: snapshot.page.filter(|page| !page.closed).map(|page| page.state),
            events,
            asks: asks.iter().map(|ask| traced_ask(ask, now)).collect(),
        }))
    }

    /// Gives a page and its program the states that they had after an event of the
    /// page; 0 for those it was opened with. That is a commit like any other: pages
    /// that show something else are told. What the program has asked for meanwhile,
    /// and what it has stored, stays; what was typed meanwhile does not.
    ///
    /// # Errors
    /// Why they do not have them; then everything is as it was.
    pub async fn travel(
        &self,
        program: &Arc<Program>,
        user: &UserId,
        page: PageId,
        to_seq: u64,
    ) -> Result<(), TravelError> {
        self.session(program, user, &Environment::default()).travel(page, to_seq).await
    }

    /// Says what it took to show a page as it was at `revision`.
    pub fn trace_shown(&self, program: &Program, user: &UserId, page: PageId, revision: u64, showing: Showing) {
        if self.traces.is_on() {
            self.traces.shown(&scope(program, user), page, revision, showing);
        }
    }
}

impl Session<'_> {
    /// The states of a page as they are to be committed, where they are kept.
    pub(super) fn moment(&self, app: &[u8], page: &PageRow) -> Option<Moment> {
        let moment = || Moment { app: app.to_vec(), page: page.state.clone(), digest: page.digest };
        self.meter.is_on().then(moment)
    }

    /// The event of a page that is stored as it is opened.
    pub(super) fn opening(&self, app: &[u8], page: &PageRow) -> Option<Step> {
        let after = self.moment(app, page)?;
        Some(Step { after: Some(after), ..step(page.id, "load", None) })
    }

    /// What the user did, called as what they pressed; several things that they did
    /// at once are called as the last one.
    pub(super) fn step(&self, offers: &Offers<'_>, token: Option<&str>, plan: &Plan, loaded: &Loaded) -> Option<Step> {
        let Plan::Deliver(delivery) = plan else { return None };
        let before = self.moment(&loaded.app, &loaded.page)?;
        let (event, _) = delivery.events.last()?;
        let pressed = token.and_then(|token| token.parse::<Token>().ok());
        let offer = pressed.and_then(|token| offers.handlers.get(&token)).or_else(|| {
            // Enter: whatever tells the program the same.
            let mut handlers = offers.handlers.values();
            handlers.find(|offer| offer.event.name() == event.kind && offer.message == event.message)
        });
        let called = offer.map(|offer| label(offers, offer)).filter(|label| !label.is_empty());
        let label = called.map(|label| cut(label, LABEL_BYTES_MAX).to_owned());
        Some(Step { label, ..step(loaded.page.id, &event.kind, Some(before)) })
    }

    /// Commits, and keeps what happened to the pages that are in it.
    pub(super) async fn commit_steps(
        &self,
        commit: Commit,
        steps: impl IntoIterator<Item = Step>,
    ) -> Result<u64, CommitFault> {
        let revision = self.commit(commit).await?.revision;
        // The commit itself, and whatever belongs to no page alone.
        let rest = self.meter.take();
        for step in steps {
            self.host.traces.add(&self.scope, Step { spent: step.spent + rest, ..step }, revision);
        }
        Ok(revision)
    }

    async fn travel(&self, page: PageId, to: u64) -> Result<(), TravelError> {
        let Host { storage, traces, locks, queue_wait, .. } = self.host;
        let _locked = locks.lock(&self.scope, *queue_wait).await?;
        for _ in 0..ATTEMPTS {
            let moment = traces.moment(&self.scope, page, to).ok_or(TravelError::NotKept)?;
            let snapshot = storage.snapshot(&self.scope, page).await.map_err(|error| storage_failed(&error))?;
            let open = |row: &PageRow| !row.closed && self.program.has_page(&row.route);
            let mut row = snapshot.page.filter(open).ok_or(TravelError::NotKept)?;
            row.state.clone_from(&moment.page);
            // Perhaps of another version: then they are read as such.
            row.digest = moment.digest;
            row.drafts = Shown { below: Shown::of(&row.drafts).below, ..Shown::default() }.to_drafts();
            row.touched_at_ms = now_ms();
            let commit = Commit {
                base_revision: snapshot.app.revision,
                app_state: Some((moment.app.clone(), moment.digest)),
                pages: vec![row],
                ..Commit::default()
            };
            match self.commit(commit).await.map_err(CommitFault::plain) {
                Ok(_) => {
                    traces.went(&self.scope, page, to);
                    return Ok(());
                }
                Err(Fault::Moved) => {}
                Err(Fault::Page(error)) => return Err(error.into()),
            }
        }
        Err(PageError::busy().into())
    }
}

/// An event that has used nothing and led to nothing yet.
pub(super) fn step(page: PageId, kind: &str, before: Option<Moment>) -> Step {
    Step { page, kind: kind.to_owned(), label: None, spent: Spent::default(), before, after: None }
}

/// What an element is called that was used; a form without a name is called as its
/// button.
fn label<'o>(offers: &'o Offers<'_>, offer: &'o Offer<'_>) -> &'o str {
    let form = offer.form.filter(|_| offer.label.is_empty()).and_then(|form| offers.forms.get(form));
    match form.and_then(|form| form.buttons.first()) {
        Some(button) => button.label,
        None => &offer.label,
    }
}

fn scope(program: &Program, user: &UserId) -> Scope {
    Scope { program: program.id().clone(), user: user.clone() }
}

fn traced_ask(ask: &Ask, now_ms: u64) -> TracedAsk {
    let (kind, label) = match ask.kind {
        AskKind::Timer => ("timer", None),
        AskKind::Toast => ("toast", Some(String::from_utf8_lossy(&ask.payload).into_owned())),
        AskKind::Navigation => {
            let route = NavigationAsk::from_bytes(&ask.payload).and_then(|ask| match ask.what {
                Move::Open { route, .. } | Move::Redirect { route, .. } | Move::Relaunch { route, .. } => Some(route),
                Move::Close { .. } => None,
            });
            ("navigation", route)
        }
    };
    let label = label.map(|label| cut(&label, LABEL_BYTES_MAX).to_owned());
    TracedAsk { kind, label, due_ms: ask.due_at_ms.map(|due| due.saturating_sub(now_ms)) }
}
