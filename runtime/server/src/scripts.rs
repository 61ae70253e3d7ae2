//! Hands out the host's own scripts. A program has none. Browsers get them without
//! the lines that are only comments.

use axum::body::{Body, Bytes};
use axum::response::Response;

use crate::response;
use crate::shell::hash;

/// What makes pages live.
const LIVE: &str = include_str!("assets/live.js");
/// What shows developers what happens, with its style. Only `mprun dev` has it.
const DEV: &str = include_str!("assets/dev.js");
const DEV_STYLE: &str = include_str!("assets/dev.css");

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";

/// The scripts, each under an address that changes with it.
#[derive(Debug)]
pub(crate) struct Scripts {
    /// In the order in which pages have them.
    addresses: Vec<String>,
    live: Bytes,
}

impl Scripts {
    /// `dev`: with what is for developers.
    pub(crate) fn new(dev: bool) -> Self {
        let live = without_comments(LIVE);
        let address = format!("/_live/{}.js", hash(&live));
        let dev = dev.then(|| format!("/_dev/{}.js", hash(&[DEV, DEV_STYLE].concat())));
        Self { addresses: std::iter::once(address).chain(dev).collect(), live: live.into() }
    }

    /// The addresses of those that every page of a program has.
    pub(crate) fn addresses(&self) -> &[String] {
        &self.addresses
    }

    /// The file with this address; the style of the script for developers is
    /// called like that.
    pub(crate) fn at(&self, address: &str) -> Option<Response> {
        let is = |wanted: &str, of: &str| self.addresses.iter().any(|known| known == wanted && known.starts_with(of));
        let (kind, text) = match address.strip_suffix(".css") {
            Some(name) if is(&format!("{name}.js"), "/_dev/") => (CSS, Bytes::from_static(DEV_STYLE.as_bytes())),
            None if is(address, "/_live/") => (JAVASCRIPT, self.live.clone()),
            None if is(address, "/_dev/") => (JAVASCRIPT, Bytes::from_static(DEV.as_bytes())),
            _ => return None,
        };
        Some(response::immutable(kind, Body::from(text)))
    }
}

/// Our scripts have comments on lines of their own, and no text that looks like one.
fn without_comments(script: &str) -> String {
    let lines = script.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.flat_map(|line| [line, "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_of_comments_are_left_out() {
        assert_eq!(without_comments("// a\nb(); // c\n  // d\n\"//\";\n"), "b(); // c\n\"//\";\n");
    }

    #[test]
    fn developers_have_more_than_users() {
        let (user, developer) = (Scripts::new(false), Scripts::new(true));
        assert_eq!((user.addresses().len(), developer.addresses().len()), (1, 2));
        let dev = &developer.addresses()[1];
        let style = dev.replace(".js", ".css");
        assert!(developer.at(dev).is_some() && developer.at(&style).is_some());
        assert!(user.at(dev).is_none() && user.at(&style).is_none());
        assert!(user.at(&user.addresses()[0]).is_some());
        assert!(user.at("/_live/0.js").is_none());
    }
}
