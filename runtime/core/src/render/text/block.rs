//! Rectangles of text, and how they are put below and beside each other. Knows
//! cells and graphemes, and nothing of elements.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::{Action, Area, Control, Line, Span, Style};

/// Lines with what can be used in them; positions count from its upper left.
#[derive(Debug, Clone, Default)]
pub(super) struct Block {
    pub(super) lines: Vec<Line>,
    pub(super) controls: Vec<Control>,
}

/// How wide a text is, in cells.
pub(super) fn width_of(text: &str) -> usize {
    text.width()
}

/// A program's text without anything that moves a terminal's cursor, changes
/// its state or turns the direction of the line. A tabulator is a blank; line
/// breaks stay.
pub(super) fn printable(text: &str) -> String {
    text.chars()
        .filter_map(|character| match character {
            '\n' => Some('\n'),
            '\t' | '\u{2028}' | '\u{2029}' => Some(' '),
            // Direction marks, embeddings, overrides and isolates; blanks of no width.
            '\u{61c}'
            | '\u{200b}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{feff}' => None,
            _ if character.is_control() => None,
            _ => Some(character),
        })
        .collect()
}

/// [`printable`], in one line.
pub(super) fn one_line(text: &str) -> String {
    printable(text).replace('\n', " ")
}

/// Breaks a printable text into lines of at most `width` cells: at blanks,
/// around wide characters, and where a word is longer than a line, between any
/// two graphemes.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    breaks(text, width).into_iter().map(|line| text.get(line).unwrap_or_default().to_owned()).collect()
}

/// The lines of [`wrap`], as places in the text.
pub(super) fn breaks(text: &str, width: usize) -> Vec<Range<usize>> {
    let mut lines = Vec::new();
    let mut start = 0;
    for paragraph in text.split('\n') {
        break_paragraph(paragraph, start, width.max(1), &mut lines);
        start += paragraph.len() + 1;
    }
    lines
}

fn break_paragraph(paragraph: &str, offset: usize, width: usize, lines: &mut Vec<Range<usize>>) {
    let mut end_line = |start: usize, end: usize| {
        let line = paragraph.get(start..end).unwrap_or_default().trim_end();
        lines.push(offset + start..offset + start + line.len());
    };
    let mut start = 0;
    let mut line_width = 0;
    // Where the line may be broken, and its width up to there.
    let mut stop: Option<(usize, usize)> = None;
    for (at, grapheme) in paragraph.grapheme_indices(true) {
        let cells = width_of(grapheme);
        let blank = grapheme == " ";
        if cells == 2 && line_width > 0 {
            stop = Some((at, line_width));
        }
        if line_width + cells > width && line_width > 0 {
            if blank {
                end_line(start, at);
                (start, line_width, stop) = (at + grapheme.len(), 0, None);
                continue;
            }
            let (end, used) = stop.take().unwrap_or((at, line_width));
            end_line(start, end);
            (start, line_width) = (end, line_width - used);
        }
        line_width += cells;
        if blank || cells == 2 {
            stop = Some((at + grapheme.len(), line_width));
        }
    }
    end_line(start, paragraph.len());
}

/// Cuts a line at `width` cells.
pub(super) fn clip(line: &mut Line, width: usize) {
    if line.width <= width {
        return;
    }
    let mut used = 0;
    let mut kept: Vec<Span> = Vec::new();
    'spans: for span in &line.spans {
        let mut text = String::new();
        for grapheme in span.text.graphemes(true) {
            let cells = width_of(grapheme);
            if used + cells > width {
                kept.push(Span { text, style: span.style });
                break 'spans;
            }
            used += cells;
            text.push_str(grapheme);
        }
        kept.push(Span { text, style: span.style });
    }
    kept.retain(|span| !span.text.is_empty());
    *line = Line { spans: kept, width: used };
}

/// Cuts a line at `width` cells, with a sign that there is more.
fn shorten(line: &mut Line, width: usize) {
    if line.width > width {
        clip(line, width.saturating_sub(1));
        let style = line.spans.last().map(|span| span.style).unwrap_or_default();
        line.push("…", style);
    }
}

