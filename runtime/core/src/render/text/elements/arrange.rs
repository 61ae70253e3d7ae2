//! How the children of a container are put below and beside each other, and what
//! each of them gets of a line.

use mprun_frame::element::Attribute;

use super::measure::Measured;
use super::{Layout, Scope, columns_between, is_airy};
use crate::render::text::block::Block;
use crate::view::node::Resolved;

/// The narrowest cell of a grid.
pub(super) const CELL_MIN: usize = 24;
/// A child of a row that wants more than this can be made narrower.
const FLEXIBLE: usize = 16;

impl Layout<'_> {
    pub(super) fn column(&mut self, measured: &Measured<'_, '_>, width: usize, scope: Scope) -> Block {
        let element = measured.node.resolved;
        let airy = is_airy(element);
        let mut block = Block::default();
        let mut block_before = false;
        for child in &measured.children {
            let mut part = self.node(child, width, scope);
            if part.is_empty() {
                continue;
            }
            let is_block = child.is_block() && !(child.bullet.is_some() && part.lines.len() == 1);
            let gap = usize::from(airy && (is_block || block_before));
            block_before = is_block;
            // A column that does not stretch sets its children beside its edge.
            let free = width.saturating_sub(part.width());
            match element.word(Attribute::Align) {
                "center" => part = Block::beside(vec![(free / 2, part)], |_| 0),
                "end" => part = Block::beside(vec![(free, part)], |_| 0),
                _ => {}
            }
            block.below(part, gap);
        }
        block
    }

    pub(super) fn row(&mut self, measured: &Measured<'_, '_>, width: usize, scope: Scope) -> Block {
        let element = measured.node.resolved;
        let children = measured.visible();
        match share(&children, width.saturating_sub(gaps(element, &children))) {
            Some(widths) => self.line(element, &children, &widths, width, scope),
            None => self.wrapped(measured, width, scope),
        }
    }

    /// Children beside each other, as wide as was decided. What they leave of the
    /// line goes where the container says.
    fn line(
        &mut self,
        element: Resolved<'_>,
        children: &[&Measured<'_, '_>],
        widths: &[usize],
        width: usize,
        scope: Scope,
    ) -> Block {
        let gap = columns_between(element);
        let free = width.saturating_sub(widths.iter().sum::<usize>() + gaps(element, children));
        let spaces = children.len().saturating_sub(1);
        let between = free.checked_div(spaces).unwrap_or_default();
        let (mut column, extra) = match element.word(Attribute::Justify) {
            "center" => (free / 2, 0),
            "end" => (free, 0),
            "between" => (0, between),
            _ => (0, 0),
        };
        let mut parts = Vec::with_capacity(children.len());
        for (position, (child, width)) in children.iter().zip(widths).enumerate() {
            // The last one of a spread row ends where the row ends.
            if extra > 0 && position == spaces {
                column += free - between * spaces;
            }
            parts.push((column, self.node(child, *width, scope)));
            column += width + gap + extra;
        }
        beside(element, parts)
    }

    /// As many beside each other as there is room for, then a new line. Each line
    /// is filled like a row.
    pub(super) fn wrapped(&mut self, measured: &Measured<'_, '_>, width: usize, scope: Scope) -> Block {
        let element = measured.node.resolved;
        let gap = columns_between(element);
        let mut lines: Vec<Vec<&Measured<'_, '_>>> = Vec::new();
        let mut end = 0;
        for child in measured.visible() {
            let wanted = child.wanted.min(width);
            match lines.last_mut() {
                Some(line) if end + gap + wanted <= width => {
                    line.push(child);
                    end += gap + wanted;
                }
                _ => {
                    lines.push(vec![child]);
                    end = wanted;
                }
            }
        }
        let airy = is_airy(element);
        let mut block = Block::default();
        let mut block_before = false;
        for line in &lines {
            // None only of one that is alone and wants more than there is.
            let widths = share(line, width.saturating_sub(gaps(element, line)));
            let widths = widths.unwrap_or_else(|| line.iter().map(|child| child.wanted.min(width)).collect());
            let part = self.line(element, line, &widths, width, scope);
            if part.is_empty() {
                continue;
            }
            let is_block = line.iter().any(|child| child.is_block());
            block.below(part, usize::from(airy && (is_block || block_before)));
            block_before = is_block;
        }
        block
    }

    pub(super) fn grid(&mut self, measured: &Measured<'_, '_>, width: usize, scope: Scope) -> Block {
        let element = measured.node.resolved;
        let gap = columns_between(element).max(1);
        let children = measured.visible();
        let columns = ((width + gap) / (CELL_MIN + gap)).clamp(1, children.len().max(1));
        let cell = (width - gap * (columns - 1)) / columns;
        let mut block = Block::default();
        for line in children.chunks(columns) {
            let parts = line.iter().enumerate();
            let parts = parts.map(|(at, child)| (at * (cell + gap), self.node(child, cell, scope))).collect();
            block.below(beside(element, parts), 1);
        }
        block
    }
}

/// Blocks beside each other, lined up as their container says.
fn beside(container: Resolved<'_>, parts: Vec<(usize, Block)>) -> Block {
    let align = container.word(Attribute::Align);
    Block::beside(parts, |free| match align {
        "center" => free / 2,
        "end" => free,
        _ => 0,
    })
}

/// How many cells stand between the children of a row.
fn gaps(row: Resolved<'_>, children: &[&Measured<'_, '_>]) -> usize {
    columns_between(row) * children.len().saturating_sub(1)
}

/// How wide the children of a row become; none if they do not fit beside each
/// other even when those that can be made narrower are.
fn share(children: &[&Measured<'_, '_>], width: usize) -> Option<Vec<usize>> {
    let wanted: Vec<usize> = children.iter().map(|child| child.wanted).collect();
    let mut widths = split(&wanted, width, FLEXIBLE)?;
    let free = width.saturating_sub(widths.iter().sum());
    let growing = children.iter().filter(|child| child.node.resolved.is(Attribute::Grow)).count();
    if let Some(each) = free.checked_div(growing) {
        for (child, width) in children.iter().zip(&mut widths) {
            *width += if child.node.resolved.is(Attribute::Grow) { each } else { 0 };
        }
    }
    Some(widths)
}

/// What each gets of a width in which not all get what they want: whoever wants
/// less than an equal part of the rest keeps what it wants. None if a part would
/// be smaller than `least`.
pub(super) fn split(wanted: &[usize], width: usize, least: usize) -> Option<Vec<usize>> {
    let mut widths = wanted.to_vec();
    if widths.iter().sum::<usize>() <= width {
        return Some(widths);
    }
    let mut rest = width;
    let mut open: Vec<usize> = (0..widths.len()).collect();
    open.sort_by_key(|place| widths.get(*place).copied());
    let mut left = open.len();
    for place in open {
        let part = rest / left.max(1);
        let own = widths.get_mut(place)?;
        if *own > part {
            if part < least {
                return None;
            }
            *own = part;
        }
        rest -= *own;
        left -= 1;
    }
    Some(widths)
}
