//! What stands around a page: the size of its window and how far it is zoomed, the
//! colours and the language that the browser asks for, the network, other tabs and
//! other browsers of the same user, and what the browser logs.

use std::sync::PoisonError;
use std::time::Duration;

use fantoccini::wd::WindowHandle;
use serde_json::{Value, json};

use super::Browser;

/// How long the driver may take for a command.
const COMMAND: Duration = Duration::from_secs(60);

/// Bytes of an answer: a picture of a long page, in base64.
const ANSWER_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// What connects the browser with the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Network {
    /// As this machine is.
    Fast,
    /// Each answer comes this much later.
    Slow(Duration),
    /// Nothing arrives; the browser knows that.
    Offline,
}

/// What every tab of a browser is told it stands on.
#[derive(Debug, Clone)]
pub(super) struct Device {
    width: u32,
    height: u32,
    /// In percent.
    zoom: u32,
    dark: bool,
    language: Option<&'static str>,
    network: Network,
}

impl Device {
    pub(super) fn new(width: u32, height: u32) -> Self {
        Self { width, height, zoom: 100, dark: false, language: None, network: Network::Fast }
    }
}

impl Browser {
    /// Sends a command of the driver's own and gives back what it says.
    fn command(&self, path: &str, body: &Value) -> Result<Value, String> {
        let mut answer = ureq::post(format!("{}/{path}", self.session))
            .config()
            .http_status_as_error(false)
            .timeout_global(Some(COMMAND))
            .build()
            .content_type("application/json")
            .send(body.to_string())
            .map_err(|error| error.to_string())?;
        let text = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_string();
        let text = text.map_err(|error| error.to_string())?;
        let mut answer: Value = serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))?;
        let value = answer["value"].take();
        match value["error"].is_string() {
            true => Err(value.to_string()),
            false => Ok(value),
        }
    }

    /// A command of the browser's developer tools, for the tab that is looked at.
    pub(crate) fn cdp(&self, command: &str, parameters: Value) -> Value {
        let body = json!({ "cmd": command, "params": parameters });
        self.command("goog/cdp/execute", &body).unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    fn device(&self) -> Device {
        self.device.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, change: impl FnOnce(&mut Device)) {
        change(&mut self.device.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The room that a page has, in its own pixels.
    pub(super) fn room(&self) -> (u32, u32) {
        let Device { width, height, zoom, .. } = self.device();
        (width * 100 / zoom, height * 100 / zoom)
    }

    /// Tells the tab that is looked at what it stands on. Each one has to be told.
    pub(super) fn dress(&self) {
        let (device, (_, height)) = (self.device(), self.room());
        self.stretch(height);
        self.cdp(
            "Emulation.setEmulatedMedia",
            json!({ "features": [{
                "name": "prefers-color-scheme", "value": if device.dark { "dark" } else { "light" },
            }] }),
        );
        if let Some(language) = device.language {
            let agent = self.cdp("Runtime.evaluate", json!({ "expression": "navigator.userAgent" }));
            self.cdp(
                "Emulation.setUserAgentOverride",
                json!({ "userAgent": agent["result"]["value"], "acceptLanguage": language }),
            );
        }
        if device.network != Network::Fast {
            self.connect(device.network);
        }
    }

    /// Makes the page's room this high, whatever the window's frame takes.
    pub(super) fn stretch(&self, height: u32) {
        let ((width, _), zoom) = (self.room(), self.device().zoom);
        self.cdp(
            "Emulation.setDeviceMetricsOverride",
            json!({ "width": width, "height": height, "deviceScaleFactor": f64::from(zoom) / 100.0, "mobile": false }),
        );
    }

    /// Makes the window this large, at 100 %.
    pub(crate) fn size(&self, width: u32, height: u32) {
        self.zoom(width, height, 100);
    }

    /// Makes the window this large and what is in it so many percent of its size: a
    /// page then has less room, as with every browser's zoom.
    pub(crate) fn zoom(&self, width: u32, height: u32, zoom: u32) {
        self.set(|device| (device.width, device.height, device.zoom) = (width, height, zoom));
        self.stretch(self.room().1);
    }

    /// Asks for dark pages, or for light ones.
    pub(crate) fn dark(&self, dark: bool) {
        self.set(|device| device.dark = dark);
        self.dress();
    }

    /// Asks for pages in a language, from the next one on.
    pub(crate) fn language(&self, language: &'static str) {
        self.set(|device| device.language = Some(language));
        self.dress();
    }

    /// Changes the network of the tab that is looked at, and of those that are
    /// opened later.
    pub(crate) fn network(&self, network: Network) {
        self.set(|device| device.network = network);
        self.connect(network);
    }

    fn connect(&self, network: Network) {
        let latency_ms = match network {
            Network::Slow(latency) => latency.as_secs_f64() * 1_000.0,
            Network::Fast | Network::Offline => 0.0,
        };
        self.cdp("Network.enable", json!({}));
        self.cdp(
            "Network.emulateNetworkConditions",
            json!({
                "offline": network == Network::Offline, "latency": latency_ms,
                "downloadThroughput": -1, "uploadThroughput": -1,
            }),
        );
    }

    /// The tab that is looked at.
    pub(crate) async fn this_tab(&self) -> WindowHandle {
        self.window.window().await.expect("there is a tab")
    }

    /// All tabs.
    pub(crate) async fn tabs(&self) -> Vec<WindowHandle> {
        self.window.windows().await.expect("the browser can be asked")
    }

    /// Opens another tab in front of the others.
    pub(crate) async fn tab(&self) -> WindowHandle {
        let made = self.window.new_window(true).await.expect("a tab can be opened");
        self.look_at(&made.handle).await;
        made.handle
    }

    /// Looks at another tab.
    pub(crate) async fn look_at(&self, tab: &WindowHandle) {
        self.window.switch_to_window(tab.clone()).await.expect("the tab is there");
        // Those behind take no keys and no touches.
        self.cdp("Page.bringToFront", json!({}));
        self.dress();
    }

    /// The cookie that says who this is, as `name=value`.
    pub(crate) fn cookie(&self) -> String {
        let cookies = self.cdp("Network.getCookies", json!({ "urls": ["http://127.0.0.1/"] }));
        let all = cookies["cookies"].as_array().into_iter().flatten();
        let ours = all.filter(|cookie| cookie["name"] == "mprun").find_map(|cookie| cookie["value"].as_str());
        format!("mprun={}", ours.expect("a page was opened before"))
    }

    /// Becomes the user whom this cookie names, `name=value`.
    pub(crate) fn become_user(&self, cookie: &str) {
        let (name, value) = cookie.split_once('=').expect("a cookie has a name");
        let set = json!({
            "name": name, "value": value, "url": "http://127.0.0.1/", "httpOnly": true, "sameSite": "Lax",
        });
        assert_eq!(self.cdp("Network.setCookie", set)["success"], true, "{cookie}");
    }

    /// Forgets who this is.
    pub(crate) fn forget_user(&self) {
        self.cdp("Network.deleteCookies", json!({ "name": "mprun", "url": "http://127.0.0.1/" }));
    }

    /// Runs a script in every later page of this tab, before any of the page's own.
    pub(crate) fn before_each_page(&self, script: &str) {
        self.cdp("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script }));
    }

    /// Draws a finger over the page, from one place of what is in sight to another.
    pub(crate) async fn swipe(&self, from: (f64, f64), to: (f64, f64)) {
        const STEPS: u32 = 12;
        self.cdp("Emulation.setTouchEmulationEnabled", json!({ "enabled": true }));
        let point = |part: f64| json!([{ "x": from.0 + (to.0 - from.0) * part, "y": from.1 + (to.1 - from.1) * part }]);
        self.cdp("Input.dispatchTouchEvent", json!({ "type": "touchStart", "touchPoints": point(0.0) }));
        for step in 1..=STEPS {
            let points = point(f64::from(step) / f64::from(STEPS));
            self.cdp("Input.dispatchTouchEvent", json!({ "type": "touchMove", "touchPoints": points }));
            // Faster is a fling.
            tokio::time::sleep(Duration::from_millis(16)).await;
        }
        self.cdp("Input.dispatchTouchEvent", json!({ "type": "touchEnd", "touchPoints": [] }));
        self.cdp("Emulation.setTouchEmulationEnabled", json!({ "enabled": false }));
    }

    /// The test is about something that is logged with these words.
    pub(crate) fn expects_log(&self, part: &'static str) {
        self.expected.lock().unwrap_or_else(PoisonError::into_inner).push(part);
    }

    /// Every error that was logged so far.
    fn complaints(&self) -> Vec<String> {
        let mut complaints = self.complaints.lock().unwrap_or_else(PoisonError::into_inner);
        match self.command("se/log", &json!({ "type": "browser" })) {
            Ok(entries) => {
                let entries = entries.as_array().cloned().unwrap_or_default();
                let severe = entries.into_iter().filter(|entry| entry["level"] == "SEVERE");
                complaints.extend(severe.map(|entry| entry["message"].as_str().unwrap_or_default().to_owned()));
            }
            Err(error) => complaints.push(format!("the log cannot be read: {error}")),
        }
        complaints.clone()
    }

    /// Those that the test is not about.
    pub(crate) fn unexpected(&self) -> Vec<String> {
        let expected = self.expected.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut complaints = self.complaints();
        complaints.retain(|complaint| !expected.iter().any(|part| complaint.contains(part)));
        complaints
    }
}
