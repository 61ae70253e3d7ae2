//! What one event reads and wants to change, from its first call to its commit.
//! It is handed from instance to instance; where a call fails, it is dropped
//! with it.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use mprun_core::budget::Limits;
use mprun_core::identity::{Digest, PageId};
use mprun_storage::{AppRow, Ask, AskId, AskKind, Commit, EventId, Scope, Storage};

use super::wire::{Wire, Writer};
use crate::api::Move;
use crate::call::Call;
use crate::gate::Stop;

/// Random bytes that are the same again for the same seed, and that nobody can
/// foresee without the host's secret.
#[derive(Clone)]
pub(crate) struct Random(blake3::OutputReader);

impl Random {
    /// The bytes for `seed` (the event, or the page that is being opened).
    pub(crate) fn new(secret: &[u8; 32], scope: &Scope, seed: &[u8]) -> Random {
        let mut writer = Writer::default();
        writer.str(&scope.program.to_string()).str(scope.user.as_str()).bytes(seed);
        let mut hasher = blake3::Hasher::new_keyed(secret);
        hasher.update(&writer.into_bytes());
        Random(hasher.finalize_xof())
    }

    pub(crate) fn fill(&mut self, bytes: &mut [u8]) {
        self.0.fill(bytes);
    }
}

impl fmt::Debug for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Random(..)")
    }
}

/// The page that the call is about.
#[derive(Debug, Clone)]
pub(crate) struct Current {
    pub(crate) page: PageId,
    pub(crate) parent: Option<PageId>,
    pub(crate) route: String,
    /// Whether the program may ask for another page now.
    pub(crate) may_navigate: bool,
}

/// What one event reads and wants to change.
#[derive(Clone)]
pub(crate) struct Transaction {
    storage: Arc<dyn Storage>,
    scope: Scope,
    digest: Digest,
    event: Option<EventId>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) environment: Arc<Vec<(String, String)>>,
    pub(crate) revision: u64,
    pub(crate) now_ms: u64,
    pub(crate) random: Random,
    pub(crate) bytes_stored: u64,
    asks_per_event_max: usize,
    current: Option<Current>,
    /// Where there is no page: the route of the one that is gone.
    gone: String,
    read: HashMap<String, Option<Vec<u8>>>,
    writes: BTreeMap<String, Option<Vec<u8>>>,
    asks: Vec<Ask>,
    asked: usize,
    taken_back: Vec<AskId>,
    next_ask_id: u64,
    first_ask_id: u64,
    timers_stored: usize,
    toasts_stored: usize,
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction")
            .field("scope", &self.scope)
            .field("revision", &self.revision)
            .field("writes", &self.writes.len())
            .field("asks", &self.asks.len())
            .finish_non_exhaustive()
    }
}

/// What stays the same when an event has to run again.
#[derive(Clone)]
pub(crate) struct Frozen {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) scope: Scope,
    pub(crate) digest: Digest,
    pub(crate) event: Option<EventId>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) asks_per_event_max: usize,
    pub(crate) environment: Arc<Vec<(String, String)>>,
    pub(crate) now_ms: u64,
    pub(crate) secret: [u8; 32],
    pub(crate) seed: Vec<u8>,
}

impl Transaction {
    /// Nothing changed yet, on what `row` says.
    pub(crate) fn new(frozen: &Frozen, row: &AppRow) -> Transaction {
        Transaction {
            storage: Arc::clone(&frozen.storage),
            scope: frozen.scope.clone(),
            digest: frozen.digest,
            event: frozen.event,
            limits: Arc::clone(&frozen.limits),
            environment: Arc::clone(&frozen.environment),
            revision: row.revision,
            now_ms: frozen.now_ms,
            random: Random::new(&frozen.secret, &frozen.scope, &frozen.seed),
            bytes_stored: row.bytes_stored,
            asks_per_event_max: frozen.asks_per_event_max,
            current: None,
            gone: String::new(),
            read: HashMap::new(),
            writes: BTreeMap::new(),
            asks: Vec::new(),
            asked: 0,
            taken_back: Vec::new(),
            next_ask_id: row.next_ask_id.max(1),
            first_ask_id: row.next_ask_id.max(1),
            timers_stored: row.timers as usize,
            toasts_stored: row.toasts as usize,
        }
    }

