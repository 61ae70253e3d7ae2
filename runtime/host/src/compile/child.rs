//! The host's side of a compiling child: starts it with nothing but three pipes,
//! hands it the component, takes no more than can be native code, and ends it
//! when its time is over. However the child ends, the host goes on.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use tokio::sync::Semaphore;

use super::worker::{NATIVE, REFUSED, REPORT, Report, Task, Work};
use super::{CompileError, CompileLimits, NATIVE_BYTES_MAX, Settings, THREADS_MAX};

/// Bytes of what a child complains about that are read.
const COMPLAINT_BYTES_MAX: u64 = 4096;

/// A program that is the compiler when it is started with a variable set: this
/// one's own file, as a rule. It calls [`work`](super::work()) then.
#[derive(Debug, Clone)]
pub struct Jailed {
    program: PathBuf,
    variable: OsString,
    limits: CompileLimits,
    turns: Arc<Semaphore>,
    warned: Arc<AtomicBool>,
}

impl Jailed {
    /// `variable` is set to `1` in the child, whose environment is empty otherwise.
    /// At most `children_max` compile at once; others wait.
    pub fn new(program: PathBuf, variable: impl Into<OsString>, limits: CompileLimits, children_max: usize) -> Self {
        let turns = Arc::new(Semaphore::new(children_max.max(1)));
        Jailed { program, variable: variable.into(), limits, turns, warned: Arc::default() }
    }

    /// What is in force in a child of this machine.
    ///
    /// # Errors
    /// The child could not be started or gave no answer.
    pub async fn report(&self) -> Result<Report, CompileError> {
        match self.run(Work::Report, &[]).await? {
            (REPORT, json) => serde_json::from_slice(&json).map_err(|error| failed(error.to_string())),
            _ => Err(failed("it gave the wrong answer".to_owned())),
        }
    }

    /// What one compilation may use.
    pub fn limits(&self) -> CompileLimits {
        self.limits
    }

    pub(super) async fn compile(&self, settings: Settings, component: &[u8]) -> Result<Vec<u8>, CompileError> {
        match self.run(Work::Compile(settings), component).await? {
            (NATIVE, native) => Ok(native),
            (REFUSED, what) => Err(CompileError::Refused { what: String::from_utf8_lossy(&what).into_owned() }),
            _ => Err(failed("it gave the wrong answer".to_owned())),
        }
    }

    async fn run(&self, work: Work, input: &[u8]) -> Result<(u8, Vec<u8>), CompileError> {
        let _turn = self.turns.acquire().await.map_err(|error| failed(error.to_string()))?;
        let mut child = self.start().map_err(|error| failed(format!("cannot start the compiler: {error}")))?;
        let head = self.head(work)?;
        let talk = talk(&mut child, &head, input);
        match tokio::time::timeout(self.limits.deadline, talk).await {
            Ok(Ok((answer, complaint))) => {
                // The same for every child of this machine: once.
                if !complaint.is_empty() && !self.warned.swap(true, Ordering::Relaxed) {
                    tracing::warn!("the jail of the compiler has a gap on this machine: {complaint}");
                }
                Ok(answer)
            }
            Ok(Err(Broken { status, complaint })) => Err(self.judge(status, &complaint)),
            Err(_) => {
                // It has no way to refuse; the memory is free when this returns.
                let _ = child.kill().await;
                Err(self.too_long())
            }
        }
    }

    fn start(&self) -> std::io::Result<Child> {
        Command::new(&self.program)
            .env_clear()
            .env(&self.variable, "1")
            .env("RAYON_NUM_THREADS", THREADS_MAX.to_string())
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
    }

    fn head(&self, work: Work) -> Result<Vec<u8>, CompileError> {
        let task = Task {
            parent: std::process::id(),
            memory_bytes_max: self.limits.memory_bytes_max,
            deadline_s: self.limits.deadline.as_secs(),
            work,
        };
        let mut head = serde_json::to_vec(&task).map_err(|error| failed(error.to_string()))?;
        head.push(b'\n');
        Ok(head)
    }

    /// Why there is no answer.
    fn judge(&self, status: Option<ExitStatus>, complaint: &str) -> CompileError {
        // The allocator of Rust ends a process that gets no memory with these words;
        // wasmtime passes on what the kernel says.
        if complaint.contains("memory allocation of") || complaint.contains("Cannot allocate memory") {
            let limit = format!("{} MiB of memory", self.limits.memory_bytes_max >> 20);
            return CompileError::Exhausted { limit };
        }
        #[cfg(unix)]
        if let Some(signal) = status.as_ref().and_then(std::os::unix::process::ExitStatusExt::signal) {
            const CPU_TIME: i32 = 24;
            const KILLED: i32 = 9;
            return match signal {
                CPU_TIME => self.too_long(),
                KILLED => failed("somebody killed it; is this machine short of memory?".to_owned()),
                other => failed(format!("it was ended by signal {other}; {complaint}")),
            };
        }
        let ended = status.map_or_else(|| "it ended".to_owned(), |status| status.to_string());
        failed(format!("{ended}; {complaint}"))
    }

    fn too_long(&self) -> CompileError {
        CompileError::Exhausted { limit: format!("{} s", self.limits.deadline.as_secs()) }
    }
}

