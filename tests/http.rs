//! The server as browsers and those who pretend to be one meet it: who may send
//! what, how much of it, and what every answer carries.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::support::client::Page;
use crate::support::server::Server;
use crate::support::{changed, guest, sample};

/// An answer, taken apart.
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// What kind of error page it is.
    fn problem(&self) -> &str {
        self.body
            .split_once("data-problem=\"")
            .and_then(|(_, rest)| rest.split_once('"'))
            .map(|(kind, _)| kind)
            .unwrap_or_default()
    }
}

/// Sends a request as it is written here.
fn ask(server: &Server, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut stream = TcpStream::connect(server.address()).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
    let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", server.address());
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() {
        request.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    request.push_str("\r\n");
    request.push_str(body);
    // The server may have had enough before it has read everything.
    let _ = stream.write_all(request.as_bytes());
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("an answer");
    let text = String::from_utf8(bytes).expect("UTF-8");
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{method} {path}: `{text}`"));
    let mut lines = head.lines();
    let status =
        lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok()).expect("a status");
    let headers = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    Answer { status, headers, body: body.to_owned() }
}

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
const OURS: (&str, &str) = ("Sec-Fetch-Site", "same-origin");
const COUNTER: &str = "/miniapp/counter/index";

fn encoded(fields: &[(String, String)]) -> String {
    let escape = |text: &str| text.replace('%', "%25").replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    fields.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect::<Vec<_>>().join("&")
}

/// The form of a page with its "Add" pressed.
fn add(page: &Page) -> Vec<(String, String)> {
    page.form(Some(page.button("Add", 0)))
}

/// The same form with one field changed.
fn with(form: &[(String, String)], name: &str, value: &str) -> Vec<(String, String)> {
    assert!(form.iter().any(|(known, _)| known == name), "no field `{name}` in {form:?}");
    form.iter()
        .map(|(known, old)| (known.clone(), if known == name { value.to_owned() } else { old.clone() }))
        .collect()
}

fn field(form: &[(String, String)], name: &str) -> String {
    form.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()).unwrap_or_default()
}

#[test]
fn a_user_gets_a_cookie_and_keeps_it() {
    let server = Server::start(&[guest("counter")]);
    let first = ask(&server, "GET", COUNTER, &[], "");
    let cookie = first.header("set-cookie");
    for part in ["mprun=", "Path=/", "Max-Age=31536000", "HttpOnly", "SameSite=Lax"] {
        assert!(cookie.contains(part), "`{part}` is missing in `{cookie}`");
    }
    let pair = cookie.split(';').next().expect("a pair");
    assert_eq!(ask(&server, "GET", COUNTER, &[("Cookie", pair)], "").header("set-cookie"), "");
    // One that this server cannot have given out.
    for bad in ["mprun=guessed", "mprun=", &format!("{pair}A")] {
        let answer = ask(&server, "GET", COUNTER, &[("Cookie", bad)], "");
        assert_eq!(answer.status, 200);
        assert!(answer.header("set-cookie").starts_with("mprun="), "{bad}");
    }
    assert_ne!(ask(&server, "GET", COUNTER, &[], "").header("set-cookie"), cookie);
}

#[test]
fn every_answer_carries_what_keeps_browsers_safe() {
    let server = Server::start(&[guest("counter"), guest("moody")]);
    let page = server.client().get(COUNTER);
    let icon = page.attribute("link[rel=icon]", "href").expect("an icon");
    let style = page.attribute("link[rel=stylesheet]", "href").expect("a style sheet");
    for (method, path, status) in [
        ("GET", "/", 200),
        ("GET", COUNTER, 200),
        ("HEAD", COUNTER, 200),
        ("GET", "/miniapp/counter", 303),
        ("GET", "/miniapp/counter/", 303),
        ("GET", "/miniapp/counter/nope", 404),
        ("GET", "/miniapp/nobody/index", 404),
        ("GET", "/miniapp/counter/_asset/0000/icon.svg", 404),
        ("GET", "/nothing", 404),
        ("GET", "/miniapp/moody/index?mood=panic", 500),
        ("PUT", COUNTER, 405),
        ("POST", COUNTER, 403),
        ("GET", "/healthz", 200),
        ("GET", icon.as_str(), 200),
        ("GET", style.as_str(), 200),
    ] {
        let answer = ask(&server, method, path, &[], "");
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("default-src 'none'"), "{method} {path}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{method} {path}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{method} {path}");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin", "{method} {path}");
        let kept = answer.header("cache-control");
        assert!(kept == "no-store" || kept.contains("immutable"), "{method} {path}: {kept}");
        let script = policy.split(';').find_map(|part| part.trim().strip_prefix("script-src "));
        assert!(script.is_none_or(|from| from == "'self'"), "{method} {path}: {policy}");
        // The host's own, by its address; nothing stands in a page.
        let scripts = answer.body.matches("<script").count();
        assert_eq!(scripts, answer.body.matches("<script src=\"/_live/").count(), "{method} {path}");
        if method == "HEAD" {
            assert_eq!(answer.body, "");
        }
    }
}

