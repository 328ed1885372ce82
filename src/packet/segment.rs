//! One TCP segment as the packet layer hands it on.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv6Addr};

use crate::capture::source::Numbered;
use crate::item::At;

/// An address and a port. IPv4 addresses are kept in their IPv6-mapped form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint {
    ip: [u8; 16],
    port: u16,
}

impl Endpoint {
    /// From an address in network byte order, IPv6 or IPv4-mapped.
    #[must_use]
    pub const fn new(ip: [u8; 16], port: u16) -> Self {
        Self { ip, port }
    }

    /// From the four bytes of an IPv4 address.
    #[inline]
    #[must_use]
    pub const fn v4(ip: [u8; 4], port: u16) -> Self {
        // As a number, since it is made for every packet.
        let mapped = 0xffff << 32 | u32::from_be_bytes(ip) as u128;
        Self { ip: mapped.to_be_bytes(), port }
    }

    /// The address, IPv4 where it is one.
    #[must_use]
    pub fn ip(&self) -> IpAddr {
        Ipv6Addr::from(self.ip).to_canonical()
    }

    /// The TCP port.
    #[inline]
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }
}

impl Ord for Endpoint {
    /// By address, then by port. As numbers: comparing bytes would be a call per packet.
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        (u128::from_be_bytes(self.ip), self.port).cmp(&(u128::from_be_bytes(other.ip), other.port))
    }
}

impl PartialOrd for Endpoint {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl std::fmt::Display for Endpoint {
    /// `10.0.0.1:80` or `[2001:db8::1]:80`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::net::SocketAddr::new(self.ip(), self.port).fmt(f)
    }
}

/// The two endpoints of a TCP flow in canonical order, the same for both directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowKey {
    /// The lesser endpoint.
    pub low: Endpoint,
    /// The greater endpoint (equal to `low` only where a socket talks to itself).
    pub high: Endpoint,
}

impl Hash for FlowKey {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Three wide words instead of 36 bytes: this is hashed for every packet.
        state.write_u128(u128::from_ne_bytes(self.low.ip));
        state.write_u128(u128::from_ne_bytes(self.high.ip));
        state.write_u32(u32::from(self.low.port) << 16 | u32::from(self.high.port));
    }
}

impl FlowKey {
    /// A number from the key alone, the same in every run: to deal flows to a few places evenly, not
    /// to find them, since whoever sends the traffic can choose it.
    #[inline]
    #[must_use]
    pub fn lot(&self) -> u64 {
        let end = |endpoint: &Endpoint| {
            let [.., low] = endpoint.ip.as_chunks::<8>().0 else { return 0 };
            u64::from_ne_bytes(*low).wrapping_add(u64::from(endpoint.port) << 24)
        };
        let mixed = end(&self.low).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ end(&self.high).rotate_left(32);
        mixed.wrapping_mul(0xd6e8_feb8_6659_fd93) >> 32
    }

    /// The key of a packet, and whether it was sent by the lesser endpoint.
    #[inline]
    #[must_use]
    pub fn new(source: Endpoint, destination: Endpoint) -> (Self, bool) {
        if source <= destination {
            (Self { low: source, high: destination }, true)
        } else {
            (Self { low: destination, high: source }, false)
        }
    }
}

/// The TCP flags that reassembly needs, as on the wire (RFC 9293 section 3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(pub u8);

impl Flags {
    /// FIN: no more data from the sender.
    pub const FIN: u8 = 0x01;
    /// SYN: synchronise sequence numbers.
    pub const SYN: u8 = 0x02;
    /// RST: reset the connection.
    pub const RST: u8 = 0x04;
    /// ACK: the acknowledgement field is significant.
    pub const ACK: u8 = 0x10;

    /// From the flags byte of a TCP header; only the four flags above are kept.
    #[inline]
    #[must_use]
    pub const fn from_wire(byte: u8) -> Self {
        Self(byte & (Self::FIN | Self::SYN | Self::RST | Self::ACK))
    }

    /// FIN is set.
    #[inline]
    #[must_use]
    pub const fn fin(self) -> bool {
        self.0 & Self::FIN != 0
    }

    /// SYN is set.
    #[inline]
    #[must_use]
    pub const fn syn(self) -> bool {
        self.0 & Self::SYN != 0
    }

    /// RST is set.
    #[inline]
    #[must_use]
    pub const fn rst(self) -> bool {
        self.0 & Self::RST != 0
    }

    /// ACK is set.
    #[inline]
    #[must_use]
    pub const fn ack(self) -> bool {
        self.0 & Self::ACK != 0
    }
}

/// Where a segment's payload lies among the recent read buffers: lets a later retransmission be
/// compared with the bytes that were first, without keeping a copy of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The read buffer's serial number, from 1; 0 = nowhere (the payload is in no read buffer).
    pub block: u32,
    /// The payload's offset in that buffer.
    pub offset: u32,
}

impl Place {
    /// The place `bytes` further on; nowhere stays nowhere.
    #[inline]
    #[must_use]
    pub const fn advanced(self, bytes: usize) -> Self {
        if self.block == 0 {
            return self;
        }
        Self { block: self.block, offset: self.offset.wrapping_add(bytes as u32) }
    }
}

/// A TCP segment. The payload borrows from the read buffer.
#[derive(Clone, Copy, Debug)]
pub struct Segment<'a> {
    /// The flow.
    pub key: FlowKey,
    /// Sent by `key.low`.
    pub from_low: bool,
    /// The packet.
    pub at: At,
    /// Sequence number of the first payload byte (of the SYN where that is set).
    pub seq: u32,
    /// Acknowledgement number; meaningful where ACK is set.
    pub ack: u32,
    /// FIN, SYN, RST, ACK.
    pub flags: Flags,
    /// The payload, as far as the capture holds it; without link padding.
    pub payload: &'a [u8],
    /// Payload bytes that were on the wire after `payload` and that the snap length cut off.
    pub cut: u32,
    /// Where `payload` lies.
    pub place: Place,
    /// The packets before this one that brought fragments of it.
    pub earlier: &'a [Numbered],
}
