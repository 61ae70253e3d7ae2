//! Pages with script, as people meet them: in Debian's Chromium, with a mouse, a
//! keyboard, a bad network, several tabs and a server that is killed. What holds
//! without script too is shown without it as well.
//!
//! Most of it is shown on the guest `lively`, which has everything that a change of
//! the page could disturb; the samples are what people will copy.

mod chrome;
mod elements;
mod fields;
mod fresh;
mod history;
mod keyboard;
mod leaving;
mod looks;
mod outages;
mod pushes;
mod taps;
mod wire;
mod xss;

use crate::support::browser::Browser;
use crate::support::client::Client;
use crate::support::guest;
use crate::support::server::Server;

/// Where most of it is shown.
const LIVELY: &str = "/miniapp/lively/index";

/// Its page with two forms and a sheet.
const DESK: &str = "/miniapp/lively/desk";

/// A phone.
const PHONE: (u32, u32) = (390, 844);

/// What the network does to what is logged.
const NETWORK_ERRORS: &str = "Failed to load resource";

fn lively() -> Server {
    Server::start(&[guest("lively")])
}

/// A phone with script.
async fn phone() -> Browser {
    Browser::live(PHONE.0, PHONE.1).await
}

/// One user twice: with a phone, and with a client that runs no script.
async fn one_user_twice(server: &Server) -> (Browser, Client) {
    let client = server.client();
    client.get(LIVELY);
    let browser = phone().await;
    browser.become_user(&client.cookie());
    (browser, client)
}

/// What `lively` says after so many taps on one page.
fn counted(taps: u32) -> String {
    format!("here {taps}, shared {taps}, stored {taps}.")
}

/// A pseudo-random number: the same in each run.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

/// Marks the document that is open now; see [`is_the_same_document`].
async fn mark(browser: &Browser) {
    browser.value_of("(window.__mark = true)").await;
}

/// Whether the document that was marked is still open: nothing was loaded anew.
async fn is_the_same_document(browser: &Browser) -> bool {
    browser.value_of("window.__mark === true").await == true
}

/// Turns the page away from whoever looks, or back, as another tab in front would.
async fn hide(browser: &Browser, hidden: bool) {
    let turn = "hidden => {
      Object.defineProperty(document, 'hidden', { configurable: true, value: hidden });
      document.dispatchEvent(new Event('visibilitychange'));
    }";
    browser.probe(turn, vec![hidden.into()]).await;
}
