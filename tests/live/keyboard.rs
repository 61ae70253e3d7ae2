//! By keyboard alone: everything that can be used is reached, in the order of the
//! page, in sight and set off; and using it leaves one where one was.

use super::{DESK, PHONE, counted, lively, phone};
use crate::support::browser::{Browser, key};
use crate::support::sample;
use crate::support::server::Server;

const COFFEE: &[&str] = &["menu", "product?id=mocha", "product?id=espresso", "cart", "checkout", "orders"];

/// Goes on with Tab until this has the focus, by its text or label.
async fn tab_to(browser: &Browser, name: &str) {
    let said = "(e => e && (e.getAttribute('aria-label') || e.textContent || '').trim())(document.activeElement)";
    for _ in 0..100 {
        browser.key(key::TAB).await;
        if browser.value_of(said).await == name {
            return;
        }
    }
    panic!("Tab does not lead to `{name}`");
}

async fn focused(browser: &Browser) -> String {
    let said = "(e => e.getAttribute('aria-label') || e.textContent || e.tagName)(document.activeElement)";
    browser.value_of(said).await.as_str().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn tab_walks_through_the_pages_of_coffee() {
    let server = Server::start(&[sample("coffee")]);
    let client = server.client();
    client.get("/miniapp/coffee/menu").press("Add Mocha").press("Add Butter Croissant");
    let browser = phone().await;
    browser.become_user(&client.cookie());
    browser.at(&server, "/").await;
    browser.assert_order_of_focus("the app centre").await;
    for page in COFFEE {
        browser.at(&server, &format!("/miniapp/coffee/{page}")).await;
        browser.assert_order_of_focus(page).await;
    }
    // And on a desk, where more stands beside each other.
    browser.size(1280, 800);
    browser.at(&server, "/miniapp/coffee/menu").await;
    browser.assert_order_of_focus("menu on a desk").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tab_walks_through_the_pages_of_the_gallery() {
    let server = Server::start(&[sample("gallery")]);
    let browser = phone().await;
    for page in super::looks::pages_of("gallery") {
        browser.at(&server, &format!("/miniapp/gallery/{page}")).await;
        browser.assert_order_of_focus(&page).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tab_walks_through_pages_without_script_as_well() {
    let server = Server::start(&[sample("coffee")]);
    let browser = Browser::open(PHONE.0, PHONE.1).await;
    for page in ["menu", "product?id=mocha"] {
        browser.at(&server, &format!("/miniapp/coffee/{page}")).await;
        browser.assert_order_of_focus(page).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coffee_is_ordered_by_keyboard_alone() {
    let server = Server::start(&[sample("coffee")]);
    let browser = phone().await;
    browser.at(&server, "/miniapp/coffee/menu").await;
    tab_to(&browser, "Add Espresso").await;
    browser.key(key::ENTER).await;
    browser.sees("Cart (1)").await;
    browser.settled().await;
    assert_eq!(focused(&browser).await, "Add Espresso", "the focus stays where it was");
    browser.key(key::SPACE).await;
    browser.sees("Cart (2)").await;
    browser.settled().await;
    assert_eq!(focused(&browser).await, "Add Espresso");

    // A link leads on, and reading begins at the heading of the page.
    tab_to(&browser, "Mocha").await;
    browser.key(key::ENTER).await;
    browser.sees("We melt real chocolate").await;
    browser.until("document.activeElement.tagName === 'H1'").await;
    // Within a group, arrows; between groups, Tab.
    browser.key(key::TAB).await;
    browser.key(key::RIGHT).await;
    browser.key(key::TAB).await;
    browser.key(key::DOWN).await;
    let chosen = "[...document.querySelectorAll('input[type=radio]:checked')].map(e => e.value)";
    assert_eq!(browser.value_of(chosen).await, serde_json::json!(["regular", "oat"]));
    browser.key(key::TAB).await;
    browser.key_with(key::CONTROL, 'a').await;
    browser.keys("3").await;
    browser.key(key::ENTER).await;
    browser.sees("In your cart: 3 × Mocha").await;
    browser.sees("Cart (5)").await;

    browser.until("document.activeElement.tagName === 'H1'").await;
    let badge = "[...document.querySelectorAll('.mp-page a')].find(e => /^Cart/.test(e.textContent)).textContent";
    tab_to(&browser, browser.value_of(badge).await.as_str().unwrap_or_default()).await;
    browser.key(key::ENTER).await;
    browser.sees("Your cart").await;
    // What was pressed is gone: the focus is still somewhere on the page.
    tab_to(&browser, "Remove Espresso (Single)").await;
    browser.key(key::ENTER).await;
    browser.until("!document.querySelector('[aria-label^=\"Remove Espresso\"]')").await;
    browser.settled().await;
    browser.key(key::TAB).await;
    let inside = "Boolean(document.activeElement.closest('.mp-page'))";
    assert_eq!(browser.value_of(inside).await, true, "on {}", focused(&browser).await);

    tab_to(&browser, "Check out").await;
    browser.key(key::ENTER).await;
    browser.until("document.activeElement.matches('h1') && document.activeElement.textContent === 'Check out'").await;
    browser.key(key::TAB).await;
    browser.keys("Ada").await;
    browser.key(key::TAB).await;
    browser.key(key::DOWN).await;
    browser.key(key::TAB).await;
    browser.keys("By keyboard").await;
    browser.key(key::TAB).await;
    browser.key(key::ENTER).await;
    let order = browser.sees("We have your order.").await;
    assert!(order.contains("For Ada") && order.contains("By keyboard"), "{order}");
}

#[tokio::test(flavor = "multi_thread")]
async fn backwards_works_too() {
    let server = lively();
    let browser = phone().await;
    browser.at(&server, super::LIVELY).await;
    tab_to(&browser, "Turn").await;
    browser.key_with(key::SHIFT, key::TAB).await;
    assert_eq!(focused(&browser).await, "Add");
    browser.key(key::ENTER).await;
    browser.sees(&counted(1)).await;
    browser.settled().await;
    browser.key(key::TAB).await;
    assert_eq!(focused(&browser).await, "Turn", "one goes on from where one was");
}

#[tokio::test(flavor = "multi_thread")]
async fn enter_hands_in_the_form_of_its_field_whatever_is_typed_elsewhere() {
    let server = lively();
    let browser = phone().await;
    browser.at(&server, DESK).await;
    browser.type_into("First", "one").await;
    browser.type_into("Second", "two").await;
    // A field of no form means itself.
    browser.type_into("Note", "n").await;
    browser.key(key::ENTER).await;
    let text = browser.sees("note: n.").await;
    assert!(text.contains("sent: ."), "{text}");
    browser.settled().await;
    browser.focus("Second").await;
    browser.key(key::ENTER).await;
    browser.sees("sent: second two.").await;
    browser.settled().await;
    assert_eq!(browser.value("First").await, "one");
    // Not the first button of the form, but the one that hands it in.
    browser.focus("First").await;
    browser.key(key::ENTER).await;
    let text = browser.sees("sent: first one .").await;
    assert!(text.contains("peeks 0,"), "{text}");
}
