//! As little as a page can be: one number, one button. What is kept of it beside
//! the number is what any page costs.

use mprun::prelude::*;

#[derive(State, Default)]
pub(crate) struct Counter {
    count: u32,
}

#[derive(Message)]
pub(crate) enum Msg {
    /// Counts.
    More,
}

impl Page for Counter {
    type Msg = Msg;

    fn update(&mut self, Msg::More: Msg, _: &mut Cx<(), Msg>) -> Result {
        self.count += 1;
        Ok(())
    }

    fn view(&self, _: &Look) -> Node<Msg> {
        view! {
            <view>
                <heading level=1>"Counter"</heading>
                <text live>{self.count}</text>
                <button on:tap=Msg::More>"One more"</button>
            </view>
        }
    }
}
