//! Plum Lane Coffee: order ahead, pay at the counter. The tour of the SDK.
//!
//! `menu` is what the shop sells, `shop` what it remembers, `pages` what
//! customers see, `parts` what several pages show.

pub mod menu;
pub mod pages;
pub mod parts;
pub mod shop;

use mprun::prelude::*;

use pages::{CartPage, CheckoutPage, MenuPage, OrderPage, OrdersPage, ProductPage};
use shop::Shop;

app! {
    state: Shop,
    pages: {
        "menu" => MenuPage,
        "product" => ProductPage,
        "cart" => CartPage,
        "checkout" => CheckoutPage,
        "order" => OrderPage,
        "orders" => OrdersPage,
    },
}
