//! IPv4 (RFC 791) and IPv6 (RFC 8200) headers, with their extensions, to what they carry.
//!
//! Checksums are not asked for: capturing machines leave them to the network card. Lengths are: what
//! follows an IP packet on its link is padding, and what the snap length cut off is counted.

use etherparse::{Ipv4HeaderSlice, Ipv6HeaderSlice, err};

use super::layer::{Fate, skip, take};

/// An IP packet without its headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct IpPacket<'a> {
    /// Who sent it and to whom, IPv4 addresses in IPv6-mapped form.
    pub(super) addresses: Addresses,
    /// What it carries.
    pub(super) payload: Payload<'a>,
}

/// Source and destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Addresses {
    /// The sender.
    pub(super) source: [u8; 16],
    /// The receiver.
    pub(super) destination: [u8; 16],
}

/// What an IP packet carries, or a fragment's part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Payload<'a> {
    /// The number of the protocol (IANA protocol numbers).
    pub(super) protocol: u8,
    /// The bytes that are there.
    pub(super) bytes: &'a [u8],
    /// How many more there were on the wire.
    pub(super) missing: u32,
    /// Set where this is a part only.
    pub(super) fragment: Option<Fragment>,
}

/// Where a fragment belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fragment {
    /// The identification, the same for all fragments of a packet.
    pub(super) id: u32,
    /// Bytes of the packet's payload before this fragment.
    pub(super) offset: u32,
    /// More fragments follow.
    pub(super) more: bool,
}

/// Takes an IPv4 header off. `missing` bytes after `bytes` were on the wire.
#[inline]
pub(super) fn v4(bytes: &[u8], missing: u32) -> Result<IpPacket<'_>, Fate> {
    let header = Ipv4HeaderSlice::from_slice(bytes).map_err(|error| match error {
        err::ipv4::HeaderSliceError::Len(_) => Fate::Short,
        err::ipv4::HeaderSliceError::Content(_) => Fate::Malformed,
    })?;
    let header_len = header.slice().len();
    let rest = skip(bytes, header_len)?;
    // The length is 0 where segmentation is left to the network card, and the packet exceeds 64 KiB.
    let length = match usize::from(header.total_len()) {
        0 => None,
        total => Some(total.checked_sub(header_len).ok_or(Fate::Malformed)?),
    };
    let (rest, missing) = trim(rest, missing, length);
    let offset = u32::from(header.fragments_offset().value()) * 8;
    let more = header.more_fragments();
    let protocol = header.protocol().0;
    let payload = if offset != 0 || more {
        let fragment = Fragment { id: u32::from(header.identification()), offset, more };
        Payload { protocol, bytes: rest, missing, fragment: Some(fragment) }
    } else {
        authenticated(protocol, rest, missing)?
    };
    let addresses = Addresses { source: mapped(header.source()), destination: mapped(header.destination()) };
    Ok(IpPacket { addresses, payload })
}

/// Takes an IPv6 header and its extension headers off. `missing` bytes after `bytes` were on the wire.
#[inline]
pub(super) fn v6(bytes: &[u8], missing: u32) -> Result<IpPacket<'_>, Fate> {
    let header = Ipv6HeaderSlice::from_slice(bytes).map_err(|error| match error {
        err::ipv6::HeaderSliceError::Len(_) => Fate::Short,
        err::ipv6::HeaderSliceError::Content(_) => Fate::Malformed,
    })?;
    let rest = skip(bytes, header.slice().len())?;
    // 0 for a jumbogram (RFC 2675), and where segmentation is left to the network card.
    let length = match usize::from(header.payload_length()) {
        0 => None,
        length => Some(length),
    };
    let (rest, missing) = trim(rest, missing, length);
    let payload = extensions(header.next_header().0, rest, missing)?;
    let addresses = Addresses { source: header.source(), destination: header.destination() };
    Ok(IpPacket { addresses, payload })
}

/// Takes IPv6 extension headers off (RFC 8200 section 4), as far as the first real fragment header.
///
/// Headers in an order that the RFC does not like are taken as they come. etherparse's own chain is
/// not used: it reads on after a fragment header, where a fragment has the middle of the packet.
pub(super) fn extensions(protocol: u8, bytes: &[u8], missing: u32) -> Result<Payload<'_>, Fate> {
    let (mut protocol, mut bytes) = (protocol, bytes);
    loop {
        match protocol {
            HOP_BY_HOP | ROUTING | DESTINATION | MOBILITY | HIP | SHIM6 => {
                let (&[next, words], _) = take::<2>(bytes)?;
                bytes = skip(bytes, usize::from(words) * 8 + 8)?;
                protocol = next;
            }
            AUTHENTICATION => {
                let payload = authenticated(protocol, bytes, missing)?;
                (protocol, bytes) = (payload.protocol, payload.bytes);
            }
            FRAGMENT => {
                let (&[next, _, high, low, id @ ..], rest) = take::<8>(bytes)?;
                let offset = u32::from(u16::from_be_bytes([high, low & 0xf8]));
                let more = low & 1 != 0;
                // An atomic fragment (RFC 6946) is a whole packet.
                if offset != 0 || more {
                    let fragment = Fragment { id: u32::from_be_bytes(id), offset, more };
                    return Ok(Payload { protocol: next, bytes: rest, missing, fragment: Some(fragment) });
                }
                (protocol, bytes) = (next, rest);
            }
            _ => return Ok(Payload { protocol, bytes, missing, fragment: None }),
        }
    }
}

