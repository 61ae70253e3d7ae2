//! Talks HTTP with a server that may be broken, slow or hostile: nothing is read
//! above a limit, whatever was announced, and nothing is waited for without an
//! end. Certificates are checked against those that the system trusts.
//!
//! No proxy is looked for in the environment: whoever wants one says so.

use std::{
    convert::Infallible,
    error::Error,
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use reqwest::{NoProxy, Proxy, RequestBuilder, Response, redirect::Policy};
use serde::Deserialize;
use tokio::{
    sync::watch,
    time::{Instant, timeout, timeout_at},
};

use super::{error::OciError, text::clean};

/// Most redirects that are followed.
const REDIRECTS_MAX: usize = 5;
/// Most that is read of an error's text, in bytes.
const COMPLAINT_BYTES_MAX: usize = 8 * 1024;
/// A body is sent in pieces of this many bytes, so that progress can be seen.
const PIECE_BYTES: usize = 32 * 1024;

/// How long is waited for what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// For a connection.
    pub(super) connect: Duration,
    /// For the next byte; a small document must be there as a whole.
    pub(super) stall: Duration,
    /// For everything that is attached to a bundle, one piece after the other.
    pub(super) attachments: Duration,
    /// For a whole transfer, whatever is tried again in it.
    pub(super) whole: Duration,
}

impl Patience {
    pub(super) const fn default() -> Patience {
        Patience {
            connect: Duration::from_secs(10),
            stall: Duration::from_secs(60),
            attachments: Duration::from_secs(3 * 60),
            whole: Duration::from_secs(30 * 60),
        }
    }
}

/// A proxy for HTTPS, and the hosts that are reached without.
#[derive(Debug, Clone)]
pub(super) struct ProxyAddress {
    pub(super) address: String,
    pub(super) except: Option<String>,
}

