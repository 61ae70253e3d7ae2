//! Keyed lists: which items go, which move and which come, with as few moves as
//! there can be. What happens inside of an item that stays is not decided here.

use std::collections::HashMap;

/// Items that are moved one by one. Each costs a search through the list; where
/// more have changed places, the list is written anew.
const MOVES_MAX: usize = 256;

/// What happens to a list, to be done in this order. Positions count items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// So many items from here go.
    Remove { at: usize, count: usize },
    /// The item that is here comes to stand there.
    Move { from: usize, to: usize },
    /// The new item with this position in the new list comes here.
    Insert { at: usize, item: usize },
}

/// The steps that make the keys `old` the keys `new`; in each, no key stands
/// twice.
pub(super) fn steps(old: &[&str], new: &[&str]) -> Vec<Step> {
    let mut steps = Vec::new();
    let places: HashMap<&str, usize> = new.iter().enumerate().map(|(place, key)| (*key, place)).collect();
    // Where the items that stay are going, in their old order.
    let mut current: Vec<usize> = Vec::with_capacity(old.len());
    let mut gone: Option<(usize, usize)> = None;
    let mut removals = Vec::new();
    for (position, key) in old.iter().enumerate() {
        match (places.get(key), &mut gone) {
            (Some(place), _) => {
                current.push(*place);
                removals.extend(gone.take());
            }
            (None, Some((_, count))) => *count += 1,
            (None, None) => gone = Some((position, 1)),
        }
    }
    removals.extend(gone);
    // From the end, so that positions stay true.
    steps.extend(removals.into_iter().rev().map(|(at, count)| Step::Remove { at, count }));

    let stays = longest_rising(&current);
    if current.len() - stays.iter().filter(|stays| **stays).count() > MOVES_MAX {
        let all = Step::Remove { at: 0, count: old.len() };
        return std::iter::once(all).chain((0..new.len()).map(|item| Step::Insert { at: item, item })).collect();
    }
    let mut known = vec![false; new.len()];
    for place in &current {
        if let Some(known) = known.get_mut(*place) {
            *known = true;
        }
    }
    let mut at = 0;
    for place in 0..new.len() {
        if known.get(place) != Some(&true) {
            steps.push(Step::Insert { at, item: place });
            current.insert(at, place);
            at += 1;
        } else if stays.get(place) == Some(&true) {
            // What is still to be moved may stand before it.
            at += current.iter().skip(at).position(|other| *other == place).unwrap_or(0) + 1;
        } else if let Some(from) = current.iter().position(|other| *other == place) {
            current.remove(from);
            let to = if from < at { at - 1 } else { at };
            current.insert(to, place);
            if from != to {
                steps.push(Step::Move { from, to });
            }
            at = to + 1;
        }
    }
    steps
}

/// Marks the values of a longest rising subsequence of different numbers; the
/// result is indexed by value.
fn longest_rising(values: &[usize]) -> Vec<bool> {
    // The position of the least last value of each length, and what precedes it.
    let mut tails: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(values.len());
    for (position, value) in values.iter().enumerate() {
        let length = tails.partition_point(|tail| values.get(*tail) < Some(value));
        before.push(length.checked_sub(1).and_then(|shorter| tails.get(shorter).copied()));
        match tails.get_mut(length) {
            Some(tail) => *tail = position,
            None => tails.push(position),
        }
    }
    let mut marked = vec![false; values.iter().max().map_or(0, |most| most + 1)];
    let mut next = tails.last().copied();
    while let Some(position) = next {
        if let Some(mark) = values.get(position).and_then(|value| marked.get_mut(*value)) {
            *mark = true;
        }
        next = before.get(position).copied().flatten();
    }
    marked
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn apply(old: &[&'static str], new: &[&'static str]) -> (Vec<&'static str>, usize) {
        let mut list = old.to_vec();
        let mut moves = 0;
        for step in steps(old, new) {
            match step {
                Step::Remove { at, count } => {
                    list.drain(at..at + count);
                }
                Step::Move { from, to } => {
                    moves += 1;
                    let item = list.remove(from);
                    list.insert(to, item);
                }
                Step::Insert { at, item } => list.insert(at, new[item]),
            }
        }
        (list, moves)
    }

    #[test]
    fn one_item_that_moves_is_one_move() {
        for (old, new) in [
            (["a", "b", "c", "d", "e"], ["b", "c", "d", "e", "a"]),
            (["a", "b", "c", "d", "e"], ["e", "a", "b", "c", "d"]),
            (["a", "b", "c", "d", "e"], ["a", "d", "b", "c", "e"]),
        ] {
            assert_eq!(apply(&old, &new), (new.to_vec(), 1));
        }
        assert_eq!(apply(&["a", "b", "c"], &["c", "b", "a"]), (vec!["c", "b", "a"], 2));
        assert_eq!(steps(&["a", "b", "c", "d"], &["d"]), [Step::Remove { at: 0, count: 3 }]);
        assert_eq!(steps(&[], &["x"]), [Step::Insert { at: 0, item: 0 }]);
        assert_eq!(steps(&["x"], &["x"]), []);
    }

    #[test]
    fn a_long_list_that_is_turned_round_is_written_anew() {
        let keys: Vec<String> = (0..20_000).map(|key| key.to_string()).collect();
        let old: Vec<&str> = keys.iter().map(String::as_str).collect();
        let new: Vec<&str> = old.iter().rev().copied().collect();
        let found = steps(&old, &new);
        assert_eq!(found[0], Step::Remove { at: 0, count: 20_000 });
        assert!(found.len() == 20_001 && !found.iter().any(|step| matches!(step, Step::Move { .. })));
        let turned: Vec<&str> = old[..MOVES_MAX].iter().rev().copied().collect();
        assert!(steps(&old[..MOVES_MAX], &turned).iter().all(|step| matches!(step, Step::Move { .. })));
    }

    const KEYS: [&str; 12] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"];

    fn list() -> impl Strategy<Value = Vec<&'static str>> {
        proptest::sample::subsequence(KEYS.to_vec(), 0..=KEYS.len()).prop_shuffle()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn every_list_becomes_every_other(old in list(), new in list()) {
            prop_assert_eq!(apply(&old, &new).0, new);
        }
    }
}
