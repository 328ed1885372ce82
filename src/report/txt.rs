//! A transcript for people: one line for each message, finding, begin and end of a connection.
//!
//! ```text
//! 3  2026-11-20T10:00:00.000000000Z  10.0.0.12:51560 → 10.0.0.5:8080  ws://feed.local/ws  101 Switching Protocols
//! 3.m41    10:00:00.123456  → TEXT      240   {"type":"subscribe"}
//! 3.m42    10:00:00.132100  ← TEXT      318z  (2 frames)  {"type":"next"}
//! 3.f52    10:00:00.140000  x F004 client-unmasked: client frame 52 is not masked
//! 3  10:00:05.000000  end clean  → 2 messages, 5 bytes  ← 1 message, 4096 bytes
//! ```
//!
//! Each line begins with the place that every command takes. Times are in UTC.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::handshake::{url, words};
use super::output::{Output, Shape, Span, after_number};
use super::payload::PayloadMode;
use super::select::Selection;
use super::visible::{self, Style};
use super::words::{clock, sign};
use crate::event::{Closing, Connection, Event, How, Summary};
use crate::item::Dir;
use crate::observe::{Observer, Outbox, Sink};
use crate::rules::Finding;
use crate::time::Timestamp;
use crate::ws::fact::{Frame, Kind, Message};

/// How times are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeStyle {
    /// `10:00:00.123456`, in UTC.
    #[default]
    Clock,
    /// RFC 3339 with nanoseconds.
    Iso,
    /// Seconds since the connection's first packet: `+0.123456`.
    Relative,
    /// Seconds since the line before, in a run of one thread.
    Delta,
}

/// What is written.
#[derive(Clone, Debug, Default)]
pub struct TxtOptions {
    /// Only ASCII: `->` and `<-` rather than arrows, escapes rather than pictures.
    pub ascii: bool,
    /// How times are written.
    pub time: TimeStyle,
    /// How much of each payload.
    pub payload: PayloadMode,
    /// The columns of a line, where it is to fit.
    pub width: Option<usize>,
    /// Of which connections.
    pub conns: Selection,
    /// Only messages (or frames).
    pub messages_only: bool,
    /// Frames rather than messages.
    pub frames: bool,
    /// Messages (or frames) of one direction only.
    pub dir: Option<Dir>,
    /// Each line is written at once, as someone may be watching.
    pub live: bool,
    /// URLs with the secrets in them.
    pub reveal: bool,
}

/// Encodes events as lines of text.
#[derive(Debug)]
pub struct TxtObserver {
    options: TxtOptions,
    line: String,
    /// The time of the line before.
    before: Option<Timestamp>,
}

impl TxtObserver {
    /// An observer of one worker.
    #[must_use]
    pub fn new(options: &TxtOptions) -> Self {
        Self { options: options.clone(), line: String::new(), before: None }
    }

    fn of_side(&self, dir: Dir) -> bool {
        self.options.dir.is_none_or(|side| side == dir)
    }

