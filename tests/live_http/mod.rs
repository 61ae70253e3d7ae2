//! Live pages for those who pretend to be one: what is forged, stale, doubled, out
//! of order, somebody else's, too large or too slow is answered kindly and changes
//! nothing. `streams` is about those who listen, `leads` about pages that go elsewhere
//! by themselves.

mod leads;
mod streams;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::client::{Client, Page};
use crate::support::server::Server;
use crate::support::{changed, guest};

const COUNTER: &str = "/miniapp/counter/index";
const LIVE: (&str, &str) = ("Accept", "application/vnd.mprun+json");
const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
const OURS: (&str, &str) = ("Sec-Fetch-Site", "same-origin");

/// An answer, taken apart.
struct Answer {
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), LIVE.1, "{}", self.body);
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    fn problem(&self) -> String {
        self.json()["problem"]["kind"].as_str().unwrap_or_default().to_owned()
    }
}

/// The head of an answer.
fn head(stream: &mut TcpStream) -> Option<(u16, BTreeMap<String, String>)> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return None,
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let headers = head.lines().filter_map(|line| line.split_once(": "));
    Some((status, headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect()))
}

/// Begins a request.
fn begin(server: &Server, method: &str, path: &str, headers: &[(&str, &str)]) -> TcpStream {
    let mut stream = TcpStream::connect(server.address()).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
    let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", server.address());
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    // The server may have had enough before it has read everything.
    let _ = stream.write_all(request.as_bytes());
    stream
}

fn end(mut stream: TcpStream) -> Answer {
    let (status, headers) = head(&mut stream).expect("an answer");
    let mut body = String::new();
    stream.read_to_string(&mut body).expect("a body");
    Answer { status, headers, body }
}

fn ask(server: &Server, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let length = body.len().to_string();
    let mut headers = headers.to_vec();
    if !body.is_empty() {
        headers.push(("Content-Length", length.as_str()));
    }
    let mut stream = begin(server, method, path, &headers);
    let _ = stream.write_all(body.as_bytes());
    end(stream)
}

fn encoded(fields: &[(String, String)]) -> String {
    let escape = |text: &str| text.replace('%', "%25").replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    fields.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect::<Vec<_>>().join("&")
}

/// The form of a page with a button pressed.
fn pressed(page: &Page, button: &str) -> Vec<(String, String)> {
    page.form(Some(page.button(button, 0)))
}

/// The same form with one field changed, or put in.
fn with(form: &[(String, String)], name: &str, value: &str) -> Vec<(String, String)> {
    let mut form: Vec<_> = form.iter().filter(|(known, _)| known != name).cloned().collect();
    form.push((name.to_owned(), value.to_owned()));
    form
}

fn without(form: &[(String, String)], name: &str) -> Vec<(String, String)> {
    form.iter().filter(|(known, _)| known != name).cloned().collect()
}

fn field(form: &[(String, String)], name: &str) -> String {
    form.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()).unwrap_or_default()
}

/// Posts as `live.js` does.
fn post(server: &Server, client: &Client, path: &str, form: &[(String, String)]) -> Answer {
    let cookie = client.cookie();
    ask(server, "POST", path, &[("Cookie", &cookie), FORM, OURS, LIVE], &encoded(form))
}

fn counts(client: &Client, taps: u32) {
    client.get(COUNTER).assert_text(&format!("here 0, shared {taps}, stored {taps}."));
}

#[test]
fn an_event_is_answered_with_what_has_changed() {
    let server = Server::start(&[guest("counter")]);
    let client = server.client();
    let page = client.get(COUNTER);
    let form = pressed(&page, "Add");
    let base = field(&form, "_base");
    assert_eq!(base.len(), 11, "{form:?}");
    let answer = post(&server, &client, COUNTER, &form);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("cache-control"), "no-store");
    let said = answer.json();
    assert_eq!(said["base"], base.as_str());
    assert_ne!(said["to"], base.as_str());
    assert!(said["ops"].is_array() && said["html"].is_null(), "{said}");
    assert!(said["ops"].to_string().contains("here 1, shared 1, stored 1."), "{said}");
    // The page is stored now, and says where it is found again.
    let url = said["url"].as_str().expect("an address");
    assert!(url.contains(said["page"].as_str().expect("a page")), "{said}");
    client.get(url).assert_text("here 1, shared 1, stored 1.");
    assert!(said["rev"].as_u64() > Some(0) && said["push"] == true, "{said}");

    // Nobody who does not ask for it gets it.
    for accept in ["text/html", "application/json", "*/*", "application/vnd.mprun+json, text/html"] {
        let cookie = client.cookie();
        let headers = [("Cookie", cookie.as_str()), FORM, OURS, ("Accept", accept)];
        let answer = ask(&server, "POST", COUNTER, &headers, &encoded(&form));
        assert_eq!(answer.status, 303, "{accept}: {}", answer.body);
    }
    counts(&client, 1);
}

