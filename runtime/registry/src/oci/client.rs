//! The two things that are done with a registry, tried again where the network
//! failed. Both can be repeated: what was sent is not sent twice.

use std::{sync::OnceLock, time::Duration};

use mprun_core::bundle::Bundle;

use super::{
    Progress,
    credentials::Credentials,
    error::OciError,
    http::{self, Patience, ProxyAddress, Transport},
    pull::{self, Pulled},
    push::{self, Pushed},
    reference::Reference,
    session::{Action, Session},
};
use crate::Attachments;

/// How long is waited before it is tried again, each time.
const WAITS: [Duration; 2] = [Duration::from_millis(300), Duration::from_millis(1500)];

/// What is said when the time for all of it is over.
const NOT_DONE: &str = "it is not done";

/// Which registries are spoken to without TLS: nobody can read or change what is
/// sent on this machine, and on the network everybody can, logins too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PlainHttp {
    /// Those on this machine: `localhost`, `127.0.0.0/8`, `[::1]`, on any port.
    /// They are never spoken to with TLS.
    #[default]
    Loopback,
    /// All. Only for a network of one's own: somebody must have said so.
    Allowed,
}

/// Sends bundles to registries and fetches them.
#[derive(Debug)]
pub struct Client {
    credentials: Credentials,
    plain_http: PlainHttp,
    proxy: Option<ProxyAddress>,
    patience: Patience,
    // Made when they are needed: one of them reads the system's certificates.
    secure: OnceLock<reqwest::Client>,
    plain: OnceLock<reqwest::Client>,
}

impl Client {
    /// A client without a proxy. Nothing is read or sent yet.
    pub fn new(credentials: Credentials, plain_http: PlainHttp) -> Client {
        Client {
            credentials,
            plain_http,
            proxy: None,
            patience: Patience::default(),
            secure: OnceLock::new(),
            plain: OnceLock::new(),
        }
    }

    /// Reaches registries through this proxy, but for those that are spoken to
    /// without TLS, and those in `except`: as `HTTPS_PROXY` and `NO_PROXY` are
    /// written.
    pub fn with_proxy(mut self, address: String, except: Option<String>) -> Client {
        self.proxy = Some(ProxyAddress { address, except });
        self
    }

    /// Sends a bundle with its signatures and the statements about replaced keys.
    /// The tag is set when all of it is there. What was attached before stays.
    ///
    /// # Errors
    /// See [`OciError`]. With [`OciError::NoReferrers`] the bundle is in the
    /// registry, without its tag.
    pub async fn push(
        &self,
        reference: &Reference,
        bundle: &Bundle,
        attachments: &Attachments,
        progress: &dyn Progress,
    ) -> Result<Pushed, OciError> {
        let push = async {
            let mut waits = WAITS.iter();
            loop {
                let mut session = self.session(reference, Action::Push)?;
                match push::push(&mut session, bundle, attachments, progress).await {
                    Err(error) if error.is_passing() => again(waits.next(), error).await?,
                    done => return done,
                }
            }
        };
        http::within(reference.host(), self.patience.whole, NOT_DONE, push).await
    }

    /// Fetches a bundle with what is attached to it: at most 8 MiB, and as many
    /// signatures and statements as [`mprun_core::trust`] looks at. It takes at most
    /// half an hour, whatever the registry does.
    ///
    /// # Errors
    /// See [`OciError`].
    pub async fn pull(&self, reference: &Reference, progress: &dyn Progress) -> Result<Pulled, OciError> {
        let pull = async {
            let mut waits = WAITS.iter();
            loop {
                let mut session = self.session(reference, Action::Pull)?;
                match pull::pull(&mut session, progress).await {
                    Err(error) if error.is_passing() => again(waits.next(), error).await?,
                    done => return done,
                }
            }
        };
        http::within(reference.host(), self.patience.whole, NOT_DONE, pull).await
    }

    #[cfg(test)]
    pub(super) fn with_patience(mut self, patience: Patience) -> Client {
        self.patience = patience;
        self
    }

    fn session<'a>(&'a self, reference: &'a Reference, action: Action) -> Result<Session<'a>, OciError> {
        let plain = self.plain_http == PlainHttp::Allowed || reference.is_loopback();
        let kept = if plain { &self.plain } else { &self.secure };
        let client = match kept.get() {
            Some(client) => client.clone(),
            None => {
                let proxy = self.proxy.as_ref().filter(|_| !plain);
                let made = http::client(plain, proxy, self.patience);
                let made = made.map_err(|error| http::failure(reference.host(), &error))?;
                kept.get_or_init(|| made).clone()
            }
        };
        let transport = Transport::new(client, reference.host(), self.patience);
        Session::new(transport, reference, plain, &self.credentials, action)
    }
}

/// Waits, if there is another attempt.
async fn again(wait: Option<&Duration>, error: OciError) -> Result<(), OciError> {
    let Some(wait) = wait else { return Err(error) };
    tracing::debug!(%error, ?wait, "trying again");
    tokio::time::sleep(*wait).await;
    Ok(())
}