/// Puts lines beside each other as long as there is room, else below; `stacked`,
/// always below. Says where each one stands.
pub(super) fn flow(parts: Vec<Line>, width: usize, gap: usize, stacked: bool) -> (Block, Vec<Area>) {
    let mut lines = vec![Line::default()];
    let mut areas = Vec::with_capacity(parts.len());
    for mut part in parts {
        clip(&mut part, width);
        let used = lines.last().map(|line| line.width).unwrap_or_default();
        if used > 0 && (stacked || used + gap + part.width > width) {
            lines.push(Line::default());
        }
        let row = lines.len().saturating_sub(1);
        if let Some(line) = lines.last_mut() {
            if line.width > 0 {
                line.push(" ".repeat(gap), Style::default());
            }
            areas.push(Area { line: row, column: line.width, width: part.width, height: 1 });
            line.append(part);
        }
    }
    (Block { lines, controls: Vec::new() }, areas)
}

impl Line {
    /// A line of one span.
    pub(super) fn of(text: impl Into<String>, style: Style) -> Self {
        let mut line = Self::default();
        line.push(text, style);
        line
    }

    /// Adds a span at the right.
    pub(super) fn push(&mut self, text: impl Into<String>, style: Style) {
        let text = text.into();
        self.width += width_of(&text);
        match self.spans.last_mut() {
            Some(last) if last.style == style => last.text.push_str(&text),
            _ if text.is_empty() => {}
            _ => self.spans.push(Span { text, style }),
        }
    }

    fn pad(&mut self, width: usize) {
        if self.width < width {
            self.push(" ".repeat(width - self.width), Style::default());
        }
    }

    fn append(&mut self, other: Self) {
        for span in other.spans {
            self.push(span.text, span.style);
        }
    }
}

impl Block {
    /// A block of one line.
    pub(super) fn line(line: Line) -> Self {
        Self { lines: vec![line], controls: Vec::new() }
    }

