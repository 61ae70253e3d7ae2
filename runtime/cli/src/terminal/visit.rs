//! What the session does with the host: opens pages, sends what was used, follows
//! links, goes back. Whatever the host answers, afterwards there is a page or an
//! explanation on the screen, and a way on.

use std::time::Duration;

use mprun_core::{render::text::Tone, view::identity::Token};
use mprun_frame::url::query_pairs;
use mprun_host::{AlertKind, EventRequest, Open, Outcome, PageError, PageRef, Place, Rendering};
use tokio::time::Instant;

use crate::terminal::{
    controls,
    desk::{Seen, Then},
    focus::Mark,
    message::{About, Message},
    session::{Left, Session, Shown, TOAST},
};

/// A timer's event needs a moment after it is due.
const TIMER_SLACK: Duration = Duration::from_millis(100);
/// How many pages are remembered that the user may come back to.
const LEFT_MAX: usize = 32;
/// How often a busy host is asked before the user is told.
const TRIES: u32 = 3;

impl Session {
    /// Does it. Whatever comes of it is on the screen afterwards.
    pub(crate) async fn act(&mut self, then: Then) {
        match then {
            Then::Nothing => {}
            Then::Refresh => self.refresh().await,
            Then::Send(token, focus) => self.send(token, focus).await,
            Then::SendBoth(first, then) => {
                let place = self.open.route.clone();
                self.send(first, None).await;
                if place == self.open.route {
                    self.send(then, None).await;
                }
            }
            Then::Follow { route, query } => self.follow(route, &query).await,
            Then::Tab(number) => self.open_tab(number).await,
            Then::Back => self.back().await,
            Then::Leave => self.leave().await,
        }
    }

    async fn refresh(&mut self) {
        match self.host.refresh(&self.program, &self.user, self.open.clone()).await {
            Ok(Rendering { led: Some(place), .. }) => self.go_to(place).await,
            Ok(rendering) => self.show(rendering),
            // There is a page, only not the newest: that can wait.
            Err(PageError::Busy { retry_after }) if matches!(self.shown, Shown::Page(_)) => {
                self.refresh_at = Instant::now().checked_add(retry_after);
            }
            Err(error) => self.explain(error),
        }
    }

    async fn send(&mut self, token: Token, focus: Option<Mark>) {
        let Shown::Page(rendering) = &self.shown else { return };
        let Some(page) = rendering.page_ref() else { return };
        let request = EventRequest {
            page,
            nonce: rendering.nonce.clone(),
            seq: 0,
            token: Some(token.to_string()),
            keep: false,
            fields: controls::posted(&self.desk.page),
            environment: self.open.environment.clone(),
        };
        let is_typing = self.desk.is_told_while_typing(token);
        let mut outcome = self.host.event(&self.program, &self.user, request.clone()).await;
        // The same event twice is one event, so asking again is safe.
        for _ in 1..TRIES {
            let Err(PageError::Busy { retry_after }) = outcome else { break };
            tokio::time::sleep(retry_after).await;
            outcome = self.host.event(&self.program, &self.user, request.clone()).await;
        }
        let place = self.open.route.clone();
        self.arrive(outcome.map(|acted| acted.outcome), is_typing).await;
        if let (Some(mark), true) = (focus, place == self.open.route) {
            self.desk.focus_on(&mark);
        }
    }

    /// Goes where an event led. What was typed has reached the host; while the user
    /// is still typing there, nothing of it may be lost.
    async fn arrive(&mut self, outcome: Result<Outcome, PageError>, is_typing: bool) {
        match outcome {
            Ok(outcome) => {
                let place = outcome.place(&self.program);
                if is_typing && self.is_at(&place) {
                    self.desk.hand_over();
                } else {
                    self.desk.drafts.clear();
                }
                self.go_to(place).await;
            }
            Err(error) => self.explain(error),
        }
    }

    fn is_at(&self, place: &Place) -> bool {
        let Shown::Page(here) = &self.shown else { return false };
        let here = &here.place;
        here.page == place.page && here.route == place.route && here.parameters == place.parameters
    }

    async fn go_to(&mut self, place: Place) {
        let open = Open::at(place, self.open.environment.clone());
        match self.host.open(&self.program, &self.user, open).await {
            Ok(rendering) => self.show(rendering),
            Err(error) => self.explain(error),
        }
    }

    async fn follow(&mut self, route: String, query: &str) {
        let parameters = query_pairs(query).map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        let mut to = Place::fresh(route, parameters);
        if let Shown::Page(here) = &self.shown {
            to.parent = here.place.page;
            to.below = here.below_next();
            self.below.push(here.place.clone());
        }
        self.desk.drafts.clear();
        self.go_to(to).await;
    }

    /// Opens the page of a tab anew, if this page has that many. There is no way
    /// back from one tab to another.
    async fn open_tab(&mut self, number: usize) {
        let tab = self.tab_bar().and_then(|(bar, _)| bar.items.get(number.checked_sub(1)?));
        let Some(route) = tab.map(|tab| tab.page.as_str().to_owned()) else { return };
        self.desk.drafts.clear();
        self.below.clear();
        self.go_to(Place::fresh(route, Vec::new())).await;
    }

