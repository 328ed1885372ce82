//! Everything that is shown of a capture, in memory. It is only added to, but where a capture has no end: then the oldest goes.
//!
//! **Rows, not columns**: a message is one `Row` of 80 bytes. A screen shows all fields of some fifty
//! messages, and a filter looks at several fields of each; both touch one or two cache lines a message. Columns would
//! save a filter on one field some of these, and cost a screen ten lines a message. Text lies beside the
//! rows of its segment; the packets' places, with which messages are opened, in heaps by flow.
//!
//! Nothing is moved when the store grows ([`Segmented`]), so adding a batch takes its own time only.

mod conn;
mod heaps;
mod places;
mod room;
mod row;
mod segmented;

use std::collections::{HashMap, VecDeque};

pub use conn::Conn;
pub use places::PAIRED;
pub use room::Gone;
pub use row::Row;
pub use segmented::Segmented;

use crate::event::{Closing, ConnectionId, Summary};
use crate::packet::segment::Endpoint;
use crate::rules::Finding;
use crate::rules::finding::{Evidence, Reaction};
use crate::time::Timestamp;

use heaps::Heaps;
pub(super) use row::PREVIEW;

/// What is shown of a capture.
#[derive(Debug, Default)]
pub struct Store {
    conns: Segmented<Conn>,
    /// Previews lie together by segments.
    messages: Segmented<Row, String>,
    findings: Segmented<Found>,
    /// The places of the packets of each flow, by the number of its first.
    flows: HashMap<u64, Heaps, foldhash::fast::RandomState>,
    state: State,
    /// Messages with data that are there.
    data: u64,
    /// The time of the first packet of the first connection.
    origin: Option<Timestamp>,
    /// What is known where the oldest may go.
    ring: Option<Box<Ring>>,
}

/// What it takes to know what the oldest is.
#[derive(Debug, Default)]
struct Ring {
    /// Connections that have ended, in that order.
    closed: VecDeque<u32>,
    /// Bytes of rows and places, about.
    memory: u64,
    /// Bytes of the packets of all flows.
    packets: u64,
    /// The number of the last packet of which all is known.
    decided: u64,
    gone: Gone,
}

/// How far reading has come.
#[derive(Debug, Default)]
pub enum State {
    /// It goes on.
    #[default]
    Reading,
    /// All is read.
    Done(Box<Summary>),
    /// It broke off; what was read before is there.
    Failed(String),
}

/// A finding, and what the other endpoint did about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The number of the connection; `None` where the capture as a whole is concerned.
    pub conn: Option<u32>,
    /// The finding.
    pub finding: Finding,
    /// In one line.
    pub reaction: Option<Box<str>>,
}

/// The packets of a connection, to be decoded again: a copy, for another thread.
#[derive(Clone, Debug)]
pub struct Packets {
    /// The connection's name inside the engine.
    pub(super) id: ConnectionId,
    /// Its client and server.
    pub(super) ends: [Endpoint; 2],
    /// For [`places::read`](crate::capture::places::read).
    pub(super) places: Vec<u8>,
    /// Where packets behind the handshake are gone: the first messages that are not.
    pub(super) behind: Option<Box<[Row]>>,
}

/// What is new, in order.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// What happened, and to which connection.
    pub(super) changes: Vec<(u32, Change)>,
    /// The previews and places of `changes`, one after another.
    pub(super) bytes: Vec<u8>,
    /// The number of the last packet of which all is told; 0 = not known.
    pub(super) decided: u64,
}

/// One thing that is new.
#[derive(Debug)]
pub(super) enum Change {
    Opened(Box<Conn>),
    Message(Row),
    /// The next so many of [`Batch::bytes`] are places of a flow's packets.
    Packets {
        flow: u64,
        len: u32,
    },
    Finding(Box<Finding>),
    Reaction(Box<Reaction>),
    Closed(Box<Closing>),
}

impl Store {
    /// The connections; the place of number `n` is `n - 1`.
    #[must_use]
    pub fn conns(&self) -> &Segmented<Conn> {
        &self.conns
    }

    /// A connection by its number, from 1.
    #[must_use]
    pub fn conn(&self, number: u32) -> Option<&Conn> {
        self.conns.get((number as usize).checked_sub(1)?)
    }

    /// How many messages came: the place of the next.
    #[must_use]
    pub fn messages(&self) -> usize {
        self.messages.len()
    }

    /// How many messages there are.
    #[must_use]
    pub fn kept(&self) -> usize {
        self.messages.count()
    }

    /// How many of those that there are have data: the others are control frames.
    #[must_use]
    pub const fn data_messages(&self) -> u64 {
        self.data
    }

    /// A message by its place, from 0, and its preview: the beginning of its payload, at most 64 bytes, fit
    /// for a terminal. The order is that in which messages ended. `None` where it is gone.
    #[must_use]
    pub fn message(&self, place: usize) -> Option<(&Row, &str)> {
        self.messages.get_with(place).map(|(row, text)| (row, row.preview(text)))
    }

    /// All messages from a place on, with their places.
    pub fn messages_from(&self, place: usize) -> impl Iterator<Item = (usize, &Row, &str)> {
        self.messages.since_with(place).map(|(place, row, text)| (place, row, row.preview(text)))
    }

    /// The place of the message before which there are so many.
    #[must_use]
    pub fn nth(&self, index: usize) -> Option<usize> {
        self.messages.nth(index)
    }

    /// How many messages there are before a place.
    #[must_use]
    pub fn rank(&self, place: usize) -> usize {
        self.messages.rank(place)
    }

