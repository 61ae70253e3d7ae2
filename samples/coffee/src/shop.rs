//! What is remembered: the cart, which all pages share, and the orders, each
//! under its own key of the storage.

use std::time::Duration;

use mprun::prelude::*;

use crate::menu::{Milk, Product, Size};

/// Most pieces in one line of the cart.
pub const QUANTITY_MAX: u32 = 20;

/// The program's state, one per customer.
#[derive(State, Default)]
pub struct Shop {
    /// What is in the cart.
    pub cart: Vec<Line>,
    /// How many orders were placed; also the number of the last one.
    pub orders: u32,
    /// The name on the last order, so that it is typed only once.
    pub name: String,
}

impl Shop {
    /// Puts something into the cart: more of the same is no new line.
    ///
    /// # Errors
    /// How many of the same there are already, if with the new ones it would be
    /// more than [`QUANTITY_MAX`]. Then nothing is added: some of them is not
    /// what the customer asked for.
    pub fn add(&mut self, new: Line) -> std::result::Result<(), u32> {
        let known = self.cart.iter_mut().find(|line| line.key() == new.key());
        let already = known.as_ref().map_or(0, |line| line.quantity);
        if already + new.quantity > QUANTITY_MAX {
            return Err(already);
        }
        match known {
            Some(line) => line.quantity += new.quantity,
            None => self.cart.push(new),
        }
        Ok(())
    }

    /// Sets how many there are of a line; none removes it.
    pub fn set(&mut self, key: &str, quantity: u32) {
        self.cart.retain(|line| line.key() != key || quantity > 0);
        if let Some(line) = self.cart.iter_mut().find(|line| line.key() == key) {
            line.quantity = quantity.min(QUANTITY_MAX);
        }
    }

    /// The cart with its products. What has left the menu meanwhile is left out.
    pub fn lines(&self) -> impl Iterator<Item = (&Line, &'static Product)> {
        let lines = self.cart.iter();
        lines.filter_map(|line| Some((line, Product::find(&line.product)?)))
    }

    /// How many pieces are in the cart.
    pub fn count(&self) -> u32 {
        self.lines().map(|(line, _)| line.quantity).sum()
    }

    /// What the cart costs, in cents.
    pub fn total(&self) -> u32 {
        self.lines().map(|(line, product)| line.cents(product)).sum()
    }
}

/// One line of the cart. It has no price: the menu has.
#[derive(State, Clone, PartialEq, Debug)]
pub struct Line {
    /// The product's id.
    pub product: String,
    /// The size, where there is a choice.
    pub size: Option<Size>,
    /// The milk, where there is a choice.
    pub milk: Option<Milk>,
    /// How many.
    pub quantity: u32,
}

impl Line {
    /// One of a product as it comes if nobody says how.
    pub fn usual(product: &Product) -> Self {
        Self {
            product: product.id.to_owned(),
            size: product.sizes.first().copied(),
            milk: product.milk.then_some(Milk::Whole),
            quantity: 1,
        }
    }

    /// What tells it from the other lines.
    pub fn key(&self) -> String {
        let size = self.size.as_ref().map_or("", Size::name);
        let milk = self.milk.as_ref().map_or("", Milk::name);
        format!("{}/{size}/{milk}", self.product)
    }

    /// Size and milk in words.
    pub fn details(&self) -> String {
        match (self.size, self.milk) {
            (Some(size), Some(milk)) => format!("{}, {} milk", size.label(), milk.name()),
            (Some(size), None) => size.label().to_owned(),
            (None, Some(milk)) => format!("{} milk", milk.label()),
            (None, None) => String::new(),
        }
    }

    /// What the line costs, in cents.
    pub fn cents(&self, product: &Product) -> u32 {
        product.price(self.size, self.milk) * self.quantity
    }
}

/// An order as it is stored. Names and prices are those of the moment when it
/// was placed, whatever the menu says later.
#[derive(State, Clone, Default)]
pub struct Order {
    /// 1, 2, 3 …, for each customer.
    pub number: u32,
    /// Who picks it up.
    pub name: String,
    /// A wish for the bar.
    pub note: Option<String>,
    /// What was ordered.
    pub lines: Vec<OrderLine>,
    /// What it costs, in cents.
    pub total: u32,
    /// When it was placed, in milliseconds since 1970.
    pub placed_at: u64,
    /// When it is picked up, in the words of the form.
    pub pick_up: String,
    /// How far it is.
    pub status: Status,
}

/// One line of an order.
#[derive(State, Clone)]
pub struct OrderLine {
    /// The product's name.
    pub name: String,
    /// Size and milk in words.
    pub details: String,
    /// How many.
    pub quantity: u32,
    /// What all of them cost, in cents.
    pub cents: u32,
}

impl Order {
    /// Where all orders are stored.
    pub const PREFIX: &'static str = "order/";

    /// Where the order with this number is stored. With leading zeros, so that
    /// keys are in the order of numbers.
    pub fn key(number: u32) -> String {
        format!("{}{number:06}", Self::PREFIX)
    }

    /// What the customer knows it by. At the counter we call the name: every
    /// customer has an order 1.
    pub fn title(&self) -> String {
        format!("Order {:03}", self.number)
    }
}

/// How far an order is.
#[derive(Choice, State, Clone, Copy, Default, PartialEq, Debug)]
pub enum Status {
    /// The shop has it.
    #[default]
    Received,
    /// Somebody works on it.
    Preparing,
    /// It stands on the counter.
    Ready,
}

/// A real shop would hear from its bar; this one has only a clock, and is quick
/// enough for you to watch.
const PREPARING_AFTER: Duration = Duration::from_secs(8);
const READY_AFTER: Duration = Duration::from_secs(20);

impl Status {
    /// How far an order is so long after it was placed.
    pub fn after(elapsed: Duration) -> Self {
        match elapsed {
            elapsed if elapsed < PREPARING_AFTER => Self::Received,
            elapsed if elapsed < READY_AFTER => Self::Preparing,
            _ => Self::Ready,
        }
    }

    /// When it changes next, counted from when the order was placed.
    pub fn changes_after(self) -> Option<Duration> {
        match self {
            Self::Received => Some(PREPARING_AFTER),
            Self::Preparing => Some(READY_AFTER),
            Self::Ready => None,
        }
    }

    /// For the progress bar.
    pub fn percent(self) -> u32 {
        match self {
            Self::Received => 10,
            Self::Preparing => 55,
            Self::Ready => 100,
        }
    }

    /// How it is set off, wherever it is shown.
    pub fn tone(self) -> &'static str {
        match self {
            Self::Received | Self::Preparing => "accent",
            Self::Ready => "success",
        }
    }

    /// A sentence for who waits.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Received => "We have your order.",
            Self::Preparing => "We are on it.",
            Self::Ready => "It is on the counter. Pay when you pick it up.",
        }
    }
}
