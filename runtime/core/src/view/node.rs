//! A view with its templates' and its frame's parts put together: elements with
//! attributes, text, handlers and children, each with its place.
//!
//! Nothing is refused here, a [`Tree`] has been checked. One function decides
//! which slot belongs to which element ([`Cursor`]); the HTML writer, which
//! works template by template, uses the same.

use std::collections::HashMap;

use mprun_frame::element::{Attribute, AttributeKind, Element, Event};
use mprun_frame::template::{self, AttributeValue, Body, Child};
use mprun_frame::tree::{Tree, Value};

use super::identity::{FieldKey, FormId, Path, Place, Token, TokenKey};

/// An element of a view without what is inside of it.
#[derive(Debug, Clone, Copy)]
pub struct Resolved<'t> {
    node: &'t template::Node,
    values: &'t [Value<'t>],
    position: Position,
    path: Path,
    template: u64,
}

/// Where an element stands in its template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    first_slot: usize,
    element: u32,
    /// How many fields before it have its name, in the same form.
    ordinal: u32,
}

impl Position {
    /// How many elements the template has before it.
    pub(crate) fn element(self) -> u32 {
        self.element
    }
}

/// A handler that an element offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Handler<'t> {
    /// What the user does.
    pub event: Event,
    /// What the program put there.
    pub message: &'t [u8],
    path: Path,
    slot: usize,
}

impl Handler<'_> {
    /// Its name for clients.
    pub fn token(&self, key: &TokenKey) -> Token {
        key.token(self.path, self.slot, self.event, self.message)
    }
}

impl<'t> Resolved<'t> {
    pub(crate) fn new(
        node: &'t template::Node,
        values: &'t [Value<'t>],
        position: Position,
        path: Path,
        template: u64,
    ) -> Self {
        Self { node, values, position, path, template }
    }

    /// Which element it is.
    pub fn element(&self) -> Element {
        self.node.element
    }

    /// Where it stands.
    pub fn place(&self) -> Place {
        Place { path: self.path, template: self.template, element: self.position.element }
    }

    /// The attributes that are there, by number; a flag that is on has an empty
    /// value.
    pub fn attributes(self) -> impl Iterator<Item = (Attribute, &'t str)> {
        let mut slot = self.position.first_slot;
        self.node.attributes.iter().filter_map(move |(attribute, value)| match value {
            AttributeValue::Static(text) => Some((*attribute, text.as_str())),
            AttributeValue::Slot => {
                let value = self.values.get(slot).copied();
                slot += 1;
                match value {
                    Some(Value::Attribute(Some(text))) => Some((*attribute, text)),
                    Some(Value::Flag(true)) => Some((*attribute, "")),
                    _ => None,
                }
            }
        })
    }

    /// An attribute's value, if it is there.
    pub fn get(self, wanted: Attribute) -> Option<&'t str> {
        self.attributes().find_map(|(attribute, value)| (attribute == wanted).then_some(value))
    }

    /// Whether a flag is on.
    pub fn is(self, flag: Attribute) -> bool {
        self.get(flag).is_some()
    }

    /// An attribute's word, or its default.
    pub fn word(self, attribute: Attribute) -> &'t str {
        match (self.get(attribute), attribute.kind()) {
            (Some(word), _) => word,
            (None, AttributeKind::Word(words)) => words.first().copied().unwrap_or_default(),
            (None, _) => "",
        }
    }

    /// The handler of an event, if the element offers it.
    pub fn handler(self, event: Event) -> Option<Handler<'t>> {
        let offset = self.node.events.iter().position(|known| *known == event)?;
        let slot = self.position.first_slot + self.attribute_slots() + offset;
        match self.values.get(slot) {
            Some(Value::Handler(Some(message))) => Some(Handler { event, message, path: self.path, slot }),
            _ => None,
        }
    }

    /// The text inside; empty if there is none.
    pub fn text(self) -> &'t str {
        match &self.node.body {
            Body::Text(text) => text,
            Body::TextSlot => {
                let slot = self.position.first_slot + self.attribute_slots() + self.node.events.len();
                match self.values.get(slot) {
                    Some(Value::Text(text)) => text,
                    _ => "",
                }
            }
            Body::Empty | Body::Children(_) => "",
        }
    }

    /// What a submit of this form is called, and the form itself.
    pub fn form_id(self) -> FormId {
        FormId::of(self.place())
    }

    /// The key of this field in `form`, the form around it, if there is one.
    pub fn field_key(self, form: Option<FormId>) -> FieldKey {
        match (form, self.get(Attribute::Name)) {
            (Some(form), Some(name)) => FieldKey::named(form, self.path, name, self.position.ordinal),
            _ => FieldKey::placed(self.place()),
        }
    }

    fn attribute_slots(&self) -> usize {
        self.node.attributes.iter().filter(|(_, value)| *value == AttributeValue::Slot).count()
    }

    /// What is inside, in order.
    pub fn children(self, tree: &'t Tree<'_>) -> Vec<Node<'t>> {
        let mut cursor = Cursor::resume(self);
        let form = (self.element() == Element::Form).then_some(self.position.element);
        cursor.children(tree, self, form)
    }
}

