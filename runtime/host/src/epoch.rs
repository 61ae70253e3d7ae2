//! The clock that programs are interrupted by: a thread that counts
//! milliseconds while anything runs and sleeps otherwise.
//!
//! At each tick a program gives its thread back (see [`crate::permits`]), and it
//! ends where its deadline has passed. A thread and not a task: tasks do not run
//! while programs hold all the workers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::Thread;
use std::time::Duration;

use wasmtime::{Engine, EngineWeak};

/// How long one turn of a program is.
pub(crate) const TICK: Duration = Duration::from_millis(1);

/// Ticks without a running program before the thread goes to sleep. Waking it
/// costs a system call, so it does not sleep between two requests of a busy host.
const IDLE_TICKS: u32 = 200;

/// How often the sleeping thread looks whether its engine still exists.
const LOOK: Duration = Duration::from_secs(1);

/// Counts running programs and keeps the clock going for them.
#[derive(Debug)]
pub(crate) struct Ticker {
    running: Arc<AtomicUsize>,
    thread: Thread,
}

/// The clock ticks at least until this is dropped.
#[derive(Debug)]
pub(crate) struct Ticking(Arc<AtomicUsize>);

impl Ticker {
    /// Starts the thread. It ends by itself when the engine is gone.
    pub(crate) fn start(engine: &Engine) -> std::io::Result<Ticker> {
        let running = Arc::new(AtomicUsize::new(0));
        let (count, weak) = (Arc::clone(&running), engine.weak());
        let handle = std::thread::Builder::new().name("mprun-tick".to_owned()).spawn(move || tick(&count, &weak))?;
        Ok(Ticker { running, thread: handle.thread().clone() })
    }

    /// Notes that a program is about to run.
    pub(crate) fn ticking(&self) -> Ticking {
        // SeqCst: the thread first announces its sleep and then looks at the
        // count; whoever counts up must not be missed by both.
        if self.running.fetch_add(1, Ordering::SeqCst) == 0 {
            self.thread.unpark();
        }
        Ticking(Arc::clone(&self.running))
    }
}

impl Drop for Ticking {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn tick(running: &AtomicUsize, engine: &EngineWeak) {
    let mut idle = 0;
    loop {
        if running.load(Ordering::SeqCst) == 0 {
            idle += 1;
        } else {
            idle = 0;
        }
        if idle < IDLE_TICKS {
            std::thread::sleep(TICK);
        } else {
            // An `unpark` between the load above and this call makes it return
            // at once, so no program runs without the clock.
            std::thread::park_timeout(LOOK);
            if running.load(Ordering::SeqCst) > 0 {
                idle = 0;
            }
        }
        match engine.upgrade() {
            Some(engine) => engine.increment_epoch(),
            None => return,
        }
    }
}