/// There is no whole answer.
struct Broken {
    status: Option<ExitStatus>,
    complaint: String,
}

/// The answer, and what the child said beside it.
async fn talk(child: &mut Child, head: &[u8], input: &[u8]) -> Result<((u8, Vec<u8>), String), Broken> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let write = async {
        if let Some(mut stdin) = stdin {
            // A child that does not read to the end has its reasons, and says so.
            let _ = stdin.write_all(head).await;
            let _ = stdin.write_all(input).await;
            let _ = stdin.shutdown().await;
        }
    };
    let read = async {
        match stdout {
            Some(stdout) => answer(stdout).await,
            None => None,
        }
    };
    let complain = async {
        let mut complaint = Vec::new();
        if let Some(stderr) = stderr {
            let _ = stderr.take(COMPLAINT_BYTES_MAX).read_to_end(&mut complaint).await;
        }
        String::from_utf8_lossy(&complaint).trim().replace(|c: char| c.is_control(), " ")
    };
    let ((), answer, complaint) = tokio::join!(write, read, complain);
    let status = child.wait().await.ok();
    match answer {
        Some(answer) if status.is_some_and(|status| status.success()) => Ok((answer, complaint)),
        _ => Err(Broken { status, complaint }),
    }
}

/// Kind and content, if all of it came.
async fn answer(mut from: impl AsyncRead + Unpin) -> Option<(u8, Vec<u8>)> {
    let kind = from.read_u8().await.ok()?;
    let length = from.read_u64_le().await.ok()?;
    let length = usize::try_from(length).ok().filter(|length| *length <= NATIVE_BYTES_MAX)?;
    let mut content = Vec::new();
    // Grows with what comes, not with what was said.
    from.take(u64::try_from(length).ok()?).read_to_end(&mut content).await.ok()?;
    (content.len() == length).then_some((kind, content))
}

fn failed(what: String) -> CompileError {
    CompileError::Failed { what }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> (Jailed, tempfile::TempDir) {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("compiler");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
        let limits = CompileLimits { deadline: std::time::Duration::from_secs(1), ..CompileLimits::default() };
        (Jailed::new(program, "MPRUN_TEST", limits, 1), folder)
    }

    async fn outcome(script: &str) -> String {
        let (jailed, _folder) = shell(script);
        let settings = Settings { wide: true, program_memory_bytes_max: 1 << 20 };
        match jailed.compile(settings, &[0; 300_000]).await {
            Ok(native) => format!("{} bytes", native.len()),
            Err(error) => error.to_string(),
        }
    }

    #[tokio::test]
    async fn however_the_child_ends_there_is_an_answer() {
        for (script, expected) in [
            (r"printf 'N\003\0\0\0\0\0\0\0abc'; cat >/dev/null", "3 bytes"),
            (r"printf 'R\003\0\0\0\0\0\0\0abc'", "the component cannot be run here: abc"),
            (r"printf 'X\003\0\0\0\0\0\0\0abc'", "the compiler failed: it gave the wrong answer"),
            // Cut off, endless, too long, silent.
            (r"printf 'N\003\0\0\0\0\0\0\0ab'; exit 0", "the compiler failed: exit status: 0; "),
            (r"printf 'N\377\377\377\377\377\0\0\0'; cat /dev/zero", "the compiler failed: signal: 13 (SIGPIPE)"),
            ("sleep 60", "compiling the component takes more than 1 s"),
            ("kill -XCPU $$", "compiling the component takes more than 1 s"),
            ("echo 'memory allocation of 64 bytes failed' >&2; kill -ABRT $$", "takes more than 2048 MiB of memory"),
            ("echo 'thread panicked' >&2; exit 101", "the compiler failed: exit status: 101; thread panicked"),
            ("kill -9 $$", "somebody killed it"),
        ] {
            let said = outcome(script).await;
            // Which of two pipes breaks first is the shell's affair.
            let same =
                said.contains(expected) || (expected.contains("SIGPIPE") && said.contains("the compiler failed"));
            assert!(same, "{script}: {said}");
        }
    }

    #[tokio::test]
    async fn a_child_has_no_environment() {
        let (jailed, folder) = shell("");
        let seen = folder.path().join("seen");
        std::fs::write(&jailed.program, format!("#!/bin/sh\nenv >{}\n", seen.display())).unwrap();
        let _ = jailed.report().await;
        let seen = std::fs::read_to_string(seen).unwrap();
        let names: Vec<_> = seen.lines().filter_map(|line| line.split('=').next()).collect();
        assert!(names.contains(&"MPRUN_TEST"), "{seen}");
        // The shell sets the others itself.
        assert!(names.iter().all(|name| ["MPRUN_TEST", "RAYON_NUM_THREADS", "PWD", "_", "OLDPWD"].contains(name)));
    }

    #[tokio::test]
    async fn a_compiler_that_is_not_there_is_named() {
        let jailed = Jailed::new("/nowhere/compiler".into(), "X", CompileLimits::default(), 1);
        let error = jailed.report().await.unwrap_err().to_string();
        assert!(error.contains("cannot start the compiler"), "{error}");
    }
}
