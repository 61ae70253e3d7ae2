//! The user did something: admitted, handed to the program, committed, once.
//!
//! Admitted means: the page is this user's, the rendering was ours and not too
//! old, and what was used is in the view that the program shows now. Everything
//! that was done together is one event: all of it happens or nothing.
//!
//! A page that is not stored is made again for it. However long ago it was shown,
//! what is offered then decides, with two exceptions. A rendering of more than a day
//! ago does nothing: whether its event was handled is not remembered for longer. And
//! what was shown by another version does nothing: a token says where a handler
//! stands and which bytes it has, and both may mean something else in this version.
//! Whatever was typed is kept, also then.

use std::sync::Arc;

use mprun_core::identity::PageId;
use mprun_core::view::identity::FieldKey;
use mprun_core::view::offers::offers;
use mprun_core::view::overlay::Overlay;
use mprun_storage::{Commit, EventId, EventRow, PageRow};

use super::fields::{self, Delivery, Plan};
use super::nonce::{self, Checked};
use super::outcome::Recorded;
use super::recipe::Recipe;
use super::shown::{Alert, Shown};
use super::transaction::{Frozen, Random};
use super::wire::Wire;
use super::{
    ATTEMPTS, CommitFault, Fresh, Loaded, Outcome, Place, Reached, Rendering, Session, here, now_ms, open, place_of,
};
use crate::failure::{Fault, PageError, Refusal};
use crate::host::Environment;
use crate::trace::Step;
use crate::views::HashedFrame;

/// Fields of one event.
const FIELDS_MAX: usize = 1_000;
/// Names and values of the fields of one event together, in bytes.
const FIELDS_BYTES_MAX: usize = 256 * 1024;

/// What names a page in a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageRef {
    /// A page that is stored.
    Stored(PageId),
    /// How to make one that is not, as [`super::Rendering::recipe`] gave it.
    Recipe(String),
}

/// What a user did with a page.
#[derive(Debug, Clone)]
pub struct EventRequest {
    /// The page.
    pub page: PageRef,
    /// The rendering, as [`super::Rendering::nonce`] gave it.
    pub nonce: String,
    /// Counts what is sent from one rendering, so that the same is not done
    /// twice and the next thing is. 0 where a rendering is used once.
    pub seq: u64,
    /// The handler that was used; `None` or empty for the Enter key.
    pub token: Option<String>,
    /// Nothing was done: what was typed is to be kept, and the page to be seen as
    /// it is now. `token` and `seq` mean nothing then.
    pub keep: bool,
    /// The page's fields by their input names (`f.` and the key) or keys: all of
    /// them as a form posts them. A field that is absent is unchanged; of two
    /// values the last one counts.
    pub fields: Vec<(String, String)>,
    /// How the user wants to see the page.
    pub environment: Environment,
}

/// What became of an event, and what it was done on.
#[derive(Debug)]
pub struct Acted {
    /// Where the user is now.
    pub outcome: Outcome,
    /// The page that it was done on, where it could be read.
    pub page: Option<PageId>,
    /// What the page showed before; none where the event did not get that far, or
    /// was handled before.
    pub seen: Option<Seen>,
    /// The page as it is now, where it is not stored and need not be.
    pub unstored: Option<Box<Rendering>>,
}

/// What a page showed when something was done on it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The page.
    pub page: PageId,
    /// Its view.
    pub frame: Arc<HashedFrame>,
    /// What lay over the view.
    pub overlay: Overlay,
    /// What the host said over it.
    pub alert: Option<Alert>,
    /// Whether it was stored.
    pub stored: bool,
    /// Whether its rendering is so old that it needs a new nonce soon.
    pub ages: bool,
}

/// What was sent, read as far as it can be without the page.
struct Sent<'r> {
    request: &'r EventRequest,
    token: Option<&'r str>,
    page: PageId,
    recipe: Option<&'r Recipe>,
    checked: Checked,
}

/// How an attempt ended.
enum Attempt {
    /// There is nothing more to do.
    Done(Outcome),
    /// Nor is there anything to store.
    Unstored(Box<Rendering>),
    /// Committed, with this record: there may be a navigation to carry out.
    Committed(Recorded),
}

