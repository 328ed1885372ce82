//! How events leave the engine: an observer beside each worker, a sink behind the merge.

mod buffer;

use std::io;

pub use buffer::Buffer;

use crate::event::{Connection, Event, Summary};

/// Turns events into records, on the worker's thread.
///
/// There is one observer a worker, so it must not keep state over connections that the output
/// depends on: with other numbers of threads it sees other sets of connections.
pub trait Observer: Send {
    /// What crosses to the sink's thread besides the bytes in [`Outbox::bytes`].
    type Record: Send;

    /// Whether [`Observer::packets`] is to be called. It costs time and memory for each packet.
    const PACKETS: bool = false;

    /// Takes the next packets of a TCP flow that carries a connection, or did: of those whose
    /// [`ConnectionId::packet`](crate::event::ConnectionId::packet) is `flow`. `places` continues what it was given for the
    /// same flow before, and holds the packets without which no event told so far can be told again; for
    /// [`capture::places`](crate::capture::places) to read.
    fn packets(&mut self, _flow: u64, _places: &[u8], _out: &mut Outbox<Self::Record>) {}

    /// Frames are of interest. Where they are not, it is given none: there are as many of them as of
    /// messages, and they cost a call each.
    fn wants_frames(&self) -> bool {
        true
    }

    /// Messages are of interest, as [`Observer::wants_frames`].
    fn wants_messages(&self) -> bool {
        true
    }

    /// Takes one event. Text goes into `out.bytes`, the rest into `out.push`.
    fn event(&mut self, conn: &Connection, event: Event<'_>, out: &mut Outbox<Self::Record>);
}

/// What an observer writes to.
#[derive(Debug)]
pub struct Outbox<R> {
    /// Encoded output. What is written for a connection whose number is known ([`Connection::number`]) goes to
    /// [`Sink::bytes`] in order; of any other, a record must name its range, since its number is given at the merge.
    pub bytes: Buffer,
    /// The records, in order.
    pub(crate) records: Vec<R>,
}

impl<R> Default for Outbox<R> {
    fn default() -> Self {
        Self { bytes: Buffer::default(), records: Vec::new() }
    }
}

impl<R> Outbox<R> {
    /// Hands a record over; it reaches the sink in capture order, with its connection's number.
    pub fn push(&mut self, record: R) {
        self.records.push(record);
    }
}

/// Takes the records of all workers in capture order.
pub trait Sink<R> {
    /// Takes a record; `bytes` is the whole [`Outbox::bytes`] of the batch that the record is of.
    ///
    /// # Errors
    /// Where the output cannot be written: the run ends.
    fn record(&mut self, conn: u32, record: R, bytes: &[u8]) -> io::Result<()>;

    /// Takes finished output, of connections whose numbers the observer knew.
    ///
    /// # Errors
    /// Where the output cannot be written: the run ends.
    fn bytes(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// What a block of the capture brought has been delivered: a sink that shows things may show it. Where
    /// packets are waited for, this comes about ten times a second.
    ///
    /// # Errors
    /// Where the output cannot be written: the run ends.
    fn pause(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Everything before this is delivered. Called once, last.
    ///
    /// # Errors
    /// Where the output cannot be written.
    fn finish(&mut self, summary: &Summary) -> io::Result<()>;
}