    async fn back(&mut self) {
        let Shown::Page(rendering) = &self.shown else { return };
        if let (true, Some(page)) = (rendering.leads_back(), rendering.page_ref()) {
            self.below.pop();
            let environment = self.open.environment.clone();
            let outcome = self.host.back(&self.program, &self.user, page, &environment).await;
            self.arrive(outcome, false).await;
        } else if let Some(place) = self.below.pop() {
            self.desk.drafts.clear();
            self.go_to(place).await;
        } else {
            let key = controls::quit_key(self.desk.focused());
            self.desk.hint(format!("there is nothing to go back to; {key} quits"));
        }
    }

    /// From a page that cannot be shown to one that perhaps can: the one below,
    /// else the entry page.
    async fn leave(&mut self) {
        self.desk.drafts.clear();
        let environment = self.open.environment.clone();
        if let Some(page) = self.open.page.filter(|_| self.open.parent.is_some()) {
            let back = self.host.back(&self.program, &self.user, PageRef::Stored(page), &environment).await;
            if back.is_ok() {
                self.below.pop();
                return self.arrive(back, false).await;
            }
        }
        let place = self.below.pop().unwrap_or_else(|| Outcome::Entry.place(&self.program));
        self.go_to(place).await;
    }

    /// Shows a page. The same page keeps its focus and its place on the screen, a
    /// page that the user comes back to gets them again.
    fn show(&mut self, rendering: Rendering) {
        let before = std::mem::replace(&mut self.shown, Shown::Nothing);
        let place = &rendering.place;
        let same = |other: &Place| other.route == place.route && other.parameters == place.parameters;
        let (is_same, had_errors) = match &before {
            Shown::Page(before) => {
                (same(&before.place) && before.depth == rendering.depth, !before.overlay.errors.is_empty())
            }
            _ => (false, false),
        };
        let returning = if is_same { None } else { self.turn_page(&before, place) };
        self.open = Open {
            route: Some(place.route.clone()),
            parameters: place.parameters.clone(),
            // A page that is not stored is made anew each time.
            page: place.page.filter(|_| rendering.stored),
            parent: rendering.parent,
            below: rendering.below.clone(),
            environment: self.open.environment.clone(),
        };
        if !rendering.leads_back() && rendering.depth <= 1 && rendering.stored {
            self.below.clear();
        }
        let pause = rendering.next_timer_ms.map(|due| Duration::from_millis(due).saturating_add(TIMER_SLACK));
        self.refresh_at = pause.and_then(|pause| Instant::now().checked_add(pause));
        self.announce(&rendering, is_same);
        let has_errors = !rendering.overlay.errors.is_empty();
        self.shown = Shown::Page(Box::new(rendering));
        self.lay_out();
        if let Some(Left { top, focus: Some(mark), .. }) = returning {
            // A dialog that the program has opened comes first.
            if self.desk.sheet().is_none() {
                self.desk.top = top;
                self.desk.focus_on(&mark);
            }
        } else if is_same && has_errors && !had_errors {
            // A form was refused: this is what to look at.
            if self.desk.uncover_error() {
                self.lay_out();
            }
            self.desk.focus_on_error();
        }
        self.desk.reveal();
    }

    /// Remembers the page that is left, unless the user has come back from it to
    /// the one before: that one's memory is returned.
    fn turn_page(&mut self, before: &Shown, to: &Place) -> Option<Left> {
        let Seen { top, focus } = self.desk.clear();
        if self.left.last().is_some_and(|left| left.route == to.route && left.parameters == to.parameters) {
            return self.left.pop();
        }
        if let Shown::Page(before) = before {
            let Place { route, parameters, .. } = before.place.clone();
            self.left.push(Left { route, parameters, top, focus });
            if self.left.len() > LEFT_MAX {
                self.left.remove(0);
            }
        }
        None
    }

    /// What the host says over the page: toasts for a while, unless the user goes
    /// on to another page, an alert for as long as the page has it.
    fn announce(&mut self, rendering: &Rendering, is_same: bool) {
        if !rendering.toasts.is_empty() {
            self.say(rendering.toasts.join("  ·  "), Tone::Success, Some(TOAST));
        } else if let Some(alert) = &rendering.alert {
            let tone = if alert.kind == AlertKind::Error { Tone::Warn } else { Tone::Accent };
            self.say(alert.text.clone(), tone, None);
        } else {
            self.desk.message.take_if(|message| !message.stays(is_same));
        }
    }

    fn say(&mut self, text: String, tone: Tone, pause: Option<Duration>) {
        let until = pause.and_then(|pause| Instant::now().checked_add(pause));
        self.desk.message = Some(Message { text, tone, until, about: About::Page });
    }

    /// Shows why there is no page, in the user's words and the developer's.
    pub(super) fn explain(&mut self, error: PageError) {
        self.shown = Shown::Problem(error);
        (self.desk.focus, self.desk.editor, self.desk.top, self.desk.message) = (None, None, 0, None);
        (self.refresh_at, self.tell_at) = (None, None);
        self.lay_out();
    }
}
