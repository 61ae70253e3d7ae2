//! The conformance suite on SQLite, and what only a file can do.

use std::{path::Path, sync::Arc};

use mprun_core::identity::{Digest, PageId};
use mprun_storage::{
    Commit, CommitError, EventId, EventRow, PageRow, Scope, Storage, conformance, limits,
    sqlite::{Durability, SqliteStorage},
};

fn scope(user: &str) -> Scope {
    Scope { program: "dev/test".parse().unwrap(), user: user.parse().unwrap() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_keeps_every_promise() {
    let folder = tempfile::tempdir().unwrap();
    // NORMAL: the promises are the same as long as the power stays on.
    let path = folder.path().join("data.sqlite");
    let storage = SqliteStorage::open_with(&path, Durability::Normal).unwrap();
    conformance::run(Arc::new(storage)).await.unwrap();
    check_large_bytes(&path);
}

/// What stands outside of its row belongs to exactly one row.
pub(crate) fn check_large_bytes(path: &Path) {
    let connection = rusqlite::Connection::open(path).unwrap();
    let ids = |sql: &str| -> Vec<i64> {
        let mut statement = connection.prepare(sql).unwrap();
        statement.query_map((), |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    };
    let kept = ids("SELECT id FROM large ORDER BY id");
    let named = ids("SELECT id FROM (
            SELECT state AS id FROM apps UNION ALL SELECT state FROM pages
            UNION ALL SELECT drafts FROM pages UNION ALL SELECT value FROM entries)
          WHERE typeof(id) = 'integer' ORDER BY id");
    assert_eq!(kept, named);
}

#[tokio::test]
async fn an_idle_page_costs_less_than_200_bytes_beside_its_state() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.sqlite");
    // As a server writes it: user ids of 32 characters, an event whose outcome names
    // page and route, states of 25 bytes.
    let write = async |users: std::ops::Range<u32>| {
        let storage = SqliteStorage::open_with(&path, Durability::Normal).unwrap();
        for user in users {
            let name = Digest::of(&user.to_le_bytes());
            let scope = scope(&name.to_string()[..32]);
            let now = 1_795_371_865_557 + u64::from(user) * 1_000;
            let commit = Commit {
                app_state: Some((vec![1; 9], Digest::of(b"bundle"))),
                pages: vec![PageRow {
                    id: PageId::from_bytes(*name.as_bytes().first_chunk().unwrap()),
                    parent: None,
                    route: "counter".to_owned(),
                    parameters: Vec::new(),
                    state: vec![2; 16],
                    digest: Digest::of(b"bundle"),
                    drafts: Vec::new(),
                    reply: None,
                    opened_at_ms: now,
                    touched_at_ms: now + 60_000,
                    closed: false,
                }],
                event: Some(EventRow { id: EventId(*name.as_bytes()), outcome: vec![3; 34], at_ms: now + 60_000 }),
                ..Commit::default()
            };
            storage.commit(&scope, commit).await.unwrap();
        }
        // The last to close moves everything into the file.
        drop(storage);
        std::fs::metadata(&path).unwrap().len()
    };
    let before = write(0..400).await;
    let after = write(400..4_400).await;
    let page = (after - before) as f64 / 4_000.0 - 25.0;
    assert!((100.0..200.0).contains(&page), "{page} bytes");
}

#[tokio::test]
async fn numbers_that_a_refused_commit_was_given_stand_for_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.sqlite");
    let storage = SqliteStorage::open_with(&path, Durability::Normal).unwrap();
    let (refused, other) = (scope("refused"), scope("other"));
    let large = vec![0; limits::VALUE_BYTES_MAX];
    let too_much = Commit {
        writes: (0..11).map(|n| (format!("large/{n}"), Some(large.clone()))).collect(),
        event: Some(EventRow { id: EventId([1; 32]), outcome: Vec::new(), at_ms: 1 }),
        ..Commit::default()
    };
    let error = storage.commit(&refused, too_much).await;
    assert!(matches!(error, Err(CommitError::Limit { .. })), "{error:?}");
    let small = |value: &[u8]| Commit { writes: vec![("key".to_owned(), Some(value.to_vec()))], ..Commit::default() };
    storage.commit(&other, small(b"other")).await.unwrap();
    storage.commit(&refused, small(b"refused")).await.unwrap();
    assert_eq!(storage.get(&other, 1, "key").await.unwrap(), Some(b"other".to_vec()));
    assert_eq!(storage.get(&refused, 1, "key").await.unwrap(), Some(b"refused".to_vec()));
    assert_eq!(storage.keys(&refused, 1, "", None, 10).await.unwrap(), ["key"]);
    drop(storage);
    check_large_bytes(&path);
    let connection = rusqlite::Connection::open(&path).unwrap();
    let count = |sql: &str| connection.query_row(sql, (), |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(DISTINCT scope) FROM apps"), 2);
    assert_eq!(count("SELECT max(scope) FROM apps"), count("SELECT value FROM counters WHERE name = 'scopes'"));
    assert_eq!(count("SELECT count(*) FROM large"), 0);
}

#[tokio::test]
async fn what_was_committed_is_there_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.sqlite");
    let storage = SqliteStorage::open(&path).unwrap();
    let commit = Commit { writes: vec![("key".to_owned(), Some(b"value".to_vec()))], ..Commit::default() };
    storage.commit(&scope("a"), commit).await.unwrap();
    let secret = storage.secret("tokens").await.unwrap();
    drop(storage);
    // The last to close leaves one file and nothing beside it.
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let storage = SqliteStorage::open(&path).unwrap();
    let value = storage.get(&scope("a"), 1, "key").await.unwrap();
    assert_eq!(value, Some(b"value".to_vec()));
    assert_eq!(storage.secret("tokens").await.unwrap(), secret);
}

#[tokio::test]
async fn two_storages_on_one_file_see_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.sqlite");
    let one = SqliteStorage::open(&path).unwrap();
    let two = SqliteStorage::open(&path).unwrap();
    let commit = |base_revision| Commit { base_revision, ..Commit::default() };
    one.commit(&scope("a"), commit(0)).await.unwrap();
    assert_eq!(two.app(&scope("a")).await.unwrap().revision, 1);
    let refused = two.commit(&scope("a"), commit(0)).await;
    assert!(matches!(refused, Err(CommitError::Conflict { current: 1 })));
    two.commit(&scope("a"), commit(1)).await.unwrap();
    assert_eq!(one.app(&scope("a")).await.unwrap().revision, 2);
    assert_eq!(one.secret("tokens").await.unwrap(), two.secret("tokens").await.unwrap());
}

