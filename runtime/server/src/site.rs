//! What one server knows, and the way of every request through it: limits that
//! need no handler, then the handler, then the headers that no answer goes
//! without. Logs say which address was asked for and what came of it; never a
//! cookie, a token, a parameter or a field.

mod join;

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use mprun_core::asset::MediaType;
use mprun_core::identity::ProgramId;
use mprun_core::manifest::ColorScheme;
use mprun_core::render;
use mprun_core::trust::Standing;
use mprun_host::{Host, Program};
use tracing::{Instrument as _, field};

use crate::config::ServerConfig;
use crate::live::Known;
use crate::problem::Problem;
use crate::push::{BuildState, Streams};
use crate::remote::{self, RemoteImages};
use crate::response::{CSS, Gzip, TextFile};
use crate::scripts::Scripts;
use crate::shell::{self, Shell};
use crate::user::Users;
use crate::{address, centre, dev, files, locale, origin, pages, response, theme};

/// Longest address with its query, in bytes.
const URL_BYTES_MAX: usize = 8 * 1024;

/// Bytes of a path that go into a log.
const LOG_PATH_BYTES_MAX: usize = 200;

/// The shell's own style, before that of views.
pub(crate) const SHELL_STYLE: &str = include_str!("assets/shell.css");

/// What the handlers share.
pub(crate) struct Site {
    pub(crate) host: Arc<Host>,
    pub(crate) users: Users,
    pub(crate) config: ServerConfig,
    pub(crate) styles: Styles,
    pub(crate) scripts: Scripts,
    /// The host's own picture.
    pub(crate) favicon: TextFile,
    /// What patches can lead away from.
    pub(crate) known: Known,
    pub(crate) streams: Arc<Streams>,
    /// `None` where the operator wants none.
    pub(crate) remote_images: Option<RemoteImages>,
    /// Whether the link of [`ServerConfig::join`] was used.
    joined: AtomicBool,
    /// By `app_id`.
    shells: RwLock<HashMap<String, Kept>>,
}

/// A shell with what it says of a program: the same bundle is another program to
/// users when somebody else vouches for it.
struct Kept {
    shell: Arc<Shell>,
    texts: Arc<Texts>,
    program: ProgramId,
    standing: Standing,
}

impl Kept {
    fn is_of(&self, program: &Program) -> bool {
        self.shell.digest() == program.digest() && self.program == *program.id() && self.standing == *program.standing()
    }
}

/// The files of one program that are text.
pub(crate) struct Texts {
    /// Its colours and its own style.
    pub(crate) style: TextFile,
    /// The compressed forms of its drawings, by path; the bundle has the plain ones.
    drawings: HashMap<String, Gzip>,
}

impl Texts {
    fn new(program: &Program, shell: &Shell) -> Self {
        let drawings = program.bundle().assets().filter(|asset| asset.media_type == MediaType::Svg);
        let drawings = drawings.map(|asset| (asset.path.as_str().to_owned(), Gzip::default())).collect();
        Self { style: TextFile::new(CSS, shell.style.clone()), drawings }
    }

    /// The compressed form of a drawing.
    pub(crate) fn drawing(&self, path: &str) -> Option<&Gzip> {
        self.drawings.get(path)
    }
}

impl Site {
    fn new(config: ServerConfig, host: Arc<Host>) -> Self {
        let users = Users::new(config.secure);
        let streams = Arc::new(Streams::new(config.streams_max));
        let scripts = Scripts::new(config.dev);
        let (styles, known) = (Styles::new(), Known::new());
        let joined = AtomicBool::new(false);
        let remote_images = config.remote_images.then(|| RemoteImages::new(|purpose| host.key(purpose)));
        let (favicon, shells) = (files::own_picture(), RwLock::default());
        Self { host, users, config, styles, scripts, favicon, known, streams, remote_images, joined, shells }
    }

    /// The shell of a program, see [`Site::kept`].
    pub(crate) fn shell(&self, program: &Program) -> Arc<Shell> {
        self.kept(program).0
    }

    /// The shell of a program and its files of text, made when they are first asked
    /// for and again when another bundle has taken the program's place, or the same
    /// one with another decision whose it is.
    pub(crate) fn kept(&self, program: &Program) -> (Arc<Shell>, Arc<Texts>) {
        let app_id = program.manifest().app_id.as_str();
        let shells = self.shells.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = shells.get(app_id).filter(|kept| kept.is_of(program)) {
            return (Arc::clone(&kept.shell), Arc::clone(&kept.texts));
        }
        drop(shells);
        let assets = program.bundle().assets().map(|asset| (asset.path.as_str(), asset.digest));
        let style = self.styles.address(program.manifest().color_scheme);
        let shell = Arc::new(Shell::new(
            program.manifest(),
            *program.digest(),
            program.standing(),
            assets,
            style,
            &self.scripts,
            program.bundle().style(),
        ));
        let texts = Arc::new(Texts::new(program, &shell));
        let kept = Kept {
            shell: Arc::clone(&shell),
            texts: Arc::clone(&texts),
            program: program.id().clone(),
            standing: program.standing().clone(),
        };
        let mut shells = self.shells.write().unwrap_or_else(PoisonError::into_inner);
        shells.insert(app_id.to_owned(), kept);
        (shell, texts)
    }

