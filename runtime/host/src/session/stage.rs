//! The steps of carrying out an ask, all on one instance: pages loaded, told of
//! their life cycle, closed, and handed replies. What they change is collected
//! here for the one commit.

use mprun_core::identity::PageId;
use mprun_storage::{AppRow, PageRow};

use super::asks::Going;
use super::led::{Led, lead, lead_back};
use super::outcome::Outcome;
use super::shown::{Alert, Shown};
use super::transaction::Transaction;
use super::{Session, here, now_ms, place_of, traced};
use crate::api::Move;
use crate::bindings::exports::mprun::app::program::Event;
use crate::failure::{Fault, Refusal};
use crate::instance::{Guest, Pairs};
use crate::trace::{Moment, Step};

/// What is changed while an ask is carried out.
pub(super) struct Stage<'s, 'h> {
    pub(super) session: &'s Session<'h>,
    pub(super) guest: Guest,
    pub(super) app: Vec<u8>,
    pub(super) pages: Vec<PageRow>,
    /// Whether the life cycle is told.
    pub(super) tell: bool,
    /// Whether those who show the pages are led to where they are going: nobody
    /// waits for the answer.
    pub(super) leads: bool,
    /// What a delivered reply is to whoever traces: `reply` or `timer`.
    pub(super) answer: &'static str,
    /// What happened to the pages, where that is kept.
    pub(super) steps: Vec<Step>,
}

impl<'s, 'h> Stage<'s, 'h> {
    /// Nothing changed yet.
    pub(super) fn new(session: &'s Session<'h>, guest: Guest, app: Vec<u8>, tell: bool) -> Self {
        Stage { session, guest, app, pages: Vec::new(), tell, leads: false, answer: "reply", steps: Vec::new() }
    }

    /// What there is to commit: every page that stays open can be shown.
    pub(super) async fn finish(self) -> Result<(Transaction, Vec<u8>, Vec<PageRow>, Vec<Step>), Fault> {
        let Stage { session, guest, mut app, mut pages, mut steps, .. } = self;
        let transaction = guest.finish()?;
        // One that another version wrote is shown only after its migration.
        let digest = session.program.digest();
        for page in pages.iter_mut().filter(|page| !page.closed && page.digest == *digest) {
            session.check_view(&mut app, page).await?;
            let spent = session.meter.take();
            if let Some(step) = steps.iter_mut().find(|step| step.page == page.id) {
                step.spent = step.spent + spent;
            }
        }
        for step in &mut steps {
            let page = pages.iter().find(|page| page.id == step.page && !page.closed);
            step.after = page.and_then(|page| session.moment(&app, page));
        }
        Ok((transaction, app, pages, steps))
    }

    /// Something happened to a page. What happens to it in one commit is one event,
    /// called as what came last.
    fn step(&mut self, page: PageId, kind: &str, before: Option<Moment>) {
        if !self.session.meter.is_on() {
            return;
        }
        let spent = self.session.meter.take();
        match self.steps.iter_mut().find(|step| step.page == page) {
            Some(step) => {
                kind.clone_into(&mut step.kind);
                step.spent = step.spent + spent;
            }
            None => self.steps.push(Step { spent, ..traced::step(page, kind, before) }),
        }
    }

    /// Loads a page that is to be opened; a refusal is the user's to read.
    async fn load(
        &mut self,
        id: PageId,
        parent: Option<PageId>,
        (route, parameters): (&str, &Pairs),
        now: u64,
    ) -> Result<Result<PageRow, String>, Fault> {
        let mut page = PageRow {
            id,
            parent,
            route: route.to_owned(),
            parameters: parameters.clone(),
            state: Vec::new(),
            digest: *self.session.program.digest(),
            drafts: Vec::new(),
            reply: None,
            opened_at_ms: now,
            touched_at_ms: now,
            closed: false,
        };
        if !self.session.program.has_page(route) {
            return Ok(Err("This page does not exist.".to_owned()));
        }
        self.guest.transaction()?.set_current(Some(here(&page, false)));
        match self.guest.load(&self.app, route, parameters, &self.session.environment).await? {
            Ok((app, state)) => {
                self.app = app;
                page.state = state;
                self.step(page.id, "load", None);
                Ok(Ok(page))
            }
            Err(failure) => Ok(Err(match Refusal::from(failure) {
                Refusal::NotFound(message) if message.is_empty() => "This page does not exist.".to_owned(),
                other => other.message(),
            })),
        }
    }

