//! Using what is in focus: pressing, opening, choosing, typing. What changes a
//! page's parts is done here; what the program has to be told becomes a step.

use mprun_core::{
    render::text::{Action, Target, Turn},
    view::overlay::Draft,
};
use mprun_frame::element::Element;

use crate::terminal::{
    controls::{self, field_of},
    desk::{Desk, Then},
    edit::{Editor, Step},
};

impl Desk {
    /// Enter: presses what is in focus. In a field it hands in the form.
    pub(super) fn enter(&mut self) -> Then {
        let Some(control) = self.focused() else { return Then::Nothing };
        let closes = control.closes;
        let then = match &control.action {
            Action::Press { token } | Action::Submit { token, .. } | Action::Refresh { token } => {
                Then::Send(*token, None)
            }
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
                Element::Input | Element::Slider => self.enter_in_field(),
                Element::Checkbox | Element::Switch => self.toggle(),
                _ => self.choose(1),
            },
            Action::Panel(panel) => {
                let turn = panel.turned(1);
                self.turn(turn);
                Then::Nothing
            }
            Action::Close { token } => token.map_or(Then::Nothing, |token| Then::Send(token, None)),
        };
        if let Some(turn) = closes {
            self.turn(turn);
        }
        then
    }

    fn enter_in_field(&mut self) -> Then {
        let Some(field) = self.focused().and_then(field_of) else { return Then::Nothing };
        let is_changed = field.shown != field.belief || self.undone == Some(field.key);
        let submit = controls::submit_of(&self.page, field);
        match submit.or(field.change.filter(|_| is_changed)) {
            Some(token) => {
                (self.untold, self.undone) = (None, None);
                Then::Send(token, None)
            }
            None => self.tab(true),
        }
    }

    /// Space: presses, switches or chooses.
    pub(super) fn space(&mut self) -> Then {
        match self.focused() {
            Some(_) => self.enter(),
            None => self.scroll_page(1),
        }
    }

    /// Esc: closes the dialog in front, else goes back. What was done in there is
    /// told before that it is closed.
    pub(super) fn escape(&mut self) -> Then {
        let Some((turn, close)) = self.sheet().map(|sheet| (sheet.close, sheet.token)) else { return Then::Back };
        let told = self.leave_field();
        self.turn(turn);
        match (told, close) {
            (Some(told), Some(close)) => Then::SendBoth(told, close),
            (told, close) => told.or(close).map_or(Then::Nothing, |token| Then::Send(token, None)),
        }
    }

    /// Asks for what is new, where the page offers that.
    pub(super) fn refresh(&self) -> Then {
        let token = self.controls().iter().find_map(|control| match control.action {
            Action::Refresh { token } => Some(token),
            _ => None,
        });
        token.map_or(Then::Nothing, |token| Then::Send(token, None))
    }

    /// Opens or closes a part of the page.
    pub(super) fn turn(&mut self, turn: Turn) {
        self.panels.turn(turn);
        self.is_stale = true;
    }

    // ---- choosing -----------------------------------------------------------

    /// Left and right, where they mean something: the option, number or tab so
    /// many further.
    pub(super) fn adjust(&mut self, steps: isize) -> Option<Then> {
        match &self.focused()?.action {
            Action::Edit(field) if !field.options.is_empty() => Some(self.choose(steps)),
            Action::Edit(field) if field.range.is_some() => {
                let value = controls::number_after(field, steps).filter(|value| *value != field.shown);
                Some(value.map_or(Then::Nothing, |value| self.set_field(value)))
            }
            Action::Panel(panel) if panel.element == Element::Tabs => {
                let turn = panel.turned(steps);
                self.turn(turn);
                Some(Then::Nothing)
            }
            _ => None,
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

    /// Puts a value into the focused field, and tells the program if it asked:
    /// in a while if it follows what is being done, else at once.
    fn set_field(&mut self, value: String) -> Then {
        let Some(field) = self.focused().and_then(field_of) else { return Then::Nothing };
        let (change, follows, changed) = (field.change, field.input.is_some(), field.belief != value);
        self.draft(value);
        match change {
            Some(token) if changed && !follows => Then::Send(token, None),
            _ => Then::Nothing,
        }
    }

    fn draft(&mut self, typed: String) {
        let Some(field) = self.focused().and_then(field_of) else { return };
        let (key, draft) = (field.key, Draft { belief: field.belief.clone(), typed });
        let (follows, waits) = (field.input.is_some(), field.change.is_some());
        self.drafts.insert(key, draft);
        if follows {
            self.untold = Some(key);
            self.undone = waits.then_some(key);
        }
        self.is_stale = true;
    }

    /// Tells the program what is being typed or moved.
    pub(super) fn tell(&mut self) -> Then {
        let key = self.untold.take();
        let field = self.page.all_controls().filter_map(field_of).find(|field| Some(field.key) == key);
        field.and_then(|field| field.input).map_or(Then::Nothing, |token| Then::Send(token, None))
    }

    // ---- typing -------------------------------------------------------------

    pub(super) fn insert(&mut self, text: &str) -> Then {
        self.edit(|editor| editor.insert(text));
        Then::Nothing
    }

    pub(super) fn remove(&mut self, step: Step) {
        self.edit(|editor| editor.remove(step));
    }

    pub(super) fn go(&mut self, step: Step) {
        self.edit(|editor| {
            editor.go(step);
        });
    }

    /// False if the text has no such line: then the focus moves.
    pub(super) fn go_line(&mut self, step: Step) -> bool {
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
