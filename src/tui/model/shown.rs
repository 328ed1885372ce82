//! The messages that are left after narrowing and filter, in their order.

use std::time::{Duration, Instant};

use super::narrow::Narrow;
use super::order::{By, Sorter};
use crate::tui::filtering::Filtering;
use crate::tui::store::Store;
use crate::tui::workers::Workers;

/// Messages that are looked at between two looks at the clock.
const SLICE: usize = 1 << 8;

/// A list of places in the store. It is made in slices between frames, and grows with the store.
#[derive(Debug, Default)]
pub struct Shown {
    list: List,
    /// Candidates that were looked at: messages of the store, or of the connection.
    seen: usize,
    /// Findings of the store that were looked at.
    found: usize,
    sorter: Option<Sorter>,
    reversed: bool,
    generation: u64,
}

#[derive(Debug)]
enum List {
    /// Every message of the store, or of a connection.
    Everything(Option<u32>),
    /// Those that are left.
    Picked(Vec<u32>),
}

impl Default for List {
    fn default() -> Self {
        Self::Everything(None)
    }
}

/// What is longer is freed elsewhere.
const LONG: usize = 1 << 16;

impl List {
    const fn is_long(&self) -> bool {
        matches!(self, Self::Picked(picked) if picked.len() > LONG)
    }

    fn len(&self, store: &Store) -> usize {
        match self {
            Self::Everything(None) => store.kept(),
            Self::Everything(Some(conn)) => store.conn(*conn).map_or(0, |conn| conn.messages.count()),
            Self::Picked(picked) => picked.len(),
        }
    }

    fn get(&self, store: &Store, index: usize) -> Option<usize> {
        match self {
            Self::Everything(None) => store.nth(index),
            Self::Everything(Some(conn)) => {
                let messages = &store.conn(*conn)?.messages;
                messages.get(messages.nth(index)?).map(|place| *place as usize)
            }
            Self::Picked(picked) => picked.get(index).map(|place| *place as usize),
        }
    }

    /// The index of a place; where it is not there, of the next one that is.
    fn index_of(&self, store: &Store, place: usize) -> usize {
        if matches!(self, Self::Everything(None)) {
            return store.rank(place);
        }
        let (mut low, mut high) = (0, self.len(store));
        while low < high {
            let middle = low + (high - low) / 2;
            if self.get(store, middle).is_some_and(|shown| shown < place) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }
}

/// What the list is made of.
#[derive(Clone, Copy)]
pub(super) struct Made<'a> {
    pub(super) store: &'a Store,
    pub(super) narrow: &'a Narrow,
    pub(super) filtering: Option<&'a Filtering>,
    pub(super) workers: &'a Workers,
}

impl Made<'_> {
    /// How many messages are looked at.
    fn candidates(&self) -> usize {
        match self.narrow.conn {
            None => self.store.messages(),
            Some(conn) => self.store.conn(conn).map_or(0, |conn| conn.messages.len()),
        }
    }

    /// A message is left; `None` = not known yet.
    fn leaves(&self, place: usize) -> Option<bool> {
        let Some((row, preview)) = self.store.message(place) else {
            // It is gone, if it was there.
            return (place < self.store.messages()).then_some(false);
        };
        let selected = match self.filtering.filter(|filtering| filtering.hides()) {
            None => true,
            Some(filtering) => filtering.message(place)?,
        };
        Some(selected && self.narrow.leaves(row, preview, || self.store.findings_on(row).next().is_some()))
    }

    /// A message was among the first `seen` candidates.
    fn was_seen(&self, place: usize, seen: usize) -> bool {
        match self.narrow.conn {
            None => place < seen,
            Some(conn) => {
                let row = self.store.message(place).map(|(row, _)| row);
                row.is_some_and(|row| row.conn == conn && row.n as usize <= seen)
            }
        }
    }
}

impl Shown {
    /// Begins anew; the order stays.
    pub(super) fn restart(&mut self, made: Made<'_>) {
        let hides = made.filtering.is_some_and(Filtering::hides);
        let list = if made.narrow.hides_nothing() && !hides {
            List::Everything(made.narrow.conn)
        } else {
            List::Picked(Vec::new())
        };
        let before = std::mem::replace(&mut self.list, list);
        self.seen = 0;
        self.generation += 1;
        self.found = made.store.findings().len();
        let sorter = self.sorter.as_ref().map(|sorter| Sorter::new(sorter.by()));
        let sorter = std::mem::replace(&mut self.sorter, sorter);
        if before.is_long() || sorter.as_ref().is_some_and(|sorter| sorter.len() > LONG) {
            made.workers.discard((before, sorter));
        }
        // What is quick is done before the next frame, so that nothing flickers.
        self.advance(made, Duration::from_millis(4));
    }

    /// Messages of the store are gone.
    pub(in crate::tui) fn forget(&mut self, store: &Store) {
        if let List::Picked(picked) = &mut self.list {
            picked.retain(|place| store.message(*place as usize).is_some());
        }
        self.sorter = self.sorter.as_ref().map(|sorter| Sorter::new(sorter.by()));
        self.generation += 1;
    }

    pub(super) fn advance(&mut self, made: Made<'_>, budget: Duration) -> bool {
        let since = Instant::now();
        let mut changed = self.take_findings(made);
        changed |= self.pick(made, budget);
        let (list, len) = (&self.list, self.list.len(made.store));
        if let Some(sorter) = &mut self.sorter {
            let settled = !made.store.is_reading();
            let rest = budget.saturating_sub(since.elapsed());
            let get = |index| list.get(made.store, index);
            changed |= sorter.advance(made.store, get, len, settled, made.workers, rest);
        }
        changed
    }

