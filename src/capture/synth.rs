//! TCP segments into Ethernet packets, for captures of what never was a packet.

use std::net::{IpAddr, SocketAddr};

use etherparse::{PacketBuilder, TcpHeader};

use super::source::LinkType;

/// The link type of the packets.
pub const ETHERNET: LinkType = LinkType(1);

/// The most payload bytes of a segment: an IPv4 packet of 65,535 bytes has two headers of 20 before them.
pub const MAX_PAYLOAD: usize = 65_535 - 40;

/// Which flags a segment has; all but the first SYN have ACK, and those with data PSH.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The first packet of a connection.
    Syn,
    /// The answer to it.
    SynAck,
    /// An acknowledgement, without data.
    Ack,
    /// Bytes.
    Data,
    /// The sender has no more to say.
    Fin,
    /// The connection is broken off.
    Reset,
}

/// A TCP segment.
#[derive(Clone, Copy, Debug)]
pub struct Segment<'a> {
    /// The sender, and its Ethernet address.
    pub from: (SocketAddr, [u8; 6]),
    /// The receiver.
    pub to: (SocketAddr, [u8; 6]),
    /// The flags.
    pub kind: Kind,
    /// The sequence number.
    pub seq: u32,
    /// The next sequence number that is expected of the receiver.
    pub ack: u32,
    /// The payload, of at most [`MAX_PAYLOAD`] bytes.
    pub payload: &'a [u8],
}

/// The packet of a segment. `None` where the payload is too long, or one address is IPv4 and the other one IPv6.
#[must_use]
pub fn packet(segment: &Segment<'_>) -> Option<Vec<u8>> {
    let Segment { from, to, kind, .. } = *segment;
    let mut tcp = TcpHeader::new(from.0.port(), to.0.port(), segment.seq, WINDOW);
    tcp.acknowledgment_number = segment.ack;
    tcp.syn = matches!(kind, Kind::Syn | Kind::SynAck);
    tcp.ack = kind != Kind::Syn;
    tcp.psh = kind == Kind::Data;
    tcp.fin = kind == Kind::Fin;
    tcp.rst = kind == Kind::Reset;
    let link = PacketBuilder::ethernet2(from.1, to.1);
    let ip = match (from.0.ip(), to.0.ip()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => link.ipv4(from.octets(), to.octets(), HOPS),
        (IpAddr::V6(from), IpAddr::V6(to)) => link.ipv6(from.octets(), to.octets(), HOPS),
        _ => return None,
    };
    let mut packet = Vec::with_capacity(74 + segment.payload.len());
    ip.tcp_header(tcp).write(&mut packet, segment.payload).ok()?;
    Some(packet)
}

const WINDOW: u16 = 65_535;
const HOPS: u8 = 64;
