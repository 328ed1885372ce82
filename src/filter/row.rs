//! What a filter is asked of, and the values that its fields have there.

use std::cell::OnceCell;

use serde_json::Value as Json;

use crate::event::{Closing, Connection, Event};
use crate::http::upgrade::{Handshake, Headers, Request, Response};
use crate::item::{At, Dir};
use crate::packet::segment::Endpoint;
use crate::rules::{Finding, Level};
use crate::ws::fact::{Frame, Kind, Message, Opcode, Utf8};

use super::context::Facts;
use super::field::{Field, Rows, Type};
use super::heartbeat::heartbeat;
use super::literal::bits;

/// Payloads beyond this size are not read as JSON, in bytes.
pub const JSON_LIMIT: usize = 1 << 20;

/// What a row is of, beside its connection.
#[derive(Clone, Copy, Debug)]
pub enum What<'a> {
    /// The connection, as its handshake tells it.
    Connection,
    /// A message.
    Message(&'a Message<'a>),
    /// A message without its payload: what [`Needs::brief`](super::Needs::brief) does not allow is absent.
    Brief(&'a Brief<'a>),
    /// A frame.
    Frame(&'a Frame<'a>),
    /// A finding.
    Finding(&'a Finding),
    /// The connection's end.
    Closing(&'a Closing),
}

/// A message as lists keep it, without its payload.
#[derive(Clone, Copy, Debug)]
pub struct Brief<'a> {
    /// The sender.
    pub dir: Dir,
    /// Counts the messages of the connection from 1.
    pub n: u64,
    /// What it is.
    pub kind: Kind,
    /// The packet with its last byte.
    pub last: At,
    /// How many frames it has.
    pub frames: u64,
    /// The `n` of its first frame.
    pub first_frame: u64,
    /// Payload bytes on the wire.
    pub wire_len: u64,
    /// Payload bytes after inflation.
    pub len: u64,
    /// It is compressed.
    pub compressed: bool,
    /// Nothing of it is missing.
    pub complete: bool,
    /// The status code of a Close that has one.
    pub close_code: Option<u16>,
    /// The payload's beginning, as [`heartbeat`](super::heartbeat()) wants it.
    pub head: &'a [u8],
}

impl<'a> Brief<'a> {
    fn of(message: &'a Message<'_>) -> Self {
        Self {
            dir: message.dir,
            n: message.n,
            kind: message.kind,
            last: message.last,
            frames: message.frames,
            first_frame: message.first_frame,
            wire_len: message.wire_len,
            len: message.len,
            compressed: message.compressed,
            complete: message.complete(),
            close_code: message.close_code(),
            head: message.payload,
        }
    }
}

/// What a filter is asked of. Its payload is read as JSON at most once, and only where a filter asks.
#[derive(Debug)]
pub struct Row<'a> {
    conn: Option<&'a Connection>,
    what: What<'a>,
    facts: Facts,
    json: OnceCell<Option<Json>>,
}