#[tokio::test]
async fn a_commit_whose_caller_left_is_whole_or_absent() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.sqlite");
    let storage = SqliteStorage::open(&path).unwrap();
    let scope = scope("a");
    let event = EventId([1; 32]);
    let commit =
        Commit { event: Some(EventRow { id: event, outcome: b"done".to_vec(), at_ms: 1 }), ..Commit::default() };
    // Polled once, so that it is in the queue, then dropped.
    let abandoned = storage.commit(&scope, commit.clone());
    let _ = tokio::time::timeout(std::time::Duration::ZERO, abandoned).await;
    // Sent again it happens or has happened, once.
    match storage.commit(&scope, commit).await {
        Ok(committed) => assert_eq!(committed.revision, 1),
        Err(CommitError::Duplicate { outcome }) => assert_eq!(outcome, b"done"),
        Err(error) => panic!("{error}"),
    }
    assert_eq!(storage.app(&scope).await.unwrap().revision, 1);
}

#[tokio::test]
async fn refused_commits_in_a_batch_disturb_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let storage = SqliteStorage::open(&folder.path().join("data.sqlite")).unwrap();
    let storage: Arc<dyn Storage> = Arc::new(storage);
    // All at once, so that many share a transaction; every third is refused after
    // it has written something.
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..200_u32 {
        let storage = storage.clone();
        tasks.spawn(async move {
            let scope = scope(&format!("user-{number}"));
            let large = if number % 3 == 0 { 11 } else { 1 };
            let value = vec![0; if large == 11 { 1 << 20 } else { 10 }];
            let writes = (0..large).map(|n| (format!("k{n}"), Some(value.clone())));
            let commit = Commit { writes: writes.collect(), ..Commit::default() };
            (number, storage.commit(&scope, commit).await)
        });
    }
    while let Some(task) = tasks.join_next().await {
        let (number, result) = task.unwrap();
        let scope = scope(&format!("user-{number}"));
        let app = storage.app(&scope).await.unwrap();
        if number % 3 == 0 {
            assert!(matches!(result, Err(CommitError::Limit { .. })));
            assert_eq!(app, mprun_storage::AppRow::default());
        } else {
            assert_eq!(result.unwrap().revision, 1);
            assert_eq!((app.revision, app.bytes_stored), (1, 12));
        }
    }
}

#[tokio::test]
async fn a_commit_waits_for_another_process_that_writes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.sqlite");
    let storage = SqliteStorage::open(&path).unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let user = scope("a");
    let waiting = storage.commit(&user, Commit::default());
    let holder = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(300));
        other.execute_batch("ROLLBACK").unwrap();
    });
    // Readers do not wait at all.
    assert_eq!(storage.app(&user).await.unwrap().revision, 0);
    assert_eq!(waiting.await.unwrap().revision, 1);
    holder.join().unwrap();
}
