//! Markdown, for tickets and reviews: a table of connections, then what was said on each.
//!
//! Messages stand in fences that no payload can close; other text of a capture is written so that nothing in
//! it is markup. What belongs to a connection waits in a spool until its turn comes.

use std::fmt::Write as _;
use std::io::{self, BufWriter, Read, Seek, Write};

use serde::de::IgnoredAny;

use super::check::markdown::{code, text};
use super::handshake::{url, words as header_words};
use super::hexdump;
use super::output::Span;
use super::payload::{Body, PayloadMode, Shown};
use super::rulebook;
use super::select::Selection;
use super::spool::Spool;
use super::visible::{self, Style};
use super::words::{self, arrow, clock, count, number};
use crate::event::{Closing, Connection, Event, How, Summary};
use crate::item::Dir;
use crate::observe::{Observer, Outbox, Sink};
use crate::rules::{Finding, Level};
use crate::time::Delay;
use crate::ws::fact::{Kind, Message};

/// What is written.
#[derive(Clone, Debug, Default)]
pub struct MdOptions {
    /// How much of each payload.
    pub payload: PayloadMode,
    /// Of which connections.
    pub conns: Selection,
    /// URLs with the secrets in them.
    pub reveal: bool,
    /// The sources' names.
    pub sources: Vec<String>,
    /// The filter that chose what is written.
    pub filter: Option<String>,
}

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// A row of the table.
    Row,
    /// Begin or end of the text on a connection.
    Text,
    Message,
    Finding(Level),
}

/// A piece of the report, for the sink.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MdPart {
    part: Part,
    span: Span,
}

/// Encodes events as pieces of the report.
///
/// It pushes a record for each piece even where connection numbers are known; the sink ignores
/// [`Sink::bytes`].
#[derive(Debug)]
pub struct MdObserver {
    options: MdOptions,
}

impl MdObserver {
    /// An observer of one worker.
    #[must_use]
    pub fn new(options: &MdOptions) -> Self {
        Self { options: options.clone() }
    }
}

/// A piece of text, and where in it the connection's number belongs.
#[derive(Debug, Default)]
struct Piece {
    text: String,
    hole: usize,
}

impl Piece {
    /// The number goes behind `before`.
    fn new(before: &str) -> Self {
        Self { text: before.to_owned(), hole: before.len() }
    }

    fn push(self, part: Part, out: &mut Outbox<MdPart>) {
        let start = out.bytes.len();
        out.bytes.extend_from_slice(self.text.as_bytes());
        let span = Span { start, hole: start + self.hole, end: out.bytes.len() };
        out.push(MdPart { part, span });
    }
}

impl Observer for MdObserver {
    type Record = MdPart;

    fn wants_frames(&self) -> bool {
        false
    }

    fn event(&mut self, conn: &Connection, event: Event<'_>, out: &mut Outbox<MdPart>) {
        if conn.number.is_some_and(|number| !self.options.conns.contains(number)) {
            return;
        }
        match event {
            Event::Opened => opened(conn, self.options.reveal).push(Part::Text, out),
            Event::Message(message) => written(message, self.options.payload).push(Part::Message, out),
            Event::Finding(finding) => on_connection(finding).push(Part::Finding(finding.rule.level), out),
            Event::Closed(closing) => {
                row(conn, closing, self.options.reveal).push(Part::Row, out);
                closed(conn, closing).push(Part::Text, out);
            }
            Event::Frame(_) | Event::Reaction(_) => {}
        }
    }
}

/// The heading of a connection, and how it came about.
fn opened(conn: &Connection, reveal: bool) -> Piece {
    let mut piece = Piece::new("\n## Connection ");
    let _ = write!(piece.text, "\n\n`{}` → `{}`", conn.client, conn.server);
    let Some(shake) = conn.handshake.as_deref() else {
        piece.text.push_str(", opened before the capture began\n");
        return piece;
    };
    if let Some(url) = url(shake, reveal) {
        let _ = write!(piece.text, ", {}", span(&url));
    }
    match &shake.response {
        Some(response) => {
            let reason = header_words(response.reason());
            let status = format!("{} {}", response.status, text(&reason, false));
            let _ = write!(piece.text, ", {}", status.trim_end());
        }
        None => piece.text.push_str(", no response"),
    }
    if let Some(name) = shake.subprotocol() {
        let _ = write!(piece.text, ", subprotocol {}", span(&name));
    }
    for extension in shake.extensions() {
        let _ = write!(piece.text, ", {}", span(&extension));
    }
    piece.text.push('\n');
    piece
}

