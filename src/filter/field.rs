//! The table of fields: their names here and in Wireshark, their types, where they exist. The type
//! checker, `wscope fields` and the reference in docs/filter.md all read this one table.

use std::fmt;

/// Kinds of rows, as a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rows(u8);

impl Rows {
    /// No kind.
    pub const NONE: Self = Self(0);
    /// A connection, as its handshake tells it.
    pub const CONNECTION: Self = Self(1);
    /// A message.
    pub const MESSAGE: Self = Self(2);
    /// A frame.
    pub const FRAME: Self = Self(4);
    /// A finding.
    pub const FINDING: Self = Self(8);
    /// The end of a connection, with its totals.
    pub const CLOSING: Self = Self(16);
    /// Every kind.
    pub const ALL: Self = Self(31);

    /// Both sets together.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in both sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// All of `other` is in the set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Nothing is in the set.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl fmt::Display for Rows {
    /// `connections`, `messages and frames`, …; `everything` where that is so.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::ALL {
            return f.write_str("everything");
        }
        let names = [
            (Self::CONNECTION, "connections"),
            (Self::MESSAGE, "messages"),
            (Self::FRAME, "frames"),
            (Self::FINDING, "findings"),
            (Self::CLOSING, "ended connections"),
        ];
        let present: Vec<&str> =
            names.iter().filter(|(row, _)| self.contains(*row)).map(|(_, name)| *name).collect();
        match present.split_last() {
            None => f.write_str("nothing"),
            Some((last, [])) => f.write_str(last),
            Some((last, others)) => write!(f, "{} and {last}", others.join(", ")),
        }
    }
}

/// The type of a field: which operators and values it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// Yes or no.
    Bool,
    /// A whole number, with units for sizes.
    Int,
    /// A number with a fraction.
    Decimal,
    /// A span of capture time, in nanoseconds.
    Span,
    /// A time of capture, or a time of day.
    Instant,
    /// Text from the handshake, a Close or a finding.
    Text,
    /// Bytes, which may be text.
    Bytes,
    /// An IP address.
    Address,
    /// An opcode, by name or number, or a set of them.
    Opcode,
    /// One of a few words.
    Word(&'static [&'static str]),
    /// One of a few words, from the least to the greatest.
    Scale(&'static [&'static str]),
    /// A rule, by code or name.
    Rule,
}

impl Type {
    /// The type's name in the reference.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bool => "yes/no",
            Self::Int => "number",
            Self::Decimal => "decimal",
            Self::Span => "duration",
            Self::Instant => "time",
            Self::Text => "text",
            Self::Bytes => "bytes",
            Self::Address => "address",
            Self::Opcode => "opcode",
            Self::Word(_) => "word",
            Self::Scale(_) => "level",
            Self::Rule => "rule",
        }
    }

    /// What a value of this type looks like, for messages and the reference.
    #[must_use]
    pub fn values(self) -> String {
        match self {
            Self::Bool => "true or false".to_owned(),
            Self::Int => "a number such as 5, 0x1f, 64k or 4KiB".to_owned(),
            Self::Decimal => "a number such as 1.5".to_owned(),
            Self::Span => "a duration such as 100ms, 1.5s or 2m".to_owned(),
            Self::Instant => {
                "a time such as 2026-11-20T10:00:05Z, a time of day such as 10:00:05, or (in the terminal UI) -10s: before the capture's end".to_owned()
            }
            Self::Text => "text".to_owned(),
            Self::Bytes => "\"text\", or bytes such as 1f:8b or 0x1f8b".to_owned(),
            Self::Address => "an address or network such as 10.0.0.5, 10.0.0.0/24 or ::1".to_owned(),
            Self::Opcode => {
                let names: Vec<&str> = OPCODES.iter().map(|(name, _)| *name).collect();
                format!("{}, or 0 to 15", names.join(", "))
            }
            Self::Word(words) | Self::Scale(words) => words.join(", "),
            Self::Rule => "a rule's code or name, such as F004 or client-unmasked".to_owned(),
        }
    }
}

/// Names of opcodes and sets of opcodes: a bit for each of the 16.
pub(super) const OPCODES: [(&str, u16); 9] = [
    ("text", 1 << 1),
    ("binary", 1 << 2),
    ("cont", 1 << 0),
    ("close", 1 << 8),
    ("ping", 1 << 9),
    ("pong", 1 << 10),
    ("data", 0b0111),
    ("control", 0b0111 << 8),
    ("reserved", 0b1111_1000_1111_1000),
];

