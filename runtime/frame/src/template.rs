//! Templates: what does not change of a view, known when a program is built.
//!
//! A template is one element with everything in it, where some places are left
//! open: *slots*, numbered in the order in which the encoding mentions them.
//! There is one encoding for one template; anything else is refused, so that
//! the content hash is an identity. Which values a slot takes is decided here,
//! from the table of elements; the values themselves are a frame's.

use std::collections::HashMap;

use thiserror::Error;

use crate::element::{Attribute, AttributeKind, Content, Element, Event};
use crate::limits::{DEPTH_MAX, TEMPLATE_BYTES_MAX, TEMPLATE_ELEMENTS_MAX, TEMPLATE_SLOTS_MAX, TEMPLATES_MAX};

/// The version of the grammar, the first byte of each encoding.
pub const GRAMMAR: u8 = 1;

/// The bytes that say what follows. `wit/README.md` explains each.
mod tag {
    pub(super) const STATIC: u8 = 0;
    pub(super) const FLAG: u8 = 1;
    pub(super) const SLOT: u8 = 2;

    pub(super) const EMPTY: u8 = 0;
    pub(super) const TEXT: u8 = 1;
    pub(super) const TEXT_SLOT: u8 = 2;
    pub(super) const CHILDREN: u8 = 3;

    pub(super) const ELEMENT: u8 = 0;
    pub(super) const CHILD: u8 = 1;
    pub(super) const LIST: u8 = 2;
}

/// An element of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Which element.
    pub element: Element,
    /// Its attributes, by number.
    pub attributes: Vec<(Attribute, AttributeValue)>,
    /// The events that it may offer, by number. Each is a slot.
    pub events: Vec<Event>,
    /// What is inside.
    pub body: Body,
}

/// The value of an attribute of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttributeValue {
    /// The same in every instance. Empty for a flag.
    Static(String),
    /// Given by the frame.
    Slot,
}

/// What is inside an element of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Nothing.
    Empty,
    /// The same text in every instance; never empty.
    Text(String),
    /// Text given by the frame.
    TextSlot,
    /// Elements and places for instances; never an empty list.
    Children(Vec<Child>),
}

/// One of several children.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Child {
    /// An element of the same template.
    Element(Node),
    /// A place for one instance, or none.
    Slot,
    /// A place for instances with keys.
    List,
}

/// What a frame gives for a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlotKind {
    /// Text of an element.
    Text,
    /// An attribute's text, or nothing.
    Attribute(Attribute),
    /// Whether a flag is there.
    Flag(Attribute),
    /// The message of a handler, or none.
    Handler(Event),
    /// An instance, or none.
    Child,
    /// Instances with keys.
    List,
}

/// A place that a frame fills.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// What the frame gives.
    pub kind: SlotKind,
    /// The element that it belongs to.
    pub element: Element,
    /// How deep that element lies in its template, the root at 1.
    pub depth: u32,
    /// Whether that element stands in a `form` of the same template.
    pub in_form: bool,
}

/// A template, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    id: u64,
    encoding: Box<[u8]>,
    root: Node,
    slots: Vec<Slot>,
    elements: u32,
    depth: u32,
    has_form: bool,
}

/// Why a template is refused. Positions are byte offsets in its encoding.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TemplateError {
    /// The encoding ends too early.
    #[error("the encoding ends at byte {0} in the middle of an element")]
    Truncated(usize),
    /// There is something after the end.
    #[error("{0} bytes after the end of the template")]
    Trailing(usize),
    /// A grammar of another version, or not a template at all.
    #[error("expected grammar version {GRAMMAR}, got {0}")]
    Grammar(u8),
    /// A number or tag that means nothing.
    #[error("byte {at}: there is no {what} {number}")]
    Unknown {
        /// Where.
        at: usize,
        /// What kind of thing.
        what: &'static str,
        /// The number.
        number: u8,
    },
    /// The same template could be written in another way.
    #[error("byte {at}: not in canonical form: {why}")]
    Form {
        /// Where.
        at: usize,
        /// The rule that is broken.
        why: &'static str,
    },
    /// A text that is not UTF-8.
    #[error("byte {0}: the text is not UTF-8")]
    Utf8(usize),
    /// The table of elements does not allow it.
    #[error("`{element}`: {why}")]
    Element {
        /// The element.
        element: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// More than allowed.
    #[error("the template has more than {limit} {what}")]
    Limit {
        /// What there is too much of.
        what: &'static str,
        /// How much is allowed.
        limit: usize,
    },
}

