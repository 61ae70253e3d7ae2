//! The addresses that a view may contain: a closed set of forms, so that no
//! `javascript:` and no address of the host can be written at all.
//!
//! - `asset:pictures/latte.svg`: a file of the bundle
//! - `page:product?id=7`: a page of the same program
//! - `https://example.org/path`: somewhere else, opened outside of the program

use std::borrow::Cow;

use thiserror::Error;

use crate::limits::URL_BYTES_MAX;
use crate::quoted;

/// An address, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Url<'a> {
    /// A file of the bundle, by its path there.
    Asset(&'a str),
    /// A page of the same program.
    Page {
        /// The page's route.
        route: &'a str,
        /// The part after `?`, percent-encoded pairs; empty if there is none.
        query: &'a str,
    },
    /// An absolute `https` address, outside of the program.
    Web(&'a str),
}

/// What kind of address an attribute takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UrlKind {
    /// [`Url::Asset`].
    Asset,
    /// [`Url::Page`].
    Page,
    /// [`Url::Web`].
    Web,
}

/// Why an address is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UrlError {
    /// None of the known forms.
    #[error("expected an address that begins with `asset:`, `page:` or `https://`, got `{0}`")]
    Scheme(String),
    /// A path or route outside of its grammar.
    #[error("`{0}` is not a path of lower-case words, digits, `.`, `-`, `_` and `/`")]
    Path(String),
    /// A query that is not made of percent-encoded pairs.
    #[error("`{0}` is not a percent-encoded query")]
    Query(String),
    /// A web address without a plain host name, or with characters that have to
    /// be encoded.
    #[error("`{0}` is not a plain https address")]
    Web(String),
    /// Longer than [`URL_BYTES_MAX`].
    #[error("the address has {0} bytes, at most {URL_BYTES_MAX} are allowed")]
    TooLong(usize),
    /// A known form in a place that does not take it.
    #[error("an address of this kind cannot stand here: `{0}`")]
    Kind(String),
}

impl<'a> Url<'a> {
    /// Reads an address.
    ///
    /// # Errors
    /// What is wrong with it; the text is quoted, cut to 80 characters.
    pub fn parse(text: &'a str) -> Result<Self, UrlError> {
        if text.len() > URL_BYTES_MAX {
            return Err(UrlError::TooLong(text.len()));
        }
        if let Some(path) = text.strip_prefix("asset:") {
            return if is_asset_path(path) { Ok(Self::Asset(path)) } else { Err(UrlError::Path(quoted(path))) };
        }
        if let Some(rest) = text.strip_prefix("page:") {
            let (route, query) = rest.split_once('?').unwrap_or((rest, ""));
            if !is_route(route) {
                return Err(UrlError::Path(quoted(route)));
            }
            if !is_query(query) {
                return Err(UrlError::Query(quoted(query)));
            }
            return Ok(Self::Page { route, query });
        }
        if let Some(rest) = text.strip_prefix("https://") {
            return if is_web(rest) { Ok(Self::Web(text)) } else { Err(UrlError::Web(quoted(text))) };
        }
        Err(UrlError::Scheme(quoted(text)))
    }

    /// Takes apart an address that has been read before, as all those in a
    /// template or tree have, without reading all of it again.
    pub fn known(text: &'a str) -> Option<Self> {
        if let Some(path) = text.strip_prefix("asset:") {
            return Some(Self::Asset(path));
        }
        match text.strip_prefix("page:") {
            Some(rest) => {
                let (route, query) = rest.split_once('?').unwrap_or((rest, ""));
                Some(Self::Page { route, query })
            }
            None => text.starts_with("https://").then_some(Self::Web(text)),
        }
    }

    /// Reads an address for a place that takes only some kinds.
    ///
    /// # Errors
    /// As [`Url::parse`], and [`UrlError::Kind`].
    pub fn parse_as(text: &'a str, kinds: &[UrlKind]) -> Result<Self, UrlError> {
        let url = Self::parse(text)?;
        if kinds.contains(&url.kind()) { Ok(url) } else { Err(UrlError::Kind(quoted(text))) }
    }

    /// What kind of address this is.
    pub fn kind(&self) -> UrlKind {
        match self {
            Self::Asset(_) => UrlKind::Asset,
            Self::Page { .. } => UrlKind::Page,
            Self::Web(_) => UrlKind::Web,
        }
    }
}

/// A `page:` address; names and values are percent-encoded here.
pub fn page(route: &str, parameters: &[(String, String)]) -> String {
    let mut url = format!("page:{route}");
    for (position, (name, value)) in parameters.iter().enumerate() {
        url.push(if position == 0 { '?' } else { '&' });
        encode_into(&mut url, name);
        url.push('=');
        encode_into(&mut url, value);
    }
    url
}

