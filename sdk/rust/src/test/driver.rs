//! The host's part in a test: states, the page stack, asks and their replies.

use std::marker::PhantomData;
use std::time::Duration;

use super::shown::{self, Shown};
use crate::error::Error;
use crate::export::{Event, Failure, Kept, States};
use crate::host::native::{Host, Mode, Navigation, Running, serving};
use crate::page::Program;

/// Most bytes of a state.
const STATE_BYTES_MAX: usize = 256 * 1024;

/// A user with the program open: acts on the page that is on top.
///
/// Actions find elements by what a user sees: a label or a text. They panic,
/// and list what there is, if that is not one element; [`TestPage::first`],
/// [`TestPage::nth`] and [`TestPage::within`] say which one.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pages/cafe.in"));
/// # fn main() {
/// let mut t = mprun::test::open::<App>("menu");
/// t.fill("Your name", "Ada");
/// t.choose("Size", "Large");
/// t.within("Tea").tap("Add");
/// t.assert_text("1 in the cart");
/// # }
/// ```
#[derive(Debug)]
pub struct TestPage<P: Program> {
    pub(super) host: Host,
    pub(super) app: Vec<u8>,
    pub(super) stack: Vec<Instance>,
    pub(super) elements: Vec<Shown>,
    /// What was typed and not sent yet, by position in `elements`' labels.
    pub(super) typed: Vec<(String, String)>,
    pub(super) toasts: Vec<String>,
    pub(super) alert: Option<String>,
    pub(super) field_errors: Vec<(String, String)>,
    next_page: u64,
    program: PhantomData<P>,
}

#[derive(Debug, Clone)]
pub(super) struct Instance {
    id: u64,
    pub(super) route: String,
    pub(super) state: Vec<u8>,
    /// The message for the page below, if it waits for a result.
    reply: Option<Vec<u8>>,
}

/// Ends a test.
#[track_caller]
#[allow(clippy::panic, reason = "how a test fails")]
pub(super) fn fail(message: impl std::fmt::Display) -> ! {
    panic!("{message}")
}

impl<P: Program> TestPage<P> {
    #[track_caller]
    pub(super) fn start(address: &str) -> Self {
        let mut host = Host::new();
        let environment = host.environment.clone();
        let app = match serving(&mut host, Mode::Launch, || P::launch(environment)) {
            Ok(app) => app,
            Err(failure) => fail(format!("the program cannot be started: {}", failure.message)),
        };
        let mut page = Self {
            host,
            app,
            stack: Vec::new(),
            elements: Vec::new(),
            typed: Vec::new(),
            toasts: Vec::new(),
            alert: None,
            field_errors: Vec::new(),
            next_page: 1,
            program: PhantomData,
        };
        let (route, query) = address.split_once('?').unwrap_or((address, ""));
        let parameters = mprun_frame::url::query_pairs(query).map(|(name, value)| (name.into(), value.into()));
        if let Err(failure) = page.push(route.to_owned(), parameters.collect(), None) {
            fail(format!("the page `{address}` cannot be opened: {}", failure.message));
        }
        page.show();
        page
    }

    /// Loads a page and puts it on top.
    fn push(
        &mut self,
        route: String,
        parameters: Vec<(String, String)>,
        reply: Option<Vec<u8>>,
    ) -> Result<(), Failure> {
        let (environment, app) = (self.host.environment.clone(), self.app.clone());
        let saved = self.host.clone();
        let id = self.next_page;
        self.next_page += 1;
        (self.host.page, self.host.route, self.host.asks) = (id, route.clone(), 0);
        let loaded = serving(&mut self.host, Mode::Load, || P::load(&app, route.clone(), parameters, environment));
        match loaded.and_then(|states| self.checked(states)) {
            Ok(States { app, page: Some(Kept { state, .. }) }) => {
                self.app = app;
                self.stack.push(Instance { id, route, state, reply });
                Ok(())
            }
            Ok(_) => Err(Error::not_found().into()),
            Err(failure) => {
                self.roll_back(saved);
                Err(failure)
            }
        }
    }

    fn checked(&self, states: States) -> Result<States, Failure> {
        let most = states.page.as_ref().map_or(0, |page| page.state.len()).max(states.app.len());
        match most > STATE_BYTES_MAX {
            true => Err(Failure {
                code: 1,
                message: format!("a state has {most} bytes, at most {STATE_BYTES_MAX} are kept"),
                details: Vec::new(),
            }),
            false => Ok(states),
        }
    }

    /// Nothing of a failed call is kept, but what it said to the developer.
    fn roll_back(&mut self, mut saved: Host) {
        saved.logs.clone_from(&self.host.logs);
        self.host = saved;
    }

