//! Streams of events, by the hundred: there is a limit, those who are there keep
//! theirs, and pages are shown meanwhile.

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
}

/// A cookie that a server could have given out, for as many users as one likes.
fn cookie(user: u32) -> String {
    format!("mprun={user:0>42}A")
}

#[test]
fn thousands_who_listen_keep_nobody_else_out() {
    const TRIES: u32 = 2_000;
    let server = Server::start(&[guest("counter")]);
    let client = server.client();
    client.get(COUNTER).press("Add");
    let mut first = Stream::open(&server, &client.cookie()).unwrap_or_else(|status| panic!("{status}"));
    let (mut open, mut refused) = (Vec::new(), BTreeMap::new());
    for user in 0..TRIES {
        match Stream::open(&server, &cookie(user)) {
            Ok(stream) => open.push(stream),
            Err(status) => *refused.entry(status).or_insert(0) += 1,
        }
    }
    println!("{} streams are open, {refused:?} were refused", open.len());
    assert!(open.len() >= 100, "that is too few: {}", open.len());
    assert!(refused.keys().all(|status| [429, 503].contains(status)), "{refused:?}");
    assert!(refused.values().sum::<u32>() > 0, "{TRIES} streams at once are too many");
    // Pages are shown and events handled, and who listened first still hears.
    let other = server.client();
    other.get(COUNTER).press("Add").assert_text("here 1, shared 1, stored 1.");
    client.get(COUNTER).press("Add").assert_text("shared 2, stored 2.");
    assert!(first.says("event: change"), "{}", first.seen);
    assert!(first.says("\"app\":\"counter\""), "{}", first.seen);
    // What others do is not told: neither that it happened nor to whom.
    let mut quiet = open.pop().expect("one of many");
    quiet.socket.set_read_timeout(Some(Duration::from_millis(300))).expect("a timeout");
    assert!(!quiet.says("event: change"), "{}", quiet.seen);
    // Who goes makes room.
    drop(open);
    let started = Instant::now();
    while let Err(status) = Stream::open(&server, &other.cookie()) {
        assert!(started.elapsed() < Duration::from_secs(10), "{status}");
        std::thread::sleep(Duration::from_millis(50));
    }
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
}
