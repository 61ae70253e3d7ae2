//! `make bench`: what it costs, each number beside others of the same run (no
//! sandbox, workerd, React, wasmtime's own server); writes README.md, docs/speed.md
//! and docs/bench.svg.
//!
//! In the process: instantiate, instantiate and view, frame to HTML. From outside,
//! with wrk: a whole GET of a page whose `load` reads storage, through the ordinary
//! `mprun serve`, beside `axum` and `maud` on the same SQLite row, with 1, 100 and
//! 1,000 distinct programs. The way there: starts of processes, verifying,
//! compiling, a host with 1,000 installed programs. And side by side with other
//! ways to serve pages: three pages, events, patches, idle pages. Rounds are
//! interleaved and the median is printed, because machines drift.

mod client;
mod events;
mod idle;
mod load;
mod machine;
mod markup;
mod native;
mod pages;
mod peers;
mod plot;
mod programs;
mod report;
mod sandbox;
mod start;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::idle::Amount;
use crate::load::Run;
use crate::pages::{Field, PAGES};
use crate::peers::Peers;
use crate::programs::{Serving, serve_arguments};

// The same as in mprun: what is compared is the sandbox.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: usize = 3;
const SECONDS: u32 = 4;

/// Idle pages: as many users, and users who keep as many as the host keeps for one.
const IDLE: [Amount; 2] = [Amount { pages: 100_000, per_user: 1 }, Amount { pages: 100_000, per_user: 250 }];
const IDLE_QUICK: [Amount; 2] = [Amount { pages: 4_000, per_user: 1 }, Amount { pages: 4_000, per_user: 250 }];

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["native", database] => native::serve(PathBuf::from(database)).await,
        [] => bench().await,
        ["quick"] => table(&[1], 1, 2).await,
        ["start"] => starts(1_000).await,
        ["pages"] => side_by_side(),
        ["pages", "quick"] => {
            let built = Built::new()?;
            compare(&built, 1, 2)?;
            events(&built, 2)?;
            patch(&built)?;
            idle(&built, &IDLE_QUICK).map(drop)
        }
        ["compare"] => compare(&Built::new()?, ROUNDS, SECONDS).map(drop),
        ["events"] => events(&Built::new()?, SECONDS).map(drop),
        ["patch"] => patch(&Built::new()?).map(drop),
        ["idle"] => idle(&Built::new()?, &IDLE).map(drop),
        _ => anyhow::bail!("usage: mprun-bench [quick|start|pages|pages quick|compare|events|patch|idle]"),
    }
}

async fn bench() -> Result<()> {
    table(&[1, 100, 1_000], ROUNDS, SECONDS).await?;
    starts(1_000).await?;
    side_by_side()
}

/// What was built before: the folder of this program, and the guest.
struct Built {
    folder: PathBuf,
    guest: PathBuf,
}

impl Built {
    fn new() -> Result<Self> {
        let exe = std::env::current_exe()?;
        let folder = exe.parent().context("the bench lies in target/release")?.to_owned();
        let guest = programs::build(&folder)?;
        Ok(Self { folder, guest })
    }

    /// A folder for data, on the disk and not in memory as others may be.
    fn data(&self) -> Result<tempfile::TempDir> {
        Ok(tempfile::tempdir_in(&self.folder)?)
    }

    /// `mprun serve` as it comes, one program, its data in `folder`.
    fn serve(&self, folder: &Path) -> Result<Serving> {
        let bundles = programs::distinct(&self.guest, folder, 1)?;
        Serving::start(self.folder.join("mprun"), &serve_arguments(&bundles, folder, &[]))
    }
}

/// The three pages from everybody, events, patches, idle pages; written into docs/.
fn side_by_side() -> Result<()> {
    let built = Built::new()?;
    let tables = compare(&built, ROUNDS, SECONDS)?;
    let live = [events(&built, SECONDS)?, patch(&built)?, idle(&built, &IDLE)?];
    let pages: Vec<_> = tables.iter().map(report::table).collect();
    let machine = machine::paragraph(&Peers::new(&built.folder))?;
    let section = format!(
        "`make bench` on {machine} {ROUNDS} rounds of {SECONDS} s, interleaved, medians; `wrk -t1 -c32`.\n\n\
         ![Requests a second, by page and server](bench.svg)\n\n{}\n{}",
        pages.join("\n"),
        live.join("\n")
    );
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    report::write(&root.join("docs/speed.md"), section.trim_end())?;
    report::write(&root.join("README.md"), report::summary(&tables).trim_end())?;
    std::fs::write(root.join("docs/bench.svg"), plot::svg(&tables))?;
    say("\nWritten to README.md, docs/speed.md and docs/bench.svg.");
    Ok(())
}

fn compare(built: &Built, rounds: usize, seconds: u32) -> Result<Vec<pages::Table>> {
    say(&format!("\nThe same pages side by side; {}\n", machine::paragraph(&Peers::new(&built.folder))?));
    let folder = built.data()?;
    let field = Field::start(&built.folder, folder.path(), &built.guest, &Peers::new(&built.folder))?;
    let measure = |page| {
        let table = field.measure(folder.path(), page, rounds, seconds)?;
        say(&report::table(&table));
        Ok(table)
    };
    PAGES.into_iter().map(measure).collect()
}

fn events(built: &Built, seconds: u32) -> Result<String> {
    let folder = built.data()?;
    let server = built.serve(folder.path())?;
    let mut runs = Vec::new();
    for pressed in &events::PRESSED {
        runs.push((pressed.what, events::run(&server, pressed, seconds)?));
    }
    let text = report::events(&runs, events::synced_writes(folder.path())?);
    say(&text);
    Ok(text)
}

