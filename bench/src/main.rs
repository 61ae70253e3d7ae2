//! `make bench`: what the sandbox costs, each number beside the same page without
//! one, taken in the same run.
//!
//! In the process: instantiate, instantiate and view, frame to HTML. From outside,
//! with wrk: a whole GET of a page whose `load` reads storage, through the ordinary
//! `mprun serve`, beside `axum` and `maud` on the same SQLite row, with 1, 100 and
//! 1,000 distinct programs. And the way there: starts of processes, verifying,
//! compiling, a host with 1,000 installed programs. Rounds are interleaved and the
//! median is printed, because machines drift.

mod load;
mod native;
mod programs;
mod sandbox;
mod start;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::load::Run;
use crate::programs::Serving;

// The same as in mprun: what is compared is the sandbox.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: usize = 3;
const SECONDS: u32 = 4;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["native", database] => native::serve(PathBuf::from(database)).await,
        [] => bench().await,
        ["quick"] => table(&[1], 1, 2).await,
        ["start"] => starts(1_000).await,
        _ => anyhow::bail!("usage: mprun-bench [quick|start]"),
    }
}

async fn bench() -> Result<()> {
    table(&[1, 100, 1_000], ROUNDS, SECONDS).await?;
    starts(1_000).await
}

/// From a file to a page.
async fn starts(count: usize) -> Result<()> {
    let exe = std::env::current_exe()?;
    let built = exe.parent().context("the bench lies in target/release")?;
    let guest = programs::build(built)?;
    say("\nFrom a file to a page: the program above; medians, and the ratio to the first row of each group\n");
    // Installed by scripts/bench-peers.sh, or on the path.
    let own = built.with_file_name("peers").join("bin/wasmtime");
    let wasmtime = if own.exists() { own } else { PathBuf::from("wasmtime") };
    let mut rows = start::processes(built, &guest, &wasmtime)?;
    rows.extend(start::loading(&guest).await?);
    for (what, time, ratio) in rows {
        let ratio = ratio.map(|ratio| format!("{ratio:>7.2}")).unwrap_or_default();
        say(&format!("{what:<52} {:>10}{ratio}", millis(time)));
    }
    let many = start::many(built, &guest, count, 50)?;
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
    let exe = std::env::current_exe()?;
    let built = exe.parent().context("the bench lies in target/release")?;
    let folder = tempfile::tempdir()?;
    let guest = programs::build(built)?;

    say(&format!("{}, {} cores\n", cpu(), std::thread::available_parallelism()?));
    say("In one process, one thread: a page of 204 elements (40 cards), fuel and epochs on, slots used before\n");
    say(&format!("{:<52} {:>10}", "", "median"));
    for (what, time) in sandbox::times(&guest, counts).await? {
        say(&format!("{what:<52} {:>10}", micros(time)));
    }

    say("\nGET of that page: cookie, load reads 3 kB from SQLite, security headers; wrk -t1 -c32 on the same cores.");
    say("anew: `--view-cache-mib 0`, two fresh instances for each request; usual: `load` on a fresh instance, and the");
    say("view from the cache, which always has it here. Requests a second, p50 and p99 in ms, share of native.\n");
    say(&format!("{:<9} {:>24}   {:>32}   {:>32}", "programs", "native", "mprun, anew", "mprun, usual"));
    for &count in counts {
        let [native, anew, usual] = get(built, folder.path(), &guest, count, rounds, seconds)?;
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
    let cookie = usual.seed(count)?;
    // On the same rows: pages that are only looked at store nothing.
    let anew = serve_arguments(&bundles, &folder, &["--view-cache-mib", "0"]);
    let anew = Serving::start(built.join("mprun"), &anew)?;
    let paths: Vec<String> = (1..=count).map(programs::path).collect();
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

fn serve_arguments(bundles: &[PathBuf], folder: &Path, more: &[&str]) -> Vec<String> {
    let mut arguments = vec!["serve".to_owned(), "--dev".to_owned()];
    arguments.extend(bundles.iter().map(|bundle| bundle.to_string_lossy().into_owned()));
    arguments.extend(["--listen", "127.0.0.1:0", "--data"].map(str::to_owned));
    arguments.push(folder.join("data").to_string_lossy().into_owned());
    arguments.extend(more.iter().map(|argument| (*argument).to_owned()));
    arguments
}

fn micros(time: Duration) -> String {
    format!("{:.1} µs", time.as_secs_f64() * 1e6)
}

fn millis(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

fn cpu() -> String {
    std::fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|text| {
            text.lines()
                .find_map(|line| line.strip_prefix("model name")?.split_once(": ").map(|(_, name)| name.to_owned()))
        })
        .unwrap_or_else(|| "unknown processor".to_owned())
}

/// A line on stdout, at once.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // Nobody reads any more: there is nobody to tell.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