impl Template {
    /// Checks an element and everything in it, and encodes it.
    ///
    /// # Errors
    /// Whatever the table of elements or a limit refuses.
    pub fn new(root: Node) -> Result<Self, TemplateError> {
        let mut encoding = vec![GRAMMAR];
        write_node(&mut encoding, &root);
        // What was written is read again: one place decides what is allowed.
        Self::decode(&encoding)
    }

    /// Reads one template that takes up all of `encoding`.
    ///
    /// # Errors
    /// Where and how it breaks the grammar.
    pub fn decode(encoding: &[u8]) -> Result<Self, TemplateError> {
        let (template, read) = Self::decode_prefix(encoding)?;
        match encoding.len() - read {
            0 => Ok(template),
            more => Err(TemplateError::Trailing(more)),
        }
    }

    /// Reads the template that `bytes` begins with; says how many bytes it is.
    ///
    /// # Errors
    /// Where and how it breaks the grammar.
    pub fn decode_prefix(bytes: &[u8]) -> Result<(Self, usize), TemplateError> {
        let mut reader = Reader { bytes, at: 0, slots: Vec::new(), elements: 0, depth: 0, has_form: false };
        let grammar = reader.byte()?;
        if grammar != GRAMMAR {
            return Err(TemplateError::Grammar(grammar));
        }
        let root = reader.node(1, false)?;
        let encoding: Box<[u8]> = bytes.get(..reader.at).unwrap_or(bytes).into();
        let template = Self {
            id: id_of(&encoding),
            root,
            slots: reader.slots,
            elements: reader.elements,
            depth: reader.depth,
            has_form: reader.has_form,
            encoding,
        };
        let read = template.encoding.len();
        Ok((template, read))
    }

    /// The first 8 bytes of blake3 of the encoding, big-endian.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The canonical encoding.
    pub fn encoding(&self) -> &[u8] {
        &self.encoding
    }

    /// The element that it is.
    pub fn root(&self) -> &Node {
        &self.root
    }

    /// Its slots, in the order in which a frame fills them.
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// How many elements it has.
    pub fn elements(&self) -> u32 {
        self.elements
    }

    /// How deep its deepest element lies, the root at 1.
    pub fn depth(&self) -> u32 {
        self.depth
    }

    /// Whether one of its elements is a `form`, so that it cannot stand in one.
    pub fn has_form(&self) -> bool {
        self.has_form
    }
}

/// The id of an encoding: the first 8 bytes of its blake3, big-endian.
pub fn id_of(encoding: &[u8]) -> u64 {
    let hash = blake3::hash(encoding);
    hash.as_bytes().iter().take(8).fold(0, |id, byte| id << 8 | u64::from(*byte))
}

/// The templates of a bundle, by id.
#[derive(Debug, Clone, Default)]
pub struct Templates {
    templates: Vec<Template>,
    by_id: HashMap<u64, usize>,
}

