//! Finds in a view the two things that the shell wants to know: what its first
//! heading says, and whether there is anything to fill in, because a page that
//! asks again by itself would throw away what is being typed.
//!
//! Walks templates and values as they are and builds nothing: this is done for
//! each page that is shown.

use std::ops::ControlFlow;

use mprun_frame::element::{Attribute, Element};
use mprun_frame::template::{AttributeValue, Body, Child, Node};
use mprun_frame::tree::{Tree, Value};

/// A heading of a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Heading<'t> {
    pub(crate) text: &'t str,
    /// Whether it has the highest rank.
    pub(crate) is_main: bool,
}

/// The first heading that has a text.
pub(crate) fn first_heading<'t>(tree: &'t Tree<'_>) -> Option<Heading<'t>> {
    let mut found = None;
    let _ = instance(tree, tree.root(), &mut |node, text| {
        if node.element != Element::Heading || text.trim().is_empty() {
            return ControlFlow::Continue(());
        }
        let main = (Attribute::Level, AttributeValue::Static("1".to_owned()));
        found = Some(Heading { text, is_main: node.attributes.contains(&main) });
        ControlFlow::Break(())
    });
    found
}

/// Whether there is anything to fill in or choose.
pub(crate) fn has_fields(tree: &Tree<'_>) -> bool {
    let visit = &mut |node: &Node, _: &str| {
        if node.element.is_field() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    instance(tree, tree.root(), visit).is_break()
}

type Visit<'v, 't> = dyn FnMut(&Node, &'t str) -> ControlFlow<()> + 'v;

fn instance<'t>(tree: &'t Tree<'_>, position: usize, visit: &mut Visit<'_, 't>) -> ControlFlow<()> {
    let Some(instance) = tree.instance(position) else {
        return ControlFlow::Continue(());
    };
    let mut slot = 0;
    element(tree, instance.template.root(), tree.values(instance), &mut slot, visit)
}

/// `slot` counts as the encoding does: attributes, events, then what is inside.
fn element<'t>(
    tree: &'t Tree<'_>,
    node: &'t Node,
    values: &'t [Value<'_>],
    slot: &mut usize,
    visit: &mut Visit<'_, 't>,
) -> ControlFlow<()> {
    *slot += node.attributes.iter().filter(|(_, value)| *value == AttributeValue::Slot).count();
    *slot += node.events.len();
    let text = match &node.body {
        Body::Text(text) => text.as_str(),
        Body::TextSlot => match take(values, slot) {
            Some(Value::Text(text)) => *text,
            _ => "",
        },
        Body::Empty | Body::Children(_) => "",
    };
    visit(node, text)?;
    let Body::Children(children) = &node.body else {
        return ControlFlow::Continue(());
    };
    for child in children {
        match child {
            Child::Element(node) => element(tree, node, values, slot, visit)?,
            Child::Slot => {
                if let Some(Value::Child(Some(position))) = take(values, slot) {
                    instance(tree, *position, visit)?;
                }
            }
            Child::List => {
                if let Some(Value::List { first, count }) = take(values, slot) {
                    for item in tree.items(*first, *count) {
                        instance(tree, item.instance, visit)?;
                    }
                }
            }
        }
    }
    ControlFlow::Continue(())
}

fn take<'t, 'a>(values: &'t [Value<'a>], slot: &mut usize) -> Option<&'t Value<'a>> {
    let value = values.get(*slot);
    *slot += 1;
    value
}

#[cfg(test)]
mod tests {
    use mprun_frame::element::Event;
    use mprun_frame::frame::FrameWriter;
    use mprun_frame::limits::FrameLimits;
    use mprun_frame::template::{Template, Templates};

    use super::*;

    fn node(element: Element, body: Body) -> Node {
        let attributes = match element {
            Element::Heading => vec![(Attribute::Level, AttributeValue::Static("1".to_owned()))],
            Element::Input => vec![(Attribute::Label, AttributeValue::Slot)],
            _ => Vec::new(),
        };
        let events = if element == Element::Input { vec![Event::Change] } else { Vec::new() };
        Node { element, attributes, events, body }
    }

    #[test]
    fn heading_and_fields_are_found_behind_slots_of_every_kind() {
        let title = Template::new(node(Element::Heading, Body::TextSlot)).unwrap();
        let row = Template::new(node(
            Element::View,
            Body::Children(vec![
                Child::Element(node(Element::Input, Body::Empty)),
                Child::Element(node(Element::Text, Body::TextSlot)),
                Child::Slot,
            ]),
        ))
        .unwrap();
        let page = Template::new(node(Element::View, Body::Children(vec![Child::Slot, Child::List]))).unwrap();
        let (page_id, row_id, title_id) = (page.id(), row.id(), title.id());
        let mut bundle = Templates::default();
        [page, row, title].into_iter().for_each(|template| bundle.insert(template));
        let limits = FrameLimits::default();

        let mut writer = FrameWriter::new();
        writer.instance(page_id);
        writer.child(false);
        writer.list(2);
        for (key, heading) in [("a", None), ("b", Some("Menu & more"))] {
            writer.key(key);
            writer.instance(row_id);
            writer.attribute(Some("Label"));
            writer.handler(None);
            writer.text("some text");
            writer.child(heading.is_some());
            if let Some(heading) = heading {
                writer.instance(title_id);
                writer.text(heading);
            }
        }
        let frame = writer.finish(&[]);
        let tree = Tree::decode(&frame, &bundle, &[], &limits).unwrap();
        assert_eq!(first_heading(&tree), Some(Heading { text: "Menu & more", is_main: true }));
        assert!(has_fields(&tree));

        let mut writer = FrameWriter::new();
        writer.instance(page_id);
        writer.child(true);
        writer.instance(title_id);
        writer.text("  ");
        writer.list(0);
        let frame = writer.finish(&[]);
        let tree = Tree::decode(&frame, &bundle, &[], &limits).unwrap();
        assert_eq!(first_heading(&tree), None);
        assert!(!has_fields(&tree));
    }
}
