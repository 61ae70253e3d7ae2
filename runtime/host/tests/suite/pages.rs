//! The life of pages, as a user sees it.

use std::sync::Arc;

use mprun_core::identity::PageId;
use mprun_host::{AlertKind, Environment, Host, HostConfig, Open, Outcome, PageRef, Rendering};
use mprun_storage::sqlite::SqliteStorage;
use mprun_storage::{Ask, AskId, AskKind, Commit, Scope, Storage};

use crate::support::{Stage, shown};

fn alert(rendering: &Rendering) -> Option<(AlertKind, &str)> {
    rendering.alert.as_ref().map(|alert| (alert.kind, alert.text.as_str()))
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_stores_nothing_and_the_first_event_stores_the_page() {
    let stage = Stage::new().await;
    let first = stage.open("first").await;
    assert!(!first.stored);
    assert!(matches!(first.page_ref(), Some(PageRef::Recipe(_))));
    let outcome = stage.send(stage.request(&first, "I", &[])).await.unwrap();
    let Outcome::Show(place) = &outcome else { panic!("{outcome:?}") };
    assert_eq!(place.page, first.page(), "the page has the name that the recipe gave it");
    let after = stage.follow(&outcome).await;
    assert!(after.stored);
    assert_eq!(shown(&after), "1");
    // Somebody else's page is nobody's.
    let other = "v".parse().unwrap();
    let open = Open { page: first.page(), ..Open::default() };
    let theirs = stage.host.open(&stage.program, &other, open).await.unwrap();
    assert_ne!(theirs.page(), first.page());
    assert_eq!(shown(&theirs), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_writes_when_it_is_opened_is_stored() {
    let stage = Stage::new().await;
    let writer = stage.open("writer").await;
    assert!(writer.stored);
    assert!(writer.next_timer_ms.is_some_and(|ms| ms > 50_000 && ms <= 60_000), "{:?}", writer.next_timer_ms);
    assert_eq!(shown(&stage.page(writer.page().unwrap()).await), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_happens_once_however_often_it_is_sent() {
    let stage = Stage::new().await;
    let first = stage.open("first").await;
    let request = stage.request(&first, "I", &[]);
    let outcome = stage.send(request.clone()).await.unwrap();
    for _ in 0..3 {
        assert_eq!(stage.send(request.clone()).await.unwrap(), outcome);
    }
    assert_eq!(shown(&stage.follow(&outcome).await), "1");
    // The next number from the same rendering is another event.
    let again = mprun_host::EventRequest { seq: 1, ..request };
    assert_eq!(shown(&stage.follow(&stage.send(again).await.unwrap()).await), "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tabs_and_two_hosts_lose_no_addition() {
    let stage = Arc::new(Stage::new().await);
    let second = Arc::new(Stage::on(Arc::clone(&stage.folder), HostConfig::default(), 1).await);
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..4 {
        let stage = Arc::clone(if number % 2 == 0 { &stage } else { &second });
        tasks.spawn(async move {
            let mut rendering = stage.open("first").await;
            for _ in 0..5 {
                rendering = stage.press(&rendering, "G").await;
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    let last = stage.open("first").await;
    // '0' + 20 is 'D'; the next one shows 21.
    assert_eq!(shown(&stage.press(&last, "G").await), "E");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_shown_and_keeps_nothing() {
    let stage = Stage::new().await;
    let first = stage.open("first").await;
    let after = stage.press(&first, "R").await;
    assert_eq!(alert(&after), Some((AlertKind::Error, "no")));
    // Its write was not kept: the counter in the storage begins at 1.
    let after = stage.press(&after, "G").await;
    assert_eq!((shown(&after), alert(&after)), ("1", None));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_longer_offered_does_not_happen() {
    let stage = Stage::new().await;
    let first = stage.open("first").await;
    let mut request = stage.request(&first, "I", &[("Who", "Ada")]);
    request.token = Some("AAAAAAAAAAAAAAAA".to_owned());
    let outcome = stage.send(request).await.unwrap();
    assert!(matches!(outcome, Outcome::Stale(_)), "{outcome:?}");
    let after = stage.follow(&outcome).await;
    assert_eq!(shown(&after), "0");
    assert!(matches!(alert(&after), Some((AlertKind::Notice, _))));
    assert_eq!(after.overlay.drafts.values().next().map(|draft| draft.typed.as_str()), Some("Ada"));
    // A token of another page's rendering is not this page's.
    let other = stage.open("second").await;
    let mut request = stage.request(&after, "I", &[]);
    request.token = stage.request(&other, "I", &[]).token;
    assert!(matches!(stage.send(request).await.unwrap(), Outcome::Stale(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_nonce_or_recipe_writes_nothing() {
    let stage = Stage::new().await;
    let first = stage.open("first").await;
    let mut request = stage.request(&first, "I", &[]);
    request.nonce = "A".repeat(43);
    assert_eq!(stage.send(request.clone()).await.unwrap(), Outcome::Entry);
    request.page = PageRef::Recipe("nonsense".to_owned());
    assert_eq!(stage.send(request).await.unwrap(), Outcome::Entry);
    let open = Open { page: first.page(), ..Open::default() };
    assert!(!stage.try_open(open).await.unwrap().stored);
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_delivered_before_the_button_and_all_together() {
    let stage = Stage::new().await;
    let first = stage.open("first").await;
    let after = stage.press_with(&first, "I", &[("Live", "x"), ("Who", "")]).await;
    assert_eq!(shown(&after), "1cx");
    // The program refuses the change: the button is not pressed either.
    let refused = stage.press_with(&after, "I", &[("Live", "!y")]).await;
    assert_eq!((shown(&refused), alert(&refused)), ("1cx", Some((AlertKind::Error, "no"))));
    assert_eq!(refused.overlay.drafts.len(), 1, "what was typed is still there");
    // The apply button delivers its own field once.
    assert_eq!(shown(&stage.press_with(&refused, "Live", &[("Live", "z")]).await), "1cxcz");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_typed_is_kept_until_the_form_is_taken() {
    let stage = Stage::new().await;
    let first = stage.open("first").await;
    let typed = stage.press_with(&first, "I", &[("Who", "Ada"), ("Secret", "xyzzy")]).await;
    // All but the password, which is written down nowhere.
    assert_eq!(typed.overlay.drafts.values().map(|draft| draft.typed.as_str()).collect::<Vec<_>>(), ["Ada"]);
    let again = stage.page(typed.page().unwrap()).await;
    assert_eq!(again.overlay, typed.overlay);
    let sent = stage.press_with(&again, "Send", &[("Who", "Ada")]).await;
    assert_eq!(shown(&sent), "1fAda");
    assert!(sent.overlay.is_empty());
    // Refused: the error stands at the field, the text stays.
    let refused = stage.press_with(&sent, "Send", &[("Live", "x"), ("Who", "")]).await;
    assert_eq!(refused.overlay.errors.values().collect::<Vec<_>>(), ["missing"]);
    assert_eq!(refused.overlay.drafts.len(), 1);
    assert_eq!(shown(&refused), "1fAda", "the change that came with it was not kept");
    assert_eq!(alert(&refused), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn text_that_cannot_be_kept_is_refused_with_all_that_came_with_it() {
    let stage = Stage::new().await;
    let first = stage.press(&stage.open("first").await, "I").await;
    let more = "x".repeat(64 * 1024 + 1);
    let most = &more[1..];
    // Each of these is six bytes where it is kept.
    let controls = "\u{1}".repeat(42_000);
    let refused = [
        stage.keep(&first, &[("Who", more.as_str())]).await,
        stage.send(stage.request(&first, "I", &[("Who", more.as_str())])).await,
        stage.send(stage.request(&first, "Send", &[("Who", more.as_str())])).await,
        stage.keep(&first, &[("Who", controls.as_str())]).await,
        stage.send(stage.request(&first, "I", &[("Who", controls.as_str())])).await,
    ];
    for refused in refused {
        let error = refused.unwrap_err();
        assert_eq!(error.kind(), "too-large", "{error}");
        assert!(error.plain().contains("Nothing was changed. Please shorten"), "{}", error.plain());
    }
    let after = stage.page(first.page().unwrap()).await;
    assert_eq!((shown(&after), after.overlay.drafts.len()), ("1", 0));
    stage.keep(&first, &[("Who", most)]).await.unwrap();
    let typed = |rendering: &Rendering| rendering.overlay.drafts.values().map(|draft| draft.typed.len()).sum::<usize>();
    assert_eq!(typed(&stage.page(first.page().unwrap()).await), 64 * 1024);
    // What was typed before counts as well, and goes on being there.
    let second = &controls[..32_000];
    assert_eq!(stage.keep(&first, &[("Live", second)]).await.unwrap_err().kind(), "too-large");
    assert_eq!(typed(&stage.page(first.page().unwrap()).await), 64 * 1024);
    // A password is kept nowhere, however long it is.
    stage.keep(&first, &[("Secret", second)]).await.unwrap();
    assert_eq!(typed(&stage.page(first.page().unwrap()).await), 64 * 1024);
}

#[tokio::test(flavor = "multi_thread")]
async fn large_views_are_worked_on_in_turns() {
    let config = HostConfig { cores: 2, queue_wait: std::time::Duration::from_millis(50), ..HostConfig::default() };
    let stage = Stage::with(config).await;
    let first = stage.open("first").await;
    let own = first.definitions().unwrap();
    let weight = first.frame.weight(&first.tree(&own, &stage.host).unwrap());
    let held = stage.host.turn(&stage.program, 1 << 20).await.unwrap();
    assert_eq!(stage.host.turn(&stage.program, 1 << 20).await.unwrap_err().kind(), "busy");
    // Usual ones do not wait for that.
    assert_eq!(stage.host.turn(&stage.program, weight).await.unwrap().run(|| 1), 1);
    assert_eq!(held.run(|| 2), 2);
    assert_eq!(stage.host.turn(&stage.program, 1 << 20).await.unwrap().run(|| 3), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_is_refused_is_refused_at_its_field() {
    let stage = Stage::new().await;
    let first = stage.open("first").await;
    for pressed in ["Live", "I"] {
        let refused = stage.press_with(&first, pressed, &[("Live", "?x")]).await;
        assert_eq!(refused.overlay.errors.values().collect::<Vec<_>>(), ["missing"]);
        assert_eq!(
            refused.overlay.errors.keys().collect::<Vec<_>>(),
            refused.overlay.drafts.keys().collect::<Vec<_>>()
        );
        assert_eq!((shown(&refused), alert(&refused)), ("0", None));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn enter_submits_the_form_in_which_something_was_typed() {
    let stage = Stage::new().await;
    let first = stage.open("first").await;
    assert_eq!(shown(&stage.press_with(&first, "", &[("Who", "Eve")]).await), "0fEve");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_open_answer_and_close() {
    let stage = Stage::new().await;
    let first = stage.open("first").await;
    let second = stage.press(&first, "O").await;
    assert_eq!((second.place.route.as_str(), second.depth), ("second", 2));
    assert_eq!(second.parent, first.page());
    assert_eq!(shown(&second), "0h");
    let back = stage.press(&second, "X").await;
    assert_eq!(back.page(), first.page());
    assert_eq!(shown(&back), "0husrok");
    // The closed page is gone; its address opens it anew.
    let anew = stage.page(second.page().unwrap()).await;
    assert_ne!(anew.page(), second.page());
    assert_eq!(anew.place.route, "second");
    let stale = stage.send(stage.request(&second, "I", &[])).await.unwrap();
    assert!(matches!(stale, Outcome::Stale(_)), "{stale:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn going_back_tells_the_page_that_waits() {
    let stage = Stage::new().await;
    let first = stage.open("first").await;
    let second = stage.press(&first, "O").await;
    let environment = Environment::default();
    let page = second.page_ref().unwrap();
    let outcome = stage.host.back(&stage.program, &stage.user, page.clone(), &environment).await.unwrap();
    let back = stage.follow(&outcome).await;
    assert_eq!(back.page(), first.page());
    assert_eq!(shown(&back), "0husrerror");
    // Pressed twice: once.
    let again = stage.host.back(&stage.program, &stage.user, page, &environment).await.unwrap();
    assert_eq!(again, outcome);
    assert_eq!(shown(&stage.follow(&again).await), "0husrerror");
    // From the first page there is no way back but to the entry page.
    let page = back.page_ref().unwrap();
    assert_eq!(stage.host.back(&stage.program, &stage.user, page, &environment).await.unwrap(), Outcome::Entry);
}

#[tokio::test(flavor = "multi_thread")]
async fn redirecting_and_relaunching_leave_no_page_behind() {
    let stage = Stage::new().await;
    let first = stage.open("first").await;
    let second = stage.press(&first, "O").await;
    let instead = stage.press(&second, "D").await;
    assert_ne!(instead.page(), second.page());
    assert_eq!((instead.depth, instead.parent), (2, first.page()));
    // The page that waits now waits for the new one.
    let back = stage.press(&instead, "X").await;
    assert_eq!(shown(&back), "0huusrok");
    let second = stage.press(&back, "O").await;
    let alone = stage.press(&second, "Z").await;
    assert_eq!((alone.depth, alone.parent), (1, None));
    assert_eq!(shown(&alone), "0huusrokhuu");
    assert_ne!(stage.page(first.page().unwrap()).await.page(), first.page());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_refuses_to_open_leaves_the_user_where_they_are() {
    let stage = Stage::new().await;
    let first = stage.open("first").await;
    let after = stage.press(&first, "Q").await;
    assert_eq!(after.page(), first.page());
    assert_eq!(alert(&after), Some((AlertKind::Error, "This page does not exist.")));
    let error = stage.try_open(Open { route: Some("third".into()), ..Open::default() }).await.unwrap_err();
    assert_eq!(error.kind(), "not-found");
    let error = stage.try_open(Open { route: Some("nowhere".into()), ..Open::default() }).await.unwrap_err();
    assert_eq!(error.kind(), "not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stack_is_ten_pages_high() {
    let stage = Stage::new().await;
    let mut page = stage.open("first").await;
    for depth in 2..=10 {
        page = stage.press(&page, "O").await;
        assert_eq!(page.depth, depth);
    }
    let same = stage.press(&page, "O").await;
    assert_eq!(same.page(), page.page());
    assert_eq!(alert(&same), Some((AlertKind::Error, "at most 10 pages lie on each other")));
}

#[tokio::test(flavor = "multi_thread")]
async fn timers_come_once_also_when_nobody_looks() {
    let stage = Stage::new().await;
    let first = stage.open("first").await;
    let waiting = stage.press(&first, "W").await;
    assert_eq!(waiting.next_timer_ms, Some(0));
    assert_eq!(stage.host.run_due().await.unwrap(), 1);
    assert_eq!(stage.host.run_due().await.unwrap(), 0);
    let after = stage.page(first.page().unwrap()).await;
    assert_eq!((shown(&after), after.next_timer_ms), ("0t", None));
    // Asked and taken back in one event: nothing comes.
    stage.press(&after, "C").await;
    assert_eq!(stage.host.run_due().await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timer_that_leads_to_a_state_without_a_view_changes_nothing() {
    let stage = Stage::new().await;
    let first = stage.open("first").await;
    stage.press(&stage.press(&first, "I").await, "F").await;
    assert_eq!(stage.host.run_due().await.unwrap(), 1);
    let after = stage.page(first.page().unwrap()).await;
    assert_eq!((shown(&after), after.next_timer_ms), ("1", None));
    assert!(matches!(alert(&after), Some((AlertKind::Error, _))), "{:?}", alert(&after));
    assert_eq!(shown(&stage.press(&after, "I").await), "2", "the page goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_navigation_that_a_dead_process_left_is_carried_out() {
    let stage = Stage::new().await;
    let first = stage.press(&stage.open("first").await, "I").await;
    let storage = SqliteStorage::open(&stage.folder.path().join("data.db")).unwrap();
    let scope = Scope { program: stage.program.id().clone(), user: stage.user.clone() };
    // What `navigation.relaunch("second")` writes down: no event, kind 3, the
    // route, no parameters.
    let mut payload = vec![1, 0, 3, 6, 0, 0, 0];
    payload.extend(b"second");
    payload.extend([0; 4]);
    let row = storage.app(&scope).await.unwrap();
    let ask = Ask {
        id: AskId(row.next_ask_id),
        page: first.page(),
        route: "first".to_owned(),
        kind: AskKind::Navigation,
        payload,
        message: Vec::new(),
        due_at_ms: Some(0),
        digest: *stage.program.digest(),
    };
    let commit = Commit { base_revision: row.revision, asks: vec![ask], ..Commit::default() };
    storage.commit(&scope, commit).await.unwrap();

    assert_eq!(stage.host.run_due().await.unwrap(), 1);
    let pages = storage.pages(&scope).await.unwrap();
    let open: Vec<_> = pages.iter().filter(|page| !page.closed).map(|page| page.route.as_str()).collect();
    assert_eq!(open, ["second"]);
    assert_eq!(stage.host.run_due().await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ask_of_a_program_that_is_not_installed_waits_for_it() {
    let stage = Stage::new().await;
    let first = stage.press(&stage.open("first").await, "W").await;
    let storage = Arc::new(SqliteStorage::open(&stage.folder.path().join("data.db")).unwrap());
    let empty = Host::new(HostConfig::default(), storage).await.unwrap();
    assert_eq!(empty.run_due().await.unwrap(), 1);
    assert_eq!(empty.run_due().await.unwrap(), 0, "it has another time now");
    let waiting = stage.page(first.page().unwrap()).await;
    assert!(waiting.next_timer_ms.is_some_and(|ms| ms > 50_000), "{:?}", waiting.next_timer_ms);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_scheduler_fires_and_tells() {
    let stage = Stage::new().await;
    let _scheduler = stage.host.start_scheduler();
    let first = stage.open("first").await;
    let mut changes = stage.host.changes();
    stage.send(stage.request(&first, "W", &[])).await.unwrap();
    for _ in 0..2 {
        let change = tokio::time::timeout(std::time::Duration::from_secs(5), changes.recv()).await.unwrap().unwrap();
        assert_eq!(&change.user, &stage.user);
    }
    assert_eq!(shown(&stage.page(first.page().unwrap()).await), "0t");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_toast_is_shown_once() {
    let stage = Stage::new().await;
    let first = stage.open("first").await;
    let after = stage.press(&first, "N").await;
    assert_eq!(after.toasts, ["hello"]);
    assert!(stage.page(first.page().unwrap()).await.toasts.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn states_of_another_version_are_taken_over() {
    let stage = Stage::new().await;
    let first = stage.open("first").await;
    let mut page = stage.press(&first, "A").await;
    page = stage.press(&page, "I").await;
    let second = stage.open("second").await;
    let mut other = stage.press(&second, "I").await;
    for _ in 0..2 {
        other = stage.press(&other, "I").await;
    }
    assert_eq!((shown(&page), shown(&other)), ("1a", "3a"));

    let folder = Arc::clone(&stage.folder);
    let (old, user) = (page, stage.user.clone());
    drop(stage);
    let stage = Stage::on(folder, HostConfig::default(), 2).await;
    let page = stage.page(old.page().unwrap()).await;
    assert_eq!((page.page(), shown(&page), alert(&page)), (old.page(), "1ma", None));
    assert_eq!(stage.user, user);
    // A rendering of the old version can still be acted on, if the page offers it.
    let page = stage.press(&page, "I").await;
    assert_eq!(shown(&page), "2ma");
    // A page that cannot be taken over begins anew, and says so.
    let other = stage.page(other.page().unwrap()).await;
    assert_eq!(shown(&other), "0ma");
    assert!(matches!(alert(&other), Some((AlertKind::Notice, _))));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clock_stands_still_and_random_bytes_come() {
    let stage = Stage::new().await;
    let mut page = stage.open("first").await;
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..20 {
        page = stage.press(&page, "Y").await;
        seen.insert(shown(&page).to_owned());
    }
    assert!(seen.len() > 1, "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_no_page_sends_is_refused() {
    let stage = Stage::new().await;
    let first = stage.open("first").await;
    let mut request = stage.request(&first, "I", &[]);
    request.fields = vec![("f.x".to_owned(), "x".repeat(300_000))];
    assert_eq!(stage.send(request).await.unwrap_err().kind(), "too-large");
    let mut request = stage.request(&first, "I", &[]);
    request.fields = vec![("f.x".to_owned(), "x".to_owned()); 1_001];
    assert_eq!(stage.send(request).await.unwrap_err().kind(), "invalid");
    let open = Open { parameters: vec![("_page".into(), "x".into())], ..Open::default() };
    assert_eq!(stage.try_open(open).await.unwrap_err().kind(), "invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_page_id_opens_the_route() {
    let stage = Stage::new().await;
    let open = Open { page: Some(PageId::from_bytes([7; 16])), route: Some("second".into()), ..Open::default() };
    let rendering = stage.try_open(open).await.unwrap();
    assert_eq!(rendering.place.route, "second");
}
