//! The first page: everything there is, one tap from the cart.

use mprun::prelude::*;

use crate::cart::CartPage;
use crate::shop::{PRODUCTS, Product, Shop};

/// The page's own state: nothing, as the cart belongs to the program.
#[derive(State, Default)]
pub struct IndexPage {}

/// What can happen here.
#[derive(Message)]
pub enum IndexMsg {
    /// One into the cart.
    Add(String),
}

impl Page<Shop> for IndexPage {
    type Msg = IndexMsg;

    fn update(&mut self, msg: IndexMsg, cx: &mut Cx<Shop, IndexMsg>) -> Result {
        let IndexMsg::Add(id) = msg;
        cx.app.add(&id);
        Ok(())
    }

    fn view(&self, look: &Look<Shop>) -> Node<IndexMsg> {
        view! {
            <view gap="large">
                <view layout="row" justify="between" align="center">
                    <heading level=1 grow>"{{name}}"</heading>
                    <navigator to={link!(CartPage)}>"Cart (" {look.app.count()} ")"</navigator>
                </view>
                <view layout="grid">
                    for product in PRODUCTS, key = product.id {
                        {card(product, look)}
                    }
                </view>
            </view>
        }
    }
}

/// A component is a function that returns a node.
fn card(product: &Product, look: &Look<Shop>) -> Node<IndexMsg> {
    view! {
        <view surface="card" gap="small" class="product">
            <text strong>{product.name}</text>
            <text tone="muted" size="small">{product.about}</text>
            <view layout="row" justify="between" align="center">
                <text grow class="price">"$" {look.money(product.cents)}</text>
                <button label={format!("Add {}", product.name)}
                    on:tap=IndexMsg::Add(product.id.to_owned())>"Add"</button>
            </view>
        </view>
    }
}
