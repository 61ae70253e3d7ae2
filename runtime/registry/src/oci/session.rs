//! Requests to one repository, with the login where the registry asks for one.
//! The login goes to the registry that the user named and nowhere else: an address
//! that the registry names for an upload may be another server's, and is asked
//! without it.

use bytes::Bytes;
use reqwest::{
    Method, RequestBuilder, Response, StatusCode, Url,
    header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, LOCATION, WWW_AUTHENTICATE},
};
use tokio::time::Instant;

use super::{
    challenge::{self, Challenge},
    credentials::{Credential, Credentials},
    digest,
    error::OciError,
    http::{Paced, Transport},
    login,
    manifest::Descriptor,
    reference::Reference,
    text::clean,
};

/// What the login must be good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Pull,
    Push,
}

/// A manifest as it came.
pub(super) struct Found {
    pub(super) bytes: Vec<u8>,
    pub(super) digest: String,
}

/// A repository of a registry.
pub(super) struct Session<'a> {
    pub(super) transport: Transport,
    pub(super) reference: &'a Reference,
    credentials: &'a Credentials,
    action: Action,
    /// `https://host/v2/repository/`.
    base: Url,
    authorization: Option<HeaderValue>,
    /// What was found for this host, once it was looked for.
    credential: Option<Option<Credential>>,
}

