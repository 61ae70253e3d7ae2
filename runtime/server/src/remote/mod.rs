//! Shows pictures of other servers without a browser ever going there: they have
//! addresses of ours, and this host fetches them. Such an address can only be made
//! here, for what a view of that program contained: nobody can have something else
//! fetched. Refused is what the program's manifest does not permit, at both ends.
//!
//! In reading order: what may be fetched (here, `resolve`), how (`fetch`, `kind`), how
//! often and how much at the same time (`keep`).

mod fetch;
mod keep;
mod kind;
mod resolve;
#[cfg(test)]
mod server;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, Uri, header};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mprun_core::manifest::{HostScope, Manifest};
use url::{Host, Url};

use self::fetch::{FetchError, Picture};
use self::keep::Store;
use crate::address::PROGRAMS;
use crate::files;
use crate::site::{OfProgram, Site};

/// Between a program's address and those of pictures.
pub(crate) const PLACE: &str = "/_picture/";

/// What the key of the addresses is for.
const PURPOSE: &str = "addresses of pictures of other servers";

const MAC_BYTES: usize = 16;

/// For a picture that is opened by itself: nothing at all.
const POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; sandbox");

/// As long as it is kept here.
const CACHE: HeaderValue = HeaderValue::from_static("private, max-age=3600");

/// When it is worth to ask again, in seconds.
const COME_BACK: HeaderValue = HeaderValue::from_static("5");

/// The pictures of other servers.
pub(crate) struct RemoteImages {
    key: [u8; 32],
    store: Arc<Store>,
}

impl RemoteImages {
    /// `key_for` makes keys: the same address leads to the same picture on every
    /// server on the same data.
    pub(crate) fn new(key_for: impl FnOnce(&str) -> [u8; 32]) -> Self {
        Self { key: key_for(PURPOSE), store: Store::new() }
    }

    /// Those that a program may show.
    pub(crate) fn of<'a>(&'a self, manifest: &'a Manifest) -> Pictures<'a> {
        Pictures { key: &self.key, app_id: manifest.app_id.as_str(), hosts: manifest.picture_hosts() }
    }
}

/// The pictures of other servers that one program may show.
#[derive(Clone, Copy)]
pub(crate) struct Pictures<'a> {
    key: &'a [u8; 32],
    app_id: &'a str,
    hosts: Option<&'a HostScope>,
}

impl Pictures<'_> {
    /// Appends the address of ours for this one of another server. False, and
    /// nothing appended, if the program may not show it.
    pub(crate) fn push_address(&self, out: &mut String, url: &str) -> bool {
        if self.permitted(url).is_none() {
            let host = Url::parse(url).ok();
            let host = host.as_ref().and_then(Url::host_str);
            tracing::debug!(app_id = self.app_id, host, "a picture that the permission `image` does not have");
            return false;
        }
        out.push_str(PROGRAMS);
        out.push_str(self.app_id);
        out.push_str(PLACE);
        URL_SAFE_NO_PAD.encode_string(self.mac(url), out);
        out.push('/');
        URL_SAFE_NO_PAD.encode_string(url, out);
        true
    }

    /// What the two last parts of such an address stand for.
    fn read(&self, mac: &str, url: &str) -> Option<Url> {
        let mac = URL_SAFE_NO_PAD.decode(mac).ok().filter(|mac| mac.len() == MAC_BYTES)?;
        let url = String::from_utf8(URL_SAFE_NO_PAD.decode(url).ok()?).ok()?;
        // Every byte is looked at, so that the time tells nothing.
        let different =
            self.mac(&url).iter().zip(&mac).fold(0, |different, (ours, theirs)| different | (ours ^ theirs));
        // It was permitted when the address was made, and may not be any more.
        if different == 0 { self.permitted(&url) } else { None }
    }

    /// The address, if the program may show what is there: by https, on its usual
    /// port, of a server with a name that the permission has. What is written as a
    /// number has none, however it is written.
    fn permitted(&self, url: &str) -> Option<Url> {
        let (hosts, url) = (self.hosts?, Url::parse(url).ok()?);
        let is_plain =
            url.scheme() == "https" && url.port().is_none() && url.username().is_empty() && url.password().is_none();
        let is_named = matches!(url.host(), Some(Host::Domain(name)) if hosts.has_host(name));
        (is_plain && is_named).then_some(url)
    }

    fn mac(&self, url: &str) -> [u8; MAC_BYTES] {
        // No app id has a zero byte.
        let mut hasher = blake3::Hasher::new_keyed(self.key);
        hasher.update(self.app_id.as_bytes()).update(&[0]).update(url.as_bytes());
        let mut mac = [0; MAC_BYTES];
        hasher.finalize_xof().fill(&mut mac);
        mac
    }
}