impl Templates {
    /// Decodes every template of a bundle.
    ///
    /// # Errors
    /// The position of the first that breaks the grammar, and how; two with one
    /// id count as one.
    pub fn decode<'a>(encodings: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, (usize, TemplateError)> {
        let mut all = Self::default();
        for (position, encoding) in encodings.into_iter().enumerate() {
            if position >= TEMPLATES_MAX {
                return Err((position, TemplateError::Limit { what: "templates", limit: TEMPLATES_MAX }));
            }
            all.insert(Template::decode(encoding).map_err(|error| (position, error))?);
        }
        Ok(all)
    }

    /// Adds a template, unless it is there.
    pub fn insert(&mut self, template: Template) {
        let next = self.templates.len();
        if let std::collections::hash_map::Entry::Vacant(place) = self.by_id.entry(template.id()) {
            place.insert(next);
            self.templates.push(template);
        }
    }

    /// The position of the template with this id.
    pub fn position(&self, id: u64) -> Option<usize> {
        self.by_id.get(&id).copied()
    }

    /// All of them, by position.
    pub fn as_slice(&self) -> &[Template] {
        &self.templates
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    slots: Vec<Slot>,
    elements: u32,
    depth: u32,
    has_form: bool,
}

impl Reader<'_> {
    fn byte(&mut self) -> Result<u8, TemplateError> {
        if self.at >= TEMPLATE_BYTES_MAX {
            return Err(TemplateError::Limit { what: "bytes", limit: TEMPLATE_BYTES_MAX });
        }
        let byte = *self.bytes.get(self.at).ok_or(TemplateError::Truncated(self.at))?;
        self.at += 1;
        Ok(byte)
    }

    /// Unsigned LEB128, in as few bytes as possible.
    fn length(&mut self) -> Result<usize, TemplateError> {
        let start = self.at;
        let mut value = 0_usize;
        for shift in [0, 7, 14] {
            let byte = self.byte()?;
            value |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                if byte == 0 && shift > 0 {
                    return Err(TemplateError::Form { at: start, why: "a length has superfluous bytes" });
                }
                return Ok(value);
            }
        }
        Err(TemplateError::Limit { what: "bytes", limit: TEMPLATE_BYTES_MAX })
    }

    fn string(&mut self) -> Result<String, TemplateError> {
        let length = self.length()?;
        let start = self.at;
        if start + length > TEMPLATE_BYTES_MAX {
            return Err(TemplateError::Limit { what: "bytes", limit: TEMPLATE_BYTES_MAX });
        }
        let bytes = self.bytes.get(start..start + length).ok_or(TemplateError::Truncated(self.bytes.len()))?;
        self.at += length;
        String::from_utf8(bytes.to_vec()).map_err(|_| TemplateError::Utf8(start))
    }

    fn slot(&mut self, kind: SlotKind, element: Element, depth: u32, in_form: bool) -> Result<(), TemplateError> {
        if self.slots.len() >= TEMPLATE_SLOTS_MAX {
            return Err(TemplateError::Limit { what: "slots", limit: TEMPLATE_SLOTS_MAX });
        }
        self.slots.push(Slot { kind, element, depth, in_form });
        Ok(())
    }

    fn node(&mut self, depth: u32, in_form: bool) -> Result<Node, TemplateError> {
        if depth > DEPTH_MAX {
            return Err(TemplateError::Limit { what: "elements inside each other", limit: DEPTH_MAX as usize });
        }
        self.elements += 1;
        if self.elements > TEMPLATE_ELEMENTS_MAX {
            return Err(TemplateError::Limit { what: "elements", limit: TEMPLATE_ELEMENTS_MAX as usize });
        }
        self.depth = self.depth.max(depth);
        let at = self.at;
        let number = self.byte()?;
        let element = Element::from_number(number).ok_or(TemplateError::Unknown { at, what: "element", number })?;
        self.has_form |= element == Element::Form;
        let attributes = self.attributes(element, depth, in_form)?;
        let events = self.events(element, depth, in_form)?;
        let body = self.body(element, depth, in_form || element == Element::Form)?;
        let node = Node { element, attributes, events, body };
        let nested = || (in_form && element == Element::Form).then(|| "cannot stand in `form`".to_owned());
        match refuse(&node).or_else(nested) {
            Some(why) => Err(TemplateError::Element { element: element.name(), why }),
            None => Ok(node),
        }
    }

    fn attributes(
        &mut self,
        element: Element,
        depth: u32,
        in_form: bool,
    ) -> Result<Vec<(Attribute, AttributeValue)>, TemplateError> {
        let definition = element.definition();
        let wrong = |why: String| TemplateError::Element { element: element.name(), why };
        let count = self.byte()?;
        let mut attributes: Vec<(Attribute, AttributeValue)> = Vec::with_capacity(usize::from(count));
        for _ in 0..count {
            let at = self.at;
            let number = self.byte()?;
            let attribute =
                Attribute::from_number(number).ok_or(TemplateError::Unknown { at, what: "attribute", number })?;
            if attributes.last().is_some_and(|(last, _)| *last >= attribute) {
                return Err(TemplateError::Form { at, why: "attributes stand once, by number" });
            }
            if !definition.attributes.contains(&attribute) {
                return Err(wrong(format!("takes no attribute {number} (`{}`)", attribute.name())));
            }
            let flag = attribute.kind() == AttributeKind::Flag;
            let at = self.at;
            let value = match (self.byte()?, flag) {
                (tag::STATIC, false) => {
                    let text = self.string()?;
                    if let Some(why) = attribute.kind().refuse(&text) {
                        return Err(wrong(format!("`{}`: {why}", attribute.name())));
                    }
                    AttributeValue::Static(text)
                }
                (tag::FLAG, true) => AttributeValue::Static(String::new()),
                (tag::SLOT, _) => {
                    if definition.fixed.contains(&attribute) {
                        return Err(wrong(format!("`{}` cannot be a slot", attribute.name())));
                    }
                    let kind = if flag { SlotKind::Flag(attribute) } else { SlotKind::Attribute(attribute) };
                    self.slot(kind, element, depth, in_form)?;
                    AttributeValue::Slot
                }
                (number, _) => return Err(TemplateError::Unknown { at, what: "kind of attribute value", number }),
            };
            attributes.push((attribute, value));
        }
        Ok(attributes)
    }

    fn events(&mut self, element: Element, depth: u32, in_form: bool) -> Result<Vec<Event>, TemplateError> {
        let count = self.byte()?;
        let mut events: Vec<Event> = Vec::with_capacity(usize::from(count));
        for _ in 0..count {
            let at = self.at;
            let number = self.byte()?;
            let event = Event::from_number(number).ok_or(TemplateError::Unknown { at, what: "event", number })?;
            if events.last().is_some_and(|last| *last >= event) {
                return Err(TemplateError::Form { at, why: "events stand once, by number" });
            }
            if !element.definition().events.contains(&event) {
                let why = format!("has no event `{}`", event.name());
                return Err(TemplateError::Element { element: element.name(), why });
            }
            self.slot(SlotKind::Handler(event), element, depth, in_form)?;
            events.push(event);
        }
        Ok(events)
    }

    fn body(&mut self, element: Element, depth: u32, in_form: bool) -> Result<Body, TemplateError> {
        let at = self.at;
        let number = self.byte()?;
        let content = element.definition().content;
        let wrong = |why: &str| TemplateError::Element { element: element.name(), why: why.to_owned() };
        match number {
            tag::EMPTY => Ok(Body::Empty),
            tag::TEXT | tag::TEXT_SLOT if content != Content::Text => Err(wrong("takes no text")),
            tag::TEXT => {
                let text = self.string()?;
                if text.is_empty() {
                    return Err(TemplateError::Form { at, why: "an empty text is written as no body" });
                }
                Ok(Body::Text(text))
            }
            tag::TEXT_SLOT => {
                self.slot(SlotKind::Text, element, depth, in_form)?;
                Ok(Body::TextSlot)
            }
            tag::CHILDREN => {
                if matches!(content, Content::Empty | Content::Text) {
                    return Err(wrong("takes no elements"));
                }
                let count = self.length()?;
                if count == 0 {
                    return Err(TemplateError::Form { at, why: "no children are written as no body" });
                }
                // The count is a claim; what is read is bounded by the bytes.
                let mut children = Vec::new();
                for _ in 0..count {
                    children.push(self.child(element, depth, in_form)?);
                }
                Ok(Body::Children(children))
            }
            number => Err(TemplateError::Unknown { at, what: "kind of body", number }),
        }
    }

    fn child(&mut self, element: Element, depth: u32, in_form: bool) -> Result<Child, TemplateError> {
        let at = self.at;
        match self.byte()? {
            tag::ELEMENT => {
                let node = self.node(depth + 1, in_form)?;
                match element.refuse_child(node.element) {
                    Some(why) => Err(TemplateError::Element { element: element.name(), why }),
                    None => Ok(Child::Element(node)),
                }
            }
            tag::CHILD => {
                self.slot(SlotKind::Child, element, depth, in_form)?;
                Ok(Child::Slot)
            }
            tag::LIST => {
                self.slot(SlotKind::List, element, depth, in_form)?;
                Ok(Child::List)
            }
            number => Err(TemplateError::Unknown { at, what: "kind of child", number }),
        }
    }
}

