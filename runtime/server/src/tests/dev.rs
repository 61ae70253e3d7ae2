//! The inspector's addresses: who may see and change what, and what they answer.

use axum::body::Body;
use axum::http::Request;
use mprun_core::bundle;
use mprun_core::trust::Admitted;
use serde_json::{Value, json};

use super::{COOKIE, FORM, Never, Server};
use crate::ServerConfig;
use crate::live::MEDIA_TYPE;

/// A server with the program `hello`: a page with one field, whose name it greets.
async fn start(config: ServerConfig) -> Server {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/corpus/v0.1/hello.wasm");
    let server = Server::start(config).await;
    let bundle = bundle::verify(std::fs::read(file).unwrap()).unwrap();
    server.host.install(Admitted::development(bundle)).await.unwrap();
    server
}

async fn start_dev() -> Server {
    start(ServerConfig { dev: true, ..ServerConfig::default() }).await
}

async fn state(server: &Server, query: &str) -> (u16, Value) {
    let request = Request::get(format!("/_dev/state?{query}")).header("cookie", COOKIE);
    let answer = server.send(request.body(Body::empty()).unwrap()).await;
    (answer.status.as_u16(), serde_json::from_str(&answer.body).unwrap_or_default())
}

/// A post as a page's script sends it; `None` takes a header away.
fn travel(body: impl Into<Body>, changed: &[(&str, Option<&str>)]) -> Request<Body> {
    let mut request = Request::post("/_dev/travel");
    for (name, value) in [("sec-fetch-site", "same-origin"), ("content-type", "application/json"), ("cookie", COOKIE)] {
        let value = changed.iter().find(|(changed, _)| *changed == name).map_or(Some(value), |(_, value)| *value);
        if let Some(value) = value {
            request = request.header(name, value);
        }
    }
    request.body(body.into()).unwrap()
}

/// What stands between `before` and the next quotation mark.
fn quoted<'h>(html: &'h str, before: &str) -> &'h str {
    let (_, rest) = html.split_once(before).unwrap_or_else(|| panic!("no `{before}` in {html}"));
    rest.split('"').next().unwrap_or_default()
}

