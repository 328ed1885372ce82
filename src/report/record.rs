//! The records of the export, as types: what the JSON Schema is made from.
//!
//! Messages and frames are written by hand where speed counts (`super::json`); these types are
//! what that writer is tested against, byte for byte.

use std::borrow::Cow;
use std::net::IpAddr;

use schemars::JsonSchema;
use serde::Serialize;

/// The version of the format.
pub const FORMAT: u32 = 1;

/// The largest number written. Readers that keep numbers as doubles read it exactly.
pub const MAX_NUMBER: u64 = (1 << 53) - 1;

/// One line of the output of `wscope export --to ndjson`: a JSON object whose key `type` says what it
/// is. Records appear in capture order. Keys that are not described here may be added and are to be
/// ignored; a key with nothing to say is left out.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Record<'a> {
    /// What was read, and by what. The first record.
    Capture(Capture<'a>),
    /// A WebSocket connection, or an upgrade that was refused or never answered.
    Connection(Box<Connection<'a>>),
    /// A frame (on request).
    Frame(Frame<'a>),
    /// A message: the fragments of a data message joined, unmasked and inflated; or a control frame.
    Message(Message<'a>),
    /// A rule was broken, or the capture is incomplete.
    Finding(Finding<'a>),
    /// The end of a connection.
    End(End<'a>),
    /// The totals of the capture. The last record.
    Summary(Summary),
}

/// What was read, and by what.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Capture<'a> {
    /// The version of this format.
    pub format: u32,
    /// The program that wrote this, with its version.
    pub tool: Cow<'a, str>,
    /// The files that were read, as they were named; `-` is standard input.
    pub sources: Vec<Cow<'a, str>>,
}

/// A WebSocket connection, or an upgrade that was refused or never answered.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Connection<'a> {
    /// The connection's number, from 1, in the order of the connection records.
    pub conn: u32,
    /// When its first packet was captured: RFC 3339 in UTC with nanoseconds.
    pub time: String,
    /// The first packet of its TCP connection, counted from 1.
    pub packet: u64,
    /// The endpoint that sent the upgrade request; without a handshake, the one that masks its frames.
    pub client: Endpoint,
    /// The other endpoint.
    pub server: Endpoint,
    /// `http/1.1`, `h2`, or `none` (no handshake seen).
    pub transport: &'a str,
    /// The TLS connection around it; only over TLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
    /// The HTTP/2 stream identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<u32>,
    /// The URL that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The subprotocol that the server chose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subprotocol: Option<String>,
    /// The extensions that the server accepted, with their parameters.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extensions: Vec<String>,
    /// The opening handshake, as far as it was captured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handshake: Option<Handshake<'a>>,
}

/// An address and a port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Endpoint {
    /// The IPv4 or IPv6 address.
    #[schemars(with = "String")]
    pub ip: IpAddr,
    /// The TCP port.
    pub port: u16,
}

/// A TLS connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Tls {
    /// `1.2` or `1.3`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The cipher suite by its IANA name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cipher: Option<String>,
    /// The server name that the client asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sni: Option<String>,
    /// The application protocol that was agreed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alpn: Option<String>,
    /// Its keys were known.
    pub decrypted: bool,
}

/// An opening handshake. Either half may be missing from a capture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Handshake<'a> {
    /// The packet with its first byte, and the one with its last.
    pub packet: [u64; 2],
    /// The request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<Request<'a>>,
    /// The response; a status other than 101 is a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<Response<'a>>,
    /// The proof that the server understood the request (RFC 6455 section 4.2.2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accept: Option<Accept>,
}

/// A header field: its name and its value. Bytes that are not UTF-8 are read as ISO 8859-1.
pub type Field<'a> = [Cow<'a, str>; 2];