    /// The time of the first packet of the first connection, which may be gone.
    #[must_use]
    pub const fn origin(&self) -> Option<Timestamp> {
        self.origin
    }

    /// The findings; those on the capture as a whole come last.
    #[must_use]
    pub fn findings(&self) -> &Segmented<Found> {
        &self.findings
    }

    /// How far reading has come.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// There may come more.
    #[must_use]
    pub const fn is_reading(&self) -> bool {
        matches!(self.state, State::Reading)
    }

    /// The packets of a connection that were read so far.
    #[must_use]
    pub fn packets(&self, conn: &Conn) -> Packets {
        let places = self.flows.get(&conn.id.packet).map(Heaps::all).unwrap_or_default();
        Packets { id: conn.id, ends: [conn.client, conn.server], places, behind: self.behind(conn) }
    }

    /// Bytes of memory, as allocated.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let conns: usize = self.conns.iter().map(Conn::owned).sum();
        let text: usize = self.messages.shared().map(String::capacity).sum();
        let findings: usize = self.findings.iter().map(owned).sum();
        let flows: usize = self.flows.values().map(Heaps::bytes).sum();
        self.conns.bytes()
            + conns
            + self.messages.bytes()
            + text
            + self.findings.bytes()
            + findings
            // Besides each entry, a byte of control.
            + self.flows.capacity() * (size_of::<(u64, Heaps)>() + 1)
            + flows
    }

    pub(super) fn apply(&mut self, batch: Batch) {
        let mut bytes = batch.bytes.as_slice();
        for (number, change) in batch.changes {
            match change {
                Change::Opened(mut conn) => {
                    conn.number = number;
                    self.origin.get_or_insert(conn.opened.time);
                    self.flows.entry(conn.id.packet).or_default().conns += 1;
                    self.takes(size_of::<Conn>() + conn.owned());
                    self.conns.push(*conn);
                }
                Change::Message(row) => {
                    let text = bytes.split_off(..usize::from(row.text_len)).unwrap_or_default();
                    self.push_message(Row { conn: number, ..row }, text);
                }
                Change::Packets { flow, len } => {
                    let places = bytes.split_off(..len as usize).unwrap_or_default();
                    let packets =
                        self.flows.entry(flow).or_default().extend(flow, places, self.ring.is_some());
                    self.takes(places.len());
                    if let Some(ring) = &mut self.ring {
                        ring.packets += packets;
                    }
                }
                Change::Finding(finding) => self.push_finding(Some(number), *finding),
                Change::Reaction(reaction) => self.react(number, *reaction),
                Change::Closed(closing) => {
                    if let Some(conn) = self.conn_mut(number) {
                        conn.closing = Some(closing);
                        if let Some(ring) = &mut self.ring {
                            ring.closed.push_back(number);
                        }
                    }
                }
            }
        }
        if let Some(ring) = &mut self.ring {
            ring.decided = ring.decided.max(batch.decided);
        }
    }

    /// So many bytes of memory more are taken.
    fn takes(&mut self, bytes: usize) {
        if let Some(ring) = &mut self.ring {
            ring.memory += bytes as u64;
        }
    }

    pub(super) fn end(&mut self, end: Result<Box<Summary>, String>) {
        self.state = match end {
            Ok(summary) => {
                for finding in &summary.capture_findings {
                    self.push_finding(finding.conn, finding.clone());
                }
                State::Done(summary)
            }
            Err(error) => State::Failed(error),
        };
    }

    fn conn_mut(&mut self, number: u32) -> Option<&mut Conn> {
        self.conns.get_mut((number as usize).checked_sub(1)?)
    }

    fn push_message(&mut self, row: Row, text: &[u8]) {
        let place = self.messages() as u32;
        self.data += u64::from(row.kind.is_data());
        self.messages.push_with(|shared| {
            let row = Row { text: shared.len() as u32, ..row };
            shared.push_str(std::str::from_utf8(text).unwrap_or_default());
            row
        });
        self.takes(size_of::<Row>() + text.len() + size_of::<u32>());
        if let Some(conn) = self.conn_mut(row.conn) {
            conn.message(&row, place);
        }
    }

    fn push_finding(&mut self, number: Option<u32>, finding: Finding) {
        let place = self.findings.len() as u32;
        if let Some(conn) = number.and_then(|number| self.conn_mut(number)) {
            conn.finding(finding.rule.level as usize, finding.more, place);
        }
        let found = Found { conn: number, finding, reaction: None };
        self.takes(size_of::<Found>() + owned(&found));
        self.findings.push(found);
    }

    fn react(&mut self, number: u32, reaction: Reaction) {
        let Some(conn) = self.conn(number) else { return };
        let to = |place: &u32| {
            self.findings.get(*place as usize).is_some_and(|found| found.finding.nth == reaction.to)
        };
        let place = conn.findings.iter().copied().rev().find(to);
        if let Some(found) = place.and_then(|place| self.findings.get_mut(place as usize)) {
            found.reaction = Some(reaction.text.into());
        }
    }
}

/// Bytes allocated by a finding besides itself.
fn owned(found: &Found) -> usize {
    let evidence = match &found.finding.evidence {
        Evidence::None | Evidence::Frame { .. } => 0,
        Evidence::Line { line, .. } => line.capacity(),
        Evidence::Payload { bytes, .. } => bytes.capacity(),
    };
    found.finding.text.capacity() + found.reaction.as_deref().map_or(0, str::len) + evidence
}
