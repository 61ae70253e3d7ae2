//! Death at any moment: processes that commit in a loop are killed again and
//! again, and what they were told is committed is there, whole.

use std::{
    env,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use mprun_core::identity::{Digest, PageId};
use mprun_storage::{
    Ask, AskFilter, AskId, AskKind, Commit, CommitError, EventId, EventRow, PageRow, ReadError, Scope, Storage,
    StorageError, sqlite::SqliteStorage,
};

/// Tells the test binary that it is a child, with the file to write to.
const FILE: &str = "MPRUN_TEST_STORAGE_FILE";

/// A child does not end by itself.
const UNTIL_KILLED: std::ops::Range<u64> = 0..u64::MAX;

/// How many lives the children have together.
const LIVES: u64 = 100;

fn scope(user: &str) -> Scope {
    Scope { program: "dev/crash".parse().unwrap(), user: user.parse().unwrap() }
}

fn page_id() -> PageId {
    PageId::from_bytes([1; 16])
}

/// Event and values of the `n`th commit: every place that a commit can write to
/// says `n`, and each commit consumes the ask of the one before.
fn commit(n: u64) -> Commit {
    let text = n.to_string();
    let value = text.repeat(1 + usize::try_from(n % 700).unwrap());
    let mut event = [0; 32];
    event[..8].copy_from_slice(&n.to_be_bytes());
    Commit {
        base_revision: n - 1,
        app_state: Some((text.clone().into_bytes(), Digest::of(b""))),
        pages: vec![PageRow {
            id: page_id(),
            parent: None,
            route: text.clone(),
            parameters: Vec::new(),
            state: value.clone().into_bytes(),
            digest: Digest::of(b""),
            drafts: Vec::new(),
            reply: None,
            opened_at_ms: 0,
            touched_at_ms: n,
            closed: false,
        }],
        writes: vec![
            ("latest".to_owned(), Some(value.clone().into_bytes())),
            (format!("n/{}", n % 50), Some(text.clone().into_bytes())),
        ],
        done: if n > 1 { vec![AskId(n - 1)] } else { Vec::new() },
        asks: vec![Ask {
            id: AskId(n),
            page: Some(page_id()),
            route: text.clone(),
            kind: AskKind::Timer,
            payload: Vec::new(),
            message: text.clone().into_bytes(),
            due_at_ms: Some(n),
            digest: Digest::of(b""),
        }],
        event: Some(EventRow { id: EventId(event), outcome: text.into_bytes(), at_ms: n }),
        ..Commit::default()
    }
}

fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().unwrap()
}

/// Not a test of its own: what the children do. Without [`FILE`] it is nothing.
#[test]
fn child() {
    let Some(path) = env::var_os(FILE) else {
        return;
    };
    let storage = SqliteStorage::open(Path::new(&path)).unwrap();
    let say = |line: String| {
        // One write: a line is there or not.
        let mut out = std::io::stdout();
        out.write_all(format!("\n{line}\n").as_bytes()).unwrap();
        out.flush().unwrap();
    };
    runtime().block_on(async {
        // Users of its own, several at a time so that transactions are shared.
        let alone = async |user: &str| {
            let scope = scope(user);
            for _ in UNTIL_KILLED {
                let n = storage.app(&scope).await.unwrap().revision + 1;
                match storage.commit(&scope, commit(n)).await {
                    Ok(_) => say(format!("ack {user} {n}")),
                    // The other process has the same users.
                    Err(
                        CommitError::Conflict { .. }
                        | CommitError::Duplicate { .. }
                        | CommitError::Gone { .. }
                        | CommitError::Storage(StorageError::Busy),
                    ) => tokio::task::yield_now().await,
                    Err(error) => panic!("{error}"),
                }
            }
        };
        // And one number that everybody adds to.
        let together = async {
            let scope = scope("sum");
            for _ in UNTIL_KILLED {
                let base_revision = storage.app(&scope).await.unwrap().revision;
                let sum = match storage.get(&scope, base_revision, "sum").await {
                    Err(ReadError::Moved { .. }) => continue,
                    sum => sum.unwrap().unwrap_or_else(|| b"0".to_vec()),
                };
                let sum: u64 = String::from_utf8(sum).unwrap().parse().unwrap();
                let sum = (sum + 1).to_string().into_bytes();
                let add = Commit { base_revision, writes: vec![("sum".to_owned(), Some(sum))], ..Commit::default() };
                match storage.commit(&scope, add).await {
                    Ok(_) => say("add".to_owned()),
                    Err(CommitError::Conflict { .. } | CommitError::Storage(StorageError::Busy)) => {
                        tokio::task::yield_now().await;
                    }
                    Err(error) => panic!("{error}"),
                }
            }
        };
        tokio::join!(alone("a"), alone("b"), alone("c"), together);
    });
}

