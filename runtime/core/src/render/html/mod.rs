//! A view as HTML that works without script.
//!
//! A template is compiled once, at install, to a list of steps: what is the same
//! in every instance is one piece of finished HTML, and only elements with
//! slots, with an address or with a token are written anew. What each element
//! looks like is decided in [`tags`] and [`fields`] alone, for both, and for
//! whoever compares two views.
//!
//! The server puts one `<form method=post novalidate>` around it, so that no
//! button loses what was typed elsewhere; a program's own `form` is a section.

pub(crate) mod fields;
mod icon;
mod scope;
mod structure;
pub(crate) mod tags;

use std::cell::RefCell;
use std::rc::Rc;

use mprun_frame::element::{Attribute, Element, Event};
use mprun_frame::template::{AttributeValue, Body, Child, Node, Template};
use mprun_frame::tree::{Source, Tree, Value};

pub(crate) use self::scope::{Live, Scope};
use super::Words;
use super::escape;
use crate::view::identity::{FieldKey, Path, TokenKey};
use crate::view::node::{Cursor, Position, Resolved};
use crate::view::offers::offers;
use crate::view::overlay::Overlay;

/// Where files and pages of the program are found. Addresses are given as they
/// are; they are escaped here.
pub trait Addresses {
    /// Appends the address of a file of the bundle. False, and nothing
    /// appended, if there is none: then the picture's text is shown.
    fn asset(&self, out: &mut String, path: &str) -> bool;

    /// Appends the address of a page of the program. `query` is made of
    /// percent-encoded pairs and may be empty.
    fn page(&self, out: &mut String, route: &str, query: &str);

    /// Appends the address under which the host shows a picture from elsewhere.
    /// False, and nothing appended, where it may not: then the picture's text is
    /// shown. No address may lead a browser there by itself.
    fn remote(&self, out: &mut String, url: &str) -> bool {
        let _ = (out, url);
        false
    }
}

/// What a rendering needs beside the view.
#[derive(Clone, Copy)]
pub struct HtmlContext<'a> {
    /// The page's key.
    pub token_key: &'a TokenKey,
    /// Where files and pages are.
    pub addresses: &'a dyn Addresses,
    /// Drafts and errors of the fields.
    pub overlay: &'a Overlay,
    /// The host's own words.
    pub words: &'a Words,
}

/// A template, ready to be written.
#[derive(Debug)]
pub struct Prerendered {
    pub(crate) template: u64,
    html: String,
    steps: Vec<Step>,
    elements: Vec<Kept>,
}

/// An element that is written anew in every rendering.
#[derive(Debug)]
struct Kept {
    node: Node,
    position: Position,
    /// Its classes, if none of them is a slot.
    words: Option<String>,
}

/// What to do next. Numbers are positions in the lists of [`Prerendered`], or
/// slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Copies a piece of `html`.
    Html { from: usize, to: usize },
    /// Writes the start of an element.
    Open(usize),
    /// Writes a field with everything in it.
    Field(usize),
    /// Writes the end of an element.
    Close(usize),
    /// Writes a text slot.
    Text(usize),
    /// Writes the instance of a child slot.
    Child(usize),
    /// Writes the instances of a list slot.
    List(usize),
}

impl Prerendered {
    /// Compiles a template. Done once, when a bundle is installed.
    pub fn new(template: &Template) -> Self {
        let prerendered =
            Self { template: template.id(), html: String::new(), steps: Vec::new(), elements: Vec::new() };
        let mut compiler = Compiler { prerendered, cursor: Cursor::default() };
        compiler.node(template.root(), None);
        compiler.prerendered
    }
}

struct Compiler<'t> {
    prerendered: Prerendered,
    cursor: Cursor<'t>,
}

impl<'t> Compiler<'t> {
    fn node(&mut self, node: &'t Node, form: Option<u32>) {
        let position = self.cursor.enter(node, form);
        if node.element.is_field() {
            // The options are written with their field.
            let element = self.keep(node.clone(), position);
            self.prerendered.steps.push(Step::Field(element));
            return self.skip(node);
        }
        if matches!(node.element, Element::Option | Element::Radio) {
            return;
        }
        let shallow = Node {
            element: node.element,
            attributes: node.attributes.clone(),
            events: node.events.clone(),
            body: Body::Empty,
        };
        let resolved = Resolved::new(&shallow, &[], position, Path::ROOT, self.prerendered.template);
        if is_static(&shallow) {
            self.html(|out| tags::open(out, resolved, None));
            self.body(node, form);
            self.html(|out| tags::close(out, resolved, None));
            return;
        }
        let element = self.keep(shallow.clone(), position);
        self.prerendered.steps.push(Step::Open(element));
        let form = if node.element == Element::Form { Some(position.element()) } else { form };
        self.body(node, form);
        if ends_live(&shallow) {
            self.prerendered.steps.push(Step::Close(element));
        } else {
            self.html(|out| tags::close(out, resolved, None));
        }
    }

