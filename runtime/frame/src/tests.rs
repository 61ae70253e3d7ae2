//! What holds for every template and frame, and one example of each reason for
//! which one is refused.

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::element::{Attribute, Element, Event};
use crate::frame::{Frame, FrameWriter};
use crate::generate;
use crate::limits::{FrameLimits, INSTANCES_BYTES_MAX, KEY_BYTES_MAX, MESSAGE_BYTES_MAX, TEMPLATE_BYTES_MAX};
use crate::template::{AttributeValue, Body, Child, Node, SlotKind, Template, TemplateError, Templates};
use crate::tree::{FrameError, FrameErrorReason as Reason, Tree, Value, definitions};

fn decode(frame: &Frame, bundle: &Templates, limits: &FrameLimits) -> Result<u32, FrameError> {
    let own = definitions(frame)?;
    Tree::decode(frame, bundle, &own, limits).map(|tree| tree.nodes())
}

/// Writes what a tree says, from the beginning.
fn again(tree: &Tree<'_>, position: usize, writer: &mut FrameWriter) {
    let instance = tree.instance(position).unwrap();
    writer.instance(instance.template.id());
    for (slot, value) in instance.template.slots().iter().zip(tree.values(instance)) {
        match (slot.kind, *value) {
            (SlotKind::Text, Value::Text(text)) => writer.text(text),
            (SlotKind::Attribute(_), Value::Attribute(value)) => writer.attribute(value),
            (SlotKind::Flag(_), Value::Flag(on)) => writer.flag(on),
            (SlotKind::Handler(_), Value::Handler(message)) => writer.handler(message),
            (SlotKind::Child, Value::Child(child)) => {
                writer.child(child.is_some());
                if let Some(child) = child {
                    again(tree, child, writer);
                }
            }
            (SlotKind::List, Value::List { first, count }) => {
                writer.list(count);
                for item in tree.items(first, count) {
                    writer.key(item.key);
                    again(tree, item.instance, writer);
                }
            }
            (kind, value) => panic!("{kind:?} has {value:?}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_template_reads_back_as_it_was_written(seed: u64) {
        let template = generate::template(seed);
        prop_assert_eq!(Template::decode(template.encoding()), Ok(template.clone()));
        prop_assert_eq!(Template::new(template.root().clone()), Ok(template));
    }

    #[test]
    fn no_beginning_of_a_template_is_a_template(seed: u64) {
        let template = generate::template(seed);
        for length in 0..template.encoding().len() {
            prop_assert!(Template::decode(&template.encoding()[..length]).is_err(), "{length}");
        }
        let mut longer = template.encoding().to_vec();
        longer.push(0);
        prop_assert_eq!(Template::decode(&longer), Err(TemplateError::Trailing(1)));
    }

    #[test]
    fn a_changed_encoding_is_refused_or_is_another_template(seed: u64, at: prop::sample::Index, byte: u8) {
        let template = generate::template(seed);
        let mut changed = template.encoding().to_vec();
        let at = at.index(changed.len());
        changed[at] = byte;
        if let Ok(read) = Template::decode(&changed) {
            prop_assert_eq!(read.encoding(), changed.as_slice());
            // There is one encoding for it, and this is it.
            let written = Template::new(read.root().clone()).unwrap();
            prop_assert_eq!(written.encoding(), changed.as_slice());
            prop_assert_eq!(read == template, changed == template.encoding());
        }
    }

    #[test]
    fn arbitrary_bytes_are_no_reason_to_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut bytes = bytes;
        let _ = Template::decode(&bytes);
        bytes.insert(0, 1);
        if let Ok(template) = Template::decode(&bytes) {
            let written = Template::new(template.root().clone()).unwrap();
            prop_assert_eq!(written.encoding(), bytes.as_slice());
        }
    }

    #[test]
    fn a_view_that_keeps_the_rules_is_taken_and_has_one_encoding(seed: u64) {
        let view = generate::view(seed);
        let own = definitions(&view.frame).unwrap();
        let tree = Tree::decode(&view.frame, &view.bundle, &own, &FrameLimits::default()).unwrap();
        let mut writer = FrameWriter::new();
        again(&tree, tree.root(), &mut writer);
        let mut written = writer.finish(&own);
        if !own.is_empty() {
            written.templates.clear();
        }
        prop_assert_eq!(written, view.frame);
    }

    #[test]
    fn a_changed_frame_is_no_reason_to_panic(
        seed: u64,
        changes in prop::collection::vec((any::<prop::sample::Index>(), prop_oneof![0_u32..40, any::<u32>()]), 1..8),
        cut: prop::sample::Index,
        drop_text in 0_usize..9,
    ) {
        let view = generate::view(seed);
        let mut frame = view.frame.clone();
        for (at, value) in changes {
            let at = at.index(frame.ops.len());
            frame.ops[at] = value;
        }
        let _ = decode(&frame, &view.bundle, &FrameLimits::default());
        for _ in 0..drop_text {
            frame.text.pop();
            frame.messages.pop();
        }
        let _ = decode(&frame, &view.bundle, &FrameLimits::default());
        frame.ops.truncate(cut.index(frame.ops.len()) + 1);
        let _ = decode(&frame, &view.bundle, &FrameLimits::default());
    }

    #[test]
    fn no_beginning_of_a_frame_is_a_frame(seed: u64) {
        let view = generate::view(seed);
        let mut frame = view.frame.clone();
        while frame.ops.pop().is_some() {
            prop_assert!(decode(&frame, &view.bundle, &FrameLimits::default()).is_err());
        }
    }
}

#[test]
fn generated_views_have_everything_that_a_view_can_have() {
    fn collect(node: &Node, missing: &mut BTreeSet<String>) {
        missing.remove(node.element.name());
        for (attribute, _) in &node.attributes {
            missing.remove(&format!("{} {}", node.element.name(), attribute.name()));
        }
        for event in &node.events {
            missing.remove(&format!("{} on:{}", node.element.name(), event.name()));
        }
        let Body::Children(children) = &node.body else { return };
        for child in children {
            if let Child::Element(node) = child {
                collect(node, missing);
            }
        }
    }
    let mut missing = BTreeSet::new();
    for element in Element::ALL {
        let definition = element.definition();
        missing.insert(element.name().to_owned());
        missing.extend(definition.attributes.iter().map(|taken| format!("{} {}", element.name(), taken.name())));
        missing.extend(definition.events.iter().map(|event| format!("{} on:{}", element.name(), event.name())));
    }
    for seed in 0..5_000 {
        let view = generate::view(seed);
        let own = definitions(&view.frame).unwrap();
        for template in view.bundle.as_slice().iter().chain(&own) {
            collect(template.root(), &mut missing);
        }
        if missing.is_empty() {
            return;
        }
    }
    panic!("never seen: {missing:?}");
}

fn node(element: Element) -> Node {
    Node { element, attributes: Vec::new(), events: Vec::new(), body: Body::Empty }
}

fn template(root: Node) -> Template {
    Template::new(root).unwrap()
}

/// `view` with one slot.
fn holder(child: Child) -> Template {
    template(Node { body: Body::Children(vec![child]), ..node(Element::View) })
}

fn bundle(templates: &[&Template]) -> Templates {
    let mut bundle = Templates::default();
    templates.iter().for_each(|template| bundle.insert((*template).clone()));
    bundle
}

/// A small frame can stand for a page of any size, if its templates are large.
#[test]
fn what_is_static_counts_in_every_instance() {
    let large = template(Node { body: Body::Text("\"".repeat(64_000)), ..node(Element::Text) });
    let list = holder(Child::List);
    let write = |items: usize| {
        let mut writer = FrameWriter::new();
        writer.instance(list.id());
        writer.list(items);
        for item in 0..items {
            writer.key(&item.to_string());
            writer.instance(large.id());
        }
        writer.finish(&[])
    };
    let templates = bundle(&[&list, &large]);
    let fits = INSTANCES_BYTES_MAX / large.encoding().len();
    assert!(decode(&write(fits), &templates, &FrameLimits::default()).is_ok());
    let frame = write(fits + 1);
    assert!(frame.bytes() < 1_000);
    let error = decode(&frame, &templates, &FrameLimits::default()).unwrap_err();
    assert_eq!(error.reason, Reason::Limit { what: "bytes", limit: INSTANCES_BYTES_MAX });
}

/// Why a frame of these templates is refused, and at which operation.
fn refused(templates: &[&Template], ops: &[u32], text: &str, messages: &[u8]) -> (usize, Reason) {
    let frame = Frame {
        templates: templates.iter().map(|template| template.id()).collect(),
        definitions: Vec::new(),
        ops: ops.to_vec(),
        text: text.to_owned(),
        messages: messages.to_vec(),
    };
    let error = decode(&frame, &bundle(templates), &FrameLimits::default()).unwrap_err();
    assert!(!error.to_string().is_empty());
    (error.op, error.reason)
}

#[test]
fn each_reason_to_refuse_a_frame_has_its_place() {
    let empty = template(node(Element::View));
    let child = holder(Child::Slot);
    let list = holder(Child::List);
    let text = template(Node { body: Body::TextSlot, ..node(Element::Text) });
    let tap = template(Node { events: vec![Event::Tap], ..node(Element::Button) });
    let slot = |attribute| vec![(attribute, AttributeValue::Slot)];
    let grow = template(Node { attributes: slot(Attribute::Grow), ..node(Element::View) });
    let gap = template(Node { attributes: slot(Attribute::Gap), ..node(Element::View) });
    let option = template(Node { attributes: slot(Attribute::Value), ..node(Element::Option) });
    let link = template(Node { attributes: slot(Attribute::To), ..node(Element::Navigator) });
    let form = template(node(Element::Form));
    let form_with = template(Node { body: Body::Children(vec![Child::Slot]), ..node(Element::Form) });
    let with_form = holder(Child::Element(node(Element::Form)));

    assert_eq!(refused(&[&empty], &[], "", &[]), (0, Reason::Truncated("an instance")));
    assert_eq!(refused(&[&text], &[0], "", &[]), (1, Reason::Truncated("a text")));
    assert_eq!(refused(&[&list], &[0, 1], "", &[]), (2, Reason::Truncated("a key")));
    assert_eq!(refused(&[&empty], &[0, 0], "", &[]), (1, Reason::TrailingOps(1)));
    assert_eq!(refused(&[&empty], &[0], "x", &[]), (1, Reason::TrailingText(1)));
    assert_eq!(refused(&[&empty], &[0], "", &[1, 2]), (1, Reason::TrailingMessages(2)));
    let short = |arena, length, left| Reason::ArenaShort { arena, length, left };
    assert_eq!(refused(&[&text], &[0, 2], "x", &[]), (1, short("text", 2, 1)));
    assert_eq!(refused(&[&tap], &[0, 3], "", &[1]), (1, short("messages", 2, 1)));
    assert_eq!(refused(&[&text], &[0, 1], "é", &[]), (1, Reason::Character));
    assert_eq!(refused(&[&empty], &[7], "", &[]), (0, Reason::NoTemplate { position: 7, count: 1 }));
    assert_eq!(refused(&[&empty, &empty], &[0], "", &[]), (0, Reason::DoubledTemplate(1)));
    assert_eq!(refused(&[&child], &[0, 2], "", &[]), (1, Reason::NotBoolean { what: "a child", got: 2 }));
    assert_eq!(refused(&[&grow], &[0, 2], "", &[]), (1, Reason::NotBoolean { what: "a flag", got: 2 }));
    let (op, reason) = refused(&[&gap], &[0, 5], "huge", &[]);
    assert!(op == 1 && matches!(reason, Reason::Attribute { element: "view", attribute: "gap", .. }), "{reason}");
    let (op, reason) = refused(&[&link], &[0, 20], "javascript:alert(1)", &[]);
    assert!(op == 1 && matches!(reason, Reason::Attribute { element: "navigator", attribute: "to", .. }), "{reason}");
    assert_eq!(refused(&[&link], &[0, 0], "", &[]), (1, Reason::Missing { element: "navigator", attribute: "to" }));
    for (templates, ops) in [
        (vec![&option], vec![0, 1]),
        (vec![&child, &option], vec![0, 1, 1, 1]),
        (vec![&form_with, &form], vec![0, 1, 1]),
        (vec![&form_with, &child, &form], vec![0, 1, 1, 1, 2]),
        (vec![&form_with, &with_form], vec![0, 1, 1]),
    ] {
        let (_, reason) = refused(&templates, &ops, "", &[]);
        assert!(matches!(reason, Reason::Place(_)), "{reason}");
    }
    assert_eq!(refused(&[&list, &empty], &[0, 2, 1, 1, 1, 1], "aa", &[]), (4, Reason::DoubledKey("a".to_owned())));

    let unknown = Frame { templates: vec![7], ops: vec![0], ..Frame::default() };
    let error = decode(&unknown, &Templates::default(), &FrameLimits::default()).unwrap_err();
    assert_eq!(error, FrameError { op: 0, reason: Reason::UnknownTemplate(7) });
    let mut bytes = empty.encoding().to_vec();
    bytes.extend([1, 99]);
    let broken = Frame { definitions: bytes, ops: vec![0], ..Frame::default() };
    let error = decode(&broken, &Templates::default(), &FrameLimits::default()).unwrap_err();
    assert!(matches!(error.reason, Reason::Definition { position: 1, .. }), "{error}");
}

/// A frame that defines a table itself, each cell with a text.
fn table(rows: usize, cells: usize) -> Frame {
    let label = vec![(Attribute::Label, AttributeValue::Static("Prices".to_owned()))];
    let table = template(Node { attributes: label, body: Body::Children(vec![Child::List]), ..node(Element::Table) });
    let text = Node { body: Body::Text("4.20".to_owned()), ..node(Element::Text) };
    let cell = Node { body: Body::Children(vec![Child::Element(text)]), ..node(Element::TableCell) };
    let row = template(Node { body: Body::Children(vec![Child::Element(cell); cells]), ..node(Element::TableRow) });
    let mut writer = FrameWriter::new();
    writer.instance(table.id());
    writer.list(rows);
    for key in 0..rows {
        writer.key(&key.to_string());
        writer.instance(row.id());
    }
    let mut frame = writer.finish(&[table, row]);
    frame.templates.clear();
    frame
}

#[test]
fn each_limit_of_a_frame_holds() {
    let limit = |what, limit| Reason::Limit { what, limit };
    let empty = template(node(Element::View));
    let list = holder(Child::List);
    let child = holder(Child::Slot);
    let tap = template(Node { events: vec![Event::Tap], ..node(Element::Button) });

    let key = "k".repeat(KEY_BYTES_MAX + 1);
    let ops = [0, 1, u32::try_from(key.len()).unwrap(), 1];
    assert_eq!(refused(&[&list, &empty], &ops, &key, &[]), (2, limit("bytes in a key", KEY_BYTES_MAX)));
    let message = vec![0; MESSAGE_BYTES_MAX + 1];
    let ops = [0, u32::try_from(message.len()).unwrap() + 1];
    assert_eq!(refused(&[&tap], &ops, "", &message), (1, limit("bytes in a message", MESSAGE_BYTES_MAX)));
    // A claim of more items than there can be is refused before room is made.
    assert_eq!(refused(&[&list, &empty], &[0, u32::MAX], "", &[]), (1, limit("nodes", 20_000)));

    let deep = |levels: u32| {
        let mut ops: Vec<u32> = [0, 1].repeat(usize::try_from(levels).unwrap() - 1);
        ops.extend([0, 0]);
        Frame { templates: vec![child.id()], ops, ..Frame::default() }
    };
    let all = bundle(&[&child, &list, &empty]);
    assert_eq!(decode(&deep(64), &all, &FrameLimits::default()), Ok(64));
    assert_eq!(decode(&deep(65), &all, &FrameLimits::default()).unwrap_err().reason, limit("levels", 64));

    let mut writer = FrameWriter::new();
    writer.instance(list.id());
    writer.list(9);
    for key in 0..9 {
        writer.key(&key.to_string());
        writer.instance(empty.id());
    }
    let ten = writer.finish(&[]);
    // A table of 1,000 rows with five texts in each is a page.
    assert_eq!(decode(&table(1_000, 5), &all, &FrameLimits::default()), Ok(11_001));
    assert_eq!(decode(&table(4_000, 2), &all, &FrameLimits::default()).unwrap_err().reason, limit("nodes", 20_000));
    let mut limits = FrameLimits { nodes_max: 10, ..FrameLimits::default() };
    assert_eq!(decode(&ten, &all, &limits), Ok(10));
    limits.nodes_max = 9;
    assert_eq!(decode(&ten, &all, &limits).unwrap_err().reason, limit("nodes", 9));
    limits = FrameLimits { bytes_max: ten.bytes(), ..FrameLimits::default() };
    assert_eq!(decode(&ten, &all, &limits), Ok(10));
    limits.bytes_max -= 1;
    assert_eq!(decode(&ten, &all, &limits).unwrap_err().reason, limit("bytes", ten.bytes() - 1));

    let many = Frame { templates: (0..1025).collect(), ops: vec![0], ..Frame::default() };
    assert_eq!(decode(&many, &all, &FrameLimits::default()).unwrap_err().reason, limit("templates", 1_024));
    let many = Frame { definitions: empty.encoding().repeat(1_025), ops: vec![0], ..Frame::default() };
    assert_eq!(decode(&many, &all, &FrameLimits::default()).unwrap_err().reason, limit("templates", 1_024));
}

#[test]
fn each_reason_to_refuse_a_template_has_its_place() {
    let decode = |bytes: &[u8]| Template::decode(bytes).unwrap_err();
    assert_eq!(decode(&[]), TemplateError::Truncated(0));
    assert_eq!(decode(&[1, 1, 0]), TemplateError::Truncated(3));
    assert_eq!(decode(&[1, 1, 0, 0, 0, 9]), TemplateError::Trailing(1));
    assert_eq!(decode(&[2, 1, 0, 0, 0]), TemplateError::Grammar(2));
    for (bytes, what, at) in [
        (&[1, 0, 0, 0, 0][..], "element", 1),
        (&[1, 1, 1, 99, 0, 0], "attribute", 3),
        (&[1, 1, 0, 1, 9, 0], "event", 4),
        (&[1, 1, 0, 0, 4], "kind of body", 4),
        (&[1, 1, 0, 0, 3, 1, 9], "kind of child", 6),
        (&[1, 1, 1, 6, 0, 0, 0], "kind of attribute value", 4),
        (&[1, 2, 1, 10, 1, 0, 0], "kind of attribute value", 4),
    ] {
        let number = bytes[at];
        assert_eq!(decode(bytes), TemplateError::Unknown { at, what, number }, "{bytes:?}");
    }
    for bytes in [
        // A length with a superfluous byte, attributes out of order and doubled,
        // an empty text, no children.
        &[1, 2, 0, 0, 1, 0x81, 0, b'a'][..],
        &[1, 1, 2, 6, 1, 2, 2, 0, 0],
        &[1, 1, 2, 6, 1, 6, 1, 0, 0],
        &[1, 2, 0, 0, 1, 0],
        &[1, 1, 0, 0, 3, 0],
    ] {
        assert!(matches!(decode(bytes), TemplateError::Form { .. }), "{bytes:?}: {}", decode(bytes));
    }
    assert_eq!(decode(&[1, 2, 0, 0, 1, 1, 0xff]), TemplateError::Utf8(6));
}

#[test]
fn each_rule_of_the_table_holds() {
    use Attribute as A;
    let fixed = |attribute, text: &str| (attribute, AttributeValue::Static(text.to_owned()));
    let with = |element, attributes: Vec<(A, AttributeValue)>| Node { attributes, ..node(element) };
    let inside = |element, children| Node { body: Body::Children(children), ..node(element) };
    let image = with(Element::Image, vec![fixed(A::Src, "asset:a.svg")]);
    let submit = Node { events: vec![Event::Tap], ..with(Element::Button, vec![fixed(A::FormType, "submit")]) };
    let both =
        Node { events: vec![Event::Tap], ..with(Element::View, vec![fixed(A::Label, "x"), fixed(A::To, "page:a")]) };
    let form = inside(Element::View, vec![Child::Element(node(Element::Form))]);
    for (wrong, why) in [
        (image, "needs `alt`"),
        (with(Element::View, vec![fixed(A::Src, "asset:a.svg")]), "takes no attribute"),
        (with(Element::Heading, vec![(A::Level, AttributeValue::Slot)]), "cannot be a slot"),
        (with(Element::Heading, vec![fixed(A::Level, "7")]), "`level`"),
        (Node { body: Body::TextSlot, ..node(Element::View) }, "takes no text"),
        (Node { body: Body::Text("a".to_owned()), ..node(Element::Separator) }, "takes no text"),
        (inside(Element::Text, vec![Child::Slot]), "takes no elements"),
        (inside(Element::List, vec![Child::Element(node(Element::View))]), "cannot contain"),
        (inside(Element::View, vec![Child::Element(node(Element::ListItem))]), "can only stand in"),
        (inside(Element::Form, vec![Child::Element(form)]), "cannot stand in `form`"),
        (Node { events: vec![Event::Submit], ..node(Element::View) }, "has no event"),
        (Node { events: vec![Event::Tap], ..node(Element::View) }, "needs `label`"),
        (both, "cannot have both"),
        (submit, "has no `on:tap`"),
        (with(Element::Input, vec![fixed(A::Label, "x")]), "needs `name` (in a form) or `on:change` or `on:input`"),
        (with(Element::Switch, vec![fixed(A::Label, "x")]), "needs `name` (in a form) or `on:change`"),
        (with(Element::Text, vec![fixed(A::Class, "mp-page")]), "`class`"),
        (with(Element::Dialog, vec![fixed(A::Label, "x")]), "needs `trigger`"),
        (with(Element::Slider, vec![fixed(A::Label, "x"), fixed(A::Min, "0")]), "needs `max`"),
        (with(Element::ScrollView, vec![fixed(A::Label, "x"), (A::Scroll, AttributeValue::Slot)]), "cannot be a slot"),
        (inside(Element::View, vec![Child::Element(node(Element::TableRow))]), "can only stand in `table`"),
        (inside(Element::RichText, vec![Child::Element(node(Element::Text))]), "cannot contain"),
        (Node { events: vec![Event::Input], ..with(Element::Switch, vec![fixed(A::Label, "x")]) }, "has no event"),
    ] {
        match Template::new(wrong.clone()) {
            Err(TemplateError::Element { why: got, .. }) => assert!(got.contains(why), "{got}"),
            other => panic!("{wrong:?}: {other:?}"),
        }
    }
}

#[test]
fn each_limit_of_a_template_holds() {
    let too_much = |root: Node| match Template::new(root) {
        Err(TemplateError::Limit { what, .. }) => what,
        other => panic!("{:?}", other.map(|template| template.encoding().len())),
    };
    let mut deep = node(Element::View);
    for _ in 1..64 {
        deep = Node { body: Body::Children(vec![Child::Element(deep)]), ..node(Element::View) };
    }
    assert_eq!(template(deep.clone()).depth(), 64);
    deep = Node { body: Body::Children(vec![Child::Element(deep)]), ..node(Element::View) };
    assert_eq!(too_much(deep), "elements inside each other");
    let wide = |child: Child, count| Node { body: Body::Children(vec![child; count]), ..node(Element::View) };
    assert_eq!(template(wide(Child::Element(node(Element::Text)), 999)).elements(), 1_000);
    assert_eq!(too_much(wide(Child::Element(node(Element::Text)), 1_000)), "elements");
    assert_eq!(template(wide(Child::Slot, 1_000)).slots().len(), 1_000);
    assert_eq!(too_much(wide(Child::List, 1_001)), "slots");
    let text = |length| Node { body: Body::Text("x".repeat(length)), ..node(Element::Text) };
    // Grammar, element, two counts, the kind of body, three bytes of length.
    assert_eq!(template(text(TEMPLATE_BYTES_MAX - 8)).encoding().len(), TEMPLATE_BYTES_MAX);
    assert_eq!(too_much(text(TEMPLATE_BYTES_MAX - 7)), "bytes");
    assert_eq!(too_much(text(3_000_000)), "bytes");
}
