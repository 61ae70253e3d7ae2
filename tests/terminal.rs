//! A coffee, ordered in a terminal with the keyboard alone, and the terminal
//! given back as it was however the program ends. The terminal is a real one,
//! tmux's; what is asserted is what stands on it.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::support::{load, mprun, nowhere, sample};

/// How long anything that must happen may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the shell says when it is ready.
const PROMPT: &str = "ready>";

/// A terminal of 100 × 40 with a shell in it.
struct Terminal {
    socket: String,
    data: tempfile::TempDir,
    _busy: load::Busy,
}

impl Terminal {
    fn open() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let busy = load::busy();
        let socket = format!("mprun-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let terminal = Self { socket, data: tempfile::tempdir().expect("a temporary folder"), _busy: busy };
        let prompt = format!("PS1={PROMPT} ");
        let config = format!("XDG_CONFIG_HOME={}", nowhere().display());
        let session = ["-f", "/dev/null", "new-session", "-d", "-s", "t", "-x", "100", "-y", "40"];
        let shell = ["env", "-u", "MPRUN_TRUST", &config, &prompt, "TZ=UTC", "LC_ALL=C.UTF-8", "sh"];
        // Words of their own: then no other shell stands between.
        terminal.tmux(&[&session[..], &shell[..]].concat());
        terminal.sees(PROMPT);
        terminal
    }

