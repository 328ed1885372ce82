//! `wscope inspect`: one frame, message, handshake or connection, with everything that is known of it.

use std::io::{self, Write};

use crate::event::{Closing, Connection, Event};
use crate::http::upgrade::{Handshake, Header};
use crate::item::Dir;
use crate::observe::{Observer, Outbox};
use crate::place::{Place, What};
use crate::report::hexdump;
use crate::report::visible::{self, Style};
use crate::ws::fact::{Frame, Kind, Message, Opcode};
use crate::ws::mask;
use crate::ws::session::Want;

use super::Outcome;
use super::args::Inspect;
use super::follow::{json, no_connection};
use super::plain::{Plain, details};
use super::session;
use super::show::{frame_place, message_place};

/// Payload bytes of a frame that are kept for the dump.
const FRAME_BYTES: usize = 1 << 20;

/// Bytes of a dump; the rest is counted.
const DUMPED: usize = 512;

/// Header fields whose values are nobody's business until asked for.
const SECRET: [&str; 4] = ["authorization", "cookie", "proxy-authorization", "set-cookie"];

pub(super) fn run(args: &Inspect) -> anyhow::Result<Outcome> {
    session::set_color(args.decode.color);
    let mut decode = args.decode.clone();
    decode.threads = Some(1);
    let want = Want { payload: usize::MAX, hash: true, frame_bytes: FRAME_BYTES };
    let observer = || Finder::new(args);
    let mut out = Vec::new();
    let mut sink = Plain::new(&mut out);
    let (summary, outcome) = session::decode(&[args.file.clone()], &decode, want, &observer, &mut sink)?;
    sink.flush()?;
    drop(sink);
    if out.is_empty() {
        let conn = args.place.conn;
        session::error(&if u64::from(conn) > summary.connections {
            no_connection(conn, summary.connections)
        } else {
            format!("there is no {} in connection {conn}", args.place)
        });
        return Ok(Outcome::Trouble);
    }
    anstream::stdout().lock().write_all(&out).map_err(io::Error::from)?;
    Ok(outcome)
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
}

impl Finder {
    fn new(args: &Inspect) -> Self {
        Self {
            place: args.place,
            reveal: args.reveal,
            ascii: args.ascii,
            deflate: None,
            frame: None,
            fragments: [Vec::new(), Vec::new()],
        }
    }
}

impl Observer for Finder {
    type Record = ();