/// A value of a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value<'a> {
    Flag(bool),
    Int(u64),
    Nanos(i64),
    Decimal(f64),
    Bytes(&'a [u8]),
    Ip(u128),
    Opcode(u8),
    /// The place in the field's words.
    Word(usize),
    Rule(&'static str),
}

/// Takes a value, and says whether it is the one.
pub(super) type Test<'t> = &'t mut dyn FnMut(Value<'_>) -> bool;

impl<'a> Row<'a> {
    /// A row of a connection. `facts` are what [`super::Context::feed`] gave for it; without them, the
    /// fields that need them are absent.
    #[must_use]
    pub const fn new(conn: &'a Connection, what: What<'a>, facts: Facts) -> Self {
        Self { conn: Some(conn), what, facts, json: OnceCell::new() }
    }

    /// The row of a finding that is told apart from its connection, if it has one: of the connection, only
    /// the number is known.
    #[must_use]
    pub fn of_capture(finding: &'a Finding) -> Self {
        let facts = Facts::default();
        Self { conn: None, what: What::Finding(finding), facts, json: OnceCell::new() }
    }

    /// The row of an event; `None` where the event is none (a reaction to a finding).
    #[must_use]
    pub fn of(conn: &'a Connection, event: Event<'a>, facts: Facts) -> Option<Self> {
        let what = match event {
            Event::Opened => What::Connection,
            Event::Message(message) => What::Message(message),
            Event::Frame(frame) => What::Frame(frame),
            Event::Finding(finding) => What::Finding(finding),
            Event::Closed(closing) => What::Closing(closing),
            Event::Reaction(_) => return None,
        };
        Some(Self::new(conn, what, facts))
    }

    /// What kind of row it is.
    #[must_use]
    pub const fn kind(&self) -> Rows {
        match self.what {
            What::Connection => Rows::CONNECTION,
            What::Message(_) | What::Brief(_) => Rows::MESSAGE,
            What::Frame(_) => Rows::FRAME,
            What::Finding(_) => Rows::FINDING,
            What::Closing(_) => Rows::CLOSING,
        }
    }

    /// The payload of a text message, for a search before it is read as JSON.
    pub(super) fn unread_json(&self) -> Option<&'a [u8]> {
        match self.what {
            What::Message(message) if self.json.get().is_none() => Some(message.payload),
            _ => None,
        }
    }

    /// The payload as JSON; `None` where it is no whole JSON text.
    pub(super) fn json(&self) -> Option<&Json> {
        let read = || match self.what {
            What::Message(message) => json(message),
            _ => None,
        };
        self.json.get_or_init(read).as_ref()
    }

    fn dir(&self) -> Option<Dir> {
        match self.what {
            What::Message(message) => Some(message.dir),
            What::Brief(message) => Some(message.dir),
            What::Frame(frame) => Some(frame.dir),
            What::Finding(finding) => finding.dir,
            What::Connection | What::Closing(_) => None,
        }
    }

    /// Where in the capture the row stands.
    fn at(&self) -> Option<At> {
        match self.what {
            What::Connection => Some(self.conn?.opened),
            What::Message(message) => Some(message.last),
            What::Brief(message) => Some(message.last),
            What::Frame(frame) => Some(frame.first),
            What::Finding(finding) => finding.at,
            What::Closing(closing) => Some(closing.at),
        }
    }

    /// The sender (`false`) or receiver (`true`).
    fn end(&self, receiver: bool) -> Option<Endpoint> {
        let (conn, by_client) = (self.conn?, self.dir()? == Dir::C2s);
        Some(if by_client == receiver { conn.server } else { conn.client })
    }

    fn request(&self) -> Option<&'a Request> {
        self.conn?.handshake.as_deref()?.request.as_ref()
    }

    /// Gives the values of a field to `test`, until it says yes. `None` = the field is absent here.
    pub(super) fn any(&self, field: Field, test: Test<'_>) -> Option<bool> {
        let Some(conn) = self.conn else { return self.of_capture_finding(field, test) };
        let value = match field {
            Field::Conn => Value::Int(conn.number?.into()),
            Field::Time => Value::Nanos(self.at()?.time.since(conn.opened.time)),
            Field::At => Value::Nanos(self.at()?.time.nanos()),
            Field::Packet => match self.what {
                What::Connection | What::Closing(_) => return None,
                _ => Value::Int(self.at()?.packet),
            },
            Field::Dir => Value::Word(self.dir()?.index()),
            Field::Ip => return Some(test(ip(conn.client)) || test(ip(conn.server))),
            Field::Port => return Some(test(port(conn.client)) || test(port(conn.server))),
            Field::Client => ip(conn.client),
            Field::ClientPort => port(conn.client),
            Field::Server => ip(conn.server),
            Field::ServerPort => port(conn.server),
            Field::Src => ip(self.end(false)?),
            Field::Dst => ip(self.end(true)?),
            Field::SrcPort => port(self.end(false)?),
            Field::DstPort => port(self.end(true)?),
            Field::Host => Value::Bytes(without_port(self.request()?.header("host").next()?)),
            Field::Path => Value::Bytes(path(self.request()?.target())),
            Field::Method => Value::Bytes(self.request()?.method()),
            Field::Origin => return several(self.request()?.header("origin"), test),
            Field::Agent => return several(self.request()?.header("user-agent"), test),
            Field::Url => {
                let url = conn.handshake.as_deref()?.url(false)?;
                return Some(test(Value::Bytes(url.as_bytes())));
            }
            Field::Status => Value::Int(conn.handshake.as_deref()?.response.as_ref()?.status.into()),
            Field::Subprotocol | Field::Extensions => {
                let response = conn.handshake.as_deref()?.response.as_ref()?;
                let subprotocol = field == Field::Subprotocol;
                let name = if subprotocol { "sec-websocket-protocol" } else { "sec-websocket-extensions" };
                return several(response.header(name), test);
            }
            Field::Deflate => Value::Flag(deflate(conn.handshake.as_deref()?)?),
            Field::Websocket => match self.what {
                What::Message(_) | What::Brief(_) | What::Frame(_) => Value::Flag(true),
                _ => return None,
            },
            _ => match self.what {
                What::Connection => return None,
                What::Message(message) => return self.of_message(message, field, test),
                What::Brief(message) => return self.of_brief(message, field, test),
                What::Frame(frame) => return self.of_frame(frame, field, test),
                What::Finding(finding) => of_finding(finding, field)?,
                What::Closing(closing) => return of_closing(conn, closing, field, test),
            },
        };
        Some(test(value))
    }

    /// A field of a finding whose connection is not at hand.
    fn of_capture_finding(&self, field: Field, test: Test<'_>) -> Option<bool> {
        let What::Finding(finding) = self.what else { return None };
        let value = match field {
            Field::Conn => Value::Int(finding.conn?.into()),
            Field::At => Value::Nanos(finding.at?.time.nanos()),
            Field::Packet => Value::Int(finding.at?.packet),
            Field::Dir => Value::Word(finding.dir?.index()),
            _ => of_finding(finding, field)?,
        };
        Some(test(value))
    }

    fn of_message(&self, message: &Message<'_>, field: Field, test: Test<'_>) -> Option<bool> {
        let value = match field {
            Field::Payload => Value::Bytes(message.payload),
            Field::Utf8 => match message.utf8? {
                Utf8::Valid => Value::Flag(true),
                Utf8::Invalid { .. } | Utf8::CutAtEnd { .. } => Value::Flag(false),
                Utf8::Unknown => return None,
            },
            Field::CloseReason => {
                message.close_code()?;
                Value::Bytes(message.close_reason())
            }
            Field::Rtt => Value::Nanos(self.facts.rtt?),
            _ => return self.of_brief(&Brief::of(message), field, test),
        };
        Some(test(value))
    }

    fn of_brief(&self, message: &Brief<'_>, field: Field, test: Test<'_>) -> Option<bool> {
        let value = match field {
            Field::Op => Value::Opcode(opcode(message.kind)),
            Field::Len => Value::Int(message.len),
            Field::WireLen => Value::Int(message.wire_len),
            Field::Ratio if message.compressed && message.wire_len > 0 => {
                Value::Decimal(message.len as f64 / message.wire_len as f64)
            }
            Field::Compressed => Value::Flag(message.compressed),
            Field::Fragmented => Value::Flag(message.frames > 1),
            Field::Frames => Value::Int(message.frames),
            Field::Complete => Value::Flag(message.complete),
            Field::Heartbeat => Value::Flag(heartbeat(message.kind, message.head)),
            Field::CloseCode => Value::Int(message.close_code?.into()),
            Field::Msg => Value::Int(message.n),
            Field::Frame => Value::Int(message.first_frame),
            Field::Delta => Value::Nanos(self.facts.delta?),
            Field::Reply => Value::Nanos(self.facts.reply?),
            Field::Marked => Value::Flag(self.facts.marked),
            Field::Note => Value::Flag(self.facts.noted),
            _ => return None,
        };
        Some(test(value))
    }

    fn of_frame(&self, frame: &Frame<'_>, field: Field, test: Test<'_>) -> Option<bool> {
        let header = &frame.header;
        let value = match field {
            Field::Op => Value::Opcode(header.opcode.value()),
            Field::Len => Value::Int(header.len),
            Field::WireLen => Value::Int(header.len),
            Field::Fragmented => Value::Flag(
                !header.opcode.is_control() && (!header.fin || header.opcode == Opcode::CONTINUATION),
            ),
            Field::Complete => Value::Flag(frame.seen >= header.len),
            Field::Fin => Value::Flag(header.fin),
            Field::Rsv => Value::Int(header.rsv.into()),
            Field::Rsv1 => Value::Flag(header.rsv1()),
            Field::Rsv2 => Value::Flag(header.rsv & 2 != 0),
            Field::Rsv3 => Value::Flag(header.rsv & 1 != 0),
            Field::Mask => Value::Flag(header.mask.is_some()),
            Field::Key => return header.mask.map(|key| test(Value::Bytes(&key))),
            Field::HeaderLen => Value::Int(header.header_len() as u64),
            Field::Len7 => Value::Int(header.len7.into()),
            Field::Seen => Value::Int(frame.seen),
            Field::Offset => Value::Int(frame.offset),
            Field::Frame => Value::Int(frame.n),
            Field::Delta => Value::Nanos(self.facts.delta?),
            _ => return None,
        };
        Some(test(value))
    }

    /// Gives the values of a header to `test`, those of the request first.
    pub(super) fn header(&self, name: &str, test: Test<'_>) -> Option<bool> {
        let handshake = self.conn?.handshake.as_deref()?;
        let heads = [
            handshake.request.as_ref().map(Request::headers),
            handshake.response.as_ref().map(Response::headers),
        ];
        let named = heads.into_iter().flatten().flat_map(|headers: Headers<'_>| headers.named(name));
        several(named.map(|header| header.value), test)
    }
}

fn of_finding(finding: &Finding, field: Field) -> Option<Value<'_>> {
    Some(match field {
        Field::Finding => Value::Rule(finding.rule.code),
        Field::Severity => Value::Word(match finding.rule.level {
            Level::Note => 0,
            Level::Warning => 1,
            Level::Error => 2,
        }),
        Field::FindingText => Value::Bytes(finding.text.as_bytes()),
        Field::Msg => Value::Int(finding.message?),
        Field::Frame => Value::Int(finding.frame?),
        Field::Offset => Value::Int(finding.offset?),
        _ => return None,
    })
}

