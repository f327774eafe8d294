//! Threads that play runs, so that the server goes on answering: a few of them, a short queue, and an end to every wait.

use crate::refusal::Refusal;
use scenarios::Registry;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::Scope,
    time::Duration,
};
use tokio::{sync::oneshot, time::timeout};

/// So many requests wait for a thread; more are refused.
const WAITING_MAX: usize = 16;

type Job = Box<dyn FnOnce(&Registry) + Send>;

/// Hands work to the threads.
#[derive(Debug)]
pub(crate) struct Workers {
    jobs: SyncSender<Job>,
    limits: Limits,
    stopping: Arc<AtomicBool>,
}

/// How much answers may take, and those who ask.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// One that takes longer is given up.
    pub patience: Duration,
    /// The most inputs that a run may take: what clients were told is kept for all of them.
    pub events_max: u64,
    /// The most lines that are open at a time; who comes later waits for one.
    pub lines_max: usize,
    /// A line is closed when nothing was heard on it for so long; not before `patience` is over.
    pub silence: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        let seconds = Duration::from_secs;
        Limits { patience: seconds(30), events_max: 5_000_000, lines_max: 100, silence: seconds(60) }
    }
}

/// Told to whoever works: whether anybody still waits for it.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) events_max: u64,
    given_up: Arc<AtomicBool>,
    stopping: Arc<AtomicBool>,
}

impl Wanted {
    pub(crate) fn still(&self) -> Result<(), Refusal> {
        match self.given_up.load(Relaxed) || self.stopping.load(Relaxed) {
            true => Err(Refusal::busy("nobody waits for this run any more")),
            false => Ok(()),
        }
    }
}

/// Says that nobody waits any more, however the wait ends: an answer, a clock, or a browser that is gone.
struct Wait(Arc<AtomicBool>);

impl Drop for Wait {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

impl Workers {
    /// Starts so many threads. They end when this is dropped and what they work on is done; `stopping` makes that soon.
    pub(crate) fn start<'scope>(
        scope: &'scope Scope<'scope, '_>,
        registry: &'scope Registry,
        threads: usize,
        limits: Limits,
        stopping: Arc<AtomicBool>,
    ) -> Workers {
        let (jobs, queue) = sync_channel::<Job>(WAITING_MAX);
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..threads.max(1) {
            let queue = Arc::clone(&queue);
            scope.spawn(move || work(registry, &queue));
        }
        Workers { jobs, limits, stopping }
    }

    pub(crate) fn patience(&self) -> Duration {
        self.limits.patience
    }

    /// Has something done, and waits for it, but not for ever.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Registry, &Wanted) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let wanted = Wanted {
            events_max: self.limits.events_max,
            given_up: Arc::new(AtomicBool::new(false)),
            stopping: Arc::clone(&self.stopping),
        };
        let wait = Wait(Arc::clone(&wanted.given_up));
        let (answer, answered) = oneshot::channel();
        let job = move |registry: &Registry| {
            let found = wanted.still().and_then(|()| {
                catch_unwind(AssertUnwindSafe(|| work(registry, &wanted)))
                    .unwrap_or_else(|_| Err(Refusal::bug("the run panicked; the terminal says where")))
            });
            let _ = answer.send(found);
        };
        self.jobs.try_send(Box::new(job)).map_err(|_| {
            Refusal::busy(format!("{WAITING_MAX} requests wait already: try again in a moment"))
        })?;
        let found = timeout(self.limits.patience, answered).await;
        drop(wait);
        match found {
            Ok(Ok(found)) => found,
            Ok(Err(_)) => Err(Refusal::busy("the server stops")),
            Err(_) => Err(Refusal::unfit(format!(
                "this takes longer than {} s, the most that is waited for here: make the run shorter or smaller, or use `sim run`",
                self.limits.patience.as_secs()
            ))),
        }
    }
}

fn work(registry: &Registry, queue: &Mutex<Receiver<Job>>) {
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match next {
            Ok(job) => job(registry),
            Err(_) => return,
        }
    }
}