/// Opens the page, types a name and leaves the field; returns the page's id.
async fn greet(server: &Server, name: &str) -> String {
    let address = "/miniapp/hello/index";
    let request = Request::get(address).header("cookie", COOKIE).body(Body::empty()).unwrap();
    let page = server.send(request).await.body;
    let body = format!(
        "_recipe={}&_nonce={}&_seq=1&_h={}&f.{}={name}",
        quoted(&page, "name=\"_recipe\" value=\""),
        quoted(&page, "name=\"_nonce\" value=\""),
        quoted(&page, "data-change=\""),
        quoted(&page, "name=\"f."),
    );
    let request = Request::post(address)
        .header("sec-fetch-site", "same-origin")
        .header("content-type", FORM)
        .header("accept", MEDIA_TYPE)
        .header("cookie", COOKIE);
    let answer = server.send(request.body(body.into()).unwrap()).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let answer: Value = serde_json::from_str(&answer.body).unwrap();
    answer["page"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_author_sees_what_happened_and_goes_back() {
    let server = start_dev().await;
    let page = greet(&server, "Ada").await;
    let (status, seen) = state(&server, &format!("app=hello&page={page}")).await;
    assert_eq!(status, 200);
    assert_eq!((&seen["app"], &seen["at"], &seen["asks"]), (&json!("hello"), &json!(1), &json!([])));
    assert_eq!(seen["state"]["page"], json!({ "name": "Ada" }));
    let event = &seen["events"][0];
    assert_eq!((&event["kind"], &event["label"]), (&json!("change"), &json!("Your name")));
    assert_eq!((&event["seq"], &event["revision"]), (&json!(1), &json!(1)));
    assert!(event["fuel"]["update"].as_u64() > Some(0) && event["us"]["commit"].as_u64() > Some(0), "{event}");
    // The server has said what it took to show it.
    assert!(event["patch_bytes"].as_u64() > Some(0) && event["us"]["render"].is_u64(), "{event}");

    let wish = |to: u64| json!({ "app": "hello", "page": page, "to": to }).to_string();
    let answer = server.send(travel(wish(0), &[])).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/json"));
    assert_eq!(answer.header("cache-control"), "no-store");
    let seen: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!((&seen["at"], &seen["state"]["page"]), (&json!(0), &json!({ "name": "" })));
    let answer = server.send(travel(wish(2), &[])).await;
    assert_eq!((answer.status.as_u16(), answer.problem()), (409, "not-kept"));
}

#[tokio::test]
async fn what_is_not_known_is_nothing_and_what_is_not_there_is_not_found() {
    let server = start_dev().await;
    for page in ["", "&page=", "&page=nonsense", "&page=AAECAwQFBgcICQoLDA0ODw"] {
        let (status, seen) = state(&server, &format!("app=hello{page}")).await;
        let none = json!({ "app": null, "page": null });
        let nothing = json!({ "app": "hello", "at": 0, "state": none, "asks": [], "events": [] });
        assert_eq!((status, seen), (200, nothing), "{page}");
    }
    for query in ["", "app=none", "app=%ff"] {
        assert_eq!(state(&server, query).await.0, 404, "{query}");
    }
    let answer = server.get("/_dev/state?app=hello").await;
    assert_eq!((answer.status.as_u16(), answer.problem()), (403, "cookie"));
}

#[tokio::test]
async fn wishes_that_no_page_of_ours_sends_are_refused() {
    let server = start_dev().await;
    let good = json!({ "app": "hello", "page": "AAECAwQFBgcICQoLDA0ODw", "to": 0 }).to_string();
    let elsewhere = good.replace("hello", "none");
    let nowhere = good.replace("AAECAwQFBgcICQoLDA0ODw", "");
    let padded = |bytes: usize| format!("{good}{}", " ".repeat(bytes - good.len()));
    // Body, changed headers, status, kind of problem.
    type Case<'a> = (String, &'a [(&'a str, Option<&'a str>)], u16, &'a str);
    let cases: [Case<'_>; 11] = [
        (good.clone(), &[("sec-fetch-site", Some("cross-site"))], 403, "origin"),
        (good.clone(), &[("sec-fetch-site", None)], 403, "origin"),
        (good.clone(), &[("cookie", None)], 403, "cookie"),
        (String::new(), &[], 400, "bad-request"),
        ("[]".to_owned(), &[], 400, "bad-request"),
        (good.replace('0', "-1"), &[], 400, "bad-request"),
        (padded(4 * 1024), &[], 409, "not-kept"),
        (padded(4 * 1024 + 1), &[], 413, "too-large"),
        (elsewhere, &[], 404, "not-found"),
        (nowhere, &[], 409, "not-kept"),
        (good.clone(), &[], 409, "not-kept"),
    ];
    for (body, changed, status, problem) in cases {
        let answer = server.send(travel(body.clone(), changed)).await;
        assert_eq!((answer.status.as_u16(), answer.problem()), (status, problem), "{body} {changed:?}");
    }
}

#[tokio::test]
async fn nobody_waits_for_a_wish_without_end() {
    let soon = std::time::Duration::from_millis(50);
    let server = start(ServerConfig { dev: true, body_timeout: soon, ..ServerConfig::default() }).await;
    let answer = server.send(travel(Body::new(Never), &[])).await;
    assert_eq!((answer.status.as_u16(), answer.problem()), (408, "timeout"));
}

#[tokio::test]
async fn users_have_no_inspector() {
    let server = start(ServerConfig::default()).await;
    let page = greet(&server, "Ada").await;
    assert_eq!(state(&server, &format!("app=hello&page={page}")).await.0, 404);
    let wish = json!({ "app": "hello", "page": page, "to": 0 }).to_string();
    let nothing: &[(&str, Option<&str>)] = &[];
    for changed in [nothing, &[("sec-fetch-site", Some("cross-site"))]] {
        let answer = server.send(travel(wish.clone(), changed)).await;
        assert_eq!((answer.status.as_u16(), answer.problem()), (404, "not-found"));
    }
}
