//! Conversations written down step by step, into capture files.
//!
//! Every rule gives its example of what it finds, and of what it does not, as such a script. One step
//! a line; empty lines and lines that begin with `#` say nothing, nor does white space at either end of
//! a line. This is a whole script:
//!
//! ```
//! use wscope::script::Script;
//!
//! let script = Script::parse(
//!     "open
//!      c text 'Hello'            # a masked frame
//!      s 81 05 'Hello'           # the same by the byte, not masked
//!      c close 1000 'bye'
//!      s close 1000
//!      fin s
//!      fin c",
//! )?;
//! assert!(script.capture().starts_with(b"\x0a\x0d\x0d\x0a"));
//! # Ok::<(), wscope::script::ScriptError>(())
//! ```
//!
//! # What happens
//!
//! There are a client (`c`) and a server (`s`). The capture is a pcapng file of Ethernet packets, the same
//! bytes every time. The first packet's time is fixed, and every packet takes one millisecond. The client
//! speaks from port 50122 to 8080, both at 127.0.0.1. What a script does not say does not happen: a
//! connection that nothing ends is still open where the capture ends.
//!
//! A connection begins with the three packets of TCP's handshake, ahead of the first step that sends
//! something on it. Each step that sends is acknowledged at once by a bare ACK of the peer.
//!
//! # Steps
//!
//! | step | what it does |
//! |---|---|
//! | `lan` | the endpoints are 192.0.2.1 (client) and 198.51.100.2 (server); only as the first step |
//! | `midstream` | TCP's handshake was before the capture; only as the first step, after `lan`, or after `connection` |
//! | `open [EXTENSIONS]` | the opening handshake, a `request` and a `response`; the rest of the line, if any, is the Sec-WebSocket-Extensions of both |
//! | `request [REQUEST-LINE]` | the request of RFC 6455 section 1.2 (key `dGhlIHNhbXBsZSBub25jZQ==`, no Origin, no subprotocol), perhaps with another first line |
//! | `response [STATUS-LINE]` | the 101 that accepts it, perhaps with another first line: the header lines stay |
//! | `c TOKENS`, `s TOKENS` | the client, or the server, sends bytes |
//! | `lose c TOKENS`, `lose s TOKENS` | the same, but the capture lacks the packets; the acknowledgement is in it |
//! | `again c N TOKENS`, `again s N TOKENS` | a retransmission: bytes sent at the sequence number `N` before the sender's next one |
//! | `fin c`, `fin s` | FIN |
//! | `reset c`, `reset s` | RST |
//! | `noack` | from here on nothing is acknowledged, neither by bare ACKs nor by the field in other packets |
//! | `ack` | from here on what is sent is acknowledged again |
//! | `wait DURATION` | so much more time passes before the next packet: `5ms`, `31s`, `2m`, `1h`; at most 24 hours |
//! | `connection` | what follows is said on another TCP connection, from the next client port |
//! | `snap N` | from here on the capture has at most `N` bytes of each packet, Ethernet header included |
//! | `cut N` | (anywhere, once) the capture file ends `N` bytes early |
//! | `limit NAME N` | (anywhere) a field of [`Limits`] for the run; the capture is not touched |
//!
//! # Heads
//!
//! A `request` or `response` is changed by the lines right behind it. All text is taken as it stands.
//!
//! | line | what it does |
//! |---|---|
//! | `+ NAME: VALUE` | adds a header line at the end |
//! | `- NAME` | leaves out every header of that name |
//! | `= NAME: VALUE` | replaces the first header of that name, in its place |
//! | `! RAW` | adds a line at the end that need not be a header; `\xNN` `\r` `\n` `\t` `\\` are escapes |
//!
//! Names are compared without case. `-` and `=` want a header that is there. Every line, a raw one too, is
//! ended by CR LF, and the head by an empty line. Sec-WebSocket-Accept answers the first key of the last
//! `request` on the connection: without a `request` it is taken to be the default one; to one without
//! a key, the empty key.
//!
//! # Bytes
//!
//! Tokens are parted by white space; `#` before a token begins a comment. All of a step goes into one TCP
//! segment, or into several full ones if it is longer than the 65,495 bytes that one can hold.
//!
//! | token | bytes |
//! |---|---|
//! | `81`, `8185` | hexadecimal |
//! | `'text'` | UTF-8, with the escapes `\xNN` `\n` `\r` `\t` `\'` `\\`; `''` is nothing |
//! | `*N` | the token before it, `N` times in all |
//! | `deflate('text')` | compressed as RFC 7692 section 7.2.1 says, with the sender's running compressor |
//! | `fresh('text')` | the same with a compressor that has no history |
//! | `mask:KEY` | the four bytes of the key (8 hexadecimal digits), which masks what follows, up to another key or `\|` |
//!
//! # Frames
//!
//! Where `text`, `binary`, `cont`, `ping`, `pong` or `close` comes first, the tokens behind it are the
//! payload of a frame, with its length in the shortest form. In between there may be flags:
//!
//! | flag | effect |
//! |---|---|
//! | `-fin` | FIN is clear |
//! | `+rsv1`, `+rsv2`, `+rsv3` | the bit is set |
//! | `nomask` | not masked |
//! | `mask:KEY` | masked with this key |
//! | `z` | the payload is compressed with the sender's running compressor, and RSV1 set |
//!
//! Without a flag the client's frames are masked, each with another key of a fixed sequence that begins with
//! RFC 6455's 37fa213d; the server's are not. Several frames, or bytes and frames, of one step are parted by
//! a `|` of its own.
//!
//! The first token of a `close` may be the code in decimal: 1, 3, 4 or 5 digits. Two digits are a byte in
//! hexadecimal, as everywhere (so `close 03` has a payload of one byte); a code below 100 can be written
//! `0042`.
//!
//! # Compression
//!
//! Each side of each connection has one running compressor. It keeps its context whatever was agreed, so
//! without context takeover write `+rsv1 fresh('text')`. A fragmented message may be compressed piece by
//! piece: `z` drops the trailing `00 00 ff ff` only where FIN is set, and sets no RSV1 on `cont` (which no
//! continuation may have; `+rsv1` sets it). Of an empty payload, and of `deflate('')`, the compressed form
//! is the `00` of RFC 7692 section 7.2.3.6.
//!
//! # Fine print
//!
//! - `again` is a step like others: a frame in it is masked with the next key and compressed with the running
//!   compressor. Write bytes, or give the same `mask:KEY` twice, for a copy that is equal. Where it reaches past the
//!   sender's next sequence number, that moves on. A FIN counts as one.
//! - `noack` and `ack` send nothing, and hold for all connections. TCP's own handshake is always acknowledged.
//! - A packet that is lost takes its millisecond like any other.
//! - `cut` never cuts the file's header.
//! - All steps together may send 16 MiB.

