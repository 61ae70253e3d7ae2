//! Fetches one picture from a server that may be broken, slow or hostile: by https
//! only, from an address that everybody reaches, without a redirect, so many bytes
//! in so much time. That server learns the address of the picture and who fetches
//! it: this host, and nothing of the user.

use std::time::Duration;

use axum::body::Bytes;
use axum::http::{StatusCode, header};
use reqwest::dns::Resolve;
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder};
use thiserror::Error;
use tokio::time::timeout;
use url::Url;

use super::kind::Kind;
use super::resolve::Public;

/// Largest picture, in bytes.
pub(super) const PICTURE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// How long a connection may take.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// How long all of it may take, from the look-up of the name to the last byte.
const TOTAL_MAX: Duration = Duration::from_secs(10);

/// Connections to one server that wait for the next picture.
const IDLE_MAX: usize = 4;

const USER_AGENT: &str = concat!("mprun/", env!("CARGO_PKG_VERSION"), " (picture)");

/// A picture, looked at as far as its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Picture {
    pub(super) bytes: Bytes,
    pub(super) kind: Kind,
}

/// Why there is no picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum FetchError {
    #[error("nothing is fetched from such an address")]
    Address,
    #[error("the name has no public address")]
    Name,
    #[error("the server cannot be reached")]
    Unreachable,
    #[error("the server answers with status {0}")]
    Status(u16),
    #[error("the server sends to another address")]
    Redirect,
    #[error("it has more than {PICTURE_BYTES_MAX} bytes")]
    TooLarge,
    #[error("it is no picture of a known kind")]
    Kind,
    #[error("it breaks off")]
    Broken,
    #[error("it takes too long")]
    TooSlow,
    #[error("too much is being fetched")]
    Busy,
}

