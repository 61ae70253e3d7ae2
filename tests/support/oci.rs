//! Registries for tests. Debian's `docker-registry` is a real one, with a login or
//! without. It keeps no list of referrers; [`Listing`] is a small proxy before it
//! that does, so there our side of that is tested and not a registry's. [`Liar`] is
//! no registry at all.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::load;

pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// Who may use [`Registry::with_login`], as `htpasswd -nbBC 4 anna secret` writes it.
const HTPASSWD: &str = "anna:$2y$04$ClCV5A7plftcwv/YKGbKSupUGwAwR90p28XRoKh3tdetO92XevgX.\n";
/// The same as Docker's configuration has it, and with a wrong password (`guess`).
pub(crate) const LOGIN: &str = "YW5uYTpzZWNyZXQ=";
pub(crate) const WRONG_LOGIN: &str = "YW5uYTpndWVzcw==";

/// `sha256:…`, as registries name content.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

/// Debian's registry, with a folder of its own, ended with the test.
pub(crate) struct Registry {
    child: Child,
    host: String,
    agent: ureq::Agent,
    _folder: tempfile::TempDir,
    _busy: load::Busy,
}

impl Registry {
    /// One that everybody may read and write.
    pub(crate) fn start() -> Self {
        Self::start_with("")
    }

    /// One that only `anna` with the password `secret` may use.
    pub(crate) fn with_login() -> Self {
        Self::start_with("auth:\n  htpasswd:\n    realm: test\n    path: FOLDER/htpasswd\n")
    }

    fn start_with(more: &str) -> Self {
        // The port was free a moment ago; a registry cannot be asked for the one
        // that it took, and somebody else may be faster.
        (0..5).find_map(|_| Self::try_start(more)).expect("docker-registry starts: `make test` installs it")
    }

    fn try_start(more: &str) -> Option<Self> {
        let busy = load::busy();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let host = free.local_addr().expect("its address").to_string();
        drop(free);
        let config = format!(
            "version: 0.1\nlog:\n  level: error\n  accesslog:\n    disabled: true\n\
             storage:\n  filesystem:\n    rootdirectory: FOLDER/storage\nhttp:\n  addr: {host}\n{more}"
        );
        let file = folder.path().join("config.yml");
        std::fs::write(&file, config.replace("FOLDER", &folder.path().to_string_lossy())).expect("written");
        std::fs::write(folder.path().join("htpasswd"), HTPASSWD).expect("written");
        let mut command = Command::new("docker-registry");
        command.arg("serve").arg(&file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().ok()?;
        let mut registry = Self { child, host, agent: agent(), _folder: folder, _busy: busy };
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(20) {
            if registry.child.try_wait().expect("the process can be asked").is_some() {
                return None;
            }
            if registry.agent.get(format!("http://{}/v2/", registry.host)).call().is_ok() {
                return Some(registry);
            }
            thread::sleep(Duration::from_millis(20));
        }
        None
    }

    /// `127.0.0.1:PORT`.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Stores bytes, as any client would.
    pub(crate) fn put_blob(&self, repository: &str, bytes: &[u8]) -> String {
        let digest = sha256(bytes);
        let url = format!("http://{}/v2/{repository}/blobs/uploads/", self.host);
        let begun = self.agent.post(url).send_empty().expect("the registry answers");
        let place = begun.headers().get("location").expect("a place").to_str().expect("ASCII").to_owned();
        let done = self.agent.put(format!("{place}&digest={digest}")).send(bytes).expect("the registry answers");
        assert_eq!(done.status().as_u16(), 201);
        digest
    }

    /// Stores a manifest under a tag or, without one, its digest.
    pub(crate) fn put_manifest(&self, repository: &str, tag: Option<&str>, manifest: &Value) -> String {
        let bytes = manifest.to_string();
        let digest = sha256(bytes.as_bytes());
        let url = format!("http://{}/v2/{repository}/manifests/{}", self.host, tag.unwrap_or(&digest));
        let media_type = manifest["mediaType"].as_str().expect("a media type");
        let request = self.agent.put(url).header("Content-Type", media_type);
        let mut done = request.send(bytes.as_bytes()).expect("the registry answers");
        assert_eq!(done.status().as_u16(), 201, "{:?}", done.body_mut().read_to_string());
        digest
    }

    /// A manifest or a list of them; `None` where there is none.
    pub(crate) fn manifest(&self, repository: &str, identifier: &str) -> Option<Value> {
        let url = format!("http://{}/v2/{repository}/manifests/{identifier}", self.host);
        let request = self.agent.get(url).header("Accept", format!("{MANIFEST}, {INDEX}"));
        let mut answer = request.call().expect("the registry answers");
        let text = answer.body_mut().read_to_string().expect("text");
        (answer.status().as_u16() == 200).then(|| serde_json::from_str(&text).expect("JSON"))
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        // It may be gone already; then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn agent() -> ureq::Agent {
    let config =
        ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(Duration::from_secs(60)));
    config.build().into()
}

/// What is done with each connection.
struct Listener {
    host: String,
    over: Arc<AtomicBool>,
}

impl Listener {
    fn start(serve: impl Fn(TcpStream) -> std::io::Result<()> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let host = listener.local_addr().expect("its address").to_string();
        let over = Arc::new(AtomicBool::new(false));
        let (is_over, serve) = (Arc::clone(&over), Arc::new(serve));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if is_over.load(Ordering::SeqCst) {
                    return;
                }
                let serve = Arc::clone(&serve);
                // Whoever hangs up in the middle has heard enough.
                thread::spawn(move || serve(stream).ok());
            }
        });
        Self { host, over }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // Wakes the one who waits for connections.
        let _ = TcpStream::connect(&self.host);
    }
}

