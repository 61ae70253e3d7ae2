//! From a file on the disk to a page: what verifying, the cache of native code and
//! the start of a process cost, beside wasmtime's own command and Node, each run
//! after the other in every round.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use mprun_core::bundle;
use mprun_core::trust::Admitted;
use mprun_host::compile::{MachineKey, NativeCache};
use mprun_host::{Host, HostConfig};
use mprun_registry::{Attachments, Downgrade, Registry};
use mprun_storage::sqlite::SqliteStorage;

use crate::programs::{self, Serving};

const ROUNDS: usize = 15;
const COMPILE_ROUNDS: usize = 3;

/// A command to time: until its first byte on stdout, or its end where it says
/// nothing.
struct Timed {
    what: &'static str,
    program: PathBuf,
    arguments: Vec<String>,
    times: Vec<Duration>,
}

impl Timed {
    fn new(what: &'static str, program: impl Into<PathBuf>, arguments: &[&str]) -> Timed {
        let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        Timed { what, program: program.into(), arguments, times: Vec::new() }
    }

    fn run(&mut self) -> Result<()> {
        let start = Instant::now();
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("{} does not start", self.program.display()))?;
        let mut first = [0];
        let said = std::io::Read::read(&mut child.stdout.take().context("stdout is piped")?, &mut first)?;
        let to_first_byte = start.elapsed();
        let status = child.wait()?;
        let time = if said > 0 { to_first_byte } else { start.elapsed() };
        // Who stops reading after a byte breaks the pipe of the others.
        if !status.success() && said == 0 {
            bail!("`{}` failed: {status}", self.what);
        }
        self.times.push(time);
        Ok(())
    }
}

/// Rows of the table: what, its median, its ratio to the row named first in its
/// group.
pub(crate) type Row = (String, Duration, Option<f64>);

/// Starts of processes, and compiling; `wasmtime` is the command to compare with.
pub(crate) fn processes(built: &Path, guest: &Path, wasmtime: &Path) -> Result<Vec<Row>> {
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let (mprun, bundle) = (built.join("mprun"), guest.to_string_lossy().into_owned());

    // What wasmtime can run without our host functions: nothing at all, and the
    // program's own core module with imports that are never called.
    let (empty, module) = (at("empty.wat"), at("module.wasm"));
    std::fs::write(&empty, "(module (func (export \"_start\")))")?;
    std::fs::write(&module, main_module(&std::fs::read(guest)?)?)?;
    let (empty_native, module_native) = (at("empty.cwasm"), at("module.cwasm"));
    for (from, to) in [(&empty, &empty_native), (&module, &module_native)] {
        wasmtime_compile(wasmtime, from, to)?;
    }

    let data = at("data");
    let run = ["run", "--allow-precompiled"];
    let traps = ["-W", "unknown-imports-trap=y"];
    let mut starts = vec![
        Timed::new("wasmtime run, an empty module, precompiled", wasmtime, &[&run[..], &[&empty_native]].concat()),
        Timed::new(
            "wasmtime run, the program's module, precompiled",
            wasmtime,
            &[&run[..], &traps, &[&module_native]].concat(),
        ),
        Timed::new("node -e ''", "node", &["-e", ""]),
        Timed::new("mprun PROGRAM, its native code kept, to the page", &mprun, &[&bundle, "--dev", "--data", &data]),
    ];
    for round in 0..=ROUNDS {
        for start in &mut starts {
            start.run()?;
            if round == 0 {
                // Files are read from the disk, native code is made: not counted.
                start.times.clear();
            }
        }
    }
    let mut rows = table(starts);

    let compiled = at("compiled.cwasm");
    let mut compiling = Timed::new("wasmtime compile", wasmtime, &["compile", &bundle, "-o", &compiled]);
    let mut installing = Vec::new();
    for round in 0..COMPILE_ROUNDS {
        compiling.run()?;
        let data = at(&format!("install-{round}"));
        let mut install =
            Timed::new("mprun install, from nothing", &mprun, &["install", &bundle, "--dev", "--data", &data]);
        let start = Instant::now();
        let status = Command::new(&install.program).args(&install.arguments).stdout(Stdio::null()).status()?;
        if !status.success() {
            bail!("installing failed: {status}");
        }
        install.times.push(start.elapsed());
        installing.extend(install.times);
    }
    let installing = Timed { times: installing, ..Timed::new("mprun install, from nothing", &mprun, &[]) };
    rows.extend(table(vec![compiling, installing]));
    Ok(rows)
}

/// Medians, and how each compares with the first.
fn table(timed: Vec<Timed>) -> Vec<Row> {
    let mut first = None;
    timed
        .into_iter()
        .map(|Timed { what, times, .. }| {
            let median = median(times);
            let ratio = first.map(|first: Duration| median.as_secs_f64() / first.as_secs_f64());
            first = first.or(Some(median));
            (what.to_owned(), median, ratio)
        })
        .collect()
}