    fn event(&mut self, conn: &Connection, event: Event<'_>, out: &mut Outbox<()>) {
        if conn.number != Some(self.place.conn) {
            return;
        }
        let lines = match event {
            Event::Opened => self.opened(conn),
            Event::Frame(frame) => self.frame(conn, frame),
            Event::Message(message) => self.message(conn, message),
            Event::Finding(finding) if self.place.what == What::Connection => {
                vec![format!("{} {} {}: {}", finding.rule.level.name(), finding.rule.code, finding.rule.name, self.clean(finding.text.as_bytes()))]
            }
            Event::Closed(closing) if self.place.what == What::Connection => closed(closing),
            Event::Finding(_) | Event::Closed(_) => Vec::new(),
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

    fn opened(&mut self, conn: &Connection) -> Vec<String> {
        let handshake = conn.handshake.as_deref();
        self.deflate = handshake.map(|handshake| handshake.deflate().is_some());
        if !matches!(self.place.what, What::Connection | What::Handshake) {
            return Vec::new();
        }
        let mut lines = vec![
            format!("{}  {} {} {}", self.place, conn.client, if self.ascii { "->" } else { "→" }, conn.server),
            String::new(),
        ];
        match handshake {
            Some(handshake) => self.handshake(handshake, &mut lines),
            None => lines.push("No handshake was captured.".to_owned()),
        }
        lines
    }

    fn handshake(&self, handshake: &Handshake, lines: &mut Vec<String>) {
        if let Some(request) = &handshake.request {
            let [method, target, version] = [&request.method, &request.target, &request.version].map(|part| self.clean(part));
            lines.push(format!("request in packet {}, {}", request.last.packet, request.last.time));
            lines.push(format!("  {method} {target} HTTP/{version}"));
            self.headers(&request.headers, lines);
        } else {
            lines.push("no request was captured".to_owned());
        }
        lines.push(String::new());
        if let Some(response) = &handshake.response {
            lines.push(format!("response in packet {}, {}", response.last.packet, response.last.time));
            lines.push(format!("  HTTP/{} {} {}", self.clean(&response.version), response.status, self.clean(&response.reason)));
            self.headers(&response.headers, lines);
        } else {
            lines.push("no response was captured".to_owned());
        }
        lines.push(String::new());
        if let (Some(accept), Some(response)) = (handshake.accept(), &handshake.response)
            && response.status == 101
        {
            lines.push(format!("{:<13} {}", "accept", accept.actual.as_deref().map_or("(none)".to_owned(), |actual| self.clean(actual.as_bytes()))));
            lines.push(format!("{:<13} {}  {}", "  from key", accept.expected, if accept.valid { "match" } else { "no match" }));
        }
        for (name, value) in [
            ("url", handshake.url(false)),
            ("subprotocol", handshake.subprotocol()),
            ("extensions", Some(handshake.extensions().join(", ")).filter(|list| !list.is_empty())),
        ] {
            if let Some(value) = value {
                lines.push(format!("{name:<13} {}", self.clean(value.as_bytes())));
            }
        }
    }

    fn headers(&self, headers: &[Header], lines: &mut Vec<String>) {
        for Header { name, value } in headers {
            let secret = !self.reveal && SECRET.iter().any(|secret| name.eq_ignore_ascii_case(secret.as_bytes()));
            let value = if secret {
                format!("({} bytes, --reveal shows them)", value.len())
            } else {
                self.clean(value)
            };
            lines.push(format!("  {}: {value}", self.clean(name)));
        }
    }

    fn frame(&mut self, conn: &Connection, frame: &Frame<'_>) -> Vec<String> {
        let place = frame_place(conn, frame);
        if let What::Message(_) = self.place.what {
            let line = format!(
                "  {place}  {}{}, {} bytes, packets {} to {}",
                frame.header.opcode.name(),
                if frame.header.fin { "" } else { ", more follow" },
                frame.header.len,
                frame.first.packet,
                frame.last.packet
            );
            self.fragments[frame.dir.index()].push((frame.n, line));
            return Vec::new();
        }
        if place != self.place {
            return Vec::new();
        }
        self.frame = Some((frame.n, frame.dir, frame.header.opcode));
        let ends = if frame.dir == Dir::C2s { [conn.client, conn.server] } else { [conn.server, conn.client] };
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
        dump(0, &header, &mut lines);
        if let Some(key) = frame.header.mask {
            lines.push("payload as sent (masked)".to_owned());
            dump(header_len, frame.wire, &mut lines);
            let mut plain = Vec::new();
            mask::unmask_into(&mut plain, frame.wire, key, 0);
            lines.push("payload unmasked".to_owned());
            dump(0, &plain, &mut lines);
        } else {
            lines.push("payload".to_owned());
            dump(header_len, frame.wire, &mut lines);
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
        lines.extend(details::message(message).into_iter().map(|line| format!("  {line}")));
        if let Some(hash) = message.sha256 {
            let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
            lines.push(format!("  SHA-256   {hash}"));
        }
        let its_frames = |(n, line): (u64, String)| (is_control == (n == message.first_frame) || !is_control).then_some(line);
        lines.extend(fragments.into_iter().filter_map(its_frames));
        lines.push(String::new());
        self.payload(message, &mut lines);
        lines
    }

    fn payload(&self, message: &Message<'_>, lines: &mut Vec<String>) {
        if message.kind == Kind::Close || message.payload.is_empty() {
            return;
        }
        if serde_json::from_slice::<serde::de::IgnoredAny>(message.payload).is_ok() && message.payload.first() != Some(&b'"') {
            lines.push("payload, as JSON".to_owned());
            lines.push(json(message.payload).trim_end().to_owned());
        } else if message.kind == Kind::Text {
            lines.push("payload".to_owned());
            let mut text = String::new();
            visible::append(message.payload, Style { ascii: self.ascii, multi_line: true }, &mut text);
            lines.push(text);
        } else {
            lines.push("payload".to_owned());
            dump(0, message.payload, lines);
        }
    }
}

fn closed(closing: &Closing) -> Vec<String> {
    let how = closing.how.map_or("no WebSocket came of it", |how| how.name());
    let mut lines = vec![format!("end: {how}, packet {}, {}", closing.at.packet, closing.at.time)];
    for dir in Dir::BOTH {
        let totals = closing.totals[dir.index()];
        lines.push(format!(
            "  {}  {} frames, {} messages, {} bytes, {} payload bytes",
            dir.name(), totals.frames, totals.messages, totals.bytes, totals.payload
        ));
    }
    lines
}

fn dump(start: u64, bytes: &[u8], lines: &mut Vec<String>) {
    let shown = bytes.get(..DUMPED).unwrap_or(bytes);
    lines.extend(hexdump::lines(start, shown).map(|line| format!("  {line}")));
    if shown.len() < bytes.len() {
        lines.push(format!("  … {} more bytes", bytes.len() - shown.len()));
    }
}
