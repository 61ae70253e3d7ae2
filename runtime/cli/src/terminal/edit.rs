//! Decides what keys do to the text of a field. The cursor moves by what people
//! see as one character (grapheme clusters); a text that is as long as the field
//! takes accepts no more. Control characters never get in.

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

/// Where to, by how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Left,
    Right,
    WordLeft,
    WordRight,
    Home,
    End,
    /// A line up, in a text of several lines.
    Up,
    /// A line down.
    Down,
}

/// The text of the field that has the focus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Editor {
    text: String,
    /// Byte position, always between two grapheme clusters.
    cursor: usize,
    /// Most characters, where the field has a limit.
    limit: Option<usize>,
    /// Whether the text may have several lines.
    lines: bool,
}

impl Editor {
    /// Begins with the cursor at the end of `text`.
    pub(crate) fn new(text: &str, limit: Option<u32>, lines: bool) -> Editor {
        Editor { text: text.to_owned(), cursor: text.len(), limit: limit.map(|limit| limit as usize), lines }
    }

    /// What is there now.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether the text may have several lines.
    pub(crate) fn has_lines(&self) -> bool {
        self.lines
    }

    /// Puts text where the cursor is. Line ends become spaces in a field of one
    /// line. What does not fit is left out.
    pub(crate) fn insert(&mut self, text: &str) {
        let room = self.limit.map_or(usize::MAX, |limit| limit.saturating_sub(self.text.chars().count()));
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let fitting: String = text
            .chars()
            .filter_map(|c| match c {
                '\n' if self.lines => Some('\n'),
                '\n' | '\t' => Some(' '),
                c if c.is_control() => None,
                c => Some(c),
            })
            .take(room)
            .collect();
        self.text.insert_str(self.cursor, &fitting);
        self.cursor += fitting.len();
        // A mark may have joined what follows to what was put in.
        self.cursor = self.boundary_from(self.cursor);
    }

    /// Moves the cursor. False if there was no way to go: the focus may move on.
    pub(crate) fn go(&mut self, step: Step) -> bool {
        let to = self.target(step);
        let moved = to != self.cursor;
        self.cursor = to;
        moved
    }

    /// Removes what lies between the cursor and where `step` leads.
    pub(crate) fn remove(&mut self, step: Step) {
        let to = self.target(step);
        let (start, end) = (to.min(self.cursor), to.max(self.cursor));
        self.text.replace_range(start..end, "");
        self.cursor = self.boundary_from(start);
    }

    fn target(&self, step: Step) -> usize {
        let before = self.text.get(..self.cursor).unwrap_or_default();
        let after = self.text.get(self.cursor..).unwrap_or_default();
        let line = before.rfind('\n').map_or(0, |position| position + 1);
        match step {
            Step::Left => before.grapheme_indices(true).next_back().map_or(0, |(position, _)| position),
            Step::Right => self.cursor + after.graphemes(true).next().map_or(0, str::len),
            Step::WordLeft => before.unicode_word_indices().next_back().map_or(0, |(position, _)| position),
            Step::WordRight => after
                .unicode_word_indices()
                .next()
                .map_or(self.text.len(), |(position, word)| self.cursor + position + word.len()),
            Step::Home => line,
            Step::End => self.cursor + after.find('\n').unwrap_or(after.len()),
            Step::Up if line == 0 => self.cursor,
            Step::Up => {
                let above = before.get(..line - 1).unwrap_or_default();
                let start = above.rfind('\n').map_or(0, |position| position + 1);
                start + at_column(above.get(start..).unwrap_or_default(), self.column())
            }
            Step::Down => match after.find('\n') {
                None => self.cursor,
                Some(position) => {
                    let start = self.cursor + position + 1;
                    let below = self.text.get(start..).unwrap_or_default();
                    start + at_column(below.split('\n').next().unwrap_or_default(), self.column())
                }
            },
        }
    }

    /// Cells between the start of the line and the cursor.
    fn column(&self) -> usize {
        let before = self.text.get(..self.cursor).unwrap_or_default();
        before.rsplit('\n').next().unwrap_or_default().width()
    }

    fn boundary_from(&self, position: usize) -> usize {
        self.text
            .grapheme_indices(true)
            .map(|(start, _)| start)
            .find(|start| *start >= position)
            .unwrap_or(self.text.len())
    }