    /// The arrow of a direction.
    const fn arrow(&self, dir: Dir) -> &'static str {
        match (dir, self.options.ascii) {
            (Dir::C2s, false) => "→",
            (Dir::S2c, false) => "←",
            (Dir::C2s, true) => "->",
            (Dir::S2c, true) => "<-",
        }
    }

    fn time(&mut self, conn: &Connection, time: Timestamp) -> String {
        let before = self.before.replace(time);
        match self.options.time {
            TimeStyle::Clock => clock(time),
            TimeStyle::Iso => time.to_string(),
            TimeStyle::Relative => seconds(time.since(conn.opened.time)),
            TimeStyle::Delta => seconds(before.map_or(0, |before| time.since(before))),
        }
    }

    /// Appends bytes from the capture, within the width that is left.
    fn payload(&mut self, bytes: &[u8]) {
        let style = Style { ascii: self.options.ascii, multi_line: false };
        match self.options.width {
            Some(width) => {
                let left = width.saturating_sub(unicode_width::UnicodeWidthStr::width(&*self.line) + NUMBER);
                visible::append_within(bytes, style, left, &mut self.line);
            }
            None => visible::append(bytes, style, &mut self.line),
        }
    }

    fn opened(&mut self, conn: &Connection) {
        let arrow = self.arrow(Dir::C2s);
        let _ = write!(self.line, "  {}  {} {arrow} {}", conn.opened.time, conn.client, conn.server);
        let Some(shake) = conn.handshake.as_deref() else {
            self.line.push_str("  (no handshake captured)");
            return;
        };
        let mut parts = Vec::new();
        parts.extend(url(shake, self.options.reveal));
        match &shake.response {
            Some(response) => parts.push(format!("{} {}", response.status, words(response.reason()))),
            None => parts.push("(no response)".to_owned()),
        }
        parts.extend(shake.subprotocol().map(|name| format!("subprotocol {name}")));
        let extensions = shake.extensions();
        if !extensions.is_empty() {
            parts.push(format!("[{}]", extensions.join(", ")));
        }
        for part in parts {
            self.line.push_str("  ");
            self.payload(part.trim_end().as_bytes());
        }
    }

    fn message(&mut self, conn: &Connection, message: &Message<'_>) {
        let time = self.time(conn, message.last.time);
        let kind = message.kind.name().to_ascii_uppercase();
        let z = if message.compressed { "z" } else { "" };
        let (n, arrow, len) = (message.n, self.arrow(message.dir), message.len);
        let place = format!(".m{n}");
        let _ = write!(self.line, "{place:PLACE$}  {time}  {arrow} {kind:6} {len:>6}{z:1}");
        let mut remarks = Vec::new();
        if message.frames > 1 {
            remarks.push(format!("{} frames", message.frames));
        }
        if let Some(fault) = message.fault {
            remarks.push(super::words::fault(fault).to_owned());
        }
        if !remarks.is_empty() {
            let _ = write!(self.line, "  ({})", remarks.join(", "));
        }
        self.content(message);
    }

    fn frame(&mut self, conn: &Connection, frame: &Frame<'_>) {
        let time = self.time(conn, frame.first.time);
        let header = &frame.header;
        let kind = header.opcode.name().to_ascii_uppercase();
        let (n, arrow) = (frame.n, self.arrow(frame.dir));
        let (fin, rsv) = (u8::from(header.fin), header.rsv);
        let place = format!(".f{n}");
        let _ = write!(
            self.line,
            "{place:PLACE$}  {time}  {arrow} {kind:12} fin {fin} rsv {rsv:03b} len {:>6}",
            header.len
        );
        if let Some([a, b, c, d]) = header.mask {
            let _ = write!(self.line, "  mask {a:02x}{b:02x}{c:02x}{d:02x}");
        }
        let _ = write!(self.line, "  packet {}", frame.first.packet);
        if frame.seen < header.len {
            let _ = write!(self.line, "  ({} bytes captured)", frame.seen);
        }
    }

    fn content(&mut self, message: &Message<'_>) {
        if let Some(code) = message.close_code() {
            let _ = write!(self.line, "  {code}");
            if !message.close_reason().is_empty() {
                self.line.push_str(" \"");
                self.payload(message.close_reason());
                self.line.push('"');
            }
            return;
        }
        let kept = message.payload;
        let bytes = kept.get(..self.options.payload.bytes()).unwrap_or(kept);
        if bytes.is_empty() {
            return;
        }
        self.line.push_str("  ");
        let goes_on = (bytes.len() as u64) < message.len;
        if message.kind == Kind::Text || is_note(message.kind, bytes) {
            // Half a code point at the end is our cut, not the sender's fault.
            self.payload(if goes_on { without_half(bytes) } else { bytes });
        } else {
            let mut hex = String::new();
            for byte in bytes {
                let _ = write!(hex, "{byte:02x} ");
            }
            self.payload(hex.trim_end().as_bytes());
        }
        if goes_on && self.options.width.is_none() {
            self.line.push_str(if self.options.ascii { "..." } else { "…" });
        }
    }

    fn finding(&mut self, conn: &Connection, finding: &Finding) {
        let place = finding.frame.map(|frame| format!(".f{frame}")).unwrap_or_default();
        let _ = write!(self.line, "{place:PLACE$}");
        if let Some(at) = finding.at {
            let time = self.time(conn, at.time);
            let _ = write!(self.line, "  {time}");
        }
        let mark = sign(finding.rule.level);
        let _ = write!(self.line, "  {mark} {} {}: ", finding.rule.code, finding.rule.name);
        self.payload(finding.text.as_bytes());
    }

    fn closed(&mut self, conn: &Connection, closing: &Closing) {
        let time = self.time(conn, closing.at.time);
        let _ = write!(self.line, "  {time}  end {}", closing.how.map_or("refused", How::name));
        for dir in Dir::BOTH {
            let totals = &closing.totals[dir.index()];
            let plural = if totals.messages == 1 { "" } else { "s" };
            let (arrow, messages, bytes) = (self.arrow(dir), totals.messages, totals.payload);
            let _ = write!(self.line, "  {arrow} {messages} message{plural}, {bytes} bytes");
        }
    }
}

