//! Shows something else after every event: no element of one view is in the next
//! one, but for the button. As many elements as its parameter says.

use mprun::prelude::*;

#[derive(State, Default)]
struct Index {
    flips: u32,
    nodes: u32,
}

#[derive(Message)]
enum Msg {
    Flip,
    Typed(Value<String>),
}

impl Page for Index {
    type Msg = Msg;

    fn load(_: &mut Cx<(), Msg>, params: &Params) -> Result<Self> {
        let nodes = match params.get("nodes") {
            Some(_) => params.parse("nodes")?,
            None => 60,
        };
        Ok(Self { flips: 0, nodes })
    }

    fn update(&mut self, msg: Msg, _: &mut Cx<(), Msg>) -> Result {
        match msg {
            Msg::Flip => self.flips += 1,
            Msg::Typed(_) => {}
        }
        Ok(())
    }

    /// Each of them has at most `nodes` elements: as many as fit beside the few that
    /// it always has.
    fn view(&self, _: &Look) -> Node<Msg> {
        let (flips, left) = (self.flips, self.nodes.saturating_sub(5));
        match flips % 4 {
            0 => view! {
                <view>
                    <heading level=1>"Flip " {flips}</heading>
                    <button on:tap=Msg::Flip>"Flip"</button>
                    <list>
                        for row in 0..left / 2, key = row {
                            <list-item><text>{row}</text></list-item>
                        }
                    </list>
                </view>
            },
            1 => view! {
                <view surface="card">
                    <table label="Rows">
                        for row in 0..left / 3, key = row {
                            <table-row><table-cell><text>{row}</text></table-cell></table-row>
                        }
                    </table>
                    <button on:tap=Msg::Flip>"Flip"</button>
                    <heading level=1>"Flip " {flips}</heading>
                </view>
            },
            2 => view! {
                <view layout="row">
                    <button on:tap=Msg::Flip>"Flip"</button>
                    <view layout="wrap">
                        for field in 0..left.min(200), key = field {
                            <input label={format!("Field {field}")} value={field} on:change=Msg::Typed/>
                        }
                    </view>
                    <heading level=1>"Flip " {flips}</heading>
                </view>
            },
            _ => view! {
                <list>
                    <list-item><heading level=1>"Flip " {flips}</heading></list-item>
                    <list-item><button on:tap=Msg::Flip>"Flip"</button></list-item>
                    for row in (0..left / 2).rev(), key = row {
                        <list-item><heading level=2>{row}</heading></list-item>
                    }
                </list>
            },
        }
    }
}

app! { pages: { "index" => Index } }
