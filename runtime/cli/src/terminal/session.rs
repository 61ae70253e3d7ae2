//! Where the user is, what was typed there, and what using a control means. What
//! needs the host becomes a step ([`Then`]); `visit` takes it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use mprun_core::{
    identity::UserId,
    manifest::TabBar,
    render::{
        Words,
        text::{self, Action, Control, Target, TextContext, TextPage, Tone},
    },
    view::{
        identity::{FieldKey, Token},
        overlay::{Draft, Overlay},
    },
};
use mprun_frame::element::Element;
use mprun_host::{Change, Host, Open, PageError, Place, Program, Rendering};
use tokio::time::Instant;

use crate::terminal::{
    controls::{self, field_of, is_typed_into},
    draw::{self, Tabs, View},
    edit::{Editor, Step},
    focus::{self, Arrow, Mark},
    grid::Grid,
    problem,
};

/// How long a toast is shown.
pub(super) const TOAST: Duration = Duration::from_secs(6);

/// What is to be done with the host.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Then {
    Nothing,
    /// Show the same page again.
    Refresh,
    /// Send what was used; then put the focus there, if somewhere else.
    Send(Token, Option<Mark>),
    /// Follow a link.
    Follow {
        route: String,
        query: String,
    },
    /// Open the page of a tab anew.
    Tab {
        route: String,
    },
    /// Go to the page below.
    Back,
    /// Leave a page that cannot be shown.
    Leave,
}

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
    /// What was typed on this page and not sent yet.
    pub(super) drafts: BTreeMap<FieldKey, Draft>,
    pub(super) page: TextPage,
    pub(super) focus: Option<usize>,
    pub(super) editor: Option<(FieldKey, Editor)>,
    pub(super) top: usize,
    pub(super) columns: usize,
    pub(super) rows: usize,
    pub(super) message: Option<Message>,
    /// When a timer of the program is due.
    pub(super) refresh_at: Option<Instant>,
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

pub(super) struct Message {
    pub(super) text: String,
    pub(super) tone: Tone,
    pub(super) until: Option<Instant>,
    pub(super) about: About,
}

/// What a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    /// The page, or what happened on it.
    Page,
    /// A key that was pressed: gone with the next one.
    Key,
    /// The key that quits, and why it did not yet: the next time it does.
    Quit,
}

