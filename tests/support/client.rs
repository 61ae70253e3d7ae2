//! A browser without script, as far as a test needs one: cookies, forms read
//! from the page by an HTML parser, buttons found by what they say, redirects
//! followed by GET.

use std::time::Duration;

use scraper::{ElementRef, Html, Selector};

/// One user.
#[derive(Clone)]
pub(crate) struct Client {
    agent: ureq::Agent,
    origin: String,
}

/// A page as it arrived.
pub(crate) struct Page {
    client: Client,
    /// The status of the last answer.
    pub(crate) status: u16,
    /// The path that it came from in the end, with its query.
    pub(crate) path: String,
    /// The document.
    pub(crate) html: String,
    filled: Vec<(String, String)>,
}

fn select(html: &Html, selector: &str) -> Vec<String> {
    let selector = Selector::parse(selector).expect("a selector");
    html.select(&selector).map(|element| words(element)).collect()
}

/// Text with single spaces.
fn words(element: ElementRef<'_>) -> String {
    element.text().collect::<Vec<_>>().join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Client {
    pub(crate) fn new(address: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(Duration::from_secs(60)))
            .build();
        Self { agent: config.into(), origin: format!("http://{address}") }
    }

    /// The cookie that says who this is, as `name=value`.
    pub(crate) fn cookie(&self) -> String {
        let jar = self.agent.cookie_jar_lock();
        let cookie = jar.get("127.0.0.1", "/", "mprun").expect("a page was opened before");
        format!("mprun={}", cookie.value())
    }

    /// Opens a path, following redirects.
    pub(crate) fn get(&self, path: &str) -> Page {
        self.try_get(path).unwrap_or_else(|error| panic!("GET {path}: {error}"))
    }

    /// Opens a path; the server may be gone.
    pub(crate) fn try_get(&self, path: &str) -> Result<Page, ureq::Error> {
        let mut path = path.to_owned();
        for _ in 0..5 {
            let mut answer = self.agent.get(format!("{}{path}", self.origin)).call()?;
            match answer.headers().get("location") {
                Some(place) => path = place.to_str().expect("a location is ASCII").to_owned(),
                None => {
                    let status = answer.status().as_u16();
                    let html = answer.body_mut().read_to_string()?;
                    return Ok(Page { client: self.clone(), status, path, html, filled: Vec::new() });
                }
            }
        }
        panic!("{path}: more than five redirects");
    }

    /// Posts a form as a browser would, following the redirect.
    pub(crate) fn try_post(&self, path: &str, fields: &[(String, String)]) -> Result<Page, ureq::Error> {
        let pairs: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let mut answer = self
            .agent
            .post(format!("{}{path}", self.origin))
            .header("Origin", &self.origin)
            .header("Sec-Fetch-Site", "same-origin")
            .send_form(pairs)?;
        match answer.headers().get("location") {
            Some(place) => self.try_get(place.to_str().expect("a location is ASCII")),
            None => {
                let status = answer.status().as_u16();
                let html = answer.body_mut().read_to_string()?;
                Ok(Page { client: self.clone(), status, path: path.to_owned(), html, filled: Vec::new() })
            }
        }
    }
}

impl Page {
    /// Types into the field with this label; for radios, pickers: the option's
    /// value; for boxes: `true` or `false`.
    pub(crate) fn fill(mut self, label: &str, value: &str) -> Self {
        let name = self.field(label);
        self.filled.retain(|(filled, _)| *filled != name);
        self.filled.push((name, value.to_owned()));
        self
    }

    /// Presses the first button that says `text` (or is labelled so).
    pub(crate) fn press(self, text: &str) -> Page {
        self.press_nth(text, 0)
    }

    /// Presses one of several buttons that say the same.
    pub(crate) fn press_nth(self, text: &str, nth: usize) -> Page {
        let button = self.button(text, nth);
        self.try_post(Some(button)).unwrap_or_else(|error| panic!("pressing `{text}`: {error}"))
    }

    /// Presses Enter in a field.
    pub(crate) fn enter(self) -> Page {
        self.try_post(Some(("_h".to_owned(), String::new()))).unwrap_or_else(|error| panic!("enter: {error}"))
    }

    /// What pressing that button would send, without sending it.
    pub(crate) fn form(&self, button: Option<(String, String)>) -> Vec<(String, String)> {
        let html = Html::parse_document(&self.html);
        let mut fields = controls(&html);
        for (name, value) in &self.filled {
            fields.retain(|(field, _)| field != name);
            fields.push((name.clone(), value.clone()));
        }
        fields.extend(button);
        fields
    }

    /// Sends the form; the server may be gone.
    pub(crate) fn try_post(&self, button: Option<(String, String)>) -> Result<Page, ureq::Error> {
        self.client.try_post(&self.path, &self.form(button))
    }

    /// The user whose page this is.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// The same page again.
    pub(crate) fn reload(&self) -> Page {
        self.client.get(&self.path)
    }

