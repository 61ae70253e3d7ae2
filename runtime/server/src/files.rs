//! Hands out files: style sheets, scripts, the assets of bundles. Each has an
//! address that contains its digest, so that browsers may keep it for ever, and
//! exactly one address. Those of text are sent compressed to whoever reads that. A
//! picture that is opened by itself may do nothing at all.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::Response;
use mprun_core::asset::MediaType;
use mprun_host::Program;

use crate::address;
use crate::problem::Problem;
use crate::response::{self, TextFile};
use crate::site::Site;

/// For a picture in SVG: its own style, and nothing else, not even our origin.
const SVG_POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; sandbox");

/// No page of another server shows our files.
pub(crate) const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// The host's own picture.
pub(crate) fn own_picture() -> TextFile {
    TextFile::new(MediaType::Svg.as_str(), include_str!("assets/favicon.svg"))
}

/// `GET /favicon.svg`: the host's own picture.
pub(crate) async fn favicon(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    let mut answer = site.favicon.answer(&headers).await;
    let headers = answer.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=86400"));
    headers.insert(header::CONTENT_SECURITY_POLICY, SVG_POLICY);
    answer
}

/// `GET /favicon.ico`: browsers ask without being told to.
pub(crate) async fn no_favicon() -> Response {
    let mut answer = response::no_content();
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=86400"));
    answer
}

/// `GET /_style/<hash>.css`: the style of all pages.
pub(crate) async fn style(State(site): State<Arc<Site>>, uri: Uri, headers: HeaderMap) -> Response {
    match site.styles.at(uri.path()) {
        Some(style) => style.answer(&headers).await,
        None => site.respond(&gone()),
    }
}

/// `GET /_live/<hash>.js`: what makes pages live; `/_dev/…`: what is for
/// developers.
pub(crate) async fn script(State(site): State<Arc<Site>>, uri: Uri, headers: HeaderMap) -> Response {
    match site.scripts.at(uri.path()) {
        Some(file) => file.answer(&headers).await,
        None => site.respond(&gone()),
    }
}

/// `GET /miniapp/<app_id>/_style/<hash>.css`: the colours of one program, and its own style.
pub(crate) async fn theme(State(site): State<Arc<Site>>, uri: Uri, headers: HeaderMap) -> Response {
    let found = program(&site, &uri).await.and_then(|(program, rest)| {
        let (shell, texts) = site.kept(&program);
        let hash = rest.strip_prefix("_style/")?.strip_suffix(".css")?;
        (hash == shell.style_hash).then_some(texts)
    });
    match found {
        Some(texts) => texts.style.answer(&headers).await,
        None => site.respond(&gone()),
    }
}

/// `GET /miniapp/<app_id>/_asset/<digest>/<name>`: a file of a bundle.
pub(crate) async fn asset(State(site): State<Arc<Site>>, uri: Uri, headers: HeaderMap) -> Response {
    let found = program(&site, &uri).await.and_then(|(program, _)| {
        let path = site.shell(&program).path(uri.path())?.to_owned();
        Some(Held { program, path })
    });
    match found {
        Some(file) => picture(&site, file, &headers).await,
        None => site.respond(&gone()),
    }
}

async fn picture(site: &Site, file: Held, headers: &HeaderMap) -> Response {
    let Some(media_type) = file.program.bundle().asset(&file.path).map(|asset| asset.media_type) else {
        return site.respond(&gone());
    };
    let (_, texts) = site.kept(&file.program);
    let gzip = texts.drawing(&file.path);
    let bytes = Bytes::from_owner(file);
    let mut answer = match gzip {
        Some(gzip) => response::immutable_text(media_type.as_str(), bytes, gzip, headers).await,
        // Compressed already.
        None => response::immutable(media_type.as_str(), Body::from(bytes)),
    };
    let headers = answer.headers_mut();
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    if media_type == MediaType::Svg {
        headers.insert(header::CONTENT_SECURITY_POLICY, SVG_POLICY);
    }
    answer
}

/// `GET /miniapp/<app_id>/_icon/<digest>`: the program's picture, by the digest of
/// its bundle: the app centre shows programs that nobody has opened yet, and knows
/// no more of them.
pub(crate) async fn icon(State(site): State<Arc<Site>>, uri: Uri, headers: HeaderMap) -> Response {
    let found = program(&site, &uri).await.and_then(|(program, rest)| {
        let digest = rest.strip_prefix("_icon/")?;
        let icon = program.manifest().icons.first().filter(|_| program.digest().to_string() == digest)?;
        let path = icon.src.as_str().to_owned();
        Some(Held { program, path })
    });
    match found {
        Some(file) => picture(&site, file, &headers).await,
        None => site.respond(&gone()),
    }
}

/// A file of a bundle that lives as long as somebody is sending it. The bytes are
/// the bundle's: nothing is copied.
struct Held {
    program: Arc<Program>,
    path: String,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        self.program.bundle().asset(&self.path).map(|asset| asset.data).unwrap_or_default()
    }
}

/// The program that an address names, and the rest of the address.
pub(crate) async fn program<'u>(site: &Site, uri: &'u Uri) -> Option<(Arc<Program>, &'u str)> {
    let (app_id, rest) = address::split(uri.path())?;
    // Why it cannot be used is said on its pages.
    Some((site.host.program(app_id).await.ok()??, rest))
}

pub(crate) fn gone() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "not-found",
        "There is no such file",
        "It belongs to a version that is not installed any more, or the address is misspelt.",
    )
}
