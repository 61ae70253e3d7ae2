//! A page that was changed step by step is the page that a fresh rendering is: the
//! same elements, attributes and properties. After touches that nobody planned, over
//! the pages of the samples.

use std::time::Duration;

use serde_json::json;

use super::{counted, lively, phone, random};
use crate::support::browser::{Browser, key};
use crate::support::server::Server;
use crate::support::{guest, sample};

const TOUCH: &str = include_str!("../support/browser/probes/touch.js");

/// How long after the last key what is typed is kept, and its answer there.
const KEPT: Duration = Duration::from_millis(1_600);

/// What is typed.
const TEXTS: [&str; 5] = ["Ada", "咖啡", "a <b> & \"c\"", "7", "x y"];

/// Touches something; what it was.
async fn touch(browser: &Browser, seed: &mut u64, avoid: &[&str]) -> String {
    let touched = browser.probe(TOUCH, vec![json!(random(seed)), json!(avoid)]).await;
    let at = |name: &str| touched[name].as_f64().unwrap_or_default();
    match touched["kind"].as_str() {
        Some("choose") => {
            let steps = 1 + random(seed) % 3;
            for _ in 0..steps {
                browser.key(key::DOWN).await;
            }
        }
        Some("type") => {
            browser.click_point(at("x"), at("y")).await;
            let text = match touched["type"].as_str() {
                // Digits suit every other kind of field.
                Some("text" | "textarea" | "password") => TEXTS.get((random(seed) % 5) as usize),
                _ => None,
            };
            browser.keys(text.unwrap_or(&"12")).await;
        }
        Some(_) => browser.click_point(at("x"), at("y")).await,
        None => return "nothing".to_owned(),
    }
    touched["name"].as_str().unwrap_or_default().to_owned()
}

/// Compares the page with what it is when it is loaded anew.
async fn assert_fresh(browser: &Browser, history: &[String]) {
    // What comes where the end is reached would come again.
    browser.value_of("scrollTo(0, 0)").await;
    tokio::time::sleep(KEPT).await;
    browser.settled().await;
    let patched = browser.outline().await;
    let title = browser.window.title().await.expect("a page has a title");
    browser.window.refresh().await.expect("the page is loaded again");
    let fresh = browser.outline().await;
    let differs = patched.iter().zip(&fresh).position(|(old, new)| old != new);
    let differs = differs.or_else(|| (patched.len() != fresh.len()).then_some(patched.len().min(fresh.len())));
    if let Some(line) = differs {
        let around =
            |lines: &[String]| lines.get(line.saturating_sub(3)..(line + 3).min(lines.len())).map(<[_]>::to_vec);
        panic!(
            "after {history:#?}\non {}\nit was\n{:#?}\nand is\n{:#?}",
            browser.window.current_url().await.map(|url| url.to_string()).unwrap_or_default(),
            around(&patched),
            around(&fresh)
        );
    }
    assert_eq!(title, browser.window.title().await.expect("a page has a title"));
}

/// Wanders over the pages of a program and compares now and then.
async fn wander(server: &Server, from: &str, seed: u64, touches: usize, avoid: &[&str]) {
    let browser = phone().await;
    browser.at(server, from).await;
    let (mut seed, mut history) = (seed, Vec::new());
    for count in 1..=touches {
        history.push(touch(&browser, &mut seed, avoid).await);
        // Sometimes the next touch comes before the answer.
        if !random(&mut seed).is_multiple_of(3) {
            browser.settled().await;
        }
        if count % 8 == 0 {
            assert_fresh(&browser, &history).await;
            browser.assert_accessible(&format!("{from} after {history:#?}")).await;
        }
    }
    println!("{from}: {history:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn coffee_that_was_touched_is_as_fresh_coffee() {
    let server = Server::start(&[sample("coffee")]);
    // An order changes by itself, also between two looks at it.
    wander(&server, "/miniapp/coffee/menu", 1, 48, &["Place order"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gallery_that_was_touched_is_as_a_fresh_gallery() {
    let server = Server::start(&[sample("gallery")]);
    for (seed, page) in (0..).zip(["actions", "fields", "data", "layout", "feedback"]) {
        let from = format!("/miniapp/gallery/{page}");
        // What develops by itself is another page a moment later.
        wander(&server, &from, 10 + seed, 16, &["Develop a picture"]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_moved_and_forms_that_were_sent_are_as_fresh_ones() {
    let server = lively();
    wander(&server, super::LIVELY, 3, 40, &["Soon"]).await;
    let browser = phone().await;
    browser.at(&server, super::LIVELY).await;
    browser.type_into("Row 1", "One").await;
    browser.type_into("Row 4", "Four").await;
    for turns in 1..=7 {
        browser.click("Turn").await;
        browser.sees(&format!("turned {turns}.")).await;
    }
    browser.click("Add").await;
    browser.sees(&counted(1)).await;
    assert_fresh(&browser, &["seven turns".to_owned()]).await;
    assert_eq!((browser.value("Row 1").await.as_str(), browser.value("Row 4").await.as_str()), ("One", "Four"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_is_another_one_after_every_event_is_the_fresh_one() {
    let server = Server::start(&[guest("flips")]);
    let browser = phone().await;
    for (nodes, most) in [(60, 5), (10_000, 4)] {
        browser.at(&server, &format!("/miniapp/flips/index?nodes={nodes}")).await;
        browser.until("document.querySelector('h1')?.textContent === 'Flip 0'").await;
        for flips in 1..=most {
            // The list may be so long that the mouse is far from the button.
            browser
                .value_of("[...document.querySelectorAll('button')].find(e => e.textContent === 'Flip').click()")
                .await;
            browser.until(&format!("document.querySelector('h1')?.textContent === 'Flip {flips}'")).await;
            browser.settled().await;
            assert_fresh(&browser, &[format!("{flips} flips of {nodes} nodes")]).await;
        }
    }
}
