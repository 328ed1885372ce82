//! Between the threads that listen and the one that decodes: packets that wait, up to a limit.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::BLOCK;
use super::monitor::Monitor;
use crate::capture::source::{Block, LinkType, Packet};
use crate::time::Timestamp;

/// What a waiting packet takes besides its bytes.
const OVERHEAD: usize = size_of::<Packet>();

/// Packets of all interfaces, each in its lane.
pub(super) struct Ring {
    lanes: Mutex<Lanes>,
    news: Condvar,
    monitor: Arc<Monitor>,
}

#[derive(Debug, Default)]
struct Lanes {
    lanes: Vec<Lane>,
    /// Bytes that wait, in all lanes.
    bytes: usize,
    /// Somebody waits for news.
    awaited: bool,
    /// Nobody will take anything any more.
    closed: bool,
}

#[derive(Debug)]
struct Lane {
    link: LinkType,
    /// Each with when the last of it came.
    chunks: VecDeque<(Block, Instant)>,
    ended: bool,
}

/// What [`Ring::take`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// Packets, the last of which came then.
    Packets(Instant),
    Nothing,
    End,
}

impl Ring {
    /// A lane for each interface; the monitor knows the limit.
    pub(super) fn new(links: impl Iterator<Item = LinkType>, monitor: Arc<Monitor>) -> Self {
        let lanes = links.map(|link| Lane { link, chunks: VecDeque::new(), ended: false }).collect();
        Self { lanes: Mutex::new(Lanes { lanes, ..Lanes::default() }), news: Condvar::new(), monitor }
    }

    pub(super) fn monitor(&self) -> &Monitor {
        &self.monitor
    }

    /// Adds a packet, or counts it as dropped where there is no room.
    pub(super) fn push(&self, lane: usize, time: Timestamp, wire_len: u32, bytes: &[u8]) {
        let mut lanes = self.lock();
        if lanes.closed {
            return;
        }
        let room = lanes.bytes + bytes.len() + OVERHEAD;
        if room > self.monitor.ring_limit() {
            drop(lanes);
            self.monitor.no_room(lane);
            return;
        }
        lanes.bytes = room;
        let Some(own) = lanes.lanes.get_mut(lane) else { return };
        let now = Instant::now();
        if own.chunks.back().is_none_or(|(chunk, _)| chunk.bytes.len() >= BLOCK) {
            own.chunks.push_back((Block::default(), now));
        }
        let link = own.link;
        if let Some((chunk, came)) = own.chunks.back_mut() {
            *came = now;
            chunk.packets.push(Packet {
                offset: chunk.bytes.len() as u32,
                len: bytes.len() as u32,
                wire_len: wire_len.max(bytes.len() as u32),
                link,
                source: lane as u16,
                file_offset: 0,
                time,
            });
            chunk.bytes.extend_from_slice(bytes);
        }
        self.tell(lanes);
    }

    /// Nothing more will be taken: what comes now is no loss.
    pub(super) fn close(&self) {
        self.lock().closed = true;
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// Nothing more will come of a lane.
    pub(super) fn end(&self, lane: usize) {
        let mut lanes = self.lock();
        if let Some(own) = lanes.lanes.get_mut(lane) {
            own.ended = true;
        }
        self.tell(lanes);
    }

    /// Takes what came first of a lane.
    pub(super) fn take(&self, lane: usize, chunk: &mut Block) -> Taken {
        let mut lanes = self.lock();
        let Some(own) = lanes.lanes.get_mut(lane) else { return Taken::End };
        let Some((first, came)) = own.chunks.pop_front() else {
            return if own.ended { Taken::End } else { Taken::Nothing };
        };
        lanes.bytes = lanes.bytes.saturating_sub(first.bytes.len() + first.packets.len() * OVERHEAD);
        self.monitor.waiting(lanes.bytes);
        drop(lanes);
        *chunk = first;
        Taken::Packets(came)
    }

    /// Waits until something came, or came already, or for so long.
    pub(super) fn wait(&self, time: Duration) {
        let mut lanes = self.lock();
        let empty = |lane: &Lane| lane.chunks.is_empty();
        if lanes.lanes.iter().all(empty) && !lanes.lanes.iter().all(|lane| lane.ended) {
            lanes.awaited = true;
            let done = self.news.wait_timeout(lanes, time);
            done.unwrap_or_else(PoisonError::into_inner).0.awaited = false;
        } else if lanes.lanes.len() > 1 {
            // What is there waits for other interfaces, by the clock.
            drop(lanes);
            std::thread::sleep(time.min(Duration::from_millis(1)));
        }
    }

    fn tell(&self, mut lanes: MutexGuard<'_, Lanes>) {
        let awaited = std::mem::take(&mut lanes.awaited);
        self.monitor.waiting(lanes.bytes);
        drop(lanes);
        if awaited {
            self.news.notify_one();
        }
    }

    /// A thread that panicked leaves nothing half-done that matters.
    fn lock(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
