//! Views that were computed before. `view` is pure: the same program, states and
//! environment give the same frame, so the page that follows an event, a reload,
//! and the first page of every new user need no second instance.
//!
//! What is kept is bounded in bytes. A key is a hash of everything that the view
//! could see, so nothing here can be stale, and no user sees what their own
//! states would not have given them.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use mprun_core::identity::Digest;
use mprun_core::patch::frame_hash;
use mprun_frame::frame::Frame;
use mprun_frame::tree::Tree;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::bindings::exports::mprun::app::program::States;
use crate::instance::Pairs;

/// What a kept frame costs beside its content.
const ENTRY_BYTES: u64 = 256;

/// What an element costs whoever writes or compares it, beside its bytes.
const ELEMENT_WEIGHT: usize = 32;

/// A usual frame, from which the number of places is estimated.
const FRAME_BYTES: u64 = 8 * 1024;

/// A frame as the program returned it, and a hash of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashedFrame {
    frame: Frame,
    hash: [u8; 32],
}

impl HashedFrame {
    /// Hashes a frame, once for all of its renderings.
    pub(crate) fn new(frame: Frame) -> HashedFrame {
        HashedFrame { hash: frame_hash(&frame), frame }
    }

    /// Of everything in it.
    pub fn hash(&self) -> &[u8; 32] {
        &self.hash
    }

    /// About how much there is to write or to compare, in bytes: of the frame, and
    /// of the templates once for each of their instances. `tree` is what it was
    /// decoded to. For [`crate::Host::turn`].
    pub fn weight(&self, tree: &Tree<'_>) -> usize {
        let instances = (0..).map_while(|position| tree.instance(position));
        let templates: usize = instances.map(|instance| instance.template.encoding().len()).sum();
        let elements = usize::try_from(tree.nodes()).unwrap_or(usize::MAX);
        self.frame.bytes().saturating_add(templates).saturating_add(elements.saturating_mul(ELEMENT_WEIGHT))
    }
}

impl Deref for HashedFrame {
    type Target = Frame;

    fn deref(&self) -> &Frame {
        &self.frame
    }
}

/// Frames by what they were made of.
pub(crate) struct Views {
    frames: Option<Cache<Key, Arc<HashedFrame>, Bytes>>,
}

/// A hash of everything that a view sees.
pub(crate) type Key = [u8; 32];

#[derive(Clone)]
struct Bytes;

impl Weighter<Key, Arc<HashedFrame>> for Bytes {
    fn weight(&self, _key: &Key, frame: &Arc<HashedFrame>) -> u64 {
        ENTRY_BYTES.saturating_add(frame.bytes() as u64)
    }
}

impl fmt::Debug for Views {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Views").field("kept", &self.frames.as_ref().map_or(0, Cache::len)).finish_non_exhaustive()
    }
}

impl Views {
    /// Keeps up to `bytes` of frames; none where it is 0.
    pub(crate) fn new(bytes: u64) -> Views {
        let places = usize::try_from(bytes / FRAME_BYTES).unwrap_or(usize::MAX).max(1);
        Views { frames: (bytes > 0).then(|| Cache::with_weighter(places, bytes, Bytes)) }
    }

    /// The view of these states, from here or from `make`. A failure is not kept.
    pub(crate) async fn get_or_make<E>(
        &self,
        digest: &Digest,
        states: &States,
        environment: &Pairs,
        make: impl Future<Output = Result<Frame, E>>,
    ) -> Result<Arc<HashedFrame>, E> {
        let made = async { make.await.map(|frame| Arc::new(HashedFrame::new(frame))) };
        let Some(frames) = &self.frames else { return made.await };
        let key = key(digest, states, environment);
        if let Some(frame) = frames.get(&key) {
            return Ok(frame);
        }
        let frame = made.await?;
        frames.insert(key, Arc::clone(&frame));
        Ok(frame)
    }
}

