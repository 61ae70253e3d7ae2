//! A page is left while something is under way: what was handed in does not come back
//! as a draft, what was typed since is there later, and nobody misses a toast.

use std::time::Duration;

use super::wire::Wire;
use super::{DESK, LIVELY, NETWORK_ERRORS, counted, hide, is_the_same_document, lively, mark, one_user_twice};

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_was_sent_while_one_leaves_is_no_draft_afterwards() {
    let server = lively();
    let wire = Wire::to(&server);
    let (browser, client) = one_user_twice(&server).await;
    browser.expects_log(NETWORK_ERRORS);
    let page = client.get(LIVELY).press("Add");
    browser.go(&wire.page(&page.path)).await;
    browser.type_into("Name", "Ada").await;
    browser.type_into("Message", "Sent at the last moment").await;
    // It is kept: nothing is under way that the press would wait for.
    for _ in 0..100 {
        if page.reload().value("Message") == "Sent at the last moment" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    browser.settled().await;
    // The server does it, and the page does not hear of it.
    wire.lose_answers(1_000);
    browser.click("Send").await;
    let sent = "sent: Ada, Sent at the last moment, red, false.";
    for _ in 0..100 {
        if page.reload().text().contains(sent) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    page.reload().assert_text(sent);
    browser.type_into("Row 1", "Typed since").await;
    browser.at(&server, "/").await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    wire.lose_answers(0);

    browser.at(&server, &page.path).await;
    browser.sees(sent).await;
    assert_eq!(browser.value("Message").await, "");
    assert_eq!(browser.value("Name").await, "");
    assert_eq!(browser.value("Row 1").await, "Typed since");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_pressed_and_still_waits_is_done_when_one_leaves() {
    let server = lively();
    let wire = Wire::to(&server);
    let (browser, client) = one_user_twice(&server).await;
    browser.expects_log(NETWORK_ERRORS);
    let page = client.get(LIVELY).press("Add");
    browser.go(&wire.page(&page.path)).await;
    wire.lose_answers(1_000);
    browser.click("Add").await;
    browser.click("Turn").await;
    browser.at(&server, "/").await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    wire.lose_answers(0);
    // Each of them once.
    page.reload().assert_text(&counted(2)).assert_text("turned 1.");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_when_one_leaves_takes_no_toast_away() {
    // Types and leaves, before it could be kept otherwise.
    const LEAVE: &str = "(label, text) => {
      const { htmlFor } = [...document.querySelectorAll('label')].find((e) => e.textContent === label);
      const field = document.getElementById(htmlFor);
      field.value = text;
      field.dispatchEvent(new Event('input', { bubbles: true }));
      location.assign('/');
    }";
    let server = lively();
    let (browser, client) = one_user_twice(&server).await;
    let page = client.get(DESK).press("Shut");
    browser.at(&server, &page.path).await;
    browser.click("Say soon").await;
    browser.settled().await;
    // It is said while nobody looks.
    hide(&browser, true).await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    browser.probe(LEAVE, vec!["First".into(), "half a th".into()]).await;
    browser.until("location.pathname === '/'").await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    browser.at(&server, &page.path).await;
    browser.sees("Said later").await;
    assert_eq!(browser.value("First").await, "half a th");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_sent_to_its_own_address_is_loaded_anew_and_keeps_what_was_typed() {
    // As if the server had been replaced by one with another style: what is in the head
    // is not what the page has, and an event is answered with the page's own address.
    const REPLACED: &str = "() => {
      document.querySelector('link[rel=stylesheet]').remove();
      const real = window.fetch;
      window.fetch = async (url, init) => {
        const answer = await real(url, init);
        if (init?.method !== 'POST' || init.keepalive) return answer;
        return new Response(JSON.stringify({ go: location.pathname + location.search }));
      };
      [...document.querySelectorAll('button')].find((e) => e.textContent === 'Add').click();
    }";
    let server = lively();
    let (browser, client) = one_user_twice(&server).await;
    let page = client.get(LIVELY).press("Add");
    for (taps, fragment) in [(2, ""), (3, "#here")] {
        browser.at(&server, "/").await;
        browser.at(&server, &format!("{}{fragment}", page.path)).await;
        mark(&browser).await;
        browser.type_over("Message", &format!("Typed before {taps}")).await;
        browser.probe(REPLACED, Vec::new()).await;
        browser.until("window.__mark !== true && document.querySelector('[data-live]') !== null").await;
        assert!(!is_the_same_document(&browser).await);
        browser.sees(&counted(taps)).await;
        assert_eq!(browser.value("Message").await, format!("Typed before {taps}"));
    }
}
