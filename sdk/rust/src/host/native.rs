//! A host in memory, for `cargo test`: the same functions with the same limits
//! and errors as the real one, so that what a test sees is what users get.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// What the program is doing, which decides what it may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Launch,
    Load,
    Update,
    View,
}

/// A navigation that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Navigation {
    Open { route: String, parameters: Vec<(String, String)>, reply: Option<Vec<u8>> },
    Redirect { route: String, parameters: Vec<(String, String)> },
    Relaunch { route: String, parameters: Vec<(String, String)> },
    Close { payload: Option<Vec<u8>> },
}

/// A timer that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Running {
    pub(crate) id: u64,
    pub(crate) due_ms: u64,
    pub(crate) page: u64,
    pub(crate) route: String,
    pub(crate) message: Vec<u8>,
}

/// Everything that the host keeps for the one user of a test.
#[derive(Debug, Clone)]
pub(crate) struct Host {
    pub(crate) mode: Mode,
    pub(crate) now_ms: u64,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) storage: BTreeMap<String, Vec<u8>>,
    pub(crate) timers: Vec<Running>,
    pub(crate) toasts: Vec<String>,
    pub(crate) logs: Vec<(u32, String)>,
    pub(crate) navigation: Option<Navigation>,
    /// Interfaces whose functions are denied.
    pub(crate) denied: BTreeSet<String>,
    /// Whether the call may ask for another page.
    pub(crate) may_navigate: bool,
    /// How many pages lie on each other.
    pub(crate) depth: usize,
    /// The page that the call is about.
    pub(crate) page: u64,
    pub(crate) route: String,
    /// Asks of this event.
    pub(crate) asks: u32,
    pub(crate) random: u64,
    pub(crate) next_id: u64,
}