    /// Says which page the next call is about.
    pub(crate) fn set_current(&mut self, current: Option<Current>) {
        self.current = current;
    }

    /// Says that the next call is a reply to a page of this route that is gone.
    /// What it asks for is answered the same way.
    pub(crate) fn set_gone(&mut self, route: &str) {
        self.current = None;
        route.clone_into(&mut self.gone);
    }

    /// What the storage is asked with.
    pub(crate) fn source(&self) -> (Arc<dyn Storage>, Scope) {
        (Arc::clone(&self.storage), self.scope.clone())
    }

    /// Whether anything is to be committed, states aside.
    pub(crate) fn wrote(&self) -> bool {
        !self.writes.is_empty() || !self.asks.is_empty() || !self.taken_back.is_empty()
    }

    // ---- storage

    pub(crate) fn knows(&self, key: &str) -> bool {
        self.writes.contains_key(key) || self.read.contains_key(key)
    }

    pub(crate) fn value(&self, key: &str) -> Option<&Vec<u8>> {
        self.writes.get(key).or_else(|| self.read.get(key)).and_then(Option::as_ref)
    }

    pub(crate) fn learn(&mut self, key: &str, value: Option<Vec<u8>>) {
        self.read.insert(key.to_owned(), value);
    }

    pub(crate) fn write(&mut self, key: String, value: Option<Vec<u8>>) {
        self.writes.insert(key, value);
    }

    /// How many keys with this prefix the event has removed.
    pub(crate) fn removed(&self, prefix: &str) -> usize {
        self.writes.iter().filter(|(key, value)| value.is_none() && key.starts_with(prefix)).count()
    }

    /// The keys of storage and of this event's writes together, in order; those
    /// beyond `until` only where storage has no more.
    pub(crate) fn merge_keys(
        &self,
        stored: Vec<String>,
        prefix: &str,
        after: Option<&str>,
        until: Option<&str>,
    ) -> Vec<String> {
        let mut keys: std::collections::BTreeSet<String> = stored.into_iter().collect();
        for (key, value) in &self.writes {
            if value.is_none() {
                keys.remove(key);
            } else if key.starts_with(prefix)
                && after.is_none_or(|after| key.as_str() > after)
                && until.is_none_or(|until| key.as_str() <= until)
            {
                keys.insert(key.clone());
            }
        }
        keys.into_iter().collect()
    }

    // ---- asks

    pub(crate) fn timers_open(&self) -> usize {
        self.timers_stored + self.count(AskKind::Timer)
    }

    pub(crate) fn toasts_waiting(&self) -> usize {
        self.toasts_stored + self.count(AskKind::Toast)
    }

    fn count(&self, kind: AskKind) -> usize {
        self.asks.iter().filter(|ask| ask.kind == kind).count()
    }

    pub(crate) fn navigates(&self) -> bool {
        self.count(AskKind::Navigation) > 0
    }

    pub(crate) fn may_navigate(&self) -> bool {
        self.current.as_ref().is_some_and(|current| current.may_navigate)
    }

    pub(crate) fn current_page(&self) -> Option<(PageId, Option<PageId>)> {
        self.current.as_ref().map(|current| (current.page, current.parent))
    }

