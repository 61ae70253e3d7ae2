//! Says what came of a build: on the terminal as the compiler said it, on the open
//! pages without colours and no more of it than fits. Whoever reads the first
//! screenful mends that first.

use std::time::Duration;

use super::builder::Broken;
use crate::{error, output};

/// Most bytes that pages are told.
const PAGE_BYTES_MAX: usize = 32 * 1024;

/// The whole failure, on stderr.
pub(super) fn on_terminal(broken: &Broken) {
    output::quote(&broken.diagnostics);
    // The exit code is for commands that end.
    let _ = broken.error.report();
}

/// The failure as pages show it.
pub(super) fn on_page(broken: &Broken) -> String {
    let text = if broken.diagnostics.trim().is_empty() {
        let said = error::chain(broken.error.error.as_ref());
        let hints = broken.error.hints.iter().map(|hint| format!("\nhint: {hint}"));
        format!("{said}{}", hints.collect::<String>())
    } else {
        plain(&broken.diagnostics)
    };
    cut(text.trim_end())
}

/// As people read it.
pub(super) fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

/// Without what only terminals understand: colours, links, other control characters.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '\u{1b}' => skip_sequence(&mut rest),
            '\n' | '\t' => out.push(c),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// Takes what follows an escape and belongs to it.
fn skip_sequence(rest: &mut std::str::Chars<'_>) {
    match rest.next() {
        // `[`, parameters, and a letter at the end.
        Some('[') => {
            rest.find(|c| ('@'..='~').contains(c));
        }
        // `]`, a text, and at its end a bell or another escape with a backslash.
        Some(']') => {
            while let Some(c) = rest.next() {
                if c == '\u{7}' || (c == '\u{1b}' && rest.next() == Some('\\')) {
                    return;
                }
            }
        }
        _ => {}
    }
}

/// Whole lines, as many as fit.
fn cut(text: &str) -> String {
    if text.len() <= PAGE_BYTES_MAX {
        return text.to_owned();
    }
    let mut end = PAGE_BYTES_MAX;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let kept = text.get(..end).unwrap_or_default();
    let kept = kept.rsplit_once('\n').map_or(kept, |(lines, _)| lines);
    format!("{kept}\n… the rest is on the terminal")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(diagnostics: &str) -> Broken {
        Broken { diagnostics: diagnostics.to_owned(), error: error::user("it is broken").hint("mend it") }
    }

    #[test]
    fn pages_have_no_colours() {
        for (said, shown) in [
            ("\u{1b}[1m\u{1b}[38;5;9merror\u{1b}[0m: a\n\tb", "error: a\n\tb"),
            ("\u{1b}]8;;https://example.com\u{1b}\\E0308\u{1b}]8;;\u{1b}\\!", "E0308!"),
            ("\u{1b}]0;title\u{7}x\r\u{8}y", "xy"),
            ("<script>&", "<script>&"),
            ("\u{1b}", ""),
            ("\u{1b}[1", ""),
        ] {
            assert_eq!(plain(said), shown, "{said:?}");
        }
    }

    #[test]
    fn what_the_compiler_did_not_say_says_the_error() {
        assert_eq!(on_page(&broken("")), "it is broken\nhint: mend it");
        assert_eq!(on_page(&broken("\u{1b}[31merror\u{1b}[0m: b\n\n")), "error: b");
    }

    #[test]
    fn pages_are_told_only_so_much() {
        let line = format!("{}é\n", "x".repeat(99));
        let text = line.repeat(1_000);
        let shown = on_page(&broken(&text));
        assert!(shown.len() <= PAGE_BYTES_MAX + 64 && shown.len() > PAGE_BYTES_MAX - 200, "{}", shown.len());
        assert!(shown.ends_with("é\n… the rest is on the terminal"), "{}", &shown[shown.len() - 60..]);
        assert!(cut(&"é".repeat(PAGE_BYTES_MAX)).starts_with("éé"));
        assert_eq!(cut("short"), "short");
    }

    #[test]
    fn times_are_in_seconds() {
        assert_eq!(seconds(Duration::from_millis(837)), "0.84 s");
    }
}
