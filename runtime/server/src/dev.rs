//! What the author of a program sees of it and does to it, beside its pages: what
//! happened on a page, which states it and the program have, and the way back to
//! states that they had before. Only under `mprun dev` ([`ServerConfig::dev`]):
//! everywhere else there is nothing here. To whoever brings a page's cookie, only
//! that user's states; changed only by pages of this server.
//!
//! [`ServerConfig::dev`]: crate::ServerConfig::dev

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::Response;
use mprun_core::identity::{PageId, UserId};
use mprun_host::{Host, PageError, Program, Rendering, Showing, Spent, Traced, TracedAsk, TracedEvent, TravelError};
use serde_json::{Map, Value, json};

use crate::pages::{foreign, no_cookie, no_program, slow_body};
use crate::problem::Problem;
use crate::site::Site;
use crate::{cbor, origin};

/// Largest body of a request, in bytes: three short texts.
const BODY_BYTES_MAX: usize = 4 * 1024;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// `GET /_dev/state?app=…&page=…`: what is known of a page.
pub(crate) async fn state(State(site): State<Arc<Site>>, uri: Uri, headers: HeaderMap) -> Response {
    try_state(&site, &uri, &headers).await.unwrap_or_else(|problem| site.respond(&problem))
}

async fn try_state(site: &Site, uri: &Uri, headers: &HeaderMap) -> Result<Response, Problem> {
    let user = author(site, headers).await?;
    let (mut app_id, mut page) = (String::new(), None);
    for (name, value) in url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
        match name.as_ref() {
            "app" => app_id = value.into_owned(),
            // One that is not stored yet has no name, and no events.
            "page" => page = value.parse().ok(),
            _ => {}
        }
    }
    let program = program(site, &app_id).await?;
    answer(site, &program, &user, page).await
}

/// `POST /_dev/travel`: gives a page states that it had before.
pub(crate) async fn travel(State(site): State<Arc<Site>>, request: Request) -> Response {
    try_travel(&site, request).await.unwrap_or_else(|problem| site.respond(&problem))
}

async fn try_travel(site: &Site, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    if site.config.dev && !origin::is_same_origin(&parts.headers) {
        return Err(foreign());
    }
    let user = author(site, &parts.headers).await?;
    let body = tokio::time::timeout(site.config.body_timeout, to_bytes(body, BODY_BYTES_MAX));
    // Or it broke off; then nobody reads this.
    let body = body.await.map_err(|_| slow_body())?.map_err(|_| too_large())?;
    let wish: Value = serde_json::from_slice(&body).map_err(|_| not_a_wish())?;
    let text = |name: &str| wish.get(name).and_then(Value::as_str);
    let to = wish.get("to").and_then(Value::as_u64).ok_or_else(not_a_wish)?;
    let program = program(site, text("app").ok_or_else(not_a_wish)?).await?;
    let page: PageId = text("page").ok_or_else(not_a_wish)?.parse().map_err(|_| not_kept())?;
    let gone = site.host.travel(&program, &user, page, to).await;
    gone.map_err(|error| match error {
        TravelError::NotKept => not_kept(),
        TravelError::Page(error) => failed(&error, &program),
    })?;
    answer(site, &program, &user, Some(page)).await
}

/// Tells the host what it took to show a page, for whoever traces it.
pub(crate) fn shown(host: &Host, user: &UserId, now: &Rendering, showing: Showing) {
    if let Some(page) = now.place.page.filter(|_| now.stored) {
        host.trace_shown(&now.program, user, page, now.revision, showing);
    }
}

/// As many microseconds as fit.
pub(crate) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// The user of a request, where there is an inspector.
async fn author(site: &Site, headers: &HeaderMap) -> Result<UserId, Problem> {
    if !site.config.dev {
        return Err(no_inspector());
    }
    site.users.of(headers).map(|user| user.id).ok_or_else(no_cookie)
}

async fn program(site: &Site, app_id: &str) -> Result<Arc<Program>, Problem> {
    // Why one cannot be loaded is said on its pages.
    site.host.program(app_id).await.ok().flatten().ok_or_else(no_program)
}

async fn answer(site: &Site, program: &Program, user: &UserId, page: Option<PageId>) -> Result<Response, Problem> {
    let traced = site.host.traced(program, user, page).await.map_err(|error| failed(&error, program))?;
    let traced = traced.ok_or_else(no_inspector)?;
    let mut answer = Response::new(Body::from(body(program.manifest().app_id.as_str(), &traced).to_string()));
    answer.headers_mut().insert(header::CONTENT_TYPE, JSON);
    Ok(answer)
}

fn body(app_id: &str, traced: &Traced) -> Value {
    let state = |state: &Option<Vec<u8>>| state.as_deref().map(cbor::shown);
    json!({
        "app": app_id,
        "at": traced.at,
        "state": { "app": state(&traced.app), "page": state(&traced.page) },
        "asks": traced.asks.iter().map(ask).collect::<Vec<_>>(),
        "events": traced.events.iter().map(event).collect::<Vec<_>>(),
    })
}

fn ask(ask: &TracedAsk) -> Value {
    json!({ "kind": ask.kind, "label": ask.label, "due_ms": ask.due_ms })
}

fn event(event: &TracedEvent) -> Value {
    let Spent { load, update, view, commit } = event.spent;
    let phases = [("load", load), ("update", update), ("view", view), ("commit", commit)];
    // A phase that did not happen used none.
    let fuel = phases.iter().filter(|(_, used)| used.fuel > 0).map(|(name, used)| (*name, used.fuel));
    let Showing { render_us, diff_us, patch_bytes } = event.showing.unwrap_or_default();
    let us = phases.iter().map(|(name, used)| (*name, used.us)).chain([("render", render_us), ("diff", diff_us)]);
    json!({
        "seq": event.seq,
        "kind": event.kind,
        "label": event.label,
        "fuel": object(fuel),
        "us": object(us),
        "patch_bytes": patch_bytes,
        "revision": event.revision,
    })
}

fn object<'n>(pairs: impl Iterator<Item = (&'n str, u64)>) -> Map<String, Value> {
    pairs.map(|(name, number)| (name.to_owned(), number.into())).collect()
}

fn failed(error: &PageError, program: &Program) -> Problem {
    Problem::of(error, &program.manifest().name)
}

fn no_inspector() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "not-found",
        "There is nothing here",
        "Only `mprun dev` keeps what happens on pages.",
    )
}

fn too_large() -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "This is too much at once", "Nothing was changed.")
        .with_detail(format!("expected a body of at most {BODY_BYTES_MAX} bytes"))
}

fn not_a_wish() -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "bad-request",
        "This is not what a page of this server sends",
        "Nothing was changed.",
    )
    .with_detail("expected JSON with `app`, `page` and the number `to`")
}

fn not_kept() -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "not-kept",
        "These states are not kept",
        "They are too long ago, or the page is gone. Nothing was changed.",
    )
}