/// A request as it came.
struct Request {
    method: String,
    path: String,
    /// All lines before the body.
    head: Vec<String>,
    body: Vec<u8>,
}

impl Request {
    fn read(stream: &TcpStream) -> std::io::Result<Self> {
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            match line.trim_end() {
                "" => break,
                line => head.push(line.to_owned()),
            }
        }
        let length = head.iter().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<u64>().ok())?
        });
        let mut body = Vec::new();
        reader.take(length.unwrap_or(0)).read_to_end(&mut body)?;
        let mut words = head.first().map(String::as_str).unwrap_or_default().split(' ').map(str::to_owned);
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        Ok(Self { method, path, head, body })
    }
}

fn say(mut stream: &TcpStream, status: u16, headers: &[(&str, &str)], body: &[u8]) -> std::io::Result<()> {
    write!(stream, "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {}\r\n", body.len())?;
    for (name, value) in headers {
        write!(stream, "{name}: {value}\r\n")?;
    }
    stream.write_all(b"\r\n")?;
    stream.write_all(body)
}

/// A proxy that keeps the list of referrers which the registry behind it does not
/// keep, as OCI 1.1 describes it: one to a page, so that lists go on.
pub(crate) struct Listing {
    listener: Listener,
    listed: Arc<Mutex<BTreeMap<String, Vec<Value>>>>,
    asked: Arc<AtomicU64>,
}

impl Listing {
    pub(crate) fn before(registry: &Registry) -> Self {
        let upstream = registry.host.clone();
        let listed: Arc<Mutex<BTreeMap<String, Vec<Value>>>> = Arc::default();
        let asked = Arc::new(AtomicU64::new(0));
        let (list, count) = (Arc::clone(&listed), Arc::clone(&asked));
        let listener = Listener::start(move |stream| {
            let request = Request::read(&stream)?;
            if let Some((repository, rest)) = request.path.split_once("/referrers/") {
                count.fetch_add(1, Ordering::SeqCst);
                return say_page(&stream, repository, rest, &list.lock().expect("a list"));
            }
            let mut subject = None;
            if request.method == "PUT" && request.path.contains("/manifests/") {
                subject = enlist(&request.body, &mut list.lock().expect("a list"));
            }
            let mut behind = TcpStream::connect(&upstream)?;
            let (first, others) = request.head.split_first().expect("a request");
            write!(behind, "{first}\r\nConnection: close\r\n")?;
            for line in others.iter().filter(|line| !line.to_ascii_lowercase().starts_with("connection:")) {
                write!(behind, "{line}\r\n")?;
            }
            behind.write_all(b"\r\n")?;
            behind.write_all(&request.body)?;
            let mut answer = BufReader::new(behind);
            let mut status = String::new();
            answer.read_line(&mut status)?;
            let mut stream = stream;
            stream.write_all(status.as_bytes())?;
            if let Some(subject) = subject {
                write!(stream, "OCI-Subject: {subject}\r\n")?;
            }
            std::io::copy(&mut answer, &mut stream).map(|_| ())
        });
        Self { listener, listed, asked }
    }

