//! From a connection's events to the observer, with what the merge needs to order them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::config::Numbering;
use crate::event::{Connection, ConnectionId, Event};
use crate::rules::ledger::Told;
use crate::rules::security::keys::Key;

use crate::observe::{Observer, Outbox};

/// Counts over all connections of one worker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) connections: u64,
    pub(super) frames: u64,
    pub(super) messages: u64,
    pub(super) findings: [u64; 3],
}

impl Counts {
    pub(super) fn add(&mut self, other: &Self) {
        self.connections += other.connections;
        self.frames += other.frames;
        self.messages += other.messages;
        for (sum, count) in self.findings.iter_mut().zip(other.findings) {
            *sum += count;
        }
    }
}

/// The number of a connection, which the merge gives while the connection's worker goes on.
#[derive(Clone, Debug, Default)]
pub(super) struct Given(Arc<AtomicU32>);

impl Given {
    pub(super) fn set(&self, number: u32) {
        self.0.store(number, Ordering::Relaxed);
    }

    /// `None` = not given yet.
    pub(super) fn get(&self) -> Option<u32> {
        Some(self.0.load(Ordering::Relaxed)).filter(|number| *number > 0)
    }
}

/// What the merge is to know of a connection that a run begins.
#[derive(Debug)]
pub(super) struct Begun {
    /// Its key, as a hash.
    pub(super) key: Option<Key>,
    /// Where its worker waits for its number, unless the worker gave it.
    pub(super) given: Option<Given>,
}

/// Records of one connection that belong to one packet, in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// The packet that completed them; `u64::MAX` = the end of the capture did.
    pub(super) packet: u64,
    pub(super) conn: ConnectionId,
    /// The connection's number, where its worker knows it.
    pub(super) number: Option<u32>,
    /// The connection began with this run: it gets its number here.
    pub(super) opens: bool,
    /// The connection ended with this run.
    pub(super) closes: bool,
    /// Where its records end in [`Outbox::records`].
    pub(super) end: usize,
    /// Where its text ends in [`Outbox::bytes`], if the merge is to deliver it.
    pub(super) bytes_end: usize,
}

/// Gives events to an observer and keeps the order of what it makes of them.
#[derive(Debug)]
pub(super) struct Teller<O: Observer> {
    pub(super) observer: O,
    pub(super) outbox: Outbox<O::Record>,
    /// The observer is to be told of frames.
    pub(super) frames: bool,
    /// The observer is to be told of messages.
    pub(super) messages: bool,
    pub(super) runs: Vec<Run>,
    /// The connections that runs begin, in their order.
    pub(super) begun: Vec<Begun>,
    pub(super) counts: Counts,
    /// The packet that is being decoded.
    pub(super) packet: u64,
    /// The last number given, where this worker gives them: where it is the only one, whose text needs no order.
    last_number: Option<u32>,
    /// Numbers that connections have from before.
    numbering: Option<Arc<Numbering>>,
}

impl<O: Observer> Teller<O> {
    /// `alone`: this is the only worker, so it gives connections their numbers.
    pub(super) fn new(observer: O, alone: bool, numbering: Option<Arc<Numbering>>) -> Self {
        let last_number = numbering.as_ref().map_or(0, |numbering| numbering.next.saturating_sub(1));
        Self {
            frames: observer.wants_frames(),
            messages: observer.wants_messages(),
            observer,
            outbox: Outbox::default(),
            runs: Vec::new(),
            begun: Vec::new(),
            counts: Counts::default(),
            packet: 0,
            last_number: alone.then_some(last_number),
            numbering,
        }
    }

    /// The connection exists. Where its number is not known, it will be found in what is returned.
    pub(super) fn opened(&mut self, conn: &mut Connection) -> Option<Given> {
        self.counts.connections += 1;
        let known = self.numbering.as_ref().and_then(|numbering| numbering.known.get(&conn.id).copied());
        let given = match &mut self.last_number {
            Some(last) => {
                conn.number = known.or_else(|| {
                    *last += 1;
                    Some(*last)
                });
                None
            }
            None => Some(Given::default()),
        };
        let key = conn.handshake.as_deref().and_then(Key::of);
        self.begun.push(Begun { key, given: given.clone() });
        self.push_run(conn.id, conn.number, true, false);
        self.tell(conn, Event::Opened);
        given
    }

    /// An event of a connection that was opened.
    #[inline]
    pub(super) fn tell(&mut self, conn: &Connection, event: Event<'_>) {
        self.observer.event(conn, event, &mut self.outbox);
        let closes = matches!(event, Event::Closed(_));
        let (end, bytes_end) = self.ends();
        if closes || self.runs.last().map_or((0, 0), |run| (run.end, run.bytes_end)) != (end, bytes_end) {
            self.push_run(conn.id, conn.number, false, closes);
        }
    }

    /// Where the records end, and the text that the merge is to deliver.
    #[inline]
    fn ends(&self) -> (usize, usize) {
        let bytes = if self.last_number.is_some() { 0 } else { self.outbox.bytes.len() };
        (self.outbox.records.len(), bytes)
    }

    /// Packets of the flow whose first packet is `flow`, encoded; there is a connection on it, or there was.
    pub(super) fn packets(&mut self, flow: u64, places: &[u8]) {
        self.observer.packets(flow, places, &mut self.outbox);
        if self.outbox.records.len() > self.runs.last().map_or(0, |run| run.end) {
            // No connection's own run: it may not have begun yet, or be over.
            self.push_run(ConnectionId { packet: flow, attempt: u32::MAX }, None, false, false);
        }
    }

    /// A rule fired, or something is known about one that did.
    pub(super) fn told(&mut self, conn: &Connection, told: Told<'_>) {
        if let Some(level) = told.counts() {
            self.counts.findings[level as usize] += 1;
        }
        match told {
            Told::Finding(finding) => self.tell(conn, Event::Finding(finding)),
            Told::Reaction(reaction) => self.tell(conn, Event::Reaction(reaction)),
            Told::Counted(_) => {}
        }
    }

    /// Notes that what was pushed since the last run belongs to `conn`.
    fn push_run(&mut self, conn: ConnectionId, number: Option<u32>, opens: bool, closes: bool) {
        let (end, bytes_end) = self.ends();
        match self.runs.last_mut() {
            Some(run) if run.packet == self.packet && run.conn == conn && run.number == number => {
                run.end = end;
                run.bytes_end = bytes_end;
                run.closes |= closes;
            }
            _ => self.runs.push(Run { packet: self.packet, conn, number, opens, closes, end, bytes_end }),
        }
    }
}