/// A span in seconds, signed, to the microsecond.
fn seconds(nanos: i64) -> String {
    let (sign, micros) = (if nanos < 0 { '-' } else { '+' }, nanos.unsigned_abs() / 1_000);
    format!("{sign}{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

/// What is not declared as text is shown as text where it can be nothing else to a reader. A Ping or
/// Pong may hold a note in any language, binary data only by chance.
fn is_note(kind: Kind, bytes: &[u8]) -> bool {
    match kind {
        Kind::Ping | Kind::Pong => {
            std::str::from_utf8(bytes).is_ok_and(|text| !text.chars().any(char::is_control))
        }
        _ => bytes.iter().all(|byte| matches!(byte, b' '..=b'~')),
    }
}

/// `bytes` without the unfinished code point at their end.
fn without_half(bytes: &[u8]) -> &[u8] {
    let half = bytes.utf8_chunks().last().map_or(0, |chunk| chunk.invalid().len());
    let unfinished =
        std::str::from_utf8(&bytes[bytes.len() - half..]).is_err_and(|e| e.error_len().is_none());
    if unfinished { &bytes[..bytes.len() - half] } else { bytes }
}

impl Observer for TxtObserver {
    type Record = Span;

    fn event(&mut self, conn: &Connection, event: Event<'_>, out: &mut Outbox<Span>) {
        if conn.number.is_some_and(|number| !self.options.conns.contains(number)) {
            return;
        }
        self.line.clear();
        match event {
            Event::Message(message) if self.options.frames || !self.of_side(message.dir) => return,
            Event::Frame(frame) if !self.options.frames || !self.of_side(frame.dir) => return,
            Event::Message(message) => self.message(conn, message),
            Event::Frame(frame) => self.frame(conn, frame),
            _ if self.options.messages_only => return,
            Event::Reaction(_) => return,
            Event::Opened => self.opened(conn),
            Event::Finding(finding) => self.finding(conn, finding),
            Event::Closed(closing) => self.closed(conn, closing),
        }
        self.line.truncate(self.line.trim_end().len());
        if let Some(width) = self.options.width {
            // What stands before the payload may be too long by itself.
            self.line = visible::fit(&self.line, width.saturating_sub(NUMBER), self.options.ascii);
        }
        self.line.push('\n');
        after_number(conn, self.line.as_bytes(), out);
    }
}

/// Writes the lines of all observers.
#[derive(Debug)]
pub struct TxtSink<W: Write> {
    conns: Selection,
    messages_only: bool,
    ascii: bool,
    output: Output<W>,
}

impl<W: Write> TxtSink<W> {
    /// A sink that writes to `inner`, which needs no buffer.
    pub fn new(inner: W, options: &TxtOptions) -> Self {
        Self {
            conns: options.conns.clone(),
            messages_only: options.messages_only,
            ascii: options.ascii,
            output: Output::new(inner, Shape::Lines, options.live),
        }
    }

    /// The writer.
    pub fn into_inner(self) -> W {
        self.output.into_inner()
    }
}

impl<W: Write> Sink<Span> for TxtSink<W> {
    fn record(&mut self, conn: u32, span: Span, bytes: &[u8]) -> io::Result<()> {
        if self.conns.contains(conn) { self.output.span(conn, span, bytes) } else { Ok(()) }
    }

    fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.output.lines(bytes)
    }

    fn pause(&mut self) -> io::Result<()> {
        self.output.flush()
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        let selected = |finding: &&Finding| {
            !self.messages_only && finding.conn.is_none_or(|conn| self.conns.contains(conn))
        };
        for finding in summary.capture_findings.iter().filter(selected) {
            let mut line = format!("{} {}: ", finding.rule.code, finding.rule.name);
            visible::append(
                finding.text.as_bytes(),
                Style { ascii: self.ascii, multi_line: false },
                &mut line,
            );
            line.push('\n');
            self.output.lines(line.as_bytes())?;
        }
        self.output.finish()
    }
}

/// Columns of a place behind the connection's number; those of longer ones move what follows.
const PLACE: usize = 6;

/// Columns left for the connection's number, which is not known yet where lines are built.
const NUMBER: usize = 5;

#[cfg(test)]
mod tests;
