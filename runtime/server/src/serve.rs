//! Takes connections and looks after their time: how many at once, how long a
//! head may take, how long an answer may lie unread, how long the end may take.
//! What does not fit is told so and closed, rather than kept waiting.

use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use mprun_core::manifest::ColorScheme;
use mprun_host::Host;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Sleep, sleep, timeout};

use crate::config::ServerConfig;
use crate::problem::Problem;
use crate::response::CONTENT_SECURITY_POLICY;
use crate::site::{Live, Styles, router_with};

/// Largest head of a request, in bytes.
const HEAD_BYTES_MAX: usize = 32 * 1024;

/// Connections that are being told that there are too many; more are closed
/// without a word.
const REFUSALS_MAX: usize = 64;

/// How long telling so may take.
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(2);

/// Serves programs on a socket until `shutdown` is ready; then takes no more
/// connections, lets the open requests finish within
/// [`ServerConfig::stop_timeout`], and returns.
///
/// The caller starts the host's scheduler: a server that runs no timers is one of
/// several replicas.
pub async fn serve(
    listener: TcpListener,
    config: ServerConfig,
    host: Arc<Host>,
    shutdown: impl Future<Output = ()> + Send,
) {
    let (router, live) = router_with(&config, host);
    serve_router(listener, &config, router, &live, shutdown).await;
}

/// The same, for a router that was made before, with what tells its open pages.
pub async fn serve_router(
    listener: TcpListener,
    config: &ServerConfig,
    router: Router,
    live: &Live,
    shutdown: impl Future<Output = ()> + Send,
) {
    let shutdown = async {
        shutdown.await;
        live.end();
    };
    run(listener, config, router, shutdown).await;
}

async fn run(listener: TcpListener, config: &ServerConfig, router: Router, shutdown: impl Future<Output = ()>) {
    let busy: Arc<str> = too_many().into();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(config.header_timeout).max_header_size(HEAD_BYTES_MAX);
    let permits = Arc::new(Semaphore::new(config.connections_max));
    let refusals = Arc::new(Semaphore::new(REFUSALS_MAX));
    let (stop, stopped) = watch::channel(());
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);

    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut shutdown => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => continue,
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // A client that is gone again, or no more descriptors: the next
                // connection can be fine, but not at once.
                tracing::warn!(%error, "cannot take a connection");
                sleep(Duration::from_millis(20)).await;
                continue;
            }
        };
        // Small answers are not to wait for more to send.
        let _ = stream.set_nodelay(true);
        if let Ok(permit) = Arc::clone(&permits).try_acquire_owned() {
            let io = TokioIo::new(Unstalled::new(stream, config.stall_timeout));
            let connection = http.serve_connection(io, TowerToHyperService::new(router.clone()));
            let mut stopped = stopped.clone();
            connections.spawn(async move {
                let _permit = permit;
                let mut connection = pin!(connection);
                let ended = tokio::select! {
                    ended = connection.as_mut() => ended,
                    _ = stopped.changed() => {
                        connection.as_mut().graceful_shutdown();
                        connection.await
                    }
                };
                if let Err(error) = ended {
                    tracing::debug!(%error, "connection ended");
                }
            });
        } else if let Ok(permit) = Arc::clone(&refusals).try_acquire_owned() {
            tracing::warn!(limit = config.connections_max, "too many connections");
            let busy = Arc::clone(&busy);
            connections.spawn(async move {
                let _permit = permit;
                let _ = timeout(REFUSAL_TIMEOUT, refuse(stream, &busy)).await;
            });
        }
    }

    drop(listener);
    let _ = stop.send(());
    let finished = async { while connections.join_next().await.is_some() {} };
    if timeout(config.stop_timeout, finished).await.is_err() {
        tracing::warn!(connections = connections.len(), "requests were cut off");
        connections.shutdown().await;
    }
}

/// The answer of a server that has too many connections, head and all.
fn too_many() -> String {
    let styles = Styles::new();
    let page = Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "busy",
        "Too much to do right now",
        "Too many people are here at once. Please try again in a moment.",
    )
    .html(styles.address(ColorScheme::Auto), false);
    format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {}\r\n\
         retry-after: 5\r\nconnection: close\r\ncache-control: no-store\r\nx-content-type-options: nosniff\r\n\
         referrer-policy: same-origin\r\ncross-origin-opener-policy: same-origin\r\n\
         content-security-policy: {CONTENT_SECURITY_POLICY}\r\n\r\n{page}",
        page.len()
    )
}

/// Says why, then reads what the client still sends: closing with something
/// unread would make its system throw away the answer.
async fn refuse(mut stream: TcpStream, answer: &str) -> io::Result<()> {
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await?;
    let mut rest = [0; 4 * 1024];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}

/// A connection that breaks where the other side takes nothing for too long.
struct Unstalled<T> {
    inner: T,
    limit: Duration,
    /// Runs while something waits to be written.
    waiting: Option<Pin<Box<Sleep>>>,
}

impl<T> Unstalled<T> {
    const fn new(inner: T, limit: Duration) -> Self {
        Self { inner, limit, waiting: None }
    }