/// An element of a view with everything in it.
#[derive(Debug, Clone)]
pub struct Node<'t> {
    /// The element itself.
    pub resolved: Resolved<'t>,
    /// Its key, if it is an item of a list slot.
    pub key: Option<&'t str>,
    /// What is inside, in order.
    pub children: Vec<Self>,
}

impl<'t> Node<'t> {
    /// The page.
    pub fn of(tree: &'t Tree<'_>) -> Option<Self> {
        instance(tree, tree.root(), Path::ROOT, None)
    }
}

fn instance<'t>(tree: &'t Tree<'_>, position: usize, path: Path, key: Option<&'t str>) -> Option<Node<'t>> {
    let instance = tree.instance(position)?;
    let mut cursor = Cursor::default();
    let root = instance.template.root();
    let at = cursor.enter(root, None);
    let resolved = Resolved::new(root, tree.values(instance), at, path, instance.template.id());
    let form = (root.element == Element::Form).then_some(at.element);
    Some(Node { resolved, key, children: cursor.children(tree, resolved, form) })
}

/// Walks a template in the order of its encoding and says which slots belong to
/// what.
#[derive(Debug, Default)]
pub(crate) struct Cursor<'t> {
    slot: usize,
    element: u32,
    /// How often a field's name has been seen, by the form in this template.
    names: HashMap<(Option<u32>, &'t str), u32>,
}

impl<'t> Cursor<'t> {
    /// Goes into the next element; `form` is the position of the form of the
    /// same template around it.
    pub(crate) fn enter(&mut self, node: &'t template::Node, form: Option<u32>) -> Position {
        let mut ordinal = 0;
        if node.element.is_field() {
            let name = node.attributes.iter().find_map(|(attribute, value)| match (attribute, value) {
                (Attribute::Name, AttributeValue::Static(name)) => Some(name.as_str()),
                _ => None,
            });
            if let Some(name) = name {
                let seen = self.names.entry((form, name)).or_default();
                ordinal = *seen;
                *seen += 1;
            }
        }
        let position = Position { first_slot: self.slot, element: self.element, ordinal };
        self.element += 1;
        self.slot += node.attributes.iter().filter(|(_, value)| *value == AttributeValue::Slot).count();
        self.slot += node.events.len() + usize::from(node.body == Body::TextSlot);
        position
    }

    /// The slot that comes next.
    pub(crate) fn next_slot(&self) -> usize {
        self.slot
    }

    /// Takes the slot of a child or a list.
    pub(crate) fn take(&mut self) -> usize {
        self.slot += 1;
        self.slot - 1
    }

    /// Behind the start of an element whose children come next. Names are not
    /// remembered: only for elements that contain no field, or whole forms.
    fn resume(resolved: Resolved<'t>) -> Self {
        let mut cursor =
            Self { slot: resolved.position.first_slot, element: resolved.position.element, names: HashMap::new() };
        cursor.enter(resolved.node, None);
        cursor
    }

    fn children(&mut self, tree: &'t Tree<'_>, parent: Resolved<'t>, form: Option<u32>) -> Vec<Node<'t>> {
        let Body::Children(children) = &parent.node.body else { return Vec::new() };
        let mut nodes = Vec::with_capacity(children.len());
        for child in children {
            match child {
                Child::Element(node) => {
                    let at = self.enter(node, form);
                    let resolved = Resolved::new(node, parent.values, at, parent.path, parent.template);
                    let form = if node.element == Element::Form { Some(at.element) } else { form };
                    nodes.push(Node { resolved, key: None, children: self.children(tree, resolved, form) });
                }
                Child::Slot => {
                    let slot = self.take();
                    if let Some(Value::Child(Some(position))) = parent.values.get(slot) {
                        nodes.extend(instance(tree, *position, parent.path.child(slot), None));
                    }
                }
                Child::List => {
                    let slot = self.take();
                    if let Some(Value::List { first, count }) = parent.values.get(slot) {
                        for item in tree.items(*first, *count) {
                            let path = parent.path.item(slot, item.key);
                            nodes.extend(instance(tree, item.instance, path, Some(item.key)));
                        }
                    }
                }
            }
        }
        nodes
    }
}
