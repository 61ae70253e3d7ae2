//! Decides what stands where on the screen: a title bar, the part of the page
//! that fits, a line for what the program says, a line that helps. Pure: a page
//! and a state in, cells out.

use mprun_core::render::text::{Action, Area, Control, FieldControl, Line, SpanKind, Style, TextPage, Tone};
use mprun_frame::element::Element;
use unicode_width::UnicodeWidthStr as _;

use crate::terminal::{
    controls::quit_key,
    edit::Editor,
    grid::{Grid, Ink, Look},
};

/// Longer lines are hard to read, however wide the terminal is.
const PAGE_WIDTH_MAX: usize = 96;
/// Rows that are not the page: title, message, help.
const FRAME_ROWS: usize = 3;
/// With fewer rows the page gets all of them.
const FRAMED_ROWS_MIN: usize = 6;
/// What stands between two keys of the help.
const BETWEEN_KEYS: &str = "   ";

/// What is to be seen.
pub(crate) struct View<'a> {
    pub(crate) title: &'a str,
    /// Whether Esc leads somewhere.
    pub(crate) has_back: bool,
    pub(crate) page: &'a TextPage,
    /// Whether the page only explains why there is none.
    pub(crate) is_problem: bool,
    pub(crate) focus: Option<usize>,
    /// The text of the focused field, if it is one that is typed into.
    pub(crate) editor: Option<&'a Editor>,
    /// The first line of the page that is seen.
    pub(crate) top: usize,
    pub(crate) message: Option<(&'a str, Tone)>,
}

/// How wide a page is on a screen of this width.
pub(crate) fn page_width(columns: usize) -> usize {
    columns.saturating_sub(2 * margin(columns)).min(PAGE_WIDTH_MAX)
}

/// How many lines of it are seen.
pub(crate) fn page_height(rows: usize) -> usize {
    if rows < FRAMED_ROWS_MIN { rows } else { rows - FRAME_ROWS }
}

fn margin(columns: usize) -> usize {
    usize::from(columns >= 40)
}

/// Draws the screen.
pub(crate) fn draw(view: &View<'_>, columns: usize, rows: usize) -> Grid {
    let mut grid = Grid::new(columns, rows);
    let height = page_height(rows);
    let framed = height < rows;
    let origin = Origin { column: margin(columns), row: usize::from(framed), top: view.top, height };
    for (row, line) in view.page.lines.iter().skip(view.top).take(height).enumerate() {
        put_line(&mut grid, origin.column, origin.row + row, line);
    }
    let focused = view.focus.and_then(|focus| view.page.controls.get(focus));
    if let Some(control) = focused {
        show_focus(&mut grid, &origin, control, view.editor);
    }
    if framed {
        title_bar(&mut grid, view, height);
        if let Some((text, tone)) = view.message {
            let look = Look { ink: ink(tone), bold: true, ..Look::default() };
            grid.put(origin.column, rows - 2, &text.replace('\n', "  "), look);
        }
        let help = help(focused, view, height, columns.saturating_sub(origin.column));
        grid.put(origin.column, rows - 1, &help, Look { ink: Ink::Muted, ..Look::default() });
    }
    grid
}

/// Where the page lies on the screen.
struct Origin {
    column: usize,
    row: usize,
    top: usize,
    height: usize,
}

impl Origin {
    /// The part of the page's area that is seen, in cells of the screen.
    fn seen(&self, area: Area) -> Option<Area> {
        let first = area.line.max(self.top);
        let last = (area.line + area.height).min(self.top + self.height);
        (first < last).then(|| Area {
            line: first - self.top + self.row,
            column: area.column + self.column,
            width: area.width,
            height: last - first,
        })
    }
}

fn title_bar(grid: &mut Grid, view: &View<'_>, height: usize) {
    let look = Look { bold: true, reversed: true, ..Look::default() };
    grid.bar(0, look);
    let back = if view.has_back { " ‹ " } else { " " };
    let column = grid.put(0, 0, back, look);
    grid.put(column, 0, view.title, look);
    let lines = view.page.lines.len();
    if lines > height {
        let (first, last) = (view.top + 1, (view.top + height).min(lines));
        let text = format!(" {first}–{last} of {lines} ");
        grid.put(grid.width().saturating_sub(text.width()), 0, &text, look);
    }
}

fn put_line(grid: &mut Grid, column: usize, row: usize, line: &Line) {
    let mut at = column;
    for span in &line.spans {
        at = grid.put(at, row, &span.text, look(span.style));
    }
}

