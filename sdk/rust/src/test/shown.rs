//! A page as a test sees it: the decoded frame as a flat list of elements, with
//! the names that a user would call them by.

use std::collections::HashSet;

use mprun_frame::element::{Attribute, Element, Event, Range};
use mprun_frame::limits::FrameLimits;
use mprun_frame::template::{AttributeValue, Body, Child, Node, Templates};
use mprun_frame::tree::{Tree, Value};

use crate::export::View;

/// An element of the page.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    pub(super) element: Element,
    pub(super) attributes: Vec<(Attribute, String)>,
    pub(super) events: Vec<(Event, Vec<u8>)>,
    /// Its own text, or that of everything inside of it.
    pub(super) text: String,
    /// Positions of the elements around it, the root first.
    pub(super) around: Vec<usize>,
}

impl Shown {
    pub(super) fn attribute(&self, attribute: Attribute) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| *known == attribute).map(|(_, value)| value.as_str())
    }

    pub(super) fn message(&self, event: Event) -> Option<&[u8]> {
        self.events.iter().find(|(known, _)| *known == event).map(|(_, message)| message.as_slice())
    }

    pub(super) fn is_disabled(&self) -> bool {
        self.attribute(Attribute::Disabled).is_some()
    }

    /// The numbers of a slider.
    pub(super) fn range(&self) -> Range {
        Range::of(self.attribute(Attribute::Min), self.attribute(Attribute::Max), self.attribute(Attribute::Step))
    }

    /// What a user calls it: its label, or its text.
    pub(super) fn is_called(&self, name: &str) -> bool {
        self.attribute(Attribute::Label) == Some(name) || self.text == name
    }

    /// For lists of what there is.
    pub(super) fn describe(&self) -> String {
        let name = self.attribute(Attribute::Label).unwrap_or(&self.text);
        let off = if self.is_disabled() { " (disabled)" } else { "" };
        format!("`{}` {name:?}{off}", self.element.name())
    }
}

/// Decodes a view as a host does, with all limits.
pub(super) fn decode(view: &View) -> Result<Vec<Shown>, String> {
    let mut seen = HashSet::new();
    let encodings = view.templates.iter().copied().filter(|encoding| seen.insert(*encoding));
    let templates = Templates::decode(encodings).map_err(|(_, error)| error.to_string())?;
    let tree =
        Tree::decode(&view.frame, &templates, &[], &FrameLimits::default()).map_err(|error| error.to_string())?;
    let mut walk = Walk { tree: &tree, elements: Vec::new(), around: Vec::new() };
    walk.instance(tree.root());
    Ok(walk.elements)
}

struct Walk<'a> {
    tree: &'a Tree<'a>,
    elements: Vec<Shown>,
    around: Vec<usize>,
}

impl<'a> Walk<'a> {
    fn instance(&mut self, position: usize) {
        if let Some(instance) = self.tree.instance(position) {
            // A template's slots are numbered in the order in which this walk meets them.
            let mut values = self.tree.values(instance).iter().copied();
            self.node(instance.template.root(), &mut values);
        }
    }

    fn node(&mut self, node: &Node, values: &mut dyn Iterator<Item = Value<'a>>) {
        let mut shown = Shown {
            element: node.element,
            attributes: Vec::new(),
            events: Vec::new(),
            text: String::new(),
            around: self.around.clone(),
        };
        for (attribute, value) in &node.attributes {
            let value = match value {
                AttributeValue::Static(text) => Some(text.clone()),
                AttributeValue::Slot => match values.next() {
                    Some(Value::Attribute(text)) => text.map(str::to_owned),
                    Some(Value::Flag(true)) => Some(String::new()),
                    _ => None,
                },
            };
            shown.attributes.extend(value.map(|value| (*attribute, value)));
        }
        for event in &node.events {
            if let Some(Value::Handler(Some(message))) = values.next() {
                shown.events.push((*event, message.to_vec()));
            }
        }
        let position = self.elements.len();
        self.elements.push(shown);
        self.around.push(position);
        let text = match &node.body {
            Body::Empty => String::new(),
            Body::Text(text) => text.clone(),
            Body::TextSlot => match values.next() {
                Some(Value::Text(text)) => text.to_owned(),
                _ => String::new(),
            },
            Body::Children(children) => {
                for child in children {
                    self.child(child, values);
                }
                let inside = self.elements.get(position + 1..).unwrap_or_default();
                // Those directly inside have the texts of what is inside of them.
                let direct = inside.iter().filter(|element| element.around.last() == Some(&position));
                let texts: Vec<_> =
                    direct.map(|element| element.text.as_str()).filter(|text| !text.is_empty()).collect();
                // Parts of one paragraph have their blanks with them.
                texts.join(if node.element == Element::RichText { "" } else { " " })
            }
        };
        self.around.pop();
        if let Some(shown) = self.elements.get_mut(position) {
            shown.text = text;
        }
    }

    fn child(&mut self, child: &Child, values: &mut dyn Iterator<Item = Value<'a>>) {
        match child {
            Child::Element(node) => self.node(node, values),
            Child::Slot => {
                if let Some(Value::Child(Some(instance))) = values.next() {
                    self.instance(instance);
                }
            }
            Child::List => {
                if let Some(Value::List { first, count }) = values.next() {
                    for item in self.tree.items(first, count) {
                        self.instance(item.instance);
                    }
                }
            }
        }
    }
}

/// The page as lines of text: fields as `label: value`, buttons as `[text]`. What
/// folds or lies above the page is there as if it were open.
pub(super) fn text(elements: &[Shown], value: impl Fn(usize) -> String) -> String {
    let mut lines = Vec::new();
    for (position, element) in elements.iter().enumerate() {
        let label = element.attribute(Attribute::Label).unwrap_or_default();
        let line = match element.element {
            Element::Text | Element::Heading | Element::RichText => element.text.clone(),
            Element::Button | Element::Navigator if element.text.is_empty() => format!("[{label}]"),
            Element::Button | Element::Navigator => format!("[{}]", element.text),
            Element::Image => match element.attribute(Attribute::Alt).unwrap_or_default() {
                "" => String::new(),
                alt => format!("({alt})"),
            },
            Element::Icon if !label.is_empty() => format!("({label})"),
            Element::Dialog => format!("[{}]\n{label}", element.attribute(Attribute::Trigger).unwrap_or_default()),
            Element::Table | Element::Disclosure | Element::Tab | Element::CheckboxGroup => label.to_owned(),
            Element::Progress => format!("{label}: {}%", element.attribute(Attribute::Percent).unwrap_or_default()),
            Element::Checkbox | Element::Switch => {
                format!("{label}: {}", if value(position) == "true" { "yes" } else { "no" })
            }
            Element::Picker | Element::RadioGroup => {
                let chosen = value(position);
                let options = elements.iter().filter(|option| option.around.last() == Some(&position));
                let mut options = options.filter(|option| option.attribute(Attribute::Value) == Some(&chosen));
                format!("{label}: {}", options.next().map_or(chosen.as_str(), |option| &option.text))
            }
            element if element.is_field() => format!("{label}: {}", value(position)),
            _ => String::new(),
        };
        if !line.is_empty() {
            lines.push(line);
        }
    }
    lines.join("\n")
}