    /// `127.0.0.1:PORT`.
    pub(crate) fn host(&self) -> &str {
        &self.listener.host
    }

    /// What is listed for a manifest.
    pub(crate) fn listed(&self, subject: &str) -> Vec<Value> {
        self.listed.lock().expect("a list").get(subject).cloned().unwrap_or_default()
    }

    /// How many pages of lists were asked for.
    pub(crate) fn asked(&self) -> u64 {
        self.asked.load(Ordering::SeqCst)
    }
}

/// Lists a manifest that has a subject; which.
fn enlist(manifest: &[u8], listed: &mut BTreeMap<String, Vec<Value>>) -> Option<String> {
    let parsed: Value = serde_json::from_slice(manifest).ok()?;
    let subject = parsed["subject"]["digest"].as_str()?.to_owned();
    let entry = json!({
        "mediaType": parsed["mediaType"], "digest": sha256(manifest), "size": manifest.len(),
        "artifactType": parsed["artifactType"], "annotations": parsed["annotations"],
    });
    let entries = listed.entry(subject.clone()).or_default();
    if !entries.contains(&entry) {
        entries.push(entry);
    }
    Some(subject)
}

fn say_page(
    stream: &TcpStream,
    repository: &str,
    rest: &str,
    listed: &BTreeMap<String, Vec<Value>>,
) -> std::io::Result<()> {
    let (subject, page) = rest.split_once("?page=").unwrap_or((rest, "0"));
    let page: usize = page.parse().unwrap_or_default();
    let entries = listed.get(subject).map(Vec::as_slice).unwrap_or_default();
    let shown: Vec<_> = entries.iter().skip(page).take(1).collect();
    let body = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": shown}).to_string();
    let next = format!("<{repository}/referrers/{subject}?page={}>; rel=\"next\"", page + 1);
    let mut headers = vec![("Content-Type", INDEX)];
    if page + 1 < entries.len() {
        headers.push(("Link", &next));
    }
    say(stream, 200, &headers, body.as_bytes())
}

/// What a [`Liar`] says.
pub(crate) enum Lie {
    /// These bytes, of this media type.
    Bytes(&'static str, Vec<u8>),
    /// As many as somebody takes.
    Endless,
    /// That there is nothing.
    Nothing,
}

/// Something that answers as a registry would, and says what a test wants.
pub(crate) struct Liar {
    listener: Listener,
    poured: Arc<AtomicU64>,
}

impl Liar {
    /// `lie` is asked for each path.
    pub(crate) fn start(lie: impl Fn(&str) -> Lie + Send + Sync + 'static) -> Self {
        let poured = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&poured);
        let listener = Listener::start(move |stream| {
            let request = Request::read(&stream)?;
            match lie(&request.path) {
                Lie::Bytes(media_type, bytes) => say(&stream, 200, &[("Content-Type", media_type)], &bytes),
                Lie::Nothing => say(&stream, 404, &[], b"{}"),
                Lie::Endless => {
                    let mut stream = stream;
                    stream.write_all(b"HTTP/1.1 200 X\r\nConnection: close\r\n\r\n")?;
                    loop {
                        stream.write_all(&[b' '; 64 * 1024])?;
                        count.fetch_add(64 * 1024, Ordering::SeqCst);
                    }
                }
            }
        });
        Self { listener, poured }
    }

    /// `127.0.0.1:PORT`.
    pub(crate) fn host(&self) -> &str {
        &self.listener.host
    }

    /// How many bytes without an end were taken.
    pub(crate) fn poured(&self) -> u64 {
        self.poured.load(Ordering::SeqCst)
    }
}

/// A folder for `DOCKER_CONFIG` with a login for a host: `user:password` in base64.
pub(crate) fn docker_config(folder: &Path, host: &str, login: &str) {
    let config = json!({"auths": {host: {"auth": login}}}).to_string();
    std::fs::create_dir_all(folder).expect("the folder can be made");
    std::fs::write(folder.join("config.json"), config).expect("written");
}
