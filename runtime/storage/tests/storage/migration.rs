//! A file of schema version 1 becomes one of version 2: nothing is lost, and it goes
//! on as if it had always been one.

use std::{path::Path, thread};

use mprun_core::identity::{Digest, PageId, ProgramId};
use mprun_storage::{
    AppRow, Ask, AskFilter, AskId, AskKind, BindError, Commit, CommitError, EventId, EventRow, PageRow, PageSummary,
    Scope, Storage, sqlite::SqliteStorage,
};
use rusqlite::{Connection, params};

/// As version 1 has made it. Never changed.
const SCHEMA_1: &str = "
CREATE TABLE apps (
    program TEXT NOT NULL,
    user TEXT NOT NULL,
    revision INTEGER NOT NULL,
    bytes_stored INTEGER NOT NULL,
    next_ask_id INTEGER NOT NULL,
    pages INTEGER NOT NULL,
    timers INTEGER NOT NULL,
    toasts INTEGER NOT NULL,
    navigations INTEGER NOT NULL,
    digest BLOB,
    state BLOB,
    PRIMARY KEY (program, user)
) STRICT;

CREATE TABLE pages (
    program TEXT NOT NULL,
    user TEXT NOT NULL,
    id BLOB NOT NULL,
    parent BLOB,
    route TEXT NOT NULL,
    parameters TEXT NOT NULL,
    digest BLOB NOT NULL,
    opened_at_ms INTEGER NOT NULL,
    touched_at_ms INTEGER NOT NULL,
    closed INTEGER NOT NULL,
    reply BLOB,
    drafts BLOB NOT NULL,
    state BLOB NOT NULL,
    PRIMARY KEY (program, user, id)
) STRICT;

CREATE TABLE entries (
    program TEXT NOT NULL,
    user TEXT NOT NULL,
    key BLOB NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (program, user, key)
) STRICT;

CREATE TABLE asks (
    program TEXT NOT NULL,
    user TEXT NOT NULL,
    id INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    page BLOB,
    route TEXT NOT NULL,
    due_at_ms INTEGER,
    digest BLOB NOT NULL,
    payload BLOB NOT NULL,
    message BLOB NOT NULL,
    PRIMARY KEY (program, user, id)
) STRICT;
CREATE INDEX asks_by_due_time ON asks (due_at_ms) WHERE due_at_ms IS NOT NULL;

