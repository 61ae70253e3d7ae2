//! What people have in their hands when the page changes under them: focus, caret,
//! what is half typed, a choice that is open, a form that is not sent, the place
//! they have scrolled to. And what becomes of what they typed.

use std::time::Duration;

use serde_json::json;

use super::wire::Wire;
use super::{DESK, LIVELY, NETWORK_ERRORS, lively, one_user_twice, phone};
use crate::support::browser::{Browser, Network, key};
use crate::support::client::Page;

/// What a caret is, and where.
const CARET: &str = "(({ activeElement: e }) => \
                     [e === window.__held, e.value, e.selectionStart, e.selectionEnd, e.selectionDirection])(document)";

/// Where the element with the focus is on the screen.
const PLACE: &str = "Math.round(document.activeElement.getBoundingClientRect().top)";

/// Somebody else presses a button on the page of this user.
fn elsewhere(page: &Page, button: &str) -> Page {
    page.reload().press(button)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_half_typed_survives_a_change_from_elsewhere() {
    let server = lively();
    let (browser, client) = one_user_twice(&server).await;
    let page = client.get(LIVELY).press("Add");
    browser.at(&server, &page.path).await;

    browser.type_into("Message", "Not sent yet").await;
    browser.choose("Colour", "Blue").await;
    browser.click("Urgent").await;
    browser.type_into("Row 2", "half typed").await;
    browser.value_of("(window.__held = document.activeElement).setSelectionRange(2, 5, 'backward')").await;
    let before = browser.value_of(CARET).await;
    assert_eq!(before, json!([true, "half typed", 2, 5, "backward"]));

    // The rows change their places: also the one that is being typed into.
    elsewhere(&page, "Turn");
    browser.sees("turned 1.").await;
    assert_eq!(browser.value_of(CARET).await, before, "the same field, text, caret and selection");
    elsewhere(&page, "Turn");
    browser.sees("turned 2.").await;
    assert_eq!(browser.value_of(CARET).await, before);
    // What is typed goes on where the selection was.
    browser.keys("nd").await;
    assert_eq!(browser.value("Row 2").await, "handtyped");

    // The form that is not sent.
    assert_eq!(browser.value("Message").await, "Not sent yet");
    assert_eq!(browser.value("Colour").await, "blue");
    assert_eq!(browser.value_of("document.querySelector('.mp-checkbox input[type=checkbox]').checked").await, true);
    assert_eq!(browser.value_of("document.querySelectorAll('.mp-error').length").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_place_that_one_has_scrolled_to_stays() {
    let server = lively();
    let (browser, client) = one_user_twice(&server).await;
    let page = client.get(LIVELY).press("Add");
    browser.at(&server, &page.path).await;
    browser.value_of("document.querySelector('[href*=\"at=9\"]').focus()").await;
    let (scrolled, before) = (browser.value_of("scrollY").await, browser.value_of(PLACE).await);
    assert!(scrolled.as_f64() > Some(500.0), "the page is too short to show anything: {scrolled}");
    // A timer puts a line above everything.
    browser.value_of("(window.__held = document.activeElement)").await;
    elsewhere(&page, "Soon");
    browser.sees("ticks 1,").await;
    browser.sees("A line that was not there before").await;
    let after = browser.value_of(PLACE).await;
    let moved = (before.as_f64().unwrap_or_default() - after.as_f64().unwrap_or_default()).abs();
    // As high as the line, where the browser does not make up for it.
    assert!(moved <= 80.0, "what one looked at was at {before} and is at {after}");
    assert_eq!(browser.value_of("document.activeElement === window.__held").await, true);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_choice_stays_open() {
    let server = lively();
    let (browser, client) = one_user_twice(&server).await;
    let page = client.get(LIVELY).press("Add");
    browser.at(&server, &page.path).await;
    browser.focus("Colour").await;
    browser.until("Boolean(document.querySelector('select:open'))").await;
    elsewhere(&page, "Turn");
    browser.until("document.body.textContent.includes('turned 1.')").await;
    assert_eq!(browser.value_of("Boolean(document.querySelector('select:open'))").await, true);
    browser.key(key::DOWN).await;
    browser.key(key::ENTER).await;
    assert_eq!(browser.value("Colour").await, "green");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_typed_while_an_answer_is_under_way_is_kept_and_keys_are_told_together() {
    const SENTENCE: &str = "All the leaves are brown and the sky is grey";
    let server = lively();
    let browser = phone().await;
    browser.at(&server, LIVELY).await;
    browser.network(Network::Slow(Duration::from_millis(200)));
    browser.focus("Search").await;
    for letter in SENTENCE.chars() {
        browser.key(letter).await;
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    browser.sees(&format!("heard: {SENTENCE}, times")).await;
    assert_eq!(browser.value("Search").await, SENTENCE);
    // One at a time, the newest: not one for each letter.
    let text = browser.text().await;
    let times = text.split_once(", times ").and_then(|(_, rest)| rest.split_once('.')).map(|(times, _)| times);
    let times: usize = times.and_then(|times| times.parse().ok()).expect("it says how often it heard");
    assert!(times > 1, "the program hears while one types, not only at the end");
    assert!(times <= SENTENCE.len() / 2, "{times} events for {} letters", SENTENCE.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_is_sent_is_empty_again_and_one_that_is_refused_is_not() {
    let server = lively();
    let browser = phone().await;
    browser.at(&server, LIVELY).await;
    browser.type_into("Message", "Two lines\nof text").await;
    browser.choose("Colour", "Green").await;
    browser.click("Send").await;
    browser.sees("Please fill this in.").await;
    browser.settled().await;
    assert_eq!(browser.value("Message").await, "Two lines\nof text");
    assert_eq!(browser.value("Colour").await, "green");
    let name = "[...document.querySelectorAll('input')].find(e => e.ariaInvalid === 'true')";
    let said = format!("document.getElementById({name}.getAttribute('aria-describedby').split(' ')[0]).textContent");
    assert_eq!(browser.value_of(&said).await, "Please fill this in.");
    assert_eq!(browser.value_of(&format!("document.activeElement === {name}")).await, true, "one can mend it at once");

    browser.type_into("Name", "Ada 艾达").await;
    browser.click("Send").await;
    browser.sees("sent: Ada 艾达, Two lines\nof text, green, false.").await;
    browser.settled().await;
    assert_eq!(browser.value("Name").await, "");
    assert_eq!(browser.value("Message").await, "");
    assert_eq!(browser.value("Colour").await, "red", "what the program says that it is");
    assert!(!browser.text().await.contains("Please fill this in."));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_typed_is_there_after_a_reload_and_after_one_was_elsewhere() {
    let server = lively();
    let browser = phone().await;
    browser.at(&server, LIVELY).await;
    browser.type_into("Message", "For later").await;
    // Kept a second after the last key; the page has an address of its own then.
    browser.until("location.search.includes('_page=')").await;
    browser.window.refresh().await.expect("the page is loaded again");
    assert_eq!(browser.value("Message").await, "For later");

    // Not even a second: what is not kept yet is sent when the page is left.
    browser.type_into("Message", ", and more").await;
    let here = browser.window.current_url().await.expect("an address").to_string();
    browser.at(&server, "/").await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    browser.go(&here).await;
    assert_eq!(browser.value("Message").await, "For later, and more");

    // By a link of the program, too.
    browser.type_into("Message", ", to the end").await;
    browser.click("Onward").await;
    browser.sees("Other 1").await;
    browser.window.back().await.expect("there is a page before");
    browser.sees("Lively").await;
    browser.until("document.querySelector('textarea')?.value === 'For later, and more, to the end'").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_is_left_tells_the_program() {
    let server = lively();
    let browser = phone().await;
    browser.at(&server, LIVELY).await;
    browser.type_into("Note", "No sugar").await;
    browser.key(key::TAB).await;
    browser.sees("note: No sugar.").await;
    browser.settled().await;
    assert_eq!(browser.value("Note").await, "No sugar");
    // Enter does so as well, and stays in the field.
    browser.type_over("Note", "Sugar").await;
    browser.key(key::ENTER).await;
    browser.sees("note: Sugar.").await;
    assert_eq!(browser.value_of("document.activeElement.value").await, "Sugar");
    assert_eq!(
        browser.value_of("[...document.querySelectorAll('.mp-apply')].filter(e => e.checkVisibility()).length").await,
        0,
        "no button has to be pressed for it"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_stays_until_its_own_form_is_handed_in() {
    let server = lively();
    let browser = phone().await;
    browser.at(&server, DESK).await;
    browser.type_into("First", "one").await;
    browser.type_into("Secret", "hush").await;
    // A button in the form that does not hand it in, and the other form.
    browser.click("Peek").await;
    browser.sees("peeks 1,").await;
    browser.settled().await;
    assert_eq!(browser.value("Secret").await, "hush");
    browser.click("Send second").await;
    browser.sees("sent: second .").await;
    browser.settled().await;
    assert_eq!(browser.value("Secret").await, "hush");
    assert_eq!(browser.value("First").await, "one");
    browser.click("Send first").await;
    browser.sees("sent: first one hush.").await;
    browser.settled().await;
    assert_eq!(browser.value("Secret").await, "");
    assert_eq!(browser.value("First").await, "");
}

/// Puts a text into the longest field, as pasting does.
async fn paste(browser: &Browser, text: &str) {
    let paste = "text => {
      const field = document.querySelector('textarea');
      field.value = text;
      field.dispatchEvent(new Event('input', { bubbles: true }));
    }";
    browser.probe(paste, vec![json!(text)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_long_to_be_kept_stays_is_said_once_and_can_be_shortened() {
    // A field may have 64 KiB.
    const TOO_MUCH: usize = 70_000;
    const WATCH: &str = "(() => {
      window.__said = 0;
      new MutationObserver((all) => { for (const { addedNodes } of all) __said += addedNodes.length; })
        .observe(document.querySelector('.mp-alerts'), { childList: true });
    })()";
    // Whether the browser asks before the page is left.
    const ASKS: &str = "(() => { const event = new Event('beforeunload', { cancelable: true });
                         return !dispatchEvent(event); })()";
    let length = "document.querySelector('textarea').value.length";
    let server = lively();
    let wire = Wire::to(&server);
    let (browser, client) = one_user_twice(&server).await;
    browser.expects_log(NETWORK_ERRORS);
    let page = client.get(LIVELY).press("Add");
    browser.go(&wire.page(&page.path)).await;
    browser.value_of(WATCH).await;
    assert_eq!(browser.value_of(ASKS).await, false);
    paste(&browser, &"x".repeat(TOO_MUCH)).await;
    browser.until("document.querySelector('.mp-alert') !== null").await;
    assert_eq!(browser.value_of(length).await, TOO_MUCH);
    assert_eq!(browser.value_of(ASKS).await, true);

    // What happens elsewhere is still seen, and nothing is tried over and over.
    elsewhere(&page, "Turn");
    browser.sees("turned 1.").await;
    let posts = || wire.asked().iter().filter(|line| line.starts_with("POST ")).count();
    let before = posts();
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    assert_eq!(posts(), before, "it asks again and again");
    assert_eq!(browser.value_of(length).await, TOO_MUCH);
    assert_eq!(browser.value_of("[__said, document.querySelectorAll('.mp-alert').length]").await, json!([1, 1]));

    // Nor does a button work, or take anything away.
    browser.click("Add").await;
    browser.settled().await;
    browser.sees("here 1,").await;
    assert_eq!(browser.value_of(length).await, TOO_MUCH);

    paste(&browser, "Short").await;
    browser.until("document.querySelector('.mp-alert') === null").await;
    assert_eq!(browser.value_of(ASKS).await, false);
    browser.window.refresh().await.expect("the page is loaded again");
    assert_eq!(browser.value("Message").await, "Short");
}
