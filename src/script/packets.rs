//! TCP segments into a capture file.

use std::net::{IpAddr, Ipv4Addr};

use super::wire::Segment;
use crate::capture::synth::{self, ETHERNET, Ends, Host};
use crate::capture::write;

/// A pcapng file of the segments that ends `cut` bytes early, though never in its header.
pub(super) fn file(segments: &[Segment], cut: usize) -> Vec<u8> {
    let mut out = Vec::new();
    write::section(&mut out);
    write::interface(&mut out, ETHERNET);
    let header = out.len();
    let mut packet = Vec::new();
    for segment in segments {
        packet.clear();
        if !segment.packet(&mut packet) {
            continue;
        }
        let captured = packet.get(..segment.snap).unwrap_or(&packet);
        write::packet(&mut out, 0, segment.time, packet.len() as u32, captured, "");
    }
    out.truncate(out.len().saturating_sub(cut).max(header));
    out
}

impl Segment {
    /// The ends of its connection.
    pub(crate) fn ends(&self) -> Ends {
        let [client, server] = if self.lan { LAN } else { LOOPBACK };
        let client = Host { port: self.client_port, ..client };
        Ends { client, server, vlan: None }
    }

    /// Appends its Ethernet packet. `false` where it is too long, which none is.
    pub(crate) fn packet(&self, out: &mut Vec<u8>) -> bool {
        synth::tcp(out, &self.ends(), self.from, self.kind.header(self.seq, self.ack), &self.payload)
    }
}

/// Client and server over the loopback interface, whose addresses are zero.
const LOOPBACK: [Host; 2] = [Host { mac: [0; 6], ip: v4([127, 0, 0, 1]), port: SERVER_PORT }; 2];
/// Client and server on networks for documentation (RFC 5737), with locally administered addresses.
const LAN: [Host; 2] = [
    Host { mac: [2, 0, 0, 0, 0, 1], ip: v4([192, 0, 2, 1]), port: SERVER_PORT },
    Host { mac: [2, 0, 0, 0, 0, 2], ip: v4([198, 51, 100, 2]), port: SERVER_PORT },
];

const fn v4([a, b, c, d]: [u8; 4]) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(a, b, c, d))
}

const SERVER_PORT: u16 = 8_080;
