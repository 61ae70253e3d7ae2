//! Each element's text, and what holds for the text of every view.

use mprun_frame::generate;
use mprun_frame::limits::FrameLimits;
use mprun_frame::tree::definitions;
use proptest::prelude::*;
use unicode_width::UnicodeWidthStr;

use super::*;
use crate::view::offers::offers;
use crate::view::overlay::Draft;
use crate::view::sample::{CASES, Sample, overlay, token_key};

mod panels;
mod table;

fn lay_out(tree: &Tree<'_>, width: usize, overlay: &Overlay) -> TextPage {
    let (key, words) = (token_key(), Words::default());
    layout(tree, &TextContext { width, token_key: &key, overlay, words: &words })
}

/// On a screen where these parts are open.
fn lay_out_with(tree: &Tree<'_>, width: usize, overlay: &Overlay, panels: &Panels) -> TextPage {
    let (key, words) = (token_key(), Words::default());
    layout_with(tree, &TextContext { width, token_key: &key, overlay, words: &words }, panels)
}

fn page(markup: &str, width: usize) -> TextPage {
    let sample = Sample::of(markup);
    lay_out(&sample.tree(), width, &overlay(&sample))
}

/// The page, then what can be used and where.
fn described(page: &TextPage) -> String {
    let mut out: String = page.to_plain().lines().map(|line| format!("|{line}\n")).collect();
    for control in &page.controls {
        let Area { line, column, width, height } = control.area;
        let action = match &control.action {
            Action::Press { .. } => "press".to_owned(),
            Action::Submit { .. } => "submit".to_owned(),
            Action::Open { to } => format!("open {to:?}"),
            Action::Edit(field) => format!("edit {} `{}`", field.element.name(), field.shown),
            Action::Refresh { .. } => "refresh".to_owned(),
            Action::Panel(panel) => format!("turn {}", panel.element.name()),
            Action::Close { token: None } => "close".to_owned(),
            Action::Close { token: Some(_) } => "close and tell".to_owned(),
        };
        let closes =
            if control.closes.is_some() && !matches!(control.action, Action::Close { .. }) { " and close" } else { "" };
        out += &format!("{line}:{column} {width}x{height} {action}{closes}: {}\n", control.label);
        if let Action::Edit(field) = &control.action {
            for option in &field.options {
                let area = option.area.map(|area| format!(" {}:{} {}", area.line, area.column, area.width));
                out += &format!("  option {}{}\n", option.value, area.unwrap_or_default());
            }
        }
    }
    out
}

#[test]
fn each_element_has_its_text() {
    for (name, markup) in CASES {
        insta::assert_snapshot!(*name, described(&page(markup, 60)));
    }
}

fn plain(markup: &str, width: usize) -> String {
    page(markup, width).to_plain()
}

