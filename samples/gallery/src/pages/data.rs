//! Data: a table, progress, and a list that grows where its end is reached.

use mprun::prelude::*;

use crate::examples::data as examples;
use crate::parts;
use crate::words;

const SOURCE: &str = include_str!("../examples/data.rs");

/// Objects that there are, and that come at once.
pub(crate) const OBJECTS: u32 = 60;
const PART: u32 = 10;

/// When the museum opens and closes, and how many come, from Tuesday on.
pub(crate) const OPENING: [(&str, &str, u32); 6] = [
    ("10:00", "18:00", 412),
    ("10:00", "18:00", 388),
    ("10:00", "21:00", 655),
    ("10:00", "18:00", 430),
    ("09:00", "19:00", 981),
    ("09:00", "19:00", 1_204),
];

/// How much of the collection is shown.
#[derive(State)]
pub(crate) struct DataPage {
    pub(crate) shown: u32,
    pub(crate) refreshed: u32,
}

impl Default for DataPage {
    fn default() -> Self {
        Self { shown: PART, refreshed: 0 }
    }
}

/// What can be done here.
#[derive(Message)]
pub(crate) enum DataMsg {
    More,
    Refresh,
}

impl Page for DataPage {
    type Msg = DataMsg;

    fn update(&mut self, msg: DataMsg, _: &mut Cx<(), DataMsg>) -> Result {
        match msg {
            DataMsg::More => self.shown = OBJECTS.min(self.shown + PART),
            DataMsg::Refresh => (self.shown, self.refreshed) = (PART, self.refreshed + 1),
        }
        Ok(())
    }

    fn view(&self, look: &Look) -> Node<DataMsg> {
        let w = words::of(look.environment);
        let show = |id, names, purpose, node| parts::example(SOURCE, look, id, names, purpose, node);
        let examples = vec![
            show("table", "table table-row table-cell", w.table_use, examples::table_example(w)),
            show("progress", "progress", w.progress_use, examples::progress_example(w)),
            show("paging", "view list", w.paging_use, examples::paging_example(self, w)),
        ];
        parts::page(w.data, w.data_line, examples)
    }
}
