//! Sends bundles to OCI registries and fetches them back, with their signatures.
//!
//! A bundle is an artifact of the CNCF layout for WebAssembly, so `wkg`, `oras`,
//! `skopeo` and `cosign` can read it (`manifest`). Its signatures and the
//! statements about replaced keys are artifacts of their own that refer to it
//! (`referrers`). Nothing in there has a time stamp: the same bundle is the same
//! digest wherever and whenever it is pushed.
//!
//! A registry is not trusted. What it sends is counted while it comes and refused
//! above a limit, whatever was announced; it is hashed here and compared with the
//! name it was asked for; addresses that it names are asked without the login;
//! texts of it are cut before anybody sees them. What comes back is bytes: only
//! [`mprun_core::bundle::verify`] makes a bundle of them, and only
//! [`mprun_core::trust`] decides whether it may be used.
//!
//! In reading order: [`Reference`], [`Credentials`], [`Client`], then `session`
//! (requests and the login), `push`, `pull`, `referrers`, and `http` under all.
//!
//! The protocol is written out here on an HTTP client because the crate for it,
//! `oci-client` 0.18, cannot keep these promises: it buffers manifests, tokens and
//! error texts without a limit, sends the login to token servers without TLS,
//! panics on a token or an address that is not well formed and where a registry
//! names no place for a manifest that is pushed by digest (ours of signatures
//! are), and does not say whether a registry has listed a referrer.

mod challenge;
mod client;
mod credentials;
mod digest;
mod error;
mod helper;
mod http;
mod index;
mod login;
mod manifest;
mod pull;
mod push;
mod reference;
mod referrers;
mod session;
mod text;

#[cfg(test)]
mod liar;
#[cfg(test)]
mod tests;

pub use client::{Client, PlainHttp};
pub use credentials::{Credentials, CredentialsError};
pub use error::OciError;
pub use manifest::{ROTATION_ARTIFACT, SIGNATURE_ARTIFACT};
pub use pull::Pulled;
pub use push::Pushed;
pub use reference::{Reference, ReferenceError};

/// Is told how a transfer goes on. A transfer that is tried again begins again.
pub trait Progress: Send + Sync {
    /// Something of this many bytes begins: `bundle`.
    fn begin(&self, what: &str, bytes: u64);
    /// So many more bytes are done.
    fn advance(&self, bytes: u64);
    /// It is over, done or failed.
    fn end(&self);
}

/// For callers who do not want to know.
impl Progress for () {
    fn begin(&self, _what: &str, _bytes: u64) {}
    fn advance(&self, _bytes: u64) {}
    fn end(&self) {}
}

/// A transfer that has begun; it ends when this is dropped.
struct Running<'a>(&'a dyn Progress);

impl<'a> Running<'a> {
    fn begin(progress: &'a dyn Progress, what: &str, bytes: u64) -> Running<'a> {
        progress.begin(what, bytes);
        Running(progress)
    }

    fn advance(&self, bytes: u64) {
        if bytes > 0 {
            self.0.advance(bytes);
        }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}