/// A message: a line about it, and its payload.
fn written(message: &Message<'_>, mode: PayloadMode) -> Piece {
    let mut piece = Piece::new("\n**");
    let out = &mut piece.text;
    let arrow = arrow(message.dir);
    let kind = message.kind.name();
    let _ = write!(out, ".m{}** {} {arrow} {kind}", message.n, clock(message.last.time));
    let shown = Shown::new(message, mode);
    if message.kind == Kind::Close {
        if let Some(code) = shown.code {
            let _ = write!(out, " {code}");
        }
        if !shown.reason.is_empty() {
            let _ = write!(out, " {}", span(&shown.reason));
        }
    } else {
        let _ = write!(out, ", {}", count(message.len, "byte"));
    }
    if message.compressed {
        let _ = write!(out, ", compressed to {}", number(message.wire_len));
    }
    if message.frames > 1 {
        let _ = write!(out, ", {} frames", message.frames);
    }
    if let Some(fault) = message.fault {
        let _ = write!(out, ", {}", words::fault(fault));
    }
    out.push('\n');
    let held = match shown.body {
        Body::Text("") | Body::Base64([]) | Body::Nothing => return piece,
        Body::Text(body) => {
            let json = body.starts_with(['{', '[']) && serde_json::from_str::<IgnoredAny>(body).is_ok();
            let mut clean = String::with_capacity(body.len());
            visible::append(body.as_bytes(), Style { ascii: false, multi_line: true }, &mut clean);
            fence(if json { "json" } else { "text" }, &clean, out);
            body.len()
        }
        Body::Base64(body) => {
            let lines: Vec<String> = hexdump::lines(0, body).collect();
            fence("text", &lines.join("\n"), out);
            body.len()
        }
    };
    if shown.cut {
        let _ = write!(out, "\n_The first {} of {} bytes._\n", number(held as u64), number(message.len));
    }
    piece
}

/// Text as code within a line, or a cell of a table.
fn span(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    visible::visible(text.as_bytes(), &mut clean);
    // What could end the code or the cell, or would be left out.
    let plain = !clean.is_empty() && !clean.contains(['`', '|']) && clean.trim() == clean;
    if plain { format!("`{clean}`") } else { code(text, false) }
}

/// Text between lines of more backticks than it has in a row.
fn fence(language: &str, text: &str, out: &mut String) {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let ticks = "`".repeat((longest + 1).max(3));
    let end = if text.ends_with('\n') { "" } else { "\n" };
    let _ = write!(out, "\n{ticks}{language}\n{text}{end}{ticks}\n");
}

fn on_connection(finding: &Finding) -> Piece {
    let on = if finding.frame.or(finding.message).is_some() { "at" } else { "on connection" };
    let mut piece = Piece::new(&format!("\n> **{}** {on} ", finding.rule.level.name()));
    match (finding.frame, finding.message) {
        (Some(frame), _) => {
            let _ = write!(piece.text, ".f{frame}");
        }
        (None, Some(message)) => {
            let _ = write!(piece.text, ".m{message}");
        }
        (None, None) => {}
    }
    if let Some(at) = finding.at {
        let _ = write!(piece.text, ", packet {}", at.packet);
    }
    let _ = writeln!(piece.text, ": {}", told(finding));
    piece
}

/// The rule, with a link to its source, and what was found.
fn told(finding: &Finding) -> String {
    let rule = finding.rule;
    let name = format!("{} {}", rule.code, rule.name);
    let named = rulebook::source_url(rule).map_or_else(|| name.clone(), |url| format!("[{name}]({url})"));
    format!("{named}: {}", text(&finding.text, false))
}

fn closed(conn: &Connection, closing: &Closing) -> Piece {
    let mut piece = Piece::new("\nConnection ");
    let lasted = Delay(closing.at.time.since(conn.opened.time));
    let _ = writeln!(piece.text, " ended at {}, after {lasted}: {}", clock(closing.at.time), end(closing));
    piece
}

/// How it ended, with the close codes.
fn end(closing: &Closing) -> String {
    let mut out = closing.how.map_or("refused", How::name).to_owned();
    for dir in Dir::BOTH {
        let Some(close) = &closing.close[dir.index()] else { continue };
        let code = close.code.map_or_else(|| "no code".to_owned(), |code| code.to_string());
        let _ = write!(out, " {} {code}", arrow(dir));
    }
    out
}

