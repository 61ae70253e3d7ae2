//! Commits as a whole: once, entirely, on the newest revision; and what readers
//! see of them.

use std::sync::Arc;

use mprun_core::identity::Digest;

use super::{Verdict, ask, commit, digest, event, fine, like, page, page_id, same, scope, scope_of, write};
use crate::{AppRow, AskFilter, AskId, AskKind, Commit, CommitError, EventId, EventRow, PageRow, ReadError, Storage};

pub(super) async fn nothing_is_there_at_first(storage: &Arc<dyn Storage>) -> Verdict {
    let scope = scope("first")?;
    same!(fine(storage.app(&scope).await)?, AppRow::default());
    same!(fine(storage.app(&scope).await)?.next_ask_id, 1);
    let snapshot = fine(storage.snapshot(&scope, page_id(1)).await)?;
    same!(snapshot.app, AppRow::default());
    same!(snapshot.page, None);
    same!(fine(storage.page(&scope, page_id(1)).await)?, None);
    same!(fine(storage.pages(&scope).await)?, []);
    same!(fine(storage.stack(&scope, page_id(1)).await)?, []);
    same!(fine(storage.get(&scope, 0, "key").await)?, None);
    let none: [String; 0] = [];
    same!(fine(storage.keys(&scope, 0, "", None, 10).await)?, none);
    same!(fine(storage.event(&scope, EventId([1; 32])).await)?, None);
    same!(fine(storage.ask(&scope, AskId(1)).await)?, None);
    same!(fine(storage.asks(&scope, AskFilter::default()).await)?, []);
    Ok(())
}

pub(super) async fn a_commit_is_read_back_whole(storage: &Arc<dyn Storage>) -> Verdict {
    let scope = scope("whole")?;
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let full = PageRow {
        parent: Some(page_id(9)),
        route: "product".to_owned(),
        parameters: vec![pair("id", "7"), pair("id", ""), pair("ü\"\\\0", "\n✓")],
        state: vec![0, 255, 1],
        digest: Digest::of(b"an older bundle"),
        drafts: vec![1, 2, 3],
        reply: Some(Vec::new()),
        opened_at_ms: 0,
        touched_at_ms: crate::limits::NUMBER_MAX,
        closed: true,
        ..page(1)
    };
    let timer = crate::Ask { page: Some(page_id(1)), ..ask(1, AskKind::Timer, Some(crate::limits::NUMBER_MAX)) };
    let toast = crate::Ask {
        route: "product".to_owned(),
        payload: Vec::new(),
        message: Vec::new(),
        digest: Digest::of(b"an older bundle"),
        ..ask(2, AskKind::Toast, None)
    };
    let revision = commit(
        storage,
        &scope,
        Commit {
            app_state: Some((vec![0; 3], digest())),
            pages: vec![full.clone(), page(2)],
            writes: vec![write("a\0b", b""), write("ü", b"1")],
            asks: vec![timer.clone(), toast.clone()],
            event: Some(event(1, b"\0outcome")),
            ..Commit::default()
        },
    )
    .await?;
    same!(revision, 1);
    let app = AppRow {
        revision: 1,
        state: Some((vec![0; 3], digest())),
        bytes_stored: 3 + 2 + 1,
        next_ask_id: 3,
        pages: 2,
        timers: 1,
        toasts: 1,
        navigations: 0,
    };
    same!(fine(storage.app(&scope).await)?, app);
    let snapshot = fine(storage.snapshot(&scope, page_id(1)).await)?;
    same!(snapshot.app, app);
    same!(snapshot.page, Some(full.clone()));
    same!(fine(storage.snapshot(&scope, page_id(3)).await)?.app, app);
    same!(fine(storage.page(&scope, page_id(1)).await)?, Some(full.clone()));
    same!(fine(storage.page(&scope, page_id(2)).await)?, Some(page(2)));
    let pages = fine(storage.pages(&scope).await)?;
    same!(pages.len(), 2);
    same!(pages[0].id, full.id);
    same!(pages[0].parent, full.parent);
    same!(pages[0].route, full.route);
    same!(pages[0].parameters, full.parameters);
    same!(pages[0].digest, full.digest);
    same!((pages[0].replies, pages[1].replies), (true, false));
    same!((pages[0].closed, pages[1].closed), (true, false));
    same!(pages[0].opened_at_ms, full.opened_at_ms);
    same!(pages[0].touched_at_ms, full.touched_at_ms);
    same!(fine(storage.get(&scope, 1, "a\0b").await)?, Some(Vec::new()));
    same!(fine(storage.get(&scope, 1, "ü").await)?, Some(b"1".to_vec()));
    same!(fine(storage.get(&scope, 1, "a").await)?, None);
    same!(fine(storage.event(&scope, EventId([1; 32])).await)?, Some(b"\0outcome".to_vec()));
    same!(fine(storage.ask(&scope, AskId(1)).await)?, Some(timer.clone()));
    let asks = |kind, page| storage.asks(&scope, AskFilter { kind, page });
    same!(fine(asks(None, None).await)?, [timer.clone(), toast.clone()]);
    same!(fine(asks(Some(AskKind::Toast), None).await)?, vec![toast.clone()]);
    same!(fine(asks(None, Some(page_id(1))).await)?, [timer]);
    same!(fine(asks(Some(AskKind::Toast), Some(page_id(1))).await)?, []);

    // What a commit does not name stays.
    commit(storage, &scope, Commit { done: vec![AskId(1), AskId(2)], ..Commit::default() }).await?;
    let app = AppRow { revision: 2, timers: 0, toasts: 0, ..app };
    same!(fine(storage.app(&scope).await)?, app);
    same!(fine(storage.page(&scope, page_id(1)).await)?, Some(full));
    same!(fine(asks(None, None).await)?, []);
    Ok(())
}

