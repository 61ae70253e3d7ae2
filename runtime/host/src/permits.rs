//! Who runs when. Three bounds, taken in this order:
//!
//! 1. *Calls of a program at once*, so that one program cannot take all
//!    instances. Who has to wait, waits in order, in a bounded queue, for a
//!    bounded time; then the host is busy.
//! 2. *Instances of the host at once*: an exhausted pool would be an error, not a
//!    queue.
//! 3. *The slow lane*: a call that has used up its first turn of a millisecond
//!    runs on only while it holds its program's one place in the slow lane and
//!    one of the lane's places, which are fewer than the processors. So programs
//!    that compute for long take turns among each other, a program with eight
//!    such calls gets no more turns than one with a single one, and a processor
//!    is always left for calls that are short. Work of the host on a large view
//!    takes the same places: what a program makes the host compare and write is
//!    work of that program.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// How many calls of one program may wait; one more is told that the host is busy.
const QUEUE_MAX: usize = 256;

/// From this weight on ([`crate::HashedFrame::weight`]) work on a view is slow: it
/// takes some milliseconds, more than the first turn of a call.
const WEIGHT_SLOW: usize = 512 * 1024;

/// No turn came in time, or too many wait already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Busy;

/// The bounds that all programs share.
#[derive(Debug, Clone)]
pub(crate) struct Permits {
    instances: Arc<Semaphore>,
    slow: Arc<Semaphore>,
    calls_per_program: usize,
    wait: Duration,
}

/// The bounds of one program.
#[derive(Debug)]
pub(crate) struct ProgramPermits {
    calls: Arc<Semaphore>,
    waiting: AtomicUsize,
    turn: Arc<Semaphore>,
}

/// The right to have one instance, and this call's place in the lanes.
#[derive(Debug)]
pub(crate) struct Permit {
    pub(crate) lane: Arc<Lane>,
    _call: OwnedSemaphorePermit,
    _instance: OwnedSemaphorePermit,
}

/// The right to work on a view, for as long as the work takes.
#[derive(Debug)]
pub struct Turn(Option<(OwnedSemaphorePermit, OwnedSemaphorePermit)>);

/// How a call goes on after its first turn.
#[derive(Debug)]
pub(crate) struct Lane {
    slow: Arc<Semaphore>,
    turn: Arc<Semaphore>,
    held: Mutex<Option<(OwnedSemaphorePermit, OwnedSemaphorePermit)>>,
}

impl Permits {
    /// Bounds for `cores` processors and `instances` instances.
    pub(crate) fn new(cores: usize, instances: usize, wait: Duration) -> Permits {
        let cores = cores.max(1);
        let instances = instances.max(1);
        Permits {
            instances: Arc::new(Semaphore::new(instances)),
            slow: Arc::new(Semaphore::new((cores - 1).max(1))),
            calls_per_program: (cores * 2).max(4).min((instances / 4).max(1)),
            wait,
        }
    }

    /// The bounds of a program that is being installed.
    pub(crate) fn program(&self) -> ProgramPermits {
        ProgramPermits {
            calls: Arc::new(Semaphore::new(self.calls_per_program)),
            waiting: AtomicUsize::new(0),
            turn: Arc::new(Semaphore::new(1)),
        }
    }

    /// Waits until `program` may have one more instance.
    pub(crate) async fn acquire(&self, program: &ProgramPermits) -> Result<Permit, Busy> {
        let call = Arc::clone(&program.calls).try_acquire_owned();
        let instance = Arc::clone(&self.instances).try_acquire_owned();
        let (call, instance) = match (call, instance) {
            (Ok(call), Ok(instance)) => (call, instance),
            (call, instance) => {
                // Whoever has one of two must not hold it while waiting for the
                // other in the wrong order.
                drop(instance);
                let deadline = Instant::now() + self.wait;
                let call = match call {
                    Ok(call) => call,
                    Err(_) => {
                        let _waiting = Waiting::enter(&program.waiting)?;
                        permit(&program.calls, deadline).await?
                    }
                };
                (call, permit(&self.instances, deadline).await?)
            }
        };
        Ok(Permit {
            lane: Arc::new(Lane {
                slow: Arc::clone(&self.slow),
                turn: Arc::clone(&program.turn),
                held: Mutex::new(None),
            }),
            _call: call,
            _instance: instance,
        })
    }
}

