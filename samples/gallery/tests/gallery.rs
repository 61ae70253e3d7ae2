//! What a reader of the gallery can count on. Runs natively: no wasm, no browser,
//! no waiting.

#![allow(clippy::unwrap_used, reason = "a test ends where something is missing")]

use std::time::Duration;

use gallery::App;
use gallery::elements::ELEMENTS;
use gallery::words::{self, Words};
use mprun::Environment;
use mprun::test::{self, TestPage};
use mprun_frame::element::{Attribute, AttributeKind, Element, Event};

/// A locale of each language that the gallery speaks, and its direction.
const LOCALES: [(&str, &str); 3] = [("en", "ltr"), ("zh-CN", "ltr"), ("ar-EG", "rtl")];

fn open(page: &str, (locale, direction): (&str, &str)) -> TestPage<App> {
    let mut t = test::open::<App>(page);
    t.set_environment("locale", locale);
    t.set_environment("direction", direction);
    t
}

fn said_in(locale: &str) -> &'static Words {
    words::of(&Environment::new(vec![("locale".to_owned(), locale.to_owned())]))
}

/// What is read in the language of a locale.
fn read<'t>(locale: &str, english: &'t str, chinese: &'t str, arabic: &'t str) -> &'t str {
    match locale {
        "zh-CN" => chinese,
        "ar-EG" => arabic,
        _ => english,
    }
}

