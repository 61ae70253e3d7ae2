//! Pages that link to each other: the start, and shelves that lie on each other
//! as high as somebody follows the links.

use mprun::prelude::*;

#[derive(State, Default)]
struct Index {}

impl Page for Index {
    type Msg = ();

    fn update(&mut self, (): (), _: &mut Cx<(), ()>) -> Result {
        Ok(())
    }

    fn view(&self, _: &Look) -> Node<()> {
        view! {
            <view>
                <text>"The start"</text>
                <navigator to={link!(Shelf, at = 1)}>"Up"</navigator>
            </view>
        }
    }
}

#[derive(State, Default)]
struct Shelf {
    at: u32,
    taken: u32,
}

#[derive(Message)]
enum Msg {
    Take,
}

impl Page for Shelf {
    type Msg = Msg;

    fn load(_: &mut Cx<(), Msg>, params: &Params) -> Result<Self> {
        Ok(Shelf { at: params.parse("at")?, taken: 0 })
    }

    fn update(&mut self, msg: Msg, _: &mut Cx<(), Msg>) -> Result {
        match msg {
            Msg::Take => self.taken += 1,
        }
        Ok(())
    }

    fn view(&self, _: &Look) -> Node<Msg> {
        view! {
            <view>
                <text>"Shelf " {self.at} ", taken " {self.taken}</text>
                <navigator to={link!(Shelf, at = self.at + 1)}>"Up"</navigator>
                <button on:tap=Msg::Take>"Take"</button>
            </view>
        }
    }
}

app! { pages: { "index" => Index, "shelf" => Shelf } }
