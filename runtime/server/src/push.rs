//! Tells open pages that there is something new: one stream of server-sent events
//! per browser, for all of its pages. What is sent is only *that* something has
//! changed; each page then asks for its patch. So nothing has to be remembered for
//! a stream that is slow, and a stream that was lost has lost nothing.
//!
//! Refuses more streams than the server or one user may have.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::convert::Infallible;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use futures_util::stream;
use mprun_core::identity::UserId;
use mprun_host::{Change, Host};
use serde_json::json;
use tokio::sync::Notify;
use tokio::sync::broadcast::error::RecvError;

/// Streams of one user: browsers, and tabs where browsers cannot share one. One
/// more ends the oldest.
const OF_USER_MAX: usize = 8;
/// How often something is sent where there is nothing to say, so that both sides
/// notice when the other one is gone.
const BEAT: Duration = Duration::from_secs(15);

/// How far a developer's program is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BuildState {
    /// It is being built.
    Building,
    /// It does not compile.
    Failed,
    /// It runs.
    Ok,
}

/// All open streams.
#[derive(Debug)]
pub(crate) struct Streams {
    users: Mutex<HashMap<UserId, Vec<Arc<Mailbox>>>>,
    max: usize,
    /// Whether somebody listens to the host's changes.
    /// The last word about each program that is being built, unless it runs.
    unfinished: Mutex<BTreeMap<String, String>>,
    listening: AtomicBool,
    ended: AtomicBool,
}

/// What one stream has not been told yet. However slow it is, it is little.
#[derive(Debug, Default)]
struct Mailbox {
    waiting: Mutex<Waiting>,
    rung: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    /// The newest revision of each program.
    changed: BTreeMap<String, u64>,
    /// Programs that are another version now.
    reloaded: BTreeSet<String>,
    /// What a developer should see, by program: the newest.
    built: BTreeMap<String, String>,
    ended: bool,
}

impl Waiting {
    /// Everything as events, and nothing waits any more.
    fn take(&mut self) -> String {
        let mut out = String::new();
        // Writing to a `String` cannot fail.
        for (app, rev) in std::mem::take(&mut self.changed) {
            let _ = write!(out, "event: change\ndata: {}\n\n", json!({ "app": app, "rev": rev }));
        }
        for app in std::mem::take(&mut self.reloaded) {
            let _ = write!(out, "event: reload\ndata: {}\n\n", json!({ "app": app }));
        }
        for build in std::mem::take(&mut self.built).into_values() {
            let _ = write!(out, "event: build\ndata: {build}\n\n");
        }
        out
    }
}

impl Mailbox {
    fn put(&self, put: impl FnOnce(&mut Waiting)) {
        put(&mut self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        self.rung.notify_one();
    }

    /// What to send next; `None` at the end.
    async fn next(&self) -> Option<Bytes> {
        let beat = tokio::time::sleep(BEAT);
        tokio::pin!(beat);
        loop {
            let (text, ended) = {
                let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
                (waiting.take(), waiting.ended)
            };
            if ended {
                return None;
            }
            if !text.is_empty() {
                return Some(text.into());
            }
            tokio::select! {
                () = self.rung.notified() => {}
                () = &mut beat => return Some(Bytes::from_static(b":\n\n")),
            }
        }
    }
}

/// A stream that somebody reads; it is forgotten when this is dropped.
struct Open {
    streams: Weak<Streams>,
    user: UserId,
    mailbox: Arc<Mailbox>,
    greeted: bool,
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(streams) = self.streams.upgrade() {
            streams.forget(&self.user, &self.mailbox);
        }
    }
}

impl Streams {
    /// At most `max` at once.
    pub(crate) fn new(max: usize) -> Self {
        let (listening, ended) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { users: Mutex::default(), max, unfinished: Mutex::default(), listening, ended }
    }

    /// Opens a stream for a user; `None` where there are too many.
    pub(crate) fn open(self: &Arc<Self>, host: &Arc<Host>, user: UserId) -> Option<Response> {
        let mailbox = self.enter(&user)?;
        if !self.listening.swap(true, Ordering::AcqRel) {
            tokio::spawn(listen(Arc::downgrade(self), host.changes()));
        }
        let open = Open { streams: Arc::downgrade(self), user, mailbox, greeted: false };
        let parts = stream::unfold(open, |mut open| async move {
            if !open.greeted {
                open.greeted = true;
                // At once, so that the browser knows that it is connected.
                return Some((Ok::<_, Infallible>(Bytes::from_static(b"retry: 1000\n\n")), open));
            }
            let text = open.mailbox.next().await?;
            Some((Ok(text), open))
        });
        let mut answer = Response::new(Body::from_stream(parts));
        let headers = answer.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        // Proxies that collect answers would keep events back.
        headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
        Some(answer)
    }