impl Message {
    /// Whether it is still there when a page is shown: only a toast is, and only
    /// over the page that it came with.
    pub(super) fn stays(&self, is_same_page: bool) -> bool {
        is_same_page && self.until.is_some()
    }
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
        matches!(self.shown, Shown::Problem(_))
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
        let texts = self.program.manifest().localized(&self.open.environment.locale);
        let tabs = self
            .tab_bar()
            .map(|(_, current)| Tabs { texts: texts.tabs().into_iter().map(|tab| tab.text).collect(), current });
        let view = View {
            title: texts.title().text,
            is_unsigned: self.program.standing().is_development(),
            has_back: self.has_back(),
            page: &self.page,
            is_problem: self.is_problem(),
            focus: self.focus,
            editor: self.editor.as_ref().map(|(_, editor)| editor),
            top: self.top,
            message,
            tabs,
        };
        draw::draw(&view, self.columns, self.rows)
    }

    /// The tabs, on a page that one of them leads to; and which one that is.
    fn tab_bar(&self) -> Option<(&TabBar, usize)> {
        let Shown::Page(rendering) = &self.shown else { return None };
        let bar = self.program.manifest().tab_bar.as_ref()?;
        Some((bar, bar.position(&rendering.place.route)?))
    }

    /// How many lines of the page are seen.
    fn height(&self) -> usize {
        draw::page_height(self.rows, self.tab_bar().is_some())
    }

    fn has_back(&self) -> bool {
        match &self.shown {
            Shown::Page(rendering) => rendering.leads_back() || !self.below.is_empty(),
            Shown::Problem(_) => true,
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
    pub(super) fn lay_out(&mut self) {
        let mark = self.focus.and_then(|focus| focus::mark(&self.page.controls, focus));
        let rendering = match &self.shown {
            Shown::Nothing => return,
            Shown::Problem(error) => {
                self.page = problem::page(error, draw::page_width(self.columns));
                return;
            }
            Shown::Page(rendering) => rendering,
        };
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
            Err(error) => self.explain(error),
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
        let Some(field) = self.focused().filter(|control| is_typed_into(control)).and_then(field_of) else { return };
        let kept = before.filter(|(key, editor)| *key == field.key && editor.text() == field.shown);
        self.editor = Some(kept.unwrap_or_else(|| {
            let editor = Editor::new(&field.shown, field.maxlength, field.element == Element::Textarea);
            (field.key, editor)
        }));
    }

    pub(super) fn focused(&self) -> Option<&Control> {
        self.page.controls.get(self.focus?)
    }

    /// Scrolls so that the focus is seen.
    pub(super) fn reveal(&mut self) {
        let height = self.height();
        if let Some(area) = self.focused().map(|control| control.area) {
            self.top = focus::scroll_to(area, self.top, height);
        }
        self.top = self.top.min(self.page.lines.len().saturating_sub(height));
    }

    /// Moves the page by so many screens.
    pub(crate) fn scroll_page(&mut self, pages: isize) -> Then {
        let height = self.height();
        self.scroll(pages.saturating_mul(isize::try_from(height.saturating_sub(2).max(1)).unwrap_or(1)));
        let seen = self.focused().is_some_and(|control| (self.top..self.top + height).contains(&control.area.line));
        if !seen && self.focus.is_some() {
            return self.move_focus(focus::first_visible(&self.page.controls, self.top, height));
        }
        Then::Nothing
    }

    fn scroll(&mut self, lines: isize) {
        let last = self.page.lines.len().saturating_sub(self.height());
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
        let height = self.height();
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
        let change =
            left.filter(|field| field.shown != field.belief && self.editor.is_some()).and_then(|field| field.change);
        let mark = to.and_then(|to| focus::mark(&self.page.controls, to));
        if let (Some(token), true) = (change, to != self.focus) {
            return Then::Send(token, mark);
        }
        self.set_focus(to);
        Then::Nothing
    }

    pub(super) fn set_focus(&mut self, to: Option<usize>) {
        self.focus = to;
        self.editor = None;
        self.take_up_editor();
        self.reveal();
    }

    /// A digit: the tab of this number, counted from 1.
    pub(crate) fn tab_of(&self, number: usize) -> Then {
        let tab = self.tab_bar().and_then(|(bar, _)| bar.items.get(number.checked_sub(1)?));
        tab.map_or(Then::Nothing, |tab| Then::Tab { route: tab.page.as_str().to_owned() })
    }

    // ---- using controls -----------------------------------------------------

    /// Enter: presses what is in focus. In a field it hands in the form.
    pub(crate) fn enter(&mut self) -> Then {
        let Some(control) = self.focused() else { return Then::Nothing };
        match &control.action {
            Action::Press { token } | Action::Submit { token, .. } => Then::Send(*token, None),
            Action::Open { to: Target::Page { route, query } } => {
                Then::Follow { route: route.clone(), query: query.clone() }
            }
            Action::Open { to: Target::Web(address) } => {
                let text = format!("{address} is outside of this mini-program: open it in a browser");
                self.hint(text);
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
        match (controls::submit_of(&self.page, field), field.change) {
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

    fn choose(&mut self, steps: isize) -> Then {
        let value = self.focused().and_then(field_of).and_then(|field| controls::option_after(field, steps));
        value.map_or(Then::Nothing, |value| self.set_field(value))
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_toast_stays_on_its_page_alone() {
        let message = |until, about| Message { text: String::new(), tone: Tone::Normal, until, about };
        let toast = message(Some(Instant::now()), About::Page);
        assert!(toast.stays(true));
        assert!(!toast.stays(false));
        for other in [message(None, About::Page), message(None, About::Key), message(None, About::Quit)] {
            assert!(!other.stays(true) && !other.stays(false));
        }
    }
}
