//! Writes what the user sees where something did not work: what happened, in
//! plain words, whether anything was lost, and a way back. What helps only the
//! developer stands in a part of its own that an operator can switch off.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use mprun_core::manifest::ColorScheme;
use mprun_core::render::escape;
use mprun_host::PageError;

use crate::response;
use crate::shell::push_head;

/// Something that did not work.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    /// The answer's status.
    pub(crate) status: StatusCode,
    /// One word for tests and logs.
    pub(crate) kind: &'static str,
    /// What happened, in a few words.
    pub(crate) title: Cow<'static, str>,
    /// What it means, in one or two sentences.
    pub(crate) text: Cow<'static, str>,
    /// For the developer.
    pub(crate) detail: Option<String>,
    /// Where to go on, the best first: address and words. The app centre is
    /// always offered, at the end.
    pub(crate) ways: Vec<(String, Cow<'static, str>)>,
    /// When it makes sense to try again.
    pub(crate) retry_after: Option<Duration>,
    /// Came out of a program: the host has told its developer, as often as a
    /// program may be spoken of.
    pub(crate) of_program: bool,
}

impl Problem {
    /// A problem with nothing but words.
    pub(crate) const fn new(status: StatusCode, kind: &'static str, title: &'static str, text: &'static str) -> Self {
        Self {
            status,
            kind,
            title: Cow::Borrowed(title),
            text: Cow::Borrowed(text),
            detail: None,
            ways: Vec::new(),
            retry_after: None,
            of_program: false,
        }
    }

    /// With another link to go on from.
    pub(crate) fn way(mut self, address: impl Into<String>, words: impl Into<Cow<'static, str>>) -> Self {
        self.ways.push((address.into(), words.into()));
        self
    }

    /// With a word for the developer.
    pub(crate) fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// With a time to wait.
    pub(crate) const fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// Why a program's page could not be shown or used. `name` is the program's.
    pub(crate) fn of(error: &PageError, name: &str) -> Self {
        let (status, title) = match error {
            PageError::NotFound { .. } => (StatusCode::NOT_FOUND, "This page does not exist".to_owned()),
            PageError::Guest { .. } => (StatusCode::INTERNAL_SERVER_ERROR, format!("{name} cannot show this page")),
            PageError::Trap { .. } => (StatusCode::INTERNAL_SERVER_ERROR, format!("{name} stopped working")),
            PageError::Exhausted { .. } => (StatusCode::INTERNAL_SERVER_ERROR, format!("{name} used more than it may")),
            PageError::View { .. } => {
                (StatusCode::INTERNAL_SERVER_ERROR, format!("{name} has made a page that cannot be shown"))
            }
            PageError::Invalid { .. } => (StatusCode::BAD_REQUEST, "This request could not be understood".to_owned()),
            PageError::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "This is too much at once".to_owned()),
            PageError::Busy { .. } => (StatusCode::SERVICE_UNAVAILABLE, "Too much to do right now".to_owned()),
            PageError::Internal { .. } => (StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong here".to_owned()),
        };
        let mut detail = error.to_string();
        if let Some(limit) = error.limit() {
            let _ = write!(detail, "\nlimit: {}", limit.name());
        }
        if let Some(more) = error.detail().filter(|more| !detail.contains(more)) {
            detail.push('\n');
            detail.push_str(more);
        }
        Self {
            status,
            of_program: error.is_of_program(),
            kind: error.kind(),
            title: title.into(),
            text: match error {
                PageError::NotFound { .. } => "The address is misspelt, or what it showed is gone.".into(),
                _ => error.plain().into(),
            },
            detail: Some(detail),
            ways: Vec::new(),
            retry_after: match error {
                PageError::Busy { retry_after } => Some(*retry_after),
                _ => None,
            },
        }
    }

    /// The page. `details`: whether developers may read on.
    pub(crate) fn html(&self, style: &str, details: bool) -> String {
        let mut out = String::with_capacity(2_048);
        out.push_str("<!doctype html>\n<html lang=\"en\" dir=\"ltr\">");
        push_head(&mut out, ColorScheme::Auto, style);
        out.push_str("<link rel=\"icon\" href=\"/favicon.svg\"><title>");
        escape::push(&mut out, &self.title);
        // Writing to a `String` cannot fail.
        let _ = write!(
            out,
            "</title></head><body class=\"mp-host\"><main class=\"mp-problem\" data-problem=\"{}\">\
             <p class=\"mp-status\">{}</p><h1>",
            self.kind,
            self.status.as_u16()
        );
        escape::push(&mut out, &self.title);
        out.push_str("</h1><p>");
        escape::push(&mut out, &self.text);
        out.push_str("</p><p class=\"mp-ways\">");
        let mut class = "mp-way mp-way-first";
        for (address, words) in &self.ways {
            let _ = write!(out, "<a class=\"{class}\" href=\"");
            escape::push(&mut out, address);
            out.push_str("\">");
            escape::push(&mut out, words);
            out.push_str("</a>");
            class = "mp-way";
        }
        let _ = write!(out, "<a class=\"{class}\" href=\"/\">All mini-programs</a></p>");
        if let (true, Some(detail)) = (details, &self.detail) {
            let _ = write!(
                out,
                "<details class=\"mp-detail\"><summary>For the developer</summary><pre><code>{}: ",
                self.kind
            );
            escape::push(&mut out, detail);
            out.push_str("</code></pre></details>");
        }
        out.push_str("</main></body></html>\n");
        out
    }

    /// The answer.
    pub(crate) fn respond(&self, style: &str, details: bool) -> Response {
        let mut answer = response::html(self.status, self.html(style, details));
        if let Some(wait) = self.retry_after {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        answer
    }
}
