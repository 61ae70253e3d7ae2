//! Says why something could not be sent to a registry or fetched from it, and
//! what to do. Refusals of what came, refusals by the registry and failures of the
//! network are apart. What a server wrote is cut and cleaned before it gets here.

use super::{credentials::CredentialsError, digest};

/// Why there is no bundle, or why it was not sent. Each message is complete.
#[derive(Debug, thiserror::Error)]
pub enum OciError {
    /// Nobody is logged in, and that is not enough.
    #[error("`{host}` asks for a login for `{repository}`")]
    LoginWanted {
        /// The registry.
        host: String,
        /// The repository.
        repository: String,
    },
    /// Name, password or token are wrong, or not enough.
    #[error("`{host}` refuses the login of {who} for `{repository}`")]
    LoginRefused {
        /// The registry.
        host: String,
        /// The repository.
        repository: String,
        /// Whose login: a name in backticks, or a token.
        who: String,
    },
    /// Logged in or not, this is not allowed.
    #[error("`{host}` does not allow this: {message}")]
    Denied {
        /// The registry.
        host: String,
        /// What it says.
        message: String,
    },
    /// The login could not be looked up.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),

    /// The registry has no such tag, digest or repository.
    #[error("`{reference}` is not in the registry")]
    NotFound {
        /// What was asked for.
        reference: String,
    },
    /// Something else than a mini-program is there.
    #[error("`{reference}` is not a mini-program: {problem}")]
    NotMiniProgram {
        /// What was asked for.
        reference: String,
        /// What was expected and what is there.
        problem: String,
    },
    /// More than may come. It was not read to its end.
    #[error("{what} from `{host}`: expected at most {max} bytes, got more")]
    TooLarge {
        /// The registry.
        host: String,
        /// Which part.
        what: &'static str,
        /// The limit.
        max: u64,
    },
    /// Other bytes came than those that were asked for: damaged on the way, or a
    /// registry that lies.
    #[error("{what} from `{host}` is altered: expected {expected}, got {got}")]
    Altered {
        /// The registry.
        host: String,
        /// Which part.
        what: &'static str,
        /// A digest or a number of bytes.
        expected: String,
        /// What came.
        got: String,
    },

    /// The address names a digest where it must name a tag.
    #[error("expected an address with a tag to push to, got `{reference}`")]
    PushByDigest {
        /// The address.
        reference: String,
    },
    /// The bundle was sent, and its signatures could not be attached.
    #[error("`{host}` does not keep signatures: {problem}")]
    NoReferrers {
        /// The registry.
        host: String,
        /// What was tried, and what came of it.
        problem: String,
    },

    /// No connection, or one that broke.
    #[error("no connection to `{host}`: {message}")]
    Network {
        /// The registry.
        host: String,
        /// The operating system's words.
        message: String,
    },
    /// The connection is there and nothing comes any more, or too slowly.
    #[error("`{host}` is too slow: {what} after {seconds} s")]
    Stalled {
        /// The registry.
        host: String,
        /// What is missing.
        what: &'static str,
        /// How long it was waited for.
        seconds: u64,
    },
    /// There is no way to be sure who answers.
    #[error("no secure connection to `{host}`: {message}")]
    Tls {
        /// The registry.
        host: String,
        /// What is wrong.
        message: String,
    },
    /// The registry failed, or answered something that has no meaning here.
    #[error("`{host}` answered {status}: {message}")]
    Status {
        /// The registry.
        host: String,
        /// The status of HTTP.
        status: u16,
        /// What it says.
        message: String,
    },
    /// The registry does not behave as one.
    #[error("`{host}` does not behave as an OCI registry: {problem}")]
    Protocol {
        /// The registry.
        host: String,
        /// What is wrong.
        problem: String,
    },
}

impl OciError {
    /// What the user can do about it, where that is clear.
    pub fn hint(&self) -> Option<String> {
        match self {
            OciError::LoginWanted { host, .. } => Some(format!(
                "log in first: docker login {host} (some registries say the same of names that do not exist)"
            )),
            OciError::LoginRefused { host, .. } => Some(format!("log in again: docker login {host}")),
            OciError::Denied { host, .. } => {
                Some(format!("see whether the account that is logged in may do this: docker login {host}"))
            }
            OciError::Credentials(error) => error.hint(),
            OciError::NotFound { .. } => Some("see whether host, repository and tag are spelt rightly".to_owned()),
            OciError::NotMiniProgram { .. } => {
                Some("what `mprun push` sends is a mini-program; container images and others are not".to_owned())
            }
            OciError::TooLarge { .. } => Some("this is no mini-program, or the registry is broken".to_owned()),
            OciError::Altered { .. } => {
                Some("try again; if it stays so, tell who runs the registry: it gives out other bytes".to_owned())
            }
            OciError::PushByDigest { reference } => {
                let name = reference.split('@').next().unwrap_or_default();
                Some(format!("leave the digest out: {name}"))
            }
            OciError::NoReferrers { .. } => Some(
                "the bundle itself is in the registry; give the files `.minisig` to its users by another way"
                    .to_owned(),
            ),
            OciError::Network { .. } | OciError::Stalled { .. } => {
                Some("see whether the host is spelt rightly and the network is there, then try again".to_owned())
            }
            OciError::Tls { .. } => Some(
                "see whether the host is spelt rightly, and whether this machine's clock and certificates are right"
                    .to_owned(),
            ),
            OciError::Status { status: 429 | 500.., .. } => Some("try again later".to_owned()),
            OciError::Status { .. } | OciError::Protocol { .. } => None,
        }
    }

    /// Whether the same thing may succeed a moment later.
    pub(super) fn is_passing(&self) -> bool {
        matches!(self, OciError::Network { .. } | OciError::Status { status: 429 | 502 | 503 | 504, .. })
    }

    /// Bytes with another digest than the one they were asked for by.
    pub(super) fn altered(host: &str, what: &'static str, expected: &str, got: &[u8]) -> OciError {
        OciError::Altered { host: host.to_owned(), what, expected: expected.to_owned(), got: digest::of(got) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_passes_is_tried_again() {
        let host = || "r.example".to_owned();
        let status = |status| OciError::Status { host: host(), status, message: String::new() };
        assert!(OciError::Network { host: host(), message: String::new() }.is_passing());
        for passing in [429, 502, 503, 504] {
            assert!(status(passing).is_passing(), "{passing}");
            assert!(status(passing).hint().is_some(), "{passing}");
        }
        for lasting in [400, 404, 413, 500, 501] {
            assert!(!status(lasting).is_passing(), "{lasting}");
        }
        assert!(!OciError::Tls { host: host(), message: String::new() }.is_passing());
        assert!(!OciError::altered("r.example", "the bundle", "sha256:00", b"").is_passing());
        assert!(!OciError::Stalled { host: host(), what: "nothing came", seconds: 60 }.is_passing());
    }

    #[test]
    fn hints_name_what_to_type() {
        let wanted = OciError::LoginWanted { host: "ghcr.io".to_owned(), repository: "plum/coffee".to_owned() };
        assert!(wanted.hint().unwrap().contains("docker login ghcr.io"));
        let digest = OciError::PushByDigest { reference: "ghcr.io/plum/coffee@sha256:00".to_owned() };
        assert_eq!(digest.hint().unwrap(), "leave the digest out: ghcr.io/plum/coffee");
    }
}
