//! What is sold, and what is remembered for each user.

use mprun::prelude::*;

/// Something to buy.
pub struct Product {
    /// Kept in carts, so it stays when the name changes.
    pub id: &'static str,
    pub name: &'static str,
    pub about: &'static str,
    pub cents: u32,
}

/// Most pieces of one product in a cart.
pub const QUANTITY_MAX: u32 = 99;

/// Everything there is.
pub const PRODUCTS: &[Product] = &[
    Product {
        id: "tea",
        name: "Green tea",
        about: "From this spring's harvest",
        cents: 650,
    },
    Product {
        id: "cup",
        name: "Cup",
        about: "Thin porcelain, for two hands",
        cents: 1_200,
    },
    Product {
        id: "honey",
        name: "Honey",
        about: "From the roof of this house",
        cents: 890,
    },
];

impl Product {
    /// The product with this id, if it is still sold.
    pub fn find(id: &str) -> Option<&'static Self> {
        PRODUCTS.iter().find(|product| product.id == id)
    }
}

/// The program's state: one for each user, the same on all pages. The host keeps it
/// from one event to the next; nothing else is kept.
#[derive(State, Default)]
pub struct Shop {
    pub cart: Vec<Line>,
}

/// A product in the cart. It has no price: the product has.
#[derive(State)]
pub struct Line {
    pub product: String,
    pub quantity: u32,
}

impl Shop {
    /// One more of a product.
    pub fn add(&mut self, id: &str) {
        match self.cart.iter_mut().find(|line| line.product == id) {
            Some(line) => line.quantity = (line.quantity + 1).min(QUANTITY_MAX),
            None => self.cart.push(Line {
                product: id.to_owned(),
                quantity: 1,
            }),
        }
    }

    /// One less; without any, the line goes.
    pub fn remove(&mut self, id: &str) {
        for line in self.cart.iter_mut().filter(|line| line.product == id) {
            line.quantity = line.quantity.saturating_sub(1);
        }
        self.cart.retain(|line| line.quantity > 0);
    }

    /// The cart: products and how many of each. What is not sold any more is left out.
    pub fn lines(&self) -> impl Iterator<Item = (&'static Product, u32)> {
        self.cart
            .iter()
            .filter_map(|line| Some((Product::find(&line.product)?, line.quantity)))
    }

    /// How many pieces are in the cart.
    pub fn count(&self) -> u32 {
        self.lines().map(|(_, quantity)| quantity).sum()
    }

    /// What the cart costs, in cents.
    pub fn total(&self) -> u32 {
        self.lines()
            .map(|(product, quantity)| product.cents * quantity)
            .sum()
    }
}
