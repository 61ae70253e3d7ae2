//! Who picks the order up, and when.

use mprun::prelude::*;

use super::{MenuPage, OrderPage};
use crate::parts;
use crate::shop::{Order, OrderLine, Shop, Status};

/// Nothing of its own: what is typed is kept by the host.
#[derive(State, Default)]
pub struct CheckoutPage {}

/// What can be done here.
#[derive(Message)]
pub enum CheckoutMsg {
    /// The button says what it costs, and so does its message: if the cart has
    /// changed in another tab, this press is no longer on offer.
    Place {
        /// What the customer has agreed to, in cents.
        total: u32,
        /// The form.
        form: Form<PickUp>,
    },
    /// Back to the menu.
    ToMenu,
}

/// The form.
#[derive(Form)]
pub struct PickUp {
    #[field(required, max = 40)]
    name: String,
    time: Slot,
    #[field(max = 120)]
    note: Option<String>,
}

/// When to pick it up.
#[derive(Choice, Clone, Copy)]
pub enum Slot {
    /// As soon as it can be done.
    #[choice(label = "As soon as possible")]
    Soon,
    /// 15 minutes from now.
    #[choice(label = "In 15 minutes")]
    Quarter,
    /// 30 minutes from now.
    #[choice(label = "In 30 minutes")]
    Half,
    /// 60 minutes from now.
    #[choice(label = "In an hour")]
    Hour,
}

impl Page<Shop> for CheckoutPage {
    type Msg = CheckoutMsg;

    /// All of this happens, or nothing of it: an error anywhere leaves the cart
    /// full and the storage as it was.
    fn update(&mut self, msg: CheckoutMsg, cx: &mut Cx<Shop, CheckoutMsg>) -> Result {
        let (total, form) = match msg {
            CheckoutMsg::Place { total, form } => (total, form.get()?),
            CheckoutMsg::ToMenu => return cx.relaunch(link!(MenuPage)),
        };
        let order = Order {
            number: cx.app.orders + 1,
            name: form.name.trim().to_owned(),
            note: form.note,
            lines: bill(cx.app),
            total,
            placed_at: cx.now()?,
            pick_up: form.time.label().to_owned(),
            status: Status::Received,
        };
        cx.set(&Order::key(order.number), &order)?;
        cx.app.orders = order.number;
        cx.app.name = order.name;
        cx.app.cart.clear();
        // Closes the cart and the checkout as well: there is nothing to go back to.
        cx.relaunch(link!(OrderPage, number = order.number))
    }

    fn view(&self, look: &Look<Shop>) -> Node<CheckoutMsg> {
        let total = look.app.total();
        if total == 0 {
            return view! {
                <view align="center">
                    <heading level=1>"Check out"</heading>
                    <text>"There is nothing to order yet."</text>
                    <button type="primary" on:tap=CheckoutMsg::ToMenu>"See the menu"</button>
                </view>
            };
        }
        view! {
            <view>
                <heading level=1>"Check out"</heading>
                <view layout="wrap" gap="large" align="start">
                    <view surface="card" grow>
                        for (line, product) in look.app.lines(), key = line.key() {
                            {parts::price_line(
                                &format!("{} × {}", line.quantity, product.name),
                                &line.details(),
                                &parts::price(look, line.cents(product)),
                            )}
                        }
                        {parts::total_line(&parts::price(look, total))}
                        <text tone="muted" size="small">"You pay at the counter."</text>
                    </view>
                    <view grow>
                        <form on:submit={|form| CheckoutMsg::Place { total, form }}>
                            <input label="Your name" name="name" value={&look.app.name} maxlength=40
                                hint="We call it out at the counter." required/>
                            <picker label="Pick-up" name="time" value="" required>
                                for slot in Slot::ALL, key = slot.name() {
                                    <option value={slot.name()}>{slot.label()}</option>
                                }
                            </picker>
                            <textarea label="Note" name="note" rows=2 maxlength=120
                                placeholder="Extra hot, half sweet, a bag …"/>
                            <button type="primary" form-type="submit">
                                "Place order · " {parts::price(look, total)}
                            </button>
                        </form>
                    </view>
                </view>
            </view>
        }
    }
}

/// The cart with the names and prices of now.
fn bill(shop: &Shop) -> Vec<OrderLine> {
    let lines = shop.lines().map(|(line, product)| OrderLine {
        name: product.name.to_owned(),
        details: line.details(),
        quantity: line.quantity,
        cents: line.cents(product),
    });
    lines.collect()
}
