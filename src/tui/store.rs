//! Everything that is shown of a capture, in memory, and only added to.
//!
//! **Rows, not columns**: a message is one `Row` of 80 bytes. A screen shows all fields of some fifty
//! messages, and a filter looks at several fields of each; both touch one or two cache lines a message. Columns would
//! save a filter on one field some of these, and cost a screen ten lines a message. Text lies beside the
//! rows of its segment; the packets' places, with which messages are opened, in heaps by flow.
//!
//! Nothing is moved when the store grows ([`Segmented`]), so adding a batch takes its own time only.

mod conn;
mod places;
mod row;
mod segmented;

use std::collections::HashMap;

pub use conn::Conn;
pub use places::PAIRED;
pub use row::Row;
pub use segmented::Segmented;

use crate::event::{Closing, ConnectionId, Summary};
use crate::packet::segment::Endpoint;
use crate::rules::Finding;
use crate::rules::finding::{Evidence, Reaction};

pub(super) use row::PREVIEW;

/// Messages whose previews lie together.
const SEGMENT: usize = 1 << 10;

/// What is shown of a capture.
#[derive(Debug, Default)]
pub struct Store {
    conns: Segmented<Conn>,
    messages: Vec<Messages>,
    findings: Segmented<Found>,
    /// The places of the packets of each flow, by the number of its first.
    flows: HashMap<u64, Heaps, foldhash::fast::RandomState>,
    state: State,
    /// Messages with data.
    data: u64,
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
}

/// What is new, in order.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// What happened, and to which connection.
    pub(super) changes: Vec<(u32, Change)>,
    /// The previews and places of `changes`, one after another.
    pub(super) bytes: Vec<u8>,
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

/// A segment of rows with their previews.
#[derive(Debug, Default)]
struct Messages {
    rows: Vec<Row>,
    text: String,
}

/// Heaps of places. Only the last is added to.
#[derive(Debug, Default)]
struct Heaps(Vec<Vec<u8>>);

/// Bytes of a heap that are not exceeded.
const HEAP: usize = 64 << 10;

impl Heaps {
    fn extend(&mut self, bytes: &[u8]) {
        match self.0.last_mut() {
            Some(last) if last.len() + bytes.len() <= HEAP => last.extend_from_slice(bytes),
            _ => self.0.push(bytes.to_vec()),
        }
    }
}

impl Store {
    /// The connections; number `n` is at `n - 1`.
    #[must_use]
    pub fn conns(&self) -> &Segmented<Conn> {
        &self.conns
    }

    /// A connection by its number, from 1.
    #[must_use]
    pub fn conn(&self, number: u32) -> Option<&Conn> {
        self.conns.get((number as usize).checked_sub(1)?)
    }

    /// How many messages there are.
    #[must_use]
    pub fn messages(&self) -> usize {
        self.messages.last().map_or(0, |last| (self.messages.len() - 1) * SEGMENT + last.rows.len())
    }

    /// How many of them have data: the others are control frames.
    #[must_use]
    pub const fn data_messages(&self) -> u64 {
        self.data
    }

    /// A message by its place, from 0, and its preview: the beginning of its payload, at most 64 bytes, fit
    /// for a terminal. The order is that in which messages ended.
    #[must_use]
    pub fn message(&self, place: usize) -> Option<(&Row, &str)> {
        let segment = self.messages.get(place / SEGMENT)?;
        let row = segment.rows.get(place % SEGMENT)?;
        let start = row.text as usize;
        Some((row, segment.text.get(start..start + usize::from(row.text_len)).unwrap_or_default()))
    }

    /// All messages from a place on.
    pub fn messages_from(&self, place: usize) -> impl Iterator<Item = (&Row, &str)> {
        (place..self.messages()).map_while(|place| self.message(place))
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
        let places = self.flows.get(&conn.id.packet).map(|heaps| heaps.0.concat()).unwrap_or_default();
        Packets { id: conn.id, ends: [conn.client, conn.server], places }
    }

    /// Bytes of memory, as allocated.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let conns: usize = self.conns.iter().map(Conn::owned).sum();
        let messages: usize = self
            .messages
            .iter()
            .map(|segment| segment.rows.capacity() * size_of::<Row>() + segment.text.capacity())
            .sum();
        let findings: usize = self.findings.iter().map(owned).sum();
        let heaps = |heaps: &Heaps| {
            heaps.0.iter().map(Vec::capacity).sum::<usize>() + heaps.0.capacity() * size_of::<Vec<u8>>()
        };
        let flows: usize = self.flows.values().map(heaps).sum();
        self.conns.bytes()
            + conns
            + self.messages.capacity() * size_of::<Messages>()
            + messages
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
                    self.conns.push(*conn);
                }
                Change::Message(row) => {
                    let text = bytes.split_off(..usize::from(row.text_len)).unwrap_or_default();
                    self.push_message(Row { conn: number, ..row }, text);
                }
                Change::Packets { flow, len } => {
                    let places = bytes.split_off(..len as usize).unwrap_or_default();
                    self.flows.entry(flow).or_default().extend(places);
                }
                Change::Finding(finding) => self.push_finding(Some(number), *finding),
                Change::Reaction(reaction) => self.react(number, *reaction),
                Change::Closed(closing) => {
                    if let Some(conn) = self.conn_mut(number) {
                        conn.closing = Some(closing);
                    }
                }
            }
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
        if self.messages.last().is_none_or(|last| last.rows.len() >= SEGMENT) {
            if let Some(last) = self.messages.last_mut() {
                last.text.shrink_to_fit();
            }
            self.messages.push(Messages { rows: Vec::with_capacity(SEGMENT), text: String::new() });
        }
        if let Some(segment) = self.messages.last_mut() {
            segment.rows.push(Row { text: segment.text.len() as u32, ..row });
            segment.text.push_str(std::str::from_utf8(text).unwrap_or_default());
        }
        if let Some(conn) = self.conn_mut(row.conn) {
            conn.message(&row, place);
        }
    }

    fn push_finding(&mut self, number: Option<u32>, finding: Finding) {
        let place = self.findings.len() as u32;
        if let Some(conn) = number.and_then(|number| self.conn_mut(number)) {
            conn.finding(finding.rule.level as usize, finding.more, place);
        }
        self.findings.push(Found { conn: number, finding, reaction: None });
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
