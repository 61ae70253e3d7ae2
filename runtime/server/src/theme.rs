//! Decides the colours of a program's pages from the two that its manifest may
//! name. A program chooses a colour, never whether one can read: text that would
//! be too faint on its title bar is turned black or white, and a ground that the
//! page's text would be too faint on is not used.

use std::fmt::Write as _;

use mprun_core::manifest::{Color, ColorScheme, TextStyle, Window};
use mprun_core::render::accent::Accent;

/// Least contrast of text, WCAG 2.2 AA.
const CONTRAST_MIN: f64 = 4.5;

/// Least contrast of a ground to black or white. High, because the page's muted
/// and coloured texts are made for paper that is at least this light or dark.
const GROUND_CONTRAST_MIN: f64 = 15.0;

const WHITE: Color = Color([255, 255, 255]);
const BLACK: Color = Color([0, 0, 0]);

/// How a style sheet asks for dark colours.
const DARK_QUERY: &str = "@media (prefers-color-scheme: dark)";

/// The style sheet of one program: custom properties, nothing else. Empty where
/// the manifest names no colours.
pub(crate) fn css(window: &Window) -> String {
    let mut rules = String::new();
    if let Some(bar) = window.navigation_bar_background_color {
        let text = match window.navigation_bar_text_style {
            Some(TextStyle::White) if contrast(bar, WHITE) >= CONTRAST_MIN => WHITE,
            Some(TextStyle::Black) if contrast(bar, BLACK) >= CONTRAST_MIN => BLACK,
            _ => text_on(bar),
        };
        // Writing to a `String` cannot fail.
        let _ = write!(rules, "--mp-bar:{bar};--mp-on-bar:{text};{};", Accent::of(bar.0).declarations());
    }
    if let Some(ground) = window.background_color {
        // One colour cannot suit both schemes: it is used in the one it belongs to.
        if contrast(ground, BLACK) >= GROUND_CONTRAST_MIN {
            let _ = write!(rules, "--mp-ground:light-dark({ground},var(--mp-ground-dark));");
        } else if contrast(ground, WHITE) >= GROUND_CONTRAST_MIN {
            let _ = write!(rules, "--mp-ground:light-dark(var(--mp-ground-light),{ground});");
        }
    }
    if rules.is_empty() { rules } else { format!(":root{{{rules}}}\n") }
}

/// The picture of a tab, for the style sheet of its program: only the shape counts,
/// the colour is that of the text, so that it can be seen in every scheme. An
/// address of ours has nothing in it that would end the text.
pub(crate) fn push_tab_icon(style: &mut String, position: usize, address: &str) {
    let _ = writeln!(style, ".mp-tab-icon-{position}{{--mp-tab-icon:url(\"{address}\")}}");
}

/// A style sheet for pages that are made for one scheme only: what the browser
/// would prefer does not count then.
pub(crate) fn in_scheme(style: &str, scheme: ColorScheme) -> String {
    let (query, root) = match scheme {
        ColorScheme::Auto => return style.to_owned(),
        ColorScheme::Light => ("@media not all", ":root{color-scheme:light}\n"),
        ColorScheme::Dark => ("@media all", ":root{color-scheme:dark}\n"),
    };
    style.replace(DARK_QUERY, query) + root
}

/// Black or white, whichever is easier to read on `ground`.
pub(crate) fn text_on(ground: Color) -> Color {
    if contrast(ground, WHITE) >= contrast(ground, BLACK) { WHITE } else { BLACK }
}

/// Contrast of two colours as WCAG defines it, 1 to 21.
fn contrast(a: Color, b: Color) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

fn luminance(Color([red, green, blue]): Color) -> f64 {
    let linear = |value: u8| {
        let value = f64::from(value) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(bar: &str, style: Option<TextStyle>) -> Window {
        Window {
            navigation_bar_background_color: Some(bar.parse().unwrap()),
            navigation_bar_text_style: style,
            ..Window::default()
        }
    }

    #[test]
    fn a_bar_can_always_be_read() {
        assert!(css(&window("#ffffff", Some(TextStyle::White))).contains("--mp-on-bar:#000000"));
        assert!(css(&window("#111111", Some(TextStyle::Black))).contains("--mp-on-bar:#ffffff"));
        assert!(css(&window("#6b3f22", Some(TextStyle::White))).contains("--mp-on-bar:#ffffff;--mp-accent:#6b3f22"));
        for red in (0..=255).step_by(17) {
            for green in (0..=255).step_by(17) {
                let color = Color([red, green, 90]);
                assert!(contrast(color, text_on(color)) >= CONTRAST_MIN, "{color}");
            }
        }
    }

    #[test]
    fn contrast_is_that_of_wcag() {
        assert!((contrast(BLACK, WHITE) - 21.0).abs() < 0.01);
        assert!((contrast(Color([0x77, 0x77, 0x77]), WHITE) - 4.48).abs() < 0.01);
    }

    #[test]
    fn a_ground_is_used_in_the_scheme_that_it_suits() {
        let ground = |text: &str| {
            let window = Window { background_color: Some(text.parse().unwrap()), ..Window::default() };
            css(&window)
        };
        assert_eq!(ground("#fdf6ec"), ":root{--mp-ground:light-dark(#fdf6ec,var(--mp-ground-dark));}\n");
        assert_eq!(ground("#101418"), ":root{--mp-ground:light-dark(var(--mp-ground-light),#101418);}\n");
        assert_eq!(ground("#808080"), "");
        assert_eq!(css(&Window::default()), "");
    }

    #[test]
    fn text_can_be_read_on_every_ground_that_is_used() {
        let fixed = ["#5c5f64", "#106b45", "#b3261e", "#0b6b53"];
        for (ground, dark) in [("#dadada", false), ("#00ff00", false), ("#262626", true), ("#00003c", true)] {
            let window = Window { background_color: Some(ground.parse().unwrap()), ..Window::default() };
            assert!(css(&window).contains(ground), "{ground}");
            let ground: Color = ground.parse().unwrap();
            for bar in [[255, 238, 0], [0, 0, 255], [128, 128, 128], [0x4a, 0x23, 0x18]] {
                let accent = Accent::of(bar);
                let text = if dark { accent.on_dark } else { accent.on_light };
                let text: Color = text.parse().unwrap();
                assert!(contrast(text, ground) >= CONTRAST_MIN, "{bar:?} on {ground}");
            }
            for text in fixed.iter().filter(|_| !dark) {
                assert!(contrast(text.parse().unwrap(), ground) >= CONTRAST_MIN, "{text} on {ground}");
            }
        }
        // The fixed ones are those of the style sheets.
        for text in fixed {
            assert!(format!("{}{}", crate::site::SHELL_STYLE, mprun_core::render::STYLE).contains(text), "{text}");
        }
    }

    #[test]
    fn a_scheme_can_be_the_only_one() {
        let style = format!("a{{}} {DARK_QUERY} {{ b{{}} }}\n");
        assert_eq!(in_scheme(&style, ColorScheme::Auto), style);
        assert_eq!(in_scheme(&style, ColorScheme::Light), "a{} @media not all { b{} }\n:root{color-scheme:light}\n");
        assert_eq!(in_scheme(&style, ColorScheme::Dark), "a{} @media all { b{} }\n:root{color-scheme:dark}\n");
        assert!(mprun_core::render::STYLE.contains(DARK_QUERY));
    }
}
