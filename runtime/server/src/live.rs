//! What a page with script is answered: the change of what it shows, or where to
//! go. Decided from what the page says that it shows (`_base`): where this server
//! still knows that view, the answer is a patch; otherwise all of the view, which
//! the script puts in place of what it has. Never the whole document.
//!
//! Large views are compared and written in turns ([`Host::turn`]): a program whose
//! views are all large keeps nobody else waiting.
//!
//! `docs/live.md` describes the answers.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use mprun_core::identity::{Digest, UserId};
use mprun_core::patch::{Patch, ViewId, patch};
use mprun_core::render::Words;
use mprun_core::render::html::{self, HtmlContext};
use mprun_core::view::overlay::Overlay;
use mprun_frame::tree::Tree;
use mprun_host::{AlertKind, HashedFrame, Host, PageError, Rendering, Seen, Showing};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use serde_json::json;

use crate::address::{address, way_here};
use crate::pages::{Language, Links};
use crate::problem::Problem;
use crate::remote::Pictures;
use crate::shell::Shell;
use crate::{dev, outline};

/// The kind of answers that `live.js` asks for.
pub(crate) const MEDIA_TYPE: &str = "application/vnd.mprun+json";

/// Bytes of views that were shown and are still known.
const KNOWN_BYTES: u64 = 32 << 20;
/// What a known view costs beside its frame.
const KNOWN_ENTRY_BYTES: u64 = 512;
/// What a draft or an error costs beside its text.
const KNOWN_TEXT_BYTES: usize = 192;
/// Whether a request wants such an answer.
pub(crate) fn is_wanted(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).is_some_and(|accept| accept.as_bytes() == MEDIA_TYPE.as_bytes())
}

/// Views that were shown a while ago, by their ids: what patches lead away from.
///
/// Each user has their own: who knows the id of what others see learns nothing.
pub(crate) struct Known(Cache<(UserId, ViewId), Arc<Shown>, Bytes>);

/// A view with what lay over it.
pub(crate) struct Shown {
    pub(crate) frame: Arc<HashedFrame>,
    pub(crate) overlay: Overlay,
}

#[derive(Clone)]
struct Bytes;

impl Weighter<(UserId, ViewId), Arc<Shown>> for Bytes {
    fn weight(&self, _id: &(UserId, ViewId), shown: &Arc<Shown>) -> u64 {
        let drafts = shown.overlay.drafts.values().map(|draft| draft.typed.len() + draft.belief.len());
        let texts = drafts.chain(shown.overlay.errors.values().map(String::len));
        let overlay: usize = texts.map(|text| text + KNOWN_TEXT_BYTES).sum();
        KNOWN_ENTRY_BYTES.saturating_add((shown.frame.bytes() + overlay) as u64)
    }
}

impl Known {
    pub(crate) fn new() -> Self {
        Self(Cache::with_weighter(4_096, KNOWN_BYTES, Bytes))
    }

    pub(crate) fn keep(&self, user: &UserId, id: ViewId, frame: &Arc<HashedFrame>, overlay: &Overlay) {
        let key = (user.clone(), id);
        if self.0.get(&key).is_none() {
            self.0.insert(key, Arc::new(Shown { frame: Arc::clone(frame), overlay: overlay.clone() }));
        }
    }

    fn get(&self, user: &UserId, id: ViewId) -> Option<Arc<Shown>> {
        self.0.get(&(user.clone(), id))
    }
}

/// The id of what a rendering shows.
pub(crate) fn id(digest: &Digest, frame: &HashedFrame, overlay: &Overlay, words: &Words) -> ViewId {
    ViewId::of(digest, frame.hash(), overlay, words)
}

/// The same page as before, as it is now.
pub(crate) struct Same<'a> {
    pub(crate) host: &'a Host,
    pub(crate) known: &'a Known,
    pub(crate) shell: &'a Shell,
    pub(crate) pictures: Option<Pictures<'a>>,
    pub(crate) user: &'a UserId,
    /// What the page says that it shows.
    pub(crate) base: Option<ViewId>,
    /// Whether the page asked what is new: then it may show an alert that nobody
    /// knows of here.
    pub(crate) looks: bool,
    /// Whether the page does not know that it is stored.
    pub(crate) by_recipe: bool,
    /// What it showed before the event, if that was looked at.
    pub(crate) seen: Option<&'a Seen>,
    pub(crate) now: &'a Rendering,
    pub(crate) language: Language<'a>,
}

/// How the answer changes the view.
enum Change {
    Nothing,
    Patch(Patch),
}

impl Change {
    fn bytes(&self) -> u64 {
        match self {
            Change::Nothing => 0,
            Change::Patch(patch) => patch.bytes() as u64,
        }
    }

    /// As a member of the answer.
    fn member(self) -> String {
        match self {
            Change::Nothing => String::new(),
            Change::Patch(Patch::Ops(ops)) => [",\"ops\":", &ops].concat(),
            Change::Patch(Patch::Html(html)) => {
                let mut out = String::new();
                push(&mut out, "html", &json!(html));
                out
            }
        }
    }
}

