//! Counts the same taps in three places: in the page's state, in the program's
//! and in storage. They agree if every event happened as a whole, and once.

use mprun::prelude::*;

#[derive(State, Default)]
struct Shared {
    taps: u32,
}

#[derive(State, Default)]
struct Index {
    here: u32,
    stored: u32,
}

#[derive(Message)]
enum Msg {
    Add,
    Note(Value<String>),
}

impl Page<Shared> for Index {
    type Msg = Msg;

    fn load(cx: &mut Cx<Shared, Msg>, _: &Params) -> Result<Self> {
        Ok(Index { here: 0, stored: cx.get("taps")?.unwrap_or_default() })
    }

    fn update(&mut self, msg: Msg, cx: &mut Cx<Shared, Msg>) -> Result {
        match msg {
            Msg::Add => {
                self.here += 1;
                cx.app.taps += 1;
                self.stored = cx.get::<u32>("taps")?.unwrap_or_default() + 1;
                cx.set("taps", &self.stored)?;
            }
            Msg::Note(value) => cx.set("note", &value.get()?)?,
        }
        Ok(())
    }

    fn view(&self, look: &Look<Shared>) -> Node<Msg> {
        view! {
            <view>
                <text>"here " {self.here} ", shared " {look.app.taps} ", stored " {self.stored} "."</text>
                <button on:tap=Msg::Add>"Add"</button>
                <input label="Note" on:change=Msg::Note/>
            </view>
        }
    }
}

app! { state: Shared, pages: { "index" => Index } }
