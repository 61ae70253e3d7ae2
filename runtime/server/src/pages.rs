//! Pages of programs: shown on GET, acted on by POST. A POST answers with the
//! place where the user is now, and the browser gets that; so reloading never
//! sends anything twice. With script it answers with what has changed (`live`).
//! Whatever does not work leaves the page as it was and says how to get back to it.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::Response;
use hyper::body::Body as _;
use mprun_core::identity::UserId;
use mprun_core::manifest;
use mprun_core::patch::ViewId;
use mprun_core::render::html::{Addresses, HtmlContext};
use mprun_core::render::{self, Words};
use mprun_host::{
    Acted, AlertKind, Direction, Environment, EventRequest, LoadError, Open, PageError, PageRef, Place, Program,
    Rendering, Showing,
};

use crate::address::{self, Query, address};
use crate::form::{FIELDS_MAX, Post, PostError};
use crate::live::{self, Same};
use crate::problem::Problem;
use crate::remote::Pictures;
use crate::response;
use crate::shell::{Alert, Page, Refresh, Shell};
use crate::site::Site;
use crate::user::User;
use crate::{dev, locale, origin, outline};

/// Largest body of a request, in bytes.
pub(crate) const BODY_BYTES_MAX: usize = 256 * 1024;

/// Bytes of a body that is too large which are still taken, so that the browser
/// finishes sending and reads why.
const BODY_BYTES_TAKEN_MAX: usize = 8 * 1024 * 1024;

/// `GET /miniapp/<app_id>`: where the program begins.
pub(crate) async fn entry(State(site): State<Arc<Site>>, uri: Uri) -> Response {
    let program = match program(&site, &uri).await {
        Ok((program, _)) => program,
        Err(problem) => return site.respond(&problem),
    };
    response::see_other(&entry_address(&program)).unwrap_or_else(|| site.respond(&no_program()))
}

/// `GET /miniapp/<app_id>/<route>`: a page.
pub(crate) async fn show(State(site): State<Arc<Site>>, request: Request) -> Response {
    let (uri, headers) = (request.uri(), request.headers());
    try_show(&site, uri, headers).await.unwrap_or_else(|problem| site.respond(&problem))
}

async fn try_show(site: &Site, uri: &Uri, headers: &HeaderMap) -> Result<Response, Problem> {
    let (program, route) = program(site, uri).await?;
    let environment = locale::environment(headers);
    let known = site.users.of(headers);
    let is_new = known.is_none();
    let user = match known {
        Some(user) => user,
        None => site.users.create().ok_or_else(no_random)?,
    };
    let query = Query::parse(uri.query());
    let open = Open {
        route: Some(route.to_owned()),
        parameters: query.parameters,
        page: query.page,
        parent: query.from,
        below: query.below,
        environment: environment.clone(),
    };
    let failed = |error: &PageError| shown_problem(error, &program, uri);
    let rendering = site.host.open(&program, &user.id, open).await.map_err(|error| failed(&error))?;
    let shell = site.shell(&program);
    let began = Instant::now();
    let html = write(site, &shell, &user.id, &rendering, &environment.locale).await;
    let html = html.map_err(|error| failed(&error))?;
    let showing = Showing { render_us: dev::micros(began.elapsed()), ..Showing::default() };
    dev::shown(&site.host, &user.id, &rendering, showing);
    let mut answer = response::html(StatusCode::OK, html);
    if is_new {
        keep(site, &user, &mut answer);
    }
    Ok(answer)
}

/// What a page is written in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Language<'a> {
    /// A checked tag.
    pub(crate) lang: &'a str,
    /// `ltr`, `rtl` or `auto`.
    pub(crate) dir: &'static str,
    /// Which one of the manifest's `locales` its own texts are taken from.
    pub(crate) texts: Option<&'a str>,
}

