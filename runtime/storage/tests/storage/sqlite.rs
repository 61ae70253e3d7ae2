//! The conformance suite on SQLite, and what only a file can do.

use std::sync::Arc;

use mprun_storage::{
    Commit, CommitError, EventId, EventRow, Scope, Storage, conformance,
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