/// The names of opcodes and sets of opcodes, with a bit for each of the 16.
#[must_use]
pub const fn opcodes() -> &'static [(&'static str, u16)] {
    &OPCODES
}

/// Other names of opcodes.
pub(super) const OPCODE_ALIASES: [(&str, &str); 2] = [("continuation", "cont"), ("bin", "binary")];

/// Opcodes that messages have, as [`OPCODES`] has them.
pub(super) const MESSAGE_OPCODES: u16 = 1 << 1 | 1 << 2 | 0b0111 << 8;

const DIRECTIONS: &[&str] = &["c2s", "s2c"];
const LEVELS: &[&str] = &["note", "warning", "error"];
const ENDS: &[&str] =
    &["clean", "server-closed", "client-closed", "reset", "fin-without-close", "open", "idle", "refused"];

/// A fact about a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the table says what each is")]
pub enum Field {
    Op,
    Dir,
    Len,
    WireLen,
    Ratio,
    Payload,
    Compressed,
    Fragmented,
    Frames,
    Complete,
    Utf8,
    Heartbeat,
    CloseCode,
    CloseReason,
    Fin,
    Rsv,
    Rsv1,
    Rsv2,
    Rsv3,
    Mask,
    Key,
    HeaderLen,
    Len7,
    Seen,
    Offset,
    Msg,
    Frame,
    Packet,
    Time,
    At,
    Delta,
    Rtt,
    Reply,
    Conn,
    Ip,
    Src,
    Dst,
    Port,
    SrcPort,
    DstPort,
    Client,
    ClientPort,
    Server,
    ServerPort,
    Host,
    Path,
    Url,
    Origin,
    Agent,
    Method,
    Status,
    Subprotocol,
    Extensions,
    Deflate,
    Finding,
    Severity,
    FindingText,
    End,
    Open,
    Lasted,
    Messages,
    Bytes,
    Errors,
    Warnings,
    Notes,
    Marked,
    Note,
    Websocket,
}

/// What the table knows of a field.
#[derive(Debug)]
pub struct Info {
    /// The field.
    pub field: Field,
    /// Its name.
    pub name: &'static str,
    /// Other names for it, those of Wireshark among them.
    pub aliases: &'static [&'static str],
    /// Its type.
    pub kind: Type,
    /// The rows on which it exists.
    pub rows: Rows,
    /// What it is.
    pub what: &'static str,
    /// A filter with it.
    pub example: &'static str,
}

const fn row(
    field: Field,
    name: &'static str,
    aliases: &'static [&'static str],
    kind: Type,
    rows: Rows,
    what: &'static str,
    example: &'static str,
) -> Info {
    Info { field, name, aliases, kind, rows, what, example }
}

const M: Rows = Rows::MESSAGE;
const F: Rows = Rows::FRAME;
const N: Rows = Rows::FINDING;
const E: Rows = Rows::CLOSING;
const ALL: Rows = Rows::ALL;
const MF: Rows = M.or(F);
const MFN: Rows = MF.or(N);

