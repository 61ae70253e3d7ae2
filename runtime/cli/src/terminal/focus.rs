//! Decides which control has the focus: the order of Tab, what the arrows reach,
//! and which control is the same one after the page has changed.

use mprun_core::render::text::{Action, Area, Control};

/// Where an arrow points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrow {
    Up,
    Down,
    Left,
    Right,
}

/// The next control in the order of Tab, round and round.
pub(crate) fn next(controls: &[Control], current: Option<usize>) -> Option<usize> {
    match current {
        _ if controls.is_empty() => None,
        Some(current) if current + 1 < controls.len() => Some(current + 1),
        _ => Some(0),
    }
}

/// The one before, round and round.
pub(crate) fn previous(controls: &[Control], current: Option<usize>) -> Option<usize> {
    match current {
        Some(current) if current > 0 => Some(current - 1),
        _ => controls.len().checked_sub(1),
    }
}

/// The nearest control in the direction of the arrow; `None` if there is none.
pub(crate) fn towards(controls: &[Control], current: usize, arrow: Arrow) -> Option<usize> {
    let from = controls.get(current)?.area;
    let reached = controls.iter().enumerate().filter_map(|(index, control)| {
        let to = control.area;
        // Things inside of one another (a button on a card) are reached by line.
        let (ahead, aside) = match arrow {
            Arrow::Down if to.line > from.line => (to.line - from.line, between(from, to)),
            Arrow::Up if to.line < from.line => (from.line - to.line, between(from, to)),
            Arrow::Right if shares_lines(from, to) && to.column > from.column => {
                (to.column - from.column, to.line.abs_diff(from.line))
            }
            Arrow::Left if shares_lines(from, to) && to.column < from.column => {
                (from.column - to.column, to.line.abs_diff(from.line))
            }
            _ => return None,
        };
        (index != current).then_some(((ahead, aside), index))
    });
    reached.min().map(|(_, index)| index)
}

/// Cells between two areas from left to right; 0 where they overlap.
fn between(a: Area, b: Area) -> usize {
    let (end_a, end_b) = (a.column + a.width.max(1), b.column + b.width.max(1));
    b.column.saturating_sub(end_a - 1).max(a.column.saturating_sub(end_b - 1))
}

fn shares_lines(a: Area, b: Area) -> bool {
    a.line < b.line + b.height.max(1) && b.line < a.line + a.height.max(1)
}

/// What makes a control the same one on the next rendering. Tokens do not: they
/// change with the message (`Set(3)`, `Set(4)`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    what: What,
    /// How many that look the same stand before it.
    nth: usize,
    index: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    Field(String),
    Panel(String),
    Submit(String),
    Press(String),
    Open(String),
    Refresh,
}

fn what(control: &Control) -> What {
    match &control.action {
        Action::Edit(field) => What::Field(field.key.to_string()),
        Action::Panel(panel) => What::Panel(panel.key.to_string()),
        Action::Submit { .. } => What::Submit(control.label.clone()),
        Action::Press { .. } | Action::Close { .. } => What::Press(control.label.clone()),
        Action::Open { .. } => What::Open(control.label.clone()),
        Action::Refresh { .. } => What::Refresh,
    }
}

/// Remembers a control.
pub(crate) fn mark(controls: &[Control], current: usize) -> Option<Mark> {
    let what_it_is = what(controls.get(current)?);
    let nth = controls.iter().take(current).filter(|control| what(control) == what_it_is).count();
    Some(Mark { what: what_it_is, nth, index: current })
}

/// Finds it again; where it is gone, the one that took its place.
pub(crate) fn find(controls: &[Control], mark: &Mark) -> Option<usize> {
    let same: Vec<usize> = (0..controls.len())
        .filter(|index| controls.get(*index).is_some_and(|control| what(control) == mark.what))
        .collect();
    let found = same.get(mark.nth).or(same.last()).copied();
    found.or_else(|| controls.len().checked_sub(1).map(|last| mark.index.min(last)))
}