#[test]
fn what_was_sent_before_counts_once_in_whatever_order_it_comes_again() {
    let server = Server::start(&[guest("counter")]);
    let client = server.client();
    let form = pressed(&client.get(COUNTER), "Add");
    let first = post(&server, &client, COUNTER, &form).json();
    for _ in 0..3 {
        let again = post(&server, &client, COUNTER, &form);
        assert_eq!((again.status, &again.json()["to"]), (200, &first["to"]));
    }
    counts(&client, 1);
    // Numbers are names, no order: none of these is lost, and none counts twice.
    for seq in ["5", "2", "5", "9", "2", "1", "9", "0"] {
        assert_eq!(post(&server, &client, COUNTER, &with(&form, "_seq", seq)).status, 200);
    }
    counts(&client, 5);
    // Many at once are one.
    let same = with(&form, "_seq", "77");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(post(&server, &client, COUNTER, &same).status, 200));
        }
    });
    counts(&client, 6);
    for bad in ["-1", "x", "1.5", "99999999999999999999"] {
        let answer = post(&server, &client, COUNTER, &with(&form, "_seq", bad));
        assert_eq!((answer.status, answer.problem().as_str()), (400, "bad-request"), "{bad}");
    }
    counts(&client, 6);
}

#[test]
fn what_is_forged_or_no_longer_offered_does_nothing_and_says_so() {
    let server = Server::start(&[guest("counter"), guest("agreed")]);
    let client = server.client();
    let page = client.get(COUNTER).press("Add");
    let form = pressed(&page, "Add");
    for forged in ["AAAAAAAAAAAAAAAA", "x", "<b>", &"A".repeat(5_000)] {
        let answer = post(&server, &client, &page.path, &with(&form, "_h", forged));
        assert_eq!(answer.status, 200, "{forged}: {}", answer.body);
        let said = answer.json()["alert"].clone();
        // Said once: afterwards it stands on the page.
        let is_said = said["text"].as_str().unwrap_or_default().contains("changed meanwhile");
        assert_eq!(is_said, forged == "AAAAAAAAAAAAAAAA", "{forged}: {}", answer.body);
        assert!(!answer.body.contains("<b>"), "{}", answer.body);
    }
    counts(&client, 1);
    // A rendering that this host did not make, and a recipe that was changed.
    let nonce = field(&form, "_nonce");
    for forged in ["AAAA", &format!("{nonce}A"), &nonce.chars().rev().collect::<String>()] {
        let answer = post(&server, &client, &page.path, &with(&form, "_nonce", forged));
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    let fresh = pressed(&client.get(COUNTER), "Add");
    let recipe = field(&fresh, "_recipe");
    let answer = post(&server, &client, COUNTER, &with(&fresh, "_recipe", &format!("{recipe}A")));
    assert_eq!(answer.status, 200);
    assert!(answer.json()["go"].is_string(), "there is nothing here to change: {}", answer.body);
    counts(&client, 1);

    // The price has changed while one looked at it.
    let old = client.get("/miniapp/agreed/index").press("Add");
    let stale = pressed(&old, "Pay");
    old.reload().press("Add");
    let answer = post(&server, &client, &old.path, &stale);
    let said = answer.json();
    assert!(said["alert"]["text"].as_str().unwrap_or_default().contains("changed meanwhile"), "{said}");
    assert!(said.to_string().contains("Total 10, paid 0"), "and here is how it is now: {said}");
}

#[test]
fn a_page_that_shows_something_unknown_gets_all_of_the_view() {
    let server = Server::start(&[guest("counter")]);
    let client = server.client();
    let page = client.get(COUNTER).press("Add");
    let form = pressed(&page, "Add");
    for (taps, base) in [(2, "AAAAAAAAAAA"), (3, "no base"), (4, "")] {
        let sent = with(&with(&form, "_base", base), "_seq", &taps.to_string());
        let said = post(&server, &client, &page.path, &sent).json();
        let html = said["html"].as_str().unwrap_or_default();
        assert!(said["ops"].is_null() && html.contains(&format!("here {taps}, shared {taps}")), "{base}: {said}");
    }
    let two = [with(&form, "_base", "AAAAAAAAAAA"), with(&form, "_base", "BBBBBBBBBBB")].concat();
    let answer = post(&server, &client, &page.path, &two);
    assert_eq!((answer.status, answer.problem().as_str()), (400, "bad-request"));
    counts(&client, 4);
}

#[test]
fn keeping_does_nothing_else() {
    let server = Server::start(&[guest("counter")]);
    let client = server.client();
    let page = client.get(COUNTER).press("Add").fill("Note", "half a th");
    let form = without(&page.form(None), "_h");
    let keep = with(&form, "_keep", "1");
    let said = post(&server, &client, &page.path, &keep).json();
    assert!(said["alert"].is_null(), "{said}");
    assert_eq!(page.reload().value("Note"), "half a th");
    // The same again, from what it shows now: nothing is new.
    let again = with(&keep, "_base", said["to"].as_str().unwrap_or_default());
    let said = post(&server, &client, &page.path, &again).json();
    assert!(said["ops"].is_null() && said["html"].is_null(), "{said}");
    // Not even with a button that is there.
    let both = with(&keep, "_h", &page.button("Add", 0).1);
    assert_eq!(post(&server, &client, &page.path, &both).status, 200);
    counts(&client, 1);
    // A page that is only looked at and has nothing to keep stays unstored.
    let fresh = client.get(COUNTER);
    let look = with(&without(&fresh.form(None), "_h"), "_keep", "1");
    let said = post(&server, &client, COUNTER, &look).json();
    assert!(said["page"].is_null() && said["ops"].is_null() && said["html"].is_null(), "{said}");
}

/// What a page sends of which only one field was touched.
fn kept(page: &Page, name: &str, text: &str) -> Vec<(String, String)> {
    let fields = page.form(None).into_iter().filter(|(name, _)| !name.starts_with("f."));
    let fields: Vec<_> = fields.collect();
    with(&with(&fields, name, text), "_keep", "1")
}

#[test]
fn what_cannot_be_kept_is_refused_and_what_was_kept_stays() {
    let server = Server::start(&[guest("lively")]);
    let client = server.client();
    let page = client.get("/miniapp/lively/index").press("Add");
    let text = "x".repeat(60_000);
    let name = |row: usize| {
        let filled = page.reload().fill(&format!("Row {row}"), "here").form(None);
        filled.into_iter().find(|(_, value)| value == "here").map(|(name, _)| name).expect("a field")
    };
    for row in 0..4 {
        let answer = post(&server, &client, &page.path, &kept(&page, &name(row), &text));
        assert_eq!(answer.status, 200, "row {row}");
    }
    // Only what was touched is sent, so it is the drafts that are too many.
    let answer = post(&server, &client, &page.path, &kept(&page, &name(4), &text));
    assert_eq!((answer.status, answer.problem().as_str()), (413, "too-large"));
    let lengths = || {
        let now = page.reload();
        (0..5).map(|row| now.value(&format!("Row {row}")).len()).collect::<Vec<_>>()
    };
    assert_eq!(lengths(), [60_000, 60_000, 60_000, 60_000, 0]);
    // Where something is shortened, there is room again.
    for (row, text) in [(0, "short"), (4, text.as_str())] {
        let answer = post(&server, &client, &page.path, &kept(&page, &name(row), text));
        assert_eq!(answer.status, 200, "row {row}");
    }
    assert_eq!(lengths(), [5, 60_000, 60_000, 60_000, 60_000]);
}

#[test]
fn who_asks_for_no_answer_takes_no_toast_from_others() {
    let server = Server::start(&[guest("lively")]);
    let client = server.client();
    let page = client.get("/miniapp/lively/index").press("Add");
    let cookie = client.cookie();
    let headers = [("Cookie", cookie.as_str()), FORM, OURS];
    let keep = with(&page.form(None), "_keep", "1");
    for form in [&pressed(&page, "Say"), &keep, &keep] {
        assert_eq!(ask(&server, "POST", &page.path, &headers, &encoded(form)).status, 303);
    }
    let said = post(&server, &client, &page.path, &keep).json();
    assert_eq!(said["toasts"], serde_json::json!(["Said in passing"]));
    assert!(post(&server, &client, &page.path, &keep).json()["toasts"].is_null(), "once");
}

#[test]
fn a_page_with_another_skin_is_fetched_again_after_what_was_done() {
    let (data, bundle) = (tempfile::tempdir().expect("a temporary folder"), guest("counter"));
    let (same, other) = (data.path().join("same.wasm"), data.path().join("other.wasm"));
    changed(&bundle, &same, |manifest| manifest.version.code += 1);
    changed(&bundle, &other, |manifest| {
        manifest.version.code += 2;
        manifest.name = "Counter, renewed".to_owned();
    });
    let mut server = Server::start_on(&[bundle], data.path(), "127.0.0.1:0");
    let client = server.client();
    let page = client.get(COUNTER).press("Add");
    let (fresh, looked_at) = (client.get(COUNTER), client.get(COUNTER));
    let address = server.address().to_owned();
    // What is not seen on a page is no reason to fetch it.
    for (seq, next, go) in [("1", same, false), ("2", other, true)] {
        drop(server);
        server = Server::start_on(&[next], data.path(), &address);
        let form = with(&pressed(&page, "Add"), "_seq", seq);
        let said = post(&server, &client, &page.path, &form).json();
        assert_eq!(said["go"].as_str(), go.then_some(page.path.as_str()), "{said}");
        assert_eq!(said["ops"].is_array() || said["html"].is_string(), !go, "{said}");
    }
    // A connection to a server that is gone is worth nothing.
    (0..20).find_map(|_| client.try_get(COUNTER).ok()).expect("an answer");
    // What was pressed has happened, both times; and a page that says nothing of its
    // skin, or has that of today, is answered as ever.
    counts(&client, 3);
    for form in [without(&pressed(&page, "Add"), "_skin"), pressed(&page.reload(), "Add")] {
        let said = post(&server, &client, &page.path, &with(&form, "_seq", "3")).json();
        assert!(said["go"].is_null() && said["rev"].is_number(), "{said}");
    }
    // One that is not stored: by its own address, or by that to which it was sent.
    let said = post(&server, &client, COUNTER, &with(&fresh.form(None), "_keep", "1")).json();
    assert_eq!(said["go"], COUNTER, "{said}");
    let typed = with(&looked_at.fill("Note", "half a th").form(None), "_keep", "1");
    let said = post(&server, &client, COUNTER, &typed).json();
    let stored = said["go"].as_str().expect("an address");
    assert!(stored.starts_with(COUNTER) && stored.contains("_page="), "{stored}");
    assert_eq!(client.get(stored).value("Note"), "half a th");
}

#[test]
fn the_largest_views_are_shown_and_changed_for_all_who_ask_at_once() {
    let server = Server::start(&[guest("flips")]);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let client = server.client();
                let mut page = client.get("/miniapp/flips/index?nodes=15000").assert_text("Flip 0").press("Flip");
                for flips in 2..=4 {
                    let answer = post(&server, &client, &page.path, &pressed(&page, "Flip"));
                    assert_eq!(answer.status, 200, "{}", answer.body.get(..500).unwrap_or(&answer.body));
                    page = page.reload().assert_text(&format!("Flip {flips}"));
                }
            });
        }
    });
}