pub(super) async fn the_later_of_two_commits_conflicts(storage: &Arc<dyn Storage>) -> Verdict {
    let scope = scope("conflict")?;
    let with = |base_revision, value: &[u8]| Commit {
        base_revision,
        writes: vec![write("points", value)],
        ..Commit::default()
    };
    same!(fine(storage.commit(&scope, with(0, b"1")).await)?.revision, 1);
    let refused = storage.commit(&scope, with(0, b"2")).await;
    like!(refused, Err(CommitError::Conflict { current: 1 }));
    let refused = storage.commit(&scope, with(2, b"3")).await;
    like!(refused, Err(CommitError::Conflict { current: 1 }));
    same!(fine(storage.get(&scope, 1, "points").await)?, Some(b"1".to_vec()));
    same!(fine(storage.commit(&scope, with(1, b"2")).await)?.revision, 2);
    same!(fine(storage.get(&scope, 2, "points").await)?, Some(b"2".to_vec()));
    Ok(())
}

pub(super) async fn an_event_happens_once(storage: &Arc<dyn Storage>) -> Verdict {
    let scope = scope("once")?;
    let first = Commit {
        asks: vec![ask(1, AskKind::Timer, Some(9_000_000))],
        writes: vec![write("orders", b"1")],
        event: Some(event(1, b"ordered")),
        ..Commit::default()
    };
    same!(fine(storage.commit(&scope, first.clone()).await)?.revision, 1);
    // Sent again as it was: the base revision is old by now, and that is not what
    // whoever sends again wants to hear.
    let again = storage.commit(&scope, first.clone()).await;
    like!(again, Err(CommitError::Duplicate { outcome }) if outcome == b"ordered");
    // Also with a new revision, another outcome, and an ask that is gone.
    let again = Commit { base_revision: 1, done: vec![AskId(77)], event: Some(event(1, b"other")), ..first };
    let again = storage.commit(&scope, again).await;
    like!(again, Err(CommitError::Duplicate { outcome }) if outcome == b"ordered");
    same!(fine(storage.app(&scope).await)?.revision, 1);

    // A later commit may say what came of it, and only of events that are there.
    let amend = |number, outcome: &[u8]| Commit {
        amended: Some((EventId([number; 32]), outcome.to_vec())),
        ..Commit::default()
    };
    commit(storage, &scope, amend(1, b"see page 2")).await?;
    commit(storage, &scope, amend(2, b"nothing")).await?;
    same!(fine(storage.event(&scope, EventId([1; 32])).await)?, Some(b"see page 2".to_vec()));
    same!(fine(storage.event(&scope, EventId([2; 32])).await)?, None);

    // The same id of another user is another event.
    let other = super::scope("once-other")?;
    commit(storage, &other, Commit { event: Some(event(1, b"")), ..Commit::default() }).await?;
    Ok(())
}