impl<'a> Session<'a> {
    /// Nothing is sent yet.
    ///
    /// # Errors
    /// The host is none after all.
    pub(super) fn new(
        transport: Transport,
        reference: &'a Reference,
        plain: bool,
        credentials: &'a Credentials,
        action: Action,
    ) -> Result<Session<'a>, OciError> {
        let scheme = if plain { "http" } else { "https" };
        let base = format!("{scheme}://{}/v2/{}/", reference.api_host(), reference.repository());
        let base = Url::parse(&base).map_err(|error| OciError::Protocol {
            host: reference.host().to_owned(),
            problem: format!("its address is none: {error}"),
        })?;
        Ok(Session { transport, reference, credentials, action, base, authorization: None, credential: None })
    }

    /// The manifest of this tag or digest, whose bytes have this digest in the
    /// second case; `None` if there is none.
    pub(super) async fn manifest(
        &mut self,
        identifier: &str,
        accept: &'static str,
        what: &'static str,
        bytes_max: u64,
    ) -> Result<Option<Found>, OciError> {
        let url = self.url(&format!("manifests/{identifier}"))?;
        let answer = self.request(Method::GET, &url, |request| request.header(ACCEPT, accept)).await?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Ok(None),
            _ => return Err(self.refused(answer).await),
        }
        // By a tag the header is all that there is to compare with.
        let said = answer.headers().get("docker-content-digest").and_then(|value| value.to_str().ok());
        let expected = if digest::is_valid(identifier) { Some(identifier) } else { said };
        let expected = expected.filter(|expected| digest::is_valid(expected)).map(str::to_owned);
        let bytes = self.transport.document(answer, what, bytes_max).await?;
        let digest = digest::of(&bytes);
        match expected {
            Some(expected) if expected != digest => {
                Err(OciError::altered(self.transport.host(), what, &expected, &bytes))
            }
            _ => Ok(Some(Found { bytes, digest })),
        }
    }

    /// The bytes that a descriptor names: those of its digest, at most `bytes_max`.
    /// Its size is a claim that the digest makes needless. Addresses of other
    /// servers that a descriptor can name are not asked. `end` is when the last byte
    /// has to be there.
    pub(super) async fn blob(
        &mut self,
        descriptor: &Descriptor,
        what: &'static str,
        bytes_max: usize,
        end: impl FnOnce(&Transport) -> Instant,
        advance: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<Vec<u8>, OciError> {
        let url = self.url(&format!("blobs/{}", descriptor.digest))?;
        let mut answer = self.request(Method::GET, &url, |request| request).await?;
        let host = self.transport.host().to_owned();
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => {
                return Err(OciError::Protocol { host, problem: format!("it lists {what} and does not have it") });
            }
            _ => return Err(self.refused(answer).await),
        }
        let end = end(&self.transport);
        let mut hasher = digest::Hasher::new();
        let mut bytes = Vec::new();
        while let Some(piece) = self.transport.piece(&mut answer, end).await? {
            if bytes.len() + piece.len() > bytes_max {
                return Err(OciError::TooLarge { host, what, max: bytes_max as u64 });
            }
            hasher.update(&piece);
            bytes.extend_from_slice(&piece);
            advance(piece.len() as u64);
        }
        let got = hasher.finish();
        if got != descriptor.digest {
            return Err(OciError::Altered { host, what, expected: descriptor.digest.clone(), got });
        }
        Ok(bytes)
    }

    /// Sends bytes, unless the registry has them already.
    pub(super) async fn push_blob(
        &mut self,
        descriptor: &Descriptor,
        bytes: &Bytes,
        advance: &mut (dyn FnMut(u64) + Send),
    ) -> Result<(), OciError> {
        let url = self.url(&format!("blobs/{}", descriptor.digest))?;
        let there = self.request(Method::HEAD, &url, |request| request).await?;
        if there.status() == StatusCode::OK {
            advance(descriptor.size);
            return Ok(());
        }
        if there.status() == StatusCode::FORBIDDEN || there.status().is_server_error() {
            return Err(self.refused(there).await);
        }
        let url = self.url("blobs/uploads/")?;
        let begun = self.request(Method::POST, &url, |request| request.header(CONTENT_LENGTH, 0)).await?;
        if begun.status() != StatusCode::ACCEPTED {
            return Err(self.refused(begun).await);
        }
        let mut place = self.place(&begun)?;
        place.query_pairs_mut().append_pair("digest", &descriptor.digest);
        // It was logged in just before, if that was needed.
        let (body, sent) = Paced::new(bytes.clone());
        let request = self.authorised(self.transport.client().put(place.clone()), &place);
        let request = request
            .header(CONTENT_TYPE, "application/octet-stream")
            .header(CONTENT_LENGTH, bytes.len())
            .body(reqwest::Body::wrap(body));
        let done = self.transport.upload(request, sent, advance).await?;
        if done.status() == StatusCode::CREATED { Ok(()) } else { Err(self.refused(done).await) }
    }

    /// Stores a manifest under a tag or its own digest. Whether the registry says
    /// that it has listed it as a referrer.
    pub(super) async fn push_manifest(
        &mut self,
        identifier: &str,
        media_type: &'static str,
        bytes: &Bytes,
    ) -> Result<bool, OciError> {
        let url = self.url(&format!("manifests/{identifier}"))?;
        let answer = self
            .request(Method::PUT, &url, |request| request.header(CONTENT_TYPE, media_type).body(bytes.clone()))
            .await?;
        // Some say 200 or 202.
        if !answer.status().is_success() {
            return Err(self.refused(answer).await);
        }
        Ok(answer.headers().contains_key("oci-subject"))
    }

    /// An address in this repository, or one as the registry writes it, whole or in
    /// part.
    pub(super) fn url(&self, address: &str) -> Result<Url, OciError> {
        let url = self.base.join(address).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        url.ok_or_else(|| OciError::Protocol {
            host: self.transport.host().to_owned(),
            problem: "it names an address that is none".to_owned(),
        })
    }

    /// Sends a request, and once more with a login if the registry asks for one.
    /// Any other answer than that is the caller's.
    pub(super) async fn request(
        &mut self,
        method: Method,
        url: &Url,
        prepare: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<Response, OciError> {
        let build = |session: &Session<'a>| {
            let request = session.transport.client().request(method.clone(), url.clone());
            session.authorised(prepare(request), url)
        };
        let answer = self.transport.send(build(self)).await?;
        if answer.status() != StatusCode::UNAUTHORIZED || !self.is_own(url) {
            return Ok(answer);
        }
        let headers = answer.headers().get_all(WWW_AUTHENTICATE);
        let wanted = challenge::choose(headers.iter().filter_map(|value| value.to_str().ok()));
        drop(answer);
        self.log_in(wanted).await?;
        let answer = self.transport.send(build(self)).await?;
        if answer.status() == StatusCode::UNAUTHORIZED { Err(self.not_enough()) } else { Ok(answer) }
    }

    /// What an answer means that was not expected.
    pub(super) async fn refused(&self, answer: Response) -> OciError {
        let status = answer.status();
        if status == StatusCode::UNAUTHORIZED {
            return self.not_enough();
        }
        let host = self.transport.host().to_owned();
        let message = self.transport.complaint(answer).await;
        match status {
            StatusCode::FORBIDDEN => OciError::Denied { host, message },
            _ => OciError::Status { host, status: status.as_u16(), message },
        }
    }

    async fn log_in(&mut self, wanted: Option<Challenge>) -> Result<(), OciError> {
        let Some(wanted) = wanted else { return Err(self.not_enough()) };
        let credential = match &self.credential {
            Some(known) => known.clone(),
            None => {
                let found = self.credentials.of(self.reference.host()).await?;
                self.credential.insert(found).clone()
            }
        };
        let header = match (wanted, &credential) {
            // The same name and password again would be refused again.
            (Challenge::Basic, Some(Credential::Basic { user, password })) if self.authorization.is_none() => {
                login::basic(user, password)
            }
            (Challenge::Basic, _) => None,
            (Challenge::Bearer { realm, service }, _) => {
                let scope = match self.action {
                    Action::Pull => format!("repository:{}:pull", self.reference.repository()),
                    Action::Push => format!("repository:{}:pull,push", self.reference.repository()),
                };
                let asked = login::Asked { realm: &realm, service: service.as_deref(), scope: &scope };
                let plain = self.base.scheme() == "http";
                login::token(&self.transport, asked, credential.as_ref(), plain).await?
            }
        };
        match header {
            Some(header) => {
                self.authorization = Some(header);
                Ok(())
            }
            None => Err(self.not_enough()),
        }
    }

    /// The login, or that there is none, was not enough.
    fn not_enough(&self) -> OciError {
        let host = self.transport.host().to_owned();
        let repository = self.reference.repository().to_owned();
        match self.credential.as_ref().and_then(Option::as_ref) {
            Some(Credential::Basic { user, .. }) => {
                OciError::LoginRefused { host, repository, who: format!("`{}`", clean(user)) }
            }
            Some(Credential::Identity(_)) => {
                OciError::LoginRefused { host, repository, who: "an identity token".to_owned() }
            }
            None => OciError::LoginWanted { host, repository },
        }
    }

    fn authorised(&self, request: RequestBuilder, url: &Url) -> RequestBuilder {
        match &self.authorization {
            Some(value) if self.is_own(url) => request.header(AUTHORIZATION, value.clone()),
            _ => request,
        }
    }

    /// Whether an address is the registry's own.
    pub(super) fn is_own(&self, url: &Url) -> bool {
        url.origin() == self.base.origin()
    }

    /// Where the registry wants an upload.
    fn place(&self, answer: &Response) -> Result<Url, OciError> {
        match answer.headers().get(LOCATION).map(HeaderValue::to_str) {
            Some(Ok(address)) => self.url(address),
            _ => Err(OciError::Protocol {
                host: self.transport.host().to_owned(),
                problem: "it names no address for an upload".to_owned(),
            }),
        }
    }
}
