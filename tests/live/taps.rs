//! A press is seen at once, waits visibly, counts once however often it is made or
//! sent, and nothing that was pressed is forgotten.

use std::time::Duration;

use serde_json::Value;

use super::wire::Wire;
use super::{LIVELY, NETWORK_ERRORS, counted, is_the_same_document, lively, mark, phone};
use crate::support::browser::{Browser, Network, key};

const LATENCY: Duration = Duration::from_millis(200);

/// Notes when something is pressed, and when marks of that come and go, in
/// milliseconds after the press.
const WATCH: &str = "(() => {
  window.__seen = [];
  let pressed = 0;
  addEventListener('click', () => { pressed = performance.now(); }, true);
  const names = ['data-pressed', 'data-waiting', 'aria-busy'];
  new MutationObserver((changes) => {
    for (const { target, attributeName } of changes) {
      __seen.push([attributeName, target.hasAttribute(attributeName), performance.now() - pressed, target.textContent]);
    }
  }).observe(document, { subtree: true, attributes: true, attributeFilter: names });
})()";

/// When a mark came (`true`) or went, if it did.
fn when(seen: &Value, mark: &str, came: bool) -> Option<f64> {
    let all = seen.as_array().into_iter().flatten();
    all.filter(|entry| entry[0] == mark && entry[1] == came).find_map(|entry| entry[2].as_f64())
}

