//! What is kept, for how long, and how much is fetched at the same time.

use futures_util::future::join_all;

use super::*;
use crate::remote::fetch::PICTURE_BYTES_MAX;
use crate::remote::kind::Kind;
use crate::remote::server::{Act, GIF, Here, Server, answer};

const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(250);
const TIMES: Times = Times { turn: LONG, picture: LONG, failure: LONG };

fn store(times: Times) -> Arc<Store> {
    Store::with(OnceLock::from(Some(Fetcher::local(Here, false, LONG))), times)
}

/// A server whose pictures come a little later.
async fn later(time: Duration) -> Server {
    Server::start(move |_| vec![Act::Pause(time), Act::Say(answer(GIF, "image/gif"))]).await
}

fn nothing_is_left(store: &Store) -> bool {
    let pending = store.pending();
    pending.flights.is_empty() && pending.programs.is_empty()
}

#[tokio::test]
async fn who_wants_the_same_waits_for_the_same() {
    let (server, store) = (later(SHORT).await, store(TIMES));
    let (url, other) = (server.url("/a.gif"), server.url("/a.gif?size=2"));
    let all = (0..30).map(|place| store.get(if place % 2 == 0 { "cafe" } else { "shop" }, &url));
    let all = join_all(all).await;
    assert!(all.iter().all(|outcome| outcome.as_ref().is_ok_and(|picture| picture.bytes == GIF)), "{all:?}");
    assert!(store.get("cafe", &url).await.is_ok());
    assert_eq!(server.connections(), 1);
    assert!(store.get("cafe", &other).await.is_ok());
    assert_eq!(server.connections(), 2, "another address is another picture");
    assert!(nothing_is_left(&store));
}

#[tokio::test]
async fn what_is_kept_is_kept_for_its_time() {
    let picture_or_nothing = |head: &str| {
        let nothing = b"HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n".to_vec();
        vec![Act::Say(if head.contains("/a.gif") { answer(GIF, "image/gif") } else { nothing })]
    };
    let (server, gone) = (Server::start(picture_or_nothing).await, Err(FetchError::Status(404)));
    let (good, bad) = (server.url("/a.gif"), server.url("/b.gif"));
    let store_of = |picture, failure| store(Times { turn: LONG, picture, failure });
    let (store, before) = (store_of(LONG, Duration::ZERO), server.connections());
    for round in 1..=3 {
        assert!(store.get("cafe", &good).await.is_ok());
        assert_eq!(store.get("cafe", &bad).await, gone);
        assert_eq!(server.connections() - before, 1 + round, "a failure is forgotten, a picture is not");
    }
    let (store, before) = (store_of(Duration::ZERO, LONG), server.connections());
    for round in 1..=3 {
        assert!(store.get("cafe", &good).await.is_ok());
        assert_eq!(store.get("cafe", &bad).await, gone);
        assert_eq!(server.connections() - before, 1 + round, "a picture is forgotten, a failure is not");
    }
}

#[tokio::test]
async fn so_many_are_fetched_at_once_and_the_others_wait() {
    let pictures = |store: &Arc<Store>, server: &Server, app_id: &str, count: usize| {
        let urls = (0..count).map(|number| server.url(&format!("/{app_id}/{number}.gif")));
        let urls: Vec<Url> = urls.collect();
        let (store, app_id) = (Arc::clone(store), app_id.to_owned());
        async move { join_all(urls.iter().map(|url| store.get(&app_id, url))).await }
    };
    let (server, one) = (later(SHORT).await, store(TIMES));
    let all = pictures(&one, &server, "cafe", 12).await;
    assert!(all.iter().all(Result::is_ok), "{all:?}");
    assert_eq!(server.paused_most(), AT_ONCE_OF_PROGRAM_MAX);

    let (server, many) = (later(SHORT).await, store(TIMES));
    let programs: Vec<String> = (0..8).map(|number| format!("app-{number}")).collect();
    let all = join_all(programs.iter().map(|app_id| pictures(&many, &server, app_id, 6))).await;
    assert!(all.iter().flatten().all(Result::is_ok));
    assert_eq!(server.paused_most(), AT_ONCE_MAX);
    assert!(nothing_is_left(&one) && nothing_is_left(&many));
}

#[tokio::test]
async fn who_has_waited_long_enough_is_told_to_come_back() {
    let (server, store) = (later(LONG).await, store(Times { turn: SHORT, ..TIMES }));
    let urls: Vec<Url> = (0..6).map(|number| server.url(&format!("/{number}.gif"))).collect();
    let flights: Vec<Flight> = urls.iter().filter_map(|url| store.begin("cafe", url).ok()).collect();
    let (slow, waiting) = flights.split_at(AT_ONCE_OF_PROGRAM_MAX);
    let waiting = join_all(waiting.iter().cloned()).await;
    assert_eq!(waiting, [Err(FetchError::Busy), Err(FetchError::Busy)]);
    assert!(slow.iter().all(|flight| flight.peek().is_none()));
    // Others have their own turns, and what was not tried is not held against it.
    let quick = later(Duration::ZERO).await;
    assert!(store.get("shop", &quick.url("/a.gif")).await.is_ok());
    assert!(store.kept(blake3::hash(urls[5].as_str().as_bytes()).as_bytes()).is_none());
}

#[tokio::test]
async fn more_than_can_wait_are_refused_at_once() {
    let (server, store) = (later(LONG).await, store(TIMES));
    let begin = |app_id: &str, number: usize| {
        let url = server.url(&format!("/{app_id}/{number}.gif"));
        store.begin(app_id, &url).map(drop)
    };
    for number in 0..PENDING_OF_PROGRAM_MAX {
        assert_eq!(begin("cafe", number), Ok(()));
    }
    assert_eq!(begin("cafe", PENDING_OF_PROGRAM_MAX), Err(Err(FetchError::Busy)));
    assert_eq!(begin("cafe", 0), Ok(()), "that one is under way");
    for place in PENDING_OF_PROGRAM_MAX..PENDING_MAX {
        assert_eq!(begin(&format!("app-{}", place / 50), place), Ok(()));
    }
    assert_eq!(begin("another", 0), Err(Err(FetchError::Busy)));
}

#[tokio::test]
async fn fetching_goes_on_when_nobody_waits_any_more() {
    let (server, store) = (later(SHORT).await, store(TIMES));
    let url = server.url("/a.gif");
    assert!(timeout(SHORT / 5, store.get("cafe", &url)).await.is_err(), "it takes longer");
    assert!(store.get("cafe", &url).await.is_ok());
    assert_eq!(server.connections(), 1);
}

#[test]
fn what_is_kept_is_bounded() {
    let store = store_without_runtime();
    let bytes = vec![7_u8; PICTURE_BYTES_MAX];
    let picture = |bytes: &[u8]| Picture { bytes: bytes.to_vec().into(), kind: Kind::Gif };
    store.keep([255; 32], &Ok(picture(&bytes)));
    assert!(store.kept(&[255; 32]).is_some(), "the largest one has room");
    for number in 0..200_u8 {
        store.keep([number; 32], &Ok(picture(&bytes[..1 << 20])));
        let mut other = [number; 32];
        other[0] = 255;
        store.keep(other, &Err(FetchError::Kind));
    }
    let kept = store.kept.weight();
    assert!(kept > KEPT_BYTES_MAX / 4 && kept <= KEPT_BYTES_MAX, "{kept}");
}

fn store_without_runtime() -> Arc<Store> {
    Store::with(OnceLock::from(None), TIMES)
}
