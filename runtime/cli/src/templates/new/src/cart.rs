//! The cart. It belongs to the program, so every page sees the same one.

use mprun::prelude::*;

use crate::shop::{Product, Shop};

/// The page's own state: nothing.
#[derive(State, Default)]
pub struct CartPage {}

/// What can happen here. A line is named by its product, not by its place: a press
/// means the same line, also when another tab has changed the cart meanwhile.
#[derive(Message)]
pub enum CartMsg {
    /// One more of it.
    More(String),
    /// One less.
    Less(String),
}

impl Page<Shop> for CartPage {
    type Msg = CartMsg;

    fn update(&mut self, msg: CartMsg, cx: &mut Cx<Shop, CartMsg>) -> Result {
        match msg {
            CartMsg::More(id) => cx.app.add(&id),
            CartMsg::Less(id) => cx.app.remove(&id),
        }
        Ok(())
    }

    fn view(&self, look: &Look<Shop>) -> Node<CartMsg> {
        if look.app.count() == 0 {
            return view! {
                <view>
                    <heading level=1>"Your cart"</heading>
                    <text tone="muted">"Nothing in it yet."</text>
                </view>
            };
        }
        view! {
            <view gap="large">
                <heading level=1>"Your cart"</heading>
                <list>
                    for (product, quantity) in look.app.lines(), key = product.id {
                        <list-item surface="card">{row(product, quantity, look)}</list-item>
                    }
                </list>
                <text strong size="large">"Total: $" {look.money(look.app.total())}</text>
            </view>
        }
    }
}

fn row(product: &Product, quantity: u32, look: &Look<Shop>) -> Node<CartMsg> {
    view! {
        <view layout="row" gap="small" align="center">
            <view gap="none" grow>
                <text>{product.name}</text>
                <text class="price">"$" {look.money(product.cents * quantity)}</text>
            </view>
            <button label={format!("One {} less", product.name)}
                on:tap=CartMsg::Less(product.id.to_owned())>"−"</button>
            <text>{quantity}</text>
            <button label={format!("One {} more", product.name)}
                on:tap=CartMsg::More(product.id.to_owned())>"+"</button>
        </view>
    }
}
