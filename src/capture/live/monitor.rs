//! What a live capture tells while it runs: how much it heard, what was dropped, what went wrong.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{Counts, Remark};
use crate::capture::source::Packet;
use crate::capture::write::Statistics;

/// How often at most an interface's drops are remarked on.
const AGAIN: Duration = Duration::from_secs(10);

/// Remarks that nobody has fetched.
const MOST_NOTICES: usize = 1_000;

/// Counters of a live capture, and remarks to be shown. Drops are counted where they happen: in the kernel, whose
/// buffer was full; in the interface; in the ring between the threads.
#[derive(Debug)]
pub struct Monitor {
    interfaces: Vec<Interface>,
    ring_limit: usize,
    ring_bytes: AtomicUsize,
    notices: Mutex<Vec<String>>,
    failures: Mutex<Vec<String>>,
}

#[derive(Debug, Default)]
struct Interface {
    name: String,
    taken: AtomicU64,
    received: AtomicU64,
    kernel: AtomicU64,
    interface: AtomicU64,
    ring: AtomicU64,
    /// It is down, or gone before it was told to.
    trouble: AtomicBool,
    remarked: Mutex<Remarked>,
}

/// The drops that were remarked on last.
#[derive(Debug, Default)]
struct Remarked {
    at: Option<Instant>,
    dropped: u64,
}

/// What an interface brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Its name.
    pub name: String,
    /// Packets handed on to be decoded.
    pub packets: u64,
    /// Packets that passed the filter, as the kernel counts them; 0 = not known.
    pub received: u64,
    /// Packets that the kernel dropped, as nobody took them in time.
    pub kernel_dropped: u64,
    /// Packets that the interface or its driver dropped.
    pub interface_dropped: u64,
    /// Packets that were dropped because too many waited to be decoded.
    pub ring_dropped: u64,
}

impl Heard {
    /// All that were dropped.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.kernel_dropped.saturating_add(self.interface_dropped).saturating_add(self.ring_dropped)
    }
}

impl Monitor {
    /// Of interfaces of these names; `ring_limit`: the bytes that may wait to be decoded.
    pub(super) fn new(names: &[String], ring_limit: usize) -> Self {
        let interface = |name: &String| Interface { name: name.clone(), ..Interface::default() };
        Self {
            interfaces: names.iter().map(interface).collect(),
            ring_limit,
            ring_bytes: AtomicUsize::new(0),
            notices: Mutex::default(),
            failures: Mutex::default(),
        }
    }

    /// What each interface brought so far.
    #[must_use]
    pub fn heard(&self) -> Vec<Heard> {
        let heard = |interface: &Interface| Heard {
            name: interface.name.clone(),
            packets: interface.taken.load(Relaxed),
            received: interface.received.load(Relaxed),
            kernel_dropped: interface.kernel.load(Relaxed),
            interface_dropped: interface.interface.load(Relaxed),
            ring_dropped: interface.ring.load(Relaxed),
        };
        self.interfaces.iter().map(heard).collect()
    }

    /// The same for the statistics of a file.
    #[must_use]
    pub fn statistics(&self) -> Vec<Statistics> {
        let statistics = |heard: Heard| Statistics {
            received: heard.received,
            dropped_by_interface: heard.interface_dropped,
            dropped_by_system: heard.kernel_dropped.saturating_add(heard.ring_dropped),
        };
        self.heard().into_iter().map(statistics).collect()
    }

    /// Packets dropped so far, wherever.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.heard().iter().fold(0, |sum, heard| sum.saturating_add(heard.dropped()))
    }

    /// Some interface is down, or ended before it was told to.
    #[must_use]
    pub fn is_in_trouble(&self) -> bool {
        self.interfaces.iter().any(|interface| interface.trouble.load(Relaxed))
    }

    /// Bytes that wait to be decoded, and how many may.
    #[must_use]
    pub fn ring(&self) -> (usize, usize) {
        (self.ring_bytes.load(Relaxed), self.ring_limit)
    }

    /// Takes the remarks that were made since the last call: drops, interfaces that are gone, files that could not
    /// be written.
    #[must_use]
    pub fn notices(&self) -> Vec<String> {
        std::mem::take(&mut *lock(&self.notices))
    }

    /// Makes a remark.
    pub fn notice(&self, text: String) {
        let mut notices = lock(&self.notices);
        if notices.len() < MOST_NOTICES {
            notices.push(text);
        }
    }

    /// Why interfaces ended before they were told to.
    #[must_use]
    pub fn failures(&self) -> Vec<String> {
        lock(&self.failures).clone()
    }

    pub(super) const fn ring_limit(&self) -> usize {
        self.ring_limit
    }

    pub(super) fn waiting(&self, bytes: usize) {
        self.ring_bytes.store(bytes, Relaxed);
    }

    /// Packets were handed on.
    pub(super) fn took(&self, packets: &[Packet]) {
        for run in packets.chunk_by(|one, next| one.source == next.source) {
            let interface = run.first().and_then(|packet| self.interfaces.get(usize::from(packet.source)));
            if let Some(interface) = interface {
                interface.taken.fetch_add(run.len() as u64, Relaxed);
            }
        }
    }

    /// A packet found no room.
    pub(super) fn no_room(&self, lane: usize) {
        if let Some(interface) = self.interfaces.get(lane) {
            interface.ring.fetch_add(1, Relaxed);
        }
    }

    /// An interface was asked what it counted.
    pub(super) fn counted(&self, lane: usize, counts: Counts) {
        let Some(interface) = self.interfaces.get(lane) else { return };
        interface.received.store(counts.received, Relaxed);
        interface.kernel.store(counts.dropped, Relaxed);
        interface.interface.store(counts.interface_dropped, Relaxed);
        let ring = interface.ring.load(Relaxed);
        let dropped = counts.dropped + counts.interface_dropped + ring;
        let mut remarked = lock(&interface.remarked);
        if dropped > remarked.dropped && remarked.at.is_none_or(|at| at.elapsed() > AGAIN) {
            let more = dropped - remarked.dropped;
            let s = if more == 1 { " was" } else { "s were" };
            let name = &interface.name;
            let why = if ring > 0 {
                "decoding is behind: narrow the filter with -f, or give --queue more room"
            } else {
                "they came faster than they were taken: narrow the filter with -f, or give -B more room"
            };
            self.notice(format!("{name}: {more} packet{s} dropped; {why}"));
            *remarked = Remarked { at: Some(Instant::now()), dropped };
        }
    }

    /// Something happened to an interface.
    pub(super) fn remark(&self, lane: usize, remark: &Remark) {
        let Some(interface) = self.interfaces.get(lane) else { return };
        interface.trouble.store(remark.trouble, Relaxed);
        self.notice(format!("{}: {}", interface.name, remark.text));
    }

    /// An interface ended before it was told to.
    pub(super) fn ended(&self, lane: usize, why: &str) {
        let Some(interface) = self.interfaces.get(lane) else { return };
        interface.trouble.store(true, Relaxed);
        let text = format!("{}: {why}", interface.name);
        lock(&self.failures).push(text.clone());
        self.notice(text);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
