//! TCP segments into a capture file.

use etherparse::{PacketBuilder, TcpHeader};

use super::wire::{Kind, Segment};
use crate::capture::source::LinkType;
use crate::capture::write;
use crate::item::Dir;

/// A pcapng file of the segments that ends `cut` bytes early, though never in its header.
pub(super) fn file(segments: &[Segment], cut: usize) -> Vec<u8> {
    let mut out = Vec::new();
    write::section(&mut out);
    write::interface(&mut out, ETHERNET);
    let header = out.len();
    for segment in segments {
        let Some(packet) = packet(segment) else { continue };
        let captured = packet.get(..segment.snap).unwrap_or(&packet);
        write::packet(&mut out, 0, segment.time, packet.len() as u32, captured, "");
    }
    out.truncate(out.len().saturating_sub(cut).max(header));
    out
}

/// The Ethernet packet of a segment. `None` where it does not fit into an IPv4 packet, which none is
/// too long for.
fn packet(segment: &Segment) -> Option<Vec<u8>> {
    let [client, server] = if segment.lan { LAN } else { LOOPBACK };
    let (client, server) = ((client, segment.client_port), (server, SERVER_PORT));
    let (from, to) = if segment.from == Dir::C2s { (client, server) } else { (server, client) };
    let mut tcp = TcpHeader::new(from.1, to.1, segment.seq, WINDOW);
    tcp.acknowledgment_number = segment.ack;
    tcp.syn = matches!(segment.kind, Kind::Syn | Kind::SynAck);
    tcp.ack = segment.kind != Kind::Syn;
    tcp.psh = segment.kind == Kind::Data;
    tcp.fin = segment.kind == Kind::Fin;
    tcp.rst = segment.kind == Kind::Reset;
    let builder = PacketBuilder::ethernet2(from.0.mac, to.0.mac).ipv4(from.0.ip, to.0.ip, 64).tcp_header(tcp);
    let mut packet = Vec::new();
    builder.write(&mut packet, &segment.payload).ok()?;
    Some(packet)
}

#[derive(Clone, Copy)]
struct Host {
    mac: [u8; 6],
    ip: [u8; 4],
}

/// Client and server over the loopback interface, whose addresses are zero.
const LOOPBACK: [Host; 2] = [Host { mac: [0; 6], ip: [127, 0, 0, 1] }; 2];
/// Client and server on networks for documentation (RFC 5737), with locally administered addresses.
const LAN: [Host; 2] = [
    Host { mac: [2, 0, 0, 0, 0, 1], ip: [192, 0, 2, 1] },
    Host { mac: [2, 0, 0, 0, 0, 2], ip: [198, 51, 100, 2] },
];
const ETHERNET: LinkType = LinkType(1);
const SERVER_PORT: u16 = 8_080;
const WINDOW: u16 = 65_535;
