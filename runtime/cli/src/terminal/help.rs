//! Decides which keys the last line of the screen names: those that do something
//! now, as many as there is room for.

use mprun_core::render::text::{Action, Control};
use mprun_frame::element::Element;
use unicode_width::UnicodeWidthStr as _;

use crate::terminal::{
    controls::quit_key,
    draw::{BETWEEN_KEYS, Front, View},
};

/// The keys that do something now. Where there is no room for all of them, the
/// way out stays longest.
pub(super) fn help(focused: Option<&Control>, view: &View<'_>, front: &Front<'_>, room: usize) -> String {
    let action = focused.map(|control| &control.action);
    let using = match action {
        None if view.is_problem => "Enter  try again",
        None => "Tab  next",
        Some(Action::Press { .. }) => "Enter  press",
        Some(Action::Submit { .. }) => "Enter  send",
        Some(Action::Open { .. }) => "Enter  open",
        Some(Action::Refresh { .. }) => "Enter  refresh",
        Some(Action::Close { .. }) => "Enter  close",
        Some(Action::Panel(panel)) => match (panel.element, panel.shown) {
            (Element::Tabs, _) => "← →  switch",
            (Element::Disclosure, Some(_)) => "Enter  fold",
            (Element::Disclosure, None) => "Enter  unfold",
            _ => "Enter  open",
        },
        Some(Action::Edit(field)) => match field.element {
            Element::Picker | Element::RadioGroup => "← →  choose",
            Element::Slider => "← →  adjust",
            Element::Checkbox | Element::Switch => "Space  switch",
            Element::Textarea => "type, Tab  done",
            _ => "type, Enter  done",
        },
    };
    // Of a text with several lines it was said already.
    let is_text = matches!(action, Some(Action::Edit(field)) if field.element == Element::Textarea);
    let next = (focused.is_some() && !is_text).then_some("Tab  next");
    let scroll = match (view.top > 0, view.top + front.origin.height < front.lines) {
        (_, true) => Some("PgDn  more"),
        (true, false) => Some("PgUp  more"),
        (false, false) => None,
    };
    let back = if front.is_dialog { Some("Esc  close") } else { view.has_back.then_some("Esc  back") };
    let quit = format!("{}  quit", quit_key(focused));
    // In a field that is typed into, digits are digits and letters are letters.
    let refreshes = front.controls.iter().any(|control| matches!(control.action, Action::Refresh { .. }));
    let refresh = (refreshes && view.editor.is_none()).then_some("r  refresh");
    let tabs = view.tabs.as_ref().filter(|_| view.editor.is_none());
    let tabs = tabs.map(|tabs| format!("1–{}  tabs", tabs.texts.len()));
    // What is missed most comes first, each with its place in the line.
    let keys = [
        (6, Some(quit.as_str())),
        (5, back),
        (0, Some(using)),
        (1, next),
        (2, scroll),
        (3, refresh),
        (4, tabs.as_deref()),
    ];
    let mut shown: Vec<(usize, &str)> = Vec::new();
    let mut used = 0;
    for (place, key) in keys.into_iter().filter_map(|(place, key)| Some((place, key?))) {
        let end = if shown.is_empty() { key.width() } else { used + BETWEEN_KEYS.width() + key.width() };
        if shown.is_empty() || end <= room {
            shown.push((place, key));
            used = end;
        }
    }
    shown.sort_unstable();
    shown.into_iter().map(|(_, key)| key).collect::<Vec<_>>().join(BETWEEN_KEYS)
}
