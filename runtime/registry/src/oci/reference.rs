//! Decides what the address of a bundle in a registry is:
//! `host[:port]/repository[:tag][@sha256:…]`. The host must be there and look like
//! one: other tools guess Docker Hub where it is missing, and a guess about where
//! code comes from is the wrong place to be friendly.

use std::{
    fmt,
    net::{Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use super::{digest, text::clean};

/// Longest address, in bytes: host and repository as registries allow them, tag
/// and digest.
const REFERENCE_BYTES_MAX: usize = 500;
/// Longest repository, in bytes.
const REPOSITORY_BYTES_MAX: usize = 255;
/// Longest tag, in bytes.
const TAG_BYTES_MAX: usize = 128;
/// The tag that is meant where neither tag nor digest are given.
const TAG_DEFAULT: &str = "latest";
/// Where Docker Hub really answers.
const DOCKER_HUB: &str = "registry-1.docker.io";

/// Why a text is no [`Reference`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected an address in a registry, such as `ghcr.io/plum/coffee:1.0`, got `{got}`: {problem}")]
pub struct ReferenceError {
    got: String,
    problem: &'static str,
    hint: Option<String>,
}

impl ReferenceError {
    /// What to write instead, where that is clear.
    pub fn hint(&self) -> Option<String> {
        self.hint.clone()
    }
}

/// Where a bundle is in a registry. Without tag and digest, the tag `latest` is
/// meant. With both, the digest decides.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reference {
    host: String,
    repository: String,
    tag: Option<String>,
    digest: Option<String>,
}

impl Reference {
    /// The registry, with its port if one was given: as `docker login` is told it.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The repository, without the host.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest of the artifact's manifest: `sha256:…`.
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// The registry's host and port in addresses of requests.
    pub(super) fn api_host(&self) -> &str {
        match self.host.as_str() {
            "docker.io" | "index.docker.io" => DOCKER_HUB,
            host => host,
        }
    }

    /// What the manifest is asked for by.
    pub(super) fn identifier(&self) -> &str {
        self.digest().or(self.tag()).unwrap_or(TAG_DEFAULT)
    }

    /// Whether the registry is on this machine: `localhost`, `127.0.0.0/8`,
    /// `[::1]`.
    pub(super) fn is_loopback(&self) -> bool {
        match split_port(&self.host).0 {
            "localhost" => true,
            name => match name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
                Some(v6) => v6.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback()),
                None => name.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback()),
            },
        }
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Reference, ReferenceError> {
        let refuse = |problem, hint| Err(ReferenceError { got: clean(text), problem, hint });
        if text.len() > REFERENCE_BYTES_MAX {
            return refuse("it is too long", None);
        }
        if let Some((scheme, rest)) = text.split_once("://") {
            let hint = matches!(scheme, "http" | "https" | "oci" | "docker").then(|| clean(rest));
            return refuse("it begins with a scheme", hint.map(|rest| format!("leave it out: {rest}")));
        }
        let Some((host, rest)) = text.split_once('/') else {
            return refuse("it has no host", Some(format!("name the registry too: docker.io/NAME/{}", clean(text))));
        };
        if !looks_like_host(host) {
            return refuse("it has no host", Some(format!("name the registry too: docker.io/{}", clean(text))));
        }
        if !is_host(host) {
            return refuse("its host is none", None);
        }
        let (rest, digest) = match rest.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (rest, None),
        };
        let (repository, tag) = match rest.split_once(':') {
            Some((repository, tag)) => (repository, Some(tag)),
            None => (rest, None),
        };
        if !is_repository(repository) {
            return refuse("a repository has lower-case letters, digits, `.`, `_`, `-` and `/`", None);
        }
        if !tag.is_none_or(is_tag) {
            return refuse("a tag has 1 to 128 letters, digits, `.`, `_` and `-`", None);
        }
        if !digest.is_none_or(digest::is_valid) {
            return refuse("a digest is `sha256:` and 64 lower-case hexadecimal digits", None);
        }
        let tag = if tag.is_none() && digest.is_none() { Some(TAG_DEFAULT) } else { tag };
        Ok(Reference {
            host: host.to_ascii_lowercase(),
            repository: repository.to_owned(),
            tag: tag.map(str::to_owned),
            digest: digest.map(str::to_owned),
        })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.host, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

