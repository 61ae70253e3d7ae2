//! What a message may repeat of a stranger's text: a little of it, and nothing
//! that moves the cursor of a terminal.

/// Longest quotation, in characters.
const CHARS_MAX: usize = 80;

/// The text, cut to 80 characters, with `U+FFFD` in the place of each control
/// character. Messages go to terminals and logs.
pub fn quoted(text: &str) -> String {
    let mut quoted: String =
        text.chars().take(CHARS_MAX).map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect();
    if text.chars().nth(CHARS_MAX).is_some() {
        quoted.push('…');
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::element::Attribute;
    use crate::url::Url;

    #[test]
    fn nothing_that_is_quoted_moves_a_cursor() {
        assert_eq!(quoted("a\u{1b}[2J\0\u{9b}b"), "a\u{fffd}[2J\u{fffd}\u{fffd}b");
        assert_eq!(quoted(&"x".repeat(81)), format!("{}…", "x".repeat(80)));
        let error = Url::parse("javascript:\u{1b}]0;x\u{7}").unwrap_err().to_string();
        assert!(!error.contains(char::is_control), "{error}");
        let error = Attribute::Layout.kind().refuse("\0\0").unwrap();
        assert!(!error.contains(char::is_control), "{error}");
    }
}
