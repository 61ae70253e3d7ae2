//! The host's own parts of a page lie above everything that a program shows: a
//! program that does all it can to cover them covers nothing, neither for the mouse
//! nor for the eye. With script and without it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::browser::Browser;
use crate::support::guest;
use crate::support::server::Server;

/// Points all over the host's parts at which something else is hit. A part that is
/// not there counts as covered.
const COVERED: &str = "parts => parts.flatMap(part => {
  const host = document.querySelector(part);
  if (!host || !host.checkVisibility()) return [`${part} is not there`];
  const box = host.getBoundingClientRect();
  const findings = [];
  if (box.top < -1 || box.bottom > innerHeight + 1) {
    findings.push(`${part} is out of sight: ${box.top} to ${box.bottom}`);
  }
  // What is round is not hit at its corners.
  const round = parseFloat(getComputedStyle(host).borderTopLeftRadius) > 0;
  for (const across of round ? [0.2, 0.4, 0.5, 0.6, 0.8] : [0.01, 0.2, 0.4, 0.5, 0.6, 0.8, 0.99]) {
    for (const down of round ? [0.3, 0.5, 0.7] : [0.05, 0.5, 0.95]) {
      const [x, y] = [box.left + box.width * across, box.top + box.height * down];
      const hit = document.elementFromPoint(x, y);
      if (!hit || !(host.contains(hit) || hit === host)) {
        findings.push(`${part} at ${Math.round(x)}, ${Math.round(y)}: <${hit?.tagName} class=${hit?.className}>`);
      }
    }
  }
  return findings;
})";

/// How much of the program's own area the program's elements are hit in, of 9 points.
const COVERS: &str = "(() => {
  const box = document.querySelector('.mp-main').getBoundingClientRect();
  const [top, bottom] = [Math.max(box.top, 60), Math.min(box.bottom, innerHeight - 60)];
  let hits = 0;
  for (const across of [0.2, 0.5, 0.8]) for (const down of [0.2, 0.5, 0.8]) {
    const hit = document.elementFromPoint(innerWidth * across, top + (bottom - top) * down);
    hits += Number(Boolean(hit?.closest('[class*=\" p-\"]')));
  }
  return hits;
})()";

/// Each way that the guest has of its own, and all of them together.
const WAYS: &[&str] = &[
    "over", "up", "down", "pulled", "thrown", "lifted", "giant", "shadow", "dropped", "glass", "turned", "floated",
    "edge", "loud", "moving", "drawn",
];

fn page(way: &str) -> String {
    match way {
        "all" => "/miniapp/covers/index".to_owned(),
        way => format!("/miniapp/covers/index?way={way}"),
    }
}

async fn assert_uncovered(browser: &Browser, parts: &[&str], what: &str) {
    let covered = browser.probe(COVERED, vec![json!(parts)]).await;
    assert_eq!(covered, json!([]), "{what}");
}

/// Scrolls to a part of the page.
async fn scroll(browser: &Browser, part: f64) {
    let scroll = format!("scrollTo(0, (document.documentElement.scrollHeight - innerHeight) * {part})");
    browser.value_of(&scroll).await;
}

/// Presses one of the program's buttons, which may lie under something.
async fn press(browser: &Browser, label: &str) {
    let press = "label => [...document.querySelectorAll('.mp-page button')].find(e => e.textContent === label).click()";
    browser.probe(press, vec![json!(label)]).await;
}

/// A picture of a part of what is in sight. The same pixels are the same text.
fn picture(browser: &Browser, clip: &Value) -> String {
    let shot = browser.cdp("Page.captureScreenshot", json!({ "format": "png", "clip": clip }));
    shot["data"].as_str().unwrap_or_default().to_owned()
}

async fn place(browser: &Browser, part: &str) -> Value {
    let place = "part => { const { x, y, width, height } = document.querySelector(part).getBoundingClientRect();
                           return { x: x + scrollX, y: y + scrollY, width, height, scale: 1 }; }";
    browser.probe(place, vec![json!(part)]).await
}

