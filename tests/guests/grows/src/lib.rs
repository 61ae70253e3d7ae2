//! Grows its memory without end: ended by the limit of memory.

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
            let mut heap: Vec<Vec<u8>> = Vec::new();
            loop {
                heap.push(std::hint::black_box(vec![1; 1 << 20]));
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
