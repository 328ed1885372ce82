//! Waits for what is wanted among the events of a connection.

use std::io;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::detail::{FrameDetail, MessageDetail};
use crate::event::{Connection, ConnectionId, Event, Summary};
use crate::http::upgrade::Handshake;
use crate::observe::{Observer, Outbox, Sink};
use crate::packet::segment::Endpoint;
use crate::tui::store::{Packets, Row};
use crate::ws::fact::{Frame, Message, Out};

/// What is wanted of a connection.
#[derive(Clone, Debug)]
pub(super) enum Wanted {
    Handshake,
    /// A message, and its frames.
    Message(Row),
    /// The frames with these numbers.
    Frames(RangeInclusive<u64>),
}

impl Wanted {
    /// No frame before this one is wanted; `None` = what is before all frames is.
    pub(super) fn frame(&self) -> Option<u64> {
        match self {
            Self::Handshake => None,
            Self::Message(row) => Some(row.first_frame.into()),
            Self::Frames(numbers) => Some(*numbers.start()),
        }
    }
}

/// What was found.
pub(super) enum Record {
    Handshake(Option<Box<Handshake>>),
    Message(Box<MessageDetail>),
    Frame(Box<FrameDetail>),
}

/// Looks at the events of one connection until it has what is wanted.
pub(super) struct Finder {
    id: ConnectionId,
    ends: [Endpoint; 2],
    wanted: Wanted,
    /// Packets before it are gone: messages and frames cannot be counted.
    gap: bool,
    /// Nothing more is wanted.
    done: Arc<AtomicBool>,
    /// Frames that may be the message's, by direction.
    frames: [Vec<FrameDetail>; 2],
    /// Frames that were found.
    count: u64,
}

impl Finder {
    pub(super) fn new(packets: &Packets, wanted: Wanted, done: Arc<AtomicBool>) -> Self {
        let Packets { id, ends, .. } = *packets;
        let gap = packets.has_gap();
        Self { id, ends, wanted, gap, done, frames: [Vec::new(), Vec::new()], count: 0 }
    }

    /// Nothing more is wanted.
    pub(super) fn is_done(&self) -> bool {
        self.done.load(Ordering::Relaxed)
    }

    /// Looks at what the connection brought.
    pub(super) fn fact(&mut self, fact: &Out<'_>) -> Option<Record> {
        match fact {
            Out::Frame(frame) => self.frame(frame),
            Out::Message(message) => self.message(message),
            Out::Trouble { .. } => None,
        }
    }

    fn frame(&mut self, frame: &Frame<'_>) -> Option<Record> {
        match &self.wanted {
            Wanted::Message(row) if self.gap || frame.n >= u64::from(row.first_frame) => {
                self.frames[frame.dir.index()].push(FrameDetail::new(frame));
                None
            }
            Wanted::Frames(numbers) if numbers.contains(&frame.n) => {
                self.count += 1;
                self.done.store(self.count > numbers.end() - numbers.start(), Ordering::Relaxed);
                Some(Record::Frame(Box::new(FrameDetail::new(frame))))
            }
            _ => None,
        }
    }

    fn message(&mut self, message: &Message<'_>) -> Option<Record> {
        let Wanted::Message(row) = self.wanted else { return None };
        let is_it = if self.gap {
            (row.last, row.dir, row.kind) == (message.last, message.dir, message.kind)
                && row.wire_len == message.wire_len
        } else {
            u64::from(row.n) == message.n
        };
        if !is_it {
            if self.gap && message.kind.is_data() {
                self.frames[message.dir.index()].clear();
            }
            return None;
        }
        self.done.store(true, Ordering::Relaxed);
        let mut frames = std::mem::take(&mut self.frames[message.dir.index()]);
        // A control frame is its own message, and may stand between the fragments of another.
        frames.retain(|detail| {
            let frame = detail.frame();
            if message.kind.is_data() {
                let opcode = frame.header.opcode;
                frame.n >= message.first_frame && !opcode.is_control() && !opcode.is_reserved()
            } else {
                frame.n == message.first_frame
            }
        });
        let mut detail = MessageDetail::new(message, frames);
        if self.gap {
            detail.call(&row);
        }
        Some(Record::Message(Box::new(detail)))
    }
}

impl Observer for Finder {
    type Record = Record;

    fn event(&mut self, conn: &Connection, event: Event<'_>, out: &mut Outbox<Record>) {
        let mine = conn.id == self.id && [conn.client, conn.server] == self.ends;
        if !mine || self.is_done() {
            return;
        }
        let record = match event {
            Event::Opened if matches!(self.wanted, Wanted::Handshake) => {
                self.done.store(true, Ordering::Relaxed);
                Some(Record::Handshake(conn.handshake.clone()))
            }
            Event::Frame(frame) => self.frame(frame),
            Event::Message(message) => self.message(message),
            Event::Opened | Event::Finding(_) | Event::Reaction(_) | Event::Closed(_) => None,
        };
        if let Some(record) = record {
            out.push(record);
        }
    }
}

/// What all of it comes to.
#[derive(Default)]
pub(super) struct Taken {
    pub(super) handshake: Option<Box<Handshake>>,
    pub(super) message: Option<MessageDetail>,
    pub(super) frames: Vec<FrameDetail>,
}

impl Taken {
    pub(super) fn add(&mut self, record: Record) {
        match record {
            Record::Handshake(handshake) => self.handshake = handshake,
            Record::Message(message) => self.message = Some(*message),
            Record::Frame(frame) => self.frames.push(*frame),
        }
    }
}

impl Sink<Record> for Taken {
    fn record(&mut self, _: u32, record: Record, _: &[u8]) -> io::Result<()> {
        self.add(record);
        Ok(())
    }

    fn bytes(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, _: &Summary) -> io::Result<()> {
        Ok(())
    }
}
