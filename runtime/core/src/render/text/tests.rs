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

fn lay_out(tree: &Tree<'_>, width: usize, overlay: &Overlay) -> TextPage {
    let (key, words) = (token_key(), Words::default());
    layout(tree, &TextContext { width, token_key: &key, overlay, words: &words })
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
        };
        out += &format!("{line}:{column} {width}x{height} {action}: {}\n", control.label);
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
        let page = lay_out(&tree, width, &overlay);
        let width = width.max(WIDTH_MIN);
        for line in &page.lines {
            let text: String = line.spans.iter().map(|span| span.text.as_str()).collect();
            let cells: usize = line.spans.iter().map(|span| span.text.width()).sum();
            prop_assert!(line.width <= width && cells <= width, "{width} {cells}: {text:?}");
            prop_assert!(!text.contains(|c: char| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c)), "{text:?}");
        }
        for control in &page.controls {
            let area = control.area;
            prop_assert!(area.line + area.height <= page.lines.len(), "{control:?} of {}", page.lines.len());
            prop_assert!(area.width > 0 && area.column + area.width <= width, "{control:?}");
            let token = match &control.action {
                Action::Press { token } | Action::Submit { token, .. } => Some(*token),
                Action::Edit(field) => field.change,
                Action::Open { .. } => None,
            };
            prop_assert!(token.is_none_or(|token| offers.handlers.contains_key(&token)), "{control:?}");
            prop_assert!(!control.label.contains(char::is_control));
        }
        let edited = page.controls.iter().filter(|control| matches!(control.action, Action::Edit(_))).count();
        prop_assert_eq!(edited, offers.fields.iter().filter(|field| !field.disabled).count());
    }
}
