//! Pictures of other servers, over https and between real processes: what is shown,
//! as whose, and what is never connected to. `world` is where that can be tried;
//! `origin` are the other servers.

mod origin;
mod world;

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use mprun_core::manifest::{HostScope, Manifest, Scope};
use serde_json::{Value, json};

use self::origin::{BYTES_MAX, GIF, Origin};
use self::world::{PRIVATE, PUBLIC, inside, private_name};
use crate::support::client::Page;
use crate::support::server::Server;
use crate::support::{changed, guest, stdout_of};

const LATTE: &str = "https://cdn.example/latte.gif";
const MOCHA: &str = "https://cdn.example/mocha.gif";
/// As good as the others, of a server that the manifest does not name.
const ELSEWHERE: &str = "https://elsewhere.example/latte.gif";

/// An answer, taken apart.
struct Answer {
    status: u16,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }
}

/// Sends a request as it is written here.
fn ask(server: &Server, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut stream = TcpStream::connect(server.address()).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(40))).expect("a timeout");
    let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", server.address());
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() {
        request.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    request.push_str("\r\n");
    request.push_str(body);
    stream.write_all(request.as_bytes()).expect("sent");
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("an answer");
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
    let headers = head.lines().filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
    Answer { status, headers, body: bytes[end + 4..].to_vec() }
}

fn get(server: &Server, path: &str) -> Answer {
    ask(server, "GET", path, &[], "")
}

/// The page that shows the first of these.
fn page(server: &Server, sources: &[&str]) -> Page {
    server.client().get(&path_of(sources))
}

fn path_of(sources: &[&str]) -> String {
    let parameters: Vec<_> = sources.iter().map(|source| ("src".to_owned(), (*source).to_owned())).collect();
    let url = mprun_frame::url::page("index", &parameters);
    url.replace("page:", "/miniapp/pictures/")
}

/// Where a browser would ask for the picture from elsewhere; `None` if the page says
/// in words what it would show.
fn picture(page: &Page) -> Option<String> {
    let address = page.attribute("main img[alt='From elsewhere']", "src");
    let in_words = page.attribute("main span.mp-missing[aria-label='From elsewhere']", "role");
    assert_eq!(in_words.as_deref(), if address.is_some() { None } else { Some("img") }, "{}", page.html);
    assert_eq!(page.attribute("main img[alt='Of the bundle']", "src").map(|own| own.contains("/_asset/")), Some(true));
    address
}

/// The address of ours for this one.
fn address_of(server: &Server, source: &str) -> String {
    picture(&page(server, &[source])).unwrap_or_else(|| panic!("{source} is not shown"))
}

/// What our server says where the other one has no picture for us.
fn no_picture(server: &Server, source: &str) -> u16 {
    let answer = get(server, &address_of(server, source));
    assert_eq!(answer.header("cache-control"), "no-store", "{source}");
    assert_eq!(answer.header("content-type"), "", "{source}");
    assert_locked(&answer, source);
    assert!(answer.body.is_empty(), "{source}");
    answer.status
}

