//! A frame, checked and decoded: what renderers walk.
//!
//! Everything a program can get wrong in a view is found here, once, and said
//! with the position of the operation; whoever has a [`Tree`] has nothing left
//! to refuse.

use std::collections::HashSet;

use thiserror::Error;

use crate::element::{Attribute, Element, Event};
use crate::frame::Frame;
use crate::limits::{FRAME_TEMPLATES_MAX, FrameLimits, INSTANCES_BYTES_MAX, KEY_BYTES_MAX, MESSAGE_BYTES_MAX};
use crate::quoted;
use crate::template::{SlotKind, Template, TemplateError, Templates};

/// Where a template comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The bundle, with its position in [`Templates::as_slice`].
    Bundle(usize),
    /// The frame's own definitions, with the position there.
    Frame(usize),
}

/// One use of a template.
#[derive(Debug, Clone, Copy)]
pub struct Instance<'a> {
    /// The template.
    pub template: &'a Template,
    /// Where it comes from.
    pub source: Source,
    first_value: usize,
}

/// What is in a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// Of [`SlotKind::Text`].
    Text(&'a str),
    /// Of [`SlotKind::Attribute`], checked against the attribute's kind.
    Attribute(Option<&'a str>),
    /// Of [`SlotKind::Flag`].
    Flag(bool),
    /// Of [`SlotKind::Handler`].
    Handler(Option<&'a [u8]>),
    /// Of [`SlotKind::Child`]: an instance's position.
    Child(Option<usize>),
    /// Of [`SlotKind::List`]: the range of its items, see [`Tree::items`].
    List {
        /// Position of the first item.
        first: usize,
        /// How many there are.
        count: usize,
    },
}

/// An item of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item<'a> {
    /// Its key, once in its list.
    pub key: &'a str,
    /// Its instance's position.
    pub instance: usize,
}

/// A view that keeps every rule.
#[derive(Debug)]
pub struct Tree<'a> {
    instances: Vec<Instance<'a>>,
    values: Vec<Value<'a>>,
    items: Vec<Item<'a>>,
    nodes: u32,
}

/// Why a frame is refused, and at which operation.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("operation {op}: {reason}")]
pub struct FrameError {
    /// Position in `ops`; for errors of the whole frame, how many there are.
    pub op: usize,
    /// What is wrong there.
    pub reason: FrameErrorReason,
}

/// What can be wrong with a frame.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FrameErrorReason {
    /// `ops` ends where something should follow.
    #[error("the frame ends where {0} should follow")]
    Truncated(&'static str),
    /// `ops` goes on after the root instance.
    #[error("{0} operations after the end of the page")]
    TrailingOps(usize),
    /// `text` is not used up.
    #[error("{0} bytes of `text` are not used")]
    TrailingText(usize),
    /// `messages` is not used up.
    #[error("{0} bytes of `messages` are not used")]
    TrailingMessages(usize),
    /// A length goes beyond the end of an arena.
    #[error("{length} bytes of `{arena}` are asked for, {left} are left")]
    ArenaShort {
        /// Which arena.
        arena: &'static str,
        /// How many bytes the operation claims.
        length: usize,
        /// How many there are.
        left: usize,
    },
    /// A text that begins or ends inside of a character.
    #[error("a text ends in the middle of a character")]
    Character,
    /// A position that no template has.
    #[error("template {position} of {count} does not exist")]
    NoTemplate {
        /// The position.
        position: u32,
        /// How many templates the frame names and defines.
        count: usize,
    },
    /// An id that the bundle does not have.
    #[error("the bundle has no template {0:016x}")]
    UnknownTemplate(u64),
    /// A template has two numbers.
    #[error("template {0} is listed twice")]
    DoubledTemplate(usize),
    /// One of `definitions` is wrong.
    #[error("definition {position}: {error}")]
    Definition {
        /// Which one.
        position: usize,
        /// What is wrong with it.
        error: TemplateError,
    },
    /// A flag or child slot with something else than 0 or 1.
    #[error("expected 0 or 1 for {what}, got {got}")]
    NotBoolean {
        /// What kind of slot.
        what: &'static str,
        /// The operation.
        got: u32,
    },
    /// An attribute's value that its kind refuses.
    #[error("`{element} {attribute}`: {why}")]
    Attribute {
        /// The element.
        element: &'static str,
        /// The attribute.
        attribute: &'static str,
        /// Why.
        why: String,
    },
    /// An attribute that has to be there.
    #[error("`{element}` needs `{attribute}`")]
    Missing {
        /// The element.
        element: &'static str,
        /// The attribute.
        attribute: &'static str,
    },
    /// An element in a place that does not take it.
    #[error("{0}")]
    Place(String),
    /// A key that stands twice in one list.
    #[error("the key `{0}` stands twice in one list")]
    DoubledKey(String),
    /// More than the limit.
    #[error("more than {limit} {what}")]
    Limit {
        /// What there is too much of: `nodes`, `levels`, `bytes`, `templates`,
        /// `bytes in a key`, `bytes in a message`.
        what: &'static str,
        /// How much is allowed.
        limit: usize,
    },
}

