//! Where the user is in the program, and what of it is on the screen. What the
//! user does there the [`Desk`] decides; what needs the host becomes a step
//! ([`Then`]), and `visit` takes it.

use std::{sync::Arc, time::Duration};

use crossterm::event::KeyEvent;
use mprun_core::{
    identity::UserId,
    manifest::TabBar,
    render::{
        Words,
        text::{self, TextContext, Tone},
    },
};
use mprun_host::{Change, Host, Open, PageError, Place, Program, Rendering};
use tokio::time::Instant;

use crate::terminal::{
    desk::{Desk, Then},
    draw::{self, Tabs, View},
    focus::Mark,
    grid::Grid,
    keys, problem,
};

/// How long a toast is shown.
pub(super) const TOAST: Duration = Duration::from_secs(6);
/// What is being typed is told no more often than this.
const TYPING: Duration = Duration::from_millis(150);

/// A user in a program.
pub(crate) struct Session {
    pub(super) host: Arc<Host>,
    pub(super) program: Arc<Program>,
    pub(super) user: UserId,
    /// How the page on the screen is opened again.
    pub(super) open: Open,
    pub(super) shown: Shown,
    /// Pages under the one that is shown, as far as links led here.
    pub(super) below: Vec<Place>,
    /// Pages that were left, the last one last.
    pub(super) left: Vec<Left>,
    pub(super) desk: Desk,
    /// When a timer of the program is due.
    pub(super) refresh_at: Option<Instant>,
    /// When the program is told what is being typed.
    pub(super) tell_at: Option<Instant>,
}

pub(super) enum Shown {
    /// Nothing yet.
    Nothing,
    Page(Box<Rendering>),
    Problem(PageError),
}

/// A page that was left, and how the screen looked.
pub(super) struct Left {
    pub(super) route: String,
    pub(super) parameters: Vec<(String, String)>,
    pub(super) top: usize,
    pub(super) focus: Option<Mark>,
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
            left: Vec::new(),
            desk: Desk::new(),
            refresh_at: None,
            tell_at: None,
        }
    }

    /// Whether a change is one of this user in this program.
    pub(crate) fn concerns(&self, change: &Change) -> bool {
        change.user == self.user && change.program == *self.program.id()
    }

    fn is_problem(&self) -> bool {
        matches!(self.shown, Shown::Problem(_))
    }

    // ---- keys ---------------------------------------------------------------

    /// A key was pressed. `None` ends the program.
    pub(crate) fn press(&mut self, key: KeyEvent) -> Option<Then> {
        let is_problem = self.is_problem();
        self.at_desk(|desk| keys::press(desk, is_problem, key))
    }

    /// Text was pasted.
    pub(crate) fn paste(&mut self, text: &str) -> Then {
        self.at_desk(|desk| desk.insert(text))
    }

    /// Lets something happen at the desk, and shows what has changed there.
    fn at_desk<T>(&mut self, happen: impl FnOnce(&mut Desk) -> T) -> T {
        let then = happen(&mut self.desk);
        if self.desk.is_stale {
            self.lay_out();
            self.desk.reveal();
        }
        if self.desk.untold.is_some() && self.tell_at.is_none() {
            self.tell_at = Instant::now().checked_add(TYPING);
        }
        then
    }

    // ---- the screen ---------------------------------------------------------

    pub(crate) fn resize(&mut self, columns: usize, rows: usize) {
        (self.desk.columns, self.desk.rows) = (columns, rows);
        self.lay_out();
        self.desk.reveal();
    }

    pub(crate) fn draw(&self) -> Grid {
        self.draw_with(self.desk.message.as_ref().map(|message| (message.text.as_str(), message.tone)))
    }

    /// The same with a word of patience.
    pub(crate) fn draw_waiting(&self) -> Grid {
        self.draw_with(Some(("one moment…", Tone::Muted)))
    }

    fn draw_with(&self, message: Option<(&str, Tone)>) -> Grid {
        let texts = self.program.manifest().localized(&self.open.environment.locale);
        let tabs = self
            .tab_bar()
            .map(|(_, current)| Tabs { texts: texts.tabs().into_iter().map(|tab| tab.text).collect(), current });
        let desk = &self.desk;
        let view = View {
            title: texts.title().text,
            is_unsigned: self.program.standing().is_development(),
            has_back: self.has_back(),
            page: &desk.page,
            is_problem: self.is_problem(),
            focus: desk.focus,
            editor: desk.editor.as_ref().map(|(_, editor)| editor),
            top: desk.top,
            page_top: desk.page_top(),
            message,
            tabs,
        };
        draw::draw(&view, desk.columns, desk.rows)
    }

    /// The tabs, on a page that one of them leads to; and which one that is.
    pub(super) fn tab_bar(&self) -> Option<(&TabBar, usize)> {
        let Shown::Page(rendering) = &self.shown else { return None };
        let bar = self.program.manifest().tab_bar.as_ref()?;
        Some((bar, bar.position(&rendering.place.route)?))
    }

    fn has_back(&self) -> bool {
        match &self.shown {
            Shown::Page(rendering) => rendering.leads_back() || !self.below.is_empty(),
            Shown::Problem(_) => true,
            Shown::Nothing => false,
        }
    }

    /// When the screen changes by itself, or there is something to be told.
    pub(crate) fn wake_at(&self) -> Option<Instant> {
        let message = self.desk.message.as_ref().and_then(|message| message.until);
        message.into_iter().chain(self.refresh_at).chain(self.tell_at).min()
    }

    /// The moment of [`Session::wake_at`] has come.
    pub(crate) fn on_time(&mut self) -> Then {
        let now = Instant::now();
        if self.desk.message.as_ref().and_then(|message| message.until).is_some_and(|until| until <= now) {
            self.desk.message = None;
        }
        if self.tell_at.take_if(|moment| *moment <= now).is_some() {
            return self.desk.tell();
        }
        match self.refresh_at.take_if(|moment| *moment <= now) {
            Some(_) => Then::Refresh,
            None => Then::Nothing,
        }
    }

    /// Makes lines of the page, with what was typed in its fields and what was
    /// opened on it.
    pub(super) fn lay_out(&mut self) {
        self.desk.has_tabs = self.tab_bar().is_some();
        self.desk.is_stale = false;
        let width = draw::page_width(self.desk.columns);
        let rendering = match &self.shown {
            Shown::Nothing => return,
            Shown::Problem(error) => {
                self.desk.page = problem::page(error, width);
                return;
            }
            Shown::Page(rendering) => rendering,
        };
        let overlay = self.desk.overlay(&rendering.overlay);
        let words = Words::of(&self.open.environment.locale);
        let context = TextContext { width, token_key: &rendering.token_key, overlay: &overlay, words: &words };
        let page = rendering.definitions().and_then(|definitions| {
            Ok(text::layout_with(&rendering.tree(&definitions, &self.host)?, &context, &self.desk.panels))
        });
        match page {
            Ok(page) => self.desk.take(page),
            Err(error) => self.explain(error),
        }
    }
}