/// The pairs of a query, decoded. What is not valid UTF-8 after decoding becomes
/// U+FFFD.
pub fn query_pairs(query: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name), decode(value))
    })
}

/// Percent-encodes everything but the unreserved characters of RFC 3986.
pub fn encode_into(out: &mut String, text: &str) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains(['%', '+']) {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let hex = |offset: usize| bytes.get(at + offset).and_then(|digit| char::from(*digit).to_digit(16));
        match (byte, hex(1), hex(2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 3;
            }
            (b'+', ..) => {
                out.push(b' ');
                at += 1;
            }
            _ => {
                out.push(byte);
                at += 1;
            }
        }
    }
    Cow::Owned(String::from_utf8_lossy(&out).into_owned())
}

/// Whether `path` can name a file of a bundle: words of ASCII letters, digits,
/// `.`, `-` and `_`, joined by `/`, none of them beginning with a dot; at most
/// 255 bytes.
pub fn is_asset_path(path: &str) -> bool {
    path.len() <= 255
        && path.split('/').all(|word| {
            !word.is_empty()
                && !word.starts_with('.')
                && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
        })
}

/// Whether `route` can name a page: words of lower-case letters, digits and `-`
/// that begin with a letter, joined by `/`; at most 64 bytes.
pub fn is_route(route: &str) -> bool {
    route.len() <= 64
        && route.split('/').all(|word| {
            word.starts_with(|first: char| first.is_ascii_lowercase())
                && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        })
}

fn is_query(query: &str) -> bool {
    query.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%=&+".contains(&byte))
}

/// Host name, optional port, then path, query and fragment; no user name, no
/// literal address, nothing that a browser would rewrite.
fn is_web(rest: &str) -> bool {
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    let (host, port) = authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
    let port_ok = port.is_none_or(|port| {
        !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok()
    });
    let tail_ok = tail.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte));
    is_host(host) && port_ok && tail_ok
}

