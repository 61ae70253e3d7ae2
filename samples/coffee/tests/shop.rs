//! What a customer can count on. Runs natively: no wasm, no browser, no waiting.

use std::time::Duration;

use coffee::App;
use coffee::menu::{MENU, Milk, Product, Size};
use coffee::pages::OrderPage;
use coffee::shop::{Line, QUANTITY_MAX, Shop};
use mprun::test::{self, TestPage};

/// A customer with a flat white in the cart, at the checkout.
fn at_the_checkout() -> TestPage<App> {
    let mut t = test::open::<App>("menu");
    t.tap("Add Flat White");
    assert_eq!(t.toasts(), ["Flat White is in your cart"]);
    t.tap("Cart (1) · $5.50");
    t.tap("Check out");
    t
}

/// The same customer with an order.
fn with_an_order() -> TestPage<App> {
    let mut t = at_the_checkout();
    t.fill("Your name", "Ada");
    t.choose("Pick-up", "In 15 minutes");
    t.submit();
    t
}

#[test]
fn the_menu_shows_every_product_with_its_price() {
    let t = test::open::<App>("menu");
    for product in MENU.iter().flat_map(|category| category.products) {
        t.assert_text(product.name);
        t.assert_text(product.taste);
        let price = format!("${}.{:02}", product.cents / 100, product.cents % 100);
        t.assert_text(&price);
    }
}

#[test]
fn ids_are_unique_and_every_product_has_its_picture() {
    let products: Vec<_> = MENU.iter().flat_map(|category| category.products).collect();
    for product in &products {
        let same = products.iter().filter(|other| other.id == product.id);
        assert_eq!(same.count(), 1, "{}", product.id);
        let picture = product.picture().replace("asset:", "assets/");
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(picture);
        assert!(path.is_file(), "{}", path.display());
    }
}

#[test]
fn add_puts_the_usual_one_into_the_cart() {
    let mut t = test::open::<App>("menu");
    t.tap("Add Flat White");
    t.tap("Add Flat White");
    t.tap("Add Espresso");
    let shop: Shop = t.app();
    assert_eq!(shop.cart.len(), 2);
    assert_eq!(shop.count(), 3);
    assert_eq!(shop.total(), 2 * 550 + 380);
    t.assert_text("Cart (3) · $14.80");
}

#[test]
fn size_milk_and_quantity_are_in_the_price() {
    let mut t = test::open::<App>("menu");
    t.tap("Flat White");
    assert_eq!(t.route(), "product");
    t.choose("Size", "Large +$1.20");
    t.choose("Milk", "Oat +$0.80");
    t.fill("How many", "2");
    t.submit();
    assert_eq!(t.route(), "menu");
    assert_eq!(t.toasts(), ["In your cart: 2 × Flat White"]);
    let shop: Shop = t.app();
    let line = &shop.cart[0];
    assert_eq!((line.size, line.milk), (Some(Size::Large), Some(Milk::Oat)));
    assert_eq!(shop.total(), 2 * (550 + 120 + 80));
}

#[test]
fn a_quantity_that_makes_no_sense_is_refused_at_its_field() {
    let mut t = test::open::<App>("product?id=croissant");
    for (typed, told) in [("0", "At least 1."), ("21", "At most 20."), ("1.5", "Please give a whole number.")] {
        t.fill("How many", typed);
        t.submit();
        assert_eq!(t.field_errors(), [("quantity".to_owned(), told.to_owned())]);
        assert_eq!(t.app::<Shop>().count(), 0);
    }
}

