//! Shows more text than a page may have: ended by `frame-bytes`.

use mprun::prelude::*;

#[derive(State, Default)]
struct Index {
    count: u32,
    bad: bool,
}

#[derive(Message)]
enum Msg {
    Count,
    Go,
}

impl Page for Index {
    type Msg = Msg;

    fn update(&mut self, msg: Msg, _: &mut Cx<(), Msg>) -> Result {
        self.count += 1;
        self.bad = matches!(msg, Msg::Go);
        Ok(())
    }

    fn view(&self, _: &Look) -> Node<Msg> {
        view! {
            <view>
                <text>"Count: " {self.count}</text>
                <button on:tap=Msg::Count>"Count"</button>
                <button on:tap=Msg::Go>"Go"</button>
                if self.bad {
                    <text>{"All work and no play. ".repeat(60_000)}</text>
                }
            </view>
        }
    }
}

app! { pages: { "index" => Index } }