fn assert_locked(answer: &Answer, what: &str) {
    for (name, value) in [
        ("content-security-policy", "default-src 'none'; sandbox"),
        ("x-content-type-options", "nosniff"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(answer.header(name), value, "{what}: {name}");
    }
}

fn public() -> IpAddr {
    PUBLIC.parse().expect("an address")
}

#[test]
fn a_picture_is_fetched_once_and_handed_on_as_ours() {
    inside("a_picture_is_fetched_once_and_handed_on_as_ours", |world| {
        let (origin, server) = (Origin::start(world), Server::start(&[world.bundle()]));
        let source = format!("{LATTE}?size=2");
        let shown = page(&server, &[&source]);
        let address = picture(&shown).expect("it is permitted");
        assert!(address.starts_with("/miniapp/pictures/_picture/"), "{address}");
        assert!(!shown.html.contains("https://cdn.example"), "a browser need not know: {}", shown.html);
        assert_eq!(picture(&page(&server, &[&source])), Some(address.clone()), "one address for everybody");
        assert!(origin.heads().is_empty(), "nobody has asked for it yet");

        let cookie = shown.client().cookie();
        let of_browser = [
            ("Cookie", cookie.as_str()),
            ("User-Agent", "A browser"),
            ("Accept-Language", "de"),
            ("Referer", "http://127.0.0.1/miniapp/pictures/index"),
            ("X-Forwarded-For", "203.0.113.7"),
            ("Range", "bytes=0-3"),
            ("If-None-Match", "\"you\""),
        ];
        for (method, body) in [("GET", GIF), ("GET", GIF), ("HEAD", b"")] {
            let answer = ask(&server, method, &address, &of_browser, "");
            assert_eq!((answer.status, answer.body.as_slice()), (200, body), "{method}");
            assert_eq!(answer.header("content-type"), "image/gif");
            assert_eq!(answer.header("cache-control"), "private, max-age=3600");
            assert_locked(&answer, method);
            for foreign in ["set-cookie", "etag", "access-control-allow-origin", "x-more"] {
                assert_eq!(answer.header(foreign), "", "{foreign}");
            }
        }
        let heads = origin.heads();
        let [head] = heads.as_slice() else { panic!("fetched once: {heads:?}") };
        assert!(head.starts_with("GET /latte.gif?size=2 HTTP/1.1\r\n"), "{head}");
        let mut names: Vec<_> = head.lines().skip(1).filter_map(|line| line.split(':').next()).collect();
        names.sort_unstable();
        assert_eq!(names, ["accept", "host", "user-agent"], "nothing of the user: {head}");
        assert!(head.contains("\r\nhost: cdn.example") && !head.contains("A browser"), "{head}");
        assert_eq!(origin.connections(), [public()]);

        // What it is called does not count.
        let called = get(&server, &address_of(&server, "https://cdn.example/called-a-page.html"));
        assert_eq!((called.status, called.header("content-type"), called.body.as_slice()), (200, "image/gif", GIF));
        // Those of the bundle are as they were.
        let own = shown.attribute("img[alt='Of the bundle']", "src").expect("a picture");
        let own = get(&server, &own);
        assert_eq!((own.status, own.header("content-type")), (200, "image/svg+xml"));
        assert_eq!(own.header("cache-control"), "public, max-age=31536000, immutable");
    });
}

#[test]
fn what_the_permission_does_not_have_is_said_in_words() {
    inside("what_the_permission_does_not_have_is_said_in_words", |world| {
        let (origin, other) = (Origin::start(world), world.path("plain.wasm"));
        changed(&world.bundle(), &other, |manifest| manifest.req_permissions.clear());
        let server = Server::start(&[world.bundle()]);
        for source in [
            ELSEWHERE,
            "https://cdn.example.elsewhere.example/latte.gif",
            "https://notcdn.example/latte.gif",
            "https://elsewhere.example/cdn.example/latte.gif",
            "https://elsewhere.example?cdn.example",
            "https://elsewhere.example#.cdn.example",
            "https://inside.example/latte.gif",
            "https://cdn.example:8443/latte.gif",
            "https://cdn.example:80/latte.gif",
        ] {
            assert_eq!(picture(&page(&server, &[source])), None, "{source}");
        }
        assert!(picture(&page(&server, &["https://CDN.Example:443/latte.gif"])).is_some(), "written another way");
        drop(server);
        // Without the permission there is none at all.
        let server = Server::start(&[other]);
        assert_eq!(picture(&page(&server, &[LATTE])), None);
        assert_eq!(origin.connections(), Vec::<IpAddr>::new());
    });
}

#[test]
fn an_operator_can_switch_it_off() {
    inside("an_operator_can_switch_it_off", |world| {
        let (origin, mut server) = (Origin::start(world), Server::start(&[world.bundle()]));
        let address = address_of(&server, LATTE);
        server.kill();
        let off = Server::start_on_with(&[world.bundle()], server.data(), "127.0.0.1:0", &["--no-remote-images"]);
        assert_eq!(picture(&page(&off, &[LATTE])), None);
        assert_eq!(get(&off, &address).status, 404, "made before that");
        assert_eq!(origin.connections(), Vec::<IpAddr>::new());
        // The same data, switched on again: the address was good all the time.
        drop(off);
        let on = Server::start_on(&[world.bundle()], server.data(), "127.0.0.1:0");
        assert_eq!(get(&on, &address).status, 200);
    });
}

#[test]
fn an_address_that_was_not_made_here_leads_nowhere() {
    inside("an_address_that_was_not_made_here_leads_nowhere", |world| {
        let (origin, others) = (Origin::start(world), world.path("others.wasm"));
        changed(&world.bundle(), &others, |manifest| manifest.app_id = "others".parse().expect("a name"));
        let mut server = Server::start(&[world.bundle(), others]);
        let (latte, mocha) = (address_of(&server, LATTE), address_of(&server, MOCHA));
        let parts = |address: &str| -> (String, String) {
            let (_, rest) = address.split_once("/_picture/").expect("the address of a picture");
            let (mac, url) = rest.split_once('/').expect("two parts");
            (mac.to_owned(), url.to_owned())
        };
        let ((mac, url), (other_mac, other_url)) = (parts(&latte), parts(&mocha));
        assert_ne!(mac, other_mac);
        let turned = |text: &str| match text.strip_prefix('A') {
            Some(rest) => format!("B{rest}"),
            None => format!("A{}", &text[1..]),
        };
        let bad = [
            ("another program", "others", mac.clone(), url.clone()),
            ("another picture", "pictures", mac.clone(), other_url),
            ("another mac", "pictures", other_mac, url.clone()),
            ("a guessed mac", "pictures", "A".repeat(mac.len()), url.clone()),
            ("a turned bit", "pictures", turned(&mac), url.clone()),
            ("a turned bit of the address", "pictures", mac.clone(), turned(&url)),
            ("half a mac", "pictures", mac[..mac.len() / 2].to_owned(), url.clone()),
            ("half an address", "pictures", mac.clone(), url[..url.len() / 2].to_owned()),
            ("more of it", "pictures", mac.clone(), format!("{url}AAAA")),
            ("padded", "pictures", mac.clone(), format!("{url}=")),
            ("as it is", "pictures", mac.clone(), "https:%2F%2Fcdn.example%2Flatte.gif".to_owned()),
        ];
        for (what, app_id, mac, url) in bad {
            let answer = get(&server, &format!("/miniapp/{app_id}/_picture/{mac}/{url}"));
            assert_eq!(answer.status, 404, "{what}");
            assert_eq!(answer.header("cache-control"), "no-store", "{what}");
        }
        assert_eq!(ask(&server, "POST", &latte, &[], "").status, 405);
        // One of another server, whose key is another one.
        let foreign = address_of(&Server::start(&[world.bundle()]), LATTE);
        assert_ne!(foreign, latte);
        assert_eq!(get(&server, &foreign).status, 404);
        assert_eq!(origin.connections(), Vec::<IpAddr>::new());

        // The right one, also when the server was started anew.
        assert_eq!(get(&server, &latte).status, 200);
        server.kill_and_restart();
        assert_eq!(get(&server, &latte).status, 200);
        assert_eq!(origin.heads().len(), 2);
        // A version that may not any more.
        server.kill();
        let narrower = world.path("narrower.wasm");
        changed(&world.bundle(), &narrower, |manifest| {
            manifest.version.code += 1;
            hosts(manifest).hosts = vec!["elsewhere.example".parse().expect("a host")];
        });
        let server = Server::start_on(&[narrower], server.data(), "127.0.0.1:0");
        assert_eq!(get(&server, &latte).status, 404);
        assert_eq!(origin.heads().len(), 2);
    });
}

/// The servers that a manifest names.
fn hosts(manifest: &mut Manifest) -> &mut HostScope {
    let scopes = manifest.req_permissions.iter_mut().filter_map(|permission| permission.scope.as_mut());
    let mut hosts = scopes.filter_map(|scope| match scope {
        Scope::Hosts(hosts) => Some(hosts),
        Scope::Keys(_) => None,
    });
    hosts.next().expect("the permission `image`")
}

#[test]
fn what_other_servers_do_wrong_is_a_status_and_not_asked_for_again() {
    inside("what_other_servers_do_wrong_is_a_status_and_not_asked_for_again", |world| {
        let (origin, server) = (Origin::start(world), Server::start(&[world.bundle()]));
        let cases = [
            ("missing.gif", 502),
            ("broken.gif", 502),
            ("cut-off.gif", 502),
            ("away.gif", 502),
            ("away-inside.gif", 502),
            ("away-to-a-number.gif", 502),
            ("page.html", 415),
            ("page.gif", 415),
            ("drawing.svg", 415),
            ("drawing.png", 415),
            ("nothing.gif", 415),
            ("larger.gif", 413),
            ("endless.gif", 413),
        ];
        for (number, (path, status)) in cases.iter().enumerate() {
            let source = format!("https://cdn.example/{path}");
            assert_eq!(no_picture(&server, &source), *status, "{path}");
            // For whoever asks within half a minute.
            assert_eq!(no_picture(&server, &source), *status, "{path}");
            assert_eq!(origin.connections().len(), number + 1, "{path}");
        }
        // Nobody went where a redirect leads.
        assert!(origin.connections().iter().all(|address| *address == public()), "{:?}", origin.connections());
        assert!(!origin.heads().iter().any(|head| head.contains("/never")), "{:?}", origin.heads());
        // As large as it may be.
        let just = get(&server, &address_of(&server, "https://cdn.example/just.gif"));
        assert_eq!((just.status, just.header("content-type"), just.body.len()), (200, "image/gif", BYTES_MAX));
        assert!(just.body.starts_with(GIF));
    });
}

#[test]
fn who_takes_too_long_is_left() {
    inside("who_takes_too_long_is_left", |world| {
        let (origin, server) = (Origin::start(world), Server::start(&[world.bundle()]));
        let (latte, began) = (address_of(&server, LATTE), Instant::now());
        thread::scope(|scope| {
            for path in ["silent.gif", "slow.gif"] {
                let server = &server;
                scope.spawn(move || {
                    assert_eq!(no_picture(server, &format!("https://cdn.example/{path}")), 504, "{path}");
                });
            }
            // Nobody waits for them.
            assert_eq!(get(&server, &latte).status, 200);
            assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        });
        assert!(began.elapsed() < Duration::from_secs(25), "{:?}", began.elapsed());
        assert_eq!(origin.heads().len(), 3);
    });
}

#[test]
fn networks_that_only_some_see_are_not_connected_to() {
    inside("networks_that_only_some_see_are_not_connected_to", |world| {
        let (origin, server) = (Origin::start(world), Server::start(&[world.bundle()]));
        for (position, address) in PRIVATE.iter().enumerate() {
            let source = format!("https://{}/latte.gif", private_name(position));
            assert_eq!(no_picture(&server, &source), 502, "{address}");
        }
        assert_eq!(origin.connections(), Vec::<IpAddr>::new());
        // A name that leads to both: only the one that was looked at is connected to.
        let mixed = get(&server, &address_of(&server, "https://mixed.cdn.example/latte.gif"));
        assert_eq!((mixed.status, mixed.body.as_slice()), (200, GIF));
        assert_eq!(origin.connections(), [public()]);
        // Somebody would have answered at the others.
        for address in ["127.0.0.1", "10.1.2.3", "100.64.0.1", "169.254.169.254", "172.16.0.9", "192.168.1.10"] {
            assert!(PRIVATE.contains(&address));
            TcpStream::connect((address, 443)).unwrap_or_else(|error| panic!("{address}: {error}"));
        }
    });
}

#[test]
fn servers_prove_their_names() {
    inside("servers_prove_their_names", |world| {
        let (origin, server) = (Origin::start(world), Server::start(&[world.bundle()]));
        for (name, what, is_reached) in [
            ("strange.cdn.example", "nobody trusts its certificate", true),
            ("deep.down.cdn.example", "its certificate is for other names", true),
            ("plain.cdn.example", "it speaks without encryption", true),
            ("far.cdn.example", "nobody is there", false),
            ("nobody.cdn.example", "nobody has this name", false),
        ] {
            let before = origin.connections().len();
            assert_eq!(no_picture(&server, &format!("https://{name}/latte.gif")), 502, "{what}");
            assert_eq!(origin.connections().len() - before, usize::from(is_reached), "{what}");
        }
        assert_eq!(origin.heads(), Vec::<String>::new(), "none of them was asked for anything");
        assert_eq!(get(&server, &address_of(&server, LATTE)).status, 200);
    });
}

/// Presses "Next" as `live.js` does.
fn press(server: &Server, page: &Page) -> Value {
    let escape = |text: &str| text.replace('%', "%25").replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    let form = page.form(Some(page.button("Next", 0)));
    let form: Vec<_> = form.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect();
    let cookie = page.client().cookie();
    let headers = [
        ("Cookie", cookie.as_str()),
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Sec-Fetch-Site", "same-origin"),
        ("Accept", "application/vnd.mprun+json"),
    ];
    let answer = ask(server, "POST", &page.path, &headers, &form.join("&"));
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    answer.json()
}

#[test]
fn a_change_of_the_page_leads_to_the_new_picture() {
    inside("a_change_of_the_page_leads_to_the_new_picture", |world| {
        let (origin, server) = (Origin::start(world), Server::start(&[world.bundle()]));
        let first = page(&server, &[LATTE, MOCHA, ELSEWHERE]);
        let latte = picture(&first).expect("it is permitted");
        let said = press(&server, &first);
        let second = first.client().get(said["url"].as_str().expect("the page is stored now"));
        let mocha = picture(&second).expect("it is permitted");
        assert_ne!(mocha, latte);
        let change = json!(["a", "src", mocha]).to_string();
        assert!(said["ops"].to_string().contains(&change), "expected {change} in {said}");
        assert_eq!(get(&server, &mocha).status, 200);
        let heads = origin.heads();
        assert!(matches!(heads.as_slice(), [head] if head.starts_with("GET /mocha.gif ")), "{heads:?}");

        // One that may not be shown, and one that may again.
        let said = press(&server, &second).to_string();
        assert!(said.contains("mp-missing") && !said.contains("/_picture/"), "{said}");
        assert!(!said.contains("https://elsewhere.example"), "{said}");
        let third = second.reload();
        assert_eq!(picture(&third), None);
        let said = press(&server, &third).to_string();
        assert!(said.contains(&latte), "{said}");
        assert_eq!(picture(&third.reload()), Some(latte));
        assert_eq!(origin.heads().len(), 1);
    });
}

#[test]
fn a_server_in_numbers_has_no_page() {
    let server = Server::start(&[guest("pictures")]);
    for source in [
        "https://127.0.0.1/a.gif",
        "https://127.0.0.0x1/a.gif",
        "https://0x7f.1/a.gif",
        "https://2130706433/a.gif",
        "https://127.1/a.gif",
        "https://[::1]/a.gif",
        "https://localhost/a.gif",
        "https://user@cdn.example/a.gif",
        "http://cdn.example/a.gif",
        "//cdn.example/a.gif",
        "data:image/gif;base64,R0lGODlh",
    ] {
        let page = page(&server, &[source]);
        assert_eq!((page.status, page.problem().as_deref()), (500, Some("view")), "{source}");
        assert!(!page.html.contains("/_picture/"), "{source}");
    }
}

#[test]
fn a_terminal_says_what_a_picture_shows() {
    let (bundle, folder) = (guest("pictures"), tempfile::tempdir().expect("a temporary folder"));
    let shown = path_of(&[LATTE]).replace("/miniapp/pictures/", "");
    let (bundle, data) = (bundle.to_string_lossy(), folder.path().to_string_lossy());
    let text = stdout_of(&[&*bundle, "--format", "text", "--page", &shown, "--data", &*data]);
    assert!(text.contains("From elsewhere") && !text.contains("cdn.example"), "{text}");
}

#[test]
fn inspect_names_the_servers_and_diff_says_that_there_are_more() {
    let (old, folder) = (guest("pictures"), tempfile::tempdir().expect("a temporary folder"));
    let old_path = old.to_string_lossy();
    let said = stdout_of(&["inspect", &old_path]);
    for part in [
        "  without an import: image",
        "\n  image        The test is about it (",
        "\n               scope: pictures from `cdn.example` or `*.cdn.example` or `*.inside.example`\n",
    ] {
        assert!(said.contains(part), "expected `{part}` in {said}");
    }
    let said: Value = serde_json::from_str(&stdout_of(&["inspect", "--json", &old_path])).expect("JSON");
    let scope = &said["manifest"]["req_permissions"][0]["scope"];
    assert_eq!(*scope, json!({ "hosts": ["cdn.example", "*.cdn.example", "*.inside.example"] }));

    // Named, compared as text and as JSON.
    let diff = |name: &str, change: fn(&mut Manifest)| -> (String, Value) {
        let new = folder.path().join(name);
        changed(&old, &new, |manifest| {
            manifest.version.code += 1;
            change(manifest);
        });
        let new = new.to_string_lossy();
        let json = serde_json::from_str(&stdout_of(&["diff", "--json", &old_path, &new])).expect("JSON");
        (stdout_of(&["diff", &old_path, &new]), json)
    };
    let scope_line = |text: &str| text.lines().find(|line| line.contains("~ scope")).unwrap_or_default().to_owned();

    let (text, json) = diff("more.wasm", |manifest| {
        hosts(manifest).hosts.push("more.example".parse().expect("a host"));
    });
    let line = scope_line(&text);
    assert!(line.starts_with("! ~ scope") && line.contains("image"), "{text}");
    assert!(line.ends_with("or `*.inside.example` or `more.example`"), "{text}");
    assert_eq!(text.lines().last(), Some("! this update widens what the program may do"));
    assert_eq!(json["permissions"][0]["change"], "scope-widened");
    assert_eq!(json["permissions"][0]["new"]["hosts"][3], "more.example");

    let (text, json) = diff("fewer.wasm", |manifest| hosts(manifest).hosts.truncate(1));
    assert!(scope_line(&text).starts_with("  ~ scope"), "{text}");
    assert!(!text.contains("widens"), "{text}");
    assert_eq!(json["permissions"][0]["change"], "scope-narrowed");

    // A name that it could show already.
    let (text, json) = diff("same.wasm", |manifest| {
        hosts(manifest).hosts.push("a.cdn.example".parse().expect("a host"));
    });
    assert!(text.contains("Powers: no change"), "{text}");
    assert_eq!(json["permissions"], json!([]));

    let (text, json) = diff("none.wasm", |manifest| manifest.req_permissions.clear());
    assert!(text.contains("  - permission") && !text.contains("widens"), "{text}");
    assert_eq!(json["permissions"][0]["change"], "removed");
}