/// Every part is preceded by its length, so that no two inputs are alike.
fn key(digest: &Digest, states: &States, environment: &Pairs) -> Key {
    let mut hasher = blake3::Hasher::new();
    hasher.update(digest.as_bytes());
    let mut part = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    part(&states.app);
    for (name, value) in environment {
        part(name.as_bytes());
        part(value.as_bytes());
    }
    if let Some(page) = &states.page {
        part(page.route.as_bytes());
        part(&page.state);
    }
    *hasher.finalize().as_bytes()
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::bindings::exports::mprun::app::program::Page;

    fn states(app: &[u8], route: &str, state: &[u8]) -> States {
        States { app: app.to_vec(), page: Some(Page { route: route.to_owned(), state: state.to_vec() }) }
    }

    fn pairs(locale: &str) -> Pairs {
        vec![("locale".to_owned(), locale.to_owned())]
    }

    #[test]
    fn whatever_a_view_sees_is_in_its_key() {
        let (one, other) = (Digest::of(b"1"), Digest::of(b"2"));
        let keys = [
            key(&one, &states(b"a", "menu", b"s"), &pairs("en")),
            key(&other, &states(b"a", "menu", b"s"), &pairs("en")),
            key(&one, &states(b"b", "menu", b"s"), &pairs("en")),
            key(&one, &states(b"a", "cart", b"s"), &pairs("en")),
            key(&one, &states(b"a", "menu", b"t"), &pairs("en")),
            key(&one, &states(b"a", "menu", b"s"), &pairs("de")),
            key(&one, &states(b"", "menu", b"as"), &pairs("en")),
            key(&one, &states(b"a", "menus", b""), &pairs("en")),
            key(&one, &States { app: b"a".to_vec(), page: None }, &pairs("en")),
        ];
        let different: std::collections::BTreeSet<_> = keys.iter().collect();
        assert_eq!(different.len(), keys.len());
        assert_eq!(keys[0], key(&one, &states(b"a", "menu", b"s"), &pairs("en")));
    }

    #[test]
    fn a_template_weighs_as_often_as_it_stands_there() {
        use mprun_frame::element::Element;
        use mprun_frame::frame::FrameWriter;
        use mprun_frame::limits::FrameLimits;
        use mprun_frame::template::{Body, Child, Node, Template, Templates};

        let node = |element, body| Node { element, attributes: Vec::new(), events: Vec::new(), body };
        let row = Template::new(node(Element::Text, Body::Text("x".repeat(1_000)))).unwrap();
        let page = Template::new(node(Element::View, Body::Children(vec![Child::List]))).unwrap();
        let (page_id, row_id) = (page.id(), row.id());
        let mut templates = Templates::default();
        [page, row].into_iter().for_each(|template| templates.insert(template));
        let weight = |rows: usize| {
            let mut writer = FrameWriter::new();
            writer.instance(page_id);
            writer.list(rows);
            for row in 0..rows {
                writer.key(&row.to_string());
                writer.instance(row_id);
            }
            let frame = HashedFrame::new(writer.finish(&[]));
            let tree = Tree::decode(&frame, &templates, &[], &FrameLimits::default()).unwrap();
            frame.weight(&tree)
        };
        let (one, many) = (weight(1), weight(501));
        assert!((1_000..2_000).contains(&one), "{one}");
        assert!((500_000..600_000).contains(&(many - one)), "{many}");
    }

    #[tokio::test]
    async fn a_view_is_made_once_and_what_is_kept_is_bounded() {
        let (digest, views) = (Digest::of(b"1"), Views::new(64 * 1024));
        let mut made = 0;
        for round in 0..3 {
            for state in 0..100_u8 {
                let make = async {
                    made += 1;
                    Ok::<_, Infallible>(Frame { text: "x".repeat(1024), ..Frame::default() })
                };
                let Ok(frame) =
                    views.get_or_make(&digest, &states(b"", "a", &[state, round]), &pairs("en"), make).await;
                assert_eq!(frame.bytes(), 1024);
            }
            let make = async { unreachable!("it was made a moment ago") };
            let Ok(_) =
                views.get_or_make::<Infallible>(&digest, &states(b"", "a", &[99, round]), &pairs("en"), make).await;
        }
        assert_eq!(made, 300);
        let kept = views.frames.as_ref().map_or(0, Cache::weight);
        assert!(kept > 0 && kept <= 64 * 1024, "{kept}");
    }

    #[tokio::test]
    async fn failures_are_not_kept_and_nothing_is_where_nothing_may_be() {
        let (digest, environment) = (Digest::of(b"1"), pairs("en"));
        for (views, second) in [(Views::new(1 << 20), 1), (Views::new(0), 2)] {
            let states = states(b"", "a", b"");
            let failed = views.get_or_make(&digest, &states, &environment, async { Err("trap") }).await;
            assert_eq!(failed, Err("trap"));
            let mut made = 0;
            for _ in 0..2 {
                let make = async {
                    made += 1;
                    Ok::<_, Infallible>(Frame::default())
                };
                let Ok(_) = views.get_or_make(&digest, &states, &environment, make).await;
            }
            assert_eq!(made, second);
        }
    }
}
