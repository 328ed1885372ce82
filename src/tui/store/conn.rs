//! A connection in memory.

use super::segmented::Segmented;
use crate::event::{Closing, Connection, ConnectionId, Totals, Transport};
use crate::item::At;
use crate::packet::segment::Endpoint;
use crate::ws::fact::Kind;

use super::row::Row;

/// A connection as lists show it.
#[derive(Clone, Debug)]
pub struct Conn {
    /// Its number, from 1.
    pub number: u32,
    /// Its name inside the engine.
    pub id: ConnectionId,
    /// The first packet of its TCP flow.
    pub opened: At,
    /// Who asked for the upgrade, or who masks.
    pub client: Endpoint,
    /// The other end.
    pub server: Endpoint,
    /// How it came about.
    pub transport: Transport,
    /// The URL that was asked for, with any secrets that it holds.
    pub url: Option<Box<str>>,
    /// The subprotocol that the server chose.
    pub subprotocol: Option<Box<str>>,
    /// Compression was agreed; `None` = not known.
    pub deflate: Option<bool>,
    /// A request was seen.
    pub request: bool,
    /// The status code of the response, where one was seen.
    pub status: Option<u16>,
    /// Its end, once it is known.
    pub closing: Option<Box<Closing>>,
    /// Its messages in order: the place of message `n` among [`Store::message`](super::Store::message)s is at `n - 1`.
    pub messages: Segmented<u32>,
    /// The places of its findings among [`Store::findings`](super::Store::findings).
    pub findings: Vec<u32>,
    /// What was seen so far, from its messages.
    totals: [Totals; 2],
    counts: [u64; 3],
    last: At,
    /// The first packet of its first message: none of the handshake is behind it.
    pub(super) first_packet: u64,
    /// The same, where packets behind the handshake are gone.
    pub(super) head: Option<u64>,
}

impl Conn {
    pub(crate) fn new(conn: &Connection) -> Self {
        let handshake = conn.handshake.as_deref();
        Self {
            number: 0,
            id: conn.id,
            opened: conn.opened,
            client: conn.client,
            server: conn.server,
            transport: conn.transport,
            url: handshake.and_then(|handshake| handshake.url(false)).map(String::into_boxed_str),
            subprotocol: handshake.and_then(|handshake| handshake.subprotocol()).map(String::into_boxed_str),
            deflate: handshake.map(|handshake| handshake.deflate().is_some()),
            request: handshake.is_some_and(|handshake| handshake.request.is_some()),
            status: handshake.and_then(|handshake| handshake.response.as_ref()).map(|r| r.status),
            closing: None,
            messages: Segmented::default(),
            findings: Vec::new(),
            totals: [Totals::default(); 2],
            counts: [0; 3],
            last: conn.opened,
            first_packet: 0,
            head: None,
        }
    }

    /// What was seen in each direction. While the connection goes on, only what is in its messages:
    /// [`Totals::bytes`] is without frame headers then.
    #[must_use]
    pub fn totals(&self) -> &[Totals; 2] {
        self.closing.as_deref().map_or(&self.totals, |closing| &closing.totals)
    }

    /// Errors, warnings and notes so far.
    #[must_use]
    pub fn counts(&self) -> &[u64; 3] {
        self.closing.as_deref().map_or(&self.counts, |closing| &closing.findings)
    }

    /// Where something was last seen of it; its end, once that is known.
    #[must_use]
    pub fn last(&self) -> At {
        self.closing.as_deref().map_or(self.last, |closing| closing.at)
    }

    /// Some of its messages had to make room for later ones, and their packets with them.
    #[must_use]
    pub const fn has_gap(&self) -> bool {
        self.head.is_some()
    }

    /// The message at this place of the store is of this connection.
    pub(super) fn message(&mut self, row: &Row, place: u32) {
        if row.n == 1 {
            self.first_packet = row.first_packet;
        }
        self.messages.push(place);
        self.last = row.last;
        let totals = &mut self.totals[row.dir.index()];
        totals.frames += u64::from(row.frames);
        totals.bytes += row.wire_len;
        if matches!(row.kind, Kind::Text | Kind::Binary) {
            totals.messages += 1;
            totals.payload += row.len;
        }
    }

    /// The finding at this place of the store is of this connection.
    pub(super) fn finding(&mut self, level: usize, more: u64, place: u32) {
        self.findings.push(place);
        // What is found when all is read (a key that was used twice) is not in the end's counts.
        let counts = self.closing.as_mut().map_or(&mut self.counts, |closing| &mut closing.findings);
        if let Some(count) = counts.get_mut(level) {
            *count += more.max(1);
        }
    }

    /// Bytes allocated besides the connection itself.
    pub(super) fn owned(&self) -> usize {
        let text = |text: &Option<Box<str>>| text.as_deref().map_or(0, str::len);
        let closing = self.closing.as_deref().map_or(0, |closing| {
            let reasons = closing.close.iter().flatten().map(|close| close.reason.capacity()).sum::<usize>();
            size_of::<Closing>() + reasons
        });
        self.messages.bytes()
            + self.findings.capacity() * size_of::<u32>()
            + text(&self.url)
            + text(&self.subprotocol)
            + closing
    }
}
