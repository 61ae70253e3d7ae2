//! The pages that `make bench` measures: 40 product cards, a form of 30 fields and
//! a table of 1,000 rows, each read from storage when it is opened, and a counter,
//! which is as little as a page can be. Their twins without this sandbox are
//! `bench/src/markup.rs` and `bench/peers/`; the bench compares their texts.

mod cards;
mod counter;
mod details;
mod prices;

use mprun::prelude::*;

use cards::Cards;
use counter::Counter;
use details::Details;
use prices::Prices;

app! {
    pages: {
        "cards" => Cards,
        "form" => Details,
        "table" => Prices,
        "counter" => Counter,
    },
}
