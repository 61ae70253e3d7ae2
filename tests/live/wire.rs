//! A wire between browser and server that a test can look at and cut: it counts
//! the streams of events that are open, knows what was asked for, and can lose an
//! answer after the server has given it.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::support::server::Server;

/// A way to a server that others may take instead.
pub(super) struct Wire {
    address: String,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// Streams of events that are open, and the most that ever were.
    streams: AtomicUsize,
    streams_most: AtomicUsize,
    /// Answers to posts that are still to be lost.
    to_lose: AtomicUsize,
    /// The first line of every request.
    asked: Mutex<Vec<String>>,
    ended: AtomicBool,
}

impl Wire {
    /// A way to this server.
    pub(super) fn to(server: &Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        let (shared, server) = (Arc::<Shared>::default(), server.address().to_owned());
        let known = Arc::clone(&shared);
        thread::spawn(move || {
            for browser in listener.incoming() {
                if known.ended.load(Ordering::SeqCst) {
                    return;
                }
                let (known, server) = (Arc::clone(&known), server.clone());
                thread::spawn(move || {
                    // A server that is not there is a connection that breaks.
                    let Ok(browser) = browser else { return };
                    let Ok(server) = TcpStream::connect(&server) else { return };
                    join(&browser, &server, &known);
                });
            }
        });
        Self { address, shared }
    }

    /// The address of a page by this way.
    pub(super) fn page(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// How many streams of events are open now.
    pub(super) fn streams(&self) -> usize {
        self.shared.streams.load(Ordering::SeqCst)
    }

    /// The most streams of events that were open at one time.
    pub(super) fn streams_most(&self) -> usize {
        self.shared.streams_most.load(Ordering::SeqCst)
    }

    /// Loses so many of the next answers to posts, after the server has given them.
    pub(super) fn lose_answers(&self, answers: usize) {
        self.shared.to_lose.store(answers, Ordering::SeqCst);
    }

    /// How many answers are still to be lost.
    pub(super) fn to_lose(&self) -> usize {
        self.shared.to_lose.load(Ordering::SeqCst)
    }

    /// The first line of every request so far.
    pub(super) fn asked(&self) -> Vec<String> {
        self.shared.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        // Wakes the one that waits for the next connection.
        let _ = TcpStream::connect(&self.address);
    }
}

/// Passes on both ways until one side has had enough.
fn join(browser: &TcpStream, server: &TcpStream, shared: &Shared) {
    let (losing, streaming) = (AtomicBool::new(false), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            let seen = |bytes: &[u8]| {
                let line = bytes.split(|byte| *byte == b'\r').next().unwrap_or_default();
                let line = String::from_utf8_lossy(line).into_owned();
                // A body may come by itself.
                if !line.ends_with(" HTTP/1.1") {
                    return true;
                }
                if line.starts_with("GET /_events") && !streaming.swap(true, Ordering::SeqCst) {
                    let now = shared.streams.fetch_add(1, Ordering::SeqCst) + 1;
                    shared.streams_most.fetch_max(now, Ordering::SeqCst);
                }
                if line.starts_with("POST ") {
                    let lose = |left: usize| left.checked_sub(1);
                    let lost = shared.to_lose.fetch_update(Ordering::SeqCst, Ordering::SeqCst, lose).is_ok();
                    losing.fetch_or(lost, Ordering::SeqCst);
                }
                shared.asked.lock().unwrap_or_else(PoisonError::into_inner).push(line);
                true
            };
            pass(browser, server, seen);
        });
        // What is to be lost has arrived here, so the server has done it.
        pass(server, browser, |_| !losing.load(Ordering::SeqCst));
    });
    if streaming.load(Ordering::SeqCst) {
        shared.streams.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Passes on what comes from one side to the other as long as `goes_on` says so;
/// then both are closed.
fn pass(mut from: &TcpStream, mut to: &TcpStream, goes_on: impl Fn(&[u8]) -> bool) {
    let mut bytes = vec![0; 64 * 1024];
    loop {
        match from.read(&mut bytes) {
            Ok(count) if count > 0 => {
                let part = bytes.get(..count).unwrap_or_default();
                if !goes_on(part) || to.write_all(part).is_err() {
                    break;
                }
            }
            _ => break,
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
