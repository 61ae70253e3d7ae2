//! Keys on pages whose parts open and close, as far as it goes without a host:
//! what is seen afterwards, and what the host would be told.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use mprun_core::{
    render::{
        Words,
        text::{self, Action, TextContext},
    },
    view::{
        identity::{FieldKey, TokenKey},
        overlay::Overlay,
    },
};
use mprun_frame::{
    element::{Attribute, Element, Event},
    frame::FrameWriter,
    limits::FrameLimits,
    template::{AttributeValue, Body, Child, Node, SlotKind, Template, Templates},
    tree::Tree,
};

use crate::terminal::{
    controls::{self, field_of},
    desk::{Desk, Then},
    draw::{self, View},
    keys,
};

/// An element with static attributes; what is `?` is a slot.
fn element(element: Element, attributes: &[(Attribute, &str)], events: &[Event], children: Vec<Node>) -> Node {
    let value = |value: &str| match value {
        "?" => AttributeValue::Slot,
        value => AttributeValue::Static(value.to_owned()),
    };
    let mut attributes: Vec<_> = attributes.iter().map(|(attribute, text)| (*attribute, value(text))).collect();
    attributes.sort_by_key(|(attribute, _)| *attribute);
    let body = if children.is_empty() {
        Body::Empty
    } else {
        Body::Children(children.into_iter().map(Child::Element).collect())
    };
    Node { element, attributes, events: events.to_vec(), body }
}

fn text(text: &str) -> Node {
    Node { body: Body::Text(text.to_owned()), ..element(Element::Text, &[], &[], Vec::new()) }
}

fn view(events: &[Event], children: Vec<Node>) -> Node {
    element(Element::View, &[], events, children)
}

fn button(face: &str, attributes: &[(Attribute, &str)], events: &[Event]) -> Node {
    Node { body: Body::Text(face.to_owned()), ..element(Element::Button, attributes, events, Vec::new()) }
}

/// A page at a desk.
struct Screen {
    root: Template,
    /// What every flag that is a slot says.
    flags: bool,
    /// What the host has of the page.
    known: Overlay,
    desk: Desk,
}

impl Screen {
    fn of(page: Node) -> Screen {
        let mut desk = Desk::new();
        (desk.columns, desk.rows) = (30, 10);
        let mut screen = Screen { root: Template::new(page).unwrap(), flags: false, known: Overlay::default(), desk };
        screen.lay_out();
        screen
    }

    /// The program shows the page once more.
    fn lay_out(&mut self) {
        let mut templates = Templates::default();
        templates.insert(self.root.clone());
        let mut writer = FrameWriter::new();
        writer.instance(self.root.id());
        for slot in self.root.slots() {
            match slot.kind {
                SlotKind::Handler(event) => writer.handler(Some(event.name().as_bytes())),
                SlotKind::Flag(_) => writer.flag(self.flags),
                other => panic!("no test needs {other:?}"),
            }
        }
        let frame = writer.finish(&[]);
        let tree = Tree::decode(&frame, &templates, &[], &FrameLimits::default()).unwrap();
        let overlay = self.desk.overlay(&self.known);
        let (token_key, words) = (TokenKey::from_bytes([1; 32]), Words::default());
        let width = draw::page_width(self.desk.columns);
        let context = TextContext { width, token_key: &token_key, overlay: &overlay, words: &words };
        let page = text::layout_with(&tree, &context, &self.desk.panels);
        self.desk.is_stale = false;
        self.desk.take(page);
        self.desk.reveal();
    }

    fn press(&mut self, code: KeyCode) -> Then {
        let then = keys::press(&mut self.desk, false, KeyEvent::new(code, KeyModifiers::NONE)).unwrap();
        if self.desk.is_stale {
            self.lay_out();
        }
        then
    }

    fn types(&mut self, text: &str) {
        for c in text.chars() {
            assert_eq!(self.press(KeyCode::Char(c)), Then::Nothing);
        }
    }

    fn focus(&self) -> &str {
        self.desk.focused().map_or("", |control| &control.label)
    }

