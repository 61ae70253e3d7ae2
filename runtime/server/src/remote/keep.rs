//! Keeps pictures of other servers for a while, and failures for a short one, so
//! that everybody who looks is one look; and decides how much is fetched at the same
//! time. What a program asks for can neither fill the memory nor keep the pictures
//! of others waiting without end.
//!
//! Fetching is nobody's request: it goes on when the browser that began it is gone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use url::Url;

use super::fetch::{FetchError, Fetcher, Picture};

/// Bytes of pictures that are kept.
const KEPT_BYTES_MAX: u64 = 64 << 20;
/// How many that may be. With so few, the memory is in so few parts that the largest
/// picture has room in each.
const KEPT_USUAL: usize = 128;
/// What a kept picture, or a failure, costs beside its bytes.
const ENTRY_BYTES: u64 = 512;

/// Pictures that are fetched at the same time.
const AT_ONCE_MAX: usize = 16;
/// Those of one program. More wait for their turn: a browser does not ask twice for
/// a picture.
const AT_ONCE_OF_PROGRAM_MAX: usize = 4;
/// Pictures that are fetched or wait for it.
const PENDING_MAX: usize = 512;
/// Those of one program.
const PENDING_OF_PROGRAM_MAX: usize = 64;

/// Bytes of an address that go into a log.
const LOG_BYTES_MAX: usize = 200;

/// How long what may take.
#[derive(Debug, Clone, Copy)]
struct Times {
    /// Waiting for one's turn.
    turn: Duration,
    /// A picture is kept.
    picture: Duration,
    /// A failure is kept.
    failure: Duration,
}

impl Times {
    const USUAL: Times = Times {
        turn: Duration::from_secs(10),
        picture: Duration::from_secs(60 * 60),
        failure: Duration::from_secs(30),
    };
}

pub(super) type Outcome = Result<Picture, FetchError>;

/// A hash of an address.
type Key = [u8; 32];

/// What came of an address, and how long that holds.
struct Kept {
    outcome: Outcome,
    until: Instant,
}

#[derive(Clone)]
struct Bytes;

impl Weighter<Key, Arc<Kept>> for Bytes {
    fn weight(&self, _key: &Key, kept: &Arc<Kept>) -> u64 {
        ENTRY_BYTES + kept.outcome.as_ref().map_or(0, |picture| picture.bytes.len() as u64)
    }
}

/// Something that is being fetched; whoever wants it waits for the same.
type Flight = Shared<BoxFuture<'static, Outcome>>;

#[derive(Default)]
struct Pending {
    flights: HashMap<Key, Flight>,
    /// By `app_id`.
    programs: HashMap<String, OfProgram>,
}

struct OfProgram {
    turns: Arc<Semaphore>,
    pending: usize,
}

/// The pictures of all programs.
pub(super) struct Store {
    kept: Cache<Key, Arc<Kept>, Bytes>,
    pending: Mutex<Pending>,
    turns: Semaphore,
    times: Times,
    /// Made for the first picture: it reads the certificates of the system.
    fetcher: OnceLock<Option<Fetcher>>,
}

impl Store {
    pub(super) fn new() -> Arc<Store> {
        Store::with(OnceLock::new(), Times::USUAL)
    }

    fn with(fetcher: OnceLock<Option<Fetcher>>, times: Times) -> Arc<Store> {
        let kept = Cache::with_weighter(KEPT_USUAL, KEPT_BYTES_MAX, Bytes);
        let (pending, turns) = (Mutex::default(), Semaphore::new(AT_ONCE_MAX));
        Arc::new(Store { kept, pending, turns, times, fetcher })
    }

    /// The picture at this address, for a program that may show it.
    pub(super) async fn get(self: &Arc<Self>, app_id: &str, url: &Url) -> Outcome {
        match self.begin(app_id, url) {
            Ok(flight) => flight.await,
            Err(known) => known,
        }
    }

