//! Back, forward, reload, a duplicated tab, a link from elsewhere: as with any page
//! of the web, although no document is loaded in between. After each, the title is
//! the page's, and the focus is where reading goes on.

use super::{LIVELY, NETWORK_ERRORS, counted, is_the_same_document, lively, mark, phone};
use crate::support::browser::{Browser, key};
use crate::support::sample;
use crate::support::server::Server;

/// What has the focus, and how far the page is scrolled.
const WHERE: &str = "[document.activeElement.tagName, document.activeElement.textContent, Math.round(scrollY)]";

async fn title(browser: &Browser) -> String {
    browser.window.title().await.expect("a page has a title")
}

async fn path(browser: &Browser) -> String {
    let url = browser.window.current_url().await.expect("an address");
    format!("{}?{}", url.path(), url.query().unwrap_or_default())
}

async fn back(browser: &Browser) {
    browser.window.back().await.expect("there is a page before");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_of_the_program_leads_on_without_loading_a_document() {
    let server = lively();
    let browser = phone().await;
    browser.at(&server, LIVELY).await;
    mark(&browser).await;
    assert_eq!(title(&browser).await, "Lively");
    browser.click("From below").await;
    browser.sees("Other 9").await;
    browser.until("document.activeElement.tagName === 'H1'").await;
    assert!(is_the_same_document(&browser).await);
    assert_eq!(title(&browser).await, "Other 9 · Lively");
    let place = browser.value_of(WHERE).await;
    assert_eq!(place, serde_json::json!(["H1", "Other 9", 0]), "reading goes on at the top");
    assert!(path(&browser).await.starts_with("/miniapp/lively/other?at=9"), "{}", path(&browser).await);
    // The next key leads to the first thing behind the heading.
    browser.key(key::TAB).await;
    assert_eq!(browser.value_of("document.activeElement.textContent").await, "Take");
    // One entry for one step.
    back(&browser).await;
    browser.until("document.querySelector('h1')?.textContent === 'Lively'").await;
    assert!(is_the_same_document(&browser).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn back_and_forward_find_the_pages_as_they_were_left() {
    let server = lively();
    let browser = phone().await;
    browser.at(&server, LIVELY).await;
    mark(&browser).await;
    browser.click("Add").await;
    browser.sees(&counted(1)).await;
    browser.click("From below").await;
    browser.sees("Other 9").await;
    browser.click("Take").await;
    browser.sees("taken 1, shared 1.").await;
    browser.click("Onward").await;
    browser.sees("Other 10").await;
    assert!(path(&browser).await.contains("at=10"));

    back(&browser).await;
    browser.sees("taken 1, shared 1.").await;
    assert_eq!(title(&browser).await, "Other 9 · Lively");
    back(&browser).await;
    browser.sees(&counted(1)).await;
    assert_eq!(title(&browser).await, "Lively");
    // Where one had scrolled to, at the end of it.
    browser.until("scrollY > 500").await;
    browser.window.forward().await.expect("there is a page behind");
    browser.sees("taken 1, shared 1.").await;
    browser.window.forward().await.expect("there is a page behind");
    browser.sees("Other 10").await;
    assert!(is_the_same_document(&browser).await);

    // What was done after going back is not undone by going forward.
    back(&browser).await;
    browser.sees("Other 9").await;
    browser.click("Take").await;
    browser.sees("taken 2,").await;
    browser.window.forward().await.expect("there is a page behind");
    browser.sees("Other 10").await;
    back(&browser).await;
    browser.sees("taken 2,").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_shows_what_was_there() {
    let server = lively();
    let browser = phone().await;
    browser.at(&server, LIVELY).await;
    for taps in 1..=3 {
        browser.click("Add").await;
        browser.sees(&counted(taps)).await;
        browser.settled().await;
        browser.window.refresh().await.expect("the page is loaded again");
        browser.sees(&counted(taps)).await;
    }
    // Also after a step that loaded no document, and then back over it.
    browser.click("Onward").await;
    browser.sees("Other 1").await;
    browser.window.refresh().await.expect("the page is loaded again");
    browser.sees("Other 1").await;
    assert_eq!(title(&browser).await, "Other 1 · Lively");
    back(&browser).await;
    browser.sees(&counted(3)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duplicated_tab_is_the_same_page_and_each_shows_what_the_other_does() {
    let server = lively();
    let browser = phone().await;
    browser.at(&server, LIVELY).await;
    browser.click("Add").await;
    browser.sees(&counted(1)).await;
    browser.settled().await;
    let first = browser.this_tab().await;
    browser.value_of("(window.open(location.href), true)").await;
    let tabs = browser.tabs().await;
    let second = tabs.iter().find(|tab| **tab != first).expect("another tab").clone();
    browser.look_at(&second).await;
    browser.sees(&counted(1)).await;
    browser.click("Add").await;
    browser.sees(&counted(2)).await;
    browser.look_at(&first).await;
    browser.sees(&counted(2)).await;
    browser.click("Add").await;
    browser.sees(&counted(3)).await;
    browser.look_at(&second).await;
    browser.sees(&counted(3)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_from_elsewhere_opens_the_very_page() {
    let server = Server::start(&[sample("coffee")]);
    let browser = phone().await;
    browser.at(&server, "/miniapp/coffee/product?id=mocha").await;
    browser.sees("We melt real chocolate").await;
    assert!(title(&browser).await.starts_with("Mocha · 摩卡 · "), "{}", title(&browser).await);
    assert_eq!(browser.value_of("document.querySelector('.mp-back')").await, serde_json::Value::Null);
    browser.type_over("How many", "2").await;
    browser.click("Add to cart").await;
    // Nothing lies below it: closing it leads to the beginning.
    browser.sees("Espresso bar").await;
    browser.sees("Cart (2)").await;

    browser.expects_log(NETWORK_ERRORS);
    browser.at(&server, "/miniapp/coffee/product?id=tea-of-yesterday").await;
    browser.sees("This page does not exist").await;
    browser.click("Start of").await;
    browser.sees("Espresso bar").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hosts_back_leads_to_the_page_below() {
    let server = Server::start(&[sample("coffee")]);
    let browser = phone().await;
    browser.at(&server, "/miniapp/coffee/menu").await;
    mark(&browser).await;
    browser.click("Add Butter Croissant").await;
    browser.sees("Cart (1)").await;
    browser.click("Mocha").await;
    browser.sees("We melt real chocolate").await;
    browser.click("Back").await;
    browser.sees("Espresso bar").await;
    assert!(browser.text().await.contains("Cart (1)"));
    assert!(is_the_same_document(&browser).await);
    // Tabs are links of the program too.
    browser.value_of("document.querySelectorAll('.mp-tab')[1].click()").await;
    browser.sees("Your cart").await;
    assert_eq!(browser.value_of("document.querySelector('.mp-tab[aria-current]').textContent").await, "Cart");
    assert!(is_the_same_document(&browser).await);
    // The cross leads out of it.
    browser.value_of("document.querySelector('.mp-close').click()").await;
    browser.sees("Order ahead").await;
    assert!(!is_the_same_document(&browser).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_mean_something_to_the_browser_are_left_to_it() {
    let server = lively();
    let browser = phone().await;
    browser.at(&server, LIVELY).await;
    mark(&browser).await;
    browser.click_with(key::CONTROL, "Onward").await;
    for _ in 0..100 {
        if browser.tabs().await.len() == 2 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(browser.tabs().await.len(), 2, "another tab");
    assert!(browser.text().await.contains("Lively"), "and here nothing has happened");
    assert!(is_the_same_document(&browser).await);
}

/// The same ways on the same pages where nothing can run.
#[tokio::test(flavor = "multi_thread")]
async fn without_script_the_same_ways_lead_to_the_same_places() {
    let server = lively();
    let browser = Browser::open(390, 844).await;
    browser.at(&server, LIVELY).await;
    browser.press("Add").await;
    browser.sees(&counted(1)).await;
    browser.press("From below").await;
    browser.sees("Other 9").await;
    assert_eq!(title(&browser).await, "Other 9 · Lively");
    browser.press("Take").await;
    browser.sees("taken 1, shared 1.").await;
    browser.press("Back").await;
    browser.sees(&counted(1)).await;
    browser.fill("Search", "By hand").await;
    browser.press("Apply: Search").await;
    browser.sees("heard: By hand, times 1.").await;
    browser.press("Feed").await;
    browser.press("More").await;
    browser.sees("refreshed 0, lines 40.").await;
    browser.press("Refresh").await;
    browser.sees("refreshed 1, lines 20.").await;
    assert_eq!(browser.value_of("document.documentElement.hasAttribute('data-offline')").await, false);
}
