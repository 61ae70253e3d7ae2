//! Which programs a host has: those that it was given, and those that a
//! [`Catalogue`] lists and that are loaded when somebody first asks for them. A
//! thousand installed programs cost a start nothing but the list; what is
//! installed, removed or no longer trusted while the host runs is seen within a
//! second.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use mprun_core::identity::{Digest, ProgramId};
use mprun_core::manifest::Manifest;
use mprun_core::trust::Admitted;
use tokio::task::JoinHandle;

use crate::host::Host;
use crate::loader::{InstallError, Program};

/// How often a catalogue is asked whether it has changed.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// How often it is said that a catalogue cannot be read.
const SAY_EVERY: Duration = Duration::from_secs(60);

/// How long a program that could not be loaded is left alone. Loading may cost a
/// minute of compiling; whoever asks again and again must not cost it each time.
const LEFT_ALONE: Duration = Duration::from_secs(60);

/// Where programs are installed. Its methods may block: they are called where
/// that does no harm.
pub trait Catalogue: Send + Sync {
    /// A number that is another one whenever something has changed.
    ///
    /// # Errors
    /// Why it cannot be told; then everything stays as it is.
    fn generation(&self) -> Result<u64, String>;

    /// Everything that is installed, one program for each `app_id`.
    ///
    /// # Errors
    /// As [`Catalogue::generation`].
    fn list(&self) -> Result<Vec<Listing>, String>;

    /// Reads a program, and decides anew whether it may be used.
    ///
    /// # Errors
    /// Why it may not.
    fn admit(&self, listing: &Listing) -> Result<Admitted, String>;
}

/// What is known of a program before it is loaded.
#[derive(Debug, Clone)]
pub struct Listing {
    /// Whose program it is.
    pub program: ProgramId,
    /// What it is.
    pub digest: Digest,
    /// What it says of itself.
    pub manifest: Arc<Manifest>,
    /// Which decision led to it; when that changes, it is decided again.
    pub decision: u64,
}

/// Why an installed program cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LoadError {
    /// It may not be used (any more), or its file is damaged.
    #[error("{0}")]
    Refused(String),
    /// It was admitted and cannot be run.
    #[error("{0}")]
    Install(Arc<InstallError>),
}

/// A program, loaded or not.
struct Entry {
    listing: Listing,
    /// From a catalogue, as opposed to given.
    listed: bool,
    loaded: OnceLock<Arc<Program>>,
    loading: Mutex<Option<Loading>>,
}

/// Loading goes on whoever waits for it: a request that gives up after half a
/// minute must not throw away half a minute of compiling.
#[derive(Clone)]
struct Loading {
    began: Instant,
    end: Shared<BoxFuture<'static, Result<Arc<Program>, LoadError>>>,
}

impl Entry {
    fn new(listing: Listing, listed: bool) -> Arc<Entry> {
        Arc::new(Entry { listing, listed, loaded: OnceLock::new(), loading: Mutex::default() })
    }

    fn loading(&self) -> std::sync::MutexGuard<'_, Option<Loading>> {
        // Nothing panics while it is held.
        self.loading.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it is known that it may not be used. Nobody is led to it then.
    fn is_refused(&self) -> bool {
        let loading = self.loading();
        matches!(loading.as_ref().and_then(|loading| loading.end.peek()), Some(Err(LoadError::Refused(_))))
    }
}

/// All programs of a host, by `app_id`.
#[derive(Default)]
pub(crate) struct Programs(RwLock<BTreeMap<String, Arc<Entry>>>);

impl Programs {
    /// A program that was given takes the place of another version, listed or not.
    pub(crate) fn give(&self, program: &Arc<Program>) {
        let listing = Listing {
            program: program.id().clone(),
            digest: *program.digest(),
            manifest: Arc::new(program.manifest().clone()),
            decision: 0,
        };
        let entry = Entry::new(listing, false);
        let _ = entry.loaded.set(Arc::clone(program));
        let mut entries = self.0.write().unwrap_or_else(PoisonError::into_inner);
        entries.insert(program.id().app_id().as_str().to_owned(), entry);
    }

    /// Takes over what a catalogue lists now. What is the same stays loaded.
    fn list(&self, listings: Vec<Listing>) {
        let mut entries = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let mut before = std::mem::take(&mut *entries);
        for listing in listings {
            let app_id = listing.program.app_id().as_str().to_owned();
            let same = before.remove(&app_id).filter(|entry| {
                let there = &entry.listing;
                !entry.listed
                    || (there.program == listing.program
                        && there.digest == listing.digest
                        && there.decision == listing.decision)
            });
            let entry = same.unwrap_or_else(|| Entry::new(listing, true));
            entries.insert(app_id, entry);
        }
        // Not listed and never was: it was given.
        entries.extend(before.into_iter().filter(|(_, entry)| !entry.listed));
    }

    pub(crate) fn listings(&self) -> Vec<Listing> {
        let entries = self.0.read().unwrap_or_else(PoisonError::into_inner);
        entries.values().filter(|entry| !entry.is_refused()).map(|entry| entry.listing.clone()).collect()
    }

    fn entry(&self, app_id: &str) -> Option<Arc<Entry>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(app_id).cloned()
    }
}

