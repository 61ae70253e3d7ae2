//! Dialogs, disclosures and tabs: which of their panels is shown. Decided by the
//! view at first and by the user after that; the program is told where it wants to
//! know that a dialog was closed, and of nothing else. What the user decided is
//! forgotten when the view shows something else than it did then, as what was typed
//! is.

use std::collections::BTreeMap;

use mprun_frame::element::Element;

use super::{Action, Area, Control, Line, TextPage};
use crate::view::identity::{FieldKey, Token};

/// A panel of an element: one that shows one or none has its own key (a dialog, a
/// disclosure), of tabs it is the tab's. `None` is none.
pub type Panel = Option<FieldKey>;

/// What the user decided: in the element with this key, this panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// The element.
    pub key: FieldKey,
    /// The panel that the view showed at that time.
    pub belief: Panel,
    /// The one to be shown.
    pub shown: Panel,
}

/// What the user decided on one page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Panels {
    turns: BTreeMap<FieldKey, Turn>,
}

impl Panels {
    /// Shows another panel.
    pub fn turn(&mut self, turn: Turn) {
        self.turns.insert(turn.key, turn);
    }

    /// What is shown of an element whose view shows `belief`.
    pub fn shown(&self, key: FieldKey, belief: Panel) -> Panel {
        self.turns.get(&key).filter(|turn| turn.belief == belief).map_or(belief, |turn| turn.shown)
    }

    /// Forgets what is decided by the view again: of elements that are gone, or
    /// that it has opened or closed itself since.
    pub fn retain(&mut self, page: &TextPage) {
        let mut beliefs = BTreeMap::new();
        for control in page.all_controls() {
            if let Action::Panel(panel) = &control.action {
                beliefs.insert(panel.key, panel.belief);
            }
        }
        self.turns.retain(|key, turn| beliefs.get(key) == Some(&turn.belief));
    }
}

/// What opens and closes a dialog or a disclosure, or chooses a tab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PanelControl {
    /// The element's key.
    pub key: FieldKey,
    /// Which kind of element.
    pub element: Element,
    /// The panel that the view shows.
    pub belief: Panel,
    /// The one that is shown.
    pub shown: Panel,
    /// What can be chosen, of tabs.
    pub tabs: Vec<PanelTab>,
}

/// One of several tabs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PanelTab {
    /// The tab's key.
    pub key: FieldKey,
    /// What it is called.
    pub label: String,
    /// Where its name stands.
    pub area: Area,
}

impl PanelControl {
    /// What using it decides: the tab so many further, round and round; of
    /// everything else the opposite of what is.
    pub fn turned(&self, steps: isize) -> Turn {
        let shown = if self.element == Element::Tabs {
            self.tab_after(steps)
        } else if self.shown.is_some() {
            None
        } else {
            Some(self.key)
        };
        Turn { key: self.key, belief: self.belief, shown }
    }

    fn tab_after(&self, steps: isize) -> Panel {
        let count = isize::try_from(self.tabs.len()).ok().filter(|count| *count > 0)?;
        let current = self.tabs.iter().position(|tab| Some(tab.key) == self.shown).unwrap_or_default();
        let next = isize::try_from(current).ok()?.saturating_add(steps).rem_euclid(count);
        self.tabs.get(usize::try_from(next).ok()?).map(|tab| tab.key)
    }
}

/// A dialog that is open: a small page over the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// What it is called.
    pub title: String,
    /// Its lines, [`super::SHEET_FRAME`] cells narrower than the page.
    pub lines: Vec<Line>,
    /// What can be used in it.
    pub controls: Vec<Control>,
    /// What closes it.
    pub close: Turn,
    /// What is sent when the user has closed it, if the program wants to know.
    pub token: Option<Token>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: u8) -> FieldKey {
        format!("{name:012}").parse().unwrap()
    }

    fn page(panel: PanelControl) -> TextPage {
        let action = Action::Panel(panel);
        let control = Control { action, label: String::new(), area: Area::default(), primary: false, closes: None };
        TextPage { controls: vec![control], ..TextPage::default() }
    }

    fn dialog(belief: Panel) -> PanelControl {
        PanelControl { key: key(1), element: Element::Dialog, belief, shown: belief, tabs: Vec::new() }
    }

    #[test]
    fn the_view_decides_until_the_user_does_and_again_when_it_changes() {
        let mut panels = Panels::default();
        let (closed, open) = (None, Some(key(1)));
        assert_eq!((panels.shown(key(1), closed), panels.shown(key(1), open)), (closed, open));
        panels.turn(dialog(closed).turned(1));
        assert_eq!(panels.shown(key(1), closed), open);
        panels.retain(&page(dialog(closed)));
        assert_eq!(panels.shown(key(1), closed), open, "a rendering that changes nothing");
        // The program opens it itself; what was decided before is over for good.
        panels.retain(&page(dialog(open)));
        assert_eq!((panels.shown(key(1), open), panels.shown(key(1), closed)), (open, closed));
    }

    #[test]
    fn what_is_gone_is_forgotten() {
        let mut panels = Panels::default();
        panels.turn(dialog(None).turned(1));
        panels.retain(&TextPage::default());
        assert_eq!(panels, Panels::default());
    }

    #[test]
    fn tabs_go_round() {
        let tab = |name| PanelTab { key: key(name), label: String::new(), area: Area::default() };
        let tabs = PanelControl {
            key: key(1),
            element: Element::Tabs,
            belief: Some(key(2)),
            shown: Some(key(3)),
            tabs: vec![tab(2), tab(3)],
        };
        assert_eq!(tabs.turned(1).shown, Some(key(2)));
        assert_eq!(tabs.turned(-1).shown, Some(key(2)));
        assert_eq!(tabs.turned(2).shown, Some(key(3)));
        assert_eq!(PanelControl { tabs: Vec::new(), ..tabs }.turned(1).shown, None);
    }
}
