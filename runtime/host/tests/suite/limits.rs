//! Each way of taking too much is ended by its own limit; nothing is kept of it,
//! and nobody else notices.

use std::time::Duration;

use mprun_core::budget::Budget;
use mprun_host::{HostConfig, Limit, Open, PageError};

use crate::support::{Stage, shown};

async fn ended_by(stage: &Stage, letter: &str) -> Limit {
    let first = stage.open("first").await;
    let counted = stage.press(&first, "I").await;
    assert_eq!(shown(&counted), "1");
    let error = stage.fail(&counted, letter).await;
    let limit = error.limit().unwrap_or_else(|| panic!("{letter}: {error}"));
    assert!(error.plain().ends_with("Nothing was changed."), "{}", error.plain());
    let after = stage.page(counted.page().unwrap()).await;
    assert_eq!(shown(&after), "1", "the state is what it was");
    assert_eq!(shown(&stage.press(&after, "I").await), "2", "and the page goes on");
    limit
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loop_ends_by_fuel() {
    // On a busy machine a second may pass before the default fuel is used up.
    let budget = Budget { fuel: 10_000_000, ..Budget::default() };
    let stage = Stage::with(HostConfig { budget, ..HostConfig::default() }).await;
    assert_eq!(ended_by(&stage, "L").await, Limit::Fuel);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loop_with_much_fuel_ends_by_the_deadline() {
    let budget = Budget { fuel: u64::MAX, deadline: Duration::from_millis(100), ..Budget::default() };
    let stage = Stage::with(HostConfig { budget, ..HostConfig::default() }).await;
    assert_eq!(ended_by(&stage, "L").await, Limit::Deadline);
}

#[tokio::test(flavor = "multi_thread")]
async fn growing_ends_by_memory() {
    assert_eq!(ended_by(&Stage::new().await, "M").await, Limit::Memory);
}

#[tokio::test(flavor = "multi_thread")]
async fn recursion_ends_by_stack() {
    assert_eq!(ended_by(&Stage::new().await, "S").await, Limit::Stack);
}

#[tokio::test(flavor = "multi_thread")]
async fn growing_tables_end_by_tables() {
    assert_eq!(ended_by(&Stage::new().await, "B").await, Limit::Tables);
}

#[tokio::test(flavor = "multi_thread")]
async fn calling_the_host_too_much_ends_by_its_bytes() {
    assert_eq!(ended_by(&Stage::new().await, "H").await, Limit::HostCallBytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_large_a_state_ends_by_state_bytes() {
    assert_eq!(ended_by(&Stage::new().await, "K").await, Limit::StateBytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_large_a_view_ends_by_frame_bytes() {
    assert_eq!(ended_by(&Stage::new().await, "V").await, Limit::FrameBytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_asks_for_more_than_it_gets_is_ended() {
    let stage = Stage::new().await;
    let first = stage.open("first").await;
    let PageError::Trap { detail, .. } = stage.fail(&first, "U").await else { panic!() };
    assert!(detail.contains("`clock.now` was called in `view`"), "{detail}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trap_says_where_and_a_panic_what() {
    let stage = Stage::new().await;
    let first = stage.open("first").await;
    let PageError::Trap { what, detail } = stage.fail(&first, "T").await else { panic!() };
    assert_eq!(what, "trap");
    assert!(detail.contains("unreachable") && detail.contains("backtrace"), "{detail}");
    let PageError::Trap { what, detail } = stage.fail(&first, "P").await else { panic!() };
    assert_eq!((what, detail.as_str()), ("panic", "src/guest.wat:1: oh"));
}

#[tokio::test(flavor = "multi_thread")]
async fn more_asks_than_an_event_has_are_refused() {
    let stage = Stage::new().await;
    let first = stage.open("first").await;
    // Sixteen of twenty timers are written down, four are answered with `limited`.
    assert_eq!(shown(&stage.press(&first, "E").await), "02222");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_timers_than_there_may_be() {
    let stage = Stage::new().await;
    let mut rendering = stage.open("first").await;
    for _ in 0..4 {
        rendering = stage.press(&rendering, "E").await;
    }
    assert_eq!(shown(&rendering), "02222222222222222");
    // 64 are open: not one more.
    assert_eq!(shown(&stage.press(&rendering, "E").await).len(), 17 + 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_timers_do_not_keep_those_of_others_waiting() {
    let budget = Budget { fuel: u64::MAX, ..Budget::default() };
    let stage = Stage::with(HostConfig { budget, cores: 2, ..HostConfig::default() }).await;
    let other = stage.host.install(crate::support::bundle("other", 1)).await.unwrap();
    let mut page = stage.open("first").await;
    for _ in 0..4 {
        page = stage.press(&page, "J").await;
    }
    // Due later than all of those.
    let theirs = stage.host.open(&other, &stage.user, Open::default()).await.unwrap();
    stage.host.event(&other, &stage.user, stage.request(&theirs, "W", &[])).await.unwrap();
    let page = Open { page: theirs.page(), ..Open::default() };

    let begun = std::time::Instant::now();
    let _scheduler = stage.host.start_scheduler();
    while shown(&stage.host.open(&other, &stage.user, page.clone()).await.unwrap()) != "0t" {
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(begun.elapsed() < Duration::from_millis(4_500), "forty timers of a second each are in the way");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn looping_programs_leave_others_alone() {
    let budget = Budget { fuel: u64::MAX, ..Budget::default() };
    let stage = std::sync::Arc::new(Stage::with(HostConfig { budget, cores: 2, ..HostConfig::default() }).await);
    let other = stage.host.install(crate::support::bundle("other", 1)).await.unwrap();
    let mut attackers = tokio::task::JoinSet::new();
    for number in 0..8 {
        let stage = std::sync::Arc::clone(&stage);
        attackers.spawn(async move {
            let user = format!("attacker-{number}").parse().unwrap();
            let first = stage.host.open(&stage.program, &user, Open::default()).await.unwrap();
            let request = stage.request(&first, "L", &[]);
            stage.host.event(&stage.program, &user, request).await.unwrap_err()
        });
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    let mut times = Vec::new();
    for _ in 0..100 {
        let begun = std::time::Instant::now();
        stage.host.open(&other, &stage.user, Open::default()).await.unwrap();
        times.push(begun.elapsed());
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    times.sort();
    // The bound is far above what is usual (a few ms): the machine may be busy.
    assert!(times[90] < Duration::from_millis(100), "{:?}", &times[80..]);
    while let Some(error) = attackers.join_next().await {
        assert_eq!(error.unwrap().limit(), Some(Limit::Deadline));
    }
}