/// Every field, in the order of the reference.
#[rustfmt::skip]
pub static FIELDS: &[Info] = &[
    row(Field::Op, "op", &["websocket.opcode"], Type::Opcode, MF, "the opcode: what kind of message or frame it is", "op == text"),
    row(Field::Dir, "dir", &[], Type::Word(DIRECTIONS), MFN, "the direction: client to server, or server to client", "dir == s2c"),
    row(Field::Len, "len", &[], Type::Int, MF, "payload bytes: of a message inflated, of a frame as its header says", "len > 64k"),
    row(Field::WireLen, "wirelen", &[], Type::Int, MF, "payload bytes on the wire, without headers", "wirelen < 100"),
    row(Field::Ratio, "ratio", &[], Type::Decimal, M, "how many times smaller compression made it: len / wirelen, where it is compressed", "ratio < 1"),
    row(Field::Payload, "payload", &["raw", "websocket.payload", "websocket.payload.text"], Type::Bytes, M, "the payload: unmasked, inflated, fragments joined", "payload ~ timeout"),
    row(Field::Compressed, "compressed", &["pmc"], Type::Bool, M, "compressed with permessage-deflate", "compressed"),
    row(Field::Fragmented, "fragmented", &[], Type::Bool, MF, "sent in more than one frame", "fragmented"),
    row(Field::Frames, "frames", &[], Type::Int, M, "how many frames it has", "frames > 2"),
    row(Field::Complete, "complete", &[], Type::Bool, MF, "no part of it is missing from the capture", "!complete"),
    row(Field::Utf8, "utf8", &[], Type::Bool, M, "text, or the reason of a Close, is valid UTF-8; absent where that cannot be told", "utf8 == false"),
    row(Field::Heartbeat, "heartbeat", &[], Type::Bool, M, "a Ping, a Pong, or what known protocols send in their place", "!heartbeat"),
    row(Field::CloseCode, "close.code", &["websocket.payload.close.status_code"], Type::Int, M.or(E), "the status code of a Close; at a connection's end, those of either side", "close.code >= 1002"),
    row(Field::CloseReason, "close.reason", &["websocket.payload.close.reason"], Type::Text, M.or(E), "the reason of a Close; at a connection's end, those of either side", "close.reason ~ restart"),
    row(Field::Fin, "fin", &["websocket.fin"], Type::Bool, F, "the FIN bit: the last frame of its message", "fin == false"),
    row(Field::Rsv, "rsv", &["websocket.rsv"], Type::Int, F, "the reserved bits as a number: RSV1 is 4, RSV2 is 2, RSV3 is 1", "rsv != 0"),
    row(Field::Rsv1, "rsv1", &["websocket.pmc"], Type::Bool, F, "the RSV1 bit, which permessage-deflate uses for \"compressed\"", "rsv1"),
    row(Field::Rsv2, "rsv2", &[], Type::Bool, F, "the RSV2 bit", "rsv2"),
    row(Field::Rsv3, "rsv3", &[], Type::Bool, F, "the RSV3 bit", "rsv3"),
    row(Field::Mask, "mask", &["websocket.mask"], Type::Bool, F, "the MASK bit", "mask == false && dir == c2s"),
    row(Field::Key, "key", &["websocket.masking_key"], Type::Bytes, F, "the masking key", "key == 00:00:00:00"),
    row(Field::HeaderLen, "headerlen", &[], Type::Int, F, "bytes of the frame's header, 2 to 14", "headerlen > 8"),
    row(Field::Len7, "len7", &["websocket.payload_length"], Type::Int, F, "the 7-bit length field: a length, or 126 or 127 for the longer forms", "len7 == 127"),
    row(Field::Seen, "seen", &[], Type::Int, F, "payload bytes of the frame that the capture holds", "seen == 0"),
    row(Field::Offset, "offset", &[], Type::Int, F.or(N), "the first byte's offset in its direction's stream, after the handshake", "offset < 1k"),
    row(Field::Msg, "msg", &[], Type::Int, M.or(N), "the message's number in its connection, as in 3.m41", "msg in {40..50}"),
    row(Field::Frame, "frame", &[], Type::Int, MFN, "the frame's number in its connection, as in 3.f52; of a message, that of its first frame", "frame == 52"),
    row(Field::Packet, "packet", &["frame.number"], Type::Int, MFN, "the packet's number in the capture: the one that ends a message, that begins a frame", "packet <= 9882"),
    row(Field::Time, "time", &["tcp.time_relative"], Type::Span, ALL, "since the first packet of the TCP connection", "time > 30s"),
    row(Field::At, "at", &["frame.time"], Type::Instant, ALL, "when it was captured, in UTC", "at >= 10:00:05"),
    row(Field::Delta, "delta", &[], Type::Span, MF, "since the message before on the same connection (of a frame: since the frame before)", "delta > 5s"),
    row(Field::Rtt, "rtt", &[], Type::Span, M, "of a Pong: since the Ping that it answers", "rtt > 100ms"),
    row(Field::Reply, "reply", &[], Type::Span, M, "of a data message that answers: since the last data message of the other side", "reply > 100ms"),
    row(Field::Conn, "conn", &[], Type::Int, ALL, "the connection's number, as `wscope ls` shows it", "conn in {1..3}"),
    row(Field::Ip, "ip", &["ip.addr", "ipv6.addr"], Type::Address, ALL, "the address of either end", "ip == 10.0.0.0/8"),
    row(Field::Src, "src", &["ip.src", "ipv6.src"], Type::Address, MFN, "the sender's address", "src == 10.0.0.12"),
    row(Field::Dst, "dst", &["ip.dst", "ipv6.dst"], Type::Address, MFN, "the receiver's address", "dst != 10.0.0.12"),
    row(Field::Port, "port", &["tcp.port"], Type::Int, ALL, "the TCP port of either end", "port == 8080"),
    row(Field::SrcPort, "src.port", &["tcp.srcport"], Type::Int, MFN, "the sender's TCP port", "src.port == 8080"),
    row(Field::DstPort, "dst.port", &["tcp.dstport"], Type::Int, MFN, "the receiver's TCP port", "dst.port in {80, 8080}"),
    row(Field::Client, "client", &[], Type::Address, ALL, "the client's address", "client in {10.0.0.0/24, ::1}"),
    row(Field::ClientPort, "client.port", &[], Type::Int, ALL, "the client's TCP port", "client.port == 51560"),
    row(Field::Server, "server", &[], Type::Address, ALL, "the server's address", "server == 10.0.0.5"),
    row(Field::ServerPort, "server.port", &[], Type::Int, ALL, "the server's TCP port", "server.port == 443"),
    row(Field::Host, "host", &[], Type::Text, ALL, "the host name that the request asks for, without a port", "host == feed.local"),
    row(Field::Path, "path", &["http.request.uri"], Type::Text, ALL, "path and query of the request", "path ~ \"/chat\""),
    row(Field::Url, "url", &[], Type::Text, ALL, "the WebSocket URL of the request", "url contains \"token=\""),
    row(Field::Origin, "origin", &[], Type::Text, ALL, "the Origin header", "origin == \"https://app.example\""),
    row(Field::Agent, "ua", &[], Type::Text, ALL, "the User-Agent header", "ua ~ firefox"),
    row(Field::Method, "method", &["http.request.method"], Type::Text, ALL, "the request's method", "method != GET"),
    row(Field::Status, "status", &["http.response.code"], Type::Int, ALL, "the status code of the response", "status == 401"),
    row(Field::Subprotocol, "subproto", &["subprotocol"], Type::Text, ALL, "the subprotocol that the server chose", "subproto == graphql-ws"),
    row(Field::Extensions, "ext", &["extensions"], Type::Text, ALL, "the extensions that the server accepted", "ext ~ client_max_window_bits"),
    row(Field::Deflate, "pmd", &["deflate"], Type::Bool, ALL, "permessage-deflate was agreed; absent where the handshake was not seen", "pmd && !compressed"),
    row(Field::Finding, "finding", &["rule", "_ws.expert"], Type::Rule, N, "the rule that a finding is about", "finding == F004"),
    row(Field::Severity, "severity", &["_ws.expert.severity"], Type::Scale(LEVELS), N, "how bad a finding is", "severity >= warning"),
    row(Field::FindingText, "finding.text", &["_ws.expert.message"], Type::Text, N, "a finding in words", "finding.text ~ masked"),
    row(Field::End, "end", &[], Type::Word(ENDS), E, "how a connection ended", "end == reset"),
    row(Field::Open, "open", &[], Type::Bool, E, "still open where the capture ends", "open"),
    row(Field::Lasted, "lasted", &[], Type::Span, E, "from a connection's first packet to its end", "lasted < 1s"),
    row(Field::Messages, "messages", &[], Type::Int, E, "data messages of a connection, both directions", "messages == 0"),
    row(Field::Bytes, "bytes", &[], Type::Int, E, "bytes of a connection's frames as captured, both directions", "bytes > 1MB"),
    row(Field::Errors, "errors", &[], Type::Int, E, "errors found on a connection", "errors > 0"),
    row(Field::Warnings, "warnings", &[], Type::Int, E, "warnings found on a connection", "warnings > 0"),
    row(Field::Notes, "notes", &[], Type::Int, E, "notes on a connection", "notes > 0"),
    row(Field::Marked, "marked", &[], Type::Bool, M, "marked in the terminal UI, which alone knows", "marked"),
    row(Field::Note, "note", &[], Type::Bool, M, "has a note in the terminal UI, which alone knows", "note || marked"),
    row(Field::Websocket, "websocket", &[], Type::Bool, MF, "true of every message and frame, as in Wireshark", "websocket && ip.src == 10.0.0.12"),
];

