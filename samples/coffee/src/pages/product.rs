//! One product: how large, with which milk, how many.

use mprun::prelude::*;

use super::MenuPage;
use crate::menu::{Milk, Product, Size};
use crate::parts;
use crate::shop::{Line, QUANTITY_MAX, Shop};

/// Which product. Everything else about it is in the menu.
#[derive(State, Default)]
pub struct ProductPage {
    id: String,
}

/// What can be done here.
#[derive(Message)]
pub enum ProductMsg {
    /// The form is filled in.
    Add(Form<Pick>),
    /// To the menu: who came by an address has not seen it. Not by a link, for
    /// the reason that the cart has.
    ToMenu,
}

/// The form. Fields that a product does not have stay empty.
#[derive(Form)]
pub struct Pick {
    size: Option<Size>,
    milk: Option<Milk>,
    #[field(min = 1, max = 20)]
    quantity: u32,
}

impl ProductPage {
    fn product(&self) -> Result<&'static Product> {
        Product::find(&self.id).ok_or_else(Error::not_found)
    }
}

impl Page<Shop> for ProductPage {
    type Msg = ProductMsg;

    /// The address comes from outside: a product that does not exist is refused
    /// here, so that nothing after this has to think of it.
    fn load(_: &mut Cx<Shop, ProductMsg>, params: &Params) -> Result<Self> {
        let id = params.get("id").ok_or_else(Error::not_found)?;
        let page = Self { id: id.to_owned() };
        page.product()?;
        Ok(page)
    }

    fn update(&mut self, msg: ProductMsg, cx: &mut Cx<Shop, ProductMsg>) -> Result {
        let pick = match msg {
            ProductMsg::Add(form) => form.get()?,
            ProductMsg::ToMenu => return cx.relaunch(link!(MenuPage)),
        };
        let product = self.product()?;
        // A radio group can only send what it offers, and it offers what the
        // product has: `size` is one of `sizes`, or there is none.
        let line = Line { product: self.id.clone(), size: pick.size, milk: pick.milk, quantity: pick.quantity };
        if let Err(already) = cx.app.add(line) {
            let refused = format!("You have {already} already; at most {QUANTITY_MAX} of one kind.");
            return Err(Error::field("quantity", refused));
        }
        let added = format!("{} × {}", pick.quantity, product.name);
        parts::tell(cx, &format!("In your cart: {added}"));
        cx.close()
    }

    fn view(&self, look: &Look<Shop>) -> Node<ProductMsg> {
        let Ok(product) = self.product() else {
            return view! {
                <view align="center">
                    <text>"This is not on the menu any more."</text>
                    <button on:tap=ProductMsg::ToMenu>"Menu"</button>
                </view>
            };
        };
        view! {
            <view layout="wrap" gap="large" align="start">
                <view grow>
                    <image src={product.picture()} mode="aspect-fill" alt={product.looks}/>
                </view>
                <view grow>
                    <view gap="small">
                        <heading level=1>{product.name} " · " {product.chinese}</heading>
                        <text tone="accent" size="large" strong>
                            {parts::price(look, product.cents)}
                        </text>
                        <text>{product.story}</text>
                    </view>
                    <form on:submit=ProductMsg::Add>
                        {sizes(product, look)}
                        {milks(product, look)}
                        <input label="How many" name="quantity" type="number" value="1" required/>
                        <button type="primary" form-type="submit">"Add to cart"</button>
                    </form>
                    <view layout="row" align="center">
                        {parts::cart_badge(look)}
                        <button on:tap=ProductMsg::ToMenu>"Menu"</button>
                    </view>
                </view>
            </view>
        }
    }
}

/// The first size is chosen; a product with one size has no choice.
fn sizes(product: &Product, look: &Look<Shop>) -> Option<Node<ProductMsg>> {
    let first = product.sizes.first()?;
    Some(view! {
        <radio-group label="Size" name="size" layout="wrap" value={first.name()}>
            for size in product.sizes, key = size.name() {
                <radio value={size.name()}>{size.label()} {more(look, size.cents())}</radio>
            }
        </radio-group>
    })
}

/// Whole milk unless the customer says otherwise.
fn milks(product: &Product, look: &Look<Shop>) -> Option<Node<ProductMsg>> {
    if !product.milk {
        return None;
    }
    Some(view! {
        <radio-group label="Milk" name="milk" layout="wrap" value={Milk::Whole.name()}>
            for milk in Milk::ALL, key = milk.name() {
                <radio value={milk.name()}>{milk.label()} {more(look, milk.cents())}</radio>
            }
        </radio-group>
    })
}

/// What a choice costs more, if it does.
fn more(look: &Look<Shop>, cents: u32) -> Option<String> {
    (cents > 0).then(|| format!(" +{}", parts::price(look, cents)))
}
