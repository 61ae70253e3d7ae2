//! What opens, folds and switches answers at once: without the network, and without
//! script. What comes in parts or is drawn down comes.

use serde_json::Value;

use super::{DESK, LIVELY, NETWORK_ERRORS, PHONE, lively, one_user_twice, phone};
use crate::support::browser::{Browser, Network, key};
use crate::support::sample;
use crate::support::server::Server;

/// Everything of a page that can be opened or folded: what to press for it. Of tabs,
/// the last one of each set.
const OPENERS: &str = "(() => {
  window.__openers = [
    ...document.querySelectorAll('.mp-page button[popovertarget]:not([popovertargetaction])'),
    ...document.querySelectorAll('.mp-page summary'),
    ...[...document.querySelectorAll('.mp-page .mp-tabset')].map(
      set => [...set.querySelectorAll('.mp-tab-label')].at(-1)),
  ].filter(e => e.checkVisibility());
  return __openers.map(e => e.textContent.trim());
})()";

/// Brings one of them into sight and says where it is.
const POINT: &str = "place => {
  const opener = __openers[place];
  opener.scrollIntoView({ block: 'center', behavior: 'instant' });
  const box = opener.getBoundingClientRect();
  return [box.left + box.width / 2, box.top + box.height / 2];
}";

/// Whether what belongs to one of them is in sight.
const SHOWN: &str = "place => {
  const opener = __openers[place];
  if (opener.popoverTargetElement) return opener.popoverTargetElement.matches(':popover-open');
  if (opener.tagName === 'SUMMARY') return opener.parentElement.open;
  const set = opener.closest('.mp-tabset');
  const own = e => e.closest('.mp-tabset') === set && e.parentElement.matches('.mp-tab-part');
  const panels = [...set.querySelectorAll('.mp-panel')].filter(e => own(e) && e.checkVisibility());
  return panels.length === 1 && panels[0] === opener.closest('.mp-tab-part').querySelector('.mp-panel');
}";

async fn point(browser: &Browser, place: usize) {
    let at = browser.probe(POINT, vec![place.into()]).await;
    browser.click_point(at[0].as_f64().unwrap_or_default(), at[1].as_f64().unwrap_or_default()).await;
}

async fn is_shown(browser: &Browser, place: usize) -> bool {
    browser.probe(SHOWN, vec![place.into()]).await == true
}

