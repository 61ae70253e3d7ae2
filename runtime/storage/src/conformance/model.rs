//! A history of commits, done by a backend and by a model side by side.
//!
//! The model keeps everything in sorted maps and copies them for each commit; what
//! it cannot do is be fast. After every step everything that can be read is
//! compared.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use mprun_core::identity::PageId;

use super::{Failure, Verdict, ask, digest, fine, page, page_id, same, scope, write};
use crate::{
    AppRow, Ask, AskFilter, AskId, AskKind, Commit, CommitError, Committed, EventId, EventRow, PageRow, Scope,
    Snapshot, Storage, limits,
};

/// Users in a history.
const USERS: u8 = 2;
/// Pages, keys and events that a history chooses from; few, so that steps meet.
const PAGES: u8 = 6;
const KEYS: [&str; 6] = ["a", "a/1", "a/2", "b", "b\0", "é"];
const EVENTS: u8 = 12;

/// A page as a step writes it: numbers, that are taken modulo what there is.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// Which page.
    pub page: u8,
    /// On which page it lies; itself: on none.
    pub parent: u8,
    /// Its state, its time and whether it is closed.
    pub content: u8,
}

/// One commit of a history. Every number is good: it is taken modulo what there is
/// to choose from, so a history can be made from any random bytes.
#[derive(Debug, Clone)]
pub struct Step {
    /// Whose commit.
    pub user: u8,
    /// How far the base revision is behind; 0 is right.
    pub behind: u8,
    /// The program's state.
    pub app: Option<u8>,
    /// Pages to remove.
    pub removed: Vec<u8>,
    /// Pages to write.
    pub pages: Vec<Page>,
    /// Keys to write with a value of that many bytes, or to remove.
    pub writes: Vec<(u8, Option<u8>)>,
    /// Asks to make: kind and page, and when they are due.
    pub asks: Vec<(u8, Option<u8>)>,
    /// How many ids were given out in vain.
    pub skipped_ids: u8,
    /// Asks to consume, counted among all that ever were.
    pub done: Vec<u8>,
    /// Asks to postpone, likewise.
    pub postponed: Vec<(u8, Option<u8>)>,
    /// The event.
    pub event: Option<u8>,
    /// The event whose outcome changes.
    pub amended: Option<u8>,
}

/// Does `steps` on `storage`, which must be empty, and on the model, and fails at
/// the first difference.
pub async fn replay(storage: &Arc<dyn Storage>, steps: &[Step]) -> Result<(), Failure> {
    let mut model = Model::default();
    for (number, step) in steps.iter().enumerate() {
        let compared = one_step(storage, &mut model, step).await;
        compared.map_err(|what| Failure {
            case: "agrees_with_the_model",
            what: format!("step {number}, {step:?}: {what}"),
        })?;
    }
    Ok(())
}

async fn one_step(storage: &Arc<dyn Storage>, model: &mut Model, step: &Step) -> Verdict {
    let user = step.user % USERS;
    let scope = user_scope(user)?;
    let commit = step.commit(&model.users.get(&user).cloned().unwrap_or_default());
    let expected = model.commit(user, &commit);
    let got = storage.commit(&scope, commit).await;
    // Errors hold causes that cannot be compared: their words can.
    same!(format!("{got:?}"), format!("{expected:?}"));
    for user in 0..USERS {
        let scope = user_scope(user)?;
        same!(fine(storage.knows(&scope.user).await)?, model.users.contains_key(&user));
        let rows = model.users.get(&user).cloned().unwrap_or_default();
        compare(storage, &scope, &rows).await?;
    }
    let due = model.due()?;
    same!(fine(storage.due(u64::MAX, 1_000).await)?, due);
    let next = due.first().and_then(|(_, ask)| ask.due_at_ms);
    same!(fine(storage.next_due().await)?, next);
    Ok(())
}

fn user_scope(user: u8) -> Result<Scope, String> {
    scope(&format!("user-{user}"))
}

