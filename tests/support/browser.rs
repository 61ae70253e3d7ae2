//! A real Chromium, with script switched off, driven over WebDriver as a person
//! uses it: the mouse is moved to where a word stands and pressed there, keys are
//! typed, and what is asserted is what can be read.
//!
//! WebDriver's own `execute` runs beside the page and not in it, so it works
//! although the page's script does not: it scrolls and measures, nothing else.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fantoccini::actions::{InputSource, MouseActions, PointerAction};
use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use super::root;

/// How long anything that must happen may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A page on which script would show at once, and when something is pressed.
const PROOF: &str = "data:text/html,<!doctype html><p id=a>off</p><button onclick=\"a.textContent='on'\">Press</button>\
                     <script>a.textContent='on'</script>";

/// A browser window and the driver process behind it.
pub(crate) struct Browser {
    driver: Child,
    /// Where the driver takes commands for this window.
    session: String,
    /// The window.
    pub(crate) window: Client,
    width: u32,
    height: u32,
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
        let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port").port();
        let driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts: run `make test`, which installs it");
        let profile = tempfile::tempdir().expect("a temporary folder");
        let options = json!({
            "binary": "/usr/bin/chromium",
            "args": [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--disable-dev-shm-usage", "--hide-scrollbars", "--lang=en",
                format!("--user-data-dir={}", profile.path().display()),
            ],
            "prefs": { "profile.managed_default_content_settings.javascript": 2 },
        });
        let mut capabilities = serde_json::Map::new();
        capabilities.insert("goog:chromeOptions".to_owned(), options);
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
        let browser = Self { driver, session, window, width, height, _profile: profile };
        browser.size(width, height).await;
        browser.go(PROOF).await;
        browser.click("Press").await;
        let said = browser.text().await;
        assert!(said.starts_with("off"), "script is not switched off in this browser: {said}");
        browser
    }

    /// Opens an address.
    pub(crate) async fn go(&self, address: &str) {
        self.window.goto(address).await.unwrap_or_else(|error| panic!("{address}: {error}"));
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
        self.click_at(&element).await;
    }

    /// Presses what says `text`, and waits for the page that follows.
    pub(crate) async fn press(&self, text: &str) {
        let before = self.window.find(Locator::Css("html")).await.expect("a page");
        self.click(text).await;
        let started = Instant::now();
        while before.tag_name().await.is_ok() {
            assert!(started.elapsed() < PATIENCE, "nothing came after pressing `{text}`:\n{}", self.text().await);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn click_at(&self, element: &Element) {
        let argument = serde_json::to_value(element).expect("an element has a name");
        let scroll = "arguments[0].scrollIntoView({ block: 'center', behavior: 'instant' })";
        self.window.execute(scroll, vec![argument]).await.expect("it can be scrolled to");
        let press = MouseActions::new("mouse".to_owned())
            .then(PointerAction::MoveToElement { element: element.clone(), duration: None, x: 0.0, y: 0.0 })
            .then(PointerAction::Down { button: 0 })
            .then(PointerAction::Up { button: 0 });
        self.window.perform_actions(press).await.expect("the mouse can be used");
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

    /// Makes the page's room this large, whatever the window's frame takes.
    async fn size(&self, width: u32, height: u32) {
        let metrics = json!({
            "cmd": "Emulation.setDeviceMetricsOverride",
            "params": { "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false },
        });
        ureq::post(format!("{}/goog/cdp/execute", self.session))
            .content_type("application/json")
            .send(metrics.to_string())
            .expect("the window can be sized");
    }

    async fn measure(&self, what: &str) -> u32 {
        let number =
            self.window.execute(&format!("return {what}"), Vec::new()).await.expect("the page can be measured");
        number.as_u64().and_then(|number| u32::try_from(number).ok()).unwrap_or_default()
    }

    /// Asserts what must hold of every page, and takes a picture of all of it:
    /// nothing is wider than the window, and every picture has arrived.
    pub(crate) async fn picture(&self, name: &str) {
        let wide = self.measure("document.documentElement.scrollWidth").await;
        assert!(wide <= self.width, "{name}: {wide} px wide in a window of {}", self.width);
        let pictures = "return Array.from(document.images).filter(i => i.complete && !i.naturalWidth).map(i => i.src)";
        let broken = self.window.execute(pictures, Vec::new()).await.expect("the page can be asked");
        assert_eq!(broken, Value::Array(Vec::new()), "{name}: pictures that did not arrive");

        let tall = self.measure("document.documentElement.scrollHeight").await.clamp(self.height, 8_000);
        self.size(self.width, tall).await;
        let png = self.window.screenshot().await.expect("a picture can be taken");
        self.size(self.width, self.height).await;
        let file = pictures_folder().join(format!("{name}-{}.png", self.width));
        std::fs::write(&file, png).expect("the picture can be written");
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
        // Ended alone, the driver would leave its browser behind.
        let closed = ureq::delete(&self.session).config().timeout_global(Some(Duration::from_secs(10))).build().call();
        if let Err(error) = closed {
            println!("the browser could not be closed: {error}");
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
