//! Events into the records of the export.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::handshake::{self, words};
use super::payload::{Body, PayloadMode, Shown};
use super::record::{
    BothTotals, Close, Connection, End, Endpoint, Field, Finding, Frame, HalfEnd, Handshake, Levels,
    MAX_NUMBER, Message, Request, Response, Summary, Totals,
};
use crate::{event, http::upgrade, item, packet::segment, rules, ws::fact};

/// A number as it is written: readers that keep doubles must not see another one.
#[inline]
pub(super) fn bounded(number: u64) -> u64 {
    number.min(MAX_NUMBER)
}

impl<'a> Connection<'a> {
    /// The record of a connection; `reveal` = with the secrets in its URL.
    #[must_use]
    pub fn new(conn: u32, connection: &'a event::Connection, reveal: bool) -> Self {
        let shake = connection.handshake.as_deref();
        Self {
            conn,
            time: connection.opened.time.to_string(),
            packet: bounded(connection.opened.packet),
            client: Endpoint::new(connection.client),
            server: Endpoint::new(connection.server),
            transport: connection.transport.name(),
            tls: None,
            stream: None,
            url: shake.and_then(|shake| handshake::url(shake, reveal)),
            subprotocol: shake.and_then(|shake| shake.subprotocol()),
            extensions: shake.map(|shake| shake.extensions()).unwrap_or_default(),
            handshake: shake.and_then(|shake| Handshake::new(shake, reveal)),
        }
    }
}

impl Endpoint {
    fn new(endpoint: segment::Endpoint) -> Self {
        Self { ip: endpoint.ip(), port: endpoint.port() }
    }
}

impl<'a> Handshake<'a> {
    /// `None` where neither half was captured.
    fn new(handshake: &'a upgrade::Handshake, reveal: bool) -> Option<Self> {
        let (request, response) = (handshake.request.as_ref(), handshake.response.as_ref());
        let first = request.map(|head| head.first).or(response.map(|head| head.first))?;
        let last = response.map(|head| head.last).or(request.map(|head| head.last))?;
        Some(Self {
            packet: [bounded(first.packet), bounded(last.packet)],
            request: request.map(|head| Request {
                method: words(head.method()),
                target: handshake::target(head, reveal),
                version: words(head.version()),
                headers: fields(head.headers()),
            }),
            response: response.map(|head| Response {
                status: head.status,
                reason: words(head.reason()),
                version: words(head.version()),
                headers: fields(head.headers()),
            }),
            accept: handshake::accept(handshake),
        })
    }
}

fn fields(headers: upgrade::Headers<'_>) -> Vec<Field<'_>> {
    headers.iter().map(|header| [words(header.name), words(header.value)]).collect()
}

impl<'a> Frame<'a> {
    /// The record of a frame.
    #[must_use]
    pub fn new(conn: u32, frame: &fact::Frame<'a>) -> Self {
        let header = frame.header;
        Self {
            conn,
            dir: frame.dir.name(),
            n: bounded(frame.n),
            time: frame.first.time.to_string(),
            packet: bounded(frame.first.packet),
            offset: bounded(frame.offset),
            fin: header.fin,
            rsv: header.rsv,
            opcode: header.opcode.value(),
            kind: header.opcode.name(),
            masked: header.mask.is_some(),
            mask: header.mask.map(|key| hex(&key)),
            header_len: header.header_len() as u8,
            len: bounded(header.len),
            len_exact: (header.len > MAX_NUMBER).then(|| header.len.to_string()),
            seen: bounded(frame.seen),
        }
    }
}

impl<'a> Message<'a> {
    /// The record of a message, with as much of the payload as `mode` says.
    #[must_use]
    pub fn new(conn: u32, message: &fact::Message<'a>, mode: PayloadMode, hash: bool) -> Self {
        let shown = Shown::new(message, mode);
        let (text, base64) = match shown.body {
            Body::Text(text) => (Some(text), None),
            Body::Base64(bytes) => (None, Some(STANDARD.encode(bytes))),
            Body::Nothing => (None, None),
        };
        Self {
            conn,
            dir: message.dir.name(),
            n: bounded(message.n),
            time: message.last.time.to_string(),
            packet: [bounded(message.first.packet), bounded(message.last.packet)],
            kind: message.kind.name(),
            frames: bounded(message.frames),
            first_frame: bounded(message.first_frame),
            wire_len: bounded(message.wire_len),
            len: bounded(message.len),
            compressed: message.compressed,
            complete: message.complete(),
            sha256: message.sha256.filter(|_| hash).map(|digest| hex(&digest)),
            code: shown.code,
            reason: shown.reason,
            text,
            base64,
            cut: shown.cut,
            decoded: None,
        }
    }
}

impl<'a> Finding<'a> {
    /// The record of a finding; `conn` is `None` where it concerns the capture as a whole.
    #[must_use]
    pub fn new(conn: Option<u32>, finding: &'a rules::Finding) -> Self {
        let rule = finding.rule;
        Self {
            conn,
            dir: finding.dir.map(item::Dir::name),
            code: rule.code,
            name: rule.name,
            level: rule.level.name(),
            time: finding.at.map(|at| at.time.to_string()),
            packet: finding.at.map(|at| bounded(at.packet)),
            frame: finding.frame.map(bounded),
            message: finding.message.map(bounded),
            offset: finding.offset.map(bounded),
            more: (finding.more > 0).then(|| bounded(finding.more)),
            text: &finding.text,
            source: rule.source,
        }
    }
}

impl<'a> End<'a> {
    /// The record of a connection's end.
    #[must_use]
    pub fn new(conn: u32, closing: &'a event::Closing) -> Self {
        let half = |dir: item::Dir| HalfEnd {
            close: closing.close[dir.index()]
                .as_ref()
                .map(|close| Close { code: close.code, reason: &close.reason }),
            tcp: closing.tcp[dir.index()].map(tcp_end),
        };
        let [c2s, s2c] = closing.totals.map(Totals::from);
        Self {
            conn,
            time: closing.at.time.to_string(),
            packet: bounded(closing.at.packet),
            how: closing.how.map(event::How::name),
            c2s: half(item::Dir::C2s),
            s2c: half(item::Dir::S2c),
            totals: BothTotals { c2s, s2c },
        }
    }
}

pub(super) const fn tcp_end(end: item::End) -> &'static str {
    match end {
        item::End::Fin => "fin",
        item::End::Reset => "reset",
        item::End::ResetByPeer => "reset-by-peer",
        item::End::Capture => "open",
    }
}

impl From<event::Totals> for Totals {
    fn from(totals: event::Totals) -> Self {
        Self {
            frames: bounded(totals.frames),
            messages: bounded(totals.messages),
            bytes: bounded(totals.bytes),
            payload: bounded(totals.payload),
        }
    }
}

impl From<&event::Summary> for Summary {
    fn from(summary: &event::Summary) -> Self {
        let [error, warning, note] = summary.findings.map(bounded);
        Self {
            packets: bounded(summary.packets),
            bytes: bounded(summary.bytes),
            skipped_packets: bounded(summary.skipped_packets),
            dropped_packets: Some(bounded(summary.dropped_packets)).filter(|packets| *packets > 0),
            tcp_connections: bounded(summary.tcp_connections),
            connections: bounded(summary.connections),
            frames: bounded(summary.frames),
            messages: bounded(summary.messages),
            findings: Levels { error, warning, note },
        }
    }
}

/// Bytes in lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value & 15)]);
    bytes.iter().flat_map(|&byte| [digit(byte >> 4), digit(byte)]).collect()
}