impl<'a> Language<'a> {
    /// For a user who likes `locale` best. Pages are in the language that the
    /// manifest names. One that names none says that they follow the user: as far
    /// as the program speaks their language.
    pub(crate) fn of(program: &'a Program, locale: &'a str) -> Self {
        let manifest = program.manifest();
        let texts = manifest.localized(locale).locale();
        let lang = manifest.lang.as_deref().or(texts).unwrap_or(locale);
        let dir = match (manifest.dir, locale::direction(lang)) {
            (Some(manifest::Direction::Auto), _) => "auto",
            (Some(manifest::Direction::RightToLeft), _) | (None, Direction::Rtl) => "rtl",
            (Some(manifest::Direction::LeftToRight), _) | (None, Direction::Ltr) => "ltr",
        };
        Self { lang, dir, texts }
    }
}

/// Writes the page that a rendering is; a large one when it is its turn, as patches
/// are.
async fn write(
    site: &Site,
    shell: &Shell,
    user: &UserId,
    rendering: &Rendering,
    locale: &str,
) -> Result<String, PageError> {
    let program = &rendering.program;
    let manifest = program.manifest();
    let definitions = rendering.definitions()?;
    let tree = rendering.tree(&definitions, &site.host)?;
    let turn = site.host.turn(program, rendering.frame.weight(&tree)).await?;
    let Language { lang, dir, texts } = Language::of(program, locale);
    let app_id = manifest.app_id.as_str();
    let words = Words::of(lang);
    let base = live::id(program.digest(), &rendering.frame, &rendering.overlay, &words);
    // Before the first commit there is nothing that could change elsewhere.
    let push = rendering.revision > 0 || site.config.dev;
    if push {
        site.known.keep(user, base, &rendering.frame, &rendering.overlay);
    }
    let way = address::way_here(rendering.place.page, &rendering.below_next());
    let refresh = rendering
        .next_timer_ms
        .and_then(|due_in_ms| Refresh::at(due_in_ms, rendering.stored.then(|| address(app_id, &rendering.place))))
        .filter(|_| !outline::has_fields(&tree));
    let heading = outline::first_heading(&tree);
    let around = Page {
        route: &rendering.place.route,
        locale: texts,
        lang,
        dir,
        heading: heading.map(|heading| heading.text).filter(|text| *text != manifest.localized(locale).name().text),
        has_main_heading: heading.is_some_and(|heading| heading.is_main),
        recipe: rendering.recipe.as_deref(),
        id: rendering.place.page,
        nonce: &rendering.nonce,
        base,
        revision: rendering.revision,
        way: &way,
        push,
        back: rendering.leads_back(),
        toasts: &rendering.toasts,
        alert: rendering.alert.as_ref().map(|alert| Alert {
            kind: match alert.kind {
                AlertKind::Error => "error",
                AlertKind::Notice => "notice",
            },
            text: &alert.text,
        }),
        refresh,
    };
    let pictures = site.remote_images.as_ref().map(|images| images.of(manifest));
    let context = HtmlContext {
        token_key: &rendering.token_key,
        addresses: &Links { shell, app_id, way: &way, pictures },
        overlay: &rendering.overlay,
        words: &words,
    };
    let view = |out: &mut String| render::html::write(out, &tree, program.prerendered(), &context);
    Ok(turn.run(|| shell.write(&around, view)))
}

/// Where a view's addresses lead on this server.
pub(crate) struct Links<'a> {
    pub(crate) shell: &'a Shell,
    pub(crate) app_id: &'a str,
    /// How a page that is opened from here knows the way back.
    pub(crate) way: &'a str,
    /// `None` where there are no pictures of other servers.
    pub(crate) pictures: Option<Pictures<'a>>,
}

impl Addresses for Links<'_> {
    fn asset(&self, out: &mut String, path: &str) -> bool {
        self.shell.asset(path).map(|address| out.push_str(address)).is_some()
    }

    fn page(&self, out: &mut String, route: &str, query: &str) {
        address::push_link(out, self.app_id, route, query, self.way);
    }

    fn remote(&self, out: &mut String, url: &str) -> bool {
        self.pictures.is_some_and(|pictures| pictures.push_address(out, url))
    }
}