pub(super) async fn a_refused_commit_leaves_nothing(storage: &Arc<dyn Storage>) -> Verdict {
    let scope = scope("refused")?;
    let start = Commit {
        pages: vec![page(1)],
        writes: vec![write("key", b"old")],
        asks: vec![ask(1, AskKind::Timer, Some(9_000_000))],
        event: Some(event(1, b"")),
        ..Commit::default()
    };
    commit(storage, &scope, start).await?;
    let before = fine(storage.snapshot(&scope, page_id(1)).await)?;
    let everything = Commit {
        base_revision: 1,
        app_state: Some((b"new".to_vec(), digest())),
        removed_pages: vec![page_id(1)],
        pages: vec![page(2)],
        writes: vec![write("key", b"new"), write("more", b"new")],
        done: vec![AskId(1)],
        asks: vec![ask(2, AskKind::Toast, None)],
        event: Some(event(2, b"")),
        amended: Some((EventId([1; 32]), b"new".to_vec())),
        ..Commit::default()
    };
    let large = vec![0; crate::limits::VALUE_BYTES_MAX];
    let refused = [
        Commit { base_revision: 0, ..everything.clone() },
        Commit { done: vec![AskId(1), AskId(9)], ..everything.clone() },
        Commit { event: Some(event(1, b"")), ..everything.clone() },
        Commit { asks: vec![ask(1, AskKind::Toast, None)], ..everything.clone() },
        // Found out only after most of it has been written.
        Commit { writes: (0..11).map(|n| write(&format!("large/{n}"), &large)).collect(), ..everything.clone() },
        Commit { event: Some(EventRow { at_ms: u64::MAX, ..event(2, b"") }), ..everything.clone() },
    ];
    for commit in refused {
        like!(storage.commit(&scope, commit).await, Err(_));
        same!(fine(storage.snapshot(&scope, page_id(1)).await)?, before);
        same!(fine(storage.page(&scope, page_id(2)).await)?, None);
        same!(fine(storage.keys(&scope, 1, "", None, 10).await)?, ["key"]);
        same!(fine(storage.get(&scope, 1, "key").await)?, Some(b"old".to_vec()));
        same!(fine(storage.asks(&scope, AskFilter::default()).await)?.len(), 1);
        same!(fine(storage.event(&scope, EventId([1; 32])).await)?, Some(Vec::new()));
        same!(fine(storage.event(&scope, EventId([2; 32])).await)?, None);
    }
    same!(fine(storage.commit(&scope, everything).await)?.revision, 2);
    Ok(())
}

pub(super) async fn reads_notice_that_the_data_moved(storage: &Arc<dyn Storage>) -> Verdict {
    let scope = scope("moved")?;
    let revision = commit(storage, &scope, Commit { writes: vec![write("key", b"1")], ..Commit::default() }).await?;
    same!(revision, 1);
    like!(storage.get(&scope, 0, "key").await, Err(ReadError::Moved { current: 1 }));
    like!(storage.get(&scope, 0, "missing").await, Err(ReadError::Moved { current: 1 }));
    for limit in [0, 10] {
        like!(storage.keys(&scope, 0, "no such", None, limit).await, Err(ReadError::Moved { current: 1 }));
    }
    same!(fine(storage.get(&scope, 1, "key").await)?, Some(b"1".to_vec()));
    Ok(())
}

pub(super) async fn keys_are_listed_by_their_bytes(storage: &Arc<dyn Storage>) -> Verdict {
    let scope = scope("keys")?;
    let sorted = ["B", "a", "a\0", "a/1", "a/10", "a/2", "ab", "b", "~", "é", "\u{10ffff}"];
    let writes = sorted.iter().rev().map(|key| write(key, b"x")).collect();
    commit(storage, &scope, Commit { writes, ..Commit::default() }).await?;
    let cases: [(&str, Option<&str>, u32, &[&str]); 12] = [
        ("", None, 100, &sorted),
        ("", None, 2, &["B", "a"]),
        ("", None, 0, &[]),
        ("", Some("ab"), 100, &["b", "~", "é", "\u{10ffff}"]),
        ("a", None, 100, &["a", "a\0", "a/1", "a/10", "a/2", "ab"]),
        ("a/", None, 100, &["a/1", "a/10", "a/2"]),
        ("a/", Some("a/1"), 1, &["a/10"]),
        ("a/", Some("a/15"), 100, &["a/2"]),
        ("a/", Some("b"), 100, &[]),
        ("a/", Some("B"), 100, &["a/1", "a/10", "a/2"]),
        ("\u{10ffff}", None, 100, &["\u{10ffff}"]),
        ("%", None, 100, &[]),
    ];
    for (prefix, after, limit, expected) in cases {
        same!(fine(storage.keys(&scope, 1, prefix, after, limit).await)?, expected);
    }
    Ok(())
}

