//! Where the user is, what was typed there, and what using a control means. Keys
//! become steps ([`Then`]) that are carried out with the host; whatever the host
//! answers, there is a page or an explanation to show, and a way on.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use mprun_core::{
    identity::UserId,
    render::{
        Words,
        text::{self, Action, Control, FieldControl, Target, TextContext, TextPage, Tone},
    },
    view::{
        identity::{FieldKey, Token},
        overlay::{Draft, Overlay},
    },
};
use mprun_frame::{element::Element, url::query_pairs};
use mprun_host::{AlertKind, Change, EventRequest, Host, Open, Outcome, PageError, PageRef, Place, Program, Rendering};
use tokio::time::Instant;

use crate::terminal::{
    draw::{self, View},
    edit::{Editor, Step},
    focus::{self, Arrow, Mark},
    grid::Grid,
    problem,
};

/// How long a toast is shown.
const TOAST: Duration = Duration::from_secs(6);
/// How often a busy host is asked again before the user is told.
const TRIES: u32 = 3;

/// What is to be done with the host.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Then {
    Nothing,
    /// Show the same page again.
    Refresh,
    /// Send what was used; then put the focus there, if somewhere else.
    Send(Token, Option<Mark>),
    /// Follow a link.
    Follow { route: String, query: String },
    /// Go to the page below.
    Back,
    /// Leave a page that cannot be shown.
    Leave,
}

/// A user in a program.
pub(crate) struct Session {
    host: Arc<Host>,
    program: Arc<Program>,
    user: UserId,
    /// How the page on the screen is opened again.
    open: Open,
    shown: Shown,
    /// Pages under the one that is shown, as far as links led here.
    below: Vec<Place>,
    /// What was typed on this page and not sent yet.
    drafts: BTreeMap<FieldKey, Draft>,
    page: TextPage,
    focus: Option<usize>,
    editor: Option<(FieldKey, Editor)>,
    top: usize,
    columns: usize,
    rows: usize,
    message: Option<Message>,
    /// When a timer of the program is due.
    refresh_at: Option<Instant>,
}

enum Shown {
    /// Nothing yet.
    Nothing,
    Page(Box<Rendering>),
    Problem,
}

struct Message {
    text: String,
    tone: Tone,
    until: Option<Instant>,
}

impl Session {
    /// A user who is about to see the page that `open` names.
    pub(crate) fn new(host: Arc<Host>, program: Arc<Program>, open: Open) -> Session {
        Session {
            host,
            program,
            user: UserId::local(),
            open,
            shown: Shown::Nothing,
            below: Vec::new(),
            drafts: BTreeMap::new(),
            page: TextPage::default(),
            focus: None,
            editor: None,
            top: 0,
            columns: 80,
            rows: 24,
            message: None,
            refresh_at: None,
        }
    }

    /// Whether a change is one of this user in this program.
    pub(crate) fn concerns(&self, change: &Change) -> bool {
        change.user == self.user && change.program == *self.program.id()
    }

    pub(crate) fn is_problem(&self) -> bool {
        matches!(self.shown, Shown::Problem)
    }

    /// Whether letters go into a field.
    pub(crate) fn is_typing(&self) -> bool {
        self.editor.is_some()
    }

    // ---- the screen ---------------------------------------------------------

    pub(crate) fn resize(&mut self, columns: usize, rows: usize) {
        (self.columns, self.rows) = (columns, rows);
        self.lay_out();
        self.reveal();
    }

    pub(crate) fn draw(&self) -> Grid {
        self.draw_with(self.message.as_ref().map(|message| (message.text.as_str(), message.tone)))
    }

    /// The same with a word of patience.
    pub(crate) fn draw_waiting(&self) -> Grid {
        self.draw_with(Some(("one moment…", Tone::Muted)))
    }

    fn draw_with(&self, message: Option<(&str, Tone)>) -> Grid {
        let manifest = self.program.manifest();
        let view = View {
            title: manifest.window.navigation_bar_title_text.as_ref().unwrap_or(&manifest.name),
            has_back: self.has_back(),
            page: &self.page,
            focus: self.focus,
            editor: self.editor.as_ref().map(|(_, editor)| editor),
            top: self.top,
            message,
        };
        draw::draw(&view, self.columns, self.rows)
    }

