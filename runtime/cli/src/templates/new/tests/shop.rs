//! What users can count on. Runs natively: no browser, no waiting.

use mprun::test;
use {{crate}}::App;
use {{crate}}::shop::Shop;

#[test]
fn what_is_added_is_in_the_cart_on_every_page() {
    let mut t = test::open::<App>("index");
    t.tap("Add Green tea");
    t.tap("Add Green tea");
    t.tap("Add Cup");
    t.tap("Cart (3)");
    assert_eq!(t.route(), "cart");
    t.assert_text("Total: $25.00");
    assert_eq!(t.app::<Shop>().cart.len(), 2);
}

#[test]
fn the_last_one_takes_its_line_along() {
    let mut t = test::open::<App>("index");
    t.tap("Add Honey");
    t.tap("Cart (1)");
    t.tap("One Honey more");
    t.assert_text("Total: $17.80");
    t.tap("One Honey less");
    t.tap("One Honey less");
    t.assert_text("Nothing in it yet.");
    assert!(t.app::<Shop>().cart.is_empty());
}
