//! Finds the login for a registry where `docker login` put it, so that nobody has
//! to give it to a second program. The file is read when a registry asks for a
//! login, not before: most pulls need none, and a broken file is no reason to
//! refuse those.
//!
//! For a host, in this order: a helper of its own (`credHelpers`), what stands in
//! the file (`auths`), the helper for all hosts (`credsStore`).

use std::{
    collections::BTreeMap,
    fmt,
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde::Deserialize;

use super::helper;

/// Largest configuration file, in bytes.
const CONFIG_BYTES_MAX: u64 = 1024 * 1024;
/// The name of Docker Hub in files and for helpers, from its first version.
const DOCKER_HUB_KEY: &str = "https://index.docker.io/v1/";
/// Padding may be there or not; Docker writes it, other tools do not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Why a login could not be looked up. No message repeats a secret.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// The file is there and cannot be read.
    #[error("the Docker configuration `{}` cannot be read: {reason}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The operating system's words, or what is wrong.
        reason: String,
    },
    /// The file is not what Docker writes.
    #[error("the Docker configuration `{}` is broken: {problem}", file.display())]
    Broken {
        /// The file.
        file: PathBuf,
        /// Where, and what was expected.
        problem: String,
    },
    /// A helper that the file names failed.
    #[error("the credential helper `{program}` failed for `{host}`: {reason}")]
    Helper {
        /// The program.
        program: String,
        /// The registry.
        host: String,
        /// What it said, or what is wrong with it.
        reason: String,
    },
}

impl CredentialsError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            CredentialsError::Unreadable { .. } => {
                Some("DOCKER_CONFIG names the folder of another `config.json`".to_owned())
            }
            CredentialsError::Broken { file, .. } => {
                Some(format!("repair the file, or move it away and log in again: {}", file.display()))
            }
            CredentialsError::Helper { program, .. } => Some(format!(
                "see whether `{program}` works, or take `credHelpers` and `credsStore` out of the Docker configuration"
            )),
        }
    }
}

/// Who somebody is for a registry.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Credential {
    /// A name and a password, or a token in its place.
    Basic {
        /// The name.
        user: String,
        /// The password.
        password: String,
    },
    /// A token that a token server exchanges for short-lived ones.
    Identity(String),
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Credential::Basic { user, .. } => write!(f, "Basic({user}, …)"),
            Credential::Identity(_) => f.write_str("Identity(…)"),
        }
    }
}

/// Where logins are looked up.
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    file: Option<PathBuf>,
    /// Where helpers are, instead of where the system finds commands.
    helpers: Option<PathBuf>,
}

impl Credentials {
    /// No logins: everything is asked for as nobody.
    pub fn anonymous() -> Credentials {
        Credentials::default()
    }

    /// Those of Docker's own configuration: the path of `config.json`, or of its
    /// folder (`$DOCKER_CONFIG`, `~/.docker`). Without a path, or where there is no
    /// file, there are no logins.
    pub fn from_docker_config(path: Option<PathBuf>) -> Credentials {
        Credentials { file: path, helpers: None }
    }

    /// Looks for the programs `docker-credential-…` in this folder only.
    pub fn with_helpers_in(mut self, folder: PathBuf) -> Credentials {
        self.helpers = Some(folder);
        self
    }

    /// The login for a host.
    ///
    /// # Errors
    /// The file is there and cannot be read or understood, or the helper that it
    /// names for this host fails.
    pub(super) async fn of(&self, host: &str) -> Result<Option<Credential>, CredentialsError> {
        let Some(path) = &self.file else { return Ok(None) };
        let file = if path.is_dir() { path.join("config.json") } else { path.clone() };
        let Some(config) = read(&file)? else { return Ok(None) };

        let own = config.cred_helpers.iter().flatten().find(|(key, _)| is_for(key, host)).map(|(_, helper)| helper);
        if let Some(helper) = own.filter(|helper| !helper.is_empty()) {
            return self.ask(helper, host).await;
        }
        let entries = || config.auths.iter().flatten();
        let exact = entries().find(|(key, _)| *key == host);
        if let Some((_, entry)) = exact.or_else(|| entries().find(|(key, _)| is_for(key, host)))
            && let Some(credential) = entry.credential(&file, host)?
        {
            return Ok(Some(credential));
        }
        match config.creds_store.filter(|store| !store.is_empty()) {
            Some(store) => self.ask(&store, host).await,
            None => Ok(None),
        }
    }

    async fn ask(&self, helper: &str, host: &str) -> Result<Option<Credential>, CredentialsError> {
        let key = if is_docker_hub(host) { DOCKER_HUB_KEY } else { host };
        helper::ask(helper, self.helpers.as_deref(), key).await.map_err(|(program, reason)| CredentialsError::Helper {
            program,
            host: host.to_owned(),
            reason,
        })
    }
}

