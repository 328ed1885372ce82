//! Fragments of one IP packet, in any order, more than once, overlapping.

use wscope::limits::Limits;
use wscope::packet::Decoder;

use super::bytes::Bytes;
use super::packets::decode;

/// The link type of bare IP packets.
const RAW: u16 = 101;

/// A TCP header without options, and a payload of `len` bytes.
fn segment(len: usize) -> Vec<u8> {
    let mut tcp = etherparse::TcpHeader::new(50_122, 8_080, 7, 65_000).to_bytes().to_vec();
    tcp.extend((0..len).map(|n| ((n * 31) >> 3) as u8));
    tcp
}

/// A fragment of the bytes `start..end` of a payload; whether more follow is as its place says.
fn fragment(v6: bool, payload: &[u8], start: usize, end: usize) -> Vec<u8> {
    let (part, more) = (&payload[start..end], u16::from(end < payload.len()));
    let mut packet = Vec::new();
    if v6 {
        packet.extend([0x60, 0, 0, 0]);
        packet.extend((part.len() as u16 + 8).to_be_bytes());
        packet.extend([44, 64]);
        packet.extend([[1; 16], [2; 16]].concat());
        packet.extend([6, 0]);
        packet.extend((start as u16 | more).to_be_bytes());
        packet.extend([0, 0, 0, 9]);
    } else {
        packet.extend([0x45, 0]);
        packet.extend((part.len() as u16 + 20).to_be_bytes());
        packet.extend([0, 9]);
        packet.extend((start as u16 >> 3 | more << 13).to_be_bytes());
        packet.extend([64, 6, 0, 0, 127, 0, 0, 1, 127, 0, 0, 2]);
    }
    packet.extend_from_slice(part);
    packet
}

/// Which version of IP; the length of the payload; then fragments: where each begins and ends, in units of eight bytes.
pub fn fragments(data: &[u8]) {
    let mut input = Bytes(data);
    let v6 = input.u8() & 1 == 1;
    let whole = segment((input.u16() % 1_900).into());
    let units = whole.len().div_ceil(8);
    let mut decoder = Decoder::new(&Limits { fragment_nanos: i64::MAX, ..Limits::default() });
    let (mut there, mut came) = (vec![false; units], 0);
    // Without the one that is the whole packet: that is no fragment.
    while !input.is_empty() {
        let start = usize::from(input.u8()) % units;
        let end = (start + 1 + usize::from(input.u8())).min(units);
        if end - start == units {
            continue;
        }
        there[start..end].fill(true);
        let complete = there.iter().all(|unit| *unit);
        let packet = fragment(v6, &whole, start * 8, (end * 8).min(whole.len()));
        decode(&mut decoder, RAW, &packet, 0, &mut |segment| {
            came += 1;
            assert!(complete, "what is not all there yet");
            assert_eq!((segment.payload, segment.cut), (&whole[20..], 0));
        });
        if complete {
            assert_eq!(came, 1, "what is all there");
            // The next is the first of another packet with the same number.
            there.fill(false);
            came = 0;
        }
    }
}