impl Permits {
    /// Waits until the host may work on a view of `program` that weighs so much. For
    /// one that is not large it does not wait, and nothing is counted.
    pub(crate) async fn turn(&self, program: &ProgramPermits, weight: usize) -> Result<Turn, Busy> {
        if weight < WEIGHT_SLOW {
            return Ok(Turn(None));
        }
        let _waiting = Waiting::enter(&program.waiting)?;
        let deadline = Instant::now() + self.wait;
        // In the order in which calls take them.
        let turn = permit(&program.turn, deadline).await?;
        let slow = permit(&self.slow, deadline).await?;
        Ok(Turn(Some((turn, slow))))
    }
}

impl Turn {
    /// Does the work here and now. Where it takes long, the other tasks of this
    /// worker go on on another one.
    pub fn run<T>(self, work: impl FnOnce() -> T) -> T {
        let has_workers = || Handle::try_current().map(|handle| handle.runtime_flavor() == RuntimeFlavor::MultiThread);
        match self.0.is_some() && has_workers().unwrap_or(false) {
            true => tokio::task::block_in_place(work),
            false => work(),
        }
    }
}

impl Lane {
    /// Ends this turn and waits for the next one, at most until `deadline`: then
    /// the call goes on without, to be ended at its next tick.
    pub(crate) fn next_turn(self: &Arc<Self>, deadline: Instant) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let lane = Arc::clone(self);
        Box::pin(async move {
            lane.hold(None);
            // Also without anybody in the lane, the worker's other tasks come first.
            tokio::task::yield_now().await;
            let Ok(turn) = permit(&lane.turn, deadline).await else { return };
            let Ok(slow) = permit(&lane.slow, deadline).await else { return };
            lane.hold(Some((turn, slow)));
        })
    }

    fn hold(&self, permits: Option<(OwnedSemaphorePermit, OwnedSemaphorePermit)>) {
        // A poisoned lock holds a valid value: nothing can panic while it is held.
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = permits;
    }
}

async fn permit(semaphore: &Arc<Semaphore>, deadline: Instant) -> Result<OwnedSemaphorePermit, Busy> {
    match tokio::time::timeout_at(deadline, Arc::clone(semaphore).acquire_owned()).await {
        Ok(Ok(permit)) => Ok(permit),
        // Nobody closes these semaphores.
        Ok(Err(_)) | Err(_) => Err(Busy),
    }
}