#[test]
fn another_users_page_is_nobodys() {
    let server = Server::start(&[guest("counter")]);
    let (ada, bob) = (server.client(), server.client());
    let of_ada = ada.get(COUNTER).press("Add").press("Add").press("Add").assert_text("here 3");
    let of_bob = bob.get(COUNTER).press("Add");
    let (hers, his) = (pressed(&of_ada, "Add"), pressed(&of_bob, "Add"));
    for (what, form) in [
        ("form", hers.clone()),
        ("page", with(&his, "_page", &field(&hers, "_page"))),
        ("button", with(&his, "_h", &field(&hers, "_h"))),
        ("rendering", with(&his, "_nonce", &field(&hers, "_nonce"))),
        ("keeping", with(&without(&hers, "_h"), "_keep", "1")),
    ] {
        let answer = post(&server, &bob, &of_bob.path, &form);
        assert_eq!(answer.status, 200, "{what}: {}", answer.body);
        assert!(!answer.body.contains("here 3"), "{what}: {}", answer.body);
        counts(&bob, 1);
        counts(&ada, 3);
    }
    // The id of what she sees is worth nothing: whoever says it gets their own view.
    let said = post(&server, &bob, &of_bob.path, &with(&his, "_base", &field(&hers, "_base"))).json();
    assert!(said.to_string().contains("here 2, shared 2, stored 2."), "his second tap: {said}");
    counts(&bob, 2);
}

