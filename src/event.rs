//! What the engine tells the world.

use crate::http::upgrade::Handshake;
use crate::item::{At, End};
use crate::packet::segment::Endpoint;
use crate::rules::finding::{Finding, Reaction};
use crate::ws::fact::{Frame, Message};

/// Names a connection inside the engine: the same for any number of threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId {
    /// The number of the first packet of its TCP flow.
    pub packet: u64,
    /// Which upgrade on that flow, from 0 (refused ones count).
    pub attempt: u32,
}

/// How the WebSocket came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// An HTTP/1.1 upgrade.
    Http1,
    /// No handshake was seen: the capture began inside the connection.
    None,
}

impl Transport {
    /// As the export spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http1 => "http/1.1",
            Self::None => "none",
        }
    }
}

/// A WebSocket connection, or an upgrade that was refused or never answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Connection {
    /// Its name inside the engine.
    pub id: ConnectionId,
    /// Its number in all output, from 1, where it is known already: with one thread, always; with several, some time
    /// after its record. Nothing but the way of the output may depend on that.
    pub number: Option<u32>,
    /// The first packet of its TCP flow.
    pub opened: At,
    /// Who sent the upgrade request, or who masks.
    pub client: Endpoint,
    /// The other end.
    pub server: Endpoint,
    /// How it came about.
    pub transport: Transport,
    /// The handshake, as far as it was seen.
    pub handshake: Option<Box<Handshake>>,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// A Close both ways.
    Clean,
    /// Only the server sent a Close, then TCP ended.
    ServerClosed,
    /// Only the client sent a Close, then TCP ended.
    ClientClosed,
    /// RST before the closing handshake was complete.
    Reset,
    /// FIN without any Close.
    FinWithoutClose,
    /// Still open where the capture ends.
    Open,
    /// Dropped by us, to make room: nothing was heard of it for the longest time, or it held the most.
    Idle,
}

impl How {
    /// As the export spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::ServerClosed => "server-closed",
            Self::ClientClosed => "client-closed",
            Self::Reset => "reset",
            Self::FinWithoutClose => "fin-without-close",
            Self::Open => "open",
            Self::Idle => "idle",
        }
    }
}

/// A Close frame's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseFrame {
    /// The status code; `None` = an empty Close.
    pub code: Option<u16>,
    /// The reason, with invalid UTF-8 replaced.
    pub reason: String,
}

/// Counts of one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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

impl Totals {
    /// Adds the counts of another part of the direction.
    #[inline]
    pub(crate) const fn add(&mut self, other: &Self) {
        self.frames += other.frames;
        self.messages += other.messages;
        self.bytes += other.bytes;
        self.payload += other.payload;
    }
}

/// The end of a connection.
#[derive(Clone, Debug, PartialEq)]
pub struct Closing {
    /// The packet that ended it; the flow's last packet where nothing did.
    pub at: At,
    /// How; `None` for an upgrade that was refused or never answered.
    pub how: Option<How>,
    /// The first Close of each direction.
    pub close: [Option<CloseFrame>; 2],
    /// How each direction's TCP stream ended.
    pub tcp: [Option<End>; 2],
    /// What was seen in each direction.
    pub totals: [Totals; 2],
    /// Findings of this connection: errors, warnings, notes.
    pub findings: [u64; 3],
}

/// An event of one connection.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// The connection exists: its handshake is over, or its frames were recognised.
    Opened,
    /// A frame is over.
    Frame(&'a Frame<'a>),
    /// A message is over.
    Message(&'a Message<'a>),
    /// A rule was broken, or the capture is incomplete.
    Finding(&'a Finding),
    /// What the other endpoint did after a finding that was told.
    Reaction(&'a Reaction),
    /// The connection is over, or the capture is.
    Closed(&'a Closing),
}

/// Totals of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// The first packet.
    pub start: Option<At>,
    /// Packets read.
    pub packets: u64,
    /// Bytes of packets read, as captured.
    pub bytes: u64,
    /// Packets that could not be decoded (unknown link type, damaged headers).
    pub skipped_packets: u64,
    /// Packets that were lost before they could be captured, as far as the capturing machine says.
    pub dropped_packets: u64,
    /// TCP connections seen.
    pub tcp_connections: u64,
    /// WebSocket connections, refused upgrades among them.
    pub connections: u64,
    /// WebSocket frames.
    pub frames: u64,
    /// Data messages.
    pub messages: u64,
    /// Findings: errors, warnings, notes.
    pub findings: [u64; 3],
    /// TCP connections by what they turned out to carry, for "what was there instead".
    pub carried: Carried,
    /// Packets of link types that are not decoded: LINKTYPE number, packets.
    pub unknown_links: Vec<(u16, u64)>,
    /// What is wrong with the files.
    pub damage: Vec<String>,
    /// Findings of the capture as a whole (N002, N006, N007).
    pub capture_findings: Vec<Finding>,
}

/// What TCP connections carried that are no WebSocket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// TLS, without keys.
    pub tls: u64,
    /// HTTP/1 without an upgrade to WebSocket.
    pub http1: u64,
    /// HTTP/2 in the clear.
    pub http2: u64,
    /// Anything else.
    pub other: u64,
    /// No payload at all.
    pub empty: u64,
}

impl Carried {
    /// Adds the counts of another part of the run.
    pub(crate) fn add(&mut self, other: &Self) {
        self.tls += other.tls;
        self.http1 += other.http1;
        self.http2 += other.http2;
        self.other += other.other;
        self.empty += other.empty;
    }
}
