//! The programs under load: the guest built once, packed under as many names as
//! there should be distinct programs, served by the real command, and filled with
//! what its pages show through those pages.

use std::io::{BufRead as _, BufReader, Read as _, Seek as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use mprun_core::bundle::{self, AssetFile};

use crate::client::{Client, Page};

/// How long a server may take until it answers.
const START_MAX: Duration = Duration::from_secs(30);

/// Builds `bench/guest` with the `mprun` beside this program.
pub(crate) fn build(built: &Path) -> Result<PathBuf> {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("guest");
    let bundle = built.join("bench-cards.wasm");
    let status = Command::new(built.join("mprun")).arg("build").arg(&project).arg("-o").arg(&bundle).status()?;
    if !status.success() {
        bail!("the guest could not be built");
    }
    Ok(bundle)
}

/// The same program under `count` names: as many components, manifests and
/// digests.
pub(crate) fn distinct(guest: &Path, folder: &Path, count: usize) -> Result<Vec<PathBuf>> {
    let original = bundle::verify(std::fs::read(guest)?)?;
    let templates: Vec<&[u8]> = original.templates().as_slice().iter().map(|template| template.encoding()).collect();
    let assets: Vec<AssetFile> =
        original.assets().map(|asset| AssetFile { path: asset.path.to_string(), data: asset.data.to_vec() }).collect();
    (1..=count)
        .map(|number| {
            let mut manifest = original.manifest().clone();
            manifest.app_id = name(number).parse()?;
            let packed = bundle::pack(
                original.component(),
                &manifest,
                &templates,
                original.style().map(|style| style.source()),
                &assets,
            )?;
            let file = folder.join(format!("{}.wasm", name(number)));
            std::fs::write(&file, packed.bytes())?;
            Ok(file)
        })
        .collect()
}

fn name(number: usize) -> String {
    format!("cards-{number}")
}

/// Where a page of a program is.
pub(crate) fn path(number: usize, route: &str) -> String {
    format!("/miniapp/{}/{route}", name(number))
}

/// The SQLite file of a server's data.
pub(crate) fn database(folder: &Path) -> Result<PathBuf> {
    let data = folder.join("data");
    std::fs::read_dir(&data)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "db" || extension == "sqlite"))
        .with_context(|| format!("no database in {}", data.display()))
}

/// What `mprun serve` is started with: these bundles, data in `folder`, and more.
pub(crate) fn serve_arguments(bundles: &[PathBuf], folder: &Path, more: &[&str]) -> Vec<String> {
    let mut arguments = vec!["serve".to_owned(), "--dev".to_owned()];
    arguments.extend(bundles.iter().map(|bundle| bundle.to_string_lossy().into_owned()));
    arguments.extend(["--listen", "127.0.0.1:0", "--data"].map(str::to_owned));
    arguments.push(folder.join("data").to_string_lossy().into_owned());
    arguments.extend(more.iter().map(|argument| (*argument).to_owned()));
    arguments
}

/// Fills the storage of whoever `client` is, by pressing the page's "Seed".
pub(crate) fn fill(client: &mut Client, path: &str) -> Result<()> {
    Page::open(client, path)?.submit(client, "Seed")
}

/// A port of this machine that was free a moment ago, for servers that cannot
/// choose one.
pub(crate) fn free_address() -> Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}

/// A server of one or several processes, ended with the value.
pub(crate) struct Serving {
    children: Vec<Child>,
    address: String,
}

impl Serving {
    /// Starts a program that prints its address on its first line.
    pub(crate) fn start(program: PathBuf, arguments: &[String]) -> Result<Self> {
        let mut command = Command::new(program);
        command.args(arguments);
        Self::saying(command)
    }

    /// The same for a command that is made already.
    pub(crate) fn saying(mut command: Command) -> Result<Self> {
        let mut server = Self { children: Vec::new(), address: String::new() };
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        server.children.push(child.with_context(|| format!("{name} does not start"))?);
        let stdout = server.children.last_mut().and_then(|child| child.stdout.take()).context("stdout is piped")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let address = line
            .split_whitespace()
            .find_map(|word| word.strip_prefix("http://"))
            .with_context(|| format!("expected the address of {name}, got `{line}`"))?;
        address.trim_end_matches('/').clone_into(&mut server.address);
        Ok(server)
    }

    /// Starts commands that listen at `address`, each told so by its arguments or
    /// its standard input, and waits until one of them shows a page.
    pub(crate) fn at(address: String, commands: impl IntoIterator<Item = Command>) -> Result<Self> {
        let mut server = Self { children: Vec::new(), address };
        let mut log = tempfile::tempfile()?;
        for mut command in commands {
            let name = command.get_program().to_string_lossy().into_owned();
            let child = command.stdout(Stdio::null()).stderr(log.try_clone()?).spawn();
            server.children.push(child.with_context(|| format!("{name} does not start"))?);
        }
        let start = Instant::now();
        while start.elapsed() < START_MAX {
            let mut client = Client::connect(&server.address);
            if client.as_mut().is_ok_and(|client| client.get(&path(1, "cards")).is_ok()) {
                return Ok(server);
            }
            if server.children.iter_mut().any(|child| !matches!(child.try_wait(), Ok(None))) {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let mut said = String::new();
        log.rewind()?;
        log.read_to_string(&mut said)?;
        bail!("no page at {}; the server said: {said}", server.address)
    }

    /// `127.0.0.1:PORT`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// What the processes keep in memory now, in bytes.
    pub(crate) fn memory_bytes(&self) -> Result<u64> {
        self.children.iter().try_fold(0, |sum, child| {
            let status = std::fs::read_to_string(format!("/proc/{}/status", child.id()))?;
            let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("the process has memory")?;
            let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
            Ok(sum + kib * 1024)
        })
    }

    /// The same in MiB.
    pub(crate) fn memory_mib(&self) -> Result<f64> {
        Ok(self.memory_bytes()? as f64 / (1024.0 * 1024.0))
    }

    /// Fills the storage of one user for these pages of every program. Returns the
    /// user's cookie.
    pub(crate) fn seed(&self, count: usize, routes: &[&str]) -> Result<String> {
        let mut client = Client::connect(&self.address)?;
        for number in 1..=count {
            for route in routes {
                fill(&mut client, &path(number, route))?;
            }
        }
        Ok(client.cookie().to_owned())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        for child in &mut self.children {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
