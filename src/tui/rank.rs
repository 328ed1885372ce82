//! An order that takes long to make: keys are taken in slices between frames, and sorted by a worker.

use std::sync::Arc;
use std::time::Instant;

use super::workers::{Task, Workers};

/// Keys that are taken between two looks at the clock.
const SLICE: usize = 1 << 8;

/// Fewer are sorted at once.
const FEW: usize = 1 << 11;

/// An order that is being made of the first things of a list.
#[derive(Debug)]
pub(super) struct Ranking<K, T> {
    /// Keys, and the places of what they are of.
    keys: Vec<(K, u32)>,
    /// The next place.
    next: usize,
    /// It ended early, where a key was not known yet.
    cut: bool,
    task: Option<Task<Arc<T>>>,
}

impl<K, T> Default for Ranking<K, T> {
    fn default() -> Self {
        Self { keys: Vec::new(), next: 0, cut: false, task: None }
    }
}

impl<K: Send + 'static, T: Send + Sync + 'static> Ranking<K, T> {
    /// Goes on with a list of `len`. `key` is `None` where it is not known yet, and `Some(None)` of what is left out;
    /// `finish` sorts, in a worker.
    pub(super) fn advance(
        &mut self,
        len: usize,
        mut key: impl FnMut(u32) -> Option<Option<K>>,
        until: Instant,
        workers: &Workers,
        finish: impl FnOnce(Vec<(K, u32)>) -> T + Send + 'static,
    ) -> Option<Arc<T>> {
        if self.task.is_none() {
            while self.next < len && !self.cut {
                for at in self.next..len.min(self.next + SLICE) {
                    match key(at as u32) {
                        Some(key) => self.keys.extend(key.map(|key| (key, at as u32))),
                        None => {
                            self.cut = true;
                            break;
                        }
                    }
                    self.next += 1;
                }
                if self.next < len && !self.cut && Instant::now() >= until {
                    return None;
                }
            }
            let keys = std::mem::take(&mut self.keys);
            // Few are sorted sooner than a worker is asked.
            let here = Workers::inline();
            let workers = if keys.len() < FEW { &here } else { workers };
            self.task = Some(workers.run(move |_| Arc::new(finish(keys))));
        }
        self.task.as_ref().and_then(Task::get).cloned()
    }

    /// There is nothing to do but to wait for the worker.
    pub(super) const fn waits(&self) -> bool {
        self.task.is_some()
    }

    /// It ended early, where a key was not known yet.
    pub(super) const fn is_cut(&self) -> bool {
        self.cut
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn sorted(mut keys: Vec<(u32, u32)>) -> Vec<u32> {
        keys.sort_unstable();
        keys.into_iter().map(|(_, place)| place).collect()
    }

    #[test]
    fn keys_are_taken_in_slices() {
        let mut ranking = Ranking::default();
        let workers = Workers::inline();
        let mut rounds = 0;
        let order = loop {
            // Late from the beginning: a slice each time.
            let key = |at| Some((at % 2 == 0).then_some(1_000 - at));
            if let Some(order) = ranking.advance(1_000, key, Instant::now(), &workers, sorted) {
                break order;
            }
            rounds += 1;
        };
        assert_eq!((rounds, order.len(), order.first()), (3, 500, Some(&998)));
        assert!(!ranking.is_cut());
    }

    #[test]
    fn what_is_not_known_ends_it() {
        let mut ranking = Ranking::default();
        let until = Instant::now() + Duration::from_secs(9);
        let key = |at| (at < 300).then_some(Some(at));
        let order = ranking.advance(1_000, key, until, &Workers::inline(), sorted);
        assert_eq!(order.map(|order| order.len()), Some(300));
        assert!(ranking.is_cut());
    }
}
