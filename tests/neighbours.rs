//! Eight attackers beside one victim: whatever they do, everybody else's pages go
//! on, and nobody waits for longer than a moment.

use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::support::client::Client;
use crate::support::server::Server;
use crate::support::{guest, load};

/// What the attackers run, twice each.
const ATTACKS: [&str; 4] = ["loops", "grows", "recurses", "spins"];

/// Threads that send the victim's requests: more than are ever under way.
const SENDERS: usize = 16;

/// Latencies, ascending, each from the moment at which its request was to be sent.
struct Times(Vec<Duration>);

impl Times {
    fn percentile(&self, percent: usize) -> Duration {
        self.0[(self.0.len() * percent / 100).min(self.0.len() - 1)]
    }
}

/// One request of the victim, checked.
fn visit(client: &Client) -> Result<(), String> {
    let page = client.try_get("/miniapp/counter/index").map_err(|error| error.to_string())?;
    match page.status == 200 && page.html.contains("here 0, shared") {
        true => Ok(()),
        false => Err(format!("{}: {}", page.status, page.text())),
    }
}

/// Requests a second that one client gets answered that waits for each answer.
fn rate_alone(server: &Server) -> f64 {
    let client = server.client();
    let warm = Instant::now();
    while warm.elapsed() < Duration::from_millis(300) {
        visit(&client).expect("an answer");
    }
    let (started, mut count) = (Instant::now(), 0.0);
    while started.elapsed() < Duration::from_secs(1) {
        visit(&client).expect("an answer");
        count += 1.0;
    }
    count / started.elapsed().as_secs_f64()
}

/// Sends requests at fixed times for `time`, and returns all latencies. Who is
/// late sends the next ones late too, and that counts.
fn run(server: &Server, rate: f64, time: Duration) -> Times {
    let count = (rate * time.as_secs_f64()) as usize;
    let next = AtomicUsize::new(0);
    let start = Instant::now() + Duration::from_millis(50);
    let mut times: Vec<Duration> = std::thread::scope(|scope| {
        let senders: Vec<_> = (0..SENDERS)
            .map(|_| {
                scope.spawn(|| {
                    let client = server.client();
                    let mut times = Vec::new();
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= count {
                            return times;
                        }
                        let due = start + Duration::from_secs_f64(number as f64 / rate);
                        std::thread::sleep(due.saturating_duration_since(Instant::now()));
                        visit(&client).unwrap_or_else(|error| panic!("request {number} was missed: {error}"));
                        times.push(due.elapsed());
                    }
                })
            })
            .collect();
        senders.into_iter().flat_map(|sender| sender.join().expect("no request is missed")).collect()
    });
    assert_eq!(times.len(), count);
    times.sort();
    Times(times)
}

/// Presses "Go" until told to stop; returns how often it was stopped by a limit.
fn attack(server: &Server, name: &str, stop: &AtomicBool) -> usize {
    let page = server.client().get(&format!("/miniapp/{name}/index"));
    let form = page.form(Some(page.button("Go", 0)));
    let mut ended = 0;
    while !stop.load(Ordering::Relaxed) {
        let answer = page.client().try_post(&page.path, &form).expect("an answer");
        match answer.problem().as_deref() {
            Some("exhausted") => ended += 1,
            // Its own others are in front of it.
            Some("busy") => {}
            other => panic!("{name}: {other:?}: {}", answer.text()),
        }
    }
    ended
}

/// Writes the times where they are seen also of a test that succeeds.
fn report(alone_rate: f64, rate: f64, runs: &[(&str, &Times)], ended: &[(&str, usize)]) {
    let mut text = format!("neighbours: {alone_rate:.0} requests/s alone; then {rate:.0}/s at fixed times:\n");
    for (name, times) in runs {
        let (count, half, most) = (times.0.len(), times.percentile(50), times.percentile(99));
        text.push_str(&format!("  {name:<24} {count:>6} requests, p50 {half:>9.2?}, p99 {most:>9.2?}\n"));
    }
    text.push_str(&format!("  attacks ended by a limit: {ended:?}\n"));
    std::io::stderr().write_all(text.as_bytes()).expect("stderr can be written");
}

#[test]
fn eight_attackers_do_not_keep_others_from_being_served() {
    let mut bundles = vec![guest("counter")];
    bundles.extend(ATTACKS.iter().map(|name| guest(name)));
    let _quiet = load::quiet();
    let server = Server::start(&bundles);
    let alone_rate = rate_alone(&server);
    let rate = alone_rate / 2.0;
    let alone = run(&server, rate, Duration::from_secs(4));

    let stop = AtomicBool::new(false);
    let (beside, ended) = std::thread::scope(|scope| {
        let attackers: Vec<_> =
            ATTACKS.iter().chain(&ATTACKS).map(|name| (name, scope.spawn(|| attack(&server, name, &stop)))).collect();
        // Only when they are at it.
        std::thread::sleep(Duration::from_millis(500));
        // They have to end also where a request was missed.
        let beside =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(&server, rate, Duration::from_secs(8))));
        stop.store(true, Ordering::Relaxed);
        let ended: Vec<_> = attackers
            .into_iter()
            .map(|(name, attacker)| (*name, attacker.join().expect("it was stopped each time")))
            .collect();
        (beside.unwrap_or_else(|panic| std::panic::resume_unwind(panic)), ended)
    });

    report(alone_rate, rate, &[("alone", &alone), ("beside eight attackers", &beside)], &ended);
    assert!(ended.iter().all(|(_, count)| *count > 0), "every attacker attacked: {ended:?}");
    // One call may last for a second. Nobody waits for even one of eight.
    assert!(beside.percentile(99) < Duration::from_secs(1), "p99 {:?}", beside.percentile(99));
}
