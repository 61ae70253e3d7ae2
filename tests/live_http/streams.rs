//! Streams of events, by the hundred: only for users for whom something was done, at
//! the limit shared between them, and pages are shown meanwhile.

use std::collections::BTreeMap;
use std::io::Read;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::{COUNTER, OURS, begin, head};
use crate::support::guest;
use crate::support::server::Server;

/// A stream of events that somebody holds open.
struct Stream {
    socket: TcpStream,
    seen: String,
}

impl Stream {
    /// Opens one; the answer's status if there is none.
    fn open(server: &Server, cookie: &str) -> Result<Self, u16> {
        let mut socket = begin(server, "GET", "/_events", &[("Cookie", cookie), OURS, ("Accept", "text/event-stream")]);
        let Some((status, headers)) = head(&mut socket) else { return Err(0) };
        if status != 200 {
            return Err(status);
        }
        assert_eq!(headers.get("content-type").map(String::as_str), Some("text/event-stream"));
        assert_eq!(headers.get("cache-control").map(String::as_str), Some("no-store"));
        Ok(Self { socket, seen: String::new() })
    }

    /// Reads until this was said; false at the end of the stream.
    fn says(&mut self, expected: &str) -> bool {
        let mut bytes = [0; 4_096];
        while !self.seen.contains(expected) {
            match self.socket.read(&mut bytes) {
                Ok(count) if count > 0 => {
                    self.seen.push_str(&String::from_utf8_lossy(bytes.get(..count).unwrap_or_default()));
                }
                _ => return false,
            }
        }
        true
    }

    /// Reads what is there, and returns how long the browser is to wait, in
    /// milliseconds, if that is longer than at the beginning.
    fn is_told_to_wait(&mut self) -> Option<u32> {
        // Ends with the stream, or when nothing comes any more.
        self.says("\0");
        let waits = self.seen.lines().filter_map(|line| line.strip_prefix("retry: ")?.parse().ok());
        waits.max().filter(|wait| *wait > 1_000)
    }
}

/// A cookie that a server could have given out, for as many users as one likes.
fn cookie(user: u32) -> String {
    format!("mprun={user:0>42}A")
}

#[test]
fn who_made_up_a_cookie_or_only_looked_has_no_stream() {
    const TRIES: u32 = 2_000;
    let mut server = Server::start(&[guest("counter")]);
    let client = server.client();
    let page = client.get(COUNTER);
    assert_eq!(Stream::open(&server, &client.cookie()).err(), Some(204), "nothing can happen to their pages");
    page.press("Add");
    let mut first = Stream::open(&server, &client.cookie()).unwrap_or_else(|status| panic!("{status}"));
    let answers: BTreeMap<u16, u32> = (0..TRIES).fold(BTreeMap::new(), |mut answers, user| {
        let answer = Stream::open(&server, &cookie(user)).err().unwrap_or(200);
        *answers.entry(answer).or_default() += 1;
        answers
    });
    assert_eq!(answers, BTreeMap::from([(204, TRIES)]));
    client.get(COUNTER).press("Add").assert_text("shared 2, stored 2.");
    assert!(first.says("event: change"), "{}", first.seen);
    // Who is known stays known.
    server.kill_and_restart();
    Stream::open(&server, &client.cookie()).unwrap_or_else(|status| panic!("{status}"));
    assert_eq!(Stream::open(&server, &cookie(0)).err(), Some(204));
}

#[test]
fn hundreds_who_listen_keep_nobody_else_out() {
    /// Eight streams each are as many as a server has.
    const USERS: usize = 64;
    let server = Server::start(&[guest("counter")]);
    let mut open = Vec::new();
    for _ in 0..USERS {
        let client = server.client();
        client.get(COUNTER).press("Add");
        for _ in 0..8 {
            open.push(Stream::open(&server, &client.cookie()).unwrap_or_else(|status| panic!("{status}")));
        }
    }
    println!("{} streams are open", open.len());
    // Who comes now has one as well: somebody with eight has seven.
    let client = server.client();
    client.get(COUNTER).press("Add");
    let mut newest = Stream::open(&server, &client.cookie()).unwrap_or_else(|status| panic!("{status}"));
    for stream in &mut open {
        stream.socket.set_read_timeout(Some(Duration::from_millis(2))).expect("a timeout");
    }
    let began = Instant::now();
    let mut evicted = Vec::new();
    while evicted.is_empty() && began.elapsed() < Duration::from_secs(10) {
        evicted = open.iter_mut().filter_map(|stream| stream.is_told_to_wait()).collect();
    }
    assert_eq!(evicted.len(), 1, "{evicted:?}");
    assert!(evicted.iter().all(|wait| (60_000..90_000).contains(wait)), "{evicted:?}");
    // Pages are shown and events handled, and who listens hears.
    let other = server.client();
    other.get(COUNTER).press("Add").assert_text("here 1, shared 1, stored 1.");
    client.get(COUNTER).press("Add").assert_text("shared 2, stored 2.");
    assert!(newest.says("event: change") && newest.says("\"app\":\"counter\""), "{}", newest.seen);
    // What others do is not told: neither that it happened nor to whom.
    let mut quiet = open.pop().expect("one of many");
    quiet.socket.set_read_timeout(Some(Duration::from_millis(300))).expect("a timeout");
    assert!(!quiet.says("event: change"), "{}", quiet.seen);
}

#[test]
fn a_user_who_opens_one_stream_after_another_has_the_newest() {
    let server = Server::start(&[guest("counter")]);
    let client = server.client();
    client.get(COUNTER).press("Add");
    let mut streams: Vec<_> =
        (0..20).map(|_| Stream::open(&server, &client.cookie()).unwrap_or_else(|status| panic!("{status}"))).collect();
    client.get(COUNTER).press("Add").assert_text("shared 2, stored 2.");
    let mut hear = 0;
    for stream in streams.iter_mut().rev() {
        if !stream.says("event: change") {
            break;
        }
        hear += 1;
    }
    println!("{hear} of 20 streams of one user are open");
    assert!((2..20).contains(&hear), "a few tabs, not any number: {hear}");
    let forgotten = streams.iter_mut().take(20 - hear).all(|stream| !stream.says("event: change"));
    assert!(forgotten, "the oldest made room");
    // And do not come back at once, only to end the next.
    for stream in streams.iter_mut().take(20 - hear) {
        let wait = stream.is_told_to_wait();
        assert!(wait.is_some_and(|wait| (60_000..90_000).contains(&wait)), "{}", stream.seen);
    }
}
