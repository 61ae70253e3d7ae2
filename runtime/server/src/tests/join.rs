//! The link that makes another browser the same user: opened as often as anybody
//! likes, used once.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use mprun_core::identity::UserId;

use super::{Answer, Server};
use crate::{Join, ServerConfig};

const TOKEN: &str = "AAECAwQFBgcICQoLDA0ODw";
const LINK: &str = "/_join/AAECAwQFBgcICQoLDA0ODw";

async fn start() -> Server {
    let join = Join { token: TOKEN.to_owned(), user: UserId::local(), target: "/miniapp/hello/index".to_owned() };
    Server::start(ServerConfig { join: Some(join), ..ServerConfig::default() }).await
}

async fn send(server: &Server, method: Method, link: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::builder().method(method).uri(link).header("host", "a");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    server.send(request.body(Body::empty()).unwrap()).await
}

/// As a phone does it that reaches this server without https: nothing but the origin
/// says where it comes from.
const PRESSED: &[(&str, &str)] = &[("origin", "http://a"), ("content-type", "application/x-www-form-urlencoded")];

#[tokio::test]
async fn a_link_is_spent_by_its_button_and_not_by_being_opened() {
    let server = start().await;
    for method in [Method::GET, Method::HEAD, Method::GET, Method::GET] {
        let answer = send(&server, method.clone(), LINK, &[]).await;
        assert_eq!(answer.status, StatusCode::OK, "{method}");
        assert!(!answer.headers.contains_key("set-cookie"), "{method}");
        assert_eq!(answer.header("cache-control"), "no-store");
        if method == Method::GET {
            assert!(answer.body.contains("<form method=\"post\">"), "{}", answer.body);
            assert!(answer.body.contains("<button class=\"mp-way mp-way-first\" type=\"submit\">"), "{}", answer.body);
            assert!(!answer.body.contains(TOKEN) && !answer.body.contains("<script"), "{}", answer.body);
        }
    }
    for method in [Method::PUT, Method::DELETE, Method::OPTIONS] {
        assert_eq!(send(&server, method, LINK, PRESSED).await.status, StatusCode::METHOD_NOT_ALLOWED);
    }
    let joined = send(&server, Method::POST, LINK, PRESSED).await;
    assert_eq!((joined.status, joined.header("location")), (StatusCode::SEE_OTHER, "/miniapp/hello/index"));
    assert!(joined.header("set-cookie").starts_with("mprun="), "{}", joined.header("set-cookie"));
    for method in [Method::POST, Method::GET] {
        let late = send(&server, method.clone(), LINK, PRESSED).await;
        assert_eq!((late.status, late.problem()), (StatusCode::NOT_FOUND, "not-found"), "{method}");
        assert!(!late.headers.contains_key("set-cookie"), "{method}");
    }
}

#[tokio::test]
async fn what_another_site_sends_does_not_spend_a_link() {
    let server = start().await;
    for headers in [
        &[("origin", "http://b")][..],
        &[],
        &[("origin", "null")],
        &[("sec-fetch-site", "cross-site"), ("origin", "http://a")],
        &[("sec-fetch-site", "same-site")],
    ] {
        let answer = send(&server, Method::POST, LINK, headers).await;
        assert_eq!((answer.status, answer.problem()), (StatusCode::FORBIDDEN, "origin"), "{headers:?}");
        assert!(!answer.headers.contains_key("set-cookie"), "{headers:?}");
    }
    assert_eq!(send(&server, Method::POST, LINK, PRESSED).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn only_the_link_itself_leads_in() {
    let server = start().await;
    for link in ["/_join/", "/_join/x", "/_join/AAECAwQFBgcICQoLDA0ODx", "/_join/AAECAwQFBgcICQoLDA0ODw/x"] {
        assert_eq!(send(&server, Method::GET, link, &[]).await.status, StatusCode::NOT_FOUND, "{link}");
        let answer = send(&server, Method::POST, link, PRESSED).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{link}");
        assert!(!answer.headers.contains_key("set-cookie"), "{link}");
    }
    let nobody = Server::start(ServerConfig::default()).await;
    assert_eq!(send(&nobody, Method::POST, LINK, PRESSED).await.status, StatusCode::NOT_FOUND);
    assert_eq!(send(&server, Method::POST, LINK, PRESSED).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn the_page_behind_a_link_speaks_the_language_of_the_browser() {
    let server = start().await;
    for (accepts, beginning) in [
        ("en-GB,en;q=0.9", "<html lang=\"en\" dir=\"ltr\">"),
        ("zh-CN", "<html lang=\"zh-Hans\" dir=\"ltr\">"),
        ("ar", "<html lang=\"ar\" dir=\"rtl\">"),
    ] {
        let page = send(&server, Method::GET, LINK, &[("accept-language", accepts)]).await;
        assert!(page.body.contains(beginning), "{accepts}: {}", page.body);
    }
}
