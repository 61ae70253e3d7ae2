//! Who may load the machine when. Tests run side by side; one that measures times
//! waits until the others have ended what they do, and keeps them from beginning
//! something new meanwhile.

use std::collections::HashMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;

/// Who works, by thread, and whether somebody measures or wants to.
#[derive(Default)]
struct Load {
    working: Option<HashMap<ThreadId, usize>>,
    quiet: usize,
}

static LOAD: Mutex<Load> = Mutex::new(Load { working: None, quiet: 0 });
static CHANGED: Condvar = Condvar::new();

fn load() -> MutexGuard<'static, Load> {
    // Nothing panics while it is held.
    LOAD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Something that takes processor time is going on: a server, a build.
pub(crate) struct Busy(ThreadId);

/// Begins something that takes processor time. A test that has begun may go on
/// with more of it from the same thread; otherwise this waits until it is not
/// quiet any more.
pub(crate) fn busy() -> Busy {
    let thread = std::thread::current().id();
    let mut load = load();
    while load.quiet > 0 && !load.working.as_ref().is_some_and(|working| working.contains_key(&thread)) {
        load = CHANGED.wait(load).unwrap_or_else(PoisonError::into_inner);
    }
    *load.working.get_or_insert_default().entry(thread).or_default() += 1;
    Busy(thread)
}

impl Drop for Busy {
    fn drop(&mut self) {
        let mut load = load();
        let working = load.working.get_or_insert_default();
        if let Some(count) = working.get_mut(&self.0) {
            *count -= 1;
            if *count == 0 {
                working.remove(&self.0);
            }
        }
        CHANGED.notify_all();
    }
}

/// Nobody else works.
pub(crate) struct Quiet;

/// Waits until nobody works, and keeps it so.
pub(crate) fn quiet() -> (Quiet, Busy) {
    let thread = std::thread::current().id();
    let mut load = load();
    load.quiet += 1;
    while !load.working.as_ref().is_none_or(HashMap::is_empty) {
        load = CHANGED.wait(load).unwrap_or_else(PoisonError::into_inner);
    }
    // The one that measures may start servers of its own.
    *load.working.get_or_insert_default().entry(thread).or_default() += 1;
    (Quiet, Busy(thread))
}

impl Drop for Quiet {
    fn drop(&mut self) {
        load().quiet -= 1;
        CHANGED.notify_all();
    }
}
