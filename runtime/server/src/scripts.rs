//! Hands out the host's own scripts. A program has none. Browsers get them without
//! the lines that are only comments, and without the blanks at the beginning of lines.

use crate::response::{CSS, TextFile};
use crate::shell::hash;

/// What makes pages live.
const LIVE: &str = include_str!("assets/live.js");
/// What shows developers what happens, with its style. Only `mprun dev` has it.
const DEV: &str = include_str!("assets/dev.js");
const DEV_STYLE: &str = include_str!("assets/dev.css");

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// The scripts, each under an address that changes with it.
#[derive(Debug)]
pub(crate) struct Scripts {
    /// In the order in which pages have them.
    addresses: Vec<String>,
    /// All files, by their addresses. The style of the script for developers is called
    /// like that.
    files: Vec<(String, TextFile)>,
}

impl Scripts {
    /// `dev`: with what is for developers.
    pub(crate) fn new(dev: bool) -> Self {
        let live = without_comments(LIVE);
        let address = format!("/_live/{}.js", hash(&live));
        let mut addresses = vec![address.clone()];
        let mut files = vec![(address, TextFile::new(JAVASCRIPT, live))];
        if dev {
            let name = format!("/_dev/{}", hash(&[DEV, DEV_STYLE].concat()));
            let address = format!("{name}.js");
            addresses.push(address.clone());
            files.push((address, TextFile::new(JAVASCRIPT, DEV)));
            files.push((format!("{name}.css"), TextFile::new(CSS, DEV_STYLE)));
        }
        Self { addresses, files }
    }

    /// The addresses of those that every page of a program has.
    pub(crate) fn addresses(&self) -> &[String] {
        &self.addresses
    }

    /// The file with this address.
    pub(crate) fn at(&self, address: &str) -> Option<&TextFile> {
        self.files.iter().find(|(known, _)| known == address).map(|(_, file)| file)
    }
}

/// Our scripts have comments on lines of their own, and no text that looks like one
/// or goes over several lines.
fn without_comments(script: &str) -> String {
    let lines = script.lines().map(str::trim_start).filter(|line| !line.starts_with("//"));
    lines.flat_map(|line| [line, "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use axum::http::{HeaderMap, HeaderValue, header};

    use super::*;

    /// Bytes of the script as browsers get it: what the documentation promises.
    const LIVE_BYTES_MAX: usize = 6_000;

    #[tokio::test]
    async fn what_makes_pages_live_is_small_as_it_is_sent() {
        let scripts = Scripts::new(false);
        let request = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"))]);
        let answer = scripts.at(&scripts.addresses()[0]).unwrap().answer(&request).await;
        assert_eq!(answer.headers()[header::CONTENT_ENCODING], "gzip");
        let sent = to_bytes(answer.into_body(), usize::MAX).await.unwrap().len();
        assert!(sent < LIVE_BYTES_MAX, "{sent} bytes");
    }

    #[test]
    fn only_lines_of_comments_are_left_out() {
        assert_eq!(without_comments("// a\nb(); // c\n  // d\n  \"//\";\n"), "b(); // c\n\"//\";\n");
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
