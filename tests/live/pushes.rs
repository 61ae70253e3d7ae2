//! What happens elsewhere reaches the open page: a timer, another tab, another
//! device. Over one stream for all tabs of a browser.

use std::time::{Duration, Instant};

use super::wire::Wire;
use super::{LIVELY, counted, hide, is_the_same_document, lively, mark, one_user_twice, phone};
use crate::support::browser::{Browser, Network};
use crate::support::sample;
use crate::support::server::Server;

/// Keeps hold of the element that says how far something is: a reader of pages reads
/// out changes of an element that it knows.
async fn hold_live_text(browser: &Browser) {
    let held = browser.value_of("Boolean(window.__live = document.querySelector('.mp-page [aria-live]'))").await;
    assert_eq!(held, true, "nothing on the page is read out");
}

async fn assert_live_text(browser: &Browser, expected: &str) {
    let live = "[__live.isConnected, __live.getAttribute('aria-live'), __live.textContent]";
    assert_eq!(browser.value_of(live).await, serde_json::json!([true, "polite", expected]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timer_changes_the_open_page() {
    let server = lively();
    let browser = phone().await;
    browser.at(&server, LIVELY).await;
    browser.click("Soon").await;
    browser.settled().await;
    mark(&browser).await;
    browser.type_into("Message", "Meanwhile").await;
    let text = browser.sees("ticks 1, turned 1.").await;
    assert!(text.contains("A line that was not there before"), "{text}");
    assert_eq!(browser.value("Message").await, "Meanwhile");
    assert!(is_the_same_document(&browser).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_goes_on_while_one_looks_at_it() {
    let server = Server::start(&[sample("coffee")]);
    let browser = phone().await;
    browser.at(&server, "/miniapp/coffee/menu").await;
    browser.click("Add Butter Croissant").await;
    browser.sees("Cart (1)").await;
    browser.click("Cart (1)").await;
    browser.sees("Your cart").await;
    browser.click("Check out").await;
    browser.sees("Your name").await;
    browser.type_into("Your name", "Ada").await;
    browser.choose("Pick-up", "In 15 minutes").await;
    browser.click("Place order").await;
    browser.sees("We have your order.").await;
    mark(&browser).await;
    hold_live_text(&browser).await;
    browser.assert_accessible("an order").await;
    // From here on nobody touches anything.
    browser.sees_within("We are on it.", Duration::from_secs(20)).await;
    assert_live_text(&browser, "Preparing").await;
    assert_eq!(browser.value_of("document.querySelector('progress').value").await, 55);
    browser.sees_within("It is on the counter.", Duration::from_secs(25)).await;
    assert_live_text(&browser, "Ready").await;
    browser.sees("Order 001 is ready").await;
    assert!(is_the_same_document(&browser).await, "nothing was loaded anew");
    browser.assert_accessible("an order that is ready").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_device_of_the_same_user_is_heard() {
    let server = lively();
    let (one, other) = (phone().await, Browser::live(1280, 800).await);
    one.at(&server, LIVELY).await;
    one.click("Add").await;
    one.sees(&counted(1)).await;
    other.become_user(&one.cookie());
    other.at(&server, LIVELY).await;
    other.sees("here 0, shared 1, stored 1.").await;
    hold_live_text(&one).await;
    other.click("Add").await;
    // A page of its own there; the program's state is the same.
    other.sees("here 1, shared 2, stored 2.").await;
    one.sees("here 1, shared 2, stored 1.").await;
    assert_live_text(&one, "here 1, shared 2, stored 1.").await;
    one.click("Add").await;
    one.sees("here 2, shared 3, stored 3.").await;
    other.sees("here 1, shared 3, stored 2.").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_else_is_not() {
    let server = lively();
    let (one, other) = (phone().await, server.client());
    one.at(&server, LIVELY).await;
    one.click("Add").await;
    one.sees(&counted(1)).await;
    other.get(LIVELY).press("Add").assert_text(&counted(1));
    tokio::time::sleep(Duration::from_millis(500)).await;
    one.sees(&counted(1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_tabs_show_what_one_of_them_does_over_one_stream() {
    const TABS: u32 = 8;
    let server = lively();
    let wire = Wire::to(&server);
    let browser = phone().await;
    let first = browser.this_tab().await;
    browser.go(&wire.page(LIVELY)).await;
    browser.sees(&counted(0)).await;
    let mut tabs = vec![first];
    for _ in 1..TABS {
        tabs.push(browser.tab().await);
        browser.go(&wire.page(LIVELY)).await;
        browser.sees(&counted(0)).await;
    }
    // Each tab presses once, and each shows all that was pressed before.
    for (place, tab) in tabs.iter().enumerate() {
        browser.look_at(tab).await;
        browser.sees(&format!("here 0, shared {place}, stored")).await;
        browser.click("Add").await;
        browser.sees(&format!("here 1, shared {0}, stored {0}.", place + 1)).await;
    }
    for tab in &tabs {
        browser.look_at(tab).await;
        browser.sees(&format!("shared {TABS},")).await;
    }
    assert_eq!(wire.streams(), 1, "of {TABS} tabs");
    // One may take over before the other one's end has been seen.
    assert!(wire.streams_most() <= 2, "{} streams at one time", wire.streams_most());

    // The tab that held it is closed: another one takes over.
    browser.look_at(&tabs[0]).await;
    browser.window.close_window().await.expect("a tab can be closed");
    browser.look_at(&tabs[1]).await;
    browser.click("Add").await;
    for tab in &tabs[1..] {
        browser.look_at(tab).await;
        browser.sees(&format!("shared {},", TABS + 1)).await;
    }
    let started = Instant::now();
    while wire.streams() != 1 {
        assert!(started.elapsed() < Duration::from_secs(10), "{} streams", wire.streams());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hosts_own_pages_open_no_stream() {
    let server = lively();
    let wire = Wire::to(&server);
    let browser = phone().await;
    browser.go(&wire.page("/")).await;
    browser.sees("Lively").await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(wire.streams_most(), 0, "{:?}", wire.asked());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_was_only_looked_at_hears_as_well() {
    let server = lively();
    let (browser, client) = one_user_twice(&server).await;
    client.get(LIVELY).press("Add").assert_text(&counted(1));
    browser.at(&server, LIVELY).await;
    browser.sees("here 0, shared 1, stored 1.").await;
    client.get(LIVELY).press("Add").assert_text("here 1, shared 2, stored 2.");
    browser.sees("here 0, shared 2, stored 2.").await;
}

/// How long after it was opened a page may still ask whether it has missed something.
const OPENED: Duration = Duration::from_millis(2_500);

/// Posts so far.
fn posts(wire: &Wire) -> usize {
    wire.asked().iter().filter(|line| line.starts_with("POST ")).count()
}

/// Lets the page hear something, as from the tab that has the stream.
async fn hears(browser: &Browser, said: serde_json::Value) {
    browser.probe("said => new BroadcastChannel('mprun').postMessage(said)", vec![said]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_nobody_sees_asks_when_somebody_looks() {
    let server = lively();
    let wire = Wire::to(&server);
    let (browser, client) = one_user_twice(&server).await;
    let page = client.get(LIVELY).press("Add");
    browser.go(&wire.page(&page.path)).await;
    tokio::time::sleep(OPENED).await;
    hide(&browser, true).await;
    let before = posts(&wire);
    for _ in 0..3 {
        page.reload().press("Turn");
    }
    tokio::time::sleep(Duration::from_millis(800)).await;
    assert_eq!(posts(&wire), before);
    browser.sees("turned 0.").await;
    hide(&browser, false).await;
    browser.sees("turned 3.").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_stream_was_opened_again_not_all_pages_ask_at_once() {
    let server = lively();
    let wire = Wire::to(&server);
    let (browser, client) = one_user_twice(&server).await;
    let page = client.get(LIVELY).press("Add");
    browser.go(&wire.page(&page.path)).await;
    tokio::time::sleep(OPENED).await;
    for (random, early) in [("0.9", 0), ("0", 1)] {
        browser.value_of(&format!("(Math.random = () => {random}, true)")).await;
        let before = posts(&wire);
        hears(&browser, serde_json::json!({ "name": "open", "app": "*" })).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(posts(&wire), before + early, "half a second later, with {random}");
        tokio::time::sleep(Duration::from_millis(1_000)).await;
        assert_eq!(posts(&wire), before + 1, "with {random}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_heard_before_a_press_is_asked_for_unless_the_answer_is_as_new() {
    let server = lively();
    let wire = Wire::to(&server);
    let (browser, client) = one_user_twice(&server).await;
    let page = client.get(LIVELY).press("Add");
    browser.go(&wire.page(&page.path)).await;
    tokio::time::sleep(OPENED).await;
    browser.network(Network::Slow(Duration::from_millis(400)));
    for (rev, asked) in [(1, 2), (1_000_000, 3)] {
        let before = posts(&wire);
        browser.click("Add").await;
        hears(&browser, serde_json::json!({ "name": "change", "app": "lively", "rev": rev })).await;
        browser.click("Turn").await;
        browser.settled().await;
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        assert_eq!(posts(&wire), before + asked, "after revision {rev} was heard");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_while_a_page_is_under_way_is_seen_on_it() {
    // The document has left the server and takes its time.
    const LATE: &str = "(() => {
      const real = window.fetch;
      window.fetch = async (url, init) => {
        const answer = await real(url, init);
        if (init?.method !== 'POST') await new Promise((done) => setTimeout(done, 2500));
        return answer;
      };
    })()";
    let server = lively();
    let (browser, client) = one_user_twice(&server).await;
    let page = client.get(LIVELY).press("Add");
    browser.at(&server, &page.path).await;
    browser.sees(&counted(1)).await;
    tokio::time::sleep(OPENED).await;
    mark(&browser).await;
    browser.value_of(LATE).await;
    browser.click("Onward").await;
    tokio::time::sleep(Duration::from_millis(1_000)).await;
    page.reload().press("Add").assert_text(&counted(2));
    browser.sees("Other 1").await;
    browser.sees("taken 0, shared 2.").await;
    assert!(is_the_same_document(&browser).await);
}
