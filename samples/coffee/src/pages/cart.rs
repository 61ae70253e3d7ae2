//! The cart. It belongs to the program, so every page sees the same one.

use mprun::prelude::*;

use super::{CheckoutPage, MenuPage};
use crate::menu::Product;
use crate::parts;
use crate::shop::{Line, QUANTITY_MAX, Shop};

/// Nothing of its own.
#[derive(State, Default)]
pub struct CartPage {}

/// What can be done here. A line is named by its key, not by its place: a press
/// means the same line, also when another tab has removed the one above.
#[derive(Message)]
pub enum CartMsg {
    /// So many of it from now on.
    Set(String, u32),
    /// None of it any more.
    Remove(String),
    /// On to the checkout.
    CheckOut,
    /// Back to the menu. Not by a link: that would lay another menu on top of
    /// this page, and at most ten pages lie on each other.
    ToMenu,
}

impl Page<Shop> for CartPage {
    type Msg = CartMsg;

    fn update(&mut self, msg: CartMsg, cx: &mut Cx<Shop, CartMsg>) -> Result {
        match msg {
            CartMsg::Set(key, quantity) => cx.app.set(&key, quantity),
            CartMsg::Remove(key) => cx.app.set(&key, 0),
            CartMsg::CheckOut => cx.open(link!(CheckoutPage))?,
            CartMsg::ToMenu => cx.relaunch(link!(MenuPage))?,
        }
        Ok(())
    }

    fn view(&self, look: &Look<Shop>) -> Node<CartMsg> {
        if look.app.count() == 0 {
            return view! {
                <view align="center">
                    <image src="asset:icon.svg" mode="thumbnail" alt=""/>
                    <heading level=1>"Your cart"</heading>
                    <text>"Nothing in it yet."</text>
                    <button type="primary" on:tap=CartMsg::ToMenu>"See the menu"</button>
                </view>
            };
        }
        view! {
            <view gap="large">
                <heading level=1>"Your cart"</heading>
                <list>
                    for (line, product) in look.app.lines(), key = line.key() {
                        <list-item surface="card">{row(line, product, look)}</list-item>
                    }
                </list>
                {parts::total_line(&parts::price(look, look.app.total()))}
                <button type="primary" on:tap=CartMsg::CheckOut>"Check out"</button>
                <button on:tap=CartMsg::ToMenu>"Add something else"</button>
            </view>
        }
    }
}

fn row(line: &Line, product: &Product, look: &Look<Shop>) -> Node<CartMsg> {
    let set = |quantity| CartMsg::Set(line.key(), quantity);
    let less = (line.quantity > 1).then(|| set(line.quantity - 1));
    let more = (line.quantity < QUANTITY_MAX).then(|| set(line.quantity + 1));
    let price = parts::price(look, line.cents(product));
    let name = full_name(line, product);
    view! {
        <view layout="row" gap="small" align="center">
            <image src={product.picture()} mode="thumbnail" alt=""/>
            <view gap="small" grow>
                {parts::price_line(product.name, &line.details(), &price)}
                <view layout="wrap" gap="small" justify="between" align="center">
                    {parts::stepper(&name, line.quantity, less, more)}
                    <button label={format!("Remove {name}")}
                        on:tap=CartMsg::Remove(line.key())>"Remove"</button>
                </view>
            </view>
        </view>
    }
}

/// What the buttons of a line are for, in words: one product can be in two lines,
/// and who hears the page has to tell them apart.
fn full_name(line: &Line, product: &Product) -> String {
    match line.details() {
        details if details.is_empty() => product.name.to_owned(),
        details => format!("{} ({details})", product.name),
    }
}
