//! Each element's HTML, and what holds for the HTML of every view.

use std::collections::BTreeSet;

use mprun_frame::frame::FrameWriter;
use mprun_frame::generate;
use mprun_frame::limits::FrameLimits;
use mprun_frame::template::Templates;
use mprun_frame::tree::definitions;
use proptest::prelude::*;

use super::*;
use crate::view::identity::{FieldKey, Token};
use crate::view::offers::offers;
use crate::view::overlay::Draft;
use crate::view::sample::{CASES, Links, Sample, overlay, token_key};

fn html(tree: &Tree<'_>, bundle: &[Prerendered], overlay: &Overlay) -> String {
    let (key, words) = (token_key(), Words::default());
    let mut out = String::new();
    write(&mut out, tree, bundle, &HtmlContext { token_key: &key, addresses: &Links, overlay, words: &words });
    out
}

fn prerendered(sample: &Sample) -> Vec<Prerendered> {
    sample.templates.as_slice().iter().map(Prerendered::new).collect()
}

fn html_of(markup: &str) -> String {
    let sample = Sample::of(markup);
    html(&sample.tree(), &prerendered(&sample), &Overlay::default())
}

/// A tag of the HTML, strictly read.
#[derive(Debug)]
struct Tag {
    name: String,
    attributes: Vec<(String, String)>,
}