    fn watch<R>(&mut self, cx: &mut Context<'_>, result: Poll<io::Result<R>>) -> Poll<io::Result<R>> {
        if result.is_ready() {
            self.waiting = None;
            return result;
        }
        let limit = self.limit;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(limit)));
        ready!(waiting.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Unstalled<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buffer)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Unstalled<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.watch(cx, result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.inner).poll_write_vectored(cx, parts);
        self.watch(cx, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.inner).poll_flush(cx);
        self.watch(cx, result)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.inner).poll_shutdown(cx);
        self.watch(cx, result)
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::time::Instant;

    use axum::routing::get;
    use tokio::sync::oneshot;
    use tokio::task::JoinHandle;

    use super::*;

    struct Running {
        address: SocketAddr,
        stop: Option<oneshot::Sender<()>>,
        task: JoinHandle<()>,
    }

    /// A server whose `/slow` takes 400 ms and whose `/large` is 32 MiB.
    async fn start(config: ServerConfig) -> Running {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let slow = get(|| async {
            sleep(Duration::from_millis(400)).await;
            "done"
        });
        let router = Router::new()
            .route("/", get(|| async { "ok" }))
            .route("/slow", slow)
            .route("/large", get(|| async { "x".repeat(32 * 1024 * 1024) }));
        let task = tokio::spawn(async move {
            let shutdown = async {
                let _ = stopped.await;
            };
            run(listener, &config, router, shutdown).await;
        });
        Running { address, stop: Some(stop), task }
    }

    /// Everything that the other side says until it closes.
    async fn say(address: SocketAddr, text: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer).await;
        answer
    }

    fn short() -> ServerConfig {
        ServerConfig {
            connections_max: 2,
            header_timeout: Duration::from_millis(200),
            stall_timeout: Duration::from_millis(200),
            stop_timeout: Duration::from_secs(2),
            ..ServerConfig::default()
        }
    }

    #[tokio::test]
    async fn a_head_that_does_not_come_is_not_waited_for() {
        let server = start(short()).await;
        let began = Instant::now();
        let answer = say(server.address, "GET / HTTP/1.1\r\nhost: a\r\n").await;
        assert!(!answer.contains("200 OK"), "{answer}");
        // Nor is the next request of a connection that has had one.
        assert!(say(server.address, "GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.contains("200 OK"));
        assert!(began.elapsed() < Duration::from_secs(5));
    }

    #[tokio::test]
    async fn one_connection_too_many_is_told_so_and_the_others_go_on() {
        let server = start(ServerConfig { header_timeout: Duration::from_secs(5), ..short() }).await;
        let mut open = Vec::new();
        for _ in 0..2 {
            open.push(TcpStream::connect(server.address).await.unwrap());
        }
        sleep(Duration::from_millis(50)).await;
        let answer = say(server.address, "GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
        let (head, page) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 503 "), "{head}");
        assert!(head.contains("retry-after: 5") && head.contains(CONTENT_SECURITY_POLICY), "{head}");
        assert!(head.contains(&format!("content-length: {}\r\n", page.len())), "{head}");
        let first = open.first_mut().unwrap();
        first.write_all(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        first.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with("ok"), "{answer}");
        sleep(Duration::from_millis(50)).await;
        let again = say(server.address, "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
        assert!(again.ends_with("ok"), "{again}");
    }

    #[tokio::test]
    async fn an_answer_that_nobody_takes_is_given_up() {
        let server = start(short()).await;
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(b"GET /large HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        sleep(Duration::from_secs(1)).await;
        let mut taken = Vec::new();
        let _ = timeout(Duration::from_secs(5), stream.read_to_end(&mut taken)).await.unwrap();
        assert!(taken.len() < 32 * 1024 * 1024);
    }

    #[tokio::test]
    async fn open_requests_are_finished_at_the_end_and_idle_connections_closed() {
        let mut server = start(ServerConfig { header_timeout: Duration::from_secs(60), ..short() }).await;
        let _idle = TcpStream::connect(server.address).await.unwrap();
        let slow = tokio::spawn(say(server.address, "GET /slow HTTP/1.1\r\nhost: a\r\n\r\n"));
        sleep(Duration::from_millis(100)).await;
        server.stop.take().unwrap().send(()).unwrap();
        assert!(slow.await.unwrap().ends_with("done"));
        timeout(Duration::from_secs(1), server.task).await.unwrap().unwrap();
        assert!(TcpStream::connect(server.address).await.is_err());
    }

    #[tokio::test]
    async fn what_takes_too_long_at_the_end_is_cut_off() {
        let mut server = start(ServerConfig { stop_timeout: Duration::from_millis(100), ..short() }).await;
        let slow = tokio::spawn(say(server.address, "GET /slow HTTP/1.1\r\nhost: a\r\n\r\n"));
        sleep(Duration::from_millis(100)).await;
        server.stop.take().unwrap().send(()).unwrap();
        timeout(Duration::from_millis(300), server.task).await.unwrap().unwrap();
        assert!(!slow.await.unwrap().contains("done"));
    }
}
