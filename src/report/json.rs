//! NDJSON, the stream of records that everything else can be made from; or one JSON document of them.
//!
//! What connections bring is written by hand: there are millions of messages a second. The other records
//! pass through their types in `record`; those types, written by `serde_json`, are the test oracle of
//! all.

mod rest;

use std::io::{self, Write};

use rest::Rest;

use super::escape;
use super::line::{self, Clock, Digits, Line, Piece};
use super::output::{Output, Shape, Span};
use super::payload::{self, Body, PayloadMode, Shown};
use super::record::{self, Capture, FORMAT, MAX_NUMBER, Record};
use super::select::{RecordTypes, Selection};
use super::serial;
use crate::event::{Connection, Event, Summary};
use crate::observe::{Buffer, Observer, Outbox, Sink};
use crate::ws::fact::{Frame, Kind, Message};
use crate::ws::session::Want;

/// What is written.
#[derive(Clone, Debug)]
pub struct JsonOptions {
    /// The types of records.
    pub types: RecordTypes,
    /// How much of each payload.
    pub payload: PayloadMode,
    /// The SHA-256 of each message.
    pub hash: bool,
    /// Of which connections; totals speak of all.
    pub conns: Selection,
    /// The sources' names, for the capture record.
    pub sources: Vec<String>,
    /// The program's name and version, for the capture record.
    pub tool: String,
    /// Lines, or one document.
    pub shape: Shape,
    /// Each record is written at once, as someone may be watching.
    pub live: bool,
    /// URLs and targets with the secrets in them.
    pub reveal: bool,
}

impl Default for JsonOptions {
    fn default() -> Self {
        Self {
            types: RecordTypes::default(),
            payload: PayloadMode::default(),
            hash: false,
            conns: Selection::ALL,
            sources: Vec::new(),
            tool: concat!("wscope ", env!("CARGO_PKG_VERSION")).to_owned(),
            shape: Shape::Lines,
            live: false,
            reveal: false,
        }
    }
}

impl JsonOptions {
    /// What the engine must keep for this output.
    #[must_use]
    pub const fn want(&self) -> Want {
        let payload = if self.types.message { self.payload.bytes() } else { 0 };
        Want { payload, hash: self.hash && self.types.message, frame_bytes: 0 }
    }
}

/// Encodes events as lines of JSON.
#[derive(Debug)]
pub struct JsonObserver {
    types: RecordTypes,
    payload: PayloadMode,
    hash: bool,
    conns: Selection,
    reveal: bool,
    clock: Clock,
}

impl JsonObserver {
    /// An observer of one worker.
    #[must_use]
    pub fn new(options: &JsonOptions) -> Self {
        let JsonOptions { types, payload, hash, ref conns, reveal, .. } = *options;
        Self { types, payload, hash, conns: conns.clone(), reveal, clock: Clock::new() }
    }

    #[inline]
    fn message(&mut self, number: Option<u32>, message: &Message<'_>, out: &mut Outbox<Span>) {
        let start = out.bytes.len();
        let (body, cut) = match message.kind {
            Kind::Close => (Body::Nothing, false),
            _ => payload::data(message, self.payload),
        };
        let mut over = false;
        Line::append(&mut out.bytes, |line| {
            self.message_head(number, message, line);
            over = match (body, cut) {
                (Body::Text(text), false) => line.message_text(text.as_bytes()),
                (Body::Base64(bytes), false) => line.message_bytes(bytes),
                _ => false,
            };
        });
        if !over {
            match (body, cut) {
                (Body::Text(text), false) => escape::text_and(text.as_bytes(), b"\"}\n", &mut out.bytes),
                (Body::Base64(bytes), false) => line::base64(bytes, b"\"}\n", &mut out.bytes),
                _ => rare_tail(message, body, cut, &mut out.bytes, self.payload),
            }
        }
        finish(number, start, MESSAGE.len(), out);
    }

    /// Everything before the payload.
    #[inline(always)]
    fn message_head(&mut self, number: Option<u32>, message: &Message<'_>, line: &mut Line<'_>) {
        line.put(MESSAGE);
        if let Some(number) = number {
            line.number(number.into());
        }
        let n = Digits::of(message.n);
        line.put(&DIR_N[message.dir.index()]);
        line.digits(n);
        line.stamp(message.first, message.last, &mut self.clock);
        line.piece(&KIND[message.kind as usize]);
        line.number(message.frames);
        line.put(b",\"first_frame\":");
        // Where no message is fragmented, messages are frames.
        line.digits(if message.first_frame == message.n { n } else { Digits::of(message.first_frame) });
        line.put(b",\"wire_len\":");
        let len = Digits::of(message.len);
        line.digits(if message.wire_len == message.len { len } else { Digits::of(message.wire_len) });
        line.put(b",\"len\":");
        line.digits(len);
        line.piece(&COMPRESSED_COMPLETE[usize::from(message.compressed)][usize::from(message.complete())]);
        if let Some(digest) = message.sha256.as_ref().filter(|_| self.hash) {
            line.put(b",\"sha256\":\"");
            line.hex(digest);
            line.put(b"\"");
        }
    }