/// Each page with its title and the line below.
fn pages(w: &Words) -> [(&'static str, &'static str, &'static str); 8] {
    [
        ("index", w.gallery, w.gallery_line),
        ("text", w.text, w.text_line),
        ("layout", w.layout, w.layout_line),
        ("media", w.media, w.media_line),
        ("actions", w.actions, w.actions_line),
        ("fields", w.fields, w.fields_line),
        ("data", w.data, w.data_line),
        ("feedback", w.feedback, w.feedback_line),
    ]
}

/// Whether the start of this element stands in `code`.
fn has_element(code: &str, name: &str) -> bool {
    let ends = |rest: &str| rest.starts_with([' ', '\n', '>', '/', '\u{2069}']);
    code.match_indices(&format!("<{name}")).any(|(at, tag)| ends(&code[at + tag.len()..]))
}

/// The files of the examples, without their comments.
fn sources() -> String {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/examples");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let texts: Vec<_> = files.map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let lines = texts.iter().flat_map(|text| text.lines());
    lines.filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_page_opens_in_every_language() {
    for locale in LOCALES {
        let w = said_in(locale.0);
        for (page, title, line) in pages(w) {
            let t = open(page, locale);
            assert_eq!(t.route(), page);
            t.assert_text(title);
            t.assert_text(line);
        }
    }
    // Who speaks another language reads English.
    assert_eq!(said_in("fr").gallery, "Gallery");
}

#[test]
fn the_overview_leads_to_every_group() {
    for locale in LOCALES {
        let w = said_in(locale.0);
        for (page, title, _) in pages(w).into_iter().skip(1) {
            let mut t = open("index", locale);
            t.tap(title);
            assert_eq!(t.route(), page);
            t.back();
            assert_eq!(t.route(), "index");
        }
    }
}

#[test]
fn every_text_is_there_in_every_language() {
    let english = said_in("en").all();
    let scripts = [("zh-Hans", '\u{4e00}'..='\u{9fff}'), ("ar", '\u{600}'..='\u{6ff}')];
    for (locale, script) in scripts {
        for ((name, here), (_, there)) in said_in(locale).all().into_iter().zip(&english) {
            assert!(here.chars().any(|c| script.contains(&c)), "{locale}: `{name}` is not translated");
            for sign in ["{}", "/"] {
                assert_eq!(here.matches(sign).count(), there.matches(sign).count(), "{locale}: `{sign}` in `{name}`");
            }
        }
    }
}

#[test]
fn the_table_is_that_of_the_sdk() {
    for element in Element::ALL {
        let definition = element.definition();
        let attributes = definition.attributes.iter().map(|attribute| attribute.name().to_owned());
        let events = definition.events.iter().map(|event| format!("on:{}", event.name()));
        let takes = attributes.chain(events).collect::<Vec<_>>().join(" ");
        let known = ELEMENTS.iter().find(|known| known.name == definition.name);
        assert_eq!(known.map(|known| known.takes), Some(takes.as_str()), "{}", definition.name);
    }
    assert_eq!(ELEMENTS.len(), Element::ALL.len());
}

#[test]
fn every_element_is_shown_with_its_code_and_what_it_takes() {
    for locale in LOCALES {
        for element in ELEMENTS {
            let t = open(element.page, locale);
            assert!(has_element(&t.text(), element.name), "{} on {}:\n{}", element.name, element.page, t.text());
            t.assert_text(&format!("{} {}", element.name, element.takes));
        }
    }
}

#[test]
fn every_attribute_and_event_is_used_somewhere() {
    let sources = sources();
    let used = |name: &str| {
        let is_one = |(at, _): (usize, &str)| {
            let before = sources[..at].ends_with([' ', '\n']);
            before && sources[at + name.len()..].starts_with(['=', '>', '/', ' '])
        };
        sources.match_indices(name).any(is_one)
    };
    for attribute in Attribute::ALL {
        assert!(used(attribute.name()), "no example has `{}`", attribute.name());
    }
    for event in Event::ALL {
        assert!(used(&format!("on:{}", event.name())), "no example has `on:{}`", event.name());
    }
}

#[test]
fn the_code_is_that_of_the_example() {
    let t = open("actions", LOCALES[0]);
    t.assert_text("<view gap=\"small\">\n    <disclosure label={w.cafe} open>\n        <text>{w.cafe_text}</text>\n");
    // What the handler does stands below.
    let t = open("feedback", LOCALES[0]);
    t.assert_text("<button on:tap=FeedbackMsg::Keep>{w.toast}</button>\n\ncx.toast(w.toast_said)");
    // Each line is kept from being turned around.
    let t = open("feedback", LOCALES[2]);
    t.assert_text("\u{2066}cx.toast(w.toast_said)\u{2069}");
}

#[test]
fn a_paragraph_of_several_pieces_is_one_sentence() {
    open("text", LOCALES[0]).assert_text("Admission is free on Sundays. With the code LIGHT-25 you pay a quarter less");
    open("text", LOCALES[1]).assert_text("每逢周日免费入场。平日凭优惠码 LIGHT-25 可享七五折优惠。查看如何订票。");
    open("text", LOCALES[2]).assert_text("الدخول مجاني أيام الأحد، وبالرمز LIGHT-25 تدفع أقل بالربع في سائر الأيام. ");
}

#[test]
fn every_sign_is_shown() {
    let AttributeKind::Word(signs) = Attribute::IconType.kind() else { panic!("signs are words") };
    let text = open("text", LOCALES[0]).text();
    for sign in signs {
        assert!(text.lines().any(|line| line == *sign), "{sign}");
    }
}

#[test]
fn every_word_of_a_view_can_be_tried() {
    let mut t = open("layout", LOCALES[0]);
    for attribute in [Attribute::Layout, Attribute::Gap, Attribute::Align, Attribute::Justify, Attribute::Surface] {
        let AttributeKind::Word(words) = attribute.kind() else { panic!("{attribute:?} is a word") };
        t.assert_text(&format!("{}: {}", attribute.name(), words[0]));
        for word in words {
            t.choose(attribute.name(), word);
            t.assert_text(&format!("{}: {word}", attribute.name()));
        }
    }
}

#[test]
fn an_item_can_be_pressed_as_a_whole() {
    for locale in LOCALES {
        let w = said_in(locale.0);
        let mut t = open("layout", locale);
        t.tap(w.press_whole);
        t.tap(w.press_whole);
        t.assert_text(&words::with(w.pressed, 2));
    }
}

/// What the page about actions remembers of its second dialog.
#[derive(mprun::State, Default)]
struct Explains {
    explains: bool,
}

fn is_explaining(t: &TestPage<App>) -> bool {
    t.page::<Explains>().explains
}

#[test]
fn a_dialog_books_and_the_program_opens_another() {
    for locale in LOCALES {
        let w = said_in(locale.0);
        let mut t = open("actions", locale);
        t.assert_text(w.book_text);
        for tickets in 1..=3 {
            t.tap(w.book_yes);
            t.assert_text(&words::with(w.tickets, tickets));
        }
        t.assert_no_text(w.book_text);
        t.assert_text(w.full_text);
        // The program knows that it was read, and does not open it once more.
        assert!(is_explaining(&t));
        t.close(w.full_title);
        assert!(!is_explaining(&t));
        t.tap(w.full_yes);
        assert!(!is_explaining(&t));
        t.tap(w.give_back);
        t.assert_text(&words::with(w.tickets, 0));
        t.assert_text(w.book_text);
    }
}

#[test]
fn what_is_typed_is_answered_at_once() {
    for locale in LOCALES {
        let w = said_in(locale.0);
        let mut t = open("fields", locale);
        t.fill(w.your_name, w.your_name_sample);
        t.assert_text(&words::with(w.hello, w.your_name_sample));
        t.fill(w.message, w.message_sample);
        t.assert_text(&words::with(w.message_left, 200 - w.message_sample.chars().count()));
    }
}

#[test]
fn what_is_chosen_is_kept() {
    for locale in LOCALES {
        let w = said_in(locale.0);
        let mut t = open("fields", locale);
        let saturday = read(locale.0, "Saturday", "周六", "السبت");
        let weekday = read(locale.0, "A weekday", "工作日", "يوم عمل");
        for day in [saturday, w.sunday, weekday] {
            t.choose(w.day, day);
            t.assert_text(&words::with(w.chosen, day));
        }
        let noon = read(locale.0, "Noon", "中午", "الظهر");
        let evening = read(locale.0, "Evening", "傍晚", "المساء");
        let morning = read(locale.0, "Morning", "上午", "الصباح");
        for hour in [noon, evening, morning] {
            t.choose(w.hour, hour);
            t.assert_text(&format!("{}: {hour}", w.hour));
        }
        t.assert_text(w.audio_on);
        t.check(w.audio, false);
        t.assert_text(w.audio_off);
        t.check(w.newsletter, true);
        t.assert_text(&format!("{}: yes", w.newsletter));
        let rooms: Vec<_> = words::list(w.rooms).collect();
        t.check(rooms[0], true);
        t.check(rooms[2], true);
        t.check(rooms[0], false);
        for (position, room) in rooms.iter().enumerate() {
            t.assert_text(&format!("{room}: {}", if position == 2 { "yes" } else { "no" }));
        }
    }
}

#[test]
fn the_slider_says_what_it_costs() {
    for locale in LOCALES {
        let w = said_in(locale.0);
        let mut t = open("fields", locale);
        t.assert_text(&words::with(w.price, "24.00"));
        for (visitors, price) in [(1, "12.00"), (12, "144.00")] {
            t.slide(w.visitors, visitors);
            t.assert_text(&words::with(w.price, price));
        }
    }
}

#[test]
fn the_form_says_at_each_field_what_is_wrong() {
    for locale in LOCALES {
        let w = said_in(locale.0);
        let mut t = open("fields", locale);
        t.tap(w.booking_send);
        let wrong: Vec<_> = t.field_errors().iter().map(|(field, _)| field.as_str()).collect();
        assert_eq!(wrong, ["name", "email", "day", "rules"]);

        t.fill(w.booking_name, w.your_name_sample);
        t.fill(w.booking_email, "ada");
        t.fill(w.booking_tickets, "7");
        t.choose(w.booking_day, w.sunday);
        t.check(w.booking_rules, true);
        t.tap(w.booking_send);
        let too_many = read(locale.0, "At most 6.", "不能大于 6。", "لا أكثر من 6.");
        assert_eq!(t.field_errors(), [("tickets".to_owned(), too_many.to_owned())]);

        // The program's own rule, in its own words; nothing that was typed is lost.
        t.fill(w.booking_tickets, "6");
        t.tap(w.booking_send);
        assert_eq!(t.field_errors(), [("email".to_owned(), w.booking_wrong.to_owned())]);
        t.fill(w.booking_email, "ada@example.org");
        t.tap(w.booking_send);
        assert!(t.field_errors().is_empty());
        t.assert_text(&words::with(w.booked, w.your_name_sample));
    }
}

#[test]
fn a_long_list_comes_in_parts_and_anew() {
    for locale in LOCALES {
        let w = said_in(locale.0);
        let mut t = open("data", locale);
        t.assert_text(&words::with(w.objects_shown, 10));
        for shown in [20, 30, 40, 50, 60] {
            t.assert_no_text(&words::with(w.object_number, shown));
            t.reach_bottom();
            t.assert_text(&words::with(w.objects_shown, shown));
            t.assert_text(&words::with(w.object_number, shown));
        }
        t.refresh();
        t.assert_text(&words::with(w.refreshed, 1));
        t.assert_text(&words::with(w.objects_shown, 10));
    }
}

#[test]
#[should_panic(expected = "0 parts with `on:reach-bottom`")]
fn a_list_that_is_at_its_end_asks_for_no_more() {
    let mut t = open("data", LOCALES[0]);
    for _ in 0..6 {
        t.reach_bottom();
    }
}

#[test]
fn a_toast_passes_and_an_alert_says_why() {
    for locale in LOCALES {
        let w = said_in(locale.0);
        let mut t = open("feedback", locale);
        t.tap(w.toast);
        assert_eq!(t.toasts(), [w.toast_said]);
        t.tap(w.alert);
        assert_eq!(t.alert(), Some(w.alert_said));
    }
}

#[test]
fn work_goes_on_by_itself() {
    for locale in LOCALES {
        let w = said_in(locale.0);
        let mut t = open("feedback", locale);
        t.assert_text(w.develop_rest);
        // Twice: it can be begun anew where it is done.
        for _ in 0..2 {
            t.tap(w.develop);
            t.assert_text(&words::with(w.develop_goes, 0));
            t.advance(Duration::from_secs(2));
            t.assert_text(&words::with(w.develop_goes, 40));
            t.advance(Duration::from_secs(3));
            t.assert_text(w.develop_done);
        }
    }
}

#[test]
fn nobody_leaves_an_empty_house() {
    let w = said_in("en");
    let mut t = open("feedback", LOCALES[0]);
    t.tap(w.let_out);
    t.assert_text(&words::with(w.inside, 0));
    t.tap(w.let_in);
    t.assert_text(&words::with(w.inside, 1));
}

#[test]
fn every_picture_is_in_the_bundle() {
    let assets = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
    let groups = pages(said_in("en")).into_iter().skip(1).map(|(page, ..)| format!("groups/{page}.svg"));
    let rooms = ["prisms", "lamps", "shadows"].map(|room| format!("rooms/{room}.svg"));
    for picture in groups.chain(rooms) {
        assert!(assets.join(&picture).is_file(), "{picture}");
    }
}
