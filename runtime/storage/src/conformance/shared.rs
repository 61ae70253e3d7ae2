//! What users and programs share: secrets, who an `app_id` belongs to, the age of
//! events, and whether a user was ever here.

use std::sync::Arc;

use mprun_core::identity::{AppId, ProgramId};

use super::{Verdict, commit, event, fine, like, page, page_id, same, scope, scope_of, try_commit, write};
use crate::{BindError, Commit, EventId, EventRow, Storage};

pub(super) async fn a_secret_is_made_once(storage: &Arc<dyn Storage>) -> Verdict {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let storage = storage.clone();
        tasks.spawn(async move { fine(storage.secret("tokens").await) });
    }
    let secret = fine(storage.secret("tokens").await)?;
    while let Some(task) = tasks.join_next().await {
        same!(fine(task)??, secret);
    }
    let other = fine(storage.secret("recipes").await)?;
    if other == secret || secret == [0; 32] {
        return Err("expected two random secrets".to_owned());
    }
    Ok(())
}

pub(super) async fn an_app_id_belongs_to_the_first(storage: &Arc<dyn Storage>) -> Verdict {
    let program = |text: &str| fine(text.parse::<ProgramId>());
    fine(storage.bind(&program("first/bound")?).await)?;
    fine(storage.bind(&program("first/bound")?).await)?;
    let refused = storage.bind(&program("second/bound")?).await;
    like!(
        refused,
        Err(BindError::Taken { app_id, namespace })
            if app_id == "bound" && namespace == "first"
    );
    fine(storage.bind(&program("second/other")?).await)?;
    fine(storage.bind(&program("first/bound")?).await)?;
    // Development programs take nothing from anybody.
    fine(storage.bind(&program("dev/bound")?).await)?;
    fine(storage.bind(&program("dev/tried")?).await)?;
    fine(storage.bind(&program("second/tried")?).await)?;
    fine(storage.bind(&program("first/bound")?).await)
}

pub(super) async fn a_released_app_id_goes_to_the_next(storage: &Arc<dyn Storage>) -> Verdict {
    let program = |text: &str| fine(text.parse::<ProgramId>());
    let app_id = |text: &str| fine(text.parse::<AppId>());
    same!(fine(storage.release(&app_id("released")?).await)?, false);
    fine(storage.bind(&program("first/released")?).await)?;
    fine(storage.bind(&program("first/kept")?).await)?;
    let rows = scope_of("first/released", "released")?;
    commit(storage, &rows, Commit { writes: vec![write("key", b"mine")], ..Commit::default() }).await?;

    same!(fine(storage.release(&app_id("released")?).await)?, true);
    same!(fine(storage.release(&app_id("released")?).await)?, false);
    fine(storage.bind(&program("second/released")?).await)?;
    like!(storage.bind(&program("first/released")?).await, Err(BindError::Taken { .. }));
    like!(storage.bind(&program("second/kept")?).await, Err(BindError::Taken { .. }));
    // The rows are whose they were.
    same!(fine(storage.get(&rows, 1, "key").await)?, Some(b"mine".to_vec()));
    let other = scope_of("second/released", "released")?;
    same!(fine(storage.get(&other, 0, "key").await)?, None);
    // A development program has nothing to give back.
    fine(storage.bind(&program("dev/never")?).await)?;
    same!(fine(storage.release(&app_id("never")?).await)?, false);
    Ok(())
}

pub(super) async fn old_events_are_forgotten(storage: &Arc<dyn Storage>) -> Verdict {
    // Other cases' events are of 1 s after 1970.
    fine(storage.prune(2_000).await)?;
    let (one, two) = (scope("forgotten-one")?, scope("forgotten-two")?);
    let at = |number, at_ms| Commit { event: Some(EventRow { at_ms, ..event(number, b"") }), ..Commit::default() };
    commit(storage, &one, at(1, 5_000)).await?;
    commit(storage, &one, at(2, 6_000)).await?;
    commit(storage, &two, at(1, 5_999)).await?;
    same!(fine(storage.prune(5_000).await)?, 0);
    same!(fine(storage.prune(6_000).await)?, 2);
    same!(fine(storage.event(&one, EventId([1; 32])).await)?, None);
    same!(fine(storage.event(&two, EventId([1; 32])).await)?, None);
    like!(fine(storage.event(&one, EventId([2; 32])).await)?, Some(_));
    // Forgotten, it could happen again: whoever prunes waits longer than anybody
    // may send again.
    commit(storage, &one, at(1, 7_000)).await?;
    // More than a backend may want to forget in one go.
    for number in 0..1_205_u32 {
        let mut id = [9; 32];
        id[..4].copy_from_slice(&number.to_be_bytes());
        let event = EventRow { id: EventId(id), outcome: Vec::new(), at_ms: 5_000 };
        let commit = Commit { base_revision: u64::from(number) + 1, event: Some(event), ..Commit::default() };
        fine(storage.commit(&two, commit).await)?;
    }
    same!(fine(storage.prune(u64::MAX).await)?, 1_207);
    Ok(())
}

pub(super) async fn a_user_is_known_by_a_commit(storage: &Arc<dyn Storage>) -> Verdict {
    let (one, other) = (scope("known")?, scope_of("publisher/elsewhere", "known")?);
    let (longer, shorter) = (scope("known2")?, scope("know")?);
    same!(fine(storage.knows(&one.user).await)?, false);
    // Looking is not enough, and neither is a commit that is refused.
    fine(storage.snapshot(&one, page_id(1)).await)?;
    let refused = try_commit(storage, &one, Commit { writes: vec![write("", b"x")], ..Commit::default() }).await?;
    like!(refused, Err(_));
    let large = vec![0; crate::limits::VALUE_BYTES_MAX];
    // Found out only after most of it has been written.
    let writes = (0..11).map(|n| write(&format!("large/{n}"), &large)).collect();
    let refused = try_commit(storage, &one, Commit { pages: vec![page(1)], writes, ..Commit::default() }).await?;
    like!(refused, Err(_));
    same!(fine(storage.knows(&one.user).await)?, false);
    commit(storage, &other, Commit::default()).await?;
    same!(fine(storage.knows(&one.user).await)?, true);
    same!(fine(storage.knows(&longer.user).await)?, false);
    same!(fine(storage.knows(&shorter.user).await)?, false);
    // The user is known, the program knows nothing of them.
    same!(fine(storage.app(&one).await)?, crate::AppRow::default());
    // Who has nothing any more was here.
    commit(storage, &longer, Commit { pages: vec![page(1)], ..Commit::default() }).await?;
    commit(storage, &longer, Commit { removed_pages: vec![page_id(1)], ..Commit::default() }).await?;
    same!(fine(storage.knows(&longer.user).await)?, true);
    Ok(())
}
