//! Work that takes longer than a frame, in threads of its own.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;

/// Says, in the thread that works, whether anybody still waits.
#[derive(Clone, Debug, Default)]
pub struct Cancelled(Arc<AtomicBool>);

impl Cancelled {
    /// Nobody waits any more.
    #[must_use]
    pub fn is(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

type Work = Box<dyn FnOnce() + Send>;

/// Threads that work for the UI.
#[derive(Clone)]
pub struct Workers {
    /// `None` = what is asked for is done at once, by who asks: for tests.
    queue: Option<Sender<Work>>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl fmt::Debug for Workers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workers").field("threads", &self.queue.is_some()).finish_non_exhaustive()
    }
}

/// Threads; each has one piece of work at a time.
const THREADS: usize = 2;

impl Workers {
    /// Starts them. `wake` is called, in their threads, when something is done.
    #[must_use]
    pub fn start(wake: impl Fn() + Send + Sync + 'static) -> Self {
        let (queue, work) = channel();
        let work: Arc<Mutex<Receiver<Work>>> = Arc::new(Mutex::new(work));
        let threads = (0..THREADS).filter(|n| {
            let work = Arc::clone(&work);
            let next = move || work.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let run = move || {
                while let Ok(work) = next() {
                    work();
                }
            };
            thread::Builder::new().name(format!("worker {n}")).spawn(run).is_ok()
        });
        // Without threads, the one that asks does the work.
        let queue = (threads.count() > 0).then_some(queue);
        Self { queue, wake: Arc::new(wake) }
    }

    /// None: everything is done when it is asked for.
    #[must_use]
    pub fn inline() -> Self {
        Self { queue: None, wake: Arc::new(|| {}) }
    }

    /// Whether what is asked for is done at once, by who asks.
    #[must_use]
    pub const fn are_inline(&self) -> bool {
        self.queue.is_none()
    }

    /// Has something done.
    pub fn run<T: Send + Sync + 'static>(
        &self,
        work: impl FnOnce(&Cancelled) -> T + Send + 'static,
    ) -> Task<T> {
        let task = Task { result: Arc::default(), cancelled: Cancelled::default() };
        let (result, cancelled, wake) =
            (Arc::clone(&task.result), task.cancelled.clone(), Arc::clone(&self.wake));
        let work = move || {
            if !cancelled.is() {
                let _ = result.set(work(&cancelled));
                wake();
            }
        };
        match &self.queue {
            Some(queue) => {
                let _ = queue.send(Box::new(work));
            }
            None => work(),
        }
        task
    }

    /// Frees something large, which takes its time too.
    pub fn discard<T: Send + 'static>(&self, value: T) {
        match &self.queue {
            Some(queue) => drop(queue.send(Box::new(move || drop(value)))),
            None => drop(value),
        }
    }

    /// Tells the UI that there is something new.
    #[must_use]
    pub fn wake(&self) -> Arc<dyn Fn() + Send + Sync> {
        Arc::clone(&self.wake)
    }
}

/// Something that is being done. Dropping it says that nobody waits any more.
#[derive(Debug)]
pub struct Task<T> {
    result: Arc<OnceLock<T>>,
    cancelled: Cancelled,
}

impl<T> Task<T> {
    /// What came out; `None` while it is not done.
    #[must_use]
    pub fn get(&self) -> Option<&T> {
        self.result.get()
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.cancelled.0.store(true, Ordering::Relaxed);
    }
}

/// What is done at once where it is small, else in another thread; the latest only.
#[derive(Debug)]
pub struct Later<K, T>(Option<(K, Task<T>)>);

impl<K, T> Default for Later<K, T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<K: PartialEq, T: Clone + Send + Sync + 'static> Later<K, T> {
    /// What comes of `work`, whose result depends on `of`; `None` while it is being done.
    pub fn get(
        &mut self,
        of: K,
        small: bool,
        workers: &Workers,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let under_way = self.0.take();
        if small {
            return Some(work());
        }
        let task = match under_way {
            Some((other, task)) if other == of => task,
            _ => workers.run(move |_| work()),
        };
        let done = task.get().cloned();
        if done.is_none() {
            self.0 = Some((of, task));
        }
        done
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{RecvTimeoutError, sync_channel};
    use std::time::Duration;

    #[test]
    fn work_is_done_and_told() {
        let (woken, wakes) = sync_channel(9);
        let workers = Workers::start(move || woken.send(()).unwrap());
        let task = workers.run(|_| 7);
        wakes.recv_timeout(Duration::from_secs(9)).unwrap();
        assert_eq!(task.get(), Some(&7));
        assert_eq!(Workers::inline().run(|_| 8).get(), Some(&8));
    }

    #[test]
    fn nobody_waits_for_what_is_dropped() {
        let workers = Workers::start(|| {});
        let (said, says) = sync_channel(1);
        let task = workers.run(move |cancelled| {
            while !cancelled.is() {
                thread::sleep(Duration::from_millis(1));
            }
            said.send(()).unwrap();
        });
        drop(task);
        // Where it was dropped before it began, it never does: the sender goes away, and nothing is waited for.
        assert_ne!(says.recv_timeout(Duration::from_secs(9)), Err(RecvTimeoutError::Timeout));
    }
}