/// Reads the templates that a frame defines itself. Kept by the caller, because
/// the tree refers to them.
///
/// # Errors
/// The first definition that breaks the grammar, or too many.
pub fn definitions(frame: &Frame) -> Result<Vec<Template>, FrameError> {
    let mut templates = Vec::new();
    let mut rest = frame.definitions.as_slice();
    while !rest.is_empty() {
        let position = templates.len();
        let fail = |reason| FrameError { op: 0, reason };
        if frame.templates.len() + position >= FRAME_TEMPLATES_MAX {
            return Err(fail(FrameErrorReason::Limit { what: "templates", limit: FRAME_TEMPLATES_MAX }));
        }
        let (template, read) =
            Template::decode_prefix(rest).map_err(|error| fail(FrameErrorReason::Definition { position, error }))?;
        templates.push(template);
        rest = rest.get(read..).unwrap_or_default();
    }
    Ok(templates)
}

impl<'a> Tree<'a> {
    /// Checks and decodes a frame. `own` are its [`definitions`].
    ///
    /// # Errors
    /// The first operation that breaks the grammar, the table of elements or a
    /// limit.
    pub fn decode(
        frame: &'a Frame,
        bundle: &'a Templates,
        own: &'a [Template],
        limits: &FrameLimits,
    ) -> Result<Self, FrameError> {
        let whole = |reason| FrameError { op: 0, reason };
        if frame.bytes() > limits.bytes_max {
            return Err(whole(FrameErrorReason::Limit { what: "bytes", limit: limits.bytes_max }));
        }
        let named = frame.templates.len();
        if named + own.len() > FRAME_TEMPLATES_MAX {
            return Err(whole(FrameErrorReason::Limit { what: "templates", limit: FRAME_TEMPLATES_MAX }));
        }
        let mut templates = Vec::with_capacity(named + own.len());
        let mut seen = HashSet::with_capacity(named + own.len());
        for id in &frame.templates {
            let position = bundle.position(*id).ok_or_else(|| whole(FrameErrorReason::UnknownTemplate(*id)))?;
            let template =
                bundle.as_slice().get(position).ok_or_else(|| whole(FrameErrorReason::UnknownTemplate(*id)))?;
            templates.push((template, Source::Bundle(position)));
        }
        templates.extend(own.iter().enumerate().map(|(position, template)| (template, Source::Frame(position))));
        for (position, (template, _)) in templates.iter().enumerate() {
            if !seen.insert(template.id()) {
                return Err(whole(FrameErrorReason::DoubledTemplate(position)));
            }
        }
        let mut decoder = Decoder {
            frame,
            limits,
            templates,
            op: 0,
            text: 0,
            message: 0,
            instances_bytes: 0,
            tree: Self {
                instances: Vec::with_capacity(16),
                values: Vec::with_capacity(frame.ops.len()),
                items: Vec::new(),
                nodes: 0,
            },
        };
        decoder.instance(None, 0, false)?;
        decoder.finish()
    }

    /// The instance that is the page.
    pub fn root(&self) -> usize {
        0
    }

