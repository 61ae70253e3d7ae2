//! The life of a page: opened ([`open`]), handed what the user did as one
//! transaction ([`event`]), its asks carried out ([`asks`]).
//!
//! Everything here runs in attempts. An attempt reads one revision of the user's
//! data, runs the program on fresh instances, and commits from that revision; if
//! another event got ahead, the attempt is forgotten and a new one begins, with
//! the clock and the random bytes of the first.

mod asks;
mod below;
mod event;
mod fields;
mod led;
mod locks;
mod nonce;
mod open;
mod outcome;
mod recipe;
mod scheduler;
mod shown;
mod stage;
mod traced;
pub(crate) mod transaction;
pub(crate) mod wire;

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use mprun_core::identity::PageId;
use mprun_frame::frame::Frame;
use mprun_storage::{AppRow, Commit, CommitError, Committed, EventId, PageRow, Scope};

use crate::bindings::exports::mprun::app::program::{Failure, Page, States};
use crate::failure::{Fault, PageError, Refusal, storage_failed};
use crate::host::Host;
use crate::instance::Guest;
use crate::loader::Program;
use crate::meter::{Meter, Phase};
use crate::views::HashedFrame;
use transaction::{Current, Frozen, Transaction};

pub use below::{Below, PageAddress};
pub use event::{Acted, EventRequest, PageRef, Seen};
pub use open::{Open, Rendering};
pub use outcome::{Outcome, Place};
pub use scheduler::Scheduler;
pub use shown::{Alert, AlertKind};
pub use traced::{Traced, TracedAsk, TravelError};

pub(crate) use locks::Locks;
use shown::Shown;

/// How often an event is tried again because others got ahead. Within a process
/// a lock keeps events of one user in line, so these are other processes.
const ATTEMPTS: u32 = 20;

/// A user in a program, for one request.
pub(crate) struct Session<'h> {
    pub(crate) host: &'h Host,
    pub(crate) program: &'h Arc<Program>,
    pub(crate) scope: Scope,
    pub(crate) environment: Arc<Vec<(String, String)>>,
    /// Where tracing is on: what the request uses.
    pub(crate) meter: Meter,
}

/// A page and its program's state, both current for this version of the program.
struct Loaded {
    row: AppRow,
    app: Vec<u8>,
    page: PageRow,
    shown: Shown,
    transaction: Transaction,
    /// Whether `load` changed the program's state.
    app_changed: bool,
}

/// What storage has under a page id.
enum Reached {
    Found(Box<Loaded>),
    Closed(PageRow),
    Missing,
}

/// What a page is opened with.
struct Fresh {
    page: PageId,
    parent: Option<PageId>,
    below: Below,
    route: String,
    parameters: Vec<(String, String)>,
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Bytes from the operating system.
fn random<const N: usize>() -> Result<[u8; N], PageError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| PageError::internal(&error))?;
    Ok(bytes)
}

impl<'h> Session<'h> {
    /// What an event sees in each of its attempts.
    fn frozen(&self, event: Option<EventId>, now_ms: u64, seed: &[u8]) -> Frozen {
        Frozen {
            storage: Arc::clone(&self.host.storage),
            scope: self.scope.clone(),
            digest: *self.program.digest(),
            event,
            limits: Arc::clone(&self.host.runner.limits),
            asks_per_event_max: self.host.runner.budget.asks_per_event_max,
            environment: Arc::clone(&self.environment),
            now_ms,
            secret: self.host.secrets.random,
            seed: seed.to_vec(),
        }
    }

    /// Reads a page that is stored.
    async fn reach(&self, frozen: &Frozen, page: PageId) -> Result<Reached, Fault> {
        let snapshot = self.host.storage.snapshot(&self.scope, page).await?;
        match snapshot.page {
            Some(page) if page.closed => Ok(Reached::Closed(page)),
            Some(page) if self.program.has_page(&page.route) => {
                let loaded = self.current(frozen, snapshot.app, page).await?;
                Ok(Reached::Found(Box::new(loaded)))
            }
            Some(_) | None => Ok(Reached::Missing),
        }
    }

    /// An instance for calls that may change something.
    async fn start(&self, transaction: Transaction) -> Result<Guest, Fault> {
        self.host.runner.start(self.program, transaction, &self.meter).await
    }

