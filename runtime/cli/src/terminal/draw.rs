//! Decides what stands where on the screen: a title bar, the part of the page
//! that fits, with a dialog over it if one is open ([`sheet`]), a line for what
//! the program says, the tabs of a page that has them, a line that helps. Pure: a
//! page and a state in, cells out.

use mprun_core::render::text::{Action, Area, Control, FieldControl, Line, SpanKind, Style, TextPage, Tone};
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

use crate::terminal::{
    edit::Editor,
    grid::{Grid, Ink, Look},
    help::help,
    sheet,
};

/// Longer lines are hard to read, however wide the terminal is.
const PAGE_WIDTH_MAX: usize = 96;
/// Rows that are not the page: title, message, help.
const FRAME_ROWS: usize = 3;
/// With fewer rows the page gets all of them.
const FRAMED_ROWS_MIN: usize = 6;
/// With fewer rows there are no tabs to be seen; their keys work.
const TABBED_ROWS_MIN: usize = 9;
/// What stands between two keys of the help.
pub(super) const BETWEEN_KEYS: &str = "   ";

/// What is to be seen.
pub(crate) struct View<'a> {
    pub(crate) title: &'a str,
    /// Whether nobody has signed the program.
    pub(crate) is_unsigned: bool,
    /// Whether Esc leads somewhere.
    pub(crate) has_back: bool,
    pub(crate) page: &'a TextPage,
    /// Whether the page only explains why there is none.
    pub(crate) is_problem: bool,
    pub(crate) focus: Option<usize>,
    /// The text of the focused field, if it is one that is typed into.
    pub(crate) editor: Option<&'a Editor>,
    /// The first line that is seen of what is in front.
    pub(crate) top: usize,
    /// The first line of the page that is seen, in front or not.
    pub(crate) page_top: usize,
    pub(crate) message: Option<(&'a str, Tone)>,
    pub(crate) tabs: Option<Tabs<'a>>,
}

/// The tabs, each opened by its number.
pub(crate) struct Tabs<'a> {
    pub(crate) texts: Vec<&'a str>,
    /// Which one leads here, counted from 0.
    pub(crate) current: usize,
}

/// How wide a page is on a screen of this width.
pub(crate) fn page_width(columns: usize) -> usize {
    columns.saturating_sub(2 * margin(columns)).min(PAGE_WIDTH_MAX)
}

/// How many lines of it are seen.
pub(crate) fn page_height(rows: usize, has_tabs: bool) -> usize {
    match rows {
        0..FRAMED_ROWS_MIN => rows,
        TABBED_ROWS_MIN.. if has_tabs => rows - FRAME_ROWS - 1,
        _ => rows - FRAME_ROWS,
    }
}

fn margin(columns: usize) -> usize {
    usize::from(columns >= 40)
}

/// Draws the screen.
pub(crate) fn draw(view: &View<'_>, columns: usize, rows: usize) -> Grid {
    let mut grid = Grid::new(columns, rows);
    let height = page_height(rows, view.tabs.is_some());
    let framed = height < rows;
    let tabs = view.tabs.as_ref().filter(|_| height + FRAME_ROWS < rows);
    let page = Origin { column: margin(columns), row: usize::from(framed), top: view.page_top, height };
    put_lines(&mut grid, &page, &view.page.lines);
    let front = match view.page.sheets.last() {
        Some(dialog) => {
            let origin = sheet::draw(&mut grid, &page, dialog, page_width(columns), view.top);
            Front { origin, lines: dialog.lines.len(), controls: &dialog.controls, is_dialog: true }
        }
        None => Front { origin: page, lines: view.page.lines.len(), controls: &view.page.controls, is_dialog: false },
    };
    let focused = view.focus.and_then(|focus| front.controls.get(focus));
    if let Some(control) = focused {
        show_focus(&mut grid, &front.origin, control, view.editor);
    }
    if framed {
        title_bar(&mut grid, view, &front);
        let left = margin(columns);
        if let Some((text, tone)) = view.message {
            let look = Look { ink: ink(tone), bold: true, ..Look::default() };
            let row = rows - 2 - usize::from(tabs.is_some());
            grid.put(left, row, &text.replace('\n', "  "), look);
        }
        if let Some(tabs) = tabs {
            tab_row(&mut grid, tabs, left, rows - 2);
        }
        let help = help(focused, view, &front, columns.saturating_sub(left));
        grid.put(left, rows - 1, &help, Look { ink: Ink::Muted, ..Look::default() });
    }
    grid
}

