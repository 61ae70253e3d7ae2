//! The pages, one file each.

mod cart;
mod checkout;
mod menu;
mod order;
mod orders;
mod product;

pub use cart::{CartMsg, CartPage};
pub use checkout::{CheckoutMsg, CheckoutPage, PickUp, Slot};
pub use menu::{MenuMsg, MenuPage};
pub use order::{OrderMsg, OrderPage};
pub use orders::{OrdersMsg, OrdersPage};
pub use product::{Pick, ProductMsg, ProductPage};