    /// Hands an event to a page; a refusal comes back and changes nothing.
    async fn update(
        &mut self,
        page: &mut PageRow,
        event: &Event,
        may_navigate: bool,
    ) -> Result<Result<(), Refusal>, Fault> {
        let app = std::mem::take(&mut self.app);
        let (app, _) = self.session.current_page(&mut self.guest, app, page).await?;
        self.app = app;
        self.guest.transaction()?.set_current(Some(here(page, may_navigate)));
        // A refused event keeps nothing, its writes and asks included.
        let before = self.guest.transaction()?.clone();
        let moment = self.session.moment(&self.app, page);
        let answer = self
            .guest
            .update(self.app.clone(), Some((&page.route, page.state.clone())), event, &self.session.environment)
            .await?;
        let kind = match event.kind.as_str() {
            "reply" => self.answer,
            "shown" => "back",
            other => other,
        };
        self.step(page.id, kind, moment);
        match answer {
            Ok((app, state)) => {
                self.app = app;
                page.state = state.unwrap_or_default();
                Ok(Ok(()))
            }
            Err(failure) => {
                *self.guest.transaction()? = before;
                Ok(Err(failure.into()))
            }
        }
    }

    /// Tells a page of its life cycle, if it can be told.
    async fn tell(&mut self, page: &mut PageRow, kind: &str) -> Result<(), Fault> {
        if !self.tell {
            return Ok(());
        }
        if let Err(refusal) = self.update(page, &super::fields::event(kind, &[], Vec::new()), false).await? {
            tracing::debug!(program = %self.session.program.id(), kind, ?refusal, "the program refused a life-cycle event");
        }
        Ok(())
    }

    /// Delivers a reply to a page; a refusal is shown there.
    pub(super) async fn reply(
        &mut self,
        mut page: PageRow,
        message: &[u8],
        result: Result<&[u8], Error>,
    ) -> Result<(), Fault> {
        let event = reply_event(message, result, None);
        if let Err(refusal) = self.update(&mut page, &event, true).await? {
            alert(&mut page, &refusal.message());
        }
        self.pages.push(page);
        Ok(())
    }

    /// Delivers a reply whose page is gone.
    pub(super) async fn reply_to_program(
        &mut self,
        route: &str,
        message: &[u8],
        result: Result<&[u8], Error>,
    ) -> Result<(), Fault> {
        self.guest.transaction()?.set_gone(route);
        let before = self.guest.transaction()?.clone();
        let event = reply_event(message, result, Some(route));
        let answer = self.guest.update(self.app.clone(), None, &event, &self.session.environment).await?;
        match answer {
            Ok((app, _)) => self.app = app,
            Err(failure) => {
                *self.guest.transaction()? = before;
                self.session.note("the program refused a reply whose page is gone", Some(failure));
            }
        }
        Ok(())
    }

    /// The page cannot be opened: the user stays and is told.
    pub(super) async fn stay(&mut self, mut from: PageRow, why: &str, going: &Going<'_>) -> Result<Outcome, Fault> {
        let outcome = Outcome::Show(place_of(&from));
        alert(&mut from, why);
        match going.what {
            Move::Open { replies: true, .. } => {
                let error = Error { code: 5, message: "the page could not be opened" };
                self.reply(from, going.message, Err(error)).await?;
            }
            _ => self.pages.push(from),
        }
        Ok(outcome)
    }

    pub(super) async fn open(
        &mut self,
        mut from: PageRow,
        place: (&str, &Pairs),
        replies: bool,
        going: &Going<'_>,
        id: PageId,
    ) -> Result<Outcome, Fault> {
        match self.load(id, Some(from.id), place, now_ms()).await? {
            Ok(mut page) => {
                page.reply = replies.then(|| going.message.to_vec());
                self.tell(&mut from, "hidden").await?;
                self.lead_to(&mut from, page.id);
                let outcome = Outcome::Show(place_of(&page));
                self.pages.extend([from, page]);
                Ok(outcome)
            }
            Err(why) => self.stay(from, &why, going).await,
        }
    }

