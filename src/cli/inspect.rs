//! `wscope inspect`: one frame, message, handshake or connection, with everything that is known of it.

mod handshake;

use std::collections::VecDeque;
use std::io::{self, Write};

use crate::event::{Closing, Connection, Event, How, Summary};
use crate::item::Dir;
use crate::observe::{Observer, Outbox, Sink};
use crate::place::{Place, What};
use crate::report::visible::{self, Style};
use crate::report::{close, hexdump};
use crate::rules::finding::{Finding, Reaction};
use crate::ws::fact::{Frame, Kind, Message, Opcode};
use crate::ws::mask;
use crate::ws::session::Want;

use super::Outcome;
use super::args::Inspect;
use super::follow::{json, no_connection};
use super::plain::{Plain, details};
use super::session::{self, Session};
use super::show::{frame_place, message_place};
use super::words::{count, number, packets};

/// Payload bytes of a frame that are kept for the dump.
const FRAME_BYTES: usize = 1 << 20;

/// Bytes of a dump; the rest is counted.
const DUMPED: usize = 512;

pub(super) fn run(args: &Inspect) -> anyhow::Result<Outcome> {
    let session = Session::of_one(&args.file, &args.decode, false)?;
    let want = Want { payload: usize::MAX, hash: true, frame_bytes: FRAME_BYTES };
    let observer = || Finder::new(args);
    let mut out = Vec::new();
    let mut sink = Looked { out: Plain::new(&mut out), totals: None };
    let (summary, outcome) = session.run(want, &observer, &mut sink)?;
    sink.out.flush()?;
    let totals = sink.totals;
    drop(sink);
    if out.is_empty() {
        let conn = args.place.conn;
        session::error(&if u64::from(conn) > summary.connections {
            no_connection(conn, summary.connections)
        } else {
            no_place(args.place, totals.unwrap_or_default())
        });
        return Ok(Outcome::Trouble);
    }
    anstream::stdout().lock().write_all(&out)?;
    Ok(outcome)
}

/// What to say where a connection has no such frame or message.
fn no_place(place: Place, (frames, messages): (u64, u64)) -> String {
    let (of, letter) = match place.what {
        What::Frame(_) => (frames, 'f'),
        _ => (messages, 'm'),
    };
    let (conn, one) = (place.conn, if letter == 'f' { "frame" } else { "message" });
    match of {
        0 => format!("there is no {place}: connection {conn} has no {one}s"),
        1 => format!("there is no {place}: connection {conn} has only {conn}.{letter}1"),
        n => format!("there is no {place}: connection {conn} has {conn}.{letter}1 to {conn}.{letter}{n}"),
    }
}

/// Takes what the finder wrote, and how many frames and messages it passed.
struct Looked<W: Write> {
    out: Plain<W>,
    totals: Option<(u64, u64)>,
}

impl<W: Write> Sink<(u64, u64)> for Looked<W> {
    fn record(&mut self, _: u32, record: (u64, u64), _: &[u8]) -> io::Result<()> {
        self.totals = Some(record);
        Ok(())
    }

    fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.bytes(bytes)
    }

    fn finish(&mut self, _: &Summary) -> io::Result<()> {
        Ok(())
    }
}