fn wasmtime_compile(wasmtime: &Path, from: &str, to: &str) -> Result<()> {
    let status = Command::new(wasmtime).args(["compile", from, "-o", to]).status()?;
    if !status.success() {
        bail!("wasmtime compile {from}: {status}");
    }
    Ok(())
}

/// The largest module of a component: the program itself; the others are its
/// adapters.
fn main_module(component: &[u8]) -> Result<Vec<u8>> {
    let mut largest = 0..0;
    for payload in wasmparser::Parser::new(0).parse_all(component) {
        if let wasmparser::Payload::ModuleSection { unchecked_range, .. } = payload? {
            let range = usize::try_from(unchecked_range.start)?..usize::try_from(unchecked_range.end)?;
            if range.len() > largest.len() {
                largest = range;
            }
        }
    }
    Ok(component.get(largest).context("a component with a module")?.to_vec())
}

/// In one process: from the bytes of a file to a program that can run.
pub(crate) async fn loading(guest: &Path) -> Result<Vec<Row>> {
    let folder = tempfile::tempdir()?;
    let key = MachineKey::open(&folder.path().join("key"))?;
    let cache = NativeCache::new(folder.path().join("native"), &key, 1 << 30);
    let storage = SqliteStorage::open(&folder.path().join("bench.db"))?;
    let config = HostConfig { native_cache: Some(cache), ..HostConfig::default() };
    let host = Host::new(config, std::sync::Arc::new(storage)).await?;
    let bytes = std::fs::read(guest)?;
    host.install(Admitted::development(bundle::verify(bytes.clone())?)).await?;
    let (mut verifying, mut loading) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS * 10 {
        let start = Instant::now();
        let verified = bundle::verify(bytes.clone())?;
        verifying.push(start.elapsed());
        let start = Instant::now();
        host.install(Admitted::development(verified)).await?;
        loading.push(start.elapsed());
    }
    let (verifying, loading) = (median(verifying), median(loading));
    Ok(vec![
        (format!("verify a bundle of {} kB", bytes.len() / 1000), verifying, None),
        ("read its native code, authenticate, load, link".to_owned(), loading, None),
    ])
}

/// What an operator of many programs sees.
pub(crate) struct Many {
    pub(crate) programs: usize,
    pub(crate) start: Duration,
    pub(crate) memory_start_mib: f64,
    /// First request to a program whose native code is kept.
    pub(crate) cold: Duration,
    /// First request ever: compiled meanwhile.
    pub(crate) new: Duration,
    /// The same request again.
    pub(crate) warm: Duration,
    pub(crate) loaded: usize,
    pub(crate) memory_loaded_mib: f64,
}

/// One host with `count` installed programs, `loaded` of which are asked for.
pub(crate) fn many(built: &Path, guest: &Path, count: usize, loaded: usize) -> Result<Many> {
    let folder = tempfile::tempdir()?;
    let files = folder.path().join("files");
    std::fs::create_dir(&files)?;
    let data = folder.path().join("data");
    std::fs::create_dir(&data)?;
    let registry = Registry::open(&data.join("registry"))?;
    for (number, file) in programs::distinct(guest, &files, count)?.into_iter().enumerate() {
        let admitted = Admitted::development(bundle::verify(std::fs::read(file)?)?);
        let at = u64::try_from(number)?;
        registry.install(&admitted, &Attachments::default(), "bench", Downgrade::Refused, at)?;
    }
    let arguments: Vec<String> =
        ["serve", "--dev", "--listen", "127.0.0.1:0", "--data", &data.to_string_lossy()].map(str::to_owned).to_vec();
    let server = Serving::start(built.join("mprun"), &arguments)?;
    let new = first_requests(&server, loaded)?;
    drop(server);

    let start = Instant::now();
    let server = Serving::start(built.join("mprun"), &arguments)?;
    let start = start.elapsed();
    let memory_start_mib = server.memory_mib()?;
    let cold = first_requests(&server, loaded)?;
    let warm = first_requests(&server, loaded)?;
    Ok(Many {
        programs: count,
        start,
        memory_start_mib,
        cold: median(cold),
        new: median(new),
        warm: median(warm),
        loaded,
        memory_loaded_mib: server.memory_mib()?,
    })
}

fn first_requests(server: &Serving, count: usize) -> Result<Vec<Duration>> {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let healthz = format!("http://{}/healthz", server.address());
    agent.get(&healthz).call()?.body_mut().read_to_string()?;
    (1..=count)
        .map(|number| {
            let url = format!("http://{}{}", server.address(), programs::path(number, "cards"));
            let start = Instant::now();
            let mut answer = agent.get(&url).call()?;
            let page = answer.body_mut().read_to_string()?;
            if answer.status() != 200 {
                bail!("{url} was answered with {}: {page}", answer.status());
            }
            Ok(start.elapsed())
        })
        .collect()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
