//! Prints how many commits and reads a second SQLite does here: `FULL` waits for
//! the disk, `NORMAL` does not.

use std::{
    io::Write,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use mprun_core::identity::{Digest, PageId};
use mprun_storage::{
    Commit, EventId, EventRow, PageRow, Scope, Storage,
    sqlite::{Durability, SqliteStorage},
};

type Error = Box<dyn std::error::Error + Send + Sync>;

const SPAN: Duration = Duration::from_secs(3);

fn scope(user: u64) -> Result<Scope, Error> {
    Ok(Scope { program: "dev/coffee".parse()?, user: format!("user-{user}").parse()? })
}

fn page_id() -> PageId {
    PageId::from_bytes([1; 16])
}

/// An ordinary event: both states of 500 bytes, one key, the event's id.
fn commit(user: u64, base_revision: u64) -> Commit {
    let mut event = [0; 32];
    event[..8].copy_from_slice(&base_revision.to_le_bytes());
    event[8..16].copy_from_slice(&user.to_le_bytes());
    let event = *Digest::of(&event).as_bytes();
    Commit {
        base_revision,
        app_state: Some((vec![1; 500], Digest::of(b"bundle"))),
        pages: vec![PageRow {
            id: page_id(),
            parent: None,
            route: "menu".to_owned(),
            parameters: vec![("id".to_owned(), "7".to_owned())],
            state: vec![2; 500],
            digest: Digest::of(b"bundle"),
            drafts: Vec::new(),
            reply: None,
            opened_at_ms: 1,
            touched_at_ms: base_revision,
            closed: false,
        }],
        writes: vec![("order".to_owned(), Some(vec![3; 200]))],
        event: Some(EventRow { id: EventId(event), outcome: vec![4; 40], at_ms: base_revision }),
        ..Commit::default()
    }
}

async fn commits(storage: &Arc<dyn Storage>, users: u64) -> Result<f64, Error> {
    let began = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for user in 0..users {
        let storage = storage.clone();
        tasks.spawn(async move {
            let scope = scope(user)?;
            let mut revision = storage.app(&scope).await?.revision;
            let mut done = 0_u64;
            while began.elapsed() < SPAN {
                revision = storage.commit(&scope, commit(user, revision)).await?.revision;
                done += 1;
            }
            Ok::<_, Error>(done)
        });
    }
    let mut done = 0;
    while let Some(task) = tasks.join_next().await {
        done += task??;
    }
    Ok(done as f64 / began.elapsed().as_secs_f64())
}

async fn reads(storage: &Arc<dyn Storage>, tasks: u64, key: bool) -> Result<f64, Error> {
    let began = Instant::now();
    let mut set = tokio::task::JoinSet::new();
    for user in 0..tasks {
        let storage = storage.clone();
        set.spawn(async move {
            let scope = scope(user)?;
            let revision = storage.app(&scope).await?.revision;
            let mut done = 0_u64;
            while began.elapsed() < SPAN {
                if key {
                    storage.get(&scope, revision, "order").await?;
                } else {
                    storage.snapshot(&scope, page_id()).await?;
                }
                done += 1;
                if done.is_multiple_of(64) {
                    tokio::task::yield_now().await;
                }
            }
            Ok::<_, Error>(done)
        });
    }
    let mut done = 0;
    while let Some(task) = set.join_next().await {
        done += task??;
    }
    Ok(done as f64 / began.elapsed().as_secs_f64())
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Error> {
    let mut out = std::io::stdout();
    let folder = tempfile::tempdir()?;
    for (name, durability) in [("FULL", Durability::Full), ("NORMAL", Durability::Normal)] {
        let path = folder.path().join(name);
        let storage = SqliteStorage::open_with(Path::new(&path), durability)?;
        let storage: Arc<dyn Storage> = Arc::new(storage);
        for users in [1, 8, 64] {
            let rate = commits(&storage, users).await?;
            writeln!(out, "{name:7} {users:3} users: {rate:8.0} commits/s")?;
        }
        for tasks in [1, 2] {
            let snapshots = reads(&storage, tasks, false).await?;
            let keys = reads(&storage, tasks, true).await?;
            writeln!(out, "{name:7} {tasks:3} users: {snapshots:8.0} snapshots/s {keys:8.0} keys/s")?;
        }
    }
    Ok(())
}
