//! Decides what addresses of pages look like: `/miniapp/<app_id>/<route>`, then
//! the page's own parameters, then the host's. Names that begin with `_` are the
//! host's in both directions: a program neither sees them nor can write one.

use std::fmt::Display;

use mprun_core::identity::PageId;
use mprun_frame::url::is_route;
use mprun_host::{Below, PageAddress, Place};
use url::form_urlencoded::{byte_serialize, parse};

/// Where programs live.
pub(crate) const PROGRAMS: &str = "/miniapp/";

/// Names the page instance.
const PAGE: &str = "_page";
/// Names the page instance that a link was on.
const FROM: &str = "_from";
/// Says what can be opened again below, where nothing of that is stored: a route
/// with its parameters, once for each page, the nearest first.
const BELOW: &str = "_below";

/// Names the stored page on which the farthest of those lies.
const BASE: &str = "_base";

/// Bytes that each link on a page has for the pages below; what does not fit is
/// forgotten, the farthest first.
const BELOW_BYTES_MAX: usize = 256;

/// The address of a place in a program: of the stored page where it names one,
/// of a fresh one otherwise.
pub fn address(app_id: &str, place: &Place) -> String {
    let mut out = String::with_capacity(96);
    out.push_str(PROGRAMS);
    out.push_str(app_id);
    out.push('/');
    push_page(&mut out, &place.route, &place.parameters);
    let of_host = match place.page {
        Some(page) => own(PAGE, &page),
        None => way_here(place.parent, &place.below),
    };
    push_own(&mut out, !place.parameters.is_empty(), &of_host);
    out
}

/// The host's own part of the address of a page that is opened from another one.
pub(crate) fn way_here(from: Option<PageId>, below: &Below) -> String {
    let mut pairs: Vec<String> = from.map(|from| own(FROM, &from)).into_iter().collect();
    let mut left = BELOW_BYTES_MAX;
    for page in &below.pages {
        let mut text = String::new();
        push_page(&mut text, &page.route, &page.parameters);
        let pair = own(BELOW, &byte_serialize(text.as_bytes()).collect::<String>());
        let Some(rest) = left.checked_sub(pair.len()) else { return pairs.join("&") };
        left = rest;
        pairs.push(pair);
    }
    pairs.extend(below.base.filter(|_| !below.is_empty()).map(|base| own(BASE, &base)));
    pairs.join("&")
}

fn push_page(out: &mut String, route: &str, parameters: &[(String, String)]) {
    out.push_str(route);
    let mut separator = '?';
    for (name, value) in parameters.iter().filter(|(name, _)| !name.starts_with('_')) {
        out.push(separator);
        out.extend(byte_serialize(name.as_bytes()));
        out.push('=');
        out.extend(byte_serialize(value.as_bytes()));
        separator = '&';
    }
}

/// Writes the address of a page that a view links to. `query` is checked and
/// percent-encoded already, `way_here` is what [`way_here`] says.
pub(crate) fn push_link(out: &mut String, app_id: &str, route: &str, query: &str, way_here: &str) {
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
    push_own(out, separator == '&', way_here);
}

fn own(name: &str, value: &dyn Display) -> String {
    format!("{name}={value}")
}

fn push_own(out: &mut String, has_others: bool, of_host: &str) {
    if !of_host.is_empty() {
        out.push(if has_others { '&' } else { '?' });
        out.push_str(of_host);
    }
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
    /// What can be opened again below it.
    pub(crate) below: Below,
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
                BELOW => read.below.pages.extend(page(&value)),
                BASE => read.below.base = read.below.base.or_else(|| value.parse().ok()),
                name if name.starts_with('_') => {}
                _ => read.parameters.push((name.into_owned(), value.into_owned())),
            }
        }
        read
    }
}

/// Reads a page below.
fn page(text: &str) -> Option<PageAddress> {
    let (route, query) = text.split_once('?').unwrap_or((text, ""));
    let parameters = parse(query.as_bytes()).filter(|(name, _)| !name.starts_with('_'));
    let parameters = parameters.map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    is_route(route).then(|| PageAddress { route: route.to_owned(), parameters })
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
        let pages = vec![
            PageAddress { route: "shelf".to_owned(), parameters: vec![("q".to_owned(), "a&b".to_owned())] },
            PageAddress { route: "menu".to_owned(), parameters: Vec::new() },
        ];
        let below = Below { pages, base: Some(id(9)) };
        Place { page, route: "product".to_owned(), parameters, parent, below }
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
        let text = address("coffee", &place(None, Some(id(8))));
        assert!(text.ends_with(&format!("&_from={}&_below=shelf%3Fq%3Da%2526b&_below=menu&_base={}", id(8), id(9))));
        let query = Query::parse(text.split_once('?').map(|(_, query)| query));
        assert_eq!((query.page, query.from, query.below), (None, Some(id(8)), place(None, None).below));
        let below = Below { base: None, ..place(None, None).below };
        let alone = Place { parameters: Vec::new(), below, ..place(None, None) };
        assert_eq!(address("a", &alone), "/miniapp/a/product?_below=shelf%3Fq%3Da%2526b&_below=menu");
    }

    #[test]
    fn a_program_cannot_use_the_names_of_the_host() {
        let mut link = String::new();
        push_link(&mut link, "coffee", "order", "a=1&_page=x&%5Fpage=y&b=2", &way_here(Some(id(1)), &Below::default()));
        assert_eq!(link, format!("/miniapp/coffee/order?a=1&b=2&_from={}", id(1)));
        let query = Query::parse(Some("_x=1&_page=short&%5Fpage=also&a=1"));
        assert_eq!(query.page, None);
        assert_eq!(query.parameters, [("a".to_owned(), "1".to_owned())]);
    }

    #[test]
    fn pages_below_are_read_as_far_as_they_are_some_and_never_grow_without_end() {
        let query = Query::parse(Some("_below=../etc&_below=&_below=menu%3F_page%3Dx%26a%3D1&_below=http://x"));
        let menu = PageAddress { route: "menu".to_owned(), parameters: vec![("a".to_owned(), "1".to_owned())] };
        assert_eq!(query.below.pages, [menu]);
        let long = PageAddress { route: "menu".to_owned(), parameters: vec![("a".to_owned(), "x".repeat(100))] };
        let way = way_here(None, &Below { pages: vec![long.clone(), long.clone(), long], base: Some(id(1)) });
        assert!(way.len() <= BELOW_BYTES_MAX && way.matches(BELOW).count() == 2, "{way}");
        assert!(!way.contains(BASE), "it would lie under the wrong page: {way}");
    }

    #[test]
    fn paths_are_not_decoded() {
        assert_eq!(split("/miniapp/coffee"), Some(("coffee", "")));
        assert_eq!(split("/miniapp/coffee/a/b"), Some(("coffee", "a/b")));
        assert_eq!(split("/miniapp/c%6Fffee/a"), Some(("c%6Fffee", "a")));
        assert_eq!(split("/other"), None);
    }
}
