//! Programs that misbehave, each ended by its own limit: the user reads what
//! happened and finds the way back, and nothing of it was kept.

use std::time::{Duration, Instant};

use mprun_core::budget::{Budget, Limits};
use mprun_frame::limits::FrameLimits;
use mprun_host::{HostConfig, PageError};

use crate::support::client::Page;
use crate::support::guest;
use crate::support::local::{Local, user};
use crate::support::server::Server;

/// How an attempt to press "Go" ends.
enum Ending {
    /// An error page that names this limit.
    Limit(&'static str),
    /// An error page of this kind, with these words for the developer.
    Broken(&'static str, &'static str),
    /// The page itself, with these words of the program.
    Alert(&'static str),
}
use Ending::{Alert, Broken, Limit};

/// Each guest, and how it ends.
const HOSTILE: &[(&str, Ending)] = &[
    ("loops", Limit("fuel")),
    ("grows", Limit("memory")),
    ("recurses", Limit("stack")),
    ("hoards", Limit("host-call-bytes")),
    ("swells", Limit("state-bytes")),
    ("spins", Limit("fuel")),
    ("deep", Limit("frame-depth")),
    ("many", Limit("frame-nodes")),
    ("large", Limit("frame-bytes")),
    ("traps", Broken("trap", "unreachable")),
    ("panics", Broken("trap", "index out of bounds")),
    ("refuses", Alert("The kitchen is closed")),
    ("nags", Alert("16 timers, then it was limited")),
];

fn entry(name: &str) -> String {
    format!("/miniapp/{name}/index")
}

/// An error page as people and developers see it, and the way back.
fn check_problem(name: &str, page: &Page, kind: &str, said: &str) -> Page {
    assert_eq!(page.problem().as_deref(), Some(kind), "{name}: {}", page.text());
    assert_eq!(page.status, 500, "{name}");
    assert!(page.detail().contains(said), "{name}: expected `{said}` in: {}", page.detail());
    assert!(page.text().contains("Nothing was changed"), "{name}: {}", page.text());
    let plain = page.text().replace(&page.detail(), "").to_lowercase().replace(name, "it");
    for word in ["wasm", "trap", "fuel", "panic", "limit"] {
        assert!(!plain.contains(word), "{name}: `{word}` is no word for users: {plain}");
    }
    page.follow("Back to the page")
}

#[test]
fn a_program_that_misbehaves_is_ended_by_its_own_limit() {
    let names: Vec<_> = HOSTILE.iter().map(|(name, _)| guest(name)).collect();
    let server = Server::start(&names);
    for (name, ending) in HOSTILE {
        let client = server.client();
        let page = client.get(&entry(name)).press("Count").press("Count").assert_text("Count: 2");
        let after = page.press("Go");
        let back = match ending {
            Limit(limit) => check_problem(name, &after, "exhausted", &format!("limit: {limit}")),
            Broken(kind, said) => check_problem(name, &after, kind, said),
            Alert(said) => {
                assert_eq!((after.status, after.problem()), (200, None), "{name}");
                assert!(after.alert().contains(said), "{name}: expected `{said}` in: {}", after.alert());
                after
            }
        };
        assert_eq!(back.status, 200, "{name}: {}", back.text());
        let back = back.assert_text("Count: 2");
        // It lives on.
        back.press("Count").assert_text("Count: 3");
    }
}

#[test]
fn a_panic_tells_the_developer_the_file_and_the_line() {
    let source =
        std::fs::read_to_string(crate::support::root().join("tests/guests/panics/src/lib.rs")).expect("source");
    let line = 1 + source.lines().position(|line| line.contains("orders[self.count")).expect("the line that panics");
    let server = Server::start(&[guest("panics")]);
    let page = server.client().get(&entry("panics")).press("Go");
    let place = format!("tests/guests/panics/src/lib.rs:{line}:");
    assert!(page.detail().contains(&place), "expected `{place}` in: {}", page.detail());
    let home = std::env::var("HOME").expect("a home folder");
    assert!(!page.html.contains(&home), "the folders of this machine are nobody's business");
    check_problem("panics", &page, "trap", &place);
}

#[test]
fn a_program_that_misbehaves_while_it_opens_leads_back_too() {
    let server = Server::start(&[guest("moody"), guest("counter")]);
    let client = server.client();
    for (mood, status, kind, said) in [
        ("loop", 500, "exhausted", "limit: fuel"),
        ("grow", 500, "exhausted", "limit: memory"),
        ("panic", 500, "trap", "in a bad mood"),
        ("refuse", 500, "guest", "Come back tomorrow"),
        ("missing", 404, "not-found", "not-found"),
    ] {
        let page = client.get(&format!("/miniapp/moody/index?mood={mood}"));
        assert_eq!((page.status, page.problem().as_deref()), (status, Some(kind)), "{mood}: {}", page.text());
        assert!(page.detail().contains(said), "{mood}: {}", page.detail());
        page.follow("Start of Moody").assert_text("In a good mood");
    }
    client.get(&entry("counter")).press("Add").assert_text("here 1, shared 1, stored 1.");
}

/// The limit that ended a call.
fn limit(error: PageError) -> &'static str {
    error.limit().unwrap_or_else(|| panic!("expected a limit, got {error}")).name()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_deadline_ends_what_fuel_would_not() {
    let budget = Budget { fuel: u64::MAX / 4, deadline: Duration::from_millis(200), ..Budget::default() };
    let local = Local::start(HostConfig { budget, instances_max: 8, ..HostConfig::default() }).await;
    let ada = user("ada");
    for name in ["loops", "spins"] {
        let program = local.install(&guest(name)).await;
        let page = local.open(&program, &ada).await.expect("the page opens");
        let started = Instant::now();
        let error = local.press(&page, &ada, "Go").await.expect_err("it is stopped");
        assert_eq!(limit(error), "deadline", "{name}");
        assert!(started.elapsed() >= Duration::from_millis(200), "{name}: {:?}", started.elapsed());
        // Generous: two calls may each take it all, and machines may be slow.
        assert!(started.elapsed() < Duration::from_secs(5), "{name}: {:?}", started.elapsed());
        local.press(&page, &ada, "Count").await.expect("the page is as it was");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_number_of_the_budget_binds() {
    let usual = Budget::default;
    let cases = [
        ("counter", "Add", "fuel", Budget { fuel: 2_000, ..usual() }),
        ("grows", "Go", "memory", Budget { memory_bytes_max: 3 * 1024 * 1024, ..usual() }),
        ("counter", "Add", "host-call-bytes", Budget { host_call_bytes_max: 3, ..usual() }),
        (
            "loops",
            "Count",
            "frame-nodes",
            Budget { frame: FrameLimits { nodes_max: 3, ..FrameLimits::default() }, ..usual() },
        ),
        (
            "loops",
            "Count",
            "frame-depth",
            Budget { frame: FrameLimits { depth_max: 1, ..FrameLimits::default() }, ..usual() },
        ),
        (
            "loops",
            "Count",
            "frame-bytes",
            Budget { frame: FrameLimits { bytes_max: 8, ..FrameLimits::default() }, ..usual() },
        ),
    ];
    for (name, button, expected, budget) in cases {
        let local = Local::start(HostConfig { budget, instances_max: 8, ..HostConfig::default() }).await;
        let (program, ada) = (local.install(&guest(name)).await, user("ada"));
        // One that is too small for the program at all shows no page.
        let error = match local.open(&program, &ada).await {
            Ok(page) => match local.json(&page) {
                Ok(_) => local.press(&page, &ada, button).await.expect_err("it is stopped"),
                Err(error) => error,
            },
            Err(error) => error,
        };
        assert_eq!(limit(error), expected, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asks_and_values_beyond_their_limits_are_refused_and_end_nothing() {
    let budget = Budget { asks_per_event_max: 3, ..Budget::default() };
    let limits = Limits { storage_value_bytes_max: 1_000, ..Limits::default() };
    let local = Local::start(HostConfig { budget, limits, instances_max: 8, ..HostConfig::default() }).await;
    let ada = user("ada");
    let program = local.install(&guest("nags")).await;
    let page = local.open(&program, &ada).await.expect("the page opens");
    let page = local.press(&page, &ada, "Go").await.expect("the program goes on");
    assert_eq!(page.alert.expect("an alert").text, "3 timers, then it was limited");

    let program = local.install(&guest("hoards")).await;
    let page = local.open(&program, &ada).await.expect("the page opens");
    let page = local.press(&page, &ada, "Go").await.expect("the program goes on");
    assert!(page.alert.is_some(), "the program was told that the value is too large");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_too_long_is_told_that_the_host_is_busy() {
    let budget = Budget { fuel: u64::MAX / 4, deadline: Duration::from_secs(2), ..Budget::default() };
    let queue_wait = Duration::from_millis(100);
    // Four instances, of which one program may have one.
    let local =
        Local::start(HostConfig { budget, instances_max: 4, cores: 1, queue_wait, ..HostConfig::default() }).await;
    let (loops, counter) = (local.install(&guest("loops")).await, local.install(&guest("counter")).await);
    let (ada, bob) = (user("ada"), user("bob"));
    let of_ada = local.open(&loops, &ada).await.expect("the page opens");
    let of_bob = local.open(&loops, &bob).await.expect("the page opens");

    let others = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let started = Instant::now();
        let error = local.press(&of_bob, &bob, "Count").await.expect_err("the program is at work");
        assert!(matches!(error, PageError::Busy { .. }), "{error}");
        assert!(started.elapsed() >= queue_wait);
        // Another program has instances of its own.
        let page = local.open(&counter, &bob).await.expect("the neighbour answers");
        local.press(&page, &bob, "Add").await.expect("the neighbour answers");
    };
    let (ended, ()) = tokio::join!(local.press(&of_ada, &ada, "Go"), others);
    assert_eq!(limit(ended.expect_err("it is stopped")), "deadline");
    local.press(&of_bob, &bob, "Count").await.expect("the program is free again");
}