/// Makes what requests are sent with. Where `plain` is not set, it sends and
/// follows nothing but HTTPS.
pub(super) fn client(
    plain: bool,
    proxy: Option<&ProxyAddress>,
    patience: Patience,
) -> Result<reqwest::Client, reqwest::Error> {
    // The crypto of rustls that is quick to compile. It fails where this was done
    // before, or where somebody has chosen another, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = || -> Result<reqwest::ClientBuilder, reqwest::Error> {
        let builder = reqwest::Client::builder()
            .user_agent(concat!("mprun/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(patience.connect)
            .redirect(Policy::limited(REDIRECTS_MAX))
            .https_only(!plain)
            .no_proxy();
        Ok(match proxy {
            Some(ProxyAddress { address, except }) => {
                let except = except.as_deref().and_then(NoProxy::from_string);
                builder.proxy(Proxy::https(address.as_str())?.no_proxy(except))
            }
            None => builder,
        })
    };
    match builder()?.build() {
        // A machine without any certificates can talk to itself all the same.
        Err(_) if plain => builder()?.tls_certs_only([]).build(),
        built => built,
    }
}

/// A connection to one registry.
pub(super) struct Transport {
    client: reqwest::Client,
    host: String,
    patience: Patience,
}

impl Transport {
    /// `host` is for messages.
    pub(super) fn new(client: reqwest::Client, host: &str, patience: Patience) -> Transport {
        Transport { client, host: host.to_owned(), patience }
    }

    pub(super) fn client(&self) -> &reqwest::Client {
        &self.client
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// Sends a request with a small body or none, until the head of the answer.
    pub(super) async fn send(&self, request: RequestBuilder) -> Result<Response, OciError> {
        match timeout(self.patience.stall, request.send()).await {
            Ok(answer) => answer.map_err(|error| failure(&self.host, &error)),
            Err(_) => Err(self.stalled("no answer")),
        }
    }

    /// Sends a request with a [`Paced`] body and says how far it is.
    pub(super) async fn upload(
        &self,
        request: RequestBuilder,
        mut sent: watch::Receiver<u64>,
        advance: &mut (dyn FnMut(u64) + Send),
    ) -> Result<Response, OciError> {
        let end = Instant::now() + self.patience.whole;
        let mut answer = std::pin::pin!(request.send());
        let mut counted = 0;
        let mut open = true;
        loop {
            let next = end.min(Instant::now() + self.patience.stall);
            tokio::select! {
                answer = &mut answer => {
                    advance(sent.borrow().saturating_sub(counted));
                    return answer.map_err(|error| failure(&self.host, &error));
                }
                changed = sent.changed(), if open => {
                    // Closed: everything was handed over, the answer is missing.
                    open = changed.is_ok();
                    let now = *sent.borrow_and_update();
                    advance(now.saturating_sub(counted));
                    counted = now;
                }
                () = tokio::time::sleep_until(next) => return Err(self.stalled("it takes nothing any more")),
            }
        }
    }

    /// The next piece of an answer; `None` at its end.
    pub(super) async fn piece(&self, answer: &mut Response, end: Instant) -> Result<Option<Bytes>, OciError> {
        let next = end.min(Instant::now() + self.patience.stall);
        match timeout_at(next, answer.chunk()).await {
            Ok(piece) => piece.map_err(|error| failure(&self.host, &error)),
            Err(_) => Err(self.stalled("nothing comes any more")),
        }
    }

    /// When a bundle that begins now has to be there.
    pub(super) fn end_of_large(&self) -> Instant {
        Instant::now() + self.patience.whole
    }

    /// When a small document that begins now has to be there.
    pub(super) fn end_of_small(&self) -> Instant {
        Instant::now() + self.patience.stall
    }

    /// How long everything that is attached to a bundle may take.
    pub(super) fn time_for_attachments(&self) -> Duration {
        self.patience.attachments
    }

    /// A small document, as a whole.
    pub(super) async fn document(
        &self,
        mut answer: Response,
        what: &'static str,
        bytes_max: u64,
    ) -> Result<Vec<u8>, OciError> {
        let too_large = || OciError::TooLarge { host: self.host.clone(), what, max: bytes_max };
        if answer.content_length().is_some_and(|bytes| bytes > bytes_max) {
            return Err(too_large());
        }
        let end = self.end_of_small();
        let mut document = Vec::new();
        while let Some(piece) = self.piece(&mut answer, end).await? {
            if (document.len() + piece.len()) as u64 > bytes_max {
                return Err(too_large());
            }
            document.extend_from_slice(&piece);
        }
        Ok(document)
    }

    /// What the registry says about an error: the first part of it that may be
    /// shown.
    pub(super) async fn complaint(&self, mut answer: Response) -> String {
        let end = self.end_of_small();
        let mut text = Vec::new();
        // If it breaks off, what came before has to do.
        while text.len() < COMPLAINT_BYTES_MAX
            && let Ok(Some(piece)) = self.piece(&mut answer, end).await
        {
            let left = COMPLAINT_BYTES_MAX - text.len();
            text.extend(piece.iter().take(left));
        }
        words(&text)
    }

    fn stalled(&self, what: &'static str) -> OciError {
        OciError::Stalled { host: self.host.clone(), what, seconds: self.patience.stall.as_secs() }
    }
}

/// Waits for something that is made of many requests, each of which may take its
/// time: a server that is just not too slow could draw all of them out for hours.
pub(super) async fn within<T>(
    host: &str,
    time: Duration,
    what: &'static str,
    work: impl Future<Output = Result<T, OciError>>,
) -> Result<T, OciError> {
    match timeout(time, work).await {
        Ok(done) => done,
        Err(_) => Err(OciError::Stalled { host: host.to_owned(), what, seconds: time.as_secs() }),
    }
}

/// OCI's form for errors.
#[derive(Deserialize)]
struct Complaints {
    errors: Vec<Complaint>,
}

#[derive(Deserialize)]
struct Complaint {
    code: Option<String>,
    message: Option<String>,
}

/// The words of an error's text.
fn words(text: &[u8]) -> String {
    let said = match serde_json::from_slice::<Complaints>(text) {
        Ok(Complaints { errors }) => {
            let each = errors.into_iter().filter_map(|error| error.message.filter(|m| !m.is_empty()).or(error.code));
            each.collect::<Vec<_>>().join(", ")
        }
        Err(_) => String::from_utf8_lossy(text).into_owned(),
    };
    // Pages for browsers say nothing that fits on a line.
    match clean(&said) {
        said if said.is_empty() || said.starts_with('<') => "without a word".to_owned(),
        said => said,
    }
}

/// What a failed request means.
pub(super) fn failure(host: &str, error: &reqwest::Error) -> OciError {
    let host = host.to_owned();
    if let Some(tls) = tls_cause(error) {
        return OciError::Tls { host, message: clean(&tls.to_string()) };
    }
    if error.is_redirect() {
        return OciError::Protocol { host, problem: "it sends from address to address".to_owned() };
    }
    if error.is_builder() {
        return OciError::Protocol { host, problem: clean(&innermost(error)) };
    }
    let message =
        if error.is_connect() && error.is_timeout() { "nobody answers".to_owned() } else { clean(&innermost(error)) };
    OciError::Network { host, message }
}

/// The words of the error at the bottom.
fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut lowest = error;
    while let Some(source) = lowest.source() {
        lowest = source;
    }
    lowest.to_string()
}

/// The error of TLS in a chain of errors. Errors of I/O hide what they wrap.
fn tls_cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return Some(tls);
        }
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match wrapped {
            Some(wrapped) => Some(wrapped as &(dyn Error + 'static)),
            None => error.source(),
        };
    }
    None
}

/// A body that says how much of it was taken.
pub(super) struct Paced {
    left: Bytes,
    sent: watch::Sender<u64>,
}

impl Paced {
    /// The body, and who is told.
    pub(super) fn new(bytes: Bytes) -> (Paced, watch::Receiver<u64>) {
        let (sent, receiver) = watch::channel(0);
        (Paced { left: bytes, sent }, receiver)
    }
}

impl Body for Paced {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left.is_empty() {
            return Poll::Ready(None);
        }
        let bytes = PIECE_BYTES.min(self.left.len());
        let piece = self.left.split_to(bytes);
        self.sent.send_modify(|sent| *sent += bytes as u64);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_registries_are_cut_to_their_words() {
        let envelope = br#"{"errors":[{"code":"DENIED","message":"requested access is denied","detail":[1]},
            {"code":"UNSUPPORTED"}]}"#;
        assert_eq!(words(envelope), "requested access is denied, UNSUPPORTED");
        assert_eq!(words(b"404 page not found\n"), "404 page not found");
        assert_eq!(words(b"<!DOCTYPE html><html>"), "without a word");
        assert_eq!(words(b"{\"errors\":[]}"), "without a word");
        assert_eq!(words(b"\xff\x1b[31mred"), "\u{fffd}\u{fffd}[31mred");
        assert!(words(&[b'x'; COMPLAINT_BYTES_MAX]).len() < 300);
    }

    #[test]
    fn errors_of_tls_are_found_within_errors_of_io() {
        let tls = rustls::Error::General("no".to_owned());
        let inner = io::Error::new(io::ErrorKind::InvalidData, tls);
        let outer = io::Error::other(inner);
        assert!(tls_cause(&outer).is_some());
        assert!(tls_cause(&io::Error::other("no")).is_none());
    }
}
