//! What a client does with a patch: elements and attributes as they are parsed
//! from our own HTML, changed by operations. The reference for `live.js` and for
//! whoever writes another client, and what the tests compare with.

use std::collections::BTreeMap;

use super::Op;
use super::dom::{self, Child};

/// An element as a browser has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    tag: String,
    attributes: BTreeMap<String, String>,
    /// What stands in it besides elements, put together.
    text: String,
    children: Vec<Page>,
}

impl Page {
    /// The one element that `html` is; `None` where it is something else than our
    /// writer writes.
    pub fn parse(html: &str) -> Option<Self> {
        dom::parse_one(html).map(|element| Self::of(&element))
    }

    fn of(element: &dom::Element<'_>) -> Self {
        let mut page = Self {
            tag: element.tag.to_owned(),
            attributes: element
                .attributes
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.to_string()))
                .collect(),
            text: String::new(),
            children: Vec::new(),
        };
        for child in &element.children {
            match child {
                Child::Element(element) => page.children.push(Self::of(element)),
                Child::Text(text) => page.text.push_str(text),
                Child::Hole => {}
            }
        }
        page
    }

    /// Carries out operations.
    ///
    /// # Errors
    /// The operation that this page has no place for.
    pub fn apply(&mut self, ops: &[Op]) -> Result<(), String> {
        for op in ops {
            self.one(op).ok_or_else(|| format!("{op:?} has no place in <{}>", self.tag))??;
        }
        Ok(())
    }

    fn one(&mut self, op: &Op) -> Option<Result<(), String>> {
        let at = |index: &u32| usize::try_from(*index).unwrap_or(usize::MAX);
        match op {
            Op::Down(path, ops) => {
                let mut element = self;
                for index in path {
                    element = element.children.get_mut(at(index))?;
                }
                return Some(element.apply(ops));
            }
            Op::Text(text) => {
                self.children.clear();
                self.text.clone_from(text);
            }
            Op::Attribute(name, Some(value)) => {
                self.attributes.insert(name.clone(), value.clone());
            }
            Op::Attribute(name, None) => {
                self.attributes.remove(name)?;
            }
            Op::Replace(html) => *self = Self::parse(html)?,
            Op::Insert(index, html) => {
                let new = dom::parse(html)?;
                let place = at(index);
                self.children.get(..place)?;
                for (offset, child) in new.iter().enumerate() {
                    let Child::Element(element) = child else { return None };
                    self.children.insert(place + offset, Self::of(element));
                }
            }
            Op::Remove(index, count) => {
                let place = at(index);
                let end = place.checked_add(at(count))?;
                self.children.get(place..end)?;
                self.children.drain(place..end);
            }
            Op::Move(from, to) => {
                self.children.get(at(from))?;
                let child = self.children.remove(at(from));
                self.children.get(..at(to))?;
                self.children.insert(at(to), child);
            }
        }
        Some(Ok(()))
    }
}
