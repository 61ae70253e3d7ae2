//! Says why a style sheet is refused: where, in one sentence, and what to write
//! instead where that is clear.

/// Why a style sheet is refused. Texts from it are cut to a readable length.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {sentence}")]
pub struct StyleError {
    /// The line, counted from 1.
    pub line: usize,
    /// The character in the line, counted from 1.
    pub column: usize,
    /// What is wrong there.
    pub sentence: String,
    /// What the author can do about it.
    pub hint: Option<String>,
}

/// As [`StyleError`], by the byte where it is: lines are counted only for a sheet
/// that is refused.
#[derive(Debug)]
pub(super) struct Refusal {
    at: usize,
    sentence: String,
    hint: Option<String>,
}

impl Refusal {
    pub(super) fn new(at: usize, sentence: impl Into<String>) -> Self {
        Refusal { at, sentence: sentence.into(), hint: None }
    }

    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Refusal { hint: Some(hint.into()), ..self }
    }

    pub(super) fn in_source(self, source: &str) -> StyleError {
        let (line, column) = place(source, self.at);
        StyleError { line, column, sentence: self.sentence, hint: self.hint }
    }
}

/// Line and column of a byte. A line ends where `\n`, `\r\n` or `\r` ends.
pub(super) fn place(source: &str, at: usize) -> (usize, usize) {
    let before = source.get(..at).unwrap_or(source);
    let (mut line, mut line_at) = (1, 0);
    for (position, byte) in before.bytes().enumerate() {
        // The `\r` of a `\r\n` is no end of its own.
        if byte == b'\n' || (byte == b'\r' && source.as_bytes().get(position + 1) != Some(&b'\n')) {
            (line, line_at) = (line + 1, position + 1);
        }
    }
    (line, before.get(line_at..).unwrap_or_default().chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_in_lines_and_characters() {
        let source = "a\néb\r\nc\rd";
        let expected = [("a", (1, 1)), ("é", (2, 1)), ("b", (2, 2)), ("c", (3, 1)), ("d", (4, 1))];
        for (text, expected) in expected {
            assert_eq!(place(source, source.find(text).unwrap()), expected, "{text}");
        }
        assert_eq!(place(source, source.len()), (4, 2));
        assert_eq!(place(source, source.len() + 9), (4, 2));
        assert_eq!(place("", 0), (1, 1));
    }

    #[test]
    fn an_error_is_one_sentence_with_its_place() {
        let error = Refusal::new(3, "no").hint("yes").in_source("a\nbc");
        assert_eq!(error.to_string(), "line 2, column 2: no");
        assert_eq!(error.hint.as_deref(), Some("yes"));
    }
}