/// Whether the part before the first `/` is meant as a host, by Docker's rule.
fn looks_like_host(text: &str) -> bool {
    text == "localhost" || text.contains(['.', ':', '['])
}

/// Name and port of a host.
fn split_port(host: &str) -> (&str, Option<&str>) {
    match host.rsplit_once(':') {
        // The colons within brackets are those of an IPv6 address.
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (host, None),
    }
}

fn is_host(host: &str) -> bool {
    let (name, port) = split_port(host);
    let port = port.is_none_or(|port| {
        port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0)
    });
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let name = match name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
        Some(v6) => v6.parse::<Ipv6Addr>().is_ok(),
        None => name.len() <= 253 && name.split('.').all(is_label),
    };
    name && port
}

/// `[a-z0-9]+`, joined by `.`, `_`, `__` or any number of `-`; several parts
/// joined by `/`.
fn is_repository(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_part = |part: &str| {
        let ends = part.bytes().next().is_some_and(is_letter) && part.bytes().next_back().is_some_and(is_letter);
        let joined = part.split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
        ends && joined
            .into_iter()
            .all(|between| matches!(between, "" | "." | "_" | "__") || between.bytes().all(|byte| byte == b'-'))
    };
    text.len() <= REPOSITORY_BYTES_MAX && text.split('/').all(is_part)
}