    fn tmux(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("tmux");
        let output = command.args(["-u", "-L", &self.socket]).args(arguments).output();
        let output = output.expect("tmux starts: run `make test`, which installs it");
        assert!(output.status.success(), "tmux {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// What stands on the screen.
    fn screen(&self) -> String {
        self.tmux(&["capture-pane", "-p", "-t", "t"])
    }

    /// Presses keys by their names: `Tab`, `Enter`, `C-c`.
    fn keys(&self, keys: &[&str]) {
        self.tmux(&[&["send-keys", "-t", "t"][..], keys].concat());
    }

    /// Types letters.
    fn types(&self, text: &str) {
        self.tmux(&["send-keys", "-t", "t", "-l", text]);
    }

    /// Runs a command of the shell.
    fn shell(&self, line: &str) {
        self.types(line);
        self.keys(&["Enter"]);
    }

    /// Starts the coffee shop.
    fn coffee(&self, bundle: &Path) {
        let line = format!("{} {} --data {}", mprun().display(), bundle.display(), self.data.path().display());
        self.shell(&line);
        self.sees("Espresso bar");
    }

    /// Waits until the screen is as it should be.
    fn until(&self, what: &str, is_so: impl Fn(&str) -> bool) -> String {
        let started = Instant::now();
        loop {
            let screen = self.screen();
            if is_so(&screen) {
                return screen;
            }
            assert!(started.elapsed() < PATIENCE, "expected {what} on:\n{screen}");
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// Waits until this stands on the screen.
    fn sees(&self, expected: &str) -> String {
        self.until(&format!("`{expected}`"), |screen| screen.contains(expected))
    }

    /// What has the focus: the label of the field with the cursor in it, or what
    /// is shown reversed under the title bar.
    fn focus(&self) -> String {
        let colours = self.tmux(&["capture-pane", "-e", "-p", "-t", "t"]);
        let reversed: Vec<String> = colours.lines().skip(1).map(reversed).filter(|text| !text.is_empty()).collect();
        if !reversed.is_empty() {
            return reversed.join(" ");
        }
        let cursor = self.tmux(&["display-message", "-p", "-t", "t", "#{cursor_flag} #{cursor_y}"]);
        match cursor.trim().split_once(' ') {
            Some(("1", row)) => {
                let row: usize = row.parse().expect("a row is a number");
                self.screen().lines().nth(row.saturating_sub(1)).unwrap_or_default().trim().to_owned()
            }
            _ => String::new(),
        }
    }

    /// Presses Tab until this has the focus.
    fn tab_to(&self, label: &str) {
        let mut seen = vec![self.focus()];
        for _ in 0..80 {
            self.keys(&["Tab"]);
            // The screen follows; when it does, something else has the focus. Two
            // that look the same may follow each other.
            let started = Instant::now();
            let mut focus = self.focus();
            while seen.last() == Some(&focus) && started.elapsed() < Duration::from_millis(500) {
                std::thread::sleep(Duration::from_millis(15));
                focus = self.focus();
            }
            if focus.contains(label) {
                return;
            }
            seen.push(focus);
        }
        panic!("Tab never reached `{label}`, only {seen:#?} on:\n{}", self.screen());
    }

    /// Asserts that the shell has its terminal back: on its own screen, with the
    /// cursor, and with a line discipline that echoes and edits.
    fn is_given_back(&self) {
        let screen = self.until("the shell's prompt", |screen| screen.trim_end().ends_with(PROMPT));
        assert!(!screen.contains("Espresso bar"), "the program's screen is gone:\n{screen}");
        let flags = self.tmux(&["display-message", "-p", "-t", "t", "#{cursor_flag} #{alternate_on}"]);
        assert_eq!(flags.trim(), "1 0", "the cursor is seen, on the ordinary screen");
        self.shell("clear");
        self.until("a prompt alone", |screen| screen.trim() == PROMPT);
        self.shell("stty -a; printf '%s\\n' finished");
        let said = self.until("stty's answer", |screen| screen.lines().any(|line| line.trim() == "finished"));
        let words: Vec<&str> = said.split([' ', '\n', ';']).collect();
        for mode in ["echo", "icanon", "isig", "opost", "icrnl"] {
            assert!(words.contains(&mode), "`{mode}` is off:\n{said}");
        }
        // What is typed is seen: the command itself stands there.
        assert!(said.contains("stty -a"), "{said}");
    }

    /// The process that runs in the pane beside the shell.
    fn program(&self) -> String {
        let shell = self.tmux(&["display-message", "-p", "-t", "t", "#{pane_pid}"]);
        let output = Command::new("ps").args(["-o", "pid=", "--ppid", shell.trim()]).output().expect("ps starts");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Keeps what stands on the screen for people to look at.
    fn picture(&self, name: &str) {
        let file = crate::support::browser::pictures_folder().join(format!("terminal-{name}.txt"));
        std::fs::write(&file, self.screen()).expect("the picture can be written");
        println!("picture: {}", file.display());
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = Command::new("tmux").args(["-L", &self.socket, "kill-server"]).output();
    }
}

/// What is shown reversed on a line with its control sequences.
fn reversed(line: &str) -> String {
    let (mut text, mut on) = (String::new(), false);
    for (at, part) in line.split("\x1b[").enumerate() {
        let rest = match part.split_once('m') {
            Some((codes, rest)) if at > 0 => {
                for code in codes.split(';') {
                    match code {
                        "" | "0" | "27" => on = false,
                        "7" => on = true,
                        _ => {}
                    }
                }
                rest
            }
            _ => part,
        };
        if on {
            text.push_str(rest);
        }
    }
    text.trim().to_owned()
}

#[test]
fn a_coffee_is_ordered_with_the_keyboard_alone() {
    let bundle = sample("coffee");
    let terminal = Terminal::open();
    terminal.coffee(&bundle);
    terminal.sees("Flat White");
    terminal.picture("1-menu");

    terminal.tab_to("Flat White");
    terminal.keys(&["Enter"]);
    terminal.sees("How many");
    terminal.picture("2-product");
    // Esc goes back, and the way in is still there.
    terminal.keys(&["Escape"]);
    terminal.sees("Espresso bar");
    terminal.tab_to("Flat White");
    terminal.keys(&["Enter"]);
    terminal.sees("How many");

    terminal.tab_to("Small");
    terminal.keys(&["Right"]);
    terminal.keys(&["Right"]);
    terminal.sees("(•) Large");
    terminal.tab_to("(•) Whole");
    terminal.keys(&["Right"]);
    terminal.sees("(•) Oat");
    terminal.tab_to("How many");
    terminal.keys(&["BSpace"]);
    terminal.types("2");
    terminal.sees("[2 ");
    terminal.picture("2-product-filled");
    terminal.tab_to("Add to cart");
    terminal.keys(&["Enter"]);
    terminal.sees("In your cart: 2 × Flat White");
    terminal.sees("Cart (2) · $15.00");
    terminal.picture("1-menu-with-cart");

    terminal.tab_to("Cart (2)");
    terminal.keys(&["Enter"]);
    terminal.sees("Your cart");
    terminal.picture("3-cart");
    terminal.tab_to("+");
    terminal.keys(&["Enter"]);
    terminal.sees("$22.50");
    // The focus has stayed where it was, so the same key means the same.
    assert_eq!(terminal.focus(), "[ + ]");
    terminal.tab_to("Check out");
    terminal.keys(&["Enter"]);
    terminal.sees("Your name");
    terminal.picture("4-checkout");

    // Not complete: the fields say so, and what was typed stays.
    terminal.tab_to("Note");
    terminal.types("Extra hot, no q");
    terminal.tab_to("Place order");
    terminal.keys(&["Enter"]);
    let refused = terminal.sees("! Please fill this in.");
    assert!(refused.contains("! Please choose one of these."), "{refused}");
    assert!(refused.contains("Extra hot, no q"), "{refused}");
    terminal.picture("4-checkout-refused");
    terminal.tab_to("Your name");
    terminal.types("Ada");
    terminal.tab_to("Choose");
    terminal.keys(&["Right"]);
    terminal.sees("As soon as possible");
    terminal.tab_to("Place order");
    terminal.keys(&["Enter"]);

    let order = terminal.sees("We have your order.");
    for expected in ["Order 001", "For Ada", "As soon as possible", "3 × Flat White", "$22.50", "Extra hot, no q"] {
        assert!(order.contains(expected), "expected `{expected}` on:\n{order}");
    }
    terminal.picture("5-order");
    // Nobody touches a key: the order comes along by itself.
    terminal.sees("We are on it.");
    terminal.sees("It is on the counter.");
    terminal.picture("5-order-ready");
    terminal.keys(&["q"]);
    terminal.is_given_back();

    // It was kept.
    terminal.coffee(&bundle);
    terminal.tab_to("Orders");
    terminal.keys(&["Enter"]);
    terminal.sees("Order 001");
    terminal.picture("6-orders");
    terminal.keys(&["q"]);
    terminal.is_given_back();
}

#[test]
fn digits_open_tabs_with_nothing_below() {
    let terminal = Terminal::open();
    terminal.coffee(&sample("coffee"));
    let menu = terminal.sees("1 Menu   2 Cart   3 Orders");
    assert!(menu.lines().last().is_some_and(|line| line.contains("1–3  tabs")), "{menu}");
    terminal.keys(&["2"]);
    terminal.sees("Nothing in it yet.");
    terminal.picture("9-tabs");
    terminal.keys(&["3"]);
    terminal.sees("You have not ordered anything yet.");
    terminal.keys(&["Escape"]);
    terminal.sees("there is nothing to go back to");
    terminal.keys(&["1"]);
    terminal.sees("Espresso bar");
    // No tab leads to a product: its page has none, and a digit means nothing.
    terminal.tab_to("Flat White");
    terminal.keys(&["Enter"]);
    let product = terminal.sees("How many");
    assert!(!product.contains("2 Cart"), "{product}");
    terminal.keys(&["Escape"]);
    terminal.sees("1 Menu   2 Cart   3 Orders");
    terminal.keys(&["q"]);
    terminal.is_given_back();
}

#[test]
fn another_size_makes_another_layout() {
    let terminal = Terminal::open();
    terminal.coffee(&sample("coffee"));
    let wide = terminal.sees("Flat White");
    let beside = |screen: &str| screen.lines().any(|line| line.contains("Espresso") && line.contains("Flat White"));
    assert!(beside(&wide), "cards stand beside each other:\n{wide}");
    terminal.tmux(&["resize-window", "-t", "t", "-x", "44", "-y", "24"]);
    let narrow = terminal.until("one card under the other", |screen| screen.contains("Flat White") && !beside(screen));
    assert!(narrow.lines().all(|line| line.chars().count() <= 44), "{narrow}");
    assert!(narrow.lines().count() <= 24, "{narrow}");
    assert!(narrow.lines().last().is_some_and(|line| line.contains("quit")), "the help stays at the foot:\n{narrow}");
    terminal.picture("7-narrow");
    terminal.tmux(&["resize-window", "-t", "t", "-x", "100", "-y", "40"]);
    terminal.until("cards beside each other", beside);
    // Smaller than anything can be shown on, and back: it is still there.
    terminal.tmux(&["resize-window", "-t", "t", "-x", "5", "-y", "2"]);
    terminal.tmux(&["resize-window", "-t", "t", "-x", "100", "-y", "40"]);
    terminal.until("cards beside each other", beside);
    terminal.keys(&["q"]);
    terminal.is_given_back();
}

#[test]
fn ctrl_c_gives_the_terminal_back() {
    let terminal = Terminal::open();
    terminal.coffee(&sample("coffee"));
    terminal.keys(&["C-c"]);
    terminal.is_given_back();
}

#[test]
fn a_signal_gives_the_terminal_back() {
    let terminal = Terminal::open();
    for signal in ["-TERM", "-INT", "-HUP"] {
        terminal.coffee(&sample("coffee"));
        let status = Command::new("kill").args([signal, &terminal.program()]).status().expect("kill starts");
        assert!(status.success(), "{signal}: the program is there");
        terminal.is_given_back();
    }
}

#[test]
fn letters_in_a_field_are_no_commands() {
    let terminal = Terminal::open();
    let bundle = sample("hello");
    terminal.shell(&format!("{} {} --data {}", mprun().display(), bundle.display(), terminal.data.path().display()));
    terminal.sees("Your name");
    terminal.tab_to("Your name");
    // A `q` in a name does not quit.
    terminal.types("Queequeg 魁魁格");
    terminal.keys(&["Enter"]);
    terminal.sees("Hello, Queequeg 魁魁格");
    terminal.picture("8-hello");
    terminal.keys(&["C-c"]);
    terminal.is_given_back();
}
