//! Measures what one request makes a program use, phase by phase, for whoever
//! writes the program. Where nobody traces, nothing is measured.

use std::ops::Add;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// What a phase used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Used {
    /// Instructions, in the engine's unit of fuel.
    pub fuel: u64,
    /// Microseconds, from the instance that the first call needs to its answer.
    pub us: u64,
}

/// What an event used, by its phases. One that did not happen used nothing: a view
/// that is known is not asked for again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spent {
    /// Starting the program, opening the page, reading states of another version.
    pub load: Used,
    /// Handling events.
    pub update: Used,
    /// Computing what the page looks like.
    pub view: Used,
    /// Writing everything down.
    pub commit: Used,
}

impl Add for Used {
    type Output = Used;

    fn add(self, other: Used) -> Used {
        Used { fuel: self.fuel.saturating_add(other.fuel), us: self.us.saturating_add(other.us) }
    }
}

impl Add for Spent {
    type Output = Spent;

    fn add(self, other: Spent) -> Spent {
        Spent {
            load: self.load + other.load,
            update: self.update + other.update,
            view: self.view + other.view,
            commit: self.commit + other.commit,
        }
    }
}

/// A part of what happens with an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Load,
    Update,
    View,
    Commit,
}

/// When a phase began, and how much fuel there was.
#[derive(Debug)]
pub(crate) struct Began {
    at: Instant,
    fuel: u64,
}

/// Adds up what a request uses; shared by all of its instances. Off by default.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meter(Option<Arc<Mutex<Spent>>>);

impl Meter {
    pub(crate) fn new(on: bool) -> Meter {
        Meter(on.then(Arc::default))
    }

    pub(crate) fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// A phase begins, with what is left of the fuel.
    pub(crate) fn begin(&self, fuel: impl FnOnce() -> u64) -> Option<Began> {
        self.is_on().then(|| Began { at: Instant::now(), fuel: fuel() })
    }

    /// It has ended.
    pub(crate) fn end(&self, phase: Phase, began: Option<Began>, fuel: impl FnOnce() -> u64) {
        let (Some(spent), Some(began)) = (&self.0, began) else { return };
        let us = u64::try_from(began.at.elapsed().as_micros()).unwrap_or(u64::MAX);
        let used = Used { fuel: began.fuel.saturating_sub(fuel()), us };
        // A poisoned lock holds a valid value: nothing can panic while it is held.
        let mut spent = spent.lock().unwrap_or_else(PoisonError::into_inner);
        let sum = match phase {
            Phase::Load => &mut spent.load,
            Phase::Update => &mut spent.update,
            Phase::View => &mut spent.view,
            Phase::Commit => &mut spent.commit,
        };
        *sum = *sum + used;
    }

    /// What was used since this was last asked.
    pub(crate) fn take(&self) -> Spent {
        let Some(spent) = &self.0 else { return Spent::default() };
        std::mem::take(&mut *spent.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// An attempt begins: what an earlier one used is not its own.
    pub(crate) fn reset(&self) {
        self.take();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_are_added_up_and_taken_once() {
        let meter = Meter::new(true);
        let shared = meter.clone();
        for (phase, before, after) in
            [(Phase::Load, 9, 8), (Phase::Update, 100, 70), (Phase::Update, 70, 65), (Phase::View, 5, 1)]
        {
            let began = shared.begin(|| before);
            shared.end(phase, began, || after);
        }
        let spent = meter.take();
        assert_eq!((spent.load.fuel, spent.update.fuel, spent.view.fuel, spent.commit), (1, 35, 4, Used::default()));
        assert_eq!(meter.take(), Spent::default());
        assert_eq!((spent + spent).update.fuel, 70);
        let began = shared.begin(|| 7);
        shared.end(Phase::Commit, began, || 0);
        meter.reset();
        assert_eq!(meter.take(), Spent::default());
    }

    #[test]
    fn where_nobody_traces_nothing_is_measured() {
        let meter = Meter::default();
        let began = meter.begin(|| unreachable!("nobody asks for the fuel"));
        assert!(began.is_none());
        meter.end(Phase::Load, began, || unreachable!("nobody asks for the fuel"));
        assert_eq!((meter.is_on(), meter.take()), (false, Spent::default()));
    }
}