    /// What the focused field is told with: of its changes, and of what is typed.
    fn tokens(&self) -> (Then, Then) {
        let field = self.desk.focused().and_then(field_of).unwrap();
        let send = |token: Option<_>| token.map_or(Then::Nothing, |token| Then::Send(token, None));
        (send(field.change), send(field.input))
    }

    /// The rows that are the page's.
    fn page(&self) -> Vec<String> {
        let plain = self.plain();
        plain.lines().skip(1).take(7).map(str::to_owned).collect()
    }

    fn help(&self) -> String {
        self.plain().lines().last().unwrap_or_default().to_owned()
    }

    fn plain(&self) -> String {
        let desk = &self.desk;
        let view = View {
            title: "Test",
            is_unsigned: false,
            has_back: false,
            page: &desk.page,
            is_problem: false,
            focus: desk.focus,
            editor: desk.editor.as_ref().map(|(_, editor)| editor),
            top: desk.top,
            page_top: desk.page_top(),
            message: None,
            tabs: None,
        };
        draw::draw(&view, desk.columns, desk.rows).to_plain()
    }
}

fn is_sent(then: &Then) -> bool {
    matches!(then, Then::Send(..))
}

fn dialog(children: Vec<Node>) -> Node {
    let attributes = [(Attribute::Label, "Filter"), (Attribute::Trigger, "Choose"), (Attribute::Open, "?")];
    element(Element::Dialog, &attributes, &[], children)
}

fn with_dialog() -> Screen {
    let inside = vec![
        text("Only what is hot?"),
        button("Apply", &[(Attribute::Closes, "")], &[Event::Tap]),
        button("Keep", &[(Attribute::Closes, "")], &[]),
    ];
    Screen::of(view(&[], vec![text("Before"), dialog(inside), button("After", &[], &[Event::Tap])]))
}

#[test]
fn a_dialog_is_opened_used_and_closed() {
    let mut screen = with_dialog();
    assert_eq!(screen.page(), ["Before", "[ Choose ]", "[ After ]", "", "", "", ""]);
    screen.press(KeyCode::Tab);
    assert_eq!(screen.focus(), "Choose");
    assert_eq!(screen.press(KeyCode::Enter), Then::Nothing);
    let line = |text: &str| format!("│ {text:<27}│");
    assert_eq!(
        screen.page(),
        [
            "Before".to_owned(),
            format!("┌─ Filter {}┐", "─".repeat(19)),
            line("Only what is hot?"),
            line("[ Apply ]"),
            line("[ Keep ]"),
            format!("└{}┘", "─".repeat(28)),
            String::new(),
        ]
    );
    assert!(screen.help().contains("Esc  close"), "{}", screen.help());
    // Nothing beneath is reached.
    assert_eq!(screen.focus(), "Apply");
    for next in ["Keep", "Apply"] {
        screen.press(KeyCode::Tab);
        assert_eq!(screen.focus(), next);
    }
    assert_eq!(screen.press(KeyCode::Esc), Then::Nothing);
    assert_eq!(screen.page()[1], "[ Choose ]");
    assert_eq!(screen.focus(), "Choose", "where the user was");
    assert_eq!(screen.press(KeyCode::Esc), Then::Back);
}

#[test]
fn a_button_that_closes_does_so_and_is_pressed() {
    let mut screen = with_dialog();
    screen.press(KeyCode::Tab);
    screen.press(KeyCode::Char(' '));
    assert!(is_sent(&screen.press(KeyCode::Enter)));
    assert!(screen.desk.sheet().is_none());
    // One that does nothing else only closes.
    screen.press(KeyCode::Enter);
    screen.press(KeyCode::Tab);
    assert_eq!(screen.focus(), "Keep");
    assert_eq!(screen.press(KeyCode::Enter), Then::Nothing);
    assert!(screen.desk.sheet().is_none());
}

