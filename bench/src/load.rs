//! Load on a server with wrk: keep-alive connections, a path drawn at random for
//! each request, the same for every contender.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// What one run of wrk found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run {
    /// Answers a second.
    pub(crate) per_second: f64,
    /// Half of the answers were quicker, in milliseconds.
    pub(crate) p50_ms: f64,
    /// All but a hundredth were quicker, in milliseconds.
    pub(crate) p99_ms: f64,
}

/// Asks for `paths` for `seconds`, 32 connections on one thread.
pub(crate) fn run(folder: &Path, address: &str, cookie: &str, paths: &[String], seconds: u32) -> Result<Run> {
    let list: String = paths.iter().map(|path| format!("{path:?},")).collect();
    let script = format!(
        r#"local paths = {{{list}}}
math.randomseed(42)
wrk.headers["Cookie"] = {cookie:?}
wrk.headers["Accept-Language"] = "en"
request = function() return wrk.format("GET", paths[math.random(#paths)]) end
done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format("RESULT %f %f %f %d\n",
    summary.requests * 1000000 / summary.duration, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
"#
    );
    let file = folder.join("load.lua");
    fs::write(&file, script)?;
    let output = Command::new("wrk")
        // Answers that are slow are counted as such, not as none.
        .args(["-t1", "-c32", &format!("-d{seconds}s"), "--timeout", "30s", "-s"])
        .arg(&file)
        .arg(format!("http://{address}"))
        .output()
        .context("wrk does not start (apt-get install wrk)")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let Some(line) = text.lines().find_map(|line| line.strip_prefix("RESULT ")) else {
        bail!("wrk said nothing usable:\n{text}{}", String::from_utf8_lossy(&output.stderr));
    };
    let numbers: Vec<f64> = line.split(' ').filter_map(|number| number.parse().ok()).collect();
    match numbers.as_slice() {
        [per_second, p50_ms, p99_ms, errors] if *errors == 0.0 => {
            Ok(Run { per_second: *per_second, p50_ms: *p50_ms, p99_ms: *p99_ms })
        }
        _ => bail!("wrk counted errors: {line}"),
    }
}

/// The run with the median number of answers a second.
pub(crate) fn median(mut runs: Vec<Run>) -> Option<Run> {
    runs.sort_by(|one, other| one.per_second.total_cmp(&other.per_second));
    runs.get(runs.len() / 2).copied()
}