/// The head of an upgrade request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Request<'a> {
    /// The method: `GET`.
    pub method: Cow<'a, str>,
    /// The request target as sent.
    pub target: Cow<'a, str>,
    /// The HTTP version.
    pub version: Cow<'a, str>,
    /// The header fields in order, each its name and its value.
    pub headers: Vec<Field<'a>>,
}

/// The head of the response to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Response<'a> {
    /// The status code.
    pub status: u16,
    /// The reason phrase, perhaps empty.
    pub reason: Cow<'a, str>,
    /// The HTTP version.
    pub version: Cow<'a, str>,
    /// The header fields in order, each its name and its value.
    pub headers: Vec<Field<'a>>,
}

/// `Sec-WebSocket-Key` and `Sec-WebSocket-Accept`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Accept {
    /// The key that the client sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The answer that this key demands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// The answer that the server gave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actual: Option<String>,
    /// Both are there and equal.
    pub valid: bool,
}

/// A frame, as it stood on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Frame<'a> {
    /// The connection's number.
    pub conn: u32,
    /// The sender: `c2s` (client to server) or `s2c`.
    pub dir: &'a str,
    /// Counts the frames of the connection from 1, both directions together, by their first bytes.
    pub n: u64,
    /// When the packet with its first byte was captured: RFC 3339 in UTC with nanoseconds.
    pub time: String,
    /// The packet with its first byte, counted from 1.
    pub packet: u64,
    /// Where its first byte stands in its direction's stream, counted from the end of the handshake.
    pub offset: u64,
    /// The FIN bit: the final fragment of a message.
    pub fin: bool,
    /// RSV1 (4), RSV2 (2) and RSV3 (1), added.
    pub rsv: u8,
    /// The opcode, 0 to 15.
    pub opcode: u8,
    /// `text`, `binary`, `continuation`, `close`, `ping`, `pong`, or `reserved-N`.
    pub kind: &'a str,
    /// The MASK bit.
    pub masked: bool,
    /// The masking key, in hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mask: Option<String>,
    /// Bytes of its header.
    pub header_len: u8,
    /// Bytes of its payload, as the header says; at most 2^53 - 1.
    pub len: u64,
    /// The payload length in decimal, where the header claims more than `len` can hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub len_exact: Option<String>,
    /// Bytes of its payload that the capture holds; below `len` the frame is cut.
    pub seen: u64,
}

/// A message: the fragments of a data message joined, unmasked and inflated; or a control frame.
///
/// The payload is `text` for text messages in valid UTF-8, and for Ping and Pong in printable ASCII;
/// `base64` for everything else. A Close has `code` and `reason`, and `base64` only where these
/// cannot say it exactly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Message<'a> {
    /// The connection's number.
    pub conn: u32,
    /// The sender: `c2s` (client to server) or `s2c`.
    pub dir: &'a str,
    /// Counts the messages of the connection from 1, both directions together, by their ends.
    pub n: u64,
    /// When the packet that completes it was captured: RFC 3339 in UTC with nanoseconds.
    pub time: String,
    /// The packet with its first byte, and the one with its last.
    pub packet: [u64; 2],
    /// `text`, `binary`, `close`, `ping` or `pong`.
    pub kind: &'a str,
    /// How many frames it has.
    pub frames: u64,
    /// The `n` of its first frame.
    pub first_frame: u64,
    /// Bytes of its payload on the wire, all fragments, without headers.
    pub wire_len: u64,
    /// Bytes of its payload, inflated.
    pub len: u64,
    /// It was compressed (permessage-deflate).
    pub compressed: bool,
    /// No part is missing and it inflated; else `len`, `sha256` and the payload speak of what there is.
    pub complete: bool,
    /// SHA-256 of the whole payload, in hex (on request).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// The status code of a Close that has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// The reason of a Close, where it is not empty; what is not UTF-8 is replaced by U+FFFD.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub reason: Cow<'a, str>,
    /// The payload as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<&'a str>,
    /// The payload as bytes, in base64 (RFC 4648 section 4, padded).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base64: Option<String>,
    /// The payload written is shorter than `len`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
    /// What a decoder of the subprotocol made of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decoded: Option<Decoded>,
}

