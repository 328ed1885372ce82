//! TCP segments into packets, and packets into a capture file.

use std::net::IpAddr;

use etherparse::{IpHeaders, Ipv4Header, Ipv6Header, PacketBuilder, TcpHeader, VlanId};

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
    let mut packet = Vec::new();
    for segment in segments {
        let ends = Ends::of(segment);
        packet.clear();
        if !tcp(&mut packet, &ends, segment.from, segment.tcp(), &segment.payload) {
            continue;
        }
        let captured = packet.get(..segment.snap).unwrap_or(&packet);
        write::packet(&mut out, 0, segment.time, packet.len() as u32, captured, "");
    }
    out.truncate(out.len().saturating_sub(cut).max(header));
    out
}

/// Where packets come from and go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Host {
    /// The Ethernet address.
    pub(crate) mac: [u8; 6],
    /// The address. Both of a connection's are of one version.
    pub(crate) ip: IpAddr,
    /// The port.
    pub(crate) port: u16,
}

/// The two ends of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ends {
    /// Who opened it.
    pub(crate) client: Host,
    /// Who was called.
    pub(crate) server: Host,
    /// The number of the VLAN that they are in.
    pub(crate) vlan: Option<u16>,
}

impl Ends {
    /// Those of a script's connection.
    pub(crate) fn of(segment: &Segment) -> Self {
        let [client, server] = if segment.lan { LAN } else { LOOPBACK };
        let client = Host { port: segment.client_port, ..client };
        Self { client, server, vlan: None }
    }

    /// Who sends in a direction, and to whom.
    const fn of_dir(&self, dir: Dir) -> (&Host, &Host) {
        match dir {
            Dir::C2s => (&self.client, &self.server),
            Dir::S2c => (&self.server, &self.client),
        }
    }
}

impl Segment {
    /// The TCP header, but for the ports and the checksum.
    pub(crate) fn tcp(&self) -> TcpHeader {
        let mut tcp = TcpHeader::new(0, 0, self.seq, WINDOW);
        tcp.acknowledgment_number = self.ack;
        tcp.syn = matches!(self.kind, Kind::Syn | Kind::SynAck);
        tcp.ack = self.kind != Kind::Syn;
        tcp.psh = self.kind == Kind::Data;
        tcp.fin = self.kind == Kind::Fin;
        tcp.rst = self.kind == Kind::Reset;
        tcp
    }
}

/// Appends the Ethernet packet of a TCP segment; its ports are those of the ends. `false` where the payload
/// is too long for one IP packet.
pub(crate) fn tcp(out: &mut Vec<u8>, ends: &Ends, dir: Dir, mut tcp: TcpHeader, payload: &[u8]) -> bool {
    let (from, to) = ends.of_dir(dir);
    (tcp.source_port, tcp.destination_port) = (from.port, to.port);
    let Some(ip) = ip(from.ip, to.ip) else { return false };
    let ethernet = PacketBuilder::ethernet2(from.mac, to.mac);
    let below = match ends.vlan.and_then(|id| VlanId::try_new(id).ok()) {
        Some(id) => ethernet.single_vlan(id).ip(ip),
        None => ethernet.ip(ip),
    };
    below.tcp_header(tcp).write(out, payload).is_ok()
}

/// Appends the Ethernet packet of a UDP datagram. `false` where it is too long for one IP packet.
pub(crate) fn udp(out: &mut Vec<u8>, ends: &Ends, dir: Dir, payload: &[u8]) -> bool {
    let (from, to) = ends.of_dir(dir);
    let Some(ip) = ip(from.ip, to.ip) else { return false };
    let builder = PacketBuilder::ethernet2(from.mac, to.mac).ip(ip).udp(from.port, to.port);
    builder.write(out, payload).is_ok()
}

/// An IP header whose lengths and checksum are still to be filled in.
fn ip(from: IpAddr, to: IpAddr) -> Option<IpHeaders> {
    Some(match (from, to) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            let header = Ipv4Header {
                time_to_live: HOPS,
                source: from.octets(),
                destination: to.octets(),
                ..Ipv4Header::default()
            };
            IpHeaders::Ipv4(header, Default::default())
        }
        (IpAddr::V6(from), IpAddr::V6(to)) => {
            let header = Ipv6Header {
                hop_limit: HOPS,
                source: from.octets(),
                destination: to.octets(),
                ..Ipv6Header::default()
            };
            IpHeaders::Ipv6(header, Default::default())
        }
        _ => return None,
    })
}

/// Client and server over the loopback interface, whose addresses are zero.
const LOOPBACK: [Host; 2] = [Host { mac: [0; 6], ip: v4([127, 0, 0, 1]), port: SERVER_PORT }; 2];
/// Client and server on networks for documentation (RFC 5737), with locally administered addresses.
const LAN: [Host; 2] = [
    Host { mac: [2, 0, 0, 0, 0, 1], ip: v4([192, 0, 2, 1]), port: SERVER_PORT },
    Host { mac: [2, 0, 0, 0, 0, 2], ip: v4([198, 51, 100, 2]), port: SERVER_PORT },
];

const fn v4([a, b, c, d]: [u8; 4]) -> IpAddr {
    IpAddr::V4(std::net::Ipv4Addr::new(a, b, c, d))
}

pub(crate) const ETHERNET: LinkType = LinkType(1);
const SERVER_PORT: u16 = 8_080;
const WINDOW: u16 = 65_535;
const HOPS: u8 = 64;