fn patch(built: &Built) -> Result<String> {
    let folder = built.data()?;
    let text = report::patch(&events::patch(&built.serve(folder.path())?)?);
    say(&text);
    Ok(text)
}

fn idle(built: &Built, amounts: &[Amount]) -> Result<String> {
    let measure = |amount: &Amount| {
        let folder = built.data()?;
        idle::run(&built.folder, &built.guest, folder.path(), *amount)
    };
    let text = report::idle(&amounts.iter().map(measure).collect::<Result<Vec<_>>>()?);
    say(&text);
    Ok(text)
}

/// From a file to a page.
async fn starts(count: usize) -> Result<()> {
    let Built { folder: built, guest } = Built::new()?;
    say("\nFrom a file to a page: the program above; medians, and the ratio to the first row of each group\n");
    let mut rows = start::processes(&built, &guest, &Peers::new(&built).wasmtime())?;
    rows.extend(start::loading(&guest).await?);
    for (what, time, ratio) in rows {
        let ratio = ratio.map(|ratio| format!("{ratio:>7.2}")).unwrap_or_default();
        say(&format!("{what:<52} {:>10}{ratio}", millis(time)));
    }
    let many = start::many(&built, &guest, count, 50)?;
    say(&format!("\nOne host, {} installed programs:\n", many.programs));
    for (what, value) in [
        ("start of the process to its address".to_owned(), millis(many.start)),
        ("memory then".to_owned(), format!("{:.1} MiB", many.memory_start_mib)),
        ("first request ever to a program (it is compiled)".to_owned(), millis(many.new)),
        ("first request to a cold one (native code kept)".to_owned(), millis(many.cold)),
        ("the same again".to_owned(), millis(many.warm)),
        (format!("memory with {} of them loaded", many.loaded), format!("{:.1} MiB", many.memory_loaded_mib)),
    ] {
        say(&format!("{what:<52} {value:>10}"));
    }
    Ok(())
}

async fn table(counts: &[usize], rounds: usize, seconds: u32) -> Result<()> {
    let Built { folder: built, guest } = Built::new()?;
    let folder = tempfile::tempdir()?;

    say(&format!("{}, {} cores\n", machine::cpu(), std::thread::available_parallelism()?));
    say("In one process, one thread: a page of 205 elements (40 cards), fuel and epochs on, slots used before\n");
    say(&format!("{:<52} {:>10}", "", "median"));
    for (what, time) in sandbox::times(&guest, counts).await? {
        say(&format!("{what:<52} {:>10}", micros(time)));
    }

    say("\nGET of that page: cookie, load reads 3 kB from SQLite, security headers; wrk -t1 -c32 on the same cores.");
    say("anew: `--view-cache-mib 0`, two fresh instances for each request; usual: `load` on a fresh instance, and the");
    say("view from the cache, which always has it here. Requests a second, p50 and p99 in ms, share of native.\n");
    say(&format!("{:<9} {:>24}   {:>32}   {:>32}", "programs", "native", "mprun, anew", "mprun, usual"));
    for &count in counts {
        let [native, anew, usual] = get(&built, folder.path(), &guest, count, rounds, seconds)?;
        say(&format!(
            "{count:<9} {}   {} {:>7.2}   {} {:>7.2}",
            cells(native),
            cells(anew),
            anew.per_second / native.per_second,
            cells(usual),
            usual.per_second / native.per_second
        ));
    }
    Ok(())
}

fn cells(run: Run) -> String {
    format!("{:>9.0} {:>6.2} {:>7.2}", run.per_second, run.p50_ms, run.p99_ms)
}

/// Native, every view anew, and as usual: interleaved, medians.
fn get(built: &Path, folder: &Path, guest: &Path, count: usize, rounds: usize, seconds: u32) -> Result<[Run; 3]> {
    let folder = folder.join(count.to_string());
    std::fs::create_dir(&folder)?;
    let bundles = programs::distinct(guest, &folder, count)?;
    let usual = Serving::start(built.join("mprun"), &serve_arguments(&bundles, &folder, &[]))?;
    let cookie = usual.seed(count, &["cards"])?;
    // On the same rows: pages that are only looked at store nothing.
    let anew = serve_arguments(&bundles, &folder, &["--view-cache-mib", "0"]);
    let anew = Serving::start(built.join("mprun"), &anew)?;
    let paths: Vec<String> = (1..=count).map(|number| programs::path(number, "cards")).collect();
    let database = programs::database(&folder)?;
    let native =
        Serving::start(std::env::current_exe()?, &["native".to_owned(), database.to_string_lossy().into_owned()])?;

    let servers = [&native, &anew, &usual];
    let mut runs = [const { Vec::new() }; 3];
    for server in servers {
        // Not counted: caches fill, and every slot of the pool has been used.
        load::run(&folder, server.address(), &cookie, &paths, 2)?;
    }
    for _ in 0..rounds {
        for (server, runs) in servers.iter().zip(&mut runs) {
            runs.push(load::run(&folder, server.address(), &cookie, &paths, seconds)?);
        }
    }
    let [native, anew, usual] = runs.map(load::median);
    Ok([native.context("no run")?, anew.context("no run")?, usual.context("no run")?])
}

fn micros(time: Duration) -> String {
    format!("{:.1} µs", time.as_secs_f64() * 1e6)
}

fn millis(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

/// A line on stdout, at once.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // Nobody reads any more: there is nobody to tell.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