    /// Follows the first link that says `text`.
    pub(crate) fn follow(&self, text: &str) -> Page {
        let html = Html::parse_document(&self.html);
        let selector = Selector::parse("a[href]").expect("a selector");
        let link = html
            .select(&selector)
            .find(|link| words(*link) == text || link.attr("aria-label") == Some(text))
            .and_then(|link| link.attr("href"))
            .unwrap_or_else(|| panic!("no link `{text}` in:\n{}", self.html));
        self.client.get(link)
    }

    /// Name and value of a button.
    pub(crate) fn button(&self, text: &str, nth: usize) -> (String, String) {
        let html = Html::parse_document(&self.html);
        let selector = Selector::parse("button[name]").expect("a selector");
        let all: Vec<_> = html
            .select(&selector)
            .filter(|button| button.attr("disabled").is_none())
            .filter(|button| words(*button) == text || button.attr("aria-label") == Some(text))
            .collect();
        let button = all.get(nth).unwrap_or_else(|| {
            panic!("no button `{text}` ({nth}); there are {:?}\n{}", select(&html, "button"), self.html)
        });
        let attribute = |name| button.attr(name).unwrap_or_default().to_owned();
        (attribute("name"), attribute("value"))
    }

    /// The name of the field with this label.
    fn field(&self, label: &str) -> String {
        let html = Html::parse_document(&self.html);
        let fields =
            Selector::parse("input[name^='f.']:not([type=hidden]), select[name], textarea[name]").expect("a selector");
        for field in html.select(&fields) {
            let id = field.attr("id").unwrap_or_default();
            // No `id`, no label: nothing is for the empty name.
            let by_for = select(&html, &format!("label[for='{id}']"));
            let around = field
                .ancestors()
                .filter_map(ElementRef::wrap)
                .filter(|element| matches!(element.value().name(), "label" | "fieldset"));
            let mut labels: Vec<String> = by_for;
            for element in around {
                labels.push(words(element));
                let legend = Selector::parse("legend").expect("a selector");
                labels.extend(element.select(&legend).map(words));
            }
            labels.extend(field.attr("aria-label").map(str::to_owned));
            if labels.iter().any(|found| found == label || found.starts_with(&format!("{label} "))) {
                return field.attr("name").expect("selected by name").to_owned();
            }
        }
        panic!("no field `{label}` in:\n{}", self.html)
    }

    /// The kind of problem that an error page is about.
    pub(crate) fn problem(&self) -> Option<String> {
        self.attribute("main[data-problem]", "data-problem")
    }

    /// What an error page tells the developer.
    pub(crate) fn detail(&self) -> String {
        self.select(".mp-detail").join(" ")
    }

    /// What the host says over the page.
    pub(crate) fn alert(&self) -> String {
        self.select(".mp-alert").join(" ")
    }

    /// The texts of all elements that this selects.
    pub(crate) fn select(&self, selector: &str) -> Vec<String> {
        select(&Html::parse_document(&self.html), selector)
    }

    /// An attribute of the first element that this selects.
    pub(crate) fn attribute(&self, selector: &str, name: &str) -> Option<String> {
        let selector = Selector::parse(selector).expect("a selector");
        Html::parse_document(&self.html)
            .select(&selector)
            .next()
            .and_then(|element| element.attr(name))
            .map(str::to_owned)
    }

    /// What is in the field with this label.
    pub(crate) fn value(&self, label: &str) -> String {
        let name = self.field(label);
        self.form(None).into_iter().rev().find(|(field, _)| *field == name).map(|(_, value)| value).unwrap_or_default()
    }

    /// What a person reads, with single spaces.
    pub(crate) fn text(&self) -> String {
        let html = Html::parse_document(&self.html);
        select(&html, "body").join(" ")
    }

    /// Asserts that a person can read this.
    pub(crate) fn assert_text(self, expected: &str) -> Self {
        assert!(self.text().contains(expected), "expected `{expected}` in: {}", self.text());
        self
    }
}

/// What a browser would post without a button: hidden fields, inputs, chosen
/// options.
fn controls(html: &Html) -> Vec<(String, String)> {
    let all = Selector::parse("form#mp input[name], form#mp select[name], form#mp textarea[name]").expect("a selector");
    let mut fields = Vec::new();
    for control in html.select(&all) {
        if control.attr("disabled").is_some() {
            continue;
        }
        let name = control.attr("name").expect("selected by name").to_owned();
        let value = match (control.value().name(), control.attr("type")) {
            ("input", Some("radio" | "checkbox")) if control.attr("checked").is_none() => continue,
            ("input", _) => control.attr("value").unwrap_or_default().to_owned(),
            ("textarea", _) => control.text().collect(),
            _ => {
                let options = Selector::parse("option").expect("a selector");
                let chosen = control
                    .select(&options)
                    .find(|option| option.attr("selected").is_some())
                    .or_else(|| control.select(&options).next());
                match chosen {
                    Some(option) => option.attr("value").map_or_else(|| words(option), str::to_owned),
                    None => continue,
                }
            }
        };
        fields.push((name, value));
    }
    fields
}