#[test]
fn more_than_we_make_at_once_is_refused_and_nobody_says_otherwise() {
    let mut t = test::open::<App>("menu");
    t.tap("Flat White");
    t.fill("How many", "18");
    t.submit();
    assert_eq!(t.toasts(), ["In your cart: 18 × Flat White"]);

    // On its page all or nothing, and the field says why.
    t.tap("Flat White");
    t.fill("How many", "3");
    t.submit();
    assert_eq!(t.route(), "product");
    let told = "You have 18 already; at most 20 of one kind.";
    assert_eq!(t.field_errors(), [("quantity".to_owned(), told.to_owned())]);
    assert!(t.toasts().is_empty());
    assert_eq!(t.app::<Shop>().count(), 18);
    // What fits is still taken.
    t.fill("How many", "1");
    t.submit();
    assert_eq!((t.route(), t.app::<Shop>().count()), ("menu", 19));
    assert_eq!(t.toasts(), ["In your cart: 1 × Flat White"]);

    // On the menu there is no field.
    t.tap("Add Flat White");
    assert_eq!(t.toasts(), ["Flat White is in your cart"]);
    t.tap("Add Flat White");
    assert_eq!(t.toasts(), ["You have 20 × Flat White already, the most that we make at once"]);
    assert_eq!((t.alert(), t.app::<Shop>().count()), (None, 20));
}

#[test]
fn who_comes_by_an_address_finds_the_menu() {
    let ways = [
        ("product?id=mocha", "Menu"),
        ("cart", "See the menu"),
        ("checkout", "See the menu"),
        ("orders", "Back to the menu"),
    ];
    for (address, way) in ways {
        let mut t = test::open::<App>(address);
        t.tap(way);
        assert_eq!((t.route(), t.depth()), ("menu", 1), "{address}");
    }
    // Also again and again: the menu lies on no other page.
    let mut t = test::open::<App>("menu");
    for _ in 0..12 {
        t.tap("Mocha");
        t.tap("Menu");
        assert_eq!((t.route(), t.depth()), ("menu", 1));
    }
}

#[test]
#[should_panic(expected = "does not exist")]
fn a_product_that_is_not_on_the_menu_is_no_page() {
    test::open::<App>("product?id=tea-bag");
}

#[test]
fn the_cart_counts_up_and_down_and_removes() {
    let mut t = test::open::<App>("menu");
    t.tap("Add Flat White");
    t.tap("Add Butter Croissant");
    t.tap("Cart (2) · $9.70");
    t.tap("One Flat White (Small, whole milk) more");
    t.tap("One Flat White (Small, whole milk) more");
    t.tap("One Flat White (Small, whole milk) less");
    assert_eq!(t.app::<Shop>().total(), 2 * 550 + 420);
    t.tap("Remove Butter Croissant");
    assert_eq!(t.app::<Shop>().total(), 2 * 550);
    t.tap("Remove Flat White (Small, whole milk)");
    t.assert_text("Nothing in it yet.");
    t.tap("See the menu");
    assert_eq!(t.route(), "menu");
}

#[test]
fn two_sizes_of_one_product_have_buttons_of_their_own() {
    let mut t = test::open::<App>("menu");
    t.tap("Add Flat White");
    t.tap("Flat White");
    t.choose("Size", "Large +$1.20");
    t.submit();
    t.tap("Cart (2) · $12.20");
    t.tap("One Flat White (Large, whole milk) more");
    assert_eq!(t.app::<Shop>().total(), 550 + 2 * (550 + 120));
    t.tap("Remove Flat White (Small, whole milk)");
    assert_eq!(t.app::<Shop>().total(), 2 * (550 + 120));
}

#[test]
fn more_of_the_same_is_one_line_and_has_an_end() {
    let mut shop = Shop::default();
    let croissant = Product::find("croissant").unwrap();
    for _ in 0..QUANTITY_MAX {
        assert_eq!(shop.add(Line::usual(croissant)), Ok(()));
    }
    assert_eq!(shop.add(Line::usual(croissant)), Err(QUANTITY_MAX));
    assert_eq!(shop.cart.len(), 1);
    assert_eq!(shop.count(), QUANTITY_MAX);
    shop.set("croissant//", 3);
    assert_eq!(shop.add(Line { quantity: QUANTITY_MAX - 2, ..Line::usual(croissant) }), Err(3));
    assert_eq!(shop.count(), 3);
    shop.set("croissant//", 0);
    assert_eq!(shop.cart, []);
}

#[test]
fn what_left_the_menu_leaves_the_cart() {
    let gone = Line { product: "pumpkin-latte".to_owned(), size: None, milk: None, quantity: 2 };
    let shop = Shop { cart: vec![gone], ..Shop::default() };
    assert_eq!((shop.count(), shop.total()), (0, 0));
}

