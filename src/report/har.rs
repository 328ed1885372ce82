//! HAR 1.2 with the messages of WebSockets as Chrome writes them: `_webSocketMessages`.
//!
//! One entry for each connection, in the order of their numbers. As in Chrome's own files, only data
//! messages are in it; for control frames, and for what is exact, there is NDJSON. A text message that
//! is not UTF-8 has U+FFFD where it is not, since HAR knows no other way to write one.
//!
//! An entry holds all messages of its connection, and connections go on side by side; so what belongs
//! to an entry waits in a spool, a temporary file that the caller gives, and memory is bounded by a
//! fixed budget and 16 bytes for each piece of the spool.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};

use crate::event::{Connection, Event, Summary};
use crate::observe::{Observer, Outbox, Sink};

use super::output::Span;
use super::payload::PayloadMode;
use super::select::Selection;

mod entry;

/// Which part of an entry a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Head,
    Message,
    Tail,
}

/// A part of an entry, for the sink.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HarPart {
    part: Part,
    span: Span,
}

/// Encodes events as parts of entries.
///
/// It pushes a record for each part even where connection numbers are known; the sink ignores
/// [`Sink::bytes`].
#[derive(Debug)]
pub struct HarObserver {
    payload: PayloadMode,
    conns: Selection,
    reveal: bool,
}

impl HarObserver {
    /// An observer of one worker.
    #[must_use]
    pub const fn new(payload: PayloadMode, conns: Selection) -> Self {
        Self { payload, conns, reveal: false }
    }

    /// URLs with the secrets in them.
    #[must_use]
    pub fn revealing(self, reveal: bool) -> Self {
        Self { reveal, ..self }
    }
}

impl Observer for HarObserver {
    type Record = HarPart;

    fn event(&mut self, conn: &Connection, event: Event<'_>, out: &mut Outbox<HarPart>) {
        if conn.number.is_some_and(|number| !self.conns.contains(number)) {
            return;
        }
        let start = out.bytes.len();
        let part = match event {
            Event::Opened => {
                entry::head(conn, self.reveal, &mut out.bytes);
                Part::Head
            }
            Event::Message(message) if message.kind.is_data() => {
                entry::message(message, self.payload, &mut out.bytes);
                Part::Message
            }
            Event::Closed(closing) => {
                entry::tail(conn, closing, &mut out.bytes);
                Part::Tail
            }
            _ => return,
        };
        let end = out.bytes.len();
        out.push(HarPart { part, span: Span { start, hole: end, end } });
    }
}

/// What is kept of one entry.
#[derive(Debug, Default)]
struct Entry {
    /// Pieces in the spool: offset and length.
    spooled: Vec<(u64, u64)>,
    /// What is not in the spool yet.
    pending: Vec<u8>,
    messages: bool,
    over: bool,
}

/// Collects the entries and writes them in the end.
#[derive(Debug)]
pub struct HarSink<W, S> {
    inner: W,
    conns: Selection,
    tool: String,
    spool: S,
    spool_len: u64,
    entries: BTreeMap<u32, Entry>,
    /// Bytes in all `pending` together.
    pending: usize,
    budget: usize,
}

impl<W: Write, S: Read + Write + Seek> HarSink<W, S> {
    /// A sink that writes to `inner`. `spool` is an empty temporary file; it grows to the size of the
    /// output. `version` is that of the program.
    pub fn new(inner: W, spool: S, conns: Selection, version: &str) -> Self {
        Self {
            inner,
            conns,
            tool: version.to_owned(),
            spool,
            spool_len: 0,
            entries: BTreeMap::new(),
            pending: 0,
            budget: BUDGET,
        }
    }

    /// The writer.
    pub fn into_inner(self) -> W {
        self.inner
    }

    /// Moves everything that waits in memory to the spool.
    fn spool(&mut self) -> io::Result<()> {
        let mut gathered = Vec::with_capacity(self.pending);
        for entry in self.entries.values_mut().filter(|entry| !entry.pending.is_empty()) {
            let (offset, len) = (self.spool_len + gathered.len() as u64, entry.pending.len() as u64);
            match entry.spooled.last_mut() {
                Some(last) if last.0 + last.1 == offset => last.1 += len,
                _ => entry.spooled.push((offset, len)),
            }
            gathered.append(&mut entry.pending);
            entry.pending = Vec::new();
        }
        self.pending = 0;
        self.spool_len += gathered.len() as u64;
        self.spool.write_all(&gathered)
    }
}

impl<W: Write, S: Read + Write + Seek> Sink<HarPart> for HarSink<W, S> {
    fn record(&mut self, conn: u32, record: HarPart, bytes: &[u8]) -> io::Result<()> {
        if !self.conns.contains(conn) {
            return Ok(());
        }
        let text = bytes.get(record.span.start..record.span.end).unwrap_or_default();
        let entry = self.entries.entry(conn).or_default();
        let before = entry.pending.len();
        if record.part == Part::Message && std::mem::replace(&mut entry.messages, true) {
            entry.pending.push(b',');
        }
        entry.over |= record.part == Part::Tail;
        entry.pending.extend_from_slice(text);
        self.pending += entry.pending.len() - before;
        if self.pending > self.budget { self.spool() } else { Ok(()) }
    }

    fn bytes(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, _: &Summary) -> io::Result<()> {
        let mut output = BufWriter::new(&mut self.inner);
        output.write_all(&entry::begin(&self.tool))?;
        let mut first = true;
        for entry in std::mem::take(&mut self.entries).into_values() {
            output.write_all(if std::mem::replace(&mut first, false) { b"\n" } else { b",\n" })?;
            for (offset, len) in entry.spooled {
                self.spool.seek(SeekFrom::Start(offset))?;
                let mut piece = Read::by_ref(&mut self.spool).take(len);
                if io::copy(&mut piece, &mut output)? < len {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
            output.write_all(&entry.pending)?;
            if !entry.over {
                output.write_all(entry::UNFINISHED)?;
            }
        }
        output.write_all(entry::END)?;
        output.flush()
    }
}

/// Bytes that wait in memory before they go to the spool.
const BUDGET: usize = 8 << 20;

#[cfg(test)]
mod tests;
