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
    // The order of endpoints is that of address and port, in network byte order.
    let source = u64::from_be_bytes([0, 0, s0, s1, s2, s3, sp0, sp1]);
    let destination = u64::from_be_bytes([0, 0, d0, d1, d2, d3, dp0, dp1]);
    let from_low = source <= destination;
    let endpoint = |number: u64| Endpoint::v4(((number >> 16) as u32).to_be_bytes(), number as u16);
    let key = FlowKey { low: endpoint(source.min(destination)), high: endpoint(source.max(destination)) };
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
        earlier: &[],
    })
}

const ETHERNET: usize = 14;
const IPV4: usize = 20;
/// Ethernet, IPv4 and TCP without options.
const HEADERS: usize = 54;
/// More fragments, and the fragment offset (RFC 791 section 3.1).
const FRAGMENTED: u16 = 0x3fff;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::item::At;
    use crate::limits::Limits;
    use crate::packet::Decoder;
    use crate::packet::testing::{Owned, PLACE, captured, ethernet};
    use crate::time::Timestamp;

    /// What both ways give. The general way must give whatever this one gives.
    fn compare(bytes: &[u8], wire_len: usize) -> bool {
        let at = At { packet: 3, time: Timestamp::from_nanos(4) };
        let fast = super::segment(bytes, PLACE, at).map(Owned::from);
        let mut general = Vec::new();
        let mut decoder = Decoder::new(&Limits::default());
        let packet = captured(1, bytes, wire_len, 4);
        decoder.decode_any(&packet, bytes, PLACE, at, &mut |segment| general.push(Owned::from(segment)));
        if let Some(fast) = fast {
            assert_eq!(general, [fast]);
            return true;
        }
        false
    }

    #[test]
    fn the_common_case_is_fast() {
        assert!(compare(&ethernet(), ethernet().len()));
        let padded = [ethernet(), vec![0; 9]].concat();
        assert!(compare(&padded, padded.len()));
    }

    #[test]
    fn equal_endpoints() {
        let mut frame = ethernet();
        frame.copy_within(26..30, 30);
        frame.copy_within(34..36, 36);
        assert!(compare(&frame, frame.len()));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn agrees_where_headers_vary(
            changes in prop::collection::vec((12_usize..66, any::<u8>()), 0..4),
            addresses in any::<[u8; 12]>(),
            numbers in any::<[u8; 8]>(),
            cut in 0_usize..20,
            padding in 0_usize..20,
        ) {
            let mut frame = ethernet();
            frame[26..38].copy_from_slice(&addresses);
            frame[38..46].copy_from_slice(&numbers);
            for (position, value) in changes {
                frame[position] = value;
            }
            frame.extend(vec![0; padding]);
            let wire_len = frame.len();
            frame.truncate(wire_len - cut);
            compare(&frame, wire_len);
        }

        #[test]
        fn agrees_on_anything(mut frame in prop::collection::vec(any::<u8>(), 0..120)) {
            if let Some(head) = frame.get_mut(12..15) {
                head.copy_from_slice(&[0x08, 0x00, 0x45]);
            }
            if let Some(protocol) = frame.get_mut(23) {
                *protocol = 6;
            }
            compare(&frame, frame.len());
        }
    }
}
