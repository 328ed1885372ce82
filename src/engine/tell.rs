//! From a connection's events to the observer, with what the merge needs to order them.

use std::sync::Arc;

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

/// Records of one connection that belong to one packet, in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// The packet that completed them; `u64::MAX` = the end of the capture did.
    pub(super) packet: u64,
    pub(super) conn: ConnectionId,
    /// The connection's number, where the worker gives them.
    pub(super) number: Option<u32>,
    /// The connection began with this run: it gets its number here.
    pub(super) opens: bool,
    /// The connection ended with this run.
    pub(super) closes: bool,
    /// Where its records end in [`Outbox::records`].
    pub(super) end: usize,
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
    /// The keys of the connections that runs begin, in their order.
    pub(super) keys: Vec<(ConnectionId, Key)>,
    pub(super) counts: Counts,
    /// The packet that is being decoded.
    pub(super) packet: u64,
    /// The last number given, where this worker gives them.
    last_number: u32,
    numbering: Option<Arc<Numbering>>,
}

impl<O: Observer> Teller<O> {
    /// `numbered`: this is the only worker, so it knows the connections' numbers.
    pub(super) fn new(observer: O, numbered: bool, numbering: Option<Arc<Numbering>>) -> Self {
        Self {
            frames: observer.wants_frames(),
            messages: observer.wants_messages(),
            observer,
            outbox: Outbox::new(numbered),
            runs: Vec::new(),
            keys: Vec::new(),
            counts: Counts::default(),
            packet: 0,
            last_number: numbering.as_ref().map_or(0, |numbering| numbering.next.saturating_sub(1)),
            numbering,
        }
    }

    /// The connection exists.
    pub(super) fn opened(&mut self, conn: &mut Connection) {
        self.counts.connections += 1;
        if self.outbox.numbered {
            let known = self.numbering.as_ref().and_then(|numbering| numbering.known.get(&conn.id).copied());
            conn.number = Some(known.unwrap_or_else(|| {
                self.last_number += 1;
                self.last_number
            }));
        }
        let key = conn.handshake.as_deref().and_then(Key::of);
        self.keys.extend(key.map(|key| (conn.id, key)));
        self.push_run(conn.id, conn.number, true, false);
        self.tell(conn, Event::Opened);
    }

    /// An event of a connection that was opened.
    #[inline]
    pub(super) fn tell(&mut self, conn: &Connection, event: Event<'_>) {
        self.observer.event(conn, event, &mut self.outbox);
        let closes = matches!(event, Event::Closed(_));
        let end = self.outbox.records.len();
        if closes || end > self.runs.last().map_or(0, |run| run.end) {
            self.push_run(conn.id, conn.number, false, closes);
        }
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
        let end = self.outbox.records.len();
        match self.runs.last_mut() {
            Some(run) if run.packet == self.packet && run.conn == conn => {
                run.end = end;
                run.closes |= closes;
            }
            _ => self.runs.push(Run { packet: self.packet, conn, number, opens, closes, end }),
        }
    }
}