#[test]
fn what_was_opened_stays_until_the_program_or_the_page_changes() {
    let mut screen = with_dialog();
    screen.flags = true;
    screen.lay_out();
    assert!(screen.desk.sheet().is_some(), "the program opened it");
    assert_eq!(screen.press(KeyCode::Esc), Then::Nothing);
    screen.lay_out();
    assert!(screen.desk.sheet().is_none(), "the same page again");
    for (flags, is_open) in [(false, false), (true, true)] {
        screen.flags = flags;
        screen.lay_out();
        assert_eq!(screen.desk.sheet().is_some(), is_open, "the program opens it anew");
    }
    screen.press(KeyCode::Esc);
    screen.desk.clear();
    screen.lay_out();
    assert!(screen.desk.sheet().is_some(), "another visit knows nothing of the last one");
}

#[test]
fn the_page_beneath_stays_where_it_was() {
    let mut lines: Vec<_> = (0..20).map(|number| text(&format!("line {number}"))).collect();
    lines.push(dialog((0..9).map(|number| text(&format!("inside {number}"))).collect()));
    let mut screen = Screen::of(view(&[], lines));
    screen.press(KeyCode::Tab);
    let before = screen.page();
    assert_eq!(before.last().map(String::as_str), Some("[ Choose ]"));
    screen.press(KeyCode::Enter);
    assert!(screen.page()[1].contains("inside 0") && !screen.plain().contains("inside 8"), "{}", screen.plain());
    screen.press(KeyCode::End);
    assert!(screen.page()[5].contains("inside 8"), "{}", screen.plain());
    screen.press(KeyCode::Esc);
    assert_eq!(screen.page(), before);
}

#[test]
fn a_field_in_a_dialog_is_told_and_handed_in_when_it_is_closed() {
    let attributes = [(Attribute::Label, "Name"), (Attribute::Name, "name")];
    let mut screen =
        Screen::of(view(&[], vec![dialog(vec![element(Element::Input, &attributes, &[Event::Change], Vec::new())])]));
    screen.press(KeyCode::Tab);
    screen.press(KeyCode::Enter);
    screen.types("Ada q r");
    let (change, _) = screen.tokens();
    assert_eq!(screen.press(KeyCode::Esc), change);
    let values: Vec<_> = controls::posted(&screen.desk.page).into_iter().map(|(_, value)| value).collect();
    assert_eq!(values, ["Ada q r"]);
}

/// A dialog whose program wants to know that it was closed, opened.
fn told_dialog(children: Vec<Node>) -> Screen {
    let told = Node { events: vec![Event::Close], ..dialog(children) };
    let mut screen = Screen::of(view(&[], vec![told]));
    screen.press(KeyCode::Tab);
    assert_eq!(screen.press(KeyCode::Enter), Then::Nothing, "nobody is told that it was opened");
    screen
}

#[test]
fn who_wants_to_know_is_told_that_a_dialog_was_closed() {
    let buttons = || {
        vec![
            button("Apply", &[(Attribute::Closes, "")], &[Event::Tap]),
            button("Keep", &[(Attribute::Closes, "")], &[]),
        ]
    };
    let mut screen = told_dialog(buttons());
    let close = screen.desk.sheet().and_then(|sheet| sheet.token).unwrap();
    assert_eq!(screen.press(KeyCode::Esc), Then::Send(close, None));
    assert!(screen.desk.sheet().is_none(), "closed at once");
    // So does a button that only closes; one that does something says that alone.
    let mut screen = told_dialog(buttons());
    screen.press(KeyCode::Tab);
    assert_eq!(screen.focus(), "Keep");
    assert_eq!(screen.press(KeyCode::Enter), Then::Send(close, None));
    assert!(screen.desk.sheet().is_none());
    let mut screen = told_dialog(buttons());
    assert_eq!(screen.focus(), "Apply");
    let applied = screen.press(KeyCode::Enter);
    assert!(is_sent(&applied) && applied != Then::Send(close, None), "{applied:?}");
}

