//! Writes a [`Difference`] for people: powers first, one change on a line, `+` for
//! what is new, `-` for what is gone, `~` for what is another, and `!` before each
//! line that lets the program do more. Marks are letters, not colours: the text is
//! the same in a log.

use std::fmt;

use unicode_width::UnicodeWidthStr as _;

use super::{AssetChange, Change, Difference, ImportChange, Part, PermissionChange};
use crate::manifest::{PageRoute, Scope};

/// How far a permission goes.
pub(super) fn scope(scope: Option<&Scope>) -> String {
    scope.map_or_else(|| "everything".to_owned(), ToString::to_string)
}

/// How far a permission goes, after what it is.
pub(super) fn within(scope: Option<&Scope>) -> String {
    scope.map(|scope| format!(" ({scope})")).unwrap_or_default()
}

/// A line: its mark, whether it widens, its cells.
struct Row {
    widens: bool,
    mark: char,
    cells: Vec<String>,
}

impl Row {
    fn new<const N: usize>(mark: char, cells: [&str; N]) -> Row {
        Row { widens: false, mark, cells: cells.map(str::to_owned).to_vec() }
    }

    fn widening(self, widens: bool) -> Row {
        Row { widens, ..self }
    }
}

/// Rows under each other: every cell but the last of a row is as wide as the
/// widest of its column. An empty section is left out.
fn section(f: &mut fmt::Formatter<'_>, title: &str, rows: &[Row]) -> fmt::Result {
    if rows.is_empty() {
        return Ok(());
    }
    let mut widths: Vec<usize> = Vec::new();
    for row in rows {
        for (column, cell) in row.cells.iter().enumerate().take(row.cells.len().saturating_sub(1)) {
            if widths.len() == column {
                widths.push(0);
            }
            if let Some(width) = widths.get_mut(column) {
                *width = cell.width().max(*width);
            }
        }
    }
    write!(f, "\n\n{title}")?;
    for row in rows {
        write!(f, "\n{} {}", if row.widens { '!' } else { ' ' }, row.mark)?;
        for (column, cell) in row.cells.iter().enumerate() {
            write!(f, " {cell}")?;
            if column + 1 < row.cells.len() {
                let width = widths.get(column).copied().unwrap_or_default();
                write!(f, "{:padding$} ", "", padding = width.saturating_sub(cell.width()))?;
            }
        }
    }
    Ok(())
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            let (app_id, code, name) = (&self.app_id.new, self.version_code.new, &self.version_name.new);
            return write!(f, "the bundles are identical: {app_id} {code} ({name}), {}", self.digest.new);
        }
        self.write_head(f)?;
        let powers = self.powers();
        if powers.is_empty() {
            f.write_str("\n\nPowers: no change")?;
        }
        section(f, "Powers", &powers)?;
        section(f, "Manifest", &self.manifest())?;
        section(f, "Sizes", &self.size_rows())?;
        section(f, "Assets", &self.asset_rows())?;
        if self.widens() {
            f.write_str("\n\n! this update widens what the program may do")?;
        }
        Ok(())
    }
}

impl Difference {
    fn write_head(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let old = format!("{} {} ({})", self.app_id.old, self.version_code.old, self.version_name.old);
        let new = format!("{} {} ({})", self.app_id.new, self.version_code.new, self.version_name.new);
        let width = old.width().max(new.width());
        let pad = |text: &str| " ".repeat(width.saturating_sub(text.width()));
        writeln!(f, "old  {old}{}  {}", pad(&old), self.digest.old)?;
        write!(f, "new  {new}{}  {}", pad(&new), self.digest.new)
    }

    fn powers(&self) -> Vec<Row> {
        let permissions = self.permissions.iter().map(permission_row);
        permissions.chain(self.imports.iter().flat_map(import_rows)).collect()
    }

