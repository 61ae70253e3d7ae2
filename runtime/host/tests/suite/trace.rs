//! What is kept for whoever writes a program: what happened on its pages, what that
//! used, and the way back to states that they had before.

use mprun_core::identity::PageId;
use mprun_host::{Environment, EventRequest, HostConfig, Open, Showing, Traced, TravelError};

use crate::support::{Stage, bundle, shown};

async fn traced(stage: &Stage, page: PageId) -> Traced {
    stage.host.traced(&stage.program, &stage.user, Some(page)).await.unwrap().unwrap()
}

async fn kinds(stage: &Stage, page: PageId) -> Vec<String> {
    traced(stage, page).await.events.into_iter().map(|event| event.kind).collect()
}

async fn travel(stage: &Stage, page: PageId, to: u64) -> Result<(), TravelError> {
    stage.host.travel(&stage.program, &stage.user, page, to).await
}

fn on() -> HostConfig {
    HostConfig { trace: true, ..HostConfig::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn three_presses_are_three_events_and_lead_back() {
    let stage = Stage::with(on()).await;
    let mut page = stage.open("first").await;
    let id = page.page().unwrap();
    assert!(traced(&stage, id).await.events.is_empty(), "looking is no event");
    for _ in 0..3 {
        page = stage.press(&page, "I").await;
    }
    let told = traced(&stage, id).await;
    let numbers: Vec<_> = told.events.iter().map(|event| (event.seq, event.revision)).collect();
    assert_eq!(numbers, [(1, 1), (2, 2), (3, 3)]);
    for event in &told.events {
        assert_eq!((event.kind.as_str(), event.label.as_deref()), ("tap", Some("I")));
        let spent = event.spent;
        assert!(spent.update.fuel > 0 && spent.view.fuel > 0 && spent.commit.us > 0, "{spent:?}");
        // The page was not stored before its first event: that made it.
        assert_eq!(spent.load.fuel > 0, event.seq == 1, "{spent:?}");
        assert_eq!(event.showing, None);
    }
    assert_eq!((told.at, told.app.as_deref(), told.page.as_deref()), (3, Some(&b""[..]), Some(&[3][..])));

    let showing = Showing { render_us: 5, diff_us: 7, patch_bytes: Some(40) };
    stage.host.trace_shown(&stage.program, &stage.user, id, 3, showing);
    let told = traced(&stage, id).await;
    assert_eq!(told.events.iter().map(|event| event.showing).collect::<Vec<_>>(), [None, None, Some(showing)]);

    let mut changes = stage.host.changes();
    travel(&stage, id, 1).await.unwrap();
    assert_eq!(changes.try_recv().map(|change| change.revision), Ok(4), "open pages are told");
    let told = traced(&stage, id).await;
    assert_eq!((told.at, told.page.as_deref(), told.events.len()), (1, Some(&[1][..]), 3));
    let then = stage.page(id).await;
    assert_eq!((shown(&then), then.revision), ("1", 4));
    // It goes on from there, as the newest of all.
    assert_eq!(shown(&stage.press(&then, "I").await), "2");
    let told = traced(&stage, id).await;
    assert_eq!((told.at, told.events.last().map(|event| event.seq)), (4, Some(4)));
    travel(&stage, id, 0).await.unwrap();
    assert_eq!(shown(&stage.page(id).await), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_programs_state_goes_along_and_what_was_typed_does_not() {
    let stage = Stage::with(on()).await;
    let page = stage.open("first").await;
    let id = page.page().unwrap();
    let page = stage.press(&page, "I").await;
    let page = stage.press(&page, "A").await;
    assert_eq!(shown(&page), "1a");
    let typed = EventRequest { keep: true, ..stage.request(&page, "", &[("Who", "Ada")]) };
    stage.send(typed).await.unwrap();
    let page = stage.page(id).await;
    assert_eq!((page.overlay.drafts.len(), traced(&stage, id).await.events.len()), (1, 2));
    travel(&stage, id, 1).await.unwrap();
    let page = stage.page(id).await;
    assert_eq!((shown(&page), page.overlay.drafts.len()), ("1", 0));
    travel(&stage, id, 2).await.unwrap();
    assert_eq!(shown(&stage.page(id).await), "1a");
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_forms_and_refusals_are_called_by_their_names() {
    let stage = Stage::with(on()).await;
    let page = stage.open("first").await;
    let id = page.page().unwrap();
    let page = stage.press_with(&page, "Live", &[("Live", "x")]).await;
    let page = stage.press_with(&page, "Send", &[("Who", "Ada")]).await;
    // Enter is what it means.
    let page = stage.press_with(&page, "", &[("Who", "Bob")]).await;
    stage.press(&page, "R").await;
    let told = traced(&stage, id).await;
    let names: Vec<_> =
        told.events.iter().map(|event| (event.kind.as_str(), event.label.as_deref().unwrap_or_default())).collect();
    assert_eq!(names, [("change", "Live"), ("submit", "Send"), ("submit", "Send"), ("tap", "R")]);
    assert!(told.events.iter().all(|event| event.spent.update.fuel > 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn timers_are_waited_for_and_kept_when_they_come() {
    let stage = Stage::with(on()).await;
    let page = stage.open("first").await;
    let id = page.page().unwrap();
    stage.press(&page, "W").await;
    let asks = traced(&stage, id).await.asks;
    assert_eq!(asks.iter().map(|ask| (ask.kind, ask.due_ms.is_some())).collect::<Vec<_>>(), [("timer", true)]);
    // Whatever the states are, it comes.
    travel(&stage, id, 0).await.unwrap();
    assert_eq!(traced(&stage, id).await.asks.len(), 1);
    assert_eq!(stage.host.run_due().await.unwrap(), 1);
    let told = traced(&stage, id).await;
    let timer = told.events.last().unwrap();
    assert_eq!((timer.kind.as_str(), timer.seq, told.asks.len()), ("timer", 2, 0));
    assert_eq!(told.app.as_deref(), Some(&b"t"[..]));
    assert!(timer.spent.update.fuel > 0 && timer.spent.view.fuel > 0, "{:?}", timer.spent);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_that_are_opened_and_closed_are_told_of() {
    let stage = Stage::with(on()).await;
    let first = stage.open("first").await;
    let id = first.page().unwrap();
    let second = stage.press(&first, "O").await;
    let above = second.page().unwrap();
    assert_eq!(kinds(&stage, id).await, ["tap", "hidden"]);
    assert_eq!(kinds(&stage, above).await, ["load"]);
    let opened = traced(&stage, above).await;
    assert!(opened.events.iter().all(|event| event.spent.load.fuel > 0 && event.spent.view.fuel > 0), "{opened:?}");

    // It closes with a result for the first one.
    stage.press(&second, "X").await;
    assert_eq!(kinds(&stage, id).await, ["tap", "hidden", "reply"]);
    assert!(matches!(travel(&stage, above, 0).await, Err(TravelError::NotKept)), "it is closed");
    assert_eq!(traced(&stage, above).await.page, None);

    // Nobody waits for this one.
    let link = Open { route: Some("second".to_owned()), parent: Some(id), ..Open::default() };
    let above = stage.try_open(link).await.unwrap();
    let above = stage.press(&above, "I").await.page_ref().unwrap();
    stage.host.back(&stage.program, &stage.user, above, &Environment::default()).await.unwrap();
    assert_eq!(kinds(&stage, id).await.last().map(String::as_str), Some("back"));

    // One that writes is stored as it is opened.
    let writer = stage.open("writer").await.page().unwrap();
    assert_eq!(kinds(&stage, writer).await, ["load"]);
    travel(&stage, writer, 0).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn states_of_another_version_are_read_as_such() {
    let stage = Stage::with(on()).await;
    let page = stage.open("first").await;
    let id = page.page().unwrap();
    let page = stage.press(&page, "I").await;
    stage.press(&page, "I").await;
    let second = stage.host.install(bundle("guest", 2)).await.unwrap();
    stage.host.travel(&second, &stage.user, id, 1).await.unwrap();
    let open = Open { page: Some(id), ..Open::default() };
    let then = stage.host.open(&second, &stage.user, open).await.unwrap();
    assert_eq!(shown(&then), "1m");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_kept_cannot_be_gone_to() {
    let stage = Stage::with(on()).await;
    let page = stage.open("first").await;
    let id = page.page().unwrap();
    assert!(matches!(travel(&stage, id, 0).await, Err(TravelError::NotKept)), "nothing happened yet");
    stage.press(&page, "I").await;
    assert!(matches!(travel(&stage, id, 2).await, Err(TravelError::NotKept)));
    let other = "v".parse().unwrap();
    assert!(matches!(stage.host.travel(&stage.program, &other, id, 1).await, Err(TravelError::NotKept)));
    let theirs = stage.host.traced(&stage.program, &other, Some(id)).await.unwrap().unwrap();
    assert_eq!((theirs.app, theirs.page, theirs.events.len()), (None, None, 0));
    assert_eq!(shown(&stage.page(id).await), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_tracing_nothing_is_kept() {
    let stage = Stage::new().await;
    let page = stage.open("first").await;
    let id = page.page().unwrap();
    stage.press(&page, "I").await;
    stage.host.trace_shown(&stage.program, &stage.user, id, 1, Showing::default());
    assert_eq!(stage.host.traced(&stage.program, &stage.user, Some(id)).await.unwrap(), None);
    assert!(matches!(travel(&stage, id, 0).await, Err(TravelError::NotKept)));
}