    #[inline(never)]
    fn rest(&mut self, number: Option<u32>, conn: &Connection, event: Event<'_>, out: &mut Outbox<Span>) {
        Rest { number, clock: &mut self.clock, out }.write(conn, event, self.reveal);
    }

    fn frame(&mut self, number: Option<u32>, frame: &Frame<'_>, out: &mut Outbox<Span>) {
        let start = out.bytes.len();
        Line::append(&mut out.bytes, |line| {
            let header = &frame.header;
            line.put(FRAME);
            if let Some(number) = number {
                line.number(number.into());
            }
            line.put(&DIR_N[frame.dir.index()]);
            line.number(frame.n);
            line.put(b",\"time\":\"");
            line.time(frame.first.time, &mut self.clock);
            line.put(b"\",\"packet\":");
            line.number(frame.first.packet);
            line.put(b",\"offset\":");
            line.number(frame.offset);
            if header.fin {
                line.put(b",\"fin\":true,\"rsv\":");
            } else {
                line.put(b",\"fin\":false,\"rsv\":");
            }
            line.number(header.rsv.into());
            line.put(b",\"opcode\":");
            line.number(header.opcode.value().into());
            line.put(b",\"kind\":\"");
            line.put_slice(header.opcode.name().as_bytes());
            match &header.mask {
                Some(key) => {
                    line.put(b"\",\"masked\":true,\"mask\":\"");
                    line.hex(key);
                    line.put(b"\",\"header_len\":");
                }
                None => line.put(b"\",\"masked\":false,\"header_len\":"),
            }
            line.number(header.header_len() as u64);
            line.put(b",\"len\":");
            line.number(header.len);
            if header.len > MAX_NUMBER {
                line.put(b",\"len_exact\":\"");
                line.put_slice(header.len.to_string().as_bytes());
                line.put(b"\"");
            }
            line.put(b",\"seen\":");
            line.number(frame.seen);
            line.put(b"}\n");
        });
        finish(number, start, FRAME.len(), out);
    }
}

/// The payload where it is cut, or is none, and the end of the line.
#[cold]
fn rare_tail<'a>(
    message: &Message<'a>,
    mut body: Body<'a>,
    mut cut: bool,
    out: &mut Buffer,
    mode: PayloadMode,
) {
    if message.kind == Kind::Close {
        let shown = Shown::new(message, mode);
        if let Some(code) = shown.code {
            out.extend_from_slice(b",\"code\":");
            out.extend_from_slice(code.to_string().as_bytes());
        }
        if !shown.reason.is_empty() {
            out.extend_from_slice(b",\"reason\":\"");
            escape::text(shown.reason.as_bytes(), out);
            out.push(b'"');
        }
        (body, cut) = (shown.body, shown.cut);
    }
    match body {
        Body::Text(text) => {
            out.extend_from_slice(b",\"text\":\"");
            escape::text(text.as_bytes(), out);
            out.push(b'"');
        }
        Body::Base64(bytes) => {
            out.extend_from_slice(b",\"base64\":\"");
            line::base64(bytes, b"\"", out);
        }
        Body::Nothing => {}
    }
    out.extend_from_slice(if cut { b",\"cut\":true}\n" } else { b"}\n" });
}

#[inline]
fn finish(number: Option<u32>, start: usize, head: usize, out: &mut Outbox<Span>) {
    if number.is_none() {
        out.push(Span { start, hole: start + head, end: out.bytes.len() });
    }
}

fn append(record: &Record<'_>, out: &mut Buffer) {
    // It cannot fail: our types are of the kinds that it writes.
    let written = serial::append(record, out);
    debug_assert!(written.is_ok());
    out.push(b'\n');
}

fn line_of(record: &Record<'_>) -> Buffer {
    let mut text = Buffer::default();
    append(record, &mut text);
    text
}

impl Observer for JsonObserver {
    type Record = Span;

    fn wants_frames(&self) -> bool {
        self.types.frame
    }