    /// Begins to fetch, or joins who has begun.
    ///
    /// # Errors
    /// What is known without that.
    fn begin(self: &Arc<Self>, app_id: &str, url: &Url) -> Result<Flight, Outcome> {
        let key = *blake3::hash(url.as_str().as_bytes()).as_bytes();
        if let Some(known) = self.kept(&key) {
            return Err(known);
        }
        let mut pending = self.pending();
        if let Some(flight) = pending.flights.get(&key) {
            return Ok(flight.clone());
        }
        // It may have come just now.
        if let Some(known) = self.kept(&key) {
            return Err(known);
        }
        if pending.flights.len() >= PENDING_MAX {
            return Err(Err(FetchError::Busy));
        }
        let of_program = pending
            .programs
            .entry(app_id.to_owned())
            .or_insert_with(|| OfProgram { turns: Arc::new(Semaphore::new(AT_ONCE_OF_PROGRAM_MAX)), pending: 0 });
        if of_program.pending >= PENDING_OF_PROGRAM_MAX {
            return Err(Err(FetchError::Busy));
        }
        of_program.pending += 1;
        let (turns, url) = (Arc::clone(&of_program.turns), url.clone());
        let landing = Landing { store: Arc::clone(self), key, app_id: app_id.to_owned() };
        let task = tokio::spawn(async move {
            let outcome = landing.store.fetch(&turns, &url).await;
            landing.store.keep(key, &outcome);
            // Who asks from now on finds it there.
            drop(landing);
            outcome
        });
        let flight = task.map(|end| end.unwrap_or(Err(FetchError::Broken))).boxed().shared();
        pending.flights.insert(key, flight.clone());
        Ok(flight)
    }

    async fn fetch(&self, of_program: &Semaphore, url: &Url) -> Outcome {
        let turns =
            async { Ok::<_, tokio::sync::AcquireError>((of_program.acquire().await?, self.turns.acquire().await?)) };
        let Ok(Ok(_turns)) = timeout(self.times.turn, turns).await else { return Err(FetchError::Busy) };
        let outcome = match self.fetcher() {
            Some(fetcher) => fetcher.fetch(url).await,
            None => Err(FetchError::Unreachable),
        };
        if let Err(error) = &outcome {
            // Never with the query: it is the program's, and may be about the user.
            let (host, path) = (url.host_str(), url.path());
            let path = path.get(..LOG_BYTES_MAX).unwrap_or(path);
            tracing::debug!(host, path, "no picture: {error}");
        }
        outcome
    }

    fn fetcher(&self) -> Option<&Fetcher> {
        let made = self.fetcher.get_or_init(|| {
            let made = Fetcher::new();
            made.inspect_err(|error| tracing::warn!("pictures of other servers cannot be fetched: {error}")).ok()
        });
        made.as_ref()
    }

    fn kept(&self, key: &Key) -> Option<Outcome> {
        let kept = self.kept.get(key).filter(|kept| Instant::now() < kept.until)?;
        Some(kept.outcome.clone())
    }

    fn keep(&self, key: Key, outcome: &Outcome) {
        let time = match outcome {
            Ok(_) => self.times.picture,
            // It says nothing of the picture.
            Err(FetchError::Busy) => return,
            Err(_) => self.times.failure,
        };
        self.kept.insert(key, Arc::new(Kept { outcome: outcome.clone(), until: Instant::now() + time }));
    }

    fn pending(&self) -> MutexGuard<'_, Pending> {
        // Nothing panics while it is held.
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Something that is being fetched, until it is not any more, however it ends.
struct Landing {
    store: Arc<Store>,
    key: Key,
    app_id: String,
}

impl Drop for Landing {
    fn drop(&mut self) {
        let mut pending = self.store.pending();
        pending.flights.remove(&self.key);
        if let Some(of_program) = pending.programs.get_mut(&self.app_id) {
            of_program.pending -= 1;
            if of_program.pending == 0 {
                pending.programs.remove(&self.app_id);
            }
        }
    }
}

#[cfg(test)]
mod tests;