#[test]
fn files_are_kept_for_ever_under_an_address_that_changes_with_them() {
    let server = Server::start(&[guest("counter")]);
    let page = server.client().get(COUNTER);
    let icon = page.attribute("link[rel=icon]", "href").expect("an icon");
    let file = ask(&server, "GET", &icon, &[], "");
    assert_eq!(file.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(file.header("content-type"), "image/svg+xml");
    assert!(
        file.header("content-security-policy").contains("sandbox"),
        "a picture that is opened by itself may do nothing"
    );
    let digest = blake3::hash(file.body.as_bytes()).to_hex();
    assert!(icon.contains(digest.as_str()), "{icon} is not named after {digest}");
    for wrong in [
        icon.replace(digest.as_str(), &"0".repeat(64)),
        icon.replace("icon.svg", "other.svg"),
        icon.replace("icon.svg", "..%2Ficon.svg"),
    ] {
        assert_eq!(ask(&server, "GET", &wrong, &[], "").status, 404, "{wrong}");
    }
    let style = page.attribute("link[rel=stylesheet]", "href").expect("a style sheet");
    let style = ask(&server, "GET", &style, &[], "");
    assert_eq!(style.header("content-type"), "text/css; charset=utf-8");
    assert!(style.header("cache-control").contains("immutable"));
}

#[test]
fn pictures_of_pages_and_of_the_app_centre_are_kept_for_ever_too() {
    let bundle = sample("coffee");
    let bundle_digest = blake3::hash(&std::fs::read(&bundle).expect("the bundle can be read")).to_hex();
    let server = Server::start(&[bundle]);
    let picture = server.client().get("/miniapp/coffee/menu").attribute("main img", "src").expect("a picture");
    let file = ask(&server, "GET", &picture, &[], "");
    let digest = blake3::hash(file.body.as_bytes()).to_hex();
    assert!(picture.starts_with(&format!("/miniapp/coffee/_asset/{digest}/")), "{picture} is not named after {digest}");
    assert_eq!(file.header("cache-control"), "public, max-age=31536000, immutable");

    let icon = server.client().get("/").attribute(".mp-tile img", "src").expect("an icon");
    assert_eq!(icon, format!("/miniapp/coffee/_icon/{bundle_digest}"));
    let file = ask(&server, "GET", &icon, &[], "");
    assert_eq!((file.status, file.header("content-type")), (200, "image/svg+xml"));
    assert_eq!(file.header("cache-control"), "public, max-age=31536000, immutable");
    assert!(file.header("content-security-policy").contains("sandbox"));
    let wrong = icon.replace(bundle_digest.as_str(), &"0".repeat(64));
    assert_eq!(ask(&server, "GET", &wrong, &[], "").status, 404);
}

#[test]
fn another_site_cannot_press_a_button() {
    let server = Server::start(&[guest("counter")]);
    let page = server.client().get(COUNTER);
    let (body, cookie) = (encoded(&add(&page)), page.client().cookie());
    let origin = format!("http://{}", server.address());
    let cookie = ("Cookie", cookie.as_str());
    for (headers, status, kind) in [
        (vec![cookie, FORM], 403, "origin"),
        (vec![cookie, FORM, ("Origin", "http://evil.example")], 403, "origin"),
        (vec![cookie, FORM, ("Origin", "null")], 403, "origin"),
        (vec![cookie, FORM, ("Sec-Fetch-Site", "cross-site"), ("Origin", &origin)], 403, "origin"),
        (vec![cookie, FORM, ("Sec-Fetch-Site", "same-site")], 403, "origin"),
        (vec![FORM, OURS], 403, "cookie"),
        (vec![cookie, OURS], 415, "media-type"),
        (vec![cookie, OURS, ("Content-Type", "text/plain")], 415, "media-type"),
    ] {
        let answer = ask(&server, "POST", COUNTER, &headers, &body);
        assert_eq!((answer.status, answer.problem()), (status, kind), "{headers:?}");
        assert!(answer.body.contains("Back to the page"), "{headers:?}: a way back");
    }
    page.client().get(COUNTER).assert_text("here 0, shared 0, stored 0.");
    let answer = ask(&server, "POST", COUNTER, &[cookie, FORM, ("Origin", &origin)], &body);
    assert_eq!(answer.status, 303);
    assert!(answer.header("location").starts_with("/miniapp/counter/index?_page="), "{}", answer.header("location"));
    page.client().get(COUNTER).assert_text("here 0, shared 1, stored 1.");
}

#[test]
fn requests_are_only_as_large_as_pages_make_them() {
    let server = Server::start(&[guest("counter")]);
    let page = server.client().get(COUNTER);
    let (body, cookie) = (encoded(&add(&page)), page.client().cookie());
    let headers = [("Cookie", cookie.as_str()), FORM, OURS];
    for (path, body, status, kind) in [
        (COUNTER.to_owned(), format!("{body}&f.x={}", "x".repeat(300 * 1024)), 413, "too-large"),
        (COUNTER.to_owned(), format!("{body}{}", "&f.x=1".repeat(1_000)), 400, "too-many-fields"),
        (COUNTER.to_owned(), format!("{body}&_nonce=again"), 400, "bad-request"),
        (COUNTER.to_owned(), "_nonce=alone".to_owned(), 400, "bad-request"),
        (COUNTER.to_owned(), body.replace("_seq=0", "_seq=x"), 400, "bad-request"),
        (format!("{COUNTER}?a={}", "x".repeat(9_000)), body.clone(), 414, "too-long"),
    ] {
        let answer = ask(&server, "POST", &path, &headers, &body);
        assert_eq!((answer.status, answer.problem()), (status, kind), "{}", answer.body);
    }
    let long = ask(&server, "GET", &format!("{COUNTER}?a={}", "x".repeat(9_000)), &[], "");
    assert_eq!((long.status, long.problem()), (414, "too-long"));
    let much = ask(&server, "GET", &format!("{COUNTER}?a={}", "x".repeat(3_000)), &[], "");
    assert_eq!((much.status, much.problem()), (400, "invalid"));
    page.client().get(COUNTER).assert_text("here 0, shared 0, stored 0.");
}

#[test]
fn what_one_user_was_offered_is_worth_nothing_to_another() {
    let server = Server::start(&[guest("counter")]);
    let (ada, bob) = (server.client(), server.client());
    let of_ada = ada.get(COUNTER).press("Add").assert_text("here 1");
    let of_bob = bob.get(COUNTER).press("Add").assert_text("here 1");
    let (hers, his) = (add(&of_ada), add(&of_bob));
    // Her whole form; her page in his form; her button in his form; her rendering in his form.
    for (what, form) in [
        ("form", hers.clone()),
        ("page", with(&his, "_page", &field(&hers, "_page"))),
        ("button", with(&his, "_h", &field(&hers, "_h"))),
        ("rendering", with(&his, "_nonce", &field(&hers, "_nonce"))),
    ] {
        let answer = bob.try_post(&of_bob.path, &form).expect("an answer");
        assert_eq!((answer.status, answer.problem()), (200, None), "{what}: refused kindly: {}", answer.text());
        assert!(answer.text().contains("stored 1."), "{what}: {}", answer.text());
        bob.get(COUNTER).assert_text("shared 1, stored 1.");
        ada.get(COUNTER).assert_text("shared 1, stored 1.");
    }
    // Reading is no better than writing.
    let read = bob.get(&of_ada.path);
    assert_eq!(read.status, 200);
    read.assert_text("here 0, shared 1, stored 1.");
    ada.try_post(&of_ada.path, &hers).expect("an answer").assert_text("here 2, shared 2, stored 2.");
}

#[test]
fn a_token_of_one_page_is_worth_nothing_on_another() {
    let server = Server::start(&[guest("counter")]);
    let client = server.client();
    let one = client.get(COUNTER).press("Add");
    let other = client.get(COUNTER).press("Add").assert_text("here 1, shared 2");
    let form = with(&add(&other), "_h", &field(&add(&one), "_h"));
    let answer = client.try_post(&other.path, &form).expect("an answer");
    assert!(answer.alert().contains("changed meanwhile"), "{}", answer.text());
    answer.assert_text("here 1, shared 2, stored 2.").press("Add").assert_text("here 2, shared 3");
    for forged in ["AAAAAAAAAAAAAAAA", "x", "<b>", &"A".repeat(5_000)] {
        let answer = client.try_post(&one.path, &with(&add(&one), "_h", forged)).expect("an answer");
        assert_eq!((answer.status, answer.problem()), (200, None), "{forged}");
        client.get(COUNTER).assert_text("shared 3, stored 3.");
    }
}

#[test]
fn a_recipe_works_only_for_its_user_and_unchanged() {
    let server = Server::start(&[guest("counter"), guest("agreed")]);
    let (ada, bob) = (server.client(), server.client());
    let of_ada = ada.get(COUNTER);
    bob.get(COUNTER);
    let form = add(&of_ada);
    let recipe = field(&form, "_recipe");
    assert!(!recipe.is_empty() && recipe.len() <= 2_048, "a page that stores nothing carries a recipe: {form:?}");
    let refused = |answer: Page, what: &str| {
        assert_eq!((answer.status, answer.problem()), (200, None), "{what}: refused kindly: {}", answer.text());
        answer.assert_text("here 0, shared 0, stored 0.");
    };
    refused(bob.try_post(COUNTER, &form).expect("an answer"), "of another user");
    for at in [0, recipe.len() / 2, recipe.len() - 2] {
        let mut changed = recipe.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).expect("ASCII");
        refused(ada.try_post(COUNTER, &with(&form, "_recipe", &changed)).expect("an answer"), "changed");
    }
    for short in ["x", &recipe[..recipe.len() - 1], &format!("{recipe}A")] {
        refused(ada.try_post(COUNTER, &with(&form, "_recipe", short)).expect("an answer"), "of another length");
    }
    // To another program.
    let answer = ada.try_post("/miniapp/agreed/index", &form).expect("an answer");
    assert_eq!((answer.status, answer.problem()), (200, None), "{}", answer.text());
    answer.assert_text("Total 0, paid 0");
    // Nobody has lost or won anything, and the real one is still good.
    bob.get(COUNTER).assert_text("shared 0, stored 0.");
    ada.try_post(COUNTER, &form).expect("an answer").assert_text("here 1, shared 1, stored 1.");
}