fn look(style: Style) -> Look {
    let ink = if style.kind == SpanKind::Error { Ink::Error } else { ink(style.tone) };
    Look { ink, bold: style.bold, underlined: style.kind == SpanKind::Field, reversed: false }
}

fn ink(tone: Tone) -> Ink {
    match tone {
        Tone::Normal => Ink::Normal,
        Tone::Muted => Ink::Muted,
        Tone::Accent => Ink::Accent,
        Tone::Success => Ink::Success,
        Tone::Warn => Ink::Warn,
    }
}

fn show_focus(grid: &mut Grid, origin: &Origin, control: &Control, editor: Option<&Editor>) {
    match (&control.action, editor) {
        (Action::Edit(field), Some(editor)) => show_editor(grid, origin, control.area, field, editor),
        _ => {
            // Of a large thing (a card that can be pressed) the first line is
            // enough to see where one is, and its text stays easy to read.
            let area = Area { height: 1, ..highlighted(control) };
            if let Some(area) = origin.seen(area) {
                grid.restyle(area, |look| look.reversed = true);
            }
        }
    }
}

/// Of a radio group, the option that is chosen.
fn highlighted(control: &Control) -> Area {
    let Action::Edit(field) = &control.action else { return control.area };
    let chosen = field.options.iter().find(|option| option.value == field.shown).and_then(|option| option.area);
    let first = || field.options.iter().find_map(|option| option.area);
    chosen.or_else(first).unwrap_or(control.area)
}

/// The field as the editor has it: moved to the cursor, not wrapped.
fn show_editor(grid: &mut Grid, origin: &Origin, area: Area, field: &FieldControl, editor: &Editor) {
    let Some(seen) = origin.seen(area) else { return };
    let look = Look { underlined: true, bold: true, ..Look::default() };
    let window = editor.window(area.width, seen.height);
    for row in 0..seen.height {
        grid.put(seen.column, seen.line + row, &" ".repeat(seen.width), look);
        let text = window.lines.get(row).map(String::as_str).unwrap_or_default();
        let text = if field.input_type == "password" { "•".repeat(text.width()) } else { text.to_owned() };
        grid.put(seen.column, seen.line + row, &text, look);
    }
    grid.cursor = Some((seen.column + window.column, seen.line + window.row));
}

