//! A page of 40 product cards, 205 elements.

use mprun::prelude::*;

/// A product, as one line of the stored catalogue says it.
#[derive(State)]
struct Product {
    id: u32,
    name: String,
    note: String,
    cents: i64,
}

#[derive(State, Default)]
pub(crate) struct Cards {
    products: Vec<Product>,
    picked: u32,
}

#[derive(Message)]
pub(crate) enum Msg {
    /// Puts the catalogue into storage.
    Seed,
    /// Counts a product in.
    Add(u32),
}

const KEY: &str = "catalogue";

/// `id TAB name TAB note TAB cents`, a line for each product.
fn catalogue() -> String {
    (1..=40)
        .map(|id| {
            format!("{id}\tProduct number {id}\tKept in a cool & dry place since <{id}> days\t{}\n", 199 + id * 17)
        })
        .collect()
}

fn parse(line: &str) -> Option<Product> {
    let mut parts = line.split('\t');
    Some(Product {
        id: parts.next()?.parse().ok()?,
        name: parts.next()?.to_owned(),
        note: parts.next()?.to_owned(),
        cents: parts.next()?.parse().ok()?,
    })
}

impl Page for Cards {
    type Msg = Msg;

    fn load(cx: &mut Cx<(), Msg>, _: &Params) -> Result<Self> {
        let stored = cx.get_bytes(KEY)?.unwrap_or_default();
        let text = str::from_utf8(&stored).unwrap_or_default();
        Ok(Cards { products: text.lines().filter_map(parse).collect(), picked: 0 })
    }

    fn update(&mut self, msg: Msg, cx: &mut Cx<(), Msg>) -> Result {
        match msg {
            Msg::Seed => cx.set_bytes(KEY, catalogue().as_bytes())?,
            Msg::Add(_) => self.picked += 1,
        }
        Ok(())
    }

    fn view(&self, look: &Look) -> Node<Msg> {
        view! {
            <view>
                <heading level=1>"Products"</heading>
                <text live>"In the cart: " {self.picked}</text>
                <list layout="grid">
                    for product in &self.products, key = product.id {
                        <list-item surface="card">
                            <text strong>{&product.name}</text>
                            <text tone="muted">{&product.note}</text>
                            <text>{look.money(product.cents)}</text>
                            <button on:tap=Msg::Add(product.id)>"Add"</button>
                        </list-item>
                    }
                </list>
                <button on:tap=Msg::Seed>"Seed"</button>
            </view>
        }
    }
}