#[test]
fn an_icon_is_its_sign_and_its_name_as_far_as_it_has_them() {
    let row = r#"<view layout="row"><icon type="check"/><icon type="mail" label="Mail"/><icon type="mail"/><icon type="star" label="Rated"/></view>"#;
    assert_eq!(plain(row, 40), "✓  Mail  ★ Rated\n");
    let tone = |markup| page(markup, 40).lines[0].spans[0].style.tone;
    assert_eq!(tone(r#"<icon type="success"/>"#), Tone::Success);
    assert_eq!(tone(r#"<icon type="warn"/>"#), Tone::Warn);
    assert_eq!(tone(r#"<icon type="warn" tone="muted"/>"#), Tone::Muted);
}

#[test]
fn a_paragraph_is_broken_as_one_text_and_its_links_stand_in_it() {
    // The blank of no width keeps the blank before it from being trimmed, and is
    // never shown.
    let markup = "<rich-text><span>Read our \u{200b}</span><span to=\"page:terms\">terms of use</span><span>.</span></rich-text>";
    let page = page(markup, 20);
    assert_eq!(page.to_plain(), "Read our terms of\nuse›.\n");
    assert_eq!(page.controls.len(), 1);
    let link = &page.controls[0];
    assert_eq!(link.area, Area { line: 0, column: 9, width: 8, height: 1 });
    assert_eq!((link.label.as_str(), matches!(link.action, Action::Open { .. })), ("terms of use", true));
}

#[test]
fn parts_of_a_paragraph_differ() {
    let markup = r#"<rich-text tone="muted"><span>a</span><span strong>b</span><span emphasis tone="warn">c</span><span code>d</span></rich-text>"#;
    let page = page(markup, 20);
    assert_eq!(page.to_plain(), "abc`d`\n");
    let styles: Vec<_> = page.lines[0].spans.iter().map(|span| (span.text.as_str(), span.style)).collect();
    let muted = Style { tone: Tone::Muted, ..Style::default() };
    assert_eq!(
        styles,
        [
            ("a", muted),
            ("b", Style { bold: true, ..muted }),
            ("c", Style { tone: Tone::Warn, bold: false, kind: SpanKind::Emphasis }),
            ("`d`", muted),
        ]
    );
}

#[test]
fn what_scrolls_elsewhere_stands_below_itself() {
    let tags = r#"<scroll-view label="Tags" scroll="x" layout="row"><text>Espresso</text><text>Cappuccino</text><text>Tea</text></scroll-view>"#;
    assert_eq!(plain(tags, 24), "Espresso  Cappuccino\nTea\n");
    let swiper = r#"<swiper label="Offers"><swiper-item><text>Latte</text><text>4.20</text></swiper-item><swiper-item surface="card"><text>Tea</text><text>3</text></swiper-item></swiper>"#;
    assert_eq!(plain(swiper, 24), "1/2 Latte\n    4.20\n\n2/2 │ Tea\n    │ 3\n");
}

#[test]
fn boxes_stand_under_what_they_have_in_common() {
    let group = |layout: &str| {
        format!(
            r#"<checkbox-group label="Extras" hint="Any" layout="{layout}"><checkbox name="x" label="Shot"/><checkbox name="y" label="Oat" checked/></checkbox-group>"#
        )
    };
    assert_eq!(plain(&group("column"), 40), "Extras\nAny\n[ ] Shot\n[x] Oat\n");
    // Each has room for the mark of what has to be filled in.
    assert_eq!(plain(&group("row"), 40), "Extras\nAny\n[ ] Shot      [x] Oat\n");
}

#[test]
fn a_slider_shows_how_far_and_which() {
    let slider =
        |value: &str| format!(r#"<slider label="Heat" min="-10" max="90" step="5" value="{value}" on:input="h"/>"#);
    let bar = |done: usize, value: &str| format!("Heat\n[{}{}] {value}\n", "=".repeat(done), "-".repeat(14 - done));
    for (value, done, shown) in [("-10", 0, "-10"), ("40", 7, "40"), ("90", 14, "90"), ("nine", 0, "-10")] {
        assert_eq!(plain(&slider(value), 20), bar(done, shown), "{value}");
    }
    let page = page(&slider("40"), 20);
    let Action::Edit(field) = &page.controls[0].action else { panic!("{:?}", page.controls) };
    assert!(field.input.is_some() && field.change.is_none());
    assert_eq!(field.range.map(|range| (range.min, range.max, range.step)), Some((-10, 90, 5)));
    assert_eq!(page.controls[0].area.line, 1);
}

#[test]
fn pulling_and_scrolling_are_buttons() {
    let markup =
        r#"<view on:refresh="anew"><list on:reach-bottom="more"><list-item><text>Tea</text></list-item></list></view>"#;
    let page = page(markup, 40);
    assert_eq!(page.to_plain(), "[ Refresh ]\n\n• Tea\n[ More ]\n");
    assert!(matches!(page.controls[0].action, Action::Refresh { .. }));
    assert!(matches!(page.controls[1].action, Action::Press { .. }));
}

#[test]
fn a_narrow_page_still_shows_everything() {
    let markup = r#"<view><list layout="grid"><list-item surface="card"><text>Caffè latte, medium</text><view layout="row" justify="between"><text>4.20</text><button on:tap="a">Add</button></view></list-item></list>
        <view layout="row"><text grow>A description that has to be broken</text><button on:tap="b">More</button></view></view>"#;
    for width in [20, 30, 60] {
        let page = page(markup, width);
        insta::assert_snapshot!(format!("width-{width}"), described(&page));
    }
}

#[test]
fn what_is_left_of_a_wrapped_line_is_given_away() {
    // To what grows; then nothing is left for `justify`.
    for justify in ["start", "center", "end", "between"] {
        let markup = r#"<view layout="wrap" justify="?"><view grow><text>Plum Lane</text></view><button on:tap="a">Cart</button></view>"#;
        let page = page(&markup.replace('?', justify), 30);
        assert_eq!(page.to_plain(), format!("{:<22}[ Cart ]\n", "Plum Lane"), "{justify}");
        assert_eq!(page.controls[0].area, Area { line: 0, column: 22, width: 8, height: 1 }, "{justify}");
    }
    for (justify, lines) in [
        ("start", "[ One ]  [ Two ]\n[ Three ]\n"),
        ("center", "  [ One ]  [ Two ]\n     [ Three ]\n"),
        ("end", "    [ One ]  [ Two ]\n           [ Three ]\n"),
        ("between", "[ One ]      [ Two ]\n[ Three ]\n"),
    ] {
        let markup = r#"<view layout="wrap" justify="?"><button on:tap="a">One</button><button on:tap="b">Two</button><button on:tap="c">Three</button></view>"#;
        assert_eq!(page(&markup.replace('?', justify), 20).to_plain(), lines, "{justify}");
    }
}

#[test]
fn wrapped_lines_of_blocks_are_set_apart() {
    let blocks = r#"<view layout="wrap" gap="?"><view><text>First thing</text></view><view><text>Second thing</text></view></view>"#;
    let texts = r#"<view layout="wrap" gap="?"><text>First thing</text><text>Second thing</text></view>"#;
    for (gap, between) in [("none", ""), ("small", ""), ("medium", "\n"), ("large", "\n")] {
        let apart = format!("First thing\n{between}Second thing\n");
        assert_eq!(page(&blocks.replace('?', gap), 20).to_plain(), apart, "{gap}");
        assert_eq!(page(&texts.replace('?', gap), 20).to_plain(), "First thing\nSecond thing\n", "{gap}");
    }
}

#[test]
fn what_was_typed_is_shown_and_secrets_are_not() {
    let sample = Sample::of(r#"<form><input name="a" label="A"/><input name="b" label="B" type="password"/></form>"#);
    let tree = sample.tree();
    let mut overlay = Overlay::default();
    for field in offers(&tree, &token_key()).fields {
        overlay.drafts.insert(field.key, Draft { belief: String::new(), typed: "abc".to_owned() });
    }
    let page = lay_out(&tree, 40, &overlay);
    let plain = page.to_plain();
    assert!(plain.contains("[abc ") && plain.contains("[••• "), "{plain}");
    assert_eq!(plain.matches("abc").count(), 1);
}

#[test]
fn a_control_stands_where_it_says() {
    let page = page(
        r#"<view><text>before</text><view surface="card"><view layout="row" justify="end"><text>2</text><button on:tap="a">Add</button></view></view></view>"#,
        50,
    );
    let Area { line, column, width, height } = page.controls[0].area;
    let text: String = page.lines[line].spans.iter().map(|span| span.text.as_str()).collect();
    let cells: Vec<char> = text.chars().collect();
    assert_eq!(cells[column..column + width].iter().collect::<String>(), "[ Add ]");
    assert_eq!((height, column + width), (1, 50));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn every_view_fits_and_cannot_leave_its_place(seed: u64, width in 1_usize..130) {
        let view = generate::view(seed);
        let own = definitions(&view.frame).unwrap();
        let tree = Tree::decode(&view.frame, &view.bundle, &own, &FrameLimits::default()).unwrap();
        let offers = offers(&tree, &token_key());
        let mut overlay = Overlay::default();
        for (position, field) in offers.fields.iter().enumerate() {
            let text = generate::TEXTS[position % generate::TEXTS.len()];
            overlay.errors.insert(field.key, text.to_owned());
            overlay.drafts.insert(field.key, Draft { belief: field.value.clone(), typed: text.to_owned() });
        }
        for page in [lay_out(&tree, width, &overlay), lay_out_with(&tree, width, &overlay, &Panels::default())] {
            let width = width.max(WIDTH_MIN);
            let mut layers = vec![(&page.lines, &page.controls, width)];
            layers.extend(page.sheets.iter().map(|sheet| (&sheet.lines, &sheet.controls, width - SHEET_FRAME)));
            for (lines, controls, width) in layers {
                for line in lines {
                    let text: String = line.spans.iter().map(|span| span.text.as_str()).collect();
                    let cells: usize = line.spans.iter().map(|span| span.text.width()).sum();
                    prop_assert!(line.width <= width && cells <= width, "{width} {cells}: {text:?}");
                    let moves = |c: char| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c);
                    prop_assert!(!text.contains(moves), "{text:?}");
                }
                for control in controls {
                    let area = control.area;
                    prop_assert!(area.line + area.height <= lines.len(), "{control:?} of {}", lines.len());
                    prop_assert!(area.width > 0 && area.column + area.width <= width, "{control:?}");
                }
            }
            for control in page.all_controls() {
                let tokens = match &control.action {
                    Action::Press { token } | Action::Submit { token, .. } | Action::Refresh { token } => {
                        [Some(*token), None]
                    }
                    Action::Edit(field) => [field.change, field.input],
                    Action::Close { token } => [*token, None],
                    Action::Open { .. } | Action::Panel(_) => [None, None],
                };
                let sheets = page.sheets.iter().filter_map(|sheet| sheet.token);
                for token in tokens.into_iter().flatten().chain(sheets) {
                    prop_assert!(offers.handlers.contains_key(&token), "{control:?}");
                }
                prop_assert!(!control.label.contains(char::is_control));
            }
            // Nothing is lost, whatever is open.
            let edited = page.all_controls().filter(|control| matches!(control.action, Action::Edit(_))).count();
            prop_assert_eq!(edited, offers.fields.iter().filter(|field| !field.disabled).count());
        }
    }
}