    /// The part of the text that fits into `width` × `height` cells, moved so
    /// that the cursor is in it, and the cursor's cell. Lines are not wrapped.
    pub(crate) fn window(&self, width: usize, height: usize) -> Window {
        let row = self.text.get(..self.cursor).unwrap_or_default().matches('\n').count();
        let column = self.column();
        let top = (row + 1).saturating_sub(height);
        // One cell is for the cursor behind the last character.
        let left = (column + 1).saturating_sub(width);
        let lines = self.text.split('\n').skip(top).take(height).map(|line| cut(line, left, width)).collect();
        Window { lines, column: column - left.min(column), row: row - top }
    }
}

/// What is seen of a text that is being edited.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) lines: Vec<String>,
    /// The cursor's cell.
    pub(crate) column: usize,
    pub(crate) row: usize,
}

/// The position in `line` that is nearest to `column` cells from its start.
fn at_column(line: &str, column: usize) -> usize {
    let mut at = 0;
    for (position, cluster) in line.grapheme_indices(true) {
        if at >= column {
            return position;
        }
        at += cluster.width();
    }
    line.len()
}

/// `width` cells of `line` from the cell `left`. Half of a wide character is a space.
fn cut(line: &str, left: usize, width: usize) -> String {
    let (mut at, mut out, mut used) = (0, String::new(), 0);
    for cluster in line.graphemes(true) {
        let cells = cluster.width();
        let (start, end) = (at, at + cells);
        at = end;
        if end <= left {
            continue;
        }
        if start < left {
            out.push_str(&" ".repeat(end - left));
            used += end - left;
        } else if used + cells <= width {
            out.push_str(cluster);
            used += cells;
        } else {
            break;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn editor(text: &str) -> Editor {
        Editor::new(text, None, false)
    }

    #[test]
    fn typing_goes_where_the_cursor_is() {
        let mut editor = editor("ac");
        editor.go(Step::Left);
        editor.insert("b");
        assert_eq!(editor.text(), "abc");
        editor.remove(Step::Left);
        editor.remove(Step::Right);
        assert_eq!(editor.text(), "a");
        assert!(!editor.go(Step::Right));
    }

    #[test]
    fn one_step_is_one_character_as_people_see_it() {
        // A flag is two code points, an e with an accent two, a family many.
        for cluster in ["🇦🇹", "e\u{301}", "👩‍👩‍👧"] {
            let mut editor = editor(&format!("x{cluster}"));
            editor.remove(Step::Left);
            assert_eq!(editor.text(), "x", "{cluster}");
        }
        // An accent typed behind a letter joins it, and the cursor stays behind both.
        let mut editor = editor("ab");
        editor.go(Step::Left);
        editor.insert("\u{301}");
        assert!(editor.go(Step::Left));
        assert!(!editor.go(Step::Left));
    }

    #[test]
    fn words_and_lines_are_steps() {
        let mut editor = Editor::new("one two\nthree", None, true);
        editor.go(Step::WordLeft);
        editor.insert("| ");
        assert_eq!(editor.text(), "one two\n| three");
        editor.go(Step::Home);
        assert!(editor.go(Step::Up));
        editor.insert(">");
        assert_eq!(editor.text(), ">one two\n| three");
        editor.go(Step::End);
        editor.remove(Step::WordLeft);
        assert_eq!(editor.text(), ">one \n| three");
        assert!(editor.go(Step::Down));
        assert!(!editor.go(Step::Down));
        editor.go(Step::Home);
        editor.remove(Step::End);
        assert_eq!(editor.text(), ">one \n");
    }

    #[test]
    fn what_is_pasted_fits_the_field() {
        let mut editor = Editor::new("", Some(5), false);
        editor.insert("a\r\nb\tc\x1b[2J");
        assert_eq!(editor.text(), "a b c");
        editor.insert("d");
        assert_eq!(editor.text(), "a b c");
        let mut lines = Editor::new("", None, true);
        lines.insert("a\r\nb\rc");
        assert_eq!(lines.text(), "a\nb\nc");
    }

    #[test]
    fn the_window_follows_the_cursor() {
        let mut editor = editor("abcdef");
        assert_eq!(editor.window(4, 1), Window { lines: vec!["def".into()], column: 3, row: 0 });
        editor.go(Step::Home);
        assert_eq!(editor.window(4, 1), Window { lines: vec!["abcd".into()], column: 0, row: 0 });
        let wide = Editor::new("日本語", None, false);
        assert_eq!(wide.window(4, 1), Window { lines: vec![" 語".into()], column: 3, row: 0 });
        let lines = Editor::new("1\n2\n3", None, true);
        assert_eq!(lines.window(4, 2), Window { lines: vec!["2".into(), "3".into()], column: 1, row: 1 });
    }
}
