//! {{name}}: a few things to buy, and a cart.
//!
//! `shop` is what is sold and remembered, `index` and `cart` are the pages.

mod cart;
mod index;
pub mod shop;

use mprun::prelude::*;

use cart::CartPage;
use index::IndexPage;
use shop::Shop;

app! {
    state: Shop,
    pages: {
        "index" => IndexPage,
        "cart" => CartPage,
    },
}
