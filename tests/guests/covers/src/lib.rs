//! Tries to lie over what is the host's, with everything that a style sheet may
//! say; `calm` is the same page without that, to compare with. One way alone is
//! named by `way`.

use mprun::prelude::*;

/// The classes of `app.css`.
const WAYS: &[&str] = &[
    "over", "up", "down", "pulled", "thrown", "lifted", "giant", "shadow", "dropped", "glass", "turned", "floated",
    "edge", "loud", "moving", "drawn",
];

#[derive(State, Default)]
struct Index {
    ways: Vec<String>,
}

#[derive(Message)]
enum Msg {
    Fail,
    Say,
}

impl Page for Index {
    type Msg = Msg;

    fn load(_: &mut Cx<(), Msg>, params: &Params) -> Result<Self> {
        let ways = match params.get("way") {
            Some("calm") => Vec::new(),
            Some(way) => vec![way.to_owned()],
            None => WAYS.iter().map(|way| (*way).to_owned()).collect(),
        };
        Ok(Self { ways })
    }

    fn update(&mut self, msg: Msg, cx: &mut Cx<(), Msg>) -> Result {
        match msg {
            Msg::Fail => Err(Error::message("It did not work")),
            Msg::Say => cx.toast("Said in passing"),
        }
    }

    fn view(&self, _: &Look) -> Node<Msg> {
        view! {
            <view>
                <heading level=1>"Covers"</heading>
                <view layout="wrap">
                    <button on:tap=Msg::Fail>"Fail"</button>
                    <button on:tap=Msg::Say>"Say"</button>
                </view>
                <dialog label="A sheet" trigger="Open the sheet">
                    <text>"What the sheet says"</text>
                    {all(&self.ways)}
                </dialog>
                {all(&self.ways)}
                <view class="flat">{all(&self.ways)}</view>
                for line in 0..40, key = line {
                    <text>"Line " {line}</text>
                }
            </view>
        }
    }
}

/// Every way, on an element that can be pressed and on one that cannot.
fn all(ways: &[String]) -> Node<Msg> {
    view! {
        <view>
            for way in ways, key = way {
                <view class={way}><button on:tap=Msg::Say>"Trap"</button></view>
            }
        </view>
    }
}

/// What the other tab leads to.
#[derive(State, Default)]
struct Second {}

impl Page for Second {
    type Msg = ();

    fn update(&mut self, (): (), _: &mut Cx<(), ()>) -> Result {
        Ok(())
    }

    fn view(&self, _: &Look) -> Node<()> {
        view! { <heading level=1>"The second page"</heading> }
    }
}

app! { pages: { "index" => Index, "second" => Second } }