    /// The instance at a position; positions come from this tree.
    pub fn instance(&self, position: usize) -> Option<&Instance<'a>> {
        self.instances.get(position)
    }

    /// The values of an instance's slots, one for each of its template's slots.
    pub fn values(&self, instance: &Instance<'a>) -> &[Value<'a>] {
        self.values
            .get(instance.first_value..instance.first_value + instance.template.slots().len())
            .unwrap_or_default()
    }

    /// Items of a list, from [`Value::List`].
    pub fn items(&self, first: usize, count: usize) -> &[Item<'a>] {
        self.items.get(first..first + count).unwrap_or_default()
    }

    /// How many elements the page has.
    pub fn nodes(&self) -> u32 {
        self.nodes
    }
}

struct Decoder<'a, 'l> {
    frame: &'a Frame,
    limits: &'l FrameLimits,
    templates: Vec<(&'a Template, Source)>,
    op: usize,
    text: usize,
    message: usize,
    /// Bytes of the templates of all instances so far.
    instances_bytes: usize,
    tree: Tree<'a>,
}

impl<'a> Decoder<'a, '_> {
    /// The error at the operation that was read last.
    fn fail<T>(&self, reason: FrameErrorReason) -> Result<T, FrameError> {
        Err(FrameError { op: self.op.saturating_sub(1), reason })
    }

    fn next(&mut self, what: &'static str) -> Result<u32, FrameError> {
        match self.frame.ops.get(self.op) {
            Some(op) => {
                self.op += 1;
                Ok(*op)
            }
            None => Err(FrameError { op: self.op, reason: FrameErrorReason::Truncated(what) }),
        }
    }

    fn boolean(&mut self, what: &'static str) -> Result<bool, FrameError> {
        match self.next(what)? {
            0 => Ok(false),
            1 => Ok(true),
            got => self.fail(FrameErrorReason::NotBoolean { what, got }),
        }
    }