/// `POST /miniapp/<app_id>/<route>`: the user did something on the page.
pub(crate) async fn event(State(site): State<Arc<Site>>, request: Request) -> Response {
    let is_live = live::is_wanted(request.headers());
    match try_event(&site, request, is_live).await {
        Ok(answer) => answer,
        Err(problem) if is_live => live::problem(&problem),
        Err(problem) => site.respond(&problem),
    }
}

async fn try_event(site: &Site, request: Request, is_live: bool) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let (uri, headers) = (&parts.uri, &parts.headers);
    // The same place without what was sent: a fresh form.
    let here = uri.path_and_query().map_or_else(|| uri.path().to_owned(), ToString::to_string);
    let again = |problem: Problem| problem.way(here.clone(), "Back to the page");

    if !origin::is_same_origin(headers) {
        return Err(again(foreign()));
    }
    if !is_form(headers) {
        return Err(again(not_a_form()));
    }
    let user = site.users.of(headers).ok_or_else(|| again(no_cookie()))?;
    let body = tokio::time::timeout(site.config.body_timeout, read(body))
        .await
        .map_err(|_| again(slow_body()))?
        .map_err(|error| again(bad_body(&error)))?;
    let post = Post::parse(&body).map_err(|error| again(bad_form(error)))?;
    drop(body);

    let (program, route) = program(site, uri).await?;
    let app_id = program.manifest().app_id.as_str();
    let page = match &post.page {
        PageRef::Stored(id) => Some(*id),
        PageRef::Recipe(_) => None,
    };
    let (looks, by_recipe) = (post.keep, page.is_none());
    let environment = locale::environment(headers);
    let acted = if post.back {
        site.host.back(&program, &user.id, post.page, &environment).await.map(Acted::from)
    } else {
        let request = EventRequest {
            page: post.page,
            nonce: post.nonce,
            seq: post.seq,
            token: post.token,
            keep: post.keep,
            fields: post.fields,
            environment: environment.clone(),
        };
        site.host.event(&program, &user.id, request).await
    };
    let explain = |error: PageError| {
        let parameters = Query::parse(uri.query()).parameters;
        let place = Place { page, ..Place::fresh(route, parameters) };
        let mut problem = event_problem(&error, &program).way(address(app_id, &place), "Back to the page");
        if problem.kind == "not-found" {
            problem.ways = vec![(entry_address(&program), first_page(&program).into())];
        }
        problem
    };
    let acted = acted.map_err(explain)?;
    let mut answer = if is_live {
        let here = Here {
            program: &program,
            user: &user,
            environment: &environment,
            address: &here,
            base: post.base,
            skin: post.skin.as_deref(),
            looks,
            by_recipe,
        };
        // What was done is committed. Sent once more, it is only answered.
        answer_live(site, &here, acted).await.map_err(|error| explain(error).retry_after(Duration::from_secs(1)))?
    } else {
        let place = acted.outcome.place(&program);
        response::see_other(&address(app_id, &place)).ok_or_else(|| again(no_place()))?
    };
    // The year begins again: whoever uses a program does not lose it.
    keep(site, &user, &mut answer);
    Ok(answer)
}

/// Who has done something, and on what.
struct Here<'a> {
    program: &'a Arc<Program>,
    user: &'a User,
    environment: &'a Environment,
    /// Where the request went.
    address: &'a str,
    base: Option<ViewId>,
    skin: Option<&'a str>,
    looks: bool,
    by_recipe: bool,
}

