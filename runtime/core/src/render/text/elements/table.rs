//! Tables as text: columns that line up, a rule under the headings. A cell is
//! broken into lines as its column gets narrower, and what cannot be broken is
//! cut. Where columns would be too narrow to be read, each row becomes a
//! paragraph of its own, with the headings in front of its cells.

use mprun_frame::element::Attribute;

use super::arrange::split;
use super::measure::Measured;
use super::{Layout, Scope, bold, mark};
use crate::render::text::block::{Block, one_line, width_of};
use crate::render::text::{Line, SpanKind, Style, Tone};
use crate::view::offers;

/// The narrowest column that is broken into lines.
const COLUMN_MIN: usize = 6;
/// Cells between two columns.
const BETWEEN: usize = 2;

/// How many cells a table with these rows would like to have.
pub(super) fn wanted(rows: &[Measured<'_, '_>]) -> usize {
    let columns = columns(rows);
    columns.iter().sum::<usize>() + gaps(&columns)
}

/// What each column would like to have: what its widest cell does.
fn columns(rows: &[Measured<'_, '_>]) -> Vec<usize> {
    let mut columns: Vec<usize> = Vec::new();
    for row in rows {
        for (at, cell) in row.children.iter().enumerate() {
            match columns.get_mut(at) {
                Some(column) => *column = (*column).max(cell.wanted),
                None => columns.push(cell.wanted),
            }
        }
    }
    columns
}

fn gaps(columns: &[usize]) -> usize {
    columns.len().saturating_sub(1) * BETWEEN
}

/// Lays out a table under its name.
pub(super) fn table(layout: &mut Layout<'_>, table: &Measured<'_, '_>, width: usize, scope: Scope) -> Block {
    let label = one_line(table.node.resolved.get(Attribute::Label).unwrap_or_default());
    let mut block = if label.is_empty() { Block::default() } else { Block::text(&label, width, bold()) };
    let rows = &table.children;
    let columns = columns(rows);
    match split(&columns, width.saturating_sub(gaps(&columns)), COLUMN_MIN) {
        Some(widths) => {
            for row in rows {
                block.below(aligned(layout, row, &widths, scope), 0);
            }
        }
        None => {
            let headings = headings(rows);
            for row in rows {
                block.below(stacked(layout, row, &headings, width, scope), 1);
            }
        }
    }
    block
}

/// Whether the cell names its column.
fn heads_column(cell: &Measured<'_, '_>) -> bool {
    cell.node.resolved.word(Attribute::Scope) == "column"
}

/// A row whose cells stand in their columns.
fn aligned(layout: &mut Layout<'_>, row: &Measured<'_, '_>, widths: &[usize], scope: Scope) -> Block {
    let mut parts = Vec::with_capacity(row.children.len());
    let mut column = 0;
    for (cell, width) in row.children.iter().zip(widths) {
        parts.push((column, self::cell(layout, cell, (*width).max(1), scope)));
        column += width + BETWEEN;
    }
    let mut block = Block::beside(parts, |_| 0);
    if row.children.iter().any(heads_column) {
        let mut rule = Line::default();
        for (at, width) in widths.iter().enumerate() {
            rule.push(" ".repeat(if at == 0 { 0 } else { BETWEEN }), Style::default());
            rule.push("─".repeat(*width), mark(Tone::Muted));
        }
        block.below(Block::line(rule), 0);
    }
    block
}

/// A cell, nowhere wider than it may be.
fn cell(layout: &mut Layout<'_>, cell: &Measured<'_, '_>, width: usize, scope: Scope) -> Block {
    let mut block = layout.column(cell, width, scope);
    if cell.node.resolved.word(Attribute::Scope) != "none" {
        let texts = block.lines.iter_mut().flat_map(|line| &mut line.spans);
        texts.filter(|span| span.style.kind == SpanKind::Text).for_each(|span| span.style.bold = true);
    }
    block.narrow(width);
    block
}

/// The names of the columns, from the first row that has any.
fn headings(rows: &[Measured<'_, '_>]) -> Vec<String> {
    let named = rows.iter().find(|row| row.children.iter().any(heads_column));
    let cells = named.into_iter().flat_map(|row| &row.children);
    cells.map(|cell| if heads_column(cell) { one_line(&offers::label(cell.node)) } else { String::new() }).collect()
}

/// A row whose cells stand below each other. A row of headings alone is left out,
/// unless something can be used in it.
fn stacked(layout: &mut Layout<'_>, row: &Measured<'_, '_>, headings: &[String], width: usize, scope: Scope) -> Block {
    let is_heading = row.children.iter().all(heads_column);
    let mut block = Block::default();
    for (at, cell) in row.children.iter().enumerate() {
        let heading = headings.get(at).filter(|heading| !is_heading && !heading.is_empty());
        let heading = heading.map(|heading| format!("{heading}: ")).unwrap_or_default();
        let room = width.saturating_sub(width_of(&heading)).max(1);
        let style = Style { tone: Tone::Muted, ..Style::default() };
        if cell.wanted <= room {
            let own = self::cell(layout, cell, room, scope);
            if !own.is_empty() {
                let line = Line::of(heading.as_str(), style);
                block.below(Block::beside(vec![(0, Block::line(line)), (width_of(&heading), own)], |_| 0), 0);
            }
        } else {
            if !heading.is_empty() {
                block.below(Block::text(&heading, width, style), 0);
            }
            block.below(self::cell(layout, cell, width, scope), 0);
        }
    }
    if is_heading && block.controls.is_empty() { Block::default() } else { block }
}
