//! Where and with what something was measured, for the tables.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::peers::Peers;

/// The processor, as it calls itself.
pub(crate) fn cpu() -> String {
    std::fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|text| {
            text.lines()
                .find_map(|line| line.strip_prefix("model name")?.split_once(": ").map(|(_, name)| name.to_owned()))
        })
        .unwrap_or_else(|| "unknown processor".to_owned())
}

/// A paragraph with the day, the machine and the version of everything.
pub(crate) fn paragraph(peers: &Peers) -> Result<String> {
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let kernel = kernel.trim().split('-').next().unwrap_or_default();
    let cores = std::thread::available_parallelism()?;
    let wasmtime = peers.wasmtime();
    Ok(format!(
        "{day}, {cpu}, {cores} cores, Linux {kernel}; load generator and servers on the same cores. mprun {mprun} \
         (wasmtime {library} inside), {rustc}; axum {axum}, maud {maud}; workerd {workerd}; React {react}, Node {node}; \
         {wasmtime}; wrk {wrk}.",
        day = said("date", &["-u", "+%F"], 0)?,
        cpu = cpu(),
        mprun = env!("CARGO_PKG_VERSION"),
        library = locked("wasmtime")?,
        rustc = said("rustc", &["--version"], 0)?.split(" (").next().unwrap_or_default(),
        axum = locked("axum")?,
        maud = locked("maud")?,
        workerd = peers.version("workerd", "workerd")?,
        react = peers.version("react", "react-dom")?,
        node = said("node", &["--version"], 0)?,
        wasmtime = said(&wasmtime.to_string_lossy(), &["--version"], 0)?.split(" (").next().unwrap_or_default(),
        wrk = said("wrk", &["-v"], 1)?,
    ))
}

/// The first line that a command prints; its word number `from`, if that is not 0.
fn said(program: &str, arguments: &[&str], from: usize) -> Result<String> {
    // wrk says its version and fails.
    let output = Command::new(program).args(arguments).output().with_context(|| format!("{program} does not start"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().next().unwrap_or_default();
    Ok(if from == 0 { line } else { line.split(' ').nth(from).unwrap_or_default() }.to_owned())
}

/// The version of a crate in this workspace's lock file.
fn locked(name: &str) -> Result<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
    let lock = std::fs::read_to_string(file)?;
    let (_, rest) = lock.split_once(&format!("\nname = \"{name}\"\nversion = \"")).context("a crate that is used")?;
    Ok(rest.split('"').next().unwrap_or_default().to_owned())
}
