//! The server without sockets, and but for one test without a program: addresses,
//! limits, headers, origin, and what the host says itself. Pages of real programs
//! are tested end to end, in `tests/`.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use mprun_core::bundle;
use mprun_core::trust::{Date, Lineages, Occasion, PublicKey, Signature, Trust};
use mprun_host::{Host, HostConfig};
use mprun_storage::sqlite::SqliteStorage;
use tempfile::TempDir;
use tower::ServiceExt as _;

use crate::{ServerConfig, router};

mod dev;
mod files;
mod join;

struct Server {
    router: Router,
    host: Arc<Host>,
    _folder: TempDir,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    fn problem(&self) -> &str {
        let (_, rest) = self.body.split_once("data-problem=\"").unwrap_or_default();
        rest.split('"').next().unwrap_or_default()
    }
}

impl Server {
    async fn start(config: ServerConfig) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let storage = SqliteStorage::open(&folder.path().join("data.sqlite")).unwrap();
        // As `mprun dev` has it.
        let host = HostConfig { instances_max: 2, trace: config.dev, ..HostConfig::default() };
        let host = Host::new(host, Arc::new(storage)).await.unwrap();
        Self { router: router(&config, Arc::clone(&host)), host, _folder: folder }
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let (status, headers, bytes) = self.send_for_bytes(request).await;
        Answer { status, headers, body: String::from_utf8(bytes).unwrap() }
    }

    /// The same where the answer need not be text.
    async fn send_for_bytes(&self, request: Request<Body>) -> (StatusCode, HeaderMap, Vec<u8>) {
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        (parts.status, parts.headers, body.to_vec())
    }

    async fn get(&self, target: &str) -> Answer {
        self.send(Request::get(target).body(Body::empty()).unwrap()).await
    }
}

#[tokio::test]
async fn the_centre_says_kindly_that_nothing_is_installed() {
    let server = Server::start(ServerConfig { title: "Shops & more".to_owned(), ..ServerConfig::default() }).await;
    let answer = server.get("/").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    assert!(answer.body.contains("Nothing is installed yet"));
    assert!(answer.body.contains("<title>Shops &amp; more</title>"));
    assert!(!answer.headers.contains_key("set-cookie"));
}

#[tokio::test]
async fn who_vouches_for_a_program_is_said_anew_when_somebody_else_does() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/corpus/v0.1/hello.wasm");
    let bytes = std::fs::read(file).unwrap();
    let pair = minisign::KeyPair::generate_unencrypted_keypair().unwrap();
    let key: PublicKey = pair.pk.to_base64().parse().unwrap();
    let signature = minisign::sign(Some(&pair.pk), &pair.sk, bytes.as_slice(), None, None).unwrap().into_string();
    let signature = Signature::decode(&signature).unwrap();
    let server = Server::start(ServerConfig::default()).await;
    // The same bundle with the same signature: only the operator's name for the key
    // is another one.
    for name in ["plum-lane", "somebody-else"] {
        let file = format!("[keys.{name}]\npublic_key = \"{key}\"\nroles = [\"author\"]\nmay_publish = [\"*\"]\n");
        let trust = Trust::parse(&file).unwrap();
        let bundle = bundle::verify(bytes.clone()).unwrap();
        let today = Date::from_unix_seconds(1_795_380_049);
        let signatures = std::slice::from_ref(&signature);
        let admitted = trust.admit(bundle, signatures, &Lineages::default(), today, Occasion::Install).unwrap();
        server.host.install(admitted).await.unwrap();
        let page = server.get("/miniapp/hello/index").await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        assert!(page.body.contains(&format!("signed by {name}")), "{}", page.body);
    }
}

#[tokio::test]
async fn a_key_of_the_host_is_for_one_purpose_and_the_same_on_the_same_data() {
    let server = Server::start(ServerConfig::default()).await;
    let key = server.host.key("pictures");
    assert_ne!(key, server.host.key("other pictures"));
    let config = || HostConfig { instances_max: 2, ..HostConfig::default() };
    let again = SqliteStorage::open(&server._folder.path().join("data.sqlite")).unwrap();
    assert_eq!(key, Host::new(config(), Arc::new(again)).await.unwrap().key("pictures"));
    let folder = tempfile::tempdir().unwrap();
    let other = SqliteStorage::open(&folder.path().join("data.sqlite")).unwrap();
    assert_ne!(key, Host::new(config(), Arc::new(other)).await.unwrap().key("pictures"));
}

#[tokio::test]
async fn every_answer_is_locked_down() {
    let server = Server::start(ServerConfig::default()).await;
    for target in ["/", "/healthz", "/favicon.ico", "/nowhere", "/miniapp/none/index", "/_style/0.css"] {
        let answer = server.get(target).await;
        let policy = answer.header("content-security-policy");
        assert_eq!(
            policy,
            "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; \
             form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
            "{target}"
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "same-origin");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin");
        let cache = answer.header("cache-control");
        assert_eq!(cache, if target == "/favicon.ico" { "public, max-age=86400" } else { "no-store" }, "{target}");
        assert!(!answer.body.contains(" style=\"") && !answer.body.contains("<script"), "{target}");
    }
}

