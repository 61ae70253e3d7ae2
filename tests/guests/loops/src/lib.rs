//! Computes for ever when asked to: ended by fuel.

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
            let mut number = self.count;
            loop {
                // Looked at, so that it is not optimised away.
                number = std::hint::black_box(number.wrapping_mul(31).wrapping_add(1));
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