fn of_closing(conn: &Connection, closing: &Closing, field: Field, test: Test<'_>) -> Option<bool> {
    use crate::event::How;
    let both = |number: fn(&crate::event::Totals) -> u64| Value::Int(closing.totals.iter().map(number).sum());
    let value = match field {
        Field::End => {
            let name = closing.how.map_or("refused", How::name);
            let Type::Word(words) = field.info().kind else { return None };
            Value::Word(words.iter().position(|word| *word == name)?)
        }
        Field::Open => Value::Flag(closing.how == Some(How::Open)),
        Field::Lasted => Value::Nanos(closing.at.time.since(conn.opened.time)),
        Field::Messages => both(|totals| totals.messages),
        Field::Bytes => both(|totals| totals.bytes),
        Field::Errors | Field::Warnings | Field::Notes => {
            let [errors, warnings, notes] = closing.findings;
            Value::Int(match field {
                Field::Errors => errors,
                Field::Warnings => warnings,
                _ => notes,
            })
        }
        Field::CloseCode => {
            let codes = closing.close.iter().flatten().filter_map(|close| close.code);
            return any_of(codes.map(|code| Value::Int(code.into())), test);
        }
        Field::CloseReason => {
            let closes = closing.close.iter().flatten().filter(|close| close.code.is_some());
            return several(closes.map(|close| close.reason.as_bytes()), test);
        }
        _ => return None,
    };
    Some(test(value))
}