impl Host {
    pub(crate) fn new() -> Self {
        Self {
            mode: Mode::Launch,
            // 2026-01-01T00:00:00Z: a test should not depend on the day it runs.
            now_ms: 1_767_225_600_000,
            environment: [
                ("locale", "en"),
                ("direction", "ltr"),
                ("time-zone", "UTC"),
                ("theme", "light"),
                ("host", "mprun-test"),
                ("contract", "0.1"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec(),
            storage: BTreeMap::new(),
            timers: Vec::new(),
            toasts: Vec::new(),
            logs: Vec::new(),
            navigation: None,
            denied: BTreeSet::new(),
            may_navigate: false,
            depth: 1,
            page: 0,
            route: String::new(),
            asks: 0,
            random: 0x9e37_79b9_7f4a_7c15,
            next_id: 1,
        }
    }

    fn stored_bytes(&self) -> usize {
        self.storage.iter().map(|(key, value)| key.len() + value.len()).sum()
    }
}

thread_local! {
    static HOST: RefCell<Option<Host>> = const { RefCell::new(None) };
}

/// Runs a call of the program with `host` behind the functions.
pub(crate) fn serving<T>(host: &mut Host, mode: Mode, call: impl FnOnce() -> T) -> T {
    host.mode = mode;
    HOST.replace(Some(host.clone()));
    let value = call();
    if let Some(after) = HOST.take() {
        *host = after;
    }
    value
}

/// The functions, under the names that `guest.rs` has them under.
pub(crate) mod calls {
    use super::{HOST, Host, Mode, Navigation, Running};
    use crate::error::{Error, Result};

    const DENIED: u32 = 1;
    const LIMITED: u32 = 2;
    const INVALID: u32 = 3;
    const UNAVAILABLE: u32 = 5;

    const ASKS_MAX: u32 = 16;
    const TIMERS_MAX: usize = 64;
    const TOASTS_MAX: usize = 4;
    const STACK_MAX: usize = 10;
    const KEY_BYTES_MAX: usize = 256;
    const VALUE_BYTES_MAX: usize = 1024 * 1024;
    const STORAGE_BYTES_MAX: usize = 10 * 1024 * 1024;
    const PAYLOAD_BYTES_MAX: usize = 64 * 1024;
    const DELAY_MS_MAX: u64 = 30 * 24 * 60 * 60 * 1_000;

    fn refuse<T>(code: u32, message: impl Into<String>) -> Result<T> {
        Err(Error::of_host(code, message.into(), None))
    }

    /// Every function but `log` goes through here.
    #[allow(clippy::panic, reason = "on the real host such a call traps; the test has to fail")]
    fn call<T>(interface: &str, run: impl FnOnce(&mut Host) -> Result<T>) -> Result<T> {
        HOST.with_borrow_mut(|host| match host {
            None => refuse(UNAVAILABLE, "there is no host: open a page with `mprun::test::open`"),
            Some(host) if host.mode == Mode::View => {
                panic!("`view` has to be pure: it called `{interface}` (page `{}`)", host.route)
            }
            Some(host) if host.denied.contains(interface) => {
                refuse(DENIED, format!("`{interface}` is not granted: `req_permissions` of manifest.json"))
            }
            Some(host) => run(host),
        })
    }

    fn ask(interface: &str, run: impl FnOnce(&mut Host) -> Result) -> Result<u64> {
        call(interface, |host| {
            if host.asks >= ASKS_MAX {
                return refuse(LIMITED, format!("more than {ASKS_MAX} asks in one event"));
            }
            run(host)?;
            host.asks += 1;
            host.next_id += 1;
            Ok(host.next_id - 1)
        })
    }

    pub(crate) fn log_write(level: u32, message: &str) {
        HOST.with_borrow_mut(|host| {
            if let Some(host) = host {
                host.logs.push((level, message.to_owned()));
            }
        });
    }

    pub(crate) fn clock_now() -> Result<u64> {
        call("clock", |host| Ok(host.now_ms))
    }

    pub(crate) fn random_bytes(length: u32) -> Result<Vec<u8>> {
        call("random", |host| {
            if length > 64 * 1024 {
                return refuse(LIMITED, format!("expected at most 65536 bytes, got {length}"));
            }
            // Any fixed sequence does: tests are to be repeatable.
            Ok((0..length)
                .map(|_| {
                    host.random = host.random.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
                    (host.random >> 56) as u8
                })
                .collect())
        })
    }

    pub(crate) fn system_info() -> Result<Vec<(String, String)>> {
        call("system", |host| Ok(host.environment.clone()))
    }

    fn check_key(key: &str) -> Result {
        match key.len() {
            1..=KEY_BYTES_MAX => Ok(()),
            length => refuse(INVALID, format!("expected a key of 1 to {KEY_BYTES_MAX} bytes, got {length}")),
        }
    }

    pub(crate) fn storage_get(key: &str) -> Result<Option<Vec<u8>>> {
        call("storage", |host| {
            check_key(key)?;
            Ok(host.storage.get(key).cloned())
        })
    }

    pub(crate) fn storage_set(key: &str, value: &[u8]) -> Result {
        call("storage", |host| {
            check_key(key)?;
            if value.len() > VALUE_BYTES_MAX {
                return refuse(LIMITED, format!("expected at most {VALUE_BYTES_MAX} bytes, got {}", value.len()));
            }
            let old = host.storage.get(key).map_or(0, |old| key.len() + old.len());
            if host.stored_bytes() - old + key.len() + value.len() > STORAGE_BYTES_MAX {
                return refuse(LIMITED, format!("more than {STORAGE_BYTES_MAX} bytes in all"));
            }
            host.storage.insert(key.to_owned(), value.to_vec());
            Ok(())
        })
    }

    pub(crate) fn storage_delete(key: &str) -> Result<bool> {
        call("storage", |host| {
            check_key(key)?;
            Ok(host.storage.remove(key).is_some())
        })
    }

    pub(crate) fn storage_keys(prefix: &str, after: Option<&str>, limit: u32) -> Result<Vec<String>> {
        call("storage", |host| {
            let keys = host.storage.keys().filter(|key| key.starts_with(prefix));
            let keys = keys.filter(|key| after.is_none_or(|after| key.as_str() > after));
            Ok(keys.take(limit.min(1_000) as usize).cloned().collect())
        })
    }

    pub(crate) fn storage_usage() -> Result<(u64, u64)> {
        call("storage", |host| Ok((host.stored_bytes() as u64, STORAGE_BYTES_MAX as u64)))
    }

    fn navigate(navigation: Navigation) -> Result<u64> {
        ask("navigation", |host| {
            if host.mode != Mode::Update || !host.may_navigate {
                return refuse(INVALID, "navigation is only possible in `update` of a page");
            }
            if host.navigation.is_some() {
                return refuse(INVALID, "expected one navigation in an event, got a second");
            }
            match &navigation {
                Navigation::Open { parameters, .. }
                | Navigation::Redirect { parameters, .. }
                | Navigation::Relaunch { parameters, .. } => {
                    let bytes: usize = parameters.iter().map(|(name, value)| name.len() + value.len()).sum();
                    if parameters.len() > 32 || bytes > 2 * 1024 {
                        return refuse(INVALID, "expected at most 32 parameters of together 2 KiB");
                    }
                }
                Navigation::Close { payload } => {
                    if payload.as_ref().is_some_and(|payload| payload.len() > PAYLOAD_BYTES_MAX) {
                        return refuse(INVALID, format!("expected at most {PAYLOAD_BYTES_MAX} bytes of a result"));
                    }
                }
            }
            if matches!(navigation, Navigation::Open { .. }) && host.depth >= STACK_MAX {
                return refuse(LIMITED, format!("{STACK_MAX} pages lie on each other"));
            }
            host.navigation = Some(navigation);
            Ok(())
        })
    }

    pub(crate) fn navigation_open(route: &str, parameters: &[(String, String)], reply: Option<&[u8]>) -> Result<u64> {
        let (route, parameters) = (route.to_owned(), parameters.to_vec());
        navigate(Navigation::Open { route, parameters, reply: reply.map(<[u8]>::to_vec) })
    }

    pub(crate) fn navigation_redirect(route: &str, parameters: &[(String, String)]) -> Result<u64> {
        navigate(Navigation::Redirect { route: route.to_owned(), parameters: parameters.to_vec() })
    }

    pub(crate) fn navigation_relaunch(route: &str, parameters: &[(String, String)]) -> Result<u64> {
        navigate(Navigation::Relaunch { route: route.to_owned(), parameters: parameters.to_vec() })
    }

    pub(crate) fn navigation_close(payload: Option<&[u8]>) -> Result<u64> {
        navigate(Navigation::Close { payload: payload.map(<[u8]>::to_vec) })
    }

    pub(crate) fn timer_after(delay_ms: u64, message: &[u8]) -> Result<u64> {
        ask("timer", |host| {
            if delay_ms > DELAY_MS_MAX {
                return refuse(INVALID, format!("expected at most 30 days, got {delay_ms} ms"));
            }
            if host.timers.len() >= TIMERS_MAX {
                return refuse(LIMITED, format!("{TIMERS_MAX} timers are open"));
            }
            host.timers.push(Running {
                id: host.next_id,
                due_ms: host.now_ms.saturating_add(delay_ms),
                page: host.page,
                route: host.route.clone(),
                message: message.to_vec(),
            });
            Ok(())
        })
    }

    pub(crate) fn timer_cancel(id: u64) -> Result<bool> {
        call("timer", |host| {
            let before = host.timers.len();
            host.timers.retain(|timer| timer.id != id);
            Ok(host.timers.len() < before)
        })
    }

    pub(crate) fn toast_show(text: &str) -> Result<u64> {
        ask("toast", |host| {
            let count = text.chars().count();
            if !(1..=200).contains(&count) || text.chars().any(char::is_control) {
                return refuse(INVALID, "expected one line of 1 to 200 characters");
            }
            if host.toasts.len() >= TOASTS_MAX {
                return refuse(LIMITED, format!("{TOASTS_MAX} toasts are waiting"));
            }
            host.toasts.push(text.to_owned());
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Host, Mode, calls, serving};
    use crate::error::{ErrorKind, Result};

    fn kind<T>(result: Result<T>) -> Option<ErrorKind> {
        result.err().map(|error| error.kind())
    }

    #[test]
    fn storage_has_the_limits_of_the_contract() {
        let mut host = Host::new();
        serving(&mut host, Mode::Update, || {
            assert_eq!(kind(calls::storage_set("", b"x")), Some(ErrorKind::Invalid));
            assert_eq!(kind(calls::storage_set(&"k".repeat(257), b"x")), Some(ErrorKind::Invalid));
            assert_eq!(kind(calls::storage_set("k", &vec![0; 1024 * 1024 + 1])), Some(ErrorKind::Limited));
            for number in 0..9 {
                assert_eq!(kind(calls::storage_set(&number.to_string(), &vec![0; 1024 * 1024])), None);
            }
            assert_eq!(kind(calls::storage_set("9", &vec![0; 1024 * 1024])), Some(ErrorKind::Limited));
            // The old value of a key does not count when there is a new one.
            assert_eq!(kind(calls::storage_set("8", &vec![0; 1024 * 1024])), None);
            assert_eq!(calls::storage_usage(), Ok((9 * 1024 * 1024 + 9, 10 * 1024 * 1024)));
            assert_eq!(calls::storage_delete("8"), Ok(true));
            assert_eq!(calls::storage_delete("8"), Ok(false));
            assert_eq!(calls::storage_keys("", Some("5"), 2), Ok(vec!["6".to_owned(), "7".to_owned()]));
        });
    }

    #[test]
    fn asks_have_the_limits_of_the_contract() {
        let mut host = Host::new();
        host.may_navigate = true;
        serving(&mut host, Mode::Update, || {
            let many = vec![("n".to_owned(), "v".to_owned()); 33];
            assert_eq!(kind(calls::navigation_open("menu", &many, None)), Some(ErrorKind::Invalid));
            assert_eq!(kind(calls::navigation_close(Some(&[0; 64 * 1024 + 1]))), Some(ErrorKind::Invalid));
            assert_eq!(kind(calls::navigation_close(None)), None);
            assert_eq!(kind(calls::navigation_close(None)), Some(ErrorKind::Invalid));
            assert_eq!(kind(calls::timer_after(30 * 24 * 3_600_000 + 1, b"")), Some(ErrorKind::Invalid));
            for text in ["", "a\nb", &"x".repeat(201)] {
                assert_eq!(kind(calls::toast_show(text)), Some(ErrorKind::Invalid));
            }
            for _ in 0..15 {
                assert_eq!(kind(calls::timer_after(1, b"")), None);
            }
            assert_eq!(kind(calls::timer_after(1, b"")), Some(ErrorKind::Limited));
        });
        assert_eq!(host.timers.len(), 15);
        assert_eq!(kind(calls::clock_now()), Some(ErrorKind::Unavailable));
    }

    #[test]
    #[should_panic(expected = "`view` has to be pure: it called `clock`")]
    fn a_view_that_calls_the_host_fails_the_test() {
        let mut host = Host::new();
        let _ = serving(&mut host, Mode::View, calls::clock_now);
    }
}