    /// Writes an ask down.
    pub(crate) fn ask(
        &mut self,
        kind: AskKind,
        payload: Vec<u8>,
        message: Vec<u8>,
        due_at_ms: Option<u64>,
    ) -> Result<u64, Stop> {
        // Counted as asked, not as left: asking and taking back in a loop is no
        // way around it.
        if self.asked >= self.asks_per_event_max {
            return Err(Stop::limited(format!(
                "the limit `asks` is reached: at most {} in an event",
                self.asks_per_event_max
            )));
        }
        self.asked += 1;
        let id = AskId(self.next_ask_id);
        self.next_ask_id += 1;
        self.asks.push(Ask {
            id,
            page: self.current.as_ref().map(|current| current.page),
            route: self.current.as_ref().map_or_else(|| self.gone.clone(), |current| current.route.clone()),
            kind,
            payload,
            message,
            due_at_ms,
            digest: self.digest,
        });
        Ok(id.0)
    }

    /// Removes a timer of this very event; false if there is none of this name.
    pub(crate) fn take_back_new_timer(&mut self, id: AskId) -> bool {
        let before = self.asks.len();
        self.asks.retain(|ask| ask.id != id || ask.kind != AskKind::Timer);
        self.asks.len() < before
    }

    pub(crate) fn is_consumed(&self, id: AskId) -> bool {
        id.0 >= self.first_ask_id || self.taken_back.contains(&id)
    }

    /// Takes a stored timer back.
    pub(crate) fn take_back_timer(&mut self, id: AskId) {
        self.taken_back.push(id);
        self.timers_stored = self.timers_stored.saturating_sub(1);
    }

    /// Notes that an ask is what this transaction answers: it is no longer open
    /// for the program.
    pub(crate) fn consume(&mut self, ask: &Ask) {
        self.taken_back.push(ask.id);
        if ask.kind == AskKind::Timer {
            self.timers_stored = self.timers_stored.saturating_sub(1);
        }
    }

    /// A navigation with the event that asked for it, whose outcome it amends.
    pub(crate) fn navigation_payload(&self, what: &Move) -> Vec<u8> {
        NavigationAsk { what: what.clone(), event: self.event }.to_bytes()
    }

    /// The texts of this event's toasts, which are then no longer asks.
    pub(crate) fn take_toasts(&mut self) -> Vec<String> {
        let mut toasts = Vec::new();
        self.asks.retain(|ask| {
            if ask.kind == AskKind::Toast {
                toasts.push(String::from_utf8_lossy(&ask.payload).into_owned());
            }
            ask.kind != AskKind::Toast
        });
        toasts
    }

    /// The navigation that this event asks for.
    pub(crate) fn navigation(&self) -> Option<&Ask> {
        self.asks.iter().find(|ask| ask.kind == AskKind::Navigation)
    }

    /// When the first of its timers is due.
    pub(crate) fn first_timer_ms(&self) -> Option<u64> {
        self.asks.iter().filter(|ask| ask.kind == AskKind::Timer).filter_map(|ask| ask.due_at_ms).min()
    }

    /// Everything but states, pages and the event's record.
    pub(crate) fn into_commit(self) -> Commit {
        Commit {
            base_revision: self.revision,
            writes: self.writes.into_iter().collect(),
            next_ask_id: if self.next_ask_id > self.first_ask_id { self.next_ask_id } else { 0 },
            asks: self.asks,
            done: self.taken_back,
            ..Commit::default()
        }
    }
}

impl Call {
    /// The transaction; ends the call in `view`, which has none.
    pub(crate) fn transaction(&mut self) -> Result<&mut Transaction, Stop> {
        self.transaction.as_mut().ok_or_else(|| Stop::Ended(wasmtime::Error::msg("this call has no transaction")))
    }
}

/// The payload of a navigation ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NavigationAsk {
    pub(crate) what: Move,
    pub(crate) event: Option<EventId>,
}

impl Wire for NavigationAsk {
    fn write(&self, writer: &mut Writer) {
        writer.u8(1).option(self.event, |writer, event| {
            writer.array(&event.0);
        });
        self.what.write(writer);
    }

    fn read(reader: &mut super::wire::Reader<'_>) -> Option<Self> {
        if reader.u8()? != 1 {
            return None;
        }
        Some(NavigationAsk { event: reader.option(|reader| reader.array().map(EventId))?, what: Move::read(reader)? })
    }
}