/// The same program in another version, which differs in nothing but that.
fn next_version(bundle: &Path, folder: &Path) -> PathBuf {
    let path = folder.join("next.wasm");
    changed(bundle, &path, |manifest| manifest.version.code += 1);
    path
}

#[test]
fn a_recipe_of_another_version_is_refused_and_what_is_stored_lives_on() {
    let (data, bundle) = (tempfile::tempdir().expect("a temporary folder"), guest("counter"));
    let next = next_version(&bundle, data.path());
    let server = Server::start_on(&[bundle], data.path(), "127.0.0.1:0");
    let client = server.client();
    let stored = client.get(COUNTER).press("Add").assert_text("here 1, shared 1, stored 1.");
    let fresh = client.get(COUNTER).fill("Note", "no sugar").assert_text("here 0, shared 1, stored 1.");
    let address = server.address().to_owned();
    drop(server);

    let server = Server::start_on(&[next], data.path(), &address);
    assert_eq!(server.address(), address);
    let send = |page: &Page| (0..20).find_map(|_| client.try_post(&page.path, &add(page)).ok()).expect("an answer");
    let refused = send(&fresh).assert_text("here 0, shared 1, stored 1.");
    assert_eq!((refused.status, refused.problem()), (200, None));
    assert!(refused.alert().contains("changed meanwhile"), "{}", refused.text());
    assert_eq!(refused.value("Note"), "no sugar", "what was typed is kept");
    // A page that is stored was carried over, and still offers the same.
    send(&stored).assert_text("here 2, shared 2, stored 2.");
}

