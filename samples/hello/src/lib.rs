//! The smallest mini-program: one page, one field, one handler.
use mprun::prelude::*;

#[derive(State, Default)]
struct Hello {
    name: String,
}
#[derive(Message)]
enum Msg {
    Name(Value<String>),
}
impl Page for Hello {
    type Msg = Msg;
    fn update(&mut self, Msg::Name(name): Msg, _: &mut Cx<(), Msg>) -> Result {
        self.name = name.get()?;
        Ok(())
    }
    fn view(&self, _: &Look) -> Node<Msg> {
        view! {
            <view>
                <input label="Your name" value={&self.name} on:change=Msg::Name/>
                <text>"Hello, " {&self.name}</text>
            </view>
        }
    }
}
app! { pages: { "index" => Hello } }