impl Tag {
    fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

const VOID: &[&str] = &["img", "input", "hr", "path"];
const TAGS: &[&str] = &[
    "div", "li", "ol", "ul", "section", "p", "h1", "h2", "h3", "h4", "h5", "h6", "button", "a", "progress", "img",
    "span", "hr", "fieldset", "legend", "label", "input", "textarea", "select", "option", "svg", "path", "table",
    "caption", "tbody", "tr", "td", "th", "details", "summary", "output",
];
const ATTRIBUTES: &[&str] = &[
    "class",
    "role",
    "aria-label",
    "aria-live",
    "aria-hidden",
    "aria-invalid",
    "aria-describedby",
    "aria-required",
    "name",
    "value",
    "formnovalidate",
    "autofocus",
    "type",
    "disabled",
    "max",
    "src",
    "alt",
    "loading",
    "decoding",
    "href",
    "target",
    "rel",
    "for",
    "id",
    "required",
    "placeholder",
    "maxlength",
    "inputmode",
    "rows",
    "selected",
    "checked",
    "tabindex",
    "aria-roledescription",
    "viewBox",
    "d",
    "scope",
    "open",
    "min",
    "step",
    "popover",
    "popovertarget",
    "popovertargetaction",
    "data-open",
    "data-close",
    "data-closes",
    "data-submit",
    "data-change",
    "data-input",
    "data-refresh",
    "data-more",
];

/// Reads what the writer may write and nothing else: known tags, closed in
/// order, known attributes once each and quoted, everything else escaped.
fn read(html: &str) -> Vec<Tag> {
    let mut tags: Vec<Tag> = Vec::new();
    let mut open: Vec<String> = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find(['<', '>', '"', '\'']) {
        assert!(rest[at..].starts_with('<'), "markup in text: {}", &rest[at..]);
        rest = &rest[at + 1..];
        if let Some(close) = rest.strip_prefix('/') {
            let end = close.find('>').expect("an end");
            assert_eq!(open.pop().as_deref(), Some(&close[..end]));
            rest = &close[end + 1..];
            continue;
        }
        let end = rest.find([' ', '>']).expect("an end");
        let mut tag = Tag { name: rest[..end].to_owned(), attributes: Vec::new() };
        assert!(TAGS.contains(&tag.name.as_str()), "{}", tag.name);
        rest = &rest[end..];
        while let Some(attribute) = rest.strip_prefix(' ') {
            let end = attribute.find(['=', ' ', '>', '/']).expect("an end");
            let name = attribute[..end].to_owned();
            assert!(ATTRIBUTES.contains(&name.as_str()), "{name}");
            assert!(tag.get(&name).is_none(), "{name} stands twice");
            rest = &attribute[end..];
            let mut value = String::new();
            if let Some(quoted) = rest.strip_prefix("=\"") {
                let end = quoted.find('"').expect("an end");
                value = quoted[..end].to_owned();
                assert!(!value.contains(['<', '>', '\'']), "{value}");
                rest = &quoted[end + 1..];
            }
            tag.attributes.push((name, value));
        }
        // Nothing else is ended in its own tag.
        let end = if tag.name == "path" { "/>" } else { ">" };
        rest = rest.strip_prefix(end).expect("the end of a tag");
        if !VOID.contains(&tag.name.as_str()) {
            open.push(tag.name.clone());
        }
        tags.push(tag);
    }
    assert_eq!(open, Vec::<String>::new(), "not closed");
    tags
}

/// What can be pressed.
fn tokens(tags: &[Tag]) -> BTreeSet<Token> {
    let handlers = tags.iter().filter(|tag| tag.get("name") == Some("_h"));
    handlers.map(|tag| tag.get("value").unwrap().parse().unwrap()).collect()
}

/// What fields tell by themselves, with script.
fn told(tags: &[Tag], attribute: &str) -> BTreeSet<Token> {
    tags.iter().filter_map(|tag| tag.get(attribute)).map(|token| token.parse().unwrap()).collect()
}

/// Names of dialogs and tabs, which depend on the template, by their order.
fn numbered(html: &str) -> String {
    let mut html = html.to_owned();
    let mut known: Vec<String> = Vec::new();
    for start in ["\"d.", "\"t."] {
        let found = html.match_indices(start).map(|(at, _)| html[at + 3..at + 15].to_owned());
        known.extend(found.collect::<Vec<_>>());
    }
    known.dedup();
    for (position, key) in known.iter().enumerate() {
        html = html.replace(key, &format!("place {position}"));
    }
    html
}

fn field_keys(tags: &[Tag]) -> BTreeSet<FieldKey> {
    tags.iter().filter_map(|tag| FieldKey::from_input_name(tag.get("name")?)).collect()
}

#[test]
fn each_element_has_its_html() {
    for (name, markup) in CASES {
        let sample = Sample::of(markup);
        let html = html(&sample.tree(), &prerendered(&sample), &overlay(&sample));
        read(&html);
        insta::assert_snapshot!(*name, html.replace("><", ">\n<"));
    }
}

#[test]
fn it_makes_no_difference_what_is_a_slot() {
    for (name, markup) in CASES {
        let written: Vec<String> = [Sample::of(markup), Sample::dynamic(markup)]
            .iter()
            .map(|sample| {
                let tree = sample.tree();
                let mut html = html(&tree, &prerendered(sample), &overlay(sample));
                // Names of handlers and fields depend on the slot and template.
                let offers = offers(&tree, &token_key());
                for (position, field) in offers.fields.iter().enumerate() {
                    html = html.replace(field.key.as_str(), &format!("field {position}"));
                }
                for (token, offer) in &offers.handlers {
                    html = html.replace(token.as_str(), &format!("{} {:?}", offer.event.name(), offer.message));
                }
                numbered(&html)
            })
            .collect();
        assert_eq!(written[0], written[1], "{name}");
    }
}

#[test]
fn a_token_follows_its_key_and_dies_with_its_message() {
    let row = |key: &str, message: &str| {
        format!(r#"<list-item key="{key}"><button on:tap="{message}">Add</button></list-item>"#)
    };
    let page = |rows: &[String]| tokens(&read(&html_of(&format!("<list><each>{}</each></list>", rows.concat()))));
    let before = page(&[row("a", "add 1"), row("b", "add 1")]);
    assert_eq!(before.len(), 2);
    assert_eq!(page(&[row("b", "add 1"), row("a", "add 1")]), before);
    assert_eq!(page(&[row("c", "add 1"), row("a", "add 1"), row("b", "add 1")]).intersection(&before).count(), 2);
    assert_eq!(page(&[row("a", "add 2"), row("b", "add 1")]).intersection(&before).count(), 1);
}

#[test]
fn nothing_that_is_not_offered_can_be_pressed() {
    let html = html_of(
        r#"<view><button disabled on:tap="a">A</button><button form-type="submit">B</button>
           <form><button form-type="submit">C</button></form><button>D</button></view>"#,
    );
    let tags = read(&html);
    assert_eq!(tokens(&tags), BTreeSet::new());
    for button in tags.iter().filter(|tag| tag.name == "button") {
        assert_eq!((button.get("type"), button.get("disabled")), (Some("button"), Some("")), "{html}");
    }
}

#[test]
fn a_button_hands_in_its_own_form() {
    let markup = r#"<view><form on:submit="one"><button form-type="submit">1</button></form>
        <form on:submit="two"><slot><view><button form-type="submit">2</button></view></slot></form></view>"#;
    let sample = Sample::of(markup);
    let tree = sample.tree();
    let offers = offers(&tree, &token_key());
    let tags = read(&html_of(markup));
    let buttons: Vec<_> = tags.iter().filter_map(|tag| tag.get("value")).collect();
    let expected: Vec<_> = offers.forms.iter().map(|form| form.submit.unwrap().to_string()).collect();
    assert_eq!(buttons, expected);
}

#[test]
fn what_a_dialog_and_tabs_refer_to_is_in_them() {
    let html = html_of(
        r#"<view><dialog label="A" trigger="A"><dialog label="B" trigger="B"><button closes>Close B</button></dialog><button closes>Close A</button></dialog>
           <button closes>Nothing</button><button closes on:tap="a">Tap</button>
           <tabs label="C"><tab label="1"><tabs label="D"><tab label="2"/></tabs></tab><slot><tab label="3"/></slot></tabs></view>"#,
    );
    let tags = read(&html);
    let sheets: Vec<_> = tags.iter().filter_map(|tag| tag.get("id")).collect();
    assert_eq!(sheets.len(), 2);
    let targets: Vec<_> = tags.iter().filter_map(|tag| tag.get("popovertarget")).collect();
    // The button that opens, the cross, and those inside.
    assert_eq!(targets, [sheets[0], sheets[0], sheets[1], sheets[1], sheets[1], sheets[0]]);
    let closing: Vec<_> = tags.iter().filter(|tag| tag.get("data-closes").is_some()).collect();
    assert_eq!(
        closing.iter().map(|tag| tag.get("disabled").is_some()).collect::<Vec<_>>(),
        [false, false, true, false]
    );
    assert!(closing.iter().all(|tag| tag.get("popovertargetaction").is_none_or(|action| action == "hide")));
    let choices: Vec<_> = tags.iter().filter(|tag| tag.get("type") == Some("radio")).collect();
    let names: Vec<_> = choices.iter().map(|tag| tag.get("name").unwrap()).collect();
    assert!(names[0] == names[2] && names[0] != names[1] && names[0].starts_with("t."), "{names:?}");
}

#[test]
fn who_wants_to_know_is_told_by_whatever_closes_a_dialog() {
    let markup = r#"<view><dialog label="A" trigger="A" open on:close="a"><dialog label="B" trigger="B"><button closes>Close B</button></dialog><button closes>Close A</button><button closes on:tap="t">Tap</button></dialog></view>"#;
    let sample = Sample::of(markup);
    let tree = sample.tree();
    let offers = offers(&tree, &token_key());
    let token = |event| offers.handlers.iter().find(|(_, offer)| offer.event == event).unwrap().0.to_string();
    let (close, tap) = (token(Event::Close), token(Event::Tap));
    let tags = read(&html_of(markup));
    let told: Vec<_> = tags.iter().filter_map(|tag| tag.get("data-close")).collect();
    assert_eq!(told, [&close], "the one that asks for it");
    // The cross of A for where no script runs, and its button; the one of B only
    // closes, and one that does something itself says that.
    let sent: Vec<_> = tags.iter().filter(|tag| tag.get("name") == Some("_h")).collect();
    assert_eq!(sent.iter().filter_map(|tag| tag.get("value")).collect::<Vec<_>>(), [&close, &close, &tap]);
    assert!(sent.iter().all(|tag| tag.get("type").is_none() && tag.get("popovertarget").is_none()), "{sent:?}");
    assert!(sent.iter().all(|tag| tag.get("formnovalidate").is_some()), "{sent:?}");
    let commands = tags.iter().filter(|tag| tag.get("popovertarget").is_some());
    assert_eq!(commands.filter(|tag| tag.get("type") == Some("button")).count(), 5, "two triggers, two crosses, B");
}

#[test]
fn a_span_is_a_link_only_where_it_leads() {
    let written = |to| {
        let node = |element, attributes, body| Node { element, attributes, events: Vec::new(), body };
        let span = node(Element::Span, vec![(Attribute::To, AttributeValue::Slot)], Body::Text("x".to_owned()));
        let page = node(Element::RichText, Vec::new(), Body::Children(vec![Child::Element(span)]));
        let mut writer = FrameWriter::new();
        let template = Template::new(page).unwrap();
        writer.instance(template.id());
        writer.attribute(to);
        let mut templates = Templates::default();
        templates.insert(template);
        let sample = Sample { templates, frame: writer.finish(&[]) };
        html(&sample.tree(), &prerendered(&sample), &Overlay::default())
    };
    let names = |html: &str| read(html).into_iter().map(|tag| tag.name).collect::<Vec<_>>();
    assert_eq!(names(&written(None)), ["p", "span"]);
    assert_eq!(names(&written(Some("page:menu"))), ["p", "a"]);
}

#[test]
fn a_part_is_written_as_in_its_page() {
    let sample = Sample::of(
        r#"<view><form on:submit="s"><slot><view><dialog label="D" trigger="D"><slot><view><button form-type="submit" closes>Go</button><button closes>No</button></view></slot></dialog></view></slot></form></view>"#,
    );
    let (tree, prerendered) = (sample.tree(), prerendered(&sample));
    let page = html(&tree, &prerendered, &Overlay::default());
    let (key, words, overlay) = (token_key(), Words::default(), Overlay::default());
    let context = HtmlContext { token_key: &key, addresses: &Links, overlay: &overlay, words: &words };
    let form = crate::view::node::Node::of(&tree).unwrap().children[0].clone();
    let scope = Scope::default().inside(form.resolved, &key);
    let dialog = &form.children[0].children[0];
    let inside = dialog.children[0].resolved;
    let mut part = String::new();
    // The third instance is what stands in the dialog.
    let place = (2, inside.place().path);
    write_part(&mut part, &tree, &prerendered, &context, place, scope.inside(dialog.resolved, &key), None);
    assert!(part.contains("popovertarget=\"d.") && part.contains("name=\"_h\""), "{part}");
    assert!(page.contains(&part), "{part}\n{page}");
}

#[test]
fn a_box_that_is_off_says_so() {
    let tags = read(&html_of(r#"<form><checkbox name="a" label="A"/><switch name="b" label="B" disabled/></form>"#));
    let inputs: Vec<_> = tags.iter().filter(|tag| tag.name == "input").collect();
    let kinds: Vec<_> = inputs.iter().map(|tag| (tag.get("type").unwrap(), tag.get("value").unwrap())).collect();
    assert_eq!(kinds, [("hidden", "false"), ("checkbox", "true"), ("checkbox", "true")]);
    assert_eq!(inputs[0].get("name"), inputs[1].get("name"));
}

#[test]
fn a_line_break_at_the_start_of_a_text_stays() {
    let sample = Sample::of(r#"<form><textarea name="a" label="A"/></form>"#);
    let tree = sample.tree();
    let field = offers(&tree, &token_key()).fields[0].clone();
    let mut overlay = Overlay::default();
    overlay.drafts.insert(field.key, Draft { belief: String::new(), typed: "\n</textarea>".to_owned() });
    let html = html(&tree, &prerendered(&sample), &overlay);
    assert!(html.contains(">\n\n&lt;/textarea&gt;</textarea>"), "{html}");
}

#[test]
fn the_browser_goes_to_the_first_field_that_is_wrong() {
    let sample = Sample::of(
        r#"<form><input name="a" label="A"/><radio-group name="b" label="B"><radio value="1">One</radio><radio value="2">Two</radio></radio-group><textarea name="c" label="C"/></form>"#,
    );
    let tree = sample.tree();
    let mut overlay = Overlay::default();
    for field in &offers(&tree, &token_key()).fields[1..] {
        overlay.errors.insert(field.key, "no".to_owned());
    }
    let tags = read(&html(&tree, &prerendered(&sample), &overlay));
    let focused: Vec<_> = tags.iter().filter(|tag| tag.get("autofocus").is_some()).collect();
    assert_eq!(focused.iter().map(|tag| tag.get("value")).collect::<Vec<_>>(), [Some("1")]);
}

#[test]
fn a_static_view_is_one_piece() {
    let sample = Sample::of(
        r#"<view surface="card"><heading level="1">A</heading><list ordered><list-item><text>B</text></list-item></list><separator/></view>"#,
    );
    let prerendered = prerendered(&sample);
    assert_eq!(prerendered[0].steps.len(), 1, "{:?}", prerendered[0].steps);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn every_view_is_sound_html_that_offers_what_the_host_admits(seed: u64) {
        let view = generate::view(seed);
        let own = definitions(&view.frame).unwrap();
        let tree = Tree::decode(&view.frame, &view.bundle, &own, &FrameLimits::default()).unwrap();
        let bundle: Vec<_> = view.bundle.as_slice().iter().map(Prerendered::new).collect();
        let offers = offers(&tree, &token_key());

        let mut overlay = Overlay::default();
        for (position, field) in offers.fields.iter().enumerate() {
            let text = generate::TEXTS[position % generate::TEXTS.len()];
            if position % 2 == 0 {
                overlay.errors.insert(field.key, text.to_owned());
            }
            overlay.drafts.insert(field.key, Draft { belief: field.value.clone(), typed: text.to_owned() });
        }
        let written = html(&tree, &bundle, &overlay);
        prop_assert_eq!(&written, &html(&tree, &[], &overlay), "compiled before and on the way");

        let tags = read(&written);
        let tokens = tokens(&tags);
        let (changes, inputs) = (told(&tags, "data-change"), told(&tags, "data-input"));
        let closes = told(&tags, "data-close");
        for (token, offer) in &offers.handlers {
            let field = offer.field.map(|field| &offers.fields[field]);
            // In a form, what has changed is handed over with it; one button is
            // enough for a field that tells twice.
            let pressed = field
                .is_none_or(|field| field.form.is_none() && field.change.or(field.input) == Some(*token));
            prop_assert_eq!(tokens.contains(token), pressed, "{:?}", offer);
            let tells = field.is_some_and(|field| field.element != Element::RadioGroup || !field.options.is_empty());
            prop_assert_eq!(changes.contains(token), tells && offer.event == Event::Change, "{:?}", offer);
            prop_assert_eq!(inputs.contains(token), tells && offer.event == Event::Input, "{:?}", offer);
            prop_assert_eq!(closes.contains(token), offer.event == Event::Close, "{:?}", offer);
        }
        for offered in [&tokens, &changes, &inputs, &closes] {
            prop_assert!(offered.iter().all(|token| offers.handlers.contains_key(token)));
        }

        let keys = field_keys(&tags);
        let offered: BTreeSet<_> = offers.fields.iter().map(|field| field.key).collect();
        prop_assert_eq!(offered.len(), offers.fields.len(), "two fields have one key");
        for field in &offers.fields {
            let drawn = field.element != Element::RadioGroup || !field.options.is_empty();
            prop_assert_eq!(keys.contains(&field.key), drawn);
        }
        prop_assert!(keys.is_subset(&offered));

        prop_assert!(tags.iter().filter(|tag| tag.get("autofocus").is_some()).count() <= 1);
        let ids: Vec<_> = tags.iter().filter_map(|tag| tag.get("id")).collect();
        prop_assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "two elements have one id");
        for tag in &tags {
            let meant = tag.get("popovertarget").or(tag.get("for"));
            prop_assert!(meant.is_none_or(|id| ids.contains(&id)), "{:?}", tag);
        }
        for tag in &tags {
            let address = tag.get("href").or(tag.get("src")).unwrap_or("/app/");
            prop_assert!(["/app/", "/asset/", "/remote/", "https://"].iter().any(|start| address.starts_with(start)), "{address}");
            prop_assert_eq!(tag.get("target").is_some(), address.starts_with("https://"));
            prop_assert_eq!(tag.get("rel").is_some(), tag.get("target").is_some());
            prop_assert!(tag.name != "img" || !address.starts_with("https:"), "a browser goes elsewhere by itself");
            let program = |class: &str| class.starts_with("p-") && !class.starts_with("p-mp-");
            let classes = tag.get("class").unwrap_or("mp-none").split(' ');
            prop_assert!(classes.clone().all(|class| class.starts_with("mp-") || program(class)), "{:?}", tag);
            prop_assert!(classes.clone().next().is_some_and(|first| first.starts_with("mp-")), "{:?}", tag);
        }
        let bad = |character: char| character.is_control() && !matches!(character, '\n' | '\t');
        prop_assert!(!written.contains(bad));
        let turns = |character: char| matches!(character, '\u{202d}' | '\u{202e}');
        prop_assert!(!written.contains(turns));
    }
}