CREATE TABLE events (
    program TEXT NOT NULL,
    user TEXT NOT NULL,
    id BLOB NOT NULL,
    at_ms INTEGER NOT NULL,
    outcome BLOB NOT NULL,
    PRIMARY KEY (program, user, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX events_by_time ON events (at_ms);

CREATE TABLE secrets (
    name TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE bindings (
    app_id TEXT NOT NULL PRIMARY KEY,
    namespace TEXT NOT NULL
) STRICT, WITHOUT ROWID;
";

/// Too large to stand in a row of version 2 that is written today.
const LARGE: usize = 100_000;

fn scopes() -> [Scope; 3] {
    [("dev/coffee", "ann"), ("dev/coffee", "bob"), ("publisher/tea", "ann")]
        .map(|(program, user)| Scope { program: program.parse().unwrap(), user: user.parse().unwrap() })
}

fn page_id(number: u8) -> PageId {
    PageId::from_bytes([number; 16])
}

fn event_id(number: u8) -> EventId {
    EventId([number; 32])
}

/// What the file says of the scope with this number.
fn app(number: u8) -> AppRow {
    AppRow {
        revision: 7 + u64::from(number),
        // The second has never launched.
        state: (number != 1).then(|| (vec![number; 30], Digest::of(b"new"))),
        bytes_stored: 6 + LARGE as u64,
        next_ask_id: 5,
        pages: 2,
        timers: 1,
        toasts: 1,
        navigations: 0,
    }
}

fn pages(number: u8) -> [PageRow; 2] {
    let below = PageRow {
        id: page_id(1),
        parent: None,
        route: "menu".to_owned(),
        parameters: Vec::new(),
        state: vec![number; LARGE],
        digest: Digest::of(b"old"),
        drafts: Vec::new(),
        reply: None,
        opened_at_ms: 1_000,
        touched_at_ms: 1_000,
        closed: true,
    };
    let above = PageRow {
        id: page_id(2),
        parent: Some(page_id(1)),
        route: "product".to_owned(),
        parameters: vec![("id".to_owned(), "flat-white".to_owned()), ("size".to_owned(), String::new())],
        state: vec![number; 3],
        digest: Digest::of(b"new"),
        drafts: vec![number; 200],
        reply: Some(b"chosen".to_vec()),
        opened_at_ms: 2_000,
        touched_at_ms: 3_000 + u64::from(number),
        closed: false,
    };
    [below, above]
}

fn asks(number: u8) -> [Ask; 2] {
    let timer = Ask {
        id: AskId(3),
        page: Some(page_id(2)),
        route: "product".to_owned(),
        kind: AskKind::Timer,
        payload: vec![number],
        message: b"tick".to_vec(),
        due_at_ms: Some(9_000 - u64::from(number)),
        digest: Digest::of(b"new"),
    };
    let toast = Ask {
        id: AskId(4),
        page: None,
        route: String::new(),
        kind: AskKind::Toast,
        payload: b"thanks".to_vec(),
        message: Vec::new(),
        due_at_ms: None,
        digest: Digest::of(b"old"),
    };
    [timer, toast]
}

/// Makes a file as version 1 left it.
fn version_1(path: &Path) {
    let file = Connection::open(path).unwrap();
    file.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(())).unwrap();
    file.execute_batch(SCHEMA_1).unwrap();
    file.pragma_update(None, "application_id", 0x6d70_726e_i64).unwrap();
    file.pragma_update(None, "user_version", 1).unwrap();
    for (number, scope) in (0..).zip(scopes()) {
        let (program, user) = (scope.program.to_string(), scope.user.as_str());
        let row = app(number);
        file.execute(
            "INSERT INTO apps VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            params![
                program,
                user,
                row.revision as i64,
                row.bytes_stored as i64,
                row.next_ask_id as i64,
                row.pages,
                row.timers,
                row.toasts,
                row.navigations,
                row.state.as_ref().map(|(_, digest)| *digest.as_bytes()),
                row.state.as_ref().map(|(state, _)| state),
            ],
        )
        .unwrap();
        for page in pages(number) {
            file.execute(
                "INSERT INTO pages VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
                params![
                    program,
                    user,
                    page.id.as_bytes(),
                    page.parent.map(|parent| *parent.as_bytes()),
                    page.route,
                    serde_json::to_string(&page.parameters).unwrap(),
                    page.digest.as_bytes(),
                    page.opened_at_ms as i64,
                    page.touched_at_ms as i64,
                    page.closed,
                    page.reply,
                    page.drafts,
                    page.state,
                ],
            )
            .unwrap();
        }
        for ask in asks(number) {
            let kind = if ask.kind == AskKind::Timer { 2 } else { 3 };
            file.execute(
                "INSERT INTO asks VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                params![
                    program,
                    user,
                    ask.id.0 as i64,
                    kind,
                    ask.page.map(|page| *page.as_bytes()),
                    ask.route,
                    ask.due_at_ms.map(|due| due as i64),
                    ask.digest.as_bytes(),
                    ask.payload,
                    ask.message,
                ],
            )
            .unwrap();
        }
        for (key, value) in [("a", vec![number; 2]), ("b/1", vec![number; LARGE])] {
            file.execute("INSERT INTO entries VALUES (?1, ?2, ?3, ?4)", params![program, user, key.as_bytes(), value])
                .unwrap();
        }
        file.execute(
            "INSERT INTO events VALUES (?1, ?2, ?3, 5000, ?4)",
            params![program, user, event_id(9).0, vec![number; 34]],
        )
        .unwrap();
    }
    file.execute("INSERT INTO secrets VALUES ('tokens', ?1)", [[7_u8; 32]]).unwrap();
    file.execute("INSERT INTO bindings VALUES ('tea', 'publisher')", ()).unwrap();
}

/// Everything is there, through the trait.
async fn check(storage: &SqliteStorage) {
    for (number, scope) in (0..).zip(scopes()) {
        assert!(storage.knows(&scope.user).await.unwrap());
        let row = app(number);
        assert_eq!(storage.app(&scope).await.unwrap(), row);
        for page in pages(number) {
            let snapshot = storage.snapshot(&scope, page.id).await.unwrap();
            assert_eq!(snapshot.app, row);
            assert!(snapshot.page == Some(page), "{scope:?}");
        }
        let ids = |pages: Vec<PageSummary>| pages.iter().map(|page| page.id).collect::<Vec<_>>();
        assert_eq!(ids(storage.pages(&scope).await.unwrap()), [page_id(2), page_id(1)]);
        assert_eq!(ids(storage.stack(&scope, page_id(2)).await.unwrap()), [page_id(2), page_id(1)]);
        assert_eq!(storage.asks(&scope, AskFilter::default()).await.unwrap(), asks(number));
        assert_eq!(storage.keys(&scope, row.revision, "", None, 10).await.unwrap(), ["a", "b/1"]);
        assert_eq!(storage.get(&scope, row.revision, "a").await.unwrap(), Some(vec![number; 2]));
        assert!(storage.get(&scope, row.revision, "b/1").await.unwrap() == Some(vec![number; LARGE]));
        assert_eq!(storage.event(&scope, event_id(9)).await.unwrap(), Some(vec![number; 34]));
    }
    let due: Vec<_> = storage.due(10_000, 10).await.unwrap().into_iter().map(|(scope, _)| scope).collect();
    let [first, second, third] = scopes();
    assert_eq!(due, [third, second, first]);
    assert!(!storage.knows(&"carl".parse().unwrap()).await.unwrap());
    assert_eq!(storage.secret("tokens").await.unwrap(), [7_u8; 32]);
    let taken = storage.bind(&"other/tea".parse::<ProgramId>().unwrap()).await;
    assert!(matches!(taken, Err(BindError::Taken { .. })));
}

