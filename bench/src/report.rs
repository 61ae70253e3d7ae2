//! What was measured as Markdown: on stdout, and for a whole run between two marks
//! of docs/speed.md, with docs/bench.svg beside it; in short in README.md.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result};
use mprun_core::bundle::diff::grouped;

use crate::events::Patch;
use crate::idle::{Amount, Idle};
use crate::load::Run;
use crate::pages::{self, Table};

/// What the numbers are written between.
const BEGIN: &str = "<!-- bench:pages -->";
const END: &str = "<!-- /bench:pages -->";

/// The worst answer but a hundredth may take so many times as long as half of them.
const TAIL_MAX: f64 = 3.0;
/// Bytes of an answer to one changed price in 1,000 rows have to be fewer.
const PATCH_BYTES: usize = 200;
/// Bytes that an idle page may cost beside its state.
const IDLE_BYTES: f64 = 200.0;

/// One page, all contenders.
pub(crate) fn table(table: &Table) -> String {
    let mut out = format!(
        "| {} | requests/s | p50, ms | p99, ms | bytes | fresh sandbox ÷ this | aim | |\n|---|--:|--:|--:|--:|--:|---|---|\n",
        table.title
    );
    let fresh = table.rows.first().map_or(0.0, |row| row.run.per_second);
    for (position, pages::Row { name, aim, run, bytes }) in table.rows.iter().enumerate() {
        let (ratio, aim, reached) = match aim {
            Some(aim) => {
                let ratio = fresh / run.per_second;
                (format!("{ratio:.2}"), format!("≥ {aim}"), mark(ratio >= *aim))
            }
            None if position == 0 => {
                let tail = run.p99_ms / run.p50_ms;
                ("1".to_owned(), format!("p99 ≤ {TAIL_MAX} × p50: {tail:.1}"), mark(tail <= TAIL_MAX))
            }
            None => (format!("{:.2}", fresh / run.per_second), String::new(), ""),
        };
        push(
            &mut out,
            &format!(
                "| {name} | {} | {:.2} | {:.2} | {} | {ratio} | {aim} | {reached} |",
                whole(run.per_second),
                run.p50_ms,
                run.p99_ms,
                grouped(*bytes as u64)
            ),
        );
    }
    out
}

/// All pages and contenders: how many requests a second.
pub(crate) fn summary(tables: &[Table]) -> String {
    let titles: Vec<_> = tables.iter().map(|table| table.title).collect();
    let mut out = format!("| requests/s | {} |\n|---|{}\n", titles.join(" | "), "--:|".repeat(tables.len()));
    let names = tables.first().map(|table| table.rows.iter().map(|row| row.name)).into_iter().flatten();
    for (position, name) in names.enumerate() {
        let rates = tables.iter().filter_map(|table| table.rows.get(position)).map(|row| whole(row.run.per_second));
        push(&mut out, &format!("| {name} | {} |", rates.collect::<Vec<_>>().join(" | ")));
    }
    out
}

/// Presses, and what one disk write after the other would allow.
pub(crate) fn events(runs: &[(&str, Run)], synced_writes: f64) -> String {
    let mut out = String::from(
        "| events, 32 users, each committed to the disk | a second | p50, ms | p99, ms |\n|---|--:|--:|--:|\n",
    );
    for (what, run) in runs {
        let Run { per_second, p50_ms, p99_ms } = run;
        push(&mut out, &format!("| {what} | {} | {p50_ms:.2} | {p99_ms:.2} |", whole(*per_second)));
    }
    let each = 1e3 / synced_writes;
    push(
        &mut out,
        &format!("| this disk: 4 KiB for good, one after the other | {} | {each:.2} | |", whole(synced_writes)),
    );
    out
}

/// One changed price in 1,000 rows.
pub(crate) fn patch(patch: &Patch) -> String {
    let mut out = String::from("| one changed price in 1,000 rows | bytes of the body | aim | |\n|---|--:|---|---|\n");
    let reached = mark(patch.then < PATCH_BYTES);
    push(&mut out, &format!("| the answer to an event | {} | < {PATCH_BYTES} | {reached} |", patch.then));
    push(&mut out, &format!("| to the first event, which stores the page | {} | | |", patch.first));
    push(&mut out, &format!("| the page as a document | {} | | |", grouped(patch.page as u64)));
    push(&mut out, &format!("\nThat answer: `{}`", patch.text));
    out
}

/// What pages leave behind.
pub(crate) fn idle(all: &[Idle]) -> String {
    let mut out = String::from(
        "| bytes for each idle page | file | state | file − state | aim | | memory | aim | |\n|---|--:|--:|--:|---|---|--:|---|---|\n",
    );
    for Idle { amount: Amount { pages, per_user }, file, state, memory, .. } in all {
        let beside = file - state;
        push(
            &mut out,
            &format!(
                "| {} pages, {per_user} for each user | {file:.0} | {state:.0} | {beside:.0} | ≤ {IDLE_BYTES} | {} | {memory:.0} | ≤ {IDLE_BYTES} | {} |",
                grouped(*pages as u64),
                mark(beside <= IDLE_BYTES),
                mark(*memory <= IDLE_BYTES)
            ),
        );
    }
    for Idle { amount, tables, per_second, .. } in all {
        let tables = tables.iter().filter(|(_, bytes)| **bytes >= 0.5);
        let tables: Vec<_> = tables.map(|(name, bytes)| format!("`{name}` {bytes:.0}")).collect();
        push(
            &mut out,
            &format!(
                "\nWhere they lie, {} for each user: {} bytes a page (`events` are forgotten after two days). {} pages a \
                 second were opened, used once and left.",
                amount.per_user,
                tables.join(", "),
                whole(*per_second)
            ),
        );
    }
    out
}

/// Puts a section in place of the last one.
pub(crate) fn write(file: &Path, section: &str) -> Result<()> {
    let text = std::fs::read_to_string(file)?;
    let around = text.split_once(BEGIN).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let (before, after) = around.with_context(|| format!("{} has no `{BEGIN}` and `{END}`", file.display()))?;
    std::fs::write(file, format!("{before}{BEGIN}\n{section}\n{END}{after}"))?;
    Ok(())
}

fn mark(reached: bool) -> &'static str {
    if reached { "✓" } else { "✗" }
}

/// A rate, in whole numbers.
pub(crate) fn whole(number: f64) -> String {
    grouped(number.round().max(0.0) as u64)
}

/// A line.
fn push(out: &mut String, line: &str) {
    // Writing to a `String` cannot fail.
    let _ = writeln!(out, "{line}");
}
