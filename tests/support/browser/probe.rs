//! What is asked of a page: whether it has come to rest, what it is made of,
//! whether it is tidy, in which order the keyboard walks through it, and whether
//! axe-core finds that somebody is shut out.
//!
//! The questions are functions in `probes/`, run in the page.

use std::path::PathBuf;

use serde_json::Value;

use super::{Browser, key};
use crate::support::root;

const OUTLINE: &str = include_str!("probes/outline.js");
const TIDY: &str = include_str!("probes/tidy.js");
const STOPS: &str = include_str!("probes/stops.js");
const FOCUSED: &str = include_str!("probes/focused.js");
const AXE: &str = include_str!("probes/axe.js");

/// Nothing was pressed that is not answered, and no page is on its way.
const AT_REST: &str = "!document.querySelector('[data-pressed], [data-waiting]') && \
                       !document.documentElement.matches('[data-visiting], [data-offline]')";

/// A file of the tools that `scripts/test-packages.sh` keeps.
pub(crate) fn tool(path: &str) -> PathBuf {
    let file = root().join("target/test-tools").join(path);
    assert!(file.exists(), "{} is missing: run scripts/test-packages.sh, or `make test`", file.display());
    file
}

fn lines(value: &Value) -> Vec<String> {
    let all = value.as_array().into_iter().flatten();
    all.map(|line| line.as_str().unwrap_or_default().to_owned()).collect()
}

impl Browser {
    /// Waits until everything that was pressed is answered.
    pub(crate) async fn settled(&self) {
        self.until(AT_REST).await;
    }

    /// What the program's part of the page is made of, a line for each element and
    /// text.
    pub(crate) async fn outline(&self) -> Vec<String> {
        lines(&self.probe(OUTLINE, Vec::new()).await)
    }

    /// What one would see in a picture of the page, and not like.
    pub(crate) async fn untidy(&self) -> Vec<String> {
        lines(&self.probe(TIDY, Vec::new()).await)
    }

    /// Walks through the page by Tab alone and asserts that everything which can be
    /// used is reached, in the order of the page, in sight and set off.
    pub(crate) async fn assert_order_of_focus(&self, what: &str) {
        let found = self.probe(STOPS, Vec::new()).await;
        let (stops, positive) = (lines(&found["names"]), lines(&found["positive"]));
        assert!(!stops.is_empty(), "{what}: nothing can be used");
        assert_eq!(positive, Vec::<String>::new(), "{what}: a tabindex of its own breaks the order");
        let (mut reached, mut faults) = (vec![false; stops.len()], Vec::new());
        let mut last = None;
        // Areas that scroll are stops of their own; a date has one for each part.
        for _ in 0..stops.len() * 2 + 20 {
            self.key(key::TAB).await;
            let now = self.probe(FOCUSED, Vec::new()).await;
            if now.is_null() {
                break;
            }
            let name = now["name"].as_str().unwrap_or_default().to_owned();
            let stop = now["stop"].as_u64().and_then(|stop| usize::try_from(stop).ok());
            if stop.is_some() && stop == last {
                continue;
            }
            last = stop;
            match stop.and_then(|stop| reached.get_mut(stop)) {
                // Behind the last one is the first one.
                Some(reached) if *reached => break,
                Some(reached) => *reached = true,
                None if now["scroller"] == true => continue,
                None => faults.push(format!("stops at {name}")),
            }
            for (property, fault) in [("follows", "out of order"), ("seen", "covered"), ("rings", "not set off")] {
                if now[property] != true {
                    faults.push(format!("{name} is {fault}"));
                }
            }
        }
        let missed = stops.iter().zip(&reached).filter(|(_, reached)| !**reached);
        faults.extend(missed.map(|(name, _)| format!("{name} is not reached")));
        assert_eq!(faults, Vec::<String>::new(), "{what}: the way of the keyboard, of {stops:#?}");
    }

    /// Asserts that axe-core finds nothing.
    pub(crate) async fn assert_accessible(&self, what: &str) {
        if self.value_of("typeof axe").await == "undefined" {
            let axe = std::fs::read_to_string(tool("axe-core/axe.min.js")).expect("axe-core can be read");
            self.window.execute(&format!("{axe}\nwindow.axe = axe;"), Vec::new()).await.expect("axe-core can be run");
        }
        let found = self.window.execute_async(&format!("({AXE}\n)(arguments[0])"), Vec::new()).await;
        let violations = lines(&found.unwrap_or_else(|error| panic!("{what}: {error}")));
        assert!(violations.is_empty(), "{what}: axe-core finds\n{}", violations.join("\n"));
    }
}