    fn has_back(&self) -> bool {
        match &self.shown {
            Shown::Page(rendering) => rendering.parent.is_some() || !self.below.is_empty(),
            Shown::Problem => true,
            Shown::Nothing => false,
        }
    }

    /// When the screen changes by itself.
    pub(crate) fn wake_at(&self) -> Option<Instant> {
        let message = self.message.as_ref().and_then(|message| message.until);
        message.into_iter().chain(self.refresh_at).min()
    }

    /// The moment of [`Session::wake_at`] has come.
    pub(crate) fn on_time(&mut self) -> Then {
        let now = Instant::now();
        if self.message.as_ref().and_then(|message| message.until).is_some_and(|until| until <= now) {
            self.message = None;
        }
        match self.refresh_at {
            Some(moment) if moment <= now => {
                self.refresh_at = None;
                Then::Refresh
            }
            _ => Then::Nothing,
        }
    }

    /// Makes lines of the page, with what was typed in its fields.
    fn lay_out(&mut self) {
        let mark = self.focus.and_then(|focus| focus::mark(&self.page.controls, focus));
        let Shown::Page(rendering) = &self.shown else { return };
        let overlay = self.overlay(rendering);
        let words = Words::default();
        let width = draw::page_width(self.columns);
        let context = TextContext { width, token_key: &rendering.token_key, overlay: &overlay, words: &words };
        let page = rendering
            .definitions()
            .and_then(|definitions| Ok(text::layout(&rendering.tree(&definitions, &self.host)?, &context)));
        match page {
            Ok(page) => {
                self.page = page;
                self.focus = mark.and_then(|mark| focus::find(&self.page.controls, &mark));
                self.take_up_editor();
            }
            Err(error) => self.explain(&error),
        }
    }

    fn overlay(&self, rendering: &Rendering) -> Overlay {
        let mut overlay = rendering.overlay.clone();
        overlay.drafts.extend(self.drafts.iter().map(|(key, draft)| (*key, draft.clone())));
        overlay
    }

    /// Keeps the cursor where it is in the focused field, unless the program put
    /// another text there.
    fn take_up_editor(&mut self) {
        let before = self.editor.take();
        let Some(field) = self.focused().filter(|control| draw::is_typed_into(control)).and_then(field_of) else { return };
        let kept = before.filter(|(key, editor)| *key == field.key && editor.text() == field.shown);
        self.editor = Some(kept.unwrap_or_else(|| {
            let editor = Editor::new(&field.shown, field.maxlength, field.element == Element::Textarea);
            (field.key, editor)
        }));
    }

    fn focused(&self) -> Option<&Control> {
        self.page.controls.get(self.focus?)
    }

    /// Scrolls so that the focus is seen.
    fn reveal(&mut self) {
        let height = draw::page_height(self.rows);
        if let Some(area) = self.focused().map(|control| control.area) {
            self.top = focus::scroll_to(area, self.top, height);
        }
        self.top = self.top.min(self.page.lines.len().saturating_sub(height));
    }

    /// Moves the page by so many screens.
    pub(crate) fn scroll_page(&mut self, pages: isize) -> Then {
        let height = draw::page_height(self.rows);
        self.scroll(pages.saturating_mul(isize::try_from(height.saturating_sub(2).max(1)).unwrap_or(1)));
        let seen = self.focused().is_some_and(|control| (self.top..self.top + height).contains(&control.area.line));
        if !seen && self.focus.is_some() {
            return self.move_focus(focus::first_visible(&self.page.controls, self.top, height));
        }
        Then::Nothing
    }

    fn scroll(&mut self, lines: isize) {
        let last = self.page.lines.len().saturating_sub(draw::page_height(self.rows));
        self.top = self.top.saturating_add_signed(lines).min(last);
    }

    // ---- the focus ----------------------------------------------------------

    pub(crate) fn tab(&mut self, forward: bool) -> Then {
        let to = if forward {
            focus::next(&self.page.controls, self.focus)
        } else {
            focus::previous(&self.page.controls, self.focus)
        };
        self.move_focus(to)
    }