/// A message as its subprotocol reads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Decoded {
    /// The subprotocol.
    pub protocol: String,
    /// One line.
    pub summary: String,
    /// The whole.
    #[serde(skip_serializing_if = "serde_json::Value::is_null")]
    pub value: serde_json::Value,
}

/// A rule was broken, or the capture is incomplete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Finding<'a> {
    /// The connection's number; left out where the capture as a whole is concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conn: Option<u32>,
    /// The sender at fault: `c2s` (client to server) or `s2c`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dir: Option<&'a str>,
    /// The rule's code: a letter and three digits.
    pub code: &'a str,
    /// The rule's name.
    pub name: &'a str,
    /// `error`, `warning` or `note`.
    pub level: &'a str,
    /// When the packet was captured: RFC 3339 in UTC with nanoseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// The packet, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub packet: Option<u64>,
    /// The `n` of the frame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frame: Option<u64>,
    /// The `n` of the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<u64>,
    /// The byte at fault, in the direction's stream after the handshake.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// The record stands for so many repeats of the rule on the connection, which have no records of
    /// their own: only the first ten have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub more: Option<u64>,
    /// The facts, in one line.
    pub text: &'a str,
    /// Where the rule is written: `RFC 6455 5.1`.
    pub source: &'a str,
}

/// The end of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct End<'a> {
    /// The connection's number.
    pub conn: u32,
    /// When the packet that ended it was captured: RFC 3339 in UTC with nanoseconds.
    pub time: String,
    /// The packet that ended it; its last packet where nothing did.
    pub packet: u64,
    /// `clean`, `server-closed`, `client-closed`, `reset`, `fin-without-close`, `open` (still open where
    /// the capture ends) or `idle`; left out for an upgrade that was refused or never answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub how: Option<&'a str>,
    /// How the client's direction ended.
    pub c2s: HalfEnd<'a>,
    /// How the server's direction ended.
    pub s2c: HalfEnd<'a>,
    /// What was seen.
    pub totals: BothTotals,
}

/// How one direction ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct HalfEnd<'a> {
    /// Its first Close; empty where the Close was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub close: Option<Close<'a>>,
    /// How its TCP stream ended: `fin`, `reset` (by its sender), `reset-by-peer`, or `open` (the capture
    /// ends before it).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tcp: Option<&'a str>,
}

/// A Close.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Close<'a> {
    /// The status code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// The reason, where it is not empty.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub reason: &'a str,
}

/// Counts of both directions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BothTotals {
    /// Client to server.
    pub c2s: Totals,
    /// Server to client.
    pub s2c: Totals,
}

/// Counts of one direction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Totals {
    /// Frames, control frames among them.
    pub frames: u64,
    /// Data messages.
    pub messages: u64,
    /// Bytes of frames, headers and payloads, as captured.
    pub bytes: u64,
    /// Payload bytes of data messages, inflated.
    pub payload: u64,
}

/// The totals of the capture, whatever was selected for output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Summary {
    /// Packets read.
    pub packets: u64,
    /// Bytes of these packets, as captured.
    pub bytes: u64,
    /// Packets that could not be decoded.
    pub skipped_packets: u64,
    /// Packets that were lost before they could be captured, where the capture says that there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dropped_packets: Option<u64>,
    /// TCP connections.
    pub tcp_connections: u64,
    /// WebSocket connections, refused upgrades among them.
    pub connections: u64,
    /// WebSocket frames.
    pub frames: u64,
    /// Data messages.
    pub messages: u64,
    /// Findings by level.
    pub findings: Levels,
}

/// Findings by level.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Levels {
    /// A MUST was broken.
    pub error: u64,
    /// A SHOULD was broken, or a security risk.
    pub warning: u64,
    /// Worth knowing.
    pub note: u64,
}