/// `GET /miniapp/<app_id>/_picture/<mac>/<address>`: a picture of another server.
pub(crate) async fn picture(State(site): State<Arc<Site>>, uri: Uri) -> Response {
    let Some(images) = &site.remote_images else { return site.respond(&files::gone()) };
    let Some((program, rest)) = files::program(&site, &uri).await else { return site.respond(&files::gone()) };
    let manifest = program.manifest();
    let parts = rest.strip_prefix(PLACE.trim_start_matches('/')).and_then(|rest| rest.split_once('/'));
    let Some(url) = parts.and_then(|(mac, url)| images.of(manifest).read(mac, url)) else {
        return site.respond(&files::gone());
    };
    match images.store.get(manifest.app_id.as_str(), &url).await {
        Ok(picture) => shown(picture),
        Err(error) => not_shown(error),
    }
}

fn shown(picture: Picture) -> Response {
    let mut answer = Response::new(Body::from(picture.bytes));
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(picture.kind.media_type()));
    headers.insert(header::CACHE_CONTROL, CACHE);
    lock(answer)
}

/// Nobody reads it: in its place the page shows what the picture would.
fn not_shown(error: FetchError) -> Response {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = error.status();
    let headers = answer.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if error == FetchError::Busy {
        headers.insert(header::RETRY_AFTER, COME_BACK);
    }
    // The fault of others, and it was logged where it was found.
    answer.extensions_mut().insert(OfProgram);
    lock(answer)
}