    fn manifest(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        let mut changed = |what: &str, old: String, new: String| {
            if old != new {
                rows.push(Row::new('~', [what, &format!("{old} → {new}")]));
            }
        };
        changed("app id", self.app_id.old.to_string(), self.app_id.new.to_string());
        changed("category", self.category.old.to_string(), self.category.new.to_string());
        changed("platform", self.min_platform_code.old.to_string(), self.min_platform_code.new.to_string());
        let page = |page: &Option<PageRoute>| page.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string);
        changed("entry page", page(&self.entry_page.old), page(&self.entry_page.new));
        rows.extend(self.pages_added.iter().map(|page| Row::new('+', ["page", page.as_str()])));
        rows.extend(self.pages_removed.iter().map(|page| Row::new('-', ["page", page.as_str()])));
        rows
    }

    fn size_rows(&self) -> Vec<Row> {
        let sizes = &self.sizes;
        let rows = [
            ("file", sizes.total, None),
            ("component", sizes.component, Some(Part::Component)),
            ("manifest", sizes.manifest, Some(Part::Manifest)),
            ("templates", sizes.templates, Some(Part::Templates)),
            ("style", sizes.style, Some(Part::Style)),
            ("assets", sizes.assets, Some(Part::Assets)),
            ("data segments", sizes.data_segments, None),
            ("initial memory", sizes.initial_memory, None),
        ];
        let is_there = |size: &Change<u64>| size.old > 0 || size.new > 0;
        let rows: Vec<_> =
            rows.into_iter().filter(|(_, size, part)| *part != Some(Part::Style) || is_there(size)).collect();
        let width = |pick: fn(&Change<u64>) -> u64| {
            rows.iter().map(|(_, size, _)| grouped(pick(size)).len()).max().unwrap_or_default()
        };
        let (old_width, new_width) = (width(|size| size.old), width(|size| size.new));
        rows.iter()
            .map(|(what, size, part)| {
                let other = part.is_some_and(|part| self.parts.contains(&part));
                let mark = if other || size.is_change() { '~' } else { ' ' };
                let sizes = format!("{:>old_width$} B → {:>new_width$} B", grouped(size.old), grouped(size.new));
                let what_else = match (*part, size.is_change()) {
                    (Some(Part::Templates), _) if self.templates.is_change() => {
                        format!("{} → {} of them", self.templates.old, self.templates.new)
                    }
                    (_, true) => signed(size),
                    (_, false) if other => "other content".to_owned(),
                    _ => String::new(),
                };
                match what_else.as_str() {
                    "" => Row::new(mark, [*what, &sizes]),
                    what_else => Row::new(mark, [*what, &sizes, what_else]),
                }
            })
            .collect()
    }

    fn asset_rows(&self) -> Vec<Row> {
        let rows = self.assets.iter().map(|change| match change {
            AssetChange::Added { path, bytes } => Row::new('+', [path, &format!("{} B", grouped(*bytes))]),
            AssetChange::Removed { path, bytes } => Row::new('-', [path, &format!("{} B", grouped(*bytes))]),
            AssetChange::Changed { path, old, new } => {
                Row::new('~', [path, &format!("{} B → {} B", grouped(*old), grouped(*new))])
            }
        });
        rows.collect()
    }
}

fn permission_row(change: &PermissionChange) -> Row {
    let row = match change {
        PermissionChange::Added { name, reason, scope } => {
            let to = within(scope.as_ref());
            Row::new('+', ["permission", name.name(), &format!("{}{to}: \"{reason}\"", name.description())])
        }
        PermissionChange::Removed { name } => Row::new('-', ["permission", name.name(), name.description()]),
        PermissionChange::ScopeWidened { name, old, new } | PermissionChange::ScopeNarrowed { name, old, new } => {
            let text = format!("{} → {}", scope(old.as_ref()), scope(new.as_ref()));
            Row::new('~', ["scope", name.name(), &text])
        }
        PermissionChange::Reason { name, old, new } => {
            Row::new('~', ["reason", name.name(), &format!("\"{old}\" → \"{new}\"")])
        }
    };
    row.widening(change.widens())
}

fn import_rows(change: &ImportChange) -> Vec<Row> {
    let name = change.capability.map_or(change.interface.as_str(), |capability| capability.name());
    let mut rows = Vec::new();
    if !change.added.is_empty() {
        rows.push(Row::new('+', ["functions", name, &change.added.join(", ")]).widening(change.widens()));
    }
    if !change.removed.is_empty() {
        rows.push(Row::new('-', ["functions", name, &change.removed.join(", ")]));
    }
    rows
}

/// By how much a size grew or shrank.
fn signed(size: &Change<u64>) -> String {
    let sign = if size.new < size.old { '-' } else { '+' };
    format!("{sign}{} B", grouped(size.new.abs_diff(size.old)))
}

/// `1234567` as `1,234,567`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
