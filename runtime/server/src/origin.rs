//! Decides whether a POST was sent by a page of this server, and refuses it
//! otherwise: a page of somebody else could press buttons in the user's name.
//! Browsers say it in `Sec-Fetch-Site`; where that is missing, `Origin` has to
//! name the host that the request was sent to. A request with neither is refused.

use axum::http::{HeaderMap, header};

/// Whether the request may change something.
pub(crate) fn is_same_origin(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        // `none`: the user did it in the browser itself, such as reloading.
        return matches!(site.as_bytes(), b"same-origin" | b"none");
    }
    let origin = headers.get(header::ORIGIN).and_then(|value| value.to_str().ok());
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
    match (origin.and_then(authority), host) {
        (Some(origin), Some(host)) => !host.is_empty() && origin.eq_ignore_ascii_case(host),
        _ => false,
    }
}

/// Host and port of an origin. The scheme is not compared: behind a proxy the
/// browser's is `https` and ours is not.
fn authority(origin: &str) -> Option<&str> {
    origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pairs: &[(&str, &str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(axum::http::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        }
        is_same_origin(&headers)
    }

    #[test]
    fn only_pages_of_this_server_may_post() {
        assert!(check(&[("sec-fetch-site", "same-origin")]));
        assert!(check(&[("sec-fetch-site", "none")]));
        assert!(check(&[("origin", "http://127.0.0.1:8080"), ("host", "127.0.0.1:8080")]));
        assert!(check(&[("origin", "https://Shop.example"), ("host", "shop.example")]));

        assert!(!check(&[]));
        assert!(!check(&[("host", "a")]));
        assert!(!check(&[("sec-fetch-site", "cross-site"), ("origin", "http://a"), ("host", "a")]));
        assert!(!check(&[("sec-fetch-site", "same-site"), ("origin", "http://a"), ("host", "a")]));
        assert!(!check(&[("origin", "null"), ("host", "null")]));
        assert!(!check(&[("origin", "http://"), ("host", "")]));
        assert!(!check(&[("origin", "http://a:81"), ("host", "a:80")]));
        assert!(!check(&[("origin", "http://a.evil"), ("host", "a")]));
    }
}