/// The rules that are about several parts of one element at once.
fn refuse(node: &Node) -> Option<String> {
    let has = |attribute| node.attributes.iter().any(|(present, _)| *present == attribute);
    let is = |attribute, word: &str| {
        node.attributes.iter().any(|(present, value)| {
            *present == attribute && matches!(value, AttributeValue::Static(text) if text == word)
        })
    };
    if let Some(missing) = node.element.definition().required.iter().find(|attribute| !has(**attribute)) {
        return Some(format!("needs `{}`", missing.name()));
    }
    let pressed = node.events.contains(&Event::Tap);
    match node.element {
        Element::View | Element::ListItem if pressed && has(Attribute::To) => {
            Some("cannot have both `on:tap` and `to`".to_owned())
        }
        Element::View | Element::ListItem if (pressed || has(Attribute::To)) && !has(Attribute::Label) => {
            Some("needs `label` where all of it can be pressed".to_owned())
        }
        Element::Button if pressed && is(Attribute::FormType, "submit") => {
            Some("a button that submits its form has no `on:tap`: the form has `on:submit`".to_owned())
        }
        element if element.is_field() && !has(Attribute::Name) && node.events.is_empty() => {
            let tells = element.definition().events.iter().map(|event| format!(" or `on:{}`", event.name()));
            Some(format!("needs `name` (in a form){}", tells.collect::<String>()))
        }
        _ => None,
    }
}