/// Waits as long as something that should not happen could take.
async fn nothing_more(browser: &Browser) {
    browser.settled().await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    browser.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_press_is_seen_at_once_and_waits_visibly_after_a_tenth_of_a_second() {
    let server = lively();
    let browser = phone().await;
    browser.at(&server, LIVELY).await;
    browser.network(Network::Slow(LATENCY));
    browser.value_of(WATCH).await;
    browser.click("Add").await;
    browser.sees(&counted(1)).await;
    browser.settled().await;
    let seen = browser.value_of("__seen").await;
    assert!(seen.as_array().is_some_and(|seen| seen.iter().all(|entry| entry[3] == "Add")), "{seen}");
    let pressed = when(&seen, "data-pressed", true).expect("the press is seen");
    let waits = when(&seen, "data-waiting", true).expect("the press waits");
    let busy = when(&seen, "aria-busy", true).expect("programs that read pages are told");
    let answered = when(&seen, "data-pressed", false).expect("the answer came");
    // A frame of the screen is 17 ms; the rest is for a machine that has much to do.
    assert!(pressed < 50.0, "{seen}");
    assert!((95.0..answered).contains(&waits) && (95.0..answered).contains(&busy), "{seen}");
    assert!(answered >= LATENCY.as_secs_f64() * 1_000.0, "the network was not slow: {seen}");
    for mark in ["data-waiting", "aria-busy"] {
        assert!(when(&seen, mark, false).is_some(), "{mark} goes with the answer: {seen}");
    }

    // A quick answer shows no waiting.
    browser.network(Network::Fast);
    browser.value_of("(window.__seen = [])").await;
    browser.click("Turn").await;
    browser.sees("turned 1.").await;
    browser.settled().await;
    let seen = browser.value_of("__seen").await;
    assert!(when(&seen, "data-pressed", true).is_some(), "{seen}");
    let quick = when(&seen, "data-pressed", false).is_some_and(|answered| answered < 90.0);
    assert!(!quick || when(&seen, "data-waiting", true).is_none(), "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_pressed_and_what_waits_look_different() {
    let server = lively();
    let browser = phone().await;
    browser.at(&server, LIVELY).await;
    let look = "(mark => { const add = [...document.querySelectorAll('button')].find(e => e.textContent === 'Add');
      for (const name of ['data-pressed', 'data-waiting']) add.toggleAttribute(name, mark.includes(name));
      const all = [null, '::before', '::after'].map(part => getComputedStyle(add, part));
      return all.map(s => ['filter', 'opacity', 'backgroundColor', 'backgroundImage', 'boxShadow', 'transform', 'scale',
        'translate', 'content', 'animationName', 'color'].map(name => s[name])); })";
    let mut looks = Vec::new();
    for marks in ["[]", "['data-pressed']", "['data-pressed', 'data-waiting']", "[]"] {
        let set = format!("{look}({marks})");
        browser.value_of(&set).await;
        // Styles go over into each other.
        tokio::time::sleep(Duration::from_millis(400)).await;
        looks.push(browser.value_of(&set).await);
    }
    assert_eq!(looks.first(), looks.last());
    assert_ne!(looks[0], looks[1], "a button that is pressed");
    assert_ne!(looks[1], looks[2], "one that waits");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_double_tap_counts_once_and_two_taps_count_twice() {
    let server = lively();
    let browser = phone().await;
    browser.at(&server, LIVELY).await;
    browser.network(Network::Slow(LATENCY));
    browser.double_click("Add").await;
    browser.sees(&counted(1)).await;
    nothing_more(&browser).await;
    browser.sees(&counted(1)).await;
    // Seen what it did, and pressed again.
    browser.click("Add").await;
    browser.sees(&counted(2)).await;
    browser.double_click("Add").await;
    browser.sees(&counted(3)).await;
    nothing_more(&browser).await;
    browser.sees(&counted(3)).await;
    // What the page shows is what is.
    browser.window.refresh().await.expect("the page is loaded again");
    browser.sees(&counted(3)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_press_while_another_one_waits_is_not_lost() {
    let server = lively();
    let browser = phone().await;
    browser.at(&server, LIVELY).await;
    mark(&browser).await;
    browser.network(Network::Slow(LATENCY));
    browser.click("Add").await;
    browser.click("Turn").await;
    browser.click("Say").await;
    let text = browser.sees("Said in passing").await;
    assert!(text.contains(&counted(1)) && text.contains("turned 1."), "in the order in which they came:\n{text}");
    assert!(is_the_same_document(&browser).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_lost_does_not_count_the_tap_again() {
    let server = lively();
    let wire = Wire::to(&server);
    let browser = phone().await;
    // A browser sends again by itself what a used connection swallowed.
    browser.expects_log(NETWORK_ERRORS);
    browser.go(&wire.page(LIVELY)).await;
    browser.sees(&counted(0)).await;
    for taps in 1..=5 {
        wire.lose_answers(usize::try_from(taps).expect("a few"));
        browser.click("Add").await;
        browser.sees(&counted(taps)).await;
        browser.settled().await;
        assert_eq!(wire.to_lose(), 0, "every answer that was to be lost was lost");
    }
    let posts = wire.asked().iter().filter(|line| line.starts_with("POST ")).count();
    assert!(posts >= 5 + 15, "each one was sent again: {posts}");
    browser.go(&wire.page(LIVELY)).await;
    browser.sees("here 0, shared 5, stored 5.").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_program_refuses_is_said_and_read_out_and_goes_away_again() {
    let server = lively();
    let browser = phone().await;
    browser.at(&server, LIVELY).await;
    browser.type_into("Message", "Still here").await;
    browser.click("Fail").await;
    browser.sees("It did not work").await;
    let role = "document.querySelector('.mp-alert')?.closest('[role]')?.getAttribute('role') ?? \
                document.querySelector('.mp-alert').getAttribute('role')";
    assert!(["alert", "status"].contains(&browser.value_of(role).await.as_str().unwrap_or_default()));
    assert_eq!(browser.value("Message").await, "Still here");
    browser.click("Add").await;
    let text = browser.sees(&counted(1)).await;
    assert!(!text.contains("It did not work"), "{text}");

    browser.click("Say").await;
    browser.sees("Said in passing").await;
    assert_eq!(browser.value_of("document.querySelector('.mp-toasts').getAttribute('role')").await, "status");
    // A toast goes by itself, and takes its room with it.
    browser.until("!document.querySelector('.mp-toasts').textContent.includes('Said')").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_refuses_leaves_the_page_as_it_is() {
    let server = lively();
    let browser = phone().await;
    browser.expects_log(NETWORK_ERRORS);
    browser.at(&server, LIVELY).await;
    browser.click("Add").await;
    browser.sees(&counted(1)).await;
    browser.type_into("Message", "Still here").await;
    mark(&browser).await;
    // Another user's page now: whoever deletes all cookies is nobody.
    browser.forget_user();
    browser.click("Add").await;
    browser.until("document.querySelector('.mp-alert') !== null").await;
    browser.settled().await;
    browser.sees(&counted(1)).await;
    assert_eq!(browser.value("Message").await, "Still here");
    assert!(is_the_same_document(&browser).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn enter_in_a_field_hands_its_form_in() {
    let server = lively();
    let browser = phone().await;
    browser.at(&server, LIVELY).await;
    browser.type_into("Name", "Ada").await;
    browser.key(key::ENTER).await;
    browser.sees("sent: Ada, , red, false.").await;
    browser.settled().await;
    let text = browser.text().await;
    assert!(text.contains(&counted(0)), "no other button was pressed:\n{text}");
}
