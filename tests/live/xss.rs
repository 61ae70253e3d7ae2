//! What a program shows is text, whatever it says: every entry of two lists, in
//! every slot that takes a text, an attribute or an address, runs nothing, loads
//! nothing, and makes no element and no attribute. Written into a fresh page, and
//! into a page that is patched.
//!
//! The lists: `xss.txt`, and the public Big List of Naughty Strings.

use std::time::Duration;

use mprun_frame::url::encode_into;
use scraper::{ElementRef, Html, Selector};
use serde_json::{Value, json};

use super::{NETWORK_ERRORS, phone};
use crate::support::browser::{Browser, tool};
use crate::support::guest;
use crate::support::server::Server;

/// Texts at once, and bytes of them: each of them is shown sixty times.
const TEXTS_MAX: usize = 45;
const BYTES_MAX: usize = 5_000;

/// Has the shape of a text that is nothing else.
const PLAIN: &str = "Plain words";

/// Before every page: notes what runs, and what the policy has to forbid.
const TRAPS: &str = "
window.__fired = [];
for (const name of ['alert', 'confirm', 'prompt', 'print', 'open']) {
  window[name] = (...said) => { __fired.push(`${name}(${said})`); };
}
addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sample }) => {
  __fired.push(`policy: ${violatedDirective} ${blockedURI} ${sample}`);
});
addEventListener('error', ({ message }) => { if (message) __fired.push(`error: ${message}`); });
";

/// What is not as it should be on a page that shows these texts.
const FINDINGS: &str = "(texts, path) => {
  const findings = [...window.__fired];
  if (location.pathname !== path) findings.push(`the page is ${location.href}`);
  const tags = new Set(('A BUTTON CAPTION DETAILS DIV FIELDSET H1 H2 HR IMG INPUT LABEL LEGEND LI OL OPTION OUTPUT P ' +
    'PATH PROGRESS SECTION SELECT SPAN SUMMARY SVG TABLE TBODY TD TEXTAREA TH TR UL').split(' '));
  const page = document.querySelector('.mp-page');
  for (const element of page.querySelectorAll('*')) {
    if (!tags.has(element.tagName.toUpperCase())) findings.push(`an element <${element.tagName}>`);
  }
  for (const element of document.querySelectorAll('*')) {
    for (const { name, value } of element.attributes) {
      if (name.startsWith('on') || ['style', 'srcdoc', 'formaction', 'ping', 'is'].includes(name)) {
        findings.push(`an attribute ${name} of <${element.tagName}>`);
      }
      if (['href', 'src', 'action', 'data', 'poster', 'srcset'].includes(name)) {
        const { protocol, origin } = new URL(value, location.href);
        const elsewhere = element.tagName === 'A' && value.startsWith('https://example.org/');
        const known = ['http:', 'https:'].includes(protocol) && (origin === location.origin || elsewhere);
        if (!known) findings.push(`${name}=${value} of <${element.tagName}>`);
      }
    }
  }
  const scripts = [...document.scripts].map(({ src }) => new URL(src, location.href).pathname);
  if (scripts.some(script => !/^\\/_live\\/[0-9a-zA-Z]+\\.js$/.test(script))) findings.push(`scripts ${scripts}`);
  for (const { name } of performance.getEntriesByType('resource')) {
    if (new URL(name).origin !== location.origin) findings.push(`loaded ${name}`);
  }
  // Every text has made the same elements as one that is nothing but words.
  const shape = element => `${element.tagName}(${[...element.children].map(shape)})`;
  const groups = [...page.querySelectorAll(':scope > * > .mp-surface-card')];
  if (groups.length !== texts.length) findings.push(`${groups.length} groups of ${texts.length}`);
  groups.forEach((group, place) => {
    const text = texts[place];
    // What has nothing to be seen may be left out as a label.
    if (!/^[\\p{C}\\p{Z}]*$/u.test(text) && shape(group) !== shape(groups[0])) {
      findings.push(`other elements for ${text}: ${shape(group)} instead of ${shape(groups[0])}`);
    }
    // What turns or hides letters is shown as something else; the rest as it is.
    const shown = group.querySelector('p.mp-text').textContent;
    if (!/[\\p{C}\\p{Zl}\\p{Zp}]/u.test(text) && shown !== text) findings.push(`shown as ${shown}: ${text}`);
  });
  return findings;
}";

