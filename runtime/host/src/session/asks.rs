//! What was asked is carried out: pages opened and closed, results and timers
//! delivered as `reply` events. Each ask is one transaction, which also ends the
//! ask: carried out twice is impossible, and forgotten only with the data.
//!
//! A page's life cycle (`shown`, `hidden`, `unloaded`) is told with the
//! navigation that causes it. A program that breaks while it is told so is not
//! told, and the user goes where they wanted.

use mprun_core::identity::PageId;
use mprun_storage::{AppRow, Ask, EventId, PageRow, PageSummary, StorageError};

use super::below::Below;
use super::event::PageRef;
use super::led::{lead, lead_back};
use super::outcome::{Outcome, Place, Recorded};
use super::recipe::Recipe;
use super::shown::Shown;
use super::stage::{Stage, alert};
use super::transaction::{NavigationAsk, Transaction};
use super::wire::{Wire, Writer};
use super::{ATTEMPTS, CommitFault, Session, now_ms, place_of};
use crate::api::Move;
use crate::failure::{Fault, PageError};

/// How often one event may lead on to another page: a page's result can make the
/// page below open the next one.
const HOPS_MAX: u32 = 10;

/// A user's step back, or a program's ask to go somewhere.
pub(super) struct Going<'a> {
    /// The page that it starts from.
    pub(super) from: PageId,
    pub(super) what: &'a Move,
    /// The message with which that page's result is delivered to it.
    pub(super) message: &'a [u8],
    /// The ask that this carries out; none where the user went back.
    pub(super) ask: Option<&'a Ask>,
    /// The event whose outcome this is.
    pub(super) event: Option<EventId>,
    /// Whether a request waits for it, and is answered with where it leads.
    pub(super) is_awaited: bool,
}

/// How far an attempt is from telling the program everything.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Care {
    /// Everything is told.
    All,
    /// The program broke when it was told of the life cycle.
    NoLifeCycle,
    /// The program broke when it was asked for the page: stay, say so, and tell
    /// the program too if it waits for an answer.
    Stay(String),
    /// It broke over that as well: end the ask without the program.
    Abandon(String),
}