async fn compare(storage: &Arc<dyn Storage>, scope: &Scope, rows: &Rows) -> Verdict {
    let app = rows.app();
    same!(fine(storage.app(scope).await)?, app);
    for number in 0..PAGES {
        let id = page_id(number.into());
        let page = rows.pages.get(&id).cloned();
        same!(fine(storage.page(scope, id).await)?, page);
        let app = app.clone();
        same!(fine(storage.snapshot(scope, id).await)?, Snapshot { app, page });
        let stack = fine(storage.stack(scope, id).await)?;
        let stack: Vec<_> = stack.iter().map(|page| page.id).collect();
        same!(stack, rows.stack(id));
    }
    let listed = fine(storage.pages(scope).await)?;
    let listed: BTreeSet<_> = listed.iter().map(|page| page.id).collect();
    same!(listed, rows.pages.keys().copied().collect::<BTreeSet<_>>());
    for key in KEYS {
        let value = fine(storage.get(scope, app.revision, key).await)?;
        same!(value, rows.entries.get(key).cloned());
    }
    for prefix in ["", "a", "a/", "b"] {
        let keys = rows.entries.keys().filter(|key| key.starts_with(prefix));
        let expected: Vec<_> = keys.cloned().collect();
        same!(fine(storage.keys(scope, app.revision, prefix, None, 100).await)?, expected);
    }
    for number in 0..EVENTS {
        let outcome = fine(storage.event(scope, EventId([number; 32])).await)?;
        same!(outcome, rows.events.get(&EventId([number; 32])).cloned());
    }
    let asks: Vec<_> = rows.asks.values().cloned().collect();
    same!(fine(storage.asks(scope, AskFilter::default()).await)?, asks);
    Ok(())
}

impl Step {
    /// The commit that this step means where the data are `rows`.
    fn commit(&self, rows: &Rows) -> Commit {
        let page_number = |number: u8| u16::from(number % PAGES);
        let time = |number: u8| u64::from(number) * 10;
        let event = |number: u8| EventId([number % EVENTS; 32]);
        let written = |written: &Page| {
            let (number, parent) = (page_number(written.page), page_number(written.parent));
            PageRow {
                parent: (number != parent).then(|| page_id(parent)),
                state: vec![written.content; usize::from(written.content)],
                drafts: vec![written.page; usize::from(u8::MAX - written.content)],
                touched_at_ms: time(written.content),
                closed: written.content.is_multiple_of(2),
                ..page(number)
            }
        };
        let any_ask = |number: u8| AskId(1 + u64::from(number) % rows.next_ask_id);
        let mut next = rows.next_ask_id;
        let mut asked = |(what, due): &(u8, Option<u8>)| {
            let kind = [AskKind::Navigation, AskKind::Timer, AskKind::Toast];
            let id = next;
            next += 1;
            Ask { page: Some(page_id(page_number(what / 3))), ..ask(id, kind[usize::from(what % 3)], due.map(time)) }
        };
        Commit {
            base_revision: rows.revision.saturating_sub(self.behind.into()),
            app_state: self.app.map(|state| (vec![state; usize::from(state)], digest())),
            removed_pages: self.removed.iter().map(|n| page_id(page_number(*n))).collect(),
            pages: self.pages.iter().map(written).collect(),
            writes: self
                .writes
                .iter()
                .map(|(key, value)| {
                    let key = KEYS[usize::from(*key) % KEYS.len()];
                    match value {
                        Some(bytes) => write(key, &vec![*bytes; usize::from(*bytes)]),
                        None => (key.to_owned(), None),
                    }
                })
                .collect(),
            asks: self.asks.iter().map(&mut asked).collect(),
            next_ask_id: next + u64::from(self.skipped_ids),
            done: self.done.iter().map(|n| any_ask(*n)).collect(),
            postponed: self.postponed.iter().map(|(n, due)| (any_ask(*n), due.map(time))).collect(),
            event: self.event.map(|number| EventRow {
                id: event(number),
                outcome: rows.revision.to_string().into_bytes(),
                at_ms: 1_000,
            }),
            amended: self.amended.map(|number| (event(number), vec![number])),
        }
    }
}

#[derive(Default)]
struct Model {
    users: BTreeMap<u8, Rows>,
}

#[derive(Clone)]
struct Rows {
    revision: u64,
    state: Option<Vec<u8>>,
    pages: BTreeMap<PageId, PageRow>,
    entries: BTreeMap<String, Vec<u8>>,
    asks: BTreeMap<AskId, Ask>,
    next_ask_id: u64,
    events: BTreeMap<EventId, Vec<u8>>,
}