    /// The answer that says what did not work.
    pub(crate) fn respond(&self, problem: &Problem) -> Response {
        tracing::debug!(kind = problem.kind, "refused");
        let mut answer = problem.respond(self.styles.address(ColorScheme::Auto), self.config.details);
        if problem.of_program {
            answer.extensions_mut().insert(OfProgram);
        }
        answer
    }
}

/// Marks an answer whose failure the host has logged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OfProgram;

/// The style sheets that all programs share: one for each scheme that a program
/// can be made for.
pub(crate) struct Styles([(String, TextFile); 3]);

impl Styles {
    pub(crate) fn new() -> Self {
        let style = [SHELL_STYLE, render::STYLE].join("\n");
        Self([ColorScheme::Auto, ColorScheme::Light, ColorScheme::Dark].map(|scheme| {
            let style = theme::in_scheme(&style, scheme);
            (format!("/_style/{}.css", shell::hash(&style)), TextFile::new(CSS, style))
        }))
    }

    /// The address of the one for pages of this scheme.
    pub(crate) fn address(&self, scheme: ColorScheme) -> &str {
        let Self([auto, light, dark]) = self;
        let (address, _) = match scheme {
            ColorScheme::Auto => auto,
            ColorScheme::Light => light,
            ColorScheme::Dark => dark,
        };
        address
    }

    /// The one with this address.
    pub(crate) fn at(&self, address: &str) -> Option<&TextFile> {
        self.0.iter().find(|(known, _)| known == address).map(|(_, style)| style)
    }
}

/// Tells open pages what their users did not do themselves.
#[derive(Debug, Clone)]
pub struct Live(Arc<Streams>);

impl Live {
    /// A program is another version now: its pages look again, and keep their
    /// state.
    pub fn reload(&self, app_id: &str) {
        self.0.reload(app_id);
    }

    /// Shows a program's developer how far it is; `text` is what the compiler
    /// said.
    pub fn build(&self, app_id: &str, state: BuildState, text: &str) {
        self.0.build(app_id, state, text);
    }

    /// Ends all streams of events: a server that stops would wait for them.
    pub(crate) fn end(&self) {
        self.0.end();
    }
}

/// The server without sockets: what [`serve`](crate::serve) answers with, for
/// tests and for those who have a server already.
pub fn router(config: &ServerConfig, host: Arc<Host>) -> Router {
    router_with(config, host).0
}

/// The same, with what tells open pages.
pub fn router_with(config: &ServerConfig, host: Arc<Host>) -> (Router, Live) {
    let site = Arc::new(Site::new(config.clone(), host));
    let live = Live(Arc::clone(&site.streams));
    let router = Router::new()
        .route("/", get(app_centre))
        .route("/healthz", get(healthz))
        .route("/favicon.svg", get(files::favicon))
        .route("/favicon.ico", get(files::no_favicon))
        .route("/_style/{file}", get(files::style))
        .route("/_live/{file}", get(files::script))
        .route("/_dev/{file}", get(files::script))
        .route("/_dev/state", get(dev::state))
        .route("/_dev/travel", post(dev::travel))
        .route("/_events", get(events))
        .route("/_join/{token}", get(join::ask).post(join::take))
        .route("/miniapp/{app_id}", get(pages::entry))
        .route("/miniapp/{app_id}/", get(pages::entry))
        .route("/miniapp/{app_id}/_style/{file}", get(files::theme))
        .route("/miniapp/{app_id}/_asset/{digest}/{name}", get(files::asset))
        .route("/miniapp/{app_id}/_icon/{digest}", get(files::icon))
        .route("/miniapp/{app_id}/_picture/{mac}/{address}", get(remote::picture))
        .route("/miniapp/{app_id}/{*page}", get(pages::show).post(pages::event))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(middleware::from_fn_with_state(Arc::clone(&site), every_request))
        .with_state(site);
    (router, live)
}

/// `GET /_events`: what happens to the pages of a user.
async fn events(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    let is_foreign = match headers.get("sec-fetch-site") {
        Some(site) => site != "same-origin",
        // Some browsers say it only over https. Pages of ours name no origin, or ours.
        None => headers.contains_key(header::ORIGIN) && !origin::is_same_origin(&headers),
    };
    if is_foreign {
        return site.respond(&Problem::new(
            StatusCode::FORBIDDEN,
            "origin",
            "This is for pages of this server",
            "Another site tried to listen in your name.",
        ));
    }
    let Some(user) = site.users.of(&headers) else {
        return site.respond(&Problem::new(
            StatusCode::FORBIDDEN,
            "cookie",
            "Your browser did not send its cookie",
            "Without it this server cannot know whose pages these are.",
        ));
    };
    // Anybody can make up a cookie, so having one is not enough to take up a stream.
    // Before something is committed for a user, no page of theirs asks for one; only
    // `mprun dev` shows everybody how a build goes.
    if !site.config.dev {
        match site.host.knows(&user.id).await {
            Ok(true) => {}
            Ok(false) => return response::no_content(),
            Err(error) => {
                tracing::error!(%error, "cannot tell who listens");
                return site.respond(&too_busy());
            }
        }
    }
    site.streams.open(&site.host, user.id).unwrap_or_else(|| site.respond(&too_busy()))
}