/// Two labels or more, of ASCII letters, digits and `-` inside, the last of which
/// begins with a letter.
///
/// For browsers and resolvers not only four decimal numbers are an IPv4 address:
/// any host is that "ends in a number" of the URL standard
/// (<https://url.spec.whatwg.org/#ends-in-a-number-checker>), whose last label is all
/// digits, or `0x` with hexadecimal digits or nothing behind it, as in `127.0.0.0x1`.
/// Such a label begins with a digit, and no top-level domain does.
fn is_host(host: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    host.split('.').all(is_label)
        && host.rsplit_once('.').is_some_and(|(_, last)| last.starts_with(|first: char| first.is_ascii_alphabetic()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_three_forms_are_addresses() {
        for good in [
            "asset:a.svg",
            "asset:pictures/latte-2.svg",
            "page:menu",
            "page:order/detail?id=7&q=a%20b",
            "https://example.org",
            "https://example.org:8443/a?b=c#d",
        ] {
            assert!(Url::parse(good).is_ok(), "{good}");
            assert_eq!(Url::parse(good).ok(), Url::known(good));
        }
        for bad in [
            "",
            "menu",
            "javascript:alert(1)",
            "JAVASCRIPT:alert(1)",
            " https://example.org",
            "http://example.org",
            "//example.org",
            "https://user@example.org",
            "https://127.0.0.1/",
            "https://localhost/",
            "https://example.org:99999/",
            "https://example.org/\"onload=",
            "https://example.org/a b",
            "https://example.org\\@evil.org",
            "asset:/etc/passwd",
            "asset:../x",
            "asset:a//b",
            "asset:.hidden",
            "page:",
            "page:Menu",
            "page:menu/../x",
            "page:menu?a=<script>",
            "data:text/html,x",
        ] {
            assert!(Url::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_server_has_a_name_and_no_number() {
        for good in [
            "example.org",
            "EXAMPLE.Org",
            "a.b",
            "cdn-2.example.co.uk",
            "1.example",
            "1.2.3.4.example",
            "0x7f.example",
            "127.0.0.1.nip.io",
            "a.x1",
            "a.abc",
            "a.f00",
            "a.x0",
            // Internationalised ones as DNS has them.
            "xn--bcher-kva.example",
            "example.xn--p1ai",
            "xn--fiqs8s.xn--fiqs8s",
            "example.org:443",
            "example.org:8443",
            "example.org:0",
            "example.org:65535",
        ] {
            for tail in ["", "/", "/a/b.png", "?q=1", "#top", "/a?q=@:#[1]"] {
                let url = format!("https://{good}{tail}");
                assert_eq!(Url::parse(&url), Ok(Url::Web(&url)));
            }
        }
        for bad in [
            "",
            ".",
            "localhost",
            "org",
            // Decimal, octal and hexadecimal numbers, of one to five parts.
            "127.0.0.1",
            "127.1",
            "1.2.3",
            "1.2.3.4.5",
            "2130706433",
            "127.0.0.256",
            "127.0.0.99999999999",
            "0177.0.0.1",
            "127.0.0.01",
            "127.0.0.08",
            "0x7f.1",
            "0x7f.0.0.1",
            "127.0.0.0x1",
            "127.0.0.0X1",
            "127.0.0.0x",
            "127.0.0.0xff",
            "1.0xffffff",
            "0x7f000001",
            "a.0x1",
            "a.1",
            "example.0x",
            "example.0",
            // Numbers for nobody, and no top-level domains either.
            "example.0xg",
            "example.0a",
            "example.1st",
            // The root's dot.
            "127.0.0.1.",
            "127.0.0.0x1.",
            "example.org.",
            "example.org..",
            ".example.org",
            "example..org",
            // IPv6, and what looks so.
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[2606:4700::1111]:443",
            "::1",
            "[v1.a]",
            // Users.
            "user@example.org",
            "user:pass@example.org",
            ":@example.org",
            "example.org@127.0.0.1",
            "example.org:443@127.0.0.1",
            // Ports.
            "example.org:",
            "example.org:65536",
            "example.org:-1",
            "example.org:+1",
            "example.org:0x1bb",
            "example.org:443:443",
            "127.0.0.1:443",
            // What a browser would make a name or a number of.
            "example.\u{ff10}x1",
            "\u{ff11}\u{ff12}\u{ff17}.0.0.1",
            "127\u{3002}0\u{3002}0\u{3002}1",
            "b\u{fc}cher.example",
            "127.0.0.%31",
            "127%2e0%2e0%2e1",
            "exam\tple.org",
            "a_b.example",
            "-a.example",
            "a-.example",
            "a.example-",
        ] {
            for tail in ["", "/", "/a/b.png", "?q=1", "#top"] {
                let url = format!("https://{bad}{tail}");
                assert_eq!(Url::parse(&url), Err(UrlError::Web(quoted(&url))), "{url}");
            }
        }
    }

    /// As the standard has it: the last label, before the root's dot if there is one,
    /// is all digits, or can be read as an IPv4 number.
    fn ends_in_a_number(host: &str) -> bool {
        let last = host.strip_suffix('.').unwrap_or(host).rsplit('.').next().unwrap_or_default();
        let hexadecimal = last.strip_prefix("0x").or_else(|| last.strip_prefix("0X"));
        !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit())
            || hexadecimal.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
    }

    #[test]
    fn no_host_ends_in_a_number_of_the_url_standard() {
        for (host, number) in [
            ("127.0.0.1", true),
            ("a.0x", true),
            ("a.0Xf", true),
            ("a.09", true),
            ("a.1.", true),
            ("a.0xg", false),
            ("a.b1", false),
            ("a.", false),
        ] {
            assert_eq!(ends_in_a_number(host), number, "{host}");
        }
        // All labels of up to four of these.
        let mut labels = vec![String::new()];
        let (mut numbers, mut names) = (0, 0);
        for _ in 0..4 {
            let longer = labels.iter().flat_map(|label| "0179afgxX-".chars().map(move |next| format!("{label}{next}")));
            labels = longer.collect();
            for label in &labels {
                for host in [format!("a.{label}"), format!("1.0.{label}"), format!("a.{label}.")] {
                    numbers += u32::from(ends_in_a_number(&host));
                    names += u32::from(is_host(&host));
                    assert!(!(is_host(&host) && ends_in_a_number(&host)), "{host}");
                }
            }
        }
        assert!(numbers > 500 && names > 500, "{numbers} numbers, {names} names");
    }

    #[test]
    fn a_page_address_reads_back_what_was_put_in() {
        let parameters = vec![("id".to_owned(), "7".to_owned()), ("q".to_owned(), "a b&c=d/é".to_owned())];
        let url = page("product", &parameters);
        let Ok(Url::Page { route, query }) = Url::parse(&url) else { panic!("{url}") };
        assert_eq!(route, "product");
        let read: Vec<_> = query_pairs(query).map(|(n, v)| (n.into_owned(), v.into_owned())).collect();
        assert_eq!(read, parameters);
    }
}
