//! TCP segments and UDP datagrams into Ethernet frames.

/// What lies between Ethernet and TCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Below {
    V4,
    /// IPv4 below an 802.1Q tag.
    Vlan,
    V6,
    /// Ethernet and IPv4 within IPv4, UDP and VXLAN.
    Vxlan,
}

/// The two endpoints of a flow, client first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ends {
    pub(crate) below: Below,
    pub(crate) hosts: [u32; 2],
    pub(crate) ports: [u16; 2],
}

pub(crate) const FIN: u8 = 0x01;
pub(crate) const SYN: u8 = 0x02;
pub(crate) const PSH: u8 = 0x08;
pub(crate) const ACK: u8 = 0x10;

/// The numbers of a TCP segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Numbers {
    pub(crate) seq: u32,
    pub(crate) ack: u32,
    pub(crate) flags: u8,
}

/// A frame with a TCP segment from endpoint `from` (0 = the client), with time stamps as most have.
pub(crate) fn tcp(ends: &Ends, from: usize, numbers: Numbers, payload: &[u8]) -> Vec<u8> {
    let mut segment = Vec::with_capacity(32 + payload.len());
    segment.extend_from_slice(&ends.ports[from].to_be_bytes());
    segment.extend_from_slice(&ends.ports[1 - from].to_be_bytes());
    segment.extend_from_slice(&numbers.seq.to_be_bytes());
    segment.extend_from_slice(&numbers.ack.to_be_bytes());
    segment.extend_from_slice(&[0x80, numbers.flags, 0x20, 0, 0, 0, 0, 0]);
    segment.extend_from_slice(&[1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 1]);
    segment.extend_from_slice(payload);
    frame(ends, from, 6, &segment)
}

/// A frame with a UDP datagram.
pub(crate) fn udp(ends: &Ends, from: usize, payload: &[u8]) -> Vec<u8> {
    frame(ends, from, 17, &datagram(ends.ports[from], ends.ports[1 - from], payload))
}

fn datagram(source: u16, destination: u16, payload: &[u8]) -> Vec<u8> {
    let words = [source, destination, 8 + payload.len() as u16, 0];
    words.into_iter().flat_map(u16::to_be_bytes).chain(payload.iter().copied()).collect()
}

fn frame(ends: &Ends, from: usize, protocol: u8, payload: &[u8]) -> Vec<u8> {
    let hosts = [ends.hosts[from], ends.hosts[1 - from]];
    match ends.below {
        Below::V4 => ethernet(&[0x08, 0x00], &v4(hosts, protocol, payload)),
        Below::Vlan => ethernet(&[0x81, 0x00, 0x00, 0x64, 0x08, 0x00], &v4(hosts, protocol, payload)),
        Below::V6 => ethernet(&[0x86, 0xdd], &v6(hosts, protocol, payload)),
        Below::Vxlan => {
            let mut inner = vec![0x08, 0, 0, 0, 0, 0, 42, 0];
            inner.extend(ethernet(&[0x08, 0x00], &v4(hosts, protocol, payload)));
            let outer = v4([0x0a63_0001, 0x0a63_0002], 17, &datagram(50_000, 4_789, &inner));
            ethernet(&[0x08, 0x00], &outer)
        }
    }
}

fn ethernet(kind: &[u8], payload: &[u8]) -> Vec<u8> {
    [&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2], kind, payload].concat()
}

fn v4([source, destination]: [u32; 2], protocol: u8, payload: &[u8]) -> Vec<u8> {
    let [high, low] = (20 + payload.len() as u16).to_be_bytes();
    let mut packet = vec![0x45, 0, high, low, 0, 1, 0x40, 0, 64, protocol, 0, 0];
    packet.extend_from_slice(&source.to_be_bytes());
    packet.extend_from_slice(&destination.to_be_bytes());
    let words = packet.as_chunks::<2>().0.iter();
    let mut sum: u32 = words.map(|word| u32::from(u16::from_be_bytes(*word))).sum();
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    packet[10..12].copy_from_slice(&(!sum as u16).to_be_bytes());
    packet.extend_from_slice(payload);
    packet
}

fn v6(hosts: [u32; 2], protocol: u8, payload: &[u8]) -> Vec<u8> {
    let [high, low] = (payload.len() as u16).to_be_bytes();
    let mut packet = vec![0x60, 0, 0, 0, high, low, protocol, 64];
    for host in hosts {
        packet.extend_from_slice(&[0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0]);
        packet.extend_from_slice(&host.to_be_bytes());
    }
    packet.extend_from_slice(payload);
    packet
}
