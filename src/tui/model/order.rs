//! Messages in another order than that in which they ended.

use std::cmp::Ordering;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::tui::store::{Row, Store};
use crate::tui::workers::{Task, Workers};

/// Messages whose keys are taken between two looks at the clock.
const SLICE: usize = 1 << 8;

/// So many rounds later, what is new is sorted in at any rate.
const ROUNDS: u32 = 16;

/// What messages can be sorted by, besides time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Connection and number.
    Id,
    /// The time since the message before it on its connection.
    Delta,
    /// Kind and direction.
    Op,
    /// Payload bytes.
    Len,
    /// The beginning of the payload.
    Summary,
}

/// Places with what they are sorted by.
#[derive(Clone, Debug, Default)]
struct Keyed {
    /// Key and place. Of texts, the key says where the text lies: `start << 8 | length`.
    entries: Vec<(u64, u32)>,
    text: Option<Vec<u8>>,
}

impl Keyed {
    fn text(&self, key: u64) -> &[u8] {
        let start = (key >> 8) as usize;
        let text = self.text.as_deref().unwrap_or_default();
        text.get(start..start + (key & 0xff) as usize).unwrap_or_default()
    }

    /// Adds what `other` holds, each where it belongs; both are sorted.
    fn merged(&self, mut other: Self) -> Self {
        let start = self.text.as_ref().map_or(0, Vec::len) as u64;
        for (key, _) in &mut other.entries {
            *key += if other.text.is_some() { start << 8 } else { 0 };
        }
        let text = other.text.as_ref().map(|text| [self.text.as_deref().unwrap_or_default(), text].concat());
        let mut all = Self { entries: Vec::with_capacity(self.entries.len() + other.entries.len()), text };
        let (mut old, mut new) = (self.entries.iter().peekable(), other.entries.iter().peekable());
        while let (Some(one), Some(two)) = (old.peek(), new.peek()) {
            let first = if all.compare(one, two).is_gt() { new.next() } else { old.next() };
            all.entries.extend(first);
        }
        all.entries.extend(old.chain(new));
        all
    }

    fn compare(&self, one: &(u64, u32), two: &(u64, u32)) -> Ordering {
        match self.text {
            None => one.cmp(two),
            Some(_) => self.text(one.0).cmp(self.text(two.0)).then(one.1.cmp(&two.1)),
        }
    }

    fn sort(&mut self) {
        let mut entries = std::mem::take(&mut self.entries);
        entries.sort_unstable_by(|one, two| self.compare(one, two));
        self.entries = entries;
    }
}

/// Sorts a list that grows at its end: keys are taken in slices, and sorted by a worker.
#[derive(Debug)]
pub(super) struct Sorter {
    by: By,
    ordered: Arc<Keyed>,
    /// What is behind `ordered` in the list.
    fresh: Keyed,
    task: Option<Task<Arc<Keyed>>>,
    rounds: u32,
}

impl Sorter {
    pub(super) fn new(by: By) -> Self {
        Self { by, ordered: Arc::default(), fresh: Keyed::default(), task: None, rounds: 0 }
    }

    pub(super) const fn by(&self) -> By {
        self.by
    }

    /// How many of the list are in order.
    pub(super) fn len(&self) -> usize {
        self.ordered.entries.len()
    }

    pub(super) fn get(&self, index: usize) -> Option<usize> {
        self.ordered.entries.get(index).map(|(_, place)| *place as usize)
    }

    /// The index of a place, or where it would be.
    pub(super) fn index_of(&self, store: &Store, place: usize) -> Option<usize> {
        let (row, preview) = store.message(place)?;
        let ordered = &self.ordered;
        let key = number(self.by, store, row);
        Some(ordered.entries.partition_point(|entry| {
            let key = match key {
                Some(key) => entry.0.cmp(&key),
                None => ordered.text(entry.0).cmp(preview.as_bytes()),
            };
            key.then(entry.1.cmp(&(place as u32))).is_lt()
        }))
    }

    /// There is nothing to do but to wait for the worker, for a list of so many.
    pub(super) fn waits(&self, len: usize) -> bool {
        self.task.is_some() || self.len() >= len
    }

    /// Goes on; `settled`: the list does not grow any more.
    pub(super) fn advance(
        &mut self,
        store: &Store,
        get: impl Fn(usize) -> Option<usize>,
        len: usize,
        settled: bool,
        workers: &Workers,
        budget: Duration,
    ) -> bool {
        let mut changed = self.take();
        if self.task.is_some() {
            return changed;
        }
        let since = Instant::now();
        let mut at = self.len() + self.fresh.entries.len();
        while at < len {
            for place in (at..len.min(at + SLICE)).map_while(&get) {
                self.add(store, place);
            }
            at = len.min(at + SLICE);
            if since.elapsed() >= budget {
                break;
            }
        }
        self.rounds += 1;
        let fresh = self.fresh.entries.len();
        if fresh > 0 && at >= len && (settled || fresh * 8 >= self.len() || self.rounds >= ROUNDS) {
            self.rounds = 0;
            let (ordered, mut fresh) = (Arc::clone(&self.ordered), std::mem::take(&mut self.fresh));
            self.task = Some(workers.run(move |_| {
                fresh.sort();
                Arc::new(if ordered.entries.is_empty() { fresh } else { ordered.merged(fresh) })
            }));
            changed |= self.take();
        }
        changed
    }

    /// Takes what the worker did.
    fn take(&mut self) -> bool {
        let Some(done) = self.task.as_ref().and_then(Task::get) else { return false };
        self.ordered = Arc::clone(done);
        self.task = None;
        true
    }

    fn add(&mut self, store: &Store, place: usize) {
        let Some((row, preview)) = store.message(place) else { return };
        let key = number(self.by, store, row).unwrap_or_else(|| {
            let text = self.fresh.text.get_or_insert_default();
            let start = text.len() as u64;
            text.extend_from_slice(preview.as_bytes());
            start << 8 | preview.len() as u64
        });
        self.fresh.entries.push((key, place as u32));
    }
}

/// What a message is sorted by, as a number; `None` = by its preview.
fn number(by: By, store: &Store, row: &Row) -> Option<u64> {
    Some(match by {
        By::Id => u64::from(row.conn) << 32 | u64::from(row.n),
        By::Delta => {
            let before = store.before(row);
            let delta = before.map_or(i64::MIN, |before| row.last.time.since(before.last.time));
            delta as u64 ^ 1 << 63
        }
        By::Op => (row.kind as u64) << 1 | row.dir.index() as u64,
        By::Len => row.len,
        By::Summary => return None,
    })
}