impl Session<'_> {
    /// Handles what the user did.
    pub(crate) async fn event(&self, request: &EventRequest) -> Result<Acted, PageError> {
        check_size(request)?;
        let token = request.token.as_deref().filter(|token| !token.is_empty());
        let now = now_ms();
        let (page, recipe) = match &request.page {
            PageRef::Stored(page) => (*page, None),
            PageRef::Recipe(text) => match Recipe::open(text, &self.host.secrets.recipe, &self.scope) {
                Some(recipe) => (recipe.page, Some(recipe)),
                None => return Ok(Outcome::Entry.into()),
            },
        };
        let checked = nonce::check(&self.host.secrets.nonce, &self.scope, page, now, &request.nonce);
        if checked == Checked::Forged {
            // A form that is not ours: show the user where they are, write nothing.
            return self
                .where_is(page)
                .await
                .map(|outcome| Acted::on(page, outcome))
                .map_err(|error| self.report(error));
        }
        let _locked = self.host.locks.lock(&self.scope, self.host.queue_wait).await?;
        let id = nonce::event_id(&request.nonce, request.seq, token, &request.fields);
        let storage = &self.host.storage;
        if !request.keep {
            match storage.event(&self.scope, id).await {
                Ok(Some(record)) => {
                    let outcome = self.again(&record).await.map_err(|error| self.report(error))?;
                    return Ok(Acted::on(page, outcome));
                }
                Ok(None) => {}
                Err(error) => return Err(crate::failure::storage_failed(&error)),
            }
        }
        // Keeping the same twice is keeping it once: no need to remember that.
        let frozen = self.frozen((!request.keep).then_some(id), now, &id.0);
        let sent = Sent { request, token, page, recipe: recipe.as_ref(), checked };
        let mut seen = None;
        for _ in 0..ATTEMPTS {
            let attempt = self.try_event(&sent, &frozen, &mut seen).await;
            let finished = match attempt {
                Ok(Attempt::Done(outcome)) => Ok(outcome),
                Ok(Attempt::Unstored(page)) => {
                    let outcome = Outcome::Show(page.place.clone());
                    return Ok(Acted { page: page.place.page, outcome, seen, unstored: Some(page) });
                }
                Ok(Attempt::Committed(recorded)) => Ok(self.carry_on_or_stay(recorded).await),
                Err(CommitFault::Duplicate(record)) => self.again(&record).await,
                Err(CommitFault::Gone(_) | CommitFault::Fault(Fault::Moved)) => continue,
                Err(CommitFault::Fault(Fault::Page(error))) => Err(error),
            };
            return match finished {
                Ok(outcome) => Ok(Acted { seen, ..Acted::on(page, outcome) }),
                Err(error) => Err(self.report(error)),
            };
        }
        Err(PageError::busy())
    }

    /// What was recorded when the same event was committed before.
    async fn again(&self, record: &[u8]) -> Result<Outcome, PageError> {
        match Recorded::from_bytes(record) {
            Some(recorded) => Ok(self.carry_on_or_stay(recorded).await),
            None => Ok(Outcome::Entry),
        }
    }

    /// What was committed has happened: where the navigation that it asks for
    /// cannot be carried out now, the user is told of the event, not of that. The
    /// scheduler tries again.
    async fn carry_on_or_stay(&self, recorded: Recorded) -> Outcome {
        let stay = recorded.outcome.clone();
        match self.carry_on(recorded, true).await {
            Ok(outcome) => outcome,
            Err(error) => {
                self.report(error);
                stay
            }
        }
    }

    /// Where a page is, for a request that cannot be believed.
    async fn where_is(&self, page: PageId) -> Result<Outcome, PageError> {
        match self.host.storage.page(&self.scope, page).await {
            Ok(Some(row)) if !row.closed => Ok(Outcome::Stale(place_of(&row))),
            Ok(_) => Ok(Outcome::Entry),
            Err(error) => Err(crate::failure::storage_failed(&error)),
        }
    }

    async fn try_event(
        &self,
        sent: &Sent<'_>,
        frozen: &Frozen,
        seen: &mut Option<Seen>,
    ) -> Result<Attempt, CommitFault> {
        self.meter.reset();
        let Sent { request, token, page, recipe, checked } = *sent;
        let mut expired = checked == Checked::Expired;
        let mut stored = true;
        let mut loaded = match self.reach(frozen, page).await? {
            Reached::Found(loaded) => *loaded,
            Reached::Closed(row) => {
                let led = match Shown::of(&row.drafts).led {
                    Some(led) => self.follow(&row, led).await?,
                    None => None,
                };
                return Ok(Attempt::Done(led.unwrap_or_else(|| Outcome::Stale(anew(row)))));
            }
            Reached::Missing => match recipe {
                Some(recipe) => {
                    stored = false;
                    expired |= !recipe.is_of(self.program.digest());
                    self.cook(recipe, expired, frozen).await?
                }
                None => return Ok(Attempt::Done(Outcome::Entry)),
            },
        };
        let frame = self.view(&mut loaded.app, &mut loaded.page).await?;
        *seen = Some(Seen {
            page,
            frame: Arc::clone(&frame),
            overlay: loaded.shown.overlay.clone(),
            alert: loaded.shown.alert.clone(),
            stored,
            ages: checked == Checked::Expired || nonce::ages(&request.nonce, frozen.now_ms),
        });
        let locale = self.environment.iter().find(|(name, _)| name == "locale").map_or("en", |(_, value)| value);
        let (plan, step) = {
            let own = open::definitions(&frame).map_err(Fault::from)?;
            let budget = &self.host.runner.budget;
            let tree = open::decode(&frame, self.program, &own, &budget.frame).map_err(Fault::from)?;
            let turn = self.host.turn(self.program, frame.weight(&tree)).await.map_err(Fault::from)?;
            let planned = turn.run(|| {
                let offers = offers(&tree, &self.token_key(page));
                // Of a rendering that is too old nothing is done, only kept.
                let token = if expired { Some("") } else { token };
                let posted = fields::posted(&request.fields);
                let plan = if request.keep {
                    Plan::Nothing(fields::keep(&offers, &posted, &loaded.shown.overlay)?)
                } else {
                    fields::plan(&offers, token, &posted, &loaded.shown.overlay, locale)?
                };
                let step = self.step(&offers, token, &plan, &loaded);
                Ok::<_, PageError>((plan, step))
            });
            planned.map_err(Fault::from)?
        };
        match plan {
            Plan::Stale(overlay) => {
                let notice =
                    Alert::notice("The page has changed meanwhile. Please look again; what you typed is still there.");
                let place = place_of(&loaded.page);
                let shown = Shown { alert: notice, overlay, ..Shown::default() };
                self.keep(loaded, shown, frozen, Outcome::Stale(place), None).await
            }
            Plan::Refused(overlay) => {
                let place = place_of(&loaded.page);
                let alert = Alert::error("Please look at what you filled in.");
                let shown = Shown { alert, overlay, ..Shown::default() };
                self.keep(loaded, shown, frozen, Outcome::Show(place), None).await
            }
            Plan::Nothing(overlay) => {
                let led = match loaded.shown.led.filter(|_| request.keep) {
                    Some(led) => self.follow(&loaded.page, led).await?,
                    None => None,
                };
                let outcome = led.unwrap_or_else(|| Outcome::Show(place_of(&loaded.page)));
                if overlay == loaded.shown.overlay {
                    return match (recipe, request.keep) {
                        (Some(_), true) if !stored => {
                            let page = self.unstored(loaded, frame, request, frozen.now_ms).await?;
                            Ok(Attempt::Unstored(Box::new(page)))
                        }
                        // One that is not stored is another page next time, which
                        // looks the same.
                        (Some(_), false) if !stored => Ok(Attempt::Done(Outcome::Show(unstored(&loaded)))),
                        _ => Ok(Attempt::Done(outcome)),
                    };
                }
                let shown = Shown { overlay, ..loaded.shown.clone() };
                self.keep(loaded, shown, frozen, outcome, None).await
            }
            Plan::Deliver(delivery) => self.deliver(loaded, delivery, step, frozen).await,
        }
    }

    /// Makes the page that was shown and never stored: once more with the random
    /// bytes of then, and with its clock, unless that is too long ago.
    async fn cook(&self, recipe: &Recipe, expired: bool, frozen: &Frozen) -> Result<Loaded, Fault> {
        if !self.program.has_page(&recipe.route) {
            return Err(PageError::NotFound { route: recipe.route.clone() }.into());
        }
        let as_it_was = !expired && recipe.is_fresh(frozen.now_ms);
        let then = if as_it_was { recipe.issued_at_ms } else { frozen.now_ms };
        let fresh = Fresh {
            page: recipe.page,
            parent: recipe.parent,
            below: recipe.below.clone(),
            route: recipe.route.clone(),
            parameters: recipe.parameters.clone(),
        };
        let frozen_then = Frozen { now_ms: then, seed: recipe.page.as_bytes().to_vec(), ..frozen.clone() };
        let mut loaded = self.load(&frozen_then, &fresh).await?;
        loaded.transaction.now_ms = frozen.now_ms;
        loaded.transaction.random = Random::new(&frozen.secret, &frozen.scope, &frozen.seed);
        // They were shown with the page.
        loaded.transaction.take_toasts();
        Ok(loaded)
    }

    /// Runs the program on the events, all on one instance.
    async fn deliver(
        &self,
        loaded: Loaded,
        delivery: Delivery,
        step: Option<Step>,
        frozen: &Frozen,
    ) -> Result<Attempt, CommitFault> {
        let environment = &self.environment;
        let Loaded { row, app, mut page, shown: shown_before, transaction, app_changed } = loaded;
        // What stands if the program refuses: the page as it was.
        let before = transaction.clone();
        let (mut new_app, mut state) = (app.clone(), page.state.clone());
        let mut guest = self.start(transaction).await?;
        guest.transaction()?.set_current(Some(here(&page, true)));
        for (event, told) in &delivery.events {
            let answer = guest.update(new_app, Some((&page.route, state)), event, environment).await?;
            match answer {
                Ok((app, page)) => {
                    new_app = app;
                    state = page.unwrap_or_default();
                }
                Err(failure) => {
                    drop(guest);
                    let shown = refused(failure.into(), &delivery, *told);
                    let place = place_of(&page);
                    let loaded = Loaded { row, app, page, shown: shown_before, transaction: before, app_changed };
                    return self.keep(loaded, shown, frozen, Outcome::Show(place), step).await;
                }
            }
        }
        let mut transaction = guest.finish()?;
        transaction.set_current(None);
        page.state = state;
        let shown = Shown { overlay: delivery.taken, below: shown_before.below, ..Shown::default() };
        let mut after = Loaded { row, app: new_app, page, shown, transaction, app_changed };
        self.check_view(&mut after.app, &mut after.page).await?;
        let outcome = Outcome::Show(place_of(&after.page));
        self.record(after, frozen, outcome, step).await
    }

    /// Commits only what lies over the page (and the page, if it is not stored
    /// yet): the program was not asked, or refused.
    async fn keep(
        &self,
        loaded: Loaded,
        shown: Shown,
        frozen: &Frozen,
        outcome: Outcome,
        step: Option<Step>,
    ) -> Result<Attempt, CommitFault> {
        let shown = Shown { below: loaded.shown.below.clone(), ..shown };
        self.record(Loaded { shown, ..loaded }, frozen, outcome, step).await
    }

    /// Commits the event with everything that it changed.
    async fn record(
        &self,
        loaded: Loaded,
        frozen: &Frozen,
        outcome: Outcome,
        step: Option<Step>,
    ) -> Result<Attempt, CommitFault> {
        let Loaded { row, app, mut page, shown, transaction, .. } = loaded;
        shown.check().map_err(Fault::from)?;
        let step = step.map(|step| Step { after: self.moment(&app, &page), ..step });
        page.touched_at_ms = frozen.now_ms;
        page.drafts = shown.to_drafts();
        let recorded = Recorded { outcome, pending: transaction.navigation().map(|ask| ask.id) };
        let mut commit: Commit = transaction.into_commit();
        commit.app_state = self.app_to_commit(&row, app);
        commit.pages.push(page);
        commit.event =
            frozen.event.map(|id: EventId| EventRow { id, outcome: recorded.to_bytes(), at_ms: frozen.now_ms });
        self.commit_steps(commit, step).await?;
        Ok(Attempt::Committed(recorded))
    }
}

