//! What is kept of a capture without end: no more than so many bytes, of packets on disk and rows in memory together.

use std::collections::HashSet;
use std::io;

use super::model::Model;
use super::spool::{Numbers, Spool};
use super::workers::Task;

/// The room that what is left has, of all; the rest is for what comes meanwhile.
const LEFT: (u64, u64) = (3, 4);

/// Room is not made again before so much more came, of all.
const MORE: u64 = 16;

/// The room, and what it holds.
#[derive(Debug)]
pub struct Ring {
    limit: u64,
    spool: Spool,
    /// How much there was when room was made last.
    before: Measure,
    task: Option<Task<io::Result<()>>>,
}

/// How much there is.
#[derive(Clone, Copy, Debug, Default)]
struct Measure {
    kept: u64,
    /// What the store knows of.
    taken: u64,
    /// Packets that were decoded, and whether that is all.
    decided: u64,
    all: bool,
}

impl Measure {
    /// There may be something to let go of that there was not before.
    const fn is_more(&self, before: &Self, by: u64) -> bool {
        self.kept >= before.kept + by
            || self.taken >= before.taken + by
            || self.all && self.decided > before.decided
    }
}

impl Ring {
    /// Of packets that are kept in a spool; `limit`: bytes of all that is kept.
    #[must_use]
    pub fn new(limit: u64, spool: Spool) -> Self {
        Self { limit, spool, before: Measure::default(), task: None }
    }

    /// Bytes that may be kept.
    #[must_use]
    pub const fn limit(&self) -> u64 {
        self.limit
    }
}

impl Model {
    /// From now on, no more is kept than there is room for. Nothing was read yet.
    pub fn keep(&mut self, ring: Ring) {
        self.ring = Some(ring);
        self.store = std::mem::take(&mut self.store).in_ring();
    }

    /// Bytes that are kept of a capture without end, and that may be.
    #[must_use]
    pub fn kept_bytes(&self) -> Option<(u64, u64)> {
        let ring = self.ring.as_ref()?;
        Some((ring.spool.bytes() + self.store.taken().0, ring.limit))
    }

    /// Lets go of the oldest where there is no room for more. Says whether anything went.
    pub(super) fn make_room(&mut self) -> bool {
        let Some((kept, limit)) = self.kept_bytes() else { return false };
        let Some(ring) = &mut self.ring else { return false };
        let ((memory, packets), decided) = (self.store.taken(), self.store.decided());
        let all = decided == ring.spool.packets();
        let now = Measure { kept, taken: memory + packets, decided, all };
        match ring.task.as_ref().map(Task::get) {
            // What went is still being let go of on disk.
            Some(None) => return false,
            Some(Some(Err(error))) => {
                let text = format!("packets that are not needed any more stay on disk: {error}");
                ring.task = None;
                self.fail(text);
                return false;
            }
            Some(Some(Ok(()))) => {
                ring.task = None;
                ring.before.kept = ring.before.kept.min(kept);
            }
            None => {}
        }
        if kept <= limit || !now.is_more(&ring.before, limit / MORE) {
            return false;
        }
        let marked = self.marked();
        let before = self.store.gone();
        let went = self.store.make_room(limit / LEFT.1 * LEFT.0, &marked);
        let gone = self.store.gone();
        let needed = self.store.needed();
        let (memory, packets) = self.store.taken();
        let taken = memory + packets;
        if let Some(ring) = &mut self.ring {
            // What comes while it is let go of is more.
            ring.before = Measure { taken, ..now };
            let spool = ring.spool.clone();
            if gone != before {
                let left = self.store.conns().iter().map(|conn| (conn.id, conn.number)).collect();
                spool.went(&went, left, self.store.conns().len() as u32 + 1);
            }
            ring.task = Some(self.workers.run(move |_| {
                let needed = Numbers::of(&needed);
                spool.let_go(decided, |number| needed.contain(number))
            }));
        }
        if gone == before {
            return false;
        }
        if before.messages == 0 && before.conns == 0 && self.notice.is_none() {
            self.say("the ring is full: what is oldest makes room, closed connections first (--ring)");
        }
        self.forget_gone();
        true
    }

    /// Connections that go after others: those that somebody looks at, or marked.
    fn marked(&self) -> HashSet<u32> {
        let marks = self.marks.iter().chain(&self.message);
        let marks = marks.filter_map(|place| self.store.message(*place)).map(|(row, _)| row.conn);
        let noted = self.notes.iter().map(|((conn, _), _)| conn);
        marks.chain(noted).chain(self.conn).chain(self.narrow.conn).collect()
    }

    /// What is selected, shown and counted is told that rows are gone.
    fn forget_gone(&mut self) {
        let Self { store, shown, filtering, marks, .. } = self;
        marks.retain(|place| store.message(*place).is_some());
        if let Some(filtering) = filtering {
            filtering.forget(store);
        }
        shown.forget(store);
        if let Some(place) = self.message.filter(|place| self.store.message(*place).is_none()) {
            let next =
                self.shown.index_of(&self.store, place).min(self.shown.len(&self.store).saturating_sub(1));
            self.message = self.shown.get(&self.store, next);
            self.frame = None;
        }
    }
}