    /// Delivers an event to a page of the stack, or to the program, and carries
    /// out what it asks for.
    fn deliver(&mut self, page: Option<usize>, event: Event, route: &str) -> Result<(), Failure> {
        let saved = self.host.clone();
        let kept = page.and_then(|position| self.stack.get(position));
        (self.host.page, self.host.route, self.host.asks) =
            (kept.map_or(0, |page| page.id), kept.map_or(route.to_owned(), |page| page.route.clone()), 0);
        self.host.depth = self.stack.len();
        let life_cycle = matches!(event.kind.as_str(), "shown" | "hidden" | "unloaded");
        self.host.may_navigate = page.is_some() && !life_cycle;
        let before = States {
            app: self.app.clone(),
            page: kept.map(|page| Kept { route: page.route.clone(), state: page.state.clone() }),
        };
        let mut event = event;
        if page.is_none() {
            event.values.push(("route".to_owned(), route.to_owned()));
        }
        let environment = self.host.environment.clone();
        let updated = serving(&mut self.host, Mode::Update, || P::update(before, event, environment));
        match updated.and_then(|states| self.checked(states)) {
            Ok(states) => {
                self.app = states.app;
                if let (Some(after), Some(page)) = (states.page, page.and_then(|at| self.stack.get_mut(at))) {
                    page.state = after.state;
                }
                match self.host.navigation.take() {
                    Some(navigation) => self.navigate(navigation),
                    None => Ok(()),
                }
            }
            Err(failure) => {
                self.roll_back(saved);
                Err(failure)
            }
        }
    }

    fn navigate(&mut self, navigation: Navigation) -> Result<(), Failure> {
        let top = self.stack.len().saturating_sub(1);
        match navigation {
            Navigation::Open { route, parameters, reply } => match self.push(route, parameters, reply.clone()) {
                Ok(()) => {
                    self.life_cycle(top, "hidden");
                    Ok(())
                }
                Err(failure) => {
                    if let Some(message) = reply {
                        self.answer(top, message, Err((5, "the page could not be opened")))?;
                    }
                    Err(failure)
                }
            },
            Navigation::Redirect { route, parameters } => {
                // Whoever waits for this page's result now waits for the new one's.
                let reply = self.stack.get(top).and_then(|page| page.reply.clone());
                self.push(route, parameters, reply)?;
                self.life_cycle(top, "unloaded");
                self.stack.remove(top);
                Ok(())
            }
            Navigation::Relaunch { route, parameters } => {
                self.push(route, parameters, None)?;
                for page in (0..=top).rev() {
                    self.life_cycle(page, "unloaded");
                    self.stack.remove(page);
                }
                Ok(())
            }
            Navigation::Close { payload } => self.close_page(payload),
        }
    }

    fn close_page(&mut self, payload: Option<Vec<u8>>) -> Result<(), Failure> {
        let top = self.stack.len().saturating_sub(1);
        if top == 0 {
            // The first page stays, the user sees the entry page.
            let entry = P::ROUTES.first().copied().unwrap_or_default().to_owned();
            self.push(entry, Vec::new(), None)?;
            self.stack.remove(0);
            return Ok(());
        }
        self.life_cycle(top, "unloaded");
        let reply = self.stack.pop().and_then(|page| page.reply);
        self.life_cycle(top - 1, "shown");
        match reply {
            Some(message) => {
                let result = payload.ok_or((4, "the page was closed without a result"));
                self.answer(top - 1, message, result)
            }
            None => Ok(()),
        }
    }

    /// Brings a page what it waited for.
    fn answer(&mut self, page: usize, message: Vec<u8>, result: Result<Vec<u8>, (u32, &str)>) -> Result<(), Failure> {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let (values, payload) = match result {
            Ok(payload) => (vec![pair("outcome", "ok")], payload),
            Err((code, text)) => {
                let code = pair("code", &code.to_string());
                (vec![pair("outcome", "error"), code, pair("message", text)], Vec::new())
            }
        };
        self.deliver(Some(page), Event { kind: "reply".to_owned(), message, values, payload }, "")
    }

    /// Tells a page what happens to it. It cannot prevent that.
    fn life_cycle(&mut self, page: usize, kind: &str) {
        let event = Event { kind: kind.to_owned(), message: Vec::new(), values: Vec::new(), payload: Vec::new() };
        if let Err(failure) = self.deliver(Some(page), event, "") {
            self.host.logs.push((2, format!("`{kind}` failed: {}", failure.message)));
        }
    }

    /// Something that the user does on the page on top. True if it succeeded.
    #[track_caller]
    pub(super) fn user(&mut self, kind: &str, message: Vec<u8>, values: Vec<(String, String)>) -> bool {
        let event = Event { kind: kind.to_owned(), message, values, payload: Vec::new() };
        let top = self.stack.len().checked_sub(1);
        let result = self.deliver(top, event, "");
        self.finish(result)
    }