    fn wants_messages(&self) -> bool {
        self.types.message
    }

    #[inline]
    fn event(&mut self, conn: &Connection, event: Event<'_>, out: &mut Outbox<Span>) {
        if conn.number.is_some_and(|number| !self.conns.contains(number)) {
            return;
        }
        let number = conn.number;
        match event {
            Event::Message(message) if self.types.message => self.message(number, message, out),
            Event::Frame(frame) if self.types.frame => self.frame(number, frame, out),
            Event::Opened if self.types.connection => self.rest(number, conn, event, out),
            Event::Finding(_) if self.types.finding => self.rest(number, conn, event, out),
            Event::Closed(_) if self.types.end => self.rest(number, conn, event, out),
            _ => {}
        }
    }
}

/// Writes the lines of all observers, the capture record before and the summary behind them.
#[derive(Debug)]
pub struct JsonSink<W: Write> {
    types: RecordTypes,
    conns: Selection,
    output: Output<W>,
    /// The capture record, until something is written.
    capture: Option<Buffer>,
}

impl<W: Write> JsonSink<W> {
    /// A sink that writes to `inner`, which needs no buffer.
    pub fn new(inner: W, options: &JsonOptions) -> Self {
        let sources = options.sources.iter().map(|name| name.as_str().into()).collect();
        let capture =
            Record::Capture(Capture { format: FORMAT, tool: options.tool.as_str().into(), sources });
        Self {
            types: options.types,
            conns: options.conns.clone(),
            output: Output::new(inner, options.shape, options.live),
            capture: options.types.capture.then(|| line_of(&capture)),
        }
    }

    /// Writes the capture record; without this call, the first record brings it along.
    ///
    /// # Errors
    /// Where the output cannot be written.
    pub fn begin(&mut self) -> io::Result<()> {
        match self.capture.take() {
            Some(capture) => self.output.lines(&capture),
            None => Ok(()),
        }
    }

    /// The writer.
    pub fn into_inner(self) -> W {
        self.output.into_inner()
    }
}

impl<W: Write> Sink<Span> for JsonSink<W> {
    fn record(&mut self, conn: u32, span: Span, bytes: &[u8]) -> io::Result<()> {
        self.begin()?;
        if self.conns.contains(conn) { self.output.span(conn, span, bytes) } else { Ok(()) }
    }

    fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.begin()?;
        self.output.lines(bytes)
    }

    fn pause(&mut self) -> io::Result<()> {
        self.output.flush()
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        self.begin()?;
        if self.types.finding {
            let selected =
                |finding: &&crate::rules::Finding| finding.conn.is_none_or(|conn| self.conns.contains(conn));
            for finding in summary.capture_findings.iter().filter(selected) {
                let record = Record::Finding(record::Finding::new(finding.conn, finding));
                self.output.lines(&line_of(&record))?;
            }
        }
        if self.types.summary {
            self.output.lines(&line_of(&Record::Summary(summary.into())))?;
        }
        self.output.finish()
    }
}

/// What a message's line begins with; the connection's number follows.
const MESSAGE: &[u8; 25] = b"{\"type\":\"message\",\"conn\":";
const FRAME: &[u8; 23] = b"{\"type\":\"frame\",\"conn\":";
const CONNECTION: &[u8; 28] = b"{\"type\":\"connection\",\"conn\":";
const FINDING: &[u8; 25] = b"{\"type\":\"finding\",\"conn\":";
const END: &[u8; 21] = b"{\"type\":\"end\",\"conn\":";

/// By [`Kind`], in its order.
static KIND: [Piece; 5] = [
    Piece::new("],\"kind\":\"text\",\"frames\":"),
    Piece::new("],\"kind\":\"binary\",\"frames\":"),
    Piece::new("],\"kind\":\"close\",\"frames\":"),
    Piece::new("],\"kind\":\"ping\",\"frames\":"),
    Piece::new("],\"kind\":\"pong\",\"frames\":"),
];

static COMPRESSED_COMPLETE: [[Piece; 2]; 2] = [
    [
        Piece::new(",\"compressed\":false,\"complete\":false"),
        Piece::new(",\"compressed\":false,\"complete\":true"),
    ],
    [
        Piece::new(",\"compressed\":true,\"complete\":false"),
        Piece::new(",\"compressed\":true,\"complete\":true"),
    ],
];

static DIR_N: [[u8; 17]; 2] = [*b",\"dir\":\"c2s\",\"n\":", *b",\"dir\":\"s2c\",\"n\":"];

#[cfg(test)]
mod tests;