/// What a page with script is told: how it has changed, or where the user is now.
async fn answer_live(site: &Site, here: &Here<'_>, acted: Acted) -> Result<Response, PageError> {
    let Here { program, user, environment, address: posted_to, base, skin, looks, by_recipe } = *here;
    let place = acted.outcome.place(program);
    let go = |place: &Place| Ok(live::go(&address(program.manifest().app_id.as_str(), place)));
    let is_stored = acted.unstored.is_none();
    if is_stored && (place.page.is_none() || place.page != acted.page) {
        return go(&place);
    }
    let shell = site.shell(program);
    if skin.is_some_and(|skin| skin != shell.skin()) {
        // What stands around the view is another one, and no change of the view says so.
        return if is_stored { go(&place) } else { Ok(live::go(posted_to)) };
    }
    let now = match acted.unstored {
        Some(page) => *page,
        None => site.host.refresh(program, &user.id, Open::at(place, environment.clone())).await?,
    };
    if let Some(led) = &now.led {
        return go(led);
    }
    // It may have been closed in between.
    if now.place.page != acted.page {
        return go(&now.place);
    }
    let language = Language::of(program, &environment.locale);
    let seen = acted.seen.as_ref();
    let (host, known, shell, user) = (&site.host, &site.known, &shell, &user.id);
    let pictures = site.remote_images.as_ref().map(|images| images.of(now.program.manifest()));
    Same { host, known, shell, pictures, user, base, looks, by_recipe, seen, now: &now, language }.answer().await
}

fn keep(site: &Site, user: &User, answer: &mut Response) {
    if let Some(cookie) = site.users.set_cookie(user) {
        answer.headers_mut().insert(header::SET_COOKIE, cookie);
    }
}

/// The program that an address names, and the page's route in it.
async fn program<'u>(site: &Site, uri: &'u Uri) -> Result<(Arc<Program>, &'u str), Problem> {
    let (app_id, route) = address::split(uri.path()).ok_or_else(no_program)?;
    match site.host.program(app_id).await {
        Ok(Some(program)) => Ok((program, route)),
        Ok(None) => Err(no_program()),
        Err(error) => Err(not_loaded(&error)),
    }
}

/// A program that is installed and cannot be used.
fn not_loaded(error: &LoadError) -> Problem {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "not-loaded",
        "This mini-program cannot be used here now",
        "It is installed, but this server does not run it. Whoever runs the server can find out why.",
    )
    .with_detail(error.to_string())
    .retry_after(Duration::from_secs(60))
}

fn entry_address(program: &Program) -> String {
    address(program.manifest().app_id.as_str(), &Place::fresh(program.entry_route(), Vec::new()))
}

/// Whether the body is of the kind that our pages send.
fn is_form(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"))
}

/// Why there is no body.
enum BodyError {
    TooLarge,
    Broken(axum::Error),
}

/// Reads a body, up to the limit. Of one that is too large nothing is kept.
async fn read(mut body: Body) -> Result<Vec<u8>, BodyError> {
    let expected = body.size_hint().lower();
    let mut too_large = expected > BODY_BYTES_MAX as u64;
    let mut taken = 0;
    let capacity = if too_large { 0 } else { usize::try_from(expected).unwrap_or_default() };
    let mut bytes = Vec::with_capacity(capacity);
    while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let Ok(data) = frame.map_err(BodyError::Broken)?.into_data() else {
            continue;
        };
        taken += data.len();
        too_large |= taken > BODY_BYTES_MAX;
        if too_large {
            bytes = Vec::new();
            if taken > BODY_BYTES_TAKEN_MAX {
                break;
            }
        } else {
            bytes.extend_from_slice(&data);
        }
    }
    if too_large { Err(BodyError::TooLarge) } else { Ok(bytes) }
}

/// A page that cannot be shown.
fn shown_problem(error: &PageError, program: &Program, uri: &Uri) -> Problem {
    let mut problem = Problem::of(error, &program.manifest().name);
    let here = uri.path_and_query().map(ToString::to_string);
    if let (Some(here), true) = (here, problem.status.is_server_error()) {
        problem = problem.way(here, "Try again");
    }
    problem.way(entry_address(program), first_page(program))
}

/// An event that did nothing.
fn event_problem(error: &PageError, program: &Program) -> Problem {
    let mut problem = Problem::of(error, &program.manifest().name);
    if problem.status.is_server_error() {
        problem.text.to_mut().push_str(" The page is as it was before, and you can go on from there.");
    }
    problem
}

