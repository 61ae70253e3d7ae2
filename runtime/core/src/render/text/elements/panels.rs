//! Dialogs, disclosures and tabs as text. On a screen the parts of them that are
//! open are shown, and what is not is kept aside; where everything is to be seen,
//! everything is, in one form.

use mprun_frame::element::{Attribute, Element, Event};

use super::measure::{INDENT, Measured};
use super::{DialogScope, Layout, MARKED_MIN, Scope, bold, control, mark};
use crate::render::text::block::{Block, flow, one_line};
use crate::render::text::{
    Action, Control, Hidden, Line, Panel, PanelControl, PanelTab, SHEET_FRAME, Sheet, SpanKind, Style, Tone, Turn,
};
use crate::view::identity::FieldKey;
use crate::view::node::Resolved;

/// How many dialogs and hidden controls there were before a part was laid out.
#[derive(Clone, Copy)]
struct Before {
    sheets: usize,
    hidden: usize,
}

impl Layout<'_> {
    fn before(&self) -> Before {
        Before { sheets: self.sheets.len(), hidden: self.hidden.len() }
    }

    /// Keeps a part aside that `open` would show. A dialog that is open in there
    /// is not shown either.
    fn hide(&mut self, part: Block, before: Before, open: Turn) {
        for hidden in self.hidden.iter_mut().skip(before.hidden) {
            hidden.within.insert(0, open);
        }
        let sheets = self.sheets.split_off(before.sheets.min(self.sheets.len()));
        let controls = part.controls.into_iter().chain(sheets.into_iter().flat_map(|sheet| sheet.controls));
        self.hidden.extend(controls.map(|control| Hidden { control, within: vec![open] }));
    }
}

fn word(element: Resolved<'_>, attribute: Attribute) -> String {
    one_line(element.get(attribute).unwrap_or_default())
}

fn button() -> Style {
    Style { kind: SpanKind::Control, ..Style::default() }
}

/// A button, and a sheet where it is open.
pub(super) fn dialog(layout: &mut Layout<'_>, dialog: &Measured<'_, '_>, width: usize, scope: Scope) -> Block {
    let element = dialog.node.resolved;
    let key = FieldKey::placed(element.place());
    let belief = element.is(Attribute::Open).then_some(key);
    let (trigger, title) = (word(element, Attribute::Trigger), word(element, Attribute::Label));
    let close = Turn { key, belief, shown: None };
    let token = layout.token(element, Event::Close);
    let inside = Scope { dialog: Some(DialogScope { close, token }), ..scope };
    let line = Line::of(format!("[ {trigger} ]"), button());
    let Some(panels) = layout.panels else {
        let marked = if width >= MARKED_MIN { INDENT } else { 0 };
        let inner = width.saturating_sub(marked).max(1);
        let mut sheet = Block::text(&title, inner, bold());
        sheet.below(layout.column(dialog, inner, inside), 0);
        if marked > 0 {
            sheet.mark("│ ", "│ ", mark(Tone::Muted));
        }
        let mut block = Block::line(line);
        block.below(sheet, 0);
        return block;
    };
    let shown = panels.shown(key, belief);
    let before = layout.before();
    let inner = layout.width.saturating_sub(SHEET_FRAME).max(1);
    let content = layout.column(dialog, inner, inside);
    if shown.is_some() {
        // Under what was opened inside of it.
        let at = before.sheets.min(layout.sheets.len());
        layout.sheets.insert(at, Sheet { title, lines: content.lines, controls: content.controls, close, token });
    } else {
        layout.hide(content, before, Turn { shown: Some(key), ..close });
    }
    let panel = PanelControl { key, element: Element::Dialog, belief, shown, tabs: Vec::new() };
    control(line, Some(Action::Panel(panel)), trigger, false)
}

