//! Decides which text a host shows in its own name: short, one line, nothing
//! invisible that could make it read as another text.

/// Why a text cannot be shown; completes "expected …, got …".
pub(super) fn check(text: &str, chars_max: usize) -> Result<(), (String, String)> {
    let expected = || format!("1 to {chars_max} characters of text");
    let chars = text.chars().count();
    if chars == 0 {
        return Err((expected(), "an empty text".to_owned()));
    }
    if chars > chars_max {
        return Err((expected(), format!("{chars} characters")));
    }
    if let Some(hidden) = text.chars().find(|c| is_hidden(*c)) {
        return Err(("text without control characters".to_owned(), format!("U+{:04X}", u32::from(hidden))));
    }
    if text.trim() != text {
        return Err(("text without space at its ends".to_owned(), format!("\"{text}\"")));
    }
    Ok(())
}

/// Control characters, and those that turn the direction of the text around
/// them or separate lines.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{061c}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn text_is_one_short_visible_line() {
        for good in ["Coffee", "咖啡", "Café – à la carte", &"é".repeat(40)] {
            assert_eq!(check(good, 40), Ok(()), "{good}");
        }
        for bad in ["", " a", "a ", "a\nb", "a\u{202e}b", "\u{feff}a", &"é".repeat(41)] {
            assert!(check(bad, 40).is_err(), "{bad}");
        }
    }
}
