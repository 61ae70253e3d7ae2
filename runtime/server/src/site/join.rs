//! Another browser of a user who is there already: a link that works once. Opening
//! it shows a page with one button and changes nothing, because messengers, scanners
//! and mail filters open links before their readers do. Pressing the button spends
//! it. Refuses what was not pressed on a page of this server, and whoever comes second.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use mprun_core::manifest::ColorScheme;

use super::Site;
use crate::config::Join;
use crate::problem::Problem;
use crate::shell::push_head;
use crate::{locale, origin, pages, response};

/// Where such links begin. What follows is a secret.
pub(super) const PLACE: &str = "/_join/";

/// `GET /_join/<token>`: asks whether this is the browser.
pub(super) async fn ask(State(site): State<Arc<Site>>, Path(token): Path<String>, headers: HeaderMap) -> Response {
    if invitation(&site, &token).is_none() {
        return site.respond(&refused());
    }
    let locale = locale::environment(&headers).locale;
    response::html(StatusCode::OK, html(site.styles.address(ColorScheme::Auto), &locale))
}

/// `POST /_join/<token>`: it is.
pub(super) async fn take(State(site): State<Arc<Site>>, Path(token): Path<String>, headers: HeaderMap) -> Response {
    let Some(join) = invitation(&site, &token) else { return site.respond(&refused()) };
    if !origin::is_same_origin(&headers) {
        return site.respond(&pages::foreign());
    }
    // Of two who press at once, one is the first.
    if site.joined.swap(true, Ordering::AcqRel) {
        return site.respond(&refused());
    }
    let cookie = site.users.join(&join.user).and_then(|user| site.users.set_cookie(&user));
    let (Some(cookie), Some(mut answer)) = (cookie, response::see_other(&join.target)) else {
        // Nobody came in.
        site.joined.store(false, Ordering::Release);
        return site.respond(&failed());
    };
    answer.headers_mut().insert(header::SET_COOKIE, cookie);
    answer
}

/// What the link that ends with this token leads to, if nobody has used it.
fn invitation<'s>(site: &'s Site, token: &str) -> Option<&'s Join> {
    // A hash of both, so that the time tells nothing.
    let hash = |text: &str| blake3::hash(text.as_bytes());
    let join = site.config.join.as_ref().filter(|join| hash(&join.token) == hash(token))?;
    (!site.joined.load(Ordering::Acquire)).then_some(join)
}

fn refused() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "not-found",
        "This link does not work",
        "Such a link works once. Whoever gave it to you can make another one.",
    )
}

fn failed() -> Problem {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "internal",
        "Something went wrong here",
        "It is not your fault. The link still works; please try again.",
    )
}

/// The page. Its form leads to its own address, so the secret is not in it.
fn html(style: &str, locale: &str) -> String {
    let (lang, dir, [title, text, button]) = words(locale);
    let mut out = String::with_capacity(1_024);
    // Writing to a `String` cannot fail.
    let _ = write!(out, "<!doctype html>\n<html lang=\"{lang}\" dir=\"{dir}\">");
    push_head(&mut out, ColorScheme::Auto, style);
    let _ = writeln!(
        out,
        "<link rel=\"icon\" href=\"/favicon.svg\"><title>{title}</title></head>\
         <body class=\"mp-host\"><main class=\"mp-problem\"><h1>{title}</h1><p>{text}</p>\
         <form method=\"post\"><p class=\"mp-ways\">\
         <button class=\"mp-way mp-way-first\" type=\"submit\">{button}</button></p></form></main></body></html>"
    );
    out
}

/// Language and direction of what is said, then title, text and button.
fn words(locale: &str) -> (&'static str, &'static str, [&'static str; 3]) {
    match locale.split('-').next().unwrap_or_default() {
        "zh" => (
            "zh-Hans",
            "ltr",
            [
                "在这里继续吗？",
                "此浏览器将成为给您此链接的同一位用户，并从那里继续。此链接只能使用一次。",
                "在这里继续",
            ],
        ),
        "ar" => (
            "ar",
            "rtl",
            [
                "هل تريد المتابعة هنا؟",
                "سيصبح هذا المتصفح هو المستخدم نفسه الذي أعطاك الرابط، ويتابع من حيث توقف. يعمل هذا الرابط مرة واحدة.",
                "المتابعة هنا",
            ],
        ),
        _ => (
            "en",
            "ltr",
            [
                "Go on here?",
                "This browser becomes the same user as the one that the link is from, and goes on where they are. \
                 The link works once.",
                "Go on here",
            ],
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_speaks_the_users_language() {
        for (locale, beginning, button) in [
            ("en", "<!doctype html>\n<html lang=\"en\" dir=\"ltr\">", ">Go on here</button>"),
            ("de-AT", "<!doctype html>\n<html lang=\"en\" dir=\"ltr\">", ">Go on here</button>"),
            ("zh-Hant-TW", "<!doctype html>\n<html lang=\"zh-Hans\" dir=\"ltr\">", ">在这里继续</button>"),
            ("ar-EG", "<!doctype html>\n<html lang=\"ar\" dir=\"rtl\">", ">المتابعة هنا</button>"),
        ] {
            let page = html("/_style/0.css", locale);
            assert!(page.starts_with(beginning) && page.contains(button), "{locale}: {page}");
            assert!(page.contains("<form method=\"post\">") && !page.contains("<script"), "{page}");
        }
    }
}