fn user_version(path: &Path) -> i64 {
    let file = Connection::open(path).unwrap();
    file.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn nothing_is_lost_and_everything_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.sqlite");
    version_1(&path);
    let storage = SqliteStorage::open(&path).unwrap();
    check(&storage).await;
    drop(storage);
    assert_eq!(user_version(&path), 2);
    let storage = SqliteStorage::open(&path).unwrap();
    check(&storage).await;

    let [scope, other, _] = scopes();
    let event = |number| Some(EventRow { id: event_id(number), outcome: b"again".to_vec(), at_ms: 6_000 });
    let refused = storage.commit(&scope, Commit { event: event(9), ..Commit::default() }).await;
    assert!(matches!(refused, Err(CommitError::Duplicate { outcome }) if outcome == [0_u8; 34]));
    // What was large and stood in its row moves out of it, or becomes small.
    let [below, above] = pages(0);
    let below = PageRow { state: vec![8; LARGE], ..below };
    let above = PageRow { drafts: Vec::new(), ..above };
    let commit = Commit {
        base_revision: 7,
        pages: vec![below.clone(), above.clone()],
        writes: vec![("b/1".to_owned(), Some(b"small".to_vec())), ("c".to_owned(), Some(vec![9; LARGE]))],
        done: vec![AskId(3)],
        event: event(10),
        ..Commit::default()
    };
    assert_eq!(storage.commit(&scope, commit).await.unwrap().revision, 8);
    assert!(storage.page(&scope, below.id).await.unwrap() == Some(below));
    assert_eq!(storage.page(&scope, above.id).await.unwrap(), Some(above));
    let row = storage.app(&scope).await.unwrap();
    // The keys `a`, `b/1` and `c` with their values.
    assert_eq!(row.bytes_stored, (1 + 2) + (3 + 5) + (1 + LARGE as u64));
    assert_eq!((row.pages, row.timers, row.toasts), (2, 0, 1));
    // A user who comes now is given a number that nobody had.
    let new = Scope { program: scope.program.clone(), user: "carl".parse().unwrap() };
    storage.commit(&new, Commit::default()).await.unwrap();
    assert_eq!(storage.pages(&new).await.unwrap(), []);
    assert_eq!(storage.app(&other).await.unwrap(), app(1));
    // Those of version 1; the one of today stays.
    assert_eq!(storage.prune(6_000).await.unwrap(), 3);
    drop(storage);
    crate::sqlite::check_large_bytes(&path);
}

#[tokio::test]
async fn many_may_open_an_old_file_at_the_same_moment() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.sqlite");
    version_1(&path);
    let opened: Vec<_> = thread::scope(|threads| {
        let all: Vec<_> = (0..4).map(|_| threads.spawn(|| SqliteStorage::open(&path).unwrap())).collect();
        all.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for storage in &opened {
        check(storage).await;
    }
}

#[tokio::test]
async fn an_old_file_that_contradicts_itself_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.sqlite");
    version_1(&path);
    let file = Connection::open(&path).unwrap();
    // Rows that belong to nobody cannot be carried over, and are not thrown away.
    file.execute("DELETE FROM apps WHERE user = 'bob'", ()).unwrap();
    drop(file);
    assert!(SqliteStorage::open(&path).is_err());
    assert_eq!(user_version(&path), 1);
    let file = Connection::open(&path).unwrap();
    let pages: i64 = file.query_row("SELECT count(*) FROM pages WHERE user = 'bob'", (), |row| row.get(0)).unwrap();
    assert_eq!(pages, 2);
}

#[tokio::test]
async fn a_process_of_the_old_version_changes_nothing_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.sqlite");
    version_1(&path);
    let old = Connection::open(&path).unwrap();
    let sql = "INSERT INTO entries (program, user, key, value) VALUES ('dev/coffee', 'ann', ?1, x'00')
               ON CONFLICT DO UPDATE SET value = excluded.value";
    let mut prepared = old.prepare(sql).unwrap();
    prepared.execute([b"z"]).unwrap();
    prepared.execute([b"a"]).unwrap();
    let storage = SqliteStorage::open(&path).unwrap();
    assert!(prepared.execute([b"y"]).is_err());
    let [scope, ..] = scopes();
    assert_eq!(storage.keys(&scope, 7, "", None, 10).await.unwrap(), ["a", "b/1", "z"]);
}