    /// The user follows a link.
    #[track_caller]
    pub(super) fn follow(&mut self, route: String, parameters: Vec<(String, String)>) {
        let result = self.navigate(Navigation::Open { route, parameters, reply: None });
        self.finish(result);
    }

    #[track_caller]
    fn finish(&mut self, result: Result<(), Failure>) -> bool {
        (self.alert, self.field_errors) = (None, Vec::new());
        let succeeded = result.is_ok();
        if let Err(failure) = result {
            if failure.code == 3 {
                self.field_errors = failure.details;
            } else {
                self.alert = Some(failure.message);
            }
        }
        self.show();
        succeeded
    }

    /// Renders the page on top.
    #[track_caller]
    fn show(&mut self) {
        let Some(top) = self.stack.last() else { return };
        let page = Kept { route: top.route.clone(), state: top.state.clone() };
        let now = States { app: self.app.clone(), page: Some(page) };
        let environment = self.host.environment.clone();
        self.host.route.clone_from(&top.route);
        let view = match serving(&mut self.host, Mode::View, || P::view(&now, environment)) {
            Ok(view) => view,
            Err(failure) => fail(format!("`view` of `{}` failed: {}", self.route(), failure.message)),
        };
        match shown::decode(&view) {
            Ok(elements) => self.elements = elements,
            Err(error) => fail(format!("a host would refuse the view of `{}`: {error}", self.route())),
        }
        self.toasts.append(&mut self.host.toasts);
    }

    /// Lets time pass: timers that become due fire in order.
    ///
    /// # Panics
    /// As every action, if the view cannot be shown afterwards.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pages/cafe.in"));
    /// # fn main() {
    /// let mut t = mprun::test::open::<App>("menu");
    /// t.fill("Note", "hot");
    /// t.submit();
    /// t.advance(Duration::from_secs(60));
    /// t.assert_text("Ready");
    /// # }
    /// ```
    #[track_caller]
    pub fn advance(&mut self, time: Duration) {
        let end = self.host.now_ms.saturating_add(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        let mut result = Ok(());
        while let Some(next) = self.next_timer(end) {
            let Running { due_ms, page, route, message, .. } = self.host.timers.remove(next);
            self.host.now_ms = due_ms.max(self.host.now_ms);
            let values = vec![("outcome".to_owned(), "ok".to_owned())];
            let event = Event { kind: "reply".to_owned(), message, values, payload: Vec::new() };
            let position = self.stack.iter().position(|instance| instance.id == page);
            let delivered = self.deliver(position, event, &route);
            result = result.and(delivered);
        }
        self.host.now_ms = end;
        self.finish(result);
    }

    fn next_timer(&self, end: u64) -> Option<usize> {
        let timers = self.host.timers.iter().enumerate();
        let due = timers.filter(|(_, timer)| timer.due_ms <= end);
        due.min_by_key(|(_, timer)| (timer.due_ms, timer.id)).map(|(position, _)| position)
    }

    /// The user goes back, as with the host's back button.
    ///
    /// # Panics
    /// If there is no page below.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pages/cafe.in"));
    /// # fn main() {
    /// let mut t = mprun::test::open::<App>("menu");
    /// t.tap("About");
    /// t.back();
    /// assert_eq!(t.route(), "menu");
    /// # }
    /// ```
    #[track_caller]
    pub fn back(&mut self) {
        if self.stack.len() < 2 {
            fail(format!("there is no page below `{}`", self.route()));
        }
        self.typed.clear();
        let result = self.close_page(None);
        self.finish(result);
    }

    /// From now on the functions of an interface, such as `clock`, are denied.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pages/cafe.in"));
    /// # fn main() {
    /// let mut t = mprun::test::open::<App>("menu");
    /// t.deny("toast");
    /// t.first().tap("Add");
    /// assert_eq!(t.alert(), Some("This program is not allowed to do that."));
    /// # }
    /// ```
    pub fn deny(&mut self, interface: &str) {
        self.host.denied.insert(interface.to_owned());
    }

    /// Sets a value of the environment, such as `locale`, and shows the page
    /// again.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pages/cafe.in"));
    /// # fn main() {
    /// let mut t = mprun::test::open::<App>("menu");
    /// t.set_environment("locale", "de");
    /// t.assert_text("4,20 each");
    /// # }
    /// ```
    #[track_caller]
    pub fn set_environment(&mut self, name: &str, value: &str) {
        self.host.environment.retain(|(known, _)| known != name);
        self.host.environment.push((name.to_owned(), value.to_owned()));
        self.show();
    }
}
