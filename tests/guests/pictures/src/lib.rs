//! Shows a picture of its own, and one of those that its address names, whatever
//! they are; the next one at the press of a button.

use mprun::prelude::*;

#[derive(State, Default)]
struct Index {
    sources: Vec<String>,
}

#[derive(Message)]
enum Msg {
    Next,
}

impl Index {
    fn shown(&self) -> &str {
        self.sources.first().map_or("asset:icon.svg", String::as_str)
    }
}

impl Page for Index {
    type Msg = Msg;

    fn load(_: &mut Cx<(), Msg>, params: &Params) -> Result<Self> {
        Ok(Self { sources: params.all("src").map(str::to_owned).collect() })
    }

    fn update(&mut self, msg: Msg, _: &mut Cx<(), Msg>) -> Result {
        match msg {
            Msg::Next if self.sources.len() > 1 => self.sources.rotate_left(1),
            Msg::Next => {}
        }
        Ok(())
    }

    fn view(&self, _: &Look) -> Node<Msg> {
        view! {
            <view>
                <image src="asset:icon.svg" alt="Of the bundle"/>
                <image src={self.shown()} alt="From elsewhere"/>
                <button on:tap=Msg::Next>"Next"</button>
            </view>
        }
    }
}

app! { pages: { "index" => Index } }
