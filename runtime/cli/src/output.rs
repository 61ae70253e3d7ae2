//! Decides what goes where: data to stdout, everything else to stderr; colour
//! only on a terminal and only where nobody said no; progress only on a terminal.
//! Colour never carries a meaning alone.

use std::{
    io::{self, IsTerminal as _, Write},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crossterm::style::{Color, Stylize as _};
use indicatif::{ProgressBar, ProgressStyle};
use mprun_registry::oci;
use tracing_subscriber::EnvFilter;
use unicode_width::UnicodeWidthStr as _;

use crate::{
    env,
    error::{self, CommandError},
};

/// Whether stderr shows colours.
pub(crate) fn colour() -> bool {
    io::stderr().is_terminal() && !env::no_colour()
}

/// What cannot be written to stderr cannot be told to anybody.
fn say(prefix: &str, colour_of_prefix: Color, text: &str) {
    let mut stderr = io::stderr().lock();
    let _ = if colour() {
        writeln!(stderr, "{} {text}", format!("{prefix}:").with(colour_of_prefix).bold())
    } else {
        writeln!(stderr, "{prefix}: {text}")
    };
}

/// A failure that ends the command.
pub(crate) fn error(prefix: &str, text: &str) {
    say(prefix, Color::Red, text);
}

/// Something to know about, that ends nothing.
pub(crate) fn warning(text: &str) {
    say("warning", Color::Yellow, text);
}

/// Something to know about that is as it should be.
pub(crate) fn note(text: &str) {
    say("note", Color::Blue, text);
}

/// What to do about an error or a warning.
pub(crate) fn hint(text: &str) {
    say("hint", Color::Cyan, text);
}

/// What another program says, as it says it. Nothing where there is nothing.
pub(crate) fn quote(text: &str) {
    if !text.trim().is_empty() {
        // As for `say`.
        let _ = writeln!(io::stderr().lock(), "{}\n", text.trim_end());
    }
}

/// Writes data to stdout.
///
/// # Errors
/// A closed pipe ends the command quietly, anything else loudly.
pub(crate) fn data(bytes: &[u8]) -> Result<(), CommandError> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes).and_then(|()| stdout.flush()).map_err(error::stdout)
}

/// Sends what the host and the programs log to stderr. `filter` is written as
/// `info` or `mprun_host=debug,warn`.
pub(crate) fn log_to_stderr(filter: &str) {
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::builder().parse_lossy(filter))
        .with_ansi(colour())
        .with_writer(io::stderr)
        .finish();
    // It fails only where somebody else has set one up, and then that one is used.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// Whether stdout shows colours.
pub(crate) fn stdout_has_colour() -> bool {
    io::stdout().is_terminal() && !env::no_colour()
}

/// Whether stderr goes to a terminal.
pub(crate) fn is_stderr_terminal() -> bool {
    io::stderr().is_terminal()
}

/// Whether a person can be asked something in the middle of a command.
pub(crate) fn can_ask() -> bool {
    io::stdin().is_terminal()
}

/// Whether both ends of a conversation are a person at a terminal.
pub(crate) fn is_conversation() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// Shows that something long is going on. Gone when it is dropped.
pub(crate) struct Progress(Option<ProgressBar>);

impl Progress {
    /// Begins to show `text`, where stderr is a terminal. `steps` is how many
    /// times [`Progress::step`] will be called; 0 where that is not known.
    pub(crate) fn start(text: &str, steps: u64) -> Progress {
        if !io::stderr().is_terminal() {
            return Progress(None);
        }
        let bar = ProgressBar::new(steps);
        let template = match (steps, env::no_colour()) {
            (0, true) => "{spinner} {msg}",
            (0, false) => "{spinner:.cyan} {msg}",
            (_, true) => "{spinner} [{pos}/{len}] {msg}",
            (_, false) => "{spinner:.cyan} [{pos}/{len}] {msg}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(text.to_owned());
        // What takes less than this needs no words.
        bar.enable_steady_tick(Duration::from_millis(120));
        Progress(Some(bar))
    }

    /// The next step begins.
    pub(crate) fn step(&self, text: &str) {
        if let Some(bar) = &self.0 {
            bar.set_message(text.to_owned());
            bar.inc(1);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

/// Shows how much of something has come or gone over the network, where stderr is
/// a terminal. One thing at a time.
#[derive(Default)]
pub(crate) struct Transfer(Mutex<Option<ProgressBar>>);

impl Transfer {
    fn replace(&self, next: Option<ProgressBar>) {
        let mut bar = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = bar.take() {
            last.finish_and_clear();
        }
        *bar = next;
    }
}

impl oci::Progress for Transfer {
    fn begin(&self, what: &str, bytes: u64) {
        if !io::stderr().is_terminal() {
            return;
        }
        let bar = ProgressBar::new(bytes);
        let template = if env::no_colour() {
            "{spinner} [{bar:24}] {binary_bytes}/{binary_total_bytes} {msg}"
        } else {
            "{spinner:.cyan} [{bar:24.cyan}] {binary_bytes}/{binary_total_bytes} {msg}"
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_message(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(120));
        self.replace(Some(bar));
    }

    fn advance(&self, bytes: u64) {
        if let Some(bar) = &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            bar.inc(bytes);
        }
    }

    fn end(&self) {
        self.replace(None);
    }
}

impl Drop for Transfer {
    fn drop(&mut self) {
        // A failure in the middle leaves no half of a bar behind.
        self.replace(None);
    }
}

/// Rows under each other: each cell but the last is as wide as its column.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or_default()).collect();
    let mut text = String::new();
    for row in rows {
        for (cell, width) in row.iter().zip(&widths) {
            text.push_str(cell);
            text.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.width()) + 2));
        }
        text.truncate(text.trim_end_matches(' ').len());
        text.push('\n');
    }
    text
}

/// Bytes as people read them.
pub(crate) fn size(bytes: usize) -> String {
    const KIB: usize = 1024;
    const MIB: usize = 1024 * KIB;
    let tenths = |unit: usize| format!("{}.{}", bytes / unit, bytes % unit * 10 / unit);
    match bytes {
        0..KIB => format!("{bytes} B"),
        KIB..MIB => format!("{} KiB", tenths(KIB)),
        _ => format!("{} MiB", tenths(MIB)),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["a", "1", "x"], ["咖啡", "1000", ""]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(super::table(&rows), "a     1     x\n咖啡  1000\n");
        assert_eq!(super::table(&[]), "");
    }

    #[test]
    fn sizes_are_cut_never_rounded_up() {
        for (bytes, text) in
            [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (2047, "1.9 KiB"), (8 * 1024 * 1024, "8.0 MiB")]
        {
            assert_eq!(super::size(bytes), text);
        }
    }
}
