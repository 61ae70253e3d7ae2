//! Views for tests, written as markup: `<button on:tap="add">Add</button>`.
//! The value of `on:…` is the message; `<slot>` around an element makes it the
//! instance of a child slot, `<each>` makes its children, which need `key`, the
//! items of a list slot.

use mprun_frame::element::{AttributeKind, Element, Event};
use mprun_frame::frame::{Frame, FrameWriter};
use mprun_frame::limits::FrameLimits;
use mprun_frame::template::{AttributeValue, Body, Child, Node, Template, Templates};
use mprun_frame::tree::Tree;

use crate::view::identity::TokenKey;

/// A frame with its templates.
pub(crate) struct Sample {
    pub(crate) templates: Templates,
    pub(crate) frame: Frame,
}

impl Sample {
    /// Everything but handlers is static.
    pub(crate) fn of(markup: &str) -> Self {
        Self::build(markup, false)
    }

    /// Everything that can be a slot is one.
    pub(crate) fn dynamic(markup: &str) -> Self {
        Self::build(markup, true)
    }

    fn build(markup: &str, dynamic: bool) -> Self {
        let mut parser = Parser { rest: markup.trim(), dynamic };
        let page = parser.element();
        assert_eq!(parser.rest.trim(), "", "after the end of the page");
        let mut templates = Templates::default();
        let mut writer = FrameWriter::new();
        instance(&page, &mut templates, &mut writer);
        Self { templates, frame: writer.finish(&[]) }
    }

    pub(crate) fn tree(&self) -> Tree<'_> {
        Tree::decode(&self.frame, &self.templates, &[], &FrameLimits::default()).unwrap()
    }
}

pub(crate) fn token_key() -> TokenKey {
    TokenKey::from_bytes([1; 32])
}

/// An element as it was written; the node has no children yet.
struct Markup {
    node: Node,
    key: String,
    /// Values of attribute slots.
    attributes: Vec<(AttributeKind, String)>,
    messages: Vec<String>,
    text: String,
    children: Vec<Part>,
}

enum Part {
    Element(Markup),
    Slot(Option<Markup>),
    Each(Vec<Markup>),
}

fn template(markup: &Markup) -> Node {
    let mut node = markup.node.clone();
    if !markup.children.is_empty() {
        let child = |part: &Part| match part {
            Part::Element(markup) => Child::Element(template(markup)),
            Part::Slot(_) => Child::Slot,
            Part::Each(_) => Child::List,
        };
        node.body = Body::Children(markup.children.iter().map(child).collect());
    }
    node
}

fn instance(markup: &Markup, templates: &mut Templates, writer: &mut FrameWriter) {
    let template = Template::new(template(markup)).unwrap();
    writer.instance(template.id());
    templates.insert(template);
    values(markup, templates, writer);
}

fn values(markup: &Markup, templates: &mut Templates, writer: &mut FrameWriter) {
    for (kind, value) in &markup.attributes {
        match kind {
            AttributeKind::Flag => writer.flag(true),
            _ => writer.attribute(Some(value)),
        }
    }
    markup.messages.iter().for_each(|message| writer.handler(Some(message.as_bytes())));
    if markup.node.body == Body::TextSlot {
        writer.text(&markup.text);
    }
    for part in &markup.children {
        match part {
            Part::Element(markup) => values(markup, templates, writer),
            Part::Slot(child) => {
                writer.child(child.is_some());
                child.iter().for_each(|child| instance(child, templates, writer));
            }
            Part::Each(items) => {
                writer.list(items.len());
                for item in items {
                    writer.key(&item.key);
                    instance(item, templates, writer);
                }
            }
        }
    }
}

struct Parser<'a> {
    rest: &'a str,
    dynamic: bool,
}

impl<'a> Parser<'a> {
    fn eat(&mut self, what: &str) -> bool {
        let rest = self.rest.strip_prefix(what);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn until(&mut self, stop: &[char]) -> &'a str {
        let (word, rest) = self.rest.split_at(self.rest.find(stop).expect("an end"));
        self.rest = rest;
        word
    }

    fn element(&mut self) -> Markup {
        self.rest = self.rest.trim_start();
        assert!(self.eat("<"), "expected an element, got {}", self.rest);
        let name = self.until(&[' ', '>', '/', '\n']);
        let element = Element::from_name(name).unwrap_or_else(|| panic!("no element {name}"));
        let mut markup = Markup {
            node: Node { element, attributes: Vec::new(), events: Vec::new(), body: Body::Empty },
            key: String::new(),
            attributes: Vec::new(),
            messages: Vec::new(),
            text: String::new(),
            children: Vec::new(),
        };
        let mut written = Vec::new();
        let mut empty;
        loop {
            self.rest = self.rest.trim_start();
            empty = self.eat("/>");
            if empty || self.eat(">") {
                break;
            }
            let name = self.until(&['=', ' ', '>', '/', '\n']);
            let mut value = "";
            if self.eat("=\"") {
                value = self.until(&['"']);
                self.eat("\"");
            }
            match name.strip_prefix("on:") {
                Some(event) => {
                    let event = Event::ALL.iter().find(|known| known.name() == event).unwrap();
                    markup.node.events.push(*event);
                    markup.messages.push(value.to_owned());
                }
                None if name == "key" => markup.key = value.to_owned(),
                None => written.push((element.attribute(name).unwrap_or_else(|| panic!("no {name}")), value)),
            }
        }
        written.sort();
        for (attribute, value) in written {
            let slot = self.dynamic && !element.definition().fixed.contains(&attribute);
            let value = value.to_owned();
            if slot {
                markup.attributes.push((attribute.kind(), value.clone()));
            }
            let value = if slot { AttributeValue::Slot } else { AttributeValue::Static(value) };
            markup.node.attributes.push((attribute, value));
        }
        if !empty {
            self.body(&mut markup, name);
        }
        markup
    }

    fn body(&mut self, markup: &mut Markup, name: &str) {
        let end = format!("</{name}>");
        loop {
            let text = self.until(&['<']).trim();
            if !text.is_empty() {
                markup.text = text.to_owned();
                markup.node.body = if self.dynamic { Body::TextSlot } else { Body::Text(text.to_owned()) };
            }
            if self.eat(&end) {
                return;
            }
            let part = if self.eat("<slot/>") {
                Part::Slot(None)
            } else if self.eat("<slot>") {
                Part::Slot(self.elements("</slot>").pop())
            } else if self.eat("<each>") {
                Part::Each(self.elements("</each>"))
            } else {
                Part::Element(self.element())
            };
            markup.children.push(part);
        }
    }

    fn elements(&mut self, end: &str) -> Vec<Markup> {
        let mut elements = Vec::new();
        loop {
            self.rest = self.rest.trim_start();
            if self.eat(end) {
                return elements;
            }
            elements.push(self.element());
        }
    }
}