    pub(super) async fn redirect(
        &mut self,
        mut from: PageRow,
        place: (&str, &Pairs),
        going: &Going<'_>,
        id: PageId,
    ) -> Result<Outcome, Fault> {
        match self.load(id, from.parent, place, now_ms()).await? {
            Ok(mut page) => {
                // Whoever waits for this page's result now waits for the new one's.
                page.reply = from.reply.take();
                page.drafts = Shown { below: Shown::of(&from.drafts).below, ..Shown::default() }.to_drafts();
                self.unload(&mut from).await?;
                self.lead_to(&mut from, page.id);
                let outcome = Outcome::Show(place_of(&page));
                self.pages.extend([from, page]);
                Ok(outcome)
            }
            Err(why) => self.stay(from, &why, going).await,
        }
    }

    pub(super) async fn relaunch(
        &mut self,
        row: &AppRow,
        from: PageRow,
        place: (&str, &Pairs),
        going: &Going<'_>,
        id: PageId,
    ) -> Result<Outcome, Fault> {
        let page = match self.load(id, None, place, now_ms()).await? {
            Ok(page) => page,
            Err(why) => return self.stay(from, &why, going).await,
        };
        let (outcome, to) = (Outcome::Show(place_of(&page)), page.id);
        let below = match from.parent {
            Some(parent) => self.session.host.storage.stack(&self.session.scope, parent).await?,
            None => Vec::new(),
        };
        let mut closing = vec![from];
        for summary in below.iter().filter(|page| !page.closed) {
            closing.extend(self.session.page_at(row, summary.id).await?);
        }
        for mut page in closing {
            page.reply = None;
            self.unload(&mut page).await?;
            self.lead_to(&mut page, to);
            self.pages.push(page);
        }
        self.pages.push(page);
        Ok(outcome)
    }

    pub(super) async fn close(
        &mut self,
        row: &AppRow,
        mut from: PageRow,
        payload: Option<&[u8]>,
    ) -> Result<Outcome, Fault> {
        if !Shown::lies_on_another(&from) {
            // The first page stays.
            return Ok(Outcome::Entry);
        }
        let opener = from.parent;
        let (below, outcome) = self.session.below(row, &from).await?;
        let reply = from.reply.take();
        let opened_by = match opener {
            Some(opener) => self.session.page_at(row, opener).await?,
            None => None,
        };
        let route_of_opener = opened_by.map(|page| page.route).unwrap_or_default();
        let below_it = Shown::of(&from.drafts).below;
        self.unload(&mut from).await?;
        if self.leads {
            lead_back(&mut from, below_it);
        }
        self.pages.push(from);
        let mut below = below;
        if let Some(page) = &mut below {
            // It lies on top again.
            lead(page, None);
            self.tell(page, "shown").await?;
        }
        let result = payload.ok_or(Error { code: 4, message: "the page was closed without a result" });
        match (reply, below) {
            (Some(message), Some(page)) if Some(page.id) == opener => self.reply(page, &message, result).await?,
            (Some(message), below) => {
                self.pages.extend(below);
                self.reply_to_program(&route_of_opener, &message, result).await?;
            }
            (None, below) => self.pages.extend(below),
        }
        Ok(outcome)
    }

    /// Leads those who show a page to the one that was opened on it or instead of it.
    fn lead_to(&self, page: &mut PageRow, to: PageId) {
        if self.leads {
            lead(page, Some(Led::To(to)));
        }
    }

    /// Closes a page: what it remembered goes, its place in the stack stays.
    async fn unload(&mut self, page: &mut PageRow) -> Result<(), Fault> {
        // A page that this version does not have any more cannot be told.
        if self.session.program.has_page(&page.route) {
            self.tell(page, "unloaded").await?;
        }
        page.closed = true;
        page.state = Vec::new();
        page.drafts = Vec::new();
        Ok(())
    }
}

/// Lays a message over a page.
pub(super) fn alert(page: &mut PageRow, text: &str) {
    let mut shown = Shown::of(&page.drafts);
    shown.alert = Alert::error(text);
    page.drafts = shown.to_drafts();
}

/// Why there is no result, in the contract's codes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Error {
    code: u32,
    message: &'static str,
}

fn reply_event(message: &[u8], result: Result<&[u8], Error>, route: Option<&str>) -> Event {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut values = Vec::new();
    let payload = match result {
        Ok(payload) => {
            values.push(pair("outcome", "ok"));
            payload.to_vec()
        }
        Err(error) => {
            values.push(pair("outcome", "error"));
            values.push(pair("code", &error.code.to_string()));
            values.push(pair("message", error.message));
            Vec::new()
        }
    };
    if let Some(route) = route {
        values.push(pair("route", route));
    }
    Event { kind: "reply".to_owned(), message: message.to_vec(), values, payload }
}
