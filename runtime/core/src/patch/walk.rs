//! Goes through two views at once, template by template: what has the same
//! template becomes the other slot by slot, what has another one is replaced,
//! lists follow their keys. What a slot changes in the page is not decided here:
//! both elements are written by the one HTML writer, and [`dom`] compares.

use std::cell::RefCell;

use mprun_frame::element::{Content, Element};
use mprun_frame::template::{Body, Child, Node};
use mprun_frame::tree::{Tree, Value};

use super::dom::{self, HOLE, Shallow};
use super::list::{self, Step};
use super::op::Op;
use crate::render::html::{HtmlContext, Live, Prerendered, Scope, fields, first_wrong, tags, write_part};
use crate::view::identity::{FieldKey, Path};
use crate::view::node::{Cursor, Resolved};

/// One of the two views.
pub(super) struct Side<'a> {
    pub(super) tree: &'a Tree<'a>,
    pub(super) context: HtmlContext<'a>,
    /// The first field that is wrong.
    wrong: Option<FieldKey>,
}

/// Both views.
pub(super) struct Walk<'a> {
    pub(super) old: Side<'a>,
    pub(super) new: Side<'a>,
    pub(super) bundle: &'a [Prerendered],
    /// Whether parts with equal values may look different: what lies over the
    /// page has changed.
    pub(super) look_everywhere: bool,
}

/// What stands around a part, in each of the views.
#[derive(Clone, Copy, Default)]
pub(super) struct Around {
    old: Scope,
    new: Scope,
}

impl Around {
    /// Whether a button that hands in its form or closes its dialog sends something
    /// else now.
    fn differs(&self) -> bool {
        let told =
            |scope: &Scope| (scope.form.and_then(|form| form.submit), scope.dialog.and_then(|dialog| dialog.close));
        told(&self.old) != told(&self.new)
    }
}

/// One place of a template in both views.
#[derive(Clone, Copy)]
struct Place<'a> {
    old: &'a [Value<'a>],
    new: &'a [Value<'a>],
    path: Path,
    template: u64,
}

/// Another element has to take this one's place.
pub(super) struct Other;

/// Where a part's template begins, and how far in it the walk is.
struct Inside<'a> {
    place: Place<'a>,
    cursor: Cursor<'a>,
    /// The form of the same template around what comes next.
    form: Option<u32>,
}

impl<'a> Walk<'a> {
    /// The instances at two positions, in the same place.
    pub(super) fn instance(&mut self, old: usize, new: usize, path: Path, around: Around) -> Result<Vec<Op>, Other> {
        if !self.look_everywhere && !around.differs() && self.equal(old, new) {
            return Ok(Vec::new());
        }
        let (tree_old, tree_new) = (self.old.tree, self.new.tree);
        let (Some(one), Some(other)) = (tree_old.instance(old), tree_new.instance(new)) else { return Err(Other) };
        if one.template.id() != other.template.id() {
            return Err(Other);
        }
        let place =
            Place { old: tree_old.values(one), new: tree_new.values(other), path, template: other.template.id() };
        let mut inside = Inside { place, cursor: Cursor::default(), form: None };
        self.node(&mut inside, other.template.root(), around)
    }

    /// Whether two instances have the same template and the same values, all the
    /// way down.
    fn equal(&self, old: usize, new: usize) -> bool {
        let (tree_old, tree_new) = (self.old.tree, self.new.tree);
        let (Some(one), Some(other)) = (tree_old.instance(old), tree_new.instance(new)) else { return false };
        one.template.id() == other.template.id()
            && tree_old.values(one).iter().zip(tree_new.values(other)).all(|pair| match pair {
                (Value::Child(Some(old)), Value::Child(Some(new))) => self.equal(*old, *new),
                (Value::List { first, count }, Value::List { first: start, count: size }) => {
                    let items = tree_old.items(*first, *count).iter().zip(tree_new.items(*start, *size));
                    count == size
                        && items
                            .into_iter()
                            .all(|(old, new)| old.key == new.key && self.equal(old.instance, new.instance))
                }
                (old, new) => old == new,
            })
    }

