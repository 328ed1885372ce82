//! Between observers and a writer: connection numbers put in their places, large writes.

use std::io::{self, Write};

use crate::event::Connection;
use crate::observe::Outbox;

/// Where a piece of an observer's output stands, and where in it the connection's number belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Offset of its first byte in [`Outbox::bytes`].
    pub start: usize,
    /// Offset of the number's place.
    pub hole: usize,
    /// Offset of the byte after its last.
    pub end: usize,
}

/// Appends `text` with the connection's number before it.
pub(super) fn after_number(conn: &Connection, text: &[u8], out: &mut Outbox<Span>) {
    let start = out.bytes.len();
    match conn.number {
        Some(number) => {
            out.bytes.extend_from_slice(number.to_string().as_bytes());
            out.bytes.extend_from_slice(text);
        }
        None => {
            out.bytes.extend_from_slice(text);
            out.push(Span { start, hole: start, end: out.bytes.len() });
        }
    }
}

/// How records are put together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shape {
    /// As they are, one after the other.
    #[default]
    Lines,
    /// One JSON document that holds the lines as the elements of `records`.
    Document,
}

/// A buffer before a writer.
#[derive(Debug)]
pub struct Output<W> {
    inner: W,
    buffer: Vec<u8>,
    shape: Shape,
    /// A record was written into the document.
    begun: bool,
    /// Nothing waits in the buffer between two calls.
    live: bool,
    /// The latest connection's number, as text: mostly it is the next one's too.
    number: (u32, String),
}

impl<W: Write> Output<W> {
    /// Writes to `inner`; `live` = each record at once.
    pub fn new(inner: W, shape: Shape, live: bool) -> Self {
        let mut buffer = Vec::with_capacity(BUFFER);
        if shape == Shape::Document {
            buffer.extend_from_slice(b"{\"format\":1,\"records\":[\n");
        }
        Self { inner, buffer, shape, begun: false, live, number: (0, "0".to_owned()) }
    }

    /// Takes whole lines, each with its line end.
    ///
    /// # Errors
    /// Where the writer fails.
    pub fn lines(&mut self, mut lines: &[u8]) -> io::Result<()> {
        match self.shape {
            Shape::Lines => self.raw(lines)?,
            Shape::Document => {
                while !lines.is_empty() {
                    let end = memchr::memchr(b'\n', lines).unwrap_or(lines.len());
                    self.separate()?;
                    self.raw(&lines[..end])?;
                    lines = lines.get(end + 1..).unwrap_or_default();
                }
            }
        }
        self.settle()
    }

    /// Takes the line that `span` names in `bytes`, of connection `conn`.
    ///
    /// # Errors
    /// Where the writer fails.
    pub fn span(&mut self, conn: u32, span: Span, bytes: &[u8]) -> io::Result<()> {
        let head = bytes.get(span.start..span.hole).unwrap_or_default();
        let mut tail = bytes.get(span.hole..span.end).unwrap_or_default();
        if self.shape == Shape::Document {
            self.separate()?;
            tail = tail.strip_suffix(b"\n").unwrap_or(tail);
        }
        if self.number.0 != conn {
            self.number = (conn, conn.to_string());
        }
        let room = head.len() + self.number.1.len() + tail.len();
        if self.buffer.len() + room <= BUFFER {
            self.buffer.extend_from_slice(head);
            self.buffer.extend_from_slice(self.number.1.as_bytes());
            self.buffer.extend_from_slice(tail);
        } else {
            self.raw(head)?;
            self.raw(conn.to_string().as_bytes())?;
            self.raw(tail)?;
        }
        self.settle()
    }

    /// Writes what is left.
    ///
    /// # Errors
    /// Where the writer fails.
    pub fn finish(&mut self) -> io::Result<()> {
        if self.shape == Shape::Document {
            self.raw(b"\n]}\n")?;
        }
        self.flush()
    }

    /// The writer.
    pub fn into_inner(self) -> W {
        self.inner
    }

    fn separate(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.begun, true) { self.raw(b",\n") } else { Ok(()) }
    }

    #[inline]
    fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.buffer.len() + bytes.len() > BUFFER || bytes.len() >= DIRECT {
            self.inner.write_all(&self.buffer)?;
            self.buffer.clear();
            if bytes.len() >= DIRECT {
                return self.inner.write_all(bytes);
            }
        }
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    #[inline]
    fn settle(&mut self) -> io::Result<()> {
        if self.live { self.flush() } else { Ok(()) }
    }

    /// Writes what waits in the buffer.
    ///
    /// # Errors
    /// Where the writer fails.
    pub fn flush(&mut self) -> io::Result<()> {
        self.inner.write_all(&self.buffer)?;
        self.buffer.clear();
        self.inner.flush()
    }
}

/// Bytes of one write.
const BUFFER: usize = 256 << 10;
/// So many bytes at once are not copied together with others.
const DIRECT: usize = 16 << 10;
