//! Parts that several pages show. A component is a function that returns a node;
//! one with buttons is told which messages they send.

use mprun::prelude::*;

use crate::pages::CartPage;
use crate::shop::Shop;

/// `$5.50`, as the user's locale writes the number.
pub fn price(look: &Look<Shop>, cents: u32) -> String {
    format!("${}", look.money(cents))
}

/// Says something in passing. Where that is refused (four toasts are waiting, or
/// the customer wants none), what was done is worth more than the message.
pub fn tell<M>(cx: &mut Cx<Shop, M>, text: &str) {
    if let Err(error) = cx.toast(text) {
        mprun::warn!("not said: {text}: {error}");
    }
}

/// The way to the cart, with what is in it.
pub fn cart_badge<M: Message>(look: &Look<Shop>) -> Node<M> {
    let text = match look.app.count() {
        0 => "Cart".to_owned(),
        count => format!("Cart ({count}) · {}", price(look, look.app.total())),
    };
    view! { <navigator to={link!(CartPage)}>{text}</navigator> }
}

/// Something on the left, its price on the right.
pub fn price_line<M: Message>(name: &str, details: &str, price: &str) -> Node<M> {
    view! {
        <view layout="row" justify="between" align="start">
            <view gap="none" grow>
                <text>{name}</text>
                if !details.is_empty() {
                    <text tone="muted" size="small">{details}</text>
                }
            </view>
            <text strong>{price}</text>
        </view>
    }
}

/// The last line of a bill.
pub fn total_line<M: Message>(price: &str) -> Node<M> {
    view! {
        <view>
            <separator/>
            <view layout="row" justify="between">
                <text strong grow>"Total"</text>
                <text strong size="large">{price}</text>
            </view>
        </view>
    }
}

/// How many, with a button on each side; one without a message cannot be
/// pressed. `of` names the thing for people who hear the page.
pub fn stepper<M: Message>(of: &str, quantity: u32, less: Option<M>, more: Option<M>) -> Node<M> {
    view! {
        <view layout="row" gap="small" align="center">
            <button label={format!("One {of} less")} on:tap={less}>"−"</button>
            <text>{quantity}</text>
            <button label={format!("One {of} more")} on:tap={more}>"+"</button>
        </view>
    }
}