#[test]
fn another_site_gets_no_answer_and_hears_nothing() {
    let server = Server::start(&[guest("counter")]);
    let page = server.client().get(COUNTER);
    let (body, cookie) = (encoded(&pressed(&page, "Add")), page.client().cookie());
    let cookie = ("Cookie", cookie.as_str());
    for (headers, status, kind) in [
        (vec![cookie, FORM, LIVE], 403, "origin"),
        (vec![cookie, FORM, LIVE, ("Origin", "http://evil.example")], 403, "origin"),
        (vec![cookie, FORM, LIVE, ("Sec-Fetch-Site", "cross-site")], 403, "origin"),
        (vec![cookie, FORM, LIVE, ("Sec-Fetch-Site", "same-site")], 403, "origin"),
        (vec![FORM, LIVE, OURS], 403, "cookie"),
        (vec![cookie, LIVE, OURS], 415, "media-type"),
        (vec![cookie, LIVE, OURS, ("Content-Type", "text/plain")], 415, "media-type"),
        (vec![cookie, LIVE, OURS, ("Content-Type", "application/json")], 415, "media-type"),
    ] {
        let answer = ask(&server, "POST", COUNTER, &headers, &body);
        assert_eq!((answer.status, answer.problem().as_str()), (status, kind), "{headers:?}");
        assert_eq!(answer.header("access-control-allow-origin"), "");
    }
    counts(page.client(), 0);
    let (cross, same) = (("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Site", "same-site"));
    for headers in [vec![cookie, cross], vec![cookie, same], vec![OURS]] {
        let answer = ask(&server, "GET", "/_events", &headers, "");
        assert_eq!(answer.status, 403, "{headers:?}: {}", answer.body);
    }
}

