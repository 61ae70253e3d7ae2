//! The page that is shown where there is none: what happened in plain words, the
//! detail for whoever wrote the program, and which keys lead on.

use mprun_core::render::text::{Line, Span, Style, TextPage, Tone};
use mprun_host::PageError;
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

/// Explains an error in lines of at most `width` cells.
pub(crate) fn page(error: &PageError, width: usize) -> TextPage {
    let bold = Style { bold: true, tone: Tone::Warn, ..Style::default() };
    let muted = Style { tone: Tone::Muted, ..Style::default() };
    let accent = Style { tone: Tone::Accent, ..Style::default() };
    let mut lines = vec![Line::default()];
    lines.extend(wrap(&error.plain(), width, bold));
    lines.push(Line::default());
    lines.extend(wrap("Enter: back to the page, try again", width, accent));
    lines.extend(wrap("Esc: the page before", width, accent));
    lines.push(Line::default());
    lines.extend(wrap(&format!("For the developer: {error}"), width, muted));
    TextPage { lines, ..TextPage::default() }
}

/// Lines of at most `width` cells, broken between words where that is possible.
fn wrap(text: &str, width: usize, style: Style) -> Vec<Line> {
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split_word_bounds() {
            if !line.is_empty() && line.width() + word.width() > width {
                lines.push(std::mem::take(&mut line));
            }
            // A line never begins with the space that it was broken at.
            if !(line.is_empty() && word == " " && !lines.is_empty()) {
                line.push_str(word);
            }
        }
        lines.push(line);
    }
    let line = |text: String| Line { width: text.width(), spans: vec![Span { text, style }] };
    lines.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_happened_and_how_to_go_on() {
        let error = PageError::Trap { what: "panic", detail: "src/lib.rs:7: no such coffee".into() };
        let text = page(&error, 40).to_plain();
        assert!(text.contains("Nothing was changed."), "{text}");
        assert!(text.contains("src/lib.rs:7"), "{text}");
        assert!(text.contains("Esc: the page before"), "{text}");
        assert!(page(&error, 40).lines.iter().all(|line| line.width <= 40), "{text}");
    }

    #[test]
    fn words_stay_whole_where_they_can() {
        let lines = |text: &str| {
            wrap(text, 10, Style::default()).into_iter().map(|line| line.spans[0].text.clone()).collect::<Vec<_>>()
        };
        assert_eq!(lines("one two three\nfour"), ["one two ", "three", "four"]);
    }
}
