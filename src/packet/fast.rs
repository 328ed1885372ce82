//! The common case by hand: TCP over IPv4 without options, whole, in a plain Ethernet frame.
//!
//! Gives exactly what the general way gives (a test holds the two against each other), or nothing.

use super::segment::{Endpoint, Flags, FlowKey, Place, Segment};
use crate::item::At;

/// The segment of an Ethernet frame, where it is of the common kind.
#[inline]
pub(super) fn segment(frame: &[u8], place: Place, at: At) -> Option<Segment<'_>> {
    let header = frame.first_chunk::<HEADERS>()?;
    let [_, _, _, _, _, _, _, _, _, _, _, _, headers @ ..] = header;
    // One check after another on an array of known size: the compiler needs no bounds checks.
    #[rustfmt::skip]
    let &[
        e0, e1,
        version, _, l0, l1, _, _, f0, f1, _, protocol, _, _, s0, s1, s2, s3, d0, d1, d2, d3,
        sp0, sp1, dp0, dp1, q0, q1, q2, q3, a0, a1, a2, a3, offset, flags, _, _, _, _, _, _,
    ] = headers;
    let common = u16::from_be_bytes([e0, e1]) == 0x0800
        && version == 0x45
        && protocol == 6
        && u16::from_be_bytes([f0, f1]) & FRAGMENTED == 0;
    if !common {
        return None;
    }
    let start = ETHERNET + IPV4 + usize::from(offset >> 4) * 4;
    let end = ETHERNET + usize::from(u16::from_be_bytes([l0, l1]));
    if start < HEADERS {
        return None;
    }
    let payload = frame.get(start..end)?;
    let source = Endpoint::v4([s0, s1, s2, s3], u16::from_be_bytes([sp0, sp1]));
    let destination = Endpoint::v4([d0, d1, d2, d3], u16::from_be_bytes([dp0, dp1]));
    // The order of endpoints is that of address and port, in network byte order.
    let from_low = u64::from_be_bytes([0, 0, s0, s1, s2, s3, sp0, sp1])
        <= u64::from_be_bytes([0, 0, d0, d1, d2, d3, dp0, dp1]);
    let key = if from_low {
        FlowKey { low: source, high: destination }
    } else {
        FlowKey { low: destination, high: source }
    };
    Some(Segment {
        key,
        from_low,
        at,
        seq: u32::from_be_bytes([q0, q1, q2, q3]),
        ack: u32::from_be_bytes([a0, a1, a2, a3]),
        flags: Flags::from_wire(flags),
        payload,
        cut: 0,
        place: place.advanced(start),
    })
}

const ETHERNET: usize = 14;
const IPV4: usize = 20;
/// Ethernet, IPv4 and TCP without options.
const HEADERS: usize = 54;
/// More fragments, and the fragment offset (RFC 791 section 3.1).
const FRAGMENTED: u16 = 0x3fff;
