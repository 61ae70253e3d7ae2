//! Writes to storage for ever: ended by the bytes of host calls.

use mprun::prelude::*;

#[derive(State, Default)]
struct Index {
    count: u32,
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
            let value = vec![7; 1 << 20];
            loop {
                cx.set_bytes("hoard", &value)?;
            }
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