fn too_busy() -> Problem {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "busy",
        "Too much to do right now",
        "Too many people are here at once. Please try again in a moment.",
    )
    .retry_after(Duration::from_secs(5))
}

async fn every_request(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let span = tracing::info_span!(
        "request",
        method = request.method().as_str(),
        path = ?cut(request.uri().path()),
        app_id = address::split(request.uri().path()).map(|(app_id, _)| cut(app_id)),
        status = field::Empty,
        time_us = field::Empty,
    );
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let length = uri.path_and_query().map_or(0, |target| target.as_str().len());
    let work = async {
        if length > URL_BYTES_MAX {
            return site.respond(&too_long(length));
        }
        match tokio::time::timeout(site.config.request_timeout, next.run(request)).await {
            Ok(answer) => answer,
            Err(_) => site.respond(&too_slow(site.config.request_timeout)),
        }
    };
    let mut answer = work.instrument(span.clone()).await;
    response::secure(answer.headers_mut());
    let status = answer.status().as_u16();
    let time_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    span.record("status", status).record("time_us", time_us);
    if answer.status().is_server_error() && answer.extensions().get::<OfProgram>().is_none() {
        // Said in full: where only warnings are logged, there is no span.
        let (method, path) = (method.as_str(), cut(uri.path()));
        tracing::warn!(parent: &span, method, ?path, status, time_us, "could not answer");
    } else {
        tracing::debug!(parent: &span, "answered");
    }
    answer
}

/// Enough of a path to know which one it was. That of a picture of another server
/// holds a whole address, with its query; that of a link for another browser, what
/// makes it somebody's.
fn cut(path: &str) -> &str {
    let ends = [remote::PLACE, join::PLACE].into_iter();
    let ends = ends.filter_map(|place| path.find(place).map(|start| start + place.len()));
    let mut end = ends.min().unwrap_or(path.len()).min(LOG_PATH_BYTES_MAX);
    while !path.is_char_boundary(end) {
        end -= 1;
    }
    path.get(..end).unwrap_or_default()
}

fn too_long(length: usize) -> Problem {
    Problem::new(
        StatusCode::URI_TOO_LONG,
        "too-long",
        "This address is too long",
        "Such an address cannot come from a page of this server. Nothing was changed.",
    )
    .with_detail(format!("expected at most {URL_BYTES_MAX} bytes, got {length}"))
}

fn too_slow(limit: Duration) -> Problem {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "timeout",
        "This takes too long",
        "There is a lot to do just now. Please try again in a moment.",
    )
    .with_detail(format!("no answer within {} ms", limit.as_millis()))
    .retry_after(Duration::from_secs(5))
}

async fn app_centre(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    let programs = site.host.programs();
    let tiles: Vec<_> = programs.iter().map(centre::Tile::of).collect();
    let locale = locale::environment(&headers).locale;
    let style = site.styles.address(ColorScheme::Auto);
    response::html(StatusCode::OK, centre::html(&site.config.title, style, &locale, &tiles))
}

/// For whoever watches over the server: it takes requests.
async fn healthz() -> Response {
    let mut answer = Response::new(Body::from("ok\n"));
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    answer
}

async fn not_found(State(site): State<Arc<Site>>) -> Response {
    site.respond(&Problem::new(
        StatusCode::NOT_FOUND,
        "not-found",
        "There is nothing here",
        "The address is misspelt, or what was here is gone.",
    ))
}

async fn method_not_allowed(State(site): State<Arc<Site>>, request: Request) -> Response {
    let problem = Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method",
        "This cannot be done here",
        "The address exists, but not for this kind of request. Nothing was changed.",
    )
    .with_detail(format!("the method `{}` is not allowed here", cut(request.method().as_str())))
    .way(request.uri().path().to_owned(), "Open the address");
    site.respond(&problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_name_a_path_and_nothing_that_is_secret_in_it() {
        assert_eq!(cut("/miniapp/coffee/menu"), "/miniapp/coffee/menu");
        assert_eq!(cut("/_join/AAECAwQFBgcICQoLDA0ODw"), "/_join/");
        assert_eq!(cut("/_join/AAECAwQFBgcICQoLDA0ODw/_picture/x"), "/_join/");
        assert_eq!(cut("/miniapp/coffee/_picture/mac/aHR0cHM"), "/miniapp/coffee/_picture/");
        let long = format!("/{}", "é".repeat(LOG_PATH_BYTES_MAX));
        assert_eq!(cut(&long).len(), LOG_PATH_BYTES_MAX - 1, "whole characters");
    }
}
