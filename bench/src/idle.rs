//! What a page leaves behind that was opened, used once and left: in the database
//! file and in the server's memory. A tenth of the pages comes first, so that
//! caches and pools have their size; what the others add is divided by their
//! number.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};
use rusqlite::Connection;

use crate::client::{Client, Page};
use crate::programs::{self, Serving};

/// Users who are there at the same time.
const AT_ONCE: usize = 32;

/// How many pages, and how many of them belong to one user.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Amount {
    pub(crate) pages: usize,
    pub(crate) per_user: usize,
}

/// What a page costs, in bytes.
pub(crate) struct Idle {
    pub(crate) amount: Amount,
    /// Growth of the database file.
    pub(crate) file: f64,
    /// Of it, states: the page's, and the program's of its user.
    pub(crate) state: f64,
    /// Of it, each table with its indexes.
    pub(crate) tables: BTreeMap<String, f64>,
    /// Growth of the server's resident memory.
    pub(crate) memory: f64,
    /// Pages opened and used a second.
    pub(crate) per_second: f64,
}

/// How many bytes of states a table has: large ones lie elsewhere.
fn states(table: &str) -> String {
    format!(
        "SELECT coalesce(sum(length(coalesce(l.bytes, t.state))), 0)
           FROM {table} t LEFT JOIN large l ON l.id = t.state"
    )
}

/// What there is at a moment, in bytes.
struct Moment {
    pages: u64,
    file: u64,
    state: u64,
    tables: BTreeMap<String, u64>,
    memory: u64,
}

/// Opens the pages on a server of their own, whose data lies in `folder`.
pub(crate) fn run(built: &Path, guest: &Path, folder: &Path, amount: Amount) -> Result<Idle> {
    let bundles = programs::distinct(guest, folder, 1)?;
    let arguments = programs::serve_arguments(&bundles, folder, &[]);
    let server = Serving::start(built.join("mprun"), &arguments)?;
    let users = amount.pages / amount.per_user;
    let first = (users / 10).max(1);
    visit(&server, first, amount.per_user)?;
    let before = moment(&server, folder)?;
    let start = Instant::now();
    visit(&server, users - first, amount.per_user)?;
    let seconds = start.elapsed().as_secs_f64();
    let after = moment(&server, folder)?;

    let pages = after.pages - before.pages;
    ensure!(
        after.pages == (users * amount.per_user) as u64,
        "expected {users} times {} stored pages, got {}",
        amount.per_user,
        after.pages
    );
    let grown = |before: u64, after: u64| (after as f64 - before as f64) / pages as f64;
    let table = |(name, bytes): (&String, &u64)| {
        (name.clone(), grown(before.tables.get(name).copied().unwrap_or_default(), *bytes))
    };
    Ok(Idle {
        amount,
        file: grown(before.file, after.file),
        state: grown(before.state, after.state),
        tables: after.tables.iter().map(table).collect(),
        memory: grown(before.memory, after.memory),
        per_second: pages as f64 / seconds,
    })
}

/// So many users come, and each opens so many pages and presses once on each.
fn visit(server: &Serving, users: usize, per_user: usize) -> Result<()> {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let clients: Vec<_> =
            (0..AT_ONCE).map(|_| scope.spawn(|| client(server.address(), &next, users, per_user))).collect();
        clients.into_iter().try_for_each(|client| client.join().map_err(|_| anyhow!("a client panicked"))?)
    })
}

fn client(address: &str, next: &AtomicUsize, users: usize, per_user: usize) -> Result<()> {
    let path = programs::path(1, "counter");
    let mut client = Client::connect(address)?;
    while next.fetch_add(1, Ordering::Relaxed) < users {
        client.forget();
        for _ in 0..per_user {
            let mut page = Page::open(&mut client, &path)?;
            let token = page.token("One more")?;
            page.press(&mut client, &token)?;
        }
    }
    Ok(())
}

/// Looks at the file through a connection of our own, with everything in it that
/// was committed.
fn moment(server: &Serving, folder: &Path) -> Result<Moment> {
    // What the server does behind an answer is over.
    std::thread::sleep(Duration::from_secs(1));
    let memory = server.memory_bytes()?;
    let connection = Connection::open(programs::database(folder)?)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    let busy: i64 = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |row| row.get(0))?;
    ensure!(busy == 0, "the write-ahead log is in use");
    let number = |sql: &str| connection.query_row(sql, (), |row| row.get::<_, i64>(0)).map(i64::unsigned_abs);
    let mut tables = BTreeMap::new();
    let mut statement = connection.prepare(
        "SELECT tbl_name, sum(pgsize) FROM dbstat JOIN sqlite_schema USING (name) WHERE aggregate = TRUE GROUP BY 1",
    )?;
    for row in statement.query_map((), |row| <(String, i64)>::try_from(row))? {
        let (name, bytes) = row?;
        tables.insert(name, bytes.unsigned_abs());
    }
    Ok(Moment {
        pages: number("SELECT count(*) FROM pages")?,
        file: number("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")?,
        state: number(&states("pages"))? + number(&states("apps"))?,
        tables,
        memory,
    })
}
