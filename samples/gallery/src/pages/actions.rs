//! Actions: what can be pressed, opened and switched. Dialogs, details and tabs
//! need no network for it.

use mprun::prelude::*;

use crate::examples::actions as examples;
use crate::parts;
use crate::words;

const SOURCE: &str = include_str!("../examples/actions.rs");

/// With as many tickets, the program explains itself.
pub(crate) const TICKETS_MAX: u32 = 3;

/// What was pressed so far.
#[derive(State, Default)]
pub(crate) struct ActionsPage {
    pub(crate) pressed: u32,
    pub(crate) tickets: u32,
    /// Whether the program has opened the dialog that explains itself.
    pub(crate) explains: bool,
}

/// What can be done here.
#[derive(Message)]
pub(crate) enum ActionsMsg {
    Press,
    Book,
    Explained,
    GiveBack,
}

impl Page for ActionsPage {
    type Msg = ActionsMsg;

    fn update(&mut self, msg: ActionsMsg, _: &mut Cx<(), ActionsMsg>) -> Result {
        match msg {
            ActionsMsg::Press => self.pressed += 1,
            ActionsMsg::Book => {
                self.tickets = TICKETS_MAX.min(self.tickets + 1);
                self.explains = self.tickets == TICKETS_MAX;
            }
            ActionsMsg::Explained => self.explains = false,
            ActionsMsg::GiveBack => (self.tickets, self.explains) = (0, false),
        }
        Ok(())
    }

    fn view(&self, look: &Look) -> Node<ActionsMsg> {
        let w = words::of(look.environment);
        let show = |id, names, purpose, node| parts::example(SOURCE, look, id, names, purpose, node);
        let examples = vec![
            show("button", "button", w.button_use, examples::button_example(self, w)),
            show("navigator", "navigator", w.navigator_use, examples::navigator_example(w)),
            show("dialog", "dialog", w.dialog_use, examples::dialog_example(self, w)),
            show("disclosure", "disclosure", w.disclosure_use, examples::disclosure_example(w)),
            show("tabs", "tabs tab", w.tabs_use, examples::tabs_example(w)),
        ];
        parts::page(w.actions, w.actions_line, examples)
    }
}