impl Session<'_> {
    /// Follows an event's record to where the user ends up, whether a request waits
    /// for that or not.
    pub(super) async fn carry_on(&self, recorded: Recorded, is_awaited: bool) -> Result<Outcome, PageError> {
        let Recorded { mut outcome, mut pending } = recorded;
        for _ in 0..HOPS_MAX {
            let Some(id) = pending else { return Ok(outcome) };
            let ask = self.host.storage.ask(&self.scope, id).await;
            let Some(ask) = ask.map_err(|error| crate::failure::storage_failed(&error))? else {
                // Somebody else was quicker, and has said where it led.
                return Ok(outcome);
            };
            let next = self.navigate(&ask, is_awaited).await?;
            (outcome, pending) = (next.outcome, next.pending);
        }
        Ok(outcome)
    }

    /// Carries out one navigation.
    pub(super) async fn navigate(&self, ask: &Ask, is_awaited: bool) -> Result<Recorded, PageError> {
        let Some(NavigationAsk { what, event }) = NavigationAsk::from_bytes(&ask.payload) else {
            return Err(PageError::internal(&format!("ask {} of `{}` cannot be read", ask.id.0, self.scope.program)));
        };
        let Some(from) = ask.page else {
            return Err(PageError::internal(&format!("ask {} navigates without a page", ask.id.0)));
        };
        self.go(&Going { from, what: &what, message: &ask.message, ask: Some(ask), event, is_awaited }).await
    }

    /// The user leaves a page for the one below.
    pub(crate) async fn leave(&self, page: &PageRef) -> Result<Outcome, PageError> {
        let page = match page {
            PageRef::Stored(page) => *page,
            PageRef::Recipe(text) => {
                let Some(recipe) = Recipe::open(text, &self.host.secrets.recipe, &self.scope) else {
                    return Ok(Outcome::Entry);
                };
                let stored = self.host.storage.page(&self.scope, recipe.page).await;
                if stored.map_err(|error| crate::failure::storage_failed(&error))?.is_none() {
                    return self.leave_unstored(&recipe).await.map_err(|error| self.report(error));
                }
                recipe.page
            }
        };
        let _locked = self.host.locks.lock(&self.scope, self.host.queue_wait).await?;
        let what = Move::Close { payload: None };
        let going = Going { from: page, what: &what, message: &[], ask: None, event: None, is_awaited: true };
        match self.go(&going).await {
            Ok(recorded) => self.carry_on(recorded, true).await,
            Err(error) => Err(error),
        }
        .map_err(|error| self.report(error))
    }

    /// Leaves a page that was never stored: there is nothing to close.
    async fn leave_unstored(&self, recipe: &Recipe) -> Result<Outcome, PageError> {
        let stack = self.stack(recipe.parent).await.map_err(|error| crate::failure::storage_failed(&error))?;
        Ok(self.way_back(&stack, &recipe.below))
    }

    /// Where Back leads from a page on `stack`: to the nearest page that is open;
    /// else to the nearest one at all, opened again; else over what was never
    /// stored; else to where the program begins.
    pub(super) fn way_back(&self, stack: &[PageSummary], below: &Below) -> Outcome {
        let nearest = stack.iter().find(|page| !page.closed).or(stack.first());
        let place = match nearest {
            Some(PageSummary { id, route, parameters, closed: false, .. }) => {
                Some(Place { page: Some(*id), ..Place::fresh(route, parameters.clone()) })
            }
            Some(PageSummary { route, parameters, parent, .. }) => {
                Some(Place { parent: *parent, ..Place::fresh(route, parameters.clone()) })
            }
            None => below.openable(self.program).back(),
        };
        place.map_or(Outcome::Entry, Outcome::Show)
    }

    /// A page and those below it, as far as the program still has them.
    pub(super) async fn stack(&self, page: Option<PageId>) -> Result<Vec<PageSummary>, StorageError> {
        let Some(page) = page else { return Ok(Vec::new()) };
        let stack = self.host.storage.stack(&self.scope, page).await?;
        Ok(stack.into_iter().filter(|page| self.program.has_page(&page.route)).collect())
    }

    async fn go(&self, going: &Going<'_>) -> Result<Recorded, PageError> {
        let now = now_ms();
        let mut care = Care::All;
        for _ in 0..ATTEMPTS {
            match self.try_go(going, now, &care).await {
                Ok(recorded) => return Ok(recorded),
                Err(CommitFault::Fault(Fault::Moved)) => {}
                Err(CommitFault::Fault(Fault::Page(error))) if error.is_of_program() => {
                    let error = self.report(error);
                    care = match care {
                        Care::All => Care::NoLifeCycle,
                        Care::NoLifeCycle if matches!(going.what, Move::Open { replies: true, .. }) => {
                            Care::Stay(error.plain())
                        }
                        Care::NoLifeCycle | Care::Stay(_) => Care::Abandon(error.plain()),
                        Care::Abandon(_) => return Err(error),
                    };
                }
                Err(CommitFault::Fault(Fault::Page(error))) => return Err(error),
                Err(CommitFault::Duplicate(_)) => return Err(PageError::busy()),
                // The ask is gone: carried out by somebody else; or one that this
                // takes back is, and then it has to be done again.
                Err(CommitFault::Gone(id)) => {
                    if going.ask.is_some_and(|ask| ask.id == id) {
                        return self.elsewhere(going).await;
                    }
                }
            }
        }
        Err(PageError::busy())
    }

    /// Where somebody else's carrying out led.
    async fn elsewhere(&self, going: &Going<'_>) -> Result<Recorded, PageError> {
        let storage = &self.host.storage;
        let record = match going.event {
            Some(event) => storage.event(&self.scope, event).await.map_err(|e| crate::failure::storage_failed(&e))?,
            None => None,
        };
        Ok(record
            .as_deref()
            .and_then(Recorded::from_bytes)
            .map(|recorded| Recorded { pending: None, ..recorded })
            .unwrap_or(Recorded { outcome: Outcome::Entry, pending: None }))
    }

    async fn try_go(&self, going: &Going<'_>, now: u64, care: &Care) -> Result<Recorded, CommitFault> {
        self.meter.reset();
        let storage = &self.host.storage;
        let seed = seed(going);
        let frozen = self.frozen(going.event, now, &seed);
        let snapshot = storage.snapshot(&self.scope, going.from).await.map_err(Fault::from)?;
        let row = snapshot.app;
        let Some(from) = snapshot.page.filter(|page| self.program.has_page(&page.route)) else {
            return self.gone(going, &row, &frozen).await;
        };
        if going.ask.is_none() && from.closed {
            // Back was pressed twice.
            let (_, outcome) = self.below(&row, &from).await?;
            return Ok(Recorded { outcome, pending: None });
        }
        let mut transaction = Transaction::new(&frozen, &row);
        if let Some(ask) = going.ask {
            transaction.consume(ask);
        }
        if let Care::Abandon(why) = care {
            return self.abandon(going, &row, from, why, transaction).await;
        }
        let mut guest = self.start(transaction).await.map_err(CommitFault::Fault)?;
        let (app, _) = self.app(&mut guest, &row).await?;
        let leads = !going.is_awaited;
        let mut stage = Stage { leads, ..Stage::new(self, guest, app, *care == Care::All) };
        let outcome = match (care, going.what) {
            (Care::Stay(why), _) => stage.stay(from, why, going).await?,
            (_, Move::Open { route, parameters, replies }) => {
                stage.open(from, (route, parameters), *replies, going, page_id(self, going)).await?
            }
            (_, Move::Redirect { route, parameters }) => {
                stage.redirect(from, (route, parameters), going, page_id(self, going)).await?
            }
            (_, Move::Relaunch { route, parameters }) => {
                stage.relaunch(&row, from, (route, parameters), going, page_id(self, going)).await?
            }
            (_, Move::Close { payload }) => stage.close(&row, from, payload.as_deref()).await?,
        };
        let (transaction, app, mut pages, steps) = stage.finish().await?;
        let recorded = Recorded { outcome, pending: transaction.navigation().map(|ask| ask.id) };
        let mut commit = transaction.into_commit();
        if commit.done.is_empty() && pages.is_empty() {
            return Ok(recorded);
        }
        for page in &mut pages {
            page.touched_at_ms = now;
        }
        commit.app_state = self.app_to_commit(&row, app);
        commit.pages = pages;
        commit.amended = going.event.map(|event| (event, recorded.to_bytes()));
        self.commit_steps(commit, steps).await?;
        Ok(recorded)
    }

    /// The page that navigates is gone: nothing to do but to end the ask.
    async fn gone(
        &self,
        going: &Going<'_>,
        row: &AppRow,
        frozen: &super::transaction::Frozen,
    ) -> Result<Recorded, CommitFault> {
        let recorded = Recorded { outcome: Outcome::Entry, pending: None };
        if let Some(ask) = going.ask {
            let mut transaction = Transaction::new(frozen, row);
            transaction.consume(ask);
            let mut commit = transaction.into_commit();
            commit.amended = going.event.map(|event| (event, recorded.to_bytes()));
            self.commit(commit).await?;
        }
        Ok(recorded)
    }

    /// Ends an ask that breaks the program. A page that is to be closed is closed,
    /// from any other the user does not get away; either way they are told.
    async fn abandon(
        &self,
        going: &Going<'_>,
        row: &AppRow,
        mut from: PageRow,
        why: &str,
        transaction: Transaction,
    ) -> Result<Recorded, CommitFault> {
        let mut commit = transaction.into_commit();
        let closes = matches!(going.what, Move::Close { .. }) && Shown::lies_on_another(&from);
        let outcome = if closes {
            let (below, outcome) = self.below(row, &from).await?;
            from.closed = true;
            from.reply = None;
            from.state = Vec::new();
            let below_it = Shown::of(&from.drafts).below;
            from.drafts = Vec::new();
            if !going.is_awaited {
                lead_back(&mut from, below_it);
            }
            commit.pages.push(from);
            if let Some(mut page) = below {
                lead(&mut page, None);
                alert(&mut page, why);
                commit.pages.push(page);
            }
            outcome
        } else {
            alert(&mut from, why);
            let place = place_of(&from);
            commit.pages.push(from);
            Outcome::Show(place)
        };
        let recorded = Recorded { outcome, pending: None };
        commit.amended = going.event.map(|event| (event, recorded.to_bytes()));
        self.commit(commit).await?;
        Ok(recorded)
    }

    /// The first page below `page` that is still open, and where going back leads.
    pub(super) async fn below(&self, row: &AppRow, page: &PageRow) -> Result<(Option<PageRow>, Outcome), Fault> {
        let stack = self.stack(page.parent).await?;
        let outcome = self.way_back(&stack, &Shown::of(&page.drafts).below);
        let open = match stack.iter().find(|page| !page.closed) {
            Some(open) => self.page_at(row, open.id).await?,
            None => None,
        };
        Ok((open, outcome))
    }

    /// A page at the revision of `row`.
    pub(super) async fn page_at(&self, row: &AppRow, page: PageId) -> Result<Option<PageRow>, Fault> {
        let snapshot = self.host.storage.snapshot(&self.scope, page).await?;
        if snapshot.app.revision == row.revision { Ok(snapshot.page) } else { Err(Fault::Moved) }
    }

    /// Delivers a timer that is due. What the program makes of it, the ask ends.
    pub(super) async fn fire(&self, ask: &Ask) -> Result<Option<Recorded>, PageError> {
        let now = now_ms();
        let mut broke: Option<String> = None;
        for _ in 0..ATTEMPTS {
            match self.try_fire(ask, now, broke.as_deref()).await {
                Ok(recorded) => return Ok(Some(recorded)),
                Err(CommitFault::Gone(id)) if id == ask.id => return Ok(None),
                Err(CommitFault::Gone(_) | CommitFault::Fault(Fault::Moved)) => {}
                Err(CommitFault::Duplicate(_)) => return Ok(None),
                Err(CommitFault::Fault(Fault::Page(error))) if error.is_of_program() && broke.is_none() => {
                    broke = Some(self.report(error).plain());
                }
                Err(CommitFault::Fault(Fault::Page(error))) => return Err(error),
            }
        }
        Err(PageError::busy())
    }

    async fn try_fire(&self, ask: &Ask, now: u64, broke: Option<&str>) -> Result<Recorded, CommitFault> {
        self.meter.reset();
        let mut writer = Writer::default();
        writer.str("timer").u64(ask.id.0);
        let frozen = self.frozen(None, now, &writer.into_bytes());
        let storage = &self.host.storage;
        let (row, page) = match ask.page {
            Some(page) => {
                let snapshot = storage.snapshot(&self.scope, page).await.map_err(Fault::from)?;
                (snapshot.app, snapshot.page)
            }
            None => (storage.app(&self.scope).await.map_err(Fault::from)?, None),
        };
        let page = page.filter(|page| !page.closed && self.program.has_page(&page.route));
        let mut transaction = Transaction::new(&frozen, &row);
        transaction.consume(ask);

        if let Some(why) = broke {
            let mut commit = transaction.into_commit();
            if let Some(mut page) = page {
                alert(&mut page, why);
                commit.pages.push(page);
            }
            self.commit(commit).await?;
            return Ok(Recorded { outcome: Outcome::Entry, pending: None });
        }

        let mut guest = self.start(transaction).await.map_err(CommitFault::Fault)?;
        let (app, _) = self.app(&mut guest, &row).await?;
        let mut stage = Stage { answer: "timer", ..Stage::new(self, guest, app, true) };
        let outcome = match page {
            Some(page) => {
                let place = place_of(&page);
                stage.reply(page, &ask.message, Ok(&[])).await?;
                Outcome::Show(place)
            }
            None => {
                stage.reply_to_program(&ask.route, &ask.message, Ok(&[])).await?;
                Outcome::Entry
            }
        };
        let (transaction, app, pages, steps) = stage.finish().await?;
        let recorded = Recorded { outcome, pending: transaction.navigation().map(|ask| ask.id) };
        let mut commit = transaction.into_commit();
        commit.app_state = self.app_to_commit(&row, app);
        commit.pages = pages;
        self.commit_steps(commit, steps).await?;
        Ok(recorded)
    }
}

/// What makes the random bytes of a navigation: the ask, or the page left.
fn seed(going: &Going<'_>) -> Vec<u8> {
    let mut writer = Writer::default();
    match going.ask {
        Some(ask) => writer.str("navigation").u64(ask.id.0),
        None => writer.str("back").array(going.from.as_bytes()),
    };
    writer.into_bytes()
}

/// The name of the page that a navigation opens: the same however often and by
/// whomever it is carried out.
fn page_id(session: &Session<'_>, going: &Going<'_>) -> PageId {
    let mut writer = Writer::default();
    writer.str("page").str(&session.scope.program.to_string()).str(session.scope.user.as_str());
    writer.bytes(&seed(going));
    let hash = blake3::keyed_hash(&session.host.secrets.random, &writer.into_bytes());
    let mut id = [0; 16];
    id.copy_from_slice(&hash.as_bytes()[..16]);
    PageId::from_bytes(id)
}
