//! Layout: what holds other elements. Five attributes of `view` can be tried.

use mprun::prelude::*;

use crate::examples::layout as examples;
use crate::parts;
use crate::words::{self, Words};

const SOURCE: &str = include_str!("../examples/layout.rs");

/// What can be tried: attributes of `view` and the words that they take, the
/// default first.
pub(crate) const CHOICES: &[(&str, &[&str])] = &[
    ("layout", &["column", "row", "wrap", "grid"]),
    ("gap", &["medium", "none", "small", "large"]),
    ("align", &["stretch", "start", "center", "end"]),
    ("justify", &["start", "center", "end", "between"]),
    ("surface", &["plain", "card", "accent", "muted", "notice"]),
];

/// What was tried last.
#[derive(State, Default)]
pub(crate) struct LayoutPage {
    chosen: Vec<(String, String)>,
    pub(crate) pressed: u32,
}

/// What can be done here.
#[derive(Message)]
pub(crate) enum LayoutMsg {
    /// The attribute of this name has another word.
    Choose(String, Value<String>),
    Press,
}

impl Page for LayoutPage {
    type Msg = LayoutMsg;

    fn update(&mut self, msg: LayoutMsg, _: &mut Cx<(), LayoutMsg>) -> Result {
        match msg {
            LayoutMsg::Choose(name, word) => {
                let word = word.get()?;
                self.chosen.retain(|(known, _)| *known != name);
                self.chosen.push((name, word));
            }
            LayoutMsg::Press => self.pressed += 1,
        }
        Ok(())
    }

    fn view(&self, look: &Look) -> Node<LayoutMsg> {
        let w = words::of(look.environment);
        let show = |id, names, purpose, node| parts::example(SOURCE, look, id, names, purpose, node);
        let examples = vec![
            show("view", "view", w.view_use, examples::view_example(self, w)),
            show("scroll_view", "scroll-view", w.scroll_view_use, examples::scroll_view_example(w)),
            show("swiper", "swiper swiper-item", w.swiper_use, examples::swiper_example(w)),
            show("list", "list list-item", w.list_use, examples::list_example(self, w)),
            show("separator", "separator", w.separator_use, examples::separator_example(w)),
        ];
        parts::page(w.layout, w.layout_line, examples)
    }
}

impl LayoutMsg {
    pub(crate) fn choose(name: &str, word: Value<String>) -> Self {
        Self::Choose(name.to_owned(), word)
    }
}

impl LayoutPage {
    /// The word that is tried for an attribute; its default where none is.
    pub(crate) fn word(&self, name: &str) -> &str {
        let words = CHOICES.iter().find(|(known, _)| *known == name).map(|(_, words)| *words).unwrap_or_default();
        let chosen = self.chosen.iter().find(|(known, _)| known == name).map(|(_, word)| word.as_str());
        // The host shows no view with a word that there is not.
        let chosen = chosen.filter(|word| words.contains(word));
        chosen.or(words.first().copied()).unwrap_or_default()
    }
}

/// Pictures of the rooms, with what they show.
pub(crate) fn pictures(w: &Words) -> [(&'static str, &'static str); 3] {
    [("prisms", w.prisms), ("lamps", w.lamps), ("shadows", w.shadows)]
}