async fn nothing_is_covered(browser: &Browser, server: &Server) {
    browser.at(server, &page("calm")).await;
    let mut calm = Vec::new();
    for part in [".mp-bar", ".mp-tabs"] {
        calm.push((part, picture(browser, &place(browser, part).await)));
    }
    for way in WAYS.iter().copied().chain(["all"]) {
        browser.at(server, &page(way)).await;
        let covers = browser.value_of(COVERS).await;
        if way == "all" {
            assert!(covers.as_u64() >= Some(5), "what should cover something covers nothing: {covers} of 9 points");
        }
        for part in [0.0, 0.5, 1.0] {
            scroll(browser, part).await;
            assert_uncovered(browser, &[".mp-bar", ".mp-close", ".mp-tabs"], &format!("{way}, scrolled to {part}"))
                .await;
        }
        // For the eye: what takes no press can lie over something too.
        scroll(browser, 0.0).await;
        for (part, calm) in &calm {
            let now = picture(browser, &place(browser, part).await);
            assert!(now == *calm, "{way}: {part} looks different");
        }
    }

    // An alert, a toast, a sheet: with everything at once.
    browser.at(server, &page("all")).await;
    press(browser, "Fail").await;
    browser.until("document.querySelector('.mp-alert') !== null").await;
    scroll(browser, 0.0).await;
    assert_uncovered(browser, &[".mp-bar", ".mp-close", ".mp-alert", ".mp-tabs"], "with an alert").await;
    press(browser, "Say").await;
    browser.until("Boolean(document.querySelector('.mp-toasts p'))").await;
    // Toasts let presses through; for the question they do not.
    browser
        .value_of("document.querySelectorAll('.mp-toasts, .mp-toasts p').forEach(e => e.style.pointerEvents = 'auto')")
        .await;
    assert_uncovered(browser, &[".mp-bar", ".mp-toasts p", ".mp-tabs"], "with a toast").await;

    browser.at(server, &page("all")).await;
    press(browser, "Open the sheet").await;
    browser.until("Boolean(document.querySelector(':popover-open'))").await;
    // It comes in from somewhere.
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_uncovered(browser, &[".mp-bar", ".mp-close", ".mp-sheet-close", ".mp-tabs"], "with a sheet").await;
    let inside = "(([bar, tabs, sheet]) => sheet.top >= bar.bottom - 1 && sheet.bottom <= tabs.top + 1)\
                  (['.mp-bar', '.mp-tabs', ':popover-open'].map(e => document.querySelector(e).getBoundingClientRect()))";
    assert_eq!(browser.value_of(inside).await, true, "the sheet is between the bars");
    // The way out works, with a sheet over the page.
    browser.click_on(".mp-close").await;
    browser.until("location.pathname === '/'").await;
    assert_eq!(browser.value_of("Boolean(document.querySelector('script[src*=\"_live\"]'))").await, false);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_covers_the_host_on_a_phone() {
    let server = Server::start(&[guest("covers")]);
    let browser = Browser::live(390, 844).await;
    nothing_is_covered(&browser, &server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_covers_the_host_on_a_desk_without_script() {
    let server = Server::start(&[guest("covers")]);
    let browser = Browser::open(1280, 800).await;
    nothing_is_covered(&browser, &server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_window_is_no_wider_for_what_sticks_out() {
    let server = Server::start(&[guest("covers")]);
    let browser = Browser::live(320, 640).await;
    for way in WAYS {
        browser.at(&server, &page(way)).await;
        let wide = "document.documentElement.scrollWidth <= document.documentElement.clientWidth";
        assert_eq!(browser.value_of(wide).await, true, "{way}");
        // What a program makes endlessly long ends before the host's own words do.
        scroll(&browser, 1.0).await;
        assert_uncovered(&browser, &[".mp-foot"], way).await;
    }
}