    /// A text in one style, broken into lines.
    pub(super) fn text(text: &str, width: usize, style: Style) -> Self {
        let lines = wrap(&printable(text), width).into_iter().map(|line| Line::of(line, style)).collect();
        Self { lines, controls: Vec::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    pub(super) fn width(&self) -> usize {
        self.lines.iter().map(|line| line.width).max().unwrap_or_default()
    }

    /// Puts `other` below, after `gap` empty lines.
    pub(super) fn below(&mut self, mut other: Self, gap: usize) {
        if other.is_empty() {
            return;
        }
        if !self.is_empty() {
            self.lines.extend(std::iter::repeat_with(Line::default).take(gap));
        }
        other.shift(self.lines.len(), 0);
        self.lines.append(&mut other.lines);
        self.controls.append(&mut other.controls);
    }

    /// Puts a mark before the first line and another before all others.
    pub(super) fn mark(&mut self, first: &str, others: &str, style: Style) {
        for (position, line) in self.lines.iter_mut().enumerate() {
            let mut marked = Line::of(if position == 0 { first } else { others }, style);
            marked.append(std::mem::take(line));
            *line = marked;
        }
        self.shift(0, width_of(first));
    }

    /// Moves what can be used.
    pub(super) fn shift(&mut self, lines: usize, columns: usize) {
        let shift = |area: &mut Area| {
            area.line += lines;
            area.column += columns;
        };
        for control in &mut self.controls {
            shift(&mut control.area);
            match &mut control.action {
                Action::Edit(field) => {
                    field.options.iter_mut().filter_map(|option| option.area.as_mut()).for_each(shift);
                }
                Action::Panel(panel) => panel.tabs.iter_mut().for_each(|tab| shift(&mut tab.area)),
                _ => {}
            }
        }
    }

    /// Makes it at most `width` cells wide; where a line is cut, a sign says so.
    pub(super) fn narrow(&mut self, width: usize) {
        for line in &mut self.lines {
            shorten(line, width);
        }
        for control in &mut self.controls {
            let area = &mut control.area;
            area.column = area.column.min(width.saturating_sub(1));
            area.width = area.width.min(width - area.column);
        }
    }

    /// Puts blocks beside each other, each at its column. `drop` says for each
    /// by how many of the free lines it is lowered.
    pub(super) fn beside(parts: Vec<(usize, Self)>, drop: impl Fn(usize) -> usize) -> Self {
        let height = parts.iter().map(|(_, part)| part.lines.len()).max().unwrap_or_default();
        let mut all = Self { lines: vec![Line::default(); height], controls: Vec::new() };
        for (column, mut part) in parts {
            let top = drop(height - part.lines.len());
            part.shift(top, column);
            for (line, own) in all.lines.iter_mut().skip(top).zip(part.lines) {
                if !own.spans.is_empty() {
                    line.pad(column);
                    line.append(own);
                }
            }
            all.controls.append(&mut part.controls);
        }
        all
    }

    /// Everything of it.
    pub(super) fn area(&self) -> Area {
        Area { line: 0, column: 0, width: self.width().max(1), height: self.lines.len().max(1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_is_broken_at_blanks_and_around_wide_characters() {
        assert_eq!(wrap("a bc def", 4), ["a bc", "def"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrap("一杯拿铁咖啡", 5), ["一杯", "拿铁", "咖啡"]);
        assert_eq!(wrap("ab 咖啡", 6), ["ab 咖", "啡"]);
        assert_eq!(wrap("a\n\nb", 9), ["a", "", "b"]);
        assert_eq!(wrap("", 9), [""]);
        assert_eq!(wrap("👩‍👩‍👧‍👦👩‍👩‍👧‍👦", 3), ["👩‍👩‍👧‍👦", "👩‍👩‍👧‍👦"]);
    }

    #[test]
    fn lines_are_places_in_their_text() {
        let text = "a  bc\n\n咖啡 x ";
        let lines: Vec<_> = breaks(text, 4).into_iter().map(|line| (line.start, &text[line])).collect();
        assert_eq!(lines, [(0, "a"), (3, "bc"), (6, ""), (7, "咖啡"), (14, "x")]);
    }

    #[test]
    fn parts_flow_into_lines() {
        let parts = || ["one", "two", "three", "a long one"].map(|text| Line::of(text, Style::default())).to_vec();
        let plain = |block: Block| block.lines.into_iter().map(|line| line.spans[0].text.clone()).collect::<Vec<_>>();
        let (block, areas) = flow(parts(), 8, 2, false);
        assert_eq!(plain(block), ["one  two", "three", "a long o"]);
        assert_eq!(areas[1], Area { line: 0, column: 5, width: 3, height: 1 });
        let (block, areas) = flow(parts(), 8, 2, true);
        assert_eq!((block.lines.len(), areas[1].line), (4, 1));
    }

    #[test]
    fn what_is_cut_says_so() {
        let mut block = Block::text("latte", 9, Style::default());
        block.narrow(5);
        assert_eq!(block.lines[0].spans[0].text, "latte");
        block.narrow(3);
        assert_eq!((block.lines[0].spans[0].text.as_str(), block.width()), ("la…", 3));
        // Half of a wide character is left out.
        let mut wide = Block::text("咖啡咖", 9, Style::default());
        wide.narrow(4);
        assert_eq!(wide.lines[0].spans[0].text, "咖…");
    }

    #[test]
    fn nothing_that_a_terminal_obeys_is_printable() {
        assert_eq!(printable("a\u{1b}[31mb\u{7}\r\u{9b}2Jc\td\ne"), "a[31mb2Jc d\ne");
        assert_eq!(printable("x\u{202e}y\u{2066}z\u{200f}"), "xyz");
        assert_eq!(one_line("a\nb"), "a b");
    }

    proptest! {
        #[test]
        fn wrapped_lines_fit_and_lose_no_letter(text in any::<String>(), width in 2_usize..40) {
            let text = printable(&text);
            let lines = wrap(&text, width);
            for line in &lines {
                prop_assert!(width_of(line) <= width || line.graphemes(true).count() == 1, "{line:?}");
            }
            let letters = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(letters(&lines.concat()), letters(&text));
        }
    }
}