#[test]
fn what_is_too_much_or_too_slow_is_said_in_the_language_of_scripts() {
    let server = Server::start(&[guest("counter"), guest("traps")]);
    let client = server.client();
    let page = client.get(COUNTER).press("Add");
    let form = pressed(&page, "Add");
    let (body, cookie) = (encoded(&form), client.cookie());
    let headers = [("Cookie", cookie.as_str()), FORM, OURS, LIVE];
    // The one who takes their time is waited for meanwhile.
    let length = (body.len() + 1).to_string();
    let mut slow =
        begin(&server, "POST", &page.path, &[headers.as_slice(), &[("Content-Length", length.as_str())]].concat());
    slow.write_all(body.as_bytes()).expect("sent");
    let began = Instant::now();

    for (body, status, kind) in [
        (format!("{body}&f.x={}", "x".repeat(300 * 1024)), 413, "too-large"),
        (format!("{body}{}", "&f.x=1".repeat(1_000)), 400, "too-many-fields"),
        (format!("{body}&_nonce=again"), 400, "bad-request"),
        ("_nonce=alone".to_owned(), 400, "bad-request"),
    ] {
        let answer = ask(&server, "POST", &page.path, &headers, &body);
        assert_eq!((answer.status, answer.problem().as_str()), (status, kind));
        let said = answer.json()["problem"].clone();
        assert!(!said["title"].as_str().unwrap_or_default().is_empty() && said["text"].is_string(), "{said}");
    }
    // A field that is not of this page is nobody's; one that is too long is refused.
    let strange = with(&with(&form, "f.AAAAAAAAAAAAAAAA", "x"), "_seq", "1");
    assert_eq!(post(&server, &client, &page.path, &strange).status, 200);
    counts(&client, 2);
    let note = form.iter().find(|(name, _)| name.starts_with("f.")).map(|(name, _)| name.clone()).expect("a field");
    let long = with(&with(&form, &note, &"x".repeat(100 * 1024)), "_seq", "2");
    for form in [&long, &with(&without(&long, "_h"), "_keep", "1")] {
        let answer = post(&server, &client, &page.path, form);
        assert_eq!((answer.status, answer.problem().as_str()), (413, "too-large"));
        let text = answer.json()["problem"]["text"].as_str().unwrap_or_default().to_owned();
        assert!(text.contains("Nothing was changed. Please shorten what you typed."), "{text}");
        // The same without script.
        let page = client.try_post(&page.path, form).expect("an answer");
        assert_eq!((page.status, page.problem().as_deref()), (413, Some("too-large")));
    }
    counts(&client, 2);

    // The program fails: the page stays as it is.
    let failing = client.get("/miniapp/traps/index").press("Count").assert_text("Count: 1");
    let answer = post(&server, &client, &failing.path, &pressed(&failing, "Go"));
    assert_eq!((answer.status, answer.problem().as_str()), (500, "trap"));
    failing.reload().assert_text("Count: 1");

    let answer = end(slow);
    assert_eq!((answer.status, answer.problem().as_str()), (408, "timeout"));
    assert!(began.elapsed() < Duration::from_secs(20));
    counts(&client, 2);
}

