//! The cells of a screen before they are shown: what stands in each, and how it
//! looks. Whatever text gets here, no control character leaves it.

use mprun_core::render::text::Area;
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

/// How a cell looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) ink: Ink,
    pub(crate) bold: bool,
    pub(crate) underlined: bool,
    pub(crate) reversed: bool,
}

/// What a cell's colour means. Which colour it is, the screen decides.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Ink {
    #[default]
    Normal,
    Muted,
    Accent,
    Success,
    Warn,
    Error,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Cell {
    /// One grapheme cluster; empty behind a wide one.
    text: String,
    look: Look,
}

/// A screen full of cells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Grid {
    width: usize,
    rows: Vec<Vec<Cell>>,
    /// Where the terminal's cursor blinks, if it does: column and row.
    pub(crate) cursor: Option<(usize, usize)>,
}

impl Grid {
    /// All blank.
    pub(crate) fn new(width: usize, height: usize) -> Grid {
        let blank = Cell { text: " ".to_owned(), look: Look::default() };
        Grid { width, rows: vec![vec![blank; width]; height], cursor: None }
    }

    pub(crate) fn width(&self) -> usize {
        self.width
    }

    pub(crate) fn height(&self) -> usize {
        self.rows.len()
    }

    /// Writes `text` from a cell on and returns the column behind it. What does
    /// not fit into the line, or lies outside of the screen, is left out.
    pub(crate) fn put(&mut self, column: usize, row: usize, text: &str, look: Look) -> usize {
        let Some(cells) = self.rows.get_mut(row) else { return column };
        let mut at = column;
        for cluster in text.graphemes(true).filter(|cluster| !cluster.contains(char::is_control)) {
            let width = cluster.width();
            if width == 0 {
                continue;
            }
            if at + width > self.width {
                break;
            }
            for (offset, cell) in cells.iter_mut().skip(at).take(width).enumerate() {
                *cell = Cell { text: if offset == 0 { cluster.to_owned() } else { String::new() }, look };
            }
            at += width;
        }
        at
    }

    /// Gives a whole row one look and blanks it.
    pub(crate) fn bar(&mut self, row: usize, look: Look) {
        let blank = " ".repeat(self.width);
        self.put(0, row, &blank, look);
    }

    /// Changes the look of cells, as far as they are on the screen.
    pub(crate) fn restyle(&mut self, area: Area, change: impl Fn(&mut Look)) {
        for cells in self.rows.iter_mut().skip(area.line).take(area.height) {
            for cell in cells.iter_mut().skip(area.column).take(area.width) {
                change(&mut cell.look);
            }
        }
    }

    /// A row as pieces of one look each.
    pub(crate) fn runs(&self, row: usize) -> Vec<(String, Look)> {
        let mut runs: Vec<(String, Look)> = Vec::new();
        for cell in self.rows.get(row).into_iter().flatten() {
            match runs.last_mut() {
                Some((text, look)) if *look == cell.look => text.push_str(&cell.text),
                _ => runs.push((cell.text.clone(), cell.look)),
            }
        }
        runs
    }

    /// Whether a row is the same in both.
    pub(crate) fn same_row(&self, other: &Grid, row: usize) -> bool {
        self.width == other.width && self.rows.get(row).is_some() && self.rows.get(row) == other.rows.get(row)
    }

    /// The text alone, for tests.
    #[cfg(test)]
    pub(crate) fn to_plain(&self) -> String {
        let rows = (0..self.height()).map(|row| {
            let text: String = self.runs(row).into_iter().map(|(text, _)| text).collect();
            format!("{}\n", text.trim_end())
        });
        rows.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_the_screen() {
        let mut grid = Grid::new(4, 2);
        assert_eq!(grid.put(2, 0, "abc", Look::default()), 4);
        assert_eq!(grid.put(0, 9, "abc", Look::default()), 0);
        // Half of a wide character does not fit.
        assert_eq!(grid.put(0, 1, "a日本", Look::default()), 3);
        assert_eq!(grid.to_plain(), "  ab\na日\n");
    }

    #[test]
    fn no_escape_sequence_gets_through() {
        let mut grid = Grid::new(10, 1);
        grid.put(0, 0, "a\x1b[31mb\r\nc\u{9b}2J", Look::default());
        assert!(!grid.to_plain().trim_end().contains(char::is_control));
    }

    #[test]
    fn rows_come_in_runs_of_one_look() {
        let mut grid = Grid::new(6, 1);
        let bold = Look { bold: true, ..Look::default() };
        grid.put(0, 0, "ab", bold);
        grid.restyle(Area { line: 0, column: 1, width: 2, height: 5 }, |look| look.reversed = true);
        let texts: Vec<_> = grid.runs(0).into_iter().map(|(text, look)| (text, look.bold, look.reversed)).collect();
        assert_eq!(
            texts,
            [
                ("a".into(), true, false),
                ("b".into(), true, true),
                (" ".into(), false, true),
                ("   ".into(), false, false)
            ]
        );
        let same = grid.clone();
        assert!(grid.same_row(&same, 0));
        assert!(!grid.same_row(&Grid::new(6, 1), 0));
        assert!(!grid.same_row(&same, 7));
    }
}
