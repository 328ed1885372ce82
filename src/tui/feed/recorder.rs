//! Events into rows, and rows into batches.

use std::io;
use std::ops::Range;
use std::time::{Duration, Instant};

use crate::event::{Connection, Event, Summary};
use crate::observe::{Observer, Outbox, Sink};
use crate::tui::spool::Spool;
use crate::tui::store::{Batch, Change, Conn, Row};

/// A batch goes out when it is this old or has so many changes; the first at once.
const AGE: Duration = Duration::from_millis(30);
const MOST: usize = 1 << 10;

/// Makes rows of events.
#[derive(Default)]
pub(super) struct Recorder {
    preview: String,
}

/// A change, and where its preview or its places lie.
pub(super) type Record = (Change, Range<usize>);

impl Observer for Recorder {
    type Record = Record;

    const PACKETS: bool = true;

    fn packets(&mut self, flow: u64, places: &[u8], out: &mut Outbox<Record>) {
        let start = out.bytes.len();
        out.bytes.extend_from_slice(places);
        out.push((Change::Packets { flow, len: places.len() as u32 }, start..out.bytes.len()));
    }

    fn event(&mut self, conn: &Connection, event: Event<'_>, out: &mut Outbox<Record>) {
        let start = out.bytes.len();
        let change = match event {
            Event::Opened => Change::Opened(Box::new(Conn::new(conn))),
            Event::Frame(_) => return,
            Event::Message(message) => {
                let row = Row::new(message, &mut self.preview);
                out.bytes.extend_from_slice(self.preview.as_bytes());
                Change::Message(row)
            }
            Event::Finding(finding) => Change::Finding(Box::new(finding.clone())),
            Event::Reaction(reaction) => Change::Reaction(Box::new(reaction.clone())),
            Event::Closed(closing) => Change::Closed(Box::new(closing.clone())),
        };
        out.push((change, start..out.bytes.len()));
    }
}

/// Collects rows and sends them in batches.
pub(super) struct Rows<F> {
    send: F,
    batch: Batch,
    /// When the last batch went out.
    sent: Option<Instant>,
    /// Counts the packets, where they are kept.
    spool: Option<Spool>,
    /// How many of them were decoded when the last batch went out.
    decided: u64,
}

impl<F: FnMut(Batch) -> io::Result<()>> Rows<F> {
    pub(super) fn new(spool: Option<Spool>, send: F) -> Self {
        Self { send, batch: Batch::default(), sent: None, spool, decided: 0 }
    }

    /// All packets that came were decoded; there may be some of which nothing is to be told.
    fn decide(&mut self) -> io::Result<()> {
        if let Some(spool) = &self.spool {
            self.batch.decided = spool.packets();
        }
        if self.batch.decided == self.decided && self.batch.changes.is_empty() {
            return Ok(());
        }
        self.send()
    }

    fn send(&mut self) -> io::Result<()> {
        self.sent = Some(Instant::now());
        self.decided = self.batch.decided;
        let next = Batch { changes: Vec::with_capacity(MOST), bytes: Vec::new(), decided: self.decided };
        (self.send)(std::mem::replace(&mut self.batch, next))
    }

    /// Sends what there is.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        if self.batch.changes.is_empty() {
            return Ok(());
        }
        self.send()
    }
}

impl<F: FnMut(Batch) -> io::Result<()>> Sink<Record> for Rows<F> {
    fn record(&mut self, conn: u32, (change, range): Record, bytes: &[u8]) -> io::Result<()> {
        self.batch.bytes.extend_from_slice(bytes.get(range).unwrap_or_default());
        self.batch.changes.push((conn, change));
        if self.batch.changes.len() >= MOST { self.flush() } else { Ok(()) }
    }

    fn bytes(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn pause(&mut self) -> io::Result<()> {
        if self.sent.is_none_or(|sent| sent.elapsed() >= AGE) { self.decide() } else { Ok(()) }
    }

    fn finish(&mut self, _: &Summary) -> io::Result<()> {
        self.flush()
    }
}
