//! The first page: everything there is, one tap from the cart.

use mprun::prelude::*;

use super::{OrdersPage, ProductPage};
use crate::menu::{MENU, Product};
use crate::parts;
use crate::shop::{Line, Shop};

/// Nothing to remember: the menu is built in, the cart belongs to the program.
#[derive(State, Default)]
pub struct MenuPage {}

/// What can be done here.
#[derive(Message)]
pub enum MenuMsg {
    /// Puts the usual one of a product into the cart.
    Add(String),
}

impl Page<Shop> for MenuPage {
    type Msg = MenuMsg;

    fn update(&mut self, msg: MenuMsg, cx: &mut Cx<Shop, MenuMsg>) -> Result {
        let MenuMsg::Add(id) = msg;
        let product = Product::find(&id).ok_or_else(Error::not_found)?;
        let text = match cx.app.add(Line::usual(product)) {
            Ok(()) => format!("{} is in your cart", product.name),
            Err(already) => format!("You have {already} × {} already, the most that we make at once", product.name),
        };
        parts::tell(cx, &text);
        Ok(())
    }

    fn view(&self, look: &Look<Shop>) -> Node<MenuMsg> {
        view! {
            <view gap="large">
                <image src="asset:banner.svg" mode="banner"
                    alt="Our shop in the evening, the plum tree beside it in blossom"/>
                <view layout="wrap" justify="between" align="center">
                    <view gap="none" grow>
                        <heading level=1>"Plum Lane"</heading>
                        <text tone="muted">"梅巷 · A small roastery"</text>
                    </view>
                    <view layout="row">
                        {parts::cart_badge(look)}
                        if look.app.orders > 0 {
                            <navigator to={link!(OrdersPage)}>"Orders"</navigator>
                        }
                    </view>
                </view>
                for category in MENU, key = category.name {
                    <view>
                        <heading level=2>{category.name} " · " {category.chinese}</heading>
                        <view layout="grid">
                            for product in category.products, key = product.id {
                                {card(product, look)}
                            }
                        </view>
                    </view>
                }
            </view>
        }
    }
}

/// All of the card leads to the product; the button in it does not.
fn card(product: &Product, look: &Look<Shop>) -> Node<MenuMsg> {
    view! {
        <view surface="card" gap="small" label={product.name}
            to={link!(ProductPage, id = product.id)}>
            <image src={product.picture()} mode="aspect-fill" alt=""/>
            <text strong>{product.name}</text>
            <text tone="muted" size="small">{product.taste}</text>
            <view layout="row" justify="between" align="center">
                <text strong grow>{parts::price(look, product.cents)}</text>
                <button label={format!("Add {}", product.name)}
                    on:tap=MenuMsg::Add(product.id.to_owned())>"Add"</button>
            </view>
        </view>
    }
}
