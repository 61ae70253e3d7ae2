//! A storage that takes its time: programs that wait for it end by their
//! deadline, because epochs interrupt programs and not a host that waits.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mprun_core::budget::Budget;
use mprun_core::identity::{AppId, PageId, ProgramId, UserId};
use mprun_host::{Host, HostConfig, Limit, Open};
use mprun_storage::sqlite::SqliteStorage;
use mprun_storage::{
    Answer, AppRow, Ask, AskFilter, AskId, BindError, Commit, CommitError, Committed, EventId, PageRow, PageSummary,
    ReadError, Scope, Snapshot, Storage, StorageError,
};

use crate::support::{Stage, bundle, shown};

/// Values come after a minute; everything else as usual.
struct Slow(SqliteStorage);

impl Storage for Slow {
    fn app<'a>(&'a self, scope: &'a Scope) -> Answer<'a, Result<AppRow, StorageError>> {
        self.0.app(scope)
    }
    fn snapshot<'a>(&'a self, scope: &'a Scope, page: PageId) -> Answer<'a, Result<Snapshot, StorageError>> {
        self.0.snapshot(scope, page)
    }
    fn page<'a>(&'a self, scope: &'a Scope, page: PageId) -> Answer<'a, Result<Option<PageRow>, StorageError>> {
        self.0.page(scope, page)
    }
    fn pages<'a>(&'a self, scope: &'a Scope) -> Answer<'a, Result<Vec<PageSummary>, StorageError>> {
        self.0.pages(scope)
    }
    fn stack<'a>(&'a self, scope: &'a Scope, page: PageId) -> Answer<'a, Result<Vec<PageSummary>, StorageError>> {
        self.0.stack(scope, page)
    }
    fn get<'a>(
        &'a self,
        scope: &'a Scope,
        revision: u64,
        key: &'a str,
    ) -> Answer<'a, Result<Option<Vec<u8>>, ReadError>> {
        Box::pin(async move {
            tokio::time::sleep(Duration::from_secs(60)).await;
            self.0.get(scope, revision, key).await
        })
    }
    fn keys<'a>(
        &'a self,
        scope: &'a Scope,
        revision: u64,
        prefix: &'a str,
        after: Option<&'a str>,
        limit: u32,
    ) -> Answer<'a, Result<Vec<String>, ReadError>> {
        self.0.keys(scope, revision, prefix, after, limit)
    }
    fn event<'a>(&'a self, scope: &'a Scope, event: EventId) -> Answer<'a, Result<Option<Vec<u8>>, StorageError>> {
        self.0.event(scope, event)
    }
    fn ask<'a>(&'a self, scope: &'a Scope, ask: AskId) -> Answer<'a, Result<Option<Ask>, StorageError>> {
        self.0.ask(scope, ask)
    }
    fn asks<'a>(&'a self, scope: &'a Scope, filter: AskFilter) -> Answer<'a, Result<Vec<Ask>, StorageError>> {
        self.0.asks(scope, filter)
    }
    fn due(&self, now_ms: u64, limit: u32) -> Answer<'_, Result<Vec<(Scope, Ask)>, StorageError>> {
        self.0.due(now_ms, limit)
    }
    fn next_due(&self) -> Answer<'_, Result<Option<u64>, StorageError>> {
        self.0.next_due()
    }
    fn commit<'a>(&'a self, scope: &'a Scope, commit: Commit) -> Answer<'a, Result<Committed, CommitError>> {
        self.0.commit(scope, commit)
    }
    fn secret<'a>(&'a self, name: &'a str) -> Answer<'a, Result<[u8; 32], StorageError>> {
        self.0.secret(name)
    }
    fn knows<'a>(&'a self, user: &'a UserId) -> Answer<'a, Result<bool, StorageError>> {
        self.0.knows(user)
    }

    fn prune(&self, before_ms: u64) -> Answer<'_, Result<u64, StorageError>> {
        self.0.prune(before_ms)
    }
    fn bind<'a>(&'a self, program: &'a ProgramId) -> Answer<'a, Result<(), BindError>> {
        self.0.bind(program)
    }
    fn release<'a>(&'a self, app_id: &'a AppId) -> Answer<'a, Result<bool, StorageError>> {
        self.0.release(app_id)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_for_the_storage_ends_by_the_deadline() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let storage = Slow(SqliteStorage::open(&folder.path().join("data.db")).unwrap());
    let budget = Budget { deadline: Duration::from_millis(200), ..Budget::default() };
    let host = Host::new(HostConfig { budget, ..HostConfig::default() }, Arc::new(storage)).await.unwrap();
    let program = host.install(bundle("guest", 1)).await.unwrap();
    let stage = Stage { host, program, user: "u".parse().unwrap(), folder };

    let first = stage.open("first").await;
    let begun = Instant::now();
    assert_eq!(stage.fail(&first, "G").await.limit(), Some(Limit::Deadline));
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    let again = stage.try_open(Open::default()).await.unwrap();
    assert_eq!(shown(&stage.press(&again, "I").await), "1");
}