    fn take_text(&mut self, length: usize) -> Result<&'a str, FrameError> {
        let text: &'a str = &self.frame.text;
        let left = text.len() - self.text;
        if length > left {
            return self.fail(FrameErrorReason::ArenaShort { arena: "text", length, left });
        }
        match text.get(self.text..self.text + length) {
            Some(part) => {
                self.text += length;
                Ok(part)
            }
            None => self.fail(FrameErrorReason::Character),
        }
    }

    fn take_message(&mut self, length: usize) -> Result<&'a [u8], FrameError> {
        if length > MESSAGE_BYTES_MAX {
            return self.fail(FrameErrorReason::Limit { what: "bytes in a message", limit: MESSAGE_BYTES_MAX });
        }
        let left = self.frame.messages.len() - self.message;
        match self.frame.messages.get(self.message..self.message + length) {
            Some(part) => {
                self.message += length;
                Ok(part)
            }
            None => self.fail(FrameErrorReason::ArenaShort { arena: "messages", length, left }),
        }
    }

    /// An instance in `parent` (none: it is the page), below `above` elements.
    /// Returns its position.
    fn instance(&mut self, parent: Option<Element>, above: u32, in_form: bool) -> Result<usize, FrameError> {
        let number = self.next("an instance")?;
        let Some(&(template, source)) = self.templates.get(number as usize) else {
            let count = self.templates.len();
            return self.fail(FrameErrorReason::NoTemplate { position: number, count });
        };
        if above + template.depth() > self.limits.depth_max {
            return self.fail(FrameErrorReason::Limit { what: "levels", limit: self.limits.depth_max as usize });
        }
        self.tree.nodes += template.elements();
        if self.tree.nodes > self.limits.nodes_max {
            return self.fail(FrameErrorReason::Limit { what: "nodes", limit: self.limits.nodes_max as usize });
        }
        self.instances_bytes += template.encoding().len();
        if self.instances_bytes > INSTANCES_BYTES_MAX {
            return self.fail(FrameErrorReason::Limit { what: "bytes", limit: INSTANCES_BYTES_MAX });
        }
        self.place(parent, template, in_form)?;
        let position = self.tree.instances.len();
        let first_value = self.tree.values.len();
        self.tree.instances.push(Instance { template, source, first_value });
        // Room for this instance's values, before those of what is inside of it.
        self.tree.values.resize(first_value + template.slots().len(), Value::Flag(false));
        for (offset, slot) in template.slots().iter().enumerate() {
            let value = match slot.kind {
                SlotKind::Text => {
                    let length = self.next("a text")? as usize;
                    Value::Text(self.take_text(length)?)
                }
                SlotKind::Attribute(attribute) => Value::Attribute(self.attribute(slot.element, attribute)?),
                SlotKind::Flag(_) => Value::Flag(self.boolean("a flag")?),
                SlotKind::Handler(event) => Value::Handler(self.handler(event)?),
                SlotKind::Child => Value::Child(match self.boolean("a child")? {
                    true => Some(self.instance(Some(slot.element), above + slot.depth, in_form || slot.in_form)?),
                    false => None,
                }),
                SlotKind::List => self.list(slot.element, above + slot.depth, in_form || slot.in_form)?,
            };
            if let Some(place) = self.tree.values.get_mut(first_value + offset) {
                *place = value;
            }
        }
        Ok(position)
    }

    fn place(&self, parent: Option<Element>, template: &Template, in_form: bool) -> Result<(), FrameError> {
        let root = template.root().element;
        let why = match (parent, root.definition().parent) {
            (Some(parent), _) => parent.refuse_child(root),
            (None, Some(needed)) => Some(format!("`{}` can only stand in `{}`", root.name(), needed.name())),
            (None, None) => None,
        };
        match why {
            Some(why) => self.fail(FrameErrorReason::Place(why)),
            // The form may also stand deeper in the template.
            None if in_form && template.has_form() => {
                self.fail(FrameErrorReason::Place("`form` cannot stand in `form`".to_owned()))
            }
            None => Ok(()),
        }
    }

    fn attribute(&mut self, element: Element, attribute: Attribute) -> Result<Option<&'a str>, FrameError> {
        let length = self.next("an attribute")? as usize;
        if length == 0 {
            if element.definition().required.contains(&attribute) {
                let (element, attribute) = (element.name(), attribute.name());
                return self.fail(FrameErrorReason::Missing { element, attribute });
            }
            return Ok(None);
        }
        let value = self.take_text(length - 1)?;
        match attribute.kind().refuse(value) {
            Some(why) => {
                let (element, attribute) = (element.name(), attribute.name());
                self.fail(FrameErrorReason::Attribute { element, attribute, why })
            }
            None => Ok(Some(value)),
        }
    }

    fn handler(&mut self, _event: Event) -> Result<Option<&'a [u8]>, FrameError> {
        match self.next("a handler")? as usize {
            0 => Ok(None),
            length => self.take_message(length - 1).map(Some),
        }
    }

    fn list(&mut self, element: Element, above: u32, in_form: bool) -> Result<Value<'a>, FrameError> {
        let count = self.next("a list")? as usize;
        // Each item is at least one element, so this bounds what is reserved.
        let left = self.limits.nodes_max.saturating_sub(self.tree.nodes) as usize;
        if count > left {
            return self.fail(FrameErrorReason::Limit { what: "nodes", limit: self.limits.nodes_max as usize });
        }
        let first = self.tree.items.len();
        self.tree.items.resize(first + count, Item { key: "", instance: 0 });
        let mut keys = HashSet::with_capacity(count);
        for offset in 0..count {
            let length = self.next("a key")? as usize;
            if length > KEY_BYTES_MAX {
                return self.fail(FrameErrorReason::Limit { what: "bytes in a key", limit: KEY_BYTES_MAX });
            }
            let key = self.take_text(length)?;
            if !keys.insert(key) {
                return self.fail(FrameErrorReason::DoubledKey(quoted(key)));
            }
            let instance = self.instance(Some(element), above, in_form)?;
            if let Some(place) = self.tree.items.get_mut(first + offset) {
                *place = Item { key, instance };
            }
        }
        Ok(Value::List { first, count })
    }

    fn finish(self) -> Result<Tree<'a>, FrameError> {
        let end = |reason| Err(FrameError { op: self.op, reason });
        match (
            self.frame.ops.len() - self.op,
            self.frame.text.len() - self.text,
            self.frame.messages.len() - self.message,
        ) {
            (0, 0, 0) => Ok(self.tree),
            (0, 0, more) => end(FrameErrorReason::TrailingMessages(more)),
            (0, more, _) => end(FrameErrorReason::TrailingText(more)),
            (more, ..) => end(FrameErrorReason::TrailingOps(more)),
        }
    }
}