impl Default for Rows {
    fn default() -> Rows {
        Rows {
            revision: 0,
            state: None,
            pages: BTreeMap::new(),
            entries: BTreeMap::new(),
            asks: BTreeMap::new(),
            next_ask_id: 1,
            events: BTreeMap::new(),
        }
    }
}

impl Model {
    fn commit(&mut self, user: u8, commit: &Commit) -> Result<Committed, CommitError> {
        let mut rows = self.users.get(&user).cloned().unwrap_or_default();
        rows.apply(commit)?;
        let revision = rows.revision;
        self.users.insert(user, rows);
        Ok(Committed { revision, evicted: Vec::new() })
    }

    fn due(&self) -> Result<Vec<(Scope, Ask)>, String> {
        let mut due = Vec::new();
        for (user, rows) in &self.users {
            let scope = user_scope(*user)?;
            let waiting = rows.asks.values().filter(|ask| ask.due_at_ms.is_some());
            due.extend(waiting.map(|ask| (scope.clone(), ask.clone())));
        }
        // Stable: users and ids are in order already.
        due.sort_by_key(|(_, ask)| ask.due_at_ms);
        Ok(due)
    }
}

impl Rows {
    fn app(&self) -> AppRow {
        let count = |kind| {
            let open = self.asks.values().filter(|ask| ask.kind == kind).count();
            u32::try_from(open).unwrap_or(u32::MAX)
        };
        let bytes = self.entries.iter().map(|(key, value)| key.len() + value.len());
        AppRow {
            revision: self.revision,
            state: self.state.clone().map(|state| (state, digest())),
            bytes_stored: bytes.sum::<usize>() as u64,
            next_ask_id: self.next_ask_id,
            pages: u32::try_from(self.pages.len()).unwrap_or(u32::MAX),
            timers: count(AskKind::Timer),
            toasts: count(AskKind::Toast),
            navigations: count(AskKind::Navigation),
        }
    }

    fn stack(&self, page: PageId) -> Vec<PageId> {
        let mut stack = Vec::new();
        let mut next = Some(page);
        while let Some(page) = next.and_then(|id| self.pages.get(&id))
            && stack.len() < limits::STACK_DEPTH_MAX as usize
        {
            stack.push(page.id);
            next = page.parent;
        }
        stack
    }

    fn apply(&mut self, commit: &Commit) -> Result<(), CommitError> {
        if let Some(event) = &commit.event
            && let Some(outcome) = self.events.get(&event.id)
        {
            return Err(CommitError::Duplicate { outcome: outcome.clone() });
        }
        let postponed = commit.postponed.iter().map(|(id, _)| id);
        for ask in postponed.chain(&commit.done) {
            if !self.asks.contains_key(ask) {
                return Err(CommitError::Gone { ask: *ask });
            }
        }
        if commit.base_revision != self.revision {
            return Err(CommitError::Conflict { current: self.revision });
        }
        limits::check(commit, &self.app())?;

        self.revision += 1;
        for id in &commit.done {
            self.asks.remove(id);
        }
        for (id, due_at_ms) in &commit.postponed {
            if let Some(ask) = self.asks.get_mut(id) {
                ask.due_at_ms = *due_at_ms;
            }
        }
        for ask in &commit.asks {
            self.asks.insert(ask.id, ask.clone());
            self.next_ask_id = ask.id.0 + 1;
        }
        self.next_ask_id = self.next_ask_id.max(commit.next_ask_id);
        let app = self.app();
        for (kind, open) in
            [(AskKind::Navigation, app.navigations), (AskKind::Timer, app.timers), (AskKind::Toast, app.toasts)]
        {
            let (what, max) = limits::open_asks(kind);
            limits::at_most(what, max as usize, open as usize)?;
        }
        for id in &commit.removed_pages {
            self.pages.remove(id);
        }
        for page in &commit.pages {
            self.pages.insert(page.id, page.clone());
        }
        for (key, value) in &commit.writes {
            match value {
                Some(value) => self.entries.insert(key.clone(), value.clone()),
                None => self.entries.remove(key),
            };
        }
        if let Some((state, _)) = &commit.app_state {
            self.state = Some(state.clone());
        }
        if let Some((id, outcome)) = &commit.amended
            && let Some(recorded) = self.events.get_mut(id)
        {
            recorded.clone_from(outcome);
        }
        if let Some(event) = &commit.event {
            self.events.insert(event.id, event.outcome.clone());
        }
        Ok(())
    }
}