#[test]
fn what_was_typed_in_a_dialog_is_told_before_that_it_was_closed() {
    let attributes = [(Attribute::Label, "Name"), (Attribute::Name, "name")];
    let mut screen = told_dialog(vec![element(Element::Input, &attributes, &[Event::Change], Vec::new())]);
    let close = screen.desk.sheet().and_then(|sheet| sheet.token).unwrap();
    screen.types("Ada");
    let Then::Send(change, None) = screen.tokens().0 else { panic!("the field tells its changes") };
    assert_eq!(screen.press(KeyCode::Esc), Then::SendBoth(change, close));
    // Where nothing was typed there is one thing to tell.
    let mut screen = told_dialog(vec![element(Element::Input, &attributes, &[Event::Change], Vec::new())]);
    assert_eq!(screen.press(KeyCode::Esc), Then::Send(close, None));
}

#[test]
fn what_is_wrong_is_uncovered() {
    let field = element(Element::Input, &[(Attribute::Label, "Name")], &[Event::Change], Vec::new());
    let fold = element(Element::Disclosure, &[(Attribute::Label, "More")], &[], vec![field]);
    let mut screen = Screen::of(view(&[], vec![dialog(vec![fold])]));
    let key: FieldKey = controls::posted(&screen.desk.page)[0].0[2..].parse().unwrap();
    screen.known.errors.insert(key, "Please fill this in.".to_owned());
    screen.lay_out();
    assert!(screen.desk.uncover_error());
    screen.lay_out();
    screen.desk.focus_on_error();
    assert_eq!(screen.focus(), "Name");
    assert!(screen.plain().contains("! Please fill this in."), "{}", screen.plain());
}

fn slider(events: &[Event]) -> Screen {
    let attributes = [
        (Attribute::Label, "Cups"),
        (Attribute::Value, "2"),
        (Attribute::Min, "1"),
        (Attribute::Max, "6"),
        (Attribute::Step, "2"),
    ];
    let slider = element(Element::Slider, &attributes, events, Vec::new());
    let mut screen = Screen::of(view(&[], vec![slider, button("Next", &[], &[Event::Tap])]));
    screen.press(KeyCode::Tab);
    screen
}

#[test]
fn a_slider_is_moved_by_its_steps_and_tells_at_once() {
    let mut screen = slider(&[Event::Change]);
    let bar = |done: usize, value| format!("[{}{}] {value}", "=".repeat(done), "-".repeat(26 - done));
    assert_eq!(screen.page()[..2], ["Cups".to_owned(), bar(10, 3)]);
    let (change, _) = screen.tokens();
    assert_eq!(screen.press(KeyCode::Right), change);
    assert_eq!(screen.page()[1], bar(20, 5));
    assert_eq!(screen.press(KeyCode::Right), Then::Nothing, "there is no more");
    screen.press(KeyCode::Left);
    assert_eq!(screen.press(KeyCode::Left), change);
    assert_eq!(screen.page()[1], bar(0, 1));
    assert!(screen.help().contains("← →  adjust"), "{}", screen.help());
    screen.press(KeyCode::Down);
    assert_eq!(screen.focus(), "Next");
}

#[test]
fn a_slider_that_is_followed_tells_in_a_while_and_then_that_it_is_done() {
    let mut screen = slider(&[Event::Change, Event::Input]);
    let (change, input) = screen.tokens();
    assert_eq!(screen.press(KeyCode::Right), Then::Nothing);
    assert_eq!(screen.press(KeyCode::Left), Then::Nothing);
    assert_eq!((screen.desk.tell(), screen.desk.tell()), (input, Then::Nothing), "once for both");
    let Then::Send(done, None) = change else { panic!("{change:?}") };
    let left = screen.press(KeyCode::Tab);
    assert!(matches!(&left, Then::Send(token, Some(_)) if *token == done), "{left:?}");

    let mut screen = slider(&[Event::Input]);
    let (_, input) = screen.tokens();
    screen.press(KeyCode::Right);
    let Then::Send(typed, None) = input else { panic!("{input:?}") };
    let left = screen.press(KeyCode::Tab);
    assert!(matches!(&left, Then::Send(token, Some(_)) if *token == typed), "{left:?}");
    assert_eq!(screen.desk.tell(), Then::Nothing);
}

