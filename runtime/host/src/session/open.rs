//! A page is looked at. That stores nothing, unless opening it wrote something,
//! toasts were shown, the recipe would be too long, or the page leads elsewhere
//! ([`super::led`]), which ends when it is shown.

use std::sync::Arc;

use mprun_core::identity::PageId;
use mprun_core::view::identity::TokenKey;
use mprun_core::view::overlay::Overlay;
use mprun_frame::frame::Frame;
use mprun_frame::template::Template;
use mprun_frame::tree::{self, FrameError, FrameErrorReason, Tree};
use mprun_storage::{AskFilter, AskKind};

use super::below::{Below, PageAddress};
use super::nonce;
use super::recipe::Recipe;
use super::shown::{Alert, Shown};
use super::{ATTEMPTS, Fresh, Loaded, Place, Reached, Session, event::PageRef, now_ms, place_of, random};
use crate::api::check_parameters;
use crate::budget::Limit;
use crate::failure::{Fault, PageError};
use crate::host::Environment;
use crate::loader::Program;
use crate::views::HashedFrame;

/// Which page is to be shown.
#[derive(Debug, Clone, Default)]
pub struct Open {
    /// The page; `None` for the program's entry page.
    pub route: Option<String>,
    /// What it is opened with, in order. Names never begin with `_`.
    pub parameters: Vec<(String, String)>,
    /// A page instance: shown if it is this user's and still open; otherwise
    /// `route` is opened fresh.
    pub page: Option<PageId>,
    /// The page that a fresh one lies on.
    pub parent: Option<PageId>,
    /// What lies below where `parent` is not stored. What the program does not have
    /// is left out.
    pub below: Below,
    /// How the user wants to see it.
    pub environment: Environment,
}

impl Open {
    /// What is at a place.
    pub fn at(place: Place, environment: Environment) -> Open {
        let Place { page, route, parameters, parent, below } = place;
        Open { route: Some(route), parameters, page, parent, below, environment }
    }
}

/// A page to be shown.
#[derive(Debug)]
pub struct Rendering {
    /// Whose page it is.
    pub program: Arc<Program>,
    /// Which page it is; `page` is always there.
    pub place: Place,
    /// Whether the page is stored. If not, its [`Rendering::page_ref`] is a recipe.
    pub stored: bool,
    /// What the form carries to name the page, if it is not stored.
    pub recipe: Option<String>,
    /// What the form carries to name this rendering.
    pub nonce: String,
    /// The key of the page's tokens. Never to be sent anywhere.
    pub token_key: TokenKey,
    /// The view as the program returned it; see [`Rendering::definitions`].
    pub frame: Arc<HashedFrame>,
    /// What lies over the view: drafts and errors at fields.
    pub overlay: Overlay,
    /// Messages to be shown once, now.
    pub toasts: Vec<String>,
    /// A message of the host over the page.
    pub alert: Option<Alert>,
    /// The page below, if there is one.
    pub parent: Option<PageId>,
    /// What lies below where `parent` is not stored.
    pub below: Below,
    /// How many pages lie on each other, this one included; 1 for the first.
    pub depth: u32,
    /// Milliseconds until the next timer of this user in this program is due:
    /// the page may look different afterwards.
    pub next_timer_ms: Option<u64>,
    /// How often something was committed for this user in this program.
    pub revision: u64,
    /// Where whoever shows the page already is to go instead: only from
    /// [`crate::Host::refresh`].
    pub led: Option<Place>,
}

impl Rendering {
    /// The page's id.
    pub fn page(&self) -> Option<PageId> {
        self.place.page
    }

    /// Whether there is a page to go back to.
    pub fn leads_back(&self) -> bool {
        self.parent.is_some() || !self.below.is_empty()
    }

    /// What lies below a page that is opened from here.
    pub fn below_next(&self) -> Below {
        if self.stored {
            return Below::default();
        }
        let Place { route, parameters, .. } = self.place.clone();
        self.below.under(PageAddress { route, parameters }, self.parent)
    }

    /// What an event names the page with.
    pub fn page_ref(&self) -> Option<PageRef> {
        match (&self.recipe, self.place.page) {
            (Some(recipe), _) => Some(PageRef::Recipe(recipe.clone())),
            (None, Some(page)) => Some(PageRef::Stored(page)),
            (None, None) => None,
        }
    }

