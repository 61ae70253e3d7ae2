//! What is kept, in plain types: rows as they are read and the commit that
//! changes them. No backend's types appear here.

use mprun_core::identity::{Digest, PageId, ProgramId, UserId};

/// Whose data: a user in a program. Part of the key of every row.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Scope {
    /// The program, by its publisher and `app_id`.
    pub program: ProgramId,
    /// The user, as the host names them.
    pub user: UserId,
}

/// Names an event: what makes it happen at most once. Bytes of a hash, of which a
/// backend may keep the first 16 only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId(pub [u8; 32]);

/// Names an ask within its [`Scope`]; never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AskId(pub u64);

/// What a program remembers of a user, beside pages and keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppRow {
    /// Counts the commits of this user in this program; 0 before the first.
    pub revision: u64,
    /// The program's state with the digest of the bundle that wrote it; `None`
    /// before `launch` was committed.
    pub state: Option<(Vec<u8>, Digest)>,
    /// Keys and values together, in bytes.
    pub bytes_stored: u64,
    /// The id for the next ask, from 1 upwards. Every ask of a commit has this id
    /// or a higher one.
    pub next_ask_id: u64,
    /// How many page instances there are.
    pub pages: u32,
    /// How many timers are open.
    pub timers: u32,
    /// How many toasts wait for a rendering.
    pub toasts: u32,
    /// How many navigations are committed and not yet carried out.
    pub navigations: u32,
}

impl Default for AppRow {
    /// The row before the first commit.
    fn default() -> AppRow {
        AppRow {
            revision: 0,
            state: None,
            bytes_stored: 0,
            next_ask_id: 1,
            pages: 0,
            timers: 0,
            toasts: 0,
            navigations: 0,
        }
    }
}

/// A page instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRow {
    /// Its name; the user's browser knows it.
    pub id: PageId,
    /// The page it lies on, which may be gone by now.
    pub parent: Option<PageId>,
    /// One of the manifest's pages. A backend may remember each that it ever saw.
    pub route: String,
    /// What it was opened with, in order.
    pub parameters: Vec<(String, String)>,
    /// The page's state, in the program's encoding.
    pub state: Vec<u8>,
    /// The bundle that wrote `state`.
    pub digest: Digest,
    /// What the user typed and the program has not taken yet, in the host's
    /// encoding.
    pub drafts: Vec<u8>,
    /// The message that the page below waits with for this page's result.
    pub reply: Option<Vec<u8>>,
    /// When it was opened, in milliseconds since 1970.
    pub opened_at_ms: u64,
    /// When an event last reached it, in milliseconds since 1970.
    pub touched_at_ms: u64,
    /// Whether it was closed. Closed pages are the first to be evicted.
    pub closed: bool,
}

/// A page instance without its state and drafts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageSummary {
    /// Its name.
    pub id: PageId,
    /// The page it lies on, which may be gone by now.
    pub parent: Option<PageId>,
    /// One of the manifest's pages.
    pub route: String,
    /// What it was opened with, in order.
    pub parameters: Vec<(String, String)>,
    /// The bundle that wrote its state.
    pub digest: Digest,
    /// Whether the page below waits for its result.
    pub replies: bool,
    /// When it was opened, in milliseconds since 1970.
    pub opened_at_ms: u64,
    /// When an event last reached it, in milliseconds since 1970.
    pub touched_at_ms: u64,
    /// Whether it was closed.
    pub closed: bool,
}

/// A page and its program's row, both of one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The program's row.
    pub app: AppRow,
    /// The page, `None` where there is none.
    pub page: Option<PageRow>,
}

/// What an ask wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AskKind {
    /// Another page to be shown.
    Navigation,
    /// An event later.
    Timer,
    /// A short message over the page.
    Toast,
}

/// An effect that a program asked for: committed with its event, carried out
/// afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// Its name, from [`AppRow::next_ask_id`] upwards.
    pub id: AskId,
    /// The page that asked, which may be gone by now; `None` where it was the
    /// program.
    pub page: Option<PageId>,
    /// The route of that page, for a reply that finds it gone.
    pub route: String,
    /// What it wants.
    pub kind: AskKind,
    /// With which details, in the host's encoding.
    pub payload: Vec<u8>,
    /// The program's message for the reply.
    pub message: Vec<u8>,
    /// When it is to be carried out, in milliseconds since 1970; `None` where it
    /// waits for something else than time (a toast for a rendering).
    pub due_at_ms: Option<u64>,
    /// The bundle that asked: `message` is in its encoding.
    pub digest: Digest,
}

/// Which asks of a scope.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AskFilter {
    /// Only of this kind.
    pub kind: Option<AskKind>,
    /// Only those of this page.
    pub page: Option<PageId>,
}

/// An event that has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRow {
    /// Its name.
    pub id: EventId,
    /// What whoever sends it again is told, in the host's encoding.
    pub outcome: Vec<u8>,
    /// When it was committed, in milliseconds since 1970.
    pub at_ms: u64,
}

/// Everything that one event changes. It happens as a whole or not at all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Commit {
    /// The revision that it was made from.
    pub base_revision: u64,
    /// The program's new state and the bundle that wrote it; `None` leaves it.
    pub app_state: Option<(Vec<u8>, Digest)>,
    /// Page instances that are removed. Their asks stay: the reply goes to the
    /// program. Done before `pages`.
    pub removed_pages: Vec<PageId>,
    /// Page instances that are inserted or replaced.
    pub pages: Vec<PageRow>,
    /// Keys that are set, or removed where there is no value; in order.
    pub writes: Vec<(String, Option<Vec<u8>>)>,
    /// Asks that are consumed or taken back. Each must still be open.
    pub done: Vec<AskId>,
    /// Open asks that get another time. Each must still be open.
    pub postponed: Vec<(AskId, Option<u64>)>,
    /// New asks, in ascending order of their ids.
    pub asks: Vec<Ask>,
    /// The next ask's id, where ids were given out that no ask of this commit has
    /// (asked and taken back in one event); otherwise 0.
    pub next_ask_id: u64,
    /// The event that this is. `None` where nobody could send it again.
    pub event: Option<EventRow>,
    /// A new outcome for an event of an earlier commit: where its navigation led.
    /// Ignored where that event is not recorded any more.
    pub amended: Option<(EventId, Vec<u8>)>,
}

/// What a commit led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// The new revision.
    pub revision: u64,
    /// Pages that had to go because there were more than
    /// [`crate::limits::PAGES_MAX`]: closed ones first, then the least recently
    /// touched; never one that has open asks or is in the commit.
    pub evicted: Vec<PageId>,
}
