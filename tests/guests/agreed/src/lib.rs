//! Offers what the user sees: the message of the button carries the total, and
//! is worth nothing any more when the page shows another one.

use mprun::prelude::*;

#[derive(State, Default)]
struct Index {
    items: u32,
    paid: u32,
    note: String,
}

#[derive(Message)]
enum Msg {
    Add,
    Pay { total: u32 },
    Note(Value<String>),
}

impl Page for Index {
    type Msg = Msg;

    fn update(&mut self, msg: Msg, _: &mut Cx<(), Msg>) -> Result {
        match msg {
            Msg::Add => self.items += 1,
            Msg::Pay { total } => self.paid += total,
            Msg::Note(value) => self.note = value.get()?,
        }
        Ok(())
    }

    fn view(&self, _: &Look) -> Node<Msg> {
        let total = self.items * 5;
        view! {
            <view>
                <text>"Total " {total} ", paid " {self.paid} ", note: " {&self.note} "."</text>
                <button on:tap=Msg::Add>"Add"</button>
                <button on:tap=Msg::Pay { total }>"Pay"</button>
                <input label="Note" value={&self.note} on:change=Msg::Note/>
            </view>
        }
    }
}

app! { pages: { "index" => Index } }
