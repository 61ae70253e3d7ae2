//! A timer navigates while the page is open in a browser: who shows it is led to
//! where it went, and nobody is who has gone there themselves.

use mprun_core::identity::PageId;
use mprun_host::{Environment, Open, Outcome, Rendering};

use crate::support::{Stage, shown};

/// The page that an outcome leads to.
fn page(outcome: &Outcome) -> Option<PageId> {
    match outcome {
        Outcome::Show(place) | Outcome::Stale(place) => place.page,
        Outcome::Entry => None,
    }
}

impl Stage {
    /// Presses a button whose timer navigates, and lets the timer come.
    async fn wait(&self, rendering: &Rendering, letter: &str) -> Rendering {
        let waiting = self.press(rendering, letter).await;
        assert_eq!(waiting.page(), rendering.page());
        assert_eq!(self.host.run_due().await.unwrap(), 1);
        waiting
    }

    /// Where somebody is led who shows this and asks.
    async fn led(&self, rendering: &Rendering) -> Option<PageId> {
        page(&self.keep(rendering, &[]).await.unwrap())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_a_timer_has_covered_leads_to_the_one_that_covers_it() {
    let stage = Stage::new().await;
    let first = stage.wait(&stage.open("first").await, "o").await;
    let outcome = stage.keep(&first, &[("Who", "Ada")]).await.unwrap();
    assert_ne!(page(&outcome), first.page());
    let second = stage.follow(&outcome).await;
    assert_eq!((second.place.route.as_str(), second.parent), ("second", first.page()));
    // The answer may be lost, and there may be another tab.
    assert_eq!(stage.keep(&first, &[("Who", "Ada")]).await.unwrap(), outcome);
    let look = Open { page: first.page(), ..Open::default() };
    let seen = stage.host.refresh(&stage.program, &stage.user, look).await.unwrap();
    assert_eq!((seen.page(), seen.led.and_then(|place| place.page)), (first.page(), second.page()));
    assert_eq!(stage.led(&first).await, second.page(), "looking does not end it");

    // The browser goes back: what was typed is there, and so stays the user.
    let back = stage.page(first.page().unwrap()).await;
    assert_eq!((back.page(), back.overlay.drafts.len()), (first.page(), 1));
    assert_eq!(stage.led(&back).await, first.page());
}

#[tokio::test(flavor = "multi_thread")]
async fn something_done_on_a_covered_page_ends_its_lead() {
    let stage = Stage::new().await;
    let first = stage.wait(&stage.open("first").await, "o").await;
    let outcome = stage.send(stage.request(&first, "I", &[])).await.unwrap();
    assert_eq!(page(&outcome), first.page());
    assert_eq!(stage.led(&first).await, first.page());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_a_timer_has_replaced_leads_to_the_other_one() {
    let stage = Stage::new().await;
    let second = stage.press(&stage.open("first").await, "O").await;
    stage.wait(&second, "d").await;
    let instead = stage.led(&second).await;
    assert!(instead.is_some() && instead != second.page(), "{instead:?}");
    // There is nothing to press there any more either, nor to look at.
    let pressed = stage.send(stage.request(&second, "I", &[])).await.unwrap();
    assert_eq!(page(&pressed), instead);
    let look = Open { page: second.page(), ..Open::default() };
    let seen = stage.host.refresh(&stage.program, &stage.user, look).await.unwrap();
    assert_eq!(seen.led.and_then(|place| place.page), instead);
    // That one goes on in the same way: nobody has to stop in between.
    let instead = stage.page(instead.unwrap()).await;
    stage.wait(&instead, "o").await;
    let above = stage.led(&instead).await;
    assert_ne!(above, instead.page());
    assert_eq!(stage.led(&second).await, above);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_pages_that_a_timer_has_closed_lead_to_the_new_one() {
    let stage = Stage::new().await;
    let first = stage.press(&stage.open("first").await, "I").await;
    let second = stage.press(&first, "O").await;
    stage.wait(&second, "z").await;
    let alone = stage.led(&second).await;
    assert!(alone.is_some() && ![first.page(), second.page()].contains(&alone), "{alone:?}");
    assert_eq!(stage.led(&first).await, alone);
    assert_eq!(stage.page(alone.unwrap()).await.depth, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_a_timer_has_closed_leads_back() {
    let stage = Stage::new().await;
    let first = stage.wait(&stage.open("first").await, "o").await;
    let above = stage.led(&first).await;
    let second = stage.page(above.unwrap()).await;
    stage.wait(&second, "x").await;
    assert_eq!(stage.led(&second).await, first.page());
    // It lies on top again, so it leads nowhere.
    assert_eq!(stage.led(&first).await, first.page());
    assert_eq!(shown(&stage.page(first.page().unwrap()).await), "0husrok");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_led_where_a_user_has_pressed_something() {
    let stage = Stage::new().await;
    let first = stage.press(&stage.open("first").await, "I").await;
    let second = stage.press(&first, "O").await;
    assert_ne!(second.page(), first.page());
    // The other tab.
    assert_eq!(stage.led(&first).await, first.page());
    stage.host.back(&stage.program, &stage.user, second.page_ref().unwrap(), &Environment::default()).await.unwrap();
    assert_eq!(stage.led(&first).await, first.page());

    // A timer has opened a page, and the user has left it before the other tab asked.
    stage.wait(&first, "o").await;
    let above = stage.led(&first).await;
    assert_ne!(above, first.page());
    let above = stage.page(above.unwrap()).await.page_ref().unwrap();
    stage.host.back(&stage.program, &stage.user, above, &Environment::default()).await.unwrap();
    assert_eq!(stage.led(&first).await, first.page());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_shown_once_waits_for_the_page_that_is_shown() {
    let stage = Stage::new().await;
    let first = stage.wait(&stage.open("first").await, "o").await;
    let second = stage.page(stage.led(&first).await.unwrap()).await;
    // A toast waits, and the first page leads elsewhere.
    stage.send(stage.request(&second, "N", &[])).await.unwrap();
    let look = |page| stage.host.refresh(&stage.program, &stage.user, Open { page, ..Open::default() });
    assert!(look(first.page()).await.unwrap().toasts.is_empty());
    assert_eq!(look(second.page()).await.unwrap().toasts, ["hello"]);
}
