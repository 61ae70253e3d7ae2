//! The author's loop, as it is in the README: a program is begun, a line of it is
//! changed, and the page is another one a moment later, with everything still in the
//! cart. What does not compile changes nothing, and says why where the author looks.
//!
//! What is begun lies in `target/begun`, and what cargo makes of it stays there, so
//! that only the first run compiles everything.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crate::support::client::Client;
use crate::support::{command, load, root};

/// How long building may take the first time, on a small machine with other tests
/// beside.
const PATIENCE: Duration = Duration::from_secs(600);

/// How long anything else may take there.
const SOON: Duration = Duration::from_secs(120);

/// How long a changed line may take to be seen where nothing else goes on. Aimed at is
/// a second; the command that is tested is not optimised.
const CHANGED_MAX: Duration = Duration::from_secs(15);

/// A program that was begun, with a name of its own for each test: they share what
/// cargo makes.
struct Begun {
    folder: PathBuf,
    busy: Option<load::Busy>,
}

impl Begun {
    fn new(name: &str) -> Self {
        let busy = load::busy();
        let place = root().join("target/begun");
        let folder = place.join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder).expect("what an earlier run has begun can be removed");
        }
        fs::create_dir_all(&place).expect("the folder can be made");
        let output = command(&["new", name]).current_dir(&place).output().expect("mprun starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(said.contains(&format!("cd {name}\n")) && said.contains("mprun dev"), "{said}");
        // The versions that this checkout was built with: no network is needed.
        fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock")).expect("the versions can be copied");
        Self { folder, busy: Some(busy) }
    }

    /// Where cargo puts what it makes of all of them.
    fn target() -> PathBuf {
        root().join("target/begun/target")
    }

    fn source(&self, path: &str) -> String {
        fs::read_to_string(self.folder.join(path)).expect("the source can be read")
    }

    /// Saves a file with something else in one place.
    fn change(&self, path: &str, old: &str, new: &str) {
        let text = self.source(path);
        assert_eq!(text.matches(old).count(), 1, "`{old}` stands once in {path}:\n{text}");
        fs::write(self.folder.join(path), text.replace(old, new)).expect("the source can be written");
    }
}

/// A running `mprun dev`.
struct Dev {
    child: Child,
    out: Lines,
    complaints: Lines,
    address: String,
    _data: tempfile::TempDir,
}

/// What it says, as it says it.
struct Lines {
    coming: Receiver<String>,
    said: Vec<String>,
}

impl Lines {
    fn of(stream: impl Read + Send + 'static) -> Self {
        let (sender, coming) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { coming, said: Vec::new() }
    }

    /// The first line from now on that is so.
    fn until(&mut self, at_most: Duration, is_so: impl Fn(&str) -> bool) -> Option<String> {
        let began = Instant::now();
        while let Some(left) = at_most.checked_sub(began.elapsed()) {
            let Ok(line) = self.coming.recv_timeout(left) else { break };
            self.said.push(line.clone());
            if is_so(&line) {
                return Some(line);
            }
        }
        None
    }
}

impl Dev {
    /// Starts it in the program's folder and waits until there is something to see.
    fn start(begun: &Begun) -> Self {
        let mut dev = Self::begin(begun);
        let line = dev.says(PATIENCE, |line| line.starts_with("serving `"));
        let (_, address) = line.split_once("http://").expect("it says where");
        dev.address = address.split('/').next().unwrap_or_default().to_owned();
        dev
    }

    fn begin(begun: &Begun) -> Self {
        let data = tempfile::tempdir().expect("a temporary folder");
        let mut child = command(&["dev", "--listen", "127.0.0.1:0", "--data"])
            .arg(data.path())
            .current_dir(&begun.folder)
            .env("CARGO_TARGET_DIR", Begun::target())
            .env_remove("MPRUN_LISTEN")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("mprun starts");
        let out = Lines::of(child.stdout.take().expect("stdout is piped"));
        let complaints = Lines::of(child.stderr.take().expect("stderr is piped"));
        Self { child, out, complaints, address: String::new(), _data: data }
    }

    /// The first line on stdout from now on that is so.
    fn says(&mut self, at_most: Duration, is_so: impl Fn(&str) -> bool) -> String {
        let Some(line) = self.out.until(at_most, is_so) else { panic!("it never said so:\n{}", self.everything()) };
        line
    }

    /// What comes of what was saved last.
    fn answers(&mut self) -> String {
        self.says(SOON, |line| line.contains(" after "))
    }

    /// Waits for this on stderr.
    fn complains(&mut self, about: &str) {
        let found = self.complaints.until(SOON, |line| line.contains(about));
        assert!(found.is_some(), "it never complained of `{about}`:\n{}", self.everything());
    }