/// Takes an authentication header off (RFC 4302 section 2), where there is one: it does not encrypt.
#[inline]
pub(super) fn authenticated(protocol: u8, bytes: &[u8], missing: u32) -> Result<Payload<'_>, Fate> {
    let (mut protocol, mut bytes) = (protocol, bytes);
    while protocol == AUTHENTICATION {
        let (&[next, words], _) = take::<2>(bytes)?;
        if words == 0 {
            return Err(Fate::Malformed);
        }
        bytes = skip(bytes, usize::from(words) * 4 + 8)?;
        protocol = next;
    }
    Ok(Payload { protocol, bytes, missing, fragment: None })
}

/// Whether the bytes are an IP packet whose lengths are sound, for tunnels that do not say. `missing`
/// bytes after them were on the wire.
pub(super) fn is_plausible(bytes: &[u8], missing: u32) -> bool {
    let available = bytes.len().saturating_add(missing as usize);
    match *bytes {
        // TCP whose segmentation is left to the network card.
        [0x45, _, 0, 0, _, _, _, _, _, 6, ..] => bytes.len() >= 40,
        [first @ 0x45..=0x4f, _, high, low, ..] => {
            let header = usize::from(first & 0x0f) * 4;
            let total = usize::from(u16::from_be_bytes([high, low]));
            bytes.len() >= header && (header..=available).contains(&total)
        }
        [0x60..=0x6f, _, _, _, high, low, ..] => {
            let length = usize::from(u16::from_be_bytes([high, low]));
            bytes.len() >= 40 && length + 40 <= available
        }
        _ => false,
    }
}

/// Cuts link padding off what follows a header that says it has `length` bytes; how many are missing.
/// What the header promises beyond the end of the packet on the wire was never sent: it is not missing.
fn trim(bytes: &[u8], missing: u32, length: Option<usize>) -> (&[u8], u32) {
    let Some(length) = length else { return (bytes, missing) };
    match bytes.get(..length) {
        Some(bytes) => (bytes, 0),
        None => (bytes, u32::try_from(length - bytes.len()).unwrap_or(u32::MAX).min(missing)),
    }
}

/// The IPv6-mapped form of an IPv4 address (RFC 4291 section 2.5.5.2).
const fn mapped([a, b, c, d]: [u8; 4]) -> [u8; 16] {
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d]
}

const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const AUTHENTICATION: u8 = 51;
const DESTINATION: u8 = 60;
const MOBILITY: u8 = 135;
const HIP: u8 = 139;
const SHIM6: u8 = 140;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::testing::{after, assert_hello, decode, decode_all, decode_cut, ipv4, ipv6};

    /// Puts an extension header between an IPv6 header and its payload.
    fn extended(kind: u8, header: &[u8]) -> Vec<u8> {
        let mut packet = ipv6();
        let mut header = header.to_vec();
        header[0] = packet[6];
        packet[6] = kind;
        packet[5] += header.len() as u8;
        packet.splice(40..40, header);
        packet
    }

    #[test]
    fn options() {
        let mut packet = ipv4();
        packet[0] = 0x47;
        packet[3] += 8;
        packet.splice(20..20, [1; 8]);
        assert_hello(101, &packet);
    }

    #[test]
    fn extension_headers() {
        for kind in [0, 43, 60, 135] {
            assert_hello(101, &extended(kind, &[0; 8]));
            assert_hello(101, &extended(kind, &after(&[0, 1], &[0; 14])));
        }
        assert_hello(101, &extended(51, &after(&[0, 4], &[0; 22])));
        // An atomic fragment.
        assert_hello(101, &extended(44, &[0; 8]));
        let (_, stats) = decode(101, &extended(51, &[0; 8]));
        assert_eq!(stats.malformed, 1);
    }

    #[test]
    fn authentication_header_of_ipv4() {
        let mut packet = ipv4();
        packet[9] = 51;
        packet[3] += 24;
        packet.splice(20..20, after(&[6, 4], &[0; 22]));
        assert_hello(101, &packet);
    }

    #[test]
    fn what_the_snap_length_cut_is_counted() {
        for packet in [ipv4(), ipv6()] {
            let there = &packet[..packet.len() - 5];
            let (segments, stats) = decode_cut(101, there, packet.len() + 3);
            assert_eq!(segments[0].payload, b"hello, ");
            assert_eq!((segments[0].cut, stats.tcp, stats.cut_packets), (5, 1, 1));
            // A length that promises more than there was on the wire.
            let (segments, _) = decode_cut(101, there, there.len() + 2);
            assert_eq!(segments[0].cut, 2);
        }
    }

    #[test]
    fn length_zero_takes_what_is_there() {
        let mut packets = [ipv4(), ipv6()];
        packets[0][2..4].copy_from_slice(&[0, 0]);
        packets[1][4..6].copy_from_slice(&[0, 0]);
        for packet in packets {
            assert_hello(101, &packet);
        }
    }

    #[test]
    fn lengths_that_cannot_be() {
        let mut short = ipv4();
        short[3] = 19;
        let mut header = ipv4();
        header[0] = 0x44;
        let mut version = ipv4();
        version[0] = 0x55;
        let (segments, stats) = decode_all(101, &[short, header, version, vec![]]);
        assert!(segments.is_empty());
        assert_eq!(stats.malformed, 4);
    }

    #[test]
    fn plausible() {
        assert!(is_plausible(&ipv4(), 0) && is_plausible(&ipv6(), 0));
        assert!(!is_plausible(&ipv4()[..50], 0) && is_plausible(&ipv4()[..50], 2));
        assert!(!is_plausible(&[0x45; 60], 0) && !is_plausible(&[0x60; 60], 0) && !is_plausible(&[], 9));
    }
}