    fn enter(&self, user: &UserId) -> Option<Arc<Mailbox>> {
        if self.ended.load(Ordering::Acquire) {
            return None;
        }
        let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        let own = users.get(user).map_or(0, Vec::len);
        let all: usize = users.values().map(Vec::len).sum();
        if all >= self.max && own < OF_USER_MAX {
            return None;
        }
        let mailbox = Arc::new(Mailbox::default());
        let built = self.unfinished.lock().unwrap_or_else(PoisonError::into_inner).clone();
        mailbox.put(|waiting| waiting.built = built);
        let mailboxes = users.entry(user.clone()).or_default();
        if mailboxes.len() >= OF_USER_MAX {
            mailboxes.remove(0).put(|waiting| waiting.ended = true);
        }
        mailboxes.push(Arc::clone(&mailbox));
        Some(mailbox)
    }

    fn forget(&self, user: &UserId, mailbox: &Arc<Mailbox>) {
        let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mailboxes) = users.get_mut(user) {
            mailboxes.retain(|known| !Arc::ptr_eq(known, mailbox));
            if mailboxes.is_empty() {
                users.remove(user);
            }
        }
    }

    fn tell(&self, change: &Change) {
        let users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        for mailbox in users.get(&change.user).into_iter().flatten() {
            mailbox.put(|waiting| {
                let rev = waiting.changed.entry(change.program.app_id().as_str().to_owned()).or_default();
                *rev = (*rev).max(change.revision);
            });
        }
    }

    fn tell_all(&self, put: impl Fn(&mut Waiting)) {
        let users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        users.values().flatten().for_each(|mailbox| mailbox.put(&put));
    }

    /// A program is another version now: its pages look again.
    pub(crate) fn reload(&self, app_id: &str) {
        self.tell_all(|waiting| {
            waiting.reloaded.insert(app_id.to_owned());
        });
    }

    /// What its developer should see. `text` is what the compiler says.
    pub(crate) fn build(&self, app_id: &str, state: BuildState, text: &str) {
        let word = match state {
            BuildState::Building => "building",
            BuildState::Failed => "failed",
            BuildState::Ok => "ok",
        };
        let said = json!({ "app": app_id, "state": word, "text": text }).to_string();
        {
            let mut unfinished = self.unfinished.lock().unwrap_or_else(PoisonError::into_inner);
            match state {
                BuildState::Ok => unfinished.remove(app_id),
                BuildState::Building | BuildState::Failed => unfinished.insert(app_id.to_owned(), said.clone()),
            };
        }
        self.tell_all(|waiting| {
            waiting.built.insert(app_id.to_owned(), said.clone());
        });
    }

    /// Ends all streams, and opens no more.
    pub(crate) fn end(&self) {
        self.ended.store(true, Ordering::Release);
        self.tell_all(|waiting| waiting.ended = true);
    }
}

/// Passes on what the host commits, until nobody is there.
async fn listen(streams: Weak<Streams>, mut changes: tokio::sync::broadcast::Receiver<Change>) {
    loop {
        let change = changes.recv().await;
        let Some(streams) = streams.upgrade() else { return };
        match change {
            Ok(change) => streams.tell(&change),
            Err(RecvError::Lagged(missed)) => {
                tracing::debug!(missed, "changes came faster than they could be passed on");
                // Whose they were is not known: everybody looks.
                streams.tell_all(|waiting| {
                    waiting.reloaded.insert("*".to_owned());
                });
            }
            Err(RecvError::Closed) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str) -> UserId {
        name.parse().unwrap()
    }

    fn change(name: &str, revision: u64) -> Change {
        let program = mprun_core::identity::ProgramId::dev("coffee".parse().unwrap());
        Change { program, user: user(name), revision }
    }

    #[tokio::test]
    async fn a_user_is_told_the_newest_of_their_own_and_nothing_else() {
        let streams = Arc::new(Streams::new(4));
        let mailbox = streams.enter(&user("a")).unwrap();
        for revision in [3, 5, 4] {
            streams.tell(&change("a", revision));
        }
        streams.tell(&change("b", 9));
        let text = mailbox.next().await.unwrap();
        assert_eq!(text, "event: change\ndata: {\"app\":\"coffee\",\"rev\":5}\n\n");
        streams.build("coffee", BuildState::Failed, "line\nbreak");
        let text = mailbox.next().await.unwrap();
        let late = streams.enter(&user("a")).unwrap();
        assert_eq!(late.next().await.unwrap(), text, "who comes later is told too");
        assert!(text.starts_with(b"event: build\ndata: {") && text.ends_with(b"}\n\n"), "one line: {text:?}");
        streams.end();
        assert_eq!(mailbox.next().await, None);
        assert!(streams.enter(&user("a")).is_none());
    }

    #[tokio::test]
    async fn streams_are_bounded_for_all_and_for_each() {
        let streams = Arc::new(Streams::new(OF_USER_MAX + 1));
        let first = streams.enter(&user("a")).unwrap();
        for _ in 1..OF_USER_MAX {
            streams.enter(&user("a")).unwrap();
        }
        let other = streams.enter(&user("b")).unwrap();
        assert!(streams.enter(&user("c")).is_none(), "no room for more");
        streams.enter(&user("a")).unwrap();
        assert_eq!(first.next().await, None, "the oldest made room for one's own newest");
        streams.forget(&user("b"), &other);
        assert!(streams.enter(&user("c")).is_some());
        assert!(!streams.users.lock().unwrap().contains_key(&user("b")));
    }
}
