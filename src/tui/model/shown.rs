//! The messages that are left after narrowing and filter, in their order.

use std::time::{Duration, Instant};

use super::narrow::Narrow;
use crate::tui::filtering::Filtering;
use crate::tui::store::{Row, Store};

/// Messages that are looked at between two looks at the clock.
const SLICE: usize = 1 << 10;

/// A list of places in the store. It is made in slices between frames, and grows with the store.
#[derive(Debug, Default)]
pub struct Shown {
    list: List,
    /// Candidates that were looked at: messages of the store, or of the connection.
    seen: usize,
    order: Option<Vec<u32>>,
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

impl Shown {
    /// Begins anew.
    pub(super) fn restart(&mut self, store: &Store, narrow: &Narrow, filtering: Option<&Filtering>) {
        let hides = filtering.is_some_and(Filtering::hides);
        self.list = if narrow.hides_nothing() && !hides {
            List::Everything(narrow.conn)
        } else {
            List::Picked(Vec::new())
        };
        self.seen = 0;
        self.order = None;
        self.generation += 1;
        // What is quick is done before the next frame, so that nothing flickers.
        self.advance(store, narrow, filtering, Duration::from_millis(4));
    }

    pub(super) fn advance(
        &mut self,
        store: &Store,
        narrow: &Narrow,
        filtering: Option<&Filtering>,
        budget: Duration,
    ) -> bool {
        let List::Picked(picked) = &mut self.list else {
            let seen = std::mem::replace(&mut self.seen, store.messages());
            return seen != self.seen;
        };
        let (since, before) = (Instant::now(), (self.seen, picked.len()));
        let of_conn = narrow.conn.map(|conn| store.conn(conn));
        let filtering = filtering.filter(|filtering| filtering.hides());
        'slices: loop {
            for _ in 0..SLICE {
                let place = match of_conn {
                    None if self.seen < store.messages() => self.seen,
                    Some(Some(conn)) => match conn.messages.get(self.seen) {
                        Some(place) => *place as usize,
                        None => break 'slices,
                    },
                    _ => break 'slices,
                };
                let Some((row, preview)) = store.message(place) else { break 'slices };
                let selected = match filtering {
                    None => true,
                    Some(filtering) => match filtering.message(place) {
                        Some(selected) => selected,
                        // Not known yet.
                        None => break 'slices,
                    },
                };
                if selected && narrow.leaves(row, preview, || has_findings(store, row)) {
                    picked.push(place as u32);
                }
                self.seen += 1;
            }
            if since.elapsed() >= budget {
                break;
            }
        }
        before != (self.seen, picked.len())
    }

    /// All messages of the store were looked at.
    pub(super) fn done(&self, store: &Store) -> bool {
        match &self.list {
            List::Everything(_) => true,
            List::Picked(_) => self.seen >= store.messages() || self.seen > 0,
        }
    }

    /// How many times it was begun anew: until that changes, what is at an index of the unsorted list stays there.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// As [`Shown::get`], in the order in which messages ended, however they are sorted.
    #[must_use]
    pub fn unsorted(&self, store: &Store, index: usize) -> Option<usize> {
        match &self.list {
            List::Everything(None) => (index < store.messages()).then_some(index),
            List::Everything(Some(conn)) => {
                store.conn(*conn)?.messages.get(index).map(|place| *place as usize)
            }
            List::Picked(picked) => picked.get(index).map(|place| *place as usize),
        }
    }

    /// How many messages are left.
    #[must_use]
    pub fn len(&self, store: &Store) -> usize {
        match &self.list {
            List::Everything(None) => store.messages(),
            List::Everything(Some(conn)) => store.conn(*conn).map_or(0, |conn| conn.messages.len()),
            List::Picked(picked) => picked.len(),
        }
    }

    /// The place in the store of the message at an index of this list.
    #[must_use]
    pub fn get(&self, store: &Store, index: usize) -> Option<usize> {
        if let Some(order) = &self.order {
            return order.get(index).map(|place| *place as usize);
        }
        self.unsorted(store, index)
    }

    /// The index in this list of a place in the store; where it is not shown, of the next one that is.
    #[must_use]
    pub fn index_of(&self, store: &Store, place: usize) -> usize {
        if let Some(order) = &self.order {
            return order.iter().position(|shown| *shown as usize == place).unwrap_or(0);
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

    /// Gives the messages another order; `None` = as they ended.
    pub fn set_order(&mut self, order: Option<Vec<u32>>) {
        self.order = order;
    }

    /// It has an order of its own.
    #[must_use]
    pub const fn is_sorted(&self) -> bool {
        self.order.is_some()
    }
}

fn has_findings(store: &Store, row: &Row) -> bool {
    let Some(conn) = store.conn(row.conn) else { return false };
    let frames = u64::from(row.first_frame)..u64::from(row.first_frame) + u64::from(row.frames);
    conn.findings.iter().filter_map(|place| store.findings().get(*place as usize)).any(|found| {
        found.finding.message == Some(row.n.into())
            || found.finding.frame.is_some_and(|frame| frames.contains(&frame))
    })
}
