//! Asks for timers in a loop; each further one is refused with `limited`, and it says so.

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
            let mut granted = 0;
            loop {
                match cx.after(std::time::Duration::from_secs(3600), Msg::Count) {
                    Ok(_) => granted += 1,
                    Err(error) if error.kind() == ErrorKind::Limited => break,
                    Err(error) => return Err(error),
                }
            }
            return Err(Error::message(format!("{granted} timers, then it was limited")));
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