    /// Makes states of another version those of this one.
    async fn current(&self, frozen: &Frozen, row: AppRow, mut page: PageRow) -> Result<Loaded, Fault> {
        let digest = self.program.digest();
        let mut shown = Shown::of(&page.drafts);
        let mut transaction = Transaction::new(frozen, &row);
        let app = match &row.state {
            Some((app, written_by)) if written_by == digest && page.digest == *digest => app.clone(),
            _ => {
                let mut guest = self.start(transaction).await?;
                let (app, restarted) = self.app(&mut guest, &row).await?;
                let (app, reopened) = self.current_page(&mut guest, app, &mut page).await?;
                if restarted || reopened {
                    shown.alert = shown::Alert::notice("The mini-program was updated; this page begins anew.");
                }
                transaction = guest.finish()?;
                app
            }
        };
        Ok(Loaded { app_changed: false, row, app, page, shown, transaction })
    }

    /// The program's state for this version; whether it had to begin anew.
    async fn app(&self, guest: &mut Guest, row: &AppRow) -> Result<(Vec<u8>, bool), Fault> {
        let environment = &self.environment;
        let restarted = match &row.state {
            Some((app, digest)) if digest == self.program.digest() => return Ok((app.clone(), false)),
            Some((app, _)) => {
                guest.transaction()?.set_current(None);
                match guest.migrate(None, app, environment).await? {
                    Ok(Some(app)) => return Ok((app, false)),
                    refused => {
                        self.note("the program's state of another version cannot be used", refused.err());
                        true
                    }
                }
            }
            None => false,
        };
        guest.transaction()?.set_current(None);
        match guest.launch(environment).await? {
            Ok(app) => Ok((app, restarted)),
            Err(failure) => Err(Refusal::from(failure).of_page(self.program.entry_route()).into()),
        }
    }

    /// Makes a page's state that of this version; whether it had to be opened anew.
    async fn current_page(
        &self,
        guest: &mut Guest,
        app: Vec<u8>,
        page: &mut PageRow,
    ) -> Result<(Vec<u8>, bool), Fault> {
        if page.digest == *self.program.digest() {
            return Ok((app, false));
        }
        guest.transaction()?.set_current(Some(here(page, false)));
        let environment = &self.environment;
        page.digest = *self.program.digest();
        match guest.migrate(Some(&page.route), &page.state, environment).await? {
            Ok(Some(state)) => {
                page.state = state;
                Ok((app, false))
            }
            refused => {
                self.note("a page of another version cannot be used", refused.err());
                match guest.load(&app, &page.route, &page.parameters, environment).await? {
                    Ok((app, state)) => {
                        page.state = state;
                        Ok((app, true))
                    }
                    Err(failure) => Err(Refusal::from(failure).of_page(&page.route).into()),
                }
            }
        }
    }

    /// Opens a page that does not exist yet.
    async fn load(&self, frozen: &Frozen, fresh: &Fresh) -> Result<Loaded, Fault> {
        let row = self.host.storage.app(&self.scope).await?;
        let mut guest = self.start(Transaction::new(frozen, &row)).await?;
        let (before, restarted) = self.app(&mut guest, &row).await?;
        let mut page = PageRow {
            id: fresh.page,
            parent: fresh.parent,
            route: fresh.route.clone(),
            parameters: fresh.parameters.clone(),
            state: Vec::new(),
            digest: *self.program.digest(),
            drafts: Vec::new(),
            reply: None,
            opened_at_ms: frozen.now_ms,
            touched_at_ms: frozen.now_ms,
            closed: false,
        };
        guest.transaction()?.set_current(Some(here(&page, false)));
        let (app, state) = match guest.load(&before, &page.route, &page.parameters, &self.environment).await? {
            Ok(states) => states,
            Err(failure) => return Err(Refusal::from(failure).of_page(&page.route).into()),
        };
        page.state = state;
        let mut shown = Shown { below: fresh.below.clone(), ..Shown::default() };
        if restarted {
            shown.alert = shown::Alert::notice("The mini-program was updated and begins anew.");
        }
        Ok(Loaded { app_changed: app != before || restarted, row, app, page, shown, transaction: guest.finish()? })
    }

    /// What the page looks like.
    async fn view(&self, app: &mut Vec<u8>, page: &mut PageRow) -> Result<Arc<HashedFrame>, Fault> {
        // Lent, not copied: states can be large.
        let states = States {
            app: std::mem::take(app),
            page: Some(Page { route: std::mem::take(&mut page.route), state: std::mem::take(&mut page.state) }),
        };
        let make = self.run_view(&states);
        let frame = self.host.views.get_or_make(self.program.digest(), &states, &self.environment, make).await;
        *app = states.app;
        if let Some(lent) = states.page {
            page.route = lent.route;
            page.state = lent.state;
        }
        frame
    }

