//! Calls itself without end: ended by the stack.

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

/// Not a tail call and not a sum, so that it stays a recursion; all in locals, so
/// that it is the stack of calls which ends it.
#[inline(never)]
fn deeper(depth: u64, end: u64) -> u64 {
    if depth == end { depth } else { deeper(depth + 1, end).rotate_left(5) ^ depth }
}

impl Page for Index {
    type Msg = Msg;

    fn update(&mut self, msg: Msg, cx: &mut Cx<(), Msg>) -> Result {
        let _ = &cx;
        self.count += 1;
        if let Msg::Go = msg {
            self.count = deeper(1, u64::from(self.count) << 40) as u32;
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