/// Waits for the place, and writes it down.
struct Finder {
    place: Place,
    reveal: bool,
    ascii: bool,
    deflate: Option<bool>,
    /// The frame was found; its message is still to come.
    frame: Option<(u64, Dir, Opcode)>,
    /// The frames of the message that is being put together, by direction: a line each.
    fragments: [Vec<(u64, String)>; 2],
    /// Findings on the latest frames, whose messages are still to come: frame, [`Finding::nth`], code, and
    /// what to say.
    found: VecDeque<(u64, u32, &'static str, String)>,
    /// Findings that were written down: [`Finding::nth`], and the code.
    told: Vec<(u32, &'static str)>,
    /// The highest numbers of a frame and of a message.
    passed: (u64, u64),
}

/// Findings on frames that are kept until the frames' message is over.
const FOUND: usize = 64;

impl Finder {
    fn new(args: &Inspect) -> Self {
        Self {
            place: args.place,
            reveal: args.reveal,
            ascii: args.ascii,
            deflate: None,
            frame: None,
            fragments: [Vec::new(), Vec::new()],
            found: VecDeque::new(),
            told: Vec::new(),
            passed: (0, 0),
        }
    }
}

impl Observer for Finder {
    type Record = (u64, u64);

    fn event(&mut self, conn: &Connection, event: Event<'_>, out: &mut Outbox<(u64, u64)>) {
        if conn.number != Some(self.place.conn) {
            return;
        }
        match event {
            Event::Frame(frame) => self.passed.0 = frame.n.max(self.passed.0),
            Event::Message(message) => self.passed.1 = message.n.max(self.passed.1),
            Event::Closed(_) => out.push(self.passed),
            Event::Opened | Event::Finding(_) | Event::Reaction(_) => {}
        }
        let lines = match event {
            Event::Opened => self.opened(conn),
            Event::Frame(frame) => self.frame(conn, frame),
            Event::Message(message) => self.message(conn, message),
            Event::Finding(finding) => self.finding(finding),
            Event::Reaction(reaction) => self.reaction(reaction),
            Event::Closed(closing) if self.place.what == What::Connection => self.closed(closing),
            Event::Closed(_) => Vec::new(),
        };
        for line in lines {
            out.bytes.extend_from_slice(line.as_bytes());
            out.bytes.push(b'\n');
        }
    }
}

impl Finder {
    fn clean(&self, bytes: &[u8]) -> String {
        let mut text = String::new();
        visible::append(bytes, Style { ascii: self.ascii, multi_line: false }, &mut text);
        text
    }

    /// What was found in the place that is looked at.
    fn finding(&mut self, finding: &Finding) -> Vec<String> {
        let Finding { rule, nth, .. } = finding;
        let text = self.clean(finding.text.as_bytes());
        let line = format!("{} {} {}: {text}", rule.level.name(), rule.code, rule.name);
        let here = match self.place.what {
            What::Connection => true,
            What::Handshake => matches!(rule.family(), 'H' | 'S') && finding.frame.is_none(),
            What::Frame(n) => finding.frame == Some(n),
            What::Message(n) => finding.message == Some(n),
        };
        if here {
            self.told.push((*nth, rule.code));
            return vec![line];
        }
        if let (What::Message(_), Some(frame)) = (self.place.what, finding.frame) {
            if self.found.len() == FOUND {
                self.found.pop_front();
            }
            self.found.push_back((frame, *nth, rule.code, line));
        }
        Vec::new()
    }

    /// What came of a finding that was written down.
    fn reaction(&self, reaction: &Reaction) -> Vec<String> {
        let told = self.told.iter().find(|(nth, _)| *nth == reaction.to);
        told.map(|(_, code)| format!("  {code}: {}", reaction.text)).into_iter().collect()
    }

    fn opened(&mut self, conn: &Connection) -> Vec<String> {
        let handshake = conn.handshake.as_deref();
        self.deflate = handshake.map(|handshake| handshake.deflate().is_some());
        if !matches!(self.place.what, What::Connection | What::Handshake) {
            return Vec::new();
        }
        let mut lines = vec![
            format!(
                "{}  {} {} {}",
                self.place,
                conn.client,
                if self.ascii { "->" } else { "→" },
                conn.server
            ),
            String::new(),
        ];
        match handshake {
            Some(handshake) => self.handshake(handshake, &mut lines),
            None => lines.push("No handshake was captured.".to_owned()),
        }
        lines
    }

    fn frame(&mut self, conn: &Connection, frame: &Frame<'_>) -> Vec<String> {
        let place = frame_place(conn, frame);
        if let What::Message(_) = self.place.what {
            let line = format!(
                "  {place}  {}{}, {}, {}",
                frame.header.opcode.name(),
                if frame.header.fin { "" } else { ", more follow" },
                count(frame.header.len, "byte"),
                packets(frame.first.packet, frame.last.packet)
            );
            self.fragments[frame.dir.index()].push((frame.n, line));
            return Vec::new();
        }
        if place != self.place {
            return Vec::new();
        }
        self.frame = Some((frame.n, frame.dir, frame.header.opcode));
        let ends =
            if frame.dir == Dir::C2s { [conn.client, conn.server] } else { [conn.server, conn.client] };
        let [from, to] = ends;
        let mut lines = vec![
            format!(
                "{place}  {}  {from} {} {to}  packet {}  {}",
                frame.header.opcode.name(),
                if self.ascii { "->" } else { "→" },
                frame.first.packet,
                frame.first.time
            ),
            String::new(),
        ];
        lines.extend(details::frame(frame, self.deflate, self.ascii));
        let header_len = frame.header.header_len() as u64;
        let mut header = Vec::new();
        frame.header.encode(&mut header);
        lines.push(String::new());
        lines.push("header".to_owned());
        self.dump(0, &header, &mut lines);
        if let Some(key) = frame.header.mask {
            lines.push("payload as sent (masked)".to_owned());
            self.dump(header_len, frame.wire, &mut lines);
            let mut plain = Vec::new();
            mask::unmask_into(&mut plain, frame.wire, key, 0);
            lines.push("payload unmasked".to_owned());
            self.dump(0, &plain, &mut lines);
        } else {
            lines.push("payload".to_owned());
            self.dump(header_len, frame.wire, &mut lines);
        }
        lines
    }

    fn message(&mut self, conn: &Connection, message: &Message<'_>) -> Vec<String> {
        let fragments = std::mem::take(&mut self.fragments[message.dir.index()]);
        let place = message_place(conn, message);
        let is_control = !message.kind.is_data();
        let found = match (self.place.what, self.frame) {
            (What::Message(n), _) => n == message.n,
            (What::Frame(_), Some((n, dir, opcode))) => {
                dir == message.dir
                    && opcode.is_control() == is_control
                    && if is_control { message.first_frame == n } else { message.first_frame <= n }
            }
            _ => false,
        };
        if !found {
            if is_control {
                // The fragments around a control frame belong to a message that goes on.
                let kept = fragments.into_iter().filter(|(n, _)| *n != message.first_frame);
                self.fragments[message.dir.index()] = kept.collect();
            }
            return Vec::new();
        }
        self.frame = None;
        let mut lines = Vec::new();
        if self.place.what == What::Message(message.n) {
            lines.push(format!("{place}  {}", message.kind.name()));
        } else {
            lines.push(String::new());
            lines.push(format!("its message {place}"));
        }
        lines.extend(details::message(message, self.ascii).into_iter().map(|line| format!("  {line}")));
        if let Some(hash) = message.sha256 {
            let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
            lines.push(format!("  SHA-256   {hash}"));
        }
        let numbers: Vec<u64> = fragments.iter().map(|(n, _)| *n).collect();
        let its_frames = |(n, line): (u64, String)| {
            (is_control == (n == message.first_frame) || !is_control).then_some(line)
        };
        lines.extend(fragments.into_iter().filter_map(its_frames));
        for (frame, nth, code, line) in self.found.drain(..) {
            if self.place.what == What::Message(message.n) && numbers.contains(&frame) {
                self.told.push((nth, code));
                lines.push(format!("  {}.f{frame}  {line}", self.place.conn));
            }
        }
        lines.push(String::new());
        self.payload(message, &mut lines);
        lines
    }

    fn closed(&self, closing: &Closing) -> Vec<String> {
        let how = closing.how.map_or("no WebSocket came of it", How::name);
        let mut lines =
            vec![String::new(), format!("end: {how}, packet {}, {}", closing.at.packet, closing.at.time)];
        for dir in Dir::BOTH {
            let totals = closing.totals[dir.index()];
            lines.push(format!(
                "  {}  {}, {}, {} of which {} payload",
                dir.name(),
                count(totals.frames, "frame"),
                count(totals.messages, "message"),
                count(totals.bytes, "byte"),
                if totals.payload == 1 {
                    "1 is".to_owned()
                } else {
                    format!("{} are", number(totals.payload))
                }
            ));
            if let Some(frame) = &closing.close[dir.index()] {
                let code = frame.code.map_or_else(
                    || "without a code".to_owned(),
                    |code| match close::name(code) {
                        Some(name) => format!("{code} ({name})"),
                        None => code.to_string(),
                    },
                );
                lines.push(
                    format!("       Close {code} {}", self.clean(frame.reason.as_bytes()))
                        .trim_end()
                        .to_owned(),
                );
            }
        }
        lines
    }

    fn payload(&self, message: &Message<'_>, lines: &mut Vec<String>) {
        if message.kind == Kind::Close || message.payload.is_empty() {
            return;
        }
        if serde_json::from_slice::<serde::de::IgnoredAny>(message.payload).is_ok()
            && message.payload.first() != Some(&b'"')
        {
            lines.push("payload, as JSON".to_owned());
            lines.push(json(message.payload).trim_end().to_owned());
        } else if message.kind == Kind::Text {
            lines.push("payload".to_owned());
            let mut text = String::new();
            visible::append(message.payload, Style { ascii: self.ascii, multi_line: true }, &mut text);
            lines.push(text);
        } else {
            lines.push("payload".to_owned());
            self.dump(0, message.payload, lines);
        }
    }

    fn dump(&self, start: u64, bytes: &[u8], lines: &mut Vec<String>) {
        let shown = bytes.get(..DUMPED).unwrap_or(bytes);
        lines.extend(hexdump::lines(start, shown).map(|line| format!("  {line}")));
        if shown.len() < bytes.len() {
            let more = count((bytes.len() - shown.len()) as u64, "more byte");
            lines.push(format!("  {} {more}", if self.ascii { "..." } else { "…" }));
        }
    }
}