fn row(conn: &Connection, closing: &Closing, reveal: bool) -> Piece {
    let mut piece = Piece::new("| ");
    let target = conn.handshake.as_deref().and_then(|shake| url(shake, reveal));
    let target = target.map_or_else(|| "(no handshake)".to_owned(), |url| span(&url));
    let opened = conn.opened.time.to_string();
    let date = opened.get(..19).unwrap_or(&opened).replacen('T', " ", 1);
    let [sent, received] = &closing.totals;
    let cells = [
        date,
        format!("`{}`", conn.client),
        format!("`{}`", conn.server),
        target,
        number(sent.messages),
        number(received.messages),
        number(sent.payload),
        number(received.payload),
        Delay(closing.at.time.since(conn.opened.time)).to_string(),
        end(closing),
        words::findings(closing.findings),
    ];
    let _ = writeln!(piece.text, " | {} |", cells.join(" | "));
    piece
}

const HEAD: &str = "| Conn | Opened (UTC) | Client | Server | URL | Messages → | ← | Bytes → | ← | Lasted | End | Findings |\n\
                    |---:|---|---|---|---|---:|---:|---:|---:|---:|---|---|\n";

/// Collects the pieces and writes them in the end.
#[derive(Debug)]
pub struct MdSink<W, S> {
    inner: W,
    options: MdOptions,
    spool: Spool<S>,
    connections: Vec<u32>,
    messages: u64,
    findings: [u64; 3],
}

/// Rows of the table have the numbers of their connections as keys in the spool, texts these on top.
const TEXTS: u64 = 1 << 32;

impl<W: Write, S: Read + Write + Seek> MdSink<W, S> {
    /// A sink that writes to `inner`. `spool` is an empty temporary file; it grows to the size of the output.
    pub fn new(inner: W, spool: S, options: &MdOptions) -> Self {
        Self {
            inner,
            options: options.clone(),
            spool: Spool::new(spool),
            connections: Vec::new(),
            messages: 0,
            findings: [0; 3],
        }
    }

    /// The writer.
    pub fn into_inner(self) -> W {
        self.inner
    }

    /// What stands before the table.
    fn begin(&self) -> String {
        let sources: Vec<String> = self.options.sources.iter().map(|name| span(name)).collect();
        let mut out = format!("# WebSocket traffic of {}\n\n", sources.join(", "));
        let _ = writeln!(
            out,
            "{} with {}: {}. Times are in UTC; → is what the client sent.",
            count(self.connections.len() as u64, "connection"),
            count(self.messages, "message"),
            words::findings(self.findings),
        );
        if let Some(filter) = &self.options.filter {
            let _ = writeln!(out, "\nOnly what matches {}; counts in the table are of all.", span(filter));
        }
        match self.options.payload {
            PayloadMode::Full => {}
            PayloadMode::Head(bytes) => {
                let _ = writeln!(out, "\nPayloads are cut to {} each.", count(bytes as u64, "byte"));
            }
            PayloadMode::None => out.push_str("\nPayloads are left out.\n"),
        }
        out
    }
}

impl<W: Write, S: Read + Write + Seek> Sink<MdPart> for MdSink<W, S> {
    fn record(&mut self, conn: u32, record: MdPart, bytes: &[u8]) -> io::Result<()> {
        if !self.options.conns.contains(conn) {
            return Ok(());
        }
        let key = match record.part {
            Part::Row => {
                self.connections.push(conn);
                conn.into()
            }
            Part::Text => TEXTS | u64::from(conn),
            Part::Message => {
                self.messages += 1;
                TEXTS | u64::from(conn)
            }
            Part::Finding(level) => {
                self.findings[level as usize] += 1;
                TEXTS | u64::from(conn)
            }
        };
        let Span { start, hole, end } = record.span;
        self.spool.append(key, bytes.get(start..hole).unwrap_or_default())?;
        self.spool.append(key, conn.to_string().as_bytes())?;
        self.spool.append(key, bytes.get(hole..end).unwrap_or_default())
    }

    fn bytes(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        let of_capture =
            |finding: &&Finding| finding.conn.is_none_or(|conn| self.options.conns.contains(conn));
        let findings: Vec<&Finding> = summary.capture_findings.iter().filter(of_capture).collect();
        for finding in &findings {
            self.findings[finding.rule.level as usize] += 1;
        }
        self.connections.sort_unstable();
        let begin = self.begin();
        let mut output = BufWriter::new(&mut self.inner);
        output.write_all(begin.as_bytes())?;
        if !self.connections.is_empty() {
            write!(output, "\n{HEAD}")?;
        }
        for conn in &self.connections {
            self.spool.take((*conn).into(), &mut output)?;
        }
        for conn in &self.connections {
            self.spool.take(TEXTS | u64::from(*conn), &mut output)?;
        }
        if !findings.is_empty() {
            output.write_all(b"\n## The capture as a whole\n")?;
        }
        for finding in findings {
            writeln!(output, "\n> **{}**: {}", finding.rule.level.name(), told(finding))?;
        }
        output.flush()
    }
}

#[cfg(test)]
mod tests;