#[tokio::test]
async fn styles_have_an_address_for_ever_and_pages_name_it() {
    let server = Server::start(ServerConfig::default()).await;
    let page = server.get("/").await.body;
    let (_, rest) = page.split_once("<link rel=\"stylesheet\" href=\"").unwrap();
    let address = rest.split('"').next().unwrap();
    let style = server.get(address).await;
    assert_eq!(style.status, StatusCode::OK);
    assert_eq!(style.header("content-type"), "text/css; charset=utf-8");
    assert_eq!(style.header("cache-control"), "public, max-age=31536000, immutable");
    assert!(style.body.contains(".mp-bar") && style.body.contains(mprun_core::render::STYLE));
    assert_eq!(server.get("/_style/0123456789abcdef.css").await.status, StatusCode::NOT_FOUND);
    let icon = server.get("/favicon.svg").await;
    assert_eq!(icon.header("content-type"), "image/svg+xml");
    assert_eq!(icon.header("content-security-policy"), "default-src 'none'; style-src 'unsafe-inline'; sandbox");
}

#[tokio::test]
async fn an_unknown_address_is_a_page_with_a_way_out() {
    let server = Server::start(ServerConfig::default()).await;
    for target in [
        "/nowhere",
        "/miniapp",
        "/miniapp/none",
        "/miniapp/none/",
        "/miniapp/none/index",
        "/miniapp/none/_asset/00/a.svg",
        "/miniapp/none/_style/00.css",
        "/miniapp/none/_picture/00/aHR0cHM6Ly9leGFtcGxlLm9yZw",
        "/miniapp/%ff/%00",
        "/../etc/passwd",
    ] {
        let answer = server.get(target).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{target}");
        assert_eq!(answer.problem(), "not-found", "{target}");
        assert!(answer.body.contains("href=\"/\""), "{target}");
    }
}

#[tokio::test]
async fn head_answers_as_get_without_the_page() {
    let server = Server::start(ServerConfig::default()).await;
    let get = server.get("/").await;
    let head = server.send(Request::head("/").body(Body::empty()).unwrap()).await;
    assert_eq!(head.status, StatusCode::OK);
    assert_eq!(head.body, "");
    assert_eq!(head.header("content-length"), get.body.len().to_string());
    assert_eq!(head.header("content-type"), get.header("content-type"));
    assert_eq!(server.get("/healthz").await.body, "ok\n");
}