    /// Goes on with the list.
    fn pick(&mut self, made: Made<'_>, budget: Duration) -> bool {
        let List::Picked(picked) = &mut self.list else {
            let seen = std::mem::replace(&mut self.seen, made.candidates());
            return seen != self.seen;
        };
        let (since, before) = (Instant::now(), (self.seen, picked.len()));
        let candidates = made.candidates();
        let of_conn = made.narrow.conn.and_then(|conn| made.store.conn(conn));
        'slices: while self.seen < candidates {
            for _ in 0..SLICE {
                let place = match of_conn {
                    None => Some(self.seen),
                    Some(conn) => {
                        // What is gone is passed over.
                        self.seen = self.seen.max(conn.messages.start());
                        conn.messages.get(self.seen).map(|place| *place as usize)
                    }
                };
                match place.filter(|_| self.seen < candidates).map(|place| (place, made.leaves(place))) {
                    Some((place, Some(true))) => picked.push(place as u32),
                    Some((_, Some(false))) => {}
                    // The end, or what is not known yet.
                    Some((_, None)) | None => break 'slices,
                }
                self.seen += 1;
            }
            if since.elapsed() >= budget {
                break;
            }
        }
        before != (self.seen, picked.len())
    }

    /// A finding may come after its message: where that decides whether the message is left, it is put in.
    fn take_findings(&mut self, made: Made<'_>) -> bool {
        let (before, now) = (self.found, made.store.findings().len());
        self.found = now;
        let List::Picked(picked) = &mut self.list else { return false };
        if !made.narrow.findings {
            return false;
        }
        let late = (before..now).filter_map(|at| made.store.findings().get(at));
        let mut changed = false;
        for place in late.filter_map(|found| made.store.place_of_finding(found)) {
            if made.was_seen(place, self.seen)
                && made.leaves(place) == Some(true)
                && let Err(at) = picked.binary_search(&(place as u32))
            {
                picked.insert(at, place as u32);
                changed = true;
            }
        }
        if changed {
            self.generation += 1;
            self.sorter = self.sorter.as_ref().map(|sorter| Sorter::new(sorter.by()));
        }
        changed
    }

    /// Nothing is left to be done between frames: all messages of the store were looked at, and what is to be
    /// sorted is being sorted elsewhere.
    pub(super) fn done(&self, made: Made<'_>) -> bool {
        self.complete(made)
            && self.sorter.as_ref().is_none_or(|sorter| sorter.waits(self.list.len(made.store)))
    }

    /// All messages of the store were looked at.
    pub(super) fn complete(&self, made: Made<'_>) -> bool {
        matches!(self.list, List::Everything(_)) || self.seen >= made.candidates()
    }

    /// How many times it was begun anew: until that changes, what is at an index of the unsorted list stays there.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// As [`Shown::get`], in the order in which messages ended, however they are sorted.
    #[must_use]
    pub fn unsorted(&self, store: &Store, index: usize) -> Option<usize> {
        self.list.get(store, index)
    }

    /// How many messages are left.
    #[must_use]
    pub fn len(&self, store: &Store) -> usize {
        self.list.len(store)
    }

    /// No message is left.
    #[must_use]
    pub fn is_empty(&self, store: &Store) -> bool {
        self.len(store) == 0
    }

    /// The place in the store of the message at an index of this list.
    #[must_use]
    pub fn get(&self, store: &Store, index: usize) -> Option<usize> {
        let index = self.turned(store, index)?;
        let sorted = self.sorter.as_ref().and_then(|sorter| sorter.get(index));
        sorted.or_else(|| self.list.get(store, index))
    }

    /// The index in this list of a place in the store; where it is not shown, of the next one that is.
    #[must_use]
    pub fn index_of(&self, store: &Store, place: usize) -> usize {
        let at = self.list.index_of(store, place);
        // What is not sorted yet stands at the end.
        let behind = |sorter: &Sorter| at >= sorter.len() && self.list.get(store, at) == Some(place);
        let index = match &self.sorter {
            Some(sorter) if sorter.len() > 0 && !behind(sorter) => {
                sorter.index_of(store, place).unwrap_or(at)
            }
            _ => at,
        };
        if self.reversed { self.len(store).saturating_sub(index + 1) } else { index }
    }

    /// A message is shown.
    #[must_use]
    pub fn contains(&self, store: &Store, place: usize) -> bool {
        self.list.get(store, self.list.index_of(store, place)) == Some(place)
    }

    fn turned(&self, store: &Store, index: usize) -> Option<usize> {
        if self.reversed { self.len(store).checked_sub(index)?.checked_sub(1) } else { Some(index) }
    }

    /// Gives the messages another order; `None` = as they ended. It is made in slices and by a worker; until it is
    /// there, the order is as they ended.
    pub fn sort(&mut self, by: Option<By>, reversed: bool) {
        if self.sorter.as_ref().map(Sorter::by) != by {
            self.sorter = by.map(Sorter::new);
        }
        self.reversed = reversed;
    }

    /// What the messages are, or are being, sorted by; and whether that is reversed.
    #[must_use]
    pub fn sorted(&self) -> (Option<By>, bool) {
        (self.sorter.as_ref().map(Sorter::by), self.reversed)
    }

    /// The order is not there yet.
    #[must_use]
    pub fn is_sorting(&self, store: &Store) -> bool {
        self.sorter.as_ref().is_some_and(|sorter| sorter.len() == 0 && self.len(store) > 0)
    }
}