    async fn run_view(&self, states: &States) -> Result<Frame, Fault> {
        let answer = self.host.runner.view(self.program, states, &self.environment, &self.meter).await?;
        let route = states.page.as_ref().map_or("", |page| page.route.as_str());
        let frame = answer.map_err(|failure| Refusal::from(failure).of_page(route))?;
        // Before anything in it is decoded.
        let (bytes, max) = (frame.bytes(), self.host.runner.budget.frame.bytes_max);
        if bytes > max {
            let detail = format!("the view has {bytes} bytes, at most {max} are allowed");
            return Err(PageError::Exhausted { limit: crate::budget::Limit::FrameBytes, detail }.into());
        }
        Ok(frame)
    }

    /// Fails where the page cannot be shown as it is now. Asked before anything
    /// is committed: a state without a view would lock its page for good.
    async fn check_view(&self, app: &mut Vec<u8>, page: &mut PageRow) -> Result<(), Fault> {
        let frame = self.view(app, page).await?;
        let own = open::definitions(&frame)?;
        open::decode(&frame, self.program, &own, &self.host.runner.budget.frame)?;
        Ok(())
    }

    /// The program's state for a commit, if it differs from what is stored.
    fn app_to_commit(&self, row: &AppRow, app: Vec<u8>) -> Option<(Vec<u8>, mprun_core::identity::Digest)> {
        let digest = *self.program.digest();
        match &row.state {
            Some((stored, written_by)) if *stored == app && *written_by == digest => None,
            _ => Some((app, digest)),
        }
    }

    /// Commits, and wakes whoever waits for such a thing.
    async fn commit(&self, commit: Commit) -> Result<Committed, CommitFault> {
        let timers = commit.asks.iter().any(|ask| ask.due_at_ms.is_some());
        let began = self.meter.begin(|| 0);
        let committed = self.host.storage.commit(&self.scope, commit).await;
        self.meter.end(Phase::Commit, began, || 0);
        match committed {
            Ok(committed) => {
                if timers {
                    self.host.wake.notify_one();
                }
                self.host.changed(&self.scope, committed.revision);
                Ok(committed)
            }
            Err(CommitError::Duplicate { outcome }) => Err(CommitFault::Duplicate(outcome)),
            Err(CommitError::Gone { ask }) => Err(CommitFault::Gone(ask)),
            Err(CommitError::Conflict { .. }) => Err(Fault::Moved.into()),
            Err(CommitError::Limit { what, max, got }) => Err(Fault::from(PageError::Exhausted {
                limit: crate::budget::Limit::StoredBytes,
                detail: format!("{what}: expected at most {max}, got {got}"),
            })
            .into()),
            Err(error @ CommitError::Invalid { .. }) => Err(Fault::from(PageError::internal(&error)).into()),
            Err(CommitError::Storage(error)) => Err(Fault::from(storage_failed(&error)).into()),
        }
    }

    /// Writes something that the program's developer should know into the log.
    fn note(&self, what: &str, refusal: Option<Failure>) {
        let why = refusal.map(|failure| Refusal::from(failure).message());
        let program = self.program.id();
        self.program.journal().line(program, || tracing::warn!(target: "mprun::program", %program, why, "{what}"));
    }

    /// Writes what is the program's fault into the log, for its developer.
    fn report(&self, error: PageError) -> PageError {
        if error.is_programs_fault() {
            self.program.journal().line(self.program.id(), || {
                tracing::warn!(
                    target: "mprun::failure",
                    program = %self.program.id(),
                    digest = %self.program.digest(),
                    kind = error.kind(),
                    limit = error.limit().map(crate::budget::Limit::name),
                    "{error}"
                );
            });
        }
        error
    }
}

/// Why a commit did not happen.
enum CommitFault {
    /// The event was committed before, with this outcome.
    Duplicate(Vec<u8>),
    /// An ask that it answers or takes back is not open any more.
    Gone(mprun_storage::AskId),
    /// Run again, or give up.
    Fault(Fault),
}

impl From<Fault> for CommitFault {
    fn from(fault: Fault) -> CommitFault {
        CommitFault::Fault(fault)
    }
}

impl CommitFault {
    /// For commits that record no event and answer no ask: an ask that was taken
    /// back meanwhile is another event that got ahead.
    fn plain(self) -> Fault {
        match self {
            CommitFault::Duplicate(_) | CommitFault::Gone(_) => Fault::Moved,
            CommitFault::Fault(fault) => fault,
        }
    }
}

/// The page that a call is about.
fn here(page: &PageRow, may_navigate: bool) -> Current {
    Current { page: page.id, parent: page.parent, route: page.route.clone(), may_navigate }
}

/// Where a stored page is.
fn place_of(page: &PageRow) -> Place {
    Place { page: Some(page.id), ..Place::fresh(page.route.clone(), page.parameters.clone()) }
}