/// The keys that do something now. Where there is no room for all of them, the
/// way out stays longest.
fn help(focused: Option<&Control>, view: &View<'_>, height: usize, room: usize) -> String {
    let action = focused.map(|control| &control.action);
    let using = match action {
        None if view.is_problem => "Enter  try again",
        None => "Tab  next",
        Some(Action::Press { .. }) => "Enter  press",
        Some(Action::Submit { .. }) => "Enter  send",
        Some(Action::Open { .. }) => "Enter  open",
        Some(Action::Edit(field)) => match field.element {
            Element::Picker | Element::RadioGroup => "← →  choose",
            Element::Checkbox | Element::Switch => "Space  switch",
            Element::Textarea => "type, Tab  done",
            _ => "type, Enter  done",
        },
    };
    // Of a text with several lines it was said already.
    let is_text = matches!(action, Some(Action::Edit(field)) if field.element == Element::Textarea);
    let next = (focused.is_some() && !is_text).then_some("Tab  next");
    let scroll = match (view.top > 0, view.top + height < view.page.lines.len()) {
        (_, true) => Some("PgDn  more"),
        (true, false) => Some("PgUp  more"),
        (false, false) => None,
    };
    let back = view.has_back.then_some("Esc  back");
    let quit = format!("{}  quit", quit_key(focused));
    // What is missed most comes first, each with its place in the line.
    let keys = [(4, Some(quit.as_str())), (3, back), (0, Some(using)), (1, next), (2, scroll)];
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

#[cfg(test)]
mod tests {
    use mprun_core::render::text::{Span, Target};

    use super::*;

    fn line(text: &str) -> Line {
        Line { spans: vec![Span { text: text.to_owned(), style: Style::default() }], width: text.width() }
    }

    fn button(label: &str, line: usize) -> Control {
        Control {
            action: Action::Open { to: Target::Web(String::new()) },
            label: label.to_owned(),
            area: Area { line, column: 0, width: label.len(), height: 1 },
            primary: false,
        }
    }

    fn page(lines: usize) -> TextPage {
        TextPage {
            lines: (0..lines).map(|number| line(&format!("line {number}"))).collect(),
            controls: vec![button("line", 1)],
        }
    }

    fn view<'a>(page: &'a TextPage, focus: Option<usize>) -> View<'a> {
        View { title: "Coffee", has_back: false, page, is_problem: false, focus, editor: None, top: 0, message: None }
    }

    #[test]
    fn a_screen_has_a_title_a_page_a_message_and_help() {
        let page = page(10);
        let mut view = view(&page, None);
        view.message = Some(("Added\nto the cart", Tone::Success));
        view.top = 4;
        assert_eq!(
            draw(&view, 44, 7).to_plain(),
            " Coffee                           5–8 of 10\n line 4\n line 5\n line 6\n line 7\n Added  to the cart\n Tab  next   PgDn  more   q  quit\n"
        );
    }

    /// Something to write in, with several lines.
    fn note() -> Control {
        let field = FieldControl {
            key: "000000000000".parse().unwrap(),
            element: Element::Textarea,
            input_type: String::new(),
            form: None,
            belief: String::new(),
            shown: String::new(),
            change: None,
            maxlength: None,
            required: false,
            options: Vec::new(),
            error: None,
        };
        Control { action: Action::Edit(field), ..button("Note", 1) }
    }

    /// The help of a screen with seven rows, four of them the page's.
    fn foot(view: &View<'_>, columns: usize) -> String {
        let screen = draw(view, columns, 7).to_plain();
        screen.lines().last().unwrap_or_default().trim().to_owned()
    }

    #[test]
    fn the_help_says_where_there_is_more() {
        let (long, short) = (page(10), page(4));
        for (top, help) in [
            (0, "Tab  next   PgDn  more   q  quit"),
            (5, "Tab  next   PgDn  more   q  quit"),
            (6, "Tab  next   PgUp  more   q  quit"),
        ] {
            assert_eq!(foot(&View { top, ..view(&long, None) }, 44), help);
        }
        assert_eq!(foot(&view(&short, None), 44), "Tab  next   q  quit");
    }

    #[test]
    fn the_help_is_never_cut_and_the_way_out_stays_longest() {
        let page = TextPage { controls: vec![button("line", 0), note()], ..page(10) };
        let on = |focus| View { has_back: true, ..view(&page, Some(focus)) };
        for (columns, help) in [
            (80, "type, Tab  done   PgDn  more   Esc  back   Ctrl-C  quit"),
            (56, "type, Tab  done   PgDn  more   Esc  back   Ctrl-C  quit"),
            (55, "type, Tab  done   Esc  back   Ctrl-C  quit"),
            (39, "PgDn  more   Esc  back   Ctrl-C  quit"),
            (30, "Esc  back   Ctrl-C  quit"),
            (20, "Ctrl-C  quit"),
        ] {
            assert_eq!(foot(&on(1), columns), help, "{columns}");
        }
        assert_eq!(foot(&on(0), 80), "Enter  open   Tab  next   PgDn  more   Esc  back   q  quit");
        assert_eq!(foot(&on(0), 50), "Enter  open   Tab  next   Esc  back   q  quit");
        assert_eq!(foot(&on(0), 7), "q  quit");
    }

    #[test]
    fn a_small_screen_shows_the_page_alone() {
        let page = page(10);
        assert_eq!(draw(&view(&page, None), 8, 3).to_plain(), "line 0\nline 1\nline 2\n");
        assert_eq!(draw(&view(&page, None), 0, 0).to_plain(), "");
    }

    #[test]
    fn the_focus_is_seen_where_the_control_stands() {
        let page = page(3);
        let grid = draw(&view(&page, Some(0)), 44, 10);
        let reversed: Vec<_> =
            grid.runs(2).into_iter().filter(|(_, look)| look.reversed).map(|(text, _)| text).collect();
        assert_eq!(reversed, ["line"]);
        assert!(grid.to_plain().contains("Enter  open"));
        let scrolled = draw(&View { top: 2, ..view(&page, Some(0)) }, 44, 10);
        assert!((1..9).all(|row| scrolled.runs(row).iter().all(|(_, look)| !look.reversed)));
    }

    #[test]
    fn pages_leave_room_at_the_sides() {
        for (columns, width) in [(30, 30), (80, 78), (300, 96)] {
            assert_eq!(page_width(columns), width);
        }
        for (rows, height) in [(3, 3), (5, 5), (6, 3), (24, 21)] {
            assert_eq!(page_height(rows), height);
        }
    }
}
