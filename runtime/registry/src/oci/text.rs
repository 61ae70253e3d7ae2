//! What may be shown of a text that a server or another program wrote: a line of
//! readable length, in which nothing moves the cursor of a terminal or turns the
//! direction of reading.

/// Longest text that is shown, in characters.
const SHOWN_CHARS_MAX: usize = 200;

/// `text` as one line, cut to a readable length.
pub(super) fn clean(text: &str) -> String {
    let mut shown = String::new();
    let mut left = SHOWN_CHARS_MAX;
    for word in text.split_whitespace() {
        if !shown.is_empty() {
            shown.push(' ');
        }
        for c in word.chars() {
            if left == 0 {
                shown.push('…');
                return shown;
            }
            left -= 1;
            shown.push(if c.is_control() || turns_direction(c) { '\u{fffd}' } else { c });
        }
    }
    shown
}

fn turns_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_text_is_one_short_line() {
        assert_eq!(clean(" manifest\r\n\tunknown "), "manifest unknown");
        assert_eq!(clean("a\u{1b}[2Jb\u{202e}c\u{0}"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}");
        assert_eq!(clean(""), "");
        let long = clean(&"x".repeat(100_000));
        assert_eq!(long.chars().count(), SHOWN_CHARS_MAX + 1);
        let many = clean(&"x ".repeat(100_000));
        assert!(many.chars().count() <= 2 * SHOWN_CHARS_MAX + 1);
    }
}