/// The first control that can be seen from line `top` on, `height` lines.
pub(crate) fn first_visible(controls: &[Control], top: usize, height: usize) -> Option<usize> {
    controls.iter().position(|control| (top..top + height).contains(&control.area.line))
}

/// Moves `top` as little as possible so that the area can be seen, with a line
/// of what is around it where there is room.
pub(crate) fn scroll_to(area: Area, top: usize, height: usize) -> usize {
    let margin = usize::from(height > area.height + 2);
    let first = area.line.saturating_sub(margin);
    let last = area.line + area.height.max(1) + margin;
    if first < top || area.height >= height { first } else { top.max(last.saturating_sub(height)) }
}

#[cfg(test)]
mod tests {
    use mprun_core::render::text::Target;

    use super::*;

    fn control(label: &str, line: usize, column: usize, width: usize) -> Control {
        Control {
            action: Action::Open { to: Target::Web(String::new()) },
            label: label.to_owned(),
            area: Area { line, column, width, height: 1 },
            primary: false,
            closes: None,
        }
    }

    /// ```text
    /// [back]         [cart]
    ///
    /// [-] [+]   [add]
    /// [order         ]
    /// ```
    fn page() -> Vec<Control> {
        vec![
            control("back", 0, 0, 6),
            control("cart", 0, 15, 6),
            control("-", 2, 0, 3),
            control("+", 2, 4, 3),
            control("add", 2, 10, 5),
            control("order", 3, 0, 16),
        ]
    }

    #[test]
    fn tab_goes_round() {
        let page = page();
        assert_eq!(next(&page, None), Some(0));
        assert_eq!(next(&page, Some(5)), Some(0));
        assert_eq!(previous(&page, Some(0)), Some(5));
        assert_eq!(previous(&page, None), Some(5));
        assert_eq!(next(&[], Some(3)), None);
        assert_eq!(previous(&[], None), None);
    }

    #[test]
    fn arrows_reach_what_lies_in_their_direction() {
        let page = page();
        for (from, arrow, to) in [
            (0, Arrow::Right, Some(1)),
            (0, Arrow::Down, Some(2)),
            (1, Arrow::Down, Some(4)),
            (2, Arrow::Right, Some(3)),
            (3, Arrow::Left, Some(2)),
            (4, Arrow::Down, Some(5)),
            (5, Arrow::Up, Some(2)),
            (5, Arrow::Down, None),
            (0, Arrow::Up, None),
            (9, Arrow::Up, None),
        ] {
            assert_eq!(towards(&page, from, arrow), to, "{from} {arrow:?}");
        }
    }

    #[test]
    fn a_control_is_found_again_by_what_it_is() {
        let before = vec![
            control("less", 0, 0, 3),
            control("more", 0, 4, 3),
            control("less", 1, 0, 3),
            control("more", 1, 4, 3),
        ];
        let marked = mark(&before, 3).unwrap();
        assert_eq!(find(&before, &marked), Some(3));
        // The first row has gone: the last that looks the same.
        assert_eq!(find(&before[2..], &marked), Some(1));
        assert_eq!(find(&[control("other", 0, 0, 1)], &marked), Some(0));
        assert_eq!(find(&[], &marked), None);
        assert_eq!(mark(&before, 9), None);
    }

    #[test]
    fn scrolling_moves_as_little_as_possible() {
        let area = |line, height| Area { line, column: 0, width: 1, height };
        assert_eq!(scroll_to(area(5, 1), 0, 10), 0);
        assert_eq!(scroll_to(area(12, 1), 0, 10), 4);
        assert_eq!(scroll_to(area(3, 1), 8, 10), 2);
        assert_eq!(scroll_to(area(0, 1), 8, 10), 0);
        assert_eq!(scroll_to(area(3, 20), 0, 10), 3);
        assert_eq!(first_visible(&page(), 1, 2), Some(2));
    }
}
