//! Random histories of commits: SQLite and the model agree after each step.

use std::sync::Arc;

use mprun_storage::{
    Storage,
    conformance::{Page, Step, replay},
    sqlite::{Durability, SqliteStorage},
};
use proptest::{collection::vec, option, prelude::*};

fn page() -> impl Strategy<Value = Page> {
    (any::<u8>(), any::<u8>(), any::<u8>()).prop_map(|(page, parent, content)| Page { page, parent, content })
}

/// Mostly good steps: every part is small or absent, so that a history gets
/// somewhere and refusals stay frequent.
fn step() -> impl Strategy<Value = Step> {
    let number = any::<u8>;
    let head = (
        number(),
        prop_oneof![9 => Just(0), 1 => 1..3_u8],
        option::of(number()),
        vec(number(), 0..2),
        vec(page(), 0..3),
        vec((number(), option::of(number())), 0..4),
    );
    let asks = (
        vec((number(), option::of(number())), 0..3),
        0..3_u8,
        prop_oneof![2 => Just(Vec::new()), 1 => vec(number(), 1..3)],
        prop_oneof![4 => Just(Vec::new()), 1 => vec((number(), option::of(number())), 1..2)],
        option::of(number()),
        option::of(number()),
    );
    (head, asks).prop_map(|(head, asks)| {
        let (user, behind, app, removed, pages, writes) = head;
        let (asks, skipped_ids, done, postponed, event, amended) = asks;
        Step { user, behind, app, removed, pages, writes, asks, skipped_ids, done, postponed, event, amended }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_histories_agree_with_the_model(steps in vec(step(), 1..40)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data.sqlite");
        let storage = SqliteStorage::open_with(&path, Durability::Normal).unwrap();
        let storage: Arc<dyn Storage> = Arc::new(storage);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let replayed = runtime.block_on(replay(&storage, &steps));
        prop_assert!(replayed.is_ok(), "{}", replayed.unwrap_err());
        drop(storage);
        crate::sqlite::check_large_bytes(&path);
    }
}
