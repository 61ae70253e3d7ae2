//! Shows elements deeper inside each other than a page may: ended by `frame-depth`.

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

fn nested(levels: u32) -> Node<Msg> {
    match levels {
        0 => view! { <text>"The bottom"</text> },
        levels => view! { <view>{nested(levels - 1)}</view> },
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
                    {nested(100)}
                }
            </view>
        }
    }
}

app! { pages: { "index" => Index } }
