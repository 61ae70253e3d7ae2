//! Any bytes are refused as a frame, or are a view that every renderer writes:
//! HTML that is well formed and has nothing of the program's but text, JSON, text
//! for terminals, and what may be sent from it.

use mprun_core::{
    patch::{ViewId, apply::Page, frame_hash},
    render::{
        Words,
        html::{self, Addresses, HtmlContext},
        json,
    },
    view::{
        identity::TokenKey,
        offers::offers,
        overlay::{Draft, Overlay},
    },
};
use mprun_frame::{
    frame::Frame,
    limits::FrameLimits,
    template::{Template, Templates},
    tree::{Tree, definitions},
};

use super::printable;

/// Small enough that one input takes no second.
pub(super) const LIMITS: FrameLimits = FrameLimits { nodes_max: 2_000, depth_max: 64, bytes_max: 64 * 1024 };

/// Reads `data` as a frame.
///
/// # Panics
/// That is what the fuzzer looks for.
pub fn frame(data: &[u8]) {
    let frame = read(data);
    let own = match definitions(&frame) {
        Ok(own) => own,
        Err(error) => return printable(&error.to_string()),
    };
    for template in &own {
        assert_eq!(Template::decode(template.encoding()).as_ref(), Ok(template));
    }
    let templates = Templates::default();
    let tree = match Tree::decode(&frame, &templates, &own, &LIMITS) {
        Ok(tree) => tree,
        Err(error) => return printable(&error.to_string()),
    };
    for overlay in [Overlay::default(), typed(&tree, "<b>\u{1b}&\"'")] {
        let html = written(&tree, &overlay);
        assert!(Page::parse(&html).is_some(), "{html}");
        let bare = outside_of_values(&html);
        for never in ["<script", " on", " style="] {
            assert!(!bare.contains(never), "{never}: {html}");
        }
        for leads in ["href=\"javascript:", "src=\"javascript:"] {
            assert!(!html.contains(leads), "{html}");
        }
    }
    let _ = serde_json::to_string(&json::write(&tree)).expect("a view is JSON");
    let id = |overlay: &Overlay| ViewId::of(&DIGEST, &frame_hash(&frame), overlay, &Words::default());
    let over = typed(&tree, "a");
    assert_eq!(id(&over) == id(&Overlay::default()), over.is_empty(), "what lies over a view is a part of its id");
}

const DIGEST: mprun_core::identity::Digest = mprun_core::identity::Digest::from_bytes([7; 32]);

/// The way from bytes to a frame: three lengths, so much of definitions, text and
/// messages, and the rest operations, a byte each but for those that begin with
/// 255.
pub(super) fn read(data: &[u8]) -> Frame {
    let length = |at: usize| {
        let low = data.get(at).copied().unwrap_or_default();
        usize::from(low) | usize::from(data.get(at + 1).copied().unwrap_or_default()) << 8
    };
    let rest = data.get(6..).unwrap_or_default();
    let (definitions, rest) = rest.split_at(length(0).min(rest.len()));
    let (text, rest) = rest.split_at(length(2).min(rest.len()));
    let (messages, rest) = rest.split_at(length(4).min(rest.len()));
    let mut ops = Vec::new();
    let mut rest = rest.iter().copied();
    while let Some(byte) = rest.next() {
        ops.push(match byte {
            255 => u32::from_le_bytes([(); 4].map(|()| rest.next().unwrap_or_default())),
            small => u32::from(small),
        });
    }
    Frame {
        templates: Vec::new(),
        definitions: definitions.to_vec(),
        ops,
        text: String::from_utf8_lossy(text).into_owned(),
        messages: messages.to_vec(),
    }
}

/// The way back, for seeds.
#[allow(dead_code, reason = "only seeds are written")]
pub fn write(frame: &Frame) -> Vec<u8> {
    let mut data = Vec::new();
    for length in [frame.definitions.len(), frame.text.len(), frame.messages.len()] {
        data.extend(u16::try_from(length).expect("seeds are small").to_le_bytes());
    }
    data.extend(&frame.definitions);
    data.extend(frame.text.as_bytes());
    data.extend(&frame.messages);
    for op in &frame.ops {
        match u8::try_from(*op) {
            Ok(small) if small < 255 => data.push(small),
            _ => {
                data.push(255);
                data.extend(op.to_le_bytes());
            }
        }
    }
    data
}

/// HTML without what stands between quotation marks and between tags.
fn outside_of_values(html: &str) -> String {
    let tags = html.split('<').skip(1).filter_map(|part| part.split_once('>'));
    tags.flat_map(|(tag, _)| ["<", tag].into_iter().chain([">"])).flat_map(|part| part.split('"').step_by(2)).collect()
}

/// The same in every field, and an error at each.
pub(super) fn typed(tree: &Tree<'_>, text: &str) -> Overlay {
    let mut overlay = Overlay::default();
    for field in offers(tree, &key()).fields {
        overlay.drafts.insert(field.key, Draft { belief: field.value.clone(), typed: text.to_owned() });
        overlay.errors.insert(field.key, text.to_owned());
    }
    overlay
}

pub(super) fn key() -> TokenKey {
    TokenKey::from_bytes([1; 32])
}

/// The view as HTML.
pub(super) fn written(tree: &Tree<'_>, overlay: &Overlay) -> String {
    let mut html = String::new();
    in_context(overlay, |context| html::write(&mut html, tree, &[], context));
    html
}

pub(super) fn in_context<T>(overlay: &Overlay, run: impl FnOnce(&HtmlContext<'_>) -> T) -> T {
    let (token_key, words) = (key(), Words::default());
    run(&HtmlContext { token_key: &token_key, addresses: &Links, overlay, words: &words })
}

/// Some addresses lead somewhere, some do not.
struct Links;

impl Addresses for Links {
    fn asset(&self, out: &mut String, path: &str) -> bool {
        let known = path.len().is_multiple_of(2);
        if known {
            out.push_str("/a/");
            out.push_str(path);
        }
        known
    }

    fn page(&self, out: &mut String, route: &str, query: &str) {
        out.push_str(route);
        out.push('?');
        out.push_str(query);
    }

    fn remote(&self, out: &mut String, url: &str) -> bool {
        out.push_str(url);
        url.len().is_multiple_of(2)
    }
}
