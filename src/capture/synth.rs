//! TCP segments and datagrams into Ethernet packets, for captures of what never was a packet.

use std::net::IpAddr;

use etherparse::{IpHeaders, Ipv4Header, Ipv6Header, PacketBuilder, TcpHeader, VlanId};

use super::source::LinkType;
use crate::item::Dir;

/// The link type of the packets.
pub const ETHERNET: LinkType = LinkType(1);

/// The most payload bytes of a segment: an IPv4 packet of 65,535 bytes has two headers of 20 before them.
pub const MAX_PAYLOAD: usize = 65_535 - 40;

/// Where packets come from and go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Host {
    /// The Ethernet address.
    pub mac: [u8; 6],
    /// The address. Both of a connection's are of one version.
    pub ip: IpAddr,
    /// The port.
    pub port: u16,
}

/// The two ends of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// Who opened it.
    pub client: Host,
    /// Who was called.
    pub server: Host,
    /// The number of the VLAN that they are in.
    pub vlan: Option<u16>,
}

impl Ends {
    /// Who sends in a direction, and to whom.
    const fn of_dir(&self, dir: Dir) -> (&Host, &Host) {
        match dir {
            Dir::C2s => (&self.client, &self.server),
            Dir::S2c => (&self.server, &self.client),
        }
    }
}

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

impl Kind {
    /// The TCP header of such a segment, but for the ports and the checksum: its sequence number, and the next
    /// one that is expected of the receiver.
    #[must_use]
    pub fn header(self, seq: u32, ack: u32) -> TcpHeader {
        let mut tcp = TcpHeader::new(0, 0, seq, WINDOW);
        tcp.acknowledgment_number = ack;
        tcp.syn = matches!(self, Self::Syn | Self::SynAck);
        tcp.ack = self != Self::Syn;
        tcp.psh = self == Self::Data;
        tcp.fin = self == Self::Fin;
        tcp.rst = self == Self::Reset;
        tcp
    }
}

/// Appends the Ethernet packet of a TCP segment; its ports are those of the ends. `false` where the payload
/// is too long for one IP packet, or one address is IPv4 and the other one IPv6.
pub fn tcp(out: &mut Vec<u8>, ends: &Ends, dir: Dir, mut tcp: TcpHeader, payload: &[u8]) -> bool {
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

/// Appends the Ethernet packet of a UDP datagram. `false` where [`tcp`] says so.
pub fn udp(out: &mut Vec<u8>, ends: &Ends, dir: Dir, payload: &[u8]) -> bool {
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

const WINDOW: u16 = 65_535;
const HOPS: u8 = 64;
