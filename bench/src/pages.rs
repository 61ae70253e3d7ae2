//! The same three pages from every contender, in one run: all servers are up, each
//! is asked in turn, several rounds, medians. Before that the pages are compared:
//! whoever shows other texts, fields or rows is not measured.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::client::Client;
use crate::load::{self, Run};
use crate::peers::Peers;
use crate::programs::{self, Serving};

/// What is asked for: routes, and what is on them.
pub(crate) const PAGES: [(&str, &str); 3] =
    [("cards", "40 product cards"), ("form", "A form of 30 fields"), ("table", "A table of 1,000 rows")];

/// Seconds of load before anything is counted: caches fill, and what compiles
/// while it runs has compiled.
const WARM_UP_S: u32 = 3;

/// Somebody who shows the pages.
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    /// Answers of mprun with a fresh sandbox for each answer of theirs: at least so
    /// many. None where that is not the question.
    pub(crate) aim: Option<f64>,
    server: Serving,
}

/// How a contender did with one page.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) aim: Option<f64>,
    pub(crate) run: Run,
    /// Bytes of the document.
    pub(crate) bytes: usize,
}

/// All of them with one page; the first is mprun with a fresh sandbox for each
/// request.
pub(crate) struct Table {
    pub(crate) title: &'static str,
    pub(crate) rows: Vec<Row>,
}

/// All contenders, and the user of mprun's pages.
pub(crate) struct Field {
    contenders: Vec<Contender>,
    cookie: String,
}

impl Field {
    /// Starts every server.
    pub(crate) fn start(built: &Path, folder: &Path, guest: &Path, peers: &Peers) -> Result<Field> {
        let bundles = programs::distinct(guest, folder, 1)?;
        let mprun = |more: &[&str]| {
            let arguments = programs::serve_arguments(&bundles, folder, more);
            Serving::start(built.join("mprun"), &arguments)
        };
        let usual = mprun(&[])?;
        let cookie = usual.seed(1, &PAGES.map(|(route, _)| route))?;
        // On the same rows: pages that are only looked at store nothing.
        let fresh = mprun(&["--view-cache-mib", "0"])?;
        let database = programs::database(folder)?;
        let native = ["native".to_owned(), database.to_string_lossy().into_owned()];
        let native = Serving::start(std::env::current_exe()?, &native)?;
        let contender = |name, aim, server| Contender { name, aim, server };
        let contenders = vec![
            contender("mprun, fresh sandbox", None, fresh),
            contender("mprun, as usual", None, usual),
            contender("axum + maud, native", Some(0.5), native),
            contender("workerd", Some(1.5), peers.workerd()?),
            contender("React on Node", Some(5.0), peers.react()?),
            contender("wasmtime serve", Some(4.0), peers.wasi_http(folder)?),
        ];
        Ok(Field { contenders, cookie })
    }

    /// Measures one of [`PAGES`].
    pub(crate) fn measure(
        &self,
        folder: &Path,
        (route, title): (&str, &'static str),
        rounds: usize,
        seconds: u32,
    ) -> Result<Table> {
        let path = programs::path(1, route);
        let mut expected: Option<String> = None;
        let mut bytes = Vec::new();
        for Contender { name, server, .. } in &self.contenders {
            let page = Client::connect(server.address())?.with_cookie(&self.cookie).get(&path);
            let page = page.with_context(|| *name)?;
            let found = words(&page);
            let expected = expected.get_or_insert_with(|| found.clone());
            ensure!(found == *expected, "{name} shows something else on {path}: {}", difference(expected, &found));
            bytes.push(page.len());
        }
        let paths = [path];
        let mut runs = vec![Vec::new(); self.contenders.len()];
        for round in 0..=rounds {
            for (Contender { server, .. }, runs) in self.contenders.iter().zip(&mut runs) {
                let seconds = if round == 0 { WARM_UP_S } else { seconds };
                let run = load::run(folder, server.address(), &self.cookie, &paths, seconds)?;
                if round > 0 {
                    runs.push(run);
                }
            }
        }
        let rows = self.contenders.iter().zip(runs).zip(bytes).map(|((contender, runs), bytes)| {
            let run = load::median(runs).context("at least one round")?;
            Ok(Row { name: contender.name, aim: contender.aim, run, bytes })
        });
        Ok(Table { title, rows: rows.collect::<Result<_>>()? })
    }
}

/// What a reader finds on a page: the texts of its view, what its fields say, what
/// is chosen in them.
fn words(html: &str) -> String {
    let view = html.find("<h1").and_then(|at| html.get(at..)).unwrap_or_default();
    let mut rest = view.split_once("</main>").map_or(view, |(view, _)| view);
    let mut out = String::new();
    while let Some((text, after)) = rest.split_once('<') {
        push(&mut out, text);
        // React writes comments between texts.
        let end = if after.starts_with("!--") { "-->" } else { ">" };
        let (tag, after) = after.split_once(end).unwrap_or_default();
        if tag.starts_with("input ") && !tag.contains("type=\"hidden\"") {
            let value = tag.split_once(" value=\"").and_then(|(_, value)| value.split('"').next());
            push(&mut out, value.unwrap_or_default());
        }
        if tag.contains(" checked") || tag.contains(" selected") {
            push(&mut out, "(chosen)");
        }
        rest = after;
    }
    out
}

/// Appends a text with single spaces, its character references resolved.
fn push(out: &mut String, text: &str) {
    for word in text.split_whitespace() {
        let mut rest = word;
        while let Some((before, after)) = rest.split_once('&') {
            out.push_str(before);
            let (name, after) = after.split_once(';').unwrap_or_default();
            let number = name.strip_prefix('#').and_then(|number| match number.strip_prefix('x') {
                Some(digits) => u32::from_str_radix(digits, 16).ok(),
                None => number.parse().ok(),
            });
            out.push(match name {
                "amp" => '&',
                "lt" => '<',
                "gt" => '>',
                "quot" => '"',
                _ => number.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER),
            });
            rest = after;
        }
        out.push_str(rest);
        out.push(' ');
    }
}

/// Where two texts begin to differ.
fn difference(expected: &str, found: &str) -> String {
    let same = expected.chars().zip(found.chars()).take_while(|(one, other)| one == other).count();
    let around = |text: &str| text.chars().skip(same.saturating_sub(30)).take(80).collect::<String>();
    format!("expected `{}`, got `{}`", around(expected), around(found))
}