#[test]
fn a_field_holds_what_was_typed_and_cannot_break_out() {
    let server = Server::start(&[guest("agreed")]);
    let nasty = "\"><script>alert(1)</script>' &amp; 咖啡\u{202e}";
    let page = server.client().get("/miniapp/agreed/index").fill("Note", nasty).press("Add");
    // What turns the direction of the text around is shown, not done.
    assert_eq!(page.value("Note"), nasty.replace('\u{202e}', "\u{fffd}"));
    assert!(!page.html.contains("<script>"), "{}", page.html);
    page.assert_text("Total 5, paid 0");
}

#[test]
fn enter_in_a_field_hands_over_what_was_typed() {
    let server = Server::start(&[guest("agreed")]);
    let page = server.client().get("/miniapp/agreed/index").fill("Note", "no sugar").enter();
    page.assert_text("Total 0, paid 0, note: no sugar.").enter().assert_text("note: no sugar.");
}

#[test]
fn looking_at_pages_stores_nothing() {
    let server = Server::start(&[guest("counter")]);
    let client = server.client();
    let size = || {
        std::fs::read_dir(server.data())
            .expect("read")
            .map(|file| file.expect("a file").metadata().expect("its size").len())
            .sum::<u64>()
    };
    client.get(COUNTER);
    let before = size();
    for _ in 0..30 {
        let page = client.get(COUNTER).assert_text("here 0");
        assert!(page.form(None).iter().any(|(name, _)| name == "_recipe"));
    }
    assert_eq!(size(), before, "thirty pages were looked at");
    client.get(COUNTER).press("Add");
    assert!(size() > before);
}

