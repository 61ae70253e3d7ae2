//! The outbox: asks wait, come when their time has come, and are done once.

use std::sync::Arc;

use super::{Verdict, ask, commit, fine, like, page_id, same, scope, scope_of, try_commit};
use crate::{Ask, AskFilter, AskId, AskKind, Commit, CommitError, Storage};

pub(super) async fn due_asks_come_in_order(storage: &Arc<dyn Storage>) -> Verdict {
    same!(fine(storage.next_due().await)?, None);
    same!(fine(storage.due(u64::MAX, 10).await)?, []);
    let (one, two) = (scope("due-one")?, scope_of("dev/another", "due-two")?);
    let asked = |asks| Commit { asks, ..Commit::default() };
    let third = ask(1, AskKind::Timer, Some(300));
    let first = Ask { page: Some(page_id(1)), ..ask(2, AskKind::Navigation, Some(100)) };
    let never = ask(3, AskKind::Toast, None);
    commit(storage, &one, asked(vec![third.clone(), first.clone(), never])).await?;
    let second = ask(1, AskKind::Timer, Some(200));
    commit(storage, &two, asked(vec![second.clone()])).await?;

    let all = [(one.clone(), first), (two.clone(), second), (one.clone(), third)];
    same!(fine(storage.due(99, 10).await)?, []);
    same!(fine(storage.due(100, 10).await)?, all[..1]);
    same!(fine(storage.due(299, 10).await)?, all[..2]);
    same!(fine(storage.due(u64::MAX, 10).await)?, all);
    same!(fine(storage.due(u64::MAX, 2).await)?, all[..2]);
    same!(fine(storage.due(u64::MAX, 0).await)?, []);
    same!(fine(storage.next_due().await)?, Some(100));

    let done = |done| Commit { done, ..Commit::default() };
    commit(storage, &one, done(vec![AskId(2)])).await?;
    same!(fine(storage.next_due().await)?, Some(200));
    commit(storage, &two, done(vec![AskId(1)])).await?;
    commit(storage, &one, done(vec![AskId(1), AskId(3)])).await?;
    same!(fine(storage.next_due().await)?, None);
    same!(fine(storage.due(u64::MAX, 10).await)?, []);
    Ok(())
}

pub(super) async fn an_ask_is_consumed_once(storage: &Arc<dyn Storage>) -> Verdict {
    let scope = scope("consumed")?;
    let asks = vec![ask(1, AskKind::Timer, Some(9_000_000)), ask(2, AskKind::Toast, None)];
    commit(storage, &scope, Commit { asks, ..Commit::default() }).await?;
    let consume = |base_revision, id| Commit { base_revision, done: vec![AskId(id)], ..Commit::default() };
    same!(fine(storage.commit(&scope, consume(1, 1)).await)?.revision, 2);
    // Whatever the revision: trying again would not help.
    for base_revision in [1, 2] {
        let refused = storage.commit(&scope, consume(base_revision, 1)).await;
        like!(refused, Err(CommitError::Gone { ask: AskId(1) }));
    }
    let app = fine(storage.app(&scope).await)?;
    same!((app.revision, app.timers, app.toasts), (2, 0, 1));
    same!(fine(storage.ask(&scope, AskId(1)).await)?, None);
    like!(fine(storage.ask(&scope, AskId(2)).await)?, Some(_));
    Ok(())
}

pub(super) async fn ask_ids_are_never_used_twice(storage: &Arc<dyn Storage>) -> Verdict {
    let scope = scope("ids")?;
    let asked = |ids: &[u64]| Commit {
        asks: ids.iter().map(|id| ask(*id, AskKind::Timer, Some(9_000_000))).collect(),
        ..Commit::default()
    };
    commit(storage, &scope, asked(&[1, 4])).await?;
    same!(fine(storage.app(&scope).await)?.next_ask_id, 5);
    // Done asks do not give their ids back.
    commit(storage, &scope, Commit { done: vec![AskId(4)], ..Commit::default() }).await?;
    same!(fine(storage.app(&scope).await)?.next_ask_id, 5);
    for ids in [&[4][..], &[2], &[6, 5], &[5, 5]] {
        let refused = try_commit(storage, &scope, asked(ids)).await?;
        like!(refused, Err(CommitError::Invalid { .. }));
    }
    // Ids that were given out and taken back within one event are used up too.
    let used_up = Commit { next_ask_id: 9, ..asked(&[5]) };
    commit(storage, &scope, used_up).await?;
    same!(fine(storage.app(&scope).await)?.next_ask_id, 9);
    // It never goes back.
    commit(storage, &scope, Commit { next_ask_id: 3, ..Commit::default() }).await?;
    same!(fine(storage.app(&scope).await)?.next_ask_id, 9);
    Ok(())
}

pub(super) async fn postponed_asks_come_later(storage: &Arc<dyn Storage>) -> Verdict {
    let scope = scope("postponed")?;
    let asks = vec![ask(1, AskKind::Timer, Some(10)), ask(2, AskKind::Timer, Some(20))];
    commit(storage, &scope, Commit { asks, ..Commit::default() }).await?;
    let postponed = |postponed| Commit { postponed, ..Commit::default() };
    commit(storage, &scope, postponed(vec![(AskId(1), Some(30)), (AskId(2), None)])).await?;
    same!(fine(storage.due(29, 10).await)?, []);
    let later = ask(1, AskKind::Timer, Some(30));
    // Other cases left asks of a later time.
    same!(fine(storage.due(30, 10).await)?, [(scope.clone(), later)]);
    let refused = try_commit(storage, &scope, postponed(vec![(AskId(3), None)])).await?;
    like!(refused, Err(CommitError::Gone { ask: AskId(3) }));
    let done = Commit { done: vec![AskId(1), AskId(2)], ..Commit::default() };
    commit(storage, &scope, done).await?;
    same!(fine(storage.asks(&scope, AskFilter::default()).await)?, []);
    Ok(())
}