/// What keys work on: the page, or the dialog over it.
pub(super) struct Front<'a> {
    pub(super) origin: Origin,
    pub(super) lines: usize,
    pub(super) controls: &'a [Control],
    pub(super) is_dialog: bool,
}

/// Where lines lie on the screen, and which of them.
pub(super) struct Origin {
    pub(super) column: usize,
    pub(super) row: usize,
    pub(super) top: usize,
    pub(super) height: usize,
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

fn title_bar(grid: &mut Grid, view: &View<'_>, front: &Front<'_>) {
    let look = Look { bold: true, reversed: true, ..Look::default() };
    grid.bar(0, look);
    let back = if view.has_back { " ‹ " } else { " " };
    let column = grid.put(0, 0, back, look);
    grid.put(column, 0, view.title, look);
    // What the host says stands over a title that is too long.
    let mut text = if view.is_unsigned { " [unsigned] ".to_owned() } else { String::new() };
    let (lines, height) = (front.lines, front.origin.height);
    if lines > height {
        let (first, last) = (view.top + 1, (view.top + height).min(lines));
        text.push_str(&format!(" {first}–{last} of {lines} "));
    }
    grid.put(grid.width().saturating_sub(text.width()), 0, &text, look);
}

/// The current tab stands out, and not by its colour alone. Where there is little
/// room, each has its share of it.
fn tab_row(grid: &mut Grid, tabs: &Tabs<'_>, column: usize, row: usize) {
    let numbered = |(at, text): (usize, &&str)| format!("{} {text}", at + 1);
    let labels: Vec<String> = tabs.texts.iter().enumerate().map(numbered).collect();
    let gap = BETWEEN_KEYS.width();
    let room = grid.width().saturating_sub(2 * column);
    let fits = labels.iter().map(|label| label.width() + gap).sum::<usize>() <= room + gap;
    let share = if fits { room } else { (room / labels.len().max(1)).saturating_sub(gap) };
    let mut at = column;
    for (position, label) in labels.iter().enumerate() {
        let is_current = position == tabs.current;
        let ink = if is_current { Ink::Accent } else { Ink::Normal };
        let look = Look { ink, bold: is_current, underlined: is_current, reversed: false };
        at = grid.put(at, row, &shortened(label, share), look) + gap;
    }
}

/// As much of a text as fits, with a sign that there is more.
pub(super) fn shortened(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut short = String::new();
    for cluster in text.graphemes(true) {
        if short.width() + cluster.width() + 1 > width {
            break;
        }
        short.push_str(cluster);
    }
    short + "…"
}

/// The lines that are seen from there.
pub(super) fn put_lines(grid: &mut Grid, origin: &Origin, lines: &[Line]) {
    for (row, line) in lines.iter().skip(origin.top).take(origin.height).enumerate() {
        let mut at = origin.column;
        for span in &line.spans {
            at = grid.put(at, origin.row + row, &span.text, look(span.style));
        }
    }
}

fn look(style: Style) -> Look {
    let ink = if style.kind == SpanKind::Error { Ink::Error } else { ink(style.tone) };
    // Slanted letters would be reversed on some terminals, as the focus is.
    let underlined = matches!(style.kind, SpanKind::Field | SpanKind::Emphasis);
    Look { ink, bold: style.bold, underlined, reversed: false }
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

/// Of a radio group, the option that is chosen; of tabs, the one that is shown.
fn highlighted(control: &Control) -> Area {
    let field = match &control.action {
        Action::Edit(field) => field,
        Action::Panel(panel) => {
            let shown = panel.tabs.iter().find(|tab| Some(tab.key) == panel.shown);
            return shown.map_or(control.area, |tab| tab.area);
        }
        _ => return control.area,
    };
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

#[cfg(test)]
mod tests {
    use mprun_core::render::text::{Span, Target};
    use mprun_frame::element::Element;

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
            closes: None,
        }
    }

    fn page(lines: usize) -> TextPage {
        TextPage {
            lines: (0..lines).map(|number| line(&format!("line {number}"))).collect(),
            controls: vec![button("line", 1)],
            ..TextPage::default()
        }
    }

    fn view<'a>(page: &'a TextPage, focus: Option<usize>) -> View<'a> {
        View {
            title: "Coffee",
            is_unsigned: false,
            has_back: false,
            page,
            is_problem: false,
            focus,
            editor: None,
            top: 0,
            page_top: 0,
            message: None,
            tabs: None,
        }
    }

    #[test]
    fn a_screen_has_a_title_a_page_a_message_and_help() {
        let page = page(10);
        let mut view = view(&page, None);
        view.message = Some(("Added\nto the cart", Tone::Success));
        (view.top, view.page_top) = (4, 4);
        assert_eq!(
            draw(&view, 44, 7).to_plain(),
            " Coffee                           5–8 of 10\n line 4\n line 5\n line 6\n line 7\n Added  to the cart\n Tab  next   PgDn  more   q  quit\n"
        );
    }

    #[test]
    fn no_title_hides_that_a_program_is_unsigned() {
        let page = page(10);
        let long = "c".repeat(100);
        let unsigned = View { title: &long, is_unsigned: true, ..view(&page, None) };
        let screen = draw(&unsigned, 44, 7).to_plain();
        assert!(screen.lines().next().unwrap().ends_with("cc [unsigned]  1–4 of 10"), "{screen}");
        assert!(!draw(&view(&page, None), 44, 7).to_plain().contains("unsigned"));
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
            input: None,
            range: None,
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
            assert_eq!(foot(&View { top, page_top: top, ..view(&long, None) }, 44), help);
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

    fn tabs(current: usize) -> Option<Tabs<'static>> {
        Some(Tabs { texts: vec!["Menu", "购物车", "Orders"], current })
    }

    #[test]
    fn tabs_stand_above_the_help_with_the_keys_that_open_them() {
        let page = page(2);
        let message = Some(("Added", Tone::Success));
        let screen = draw(&View { tabs: tabs(1), message, ..view(&page, None) }, 60, 10);
        let lines: Vec<_> = screen.to_plain().lines().map(str::to_owned).collect();
        assert_eq!(lines[7..], [" Added", " 1 Menu   2 购物车   3 Orders", " Tab  next   1–3  tabs   q  quit"]);
        let current: Vec<_> = screen.runs(8).into_iter().filter(|(_, look)| look.underlined).collect();
        assert!(current.len() == 1 && current[0].0.contains("购物车") && current[0].1.bold, "{current:?}");
        // With little room each is shortened, and the page comes first.
        let narrow = draw(&View { tabs: tabs(0), ..view(&page, None) }, 24, 10).to_plain();
        assert_eq!(narrow.lines().nth(8), Some("1 Me…   2 购…   3 Or…"));
        assert!(!draw(&View { tabs: tabs(0), ..view(&page, None) }, 60, 8).to_plain().contains("1 Menu"));
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
        let scrolled = draw(&View { top: 2, page_top: 2, ..view(&page, Some(0)) }, 44, 10);
        assert!((1..9).all(|row| scrolled.runs(row).iter().all(|(_, look)| !look.reversed)));
    }

    #[test]
    fn pages_leave_room_at_the_sides() {
        for (columns, width) in [(30, 30), (80, 78), (300, 96)] {
            assert_eq!(page_width(columns), width);
        }
        for (rows, height, with_tabs) in [(3, 3, 3), (5, 5, 5), (6, 3, 3), (8, 5, 5), (9, 6, 5), (24, 21, 20)] {
            assert_eq!((page_height(rows, false), page_height(rows, true)), (height, with_tabs), "{rows}");
        }
    }
}
