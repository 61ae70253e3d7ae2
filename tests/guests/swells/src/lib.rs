//! Makes its state larger than a state may be.

use mprun::prelude::*;

#[derive(State, Default)]
struct Index {
    count: u32,
    ballast: String,
}

#[derive(Message)]
enum Msg {
    Count,
    Go,
}

impl Page for Index {
    type Msg = Msg;

    fn update(&mut self, msg: Msg, cx: &mut Cx<(), Msg>) -> Result {
        let _ = &cx;
        self.count += 1;
        if let Msg::Go = msg {
            self.ballast = "x".repeat(300 * 1024);
        }
        Ok(())
    }

    fn view(&self, _: &Look) -> Node<Msg> {
        view! {
            <view>
                <text>"Count: " {self.count}</text>
                <button on:tap=Msg::Count>"Count"</button>
                <button on:tap=Msg::Go>"Go"</button>
            </view>
        }
    }
}

app! { pages: { "index" => Index } }