    pub(crate) fn arrow(&mut self, arrow: Arrow) -> Then {
        if let (Some(field), Arrow::Left | Arrow::Right) = (self.focused().and_then(field_of), arrow)
            && !field.options.is_empty()
        {
            return self.choose(if arrow == Arrow::Right { 1 } else { -1 });
        }
        let height = draw::page_height(self.rows);
        let to = match self.focus {
            Some(focus) => focus::towards(&self.page.controls, focus, arrow),
            None => focus::first_visible(&self.page.controls, self.top, height),
        };
        // What is far away is scrolled to, so that nothing between is missed.
        let near = to.and_then(|to| self.page.controls.get(to)).is_some_and(|control| {
            let line = control.area.line;
            line + height / 2 >= self.top && line < self.top + height + height / 2
        });
        match (arrow, near) {
            (_, true) => self.move_focus(to),
            (Arrow::Up, false) => {
                self.scroll(-1);
                Then::Nothing
            }
            (Arrow::Down, false) => {
                self.scroll(1);
                Then::Nothing
            }
            (Arrow::Left | Arrow::Right, false) => Then::Nothing,
        }
    }

    /// Leaving a field that tells the program of its changes tells them.
    fn move_focus(&mut self, to: Option<usize>) -> Then {
        let left = self.focused().and_then(field_of);
        let change = left.filter(|field| field.shown != field.belief && self.editor.is_some()).and_then(|field| field.change);
        let mark = to.and_then(|to| focus::mark(&self.page.controls, to));
        if let (Some(token), true) = (change, to != self.focus) {
            return Then::Send(token, mark);
        }
        self.set_focus(to);
        Then::Nothing
    }

    fn set_focus(&mut self, to: Option<usize>) {
        self.focus = to;
        self.editor = None;
        self.take_up_editor();
        self.reveal();
    }

    // ---- using controls -----------------------------------------------------

    /// Enter: presses what is in focus. In a field it hands in the form.
    pub(crate) fn enter(&mut self) -> Then {
        let Some(control) = self.focused() else { return Then::Nothing };
        match &control.action {
            Action::Press { token } | Action::Submit { token, .. } => Then::Send(*token, None),
            Action::Open { to: Target::Page { route, query } } => Then::Follow { route: route.clone(), query: query.clone() },
            Action::Open { to: Target::Web(address) } => {
                let text = format!("{address} is outside of this mini-program: open it in a browser");
                self.say(text, Tone::Accent, None);
                Then::Nothing
            }
            Action::Edit(field) => match field.element {
                Element::Textarea => self.insert("\n"),
                Element::Input => self.enter_in_field(),
                Element::Checkbox | Element::Switch => self.toggle(),
                _ => self.choose(1),
            },
        }
    }

    fn enter_in_field(&mut self) -> Then {
        let Some(field) = self.focused().and_then(field_of) else { return Then::Nothing };
        let submit = field.form.and_then(|form| {
            self.page.controls.iter().find_map(|control| match control.action {
                Action::Submit { token, form: its } if its == form => Some(token),
                _ => None,
            })
        });
        match (submit, field.change) {
            (Some(token), _) => Then::Send(token, None),
            (None, Some(token)) if field.shown != field.belief => Then::Send(token, None),
            _ => self.tab(true),
        }
    }

    /// Space: presses, switches or chooses.
    pub(crate) fn space(&mut self) -> Then {
        match self.focused() {
            Some(_) => self.enter(),
            None => self.scroll_page(1),
        }
    }

    fn toggle(&mut self) -> Then {
        let Some(field) = self.focused().and_then(field_of) else { return Then::Nothing };
        let on = field.shown != "true";
        self.set_field(on.to_string())
    }

    /// The option so many steps further, round and round.
    fn choose(&mut self, steps: isize) -> Then {
        let Some(field) = self.focused().and_then(field_of) else { return Then::Nothing };
        let open: Vec<_> = field.options.iter().filter(|option| !option.disabled).collect();
        let count = isize::try_from(open.len()).unwrap_or(0);
        if count == 0 {
            return Then::Nothing;
        }
        let current = open.iter().position(|option| option.value == field.shown).and_then(|position| isize::try_from(position).ok());
        let next = match current {
            Some(current) => (current + steps).rem_euclid(count),
            None if steps > 0 => 0,
            None => count - 1,
        };
        let chosen = usize::try_from(next).ok().and_then(|next| open.get(next)).map(|option| option.value.clone());
        chosen.map_or(Then::Nothing, |value| self.set_field(value))
    }

