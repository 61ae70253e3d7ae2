//! What mprun is compared with, each as it is meant to be used and on all
//! processors: React on Node (a cluster), workerd (a process for each processor on
//! one socket), `wasmtime serve` (threads, an instance for each request). None of
//! them stores anything: what they show is in their memory. Installed by
//! scripts/bench-peers.sh; nothing is fetched here.

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use wit_component::ComponentEncoder;

use crate::programs::{self, Serving};

const NOT_INSTALLED: &str = "run scripts/bench-peers.sh first";

/// Where the peers are.
pub(crate) struct Peers {
    /// What was installed.
    installed: PathBuf,
    /// What we wrote for them.
    sources: PathBuf,
}

impl Peers {
    /// `built` is the folder of this program.
    pub(crate) fn new(built: &Path) -> Peers {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
        Peers { installed: built.with_file_name("peers"), sources }
    }

    /// wasmtime's own command: ours, or the one on the path.
    pub(crate) fn wasmtime(&self) -> PathBuf {
        let own = self.installed.join("bin/wasmtime");
        if own.exists() { own } else { PathBuf::from("wasmtime") }
    }

    /// The version of an installed package of npm: `react/react` is what the peer
    /// `react` has under that name.
    pub(crate) fn version(&self, peer: &str, package: &str) -> Result<String> {
        let file = self.installed.join(peer).join("node_modules").join(package).join("package.json");
        let text = std::fs::read(&file).with_context(|| format!("{package} is missing: {NOT_INSTALLED}"))?;
        let json: serde_json::Value = serde_json::from_slice(&text)?;
        Ok(json.get("version").and_then(serde_json::Value::as_str).unwrap_or("unknown").to_owned())
    }

    /// React's `renderToString` behind Node's own HTTP server.
    pub(crate) fn react(&self) -> Result<Serving> {
        self.version("react", "react-dom")?;
        let mut node = Command::new("node");
        node.env("NODE_ENV", "production").arg(self.sources.join("react/server.mjs")).arg(self.installed.join("react"));
        Serving::saying(node)
    }

    /// A Worker that writes template strings.
    pub(crate) fn workerd(&self) -> Result<Serving> {
        let packages = self.installed.join("workerd/node_modules/@cloudflare");
        // The program itself and not npm's way to it, which is a script.
        let program = std::fs::read_dir(packages)
            .into_iter()
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.path().join("bin/workerd")))
            .find(|program| program.is_file())
            .with_context(|| format!("workerd is missing: {NOT_INSTALLED}"))?;
        // One process has one thread for JavaScript. Several can share a socket
        // that is open before they start: it is their standard input.
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?.to_string();
        let mut commands = Vec::new();
        for _ in 0..std::thread::available_parallelism()?.get() {
            let mut command = Command::new(&program);
            command.arg("serve").arg(self.sources.join("workerd/config.capnp")).args(["--socket-fd", "http=0"]);
            command.stdin(Stdio::from(OwnedFd::from(listener.try_clone()?)));
            commands.push(command);
        }
        // Where no process is left that listens, nobody waits.
        drop(listener);
        Serving::at(address, commands)
    }

    /// A component of the world `wasi:http/proxy`, a new instance of it for each
    /// request: without fuel, epochs and deadlines, which `serve` leaves off.
    pub(crate) fn wasi_http(&self, folder: &Path) -> Result<Serving> {
        let module = self.installed.join("wasi-http/wasm32-unknown-unknown/release/mprun_bench_wasi_http.wasm");
        let module =
            std::fs::read(module).with_context(|| format!("the wasi:http component is missing: {NOT_INSTALLED}"))?;
        let component =
            ComponentEncoder::default().validate(true).module(&module).and_then(|encoder| encoder.encode())?;
        let file = folder.join("wasi-http.wasm");
        std::fs::write(&file, component)?;
        let address = programs::free_address()?;
        let mut command = Command::new(self.wasmtime());
        command.args(["serve", "--addr", &address, "-O", "pooling-allocator=y", "--max-instance-reuse-count", "1"]);
        command.arg(file).stdin(Stdio::null());
        Serving::at(address, [command])
    }
}
