//! Packets of any link type, through tunnels and fragments down to TCP.

use wscope::capture::source::{LinkType, Packet};
use wscope::item::At;
use wscope::limits::Limits;
use wscope::packet::Decoder;
use wscope::packet::segment::Place;
use wscope::time::Timestamp;

use super::bytes::Bytes;

/// Where a packet is said to lie.
const PLACE: Place = Place { block: 1, offset: 1_000 };

/// A packet with its fate; a second goes by for each.
pub(super) fn decode(
    decoder: &mut Decoder,
    link: u16,
    bytes: &[u8],
    cut: u32,
    out: &mut impl FnMut(&wscope::packet::segment::Segment<'_>),
) {
    let before = decoder.stats().packets();
    let time = Timestamp::from_nanos(before as i64 * 1_000_000_000);
    let packet = Packet {
        offset: 0,
        len: bytes.len() as u32,
        wire_len: bytes.len() as u32 + cut,
        link: LinkType(link),
        source: 0,
        file_offset: 0,
        time,
    };
    decoder.decode(&packet, bytes, PLACE, At { packet: before + 1, time }, &mut |segment| {
        if segment.place.block != 0 {
            let start = (segment.place.offset - PLACE.offset) as usize;
            assert_eq!(bytes.get(start..start + segment.payload.len()), Some(segment.payload));
        }
        out(&segment);
    });
    assert_eq!(decoder.stats().packets(), before + 1, "each packet has one fate");
}

/// For each packet: its link type in two bytes, how many bytes the snap length cut off, its length in two bytes, itself.
pub fn packets(data: &[u8]) {
    let limits = Limits { fragment_bytes: 8_000, ..Limits::default() };
    let mut decoder = Decoder::new(&limits);
    let mut input = Bytes(data);
    while !input.is_empty() {
        let (link, cut) = (input.u16(), input.u8());
        decode(&mut decoder, link, input.piece(), cut.into(), &mut |_| {});
        assert!(decoder.stats().fragment_bytes <= limits.fragment_bytes as u64);
    }
}