impl From<Outcome> for Acted {
    fn from(outcome: Outcome) -> Acted {
        Acted { outcome, page: None, seen: None, unstored: None }
    }
}

impl Acted {
    fn on(page: PageId, outcome: Outcome) -> Acted {
        Acted { page: Some(page), ..outcome.into() }
    }
}

/// What lies over a page whose program refused.
fn refused(refusal: Refusal, delivery: &Delivery, told: Option<FieldKey>) -> Shown {
    match refusal {
        Refusal::Invalid(message, details) => {
            let (overlay, homeless) = delivery.refusal(&details, told);
            let sentences: Vec<String> =
                std::iter::once(message).chain(homeless).filter(|text| !text.is_empty()).collect();
            let alert = if sentences.is_empty() {
                // Errors stand at the fields; without any the user would see nothing.
                overlay.errors.is_empty().then(|| Alert::error("Something in this form is not right.")).flatten()
            } else {
                Alert::error(sentences.join(" "))
            };
            Shown { alert, overlay, ..Shown::default() }
        }
        other => Shown {
            alert: Alert::error(other.message()),
            overlay: Overlay { drafts: delivery.refused.drafts.clone(), ..Overlay::default() },
            ..Shown::default()
        },
    }
}

/// Where a closed page can be opened anew.
fn anew(row: PageRow) -> Place {
    Place { parent: row.parent, ..Place::fresh(row.route, row.parameters) }
}

/// Where a page is that was never stored.
fn unstored(loaded: &Loaded) -> Place {
    let page = &loaded.page;
    let place = Place::fresh(page.route.clone(), page.parameters.clone());
    Place { parent: page.parent, below: loaded.shown.below.clone(), ..place }
}

fn check_size(request: &EventRequest) -> Result<(), PageError> {
    let invalid = |what: String| Err(PageError::Invalid { what });
    if request.fields.len() > FIELDS_MAX {
        return invalid(format!("expected at most {FIELDS_MAX} fields, got {}", request.fields.len()));
    }
    let bytes: usize = request.fields.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > FIELDS_BYTES_MAX {
        let what = format!("all fields have {bytes} bytes, at most {FIELDS_BYTES_MAX} are possible");
        return Err(PageError::TooLarge { what });
    }
    Ok(())
}
