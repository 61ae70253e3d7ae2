//! The page as the user has it on the screen: where the focus is, which part is
//! seen, what was typed and what was opened. Knows no host: pages and keys come
//! in, what only the host can do goes out as a step ([`Then`]).
//!
//! A dialog that is open is in front, and keys reach nothing else. What lies
//! beneath is found again as it was left.

use std::collections::{BTreeMap, BTreeSet};

use mprun_core::{
    render::text::{Control, FieldControl, Panels, Sheet, TextPage},
    view::{
        identity::{FieldKey, Token},
        overlay::{Draft, Overlay},
    },
};
use mprun_frame::element::Element;

use crate::terminal::{
    controls::{self, field_of, is_typed_into},
    draw,
    edit::Editor,
    focus::{self, Arrow, Mark},
    message::Message,
    sheet,
};

/// What is to be done with the host.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Then {
    Nothing,
    /// Show the same page again.
    Refresh,
    /// Send what was used; then put the focus there, if somewhere else.
    Send(Token, Option<Mark>),
    /// Send the one, and the other if that leads nowhere else.
    SendBoth(Token, Token),
    /// Follow a link.
    Follow {
        route: String,
        query: String,
    },
    /// Open the page of the tab with this number, counted from 1, anew.
    Tab(usize),
    /// Go to the page below.
    Back,
    /// Leave a page that cannot be shown.
    Leave,
}

/// A page, and what the user does with it.
pub(crate) struct Desk {
    pub(super) page: TextPage,
    /// The control that keys work on, among those in front.
    pub(super) focus: Option<usize>,
    pub(super) editor: Option<(FieldKey, Editor)>,
    /// The first line that is seen of what is in front.
    pub(super) top: usize,
    /// How what lies beneath was left, by the keys of dialogs; `None` is the page.
    beneath: BTreeMap<Option<FieldKey>, Seen>,
    /// What was typed on this page and not sent yet.
    pub(super) drafts: BTreeMap<FieldKey, Draft>,
    /// What was opened and closed on this page.
    pub(super) panels: Panels,
    pub(super) message: Option<Message>,
    pub(super) columns: usize,
    pub(super) rows: usize,
    /// Whether tabs of the program take a row.
    pub(super) has_tabs: bool,
    /// Whether something was typed or opened that the page does not show yet.
    pub(super) is_stale: bool,
    /// A field that tells what is being typed, and has something to tell.
    pub(super) untold: Option<FieldKey>,
    /// A field that has told what was being typed, and not yet that it is done.
    pub(super) undone: Option<FieldKey>,
}

/// How the page, or a dialog, looked.
pub(super) struct Seen {
    pub(super) top: usize,
    pub(super) focus: Option<Mark>,
}

impl Desk {
    pub(super) fn new() -> Desk {
        Desk {
            page: TextPage::default(),
            focus: None,
            editor: None,
            top: 0,
            beneath: BTreeMap::new(),
            drafts: BTreeMap::new(),
            panels: Panels::default(),
            message: None,
            columns: 80,
            rows: 24,
            has_tabs: false,
            is_stale: false,
            untold: None,
            undone: None,
        }
    }

    /// Whether letters go into a field.
    pub(super) fn is_typing(&self) -> bool {
        self.editor.is_some()
    }

    /// The dialog in front, if there is one.
    pub(super) fn sheet(&self) -> Option<&Sheet> {
        self.page.sheets.last()
    }

    /// What keys can reach.
    pub(super) fn controls(&self) -> &[Control] {
        self.sheet().map_or(&self.page.controls, |sheet| &sheet.controls)
    }

    pub(super) fn focused(&self) -> Option<&Control> {
        self.controls().get(self.focus?)
    }

    /// What lies over the program's view: what the host has of it, and what was
    /// typed since.
    pub(super) fn overlay(&self, known: &Overlay) -> Overlay {
        let mut overlay = known.clone();
        overlay.drafts.extend(self.drafts.iter().map(|(key, draft)| (*key, draft.clone())));
        overlay
    }

    /// Whether this is what a field tells with while the user is typing.
    pub(super) fn is_told_while_typing(&self, token: Token) -> bool {
        self.page.all_controls().filter_map(field_of).any(|field| field.input == Some(token))
    }

    /// What was typed has reached the host, which keeps it; but for secrets, which
    /// it does not write down.
    pub(super) fn hand_over(&mut self) {
        let secret = |field: &&FieldControl| field.input_type == "password";
        let fields = self.page.all_controls().filter_map(field_of);
        let secrets: BTreeSet<FieldKey> = fields.filter(secret).map(|field| field.key).collect();
        self.drafts.retain(|key, _| secrets.contains(key));
    }

    // ---- pages --------------------------------------------------------------

    /// Puts the page there as it looks now. What had the focus keeps it, unless
    /// something else has come to the front.
    pub(super) fn take(&mut self, page: TextPage) {
        let (before, left) = (self.layer(), self.seen());
        self.page = page;
        self.panels.retain(&self.page);
        let now = self.layer();
        if before == now {
            self.focus = left.focus.and_then(|mark| focus::find(self.controls(), &mark));
        } else {
            self.beneath.insert(before, left);
            let page = &self.page;
            self.beneath.retain(|layer, _| has_layer(page, *layer));
            match self.beneath.remove(&now) {
                Some(seen) => {
                    self.top = seen.top;
                    self.focus = seen.focus.and_then(|mark| focus::find(self.controls(), &mark));
                }
                // A dialog begins with what can be used in it.
                None => {
                    self.top = 0;
                    self.focus = (now.is_some() && !self.controls().is_empty()).then_some(0);
                }
            }
        }
        self.take_up_editor();
    }

