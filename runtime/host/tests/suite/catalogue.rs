//! Programs that are listed elsewhere: loaded when first asked for, once, whoever
//! waits for it; refused ones left alone; changes seen.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mprun_core::bundle;
use mprun_core::trust::Admitted;
use mprun_host::{Catalogue, Host, HostConfig, Listing, LoadError};
use mprun_storage::sqlite::SqliteStorage;

use crate::support::bundle as admitted;

/// A list in memory that counts.
#[derive(Default)]
struct Shelf {
    generation: AtomicU64,
    admissions: AtomicUsize,
    slow: AtomicU64,
    programs: Mutex<Vec<(&'static str, u32)>>,
    refused: Mutex<Option<&'static str>>,
}

impl Shelf {
    fn put(&self, programs: &[(&'static str, u32)]) {
        *self.programs.lock().unwrap() = programs.to_vec();
        self.generation.fetch_add(1, Ordering::SeqCst);
    }

    fn admissions(&self) -> usize {
        self.admissions.load(Ordering::SeqCst)
    }
}

impl Catalogue for Shelf {
    fn generation(&self) -> Result<u64, String> {
        Ok(self.generation.load(Ordering::SeqCst))
    }

    fn list(&self) -> Result<Vec<Listing>, String> {
        let programs = self.programs.lock().unwrap().clone();
        Ok(programs
            .into_iter()
            .map(|(app_id, version)| {
                let admitted = admitted(app_id, version);
                Listing {
                    program: admitted.program_id().clone(),
                    digest: admitted.bundle().digest(),
                    manifest: Arc::new(admitted.bundle().manifest().clone()),
                    decision: 0,
                }
            })
            .collect())
    }

    fn admit(&self, listing: &Listing) -> Result<Admitted, String> {
        self.admissions.fetch_add(1, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(self.slow.load(Ordering::SeqCst)));
        let app_id = listing.program.app_id().as_str();
        if *self.refused.lock().unwrap() == Some(app_id) {
            return Err("it is revoked".to_owned());
        }
        let version = listing.manifest.version.code;
        let bytes = admitted(app_id, version).bundle().bytes().to_vec();
        Ok(Admitted::development(bundle::verify(bytes).unwrap()))
    }
}

async fn host() -> (Arc<Host>, Arc<Shelf>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let storage = SqliteStorage::open(&folder.path().join("data.db")).unwrap();
    let config = HostConfig { instances_max: 4, ..HostConfig::default() };
    (Host::new(config, Arc::new(storage)).await.unwrap(), Arc::new(Shelf::default()), folder)
}

async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    for _ in 0..200 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it does not become so");
}

#[tokio::test]
async fn a_program_is_loaded_when_it_is_first_asked_for_and_once() {
    let (host, shelf, _folder) = host().await;
    shelf.put(&[("one", 1), ("two", 1)]);
    let _watcher = host.follow(shelf.clone()).await.unwrap();
    assert_eq!((host.programs().len(), shelf.admissions()), (2, 0));
    shelf.slow.store(200, Ordering::SeqCst);
    let (first, second) = tokio::join!(host.program("one"), host.program("one"));
    assert!(Arc::ptr_eq(&first.unwrap().unwrap(), &second.unwrap().unwrap()));
    assert!(host.program("one").await.unwrap().is_some());
    assert_eq!(shelf.admissions(), 1);
    assert!(host.program("three").await.unwrap().is_none());
    assert!(host.follow(shelf).await.is_err(), "a host has one catalogue");
}

#[tokio::test]
async fn loading_goes_on_when_nobody_waits_any_more() {
    let (host, shelf, _folder) = host().await;
    shelf.put(&[("one", 1)]);
    let _watcher = host.follow(shelf.clone()).await.unwrap();
    shelf.slow.store(500, Ordering::SeqCst);
    for _ in 0..3 {
        let given_up = tokio::time::timeout(Duration::from_millis(50), host.program("one")).await;
        assert!(given_up.is_err());
    }
    assert!(host.program("one").await.unwrap().is_some());
    assert_eq!(shelf.admissions(), 1, "those that gave up did not begin anew");
}

#[tokio::test]
async fn what_may_not_be_used_is_left_alone_until_something_changes() {
    let (host, shelf, _folder) = host().await;
    shelf.put(&[("one", 1), ("two", 1)]);
    *shelf.refused.lock().unwrap() = Some("one");
    let _watcher = host.follow(shelf.clone()).await.unwrap();
    for _ in 0..3 {
        let error = host.program("one").await.unwrap_err();
        assert!(matches!(&error, LoadError::Refused(why) if why == "it is revoked"), "{error}");
    }
    assert_eq!(shelf.admissions(), 1);
    // Nobody is led there.
    assert_eq!(host.programs().len(), 1);
    *shelf.refused.lock().unwrap() = None;
    shelf.put(&[("one", 2), ("two", 1)]);
    until(async || host.program("one").await.is_ok()).await;
    assert_eq!(host.program("one").await.unwrap().unwrap().manifest().version.code, 2);
}

#[tokio::test]
async fn what_is_installed_updated_and_removed_is_seen_and_the_rest_stays_loaded() {
    let (host, shelf, _folder) = host().await;
    shelf.put(&[("one", 1), ("two", 1)]);
    let _watcher = host.follow(shelf.clone()).await.unwrap();
    let (one, two) = (host.program("one").await.unwrap().unwrap(), host.program("two").await.unwrap().unwrap());
    shelf.put(&[("one", 2), ("two", 1), ("three", 1)]);
    until(async || host.programs().len() == 3).await;
    let now = host.program("one").await.unwrap().unwrap();
    assert_ne!(now.digest(), one.digest());
    assert!(Arc::ptr_eq(&host.program("two").await.unwrap().unwrap(), &two));
    shelf.put(&[("two", 1)]);
    until(async || host.program("one").await.unwrap().is_none()).await;
    // What was given, and not listed, is not the catalogue's to take away.
    host.install(admitted("given", 1)).await.unwrap();
    shelf.put(&[]);
    until(async || host.program("two").await.unwrap().is_none()).await;
    assert_eq!(host.programs().len(), 1);
}