/// Names that others use and that mean nothing here, with what to write instead.
pub(super) const FOREIGN: [(&str, &str); 6] = [
    ("tcp.stream", "wscope numbers WebSocket connections, not TCP streams: use `conn`"),
    (
        "frame.time_relative",
        "it counts from the begin of the capture; `time` counts from that of the connection",
    ),
    ("frame.time_delta", "it counts between packets; `delta` counts between messages"),
    ("websocket.payload_length_ext_16", "`len` is the real length, whatever its form"),
    ("websocket.payload_length_ext_64", "`len` is the real length, whatever its form"),
    ("frame", "`payload` is what was said"),
];

/// Wireshark's names of headers, which either half of a handshake may have.
pub(super) const HEADERS: [(&str, &str); 11] = [
    ("http.host", "Host"),
    ("http.user_agent", "User-Agent"),
    ("http.origin", "Origin"),
    ("http.cookie", "Cookie"),
    ("http.referer", "Referer"),
    ("http.server", "Server"),
    ("http.sec_websocket_key", "Sec-WebSocket-Key"),
    ("http.sec_websocket_accept", "Sec-WebSocket-Accept"),
    ("http.sec_websocket_version", "Sec-WebSocket-Version"),
    ("http.sec_websocket_protocol", "Sec-WebSocket-Protocol"),
    ("http.sec_websocket_extensions", "Sec-WebSocket-Extensions"),
];

