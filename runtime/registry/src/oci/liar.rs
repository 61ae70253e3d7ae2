//! A registry for tests that says what a test wants, on a port of this machine:
//! other bytes, no end, nothing. Registries that tell the truth are tested with a
//! real one, in `tests/oci.rs`.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

/// What somebody asked for.
#[derive(Debug, Clone)]
pub(super) struct Request {
    /// Path and query.
    pub(super) path: String,
    headers: Vec<(String, String)>,
}

impl Request {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// What is answered.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    /// Something whole.
    Whole { status: u16, headers: Vec<(String, String)>, body: Vec<u8> },
    /// As many bytes as somebody takes, with this length announced.
    Endless { announced: Option<u64> },
    /// The same as an error.
    EndlessError { status: u16 },
    /// The beginning of something.
    Cut,
    /// Nothing at all.
    Silent,
    /// A byte now and then.
    Drip,
}

impl Answer {
    pub(super) fn ok(media_type: &str, body: &[u8]) -> Answer {
        let headers = vec![("content-type".to_owned(), media_type.to_owned())];
        Answer::Whole { status: 200, headers, body: body.to_vec() }
    }

    pub(super) fn status(status: u16, text: &str) -> Answer {
        Answer::Whole { status, headers: Vec::new(), body: text.as_bytes().to_vec() }
    }

    pub(super) fn with(mut self, header: (String, String)) -> Answer {
        if let Answer::Whole { headers, .. } = &mut self {
            headers.push(header);
        }
        self
    }
}

#[derive(Default)]
struct Seen {
    asked: Mutex<Vec<Request>>,
    sent: AtomicU64,
    over: AtomicBool,
}

pub(super) struct Liar {
    address: String,
    seen: Arc<Seen>,
}

impl Liar {
    pub(super) fn start(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Liar {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let seen = Arc::new(Seen::default());
        let liar = Liar { address, seen: Arc::clone(&seen) };
        let answer = Arc::new(answer);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if seen.over.load(Ordering::SeqCst) {
                    return;
                }
                let (answer, seen) = (Arc::clone(&answer), Arc::clone(&seen));
                // Whoever hangs up in the middle has heard enough.
                thread::spawn(move || serve(stream, &*answer, &seen).ok());
            }
        });
        liar
    }

    /// `127.0.0.1:PORT`.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// All requests so far.
    pub(super) fn asked(&self) -> Vec<Request> {
        self.seen.asked.lock().unwrap().clone()
    }

    /// How many bytes without an end were taken so far.
    pub(super) fn sent(&self) -> u64 {
        self.seen.sent.load(Ordering::SeqCst)
    }
}

impl Drop for Liar {
    fn drop(&mut self) {
        self.seen.over.store(true, Ordering::SeqCst);
        // Wakes the one who waits for connections.
        let _ = TcpStream::connect(&self.address);
    }
}

fn serve(stream: TcpStream, answer: &dyn Fn(&Request) -> Answer, seen: &Seen) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => headers.push((name.to_ascii_lowercase(), value.trim().to_owned())),
            None => break,
        }
    }
    let request = Request { path, headers };
    let length = request.header("content-length").and_then(|value| value.parse::<u64>().ok()).unwrap_or(0);
    reader.by_ref().take(length).read_to_end(&mut Vec::new())?;
    seen.asked.lock().unwrap().push(request.clone());
    say(stream, answer(&request), seen)
}

fn say(mut stream: TcpStream, answer: Answer, seen: &Seen) -> std::io::Result<()> {
    match answer {
        Answer::Whole { status, headers, body } => {
            write!(stream, "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n", body.len())?;
            for (name, value) in headers {
                write!(stream, "{name}: {value}\r\n")?;
            }
            stream.write_all(b"\r\n")?;
            stream.write_all(&body)
        }
        Answer::Endless { announced: None } => {
            stream.write_all(b"HTTP/1.1 200 X\r\nconnection: close\r\n\r\n")?;
            pour(stream, seen)
        }
        Answer::Endless { announced: Some(bytes) } => {
            write!(stream, "HTTP/1.1 200 X\r\nconnection: close\r\ncontent-length: {bytes}\r\n\r\n")?;
            pour(stream, seen)
        }
        Answer::EndlessError { status } => {
            write!(stream, "HTTP/1.1 {status} X\r\nconnection: close\r\n\r\n")?;
            pour(stream, seen)
        }
        Answer::Cut => stream.write_all(b"HTTP/1.1 200 X\r\ncontent-length: 14\r\n\r\n\0asm"),
        Answer::Silent => {
            // Until the other side hangs up.
            stream.read(&mut [0]).map(|_| ())
        }
        Answer::Drip => {
            stream.write_all(b"HTTP/1.1 200 X\r\nconnection: close\r\n\r\n")?;
            loop {
                stream.write_all(b" ")?;
                thread::sleep(Duration::from_millis(50));
            }
        }
    }
}

fn pour(mut stream: TcpStream, seen: &Seen) -> std::io::Result<()> {
    loop {
        stream.write_all(&[b' '; 64 * 1024])?;
        seen.sent.fetch_add(64 * 1024, Ordering::SeqCst);
    }
}
