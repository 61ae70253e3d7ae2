//! A real Chromium, driven over WebDriver as a person uses it: the mouse is moved
//! to where a word stands and pressed there, keys are typed, and what is asserted
//! is what can be read. With script switched off ([`Browser::open`]) or on
//! ([`Browser::live`]); one with script fails its test if a page logged an error
//! or broke its Content-Security-Policy.
//!
//! WebDriver's own `execute` runs beside the page and not in it, so it works where
//! the page's script does not, whatever the policy says.
//!
//! `devtools` is what stands around a page: the window, the colours, the language,
//! the network, other tabs. `probe` is what is asked of a page.

mod devtools;
mod probe;

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use fantoccini::actions::{InputSource, KeyAction, KeyActions, MouseActions, PointerAction};
use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use super::root;
use super::server::Server;
use devtools::Device;

pub(crate) use devtools::Network;
pub(crate) use probe::tool;

/// How long anything that must happen may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A page on which script would show at once, and when something is pressed.
const PROOF: &str = "data:text/html,<!doctype html><p id=a>off</p><button onclick=\"a.textContent='on'\">Press</button>\
                     <script>a.textContent='on'</script>";

/// Keys that have no letter, as WebDriver names them.
pub(crate) mod key {
    pub(crate) const BACKSPACE: char = '\u{e003}';
    pub(crate) const TAB: char = '\u{e004}';
    pub(crate) const ENTER: char = '\u{e007}';
    pub(crate) const SHIFT: char = '\u{e008}';
    pub(crate) const CONTROL: char = '\u{e009}';
    pub(crate) const ESCAPE: char = '\u{e00c}';
    pub(crate) const SPACE: char = ' ';
    pub(crate) const RIGHT: char = '\u{e014}';
    pub(crate) const DOWN: char = '\u{e015}';
}

/// A browser with a profile of its own, and the driver process behind it.
pub(crate) struct Browser {
    driver: Child,
    /// Where the driver takes commands for this browser.
    session: String,
    /// The tab that is looked at.
    pub(crate) window: Client,
    script: bool,
    device: Mutex<Device>,
    /// What was logged so far.
    complaints: Mutex<Vec<String>>,
    /// Parts of what may be logged: the test is about it.
    expected: Mutex<Vec<&'static str>>,
    _profile: tempfile::TempDir,
}

/// A text as an XPath literal; those have no escapes.
fn literal(text: &str) -> String {
    match text.contains('"') {
        true => format!("concat(\"{}\")", text.replace('"', "\", '\"', \"")),
        false => format!("\"{text}\""),
    }
}

impl Browser {
    /// Opens a window of this size in which no page can run script, and makes sure
    /// of that.
    pub(crate) async fn open(width: u32, height: u32) -> Self {
        Self::start(width, height, false).await
    }

    /// Opens a window of this size in which pages run script.
    pub(crate) async fn live(width: u32, height: u32) -> Self {
        Self::start(width, height, true).await
    }

    async fn start(width: u32, height: u32, script: bool) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port").port();
        let driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts: run `make test`, which installs it");
        let profile = tempfile::tempdir().expect("a temporary folder");
        let mut options = json!({
            "binary": "/usr/bin/chromium",
            "args": [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--disable-dev-shm-usage", "--hide-scrollbars", "--lang=en",
                format!("--user-data-dir={}", profile.path().display()),
            ],
        });
        if !script {
            options["prefs"] = json!({ "profile.managed_default_content_settings.javascript": 2 });
        }
        let mut capabilities = serde_json::Map::new();
        capabilities.insert("goog:chromeOptions".to_owned(), options);
        capabilities.insert("goog:loggingPrefs".to_owned(), json!({ "browser": "ALL" }));
        let started = Instant::now();
        let window = loop {
            let attempt = ClientBuilder::new(HttpConnector::new())
                .capabilities(capabilities.clone())
                .connect(&format!("http://127.0.0.1:{port}"))
                .await;
            match attempt {
                Ok(window) => break window,
                Err(error) if started.elapsed() > PATIENCE => panic!("no browser: {error}"),
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        };
        let session = window.session_id().await.expect("a session").expect("a session");
        let session = format!("http://127.0.0.1:{port}/session/{session}");
        let browser = Self {
            driver,
            session,
            window,
            script,
            device: Mutex::new(Device::new(width, height)),
            complaints: Mutex::default(),
            expected: Mutex::default(),
            _profile: profile,
        };
        browser.dress();
        browser.go(PROOF).await;
        browser.click("Press").await;
        let said = browser.text().await;
        assert!(said.starts_with(if script { "on" } else { "off" }), "script is not as it was asked for: {said}");
        browser
    }

    /// Opens an address.
    pub(crate) async fn go(&self, address: &str) {
        self.window.goto(address).await.unwrap_or_else(|error| panic!("{address}: {error}"));
    }

    /// Opens a path of a server.
    pub(crate) async fn at(&self, server: &Server, path: &str) {
        self.go(&format!("http://{}{path}", server.address())).await;
    }