#[test]
fn back_leads_where_the_user_came_from_though_nothing_was_stored() {
    let server = Server::start(&[guest("shelves")]);
    let has_back = |page: &Page| page.html.contains("name=\"_back\"");
    let mut page = server.client().get("/miniapp/shelves").assert_text("The start");
    assert!(!has_back(&page));
    for shelf in 1..=12 {
        page = page.follow("Up").assert_text(&format!("Shelf {shelf}, taken 0"));
    }
    // Ten pages lie on each other, this one included; the ones below are forgotten.
    for shelf in (3..=11).rev() {
        page = page.press("Back").assert_text(&format!("Shelf {shelf}, taken 0"));
    }
    assert!(!has_back(&page));

    // A page that is stored knows the way that led to it.
    let second = server.client().get("/miniapp/shelves").follow("Up").follow("Up").press("Take");
    let first = second.assert_text("Shelf 2, taken 1").press("Back").assert_text("Shelf 1, taken 0");
    first.press("Take").assert_text("Shelf 1, taken 1").press("Back").assert_text("The start");

    // A page that was opened again on the way back is like any other.
    let mut page = server.client().get("/miniapp/shelves");
    for _ in 1..=4 {
        page = page.follow("Up");
    }
    let third = page.press("Back").press("Take").assert_text("Shelf 3, taken 1");
    let second = third.press("Back").assert_text("Shelf 2, taken 0");
    second.press("Back").assert_text("Shelf 1, taken 0");

    // What is stored is found again below what is not.
    let first = server.client().get("/miniapp/shelves").follow("Up").press("Take").assert_text("Shelf 1, taken 1");
    let third = first.follow("Up").follow("Up").assert_text("Shelf 3, taken 0");
    let second = third.press("Take").press("Back").assert_text("Shelf 2, taken 0");
    second.press("Back").assert_text("Shelf 1, taken 1");
}

#[test]
fn a_page_below_that_was_stored_meanwhile_is_where_back_leads() {
    let server = Server::start(&[guest("shelves")]);
    let first = server.client().get("/miniapp/shelves").follow("Up");
    let second = first.follow("Up");
    first.press("Take").assert_text("Shelf 1, taken 1");
    // Also for the page that was stored later than the one below it.
    second.press("Take").press("Back").assert_text("Shelf 1, taken 1");
}

#[test]
fn an_operator_keeps_details_out_of_pages_and_cookies_to_https() {
    let server = Server::start_with(&[guest("moody")], &["--https", "--no-details"]);
    let answer = ask(&server, "GET", "/miniapp/moody/index?mood=panic", &[], "");
    assert_eq!((answer.status, answer.problem()), (500, "trap"));
    assert!(!answer.body.contains("in a bad mood"), "{}", answer.body);
    let fine = ask(&server, "GET", "/miniapp/moody/index", &[], "");
    assert!(fine.header("set-cookie").contains("; Secure"), "{}", fine.header("set-cookie"));

    let server = Server::start(&[guest("moody")]);
    let answer = ask(&server, "GET", "/miniapp/moody/index?mood=panic", &[], "");
    assert!(answer.body.contains("in a bad mood"), "{}", answer.body);
}