#[test]
fn a_view_that_changes_completely_costs_no_more_than_the_view() {
    let server = Server::start(&[guest("flips")]);
    let client = server.client();
    for nodes in [60, 10_000] {
        let page = client.get(&format!("/miniapp/flips/index?nodes={nodes}")).assert_text("Flip 0");
        let mut page = page.press("Flip").assert_text("Flip 1");
        for flips in 2..=6 {
            let form = pressed(&page, "Flip");
            let answer = post(&server, &client, &page.path, &form);
            assert_eq!(answer.status, 200, "{}", answer.body.get(..500).unwrap_or(&answer.body));
            page = page.reload();
            assert!(page.text().contains(&format!("Flip {flips}")));
            // Quotes of HTML are escaped in JSON.
            assert!(
                answer.body.len() <= page.html.len() * 5 / 4 + 512,
                "{nodes} nodes, flip {flips}: {} bytes for a page of {}",
                answer.body.len(),
                page.html.len()
            );
        }
    }
}

#[test]
fn the_script_is_small_and_the_policy_lets_nothing_else_run() {
    let server = Server::start(&[guest("counter")]);
    let page = server.client().get(COUNTER);
    let script = page.attribute("script[src]", "src").expect("a script");
    assert_eq!(page.select("script").len(), 1);
    let file = ask(&server, "GET", &script, &[], "");
    assert_eq!((file.status, file.header("content-type")), (200, "text/javascript; charset=utf-8"));
    assert!(file.header("cache-control").contains("immutable"));
    for never in ["eval(", "new Function", "document.write", "http://", "https://", "import("] {
        assert!(!file.body.contains(never), "{never}");
    }
    let mut gzip = Command::new("gzip").arg("-9c").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("gzip");
    gzip.stdin.take().expect("a way in").write_all(file.body.as_bytes()).expect("taken");
    let bytes = gzip.wait_with_output().expect("gzip ends").stdout.len();
    println!("live.js: {} bytes, {bytes} compressed", file.body.len());
    assert!(bytes < 6_000, "{bytes} bytes compressed");

    let policy = ask(&server, "GET", COUNTER, &[], "").header("content-security-policy").to_owned();
    for part in ["default-src 'none'", "script-src 'self'", "connect-src 'self'", "base-uri 'none'"] {
        assert!(policy.contains(part), "{policy}");
    }
    for never in ["unsafe-", "data:", "blob:", "*", "nonce-", "http:", "https:"] {
        assert!(!policy.contains(never), "{never}: {policy}");
    }
    let wrong = script.replace(|c: char| c.is_ascii_digit(), "z");
    assert_eq!(ask(&server, "GET", &wrong, &[], "").status, 404, "{wrong}");
}