    fn everything(&mut self) -> String {
        self.complaints.until(Duration::from_millis(500), |_| false);
        format!("{}\n{}", self.out.said.join("\n"), self.complaints.said.join("\n"))
    }

    fn client(&self) -> Client {
        Client::new(&self.address)
    }

    /// Sends a signal, and waits for the end.
    fn end(&mut self, signal: &str) -> Option<ExitStatus> {
        let asked = Command::new("kill").args([signal, &self.child.id().to_string()]).status().expect("`kill` starts");
        assert!(asked.success(), "it is not there any more");
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(20) {
            if let Some(status) = self.child.try_wait().expect("the process can be asked") {
                return Some(status);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        None
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the open pages of a user are told, as it comes.
struct Told {
    text: Receiver<String>,
    so_far: String,
}

impl Told {
    fn listen(address: &str, client: &Client) -> Self {
        let mut stream = TcpStream::connect(address).expect("the server takes connections");
        let request = format!(
            "GET /_events HTTP/1.1\r\nHost: {address}\r\nCookie: {}\r\nSec-Fetch-Site: same-origin\r\n\
             Accept: text/event-stream\r\n\r\n",
            client.cookie()
        );
        stream.write_all(request.as_bytes()).expect("the request can be sent");
        let (sender, text) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = stream.read(&mut bytes) {
                if sender.send(String::from_utf8_lossy(&bytes[..count]).into_owned()).is_err() {
                    return;
                }
            }
        });
        let mut told = Self { text, so_far: String::new() };
        told.until(&["200 OK", "text/event-stream"]);
        told
    }

    /// Waits until all of this was told since the last time.
    fn until(&mut self, parts: &[&str]) {
        let began = Instant::now();
        while !parts.iter().all(|part| self.so_far.contains(part)) {
            let left = SOON.checked_sub(began.elapsed()).unwrap_or_default();
            match self.text.recv_timeout(left) {
                Ok(text) => self.so_far.push_str(&text),
                Err(_) => panic!("pages were never told {parts:?}, only:\n{}", self.so_far),
            }
        }
        self.so_far.clear();
    }
}

#[test]
fn a_changed_line_is_on_the_page_and_the_cart_is_still_full() {
    let mut begun = Begun::new("shop");
    let mut dev = Dev::start(&begun);
    let page = dev.client().get("/miniapp/shop").assert_text("Green tea").press("Add Green tea");
    let page = page.assert_text("Cart (1)");
    let mut told = Told::listen(&dev.address, page.client());

    // What is measured has the machine for itself.
    drop(begun.busy.take());
    let (quiet, busy) = load::quiet();
    begun.busy = Some(busy);
    let saved = Instant::now();
    begun.change("src/shop.rs", "name: \"Green tea\"", "name: \"Plum tea\"");
    let page = loop {
        let page = page.reload();
        if page.text().contains("Plum tea") {
            break page;
        }
        assert!(saved.elapsed() < SOON, "it never came: {}\n{}", page.text(), dev.everything());
        std::thread::sleep(Duration::from_millis(20));
    };
    let seen = saved.elapsed();
    let line = dev.answers();
    drop(quiet);
    println!("a changed line was on the page after {:.2} s; mprun says: {line}", seen.as_secs_f64());
    assert!(line.starts_with("shown after ") && line.ends_with(": src/shop.rs"), "{line}");
    assert!(seen < CHANGED_MAX, "{seen:?}");
    told.until(&["event: build", "\"building\"", "\"ok\"", "event: reload", "\"shop\""]);

    // Nothing was lost, and nobody was told that something was.
    assert_eq!(page.alert(), "");
    let page = page.assert_text("Cart (1)").press("Add Plum tea").assert_text("Cart (2)");

    // Neither do styles, or what the program says of itself.
    begun.change("app.css", "padding: 32rpx", "padding: 48rpx");
    let line = dev.answers();
    assert!(line.starts_with("shown after ") && line.ends_with(": app.css"), "{line}");
    begun.change("manifest.json", "\"name\": \"Shop\"", "\"name\": \"Plum shop\"");
    let line = dev.answers();
    assert!(line.starts_with("shown after ") && line.ends_with(": manifest.json"), "{line}");
    page.reload().assert_text("Plum shop").assert_text("Cart (2)");

    // What was saved and is the same is not built.
    let text = begun.source("src/shop.rs");
    fs::write(begun.folder.join("src/shop.rs"), &text).expect("the source can be written");
    begun.change("app.css", "padding: 48rpx", "padding: 32rpx");
    let line = dev.answers();
    assert!(line.ends_with(": app.css"), "{line}");

    let ended = dev.end("-INT");
    assert!(ended.is_some_and(|status| status.success()), "{ended:?}");
}

#[test]
fn what_does_not_compile_changes_nothing_and_says_why() {
    let begun = Begun::new("till");
    let mut dev = Dev::start(&begun);
    let page = dev.client().get("/miniapp/till").press("Add Cup").assert_text("Cart (1)");
    let mut told = Told::listen(&dev.address, page.client());

    begun.change("src/shop.rs", "cents: 1_200", "cents: \"a lot\"");
    dev.complains("mismatched types");
    dev.complains("src/shop.rs:");
    let line = dev.answers();
    assert!(line.starts_with("not shown after ") && line.ends_with(": src/shop.rs"), "{line}");
    told.until(&["event: build", "\"failed\"", "mismatched types", "src/shop.rs:"]);
    // The page is the one before, and works.
    let page = page.reload().assert_text("$12.00").press("Add Cup").assert_text("Cart (2)");

    // While the code is broken, what else is saved does not bring back the old one.
    begun.change("app.css", "padding: 32rpx", "padding: 48rpx");
    let line = dev.answers();
    assert!(line.starts_with("not shown after ") && line.ends_with(": app.css"), "{line}");

    begun.change("src/shop.rs", "cents: \"a lot\"", "cents: 1_300");
    let line = dev.answers();
    assert!(line.starts_with("shown after "), "{line}");
    told.until(&["event: build", "\"ok\"", "event: reload"]);
    page.reload().assert_text("$13.00").assert_text("Cart (2)");

    // A manifest that is none is told like that, too.
    begun.change("manifest.json", "[\"index\", \"cart\"]", "7");
    let line = dev.answers();
    assert!(line.starts_with("not shown after ") && line.ends_with(": manifest.json"), "{line}");
    dev.complains("is no manifest");
    told.until(&["\"failed\"", "is no manifest"]);

    let ended = dev.end("-TERM");
    assert!(ended.is_some_and(|status| status.success()), "{ended:?}");
}

#[test]
fn what_no_longer_fits_begins_anew_and_is_said_so() {
    let begun = Begun::new("stall");
    let mut dev = Dev::start(&begun);
    let page = dev.client().get("/miniapp/stall").press("Add Cup").assert_text("Cart (1)");

    // A field more that has a default is no reason to forget anything.
    begun.change("src/shop.rs", "    pub cart: Vec<Line>,", "    pub cart: Vec<Line>,\n    pub visits: u32,");
    let line = dev.answers();
    assert!(line.starts_with("shown after "), "{line}");
    let page = page.reload().assert_text("Cart (1)");
    assert_eq!(page.alert(), "");

    // One without a default cannot be made up for what is stored.
    let size = "/// How large it is.\n#[derive(State)]\npub struct Size {\n    pub cm: u32,\n}\n";
    let text = begun.source("src/shop.rs");
    let text = text.replace("    pub quantity: u32,\n", "    pub quantity: u32,\n    pub size: Size,\n");
    let text = text.replace("quantity: 1,\n", "quantity: 1,\n                size: Size { cm: 8 },\n");
    fs::write(begun.folder.join("src/shop.rs"), format!("{text}\n{size}")).expect("the source can be written");
    let line = dev.answers();
    assert!(line.starts_with("shown after "), "{line}\n{}", dev.everything());
    let page = page.reload().assert_text("Cart (0)");
    assert!(page.alert().contains("updated"), "{}", page.html);
    page.press("Add Cup").assert_text("Cart (1)");
}

#[test]
fn what_was_begun_passes_its_own_tests() {
    let begun = Begun::new("kiosk");
    let output = Command::new("cargo")
        .args(["test", "--quiet"])
        .current_dir(&begun.folder)
        .env("CARGO_TARGET_DIR", Begun::target())
        .output()
        .expect("cargo starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("2 passed"), "{said}");
}

#[test]
fn nothing_that_is_there_is_written_over() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let new = |name: &str| {
        let output = command(&["new", name]).current_dir(place.path()).output().expect("mprun starts");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let precious: &Path = &place.path().join("shop/src/lib.rs");
    fs::create_dir_all(precious.parent().expect("it has a folder")).expect("the folder can be made");
    fs::write(precious, "precious").expect("a file can be written");
    let (code, said) = new("shop");
    assert!(code == Some(1) && said.contains("the folder `shop` is not empty"), "{said}");
    assert_eq!(fs::read_to_string(precious).expect("it is there"), "precious");
    let (code, said) = new("../shop");
    assert!(code == Some(2) && said.contains("expected an app id"), "{said}");
    // An empty one is welcome.
    fs::create_dir(place.path().join("cafe")).expect("the folder can be made");
    let (code, said) = new("cafe");
    assert_eq!(code, Some(0), "{said}");
    assert!(place.path().join("cafe/manifest.json").is_file());
}
