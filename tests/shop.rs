//! A coffee, ordered by a person with a browser that runs no script: from the
//! app centre to the order that comes along by itself. Twice, on a phone and on
//! a desk; each page leaves a picture in `target/screenshots` to look at.

use std::time::Duration;

use crate::support::browser::Browser;
use crate::support::sample;
use crate::support::server::Server;

/// Orders a coffee, looking at each page on the way.
async fn order_a_coffee(width: u32, height: u32) {
    let server = Server::start(&[sample("coffee"), sample("hello")]);
    let browser = Browser::open(width, height).await;

    browser.go(&format!("http://{}/", server.address())).await;
    let centre = browser.text().await;
    assert!(centre.contains("Plum Lane Coffee") && centre.contains("Hello"), "{centre}");
    browser.picture("1-centre").await;

    browser.press("Plum Lane Coffee").await;
    let menu = browser.sees("Flat White").await;
    for expected in ["Espresso bar", "Butter Croissant", "$5.50", "Cart"] {
        assert!(menu.contains(expected), "expected `{expected}` on the menu:\n{menu}");
    }
    browser.picture("2-menu").await;

    // The button on a card adds; the rest of it leads on, the price too.
    browser.press("Add Butter Croissant").await;
    browser.sees("Butter Croissant is in your cart").await;
    browser.sees("Cart (1) · $4.20").await;
    browser.press("$3.80").await;
    browser.sees("18 grams in, 38 out").await;
    browser.press("Back").await;
    browser.sees("Cart (1) · $4.20").await;
    browser.press("Flat White").await;
    browser.sees("How many").await;
    browser.picture("3-product").await;

    browser.click("Large +$1.20").await;
    browser.click("Oat +$0.80").await;
    browser.fill("How many", "none").await;
    browser.press("Add to cart").await;
    browser.sees("Please give a whole number.").await;
    assert_eq!(browser.value("How many").await, "none");
    browser.picture("3-product-refused").await;
    // What was chosen is still chosen.
    browser.fill("How many", "2").await;
    browser.press("Add to cart").await;
    browser.sees("In your cart: 2 × Flat White").await;
    browser.sees("Cart (3) · $19.20").await;
    browser.picture("2-menu-with-cart").await;

    browser.press("Cart (3)").await;
    let cart = browser.sees("Your cart").await;
    for expected in ["Large, oat milk", "$15.00", "$4.20", "$19.20"] {
        assert!(cart.contains(expected), "expected `{expected}` in the cart:\n{cart}");
    }
    browser.press("One Flat White (Large, oat milk) more").await;
    browser.sees("$26.70").await;
    browser.press("One Flat White (Large, oat milk) less").await;
    browser.sees("$19.20").await;
    browser.picture("4-cart").await;
    browser.press("Remove Butter Croissant").await;
    let cart = browser.sees("$15.00").await;
    assert!(!cart.contains("Croissant"), "{cart}");

    browser.press("Check out").await;
    browser.sees("Your name").await;
    browser.picture("5-checkout").await;
    // Not complete: the fields say so, and nothing typed is lost.
    browser.fill("Note", "Extra hot, “half sweet” <please>").await;
    browser.press("Place order · $15.00").await;
    let refused = browser.sees("Please fill this in.").await;
    assert!(refused.contains("Please choose one of these."), "{refused}");
    assert_eq!(browser.value("Note").await, "Extra hot, “half sweet” <please>");
    browser.picture("5-checkout-refused").await;
    browser.fill("Your name", "Ada 艾达").await;
    browser.choose("Pick-up", "In 15 minutes").await;
    browser.press("Place order · $15.00").await;

    // From here on nobody touches anything: the page looks by itself.
    let order = browser.sees("We have your order.").await;
    for expected in
        ["Order 001", "Ada 艾达", "In 15 minutes", "2 × Flat White", "Large, oat milk", "“half sweet” <please>"]
    {
        assert!(order.contains(expected), "expected `{expected}` on the order's page:\n{order}");
    }
    browser.picture("6-order").await;
    browser.sees_within("We are on it.", Duration::from_secs(25)).await;
    browser.sees_within("It is on the counter.", Duration::from_secs(35)).await;
    browser.sees("Order 001 is ready").await;
    browser.picture("6-order-ready").await;

    browser.press("Back to the menu").await;
    let menu = browser.sees("Orders").await;
    assert!(!menu.contains("Cart ("), "the cart is empty again:\n{menu}");
    browser.press("Orders").await;
    let orders = browser.sees("Your orders").await;
    for expected in ["Order 001", "Ready", "2 × Flat White", "$15.00"] {
        assert!(orders.contains(expected), "expected `{expected}` among the orders:\n{orders}");
    }
    browser.picture("7-orders").await;
    browser.press("Order 001").await;
    browser.sees("It is on the counter.").await;

    // The cart's page when there is nothing in it, and a page that is not there.
    browser.go(&format!("http://{}/miniapp/coffee/cart", server.address())).await;
    browser.sees("Nothing in it yet.").await;
    browser.picture("4-cart-empty").await;
    browser.go(&format!("http://{}/miniapp/coffee/product?id=tea-of-yesterday", server.address())).await;
    browser.picture("8-no-such-product").await;
    browser.go(&format!("http://{}/miniapp/tea/menu", server.address())).await;
    browser.picture("8-no-such-program").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coffee_is_ordered_on_a_phone_without_script() {
    order_a_coffee(390, 844).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coffee_is_ordered_on_a_desk_without_script() {
    order_a_coffee(1280, 800).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn enter_in_a_field_says_hello_without_script() {
    let server = Server::start(&[sample("hello")]);
    let browser = Browser::open(390, 844).await;
    browser.go(&format!("http://{}/miniapp/hello", server.address())).await;
    browser.fill("Your name", "Ada\n").await;
    browser.sees("Hello, Ada").await;
    browser.fill("Your name", "Grace").await;
    browser.press("Apply").await;
    browser.sees("Hello, Grace").await;
    browser.picture("9-hello").await;
}
