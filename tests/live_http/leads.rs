//! A timer goes to another page while this one is open in a browser: the page asks,
//! and is told where to go. Whoever comes back to it by themselves stays.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::{field, post, pressed, with};
use crate::support::client::{Client, Page};
use crate::support::guest;
use crate::support::server::Server;

const AWAY: &str = "/miniapp/lively/away";

/// What a page is told that asks.
fn asks(server: &Server, client: &Client, page: &Page) -> Value {
    post(server, client, &page.path, &with(&page.form(None), "_keep", "1")).json()
}

/// Where a page is led that asks until it is.
fn led(server: &Server, client: &Client, page: &Page) -> String {
    let began = Instant::now();
    loop {
        let said = asks(server, client, page);
        if let Some(address) = said["go"].as_str() {
            return address.to_owned();
        }
        assert!(began.elapsed() < Duration::from_secs(20), "{said}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_page_is_led_to_what_its_timer_has_opened_until_somebody_comes_back_to_it() {
    let server = Server::start(&[guest("lively")]);
    let client = server.client();
    let page = client.get(AWAY).press("Open soon").fill("Note", "half a th");
    let above = led(&server, &client, &page);
    client.get(&above).assert_text("Other 7");
    // The answer may be lost.
    assert_eq!(led(&server, &client, &page), above);
    // The browser goes back.
    let back = page.reload().assert_text("Away");
    assert_eq!(back.value("Note"), "half a th");
    let said = asks(&server, &client, &back);
    assert!(said["go"].is_null() && said["rev"].is_number(), "{said}");
}

#[test]
fn a_page_is_led_to_what_its_timer_has_put_in_its_place() {
    let server = Server::start(&[guest("lively")]);
    let client = server.client();
    let page = client.get(AWAY).press("Replace soon");
    let instead = led(&server, &client, &page);
    client.get(&instead).assert_text("Other 8");
    // What is pressed there still leads there as well: the page is gone.
    let said = post(&server, &client, &page.path, &pressed(&page, "Open soon")).json();
    assert_eq!(said["go"], instead.as_str(), "{said}");
}

#[test]
fn a_page_that_its_timer_has_closed_leads_back() {
    let server = Server::start(&[guest("lively")]);
    let client = server.client();
    let below = client.get("/miniapp/lively/index").press("Add");
    let id = field(&below.form(None), "_page");
    let page = client.get(&format!("{AWAY}?_from={id}")).press("Close soon");
    assert_eq!(led(&server, &client, &page), below.path);
    assert!(asks(&server, &client, &below)["go"].is_null(), "there it ends");
}