fn is_tag(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (1..=TAG_BYTES_MAX).contains(&text.len())
        && text.bytes().next().is_some_and(is_letter)
        && text.bytes().all(|byte| is_letter(byte) || byte == b'.' || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

    #[test]
    fn addresses_have_a_host_and_a_repository() {
        // Written, host, repository, tag, whether there is a digest.
        for (text, host, repository, tag, digest) in [
            ("ghcr.io/plum/coffee", "ghcr.io", "plum/coffee", Some("latest"), false),
            ("ghcr.io/plum/coffee:1.0", "ghcr.io", "plum/coffee", Some("1.0"), false),
            ("GHCR.io/plum/coffee:V1_0", "ghcr.io", "plum/coffee", Some("V1_0"), false),
            ("localhost/coffee", "localhost", "coffee", Some("latest"), false),
            ("localhost:5000/coffee:a", "localhost:5000", "coffee", Some("a"), false),
            ("127.0.0.1:5000/a/b/c", "127.0.0.1:5000", "a/b/c", Some("latest"), false),
            ("[::1]:5000/coffee:a", "[::1]:5000", "coffee", Some("a"), false),
            ("[::1]/coffee", "[::1]", "coffee", Some("latest"), false),
            ("registry:5000/coffee", "registry:5000", "coffee", Some("latest"), false),
            ("r.example/a-b/c__d/e.f/g--h", "r.example", "a-b/c__d/e.f/g--h", Some("latest"), false),
            (&format!("ghcr.io/plum/coffee@{DIGEST}"), "ghcr.io", "plum/coffee", None, true),
            (&format!("ghcr.io/plum/coffee:1@{DIGEST}"), "ghcr.io", "plum/coffee", Some("1"), true),
        ] {
            let reference: Reference = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(reference.host(), host, "{text}");
            assert_eq!(reference.repository(), repository, "{text}");
            assert_eq!(reference.tag(), tag, "{text}");
            assert_eq!(reference.digest(), digest.then_some(DIGEST), "{text}");
            assert_eq!(reference.to_string().parse::<Reference>().unwrap(), reference, "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused_with_the_reason() {
        let long_tag = format!("ghcr.io/a:{}", "x".repeat(129));
        let long = format!("ghcr.io/{}", "x".repeat(256));
        let endless = format!("ghcr.io/{}", "x/".repeat(1000));
        for (text, problem) in [
            ("", "no host"),
            ("coffee", "no host"),
            ("coffee:1.0", "no host"),
            ("plum/coffee", "no host"),
            ("/coffee", "no host"),
            ("https://ghcr.io/plum/coffee", "begins with a scheme"),
            ("ghcr.io/", "a repository has"),
            ("ghcr.io/Plum", "a repository has"),
            ("ghcr.io/plum//coffee", "a repository has"),
            ("ghcr.io/plum/", "a repository has"),
            ("ghcr.io/-plum", "a repository has"),
            ("ghcr.io/plum_", "a repository has"),
            ("ghcr.io/a___b", "a repository has"),
            ("ghcr.io/a..b", "a repository has"),
            ("ghcr.io/a._b", "a repository has"),
            ("ghcr.io/../../v2", "a repository has"),
            ("ghcr.io/a?b", "a repository has"),
            ("ghcr.io/a%2fb", "a repository has"),
            ("ghcr.io/café", "a repository has"),
            ("ghcr.io/plum/coffee:", "a tag has"),
            ("ghcr.io/plum/coffee:-1", "a tag has"),
            ("ghcr.io/plum/coffee:1/2", "a tag has"),
            ("ghcr.io/plum/coffee:a:b", "a tag has"),
            (&long_tag, "a tag has"),
            ("ghcr.io/plum/coffee@", "a digest is"),
            ("ghcr.io/plum/coffee@sha256:abc", "a digest is"),
            ("ghcr.io/plum/coffee@md5:d41d8cd98f00b204e9800998ecf8427e", "a digest is"),
            (&format!("ghcr.io/a@{}", DIGEST.to_uppercase()), "a digest is"),
            ("ghcr.io:0/a", "its host is none"),
            ("ghcr.io:/a", "its host is none"),
            ("ghcr.io:+80/a", "its host is none"),
            ("ghcr.io:70000/a", "its host is none"),
            ("ghcr..io/a", "its host is none"),
            ("-ghcr.io/a", "its host is none"),
            ("user:secret@ghcr.io/a", "its host is none"),
            ("ghcr.io#x/a", "its host is none"),
            ("[::1/a", "its host is none"),
            ("[zz]:1/a", "its host is none"),
            ("ghcr.io\u{1b}[2J/a", "its host is none"),
            (&long, "a repository has"),
            (&endless, "too long"),
        ] {
            let error = text.parse::<Reference>().unwrap_err().to_string();
            assert!(error.contains(problem), "{text}: {error}");
            assert!(!error.contains('\u{1b}'), "{error}");
        }
    }

    #[test]
    fn a_missing_host_is_hinted_at() {
        let hint = |text: &str| text.parse::<Reference>().unwrap_err().hint().unwrap();
        assert_eq!(hint("plum/coffee:1"), "name the registry too: docker.io/plum/coffee:1");
        assert_eq!(hint("oci://ghcr.io/a"), "leave it out: ghcr.io/a");
    }

    #[test]
    fn only_this_machine_is_loopback() {
        for (host, loopback) in [
            ("localhost", true),
            ("LOCALHOST:5000", true),
            ("127.0.0.1", true),
            ("127.255.0.3:5000", true),
            ("[::1]", true),
            ("[0:0:0:0:0:0:0:1]:5000", true),
            ("localhost.example", false),
            ("127.0.0.1.example", false),
            ("127.1:5000", false),
            ("0.0.0.0:5000", false),
            ("10.0.0.1", false),
            ("[::]:5000", false),
            ("ghcr.io", false),
        ] {
            let reference: Reference = format!("{host}/a").parse().unwrap();
            assert_eq!(reference.is_loopback(), loopback, "{host}");
        }
    }

    #[test]
    fn docker_hub_answers_elsewhere() {
        let reference: Reference = "docker.io/plum/coffee".parse().unwrap();
        assert_eq!(reference.api_host(), "registry-1.docker.io");
        assert_eq!(reference.to_string(), "docker.io/plum/coffee:latest");
    }
}