/// The list beside this file.
fn ours() -> Vec<String> {
    let list = include_str!("xss.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    list.map(|line| {
        let text = format!("\"{}\"", line.replace('"', "\\\""));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("xss.txt: {line}: {error}"))
    })
    .collect()
}

/// The public one, but for what is no text at all.
fn public() -> Vec<String> {
    let list = std::fs::read_to_string(tool("big-list-of-naughty-strings/blns.json")).expect("the list can be read");
    let list: Vec<String> = serde_json::from_str(&list).expect("a list of texts");
    list.into_iter().filter(|text| !text.trim().is_empty()).collect()
}

/// The list in parts that one page can show.
fn batches(list: Vec<String>) -> Vec<Vec<String>> {
    let mut batches: Vec<Vec<String>> = Vec::new();
    for text in list {
        let full = |batch: &Vec<String>| {
            let bytes: usize = batch.iter().map(String::len).sum();
            batch.len() >= TEXTS_MAX || bytes + text.len() > BYTES_MAX
        };
        if batches.last().is_none_or(full) {
            batches.push(vec![PLAIN.to_owned()]);
        }
        batches.last_mut().expect("there is one").push(text);
    }
    batches
}

/// Texts as a form hands them over: line ends are those of the web.
fn as_posted(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

async fn assert_nothing_found(browser: &Browser, texts: &[String], what: &str) {
    let found = browser.probe(FINDINGS, vec![json!(texts), json!("/miniapp/echo/index")]).await;
    assert_eq!(found, json!([]), "{what}, of {texts:#?}");
    assert_eq!(browser.unexpected(), Vec::<String>::new(), "{what}, of {texts:#?}");
    assert_eq!(browser.tabs().await.len(), 1, "{what}: another window");
}

/// Puts all of a list into the page, part by part.
async fn shows_nothing_but_text(list: Vec<String>) {
    let server = Server::start(&[guest("echo")]);
    let browser = phone().await;
    browser.before_each_page(TRAPS);
    browser.at(&server, "/miniapp/echo/index").await;
    browser.value_of("(window.__mark = true)").await;
    let put = "text => {
      const field = document.querySelector('textarea');
      field.value = text;
      field.dispatchEvent(new Event('input', { bubbles: true }));
      [...document.querySelectorAll('button')].find(e => e.textContent === 'Show').click();
    }";
    let press = "label => [...document.querySelectorAll('button')].find(e => e.textContent === label).click()";
    for (number, mut batch) in batches(list).into_iter().enumerate() {
        let last = format!("Part {number}");
        batch.push(last.clone());
        let texts: Vec<String> = batch.iter().map(|text| as_posted(text)).collect();
        let says = |said: usize| {
            format!("document.querySelector('.mp-page').textContent.includes('texts {}, said {said}.')", texts.len())
        };
        // Patched into a page that showed other texts.
        browser.probe(put, vec![json!(texts.join("\n%%\n"))]).await;
        let shown =
            "[...document.querySelectorAll('.mp-page > * > .mp-surface-card')].at(-1)?.querySelector('.mp-text')";
        browser.until(&format!("{shown}?.textContent === '{last}' && {}", says(0))).await;
        browser.settled().await;
        assert_nothing_found(&browser, &texts, "patched").await;
        // What the host says in the program's words: errors, alerts, toasts.
        for (button, part) in [("Blame", ".mp-error"), ("Refuse", ".mp-alert")] {
            browser.probe(press, vec![json!(button)]).await;
            browser.until(&format!("document.querySelector('{part}')?.textContent.includes('{PLAIN}')")).await;
            browser.settled().await;
            assert_nothing_found(&browser, &texts, button).await;
        }
        for said in (0..texts.len()).step_by(4) {
            browser.probe(press, vec![json!("Toast")]).await;
            browser.until(&says(said + 4)).await;
            browser.settled().await;
        }
        assert_nothing_found(&browser, &texts, "toasts").await;
        assert_eq!(browser.value_of("window.__mark").await, true, "nothing was loaded in between");
        // The same as a fresh page, with title and all.
        browser.window.refresh().await.expect("the page is loaded again");
        browser.value_of("(window.__mark = true)").await;
        assert_nothing_found(&browser, &texts, "fresh").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn our_list_is_shown_as_text() {
    shows_nothing_but_text(ours()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_public_list_is_shown_as_text() {
    shows_nothing_but_text(public()).await;
}

/// The traps above do catch what runs: otherwise nothing would ever be found.
#[tokio::test(flavor = "multi_thread")]
async fn what_does_run_is_found() {
    let server = Server::start(&[guest("echo")]);
    let browser = phone().await;
    browser.expects_log("Content Security Policy");
    browser.expects_log(NETWORK_ERRORS);
    browser.before_each_page(TRAPS);
    browser.at(&server, "/miniapp/echo/index?t=Plain+words").await;
    assert_nothing_found(&browser, &[PLAIN.to_owned()], "before").await;
    // Put in behind the host's back.
    let image =
        "() => document.querySelector('.mp-page').insertAdjacentHTML('beforeend', '<img src=x onerror=alert(1)>')";
    browser.probe(image, Vec::new()).await;
    let mut found = Value::Null;
    for _ in 0..100 {
        found = browser.probe(FINDINGS, vec![json!([PLAIN]), json!("/miniapp/echo/index")]).await;
        if found.to_string().contains("policy: script-src") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let found = found.to_string();
    assert!(found.contains("an attribute onerror") && found.contains("policy: script-src"), "{found}");
    browser.value_of("alert('by hand')").await;
    let found = browser.probe(FINDINGS, vec![json!([PLAIN]), json!("/miniapp/echo/index")]).await.to_string();
    assert!(found.contains("alert(by hand)"), "{found}");
}

/// What a page has that runs or leads where it should not; read as a browser reads.
fn dangers(html: &str) -> Vec<String> {
    let document = Html::parse_document(html);
    let all = Selector::parse("*").expect("a selector");
    let mut dangers = Vec::new();
    for element in document.select(&all) {
        let name = element.value().name();
        let ours = name == "script" && element.attr("src").is_some_and(|src| src.starts_with("/_live/"));
        if ["script", "iframe", "object", "embed", "base", "style", "template", "math"].contains(&name) && !ours {
            dangers.push(format!("<{name}>"));
        }
        for (attribute, value) in element.value().attrs() {
            let address = ["href", "src", "action", "formaction", "data", "poster"].contains(&attribute);
            let local = value.starts_with('/') && !value.starts_with("//");
            let known = local || value.starts_with("https://");
            if attribute.starts_with("on") || attribute == "style" || (address && !known) {
                dangers.push(format!("{attribute}={value:?} of <{name}>"));
            }
            if attribute == "class" && in_page(element) && value.split(' ').any(|class| !is_class(class)) {
                dangers.push(format!("class={value:?} of <{name}>"));
            }
        }
    }
    dangers
}

fn in_page(element: ElementRef<'_>) -> bool {
    let mut around = element.ancestors().filter_map(ElementRef::wrap);
    around.any(|around| around.attr("class") == Some("mp-page"))
}

fn is_class(class: &str) -> bool {
    let rest = class.strip_prefix("p-").or_else(|| class.strip_prefix("mp-"));
    rest.is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'))
}

#[test]
fn what_is_no_address_and_no_class_is_refused_as_one() {
    let server = Server::start(&[guest("echo")]);
    let client = server.client();
    let (mut refused, mut shown) = (0, 0);
    let mut faults = Vec::new();
    let public = public().into_iter().filter(|text| text.contains([':', '/', '<', '"', '\'', '&']));
    for text in ours().into_iter().chain(public).filter(|text| text.len() <= 600) {
        for place in ["to", "over", "span", "src", "class", "tone"] {
            let mut path = format!("/miniapp/echo/raw?place={place}&t=");
            encode_into(&mut path, &text);
            let page = client.get(&path);
            match (page.status, page.problem().as_deref()) {
                (200, None) => shown += 1,
                // Of the host's making: the program's view is not shown, or the address
                // was none to begin with.
                (500, Some("view")) | (400, Some("invalid")) => refused += 1,
                (status, problem) => faults.push(format!("{place} {text:?}: {status} {problem:?}")),
            }
            let dangers = dangers(&page.html);
            if !dangers.is_empty() {
                faults.push(format!("{place} {text:?}: {dangers:?}"));
            }
        }
    }
    println!("{refused} refused, {shown} shown");
    assert_eq!(faults, Vec::<String>::new());
    assert!(refused > 1_000, "what should be refused is not: {refused}, and {shown} are shown");
}
