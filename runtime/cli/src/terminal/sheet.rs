//! Decides how a dialog lies over its page: in a frame with its name, as high as
//! its content or as the page, whatever is less. The page beneath is dimmed. It
//! never covers what is not the page: title, message, tabs and help.

use mprun_core::render::text::{Area, Sheet};
use unicode_width::UnicodeWidthStr as _;

use crate::terminal::{
    draw::{Origin, put_lines, shortened},
    grid::{Grid, Ink, Look},
};

/// With fewer rows the content gets all of them.
const FRAMED_ROWS_MIN: usize = 5;

/// How many lines of a dialog can be seen over a page of so many rows.
pub(super) fn height(rows: usize) -> usize {
    if rows < FRAMED_ROWS_MIN { rows } else { rows - 2 }
}

/// Draws a dialog over the page, from its line `top` on. Where its lines lie.
pub(super) fn draw(grid: &mut Grid, page: &Origin, sheet: &Sheet, width: usize, top: usize) -> Origin {
    let beneath = Area { line: page.row, column: 0, width: grid.width(), height: page.height };
    grid.restyle(beneath, |look| *look = Look { ink: Ink::Muted, ..Look::default() });
    let most = height(page.height);
    if most == page.height {
        for row in page.row..page.row + page.height {
            grid.bar(row, Look::default());
        }
        let origin = Origin { column: page.column, row: page.row, top, height: most };
        put_lines(grid, &origin, &sheet.lines);
        return origin;
    }
    let rows = sheet.lines.len().clamp(1, most);
    let first = page.row + (most - rows) / 2;
    let origin = Origin { column: page.column + 2, row: first + 1, top, height: rows };
    let line = Look { ink: Ink::Accent, ..Look::default() };
    let inner = width.saturating_sub(2);
    let blank = " ".repeat(inner);
    for row in origin.row..origin.row + rows {
        let column = grid.put(page.column, row, "│", line);
        let column = grid.put(column, row, &blank, Look::default());
        grid.put(column, row, "│", line);
    }
    grid.put(page.column, first, &format!("┌{}┐", "─".repeat(inner)), line);
    grid.put(page.column, first + rows + 1, &format!("└{}┘", "─".repeat(inner)), line);
    let title = shortened(&sheet.title, inner.saturating_sub(4));
    if !title.is_empty() && inner > title.width() + 2 {
        grid.put(page.column + 2, first, &format!(" {title} "), Look { bold: true, ..line });
    }
    put_lines(grid, &origin, &sheet.lines);
    origin
}

#[cfg(test)]
mod tests {
    use mprun_core::render::text::{Line, Span, Style, Turn};

    use super::*;

    fn sheet(title: &str, lines: usize) -> Sheet {
        let key = "000000000000".parse().unwrap();
        let line = |number: usize| {
            let text = format!("line {number}");
            Line { width: text.width(), spans: vec![Span { text, style: Style::default() }] }
        };
        Sheet {
            title: title.to_owned(),
            lines: (0..lines).map(line).collect(),
            controls: Vec::new(),
            close: Turn { key, belief: None, shown: None },
            token: None,
        }
    }

    /// Over a page full of dots, between two rows that are not the page.
    fn drawn(sheet: &Sheet, rows: usize, top: usize) -> (String, Origin) {
        let mut grid = Grid::new(20, rows + 2);
        for row in 0..rows + 2 {
            grid.put(0, row, &".".repeat(20), Look { bold: true, ..Look::default() });
        }
        let page = Origin { column: 1, row: 1, top: 0, height: rows };
        let origin = draw(&mut grid, &page, sheet, 18, top);
        for row in [0, rows + 1] {
            assert_eq!(grid.runs(row), [(".".repeat(20), Look { bold: true, ..Look::default() })], "{row}");
        }
        (grid.to_plain(), origin)
    }

    #[test]
    fn a_dialog_lies_in_a_frame_in_the_middle_of_its_page() {
        let (screen, origin) = drawn(&sheet("Filter", 2), 7, 0);
        assert_eq!(
            screen,
            "....................\n....................\n.┌─ Filter ───────┐.\n.│ line 0         │.\n.│ line 1         │.\n.└────────────────┘.\n....................\n....................\n....................\n"
        );
        assert_eq!((origin.column, origin.row, origin.height), (3, 3, 2));
    }

    #[test]
    fn what_is_too_long_is_scrolled_in_the_frame() {
        let (screen, origin) = drawn(&sheet("A name that is too long", 9), 6, 3);
        assert_eq!(
            screen,
            "....................\n.┌─ A name that… ─┐.\n.│ line 3         │.\n.│ line 4         │.\n.│ line 5         │.\n.│ line 6         │.\n.└────────────────┘.\n....................\n"
        );
        assert_eq!((origin.height, height(6)), (4, 4));
    }

    #[test]
    fn with_few_rows_there_is_no_frame() {
        let (screen, _) = drawn(&sheet("Filter", 2), 3, 0);
        assert_eq!(screen, "....................\n line 0\n line 1\n\n....................\n");
    }

    #[test]
    fn a_dialog_without_content_is_still_seen() {
        let (screen, _) = drawn(&sheet("", 0), 5, 0);
        assert!(screen.contains(".┌────────────────┐.\n.│                │.\n.└────────────────┘.\n"), "{screen}");
    }
}
