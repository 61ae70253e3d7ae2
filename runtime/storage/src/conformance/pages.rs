//! Page instances: replaced, removed, chained, and evicted where there are too many.

use std::sync::Arc;

use mprun_core::identity::Digest;

use super::{Verdict, ask, commit, digest, fine, like, page, page_id, same, scope, try_commit, write};
use crate::{Ask, AskId, AskKind, Commit, CommitError, Committed, PageRow, Storage, limits};

pub(super) async fn pages_are_replaced_and_removed(storage: &Arc<dyn Storage>) -> Verdict {
    let scope = scope("replaced")?;
    let with = |pages| Commit { pages, ..Commit::default() };
    commit(storage, &scope, with(vec![page(1), page(2)])).await?;
    let newer = PageRow { state: b"newer".to_vec(), touched_at_ms: 2_000, closed: true, ..page(2) };
    // Another route of another bundle, and a clock that went back.
    let other = PageRow {
        route: "other".to_owned(),
        digest: Digest::of(b"another bundle"),
        parameters: vec![("id".to_owned(), "7".to_owned())],
        opened_at_ms: limits::NUMBER_MAX,
        touched_at_ms: 0,
        ..page(2)
    };
    for replaced in [other, newer] {
        commit(storage, &scope, with(vec![replaced.clone()])).await?;
        same!(fine(storage.page(&scope, page_id(2)).await)?, Some(replaced));
    }
    let order: Vec<_> = fine(storage.pages(&scope).await)?.iter().map(|p| p.id).collect();
    same!(order, [page_id(2), page_id(1)]);
    // Removing what is not there is no error: somebody wants it gone, it is gone.
    let removed =
        Commit { removed_pages: vec![page_id(1), page_id(2), page_id(3)], pages: vec![page(2)], ..Commit::default() };
    commit(storage, &scope, removed).await?;
    same!(fine(storage.page(&scope, page_id(1)).await)?, None);
    same!(fine(storage.page(&scope, page_id(2)).await)?, Some(page(2)));
    same!(fine(storage.app(&scope).await)?.pages, 1);
    Ok(())
}

pub(super) async fn what_grows_and_shrinks_is_read_back(storage: &Arc<dyn Storage>) -> Verdict {
    let scope = scope("grows")?;
    // Around every size at which a backend might want to keep it elsewhere.
    for (revision, bytes) in [0, 1, 150, 151, 1_100, 0, 40_000, 39_999, 7, 5_000, 0].into_iter().enumerate() {
        let filled = |byte: u8| vec![byte; bytes];
        let page = PageRow { state: filled(1), drafts: filled(2), ..page(1) };
        let app_state = Some((filled(3), digest()));
        let changed = Commit {
            base_revision: revision as u64,
            app_state: app_state.clone(),
            pages: vec![page.clone()],
            writes: vec![write("key", &filled(4))],
            ..Commit::default()
        };
        let revision = fine(storage.commit(&scope, changed).await)?.revision;
        let snapshot = fine(storage.snapshot(&scope, page.id).await)?;
        same!(snapshot.app.state, app_state);
        same!(snapshot.app.bytes_stored, 3 + bytes as u64);
        same!(fine(storage.app(&scope).await)?, snapshot.app);
        same!(fine(storage.page(&scope, page.id).await)?.as_ref(), Some(&page));
        same!(snapshot.page, Some(page));
        same!(fine(storage.get(&scope, revision, "key").await)?, Some(filled(4)));
    }
    Ok(())
}

pub(super) async fn a_stack_is_followed_to_its_end(storage: &Arc<dyn Storage>) -> Verdict {
    let scope = scope("stack")?;
    let on = |number, parent| PageRow { parent: Some(page_id(parent)), ..page(number) };
    let pages = vec![page(1), on(2, 1), on(3, 2), on(4, 1), on(5, 99), on(6, 7), on(7, 6)];
    commit(storage, &scope, Commit { pages, ..Commit::default() }).await?;
    for (from, expected) in [(1, &[1][..]), (3, &[3, 2, 1]), (4, &[4, 1]), (5, &[5]), (99, &[])] {
        let stack = fine(storage.stack(&scope, page_id(from)).await)?;
        let stack: Vec<_> = stack.iter().map(|page| page.id).collect();
        let expected: Vec<_> = expected.iter().map(|number| page_id(*number)).collect();
        same!(stack, expected);
    }
    // A ring, which nobody should have made.
    let ring = fine(storage.stack(&scope, page_id(6)).await)?;
    same!(ring.len(), limits::STACK_DEPTH_MAX as usize);
    Ok(())
}

pub(super) async fn too_many_pages_are_evicted(storage: &Arc<dyn Storage>) -> Verdict {
    let scope = scope("evicted")?;
    let max = u16::try_from(limits::PAGES_MAX).unwrap_or(u16::MAX);
    // The higher the number, the longer ago; 7 is closed, and the last waits for
    // a timer.
    let aged = |number: u16| PageRow { touched_at_ms: 10_000 - u64::from(number), closed: number == 7, ..page(number) };
    let timer = Ask { page: Some(page_id(max)), ..ask(1, AskKind::Timer, Some(9_000_000)) };
    let full = Commit { pages: (1..=max).map(aged).collect(), asks: vec![timer], ..Commit::default() };
    commit(storage, &scope, full).await?;
    same!(fine(storage.app(&scope).await)?.pages, limits::PAGES_MAX);

    let add = |base_revision, pages| Commit { base_revision, pages, ..Commit::default() };
    let young = |number| PageRow { touched_at_ms: 20_000, ..page(number) };
    let first = fine(storage.commit(&scope, add(1, vec![young(1_001)])).await)?;
    same!(first, Committed { revision: 2, evicted: vec![page_id(7)] });
    same!(fine(storage.page(&scope, page_id(7)).await)?, None);
    // The longest untouched are: the last (waits), then one that the commit
    // itself touches, then this one.
    let touching = vec![young(1_002), aged(max - 1)];
    let second = fine(storage.commit(&scope, add(2, touching)).await)?;
    same!(second.evicted, [page_id(max - 2)]);
    same!(fine(storage.app(&scope).await)?.pages, limits::PAGES_MAX);
    same!(fine(storage.pages(&scope).await)?.len(), usize::from(max));

    // More than there is room for at all.
    let pages = (0..=max).map(|number| page(2_000 + number)).collect();
    let refused = try_commit(storage, &scope, Commit { pages, ..Commit::default() }).await?;
    like!(refused, Err(CommitError::Limit { what: "page instances", .. }));
    // The timer goes with its page only if somebody says so.
    let done = Commit { removed_pages: vec![page_id(max)], ..Commit::default() };
    commit(storage, &scope, done).await?;
    like!(fine(storage.ask(&scope, AskId(1)).await)?, Some(_));
    Ok(())
}
