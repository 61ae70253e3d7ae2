//! What an operator may set, and every time limit of the server in one place.

use std::time::Duration;

/// How a server behaves. The defaults are those of `mprun serve`.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// Whether error pages tell developers what the program did. On by default:
    /// in this version every program is one that is being developed.
    pub details: bool,
    /// Whether browsers reach this server by https only, which makes the cookie
    /// `Secure`. Off by default.
    pub secure: bool,
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
    /// How long open requests may take at shutdown, 10 s by default.
    pub stop_timeout: Duration,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            details: true,
            secure: false,
            title: "Mini-programs".to_owned(),
            connections_max: 1_024,
            header_timeout: Duration::from_secs(15),
            body_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            stall_timeout: Duration::from_secs(30),
            stop_timeout: Duration::from_secs(10),
        }
    }
}