fn write_node(out: &mut Vec<u8>, node: &Node) {
    out.push(node.element.number());
    // Counts that do not fit are refused when this is read again.
    out.push(u8::try_from(node.attributes.len()).unwrap_or(u8::MAX));
    for (attribute, value) in &node.attributes {
        out.push(attribute.number());
        match value {
            AttributeValue::Static(_) if attribute.kind() == AttributeKind::Flag => out.push(tag::FLAG),
            AttributeValue::Static(text) => {
                out.push(tag::STATIC);
                write_string(out, text);
            }
            AttributeValue::Slot => out.push(tag::SLOT),
        }
    }
    out.push(u8::try_from(node.events.len()).unwrap_or(u8::MAX));
    out.extend(node.events.iter().map(|event| event.number()));
    match &node.body {
        Body::Empty => out.push(tag::EMPTY),
        Body::Text(text) => {
            out.push(tag::TEXT);
            write_string(out, text);
        }
        Body::TextSlot => out.push(tag::TEXT_SLOT),
        Body::Children(children) => {
            out.push(tag::CHILDREN);
            write_length(out, children.len());
            for child in children {
                match child {
                    Child::Element(node) => {
                        out.push(tag::ELEMENT);
                        write_node(out, node);
                    }
                    Child::Slot => out.push(tag::CHILD),
                    Child::List => out.push(tag::LIST),
                }
            }
        }
    }
}

fn write_length(out: &mut Vec<u8>, mut value: usize) {
    loop {
        let byte = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            out.push(byte);
            return;
        }
        out.push(byte | 0x80);
    }
}

fn write_string(out: &mut Vec<u8>, text: &str) {
    write_length(out, text.len());
    out.extend_from_slice(text.as_bytes());
}