    fn node(&mut self, inside: &mut Inside<'a>, node: &'a Node, around: Around) -> Result<Vec<Op>, Other> {
        let at = inside.cursor.enter(node, inside.form);
        let Place { path, template, .. } = inside.place;
        let old = Resolved::new(node, inside.place.old, at, path, template);
        let new = Resolved::new(node, inside.place.new, at, path, template);
        if node.element.is_field() {
            skip(&mut inside.cursor, node);
            return self.field(old, new, around);
        }
        let within = Around {
            old: around.old.inside(old, self.old.context.token_key),
            new: around.new.inside(new, self.new.context.token_key),
        };
        let (shell_old, shell_new) = (self.old.shell(old, within.old), self.new.shell(new, within.new));
        let (Some(before), Some(after)) = (dom::parse_one(&shell_old), dom::parse_one(&shell_new)) else {
            return Err(Other);
        };
        let Some(shallow) = dom::compare(&before, &after) else {
            // Without elements inside, it is all there to be written anew.
            return match node.body {
                Body::Children(_) => Err(Other),
                Body::Empty | Body::Text(_) | Body::TextSlot => Ok(vec![Op::Replace(filled(&shell_new, new.text()))]),
            };
        };
        let form = inside.form;
        if node.element == Element::Form {
            inside.form = Some(at.element());
        }
        let below = self.body(inside, node, (old, new), &shallow, within)?;
        inside.form = form;
        let mut ops = shallow.ops;
        if shallow.path.is_empty() {
            ops.extend(below);
        } else {
            ops.extend(Op::below(shallow.path, below));
        }
        Ok(ops)
    }

    /// What is inside of an element, as changes of the one that holds it.
    fn body(
        &mut self,
        inside: &mut Inside<'a>,
        node: &'a Node,
        (old, new): (Resolved<'a>, Resolved<'a>),
        shallow: &Shallow<'_>,
        around: Around,
    ) -> Result<Vec<Op>, Other> {
        let mut ops = Vec::new();
        let mut index = shallow.offset;
        match &node.body {
            Body::TextSlot if old.text() != new.text() => {
                ops.push(Op::Text(crate::render::escape::clean(new.text()).into_owned()));
            }
            Body::Empty | Body::Text(_) | Body::TextSlot => {}
            Body::Children(children) => {
                for child in children {
                    match child {
                        Child::Element(node) => {
                            let inner = self.node(inside, node, around)?;
                            ops.extend(Op::down(index, inner));
                            index += 1;
                        }
                        Child::Slot => {
                            let slot = inside.cursor.take();
                            self.slot(inside.place, slot, &mut index, around, &mut ops);
                        }
                        Child::List => {
                            let slot = inside.cursor.take();
                            self.list(inside.place, slot, &mut index, around, &mut ops);
                        }
                    }
                }
            }
        }
        ops.extend(shallow.tail_ops(index).ok_or(Other)?);
        Ok(ops)
    }

