//! All that was said on a connection, message by message.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::event::{Connection, ConnectionId, Event, Summary};
use crate::item::{At, Dir};
use crate::observe::{Observer, Outbox, Sink};
use crate::packet::segment::Endpoint;
use crate::tui::store::{Packets, Row};
use crate::tui::workers::Cancelled;
use crate::ws::fact::{Fault, Kind, Message};

/// Payload bytes that go out together, and the messages.
const CHUNK: (usize, usize) = (1 << 20, 512);

/// A message with its payload, as a transcript tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// The sender.
    pub dir: Dir,
    /// Its number on the connection, from 1.
    pub n: u64,
    /// What it is.
    pub kind: Kind,
    /// The packet with its last byte.
    pub at: At,
    /// Payload bytes after inflation, as far as they are known.
    pub len: u64,
    /// It was compressed.
    pub compressed: bool,
    /// Why a part of it is missing; `None` = complete.
    pub fault: Option<Fault>,
    /// The payload, as far as the limits let it be kept.
    pub payload: Box<[u8]>,
}

impl Said {
    fn new(message: &Message<'_>) -> Self {
        let Message { dir, n, kind, last, len, compressed, fault, payload, .. } = *message;
        Self { dir, n, kind, at: last, len, compressed, fault, payload: payload.into() }
    }

    /// The status code of a Close that has one.
    #[must_use]
    pub fn close_code(&self) -> Option<u16> {
        let code = self.payload.first_chunk::<2>()?;
        (self.kind == Kind::Close).then(|| u16::from_be_bytes(*code))
    }
}

/// What is read of a conversation.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// Only messages behind this one; 0 = all.
    pub after: u64,
    /// Payload bytes, with a few for each message, that are kept at most; the message that goes beyond is the last.
    pub most: usize,
}

/// How a conversation ended for its reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// That was all.
    All,
    /// There is more, for which there was no room.
    Cut,
}

/// Takes the messages of one connection.
pub(super) struct Listener<'a> {
    id: ConnectionId,
    ends: [Endpoint; 2],
    part: Part,
    kept: usize,
    full: bool,
    done: Arc<AtomicBool>,
    cancelled: &'a Cancelled,
    /// Where the beginning is gone: messages by which the rest is counted, and what was found to be added to numbers.
    behind: Option<Box<[Row]>>,
    shift: Option<u64>,
}

impl<'a> Listener<'a> {
    pub(super) fn new(
        packets: &Packets,
        part: Part,
        done: Arc<AtomicBool>,
        cancelled: &'a Cancelled,
    ) -> Self {
        let Packets { id, ends, .. } = *packets;
        let behind = packets.behind.clone();
        Self { id, ends, part, kept: 0, full: false, done, cancelled, behind, shift: None }
    }
}

impl Listener<'_> {
    /// The number of a message; `None` = it cannot be told.
    fn number(&mut self, message: &Message<'_>) -> Option<u64> {
        let Some(behind) = &self.behind else { return Some(message.n) };
        if self.shift.is_none() {
            let is_it = |row: &&Row| {
                (row.last, row.dir, row.kind) == (message.last, message.dir, message.kind)
                    && row.wire_len == message.wire_len
            };
            self.shift = behind.iter().find(is_it).and_then(|row| u64::from(row.n).checked_sub(message.n));
        }
        self.shift.map(|shift| message.n + shift)
    }
}

/// What the listener tells.
pub(super) enum Heard {
    Said(Said),
    /// There is more.
    More,
}

impl Observer for Listener<'_> {
    type Record = Heard;

    fn event(&mut self, conn: &Connection, event: Event<'_>, out: &mut Outbox<Heard>) {
        if self.cancelled.is() {
            self.done.store(true, Ordering::Relaxed);
        }
        if self.done.load(Ordering::Relaxed) || conn.id != self.id || [conn.client, conn.server] != self.ends
        {
            return;
        }
        let Event::Message(message) = event else { return };
        let Some(n) = self.number(message) else { return };
        if n <= self.part.after {
            return;
        }
        if self.full {
            self.done.store(true, Ordering::Relaxed);
            return out.push(Heard::More);
        }
        self.kept += message.payload.len() + size_of::<Said>();
        self.full = self.kept > self.part.most;
        out.push(Heard::Said(Said { n, ..Said::new(message) }));
    }
}

/// Hands the messages on in chunks.
pub(super) struct Chunks<F> {
    take: F,
    chunk: Vec<Said>,
    bytes: usize,
    pub(super) told: Told,
}

impl<F: FnMut(Vec<Said>)> Chunks<F> {
    pub(super) const fn new(take: F) -> Self {
        Self { take, chunk: Vec::new(), bytes: 0, told: Told::All }
    }

    fn flush(&mut self) {
        if !self.chunk.is_empty() {
            self.bytes = 0;
            (self.take)(std::mem::take(&mut self.chunk));
        }
    }
}

impl<F: FnMut(Vec<Said>)> Sink<Heard> for Chunks<F> {
    fn record(&mut self, _: u32, heard: Heard, _: &[u8]) -> io::Result<()> {
        match heard {
            Heard::Said(said) => {
                self.bytes += said.payload.len();
                self.chunk.push(said);
                if self.bytes >= CHUNK.0 || self.chunk.len() >= CHUNK.1 {
                    self.flush();
                }
            }
            Heard::More => self.told = Told::Cut,
        }
        Ok(())
    }

    fn bytes(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn pause(&mut self) -> io::Result<()> {
        self.flush();
        Ok(())
    }

    fn finish(&mut self, _: &Summary) -> io::Result<()> {
        self.flush();
        Ok(())
    }
}
