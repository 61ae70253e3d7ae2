//! A real `mprun serve` on a free port of this machine, ended with the test.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::client::Client;
use super::load;

/// A running server.
pub(crate) struct Server {
    child: Child,
    address: String,
    bundles: Vec<PathBuf>,
    arguments: Vec<String>,
    data: PathBuf,
    _own_data: Option<tempfile::TempDir>,
    _busy: load::Busy,
}

impl Server {
    /// Serves these bundles with data of its own.
    pub(crate) fn start(bundles: &[PathBuf]) -> Self {
        Self::start_with(bundles, &[])
    }

    /// The same, with more arguments.
    pub(crate) fn start_with(bundles: &[PathBuf], arguments: &[&str]) -> Self {
        let data = tempfile::tempdir().expect("a temporary folder");
        let mut server = Self::try_start_on(bundles, data.path(), "127.0.0.1:0", arguments)
            .unwrap_or_else(|said| panic!("expected the address, got `{said}`"));
        server._own_data = Some(data);
        server
    }

    /// Serves these bundles with the data of `data`.
    pub(crate) fn start_on(bundles: &[PathBuf], data: &Path, listen: &str) -> Self {
        Self::start_on_with(bundles, data, listen, &[])
    }

    /// The same, with more arguments. Without bundles, everything that is installed.
    pub(crate) fn start_on_with(bundles: &[PathBuf], data: &Path, listen: &str, arguments: &[&str]) -> Self {
        Self::try_start_on(bundles, data, listen, arguments)
            .unwrap_or_else(|said| panic!("expected the address, got `{said}`"))
    }

    /// The same; where there is no server, what it said on stdout.
    fn try_start_on(bundles: &[PathBuf], data: &Path, listen: &str, arguments: &[&str]) -> Result<Self, String> {
        let busy = load::busy();
        let mut command = super::command(&["serve"]);
        command.args(bundles).arg("--listen").arg(listen).arg("--data").arg(data).args(arguments);
        // Guests are unsigned; whoever tests signatures names a trust file.
        if !arguments.iter().any(|argument| ["--dev", "--trust"].contains(argument)) {
            command.arg("--dev");
        }
        // Hostile guests fill pages of warnings.
        command.env("MPRUN_LOG", "error");
        let mut child = command.stdout(Stdio::piped()).spawn().expect("mprun starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("stdout is piped")).read_line(&mut line).expect("a line");
        let address = line.split_whitespace().find_map(|word| word.strip_prefix("http://"));
        let Some(address) = address.map(|address| address.trim_end_matches('/').to_owned()) else {
            child.wait().expect("mprun ends");
            return Err(line);
        };
        let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let (bundles, data) = (bundles.to_vec(), data.to_owned());
        Ok(Self { child, address, bundles, arguments, data, _own_data: None, _busy: busy })
    }

    /// `127.0.0.1:PORT`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// The folder of its data.
    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// The process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A new user's browser without script.
    pub(crate) fn client(&self) -> Client {
        Client::new(&self.address)
    }

    /// Ends the process as if the machine had taken it away, and starts it
    /// again on the same data and port.
    pub(crate) fn kill_and_restart(&mut self) {
        self.kill();
        let bundles = std::mem::take(&mut self.bundles);
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        let own = self._own_data.take();
        let start = || Self::try_start_on(&bundles, &self.data, &self.address, &arguments).ok();
        // Somebody else may have been given the port meanwhile, for a moment.
        let again = || {
            std::thread::sleep(Duration::from_millis(200));
            start()
        };
        let mut next = start().or_else(|| (0..20).find_map(|_| again())).expect("the server starts again");
        next._own_data = own;
        *self = next;
    }

    /// Asks the process to end (SIGTERM).
    pub(crate) fn terminate(&self) {
        let asked = Command::new("kill").args(["-TERM", &self.pid().to_string()]).status().expect("`kill` starts");
        assert!(asked.success(), "the server is not there any more");
    }

    /// Waits until the process has ended by itself.
    pub(crate) fn wait(&mut self, at_most: Duration) -> Option<ExitStatus> {
        let started = Instant::now();
        while started.elapsed() < at_most {
            if let Some(status) = self.child.try_wait().expect("the process can be asked") {
                return Some(status);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        None
    }

    /// Ends the process at once (SIGKILL).
    pub(crate) fn kill(&mut self) {
        // It may be gone already; then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}
