//! One order, and how far it is.

use std::time::Duration;

use mprun::prelude::*;

use super::MenuPage;
use crate::parts;
use crate::shop::{Order, Shop, Status};

/// The order as it was when the page last heard of it.
#[derive(State, Default)]
pub struct OrderPage {
    order: Order,
}

/// What can happen here.
#[derive(Message)]
pub enum OrderMsg {
    /// It is time to look at the order with this number again.
    Tick(u32),
    /// Back to the menu.
    ToMenu,
}

impl Page<Shop> for OrderPage {
    type Msg = OrderMsg;

    fn load(cx: &mut Cx<Shop, OrderMsg>, params: &Params) -> Result<Self> {
        let order = look_after(params.parse("number")?, cx)?;
        Ok(Self { order })
    }

    fn update(&mut self, msg: OrderMsg, cx: &mut Cx<Shop, OrderMsg>) -> Result {
        match msg {
            OrderMsg::Tick(number) => self.order = look_after(number, cx)?,
            OrderMsg::ToMenu => cx.relaunch(link!(MenuPage))?,
        }
        Ok(())
    }

    /// The page was closed before its timer came: the order goes on without it.
    fn orphan(msg: OrderMsg, cx: &mut Cx<Shop, OrderMsg>) -> Result {
        if let OrderMsg::Tick(number) = msg {
            look_after(number, cx)?;
        }
        Ok(())
    }

    fn view(&self, look: &Look<Shop>) -> Node<OrderMsg> {
        let order = &self.order;
        view! {
            <view gap="large">
                <view gap="small">
                    <heading level=1>{order.title()}</heading>
                    <text>"For " {&order.name} " · Pick-up: " {&order.pick_up}</text>
                    <text tone="muted" size="small">"Ordered " {look.time(order.placed_at)}</text>
                </view>
                <view surface="notice">
                    <text strong size="large" live tone={order.status.tone()}>
                        {order.status.label()}
                    </text>
                    <progress label="How far it is" percent={order.status.percent()}/>
                    <text>{order.status.sentence()}</text>
                </view>
                <view surface="card">
                    for (position, line) in order.lines.iter().enumerate(), key = position {
                        {parts::price_line(
                            &format!("{} × {}", line.quantity, line.name),
                            &line.details,
                            &parts::price(look, line.cents),
                        )}
                    }
                    {parts::total_line(&parts::price(look, order.total))}
                    if let Some(note) = &order.note {
                        <text tone="muted">"Note: " {note}</text>
                    }
                </view>
                <button on:tap=OrderMsg::ToMenu>"Back to the menu"</button>
            </view>
        }
    }
}

/// Brings a stored order up to date, and asks to be woken for its next step.
/// The storage, not the page, knows the truth: so it does no harm if two tabs
/// look after one order, or if a timer comes late.
fn look_after(number: u32, cx: &mut Cx<Shop, OrderMsg>) -> Result<Order> {
    let key = Order::key(number);
    let mut order: Order = cx.get(&key)?.ok_or_else(Error::not_found)?;
    let elapsed = Duration::from_millis(cx.now()?.saturating_sub(order.placed_at));
    let status = Status::after(elapsed);
    if status != order.status {
        order.status = status;
        cx.set(&key, &order)?;
        if status == Status::Ready {
            parts::tell(cx, &format!("{} is ready", order.title()));
        }
    }
    if let Some(change) = status.changes_after() {
        match cx.after(change.saturating_sub(elapsed), OrderMsg::Tick(number)) {
            // So many pages wait for this order already: one less is not missed.
            Err(error) if error.kind() == ErrorKind::Limited => {}
            asked => asked.map(drop)?,
        }
    }
    Ok(order)
}
