//! What an operator may set, and every time limit of the server in one place.

use std::time::Duration;

use mprun_core::identity::UserId;

/// A link that makes whoever opens it first, and says so on the page behind it, a user
/// who is there already: a phone that goes on with what a terminal has begun.
#[derive(Debug, Clone)]
pub struct Join {
    /// What the link ends with, after `/_join/`: nobody can guess it.
    pub token: String,
    /// Who they become.
    pub user: UserId,
    /// Where they are then: a path of this server.
    pub target: String,
}

/// How a server behaves. The defaults are those of `mprun serve`.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// Whether error pages tell developers what the program did. On by default: it is
    /// the program's own words about its own failure, to a user of that program.
    pub details: bool,
    /// Whether browsers reach this server by https only, which makes the cookie
    /// `Secure`. Off by default.
    pub secure: bool,
    /// Whether pages carry what shows developers what happens. Off by default.
    pub dev: bool,
    /// Whether pictures of other servers are fetched for programs that may show
    /// them. On by default.
    pub remote_images: bool,
    /// A user that somebody may become, once. Nobody by default.
    pub join: Option<Join>,
    /// The heading of the app centre; `Mini-programs` by default.
    pub title: String,
    /// Connections at once, 1,024 by default. One more is told to come back.
    pub connections_max: usize,
    /// How long the head of a request may take, and how long a connection may
    /// wait for its next request; 15 s by default. Then it is closed.
    pub header_timeout: Duration,
    /// How long the body of a request may take, 10 s by default. Then it is
    /// answered with 408.
    pub body_timeout: Duration,
    /// How long a request may take in all, 30 s by default. Then it is answered
    /// with 503.
    pub request_timeout: Duration,
    /// How long a client may take none of its answer, 30 s by default. Then the
    /// connection is closed.
    pub stall_timeout: Duration,
    /// Streams of events at once, 512 by default; each is one of the connections.
    /// One more ends one of the user who has most; where everybody has one, it is
    /// told to come back.
    pub streams_max: usize,
    /// How long open requests may take at shutdown, 10 s by default.
    pub stop_timeout: Duration,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            details: true,
            secure: false,
            dev: false,
            remote_images: true,
            join: None,
            title: "Mini-programs".to_owned(),
            connections_max: 1_024,
            streams_max: 512,
            header_timeout: Duration::from_secs(15),
            body_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            stall_timeout: Duration::from_secs(30),
            stop_timeout: Duration::from_secs(10),
        }
    }
}