impl FetchError {
    /// What a browser is told.
    pub(super) const fn status(self) -> StatusCode {
        match self {
            FetchError::Address
            | FetchError::Name
            | FetchError::Unreachable
            | FetchError::Status(_)
            | FetchError::Redirect
            | FetchError::Broken => StatusCode::BAD_GATEWAY,
            FetchError::TooSlow => StatusCode::GATEWAY_TIMEOUT,
            FetchError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            FetchError::Kind => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            FetchError::Busy => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// What pictures are fetched with.
#[derive(Debug)]
pub(super) struct Fetcher {
    client: Client,
    total: Duration,
}

impl Fetcher {
    /// # Errors
    /// The system has no certificates.
    pub(super) fn new() -> Result<Fetcher, reqwest::Error> {
        Ok(Fetcher { client: builder(Public).build()?, total: TOTAL_MAX })
    }

    /// Fetches the picture at this address.
    pub(super) async fn fetch(&self, url: &Url) -> Result<Picture, FetchError> {
        timeout(self.total, self.picture(url)).await.unwrap_or(Err(FetchError::TooSlow))
    }

    async fn picture(&self, url: &Url) -> Result<Picture, FetchError> {
        let request = self.client.get(url.clone()).header(header::ACCEPT, Kind::ACCEPTED);
        let mut answer = request.send().await.map_err(|error| not_answered(&error))?;
        match answer.status() {
            StatusCode::OK => {}
            status if status.is_redirection() => return Err(FetchError::Redirect),
            status => return Err(FetchError::Status(status.as_u16())),
        }
        if answer.content_length().is_some_and(|bytes| bytes > PICTURE_BYTES_MAX as u64) {
            return Err(FetchError::TooLarge);
        }
        // Whatever was announced, what counts is what comes.
        let mut bytes = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(|error| broken(&error))? {
            if bytes.len() + piece.len() > PICTURE_BYTES_MAX {
                return Err(FetchError::TooLarge);
            }
            let was_known = bytes.len() >= Kind::HEAD_BYTES;
            bytes.extend_from_slice(&piece);
            // No more is taken of what is no picture.
            if !was_known && bytes.len() >= Kind::HEAD_BYTES && Kind::of(&bytes).is_none() {
                return Err(FetchError::Kind);
            }
        }
        let kind = Kind::of(&bytes).ok_or(FetchError::Kind)?;
        // It is kept: without the room that it grew into.
        bytes.shrink_to_fit();
        Ok(Picture { bytes: bytes.into(), kind })
    }
}

fn builder(resolver: impl Resolve + 'static) -> ClientBuilder {
    // The crypto of rustls that is quick to compile. It fails where this was done
    // before, or where somebody has chosen another, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // No cookies and no compression: neither is compiled in.
    Client::builder()
        .dns_resolver(resolver)
        .https_only(true)
        .redirect(Policy::none())
        .referer(false)
        .no_proxy()
        .user_agent(USER_AGENT)
        .connect_timeout(CONNECT_MAX)
        .pool_max_idle_per_host(IDLE_MAX)
}

fn not_answered(error: &reqwest::Error) -> FetchError {
    if error.is_builder() {
        FetchError::Address
    } else if error.is_dns() {
        FetchError::Name
    } else if error.is_timeout() {
        FetchError::TooSlow
    } else {
        FetchError::Unreachable
    }
}

fn broken(error: &reqwest::Error) -> FetchError {
    if error.is_timeout() { FetchError::TooSlow } else { FetchError::Broken }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::super::server::{Act, GIF, Here, Nowhere, Server, answer};
    use super::*;

    const SOON: Duration = Duration::from_secs(1);
    const LATER: Duration = Duration::from_secs(10);

    impl Fetcher {
        /// For servers of tests, which are on this machine and have no certificates.
        pub(in crate::remote) fn local(resolver: impl Resolve + 'static, https_only: bool, total: Duration) -> Fetcher {
            let client = builder(resolver).https_only(https_only).tls_certs_only([]).build().unwrap();
            Fetcher { client, total }
        }
    }

    fn fetcher() -> Fetcher {
        Fetcher::local(Here, false, LATER)
    }

    fn says(text: &str) -> Vec<Act> {
        vec![Act::Say(text.as_bytes().to_vec())]
    }

    /// An answer that ends with the connection.
    fn unannounced(body: &[u8]) -> Vec<u8> {
        ["HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".as_bytes(), body].concat()
    }

    /// Something of this size that begins as a picture does.
    fn large(bytes: usize) -> Vec<u8> {
        let mut picture = GIF.to_vec();
        picture.resize(bytes, 0);
        picture
    }

    #[tokio::test]
    async fn a_picture_is_what_comes_and_not_what_is_said_of_it() {
        let server = Server::start(|_| vec![Act::Say(answer(GIF, "text/html"))]).await;
        let picture = fetcher().fetch(&server.url("/a/b.svg?q=1#f")).await.unwrap();
        assert_eq!((picture.kind, &picture.bytes[..]), (Kind::Gif, GIF));
        let heads = server.heads();
        let [head] = heads.as_slice() else { panic!("{heads:?}") };
        let lines: Vec<&str> = head.lines().collect();
        assert_eq!(lines.first(), Some(&"GET /a/b.svg?q=1 HTTP/1.1"));
        let mut names: Vec<&str> = lines.iter().skip(1).filter_map(|line| line.split(':').next()).collect();
        names.sort_unstable();
        assert_eq!(names, ["accept", "host", "user-agent"], "{head}");
        let agent = format!("user-agent: mprun/{} (picture)", env!("CARGO_PKG_VERSION"));
        assert!(lines.iter().any(|line| *line == agent), "{head}");
    }

    #[tokio::test]
    async fn whatever_a_server_does_has_an_end_and_a_name() {
        let drawing = b"<svg xmlns='http://www.w3.org/2000/svg'/>";
        let more = large(PICTURE_BYTES_MAX + 1);
        let cases: Vec<(&str, Vec<Act>, FetchError)> = vec![
            ("not there", says("HTTP/1.1 404 Not Found\r\ncontent-length: 6\r\n\r\nGIF89a"), FetchError::Status(404)),
            ("nothing new", says("HTTP/1.1 304 Not Modified\r\n\r\n"), FetchError::Redirect),
            (
                "a part",
                says("HTTP/1.1 206 Partial Content\r\ncontent-length: 6\r\n\r\nGIF89a"),
                FetchError::Status(206),
            ),
            (
                "elsewhere",
                says("HTTP/1.1 302 Found\r\nlocation: /b.gif\r\ncontent-length: 0\r\n\r\n"),
                FetchError::Redirect,
            ),
            ("nothing", says("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"), FetchError::Kind),
            ("a drawing", vec![Act::Say(answer(drawing, "image/png"))], FetchError::Kind),
            ("a page", vec![Act::Say(unannounced(&[b' '; 600])), Act::Wait], FetchError::Kind),
            (
                "packed",
                vec![Act::Say(answer(&[0x1f, 0x8b, 8, 0], "image/gif\r\ncontent-encoding: gzip"))],
                FetchError::Kind,
            ),
            ("too large, and says so", vec![Act::Say(answer(&more, "image/gif"))], FetchError::TooLarge),
            ("too large", vec![Act::Say(unannounced(&more)), Act::Wait], FetchError::TooLarge),
            ("cut off", says("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nGIF89a"), FetchError::Broken),
            ("no HTTP", says("SSH-2.0-OpenSSH_9.2\r\n"), FetchError::Unreachable),
            ("hangs up", vec![], FetchError::Unreachable),
            ("silent", vec![Act::Wait], FetchError::TooSlow),
            ("silent later", vec![Act::Say(unannounced(GIF)), Act::Wait], FetchError::TooSlow),
            ("a byte at a time", vec![Act::Say(unannounced(GIF)), Act::Drip], FetchError::TooSlow),
        ];
        for (what, acts, expected) in cases {
            let server = Server::start(move |_| acts.clone()).await;
            let (began, fetcher) = (Instant::now(), Fetcher::local(Here, false, SOON));
            assert_eq!(fetcher.fetch(&server.url("/a.gif")).await, Err(expected), "{what}");
            assert!(began.elapsed() < LATER, "{what}");
            if expected != FetchError::Unreachable {
                assert_eq!(server.heads().len(), 1, "{what}: asked once, and not somewhere else");
            }
        }
        let server = Server::start(|_| vec![Act::Say(unannounced(&large(PICTURE_BYTES_MAX)))]).await;
        let picture = fetcher().fetch(&server.url("/a.gif")).await;
        assert_eq!(picture.map(|picture| picture.bytes.len()), Ok(PICTURE_BYTES_MAX));
    }

    #[tokio::test]
    async fn servers_of_this_network_are_not_even_connected_to() {
        let server = Server::start(|_| vec![Act::Say(answer(GIF, "image/gif"))]).await;
        let fetcher = Fetcher::local(Public, false, LATER);
        let url = server.url("/a.gif").as_str().replace("pictures.example", "localhost");
        assert_eq!(fetcher.fetch(&url.parse().unwrap()).await, Err(FetchError::Name));
        assert_eq!(server.connections(), 0);
        // A name that is never found is not waited for either.
        let fetcher = Fetcher::local(Nowhere, false, SOON);
        assert_eq!(fetcher.fetch(&server.url("/a.gif")).await, Err(FetchError::TooSlow));
        assert_eq!(server.connections(), 0);
    }

    #[tokio::test]
    async fn nothing_goes_without_encryption() {
        let server = Server::start(|_| vec![Act::Say(answer(GIF, "image/gif"))]).await;
        let fetcher = Fetcher::local(Here, true, LATER);
        assert_eq!(fetcher.fetch(&server.url("/a.gif")).await, Err(FetchError::Address));
        assert_eq!(server.connections(), 0);
        let url = server.url("/a.gif").as_str().replace("http:", "https:");
        assert_eq!(fetcher.fetch(&url.parse().unwrap()).await, Err(FetchError::Unreachable));
        assert_eq!(server.heads(), Vec::<String>::new());
    }
}