    /// Puts a value into the focused field, and tells the program if it asked.
    fn set_field(&mut self, value: String) -> Then {
        let Some(field) = self.focused().and_then(field_of) else { return Then::Nothing };
        let (change, changed) = (field.change, field.belief != value);
        self.draft(value);
        match change {
            Some(token) if changed => Then::Send(token, None),
            _ => Then::Nothing,
        }
    }

    fn draft(&mut self, typed: String) {
        if let Some(field) = self.focused().and_then(field_of) {
            let (key, draft) = (field.key, Draft { belief: field.belief.clone(), typed });
            self.drafts.insert(key, draft);
            self.lay_out();
            self.reveal();
        }
    }

    // ---- typing -------------------------------------------------------------

    pub(crate) fn insert(&mut self, text: &str) -> Then {
        self.edit(|editor| editor.insert(text));
        Then::Nothing
    }

    pub(crate) fn remove(&mut self, step: Step) {
        self.edit(|editor| editor.remove(step));
    }

    pub(crate) fn go(&mut self, step: Step) {
        self.edit(|editor| {
            editor.go(step);
        });
    }

    /// False if the text has no such line: then the focus moves.
    pub(crate) fn go_line(&mut self, step: Step) -> bool {
        self.editor.as_mut().is_some_and(|(_, editor)| editor.has_lines() && editor.go(step))
    }

    fn edit(&mut self, change: impl FnOnce(&mut Editor)) {
        let Some((_, editor)) = &mut self.editor else { return };
        let before = editor.text().to_owned();
        change(editor);
        let after = editor.text().to_owned();
        if after != before {
            self.draft(after);
        }
    }

    // ---- the host -----------------------------------------------------------

    /// Does it. Whatever comes of it is on the screen afterwards.
    pub(crate) async fn act(&mut self, then: Then) {
        match then {
            Then::Nothing => {}
            Then::Refresh => self.refresh().await,
            Then::Send(token, focus) => self.send(token, focus).await,
            Then::Follow { route, query } => self.follow(route, &query).await,
            Then::Back => self.back().await,
            Then::Leave => self.leave().await,
        }
    }

    async fn refresh(&mut self) {
        match self.host.open(&self.program, &self.user, self.open.clone()).await {
            Ok(rendering) => self.show(rendering),
            Err(error) => self.explain(&error),
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
            fields: self.fields(),
            environment: self.open.environment.clone(),
        };
        let mut outcome = self.host.event(&self.program, &self.user, request.clone()).await;
        // The same event twice is one event, so asking again is safe.
        for _ in 1..TRIES {
            let Err(PageError::Busy { retry_after }) = outcome else { break };
            tokio::time::sleep(retry_after).await;
            outcome = self.host.event(&self.program, &self.user, request.clone()).await;
        }
        self.arrive(outcome).await;
        if let Some(mark) = focus {
            let to = focus::find(&self.page.controls, &mark);
            self.set_focus(to);
        }
    }

    /// All fields, as a form posts them.
    fn fields(&self) -> Vec<(String, String)> {
        let fields = self.page.controls.iter().filter_map(field_of);
        // A choice that was not made is not posted.
        let made = |field: &&FieldControl| field.options.is_empty() || field.options.iter().any(|option| option.value == field.shown);
        fields.filter(made).map(|field| (field.key.input_name(), field.shown.clone())).collect()
    }

    /// Goes where an event led. What was typed has reached the host.
    async fn arrive(&mut self, outcome: Result<Outcome, PageError>) {
        match outcome {
            Ok(outcome) => {
                self.drafts.clear();
                let place = outcome.place(&self.program);
                self.go_to(place).await;
            }
            Err(error) => self.explain(&error),
        }
    }