/// One of those that wait; counts itself out also when its request is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn enter(waiting: &'a AtomicUsize) -> Result<Self, Busy> {
        let one = Waiting(waiting);
        if waiting.fetch_add(1, Ordering::Relaxed) >= QUEUE_MAX {
            return Err(Busy);
        }
        Ok(one)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permits(cores: usize, instances: usize) -> Permits {
        Permits::new(cores, instances, Duration::from_millis(50))
    }

    #[tokio::test]
    async fn one_program_cannot_take_all_instances() {
        let permits = permits(2, 64);
        let (greedy, other) = (permits.program(), permits.program());
        let mut held = Vec::new();
        while let Ok(permit) = permits.acquire(&greedy).await {
            held.push(permit);
        }
        assert_eq!(held.len(), 4);
        assert!(permits.acquire(&other).await.is_ok());
    }

    #[tokio::test]
    async fn who_waits_is_served_in_order_and_then_told_that_the_host_is_busy() {
        let permits = Arc::new(permits(1, 4));
        let program = Arc::new(permits.program());
        let held = permits.acquire(&program).await.unwrap();
        assert_eq!(permits.acquire(&program).await.unwrap_err(), Busy);

        let (sender, mut order) = tokio::sync::mpsc::unbounded_channel();
        for number in 0..3 {
            let (permits, program, sender) = (Arc::clone(&permits), Arc::clone(&program), sender.clone());
            tokio::spawn(async move {
                let _permit = permits.acquire(&program).await.unwrap();
                sender.send(number).unwrap();
            });
            tokio::task::yield_now().await;
        }
        drop(held);
        for number in 0..3 {
            assert_eq!(order.recv().await, Some(number));
        }
    }

    #[tokio::test]
    async fn the_queue_is_bounded_and_counts_out_who_gives_up() {
        let permits = Arc::new(permits(1, 4));
        let program = Arc::new(permits.program());
        let _held = permits.acquire(&program).await.unwrap();
        let waiting: Vec<_> = (0..QUEUE_MAX)
            .map(|_| {
                let (permits, program) = (Arc::clone(&permits), Arc::clone(&program));
                tokio::spawn(async move { permits.acquire(&program).await.map(drop) })
            })
            .collect();
        while program.waiting.load(Ordering::Relaxed) < QUEUE_MAX {
            tokio::task::yield_now().await;
        }
        let before = Instant::now();
        assert!(permits.acquire(&program).await.is_err());
        assert!(before.elapsed() < Duration::from_millis(40), "told at once");
        for task in &waiting {
            task.abort();
        }
        for task in waiting {
            assert!(task.await.is_err());
        }
        assert_eq!(program.waiting.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn long_calls_take_turns_by_program() {
        let permits = permits(2, 64);
        let (greedy, modest) = (permits.program(), permits.program());
        let far = Instant::now() + Duration::from_secs(5);
        let mut tasks = tokio::task::JoinSet::new();
        for (name, program) in [("greedy", &greedy), ("greedy", &greedy), ("greedy", &greedy), ("modest", &modest)] {
            let permit = permits.acquire(program).await.unwrap();
            tasks.spawn(async move {
                let mut turns = 0_u32;
                let end = Instant::now() + Duration::from_millis(300);
                while Instant::now() < end {
                    permit.lane.next_turn(far).await;
                    turns += 1;
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                (name, turns)
            });
        }
        let (mut of_greedy, mut of_modest) = (0, 0);
        while let Some(Ok((name, turns))) = tasks.join_next().await {
            match name {
                "greedy" => of_greedy += turns,
                _ => of_modest += turns,
            }
        }
        assert!(of_modest * 3 > of_greedy * 2, "{of_modest} turns beside {of_greedy}");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn work_on_large_views_takes_the_places_of_long_calls() {
        let permits = permits(2, 64);
        let (greedy, other) = (permits.program(), permits.program());
        let held = permits.turn(&greedy, WEIGHT_SLOW).await.unwrap();
        // There is one place for all: that of the second processor is for short work.
        assert_eq!(permits.turn(&other, WEIGHT_SLOW).await.unwrap_err(), Busy);
        assert_eq!(permits.turn(&greedy, usize::MAX).await.unwrap_err(), Busy);
        assert_eq!(permits.turn(&greedy, WEIGHT_SLOW - 1).await.unwrap().run(|| 7), 7);
        assert_eq!(held.run(|| 8), 8);
        assert_eq!(permits.turn(&other, WEIGHT_SLOW).await.unwrap().run(|| 9), 9);
    }

    #[tokio::test]
    async fn work_on_a_large_view_needs_no_second_worker() {
        let permits = permits(1, 4);
        assert_eq!(permits.turn(&permits.program(), WEIGHT_SLOW).await.unwrap().run(|| 7), 7);
    }

    #[tokio::test]
    async fn nobody_waits_for_a_turn_longer_than_its_deadline() {
        let permits = permits(2, 64);
        let program = permits.program();
        let (first, second) = (permits.acquire(&program).await.unwrap(), permits.acquire(&program).await.unwrap());
        first.lane.next_turn(Instant::now() + Duration::from_secs(5)).await;
        let before = Instant::now();
        second.lane.next_turn(before + Duration::from_millis(20)).await;
        assert!(before.elapsed() < Duration::from_millis(500));
    }
}
