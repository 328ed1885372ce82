//! What an IP packet carries: TCP into a segment, or a tunnel.

use etherparse::{TcpSlice, err};

use super::ip::{Addresses, Payload};
use super::layer::{Fate, Layer, Next, Peeled};
use super::segment::{Endpoint, Flags, FlowKey, Place, Segment};
use super::udp;
use crate::capture::source::{Numbered, Packet};
use crate::item::At;

/// Gives out a TCP segment, or says what is in a tunnel (IANA protocol numbers).
#[inline]
pub(super) fn transport<'a>(
    origin: &Origin<'_>,
    addresses: &Addresses,
    payload: Payload<'a>,
    out: &mut impl FnMut(Segment<'_>),
) -> Peeled<'a> {
    let Payload { protocol, bytes, missing, .. } = payload;
    match protocol {
        6 => Err(tcp(origin, addresses, bytes, missing, out)),
        17 => udp::tunnel(bytes, missing),
        4 => Next::tunnel(Layer::Ipv4, bytes),
        41 => Next::tunnel(Layer::Ipv6, bytes),
        47 => Next::within(Layer::Gre, bytes),
        50 => Err(Fate::Encrypted),
        // EtherIP (RFC 3378): version 3 and nothing else.
        97 => match bytes {
            [0x30, 0, rest @ ..] => Next::tunnel(Layer::Ethernet, rest),
            _ => Err(Fate::Other),
        },
        137 => Next::tunnel(Layer::Mpls, bytes),
        143 => Next::tunnel(Layer::Ethernet, bytes),
        _ => Err(Fate::Other),
    }
}

/// Gives out the segment that the payload of an IP packet is.
#[inline]
fn tcp(
    origin: &Origin<'_>,
    addresses: &Addresses,
    bytes: &[u8],
    missing: u32,
    out: &mut impl FnMut(Segment<'_>),
) -> Fate {
    let (fixed, payload, cut) = match TcpSlice::from_slice(bytes) {
        Ok(tcp) => (tcp.header_slice(), tcp.payload(), missing),
        // The snap length cut the options; all that a segment needs comes before them.
        Err(err::tcp::HeaderSliceError::Len(error)) => {
            let options = error.required_len.saturating_sub(bytes.len());
            match missing.checked_sub(options as u32) {
                Some(cut) => (bytes, bytes.get(bytes.len()..).unwrap_or_default(), cut),
                None => return Fate::Short,
            }
        }
        Err(err::tcp::HeaderSliceError::Content(_)) => return Fate::Malformed,
    };
    let Some(&[s0, s1, d0, d1, q0, q1, q2, q3, a0, a1, a2, a3, _, flags, ..]) = fixed.first_chunk::<FIXED>()
    else {
        return Fate::Short;
    };
    let source = Endpoint::new(addresses.source, u16::from_be_bytes([s0, s1]));
    let destination = Endpoint::new(addresses.destination, u16::from_be_bytes([d0, d1]));
    let (key, from_low) = FlowKey::new(source, destination);
    out(Segment {
        key,
        from_low,
        at: origin.at,
        seq: u32::from_be_bytes([q0, q1, q2, q3]),
        ack: u32::from_be_bytes([a0, a1, a2, a3]),
        flags: Flags::from_wire(flags),
        payload,
        cut,
        place: origin.place(payload),
        earlier: origin.earlier,
    });
    Fate::Tcp
}

/// The bytes that a segment's payload is a part of: a packet, or a packet put together.
pub(super) struct Origin<'a> {
    /// All of them.
    pub(super) bytes: &'a [u8],
    /// Where they lie among the read buffers.
    pub(super) place: Place,
    /// The packet that they came with, or that completed them.
    pub(super) at: At,
    /// The same.
    pub(super) packet: &'a Packet,
    /// The packets before it that brought a part of them.
    pub(super) earlier: &'a [Numbered],
}

impl Origin<'_> {
    /// Where a part of the bytes lies.
    fn place(&self, part: &[u8]) -> Place {
        self.place.advanced(part.as_ptr().addr().wrapping_sub(self.bytes.as_ptr().addr()))
    }
}

/// The bytes of a TCP header before its options (RFC 9293 section 3.1).
const FIXED: usize = 20;