#[test]
fn what_is_typed_is_told_in_a_while() {
    let search = element(Element::Input, &[(Attribute::Label, "Search")], &[Event::Input], Vec::new());
    let mut screen = Screen::of(view(&[Event::Refresh], vec![search]));
    screen.desk.columns = 60;
    screen.press(KeyCode::Tab);
    assert_eq!(screen.focus(), "Refresh");
    assert!(screen.help().contains("Tab  next   r  refresh"), "{}", screen.help());
    let refreshed = screen.press(KeyCode::Char('r'));
    assert!(is_sent(&refreshed));
    assert_eq!(screen.press(KeyCode::Enter), refreshed);
    screen.press(KeyCode::Tab);
    // In a field it is a letter.
    assert!(!screen.help().contains("refresh"), "{}", screen.help());
    screen.types("rye");
    let (_, input) = screen.tokens();
    assert_eq!(screen.desk.tell(), input);
    assert_eq!(screen.desk.tell(), Then::Nothing);
}

#[test]
fn what_the_host_does_not_keep_stays_here() {
    let field = |label, kind| {
        let attributes = [(Attribute::Label, label), (Attribute::InputType, kind)];
        element(Element::Input, &attributes, &[Event::Input], Vec::new())
    };
    let mut screen = Screen::of(view(&[], vec![field("Name", "text"), field("Secret", "password")]));
    for text in ["Ada", "1234"] {
        screen.desk.untold = None;
        screen.press(KeyCode::Tab);
        screen.types(text);
    }
    let Then::Send(token, _) = screen.desk.tell() else { panic!("nothing is told") };
    assert!(screen.desk.is_told_while_typing(token));
    screen.desk.hand_over();
    let kept: Vec<_> = screen.desk.drafts.values().map(|draft| draft.typed.as_str()).collect();
    assert_eq!(kept, ["1234"]);
}

#[test]
fn a_disclosure_unfolds_and_folds() {
    let fold = element(Element::Disclosure, &[(Attribute::Label, "Allergens")], &[], vec![text("Milk")]);
    let mut screen = Screen::of(view(&[], vec![fold, button("Next", &[], &[Event::Tap])]));
    assert_eq!(screen.page()[..2], ["▸ Allergens", "[ Next ]"]);
    screen.press(KeyCode::Down);
    assert!(screen.help().contains("Enter  unfold"), "{}", screen.help());
    assert_eq!(screen.press(KeyCode::Enter), Then::Nothing);
    assert_eq!(screen.page()[..3], ["▾ Allergens", "  Milk", "[ Next ]"]);
    assert_eq!(screen.focus(), "Allergens");
    assert!(screen.help().contains("Enter  fold"), "{}", screen.help());
    screen.press(KeyCode::Char(' '));
    assert_eq!(screen.page()[..2], ["▸ Allergens", "[ Next ]"]);
}

#[test]
fn tabs_are_switched_with_left_and_right() {
    let tab = |label: &str, inside| element(Element::Tab, &[(Attribute::Label, label)], &[], vec![inside]);
    let all = vec![tab("One", text("First")), tab("Two", button("Second", &[], &[Event::Tap]))];
    let mut screen = Screen::of(view(&[], vec![element(Element::Tabs, &[(Attribute::Label, "Parts")], &[], all)]));
    assert_eq!(screen.page()[..2], ["[One]  Two", "First"]);
    screen.press(KeyCode::Tab);
    assert_eq!(screen.focus(), "Parts");
    assert!(screen.help().contains("← →  switch"), "{}", screen.help());
    assert_eq!(screen.press(KeyCode::Right), Then::Nothing);
    assert_eq!(screen.page()[..2], [" One  [Two]", "[ Second ]"]);
    assert_eq!(screen.press(KeyCode::Right), Then::Nothing);
    assert_eq!(screen.page()[1], "First", "round and round");
    screen.press(KeyCode::Left);
    screen.press(KeyCode::Down);
    assert_eq!(screen.focus(), "Second");
    assert!(matches!(screen.desk.focused().unwrap().action, Action::Press { .. }));
    // The program shows the page again: it is still the second.
    screen.lay_out();
    assert_eq!((screen.page()[1].as_str(), screen.focus()), ("[ Second ]", "Second"));
}