/// Opens everything on the page, with nothing but the mouse; sheets are closed again.
async fn opens_everything(browser: &Browser) {
    let openers = browser.value_of(OPENERS).await;
    let openers: Vec<Value> = openers.as_array().cloned().unwrap_or_default();
    assert!(openers.len() >= 4, "a dialog, two disclosures and tabs are what there is to show: {openers:?}");
    for (place, name) in openers.iter().enumerate() {
        // What is unfolded from the start can be folded.
        let before = is_shown(browser, place).await;
        point(browser, place).await;
        assert_ne!(is_shown(browser, place).await, before, "{name} does not answer");
        let is_sheet = browser.probe("place => Boolean(__openers[place].popoverTargetElement)", vec![place.into()]);
        if is_sheet.await == true {
            // Escape closes a sheet, and its own button does.
            browser.key(key::ESCAPE).await;
            assert!(!is_shown(browser, place).await, "Escape closes {name}");
            let focused = browser.probe("place => document.activeElement === __openers[place]", vec![place.into()]);
            assert_eq!(focused.await, true, "the focus is back at {name}");
            point(browser, place).await;
            assert!(is_shown(browser, place).await, "{name} does not open again");
            browser.click_on(":popover-open .mp-sheet-close").await;
            assert!(!is_shown(browser, place).await, "its button closes {name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_opens_and_switches_needs_no_network() {
    let server = Server::start(&[sample("gallery")]);
    let browser = phone().await;
    browser.expects_log(NETWORK_ERRORS);
    browser.at(&server, "/miniapp/gallery/actions").await;
    browser.network(Network::Offline);
    opens_everything(&browser).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_opens_and_switches_needs_no_script() {
    let server = Server::start(&[sample("gallery")]);
    let browser = Browser::open(PHONE.0, PHONE.1).await;
    browser.at(&server, "/miniapp/gallery/actions").await;
    opens_everything(&browser).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sheet_and_what_is_unfolded_stay_when_the_page_changes() {
    let server = Server::start(&[sample("gallery")]);
    let browser = phone().await;
    browser.at(&server, "/miniapp/gallery/actions").await;
    browser.value_of(OPENERS).await;
    // Everything but the sheets, which cover the rest.
    let opened = browser
        .value_of(
            "[...__openers.keys()].filter(place => !__openers[place].popoverTargetElement && \
                   !__openers[place].parentElement.open)",
        )
        .await;
    let opened: Vec<usize> =
        opened.as_array().into_iter().flatten().filter_map(|place| usize::try_from(place.as_u64()?).ok()).collect();
    for place in &opened {
        point(&browser, *place).await;
        assert!(is_shown(&browser, *place).await);
    }
    browser.click("Book a ticket").await;
    browser.sees("A ticket for Sunday?").await;
    browser.assert_accessible("an open sheet").await;
    // The button in it closes it and does something.
    browser.click("Book it").await;
    browser.sees("Your tickets: 1").await;
    browser.settled().await;
    assert_eq!(browser.value_of("document.querySelectorAll(':popover-open').length").await, 0);
    for place in opened {
        assert!(is_shown(&browser, place).await, "what one has opened oneself is folded again");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_goes_on_when_its_end_is_reached() {
    let server = lively();
    let browser = phone().await;
    browser.at(&server, &LIVELY.replace("index", "feed")).await;
    browser.sees("lines 20.").await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    browser.sees("lines 20.").await;
    for lines in [40, 60] {
        browser.value_of("scrollTo(0, document.documentElement.scrollHeight)").await;
        browser.sees(&format!("lines {lines}.")).await;
        browser.settled().await;
    }
    browser.value_of("scrollTo(0, document.documentElement.scrollHeight)").await;
    assert_eq!(browser.value_of("document.querySelector('[data-more]')").await, Value::Null, "there is no more");
    browser.sees("Line 60").await;
    browser.assert_accessible("a list that came in parts").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_drawn_down_comes_anew() {
    let server = lively();
    let browser = phone().await;
    browser.at(&server, &LIVELY.replace("index", "feed")).await;
    browser.sees("refreshed 0,").await;
    browser.swipe((195.0, 200.0), (195.0, 560.0)).await;
    browser.sees("refreshed 1, lines 20.").await;
    browser.settled().await;
    // A little is not meant, and further down it is scrolling.
    browser.swipe((195.0, 200.0), (195.0, 215.0)).await;
    browser.value_of("scrollTo(0, 300)").await;
    browser.swipe((195.0, 300.0), (195.0, 500.0)).await;
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    browser.sees("refreshed 1,").await;
    // Who has no finger has the button.
    browser.click("Refresh").await;
    browser.sees("refreshed 2,").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slider_says_its_number_while_it_moves() {
    let server = Server::start(&[sample("gallery")]);
    let browser = phone().await;
    browser.at(&server, "/miniapp/gallery/fields").await;
    browser.value_of("document.querySelector('input[type=range]').focus()").await;
    let read = "[document.querySelector('input[type=range]').value, document.querySelector('input[type=range]')\
                .closest('.mp-control').querySelector('output').textContent]";
    let before = browser.value_of(read).await;
    assert_eq!(before[0], before[1]);
    browser.key(key::RIGHT).await;
    let after = browser.value_of(read).await;
    assert_eq!(after[0], after[1]);
    assert_ne!(before, after);
    browser.settled().await;
    assert_eq!(browser.value_of(read).await, after, "the answer does not turn it back");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sheet_tells_once_that_somebody_has_closed_it() {
    let server = lively();
    let (browser, client) = one_user_twice(&server).await;
    let page = client.get(DESK).press("Shut");
    browser.at(&server, &page.path).await;
    let (open, shut) = ("Boolean(document.querySelector(':popover-open'))", "!document.querySelector(':popover-open')");
    for (count, way) in (1..).zip(["Escape", "cross", "outside", "button"]) {
        browser.click("Open the sheet").await;
        browser.until(open).await;
        match way {
            "Escape" => browser.key(key::ESCAPE).await,
            "cross" => browser.click_on(":popover-open .mp-sheet-close").await,
            "outside" => browser.click_point(195.0, 90.0).await,
            _ => browser.click("Keep it").await,
        }
        browser.until(shut).await;
        browser.sees(&format!("closed {count}, done 0.")).await;
        browser.settled().await;
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        browser.sees(&format!("closed {count}, done 0.")).await;
    }
    // A button that does something itself says only that.
    browser.click("Open the sheet").await;
    browser.until(open).await;
    browser.click("Do it").await;
    browser.sees("closed 4, done 1.").await;
    // Nor is the program told what it does.
    page.reload().press("Show");
    browser.until(open).await;
    page.reload().press("Shut");
    browser.until(shut).await;
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    browser.sees("closed 4, done 1.").await;
}
