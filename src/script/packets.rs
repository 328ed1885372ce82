//! TCP segments into a capture file.

use std::net::SocketAddr;

use super::wire::Segment;
use crate::capture::synth::{self, ETHERNET};
use crate::capture::write;
use crate::item::Dir;

/// A pcapng file of the segments that ends `cut` bytes early, though never in its header.
pub(super) fn file(segments: &[Segment], cut: usize) -> Vec<u8> {
    let mut out = Vec::new();
    write::section(&mut out);
    write::interface(&mut out, ETHERNET);
    let header = out.len();
    for segment in segments {
        // None is too long for a packet.
        let Some(packet) = packet(segment) else { continue };
        let captured = packet.get(..segment.snap).unwrap_or(&packet);
        write::packet(&mut out, 0, segment.time, packet.len() as u32, captured, "");
    }
    out.truncate(out.len().saturating_sub(cut).max(header));
    out
}

fn packet(segment: &Segment) -> Option<Vec<u8>> {
    let [client, server] = if segment.lan { LAN } else { LOOPBACK };
    let (client, server) = (client.at(segment.client_port), server.at(SERVER_PORT));
    let (from, to) = if segment.from == Dir::C2s { (client, server) } else { (server, client) };
    synth::packet(&synth::Segment {
        from,
        to,
        kind: segment.kind,
        seq: segment.seq,
        ack: segment.ack,
        payload: &segment.payload,
    })
}

#[derive(Clone, Copy)]
struct Host {
    mac: [u8; 6],
    ip: [u8; 4],
}

impl Host {
    fn at(self, port: u16) -> (SocketAddr, [u8; 6]) {
        (SocketAddr::from((self.ip, port)), self.mac)
    }
}

/// Client and server over the loopback interface, whose addresses are zero.
const LOOPBACK: [Host; 2] = [Host { mac: [0; 6], ip: [127, 0, 0, 1] }; 2];
/// Client and server on networks for documentation (RFC 5737), with locally administered addresses.
const LAN: [Host; 2] = [
    Host { mac: [2, 0, 0, 0, 0, 1], ip: [192, 0, 2, 1] },
    Host { mac: [2, 0, 0, 0, 0, 2], ip: [198, 51, 100, 2] },
];
const SERVER_PORT: u16 = 8_080;
