//! The child's side: reads one task from its stdin, gives up every power, does
//! the task, writes one answer to its stdout, ends.
//!
//! The head of a task is the host's own words and is read before the jail closes;
//! the component is a stranger's and is read after.

use std::fs::File;
use std::io::{self, BufRead, Read as _, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use mprun_core::bundle::BUNDLE_BYTES_MAX;
use serde::{Deserialize, Serialize};

use super::jail::{self, Confinement};
use super::{CompileError, CompileLimits, NATIVE_BYTES_MAX, Settings};
use crate::engine;

/// Longest head of a task, in bytes.
const HEAD_BYTES_MAX: u64 = 4096;

/// The head of a task: a line of JSON. The component follows.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Task {
    pub(super) parent: u32,
    pub(super) memory_bytes_max: u64,
    pub(super) deadline_s: u64,
    pub(super) work: Work,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Work {
    /// Make native code of the component that follows.
    Compile(Settings),
    /// Say what is in force, and try what should not be possible.
    Report,
}

/// The first byte of an answer, its length in 8 bytes (little-endian) and its
/// content follow.
pub(super) const NATIVE: u8 = b'N';
pub(super) const REFUSED: u8 = b'R';
pub(super) const REPORT: u8 = b'J';

/// What a jailed child says of its jail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// What is in force.
    pub confinement: Confinement,
    /// What it tried to do all the same.
    pub attempts: Vec<Attempt>,
}

/// Something that a jailed child must not be able to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// What it tried: `read a file`.
    pub what: String,
    /// Whether it failed, as it should.
    pub refused: bool,
}

/// Is the compiling child: for a process that [`Jailed`](super::Jailed) started.
/// Everybody else gets an error at once.
pub fn work() -> ExitCode {
    // Nothing that is said here may fail the task: the answer is on stdout.
    match answer(&mut io::stdin().lock(), &mut io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(what) => {
            let _ = writeln!(io::stderr(), "{what}");
            ExitCode::FAILURE
        }
    }
}

fn answer(input: &mut impl BufRead, output: &mut impl Write) -> Result<(), String> {
    let head = head(input)?;
    let task: Task = serde_json::from_slice(&head).map_err(|error| format!("expected a task: {error}"))?;
    let limits =
        CompileLimits { memory_bytes_max: task.memory_bytes_max, deadline: Duration::from_secs(task.deadline_s) };
    let confinement = jail::enter(limits, task.parent).map_err(|error| error.to_string())?;
    let (kind, content) = match task.work {
        Work::Report => {
            let report = Report { confinement, attempts: attempts(limits) };
            (REPORT, serde_json::to_vec(&report).map_err(|error| error.to_string())?)
        }
        Work::Compile(settings) => {
            for (part, force) in confinement.parts() {
                if let Some(why) = force.missing() {
                    // The host reads it, and tells whoever operates it.
                    let _ = writeln!(io::stderr(), "{part} is not in force: {why}");
                }
            }
            let mut component = Vec::new();
            let most = u64::try_from(BUNDLE_BYTES_MAX).unwrap_or(u64::MAX);
            input.take(most).read_to_end(&mut component).map_err(|error| format!("cannot read: {error}"))?;
            match compile(settings, &component) {
                Ok(native) => (NATIVE, native),
                Err(CompileError::Refused { what }) => (REFUSED, what.into_bytes()),
                Err(error) => return Err(error.to_string()),
            }
        }
    };
    let length = u64::try_from(content.len()).unwrap_or(u64::MAX);
    output
        .write_all(&[kind])
        .and_then(|()| output.write_all(&length.to_le_bytes()))
        .and_then(|()| output.write_all(&content))
        .and_then(|()| output.flush())
        .map_err(|error| format!("cannot answer: {error}"))
}

/// The first line. Some of what follows may lie in a buffer then, unseen.
fn head(input: &mut impl BufRead) -> Result<Vec<u8>, String> {
    let mut head = Vec::new();
    input.take(HEAD_BYTES_MAX).read_until(b'\n', &mut head).map_err(|error| format!("cannot read: {error}"))?;
    match head.pop() {
        Some(b'\n') => Ok(head),
        _ => Err("expected a task on stdin: this is the compiler that mprun starts for itself".to_owned()),
    }
}

fn compile(settings: Settings, component: &[u8]) -> Result<Vec<u8>, CompileError> {
    let engine = engine::compiling(settings).map_err(|error| CompileError::Failed { what: format!("{error:#}") })?;
    let native = super::translate(&engine, component)?;
    if native.len() > NATIVE_BYTES_MAX {
        let what = format!("its native code has {} bytes, at most {NATIVE_BYTES_MAX} are allowed", native.len());
        return Err(CompileError::Refused { what });
    }
    Ok(native)
}

/// Tries what nobody should be able to do here. Every attempt is harmless where
/// it succeeds.
fn attempts(limits: CompileLimits) -> Vec<Attempt> {
    let nobody = SocketAddr::from((Ipv4Addr::LOCALHOST, 9));
    let too_much = usize::try_from(limits.memory_bytes_max).unwrap_or(usize::MAX);
    let attempt = |what: &str, refused| Attempt { what: what.to_owned(), refused };
    let connected = TcpStream::connect_timeout(&nobody, Duration::from_millis(200));
    vec![
        attempt("read a file", File::open("/etc/passwd").is_err() && File::open("/").is_err()),
        attempt("make a file", tempting_file().is_err()),
        // A port where nobody listens answers, but only those who may ask.
        attempt("reach the network", connected.is_err_and(|error| error.kind() != io::ErrorKind::ConnectionRefused)),
        attempt("start a program", Command::new("/bin/true").stdin(Stdio::null()).spawn().is_err()),
        attempt("take more memory", Vec::<u8>::new().try_reserve_exact(too_much).is_err()),
    ]
}

/// A file in a folder where everybody may make one.
fn tempting_file() -> io::Result<()> {
    let path = format!("/tmp/mprun-doctor-{}", std::process::id());
    File::options().write(true).create_new(true).open(&path)?;
    std::fs::remove_file(&path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_task_is_refused() {
        let long = [b'x'; 5000];
        for input in [&b""[..], b"{}\n", b"nonsense\n", b"no end", &long] {
            let mut output = Vec::new();
            assert!(answer(&mut &*input, &mut output).is_err());
            assert!(output.is_empty());
        }
    }
}
