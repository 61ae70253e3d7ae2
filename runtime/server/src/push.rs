//! Tells open pages that there is something new: one stream of server-sent events
//! per browser, for all of its pages. What is sent is only *that* something has
//! changed; each page then asks for its patch. So nothing has to be remembered for
//! a stream that is slow, and a stream that was lost has lost nothing.
//!
//! A stream more than one user may have ends their oldest, one more than the server
//! may have the oldest of the user who has most; the browser of one that was ended is
//! told to wait, or each would end the next for ever. Refuses a stream where everybody
//! has one.

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
/// How long a browser waits before it asks again for a stream that broke off.
const RETRY: &str = "retry: 1000\n\n";
/// How long one waits whose stream had to make room, in milliseconds ...
const EVICTED_RETRY_MS: u16 = 60_000;
/// ... and by less than this longer, so that not all come back at once.
const EVICTED_JITTER_MS: u16 = 30_000;
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
    /// The last word about each program that is being built, unless it runs.
    unfinished: Mutex<BTreeMap<String, String>>,
    /// Whether somebody listens to the host's changes.
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
    end: Option<End>,
}

/// How a stream ends.
#[derive(Debug, Clone, Copy)]
enum End {
    /// At once.
    Now,
    /// After its browser was told to wait: another stream has its place.
    Evicted,
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
            let text = {
                let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
                let mut text = waiting.take();
                let end = waiting.end;
                match end {
                    None => {}
                    Some(End::Now) => return None,
                    Some(End::Evicted) => {
                        waiting.end = Some(End::Now);
                        text.push_str(&evicted_retry());
                    }
                }
                text
            };
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

/// Tells a browser to stay away for a while.
fn evicted_retry() -> String {
    let mut bytes = [0; 2];
    // Without random bytes all wait equally long.
    let _ = getrandom::fill(&mut bytes);
    let wait = u32::from(EVICTED_RETRY_MS) + u32::from(u16::from_le_bytes(bytes) % EVICTED_JITTER_MS);
    format!("retry: {wait}\n\n")
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

    /// Opens a stream for a user; `None` where there is no room.
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
                return Some((Ok::<_, Infallible>(Bytes::from_static(RETRY.as_bytes())), open));
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
        let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        // Under the lock: who comes while all are ended is ended too, or refused.
        if self.ended.load(Ordering::Acquire) {
            return None;
        }
        let own = users.get(user).map_or(0, Vec::len);
        let all: usize = users.values().map(Vec::len).sum();
        if own >= OF_USER_MAX {
            evict(&mut users, user);
        } else if all >= self.max {
            let most = users.iter().max_by_key(|(_, mailboxes)| mailboxes.len());
            // Only who has no fewer even then: otherwise two would end each other's in turn.
            match most.map(|(most, mailboxes)| (most.clone(), mailboxes.len())) {
                Some((most, count)) if count > own + 1 => evict(&mut users, &most),
                _ if own > 0 => evict(&mut users, user),
                _ => return None,
            }
        }
        let mailbox = Arc::new(Mailbox::default());
        let built = self.unfinished.lock().unwrap_or_else(PoisonError::into_inner).clone();
        mailbox.put(|waiting| waiting.built = built);
        users.entry(user.clone()).or_default().push(Arc::clone(&mailbox));
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
        self.tell_all(|waiting| waiting.end = Some(End::Now));
    }
}

/// Ends the oldest stream of a user.
fn evict(users: &mut HashMap<UserId, Vec<Arc<Mailbox>>>, user: &UserId) {
    let Some(mailboxes) = users.get_mut(user).filter(|mailboxes| !mailboxes.is_empty()) else { return };
    mailboxes.remove(0).put(|waiting| waiting.end = Some(End::Evicted));
    if mailboxes.is_empty() {
        users.remove(user);
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

    fn open(streams: &Streams, name: &str) -> usize {
        streams.users.lock().unwrap().get(&user(name)).map_or(0, Vec::len)
    }

    /// A stream that had to make room says so to its browser, and ends.
    async fn assert_evicted(mailbox: &Mailbox) {
        let said = mailbox.next().await.unwrap();
        let said = std::str::from_utf8(&said).unwrap();
        let wait: u32 = said.strip_prefix("retry: ").unwrap().strip_suffix("\n\n").unwrap().parse().unwrap();
        assert!((60_000..90_000).contains(&wait), "{said}");
        assert_eq!(mailbox.next().await, None);
    }

    #[tokio::test]
    async fn one_more_than_a_user_may_have_ends_their_oldest_which_stays_away_for_a_while() {
        let streams = Arc::new(Streams::new(OF_USER_MAX * 2));
        let first = streams.enter(&user("a")).unwrap();
        for _ in 1..OF_USER_MAX {
            streams.enter(&user("a")).unwrap();
        }
        let other = streams.enter(&user("b")).unwrap();
        assert_eq!((open(&streams, "a"), open(&streams, "b")), (OF_USER_MAX, 1));
        streams.enter(&user("a")).unwrap();
        assert_eq!((open(&streams, "a"), open(&streams, "b")), (OF_USER_MAX, 1));
        assert_evicted(&first).await;
        // What was not told yet is told before.
        let second = Arc::clone(streams.users.lock().unwrap()[&user("a")].first().unwrap());
        streams.tell(&change("a", 7));
        streams.enter(&user("a")).unwrap();
        let last = second.next().await.unwrap();
        assert!(last.starts_with(b"event: change\n") && last.windows(7).any(|part| part == b"retry: "), "{last:?}");
        streams.forget(&user("b"), &other);
        assert!(!streams.users.lock().unwrap().contains_key(&user("b")));
    }

    #[tokio::test]
    async fn at_the_servers_limit_who_has_most_makes_room() {
        let streams = Arc::new(Streams::new(4));
        let first = streams.enter(&user("a")).unwrap();
        let second = streams.enter(&user("a")).unwrap();
        streams.enter(&user("a")).unwrap();
        let of_b = streams.enter(&user("b")).unwrap();
        for (name, evicted) in [("c", &first), ("d", &second)] {
            streams.enter(&user(name)).unwrap();
            assert_evicted(evicted).await;
        }
        assert_eq!(["a", "b", "c", "d"].map(|name| open(&streams, name)), [1; 4]);
        // Where each has one, nobody is ended for somebody new, nor for one's own next.
        assert!(streams.enter(&user("e")).is_none());
        let next = streams.enter(&user("b")).unwrap();
        assert_evicted(&of_b).await;
        assert_eq!(["a", "b", "c", "d", "e"].map(|name| open(&streams, name)), [1, 1, 1, 1, 0]);
        streams.forget(&user("b"), &next);
        assert!(streams.enter(&user("e")).is_some(), "who goes makes room");
    }
}
