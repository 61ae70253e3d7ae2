//! The one function through which a program's text comes into HTML, as text or
//! as a quoted attribute value.
//!
//! Besides the characters of markup it takes out what no text needs and what can
//! mislead: control characters, and the two characters that force a direction on
//! everything after them. The other bidirectional controls are legitimate; the
//! style sheet isolates each text, so that they end with it.

use std::borrow::Cow;

const REPLACEMENT: char = '\u{fffd}';

/// Bytes at which something may have to be done: markup, control characters,
/// and the first bytes of what lies beyond ASCII and is replaced.
const STOP: [bool; 256] = {
    let mut stop = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        stop[byte] = byte != b'\n' as usize && byte != b'\t' as usize;
        byte += 1;
    }
    stop[0x7f] = true;
    // U+0080 to U+009F, and U+202D and U+202E.
    stop[0xc2] = true;
    stop[0xe2] = true;
    stop[b'&' as usize] = true;
    stop[b'<' as usize] = true;
    stop[b'>' as usize] = true;
    stop[b'"' as usize] = true;
    stop[b'\'' as usize] = true;
    stop
};

/// Appends `text`, so that it is nothing but text wherever HTML takes text or a
/// quoted attribute value.
pub fn push(out: &mut String, text: &str) {
    rewrite(out, text, |byte| match byte {
        b'&' => Some("&amp;"),
        b'<' => Some("&lt;"),
        b'>' => Some("&gt;"),
        b'"' => Some("&quot;"),
        b'\'' => Some("&#39;"),
        _ => None,
    });
}

/// The characters of `text` that [`push`] leaves in, without markup being
/// touched: what a browser shows, and posts back.
pub fn clean(text: &str) -> Cow<'_, str> {
    if next_stop(text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    rewrite(&mut out, text, |_| None);
    Cow::Owned(out)
}

/// Where the next byte is at which something may have to be done. Most texts
/// have none, so eight bytes are looked at before it is decided anything.
fn next_stop(text: &str) -> Option<usize> {
    let stop = |byte: u8| STOP[usize::from(byte)];
    let (blocks, rest) = text.as_bytes().as_chunks::<8>();
    for (position, block) in blocks.iter().enumerate() {
        if block.iter().fold(false, |found, byte| found | stop(*byte)) {
            let within = block.iter().position(|byte| stop(*byte))?;
            return Some(position * 8 + within);
        }
    }
    rest.iter().position(|byte| stop(*byte)).map(|within| blocks.len() * 8 + within)
}

fn rewrite(out: &mut String, text: &str, markup: impl Fn(u8) -> Option<&'static str>) {
    let mut rest = text;
    while let Some(at) = next_stop(rest) {
        // A stop is never inside of a character: these bytes only begin one.
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        let Some(first) = after.chars().next() else { break };
        rest = after.get(first.len_utf8()..).unwrap_or_default();
        match first {
            // A line break of two characters is one; the parser would make it so.
            '\r' if rest.starts_with('\n') => {}
            '\u{202d}' | '\u{202e}' => out.push(REPLACEMENT),
            _ if first.is_control() => out.push(REPLACEMENT),
            _ => match u8::try_from(first).ok().and_then(&markup) {
                Some(reference) => out.push_str(reference),
                None => out.push(first),
            },
        }
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pushed(text: &str) -> String {
        let mut out = String::new();
        push(&mut out, text);
        out
    }

    #[test]
    fn markup_becomes_text() {
        assert_eq!(pushed("<a href='x' title=\"y\">&amp;"), "&lt;a href=&#39;x&#39; title=&quot;y&quot;&gt;&amp;amp;");
        assert_eq!(pushed("Crème brûlée â 咖啡 🥐"), "Crème brûlée â 咖啡 🥐");
        assert_eq!(pushed(""), "");
    }

    #[test]
    fn control_characters_are_replaced() {
        assert_eq!(
            pushed("a\0b\u{1b}c\u{7f}d\u{85}e\rf\n\tg\r\nh"),
            "a\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}e\u{fffd}f\n\tg\nh"
        );
        assert_eq!(pushed("\u{a0}§\u{2026}\u{202a}\u{2067}"), "\u{a0}§\u{2026}\u{202a}\u{2067}");
        assert_eq!(pushed("safe\u{202e}gnp.exe\u{202d}"), "safe\u{fffd}gnp.exe\u{fffd}");
    }

    proptest! {
        #[test]
        fn what_is_pushed_reads_back_as_what_is_clean(text in any::<String>()) {
            let html = pushed(&text);
            prop_assert!(!html.contains(['<', '>', '"', '\'']));
            let read = html.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'").replace("&amp;", "&");
            prop_assert_eq!(read, clean(&text));
        }

        #[test]
        fn cleaning_twice_changes_nothing(text in any::<String>()) {
            let once = clean(&text).into_owned();
            prop_assert_eq!(clean(&once).into_owned(), once.clone());
        }
    }
}
