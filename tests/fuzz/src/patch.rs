//! What leads from one view to another gives that other one: elements and
//! attributes, to the last one, whatever the two views are.

use mprun_core::{
    patch::{self, Patch, apply::Page},
    view::overlay::Overlay,
};
use mprun_frame::{
    template::Templates,
    tree::{Tree, definitions},
};

use super::frame::{LIMITS, in_context, read, typed, written};

/// Reads `data` as two frames: the length of the first, then both.
///
/// # Panics
/// That is what the fuzzer looks for.
pub fn patch(data: &[u8]) {
    let [low, high, rest @ ..] = data else { return };
    let length = usize::from(*low) | usize::from(*high) << 8;
    let (one, other) = rest.split_at(length.min(rest.len()));
    let (before, after) = (read(one), read(other));
    let (Ok(own_before), Ok(own_after)) = (definitions(&before), definitions(&after)) else { return };
    let templates = Templates::default();
    let old = Tree::decode(&before, &templates, &own_before, &LIMITS);
    let new = Tree::decode(&after, &templates, &own_after, &LIMITS);
    let (Ok(old), Ok(new)) = (old, new) else { return };
    for (over_old, over_new) in [
        (Overlay::default(), Overlay::default()),
        (typed(&old, "a"), typed(&new, "b")),
        (typed(&old, "a"), Overlay::default()),
    ] {
        let (from, to) = (written(&old, &over_old), written(&new, &over_new));
        let sent = in_context(&over_new, |context| patch::patch((&old, &over_old), &new, &[], context));
        let expected = Page::parse(&to).expect("our own HTML");
        match sent {
            Patch::Html(html) => assert_eq!(html, to),
            Patch::Ops(text) => {
                let ops = serde_json::from_str(&text).ok().and_then(|json| patch::read(&json)).expect("operations");
                let mut page = Page::parse(&from).expect("our own HTML");
                page.apply(&ops).expect("every operation has its place");
                assert_eq!(page, expected, "{text}\n{from}\n{to}");
            }
        }
    }
}