/// As far as we need to understand Docker's file.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Config {
    auths: Option<BTreeMap<String, Entry>>,
    creds_store: Option<String>,
    cred_helpers: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Entry {
    auth: Option<String>,
    identitytoken: Option<String>,
}

impl Entry {
    /// What the entry says. Where a helper keeps the login, Docker leaves an empty
    /// entry.
    fn credential(&self, file: &Path, host: &str) -> Result<Option<Credential>, CredentialsError> {
        if let Some(token) = self.identitytoken.as_ref().filter(|token| !token.is_empty()) {
            return Ok(Some(Credential::Identity(token.clone())));
        }
        let Some(auth) = self.auth.as_ref().filter(|auth| !auth.is_empty()) else { return Ok(None) };
        let text = BASE64.decode(auth.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        match text.as_deref().and_then(|text| text.split_once(':')) {
            // Docker once filled passwords up with zeros.
            Some((user, password)) if !user.is_empty() => {
                Ok(Some(Credential::Basic { user: user.to_owned(), password: password.trim_matches('\0').to_owned() }))
            }
            _ => Err(CredentialsError::Broken {
                file: file.to_owned(),
                problem: format!("`auths` for `{host}`: expected `user:password` in base64 as `auth`"),
            }),
        }
    }
}

fn read(file: &Path) -> Result<Option<Config>, CredentialsError> {
    let unreadable = |reason: String| CredentialsError::Unreadable { file: file.to_owned(), reason };
    let opened = match File::open(file) {
        Ok(opened) => opened,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error.to_string())),
    };
    let mut text = String::new();
    opened.take(CONFIG_BYTES_MAX + 1).read_to_string(&mut text).map_err(|error| unreadable(error.to_string()))?;
    if text.len() as u64 > CONFIG_BYTES_MAX {
        return Err(unreadable(format!("expected at most {CONFIG_BYTES_MAX} bytes, got more")));
    }
    // The decoder's own message may repeat what stands there.
    serde_json::from_str(&text).map(Some).map_err(|error| CredentialsError::Broken {
        file: file.to_owned(),
        problem: format!("expected the JSON that Docker writes, at line {}, column {}", error.line(), error.column()),
    })
}

/// Whether a key of the file is for this host. Old keys are addresses.
fn is_for(key: &str, host: &str) -> bool {
    let name = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
    let name = name.split('/').next().unwrap_or_default();
    name.eq_ignore_ascii_case(host) || is_docker_hub(name) && is_docker_hub(host)
}