pub(super) async fn users_and_programs_are_apart(storage: &Arc<dyn Storage>) -> Verdict {
    let scopes = [
        scope_of("dev/apart", "user")?,
        scope_of("dev/apart", "user2")?,
        scope_of("dev/apart2", "user")?,
        scope_of("other/apart", "user")?,
    ];
    for (number, scope) in scopes.iter().enumerate() {
        let value = number.to_string().into_bytes();
        let all = Commit {
            app_state: Some((value.clone(), digest())),
            pages: vec![PageRow { state: value.clone(), ..page(1) }],
            writes: vec![write("key", &value)],
            asks: vec![ask(1, AskKind::Toast, None)],
            event: Some(event(1, &value)),
            ..Commit::default()
        };
        same!(fine(storage.commit(scope, all).await)?.revision, 1);
    }
    commit(
        storage,
        &scopes[0],
        Commit {
            removed_pages: vec![page_id(1)],
            writes: vec![("key".to_owned(), None)],
            done: vec![AskId(1)],
            ..Commit::default()
        },
    )
    .await?;
    for (number, scope) in scopes.iter().enumerate().skip(1) {
        let value = number.to_string().into_bytes();
        let snapshot = fine(storage.snapshot(scope, page_id(1)).await)?;
        same!(snapshot.app.revision, 1);
        same!(snapshot.app.state, Some((value.clone(), digest())));
        same!(snapshot.page.map(|page| page.state), Some(value.clone()));
        same!(fine(storage.get(scope, 1, "key").await)?, Some(value.clone()));
        same!(fine(storage.asks(scope, AskFilter::default()).await)?.len(), 1);
        same!(fine(storage.event(scope, EventId([1; 32])).await)?, Some(value));
    }
    Ok(())
}

pub(super) async fn commits_at_the_same_moment_lose_nothing(storage: &Arc<dyn Storage>) -> Verdict {
    const TASKS: u64 = 8;
    const ADDITIONS: u64 = 10;
    let scope = scope("same-moment")?;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..TASKS {
        let (storage, scope) = (storage.clone(), scope.clone());
        tasks.spawn(async move {
            for _ in 0..ADDITIONS {
                add_one(&storage, &scope).await?;
            }
            Ok::<_, String>(())
        });
    }
    while let Some(task) = tasks.join_next().await {
        fine(task)??;
    }
    let app = fine(storage.app(&scope).await)?;
    same!(app.revision, TASKS * ADDITIONS);
    let sum = (TASKS * ADDITIONS).to_string().into_bytes();
    same!(fine(storage.get(&scope, app.revision, "sum").await)?, Some(sum));
    Ok(())
}

/// As the host does it: read, add, commit; from the beginning where somebody else
/// got ahead.
async fn add_one(storage: &Arc<dyn Storage>, scope: &crate::Scope) -> Verdict {
    loop {
        let revision = fine(storage.app(scope).await)?.revision;
        let sum = match storage.get(scope, revision, "sum").await {
            Err(ReadError::Moved { .. }) => continue,
            read => fine(read)?.unwrap_or_else(|| b"0".to_vec()),
        };
        let sum: u64 = fine(fine(String::from_utf8(sum))?.parse())?;
        let commit = Commit {
            base_revision: revision,
            writes: vec![write("sum", (sum + 1).to_string().as_bytes())],
            ..Commit::default()
        };
        match storage.commit(scope, commit).await {
            Err(CommitError::Conflict { .. }) => {}
            committed => return fine(committed).map(drop),
        }
        tokio::task::yield_now().await;
    }
}
