//! The network goes and comes, the server is killed and comes back: a page says so,
//! goes on by itself, and nothing that was typed or pressed is lost or doubled.

use std::sync::Arc;
use std::time::Duration;

use super::{LIVELY, NETWORK_ERRORS, counted, is_the_same_document, lively, mark, one_user_twice, phone, random};
use crate::support::browser::Network;

/// How often the server is killed under somebody's hands.
const KILLS: u32 = 50;

/// Counts how often the page says that it is offline.
const COUNT_OFFLINE: &str = "(() => {
  window.__offline = 0;
  const root = document.documentElement;
  new MutationObserver(() => { __offline += Number(root.hasAttribute('data-offline')); })
    .observe(root, { attributes: true, attributeFilter: ['data-offline'] });
})()";

const BANNER: &str = "(e => e ? [e.getAttribute('role'), e.textContent, e.checkVisibility()] : null)\
                      (document.querySelector('.mp-offline'))";

#[tokio::test(flavor = "multi_thread")]
async fn without_a_network_a_page_says_so_keeps_everything_and_goes_on() {
    let server = lively();
    let browser = phone().await;
    browser.expects_log(NETWORK_ERRORS);
    browser.at(&server, LIVELY).await;
    browser.click("Add").await;
    browser.sees(&counted(1)).await;
    browser.settled().await;
    mark(&browser).await;

    browser.network(Network::Offline);
    browser.click("Add").await;
    browser.sees("Offline – trying again").await;
    let banner = browser.value_of(BANNER).await;
    assert_eq!(banner, serde_json::json!(["status", "Offline – trying again", true]));
    browser.assert_accessible("offline").await;
    // What waits says so, and one can go on typing and pressing.
    browser.until("document.querySelector('[data-waiting]')?.textContent === 'Add'").await;
    browser.type_into("Message", "Typed in a tunnel").await;
    browser.click("Turn").await;
    browser.sees(&counted(1)).await;
    tokio::time::sleep(Duration::from_secs(2)).await;

    browser.network(Network::Fast);
    browser.sees("turned 1.").await;
    browser.settled().await;
    browser.sees(&counted(2)).await;
    assert_eq!(browser.value("Message").await, "Typed in a tunnel");
    assert!(!browser.text().await.contains("Offline"));
    assert!(is_the_same_document(&browser).await);
    browser.until("location.search.includes('_page=')").await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    browser.window.refresh().await.expect("the page is loaded again");
    browser.sees(&counted(2)).await;
    assert_eq!(browser.value("Message").await, "Typed in a tunnel");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_is_followed_without_a_network_leads_there_when_it_is_back() {
    let server = lively();
    let browser = phone().await;
    browser.expects_log(NETWORK_ERRORS);
    browser.at(&server, LIVELY).await;
    mark(&browser).await;
    browser.network(Network::Offline);
    browser.click("Onward").await;
    browser.sees("Offline – trying again").await;
    // The page that one is on is still there, and not the browser's own about it.
    browser.sees("Lively").await;
    browser.until("document.documentElement.hasAttribute('data-visiting')").await;
    browser.network(Network::Fast);
    browser.sees("Other 1").await;
    browser.settled().await;
    assert!(is_the_same_document(&browser).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_nobody_touches_hears_again_after_the_server_was_away() {
    let mut server = lively();
    let (browser, client) = one_user_twice(&server).await;
    browser.expects_log(NETWORK_ERRORS);
    let page = client.get(LIVELY).press("Add");
    browser.at(&server, &page.path).await;
    browser.sees(&counted(1)).await;
    server.kill_and_restart();
    // Connections of the client may be to the server that is gone.
    let press = || {
        let page = client.try_get(&page.path).ok()?;
        page.try_post(Some(page.button("Add", 0))).ok()
    };
    let pressed = (0..50).find_map(|_| press()).expect("an answer");
    pressed.assert_text(&counted(2));
    browser.sees(&counted(2)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_fifty_times_costs_no_letter_and_no_tap() {
    let mut server = lively();
    let browser = Arc::new(phone().await);
    browser.expects_log(NETWORK_ERRORS);
    browser.at(&server, LIVELY).await;
    browser.click("Add").await;
    browser.sees(&counted(1)).await;
    mark(&browser).await;
    browser.value_of(COUNT_OFFLINE).await;
    let (mut seed, mut typed) = (20_261_122, String::new());
    for round in 1..=KILLS {
        let word = format!("word{round} ");
        typed.push_str(&word);
        let hands = Arc::clone(&browser);
        // Types, taps and types on, while the server goes and comes.
        let doing = tokio::spawn(async move {
            let (first, rest) = word.split_at(3);
            hands.type_into("Message", first).await;
            hands.click("Add").await;
            hands.type_into("Message", rest).await;
        });
        let moment = Duration::from_millis(random(&mut seed) % 120);
        tokio::time::sleep(moment).await;
        server.kill_and_restart();
        doing.await.expect("the hands do not tremble");
        browser.sees(&counted(1 + round)).await;
        browser.settled().await;
        assert_eq!(browser.value("Message").await, typed, "round {round}");
    }
    let felt = browser.value_of("window.__offline").await;
    println!("{KILLS} kills, {felt} of them felt by the page");
    assert!(felt.as_u64() > Some(0), "no kill was felt: the moments are badly chosen");
    assert!(is_the_same_document(&browser).await);
    // What the page shows is what the server has.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    browser.settled().await;
    browser.window.refresh().await.expect("the page is loaded again");
    browser.sees(&counted(1 + KILLS)).await;
    assert_eq!(browser.value("Message").await, typed);
}
