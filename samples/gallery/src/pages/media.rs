//! Media: pictures of the bundle, and one from elsewhere.

use mprun::prelude::*;

use crate::examples::media as examples;
use crate::parts;
use crate::words;

const SOURCE: &str = include_str!("../examples/media.rs");

/// Nothing to remember.
#[derive(State, Default)]
pub(crate) struct MediaPage {}

impl Page for MediaPage {
    type Msg = ();

    fn update(&mut self, (): (), _: &mut Cx) -> Result {
        Ok(())
    }

    fn view(&self, look: &Look) -> Node<()> {
        let w = words::of(look.environment);
        let show = |id, names, purpose, node| parts::example(SOURCE, look, id, names, purpose, node);
        let examples = vec![
            show("image", "image", w.image_use, examples::image_example(w)),
            show("remote_image", "image", w.remote_image_use, examples::remote_image_example(w)),
        ];
        parts::page(w.media, w.media_line, examples)
    }
}