fn lock(mut answer: Response) -> Response {
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(files::RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    answer
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use axum::body::to_bytes;

    use super::kind::Kind;
    use super::*;

    const URL: &str = "https://cdn.example.org/a.png?size=2#top";

    fn hosts(patterns: &[&str]) -> HostScope {
        HostScope { hosts: patterns.iter().map(|pattern| pattern.parse().unwrap()).collect() }
    }

    fn pictures<'a>(key: &'a [u8; 32], app_id: &'a str, hosts: &'a HostScope) -> Pictures<'a> {
        Pictures { key, app_id, hosts: Some(hosts) }
    }

    /// The two last parts of the address of a picture.
    fn parts(pictures: &Pictures<'_>, url: &str) -> Option<(String, String)> {
        let mut out = "before ".to_owned();
        if !pictures.push_address(&mut out, url) {
            assert_eq!(out, "before ");
            return None;
        }
        let address = out.strip_prefix("before ").unwrap();
        assert!(address.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-_".contains(&byte)), "{address}");
        let (place, rest) = address.split_once("/_picture/").unwrap();
        assert_eq!(place, format!("/miniapp/{}", pictures.app_id));
        let (mac, url) = rest.split_once('/').unwrap();
        assert_eq!(mac.len(), 22);
        Some((mac.to_owned(), url.to_owned()))
    }

    #[test]
    fn an_address_is_read_back_where_it_was_made_and_nowhere_else() {
        let hosts = hosts(&["*.example.org"]);
        let cafe = pictures(&[7; 32], "cafe", &hosts);
        let (mac, url) = parts(&cafe, URL).unwrap();
        assert_eq!(cafe.read(&mac, &url).unwrap().as_str(), URL);
        for (other, what) in [
            (pictures(&[8; 32], "cafe", &hosts), "another key"),
            (pictures(&[7; 32], "cafes", &hosts), "another program"),
            (Pictures { hosts: None, ..cafe }, "no permission any more"),
            (pictures(&[7; 32], "cafe", &self::hosts(&["example.org"])), "another scope"),
        ] {
            assert_eq!(other.read(&mac, &url), None, "{what}");
        }
        let encoded = |text: &[u8]| URL_SAFE_NO_PAD.encode(text);
        let cases: [(&str, &str); 10] = [
            (&mac, &encoded(b"https://cdn.example.org/b.png")),
            (&mac, &encoded(b"\xff")),
            (&mac, ""),
            (&mac, "*"),
            (&mac, &format!("{url}=")),
            ("", &url),
            (&mac[..20], &url),
            (&format!("{mac}AA"), &url),
            (&encoded(&[0; MAC_BYTES]), &url),
            (&url, &mac),
        ];
        for (mac, url) in cases {
            assert_eq!(cafe.read(mac, url), None, "{mac}/{url}");
        }
    }

    #[test]
    fn whatever_bit_is_turned_it_is_no_address_any_more() {
        let hosts = hosts(&["*.example.org"]);
        let cafe = pictures(&[7; 32], "cafe", &hosts);
        let (mac, url) = parts(&cafe, URL).unwrap();
        let address = format!("{mac}/{url}");
        for position in 0..address.len() {
            for bit in 0..7 {
                let mut bytes = address.clone().into_bytes();
                bytes[position] ^= 1 << bit;
                let turned = String::from_utf8(bytes).unwrap();
                let read = turned.split_once('/').and_then(|(mac, url)| cafe.read(mac, url));
                assert_eq!(read, None, "bit {bit} of byte {position}");
            }
        }
    }

    #[test]
    fn programs_and_addresses_do_not_run_into_each_other() {
        let hosts = hosts(&["*.example.org"]);
        let macs: BTreeSet<_> = [("a", "b"), ("ab", ""), ("", "ab"), ("a", "bb"), ("a", "B")]
            .map(|(app_id, url)| pictures(&[7; 32], app_id, &hosts).mac(url))
            .into();
        assert_eq!(macs.len(), 5);
    }

    #[test]
    fn only_what_the_permission_has_is_shown() {
        let hosts = hosts(&["*.example.org", "example.net"]);
        let cafe = pictures(&[7; 32], "cafe", &hosts);
        for url in [URL, "https://example.net", "https://Example.NET/a", "https://a.b.example.org:443/a.png?b=c"] {
            assert!(parts(&cafe, url).is_some(), "{url}");
        }
        for url in [
            "https://example.org/a.png",
            "https://www.example.net/a.png",
            "https://example.net.evil.org/a.png",
            "https://evil.org/cdn.example.org/a.png",
            "https://evil.org#.example.org",
            "https://evil.org\\.example.org",
            "https://example.net@evil.org/a.png",
            "https://user@example.net/a.png",
            "https://:pass@example.net/a.png",
            "https://example.net:8443/a.png",
            "https://example.net:80/a.png",
            "http://example.net/a.png",
            "ftp://example.net/a.png",
            "//example.net/a.png",
            "example.net/a.png",
            "data:image/png;base64,AAAA",
            "https://127.0.0.1/a.png",
            "https://0x7f.1/a.png",
            "https://127.0.0.0x1/a.png",
            "https://[::1]/a.png",
            "https://localhost/a.png",
            "",
        ] {
            assert!(parts(&cafe, url).is_none(), "{url}");
        }
        assert!(parts(&Pictures { hosts: None, ..cafe }, URL).is_none());
    }

    #[tokio::test]
    async fn an_answer_is_ours_and_not_the_other_servers() {
        let picture = Picture { bytes: server::GIF.into(), kind: Kind::Gif };
        let answer = shown(picture);
        assert_eq!(answer.status(), 200);
        let header =
            |answer: &Response, name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        for (name, value) in [
            ("content-type", "image/gif"),
            ("cache-control", "private, max-age=3600"),
            ("content-security-policy", "default-src 'none'; sandbox"),
            ("x-content-type-options", "nosniff"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(header(&answer, name).as_deref(), Some(value), "{name}");
        }
        assert_eq!(to_bytes(answer.into_body(), usize::MAX).await.unwrap(), server::GIF);
        for (error, status) in [
            (FetchError::Address, 502),
            (FetchError::Name, 502),
            (FetchError::Unreachable, 502),
            (FetchError::Status(404), 502),
            (FetchError::Redirect, 502),
            (FetchError::Broken, 502),
            (FetchError::TooSlow, 504),
            (FetchError::TooLarge, 413),
            (FetchError::Kind, 415),
            (FetchError::Busy, 503),
        ] {
            let answer = not_shown(error);
            assert_eq!(answer.status(), status, "{error}");
            assert_eq!(header(&answer, "cache-control").as_deref(), Some("no-store"), "{error}");
            assert_eq!(header(&answer, "content-type"), None, "{error}");
            assert_eq!(header(&answer, "retry-after").is_some(), status == 503, "{error}");
            assert!(answer.extensions().get::<OfProgram>().is_some(), "it is no fault of this server: {error}");
            assert!(to_bytes(answer.into_body(), usize::MAX).await.unwrap().is_empty(), "{error}");
        }
    }
}