    fn slot(&mut self, place: Place<'a>, slot: usize, index: &mut u32, around: Around, ops: &mut Vec<Op>) {
        let child = |values: &'a [Value<'a>]| match values.get(slot) {
            Some(Value::Child(child)) => *child,
            _ => None,
        };
        let path = place.path.child(slot);
        match (child(place.old), child(place.new)) {
            (None, None) => return,
            (Some(_), None) => {
                ops.push(Op::Remove(*index, 1));
                return;
            }
            (None, Some(new)) => {
                let html = self.html(new, path, around);
                ops.push(Op::Insert(*index, html));
            }
            (Some(old), Some(new)) => {
                let inner = self.kept(old, new, path, around);
                ops.extend(Op::down(*index, inner));
            }
        }
        *index += 1;
    }

    fn list(&mut self, place: Place<'a>, slot: usize, index: &mut u32, around: Around, ops: &mut Vec<Op>) {
        let items = |tree: &'a Tree<'a>, values: &'a [Value<'a>]| match values.get(slot) {
            Some(Value::List { first, count }) => tree.items(*first, *count),
            _ => &[],
        };
        let (old, new) = (items(self.old.tree, place.old), items(self.new.tree, place.new));
        let base = *index;
        let keys = |items: &[mprun_frame::tree::Item<'a>]| items.iter().map(|item| item.key).collect::<Vec<_>>();
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        // Where the new items that were written last end, if that was the last step.
        let mut end = None;
        let mut written = vec![false; new.len()];
        for step in list::steps(&keys(old), &keys(new)) {
            match step {
                Step::Remove { at, count } => ops.push(Op::Remove(base + number(at), number(count))),
                Step::Move { from, to } => {
                    end = None;
                    ops.push(Op::Move(base + number(from), base + number(to)));
                }
                Step::Insert { at, item } => {
                    let (Some(written), Some(item)) = (written.get_mut(item), new.get(item)) else { continue };
                    *written = true;
                    let html = self.html(item.instance, place.path.item(slot, item.key), around);
                    match ops.last_mut() {
                        // New items that follow each other come together.
                        Some(Op::Insert(_, before)) if end == Some(at) => before.push_str(&html),
                        _ => ops.push(Op::Insert(base + number(at), html)),
                    }
                    end = Some(at + 1);
                }
            }
        }
        let before: std::collections::HashMap<&str, usize> = old.iter().map(|item| (item.key, item.instance)).collect();
        // What was written just now is as it should be.
        for (position, (item, _)) in new.iter().zip(written).enumerate().filter(|(_, (_, written))| !written) {
            if let Some(old) = before.get(item.key) {
                let inner = self.kept(*old, item.instance, place.path.item(slot, item.key), around);
                ops.extend(Op::down(base + number(position), inner));
            }
        }
        *index += number(new.len());
    }

    /// An instance that stays where it is, or the one that takes its place.
    fn kept(&mut self, old: usize, new: usize, path: Path, around: Around) -> Vec<Op> {
        match self.instance(old, new, path, around) {
            Ok(ops) => ops,
            Err(Other) => vec![Op::Replace(self.html(new, path, around))],
        }
    }

    fn html(&self, instance: usize, path: Path, around: Around) -> String {
        let mut html = String::new();
        let Side { tree, context, wrong } = &self.new;
        write_part(&mut html, tree, self.bundle, context, (instance, path), around.new, *wrong);
        html
    }

    fn field(&mut self, old: Resolved<'a>, new: Resolved<'a>, around: Around) -> Result<Vec<Op>, Other> {
        let (before, after) = (self.old.field(old, around.old), self.new.field(new, around.new));
        if before == after {
            return Ok(Vec::new());
        }
        let (Some(before), Some(after)) = (dom::parse_one(&before), dom::parse_one(&after)) else { return Err(Other) };
        Ok(dom::compare(&before, &after).ok_or(Other)?.ops)
    }
}

impl<'a> Side<'a> {
    pub(super) fn new(tree: &'a Tree<'a>, context: HtmlContext<'a>) -> Self {
        Self { tree, wrong: first_wrong(tree, &context), context }
    }

    /// An element with a hole where its children or its text go.
    fn shell(&self, element: Resolved<'a>, scope: Scope) -> String {
        let mut html = String::with_capacity(128);
        let scratch = RefCell::default();
        let live = Live { context: &self.context, scope, words: None, scratch: &scratch };
        tags::open(&mut html, element, Some(live));
        if element.element().definition().content != Content::Empty {
            html.push(HOLE);
        }
        tags::close(&mut html, element, Some(live));
        html
    }

    fn field(&self, element: Resolved<'a>, scope: Scope) -> String {
        let mut html = String::with_capacity(256);
        let children = element.children(self.tree);
        fields::write(&mut html, element, &children, &self.context, scope.form, self.wrong);
        html
    }
}

/// An element with its text in the place that was left for it.
fn filled(shell: &str, text: &str) -> String {
    let (start, end) = shell.split_once(HOLE).unwrap_or((shell, ""));
    let mut html = String::with_capacity(shell.len() + text.len());
    html.push_str(start);
    crate::render::escape::push(&mut html, text);
    html.push_str(end);
    html
}

/// Counts what is inside of a field without looking at it.
fn skip<'t>(cursor: &mut Cursor<'t>, node: &'t Node) {
    let Body::Children(children) = &node.body else { return };
    for child in children {
        match child {
            Child::Element(node) => {
                cursor.enter(node, None);
                skip(cursor, node);
            }
            Child::Slot | Child::List => {
                cursor.take();
            }
        }
    }
}
