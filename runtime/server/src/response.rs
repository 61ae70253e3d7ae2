//! The headers of every answer, made once. A browser that gets a page of this
//! server runs no script but the host's own files, loads nothing from elsewhere,
//! sends no form elsewhere and shows it in no frame.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;

/// What a page may load: the script, style and pictures of this server.
pub(crate) const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// For content whose address changes when it does.
pub(crate) const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// For pages: going back asks again, and gets a form that still works.
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

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

/// Content that never changes under its address.
pub(crate) fn immutable(media_type: &'static str, body: Body) -> Response {
    let mut answer = Response::new(body);
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, IMMUTABLE);
    answer
}