    /// Reads the templates that the frame defines itself; [`Rendering::tree`]
    /// wants them and refers to them.
    ///
    /// # Errors
    /// The program's fault: the first definition that breaks the grammar.
    pub fn definitions(&self) -> Result<Vec<Template>, PageError> {
        self.frame.definitions()
    }

    /// Checks and decodes the frame. Do it once, before anything is rendered.
    ///
    /// # Errors
    /// The program's fault: a frame that breaks the grammar or a limit.
    pub fn tree<'a>(&'a self, definitions: &'a [Template], host: &crate::Host) -> Result<Tree<'a>, PageError> {
        self.frame.tree(&self.program, definitions, host)
    }
}

impl HashedFrame {
    /// As [`Rendering::definitions`].
    ///
    /// # Errors
    /// The program's fault: the first definition that breaks the grammar.
    pub fn definitions(&self) -> Result<Vec<Template>, PageError> {
        definitions(self)
    }

    /// As [`Rendering::tree`], of a frame of `program`.
    ///
    /// # Errors
    /// A frame that breaks the grammar or a limit, or has templates of another
    /// version of the program.
    pub fn tree<'a>(
        &'a self,
        program: &'a Program,
        definitions: &'a [Template],
        host: &crate::Host,
    ) -> Result<Tree<'a>, PageError> {
        decode(self, program, definitions, &host.runner.budget.frame)
    }
}

/// Reads a frame's own templates.
pub(super) fn definitions(frame: &Frame) -> Result<Vec<Template>, PageError> {
    tree::definitions(frame).map_err(|error| view_error(&error))
}

/// Checks and decodes a frame.
pub(super) fn decode<'a>(
    frame: &'a Frame,
    program: &'a Program,
    definitions: &'a [Template],
    limits: &mprun_frame::limits::FrameLimits,
) -> Result<Tree<'a>, PageError> {
    Tree::decode(frame, program.templates(), definitions, limits).map_err(|error| view_error(&error))
}

/// A frame that breaks a limit is exhausted, one that breaks the grammar is wrong.
fn view_error(error: &FrameError) -> PageError {
    let detail = error.to_string();
    let limit = match error.reason {
        FrameErrorReason::Limit { what: "nodes", .. } => Limit::FrameNodes,
        FrameErrorReason::Limit { what: "levels", .. } => Limit::FrameDepth,
        FrameErrorReason::Limit { what: "bytes", .. } => Limit::FrameBytes,
        _ => return PageError::View { detail },
    };
    PageError::Exhausted { limit, detail }
}

