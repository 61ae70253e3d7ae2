//! What was acknowledged is there, and once: after the server was killed, after
//! two tabs worked at the same time, after a form was sent twice or too late.

use std::time::Duration;

use crate::support::client::{Client, Page};
use crate::support::guest;
use crate::support::server::Server;

/// How often the server is killed.
const KILLS: u32 = 100;

/// A pseudo-random number: the moments differ, and are the same in each run.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

/// Sends a form until a server answers.
fn send(client: &Client, path: &str, form: &[(String, String)]) -> Page {
    for _ in 0..50 {
        // Connections to the server that is gone may still be in the pool.
        match client.try_post(path, form) {
            Ok(page) => return page,
            Err(_) => std::thread::sleep(Duration::from_millis(20)),
        }
    }
    panic!("{path}: no answer")
}

fn reload(page: &Page) -> Page {
    (0..50).find_map(|_| page.client().try_get(&page.path).ok()).expect("an answer")
}

fn counted(taps: u32) -> String {
    format!("here {taps}, shared {taps}, stored {taps}.")
}

#[test]
fn a_server_killed_between_two_taps_keeps_what_it_acknowledged_and_doubles_nothing() {
    let mut server = Server::start(&[guest("counter")]);
    let mut page = server.client().get("/miniapp/counter/index").press("Add").assert_text(&counted(1));
    let mut seed = 20_261_122;
    let (mut lost_answers, mut kept) = (0, 0);
    for round in 0..KILLS {
        let before = 1 + round;
        let form = page.form(Some(page.button("Add", 0)));
        let (client, path) = (page.client().clone(), page.path.clone());
        // Every other time while the request is certainly under way.
        let moment = Duration::from_micros(random(&mut seed) % if round % 2 == 0 { 30_000 } else { 4_000 });
        let answer = std::thread::scope(|scope| {
            let tap = scope.spawn(|| client.try_post(&path, &form));
            std::thread::sleep(moment);
            server.kill_and_restart();
            tap.join().expect("the tap does not panic")
        });
        // Where the last acknowledged event left it, or one further: the answer may
        // have been lost, the event not.
        let now = reload(&page).text();
        let (old, new) = (now.contains(&counted(before)), now.contains(&counted(before + 1)));
        assert!(old || new, "round {round}: {now}");
        match answer {
            Ok(answer) if answer.status == 200 && answer.text().contains(&counted(before + 1)) => {
                assert!(new, "round {round}: acknowledged, and gone: {now}");
            }
            _ => lost_answers += 1,
        }
        kept += u32::from(new);
        // Whoever got no answer presses again. The same form, the same event.
        page = send(&client, &path, &form).assert_text(&counted(before + 1));
    }
    println!("{KILLS} kills: {lost_answers} answers lost, {kept} events committed before the kill");
    assert!(lost_answers > 0, "no kill hit a request in flight: the moments are badly chosen");
    assert!(kept > 0, "every kill came before the commit: the moments are badly chosen");
}

#[test]
fn two_tabs_that_add_to_the_same_number_lose_no_addition() {
    const TAPS: u32 = 20;
    let server = Server::start(&[guest("counter")]);
    let client = server.client();
    // The cookie comes with the first page.
    client.get("/miniapp/counter/index");
    let tabs: Vec<_> = (0..2).map(|_| client.get("/miniapp/counter/index")).collect();
    let ends: Vec<_> = std::thread::scope(|scope| {
        let taps: Vec<_> =
            tabs.into_iter().map(|tab| scope.spawn(|| (0..TAPS).fold(tab, |tab, _| tab.press("Add")))).collect();
        taps.into_iter().map(|tab| tab.join().expect("every tap is answered")).collect()
    });
    for end in &ends {
        assert!(end.text().contains(&format!("here {TAPS}, shared")), "{}", end.text());
        assert!(reload(end).text().contains(&format!("shared {}", 2 * TAPS)), "{}", end.text());
    }
    let all = client.get("/miniapp/counter/index");
    all.assert_text(&format!("here 0, shared {0}, stored {0}.", 2 * TAPS));
}

#[test]
fn the_same_form_sent_twice_counts_once() {
    let server = Server::start(&[guest("counter")]);
    let client = server.client();
    let fresh = client.get("/miniapp/counter/index");
    let form = fresh.form(Some(fresh.button("Add", 0)));
    // A page that is not stored yet, and one that is.
    let first = send(&client, &fresh.path, &form).assert_text(&counted(1));
    send(&client, &fresh.path, &form).assert_text(&counted(1));
    let form = first.form(Some(first.button("Add", 0)));
    // A double click: both are under way at once.
    let answers: Vec<_> = std::thread::scope(|scope| {
        let clicks: Vec<_> = (0..4).map(|_| scope.spawn(|| send(&client, &first.path, &form))).collect();
        clicks.into_iter().map(|click| click.join().expect("an answer")).collect()
    });
    for answer in answers {
        answer.assert_text(&counted(2));
    }
    reload(&first).press("Add").assert_text(&counted(3));
}

#[test]
fn what_the_page_no_longer_offers_is_refused_and_what_was_typed_is_kept() {
    let server = Server::start(&[guest("agreed")]);
    let page = server.client().get("/miniapp/agreed/index").press("Add").assert_text("Total 5, paid 0");
    // The same page in two windows: one shows what is not true any more.
    let old = page.reload().fill("Note", "ring twice");
    page.press("Add").assert_text("Total 10, paid 0");
    let refused = old.press("Pay").assert_text("Total 10, paid 0");
    assert_eq!(refused.status, 200);
    assert!(refused.alert().contains("changed meanwhile"), "{}", refused.alert());
    assert_eq!(refused.value("Note"), "ring twice");
    // Now they have seen it.
    refused.press("Pay").assert_text("Total 10, paid 10, note: ring twice.");
}

#[test]
fn a_page_that_was_changed_elsewhere_still_takes_what_it_offers() {
    let server = Server::start(&[guest("agreed")]);
    let page = server.client().get("/miniapp/agreed/index").press("Add");
    let old = page.reload();
    page.press("Add").assert_text("Total 10");
    // "Add" means the same as before.
    old.press("Add").assert_text("Total 15");
}
