//! Files of text are sent compressed to those who read that, and to nobody else; pages
//! never are.

use std::collections::BTreeSet;
use std::io::Read as _;

use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use flate2::read::GzDecoder;
use mprun_core::bundle;
use mprun_core::trust::Admitted;

use super::Server;
use crate::ServerConfig;

const PAGE: &str = "/miniapp/hello/index";

/// A server with the program `hello`, and with all files that there are.
async fn start() -> Server {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/corpus/v0.1/hello.wasm");
    let server = Server::start(ServerConfig { dev: true, ..ServerConfig::default() }).await;
    let bundle = bundle::verify(std::fs::read(file).unwrap()).unwrap();
    server.host.install(Admitted::development(bundle)).await.unwrap();
    server
}

async fn ask(server: &Server, method: Method, target: &str, accepts: Option<&str>) -> (HeaderMap, Vec<u8>) {
    let mut request = Request::builder().method(method).uri(target);
    if let Some(accepts) = accepts {
        request = request.header(header::ACCEPT_ENCODING, accepts);
    }
    let (status, headers, bytes) = server.send_for_bytes(request.body(Body::empty()).unwrap()).await;
    assert_eq!(status, StatusCode::OK, "{target}");
    (headers, bytes)
}

fn unpacked(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    GzDecoder::new(bytes).read_to_end(&mut plain).unwrap();
    plain
}

/// The addresses of all files that the pages name.
async fn addresses(server: &Server) -> BTreeSet<String> {
    let pages = server.get("/").await.body + &server.get(PAGE).await.body;
    let is_file = |text: &&str| text.starts_with('/') && (text.contains('.') || text.contains("/_icon/"));
    let mut all: BTreeSet<String> = pages.split('"').filter(is_file).map(str::to_owned).collect();
    let scripts: Vec<_> = all.iter().filter(|file| file.starts_with("/_dev/")).cloned().collect();
    all.extend(scripts.iter().map(|script| script.replace(".js", ".css")));
    all
}

#[tokio::test]
async fn files_of_text_are_sent_compressed_to_who_reads_that() {
    let server = start().await;
    let addresses = addresses(&server).await;
    let mut packed = BTreeSet::new();
    for target in &addresses {
        let (headers, plain) = ask(&server, Method::GET, target, None).await;
        let (short_headers, short) = ask(&server, Method::GET, target, Some("br, gzip;q=0.8")).await;
        for (headers, bytes) in [(&headers, &plain), (&short_headers, &short)] {
            assert_eq!(headers[header::VARY], "accept-encoding", "{target}");
            assert_eq!(headers[header::CONTENT_LENGTH], bytes.len().to_string(), "{target}");
        }
        for name in [header::CONTENT_TYPE, header::CACHE_CONTROL, header::CONTENT_SECURITY_POLICY] {
            assert_eq!(headers[&name], short_headers[&name], "{target}: {name}");
        }
        assert!(!headers.contains_key(header::CONTENT_ENCODING), "{target}");
        if short_headers.contains_key(header::CONTENT_ENCODING) {
            assert_eq!(short_headers[header::CONTENT_ENCODING], "gzip");
            assert!(short.len() < plain.len() && unpacked(&short) == plain, "{target}");
            packed.insert(target.as_str());
        } else {
            assert!(short == plain && plain.len() < 1_000, "{target} is compressed where that helps");
        }
        // Without a body, and again: the same headers.
        let (head, nothing) = ask(&server, Method::HEAD, target, Some("gzip")).await;
        assert!(nothing.is_empty() && head == short_headers, "{target}: {head:?}, {short_headers:?}");
        for refusing in ["gzip;q=0", "gzip;q=0, *", "identity", "br"] {
            let (headers, bytes) = ask(&server, Method::GET, target, Some(refusing)).await;
            assert!(bytes == plain && !headers.contains_key(header::CONTENT_ENCODING), "{target}: {refusing}");
        }
    }
    for kind in ["/_style/", "/_live/", "/_dev/", "/favicon.svg", "/miniapp/hello/_icon/", "/miniapp/hello/_asset/"] {
        assert!(packed.iter().any(|file| file.starts_with(kind)), "{kind}: {addresses:?}, of these {packed:?}");
    }
    assert_eq!(packed.iter().filter(|file| file.starts_with("/_dev/")).count(), 2, "script and style");
}

#[tokio::test]
async fn pages_are_not_compressed() {
    let server = start().await;
    for target in ["/", PAGE] {
        let (headers, bytes) = ask(&server, Method::GET, target, Some("gzip")).await;
        assert!(!headers.contains_key(header::CONTENT_ENCODING), "{target}");
        assert!(bytes.starts_with(b"<!doctype html>"), "{target}");
    }
}
