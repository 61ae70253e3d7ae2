//! What an event costs: a press through POST, committed to the disk, answered with
//! what changes on the page. 32 users at once, each on a page of their own, each
//! with one press in flight; at the end each page must say how often it was
//! pressed.

use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};

use crate::client::{Client, Page};
use crate::load::Run;
use crate::programs::{self, Serving};

/// Users who press at the same time: as many as wrk has connections.
const USERS: usize = 32;

/// Time before anything is counted.
const WARM_UP: Duration = Duration::from_secs(2);

/// Writes that [`synced_writes`] makes.
const WRITES: u32 = 200;

/// What is pressed.
pub(crate) struct Pressed {
    pub(crate) what: &'static str,
    route: &'static str,
    button: &'static str,
    /// What stands in the document before the number of presses.
    before: &'static str,
    /// Whether the page reads something from storage.
    reads: bool,
}

/// A page that is next to nothing, and one with a state of some 3 kB whose view has
/// 205 elements.
pub(crate) const PRESSED: [Pressed; 2] = [
    Pressed { what: "a counter", route: "counter", button: "One more", before: ">", reads: false },
    Pressed { what: "40 product cards", route: "cards", button: "Add", before: "In the cart: ", reads: true },
];

/// Presses for `seconds`.
pub(crate) fn run(server: &Serving, pressed: &Pressed, seconds: u32) -> Result<Run> {
    let begin = Instant::now() + WARM_UP;
    let end = begin + Duration::from_secs(seconds.into());
    let mut times = std::thread::scope(|scope| {
        let users: Vec<_> = (0..USERS).map(|_| scope.spawn(|| user(server.address(), pressed, begin, end))).collect();
        let mut times = Vec::new();
        for user in users {
            times.extend(user.join().map_err(|_| anyhow!("a user panicked"))??);
        }
        Ok::<_, anyhow::Error>(times)
    })?;
    ensure!(!times.is_empty(), "no event was answered in time");
    times.sort_unstable();
    let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or_default().as_secs_f64() * 1e3;
    Ok(Run { per_second: times.len() as f64 / f64::from(seconds), p50_ms: at(50), p99_ms: at(99) })
}

/// One user; how long the answers took that were asked for between `begin` and
/// `end`.
fn user(address: &str, pressed: &Pressed, begin: Instant, end: Instant) -> Result<Vec<Duration>> {
    let mut client = Client::connect(address)?;
    let path = programs::path(1, pressed.route);
    if pressed.reads {
        programs::fill(&mut client, &path)?;
    }
    let mut page = Page::open(&mut client, &path)?;
    let token = page.token(pressed.button)?;
    let mut times = Vec::new();
    let mut presses = 0_u64;
    loop {
        let start = Instant::now();
        if start >= end {
            break;
        }
        page.press(&mut client, &token)?;
        presses += 1;
        if start >= begin {
            times.push(start.elapsed());
        }
    }
    let says = format!("{}{presses}<", pressed.before);
    ensure!(page.again(&mut client)?.contains(&says), "{presses} presses on {path} are not what was kept");
    Ok(times)
}

/// How often this disk takes 4 KiB for good within a second, one after the other:
/// what a commit that shares its wait with no other could reach at most.
pub(crate) fn synced_writes(folder: &Path) -> Result<f64> {
    let mut file = std::fs::File::create(folder.join("synced"))?;
    let start = Instant::now();
    for _ in 0..WRITES {
        file.write_all(&[1; 4096])?;
        file.sync_data()?;
    }
    Ok(f64::from(WRITES) / start.elapsed().as_secs_f64())
}

/// Sizes of answers to a changed price in 1,000 rows, in bytes of the body.
pub(crate) struct Patch {
    /// The page as a document.
    pub(crate) page: usize,
    /// The first answer, which also tells that the page is stored from now on.
    pub(crate) first: usize,
    /// Every other.
    pub(crate) then: usize,
    /// That answer.
    pub(crate) text: String,
}

/// Changes one price in 1,000 rows, twice.
pub(crate) fn patch(server: &Serving) -> Result<Patch> {
    let mut client = Client::connect(server.address())?;
    let path = programs::path(1, "table");
    programs::fill(&mut client, &path)?;
    let mut page = Page::open(&mut client, &path)?;
    let token = page.token("Raise a price")?;
    let first = page.press(&mut client, &token)?;
    let then = page.press(&mut client, &token)?;
    let text = then.answer.to_string();
    // 199 and 500 times 17, and twice a cent.
    ensure!(text.contains("87.01"), "expected the new price in the patch, got {text}");
    Ok(Patch { page: page.html().len(), first: first.bytes, then: then.bytes, text })
}
