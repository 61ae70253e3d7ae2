//! Text: paragraphs, headings, one paragraph of several pieces, and signs.

use mprun::prelude::*;

use crate::examples::text as examples;
use crate::parts;
use crate::words;

const SOURCE: &str = include_str!("../examples/text.rs");

/// Every sign that there is.
#[rustfmt::skip]
pub(crate) const ICONS: &[&str] = &[
    "info", "success", "warn", "error", "waiting", "search", "download", "cart", "heart", "star",
    "home", "user", "location", "phone", "mail", "calendar", "clock", "settings", "camera", "share",
    "edit", "trash", "plus", "minus", "check", "close", "next", "list", "gift", "ticket",
];

/// Nothing to remember.
#[derive(State, Default)]
pub(crate) struct TextPage {}

impl Page for TextPage {
    type Msg = ();

    fn update(&mut self, (): (), _: &mut Cx) -> Result {
        Ok(())
    }

    fn view(&self, look: &Look) -> Node<()> {
        let w = words::of(look.environment);
        let show = |id, names, purpose, node| parts::example(SOURCE, look, id, names, purpose, node);
        let examples = vec![
            show("text", "text", w.text_use, examples::text_example(w)),
            show("heading", "heading", w.heading_use, examples::heading_example(w)),
            show("rich_text", "rich-text span", w.rich_text_use, examples::rich_text_example(w)),
            show("icon", "icon", w.icon_use, examples::icon_example(w)),
        ];
        parts::page(w.text, w.text_line, examples)
    }
}