impl Field {
    /// Why only the terminal UI knows it, where that is so.
    pub(super) const fn of_interface(self) -> Option<&'static str> {
        match self {
            Self::Marked => Some("marks are set in the terminal UI"),
            Self::Note => Some("notes are written in the terminal UI"),
            _ => None,
        }
    }

    /// It is known of what lists keep in memory: messages without their payloads ([`Brief`](super::Brief)),
    /// connections without their handshakes, findings, ends.
    pub(super) const fn is_brief(self) -> bool {
        !matches!(
            self,
            Self::Payload
                | Self::Utf8
                | Self::CloseReason
                | Self::Fin
                | Self::Rsv
                | Self::Rsv1
                | Self::Rsv2
                | Self::Rsv3
                | Self::Mask
                | Self::Key
                | Self::HeaderLen
                | Self::Len7
                | Self::Seen
                | Self::Rtt
                | Self::Host
                | Self::Path
                | Self::Url
                | Self::Origin
                | Self::Agent
                | Self::Method
                | Self::Status
                | Self::Subprotocol
                | Self::Extensions
                | Self::Deflate
        )
    }

    /// What the table says of it.
    #[must_use]
    pub fn info(self) -> &'static Info {
        // Every field has its row: a test sees to it.
        FIELDS.iter().find(|info| info.field == self).unwrap_or(&FIELDS[0])
    }

    /// The field of this name, or of this other name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Info> {
        FIELDS.iter().find(|info| info.name == name || info.aliases.contains(&name))
    }
}

/// The name that was probably meant: nearly the same letters, or a longer one that begins so.
#[must_use]
pub fn nearest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = name.to_lowercase();
    let names: Vec<&str> = names.into_iter().collect();
    let distance = |other: &str| strsim::damerau_levenshtein(&lower, other);
    let near = names.iter().copied().min_by_key(|other| distance(other))?;
    let few = distance(near);
    if few <= 1 + near.len() / 5 && few < near.chars().count() {
        return Some(near);
    }
    let longer = names.into_iter().filter(|other| name.len() > 1 && other.starts_with(&lower));
    longer.min_by_key(|other| other.len())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_stand_once() {
        let mut names = BTreeSet::new();
        for info in FIELDS {
            for name in std::iter::once(&info.name).chain(info.aliases) {
                assert!(names.insert(*name), "{name} stands twice");
            }
            assert_eq!(info.field.info().name, info.name);
            assert!(!info.what.ends_with('.') && !info.rows.is_empty(), "{}", info.name);
        }
        for (_, bits) in OPCODES {
            assert_ne!(bits, 0);
        }
    }

    #[test]
    fn near_names() {
        let fields = || FIELDS.iter().map(|info| info.name);
        assert_eq!(nearest("pyload", fields()), Some("payload"));
        assert_eq!(nearest("wire", fields()), Some("wirelen"));
        assert_eq!(nearest("txt", OPCODES.map(|(name, _)| name)), Some("text"));
        assert_eq!(nearest("banana", fields()), None);
        assert_eq!(nearest("x", OPCODES.map(|(name, _)| name)), None);
    }

    #[test]
    fn rows_in_words() {
        assert_eq!(Rows::ALL.to_string(), "everything");
        assert_eq!(Rows::MESSAGE.or(Rows::FINDING).to_string(), "messages and findings");
    }
}