    /// All that can be read, one line per line.
    pub(crate) async fn text(&self) -> String {
        let body = self.window.find(Locator::Css("body")).await.expect("a page has a body");
        body.text().await.expect("the page has a text")
    }

    /// Waits until this can be read, whatever the page does meanwhile.
    pub(crate) async fn sees(&self, expected: &str) -> String {
        self.sees_within(expected, PATIENCE).await
    }

    /// The same, with a patience of its own.
    pub(crate) async fn sees_within(&self, expected: &str, at_most: Duration) -> String {
        let started = Instant::now();
        loop {
            // While a page is replaced there may be none.
            let text = match self.window.find(Locator::Css("body")).await {
                Ok(body) => body.text().await.unwrap_or_default(),
                Err(_) => String::new(),
            };
            if text.contains(expected) {
                return text;
            }
            assert!(started.elapsed() < at_most, "expected `{expected}`, got:\n{text}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Moves the mouse to the middle of what says `text` (or is labelled so) and
    /// presses. What covers it gets the press, as for a person.
    pub(crate) async fn click(&self, text: &str) {
        let element = self.saying(text).await;
        self.click_at(&element, 1, None).await;
    }

    /// Presses twice, as fast as fingers can.
    pub(crate) async fn double_click(&self, text: &str) {
        let element = self.saying(text).await;
        self.click_at(&element, 2, None).await;
    }

    /// Presses the first thing that a selector finds, as [`Browser::click`].
    pub(crate) async fn click_on(&self, selector: &str) {
        let found = self.window.find(Locator::Css(selector)).await;
        self.click_at(&found.unwrap_or_else(|error| panic!("{selector}: {error}")), 1, None).await;
    }

    /// Presses while a key is held down.
    pub(crate) async fn click_with(&self, held: char, text: &str) {
        let element = self.saying(text).await;
        self.click_at(&element, 1, Some(held)).await;
    }

    /// Presses what says `text`, and waits for the page that follows. For pages
    /// without script: others have the same page afterwards.
    pub(crate) async fn press(&self, text: &str) {
        let before = self.window.find(Locator::Css("html")).await.expect("a page");
        self.click(text).await;
        let started = Instant::now();
        while before.tag_name().await.is_ok() {
            assert!(started.elapsed() < PATIENCE, "nothing came after pressing `{text}`:\n{}", self.text().await);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn click_at(&self, element: &Element, times: u32, held: Option<char>) {
        let argument = serde_json::to_value(element).expect("an element has a name");
        let scroll = "arguments[0].scrollIntoView({ block: 'center', behavior: 'instant' })";
        self.window.execute(scroll, vec![argument]).await.expect("it can be scrolled to");
        let mut press = MouseActions::new("mouse".to_owned()).then(PointerAction::MoveToElement {
            element: element.clone(),
            duration: None,
            x: 0.0,
            y: 0.0,
        });
        for _ in 0..times {
            press = press.then(PointerAction::Down { button: 0 }).then(PointerAction::Up { button: 0 });
        }
        if let Some(key) = held {
            self.hold(key, true).await;
        }
        self.window.perform_actions(press).await.expect("the mouse can be used");
        if let Some(key) = held {
            self.hold(key, false).await;
        }
    }

    /// Presses at a point of what is in sight.
    pub(crate) async fn click_point(&self, x: f64, y: f64) {
        let press = MouseActions::new("mouse".to_owned())
            .then(PointerAction::MoveTo { duration: None, x, y })
            .then(PointerAction::Down { button: 0 })
            .then(PointerAction::Up { button: 0 });
        self.window.perform_actions(press).await.expect("the mouse can be used");
    }

    async fn hold(&self, value: char, down: bool) {
        let action = if down { KeyAction::Down { value } } else { KeyAction::Up { value } };
        let keys = KeyActions::new("keys".to_owned()).then(action);
        self.window.perform_actions(keys).await.expect("the keyboard can be used");
    }

    /// Types on the keyboard: whatever has the focus gets it.
    pub(crate) async fn keys(&self, text: &str) {
        let mut keys = KeyActions::new("keys".to_owned());
        for value in text.chars() {
            keys = keys.then(KeyAction::Down { value }).then(KeyAction::Up { value });
        }
        self.window.perform_actions(keys).await.expect("the keyboard can be used");
    }

    /// Presses one key.
    pub(crate) async fn key(&self, key: char) {
        self.keys(&key.to_string()).await;
    }

    /// Presses one key while another one is held down.
    pub(crate) async fn key_with(&self, held: char, key: char) {
        self.hold(held, true).await;
        self.key(key).await;
        self.hold(held, false).await;
    }

    /// What says this, the innermost first; else what is labelled so; else what
    /// begins with it.
    async fn saying(&self, text: &str) -> Element {
        let text = literal(text);
        for condition in [
            format!("normalize-space(.)={text}"),
            format!("@aria-label={text}"),
            format!("starts-with(normalize-space(.), {text})"),
        ] {
            let path = format!("//body//*[{condition} and not(*[{condition}]) and not(self::noscript)]");
            for element in self.window.find_all(Locator::XPath(&path)).await.expect("the page can be searched") {
                if element.is_displayed().await.unwrap_or(false) {
                    return element;
                }
            }
        }
        panic!("nothing says {text} on:\n{}", self.text().await)
    }

    /// The field with this label.
    async fn field(&self, label: &str) -> Element {
        let path = format!("//*[@id=//label[starts-with(normalize-space(.), {})]/@for]", literal(label));
        match self.window.find(Locator::XPath(&path)).await {
            Ok(field) => field,
            Err(_) => panic!("no field `{label}` on:\n{}", self.text().await),
        }
    }

    /// Types into the field with this label, in place of what is there.
    pub(crate) async fn fill(&self, label: &str, value: &str) {
        let field = self.field(label).await;
        field.clear().await.expect("a field can be emptied");
        field.send_keys(value).await.expect("a field can be typed into");
    }

    /// Types into the field with this label, behind what is there. Key by key, so
    /// that a page with script hears each.
    pub(crate) async fn type_into(&self, label: &str, text: &str) {
        self.field(label).await.send_keys(text).await.expect("a field can be typed into");
    }

    /// The same in place of what is there, as a person would: all of it is chosen,
    /// then typed over.
    pub(crate) async fn type_over(&self, label: &str, text: &str) {
        self.focus(label).await;
        self.key_with(key::CONTROL, 'a').await;
        self.key(key::BACKSPACE).await;
        self.keys(text).await;
    }

    /// Moves the focus to the field with this label.
    pub(crate) async fn focus(&self, label: &str) {
        let field = self.field(label).await;
        self.click_at(&field, 1, None).await;
    }

    /// Chooses from the list with this label.
    pub(crate) async fn choose(&self, label: &str, option: &str) {
        self.field(label)
            .await
            .select_by_label(option)
            .await
            .unwrap_or_else(|error| panic!("{label}, {option}: {error}"));
    }

    /// What is in the field with this label.
    pub(crate) async fn value(&self, label: &str) -> String {
        self.field(label).await.prop("value").await.expect("a field has a value").unwrap_or_default()
    }

    /// What a function says that is run in the page with these arguments.
    pub(crate) async fn probe(&self, function: &str, arguments: Vec<Value>) -> Value {
        // The line break ends a comment that the file may end with.
        let script = format!("return ({function}\n)(...arguments)");
        self.window.execute(&script, arguments).await.unwrap_or_else(|error| panic!("{error}\n{function}"))
    }

    /// The value of an expression in the page.
    pub(crate) async fn value_of(&self, expression: &str) -> Value {
        self.window
            .execute(&format!("return {expression}"), Vec::new())
            .await
            .unwrap_or_else(|error| panic!("{expression}: {error}"))
    }

    /// Waits until an expression is true in the page.
    pub(crate) async fn until(&self, expression: &str) {
        let started = Instant::now();
        loop {
            // While a page is replaced there is nobody to ask.
            let now = self.window.execute(&format!("return {expression}"), Vec::new()).await;
            if matches!(now, Ok(Value::Bool(true))) {
                return;
            }
            assert!(
                started.elapsed() < PATIENCE,
                "`{expression}` does not become true: {now:?}\n{}",
                self.text().await
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn measure(&self, what: &str) -> u32 {
        let number = self.value_of(what).await;
        number.as_u64().and_then(|number| u32::try_from(number).ok()).unwrap_or_default()
    }

    /// Asserts what must hold of every page, and takes a picture of all of it:
    /// nothing is wider than the window, and every picture has arrived.
    pub(crate) async fn picture(&self, name: &str) {
        let (width, _) = self.room();
        let wide = self.measure("document.documentElement.scrollWidth").await;
        assert!(wide <= width, "{name}: {wide} px wide in a window of {width}");
        let broken = self
            .value_of("Array.from(document.images).filter(i => i.complete && !i.naturalWidth).map(i => i.src)")
            .await;
        assert_eq!(broken, Value::Array(Vec::new()), "{name}: pictures that did not arrive");
        self.picture_into(&pictures_folder().join(format!("{name}-{width}.png"))).await;
    }

    /// Takes a picture of all of the page.
    pub(crate) async fn picture_into(&self, file: &std::path::Path) {
        let (_, height) = self.room();
        let tall = self.measure("document.documentElement.scrollHeight").await.clamp(height, 8_000);
        self.stretch(tall);
        let png = self.window.screenshot().await.expect("a picture can be taken");
        self.dress();
        std::fs::write(file, png).expect("the picture can be written");
        println!("picture: {}", file.display());
    }
}

/// Where pictures are kept for people to look at.
pub(crate) fn pictures_folder() -> PathBuf {
    let folder = root().join("target/screenshots");
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    folder
}

impl Drop for Browser {
    fn drop(&mut self) {
        let unexpected = if std::thread::panicking() || !self.script { Vec::new() } else { self.unexpected() };
        // Ended alone, the driver would leave its browser behind.
        let closed = ureq::delete(&self.session).config().timeout_global(Some(Duration::from_secs(10))).build().call();
        if let Err(error) = closed {
            println!("the browser could not be closed: {error}");
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
        assert!(unexpected.is_empty(), "the pages logged errors:\n{}", unexpected.join("\n"));
    }
}