#[test]
fn the_checkout_says_what_is_missing_and_keeps_the_cart() {
    let mut t = at_the_checkout();
    t.submit();
    let fields: Vec<_> = t.field_errors().iter().map(|(field, _)| field).collect();
    assert_eq!(fields, ["name", "time"]);
    assert_eq!(t.app::<Shop>().count(), 1);
    assert_eq!(t.app::<Shop>().orders, 0);

    // Nobody can call out a name of which nothing can be seen.
    t.fill("Your name", "\u{200b}\u{202e}");
    t.choose("Pick-up", "In 15 minutes");
    t.submit();
    assert_eq!(t.field_errors(), [("name".to_owned(), "Please fill this in.".to_owned())]);

    t.fill("Your name", &"A".repeat(41));
    t.choose("Pick-up", "In 15 minutes");
    t.submit();
    assert_eq!(t.field_errors(), [("name".to_owned(), "At most 40 characters.".to_owned())]);
}

#[test]
fn an_order_is_placed_and_the_cart_is_empty_again() {
    let t = with_an_order();
    assert_eq!(t.route(), "order");
    for text in ["Order 001", "For Ada", "In 15 minutes", "1 × Flat White", "Small, whole milk", "$5.50"] {
        t.assert_text(text);
    }
    assert_eq!(t.app::<Shop>().count(), 0);
}

#[test]
fn an_order_comes_along() {
    let mut t = with_an_order();
    t.assert_text("Received");
    t.advance(Duration::from_secs(8));
    t.assert_text("Preparing");
    t.advance(Duration::from_secs(12));
    t.assert_text("Ready");
    assert_eq!(t.toasts(), ["Order 001 is ready"]);
    t.advance(Duration::from_secs(3600));
    t.assert_text("Ready");
}

#[test]
fn an_order_comes_along_while_nobody_looks() {
    let mut t = with_an_order();
    t.tap("Back to the menu");
    t.advance(Duration::from_secs(60));
    assert_eq!(t.toasts(), ["Order 001 is ready"]);
    t.tap("Orders");
    t.assert_text("Order 001");
    t.assert_text("Ready");
}

#[test]
fn past_orders_are_listed_the_last_one_first_and_the_name_is_known() {
    let mut t = with_an_order();
    t.tap("Back to the menu");
    t.tap("Add Espresso");
    t.tap("Cart (1) · $3.80");
    t.tap("Check out");
    t.choose("Pick-up", "In an hour");
    t.submit();
    t.assert_text("For Ada");
    t.tap("Back to the menu");
    t.tap("Orders");
    let text = t.text();
    assert!(text.find("Order 002").unwrap() < text.find("Order 001").unwrap());
    t.tap("Order 001");
    assert_eq!(t.route(), "order");
    t.assert_text("1 × Flat White");
    let _: OrderPage = t.page();
}

#[test]
fn a_regular_never_reaches_the_end_of_the_page_stack() {
    let mut t = with_an_order();
    for _ in 0..12 {
        t.tap("Back to the menu");
        assert_eq!(t.depth(), 1);
        t.tap("Add Mocha");
        t.toasts();
        t.tap("Cart (1) · $6.50");
        t.tap("Add something else");
        t.tap("Cart (1) · $6.50");
        t.tap("Check out");
        t.choose("Pick-up", "As soon as possible");
        t.submit();
        assert_eq!(t.alert(), None);
    }
    assert_eq!(t.app::<Shop>().orders, 13);
}

#[test]
fn who_wants_no_toasts_is_served_all_the_same() {
    let mut t = test::open::<App>("menu");
    t.deny("toast");
    t.tap("Add Flat White");
    assert_eq!((t.alert(), t.app::<Shop>().count()), (None, 1));
}

#[test]
fn going_back_loses_nothing() {
    let mut t = at_the_checkout();
    assert_eq!(t.route(), "checkout");
    t.back();
    assert_eq!(t.route(), "cart");
    t.assert_text("Flat White");
    t.back();
    assert_eq!(t.route(), "menu");
    t.assert_text("Cart (1) · $5.50");
}