    /// Takes the page away, with everything that was opened on it. How it looked.
    pub(super) fn clear(&mut self) -> Seen {
        let seen = self.beneath.remove(&None).filter(|_| self.sheet().is_some()).unwrap_or_else(|| self.seen());
        (self.focus, self.editor, self.top) = (None, None, 0);
        (self.untold, self.undone) = (None, None);
        self.beneath.clear();
        self.page = TextPage::default();
        self.panels = Panels::default();
        seen
    }

    fn layer(&self) -> Option<FieldKey> {
        self.sheet().map(|sheet| sheet.close.key)
    }

    fn seen(&self) -> Seen {
        Seen { top: self.top, focus: self.focus.and_then(|focus| focus::mark(self.controls(), focus)) }
    }

    /// The first line that is seen of the page, in front or not.
    pub(super) fn page_top(&self) -> usize {
        match self.sheet() {
            Some(_) => self.beneath.get(&None).map_or(0, |seen| seen.top),
            None => self.top,
        }
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

    // ---- scrolling ----------------------------------------------------------

    /// How many lines are seen of what is in front.
    fn height(&self) -> usize {
        let rows = draw::page_height(self.rows, self.has_tabs);
        if self.sheet().is_some() { sheet::height(rows) } else { rows }
    }

    /// How many lines it has.
    fn length(&self) -> usize {
        self.sheet().map_or(self.page.lines.len(), |sheet| sheet.lines.len())
    }

    /// Scrolls so that the focus is seen.
    pub(super) fn reveal(&mut self) {
        let height = self.height();
        if let Some(area) = self.focused().map(|control| control.area) {
            self.top = focus::scroll_to(area, self.top, height);
        }
        self.top = self.top.min(self.length().saturating_sub(height));
    }

    /// Moves by so many screens.
    pub(super) fn scroll_page(&mut self, pages: isize) -> Then {
        let height = self.height();
        self.scroll(pages.saturating_mul(isize::try_from(height.saturating_sub(2).max(1)).unwrap_or(1)));
        let seen = self.focused().is_some_and(|control| (self.top..self.top + height).contains(&control.area.line));
        if !seen && self.focus.is_some() {
            return self.move_focus(focus::first_visible(self.controls(), self.top, height));
        }
        Then::Nothing
    }

    fn scroll(&mut self, lines: isize) {
        let last = self.length().saturating_sub(self.height());
        self.top = self.top.saturating_add_signed(lines).min(last);
    }

    // ---- the focus ----------------------------------------------------------

    pub(super) fn tab(&mut self, forward: bool) -> Then {
        let to = if forward {
            focus::next(self.controls(), self.focus)
        } else {
            focus::previous(self.controls(), self.focus)
        };
        self.move_focus(to)
    }

    pub(super) fn arrow(&mut self, arrow: Arrow) -> Then {
        let sideways = match arrow {
            Arrow::Left => self.adjust(-1),
            Arrow::Right => self.adjust(1),
            Arrow::Up | Arrow::Down => None,
        };
        if let Some(then) = sideways {
            return then;
        }
        let height = self.height();
        let to = match self.focus {
            Some(focus) => focus::towards(self.controls(), focus, arrow),
            None => focus::first_visible(self.controls(), self.top, height),
        };
        // What is far away is scrolled to, so that nothing between is missed.
        let near = to.and_then(|to| self.controls().get(to)).is_some_and(|control| {
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
        if to != self.focus {
            let mark = to.and_then(|to| focus::mark(self.controls(), to));
            if let Some(token) = self.leave_field() {
                return Then::Send(token, mark);
            }
        }
        self.set_focus(to);
        Then::Nothing
    }

    /// What the program has still to be told of the focused field. That it is done
    /// says what was typed as well.
    pub(super) fn leave_field(&mut self) -> Option<Token> {
        let field = self.focused().and_then(field_of)?;
        let (key, change, input) = (field.key, field.change, field.input);
        let differs = field.shown != field.belief && self.editor.is_some();
        let is_undone = self.undone.take_if(|undone| *undone == key).is_some();
        let is_untold = self.untold.take_if(|untold| *untold == key).is_some();
        change.filter(|_| differs || is_undone).or(input.filter(|_| is_untold))
    }

    pub(super) fn set_focus(&mut self, to: Option<usize>) {
        self.focus = to;
        self.editor = None;
        self.take_up_editor();
        self.reveal();
    }

    /// Finds a control again, in front.
    pub(super) fn focus_on(&mut self, mark: &Mark) {
        let to = focus::find(self.controls(), mark);
        self.set_focus(to);
    }

    /// Opens what hides the first field that something is wrong with, unless one
    /// is seen already. Whether the page has to be laid out again.
    pub(super) fn uncover_error(&mut self) -> bool {
        if controls::first_error(self.controls()).is_none() {
            for turn in controls::way_to_error(&self.page) {
                self.turn(turn);
            }
        }
        self.is_stale
    }

    /// Puts the focus on that field.
    pub(super) fn focus_on_error(&mut self) {
        if let Some(to) = controls::first_error(self.controls()) {
            self.set_focus(Some(to));
        }
    }
}

/// Whether the page has this dialog open; the page itself always is there.
fn has_layer(page: &TextPage, layer: Option<FieldKey>) -> bool {
    layer.is_none_or(|key| page.sheets.iter().any(|sheet| sheet.close.key == key))
}