impl Session<'_> {
    /// A page to be shown; `looks`: as it is now, to somebody who shows it already.
    pub(crate) async fn open(&self, open: &Open, looks: bool) -> Result<Rendering, PageError> {
        let route = open.route.as_deref().unwrap_or_else(|| self.program.entry_route());
        if !self.program.has_page(route) && open.page.is_none() {
            return Err(PageError::NotFound { route: crate::call::cut(route, 80).to_owned() });
        }
        check_parameters(&open.parameters).map_err(|what| PageError::Invalid { what })?;
        let (now, page) = (now_ms(), PageId::from_bytes(random()?));
        for attempt in 0..ATTEMPTS {
            match self.try_open(open, looks, (route, page, now), attempt).await {
                Ok(rendering) => return Ok(rendering),
                Err(Fault::Moved) => {}
                Err(Fault::Page(error)) => return Err(self.report(error)),
            }
        }
        Err(PageError::busy())
    }

    async fn try_open(
        &self,
        open: &Open,
        looks: bool,
        (route, page, now): (&str, PageId, u64),
        attempt: u32,
    ) -> Result<Rendering, Fault> {
        self.meter.reset();
        let frozen = self.frozen(None, now, page.as_bytes());
        let mut fresh = Fresh {
            page,
            parent: open.parent.filter(|parent| *parent != page),
            below: open.below.openable(self.program),
            route: route.to_owned(),
            parameters: open.parameters.clone(),
        };
        let reached = match open.page {
            Some(page) => self.reach(&frozen, page).await?,
            None => Reached::Missing,
        };
        let mut led = None;
        let (mut loaded, mut stored) = match reached {
            Reached::Found(loaded) => (*loaded, true),
            Reached::Closed(row) => {
                if let (true, Some(lead)) = (looks, Shown::of(&row.drafts).led) {
                    led = self.follow(&row, lead).await?;
                }
                if open.route.is_none() && self.program.has_page(&row.route) {
                    fresh.route = row.route;
                    fresh.parameters = row.parameters;
                }
                fresh.parent = fresh.parent.or(row.parent);
                (self.load(&frozen, &self.known(fresh)?).await?, false)
            }
            Reached::Missing => (self.load(&frozen, &self.known(fresh)?).await?, false),
        };

        let frame = self.view(&mut loaded.app, &mut loaded.page).await?;
        let place = place_of(&loaded.page);
        let (parent, depth) = self.depth(&loaded).await?;
        let mut arrived = false;
        match loaded.shown.led {
            Some(lead) if looks => led = self.follow(&loaded.page, lead).await?,
            Some(_) => {
                loaded.shown.led = None;
                arrived = true;
            }
            None => {}
        }
        // Another page will be shown: what is shown once waits for that.
        let is_elsewhere = led.is_some() || looks && open.page != place.page;

        // Whoever is told a second time because others kept getting ahead is
        // better off than one who sees no page.
        let waiting = if loaded.row.toasts > 0 && !is_elsewhere { self.toasts().await? } else { Vec::new() };
        let mut toasts: Vec<String> = waiting.iter().map(|(_, text)| text.clone()).collect();
        if !is_elsewhere {
            toasts.extend(loaded.transaction.take_toasts());
        }
        let consume = !waiting.is_empty() && attempt + 1 < ATTEMPTS;

        let next_timer = self.next_timer(&loaded, now).await?;
        // Of a page that will not be shown nothing is kept.
        let mut write = led.is_none() && (loaded.transaction.wrote() || consume || arrived);
        let mut recipe = None;
        if !stored && led.is_none() {
            write |= loaded.app_changed;
            if !write {
                recipe = self.recipe(&mut loaded, now)?;
                write = recipe.is_none();
            }
        }
        let shown = loaded.shown.clone();
        let mut revision = loaded.row.revision;
        if write {
            // Nothing is kept of a page that cannot be shown.
            let own = definitions(&frame)?;
            decode(&frame, self.program, &own, &self.host.runner.budget.frame)?;
            let Loaded { row, app, mut page, transaction, .. } = loaded;
            page.drafts = shown.to_drafts();
            let opening = if stored { None } else { self.opening(&app, &page) };
            let mut commit = transaction.into_commit();
            if consume {
                commit.done.extend(waiting.iter().map(|(id, _)| *id));
            }
            commit.app_state = self.app_to_commit(&row, app);
            // A page that is only looked at is as old as it was.
            commit.pages.push(page);
            revision = self.commit_steps(commit, opening).await.map_err(super::CommitFault::plain)?;
            stored = true;
        }

        Ok(Rendering {
            program: Arc::clone(self.program),
            nonce: nonce::issue(&self.host.secrets.nonce, &self.scope, place.page.unwrap_or(page), now, random()?),
            token_key: self.token_key(place.page.unwrap_or(page)),
            place,
            stored,
            recipe,
            frame,
            overlay: shown.overlay,
            toasts,
            alert: shown.alert,
            parent,
            below: shown.below,
            depth,
            next_timer_ms: next_timer,
            revision,
            led: led.map(|outcome| outcome.place(self.program)),
        })
    }

    /// A page that is shown again and still not stored, as the request that asked
    /// for it names it.
    pub(super) async fn unstored(
        &self,
        loaded: Loaded,
        frame: Arc<HashedFrame>,
        request: &super::EventRequest,
        now: u64,
    ) -> Result<Rendering, Fault> {
        let PageRef::Recipe(recipe) = &request.page else {
            return Err(PageError::internal(&"a page that is not stored has a recipe").into());
        };
        let (parent, depth) = self.depth(&loaded).await?;
        let next_timer_ms = self.next_timer(&loaded, now).await?;
        Ok(Rendering {
            program: Arc::clone(self.program),
            nonce: request.nonce.clone(),
            token_key: self.token_key(loaded.page.id),
            place: place_of(&loaded.page),
            stored: false,
            recipe: Some(recipe.clone()),
            frame,
            overlay: loaded.shown.overlay,
            toasts: Vec::new(),
            alert: loaded.shown.alert,
            parent,
            below: loaded.shown.below,
            depth,
            next_timer_ms,
            revision: loaded.row.revision,
            led: None,
        })
    }

    /// The states of a page that is opened fresh, without parameters.
    pub(crate) async fn states(&self, route: &str) -> Result<(Vec<u8>, Vec<u8>), Fault> {
        let page = PageId::from_bytes(random()?);
        let frozen = self.frozen(None, now_ms(), page.as_bytes());
        let fresh =
            Fresh { page, parent: None, below: Below::default(), route: route.to_owned(), parameters: Vec::new() };
        let loaded = self.load(&frozen, &self.known(fresh)?).await?;
        Ok((loaded.app, loaded.page.state))
    }

    fn known(&self, fresh: Fresh) -> Result<Fresh, PageError> {
        if self.program.has_page(&fresh.route) {
            Ok(fresh)
        } else {
            Err(PageError::NotFound { route: crate::call::cut(&fresh.route, 80).to_owned() })
        }
    }

    /// The key of a page's tokens: another for each user and page.
    pub(super) fn token_key(&self, page: PageId) -> TokenKey {
        let mut writer = super::wire::Writer::default();
        writer.str(&self.scope.program.to_string()).str(self.scope.user.as_str()).array(page.as_bytes());
        TokenKey::from_bytes(*blake3::keyed_hash(&self.host.secrets.tokens, &writer.into_bytes()).as_bytes())
    }

    /// How to make the page again; none where that is too long. What lies below is
    /// no reason to store a page: as much of it is forgotten as has to be.
    fn recipe(&self, loaded: &mut Loaded, now: u64) -> Result<Option<String>, PageError> {
        loop {
            let recipe = Recipe {
                digest: *self.program.digest(),
                page: loaded.page.id,
                parent: loaded.page.parent,
                below: loaded.shown.below.clone(),
                route: loaded.page.route.clone(),
                parameters: loaded.page.parameters.clone(),
                issued_at_ms: now,
            };
            let sealed = recipe.seal(&self.host.secrets.recipe, &self.scope, random()?);
            if sealed.is_some() || !loaded.shown.below.shorten() {
                return Ok(sealed);
            }
        }
    }

    /// The page below, and how many pages lie on each other.
    async fn depth(&self, loaded: &Loaded) -> Result<(Option<PageId>, u32), Fault> {
        let parent = loaded.page.parent;
        let open = match parent {
            Some(parent) => {
                let below = self.host.storage.stack(&self.scope, parent).await?;
                // The page below may not be stored: there is a way back all the same.
                below.iter().filter(|page| !page.closed).count().max(1)
            }
            None => 0,
        };
        let below = open.max(loaded.shown.below.pages.len());
        Ok((parent, u32::try_from(below).unwrap_or(u32::MAX).saturating_add(1)))
    }

    async fn toasts(&self) -> Result<Vec<(mprun_storage::AskId, String)>, Fault> {
        let filter = AskFilter { kind: Some(AskKind::Toast), page: None };
        let asks = self.host.storage.asks(&self.scope, filter).await?;
        Ok(asks.into_iter().map(|ask| (ask.id, String::from_utf8_lossy(&ask.payload).into_owned())).collect())
    }

    async fn next_timer(&self, loaded: &Loaded, now: u64) -> Result<Option<u64>, Fault> {
        let mut due = loaded.transaction.first_timer_ms();
        if loaded.row.timers > 0 {
            let filter = AskFilter { kind: Some(AskKind::Timer), page: None };
            let stored = self.host.storage.asks(&self.scope, filter).await?;
            due = stored.iter().filter_map(|ask| ask.due_at_ms).chain(due).min();
        }
        Ok(due.map(|due| due.saturating_sub(now)))
    }
}
