//! Frames: which templates a page is made of, and what is in their slots.
//!
//! Four flat arrays cross the boundary instead of a tree of records, because
//! that is several times faster. Strings and messages lie in two arenas that are
//! consumed in order and exactly to their end: there is one encoding for a view.

use crate::template::Template;

/// A view as a program hands it over. Nothing in it is checked; see
/// [`crate::tree::Tree::decode`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frame {
    /// Ids of templates of the bundle, numbered from 0.
    pub templates: Vec<u64>,
    /// Templates of this frame, encodings end to end, numbered after those.
    pub definitions: Vec<u8>,
    /// Instances and slot values.
    pub ops: Vec<u32>,
    /// All texts, end to end.
    pub text: String,
    /// The messages of all handlers, end to end.
    pub messages: Vec<u8>,
}

impl Frame {
    /// What counts against the limit of bytes.
    pub fn bytes(&self) -> usize {
        self.templates.len() * 8 + self.definitions.len() + self.ops.len() * 4 + self.text.len() + self.messages.len()
    }
}

/// Writes a frame, one value after another, in the order of the slots.
///
/// It does not know the templates, so it cannot refuse anything: the host does.
#[derive(Debug, Default)]
pub struct FrameWriter {
    frame: Frame,
    /// Where in `ops` a template's position stands, so that one writer's work
    /// can become a part of another's.
    instances: Vec<usize>,
}

impl FrameWriter {
    /// An empty frame.
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins an instance of a template of the bundle; its slots follow.
    pub fn instance(&mut self, template: u64) {
        let position = self.position(template);
        self.instances.push(self.frame.ops.len());
        self.push(position);
    }

    /// Puts everything that `part` has written where the writer stands.
    pub fn append(&mut self, part: Self) {
        let start = self.frame.ops.len();
        let positions: Vec<usize> = part.frame.templates.iter().map(|id| self.position(*id)).collect();
        self.frame.ops.extend_from_slice(&part.frame.ops);
        self.frame.text.push_str(&part.frame.text);
        self.frame.messages.extend_from_slice(&part.frame.messages);
        for at in part.instances {
            let old = part.frame.ops.get(at).and_then(|op| positions.get(*op as usize));
            if let (Some(op), Some(position)) = (self.frame.ops.get_mut(start + at), old) {
                *op = u32::try_from(*position).unwrap_or(u32::MAX);
            }
            self.instances.push(start + at);
        }
    }

    /// A text slot.
    pub fn text(&mut self, text: &str) {
        self.push(text.len());
        self.frame.text.push_str(text);
    }

    /// A text slot, put together by `write`, which only appends.
    pub fn text_with(&mut self, write: impl FnOnce(&mut String)) {
        let start = self.frame.text.len();
        write(&mut self.frame.text);
        self.push(self.frame.text.len() - start);
    }

    /// An attribute slot, put together by `write`, which only appends and says
    /// whether the attribute is there at all.
    pub fn attribute_with(&mut self, write: impl FnOnce(&mut String) -> bool) {
        let start = self.frame.text.len();
        if write(&mut self.frame.text) {
            self.push(self.frame.text.len() - start + 1);
        } else {
            self.frame.text.truncate(start);
            self.push(0);
        }
    }

    /// An attribute slot.
    pub fn attribute(&mut self, value: Option<&str>) {
        match value {
            Some(text) => {
                self.push(text.len() + 1);
                self.frame.text.push_str(text);
            }
            None => self.push(0),
        }
    }

    /// A flag slot.
    pub fn flag(&mut self, on: bool) {
        self.push(usize::from(on));
    }

    /// A handler slot.
    pub fn handler(&mut self, message: Option<&[u8]>) {
        match message {
            Some(bytes) => {
                self.push(bytes.len() + 1);
                self.frame.messages.extend_from_slice(bytes);
            }
            None => self.push(0),
        }
    }

    /// A handler slot, put together by `write`, which only appends and says
    /// whether the handler is offered at all.
    pub fn handler_with(&mut self, write: impl FnOnce(&mut Vec<u8>) -> bool) {
        let start = self.frame.messages.len();
        if write(&mut self.frame.messages) {
            self.push(self.frame.messages.len() - start + 1);
        } else {
            self.frame.messages.truncate(start);
            self.push(0);
        }
    }

    /// A child slot; if `present`, [`FrameWriter::instance`] follows.
    pub fn child(&mut self, present: bool) {
        self.push(usize::from(present));
    }

    /// A list slot; `items` times a key and an instance follow.
    pub fn list(&mut self, items: usize) {
        self.push(items);
    }

    /// A list slot whose length is not known yet; the keys and instances follow,
    /// then [`FrameWriter::close_list`] with what this returns.
    #[must_use]
    pub fn open_list(&mut self) -> usize {
        self.push(0);
        self.frame.ops.len() - 1
    }

    /// Says how many items the list has that was opened at `place`.
    pub fn close_list(&mut self, place: usize, items: usize) {
        if let Some(op) = self.frame.ops.get_mut(place) {
            *op = u32::try_from(items).unwrap_or(u32::MAX);
        }
    }

    /// The key of the next item of a list; its instance follows.
    pub fn key(&mut self, key: &str) {
        self.text(key);
    }

    /// The finished frame. `definitions` are templates that the bundle does not
    /// have, none in programs that are built with the SDK.
    pub fn finish(mut self, definitions: &[Template]) -> Frame {
        for template in definitions {
            self.frame.definitions.extend_from_slice(template.encoding());
        }
        self.frame
    }

    /// The number of a template in this frame.
    fn position(&mut self, template: u64) -> usize {
        // A page has few templates, and neighbours tend to share one.
        match self.frame.templates.iter().rposition(|known| *known == template) {
            Some(position) => position,
            None => {
                self.frame.templates.push(template);
                self.frame.templates.len() - 1
            }
        }
    }

    fn push(&mut self, op: usize) {
        // Longer than u32 is longer than any limit: the host refuses it.
        self.frame.ops.push(u32::try_from(op).unwrap_or(u32::MAX));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same page, its parts written on their own or not.
    fn page(apart: bool) -> Frame {
        let part = |writer: &mut FrameWriter| {
            writer.instance(2);
            writer.text_with(|out| out.push_str("two"));
            writer.child(true);
            writer.instance(3);
            writer.handler_with(|out| {
                out.push(7);
                true
            });
        };
        let mut whole = FrameWriter::new();
        whole.instance(3);
        whole.handler(None);
        let list = whole.open_list();
        for key in ["a", "b"] {
            whole.key(key);
            if apart {
                let mut alone = FrameWriter::new();
                part(&mut alone);
                // A part of a part, with numbers of its own.
                let mut between = FrameWriter::new();
                between.append(alone);
                whole.append(between);
            } else {
                part(&mut whole);
            }
        }
        whole.close_list(list, 2);
        whole.attribute_with(|out| {
            out.push_str("dropped");
            false
        });
        whole.finish(&[])
    }

    #[test]
    fn what_is_put_together_is_as_if_written_at_once() {
        let frame = page(true);
        assert_eq!(frame, page(false));
        assert_eq!((frame.templates.as_slice(), frame.text.as_str()), ([3, 2].as_slice(), "atwobtwo"));
        assert_eq!(frame.ops, [0, 0, 2, 1, 1, 3, 1, 0, 2, 1, 1, 3, 1, 0, 2, 0]);
    }
}
