//! A browser as far as the bench needs one, cheap enough for many of them on the
//! processors that are measured: one connection, one user at a time, pages whose
//! buttons are pressed as a browser with script presses them (the answer is what
//! changes) or as one without.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// What a page with script asks for.
const LIVE: &str = "application/vnd.mprun+json";

/// One connection, and who is at its end.
pub(crate) struct Client {
    address: String,
    /// `mprun=…`; empty for somebody who was not here before.
    cookie: String,
    stream: BufReader<TcpStream>,
    line: String,
}

struct Answer {
    status: u16,
    body: Vec<u8>,
}

impl Client {
    /// Somebody new; `address` is `127.0.0.1:PORT`.
    pub(crate) fn connect(address: &str) -> Result<Client> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        // Nothing that is measured takes so long; a bench that hangs says nothing.
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        let (address, stream) = (address.to_owned(), BufReader::new(stream));
        Ok(Client { address, cookie: String::new(), stream, line: String::new() })
    }

    /// Somebody new from here on.
    pub(crate) fn forget(&mut self) {
        self.cookie.clear();
    }

    /// What names the user, for other clients.
    pub(crate) fn cookie(&self) -> &str {
        &self.cookie
    }

    /// Somebody known.
    pub(crate) fn with_cookie(mut self, cookie: &str) -> Client {
        cookie.clone_into(&mut self.cookie);
        self
    }

    /// The page at `path`, which has to be there.
    pub(crate) fn get(&mut self, path: &str) -> Result<String> {
        let answer = self.ask("GET", path, "text/html", None)?;
        let text = String::from_utf8(answer.body)?;
        ensure!(answer.status == 200, "{path} was answered with {}: {text}", answer.status);
        Ok(text)
    }

    fn ask(&mut self, method: &str, path: &str, accept: &str, form: Option<&str>) -> Result<Answer> {
        let address = &self.address;
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nAccept: {accept}\r\nAccept-Language: en\r\nCookie: {}\r\n",
            self.cookie
        );
        if let Some(form) = form {
            write!(
                request,
                "Origin: http://{address}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n",
                form.len()
            )?;
        }
        request.push_str("\r\n");
        request.push_str(form.unwrap_or_default());
        self.stream.get_mut().write_all(request.as_bytes())?;
        self.answer().with_context(|| format!("{method} {path}"))
    }

    fn answer(&mut self) -> Result<Answer> {
        self.next_line()?;
        let status = self.line.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.with_context(|| format!("expected the head of an answer, got `{}`", self.line))?;
        let (mut length, mut chunked) = (0, false);
        loop {
            self.next_line()?;
            let Some((name, value)) = self.line.split_once(':') else { break };
            let value = value.trim();
            if name.eq_ignore_ascii_case("content-length") {
                length = value.parse()?;
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                chunked = value.eq_ignore_ascii_case("chunked");
            } else if name.eq_ignore_ascii_case("set-cookie") {
                value.split(';').next().unwrap_or_default().clone_into(&mut self.cookie);
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        if chunked {
            body = self.chunks()?;
        }
        Ok(Answer { status, body })
    }

    fn chunks(&mut self) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            self.next_line()?;
            let length = usize::from_str_radix(self.line.split(';').next().unwrap_or_default(), 16)?;
            let start = body.len();
            body.resize(start + length, 0);
            self.stream.read_exact(body.get_mut(start..).unwrap_or_default())?;
            self.next_line()?;
            if length == 0 {
                return Ok(body);
            }
        }
    }

    fn next_line(&mut self) -> Result<()> {
        self.line.clear();
        ensure!(self.stream.read_line(&mut self.line)? > 0, "the server closed the connection");
        self.line.truncate(self.line.trim_end().len());
        Ok(())
    }
}

/// A page that is open.
pub(crate) struct Page {
    /// Where its form is posted to, without a query.
    place: String,
    /// `_page` or `_recipe`, and which.
    name: (&'static str, String),
    nonce: String,
    /// Which view it shows.
    base: String,
    /// Events that were sent from it.
    seq: u64,
    html: String,
}

/// What a press was answered with.
pub(crate) struct Patched {
    /// Bytes of the body.
    pub(crate) bytes: usize,
    pub(crate) answer: Value,
}

impl Page {
    /// Opens the page at `place`.
    pub(crate) fn open(client: &mut Client, place: &str) -> Result<Page> {
        let html = client.get(place)?;
        let named = |name| Some((name, hidden(&html, name)?));
        let name = named("_page").or_else(|| named("_recipe")).context("the page does not name itself")?;
        let nonce = hidden(&html, "_nonce").context("the page has no nonce")?;
        let base = hidden(&html, "_base").unwrap_or_default();
        Ok(Page { place: place.to_owned(), name, nonce, base, seq: 0, html })
    }

    /// The document, as it was opened.
    pub(crate) fn html(&self) -> &str {
        &self.html
    }

    /// The token of the first button that says `text`.
    pub(crate) fn token(&self, text: &str) -> Result<String> {
        let (before, _) =
            self.html.split_once(&format!(">{text}<")).with_context(|| format!("the page has no button `{text}`"))?;
        let token = before.rsplit("value=\"").next().and_then(|rest| rest.split('"').next());
        Ok(token.unwrap_or_default().to_owned())
    }

    /// Presses a button without script.
    pub(crate) fn submit(&self, client: &mut Client, text: &str) -> Result<()> {
        let form = self.form(0, &self.token(text)?);
        let answer = client.ask("POST", &self.place, "text/html", Some(&form))?;
        ensure!(answer.status == 303, "pressing `{text}` on {} was answered with {}", self.place, answer.status);
        Ok(())
    }

    /// Presses a button with script: once more each time.
    pub(crate) fn press(&mut self, client: &mut Client, token: &str) -> Result<Patched> {
        self.seq += 1;
        let form = format!("{}&_base={}", self.form(self.seq, token), self.base);
        let Answer { status, body } = client.ask("POST", &self.place, LIVE, Some(&form))?;
        let said = || String::from_utf8_lossy(&body).chars().take(400).collect::<String>();
        ensure!(status == 200, "an event on {} was answered with {status}: {}", self.place, said());
        let answer: Value = serde_json::from_slice(&body).with_context(said)?;
        ensure!(answer.get("ops").or(answer.get("html")).is_some(), "an event changed nothing: {}", said());
        let text = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
        if let Some(page) = text("page") {
            self.name = ("_page", page);
        }
        if let Some(nonce) = text("nonce") {
            self.nonce = nonce;
            self.seq = 0;
        }
        if let Some(to) = text("to") {
            self.base = to;
        }
        Ok(Patched { bytes: body.len(), answer })
    }

    /// The page as the server has it now.
    pub(crate) fn again(&self, client: &mut Client) -> Result<String> {
        let (name, page) = &self.name;
        ensure!(*name == "_page", "the page was not stored");
        client.get(&format!("{}?_page={page}", self.place))
    }

    /// Names, nonces and tokens are made of characters that need no escaping.
    fn form(&self, seq: u64, token: &str) -> String {
        let (name, page) = &self.name;
        format!("{name}={page}&_nonce={}&_seq={seq}&_h={token}", self.nonce)
    }
}

/// The value of a hidden field of a page.
fn hidden(page: &str, name: &str) -> Option<String> {
    let (_, rest) = page.split_once(&format!("name=\"{name}\""))?;
    let (_, value) = rest.split_once("value=\"")?;
    value.split('"').next().map(str::to_owned)
}