    async fn go_to(&mut self, place: Place) {
        let open = Open {
            route: Some(place.route),
            parameters: place.parameters,
            page: place.page,
            parent: place.parent,
            environment: self.open.environment.clone(),
        };
        match self.host.open(&self.program, &self.user, open).await {
            Ok(rendering) => self.show(rendering),
            Err(error) => self.explain(&error),
        }
    }

    async fn follow(&mut self, route: String, query: &str) {
        let parameters = query_pairs(query).map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        let here = match &self.shown {
            Shown::Page(rendering) => Some(rendering.place.clone()),
            _ => None,
        };
        let parent = here.as_ref().and_then(|place| place.page);
        self.below.extend(here);
        self.drafts.clear();
        self.go_to(Place { page: None, route, parameters, parent }).await;
    }

    async fn back(&mut self) {
        let Shown::Page(rendering) = &self.shown else { return };
        if let (Some(_), Some(page)) = (rendering.parent, rendering.page_ref()) {
            self.below.pop();
            let environment = self.open.environment.clone();
            let outcome = self.host.back(&self.program, &self.user, page, &environment).await;
            self.arrive(outcome).await;
        } else if let Some(place) = self.below.pop() {
            self.drafts.clear();
            self.go_to(place).await;
        } else {
            self.say("this is the first page; q quits".to_owned(), Tone::Muted, Some(TOAST));
        }
    }

    /// From a page that cannot be shown to one that perhaps can: the one below,
    /// else the entry page.
    async fn leave(&mut self) {
        self.drafts.clear();
        let environment = self.open.environment.clone();
        if let Some(page) = self.open.page.filter(|_| self.open.parent.is_some()) {
            let back = self.host.back(&self.program, &self.user, PageRef::Stored(page), &environment).await;
            if back.is_ok() {
                self.below.pop();
                return self.arrive(back).await;
            }
        }
        let place = self.below.pop().unwrap_or_else(|| Outcome::Entry.place(&self.program));
        self.go_to(place).await;
    }

    /// Shows a page. The same page keeps its focus and its place on the screen.
    fn show(&mut self, rendering: Rendering) {
        let place = &rendering.place;
        let is_same = match &self.shown {
            Shown::Page(before) => before.place.route == place.route && before.place.parameters == place.parameters && before.depth == rendering.depth,
            _ => false,
        };
        if !is_same {
            (self.focus, self.editor, self.top) = (None, None, 0);
        }
        self.open = Open {
            route: Some(place.route.clone()),
            parameters: place.parameters.clone(),
            // A page that is not stored is made anew each time.
            page: place.page.filter(|_| rendering.stored),
            parent: rendering.parent,
            environment: self.open.environment.clone(),
        };
        if rendering.parent.is_none() && rendering.depth <= 1 && rendering.stored {
            self.below.clear();
        }
        let pause = rendering.next_timer_ms.map(|due| Duration::from_millis(due).saturating_add(Duration::from_millis(100)));
        self.refresh_at = pause.and_then(|pause| Instant::now().checked_add(pause));
        if !rendering.toasts.is_empty() {
            self.say(rendering.toasts.join("  ·  "), Tone::Success, Some(TOAST));
        } else if let Some(alert) = &rendering.alert {
            let tone = if alert.kind == AlertKind::Error { Tone::Warn } else { Tone::Accent };
            self.say(alert.text.clone(), tone, None);
        } else if self.message.as_ref().is_some_and(|message| message.until.is_none()) {
            self.message = None;
        }
        self.shown = Shown::Page(Box::new(rendering));
        self.lay_out();
        self.reveal();
    }

    fn say(&mut self, text: String, tone: Tone, pause: Option<Duration>) {
        let until = pause.and_then(|pause| Instant::now().checked_add(pause));
        self.message = Some(Message { text, tone, until });
    }

    /// Shows why there is no page, in the user's words and the developer's.
    fn explain(&mut self, error: &PageError) {
        self.shown = Shown::Problem;
        (self.focus, self.editor, self.top, self.message, self.refresh_at) = (None, None, 0, None, None);
        self.page = problem::page(error, draw::page_width(self.columns));
    }
}

fn field_of(control: &Control) -> Option<&FieldControl> {
    match &control.action {
        Action::Edit(field) => Some(field),
        _ => None,
    }
}