mod bounds;
mod encode;
mod head;
mod lex;
mod packets;
mod parse;
mod tokens;
pub(crate) mod wire;

use crate::item::Dir;
use crate::limits::Limits;
use head::Head;

/// A script, parsed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    steps: Vec<Step>,
    limits: Vec<(String, u64)>,
    /// How many bytes the file ends early.
    cut: usize,
}

/// A line that is no step.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: `{text}`: {expected}")]
pub struct ScriptError {
    /// The line's number, from 1.
    pub line: usize,
    /// The line, without white space at its ends.
    pub text: String,
    /// What was expected in its place.
    pub expected: String,
}

/// What a line means.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Lan,
    Midstream,
    Head(Dir, Head),
    Send(Dir, Way, Vec<Part>),
    /// Whether what is sent is acknowledged from here on.
    Acks(bool),
    /// Nanoseconds.
    Wait(i64),
    Fin(Dir),
    Reset(Dir),
    Connection,
    Snap(usize),
}

/// How bytes are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Plain,
    /// The capture lacks the packets.
    Lost,
    /// So many bytes before the sender's next sequence number.
    Again(u32),
}

/// What stands between two `|`.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Raw(Vec<Run>),
    Frame(Frame),
}

/// Raw bytes under one masking key, which is sent before them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Run {
    key: Option<[u8; 4]>,
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Frame {
    opcode: crate::ws::fact::Opcode,
    fin: bool,
    rsv: u8,
    masking: Masking,
    /// The payload is to be compressed.
    compress: bool,
    payload: Vec<Piece>,
}

/// How a frame is masked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Masking {
    /// As is usual for the sender.
    Usual,
    Never,
    Key([u8; 4]),
}

/// A token's bytes, and how often they are repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Piece {
    content: Content,
    times: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Content {
    Bytes(Vec<u8>),
    /// To be compressed with the running compressor.
    Deflate(Vec<u8>),
    /// To be compressed without history.
    Fresh(Vec<u8>),
}

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    ///
    /// The first line that is no step, or no step that can stand there.
    pub fn parse(text: &str) -> Result<Self, ScriptError> {
        parse::script(text)
    }

    /// The capture that the script describes: a pcapng file.
    #[must_use]
    pub fn capture(&self) -> Vec<u8> {
        packets::file(&self.segments(), self.cut)
    }

    /// The TCP segments of that capture.
    pub(crate) fn segments(&self) -> Vec<wire::Segment> {
        wire::segments(&self.steps)
    }

    /// How many bytes the file ends early.
    pub(crate) const fn cut(&self) -> usize {
        self.cut
    }

    /// The script holds only within other bounds than the usual ones.
    pub(crate) const fn has_limits(&self) -> bool {
        !self.limits.is_empty()
    }

    /// The same with another key (and the answer to it) where the script takes the usual one: the
    /// connections of several scripts are not to share theirs.
    pub(crate) fn with_key(mut self, key: &str) -> Self {
        for step in &mut self.steps {
            if let Step::Head(_, head) = step {
                head.set_key(key);
            }
        }
        self
    }

    /// The bounds within which the script wants to be run: `base`, changed by its `limit` lines.
    #[must_use]
    pub fn limits(&self, base: Limits) -> Limits {
        self.limits.iter().fold(base, |limits, (name, value)| bounds::with(limits, name, *value))
    }

    /// What the steps with tokens (`c`, `s`, `lose`, `again`) send, in order; one element for each.
    #[must_use]
    pub fn payloads(&self) -> Vec<(Dir, Vec<u8>)> {
        let mut encoder = encode::Encoder::default();
        let mut payloads = Vec::new();
        for step in &self.steps {
            match step {
                Step::Connection => encoder.connection(),
                Step::Send(side, _, parts) => payloads.push((*side, encoder.encode(*side, parts))),
                _ => {}
            }
        }
        payloads
    }
}

#[cfg(test)]
mod tests;
