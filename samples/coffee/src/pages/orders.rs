//! What was ordered before, the last one first.

use mprun::prelude::*;

use super::{MenuPage, OrderPage};
use crate::parts;
use crate::shop::{Order, Shop};

/// Most orders on the page.
const SHOWN_MAX: usize = 20;

/// The orders as they were when the page was last shown.
#[derive(State, Default)]
pub struct OrdersPage {
    orders: Vec<Order>,
}

/// What can be done here.
#[derive(Message)]
pub enum OrdersMsg {
    /// Back to the menu.
    ToMenu,
}

impl Page<Shop> for OrdersPage {
    type Msg = OrdersMsg;

    fn load(cx: &mut Cx<Shop, OrdersMsg>, _: &Params) -> Result<Self> {
        Ok(Self { orders: read(cx)? })
    }

    /// The user comes back to this page: an order may have gone on meanwhile.
    fn shown(&mut self, cx: &mut Cx<Shop, OrdersMsg>) -> Result {
        self.orders = read(cx)?;
        Ok(())
    }

    fn update(&mut self, msg: OrdersMsg, cx: &mut Cx<Shop, OrdersMsg>) -> Result {
        let OrdersMsg::ToMenu = msg;
        cx.relaunch(link!(MenuPage))
    }

    fn view(&self, look: &Look<Shop>) -> Node<OrdersMsg> {
        view! {
            <view gap="large">
                <heading level=1>"Your orders"</heading>
                if self.orders.is_empty() {
                    <text>"You have not ordered anything yet."</text>
                }
                <list>
                    for order in &self.orders, key = order.number {
                        <list-item surface="card" label={order.title()}
                            to={link!(OrderPage, number = order.number)}>
                            {row(order, look)}
                        </list-item>
                    }
                </list>
                <button on:tap=OrdersMsg::ToMenu>"Back to the menu"</button>
            </view>
        }
    }
}

fn row(order: &Order, look: &Look<Shop>) -> Node<OrdersMsg> {
    let price = parts::price(look, order.total);
    view! {
        <view gap="small">
            <view layout="row" justify="between">
                <text strong grow>{order.title()}</text>
                <text tone={order.status.tone()}>{order.status.label()}</text>
            </view>
            {parts::price_line(&summary(order), &look.time(order.placed_at), &price)}
        </view>
    }
}

fn read(cx: &mut Cx<Shop, OrdersMsg>) -> Result<Vec<Order>> {
    let mut orders = Vec::new();
    for key in cx.keys(Order::PREFIX)?.iter().rev().take(SHOWN_MAX) {
        orders.extend(cx.get::<Order>(key)?);
    }
    Ok(orders)
}

fn summary(order: &Order) -> String {
    let lines = order.lines.iter().map(|line| format!("{} × {}", line.quantity, line.name));
    lines.collect::<Vec<_>>().join(", ")
}