fn start(path: &Path) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "crash::child", "--nocapture", "--test-threads=1"])
        .env(FILE, path)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap()
}

/// What children were told: the last commit of each user, and how many additions.
#[derive(Default)]
struct Told {
    last: [u64; 3],
    additions: u64,
}

/// Kills the child some time after it began, or after it was first told of a
/// commit, and reads everything that it had said.
fn kill_and_read(mut child: Child, after: Duration, at_work: bool, told: &mut Told) {
    let out = child.stdout.take().unwrap();
    let (said, first) = mpsc::channel();
    let reader = thread::spawn(move || {
        let lines = BufReader::new(out).lines().map_while(Result::ok);
        let words = lines.filter(|line| line.starts_with("ack ") || line == "add");
        let told = words.inspect(|_| {
            // Nobody listens after the first.
            let _ = said.send(());
        });
        told.collect::<Vec<_>>()
    });
    if at_work {
        first.recv_timeout(Duration::from_secs(60)).unwrap();
    }
    thread::sleep(after);
    assert!(child.try_wait().unwrap().is_none(), "a child ended by itself");
    child.kill().unwrap();
    child.wait().unwrap();
    for line in reader.join().unwrap() {
        let words: Vec<_> = line.split(' ').collect();
        match words[..] {
            ["ack", user, n] => {
                let user = ["a", "b", "c"].iter().position(|name| *name == user).unwrap();
                let n = n.parse().unwrap();
                told.last[user] = told.last[user].max(n);
            }
            ["add"] => told.additions += 1,
            _ => {}
        }
    }
}

fn check(path: &Path, told: &mut Told, killed: u64) {
    let storage = SqliteStorage::open(path).unwrap();
    runtime().block_on(async {
        for (user, last) in ["a", "b", "c"].iter().zip(&mut told.last) {
            let scope = scope(user);
            let snapshot = storage.snapshot(&scope, page_id()).await.unwrap();
            let n = snapshot.app.revision;
            // At most one more than was told: it waits for each answer, and two
            // processes never win with the same revision.
            assert!(n >= *last, "user {user}: told {last}, found {n}");
            assert!(n <= *last + 2, "user {user}: told {last}, found {n}");
            *last = n;
            if n == 0 {
                continue;
            }
            // Everything says n, nothing says more.
            let whole = commit(n);
            assert_eq!(snapshot.app.state, whole.app_state);
            assert_eq!(snapshot.page.as_ref(), whole.pages.first());
            assert_eq!(snapshot.app.timers, 1);
            let asks = storage.asks(&scope, AskFilter::default()).await.unwrap();
            assert_eq!(asks, whole.asks);
            for (key, value) in &whole.writes {
                assert_eq!(&storage.get(&scope, n, key).await.unwrap(), value);
            }
            let event = whole.event.unwrap();
            let outcome = storage.event(&scope, event.id).await.unwrap();
            assert_eq!(outcome, Some(event.outcome));
            let next = commit(n + 1).event.unwrap();
            assert_eq!(storage.event(&scope, next.id).await.unwrap(), None);
        }
        let scope = scope("sum");
        let app = storage.app(&scope).await.unwrap();
        let sum = storage.get(&scope, app.revision, "sum").await.unwrap();
        let sum: u64 = String::from_utf8(sum.unwrap_or_else(|| b"0".to_vec())).unwrap().parse().unwrap();
        assert_eq!(sum, app.revision, "an addition was lost or doubled");
        // Every kill may have cost the answer to one addition.
        assert!(
            (told.additions..=told.additions + killed).contains(&sum),
            "told of {} additions, found {sum}",
            told.additions
        );
    });
}

#[test]
fn what_was_acknowledged_survives_a_hundred_kills() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.sqlite");
    let mut told = Told::default();
    // Moments that differ from run to run would be failures that nobody can repeat;
    // the scheduler varies them enough.
    let moment = |life: u64| Duration::from_millis(5 + life * 37 % 120);
    for life in 0..LIVES / 2 {
        // Two processes on one file; one of them outlives the other a little.
        let (one, two) = (start(&path), start(&path));
        // Every other pair is killed wherever it is, also while it makes the file.
        let at_work = life % 2 == 1;
        kill_and_read(one, moment(life), at_work, &mut told);
        kill_and_read(two, moment(life + 7) / 4, at_work, &mut told);
        check(&path, &mut told, 2 * (life + 1));
    }
    // A test that killed before anything was written would show nothing.
    assert!(told.last.iter().all(|n| *n > 50), "{:?}", told.last);
    assert!(told.additions > 50, "{}", told.additions);
}
