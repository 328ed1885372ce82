//! HAR 1.2 with the messages of WebSockets as Chrome writes them: `_webSocketMessages`.
//!
//! One entry for each connection, in the order of their numbers. As in Chrome's own files, only data
//! messages are in it; for control frames, and for what is exact, there is NDJSON. A text message that
//! is not UTF-8 has U+FFFD where it is not, since HAR knows no other way to write one.
//!
//! An entry holds all messages of its connection, and connections go on side by side; so what belongs
//! to an entry waits in a spool.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Read, Seek, Write};

use crate::event::{Connection, Event, Summary};
use crate::observe::{Observer, Outbox, Sink};

use super::output::Span;
use super::payload::PayloadMode;
use super::select::Selection;
use super::spool::Spool;

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

/// What is known of an entry, besides its text.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    messages: bool,
    over: bool,
}

/// Collects the entries and writes them in the end.
#[derive(Debug)]
pub struct HarSink<W, S> {
    inner: W,
    conns: Selection,
    tool: String,
    spool: Spool<S>,
    entries: BTreeMap<u32, Entry>,
}

impl<W: Write, S: Read + Write + Seek> HarSink<W, S> {
    /// A sink that writes to `inner`. `spool` is an empty temporary file; it grows to the size of the
    /// output. `version` is that of the program.
    pub fn new(inner: W, spool: S, conns: Selection, version: &str) -> Self {
        Self { inner, conns, tool: version.to_owned(), spool: Spool::new(spool), entries: BTreeMap::new() }
    }

    /// The writer.
    pub fn into_inner(self) -> W {
        self.inner
    }
}

impl<W: Write, S: Read + Write + Seek> Sink<HarPart> for HarSink<W, S> {
    fn record(&mut self, conn: u32, record: HarPart, bytes: &[u8]) -> io::Result<()> {
        if !self.conns.contains(conn) {
            return Ok(());
        }
        let text = bytes.get(record.span.start..record.span.end).unwrap_or_default();
        let entry = self.entries.entry(conn).or_default();
        entry.over |= record.part == Part::Tail;
        if record.part == Part::Message && std::mem::replace(&mut entry.messages, true) {
            self.spool.append(conn.into(), b",")?;
        }
        self.spool.append(conn.into(), text)
    }

    fn bytes(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, _: &Summary) -> io::Result<()> {
        let mut output = BufWriter::new(&mut self.inner);
        output.write_all(&entry::begin(&self.tool))?;
        let mut first = true;
        for (conn, entry) in std::mem::take(&mut self.entries) {
            output.write_all(if std::mem::replace(&mut first, false) { b"\n" } else { b",\n" })?;
            self.spool.take(conn.into(), &mut output)?;
            if !entry.over {
                output.write_all(entry::UNFINISHED)?;
            }
        }
        output.write_all(entry::END)?;
        output.flush()
    }
}

#[cfg(test)]
mod tests;
