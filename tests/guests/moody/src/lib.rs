//! Misbehaves while its page is opened, as the page's parameter says.

use mprun::prelude::*;

#[derive(State, Default)]
struct Index {}

impl Page for Index {
    type Msg = ();

    fn load(_: &mut Cx<(), ()>, params: &Params) -> Result<Self> {
        let mut number = 7_u32;
        match params.get("mood") {
            Some("loop") => loop {
                number = std::hint::black_box(number.wrapping_mul(31).wrapping_add(1));
            },
            Some("grow") => {
                let mut heap: Vec<Vec<u8>> = Vec::new();
                loop {
                    heap.push(std::hint::black_box(vec![1; 1 << 20]));
                }
            }
            #[expect(clippy::panic, reason = "this is what the guest is for")]
            Some("panic") => panic!("in a bad mood"),
            Some("refuse") => Err(Error::message("Come back tomorrow")),
            Some("missing") => Err(Error::not_found()),
            _ => Ok(Index {}),
        }
    }

    fn update(&mut self, (): (), _: &mut Cx<(), ()>) -> Result {
        Ok(())
    }

    fn view(&self, _: &Look) -> Node<()> {
        view! { <text>"In a good mood"</text> }
    }
}

app! { pages: { "index" => Index } }