#[tokio::test]
async fn methods_that_mean_nothing_are_refused() {
    let server = Server::start(ServerConfig::default()).await;
    for (method, target) in [
        (Method::POST, "/"),
        (Method::DELETE, "/miniapp/none/index"),
        (Method::PUT, "/healthz"),
        (Method::OPTIONS, "/miniapp/none"),
    ] {
        let answer =
            server.send(Request::builder().method(method.clone()).uri(target).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {target}");
        assert_eq!(answer.problem(), "method");
        assert!(answer.header("allow").contains("GET"), "{method} {target}");
    }
}

#[tokio::test]
async fn an_address_that_is_too_long_is_refused() {
    let server = Server::start(ServerConfig::default()).await;
    let fits = format!("/?{}", "a".repeat(8 * 1024 - 2));
    assert_eq!(server.get(&fits).await.status, StatusCode::OK);
    let answer = server.get(&format!("{fits}a")).await;
    assert_eq!(answer.status, StatusCode::URI_TOO_LONG);
    assert_eq!(answer.problem(), "too-long");
}

#[tokio::test]
async fn developers_read_on_only_where_the_operator_lets_them() {
    for details in [true, false] {
        let server = Server::start(ServerConfig { details, ..ServerConfig::default() }).await;
        let answer = server.get(&format!("/?{}", "a".repeat(9_000))).await;
        assert_eq!(answer.body.contains("<details class=\"mp-detail\">"), details);
    }
}

const PAGE: &str = "/miniapp/none/index?id=7&_page=AAECAwQFBgcICQoLDA0ODw";
const FORM: &str = "application/x-www-form-urlencoded";
const COOKIE: &str = "mprun=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A post as a browser sends it; `None` takes a header away.
fn post(body: impl Into<Body>, changed: &[(&str, Option<&str>)]) -> Request<Body> {
    let headers = [("sec-fetch-site", "same-origin"), ("content-type", FORM), ("cookie", COOKIE), ("host", "a")];
    let mut request = Request::post(PAGE);
    for (name, value) in headers {
        if changed.iter().all(|(changed, _)| *changed != name) {
            request = request.header(name, value);
        }
    }
    for (name, value) in changed {
        if let Some(value) = value {
            request = request.header(*name, *value);
        }
    }
    request.body(body.into()).unwrap()
}

#[tokio::test]
async fn posts_that_no_page_of_ours_sends_are_refused_with_a_way_back() {
    let server = Server::start(ServerConfig::default()).await;
    let good = "_recipe=r&_nonce=n&_h=";
    let many = format!("{good}{}", "&f.a=1".repeat(1_000));
    // Body, changed headers, status, kind of problem.
    type Case<'a> = (&'a str, &'a [(&'a str, Option<&'a str>)], u16, &'a str);
    let cases: [Case<'_>; 12] = [
        (good, &[("sec-fetch-site", Some("cross-site"))], 403, "origin"),
        (good, &[("sec-fetch-site", Some("same-site")), ("origin", Some("http://a"))], 403, "origin"),
        (good, &[("sec-fetch-site", None)], 403, "origin"),
        (good, &[("sec-fetch-site", None), ("origin", Some("null"))], 403, "origin"),
        (good, &[("sec-fetch-site", None), ("origin", Some("http://b"))], 403, "origin"),
        (good, &[("content-type", None)], 415, "media-type"),
        (good, &[("content-type", Some("application/json"))], 415, "media-type"),
        (good, &[("cookie", None)], 403, "cookie"),
        (good, &[("cookie", Some("mprun=mine"))], 403, "cookie"),
        ("", &[], 400, "bad-request"),
        (&many, &[], 400, "too-many-fields"),
        // Everything is as it should be, but for the program.
        (good, &[], 404, "not-found"),
    ];
    for (body, changed, status, problem) in cases {
        let answer = server.send(post(body.to_owned(), changed)).await;
        assert_eq!((answer.status.as_u16(), answer.problem()), (status, problem), "{changed:?}");
        assert_eq!(answer.header("cache-control"), "no-store");
        if status != 404 {
            let back = format!("href=\"{}\"", PAGE.replace('&', "&amp;"));
            assert!(answer.body.contains(&back), "{changed:?}");
        }
    }
    let origin = [("sec-fetch-site", None), ("origin", Some("http://a"))];
    assert_eq!(server.send(post(good, &origin)).await.problem(), "not-found");
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_whether_it_says_so_or_not() {
    let server = Server::start(ServerConfig::default()).await;
    let large = format!("_recipe=r&_nonce=n&f.a={}", "x".repeat(256 * 1024));
    let answer = server.send(post(large.clone(), &[])).await;
    assert_eq!((answer.status, answer.problem()), (StatusCode::PAYLOAD_TOO_LARGE, "too-large"));
    let answer = server.send(post(Body::new(Pieces(large.into_bytes())), &[])).await;
    assert_eq!((answer.status, answer.problem()), (StatusCode::PAYLOAD_TOO_LARGE, "too-large"));
}

/// A body whose length is not known beforehand.
struct Pieces(Vec<u8>);

impl hyper::body::Body for Pieces {
    type Data = axum::body::Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<hyper::body::Frame<Self::Data>, Self::Error>>> {
        let left = self.0.len();
        let piece = self.0.split_off(left.saturating_sub(1_000));
        Poll::Ready((!piece.is_empty()).then(|| Ok(hyper::body::Frame::data(piece.into()))))
    }
}

/// A body that never comes.
struct Never;

impl hyper::body::Body for Never {
    type Data = axum::body::Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<hyper::body::Frame<Self::Data>, Self::Error>>> {
        Poll::Pending
    }
}

#[tokio::test]
async fn nobody_is_waited_for_without_end() {
    let soon = Duration::from_millis(50);
    let server = Server::start(ServerConfig { body_timeout: soon, ..ServerConfig::default() }).await;
    let answer = server.send(post(Body::new(Never), &[])).await;
    assert_eq!((answer.status, answer.problem()), (StatusCode::REQUEST_TIMEOUT, "timeout"));

    let server = Server::start(ServerConfig { request_timeout: soon, ..ServerConfig::default() }).await;
    let answer = server.send(post(Body::new(Never), &[])).await;
    assert_eq!((answer.status, answer.problem()), (StatusCode::SERVICE_UNAVAILABLE, "timeout"));
    assert_eq!(answer.header("retry-after"), "5");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
}

#[tokio::test]
async fn a_stream_is_for_pages_of_users_who_are_known() {
    // Its body has no end.
    async fn status(server: &Server, headers: &[(&str, &str)]) -> u16 {
        let mut request = Request::get("/_events").header("host", "a");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).unwrap();
        server.router.clone().oneshot(request).await.unwrap().status().as_u16()
    }
    let (cookie, ours) = (("cookie", COOKIE), ("sec-fetch-site", "same-origin"));
    for (dev, known) in [(false, 204), (true, 200)] {
        let server = Server::start(ServerConfig { dev, ..ServerConfig::default() }).await;
        let cases: [(&[(&str, &str)], u16); 8] = [
            (&[ours], 403),
            (&[ours, ("cookie", "mprun=mine")], 403),
            (&[cookie, ("sec-fetch-site", "cross-site")], 403),
            (&[cookie, ("sec-fetch-site", "same-site")], 403),
            (&[cookie, ("origin", "http://a:81")], 403),
            // Whoever has only a cookie made it up, or has done nothing yet.
            (&[cookie, ours], known),
            (&[cookie, ("origin", "http://a")], known),
            (&[cookie], known),
        ];
        for (headers, expected) in cases {
            assert_eq!(status(&server, headers).await, expected, "{dev}: {headers:?}");
        }
    }
}
