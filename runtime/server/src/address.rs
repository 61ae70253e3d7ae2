//! Decides what addresses of pages look like: `/miniapp/<app_id>/<route>`, then
//! the page's own parameters, then the host's. Names that begin with `_` are the
//! host's in both directions: a program neither sees them nor can write one.

use std::fmt::{Display, Write as _};

use mprun_core::identity::PageId;
use mprun_host::Place;
use url::form_urlencoded::{byte_serialize, parse};

/// Where programs live.
pub(crate) const PROGRAMS: &str = "/miniapp/";

/// Names the page instance.
const PAGE: &str = "_page";
/// Names the page instance that a link was on.
const FROM: &str = "_from";

/// The address of a place in a program: of the stored page where it names one,
/// of a fresh one otherwise.
pub fn address(app_id: &str, place: &Place) -> String {
    let mut out = String::with_capacity(96);
    out.push_str(PROGRAMS);
    out.push_str(app_id);
    out.push('/');
    out.push_str(&place.route);
    let mut separator = '?';
    for (name, value) in place.parameters.iter().filter(|(name, _)| !name.starts_with('_')) {
        out.push(separator);
        out.extend(byte_serialize(name.as_bytes()));
        out.push('=');
        out.extend(byte_serialize(value.as_bytes()));
        separator = '&';
    }
    match (place.page, place.parent) {
        (Some(page), _) => own(&mut out, separator, PAGE, &page),
        (None, Some(parent)) => own(&mut out, separator, FROM, &parent),
        (None, None) => {}
    }
    out
}

/// Writes the address of a page that a view links to. `query` is checked and
/// percent-encoded already.
pub(crate) fn push_link(out: &mut String, app_id: &str, route: &str, query: &str, from: Option<PageId>) {
    out.push_str(PROGRAMS);
    out.push_str(app_id);
    out.push('/');
    out.push_str(route);
    let mut separator = '?';
    for pair in query.split('&').filter(|pair| !pair.is_empty() && !is_host_name(pair)) {
        out.push(separator);
        out.push_str(pair);
        separator = '&';
    }
    if let Some(from) = from {
        own(out, separator, FROM, &from);
    }
}

fn own(out: &mut String, separator: char, name: &str, value: &dyn Display) {
    // Writing to a `String` cannot fail.
    let _ = write!(out, "{separator}{name}={value}");
}

/// Whether a pair's name begins with `_`, however it is written.
fn is_host_name(pair: &str) -> bool {
    parse(pair.as_bytes()).next().is_some_and(|(name, _)| name.starts_with('_'))
}

/// What a query says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Query {
    /// The page instance to show.
    pub(crate) page: Option<PageId>,
    /// The page instance that led here.
    pub(crate) from: Option<PageId>,
    /// The program's parameters, in order.
    pub(crate) parameters: Vec<(String, String)>,
}

impl Query {
    /// Reads a query. A host's name that means nothing, or has a value that is
    /// none, is left out: then there is a fresh page rather than an error.
    pub(crate) fn parse(query: Option<&str>) -> Self {
        let mut read = Self::default();
        for (name, value) in parse(query.unwrap_or_default().as_bytes()) {
            match name.as_ref() {
                PAGE => read.page = read.page.or_else(|| value.parse().ok()),
                FROM => read.from = read.from.or_else(|| value.parse().ok()),
                name if name.starts_with('_') => {}
                _ => read.parameters.push((name.into_owned(), value.into_owned())),
            }
        }
        read
    }
}

/// The program and what follows it in a path below `/miniapp/`. Nothing is
/// decoded: neither app ids nor routes contain anything that needs it, so each
/// has one spelling.
pub(crate) fn split(path: &str) -> Option<(&str, &str)> {
    let rest = path.strip_prefix(PROGRAMS)?;
    Some(rest.split_once('/').unwrap_or((rest, "")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(byte: u8) -> PageId {
        PageId::from_bytes([byte; 16])
    }

    fn place(page: Option<PageId>, parent: Option<PageId>) -> Place {
        let parameters = vec![
            ("id".to_owned(), "7".to_owned()),
            ("q".to_owned(), "a b&c=ü".to_owned()),
            ("_page".to_owned(), "x".to_owned()),
        ];
        Place { page, route: "product".to_owned(), parameters, parent }
    }

    #[test]
    fn an_address_is_read_back() {
        let text = address("coffee", &place(Some(id(7)), Some(id(8))));
        assert_eq!(text, format!("/miniapp/coffee/product?id=7&q=a+b%26c%3D%C3%BC&_page={}", id(7)));
        let (path, query) = text.split_once('?').unwrap();
        assert_eq!(split(path), Some(("coffee", "product")));
        let query = Query::parse(Some(query));
        assert_eq!(query.page, Some(id(7)));
        assert_eq!(query.from, None);
        assert_eq!(query.parameters, place(None, None).parameters[..2]);
        assert!(address("coffee", &place(None, Some(id(8)))).ends_with(&format!("&_from={}", id(8))));
    }

    #[test]
    fn a_program_cannot_use_the_names_of_the_host() {
        let mut link = String::new();
        push_link(&mut link, "coffee", "order", "a=1&_page=x&%5Fpage=y&b=2", Some(id(1)));
        assert_eq!(link, format!("/miniapp/coffee/order?a=1&b=2&_from={}", id(1)));
        let query = Query::parse(Some("_x=1&_page=short&%5Fpage=also&a=1"));
        assert_eq!(query.page, None);
        assert_eq!(query.parameters, [("a".to_owned(), "1".to_owned())]);
    }

    #[test]
    fn paths_are_not_decoded() {
        assert_eq!(split("/miniapp/coffee"), Some(("coffee", "")));
        assert_eq!(split("/miniapp/coffee/a/b"), Some(("coffee", "a/b")));
        assert_eq!(split("/miniapp/c%6Fffee/a"), Some(("c%6Fffee", "a")));
        assert_eq!(split("/other"), None);
    }
}