impl Host {
    /// What can be used here, by `app_id`; what was never asked for is not loaded.
    pub fn programs(&self) -> Vec<Listing> {
        self.programs.listings()
    }

    /// A program, loaded if need be; `None` where there is none of this `app_id`.
    ///
    /// # Errors
    /// Why it cannot be used. A program that failed is tried again after a minute,
    /// or when its catalogue changes.
    pub async fn program(&self, app_id: &str) -> Result<Option<Arc<Program>>, LoadError> {
        let Some(entry) = self.programs.entry(app_id) else { return Ok(None) };
        if let Some(program) = entry.loaded.get() {
            return Ok(Some(Arc::clone(program)));
        }
        // One loads, the others wait for it.
        let loading = {
            let mut loading = entry.loading();
            let last = loading.take().filter(|last| match last.end.peek() {
                Some(Err(_)) => last.began.elapsed() < LEFT_ALONE,
                Some(Ok(_)) | None => true,
            });
            loading.insert(last.unwrap_or_else(|| self.begin(&entry))).clone()
        };
        loading.end.await.map(Some)
    }

    /// Loads in a task of its own.
    fn begin(&self, entry: &Arc<Entry>) -> Loading {
        let (host, entry) = (self.me.clone(), Arc::clone(entry));
        let task = tokio::spawn(async move {
            let host = host.upgrade().ok_or_else(|| LoadError::Refused("the host has ended".to_owned()))?;
            let program = host
                .load(&entry.listing)
                .await
                .inspect_err(|error| tracing::warn!(program = %entry.listing.program, "cannot be used: {error}"))?;
            let _ = entry.loaded.set(Arc::clone(&program));
            Ok(program)
        });
        let end = task.map(|end| end.unwrap_or_else(|error| Err(LoadError::Refused(error.to_string()))));
        Loading { began: Instant::now(), end: end.boxed().shared() }
    }

    /// A program by all of its name; `None` also where it cannot be used.
    pub(crate) async fn program_of(&self, id: &ProgramId) -> Option<Arc<Program>> {
        let program = self.program(id.app_id().as_str()).await.ok().flatten();
        program.filter(|program| program.id() == id)
    }

    async fn load(&self, listing: &Listing) -> Result<Arc<Program>, LoadError> {
        let Some(catalogue) = self.catalogue.get().cloned() else {
            return Err(LoadError::Refused("it is not installed any more".to_owned()));
        };
        let wanted = listing.clone();
        let admitted = tokio::task::spawn_blocking(move || catalogue.admit(&wanted))
            .await
            .map_err(|error| LoadError::Refused(error.to_string()))?
            .map_err(LoadError::Refused)?;
        if *admitted.program_id() != listing.program || admitted.bundle().digest() != listing.digest {
            return Err(LoadError::Refused("another program was found in its place".to_owned()));
        }
        self.ready(admitted).await.map_err(|error| LoadError::Install(Arc::new(error)))
    }

    /// Offers what `catalogue` lists, now and as it changes, until the answer is
    /// dropped. A host has one catalogue.
    ///
    /// # Errors
    /// The catalogue cannot be read, or there is one already.
    pub async fn follow(self: &Arc<Self>, catalogue: Arc<dyn Catalogue>) -> Result<Watcher, String> {
        let mut seen = self.look(Arc::clone(&catalogue), None).await?;
        if self.catalogue.set(Arc::clone(&catalogue)).is_err() {
            return Err("the host has a catalogue already".to_owned());
        }
        let host = Arc::clone(self);
        let task = tokio::spawn(async move {
            let mut said: Option<Instant> = None;
            loop {
                tokio::time::sleep(ASK_EVERY).await;
                match host.look(Arc::clone(&catalogue), seen).await {
                    Ok(generation) => (seen, said) = (generation, None),
                    // What was decided before still holds: half a line in a file that
                    // is being written must not take a thousand programs away.
                    Err(error) if said.is_none_or(|said| said.elapsed() >= SAY_EVERY) => {
                        tracing::error!("what may be used cannot be told, and stays as it was: {error}");
                        said = Some(Instant::now());
                    }
                    Err(_) => {}
                }
            }
        });
        Ok(Watcher(task))
    }

    /// Looks whether something has changed since `seen`.
    async fn look(&self, catalogue: Arc<dyn Catalogue>, seen: Option<u64>) -> Result<Option<u64>, String> {
        let found = tokio::task::spawn_blocking(move || {
            let generation = catalogue.generation()?;
            let listings = if seen == Some(generation) { None } else { Some(catalogue.list()?) };
            Ok::<_, String>((generation, listings))
        });
        let (generation, listings) = found.await.map_err(|error| error.to_string())??;
        if let Some(listings) = listings {
            tracing::debug!(count = listings.len(), "the list of programs is new");
            self.programs.list(listings);
        }
        Ok(Some(generation))
    }
}

/// Keeps a host up to date with its catalogue; dropped, it stops.
#[derive(Debug)]
#[must_use = "the host stops following the catalogue when this is dropped"]
pub struct Watcher(JoinHandle<()>);

impl Drop for Watcher {
    fn drop(&mut self) {
        self.0.abort();
    }
}
