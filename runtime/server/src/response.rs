//! The headers of every answer, made once. A browser that gets a page of this
//! server runs no script but the host's own files, loads nothing from elsewhere,
//! sends no form elsewhere and shows it in no frame.
//!
//! Decides what is compressed: files of text, which are the same for everybody, once
//! each. Never pages: they have secrets beside what somebody else may have typed, and
//! their compressed length would tell of both.

use std::io::Write as _;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::sync::OnceCell;

/// What a page may load: the script, style and pictures of this server.
pub(crate) const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// For content whose address changes when it does.
pub(crate) const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// For pages: going back asks again, and gets a form that still works.
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

/// What style sheets are.
pub(crate) const CSS: &str = "text/css; charset=utf-8";

/// Headers that no answer goes without.
const ALWAYS: [(HeaderName, HeaderValue); 5] = [
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY)),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (header::CACHE_CONTROL, NO_STORE),
];

/// Adds what is missing. An answer that has a stricter policy of its own, or may
/// be kept, says so itself.
pub(crate) fn secure(headers: &mut HeaderMap) {
    for (name, value) in &ALWAYS {
        if !headers.contains_key(name) {
            headers.insert(name, value.clone());
        }
    }
}

/// A page.
pub(crate) fn html(status: StatusCode, page: String) -> Response {
    let mut answer = Response::new(Body::from(page));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, HTML);
    answer
}

/// "Go and get that." `None` for an address that is none.
pub(crate) fn see_other(address: &str) -> Option<Response> {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = StatusCode::SEE_OTHER;
    answer.headers_mut().insert(header::LOCATION, HeaderValue::from_str(address).ok()?);
    Some(answer)
}

/// "There is nothing to say."
pub(crate) fn no_content() -> Response {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = StatusCode::NO_CONTENT;
    answer
}

/// Content that never changes under its address.
pub(crate) fn immutable(media_type: &'static str, body: Body) -> Response {
    let mut answer = Response::new(body);
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, IMMUTABLE);
    answer
}

/// A file of text that never changes under its address, and its compressed form.
#[derive(Debug)]
pub(crate) struct TextFile {
    media_type: &'static str,
    plain: Bytes,
    gzip: Gzip,
}

impl TextFile {
    pub(crate) fn new(media_type: &'static str, plain: impl Into<Bytes>) -> Self {
        Self { media_type, plain: plain.into(), gzip: Gzip::default() }
    }

    /// The file, in the form that the request takes.
    pub(crate) async fn answer(&self, request: &HeaderMap) -> Response {
        immutable_text(self.media_type, self.plain.clone(), &self.gzip, request).await
    }
}

/// The compressed form of a text: made once, when it is first asked for, and kept.
#[derive(Debug, Default)]
pub(crate) struct Gzip(Arc<OnceCell<Option<Bytes>>>);

impl Gzip {
    /// `None` where it would not be shorter. `plain` is always the same.
    async fn of(&self, plain: &Bytes) -> Option<Bytes> {
        if let Some(made) = self.0.get() {
            return made.clone();
        }
        let (cell, plain) = (Arc::clone(&self.0), plain.clone());
        // In a task of its own: otherwise whoever asks and goes away would have it
        // begun again each time.
        let made = tokio::spawn(async move {
            let make = move || async move { tokio::task::spawn_blocking(move || gzip(&plain)).await.ok().flatten() };
            cell.get_or_init(make).await.clone()
        });
        made.await.ok().flatten()
    }
}

/// `None` where it is not shorter.
fn gzip(plain: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).ok()?;
    let packed = encoder.finish().ok()?;
    (packed.len() < plain.len()).then(|| Bytes::from(packed.into_boxed_slice()))
}

/// Text that never changes under its address, compressed where the request takes that.
pub(crate) async fn immutable_text(
    media_type: &'static str,
    plain: Bytes,
    gzip: &Gzip,
    request: &HeaderMap,
) -> Response {
    let packed = if takes_gzip(request) { gzip.of(&plain).await } else { None };
    let is_packed = packed.is_some();
    let mut answer = immutable(media_type, Body::from(packed.unwrap_or(plain)));
    let headers = answer.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if is_packed {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    answer
}

/// Whether whoever sent these headers reads gzip. Where it is named, `*` does not count.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let (mut named, mut any) = (None, None);
    let values = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    for coding in values.flat_map(|value| value.split(',')) {
        let (name, parameters) = coding.split_once(';').unwrap_or((coding, ""));
        let said = match name.trim() {
            "*" => &mut any,
            name if name.eq_ignore_ascii_case("gzip") => &mut named,
            _ => continue,
        };
        *said = Some(said.unwrap_or(true) && has_weight(parameters));
    }
    named.or(any).unwrap_or(false)
}

/// Whether the weight among these parameters is more than none. One that is no number
/// is none.
fn has_weight(parameters: &str) -> bool {
    parameters.split(';').filter_map(|parameter| parameter.split_once('=')).all(|(name, weight)| {
        !name.trim().eq_ignore_ascii_case("q") || weight.trim().parse::<f32>().is_ok_and(|weight| weight > 0.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_for_those_who_read_it() {
        let takes = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::ACCEPT_ENCODING, value.parse().unwrap());
            }
            takes_gzip(&headers)
        };
        for values in [
            &["gzip"][..],
            &["gzip, deflate, br, zstd"],
            &["br", "GZIP"],
            &["br;q=1.0, gzip;q=0.001"],
            &["gzip ; Q = 0.5"],
            &["*"],
            &["*;q=0, gzip"],
        ] {
            assert!(takes(values), "{values:?}");
        }
        for values in [
            &["identity"][..],
            &[],
            &[""],
            &["br, deflate"],
            &["gzip;q=0"],
            &["gzip;q=0.000"],
            &["gzip; q=none"],
            &["gzip;q=-1"],
            &["gzip;q=0, *"],
            &["gzip", "gzip;q=0"],
            &["*;q=0"],
            &["gzipped"],
        ] {
            assert!(!takes(values), "{values:?}");
        }
    }

    #[tokio::test]
    async fn a_text_is_compressed_once_and_only_where_that_is_shorter() {
        let (long, short) = (Bytes::from("a{} ".repeat(1_000)), Bytes::from_static(b"a{}"));
        let packed = Gzip::default();
        let first = packed.of(&long).await.unwrap();
        assert!(first.len() < 100, "{}", first.len());
        assert_eq!(packed.of(&long).await.unwrap().as_ptr(), first.as_ptr(), "the same bytes again");
        assert_eq!(Gzip::default().of(&short).await, None);
    }

    #[tokio::test]
    async fn who_goes_away_does_not_have_it_made_again() {
        let packed = Gzip::default();
        let long = Bytes::from("a{} ".repeat(100_000));
        {
            // Begun, and given up at once.
            let mut asking = std::pin::pin!(packed.of(&long));
            let waiting = std::future::poll_fn(|cx| std::task::Poll::Ready(asking.as_mut().poll(cx).is_pending()));
            assert!(waiting.await);
        }
        while packed.0.get().is_none() {
            tokio::task::yield_now().await;
        }
        assert!(packed.0.get().is_some_and(Option::is_some));
    }
}
