//! The limits: what just fits is kept, one more is refused with its name.

use std::sync::Arc;

use super::{Verdict, ask, commit, digest, event, fine, like, page, page_id, same, scope, try_commit, write};
use crate::{
    AskId, AskKind, Commit, CommitError, EventId, EventRow, PageRow, Storage,
    limits::{
        ADDRESS_BYTES_MAX, ASK_BYTES_MAX, COMMIT_ASKS_MAX, DRAFTS_BYTES_MAX, KEY_BYTES_MAX, NAVIGATIONS_MAX,
        NUMBER_MAX, OUTCOME_BYTES_MAX, STATE_BYTES_MAX, STORED_BYTES_MAX, TIMERS_MAX, TOASTS_MAX, VALUE_BYTES_MAX,
    },
};

pub(super) async fn sizes_are_limited(storage: &Arc<dyn Storage>) -> Verdict {
    let scope = scope("sizes")?;
    let with_page = |page: PageRow| Commit { pages: vec![page], ..Commit::default() };
    let filled = |length: usize| vec![b'x'; length];
    let text = |length: usize| "x".repeat(length);
    // Each makes a commit with that many of something.
    type Make<'a> = &'a dyn Fn(usize) -> Commit;
    let cases: [(usize, Make<'_>); 10] = [
        (STATE_BYTES_MAX, &|n| Commit { app_state: Some((filled(n), digest())), ..Commit::default() }),
        (STATE_BYTES_MAX, &|n| with_page(PageRow { state: filled(n), ..page(1) })),
        (DRAFTS_BYTES_MAX, &|n| with_page(PageRow { drafts: filled(n), ..page(1) })),
        (ASK_BYTES_MAX, &|n| with_page(PageRow { reply: Some(filled(n)), ..page(1) })),
        (ADDRESS_BYTES_MAX, &|n| {
            with_page(PageRow { route: text(10), parameters: vec![(text(20), text(n - 30))], ..page(1) })
        }),
        (KEY_BYTES_MAX, &|n| Commit { writes: vec![write(&text(n), b"")], ..Commit::default() }),
        (VALUE_BYTES_MAX, &|n| Commit { writes: vec![write("key", &filled(n))], ..Commit::default() }),
        (ASK_BYTES_MAX, &|n| {
            let mut large = ask(1, AskKind::Toast, None);
            large.payload = filled(n - large.route.len() - large.message.len());
            Commit { asks: vec![large], ..Commit::default() }
        }),
        (OUTCOME_BYTES_MAX, &|n| Commit { event: Some(event(1, &filled(n))), ..Commit::default() }),
        (OUTCOME_BYTES_MAX, &|n| Commit { amended: Some((EventId([1; 32]), filled(n))), ..Commit::default() }),
    ];
    // What is too large first: then nothing of what fits is in its way.
    for (max, make) in cases {
        let refused = try_commit(storage, &scope, make(max + 1)).await?;
        let (max, got) = (max as u64, max as u64 + 1);
        like!(refused, Err(CommitError::Limit { max: m, got: g, .. }) if (*m, *g) == (max, got));
    }
    for (max, make) in cases {
        commit(storage, &scope, make(max)).await?;
    }
    Ok(())
}

pub(super) async fn stored_bytes_are_counted_and_limited(storage: &Arc<dyn Storage>) -> Verdict {
    let scope = scope("stored")?;
    let writes = |writes| Commit { writes, ..Commit::default() };
    let used = || async { fine(storage.app(&scope).await).map(|app| app.bytes_stored) };
    // Nine full values, and one that leaves exactly nothing.
    let large = vec![0; VALUE_BYTES_MAX];
    let nine = (0..9).map(|n| write(&n.to_string(), &large)).collect();
    commit(storage, &scope, writes(nine)).await?;
    same!(used().await?, 9 * (1 + VALUE_BYTES_MAX as u64));
    let rest = VALUE_BYTES_MAX - 9 - 1;
    commit(storage, &scope, writes(vec![write("r", &large[..rest])])).await?;
    same!(used().await?, STORED_BYTES_MAX);
    for one_more in [write("s", b""), write("r", &large[..rest + 1])] {
        let refused = try_commit(storage, &scope, writes(vec![one_more])).await?;
        let got = STORED_BYTES_MAX + 1;
        like!(refused, Err(CommitError::Limit { got: g, .. }) if *g == got);
        same!(used().await?, STORED_BYTES_MAX);
    }
    // Replaced is not added, removed makes room, what is not there has no bytes;
    // and the same key may be written more than once: the last one counts.
    let again = vec![
        write("r", b"short"),
        ("0".to_owned(), None),
        ("missing".to_owned(), None),
        write("twice", b"first"),
        write("twice", b"2nd"),
        write("gone", b"soon"),
        ("gone".to_owned(), None),
    ];
    commit(storage, &scope, writes(again)).await?;
    same!(used().await?, 8 * (1 + VALUE_BYTES_MAX as u64) + 6 + 8);
    let revision = fine(storage.app(&scope).await)?.revision;
    same!(fine(storage.get(&scope, revision, "twice").await)?, Some(b"2nd".to_vec()));
    same!(fine(storage.get(&scope, revision, "gone").await)?, None);
    same!(fine(storage.get(&scope, revision, "0").await)?, None);
    Ok(())
}

pub(super) async fn open_asks_are_limited(storage: &Arc<dyn Storage>) -> Verdict {
    let scope = scope("open-asks")?;
    let asked = |kind, ids: std::ops::Range<u64>| Commit {
        asks: ids.map(|id| ask(id, kind, None)).collect(),
        ..Commit::default()
    };
    let limits = [(AskKind::Timer, TIMERS_MAX), (AskKind::Toast, TOASTS_MAX), (AskKind::Navigation, NAVIGATIONS_MAX)];
    let mut next = 1;
    for (kind, max) in limits {
        let end = next + u64::from(max);
        while next < end {
            let step = (next + COMMIT_ASKS_MAX as u64).min(end);
            commit(storage, &scope, asked(kind, next..step)).await?;
            next = step;
        }
        let refused = try_commit(storage, &scope, asked(kind, next..next + 1)).await?;
        let max = u64::from(max);
        like!(refused, Err(CommitError::Limit { max: m, .. }) if *m == max);
        // One goes, one comes.
        let exchange = Commit { done: vec![AskId(next - 1)], ..asked(kind, next..next + 1) };
        commit(storage, &scope, exchange).await?;
        next += 1;
    }
    let app = fine(storage.app(&scope).await)?;
    same!((app.timers, app.toasts, app.navigations), (TIMERS_MAX, TOASTS_MAX, NAVIGATIONS_MAX));

    let many = asked(AskKind::Toast, next..next + COMMIT_ASKS_MAX as u64 + 1);
    let refused = try_commit(storage, &scope, many).await?;
    like!(refused, Err(CommitError::Limit { what: "asks of an event", .. }));
    Ok(())
}

pub(super) async fn nonsense_is_refused(storage: &Arc<dyn Storage>) -> Verdict {
    let scope = scope("nonsense")?;
    let asks = vec![ask(1, AskKind::Timer, None), ask(2, AskKind::Timer, None)];
    commit(storage, &scope, Commit { asks, ..Commit::default() }).await?;
    let nothing = Commit::default;
    let nonsense = [
        Commit { writes: vec![write("", b"x")], ..nothing() },
        Commit { pages: vec![page(1), page(1)], ..nothing() },
        Commit { removed_pages: vec![page_id(1), page_id(1)], ..nothing() },
        Commit { done: vec![AskId(1), AskId(1)], ..nothing() },
        Commit { done: vec![AskId(1)], postponed: vec![(AskId(1), None)], ..nothing() },
        Commit { postponed: vec![(AskId(1), Some(NUMBER_MAX + 1))], ..nothing() },
        Commit { next_ask_id: NUMBER_MAX + 1, ..nothing() },
        Commit { asks: vec![ask(u64::MAX, AskKind::Timer, None)], ..nothing() },
        Commit { asks: vec![ask(3, AskKind::Timer, Some(u64::MAX))], ..nothing() },
        Commit { event: Some(EventRow { at_ms: u64::MAX, ..event(1, b"") }), ..nothing() },
        Commit { pages: vec![PageRow { opened_at_ms: u64::MAX, ..page(1) }], ..nothing() },
        Commit { pages: vec![PageRow { touched_at_ms: u64::MAX, ..page(1) }], ..nothing() },
    ];
    for commit in nonsense {
        let refused = try_commit(storage, &scope, commit).await?;
        like!(refused, Err(CommitError::Invalid { .. }));
    }
    same!(fine(storage.app(&scope).await)?.revision, 1);
    Ok(())
}