fn first_page(program: &Program) -> String {
    format!("Start of {}", program.manifest().name)
}

pub(crate) fn no_program() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "not-found",
        "There is no such mini-program here",
        "It is not installed on this server, or the address is misspelt.",
    )
}

fn no_random() -> Problem {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "internal",
        "Something went wrong here",
        "It is not your fault and not the mini-program's. Please try again.",
    )
    .with_detail("the system has no random bytes for a new user")
}

fn no_place() -> Problem {
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal",
        "Something went wrong here",
        "What you did is kept, but the page to show next has no address.",
    )
}

pub(crate) fn foreign() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "origin",
        "This did not come from a page of this server",
        "Another site tried to press a button in your name, or your browser does not say where requests come from. \
         Nothing was changed.",
    )
    .with_detail("expected `Sec-Fetch-Site: same-origin`, or an `Origin` that names the same host as `Host`")
}

fn not_a_form() -> Problem {
    Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "media-type",
        "This is not what a page of this server sends",
        "Nothing was changed.",
    )
    .with_detail("expected a body of the kind `application/x-www-form-urlencoded`")
}

pub(crate) fn no_cookie() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "cookie",
        "Your browser did not send its cookie",
        "Without it this server cannot know whose page this is. Please allow cookies for this site, \
         open the page again and try once more. Nothing was changed.",
    )
}

pub(crate) fn slow_body() -> Problem {
    Problem::new(
        StatusCode::REQUEST_TIMEOUT,
        "timeout",
        "Your browser took too long to send this",
        "Perhaps the connection is bad. Nothing was changed; please try again.",
    )
}

fn bad_body(error: &BodyError) -> Problem {
    match error {
        BodyError::TooLarge => Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too-large",
            "This is too much at once",
            "All fields of a page together can have 256 KiB. Please shorten what you typed. Nothing was changed.",
        )
        .with_detail(format!("expected a body of at most {BODY_BYTES_MAX} bytes")),
        BodyError::Broken(error) => Problem::new(
            StatusCode::BAD_REQUEST,
            "bad-request",
            "Your browser broke off",
            "Only a part of the request arrived. Nothing was changed; please try again.",
        )
        .with_detail(error.to_string()),
    }
}

fn bad_form(error: PostError) -> Problem {
    match error {
        PostError::TooManyFields => Problem::new(
            StatusCode::BAD_REQUEST,
            "too-many-fields",
            "This page has too many fields",
            "Nothing was changed.",
        )
        .with_detail(format!("expected at most {FIELDS_MAX} fields")),
        PostError::Control(name) => Problem::new(
            StatusCode::BAD_REQUEST,
            "bad-request",
            "This is not what a page of this server sends",
            "Nothing was changed. Please go back to the page and try again.",
        )
        .with_detail(format!("the field `{name}` is missing, doubled or not what it should be")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_forms_are_read() {
        let check = |value: &str| is_form(&HeaderMap::from_iter([(header::CONTENT_TYPE, value.parse().unwrap())]));
        assert!(check("application/x-www-form-urlencoded"));
        assert!(check("Application/x-www-form-urlencoded; charset=UTF-8"));
        assert!(!check("multipart/form-data; boundary=x"));
        assert!(!check("text/plain"));
        assert!(!is_form(&HeaderMap::new()));
    }

    #[tokio::test]
    async fn a_body_is_read_up_to_the_limit() {
        let read_all = |bytes: usize| read(Body::from(vec![b'x'; bytes]));
        assert_eq!(read_all(0).await.ok(), Some(Vec::new()));
        assert_eq!(read_all(BODY_BYTES_MAX).await.ok().map(|body| body.len()), Some(BODY_BYTES_MAX));
        assert!(matches!(read_all(BODY_BYTES_MAX + 1).await, Err(BodyError::TooLarge)));
    }
}
