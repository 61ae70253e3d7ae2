//! Computes for ever while it shows itself: ended by fuel, like an event.

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

fn forever(mut number: u32) -> u32 {
    loop {
        number = std::hint::black_box(number.wrapping_mul(31).wrapping_add(1));
    }
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
                    <text>{forever(self.count)}</text>
                }
            </view>
        }
    }
}

app! { pages: { "index" => Index } }