impl Same<'_> {
    /// The answer.
    ///
    /// # Errors
    /// The program's fault: a view that cannot be shown. Or the turn for a large one
    /// does not come.
    pub(crate) async fn answer(&self) -> Result<Response, PageError> {
        let Same { host, now, seen, .. } = *self;
        let words = Words::of(self.language.lang);
        let began = Instant::now();
        let definitions = now.definitions()?;
        let tree = now.tree(&definitions, host)?;
        let decoding = began.elapsed();
        let to = self.id(&now.frame, &now.overlay, &words);
        let way = way_here(now.place.page, &now.below_next());
        let app_id = now.program.manifest().app_id.as_str();
        let old = self.base.filter(|base| *base != to).and_then(|base| self.shown(base, &words));
        // What cannot be read any more has templates of another version.
        let own = old.as_ref().and_then(|old| old.frame.definitions().ok());
        let before = match (&old, &own) {
            (Some(old), Some(own)) => old.frame.tree(&now.program, own, host).ok().map(|tree| (tree, &old.overlay)),
            _ => None,
        };
        let weight = match (&old, &before) {
            _ if self.base == Some(to) => 0,
            (Some(old), Some((tree_old, _))) => old.frame.weight(tree_old).max(now.frame.weight(&tree)),
            _ => now.frame.weight(&tree),
        };
        let turn = host.turn(&now.program, weight).await?;
        let links = Links { shell: self.shell, app_id, way: &way, pictures: self.pictures };
        let context =
            HtmlContext { token_key: &now.token_key, addresses: &links, overlay: &now.overlay, words: &words };
        let began = Instant::now();
        let heading = outline::first_heading(&tree).map(|heading| heading.text);
        let (member, patch_bytes, is_called_else) = turn.run(|| {
            let (change, is_called_else) = match &before {
                _ if self.base == Some(to) => (Change::Nothing, false),
                Some((old, overlay)) => {
                    let called = outline::first_heading(old).map(|heading| heading.text);
                    let patch = patch((old, overlay), &tree, now.program.prerendered(), &context);
                    (Change::Patch(patch), called != heading)
                }
                None => (Change::Patch(whole(&tree, now, &context)), true),
            };
            let bytes = change.bytes();
            (change.member(), bytes, is_called_else)
        });
        let (writing, comparing) = match before {
            Some(_) => (Duration::ZERO, began.elapsed()),
            None => (began.elapsed(), Duration::ZERO),
        };
        let showing = Showing {
            render_us: dev::micros(decoding + writing),
            diff_us: dev::micros(comparing),
            patch_bytes: Some(patch_bytes),
        };
        dev::shown(host, self.user, now, showing);

        let mut out = String::with_capacity(256);
        // Writing to a `String` cannot fail.
        let _ = write!(out, "{{\"base\":\"{}\",\"to\":\"{to}\",\"rev\":{}", self.base.unwrap_or(to), now.revision);
        out.push_str(&member);
        if now.stored && (self.by_recipe || seen.is_none_or(|seen| !seen.stored)) {
            // The page is stored now, and its links say so.
            push(&mut out, "page", &json!(now.place.page.map(|page| page.to_string())));
            push(&mut out, "url", &json!(address(links.app_id, &now.place)));
            push(&mut out, "way", &json!(way));
            push(&mut out, "push", &json!(true));
        }
        if seen.is_none_or(|seen| seen.ages) && now.stored {
            push(&mut out, "nonce", &json!(now.nonce));
        }
        if is_called_else {
            push(&mut out, "title", &json!(self.shell.title(self.language.texts, heading)));
        }
        if self.looks || seen.is_none_or(|seen| seen.alert != now.alert) {
            let alert = now.alert.as_ref().map(|alert| {
                let kind = match alert.kind {
                    AlertKind::Error => "error",
                    AlertKind::Notice => "notice",
                };
                json!({ "kind": kind, "text": alert.text })
            });
            push(&mut out, "alert", &json!(alert));
        }
        if !now.toasts.is_empty() {
            push(&mut out, "toasts", &json!(now.toasts));
        }
        out.push('}');
        self.known.keep(self.user, to, &now.frame, &now.overlay);
        Ok(answer(StatusCode::OK, out))
    }

    fn id(&self, frame: &HashedFrame, overlay: &Overlay, words: &Words) -> ViewId {
        id(self.now.program.digest(), frame, overlay, words)
    }

    /// The view that the page says it shows, if it is known.
    fn shown(&self, base: ViewId, words: &Words) -> Option<Arc<Shown>> {
        match self.seen.filter(|seen| self.id(&seen.frame, &seen.overlay, words) == base) {
            Some(seen) => Some(Arc::new(Shown { frame: Arc::clone(&seen.frame), overlay: seen.overlay.clone() })),
            None => self.known.get(self.user, base),
        }
    }
}

fn whole(tree: &Tree<'_>, now: &Rendering, context: &HtmlContext<'_>) -> Patch {
    let mut out = String::new();
    html::write(&mut out, tree, now.program.prerendered(), context);
    Patch::Html(out)
}

/// Appends `,"name":value`.
fn push(out: &mut String, name: &str, value: &serde_json::Value) {
    // Writing to a `String` cannot fail.
    let _ = write!(out, ",\"{name}\":{value}");
}

/// Somewhere else.
pub(crate) fn go(address: &str) -> Response {
    answer(StatusCode::OK, json!({ "go": address }).to_string())
}

/// What did not work: the page stays as it is and says so.
pub(crate) fn problem(problem: &Problem) -> Response {
    let mut body = json!({
        "problem": { "kind": problem.kind, "title": problem.title, "text": problem.text },
    });
    if let (Some(wait), Some(body)) = (problem.retry_after, body.as_object_mut()) {
        body.insert("retry".to_owned(), json!(wait.as_secs().max(1)));
    }
    answer(problem.status, body.to_string())
}

fn answer(status: StatusCode, body: String) -> Response {
    let mut answer = Response::new(Body::from(body));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    answer
}