/// The opcode of a message's first frame.
const fn opcode(kind: Kind) -> u8 {
    match kind {
        Kind::Text => Opcode::TEXT,
        Kind::Binary => Opcode::BINARY,
        Kind::Close => Opcode::CLOSE,
        Kind::Ping => Opcode::PING,
        Kind::Pong => Opcode::PONG,
    }
    .value()
}

fn ip(endpoint: Endpoint) -> Value<'static> {
    Value::Ip(bits(endpoint.ip()))
}

fn port(endpoint: Endpoint) -> Value<'static> {
    Value::Int(endpoint.port().into())
}

fn several<'v>(values: impl Iterator<Item = &'v [u8]>, test: Test<'_>) -> Option<bool> {
    any_of(values.map(Value::Bytes), test)
}

fn any_of<'v>(mut values: impl Iterator<Item = Value<'v>>, test: Test<'_>) -> Option<bool> {
    let first = values.next()?;
    Some(test(first) || values.any(test))
}

/// `None` where it cannot be told.
fn deflate(handshake: &Handshake) -> Option<bool> {
    let agreed = handshake.deflate().is_some();
    (agreed || !handshake.deflate_unknown()).then_some(agreed)
}

/// A Host header without its port.
fn without_port(host: &[u8]) -> &[u8] {
    let digits = host.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let head = host.get(..host.len() - digits).unwrap_or(host);
    match head.strip_suffix(b":") {
        // The last colon of an address without brackets is no port's.
        Some(name) if !name.contains(&b':') || name.ends_with(b"]") => name,
        _ => host,
    }
}

/// Path and query of a request's target.
fn path(target: &[u8]) -> &[u8] {
    let Some(scheme) = memchr::memmem::find(target, b"://").filter(|_| !target.starts_with(b"/")) else {
        return target;
    };
    let rest = target.get(scheme + 3..).unwrap_or_default();
    memchr::memchr(b'/', rest).and_then(|at| rest.get(at..)).unwrap_or(b"/")
}

fn json(message: &Message<'_>) -> Option<Json> {
    let whole = message.kind == Kind::Text && message.complete() && !message.cut();
    if !whole || message.payload.len() > JSON_LIMIT {
        return None;
    }
    serde_json::from_slice(message.payload).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_paths() {
        for (host, name) in [
            ("feed.local", "feed.local"),
            ("feed.local:8080", "feed.local"),
            ("[::1]:80", "[::1]"),
            ("[::1]", "[::1]"),
            ("::1", "::1"),
            ("10.0.0.1:1", "10.0.0.1"),
            ("", ""),
        ] {
            assert_eq!(without_port(host.as_bytes()), name.as_bytes());
        }
        for (target, expected) in [
            ("/ws?a=1", "/ws?a=1"),
            ("http://a/b?c", "/b?c"),
            ("ws://a", "/"),
            ("*", "*"),
            ("/a?u=http://b/", "/a?u=http://b/"),
        ] {
            assert_eq!(path(target.as_bytes()), expected.as_bytes());
        }
    }
}