    fn body(&mut self, node: &'t Node, form: Option<u32>) {
        match &node.body {
            Body::Empty => {}
            Body::Text(text) => self.html(|out| escape::push(out, text)),
            Body::TextSlot => {
                // The slot was counted with its element: it is the last of those.
                let slot = self.cursor.next_slot().saturating_sub(1);
                self.prerendered.steps.push(Step::Text(slot));
            }
            Body::Children(children) => {
                for child in children {
                    match child {
                        Child::Element(node) => self.node(node, form),
                        Child::Slot => {
                            let slot = self.cursor.take();
                            self.prerendered.steps.push(Step::Child(slot));
                        }
                        Child::List => {
                            let slot = self.cursor.take();
                            self.prerendered.steps.push(Step::List(slot));
                        }
                    }
                }
            }
        }
    }

    /// Counts what is inside of a field without writing it.
    fn skip(&mut self, node: &'t Node) {
        let Body::Children(children) = &node.body else { return };
        for child in children {
            match child {
                Child::Element(node) => {
                    self.cursor.enter(node, None);
                    self.skip(node);
                }
                Child::Slot | Child::List => {
                    self.cursor.take();
                }
            }
        }
    }

    fn keep(&mut self, node: Node, position: Position) -> usize {
        let varies = node
            .attributes
            .iter()
            .any(|(attribute, value)| *value == AttributeValue::Slot && tags::class_of(*attribute).is_some());
        let words = (!varies).then(|| {
            let mut words = String::new();
            tags::words(&mut words, Resolved::new(&node, &[], position, Path::ROOT, self.prerendered.template));
            words
        });
        self.prerendered.elements.push(Kept { node, position, words });
        self.prerendered.elements.len() - 1
    }

    fn html(&mut self, write: impl FnOnce(&mut String)) {
        let html = &mut self.prerendered.html;
        let from = html.len();
        write(html);
        let end = html.len();
        match self.prerendered.steps.last_mut() {
            // Pieces that follow each other are one.
            Some(Step::Html { to, .. }) => *to = end,
            _ if from < end => self.prerendered.steps.push(Step::Html { from, to: end }),
            _ => {}
        }
    }
}

/// Whether the start of an element is the same in every instance and rendering.
fn is_static(node: &Node) -> bool {
    let slots = node.attributes.iter().any(|(_, value)| *value == AttributeValue::Slot);
    let addressed = node.attributes.iter().any(|(attribute, _)| matches!(attribute, Attribute::To | Attribute::Src));
    // What is in a form, a dialog or tabs can depend on them.
    let scoped = scope::is_scope(node.element) || matches!(node.element, Element::Button | Element::Tab);
    !slots && node.events.is_empty() && !addressed && !scoped
}

/// Whether the end of an element that is not static depends on the rendering.
fn ends_live(node: &Node) -> bool {
    let other_tag = node.element == Element::Span && node.attributes.contains(&(Attribute::To, AttributeValue::Slot));
    scope::is_scope(node.element) || node.events.contains(&Event::ReachBottom) || other_tag
}

/// Appends the view as HTML. `bundle` are the bundle's templates in their order,
/// as in [`Source::Bundle`]; a template that is missing there or that the frame
/// defines itself is compiled on the way. The same input gives the same bytes.
pub fn write(out: &mut String, tree: &Tree<'_>, bundle: &[Prerendered], context: &HtmlContext<'_>) {
    write_part(out, tree, bundle, context, (tree.root(), Path::ROOT), Scope::default(), first_wrong(tree, context));
}

/// The first field of the view that is wrong: where the browser goes.
pub(crate) fn first_wrong(tree: &Tree<'_>, context: &HtmlContext<'_>) -> Option<FieldKey> {
    let errors = &context.overlay.errors;
    if errors.is_empty() {
        return None;
    }
    offers(tree, context.token_key).fields.iter().map(|field| field.key).find(|key| errors.contains_key(key))
}

