//! A random view that has become another one, for tests of whatever takes two: the
//! same templates, but with other texts, attributes, handlers, children and lists.
//! The same view and seed give the same result.

use crate::frame::FrameWriter;
use crate::generate::{Generator, View};
use crate::limits::FrameLimits;
use crate::template::{SlotKind, Template, Templates};
use crate::tree::{Tree, Value, definitions};

/// Elements of a changed view; beyond that nothing is put in any more.
const NODES_MAX: u32 = 4_000;

/// What `view` may look like after an event.
pub fn mutated(view: &View, seed: u64) -> View {
    let own = definitions(&view.frame).unwrap_or_default();
    let limits = FrameLimits::default();
    let Ok(tree) = Tree::decode(&view.frame, &view.bundle, &own, &limits) else { return view.clone() };
    let mut bundle = view.bundle.clone();
    own.iter().for_each(|template| bundle.insert(template.clone()));
    let mut generator = Generator::new(seed);
    // Mostly a little, sometimes everything.
    let often = generator.pick(&[4, 10, 20, 35, 70]).unwrap_or(8);
    let mut mutator = Mutator { generator, tree: &tree, writer: FrameWriter::new(), nodes: 0, keys: 0, often };
    mutator.instance(tree.root(), 1, false);
    let mut frame = mutator.writer.finish(&[]);
    if own.is_empty() {
        return View { bundle, frame };
    }
    // As it was: the frame defines its templates itself.
    for id in std::mem::take(&mut frame.templates) {
        let known = bundle.position(id).and_then(|position| bundle.as_slice().get(position));
        frame.definitions.extend(known.map(Template::encoding).unwrap_or_default());
    }
    View { bundle: Templates::default(), frame }
}

struct Mutator<'t> {
    generator: Generator,
    tree: &'t Tree<'t>,
    writer: FrameWriter,
    nodes: u32,
    /// New keys that were given.
    keys: u32,
    /// How many of a hundred things change.
    often: usize,
}

impl Mutator<'_> {
    /// Writes an instance of the old view, changed.
    fn instance(&mut self, position: usize, level: u32, in_form: bool) {
        let Some(instance) = self.tree.instance(position) else { return };
        self.nodes += instance.template.elements();
        self.writer.instance(instance.template.id());
        for (slot, value) in instance.template.slots().iter().zip(self.tree.values(instance)) {
            let changes = self.generator.chance(self.often);
            let below = level + slot.depth;
            let form_below = in_form || slot.in_form;
            match (slot.kind, *value) {
                (SlotKind::Text, Value::Text(text)) => {
                    let text = if changes { self.generator.text() } else { text.to_owned() };
                    self.writer.text(&text);
                }
                (SlotKind::Attribute(attribute), Value::Attribute(value)) => {
                    let needed = slot.element.definition().required.contains(&attribute);
                    let value = match changes {
                        true if !needed && self.generator.chance(40) => None,
                        true => Some(self.generator.value(attribute.kind())),
                        false => value.map(str::to_owned),
                    };
                    self.writer.attribute(value.as_deref());
                }
                (SlotKind::Flag(_), Value::Flag(on)) => self.writer.flag(on != changes),
                (SlotKind::Handler(_), Value::Handler(message)) => match (changes, self.generator.chance(50)) {
                    (false, _) => self.writer.handler(message),
                    (true, true) => self.writer.handler(Some(b"other")),
                    (true, false) => self.writer.handler(None),
                },
                (SlotKind::Child, Value::Child(child)) => {
                    let child = match (child, changes) {
                        (child, false) => child,
                        (Some(_), true) if self.generator.chance(50) => None,
                        (_, true) => self.other(slot.element, below, form_below),
                    };
                    self.writer.child(child.is_some());
                    if let Some(child) = child {
                        self.instance(child, below, form_below);
                    }
                }
                (SlotKind::List, Value::List { first, count }) => {
                    let items: Vec<(String, usize)> =
                        self.tree.items(first, count).iter().map(|item| (item.key.to_owned(), item.instance)).collect();
                    let items = if changes { self.shuffled(items, slot.element, below, form_below) } else { items };
                    self.writer.list(items.len());
                    for (key, item) in items {
                        self.writer.key(&key);
                        self.instance(item, below, form_below);
                    }
                }
                // A tree has the value that its slot takes.
                _ => {}
            }
        }
    }

    /// Another order, some gone, some new, some replaced.
    fn shuffled(
        &mut self,
        mut items: Vec<(String, usize)>,
        parent: crate::element::Element,
        below: u32,
        in_form: bool,
    ) -> Vec<(String, usize)> {
        if self.generator.chance(30) {
            items.clear();
        }
        for _ in 0..self.generator.below(3) {
            if !items.is_empty() {
                let from = self.generator.below(items.len());
                let item = items.remove(from);
                let to = self.generator.below(items.len() + 1);
                items.insert(to, item);
            }
        }
        if !items.is_empty() && self.generator.chance(40) {
            let gone = self.generator.below(items.len());
            items.remove(gone);
        }
        for _ in 0..self.generator.below(4) {
            if let Some(new) = self.other(parent, below, in_form) {
                self.keys += 1;
                let at = self.generator.below(items.len() + 1);
                items.insert(at, (format!("new {}", self.keys), new));
            }
        }
        items
    }

    /// Whether there is a form in an instance of the old view.
    fn has_form(&self, position: usize) -> bool {
        self.tree.instance(position).is_some_and(|instance| {
            instance.template.has_form()
                || self.tree.values(instance).iter().any(|value| match *value {
                    Value::Child(Some(child)) => self.has_form(child),
                    Value::List { first, count } => {
                        self.tree.items(first, count).iter().any(|item| self.has_form(item.instance))
                    }
                    _ => false,
                })
        })
    }

    /// Any instance of the old view that can stand in `parent`.
    fn other(&mut self, parent: crate::element::Element, below: u32, in_form: bool) -> Option<usize> {
        let fits = (0..)
            .map_while(|position| self.tree.instance(position).map(|instance| (position, instance.template)))
            .filter(|(position, template)| {
                parent.refuse_child(template.root().element).is_none()
                    && !(in_form && self.has_form(*position))
                    && below + 20 < crate::limits::DEPTH_MAX
                    && self.nodes < NODES_MAX
            })
            .map(|(position, _)| position);
        let fits: Vec<usize> = fits.collect();
        self.generator.pick(&fits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate;

    #[test]
    fn a_mutated_view_keeps_every_rule_and_is_mostly_another_one() {
        let mut different = 0;
        for seed in 0..500 {
            let view = generate::view(seed);
            let other = mutated(&view, seed);
            let own = definitions(&other.frame).unwrap();
            let tree = Tree::decode(&other.frame, &other.bundle, &own, &FrameLimits::default());
            assert!(tree.is_ok(), "{seed}: {:?}", tree.err());
            different += usize::from(view.frame != other.frame);
        }
        assert!(different > 300, "{different}");
    }
}
