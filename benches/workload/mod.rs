//! Captures of WebSocket traffic, made in memory, the same in every run.
//!
//! The kinds are those of the large workloads that `docs/performance.md` is about, some MB each.

pub(crate) mod connection;
pub(crate) mod net;
pub(crate) mod rng;
pub(crate) mod talk;
pub(crate) mod text;

use wscope::capture::source::LinkType;
use wscope::capture::write;
use wscope::time::Timestamp;

use connection::Connection;
use net::{Below, Ends};
use rng::Rng;

/// Ethernet, as the pcap formats number it.
pub(crate) const ETHERNET: LinkType = LinkType(1);

/// What the traffic is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Texts of 20 to 400 bytes, some pings.
    Chatty,
    /// Binary messages of 0.1 to 1 MB.
    Bulk,
    /// permessage-deflate with context takeover, texts of 0.1 to 4 kB.
    Deflate,
    /// Loss, reordering and retransmission; IPv6, VLAN and UDP among it.
    Dirty,
    /// Short connections: a handshake, three messages, the end.
    Flows,
    /// Frames of 1 to 16 bytes, many to a segment.
    Tiny,
    /// Messages in ten fragments, with pings between them.
    Fragmented,
}

impl Kind {
    pub(crate) const ALL: [Self; 7] =
        [Self::Chatty, Self::Bulk, Self::Deflate, Self::Dirty, Self::Flows, Self::Tiny, Self::Fragmented];

    const fn connections(self) -> usize {
        match self {
            Self::Bulk => 8,
            Self::Tiny => 20,
            Self::Chatty | Self::Deflate | Self::Dirty | Self::Fragmented => 50,
            Self::Flows => 500,
        }
    }
}

/// A capture and what it holds.
pub(crate) struct Workload {
    /// A pcap file.
    pub(crate) capture: Vec<u8>,
    pub(crate) packets: u64,
    /// Frames and data messages that were sent; of [`Kind::Dirty`] some were not captured.
    pub(crate) frames: u64,
    pub(crate) messages: u64,
}

/// Makes a capture of about `bytes` bytes.
pub(crate) fn make(kind: Kind, bytes: usize) -> Workload {
    let mut tape = Tape::new(bytes);
    let mut rng = Rng::new(6_455);
    let mut made = 0;
    let mut open: Vec<Connection> = Vec::new();
    let (mut frames, mut messages) = (0, 0);
    loop {
        let closing = tape.bytes.len() >= bytes;
        while !closing && open.len() < kind.connections() {
            open.push(Connection::open(kind, made, &mut rng, &mut tape));
            made += 1;
        }
        if open.is_empty() {
            break;
        }
        if kind == Kind::Dirty && rng.per_mille(250) {
            noise(&mut rng, &mut tape);
        }
        let chosen = rng.below(open.len());
        let connection = &mut open[chosen];
        if closing || kind == Kind::Flows && connection.talk.messages == 3 {
            connection.close(&mut rng, &mut tape);
            frames += connection.talk.frames;
            messages += connection.talk.messages;
            open.swap_remove(chosen);
        } else {
            connection.go_on(&mut rng, &mut tape);
        }
    }
    Workload { capture: tape.bytes, packets: tape.packets, frames, messages }
}

/// A datagram of something else.
fn noise(rng: &mut Rng, tape: &mut Tape) {
    let ends = Ends { below: Below::V4, hosts: [0x0a09_0001, 0x0808_0404], ports: [40_000, 53] };
    let len = rng.range(60, 1_350);
    let payload = rng.bytes(len);
    tape.record(&net::udp(&ends, rng.below(2), &payload));
}

/// A capture that is being written.
pub(crate) struct Tape {
    bytes: Vec<u8>,
    packets: u64,
}

impl Tape {
    fn new(bytes: usize) -> Self {
        let mut tape = Self { bytes: Vec::with_capacity(bytes + (8 << 20)), packets: 0 };
        write::pcap_header(&mut tape.bytes, ETHERNET);
        tape
    }

    fn record(&mut self, frame: &[u8]) {
        let time = Timestamp::from_nanos(1_795_168_800_000_000_000 + self.packets as i64 * 10_000);
        write::pcap_packet(&mut self.bytes, time, frame.len() as u32, frame);
        self.packets += 1;
    }
}
