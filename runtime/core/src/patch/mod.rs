//! What has to change in a page that shows one view, so that it shows another
//! one: decided from the two views, by template and slot, and never larger than
//! the page itself.
//!
//! A patch leads from one [`ViewId`] to another. Whoever shows something else
//! must not apply it. Applied, it gives what [`html::write`] gives: elements and
//! attributes, to the last one. In reading order: [`walk`] goes through both
//! views, [`list`] decides about keyed lists, [`dom`] compares what the HTML
//! writer wrote for one element, [`op`] is what comes out.
//!
//! [`html::write`]: crate::render::html::write

pub mod apply;
mod dom;
mod list;
mod op;
mod walk;

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mprun_frame::frame::Frame;
use mprun_frame::tree::Tree;

pub use self::op::Op;
use self::walk::{Around, Side, Walk};
use crate::identity::Digest;
use crate::render::Words;
use crate::render::html::{self, HtmlContext, Prerendered};
use crate::view::identity::Path;
use crate::view::overlay::Overlay;

/// Below this many bytes a patch is not compared with the page.
const SMALL_BYTES: usize = 2 * 1024;

/// Names what a page shows: everything that the HTML of a view is made of, but
/// for the page's own key and address, which are the same for all of its views.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ViewId([u8; 8]);

impl ViewId {
    /// The view that a frame of a bundle is, with what lies over it.
    pub fn of(bundle: &Digest, frame: &[u8; 32], overlay: &Overlay, words: &Words) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(bundle.as_bytes()).update(frame);
        for word in words.all() {
            hasher.update(word.as_bytes()).update(&[0xff]);
        }
        for (key, draft) in &overlay.drafts {
            hasher.update(b"d").update(key.as_str().as_bytes());
            for text in [&draft.belief, &draft.typed] {
                hasher.update(text.as_bytes()).update(&[0xff]);
            }
        }
        for (key, error) in &overlay.errors {
            hasher.update(b"e").update(key.as_str().as_bytes()).update(error.as_bytes()).update(&[0xff]);
        }
        let hash = hasher.finalize();
        Self(hash.as_bytes().first_chunk().copied().unwrap_or_default())
    }
}

impl fmt::Display for ViewId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for ViewId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ViewId({self})")
    }
}

impl FromStr for ViewId {
    type Err = NotAViewId;

    fn from_str(text: &str) -> Result<Self, NotAViewId> {
        let mut id = [0; 8];
        match URL_SAFE_NO_PAD.decode_slice(text, &mut id) {
            Ok(8) => Ok(Self(id)),
            Ok(_) | Err(_) => Err(NotAViewId),
        }
    }
}

/// A text that names no view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected the name of a view: 11 characters of base64url")]
pub struct NotAViewId;

/// A hash of all that a frame is, for [`ViewId::of`].
pub fn frame_hash(frame: &Frame) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    // Numbers by their bytes, each part with its length in front.
    let mut bytes = Vec::with_capacity(frame.ops.len() * 4);
    bytes.extend(frame.templates.iter().flat_map(|id| id.to_le_bytes()));
    let mut part = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    part(&bytes);
    part(&frame.definitions);
    bytes.clear();
    bytes.extend(frame.ops.iter().flat_map(|op| op.to_le_bytes()));
    part(&bytes);
    part(frame.text.as_bytes());
    part(&frame.messages);
    *hasher.finalize().as_bytes()
}

/// How a page comes to show another view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Patch {
    /// These changes of the element that the view is, as JSON ([`Op`]).
    Ops(String),
    /// All of its HTML: another element, or less to send than the changes.
    Html(String),
}

impl Patch {
    /// Bytes of it.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Ops(text) | Self::Html(text) => text.len(),
        }
    }
}

/// What leads from the view `old` with `overlay` over it to the view `new`, which
/// is written with `context`. The same input gives the same patch.
pub fn patch(
    (old, overlay): (&Tree<'_>, &Overlay),
    new: &Tree<'_>,
    bundle: &[Prerendered],
    context: &HtmlContext<'_>,
) -> Patch {
    let mut ops = String::new();
    if let Some(found) = diff((old, overlay), new, bundle, context) {
        op::write(&found, &mut ops);
        if ops.len() <= SMALL_BYTES {
            return Patch::Ops(ops);
        }
    }
    let mut html = String::new();
    html::write(&mut html, new, bundle, context);
    if ops.is_empty() || html.len() < ops.len() { Patch::Html(html) } else { Patch::Ops(ops) }
}

/// The changes; `None` where the view is another element.
pub fn diff(
    (old, overlay): (&Tree<'_>, &Overlay),
    new: &Tree<'_>,
    bundle: &[Prerendered],
    context: &HtmlContext<'_>,
) -> Option<Vec<Op>> {
    let before = HtmlContext { overlay, ..*context };
    let look_everywhere = *overlay != *context.overlay || !overlay.errors.is_empty();
    let mut walk = Walk { old: Side::new(old, before), new: Side::new(new, *context), bundle, look_everywhere };
    walk.instance(old.root(), new.root(), Path::ROOT, Around::default()).ok()
}

/// Reads changes that were written as JSON; `None` where they are something else.
pub fn read(json: &serde_json::Value) -> Option<Vec<Op>> {
    op::read(json)
}

#[cfg(test)]
mod tests;
