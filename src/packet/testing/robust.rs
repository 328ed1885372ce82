//! Arbitrary bytes and cut packets: never a panic, always one fate.

use proptest::prelude::*;

use super::{PLACE, after, captured, datagram, ethernet, framed, ipv4, ipv6, outer};
use crate::item::At;
use crate::limits::Limits;
use crate::packet::Decoder;

const LINKS: [u16; 30] = [
    0, 1, 9, 10, 12, 14, 50, 51, 100, 101, 104, 105, 107, 108, 109, 113, 117, 119, 127, 147, 149, 163, 192,
    204, 228, 229, 239, 258, 276, 65_535,
];

/// Decodes one packet of which `cut` bytes are missing, and checks what must always hold.
fn check(decoder: &mut Decoder, link: u16, bytes: &[u8], cut: usize) {
    let before = decoder.stats().packets();
    let packet = captured(link, bytes, bytes.len() + cut, before as i64);
    decoder.decode(&packet, bytes, PLACE, At::default(), &mut |segment| {
        if segment.place.block != 0 {
            let start = (segment.place.offset - PLACE.offset) as usize;
            assert_eq!(bytes.get(start..start + segment.payload.len()), Some(segment.payload));
        }
    });
    assert_eq!(decoder.stats().packets(), before + 1);
}

/// Packets that go through as many layers as possible.
fn deep() -> Vec<(u16, Vec<u8>)> {
    let mut teredo = vec![0, 1, 1, 1, 9, 9, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 1, 2, 3, 4, 5, 6];
    teredo.extend(ipv6());
    let mut wifi = vec![0; 26];
    wifi[..2].copy_from_slice(&[0x88, 2]);
    wifi[24] = 0x80;
    wifi.extend([0; 12]);
    wifi.extend([0, 60, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0]);
    wifi.extend(ipv4());
    vec![
        (1, ethernet()),
        (1, framed(&[&[0x88, 0xa8, 0, 1, 0x81, 0, 0, 2, 0x88, 0x47, 0, 1, 1, 64, 0, 0, 0, 0]], &ethernet())),
        (1, framed(&[&[0x88, 0x64, 0x11, 0, 0, 1, 0, 54, 0, 0x21]], &ipv4())),
        (1, datagram(4789, &after(&[8, 0, 0, 0, 0, 0, 7, 0], &datagram(3544, &teredo)))),
        (1, datagram(6081, &after(&[1, 0, 0x65, 0x58, 0, 0, 7, 0, 1, 2, 3, 0], &ethernet()))),
        (1, datagram(2152, &after(&[0x34, 255, 0, 60, 0, 0, 0, 1, 0, 1, 0, 0x85, 1, 0, 1, 0], &ipv4()))),
        (1, outer(47, &after(&[0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0], &ethernet()))),
        (127, after(&[0, 0, 9, 0, 2, 0, 0, 0, 0], &wifi)),
        (239, after(&[2, 0, 0, 0, 8, 0, 1, 0, 8, 0, 1, 0, 56, 0, 9, 0], &ipv4())),
    ]
}

#[test]
fn packets_cut_at_every_length() {
    for (link, bytes) in deep() {
        let mut decoder = Decoder::new(&Limits::default());
        for length in 0..=bytes.len() {
            check(&mut decoder, link, &bytes[..length], bytes.len() - length);
            check(&mut decoder, link, &bytes[..length], 0);
        }
        // What is cut within the payload still gives a segment.
        assert!(decoder.stats().tcp >= 13, "{link}: {:?}", decoder.stats());
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes(packets in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..20)) {
        for link in LINKS {
            let mut decoder = Decoder::new(&Limits::default());
            for bytes in &packets {
                check(&mut decoder, link, bytes, 0);
                check(&mut decoder, link, bytes, 7);
            }
        }
    }

    #[test]
    fn damaged_packets(
        index in any::<prop::sample::Index>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in 0_usize..40,
    ) {
        let packets = deep();
        let (link, bytes) = &packets[index.index(packets.len())];
        let mut bytes = bytes.clone();
        for (position, value) in damage {
            let position = position.index(bytes.len());
            bytes[position] = value;
        }
        bytes.truncate(bytes.len() - cut);
        let mut decoder = Decoder::new(&Limits { fragment_bytes: 1_000, ..Limits::default() });
        check(&mut decoder, *link, &bytes, cut);
        check(&mut decoder, *link, &bytes, 0);
    }
}