/// Appends one instance of the view, at its position and path, in `scope`.
/// `wrong` is [`first_wrong`] of the view.
pub(crate) fn write_part(
    out: &mut String,
    tree: &Tree<'_>,
    bundle: &[Prerendered],
    context: &HtmlContext<'_>,
    (position, path): (usize, Path),
    scope: Scope,
    wrong: Option<FieldKey>,
) {
    let scratch = RefCell::default();
    let mut writer =
        Writer { out, tree, bundle, own: Vec::new(), context, scope, around: Vec::new(), scratch: &scratch, wrong };
    writer.instance(position, path);
}

struct Writer<'w, 't> {
    out: &'w mut String,
    tree: &'t Tree<'t>,
    bundle: &'w [Prerendered],
    /// Templates that were compiled on the way, by id.
    own: Vec<Rc<Prerendered>>,
    context: &'w HtmlContext<'w>,
    scope: Scope,
    /// The scopes around that one.
    around: Vec<Scope>,
    /// For an address, before it is escaped.
    scratch: &'w RefCell<String>,
    /// The first field that is wrong.
    wrong: Option<FieldKey>,
}

impl<'t> Writer<'_, 't> {
    fn instance(&mut self, position: usize, path: Path) {
        let tree = self.tree;
        let Some(instance) = tree.instance(position) else { return };
        let values = tree.values(instance);
        let known = match instance.source {
            Source::Bundle(at) => self.bundle.get(at).filter(|known| known.template == instance.template.id()),
            Source::Frame(_) => None,
        };
        match known {
            Some(prerendered) => self.steps(prerendered, values, path),
            None => {
                let prerendered = self.compiled(instance.template);
                self.steps(&prerendered, values, path);
            }
        }
    }

    fn live<'l>(&self, kept: &'l Kept) -> Live<'l>
    where
        Self: 'l,
    {
        Live { context: self.context, scope: self.scope, words: kept.words.as_deref(), scratch: self.scratch }
    }

    fn compiled(&mut self, template: &Template) -> Rc<Prerendered> {
        match self.own.iter().find(|known| known.template == template.id()) {
            Some(known) => Rc::clone(known),
            None => {
                let prerendered = Rc::new(Prerendered::new(template));
                self.own.push(Rc::clone(&prerendered));
                prerendered
            }
        }
    }

    fn steps(&mut self, prerendered: &Prerendered, values: &[Value<'t>], path: Path) {
        let resolve = |element: usize| {
            let kept = prerendered.elements.get(element)?;
            Some((kept, Resolved::new(&kept.node, values, kept.position, path, prerendered.template)))
        };
        for step in &prerendered.steps {
            match *step {
                Step::Html { from, to } => self.out.push_str(prerendered.html.get(from..to).unwrap_or_default()),
                Step::Open(element) => {
                    let Some((kept, resolved)) = resolve(element) else { continue };
                    if scope::is_scope(resolved.element()) {
                        self.around.push(self.scope);
                        self.scope = self.scope.inside(resolved, self.context.token_key);
                    }
                    let live = self.live(kept);
                    tags::open(self.out, resolved, Some(live));
                }
                Step::Close(element) => {
                    let Some((kept, resolved)) = resolve(element) else { continue };
                    let live = self.live(kept);
                    tags::close(self.out, resolved, Some(live));
                    if scope::is_scope(resolved.element()) {
                        self.scope = self.around.pop().unwrap_or_default();
                    }
                }
                Step::Field(element) => {
                    let Some((_, resolved)) = resolve(element) else { continue };
                    let children = resolved.children(self.tree);
                    fields::write(self.out, resolved, &children, self.context, self.scope.form, self.wrong);
                }
                Step::Text(slot) => {
                    if let Some(Value::Text(text)) = values.get(slot) {
                        escape::push(self.out, text);
                    }
                }
                Step::Child(slot) => {
                    if let Some(Value::Child(Some(position))) = values.get(slot) {
                        self.instance(*position, path.child(slot));
                    }
                }
                Step::List(slot) => {
                    if let Some(Value::List { first, count }) = values.get(slot) {
                        for item in self.tree.items(*first, *count) {
                            self.instance(item.instance, path.item(slot, item.key));
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
