//! A table of 1,000 rows with 4 cells each, 9,005 elements. One button changes one
//! price, far from both ends.

use mprun::prelude::*;

/// A row, as one line of the stored price list says it.
#[derive(State)]
struct Row {
    id: u32,
    name: String,
    stock: u32,
    cents: i64,
}

#[derive(State, Default)]
pub(crate) struct Prices {
    rows: Vec<Row>,
}

#[derive(Message)]
pub(crate) enum Msg {
    /// Puts the price list into storage.
    Seed,
    /// Makes a product dearer by a cent.
    Raise(u32),
}

const KEY: &str = "prices";

/// `id TAB name TAB stock TAB cents`, a line for each product.
fn list() -> String {
    (1..=1_000).map(|id| format!("{id}\tProduct number {id}\t{}\t{}\n", id * 37 % 500, 199 + id * 17)).collect()
}

fn parse(line: &str) -> Option<Row> {
    let mut parts = line.split('\t');
    Some(Row {
        id: parts.next()?.parse().ok()?,
        name: parts.next()?.to_owned(),
        stock: parts.next()?.parse().ok()?,
        cents: parts.next()?.parse().ok()?,
    })
}

impl Page for Prices {
    type Msg = Msg;

    fn load(cx: &mut Cx<(), Msg>, _: &Params) -> Result<Self> {
        let stored = cx.get_bytes(KEY)?.unwrap_or_default();
        let text = str::from_utf8(&stored).unwrap_or_default();
        Ok(Prices { rows: text.lines().filter_map(parse).collect() })
    }

    fn update(&mut self, msg: Msg, cx: &mut Cx<(), Msg>) -> Result {
        match msg {
            Msg::Seed => cx.set_bytes(KEY, list().as_bytes())?,
            Msg::Raise(id) => {
                for row in self.rows.iter_mut().filter(|row| row.id == id) {
                    row.cents += 1;
                }
            }
        }
        Ok(())
    }

    fn view(&self, look: &Look) -> Node<Msg> {
        view! {
            <view>
                <heading level=1>"Price list"</heading>
                <button on:tap=Msg::Raise(500)>"Raise a price"</button>
                <table label="1,000 products">
                    for row in &self.rows, key = row.id {
                        <table-row>
                            <table-cell><text>{row.id}</text></table-cell>
                            <table-cell><text>{&row.name}</text></table-cell>
                            <table-cell><text>{row.stock}</text></table-cell>
                            <table-cell><text>{look.money(row.cents)}</text></table-cell>
                        </table-row>
                    }
                </table>
                <button on:tap=Msg::Seed>"Seed"</button>
            </view>
        }
    }
}