/// A line, and what it unfolds below.
pub(super) fn disclosure(layout: &mut Layout<'_>, part: &Measured<'_, '_>, width: usize, scope: Scope) -> Block {
    let element = part.node.resolved;
    let key = FieldKey::placed(element.place());
    let belief = element.is(Attribute::Open).then_some(key);
    let shown = layout.panels.map_or(Some(key), |panels| panels.shown(key, belief));
    let label = word(element, Attribute::Label);
    let mut block = Block::text(&label, width.saturating_sub(INDENT).max(1), button());
    block.mark(if shown.is_some() { "▾ " } else { "▸ " }, "  ", mark(Tone::Accent));
    if layout.panels.is_some() {
        let panel = PanelControl { key, element: Element::Disclosure, belief, shown, tabs: Vec::new() };
        let (action, area) = (Action::Panel(panel), block.area());
        block.controls.push(Control { action, label, area, primary: false, closes: None });
    }
    let before = layout.before();
    let content = indented(layout, part, width, scope);
    match shown {
        Some(_) => block.below(content, 0),
        None => layout.hide(content, before, Turn { key, belief, shown: Some(key) }),
    }
    block
}

/// The children, a little to the right where there is room.
fn indented(layout: &mut Layout<'_>, part: &Measured<'_, '_>, width: usize, scope: Scope) -> Block {
    let indent = if width >= MARKED_MIN { INDENT } else { 0 };
    let mut content = layout.column(part, width.saturating_sub(indent).max(1), scope);
    if indent > 0 {
        content.mark("  ", "  ", Style::default());
    }
    content
}

/// What a tab is called.
fn name(tab: &Measured<'_, '_>) -> String {
    word(tab.node.resolved, Attribute::Label)
}

/// The names of all tabs in a row, and the panel of one of them; where everything
/// is to be seen, each name with its panel.
pub(super) fn tabs(layout: &mut Layout<'_>, tabs: &Measured<'_, '_>, width: usize, scope: Scope) -> Block {
    let element = tabs.node.resolved;
    let key = FieldKey::placed(element.place());
    let all: Vec<(FieldKey, &Measured<'_, '_>)> =
        tabs.children.iter().map(|tab| (FieldKey::placed(tab.node.resolved.place()), tab)).collect();
    let selected = all.iter().find(|(_, tab)| tab.node.resolved.is(Attribute::Selected));
    let belief: Panel = selected.or(all.first()).map(|(key, _)| *key);
    let mut block = Block::default();
    let Some(panels) = layout.panels else {
        for (_, tab) in &all {
            block.below(Block::text(&format!("[{}]", name(tab)), width, bold()), 0);
            block.below(indented(layout, tab, width, scope), 0);
        }
        return block;
    };
    let shown = panels.shown(key, belief).filter(|shown| all.iter().any(|(key, _)| key == shown)).or(belief);
    let face = |(key, tab): &(FieldKey, &Measured<'_, '_>)| {
        if shown == Some(*key) {
            Line::of(format!("[{}]", name(tab)), Style { tone: Tone::Accent, bold: true, ..button() })
        } else {
            Line::of(format!(" {} ", name(tab)), button())
        }
    };
    if !all.is_empty() {
        let (mut row, areas) = flow(all.iter().map(face).collect(), width, 1, false);
        let names = all.iter().zip(areas).map(|((key, tab), area)| PanelTab { key: *key, label: name(tab), area });
        let panel = PanelControl { key, element: Element::Tabs, belief, shown, tabs: names.collect() };
        let (action, area) = (Action::Panel(panel), row.area());
        let label = word(element, Attribute::Label);
        row.controls.push(Control { action, label, area, primary: false, closes: None });
        block.below(row, 0);
    }
    for (tab_key, tab) in &all {
        let before = layout.before();
        let content = layout.column(tab, width, scope);
        if shown == Some(*tab_key) {
            block.below(content, 0);
        } else {
            layout.hide(content, before, Turn { key, belief, shown: Some(*tab_key) });
        }
    }
    block
}