fn is_docker_hub(host: &str) -> bool {
    matches!(host, "docker.io" | "index.docker.io" | "registry-1.docker.io")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    fn basic(user: &str, password: &str) -> Option<Credential> {
        Some(Credential::Basic { user: user.to_owned(), password: password.to_owned() })
    }

    fn configured(text: &str) -> (TempDir, Credentials) {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("config.json"), text).unwrap();
        let credentials = Credentials::from_docker_config(Some(folder.path().to_owned()));
        (folder, credentials)
    }

    /// A helper that says what `script` says.
    fn helper(folder: &TempDir, name: &str, script: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        let file = folder.path().join(format!("docker-credential-{name}"));
        fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[tokio::test]
    async fn logins_are_found_under_the_names_that_docker_gives_hosts() {
        // `anna:secret`, `ben:pass:word`, both without padding too.
        let (_folder, credentials) = configured(
            r#"{"auths": {
                "ghcr.io": {"auth": "YW5uYTpzZWNyZXQ="},
                "https://index.docker.io/v1/": {"auth": "YmVuOnBhc3M6d29yZA"},
                "http://127.0.0.1:5000": {"auth": "YW5uYTpzZWNyZXQ"},
                "azure.example": {"auth": "MDAwOg==", "identitytoken": "long-lived"},
                "empty.example": {}
            }, "HttpHeaders": {"X": "y"}}"#,
        );
        assert_eq!(credentials.of("ghcr.io").await.unwrap(), basic("anna", "secret"));
        assert_eq!(credentials.of("docker.io").await.unwrap(), basic("ben", "pass:word"));
        assert_eq!(credentials.of("127.0.0.1:5000").await.unwrap(), basic("anna", "secret"));
        assert_eq!(credentials.of("azure.example").await.unwrap(), Some(Credential::Identity("long-lived".to_owned())));
        for nobody in ["empty.example", "127.0.0.1", "127.0.0.1:5001", "io", "ghcr.io.example"] {
            assert_eq!(credentials.of(nobody).await.unwrap(), None, "{nobody}");
        }
    }

    #[tokio::test]
    async fn without_a_file_there_are_no_logins() {
        let folder = tempfile::tempdir().unwrap();
        for path in [None, Some(folder.path().to_owned()), Some(folder.path().join("none/config.json"))] {
            assert_eq!(Credentials::from_docker_config(path).of("ghcr.io").await.unwrap(), None);
        }
        assert_eq!(Credentials::anonymous().of("ghcr.io").await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_broken_file_is_an_error_that_names_it_and_no_secret() {
        for (text, problem) in [
            ("", "line 1, column 0"),
            ("{\"auths\": {\"ghcr.io\": {\"auth\": \"YW5uYTpzZWNyZXQ=\"}", "line 1, column"),
            ("{\"auths\": \"c2VjcmV0\"}", "line 1, column"),
            ("{\"auths\": {\"ghcr.io\": {\"auth\": \"c2VjcmV0\"}}}", "`auths` for `ghcr.io`"),
            ("{\"auths\": {\"ghcr.io\": {\"auth\": \"c2Vj*cmV0\"}}}", "`auths` for `ghcr.io`"),
            ("{\"auths\": {\"ghcr.io\": {\"auth\": \"OnNlY3JldA==\"}}}", "`auths` for `ghcr.io`"),
            ("{\"credHelpers\": {\"ghcr.io\": \"../../bin/sh\"}}", "no name of a helper"),
        ] {
            let (_folder, credentials) = configured(text);
            let error = credentials.of("ghcr.io").await.unwrap_err();
            assert!(error.to_string().contains(problem), "{text}: {error}");
            assert!(!error.to_string().contains("c2Vj") && !error.to_string().contains("secret"), "{error}");
            assert!(error.hint().is_some());
        }
        let (_folder, credentials) = configured(&" ".repeat(CONFIG_BYTES_MAX as usize + 2));
        assert!(credentials.of("ghcr.io").await.unwrap_err().to_string().contains("at most"));
    }

    /// One test for all of this: a script that was just written cannot be started
    /// while another thread starts something (`ETXTBSY`).
    #[tokio::test]
    async fn helpers_are_asked_for_their_hosts() {
        let (folder, credentials) = configured(
            r#"{"auths": {"ghcr.io": {}, "quay.io": {"auth": "YW5uYTpzZWNyZXQ="}, "own.example": {"auth": "YW5uYTpzZWNyZXQ="}},
                "credHelpers": {"own.example": "own"}, "credsStore": "store"}"#,
        );
        let credentials = credentials.with_helpers_in(folder.path().to_owned());
        // Each says the address that it was given, as a password.
        let echo = r#"read -r url; printf '{"ServerURL":"%s","Username":"NAME","Secret":"for %s"}' "$url" "$url""#;
        helper(&folder, "own", &echo.replace("NAME", "own"));
        helper(&folder, "store", &echo.replace("NAME", "store"));
        assert_eq!(credentials.of("own.example").await.unwrap(), basic("own", "for own.example"));
        assert_eq!(credentials.of("quay.io").await.unwrap(), basic("anna", "secret"));
        assert_eq!(credentials.of("ghcr.io").await.unwrap(), basic("store", "for ghcr.io"));
        assert_eq!(credentials.of("docker.io").await.unwrap(), basic("store", "for https://index.docker.io/v1/"));

        helper(&folder, "store", r#"echo '{"Username":"<token>","Secret":"long-lived"}'"#);
        assert_eq!(credentials.of("ghcr.io").await.unwrap(), Some(Credential::Identity("long-lived".to_owned())));
        helper(&folder, "store", "echo 'credentials not found in native keychain'; exit 1");
        assert_eq!(credentials.of("ghcr.io").await.unwrap(), None);

        // One that fails is named, with what it says and without what it knows.
        fs::remove_file(folder.path().join("docker-credential-store")).unwrap();
        let missing = credentials.of("ghcr.io").await.unwrap_err().to_string();
        assert!(missing.contains("docker-credential-store"), "{missing}");
        for (script, reason) in [
            ("echo 'the keychain is locked'; exit 1", "the keychain is locked"),
            ("echo 'the keychain is locked' >&2; exit 2", "the keychain is locked"),
            ("exit 3", "exit status: 3"),
            ("echo 'hunter2'", "its answer"),
            ("head -c 10000000 /dev/zero; exit 0", "its answer"),
        ] {
            helper(&folder, "store", script);
            let error = credentials.of("ghcr.io").await.unwrap_err().to_string();
            assert!(error.contains(reason), "{script}: {error}");
            assert!(error.contains("`docker-credential-store`") && error.contains("`ghcr.io`"), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
