//! A server for tests that does what it is told, also what no server should.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use url::Url;

/// A small picture.
pub(super) const GIF: &[u8] =
    b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

/// Something that it does; in the end it hangs up.
#[derive(Debug, Clone)]
pub(super) enum Act {
    Say(Vec<u8>),
    /// Nothing, for so long: this is counted.
    Pause(Duration),
    /// Nothing any more.
    Wait,
    /// A byte now and then, for ever.
    Drip,
}

/// An answer that says how long it is.
pub(super) fn answer(body: &[u8], kind: &str) -> Vec<u8> {
    let length = body.len();
    let head =
        format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    [head.as_bytes(), body].concat()
}

type Found = Result<Addrs, Box<dyn Error + Send + Sync>>;

/// Every name is this machine's.
#[derive(Debug)]
pub(super) struct Here;

impl Resolve for Here {
    fn resolve(&self, _name: Name) -> Resolving {
        let here: Found = Ok(Box::new(std::iter::once(SocketAddr::from(([127, 0, 0, 1], 0)))));
        Box::pin(std::future::ready(here))
    }
}

/// No name is ever found.
#[derive(Debug)]
pub(super) struct Nowhere;

impl Resolve for Nowhere {
    fn resolve(&self, _name: Name) -> Resolving {
        Box::pin(std::future::pending::<Found>())
    }
}

#[derive(Debug, Default)]
struct Seen {
    heads: Mutex<Vec<String>>,
    connections: AtomicUsize,
    paused: AtomicUsize,
    paused_most: AtomicUsize,
}

/// A server on this machine.
pub(super) struct Server {
    address: SocketAddr,
    seen: Arc<Seen>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// `acts` decides by the head of a request.
    pub(super) async fn start(acts: impl Fn(&str) -> Vec<Act> + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, seen, acts) = (listener.local_addr().unwrap(), Arc::new(Seen::default()), Arc::new(acts));
        let all = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                all.connections.fetch_add(1, Ordering::SeqCst);
                let (seen, acts) = (Arc::clone(&all), Arc::clone(&acts));
                tokio::spawn(async move { serve(stream, &seen, &*acts).await });
            }
        });
        Server { address, seen, task }
    }

    pub(super) fn url(&self, path: &str) -> Url {
        format!("http://pictures.example:{}{path}", self.address.port()).parse().unwrap()
    }

    /// The heads of all requests.
    pub(super) fn heads(&self) -> Vec<String> {
        self.seen.heads.lock().unwrap().clone()
    }

    pub(super) fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    /// Most requests that waited at the same time.
    pub(super) fn paused_most(&self) -> usize {
        self.seen.paused_most.load(Ordering::SeqCst)
    }
}

async fn serve(mut stream: TcpStream, seen: &Seen, acts: &(dyn Fn(&str) -> Vec<Act> + Send + Sync)) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
        // A greeting of TLS has no end of that kind.
        if head.first() == Some(&0x16) {
            return;
        }
    }
    let head = String::from_utf8(head).unwrap();
    let acts = acts(&head);
    seen.heads.lock().unwrap().push(head.trim_end().to_owned());
    for act in acts {
        // Whoever has heard enough hangs up.
        let _ = match act {
            Act::Say(bytes) => stream.write_all(&bytes).await,
            Act::Pause(time) => {
                let paused = seen.paused.fetch_add(1, Ordering::SeqCst) + 1;
                seen.paused_most.fetch_max(paused, Ordering::SeqCst);
                tokio::time::sleep(time).await;
                seen.paused.fetch_sub(1, Ordering::SeqCst);
                Ok(())
            }
            Act::Wait => std::future::pending().await,
            Act::Drip => loop {
                tokio::time::sleep(Duration::from_millis(20)).await;
                if let Err(error) = stream.write_all(&[0]).await {
                    break Err(error);
                }
            },
        };
    }
}
